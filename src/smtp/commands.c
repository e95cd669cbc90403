/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands.c - the lines of a client: commands, and the answers of an AUTH
 * exchange (RFC 4954)
 *
 * RFC 5321 4.1.1: command = verb [ SP argument ] CRLF
 */
#include "smtp/dialogue_internal.h"

#include "transcript/auth.h"

/* Sent in a segment that does not acknowledge the end of the reply before? */
static bool is_pipelined(struct dialogue *d, const struct line *l,
    bool other_seen)
{
	if (!other_seen)
		return d->any_command && l->first_acked_known &&
		    d->last_command_acked_known &&
		    l->first_acked == d->last_command_acked;
	if (d->queue_count > d->queue_uncertain &&
	    !(d->queue_count == 1 && smtp_queue_at(d, 0)->early))
		return true;
	if (d->greeting_due)
		return true;
	return l->first_acked_known && l->first_acked < d->reply_end &&
	    d->any_reply;
}

/* What stands before the first bare CR of rest, or all of it, without blanks
 * around it; rest is then what is behind. */
static struct slice take_piece(struct slice *rest)
{
	const uint8_t *cr = memchr(rest->p, '\r', rest->len);
	size_t n = cr ? (size_t)(cr - rest->p) : rest->len;
	struct slice piece = slice_trim(slice_head(*rest, n));

	*rest = slice_from(*rest, cr ? n + 1 : n);
	return piece;
}

/* Letters of base64 alone?  Some servers end a line at a bare CR. */
static bool is_base64_line(struct slice line)
{
	bool any = false;

	while (line.len > 0) {
		struct slice piece = take_piece(&line);

		if (piece.len > 0 && !auth_is_base64(piece))
			return false;
		any = any || piece.len > 0;
	}
	return any;
}

/* May what is left of a line whose beginning was lost be that of AUTH?  The
 * mechanism's end may stand before the response. */
static bool may_end_auth(const struct line *l)
{
	struct slice line = slice_trim(l->text);
	size_t i = line.len;

	while (i > 0 && line.p[i - 1] != ' ' && line.p[i - 1] != '\t')
		i--;
	/* a blank in front may be that behind the mechanism */
	return (i > 0 || line.p != l->text.p) &&
	    (l->flags & SW_BIT(SW_FLAG_TRUNCATED)) &&
	    is_base64_line(slice_from(line, i)) &&
	    !memchr(line.p, ':', line.len);
}

/* Is the line, which begins with that verb, to be masked though it stands in no
 * known AUTH exchange?  After any AUTH, without a SYN, after a gap. */
static bool may_be_secret(const struct dialogue *d, const struct line *l,
    enum verb verb)
{
	if (verb != VERB_NONE && verb != VERB_UNKNOWN)
		return false;
	/* While AUTH goes on, whatever its letters. */
	if (auth_in_line(l->text) || d->auth_open)
		return true;
	if (!(d->after_auth || !d->start.opener_known || d->gap_seen[0] ||
	    d->gap_seen[1]))
		return false;
	return is_base64_line(l->text) || may_end_auth(l);
}

/* Does a line that no server understands repeat what AUTH bore ("PASS
 * secret")?  Known commands are told as they are. */
static bool repeats_secret(const struct dialogue *d, const struct line *l,
    enum verb verb)
{
	if (!d->secrets || session_verb_is_known(verb))
		return false;
	return secrets_find(d->secrets, l->text, false) < l->text.len ||
	    (dialogue_is_cut(l) &&
	    secrets_find_begun(d->secrets, l->text) < l->text.len);
}

/* Is it the client's answer in an AUTH exchange, though it may have been
 * sent ahead of its 334? */
static bool is_answer(const struct dialogue *d, const struct line *l)
{
	return d->auth_expected || (d->auth_open &&
	    is_base64_line(l->text) &&
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
	d->user_early = false;
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
	struct slice word;

	if ((verb != VERB_AUTH && verb != VERB_XEXPS) || argument.len == 0)
		return false;
	word = first_word(argument);
	return word.len < argument.len || !auth_is_mechanism(word);
}

/* Behind a gap the steps of an exchange cannot be counted: what would be
 * told as the user may be the password. */
void commands_forget_auth_step(struct dialogue *d)
{
	d->auth_expected = false;
	d->mechanism_len = 0;
}

static void after_command(struct dialogue *d, struct outstanding *o,
    struct slice argument)
{
	d->in_chunks = false;
	if (o->verb != VERB_QUIT)
		d->chunk_missed = false;
	switch (o->verb) {
	case VERB_MAIL:
		d->rcpts_lost = d->last_chunk_seen = false;
		break;
	case VERB_RSET:
	case VERB_HELO:
	case VERB_EHLO:
	case VERB_LHLO:
		d->last_chunk_seen = false;
		break;
	case VERB_DATA:
		d->uses_chunks = false;
		if (argument.len == 0)
			d->client = CLIENT_AFTER_DATA;
		break;
	case VERB_STARTTLS:
	case VERB_XANONYMOUSTLS:
		d->starttls_n = o->n;
		d->client = CLIENT_AFTER_STARTTLS;
		break;
	case VERB_BDAT:
		o->counted = session_bdat_parse(argument, &o->size, &o->last);
		d->uses_chunks = d->uses_chunks || o->counted;
		d->in_chunks = o->counted && !o->last;
		d->last_chunk_seen = o->counted && o->last;
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
	if (!d->greeting_due || d->early_n || d->turned ||
	    d->start.answer_lost)
		return;
	d->early_n = n;
	d->early_at = l->first.at;
}

/* A command behind STARTTLS that was sent before its reply (RFC 3207 4.2). */
static void note_behind_starttls(struct dialogue *d, const struct line *l,
    uint32_t n)
{
	/* the newest STARTTLS still awaits its reply, and of a server that was
	 * never seen nobody knows whether it did */
	if (d->starttls_noted || d->starttls_n == 0 || d->queue_count == 0 ||
	    smtp_queue_at(d, 0)->n > d->starttls_n ||
	    !(d->seen_mask >> dialogue_dir(d, SW_SERVER) & 1))
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

/* Commands behind which even a client that sends ahead waits (RFC 2920, 3.1;
 * RFC 3207, 4; RFC 4954, 4). */
static bool ends_group(const struct outstanding *o)
{
	switch (o->verb) {
	case VERB_EHLO:
	case VERB_HELO:
	case VERB_LHLO:
	case VERB_DATA:
	case VERB_STARTTLS:
	case VERB_AUTH:
	case VERB_TURN:
		return o->kind == AWAIT_COMMAND;
	default:
		return false;
	}
}

/* How many entries were sent before all came that the server is known to have
 * said?  The replies to the others are still to come. */
static size_t count_before_replies(struct dialogue *d)
{
	size_t n = 0;

	while (n < d->queue_count && !(smtp_queue_at(d, n)->acked_known &&
	    smtp_queue_at(d, n)->acked >= d->reply_end))
		n++;
	return n;
}

/* A client that did not send ahead has the replies to all that it sent
 * before: those in a gap are lost. */
static void settle_uncertain(struct dialogue *d, const struct line *l)
{
	if (d->queue_uncertain > 0 && (!d->pipelines ||
	    ends_group(smtp_queue_at(d, d->queue_uncertain - 1))) &&
	    (!l->first_acked_known || l->first_acked >= d->reply_end))
		smtp_queue_drop(d, d->queue_uncertain);
	/* So has one that sent ahead of what was lost, and now begins anew. */
	if (d->queue_count > 0 && smtp_queue_at(d, 0)->behind_gap &&
	    !d->commands_lost && l->first_acked_known &&
	    l->first_acked >= d->reply_end)
		smtp_queue_drop(d, count_before_replies(d));
}

/* A client answers 334 (RFC 4954, 4): the one before has its reply, in a gap
 * that may hold more of them. */
static void settle_auth(struct dialogue *d)
{
	const struct outstanding *o = d->queue_uncertain > 0 ?
	    smtp_queue_at(d, d->queue_uncertain - 1) : NULL;

	if (o && d->queue_uncertain == d->queue_count &&
	    (o->kind == AWAIT_AUTH_STEP || (o->kind == AWAIT_COMMAND &&
	    (o->verb == VERB_AUTH || o->verb == VERB_XEXPS))))
		smtp_queue_drop(d, d->queue_uncertain);
}

void commands_settle_gap(struct dialogue *d)
{
	size_t i;

	/* of two that acknowledge the same the first had no reply yet */
	for (i = 1; i < d->queue_count && !d->pipelines; i++)
		d->pipelines = smtp_queue_at(d, i)->kind == AWAIT_COMMAND &&
		    smtp_queue_at(d, i)->acked ==
		    smtp_queue_at(d, i - 1)->acked;
	if (d->queue_uncertain > 0 && (!d->pipelines ||
	    ends_group(smtp_queue_at(d, d->queue_uncertain - 1))))
		smtp_queue_drop(d, d->queue_uncertain);
}

/* One that stands in no known exchange, or disturbs it. */
static void remember_stray(struct dialogue *d, struct slice line)
{
	commands_forget_auth_step(d);
	d->resized = true;
	while (line.len > 0)
		if (!secrets_add_stray(&d->secrets, take_piece(&line)))
			d->memory = true;
}

/* A client that waits for replies takes a line without a code for one, or would
 * not go on.  Content is another matter: what it does shows what it read. */
static void end_stray(struct dialogue *d, const struct line *l)
{
	const struct outstanding *o = d->queue_count == 1 ?
	    smtp_queue_at(d, 0) : NULL;

	if (o && d->stray && !d->pipelines &&
	    o->kind == AWAIT_COMMAND && o->verb != VERB_DATA &&
	    o->verb != VERB_BDAT && o->verb != VERB_XEXCH50 &&
	    o->acked_known && o->acked < d->reply_end &&
	    l->first_acked_known && l->first_acked >= d->reply_end)
		smtp_queue_drop(d, 1);
	d->stray = false;
}

/* A reply in progress that this segment acknowledges is over: its last line
 * was never finished, or has no end. */
static void end_reply(struct dialogue *d, const struct line *l)
{
	d->in_command = true;
	if (line_reader_partial(&d->server_line) && d->queue_count <= 1 &&
	    l->first_acked_known && l->first_acked >= d->reply_end)
		server_partial(d);
	if (d->reply.open && l->first_acked_known &&
	    l->first_acked >= d->reply.end_offset)
		server_unterminated(d, true);
	end_stray(d, l);
	d->in_command = false;
}

void commands_take(struct dialogue *d, const struct line *l,
    bool other_seen)
{
	bool answer = is_answer(d, l);
	size_t len = 0;
	enum verb verb = answer ? VERB_NONE : session_verb(l->text, &len);
	bool repeated;
	struct command_in in;
	struct outstanding *o;
	struct slice argument;

	if (d->server_unfinished)
		end_reply(d, l);
	if (answer)
		settle_auth(d);
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
	in.masked = answer || may_be_secret(d, l, verb) ||
	    is_auth_with_secret(verb, argument);
	repeated = !in.masked && repeats_secret(d, l, verb);
	in.masked = in.masked || repeated;
	in.flags &= in.masked ? ~SW_BIT(SW_FLAG_OVERLONG) : ~0u;
	{
		uint32_t n = session_command(d->b, &in);

		remember_early(d, l, n);
		note_behind_starttls(d, l, n);
		if (l->cut)
			session_note_cut(d->b, n, l->first.at, l->last.at,
			    l->octets);
		dialogue_remember(d, n, dialogue_dir(d, SW_CLIENT),
		    d->client_offset);
		o = smtp_queue_push(d);
		if (!o)
			return;
		o->n = n;
	}
	o->acked = l->first_acked;
	o->acked_known = l->first_acked_known;
	o->pipelined = (in.flags & SW_BIT(SW_FLAG_PIPELINED)) != 0;
	o->behind_gap = d->commands_lost;
	o->verb = (uint8_t)verb;
	o->kind = answer ? AWAIT_AUTH_STEP : AWAIT_COMMAND;
	/* the client has had all the verdicts there are */
	if (smtp_queue_at(d, 0)->lingers && d->queue_count == 2 &&
	    o->acked_known && o->acked >= d->reply_end)
		smtp_queue_drop(d, 1);
	if (d->lost_until > 0)
		smtp_queue_doubt_newest(d);
	d->any_command = true;
	d->last_command_acked = l->first_acked;
	d->last_command_acked_known = l->first_acked_known;
	if (answer) {
		if (d->auth_step == 0)
			d->user_early = !d->auth_expected;
		d->auth_expected = false;
		learn_user(d, l->text);
	} else if (verb == VERB_AUTH || verb == VERB_XEXPS) {
		begin_auth(d, o->n, argument,
		    l->flags & SW_BIT(SW_FLAG_TRUNCATED));
	} else {
		if (in.masked && !repeated)
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
		commands_take(d, l, true);
		return;
	}
	l->flags |= SW_BIT(SW_FLAG_TRUNCATED);
	if (d->fragment_awaits || l->text.len == 0) {
		/* its beginning awaits the reply already */
		struct command_in in = { 0 };
		size_t len;
		enum verb verb = session_verb(l->text, &len);
		bool stray = may_be_secret(d, l, verb);

		d->fragment_awaits = false;
		in.by = SW_CLIENT;
		in.line = l->text;
		in.octets = (int64_t)l->octets;
		in.flags = command_flags(d, l, true, false);
		in.masked = stray || repeats_secret(d, l, verb);
		in.span = dialogue_span(l->first, l->last);
		if (stray)
			remember_stray(d, l->text);
		if (l->text.len > 0)
			session_answer(d->b, session_command(d->b, &in),
			    SW_UNKNOWN, NULL, 0);
		return;
	}
	commands_take(d, l, true);
}

size_t commands_take_lines(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct line line;
	size_t used;
	bool whole = line_reader_feed(&d->client_line, octets, p, &line,
	    &used, &d->resized);

	d->client_offset = p->offset + used;
	if (!whole)
		return used;
	if (d->client_mid_line)
		take_fragment(d, &line);
	else
		commands_take(d, &line, p->other_seen);
	return used;
}
