/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_watch.c - a log that grows beside an interface
 *
 * Input: an octet of options, the log as it grows, a line "--vs", and what the
 * interface saw: a capture, transcripts, or any other input.  Octets of the log
 * that are of enum op say what happens in between.  Bits of the options: 0:
 * JSON; 1: what stands in front of the first op is there at first; 2: nothing
 * happens in between; 3: clocks at most 10 s apart; 4: some findings are
 * ignored; 5: no grace; 6: the interface's sessions come first.
 *
 * Each session is in one pair or alone or still waits, and none is told twice;
 * each line of JSON is one, and they add up to the summary.  When nothing
 * happened in between, pairs and findings are those of sw_check, but for the
 * order of sessions that are alike: so one of each side is compared.
 *
 * The clock is the fuzzer's own.
 */
#define _GNU_SOURCE /* memfd_create, memmem */

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include <smtpwire/report.h>

#include "fuzz/memory_file.h"
#include "logs/logs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
	OP_STEP = 1, /* read on and compare */
	OP_WIRE,     /* the next session of the interface */
	OP_SECOND,
	OP_SETTLE,   /* until a pair waits for no better one */
	OP_GRACE,    /* until what is alone is told */
	OP_FORGET,   /* ... and forgotten */
	OP_COUNT
};

enum { JSON = 1, AT_FIRST = 2, AT_ONCE = 4, NEAR = 8, IGNORE = 16,
	NO_GRACE = 32, WIRE_FIRST = 64 };

#define SECOND INT64_C(1000000000)
/* As in fuzz_follow.c. */
#define NAME_FD 200
#define NAME "/proc/self/fd/200"

static const char separator[] = "--vs\n";

/* --- the clock ------------------------------------------------------------ */

static int64_t clock_ns;

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, t);
	t->tv_sec = (time_t)(clock_ns / SECOND);
	t->tv_nsec = (long)(clock_ns % SECOND);
	return 0;
}

/* --- what is told --------------------------------------------------------- */

/* What is known of the sessions of both sides by id. */
struct sums {
	json_t *alone[2], *paired[2];
	uint64_t pairs; /* that were told */
};

static const char *id_of(const json_t *session)
{
	const char *id = json_string_value(json_object_get(session, "id"));

	require(id);
	return id;
}

static void add_pair(struct sums *sums, const json_t *line)
{
	static const char *const sides[] = { "left", "right" };
	bool late = json_is_true(json_object_get(line, "late"));
	bool was_told = false;

	for (int i = 0; i < 2; i++) {
		const char *id = id_of(json_object_get(line, sides[i]));

		require(!json_object_get(sums->paired[i], id));
		require(json_object_set_new(sums->paired[i], id,
		    json_true()) == 0);
		was_told = was_told || json_object_get(sums->alone[i], id);
		(void)json_object_del(sums->alone[i], id);
	}
	/* One that was counted, and not told as alone, may be late too. */
	require(late || !was_told);
	sums->pairs++;
}

static void add_alone(struct sums *sums, const json_t *line)
{
	const json_t *only = json_object_get(line, "only");
	const char *side = json_string_value(json_object_get(only, "side"));
	const char *id = id_of(only);
	int i;

	require(side && (strcmp(side, "left") == 0 ||
	    strcmp(side, "right") == 0));
	i = side[0] == 'r';
	require(strcmp(id, id_of(json_object_get(line, "session"))) == 0);
	require(!json_object_get(sums->paired[i], id));
	require(!json_object_get(sums->alone[i], id));
	require(json_object_set_new(sums->alone[i], id, json_true()) == 0);
}

static uint64_t count_of(const json_t *summary, const char *name, size_t i)
{
	const json_t *n = json_array_get(json_object_get(summary, name), i);

	require(json_is_integer(n) && json_integer_value(n) >= 0);
	return (uint64_t)json_integer_value(n);
}

/* Each session is somewhere, and in one place. */
static bool add_up(const struct sums *sums, const json_t *summary,
    const struct sw_report *r)
{
	bool all = true;

	require(r->pairs >= sums->pairs);
	for (size_t i = 0; i < 2; i++) {
		require(r->side[i].sessions == r->pairs + r->only_count[i] +
		    count_of(summary, "waiting", i) +
		    count_of(summary, "early", i) +
		    count_of(summary, "other", i) +
		    count_of(summary, "given_up", i));
		require(r->only_count[i] == json_object_size(sums->alone[i]));
		all = all && count_of(summary, "given_up", i) == 0;
	}
	return all;
}

/* false: some sessions were given up. */
static bool check_lines(const struct told *t, const struct sw_report *r)
{
	struct sums sums = { { json_object(), json_object() },
		{ json_object(), json_object() }, 0 };
	const uint8_t *p = t->p, *end = t->p + t->len, *lf;
	bool all = true, summary = false;

	for (; p < end; p = lf + 1) {
		json_t *line;

		lf = memchr(p, '\n', (size_t)(end - p));
		require(lf && !summary);
		line = json_loadb((const char *)p, (size_t)(lf - p),
		    JSON_ALLOW_NUL, NULL);
		require(line);
		if (json_object_get(line, "pair"))
			add_pair(&sums, line);
		else if (json_object_get(line, "only"))
			add_alone(&sums, line);
		else
			all = add_up(&sums, line, r), summary = true;
		json_decref(line);
	}
	require(summary);
	for (int i = 0; i < 2; i++) {
		json_decref(sums.alone[i]);
		json_decref(sums.paired[i]);
	}
	return all;
}

static void check_totals(const struct sw_report *r)
{
	uint64_t verdicts = 0;

	for (size_t i = 0; i < SW_VERDICT_COUNT; i++)
		verdicts += r->verdicts[i];
	require(verdicts == r->pairs);
	require(r->unexplained == r->only_count[0] + r->only_count[1]);
}

/* --- a run ---------------------------------------------------------------- */

struct run {
	uint8_t how;
	struct sw_watch *watch;
	struct sw_reader *wire;
	struct told told;
	int fd;
	uint8_t *log; /* without the ops */
	size_t len;
};

/* false: there are no more. */
static bool take_wire(struct run *r)
{
	const struct sw_session *s;
	struct sw_err err;
	int got;

	while ((got = sw_reader_next(r->wire, &s, &err)) < 0)
		require(got == SW_EREAD || got == SW_EFORMAT);
	if (got > 0)
		require(sw_watch_session(r->watch, s, &err) == SW_OK);
	return got > 0;
}

static void touch(int fd)
{
	static const struct timespec times[2] = { { 1704067200, 0 },
		{ 1704067200, 0 } };

	require(futimens(fd, times) == 0);
}

static void append(struct run *r, const uint8_t *p, size_t len)
{
	if (len == 0)
		return;
	require(pwrite(r->fd, p, len, (off_t)r->len) == (ssize_t)len);
	touch(r->fd);
	memcpy(r->log + r->len, p, len);
	r->len += len;
}

static void run_op(struct run *r, uint8_t op)
{
	static const int64_t seconds[OP_COUNT] = { [OP_SECOND] = 1,
		[OP_SETTLE] = 3, [OP_GRACE] = 61, [OP_FORGET] = 400 };
	struct sw_err err;

	if (r->how & AT_ONCE)
		return;
	clock_ns += seconds[op] * SECOND;
	if (op == OP_WIRE)
		(void)take_wire(r);
	else
		require(sw_watch_step(r->watch, &err) == SW_OK);
	while (sw_watch_warning(r->watch))
		;
}

static void open_watch(struct run *r)
{
	static const char *const name = NAME;
	struct sw_watch_options o;
	struct sw_err err;

	sw_watch_options_init(&o);
	o.logs = &name;
	o.log_count = 1;
	o.wire = "eth0";
	o.grace_s = r->how & NO_GRACE ? 0 : 60;
	o.max_offset_ns = r->how & NEAR ? 10 * SECOND : 0;
	o.ignore = r->how & IGNORE ? SW_BIT(SW_FOUND_REPLY_TEXT_CHANGED) : 0;
	o.report.json = r->how & JSON;
	o.report.context = 3;
	o.write = keep_harmless;
	o.ctx = &r->told;
	require(sw_watch_open(&o, &r->watch, &err) == SW_OK);
	clock_ns += 10 * SECOND;
}

static void grow(struct run *r, const uint8_t *p, size_t len)
{
	size_t n = until_operation(p, len, OP_COUNT);
	struct sw_err err;

	if (r->how & AT_FIRST)
		append(r, p, n);
	require(dup2(r->fd, NAME_FD) == NAME_FD);
	if (!(r->how & AT_FIRST))
		(void)close(NAME_FD);
	open_watch(r);
	require(dup2(r->fd, NAME_FD) == NAME_FD);
	if (!(r->how & AT_FIRST))
		append(r, p, n);
	while (r->how & WIRE_FIRST && take_wire(r))
		;
	while (n < len) {
		uint8_t op = p[n];

		p += n + 1;
		len -= n + 1;
		run_op(r, op);
		n = until_operation(p, len, OP_COUNT);
		append(r, p, n);
	}
	while (take_wire(r))
		;
	require(sw_watch_finish(r->watch, &err) == SW_OK);
}

/* --- the same, when both sides are complete ------------------------------- */

static bool is_log(const struct run *r)
{
	const struct log_format *format;
	struct source *s;
	enum sw_status status;

	require(source_open_memory(slice_make(r->log, r->len), NAME, &s,
	    NULL) == SW_OK);
	status = log_probe(s, &format, NULL);
	source_free(&s);
	return status == SW_OK && format;
}

/* Of several sessions alike the window takes those that ended first, and
 * sw_check those that stand first. */
static bool is_unordered(const struct sw_report *checked)
{
	return checked->side[0].sessions <= 1 &&
	    checked->side[1].sessions <= 1;
}

static void compare(const struct run *r, const struct memory_file *wire)
{
	const struct sw_report *watched = sw_watch_report(r->watch), *checked;
	static const char *const left = NAME;
	const char *right = wire->name;
	struct sw_check_options o;
	struct sw_check *c;
	struct sw_err err;

	sw_check_options_init(&o);
	o.max_offset_ns = r->how & NEAR ? 10 * SECOND : 0;
	o.ignore = r->how & IGNORE ? SW_BIT(SW_FOUND_REPLY_TEXT_CHANGED) : 0;
	require(sw_check_open(&o, &left, 1, &right, 1, &c, &err) == SW_OK);
	checked = sw_check_report(c);
	if (strcmp(checked->side[0].kind, "log") == 0 && is_log(r) &&
	    is_unordered(checked)) {
		for (size_t i = 0; i < 2; i++)
			require(checked->side[i].sessions ==
			    watched->side[i].sessions);
		require(checked->pairs == watched->pairs);
		require(memcmp(checked->verdicts, watched->verdicts,
		    sizeof(checked->verdicts)) == 0);
		require(memcmp(checked->findings, watched->findings,
		    sizeof(checked->findings)) == 0);
	}
	sw_check_free(&c);
}

static void open_wire(struct run *r, const struct memory_file *wire)
{
	const char *name = wire->name;
	struct sw_options o;
	struct sw_err err;

	sw_options_init(&o);
	require(sw_reader_open(&o, &name, 1, &r->wire, &err) == SW_OK);
}

static void write_account(const struct run *r)
{
	uint64_t told = 0;

	require(sw_watch_account_write(r->watch, sw_reader_account(r->wire),
	    take_harmless, &told) == SW_OK);
	require(told > 0);
}

static void run(uint8_t how, const uint8_t *log, size_t len,
    const struct memory_file *wire)
{
	struct run r = { .how = how };
	bool all = true;

	r.fd = memfd_create("log", MFD_CLOEXEC);
	r.log = malloc(len + 1);
	require(r.fd >= 0 && r.log);
	clock_ns = 1000 * SECOND;
	open_wire(&r, wire);
	grow(&r, log, len);
	check_totals(sw_watch_report(r.watch));
	if (how & JSON)
		all = check_lines(&r.told, sw_watch_report(r.watch));
	write_account(&r);
	if (all && (how & AT_ONCE) && !(how & AT_FIRST))
		compare(&r, wire);
	sw_watch_free(&r.watch);
	sw_reader_free(&r.wire);
	close(r.fd);
	(void)close(NAME_FD);
	free(r.told.p);
	free(r.log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t len = sizeof(separator) - 1;
	const uint8_t *at, *end = data + size;
	struct memory_file wire;

	if (size < 1)
		return 0;
	at = memmem(data + 1, size - 1, separator, len);
	memory_file_init(&wire, at ? at + len : end,
	    at ? (size_t)(end - at) - len : 0);
	touch(wire.fd);
	run(data[0], data + 1, (size_t)((at ? at : end) - (data + 1)),
	    &wire);
	memory_file_fini(&wire);
	return 0;
}
