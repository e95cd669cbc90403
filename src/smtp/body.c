/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body.c - the content behind DATA: where it ends, dots un-stuffed
 *
 * Theory of operation.  RFC 5321 4.5.2: content ends at CRLF . CRLF (or at
 * . CRLF first in it); one leading dot of a line is removed.  body_scan.c
 * finds the next dot at the start of a line, which alone is looked at octet
 * by octet.  Runs between such dots are passed on as they lie.
 *
 * LENIENT: a dot line that a bare LF bounds (LF . LF, CRLF . LF, LF . CRLF)
 * ends the content only if the server speaks next; some servers take it for
 * the end and some do not, which is what SMTP smuggling lives from.  After a
 * bare LF a leading dot is removed only in a body that has had no CRLF so
 * far.
 *
 * Other servers end lines at a bare CR, or drop NULs, before they look for the
 * dot (CR . CR, CRLF . CR, NUL behind the dot ...).  That never ends content
 * here; but it is noted.  Such octets are rare, so they are looked for only in
 * content that has a bare CR or a NUL.
 */
#include "smtp/body.h"

#include <smtpwire/transcript.h>

#include "smtp/body_scan.h"

/* One octet of text that was held back. */
static void take_octet(struct body *b, uint8_t c)
{
	if (b->prev == '\r' && c != '\n')
		b->flags |= SW_BIT(SW_FLAG_BARE_CR);
	b->since_lf++;
	if (c == '\n') {
		if (b->prev == '\r')
			b->had_crlf = true;
		else
			b->flags |= SW_BIT(SW_FLAG_BARE_LF);
		if (b->since_lf > BODY_LINE_MAX)
			b->flags |= SW_BIT(SW_FLAG_OVERLONG);
		b->since_lf = 0;
	}
	b->prev2 = b->prev;
	b->prev = c;
	b->at_start = false;
}

void body_init(struct body *b, bool at_start, bool counted)
{
	memset(b, 0, sizeof(*b));
	b->state = BODY_TEXT;
	b->at_start = at_start;
	b->counted = counted;
}

static void emit(const struct body_sink *sink, struct slice s)
{
	if (s.len > 0)
		sink->octets(sink->ctx, s);
}

/* The dot at the start of a line turned out to be content's, or stuffing. */
static void dot_is_text(struct body *b, const struct body_sink *sink)
{
	bool keep = b->dot_after_lf && b->had_crlf;

	/* since_lf counts the dot on the wire either way */
	b->since_lf++;
	if (keep) {
		emit(sink, slice_make(".", 1));
		b->prev2 = b->prev;
	}
	b->prev = '.';
	b->at_start = false;
}

static void begin_dot(struct body *b)
{
	b->dot_after_lf = !b->at_start && b->prev2 != '\r';
	b->state = BODY_DOT;
}

static void end_line_held(struct body *b, bool cr,
    const struct body_sink *sink)
{
	if (cr) {
		take_octet(b, '\r');
		emit(sink, slice_make("\r", 1));
	}
	take_octet(b, '\n');
	emit(sink, slice_make("\n", 1));
}

void body_settle(struct body *b, bool ended, const struct body_sink *sink)
{
	switch (b->state) {
	case BODY_CANDIDATE:
		if (ended) {
			b->state = BODY_ENDED;
			return;
		}
		b->smuggled = true;
		dot_is_text(b, sink);
		end_line_held(b, b->dot_cr, sink);
		break;
	case BODY_DOT_CR:
		dot_is_text(b, sink);
		take_octet(b, '\r');
		emit(sink, slice_make("\r", 1));
		break;
	case BODY_DOT:
		dot_is_text(b, sink);
		break;
	case BODY_TEXT:
	case BODY_ENDED:
		return;
	}
	b->state = BODY_TEXT;
}

/* An octet behind a dot at the start of a line; true: it was used up. */
static bool behind_dot(struct body *b, uint8_t c,
    const struct body_sink *sink)
{
	if (b->state == BODY_DOT && c == '\r') {
		b->state = BODY_DOT_CR;
		return true;
	}
	if (c == '\n') {
		bool cr = b->state == BODY_DOT_CR;

		b->dot_cr = cr;
		b->state = cr && !b->dot_after_lf ? BODY_ENDED :
		    BODY_CANDIDATE;
		return true;
	}
	body_settle(b, false, sink);
	return false;
}

/* --- ends for others ----------------------------------------------------- */

static enum body_trap behind_cr(uint8_t c)
{
	switch (c) {
	case '\r':
		return TRAP_CR;
	case '\n':
		return TRAP_START;
	case '.':
		return TRAP_DOT_ODD;
	default:
		return c ? TRAP_TEXT : TRAP_START_ODD;
	}
}

/* Not behind a CR. */
static enum body_trap behind_other(enum body_trap t, uint8_t c)
{
	if (c == '\r')
		return t == TRAP_DOT ? TRAP_DOT_CR : TRAP_CR;
	if (c == '\n')
		return TRAP_START;
	if (t == TRAP_START || t == TRAP_START_ODD) {
		if (c == 0)
			return TRAP_START_ODD;
		if (c == '.')
			return t == TRAP_START ? TRAP_DOT : TRAP_DOT_ODD;
	}
	if (c == 0 && (t == TRAP_DOT || t == TRAP_DOT_ODD))
		return TRAP_DOT_ODD;
	return TRAP_TEXT;
}

__attribute__((noinline))
static void look_for_traps(struct body *b, struct slice octets)
{
	enum body_trap t = b->trap;

	for (size_t i = 0; i < octets.len && !b->smuggled; i++) {
		uint8_t c = octets.p[i];
		bool ends = c == '\r' || c == '\n';

		if ((t == TRAP_DOT_ODD && ends) ||
		    (t == TRAP_DOT_CR && c != '\n'))
			b->smuggled = true;
		t = t == TRAP_CR || t == TRAP_DOT_CR ? behind_cr(c) :
		    behind_other(t, c);
	}
	b->trap = t;
}

/* Where octets without bare CR and NUL have led to. */
static enum body_trap trap_of(const struct body *b)
{
	switch (b->state) {
	case BODY_DOT:
		return TRAP_DOT;
	case BODY_DOT_CR:
		return TRAP_DOT_CR;
	case BODY_CANDIDATE:
		return TRAP_START;
	case BODY_TEXT:
	case BODY_ENDED:
		break;
	}
	if (b->prev == '\r')
		return TRAP_CR;
	return b->at_start || b->prev == '\n' ? TRAP_START : TRAP_TEXT;
}

/* --- octets -------------------------------------------------------------- */

/* Text up to the next dot at the start of a line, which is begun; returns how
 * many octets were used. */
static inline size_t take_text(struct body *b, struct slice octets,
    const struct body_sink *sink)
{
	size_t n = body_scan(b, octets);

	emit(sink, slice_head(octets, n));
	if (n == octets.len)
		return n;
	begin_dot(b);
	return n + 1;
}

/* What is not text alone.  Out of line, so that the usual octets do without its
 * stack. */
__attribute__((noinline))
static size_t take_rest(struct body *b, struct slice octets,
    const struct body_sink *sink)
{
	size_t i = 0;

	while (i < octets.len && b->state != BODY_ENDED) {
		if (b->state == BODY_TEXT)
			i += take_text(b, slice_from(octets, i), sink);
		else if (b->state == BODY_CANDIDATE)
			body_settle(b, false, sink);
		else if (behind_dot(b, octets.p[i], sink))
			i++;
	}
	return i;
}

size_t body_feed(struct body *b, struct slice octets,
    const struct body_sink *sink)
{
	enum { ODD = SW_BIT(SW_FLAG_BARE_CR) | SW_BIT(SW_FLAG_NUL) };
	const struct body before = *b;
	size_t n = 0;

	if (before.state == BODY_TEXT)
		n = take_text(b, octets, sink);
	if (n < octets.len)
		n += take_rest(b, slice_from(octets, n), sink);
	b->wire += n;
	if (b->counted || !(b->flags & ODD))
		return n;
	if (!(before.flags & ODD)) /* the first of them */
		b->trap = trap_of(&before);
	look_for_traps(b, slice_head(octets, n));
	return n;
}

void body_gap(struct body *b)
{
	b->prev = b->prev2 = 'x';
	b->trap = TRAP_TEXT;
	b->at_start = false;
	b->since_lf = 0;
}
