/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_tcp_flows.c - beginnings and ends of connections: handshakes, attempts,
 * RST, ports used again, VLANs, idle, facts
 */
#include "tcp/flow.h"
#include "tcp_script.h"

#define HELLO "C S\nS SA 0 0\nC A 0 0\n"
#define BYE(c, s) "C FA " #c " " #s "\nS FA " #s " " #c "\n"

static const struct script_case handshakes[] = {
	{ "octets in the SYN, taken",
	    "C S - - EHLO\nS SA 0 4\nC A 4 0\nS A 0 4 220\n",
	    "open\nC@1+0 EHLO\nS@4+0 220 a4\nend input @4\n" },
	{ "octets in the SYN, not taken, sent again and other",
	    "C S - - EHLO\nS SA 0 0\nC A 0 0 HELO\n",
	    "open\nC@3+0 HELO a0\nend input @3\n" },
	{ "octets in the SYN-ACK",
	    "C S\nS SA 0 0 220\nC A 0 3 EHLO\n",
	    "open\nS@2+0 220 a0\nC@3+0 EHLO a3\nend input @3\n" },
	{ "octets in a SYN are no session",
	    "C S - - EHLO\n", "attempt no-answer @1\n" },
	{ "SYNs sent again",
	    "C S\nC S\nS SA 0 0\nS SA 0 0\nC A 0 0\nC S\nS SA 0 0\n"
	    "C A 0 0 ab\n",
	    "open\nC@8+0 ab a0\nend input @8\n" },
	{ "the third ACK is lost, the client speaks",
	    "C S\nS SA 0 0\nC A 0 3 EHLO\nS A 0 0 220\n",
	    "open\nS@4+0 220 a0\nC@3+0 EHLO a3\nend input @4\n" },
	{ "the SYN-ACK is lost",
	    "C S\nC A 0 0\nS A 0 0 220\n",
	    "open\nS@3+0 220 a0\nend input @3\n" },
	{ "simultaneous open",
	    "C S\nS S\nC SA 0 0\nS SA 0 0\nC A 0 0 ab\nS A 0 2 x\n",
	    "open\nC@5+0 ab a0\nS@6+0 x a2\nend input @6\n" },
	{ "split handshake",
	    "C S\nS S\nC SA 0 0\nS A 0 0\nS A 0 0 220\n",
	    "open\nS@5+0 220 a0\nend input @5\n" },
	{ "split handshake in four",
	    "C S\nS A 0 0\nS S\nC SA 0 0\nS A 0 0\nS A 0 0 220\n",
	    "open\nS@6+0 220 a0\nend input @6\n" },
	{ "a session without octets",
	    HELLO, "open\nend input @3\n" },
	{ "lone ACK, FIN, RST",
	    "C A 0 0\nS FA 0 0\nC R 0 0\nS RA 0 0\n", "" },
};

static const struct script_case attempts[] = {
	{ "never answered", "C S\n+1000\nC S\n+2000\nC S\n",
	    "attempt no-answer @3\n" },
	{ "... until idle", "C S\n+900000\ntick\n",
	    "attempt no-answer @1\n" },
	{ "a FIN of the server behind octets that are lost",
	    "C S\nS SA 0 0\nS FA 5 0\n",
	    "open\ngap S+0 5 @3\nclose S fin @3\nend input @3\n" },
	{ "... behind none", "C S\nS SA 0 0\nS FA 0 0\n",
	    "attempt no-answer @3\n" },
	{ "... behind nobody knows what", "C S\nS FA 5 0\n",
	    "attempt no-answer @2\n" },
	{ "refused", "C S\nS RA 0 0\n", "attempt refused @2\n" },
	{ "refused, tried again, told once",
	    "C S\nS RA 0 0\n+500\nC S\nS RA 0 0\n+500\nC S\nS RA 0 0\n",
	    "attempt refused @2\n" },
	{ "refused, tried again, answered",
	    "C S\nS RA 0 0\n+500\nC S\nS SA 0 0\nC A 0 0 ab\n",
	    "attempt refused @2\n2:open\n2:C@5+0 ab a0\n2:end input @5\n" },
	{ "a RST that acknowledges something else",
	    "C S\nS RA 0 7\nS SA 0 0\nC A 0 0 ab\n",
	    "open\nC@4+0 ab a0\nend input @4\n" },
	{ "a RST without ACK to a SYN", "C S\nS R 0 -\n",
	    "attempt no-answer @2\n" },
	{ "an ICMP error", "C S\nicmp C\n", "attempt refused @2\n" },
	{ "an ICMP error, then an answer",
	    "C S\nicmp C\nC S\nS SA 0 0\nC A 0 0 ab\n",
	    "open\nC@5+0 ab a0\nend input @5\n" },
	{ "scanned: answered, never finished",
	    "C S\nS SA 0 0\nC R 0 -\n", "attempt no-answer @3\n" },
	{ "answered, and that is all", "C S\nS SA 0 0\n",
	    "attempt no-answer @2\n" },
	{ "an answer to something else",
	    "C S\nS SA 0 9\nS SA 0 0\nC A 0 0 ab\n",
	    "open\nC@4+0 ab a0\nend input @4\n" },
	{ "two servers answer: the ACK decides",
	    "C S\nS SA 0 0\nisn S 900000000\nS SA 0 0\nisn S 5000\nC A 0 0 ab\n"
	    "S A 0 2 xy\n",
	    "open\nC@4+0 ab a0\nS@5+0 xy a2\nend input @5\n" },
	{ "... the second one, and the first goes on",
	    "C S\nS SA 0 0\nisn S 900000000\nS SA 0 0\nC A 0 0 ab\n"
	    "isn S 5000\nS SA 0 0\nisn S 900000000\nC A 0 0 ab\nS A 0 2 xy\n",
	    "open\nC@4+0 ab a0\nS@7+0 xy a2\nend input @7\n"
	    "2:attempt no-answer @7\n" },
	{ "only the answer", "S SA 0 0\n", "attempt no-answer @1\n" },
	{ "another SYN: two attempts",
	    "C S\nisn C 77777\nC S\n",
	    "attempt no-answer @2\n2:attempt no-answer @2\n" },
	{ "... the second is answered",
	    "C S\nisn C 77777\nC S\nS SA 0 0\nC A 0 0 ab\n",
	    "attempt no-answer @2\n2:open\n2:C@4+0 ab a0\n"
	    "2:end input @4\n" },
	{ "a challenge ACK to a SYN",
	    "C S\nS A 800 900\nC R 900 -\nC S\nS SA 0 0\nC A 0 0 ab\n",
	    "open\nC@6+0 ab a0\nend input @6\n" },
	{ "in order of their first frames",
	    "C S\nport 1026\nC S\nport 1025\nC S\nport 1027\nC S\n",
	    "attempt no-answer @4\n2:attempt no-answer @4\n"
	    "3:attempt no-answer @4\n" },
};

static const struct script_case resets[] = {
	{ "RST", HELLO "C A 0 0 ab\nS A 0 2\nC R 2 -\nS A 0 2 late\n",
	    "open\nC@4+0 ab a0\nclose C rst @6\nend closed @6\n" },
	{ "RST in front of octets that were seen: their copy is late",
	    HELLO "C A 0 0 abcd\nC R 2 -\nC A 2 0 cd\n",
	    "open\nC@4+0 abcd a0\nclose C rst @5\nend closed @5\n" },
	{ "RST with octets in it", HELLO "C A 0 0 ab\nC RA 2 0 bye\n",
	    "open\nC@4+0 ab a0\nclose C rst @5\nend closed @5\n" },
	{ "RST out of window, before",
	    HELLO "C A 0 0 abcd\nS A 0 4\nC R 2 -\nC A 4 0 ef\n",
	    "open\nC@4+0 abcd a0\nC@7+4 ef a0\nend input @7\n" },
	{ "RST out of window, behind",
	    HELLO "C A 0 0 ab\nC R 200000 -\nC A 2 0 cd\n",
	    "open\nC@4+0 ab a0\nC@6+2 cd a0\nend input @6\n" },
	{ "RST out of window, damaged",
	    HELLO "C A 0 0 ab\nbad\nC R 200000 -\nC A 2 0 cd\n",
	    "open\nC@4+0 ab a0\nnote C bad-checksum @5\nC@6+2 cd a0\n"
	    "end input @6\n" },
	{ "RST behind a hole: what waits goes first",
	    HELLO "C A 0 0 ab\nC A 4 0 ef\nC R 6 -\n",
	    "open\nC@4+0 ab a0\ngap C+2 2 @5\nC@5+4 ef a0\n"
	    "close C rst @6\nend closed @6\n" },
	{ "RST by a host never seen",
	    "C A 0 0 ab\nS R 0 -\n",
	    "open?\nnote C no-start @1\nC@1+0 ab\nclose S rst @2\n"
	    "end closed @2\n" },
	{ "RST after FIN: the FIN was first",
	    HELLO "C FA 0 0\nC R 1 -\n",
	    "open\nclose C fin @4\nend closed @5\n" },
	{ "RST at a FIN that was acknowledged",
	    HELLO "C FA 0 0\nS A 0 1 data\nC R 0 -\n",
	    "open\nclose C fin @4\nS@5+0 data a0\nend closed @6\n" },
	{ "RST that answers octets after a close",
	    HELLO "C FA 0 0\nS A 0 1 data\nC R 1 -\nC R 1 -\n",
	    "open\nclose C fin @4\nS@5+0 data a0\nend closed @6\n" },
};

static const struct script_case reuse[] = {
	{ "late copies after the close",
	    HELLO "C FA 0 0 ab\nS FA 0 3\nC A 3 1\nC FA 0 0 ab\nS FA 0 3\n"
	    "C A 0 0 ab\nC S\nS SA 0 0\n",
	    "open\nC@4+0 ab a0\nclose C fin @4\nclose S fin @5\n"
	    "end closed @6\n" },
	{ "after a close with FIN",
	    HELLO "C FA 0 0 ab\nS FA 0 3\nC A 3 1\nisn C 90000\nisn S 7\n"
	    HELLO "C A 0 0 cd\n",
	    "open\nC@4+0 ab a0\nclose C fin @4\nclose S fin @5\n"
	    "end closed @6\n2:open\n2:C@10+0 cd a0\n2:end input @10\n" },
	{ "without a close",
	    HELLO "C A 0 0 ab\nisn C 90000\nisn S 7\n"
	    HELLO "C A 0 0 cd\n",
	    "open\nC@4+0 ab a0\nnote C ports-reused @6\nend reused @6\n"
	    "2:open\n2:C@8+0 cd a0\n2:end input @8\n" },
	{ "without a close, from one side only",
	    "C S\nC A 0 0 ab\nisn C 90000\nC S\nC A 0 0 cd\n",
	    "open\nC@2+0 ab\nnote S direction-missing @4\n"
	    "note C ports-reused @4\nend reused @4\n2:open\n"
	    "2:C@4+0 cd\n2:note S direction-missing @4\n2:end input @4\n" },
	{ "half-open: the old server is gone",
	    HELLO "C A 0 0 ab\nisn C 90000\nC S\nC S\n",
	    "open\nC@4+0 ab a0\nend input @6\n2:attempt no-answer @6\n" },
	{ "a forged SYN: the session goes on",
	    HELLO "C A 0 0 ab\nisn C 90000\nC S\nisn C 1000\nS A 0 2\n"
	    "C A 2 0 cd\n",
	    "open\nC@4+0 ab a0\nC@7+2 cd a0\nend input @7\n"
	    "2:attempt no-answer @7\n" },
	{ "half-open: challenge ACK, RST, then anew (RFC 9293 3.5.1)",
	    HELLO "C A 0 0 ab\nS A 0 2\nisn C 90000\nC S\n"
	    "isn C 1000\nS A 0 2\nC R 2 -\n"
	    "isn C 90000\nisn S 7\nC S\nS SA 0 0\nC A 0 0 cd\n",
	    "open\nC@4+0 ab a0\nclose C rst @8\nend closed @8\n"
	    "2:open\n2:C@11+0 cd a0\n2:end input @11\n" },
	{ "refused anew",
	    HELLO "C A 0 0 ab\nisn C 90000\nC S\nS RA 0 0\n",
	    "open\nC@4+0 ab a0\nnote C ports-reused @6\nend reused @6\n"
	    "2:attempt refused @6\n" },
	{ "after a close, the new start was lost",
	    HELLO "C FA 0 0 ab\nS FA 0 3\nC A 3 1\nisn C 300000000\n"
	    "isn S 800000000\nC A 0 0 cd\n",
	    "open\nC@4+0 ab a0\nclose C fin @4\nclose S fin @5\n"
	    "end closed @6\n2:open?\n2:note C no-start @7\n2:C@7+0 cd\n"
	    "2:note S direction-missing @7\n2:end input @7\n" },
	{ "after a second FIN without ACK",
	    HELLO BYE(0, 0) "isn C 90000\nC S\n",
	    "open\nclose C fin @4\nclose S fin @5\nend closed @6\n"
	    "2:attempt no-answer @6\n" },
	{ "idle",
	    HELLO "C A 0 0 ab\n+899000\ntick\nC A 2 0 cd\n+900000\ntick\n"
	    "C A 4 0 ef\n",
	    "open\nC@4+0 ab a0\nC@5+2 cd a0\nend idle @5\n"
	    "2:open?\n2:note C no-start @6\n2:C@6+0 ef\n"
	    "2:note S direction-missing @6\n2:end input @6\n" },
	{ "idle, without a tick",
	    HELLO "C A 0 0 ab\n+900000\nC A 2 0 cd\n",
	    "open\nC@4+0 ab a0\nend idle @5\n"
	    "2:open?\n2:note C no-start @5\n2:C@5+0 cd\n"
	    "2:note S direction-missing @5\n2:end input @5\n" },
	{ "the engine may be fed again after the end",
	    HELLO "C A 0 0 ab\nfinish\nC A 2 0 cd\n",
	    "open\nC@4+0 ab a0\nend input @4\n2:open?\n"
	    "2:note C no-start @5\n2:C@5+0 cd\n"
	    "2:note S direction-missing @5\n2:end input @5\n" },
};

static const struct script_case vlans[] = {
	{ "over, under both tags: late segments, then anew under one",
	    "vlan C 1\nvlan S 2\n" HELLO "C FA 0 0 ab\nS FA 0 3 done\n"
	    "C A 3 5\nS A 0 3 done\nC A 0 0 ab\nvlan C 2\nvlan S 1\n"
	    "S A 0 3 done\n"
	    "C A 0 0 ab\nisn C 90000\nisn S 7\nvlan C 1\nC S\nvlan S 2\n"
	    "S SA 0 0\nC A 0 0 cd\n",
	    "open\nnote S vlan-asymmetric @1\nC@4+0 ab a0\nclose C fin @4\n"
	    "S@5+0 done a2\nclose S fin @5\nend closed @6\n2:open\n"
	    "2:note S vlan-asymmetric @11\n2:C@13+0 cd a0\n"
	    "2:end input @13\n" },
	{ "each direction in its own tunnel, one in a VLAN, too",
	    "tunnel C 1\ntunnel S 2\nvlan S 5\n" HELLO "C FA 0 0 ab\n"
	    "S FA 0 3 done\nC A 3 5\nS A 0 3 done\nC A 0 0 ab\n",
	    "open\nnote S vlan-asymmetric @1\nC@4+0 ab a0\nclose C fin @4\n"
	    "S@5+0 done a2\nclose S fin @5\nend closed @6\n" },
	{ "one direction in a tunnel, without a start",
	    "tunnel S 1\nC A 0 0 EHLO\nS A 0 4 250\nC A 4 3 x\n",
	    "open?\nnote C no-start @1\nC@1+0 EHLO\n"
	    "note S vlan-asymmetric @2\nS@2+0 250 a4\nC@3+4 x a3\n"
	    "end input @3\n" },
	{ "equal addresses in two tunnels",
	    "tunnel C 1\ntunnel S 1\n" HELLO "tunnel C 2\ntunnel S 2\n"
	    "isn C 9\nisn S 99\n" HELLO "C A 0 0 two\ntunnel C 1\n"
	    "tunnel S 1\nisn C 1000\nisn S 5000\nC A 0 0 one\n",
	    "open\n2:open\n2:C@7+0 two a0\nC@8+0 one a0\nend input @8\n"
	    "2:end input @8\n" },
	{ "equal addresses in two VLANs",
	    "vlan C 1\nvlan S 1\n" HELLO "vlan C 2\nvlan S 2\nisn C 9\n"
	    "isn S 99\n" HELLO "C A 0 0 two\nvlan C 1\nvlan S 1\n"
	    "isn C 1000\nisn S 5000\nC A 0 0 one\n",
	    "open\n2:open\n2:C@7+0 two a0\nC@8+0 one a0\nend input @8\n"
	    "2:end input @8\n" },
	{ "each direction under its own tag",
	    "vlan C 1\nvlan S 2\n" HELLO "S A 0 0 220\nC A 0 3 EHLO\n",
	    "open\nnote S vlan-asymmetric @1\nS@4+0 220 a0\n"
	    "C@5+0 EHLO a3\nend input @5\n" },
	{ "... without a start",
	    "vlan C 1\nvlan S 2\nC A 0 0 EHLO\nS A 0 4 250\nC A 4 3 x\n",
	    "open?\nnote C no-start @1\nC@1+0 EHLO\n"
	    "note S vlan-asymmetric @2\nS@2+0 250 a4\nC@3+4 x a3\n"
	    "end input @3\n" },
	{ "another connection of the other VLAN is not joined",
	    "vlan C 1\nvlan S 2\nC A 0 0 EHLO\nisn C 99999999\n"
	    "S A 0 4 250\n",
	    "open?\nnote C no-start @1\nC@1+0 EHLO\n2:open?\n"
	    "2:note S no-start @2\n2:S@2+0 250\n"
	    "note S direction-missing @2\nend input @2\n"
	    "2:note C direction-missing @2\n2:end input @2\n" },
};

static void test_handshakes(void **state)
{
	(void)state;
	script_check(handshakes, sizeof handshakes / sizeof *handshakes);
}

static void test_attempts(void **state)
{
	(void)state;
	script_check(attempts, sizeof attempts / sizeof *attempts);
}

static void test_resets(void **state)
{
	(void)state;
	script_check(resets, sizeof resets / sizeof *resets);
}

static void test_reuse(void **state)
{
	(void)state;
	script_check(reuse, sizeof reuse / sizeof *reuse);
}

static void test_vlans(void **state)
{
	(void)state;
	script_check(vlans, sizeof vlans / sizeof *vlans);
}

static void test_strict_vlan(void **state)
{
	struct tcp_options options = { .secret = 1, .strict_vlan = true };
	struct script *s = script_new(&options);

	(void)state;
	script_run(s, "vlan C 1\nvlan S 2\n" HELLO "S A 0 0 220\nfinish\n");
	assert_string_equal(s->out,
	    "open\n" /* the client's SYN and ACK */
	    "2:open\n2:S@4+0 220 a0\n"
	    "note S direction-missing @4\nend input @4\n"
	    "2:note C direction-missing @4\n2:end input @4\n");
	script_free(s);
}

static void test_facts(void **state)
{
	struct script *s = script_new(NULL);
	const struct tcp_facts *f = &s->facts;

	(void)state;
	script_run(s, "mss C 1460\nmss S 1400\nscale C 7\nscale S 7\n" HELLO
	    "S A 0 0 220\nwin C 0\nC A 0 3\n+500\nwin C 9\nC A 0 3\n"
	    "C A 0 3 EHLO\nC A 0 3 EHLO\nS A 3 2\nicmp C\nC A 8 3 x\n"
	    "finish\n");
	assert_int_equal(f->frames, 10);
	assert_int_equal(f->syn_rtt_ns, 20000000);
	assert_int_equal(f->last.at, 11);
	assert_int_equal(f->side[0].octets, 5);
	assert_int_equal(f->side[0].retransmitted, 4);
	assert_int_equal(f->side[0].delivered, 9);
	assert_int_equal(f->side[0].highest, 9);
	assert_int_equal(f->side[0].acked, 2);
	assert_true(f->side[0].acked_known);
	assert_int_equal(f->side[0].mss, 1460);
	assert_int_equal(f->side[0].zero_window_ns, 510000000);
	assert_int_equal(f->side[0].icmp_errors, 1);
	assert_int_equal(f->side[0].icmp_mtu, 1400);
	assert_int_equal(f->side[1].octets, 3);
	assert_int_equal(f->side[1].acked, 3);
	assert_int_equal(f->side[1].mss, 1400);
	assert_int_equal(f->side[1].zero_window_ns, 0);
	assert_int_equal(s->account.counters[ACCOUNT_TCP_GAPS], 1);
	assert_int_equal(s->account.counters[ACCOUNT_TCP_MISSING], 4);
	assert_int_equal(s->account.counters[ACCOUNT_TCP_OCTETS], 8);
	assert_int_equal(s->account.counters[ACCOUNT_TCP_RETRANSMITTED], 4);
	assert_int_equal(s->account.counters[ACCOUNT_TCP_SEGMENTS], 10);
	script_free(s);
}

static void test_counters(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	script_run(s, HELLO "C A 0 0 ab\nsame\nC A 0 0 ab\nC A 0 0 ab\n"
	    "C R 500000 -\nC A 800000000 0 x\nfinish\n");
	assert_int_equal(s->account.counters[ACCOUNT_FRAMES_DUPLICATE], 1);
	assert_int_equal(s->account.counters[ACCOUNT_TCP_RETRANSMITTED], 2);
	assert_int_equal(s->account.counters[ACCOUNT_TCP_OUT_OF_WINDOW], 2);
	assert_int_equal(s->facts.side[0].retransmitted, 2);
	assert_int_equal(s->facts.syn_rtt_ns, 20000000);
	assert_int_equal(s->facts.side[0].mss, SW_UNKNOWN);
	script_free(s);
}

/* A sink that does not want a session hears nothing more of it. */
static void test_unwanted(void **state)
{
	struct script *s = script_new(NULL);

	(void)state;
	s->mute = true;
	script_run(s, HELLO "C A 5 0 fgh\nC A 0 0 abcde\nC A 8 0 x\n"
	    "C FA 9 0\nS FA 0 10\nC A 10 1\nC A 5 0 fgh\nfinish\n");
	assert_string_equal(s->out, "open\n");
	script_free(s);
}

static void test_shard(void **state)
{
	struct endpoint a = { { 192, 0, 2, 1 }, 1025, 4 };
	struct endpoint b = { { 192, 0, 2, 2 }, 25, 4 };
	unsigned used[SHARD_COUNT] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 64 * 100; i++) {
		unsigned n;

		a.port = (uint16_t)(1024 + i);
		n = tcp_shard_of(&a, &b);
		assert_int_equal(n, tcp_shard_of(&b, &a));
		assert_true(n < SHARD_COUNT);
		used[n]++;
	}
	for (int i = 0; i < SHARD_COUNT; i++)
		assert_in_range(used[i], 50, 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_strict_vlan),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_unwanted),
		cmocka_unit_test(test_shard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
