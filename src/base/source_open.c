/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source_open.c - a source's beginning and end, and what is known of it
 */
#include "base/source_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum sw_status source_read_failed(const struct source *s, int error,
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
		return source_no_memory(err);
	s->fd = s->spool_fd = -1;
	s->view.p = s->view.end = s->head_octets;
	s->name = copy_string(name);
	s->tmpdir = copy_string(tmpdir ? tmpdir : "/tmp");
	s->pool = source_pool_new();
	if (!s->name || !s->tmpdir || !s->pool) {
		source_free(s_r);
		return source_no_memory(err);
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

uint64_t source_file_size(const struct source *s)
{
	struct stat st;

	if (s->store)
		return s->stored_len;
	if (s->kind != KIND_FILE || fstat(s->fd, &st) != 0 ||
	    st.st_size < 0 || (uint64_t)st.st_size < s->base)
		return 0;
	return (uint64_t)st.st_size - s->base;
}

int64_t source_modified(const struct source *s)
{
	struct stat st;

	if (s->store)
		return s->modified_s;
	if (s->fd < 0 || fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	return (int64_t)st.st_mtime;
}

static int64_t monotonic_ns(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* How long to wait for octets, in ms; -1: for ever. */
static int wait_ms(const struct source *s)
{
	int64_t left;

	if (s->stop_ns == 0)
		return -1;
	left = s->stop_ns - monotonic_ns();
	return left > 0 ? (int)(left / NS_PER_MS) + 1 : 0;
}

/* Wait for octets, or for the end; false: it is time to stop. */
static bool await_octets(struct source *s)
{
	struct pollfd p[] = {
		{ .fd = s->fd, .events = POLLIN },
		{ .fd = s->stop_fd, .events = POLLIN }
	};

	for (;;) {
		int ms = wait_ms(s), n;

		if (ms == 0)
			return false;
		n = poll(p, s->stop_ns == 0 ? 2 : 1, ms);
		if (n < 0 && errno != EINTR)
			return true; /* read(2) tells why */
		if (n > 0 && s->stop_ns == 0 && p[1].revents != 0)
			s->stop_ns = monotonic_ns() + NS_PER_S;
		if (n > 0 && p[0].revents != 0)
			return true;
	}
}

static enum sw_status read_fd(struct source *s, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	ssize_t n;

	*got_r = 0;
	if (s->stop_fd > 0 && s->kind == KIND_STREAM && !await_octets(s))
		return SW_OK;
	/* A store's file has one position, and several readers. */
	if (s->store && len > s->stored_len - s->consumed)
		len = (size_t)(s->stored_len - s->consumed);
	do
		n = s->store ? pread(s->fd, buf, len,
		    (off_t)(s->base + s->consumed)) : read(s->fd, buf, len);
	while (n < 0 && errno == EINTR);
	*got_r = n > 0 ? (size_t)n : 0;
	s->consumed += *got_r;
	return n < 0 ? source_read_failed(s, errno, err) : SW_OK;
}

/* First what the probe has read. */
enum sw_status source_read_raw(void *ctx, uint8_t *buf, size_t len,
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
	static const char first[] = "\x1f\xfd\x28" "BP\x04\x02";
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
	if (!s->compression && s->kind == KIND_FILE && (s->store ||
	    lseek(s->fd, (off_t)s->base, SEEK_SET) >= 0)) {
		/* Aligned reads from the start. */
		s->head.len = 0;
		s->consumed = 0;
	}
	if (!s->compression)
		return SW_OK;
	return decompress_new(s->compression, s->name, source_read_raw, s,
	    &s->decompress, err);
}

enum sw_status source_open_until(const char *name, const char *tmpdir,
    int stop_fd, struct source **s_r, struct sw_err *err)
{
	enum sw_status status = new_source(name, tmpdir, s_r, err);

	if (status != SW_OK)
		return status;
	(*s_r)->stop_fd = stop_fd;
	status = open_fd(*s_r, err);
	if (status == SW_OK)
		status = probe_compression(*s_r, err);
	if (status != SW_OK)
		source_free(s_r);
	return status;
}

enum sw_status source_open(const char *name, const char *tmpdir,
    struct source **s_r, struct sw_err *err)
{
	return source_open_until(name, tmpdir, 0, s_r, err);
}

enum sw_status source_open_stored(struct source_store *store, uint64_t off,
    uint64_t len, int64_t modified_s, const char *name, struct source **s_r,
    struct sw_err *err)
{
	enum sw_status status = new_source(name, source_store_tmpdir(store),
	    s_r, err);
	struct source *s = *s_r;

	if (status != SW_OK)
		return status;
	s->kind = KIND_FILE;
	s->store = source_store_hold(store);
	s->fd = source_store_fd(store);
	s->base = off;
	s->stored_len = len;
	s->modified_s = modified_s;
	status = probe_compression(s, err);
	if (status != SW_OK)
		source_free(s_r);
	return status;
}

bool source_has_place(const struct source *s)
{
	return s->kind == KIND_FILE && (s->store || s->close_fd);
}

enum sw_status source_place_init(struct source_place *p,
    const struct source *s)
{
	memset(p, 0, sizeof(*p));
	p->name = copy_string(s->name);
	p->tmpdir = copy_string(s->tmpdir);
	if (s->store)
		p->store = source_store_hold(s->store);
	p->off = s->base;
	p->len = s->stored_len;
	p->modified_s = s->modified_s;
	return p->name && p->tmpdir ? SW_OK : SW_ENOMEM;
}

void source_place_fini(struct source_place *p)
{
	source_store_release(&p->store);
	free(p->name);
	free(p->tmpdir);
	memset(p, 0, sizeof(*p));
}

enum sw_status source_open_place(const struct source_place *p,
    struct source **s_r, struct sw_err *err)
{
	if (p->store)
		return source_open_stored(p->store, p->off, p->len,
		    p->modified_s, p->name, s_r, err);
	return source_open(p->name, p->tmpdir, s_r, err);
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
		source_pool_close(s->pool);
	if (s->maker.free)
		s->maker.free(s->maker.ctx);
	if (s->close_fd && s->fd >= 0)
		close(s->fd);
	if (s->spool_fd >= 0)
		close(s->spool_fd);
	source_store_release(&s->store);
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
	return s->decompress ? 0 : source_file_size(s);
}

uint64_t source_position(const struct source *s, uint64_t *size_r)
{
	*size_r = s->kind == KIND_MEMORY ? s->memory.len : source_file_size(s);
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
