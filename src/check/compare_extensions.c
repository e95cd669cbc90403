/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compare_extensions.c - what one side offers in its reply to EHLO and the
 * other does not
 *
 * Lines are compared by their first words, so that what stands behind these
 * may differ.  A log that joins the lines of a reply does not tell where each
 * begins: there the other side's lines are looked for in it in their order,
 * and what is left between them is offered on that side alone.
 */
#include "check/compare.h"

/* Lines of a reply that are looked at for extensions. */
#define LINES_MAX 256
/* Octets of joined lines; longer ones are not taken apart. */
#define JOINED_MAX 8192
/* Words of them, counted by the blanks. */
#define WORDS_MAX 256

/* The first word of an EHLO line. */
static struct slice keyword(struct sw_bytes line)
{
	struct slice s = slice_trim(compare_slice(line));
	size_t n = 0;

	while (n < s.len && s.p[n] != ' ' && s.p[n] != '=')
		n++;
	return slice_head(s, n);
}

static bool is_starttls(struct slice word)
{
	return slice_eq_nocase(word, slice_str("STARTTLS"));
}

/* `side` lacks what the other offers. */
static void tell(struct judge *j, size_t row, struct slice offer,
    enum sw_side side)
{
	bool tls = is_starttls(offer);
	struct slice word = keyword((struct sw_bytes){ offer.p, offer.len });
	struct about a = { .kind = tls ? SW_FOUND_STARTTLS_STRIPPED :
		SW_FOUND_EXTENSION_REMOVED, .side = side, .row = row + 1 };

	a.left = compare_event(j, SW_LEFT, row);
	a.right = compare_event(j, SW_RIGHT, row);
	*(side == SW_RIGHT ? &a.left_text : &a.right_text) =
	    (struct sw_bytes){ offer.p, offer.len };
	if (tls)
		check_find(j, &a, "The server offers STARTTLS, but the offer "
		    "is missing on this side: something between the two "
		    "points takes it out, so that the mail goes in clear (RFC "
		    "3207, section 6).  Look for a firewall or proxy that "
		    "inspects SMTP.");
	else
		check_find(j, &a, "The extension %.*s is offered on one side "
		    "only: something between the two points takes it out of "
		    "the reply to EHLO.", (int)(word.len < 40 ? word.len :
		    40), (const char *)word.p);
}

/* --- lines ---------------------------------------------------------------- */

static bool has_line(const struct sw_reply *r, struct slice word)
{
	size_t i;

	for (i = 1; i < r->line_count && i < LINES_MAX; i++)
		if (slice_eq_nocase(keyword(r->lines[i]), word))
			return true;
	return false;
}

/* Extensions that the one has and the other lacks; true: any. */
static bool take_lines(struct judge *j, size_t row,
    const struct sw_reply *has, const struct sw_reply *lacks,
    enum sw_side side)
{
	bool any = false;
	size_t i;

	for (i = 1; i < has->line_count && i < LINES_MAX; i++) {
		struct slice word = keyword(has->lines[i]);

		if (word.len == 0 || has_line(lacks, word))
			continue;
		tell(j, row, compare_slice(has->lines[i]), side);
		any = true;
	}
	return any;
}

/* --- joined lines --------------------------------------------------------- */

/* Where these words stand in s; s.len: nowhere.  Only where words begin is
 * looked, of which there are few: what is compared is at most WORDS_MAX times
 * as long as the words. */
static size_t find_words(struct slice s, struct slice words)
{
	size_t at = 0;

	while (words.len > 0 && at < s.len) {
		if (slice_has_prefix_nocase(slice_from(s, at), words) &&
		    (at + words.len == s.len || s.p[at + words.len] == ' '))
			return at;
		while (at < s.len && s.p[at] != ' ')
			at++;
		at += at < s.len;
	}
	return s.len;
}

static bool has_few_words(struct slice s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += s.p[i] == ' ';
	return n < WORDS_MAX;
}

/* Offers that the side with lines lacks, STARTTLS apart from the others. */
static bool take_rest(struct judge *j, size_t row, struct slice rest,
    enum sw_side side)
{
	size_t at, n = slice_str("STARTTLS").len;

	rest = slice_trim(rest);
	if (rest.len == 0)
		return false;
	at = find_words(rest, slice_str("STARTTLS"));
	if (at == rest.len) {
		tell(j, row, rest, side);
		return true;
	}
	if (at > 0)
		tell(j, row, slice_trim(slice_head(rest, at)), side);
	tell(j, row, slice_head(slice_from(rest, at), n), side);
	rest = slice_trim(slice_from(rest, at + n));
	if (rest.len > 0)
		tell(j, row, rest, side);
	return true;
}

/* Is it offers alone that differ, and not what stands behind one? */
static bool may_take(struct slice joined, const struct sw_reply *lines)
{
	size_t i;

	for (i = 1; i < lines->line_count && i < LINES_MAX; i++)
		if (find_words(joined, slice_trim(compare_slice(
		    lines->lines[i]))) == joined.len &&
		    find_words(joined, keyword(lines->lines[i])) < joined.len)
			return false;
	return true;
}

static bool take_joined(struct judge *j, size_t row,
    const struct sw_reply *joined, const struct sw_reply *lines,
    enum sw_side side)
{
	struct slice rest = slice_trim(compare_slice(joined->lines[0]));
	struct slice first = slice_trim(compare_slice(lines->lines[0]));
	bool any = false;
	size_t i;

	if (joined->line_count != 1 || rest.len > JOINED_MAX ||
	    !has_few_words(rest) || find_words(rest, first) != 0)
		return false;
	rest = slice_from(rest, first.len);
	if (!may_take(rest, lines))
		return false;
	for (i = 1; i < lines->line_count && i < LINES_MAX; i++) {
		struct slice line = slice_trim(compare_slice(
		    lines->lines[i]));
		size_t at = find_words(rest, line);

		if (at == rest.len) {
			any = true;
			tell(j, row, line, side);
			continue;
		}
		any |= take_rest(j, row, slice_head(rest, at),
		    compare_other(side));
		rest = slice_from(rest, at + line.len);
	}
	return take_rest(j, row, rest, compare_other(side)) || any;
}

/* --- all of it ------------------------------------------------------------ */

bool compare_extensions(struct judge *j, size_t row, const struct sw_event *l,
    const struct sw_event *r)
{
	const struct sw_reply *a = &l->u.reply, *b = &r->u.reply;
	/* Some can be taken apart where they are read. */
	bool left = compare_flag(l, SW_FLAG_JOINED) && a->line_count == 1;
	bool right = compare_flag(r, SW_FLAG_JOINED) && b->line_count == 1;
	bool any;

	if ((l->flags | r->flags) & SW_BIT(SW_FLAG_TRUNCATED) ||
	    (a->line_count <= 1 && b->line_count <= 1) || (left && right))
		return false;
	if (left)
		return take_joined(j, row, a, b, SW_LEFT);
	if (right)
		return take_joined(j, row, b, a, SW_RIGHT);
	any = take_lines(j, row, a, b, SW_RIGHT);
	return take_lines(j, row, b, a, SW_LEFT) || any;
}
