/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.c - the octets of a client, and what decides what they are
 *
 * Command lines (commands.c), content behind DATA (body.c), counted octets
 * behind BDAT (RFC 3030) and XEXCH50, TLS behind STARTTLS.
 *
 * Octets that a client sends behind DATA or BDAT before the reply to it are
 * held (LIMIT_PROVISIONAL): the reply decides whether they are content or
 * commands (RULES: content in flight).
 */
#include "smtp/dialogue_internal.h"

/* What is held of a chunk, with the segment that makes it too much. */
enum { HELD_MOST = LIMIT_PROVISIONAL + 4096, HELD_GROWTH = 48 };

/* --- states that decide --------------------------------------------------- */

/* It is known how long the chunk of a BDAT will be.  Behind a segment of the
 * usual size that is believed; behind less, so many times what has come. */
static void expect_chunk(struct dialogue *d, size_t len)
{
	size_t n = d->held.octets.len + len;
	const struct outstanding *o;

	if (d->client != CLIENT_AFTER_BDAT || d->queue_count == 0 ||
	    d->chunk || n <= d->held.octets.capacity)
		return;
	o = smtp_queue_at(d, d->queue_count - 1);
	n = n < HELD_MOST / HELD_GROWTH ? n * HELD_GROWTH : HELD_MOST;
	if (o->counted && o->size < n)
		n = (size_t)o->size;
	if (o->counted && n > d->held.octets.len)
		smtp_held_expect(&d->held, n - d->held.octets.len);
}

static void hold(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	size_t used = chunk_take(d, octets, p);
	struct delivery behind;

	if (used < octets.len) {
		behind = *p;
		behind.offset += used;
		octets = slice_from(octets, used);
		expect_chunk(d, octets.len);
		if (!smtp_held_add(&d->held, octets, &behind))
			d->memory = true;
	}
	/* what is held again behind a further DATA or BDAT may be too much,
	 * too, if this came in one piece */
	while (smtp_held_len(&d->held) + chunk_octets(d) >
	    LIMIT_PROVISIONAL && !d->replaying && !d->memory)
		content_take_held(d);
}

struct slice client_first_line(struct slice octets)
{
	const uint8_t *lf = octets.len ?
	    memchr(octets.p, '\n', octets.len) : NULL;
	size_t n = lf ? (size_t)(lf - octets.p) : octets.len;

	if (n > 0 && octets.p[n - 1] == '\r')
		n--;
	return slice_head(octets, n);
}

/* Is this the beginning of what may become a command line? */
bool client_may_be_command(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len && i < 16; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-')
			break;
	return s.len <= COMMAND_LINE_MAX &&
	    !memchr(s.p, '\n', s.len) &&
	    (i == s.len || (i > 0 && i < 16 && (s.p[i] == ' ' ||
	    s.p[i] == '\t' || s.p[i] == ':' || s.p[i] == '\r')));
}

/*
 * Keep octets until their first line shows whether it is a command:
 * -1 not yet, 0 no, 1 yes; then they are in d->look.
 */
static int look_at_line(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct slice all;

	d->resized = d->looked = true;
	if (!smtp_held_add(&d->look, octets, p)) {
		d->memory = true;
		return -1;
	}
	all = buffer_slice(&d->look.octets);
	if (start_is_command(client_first_line(all)) &&
	    memchr(all.p, '\n', all.len))
		return 1;
	return client_may_be_command(all) ? -1 : 0;
}

/* Do the replies to all that is outstanding lie in gaps? */
static bool replies_lost(const struct dialogue *d)
{
	return d->queue_count > 0 && d->queue_uncertain == d->queue_count;
}

bool client_holds(const struct dialogue *d, bool other_seen)
{
	return (d->client == CLIENT_AFTER_DATA ||
	    d->client == CLIENT_AFTER_BDAT) && other_seen &&
	    !d->no_more_replies && !replies_lost(d);
}

/*
 * Was DATA refused by one of the replies of which a gap in the client's octets
 * hides what they answer?  They came behind it, and the client, which had them
 * all, goes on with a command: behind 354, which is known, it would not.
 */
static bool is_refused_unseen(struct dialogue *d)
{
	const struct outstanding *o = d->queue_count > 0 ?
	    smtp_queue_at(d, d->queue_count - 1) : NULL;
	const struct delivery *first;
	struct slice all;

	if (!o || d->client != CLIENT_AFTER_DATA || d->replaying ||
	    !d->gap_seen[dialogue_dir(d, SW_CLIENT)] ||
	    !smtp_held_any(&d->held))
		return false;
	first = &d->held.pieces[d->held.next].o;
	all = slice_head(slice_from(buffer_slice(&d->held.octets),
	    d->held.from), COMMAND_LINE_MAX);
	return first->acked_known && o->acked_known &&
	    o->acked < d->reply_end && first->acked >= d->reply_end &&
	    memchr(all.p, '\n', all.len) &&
	    start_is_command(client_first_line(all));
}

/* Octets behind an unanswered DATA or BDAT; returns how many were used. */
static size_t after_data(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	bool lost = replies_lost(d);
	int command;

	if (client_holds(d, p->other_seen)) {
		hold(d, octets, p);
		if (is_refused_unseen(d)) {
			smtp_queue_drop(d, d->queue_count);
			d->client = CLIENT_COMMAND;
			content_replay(d);
			late_flush(d);
		}
		return octets.len;
	}
	/* The reply lies in a gap, or will never be seen. */
	if (d->client == CLIENT_AFTER_BDAT || !lost) {
		content_choose(d, p->other_seen && !lost);
		return 0;
	}
	command = look_at_line(d, octets, p);
	if (command < 0)
		return octets.len;
	if (command > 0) {
		d->client = CLIENT_COMMAND;
	} else {
		/* It goes on as it does with a 354, which lies in the gap as
		 * all replies before it. */
		content_choose(d, false);
		smtp_queue_drop(d, d->queue_uncertain);
	}
	content_give_back(d, &d->look);
	return octets.len;
}

/* BDAT was refused and no octet of its chunk had come. */
static void refused_bdat(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	bool knew = !p->acked_known || p->acked >= d->reply_end;
	struct outstanding o = { 0 };
	int command = knew ? look_at_line(d, octets, p) : 0;

	if (command < 0)
		return;
	d->resized = d->looked = true;
	if (!knew && !smtp_held_add(&d->look, octets, p))
		d->memory = true;
	if (command > 0) {
		d->client = CLIENT_COMMAND;
	} else {
		o.n = d->data_of;
		o.size = d->chunk_left;
		content_expect_chunk(d, &o, SW_METHOD_NONE,
		    SW_BIT(SW_FLAG_REFUSED));
	}
	content_give_back(d, &d->look);
}

static void after_data_2xx(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	int command = look_at_line(d, octets, p);

	if (command < 0)
		return;
	if (command > 0)
		d->client = CLIENT_COMMAND;
	else
		content_expect_body(d, d->data_of, 0, true);
	content_give_back(d, &d->look);
}

/* What stands behind the last LF. */
static struct slice last_line(struct slice s)
{
	size_t at = s.len;

	while (at > 0 && s.p[at - 1] != '\n')
		at--;
	return slice_from(s, at);
}

/* Nothing more comes that could decide: what was looked at are commands. */
static void give_up_looking(struct dialogue *d)
{
	/* between chunks stands no other command but RSET and the like */
	bool again = d->client == CLIENT_BEHIND_GAP && d->in_chunks &&
	    guess_knows_chunks(d);
	struct slice all = buffer_slice(&d->look.octets);

	if (d->look.count == 0)
		return;
	if (d->client == CLIENT_BODY) { /* what might have been commands */
		content_apply_gap(d);
		content_give_back(d, &d->look);
		return;
	}
	/* half a line behind a gap that is no command is of a chunk */
	if (again && all.p[all.len - 1] != '\n' &&
	    !start_is_command(last_line(all)))
		d->client = CLIENT_GUESS;
	else
		d->client = CLIENT_COMMAND;
	content_give_back(d, &d->look);
	/* one line that is no command tells nothing of the next */
	if (again && d->client == CLIENT_COMMAND && d->queue_count > 0 &&
	    smtp_queue_at(d, d->queue_count - 1)->verb <= VERB_UNKNOWN)
		d->client = CLIENT_BEHIND_GAP;
}

/* Octets behind an accepted STARTTLS: TLS, SMTP in clear, or neither. */
static void behind_starttls(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	if (octets.p[0] == 0x16 || octets.p[0] == 0x80 ||
	    !(ascii_is_alpha(octets.p[0]) || octets.p[0] == '\r' ||
	    octets.p[0] == '\n')) {
		struct delivery o = *p;

		dialogue_tls_begin(d, true, p->origin);
		o.dir = dialogue_dir(d, SW_CLIENT);
		o.octets = octets;
		dialogue_dispatch(d, &o);
		return;
	}
	session_note(d->b, SW_NOTE_TLS_NOT_FOLLOWED, 0, p->origin.at,
	    p->origin.at, "STARTTLS was accepted, but the dialogue goes on "
	    "in clear: the capture was decrypted in place, or a middlebox "
	    "interferes.");
	d->client = CLIENT_COMMAND;
	client_feed(d, octets, p);
}

/* Octets behind an unanswered STARTTLS; returns how many were used. */
static size_t after_starttls(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	/* without the SYN of the server's octets it is not known which of its
	 * replies were lost; and STARTTLS itself may not be in the record */
	if (octets.p[0] == 0x16 && (!p->other_seen || replies_lost(d) ||
	    d->start.answer_lost ||
	    (d->starttls_n == 0 && !d->start.opener_known))) {
		behind_starttls(d, octets, p);
		return octets.len;
	}
	d->client = CLIENT_COMMAND;
	return 0;
}

/*
 * What follows a gap where commands were due?  -1 that cannot be told yet, 0
 * content, 1 commands.  A line that is no command may be the end of one; two
 * in a row are content, whose DATA lies in the gap.
 */
static int look_behind_gap(const struct dialogue *d, struct slice all)
{
	const uint8_t *lf = memchr(all.p, '\n', all.len);
	struct slice line = client_first_line(all), rest;

	if (line.len > AUTH_LINE_MAX)
		return 0;
	if (!lf)
		return -1;
	if (start_is_command(line) || d->auth_open)
		return 1;
	/* between chunks there are no commands with long lines */
	if (d->in_chunks)
		return 0;
	rest = slice_from(all, (size_t)(lf - all.p) + 1);
	if (rest.len == 0)
		return -1;
	if (!memchr(rest.p, '\n', rest.len))
		return client_may_be_command(rest) ? -1 : 0;
	return start_is_command(client_first_line(rest));
}

/*
 * Is what follows a gap TLS, whose STARTTLS lies in it?  -1 that cannot be told
 * yet, 0 no, 1 yes.  A handshake may begin here; other records come only when
 * the server has sent some, which must lie in a gap, too.
 */
static int tls_behind_gap(const struct dialogue *d, struct slice all,
    const struct delivery *p)
{
	if (d->uses_chunks || (all.p[0] != 0x16 && p->other_seen &&
	    !d->server_after_gap))
		return 0;
	return tls_begins_record(all);
}

static size_t behind_gap(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct slice all;
	int commands, tls;

	d->resized = d->looked = true;
	if (!smtp_held_add(&d->look, octets, p)) {
		d->memory = true;
		return octets.len;
	}
	all = buffer_slice(&d->look.octets);
	tls = tls_behind_gap(d, all, p);
	if (tls > 0) {
		dialogue_tls_begin(d, true, d->look.pieces[0].o.origin);
		dialogue_tls_give(d, &d->look);
	}
	if (tls != 0)
		return octets.len;
	commands = look_behind_gap(d, all);
	if (commands < 0)
		return octets.len;
	d->client = commands > 0 ? CLIENT_COMMAND : CLIENT_GUESS;
	d->client_mid_line = commands > 0;
	if (commands == 0) /* all were answered, the last by 354 */
		smtp_queue_drop(d, d->queue_uncertain);
	content_give_back(d, &d->look);
	return octets.len;
}

/* --- deliveries ----------------------------------------------------------- */

size_t client_step(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	switch (d->client) {
	case CLIENT_COMMAND:
		return commands_take_lines(d, octets, p);
	case CLIENT_BEHIND_GAP:
		return behind_gap(d, octets, p);
	case CLIENT_AFTER_DATA:
	case CLIENT_AFTER_BDAT:
		return after_data(d, octets, p);
	case CLIENT_AFTER_DATA_2XX:
		after_data_2xx(d, octets, p);
		return octets.len;
	case CLIENT_REFUSED_BDAT:
		refused_bdat(d, octets, p);
		return octets.len;
	case CLIENT_BODY:
		if (d->pending_gap > 0 && d->data_start_seen)
			return guess_lost_end(d, octets, p);
		return content_take_body(d, octets, p);
	case CLIENT_CHUNK:
		return content_take_chunk(d, octets, p);
	case CLIENT_GUESS:
		return guess_take(d, octets, p);
	case CLIENT_AFTER_STARTTLS:
		return after_starttls(d, octets, p);
	case CLIENT_TLS:
		behind_starttls(d, octets, p);
		return octets.len;
	}
	return octets.len;
}

/* Tell the replies that came before this offset, unless octets before it are
 * still held. */
static void flush_before(struct dialogue *d, uint64_t offset)
{
	if (d->replaying || smtp_held_any(&d->held) ||
	    smtp_held_any(&d->look) || smtp_held_any(&d->guess))
		return;
	if (d->client_offset < offset)
		d->client_offset = offset;
	late_flush(d);
}

void client_feed(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct delivery here;

	while (octets.len > 0 && d->phase == PHASE_SMTP && !d->memory) {
		size_t used;

		if (d->late_count > 0)
			flush_before(d, p->offset);
		used = d->client == CLIENT_COMMAND ? /* the usual state */
		    commands_take_lines(d, octets, p) :
		    client_step(d, octets, p);
		octets = slice_from(octets, used);
		if (octets.len > 0) {
			here = *p;
			here.offset += used;
			p = &here;
		}
	}
}

/* What is not content alone; used octets of it are.  Out of line, so that the
 * usual delivery does without its stack. */
__attribute__((noinline))
static void take_rest(struct dialogue *d, const struct delivery *o,
    size_t used)
{
	struct delivery behind;

	if (used == 0) {
		client_feed(d, o->octets, o);
	} else {
		behind = *o;
		behind.offset += used;
		client_feed(d, slice_from(o->octets, used), &behind);
	}
	if (d->late_count > 0)
		late_flush(d);
}

bool client_octets(struct dialogue *d, const struct delivery *o)
{
	size_t used;

	d->client_seen = o->offset + o->octets.len;
	d->client_acked = o->acked;
	used = content_take_run(d, o);
	if (used == o->octets.len)
		return d->client == CLIENT_BODY;
	take_rest(d, o, used);
	return false;
}

void client_decide(struct dialogue *d, struct origin origin)
{
	struct body_sink sink = content_sink(d);

	/* it had the content's end, which lies in the gap */
	if (d->look.count > 0 && guess_end_is_lost(d))
		content_break(d, origin, true);
	give_up_looking(d);
	if (d->client == CLIENT_GUESS)
		guess_settle(d, origin);
	if (d->client == CLIENT_GUESS && guess_knows_chunks(d))
		return;
	if (d->client != CLIENT_BODY && d->client != CLIENT_CHUNK &&
	    d->client != CLIENT_GUESS)
		return;
	if (d->body.state == BODY_CANDIDATE) {
		body_settle(&d->body, true, &sink);
		d->bare_lf_end = true;
		content_ended(d);
	} else if (d->pending_gap > 0 || d->content_after_gap) {
		content_break(d, origin, true);
	}
}

void client_gap(struct dialogue *d, uint64_t len, struct origin origin)
{
	static const char rcpt_and_bdat[] = "RCPT TO:a\r\nBDAT 1\r\n";
	struct line line;

	d->client_seen += len;
	give_up_looking(d);
	/* all of it, with what is held again behind a further BDAT */
	while (smtp_held_any(&d->held) && !d->memory)
		content_take_held(d);
	if (d->guess.count > 0)
		guess_is_content(d, d->guess.octets.len);
	d->client_offset = d->client_seen;
	/* The chunk follows its BDAT without waiting (RFC 3030 2). */
	if (d->client == CLIENT_AFTER_BDAT)
		content_choose(d, false);
	if (d->client == CLIENT_CHUNK && d->chunk_left < len) {
		/* the chunk's end lies in the gap: what is behind it are
		 * commands */
		uint64_t rest = len - d->chunk_left;

		content_open(d, origin);
		session_data_gap(d->b, (int64_t)d->chunk_left);
		d->chunk_left = 0;
		content_chunk_ended(d);
		len = rest;
	}
	if (d->client == CLIENT_CHUNK || d->client == CLIENT_BODY ||
	    (d->client == CLIENT_GUESS && d->data_open)) {
		struct body_sink sink = content_sink(d);

		/* A dot line is not finished across a gap. */
		body_settle(&d->body, false, &sink);
		if (d->pending_gap == 0)
			d->gap_origin = origin;
		d->pending_gap += len;
		if (d->client == CLIENT_CHUNK) {
			d->chunk_left -= len;
			content_apply_gap(d);
			d->content_after_gap = false;
			if (d->chunk_left == 0)
				content_chunk_ended(d);
		}
		return;
	}
	if (line_reader_flush(&d->client_line, &line)) {
		d->resized = true;
		line.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		commands_take(d, &line, true);
		d->fragment_awaits = true;
	}
	if (d->client == CLIENT_REFUSED_BDAT || d->client == CLIENT_TLS ||
	    d->client == CLIENT_AFTER_STARTTLS ||
	    d->client == CLIENT_AFTER_DATA_2XX || d->client == CLIENT_COMMAND)
		d->client = CLIENT_BEHIND_GAP;
	session_gap(d->b, SW_CLIENT, (int64_t)len,
	    dialogue_span(origin, origin));
	d->client_after_gap = true;
	d->client_mid_line = true;
	d->commands_lost = d->rcpts_lost = true;
	d->chunk_missed = guess_knows_chunks(d) && !d->last_chunk_seen;
	d->rcpt_missed = len >= sizeof(rcpt_and_bdat) - 1;
	d->queue_before_gap = d->queue_count;
	commands_forget_auth_step(d);
}

void client_end(struct dialogue *d, bool cut, struct origin origin)
{
	struct body_sink sink = content_sink(d);
	struct line line;

	d->no_more_replies = true;
	give_up_looking(d);
	if (!d->replaying && smtp_held_any(&d->held))
		content_take_held(d);
	if (d->guess.count > 0) {
		if (d->data_open)
			guess_is_content(d, d->guess.octets.len);
		else
			guess_is_commands(d, origin);
	}
	if (line_reader_flush(&d->client_line, &line)) {
		if (cut)
			line.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		commands_take(d, &line, true);
	}
	if (!d->data_open)
		return;
	body_settle(&d->body, false, &sink);
	content_apply_gap(d);
	if (cut)
		session_data_gap(d->b, SW_UNKNOWN);
	content_close(d, false);
	d->client = CLIENT_COMMAND;
	if (!cut)
		content_await_verdict(d);
}
