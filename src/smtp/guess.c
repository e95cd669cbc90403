/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guess.c - a client whose connection began before the record
 *
 * RULES (No SYN): its octets are content until a line that is a known verb in
 * valid form is answered by a reply.
 */
#include "smtp/dialogue_internal.h"

#include <stdlib.h>

#include "transcript/auth.h"

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
			return client_may_be_command(rest) || (!*answer &&
			    auth_is_base64(client_first_line(rest)));
		line = client_first_line(rest);
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

/* Where the server's side was never seen no reply can ever come: there the
 * very first line is believed. */
static bool speaks_for_itself(const struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	return !p->other_seen && !d->data_open &&
	    memchr(octets.p, '\n', octets.len) &&
	    start_is_command(client_first_line(octets));
}

/*
 * Content until proved otherwise: what stands at the end of a delivery and
 * reads like commands is kept until the server replies (commands) or the
 * client goes on with something else (content).
 */
size_t guess_take(struct dialogue *d, struct slice octets,
    const struct delivery *p)
{
	bool at_line_start = !d->data_open ||
	    d->body.state == BODY_CANDIDATE ||
	    (d->body.state == BODY_TEXT && d->body.prev == '\n');
	struct slice all;

	if (d->guess.count == 0 && speaks_for_itself(d, octets, p)) {
		d->client = CLIENT_COMMAND;
		return 0;
	}
	if (d->guess.count == 0) {
		size_t run = at_line_start ? 0 : rest_of_line(octets);

		if (!d->data_open)
			content_expect(d, 0, SW_METHOD_DATA,
			    SW_BIT(SW_FLAG_INFERRED) |
			    SW_BIT(SW_FLAG_AFTER_GAP), false, false);
		run += command_run(slice_from(octets, run));
		if (run > 0)
			return content_take_body(d, slice_head(octets, run), p);
		d->guess_line = 0;
		d->guess_answer = false;
	}
	d->resized = true;
	if (!smtp_held_add(&d->guess, octets, p)) {
		d->memory = true;
		return octets.len;
	}
	all = buffer_slice(&d->guess.octets);
	if (speaks_for_itself(d, all, p))
		guess_is_commands(d, p->origin);
	else if (all.len > LIMIT_PROVISIONAL)
		guess_is_content(d, all.len);
	else if (!are_commands(all, &d->guess_line, &d->guess_answer))
		guess_is_content(d, command_run(all));
	return octets.len;
}

/* The server replies: what was kept are commands. */
void guess_is_commands(struct dialogue *d, struct origin origin)
{
	if (d->guess.count == 0)
		return;
	if (d->data_open)
		content_break(d, origin, false);
	d->client = CLIENT_COMMAND;
	content_give_back(d, &d->guess);
}
