/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_verdict.c - what is found between two records of one session */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "check/check.h"
#include "talk_script.h"

#define HEAD "* connect\nS 220 mx.example.org ESMTP\n"
#define EHLO "C EHLO client.example.net\n" \
	"S 250-mx.example.org|PIPELINING|STARTTLS|8BITMIME\n"
#define FROM "C MAIL FROM:<a@example.net>\nS 250 2.1.0 Ok\n"
#define RCPT(x) "C RCPT TO:<" x "@example.org>\nS 250 2.1.5 Ok\n"
#define DATA "C DATA\nS 354 go ahead\n"
#define MAIL FROM RCPT("b") DATA
#define VERDICT "S 250 2.0.0 Ok: queued as 4F1C\n"
#define QUIT "C QUIT\nS 221 2.0.0 Bye\n* client\n"
#define ALL HEAD EHLO MAIL "D 276\n" VERDICT QUIT

/* Both sides, and what was found. */
struct both {
	struct talk *t[2];
	struct arena arena;
	struct verdict_options options;
	struct sw_pair pair;
};

static void begin(struct both *b, enum sw_recorder left, const char *x,
    enum sw_recorder right, const char *y)
{
	memset(b, 0, sizeof(*b));
	arena_init(&b->arena);
	b->t[0] = malloc(sizeof(struct talk));
	b->t[1] = malloc(sizeof(struct talk));
	assert_non_null(b->t[0]);
	assert_non_null(b->t[1]);
	talk_read(b->t[0], left, x);
	talk_read(b->t[1], right, y);
}

static void run(struct both *b)
{
	struct sw_aligned *rows;
	size_t count;

	assert_int_equal(align_events(&b->t[0]->s, &b->t[1]->s, &b->arena,
	    &rows, &count), SW_OK);
	assert_int_equal(verdict_compare(&b->t[0]->s, &b->t[1]->s, rows,
	    count, &b->options, &b->arena, &b->pair), SW_OK);
}

static void end(struct both *b)
{
	arena_fini(&b->arena);
	free(b->t[0]);
	free(b->t[1]);
}

/* "kind side, kind side": all that was found. */
static void told(const struct both *b, char *text, size_t size)
{
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < b->pair.finding_count && n < size; i++) {
		const struct sw_finding *f = &b->pair.findings[i];
		const char *side = sw_side_name(f->side);

		n += (size_t)snprintf(text + n, size - n, "%s%s%s%s",
		    i ? ", " : "", sw_finding_name(f->kind),
		    side ? " " : "", side ? side : "");
		assert_non_null(f->explanation.data);
		assert_true(f->explanation.len > 20);
	}
}

static void check(struct both *b, const char *name, enum sw_verdict verdict,
    const char *want)
{
	char text[500];

	run(b);
	told(b, text, sizeof(text));
	if (strcmp(text, want) != 0 || b->pair.verdict != verdict)
		fail_msg("%s: %s <%s>, want %s <%s>", name,
		    sw_verdict_name(b->pair.verdict), text,
		    sw_verdict_name(verdict), want);
	/* what cannot be decided says why */
	if ((verdict == SW_UNDECIDABLE && !b->pair.undecided_by) ||
	    (verdict == SW_AGREES && b->pair.undecided_by))
		fail_msg("%s: undecided by %#x", name, b->pair.undecided_by);
}

/* --- what is found -------------------------------------------------------- */

struct row {
	const char *name, *left, *right; /* NULL: ALL */
	enum sw_verdict verdict;
	const char *want, *turned; /* ... and with the sides exchanged; NULL:
	                              the same */
};

/* The left is a server's log, the right the wire. */
static const struct row rows[] = {
	{ "the same", NULL, NULL, SW_AGREES, "", NULL },
	{ "greeting masked", NULL,
	    "* connect\nS 220 **************0*******\n" EHLO MAIL "D 276\n"
	    VERDICT QUIT, SW_DIFFERS, "greeting-masked right",
	    "greeting-masked left" },
	{ "starttls stripped", NULL, HEAD "C EHLO client.example.net\n"
	    "S 250-mx.example.org|PIPELINING|8BITMIME\n" MAIL "D 276\n"
	    VERDICT QUIT, SW_DIFFERS, "starttls-stripped right",
	    "starttls-stripped left" },
	{ "extension removed", HEAD "C EHLO client.example.net\n"
	    "S 250-mx.example.org|STARTTLS|8BITMIME\n" MAIL "D 276\n"
	    VERDICT QUIT, NULL, SW_DIFFERS, "extension-removed left",
	    "extension-removed right" },
	{ "verb masked", HEAD "C XXXX client.example.net\n"
	    "S 250-mx.example.org|PIPELINING|STARTTLS|8BITMIME\n" MAIL
	    "D 276\n" VERDICT QUIT, NULL, SW_DIFFERS, "verb-masked left",
	    "verb-masked right" },
	{ "command changed", HEAD EHLO "C MAIL FROM:<z@example.net>\n"
	    "S 250 2.1.0 Ok\n" RCPT("b") DATA "D 276\n" VERDICT QUIT, NULL,
	    SW_DIFFERS, "command-changed", NULL },
	{ "code changed", HEAD EHLO FROM "C RCPT TO:<b@example.org>\n"
	    "S 450 4.2.0 Later\n" DATA "D 276\n" VERDICT QUIT, NULL,
	    SW_DIFFERS, "reply-code-changed", NULL },
	{ "text changed", HEAD EHLO FROM "C RCPT TO:<b@example.org>\n"
	    "S 250 2.1.5 Fine\n" DATA "D 276\n" VERDICT QUIT, NULL,
	    SW_DIFFERS, "reply-text-changed", NULL },
	{ "command missing", NULL, HEAD EHLO "C NOOP\nS 250 2.0.0 Ok\n" MAIL
	    "D 276\n" VERDICT QUIT, SW_DIFFERS, "command-missing left",
	    "command-missing right" },
	{ "recipient missing", HEAD EHLO FROM RCPT("b") RCPT("c") DATA
	    "D 276\n" VERDICT QUIT, NULL, SW_DIFFERS,
	    "recipient-missing right", "recipient-missing left" },
	{ "message missing", HEAD EHLO MAIL "D 276\n" VERDICT FROM RCPT("c")
	    DATA "D 300\n" VERDICT QUIT, NULL, SW_DIFFERS,
	    "message-missing right", "message-missing left" },
	{ "reply missing", HEAD EHLO FROM "C RCPT TO:<b@example.org>\n"
	    "C DATA\nA 354 go ahead\n* client\n",
	    HEAD EHLO FROM "C RCPT TO:<b@example.org>\nS 250 2.1.5 Ok\n"
	    "C DATA\nS 354 go ahead\n* client\n", SW_DIFFERS,
	    "reply-missing left", "reply-never-arrived right" },
	{ "order changed", HEAD EHLO FROM RCPT("b") RCPT("c") DATA "D 276\n"
	    VERDICT QUIT, HEAD EHLO FROM RCPT("c") RCPT("b") DATA "D 276\n"
	    VERDICT QUIT, SW_DIFFERS, "order-changed", NULL },
	{ "a command between STARTTLS and TLS", HEAD EHLO
	    "C STARTTLS\nS 220 Ready\nC EHLO client.example.net\n"
	    "S 250 mx.example.org\nC QUIT\nS 221 Bye\n* server\n",
	    HEAD EHLO "C STARTTLS\nS 220 Ready\nC NOOP\nT\n* server\n",
	    SW_UNDECIDABLE, "", NULL },
	{ "order changed, answers too", HEAD EHLO FROM
	    "C RCPT TO:<b@example.org>\nS 550 5.1.1 No\n" RCPT("c") DATA
	    "D 276\n" VERDICT QUIT, HEAD EHLO FROM RCPT("c")
	    "C RCPT TO:<b@example.org>\nS 550 5.1.1 No\n" DATA "D 276\n"
	    VERDICT QUIT, SW_DIFFERS, "order-changed", NULL },
	{ "order changed, all three", HEAD EHLO FROM RCPT("b")
	    "C RCPT TO:<c@example.org>\nS 250 2.1.5 Fine\n" DATA
	    "D 276\n" VERDICT QUIT, HEAD EHLO "C RCPT TO:<c@example.org>\n"
	    "S 250 2.1.5 Fine\n" RCPT("b") FROM DATA "D 276\n"
	    VERDICT QUIT, SW_DIFFERS, "order-changed", NULL },
	{ "size changed", HEAD EHLO MAIL "D 277\n" VERDICT QUIT, NULL,
	    SW_DIFFERS, "message-size-changed", NULL },
	{ "verdict lost", HEAD EHLO MAIL "D 276\n" VERDICT "* client\n",
	    HEAD EHLO MAIL "D 276\n* reset\n",
	    SW_DIFFERS, "reply-never-arrived right", NULL },
	{ "verdict unacknowledged", HEAD EHLO MAIL "D 276\n" VERDICT
	    "* client\n", HEAD EHLO MAIL "D 276\n"
	    "S 250 2.0.0 Ok: queued as 4F1C {unacked}\n* reset\n",
	    SW_DIFFERS, "reply-never-arrived right", NULL },
	{ "reply lost on the way", HEAD EHLO FROM
	    "C RCPT TO:<b@example.org>\nS 250 2.1.5 Ok\n* server\n",
	    HEAD EHLO FROM "C RCPT TO:<b@example.org>\n* server\n",
	    SW_DIFFERS, "reply-never-arrived right", NULL },

	/* a capture that lacks octets */
	{ "reply in a gap", NULL, HEAD EHLO FROM
	    "C RCPT TO:<b@example.org>\nG s\nC DATA\nA 354 go ahead\n"
	    "D 276\n" VERDICT QUIT, SW_UNDECIDABLE, "capture-gap right",
	    "capture-gap left" },

	{ "content behind a gap", HEAD EHLO QUIT,
	    HEAD EHLO "G c\nC Subject: hello\n" QUIT, SW_UNDECIDABLE,
	    "capture-gap right", "capture-gap left" },
	{ "content for a command behind a gap", HEAD EHLO QUIT,
	    HEAD EHLO "G c\nC Subject: hello\nS 221 Bye\n* client\n",
	    SW_UNDECIDABLE, "capture-gap right, capture-gap right",
	    "capture-gap left, capture-gap left" },
	{ "changed behind a gap", HEAD EHLO FROM QUIT,
	    HEAD EHLO "G s\nC MAIL FROM:<z@example.net>\nS 250 2.1.0 Ok\n"
	    QUIT, SW_DIFFERS, "command-changed", NULL },

	{ "another BDAT behind a gap", HEAD EHLO FROM "C BDAT 9 LAST\n"
	    QUIT, HEAD EHLO "G c\nC BDAT 7 LAST\n" QUIT, SW_UNDECIDABLE,
	    "capture-gap right, capture-gap right",
	    "capture-gap left, capture-gap left" },

	/* what the server's log cannot have */
	{ "never read", HEAD EHLO "* server\n",
	    HEAD EHLO "C MAIL FROM:<a@example.net>\nC QUIT\n* server\n",
	    SW_AGREES, "", NULL },
	{ "read before 421", HEAD EHLO "s 421 4.7.0 too many errors\n"
	    "* server\n", HEAD EHLO "C FOO\nS 421 4.7.0 too many errors\n"
	    "* server\n", SW_AGREES, "", NULL },
	/* what nobody waited for */
	{ "421 to nobody", HEAD EHLO "* client\n"
	    "s 421 4.4.1 lost connection\n", HEAD EHLO "* client\n",
	    SW_AGREES, "", NULL },
	{ "221 to nobody", NULL, HEAD EHLO MAIL "D 276\n" VERDICT
	    "C QUIT\n* client\n", SW_AGREES, "", NULL },
	{ "221 unacknowledged", NULL, HEAD EHLO MAIL "D 276\n" VERDICT
	    "C QUIT\nS 221 2.0.0 Bye {unacked}\n* client\n", SW_AGREES, "",
	    NULL },
	{ "client did not wait", HEAD EHLO FROM
	    "C RCPT TO:<b@example.org>\nS 250 2.1.5 Ok\n* client\n",
	    HEAD EHLO FROM "C RCPT TO:<b@example.org>\n* reset\n", SW_AGREES,
	    "", NULL },
	/* the greeting came after the first command */
	{ "early", "S 220 mx.example.org ESMTP\nC EHLO client.example.net\n"
	    "S 250 Ok\n" QUIT, "* connect\nC EHLO client.example.net\n"
	    "s 220 mx.example.org ESMTP\nS 250 Ok\n" QUIT, SW_AGREES, "",
	    NULL },
	/* pipelining: the log tells in the order of the answers */
	{ "pipelined", NULL, HEAD EHLO "C MAIL FROM:<a@example.net>\n"
	    "C RCPT TO:<b@example.org>\nC DATA\nS 250 2.1.0 Ok\n"
	    "S 250 2.1.5 Ok\nS 354 go ahead\nD 276\n" VERDICT QUIT,
	    SW_AGREES, "", NULL },
	/* TLS hides the rest */
	{ "hidden", HEAD EHLO "C STARTTLS\nS 220 go\n" EHLO MAIL "D 276\n"
	    VERDICT QUIT, HEAD EHLO "C STARTTLS\nS 220 go\nT\n* client\n",
	    SW_UNDECIDABLE, "", NULL },
	{ "differs in front of TLS", HEAD EHLO "C STARTTLS\nS 220 go\n"
	    "C EHLO again.example.net\n", HEAD "C EHLO other.example.net\n"
	    "S 250-mx.example.org|PIPELINING|STARTTLS|8BITMIME\n"
	    "C STARTTLS\nS 220 go\nT\n* client\n", SW_DIFFERS,
	    "command-changed", NULL },
	/* lines as programs print them */
	{ "cut", NULL, HEAD EHLO FROM "C RCPT TO:<b@example.org>\n"
	    "S 250 2.1 {truncated}\n" DATA "D 276\n" VERDICT QUIT, SW_AGREES,
	    "", NULL },
	{ "code only", HEAD EHLO FROM "C RCPT TO:<b@example.org>\n"
	    "S 250 {code-only}\n" DATA "D 276\n" VERDICT QUIT,
	    HEAD EHLO FROM "C RCPT TO:<b@example.org>\nS 250\n" DATA
	    "D 276\n" VERDICT QUIT, SW_AGREES, "", NULL },
	{ "unprintable", HEAD "C EHLO cli?nt\nS 250 Ok\n" QUIT,
	    HEAD "C EHLO cli\xffnt\nS 250 Ok\n" QUIT, SW_AGREES, "", NULL },
	{ "secrets", HEAD "C AUTH LOGIN\nS 334 VXNlcm5hbWU6\nC ***\n"
	    "S 235 2.7.0 Ok\n" QUIT, HEAD "C AUTH LOGIN\n"
	    "S 334 VXNlcm5hbWU6\nC ***\nS 334 UGFzc3dvcmQ6\nC ***\n"
	    "S 235 2.7.0 Ok\n" QUIT, SW_AGREES, "", NULL },
};

static void table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		const char *x = r->left ? r->left : ALL;
		const char *y = r->right ? r->right : ALL;
		struct both b;

		begin(&b, SW_RECORDER_SERVER, x, SW_RECORDER_WIRE, y);
		check(&b, r->name, r->verdict, r->want);
		end(&b);
		if (!r->turned)
			continue;
		/* what the other side lacks; the roles stay */
		begin(&b, SW_RECORDER_SERVER, y, SW_RECORDER_WIRE, x);
		if (strstr(y, "G s")) {
			end(&b);
			begin(&b, SW_RECORDER_WIRE, y, SW_RECORDER_SERVER,
			    x);
		}
		check(&b, r->name, r->verdict, r->turned);
		end(&b);
	}
}

/* A pair the other way round: the same findings on the other side. */
static void mirrored(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *x = rows[i].left ? rows[i].left : ALL;
		const char *y = rows[i].right ? rows[i].right : ALL;
		struct both a, b;
		size_t k;

		begin(&a, SW_RECORDER_SERVER, x, SW_RECORDER_WIRE, y);
		begin(&b, SW_RECORDER_WIRE, y, SW_RECORDER_SERVER, x);
		run(&a);
		run(&b);
		assert_int_equal(a.pair.verdict, b.pair.verdict);
		assert_int_equal(a.pair.finding_count, b.pair.finding_count);
		for (k = 0; k < a.pair.finding_count; k++) {
			const struct sw_finding *f = &a.pair.findings[k];
			const struct sw_finding *g = &b.pair.findings[k];

			assert_int_equal(f->kind, g->kind);
			assert_int_equal(f->side, g->side == SW_NO_SIDE ?
			    SW_NO_SIDE : g->side == SW_LEFT ? SW_RIGHT :
			    SW_LEFT);
			/* order-changed quotes the first of either */
			if (f->kind == SW_FOUND_ORDER_CHANGED)
				continue;
			assert_int_equal(f->left_event, g->right_event);
			assert_int_equal(f->right_event, g->left_event);
			assert_int_equal(f->left_text.len,
			    g->right_text.len);
		}
		end(&a);
		end(&b);
	}
}

/* --- messages ------------------------------------------------------------- */

static void contents(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_WIRE, ALL, SW_RECORDER_WIRE, ALL);
	b.t[0]->messages[0].sha256.known = true;
	b.t[1]->messages[0].sha256.known = true;
	check(&b, "equal hashes", SW_AGREES, "");
	b.t[1]->messages[0].sha256.octets[31] = 1;
	check(&b, "other hash", SW_DIFFERS, "message-content-changed");
	b.t[1]->messages[0].sha256.known = false;
	check(&b, "no hash", SW_AGREES, "");
	b.t[0]->messages[0].message_id = talk_text("<1@example.net>");
	check(&b, "no Message-ID", SW_AGREES, "");
	b.t[1]->messages[0].message_id = talk_text("<2@example.net>");
	check(&b, "other Message-ID", SW_DIFFERS, "header-changed");
	assert_int_equal(b.pair.findings[0].message, 1);
	b.t[1]->messages[0].message_id = talk_text("<1@example.net>");
	b.t[0]->messages[0].subject = talk_text("one");
	b.t[1]->messages[0].subject = talk_text("two");
	check(&b, "other subject", SW_DIFFERS, "header-changed");
	end(&b);
}

static void incomplete_contents(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_SERVER, ALL, SW_RECORDER_WIRE,
	    HEAD EHLO MAIL "D 270\n" VERDICT QUIT);
	b.t[1]->messages[0].missing = 6;
	check(&b, "missing octets", SW_UNDECIDABLE, "");
	b.t[1]->messages[0].missing = SW_UNKNOWN;
	check(&b, "unknown number of them", SW_UNDECIDABLE, "");
	b.t[1]->messages[0].missing = 0;
	b.t[1]->events[10].flags = SW_BIT(SW_FLAG_BARE_LF);
	assert_int_equal(b.t[1]->events[10].kind, SW_EVENT_DATA);
	check(&b, "lines without their ends", SW_AGREES, "");
	b.t[0]->s.records &= ~SW_BIT(SW_RECORDS_BODY);
	check(&b, "a counted size", SW_DIFFERS, "message-size-changed");
	b.t[0]->messages[0].outcome = SW_OUTCOME_ABORTED;
	check(&b, "broken off", SW_AGREES, "");
	end(&b);
}

/* --- what one side cannot record ------------------------------------------ */

static void unable(void **state)
{
	static const struct {
		const char *name, *left;
		enum sw_record lacks;
	} cases[] = {
		{ "greeting", "* connect\n" EHLO MAIL "D 276\n" VERDICT QUIT,
		    SW_RECORDS_GREETING },
		{ "354", HEAD EHLO FROM RCPT("b") "C DATA\nD 276\n" VERDICT
		    QUIT, SW_RECORDS_INTERMEDIATE_REPLIES },
		{ "arguments", HEAD "C EHLO\n"
		    "S 250-mx.example.org|PIPELINING|STARTTLS|8BITMIME\n"
		    MAIL "D 276\n" VERDICT QUIT, SW_RECORDS_ARGUMENT },
		{ "texts", HEAD EHLO FROM "C RCPT TO:<b@example.org>\n"
		    "S 250 other\n" DATA "D 276\n" VERDICT QUIT,
		    SW_RECORDS_REPLY_TEXT },
		{ "lines", HEAD "C EHLO client.example.net\n"
		    "S 250 mx.example.org\n" MAIL "D 276\n" VERDICT QUIT,
		    SW_RECORDS_REPLY_LINES },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct both b;

		begin(&b, SW_RECORDER_SERVER, cases[i].left,
		    SW_RECORDER_WIRE, ALL);
		run(&b);
		if (b.pair.verdict != SW_DIFFERS)
			fail_msg("%s: no difference", cases[i].name);
		b.t[0]->s.records &= ~SW_BIT(cases[i].lacks);
		check(&b, cases[i].name, SW_AGREES, "");
		end(&b);
	}
}

static void without_start(struct talk *t)
{
	t->notes[0].code = SW_NOTE_NO_START;
	t->s.note_count = 1;
}

/* The record begins late, or ends early. */
static void partial(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_SERVER, ALL, SW_RECORDER_WIRE,
	    HEAD EHLO FROM);
	check(&b, "ends early", SW_UNDECIDABLE, "");
	end(&b);
	begin(&b, SW_RECORDER_SERVER, ALL, SW_RECORDER_WIRE,
	    RCPT("b") DATA "D 276\n" VERDICT QUIT);
	without_start(b.t[1]);
	check(&b, "begins late", SW_UNDECIDABLE, "");
	end(&b);
	begin(&b, SW_RECORDER_SERVER, ALL, SW_RECORDER_WIRE,
	    "S 220 mx.example.org ESMTP\n"
	    "S 250-mx.example.org|PIPELINING|STARTTLS|8BITMIME\n" MAIL
	    "D 276\n" VERDICT QUIT);
	without_start(b.t[1]);
	check(&b, "one direction begins late", SW_UNDECIDABLE, "");
	end(&b);
}

/* Of two captures one has a reply that nobody acknowledged. */
static void lost_between(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n"
	    "S 250 2.0.0 Ok: queued as 4F1C {unacked}\n* server\n",
	    SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n* client\n");
	check(&b, "unacknowledged", SW_DIFFERS, "reply-never-arrived right");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n" VERDICT
	    "* server\n", SW_RECORDER_WIRE, HEAD EHLO MAIL
	    "D 276\n* client\n");
	check(&b, "acknowledged", SW_DIFFERS, "reply-missing right");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n"
	    "S 250 2.0.0 Ok: queued as 4F1C {unacked}\n* server\n",
	    SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n" VERDICT
	    "* server\n");
	check(&b, "acknowledged elsewhere", SW_AGREES, "");
	end(&b);
	/* the capture ends right there */
	begin(&b, SW_RECORDER_SERVER, HEAD EHLO MAIL "D 276\n" VERDICT,
	    SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n"
	    "S 250 2.0.0 Ok: queued as 4F1C {unacked}\n");
	b.t[1]->s.ending = SW_ENDING_INPUT_ENDED;
	b.t[1]->events[b.t[1]->s.event_count - 1].time = 7000000;
	b.t[1]->s.end = 7000000;
	check(&b, "ended", SW_UNDECIDABLE, "");
	assert_int_equal(b.pair.undecided_by, SW_BIT(SW_UNDECIDED_ENDED));
	end(&b);
}

/* Nothing is found but that octets are missing. */
static void check_gaps(struct both *b, const char *name)
{
	size_t i;

	run(b);
	if (b->pair.verdict != SW_UNDECIDABLE)
		fail_msg("%s: verdict %d", name, (int)b->pair.verdict);
	for (i = 0; i < b->pair.finding_count; i++)
		if (b->pair.findings[i].kind != SW_FOUND_CAPTURE_GAP)
			fail_msg("%s: finding %d", name,
			    (int)b->pair.findings[i].kind);
}

/* A record that begins behind the start, and what it begins with. */
static void lost_start(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO FROM "G s\n* client\n",
	    SW_RECORDER_WIRE, "s 250 2.1.5 Ok\ns 354 go\n* client\n");
	without_start(b.t[1]);
	check_gaps(&b, "replies beside a greeting");
	end(&b);
	begin(&b, SW_RECORDER_SERVER, HEAD EHLO MAIL "D 276\n" VERDICT QUIT,
	    SW_RECORDER_WIRE, "s 250 mx.example.org\n");
	b.t[1]->s.ending = SW_ENDING_INPUT_ENDED;
	without_start(b.t[1]);
	check_gaps(&b, "a reply to nobody knows what");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, "s 354 go\nC QUIT\n* client\n",
	    SW_RECORDER_WIRE, HEAD "C QUIT\n* client\n");
	without_start(b.t[0]);
	check_gaps(&b, "a greeting behind another reply");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, HEAD "C EHLO client.example.net\nG s\n"
	    "* client\n", SW_RECORDER_WIRE,
	    "C MAIL FROM:<a@example.net>\n* client\n");
	without_start(b.t[1]);
	check_gaps(&b, "another command");
	end(&b);
}

/* What was told before the record began explains no more than that. */
static void behind_start(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_WIRE, EHLO FROM "s 421 4.7.0 go away\n" RCPT("b")
	    DATA "D 276\n" VERDICT QUIT, SW_RECORDER_WIRE,
	    HEAD EHLO MAIL "D 276\n" VERDICT QUIT);
	without_start(b.t[0]);
	check(&b, "a reply to nothing", SW_DIFFERS, "reply-missing right");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, "C RCPT TO:<b@example.org>\n"
	    "C DATA {pipelined}\ns 250 2.1.0 Ok\ns 250 2.1.5 Ok\n"
	    "S 354 go ahead\nD 276\n" VERDICT QUIT, SW_RECORDER_WIRE,
	    "C RCPT TO:<b@example.org>\nC DATA {pipelined}\n"
	    "S 354 go ahead\nD 276\n" VERDICT QUIT);
	without_start(b.t[0]);
	without_start(b.t[1]);
	check_gaps(&b, "replies to commands in front");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, EHLO FROM RCPT("b") DATA "D 276\n" VERDICT
	    QUIT, SW_RECORDER_WIRE, HEAD EHLO FROM "s 220 mx ready\n"
	    RCPT("b") DATA "D 276\n" VERDICT QUIT);
	without_start(b.t[0]);
	check(&b, "220 that is no greeting", SW_DIFFERS, "reply-missing left");
	end(&b);
}

/* Two mails with the same envelope, of which a gap took one. */
static void lost_mail(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n" VERDICT MAIL
	    "D 99\n" VERDICT QUIT, SW_RECORDER_WIRE, HEAD EHLO "G c\nG s\n"
	    MAIL "D 99\n" VERDICT QUIT);
	b.t[0]->messages[0].message_id = talk_text("<1@example.net>");
	b.t[0]->messages[1].message_id = talk_text("<2@example.net>");
	b.t[1]->messages[0].message_id = talk_text("<2@example.net>");
	check_gaps(&b, "the first");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n" VERDICT MAIL
	    "D 99\n" VERDICT QUIT, SW_RECORDER_WIRE, HEAD EHLO "G c\nG s\n"
	    MAIL "D 99\nG s\nC QUIT\n* client\n");
	b.t[0]->messages[0].message_id = talk_text("<1@example.net>");
	b.t[0]->messages[1].message_id = talk_text("<2@example.net>");
	b.t[1]->messages[0].message_id = talk_text("<2@example.net>");
	check_gaps(&b, "the first, and replies");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n" VERDICT MAIL
	    "D 99\n" VERDICT, SW_RECORDER_WIRE, HEAD EHLO "G c\nG s\n"
	    MAIL "D 99\n" VERDICT MAIL "D 55\n" VERDICT);
	b.t[0]->s.ending = b.t[1]->s.ending = SW_ENDING_INPUT_ENDED;
	b.t[0]->messages[0].message_id = talk_text("<1@example.net>");
	b.t[0]->messages[1].message_id = talk_text("<2@example.net>");
	b.t[1]->messages[0].message_id = talk_text("<2@example.net>");
	b.t[1]->messages[1].message_id = talk_text("<3@example.net>");
	check_gaps(&b, "the first, and the other record ends");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n" VERDICT
	    "G c\nG s\n" QUIT, SW_RECORDER_WIRE, HEAD EHLO "G c\nG s\n"
	    MAIL "D 99\n" VERDICT QUIT);
	b.t[0]->messages[0].message_id = talk_text("<1@example.net>");
	b.t[1]->messages[0].message_id = talk_text("<2@example.net>");
	check_gaps(&b, "one on either side");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n" VERDICT
	    "G c\nG s\n" QUIT, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n"
	    VERDICT "G c\nG s\n" QUIT);
	b.t[0]->messages[0].message_id = talk_text("<1@example.net>");
	b.t[1]->messages[0].message_id = talk_text("<2@example.net>");
	b.t[0]->messages[0].queue_id = talk_text("4F1C");
	b.t[1]->messages[0].queue_id = talk_text("4F1C");
	check(&b, "the server names it alike", SW_DIFFERS, "header-changed");
	end(&b);
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO MAIL "D 276\n" VERDICT MAIL
	    "D 99\n" VERDICT "G c\nG s\n" QUIT, SW_RECORDER_WIRE, HEAD EHLO
	    "G c\nG s\n" MAIL "D 99\n" VERDICT MAIL "D 55\n" VERDICT QUIT);
	b.t[0]->messages[0].message_id = talk_text("<1@example.net>");
	b.t[0]->messages[1].message_id = talk_text("<2@example.net>");
	b.t[1]->messages[0].message_id = talk_text("<2@example.net>");
	b.t[1]->messages[1].message_id = talk_text("<3@example.net>");
	check_gaps(&b, "the first and the last");
	end(&b);
}

/* TLS hides the dialogue, but not that the last octets were lost, nor when
 * the connection ended. */
static void lost_in_tls(void **state)
{
	static const struct {
		const char *name, *last;
		int64_t unacked, behind_s;
		const char *want;
	} cases[] = {
		{ "acknowledged", VERDICT, 0, 0, "" },
		{ "unacknowledged", VERDICT, 80, 0,
		    "reply-never-arrived right" },
		{ "an alert", VERDICT, 31, 0, "" },
		{ "a good-bye", VERDICT QUIT, 80, 0, "" },
		{ "logged behind the end", VERDICT, 0, 30,
		    "reply-never-arrived right" },
		{ "nearly so", VERDICT, 0, 1, "" },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sw_tcp tcp = { .frames = 9 };
		char left[2000];
		struct both b;

		snprintf(left, sizeof(left), "%s%s", HEAD EHLO
		    "C STARTTLS\nS 220 go\n" EHLO MAIL "D 276\n",
		    cases[i].last);
		begin(&b, SW_RECORDER_SERVER, left, SW_RECORDER_WIRE,
		    HEAD EHLO "C STARTTLS\nS 220 go\nT\n* server\n");
		tcp.server.unacked = cases[i].unacked;
		b.t[1]->s.tcp = &tcp;
		b.t[1]->s.end = 1000 * NS_PER_S;
		b.options.timed = true;
		b.options.offset_ns = 3600 * NS_PER_S;
		b.options.slack_ns = 2 * NS_PER_S;
		for (k = 0; k < b.t[0]->s.event_count; k++)
			b.t[0]->events[k].time = (4600 +
			    cases[i].behind_s) * NS_PER_S;
		check(&b, cases[i].name, SW_UNDECIDABLE, cases[i].want);
		end(&b);
	}
}

/* The wire's turns: "s100 c40@12": role, octets, seconds behind 1000. */
static size_t read_turns(const char *text, struct sw_tls_turn *turns)
{
	size_t n = 0;

	while (*text) {
		struct sw_tls_turn *t = &turns[n++];
		char *end;

		memset(t, 0, sizeof(*t));
		t->by = *text == 'c' ? SW_CLIENT : SW_SERVER;
		t->octets = strtoul(text + 1, &end, 10);
		t->time = t->end = 1000 * NS_PER_S;
		t->records = 1;
		if (*end == '+') {
			t->records = 2;
			end++;
		}
		if (*end == '@')
			t->time = t->end += strtol(end + 1, &end, 10) *
			    NS_PER_S;
		text = *end ? end + 1 : end;
	}
	return n;
}

#define TURNED "C STARTTLS\nS 220 go\n"
/* EHLO, the envelope and DATA, the content, QUIT. */
#define TURNS "c50 s200 c90 s80 c400 s60 c30 s31"

/* A log's dialogue behind STARTTLS against the wire's turns. */
struct turned {
	const char *name, *version, *turns, *dialogue;
	int64_t late_s; /* the verdict's time in the log */
	const char *want;
	/* Of the log: its clock, and how far its start and what is in clear
	 * are from the wire's. */
	int64_t resolution_s, start_s, clear_s;
	bool client;    /* it is the client's */
};

/* The wire's side: its turns, and when all was said. */
static void turn_wire(struct both *b, const struct turned *c,
    struct sw_tls_turn *turns)
{
	struct sw_tls *tls = &b->t[0]->events[6].u.tls;
	size_t i;

	assert_int_equal(b->t[0]->events[6].kind, SW_EVENT_TLS);
	tls->version = talk_text(c->version);
	tls->turns = turns;
	tls->turn_count = read_turns(c->turns, turns);
	tls->turns_known = true;
	b->t[0]->s.start = b->t[0]->s.end = 1000 * NS_PER_S;
	for (i = 0; i < b->t[0]->s.event_count; i++)
		b->t[0]->events[i].time = 1000 * NS_PER_S;
}

/* The log's side, its clock an hour behind. */
static void turn_log(struct both *b, const struct turned *c)
{
	size_t i;

	b->t[1]->s.start = (c->start_s - 2600) * NS_PER_S;
	if (c->resolution_s)
		b->t[1]->s.clock.resolution_ns = c->resolution_s * NS_PER_S;
	for (i = 0; i < b->t[1]->s.event_count; i++) {
		struct sw_event *e = &b->t[1]->events[i];

		e->time = -2600 * NS_PER_S;
		if (i < 6)
			e->time += c->clear_s * NS_PER_S;
		else if (e[-1].kind == SW_EVENT_DATA)
			e->time += c->late_s * NS_PER_S;
	}
	b->options.timed = true;
	b->options.offset_ns = 3600 * NS_PER_S;
	b->options.slack_ns = 2 * NS_PER_S;
}

static void check_turned(const struct turned *c)
{
	struct sw_tls_turn turns[16];
	char log[2000];
	struct both b;

	snprintf(log, sizeof(log), "%s%s", HEAD EHLO TURNED, c->dialogue);
	begin(&b, SW_RECORDER_WIRE, HEAD EHLO TURNED "T\n* server\n",
	    c->client ? SW_RECORDER_CLIENT : SW_RECORDER_SERVER, log);
	turn_wire(&b, c, turns);
	turn_log(&b, c);
	check(&b, c->name, SW_UNDECIDABLE, c->want);
	assert_int_equal(b.pair.undecided_by, SW_BIT(SW_UNDECIDED_TLS));
	b.t[0]->events[6].u.tls.turns_known = false;
	check(&b, c->name, SW_UNDECIDABLE, "");
	end(&b);
}

static void turns_of_tls(void **state)
{
	static const struct {
		const char *name, *version, *turns, *dialogue;
		int64_t late_s;
		const char *want;
	} cases[] = {
		{ "all of them", "TLSv1.2", TURNS, EHLO MAIL "D 276\n" VERDICT
		    QUIT, 0, "" },
		{ "nothing of a second mail", "TLSv1.2", TURNS, EHLO MAIL
		    "D 276\n" VERDICT MAIL "D 20\n" VERDICT QUIT, 0,
		    "reply-never-arrived left" },
		{ "a second mail", "TLSv1.2", TURNS " c400 s60", EHLO MAIL
		    "D 276\n" VERDICT MAIL "D 20\n" VERDICT QUIT, 0, "" },
		{ "no verdict", "TLSv1.2", "c50 s200 c90 s80 c400", EHLO MAIL
		    "D 276\n" VERDICT, 0, "reply-never-arrived left" },
		{ "room for another", "TLSv1.2", "c50 s200 c90 s80 c400 s60 "
		    "c30 s38", EHLO MAIL "D 276\n" VERDICT MAIL "D 20\n"
		    VERDICT QUIT, 0, "" },
		{ "a good-bye that nobody heard", "TLSv1.2",
		    "c50 s200 c20", EHLO QUIT, 0, "" },
		{ "the handshake of 1.3 is no dialogue", "TLSv1.3",
		    "s900 c50 s200", EHLO MAIL, 0,
		    "reply-never-arrived left" },
		{ "... nor in the way", "TLSv1.3", "s900 c50 s200 c40 s90 c90 "
		    "s80", EHLO MAIL, 0, "" },
		{ "... a finished and EHLO", "TLSv1.3", "s900 c90+ s200+ c90 "
		    "s80", EHLO MAIL, 0, "" },
		{ "early data", "TLSv1.3", "c50 s900 c90 s80", EHLO MAIL, 0,
		    "" },
		{ "fits exactly", "TLSv1.2", "c50 s200 c90 s80 c276 s60",
		    EHLO MAIL "D 276\n" VERDICT, 0, "" },
		{ "too large", "TLSv1.2", "c5000 s200 c90 s80 c275 s60",
		    EHLO MAIL "D 276\n" VERDICT, 0,
		    "message-size-changed left" },
		{ "late within the tolerance", "TLSv1.2", TURNS, EHLO MAIL
		    "D 276\n" VERDICT QUIT, 2, "" },
		{ "late", "TLSv1.2", TURNS, EHLO MAIL "D 276\n" VERDICT QUIT,
		    -9, "order-changed left" },
		{ "late on the wire too", "TLSv1.2", "c50 s200 c90 s80 c400 "
		    "s60@-9", EHLO MAIL "D 276\n" VERDICT, -9, "" },
		{ "pipelined", "TLSv1.2", "c50 s200 c90 s80 c900 s300 c400 "
		    "s60", EHLO MAIL "D 276\n" VERDICT MAIL "D 276\n"
		    VERDICT QUIT, 0, "" },
		{ "no handshake of 1.3", "TLSv1.2", "s900 c50 s200", EHLO
		    "C NOOP\nS 250 2.0.0 Ok\n", 0, "" },
		{ "a refused DATA may share a turn", "TLSv1.2", "c50 s200",
		    EHLO "C DATA\nS 503 5.5.1 No\n" QUIT, 0, "" },
		{ "as may what was pipelined", "TLSv1.2", "c50 s200",
		    EHLO "C EHLO client.example.net {pipelined}\n"
		    "S 250 mx.example.org\n" QUIT, 0, "" },
		{ "and a 421", "TLSv1.2", "c50 s200", EHLO "C AUTH PLAIN\n"
		    "S 421 4.3.2 Bye\n" QUIT, 0, "" },
		{ "late twice, told once", "TLSv1.2", "c50 s200 c90 s80 c400 "
		    "s60 c90 s80 c400 s60", EHLO MAIL "D 276\n" VERDICT MAIL
		    "D 276\n" VERDICT, -9, "order-changed left" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct turned c = { .name = cases[i].name,
			.version = cases[i].version, .turns = cases[i].turns,
			.dialogue = cases[i].dialogue,
			.late_s = cases[i].late_s, .want = cases[i].want };

		check_turned(&c);
	}
}

static void logs_of_turns(void **state)
{
	static const struct turned cases[] = {
		{ .name = "times of minutes", .late_s = -90,
		  .resolution_s = 60, .want = "" },
		{ .name = "another start", .late_s = -9, .start_s = 30,
		  .want = "" },
		{ .name = "other times in clear", .late_s = -9, .clear_s = 30,
		  .want = "" },
		{ .name = "the same times", .late_s = -9,
		  .want = "order-changed left" },
		{ .name = "the client's log", .client = true,
		  .turns = "c50 s200 c90 s80 c400",
		  .want = "reply-missing left" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct turned c = cases[i];

		c.version = "TLSv1.2";
		c.dialogue = EHLO MAIL "D 276\n" VERDICT;
		if (!c.turns)
			c.turns = TURNS;
		check_turned(&c);
	}
}

static void joined(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_SERVER, HEAD "C EHLO client.example.net\n"
	    "S 250 mx.example.org PIPELINING STARTTLS 8BITMIME {joined}\n"
	    QUIT, SW_RECORDER_WIRE, HEAD EHLO QUIT);
	check(&b, "joined", SW_AGREES, "");
	end(&b);
	begin(&b, SW_RECORDER_SERVER, HEAD "C EHLO client.example.net\n"
	    "S 250 mx.example.org PIPELINING 8BITMIME {joined}\n" QUIT,
	    SW_RECORDER_WIRE, HEAD EHLO QUIT);
	check(&b, "joined, one less", SW_DIFFERS, "starttls-stripped left");
	end(&b);
	begin(&b, SW_RECORDER_SERVER, HEAD "C EHLO client.example.net\n"
	    "S 250 mx.example.org PIPELINING STARTTLS 8BITMIME DSN {joined}\n"
	    QUIT, SW_RECORDER_WIRE, HEAD EHLO QUIT);
	check(&b, "joined, one more", SW_DIFFERS, "extension-removed right");
	end(&b);
	begin(&b, SW_RECORDER_SERVER, HEAD "C EHLO client.example.net\n"
	    "S 250 mx.example.net PIPELINING STARTTLS 8BITMIME {joined}\n"
	    QUIT, SW_RECORDER_WIRE, HEAD EHLO QUIT);
	check(&b, "joined, another name", SW_DIFFERS, "reply-text-changed");
	end(&b);
}

/* Lines are looked for where words begin; of too many words nothing is taken
 * apart, as it would cost their number times the length of the lines. */
static void joined_words(void **state)
{
	char many[700] = "mx.example.org";
	struct both b;
	size_t n = strlen(many);

	(void)state;
	begin(&b, SW_RECORDER_SERVER, HEAD "C EHLO client.example.net\n"
	    "S 250 mx.example.org PIPELINING STARTTLS 8BITMIME {joined}\n"
	    QUIT, SW_RECORDER_WIRE, HEAD EHLO QUIT);
	while (n + 3 < sizeof(many)) {
		many[n++] = ' ';
		many[n++] = 'a';
	}
	assert_true(b.t[0]->events[3].flags & SW_BIT(SW_FLAG_JOINED));
	b.t[0]->lines[3][0] = (struct sw_bytes){ (uint8_t *)many, n };
	check(&b, "joined, too many words", SW_DIFFERS, "reply-text-changed");
	end(&b);
	begin(&b, SW_RECORDER_SERVER, HEAD "C EHLO client.example.net\n"
	    "S 250 mx.example.org XPIPELINING PIPELINING STARTTLS 8BITMIMEX "
	    "{joined}\n" QUIT, SW_RECORDER_WIRE, HEAD EHLO QUIT);
	check(&b, "joined, parts of words", SW_DIFFERS, "extension-removed "
	    "right, extension-removed left, extension-removed right");
	end(&b);
}

/* Rows that hold a code and the number of octets. */
static void counted(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_SERVER, HEAD "C NOOP\nS 250 {code-only}\n"
	    QUIT, SW_RECORDER_WIRE, HEAD "C NOOP\nS 250 2.0.0 Ok\n" QUIT);
	b.t[0]->events[3].u.reply.octets = 14;
	check(&b, "counted", SW_AGREES, "");
	b.t[0]->events[3].u.reply.octets = 15;
	check(&b, "counted otherwise", SW_DIFFERS, "reply-text-changed");
	end(&b);
}

/* --- notes, addresses, options -------------------------------------------- */

static void put_note(struct both *b, size_t side, enum sw_note_code code)
{
	struct sw_note *n = &b->t[side]->notes[b->t[side]->s.note_count++];

	n->code = code;
	n->text = talk_text("What a note says is told as it stands.");
	n->event = 2;
}

static void notes(void **state)
{
	static const struct {
		enum sw_note_code note;
		const char *left, *both;
	} cases[] = {
		{ SW_NOTE_SMUGGLING, "smuggling left", "smuggling" },
		{ SW_NOTE_EARLY_TALKER, "early-talker left",
		    "early-talker" },
		{ SW_NOTE_COMMANDS_AFTER_STARTTLS,
		    "commands-after-starttls left",
		    "commands-after-starttls" },
		{ SW_NOTE_TIMEOUT_CLIENT, "timeout-client left",
		    "timeout-client" },
		{ SW_NOTE_TIMEOUT_SERVER, "timeout-server left",
		    "timeout-server" },
		{ SW_NOTE_MTU_BLACK_HOLE, "mtu-black-hole left",
		    "mtu-black-hole" },
		{ SW_NOTE_DATE_ASSUMED, "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct both b;

		begin(&b, SW_RECORDER_WIRE, ALL, SW_RECORDER_WIRE, ALL);
		put_note(&b, 0, cases[i].note);
		check(&b, "a note", SW_AGREES, cases[i].left);
		put_note(&b, 1, cases[i].note);
		check(&b, "of both", SW_AGREES, cases[i].both);
		end(&b);
	}
}

/* The wire shows one message, the server took two. */
static void smuggled(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_SERVER, HEAD EHLO MAIL "D 100\n" VERDICT
	    "C MAIL FROM:<z@example.net>\nS 250 2.1.0 Ok\n" RCPT("c") DATA
	    "D 100\n" VERDICT QUIT, SW_RECORDER_WIRE, HEAD EHLO MAIL
	    "D 276 {bare-lf}\nS 250 2.0.0 Ok: queued as 4F1C\n" QUIT);
	put_note(&b, 1, SW_NOTE_SMUGGLING);
	check(&b, "smuggled", SW_DIFFERS, "smuggling right");
	end(&b);
}

static void addresses(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_SERVER, ALL, SW_RECORDER_WIRE, ALL);
	b.t[0]->s.client.ip = talk_text("192.0.2.1");
	check(&b, "one unknown", SW_AGREES, "");
	b.t[1]->s.client.ip = talk_text("192.0.2.2");
	check(&b, "other address", SW_DIFFERS, "address-changed");
	b.options.nat[0] = true;
	check(&b, "translated", SW_AGREES, "");
	end(&b);
}

static void options(void **state)
{
	struct both b;

	(void)state;
	begin(&b, SW_RECORDER_SERVER, HEAD EHLO MAIL "D 277\n" VERDICT
	    "C QUIT\nS 222 2.0.0 Bye\n", SW_RECORDER_WIRE, ALL);
	check(&b, "both", SW_DIFFERS,
	    "reply-code-changed, message-size-changed");
	b.options.ignore = SW_BIT(SW_FOUND_REPLY_CODE_CHANGED);
	check(&b, "ignored", SW_DIFFERS, "message-size-changed");
	b.options.only = SW_BIT(SW_FOUND_REPLY_CODE_CHANGED);
	check(&b, "neither", SW_AGREES, "");
	b.options.ignore = 0;
	check(&b, "only", SW_DIFFERS, "reply-code-changed");
	end(&b);
}

/* --- endless sessions ----------------------------------------------------- */

#define ENDLESS 100000

/* So many commands, behind them as many replies that nobody asked for; or
 * connections again and again, which nobody makes either. */
static struct sw_event *endless(enum sw_event_kind first,
    enum sw_event_kind then)
{
	struct sw_event *e = calloc(2 * ENDLESS, sizeof(*e));
	size_t i;

	assert_non_null(e);
	for (i = 0; i < 2 * ENDLESS; i++) {
		e[i].n = (uint32_t)i + 1;
		e[i].kind = i < ENDLESS ? first : then;
		e[i].by = e[i].kind == SW_EVENT_REPLY ? SW_SERVER : SW_CLIENT;
		if (e[i].kind == SW_EVENT_COMMAND)
			e[i].u.command.verb = (struct sw_bytes){
			    (const uint8_t *)"NOOP", 4 };
		if (e[i].kind == SW_EVENT_REPLY)
			e[i].u.reply.code = 250;
	}
	return e;
}

/* Time is linear in the events: with their square this takes minutes. */
static void compare_endless(enum sw_event_kind first,
    enum sw_event_kind then, enum sw_event_kind other, size_t notes)
{
	struct sw_note *list = calloc(notes + 1, sizeof(*list));
	struct both b;
	size_t i;

	assert_non_null(list);
	begin(&b, SW_RECORDER_WIRE, HEAD "C NOOP\n", SW_RECORDER_WIRE, HEAD);
	for (i = 0; i < notes; i++) {
		list[i].code = SW_NOTE_TIMEOUT_CLIENT;
		list[i].event = (uint32_t)i + 1;
	}
	b.t[0]->s.events = endless(first, then);
	b.t[0]->s.event_count = 2 * ENDLESS;
	b.t[0]->s.notes = list;
	b.t[0]->s.note_count = notes;
	if (other != first) {
		b.t[1]->s.events = endless(other, other);
		b.t[1]->s.event_count = 2 * ENDLESS;
	}
	alarm(600);
	run(&b);
	alarm(0);
	free((void *)(uintptr_t)b.t[0]->s.events);
	if (other != first)
		free((void *)(uintptr_t)b.t[1]->s.events);
	free(list);
	end(&b);
}

static void endless_sessions(void **state)
{
	(void)state;
	compare_endless(SW_EVENT_COMMAND, SW_EVENT_REPLY, SW_EVENT_COMMAND,
	    0);
	compare_endless(SW_EVENT_CONNECT, SW_EVENT_CONNECT, SW_EVENT_NOTE,
	    0);
	compare_endless(SW_EVENT_COMMAND, SW_EVENT_COMMAND,
	    SW_EVENT_COMMAND, ENDLESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(mirrored),
		cmocka_unit_test(contents),
		cmocka_unit_test(incomplete_contents),
		cmocka_unit_test(unable),
		cmocka_unit_test(partial),
		cmocka_unit_test(lost_between),
		cmocka_unit_test(lost_start),
		cmocka_unit_test(behind_start),
		cmocka_unit_test(lost_mail),
		cmocka_unit_test(lost_in_tls),
		cmocka_unit_test(turns_of_tls),
		cmocka_unit_test(logs_of_turns),
		cmocka_unit_test(joined),
		cmocka_unit_test(joined_words),
		cmocka_unit_test(counted),
		cmocka_unit_test(notes),
		cmocka_unit_test(smuggled),
		cmocka_unit_test(addresses),
		cmocka_unit_test(options),
		cmocka_unit_test(endless_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
