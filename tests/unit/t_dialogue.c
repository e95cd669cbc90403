/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_dialogue.c - the dialogue, fed directly
 *
 * A script is a text of deliveries, one a line: who (C, S; c, s: without
 * having seen the latest of the other side), a blank, octets: | is CR LF, and
 * \r \n \t \0 \xHH as in C.  `-C 12` and `-S 12` are gaps, `-S ?` at the start
 * that nobody saw where the server's octets begin; `C.` and `S.` a FIN, `C!`
 * and `S!` a RST.  Each script is played as it stands, octet by octet,
 * in every cut of one delivery, and with somebody who wants the octets of
 * bodies: all must tell the same, in the words of the text form.
 */
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
	uint8_t octets[4096];
	size_t len = unescape(line, line_len, octets), i;

	assert_true(line_len <= sizeof(octets) / 2);
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
	buffer_init(text, 1 << 20);
	buffer_init(json, 1 << 20);
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

static const struct script scripts[] = {
	{ "an ordinary session", true,
	    "S 220 mx ESMTP|\n"
	    "C EHLO c|\n"
	    "S 250-mx|250 PIPELINING|\n"
	    "C MAIL FROM:<a@example.net>|\n"
	    "S 250 2.1.0 Ok|\n"
	    "C RCPT TO:<b@example.org>|\n"
	    "S 250 2.1.5 Ok|\n"
	    "C DATA|\n"
	    "S 354 go|\n"
	    "C Subject: x||..a|.|\n"
	    "S 250 2.0.0 Ok: queued as 4F1C|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n"
	    "S.\n"
	    "C.\n",
	    "  S  220 mx ESMTP\n"
	    "  C  EHLO c\n"
	    "  S  250-mx\n"
	    "  S  250 PIPELINING\n"
	    "  C  MAIL FROM:<a@example.net>\n"
	    "  S  250 2.1.0 Ok\n"
	    "  C  RCPT TO:<b@example.org>\n"
	    "  S  250 2.1.5 Ok\n"
	    "  C  DATA\n"
	    "  S  354 go\n"
	    "  C  [message 1: 18 octets, sha256 13d681be1c1d49f6]\n"
	    "  S  250 2.0.0 Ok: queued as 4F1C\n"
	    "  C  QUIT\n"
	    "  S  221 bye  {unacked}\n"
	    "  *  closed by the server\n" },
	{ "commands in one segment, a second mail behind the dot", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "S 250 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|DATA|\n"
	    "S 250 a|250 b|354 c|\n"
	    "C x|.|MAIL FROM:<c>|RCPT TO:<d>|QUIT|\n"
	    "S 250 1|250 2|550 3|221 4|\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  S  250 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  DATA  {pipelined}\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  354 c\n"
	    "  C  [message 1: 3 octets, sha256 b35e09fa2ced9ebc]\n"
	    "  C  MAIL FROM:<c>  {pipelined}\n"
	    "  C  RCPT TO:<d>  {pipelined}\n"
	    "  C  QUIT  {pipelined}\n"
	    "  S  250 1  {unacked}\n"
	    "  S  250 2  {unacked}\n"
	    "  S  550 3  {unacked}\n"
	    "  S  221 4  {unacked}\n" },
	{ "DATA refused after the client began", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|DATA|NOOP|.|\n"
	    "S 250 a|550 b|503 c|250 d|500 e|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  DATA  {pipelined}\n"
	    "  C  NOOP  {pipelined}\n"
	    "  C  .  {pipelined}\n"
	    "  S  250 a  {unacked}\n"
	    "  S  550 b  {unacked}\n"
	    "  S  503 c  {unacked}\n"
	    "  S  250 d  {unacked}\n"
	    "  S  500 e  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "content in flight behind DATA", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|DATA|NOOP|.|\n"
	    "S 250 a|250 b|354 c|\n"
	    "S 250 d|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  DATA  {pipelined}\n"
	    "  C  [message 1: 6 octets, sha256 b5baec143c273bca]  "
	    "{pipelined}\n"
	    "  S  250 a  {unacked}\n"
	    "  S  250 b  {unacked}\n"
	    "  S  354 c  {unacked}\n"
	    "  S  250 d  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "chunks", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|BDAT 3|a|BDAT 4 LAST|b\\0|\n"
	    "S 250 a|250 b|250 c|250 d|\n"
	    "C BDAT 3|\n"
	    "S 503 no|\n"
	    "C RSET|\n"
	    "S 250 ok|\n"
	    "C BDAT 3|x|\n"
	    "S 503 no|\n"
	    "C BDAT 99999999999999999999|\n"
	    "S 501 no|\n"
	    "C BDAT 0 LAST|\n"
	    "S 250 ok|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  BDAT 3  {pipelined}\n"
	    "  C  [message 1: 3 octets]  {pipelined}\n"
	    "  C  BDAT 4 LAST  {pipelined}\n"
	    "  C  [message 1: 4 octets]  {pipelined, nul}\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  250 c\n"
	    "  S  250 d\n"
	    "  C  BDAT 3\n"
	    "  S  503 no\n"
	    "  C  RSET\n"
	    "  S  250 ok\n"
	    "  C  BDAT 3\n"
	    "  C  [content of no message: 3 octets]  {refused}\n"
	    "  S  503 no\n"
	    "  C  BDAT 99999999999999999999\n"
	    "  S  501 no\n"
	    "  C  BDAT 0 LAST\n"
	    "  S  250 ok  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "chunks with a header, refused and not, cut and continued", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 a|\n"
	    "C BDAT 14|Subject: no|x\n"
	    "S 503 no|\n"
	    "C RCPT TO:<b>|BDAT 12|Subject: yes\n"
	    "C BDAT 12 LAST||||body|\n"
	    "S 250 b|250 c|\n"
	    "S 250 d|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 a|\n"
	    "C BDAT 30 LAST|Subject: cut||\n"
	    "-C 14\n"
	    "C QUIT|\n"
	    "S 250 e|221 f|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 a\n"
	    "  C  BDAT 14\n"
	    "  C  [content of no message: 14 octets]  {refused}\n"
	    "  S  503 no\n"
	    "  C  RCPT TO:<b>\n"
	    "  C  BDAT 12  {pipelined}\n"
	    "  C  [message 1: 12 octets]  {pipelined}\n"
	    "  C  BDAT 12 LAST  {pipelined}\n"
	    "  C  [message 1: 12 octets]  {pipelined}\n"
	    "  S  250 b\n"
	    "  S  250 c\n"
	    "  S  250 d\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 a\n"
	    "  C  BDAT 30 LAST\n"
	    "  C  [message 2: 16 octets, 14 missing at 16]  {inferred}\n"
	    "  C  QUIT  {pipelined}\n"
	    "  S  250 e  {unacked}\n"
	    "  S  221 f  {unacked}\n"
	    "  !  gap: 14 octets of the client's are missing from the "
	    "record.\n" },
	{ "the lost greeting is noticed while what was held is parsed", true,
	    "-S ?\n"
	    "C BDAT 3|\n"
	    "S 250 a\n"
	    "C abcNOOP|QUIT|\n"
	    "-C 10\n"
	    "C RSET|\n"
	    "S |250 b|\n",
	    "  C  BDAT 3\n"
	    "  C  [message 1: 3 octets]  {inferred}\n"
	    "  ---  an unknown number of octets of the server's are "
	    "missing\n"
	    "  C  NOOP\n"
	    "  C  QUIT  {pipelined}\n"
	    "  ---  10 octets of the client's are missing\n"
	    "  S  250 a  {after-gap}\n"
	    "  C  RSET  {pipelined, after-gap}\n"
	    "  S  250 b  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  gap: 10 octets of the client's are missing from the "
	    "record.\n"
	    "  !  gap: The first octets of the server's are missing "
	    "from the record.\n" },
	{ "a chunk in flight whose message's start is lost", true,
	    "S 220 mx|\n"
	    "-C 15\n"
	    "C RCPT TO:<b>|BDAT 19 LAST|Subject: some||\n"
	    "C |\n"
	    "S 250 a|250 b|\n"
	    "S 250 c|\n"
	    "C MAIL FROM:<>|RCPT TO:<b>|BDAT 5 LAST|a||\n"
	    "S 250 a|250 b|250 c|\n",
	    "  S  220 mx\n"
	    "  ---  15 octets of the client's are missing\n"
	    "  C  RCPT TO:<b>  {after-gap}\n"
	    "  C  BDAT 19 LAST  {pipelined}\n"
	    "  C  [message 1: 19 octets]  {pipelined, inferred}\n"
	    "  C  MAIL FROM:<>  {pipelined}\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  BDAT 5 LAST  {pipelined}\n"
	    "  C  [message 2: 5 octets, sha256 1ce14c505e23968a]  "
	    "{pipelined, inferred}\n"
	    "  S  250 a  {unacked}\n"
	    "  S  250 b  {unacked}\n"
	    "  S  250 c  {unacked}\n"
	    "  S  250 a  {unacked}\n"
	    "  S  250 b  {unacked}\n"
	    "  S  250 c  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  gap: 15 octets of the client's are missing from the "
	    "record.\n" },
	{ "a chunk in flight behind a gap and a MAIL not answered", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|\n"
	    "-C 9\n"
	    "C BDAT 5 LAST|a||\n"
	    "S 250 a|250 b|250 c|250 d|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|BDAT 5 LAST|a||\n"
	    "S 250 a|250 b|250 c|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  ---  9 octets of the client's are missing\n"
	    "  C  BDAT 5 LAST  {pipelined, after-gap}\n"
	    "  C  [message 1: 5 octets]  {pipelined, inferred}\n"
	    "  C  MAIL FROM:<a>  {pipelined}\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  BDAT 5 LAST  {pipelined}\n"
	    "  C  [message 2: 5 octets, sha256 1ce14c505e23968a]  "
	    "{pipelined, inferred}\n"
	    "  S  250 a  {unacked}\n"
	    "  S  250 b  {unacked}\n"
	    "  S  250 c  {unacked}\n"
	    "  S  250 d  {unacked}\n"
	    "  S  250 a  {unacked}\n"
	    "  S  250 b  {unacked}\n"
	    "  S  250 c  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  gap: 9 octets of the client's are missing from the "
	    "record.\n" },
	{ "a chunk that did not arrive", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 a|\n"
	    "C BDAT 3 LAST|\n"
	    "S 421-e|\n"
	    "c x|\n"
	    "s 421 f|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 a\n"
	    "  C  BDAT 3 LAST\n"
	    "  C  [content of no message: 3 octets]  {unacked, "
	    "refused}\n"
	    "  S  421-e\n"
	    "  S  421 f  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "chunks in flight in front of a gap and of the end", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|BDAT 3|a|BDAT 3|b|\n"
	    "-C 19\n"
	    "C.\n"
	    "S 250 a|250 b|250 c|250 d|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  BDAT 3  {pipelined}\n"
	    "  C  [message 1: 3 octets]  {pipelined, inferred}\n"
	    "  C  BDAT 3  {pipelined}\n"
	    "  C  [message 1: 3 octets]  {pipelined, inferred}\n"
	    "  ---  19 octets of the client's are missing\n"
	    "  *  closed by the client\n"
	    "  S  250 a  {unacked}\n"
	    "  S  250 b  {unacked}\n"
	    "  S  250 c  {unacked}\n"
	    "  S  250 d  {unacked}\n"
	    "  !  gap: 19 octets of the client's are missing from the "
	    "record.\n" },
	{ "what is held again of the first piece stands before the rest", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "S 250 mx|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 a|\n"
	    "C RCPT TO:<b>|\n"
	    "S 250 b|\n"
	    "C DATA|\n"
	    "C DATA|1|\n"
	    "C 2|\n"
	    "C 3|\n"
	    "C 4|\n"
	    "C 5|\n"
	    "C 6|\n"
	    "C 7|\n"
	    "C 8|\n"
	    "C .|\n"
	    "C NOOP|\n"
	    "S 250 who knows|\n"
	    "S 354 go|\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  S  250 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 a\n"
	    "  C  RCPT TO:<b>\n"
	    "  S  250 b\n"
	    "  C  DATA\n"
	    "  C  DATA  {pipelined}\n"
	    "  C  [message 1: 24 octets, sha256 3c04196a0c3c647a]  "
	    "{pipelined}\n"
	    "  C  NOOP  {pipelined}\n"
	    "  S  250 who knows  {unacked}\n"
	    "  S  354 go  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "content in flight when the roles turn is the old client's", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "S 250 mx|\n"
	    "C TURN|DATA|x|y\n"
	    "S 250 ok|\n"
	    "S EHLO mx|\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  S  250 mx\n"
	    "  C  TURN\n"
	    "  C  DATA  {pipelined}\n"
	    "  C  [message 1: 4 octets]  {pipelined, inferred}\n"
	    "  S  250 ok  {unacked}\n"
	    "  C  EHLO mx  {pipelined, unacked, turned}\n"
	    "  *  the record ends here\n" },
	{ "AUTH in its forms", true,
	    "S 220 mx|\n"
	    "C AUTH LOGIN|\n"
	    "S 334 VXNlcm5hbWU6|\n"
	    "C dGVzdA==|\n"
	    "S 334 UGFzc3dvcmQ6|\n"
	    "C c2VjcmV0|\n"
	    "S 535 no|\n"
	    "C AUTH PLAIN AHQAcw==|\n"
	    "S 235 ok|\n"
	    "C AUTH CRAM-MD5|\n"
	    "S 334 PDE+|\n"
	    "C *|\n"
	    "S 501 cancelled|\n"
	    "C dGVzdA==|\n"
	    "S 500 what|\n",
	    "  S  220 mx\n"
	    "  C  AUTH LOGIN\n"
	    "  S  334 VXNlcm5hbWU6\n"
	    "  C  ***  {masked}\n"
	    "  S  334 UGFzc3dvcmQ6\n"
	    "  C  ***  {masked}\n"
	    "  S  535 no\n"
	    "  C  AUTH PLAIN ***  {masked}\n"
	    "  S  235 ok\n"
	    "  C  AUTH CRAM-MD5\n"
	    "  S  334 ***  {masked}\n"
	    "  C  ***  {masked}\n"
	    "  S  501 cancelled\n"
	    "  C  ***  {masked}\n"
	    "  S  500 what  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "a refusal that quotes a secret", true,
	    "S 220 mx|\n"
	    "C AUTH PLAIN AHRlc3QAc2VjcmV0|\n"
	    "S 535-no AHRlc3QAc2VjcmV0 here|535 no|\n",
	    "  S  220 mx\n"
	    "  C  AUTH PLAIN ***  {masked}\n"
	    "  S  535-no ***\n"
	    "  S  535 no  {masked, unacked}\n"
	    "  *  the record ends here\n" },
	{ "replies of empty lines", true,
	    "S 220 mx|\n"
	    "C NOOP|\n"
	    "S 250-|250 |\n",
	    "  S  220 mx\n"
	    "  C  NOOP\n"
	    "  S  250-\n"
	    "  S  250  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "LMTP", true,
	    "S 220 mx LMTP|\n"
	    "C LHLO c|\n"
	    "S 250 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|RCPT TO:<c>|RCPT TO:<d>|DATA|\n"
	    "S 250 a|250 b|550 c|250 d|354 e|\n"
	    "C x|.|\n"
	    "S 250 b|450-d|450 d|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n",
	    "  S  220 mx LMTP\n"
	    "  C  LHLO c\n"
	    "  S  250 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  RCPT TO:<c>  {pipelined}\n"
	    "  C  RCPT TO:<d>  {pipelined}\n"
	    "  C  DATA  {pipelined}\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  550 c\n"
	    "  S  250 d\n"
	    "  S  354 e\n"
	    "  C  [message 1: 3 octets, sha256 b35e09fa2ced9ebc]\n"
	    "  S  250 b\n"
	    "  S  450-d\n"
	    "  S  450 d\n"
	    "  C  QUIT\n"
	    "  S  221 bye  {unacked}\n" },
	{ "PRDR", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "S 250-mx|250 PRDR|\n"
	    "C MAIL FROM:<a> PRDR|RCPT TO:<b>|RCPT TO:<c>|DATA|\n"
	    "S 250 a|250 b|250 c|354 d|\n"
	    "C x|.|\n"
	    "S 353 here they come|250 b|550 c|250 done|\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  S  250-mx\n"
	    "  S  250 PRDR\n"
	    "  C  MAIL FROM:<a> PRDR\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  RCPT TO:<c>  {pipelined}\n"
	    "  C  DATA  {pipelined}\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  250 c\n"
	    "  S  354 d\n"
	    "  C  [message 1: 3 octets, sha256 b35e09fa2ced9ebc]\n"
	    "  S  353 here they come  {unacked}\n"
	    "  S  250 b  {unacked}\n"
	    "  S  550 c  {unacked}\n"
	    "  S  250 done  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "STARTTLS", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "S 250-mx|250 STARTTLS|\n"
	    "C STARTTLS|\n"
	    "S 220 go|\n"
	    "C \\x16\\x03\\x01\\x00\\x02\\x01\\x02\n"
	    "S \\x16\\x03\\x03\\x00\\x02\\x02\\x02\n"
	    "C \\x17\\x03\\x03\\x00\\x03QUI\n"
	    "C.\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  S  250-mx\n"
	    "  S  250 STARTTLS\n"
	    "  C  STARTTLS\n"
	    "  S  220 go\n"
	    "  *  TLS of an unknown version: 15 octets from the "
	    "client, 7 octets from the server\n"
	    "  *  closed by the client\n" },
	{ "neither TLS nor SMTP behind STARTTLS", true,
	    "S 220 mx|\n"
	    "C STARTTLS|\n"
	    "S 220 go|\n"
	    "C \\x01\\x02\\x03\\x04\\x05\\x06\n"
	    "C.\n",
	    "  S  220 mx\n"
	    "  C  STARTTLS\n"
	    "  S  220 go\n"
	    "  *  octets that are not SMTP: 6 octets from the client, "
	    "0 octets from the server\n"
	    "  *  closed by the client\n"
	    "  !  tls-not-followed: STARTTLS was accepted, but what follows "
	    "is neither TLS nor SMTP.\n" },
	{ "STARTTLS, decrypted in place", true,
	    "S 220 mx|\n"
	    "C STARTTLS|\n"
	    "S 220 go|\n"
	    "C EHLO c|\n"
	    "S 250 mx|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n"
	    "S.\n",
	    "  S  220 mx\n"
	    "  C  STARTTLS\n"
	    "  S  220 go\n"
	    "  C  EHLO c\n"
	    "  S  250 mx\n"
	    "  C  QUIT\n"
	    "  S  221 bye  {unacked}\n"
	    "  *  closed by the server\n"
	    "  !  tls-not-followed: STARTTLS was accepted, but the "
	    "dialogue goes on in clear: the capture was decrypted in "
	    "place, or a middlebox interferes.\n" },
	{ "commands behind STARTTLS", true,
	    "S 220 mx|\n"
	    "C STARTTLS|NOOP|\n"
	    "S 220 go|\n"
	    "S 250 ok|\n",
	    "  S  220 mx\n"
	    "  C  STARTTLS\n"
	    "  C  NOOP  {pipelined}\n"
	    "  S  220 go  {unacked}\n"
	    "  S  250 ok  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  commands-after-starttls: The client sent commands "
	    "behind STARTTLS without waiting for the reply; a server "
	    "that keeps them runs them inside TLS.\n" },
	{ "the end bounded by bare LF", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|DATA|\n"
	    "S 250 a|250 b|354 c|\n"
	    "C x\\n.\\n\n"
	    "S 250 d|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|DATA|\n"
	    "S 250 a|250 b|354 c|\n"
	    "C x|y\\n.\\nQUIT|.|\n"
	    "S 250 d|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  DATA  {pipelined}\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  354 c\n"
	    "  C  [message 1: 2 octets, sha256 73cb3858a687a849]  "
	    "{bare-lf}\n"
	    "  S  250 d\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  DATA  {pipelined}\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  354 c\n"
	    "  C  [message 2: 13 octets, sha256 3f4efb06709f42c4]  "
	    "{bare-lf}\n"
	    "  S  250 d  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  bare-lf-end: The content ends at a dot line that a "
	    "bare LF bounds; the server took it for the end.\n"
	    "  !  smuggling: The content holds a line of one dot "
	    "that is not bounded by CRLF: some servers take it for the "
	    "end.\n" },
	{ "gaps", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "-S 30\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 a|\n"
	    "C RCPT TO:<b>|\n"
	    "S 250 b|\n"
	    "C DATA|\n"
	    "S 354 c|\n"
	    "C x|.\n"
	    "-C 10\n"
	    "C |.|\n"
	    "S 250 d|\n"
	    "C NOO\n"
	    "-C 5\n"
	    "C P|QUIT|\n"
	    "S 250 a|221 bye|\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  ---  30 octets of the server's are missing\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 a  {after-gap}\n"
	    "  C  RCPT TO:<b>\n"
	    "  S  250 b\n"
	    "  C  DATA\n"
	    "  S  354 c\n"
	    "  C  [message 1: 5 octets, 10 missing at 3]\n"
	    "  S  250 d\n"
	    "  C  ***  {masked, truncated}\n"
	    "  ---  5 octets of the client's are missing\n"
	    "  C  ***  {pipelined, masked, truncated, after-gap}\n"
	    "  C  QUIT  {pipelined}\n"
	    "  S  250 a  {unacked}\n"
	    "  S  221 bye  {unacked}\n"
	    "  !  gap: 30 octets of the server's are missing from "
	    "the record.\n"
	    "  !  gap: 10 octets of the client's are missing from "
	    "the record.\n"
	    "  !  gap: 5 octets of the client's are missing from the "
	    "record.\n" },
	{ "a gap that swallows the end", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|DATA|\n"
	    "S 250 a|250 b|354 c|\n"
	    "C x|\n"
	    "-C 10\n"
	    "S 250 d|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  DATA  {pipelined}\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  354 c\n"
	    "  C  [message 1: 3 octets, its end is missing]\n"
	    "  ---  10 octets of the client's are missing\n"
	    "  S  250 d\n"
	    "  C  QUIT  {after-gap}\n"
	    "  S  221 bye  {unacked}\n"
	    "  !  gap: 10 octets of the client's are missing from "
	    "the record.\n" },
	{ "a gap that swallows DATA", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|\n"
	    "-C 18\n"
	    "S 250 a|250 b|354 c|\n"
	    "C Received: from c|Subject: s||x|.|\n"
	    "S 250 d|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  ---  18 octets of the client's are missing\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  354 c\n"
	    "  C  [message 1: 35 octets, sha256 de0e2839a5db4744]  "
	    "{after-gap}\n"
	    "  S  250 d\n"
	    "  C  QUIT\n"
	    "  S  221 bye  {unacked}\n"
	    "  !  gap: 18 octets of the client's are missing from the "
	    "record.\n" },
	{ "gaps that swallow DATA and its reply", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 a|\n"
	    "C RCPT TO:<b>|\n"
	    "-C 6\n"
	    "-S 14\n"
	    "C Received: from c|Subject: s||x|.|\n"
	    "S 250 d|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 a\n"
	    "  C  RCPT TO:<b>\n"
	    "  ---  6 octets of the client's are missing\n"
	    "  ---  14 octets of the server's are missing\n"
	    "  C  [message 1: 35 octets, its beginning is missing]  "
	    "{inferred, after-gap}\n"
	    "  S  250 d  {after-gap}\n"
	    "  C  QUIT\n"
	    "  S  221 bye  {unacked}\n"
	    "  !  gap: 6 octets of the client's are missing from the "
	    "record.\n"
	    "  !  gap: 14 octets of the server's are missing from the "
	    "record.\n" },
	{ "a gap that swallows the reply to DATA", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 a|\n"
	    "C DATA|\n"
	    "-C 100\n"
	    "-S 7\n"
	    "C x|y|.|\n"
	    "S 250 d|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 a\n"
	    "  C  DATA\n"
	    "  ---  100 octets of the client's are missing\n"
	    "  ---  7 octets of the server's are missing\n"
	    "  C  [message 1: 6 octets, its beginning is missing]  "
	    "{inferred}\n"
	    "  S  250 d  {after-gap}\n"
	    "  C  QUIT  {after-gap}\n"
	    "  S  221 bye  {unacked}\n"
	    "  !  gap: 100 octets of the client's are missing from the "
	    "record.\n"
	    "  !  gap: 7 octets of the server's are missing from the "
	    "record.\n" },
	{ "a gap in front of what was sent ahead", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "S 250 a|\n"
	    "-C 15\n"
	    "C RCPT TO:<b>|DATA|\n"
	    "S 250 b|\n"
	    "S 250 c|354 d|\n"
	    "C x|.|\n"
	    "S 250 e|\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  S  250 a\n"
	    "  ---  15 octets of the client's are missing\n"
	    "  C  RCPT TO:<b>  {after-gap}\n"
	    "  C  DATA  {pipelined}\n"
	    "  S  250 b\n"
	    "  S  250 c\n"
	    "  S  354 d\n"
	    "  C  [message 1: 3 octets, sha256 b35e09fa2ced9ebc]\n"
	    "  S  250 e  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  gap: 15 octets of the client's are missing from the "
	    "record.\n" },
	{ "gaps in front of one reply", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "-S 20\n"
	    "-C 15\n"
	    "S 250 b|\n"
	    "C RCPT TO:<b>|\n"
	    "S 250 c|\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  ---  20 octets of the server's are missing\n"
	    "  ---  15 octets of the client's are missing\n"
	    "  S  250 b  {after-gap}\n"
	    "  C  RCPT TO:<b>  {after-gap}\n"
	    "  S  250 c  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  gap: 20 octets of the server's are missing from the "
	    "record.\n"
	    "  !  gap: 15 octets of the client's are missing from the "
	    "record.\n" },
	{ "neither SYN nor greeting of the server", true,
	    "-S ?\n"
	    "C EHLO c|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 b|\n"
	    "C RCPT TO:<b>|\n"
	    "S 250 c|\n",
	    "  C  EHLO c\n"
	    "  C  MAIL FROM:<a>\n"
	    "  ---  an unknown number of octets of the server's are "
	    "missing\n"
	    "  S  250 b  {after-gap}\n"
	    "  C  RCPT TO:<b>\n"
	    "  S  250 c  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  gap: The first octets of the server's are missing "
	    "from the record.\n" },
	{ "a gap that may hold the acknowledgment", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 b|\n"
	    "-C 6\n"
	    "S 221 bye|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 b\n"
	    "  ---  6 octets of the client's are missing\n"
	    "  S  221 bye  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  gap: 6 octets of the client's are missing from the "
	    "record.\n" },
	{ "gaps that swallow verdict and QUIT", true,
	    "S 220 mx|\n"
	    "C DATA|\n"
	    "S 354 c|\n"
	    "C x|\n"
	    "-S 8\n"
	    "-C 9\n"
	    "S 221 bye|\n"
	    "C.\n",
	    "  S  220 mx\n"
	    "  C  DATA\n"
	    "  S  354 c\n"
	    "  C  [message 1: 3 octets, its end is missing]\n"
	    "  ---  8 octets of the server's are missing\n"
	    "  ---  9 octets of the client's are missing\n"
	    "  S  221 bye  {after-gap, unacked}\n"
	    "  *  closed by the client\n"
	    "  !  gap: 8 octets of the server's are missing from the "
	    "record.\n"
	    "  !  gap: 9 octets of the client's are missing from the "
	    "record.\n" },
	{ "early only in the capture", true,
	    "-S ?\n"
	    "c EHLO c|\n"
	    "S 220 mx|250 a|\n",
	    "  C  EHLO c\n"
	    "  S  220 mx  {unacked}\n"
	    "  S  250 a  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "a gap that swallows STARTTLS", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "S 250 a|\n"
	    "-C 10\n"
	    "S 220 go|\n"
	    "C \\x16\\x03\\x01\\0\\x02\\x01\\x00\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  S  250 a\n"
	    "  ---  10 octets of the client's are missing\n"
	    "  S  220 go\n"
	    "  *  TLS of an unknown version: 7 octets from the client, "
	    "0 octets from the server\n"
	    "  *  the record ends here\n"
	    "  !  gap: 10 octets of the client's are missing from the "
	    "record.\n" },
	{ "TURN", true,
	    "S 220 mx|\n"
	    "C TURN|\n"
	    "S 250 ok|\n"
	    "C 220 client|\n"
	    "S EHLO mx|\n"
	    "C 250 client|\n"
	    "S MAIL FROM:<a>|\n"
	    "C 250 a|\n"
	    "S QUIT|\n"
	    "C 221 bye|\n",
	    "  S  220 mx\n"
	    "  C  TURN\n"
	    "  S  250 ok\n"
	    "  S  220 client  {turned}\n"
	    "  C  EHLO mx  {turned}\n"
	    "  S  250 client  {turned}\n"
	    "  C  MAIL FROM:<a>  {turned}\n"
	    "  S  250 a  {turned}\n"
	    "  C  QUIT  {turned}\n"
	    "  S  221 bye  {unacked, turned}\n" },
	{ "XEXCH50", true,
	    "S 220 mx|\n"
	    "C MAIL FROM:<a>|RCPT TO:<b>|XEXCH50 4 2|\n"
	    "S 250 a|250 b|354 c|\n"
	    "C \\x01|\\x02\n"
	    "S 250 d|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n",
	    "  S  220 mx\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>  {pipelined}\n"
	    "  C  XEXCH50 4 2  {pipelined}\n"
	    "  S  250 a\n"
	    "  S  250 b\n"
	    "  S  354 c\n"
	    "  C  [content of no message: 4 octets]\n"
	    "  S  250 d\n"
	    "  C  QUIT\n"
	    "  S  221 bye  {unacked}\n" },
	{ "replies of all sorts", true,
	    "S 220-mx|221-odd|220 mx|\n"
	    "C NOOP|\n"
	    "S 250-a|text|250 b|\n"
	    "C NOOP|\n"
	    "S 250|\n"
	    "C NOOP|\n"
	    "S 250-never|\n"
	    "C NOOP|\n"
	    "S stray|999 x|\n"
	    "S 421 going down|\n"
	    "S.\n",
	    "  S  220-mx\n"
	    "  S  220-odd\n"
	    "  S  220 mx\n"
	    "  C  NOOP\n"
	    "  S  250-a\n"
	    "  S  250-text\n"
	    "  S  250 b\n"
	    "  C  NOOP\n"
	    "  S  250\n"
	    "  C  NOOP\n"
	    "  S  250 never\n"
	    "  C  NOOP\n"
	    "  !  server: stray\n"
	    "  S  999 x  {unacked}\n"
	    "  S  421 going down  {unacked}\n"
	    "  *  closed by the server\n"
	    "  !  reply-codes-differ: The lines of one reply bear "
	    "different codes; the last one is 220.\n"
	    "  !  reply-unterminated: A multi-line reply was never "
	    "finished: its last line is \"250-\".\n"
	    "  !  reply-unprompted: The server sent 421 though no "
	    "command awaited a reply.\n" },
	{ "an early talker", true,
	    "C EHLO c|\n"
	    "S 220 mx|\n"
	    "S 250 mx|\n"
	    "C QUIT|\n"
	    "S 221 bye|\n",
	    "  C  EHLO c\n"
	    "  S  220 mx\n"
	    "  S  250 mx\n"
	    "  C  QUIT\n"
	    "  S  221 bye  {unacked}\n"
	    "  !  early-talker: The client spoke before the server's "
	    "greeting.\n" },
	{ "lines without an end", true,
	    "S 220 mx|\n"
	    "C EHLO c|\n"
	    "S 250 mx|\n"
	    "C NOO\n"
	    "C.\n"
	    "S 421 t\n"
	    "S!\n",
	    "  S  220 mx\n"
	    "  C  EHLO c\n"
	    "  S  250 mx\n"
	    "  C  NOO\n"
	    "  *  closed by the client\n"
	    "  S  421 t  {unacked}\n" },
	{ "odd octets", true,
	    "S 220 m\\x00x|\n"
	    "C EHLO \\xff\\xfe\\n\n"
	    "S 250 \\xc3\\xa9|\n"
	    "C \\r\\r|NO OP\\tx|\n"
	    "S 500 a|500 b|\n",
	    "  S  220 m\\x00x  {nul}\n"
	    "  C  EHLO \\xff\\xfe  {bare-lf, 8bit}\n"
	    "  S  250 é  {8bit}\n"
	    "  C  \\x0d\\x0d  {bare-cr}\n"
	    "  C  NO OP\\x09x  {pipelined}\n"
	    "  S  500 a  {unacked}\n"
	    "  S  500 b  {unacked}\n"
	    "  *  the record ends here\n" },
	{ "not SMTP", true,
	    "C GET / HTTP/1.0|Host: x||\n"
	    "S HTTP/1.0 200 OK||a|b|\n",
	    "  !  client: GET / HTTP/1.0\n"
	    "  *  the record ends here\n"
	    "  !  not-smtp: The octets of this connection are "
	    "neither SMTP nor TLS.\n" },
	{ "from the middle of content", false,
	    "C text|MAIL FROM:<x>|more text\n"
	    "C |.|\n"
	    "S 250 a|\n"
	    "C MAIL FROM:<a>|\n"
	    "S 250 b|\n"
	    "C QUIT|\n"
	    "S 221 c|\n",
	    "  ---  an unknown number of octets of the client's are "
	    "missing\n"
	    "  C  [message 1: 32 octets, its beginning is missing]  "
	    "{inferred, after-gap}\n"
	    "  S  250 a\n"
	    "  C  MAIL FROM:<a>\n"
	    "  S  250 b\n"
	    "  C  QUIT\n"
	    "  S  221 c  {unacked}\n"
	    "  !  no-start: The record does not hold the "
	    "connection's start.\n" },
	{ "from the middle of a dialogue", false,
	    "S 250 a|\n"
	    "C RCPT TO:<b>|\n"
	    "S 250 b|\n"
	    "C DATA|\n"
	    "S 354 c|\n"
	    "C x|.|\n"
	    "S 250 d|\n",
	    "  S  250 a\n"
	    "  C  RCPT TO:<b>\n"
	    "  S  250 b\n"
	    "  C  DATA\n"
	    "  S  354 c\n"
	    "  C  [message 1: 3 octets, sha256 b35e09fa2ced9ebc]\n"
	    "  S  250 d  {unacked}\n"
	    "  *  the record ends here\n"
	    "  !  no-start: The record does not hold the "
	    "connection's start.\n" },
	{ "the client alone", false,
	    "C EHLO c|\n"
	    "C MAIL FROM:<a>|\n"
	    "C RCPT TO:<b>|\n"
	    "C DATA|\n"
	    "C x|.|\n"
	    "C QUIT|\n",
	    "  ---  an unknown number of octets of the client's are "
	    "missing\n"
	    "  C  EHLO c  {after-gap}\n"
	    "  C  MAIL FROM:<a>\n"
	    "  C  RCPT TO:<b>\n"
	    "  C  DATA\n"
	    "  C  [message 1: 3 octets, sha256 b35e09fa2ced9ebc]  "
	    "{inferred}\n"
	    "  C  QUIT\n"
	    "  *  the record ends here\n"
	    "  !  no-start: The record does not hold the "
	    "connection's start.\n"
	    "  !  direction-missing: The server's direction is "
	    "missing from the record.\n" },
	{ "the server alone", false,
	    "S 220 mx|\n"
	    "S 250 mx|\n"
	    "S 250 a|\n"
	    "S 354 c|\n"
	    "S 250 d|\n"
	    "S 221 e|\n",
	    "  S  220 mx\n"
	    "  S  250 mx\n"
	    "  S  250 a\n"
	    "  S  354 c\n"
	    "  S  250 d\n"
	    "  S  221 e\n"
	    "  *  the record ends here\n"
	    "  !  no-start: The record does not hold the "
	    "connection's start.\n"
	    "  !  direction-missing: The client's direction is "
	    "missing from the record.\n" },
};

static void test_scripts(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		check(scripts[i].script, scripts[i].opener_known,
		    scripts[i].want);
}

/* Freed while content is held and replies wait for it: no leak. */
static void test_given_up(void **state)
{
	static const char *const lines[] = { "S 220 mx|", "C EHLO c|",
		"S 250 mx|", "C MAIL FROM:<a>|RCPT TO:<b>|DATA|text|",
		"S 250 a|", "S 250-b|250 c|" };
	struct session_options options = { 0 };
	struct dialogue_start start = { .opener_known = true,
		.server_dir = 1 };
	struct play p = { 0 };
	struct sw_err err;

	(void)state;
	assert_int_equal(session_builder_new(&options, &p.b), SW_OK);
	assert_int_equal(dialogue_new(p.b, &start, &p.d), SW_OK);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		play_line(&p, lines[i], strlen(lines[i]));
	/* connect, greeting, EHLO and its reply, three commands */
	assert_null(session_event(p.b, 8));
	assert_non_null(session_event(p.b, 6));
	dialogue_free(&p.d);
	assert_null(p.d);
	assert_int_equal(session_settle(p.b, false, &err), SW_OK);
	session_builder_free(&p.b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
