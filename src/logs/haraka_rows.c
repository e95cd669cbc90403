/* SPDX-License-Identifier: GPL-2.0-or-later */
/* haraka_rows.c - rows of logs of Haraka, in its three formats */
#include "logs/haraka_rows.h"

#include "base/escape.h"
#include "logs/text.h"
#include "logs/when.h"

static const char *const level_names[] = {
	[HARAKA_LEVEL_DATA] = "DATA",
	[HARAKA_LEVEL_PROTOCOL] = "PROTOCOL",
	[HARAKA_LEVEL_DEBUG] = "DEBUG",
	[HARAKA_LEVEL_INFO] = "INFO",
	[HARAKA_LEVEL_NOTICE] = "NOTICE",
	[HARAKA_LEVEL_WARN] = "WARN",
	[HARAKA_LEVEL_ERROR] = "ERROR",
	[HARAKA_LEVEL_CRIT] = "CRIT",
	[HARAKA_LEVEL_ALERT] = "ALERT",
	[HARAKA_LEVEL_EMERG] = "EMERG",
};
_Static_assert(sizeof(level_names) / sizeof(level_names[0]) ==
    HARAKA_LEVEL_COUNT, "one name a level");

static const char *const field_names[] = {
	[HARAKA_LEVEL] = "level",
	[HARAKA_UUID] = "uuid",
	[HARAKA_ORIGIN] = "origin",
	[HARAKA_MESSAGE] = "message",
	[HARAKA_STATE] = "state",
	[HARAKA_IP] = "ip",
	[HARAKA_PORT] = "port",
	[HARAKA_LOCAL_IP] = "local_ip",
	[HARAKA_LOCAL_PORT] = "local_port",
	[HARAKA_MID] = "mid",
	[HARAKA_SIZE] = "size",
};
_Static_assert(sizeof(field_names) / sizeof(field_names[0]) == HARAKA_COUNT,
    "one name a field");

static bool find_level(struct slice name, enum haraka_level *level_r)
{
	unsigned i;

	for (i = 0; i < HARAKA_LEVEL_COUNT; i++)
		if (slice_eq(name, slice_str(level_names[i]))) {
			*level_r = (enum haraka_level)i;
			return true;
		}
	return false;
}

/* The first of equals counts. */
static void put_field(struct haraka_row *row, struct slice name,
    struct slice value)
{
	unsigned i;

	for (i = 0; i < HARAKA_COUNT; i++)
		if (!row->of[i].p && slice_eq(name,
		    slice_str(field_names[i]))) {
			row->of[i] = value;
			return;
		}
}

bool haraka_take_string(struct slice *rest, struct slice *value_r)
{
	size_t n = 0;
	bool closed;

	while (n < rest->len && rest->p[n] != '"')
		n += rest->p[n] == '\\' ? 2 : 1;
	closed = n < rest->len;
	*value_r = slice_head(*rest, n);
	*rest = slice_from(*rest, n + 1);
	return closed;
}

bool haraka_take_pairs(struct haraka_row *row, struct slice s)
{
	while (s.len > 0) {
		struct slice name, value;
		size_t n = 0;

		log_take_blanks(&s);
		while (n < s.len && s.p[n] != '=' && s.p[n] != ' ')
			n++;
		name = slice_head(s, n);
		s = slice_from(s, n);
		if (!log_take_octet(&s, '=')) {
			log_take_octet(&s, ' ');
			continue;
		}
		if (!log_take_octet(&s, '"')) {
			value = log_take_word(&s);
			put_field(row, name, value);
			continue;
		}
		if (!haraka_take_string(&s, &value)) {
			put_field(row, name, value);
			return false;
		}
		put_field(row, name, value);
	}
	return true;
}

/* {"name":"value","name":1} */
static bool take_object(struct haraka_row *row, struct slice s)
{
	if (!log_take_octet(&s, '{'))
		return false;
	while (s.len > 0 && s.p[0] != '}') {
		struct slice name, value;
		size_t n = 0;

		log_take_octet(&s, ',');
		if (!log_take_octet(&s, '"') ||
		    !haraka_take_string(&s, &name) ||
		    !log_take_octet(&s, ':'))
			return false;
		if (log_take_octet(&s, '"')) {
			if (!haraka_take_string(&s, &value))
				return false;
		} else {
			/* a number, a word; objects within end the reading */
			while (n < s.len && s.p[n] != ',' && s.p[n] != '}')
				n++;
			value = slice_head(s, n);
			s = slice_from(s, n);
		}
		put_field(row, name, value);
	}
	return true;
}

static bool take_bracket(struct slice *rest, struct slice *in_r)
{
	const uint8_t *close;
	struct slice s = *rest;

	if (!log_take_octet(&s, '[') || s.len == 0)
		return false;
	close = memchr(s.p, ']', s.len);
	if (!close)
		return false;
	*in_r = slice_head(s, (size_t)(close - s.p));
	s = slice_from(s, in_r->len + 1);
	log_take_octet(&s, ' ');
	*rest = s;
	return true;
}

/* "[PROTOCOL] [uuid] [core] C: QUIT state=1" */
static bool take_default(struct haraka_row *row, struct slice s)
{
	if (!take_bracket(&s, &row->of[HARAKA_LEVEL]) ||
	    !take_bracket(&s, &row->of[HARAKA_UUID]) ||
	    !take_bracket(&s, &row->of[HARAKA_ORIGIN]))
		return false;
	row->of[HARAKA_MESSAGE] = s;
	return true;
}

/* What a terminal was told about colours. */
static struct slice strip_colour(struct slice s)
{
	size_t n = 2;

	if (s.len < 4 || s.p[0] != 0x1b || s.p[1] != '[')
		return s;
	while (n < s.len && n < 6 && s.p[n] != 'm')
		n++;
	s = slice_from(s, n + 1);
	if (s.len > 5 && s.p[s.len - 5] == 0x1b && s.p[s.len - 1] == 'm')
		s.len -= 5;
	return s;
}

int64_t haraka_take_time(struct slice *rest)
{
	struct slice s = *rest;
	bool zoned;
	int32_t offset;
	int64_t time;

	if (!log_take_iso_time(&s, &time, &zoned, &offset, NULL) || !zoned ||
	    !log_take_octet(&s, ' '))
		return SW_NO_TIME;
	*rest = s;
	return time;
}

bool haraka_parse_row(struct slice line, struct haraka_row *row)
{
	struct slice s = line;

	memset(row, 0, sizeof(*row));
	row->time = haraka_take_time(&s);
	s = strip_colour(s);
	if (s.len > 0 && s.p[0] == '{') {
		row->mode = HARAKA_JSON;
		if (!take_object(row, s))
			return false;
	} else if (slice_has_prefix_nocase(s, slice_str("level="))) {
		row->mode = HARAKA_LOGFMT;
		row->open = !haraka_take_pairs(row, s);
	} else if (!take_default(row, s)) {
		return false;
	}
	return row->of[HARAKA_UUID].p && row->of[HARAKA_ORIGIN].p &&
	    row->of[HARAKA_MESSAGE].p && row->of[HARAKA_LEVEL].p &&
	    find_level(row->of[HARAKA_LEVEL], &row->level);
}

/* --- messages ----------------------------------------------------------- */

/* Four hexadecimal digits. */
static bool take_hex(struct slice s, uint16_t *unit_r)
{
	size_t i;

	*unit_r = 0;
	for (i = 0; i < 4; i++) {
		uint8_t d = i < s.len ? ascii_upper(s.p[i]) : 0;

		if (!ascii_is_digit(d) && !(d >= 'A' && d <= 'F'))
			return false;
		*unit_r = (uint16_t)(*unit_r << 4 | (ascii_is_digit(d) ?
		    d - '0' : d - 'A' + 10));
	}
	return true;
}

/* "\u0000", or two of them that are a pair (RFC 8259 7): the octets behind
 * the first letter that were used. */
static size_t append_escape(struct buffer *b, struct slice s)
{
	uint16_t high = 0, unit;
	uint8_t u[6];
	size_t used = 4, n;

	if (!take_hex(slice_from(s, 1), &unit))
		return 0;
	n = escape_utf16_put(u, &high, unit);
	if (high && slice_has_prefix_nocase(slice_from(s, 5),
	    slice_str("\\u")) && take_hex(slice_from(s, 7), &unit) &&
	    unit >= 0xdc00 && unit <= 0xdfff) {
		n = escape_utf16_put(u, &high, unit);
		used = 10;
	} else if (high) {
		n = escape_utf8_put(u, high); /* half a pair */
	}
	buffer_append(b, u, n);
	return used;
}

struct slice haraka_decode(struct buffer *b, struct slice raw)
{
	static const char from[] = "rntbf", to[] = "\r\n\t\b\f";
	size_t i;

	buffer_clear(b);
	for (i = 0; i < raw.len; i++) {
		const char *at;

		if (raw.p[i] != '\\' || i + 1 == raw.len) {
			buffer_append_char(b, (char)raw.p[i]);
			continue;
		}
		i++;
		at = raw.p[i] ? strchr(from, raw.p[i]) : NULL;
		if (raw.p[i] == 'u')
			i += append_escape(b, slice_from(raw, i));
		else
			buffer_append_char(b, at ? to[at - from] :
			    (char)raw.p[i]);
	}
	return buffer_slice(b);
}

bool haraka_has_suffix(struct slice s, const char *suffix)
{
	struct slice x = slice_str(suffix);

	return s.len >= x.len && memcmp(s.p + s.len - x.len, suffix,
	    x.len) == 0;
}

struct slice haraka_plain(struct buffer *b, const struct haraka_row *row)
{
	struct slice s = row->of[HARAKA_MESSAGE];

	if (row->mode != HARAKA_DEFAULT) {
		s = haraka_decode(b, s);
		if (haraka_has_suffix(s, "\n"))
			s.len--;
		if (haraka_has_suffix(s, "\r"))
			s.len--;
		return s;
	}
	if (haraka_has_suffix(s, "\\n"))
		s.len -= 2;
	if (haraka_has_suffix(s, "\\r"))
		s.len -= 2;
	return s;
}

bool haraka_take_role(struct slice *said, enum sw_role *role_r)
{
	if (log_take_text(said, "C: "))
		*role_r = SW_CLIENT;
	else if (log_take_text(said, "S: "))
		*role_r = SW_SERVER;
	else
		return false;
	return true;
}
