/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dialogue_script.h - the dialogue driven by scripts
 *
 * A script is a text of deliveries, one a line: who (C, S; c, s: without
 * having seen the latest of the other side), a blank, octets: | is CR LF, and
 * \r \n \t \0 \xHH as in C.  `-C 12` and `-S 12` are gaps, `-S ?` at the start
 * that nobody saw where the server's octets begin; `C.` and `S.` a FIN, `C!`
 * and `S!` a RST.  Each script is played as it stands, octet by octet,
 * in every cut of one delivery, and with somebody who wants the octets of
 * bodies: all must tell the same, in the words of the text form.
 */
#ifndef DIALOGUE_SCRIPT_H
#define DIALOGUE_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "emit/emit.h"
#include "smtp/dialogue.h"

/* How deliveries are cut: not, not but bodies are wanted, into octets, or one
 * of them at one place. */
enum { WHOLE, WATCHED, OCTETS, ONE_CUT };
enum { DELIVERIES = 64 };

struct play {
	struct dialogue *d;
	struct session_builder *b;
	uint64_t sent[2], seen_by[2]; /* seen_by[dir]: of dir's octets */
	bool seen[2];
	bool opener_known;
	uint64_t at;
	int how;
	size_t delivery, cut; /* of ONE_CUT */
	size_t deliveries, len[DELIVERIES];
};

static int hex(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* The octets of a script's line, un-escaped; returns how many. */
static size_t unescape(const char *s, size_t len, uint8_t *out)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (s[i] == '|') {
			out[n++] = '\r';
			out[n++] = '\n';
			continue;
		}
		if (s[i] != '\\') {
			out[n++] = (uint8_t)s[i];
			continue;
		}
		switch (s[++i]) {
		case 'r': out[n++] = '\r'; break;
		case 'n': out[n++] = '\n'; break;
		case 't': out[n++] = '\t'; break;
		case '0': out[n++] = '\0'; break;
		case 'x':
			out[n++] = (uint8_t)(hex(s[i + 1]) << 4 |
			    hex(s[i + 2]));
			i += 2;
			break;
		default: out[n++] = (uint8_t)s[i]; break;
		}
	}
	return n;
}

static struct origin here(const struct play *p)
{
	struct origin o = { p->at, (int64_t)p->at * 1000000, 0 };

	return o;
}

static void deliver(struct play *p, int dir, const uint8_t *octets,
    size_t len)
{
	struct delivery o = { 0 };
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, octets, len);
	o.dir = dir;
	o.octets = slice_make(copy, len);
	o.origin = here(p);
	o.offset = p->sent[dir];
	o.acked = p->seen_by[1 - dir];
	o.acked_known = o.other_seen = p->seen[1 - dir];
	dialogue_feed(p->d, &o);
	free(copy);
	p->sent[dir] += len;
}

static void play_octets(struct play *p, int dir, bool late,
    const char *line, size_t line_len)
{
	uint8_t *octets = malloc(2 * line_len + 1);
	size_t len, i;

	assert_non_null(octets);
	len = unescape(line, line_len, octets);
	if (!late)
		p->seen_by[1 - dir] = p->sent[1 - dir];
	if (p->how == OCTETS) {
		for (i = 0; i < len; i++)
			deliver(p, dir, octets + i, 1);
	} else if (p->how == ONE_CUT && p->deliveries == p->delivery &&
	    p->cut < len) {
		deliver(p, dir, octets, p->cut);
		deliver(p, dir, octets + p->cut, len - p->cut);
	} else {
		deliver(p, dir, octets, len);
	}
	p->seen[dir] = true;
	assert_true(p->deliveries < DELIVERIES);
	p->len[p->deliveries++] = len;
	free(octets);
}

static void play_gap(struct play *p, const char *line)
{
	int dir = line[1] == 'S';
	uint64_t len = 0;

	for (line += 3; *line >= '0' && *line <= '9'; line++)
		len = len * 10 + (uint64_t)(*line - '0');
	dialogue_gap(p->d, dir, len, here(p));
	p->sent[dir] += len;
	p->seen[dir] = true;
}

static void play_line(struct play *p, const char *line, size_t len)
{
	int dir = (line[0] | 32) == 's';

	p->at++;
	if (line[0] == '-')
		play_gap(p, line);
	else if (len == 2)
		dialogue_close(p->d, dir, line[1] == '!', here(p));
	else
		play_octets(p, dir, line[0] >= 'a', line + 2, len - 2);
}

static void finish(struct play *p)
{
	struct dialogue_end end = { 0 };
	int dir;

	end.origin = here(p);
	end.ending = SW_ENDING_INPUT_ENDED;
	end.input_ended = true;
	for (dir = 0; dir < 2; dir++) {
		end.seen[dir] = p->seen[dir];
		end.acked_known[dir] = p->seen[1 - dir];
		end.acked[dir] = p->seen_by[dir];
	}
	dialogue_finish(p->d, &end);
	session_finish(p->b);
	assert_false(session_failed(p->b));
}

/* Without the session's heading and the blank line at its end. */
static void only_events(struct buffer *out)
{
	const uint8_t *lf = memchr(out->p, '\n', out->len);
	size_t head;

	assert_non_null(lf);
	head = (size_t)(lf - out->p) + 1;
	out->len -= head;
	memmove(out->p, out->p + head, out->len);
	while (out->len > 1 && out->p[out->len - 2] == '\n')
		out->len--;
	buffer_append_char(out, '\0');
}

/* --- bodies that are wanted, and not used -------------------------------- */

static void *on_open(void *ctx, uint32_t n)
{
	(void)n;
	return ctx;
}

static void on_octets(void *ctx, void *body, struct slice octets)
{
	(void)ctx;
	(void)body;
	(void)octets;
}

static void on_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	(void)ctx;
	(void)body;
	(void)offset;
	(void)len;
}

static void on_close(void *ctx, void *body)
{
	(void)ctx;
	(void)body;
}

static enum sw_status on_settle(void *ctx, void *body,
    const struct sw_session *s, struct sw_message *m, bool keep,
    struct arena *arena, struct sw_err *err)
{
	(void)ctx;
	(void)body;
	(void)s;
	(void)m;
	(void)keep;
	(void)arena;
	(void)err;
	return SW_OK;
}

/* --- playing -------------------------------------------------------------- */

static struct play play(const char *script, bool opener_known, int how,
    size_t delivery, size_t cut, struct buffer *text, struct buffer *json)
{
	struct play p = { 0 };
	struct body_ops bodies = { &p, on_open, on_octets, on_gap, on_close,
		on_settle };
	struct session_options options = { 0 };
	struct emit_options no_times = { false, true, false, false, NULL };
	struct emit_options normal = { true, false, false, false, NULL };
	struct dialogue_start start = { .opener_known = opener_known,
		.server_dir = 1 };
	const char *line = script;
	struct sw_err err;

	p.how = how;
	p.delivery = delivery;
	p.cut = cut;
	options.hash = true;
	if (how == WATCHED)
		options.body_ops = &bodies;
	if (strncmp(line, "-S ?\n", 5) == 0) {
		start.answer_lost = true;
		line += 5;
	}
	assert_int_equal(session_builder_new(&options, &p.b), SW_OK);
	assert_int_equal(dialogue_new(p.b, &start, &p.d), SW_OK);
	while (*line) {
		size_t len = strcspn(line, "\n");

		play_line(&p, line, len);
		line += len + (line[len] == '\n');
	}
	finish(&p);
	buffer_init(text, 1 << 22);
	buffer_init(json, 1 << 22);
	assert_true(emit_text(text, session_get(p.b), 1, &no_times));
	assert_true(emit_jsonl(json, session_get(p.b), &normal));
	only_events(text);
	assert_int_equal(session_settle(p.b, false, &err), SW_OK);
	dialogue_free(&p.d);
	assert_null(p.d);
	session_builder_free(&p.b);
	return p;
}

static void same(const char *script, bool opener_known, int how,
    size_t delivery, size_t cut, const struct buffer *want)
{
	struct buffer text, json;

	play(script, opener_known, how, delivery, cut, &text, &json);
	if (!slice_eq(buffer_slice(want), buffer_slice(&json))) {
		print_error("cut %d, delivery %zu at %zu:\n%s", how,
		    delivery, cut, (const char *)text.p);
		fail_msg("%s", script);
	}
	buffer_fini(&text);
	buffer_fini(&json);
}

static void check(const char *script, bool opener_known, const char *want)
{
	struct buffer text, json;
	struct play p = play(script, opener_known, WHOLE, 0, 0, &text, &json);
	size_t i, k;

	if (strcmp((const char *)text.p, want) != 0) {
		print_error("--- got\n%s--- want\n%s", (const char *)text.p,
		    want);
		fail_msg("%s", script);
	}
	same(script, opener_known, WATCHED, 0, 0, &json);
	same(script, opener_known, OCTETS, 0, 0, &json);
	for (i = 0; i < p.deliveries; i++)
		for (k = 1; k < p.len[i]; k++)
			same(script, opener_known, ONE_CUT, i, k, &json);
	buffer_fini(&text);
	buffer_fini(&json);
}

struct script {
	const char *name;
	bool opener_known;
	const char *script, *want;
};

static void check_scripts(const struct script *scripts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		check(scripts[i].script, scripts[i].opener_known,
		    scripts[i].want);
}

#endif
