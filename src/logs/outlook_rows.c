/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outlook_rows.c - what stands in the lines of Outlook Express's Smtp.log */
#include "logs/outlook_rows.h"

#include "logs/text.h"
#include "logs/when.h"

bool outlook_take_number(struct slice *rest)
{
	struct slice s = *rest;
	int ignored;

	if (!log_take_number(&s, 1, 4, &ignored) || !log_take_octet(&s, ')'))
		return false;
	log_take_blanks(&s);
	*rest = s;
	return true;
}

static bool is_tag(struct slice s, enum outlook_tag *tag_r)
{
	static const char *const tags[] = { "[tx]", "[rx]", "[db]" };
	size_t i;

	for (i = 0; i < 3; i++)
		if (slice_has_prefix_nocase(s, slice_str(tags[i]))) {
			*tag_r = (enum outlook_tag)i;
			return true;
		}
	return false;
}

/* Where in the line is the first tag?  text.len: nowhere. */
static size_t find_tag(struct slice text, enum outlook_tag *tag_r)
{
	size_t off = 0;

	while (off < text.len) {
		const uint8_t *p = memchr(text.p + off, '[', text.len - off);

		if (!p)
			break;
		off = (size_t)(p - text.p);
		if (is_tag(slice_from(text, off), tag_r))
			return off;
		off++;
	}
	return text.len;
}

struct slice outlook_trim_end(struct slice s)
{
	while (s.len > 0 && (s.p[s.len - 1] == ' ' ||
	    s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* "17:22:28" at the end of *s, dropped from it. */
static bool take_last_time(struct slice *s, int64_t *ns_r)
{
	struct slice time = slice_from(*s, s->len < 8 ? s->len : s->len - 8);

	if (!log_take_time(&time, ns_r, NULL) || time.len > 0)
		return false;
	*s = outlook_trim_end(slice_head(*s, s->len - 8));
	return true;
}

/* "SMTP:" at the end of s. */
static bool take_last_protocol(struct slice s, struct slice *name_r)
{
	size_t n;

	if (s.len == 0 || s.p[s.len - 1] != ':')
		return false;
	s.len--;
	for (n = s.len; n > 0 && ascii_is_alnum(s.p[n - 1]); n--)
		;
	*name_r = slice_from(s, n);
	return name_r->len > 0;
}

static bool is_smtp(struct slice name)
{
	return slice_eq_nocase(name, slice_str("SMTP"));
}

/* What stands in front of the tag. */
static bool parse_before(struct slice s, struct outlook_entry *e)
{
	struct slice name;

	s = outlook_trim_end(s);
	e->smtp = true;
	e->timed = take_last_time(&s, &e->ns);
	e->named = take_last_protocol(s, &name);
	if (e->named)
		e->smtp = is_smtp(name);
	if (e->named || e->timed)
		return true;
	outlook_take_number(&s);
	return s.len == 0;
}

bool outlook_parse_entry(struct slice line, struct outlook_entry *e_r)
{
	size_t at = find_tag(line, &e_r->tag);

	if (at == line.len || !parse_before(slice_head(line, at), e_r))
		return false;
	e_r->text = slice_from(line, at + 4);
	log_take_octet(&e_r->text, ' ');
	return true;
}

bool outlook_parse_head(struct slice line, struct slice *rest_r, bool *smtp_r)
{
	static const char words[] = " Log started at ";
	size_t at = slice_find_nocase(line, slice_str(words));
	struct slice name = slice_head(line, at);
	size_t n = name.len;

	if (at == line.len)
		return false;
	while (n > 0 && ascii_is_alnum(name.p[n - 1]))
		n--;
	*smtp_r = is_smtp(slice_from(name, n));
	*rest_r = slice_from(line, at + sizeof(words) - 1);
	return true;
}

bool outlook_is_product(struct slice line)
{
	static const char *const makers[] = { "Microsoft", "Outlook",
		"Internet Mail", "Windows" };
	size_t i;

	outlook_take_number(&line);
	for (i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		if (slice_has_prefix_nocase(line, slice_str(makers[i])))
			return true;
	return false;
}

bool outlook_find_date(struct slice text, struct civil *day_r)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		struct slice s = slice_from(text, i);
		struct civil c = { 0 };
		int year;

		if (!ascii_is_digit(text.p[i]) ||
		    (i > 0 && ascii_is_digit(text.p[i - 1])) ||
		    !log_take_number(&s, 1, 2, &c.day) ||
		    !log_take_blanks(&s) || !log_take_month(&s, &c.month) ||
		    !log_take_blanks(&s) ||
		    !log_take_number(&s, 4, 4, &year))
			continue;
		c.year = year;
		if (!clock_civil_is_valid(&c))
			continue;
		*day_r = c;
		return true;
	}
	return false;
}

int outlook_weekday_of(const struct civil *day)
{
	int64_t days = clock_from_civil(day) / 86400;

	/* 1970-01-01 was a Thursday. */
	return (int)((days % 7 + 7 + 3) % 7);
}

int outlook_take_weekday(struct slice *rest)
{
	static const char names[] = "MonTueWedThuFriSatSun";
	struct slice word = slice_head(*rest, 3);
	int i;

	if (!log_take_weekday(rest))
		return -1;
	log_take_blanks(rest);
	for (i = 0; i < 6; i++)
		if (slice_eq_nocase(word, slice_make(names + 3 * i, 3)))
			break;
	return i;
}
