/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_smtp.c - octets of both directions through the dialogue
 *
 * Input: an octet of options (bit 0: the SYN was seen; bits 1 and 2: which
 * direction is the server's by its port, 0 and 3: not known; bit 3: the input
 * ends; bit 4: secrets are shown; bit 5: the octets of operations 2 and 5 are
 * repeated 1 to 4096 times, as a further octet says: what is there in large
 * numbers reaches the limits; bits 6 and 7: somebody wants the octets of
 * bodies, where octets come one by one and where they do not), then operations.
 * An operation's octet:
 * bits 0 to 2 what (0 to 2: the opener's octets, 3 to 5: the other's, 6: a
 * gap, 7: a close), bit 3 whether it acknowledges all of the other direction
 * or only what was acknowledged before, bit 4 (gap and close) direction, bit 5
 * a reset, or bits 4 to 7 the number of lines that octets go to.
 *
 * Whatever comes: numbers are in order and refer to what is there, sizes add
 * up, JSON is JSON, and octets that come one by one tell the same, unless more
 * of them wait than are kept: how much more depends on how they come.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "emit/emit.h"
#include "smtp/dialogue_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct script {
	struct dialogue *d;
	struct session_builder *b;
	struct slice rest;
	bool one_by_one, repeats;
	bool too_many;              /* may wait: which are decided early */
	size_t expanded;            /* octets that repetition added */
	uint64_t sent[2], acked[2]; /* acked[dir]: of dir's octets */
	bool seen[2], closed[2];
	uint64_t at;
	uint64_t octets;            /* in all */
};

static void broken(const char *what, int line)
{
	fprintf(stderr, "fuzz_smtp.c:%d: not so: %s\n", line, what);
	abort();
}

/* Octets of one delivery that are repeated, and those of all: in a build of
 * small limits (see base/limits.h) little is enough for them. */
#define REPEATED_MAX LIMIT_OR_SMALL(2u << 20, 8192u)
#define EXPANDED_MAX LIMIT_OR_SMALL(6u << 20, 32768u)

#define require(good) ((good) ? (void)0 : broken(#good, __LINE__))

static uint8_t next_octet(struct script *s)
{
	uint8_t c = s->rest.len > 0 ? s->rest.p[0] : 0;

	s->rest = slice_from(s->rest, 1);
	return c;
}

static struct origin here(const struct script *s)
{
	struct origin o = { s->at, (int64_t)s->at * 1000000, 0 };

	return o;
}

/* The next n lines of the input, or all of it. */
static struct slice next_lines(struct script *s, unsigned n)
{
	size_t len = 0;

	while (n-- > 0 && len < s->rest.len) {
		const uint8_t *lf = memchr(s->rest.p + len, '\n',
		    s->rest.len - len);

		len = lf ? (size_t)(lf - s->rest.p) + 1 : s->rest.len;
	}
	return slice_head(s->rest, len);
}

/* May a limit of what waits be reached by so many further octets? */
static bool may_be_too_many(const struct dialogue *d, size_t len)
{
	return d->guess.octets.len + len > LIMIT_PROVISIONAL ||
	    len > LIMIT_LINE || d->late_octets + len > LIMIT_LATE_OCTETS ||
	    d->late_count + len / 4 > LIMIT_LATE;
}

static void deliver(struct script *s, int dir, struct slice octets)
{
	struct delivery o = { 0 };
	uint8_t *copy = malloc(octets.len ? octets.len : 1);

	require(copy != NULL);
	if (octets.len > 0)
		memcpy(copy, octets.p, octets.len);
	o.dir = dir;
	o.octets = slice_make(copy, octets.len);
	o.origin = here(s);
	o.offset = s->sent[dir];
	o.acked = s->acked[1 - dir];
	o.acked_known = s->seen[1 - dir];
	o.other_seen = s->seen[1 - dir];
	s->too_many = s->too_many || may_be_too_many(s->d, octets.len);
	dialogue_feed(s->d, &o);
	free(copy);
	s->sent[dir] += octets.len;
}

/* What is repeated comes whole, or its first time octet by octet and then so
 * that pieces end anywhere. */
static void deliver_often(struct script *s, int dir, struct slice lines,
    size_t times)
{
	size_t len = lines.len * times, i;
	uint8_t *all = malloc(len);

	require(all != NULL);
	for (i = 0; i < len; i++)
		all[i] = lines.p[i % lines.len];
	for (i = 0; i < len;) {
		struct slice rest = slice_make(all + i, len - i);

		if (s->one_by_one)
			rest = slice_head(rest, i < lines.len ? 1 : 61);
		deliver(s, dir, rest);
		i += rest.len;
	}
	free(all);
	s->octets += len;
	s->expanded += len - lines.len;
}

/* How often a delivery comes, of what is left of the most. */
static size_t times_of(struct script *s, uint8_t op, size_t len)
{
	size_t times, most = EXPANDED_MAX - s->expanded;

	if (!s->repeats || op % 8 % 3 != 2 || len == 0)
		return 1;
	times = (size_t)1 << (next_octet(s) % 13);
	if (most > REPEATED_MAX)
		most = REPEATED_MAX;
	return times - 1 > most / len ? most / len + 1 : times;
}

static void octets(struct script *s, uint8_t op)
{
	int dir = (op & 7) >= 3;
	struct slice lines = next_lines(s, 1 + (op >> 4));
	size_t i, times;

	s->rest = slice_from(s->rest, lines.len);
	times = times_of(s, op, lines.len);
	if (lines.len == 0 || s->closed[dir])
		return;
	if (!(op & 8))
		s->acked[1 - dir] = s->sent[1 - dir];
	s->seen[dir] = true;
	if (times > 1) {
		deliver_often(s, dir, lines, times);
		return;
	}
	if (!s->one_by_one)
		deliver(s, dir, lines);
	for (i = 0; s->one_by_one && i < lines.len; i++)
		deliver(s, dir, slice_make(lines.p + i, 1));
	s->octets += lines.len;
}

static void gap(struct script *s, uint8_t op)
{
	int dir = op >> 4 & 1;
	uint64_t len = 1 + (uint64_t)next_octet(s);

	if (s->closed[dir])
		return;
	dialogue_gap(s->d, dir, len, here(s));
	s->sent[dir] += len;
	s->seen[dir] = true;
}

static void end(struct script *s, bool input_ended)
{
	struct dialogue_end e = { 0 };
	int dir;

	e.origin = here(s);
	e.input_ended = input_ended;
	e.ending = SW_ENDING_INPUT_ENDED;
	for (dir = 0; dir < 2; dir++) {
		e.seen[dir] = s->seen[dir];
		e.acked_known[dir] = s->seen[1 - dir];
		e.acked[dir] = s->acked[dir];
	}
	dialogue_finish(s->d, &e);
}

static void play(struct script *s, bool input_ended)
{
	while (s->rest.len > 0) {
		uint8_t op = next_octet(s);
		int dir = op >> 4 & 1;

		s->at++;
		if ((op & 7) < 6) {
			octets(s, op);
		} else if ((op & 7) == 6) {
			gap(s, op);
		} else if (!s->closed[dir]) {
			dialogue_close(s->d, dir, op >> 5 & 1, here(s));
			s->closed[dir] = true;
			if (op >> 5 & 1)
				s->closed[1 - dir] = true;
		}
	}
	end(s, input_ended);
}

/* --- what must hold ------------------------------------------------------- */

static void check_reference(const struct sw_session *s, uint32_t n,
    uint32_t to)
{
	require(to < n && to < 1000000);
	if (to > 0 && to <= s->event_count)
		require(s->events[to - 1].kind == SW_EVENT_COMMAND ||
		    s->events[to - 1].kind == SW_EVENT_DATA);
}

/* BDAT has one run of octets, no more than it says (RFC 3030 2). */
static void check_chunk(const struct sw_session *s, const struct sw_data *d,
    uint32_t *before)
{
	const struct sw_command *c;
	struct slice digits;
	uint64_t n;
	size_t i;

	if (d->of == 0 || d->of > s->event_count ||
	    s->events[d->of - 1].kind != SW_EVENT_COMMAND)
		return;
	c = &s->events[d->of - 1].u.command;
	if (!slice_eq(slice_make(c->verb.data, c->verb.len), slice_str("BDAT")))
		return;
	require(d->of != *before);
	*before = d->of;
	digits = slice_make(c->argument.data, c->argument.len);
	for (i = 0; i < digits.len && ascii_is_digit(digits.p[i]); i++)
		;
	if (slice_to_u64(slice_head(digits, i), &n))
		require((uint64_t)d->octets <= n);
}

static uint64_t check_event(const struct sw_session *s, size_t i)
{
	const struct sw_event *e = &s->events[i];

	require(e->n == i + 1 && e->kind < SW_EVENT_KIND_COUNT);
	require(e->at_first <= e->at_last && e->time <= e->end);
	require(e->flags < SW_BIT(SW_FLAG_COUNT));
	switch (e->kind) {
	case SW_EVENT_COMMAND:
		require(e->u.command.octets == SW_UNKNOWN ||
		    e->u.command.octets >= (int64_t)e->u.command.line.len);
		return e->u.command.octets < 0 ? 0 :
		    (uint64_t)e->u.command.octets;
	case SW_EVENT_REPLY:
		check_reference(s, e->n, e->u.reply.to);
		require(e->u.reply.line_count > 0 &&
		    e->u.reply.line_count <= LIMIT_REPLY_LINES);
		return e->u.reply.octets < 0 ? 0 :
		    (uint64_t)e->u.reply.octets;
	case SW_EVENT_DATA:
		check_reference(s, e->n, e->u.data.of);
		require(e->u.data.message <= s->message_count);
		require(e->u.data.size >= 0 &&
		    e->u.data.octets >= e->u.data.size);
		return (uint64_t)e->u.data.octets;
	default:
		return 0;
	}
}

static void check_message(const struct sw_session *s, size_t i)
{
	const struct sw_message *m = &s->messages[i];
	int64_t size = 0, missing = 0;
	bool any = false, unknown = false;
	/* it may lie before the record, or in what the client's is lost */
	bool may_lack_chunk = s->event_count > 0 &&
	    s->events[0].kind != SW_EVENT_CONNECT;
	size_t k;

	require(m->n == i + 1 && m->outcome < SW_OUTCOME_COUNT);
	require(m->recipient_count <= LIMIT_RECIPIENTS);
	for (k = 0; k < s->event_count; k++) {
		const struct sw_data *d = &s->events[k].u.data;

		if (s->events[k].kind == SW_EVENT_GAP &&
		    s->events[k].by == SW_CLIENT)
			may_lack_chunk = true;
		if (s->events[k].kind != SW_EVENT_DATA || d->message != m->n)
			continue;
		any = true;
		size += d->size;
		unknown = unknown || d->missing == SW_UNKNOWN;
		missing += d->missing;
	}
	if (s->omitted.events > 0)
		return;
	require(any ? m->size == size : m->size <= 0);
	if (any && (m->missing != SW_UNKNOWN || !may_lack_chunk))
		require(m->missing == (unknown ? SW_UNKNOWN : missing));
	/* of no octets: BDAT 0 LAST has no content */
	if (m->sha256.known)
		require(any ? m->missing == 0 : m->size == 0);
	if (any && m->header_size >= 0)
		require(m->header_size <= m->size);
}

static void check_session(const struct script *s)
{
	const struct sw_session *session = session_get(s->b);
	uint64_t octets = 0;
	uint32_t before = 0;
	size_t i;

	require(session->event_count <= LIMIT_EVENTS);
	require(session->note_count <= LIMIT_NOTES);
	for (i = 0; i < session->event_count; i++)
		octets += check_event(session, i);
	for (i = 0; i < session->event_count; i++)
		if (session->events[i].kind == SW_EVENT_DATA)
			check_chunk(session, &session->events[i].u.data,
			    &before);
	require(octets <= s->octets);
	for (i = 0; i < session->message_count; i++)
		check_message(session, i);
	for (i = 0; i < session->note_count; i++)
		require(session->notes[i].event < 1000000);
}

static void check_json(const struct buffer *out)
{
	json_error_t error;
	json_t *root = json_loadb((const char *)out->p, out->len - 1,
	    JSON_ALLOW_NUL, &error);

	if (!root)
		fprintf(stderr, "JSON: %s at %d\n", error.text,
		    error.position);
	require(root != NULL);
	json_decref(root);
}

/* Nothing for the terminal to obey. */
static void check_text(const struct sw_session *s)
{
	struct emit_options options = { false, false, false, false, NULL };
	struct buffer out;
	size_t i;

	buffer_init(&out, 64 << 20);
	require(emit_text(&out, s, 1, &options));
	for (i = 0; i < out.len; i++)
		require(out.p[i] == '\n' ||
		    (out.p[i] >= 0x20 && out.p[i] != 0x7f));
	buffer_fini(&out);
}

/* --- bodies that somebody wants ------------------------------------------ */

struct wanted {
	uint64_t octets;
	bool closed;
};

static void *on_open(void *ctx, uint32_t n)
{
	struct wanted *w = calloc(1, sizeof(*w));

	(void)ctx;
	require(w != NULL && n > 0);
	return w;
}

static void on_octets(void *ctx, void *body, struct slice octets)
{
	struct wanted *w = body;

	(void)ctx;
	require(!w->closed);
	w->octets += octets.len;
}

static void on_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	struct wanted *w = body;

	(void)ctx;
	require(!w->closed && offset >= w->octets);
	require(len > 0 || len == SW_UNKNOWN);
}

static void on_close(void *ctx, void *body)
{
	struct wanted *w = body;

	(void)ctx;
	require(!w->closed);
	w->closed = true;
}

static enum sw_status on_settle(void *ctx, void *body,
    const struct sw_session *s, struct sw_message *m, bool keep,
    struct arena *arena, struct sw_err *err)
{
	struct wanted *w = body;

	(void)ctx;
	(void)s;
	(void)arena;
	(void)err;
	require(w->closed || !keep);
	require(!keep || m->size == (int64_t)w->octets);
	free(w);
	return SW_OK;
}

static const struct body_ops wanted_ops = { NULL, on_open, on_octets, on_gap,
	on_close, on_settle };

/* true: how the octets came must make no difference. */
static bool run(const uint8_t *data, size_t size, bool one_by_one,
    struct buffer *out)
{
	struct emit_options options = { true, false, false, false, NULL };
	struct session_options so = { 0 };
	struct script s = { 0 };
	struct dialogue_start start = { 0 };
	struct sw_err err;

	s.rest = slice_make(data + 1, size - 1);
	s.one_by_one = one_by_one;
	s.repeats = data[0] & 32;
	so.hash = true;
	so.body_ops = data[0] & (one_by_one ? 64 : 128) ? &wanted_ops : NULL;
	so.show_secrets = data[0] & 16;
	start.opener_known = data[0] & 1;
	start.server_dir = (data[0] >> 1 & 3) == 1 ? 0 :
	    (data[0] >> 1 & 3) == 2 ? 1 : -1;
	require(session_builder_new(&so, &s.b) == SW_OK);
	require(dialogue_new(s.b, &start, &s.d) == SW_OK);
	play(&s, data[0] & 8);
	session_finish(s.b);
	require(!session_failed(s.b));
	check_session(&s);
	require(session_settle(s.b, true, &err) == SW_OK);
	require(emit_jsonl(out, session_get(s.b), &options));
	if (!one_by_one) {
		check_json(out);
		check_text(session_get(s.b));
	}
	dialogue_free(&s.d);
	session_builder_free(&s.b);
	return !s.too_many;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole, split;
	bool same;

	if (size < 2 || size > 20000)
		return 0;
	buffer_init(&whole, 64 << 20);
	buffer_init(&split, 64 << 20);
	same = run(data, size, false, &whole);
	same = run(data, size, true, &split) && same;
	if (same && !slice_eq(buffer_slice(&whole), buffer_slice(&split))) {
		fprintf(stderr, "whole %.*s\nsplit %.*s\n", (int)whole.len,
		    (const char *)whole.p, (int)split.len,
		    (const char *)split.p);
		require(false);
	}
	buffer_fini(&whole);
	buffer_fini(&split);
	return 0;
}
