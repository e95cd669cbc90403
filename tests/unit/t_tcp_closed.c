/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_tcp_closed.c - connections that are over: what is remembered of them,
 * against a list of what was closed when; the chains after each step
 */
#include "tcp/native.h"
#include "tcp_script.h"

enum {
	PORTS = TCP_CLOSED_MAX + 44,
	ROUNDS = 2000,
	FLAGS = SIDE_SEEN | SIDE_SYN | SIDE_BASE | SIDE_ACKED | SIDE_FIN
};

static void host_of(const struct script *s, unsigned port,
    struct endpoint host[TCP_DIRECTIONS])
{
	host[0] = s->host[0].at;
	host[0].port = (uint16_t)(1024 + port);
	host[1] = s->host[1].at;
}

/* A session of a port that began with this number. */
static struct flow flow_of(const struct script *s, unsigned port,
    uint32_t isn)
{
	struct flow f;

	memset(&f, 0, sizeof f);
	host_of(s, port, f.common.info.host);
	f.state = FLOW_OPEN;
	f.touched_ns = s->e->now_ns;
	for (uint32_t dir = 0; dir < TCP_DIRECTIONS; dir++) {
		f.common.info.first_seq[dir] = isn + dir;
		f.side[dir].base = isn + dir + 1;
		f.side[dir].next = 10 + dir;
		f.side[dir].acked = 20 + dir;
		f.side[dir].highest = 30 + dir;
		f.side[dir].fin = 40 + dir;
		f.side[dir].window = 70000 + dir;
		f.side[dir].flags = (uint16_t)(FLAGS | SIDE_CLOSED * dir);
	}
	return f;
}

static void add(struct script *s, unsigned port, uint32_t isn)
{
	struct flow f = flow_of(s, port, isn);

	assert_true(tcp_closed_add(&s->e->flows, &f));
}

static bool takes(struct script *s, unsigned port, uint32_t vlan_tag,
    uint8_t flags, uint32_t seq, struct flow *was, bool *again)
{
	struct endpoint host[TCP_DIRECTIONS];
	struct segment seg = { .vlan_tag = vlan_tag, .flags = flags,
		.seq = seq, .payload_len = flags & TCP_SYN ? 0 : 3 };
	int dir;

	host_of(s, port, host);
	seg.src = host[0];
	seg.dst = host[1];
	if (!tcp_closed_takes(s->e, &seg, was, &dir, again))
		return false;
	assert_int_equal(dir, 0);
	return true;
}

static bool is_known_under(struct script *s, unsigned port, uint32_t vlan_tag,
    uint32_t isn)
{
	struct flow was;
	bool again;

	return takes(s, port, vlan_tag, TCP_ACK, isn + 1, &was, &again) &&
	    was.common.info.first_seq[0] == isn;
}

static bool is_known(struct script *s, unsigned port, uint32_t isn)
{
	return is_known_under(s, port, 0, isn);
}

/* Its port begins another connection. */
static void use_again(struct script *s, unsigned port, uint32_t isn)
{
	struct flow was;
	bool again;

	assert_false(takes(s, port, 0, TCP_SYN, isn, &was, &again));
	assert_false(again);
}

/* The records stand in the order of their times; each that is in use is in the
 * chain of its hash, once. */
static void check_chains(const struct closed_flows *c)
{
	size_t used = 0, chained = 0;
	int64_t before = INT64_MIN;

	assert_true(c->count <= c->capacity);
	for (size_t i = 0; i < c->count; i++) {
		size_t p = (c->first + i) % c->capacity;

		assert_true(c->ring[p].touched_ns >= before);
		before = c->ring[p].touched_ns;
		used += c->links[p].used;
	}
	for (size_t b = 0; b < TCP_CLOSED_BUCKETS; b++)
		for (size_t p = c->buckets[b]; p != UINT16_MAX;
		    p = c->links[p].next) {
			assert_true(p < c->capacity);
			assert_true((p + c->capacity - c->first) %
			    c->capacity < c->count);
			assert_true(c->links[p].used);
			assert_int_equal(c->links[p].hash %
			    TCP_CLOSED_BUCKETS, b);
			assert_true(++chained <= used);
		}
	assert_int_equal(chained, used);
}

static uint32_t next_number(uint32_t *r)
{
	*r = *r * 1664525 + 1013904223;
	return *r >> 8;
}

/* The last TCP_CLOSED_MAX are known and no others; what is used again leaves
 * its place. */
static void test_known(void **state)
{
	struct script *s = script_new(NULL);
	unsigned places = 0, place[PORTS] = { 0 };
	uint32_t isn[PORTS], r = 1;

	(void)state;
	for (unsigned i = 0; i < PORTS + ROUNDS; i++) {
		unsigned port = i < PORTS ? i : next_number(&r) % PORTS;

		if (i >= PORTS)
			use_again(s, port, next_number(&r));
		place[port] = 0;
		if (i < PORTS || i % 4 > 0) {
			isn[port] = next_number(&r);
			add(s, port, isn[port]);
			place[port] = ++places;
		}
		check_chains(&s->e->flows.closed);
		for (unsigned k = 0; k < PORTS && (i < PORTS || i % 50 == 0);
		    k++)
			assert_int_equal(place[k] > 0 && is_known(s, k,
			    isn[k]), place[k] > 0 && places - place[k] <
			    TCP_CLOSED_MAX);
	}
	script_free(s);
}

/* All are, as long as there is room: while the ring grows from another place
 * than its start, and some of it is not in use. */
static void test_growing(void **state)
{
	enum { COUNT = 60, OLD = 5 };
	struct script *s = script_new(NULL);
	uint32_t isn[COUNT];

	(void)state;
	s->e->now_ns = 0;
	for (unsigned i = 0; i < OLD; i++)
		add(s, COUNT + 1 + i, i);
	s->e->now_ns = LIMIT_IDLE_NS;
	for (unsigned i = 0; i < 2 * COUNT; i++) {
		unsigned port = i % 2 ? i / 2 : (i * 37) % COUNT;

		s->e->now_ns++;
		if (i == OLD) {
			tcp_closed_expire(&s->e->flows.closed, s->e->now_ns);
			assert_true(s->e->flows.closed.first >= OLD);
			add(s, COUNT, 0);
			use_again(s, COUNT, 1);
		}
		use_again(s, port, i << 20);
		isn[port] = i << 20;
		add(s, port, isn[port]);
		check_chains(&s->e->flows.closed);
		for (unsigned k = 0; k < (i + 1) / 2; k++)
			assert_true(is_known(s, k, isn[k]));
		assert_false(is_known(s, COUNT, 0));
	}
	script_free(s);
}

static void test_as_it_was(void **state)
{
	struct script *s = script_new(NULL);
	struct flow f = flow_of(s, 0, 7), was;
	bool again;

	(void)state;
	f.state |= FLOW_SPLIT;
	assert_true(tcp_closed_add(&s->e->flows, &f));
	assert_true(takes(s, 0, 0, TCP_ACK, 8, &was, &again));
	assert_false(again);
	assert_int_equal(was.state, f.state);
	for (int dir = 0; dir < TCP_DIRECTIONS; dir++) {
		const struct side *a = &was.side[dir], *b = &f.side[dir];

		assert_int_equal(was.common.info.first_seq[dir],
		    f.common.info.first_seq[dir]);
		assert_int_equal(a->next, b->next);
		assert_int_equal(a->acked, b->acked);
		assert_int_equal(a->highest, b->highest);
		assert_int_equal(a->fin, b->fin);
		assert_int_equal(a->base, b->base);
		assert_int_equal(a->window, b->window);
		assert_int_equal(a->flags, b->flags);
	}
	script_free(s);
}

/* The SYN that was refused, and another one. */
static void test_refused(void **state)
{
	struct script *s = script_new(NULL);
	struct flow f = flow_of(s, 0, 7), was;
	bool again;

	(void)state;
	f.state = FLOW_REFUSED;
	for (uint32_t seq = 7; seq < 9; seq++) {
		assert_true(tcp_closed_add(&s->e->flows, &f));
		assert_false(takes(s, 0, 0, TCP_SYN, seq, &was, &again));
		assert_int_equal(again, seq == 7);
		assert_false(takes(s, 0, 0, TCP_SYN, 7, &was, &again));
		assert_false(again);
	}
	script_free(s);
}

/* Forgotten when idle for long: at a tick, or when they are sought. */
static void test_past(void **state)
{
	struct script *s = script_new(NULL);
	struct closed_flows *c = &s->e->flows.closed;
	struct flow timeless = flow_of(s, 1, 7);

	(void)state;
	timeless.touched_ns = SW_NO_TIME;
	s->e->now_ns = 0;
	add(s, 0, 7);
	assert_true(tcp_closed_add(&s->e->flows, &timeless));
	tcp_closed_expire(c, LIMIT_IDLE_NS - 1);
	assert_int_equal(c->count, 2);
	s->e->now_ns = LIMIT_IDLE_NS - 1;
	assert_true(is_known(s, 0, 7));
	tcp_closed_expire(c, ++s->e->now_ns);
	assert_int_equal(c->count, 1);
	assert_true(is_known(s, 1, 7)); /* since the time of that tick */
	tcp_closed_expire(c, 2 * LIMIT_IDLE_NS);
	assert_int_equal(c->count, 0);
	add(s, 2, 7);
	s->e->now_ns += LIMIT_IDLE_NS - 1;
	assert_true(is_known(s, 2, 7));
	s->e->now_ns++;
	assert_false(is_known(s, 2, 7));
	check_chains(c);
	script_free(s);
}

/* One whose directions bear different tags is known, and forgotten, under
 * both, by whichever it is found. */
static void test_two_tags(void **state)
{
	struct script *s = script_new(NULL);
	struct flow f = flow_of(s, 0, 7), was;
	bool again;

	(void)state;
	f.state |= FLOW_ALIAS;
	f.common.info.vlan_tag = 1;
	f.alias_tag = 2;
	for (uint32_t tag = 1; tag < 3; tag++) {
		assert_true(tcp_closed_add(&s->e->flows, &f));
		add(s, 0, 7); /* without a tag: another */
		assert_true(is_known_under(s, 0, 1, 7));
		assert_true(is_known_under(s, 0, 2, 7));
		assert_false(takes(s, 0, tag, TCP_SYN, 9, &was, &again));
		assert_false(is_known_under(s, 0, 1, 7));
		assert_false(is_known_under(s, 0, 2, 7));
		assert_true(is_known(s, 0, 7));
		check_chains(&s->e->flows.closed);
		use_again(s, 0, 9);
	}
	script_free(s);
}

/* What comes late is counted if it is new, and told as nothing; behind the
 * end of the input it is another connection. */
static void test_late(void **state)
{
	struct script *s = script_new(NULL);
	const uint64_t *counter =
	    &s->account.counters[ACCOUNT_TCP_OUT_OF_WINDOW];

	(void)state;
	script_run(s, "C S\nS SA 0 0\nC A 0 0\nC A 0 0 EHLO\nC R 4 -\n");
	s->len = 0;
	script_run(s, "C A 0 0 EHLO\n");
	assert_int_equal(*counter, 0);
	script_run(s, "S A 0 0 220\n");
	assert_int_equal(*counter, 1);
	assert_int_equal(s->len, 0);
	script_run(s, "finish\nS A 0 0 220\n");
	assert_string_equal(s->out, "2:open?\n2:note S no-start @8\n"
	    "2:S@8+0 220\n");
	script_free(s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_as_it_was),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_past),
		cmocka_unit_test(test_two_tags),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
