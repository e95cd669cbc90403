/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_dialogue_gaps.c - the dialogue: octets that are lost
 */
#include "dialogue_script.h"

static const struct script scripts[] = {
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
};

static void test_scripts(void **state)
{
	(void)state;
	check_scripts(scripts, sizeof(scripts) / sizeof(scripts[0]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
