/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eml.c - each message to a file of its own
 *
 * Theory of operation.  Content comes in slices of many messages at once.
 * Each body has pieces of memory in which slices are gathered.  What they
 * hold when its session is over, and the body is to be kept, is written under
 * its final name: one file made, written and closed, as no file system does
 * it faster.  A body that outgrows its memory goes to a file NAME.part in the
 * folder, which gets the final name by rename when it is settled; so does one
 * whose final name is taken.  Names are made of id and number alone, never of
 * mail.
 *
 *   <id>-<n>.eml             the octets of a whole message
 *   <id>-<n>.incomplete.eml  those that the record has of another one, with
 *   <id>-<n>.gaps.json       beside it, which says what is lacking and where
 *
 * Bodies live in lanes.  A lane belongs to one thread at a time and shares
 * with the others the folder, a counter of names and one of the memory in use.
 *
 * Limits: GATHER octets of memory a body and GATHER_TOTAL over all (beyond
 * it the body of the lane that was quiet longest is written out; GATHER_LANE
 * a lane has in any case), LANE_FILES descriptors a lane (beyond it the one
 * that was quiet longest is closed and opened again when it is needed),
 * LIMIT_GAPS gaps told a body.
 *
 * An error of writing is kept in the body, whose file is removed at once to
 * give the room back, and told when a body is settled that was to be kept.
 */
#include "emit/emit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "emit/json.h"

enum {
	PIECE_FIRST = 4096, /* the second is as large, others double */
	PIECES = 7,
	GATHER = PIECE_FIRST << (PIECES - 1),
	GATHER_TOTAL = 16 << 20,
	GATHER_LANE = 128 << 10,
	LANE_FILES = 2,
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

struct lane;

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

/* Where piece i begins among a body's octets; the last: where all end. */
static size_t piece_start(unsigned i)
{
	return i == 0 ? 0 : (size_t)PIECE_FIRST << (i - 1);
}

/* Drop n octets from the front. */
static void advance(struct iovec **v, int *count, size_t n)
{
	while (*count > 0 && n >= (*v)->iov_len) {
		n -= (*v)->iov_len;
		(*v)++;
		(*count)--;
	}
	if (*count > 0) {
		(*v)->iov_base = (uint8_t *)(*v)->iov_base + n;
		(*v)->iov_len -= n;
	}
}

static int write_vector(int fd, struct iovec *v, int count)
{
	while (count > 0) {
		ssize_t n = writev(fd, v, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			return EIO;
		advance(&v, &count, (size_t)n);
	}
	return 0;
}

static int write_all(int fd, struct slice s)
{
	struct iovec v = { (void *)(uintptr_t)s.p, s.len };

	return s.len > 0 ? write_vector(fd, &v, 1) : 0;
}

/* What is gathered of b. */
static int write_pieces(int fd, const struct body *b)
{
	struct iovec v[PIECES];
	int count = 0;

	while (count < PIECES && b->len > piece_start((unsigned)count)) {
		size_t from = piece_start((unsigned)count);
		size_t end = piece_start((unsigned)count + 1);

		v[count].iov_base = b->pieces[count];
		v[count].iov_len = (b->len < end ? b->len : end) - from;
		count++;
	}
	return write_vector(fd, v, count);
}

/* The descriptor is given back; an error of close is one of writing (NFS,
 * quota). */
static int close_file(struct body *b)
{
	int rc;

	if (b->fd < 0)
		return 0;
	use_remove(&b->lane->files, &b->file);
	rc = close(b->fd);
	b->fd = -1;
	return rc != 0 && errno != EINTR ? errno : 0;
}

static void free_memory(struct body *b)
{
	use_remove(&b->lane->memory, &b->memory);
	if (b->capacity > 0) {
		b->lane->gathered -= b->capacity;
		atomic_fetch_sub_explicit(&b->lane->owner->gathered,
		    b->capacity, memory_order_relaxed);
	}
	while (b->piece_count > 0)
		free(b->pieces[--b->piece_count]);
	b->len = b->capacity = 0;
}

/* Nothing of b is left but its error. */
static void discard(struct body *b)
{
	(void)close_file(b);
	if (b->part[0])
		(void)unlinkat(b->lane->owner->fd, b->part, 0);
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
		    (long)getpid(), atomic_fetch_add(&e->counter, 1));
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

	b->fd = openat(b->lane->owner->fd, b->part,
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
	struct lane *l = b->lane;
	int error = 0;

	if (b->fd < 0) {
		if (l->files.count >= LANE_FILES) {
			struct body *other = body_of_file(l->files.oldest);

			fail(other, close_file(other));
		}
		error = b->part[0] ? reopen_part(b) :
		    create_part(l->owner, b->part, &b->fd);
	}
	if (error == 0)
		use_touch(&l->files, &b->file);
	return error;
}

static int write_file(struct body *b, struct slice s)
{
	int error = open_file(b);

	if (error == 0)
		error = write_all(b->fd, s);
	if (error == 0)
		b->written += s.len;
	return error;
}

/* What is gathered goes to the file. */
static void flush(struct body *b)
{
	int error = 0;

	if (b->len > 0) {
		error = open_file(b);
		if (error == 0)
			error = write_pieces(b->fd, b);
		if (error == 0)
			b->written += b->len;
	}
	b->len = 0;
	fail(b, error);
}

/* --- gathering ---------------------------------------------------------- */

/* Would n octets more be too many? */
static bool is_full(struct lane *l, size_t n)
{
	return l->gathered + n > GATHER_LANE &&
	    atomic_load_explicit(&l->owner->gathered, memory_order_relaxed) +
	    n > GATHER_TOTAL;
}

/* Room for at least one more octet; false: none is to be had. */
static bool make_room(struct body *b)
{
	struct lane *l = b->lane;
	size_t n = piece_start(b->piece_count + 1) - b->capacity;
	uint8_t *p;

	if (b->len < b->capacity)
		return true;
	if (b->piece_count == PIECES)
		return false;
	while (is_full(l, n) && l->memory.oldest &&
	    body_of_memory(l->memory.oldest) != b) {
		struct body *other = body_of_memory(l->memory.oldest);

		flush(other);
		free_memory(other);
	}
	p = is_full(l, n) ? NULL : malloc(n);
	if (!p)
		return false;
	l->gathered += n;
	atomic_fetch_add_explicit(&l->owner->gathered, n,
	    memory_order_relaxed);
	b->pieces[b->piece_count++] = p;
	b->capacity += n;
	return true;
}

/* Copy what finds room in the piece in which the octets end. */
static size_t copy_in(struct body *b, struct slice s)
{
	unsigned i = 0;
	size_t n;

	while (b->len >= piece_start(i + 1))
		i++;
	n = piece_start(i + 1) - b->len;
	if (n > s.len)
		n = s.len;
	memcpy(b->pieces[i] + (b->len - piece_start(i)), s.p, n);
	b->len += n;
	return n;
}

static void gather(struct body *b, struct slice s)
{
	while (s.len > 0 && b->error == 0) {
		if (make_room(b)) {
			s = slice_from(s, copy_in(b, s));
			continue;
		}
		flush(b);
		if (b->error != 0)
			return; /* its memory is gone */
		if (b->capacity == 0 || s.len >= GATHER) {
			fail(b, write_file(b, s));
			return;
		}
	}
}

/* --- the operations ----------------------------------------------------- */

static void *eml_open(void *ctx, uint32_t n)
{
	struct lane *l = ctx;
	struct body *b = calloc(1, sizeof(*b));

	(void)n;
	if (!b)
		return &l->none;
	b->lane = l;
	b->fd = -1;
	b->next = l->bodies;
	if (b->next)
		b->next->previous = b;
	l->bodies = b;
	return b;
}

static void eml_octets(void *ctx, void *body, struct slice octets)
{
	struct lane *l = ctx;
	struct body *b = body;

	b->size += octets.len;
	if (b->error != 0)
		return;
	if (b->capacity > 0)
		use_touch(&l->memory, &b->memory);
	gather(b, octets);
	if (b->capacity > 0)
		use_touch(&l->memory, &b->memory);
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
	struct lane *l = b->lane;

	discard(b);
	if (b->previous)
		b->previous->next = b->next;
	else
		l->bodies = b->next;
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

/* All octets are in the .part file, and the file is closed. */
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

/* What is gathered of b as a file of its own, whole or not at all; EEXIST:
 * there is one of that name. */
static int write_new(const struct body *b, const char *name)
{
	int dir = b->lane->owner->fd, error;
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	error = write_pieces(fd, b);
	if (close(fd) != 0 && errno != EINTR && error == 0)
		error = errno;
	if (error != 0)
		(void)unlinkat(dir, name, 0);
	return error;
}

/* The file of b under its final name. */
static int rename_part(struct body *b, const char *name)
{
	int dir = b->lane->owner->fd;

	if (finish_file(b) != 0)
		return b->error;
	if (renameat(dir, b->part, dir, name) != 0)
		return errno;
	b->part[0] = '\0';
	return 0;
}

/* Octets under a final name, whatever was there. */
static int write_small(struct emit_eml *e, const char *name,
    struct slice octets)
{
	char part[NAME_SIZE];
	int fd, error = create_part(e, part, &fd);

	if (error != 0)
		return error;
	error = write_all(fd, octets);
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
		error = write_small(b->lane->owner, name, buffer_slice(&text));
	buffer_fini(&text);
	return error;
}

/* Under its final name, the gaps first: an incomplete message never stands
 * there without them.  name: the name it gets. */
static int file_body(struct body *b, const struct sw_session *s,
    const struct sw_message *m, char *name)
{
	char gaps[NAME_SIZE];
	bool whole = is_whole(b, m);
	int error = b->error;

	final_name(name, s->id, m->n, whole ? ".eml" : ".incomplete.eml");
	final_name(gaps, s->id, m->n, ".gaps.json");
	if (error == 0 && !whole)
		error = write_gaps(b, s, m, gaps);
	if (error != 0)
		return error;
	error = b->part[0] ? EEXIST : write_new(b, name);
	if (error == EEXIST)
		error = rename_part(b, name);
	if (error != 0 && !whole)
		(void)unlinkat(b->lane->owner->fd, gaps, 0);
	return error;
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
	struct lane *l = ctx;
	const struct emit_eml *e = l->owner;
	struct body *b = body;
	enum sw_status status = SW_OK;
	char name[NAME_SIZE];
	int error;

	if (keep) {
		error = file_body(b, s, m, name);
		status = error == 0 ? tell_name(e, name, m, arena, err) :
		    cannot_write(err, e->dir, name, error);
	}
	if (b != &l->none)
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

static void init_lane(struct lane *l, struct emit_eml *e)
{
	l->owner = e;
	l->none.lane = l;
	l->none.fd = -1;
	l->none.error = ENOMEM;
	l->ops.ctx = l;
	l->ops.open = eml_open;
	l->ops.octets = eml_octets;
	l->ops.gap = eml_gap;
	l->ops.close = eml_close;
	l->ops.settle = eml_settle;
}

enum sw_status emit_eml_new(const char *dir, struct emit_eml **e_r,
    struct sw_err *err)
{
	struct emit_eml *e = calloc(1, sizeof(*e));
	char why[128];
	unsigned i;

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
	for (i = 0; i < EMIT_EML_LANES; i++)
		init_lane(&e->lanes[i], e);
	*e_r = e;
	return SW_OK;
}

const struct body_ops *emit_eml_ops(struct emit_eml *e, unsigned lane)
{
	return &e->lanes[lane % EMIT_EML_LANES].ops;
}

void emit_eml_free(struct emit_eml **e_r)
{
	struct emit_eml *e = *e_r;
	unsigned i;

	if (!e)
		return;
	for (i = 0; i < EMIT_EML_LANES; i++)
		while (e->lanes[i].bodies)
			free_body(e->lanes[i].bodies);
	if (e->fd >= 0)
		(void)close(e->fd);
	free(e->dir);
	free(e);
	*e_r = NULL;
}
