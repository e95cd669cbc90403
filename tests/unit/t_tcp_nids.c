/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_tcp_nids.c - the engine that uses libnids: what it tells, what it counts
 * as not taken, and that nothing of it outlives a connection */
#include "tcp_script.h"

#define HELLO "C S\nS SA 0 0\nC A 0 0\n"
#define BYE(c, s) "C FA " #c " " #s "\nS FA " #s " " #c "\nC A " #c " " #s "\n"

static const struct script_case same[] = {
	{ "in order",
	    HELLO "S PA 0 0 220 x\nC PA 0 5 QUIT\nS FA 5 4 221\n"
	    "C FA 4 9\nS A 9 5\n",
	    "open\nS@4+0 220 x a0\nC@5+0 QUIT a5\nS@6+5 221 a4\n"
	    "close S fin @6\nclose C fin @7\nend closed @8\n" },
	{ "out of order: by the frame that filled the hole",
	    HELLO "C A 2 0 cd\nC A 4 0 ef\nC A 0 0 ab\n",
	    "open\nC@6+0 ab a0\nC@6+2 cd a0\nC@6+4 ef a0\nend input @6\n" },
	{ "sent again with other borders",
	    HELLO "C A 0 0 abc\nC A 0 0 abcde\nC A 2 0 cdefg\nC A 1 0 bc\n",
	    "open\nC@4+0 abc a0\nC@5+3 de a0\nC@6+5 fg a0\nend input @7\n" },
	{ "sequence numbers wrap",
	    "isn C 4294967293\nisn S 4294967295\n" HELLO
	    "C A 3 0 def\nC A 0 0 abc\nS A 0 6 xy\nC A 6 2 g\n",
	    "open\nC@5+0 abc a0\nC@5+3 def a0\nS@6+0 xy a6\nC@7+6 g a2\n"
	    "end input @7\n" },
	{ "the FIN before its octets",
	    HELLO "C FA 4 0 ef\nC A 2 0 cd\nC A 0 0 ab\nS FA 0 7\nC A 7 1\n",
	    "open\nC@6+0 ab a0\nC@6+2 cd a0\nC@6+4 ef a0\nclose C fin @6\n"
	    "close S fin @7\nend closed @8\n" },
	{ "a window that is scaled",
	    "scale C 7\nscale S 7\nwin C 512\nwin S 512\n" HELLO
	    "C A 0 0 *60000\nC A 60000 0 *5000\n",
	    "open\nC@4+0 #60000 a0\nC@5+60000 #5000 a0\nend input @5\n" },
	{ "a segment larger than any packet",
	    "scale C 7\nscale S 7\nwin C 2048\nwin S 2048\n" HELLO
	    "C FA 0 0 *66000\nS FA 0 66001\nC A 66001 1\n",
	    "open\nC@4+0 #65000 a0\nC@4+65000 #1000 a0\nclose C fin @4\n"
	    "close S fin @5\nend closed @6\n" },
	{ "a RST",
	    HELLO "C A 0 0 ab\nS R 0 -\n",
	    "open\nC@4+0 ab a0\nclose S rst @5\nend closed @5\n" },
	{ "an attempt that is refused",
	    "C S\nS RA -1 0\n", "attempt refused @2\n" },
	{ "an attempt without an answer",
	    "C S\nC S\n", "attempt no-answer @2\n" },
	{ "the next attempt with the same port",
	    "C S\nisn C 77\n" HELLO "C A 0 0 ab\n",
	    "attempt no-answer @2\n2:open\n2:C@5+0 ab a0\n2:end input @5\n" },
	{ "the same ports after the end",
	    HELLO BYE(0, 0) "C A 1 1\nisn C 77777\n" HELLO "C A 0 0 ab\n",
	    "open\nclose C fin @4\nclose S fin @5\nend closed @6\n"
	    "2:open\n2:C@11+0 ab a0\n2:end input @11\n" },
	{ "idle, and nothing of it is left",
	    HELLO "C A 0 0 ab\n+900000\ntick\nisn C 99\n" HELLO
	    "C A 0 0 cd\n",
	    "open\nC@4+0 ab a0\nend idle @4\n2:open\n2:C@8+0 cd a0\n"
	    "2:end input @8\n" },
};

static const struct script_case holes[] = {
	{ "a hole is a gap after a second, and all behind it",
	    HELLO "C A 0 0 ab\nC A 4 0 ef\nS A 0 6\n+1100\ntick\n"
	    "S A 0 6 250\nC A 6 3 gh\nS A 3 8 221\n",
	    "open\nC@4+0 ab a0\ngap C+2 4 @6\nS@7+0 250 a6\n"
	    "gap C+6 2 @9\nS@9+3 221 a8\nend input @9\n" },
	{ "told as a gap, and then there",
	    HELLO "C A 0 0 ab\nS A 0 4\n+1100\ntick\nC A 2 0 cdef\n",
	    "open\nC@4+0 ab a0\ngap C+2 2 @5\nC@6+4 ef a0\nend input @6\n" },
	{ "a hole that is never acknowledged",
	    HELLO "C A 0 0 ab\nC A 4 0 ef\n",
	    "open\nC@4+0 ab a0\ngap C+2 4 @5\nend input @5\n" },
	{ "cut by the snap length",
	    HELLO "C A 0 0 ab|cd\nC A 4 0 ef\n",
	    "open\nnote C snapped @4\nC@4+0 ab a0\ngap C+2 4 @5\n"
	    "end input @5\n" },
	{ "the other VLAN has the same ports",
	    HELLO "vlan C 7\nvlan S 7\n" HELLO "C A 0 0 xx\n"
	    "vlan C 0\nvlan S 0\nC A 0 0 ab\n",
	    "open\nC@8+0 ab a0\nend input @8\n" },
	{ "its two directions have other VLANs",
	    "vlan C 7\n" HELLO "C A 0 0 ab\n",
	    "open\nnote S vlan-asymmetric @1\nC@4+0 ab a0\nend input @4\n" },
};

static void test_same(void **state)
{
	(void)state;
	script_check_of(&tcp_nids_ops, same, sizeof same / sizeof *same);
}

static void test_holes(void **state)
{
	(void)state;
	script_check_of(&tcp_nids_ops, holes, sizeof holes / sizeof *holes);
}

static const struct {
	const char *script;
	enum account_counter counter;
	unsigned count;
} counts[] = {
	{ "C A 0 0 ab\nS A 0 2 cd\n", ACCOUNT_NIDS_NO_SYN, 1 },
	{ "C S\nS A 0 0 220\nC A 0 3 ab\n", ACCOUNT_NIDS_HANDSHAKE, 1 },
	{ "S SA 0 0\nC S\nC A 0 0 ab\n", ACCOUNT_NIDS_HANDSHAKE, 1 },
	{ "C S\nS SA 0 0\nS A 0 0 220\n", ACCOUNT_NIDS_HANDSHAKE, 1 },
	{ HELLO "isn C 900000000\nC S\n", ACCOUNT_NIDS_REUSED, 1 },
	{ HELLO "vlan C 7\nvlan S 7\n" HELLO, ACCOUNT_NIDS_TAGS, 1 },
	{ HELLO "C A 2 0 cd\nC A 4 0 ef\n", ACCOUNT_NIDS_BEHIND_GAP, 4 },
	{ HELLO "C A 0 0 ab\n", ACCOUNT_NIDS_BEHIND_GAP, 0 },
	{ "C S\n", ACCOUNT_NIDS_HANDSHAKE, 0 },
	{ "C S\nS RA -1 0\n", ACCOUNT_NIDS_HANDSHAKE, 0 },
};

static void test_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct script *s = script_new_of(&tcp_nids_ops, NULL);

		script_run(s, counts[i].script);
		script_run(s, "finish");
		if (s->account.counters[counts[i].counter] !=
		    counts[i].count)
			fail_msg("%s: %s is %d", counts[i].script,
			    account_counter_name(counts[i].counter),
			    (int)s->account.counters[counts[i].counter]);
		account_fini(&s->account);
		script_free(s);
	}
}

static void test_ipv6(void **state)
{
	struct script *s = script_new_of(&tcp_nids_ops, NULL);

	(void)state;
	s->host[0].at.family = s->host[1].at.family = 6;
	script_run(s, HELLO "C A 0 0 ab\n" "finish");
	assert_string_equal(s->out, "");
	assert_int_equal(s->account.counters[ACCOUNT_NIDS_IPV6], 4);
	script_free(s);
}

/* What libnids throws away is told. */
static void test_queue(void **state)
{
	struct script *s = script_new_of(&tcp_nids_ops, NULL);

	(void)state;
	script_run(s, "scale C 7\nscale S 7\n" HELLO "C A 100 0 *60000\n"
	    "C A 60100 0 *20000\n");
	assert_non_null(strstr(s->out, "note C limit @5"));
	assert_int_equal(s->account.counters[ACCOUNT_NIDS_WARNINGS], 1);
	assert_non_null(s->account.lists[ACCOUNT_LIST_NIDS]);
	account_fini(&s->account);
	script_free(s);
}

/* It is there once, and again when it was given back. */
static void test_one_at_a_time(void **state)
{
	static const struct tcp_options none = { .secret = 1 };
	struct script *s = script_new_of(&tcp_nids_ops, NULL);
	struct tcp_engine *e;

	(void)state;
	assert_non_null(tcp_nids_lacks());
	assert_int_equal(tcp_nids_ops.open(&e, &script_sink, s, &s->account,
	    &none), SW_EUSAGE);
	assert_null(e);
	script_free(s);
	assert_null(tcp_nids_lacks());
}

static void test_evict(void **state)
{
	struct script *s = script_new_of(&tcp_nids_ops, NULL);

	(void)state;
	assert_false(s->tcp->evict(s->e, NULL, s->origin));
	script_run(s, HELLO "port 1026\n" HELLO);
	assert_true(s->tcp->evict(s->e, NULL, s->origin));
	assert_string_equal(s->out, "open\n2:open\nnote C limit @6\n"
	    "end limit @6\n");
	/* Its stream went with it. */
	script_run(s, "port 1025\nisn C 40000000\n" HELLO "C A 0 0 ab\n");
	assert_non_null(strstr(s->out, "3:C@10+0 ab a0"));
	script_free(s);
}

/* More connections at once than fit, all half open but the first. */
static void test_many(void **state)
{
	struct script *s = script_new_of(&tcp_nids_ops, NULL);

	(void)state;
	s->mute = true;
	script_run(s, "port 1\n" HELLO);
	for (unsigned i = 2; i < LIMIT_SHARD_FLOWS + 2000; i++) {
		s->host[0].at.port = (uint16_t)i;
		script_run(s, "C S");
		s->len = 0;
	}
	assert_int_equal(s->account.counters[ACCOUNT_TCP_LIMIT_FLOWS], 1999);
	assert_int_equal(s->account.counters[ACCOUNT_NIDS_WARNINGS], 0);
	script_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_evict),
		cmocka_unit_test(test_many),
	};

	if (tcp_nids_lacks()) {
		printf("1..1\nok 1 - nids # SKIP %s\n", tcp_nids_lacks());
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
