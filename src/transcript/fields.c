/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fields.c - the fields of a transcript in JSON */
#include "transcript/fields.h"

#include "base/clock.h"
#include "base/error.h"

/* --- values ------------------------------------------------------------- */

/* The first error is the one that is told. */
void fields_refuse(struct fields *r, const char *field, const char *what)
{
	if (r->status != SW_OK)
		return;
	r->status = base_error_at(r->err, SW_EFORMAT, r->line,
	    "line %llu: the field \"%s\" is not %s",
	    (unsigned long long)r->line, field, what);
}

void fields_no_memory(struct fields *r)
{
	if (r->status == SW_OK)
		r->status = base_error_set(r->err, SW_ENOMEM,
		    "out of memory");
}

json_t *fields_get(const json_t *o, const char *name)
{
	json_t *v = json_object_get(o, name);

	return json_is_null(v) ? NULL : v;
}

struct sw_bytes fields_copy(struct fields *r, const json_t *string)
{
	struct sw_bytes b = arena_copy(r->arena,
	    slice_make(json_string_value(string),
	    json_string_length(string)));

	if (!b.data)
		fields_no_memory(r);
	return b;
}

struct sw_bytes fields_bytes(struct fields *r, const json_t *o,
    const char *name)
{
	struct sw_bytes none = { NULL, 0 };
	const json_t *v = fields_get(o, name);

	if (!v)
		return none;
	if (json_is_string(v))
		return fields_copy(r, v);
	fields_refuse(r, name, "a string");
	return none;
}

int64_t fields_number(struct fields *r, const json_t *o, const char *name,
    int64_t max, int64_t absent)
{
	const json_t *v = fields_get(o, name);

	if (!v)
		return absent;
	if (json_is_integer(v) && json_integer_value(v) >= 0 &&
	    json_integer_value(v) <= max)
		return json_integer_value(v);
	fields_refuse(r, name, "a whole number in its range");
	return absent;
}

int64_t fields_known(struct fields *r, const json_t *o, const char *name)
{
	return fields_number(r, o, name, INT64_MAX, SW_UNKNOWN);
}

int32_t fields_code(struct fields *r, const json_t *o, const char *name)
{
	return (int32_t)fields_number(r, o, name, INT32_MAX, SW_UNKNOWN);
}

uint32_t fields_ref(struct fields *r, const json_t *o, const char *name)
{
	return (uint32_t)fields_number(r, o, name, UINT32_MAX, 0);
}

uint64_t fields_count(struct fields *r, const json_t *o, const char *name)
{
	return (uint64_t)fields_number(r, o, name, INT64_MAX, 0);
}

bool fields_bool(struct fields *r, const json_t *o, const char *name)
{
	const json_t *v = fields_get(o, name);

	if (v && !json_is_boolean(v))
		fields_refuse(r, name, "true or false");
	return json_is_true(v);
}

int64_t fields_seconds(struct fields *r, const json_t *o, const char *name)
{
	const json_t *v = fields_get(o, name);
	int64_t whole;
	double ns;

	if (!v)
		return SW_UNKNOWN;
	ns = json_number_value(v) * 1e9;
	if (json_is_number(v) && ns >= 0 && ns < 9e18) {
		whole = (int64_t)(ns + 0.5);
		return whole < CLOCK_LONG_NS ? whole :
		    (whole + 500000) / 1000000 * 1000000;
	}
	fields_refuse(r, name, "a number of seconds");
	return SW_UNKNOWN;
}

unsigned fields_look_up(const json_t *v, unsigned count, name_fn name)
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

unsigned fields_name(struct fields *r, const json_t *o, const char *name,
    unsigned count, name_fn names, unsigned absent)
{
	const json_t *v = fields_get(o, name);
	unsigned i;

	if (!v)
		return absent;
	i = fields_look_up(v, count, names);
	if (i < count)
		return i;
	fields_refuse(r, name, "one of the names that it may have");
	return absent;
}

uint32_t fields_set(struct fields *r, const json_t *o, const char *name,
    unsigned count, name_fn names)
{
	const json_t *v = fields_get(o, name);
	uint32_t set = 0;
	size_t i;

	if (v && !json_is_array(v))
		fields_refuse(r, name, "a list of names");
	for (i = 0; i < json_array_size(v); i++) {
		const json_t *item = json_array_get(v, i);
		unsigned bit = fields_look_up(item, count, names);

		if (!json_is_string(item))
			fields_refuse(r, name, "a list of names");
		if (bit < count)
			set |= SW_BIT(bit);
	}
	return set;
}

const json_t *fields_object(struct fields *r, const json_t *o,
    const char *name)
{
	const json_t *v = fields_get(o, name);

	if (!v || json_is_object(v))
		return v;
	fields_refuse(r, name, "an object");
	return NULL;
}

const json_t *fields_item(struct fields *r, const json_t *list, size_t i,
    const char *name)
{
	const json_t *v = json_array_get(list, i);

	if (json_is_object(v))
		return v;
	fields_refuse(r, name, "a list of objects");
	return NULL;
}

struct fields_items fields_list(struct fields *r, const json_t *o,
    const char *name, size_t size, size_t max)
{
	struct fields_items l = { fields_get(o, name), NULL, 0, 0 };
	size_t count = json_array_size(l.list);

	if (l.list && !json_is_array(l.list)) {
		fields_refuse(r, name, "a list");
		l.list = NULL;
	}
	if (count == 0)
		return l;
	l.count = count < max ? count : max;
	l.left_out = count - l.count;
	l.items = arena_calloc(r->arena, l.count, size);
	if (!l.items) {
		fields_no_memory(r);
		l.count = 0;
	}
	return l;
}

void fields_at(struct fields *r, const json_t *o, uint64_t *first_r,
    uint64_t *last_r)
{
	const json_t *v = fields_get(o, "at");
	const json_t *first = json_array_get(v, 0);
	const json_t *last = json_array_get(v, 1);

	*first_r = *last_r = 0;
	if (!v)
		return;
	if (json_array_size(v) != 2 || !json_is_integer(first) ||
	    !json_is_integer(last) || json_integer_value(first) < 0 ||
	    json_integer_value(last) < 0) {
		fields_refuse(r, "at", "a pair of numbers");
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

bool fields_hex(const json_t *v, uint8_t *octets, size_t len)
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

struct sw_digest fields_sha256(struct fields *r, const json_t *o)
{
	struct sw_digest d = { false, { 0 } };
	const json_t *v = fields_get(o, "sha256");

	if (v && !fields_hex(v, d.octets, sizeof(d.octets)))
		fields_refuse(r, "sha256", "64 hex digits");
	d.known = v != NULL;
	return d;
}

void fields_octets(struct fields *r, const json_t *o,
    struct sw_octets *octets)
{
	o = fields_object(r, o, "octets");
	octets->client = fields_known(r, o, "client");
	octets->server = fields_known(r, o, "server");
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

struct sw_bytes fields_base64(struct fields *r, const json_t *v)
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
		fields_no_memory(r);
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

bool fields_offset(const char **text, int32_t *offset_r)
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
	    !fields_offset(&text, &offset) || *text != '\0')
		return false;
	*ts_r = clock_make(clock_from_civil(&c) - offset, c.ns);
	return *ts_r != SW_NO_TIME;
}

int64_t fields_time(struct fields *r, const json_t *o, const char *name)
{
	const json_t *v = fields_get(o, name);
	const struct sw_clock *clock = &r->s->clock;
	const int64_t day = 86400 * NS_PER_S;
	int64_t ts;

	if (!v)
		return SW_NO_TIME;
	if (!json_is_string(v) ||
	    strlen(json_string_value(v)) != json_string_length(v) ||
	    !parse_time(clock, json_string_value(v), &ts)) {
		fields_refuse(r, name, "a time as the field \"clock\" says");
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

