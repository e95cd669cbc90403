/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp_script.h - the TCP engine driven by scripts
 *
 * A script is lines; each segment is one, 10 ms after the one before:
 *
 *	C S            client's SYN            S SA     server's SYN-ACK
 *	C A 0 0        ACK, sequence and acknowledgment numbers as offsets
 *	C A 0 0 EHLO   with octets; *1460: as many; AB|CD: CD was not captured
 *	C S - - data   data in a SYN           C R 5 -  RST without ACK
 *
 * Flags are letters of S A F R P.  Other lines:
 *
 *	+900           900 ms more             tick, finish
 *	isn C 5        its initial sequence number (default 1000, 5000)
 *	port 1026      of the client           vlan S 7, tunnel S 7
 *	win C 0        window                  mss C 1460   scale C 7
 *	icmp C         an ICMP error about a segment of C
 *	bad            the next segment's checksum is wrong
 *	same           the next segment 0 ms after the one before
 *
 * What the engine hands up is written as lines:
 *
 *	open | open?   with or without the opener known
 *	C@4+0 EHLO a0  octets of frame 4 at offset 0; a0: acknowledges 0
 *	gap S+0 14 @9  close C fin @7   note C overlap-differs @5
 *	end closed @8  attempt refused @2
 *
 * From the second flow on with "2:" in front.
 */
#ifndef TCP_SCRIPT_H
#define TCP_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tcp/engine.h"

struct script_host {
	uint32_t isn, vlan, tunnel, window;
	uint16_t mss;
	uint8_t scale;
	struct endpoint at;
};

struct script_flow {
	const struct tcp_flow *flow;
	int id;
};

struct script {
	const struct tcp_engine_ops *tcp; /* operations of e */
	struct tcp_engine *e;
	struct account account;
	struct origin origin;
	struct script_host host[2];
	bool bad, same, mute;
	int flows;
	struct tcp_facts facts; /* of the flow that ended last */
	char *out;
	size_t len;
	uint8_t octets[70000];
};

static inline void script_write(struct script *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void script_write(struct script *s, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(s->out + s->len, (1u << 20) - s->len, format, ap);
	va_end(ap);
	assert_true(n >= 0 && s->len + (size_t)n < 1u << 20);
	s->len += (size_t)n;
}

static inline char script_name(const struct tcp_flow *flow, int dir)
{
	return tcp_flow_info_get(flow)->host[dir].port == 25 ? 'S' : 'C';
}

static inline void script_id(struct script *s, int id)
{
	if (id > 1)
		script_write(s, "%d:", id);
}

static void *script_open(void *ctx, struct tcp_flow *flow)
{
	struct script *s = ctx;
	struct script_flow *f = calloc(1, sizeof *f);

	assert_non_null(f);
	f->flow = flow;
	f->id = ++s->flows;
	script_id(s, f->id);
	script_write(s, "open%s\n",
	    tcp_flow_info_get(flow)->opener_known ? "" : "?");
	if (!s->mute)
		return f;
	free(f);
	return NULL;
}

static void script_octets(void *ctx, void *user, const struct delivery *o)
{
	struct script *s = ctx;
	struct script_flow *f = user;

	script_id(s, f->id);
	script_write(s, "%c@%d+%llu ", script_name(f->flow, o->dir),
	    (int)o->origin.at, (unsigned long long)o->offset);
	if (o->octets.len > 40)
		script_write(s, "#%zu", o->octets.len);
	else
		script_write(s, "%.*s", (int)o->octets.len,
		    (const char *)o->octets.p);
	if (o->acked_known)
		script_write(s, " a%llu", (unsigned long long)o->acked);
	script_write(s, "\n");
}

static void script_gap(void *ctx, void *user, int dir, uint64_t offset,
    uint64_t len, struct origin origin)
{
	struct script *s = ctx;
	struct script_flow *f = user;

	script_id(s, f->id);
	script_write(s, "gap %c+%llu %llu @%d\n", script_name(f->flow, dir),
	    (unsigned long long)offset, (unsigned long long)len,
	    (int)origin.at);
}

static void script_anomaly(void *ctx, void *user, int dir, enum anomaly code,
    struct origin origin)
{
	static const char *const names[ANOMALY_COUNT] = {
		[ANOMALY_SNAPPED] = "snapped",
		[ANOMALY_BAD_CHECKSUM] = "bad-checksum",
		[ANOMALY_OVERLAP_DIFFERS] = "overlap-differs",
		[ANOMALY_VLAN_ASYMMETRIC] = "vlan-asymmetric",
		[ANOMALY_LIMIT] = "limit",
		[ANOMALY_PORTS_REUSED] = "ports-reused",
		[ANOMALY_NO_START] = "no-start",
		[ANOMALY_DIRECTION_MISSING] = "direction-missing"
	};
	struct script *s = ctx;
	struct script_flow *f = user;

	script_id(s, f->id);
	script_write(s, "note %c %s @%d\n", script_name(f->flow, dir),
	    names[code], (int)origin.at);
}

static void script_close(void *ctx, void *user, int dir, bool rst,
    struct origin origin)
{
	struct script *s = ctx;
	struct script_flow *f = user;

	script_id(s, f->id);
	script_write(s, "close %c %s @%d\n", script_name(f->flow, dir),
	    rst ? "rst" : "fin", (int)origin.at);
}

static void script_end(void *ctx, void *user, struct tcp_flow *flow,
    enum tcp_end why, struct origin origin)
{
	static const char *const names[] = {
		"closed", "idle", "reused", "limit", "input"
	};
	struct script *s = ctx;
	struct script_flow *f = user;

	assert_ptr_equal(f->flow, flow);
	tcp_flow_facts_get(flow, &s->facts);
	script_id(s, f->id);
	script_write(s, "end %s @%d\n", names[why], (int)origin.at);
	free(f);
}

static void script_attempt(void *ctx, struct tcp_flow *flow, bool refused,
    struct origin origin)
{
	struct script *s = ctx;

	tcp_flow_facts_get(flow, &s->facts);
	script_id(s, ++s->flows);
	script_write(s, "attempt %s @%d\n", refused ? "refused" : "no-answer",
	    (int)origin.at);
}

static const struct tcp_sink_ops script_sink = {
	.open = script_open,
	.octets = script_octets,
	.gap = script_gap,
	.anomaly = script_anomaly,
	.close = script_close,
	.end = script_end,
	.attempt = script_attempt,
};

static inline void script_host_init(struct script_host *h, uint32_t isn,
    uint8_t last, uint16_t port)
{
	memset(h, 0, sizeof *h);
	h->isn = isn;
	h->window = 65535;
	h->scale = 255;
	h->at.family = 4;
	h->at.port = port;
	memcpy(h->at.ip, "\300\0\2", 3);
	h->at.ip[3] = last;
}

static inline struct script *script_new_of(const struct tcp_engine_ops *tcp,
    const struct tcp_options *options)
{
	static const struct tcp_options none = { .secret = 1 };
	struct script *s = calloc(1, sizeof *s);

	assert_non_null(s);
	s->out = calloc(1, 1u << 20);
	assert_non_null(s->out);
	s->origin.ts_ns = INT64_C(1000000000) * 1000000000;
	script_host_init(&s->host[0], 1000, 1, 1025);
	script_host_init(&s->host[1], 5000, 2, 25);
	for (size_t i = 0; i < sizeof s->octets; i++)
		s->octets[i] = (uint8_t)('a' + i % 26);
	s->tcp = tcp;
	assert_int_equal(tcp->open(&s->e, &script_sink, s, &s->account,
	    options ? options : &none), SW_OK);
	return s;
}

static inline struct script *script_new(const struct tcp_options *options)
{
	return script_new_of(&tcp_native_ops, options);
}

static inline void script_free(struct script *s)
{
	s->len = 0; /* sessions that a test left open */
	assert_int_equal(s->tcp->finish(s->e, s->origin), SW_OK);
	s->tcp->close(&s->e);
	assert_null(s->e);
	free(s->out);
	free(s);
}

static inline uint8_t script_flags(const char *p)
{
	uint8_t flags = 0;

	for (; *p; p++)
		flags |= (uint8_t)(*p == 'S' ? TCP_SYN : *p == 'A' ? TCP_ACK :
		    *p == 'F' ? TCP_FIN : *p == 'R' ? TCP_RST :
		    *p == 'P' ? TCP_PSH : 0);
	return flags;
}

/* A decimal number, "-5" allowed; "-" and nothing are 0. */
static inline int64_t script_number(const char *p)
{
	uint64_t n = 0;

	if (!strcmp(p, "-") || !*p)
		return 0;
	assert_true(slice_to_u64(slice_str(p + (*p == '-')), &n));
	return *p == '-' ? -(int64_t)n : (int64_t)n;
}

static inline void script_payload(struct script *s, struct segment *seg,
    const char *text)
{
	const char *cut = strchr(text, '|');

	if (text[0] == '*') {
		seg->payload_len = (uint32_t)script_number(text + 1);
		/* The octets of the stream at this place. */
		seg->payload = slice_make(s->octets + seg->seq % 26,
		    seg->payload_len);
		return;
	}
	seg->payload_len = (uint32_t)(strlen(text) - (cut != NULL));
	seg->payload = slice_make(text, cut ? (size_t)(cut - text) :
	    strlen(text));
	if (cut)
		seg->anomalies |= ANOMALY_BIT(ANOMALY_SNAPPED);
}

/* One segment of host h, built and fed from memory of its own. */
static inline void script_segment(struct script *s, int h, uint8_t flags,
    int64_t seq, int64_t ack, const char *text)
{
	/* The sum in it is wrong with all that is said here. */
	static const uint8_t header[20] = {
		0, 1, 0, 2, [12] = 0x50, [16] = 0x12, [17] = 0x34
	};
	const struct script_host *from = &s->host[h], *to = &s->host[!h];
	struct segment seg;
	uint8_t *copy;

	memset(&seg, 0, sizeof seg);
	s->origin.at++;
	if (!s->same)
		s->origin.ts_ns += 10000000;
	s->same = false;
	seg.origin = s->origin;
	seg.resolution_ns = 1000;
	seg.src = from->at;
	seg.dst = to->at;
	seg.vlan_tag = from->vlan;
	seg.tunnel_tag = from->tunnel;
	seg.seq = from->isn + (flags & TCP_SYN ? 0 : 1 + (uint32_t)seq);
	if (flags & TCP_ACK)
		seg.ack = to->isn + 1 + (uint32_t)ack;
	seg.flags = flags;
	seg.window = from->window;
	seg.window_scale = flags & TCP_SYN ? from->scale : 255;
	seg.mss = flags & TCP_SYN ? from->mss : 0;
	script_payload(s, &seg, text);
	if (s->bad)
		seg.header_len = sizeof header;
	s->bad = false;
	copy = malloc(sizeof header + seg.payload.len);
	assert_non_null(copy);
	memcpy(copy, header, sizeof header);
	memcpy(copy + sizeof header, seg.payload.p, seg.payload.len);
	seg.payload.p = copy + sizeof header;
	assert_int_equal(s->tcp->feed(s->e, &seg), SW_OK);
	free(copy);
}

static inline void script_set(struct script *s, const char *what,
    struct script_host *h, const char *value)
{
	uint32_t n = (uint32_t)script_number(value);

	if (!strcmp(what, "isn"))
		h->isn = n;
	else if (!strcmp(what, "vlan"))
		h->vlan = n;
	else if (!strcmp(what, "tunnel"))
		h->tunnel = n;
	else if (!strcmp(what, "win"))
		h->window = n;
	else if (!strcmp(what, "mss"))
		h->mss = (uint16_t)n;
	else if (!strcmp(what, "scale"))
		h->scale = (uint8_t)n;
	else
		fail_msg("%s?", what);
	(void)s;
}

static inline void script_icmp(struct script *s, int h)
{
	struct icmp_error icmp;

	memset(&icmp, 0, sizeof icmp);
	s->origin.at++;
	icmp.origin = s->origin;
	icmp.src = s->host[h].at;
	icmp.dst = s->host[!h].at;
	icmp.vlan_tag = s->host[h].vlan;
	icmp.tunnel_tag = s->host[h].tunnel;
	icmp.type = 3;
	icmp.mtu = 1400;
	assert_int_equal(s->tcp->icmp(s->e, &icmp), SW_OK);
}

static inline void script_line(struct script *s, const char *line)
{
	char w[4][40] = { "", "", "", "" };
	int at = 0;
	int n = sscanf(line, "%39s %39s %39s %39s %n", w[0], w[1], w[2], w[3],
	    &at);

	if (line[0] == '+')
		s->origin.ts_ns += script_number(line + 1) * 1000000;
	else if (!strcmp(w[0], "tick"))
		assert_int_equal(s->tcp->tick(s->e, s->origin), SW_OK);
	else if (!strcmp(w[0], "finish"))
		assert_int_equal(s->tcp->finish(s->e, s->origin),
		    SW_OK);
	else if (!strcmp(w[0], "bad"))
		s->bad = true;
	else if (!strcmp(w[0], "same"))
		s->same = true;
	else if (!strcmp(w[0], "port"))
		s->host[0].at.port = (uint16_t)script_number(w[1]);
	else if (!strcmp(w[0], "icmp"))
		script_icmp(s, w[1][0] == 'S');
	else if (w[0][1] == 0 && (w[0][0] == 'C' || w[0][0] == 'S'))
		script_segment(s, w[0][0] == 'S', script_flags(w[1]),
		    script_number(w[2]), script_number(w[3]),
		    n == 4 ? line + at : "");
	else
		script_set(s, w[0], &s->host[w[1][0] == 'S'], w[2]);
}

static inline void script_run(struct script *s, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[200];

		assert_true(len < sizeof line);
		memcpy(line, text, len);
		line[len] = 0;
		if (len > 0)
			script_line(s, line);
		text += len + (text[len] == '\n');
	}
}

struct script_case {
	const char *name, *script, *expected;
};

/* Run cases, each in an engine of its own, and end the input; the same under
 * several secrets. */
static inline void script_check_of(const struct tcp_engine_ops *tcp,
    const struct script_case *cases, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		for (uint64_t secret = 1; secret < 4; secret++) {
			struct tcp_options options = { .secret = secret };
			struct script *s = script_new_of(tcp, &options);

			script_run(s, cases[i].script);
			script_run(s, "finish");
			if (strcmp(s->out, cases[i].expected) != 0) {
				failed++;
				fprintf(stderr, "%s:\n%s--- expected\n%s",
				    cases[i].name, s->out,
				    cases[i].expected);
			}
			script_free(s);
			if (failed)
				break;
		}
	}
	assert_int_equal(failed, 0);
}

static inline void script_check(const struct script_case *cases, size_t n)
{
	script_check_of(&tcp_native_ops, cases, n);
}

#endif
