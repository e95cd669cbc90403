/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls_phase.c - the part of a dialogue that is TLS, and the way back to SMTP
 * where a capture was decrypted in place
 */
#include "smtp/dialogue_internal.h"

static struct sw_bytes text_of(struct dialogue *d, struct slice s)
{
	return session_text(d->b, s);
}

void dialogue_tls_begin(struct dialogue *d, bool starttls,
    struct origin origin)
{
	struct sw_tls none = { 0 };

	if (d->tls_started) {
		d->memory = d->memory || d->tls.memory;
		tls_observer_fini(&d->tls);
	}
	tls_observer_init(&d->tls);
	d->tls_started = true;
	d->tls_by_starttls = starttls;
	d->phase = PHASE_TLS;
	d->tls_first = d->tls_last = origin;
	d->tls_n = session_tls(d->b, &none, dialogue_span(origin, origin));
}

/* What the observer knows now, into the event and the encryption object. */
static void dialogue_tls_tell(struct dialogue *d, bool decrypted)
{
	struct tls_facts f = tls_observer_facts(&d->tls);
	struct sw_event *e = session_event(d->b, d->tls_n);
	struct sw_encryption *enc;
	struct sw_tls tls = { 0 };
	bool is_tls = tls_observer_verdict(&d->tls, SW_CLIENT) == TLS_YES ||
	    tls_observer_verdict(&d->tls, SW_SERVER) == TLS_YES;

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
		e->at_last = d->tls_last.at;
		e->end = d->tls_last.ts_ns;
	}
	if (!is_tls)
		session_note(d->b, SW_NOTE_TLS_NOT_FOLLOWED, d->tls_n,
		    d->tls_first.at, d->tls_last.at, "STARTTLS was accepted, "
		    "but what follows is neither TLS nor SMTP.");
	enc = session_encryption(d->b);
	enc->starttls = d->tls_by_starttls;
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
	struct held mine = d->clear[by];
	int dir = dialogue_dir(d, by);
	size_t i, at = 0;

	memset(&d->clear[by], 0, sizeof(d->clear[by]));
	d->resized = true;
	for (i = 0; i < mine.count; i++) {
		struct delivery o = mine.pieces[i].o;

		o.dir = dir;
		o.octets = slice_make(mine.octets.p + at,
		    mine.pieces[i].end - at);
		at = mine.pieces[i].end;
		tls_observer_origin(&d->tls, o.origin);
		if (d->phase == PHASE_TLS)
			tls_observer_feed(&d->tls, by, o.octets);
		else
			dialogue_dispatch(d, &o);
	}
	smtp_held_fini(&mine);
}

/* A side that was expected to speak TLS speaks SMTP: the capture was
 * decrypted in place, or the server never took part in TLS. */
static void go_on_in_clear(struct dialogue *d, bool refused)
{
	dialogue_tls_tell(d, !refused);
	if (refused) {
		session_get(d->b)->encryption = NULL;
		session_note(d->b, SW_NOTE_TLS_NOT_FOLLOWED, d->tls_n,
		    d->tls_first.at, d->tls_last.at, "The client began TLS, "
		    "but the server answers in clear.");
	}
	d->tls_n = 0;
	d->phase = PHASE_SMTP;
	d->kind = DIALOGUE_SMTP;
	d->client = refused ? CLIENT_TLS : CLIENT_COMMAND;
	d->greeting_due = !d->tls_by_starttls;
	release(d, SW_SERVER);
	release(d, SW_CLIENT);
}

/* Octets that are surely no line in clear: within a record, or the first of
 * one; 0: they may be. */
static size_t surely_tls(const struct dialogue *d, enum sw_role by,
    struct slice s)
{
	const struct tls_side *side = &d->tls.side[by];

	if (d->clear[by].count > 0)
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
	struct held *clear = &d->clear[by];
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
		go_on_in_clear(d, d->tls.side[by].octets == 0);
	else if (is_clear == 0)
		release(d, by);
}

void dialogue_tls_octets(struct dialogue *d, const struct delivery *o)
{
	enum sw_role by = dialogue_role(d, o->dir);
	struct slice rest = o->octets;

	d->tls_last = o->origin;
	tls_observer_origin(&d->tls, o->origin);
	while (rest.len > 0) {
		size_t n = surely_tls(d, by, rest);

		if (n == 0) {
			keep_clear(d, by, rest, o);
			return;
		}
		tls_observer_feed(&d->tls, by, slice_head(rest, n));
		rest = slice_from(rest, n);
	}
}

void dialogue_tls_end(struct dialogue *d)
{
	release(d, SW_CLIENT);
	release(d, SW_SERVER);
	dialogue_tls_tell(d, false);
}
