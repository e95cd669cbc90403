/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_wire.c - a whole capture to sessions to outputs
 *
 * Input: an octet of options, then a capture of any format.  The sessions
 * must come in order, must be told in every form, and must be the same
 * whatever the secret that keys the tables and the number of threads.
 */
#include <stdio.h>
#include <stdlib.h>

#include "emit/emit.h"
#include "pipeline/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void broken(const char *what, int line)
{
	fprintf(stderr, "fuzz_wire.c:%d: not so: %s\n", line, what);
	abort();
}

#define require(good) ((good) ? (void)0 : broken(#good, __LINE__))

static void tell(const struct sw_session *s, uint64_t number,
    struct buffer *out)
{
	struct emit_options plain = { false, false, false, false, NULL };
	struct emit_options normal = { true, false, false, false, NULL };
	struct buffer text;
	size_t i;

	require(emit_jsonl(out, s, &plain));
	require(emit_jsonl(out, s, &normal));
	buffer_init(&text, 64 << 20);
	require(emit_text(&text, s, number, &plain));
	for (i = 0; i < text.len; i++)
		require(text.p[i] == '\n' ||
		    (text.p[i] >= 0x20 && text.p[i] != 0x7f));
	buffer_fini(&text);
}

static void take_sessions(struct wire *w, struct buffer *out,
    struct wire_finished *before)
{
	struct wire_finished f;
	struct sw_err err;
	int r;

	while ((r = wire_take(w, &f, &err)) > 0) {
		require(f.certain > before->certain ||
		    (f.certain == before->certain &&
		    f.first >= before->first));
		*before = f;
		tell(f.session, 1, out);
	}
	require(r == 0);
}

static void read_capture(struct wire *w, struct buffer *out)
{
	struct wire_finished before = { 0 };
	struct sw_err err;
	int r;

	while ((r = wire_step(w, &err)) != 0) {
		require(r > 0 || r == SW_EREAD || r == SW_EFORMAT);
		take_sessions(w, out, &before);
	}
	take_sessions(w, out, &before);
}

static void run(const uint8_t *data, size_t size, uint64_t secret,
    unsigned threads, struct buffer *out)
{
	static const uint16_t ports[] = { 25, 465, 587, 2525 };
	struct wire_options o = { 0 };
	struct account account;
	struct source *s = NULL;
	struct wire *w = NULL;
	struct sw_err err;

	o.ports = ports;
	o.port_count = sizeof(ports) / sizeof(ports[0]);
	o.any_port = data[0] & 1;
	o.ignore_vlan = data[0] & 2;
	o.strict_vlan = data[0] & 4;
	o.verify_checksums = data[0] & 8;
	o.attempts = data[0] & 16;
	o.session.show_secrets = data[0] & 32;
	o.session.hash = true;
	o.secret = secret;
	o.threads = threads;
	account_init(&account);
	require(wire_new(&o, &account, &w, &err) == SW_OK);
	require(source_open_memory(slice_make(data + 1, size - 1), "input",
	    &s, &err) == SW_OK);
	if (wire_add(w, &s, false, false, 0, &err) == SW_OK)
		read_capture(w, out);
	source_free(&s);
	wire_free(&w);
	account_fini(&account);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer one, other;

	if (size < 2)
		return 0;
	buffer_init(&one, 256 << 20);
	buffer_init(&other, 256 << 20);
	run(data, size, 0, 1, &one);
	run(data, size, UINT64_C(0x9e3779b97f4a7c15), 2, &other);
	require(slice_eq(buffer_slice(&one), buffer_slice(&other)));
	buffer_fini(&one);
	buffer_fini(&other);
	return 0;
}
