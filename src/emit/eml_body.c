/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eml_body.c - the content of one message, in memory and in its file
 *
 * Theory of operation.  Each body has pieces of memory in which slices are
 * gathered.  What they hold when its session is over, and the body is to be
 * kept, or before that if it outgrows its memory, goes to a file NAME.part in
 * the folder, which gets the final name by rename: whatever ends the program,
 * what stands under a final name is whole.
 *
 * Limits: GATHER octets of memory a body and GATHER_TOTAL over all (beyond
 * it the body of the lane that was quiet longest is written out; GATHER_LANE
 * a lane has in any case), LANE_FILES descriptors a lane (beyond it the one
 * that was quiet longest is closed and opened again when it is needed).
 *
 * An error of writing is kept in the body, whose file is removed at once to
 * give the room back.
 */
#include "emit/eml_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	GATHER = PIECE_FIRST << (PIECES - 1),
	GATHER_TOTAL = 16 << 20,
	GATHER_LANE = 128 << 10,
	LANE_FILES = 2,
	NAME_TRIES = 1000 /* left over by a run with the same process id */
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

int emit_eml_write_all(int fd, struct slice s)
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

int emit_eml_create_part(struct emit_eml *e, char *name, int *fd_r)
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
		    emit_eml_create_part(l->owner, b->part, &b->fd);
	}
	if (error == 0)
		use_touch(&l->files, &b->file);
	return error;
}

static int write_file(struct body *b, struct slice s)
{
	int error = open_file(b);

	if (error == 0)
		error = emit_eml_write_all(b->fd, s);
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

void emit_eml_body_add(struct body *b, struct slice octets)
{
	struct lane *l = b->lane;

	if (b->capacity > 0)
		use_touch(&l->memory, &b->memory);
	gather(b, octets);
	if (b->capacity > 0)
		use_touch(&l->memory, &b->memory);
}

void emit_eml_body_end(struct body *b)
{
	if (b->error != 0 || !b->part[0])
		return;
	flush(b);
	fail(b, close_file(b));
	free_memory(b);
}

/* --- under its final name ------------------------------------------------ */

/* All octets are in the .part file, and the file is closed. */
static int finish_file(struct body *b)
{
	flush(b);
	if (b->error == 0 && !b->part[0])
		fail(b, open_file(b)); /* a message without octets */
	fail(b, close_file(b));
	return b->error;
}

int emit_eml_name_part(struct emit_eml *e, const char *part,
    const char *name)
{
	struct stat st;
	int error;

	if (renameat(e->fd, part, e->fd, name) == 0)
		return 0;
	error = errno;
	/* The sandbox denies it before the kernel sees what stands there. */
	if (fstatat(e->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		return EISDIR;
	return error;
}

int emit_eml_body_name(struct body *b, const char *name)
{
	int error = finish_file(b);

	if (error == 0)
		error = emit_eml_name_part(b->lane->owner, b->part, name);
	if (error == 0)
		b->part[0] = '\0';
	return error;
}

/* --- begin and end ------------------------------------------------------- */

struct body *emit_eml_body_new(struct lane *l)
{
	struct body *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->lane = l;
	b->fd = -1;
	b->next = l->bodies;
	if (b->next)
		b->next->previous = b;
	l->bodies = b;
	return b;
}

void emit_eml_body_free(struct body *b)
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
