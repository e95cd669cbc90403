/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.c - commands and content
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

#include "smtp/auth.h"

/* RFC 5321 4.5.3.1.4, and RFC 4954 4 for AUTH. */
enum { COMMAND_LINE_MAX = 512, AUTH_LINE_MAX = 12288 };

static void feed(struct dialogue *d, struct slice octets,
    const struct piece *p);

/* --- held octets ---------------------------------------------------------- */

bool smtp_held_add(struct held *h, struct slice octets,
    const struct piece *piece)
{
	void *pieces = h->pieces;

	if (h->octets.max == 0)
		buffer_init(&h->octets, SIZE_MAX / 2);
	if (!base_grow(&pieces, h->count, &h->capacity, sizeof(*piece)))
		return false;
	h->pieces = pieces;
	if (!buffer_append_slice(&h->octets, octets))
		return false;
	h->pieces[h->count] = *piece;
	h->pieces[h->count++].end = h->octets.len;
	return true;
}

void smtp_held_clear(struct held *h)
{
	buffer_clear(&h->octets);
	h->count = 0;
}

void smtp_held_fini(struct held *h)
{
	buffer_fini(&h->octets);
	free(h->pieces);
	memset(h, 0, sizeof(*h));
}

/* Give the octets of a held back to the parser, piece by piece. */
static void give_back(struct dialogue *d, struct held *from)
{
	struct held mine = *from;
	size_t i, at = 0;

	memset(from, 0, sizeof(*from));
	for (i = 0; i < mine.count; i++) {
		struct slice octets = slice_make(mine.octets.p + at,
		    mine.pieces[i].end - at);

		at = mine.pieces[i].end;
		feed(d, octets, &mine.pieces[i]);
	}
	smtp_held_fini(&mine);
}

void client_replay(struct dialogue *d)
{
	if (d->held.count > 0)
		give_back(d, &d->held);
}

/* --- content -------------------------------------------------------------- */

static void to_session(void *ctx, struct slice octets)
{
	session_data_octets(((struct dialogue *)ctx)->b, octets);
}

static struct body_sink sink_of(struct dialogue *d)
{
	struct body_sink sink = { to_session, d };

	return sink;
}

static void expect_content(struct dialogue *d, uint32_t of,
    enum sw_method method, uint32_t flags, bool start_seen, bool counted)
{
	d->data_of = of;
	d->data_method = method;
	d->data_flags = flags;
	d->data_start_seen = start_seen;
	d->data_last = true;
	d->pending_gap = 0;
	d->content_after_gap = false;
	d->bare_lf_end = false;
	body_init(&d->body, start_seen, counted);
}

void client_expect_body(struct dialogue *d, uint32_t of, uint32_t flags,
    bool start_seen)
{
	expect_content(d, of, SW_METHOD_DATA, flags, start_seen, false);
	d->client = CLIENT_BODY;
}

void client_expect_chunk(struct dialogue *d, const struct outstanding *o,
    enum sw_method method, uint32_t flags)
{
	expect_content(d, o->n, method, flags, true, true);
	d->data_last = method == SW_METHOD_BDAT ? o->last : true;
	/* XEXCH50's octets wait for its 354. */
	if (o->pipelined && o->verb != VERB_XEXCH50)
		d->data_flags |= SW_BIT(SW_FLAG_PIPELINED);
	d->chunk_left = o->size;
	d->client = CLIENT_CHUNK;
}

/* The data event begins with its first octet. */
static void open_data(struct dialogue *d, struct origin origin)
{
	struct data_in in;

	if (d->data_open)
		return;
	in.of = d->data_of;
	in.method = d->data_method;
	in.start_seen = d->data_start_seen;
	in.flags = dialogue_flags(d, d->data_flags);
	in.span = dialogue_span(origin, origin);
	if (in.flags & SW_BIT(SW_FLAG_AFTER_GAP))
		d->client_after_gap = false; /* told of the content */
	d->data_n = session_data_begin(d->b, &in);
	d->data_open = true;
}

static void close_data(struct dialogue *d, bool complete)
{
	uint32_t flags = d->body.flags;

	if (!d->data_open)
		return;
	if (d->body.counted)
		flags &= ~SW_BIT(SW_FLAG_OVERLONG);
	d->data_open = false;
	session_data_end(d->b, complete, d->data_last,
	    (int64_t)d->body.wire, flags,
	    dialogue_span(d->data_last_origin, d->data_last_origin));
	dialogue_remember(d, d->data_n, dialogue_dir(d, SW_CLIENT),
	    d->client_offset);
	if (d->body.smuggled)
		session_note(d->b, SW_NOTE_SMUGGLING, d->data_n, 0, 0,
		    "The content holds a line of one dot that a bare LF "
		    "bounds: some servers take it for the end.");
}

static void await_verdict(struct dialogue *d)
{
	struct outstanding *o = smtp_queue_push(d);

	if (!o)
		return;
	o->n = d->data_n;
	o->kind = AWAIT_CONTENT;
	if (d->data_method == SW_METHOD_NONE)
		o->verb = VERB_XEXCH50; /* no message's content */
}

/* The true end of content was seen; its verdict is awaited. */
static void content_ended(struct dialogue *d)
{
	d->client = CLIENT_COMMAND;
	d->unproved = false;
	close_data(d, true);
	if (d->bare_lf_end)
		session_note(d->b, SW_NOTE_BARE_LF_END, d->data_n, 0, 0,
		    "The content ends at a dot line that a bare LF bounds; "
		    "the server took it for the end.");
	await_verdict(d);
}

static void apply_gap(struct dialogue *d)
{
	if (d->pending_gap == 0)
		return;
	open_data(d, d->gap_origin);
	session_data_gap(d->b, (int64_t)d->pending_gap);
	body_gap(&d->body);
	d->pending_gap = 0;
	d->content_after_gap = true;
}

static size_t take_body(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	struct body_sink sink = sink_of(d);
	size_t used;

	apply_gap(d);
	if (!d->data_open && d->data_of && p->acked_known &&
	    p->acked < d->reply_end)
		d->data_flags |= SW_BIT(SW_FLAG_PIPELINED);
	open_data(d, p->origin);
	d->data_last_origin = p->origin;
	used = body_feed(&d->body, octets, &sink);
	d->client_offset = p->offset + used;
	if (d->body.state == BODY_ENDED)
		content_ended(d);
	return used;
}

static void chunk_ended(struct dialogue *d)
{
	bool awaited = d->data_method == SW_METHOD_BDAT ||
	    (d->data_flags & SW_BIT(SW_FLAG_REFUSED));

	d->client = CLIENT_COMMAND;
	close_data(d, true);
	if (!awaited) /* else the reply is that of the BDAT command */
		await_verdict(d);
}

static size_t take_chunk(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	struct body_sink sink = sink_of(d);
	size_t n = octets.len;

	apply_gap(d);
	if (n > d->chunk_left)
		n = (size_t)d->chunk_left;
	open_data(d, p->origin);
	d->data_last_origin = p->origin;
	n = body_feed(&d->body, slice_head(octets, n), &sink);
	d->chunk_left -= n;
	d->client_offset = p->offset + n;
	if (d->chunk_left == 0)
		chunk_ended(d);
	return n;
}

void client_break_body(struct dialogue *d, struct origin origin,
    bool gap_took_end)
{
	struct body_sink sink = sink_of(d);
	uint64_t lost = d->pending_gap;

	body_settle(&d->body, false, &sink);
	if (gap_took_end && lost) {
		open_data(d, d->gap_origin);
		session_data_gap(d->b, SW_UNKNOWN);
	}
	d->pending_gap = 0;
	d->client = CLIENT_COMMAND;
	close_data(d, false);
	if (gap_took_end && lost)
		session_gap(d->b, SW_CLIENT, (int64_t)lost,
		    dialogue_span(d->gap_origin, origin));
	if (!gap_took_end)
		return;
	d->client_after_gap = true;
	d->client_mid_line = true;
	if (!d->body.counted || d->data_method == SW_METHOD_NONE)
		await_verdict(d);
}

/* The reply will not decide: what follows DATA or BDAT is content. */
static void choose_content(struct dialogue *d, bool ahead)
{
	struct outstanding *o = NULL;
	size_t i;

	for (i = d->queue_count; i > 0 && !o; i--)
		if (smtp_queue_at(d, i - 1)->kind == AWAIT_COMMAND &&
		    (smtp_queue_at(d, i - 1)->verb == VERB_DATA ||
		    smtp_queue_at(d, i - 1)->verb == VERB_BDAT))
			o = smtp_queue_at(d, i - 1);
	if (o && d->client == CLIENT_AFTER_DATA)
		client_expect_body(d, o->n, SW_BIT(SW_FLAG_INFERRED) |
		    (ahead ? SW_BIT(SW_FLAG_PIPELINED) : 0), true);
	else if (o && d->client == CLIENT_AFTER_BDAT)
		client_expect_chunk(d, o, SW_METHOD_BDAT,
		    SW_BIT(SW_FLAG_INFERRED));
	else if (d->client == CLIENT_AFTER_DATA ||
	    d->client == CLIENT_AFTER_BDAT)
		d->client = CLIENT_COMMAND;
}

void client_take_as_content(struct dialogue *d)
{
	/* sent ahead of a reply that is still to come */
	bool ahead = d->held.count > 0 && d->held.pieces[0].other_seen &&
	    d->queue_uncertain == 0;

	choose_content(d, ahead);
	client_replay(d);
	server_flush_late(d);
}

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

/* Is it to be masked though it stands in no known AUTH exchange?  After any
 * AUTH, without a SYN, after a gap. */
static bool may_be_secret(const struct dialogue *d, const struct line *l)
{
	return (d->after_auth || !d->start.opener_known || d->gap_seen[0] ||
	    d->gap_seen[1]) && auth_is_base64(l->text) &&
	    !start_is_command(l->text);
}

static void learn_user(struct dialogue *d, struct slice answer)
{
	struct buffer user;

	buffer_init(&user, 1024);
	if (auth_user(slice_make(d->mechanism, d->mechanism_len),
	    d->auth_step, answer, &user))
		session_auth_user(d->b, buffer_slice(&user));
	buffer_fini(&user);
	d->auth_step++;
}

/* AUTH mechanism [initial-response] */
static void begin_auth(struct dialogue *d, uint32_t n, struct slice argument)
{
	size_t len = 0;
	struct slice mechanism, initial;

	while (len < argument.len && argument.p[len] != ' ' &&
	    argument.p[len] != '\t')
		len++;
	mechanism = slice_head(argument, len);
	initial = slice_trim(slice_from(argument, len));
	d->after_auth = d->auth_open = true;
	d->auth_step = 0;
	d->mechanism_len = mechanism.len < sizeof(d->mechanism) ?
	    mechanism.len : sizeof(d->mechanism);
	if (d->mechanism_len > 0)
		memcpy(d->mechanism, mechanism.p, d->mechanism_len);
	session_auth(d->b, n, mechanism);
	if (initial.len > 0)
		learn_user(d, initial);
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

static void take_command(struct dialogue *d, const struct line *l,
    bool other_seen)
{
	/* also one that was sent ahead of its 334 */
	bool answer = d->auth_expected || (d->auth_open &&
	    auth_is_base64(l->text) && !start_is_command(l->text));
	size_t len;
	enum verb verb = answer ? VERB_NONE : session_verb(l->text, &len);
	struct command_in in = { 0 };
	struct outstanding *o;
	struct slice argument;

	/* A reply in progress that this segment acknowledges is over: its
	 * last line was never finished, or has no end. */
	if (line_reader_partial(&d->server_line) && d->queue_count <= 1 &&
	    l->first_acked_known && l->first_acked >= d->reply_end)
		server_partial(d);
	if (d->reply.open && l->first_acked_known &&
	    l->first_acked >= d->reply.end_offset)
		server_unterminated(d, true);
	settle_uncertain(d, l);
	argument = answer ? l->text : slice_trim(slice_from(l->text, len));
	in.by = SW_CLIENT;
	in.line = l->text;
	in.octets = (int64_t)l->octets;
	in.flags = command_flags(d, l, other_seen,
	    answer || verb == VERB_AUTH);
	in.span = dialogue_span(l->first, l->last);
	in.masked = answer || may_be_secret(d, l) ||
	    ((verb == VERB_AUTH || verb == VERB_XEXPS) &&
	    memchr(argument.p ? argument.p : (const uint8_t *)"", ' ',
	    argument.len) != NULL);
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
	o->pipelined = in.flags & SW_BIT(SW_FLAG_PIPELINED);
	o->verb = verb;
	o->kind = answer ? AWAIT_AUTH_STEP : AWAIT_COMMAND;
	d->any_command = true;
	d->last_command_acked = l->first_acked;
	d->last_command_acked_known = l->first_acked_known;
	if (answer) {
		d->auth_expected = false;
		learn_user(d, l->text);
	} else if (verb == VERB_AUTH || verb == VERB_XEXPS) {
		begin_auth(d, o->n, argument);
	} else {
		after_command(d, o, argument);
	}
	if (!answer && !in.masked && start_is_command(l->text))
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
		if (l->text.len > 0)
			session_answer(d->b, session_command(d->b, &in),
			    SW_UNKNOWN, NULL, 0);
		return;
	}
	take_command(d, l, true);
}

static size_t take_lines(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	struct line line;
	size_t used;

	if (!line_reader_feed(&d->client_line, octets, p->origin, p->acked,
	    p->acked_known, &line, &used)) {
		d->client_offset = p->offset + used;
		return used;
	}
	d->client_offset = p->offset + used;
	if (d->client_mid_line)
		take_fragment(d, &line);
	else
		take_command(d, &line, p->other_seen);
	return used;
}

/* --- states that decide --------------------------------------------------- */

static void hold(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	if (!smtp_held_add(&d->held, octets, p))
		d->memory = true;
	if (d->held.octets.len > LIMIT_PROVISIONAL)
		client_take_as_content(d);
}

static struct slice first_line(struct slice octets)
{
	const uint8_t *lf = octets.len ?
	    memchr(octets.p, '\n', octets.len) : NULL;
	size_t n = lf ? (size_t)(lf - octets.p) : octets.len;

	if (n > 0 && octets.p[n - 1] == '\r')
		n--;
	return slice_head(octets, n);
}

/* Is this the beginning of what may become a command line? */
static bool may_become_command(struct slice s)
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
    const struct piece *p)
{
	struct slice all;

	if (!smtp_held_add(&d->look, octets, p)) {
		d->memory = true;
		return -1;
	}
	all = buffer_slice(&d->look.octets);
	if (start_is_command(first_line(all)) &&
	    memchr(all.p, '\n', all.len))
		return 1;
	return may_become_command(all) ? -1 : 0;
}

/* Octets behind an unanswered DATA or BDAT; returns how many were used. */
static size_t after_data(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	bool lost = d->queue_count > 0 &&
	    d->queue_uncertain == d->queue_count;
	int command;

	if (!lost && p->other_seen && !d->no_more_replies) {
		hold(d, octets, p);
		return octets.len;
	}
	/* The reply lies in a gap, or will never be seen. */
	if (d->client == CLIENT_AFTER_BDAT || !lost) {
		choose_content(d, p->other_seen && !lost);
		return 0;
	}
	command = look_at_line(d, octets, p);
	if (command < 0)
		return octets.len;
	if (command > 0)
		d->client = CLIENT_COMMAND;
	else
		choose_content(d, false);
	give_back(d, &d->look);
	return octets.len;
}

/* BDAT was refused and no octet of its chunk had come. */
static void refused_bdat(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	bool knew = !p->acked_known || p->acked >= d->reply_end;
	struct outstanding o = { 0 };
	int command = knew ? look_at_line(d, octets, p) : 0;

	if (command < 0)
		return;
	if (!knew && !smtp_held_add(&d->look, octets, p))
		d->memory = true;
	if (command > 0) {
		d->client = CLIENT_COMMAND;
	} else {
		o.n = d->data_of;
		o.size = d->chunk_left;
		client_expect_chunk(d, &o, SW_METHOD_NONE,
		    SW_BIT(SW_FLAG_REFUSED));
	}
	give_back(d, &d->look);
}

static void after_data_2xx(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	int command = look_at_line(d, octets, p);

	if (command < 0)
		return;
	if (command > 0)
		d->client = CLIENT_COMMAND;
	else
		client_expect_body(d, d->data_of, 0, true);
	give_back(d, &d->look);
}

/* Nothing more comes that could decide: what was looked at are commands. */
static void give_up_looking(struct dialogue *d)
{
	if (d->look.count == 0)
		return;
	d->client = CLIENT_COMMAND;
	give_back(d, &d->look);
}

/* Octets behind an accepted STARTTLS: TLS, SMTP in clear, or neither. */
static void behind_starttls(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	if (octets.p[0] == 0x16 || octets.p[0] == 0x80 ||
	    !(ascii_is_alpha(octets.p[0]) || octets.p[0] == '\r' ||
	    octets.p[0] == '\n')) {
		struct dialogue_octets o = { 0 };

		dialogue_tls_begin(d, true, p->origin);
		o.dir = dialogue_dir(d, SW_CLIENT);
		o.octets = octets;
		o.origin = p->origin;
		o.offset = p->offset;
		o.acked = p->acked;
		o.acked_known = p->acked_known;
		o.other_seen = p->other_seen;
		dialogue_dispatch(d, &o);
		return;
	}
	session_note(d->b, SW_NOTE_TLS_NOT_FOLLOWED, 0, p->origin.at,
	    p->origin.at, "STARTTLS was accepted, but the dialogue goes on "
	    "in clear: the capture was decrypted in place, or a middlebox "
	    "interferes.");
	d->client = CLIENT_COMMAND;
	feed(d, octets, p);
}

/* --- no SYN --------------------------------------------------------------- */

/* The first run octets of what was taken for possible commands are content
 * after all; the others are looked at anew. */
static void guess_is_content(struct dialogue *d, size_t run)
{
	struct held mine = d->guess;
	size_t i, at = 0;

	memset(&d->guess, 0, sizeof(d->guess));
	for (i = 0; i < mine.count; i++) {
		struct slice octets = slice_make(mine.octets.p + at,
		    mine.pieces[i].end - at);
		struct piece p = mine.pieces[i];

		while (octets.len > 0 && at < run &&
		    d->client == CLIENT_GUESS) {
			size_t used = take_body(d, slice_head(octets,
			    run - at), &p);

			octets = slice_from(octets, used);
			p.offset += used;
			at += used;
		}
		feed(d, octets, &p);
		at = mine.pieces[i].end;
	}
	smtp_held_fini(&mine);
}

/*
 * Lines of s from *at on that may all be commands (or one answer of AUTH; two
 * in a row are an attachment); *at is then where the last, unfinished line
 * begins.  false: one is not.
 */
static bool are_commands(struct slice s, size_t *at, bool *answer)
{
	while (*at < s.len) {
		struct slice rest = slice_from(s, *at), line;
		const uint8_t *lf = memchr(rest.p, '\n', rest.len);

		if (!lf)
			return may_become_command(rest) ||
			    (!*answer && auth_is_base64(first_line(rest)));
		line = first_line(rest);
		if (start_is_command(line) && line.len <= COMMAND_LINE_MAX) {
			*answer = false;
		} else {
			if (*answer || !auth_is_base64(line))
				return false;
			*answer = true;
		}
		*at += (size_t)(lf - rest.p) + 1;
	}
	return true;
}

/* Octets up to and with the next LF, or all. */
static size_t rest_of_line(struct slice s)
{
	const uint8_t *lf = s.len > 0 ? memchr(s.p, '\n', s.len) : NULL;

	return lf ? (size_t)(lf - s.p) + 1 : s.len;
}

/* Where the lines at the end of s that may be commands begin; s.len: there
 * are none.  Looks at no more than LIMIT_LINE octets of the end. */
static size_t command_run(struct slice s)
{
	size_t from = s.len > LIMIT_LINE ? s.len - LIMIT_LINE : 0, run;

	if (from > 0)
		from += rest_of_line(slice_from(s, from));
	while (from < s.len) {
		bool answer = false;
		const uint8_t *lf;

		run = from;
		if (are_commands(s, &run, &answer))
			return from;
		/* the first line that is none lies at run: go on behind */
		lf = memchr(s.p + run, '\n', s.len - run);
		if (!lf)
			return s.len;
		from = (size_t)(lf - s.p) + 1;
	}
	return s.len;
}

/*
 * Content until proved otherwise: what stands at the end of a delivery and
 * reads like commands is kept until the server replies (commands) or the
 * client goes on with something else (content).
 */
static size_t guess(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	bool at_line_start = !d->data_open ||
	    d->body.state == BODY_CANDIDATE ||
	    (d->body.state == BODY_TEXT && d->body.prev == '\n');
	struct slice all;

	if (d->guess.count == 0) {
		size_t run = at_line_start ? 0 : rest_of_line(octets);

		if (!d->data_open)
			expect_content(d, 0, SW_METHOD_DATA,
			    SW_BIT(SW_FLAG_INFERRED) |
			    SW_BIT(SW_FLAG_AFTER_GAP), false, false);
		run += command_run(slice_from(octets, run));
		if (run > 0)
			return take_body(d, slice_head(octets, run), p);
		d->guess_line = 0;
		d->guess_answer = false;
	}
	if (!smtp_held_add(&d->guess, octets, p)) {
		d->memory = true;
		return octets.len;
	}
	all = buffer_slice(&d->guess.octets);
	if (all.len > LIMIT_PROVISIONAL)
		guess_is_content(d, all.len);
	else if (!are_commands(all, &d->guess_line, &d->guess_answer))
		guess_is_content(d, command_run(all));
	return octets.len;
}

/* The server replies: what was kept are commands. */
static void guess_is_commands(struct dialogue *d, struct origin origin)
{
	if (d->guess.count == 0)
		return;
	if (d->data_open)
		client_break_body(d, origin, false);
	d->client = CLIENT_COMMAND;
	give_back(d, &d->guess);
}

/* --- deliveries ----------------------------------------------------------- */

static size_t step(struct dialogue *d, struct slice octets,
    const struct piece *p)
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
		return take_body(d, octets, p);
	case CLIENT_CHUNK:
		return take_chunk(d, octets, p);
	case CLIENT_GUESS:
		return guess(d, octets, p);
	case CLIENT_TLS:
		behind_starttls(d, octets, p);
		return octets.len;
	}
	return octets.len;
}

static void feed(struct dialogue *d, struct slice octets,
    const struct piece *p)
{
	struct piece here = *p;

	while (octets.len > 0 && d->phase == PHASE_SMTP && !d->memory) {
		size_t used = step(d, octets, &here);

		octets = slice_from(octets, used);
		here.offset += used;
	}
}

void client_octets(struct dialogue *d, const struct dialogue_octets *o)
{
	struct piece p = { 0 };

	p.origin = o->origin;
	p.offset = o->offset;
	p.acked = o->acked;
	p.acked_known = o->acked_known;
	p.other_seen = o->other_seen;
	d->client_seen = o->offset + o->octets.len;
	feed(d, o->octets, &p);
	if (d->late_count > 0)
		server_flush_late(d);
}

void client_server_speaks(struct dialogue *d, struct origin origin)
{
	struct body_sink sink = sink_of(d);

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
		client_break_body(d, origin, true);
	}
}

void client_gap(struct dialogue *d, uint64_t len, struct origin origin)
{
	struct line line;

	d->client_seen += len;
	give_up_looking(d);
	if (d->held.count > 0)
		client_take_as_content(d);
	if (d->guess.count > 0)
		guess_is_content(d, d->guess.octets.len);
	d->client_offset = d->client_seen;
	if (d->client == CLIENT_CHUNK && d->chunk_left < len) {
		/* the chunk's end lies in the gap: what is behind it are
		 * commands */
		uint64_t rest = len - d->chunk_left;

		open_data(d, origin);
		session_data_gap(d->b, (int64_t)d->chunk_left);
		d->chunk_left = 0;
		chunk_ended(d);
		len = rest;
	}
	if (d->client == CLIENT_CHUNK || d->client == CLIENT_BODY ||
	    (d->client == CLIENT_GUESS && d->data_open)) {
		struct body_sink sink = sink_of(d);

		/* A dot line is not finished across a gap. */
		body_settle(&d->body, false, &sink);
		if (d->pending_gap == 0)
			d->gap_origin = origin;
		d->pending_gap += len;
		if (d->client == CLIENT_CHUNK) {
			d->chunk_left -= len;
			apply_gap(d);
			d->content_after_gap = false;
			if (d->chunk_left == 0)
				chunk_ended(d);
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
	d->auth_expected = false;
}

void client_end(struct dialogue *d, bool cut, struct origin origin)
{
	struct body_sink sink = sink_of(d);
	struct line line;

	d->no_more_replies = true;
	give_up_looking(d);
	if (d->held.count > 0)
		client_take_as_content(d);
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
	apply_gap(d);
	if (cut)
		session_data_gap(d->b, SW_UNKNOWN);
	close_data(d, false);
	d->client = CLIENT_COMMAND;
	if (!cut)
		await_verdict(d);
}
