/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_tcp_limits.c - what the TCP engine does at its limits, and its parts:
 * stretches, timer, history, table
 */
#include "tcp/native.h"
#include "tcp_script.h"

#define HELLO "C S\nS SA 0 0\nC A 0 0\n"

/* One segment of C without a script's line. */
static void octets(struct script *s, int64_t seq, unsigned len)
{
	char text[20];

	snprintf(text, sizeof text, "*%u", len);
	script_segment(s, 0, TCP_ACK, seq, 0, text);
}

static uint64_t counter(const struct script *s, enum account_counter c)
{
	return s->account.counters[c];
}

static void test_hole_beyond_limit(void **state)
{
	struct script *s = script_new(NULL);
	unsigned size = 65000, n = LIMIT_FLOW_OUT_OF_ORDER / 65000;

	(void)state;
	script_run(s, HELLO);
	for (unsigned i = 0; i < n; i++)
		octets(s, 10 + i * size, size);
	assert_string_equal(s->out, "open\n");
	octets(s, 10 + n * size, size); /* more than 1 MiB */
	assert_non_null(strstr(s->out, "open\ngap C+0 10 @4\nC@4+10 #65000"
	    " a0\n"));
	assert_int_equal(counter(s, ACCOUNT_TCP_OCTETS), (n + 1) * size);
	assert_int_equal(s->e->held, 0);
	script_free(s);
}

/* The direction that waits for the other's hole is limited as well. */
static void test_wait_beyond_limit(void **state)
{
	struct script *s = script_new(NULL);
	char text[20];

	(void)state;
	script_run(s, HELLO);
	for (unsigned i = 0; i < 17; i++) {
		snprintf(text, sizeof text, "*%u", 65000);
		script_segment(s, 1, TCP_ACK, i * 65000, 10, text);
	}
	assert_non_null(strstr(s->out, "open\ngap C+0 10 @4\nS@4+0 #65000"
	    " a10\n"));
	assert_int_equal(s->e->held, 0);
	script_free(s);
}

static void test_stretches_limit(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	script_run(s, HELLO);
	for (unsigned i = 1; i <= LIMIT_FLOW_STRETCHES; i++)
		octets(s, 2 * i, 1);
	assert_string_equal(s->out, "open\n");
	octets(s, 2 * (LIMIT_FLOW_STRETCHES + 1), 1);
	assert_string_equal(s->out, "open\ngap C+0 2 @4\nC@4+2 p a0\n");
	script_free(s);
}

static void test_memory_limit(void **state)
{
	struct tcp_options options = { .secret = 1, .memory = 10000 };
	struct script *s = script_new(&options);

	(void)state;
	script_run(s, HELLO "C A 5 0 *4000\n");
	script_run(s, "port 1026\n" HELLO "C A 6 0 *4000\n");
	assert_string_equal(s->out, "open\n2:open\n");
	/* The first is used again: the second is idle longest. */
	script_run(s, "port 1025\nS A 0 0\nport 1027\n" HELLO
	    "C A 7 0 *4000\n");
	assert_string_equal(s->out, "open\n2:open\n3:open\n"
	    "2:note C limit @13\n2:gap C+0 6 @8\n2:C@8+6 #4000 a0\n");
	assert_int_equal(counter(s, ACCOUNT_TCP_LIMIT_OCTETS), 1);
	script_run(s, "port 1026\nC A 0 0 abcdefgh\n");
	assert_null(strstr(s->out, "C@14"));
	script_free(s);
}

static void test_flow_limit(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	script_run(s, HELLO "C A 0 0 first\n");
	s->host[0].at.ip[0] = 10;
	for (unsigned i = 1; i < LIMIT_SHARD_FLOWS; i++) {
		s->host[0].at.port = (uint16_t)(i & 0x7fff);
		s->host[0].at.ip[1] = (uint8_t)(i >> 15);
		script_segment(s, 0, TCP_SYN, 0, 0, "");
	}
	assert_string_equal(s->out, "open\nC@4+0 first a0\n");
	script_host_init(&s->host[0], 1000, 1, 1025);
	script_run(s, "C A 5 0 second\nport 1026\nC S\n");
	assert_int_equal(counter(s, ACCOUNT_TCP_LIMIT_FLOWS), 1);
	assert_int_equal(s->e->flows.count, LIMIT_SHARD_FLOWS);
	/* Not the session, but the attempt that is older now. */
	assert_string_equal(s->out, "open\nC@4+0 first a0\n"
	    "C@16388+5 second a0\n2:attempt no-answer @16389\n");
	script_run(s, "finish");
	assert_int_equal(s->e->flows.count, 0);
	assert_int_equal(s->e->flows.entries, 0);
	script_free(s);
}

/* The session idle longest is ended, the last one as well, not an attempt. */
static void test_evict(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	script_run(s, "C S\n"); /* an attempt, oldest of all */
	assert_false(tcp_native_ops.evict(s->e, NULL, s->origin));
	script_run(s, "port 1026\n" HELLO "port 1027\n" HELLO
	    "port 1026\nC A 0 0 used\n");
	assert_true(tcp_native_ops.evict(s->e, NULL, s->origin));
	assert_string_equal(s->out, "open\n2:open\nC@8+0 used a0\n"
	    "2:note C limit @8\n2:end limit @8\n");
	assert_int_equal(counter(s, ACCOUNT_TCP_LIMIT_OCTETS), 1);
	assert_int_equal(tcp_native_ops.memory(s->e),
	    2 * LIMIT_FLOW_OCTETS);
	assert_true(tcp_native_ops.evict(s->e, NULL, s->origin));
	assert_false(tcp_native_ops.evict(s->e, NULL, s->origin));
	/* One that is closed and remembered is no session. */
	script_run(s, "port 1028\n" HELLO "C R 0 -\n");
	assert_false(tcp_native_ops.evict(s->e, NULL, s->origin));
	script_free(s);
}

/* The one that is asked for is ended, though another was idle for longer. */
static void test_evict_flow(void **state)
{
	struct script *s = script_new(NULL);
	struct link *last;

	(void)state;
	script_run(s, HELLO "port 1026\n" HELLO);
	last = s->e->flows.live.prev;
	assert_true(tcp_native_ops.evict(s->e, &flow_of_age(last)->common,
	    s->origin));
	assert_string_equal(s->out, "open\n2:open\n2:note C limit @6\n"
	    "2:end limit @6\n");
	script_free(s);
}

/* Octets behind a hole are no dialogue: that flow goes before one that spoke,
 * though it was idle for longer. */
static void test_evict_behind_hole(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	script_run(s, HELLO "S A 0 0 220\nC A 0 3 EHLO\n"
	    "port 1026\n" HELLO "S A 0 0 220\nC A 4 3 x\n");
	assert_true(tcp_native_ops.evict(s->e, NULL, s->origin));
	script_run(s, "port 1025\nS A 3 4 250\n");
	assert_string_equal(s->out, "open\nS@4+0 220 a0\nC@5+0 EHLO a3\n"
	    "2:open\n2:S@9+0 220 a0\n2:gap C+0 4 @10\n2:C@10+4 x a3\n"
	    "2:note C limit @10\n2:end limit @10\nS@11+3 250 a4\n");
	script_free(s);
}

/* A hole that was told a second later is one still; and what was ended for a
 * limit goes on without a start. */
static void test_evict_behind_gap(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	script_run(s, HELLO "S A 0 0 220\nC A 0 3 EHLO\n"
	    "port 1026\n" HELLO "S A 0 0 220\nC A 4 3 x\nS A 3 5\n"
	    "+1100\ntick\n");
	assert_true(tcp_native_ops.evict(s->e, NULL, s->origin));
	script_run(s, "C A 5 3 y\nport 1025\nS A 3 4 250\n");
	assert_string_equal(s->out, "open\nS@4+0 220 a0\nC@5+0 EHLO a3\n"
	    "2:open\n2:S@9+0 220 a0\n2:gap C+0 4 @10\n2:C@10+4 x a3\n"
	    "2:note C limit @11\n2:end limit @11\n3:open?\n"
	    "3:note C no-start @12\n3:C@12+0 y\nS@13+3 250 a4\n");
	script_free(s);
}

/* Octets that had to wait for those before them are a dialogue as well. */
static void test_evict_out_of_order(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	script_run(s, HELLO "S A 2 0 0\nS A 0 0 22\nC A 2 3 LO\n"
	    "C A 0 3 EH\nport 1026\n" HELLO "S A 0 0 220\n");
	assert_true(tcp_native_ops.evict(s->e, NULL, s->origin));
	assert_string_equal(s->out, "open\nS@5+0 22 a0\nS@4+2 0 a0\n"
	    "C@7+0 EH a3\nC@6+2 LO a3\n2:open\n2:S@11+0 220 a0\n"
	    "2:note C limit @11\n2:end limit @11\n");
	script_free(s);
}

static void test_closed_limit(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	for (unsigned i = 0; i < TCP_CLOSED_MAX + 100; i++) {
		s->host[0].at.port = (uint16_t)(1024 + i);
		script_run(s, HELLO "C R 0 -\n");
	}
	assert_int_equal(s->e->flows.closed.count, TCP_CLOSED_MAX);
	assert_int_equal(s->e->flows.count, 0);
	script_run(s, "+900000\ntick\n");
	assert_int_equal(s->e->flows.closed.count, 0);
	script_free(s);
}

/* What an attacker sends to make work grow with its square. */
static void test_hostile_order(void **state)
{
	struct script *s = script_new(NULL);
	unsigned n = 20000;

	(void)state;
	script_run(s, HELLO);
	for (unsigned i = n; i > 0; i--) /* backwards */
		octets(s, i * 3, 2);
	for (unsigned i = 0; i < n; i++) /* each overlaps the last */
		octets(s, 100000 + i, 40);
	for (unsigned i = 0; i < n; i++) /* near and far by turns */
		octets(s, i & 1 ? 200000 + i : 900000 - i, 1);
	for (unsigned i = 0; i < n; i++) /* anywhere */
		octets(s, 200000 + i * 7919 % 100003 * 5, 3);
	assert_true(s->e->held <= 2 * LIMIT_SHARD_OUT_OF_ORDER);
	s->len = 0;
	script_run(s, "finish");
	assert_int_equal(s->e->held, 0);
	script_free(s);
}

/* One connection under as many VLAN tags as there can be flows. */
static void test_hostile_vlans(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	for (uint32_t i = 1; i <= 2 * LIMIT_SHARD_FLOWS; i++) {
		s->host[0].vlan = i;
		script_segment(s, 0, TCP_SYN, 0, 0, "");
		if (s->len > 1u << 19)
			s->len = 0;
	}
	assert_int_equal(s->e->flows.count, LIMIT_SHARD_FLOWS);
	/* The mirror image of the newest is still found. */
	s->len = 0;
	s->host[1].vlan = 1;
	script_run(s, "S SA 0 0\nC A 0 0\n");
	assert_non_null(strstr(s->out, ":open\n"));
	assert_non_null(strstr(s->out, "note S vlan-asymmetric"));
	s->len = 0;
	script_run(s, "vlan C 1\n");
	script_free(s);
}

/* --- parts -------------------------------------------------------------- */

static void add(struct stretches *q, uint64_t off, const char *text,
    struct stretch_sum *sum, uint64_t *held)
{
	struct stretch like = { .ack = off };

	memset(sum, 0, sizeof *sum);
	assert_true(tcp_stretches_add(q, &like, off, slice_str(text), sum,
	    held));
}

static void test_stretches(void **state)
{
	struct stretches q = { NULL, 0, 0, 0, 0 };
	struct stretch_sum sum;
	struct stretch *first;
	uint64_t held = 0;

	(void)state;
	add(&q, 10, "klm", &sum, &held);
	assert_int_equal(sum.fresh, 3);
	add(&q, 20, "uvw", &sum, &held);
	add(&q, 0, "ab", &sum, &held);
	assert_int_equal(q.len, 3);
	add(&q, 1, "bcdefghijklXnopqrstuvwxyz", &sum, &held);
	assert_int_equal(sum.fresh, 25 - 7);
	assert_int_equal(sum.again, 7);
	assert_true(sum.differs);
	assert_int_equal(q.len, 6);
	assert_int_equal(q.octets, 26);
	for (uint64_t at = 0; q.len > 0; at += first->len, free(first)) {
		first = tcp_stretches_take(&q, &held);
		assert_int_equal(first->off, at);
		for (uint32_t i = 0; i < first->len; i++)
			assert_int_equal(first->octets[i], 'a' + at + i);
		if (q.len == 0)
			assert_int_equal(at + first->len, 26);
	}
	assert_int_equal(held, 0);
	assert_int_equal(q.octets, 0);
	tcp_stretches_fini(&q, &held);
}

/* Any order gives the order of offsets, with room in front or without. */
static void test_stretches_order(void **state)
{
	struct stretches q = { NULL, 0, 0, 0, 0 };
	struct stretch_sum sum;
	uint64_t held = 0;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		add(&q, 1000 + (i * 2657 % 5003) * 2, "x", &sum, &held);
		if (i % 3 == 0 && q.len > 0) {
			free(tcp_stretches_take(&q, &held));
			taken++;
		}
		for (size_t k = 1; i % 97 == 0 && k < q.len; k++)
			assert_true(q.items[q.head + k - 1]->off <
			    q.items[q.head + k]->off);
	}
	assert_int_equal(q.len, 5000 - taken);
	tcp_stretches_fini(&q, &held);
	assert_int_equal(held, 0);
}

static void test_ack_ages(void **state)
{
	struct ack_ages a = { .count = 0 };
	int64_t ms = 1000000;

	(void)state;
	assert_int_equal(tcp_timer_due(&a, 0), INT64_MAX);
	tcp_timer_acked(&a, 100, 0);
	assert_int_equal(tcp_timer_due(&a, 50), LIMIT_GAP_NS);
	assert_int_equal(tcp_timer_due(&a, 100), INT64_MAX);
	assert_int_equal(tcp_timer_aged(&a, LIMIT_GAP_NS - 1), 0);
	assert_int_equal(tcp_timer_aged(&a, LIMIT_GAP_NS), 100);
	assert_int_equal(tcp_timer_due(&a, 50), INT64_MIN);
	tcp_timer_acked(&a, 200, LIMIT_GAP_NS); /* several at once */
	tcp_timer_acked(&a, 300, LIMIT_GAP_NS + 200 * ms);
	assert_int_equal(tcp_timer_aged(&a, 3 * LIMIT_GAP_NS), 300);
	/* Never early, little late, however many there are. */
	for (int64_t i = 0; i < 5000; i++) {
		int64_t now = 4000 * ms + i * ms;
		uint64_t aged;

		tcp_timer_acked(&a, (uint64_t)(1000 + i), now);
		aged = tcp_timer_aged(&a, now);
		assert_true(a.count <= ACK_SAMPLES);
		if (i >= 1200)
			assert_in_range(aged, i - 135, i);
	}
}

static void test_wheel(void **state)
{
	struct wheel w;
	struct hold h[3];
	struct link due;
	int64_t ms = 1000000, t = INT64_C(1700000000) * 1000 * ms;

	(void)state;
	tcp_timer_init(&w);
	tcp_timer_take(&w, t, &due);
	for (int i = 0; i < 3; i++)
		link_init(&h[i].timer);
	tcp_timer_arm(&w, &h[0], t + 1000 * ms);
	tcp_timer_arm(&w, &h[1], t + 500 * ms);
	tcp_timer_arm(&w, &h[2], t - 500 * ms); /* long due */
	tcp_timer_take(&w, t + 499 * ms, &due);
	assert_ptr_equal(due.next, &h[2].timer);
	assert_ptr_equal(due.prev, &h[2].timer);
	link_remove(&h[2].timer);
	tcp_timer_take(&w, t + 534 * ms, &due);
	assert_ptr_equal(due.next, &h[1].timer);
	link_remove(&h[1].timer);
	assert_true(link_is_alone(&due));
	tcp_timer_take(&w, t + 999 * ms, &due);
	assert_true(link_is_alone(&due));
	tcp_timer_take(&w, INT64_MAX, &due); /* a leap */
	assert_ptr_equal(due.next, &h[0].timer);
	link_remove(&h[0].timer);
}

static void test_history(void **state)
{
	struct history h;
	struct side a, b;
	uint8_t big[1000];
	uint64_t off = 0;

	(void)state;
	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	memset(big, 'x', sizeof big);
	assert_true(tcp_history_init(&h));
	assert_false(tcp_history_differs(&h, &a, 0, slice_str("abc")));
	tcp_history_add(&h, &a, 0, slice_str("abc"));
	tcp_history_add(&h, &b, 0, slice_str("uvw"));
	tcp_history_add(&h, &a, 3, slice_str("def"));
	assert_false(tcp_history_differs(&h, &a, 0, slice_str("abcdef")));
	assert_false(tcp_history_differs(&h, &a, 2, slice_str("cd")));
	assert_true(tcp_history_differs(&h, &a, 2, slice_str("cX")));
	assert_true(tcp_history_differs(&h, &a, 0, slice_str("Xb")));
	assert_true(tcp_history_differs(&h, &b, 1, slice_str("Vw")));
	tcp_history_add(&h, &a, 6, slice_make(big, sizeof big));
	big[63] = 'y';
	assert_true(tcp_history_differs(&h, &a, 6, slice_make(big, 1000)));
	big[63] = 'x';
	big[64] = 'y'; /* behind the head: not kept */
	assert_false(tcp_history_differs(&h, &a, 6, slice_make(big, 1000)));
	for (int i = 0; i < 3000; i++, off += 10) { /* round the ring */
		tcp_history_add(&h, &b, 3 + off, slice_str("0123456789"));
		assert_true(tcp_history_differs(&h, &b, 3 + off,
		    slice_str("012345678X")));
	}
	assert_false(tcp_history_differs(&h, &a, 0, slice_str("...")));
	assert_false(tcp_history_differs(&h, &b, 0, slice_str("...")));
	tcp_history_fini(&h);
}

/* Hosts that meet in one place of a thousand with one secret do not with
 * another: who does not know it cannot choose them. */
static void test_keyed(void **state)
{
	struct tcp_options options[2] = { { .secret = 1 }, { .secret = 2 } };
	struct endpoint server = { { 192, 0, 2, 25 }, 25, 4 };
	struct flows t[2];
	unsigned meet[2] = { 0, 0 };

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_true(tcp_flows_init(&t[i], &options[i]));
	for (unsigned n = 0; n < 200000; n++) {
		struct endpoint client = { { 10, (uint8_t)(n >> 16),
		    (uint8_t)(n >> 8), (uint8_t)n }, 1025, 4 };

		if (tcp_flows_hash(&t[0], &client, &server, 0) % 1024 != 7)
			continue;
		meet[0]++;
		meet[1] += tcp_flows_hash(&t[1], &client, &server, 0) %
		    1024 == 7;
	}
	assert_in_range(meet[0], 100, 300);
	assert_in_range(meet[1], 0, 5);
	for (int i = 0; i < 2; i++)
		tcp_flows_fini(&t[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hole_beyond_limit),
		cmocka_unit_test(test_wait_beyond_limit),
		cmocka_unit_test(test_stretches_limit),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_flow_limit),
		cmocka_unit_test(test_evict),
		cmocka_unit_test(test_evict_flow),
		cmocka_unit_test(test_evict_behind_hole),
		cmocka_unit_test(test_evict_behind_gap),
		cmocka_unit_test(test_evict_out_of_order),
		cmocka_unit_test(test_closed_limit),
		cmocka_unit_test(test_hostile_order),
		cmocka_unit_test(test_hostile_vlans),
		cmocka_unit_test(test_stretches),
		cmocka_unit_test(test_stretches_order),
		cmocka_unit_test(test_ack_ages),
		cmocka_unit_test(test_wheel),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_keyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
