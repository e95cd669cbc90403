/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text_line.c - what the lines of a session are made of: time, mark, flags */
#include "emit/text_parts.h"

#include "base/clock.h"
#include "base/escape.h"
#include "emit/words.h"

/* Octets of one line of the dialogue that are shown; how many more there are
 * is said.  RFC 5321 4.5.3.1 allows 512 and 1000. */
enum { SHOWN_OCTETS = 2000 };
enum { TIME_WIDTH = 10 };

/* --- times -------------------------------------------------------------- */

size_t text_seconds(char *w, int64_t ns, int digits)
{
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	uint64_t unit = (uint64_t)NS_PER_S / 10;
	uint64_t whole = v / (uint64_t)NS_PER_S;
	char reversed[20];
	size_t len = 0, i = 0;

	if (ns < 0)
		w[len++] = '-';
	do {
		reversed[i++] = (char)('0' + whole % 10);
		whole /= 10;
	} while (whole > 0);
	while (i > 0)
		w[len++] = reversed[--i];
	if (digits > 0)
		w[len++] = '.';
	for (; digits > 0; digits--) {
		w[len++] = (char)('0' + v / unit % 10);
		unit /= 10;
	}
	return len;
}

static int64_t relative(const struct teller *t, int64_t time)
{
	if (t->base == SW_NO_TIME || time == SW_NO_TIME)
		return SW_NO_TIME;
	return clock_add(time, -t->base);
}

int text_choose_digits(const struct teller *t)
{
	int digits = clock_digits(t->s->clock.resolution_ns), room;
	size_t i, widest = 1;
	char text[32];

	for (i = 0; i < t->s->event_count; i++) {
		int64_t ns = relative(t, t->s->events[i].time);
		size_t len = ns == SW_NO_TIME ? 0 : text_seconds(text, ns, 0);

		if (len > widest)
			widest = len;
	}
	room = widest + 1 < TIME_WIDTH ? TIME_WIDTH - 1 - (int)widest : 0;
	return digits < room ? digits : room;
}

int64_t text_choose_base(const struct sw_session *s)
{
	size_t i;

	if (s->start != SW_NO_TIME)
		return s->start;
	for (i = 0; i < s->event_count; i++)
		if (s->events[i].time != SW_NO_TIME)
			return s->events[i].time;
	return SW_NO_TIME;
}

/* The session's, where lines of several are mixed. */
static void put_number(const struct teller *t)
{
	if (t->number == 0)
		return;
	put(t, "[");
	put_u64(t, t->number);
	put(t, "] ");
}

/* The columns before the mark. */
static void put_time(const struct teller *t, int64_t time)
{
	char text[TIME_WIDTH + 32];
	int64_t ns = relative(t, time);
	size_t len = 0, i;

	put_number(t);
	if (t->no_times) {
		put(t, "  ");
		return;
	}
	if (ns != SW_NO_TIME)
		len = text_seconds(text, ns, t->digits);
	for (i = len; i < TIME_WIDTH; i++)
		(void)buffer_append_char(t->b, ' ');
	(void)buffer_append(t->b, text, len);
	(void)buffer_append_char(t->b, ' ');
}

/* --- lines -------------------------------------------------------------- */

void text_begin_line(const struct teller *t, int64_t time,
    const char *mark, const char *color)
{
	put_time(t, time);
	begin_color(t, color);
	put(t, mark);
	put(t, "  ");
}

static void put_flags(const struct teller *t, uint32_t set)
{
	const char *before = "  {";
	unsigned i;

	for (i = 0; i < SW_FLAG_COUNT; i++) {
		if (!(set & SW_BIT(i)))
			continue;
		put(t, before);
		put(t, sw_flag_name((enum sw_flag)i));
		before = ", ";
	}
	if (before[0] == ',')
		put(t, "}");
}

void text_end_line(const struct teller *t, uint32_t flags,
    const char *color)
{
	end_color(t, color);
	put_flags(t, flags);
	put(t, "\n");
}

void text_put_line(const struct teller *t, struct sw_bytes v)
{
	size_t shown = v.len;

	if (shown > SHOWN_OCTETS) {
		shown = SHOWN_OCTETS;
		while (shown > SHOWN_OCTETS - 4 &&
		    (v.data[shown] & 0xc0) == 0x80)
			shown--;
	}
	words_said(t->b, slice_make(v.data, shown));
	if (shown < v.len) {
		put(t, " [and ");
		words_count(t->b, v.len - shown, "more octet");
		put(t, "]");
	}
}
