/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_tcp_order.c - order, overlaps, gaps and causality of the TCP engine */
#include "tcp_script.h"

#define HELLO "C S\nS SA 0 0\nC A 0 0\n"
#define BYE(c, s) "C FA " #c " " #s "\nS FA " #s " " #c "\nC A " #c " " #s "\n"

static const struct script_case order[] = {
	{ "in order",
	    HELLO "S PA 0 0 220 x\nC PA 0 5 QUIT\nS FA 5 4 221\n"
	    "C FA 4 9\nS A 9 5\n",
	    "open\nS@4+0 220 x a0\nC@5+0 QUIT a5\nS@6+5 221 a4\n"
	    "close S fin @6\nclose C fin @7\nend closed @8\n" },
	{ "out of order",
	    HELLO "C A 2 0 cd\nC A 4 0 ef\nC A 0 0 ab\n",
	    "open\nC@6+0 ab a0\nC@4+2 cd a0\nC@5+4 ef a0\nend input @6\n" },
	{ "reverse order",
	    HELLO "C A 6 0 gh\nC A 4 0 ef\nC A 2 0 cd\nC A 0 0 ab\n",
	    "open\nC@7+0 ab a0\nC@6+2 cd a0\nC@5+4 ef a0\nC@4+6 gh a0\n"
	    "end input @7\n" },
	{ "sent again with other borders",
	    HELLO "C A 0 0 abc\nC A 0 0 abcde\nC A 2 0 cdefg\nC A 1 0 bc\n",
	    "open\nC@4+0 abc a0\nC@5+3 de a0\nC@6+5 fg a0\nend input @7\n" },
	{ "a hole filled from the middle",
	    HELLO "C A 6 0 gh\nC A 2 0 cd\nC A 1 0 bcdefghi\nC A 0 0 a\n",
	    "open\nC@7+0 a a0\nC@6+1 b a0\nC@5+2 cd a0\nC@6+4 ef a0\n"
	    "C@4+6 gh a0\nC@6+8 i a0\nend input @7\n" },
	{ "one segment over held ones goes straight",
	    HELLO "C A 2 0 cd\nC A 6 0 gh\nC A 0 0 abcdefghij\n",
	    "open\nC@6+0 ab a0\nC@4+2 cd a0\nC@6+4 ef a0\nC@5+6 gh a0\n"
	    "C@6+8 ij a0\nend input @6\n" },
	{ "sequence numbers wrap",
	    "isn C 4294967293\nisn S 4294967295\n" HELLO
	    "C A 3 0 def\nC A 0 0 abc\nS A 0 6 xy\nC A 6 2 g\n",
	    "open\nC@5+0 abc a0\nC@4+3 def a0\nS@6+0 xy a6\nC@7+6 g a2\n"
	    "end input @7\n" },
	{ "the FIN before its octets",
	    HELLO "C FA 4 0 ef\nC A 2 0 cd\nC A 0 0 ab\nS FA 0 7\nC A 7 1\n",
	    "open\nC@6+0 ab a0\nC@5+2 cd a0\nC@4+4 ef a0\nclose C fin @4\n"
	    "close S fin @7\nend closed @8\n" },
	{ "a bare FIN before its octets",
	    HELLO "C FA 2 0\nC A 0 0 ab\nS FA 0 3\nC A 3 1\n",
	    "open\nC@5+0 ab a0\nclose C fin @4\nclose S fin @6\n"
	    "end closed @7\n" },
	{ "octets behind a FIN are none",
	    HELLO "C FA 0 0 ab\nC A 2 0 zz\nC A 1 0 bz\n",
	    "open\nC@4+0 ab a0\nclose C fin @4\nend input @6\n" },
	{ "a FIN amid octets is none",
	    HELLO "C A 0 0 abcd\nC FA 2 0\nC A 4 0 ef\n",
	    "open\nC@4+0 abcd a0\nC@6+4 ef a0\nend input @6\n" },
	{ "keep-alives, with and without garbage",
	    HELLO "C A 0 0 ab\nC A 1 0\nC A 1 0 ?\nS A 0 2\nC A 2 0 c\n"
	    "S A 0 3\nC A 2 0 ?\n",
	    "open\nC@4+0 ab a0\nC@8+2 c a0\nend input @10\n" },
	{ "a zero-window probe holds the next octet",
	    HELLO "C A 0 0 ab\nC A 2 0 c\nC A 2 0 cdef\n",
	    "open\nC@4+0 ab a0\nC@5+2 c a0\nC@6+3 def a0\nend input @6\n" },
	{ "segments larger than any packet",
	    HELLO "C A 0 0 *65000\nC A 65000 0 *60000\n",
	    "open\nC@4+0 #65000 a0\nC@5+65000 #60000 a0\nend input @5\n" },
};

static const struct script_case overlaps[] = {
	{ "differing copy while held: the first wins",
	    HELLO "C A 2 0 cdef\nC A 1 0 bXXefg\nC A 0 0 a\n",
	    "open\nnote C overlap-differs @5\nC@6+0 a a0\nC@5+1 b a0\n"
	    "C@4+2 cdef a0\nC@5+6 g a0\nend input @6\n" },
	{ "differing copy of what was handed up",
	    HELLO "C A 0 0 MAIL FROM:<a>\nC A 0 0 MAIL FROM:<b>\n",
	    "open\nC@4+0 MAIL FROM:<a> a0\nnote C overlap-differs @5\n"
	    "end input @5\n" },
	{ "the same at the same time: no twin",
	    HELLO "C A 0 0 MAIL FROM:<a>\nsame\nC A 0 0 MAIL FROM:<b>\n",
	    "open\nC@4+0 MAIL FROM:<a> a0\nnote C overlap-differs @5\n"
	    "end input @5\n" },
	{ "a part differs",
	    HELLO "C A 0 0 ab\nC A 2 0 cd\nC A 4 0 ef\nC A 3 0 XefgX\n",
	    "open\nC@4+0 ab a0\nC@5+2 cd a0\nC@6+4 ef a0\n"
	    "C@7+6 gX a0\nnote C overlap-differs @7\nend input @7\n" },
	{ "a damaged copy is no attack",
	    HELLO "C A 0 0 abcd\nbad\nC A 0 0 abXd\n",
	    "open\nC@4+0 abcd a0\nnote C bad-checksum @5\nend input @5\n" },
	{ "told once",
	    HELLO "C A 0 0 abcd\nC A 0 0 abXd\nC A 0 0 aXcd\n",
	    "open\nC@4+0 abcd a0\nnote C overlap-differs @5\n"
	    "end input @6\n" },
	{ "equal copies",
	    HELLO "C A 4 0 ef\nC A 4 0 ef\nC A 0 0 abcd\nC A 0 0 abcdef\n",
	    "open\nC@6+0 abcd a0\nC@4+4 ef a0\nend input @7\n" },
};

static const struct script_case causal[] = {
	{ "an ACK before its octets",
	    HELLO "S A 0 4\nC A 0 0 EHLO\nS A 0 4 250\n",
	    "open\nC@5+0 EHLO a0\nS@6+0 250 a4\nend input @6\n" },
	{ "both waited for the same: as captured, the server's first",
	    HELLO "S A 3 0 b\nC A 0 3 x\nS A 0 0 aaa\n",
	    "open\nS@6+0 aaa a0\nS@4+3 b a0\nC@5+0 x a3\nend input @6\n" },
	{ "... the client's first",
	    HELLO "C A 0 3 x\nS A 3 0 b\nS A 0 0 aaa\n",
	    "open\nS@6+0 aaa a0\nC@4+0 x a3\nS@5+3 b a0\nend input @6\n" },
	{ "a reply before its command",
	    HELLO "S A 0 4 250\nC A 0 0 EHLO\n",
	    "open\nC@5+0 EHLO a0\nS@4+0 250 a4\nend input @5\n" },
	{ "two exchanges, one side late",
	    HELLO "S A 0 0 220\nS A 3 4 250\nS A 6 8 251\n"
	    "C A 0 3 EHLO\nC A 4 6 MAIL\n",
	    "open\nS@4+0 220 a0\nC@7+0 EHLO a3\nS@5+3 250 a4\n"
	    "C@8+4 MAIL a6\nS@6+6 251 a8\nend input @8\n" },
	{ "the greeting before the handshake's end",
	    "C S\nS SA 0 0\nS A 0 0 220\nC A 0 0\nC A 0 3 EHLO\n",
	    "open\nS@3+0 220 a0\nC@5+0 EHLO a3\nend input @5\n" },
	{ "the greeting before the SYN-ACK",
	    "C S\nS A 0 0 220\nS SA 0 0\nC A 0 3 EHLO\n",
	    "open\nS@2+0 220 a0\nC@4+0 EHLO a3\nend input @4\n" },
	{ "SYN-ACK before SYN",
	    "S SA 0 0\nC S\nC A 0 0\nS A 0 0 220\n",
	    "open\nS@4+0 220 a0\nend input @4\n" },
	{ "a close waits for what it answers",
	    HELLO "S FA 0 4 221\nC A 0 0 QUIT\nC FA 4 4\nS A 4 5\n",
	    "open\nC@5+0 QUIT a0\nS@4+0 221 a4\nclose S fin @4\n"
	    "close C fin @6\nend closed @7\n" },
	{ "each acknowledges the other: the first captured goes first",
	    /* C's first copy was lost; the second acknowledges S's reply. */
	    HELLO "S A 0 4 250\nC A 0 3 EHLO\n",
	    "open\nS@4+0 250 a4\nC@5+0 EHLO a3\nend input @5\n" },
	{ "a lost command: its reply waits a second",
	    HELLO "S A 0 4 250\n+970\nC A 4 3 MAIL\nC A 8 3 x\n"
	    "+20\nC A 9 3 y\n",
	    "open\ngap C+0 4 @4\nS@4+0 250 a4\nC@5+4 MAIL a3\nC@6+8 x a3\n"
	    "C@7+9 y a3\nend input @7\n" },
	{ "... by the clock of all frames",
	    HELLO "S A 0 4 250\n+999\ntick\n+60\ntick\nC A 4 3 MAIL\n",
	    "open\ngap C+0 4 @4\nS@4+0 250 a4\nC@5+4 MAIL a3\n"
	    "end input @5\n" },
	{ "the other direction is never seen",
	    "C S\nC A 0 0\nC A 0 9 EHLO\nC A 4 30 MAIL\n",
	    "open\nC@3+0 EHLO\nC@4+4 MAIL\n"
	    "note S direction-missing @4\nend input @4\n" },
	{ "... for a second since octets of it were acknowledged",
	    "C S\nC A 0 0\nC A 0 9 EHLO\n+900\ntick\nC A 4 9 MAIL\n"
	    "+160\ntick\nS A 0 0 *9\nC A 8 9 x\n",
	    "open\nC@3+0 EHLO\nC@4+4 MAIL\nS@5+0 jklmnopqr a0\nC@6+8 x a9\n"
	    "end input @6\n" },
	{ "... at the connection's end",
	    "C S\nC A 0 0\nC A 0 9 EHLO\nC R 4 -\n",
	    "open\nC@3+0 EHLO\nclose C rst @4\n"
	    "note S direction-missing @4\nend closed @4\n" },
	{ "the other direction is captured late",
	    "C S\nC A 0 0\nC A 0 3 EHLO\nC A 4 6 MAIL\nS SA 0 0\n"
	    "S A 0 0 220\nS A 3 4 250\n",
	    "open\nS@6+0 220 a0\nC@3+0 EHLO a3\nS@7+3 250 a4\n"
	    "C@4+4 MAIL a6\nend input @7\n" },
	{ "... the opener's",
	    "S SA 0 0\nS A 0 0 220\nS A 3 4 250\nC S\nC A 0 0\n"
	    "C A 0 3 EHLO\n",
	    "open\nS@2+0 220 a0\nC@6+0 EHLO a3\nS@3+3 250 a4\n"
	    "end input @6\n" },
	{ "... it begins before the first acknowledgment",
	    "C A 0 3 EHLO\nC A 4 6 MAIL\nS A 0 0 220\nS A 3 4 250\n",
	    "open?\nnote C no-start @1\nC@1+0 EHLO\nS@3+0 220 a0\n"
	    "S@4+3 250 a4\nC@2+4 MAIL a6\nend input @4\n" },
	{ "... and its SYN-ACK last",
	    "C S\nC A 0 3 EHLO\nC A 4 6 MAIL\nS SA 0 0\nS A 0 0 220\n"
	    "S A 3 4 250\n",
	    "open\nC@2+0 EHLO\nS@5+0 220 a0\nS@6+3 250 a4\n"
	    "C@3+4 MAIL a6\nend input @6\n" },
	{ "... and its SYN-ACK behind octets of it",
	    "S A 0 0 w\nS A 1 4 x\nS SA 0 0\nC A 0 1 abcd\n",
	    "open?\nnote S no-start @1\nS@1+0 w\nC@4+0 abcd a1\n"
	    "S@2+1 x a4\nend input @4\n" },
	{ "... and acknowledges less than they did",
	    "S A 0 9 w\nS SA 0 0\nS A 1 9 x\n+900\ntick\n+160\ntick\n"
	    "C A 0 1 ab\n",
	    "open?\nnote S no-start @1\nS@1+0 w\nS@3+1 x a9\n"
	    "C@4+0 ab a1\ngap C+2 7 @4\nend input @4\n" },
	{ "... and tells that the octets acknowledged first are missing",
	    "C S\nC A 0 5 ab\nS SA 0 0\n+600\nC A 2 5 cd\n+460\ntick\n"
	    "S A 0 2 220ab\n",
	    "open\nC@2+0 ab\ngap S+0 5 @4\nC@4+2 cd a5\nend input @5\n" },
	{ "... and begins before them: the second counts on",
	    "S A 0 10 w\nS A 1 14 x\n+600\nC A 0 1 ab\n+300\ntick\n"
	    "+160\ntick\nS A 2 14 y\n",
	    "open?\nnote S no-start @1\nS@1+0 w\nC@3+0 ab a1\ngap C+2 12 @2\n"
	    "S@2+1 x a14\nS@4+2 y a14\nend input @4\n" },
	{ "... too far before what was acknowledged to be believed",
	    "S A 0 60000 w\nS A 1 1060000 x\nC A 0 1 ef\n",
	    "open?\nnote S no-start @1\nS@1+0 w\nC@3+0 ef a1\nS@2+1 x\n"
	    "end input @3\n" },
	{ "an acknowledgment far beyond all is not believed",
	    HELLO "S A 0 900000000 250\n+2000\ntick\nC A 0 3 EHLO\n",
	    "open\nS@4+0 250 a0\nC@5+0 EHLO a3\nend input @5\n" },
};

static const struct script_case gaps[] = {
	{ "acknowledged past, a second later",
	    HELLO "C A 0 0 ab\nC A 4 0 ef\nS A 0 6\n+900\nC A 6 0 gh\n"
	    "+100\nC A 8 0 ij\n",
	    "open\nC@4+0 ab a0\ngap C+2 2 @5\nC@5+4 ef a0\nC@7+6 gh a0\n"
	    "C@8+8 ij a0\nend input @8\n" },
	{ "not acknowledged: it waits, and comes",
	    HELLO "C A 0 0 ab\nC A 4 0 ef\nS A 0 2\n+9000\ntick\n"
	    "C A 2 0 cd\n",
	    "open\nC@4+0 ab a0\nC@7+2 cd a0\nC@5+4 ef a0\nend input @7\n" },
	{ "not acknowledged: to the end",
	    HELLO "C A 0 0 ab\nC A 4 0 ef\n+9000\ntick\nC A 6 0 gh\n",
	    "open\nC@4+0 ab a0\ngap C+2 2 @5\nC@5+4 ef a0\nC@6+6 gh a0\n"
	    "end input @6\n" },
	{ "only what was acknowledged is lost",
	    HELLO "C A 0 0 ab\nC A 6 0 gh\nS A 0 4\n+2000\ntick\n"
	    "C A 4 0 ef\n",
	    "open\nC@4+0 ab a0\ngap C+2 2 @5\nC@7+4 ef a0\nC@5+6 gh a0\n"
	    "end input @7\n" },
	{ "partly filled, the rest is still a second old",
	    HELLO "C A 4 0 ef\nS A 0 6\n+500\nC A 0 0 ab\n+600\ntick\n",
	    "open\nC@6+0 ab a0\ngap C+2 2 @4\nC@4+4 ef a0\nend input @6\n" },
	{ "a tail that is acknowledged and nowhere",
	    HELLO "C A 0 0 ab\nS A 0 9\n+1\nfinish\n",
	    "open\nC@4+0 ab a0\ngap C+2 7 @5\nend input @5\n" },
	{ "one number more is a FIN",
	    HELLO "C A 0 0 ab\nS A 0 3\nS FA 0 3\nC A 3 1\n",
	    "open\nC@4+0 ab a0\nclose S fin @6\nend input @7\n" },
	{ "... but an octet if it comes",
	    HELLO "C A 0 0 ab\nS A 0 3 x\n+2000\ntick\nC A 2 1 c\n"
	    "C A 3 1 d\n",
	    "open\nC@4+0 ab a0\nS@5+0 x a3\nC@6+2 c a1\nC@7+3 d a1\n"
	    "end input @7\n" },
	{ "two holes, each by its own second",
	    HELLO "C A 1 0 b\nS A 0 2\n+500\nC A 3 0 d\nS A 0 4\n+490\n"
	    "S A 0 4\n+520\nS A 0 4\n",
	    "open\ngap C+0 1 @4\nC@4+1 b a0\ngap C+2 1 @6\nC@6+3 d a0\n"
	    "end input @9\n" },
	{ "snapped: the rest is a hole",
	    HELLO "C A 0 0 ab|cd\nC A 4 0 ef\nS A 0 6\n+1000\ntick\n"
	    "+50\ntick\n",
	    "open\nnote C snapped @4\nC@4+0 ab a0\ngap C+2 2 @5\n"
	    "C@5+4 ef a0\nend input @6\n" },
	{ "snapped, filled by another copy",
	    HELLO "C A 0 0 ab|cd\nC A 4 0 ef\nC A 2 0 cd\n",
	    "open\nnote C snapped @4\nC@4+0 ab a0\nC@6+2 cd a0\n"
	    "C@5+4 ef a0\nend input @6\n" },
	{ "snapped at the end",
	    HELLO "C A 0 0 ab|cdefg\n",
	    "open\nnote C snapped @4\nC@4+0 ab a0\ngap C+2 5 @4\n"
	    "end input @4\n" },
	{ "both directions have holes at the end",
	    HELLO "C A 0 0 ab\nS A 2 6 yz\nC A 6 4 gh\n",
	    "open\nC@4+0 ab a0\ngap S+0 2 @5\ngap C+2 4 @5\nS@5+2 yz a6\n"
	    "C@6+6 gh a4\nend input @6\n" },
	{ "a hole on the other side, no wider than it must be",
	    HELLO "S A 6 0 yz\nC A 0 4 ab\n",
	    "open\ngap S+0 4 @4\nC@5+0 ab a4\ngap S+4 2 @4\nS@4+6 yz a0\n"
	    "end input @5\n" },
	{ "acknowledged beyond the FIN",
	    HELLO "S A 0 9\nC FA 0 0 ab\n",
	    "open\nC@5+0 ab a0\nclose C fin @5\nend input @5\n" },
	{ "what a late direction lacks goes before what acknowledges it",
	    "S A 0 0 w\nS A 1 9 x\nC A 4 1 ef\n+1100\nC A 9 2 z\n",
	    "open?\nnote S no-start @1\nS@1+0 w\ngap C+0 4 @2\n"
	    "C@3+4 ef a1\ngap C+6 3 @2\nS@2+1 x a9\nC@4+9 z a2\n"
	    "end input @4\n" },
	{ "a direction that appears late lacks something at once",
	    "S A 0 0 w\nS A 1 9 x\n+1100\ntick\nC A 4 1 ef\n+1100\n"
	    "C A 9 2 z\n",
	    "open?\nnote S no-start @1\nS@1+0 w\nS@2+1 x\n"
	    "gap C+0 4 @3\nC@3+4 ef a1\ngap C+6 3 @4\nC@4+9 z a2\n"
	    "end input @4\n" },
	{ "... but not what is too far behind the first acknowledgment",
	    "S A 0 0 w\nS A 1 2000009 x\n+1100\ntick\nC A 2000004 1 ef\n"
	    "+1100\nC A 2000009 2 z\n",
	    "open?\nnote S no-start @1\nS@1+0 w\nS@2+1 x\nC@3+0 ef a1\n"
	    "gap C+2 3 @4\nC@4+5 z a2\nend input @4\n" },
	{ "a damaged number far ahead",
	    "C A 0 0 ab\nbad\nC A 2000000 0 zz\nC A 2 0 cd\n",
	    "open?\nnote C no-start @1\nC@1+0 ab\n"
	    "note C bad-checksum @2\nC@3+2 cd\n"
	    "note S direction-missing @3\nend input @3\n" },
	{ "... but a loss if the next one agrees",
	    "C A 0 0 ab\nbad\nC A 2000000 0 zz\nbad\nC A 2000002 0 cd\n",
	    "open?\nnote C no-start @1\nC@1+0 ab\n"
	    "note C bad-checksum @2\ngap C+2 2000000 @3\n"
	    "C@3+2000002 cd\n"
	    "note S direction-missing @3\nend input @3\n" },
	{ "far ahead, never acknowledged",
	    HELLO "C A 0 0 ab\nC A 1000000 0 zz\nC A 2 0 cd\n",
	    "open\nC@4+0 ab a0\nC@6+2 cd a0\ngap C+4 999996 @5\n"
	    "C@5+1000000 zz a0\nend input @6\n" },
	{ "beyond any window",
	    HELLO "S A 0 0\nC A 0 0 ab\nC A 5000000 0 zz\nC A 2 0 cd\n",
	    "open\nC@5+0 ab a0\nC@7+2 cd a0\nend input @7\n" },
	{ "a long loss: both sides leap",
	    HELLO "S A 0 0\nC A 5000000 0 ab\nS A 0 5000002\n"
	    "C A 5000002 0 cd\nS A 0 5000004\n+1200\ntick\nC A 5000004 0 e\n",
	    "open\ngap C+0 5000002 @7\nC@7+5000002 cd a0\n"
	    "C@9+5000004 e a0\nend input @9\n" },
};

static const struct script_case starts[] = {
	{ "no SYN",
	    "C A 0 0 ab\nS A 0 2 xy\nC A 2 2 cd\n",
	    "open?\nnote C no-start @1\nC@1+0 ab\nS@2+0 xy a2\n"
	    "C@3+2 cd a2\nend input @3\n" },
	{ "no SYN, server first",
	    "S A 100 50 xy\nC A 50 102 ab\n",
	    "open?\nnote S no-start @1\nS@1+0 xy\nC@2+0 ab a2\n"
	    "end input @2\n" },
	{ "a keep-alive is no start",
	    "S A 0 9 xy\nC A 8 2\nC A 9 2 ab\n",
	    "open?\nnote S no-start @1\nS@1+0 xy\nC@3+0 ab a2\n"
	    "end input @3\n" },
	{ "... nor when it comes before its ACK",
	    "C A 8 0\nS A 0 9 xy\nS A 2 9\nC A 9 2 ab\n",
	    "open?\nnote S no-start @2\nS@2+0 xy\nC@4+0 ab a2\n"
	    "end input @4\n" },
	{ "what was acknowledged before the first octet is lost",
	    "S A 0 5 xy\nS A 2 9\nC A 9 2 ab\n",
	    "open?\nnote S no-start @1\nS@1+0 xy\ngap C+0 4 @3\n"
	    "C@3+4 ab a2\nend input @3\n" },
	{ "... and what was not, in front of it",
	    "S A 0 5 xy\nC A 9 2 ab\nS A 2 11\n",
	    "open?\nnote S no-start @1\nS@1+0 xy\ngap C+0 4 @2\n"
	    "C@2+4 ab a2\nend input @3\n" },
	{ "before the start",
	    "C A 10 0 kl\nS A 0 12\nC A 8 0 ijklmn\nC A 2 0 cd\n",
	    "open?\nnote C no-start @1\nC@1+0 kl\nC@3+2 mn a0\n"
	    "end input @4\n" },
	{ "octets before the SYN",
	    "C A 0 0 ab\nC S\nS SA 0 0\nS A 0 2 xy\n",
	    "open?\nnote C no-start @1\nC@1+0 ab\nS@4+0 xy a2\n"
	    "end input @4\n" },
};

static const struct script_case shapes[] = {
	{ "half-closed", HELLO "C FA 0 0 ab\nS A 0 3 xy\nS A 2 3 z\n",
	    "open\nC@4+0 ab a0\nclose C fin @4\nS@5+0 xy a2\nS@6+2 z a2\n"
	    "end input @6\n" },
	{ "the last ACK is missing",
	    HELLO BYE(0, 0) "+1100\ntick\nC A 1 1\n",
	    "open\nclose C fin @4\nclose S fin @5\nend closed @6\n" },
};

static void test_order(void **state)
{
	(void)state;
	script_check(order, sizeof order / sizeof *order);
}

static void test_overlaps(void **state)
{
	(void)state;
	script_check(overlaps, sizeof overlaps / sizeof *overlaps);
}

static void test_causal(void **state)
{
	(void)state;
	script_check(causal, sizeof causal / sizeof *causal);
}

static void test_gaps(void **state)
{
	(void)state;
	script_check(gaps, sizeof gaps / sizeof *gaps);
}

static void test_starts(void **state)
{
	(void)state;
	script_check(starts, sizeof starts / sizeof *starts);
}

static void test_shapes(void **state)
{
	(void)state;
	script_check(shapes, sizeof shapes / sizeof *shapes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_causal),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
