/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_transaction.c - what commands and their replies make of messages
 *
 * A script: `COMMAND -> CODE text` a line; `-> ?` for a reply that is not
 * known; `TEXT: octets` is content, `CHUNK: octets` that of a chunk,
 * `CUT: octets` content whose end was not seen; `= CODE text` the verdict,
 * `=N CODE text` that of accepted recipient N.  What is told: a line a
 * message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "transcript/session.h"

static const struct event_span nowhere = { 1, 1, 0, 0 };

struct play {
	struct session_builder *b;
	uint32_t last;      /* n of the newest command */
	uint32_t data_of;
};

static int32_t code_of(const char *s)
{
	return s[0] == '?' ? SW_UNKNOWN : (int32_t)((s[0] - '0') * 100 +
	    (s[1] - '0') * 10 + (s[2] - '0'));
}

static struct slice text_of(const char *s, const char *end)
{
	return end - s > 4 ? slice_make(s + 4, (size_t)(end - s) - 4) :
	    slice_make("", 0);
}

static void play_command(struct play *p, const char *line, const char *end)
{
	const char *arrow = strstr(line, " -> ");
	struct command_in in = { 0 };
	struct slice text;
	int32_t code;

	assert_true(arrow != NULL && arrow < end);
	code = code_of(arrow + 4);
	text = text_of(arrow + 4, end);
	in.by = SW_CLIENT;
	in.line = slice_make(line, (size_t)(arrow - line));
	in.octets = arrow - line + 2;
	in.span = nowhere;
	p->last = session_command(p->b, &in);
	session_answer(p->b, p->last, code, &text,
	    code == SW_UNKNOWN ? 0 : 1);
	if (slice_has_prefix_nocase(in.line, slice_str("DATA")) ||
	    slice_has_prefix_nocase(in.line, slice_str("BDAT")))
		p->data_of = p->last;
}

/* A chunk comes before the answer to its BDAT, whose line comes next. */
static void play_content(struct play *p, const char *line, const char *end)
{
	const char *octets = strchr(line, ' ') + 1;
	struct data_in in = { 0 };
	bool chunk = line[0] == 'C' && line[1] == 'H';

	in.of = p->data_of;
	in.method = chunk ? SW_METHOD_BDAT : SW_METHOD_DATA;
	in.start_seen = true;
	in.span = nowhere;
	session_data_begin(p->b, &in);
	session_data_octets(p->b, slice_make(octets,
	    (size_t)(end - octets)));
	session_data_end(p->b, line[1] != 'U', true, end - octets, 0,
	    nowhere);
}

static void play_verdict(struct play *p, const char *line, const char *end)
{
	long index = line[1] == ' ' ? -1 : line[1] - '0';
	const char *reply = strchr(line, ' ') + 1;
	struct slice text = text_of(reply, end);

	session_verdict(p->b, code_of(reply), &text, 1, index);
}

static void put_bytes(struct buffer *out, struct sw_bytes b)
{
	if (b.data)
		buffer_append(out, b.data, b.len);
	else
		buffer_append_str(out, "-");
	buffer_append_char(out, ' ');
}

static void put_code(struct buffer *out, int32_t code)
{
	if (code == SW_UNKNOWN)
		buffer_append_str(out, "-");
	else
		buffer_append_u64(out, (uint64_t)code);
	buffer_append_char(out, ' ');
}

/* from method size code text outcome queue-id; each recipient behind. */
static void put_message(struct buffer *out, const struct sw_message *m)
{
	const char *method = sw_method_name(m->method);
	size_t i;

	put_bytes(out, m->from);
	buffer_append_str(out, method ? method : "-");
	buffer_append_char(out, ' ');
	put_code(out, (int32_t)m->size);
	put_code(out, m->code);
	put_bytes(out, m->text);
	buffer_append_str(out, sw_outcome_name(m->outcome));
	buffer_append_char(out, ' ');
	put_bytes(out, m->queue_id);
	for (i = 0; i < m->recipient_count; i++) {
		const struct sw_recipient *r = &m->recipients[i];

		buffer_append_str(out, "| ");
		put_bytes(out, r->to);
		put_code(out, r->code);
		buffer_append_str(out, sw_recipient_status_name(r->status));
		buffer_append_char(out, ' ');
		if (!r->has_final)
			continue;
		put_code(out, r->final_code);
		buffer_append_str(out,
		    sw_recipient_status_name(r->final_status));
		buffer_append_char(out, ' ');
	}
	out->p[out->len - 1] = '\n';
}

static void play(const char *script, bool closed, struct buffer *out)
{
	struct session_options options = { 0 };
	struct play p = { 0 };
	const struct sw_session *s;
	const char *line = script;
	struct sw_err err;
	size_t i;

	assert_int_equal(session_builder_new(&options, &p.b), SW_OK);
	while (*line) {
		const char *end = line + strcspn(line, "\n");

		if (line[0] == '=')
			play_verdict(&p, line, end);
		else if (strchr(line, ':') && (strncmp(line, "TEXT:", 5) == 0 ||
		    strncmp(line, "CHUNK:", 6) == 0 ||
		    strncmp(line, "CUT:", 4) == 0))
			play_content(&p, line, end);
		else
			play_command(&p, line, end);
		line = *end ? end + 1 : end;
	}
	if (closed)
		session_close(p.b, SW_CLIENT, SW_CLOSE_FIN, nowhere);
	s = session_finish(p.b);
	for (i = 0; i < s->message_count; i++)
		put_message(out, &s->messages[i]);
	buffer_append_char(out, '\0');
	assert_int_equal(session_settle(p.b, false, &err), SW_OK);
	session_builder_free(&p.b);
}

#define HELLO "EHLO c -> 250 mx\n"
#define MAIL "MAIL FROM:<a> -> 250 2.1.0 Ok\n"
#define RCPT "RCPT TO:<b> -> 250 2.1.5 Ok\n"
#define NO_RCPT "RCPT TO:<x> -> 503 no\n"
#define DATA "DATA -> 354 go\n"
#define B_OK "| b 250 accepted"
#define THREE(a, b, c) "RCPT TO:<" a "> -> 250 ok\nRCPT TO:<" b \
	"> -> 450 no\nRCPT TO:<" c "> -> 550 no\n"
#define NINE_RCPTS THREE("1", "2", "3") THREE("4", "5", "6") \
	THREE("7", "8", "9")
#define THREE_OK(a, b, c) "| " a " 250 accepted | " b " 450 deferred | " \
	c " 550 rejected"
#define NINE_OK THREE_OK("1", "2", "3") " " THREE_OK("4", "5", "6") " " \
	THREE_OK("7", "8", "9")

static const struct {
	const char *name, *script, *want;
	bool open; /* the connection does not end */
} cases[] = {
	{ "a verdict", HELLO MAIL RCPT DATA "TEXT: x\n"
	    "= 250 2.0.0 Ok: queued as 4F1C\n",
	    "a DATA 1 250 2.0.0 Ok: queued as 4F1C accepted 4F1C " B_OK "\n",
	    0 },
	{ "refused content", MAIL RCPT DATA "TEXT: x\n= 554 5.7.1 spam\n",
	    "a DATA 1 554 5.7.1 spam rejected - " B_OK "\n", 0 },
	{ "deferred content", MAIL RCPT DATA "TEXT: x\n= 451 later\n",
	    "a DATA 1 451 later deferred - " B_OK "\n", 0 },
	{ "each MAIL begins a message", MAIL "MAIL FROM:<c> -> 250 ok\n",
	    "a - - - - unknown -\nc - - - - aborted -\n", 0 },
	{ "but one answered 503 while one is open", MAIL
	    "MAIL FROM:<c> -> 503 nested\n" RCPT DATA "TEXT: x\n= 250 ok\n",
	    "a DATA 1 250 ok accepted - " B_OK "\n", 0 },
	{ "503 with none open does", "MAIL FROM:<c> -> 503 hello first\n",
	    "c - - 503 hello first rejected -\n", 0 },
	{ "a refused MAIL takes no recipients", "MAIL FROM:<c> -> 550 no\n"
	    "RCPT TO:<b> -> 503 no\nDATA -> 503 no\n",
	    "c - - 550 no rejected -\n", 0 },
	{ "RCPT belongs to the newest MAIL that was not refused", MAIL
	    "MAIL FROM:<c> -> 550 no\n" RCPT,
	    "a - - - - aborted - " B_OK "\nc - - 550 no rejected -\n", 0 },
	{ "RSET ends", MAIL RCPT "RSET -> 250 ok\n" NO_RCPT,
	    "a - - - - aborted - " B_OK "\n", 0 },
	{ "a refused RSET does not", MAIL "RSET -> 500 what\n" RCPT DATA
	    "TEXT: x\n= 250 ok\n",
	    "a DATA 1 250 ok accepted - " B_OK "\n", 0 },
	{ "EHLO ends", MAIL "EHLO c -> 250 mx\n" NO_RCPT,
	    "a - - - - aborted -\n", 0 },
	{ "a refused HELO does not", MAIL "HELO c -> 503 no\n" RCPT,
	    "a - - - - aborted - " B_OK "\n", 0 },
	{ "STARTTLS ends", MAIL "STARTTLS -> 220 go\n" NO_RCPT,
	    "a - - - - unknown -\n", 0 },
	{ "a recipient accepted without a MAIL in sight", RCPT DATA "TEXT: x\n"
	    "= 250 ok\n", "- DATA 1 250 ok accepted - " B_OK "\n", 0 },
	{ "the end of the record proves nothing", MAIL RCPT,
	    "a - - - - unknown - " B_OK "\n", 1 },
	{ "refused DATA", MAIL RCPT "DATA -> 451 later\n",
	    "a DATA - 451 later deferred - " B_OK "\n", 0 },
	{ "refused DATA without MAIL opens none", "DATA -> 503 no\n", "", 0 },
	{ "every RCPT refused", MAIL "RCPT TO:<b> -> 550 no\n"
	    "RCPT TO:<c> -> 551 nor this\n",
	    "a - - 551 nor this rejected - | b 550 rejected "
	    "| c 551 rejected\n", 0 },
	{ "one of them 4xx", MAIL "RCPT TO:<b> -> 450 later\n"
	    "RCPT TO:<c> -> 550 no\n",
	    "a - - 550 no deferred - | b 450 deferred | c 550 rejected\n",
	    0 },
	{ "the refusal of DATA before those of RCPT", MAIL
	    "RCPT TO:<b> -> 450 later\nDATA -> 554 no recipients\n",
	    "a DATA - 554 no recipients rejected - | b 450 deferred\n", 0 },
	{ "no reply to RCPT", MAIL "RCPT TO:<b> -> ?\n",
	    "a - - - - aborted - | b - unknown\n", 0 },
	{ "lists of recipients that move as they grow", MAIL NINE_RCPTS
	    "MAIL FROM:<c> -> 250 ok\n" RCPT RCPT RCPT,
	    "a - - - - unknown - " NINE_OK "\nc - - - - aborted - " B_OK " "
	    B_OK " " B_OK "\n", 0 },
	{ "content without MAIL", "TEXT: xyz\n= 250 ok\n",
	    "- DATA 3 250 ok accepted -\n", 0 },
	{ "content that is cut", MAIL RCPT DATA "CUT: xyz\n",
	    "a DATA 3 - - aborted - " B_OK "\n", 0 },
	{ "content without a verdict", MAIL RCPT DATA "TEXT: xyz\n",
	    "a DATA 3 - - unknown - " B_OK "\n", 1 },
	{ "the same, and the connection closed", MAIL RCPT DATA
	    "TEXT: xyz\n", "a DATA 3 - - aborted - " B_OK "\n", 0 },
	{ "verdicts that differ", "LHLO c -> 250 mx\n" MAIL RCPT
	    "RCPT TO:<n> -> 550 no\nRCPT TO:<c> -> 250 ok\n" DATA
	    "TEXT: x\n=0 250 ok\n=1 452 full\n",
	    "a DATA 1 - - partial - " B_OK " 250 accepted "
	    "| n 550 rejected | c 250 accepted 452 deferred\n", 0 },
	{ "verdicts that agree", "LHLO c -> 250 mx\n" MAIL RCPT
	    "RCPT TO:<c> -> 250 ok\n" DATA "TEXT: x\n=0 250 ok\n=1 250 fine\n",
	    "a DATA 1 - - accepted - " B_OK " 250 accepted "
	    "| c 250 accepted 250 accepted\n", 0 },
	{ "paths", "MAIL FROM:<> -> 250 ok\nRCPT TO:<\"a>b\"@c> X=Y -> 250 ok\n"
	    "RCPT TO: d@e -> 250 ok\nRCPT TO:<f -> 501 bad\n",
	    " - - - - aborted - | \"a>b\"@c 250 accepted | d@e 250 accepted "
	    "| f 501 rejected\n", 0 },
};

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		buffer_init(&out, 65536);
		play(cases[i].script, !cases[i].open, &out);
		if (strcmp((const char *)out.p, cases[i].want) != 0)
			fail_msg("%s\n--- got\n%s--- want\n%s",
			    cases[i].name, (const char *)out.p,
			    cases[i].want);
		buffer_fini(&out);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
