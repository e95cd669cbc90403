/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls_phase.c - the part of a dialogue that is TLS, and the way back to SMTP
 * where a capture was decrypted in place
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

static struct sw_bytes text_of(struct dialogue *d, struct slice s)
{
	return session_text(d->b, s);
}

void dialogue_tls_begin(struct dialogue *d, bool starttls,
    struct origin origin)
{
	struct sw_tls none = { 0 };

	struct tls_part *t = d->tls;

	if (t) {
		d->memory = d->memory || t->observer.memory;
		tls_observer_fini(&t->observer);
	} else {
		t = d->tls = calloc(1, sizeof(*t));
	}
	if (!t) {
		d->memory = true;
		d->phase = PHASE_IGNORE;
		return;
	}
	tls_observer_init(&t->observer);
	t->by_starttls = starttls;
	d->phase = PHASE_TLS;
	t->first = t->last = origin;
	t->n = session_tls(d->b, &none, dialogue_span(origin, origin));
}

void dialogue_tls_fini(struct dialogue *d)
{
	struct tls_part *t = d->tls;

	if (!t)
		return;
	smtp_held_fini(&t->clear[SW_CLIENT]);
	smtp_held_fini(&t->clear[SW_SERVER]);
	tls_observer_fini(&t->observer);
	free(t);
	d->tls = NULL;
}

/* What the observer knows now, into the event and the encryption object. */
static void dialogue_tls_tell(struct dialogue *d, bool decrypted)
{
	const struct tls_part *t = d->tls;
	struct tls_facts f = tls_observer_facts(&t->observer);
	struct sw_event *e = session_event(d->b, t->n);
	struct sw_encryption *enc;
	struct sw_tls tls = { 0 };
	bool is_tls =
	    tls_observer_verdict(&t->observer, SW_CLIENT) == TLS_YES ||
	    tls_observer_verdict(&t->observer, SW_SERVER) == TLS_YES;

	tls.version = text_of(d, f.version);
	tls.cipher = text_of(d, f.cipher);
	tls.sni = text_of(d, f.sni);
	tls.octets = f.octets;
	tls.turns_known = f.turns_known && !decrypted;
	tls.turns = tls.turns_known ? session_tls_turns(d->b, f.turns,
	    f.turn_count) : NULL;
	tls.turn_count = tls.turns ? f.turn_count : 0;
	if (e) {
		e->u.tls = tls;
		e->at_last = t->last.at;
		e->end = t->last.ts_ns;
	}
	if (!is_tls)
		session_note(d->b, SW_NOTE_TLS_NOT_FOLLOWED, t->n,
		    t->first.at, t->last.at, "STARTTLS was accepted, "
		    "but what follows is neither TLS nor SMTP.");
	enc = session_encryption(d->b);
	enc->starttls = t->by_starttls;
	enc->version = tls.version;
	enc->cipher = tls.cipher;
	enc->sni = tls.sni;
	enc->subject = text_of(d, f.subject);
	enc->issuer = text_of(d, f.issuer);
	enc->octets = tls.octets;
	enc->decrypted = decrypted;
}

/* RFC 5321 4.5.3.1.4 and 4.5.3.1.5. */
enum { CLEAR_LINE_MAX = 512 };

/* May these octets, at the border of two records, be a line in clear?  -1:
 * not enough to tell, 0: no, 1: yes. */
static int is_clear_line(enum sw_role by, struct slice s)
{
	const uint8_t *lf = memchr(s.p, '\n', s.len);
	struct slice line;

	if (!ascii_is_alnum(s.p[0]))
		return 0; /* content types are 20 to 24 */
	if (!lf || lf - s.p >= CLEAR_LINE_MAX)
		return s.len < CLEAR_LINE_MAX ? -1 : 0;
	line = slice_head(s, (size_t)(lf - s.p));
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return by == SW_CLIENT ? start_is_command(line) :
	    start_is_reply(line);
}

/* Hand on what was kept of one side, to the observer or to SMTP. */
static void release(struct dialogue *d, enum sw_role by)
{
	struct tls_part *t = d->tls;
	struct held mine = t->clear[by];
	int dir = dialogue_dir(d, by);
	size_t i, at = 0;

	memset(&t->clear[by], 0, sizeof(t->clear[by]));
	d->resized = true;
	for (i = 0; i < mine.count; i++) {
		struct delivery o = mine.pieces[i].o;

		o.dir = dir;
		o.octets = slice_make(mine.octets.p + at,
		    mine.pieces[i].end - at);
		at = mine.pieces[i].end;
		tls_observer_origin(&t->observer, o.origin);
		if (d->phase == PHASE_TLS)
			tls_observer_feed(&t->observer, by, o.octets);
		else
			dialogue_dispatch(d, &o);
	}
	smtp_held_fini(&mine);
}

/* A side that was expected to speak TLS speaks SMTP: the capture was
 * decrypted in place, or the server never took part in TLS. */
static void go_on_in_clear(struct dialogue *d, bool refused)
{
	struct tls_part *t = d->tls;

	dialogue_tls_tell(d, !refused);
	if (refused) {
		session_get(d->b)->encryption = NULL;
		session_note(d->b, SW_NOTE_TLS_NOT_FOLLOWED, t->n,
		    t->first.at, t->last.at, "The client began TLS, "
		    "but the server answers in clear.");
	}
	t->n = 0;
	d->phase = PHASE_SMTP;
	d->kind = DIALOGUE_SMTP;
	d->client = refused ? CLIENT_TLS : CLIENT_COMMAND;
	d->greeting_due = !t->by_starttls;
	release(d, SW_SERVER);
	release(d, SW_CLIENT);
}

/* Octets that are surely no line in clear: within a record, or the first of
 * one; 0: they may be. */
static size_t surely_tls(const struct dialogue *d, enum sw_role by,
    struct slice s)
{
	const struct tls_part *t = d->tls;
	const struct tls_side *side = &t->observer.side[by];

	if (t->clear[by].count > 0)
		return 0;
	if (side->lost)
		return s.len;
	if (side->left > 0)
		return slice_head(s, side->left).len;
	if (side->head_len > 0 || (side->verdict == TLS_UNDECIDED &&
	    by == SW_CLIENT))
		return 1;
	return is_clear_line(by, s) == 0;
}

/* Keep octets that may be a line in clear, and decide. */
static void keep_clear(struct dialogue *d, enum sw_role by,
    struct slice octets, const struct delivery *o)
{
	struct tls_part *t = d->tls;
	struct held *clear = &t->clear[by];
	struct delivery p = *o;
	int is_clear;

	p.offset += o->octets.len - octets.len;
	d->resized = true;
	if (!smtp_held_add(clear, octets, &p)) {
		d->memory = true;
		return;
	}
	is_clear = is_clear_line(by, buffer_slice(&clear->octets));
	if (is_clear > 0)
		go_on_in_clear(d, t->observer.side[by].octets == 0);
	else if (is_clear == 0)
		release(d, by);
}

void dialogue_tls_octets(struct dialogue *d, const struct delivery *o)
{
	struct tls_part *t = d->tls;
	enum sw_role by = dialogue_role(d, o->dir);
	struct slice rest = o->octets;

	t->last = o->origin;
	tls_observer_origin(&t->observer, o->origin);
	while (rest.len > 0) {
		size_t n = surely_tls(d, by, rest);

		if (n == 0) {
			keep_clear(d, by, rest, o);
			return;
		}
		tls_observer_feed(&t->observer, by, slice_head(rest, n));
		rest = slice_from(rest, n);
	}
}

void dialogue_tls_give(struct dialogue *d, struct held *from)
{
	struct held mine = *from;
	size_t i, at = 0;

	memset(from, 0, sizeof(*from));
	d->resized = true;
	for (i = 0; i < mine.count; i++) {
		struct delivery o = mine.pieces[i].o;

		o.dir = dialogue_dir(d, SW_CLIENT);
		o.octets = slice_make(mine.octets.p + at,
		    mine.pieces[i].end - at);
		at = mine.pieces[i].end;
		dialogue_dispatch(d, &o);
	}
	smtp_held_fini(&mine);
}

void dialogue_tls_end(struct dialogue *d)
{
	release(d, SW_CLIENT);
	release(d, SW_SERVER);
	dialogue_tls_tell(d, false);
}
