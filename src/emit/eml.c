/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eml.c - each message to a file of its own
 *
 * Theory of operation.  Content comes in slices of many messages at once.
 * Each body has a piece of memory in which slices are gathered; what
 * outgrows it goes to a file NAME.part in the folder, so that a small
 * message costs one write and a large one few.  When its session is over the
 * body is settled: its file gets the final name by rename, or is removed.
 * So a final name never stands for something half written, and names are
 * made of id and number alone, never of mail.
 *
 *   <id>-<n>.eml             the octets of a whole message
 *   <id>-<n>.incomplete.eml  those that the record has of another one, with
 *   <id>-<n>.gaps.json       beside it, which says what is lacking and where
 *
 * Limits: GATHER octets of memory a body and GATHER_TOTAL over all (beyond
 * it the body that was quiet longest is written out), OPEN_FILES descriptors
 * (beyond it the one that was quiet longest is closed and opened again when
 * it is needed), LIMIT_GAPS gaps told a body.
 *
 * An error of writing is kept in the body, whose file is removed at once to
 * give the room back, and told when a body is settled that was to be kept.
 */
#include "emit/emit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "emit/json.h"

enum {
	GATHER_FIRST = 4096,
	GATHER = 64 << 10,
	GATHER_TOTAL = 8 << 20,
	OPEN_FILES = 64,
	NAME_SIZE = 64,
	NAME_TRIES = 1000 /* left over by a run with the same process id */
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

struct body {
	struct emit_eml *owner;
	struct body *previous, *next; /* all bodies */
	struct link memory;           /* in owner->memory: has octets */
	struct link file;             /* in owner->files: fd is open */
	uint8_t *octets;              /* gathered, not written yet */
	size_t len, capacity;
	char part[NAME_SIZE]; /* name of its file, "" while it has none */
	int fd;               /* -1: closed */
	uint64_t written;     /* octets in the file */
	uint64_t size;        /* octets of content so far */
	struct sw_gap *gaps;
	size_t gap_count, gap_capacity;
	uint64_t gaps_omitted;
	int error; /* errno of what failed first, 0 */
};

struct emit_eml {
	struct body_ops ops;
	char *dir; /* as given, for messages */
	int fd;    /* of the folder */
	uint64_t counter;
	struct body *bodies;
	struct use memory, files;
	size_t gathered; /* octets of memory in all bodies */
	struct body none; /* stands for a body that there is no memory for */
};

/* --- lists by use ------------------------------------------------------- */

static void use_remove(struct use *u, struct link *l)
{
	if (!l->linked)
		return;
	if (l->newer)
		l->newer->older = l->older;
	else
		u->newest = l->older;
	if (l->older)
		l->older->newer = l->newer;
	else
		u->oldest = l->newer;
	l->linked = false;
	u->count--;
}

static void use_touch(struct use *u, struct link *l)
{
	if (u->newest == l)
		return;
	use_remove(u, l);
	l->newer = NULL;
	l->older = u->newest;
	if (u->newest)
		u->newest->newer = l;
	else
		u->oldest = l;
	u->newest = l;
	l->linked = true;
	u->count++;
}

static struct body *body_of_memory(struct link *l)
{
	return (struct body *)((char *)l - offsetof(struct body, memory));
}

static struct body *body_of_file(struct link *l)
{
	return (struct body *)((char *)l - offsetof(struct body, file));
}

/* --- one body's file ---------------------------------------------------- */

static int write_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			return EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The descriptor is given back; an error of close is one of writing (NFS,
 * quota). */
static int close_file(struct body *b)
{
	int rc;

	if (b->fd < 0)
		return 0;
	use_remove(&b->owner->files, &b->file);
	rc = close(b->fd);
	b->fd = -1;
	return rc != 0 && errno != EINTR ? errno : 0;
}

static void free_memory(struct body *b)
{
	use_remove(&b->owner->memory, &b->memory);
	b->owner->gathered -= b->capacity;
	free(b->octets);
	b->octets = NULL;
	b->len = b->capacity = 0;
}

/* Nothing of b is left but its error. */
static void discard(struct body *b)
{
	(void)close_file(b);
	if (b->part[0])
		(void)unlinkat(b->owner->fd, b->part, 0);
	b->part[0] = '\0';
	free_memory(b);
}

static void fail(struct body *b, int error)
{
	if (error == 0 || b->error != 0)
		return;
	b->error = error;
	discard(b);
}

/* A file of a name that nobody has; its name goes to name. */
static int create_part(struct emit_eml *e, char *name, int *fd_r)
{
	int tries;

	for (tries = 0; tries < NAME_TRIES; tries++) {
		(void)snprintf(name, NAME_SIZE, "%ld-%llu.part",
		    (long)getpid(), (unsigned long long)e->counter++);
		*fd_r = openat(e->fd, name, O_WRONLY | O_CREAT | O_EXCL |
		    O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (*fd_r >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	name[0] = '\0';
	return errno;
}

/* Our own file again, as we left it. */
static int reopen_part(struct body *b)
{
	struct stat st;

	b->fd = openat(b->owner->fd, b->part,
	    O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (b->fd < 0)
		return errno;
	if (fstat(b->fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != b->written) {
		(void)close(b->fd);
		b->fd = -1;
		return EIO;
	}
	return 0;
}

/* b->fd is open when this returns 0. */
static int open_file(struct body *b)
{
	struct emit_eml *e = b->owner;
	int error = 0;

	if (b->fd < 0) {
		if (e->files.count >= OPEN_FILES) {
			struct body *other = body_of_file(e->files.oldest);

			fail(other, close_file(other));
		}
		error = b->part[0] ? reopen_part(b) :
		    create_part(e, b->part, &b->fd);
	}
	if (error == 0)
		use_touch(&e->files, &b->file);
	return error;
}

static int write_file(struct body *b, const uint8_t *p, size_t len)
{
	int error = open_file(b);

	if (error == 0)
		error = write_all(b->fd, p, len);
	if (error == 0)
		b->written += len;
	return error;
}

/* What is gathered goes to the file. */
static void flush(struct body *b)
{
	int error = 0;

	if (b->len > 0)
		error = write_file(b, b->octets, b->len);
	b->len = 0;
	fail(b, error);
}

/* --- gathering ---------------------------------------------------------- */

/* Room for at least one more octet; false: none is to be had. */
static bool make_room(struct body *b)
{
	struct emit_eml *e = b->owner;
	size_t capacity = b->capacity ? b->capacity * 2 : GATHER_FIRST;
	uint8_t *p;

	if (b->len < b->capacity)
		return true;
	if (b->capacity >= GATHER)
		return false;
	while (e->gathered + capacity - b->capacity > GATHER_TOTAL &&
	    e->memory.oldest && body_of_memory(e->memory.oldest) != b) {
		struct body *other = body_of_memory(e->memory.oldest);

		flush(other);
		free_memory(other);
	}
	p = realloc(b->octets, capacity);
	if (!p)
		return false;
	e->gathered += capacity - b->capacity;
	b->octets = p;
	b->capacity = capacity;
	return true;
}

static void gather(struct body *b, struct slice s)
{
	while (s.len > 0 && b->error == 0) {
		size_t n;

		if (!make_room(b)) {
			flush(b);
			if (b->error != 0)
				return; /* its memory is gone */
			if (b->capacity == 0 || s.len >= GATHER) {
				fail(b, write_file(b, s.p, s.len));
				return;
			}
			continue;
		}
		n = b->capacity - b->len;
		if (n > s.len)
			n = s.len;
		memcpy(b->octets + b->len, s.p, n);
		b->len += n;
		s = slice_from(s, n);
	}
}

/* --- the operations ----------------------------------------------------- */

static void *eml_open(void *ctx, uint32_t n)
{
	struct emit_eml *e = ctx;
	struct body *b = calloc(1, sizeof(*b));

	(void)n;
	if (!b)
		return &e->none;
	b->owner = e;
	b->fd = -1;
	b->next = e->bodies;
	if (b->next)
		b->next->previous = b;
	e->bodies = b;
	return b;
}

static void eml_octets(void *ctx, void *body, struct slice octets)
{
	struct emit_eml *e = ctx;
	struct body *b = body;

	b->size += octets.len;
	if (b->error != 0)
		return;
	if (b->capacity > 0)
		use_touch(&e->memory, &b->memory);
	gather(b, octets);
	if (b->capacity > 0)
		use_touch(&e->memory, &b->memory);
}

static void eml_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	struct body *b = body;
	void *p = b->gaps;

	(void)ctx;
	if (b->error != 0)
		return;
	if (b->gap_count >= LIMIT_GAPS ||
	    !base_grow(&p, b->gap_count, &b->gap_capacity, sizeof(*b->gaps))) {
		b->gaps_omitted++;
		return;
	}
	b->gaps = p;
	b->gaps[b->gap_count].offset = offset;
	b->gaps[b->gap_count].length = len;
	b->gap_count++;
}

/* A body that has a file is finished there; a small one stays in memory. */
static void eml_close(void *ctx, void *body)
{
	struct body *b = body;

	(void)ctx;
	if (b->error != 0 || !b->part[0])
		return;
	flush(b);
	fail(b, close_file(b));
	free_memory(b);
}

static void free_body(struct body *b)
{
	struct emit_eml *e = b->owner;

	discard(b);
	if (b->previous)
		b->previous->next = b->next;
	else
		e->bodies = b->next;
	if (b->next)
		b->next->previous = b->previous;
	free(b->gaps);
	free(b);
}

/* --- settling ----------------------------------------------------------- */

static bool is_whole(const struct body *b, const struct sw_message *m)
{
	return m->missing == 0 && b->gap_count == 0 && b->gaps_omitted == 0;
}

static void final_name(char *name, uint64_t id, uint32_t n,
    const char *suffix)
{
	(void)snprintf(name, NAME_SIZE, "%016llx-%lu%s",
	    (unsigned long long)id, (unsigned long)n, suffix);
}

/* All octets are in the file, and the file is closed. */
static int finish_file(struct body *b)
{
	flush(b);
	if (b->error == 0 && !b->part[0])
		fail(b, open_file(b)); /* a message without octets */
	fail(b, close_file(b));
	return b->error;
}

static bool gaps_text(struct buffer *out, const struct body *b,
    const struct sw_session *s, const struct sw_message *m)
{
	char id[17];
	size_t i;

	(void)snprintf(id, sizeof(id), "%016llx", (unsigned long long)s->id);
	JSON_LITERAL(out, "{\"session\":");
	json_name(out, id);
	JSON_LITERAL(out, ",\"message\":");
	json_u64(out, m->n);
	JSON_LITERAL(out, ",\"size\":");
	json_u64(out, b->size);
	JSON_LITERAL(out, ",\"missing\":");
	json_known(out, m->missing);
	JSON_LITERAL(out, ",\"gaps\":[");
	for (i = 0; i < b->gap_count; i++) {
		if (i > 0)
			JSON_LITERAL(out, ",");
		JSON_LITERAL(out, "[");
		json_u64(out, b->gaps[i].offset);
		JSON_LITERAL(out, ",");
		json_known(out, b->gaps[i].length);
		JSON_LITERAL(out, "]");
	}
	JSON_LITERAL(out, "],\"gaps_omitted\":");
	json_u64(out, b->gaps_omitted);
	JSON_LITERAL(out, "}\n");
	return !out->failed && !out->full;
}

/* A small file under its final name, whole or not at all. */
static int write_small(struct emit_eml *e, const char *name,
    struct slice octets)
{
	char part[NAME_SIZE];
	int fd, error = create_part(e, part, &fd);

	if (error != 0)
		return error;
	error = write_all(fd, octets.p, octets.len);
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0 && renameat(e->fd, part, e->fd, name) != 0)
		error = errno;
	if (error != 0)
		(void)unlinkat(e->fd, part, 0);
	return error;
}

static int write_gaps(const struct body *b, const struct sw_session *s,
    const struct sw_message *m, const char *name)
{
	struct buffer text;
	int error = ENOMEM;

	buffer_init(&text, (LIMIT_GAPS + 10) * 64);
	if (gaps_text(&text, b, s, m))
		error = write_small(b->owner, name, buffer_slice(&text));
	buffer_fini(&text);
	return error;
}

/* Under its final name, the gaps first: an incomplete message never stands
 * there without them.  name: the name it gets. */
static int file_body(struct body *b, const struct sw_session *s,
    const struct sw_message *m, char *name)
{
	struct emit_eml *e = b->owner;
	char gaps[NAME_SIZE];
	bool whole = is_whole(b, m);
	int error = finish_file(b);

	final_name(name, s->id, m->n, whole ? ".eml" : ".incomplete.eml");
	final_name(gaps, s->id, m->n, ".gaps.json");
	if (error == 0 && !whole)
		error = write_gaps(b, s, m, gaps);
	if (error != 0)
		return error;
	if (renameat(e->fd, b->part, e->fd, name) != 0) {
		error = errno;
		if (!whole)
			(void)unlinkat(e->fd, gaps, 0);
		return error;
	}
	b->part[0] = '\0';
	return 0;
}

static enum sw_status tell_name(const struct emit_eml *e, const char *name,
    struct sw_message *m, struct arena *arena, struct sw_err *err)
{
	struct buffer path;

	buffer_init(&path, strlen(e->dir) + NAME_SIZE + 1);
	if (buffer_append_str(&path, e->dir) &&
	    (path.p[path.len - 1] == '/' || buffer_append_char(&path, '/')) &&
	    buffer_append_str(&path, name))
		m->file = arena_copy(arena, buffer_slice(&path));
	buffer_fini(&path);
	if (m->file.data)
		return SW_OK;
	return base_error_set(err, SW_ENOMEM, "out of memory");
}

static enum sw_status cannot_write(struct sw_err *err, const char *dir,
    const char *name, int error)
{
	char why[128];

	if (strerror_r(error, why, sizeof(why)) != 0)
		(void)snprintf(why, sizeof(why), "error %d", error);
	return base_error_set(err, error == ENOMEM ? SW_ENOMEM : SW_EWRITE,
	    "cannot write %s/%s: %s", dir, name, why);
}

static enum sw_status eml_settle(void *ctx, void *body,
    const struct sw_session *s, struct sw_message *m, bool keep,
    struct arena *arena, struct sw_err *err)
{
	struct emit_eml *e = ctx;
	struct body *b = body;
	enum sw_status status = SW_OK;
	char name[NAME_SIZE];
	int error;

	if (keep) {
		error = file_body(b, s, m, name);
		status = error == 0 ? tell_name(e, name, m, arena, err) :
		    cannot_write(err, e->dir, name, error);
	}
	if (b != &e->none)
		free_body(b);
	return status;
}

/* --- the writer --------------------------------------------------------- */

static int open_dir(const char *dir)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = open(dir, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return -1;
	return open(dir, flags);
}

enum sw_status emit_eml_new(const char *dir, struct emit_eml **e_r,
    struct sw_err *err)
{
	struct emit_eml *e = calloc(1, sizeof(*e));
	char why[128];

	*e_r = NULL;
	if (!e || !(e->dir = strdup(dir[0] ? dir : "."))) {
		free(e);
		return base_error_set(err, SW_ENOMEM, "out of memory");
	}
	e->fd = open_dir(e->dir);
	if (e->fd < 0 || faccessat(e->fd, ".", W_OK | X_OK, 0) != 0) {
		if (strerror_r(errno, why, sizeof(why)) != 0)
			why[0] = '\0';
		emit_eml_free(&e);
		return base_error_set(err, SW_EWRITE,
		    "cannot write messages to %s: %s", dir, why);
	}
	e->none.owner = e;
	e->none.fd = -1;
	e->none.error = ENOMEM;
	e->ops.ctx = e;
	e->ops.open = eml_open;
	e->ops.octets = eml_octets;
	e->ops.gap = eml_gap;
	e->ops.close = eml_close;
	e->ops.settle = eml_settle;
	*e_r = e;
	return SW_OK;
}

const struct body_ops *emit_eml_ops(struct emit_eml *e)
{
	return &e->ops;
}

void emit_eml_free(struct emit_eml **e_r)
{
	struct emit_eml *e = *e_r;

	if (!e)
		return;
	while (e->bodies)
		free_body(e->bodies);
	if (e->fd >= 0)
		(void)close(e->fd);
	free(e->dir);
	free(e);
	*e_r = NULL;
}
