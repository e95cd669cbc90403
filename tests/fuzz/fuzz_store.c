/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_store.c - sessions read back from octets, binary and JSON
 *
 * Input: '{' begins a line of JSON; anything else is the body of a binary
 * record, whose head is put before it.  What can be read must be written and
 * read again as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "emit/emit.h"
#include "transcript/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is)
{
	if (!is)
		abort();
}

/* All emitters take what the readers give. */
static void use(const struct sw_session *s)
{
	static const struct emit_options all[] = {
		{ .normal = false }, { .normal = true, .color = true },
		{ .no_times = true, .explain = true },
	};
	struct buffer b;
	size_t i;

	buffer_init(&b, 64u << 20);
	for (i = 0; i < 3; i++) {
		require(emit_jsonl(&b, s, &all[i]));
		require(emit_text(&b, s, i, &all[i]));
	}
	buffer_fini(&b);
}

static void binary_again(const struct sw_session *s, struct arena *arena)
{
	struct buffer a, b;
	struct sw_session again;

	buffer_init(&a, 64u << 20);
	buffer_init(&b, 64u << 20);
	require(store_write(&a, s));
	require(store_read(buffer_slice(&a), arena, &again, NULL) == SW_OK);
	require(store_write(&b, &again));
	require(slice_eq(buffer_slice(&a), buffer_slice(&b)));
	buffer_fini(&a);
	buffer_fini(&b);
}

static void json_again(const struct sw_session *s, struct arena *arena)
{
	static const struct emit_options o = { .normal = false };
	struct buffer a, b;
	struct sw_session again;

	buffer_init(&a, 64u << 20);
	buffer_init(&b, 64u << 20);
	require(emit_jsonl(&a, s, &o));
	require(store_read_json(buffer_slice(&a), 1, arena, &again, NULL) ==
	    SW_OK);
	require(emit_jsonl(&b, &again, &o));
	require(slice_eq(buffer_slice(&a), buffer_slice(&b)));
	buffer_fini(&a);
	buffer_fini(&b);
}

static void read_json(struct slice in, struct arena *arena)
{
	struct sw_session s;
	struct sw_err err;
	enum sw_status status = store_read_json(in, 1, arena, &s, &err);

	require(status == SW_OK || status == SW_EFORMAT);
	if (status != SW_OK)
		return;
	use(&s);
	binary_again(&s, arena);
	json_again(&s, arena);
}

static void read_binary(struct slice in, struct arena *arena)
{
	static const uint8_t head[12] = { 'S', 'W', 'T', 1 };
	uint8_t *record = malloc(sizeof(head) + in.len);
	uint64_t len = sizeof(head) + in.len;
	struct sw_session s;
	struct sw_err err;
	int i;

	if (!record)
		return;
	memcpy(record, head, sizeof(head));
	for (i = 0; i < 8; i++)
		record[4 + i] = (uint8_t)(len >> (8 * i));
	if (in.len > 0)
		memcpy(record + sizeof(head), in.p, in.len);
	if (store_read(slice_make(record, (size_t)len), arena, &s, &err) ==
	    SW_OK) {
		use(&s);
		binary_again(&s, arena);
	}
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct arena arena;

	arena_init(&arena);
	if (size > 0 && data[0] == '{')
		read_json(in, &arena);
	else
		read_binary(in, &arena);
	require(arena.total < (size + 1000) * 1000);
	arena_fini(&arena);
	return 0;
}
