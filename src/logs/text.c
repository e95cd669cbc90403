/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - words, dates, times and replies in the lines of logs */
#include "logs/text.h"

struct slice log_take_word(struct slice *rest)
{
	const uint8_t *blank = rest->len ? memchr(rest->p, ' ', rest->len) :
	    NULL;
	struct slice word = *rest;

	if (!blank) {
		*rest = slice_from(*rest, rest->len);
		return word;
	}
	word.len = (size_t)(blank - rest->p);
	*rest = slice_from(*rest, word.len + 1);
	return word;
}

struct slice log_take_until(struct slice *rest, uint8_t c)
{
	const uint8_t *at = rest->len ? memchr(rest->p, c, rest->len) : NULL;
	struct slice head = slice_head(*rest, at ? (size_t)(at - rest->p) :
	    rest->len);

	*rest = slice_from(*rest, head.len + 1);
	return head;
}

bool log_take_digits(struct slice *rest, size_t count, int *value_r)
{
	int value = 0;
	size_t i;

	if (rest->len < count)
		return false;
	for (i = 0; i < count; i++) {
		if (!ascii_is_digit(rest->p[i]))
			return false;
		value = value * 10 + (rest->p[i] - '0');
	}
	*value_r = value;
	*rest = slice_from(*rest, count);
	return true;
}

static bool take_octet(struct slice *rest, uint8_t c)
{
	if (rest->len == 0 || rest->p[0] != c)
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

bool log_parse_iso_date(struct slice s, struct civil *day_r)
{
	struct civil c = { 0 };
	int year;

	if (!log_take_digits(&s, 4, &year) || !take_octet(&s, '-') ||
	    !log_take_digits(&s, 2, &c.month) || !take_octet(&s, '-') ||
	    !log_take_digits(&s, 2, &c.day) || s.len > 0)
		return false;
	c.year = year;
	if (!clock_civil_is_valid(&c))
		return false;
	*day_r = c;
	return true;
}

bool log_parse_time_of_day(struct slice s, int32_t *seconds_r)
{
	int h, m, sec;

	if (!log_take_digits(&s, 2, &h) || !take_octet(&s, ':') ||
	    !log_take_digits(&s, 2, &m) || !take_octet(&s, ':') ||
	    !log_take_digits(&s, 2, &sec) || s.len > 0 || h > 23 || m > 59 ||
	    sec > 60)
		return false;
	*seconds_r = (h * 60 + m) * 60 + sec;
	return true;
}

int64_t log_make_time(const struct civil *day, int32_t seconds)
{
	return clock_make(clock_from_civil(day) + seconds, 0);
}

bool log_is_ipv4(struct slice s)
{
	uint64_t value;
	int i;

	for (i = 0; i < 4; i++) {
		struct slice part = i < 3 ? log_take_until(&s, '.') : s;

		if (part.len > 3 || !slice_to_u64(part, &value) ||
		    value > 255)
			return false;
	}
	return true;
}

bool log_is_address(struct slice s)
{
	bool mark = false;
	size_t i;

	for (i = 0; i < s.len; i++) {
		uint8_t c = ascii_upper(s.p[i]);

		if (c == ':')
			mark = true;
		else if (c == '.')
			mark |= ascii_is_digit(s.p[s.len - 1]);
		else if (!ascii_is_digit(c) && !(c >= 'A' && c <= 'F'))
			return false;
	}
	return mark;
}

/* An address in brackets, or what may be one. */
static struct slice unbracket(struct slice s)
{
	if (s.len >= 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		return slice_make(s.p + 1, s.len - 2);
	return s;
}

void log_split_endpoint(struct slice s, struct slice *ip_r,
    int32_t *port_r)
{
	size_t colon = s.len, colons = 0, i;
	uint64_t port;

	for (i = 0; i < s.len; i++)
		if (s.p[i] == ':') {
			colon = i;
			colons++;
		}
	*ip_r = unbracket(s);
	*port_r = SW_UNKNOWN;
	if (colons == 0 || !slice_to_u64(slice_from(s, colon + 1), &port) ||
	    port > 65535)
		return;
	/* "2001:db8::25" is an address, "2001:db8::25:25" can be both: the
	 * port is what programs print behind it. */
	if (colons > 1 && s.p[0] != '[' && colons < 3)
		return;
	*ip_r = unbracket(slice_head(s, colon));
	*port_r = (int32_t)port;
}

struct slice log_base_name(const char *file_name)
{
	struct slice s = slice_str(file_name);
	size_t n = s.len;

	while (n > 0 && s.p[n - 1] != '/' && s.p[n - 1] != '\\')
		n--;
	return slice_from(s, n);
}

struct slice log_head_line(struct slice *head)
{
	const uint8_t *lf = head->len ? memchr(head->p, '\n', head->len) :
	    NULL;
	struct slice line = slice_head(*head, lf ? (size_t)(lf - head->p) :
	    head->len);

	*head = slice_from(*head, line.len + 1);
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

static inline uint64_t mix(uint64_t seed, uint64_t word)
{
	seed = (seed ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return seed ^ seed >> 32;
}

/* Over all bits. */
static inline uint64_t spread(uint64_t seed)
{
	return mix(seed, seed >> 29);
}

/* As FNV-1a, but eight octets at a time, and with the length of each text,
 * so that texts cannot run into each other. */
uint64_t log_hash(uint64_t seed, struct slice s)
{
	const uint8_t *p = s.p, *words = s.len >= 8 ? p + s.len / 8 * 8 : p;
	uint8_t last[8] = { 0 };

	seed = mix(seed, s.len);
	for (; p != words; p += 8)
		seed = mix(seed, octets_le64(p));
	if (s.len % 8 > 0)
		memcpy(last, p, s.len % 8);
	seed = mix(seed, octets_le64(last));
	return spread(seed);
}

uint64_t log_hash_number(uint64_t seed, uint64_t number)
{
	seed = mix(mix(seed, sizeof(number)), number);
	return spread(mix(seed, 0));
}

void log_reply_line_end(struct slice *line, struct buffer *b)
{
	if (!log_parse_reply_line(*line).more)
		return;
	buffer_clear(b);
	buffer_append_slice(b, slice_head(*line, 3));
	buffer_append_char(b, ' ');
	buffer_append_slice(b, slice_from(*line, 4));
	*line = buffer_slice(b);
}
