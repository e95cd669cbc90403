/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_dialogue.c - the dialogue: sessions of all sorts
 */
#include "base/limits.h"
#include "dialogue_script.h"

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
	(void)state;
	check_scripts(scripts, sizeof(scripts) / sizeof(scripts[0]));
}

static void append_times(struct buffer *script, size_t times,
    const char *octets)
{
	while (times-- > 0)
		buffer_append_str(script, octets);
}

/* More await a reply than are remembered: each reply answers its own.  The
 * replies to what is first come before all others. */
static void check_many_outstanding(const char *before, const char *first,
    const char *replies)
{
	enum { MANY = LIMIT_OUTSTANDING + 53 };
	struct buffer script, text, json;
	struct play p;

	buffer_init(&script, 1 << 20);
	buffer_append_str(&script, before);
	buffer_append_str(&script, first);
	append_times(&script, MANY, "NOOP|");
	buffer_append_str(&script, "MAIL FROM:<a>|RCPT TO:<b>|RCPT TO:<c>|"
	    "DATA|\nS ");
	buffer_append_str(&script, replies);
	append_times(&script, MANY, "250 ok|");
	buffer_append_str(&script, "250 a|550 b|250 c|354 d|\nC x|.|\n"
	    "S 250 e|\n");
	buffer_append(&script, "", 1);
	assert_false(script.failed);
	p = play((const char *)script.p, true, WHOLE, 0, 0, &text, &json);
	assert_true(p.deliveries > 0);
	buffer_append(&json, "", 1);
	assert_non_null(strstr((const char *)json.p, "\"to\":\"b\","
	    "\"params\":{},\"code\":550,"));
	assert_non_null(strstr((const char *)json.p, "\"code\":\"limit\""));
	assert_null(strstr((const char *)json.p, "reply-unprompted"));
	json.len--;
	same((const char *)script.p, true, OCTETS, 0, 0, &json);
	buffer_fini(&text);
	buffer_fini(&json);
	buffer_fini(&script);
}

static void test_many_outstanding(void **state)
{
	(void)state;
	check_many_outstanding("S 220 mx|\nC EHLO c|\nS 250 mx|\n", "C ", "");
}

#define LMTP_ENVELOPE "S 220 mx|\nC LHLO c|\nS 250 mx|\n" \
	"C MAIL FROM:<x>|\nS 250 a|\nC RCPT TO:<y>|\nS 250 b|\n" \
	"C RCPT TO:<z>|\nS 250 c|\n"

/* Content in LMTP awaits as many replies as it has recipients, some of which
 * may have come. */
static void test_many_behind_lmtp(void **state)
{
	(void)state;
	check_many_outstanding(LMTP_ENVELOPE "C DATA|\nS 354 d|\n",
	    "C hi|.|", "250 y|250 z|");
	check_many_outstanding(LMTP_ENVELOPE "C DATA|\nS 354 d|\nC hi|.|\n"
	    "S 250 y|\n", "C ", "250 z|");
	check_many_outstanding(LMTP_ENVELOPE, "C BDAT 4 LAST|hi|",
	    "250 y|250 z|");
}

static void play_json(struct buffer *script, struct buffer *json)
{
	struct buffer text;

	buffer_append(script, "", 1);
	assert_false(script->failed);
	play((const char *)script->p, true, WHOLE, 0, 0, &text, json);
	buffer_append(json, "", 1);
	assert_false(json->failed);
	buffer_fini(&text);
	buffer_fini(script);
}

/* After a gap nobody waits for replies that may lie in it. */
static void test_many_before_a_gap(void **state)
{
	struct buffer script, json;
	const char *said;

	(void)state;
	buffer_init(&script, 1 << 20);
	buffer_append_str(&script, "S 220 mx|\nC EHLO c|\nS 250 mx|\nC ");
	append_times(&script, LIMIT_OUTSTANDING + 53, "NOOP|");
	buffer_append_str(&script, "EHLO c|\n-S 900\nC MAIL FROM:<a>|\n"
	    "S 250 a|\nC RCPT TO:<b>|\nS 550 b|\n");
	play_json(&script, &json);
	assert_non_null(strstr((const char *)json.p, "\"to\":\"b\","
	    "\"params\":{},\"code\":550,"));
	said = strstr((const char *)json.p, "\"code\":\"limit\"");
	assert_non_null(said);
	assert_null(strstr(said + 1, "\"code\":\"limit\""));
	buffer_fini(&json);
}

/* What nobody waits for makes room without a word. */
static void test_many_behind_a_gap(void **state)
{
	struct buffer script, json;

	(void)state;
	buffer_init(&script, 1 << 20);
	buffer_append_str(&script, "S 220 mx|\nC EHLO c|\nS 250 mx|\nC ");
	append_times(&script, LIMIT_OUTSTANDING, "NOOP|");
	buffer_append_str(&script, "\n-S 900\nC ");
	append_times(&script, 53, "NOOP|");
	buffer_append_str(&script, "\n");
	play_json(&script, &json);
	assert_null(strstr((const char *)json.p, "\"code\":\"limit\""));
	buffer_fini(&json);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_many_outstanding),
		cmocka_unit_test(test_many_behind_lmtp),
		cmocka_unit_test(test_many_before_a_gap),
		cmocka_unit_test(test_many_behind_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
