/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guess.c - a client whose connection began before the record
 *
 * RULES (No SYN): its octets are content until a line that is a known verb in
 * valid form is answered by a reply.  So are octets behind a gap that are no
 * commands: their DATA lies in it.  Where chunks are in use it may be a BDAT,
 * and then nothing in the octets tells their end: a reply that no command
 * awaits does, or a further BDAT, for which any octet may stand.
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

#include "transcript/auth.h"

/* --- chunks --------------------------------------------------------------- */

/* BDAT, a size of 19 digits, LAST, blanks, CR LF. */
enum { BDAT_LINE_MAX = 40, BDAT_LEN = 4 };

/* Is s, without an end, a BDAT line? */
static bool is_bdat(struct slice s)
{
	uint64_t size;
	bool last;

	return slice_has_prefix_nocase(s, slice_str("BDAT ")) &&
	    session_bdat_parse(slice_from(s, BDAT_LEN), &size, &last);
}

/* May it become one?  s is not empty. */
static bool may_be_bdat(struct slice s)
{
	size_t i;

	if (!slice_has_prefix_nocase(slice_str("BDAT "), slice_head(s,
	    BDAT_LEN + 1)))
		return false;
	for (i = BDAT_LEN + 1; i < s.len; i++)
		if (!ascii_is_digit(s.p[i]) && s.p[i] != '\r' &&
		    !memchr(" LASTlast", s.p[i], 9))
			return false;
	return true;
}

/* Where in s a whole BDAT line begins, which octets of a chunk may stand
 * before, or what may become one; s.len: nowhere. */
static size_t find_bdat(struct slice s, bool *whole)
{
	size_t line = 0, at;

	while (line < s.len) {
		struct slice rest = slice_from(s, line);
		struct slice text = client_first_line(rest);
		const uint8_t *lf = memchr(rest.p, '\n', rest.len);
		size_t most = lf ? text.len : rest.len;

		*whole = lf != NULL;
		at = most > BDAT_LINE_MAX ? most - BDAT_LINE_MAX : 0;
		for (; at < most; at++)
			if (lf ? is_bdat(slice_from(text, at)) :
			    may_be_bdat(slice_from(rest, at)))
				return line + at;
		line += lf ? (size_t)(lf - rest.p) + 1 : rest.len;
	}
	*whole = false;
	return s.len;
}

/* The chunk whose BDAT is lost ends here: it still awaits its reply.  More
 * octets may be lost behind it. */
static void end_chunk(struct dialogue *d, struct origin origin)
{
	bool lost = d->pending_gap > 0, due = d->chunk_missed;
	struct outstanding *o;

	if (!d->data_open)
		return;
	if (d->data_method != SW_METHOD_BDAT) {
		content_break(d, origin, false);
		return;
	}
	d->data_last = false;
	content_break(d, origin, lost);
	if (!lost || d->body.counted)
		content_await_verdict(d);
	if (d->memory)
		return;
	o = smtp_queue_at(d, d->queue_count - 1);
	o->verb = VERB_BDAT;
	/* if none but BDAT could come, and no reply did, that was it */
	if (due && (d->in_chunks || (session_accepted(d->b) > 0 &&
	    !(d->pipelines && d->rcpt_missed))))
		d->commands_lost = false;
	else
		o->behind_gap = true;
	d->chunk_missed = lost;
}

/* --- what was kept -------------------------------------------------------- */

/* The first run octets of what was taken for possible commands are content
 * after all; the others are looked at anew. */
void guess_is_content(struct dialogue *d, size_t run)
{
	struct held mine = d->guess;
	size_t i, at = 0;

	memset(&d->guess, 0, sizeof(d->guess));
	d->resized = true;
	for (i = 0; i < mine.count; i++) {
		struct slice octets = slice_make(mine.octets.p + at,
		    mine.pieces[i].end - at);
		struct delivery p = mine.pieces[i].o;

		while (octets.len > 0 && at < run &&
		    d->client == CLIENT_GUESS) {
			size_t used = content_take_body(d, slice_head(octets,
			    run - at), &p);

			octets = slice_from(octets, used);
			p.offset += used;
			at += used;
		}
		client_feed(d, octets, &p);
		at = mine.pieces[i].end;
	}
	smtp_held_fini(&mine);
}

/* Is the line, whose first *known octets are known to be, letters of base64
 * alone?  Then all of them are known. */
static bool are_letters(struct slice line, uint32_t *known)
{
	if (line.len > *known && !auth_is_base64(slice_from(line, *known)))
		return false;
	*known = (uint32_t)line.len;
	return line.len > 0;
}

/*
 * Lines of s from g->line on that may all be commands (or one answer of AUTH;
 * two in a row are an attachment); g->line is then where the last, unfinished
 * line begins.  false: one is not.
 */
static bool are_commands(struct slice s, struct guessed *g)
{
	while (g->line < s.len) {
		struct slice rest = slice_from(s, g->line), line;
		const uint8_t *lf = memchr(rest.p + g->letters, '\n',
		    rest.len - g->letters);

		line = slice_head(rest, lf ? (size_t)(lf - rest.p) :
		    rest.len);
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		if (!lf)
			return client_may_be_command(rest) || (!g->answer &&
			    are_letters(line, &g->letters));
		if (start_is_command(line) && line.len <= COMMAND_LINE_MAX) {
			g->answer = false;
		} else {
			if (g->answer || !are_letters(line, &g->letters))
				return false;
			g->answer = true;
		}
		g->line += (size_t)(lf - rest.p) + 1;
		g->letters = 0;
	}
	return true;
}

/* Octets up to and with the next LF, or all. */
static size_t rest_of_line(struct slice s)
{
	const uint8_t *lf = s.len > 0 ? memchr(s.p, '\n', s.len) : NULL;

	return lf ? (size_t)(lf - s.p) + 1 : s.len;
}

/*
 * Content had a gap, and these come behind it: if they are commands, perhaps
 * with the rest of a line in front, the gap may have taken the content's end.
 * They are kept until the server speaks (commands) or the client goes on with
 * something else (content).
 */
size_t guess_lost_end(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	struct slice all, first;
	bool fits = true;
	const uint8_t *lf;

	if (d->look.count == 0) {
		/* no answer of AUTH comes first */
		d->guessed = (struct guessed) { .answer = true };
	}
	d->resized = d->looked = true;
	if (!smtp_held_add(&d->look, octets, p)) {
		d->memory = true;
		return octets.len;
	}
	all = buffer_slice(&d->look.octets);
	first = client_first_line(all);
	lf = memchr(all.p, '\n', all.len);
	if (lf && d->guessed.line == 0 && !start_is_command(first))
		d->guessed.line = (size_t)(lf - all.p) + 1;
	if (lf)
		fits = are_commands(all, &d->guessed);
	if (!fits || first.len > COMMAND_LINE_MAX ||
	    all.len > LIMIT_PROVISIONAL) {
		content_apply_gap(d);
		content_give_back(d, &d->look);
	}
	return octets.len;
}

bool guess_end_is_lost(const struct dialogue *d)
{
	struct slice all = buffer_slice(&d->look.octets);

	/* a whole line that is a command, the first or behind it */
	return d->client == CLIENT_BODY && all.len > 0 &&
	    memchr(all.p, '\n', all.len) &&
	    (start_is_command(client_first_line(all)) ||
	    d->guessed.line > rest_of_line(all));
}

/* Where the lines at the end of s that may be commands begin; s.len: there
 * are none.  Looks at no more than LIMIT_LINE octets of the end.  chunk: they
 * may be of one, so that none is taken for an answer of AUTH. */
static size_t command_run(struct slice s, bool chunk)
{
	size_t from = s.len > LIMIT_LINE ? s.len - LIMIT_LINE : 0;

	if (from > 0)
		from += rest_of_line(slice_from(s, from));
	while (from < s.len) {
		struct guessed g = { .line = from, .answer = chunk };
		const uint8_t *lf;

		if (are_commands(s, &g))
			return from;
		/* the first line that is none lies there: go on behind */
		lf = memchr(s.p + g.line, '\n', s.len - g.line);
		if (!lf)
			return s.len;
		from = (size_t)(lf - s.p) + 1;
	}
	return s.len;
}

/* Where the server's side was never seen no reply can ever come: there the
 * very first line is believed.  octets are the newest of all; before them
 * there is no LF. */
static bool speaks_for_itself(const struct dialogue *d, struct slice octets,
    struct slice all, const struct delivery *p)
{
	return !p->other_seen && !d->data_open &&
	    memchr(octets.p, '\n', octets.len) &&
	    start_is_command(client_first_line(all));
}

/* Where content that stands before a BDAT line, or the beginning of one, ends:
 * in front of commands that stand before that, too.  In front of line there is
 * no BDAT; from and line are where lines begin. */
static size_t before_bdat(struct slice s, size_t from, size_t line,
    bool *whole)
{
	size_t at = line + find_bdat(slice_from(s, line), whole);

	if (*whole && at > from && s.p[at - 1] == '\n')
		return from + command_run(slice_from(slice_head(s, at), from),
		    true);
	return at;
}

/* BDAT comes next, or commands before it. */
static void chunk_follows(struct dialogue *d, struct origin origin)
{
	end_chunk(d, origin);
	d->client = CLIENT_COMMAND;
	d->client_mid_line = false;
}

/* What was kept holds a BDAT line; content stands before bdat. */
static void take_before_bdat(struct dialogue *d, size_t bdat,
    struct origin origin)
{
	if (bdat > 0) {
		guess_is_content(d, bdat);
		return;
	}
	chunk_follows(d, origin);
	content_give_back(d, &d->guess);
}

/*
 * Content until proved otherwise: what stands at the end of a delivery and
 * reads like commands is kept until the server replies (commands) or the
 * client goes on with something else (content).
 */
size_t guess_take(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	size_t bdat = SIZE_MAX;
	bool whole = false;
	bool at_line_start = !d->data_open ||
	    d->body.state == BODY_CANDIDATE ||
	    (d->body.state == BODY_TEXT && d->body.prev == '\n');
	struct slice all;

	if (d->guess.count == 0 && speaks_for_itself(d, octets, octets, p)) {
		d->client = CLIENT_COMMAND;
		return 0;
	}
	if (d->guess.count == 0) {
		size_t run = at_line_start ? 0 : rest_of_line(octets);

		if (guess_knows_chunks(d))
			bdat = before_bdat(octets, run, 0, &whole);
		if (bdat == 0 && whole) {
			chunk_follows(d, p->origin);
			return 0;
		}
		if (!d->data_open)
			content_expect(d, 0, d->uses_chunks ?
			    SW_METHOD_BDAT : SW_METHOD_DATA,
			    SW_BIT(SW_FLAG_INFERRED) |
			    SW_BIT(SW_FLAG_AFTER_GAP), false, d->uses_chunks);
		run += command_run(slice_from(octets, run),
		    guess_knows_chunks(d));
		if (run > bdat || whole)
			run = bdat;
		if (run > 0)
			return content_take_body(d, slice_head(octets, run), p);
		d->guessed = (struct guessed) {
			.answer = guess_knows_chunks(d) };
	}
	d->resized = true;
	if (!smtp_held_add(&d->guess, octets, p)) {
		d->memory = true;
		return octets.len;
	}
	all = buffer_slice(&d->guess.octets);
	bdat = guess_knows_chunks(d) ? before_bdat(all, 0, d->guessed.line,
	    &whole) : all.len;
	if (whole) {
		take_before_bdat(d, bdat, p->origin);
		return octets.len;
	}
	if (guess_knows_chunks(d) && !at_line_start) {
		/* it was kept for a BDAT, and for no other command */
		size_t run = rest_of_line(all);

		run += command_run(slice_from(all, run), true);
		if (bdat > 0)
			guess_is_content(d, run < bdat ? run : bdat);
		return octets.len;
	}
	if (d->guessed.line == 0 && speaks_for_itself(d, octets, all, p)) {
		guess_is_commands(d, p->origin);
	} else if (all.len > LIMIT_PROVISIONAL) {
		guess_is_content(d, all.len);
	} else if (!are_commands(all, &d->guessed)) {
		size_t run = command_run(all, guess_knows_chunks(d));

		guess_is_content(d, run < bdat ? run : bdat);
	}
	return octets.len;
}

/* The server replies: what was kept are commands.  Half a line behind content
 * is not what is replied to. */
void guess_is_commands(struct dialogue *d, struct origin origin)
{
	struct slice all = buffer_slice(&d->guess.octets);

	if (d->guess.count == 0)
		return;
	if (d->data_open && !memchr(all.p, '\n', all.len)) {
		guess_is_content(d, all.len);
		return;
	}
	if (d->data_open && guess_knows_chunks(d))
		end_chunk(d, origin);
	else if (d->data_open)
		content_break(d, origin, false);
	d->client = CLIENT_COMMAND;
	content_give_back(d, &d->guess);
}

/* Does a command await its reply of which it is known that it is to come? */
static bool awaits_surely(struct dialogue *d)
{
	size_t i;

	for (i = d->queue_uncertain; i < d->queue_count; i++)
		if (!smtp_queue_at(d, i)->behind_gap)
			return true;
	return false;
}

/* Where chunks are in use: as long as commands surely await replies, these
 * are theirs and decide nothing.  Half a line is not what is replied to. */
static void settle_chunk(struct dialogue *d, struct origin origin)
{
	struct slice all = buffer_slice(&d->guess.octets);

	if (d->data_open && awaits_surely(d))
		return;
	if (d->guess.count > 0 && (d->data_open || d->in_chunks) &&
	    all.p[all.len - 1] != '\n')
		guess_is_content(d, all.len);
	guess_is_commands(d, origin);
	if (d->client != CLIENT_GUESS || !d->data_open)
		return;
	end_chunk(d, origin);
	d->client = CLIENT_BEHIND_GAP;
}

void guess_settle(struct dialogue *d, struct origin origin)
{
	if (guess_knows_chunks(d))
		settle_chunk(d, origin);
	else
		guess_is_commands(d, origin);
}

void guess_answered(struct dialogue *d, int32_t code)
{
	struct slice all = buffer_slice(&d->guess.octets);

	if (d->guess.count == 0 || (code != 220 && code != 221 &&
	    code != 334 && code != 354))
		return;
	if (d->data_open && all.p[all.len - 1] != '\n')
		guess_is_content(d, all.len);
	if (d->guess.count > 0) /* where it was seen that octets are lost */
		guess_is_commands(d, d->guess.pieces[0].o.origin);
}
