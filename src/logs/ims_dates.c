/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ims_dates.c - dates and prefixes of logs of the Internet Mail Service */
#include "logs/ims.h"

/* "14.36.27", as some locales write it. */
static bool take_dotted_time(struct slice *rest, int64_t *ns_r)
{
	struct slice s = *rest;
	int hour, minute, second;

	if (!log_take_number(&s, 1, 2, &hour) || !log_take_octet(&s, '.') ||
	    !log_take_number(&s, 2, 2, &minute) ||
	    !log_take_octet(&s, '.') ||
	    !log_take_number(&s, 2, 2, &second) || hour > 23 ||
	    minute > 59 || second > 60)
		return false;
	*ns_r = ((hour * INT64_C(60) + minute) * 60 + second) * NS_PER_S;
	*rest = s;
	return true;
}

bool ims_parse_prefix(struct slice *rest, struct log_numeric_date *d_r,
    int64_t *ns_r)
{
	struct slice s = *rest;

	if (s.len == 0 || !ascii_is_digit(s.p[0]) ||
	    !log_take_numeric_date(&s, d_r) || !log_take_blanks(&s))
		return false;
	if (!log_take_time(&s, ns_r, NULL) && !take_dotted_time(&s, ns_r))
		return false;
	log_take_blanks(&s);
	if (!log_take_octet(&s, ':'))
		return false;
	if (s.len > 0 && !log_take_octet(&s, ' '))
		return false;
	*rest = s;
	return true;
}

static bool same_date(const struct log_numeric_date *a,
    const struct log_numeric_date *b)
{
	return a->n[0] == b->n[0] && a->n[1] == b->n[1] && a->n[2] == b->n[2];
}

void ims_vote(struct ims *m, const struct log_numeric_date *d)
{
	enum log_date_order elected;

	if (m->replaying || m->sessions.options->date_order != LOG_DATE_AUTO ||
	    (m->order != LOG_DATE_AUTO && !m->assumed) ||
	    (m->votes.count > 0 && same_date(d, &m->newest_date)))
		return;
	m->newest_date = *d;
	log_date_vote(&m->votes, d);
	elected = log_date_elected(&m->votes);
	if (elected == LOG_DATE_AUTO)
		return;
	m->order = elected;
	m->assumed = false;
	m->prefix_len = 0;
}

static int64_t time_of(struct ims *m, const struct log_numeric_date *d,
    int64_t ns)
{
	struct civil day;

	if (!log_order_date(d, m->order, &day)) {
		if (!log_order_date(d, LOG_DATE_AUTO, &day))
			return SW_NO_TIME;
		m->contradicted |= m->sessions.options->date_order !=
		    LOG_DATE_AUTO;
	}
	return log_local_time(m->sessions.options,
	    clock_add(log_make_time(&day, 0), ns));
}

static void remember_prefix(struct ims *m, struct slice line, size_t len)
{
	m->prefix_len = len <= sizeof(m->prefix) ? len : 0;
	memcpy(m->prefix, line.p, m->prefix_len);
}

size_t ims_new_prefix(struct ims *m, struct slice line)
{
	struct slice rest = line;
	struct log_numeric_date d;
	int64_t ns, time;

	if (!ims_parse_prefix(&rest, &d, &ns))
		return 0;
	ims_vote(m, &d);
	time = time_of(m, &d, ns);
	if (time == SW_NO_TIME)
		return 0;
	m->time = time;
	remember_prefix(m, line, line.len - rest.len);
	return line.len - rest.len;
}

bool ims_begins_entry(struct slice text)
{
	return slice_has_prefix_nocase(text, slice_str("<<<")) ||
	    slice_has_prefix_nocase(text, slice_str(">>>")) ||
	    slice_has_prefix_nocase(text, slice_str("A connection ")) ||
	    slice_has_prefix_nocase(text, slice_str("Connection to ["));
}

/* Where in text, which ends in the colon of a prefix, does that begin? */
static size_t prefix_start(struct slice text, size_t colon)
{
	size_t at = colon > sizeof(((struct ims *)0)->prefix) ?
	    colon - sizeof(((struct ims *)0)->prefix) : 0;

	for (; at < colon; at++) {
		struct slice rest = slice_from(text, at);
		struct log_numeric_date d;
		int64_t ns;

		if ((at > 0 && ascii_is_digit(text.p[at - 1])) ||
		    !ascii_is_digit(text.p[at]))
			continue;
		if (ims_parse_prefix(&rest, &d, &ns) &&
		    text.len - rest.len == colon + 2)
			return at;
	}
	return text.len;
}

size_t ims_find_next_entry(struct slice text)
{
	size_t off = 1;

	while (off < text.len) {
		const uint8_t *colon = memchr(text.p + off, ':',
		    text.len - off);
		size_t start;

		if (!colon)
			break;
		off = (size_t)(colon - text.p) + 1;
		if (colon[-1] != ' ' || off >= text.len ||
		    colon[1] != ' ' ||
		    !ims_begins_entry(slice_from(text, off + 1)))
			continue;
		start = prefix_start(text, off - 1);
		if (start < text.len)
			return start;
	}
	return text.len;
}

enum log_date_order ims_likely_order(struct slice text)
{
	bool padded = text.len > 2 && text.p[0] == '0';
	size_t i;

	for (i = 0; i < text.len && i < 3; i++)
		if (text.p[i] == '.' || text.p[i] == '-')
			return LOG_DATE_DMY;
	return padded ? LOG_DATE_DMY : LOG_DATE_MDY;
}
