/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_api.c - the library from outside, over every capture in pcaps/ */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <openssl/evp.h>

#include <smtpwire/smtpwire.h>

/* One content as the observer sees it. */
struct body {
	EVP_MD_CTX *hash;
	uint64_t size, missing;
	uint32_t n;
	bool unknown;
};

struct seen {
	size_t bodies, open, events, kept;
	uint64_t done, total;
};

static void *on_open(void *ctx, uint32_t message)
{
	struct seen *s = ctx;
	struct body *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->hash = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestInit_ex(b->hash, EVP_sha256(), NULL), 1);
	b->n = message;
	s->bodies++;
	s->open++;
	return b;
}

static void on_octets(void *ctx, void *body, const void *octets, size_t len)
{
	struct body *b = body;

	(void)ctx;
	b->size += len;
	EVP_DigestUpdate(b->hash, octets, len);
}

static void on_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	struct body *b = body;

	(void)ctx;
	assert_true(b->unknown || offset == b->size + b->missing);
	b->unknown = b->unknown || len < 0;
	b->missing += len > 0 ? (uint64_t)len : 0;
}

static void on_end(void *ctx, void *body, const struct sw_session *session,
    const struct sw_message *m, bool kept)
{
	struct seen *s = ctx;
	struct body *b = body;
	uint8_t digest[32];
	unsigned len;

	(void)session;
	assert_int_equal(m->n, b->n);
	assert_int_equal(m->size, b->size);
	assert_int_equal(EVP_DigestFinal_ex(b->hash, digest, &len), 1);
	if (m->sha256.known)
		assert_memory_equal(m->sha256.octets, digest, 32);
	if (m->missing >= 0)
		assert_int_equal(m->missing, b->missing);
	s->kept += kept;
	s->open--;
	EVP_MD_CTX_free(b->hash);
	free(b);
}

static void on_event(void *ctx, const struct sw_session *s,
    const struct sw_event *e)
{
	struct seen *seen = ctx;

	assert_true(e->n > 0 && e->kind < SW_EVENT_KIND_COUNT);
	assert_true(s->event_count > 0);
	seen->events++;
}

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct seen *s = ctx;

	assert_true(done >= s->done && done <= total);
	s->done = done;
	s->total = total;
}

static struct sw_options observing(struct seen *s)
{
	struct sw_options o;

	memset(s, 0, sizeof(*s));
	sw_options_init(&o);
	o.any_port = true;
	o.observer.ctx = s;
	o.observer.event = on_event;
	o.observer.body_open = on_open;
	o.observer.body_octets = on_octets;
	o.observer.body_gap = on_gap;
	o.observer.body_end = on_end;
	o.observer.progress = on_progress;
	return o;
}

/* --- what is written ----------------------------------------------------- */

struct text {
	char *p;
	size_t len;
};

static int append(void *ctx, const void *octets, size_t len)
{
	struct text *t = ctx;

	t->p = realloc(t->p, t->len + len + 1);
	assert_non_null(t->p);
	memcpy(t->p + t->len, octets, len);
	t->len += len;
	t->p[t->len] = '\0';
	return 0;
}

static void check_account(struct sw_reader *r)
{
	struct text t = { NULL, 0 };
	json_error_t error;
	json_t *root;

	assert_int_equal(sw_account_write(sw_reader_account(r), true, append,
	    &t), SW_OK);
	root = json_loadb(t.p, t.len, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(root);
	assert_true(json_is_object(root));
	json_decref(root);
	free(t.p);
}

static void check_lines(const struct text *t, size_t sessions)
{
	const char *line = t->p;
	size_t count = 0;

	while (line && *line) {
		size_t len = strcspn(line, "\n");
		json_t *root = json_loadb(line, len, JSON_REJECT_DUPLICATES |
		    JSON_ALLOW_NUL, NULL);

		assert_non_null(root);
		assert_int_equal(json_integer_value(json_object_get(root,
		    "transcript")), SW_TRANSCRIPT_VERSION);
		json_decref(root);
		line += len + 1;
		count++;
	}
	assert_int_equal(count, sessions);
}

/* Read files; the JSON lines of all sessions.  before: by start, else by the
 * frame that ended them. */
static struct text read_all(const struct sw_options *o,
    const char *const *names, size_t count, size_t *sessions_r)
{
	struct sw_print_options print = { .form = SW_FORM_JSONL };
	const struct sw_session *s;
	struct sw_printer *p = NULL;
	struct sw_reader *r = NULL;
	struct text t = { NULL, 0 };
	int64_t before = INT64_MIN;
	struct sw_err err;
	int got, number;

	*sessions_r = 0;
	assert_int_equal(sw_printer_new(&print, append, &t, &p), SW_OK);
	assert_int_equal(sw_reader_open(o, names, count, &r, &err), SW_OK);
	while ((got = sw_reader_next(r, &s, &err)) > 0) {
		assert_int_equal(sw_printer_session(p, s, &number), SW_OK);
		assert_true(!o->sort_start || s->start >= before);
		before = s->start;
		++*sessions_r;
	}
	assert_int_equal(got, 0);
	assert_int_equal(sw_reader_next(r, &s, &err), 0);
	assert_int_equal(sw_reader_failed(r), 0);
	check_account(r);
	sw_reader_free(&r);
	assert_null(r);
	sw_reader_free(&r);
	sw_printer_free(&p);
	return t;
}

static void check_capture(const char *name)
{
	size_t sessions, sorted, kept;
	struct sw_options o;
	struct text a, b;
	struct seen s;

	o = observing(&s);
	a = read_all(&o, &name, 1, &sessions);
	check_lines(&a, sessions);
	assert_true(sessions > 0 && s.events > 0);
	assert_int_equal(s.open, 0);
	assert_int_equal(s.kept, s.bodies);
	o = observing(&s);
	o.sort_start = true;
	b = read_all(&o, &name, 1, &sorted);
	assert_int_equal(sorted, sessions);
	assert_int_equal(b.len, a.len);
	free(b.p);
	/* Nothing passes; all content ends all the same. */
	o = observing(&s);
	o.filter.from = "=no one";
	b = read_all(&o, &name, 1, &kept);
	assert_int_equal(kept, 0);
	assert_int_equal(s.open, 0);
	assert_int_equal(s.kept, 0);
	free(b.p);
	free(a.p);
}

static void test_captures(void **state)
{
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(glob("pcaps/*.pcap", 0, NULL, &found), 0);
	for (i = 0; i < found.gl_pathc; i++)
		check_capture(found.gl_pathv[i]);
	globfree(&found);
}

/* --- what cannot be read ------------------------------------------------- */

static void test_errors(void **state)
{
	const char *const names[] = { "no such file",
		"pcaps/postfix-plain.pcap", "Makefile" };
	const struct sw_session *s;
	struct sw_reader *r = NULL;
	struct sw_options o;
	struct sw_err err;
	size_t sessions = 0, errors = 0;
	int got;

	(void)state;
	sw_options_init(&o);
	assert_int_equal(sw_reader_open(&o, names, 3, &r, &err), SW_OK);
	while ((got = sw_reader_next(r, &s, &err)) != 0) {
		sessions += got > 0;
		if (got > 0)
			continue;
		assert_true(got == SW_EREAD || got == SW_EFORMAT);
		assert_non_null(strstr(err.text, errors++ ? "Makefile" :
		    "no such file"));
	}
	assert_int_equal(errors, 2);
	assert_true(sessions > 0);
	assert_int_equal(sw_reader_failed(r), 2);
	sw_reader_free(&r);

	o.bpf = "this is none";
	assert_int_equal(sw_reader_open(&o, names + 1, 1, &r, &err),
	    SW_EUSAGE);
	assert_null(r);
	sw_options_init(&o);
	o.eml_dir = "Makefile/mails";
	assert_int_equal(sw_reader_open(&o, names + 1, 1, &r, &err),
	    SW_EWRITE);
	assert_null(r);
}

/* --- attempts ------------------------------------------------------------ */

/* A capture of SYNs, as a pcap of raw IP. */
static void write_syns(const char *name, unsigned count)
{
	static const uint8_t head[] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 101, 0, 0, 0 };
	uint8_t frame[16 + 40] = { [8] = 40, [12] = 40, [16] = 0x45,
		[19] = 40, [24] = 64, [25] = 6, [28] = 192, [30] = 2,
		[31] = 7, [32] = 192, [34] = 2, [35] = 25, [39] = 25,
		[48] = 0x50, [49] = 2, [50] = 0xff };
	FILE *f = fopen(name, "wb");
	unsigned i;

	assert_non_null(f);
	fwrite(head, 1, sizeof(head), f);
	for (i = 0; i < count; i++) {
		frame[0] = (uint8_t)i; /* second */
		frame[36] = 0x9c;
		frame[37] = (uint8_t)i; /* client's port */
		fwrite(frame, 1, sizeof(frame), f);
	}
	assert_int_equal(fclose(f), 0);
}

static void test_attempts(void **state)
{
	char name[] = "/tmp/smtpwire-api-XXXXXX";
	const char *const names[] = { name };
	const struct sw_session *s;
	struct sw_reader *r = NULL;
	struct sw_options o;
	struct sw_err err;
	size_t count = 0;

	(void)state;
	assert_true(mkstemp(name) >= 0);
	write_syns(name, 3);
	sw_options_init(&o);
	assert_int_equal(sw_reader_open(&o, names, 1, &r, &err), SW_OK);
	assert_int_equal(sw_reader_next(r, &s, &err), 0);
	sw_reader_free(&r);
	o.attempts = true;
	assert_int_equal(sw_reader_open(&o, names, 1, &r, &err), SW_OK);
	while (sw_reader_next(r, &s, &err) > 0) {
		assert_int_equal(s->ending, SW_ENDING_NO_ANSWER);
		assert_int_equal(s->event_count, 1);
		assert_int_equal(s->events[0].kind, SW_EVENT_CONNECT);
		assert_int_equal(s->server.port, 25);
		count++;
	}
	assert_int_equal(count, 3);
	sw_reader_free(&r);
	remove(name);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
