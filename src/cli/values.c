/* SPDX-License-Identifier: GPL-2.0-or-later */
/* values.c - arguments of options as values */

#include "cli/values.h"

#include <stdlib.h>
#include <string.h>

#define NS INT64_C(1000000000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits at *p, which moves on. */
static bool take_number(const char **p, uint64_t *n_r)
{
	uint64_t n = 0;
	const char *s = *p;

	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++) {
		unsigned d = (unsigned)(*s - '0');

		if (n > (UINT64_MAX - d) / 10)
			return false;
		n = n * 10 + d;
	}
	*p = s;
	*n_r = n;
	return true;
}

/* Exactly count digits at *p, which moves on. */
static bool take_digits(const char **p, int count, int *n_r)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		if (!is_digit((*p)[i]))
			return false;
		n = n * 10 + ((*p)[i] - '0');
	}
	*p += count;
	*n_r = n;
	return true;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* A fraction of a second behind the point; digits beyond ns are dropped. */
static bool take_fraction(const char **p, int64_t *ns_r)
{
	int64_t unit = NS / 10;

	if (!is_digit(**p))
		return false;
	*ns_r = 0;
	for (; is_digit(**p); (*p)++) {
		*ns_r += (**p - '0') * unit;
		unit /= 10;
	}
	return true;
}

/* "Z" or an offset as hh:mm or hhmm. */
static bool take_zone(const char **p, int32_t *offset_s_r)
{
	int hour, minute, sign = **p == '-' ? -1 : 1;

	if (take_char(p, 'Z') || take_char(p, 'z')) {
		*offset_s_r = 0;
		return true;
	}
	if (!take_char(p, '+') && !take_char(p, '-'))
		return false;
	if (!take_digits(p, 2, &hour))
		return false;
	(void)take_char(p, ':');
	if (!take_digits(p, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*offset_s_r = sign * (hour * 3600 + minute * 60);
	return true;
}

/* Days since 1970-01-01 of a Gregorian date: years are counted from March,
 * so that the leap day is the last of the year. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;
	int64_t leaps = y / 4 - y / 100 + y / 400;

	return y * 365 + leaps + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool take_date(const char **p, int64_t *days_r)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31};
	int year, month, day, length;

	if (!take_digits(p, 4, &year) || !take_char(p, '-') ||
	    !take_digits(p, 2, &month) || !take_char(p, '-') ||
	    !take_digits(p, 2, &day))
		return false;
	/* What a count of nanoseconds in 64 bits can hold. */
	if (year < 1678 || year > 2261 || month < 1 || month > 12)
		return false;
	length = lengths[month - 1] + (month == 2 && is_leap(year));
	if (day < 1 || day > length)
		return false;
	*days_r = days_from_civil(year, month, day);
	return true;
}

/* HH:MM[:SS[.fraction]] as ns since midnight. */
static bool take_clock(const char **p, int64_t *ns_r)
{
	int hour, minute, second = 0;
	int64_t fraction = 0;

	if (!take_digits(p, 2, &hour) || !take_char(p, ':') ||
	    !take_digits(p, 2, &minute))
		return false;
	if (take_char(p, ':')) {
		if (!take_digits(p, 2, &second))
			return false;
		if (take_char(p, '.') && !take_fraction(p, &fraction))
			return false;
	}
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ns_r = (hour * 3600 + minute * 60 + second) * NS + fraction;
	return true;
}

/* 20261121: as a number of seconds it would be one of 1970, and select all or
 * nothing. */
static bool is_date_without_hyphens(const char *text)
{
	int year, month, day;

	return take_digits(&text, 4, &year) && take_digits(&text, 2, &month) &&
	    take_digits(&text, 2, &day) && *text == '\0' &&
	    (year / 100 == 19 || year / 100 == 20) && month >= 1 &&
	    month <= 12 && day >= 1 && day <= 31;
}

static bool value_epoch(const char *text, struct cli_time *t_r)
{
	uint64_t s;
	int64_t fraction = 0;

	if (is_date_without_hyphens(text) || !take_number(&text, &s) ||
	    s > INT64_MAX / NS - 1)
		return false;
	if (take_char(&text, '.') && !take_fraction(&text, &fraction))
		return false;
	t_r->ns = (int64_t)s * NS + fraction;
	t_r->given = t_r->zoned = true;
	return *text == '\0';
}

bool cli_value_time(const char *text, struct cli_time *t_r)
{
	const char *p = text;
	int64_t days, ns = 0;
	int32_t offset_s = 0;

	if (!take_date(&p, &days))
		return value_epoch(text, t_r);
	t_r->given = true;
	t_r->zoned = false;
	if (take_char(&p, 'T') || take_char(&p, 't') || take_char(&p, ' ')) {
		if (!take_clock(&p, &ns))
			return false;
		t_r->zoned = *p != '\0';
		if (t_r->zoned && !take_zone(&p, &offset_s))
			return false;
	}
	t_r->ns = (days * 86400 - offset_s) * NS + ns;
	return *p == '\0';
}

bool cli_value_zone(const char *text, int32_t *offset_s_r)
{
	if (strcmp(text, "UTC") == 0 || strcmp(text, "GMT") == 0) {
		*offset_s_r = 0;
		return true;
	}
	return take_zone(&text, offset_s_r) && *text == '\0';
}

bool cli_value_size(const char *text, uint64_t *octets_r)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t n;
	unsigned shift = 0;

	if (!take_number(&text, &n))
		return false;
	if (*text != '\0') {
		char upper = *text >= 'a' ? (char)(*text - 'a' + 'A') : *text;

		unit = strchr(units, upper);
		if (unit == NULL)
			return false;
		shift = 10 * (unsigned)(unit - units + 1);
		text++;
	}
	if (*text != '\0' || n == 0 || n > (UINT64_MAX >> shift))
		return false;
	*octets_r = n << shift;
	return true;
}

bool cli_value_number(const char *text, unsigned max, unsigned *n_r)
{
	uint64_t n;

	if (!take_number(&text, &n) || *text != '\0' || n > max)
		return false;
	*n_r = (unsigned)n;
	return true;
}

bool cli_value_count(const char *text, unsigned max, unsigned *n_r)
{
	unsigned n;

	if (!cli_value_number(text, max, &n) || n == 0)
		return false;
	*n_r = n;
	return true;
}

bool cli_value_duration(const char *text, uint32_t *seconds_r)
{
	static const struct {
		char letter;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t len = strlen(text);
	uint32_t unit = 1;
	char digits[16];
	unsigned n;

	for (size_t i = 0; len > 0 && i < sizeof(units) / sizeof(*units); i++)
		if (text[len - 1] == units[i].letter) {
			unit = units[i].seconds;
			len--;
			break;
		}
	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!cli_value_count(digits, UINT32_MAX / unit, &n))
		return false;
	*seconds_r = n * unit;
	return true;
}

static bool take_port(const char **p, size_t *port_r)
{
	uint64_t n;

	if (!take_number(p, &n) || n < 1 || n > 65535)
		return false;
	*port_r = (size_t)n;
	return true;
}

/* Mark the ports of the list in a table of 65536. */
static bool mark_ports(const char *text, bool *marked)
{
	do {
		size_t from, to;

		if (!take_port(&text, &from))
			return false;
		to = from;
		if (take_char(&text, '-') && !take_port(&text, &to))
			return false;
		for (size_t port = from; port <= to; port++)
			marked[port] = true;
		if (to < from)
			return false;
	} while (take_char(&text, ','));
	return *text == '\0';
}

bool cli_value_ports(const char *text, uint16_t **ports_r, size_t *count_r)
{
	bool *marked = calloc(65536, sizeof(*marked));
	uint16_t *ports = calloc(65536, sizeof(*ports));
	size_t count = 0;

	if (marked == NULL || ports == NULL || !mark_ports(text, marked)) {
		free(marked);
		free(ports);
		return false;
	}
	for (size_t port = 1; port < 65536; port++)
		if (marked[port])
			ports[count++] = (uint16_t)port;
	free(marked);
	*ports_r = ports;
	*count_r = count;
	return true;
}
