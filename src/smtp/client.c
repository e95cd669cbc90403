/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.c - commands, and what decides whether octets are that
 *
 * RFC 5321 4.1.1: command = verb [ SP argument ] CRLF; content behind DATA
 * (body.c), counted octets behind BDAT (RFC 3030) and XEXCH50, answers of an
 * AUTH exchange (RFC 4954).
 *
 * Octets that a client sends behind DATA or BDAT before the reply to it are
 * held (LIMIT_PROVISIONAL): the reply decides whether they are content or
 * commands (RULES: content in flight).
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

#include "transcript/auth.h"

/* RFC 5321 4.5.3.1.4, and RFC 4954 4 for AUTH. */
enum { AUTH_LINE_MAX = 12288 };
/* What is held of a chunk, with the segment that makes it too much. */
enum { HELD_MOST = LIMIT_PROVISIONAL + 4096, HELD_GROWTH = 8 };

/* --- commands ------------------------------------------------------------- */

/* Sent in a segment that does not acknowledge the end of the reply before? */
static bool is_pipelined(const struct dialogue *d, const struct line *l,
    bool other_seen)
{
	if (!other_seen)
		return d->any_command && l->first_acked_known &&
		    d->last_command_acked_known &&
		    l->first_acked == d->last_command_acked;
	if (d->queue_count > d->queue_uncertain)
		return true;
	if (d->greeting_due)
		return true;
	return l->first_acked_known && l->first_acked < d->reply_end &&
	    d->any_reply;
}

/* May what is left of a line whose beginning was lost be that of AUTH?  The
 * mechanism's end may stand before the response. */
static bool may_end_auth(const struct line *l)
{
	size_t i = l->text.len;

	while (i > 0 && l->text.p[i - 1] != ' ' && l->text.p[i - 1] != '\t')
		i--;
	return i > 0 && (l->flags & SW_BIT(SW_FLAG_TRUNCATED)) &&
	    auth_is_base64(slice_from(l->text, i)) &&
	    !memchr(l->text.p, ':', l->text.len);
}

/* Is it to be masked though it stands in no known AUTH exchange?  After any
 * AUTH, without a SYN, after a gap. */
static bool may_be_secret(const struct dialogue *d, const struct line *l)
{
	enum verb verb;
	size_t len;

	verb = session_verb(l->text, &len);
	if (verb != VERB_NONE && verb != VERB_UNKNOWN)
		return false;
	/* While AUTH goes on, whatever its letters. */
	if (auth_in_line(l->text) || d->auth_open)
		return true;
	if (!(d->after_auth || !d->start.opener_known || d->gap_seen[0] ||
	    d->gap_seen[1]))
		return false;
	return auth_is_base64(slice_trim(l->text)) || may_end_auth(l);
}

/* Is it the client's answer in an AUTH exchange, though it may have been
 * sent ahead of its 334? */
static bool is_answer(const struct dialogue *d, const struct line *l)
{
	return d->auth_expected || (d->auth_open &&
	    auth_is_base64(slice_trim(l->text)) &&
	    !start_is_command(l->text));
}

/* A server may quote it in its refusal. */
static void remember_secret(struct dialogue *d, struct slice secret)
{
	d->resized = true;
	if (!secrets_add(&d->secrets, slice_make(d->mechanism,
	    d->mechanism_len), d->auth_step, secret))
		d->memory = true;
}

static void learn_user(struct dialogue *d, struct slice answer)
{
	struct buffer user;

	remember_secret(d, answer);
	buffer_init(&user, 1024);
	if (auth_user(slice_make(d->mechanism, d->mechanism_len),
	    d->auth_step, answer, &user))
		session_auth_user(d->b, buffer_slice(&user));
	d->memory = d->memory || user.failed;
	buffer_fini(&user);
	d->auth_step++;
}

static struct slice first_word(struct slice s)
{
	size_t len = 0;

	while (len < s.len && s.p[len] != ' ' && s.p[len] != '\t')
		len++;
	return slice_head(s, len);
}

/* AUTH mechanism [initial-response]; cut: the end of the line is lost. */
static void begin_auth(struct dialogue *d, uint32_t n, struct slice argument,
    bool cut)
{
	struct slice mechanism = first_word(argument);
	struct slice initial = slice_trim(slice_from(argument,
	    mechanism.len));

	d->after_auth = d->auth_open = true;
	d->auth_step = 0;
	d->mechanism_len = mechanism.len < sizeof(d->mechanism) ?
	    mechanism.len : sizeof(d->mechanism);
	if (d->mechanism_len > 0)
		memcpy(d->mechanism, mechanism.p, d->mechanism_len);
	session_auth(d->b, n, mechanism);
	if (!auth_is_mechanism(mechanism))
		remember_secret(d, mechanism);
	if (initial.len > 0 && cut)
		remember_secret(d, initial);
	else if (initial.len > 0)
		learn_user(d, initial);
}

/* AUTH whose line must not be told whole. */
static bool is_auth_with_secret(enum verb verb, struct slice argument)
{
	struct slice word = first_word(argument);

	return (verb == VERB_AUTH || verb == VERB_XEXPS) && argument.len > 0 &&
	    (word.len < argument.len || !auth_is_mechanism(word));
}

/* Behind a gap the steps of an exchange cannot be counted: what would be
 * told as the user may be the password. */
void client_forget_auth_step(struct dialogue *d)
{
	d->auth_expected = false;
	d->mechanism_len = 0;
}

static void after_command(struct dialogue *d, struct outstanding *o,
    struct slice argument)
{
	switch (o->verb) {
	case VERB_DATA:
		if (argument.len == 0)
			d->client = CLIENT_AFTER_DATA;
		break;
	case VERB_STARTTLS:
	case VERB_XANONYMOUSTLS:
		d->starttls_n = o->n;
		break;
	case VERB_BDAT:
		o->counted = session_bdat_parse(argument, &o->size, &o->last);
		if (o->counted && o->size > 0)
			d->client = CLIENT_AFTER_BDAT;
		break;
	case VERB_XEXCH50: {
		size_t n = 0;

		while (n < argument.len && ascii_is_digit(argument.p[n]))
			n++;
		o->counted = slice_to_u64(slice_head(argument, n), &o->size);
		break;
	}
	default:
		break;
	}
}

/* Whether it was early is known when the greeting comes. */
static void remember_early(struct dialogue *d, const struct line *l,
    uint32_t n)
{
	if (!d->greeting_due || d->early_n || d->turned)
		return;
	d->early_n = n;
	d->early_at = l->first.at;
}

/* A command behind STARTTLS that was sent before its reply (RFC 3207 4.2). */
static void note_behind_starttls(struct dialogue *d, const struct line *l,
    uint32_t n)
{
	/* the newest STARTTLS still awaits its reply */
	if (d->starttls_noted || d->starttls_n == 0 || d->queue_count == 0 ||
	    smtp_queue_at(d, 0)->n > d->starttls_n)
		return;
	d->starttls_noted = true;
	session_note(d->b, SW_NOTE_COMMANDS_AFTER_STARTTLS, n, l->first.at,
	    l->last.at, "The client sent commands behind STARTTLS without "
	    "waiting for the reply; a server that keeps them runs them "
	    "inside TLS.");
}

static uint32_t command_flags(struct dialogue *d, const struct line *l,
    bool other_seen, bool auth)
{
	uint32_t flags = l->flags;

	if (is_pipelined(d, l, other_seen)) {
		flags |= SW_BIT(SW_FLAG_PIPELINED);
		d->pipelines = true;
	}
	if (l->octets > (auth ? AUTH_LINE_MAX : COMMAND_LINE_MAX) || l->cut)
		flags |= SW_BIT(SW_FLAG_OVERLONG);
	if (d->client_after_gap)
		flags |= SW_BIT(SW_FLAG_AFTER_GAP);
	d->client_after_gap = false;
	return dialogue_flags(d, flags);
}

/* A client that never sends ahead has the replies to all that it sent
 * before: those in a gap are lost. */
static void settle_uncertain(struct dialogue *d, const struct line *l)
{
	if (d->queue_uncertain > 0 && !d->pipelines &&
	    (!l->first_acked_known || l->first_acked >= d->reply_end))
		smtp_queue_drop(d, d->queue_uncertain);
}

static void note_cut(struct dialogue *d, const struct line *l, uint32_t n)
{
	if (!l->cut)
		return;
	session_note(d->b, SW_NOTE_LIMIT, n, l->first.at, l->last.at,
	    "A line of %llu octets was cut to %d.",
	    (unsigned long long)l->octets, LIMIT_LINE);
}

/* One that stands in no known exchange, or disturbs it. */
static void remember_stray(struct dialogue *d, struct slice line)
{
	client_forget_auth_step(d);
	d->resized = true;
	if (!secrets_add_stray(&d->secrets, line))
		d->memory = true;
}

static void take_command(struct dialogue *d, const struct line *l,
    bool other_seen)
{
	bool answer = is_answer(d, l);
	size_t len = 0;
	enum verb verb = answer ? VERB_NONE : session_verb(l->text, &len);
	struct command_in in;
	struct outstanding *o;
	struct slice argument;

	/* A reply in progress that this segment acknowledges is over: its
	 * last line was never finished, or has no end. */
	d->in_command = true;
	if (line_reader_partial(&d->server_line) && d->queue_count <= 1 &&
	    l->first_acked_known && l->first_acked >= d->reply_end)
		server_partial(d);
	if (d->reply.open && l->first_acked_known &&
	    l->first_acked >= d->reply.end_offset)
		server_unterminated(d, true);
	d->in_command = false;
	settle_uncertain(d, l);
	argument = answer ? l->text : slice_trim(slice_from(l->text, len));
	in.by = SW_CLIENT;
	in.line = l->text;
	in.verb = in.argument = slice_make(NULL, 0);
	in.argument_known = false;
	in.known = verb;
	in.verb_known = !answer;
	in.verb_len = len;
	in.octets = (int64_t)l->octets;
	in.flags = command_flags(d, l, other_seen,
	    answer || verb == VERB_AUTH);
	in.span = dialogue_span(l->first, l->last);
	in.masked = answer || may_be_secret(d, l) ||
	    is_auth_with_secret(verb, argument);
	in.flags &= in.masked ? ~SW_BIT(SW_FLAG_OVERLONG) : ~0u;
	{
		uint32_t n = session_command(d->b, &in);

		remember_early(d, l, n);
		note_behind_starttls(d, l, n);
		note_cut(d, l, n);
		dialogue_remember(d, n, dialogue_dir(d, SW_CLIENT),
		    d->client_offset);
		o = smtp_queue_push(d);
		if (!o)
			return;
		o->n = n;
	}
	o->pipelined = (in.flags & SW_BIT(SW_FLAG_PIPELINED)) != 0;
	o->verb = verb;
	o->kind = answer ? AWAIT_AUTH_STEP : AWAIT_COMMAND;
	d->any_command = true;
	d->last_command_acked = l->first_acked;
	d->last_command_acked_known = l->first_acked_known;
	if (answer) {
		d->auth_expected = false;
		learn_user(d, l->text);
	} else if (verb == VERB_AUTH || verb == VERB_XEXPS) {
		begin_auth(d, o->n, argument,
		    l->flags & SW_BIT(SW_FLAG_TRUNCATED));
	} else {
		if (in.masked)
			remember_stray(d, l->text);
		after_command(d, o, argument);
	}
	if (d->unproved && !answer && !in.masked && start_is_command(l->text))
		d->unproved = false;
}

/* What is left of a line whose beginning was lost. */
static void take_fragment(struct dialogue *d, struct line *l)
{
	d->client_mid_line = false;
	if (start_is_command(l->text)) {
		take_command(d, l, true);
		return;
	}
	l->flags |= SW_BIT(SW_FLAG_TRUNCATED);
	if (d->fragment_awaits || l->text.len == 0) {
		/* its beginning awaits the reply already */
		struct command_in in = { 0 };

		d->fragment_awaits = false;
		in.by = SW_CLIENT;
		in.line = l->text;
		in.octets = (int64_t)l->octets;
		in.flags = command_flags(d, l, true, false);
		in.masked = may_be_secret(d, l);
		in.span = dialogue_span(l->first, l->last);
		if (in.masked)
			remember_stray(d, l->text);
		if (l->text.len > 0)
			session_answer(d->b, session_command(d->b, &in),
			    SW_UNKNOWN, NULL, 0);
		return;
	}
	take_command(d, l, true);
}

static size_t take_lines(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	bool partial = line_reader_partial(&d->client_line), whole;
	struct line line;
	size_t used;

	whole = line_reader_feed(&d->client_line, octets, p, &line, &used);
	if (partial || !whole)
		d->resized = true;
	d->client_offset = p->offset + used;
	if (!whole)
		return used;
	if (d->client_mid_line)
		take_fragment(d, &line);
	else
		take_command(d, &line, p->other_seen);
	return used;
}

/* --- states that decide --------------------------------------------------- */

/* It is known how long the chunk of a BDAT will be; believed is what is not
 * much more than what has come. */
static void expect_chunk(struct dialogue *d, size_t len)
{
	size_t n = d->held.octets.len + len;
	const struct outstanding *o;

	if (d->client != CLIENT_AFTER_BDAT || d->queue_count == 0 ||
	    n <= d->held.octets.capacity)
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
	d->resized = true;
	expect_chunk(d, octets.len);
	if (!smtp_held_add(&d->held, octets, p))
		d->memory = true;
	if (smtp_held_len(&d->held) > LIMIT_PROVISIONAL)
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

/* Octets behind an unanswered DATA or BDAT; returns how many were used. */
static size_t after_data(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	bool lost = replies_lost(d);
	int command;

	if (client_holds(d, p->other_seen)) {
		hold(d, octets, p);
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
	if (command > 0)
		d->client = CLIENT_COMMAND;
	else
		content_choose(d, false);
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

/* Nothing more comes that could decide: what was looked at are commands. */
static void give_up_looking(struct dialogue *d)
{
	if (d->look.count == 0)
		return;
	d->client = CLIENT_COMMAND;
	content_give_back(d, &d->look);
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

/* --- deliveries ----------------------------------------------------------- */

size_t client_step(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	switch (d->client) {
	case CLIENT_COMMAND:
		return take_lines(d, octets, p);
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
		return content_take_body(d, octets, p);
	case CLIENT_CHUNK:
		return content_take_chunk(d, octets, p);
	case CLIENT_GUESS:
		return guess_take(d, octets, p);
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
	if (smtp_held_any(&d->held) || smtp_held_any(&d->look) ||
	    smtp_held_any(&d->guess))
		return;
	if (d->client_offset < offset)
		d->client_offset = offset;
	server_flush_late(d);
}

void client_feed(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct delivery here;

	while (octets.len > 0 && d->phase == PHASE_SMTP && !d->memory) {
		size_t used;

		if (d->late_count > 0)
			flush_before(d, p->offset);
		used = client_step(d, octets, p);
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
		server_flush_late(d);
}

bool client_octets(struct dialogue *d, const struct delivery *o)
{
	size_t used;

	d->client_seen = o->offset + o->octets.len;
	used = content_take_run(d, o);
	if (used == o->octets.len)
		return d->client == CLIENT_BODY;
	take_rest(d, o, used);
	return false;
}

void client_decide(struct dialogue *d, struct origin origin)
{
	struct body_sink sink = content_sink(d);

	give_up_looking(d);
	if (d->client == CLIENT_GUESS)
		guess_is_commands(d, origin);
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
	struct line line;

	d->client_seen += len;
	give_up_looking(d);
	if (smtp_held_any(&d->held))
		content_take_held(d);
	if (d->guess.count > 0)
		guess_is_content(d, d->guess.octets.len);
	d->client_offset = d->client_seen;
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
		line.flags |= SW_BIT(SW_FLAG_TRUNCATED);
		take_command(d, &line, true);
		d->fragment_awaits = true;
	}
	if (d->client == CLIENT_REFUSED_BDAT || d->client == CLIENT_TLS ||
	    d->client == CLIENT_AFTER_DATA_2XX)
		d->client = CLIENT_COMMAND;
	session_gap(d->b, SW_CLIENT, (int64_t)len,
	    dialogue_span(origin, origin));
	d->client_after_gap = true;
	d->client_mid_line = true;
	client_forget_auth_step(d);
}

void client_end(struct dialogue *d, bool cut, struct origin origin)
{
	struct body_sink sink = content_sink(d);
	struct line line;

	d->no_more_replies = true;
	give_up_looking(d);
	if (smtp_held_any(&d->held))
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
		take_command(d, &line, true);
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
