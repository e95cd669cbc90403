/* SPDX-License-Identifier: GPL-2.0-or-later */
/* when.c - dates and times in the lines of logs */
#include "logs/when.h"

#include "logs/text.h"

bool log_take_octet(struct slice *rest, uint8_t c)
{
	if (rest->len == 0 || rest->p[0] != c)
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

size_t log_take_some_blanks(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len && (rest->p[n] == ' ' || rest->p[n] == '\t'))
		n++;
	*rest = slice_from(*rest, n);
	return n;
}

static size_t count_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && ascii_is_digit(s.p[n]))
		n++;
	return n;
}

bool log_take_number(struct slice *rest, size_t min, size_t max,
    int *value_r)
{
	size_t n = count_digits(slice_head(*rest, max));

	return n >= min && log_take_digits(rest, n, value_r);
}

static bool take_name(struct slice *rest, const char *names, size_t count,
    int *index_r)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct slice name = slice_make(names + 3 * i, 3);

		if (!slice_has_prefix_nocase(*rest, name))
			continue;
		*rest = slice_from(*rest, 3);
		*index_r = (int)i;
		return true;
	}
	return false;
}

bool log_take_month(struct slice *rest, int *month_r)
{
	int i;

	if (!take_name(rest, "JanFebMarAprMayJunJulAugSepOctNovDec", 12, &i))
		return false;
	*month_r = i + 1;
	return true;
}

/* As libc's locales abbreviate them where English does otherwise: German,
 * French, Spanish, Italian, Dutch, Portuguese, Scandinavian; in UTF-8 and in
 * ISO 8859-1.  Some put a full stop behind each. */
static const struct {
	const char *name;
	int month;
} local_months[] = {
	{ "J\xc3\xa4n", 1 }, { "J\xe4n", 1 }, { "janv", 1 }, { "ene", 1 },
	{ "gen", 1 },
	{ "f\xc3\xa9vr", 2 }, { "f\xe9vr", 2 }, { "fev", 2 },
	{ "M\xc3\xa4r", 3 }, { "M\xe4r", 3 }, { "Mrz", 3 }, { "mars", 3 },
	{ "mrt", 3 },
	{ "avr", 4 }, { "avril", 4 }, { "april", 4 }, { "abr", 4 },
	{ "Mai", 5 }, { "mag", 5 }, { "mei", 5 }, { "maj", 5 },
	{ "juin", 6 }, { "giu", 6 }, { "juni", 6 },
	{ "juil", 7 }, { "lug", 7 }, { "juli", 7 },
	{ "ao\xc3\xbbt", 8 }, { "ao\xfbt", 8 }, { "ago", 8 },
	{ "sept", 9 }, { "set", 9 },
	{ "Okt", 10 }, { "ott", 10 }, { "out", 10 },
	{ "d\xc3\xa9" "c", 12 }, { "d\xe9" "c", 12 }, { "Dez", 12 },
	{ "dic", 12 }, { "des", 12 },
};

static bool is_word_end(struct slice s)
{
	return s.len == 0 || s.p[0] == ' ' || s.p[0] == '\t';
}

bool log_take_local_month(struct slice *rest, int *month_r)
{
	struct slice s = *rest, name;
	size_t i;

	if (log_take_month(&s, month_r)) {
		(void)log_take_octet(&s, '.');
		if (is_word_end(s)) {
			*rest = s;
			return true;
		}
	}
	s = *rest;
	name = slice_head(s, 6);
	for (i = 0; i < name.len && name.p[i] != ' ' && name.p[i] != '.'; i++)
		;
	name = slice_head(name, i);
	s = slice_from(s, i);
	(void)log_take_octet(&s, '.');
	for (i = 0; i < sizeof(local_months) / sizeof(local_months[0]); i++) {
		if (!slice_eq_nocase(name, slice_str(local_months[i].name)))
			continue;
		*month_r = local_months[i].month;
		*rest = s;
		return true;
	}
	return false;
}

bool log_take_weekday(struct slice *rest)
{
	int i;

	return take_name(rest, "MonTueWedThuFriSatSun", 7, &i);
}

/* ".015" or ",015"; digits beyond the ninth are dropped. */
static bool take_fraction(struct slice *rest, int64_t *ns_r, int *digits_r)
{
	struct slice s = *rest;
	size_t n, i;
	int64_t ns = 0;

	if (!log_take_octet(&s, '.') && !log_take_octet(&s, ','))
		return false;
	n = count_digits(s);
	if (n == 0)
		return false;
	for (i = 0; i < 9; i++)
		ns = ns * 10 + (i < n ? s.p[i] - '0' : 0);
	*rest = slice_from(s, n);
	*ns_r = ns;
	*digits_r = n > 9 ? 9 : (int)n;
	return true;
}

/* " AM", " PM": true if the hour can be such a one. */
static bool take_half(struct slice *rest, int *hour)
{
	struct slice s = *rest;
	bool pm;

	log_take_blanks(&s);
	pm = log_take_text(&s, "PM");
	if (!pm && !log_take_text(&s, "AM"))
		return true;
	if (s.len > 0 && ascii_is_alnum(s.p[0]))
		return true; /* some other word */
	if (*hour < 1 || *hour > 12)
		return false;
	*hour = *hour % 12 + (pm ? 12 : 0);
	*rest = s;
	return true;
}

bool log_take_time(struct slice *rest, int64_t *ns_r, int *digits_r)
{
	struct slice s = *rest;
	int hour, minute, second, digits = 0;
	int64_t ns = 0;

	if (!log_take_number(&s, 1, 2, &hour) || !log_take_octet(&s, ':') ||
	    !log_take_number(&s, 2, 2, &minute) || !log_take_octet(&s, ':') ||
	    !log_take_number(&s, 2, 2, &second) || hour > 23 || minute > 59 ||
	    second > 60)
		return false;
	take_fraction(&s, &ns, &digits);
	if (!take_half(&s, &hour))
		return false;
	*ns_r = ((hour * INT64_C(60) + minute) * 60 + second) * NS_PER_S +
	    ns;
	if (digits_r)
		*digits_r = digits;
	*rest = s;
	return true;
}

bool log_take_zone(struct slice *rest, int32_t *offset_s_r)
{
	struct slice s = *rest;
	bool west;
	int hours, minutes;

	if (log_take_octet(&s, 'Z')) {
		*offset_s_r = 0;
		*rest = s;
		return true;
	}
	west = log_take_octet(&s, '-');
	if (!west && !log_take_octet(&s, '+'))
		return false;
	if (!log_take_number(&s, 2, 2, &hours))
		return false;
	log_take_octet(&s, ':');
	if (!log_take_number(&s, 2, 2, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	*offset_s_r = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
	*rest = s;
	return true;
}

bool log_take_iso_date(struct slice *rest, struct civil *day_r)
{
	struct slice s = *rest;
	struct civil c = { 0 };
	uint8_t separator;
	int year;

	if (!log_take_number(&s, 4, 4, &year))
		return false;
	separator = s.len > 0 ? s.p[0] : 0;
	if (separator != '-' && separator != '/' && separator != '.')
		separator = 0;
	if ((separator && !log_take_octet(&s, separator)) ||
	    !log_take_number(&s, 2, 2, &c.month) ||
	    (separator && !log_take_octet(&s, separator)) ||
	    !log_take_number(&s, 2, 2, &c.day))
		return false;
	c.year = year;
	if (!clock_civil_is_valid(&c))
		return false;
	*day_r = c;
	*rest = s;
	return true;
}

bool log_take_iso_time(struct slice *rest, int64_t *time_r, bool *zoned_r,
    int32_t *offset_s_r, int *digits_r)
{
	struct slice s = *rest;
	struct civil day;
	int64_t ns;
	int32_t offset = 0;

	if (!log_take_iso_date(&s, &day) ||
	    (!log_take_octet(&s, 'T') && !log_take_octet(&s, ' ')) ||
	    !log_take_time(&s, &ns, digits_r))
		return false;
	*zoned_r = log_take_zone(&s, &offset);
	*offset_s_r = offset;
	*time_r = clock_add(log_make_time(&day, 0),
	    ns - offset * NS_PER_S);
	*rest = s;
	return true;
}

/* --- dates of three numbers ---------------------------------------------- */

bool log_take_numeric_date(struct slice *rest, struct log_numeric_date *d_r)
{
	struct log_numeric_date d;
	struct slice s = *rest;
	uint8_t separator = 0;
	size_t i, before;

	for (i = 0; i < 3; i++) {
		if (i == 1 && s.len > 0)
			separator = s.p[0];
		if (i == 1 && separator != '/' && separator != '.' &&
		    separator != '-')
			return false;
		if (i > 0 && !log_take_octet(&s, separator))
			return false;
		before = s.len;
		if (!log_take_number(&s, 1, 4, &d.n[i]))
			return false;
		d.digits[i] = before - s.len;
	}
	*d_r = d;
	*rest = s;
	return true;
}

static bool order_as(const struct log_numeric_date *d,
    enum log_date_order order, struct civil *day_r)
{
	static const struct {
		uint8_t year, month, day; /* index of each */
	} of[] = {
		[LOG_DATE_MDY] = { 2, 0, 1 },
		[LOG_DATE_DMY] = { 2, 1, 0 },
		[LOG_DATE_YMD] = { 0, 1, 2 },
	};
	struct civil c = { 0 };
	int year = d->n[of[order].year];
	size_t digits = d->digits[of[order].year];

	if (digits != 2 && digits != 4)
		return false;
	if (digits == 2)
		year += year < 80 ? 2000 : 1900;
	c.year = year;
	c.month = d->n[of[order].month];
	c.day = d->n[of[order].day];
	if (d->digits[of[order].month] > 2 || d->digits[of[order].day] > 2 ||
	    !clock_civil_is_valid(&c))
		return false;
	*day_r = c;
	return true;
}

bool log_order_date(const struct log_numeric_date *d,
    enum log_date_order order, struct civil *day_r)
{
	if (order != LOG_DATE_AUTO)
		return order_as(d, order, day_r);
	return order_as(d, LOG_DATE_MDY, day_r) ||
	    order_as(d, LOG_DATE_DMY, day_r) ||
	    order_as(d, LOG_DATE_YMD, day_r);
}

void log_date_vote(struct log_date_votes *v,
    const struct log_numeric_date *d)
{
	int order;

	for (order = LOG_DATE_MDY; order < LOG_DATE_ORDER_COUNT; order++) {
		struct civil day;
		int64_t time;

		if (v->count == 0)
			v->possible[order] = true;
		if (!order_as(d, (enum log_date_order)order, &day)) {
			v->possible[order] = false;
			continue;
		}
		time = clock_from_civil(&day);
		if (v->count > 0 && time < v->last[order])
			v->backwards[order]++;
		v->last[order] = time;
	}
	v->count++;
}

enum log_date_order log_date_elected(const struct log_date_votes *v)
{
	enum log_date_order best = LOG_DATE_AUTO;
	bool equal = false;
	int order;

	if (v->count == 0)
		return LOG_DATE_AUTO;
	for (order = LOG_DATE_MDY; order < LOG_DATE_ORDER_COUNT; order++) {
		if (!v->possible[order])
			continue;
		if (best != LOG_DATE_AUTO &&
		    v->backwards[order] == v->backwards[best])
			equal = true;
		if (best == LOG_DATE_AUTO ||
		    v->backwards[order] < v->backwards[best]) {
			best = (enum log_date_order)order;
			equal = false;
		}
	}
	return equal ? LOG_DATE_AUTO : best;
}

/* --- days ----------------------------------------------------------------- */

void log_days_begin(struct log_days *d, const struct civil *day)
{
	memset(d, 0, sizeof(*d));
	d->known = day != NULL;
	if (day)
		d->day = *day;
	d->last_ns = -1;
}

int64_t log_days_time(struct log_days *d, int64_t ns_of_day)
{
	int64_t start = d->known ? log_make_time(&d->day, 0) : 0;

	if (d->last_ns >= 0 && ns_of_day + NS_PER_DAY / 2 < d->last_ns)
		d->passed++;
	d->last_ns = ns_of_day;
	return clock_add(start, d->passed * NS_PER_DAY + ns_of_day);
}

/* "2026", "202601", "20260131": the last day that it means. */
static bool day_of_digits(struct slice s, struct civil *day_r)
{
	struct civil day = { .month = 12, .day = 31 };
	struct slice rest = s;
	int year;

	if ((s.len != 4 && s.len != 6 && s.len != 8) ||
	    !log_take_digits(&rest, 4, &year) || year < 1980 || year > 2099)
		return false;
	day.year = year;
	if (rest.len > 0)
		log_take_digits(&rest, 2, &day.month);
	if (rest.len > 0)
		log_take_digits(&rest, 2, &day.day);
	if (s.len == 8 && !clock_civil_is_valid(&day))
		return false;
	*day_r = day;
	return day.month >= 1 && day.month <= 12;
}

static bool day_of_name(struct slice name, struct civil *day_r)
{
	bool found = false;
	size_t i = 0, n;

	for (; i < name.len; i += n ? n : 1) {
		struct slice run = slice_from(name, i);

		for (n = 0; n < run.len && ascii_is_digit(run.p[n]); n++)
			continue;
		if (day_of_digits(slice_head(run, n), day_r))
			found = true;
	}
	return found;
}

void log_years_begin(struct log_years *y, const struct log_options *options,
    const char *file_name)
{
	memset(y, 0, sizeof(*y));
	y->known = day_of_name(log_base_name(file_name), &y->until);
	if (y->known || options->modified_s == 0)
		return;
	/* a day of grace: the zones of log and file may differ */
	clock_to_civil(clock_make(options->modified_s + 86400, 0), &y->until);
	y->known = true;
}

int32_t log_years_take(struct log_years *y, int month, int day)
{
	enum { LEAP_YEAR = 1972 };
	bool later = month > y->until.month || (month == y->until.month &&
	    day > y->until.day);

	if (y->year == 0)
		y->year = y->known ? y->until.year - later : LEAP_YEAR;
	else if (y->month > month + 6)
		y->year++;
	else if (y->month && month > y->month + 6)
		return y->year - 1; /* a line that came late */
	y->month = month;
	return y->year;
}

struct sw_clock log_local_clock(const struct log_options *options,
    int64_t resolution_ns, enum sw_date_kind date)
{
	struct sw_clock c = { .zone = SW_ZONE_LOCAL,
		.resolution_ns = resolution_ns, .date = date };

	if (!options->tz_known || date == SW_DATE_NONE)
		return c;
	c.zone = options->tz_offset_s ? SW_ZONE_OFFSET : SW_ZONE_UTC;
	c.offset_s = options->tz_offset_s;
	return c;
}

int64_t log_local_time(const struct log_options *options, int64_t time)
{
	if (!options->tz_known)
		return time;
	return clock_add(time, -(int64_t)options->tz_offset_s * NS_PER_S);
}

int64_t log_resolution(int digits)
{
	int64_t ns = NS_PER_S;

	while (digits-- > 0)
		ns /= 10;
	return ns;
}
