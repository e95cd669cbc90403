/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_dialogue_content.c - the dialogue: content in flight behind DATA and BDAT
 */
#include "dialogue_script.h"

static const struct script scripts[] = {
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
};

static void test_scripts(void **state)
{
	(void)state;
	check_scripts(scripts, sizeof(scripts) / sizeof(scripts[0]));
}

/* More in flight than is held, behind a second DATA or BDAT. */
static void held_too_long(const char *begin)
{
	static const char hello[] = "S 220 mx|\nC EHLO c|\nS 250 mx|\n"
	    "C MAIL FROM:<a>|\nS 250 a|\nC RCPT TO:<b>|\nS 250 b|\nC ";
	static const char rest[] = "\nS 354 c|\nS 250 d|\nS 354 e|\n"
	    "S 250 f|\n";
	static const char line[] = "some text in a line|";
	struct buffer script, text, json;
	struct play p;
	size_t i;

	buffer_init(&script, 1 << 20);
	buffer_append_str(&script, hello);
	buffer_append_str(&script, begin);
	for (i = 0; i < 70000 / (sizeof(line) - 1); i++)
		buffer_append_str(&script, line);
	buffer_append(&script, rest, sizeof(rest));
	assert_false(script.failed);
	p = play((const char *)script.p, true, WHOLE, 0, 0, &text, &json);
	same((const char *)script.p, true, OCTETS, 0, 0, &json);
	for (i = 1; i < p.len[7]; i += 9973)
		same((const char *)script.p, true, ONE_CUT, 7, i, &json);
	buffer_fini(&text);
	buffer_fini(&json);
	buffer_fini(&script);
}

static void test_held_too_long(void **state)
{
	(void)state;
	held_too_long("DATA|x|.|MAIL FROM:<c>|DATA|");
	held_too_long("BDAT 3|x|MAIL FROM:<c>|BDAT 900000 LAST|");
	held_too_long("DATA|x|.|DATA|y|.|BDAT 900000 LAST|");
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
		cmocka_unit_test(test_held_too_long),
		cmocka_unit_test(test_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
