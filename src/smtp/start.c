/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start.c - is it SMTP, and which side is the client?
 *
 * The first octets of both directions are held until a line decides: three
 * digits and a separator are a server's, a known verb in valid form is a
 * client's.  With a SYN (or a server's port) the roles are taken from there
 * unless both sides contradict.  TLS is known by its first record.  What is
 * neither within LIMIT_NOT_SMTP_LINES or LIMIT_NOT_SMTP_OCTETS is not SMTP;
 * without a SYN the client may be in the middle of a message, so there only
 * the server's lines can say so, or the end.
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

/* Octets of a stream that is no SMTP that its event shows. */
enum { NOTE_SHOWN = 80 };
/* ... and those by which a record of TLS is known. */
enum { TLS_LOOK = 6 };

/* What one direction's first octets show. */
struct look {
	bool any;
	bool reply, command, tls;
	size_t lines, octets;
};

bool start_is_reply(struct slice line)
{
	return line.len >= 3 && ascii_is_digit(line.p[0]) &&
	    ascii_is_digit(line.p[1]) && ascii_is_digit(line.p[2]) &&
	    (line.len == 3 || line.p[3] == ' ' || line.p[3] == '-' ||
	    line.p[3] == '\t');
}

/* Verbs that must (1), may (0) or must not (-1) have an argument. */
static int wants_argument(enum verb v)
{
	switch (v) {
	case VERB_HELO:
	case VERB_EHLO:
	case VERB_LHLO:
	case VERB_MAIL:
	case VERB_RCPT:
	case VERB_BDAT:
	case VERB_AUTH:
	case VERB_ETRN:
	case VERB_SEND:
	case VERB_SOML:
	case VERB_SAML:
	case VERB_XCLIENT:
	case VERB_XFORWARD:
	case VERB_XEXCH50:
	case VERB_VRFY:
	case VERB_EXPN:
		return 1;
	case VERB_DATA:
	case VERB_RSET:
	case VERB_QUIT:
	case VERB_STARTTLS:
	case VERB_TURN:
		return -1;
	default:
		return 0;
	}
}

bool start_is_command(struct slice line)
{
	size_t len;
	enum verb v = session_verb(line, &len);
	struct slice argument = slice_trim(slice_from(line, len));
	int wants;

	if (v == VERB_NONE || v == VERB_UNKNOWN)
		return false;
	wants = wants_argument(v);
	if (v == VERB_MAIL || v == VERB_SEND || v == VERB_SOML ||
	    v == VERB_SAML)
		return slice_has_prefix_nocase(argument, slice_str("FROM"));
	if (v == VERB_RCPT)
		return slice_has_prefix_nocase(argument, slice_str("TO"));
	return (wants > 0 && argument.len > 0) || wants == 0 ||
	    (wants < 0 && argument.len == 0);
}

bool start_add(struct dialogue *d, const struct start_item *item)
{
	void *items = d->items;
	struct start_item *to;

	d->resized = true;
	if (!base_grow(&items, d->item_count, &d->item_capacity,
	    sizeof(*d->items)))
		return false;
	d->items = items;
	to = &d->items[d->item_count];
	*to = *item;
	to->copy = NULL;
	if (item->kind == START_OCTETS) {
		to->copy = malloc(item->o.octets.len ?
		    item->o.octets.len : 1);
		if (!to->copy)
			return false;
		memcpy(to->copy, item->o.octets.p, item->o.octets.len);
		to->o.octets.p = to->copy;
		d->start_octets[item->o.dir & 1] += item->o.octets.len;
	}
	d->item_count++;
	return true;
}

/* Do octets behind so many others of their direction change what that shows?
 * Else nothing is decided by them, and those before are not looked at again. */
static bool shows_more(size_t before, struct slice octets)
{
	return before < TLS_LOOK || (before < LIMIT_NOT_SMTP_OCTETS &&
	    (octets.len >= LIMIT_NOT_SMTP_OCTETS - before ||
	    memchr(octets.p, '\n', octets.len)));
}

/* The first octets of one direction, joined, up to what is ever looked at. */
static struct slice first_octets(const struct dialogue *d, int dir,
    uint8_t *room, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < d->item_count && n < size; i++) {
		const struct start_item *it = &d->items[i];
		size_t take = it->o.octets.len;

		if (it->kind != START_OCTETS || it->o.dir != dir)
			continue;
		if (n == 0 && take >= size)
			return slice_head(it->o.octets, size);
		if (take > size - n)
			take = size - n;
		memcpy(room + n, it->o.octets.p, take);
		n += take;
	}
	return slice_make(room, n);
}

static bool looks_like_tls(struct slice s, bool first)
{
	if (s.len < TLS_LOOK)
		return false;
	if (tls_looks_like_client_hello(s))
		return true;
	/* a record of a side whose first one was not seen, or a server's */
	return (first ? s.p[0] == 0x16 || s.p[0] == 0x15 :
	    s.p[0] >= 0x14 && s.p[0] <= 0x17) && s.p[1] == 3 && s.p[2] <= 4 &&
	    (s.p[3] << 8 | s.p[4]) <= 16384 + 2048 &&
	    (s.p[3] << 8 | s.p[4]) > 0;
}

/* Does the record have the first octets of this direction? */
static bool from_start(const struct dialogue *d, int dir)
{
	size_t i;

	for (i = 0; i < d->item_count; i++)
		if (d->items[i].o.dir == dir)
			return d->items[i].kind == START_OCTETS &&
			    d->start.opener_known;
	return d->start.opener_known;
}

static void look_at(const struct dialogue *d, int dir, bool at_end,
    struct look *l)
{
	uint8_t room[LIMIT_NOT_SMTP_OCTETS];
	struct slice rest = first_octets(d, dir, room, sizeof(room));

	memset(l, 0, sizeof(*l));
	l->octets = rest.len;
	l->any = rest.len > 0;
	l->tls = looks_like_tls(rest, from_start(d, dir));
	if (l->tls)
		return; /* what lines are in the records says nothing */
	while (rest.len > 0 && !l->reply && !l->command) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.len);
		struct slice line = lf ? slice_head(rest,
		    (size_t)(lf - rest.p)) : rest;

		if (!lf && !at_end)
			break;
		rest = slice_from(rest, line.len + (lf ? 1 : 0));
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		l->reply = start_is_reply(line);
		l->command = start_is_command(line);
		if (++l->lines >= LIMIT_NOT_SMTP_LINES)
			break;
	}
}

static bool exhausted(const struct look *l)
{
	return !l->reply && !l->command &&
	    (l->lines >= LIMIT_NOT_SMTP_LINES ||
	    l->octets >= LIMIT_NOT_SMTP_OCTETS);
}

static void replay(struct dialogue *d)
{
	struct start_item *items = d->items;
	size_t count = d->item_count, i;

	d->resized = true;
	d->items = NULL;
	d->item_count = d->item_capacity = 0;
	for (i = 0; i < count; i++) {
		struct start_item *it = &items[i];

		switch (it->kind) {
		case START_OCTETS:
			dialogue_dispatch(d, &it->o);
			break;
		case START_GAP:
			dialogue_dispatch_gap(d, it->o.dir, it->len,
			    it->o.origin);
			break;
		case START_CLOSE:
			dialogue_dispatch_close(d, it->o.dir, it->rst,
			    it->o.origin);
			break;
		}
		free(it->copy);
	}
	free(items);
}

/* No SYN, and the first octets are not at the start of anything known: what
 * came before is lost (CASES C5). */
static void tell_lost_start(struct dialogue *d, const struct look look[2])
{
	const struct start_item *first = NULL;
	size_t i;

	for (i = 0; i < d->item_count && !first; i++)
		if (d->items[i].kind == START_OCTETS)
			first = &d->items[i];
	if (!first || d->start.opener_known)
		return;
	if (first->o.dir != d->client_dir && look[first->o.dir].reply)
		return; /* begins with a reply: nothing of it is lost */
	session_gap(d->b, dialogue_role(d, first->o.dir), SW_UNKNOWN,
	    dialogue_span(first->o.origin, first->o.origin));
	if (first->o.dir == d->client_dir)
		d->client_after_gap = true;
	else
		d->server_after_gap = true;
}

static void begin_smtp(struct dialogue *d, const struct look look[2])
{
	bool proved = look[d->client_dir].command ||
	    look[1 - d->client_dir].reply;

	d->phase = PHASE_SMTP;
	d->kind = DIALOGUE_SMTP;
	d->unproved = !proved;
	d->greeting_due = d->start.opener_known;
	d->client = d->start.opener_known ? CLIENT_COMMAND : CLIENT_GUESS;
	tell_lost_start(d, look);
	replay(d);
}

static void begin_tls(struct dialogue *d)
{
	d->phase = PHASE_TLS;
	d->kind = DIALOGUE_TLS;
	dialogue_tls_begin(d, false, d->items[0].o.origin);
	replay(d);
}

/* It may be the middle of an AUTH exchange, or a login of POP3. */
static void tell_shown(struct dialogue *d, enum sw_role by,
    struct slice shown, struct event_span span)
{
	struct buffer b;

	if (session_shows_secrets(d->b)) {
		session_note_event(d->b, by, shown, span);
		return;
	}
	buffer_init(&b, 2 * NOTE_SHOWN);
	secrets_quote_line(&b, shown);
	d->memory = d->memory || b.failed;
	session_note_event(d->b, by, buffer_slice(&b), span);
	buffer_fini(&b);
}

void start_not_smtp(struct dialogue *d, struct origin first,
    struct origin last, int dir, struct slice octets)
{
	struct slice shown = slice_head(octets, NOTE_SHOWN);
	const uint8_t *lf = shown.len ?
	    memchr(shown.p, '\n', shown.len) : NULL;

	if (lf)
		shown = slice_head(shown, (size_t)(lf - shown.p));
	if (shown.len > 0 && shown.p[shown.len - 1] == '\r')
		shown.len--;
	tell_shown(d, dialogue_role(d, dir), shown,
	    dialogue_span(first, last));
	session_note(d->b, SW_NOTE_NOT_SMTP, 0, first.at, last.at,
	    "The octets of this connection are neither SMTP nor TLS.");
	d->phase = PHASE_IGNORE;
	d->kind = DIALOGUE_NOT_SMTP;
}

static void begin_ignoring(struct dialogue *d)
{
	const struct start_item *first = NULL, *last = NULL;
	uint8_t room[NOTE_SHOWN];
	size_t i;

	for (i = 0; i < d->item_count; i++)
		if (d->items[i].kind == START_OCTETS) {
			if (!first)
				first = &d->items[i];
			last = &d->items[i];
		}
	if (first)
		start_not_smtp(d, first->o.origin, last->o.origin,
		    first->o.dir, first_octets(d, first->o.dir, room,
		    sizeof(room)));
	d->phase = PHASE_IGNORE;
	replay(d);
}

/* The client's direction: by SYN or port unless both sides say otherwise; by
 * content alone; -1: cannot be told yet. */
static int find_client(const struct dialogue *d, const struct look look[2])
{
	int by_rule = d->start.opener_known ? 0 :
	    d->start.server_dir >= 0 ? 1 - d->start.server_dir : -1;

	if (by_rule >= 0) {
		bool swapped = look[by_rule].reply &&
		    look[1 - by_rule].command;

		return swapped ? 1 - by_rule : by_rule;
	}
	if (look[0].reply || look[1].command)
		return 1;
	if (look[1].reply || look[0].command)
		return 0;
	return -1;
}

/* No SYN and a known port: content may have begun before us. */
static bool may_be_content(const struct dialogue *d, int client,
    const struct look look[2])
{
	return !d->start.opener_known && d->start.server_dir >= 0 &&
	    look[client].any && !look[client].reply &&
	    !exhausted(&look[1 - client]);
}

void start_decide(struct dialogue *d, bool at_end)
{
	struct look look[2];
	int client;

	if (d->phase != PHASE_START || (d->start_octets[0] == 0 &&
	    d->start_octets[1] == 0)) {
		if (at_end && d->phase == PHASE_START) {
			d->phase = PHASE_SMTP;
			replay(d);
		}
		return;
	}
	look_at(d, 0, at_end, &look[0]);
	look_at(d, 1, at_end, &look[1]);
	client = find_client(d, look);
	d->client_dir = client >= 0 ? client : 0;
	if (look[0].tls || look[1].tls) {
		if (client < 0 && look[1].tls && !look[0].tls)
			d->client_dir = 1;
		begin_tls(d);
	} else if (client >= 0 && (look[client].command ||
	    look[1 - client].reply)) {
		begin_smtp(d, look);
	} else if (client >= 0 && may_be_content(d, client, look) &&
	    (exhausted(&look[client]) || at_end)) {
		begin_smtp(d, look);
	} else if (exhausted(&look[0]) || exhausted(&look[1]) || at_end) {
		begin_ignoring(d);
	}
}

void start_take(struct dialogue *d, const struct delivery *o)
{
	size_t before = d->start_octets[o->dir & 1];
	struct start_item item = { 0 };

	item.kind = START_OCTETS;
	item.o = *o;
	if (!start_add(d, &item))
		d->memory = true;
	else if (shows_more(before, o->octets))
		start_decide(d, false);
}
