/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outstanding.c - what awaits a reply, and which of it a reply answers
 *
 * Commands and contents that await a reply stand in a queue; a reply answers
 * the oldest.  After a gap in the server's octets the commands that were
 * outstanding then are uncertain, and RULES (Replies after lost replies)
 * decide.
 */
#include "smtp/dialogue_internal.h"

/* Entries looked through for one that a reply after a gap fits. */
enum { SEARCH_MAX = 1000 };
/* A power of 2; most clients wait, or send ahead MAIL, RCPT and DATA. */
enum { FEW_OUTSTANDING = 4 };

static bool queue_make_room(struct dialogue *d)
{
	uint32_t old = d->queue_capacity, i;
	uint32_t wanted = old ? old * 2 : FEW_OUTSTANDING;
	struct outstanding *q;

	if (d->queue_count < old)
		return true;
	q = base_realloc_array(d->queue, wanted, sizeof(*q));
	if (!q) {
		d->memory = true;
		return false;
	}
	for (i = 0; i < d->queue_first; i++)
		q[old + i] = q[i]; /* what wrapped goes behind the old end */
	d->resized = true;
	d->queue = q;
	d->queue_capacity = wanted;
	return true;
}

void smtp_queue_pop(struct dialogue *d)
{
	if (smtp_queue_at(d, 0)->uncertain)
		d->queue_uncertain--;
	if (d->queue_before_gap > 0)
		d->queue_before_gap--;
	d->queue_first = (d->queue_first + 1) & (d->queue_capacity - 1);
	/* what was used last is likelier to be in the cache */
	if (--d->queue_count == 0)
		d->queue_first = 0;
}

/* The reply of the first entry is not to be had. */
static void give_up_first(struct dialogue *d)
{
	const struct outstanding *o = smtp_queue_at(d, 0);

	if (o->early)
		; /* it was answered */
	else if (o->kind == AWAIT_CONTENT)
		session_verdict_unseen(d->b, o->verb == VERB_NONE ? o->n : 0);
	else
		session_answer(d->b, o->n, SW_UNKNOWN, NULL, 0);
	if (o->kind == AWAIT_COMMAND && o->verb == VERB_AUTH)
		d->auth_expected = false;
	smtp_queue_pop(d);
}

void smtp_queue_drop(struct dialogue *d, size_t count)
{
	while (count-- > 0 && d->queue_count > 0)
		give_up_first(d);
}

/* How many replies it awaits: content in LMTP one for each accepted recipient,
 * so the last BDAT. */
static size_t replies_due(const struct dialogue *d,
    const struct outstanding *o)
{
	size_t accepted = session_is_lmtp(d->b) ? session_accepted(d->b) : 0;
	bool last = o->verb == VERB_BDAT ?
	    o->last && o->kind == AWAIT_COMMAND : o->kind == AWAIT_CONTENT;

	if (o->per_rcpt)
		return o->replies_left;
	return last && accepted > 0 ? accepted : 1;
}

static void push_beyond(struct dialogue *d)
{
	const struct outstanding *o = smtp_queue_at(d, 0);

	if (!o->early && !o->uncertain) {
		if (d->queue_beyond == 0)
			session_note(d->b, SW_NOTE_LIMIT, o->n, 0, 0, "More "
			    "than %d commands awaited a reply: those to the "
			    "oldest are told without what they answer.",
			    LIMIT_OUTSTANDING);
		d->queue_beyond += replies_due(d, o);
	}
	smtp_queue_drop(d, 1);
}

struct outstanding *smtp_queue_push(struct dialogue *d)
{
	struct outstanding *o;

	if (d->queue_count >= LIMIT_OUTSTANDING)
		push_beyond(d);
	if (!queue_make_room(d))
		return NULL;
	o = smtp_queue_at(d, d->queue_count++);
	memset(o, 0, sizeof(*o));
	o->rcpts_lost = d->rcpts_lost;
	return o;
}

void smtp_queue_doubt_newest(struct dialogue *d)
{
	struct outstanding *o = smtp_queue_at(d, d->queue_count - 1);

	if (!o->acked_known || o->acked >= d->lost_until ||
	    d->queue_uncertain + 1 != d->queue_count)
		return;
	o->uncertain = true;
	d->queue_uncertain++;
}

/* --- which command -------------------------------------------------------- */

/* Is this entry of the kind that such a code answers? */
static bool code_fits(int32_t code, const struct outstanding *o)
{
	bool auth = o->kind == AWAIT_AUTH_STEP ||
	    (o->kind == AWAIT_COMMAND && (o->verb == VERB_AUTH ||
	    o->verb == VERB_XEXPS));

	switch (code) {
	case 354:
		return o->kind == AWAIT_COMMAND && (o->verb == VERB_DATA ||
		    o->verb == VERB_XEXCH50);
	case 334:
	case 235:
	case 535:
		return auth;
	case 221:
		return o->kind == AWAIT_COMMAND && o->verb == VERB_QUIT;
	case 220:
		return o->kind == AWAIT_COMMAND &&
		    (o->verb == VERB_STARTTLS ||
		    o->verb == VERB_XANONYMOUSTLS);
	default:
		return false;
	}
}

static bool is_special(int32_t code)
{
	return code == 354 || code == 334 || code == 235 || code == 535 ||
	    code == 221 || code == 220;
}

/* Can a reply that names a message (RFC 5321 4.2.5: a queue id) be to it? */
static bool is_whole_content(const struct outstanding *o)
{
	return o->kind == AWAIT_CONTENT ? o->verb != VERB_XEXCH50 :
	    o->kind == AWAIT_COMMAND && o->verb == VERB_BDAT && o->last;
}

/* The only entry that such a reply can be to; SIZE_MAX: there is none, or more
 * than one, or one in a gap of the client's behind it, or there are too many to
 * look through for each reply.  none: there is none. */
static size_t only_content(struct dialogue *d, bool *none)
{
	size_t i, found = SIZE_MAX;

	*none = false;
	if (d->queue_count > SEARCH_MAX)
		return SIZE_MAX;
	for (i = 0; i < d->queue_count; i++) {
		if (!is_whole_content(smtp_queue_at(d, i)))
			continue;
		if (found != SIZE_MAX)
			return SIZE_MAX;
		found = i;
	}
	*none = found == SIZE_MAX;
	return found < d->queue_before_gap ? SIZE_MAX : found;
}

/* A reply came of which nobody knows whether it is to one of those whose reply
 * may lie in a gap: if so, the first entry behind these is still to be
 * answered, else it may have been. */
static void doubt_next(struct dialogue *d)
{
	if (d->queue_uncertain == 0 || d->queue_uncertain == d->queue_count)
		return;
	smtp_queue_at(d, d->queue_uncertain++)->uncertain = true;
	/* What waits for that reply waits no longer; what is being parsed
	 * must stay. */
	if (!d->replaying && smtp_held_any(&d->held))
		content_take_held(d);
}

/* The replies to all in front of the client's gap were sent before this one,
 * which is to something in it, behind the content of the mail before.  false:
 * there is no such gap. */
static bool settle_in_gap(struct dialogue *d)
{
	if (d->queue_before_gap == 0 || smtp_held_any(&d->held))
		return false;
	smtp_queue_drop(d, d->queue_before_gap);
	session_content_unseen(d->b);
	if (d->client == CLIENT_AFTER_DATA)
		d->client = CLIENT_BEHIND_GAP;
	return true;
}

/* Is 354 to a DATA in the client's gap, not to this entry?  The gap lies behind
 * it, and was acknowledged: the client had its 354 before. */
static bool is_to_lost_data(const struct dialogue *d, size_t entry)
{
	return entry < d->queue_before_gap && d->client == CLIENT_AFTER_DATA &&
	    !d->fragment_awaits && d->reply_acked != UINT64_MAX &&
	    d->reply_acked >= d->client_seen;
}

/* As resolve_after_gap, of codes that answer one kind of command. */
static bool resolve_special(struct dialogue *d, int32_t code)
{
	size_t i;

	for (i = 0; i < d->queue_count && i < SEARCH_MAX; i++) {
		if (!code_fits(code, smtp_queue_at(d, i)))
			continue;
		if (code == 354 && is_to_lost_data(d, i) && settle_in_gap(d))
			return false;
		smtp_queue_drop(d, i);
		return true;
	}
	return false;
}

/* After a gap: drop what can no longer be answered; true if the first entry
 * is then the one. */
static bool resolve_after_gap(struct dialogue *d, const struct reply_in *in)
{
	int32_t code = in->code;
	bool none;
	size_t i;

	if (is_special(code))
		return resolve_special(d, code);
	if (code == 421 && d->queue_count > 0)
		return true;
	if (session_names_message(code, in->lines, in->line_count) &&
	    !session_is_lmtp(d->b)) {
		i = only_content(d, &none);
		if (i != SIZE_MAX) {
			smtp_queue_drop(d, i);
			return true;
		}
		if (none && settle_in_gap(d))
			return false;
	}
	return d->queue_count == 1 && d->queue_before_gap == 0 &&
	    !smtp_queue_at(d, 0)->behind_gap;
}

/* Commands that a server has no reason to refuse (RFC 5321 4.1.1). */
static bool is_hardly_refused(const struct outstanding *o)
{
	return o->kind == AWAIT_COMMAND && (o->verb == VERB_RSET ||
	    o->verb == VERB_NOOP || o->verb == VERB_QUIT ||
	    o->verb == VERB_EHLO || o->verb == VERB_HELO ||
	    o->verb == VERB_LHLO);
}

static bool is_verb(const struct outstanding *o, enum verb verb)
{
	return o->kind == AWAIT_COMMAND && o->verb == verb;
}

/* The first entry is content that was answered before its end.  Does the
 * server answer it again behind that, or the next command? */
static bool is_answered_again(struct dialogue *d, const struct reply_in *in)
{
	const struct outstanding *next;

	if (d->queue_count == 1 || in->code == d->early_code ||
	    session_names_message(in->code, in->lines, in->line_count))
		return true;
	next = smtp_queue_at(d, 1);
	if (is_verb(next, VERB_QUIT))
		return in->code != 221;
	return in->code >= 400 && is_hardly_refused(next);
}

bool smtp_queue_takes_beyond(struct dialogue *d)
{
	if (d->queue_beyond == 0)
		return false;
	d->queue_beyond--;
	return true;
}

/* The entry that this reply answers, NULL: none. */
struct outstanding *smtp_queue_find(struct dialogue *d,
    const struct reply_in *in)
{
	int32_t code = in->code;

	if (d->queue_count == 0)
		return NULL;
	if (smtp_queue_at(d, 0)->early && !is_answered_again(d, in))
		smtp_queue_drop(d, 1);
	/* No verdict on content is 221: that one lies in a gap. */
	if ((d->queue_uncertain > 0 || smtp_queue_at(d, 0)->behind_gap ||
	    (code == 221 && (d->gap_seen[0] || d->gap_seen[1]))) &&
	    !resolve_after_gap(d, in)) {
		if (!is_special(code)) /* it may be any mail's verdict */
			session_replies_unseen(d->b);
		doubt_next(d);
		return NULL;
	}
	/* Nor is QUIT answered so (RFC 5321 4.1.1.10): it is one more verdict
	 * of LMTP, of which the gap took LHLO. */
	if (code != 221 && code / 100 == 2 && (d->gap_seen[0] ||
	    d->gap_seen[1]) && is_verb(smtp_queue_at(d, 0), VERB_QUIT))
		return NULL;
	/* Nor is one on a recipient: the server told fewer than it should. */
	if (code == 221 && smtp_queue_at(d, 0)->per_rcpt &&
	    d->queue_count > 1 && code_fits(code, smtp_queue_at(d, 1)))
		smtp_queue_drop(d, 1);
	/* 354 answers nothing but DATA and its like: if one reply before it
	 * was not understood, the others fall back into step. */
	if (code == 354 && d->queue_count > 1 &&
	    smtp_queue_at(d, 0)->kind == AWAIT_COMMAND &&
	    !code_fits(code, smtp_queue_at(d, 0)) &&
	    code_fits(code, smtp_queue_at(d, 1)))
		smtp_queue_drop(d, 1);
	return smtp_queue_at(d, 0);
}
