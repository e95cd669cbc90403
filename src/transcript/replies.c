/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replies.c - what replies mean, at the command that they answer
 *
 * Theory of operation.  Three tables: what a code says by itself, which
 * codes a command may be answered with, and what an enhanced code adds.  A
 * code that is in no table is explained by its digits (RFC 5321 4.2.1: the
 * first says how it went, the second what it is about).
 */
#include "transcript/replies.h"

#include <stdio.h>

#include "base/cursor.h"

/* --- codes ---------------------------------------------------------------- */

static const struct {
	int16_t code;
	const char *meaning;
} codes[] = {
	{ 211, "status of the system, or help" },
	{ 214, "help for a person" },
	{ 220, "the service is ready" },
	{ 221, "the service closes the connection" },
	{ 235, "authenticated" },
	{ 240, "what IIS logs for QUIT, in place of 221" },
	{ 250, "done" },
	{ 251, "not a local user; the server forwards the message" },
	{ 252, "the user cannot be verified, but mail will be tried" },
	{ 253, "messages wait and are being sent" },
	{ 334, "the server asks for the next step of AUTH" },
	{ 353, "verdicts for each recipient follow" },
	{ 354, "send the content, and end it with a line of one dot" },
	{ 421, "the service is not available now, and the server closes the "
	    "connection" },
	{ 432, "a change of the password is wanted" },
	{ 450, "the mailbox is not available now: busy, or put off by "
	    "policy (greylisting)" },
	{ 451, "an error on the server's side while it worked on this" },
	{ 452, "the server's storage is short, or there are too many "
	    "recipients at once" },
	{ 453, "there is no mail for this client" },
	{ 454, "TLS or authentication is not available now" },
	{ 455, "the server cannot take the parameters now" },
	{ 458, "the messages of this node cannot be queued" },
	{ 459, "this node is not allowed to have its queue run" },
	{ 500, "a syntax error, or a command that the server does not "
	    "know" },
	{ 501, "a syntax error in the argument" },
	{ 502, "the server does not have this command" },
	{ 503, "the command is not allowed at this point" },
	{ 504, "the server does not have this parameter" },
	{ 521, "this host takes no mail at all" },
	{ 523, "the message is too long for the recipient" },
	{ 530, "the client must authenticate, or begin TLS, before" },
	{ 534, "this way to authenticate is too weak for the server" },
	{ 535, "the name or the password is wrong" },
	{ 538, "this way to authenticate needs TLS" },
	{ 550, "refused: no such mailbox, or against the server's policy" },
	{ 551, "not a local user, and the server does not forward" },
	{ 552, "the message, or the mailbox, is larger than is allowed" },
	{ 553, "the name of the mailbox is not allowed, or badly formed" },
	{ 554, "the transaction failed; as a greeting: no service here" },
	{ 555, "the server does not know, or refuses, a parameter of MAIL or "
	    "RCPT" },
	{ 556, "the domain takes no mail" },
	{ 571, "refused: not authorized" },
};

static const char *meaning_of(int32_t code)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].meaning;
	return NULL;
}

/* RFC 5321 4.2.1: the second digit. */
static const char *subject_of(int32_t code)
{
	switch (code / 10 % 10) {
	case 0:
		return "a code of no known meaning, about syntax";
	case 1:
		return "a code of no known meaning, about information";
	case 2:
		return "a code of no known meaning, about the connection";
	case 3:
		return "a code of no known meaning, about authentication";
	case 5:
		return "a code of no known meaning, about the mail system";
	default:
		return "a code of no known meaning";
	}
}

static enum sw_reply_class class_of(int32_t code)
{
	if (code < 200 || code > 599)
		return SW_REPLY_STRANGE;
	return code < 300 ? SW_REPLY_NORMAL :
	    code < 400 ? SW_REPLY_INTERMEDIATE :
	    code < 500 ? SW_REPLY_TEMPORARY : SW_REPLY_PERMANENT;
}

/* --- commands ------------------------------------------------------------- */

#define PLACE_CODES 16

/* RFC 5321 4.3.2, the extensions', and KB155455's; 421, 500 and 501 may
 * answer anything, 503 and 530 most commands. */
static const struct place {
	const char *at;
	int16_t success[4], failure[PLACE_CODES];
	const char *refused; /* what a refusal there means */
	bool any_time;       /* allowed before HELO and AUTH */
} places[] = {
	{ "greeting", { 220 }, { 554, 521, 450, 451, 550 },
	    "the server takes no mail from this client, or none at all",
	    true },
	{ "HELO", { 250 }, { 502, 504, 550, 554, 450, 451, 521 },
	    "the server does not like the client's name or address", true },
	{ "EHLO", { 250 }, { 502, 504, 550, 554, 450, 451, 521 },
	    "the server has no extensions (the client should say HELO), or "
	    "does not like the client's name or address", true },
	{ "LHLO", { 250 }, { 502, 504, 550, 554, 450, 451 },
	    "the server does not like the client's name or address", true },
	{ "MAIL", { 250 },
	    { 552, 451, 452, 550, 553, 455, 555, 450, 554, 556 },
	    "no message of this sender is begun", false },
	{ "RCPT", { 250, 251, 252 },
	    { 550, 551, 552, 553, 450, 451, 452, 455, 555, 554, 556, 523 },
	    "this recipient does not get the message; others are not touched "
	    "by it", false },
	{ "DATA", { 354 }, { 451, 452, 450, 550, 552, 554 },
	    "no content may be sent; often no recipient was accepted",
	    false },
	{ ".", { 250, 353 }, { 552, 554, 451, 452, 450, 550, 523, 571 },
	    "the whole message is not taken, for no recipient", false },
	{ "BDAT", { 250, 353 }, { 451, 452, 450, 550, 552, 554 },
	    "the message is not taken; its other chunks are refused too",
	    false },
	{ "RSET", { 250 }, { 504 },
	    "only 250 makes sense here: something else is wrong", true },
	{ "NOOP", { 250 }, { 0 },
	    "only 250 makes sense here: something else is wrong", true },
	{ "QUIT", { 221, 240 }, { 0 },
	    "only 221 makes sense here: something else is wrong", true },
	{ "VRFY", { 250, 251, 252 }, { 550, 551, 553, 502, 504, 450, 454 },
	    "the server does not tell; many do so on purpose", true },
	{ "EXPN", { 250, 252 }, { 550, 502, 504, 450 },
	    "the server does not tell; many do so on purpose", true },
	{ "HELP", { 211, 214, 250 }, { 502, 504 },
	    "the server has no help", true },
	{ "STARTTLS", { 220 }, { 454, 502, 554, 503 },
	    "the connection stays without TLS", true },
	{ "X-ANONYMOUSTLS", { 220 }, { 454, 502, 554 },
	    "the connection stays without TLS", true },
	{ "AUTH", { 235, 334 }, { 432, 454, 504, 534, 535, 538, 550, 554 },
	    "the client is not authenticated", true },
	{ "X-EXPS", { 235, 334 }, { 432, 454, 504, 534, 535, 538 },
	    "the client is not authenticated", true },
	{ "ETRN", { 250, 251, 252, 253 }, { 458, 459, 502 },
	    "the queue is not run", false },
	{ "ATRN", { 250 }, { 450, 451, 453, 502 },
	    "the roles do not change", false },
	{ "TURN", { 250 }, { 502 },
	    "the roles do not change; servers refuse it for safety", false },
	{ "XEXCH50", { 354, 250 }, { 504, 502, 454 },
	    "Exchange's own properties are not sent; the message itself is "
	    "not touched by it", false },
	{ "X-LINK2STATE", { 200, 250 }, { 504, 502 },
	    "Exchange's link state is not sent; mail is not touched by it",
	    false },
	{ "XCLIENT", { 220 }, { 550, 502 },
	    "this client may not say for whom it speaks", true },
	{ "XFORWARD", { 250 }, { 550, 502 },
	    "this client may not say for whom it speaks", true },
	{ "BURL", { 250 }, { 554, 502, 504 },
	    "the message is not taken", false },
};

static const struct place *find_place(struct slice at)
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (slice_eq_nocase(at, slice_str(places[i].at)))
			return &places[i];
	return NULL;
}

static bool is_listed(const int16_t *list, size_t count, int32_t code)
{
	size_t i;

	for (i = 0; i < count && list[i]; i++)
		if (list[i] == code)
			return true;
	return false;
}

static enum sw_reply_fit fit_of(const struct place *p, int32_t code)
{
	if (!p)
		return SW_FIT_UNKNOWN;
	if (is_listed(p->success, 4, code))
		return SW_FIT_SUCCESS;
	if (is_listed(p->failure, PLACE_CODES, code))
		return SW_FIT_FAILURE;
	if (code == 421 || code == 500 || code == 501 || code == 502)
		return SW_FIT_FAILURE; /* RFC 5321 4.3.2, 3.8 */
	if (!p->any_time && (code == 503 || code == 530))
		return SW_FIT_FAILURE;
	return SW_FIT_UNEXPECTED;
}

/* --- enhanced codes ------------------------------------------------------- */

static const char *const subjects[] = {
	"no more is known", "the address", "the mailbox", "the mail system",
	"the network or the way", "the protocol", "the content",
	"security or policy",
};

static const struct {
	uint8_t subject;
	uint8_t detail;
	const char *meaning;
} details[] = {
	{ 0, 0, "no more is known than that" },
	{ 1, 0, "something about the address" },
	{ 1, 1, "the mailbox does not exist there" },
	{ 1, 2, "the domain of the address does not exist or takes no mail" },
	{ 1, 3, "the recipient's address is badly formed" },
	{ 1, 4, "the address could be that of several mailboxes" },
	{ 1, 5, "the recipient's address is good" },
	{ 1, 6, "the mailbox has moved, and nobody knows where" },
	{ 1, 7, "the sender's address is badly formed" },
	{ 1, 8, "the domain of the sender does not exist or takes no mail" },
	{ 1, 9, "it was passed to a system that gives no reports" },
	{ 1, 10, "the recipient's domain says that it takes no mail (null "
	    "MX)" },
	{ 2, 0, "something about the mailbox" },
	{ 2, 1, "the mailbox exists but takes no mail" },
	{ 2, 2, "the mailbox is full" },
	{ 2, 3, "the message is longer than this mailbox allows" },
	{ 2, 4, "the mailing list could not be expanded" },
	{ 3, 0, "something about the receiving system" },
	{ 3, 1, "the system's storage is full" },
	{ 3, 2, "the system takes no mail at present" },
	{ 3, 3, "the system lacks a feature that the message needs" },
	{ 3, 4, "the message is too long for the system" },
	{ 3, 5, "the system is configured in a way that cannot work" },
	{ 3, 6, "the priority that was asked for was changed" },
	{ 4, 0, "something about the network or the way" },
	{ 4, 1, "the next host did not answer" },
	{ 4, 2, "the connection broke or was too bad" },
	{ 4, 3, "a directory (DNS and the like) did not answer" },
	{ 4, 4, "no way to the destination is known" },
	{ 4, 5, "the system is overloaded" },
	{ 4, 6, "the message goes round in a circle" },
	{ 4, 7, "it could not be delivered in time" },
	{ 5, 0, "something about the protocol" },
	{ 5, 1, "the command is not known, or not allowed here" },
	{ 5, 2, "the syntax is wrong" },
	{ 5, 3, "there are too many recipients" },
	{ 5, 4, "the argument is wrong or not supported" },
	{ 5, 5, "the version of the protocol is not the server's" },
	{ 5, 6, "a line of AUTH is too long" },
	{ 6, 0, "something about the content" },
	{ 6, 1, "this kind of content is not supported" },
	{ 6, 2, "the content would have to be converted, which is "
	    "forbidden" },
	{ 6, 3, "the content would have to be converted, which cannot be "
	    "done" },
	{ 6, 4, "the content was converted and lost something" },
	{ 6, 5, "the conversion of the content failed" },
	{ 6, 6, "the content cannot be fetched" },
	{ 6, 7, "addresses beyond ASCII are not allowed here" },
	{ 6, 8, "the reply needs UTF-8, which the client did not allow" },
	{ 6, 9, "headers in UTF-8 cannot be passed on to a recipient" },
	{ 6, 10, "the reply needs UTF-8, which the client did not allow" },
	{ 7, 0, "something about security or policy" },
	{ 7, 1, "the sender is not authorized to send this there" },
	{ 7, 2, "the sender may not write to this list" },
	{ 7, 3, "it would have to be made secure in a way that cannot be "
	    "done" },
	{ 7, 4, "a security feature is not supported" },
	{ 7, 5, "a cryptographic operation failed" },
	{ 7, 6, "a cryptographic algorithm is not supported" },
	{ 7, 7, "the message was changed on its way" },
	{ 7, 8, "the name or the password is wrong" },
	{ 7, 9, "this way to authenticate is too weak" },
	{ 7, 10, "the server wants TLS" },
	{ 7, 11, "this way to authenticate needs TLS" },
	{ 7, 12, "the password must be changed first" },
	{ 7, 13, "the account is disabled" },
	{ 7, 14, "the two systems must be set up to trust each other" },
	{ 7, 15, "the priority of the message is too low" },
	{ 7, 16, "the message is too long for its priority" },
	{ 7, 17, "the mailbox has had another owner since" },
	{ 7, 18, "the domain has had another owner since" },
	{ 7, 19, "whether the owner changed cannot be tested" },
	{ 7, 20, "no DKIM signature passed" },
	{ 7, 21, "no DKIM signature that the server accepts passed" },
	{ 7, 22, "no DKIM signature of the author's domain passed" },
	{ 7, 23, "SPF forbids this host to send for the sender's domain" },
	{ 7, 24, "SPF of the sender's domain could not be evaluated" },
	{ 7, 25, "the client's address has no good reverse DNS entry" },
	{ 7, 26, "several checks of authenticity (SPF, DKIM, DMARC) failed" },
	{ 7, 27, "the sender's domain says that it takes no mail (null "
	    "MX)" },
	{ 7, 28, "too much mail in a short time" },
	{ 7, 29, "the ARC chain is not valid" },
	{ 7, 30, "TLS on the whole way was asked for (REQUIRETLS) and cannot "
	    "be had" },
};

struct enhanced {
	int class, subject, detail;
};

static bool take_part(struct slice *s, int *value_r)
{
	size_t n = 0;
	int value = 0;

	while (n < s->len && n < 3 && ascii_is_digit(s->p[n]))
		value = value * 10 + (s->p[n++] - '0');
	if (n == 0)
		return false;
	*value_r = value;
	*s = slice_from(*s, n);
	return true;
}

static bool take_dot(struct slice *s)
{
	if (s->len == 0 || s->p[0] != '.')
		return false;
	*s = slice_from(*s, 1);
	return true;
}

/* RFC 3463 2: class "." subject "." detail */
static bool parse_enhanced(struct slice s, struct enhanced *e_r)
{
	return take_part(&s, &e_r->class) && take_dot(&s) &&
	    take_part(&s, &e_r->subject) && take_dot(&s) &&
	    take_part(&s, &e_r->detail) && s.len == 0;
}

static const char *detail_of(const struct enhanced *e)
{
	size_t i;

	for (i = 0; i < sizeof(details) / sizeof(details[0]); i++)
		if (details[i].subject == e->subject &&
		    details[i].detail == e->detail)
			return details[i].meaning;
	return NULL;
}

static void explain_enhanced(struct slice text, int32_t code,
    struct sw_explanation *e)
{
	struct enhanced x;

	if (!parse_enhanced(text, &x))
		return;
	e->enhanced = detail_of(&x);
	if ((size_t)x.subject < sizeof(subjects) / sizeof(subjects[0]))
		e->subject = subjects[x.subject];
	if (!e->enhanced)
		e->enhanced = e->subject ? "a detail that IANA's registry "
		    "does not have" : "not in IANA's registry";
	e->contradiction = x.class != code / 100 &&
	    !(x.class == 2 && code / 100 == 3);
}

/* --- together ------------------------------------------------------------- */

static enum sw_retry retry_of(int32_t code, enum sw_reply_class class)
{
	switch (class) {
	case SW_REPLY_TEMPORARY:
		return SW_RETRY_LATER;
	case SW_REPLY_PERMANENT:
		return code == 530 || code == 534 || code == 538 ||
		    code == 503 ? SW_RETRY_OTHERWISE : SW_RETRY_USELESS;
	case SW_REPLY_NORMAL:
	case SW_REPLY_INTERMEDIATE:
	case SW_REPLY_STRANGE:
	case SW_REPLY_CLASS_COUNT:
		break;
	}
	return SW_RETRY_NONE;
}

void replies_explain(int32_t code, struct slice enhanced, struct slice at,
    struct sw_explanation *e_r)
{
	const struct place *p = find_place(at);

	memset(e_r, 0, sizeof(*e_r));
	e_r->reply_class = class_of(code);
	e_r->meaning = meaning_of(code);
	if (!e_r->meaning)
		e_r->meaning = e_r->reply_class == SW_REPLY_STRANGE ?
		    "not a code of SMTP" : subject_of(code);
	e_r->fit = fit_of(p, code);
	if (p && e_r->reply_class >= SW_REPLY_TEMPORARY)
		e_r->consequence = p->refused;
	e_r->retry = retry_of(code, e_r->reply_class);
	if (enhanced.len > 0)
		explain_enhanced(enhanced, code, e_r);
}

const char *sw_explain_place(size_t i)
{
	return i < sizeof(places) / sizeof(places[0]) ? places[i].at : NULL;
}

const char *sw_reply_class_name(enum sw_reply_class c)
{
	static const char *const names[SW_REPLY_CLASS_COUNT] = {
		[SW_REPLY_NORMAL] = "normal",
		[SW_REPLY_INTERMEDIATE] = "normal, the client goes on",
		[SW_REPLY_TEMPORARY] = "temporary failure",
		[SW_REPLY_PERMANENT] = "permanent failure",
		[SW_REPLY_STRANGE] = "no reply of SMTP",
	};

	return names[c];
}

const char *sw_retry_name(enum sw_retry r)
{
	static const char *const names[SW_RETRY_COUNT] = {
		[SW_RETRY_NONE] = "not needed",
		[SW_RETRY_LATER] = "the same again later may succeed",
		[SW_RETRY_USELESS] = "the same again will be refused again",
		[SW_RETRY_OTHERWISE] =
		    "of use only after what the reply asks for",
	};

	return names[r];
}

const char *sw_fit_name(enum sw_reply_fit f)
{
	static const char *const names[SW_FIT_COUNT] = {
		[SW_FIT_UNKNOWN] = "not known there",
		[SW_FIT_SUCCESS] = "what is hoped for there",
		[SW_FIT_FAILURE] = "one of the failures to be expected there",
		[SW_FIT_UNEXPECTED] = "not to be expected there",
	};

	return names[f];
}

bool replies_append(struct buffer *b, const struct sw_explanation *e)
{
	buffer_append_str(b, sw_reply_class_name(e->reply_class));
	buffer_append_str(b, ": ");
	buffer_append_str(b, e->meaning);
	if (e->enhanced) {
		buffer_append_str(b, "; ");
		buffer_append_str(b, e->enhanced);
	}
	if (e->contradiction)
		buffer_append_str(b, "; code and enhanced code contradict "
		    "each other");
	if (e->fit == SW_FIT_UNEXPECTED)
		buffer_append_str(b, "; not to be expected there");
	if (e->consequence) {
		buffer_append_str(b, "; ");
		buffer_append_str(b, e->consequence);
	}
	if (e->retry != SW_RETRY_NONE) {
		buffer_append_str(b, "; ");
		buffer_append_str(b, sw_retry_name(e->retry));
	}
	return !b->failed;
}

/* --- of a session --------------------------------------------------------- */

/* Events are numbered from 1; limits may have left some out. */
static const struct sw_event *find_event(const struct sw_session *s,
    uint32_t n)
{
	size_t low = 0, high = s->event_count;

	/* Mostly the numbers are the places. */
	if (n <= s->event_count && s->events[n - 1].n == n)
		return &s->events[n - 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->events[middle].n == n)
			return &s->events[middle];
		if (s->events[middle].n < n)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct sw_event *replies_answered(const struct sw_session *s,
    const struct sw_event *e)
{
	if (e->kind != SW_EVENT_REPLY || e->u.reply.to == 0)
		return NULL;
	return find_event(s, e->u.reply.to);
}

struct slice replies_place(const struct sw_session *s,
    const struct sw_event *reply)
{
	const struct sw_event *e = replies_answered(s, reply);

	if (e && e->kind == SW_EVENT_DATA)
		return slice_str(".");
	if (e && e->kind == SW_EVENT_COMMAND && e->u.command.verb.data)
		return slice_make(e->u.command.verb.data,
		    e->u.command.verb.len);
	/* a line without a verb that is masked is one of AUTH */
	if (e && e->kind == SW_EVENT_COMMAND &&
	    (e->flags & SW_BIT(SW_FLAG_MASKED)))
		return slice_str("AUTH");
	if (!e && reply->u.reply.to == 0 && reply->n <= 2)
		return slice_str("greeting");
	return slice_make(NULL, 0);
}
