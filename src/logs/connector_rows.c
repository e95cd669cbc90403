/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connector_rows.c - rows of protocol logs of Exchange connectors */
#include "logs/connector.h"
#include "logs/text.h"
#include "logs/when.h"

static const char *const column_names[] = {
	[CONNECTOR_TIME] = "date-time",
	[CONNECTOR_CONNECTOR] = "connector-id",
	[CONNECTOR_SESSION] = "session-id",
	[CONNECTOR_SEQUENCE] = "sequence-number",
	[CONNECTOR_LOCAL] = "local-endpoint",
	[CONNECTOR_REMOTE] = "remote-endpoint",
	[CONNECTOR_EVENT] = "event",
	[CONNECTOR_DATA] = "data",
	[CONNECTOR_CONTEXT] = "context",
};
_Static_assert(sizeof(column_names) / sizeof(column_names[0]) ==
    CONNECTOR_OTHER, "each column has a name");

void connector_rows_init(struct connector_rows *r)
{
	size_t i;

	r->day_ns = SW_NO_TIME;
	for (i = 0; i < 3; i++)
		buffer_init(&r->unquoted[i], LIMIT_LINE);
}

void connector_rows_fini(struct connector_rows *r)
{
	size_t i;

	for (i = 0; i < 3; i++)
		buffer_fini(&r->unquoted[i]);
}

static enum connector_column column_of(struct slice name)
{
	unsigned i;

	for (i = 0; i < CONNECTOR_OTHER; i++)
		if (slice_eq_nocase(name, slice_str(column_names[i])))
			return (enum connector_column)i;
	return CONNECTOR_OTHER;
}

void connector_parse_fields(struct connector_fields *f, struct slice names)
{
	memset(f, 0, sizeof(*f));
	while (names.len > 0 && f->count < LIMIT_LOG_COLUMNS) {
		enum connector_column c = column_of(slice_trim(
		    log_take_until(&names, ',')));

		if (f->known & SW_BIT(c))
			c = CONNECTOR_OTHER;
		f->known |= SW_BIT(c);
		f->column[f->count++] = (uint8_t)c;
	}
}

/* A file without its head has the columns that all versions write. */
static void usual_fields(struct connector_fields *f)
{
	unsigned i;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < CONNECTOR_OTHER; i++) {
		f->column[f->count++] = (uint8_t)i;
		f->known |= SW_BIT(i);
	}
}

/* --- values ------------------------------------------------------------- */

/* A quoted value, RFC 4180; *raw_r: with its quotes doubled. */
static bool take_quoted(struct slice *rest, struct slice *raw_r)
{
	struct slice s = slice_from(*rest, 1);
	size_t n = 0;

	for (;;) {
		const uint8_t *q = n < s.len ? memchr(s.p + n, '"',
		    s.len - n) : NULL;

		if (!q)
			return false;
		n = (size_t)(q - s.p) + 1;
		if (n < s.len && s.p[n] == '"')
			n++;
		else
			break;
	}
	if (n < s.len && s.p[n] != ',')
		return false;
	*raw_r = slice_head(s, n - 1);
	*rest = slice_from(s, n < s.len ? n + 1 : n);
	return true;
}

/* The usual row, in which nothing is quoted. */
static bool split_plain(const struct connector_fields *f, struct slice line,
    struct connector_values *v_r)
{
	struct log_ends ends;
	size_t i, count;

	if (!log_find_ends(line, ',', f->count - 1, &ends))
		return false;
	count = ends.count < f->count ? ends.count : f->count;
	for (i = 0; i < count; i++)
		v_r->of[f->column[i]] = log_value_at(line, &ends, i);
	return true;
}

/*
 * The values of a row.  A row may end before its last columns; what is more
 * than they hold goes to the last one.  A quote that is never closed is part
 * of its value (the row is cut, or was copied without care).
 */
static bool split(const struct connector_fields *f, struct slice line,
    struct connector_values *v_r)
{
	size_t i;

	memset(v_r, 0, sizeof(*v_r));
	if (f->count > 0 && !memchr(line.p, '"', line.len) &&
	    split_plain(f, line, v_r))
		return v_r->of[CONNECTOR_EVENT].p != NULL;
	for (i = 0; i < f->count; i++) {
		struct slice *v = &v_r->of[f->column[i]];

		if (line.len > 0 && line.p[0] == '"' &&
		    take_quoted(&line, v))
			continue;
		if (i + 1 == f->count)
			*v = line;
		else
			*v = log_take_until(&line, ',');
		if (line.len == 0)
			break;
	}
	return v_r->of[CONNECTOR_EVENT].p != NULL;
}

/* Doubled quotes are one. */
static struct slice undouble(struct buffer *b, struct slice s)
{
	size_t i;

	if (s.len == 0 || !memchr(s.p, '"', s.len))
		return s;
	buffer_clear(b);
	for (i = 0; i < s.len; i++) {
		buffer_append_char(b, (char)s.p[i]);
		if (s.p[i] == '"' && i + 1 < s.len && s.p[i + 1] == '"')
			i++;
	}
	return buffer_slice(b);
}

/* Over 99: they are none. */
static inline unsigned two_digits(const uint8_t *p)
{
	unsigned high = (unsigned)p[0] - '0', low = (unsigned)p[1] - '0';

	return high > 9 || low > 9 ? 100 : high * 10 + low;
}

/* "15:59:51.433Z", as all rows have it; false: it is written otherwise. */
static bool parse_usual_time(struct slice s, int64_t *ns_r)
{
	const uint8_t *p = s.p;
	unsigned h, m, sec, ms, last;

	if (s.len != sizeof("00:00:00.000Z") - 1 || p[2] != ':' ||
	    p[5] != ':' || p[8] != '.' || p[12] != 'Z')
		return false;
	h = two_digits(p);
	m = two_digits(p + 3);
	sec = two_digits(p + 6);
	ms = two_digits(p + 9);
	last = (unsigned)p[11] - '0';
	if (h > 23 || m > 59 || sec > 60 || ms > 99 || last > 9)
		return false;
	*ns_r = ((h * INT64_C(60) + m) * 60 + sec) * NS_PER_S +
	    (ms * 10 + last) * (NS_PER_S / 1000);
	return true;
}

/* "2023-01-11T15:59:51.433Z"; the day is worked out when it changes. */
static bool parse_time(struct connector_rows *r, struct slice s,
    int64_t *time_r)
{
	struct slice day = slice_head(s, sizeof(r->day_text)), rest;
	bool zoned;
	int32_t offset;
	int64_t ns;

	if (day.len == sizeof(r->day_text) && r->day_ns != SW_NO_TIME &&
	    memcmp(day.p, r->day_text, day.len) == 0) {
		rest = slice_from(s, day.len + 1);
		if (s.len > day.len && s.p[day.len] == 'T' &&
		    parse_usual_time(rest, &ns)) {
			*time_r = clock_add(r->day_ns, ns);
			return true;
		}
		if (s.len <= day.len || (s.p[day.len] != 'T' &&
		    s.p[day.len] != ' ') || !log_take_time(&rest, &ns, NULL))
			return false;
		log_take_octet(&rest, 'Z');
		*time_r = clock_add(r->day_ns, ns);
		return rest.len == 0;
	}
	rest = s;
	if (!log_take_iso_time(&rest, time_r, &zoned, &offset, NULL) ||
	    rest.len > 0)
		return false;
	if (offset == 0) {
		struct civil c;

		memcpy(r->day_text, s.p, sizeof(r->day_text));
		rest = s;
		if (log_take_iso_date(&rest, &c))
			r->day_ns = log_make_time(&c, 0);
	}
	return true;
}

int64_t connector_number(struct slice s)
{
	uint64_t value;

	if (!slice_to_u64(s, &value) || value > INT64_MAX)
		return SW_UNKNOWN;
	return (int64_t)value;
}

/* --- rows --------------------------------------------------------------- */

static bool is_event(struct slice s)
{
	return s.len == 0 || (s.len == 1 && memchr("+-<>*", s.p[0], 5));
}

bool connector_parse_row(struct connector_rows *r, struct slice line,
    struct connector_values *v, int64_t *time_r)
{
	static const enum connector_column texts[] = { CONNECTOR_DATA,
		CONNECTOR_CONTEXT, CONNECTOR_CONNECTOR };
	size_t i;

	if (r->fields.count == 0)
		usual_fields(&r->fields);
	if (!split(&r->fields, line, v) ||
	    !is_event(v->of[CONNECTOR_EVENT]))
		return false;
	*time_r = SW_NO_TIME;
	if ((r->fields.known & SW_BIT(CONNECTOR_TIME)) &&
	    !parse_time(r, v->of[CONNECTOR_TIME], time_r))
		return false;
	/* An empty event and nothing said: cut behind the endpoints. */
	if (v->of[CONNECTOR_EVENT].len == 0 && v->of[CONNECTOR_DATA].len == 0 &&
	    v->of[CONNECTOR_CONTEXT].len == 0)
		return false;
	for (i = 0; i < 3; i++)
		v->of[texts[i]] = undouble(&r->unquoted[i], v->of[texts[i]]);
	return true;
}

/* Is this a row of the usual columns? */
bool connector_is_usual_row(struct slice line)
{
	struct connector_fields f;
	struct connector_values v;
	int64_t time;
	int32_t offset;
	bool zoned;

	usual_fields(&f);
	return split(&f, line, &v) && is_event(v.of[CONNECTOR_EVENT]) &&
	    v.of[CONNECTOR_SESSION].len == 16 &&
	    connector_number(v.of[CONNECTOR_SEQUENCE]) != SW_UNKNOWN &&
	    log_take_iso_time(&v.of[CONNECTOR_TIME], &time, &zoned, &offset,
	    NULL) && zoned;
}
