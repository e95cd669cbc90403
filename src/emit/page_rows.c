/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_rows.c - rows of the page's table, kept as columns
 *
 * What the left side does not know is taken from the right one.
 */
#include "emit/page_rows.h"

#include "base/clock.h"
#include "base/escape.h"
#include "emit/json.h"

/* Octets of one text of a row, and of all that is only searched. */
enum { TEXT_OCTETS = 200, SEARCH_OCTETS = 800 };
#define NS_PER_MS INT64_C(1000000)

static void put(struct buffer *b, const char *text)
{
	(void)buffer_append_str(b, text);
}

/* At most max octets, cut between characters. */
static struct slice cut(struct sw_bytes s, size_t max)
{
	size_t len = s.len;

	if (len > max)
		for (len = max; len > max - 4 && (s.data[len] & 0xc0) == 0x80;)
			len--;
	return slice_make(s.data, len);
}

static void put_text(struct buffer *b, struct sw_bytes s)
{
	if (s.data)
		(void)escape_json(b, cut(s, TEXT_OCTETS));
	else
		put(b, "0");
}

static void put_number(struct buffer *b, int64_t v)
{
	(void)buffer_append_i64(b, v);
}

/* The session that is told first. */
static const struct sw_session *first(const struct page_row *r)
{
	return r->sides[0] ? r->sides[0] : r->sides[1];
}

static const struct sw_session *second(const struct page_row *r)
{
	return r->sides[0] ? r->sides[1] : NULL;
}

/* --- what is picked of both sides ----------------------------------------- */

static struct sw_bytes pick(const struct page_row *r,
    struct sw_bytes (*of)(const struct sw_session *s))
{
	struct sw_bytes v = of(first(r));

	if (v.len == 0 && second(r)) {
		struct sw_bytes other = of(second(r));

		return other.data ? other : v;
	}
	return v;
}

static struct sw_bytes client_ip(const struct sw_session *s)
{
	return s->client.ip;
}

static struct sw_bytes client_name(const struct sw_session *s)
{
	return s->client.name;
}

static struct sw_bytes server_ip(const struct sw_session *s)
{
	return s->server.ip;
}

static struct sw_bytes server_name(const struct sw_session *s)
{
	return s->server.name;
}

static struct sw_bytes sender(const struct sw_session *s)
{
	struct sw_bytes none = { NULL, 0 };
	size_t i;

	for (i = 0; i < s->message_count; i++)
		if (s->messages[i].from.data)
			return s->messages[i].from;
	return none;
}

static struct sw_bytes recipient(const struct sw_session *s)
{
	struct sw_bytes none = { NULL, 0 };
	size_t i;

	for (i = 0; i < s->message_count; i++)
		if (s->messages[i].recipient_count > 0)
			return s->messages[i].recipients[0].to;
	return none;
}

static struct sw_bytes subject(const struct sw_session *s)
{
	struct sw_bytes none = { NULL, 0 };
	size_t i;

	for (i = 0; i < s->message_count; i++)
		if (s->messages[i].subject.data)
			return s->messages[i].subject;
	return none;
}

static int64_t recipients(const struct sw_session *s)
{
	size_t i;
	int64_t n = 0;

	for (i = 0; i < s->message_count; i++)
		n += (int64_t)s->messages[i].recipient_count;
	return n;
}

/* What became of the messages: one word for all. */
static const char *outcome(const struct sw_session *s)
{
	size_t i;

	if (s->message_count == 0)
		return "";
	for (i = 1; i < s->message_count; i++)
		if (s->messages[i].outcome != s->messages[0].outcome)
			return "mixed";
	return sw_outcome_name(s->messages[0].outcome);
}

/* --- what is searched and not shown --------------------------------------- */

/* Once, a line each, as long as there is room. */
static void add_word(struct buffer *b, struct sw_bytes word)
{
	struct slice s = cut(word, TEXT_OCTETS);
	size_t i;

	if (s.len == 0 || b->len + s.len + 1 > SEARCH_OCTETS)
		return;
	for (i = 0; i + s.len <= b->len; i++)
		if (memcmp(b->p + i, s.p, s.len) == 0)
			return;
	(void)buffer_append_slice(b, s);
	put(b, "\n");
}

static void add_words(struct buffer *b, const struct sw_session *s)
{
	size_t i, k;

	add_word(b, s->client.ip);
	add_word(b, s->client.name);
	add_word(b, s->server.ip);
	add_word(b, s->server.name);
	for (i = 0; i < s->message_count && b->len < SEARCH_OCTETS; i++) {
		const struct sw_message *m = &s->messages[i];

		add_word(b, m->queue_id);
		add_word(b, m->message_id);
		add_word(b, m->from);
		add_word(b, m->subject);
		for (k = 0; k < m->recipient_count && k < 32; k++)
			add_word(b, m->recipients[k].to);
	}
}

/* --- columns -------------------------------------------------------------- */

static void put_verdict(struct buffer *b, const struct page_row *r)
{
	put_number(b, (int64_t)r->verdict);
}

/* Of a pair the kinds of findings, each once; of a session the codes of its
 * notes. */
static void put_kinds(struct buffer *b, const struct page_row *r)
{
	const struct sw_session *s = first(r);
	size_t count = r->pair ? r->pair->finding_count :
	    r->verdict < PAGE_FINE ? 0 : s->note_count, i;
	uint64_t seen = 0;

	if (count == 0) {
		put(b, "0");
		return;
	}
	put(b, "[");
	for (i = 0; i < count; i++) {
		unsigned k = r->pair ? (unsigned)r->pair->findings[i].kind :
		    (unsigned)s->notes[i].code;

		if (k >= 64 || (seen >> k & 1))
			continue;
		put(b, seen ? "," : "");
		seen |= UINT64_C(1) << k;
		put_number(b, (int64_t)k);
	}
	put(b, "]");
}

static void put_reason(struct buffer *b, const struct page_row *r)
{
	if (r->reason)
		(void)escape_json(b, slice_str(r->reason));
	else
		put(b, "0");
}

/* By the clock that is finer, if both know it. */
static void put_duration(struct buffer *b, const struct page_row *r)
{
	int64_t ms = -1, finest = INT64_MAX;
	size_t i;

	for (i = 0; i < 2 && !r->no_times; i++) {
		const struct sw_session *s = r->sides[i];

		if (!s || s->start == SW_NO_TIME || s->end == SW_NO_TIME ||
		    s->clock.resolution_ns >= finest)
			continue;
		finest = s->clock.resolution_ns;
		ms = clock_add(s->end, -s->start) / NS_PER_MS;
	}
	put_number(b, ms);
}

/* "Z/6", "+02:00/0", "local/0", "day/3": how the side's times are read, and
 * their digits. */
static void put_clock(struct buffer *b, const struct sw_session *s)
{
	const struct sw_clock *c;
	int32_t minutes;

	if (!s || s->clock.zone == SW_ZONE_NONE) {
		put(b, "0");
		return;
	}
	c = &s->clock;
	minutes = (c->offset_s < 0 ? -c->offset_s : c->offset_s) / 60;
	put(b, "\"");
	if (c->date == SW_DATE_NONE) {
		put(b, "day");
	} else if (c->zone == SW_ZONE_OFFSET) {
		uint8_t digits[4];

		buffer_put_digits(digits, (uint64_t)minutes / 60, 2);
		buffer_put_digits(digits + 2, (uint64_t)minutes % 60, 2);
		put(b, c->offset_s < 0 ? "-" : "+");
		(void)buffer_append(b, digits, 2);
		put(b, ":");
		(void)buffer_append(b, digits + 2, 2);
	} else {
		put(b, c->zone == SW_ZONE_UTC ? "Z" : "local");
	}
	put(b, "/");
	put_number(b, clock_digits(c->resolution_ns));
	put(b, "\"");
}

static void put_left_clock(struct buffer *b, const struct page_row *r)
{
	put_clock(b, r->sides[0]);
}

static void put_right_clock(struct buffer *b, const struct page_row *r)
{
	put_clock(b, r->sides[1]);
}

static void put_client_ip(struct buffer *b, const struct page_row *r)
{
	put_text(b, pick(r, client_ip));
}

static void put_client_name(struct buffer *b, const struct page_row *r)
{
	put_text(b, pick(r, client_name));
}

static void put_server_ip(struct buffer *b, const struct page_row *r)
{
	put_text(b, pick(r, server_ip));
}

static void put_server_name(struct buffer *b, const struct page_row *r)
{
	put_text(b, pick(r, server_name));
}

static void put_client_port(struct buffer *b, const struct page_row *r)
{
	int32_t port = first(r)->client.port;

	put_number(b, port < 0 && second(r) ? second(r)->client.port : port);
}

static void put_server_port(struct buffer *b, const struct page_row *r)
{
	int32_t port = first(r)->server.port;

	put_number(b, port < 0 && second(r) ? second(r)->server.port : port);
}

static void put_sender(struct buffer *b, const struct page_row *r)
{
	put_text(b, pick(r, sender));
}

static void put_recipient(struct buffer *b, const struct page_row *r)
{
	put_text(b, pick(r, recipient));
}

static void put_subject(struct buffer *b, const struct page_row *r)
{
	put_text(b, pick(r, subject));
}

static void put_recipients(struct buffer *b, const struct page_row *r)
{
	int64_t n = recipients(first(r));

	put_number(b, n == 0 && second(r) ? recipients(second(r)) : n);
}

static void put_messages(struct buffer *b, const struct page_row *r)
{
	size_t n = first(r)->message_count;

	put_number(b, (int64_t)(n == 0 && second(r) ?
	    second(r)->message_count : n));
}

static void put_outcome(struct buffer *b, const struct page_row *r)
{
	const char *name = outcome(first(r));

	if (*name == '\0' && second(r))
		name = outcome(second(r));
	put(b, "\"");
	put(b, name);
	put(b, "\"");
}

static void put_search(struct buffer *b, const struct page_row *r)
{
	struct buffer words;

	buffer_init(&words, 4 * SEARCH_OCTETS);
	add_words(&words, first(r));
	if (second(r))
		add_words(&words, second(r));
	(void)escape_json(b, buffer_slice(&words));
	b->failed |= words.failed;
	buffer_fini(&words);
}

static void put_id(struct buffer *b, const struct sw_session *s)
{
	if (s)
		json_id(b, s->id);
	else
		put(b, "0");
}

static void put_left_id(struct buffer *b, const struct page_row *r)
{
	put_id(b, r->sides[0]);
}

static void put_right_id(struct buffer *b, const struct page_row *r)
{
	put_id(b, r->sides[1]);
}

/* Where a side's session stands: its first file, and numbers in it. */
static void put_file(struct buffer *b, const struct sw_session *s)
{
	struct sw_bytes none = { NULL, 0 };

	put_text(b, !s ? none : s->source.part_count > 0 ?
	    s->source.parts[0].name : s->source.name);
}

static void put_first(struct buffer *b, const struct sw_session *s)
{
	put_number(b, !s ? 0 : (int64_t)(s->source.part_count > 0 ?
	    s->source.parts[0].first : s->source.first));
}

static void put_last(struct buffer *b, const struct sw_session *s)
{
	put_number(b, !s ? 0 : (int64_t)(s->source.part_count > 0 ?
	    s->source.parts[0].last : s->source.last));
}

/* An enum sw_unit. */
static void put_unit(struct buffer *b, const struct sw_session *s)
{
	put_number(b, s ? (int64_t)s->source.unit : 0);
}

static void put_left_unit(struct buffer *b, const struct page_row *r)
{
	put_unit(b, r->sides[0]);
}

static void put_right_unit(struct buffer *b, const struct page_row *r)
{
	put_unit(b, r->sides[1]);
}

static void put_left_file(struct buffer *b, const struct page_row *r)
{
	put_file(b, r->sides[0]);
}

static void put_left_first(struct buffer *b, const struct page_row *r)
{
	put_first(b, r->sides[0]);
}

static void put_left_last(struct buffer *b, const struct page_row *r)
{
	put_last(b, r->sides[0]);
}

static void put_right_file(struct buffer *b, const struct page_row *r)
{
	put_file(b, r->sides[1]);
}

static void put_right_first(struct buffer *b, const struct page_row *r)
{
	put_first(b, r->sides[1]);
}

static void put_right_last(struct buffer *b, const struct page_row *r)
{
	put_last(b, r->sides[1]);
}

static void put_chunk(struct buffer *b, const struct page_row *r)
{
	put_number(b, r->chunk);
}

static void put_entry(struct buffer *b, const struct page_row *r)
{
	put_number(b, (int64_t)r->entry);
}

static const struct column {
	const char *name;
	void (*put)(struct buffer *b, const struct page_row *r);
} columns[] = {
	{ "verdict", put_verdict },
	{ "kinds", put_kinds },
	{ "reason", put_reason },
	{ "duration", put_duration },
	{ "leftClock", put_left_clock },
	{ "rightClock", put_right_clock },
	{ "clientIp", put_client_ip },
	{ "clientPort", put_client_port },
	{ "clientName", put_client_name },
	{ "serverIp", put_server_ip },
	{ "serverPort", put_server_port },
	{ "serverName", put_server_name },
	{ "from", put_sender },
	{ "to", put_recipient },
	{ "recipients", put_recipients },
	{ "subject", put_subject },
	{ "messages", put_messages },
	{ "outcome", put_outcome },
	{ "search", put_search },
	{ "leftId", put_left_id },
	{ "rightId", put_right_id },
	{ "leftUnit", put_left_unit },
	{ "leftFile", put_left_file },
	{ "leftFirst", put_left_first },
	{ "leftLast", put_left_last },
	{ "rightUnit", put_right_unit },
	{ "rightFile", put_right_file },
	{ "rightFirst", put_right_first },
	{ "rightLast", put_right_last },
	{ "chunk", put_chunk },
	{ "entry", put_entry },
};
_Static_assert(sizeof(columns) / sizeof(columns[0]) == PAGE_COLUMNS,
    "a buffer for each column");
static const char *const time_names[2] = { "leftTime", "rightTime" };

/* As difference in ms to the one before, null if there is none. */
static void put_time(struct page_rows *rows, const struct page_row *r,
    size_t side)
{
	struct buffer *b = &rows->times[side];
	const struct sw_session *s = r->sides[side];
	int64_t ms;

	if (!s || r->no_times || s->start == SW_NO_TIME) {
		put(b, "null");
		return;
	}
	ms = s->start / NS_PER_MS;
	put_number(b, ms - rows->before[side]);
	rows->before[side] = ms;
}

/* --- all of them ---------------------------------------------------------- */

void page_rows_init(struct page_rows *r)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < PAGE_COLUMNS; i++)
		buffer_init(&r->columns[i], SIZE_MAX / 2);
	for (i = 0; i < 2; i++)
		buffer_init(&r->times[i], SIZE_MAX / 2);
}

void page_rows_fini(struct page_rows *r)
{
	size_t i;

	for (i = 0; i < PAGE_COLUMNS; i++)
		buffer_fini(&r->columns[i]);
	for (i = 0; i < 2; i++)
		buffer_fini(&r->times[i]);
}

bool page_rows_add(struct page_rows *r, const struct page_row *row)
{
	bool failed = false;
	size_t i;

	r->octets = 0;
	for (i = 0; i < PAGE_COLUMNS; i++) {
		put(&r->columns[i], r->count ? "," : "");
		columns[i].put(&r->columns[i], row);
		failed |= r->columns[i].failed;
		r->octets += r->columns[i].len;
	}
	for (i = 0; i < 2; i++) {
		put(&r->times[i], r->count ? "," : "");
		put_time(r, row, i);
		failed |= r->times[i].failed;
	}
	r->count++;
	return !failed;
}

static void take_column(struct buffer *out, const char *name,
    struct buffer *column)
{
	put(out, ",\"");
	put(out, name);
	put(out, "\":[");
	(void)buffer_append_slice(out, buffer_slice(column));
	put(out, "]");
	buffer_clear(column);
}

bool page_rows_take(struct page_rows *r, struct buffer *out)
{
	size_t i;

	put(out, "{\"count\":");
	put_number(out, (int64_t)r->count);
	for (i = 0; i < PAGE_COLUMNS; i++)
		take_column(out, columns[i].name, &r->columns[i]);
	for (i = 0; i < 2; i++) {
		take_column(out, time_names[i], &r->times[i]);
		r->before[i] = 0;
	}
	put(out, "}");
	r->count = 0;
	r->octets = 0;
	return !out->failed && !out->full;
}
