/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_talk.c - sessions of logs and what is said in them, through a family
 * made up for this:
 *
 *   K SSSSS M TEXT	session K, seconds, mark, text
 *
 * Marks: C client, S server, J a reply whose lines are joined by "|", D a
 * line of content as on the wire, U the same un-stuffed and ended by LF, Z
 * the size of the content, P content has passed, N a note, + connected, -
 * closed, < and > received and sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_dump.h"
#include "logs/talk.h"
#include "logs/text.h"

/* --- the family --------------------------------------------------------- */

static bool fake_probe(struct slice head)
{
	return head.len > 8 && head.p[1] == ' ' && head.p[7] == ' ';
}

static void join(struct log_session *s, const struct log_said *said)
{
	struct slice lines[10], rest = said->text;
	size_t n = 0;

	while (rest.len > 0 && n < 10)
		lines[n++] = log_take_until(&rest, '|');
	log_say_reply(s, said, lines, n);
}

static enum sw_status fake_say(struct log_sessions *t, struct log_session *s,
    char mark, struct log_said *said)
{
	uint64_t size = 0;

	switch (mark) {
	case 'C':
		log_say_client(s, said);
		break;
	case 'S':
		said->octets = (int64_t)said->text.len + 2;
		log_say_server(s, said);
		break;
	case 'J':
		join(s, said);
		break;
	case 'D':
		log_content_line(s, said, true, true);
		break;
	case 'U':
		log_content_line(s, said, false, false);
		break;
	case 'Z':
		assert_true(slice_to_u64(said->text, &size));
		log_content_size(s, (int64_t)size);
		break;
	case 'P':
		assert_true(slice_to_u64(said->text, &size));
		log_content_passed(s, said, (int64_t)size,
		    (int64_t)size + 5);
		break;
	case 'N':
		log_say_note(s, said->line, said->time, said->text);
		break;
	case '+':
		log_session_connect(s, said->line, said->time, SW_CLIENT);
		break;
	case '-':
		return log_session_close(t, s, said->line, said->time,
		    SW_NOBODY);
	default:
		if (log_role(s, mark == '>', said->text) == SW_SERVER)
			log_say_server(s, said);
		else
			log_say_client(s, said);
	}
	return SW_OK;
}

static enum sw_status fake_line(void *state, const struct log_line *line)
{
	struct log_sessions *t = state;
	struct slice rest = line->text;
	struct slice key = log_take_word(&rest);
	struct slice mark;
	struct log_session *s;
	struct log_said said;
	enum sw_status status;
	uint64_t seconds;
	int64_t time;

	if (!slice_to_u64(log_take_word(&rest), &seconds)) {
		log_not_understood(t, line);
		return SW_OK;
	}
	mark = log_take_word(&rest);
	time = clock_make((int64_t)seconds, 0);
	status = log_sessions_expire(t, time);
	s = log_sessions_find(t, key);
	if (status == SW_OK && !s) {
		status = log_sessions_begin(t, key, line, time, &s);
		if (status != SW_OK)
			return status;
		session_get(s->b)->clock = (struct sw_clock){ SW_ZONE_UTC, 0,
			NS_PER_S, SW_DATE_GIVEN };
	}
	if (status != SW_OK)
		return status;
	log_sessions_touch(t, s, line->number, time);
	said = log_said(line, time, rest);
	return fake_say(t, s, (char)mark.p[0], &said);
}

static const struct log_format fake = {
	.name = "fake",
	.title = "for tests",
	.state_size = sizeof(struct log_sessions),
	.goes_on = true,
	.probe = fake_probe,
	.line = fake_line,
};

/* --- reading ------------------------------------------------------------ */

/* The dump, and parts and digests, which it does not tell. */
static enum sw_status tell(void *ctx, struct session_builder *builder)
{
	struct buffer *b = ctx;
	const struct sw_session *s = session_finish(builder);
	size_t i;

	for (i = 0; i < s->message_count; i++)
		if (s->messages[i].sha256.known)
			buffer_append_str(b, "digest\n");
	for (i = 0; i < s->source.part_count; i++) {
		const struct sw_part *p = &s->source.parts[i];

		buffer_append_str(b, "part ");
		buffer_append(b, p->name.data, p->name.len);
		dump_number(b, "first", (int64_t)p->first);
		dump_number(b, "last", (int64_t)p->last);
		dump_number(b, "base", (int64_t)p->base);
		buffer_append_char(b, '\n');
	}
	return dump_session(b, builder);
}

/* Files of one log (the list is ended by NULL), each freed when the next is
 * read. */
static void read_files(const char *const *texts, struct buffer *out)
{
	struct log_sink sink = { out, tell };
	struct log_options options;
	struct account account;
	struct log_reader *l = NULL;
	struct source *s = NULL, *before;
	size_t i;

	memset(&options, 0, sizeof(options));
	options.session.hash = true;
	account_init(&account);
	buffer_init(out, 1 << 22);
	for (i = 0; texts[i]; i++) {
		char name[32];

		before = s;
		snprintf(name, sizeof(name), "file%zu", i + 1);
		assert_int_equal(source_open_memory(slice_str(texts[i]), name,
		    &s, NULL), SW_OK);
		if (l)
			assert_true(log_goes_on(l, &fake));
		assert_int_equal(l ? log_continue(l, s) : log_open(s, &fake,
		    &options, &account, &sink, &l, NULL), SW_OK);
		source_free(&before);
		while (log_step(l, NULL) > 0)
			continue;
	}
	assert_int_equal(log_end(l), SW_OK);
	dump_account(out, &account);
	log_free(&l);
	source_free(&s);
	account_fini(&account);
	assert_false(out->failed);
}

static void read_text(const char *text, struct buffer *out)
{
	const char *const texts[] = { text, NULL };

	read_files(texts, out);
}

/* How many lines of out hold part? */
static size_t count(const struct buffer *out, const char *part)
{
	struct slice rest = buffer_slice(out);
	size_t found = 0;

	while (rest.len > 0) {
		struct slice line = log_head_line(&rest);

		found += slice_find_nocase(line, slice_str(part)) < line.len;
	}
	return found;
}

static void assert_count(const struct buffer *out, const char *part,
    size_t times)
{
	if (count(out, part) == times)
		return;
	print_error("%.*s", (int)out->len, (const char *)out->p);
	fail_msg("\"%s\" stands there %zu times, not %zu", part,
	    count(out, part), times);
}

/* Each row: a log, and a text that must stand in so many of the lines that
 * come of it. */
struct row {
	const char *text, *part;
	size_t times;
};

static void check_rows(const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct buffer out;

		read_text(rows[i].text, &out);
		assert_count(&out, rows[i].part, rows[i].times);
		buffer_fini(&out);
	}
}
#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

/* --- tests -------------------------------------------------------------- */

#define DATA "1 00001 C MAIL FROM:<a@example.org>\n1 00001 S 250 ok\n" \
	"1 00001 C RCPT TO:<b@example.org>\n1 00001 S 250 ok\n" \
	"1 00001 C DATA\n1 00002 S 354 go\n"

static void test_replies(void **state)
{
	static const struct row rows[] = {
		/* of several lines, the octets of all */
		{ "1 00001 C EHLO a\n1 00001 S 250-a\n1 00002 S 250-b\n"
		    "1 00003 S 250 c\n",
		    "at=2 code=250 to=1 text=a text=b text=c octets=21", 1 },
		/* lines of two sessions between each other */
		{ "1 00001 S 220-a\n2 00001 S 220-b\n1 00001 S 220 c\n"
		    "2 00001 S 220 d\n", "text=a text=c", 1 },
		{ "1 00001 S 220-a\n2 00001 S 220-b\n1 00001 S 220 c\n"
		    "2 00001 S 220 d\n", "text=b text=d", 1 },
		/* the last code counts */
		{ "1 00001 C NOOP\n1 00001 S 250-a\n1 00001 S 451 b\n",
		    "code=451 to=1 text=a text=b", 1 },
		{ "1 00001 C NOOP\n1 00001 S 250-a\n1 00001 S 451 b\n",
		    "note reply-codes-differ", 1 },
		/* a line without a code is in the midst of it */
		{ "1 00001 C NOOP\n1 00001 S 250-a\n1 00001 S more\n"
		    "1 00001 S 250 b\n", "text=a text=more text=b", 1 },
		/* never finished: by a command, by the end of the log */
		{ "1 00001 C EHLO a\n1 00001 S 250-a\n1 00002 C NOOP\n"
		    "1 00002 S 250 ok\n", "code=250 to=1 text=a ", 1 },
		{ "1 00001 C EHLO a\n1 00001 S 250-a\n1 00002 C NOOP\n"
		    "1 00002 S 250 ok\n", "code=250 to=3 text=ok", 1 },
		{ "1 00001 C EHLO a\n1 00001 S 250-a\n",
		    "note reply-unterminated", 1 },
		{ "1 00001 C EHLO a\n1 00001 S 250-a\n", "code=250 to=1", 1 },
		/* one entry for all of them */
		{ "1 00001 C EHLO a\n1 00001 J 250-a|250-b|250 c\n",
		    "code=250 to=1 text=a text=b text=c joined", 1 },
		{ "1 00001 C NOOP\n1 00001 C NOOP\n1 00001 J 250 a|250 b\n",
		    "to=2 text=b joined", 1 },
		{ "1 00001 C NOOP\n1 00001 J 250 a\n", "joined", 0 },
		/* pipelined: each its own */
		{ "1 00001 C MAIL FROM:<a>\n1 00001 C RCPT TO:<b>\n"
		    "1 00001 C RCPT TO:<c>\n1 00001 S 250 ok\n"
		    "1 00001 S 250 ok\n1 00001 S 550 no\n",
		    "code=550 to=3 text=no", 1 },
		/* 8 bit */
		{ "1 00001 C NOOP\n1 00001 S 250 \xe4\n", "8bit", 1 },
	};

	(void)state;
	CHECK(rows);
}

static void test_content(void **state)
{
	static const struct row rows[] = {
		/* nothing told: inferred by the verdict */
		{ DATA "1 00003 S 250 ok\n",
		    " - client data at=7 1970-01-01T00:00:03Z of=5 message=1 "
		    "inferred", 1 },
		{ DATA "1 00003 S 250 ok\n", "message accepted", 1 },
		/* no verdict: nothing */
		{ DATA, "client data", 0 },
		{ DATA, "message unknown", 1 },
		/* dots of the wire are taken away; "." is the end */
		{ DATA "1 00003 D ..a\n1 00003 D ..\n1 00003 D \n"
		    "1 00003 D .\n1 00004 S 250 ok\n",
		    "of=5 message=1 size=9 missing=0", 1 },
		{ DATA "1 00003 D .\n1 00004 S 250 ok\n",
		    "message=1 size=0 missing=0", 1 },
		/* told as the receiver stores it */
		{ DATA "1 00003 U ..a\n1 00003 U .\n1 00004 S 250 ok\n",
		    "size=6", 2 },
		/* the log was cut in it: the size is not that of the whole */
		{ DATA "1 00003 D abc\n", "message=1 size=5", 1 },
		{ DATA "1 00003 D abc\n", "digest", 0 },
		{ DATA "1 00003 D abc\n1 00003 D .\n", "digest", 1 },
		/* its size is told, its octets are not */
		{ DATA "1 00003 Z 1000\n1 00004 S 250 ok\n",
		    "message=1 size=1000 inferred", 1 },
		{ DATA "1 00003 P 1000\n1 00004 S 250 ok\n",
		    "size=1000 octets=1005", 1 },
		/* it is no command, and no reply */
		{ DATA "1 00003 D QUIT\n1 00003 D 250 ok\n1 00003 D .\n"
		    "1 00004 S 554 spam\n", "message rejected code=554", 1 },
		{ DATA "1 00003 D QUIT\n1 00003 D .\n1 00004 S 554 spam\n",
		    "verb=QUIT", 0 },
		/* content where none is due */
		{ "1 00001 C NOOP\n1 00001 D x\n1 00001 S 250 ok\n",
		    "client data", 0 },
		/* refused */
		{ "1 00001 C DATA\n1 00001 S 503 no\n1 00001 C NOOP\n"
		    "1 00001 S 250 ok\n", "code=250 to=3", 1 },
		/* 421 instead of a verdict: it did not pass */
		{ DATA "1 00003 S 421 timeout\n", "client data", 0 },
		/* two messages */
		{ DATA "1 00003 S 250 ok\n" DATA "1 00003 S 451 later\n",
		    "message deferred code=451", 1 },
	};

	(void)state;
	CHECK(rows);
}

static void test_secrets(void **state)
{
	static const struct row rows[] = {
		{ "1 00001 C AUTH PLAIN AGEAYg==\n1 00001 S 235 ok\n",
		    "argument=PLAIN *** line=AUTH PLAIN *** masked", 1 },
		{ "1 00001 C AUTH LOGIN\n1 00001 S 334 VXNlcm5hbWU6\n"
		    "1 00001 C YWxpY2U=\n1 00001 S 334 UGFzc3dvcmQ6\n"
		    "1 00001 C c2VjcmV0\n1 00001 S 535 no\n",
		    "line=*** masked", 2 },
		{ "1 00001 C AUTH LOGIN\n1 00001 S 334 VXNlcm5hbWU6\n"
		    "1 00001 C YWxpY2U=\n", "VXNlcm5hbWU6", 1 },
		/* any other challenge */
		{ "1 00001 C AUTH CRAM-MD5\n1 00001 S 334 PDEyMzQ1Pg==\n",
		    "text=*** masked", 1 },
		/* the start was not seen: what looks like one is one */
		{ "1 00001 C c2VjcmV0\n1 00001 S 235 ok\n", "c2VjcmV0", 0 },
		{ "1 00001 + \n1 00001 C c2VjcmV0\n", "c2VjcmV0", 1 },
		/* after any AUTH, too */
		{ "1 00001 + \n1 00001 C AUTH PLAIN\n1 00001 S 504 no\n"
		    "1 00001 C c2VjcmV0\n", "c2VjcmV0", 0 },
		/* blanks around it do not show it */
		{ "1 00001 + \n1 00001 C AUTH PLAIN\n1 00001 S 504 no\n"
		    "1 00001 C  c2VjcmV0 \n", "c2VjcmV0", 0 },
		{ "1 00001 + \n1 00001 C  AUTH PLAIN AGEAc2VjcmV0\n",
		    "AGEAc2VjcmV0", 0 },
		/* a challenge to an AUTH that the log does not tell */
		{ "1 00001 + \n1 00001 S 334 PDEyMzQ1Pg==\n"
		    "1 00001 C se-cret\n1 00001 S 235 ok\n"
		    "1 00001 C NOOP\n", "PDEyMzQ1Pg==", 0 },
		{ "1 00001 + \n1 00001 S 334 PDEyMzQ1Pg==\n"
		    "1 00001 C se-cret\n1 00001 S 235 ok\n"
		    "1 00001 C NOOP\n", "se-cret", 0 },
		{ "1 00001 + \n1 00001 S 334 PDEyMzQ1Pg==\n"
		    "1 00001 S 235 ok\n1 00001 C NOOP\n", "line=NOOP", 1 },
		{ "1 00001 C AUTH LOGIN\n1 00001 S 334 x\n1 00001 C y\n"
		    "1 00001 S 235 ok\n", "auth=LOGIN code=235", 1 },
		/* the user's line is not in the log: the password is not it */
		{ "1 00001 C AUTH LOGIN\n1 00001 S 334 UGFzc3dvcmQ6\n"
		    "1 00001 C c2VjcmV0\n1 00001 S 535 no\n", "secret", 0 },
		{ "1 00001 C AUTH LOGIN\n1 00001 S 334 VXNlcm5hbWU6\n"
		    "1 00001 C YWxpY2U=\n1 00001 S 334 UGFzc3dvcmQ6\n",
		    "auth=LOGIN user=alice", 1 },
		/* what the prompt asks for is not the user */
		{ "1 00001 C AUTH LOGIN\n1 00001 S 334 UGluOg==\n"
		    "1 00001 C c2VjcmV0\n1 00001 S 535 no\n", "secret", 0 },
		{ "1 00001 C AUTH LOGIN\n1 00001 S 334 TG9naW46\n"
		    "1 00001 C YWxpY2U=\n", "auth=LOGIN user=alice", 1 },
		/* alice NUL secret: no third field */
		{ "1 00001 C AUTH PLAIN YWxpY2UAc2VjcmV0\n"
		    "1 00001 S 535 no\n", "secret", 0 },
		{ "1 00001 C AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
		    "1 00001 S 535 no\n", "auth=PLAIN user=alice", 1 },
		/* a mechanism was left out; a verb was overwritten */
		{ "1 00001 + \n1 00001 C AUTH AGEAc2VjcmV0\n",
		    "AGEAC2VJCMV0", 0 },
		{ "1 00001 + \n1 00001 C AUTH AGEAc2VjcmV0\n",
		    "line=AUTH *** masked", 1 },
		{ "1 00001 + \n1 00001 C XXXX PLAIN AGEAc2VjcmV0\n",
		    "line=*** masked", 1 },
		{ "1 00001 + \n1 00001 C AUTH PLAIN\n1 00001 C not*base64\n",
		    "line=*** masked", 1 },
	};

	(void)state;
	CHECK(rows);
}

#define ALICE "1 00001 + \n1 00001 C AUTH PLAIN " \
	"AGFsaWNlAGNvcnJlY3Rob3JzZQ==\n"
#define BOB "1 00001 S 535 no\n1 00001 C AUTH PLAIN AGJvYgBzZWNyZXQ=\n"

/* Replies and notes that quote what is masked. */
static void test_echoes(void **state)
{
	static const struct row rows[] = {
		{ ALICE "1 00001 S 501 bad AGFsaWNlAGNvcnJlY3Rob3JzZQ==\n",
		    "text=bad *** masked", 1 },
		{ ALICE "1 00001 S 501 bad AGFsaWNlAG\n", "text=bad ***", 1 },
		{ ALICE "1 00001 S 501 bad agfsawnlag\n", "text=bad ***", 1 },
		{ ALICE "1 00001 S 501 bad password correcthorse\n",
		    "text=bad password ***", 1 },
		{ ALICE "1 00001 S 535 no login for alice\n",
		    "text=no login for alice", 1 },
		{ ALICE "1 00001 S 235 hello alice/correcthorse\n",
		    "text=hello alice/*** masked", 1 },
		/* nor does one that refuses nothing */
		{ ALICE "1 00001 S 250 hello alice/correcthorse\n",
		    "text=hello alice/*** masked", 1 },
		{ ALICE "1 00001 S 235 ok\n1 00001 C MAIL FROM:<a@b>\n"
		    "1 00001 S 250 ok\n1 00001 C RCPT TO:<c@d>\n"
		    "1 00001 S 250 ok\n1 00001 C DATA\n1 00001 S 354 go\n"
		    "1 00001 S 250 queued as correcthorse\n",
		    "correcthorse", 0 },
		{ ALICE BOB "1 00001 S 235 ok\n1 00001 C NOOP\n"
		    "1 00001 S 250 no secret\n", "text=no secret", 1 },
		/* not the newest one */
		{ ALICE BOB "1 00001 S 501 bad AGFsaWNlAG\n",
		    "text=bad ***", 1 },
		{ ALICE BOB "1 00001 S 501 bad correcthorse\n",
		    "text=bad ***", 1 },
		{ ALICE BOB "1 00001 S 501 bad secret\n", "text=bad ***", 1 },
		/* in any later reply, and line of it */
		{ ALICE BOB "1 00001 S 535 no\n1 00001 C VRFY a\n"
		    "1 00001 S 550-correcthorse\n1 00001 S 550 no\n",
		    "text=*** text=no masked", 1 },
		/* nor does a command that nobody knows */
		{ ALICE "1 00001 S 535 no\n1 00001 C PASS correcthorse\n",
		    "line=*** masked", 1 },
		{ ALICE "1 00001 S 535 no\n1 00001 C .correcthorse\n",
		    "correcthorse", 0 },
		{ ALICE "1 00001 S 535 no\n1 00001 C USER alice\n",
		    "line=USER alice", 1 },
		{ ALICE "1 00001 S 535 no\n1 00001 C NOOP correcthorse\n",
		    "line=NOOP correcthorse", 1 },
		/* nor does the beginning of one where the log is cut */
		{ ALICE "1 00001 S 501 bad Correct", "text=bad *** ", 1 },
		{ ALICE "1 00001 S 501 bad Correct\n", "text=bad Correct", 1 },
		{ ALICE "1 00001 S 501 b\xe4" "d Correct\n",
		    "d Correct", 1 },
		{ ALICE "1 00001 S 535 no\n1 00001 C PASS correct",
		    "line=*** ", 1 },
		/* the client's line is not in the log */
		{ "1 00001 + \n"
		    "1 00001 S 501 bad AGFsaWNlAGNvcnJlY3Rob3JzZQ==\n",
		    "text=bad *** masked", 1 },
		{ "1 00001 + \n1 00001 C VRFY a\n"
		    "1 00001 S 550 see 5h2v8Kq0ZlPx3mNw7t\n",
		    "text=see 5h2v8Kq0ZlPx3mNw7t", 1 },
		/* a note: its mark may be damaged */
		{ ALICE "1 00001 S 535 no\n1 00001 N x AGJvYgBzZWNyZXQ=\n",
		    "text=x ***", 1 },
		{ "1 00001 C NOOP\n1 00001 N AUTH PLAIN AGJvYgBzZWNyZXQ=\n",
		    "text=AUTH PLAIN ***", 1 },
		{ "1 00001 C NOOP\n1 00001 N id AGJvYgBzZWNyZXQ=\n",
		    "text=id AGJvYgBzZWNyZXQ=", 1 },
	};

	(void)state;
	CHECK(rows);
}

static void test_lmtp(void **state)
{
	static const char text[] = "1 00001 C LHLO a\n1 00001 S 250 hi\n"
	    "1 00001 C MAIL FROM:<a@example.org>\n1 00001 S 250 ok\n"
	    "1 00001 C RCPT TO:<b@example.org>\n1 00001 S 250 ok\n"
	    "1 00001 C RCPT TO:<c@example.org>\n1 00001 S 550 no\n"
	    "1 00001 C RCPT TO:<d@example.org>\n1 00001 S 250 ok\n"
	    "1 00001 C DATA\n1 00001 S 354 go\n"
	    "1 00002 S 250 b has it\n1 00002 S 452 d is full\n"
	    "1 00003 C QUIT\n1 00003 S 221 bye\n";
	struct buffer out;

	(void)state;
	read_text(text, &out);
	assert_count(&out, "to=13 text=b has it", 1);
	assert_count(&out, "to=13 text=d is full", 1);
	assert_count(&out, "code=221 to=16 text=bye", 1);
	assert_count(&out, "message partial", 1);
	buffer_fini(&out);
}

/* Who wrote the log: whoever sent what begins with three digits. */
static void test_roles(void **state)
{
	static const struct row rows[] = {
		{ "1 00001 > 220 hi\n1 00001 < EHLO a\n", " server input-", 1 },
		{ "1 00001 > EHLO a\n1 00001 < 250 hi\n", " client input-", 1 },
		{ "1 00001 < 220 hi\n1 00001 > EHLO a\n", " client input-", 1 },
		{ "1 00001 < EHLO a\n1 00001 > 250 hi\n", " server input-", 1 },
		{ "1 00001 < EHLO a\n1 00001 > 250 hi\n",
		    "client command at=1 verb=EHLO", 1 },
	};

	(void)state;
	CHECK(rows);
}

static void test_ends(void **state)
{
	static const struct row rows[] = {
		{ "1 00001 C QUIT\n1 00001 S 221 bye\n1 00002 - \n",
		    " quit ", 1 },
		/* the server closed behind QUIT */
		{ "1 00001 S 421 busy\n1 00002 - \n", " server-close ", 1 },
		{ "1 00001 C NOOP\n1 00001 S 250 ok\n1 00002 - \n",
		    " client-close ", 1 },
		{ "1 00001 C NOOP\n", " input-ended ", 1 },
		/* an hour without a line, and one second more */
		{ "1 00001 C NOOP\n2 03601 C NOOP\n", " idle ", 0 },
		{ "1 00001 C NOOP\n2 03602 C NOOP\n", " idle ", 1 },
		/* the same key again is another session then */
		{ "1 00001 C NOOP\n1 00002 - \n1 00003 C NOOP\n",
		    "session ", 2 },
		{ "1 00001 C NOOP\n1 00002 N a word\n", "- note at=2", 1 },
		{ "1 00001 + \n1 00001 C NOOP\n", "client connect at=1", 1 },
		{ "no line of this log\n", "not understood=1", 1 },
		{ "1 x C AUTH PLAIN c2VjcmV0\n", "c2VjcmV0", 0 },
		{ "1 x C c2VjcmV0\n", "c2VjcmV0", 0 },
		{ "1 x C QUVBQg== of\n", "1 x C *** of", 1 },
		{ "1 x C >>>c2VjcmV0\n", "c2VjcmV0", 0 },
		{ "1 x C Received deadbeef\n", "C Received deadbeef", 1 },
		{ "1 x C NOO", "the log is cut in this line", 1 },
	};

	(void)state;
	CHECK(rows);
}

/* A session that goes on in the next files, and one that cannot. */
static void test_files(void **state)
{
	static const char *const texts[] = {
		"1 00010 C NOOP\n2 00011 C NOOP\n1 00012 S 250-a\n",
		"",
		"1 00013 S 250 b\n",
		"3 00014 C NOOP\n1 00014 - \n", NULL };
	static const char *const others[] = { "1 90000 C NOOP\n",
		"1 00010 C HELP\n", NULL };
	static const char *const late[] = { "1 90000 C NOOP\n",
		"1 89900 C HELP\n", NULL };
	struct buffer out;

	(void)state;
	read_files(texts, &out);
	assert_count(&out, "part file1 first=1 last=3 base=0", 1);
	assert_count(&out, "part file3 first=1 last=1 base=3", 1);
	assert_count(&out, "part file4 first=2 last=2 base=4", 1);
	assert_count(&out, "part file2", 0);
	assert_count(&out, "part ", 5);
	assert_count(&out, "first=1 last=6 ", 1);
	assert_count(&out, "code=250 to=1 text=a text=b", 1);
	assert_count(&out, "part file1 first=2 last=2 base=0", 1);
	assert_count(&out, "part file4 first=1 last=1 base=4", 1);
	assert_count(&out, "session ", 3);
	buffer_fini(&out);
	/* Times run backwards: it is another log. */
	read_files(others, &out);
	assert_count(&out, "session ", 2);
	buffer_fini(&out);
	/* ... but for what may have been written late. */
	read_files(late, &out);
	assert_count(&out, "session ", 1);
	buffer_fini(&out);
}

/* The pieces in which it is read make no difference. */
static void test_pieces(void **state)
{
	static const char text[] = DATA "1 00003 D ..x\r\n1 00003 D .\r\n"
	    "1 00004 S 250-a\r\n1 00004 S 250 b\n2 00005 C NOOP";
	size_t n;
	struct buffer whole;

	(void)state;
	buffer_init(&whole, 1 << 20);
	assert_int_equal(dump_log(&fake, "f", slice_str(text), 1 << 20,
	    &whole), SW_OK);
	assert_count(&whole, "session ", 2);
	for (n = 1; n < sizeof(text); n++) {
		struct buffer out;

		buffer_init(&out, 1 << 20);
		assert_int_equal(dump_log(&fake, "f", slice_str(text), n,
		    &out), SW_OK);
		assert_true(slice_eq(buffer_slice(&whole),
		    buffer_slice(&out)));
		buffer_fini(&out);
	}
	buffer_fini(&whole);
}

/* Limits: lines of a reply. */
static void test_limits(void **state)
{
	struct buffer text, out;
	size_t i;

	(void)state;
	buffer_init(&text, 1 << 20);
	buffer_append_str(&text, "1 00001 C HELP\n");
	for (i = 0; i < LIMIT_REPLY_LINES + 5; i++)
		buffer_append_str(&text, "1 00001 S 214-x\n");
	buffer_append_str(&text, "1 00001 S 214 end\n");
	buffer_append_char(&text, '\0');
	read_text((const char *)text.p, &out);
	assert_count(&out, "note limit", 1);
	assert_count(&out, "code=214 to=1", 1);
	buffer_fini(&out);
	/* Exchanges of AUTH: the last one's user is not that of another. */
	buffer_clear(&text);
	for (i = 0; i < LIMIT_AUTH; i++)
		buffer_append_str(&text, "1 00001 C AUTH PLAIN\n"
		    "1 00001 S 504 no\n");
	buffer_append_str(&text, "1 00001 C AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
	    "1 00001 S 235 ok\n");
	buffer_append_char(&text, '\0');
	read_text((const char *)text.p, &out);
	assert_count(&out, "auth=PLAIN code=235", 0);
	assert_count(&out, "user=alice", 0);
	buffer_fini(&out);
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_echoes),
		cmocka_unit_test(test_lmtp),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
