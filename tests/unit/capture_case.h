/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture_case.h - for the tests of captures: build a file octet by octet,
 * read it from memory, a file and a pipe, and tell what came of it in a line
 * a frame
 */
#ifndef CAPTURE_CASE_H
#define CAPTURE_CASE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/anomaly.h"
#include "base/buffer.h"
#include "capture/capture.h"

/* --- building ------------------------------------------------------------ */

struct file {
	struct buffer octets;
	bool big; /* byte order of what is put */
};

static inline struct file file_make(bool big)
{
	struct file f;

	buffer_init(&f.octets, SIZE_MAX);
	f.big = big;
	return f;
}

static inline size_t file_len(const struct file *f)
{
	return f->octets.len;
}

static inline void put(struct file *f, const void *p, size_t len)
{
	assert_true(buffer_append(&f->octets, p, len));
}

static inline void put_u(struct file *f, uint64_t v, unsigned len)
{
	unsigned i;

	for (i = 0; i < len; i++) {
		unsigned shift = 8 * (f->big ? len - 1 - i : i);

		assert_true(buffer_append_char(&f->octets,
		    (char)(v >> shift & 0xff)));
	}
}

static inline void put_u8(struct file *f, uint64_t v) { put_u(f, v, 1); }
static inline void put_u16(struct file *f, uint64_t v) { put_u(f, v, 2); }
static inline void put_u32(struct file *f, uint64_t v) { put_u(f, v, 4); }
static inline void put_u64(struct file *f, uint64_t v) { put_u(f, v, 8); }

/* Octets of a frame: 0xA0 and on, no two neighbours equal. */
static inline void put_data(struct file *f, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		put_u8(f, 0xa0 + i % 89);
}

static inline void patch_u32(struct file *f, size_t at, uint32_t v)
{
	struct file g = file_make(f->big);

	put_u32(&g, v);
	assert_true(at + 4 <= f->octets.len);
	memcpy(f->octets.p + at, g.octets.p, 4);
	buffer_fini(&g.octets);
}

/* --- telling ------------------------------------------------------------- */

static inline void tell(struct buffer *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void tell(struct buffer *b, const char *format, ...)
{
	char text[600];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	assert_true(len >= 0 && (size_t)len < sizeof(text));
	assert_true(buffer_append(b, text, (size_t)len));
}

/* Are they the octets of put_data? */
static inline bool is_data(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] != (uint8_t)(0xa0 + i % 89))
			return false;
	return true;
}

static inline void tell_frame(struct buffer *b, const struct frame *f)
{
	tell(b, "%" PRIu64 " ", f->number);
	if (f->ts_ns == SW_NO_TIME)
		tell(b, "-");
	else
		tell(b, "%" PRId64, f->ts_ns);
	tell(b, " %" PRId64 " lt=%" PRIu32 " %zu/%" PRIu32, f->resolution_ns,
	    f->link_type, f->octets.len, f->wire_len);
	if (f->interface)
		tell(b, " if=%" PRIu32, f->interface);
	if (f->anomalies & ANOMALY_BIT(ANOMALY_SNAPPED))
		tell(b, " snapped");
	if (f->anomalies & ANOMALY_BIT(ANOMALY_TRUNCATED_INPUT))
		tell(b, " cut");
	if (f->anomalies & ANOMALY_BIT(ANOMALY_FRAMES_DROPPED))
		tell(b, " dropped");
	if (!is_data(f->octets))
		tell(b, " OTHER");
	tell(b, "\n");
}

/* Warnings without the name of the file. */
static inline void tell_account(struct buffer *b, const struct account *a)
{
	static const struct {
		enum account_counter counter;
		const char *name;
	} counters[] = {
		{ ACCOUNT_FRAMES, "frames" },
		{ ACCOUNT_FRAMES_BAD_RECORD, "bad" },
		{ ACCOUNT_FRAMES_DROPPED, "dropped" },
		{ ACCOUNT_FRAMES_NOT_IP, "not-ip" },
		{ ACCOUNT_FRAMES_LINK_TYPE, "link-type" },
		{ ACCOUNT_LIMIT_OTHER, "limit" },
	};
	const struct account_entry *e;
	size_t i;

	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (a->counters[counters[i].counter] > 0)
			tell(b, "%s=%" PRIu64 "\n", counters[i].name,
			    a->counters[counters[i].counter]);
	for (e = a->lists[ACCOUNT_LIST_WARNINGS]; e; e = e->next) {
		struct slice text = slice_make(e->text, e->len);
		struct slice words = slice_from(text, slice_find_nocase(text,
		    slice_str(": ")));

		tell(b, "W%.*s\n", (int)words.len - 1,
		    (const char *)words.p + 1);
	}
	for (e = a->lists[ACCOUNT_LIST_LINK_TYPES]; e; e = e->next)
		tell(b, "L %.*s\n", (int)e->len, (const char *)e->text);
}

enum { CASE_FRAMES = 3 }; /* asked for at once */

/* Frames by turns one at a time and some at once: the same come out. */
static inline int take_frames(struct capture *c, unsigned turn,
    struct frame frames_r[CASE_FRAMES], struct sw_err *err)
{
	return turn % 2 == 0 ? capture_next(c, frames_r, err) :
	    capture_take(c, frames_r, CASE_FRAMES, err);
}

/*
 * All that a capture holds.  When would_block promised that octets stay, those
 * of the frame before must still be there.
 */
static inline void tell_capture(struct buffer *b, struct source *s)
{
	struct sw_err err = { SW_OK, 0, "" };
	struct account account;
	struct capture *c;
	struct frame f[CASE_FRAMES], before = { 0 };
	bool stays = false;
	struct sw_clock clock;
	unsigned turn = 0;
	int r, i;

	account_init(&account);
	r = capture_open(s, &account, &c, &err);
	if (r != SW_OK) {
		const char *words = strstr(err.text, ": ");

		tell(b, "refused%s\n", words ? words : err.text);
		account_fini(&account);
		return;
	}
	tell(b, "%s\n", capture_describe(c, &clock));
	while ((r = take_frames(c, turn++, f, &err)) > 0) {
		if (stays)
			assert_true(is_data(before.octets));
		assert_true(r <= CASE_FRAMES);
		for (i = 0; i < r; i++)
			tell_frame(b, &f[i]);
		before = f[r - 1];
		stays = !capture_would_block(c) && is_data(before.octets);
	}
	if (r < 0) {
		tell(b, "error %d\n", r);
		/* Once. */
		assert_int_equal(capture_next(c, f, &err), 0);
	}
	assert_int_equal(capture_next(c, f, &err), 0);
	tell_account(b, &account);
	capture_free(&c);
	account_fini(&account);
}

/* --- reading ------------------------------------------------------------- */

enum from { FROM_MEMORY, FROM_FILE, FROM_PIPE, FROM_COUNT };

struct writer {
	int fd;
	struct slice octets;
};

/* A few octets at a time. */
static inline void *write_slowly(void *arg)
{
	struct writer *w = arg;
	size_t done = 0, n = 1;

	while (done < w->octets.len) {
		if (n > w->octets.len - done)
			n = w->octets.len - done;
		if (write(w->fd, w->octets.p + done, n) != (ssize_t)n)
			break;
		done += n;
		n = n % 7 + 1 + (done > 20000 ? 4000 : 0);
	}
	close(w->fd);
	return NULL;
}

static inline void read_memory(struct buffer *b, struct slice octets)
{
	struct source *s;
	/* A copy of its own: reading beyond it is found. */
	uint8_t *copy = malloc(octets.len ? octets.len : 1);

	assert_non_null(copy);
	if (octets.len)
		memcpy(copy, octets.p, octets.len);
	assert_int_equal(source_open_memory(slice_make(copy, octets.len),
	    "memory", &s, NULL), SW_OK);
	tell_capture(b, s);
	source_free(&s);
	free(copy);
}

static inline int temporary_file(char path[static 32])
{
	int fd;

	memcpy(path, "/tmp/smtpwire-test-XXXXXX", 26);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	return fd;
}

static inline void read_file(struct buffer *b, struct slice octets)
{
	char path[32];
	int fd = temporary_file(path);
	struct source *s;

	assert_int_equal(write(fd, octets.p, octets.len), octets.len);
	close(fd);
	assert_int_equal(source_open(path, NULL, &s, NULL), SW_OK);
	unlink(path);
	tell_capture(b, s);
	source_free(&s);
}

static inline void read_pipe(struct buffer *b, struct slice octets,
    const char *tmpdir)
{
	struct writer w = { -1, octets };
	struct source *s;
	pthread_t thread;
	char path[32];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	w.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &w), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(source_open(path, tmpdir, &s, NULL), SW_OK);
	tell_capture(b, s);
	/* The writer may still have something to write. */
	for (char rest[4096]; read(fds[0], rest, sizeof(rest)) > 0;)
		;
	pthread_join(thread, NULL);
	source_free(&s);
	close(fds[0]);
}

static inline void check_from(enum from from, struct slice octets,
    const char *expected)
{
	struct buffer b;

	buffer_init(&b, SIZE_MAX);
	switch (from) {
	case FROM_MEMORY:
		read_memory(&b, octets);
		break;
	case FROM_FILE:
		read_file(&b, octets);
		break;
	case FROM_PIPE:
		read_pipe(&b, octets, NULL);
		break;
	case FROM_COUNT:
		break;
	}
	assert_true(buffer_append_char(&b, '\0'));
	if (strcmp((const char *)b.p, expected) != 0)
		print_error("from %d:\n", (int)from);
	assert_string_equal((const char *)b.p, expected);
	buffer_fini(&b);
}

/* What a file tells, whatever it is read from.  Frees the file. */
static inline void check_file(struct file *f, const char *expected)
{
	enum from from;

	for (from = FROM_MEMORY; from < FROM_COUNT; from++)
		check_from(from, buffer_slice(&f->octets), expected);
	buffer_fini(&f->octets);
}

/* A file cut at every octet: nothing may go wrong. */
static inline void check_cuts(const struct file *f)
{
	size_t len;

	for (len = 0; len <= f->octets.len; len++) {
		struct buffer b;

		buffer_init(&b, SIZE_MAX);
		read_memory(&b, slice_make(f->octets.p, len));
		buffer_fini(&b);
	}
}

/* Each octet of a file in turn made something else. */
static inline void check_damage(struct file *f)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	size_t i, k;

	for (i = 0; i < f->octets.len; i++) {
		uint8_t was = f->octets.p[i];

		for (k = 0; k < sizeof(values); k++) {
			struct buffer b;

			f->octets.p[i] = values[k];
			buffer_init(&b, SIZE_MAX);
			read_memory(&b, buffer_slice(&f->octets));
			buffer_fini(&b);
		}
		f->octets.p[i] = was;
	}
}

#endif
