/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.c - one way to read octets: file, pipe, decompressor, memory
 *
 * Theory of operation.  A block is HEADROOM octets and, page-aligned behind
 * them, SOURCE_BLOCK octets that read(2) fills.  When what was asked for
 * crosses the end of a block, the tail is copied in front of the next block's
 * data, so that every octet is copied once at most and the big reads stay
 * aligned.  A block that nobody holds is used again at once (it is still in
 * the processor's cache); one that is held comes back through a pool when its
 * last holder releases it, in whatever thread.
 *
 * A pipe gives little at a time: its octets are appended to the same block
 * until that is full.  A request larger than a block gets a block of its own
 * size and half as much again, so that a row of large requests still copies
 * each octet a constant number of times.
 *
 * A read error is kept until the octets before it have been consumed.
 */
#include "base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/decompress.h"
#include "base/limits.h"

#define PAGE 4096u
/* Room for the tail of a block: a frame of libpcap's greatest length. */
#define HEADROOM (262144u + PAGE)
/* Blocks that wait to be used again. */
#define POOL_FREE_MAX 8
/* Read at random: this much at first, more as long as reads ascend. */
#define WINDOW_MIN 4096u
/* A read so little behind the window goes on from it. */
#define SEQUENTIAL 65536u
/* A skip of at least this is sought, not read. */
#define SEEK_MIN 262144u

struct pool {
	pthread_mutex_t lock;
	struct source_block *free; /* linked by next */
	unsigned free_count;
	size_t live; /* blocks that exist, and 1 for the source */
	bool closed; /* the source is gone */
};

struct source_block {
	struct source_block *next;
	struct pool *pool;
	atomic_uint holders;
	uint8_t *start;  /* of its memory, page-aligned */
	size_t headroom; /* a multiple of PAGE */
	size_t size;     /* behind the headroom */
};

enum kind { KIND_MEMORY, KIND_FILE, KIND_STREAM };

struct source {
	struct source_view view; /* first: the header casts to it */
	enum kind kind;
	char *name, *tmpdir;
	struct pool *pool;
	struct source_block *block;  /* of the view; NULL at first */
	struct source_block *window; /* of source_read_at */
	struct source_block *last;   /* the one of both used last */
	uint8_t *fill;               /* where the block's data ends */
	bool eof;
	bool failed; /* err is to be told */
	struct sw_err err;

	struct source_maker maker; /* read is NULL: fd */
	int fd;
	bool close_fd;
	uint64_t base;     /* file offset at which reading began */
	uint64_t consumed; /* octets of fd read */
	struct slice head; /* read for the probe, not yet given out */
	uint8_t head_octets[DECOMPRESS_HEAD];
	struct decompress *decompress;
	const char *compression;

	int spool_fd;        /* -1: none */
	uint64_t replay;     /* octets of the spool to be read again ... */
	uint64_t replay_off; /* ... from here */
	struct slice carry;  /* those that no longer went into the spool */
	uint8_t *carry_octets;
	bool random;
	uint64_t random_size;
	struct slice memory;
	uint64_t window_off;
	size_t window_len;
	size_t window_want;
};

/* --- blocks -------------------------------------------------------------- */

static struct pool *new_pool(void)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (pthread_mutex_init(&p->lock, NULL) != 0) {
		free(p);
		return NULL;
	}
	p->live = 1;
	return p;
}

/* With the lock held, which it gives back. */
static void drop_pool(struct pool *p)
{
	bool last = --p->live == 0;

	pthread_mutex_unlock(&p->lock);
	if (last) {
		pthread_mutex_destroy(&p->lock);
		free(p);
	}
}

static void free_block(struct source_block *b)
{
	free(b->start);
	free(b);
}

static struct source_block *new_block(struct pool *pool, size_t headroom,
    size_t size)
{
	struct source_block *b = calloc(1, sizeof(*b));
	void *start = NULL;

	if (!b)
		return NULL;
	if (posix_memalign(&start, PAGE, headroom + size) != 0) {
		free(b);
		return NULL;
	}
	b->start = start;
	b->pool = pool;
	b->headroom = headroom;
	b->size = size;
	atomic_init(&b->holders, 1);
	pthread_mutex_lock(&pool->lock);
	pool->live++;
	pthread_mutex_unlock(&pool->lock);
	return b;
}

static bool is_standard(const struct source_block *b)
{
	return b->headroom == HEADROOM && b->size == SOURCE_BLOCK;
}

/* A block with one holder; NULL: no memory. */
static struct source_block *take_block(struct pool *pool, size_t headroom,
    size_t size)
{
	struct source_block *b = NULL;

	if (headroom == HEADROOM && size == SOURCE_BLOCK) {
		pthread_mutex_lock(&pool->lock);
		b = pool->free;
		if (b) {
			pool->free = b->next;
			pool->free_count--;
			atomic_store(&b->holders, 1);
		}
		pthread_mutex_unlock(&pool->lock);
	}
	return b ? b : new_block(pool, headroom, size);
}

void source_block_release(struct source_block **block)
{
	struct source_block *b = *block;
	struct pool *pool;

	*block = NULL;
	if (!b || atomic_fetch_sub(&b->holders, 1) != 1)
		return;
	pool = b->pool;
	pthread_mutex_lock(&pool->lock);
	if (is_standard(b) && !pool->closed &&
	    pool->free_count < POOL_FREE_MAX) {
		b->next = pool->free;
		pool->free = b;
		pool->free_count++;
		pthread_mutex_unlock(&pool->lock);
		return;
	}
	free_block(b);
	drop_pool(pool);
}

static void close_pool(struct pool *pool)
{
	struct source_block *b;

	pthread_mutex_lock(&pool->lock);
	pool->closed = true;
	while ((b = pool->free)) {
		pool->free = b->next;
		free_block(b);
		pool->live--;
	}
	drop_pool(pool);
}

struct source_block *source_block_hold(struct source *s)
{
	if (s->last)
		atomic_fetch_add(&s->last->holders, 1);
	return s->last;
}

/* --- opening ------------------------------------------------------------- */

static enum sw_status no_memory(struct sw_err *err)
{
	return base_error_set(err, SW_ENOMEM, "no memory");
}

static enum sw_status read_failed(const struct source *s, int error,
    struct sw_err *err)
{
	char text[128];

	if (strerror_r(error, text, sizeof(text)) != 0)
		text[0] = '\0';
	return base_error_at(err, SW_EREAD, s->consumed,
	    "%s: cannot be read at offset %llu: %s", s->name,
	    (unsigned long long)s->consumed, text);
}

static char *copy_string(const char *s)
{
	size_t len = strlen(s) + 1;
	char *copy = malloc(len);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}

static enum sw_status new_source(const char *name, const char *tmpdir,
    struct source **s_r, struct sw_err *err)
{
	struct source *s = calloc(1, sizeof(*s));

	*s_r = s;
	if (!s)
		return no_memory(err);
	s->fd = s->spool_fd = -1;
	s->view.p = s->view.end = s->head_octets;
	s->name = copy_string(name);
	s->tmpdir = copy_string(tmpdir ? tmpdir : "/tmp");
	s->pool = new_pool();
	if (!s->name || !s->tmpdir || !s->pool) {
		source_free(s_r);
		return no_memory(err);
	}
	return SW_OK;
}

enum sw_status source_open_memory(struct slice octets, const char *name,
    struct source **s_r, struct sw_err *err)
{
	enum sw_status status = new_source(name, NULL, s_r, err);
	struct source *s = *s_r;

	if (status != SW_OK)
		return status;
	s->kind = KIND_MEMORY;
	s->memory = octets;
	if (octets.len > 0) {
		s->view.p = octets.p;
		s->view.end = octets.p + octets.len;
	}
	s->view.end_off = s->random_size = s->consumed = octets.len;
	s->random = s->eof = true;
	return SW_OK;
}

static enum sw_status open_fd(struct source *s, struct sw_err *err)
{
	struct stat st;
	char text[128] = "";

	s->fd = STDIN_FILENO;
	if (strcmp(s->name, "-") != 0) {
		s->fd = open(s->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		s->close_fd = true;
	}
	if (s->fd < 0 || fstat(s->fd, &st) != 0) {
		if (strerror_r(errno, text, sizeof(text)) != 0)
			text[0] = '\0';
		return base_error_set(err, SW_EREAD,
		    "%s: cannot be opened: %s", s->name, text);
	}
	if (S_ISDIR(st.st_mode))
		return base_error_set(err, SW_EREAD, "%s: is a directory",
		    s->name);
	s->kind = KIND_STREAM;
	if (S_ISREG(st.st_mode)) {
		off_t here = lseek(s->fd, 0, SEEK_CUR);

		s->kind = KIND_FILE;
		s->base = here > 0 ? (uint64_t)here : 0;
		posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	}
	return SW_OK;
}

/* The size of a regular file from where reading began. */
static uint64_t file_size(const struct source *s)
{
	struct stat st;

	if (s->kind != KIND_FILE || fstat(s->fd, &st) != 0 ||
	    st.st_size < 0 || (uint64_t)st.st_size < s->base)
		return 0;
	return (uint64_t)st.st_size - s->base;
}

int64_t source_modified(const struct source *s)
{
	struct stat st;

	if (s->fd < 0 || fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	return (int64_t)st.st_mtime;
}

static enum sw_status read_fd(struct source *s, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	ssize_t n;

	do
		n = read(s->fd, buf, len);
	while (n < 0 && errno == EINTR);
	*got_r = n > 0 ? (size_t)n : 0;
	s->consumed += *got_r;
	return n < 0 ? read_failed(s, errno, err) : SW_OK;
}

/* As the input has them: first what the probe has read. */
static enum sw_status read_raw(void *ctx, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	struct source *s = ctx;

	if (s->maker.read)
		return s->maker.read(s->maker.ctx, buf, len, got_r, err);
	if (s->head.len == 0)
		return read_fd(s, buf, len, got_r, err);
	*got_r = len < s->head.len ? len : s->head.len;
	memcpy(buf, s->head.p, *got_r);
	s->head = slice_from(s->head, *got_r);
	return SW_OK;
}

/*
 * Is it compressed?  A pipe is not asked for more octets than the first ones
 * allow: a log's first line may be short, and its next may be long to come.
 */
static enum sw_status probe_compression(struct source *s, struct sw_err *err)
{
	static const char first[] = "\x1f\xfd\x28" "B\x04\x02";
	size_t len = 0, got, want = 1;

	while (len < want) {
		enum sw_status status = read_fd(s, s->head_octets + len,
		    want - len, &got, err);

		if (status != SW_OK)
			return status;
		if (got == 0)
			break;
		len += got;
		if (len == 1 && memchr(first, s->head_octets[0],
		    sizeof(first) - 1))
			want = DECOMPRESS_HEAD;
	}
	s->head = slice_make(s->head_octets, len);
	s->compression = decompress_probe(s->head);
	if (!s->compression && s->kind == KIND_FILE &&
	    lseek(s->fd, (off_t)s->base, SEEK_SET) >= 0) {
		/* Aligned reads from the start. */
		s->head.len = 0;
		s->consumed = 0;
	}
	if (!s->compression)
		return SW_OK;
	return decompress_new(s->compression, s->name, read_raw, s,
	    &s->decompress, err);
}

enum sw_status source_open(const char *name, const char *tmpdir,
    struct source **s_r, struct sw_err *err)
{
	enum sw_status status = new_source(name, tmpdir, s_r, err);

	if (status != SW_OK)
		return status;
	status = open_fd(*s_r, err);
	if (status == SW_OK)
		status = probe_compression(*s_r, err);
	if (status != SW_OK)
		source_free(s_r);
	return status;
}

enum sw_status source_open_made(const struct source_maker *maker,
    const char *name, const char *tmpdir, struct source **s_r,
    struct sw_err *err)
{
	enum sw_status status = new_source(name, tmpdir, s_r, err);

	if (status != SW_OK) {
		maker->free(maker->ctx);
		return status;
	}
	(*s_r)->kind = KIND_STREAM;
	(*s_r)->maker = *maker;
	return SW_OK;
}

void source_free(struct source **source)
{
	struct source *s = *source;

	if (!s)
		return;
	*source = NULL;
	decompress_free(&s->decompress);
	source_block_release(&s->block);
	source_block_release(&s->window);
	if (s->pool)
		close_pool(s->pool);
	if (s->maker.free)
		s->maker.free(s->maker.ctx);
	if (s->close_fd && s->fd >= 0)
		close(s->fd);
	if (s->spool_fd >= 0)
		close(s->spool_fd);
	free(s->carry_octets);
	free(s->name);
	free(s->tmpdir);
	free(s);
}

/* --- what is known of it ------------------------------------------------- */

const char *source_name(const struct source *s)
{
	return s->name;
}

uint64_t source_size(const struct source *s)
{
	if (s->kind == KIND_MEMORY)
		return s->memory.len;
	return s->decompress ? 0 : file_size(s);
}

uint64_t source_position(const struct source *s, uint64_t *size_r)
{
	*size_r = s->kind == KIND_MEMORY ? s->memory.len : file_size(s);
	return s->consumed;
}

const char *source_compression(const struct source *s)
{
	return s->compression;
}

bool source_is_stream(const struct source *s)
{
	return s->kind == KIND_STREAM;
}

/* --- in sequence --------------------------------------------------------- */

/* pread, all of it or to the end. */
static enum sw_status read_at_fd(struct source *s, int fd, uint8_t *buf,
    size_t len, uint64_t off, size_t *got_r, struct sw_err *err)
{
	*got_r = 0;
	while (*got_r < len) {
		ssize_t n = pread(fd, buf + *got_r, len - *got_r,
		    (off_t)(off + *got_r));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return read_failed(s, errno, err);
		if (n == 0)
			break;
		*got_r += (size_t)n;
	}
	return SW_OK;
}

/* What a failed attempt to spool had read already. */
static enum sw_status read_again(struct source *s, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	enum sw_status status;

	if (s->replay == 0) {
		*got_r = len < s->carry.len ? len : s->carry.len;
		memcpy(buf, s->carry.p, *got_r);
		s->carry = slice_from(s->carry, *got_r);
		return SW_OK;
	}
	if (len > s->replay)
		len = (size_t)s->replay;
	status = read_at_fd(s, s->spool_fd, buf, len, s->replay_off, got_r,
	    err);
	s->replay -= *got_r > 0 ? *got_r : s->replay;
	s->replay_off += *got_r;
	return status;
}

/* The next octets of the input, decompressed. */
static enum sw_status read_next(struct source *s, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	if (s->replay > 0 || s->carry.len > 0)
		return read_again(s, buf, len, got_r, err);
	if (s->decompress)
		return decompress_read(s->decompress, buf, len, got_r, err);
	return read_raw(s, buf, len, got_r, err);
}

static size_t view_len(const struct source *s)
{
	return (size_t)(s->view.end - s->view.p);
}

static size_t room(const struct source *s)
{
	if (!s->block)
		return 0;
	return (size_t)(s->block->start + s->block->headroom +
	    s->block->size - s->fill);
}

static size_t round_up(size_t n)
{
	return (n + PAGE - 1) / PAGE * PAGE;
}

/* A block in which want octets have room, the tail in front of its data. */
static enum sw_status renew(struct source *s, size_t want)
{
	size_t tail = view_len(s), headroom = HEADROOM, size = SOURCE_BLOCK;
	struct source_block *b = s->block;

	if (want > SIZE_MAX / 4)
		return SW_ENOMEM;
	if (tail > headroom)
		headroom = round_up(tail);
	if (want > tail && want - tail > size)
		size = round_up(want - tail);
	if (want > SOURCE_BLOCK)
		size += round_up(want / 2);
	if (!b || b->headroom != headroom || b->size != size ||
	    atomic_load(&b->holders) != 1) {
		b = take_block(s->pool, headroom, size);
		if (!b)
			return SW_ENOMEM;
	}
	memmove(b->start + headroom - tail, s->view.p, tail);
	if (b != s->block) {
		source_block_release(&s->block);
		s->block = b;
	}
	s->fill = b->start + headroom;
	s->view.p = s->fill - tail;
	s->view.end = s->fill;
	return SW_OK;
}

enum sw_status source_fill(struct source *s, size_t want,
    struct slice *octets_r, struct sw_err *err)
{
	s->last = s->block;
	*octets_r = slice_make(s->view.p, view_len(s));
	while (view_len(s) < want && !s->eof) {
		size_t got;

		if (room(s) < want - view_len(s) || room(s) == 0) {
			if (renew(s, want) != SW_OK)
				return no_memory(err);
		}
		if (read_next(s, s->fill, room(s), &got, &s->err) != SW_OK)
			s->failed = true;
		else if (got == 0 && s->replay == 0 && s->carry.len == 0)
			s->eof = true;
		if (s->failed)
			s->eof = true;
		s->fill += got;
		s->view.end = s->fill;
		s->view.end_off += got;
	}
	s->last = s->block;
	*octets_r = slice_make(s->view.p, view_len(s));
	if (want > 0 && view_len(s) == 0 && s->failed) {
		s->failed = false;
		if (err)
			*err = s->err;
		return s->err.status;
	}
	return SW_OK;
}

/* Let the next read start a block. */
static void empty_view(struct source *s)
{
	s->view.p = s->view.end;
	if (s->block) {
		s->fill = s->block->start + s->block->headroom +
		    s->block->size;
		s->view.p = s->view.end = s->fill;
	}
}

/* Move the file's offset, no further than its end; false: not possible. */
static bool seek_ahead(struct source *s, uint64_t n)
{
	uint64_t size = file_size(s), left;

	if (s->kind != KIND_FILE || s->decompress || s->eof ||
	    s->replay > 0 || s->carry.len > 0 || s->head.len > 0 ||
	    n < SEEK_MIN || size < s->consumed)
		return false;
	left = size - s->consumed;
	if (n > left)
		n = left;
	if (lseek(s->fd, (off_t)n, SEEK_CUR) < 0)
		return false;
	s->consumed += n;
	s->view.end_off += n;
	return true;
}

enum sw_status source_skip_far(struct source *s, uint64_t n,
    struct sw_err *err)
{
	struct slice octets;

	while (n > view_len(s)) {
		enum sw_status status;

		n -= view_len(s);
		empty_view(s);
		if (seek_ahead(s, n))
			return SW_OK;
		/* An error at the end is left to be told by source_peek. */
		if (s->eof)
			return SW_OK;
		status = source_fill(s, 1, &octets, NULL);
		if (status == SW_ENOMEM)
			return no_memory(err);
		if (status != SW_OK)
			s->failed = true;
	}
	s->view.p += n;
	return SW_OK;
}

/* --- at random ----------------------------------------------------------- */

static int make_spool(const char *dir)
{
	static const char template[] = "/smtpwire-XXXXXX";
	size_t len = strlen(dir);
	char *path = malloc(len + sizeof(template));
	int fd;

	if (!path)
		return -1;
	memcpy(path, dir, len);
	memcpy(path + len, template, sizeof(template));
	fd = mkstemp(path);
	if (fd >= 0) {
		unlink(path);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	free(path);
	return fd;
}

/* How many octets could be written; all, or the disk is full. */
static size_t write_all(int fd, struct slice octets)
{
	size_t done = 0;

	while (done < octets.len) {
		ssize_t n = write(fd, octets.p + done, octets.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* The disk is full: what was taken from the input is to be read again. */
static enum sw_status unspool(struct source *s, struct slice rest,
    struct sw_err *err)
{
	s->carry_octets = malloc(rest.len);
	if (!s->carry_octets)
		return no_memory(err);
	memcpy(s->carry_octets, rest.p, rest.len);
	s->carry = slice_make(s->carry_octets, rest.len);
	s->replay = s->random_size;
	s->replay_off = 0;
	s->random_size = 0;
	s->view.end_off = 0;
	empty_view(s);
	s->eof = s->failed = false;
	return base_error_set(err, SW_EWRITE,
	    "%s: no room in %s for a temporary copy", s->name, s->tmpdir);
}

static enum sw_status spool(struct source *s, struct sw_err *err)
{
	struct slice octets;
	enum sw_status status = source_peek(s, 1, &octets, err);

	while (status == SW_OK && octets.len > 0 &&
	    s->random_size < SOURCE_SPOOL_MAX) {
		size_t done = write_all(s->spool_fd, octets);

		s->random_size += done;
		if (done < octets.len)
			return unspool(s, slice_from(octets, done), err);
		status = source_skip(s, octets.len, err);
		if (status == SW_OK)
			status = source_peek(s, 1, &octets, err);
	}
	if (status == SW_EREAD) {
		/* What was readable is there; source_peek tells the rest. */
		s->failed = true;
		status = SW_OK;
	}
	return status;
}

enum sw_status source_make_random(struct source *s, struct sw_err *err)
{
	enum sw_status status;

	if (s->random)
		return SW_OK;
	if (source_offset(s) != 0)
		return base_error_set(err, SW_EUSAGE,
		    "%s: octets were consumed already", s->name);
	if (s->kind == KIND_FILE && !s->decompress) {
		s->random = true;
		s->random_size = file_size(s);
		return SW_OK;
	}
	s->spool_fd = make_spool(s->tmpdir);
	if (s->spool_fd < 0)
		return base_error_set(err, SW_EWRITE,
		    "%s: no temporary copy can be made in %s", s->name,
		    s->tmpdir);
	status = spool(s, err);
	s->random = status == SW_OK;
	return status;
}

uint64_t source_random_size(const struct source *s)
{
	return s->random_size;
}

/*
 * Move the window to off.  It grows while the reads ascend and starts small
 * after a jump, so that a table in any order costs no more than a few pages
 * a frame.
 */
static enum sw_status move_window(struct source *s, uint64_t off, size_t n,
    struct sw_err *err)
{
	uint64_t end = s->window_off + s->window_len;
	uint64_t start = off / PAGE * PAGE;
	size_t lead = (size_t)(off - start), size = SOURCE_BLOCK;
	int fd = s->spool_fd >= 0 ? s->spool_fd : s->fd;
	uint64_t base = s->spool_fd >= 0 ? 0 : s->base;
	struct source_block *b = s->window;

	if (off >= s->window_off && off <= end + SEQUENTIAL)
		s->window_want *= 4;
	else
		s->window_want = WINDOW_MIN;
	if (s->window_want < WINDOW_MIN || s->window_want > SOURCE_BLOCK)
		s->window_want = SOURCE_BLOCK;
	if (n > SOURCE_BLOCK - lead)
		size = round_up(lead + n);
	if (!b || b->size < size || atomic_load(&b->holders) != 1) {
		source_block_release(&s->window);
		s->window_len = 0;
		s->last = s->window = b = take_block(s->pool, HEADROOM, size);
		if (!b)
			return no_memory(err);
	}
	size = s->window_want;
	if (size < lead + n)
		size = lead + n;
	s->window_off = start;
	return read_at_fd(s, fd, b->start + b->headroom, size, base + start,
	    &s->window_len, err);
}

enum sw_status source_read_at(struct source *s, uint64_t off, size_t n,
    struct slice *octets_r, struct sw_err *err)
{
	enum sw_status status = SW_OK;

	*octets_r = slice_make(NULL, 0);
	if (off >= s->random_size)
		return SW_OK;
	if (n > s->random_size - off)
		n = (size_t)(s->random_size - off);
	if (s->kind == KIND_MEMORY) {
		*octets_r = slice_head(slice_from(s->memory, (size_t)off), n);
		return SW_OK;
	}
	if (!s->window || off < s->window_off ||
	    off - s->window_off > s->window_len ||
	    n > s->window_len - (size_t)(off - s->window_off))
		status = move_window(s, off, n, err);
	s->last = s->window;
	if (!s->window)
		return status;
	off -= s->window_off;
	*octets_r = slice_head(slice_from(slice_make(s->window->start +
	    s->window->headroom, s->window_len), (size_t)off), n);
	return status;
}
