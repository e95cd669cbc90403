/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syslog.c - what stands before the message in a line of syslog */
#include "logs/syslog.h"

#include "logs/text.h"

void log_syslog_begin(struct log_syslog *y, const struct log_options *options,
    const char *file_name)
{
	y->options = options;
	log_years_begin(&y->years, options, file_name);
}

/* "Jan  1 19:49:43": local, without a year (RFC 3164 4.1.2).  LENIENT: the
 * month in another language. */
static bool take_short(struct log_syslog *y, struct slice *rest,
    struct log_syslog_line *l)
{
	struct slice r = *rest;
	struct civil day = { 0 };
	int64_t ns;
	int digits;

	if (!log_take_local_month(&r, &day.month) || log_take_blanks(&r) == 0 ||
	    !log_take_number(&r, 1, 2, &day.day) ||
	    log_take_blanks(&r) == 0 || !log_take_time(&r, &ns, &digits) ||
	    log_take_blanks(&r) == 0)
		return false;
	*rest = r;
	day.year = log_years_take(&y->years, day.month, day.day);
	if (!clock_civil_is_valid(&day))
		return true; /* of another year than it seems */
	l->clock = log_local_clock(y->options, log_resolution(digits),
	    y->years.known ? SW_DATE_ASSUMED : SW_DATE_NONE);
	l->time = clock_add(log_make_time(&day, 0), ns);
	if (y->years.known)
		l->time = log_local_time(y->options, l->time);
	return true;
}

static bool take_iso(struct log_syslog *y, struct slice *rest,
    struct log_syslog_line *l)
{
	struct slice r = *rest;
	int32_t offset = 0;
	bool zoned = false;
	int64_t time;
	int digits;

	if (!log_take_iso_time(&r, &time, &zoned, &offset, &digits) ||
	    log_take_blanks(&r) == 0)
		return false;
	*rest = r;
	l->clock = log_local_clock(y->options, log_resolution(digits),
	    SW_DATE_GIVEN);
	if (zoned) {
		l->clock.zone = offset ? SW_ZONE_OFFSET : SW_ZONE_UTC;
		l->clock.offset_s = offset;
		l->time = time;
	} else {
		l->time = log_local_time(y->options, time);
	}
	return true;
}

/* "<22>" (RFC 3164 4.1.1). */
static void skip_priority(struct slice *rest)
{
	struct slice r = *rest;
	int priority;

	if (log_take_octet(&r, '<') && log_take_number(&r, 1, 3, &priority) &&
	    log_take_octet(&r, '>'))
		*rest = r;
}

/* "[ID 197553 mail.info] ", of Solaris. */
static void skip_id(struct slice *rest)
{
	const uint8_t *end;

	if (!slice_has_prefix_nocase(*rest, slice_str("[ID ")))
		return;
	BASE_KNOWN(rest->p);
	end = memchr(rest->p, ']', rest->len);
	if (!end)
		return;
	*rest = slice_from(*rest, (size_t)(end - rest->p) + 1);
	log_take_blanks(rest);
}

/* "postfix/smtpd[30751]:" */
static bool take_tag(struct slice *rest, struct log_syslog_line *l)
{
	struct slice r = *rest;
	size_t n = 0;

	while (n < r.len && r.p[n] > ' ' && r.p[n] != '[' && r.p[n] != ':')
		n++;
	if (n == 0 || n == r.len || r.p[n] <= ' ')
		return false;
	l->tag = slice_head(r, n);
	r = slice_from(r, n);
	l->pid = slice_head(r, 0);
	if (log_take_octet(&r, '[')) {
		for (n = 0; n < r.len && ascii_is_digit(r.p[n]); n++)
			continue;
		l->pid = slice_head(r, n);
		r = slice_from(r, n);
		if (n == 0 || !log_take_octet(&r, ']'))
			return false;
	}
	if (!log_take_octet(&r, ':') || (r.len > 0 && r.p[0] != ' '))
		return false;
	l->message = slice_from(r, 1);
	return true;
}

bool log_syslog_take(struct log_syslog *y, struct slice line,
    struct log_syslog_line *l_r)
{
	struct slice rest = line, start;

	memset(l_r, 0, sizeof(*l_r));
	l_r->time = SW_NO_TIME;
	l_r->clock.zone = SW_ZONE_NONE;
	l_r->clock.date = SW_DATE_NONE;
	skip_priority(&rest);
	if (!take_short(y, &rest, l_r))
		take_iso(y, &rest, l_r);
	start = rest;
	if (!take_tag(&rest, l_r)) {
		log_take_word(&rest); /* the host */
		if (!take_tag(&rest, l_r))
			return false;
	}
	l_r->key = slice_head(start, l_r->tag.len +
	    (size_t)(l_r->tag.p - start.p) + l_r->pid.len +
	    (l_r->pid.len > 0 ? 1 : 0));
	skip_id(&l_r->message);
	return true;
}
