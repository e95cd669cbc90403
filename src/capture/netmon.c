/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netmon.c - the capture formats of Microsoft Network Monitor, 1.x and 2.x
 *
 * Theory of operation.  The header tells the start (local time, no zone) and
 * a table of offsets, which usually lies behind the frames; a frame is a
 * header (8 octets in 1.x, 16 in 2.x), its octets, and from 2.1 on a trailer
 * with its media type, from 2.3 on with its time in UTC.  Frames are taken in
 * the table's order and numbered by it, from 1, as Network Monitor does.
 *
 * The table is not believed: each entry is checked against the file, and the
 * sum of what is read is limited, since entries may repeat.  When the table
 * is lost (a capture that was never closed, a download that broke off) or
 * names nothing readable, the frames are read one behind the other; when only
 * its end is lost, those behind the last one named are.
 *
 * A pipe is spooled for the table's sake; where that is not possible its
 * frames are read in sequence too.
 *
 * Frames that are no packets (events, network information) are counted and
 * skipped.
 */
#include "capture/netmon_internal.h"

#include <stdlib.h>

#define HEADER_SIDE 64u /* with the pointer to the extended information */

/* The table, or frames that are skipped, may move the window. */
static bool would_block(const void *state)
{
	(void)state;
	return true;
}

static enum capture_probe probe(struct slice head)
{
	if (!slice_eq(slice_head(head, 4), slice_str("RTSS")) &&
	    !slice_eq(slice_head(head, 4), slice_str("GMBU")))
		return CAPTURE_NOT_MINE;
	if (head.len == 4)
		return CAPTURE_MINE; /* so far */
	if (head.len < 24 || (head.p[5] != 1 && head.p[5] != 2))
		return CAPTURE_BROKEN;
	return CAPTURE_MINE;
}

/* The start of the capture, a SYSTEMTIME. */
static void parse_start(struct netmon *n, struct cursor *c)
{
	struct civil t = { 0 };
	unsigned ms;

	t.year = cursor_le16(c);
	t.month = cursor_le16(c);
	cursor_skip(c, 2); /* day of the week */
	t.day = cursor_le16(c);
	t.hour = cursor_le16(c);
	t.minute = cursor_le16(c);
	t.second = cursor_le16(c);
	ms = cursor_le16(c);
	t.ns = ms < 1000 ? (int32_t)ms * 1000000 : 0;
	n->has_date = clock_civil_is_valid(&t);
	if (!n->has_date) {
		t.year = 1970;
		t.month = t.day = 1;
		if (!clock_civil_is_valid(&t))
			t.hour = t.minute = t.second = t.ns = 0;
		capture_warn(&n->in, 8,
		    "the start of the capture is no date; its times are "
		    "relative,");
	}
	n->start_ns = clock_make(clock_from_civil(&t), t.ns);
}

static void parse_header(struct netmon *n, struct slice head,
    struct netmon_pointers *p)
{
	static const uint8_t trailers[] = { 0, 2, 6, 15 };
	struct cursor c = cursor_make(head);
	unsigned major, minor;

	cursor_skip(&c, 4);
	minor = cursor_u8(&c);
	major = cursor_u8(&c);
	if (minor > 3)
		minor = 3;
	n->version = major == 1 ? 10 : 20 + minor;
	n->header_len = major == 1 ? 8 : 16;
	n->trailer_len = major == 1 ? 0 : trailers[minor];
	n->last_media = n->mac_type = cursor_le16(&c);
	if (n->version >= 21)
		n->last_media = 1;
	parse_start(n, &c);
	n->table_off = cursor_le32(&c);
	p->table_len = cursor_le32(&c);
	cursor_skip(&c, 8); /* the user's data */
	p->comments_off = cursor_le32(&c);
	p->comments_len = cursor_le32(&c);
	p->processes_off = cursor_le32(&c);
	p->process_count = cursor_le32(&c);
	p->extended_off = cursor_le32(&c);
}

/* Version 2.3 has the start in UTC in its extended information. */
static enum sw_status read_start_utc(struct netmon *n, uint64_t off,
    struct sw_err *err)
{
	struct slice octets;
	struct cursor c;
	uint64_t filetime;
	uint16_t version;
	enum sw_status status;

	if (n->version < 23 || !n->random || off < HEADER_MIN)
		return SW_OK;
	status = netmon_get(n, off, 10, &octets, err);
	if (status != SW_OK)
		return status;
	c = cursor_make(octets);
	version = cursor_le16(&c);
	filetime = cursor_le64(&c);
	if (version == 1 && !c.bad && netmon_is_sane_time(filetime)) {
		n->start_ns = netmon_from_filetime(filetime);
		n->utc = n->has_date = true;
	}
	return SW_OK;
}

/* Without that, the first frame tells the start in UTC. */
static enum sw_status learn_start_utc(struct netmon *n, struct sw_err *err)
{
	struct netmon_raw raw;
	const char *why = NULL;
	uint64_t end = n->limit, off = n->pos;
	uint32_t entry = 0;
	bool found = false;
	enum sw_status status = SW_OK;

	if (n->version < 23 || n->utc || n->walk == WALK_END)
		return SW_OK;
	if (n->walk == WALK_TABLE) {
		status = netmon_get_entry(n, 0, &entry, &found, err);
		if (status != SW_OK || !found || entry < HEADER_MIN)
			return status;
		off = entry;
		status = netmon_get_end(n, entry, &end, err);
	}
	if (status == SW_OK)
		status = netmon_read_frame(n, off, end, &raw, &why, err);
	if (status == SW_OK && !why && netmon_is_sane_time(raw.filetime) &&
	    raw.offset_ns != SW_NO_TIME) {
		n->start_ns = netmon_from_filetime(raw.filetime) -
		    raw.offset_ns;
		n->utc = n->has_date = true;
	}
	return status;
}

/* What the header says of the table, against the file. */
static void check_table(struct netmon *n, uint64_t len)
{
	uint64_t room = n->table_off <= n->size ? n->size - n->table_off : 0;

	if (len % ENTRY_LEN != 0)
		capture_warn(&n->in, 28, "the length of the frame table is "
		    "no multiple of 4");
	n->count = len / ENTRY_LEN;
	if (n->table_off >= HEADER_MIN && n->count <= room / ENTRY_LEN)
		return;
	if (n->count > 0)
		capture_warn(&n->in, n->table_off, n->table_off < HEADER_MIN
		    || room == 0 ? "the frame table is missing" :
		    "the frame table is cut");
	n->count = n->table_off < HEADER_MIN ? 0 : room / ENTRY_LEN;
	n->table_cut = true;
}

static enum sw_status begin(void *state, struct sw_err *err)
{
	struct netmon *n = state;
	struct source *s = n->in.source;
	struct slice head;
	struct sw_err why;
	struct netmon_pointers pointers;
	enum sw_status status = source_peek(s, HEADER_SIDE, &head, err);

	if (status != SW_OK)
		return status;
	if (head.len < HEADER_MIN)
		return base_error_at(err, SW_EFORMAT, head.len,
		    "%s: a netmon file cut in its header, after %zu octets",
		    source_name(s), head.len);
	parse_header(n, slice_head(head, HEADER_SIDE), &pointers);
	arena_init(&n->side.arena);
	status = source_make_random(s, &why);
	n->random = status == SW_OK;
	n->size = n->random ? source_random_size(s) : UINT64_MAX;
	if (status == SW_EWRITE) {
		capture_warn(&n->in, 0, "%s; frames are read in sequence",
		    why.text);
	} else if (status != SW_OK) {
		if (err)
			*err = why;
		return status;
	}
	if (n->random)
		check_table(n, pointers.table_len);
	n->walk = n->count > 0 ? WALK_TABLE : WALK_END;
	n->ascending = true;
	status = read_start_utc(n, pointers.extended_off, err);
	if (status == SW_OK)
		status = netmon_side_read(n, &pointers, err);
	if (status == SW_OK)
		status = n->count == 0 ? netmon_choose_start(n, err) :
		    netmon_judge_table(n, err);
	if (status == SW_OK)
		status = learn_start_utc(n, err);
	return status;
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	const struct netmon *n = state;

	clock_r->zone = n->utc ? SW_ZONE_UTC : SW_ZONE_LOCAL;
	clock_r->offset_s = 0;
	clock_r->resolution_ns = n->version == 10 ? 1000000 :
	    n->utc ? 100 : 1000;
	clock_r->date = n->has_date ? SW_DATE_GIVEN : SW_DATE_NONE;
	return n->version == 10 ? "netmon1" : "netmon2";
}

static void close(void **state)
{
	struct netmon *n = *state;

	netmon_side_fini(&n->side);
	free(n);
	*state = NULL;
}

const struct capture_format capture_netmon = {
	.name = "netmon",
	.state_len = sizeof(struct netmon),
	.probe = probe,
	.begin = begin,
	.next = netmon_next,
	.would_block = would_block,
	.describe = describe,
	.remarks = netmon_remarks,
	.close = close
};
