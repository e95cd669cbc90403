/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmon_internal.h - what the files of netmon.c share */
#ifndef CAPTURE_NETMON_INTERNAL_H
#define CAPTURE_NETMON_INTERNAL_H

#include "base/arena.h"
#include "capture/format.h"

#define HEADER_MIN 32u /* what cannot be done without */
/* Where the first frame may begin. */
#define FIRST_LONG 128u
#define FIRST_SHORT 72u
#define ENTRY_LEN 4u
#define TABLE_CHUNK 1024u

#define FILETIME_1970 UINT64_C(116444736000000000)
#define FILETIME_1990 UINT64_C(122755392000000000)
#define FILETIME_2100 UINT64_C(157469184000000000)

enum netmon_walk { WALK_TABLE, WALK_SEQUENCE, WALK_END };

struct netmon_comment {
	uint32_t off; /* of the frame */
	struct slice text; /* UTF-8 */
};

/* What stands beside the frames. */
struct netmon_side {
	struct arena arena;
	struct netmon_comment *comments; /* by off */
	size_t comment_count, comment_capacity;
	struct slice *processes; /* as frames number them, UTF-8 */
	size_t process_count, process_capacity;
};

struct netmon {
	struct capture_input in;
	bool random;          /* source_read_at may be used */
	unsigned version;     /* 10, 20, 21, 22, 23 */
	uint32_t header_len, trailer_len; /* of a frame */
	uint16_t mac_type;
	int64_t start_ns;     /* UTC if utc, else local */
	bool has_date;        /* the start is a real date */
	bool utc;
	uint64_t size;        /* of the file; UINT64_MAX: not known */

	enum netmon_walk walk;
	uint64_t table_off, count; /* entries */
	bool table_cut;
	bool ascending;       /* the entries so far */
	uint64_t index;       /* entries done */
	uint64_t number;
	uint64_t good;        /* frames read */
	uint64_t bad;         /* entries before the first good one */
	uint64_t last_end;    /* of the last good frame */
	uint64_t spent;       /* octets of all frames read */
	uint64_t pos, limit;  /* of a sequence */
	uint16_t last_media;
	uint64_t last_off;    /* of the last frame */
	uint32_t last_process;
	struct netmon_side side;
	uint64_t chunk_first;
	size_t chunk_count;
	uint32_t chunk[TABLE_CHUNK];
};

#define NETMON_NO_PROCESS UINT32_MAX

/* Where tables lie, by the header; 0 in one that is too short. */
struct netmon_pointers {
	uint32_t table_len;
	uint32_t comments_off, comments_len;
	uint32_t processes_off, process_count;
	uint32_t extended_off;
};

/* A frame as it lies in the file. */
struct netmon_raw {
	uint64_t off;
	int64_t offset_ns;  /* from the start */
	uint32_t stored, wire;
	uint32_t trailer_len; /* octets of it that are there */
	uint16_t media;
	uint32_t process;   /* index; NETMON_NO_PROCESS */
	uint64_t filetime;  /* 0: none */
	bool cut;           /* by the end of the file */
	struct slice octets;
};

/* --- netmon_frame.c ------------------------------------------------------ */

/* Is it a date that a frame may have? */
static inline bool netmon_is_sane_time(uint64_t filetime)
{
	return filetime >= FILETIME_1990 && filetime < FILETIME_2100;
}

/* As ns since 1970. */
static inline int64_t netmon_from_filetime(uint64_t filetime)
{
	return (int64_t)(filetime - FILETIME_1970) * 100;
}

/* Up to len octets at off, fewer where the file ends; valid until the next
 * call. */
enum sw_status netmon_get(struct netmon *n, uint64_t off, size_t len,
    struct slice *octets_r, struct sw_err *err) SW_MUST_USE;
/* The frame at off, of which no octet lies at or behind end.  *why_r: what is
 * wrong with it, or NULL. */
enum sw_status netmon_read_frame(struct netmon *n, uint64_t off, uint64_t end,
    struct netmon_raw *raw, const char **why_r, struct sw_err *err)
    SW_MUST_USE;

/* --- netmon_media.c ------------------------------------------------------ */

bool netmon_is_known_media(uint16_t type);
/* Link type and octets of a frame; false: it is none for us, counted. */
bool netmon_set_link(struct netmon *n, const struct netmon_raw *raw,
    struct frame *f);

/* --- netmon_side.c ------------------------------------------------------- */

/* Comments and processes; damage is told, and no error. */
enum sw_status netmon_side_read(struct netmon *n,
    const struct netmon_pointers *p, struct sw_err *err) SW_MUST_USE;
void netmon_side_fini(struct netmon_side *s);
/* As remarks of struct capture_format. */
bool netmon_remarks(const void *state, struct frame_remarks *r_r);

/* --- netmon_walk.c ------------------------------------------------------- */

/* An entry of the table; *found_r false: the table ends before it. */
enum sw_status netmon_get_entry(struct netmon *n, uint64_t index,
    uint32_t *off_r, bool *found_r, struct sw_err *err) SW_MUST_USE;
/* Where the octets of the frame at off, the next entry's, end at the latest:
 * at the next one, or at the table, or at the end of the file. */
enum sw_status netmon_get_end(struct netmon *n, uint32_t off,
    uint64_t *end_r, struct sw_err *err) SW_MUST_USE;
/* There is no table: find the place where the row of frames begins. */
enum sw_status netmon_choose_start(struct netmon *n, struct sw_err *err)
    SW_MUST_USE;
/* There is one: is it worth going by?  If not, as netmon_choose_start(). */
enum sw_status netmon_judge_table(struct netmon *n, struct sw_err *err)
    SW_MUST_USE;
/* As next of struct capture_format. */
int netmon_next(void *state, struct frame *f, struct sw_err *err)
    SW_MUST_USE;

#endif
