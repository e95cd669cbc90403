/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iis_values.c - values in rows of the SMTP service of IIS */
#include "logs/iis_rows.h"

#include "logs/probe.h"
#include "logs/text.h"

bool iis_user_is_outbound(struct slice user)
{
	return slice_eq_nocase(user, slice_str("OutboundConnectionCommand")) ||
	    slice_eq_nocase(user, slice_str("OutboundConnectionResponse"));
}

struct unplus {
	bool angle, quoted, value;
	bool last_known;
	size_t last_close; /* offset of the last '>' + 1, 0: none */
};

static bool is_hex_upper(uint8_t c)
{
	return ascii_is_digit(c) || (c >= 'A' && c <= 'F');
}

/* "+0100" behind a blank: the zone of a date. */
static bool is_zone(struct slice raw, size_t i)
{
	size_t n;

	if (i == 0 || raw.p[i - 1] != '+' || raw.len - i < 5)
		return false;
	for (n = 1; n < 5; n++)
		if (!ascii_is_digit(raw.p[i + n]))
			return false;
	return true;
}

/* Is the '+' at i one? */
static bool is_plus(const struct unplus *u, struct slice raw, size_t i)
{
	if (u->quoted)
		return false;
	/* RFC 5321 4.1.2: a path holds no blank, but many hold a plus. */
	if (u->angle)
		return true;
	/* RFC 3461 4: "+" and two hex digits in the value of a parameter */
	if (u->value && raw.len - i > 2 && is_hex_upper(raw.p[i + 1]) &&
	    is_hex_upper(raw.p[i + 2]))
		return true;
	return is_zone(raw, i);
}

static size_t find_last_close(struct slice raw)
{
	size_t n = raw.len;

	while (n > 0 && raw.p[n - 1] != '>')
		n--;
	return n;
}

static void track(struct unplus *u, struct slice raw, size_t i)
{
	uint8_t c = raw.p[i];

	if (c == '<' && !u->last_known) {
		u->last_close = find_last_close(raw);
		u->last_known = true;
	}
	if (c == '"')
		u->quoted = !u->quoted;
	else if (c == '<' && !u->quoted)
		u->angle = i < u->last_close;
	else if (c == '>' && !u->quoted)
		u->angle = false;
	else if (c == '=')
		u->value = true;
	else if (c == '+' && !u->angle)
		u->value = false;
}

/* Those of the 16 octets from `at` on that decide what a plus is; one bit
 * each. */
static inline uint64_t find_telling(struct slice raw, size_t at)
{
	uint8_t few[16] = { 0 };
	const uint8_t *p = raw.p + at;

	if (raw.len - at < sizeof(few)) {
		memcpy(few, p, raw.len - at);
		p = few;
	}
	return log_find_in_16(p, '"') | log_find_in_16(p, '+') |
	    log_find_in_16(p, '<') | log_find_in_16(p, '=') |
	    log_find_in_16(p, '>');
}

/* One octet that tells; written to out if it is a blank.  true: something
 * had to be concluded. */
static inline bool unplus_octet(struct unplus *u, struct slice raw, size_t i,
    uint8_t *out)
{
	bool plus = raw.p[i] == '+' && is_plus(u, raw, i);
	bool doubtful = raw.p[i] == '+' && (plus || u->quoted);

	if (plus)
		return doubtful;
	track(u, raw, i);
	if (raw.p[i] == '+')
		out[i] = ' ';
	return doubtful;
}

bool iis_unplus(struct slice raw, struct buffer *out)
{
	struct unplus u = { false, false, false, false, 0 };
	size_t from = out->len, i;
	bool doubtful = false;

	if (!buffer_append_slice(out, raw))
		return false;
	for (i = 0; i < raw.len; i += 16) {
		uint64_t found = find_telling(raw, i);

		for (; found; found &= found - 1)
			doubtful |= unplus_octet(&u, raw, i +
			    (size_t)__builtin_ctzll(found), out->p + from);
	}
	return doubtful;
}

/* A value of a line, with pluses; most have none. */
static inline struct slice decode(struct buffer *b, struct slice line,
    struct slice raw, bool *doubtful_r)
{
	*doubtful_r = false;
	raw = iis_parse_text(raw);
	if (!log_has_octet(raw, line.p + line.len, '+'))
		return raw;
	buffer_clear(b);
	*doubtful_r = iis_unplus(raw, b);
	return buffer_slice(b);
}

bool iis_parse_long_number(struct slice s, int64_t *value_r)
{
	uint64_t value;

	if (!slice_to_u64(s, &value) || value > INT64_MAX)
		return false;
	*value_r = (int64_t)value;
	return true;
}

void iis_decode_row(struct iis_rows *r, struct slice line,
    struct slice user, struct slice method, struct slice query,
    struct iis_row *row)
{
	bool ignored;

	row->user = decode(&r->user, line, user, &ignored);
	row->method = decode(&r->method, line, method, &ignored);
	row->query_blank = query.len > 0 && query.p[0] == '+';
	if (row->query_blank)
		query = slice_from(query, 1);
	row->query = decode(&r->query, line, query, &row->query_doubtful);
	if (row->query_blank && query.len == 1)
		row->query = query; /* a dash that was said */
}

bool iis_parse_plain(const struct iis_plain *p, struct iis_row *row)
{
	int64_t status;

	if (!iis_parse_number(p->status, &status) ||
	    !iis_parse_number(p->win32, &row->win32) ||
	    !iis_parse_number(p->sent, &row->sent) ||
	    !iis_parse_number(p->received, &row->received) ||
	    !iis_parse_number(p->taken, &row->taken_ms) || status > 999)
		return false;
	row->status = (int32_t)status;
	row->port = SW_UNKNOWN;
	row->client = iis_parse_text(p->client);
	row->server = iis_parse_text(p->server);
	row->user = iis_parse_text(p->user);
	row->method = iis_parse_text(p->method);
	row->query = iis_parse_text(p->query);
	if (row->query.len == 0)
		row->query = iis_parse_text(p->target);
	row->query_bare = true;
	return true;
}

void iis_when_keep(struct iis_when *w, struct slice text, int64_t time)
{
	w->time = time;
	w->len = text.len <= sizeof(w->text) ? text.len : 0;
	if (w->len > 0)
		memcpy(w->text, text.p, w->len);
}

bool iis_has_rows(struct slice head, bool (*is_row)(struct slice line,
    const char *name), const char *name)
{
	struct log_tally t = { .share = 4 };

	while (head.len > 0) {
		struct slice line = log_head_line(&head);

		if (is_row(line, name))
			log_tally_row(&t, LOG_TELLS_SMTP);
		else if (line.len > 0)
			log_tally_other(&t);
	}
	return log_tally_judge(&t, NULL);
}
