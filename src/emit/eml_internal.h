/* SPDX-License-Identifier: GPL-2.0-or-later */
/* eml_internal.h - what the files of eml.c share */
#ifndef EMIT_EML_INTERNAL_H
#define EMIT_EML_INTERNAL_H

#include <stdatomic.h>

#include "emit/emit.h"

enum {
	PIECE_FIRST = 4096, /* the second is as large, others double */
	PIECES = 7,
	NAME_SIZE = 64
};

/* A place in a list ordered by use, newest first. */
struct link {
	struct link *newer, *older;
	bool linked;
};

struct use {
	struct link *newest, *oldest;
	size_t count;
};

struct lane;

/* The content of one message. */
struct body {
	struct lane *lane;
	struct body *previous, *next; /* all bodies */
	struct link memory;           /* in lane->memory: has octets */
	struct link file;             /* in lane->files: fd is open */
	uint8_t *pieces[PIECES];      /* gathered, not written yet */
	unsigned piece_count;
	size_t len, capacity; /* of all pieces */
	char part[NAME_SIZE]; /* name of its file, "" while it has none */
	int fd;               /* -1: closed */
	uint64_t written;     /* octets in the file */
	uint64_t size;        /* octets of content so far */
	struct sw_gap *gaps;
	size_t gap_count, gap_capacity;
	uint64_t gaps_omitted;
	int error; /* errno of what failed first, 0 */
};

struct lane {
	struct emit_eml *owner;
	struct body_ops ops; /* its context is the lane */
	struct body *bodies;
	struct use memory, files;
	size_t gathered;  /* octets of memory in its bodies */
	struct body none; /* stands for a body that there is no memory for */
};

struct emit_eml {
	char *dir; /* as given, for messages */
	int fd;    /* of the folder */
	atomic_ullong counter;
	atomic_size_t gathered; /* octets of memory in all bodies */
	struct lane lanes[EMIT_EML_LANES];
};

/* --- eml_body.c ---------------------------------------------------------- */

/* NULL: no memory. */
struct body *emit_eml_body_new(struct lane *l);
/* What is not under its final name vanishes. */
void emit_eml_body_free(struct body *b);
/* Content behind the rest.  What fails is kept in b->error, and nothing is
 * left of b but that. */
void emit_eml_body_add(struct body *b, struct slice octets);
/* No more comes: a body that has a file is finished there, a small one stays
 * in memory. */
void emit_eml_body_end(struct body *b);
/* All of b under its final name in the folder, whatever was there; once.  0 or
 * an errno value. */
int emit_eml_body_name(struct body *b, const char *name);
/* A file of a name that nobody has, open for writing; its name goes to name,
 * NAME_SIZE octets, and is empty when there is none.  0 or an errno value. */
int emit_eml_create_part(struct emit_eml *e, char *name, int *fd_r);
/* Give that file its final name, whatever file was there.  0 or an errno
 * value: EISDIR where a folder stands. */
int emit_eml_name_part(struct emit_eml *e, const char *part,
    const char *name);
/* All octets; 0 or an errno value. */
int emit_eml_write_all(int fd, struct slice s);

/* --- eml_settle.c -------------------------------------------------------- */

/* As settle of struct body_ops; ctx: the lane. */
enum sw_status emit_eml_settle(void *ctx, void *body,
    const struct sw_session *s, struct sw_message *m, bool keep,
    struct arena *arena, struct sw_err *err) SW_MUST_USE;

#endif
