/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_store.c - the model to octets and back, binary and as JSON */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "emit/emit.h"
#include "sample.h"
#include "transcript/store.h"

static const struct emit_options complete = { false, false, false, false,
	NULL };
static const struct emit_options normal = { true, false, false, false, NULL };
static const struct emit_options no_times = { false, true, false, false, NULL };

static void check_same(const struct buffer *got, const struct buffer *want)
{
	size_t i = 0;

	while (i < got->len && i < want->len && got->p[i] == want->p[i])
		i++;
	if (i < got->len || i < want->len)
		fail_msg("from octet %zu on got <%.*s>, want <%.*s>", i,
		    (int)(got->len - i), (const char *)got->p + i,
		    (int)(want->len - i), (const char *)want->p + i);
}

/* A copy of just its size, so that a sanitizer sees a read beyond it. */
static uint8_t *exact(const uint8_t *p, size_t len)
{
	uint8_t *q = malloc(len ? len : 1);

	assert_non_null(q);
	memcpy(q, p, len);
	return q;
}

/* --- binary ------------------------------------------------------------- */

static void binary_round_trip(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(samples); i++) {
		struct buffer a, b, json_a, json_b;
		struct sw_session s;
		struct arena arena;
		uint8_t *record;

		arena_init(&arena);
		buffer_init(&a, 1u << 20);
		buffer_init(&b, 1u << 20);
		buffer_init(&json_a, 1u << 20);
		buffer_init(&json_b, 1u << 20);
		assert_true(store_write(&a, samples[i]));
		assert_int_equal(store_record_len(buffer_slice(&a)), a.len);
		record = exact(a.p, a.len);
		assert_int_equal(store_borrow(slice_make(record, a.len),
		    &arena, &s, NULL), SW_OK);
		assert_true(store_write(&b, &s));
		check_same(&b, &a);
		buffer_clear(&b);
		assert_int_equal(store_read(slice_make(record, a.len), &arena,
		    &s, NULL), SW_OK);
		free(record); /* all that was read is copied */
		assert_true(store_write(&b, &s));
		check_same(&b, &a);
		assert_true(emit_jsonl(&json_a, samples[i], &complete));
		assert_true(emit_jsonl(&json_b, &s, &complete));
		check_same(&json_b, &json_a);
		buffer_fini(&a);
		buffer_fini(&b);
		buffer_fini(&json_a);
		buffer_fini(&json_b);
		arena_fini(&arena);
	}
}

/* The ends of the ranges survive. */
static void binary_extremes(void **state)
{
	struct sw_session s = sample_bare, t;
	struct arena arena;
	struct buffer b;

	(void)state;
	arena_init(&arena);
	buffer_init(&b, 1u << 20);
	s.id = UINT64_MAX;
	s.start = INT64_MIN;
	s.end = INT64_MAX;
	s.client.port = INT32_MIN;
	s.server.port = INT32_MAX;
	s.source.first = 127;
	s.source.last = 128;
	s.omitted.events = UINT64_C(1) << 63;
	s.omitted.messages = 3;
	s.records = UINT32_MAX;
	s.clock.offset_s = -12600;
	assert_true(store_write(&b, &s));
	assert_int_equal(store_read(buffer_slice(&b), &arena, &t, NULL),
	    SW_OK);
	assert_true(t.id == UINT64_MAX && t.start == INT64_MIN &&
	    t.end == INT64_MAX);
	assert_true(t.client.port == INT32_MIN &&
	    t.server.port == INT32_MAX);
	assert_true(t.source.first == 127 && t.source.last == 128);
	assert_true(t.omitted.events == UINT64_C(1) << 63);
	assert_int_equal(t.omitted.messages, 3);
	assert_true(t.records == UINT32_MAX && t.clock.offset_s == -12600);
	buffer_fini(&b);
	arena_fini(&arena);
}

/* Times and places of events are told by what is in front of them. */
static void binary_event_extremes(void **state)
{
	static const struct sw_event events[] = {
		{ .kind = SW_EVENT_CONNECT, .time = INT64_MAX,
		    .end = INT64_MIN, .at_first = UINT64_MAX, .at_last = 0 },
		{ .kind = SW_EVENT_CLOSE, .time = -1, .end = INT64_MAX,
		    .at_first = 0, .at_last = UINT64_MAX },
	};
	struct sw_session s = sample_bare, t;
	struct arena arena;
	struct buffer b;
	size_t i;

	(void)state;
	arena_init(&arena);
	buffer_init(&b, 1u << 20);
	s.start = INT64_MIN;
	s.source.first = 127;
	s.events = events;
	s.event_count = LENGTH(events);
	assert_true(store_write(&b, &s));
	assert_int_equal(store_read(buffer_slice(&b), &arena, &t, NULL),
	    SW_OK);
	assert_int_equal(t.event_count, LENGTH(events));
	for (i = 0; i < LENGTH(events); i++)
		assert_true(t.events[i].time == events[i].time &&
		    t.events[i].end == events[i].end &&
		    t.events[i].at_first == events[i].at_first &&
		    t.events[i].at_last == events[i].at_last);
	buffer_fini(&b);
	arena_fini(&arena);
}

static void binary_walk(void **state)
{
	struct buffer b;
	struct sw_session s;
	struct arena arena;
	size_t at = 0, i;

	(void)state;
	arena_init(&arena);
	buffer_init(&b, 1u << 20);
	for (i = 0; i < LENGTH(samples); i++)
		assert_true(store_write(&b, samples[i]));
	for (i = 0; i < LENGTH(samples); i++) {
		struct slice rest = slice_from(buffer_slice(&b), at);
		size_t len = store_record_len(rest);

		assert_true(len > 12);
		assert_int_equal(store_read(rest, &arena, &s, NULL), SW_OK);
		assert_true(s.id == samples[i]->id);
		at += len;
	}
	assert_int_equal(at, b.len);
	assert_int_equal(store_record_len(slice_make(NULL, 0)), 0);
	buffer_fini(&b);
	arena_fini(&arena);
}

/* Cut anywhere it is no record; with a length that fits the rest it is a
 * damaged one; with any octet changed it is read or refused, no more. */
static void binary_damage(void **state)
{
	struct buffer b;
	struct arena arena;
	struct sw_session s;
	struct sw_err err;
	size_t i;

	(void)state;
	arena_init(&arena);
	buffer_init(&b, 1u << 20);
	assert_true(store_write(&b, &sample_wire));
	for (i = 0; i < b.len; i++) {
		uint8_t *p = exact(b.p, i);

		assert_int_equal(store_record_len(slice_make(p, i)), 0);
		assert_int_equal(store_read(slice_make(p, i), &arena, &s,
		    &err), SW_EFORMAT);
		if (i >= 12) {
			p[4] = (uint8_t)i;
			p[5] = (uint8_t)(i >> 8);
			assert_int_equal(store_read(slice_make(p, i), &arena,
			    &s, &err), SW_EFORMAT);
			assert_int_equal(s.event_count, 0);
		}
		free(p);
		arena_reset(&arena);
	}
	for (i = 12; i < b.len; i++) {
		uint8_t *p = exact(b.p, b.len);
		unsigned v;

		for (v = 0; v < 256; v += 51) {
			enum sw_status status;

			p[i] = (uint8_t)v;
			status = store_read(slice_make(p, b.len), &arena, &s,
			    &err);
			assert_true(status == SW_OK || status == SW_EFORMAT);
			assert_true(arena.total < 4u << 20);
			arena_reset(&arena);
		}
		free(p);
	}
	buffer_fini(&b);
	arena_fini(&arena);
}

/* A count that the record cannot hold asks for no memory. */
static void binary_counts(void **state)
{
	static const uint8_t record[] = {
		'S', 'W', 'T', 2, 26, 0, 0, 0, 0, 0, 0, 0,
		1,                /* id */
		0, 0, 0, 1, 1, 0, /* source up to its parts */
		0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0,
	};
	struct arena arena;
	struct sw_session s;

	(void)state;
	arena_init(&arena);
	assert_int_equal(store_record_len(slice_make(record,
	    sizeof(record))), sizeof(record));
	assert_int_equal(store_read(slice_make(record, sizeof(record)),
	    &arena, &s, NULL), SW_EFORMAT);
	assert_true(arena.total < 10000);
	arena_fini(&arena);
}

static void binary_full_buffer(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 300);
	assert_true(buffer_append_str(&b, "kept"));
	assert_false(store_write(&b, &sample_wire));
	assert_int_equal(b.len, 4);
	buffer_fini(&b);
}

/* --- JSON --------------------------------------------------------------- */

static void json_round_trip_of(const struct sw_session *sample,
    const struct emit_options *options)
{
	struct buffer a, b;
	struct sw_session s;
	struct sw_err err;
	struct arena arena;
	uint8_t *text;

	arena_init(&arena);
	buffer_init(&a, 1u << 20);
	buffer_init(&b, 1u << 20);
	assert_true(emit_jsonl(&a, sample, options));
	text = exact(a.p, a.len);
	if (store_read_json(slice_make(text, a.len), 1, &arena, &s, &err) !=
	    SW_OK)
		fail_msg("%s", err.text);
	free(text);
	assert_true(emit_jsonl(&b, &s, options));
	check_same(&b, &a);
	buffer_fini(&a);
	buffer_fini(&b);
	arena_fini(&arena);
}

static void json_round_trip(void **state)
{
	struct sw_session s;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(samples); i++) {
		json_round_trip_of(samples[i], &complete);
		json_round_trip_of(samples[i], &normal);
		json_round_trip_of(samples[i], &no_times);
	}
	s = sample_times_of_day;
	s.clock.zone = SW_ZONE_OFFSET;
	s.clock.offset_s = 7200;
	json_round_trip_of(&s, &complete);
	s = sample_wire;
	s.clock.resolution_ns = 1;
	s.start++;
	json_round_trip_of(&s, &complete);
	s.clock.zone = SW_ZONE_OFFSET;
	s.clock.offset_s = 19800;
	json_round_trip_of(&s, &complete);
	s.clock.resolution_ns = 976562;
	s.clock.date = SW_DATE_ASSUMED;
	s.clock.zone = SW_ZONE_LOCAL;
	json_round_trip_of(&s, &complete);
}

/* What JSON cannot hold as text is read from base64, to the octet. */
static void json_octets(void **state)
{
	struct buffer a;
	struct sw_session s;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	buffer_init(&a, 1u << 20);
	assert_true(emit_jsonl(&a, &sample_wire, &complete));
	assert_int_equal(store_read_json(buffer_slice(&a), 1, &arena, &s,
	    NULL), SW_OK);
	assert_int_equal(s.events[5].u.command.line.len,
	    sample_events[5].u.command.line.len);
	assert_memory_equal(s.events[5].u.command.line.data,
	    sample_events[5].u.command.line.data,
	    s.events[5].u.command.line.len);
	assert_int_equal(s.events[6].u.reply.line_count, 2);
	assert_int_equal(s.events[6].u.reply.lines[0].len,
	    sample_latin1[0].len);
	assert_memory_equal(s.events[6].u.reply.lines[0].data,
	    sample_latin1[0].data, sample_latin1[0].len);
	assert_true(s.events[6].time == sample_events[6].time);
	assert_true(s.start == sample_wire.start);
	buffer_fini(&a);
	arena_fini(&arena);
}

#define ID "{\"transcript\":1,\"id\":\"0000000000000001\""

#define START_IS_NO_TIME(text) { \
	ID ",\"clock\":{\"zone\":\"UTC\",\"date\":\"given\"}," \
	"\"start\":\"" text "\"}", "line 7: the field \"start\" is not a " \
	"time as the field \"clock\" says" }

/* What reading says of a text: its error, or "". */
static void check_error(const char *text, const char *want)
{
	struct sw_session s;
	struct sw_err err;
	struct arena arena;
	uint8_t *copy = exact((const uint8_t *)text, strlen(text));
	enum sw_status status;

	arena_init(&arena);
	memset(&err, 0, sizeof(err));
	status = store_read_json(slice_make(copy, strlen(text)), 7, &arena,
	    &s, &err);
	assert_int_equal(status, want[0] ? SW_EFORMAT : SW_OK);
	assert_string_equal(err.text, want);
	arena_fini(&arena);
	free(copy);
}

static void json_errors(void **state)
{
	static const char *const cases[][2] = {
		{ ID "}", "" },
		{ ID ",\"later\":[{\"x\":1}],\"events\":[]}", "" },
		{ ID ",\"records\":[\"later\",\"body\"]}", "" },
		{ "[]", "line 7 is not a JSON object" },
		{ "{}", "line 7: the field \"transcript\" is not 1" },
		{ "{\"transcript\":2,\"id\":\"0000000000000001\"}",
		  "line 7: the field \"transcript\" is not 1" },
		{ "{\"transcript\":1}",
		  "line 7: the field \"id\" is not 16 hex digits" },
		{ "{\"transcript\":1,\"id\":\"000000000000000g\"}",
		  "line 7: the field \"id\" is not 16 hex digits" },
		{ ID ",\"protocol\":1}", "line 7: the field \"protocol\" is "
		  "not one of the names that it may have" },
		{ ID ",\"client\":{\"port\":65536}}", "line 7: the field "
		  "\"port\" is not a whole number in its range" },
		{ ID ",\"client\":{\"ip\":5}}",
		  "line 7: the field \"ip\" is not a string" },
		{ ID ",\"client\":[]}",
		  "line 7: the field \"client\" is not an object" },
		{ ID ",\"events\":{}}",
		  "line 7: the field \"events\" is not a list" },
		{ ID ",\"events\":[1]}",
		  "line 7: the field \"events\" is not a list of objects" },
		{ ID ",\"events\":[{}]}",
		  "line 7: the field \"kind\" is not given" },
		{ ID ",\"events\":[{\"kind\":\"connect\",\"at\":[1]}]}",
		  "line 7: the field \"at\" is not a pair of numbers" },
		{ ID ",\"events\":[{\"kind\":\"data\",\"gaps\":[[1,-1]]}]}",
		  "line 7: the field \"gaps\" is not a list of pairs of "
		  "numbers" },
		{ ID ",\"events\":[{\"kind\":\"data\",\"sha256\":\"00\"}]}",
		  "line 7: the field \"sha256\" is not 64 hex digits" },
		{ ID ",\"events\":[{\"kind\":\"command\",\"line_base64\":"
		  "\"A\"}]}",
		  "line 7: the field \"line_base64\" is not base64" },
		{ ID ",\"events\":[{\"kind\":\"command\",\"line_base64\":"
		  "\"A===\"}]}",
		  "line 7: the field \"line_base64\" is not base64" },
		{ ID ",\"events\":[{\"kind\":\"reply\",\"lines_base64\":"
		  "[\"AA==\",\"****\"]}]}",
		  "line 7: the field \"lines_base64\" is not base64" },
		{ ID ",\"events\":[{\"kind\":\"reply\",\"lines\":[null]}]}",
		  "line 7: the field \"lines\" is not a list of strings" },
		{ ID ",\"messages\":[{\"from_params\":{\"A\":false}}]}",
		  "line 7: the field \"params\" is not an object of strings "
		  "and true" },
		{ ID ",\"encryption\":{\"starttls\":1}}",
		  "line 7: the field \"starttls\" is not true or false" },
		{ ID ",\"records\":{}}",
		  "line 7: the field \"records\" is not a list of names" },
		{ ID ",\"records\":[7]}",
		  "line 7: the field \"records\" is not a list of names" },
		{ ID ",\"clock\":{\"resolution\":-1}}",
		  "line 7: the field \"resolution\" is not a number of "
		  "seconds" },
		{ ID ",\"clock\":{\"zone\":\"+2\"}}",
		  "line 7: the field \"zone\" is not a zone" },
		{ ID ",\"clock\":{\"zone\":\"UTC\",\"date\":\"given\"},"
		  "\"start\":\"2004-02-30T00:00:00Z\"}", "line 7: the field "
		  "\"start\" is not a time as the field \"clock\" says" },
		START_IS_NO_TIME("2004/02-20T00:00:00Z"),
		START_IS_NO_TIME("2004-02/20T00:00:00Z"),
		START_IS_NO_TIME("2004-02-20 00:00:00Z"),
		START_IS_NO_TIME("2004-02-20T00-00:00Z"),
		START_IS_NO_TIME("2004-02-20T00:00-00Z"),
		START_IS_NO_TIME("2004-02-20T00:00:00.Z"),
		START_IS_NO_TIME("2004-02-20T00:00:00*01:00"),
		START_IS_NO_TIME("2004-02-20T00:00:00+0100"),
		START_IS_NO_TIME("2004-02-20T00:00:00+01:0"),
		{ ID ",\"clock\":{\"zone\":\"UTC\",\"date\":\"given\"},"
		  "\"start\":\"2004-02-20T00:00:00Zx\"}", "line 7: the field "
		  "\"start\" is not a time as the field \"clock\" says" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++)
		check_error(cases[i][0], cases[i][1]);
}

/* Flags, records and notes of a later version. */
static void json_later_names(void **state)
{
	static const char text[] = ID ",\"events\":[{\"n\":1,"
	    "\"kind\":\"connect\",\"flags\":[\"later\",\"8bit\"]}],"
	    "\"notes\":[{\"code\":\"later\"},{\"code\":\"gap\",\"event\":1}]}";
	struct sw_session s;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_int_equal(store_read_json(slice_str(text), 1, &arena, &s,
	    NULL), SW_OK);
	assert_int_equal(s.events[0].flags, SW_BIT(SW_FLAG_8BIT));
	assert_int_equal(s.note_count, 1);
	assert_int_equal(s.notes[0].code, SW_NOTE_GAP);
	assert_int_equal(s.omitted.notes, 1);
	arena_fini(&arena);
}

/* A number of JSON keeps 53 bits: what is too long for nanoseconds comes back
 * as it was told. */
static void json_durations(void **state)
{
	static const struct {
		const char *told;
		int64_t ns;
	} cases[] = {
		{ "0.000000001", 1 },
		{ "0.012034", 12034000 },
		{ "1999999.999999999", INT64_C(1999999999999999) },
		{ "2000000.001", INT64_C(2000000001999999) },
		{ "1709294400.002", INT64_C(1709294400002000003) },
		{ "8999999999.999", INT64_C(8999999999999999999) },
	};
	static const struct emit_options plain = { .normal = false };
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		struct sw_tcp tcp = { .syn_rtt_ns = cases[i].ns };
		struct sw_session s = sample_wire, again;
		struct buffer b, c;
		struct arena arena;

		s.tcp = &tcp;
		buffer_init(&b, 1 << 20);
		buffer_init(&c, 1 << 20);
		arena_init(&arena);
		assert_true(emit_jsonl(&b, &s, &plain));
		assert_true(slice_find_nocase(buffer_slice(&b),
		    slice_str(cases[i].told)) < b.len);
		assert_int_equal(store_read_json(buffer_slice(&b), 1, &arena,
		    &again, NULL), SW_OK);
		assert_true(emit_jsonl(&c, &again, &plain));
		assert_true(slice_eq(buffer_slice(&b), buffer_slice(&c)));
		arena_fini(&arena);
		buffer_fini(&c);
		buffer_fini(&b);
	}
}

/* Appends count copies of an item as a list of that name. */
static void append_list(struct buffer *b, const char *name, const char *item,
    unsigned count)
{
	buffer_append_str(b, ",\"");
	buffer_append_str(b, name);
	buffer_append_str(b, "\":[");
	for (; count > 0; count--) {
		buffer_append_str(b, item);
		if (count > 1)
			buffer_append_str(b, ",");
	}
	buffer_append_str(b, "]");
}

/* A saved session has no more of anything than one off the wire. */
static void json_limits(void **state)
{
	static const char want[] = "5 items of the saved transcript's lists "
	    "are beyond the limits and left out";
	struct buffer b;
	struct sw_session s;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	buffer_init(&b, 4u << 20);
	buffer_append_str(&b, ID ",\"omitted\":{\"events\":1,"
	    "\"recipients\":1,\"notes\":1}");
	append_list(&b, "auth", "{}", LIMIT_AUTH + 2);
	append_list(&b, "messages", "{}", LIMIT_MESSAGES + 2);
	append_list(&b, "notes", "{\"code\":\"gap\"}", LIMIT_NOTES + 2);
	append_list(&b, "events", "{\"kind\":\"connect\"}",
	    LIMIT_EVENTS - 1);
	b.len--; /* the bracket */
	buffer_append_str(&b, ",{\"kind\":\"reply\"");
	append_list(&b, "lines", "\"x\"", LIMIT_REPLY_LINES + 1);
	buffer_append_str(&b, "},{\"kind\":\"connect\"}]}");
	assert_int_equal(store_read_json(buffer_slice(&b), 1, &arena, &s,
	    NULL), SW_OK);
	assert_int_equal(s.event_count, LIMIT_EVENTS);
	assert_int_equal(s.omitted.events, 2);
	assert_int_equal(s.events[LIMIT_EVENTS - 1].u.reply.line_count,
	    LIMIT_REPLY_LINES);
	assert_int_equal(s.auth_count, LIMIT_AUTH);
	assert_int_equal(s.message_count, LIMIT_MESSAGES);
	assert_int_equal(s.note_count, LIMIT_NOTES + 1);
	assert_int_equal(s.omitted.notes, 3);
	assert_int_equal(s.notes[LIMIT_NOTES].code, SW_NOTE_LIMIT);
	assert_int_equal(s.notes[LIMIT_NOTES].text.len, strlen(want));
	assert_memory_equal(s.notes[LIMIT_NOTES].text.data, want,
	    strlen(want));
	buffer_clear(&b);
	buffer_append_str(&b, ID ",\"messages\":[{\"n\":1");
	append_list(&b, "recipients", "{\"to\":\"a@example.org\"}",
	    LIMIT_RECIPIENTS + 3);
	buffer_append_str(&b, "}]}");
	assert_int_equal(store_read_json(buffer_slice(&b), 1, &arena, &s,
	    NULL), SW_OK);
	assert_int_equal(s.messages[0].recipient_count, LIMIT_RECIPIENTS);
	assert_int_equal(s.omitted.recipients, 3);
	assert_int_equal(s.note_count, 0);
	buffer_fini(&b);
	arena_fini(&arena);
}

static void json_cut(void **state)
{
	struct buffer a;
	struct sw_session s;
	struct arena arena;
	size_t i;

	(void)state;
	arena_init(&arena);
	buffer_init(&a, 1u << 20);
	assert_true(emit_jsonl(&a, &sample_wire, &complete));
	for (i = 0; i + 1 < a.len; i += 3) {
		uint8_t *p = exact(a.p, i);

		assert_int_equal(store_read_json(slice_make(p, i), 1, &arena,
		    &s, NULL), SW_EFORMAT);
		free(p);
		arena_reset(&arena);
	}
	buffer_fini(&a);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binary_round_trip),
		cmocka_unit_test(binary_extremes),
		cmocka_unit_test(binary_event_extremes),
		cmocka_unit_test(binary_walk),
		cmocka_unit_test(binary_damage),
		cmocka_unit_test(binary_counts),
		cmocka_unit_test(binary_full_buffer),
		cmocka_unit_test(json_round_trip),
		cmocka_unit_test(json_octets),
		cmocka_unit_test(json_errors),
		cmocka_unit_test(json_later_names),
		cmocka_unit_test(json_durations),
		cmocka_unit_test(json_limits),
		cmocka_unit_test(json_limits),
		cmocka_unit_test(json_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
