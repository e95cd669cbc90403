/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_json.c - a session read back from a line of JSON
 *
 * Theory of operation.  jansson parses the line, which must be UTF-8; then
 * each object is walked by the names of the contract.  A field that is
 * absent is not known, as the normal form wants it; one that is there has
 * its type, or the line is refused with a sentence that names the field.
 * Fields, flags and records of other names are ignored, since later versions
 * may add some; notes of an unknown code are counted as omitted.
 *
 * What is told by line_base64 and lines_base64 is taken from there.  Octets
 * of other strings that were no UTF-8 stay the U+FFFD that they became.
 */
#include "transcript/store.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/error.h"

/* Names of values: NULL beyond the last, or for one without a name. */
typedef const char *(*name_fn)(unsigned v);

#define NAME_FN(f, type, call) \
	static const char *f(unsigned v) { return call((type)v); }
NAME_FN(unit_name, enum sw_unit, sw_unit_name)
NAME_FN(source_kind_name, enum sw_source_kind, sw_source_kind_name)
NAME_FN(recorder_name, enum sw_recorder, sw_recorder_name)
NAME_FN(protocol_name, enum sw_protocol, sw_protocol_name)
NAME_FN(role_name, enum sw_role, sw_role_name)
NAME_FN(ending_name, enum sw_ending, sw_ending_name)
NAME_FN(record_name, enum sw_record, sw_record_name)
NAME_FN(flag_name, enum sw_flag, sw_flag_name)
NAME_FN(event_kind_name, enum sw_event_kind, sw_event_kind_name)
NAME_FN(close_how_name, enum sw_close_how, sw_close_how_name)
NAME_FN(status_name, enum sw_status_of_recipient, sw_recipient_status_name)
NAME_FN(method_name, enum sw_method, sw_method_name)
NAME_FN(outcome_name, enum sw_outcome, sw_outcome_name)
NAME_FN(severity_name, enum sw_severity, sw_severity_name)
NAME_FN(note_name, enum sw_note_code, sw_note_name)
NAME_FN(date_kind_name, enum sw_date_kind, sw_date_kind_name)

struct reader {
	struct arena *arena;
	struct sw_session *s;
	uint64_t line;
	struct sw_err *err;
	enum sw_status status; /* of the first error */
};

/* --- values ------------------------------------------------------------- */

/* The first error is the one that is told. */
static void refuse(struct reader *r, const char *field, const char *what)
{
	if (r->status != SW_OK)
		return;
	r->status = base_error_at(r->err, SW_EFORMAT, r->line,
	    "line %llu: the field \"%s\" is not %s",
	    (unsigned long long)r->line, field, what);
}

static void no_memory(struct reader *r)
{
	if (r->status == SW_OK)
		r->status = base_error_set(r->err, SW_ENOMEM,
		    "out of memory");
}

/* The value of a field, NULL if it is absent or null. */
static json_t *field(const json_t *o, const char *name)
{
	json_t *v = json_object_get(o, name);

	return json_is_null(v) ? NULL : v;
}

static struct sw_bytes copy(struct reader *r, const json_t *string)
{
	struct sw_bytes b = arena_copy(r->arena,
	    slice_make(json_string_value(string),
	    json_string_length(string)));

	if (!b.data)
		no_memory(r);
	return b;
}

static struct sw_bytes get_bytes(struct reader *r, const json_t *o,
    const char *name)
{
	struct sw_bytes none = { NULL, 0 };
	const json_t *v = field(o, name);

	if (!v)
		return none;
	if (json_is_string(v))
		return copy(r, v);
	refuse(r, name, "a string");
	return none;
}

/* A whole number from 0 to max; absent when it is not known. */
static int64_t get_number(struct reader *r, const json_t *o,
    const char *name, int64_t max, int64_t absent)
{
	const json_t *v = field(o, name);

	if (!v)
		return absent;
	if (json_is_integer(v) && json_integer_value(v) >= 0 &&
	    json_integer_value(v) <= max)
		return json_integer_value(v);
	refuse(r, name, "a whole number in its range");
	return absent;
}

static int64_t get_known(struct reader *r, const json_t *o, const char *name)
{
	return get_number(r, o, name, INT64_MAX, SW_UNKNOWN);
}

static int32_t get_code(struct reader *r, const json_t *o, const char *name)
{
	return (int32_t)get_number(r, o, name, INT32_MAX, SW_UNKNOWN);
}

static uint32_t get_ref(struct reader *r, const json_t *o, const char *name)
{
	return (uint32_t)get_number(r, o, name, UINT32_MAX, 0);
}

static uint64_t get_count(struct reader *r, const json_t *o,
    const char *name)
{
	return (uint64_t)get_number(r, o, name, INT64_MAX, 0);
}

static bool get_bool(struct reader *r, const json_t *o, const char *name)
{
	const json_t *v = field(o, name);

	if (v && !json_is_boolean(v))
		refuse(r, name, "true or false");
	return json_is_true(v);
}

/* A number of seconds as ns; absent or null: SW_UNKNOWN. */
static int64_t get_seconds(struct reader *r, const json_t *o,
    const char *name)
{
	const json_t *v = field(o, name);
	double ns;

	if (!v)
		return SW_UNKNOWN;
	ns = json_number_value(v) * 1e9;
	if (json_is_number(v) && ns >= 0 && ns < 9e18)
		return (int64_t)(ns + 0.5);
	refuse(r, name, "a number of seconds");
	return SW_UNKNOWN;
}

/* Index of the name among count; count if it is none of them. */
static unsigned look_up(const json_t *v, unsigned count, name_fn name)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		const char *n = name(i);

		if (n && json_is_string(v) &&
		    strcmp(json_string_value(v), n) == 0)
			break;
	}
	return i;
}

/* The value that the field names; absent if it is absent or null. */
static unsigned get_name(struct reader *r, const json_t *o,
    const char *name, unsigned count, name_fn names, unsigned absent)
{
	const json_t *v = field(o, name);
	unsigned i;

	if (!v)
		return absent;
	i = look_up(v, count, names);
	if (i < count)
		return i;
	refuse(r, name, "one of the names that it may have");
	return absent;
}

/* A list of names as a set of bits; other names are ignored. */
static uint32_t get_set(struct reader *r, const json_t *o, const char *name,
    unsigned count, name_fn names)
{
	const json_t *v = field(o, name);
	uint32_t set = 0;
	size_t i;

	if (v && !json_is_array(v))
		refuse(r, name, "a list of names");
	for (i = 0; i < json_array_size(v); i++) {
		const json_t *item = json_array_get(v, i);
		unsigned bit = look_up(item, count, names);

		if (!json_is_string(item))
			refuse(r, name, "a list of names");
		if (bit < count)
			set |= SW_BIT(bit);
	}
	return set;
}

/* An object in a field, NULL if it is absent or null. */
static const json_t *get_object(struct reader *r, const json_t *o,
    const char *name)
{
	const json_t *v = field(o, name);

	if (!v || json_is_object(v))
		return v;
	refuse(r, name, "an object");
	return NULL;
}

/* The element i of a list must be an object. */
static const json_t *item_object(struct reader *r, const json_t *list,
    size_t i, const char *name)
{
	const json_t *v = json_array_get(list, i);

	if (json_is_object(v))
		return v;
	refuse(r, name, "a list of objects");
	return NULL;
}

/* A list in a field, with cleared memory for its elements. */
static const json_t *get_list(struct reader *r, const json_t *o,
    const char *name, size_t size, void **items_r, size_t *count_r)
{
	const json_t *v = field(o, name);

	*items_r = NULL;
	*count_r = 0;
	if (v && !json_is_array(v)) {
		refuse(r, name, "a list");
		return NULL;
	}
	if (json_array_size(v) == 0)
		return v;
	*items_r = arena_calloc(r->arena, json_array_size(v), size);
	if (*items_r)
		*count_r = json_array_size(v);
	else
		no_memory(r);
	return v;
}

/* [first, last] */
static void get_at(struct reader *r, const json_t *o, uint64_t *first_r,
    uint64_t *last_r)
{
	const json_t *v = field(o, "at");
	const json_t *first = json_array_get(v, 0);
	const json_t *last = json_array_get(v, 1);

	*first_r = *last_r = 0;
	if (!v)
		return;
	if (json_array_size(v) != 2 || !json_is_integer(first) ||
	    !json_is_integer(last) || json_integer_value(first) < 0 ||
	    json_integer_value(last) < 0) {
		refuse(r, "at", "a pair of numbers");
		return;
	}
	*first_r = (uint64_t)json_integer_value(first);
	*last_r = (uint64_t)json_integer_value(last);
}

/* The value of a hex digit, -1 for another character. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Just len octets in hex. */
static bool hex_octets(const json_t *v, uint8_t *octets, size_t len)
{
	const char *text = json_string_value(v);
	size_t i;

	if (!text || json_string_length(v) != len * 2)
		return false;
	for (i = 0; i < len; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		octets[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static struct sw_digest get_sha256(struct reader *r, const json_t *o)
{
	struct sw_digest d = { false, { 0 } };
	const json_t *v = field(o, "sha256");

	if (v && !hex_octets(v, d.octets, sizeof(d.octets)))
		refuse(r, "sha256", "64 hex digits");
	d.known = v != NULL;
	return d;
}

/* --- base64 ------------------------------------------------------------- */

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Octets of a padded base64 text (RFC 4648), memory from the arena; data
 * NULL: it is none. */
static struct sw_bytes base64_octets(struct reader *r, const json_t *v)
{
	struct sw_bytes none = { NULL, 0 }, out = none;
	const char *text = json_string_value(v);
	size_t len = text ? json_string_length(v) : 1, pad = 0, i;
	uint32_t bits = 0;
	uint8_t *w;

	if (len % 4 != 0)
		return none;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	w = arena_alloc(r->arena, len / 4 * 3);
	if (!w) {
		no_memory(r);
		return none;
	}
	out.data = w;
	for (i = 0; i < len - pad; i++) {
		int value = base64_value(text[i]);

		if (value < 0)
			return none;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 > 0)
			w[out.len++] = (uint8_t)(bits >> (6 - i % 4 * 2));
	}
	return out;
}

/* --- times -------------------------------------------------------------- */

/* Takes count digits off the text; -1 if they are not there. */
static int take_digits(const char **text, int count)
{
	int v = 0;

	for (; count > 0; count--) {
		if (**text < '0' || **text > '9')
			return -1;
		v = v * 10 + (*(*text)++ - '0');
	}
	return v;
}

/* Takes the character c; false if it is another. */
static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_date(const char **text, struct civil *c)
{
	c->year = take_digits(text, 4);
	if (c->year < 0 || !take_char(text, '-'))
		return false;
	c->month = take_digits(text, 2);
	if (!take_char(text, '-'))
		return false;
	c->day = take_digits(text, 2);
	return take_char(text, 'T');
}

static bool take_time(const char **text, struct civil *c)
{
	int32_t unit = 100000000;

	c->hour = take_digits(text, 2);
	if (!take_char(text, ':'))
		return false;
	c->minute = take_digits(text, 2);
	if (!take_char(text, ':'))
		return false;
	c->second = take_digits(text, 2);
	if (!take_char(text, '.'))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; unit /= 10)
		c->ns += (*(*text)++ - '0') * unit;
	return true;
}

/* "Z" or "+02:00", seconds east; true also when there is none. */
static bool take_offset(const char **text, int32_t *offset_r)
{
	int sign, hours, minutes;

	*offset_r = 0;
	if (**text == '\0' || take_char(text, 'Z'))
		return true;
	sign = **text == '-' ? -1 : 1;
	if (!take_char(text, '-') && !take_char(text, '+'))
		return false;
	hours = take_digits(text, 2);
	if (hours < 0 || !take_char(text, ':'))
		return false;
	minutes = take_digits(text, 2);
	*offset_r = sign * (hours * 3600 + minutes * 60);
	return minutes >= 0;
}

/* A time by the session's clock as ns; false: it is none. */
static bool parse_time(const struct sw_clock *clock, const char *text,
    int64_t *ts_r)
{
	struct civil c = { 1970, 1, 1, 0, 0, 0, 0 };
	int32_t offset;

	if (clock->date != SW_DATE_NONE && !take_date(&text, &c))
		return false;
	if (!take_time(&text, &c) || !clock_civil_is_valid(&c) ||
	    !take_offset(&text, &offset) || *text != '\0')
		return false;
	*ts_r = clock_make(clock_from_civil(&c) - offset, c.ns);
	return *ts_r != SW_NO_TIME;
}

static int64_t get_time(struct reader *r, const json_t *o, const char *name)
{
	const json_t *v = field(o, name);
	const struct sw_clock *clock = &r->s->clock;
	const int64_t day = 86400 * NS_PER_S;
	int64_t ts;

	if (!v)
		return SW_NO_TIME;
	if (!json_is_string(v) ||
	    strlen(json_string_value(v)) != json_string_length(v) ||
	    !parse_time(clock, json_string_value(v), &ts)) {
		refuse(r, name, "a time as the field \"clock\" says");
		return SW_NO_TIME;
	}
	if (clock->date != SW_DATE_NONE)
		return ts;
	/* Times of day: as the clock's zone shows them, and what is hours
	 * before the start is behind midnight. */
	if (clock->zone == SW_ZONE_OFFSET)
		ts -= clock->offset_s * NS_PER_S;
	if (r->s->start != SW_NO_TIME && ts + day / 2 < r->s->start)
		ts += day;
	return ts;
}

/* --- the record --------------------------------------------------------- */

static void read_id(struct reader *r, const json_t *o)
{
	uint8_t octets[8] = { 0 };
	const json_t *v = field(o, "id");
	size_t i;

	if (!hex_octets(v, octets, sizeof(octets)))
		refuse(r, "id", "16 hex digits");
	for (i = 0; i < sizeof(octets); i++)
		r->s->id = r->s->id << 8 | octets[i];
}

static void read_parts(struct reader *r, const json_t *o)
{
	struct sw_source *s = &r->s->source;
	struct sw_part *parts;
	void *items;
	const json_t *list = get_list(r, o, "parts", sizeof(*parts), &items,
	    &s->part_count);
	size_t i;

	s->parts = parts = items;
	for (i = 0; i < s->part_count; i++) {
		const json_t *p = item_object(r, list, i, "parts");

		parts[i].name = get_bytes(r, p, "name");
		parts[i].format = get_bytes(r, p, "format");
		parts[i].first = get_count(r, p, "first");
		parts[i].last = get_count(r, p, "last");
		parts[i].base = get_count(r, p, "base");
	}
}

static void read_source(struct reader *r, const json_t *o)
{
	struct sw_source *s = &r->s->source;
	unsigned kind = r->s->recorder == SW_RECORDER_WIRE ? SW_SOURCE_WIRE :
	    SW_SOURCE_LOG;

	o = get_object(r, o, "source");
	s->kind = (enum sw_source_kind)get_name(r, o, "kind",
	    SW_SOURCE_KIND_COUNT, source_kind_name, kind);
	s->name = get_bytes(r, o, "name");
	s->format = get_bytes(r, o, "format");
	s->first = get_count(r, o, "first");
	s->last = get_count(r, o, "last");
	s->unit = (enum sw_unit)get_name(r, o, "unit", SW_UNIT_COUNT,
	    unit_name, s->kind == SW_SOURCE_WIRE ? SW_UNIT_FRAME :
	    SW_UNIT_LINE);
	read_parts(r, o);
}

static void read_zone(struct reader *r, const json_t *o)
{
	struct sw_clock *c = &r->s->clock;
	const json_t *v = field(o, "zone");
	const char *text = json_is_string(v) ? json_string_value(v) : "";

	c->zone = SW_ZONE_NONE;
	if (!v || strcmp(text, "none") == 0)
		return;
	c->zone = SW_ZONE_UTC;
	if (strcmp(text, "UTC") == 0)
		return;
	c->zone = SW_ZONE_LOCAL;
	if (strcmp(text, "local") == 0)
		return;
	c->zone = SW_ZONE_OFFSET;
	if (*text == '\0' || *text == 'Z' ||
	    !take_offset(&text, &c->offset_s) || *text != '\0')
		refuse(r, "zone", "a zone");
}

static void read_clock(struct reader *r, const json_t *o)
{
	struct sw_clock *c = &r->s->clock;

	o = get_object(r, o, "clock");
	read_zone(r, o);
	c->resolution_ns = get_seconds(r, o, "resolution");
	if (c->resolution_ns < 0)
		c->resolution_ns = 0;
	c->date = (enum sw_date_kind)get_name(r, o, "date", SW_DATE_COUNT,
	    date_kind_name, SW_DATE_NONE);
}

static void read_endpoint(struct reader *r, const json_t *o,
    const char *name, struct sw_endpoint *e)
{
	o = get_object(r, o, name);
	e->ip = get_bytes(r, o, "ip");
	e->port = (int32_t)get_number(r, o, "port", 65535, SW_UNKNOWN);
	e->name = get_bytes(r, o, "name");
}

static void read_octets(struct reader *r, const json_t *o,
    struct sw_octets *octets)
{
	o = get_object(r, o, "octets");
	octets->client = get_known(r, o, "client");
	octets->server = get_known(r, o, "server");
}

static void read_encryption(struct reader *r, const json_t *o)
{
	struct sw_encryption *e;

	o = get_object(r, o, "encryption");
	if (!o)
		return;
	e = arena_calloc(r->arena, 1, sizeof(*e));
	if (!e) {
		no_memory(r);
		return;
	}
	e->starttls = get_bool(r, o, "starttls");
	e->version = get_bytes(r, o, "version");
	e->cipher = get_bytes(r, o, "cipher");
	e->sni = get_bytes(r, o, "sni");
	e->subject = get_bytes(r, o, "subject");
	e->issuer = get_bytes(r, o, "issuer");
	read_octets(r, o, &e->octets);
	e->decrypted = get_bool(r, o, "decrypted");
	r->s->encryption = e;
}

static void read_auth(struct reader *r, const json_t *o)
{
	struct sw_auth *a;
	void *items;
	const json_t *list = get_list(r, o, "auth", sizeof(*a), &items,
	    &r->s->auth_count);
	size_t i;

	r->s->auth = a = items;
	for (i = 0; i < r->s->auth_count; i++) {
		const json_t *p = item_object(r, list, i, "auth");

		a[i].event = get_ref(r, p, "event");
		a[i].mechanism = get_bytes(r, p, "mechanism");
		a[i].user = get_bytes(r, p, "user");
		a[i].code = get_code(r, p, "code");
	}
}

static void read_tcp_side(struct reader *r, const json_t *o,
    const char *name, struct sw_tcp_side *t)
{
	o = get_object(r, o, name);
	t->octets = get_known(r, o, "octets");
	t->retransmitted = get_known(r, o, "retransmitted");
	t->unacked = get_known(r, o, "unacked");
	t->mss = get_code(r, o, "mss");
	t->zero_window_ns = get_seconds(r, o, "zero_window");
}

static void read_tcp(struct reader *r, const json_t *o)
{
	struct sw_tcp *t;

	o = get_object(r, o, "tcp");
	if (!o)
		return;
	t = arena_calloc(r->arena, 1, sizeof(*t));
	if (!t) {
		no_memory(r);
		return;
	}
	t->frames = get_count(r, o, "frames");
	t->syn_rtt_ns = get_seconds(r, o, "syn_rtt");
	read_tcp_side(r, o, "client", &t->client);
	read_tcp_side(r, o, "server", &t->server);
	r->s->tcp = t;
}

static void read_omitted(struct reader *r, const json_t *o)
{
	o = get_object(r, o, "omitted");
	r->s->omitted.events = get_count(r, o, "events");
	r->s->omitted.recipients = get_count(r, o, "recipients");
	r->s->omitted.notes = get_count(r, o, "notes");
}

/* --- messages ----------------------------------------------------------- */

static struct sw_bytes param_value(struct reader *r, const json_t *v)
{
	struct sw_bytes none = { NULL, 0 };

	if (json_is_string(v))
		return copy(r, v);
	if (!json_is_true(v))
		refuse(r, "params", "an object of strings and true");
	return none;
}

static const struct sw_param *read_params(struct reader *r, const json_t *o,
    const char *name, size_t *count_r)
{
	const json_t *v = get_object(r, o, name);
	size_t count = json_object_size(v), i = 0;
	struct sw_param *p;
	void *iter;

	*count_r = 0;
	if (count == 0)
		return NULL;
	p = arena_calloc(r->arena, count, sizeof(*p));
	if (!p) {
		no_memory(r);
		return NULL;
	}
	/* jansson takes no const object here and changes nothing */
	for (iter = json_object_iter(field(o, name)); iter && i < count;
	    iter = json_object_iter_next(field(o, name), iter), i++) {
		const char *key = json_object_iter_key(iter);

		p[i].key = arena_copy(r->arena, slice_str(key));
		if (!p[i].key.data)
			no_memory(r);
		p[i].value = param_value(r, json_object_iter_value(iter));
	}
	*count_r = i;
	return p;
}

static enum sw_status_of_recipient read_status(struct reader *r,
    const json_t *o)
{
	return (enum sw_status_of_recipient)get_name(r, o, "status",
	    SW_RCPT_STATUS_COUNT, status_name, SW_RCPT_UNKNOWN);
}

static void read_recipient(struct reader *r, const json_t *o,
    struct sw_recipient *p)
{
	const json_t *final = get_object(r, o, "final");

	p->to = get_bytes(r, o, "to");
	p->params = read_params(r, o, "params", &p->param_count);
	p->code = get_code(r, o, "code");
	p->text = get_bytes(r, o, "text");
	p->status = read_status(r, o);
	p->has_final = final != NULL;
	p->final_code = get_code(r, final, "code");
	p->final_text = get_bytes(r, final, "text");
	p->final_status = read_status(r, final);
}

static void read_envelope(struct reader *r, const json_t *o,
    struct sw_message *m)
{
	struct sw_recipient *p;
	void *items;
	const json_t *list = get_list(r, o, "recipients", sizeof(*p), &items,
	    &m->recipient_count);
	size_t i;

	m->n = get_ref(r, o, "n");
	m->from = get_bytes(r, o, "from");
	m->from_params = read_params(r, o, "from_params",
	    &m->from_param_count);
	m->recipients = p = items;
	for (i = 0; i < m->recipient_count; i++)
		read_recipient(r, item_object(r, list, i, "recipients"),
		    &p[i]);
}

static void read_message(struct reader *r, const json_t *o,
    struct sw_message *m)
{
	read_envelope(r, o, m);
	m->method = (enum sw_method)get_name(r, o, "method", SW_METHOD_COUNT,
	    method_name, SW_METHOD_NONE);
	m->size = get_known(r, o, "size");
	m->sha256 = get_sha256(r, o);
	m->missing = get_known(r, o, "missing");
	m->header_size = get_known(r, o, "header_size");
	m->message_id = get_bytes(r, o, "message_id");
	m->subject = get_bytes(r, o, "subject");
	m->header_from = get_bytes(r, o, "header_from");
	m->header_to = get_bytes(r, o, "header_to");
	m->date = get_bytes(r, o, "date");
	m->code = get_code(r, o, "code");
	m->text = get_bytes(r, o, "text");
	m->outcome = (enum sw_outcome)get_name(r, o, "outcome",
	    SW_OUTCOME_COUNT, outcome_name, SW_OUTCOME_UNKNOWN);
	m->queue_id = get_bytes(r, o, "queue_id");
	m->file = get_bytes(r, o, "file");
}

static void read_messages(struct reader *r, const json_t *o)
{
	struct sw_message *m;
	void *items;
	const json_t *list = get_list(r, o, "messages", sizeof(*m), &items,
	    &r->s->message_count);
	size_t i;

	r->s->messages = m = items;
	for (i = 0; i < r->s->message_count; i++)
		read_message(r, item_object(r, list, i, "messages"), &m[i]);
}

/* --- events ------------------------------------------------------------- */

static void read_command(struct reader *r, const json_t *o,
    struct sw_command *c)
{
	const json_t *base64 = field(o, "line_base64");

	c->verb = get_bytes(r, o, "verb");
	c->argument = get_bytes(r, o, "argument");
	c->line = get_bytes(r, o, "line");
	if (base64) {
		c->line = base64_octets(r, base64);
		if (!c->line.data)
			refuse(r, "line_base64", "base64");
	}
	c->octets = get_known(r, o, "octets");
}

/* The texts, from lines_base64 if it is there. */
static void read_lines(struct reader *r, const json_t *o,
    struct sw_reply *p)
{
	bool base64 = field(o, "lines_base64") != NULL;
	const char *name = base64 ? "lines_base64" : "lines";
	struct sw_bytes *lines;
	void *items;
	const json_t *list = get_list(r, o, name, sizeof(*lines), &items,
	    &p->line_count);
	size_t i;

	p->lines = lines = items;
	for (i = 0; i < p->line_count; i++) {
		const json_t *v = json_array_get(list, i);

		if (!json_is_string(v))
			refuse(r, name, "a list of strings");
		else if (!base64)
			lines[i] = copy(r, v);
		else
			lines[i] = base64_octets(r, v);
		if (!lines[i].data)
			refuse(r, name, "base64");
	}
}

static void read_reply(struct reader *r, const json_t *o, struct sw_reply *p)
{
	p->code = get_code(r, o, "code");
	p->enhanced = get_bytes(r, o, "enhanced");
	read_lines(r, o, p);
	p->to = get_ref(r, o, "to");
	p->octets = get_known(r, o, "octets");
}

static void read_gaps(struct reader *r, const json_t *o, struct sw_data *d)
{
	struct sw_gap *gaps;
	void *items;
	const json_t *list = get_list(r, o, "gaps", sizeof(*gaps), &items,
	    &d->gap_count);
	size_t i;

	d->gaps = gaps = items;
	d->gaps_known = list != NULL;
	for (i = 0; i < d->gap_count; i++) {
		const json_t *pair = json_array_get(list, i);
		const json_t *offset = json_array_get(pair, 0);
		const json_t *length = json_array_get(pair, 1);

		if (json_array_size(pair) != 2 || !json_is_integer(offset) ||
		    json_integer_value(offset) < 0 ||
		    !(json_is_null(length) || (json_is_integer(length) &&
		    json_integer_value(length) >= 0))) {
			refuse(r, "gaps", "a list of pairs of numbers");
			return;
		}
		gaps[i].offset = (uint64_t)json_integer_value(offset);
		gaps[i].length = json_is_null(length) ? SW_UNKNOWN :
		    json_integer_value(length);
	}
}

static void read_data(struct reader *r, const json_t *o, struct sw_data *d)
{
	d->of = get_ref(r, o, "of");
	d->message = get_ref(r, o, "message");
	d->size = get_known(r, o, "size");
	d->sha256 = get_sha256(r, o);
	d->missing = get_known(r, o, "missing");
	read_gaps(r, o, d);
	d->octets = get_known(r, o, "octets");
}

static void read_turns(struct reader *r, const json_t *o, struct sw_tls *t)
{
	struct sw_tls_turn *turns;
	void *items;
	const json_t *list = get_list(r, o, "turns", sizeof(*turns), &items,
	    &t->turn_count);
	size_t i;

	t->turns = turns = items;
	t->turns_known = list != NULL;
	for (i = 0; i < t->turn_count && r->status == SW_OK; i++) {
		const json_t *p = item_object(r, list, i, "turns");

		turns[i].by = (enum sw_role)get_name(r, p, "by",
		    SW_ROLE_COUNT, role_name, SW_NOBODY);
		turns[i].time = get_time(r, p, "time");
		turns[i].end = get_time(r, p, "end");
		turns[i].records = get_count(r, p, "records");
		turns[i].octets = get_count(r, p, "octets");
		get_at(r, p, &turns[i].at_first, &turns[i].at_last);
	}
}

static void read_tls(struct reader *r, const json_t *o, struct sw_tls *t)
{
	t->version = get_bytes(r, o, "version");
	t->cipher = get_bytes(r, o, "cipher");
	t->sni = get_bytes(r, o, "sni");
	read_octets(r, o, &t->octets);
	read_turns(r, o, t);
}

static void read_kind(struct reader *r, const json_t *o, struct sw_event *e)
{
	switch (e->kind) {
	case SW_EVENT_COMMAND:
		read_command(r, o, &e->u.command);
		return;
	case SW_EVENT_REPLY:
		read_reply(r, o, &e->u.reply);
		return;
	case SW_EVENT_DATA:
		read_data(r, o, &e->u.data);
		return;
	case SW_EVENT_TLS:
		read_tls(r, o, &e->u.tls);
		return;
	case SW_EVENT_GAP:
		e->u.gap.size = get_known(r, o, "size");
		return;
	case SW_EVENT_CLOSE:
		e->u.close.how = (enum sw_close_how)get_name(r, o, "how",
		    SW_CLOSE_HOW_COUNT, close_how_name, SW_CLOSE_LOGGED);
		return;
	case SW_EVENT_NOTE:
		e->u.note.text = get_bytes(r, o, "text");
		return;
	case SW_EVENT_CONNECT:
	case SW_EVENT_KIND_COUNT:
		return;
	}
}

static void read_event(struct reader *r, const json_t *o, struct sw_event *e)
{
	e->n = get_ref(r, o, "n");
	e->kind = (enum sw_event_kind)get_name(r, o, "kind",
	    SW_EVENT_KIND_COUNT, event_kind_name, SW_EVENT_KIND_COUNT);
	if (e->kind == SW_EVENT_KIND_COUNT) {
		refuse(r, "kind", "given");
		e->kind = SW_EVENT_CONNECT;
	}
	e->by = (enum sw_role)get_name(r, o, "by", SW_ROLE_COUNT, role_name,
	    SW_NOBODY);
	e->flags = get_set(r, o, "flags", SW_FLAG_COUNT, flag_name);
	e->time = get_time(r, o, "time");
	e->end = get_time(r, o, "end");
	get_at(r, o, &e->at_first, &e->at_last);
	read_kind(r, o, e);
}

static void read_events(struct reader *r, const json_t *o)
{
	struct sw_event *e;
	void *items;
	const json_t *list = get_list(r, o, "events", sizeof(*e), &items,
	    &r->s->event_count);
	size_t i;

	r->s->events = e = items;
	for (i = 0; i < r->s->event_count && r->status == SW_OK; i++)
		read_event(r, item_object(r, list, i, "events"), &e[i]);
}

/* A code of a later version has no name here: the note is left out, and
 * counted. */
static void read_notes(struct reader *r, const json_t *o)
{
	struct sw_note *n;
	void *items;
	size_t count, i;
	const json_t *list = get_list(r, o, "notes", sizeof(*n), &items,
	    &count);

	r->s->notes = n = items;
	for (i = 0; i < count; i++) {
		const json_t *p = item_object(r, list, i, "notes");
		const json_t *code = field(p, "code");
		unsigned v = look_up(code, SW_NOTE_CODE_COUNT, note_name);

		if (!json_is_string(code))
			refuse(r, "code", "a string");
		if (v == SW_NOTE_CODE_COUNT) {
			r->s->omitted.notes++;
			continue;
		}
		n->code = (enum sw_note_code)v;
		n->severity = (enum sw_severity)get_name(r, p, "severity",
		    SW_SEVERITY_COUNT, severity_name, SW_INFO);
		n->text = get_bytes(r, p, "text");
		n->event = get_ref(r, p, "event");
		get_at(r, p, &n->at_first, &n->at_last);
		n++;
		r->s->note_count++;
	}
}

/* --- the session -------------------------------------------------------- */

static void read_session(struct reader *r, const json_t *o)
{
	struct sw_session *s = r->s;

	if (get_count(r, o, "transcript") != SW_TRANSCRIPT_VERSION)
		refuse(r, "transcript", "1");
	read_id(r, o);
	s->recorder = (enum sw_recorder)get_name(r, o, "recorder",
	    SW_RECORDER_COUNT, recorder_name, SW_RECORDER_WIRE);
	s->protocol = (enum sw_protocol)get_name(r, o, "protocol",
	    SW_PROTOCOL_COUNT, protocol_name, SW_PROTOCOL_SMTP);
	read_source(r, o);
	read_clock(r, o);
	s->start = SW_NO_TIME;
	s->start = get_time(r, o, "start");
	s->end = get_time(r, o, "end");
	read_endpoint(r, o, "client", &s->client);
	read_endpoint(r, o, "server", &s->server);
	s->community_id = get_bytes(r, o, "community_id");
	read_encryption(r, o);
	read_auth(r, o);
	s->ending = (enum sw_ending)get_name(r, o, "ending", SW_ENDING_COUNT,
	    ending_name, SW_ENDING_INPUT_ENDED);
	read_tcp(r, o);
	s->records = get_set(r, o, "records", SW_RECORDS_COUNT, record_name);
	read_omitted(r, o);
	read_messages(r, o);
	read_events(r, o);
	read_notes(r, o);
}

enum sw_status store_read_json(struct slice json, uint64_t line,
    struct arena *arena, struct sw_session *s_r, struct sw_err *err)
{
	struct reader r = { arena, s_r, line, err, SW_OK };
	json_error_t error;
	json_t *o;

	memset(s_r, 0, sizeof(*s_r));
	o = json_loadb(json.len > 0 ? (const char *)json.p : "", json.len,
	    JSON_ALLOW_NUL, &error);
	if (!o && json_error_code(&error) == json_error_out_of_memory)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (!o)
		return base_error_at(err, SW_EFORMAT, line,
		    "line %llu is not JSON: %s",
		    (unsigned long long)line, error.text);
	if (json_is_object(o))
		read_session(&r, o);
	else
		r.status = base_error_at(err, SW_EFORMAT, line,
		    "line %llu is not a JSON object",
		    (unsigned long long)line);
	json_decref(o);
	if (r.status != SW_OK)
		memset(s_r, 0, sizeof(*s_r));
	return r.status;
}
