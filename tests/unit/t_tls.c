/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_tls.c - the TLS observer: real handshakes, built ones, garbage */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "smtp/tls.h"
#include "t_tls_data.h"

#define NAME "CN=mx.example.org,O=M\xc3\xbcller\\, S\xc3\xb6hne,C=DE"

static void assert_slice(struct slice s, const char *want)
{
	assert_int_equal(s.p == NULL, want == NULL);
	if (want && !slice_eq(s, slice_str(want)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)s.len,
		    (const char *)s.p, want);
}

/* Feed octets in pieces of n from a block of their own size, so that a
 * sanitizer sees every read beyond. */
static enum tls_verdict feed(struct tls_observer *o, enum sw_role by,
    const uint8_t *p, size_t len, size_t n)
{
	enum tls_verdict v = TLS_UNDECIDED;

	while (len > 0) {
		size_t part = n < len ? n : len;
		uint8_t *copy = malloc(part);

		assert_non_null(copy);
		memcpy(copy, p, part);
		v = tls_observer_feed(o, by, slice_make(copy, part));
		free(copy);
		p += part;
		len -= part;
	}
	return v;
}

struct flight {
	const uint8_t *p;
	size_t len;
};

static const struct {
	const char *name;
	struct flight side[2];
	const char *version, *cipher, *subject;
} handshakes[] = {
	{ "TLS 1.2", { { client12, sizeof(client12) },
	    { server12, sizeof(server12) } },
	    "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", NAME },
	{ "TLS 1.3", { { client13, sizeof(client13) },
	    { server13, sizeof(server13) } },
	    "TLSv1.3", "TLS_AES_256_GCM_SHA384", NULL },
};

static void test_handshakes(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < 2; i++)
		for (piece = 1; piece < 1000; piece += piece < 12 ? 1 : 300) {
			struct tls_observer o;
			struct tls_facts f;
			const struct flight *c = &handshakes[i].side[0];
			const struct flight *s = &handshakes[i].side[1];

			tls_observer_init(&o);
			assert_int_equal(feed(&o, SW_CLIENT, c->p, c->len,
			    piece), TLS_YES);
			assert_int_equal(feed(&o, SW_SERVER, s->p, s->len,
			    piece), TLS_YES);
			f = tls_observer_facts(&o);
			assert_slice(f.version, handshakes[i].version);
			assert_slice(f.cipher, handshakes[i].cipher);
			assert_slice(f.sni, "mx.example.org");
			assert_slice(f.subject, handshakes[i].subject);
			assert_slice(f.issuer, handshakes[i].subject);
			assert_int_equal(f.octets.client, c->len);
			assert_int_equal(f.octets.server, s->len);
			assert_int_equal(tls_observer_verdict(&o, SW_SERVER),
			    TLS_YES);
			/* nothing is kept once the facts are known */
			assert_null(o.side[0].handshake.p);
			assert_null(o.side[1].handshake.p);
			tls_observer_fini(&o);
		}
}

/* Application data of both sides behind the handshake, cut anywhere. */
static void test_turns(void **state)
{
	static const uint8_t data[] = { 23, 3, 3, 0, 4, 1, 2, 3, 4, 23, 3, 3,
		0, 1, 9, 21, 3, 3, 0, 2, 1, 0 };
	const struct flight *f = handshakes[0].side;
	size_t piece, i;

	(void)state;
	for (piece = 1; piece < sizeof(data); piece++) {
		struct tls_observer o;
		struct tls_facts t;

		tls_observer_init(&o);
		feed(&o, SW_CLIENT, f[0].p, f[0].len, f[0].len);
		feed(&o, SW_SERVER, f[1].p, f[1].len, f[1].len);
		t = tls_observer_facts(&o);
		assert_true(t.turns_known);
		assert_int_equal(t.turn_count, 0);
		for (i = 0; i < 2; i++) {
			struct origin origin = { 10 + i, 5000 + (int64_t)i,
				0 };

			tls_observer_origin(&o, origin);
			feed(&o, (enum sw_role)i, data, sizeof(data), piece);
			feed(&o, (enum sw_role)i, data, 9, piece);
		}
		t = tls_observer_facts(&o);
		assert_int_equal(t.turn_count, 2);
		for (i = 0; i < 2; i++) {
			assert_int_equal(t.turns[i].by, i);
			assert_int_equal(t.turns[i].records, 3);
			assert_int_equal(t.turns[i].octets, 9);
			assert_int_equal(t.turns[i].time, 5000 + i);
			assert_int_equal(t.turns[i].at_last, 10 + i);
		}
		for (i = 0; i < LIMIT_TLS_TURNS; i++)
			feed(&o, i % 2 ? SW_SERVER : SW_CLIENT, data, 9, 9);
		assert_false(tls_observer_facts(&o).turns_known);
		assert_null(o.turns);
		tls_observer_fini(&o);
	}
}

static void test_turns_lost(void **state)
{
	const struct flight *f = handshakes[0].side;
	struct tls_observer o;

	(void)state;
	tls_observer_init(&o);
	feed(&o, SW_CLIENT, f[0].p, f[0].len, f[0].len);
	feed(&o, SW_SERVER, f[1].p, f[1].len, f[1].len);
	tls_observer_gap(&o, SW_SERVER);
	assert_false(tls_observer_facts(&o).turns_known);
	tls_observer_fini(&o);
}

/* Cut anywhere: no fact but a true one, never a verdict against TLS. */
static void test_truncated(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < 2; i++)
		for (n = 0; n < handshakes[i].side[1].len; n++) {
			struct tls_observer o;
			struct tls_facts f;
			enum tls_verdict v;

			tls_observer_init(&o);
			v = feed(&o, SW_SERVER, handshakes[i].side[1].p, n,
			    n + 1);
			assert_int_equal(v, n < 5 ? TLS_UNDECIDED : TLS_YES);
			f = tls_observer_facts(&o);
			if (f.version.p)
				assert_slice(f.version,
				    handshakes[i].version);
			if (f.subject.p)
				assert_slice(f.subject,
				    handshakes[i].subject);
			assert_slice(f.sni, NULL);
			tls_observer_fini(&o);
			tls_observer_init(&o);
			feed(&o, SW_CLIENT, handshakes[i].side[0].p,
			    n < handshakes[i].side[0].len ? n : 0, n + 1);
			tls_observer_fini(&o);
		}
}

/* Handshake octets in records of `size` octets each. */
static size_t in_records(uint8_t *out, const uint8_t *p, size_t len,
    size_t size)
{
	size_t n = 0;

	while (len > 0) {
		size_t part = size < len ? size : len;

		out[n++] = 22;
		out[n++] = 3;
		out[n++] = 1;
		out[n++] = (uint8_t)(part >> 8);
		out[n++] = (uint8_t)part;
		memcpy(out + n, p, part);
		n += part;
		p += part;
		len -= part;
	}
	return n;
}

/* The clear handshake of the 1.2 server in one piece, without records. */
static size_t server12_messages(uint8_t *out)
{
	size_t n = 0, off = 0;

	while (off + 5 <= sizeof(server12) && server12[off] == 22) {
		size_t len = (size_t)server12[off + 3] << 8 |
		    server12[off + 4];

		memcpy(out + n, server12 + off + 5, len);
		n += len;
		off += 5 + len;
	}
	return n;
}

static void test_records_cut_messages(void **state)
{
	uint8_t messages[2000], records[12000];
	size_t len = server12_messages(messages), size;

	(void)state;
	for (size = 1; size <= len; size += size < 10 ? 1 : 97) {
		size_t n = in_records(records, messages, len, size);
		struct tls_observer o;

		tls_observer_init(&o);
		assert_int_equal(feed(&o, SW_SERVER, records, n, 7), TLS_YES);
		assert_slice(tls_observer_facts(&o).subject, NAME);
		assert_slice(tls_observer_facts(&o).version, "TLSv1.2");
		tls_observer_fini(&o);
	}
}

/* Parsed hello fields that a real stack no longer shows. */
static void server_hello(struct tls_observer *o, unsigned version,
    unsigned cipher)
{
	uint8_t h[5 + 4 + 38] = { 22, 3, 0, 0, 42, 2, 0, 0, 38 };

	h[9] = (uint8_t)(version >> 8);
	h[10] = (uint8_t)version;
	h[44] = (uint8_t)(cipher >> 8);
	h[45] = (uint8_t)cipher;
	assert_int_equal(feed(o, SW_SERVER, h, sizeof(h), sizeof(h)),
	    TLS_YES);
}

static void test_versions(void **state)
{
	static const struct {
		unsigned version, cipher;
		const char *version_name, *cipher_name;
	} cases[] = {
		{ 0x0300, 0x0004, "SSLv3", "TLS_RSA_WITH_RC4_128_MD5" },
		{ 0x0301, 0x0005, "TLSv1", "TLS_RSA_WITH_RC4_128_SHA" },
		{ 0x0302, 0x0035, "TLSv1.1", "TLS_RSA_WITH_AES_256_CBC_SHA" },
		{ 0x0303, 0xc02f, "TLSv1.2",
		    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
		{ 0x0303, 0x009f, "TLSv1.2",
		    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" },
		{ 0x0303, 0xc0ff, "TLSv1.2", "0xC0FF" },
		{ 0x0305, 0x1301, "0x0305", "TLS_AES_128_GCM_SHA256" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tls_observer o;
		struct tls_facts f;

		tls_observer_init(&o);
		server_hello(&o, cases[i].version, cases[i].cipher);
		f = tls_observer_facts(&o);
		assert_slice(f.version, cases[i].version_name);
		assert_slice(f.cipher, cases[i].cipher_name);
		tls_observer_fini(&o);
	}
}

static void test_cipher_names(void **state)
{
	size_t known = 0;
	unsigned i;

	(void)state;
	for (i = 0; i <= 0xffff; i++)
		known += tls_cipher_name((uint16_t)i) != NULL;
	assert_int_equal(known, 245);
	assert_string_equal(tls_cipher_name(1), "TLS_RSA_WITH_NULL_MD5");
	assert_string_equal(tls_cipher_name(0xccaa),
	    "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256");
	assert_null(tls_cipher_name(0x0a0a));
}

struct verdict_case {
	const char *octets;
	size_t len;
	enum sw_role by;
	enum tls_verdict verdict;
	size_t decided; /* octets after which it is */
};

static void test_verdicts(void **state)
{
	static const struct verdict_case cases[] = {
		{ "EHLO x", 6, SW_CLIENT, TLS_NOT_TLS, 1 },
		{ "454 4.", 6, SW_SERVER, TLS_NOT_TLS, 1 },
		{ "\x16\x03\x01\x02\x00\x01", 6, SW_CLIENT, TLS_YES, 5 },
		{ "\x15\x03\x01\x00\x02\x02", 6, SW_SERVER, TLS_YES, 5 },
		{ "\x17\x03\x03\x48\x01\x00", 6, SW_CLIENT, TLS_NOT_TLS, 5 },
		{ "\x17\x03\x03\x48\x00\x00", 6, SW_CLIENT, TLS_YES, 5 },
		{ "\x16\x03\x01\x00\x00\x01", 6, SW_CLIENT, TLS_NOT_TLS, 5 },
		{ "\x16\x04\x01\x00\x10\x01", 6, SW_CLIENT, TLS_NOT_TLS, 2 },
		{ "\x16\x03\x05\x00\x10\x01", 6, SW_CLIENT, TLS_NOT_TLS, 3 },
		{ "\x19\x03\x01\x00\x10\x01", 6, SW_CLIENT, TLS_NOT_TLS, 1 },
		{ "\x80\x2e\x01\x03\x01\x00", 6, SW_CLIENT, TLS_YES, 6 },
		{ "\x80\x2e\x01\x00\x02\x00", 6, SW_CLIENT, TLS_YES, 6 },
		{ "\x80\x2e\x01\x03\x01\x00", 6, SW_SERVER, TLS_NOT_TLS, 3 },
		{ "\x84\x2e\x04\x00\x01\x00", 6, SW_SERVER, TLS_YES, 6 },
		{ "\xc3\xa4\xc3\xb6\r\n", 6, SW_CLIENT, TLS_NOT_TLS, 3 },
		{ "\x80\x05\x01\x03\x01\x00", 6, SW_CLIENT, TLS_NOT_TLS, 2 },
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct verdict_case *k = &cases[i];
		struct tls_observer o;

		tls_observer_init(&o);
		for (n = 1; n <= k->len; n++) {
			enum tls_verdict v = tls_observer_feed(&o, k->by,
			    slice_make(k->octets + n - 1, 1));

			if (v != (n < k->decided ? TLS_UNDECIDED :
			    k->verdict))
				fail_msg("case %zu, octet %zu: %d", i, n,
				    (int)v);
		}
		assert_int_equal(k->len, k->by == SW_CLIENT ?
		    tls_observer_facts(&o).octets.client :
		    tls_observer_facts(&o).octets.server);
		tls_observer_fini(&o);
	}
}

static void test_client_hello(void **state)
{
	static const uint8_t sslv2[] = { 0x80, 0x2e, 1, 3, 1, 0 };
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(client12); n++)
		assert_int_equal(tls_looks_like_client_hello(
		    slice_make(client12, n)), n >= 6);
	assert_true(tls_looks_like_client_hello(slice_make(sslv2, 6)));
	assert_false(tls_looks_like_client_hello(slice_make(server12, 100)));
	assert_false(tls_looks_like_client_hello(slice_str("EHLO x\r\n")));
}

static void test_begins_record(void **state)
{
	static const uint8_t data[] = { 0x17, 3, 3, 0x40, 0, 0xff };
	static const uint8_t wrong[][5] = { { 0x17, 3, 3, 0x49, 0 },
		{ 0x17, 3, 3, 0, 0 }, { 0x17, 3, 5, 0, 1 },
		{ 0x17, 2, 3, 0, 1 }, { 0x13, 3, 3, 0, 1 } };
	size_t i;

	(void)state;
	for (i = 1; i <= sizeof(data); i++)
		assert_int_equal(tls_begins_record(slice_make(data, i)),
		    i < 5 ? -1 : 1);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(tls_begins_record(slice_make(wrong[i], 5)),
		    0);
	assert_int_equal(tls_begins_record(slice_str("EHLO x")), 0);
}

/* A handshake without end is held only up to the limit; what is there of
 * a ClientHello is read. */
static void test_endless(void **state)
{
	static uint8_t hello[70000], records[100000];
	struct tls_observer o;
	size_t n, most = 0;

	(void)state;
	/* a ClientHello of 2^24 - 1 octets: its extensions come first */
	memcpy(hello, client12 + 5, sizeof(client12) - 5);
	memset(hello + 1, 0xff, 3);
	n = in_records(records, hello, sizeof(hello), 16000);
	tls_observer_init(&o);
	for (size_t i = 0; i < n; i++) {
		tls_observer_feed(&o, SW_CLIENT, slice_make(records + i, 1));
		if (o.side[0].handshake.capacity > most)
			most = o.side[0].handshake.capacity;
	}
	assert_int_equal(most, LIMIT_TLS_HANDSHAKE);
	assert_null(o.side[0].handshake.p);
	assert_slice(tls_observer_facts(&o).sni, "mx.example.org");
	assert_int_equal(tls_observer_facts(&o).octets.client, n);
	tls_observer_fini(&o);
}

static void test_gap(void **state)
{
	struct tls_observer o;

	(void)state;
	tls_observer_init(&o);
	feed(&o, SW_SERVER, server12, 60, 60);
	tls_observer_gap(&o, SW_SERVER);
	assert_int_equal(feed(&o, SW_SERVER, server12 + 100, 300, 300),
	    TLS_YES);
	assert_null(o.side[1].handshake.p);
	assert_int_equal(tls_observer_facts(&o).octets.server, 360);
	assert_slice(tls_observer_facts(&o).subject, NULL);
	tls_observer_fini(&o);
}

/* A fixed generator: the same garbage every time. */
static uint32_t next_random(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 8;
}

/* Real flights with some octets changed, and plain noise. */
static void test_garbage(void **state)
{
	uint32_t x = 1;
	unsigned round;

	(void)state;
	for (round = 0; round < 4000; round++) {
		const struct flight *f =
		    &handshakes[round & 1].side[round >> 1 & 1];
		struct tls_observer o;
		uint8_t octets[1400];
		unsigned i, changes = next_random(&x) % 8;

		memcpy(octets, f->p, f->len);
		for (i = 0; i < changes; i++)
			octets[next_random(&x) % f->len] =
			    (uint8_t)next_random(&x);
		if (round % 7 == 0)
			for (i = 6; i < f->len; i++)
				octets[i] = (uint8_t)next_random(&x);
		tls_observer_init(&o);
		feed(&o, round >> 1 & 1 ? SW_SERVER : SW_CLIENT, octets,
		    f->len, 1 + next_random(&x) % 600);
		tls_observer_facts(&o);
		tls_observer_fini(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_turns_lost),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_records_cut_messages),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_cipher_names),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_client_hello),
		cmocka_unit_test(test_begins_record),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
