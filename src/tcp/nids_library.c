/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nids_library.c - libnids: all that is called of it, and its state
 *
 * See nids.c for what libnids gets, and why.
 */
#include "tcp/nids.h"

#ifndef SW_NIDS

const char *tcp_nids_lacks(void)
{
	return "not built with libnids";
}

#else

#include <nids.h>
#include <setjmp.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/library.h"

#define NIDS_LIBRARY "libnids.so.1.21"

enum {
	IP_HEADER = 20,
	TCP_HEADER = 20,
	SCALE_OPTION = 4,
	PACKET_PAYLOAD = 65000, /* of a segment that is larger */
	/* libnids uses three quarters of its table, and ends the stream that
	 * began first when they are all taken.  The flows are fewer. */
	STREAMS = LIMIT_SHARD_FLOWS / 3 * 4 + 64,
	FIN_SENT = 120 /* of half_stream.state: its FIN was reached */
};

/* libnids, of which there is one.  `held` is taken by the engine that is
 * open; all else is touched by its thread alone. */
static struct {
	atomic_bool held;
	bool broken;             /* it ran out of memory within libnids */
	jmp_buf no_memory;
	struct arrival *current; /* what is being fed, or NULL */
	enum tcp_nids_answer answer;
	pcap_t *pcap;
	struct pcap_pkthdr header;
	uint8_t packet[IP_HEADER + TCP_HEADER + SCALE_OPTION +
	    PACKET_PAYLOAD];

	struct nids_prm *params;
	char **warnings;
	int (*init)(void);
	void (*exit)(void);
	void (*register_tcp)(void *callback);
	void (*unregister_tcp)(void *callback);
	void (*register_chksum_ctl)(struct nids_chksum_ctl *rules, int count);
	void (*handler)(u_char *user, struct pcap_pkthdr *header,
	    u_char *packet);
	struct tcp_stream *(*find)(struct tuple4 *addresses);
	void (*free_stream)(struct tcp_stream *stream);
	pcap_t *(*open_dead)(int link_type, int snap_length);
	void (*close)(pcap_t *pcap);
} nids;

/* All addresses: do not verify. */
static struct nids_chksum_ctl no_checksums = { 0, 0, NIDS_DONT_CHKSUM, 0 };

static void on_no_memory(char *where)
{
	(void)where;
	longjmp(nids.no_memory, 1);
}

/* --- streams ------------------------------------------------------------ */

static struct tcp_stream *find_tuple(const struct endpoint *client,
    const struct endpoint *server)
{
	struct tuple4 t;

	memset(&t, 0, sizeof(t)); /* libnids compares its octets */
	t.source = client->port;
	t.dest = server->port;
	memcpy(&t.saddr, client->ip, sizeof(t.saddr));
	memcpy(&t.daddr, server->ip, sizeof(t.daddr));
	return nids.find(&t);
}

/* The stream with the flow's ports and addresses, or NULL. */
static struct tcp_stream *find_stream(const struct flow *f)
{
	const struct endpoint *host = f->common.info.host;
	struct tcp_stream *t = find_tuple(&host[0], &host[1]);

	return t ? t : find_tuple(&host[1], &host[0]);
}

bool tcp_nids_is_own(const struct flow *f)
{
	const struct tcp_stream *t = find_stream(f);

	return !t || t->user == f;
}

void tcp_nids_claim(struct flow *f)
{
	struct tcp_stream *t = find_stream(f);

	if (t && !t->user)
		t->user = f;
}

bool tcp_nids_is_fin(const struct flow *f, int dir)
{
	const struct tcp_stream *t = find_stream(f);

	return t && (dir ? t->server : t->client).state >= FIN_SENT;
}

void tcp_nids_release(const struct flow *f)
{
	struct tcp_stream *t = nids.broken ? NULL : find_stream(f);

	if (t && t->user == f)
		nids.free_stream(t);
}

/* --- what libnids hands up ---------------------------------------------- */

/* New octets of the direction of what is being fed; nothing is kept of what
 * was handed up before. */
static void take_data(struct arrival *a, const struct tcp_stream *t)
{
	const struct half_stream *h = a->dir ? &t->client : &t->server;
	const struct half_stream *sender = a->dir ? &t->server : &t->client;
	size_t len = h->count_new > 0 ? (size_t)h->count_new : 0;

	if (len > 0)
		tcp_nids_octets(a, sender->first_data_seq +
		    (uint32_t)h->count - (uint32_t)len,
		    slice_make((const uint8_t *)h->data +
		    ((size_t)(h->count - h->offset) - len), len));
}

/* What libnids calls.  The stream is that of the segment which is being fed,
 * but when libnids makes room, or ends. */
static void on_stream(struct tcp_stream *t, void **param)
{
	struct arrival *a = nids.current;

	(void)param;
	if (!a || t->user != a->f)
		return;
	switch (t->nids_state) {
	case NIDS_JUST_EST:
		t->client.collect++;
		t->server.collect++;
		tcp_nids_established(a);
		break;
	case NIDS_DATA:
		take_data(a, t);
		break;
	case NIDS_RESET:
		nids.answer = TCP_NIDS_RESET;
		break;
	case NIDS_CLOSE:
	case NIDS_TIMED_OUT:
		nids.answer = TCP_NIDS_CLOSED;
		break;
	}
}

/* What libnids would write to syslog. */
static void on_warning(int kind, int number, struct ip *ip, void *data)
{
	bool known = number > NIDS_WARN_UNDEFINED &&
	    number <= NIDS_WARN_TCP_BADFLAGS;

	(void)kind;
	(void)ip;
	(void)data;
	if (nids.current)
		tcp_nids_warned(nids.current, known ? nids.warnings[number] :
		    "unknown warning", number == NIDS_WARN_TCP_BIGQUEUE);
}

/* --- what libnids gets -------------------------------------------------- */

static uint8_t *put16(uint8_t *p, uint32_t v)
{
	*p++ = (uint8_t)(v >> 8);
	*p++ = (uint8_t)v;
	return p;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	return put16(put16(p, v >> 16), v);
}

static uint8_t *put_octets(uint8_t *p, const void *octets, size_t len)
{
	if (len > 0)
		memcpy(p, octets, len);
	return p + len;
}

/* A packet of some of a segment's payload; returns its length. */
static size_t make_packet(const struct segment *seg, uint32_t seq,
    uint8_t flags, struct slice payload)
{
	bool scale = (flags & TCP_SYN) && seg->window_scale != 255;
	size_t tcp = TCP_HEADER + (scale ? SCALE_OPTION : 0);
	size_t len = IP_HEADER + tcp + payload.len;
	uint8_t *p = nids.packet;

	p = put16(p, 0x4500);          /* version, header length, service */
	p = put16(p, (uint32_t)len);
	p = put32(p, 0x00004000);      /* not to be fragmented */
	p = put32(p, 0x40060000);      /* time to live, TCP, no checksum */
	p = put_octets(p, seg->src.ip, 4);
	p = put_octets(p, seg->dst.ip, 4);
	p = put16(p, seg->src.port);
	p = put16(p, seg->dst.port);
	p = put32(p, seq);
	p = put32(p, seg->ack);
	p = put16(p, (uint32_t)(tcp / 4) << 12 | flags);
	p = put16(p, seg->window > UINT16_MAX ? UINT16_MAX : seg->window);
	p = put32(p, 0);               /* no checksum, nothing urgent */
	if (scale)
		p = put32(p, UINT32_C(0x01030300) | seg->window_scale);
	put_octets(p, payload.p, payload.len);
	return len;
}

/* Out of memory inside of libnids leaves it in no known state. */
static void call_libnids(size_t len)
{
	if (setjmp(nids.no_memory) != 0) {
		nids.broken = true;
		return;
	}
	nids.header.caplen = nids.header.len = (bpf_u_int32)len;
	nids.handler(NULL, &nids.header, nids.packet);
}

static void set_time(int64_t ts_ns)
{
	struct timeval *tv = &nids.header.ts;

	tv->tv_sec = ts_ns > 0 ? (time_t)(ts_ns / NS_PER_S) : 0;
	tv->tv_usec = ts_ns > 0 ? (suseconds_t)(ts_ns % NS_PER_S / 1000) : 0;
}

/* The whole segment, in as many packets as IPv4 needs (the length of one that
 * the sending host left to its interface may be any).  A FIN stands behind
 * the last octet: without that it is nowhere. */
enum tcp_nids_answer tcp_nids_offer(struct arrival *a)
{
	const struct segment *seg = a->seg;
	bool syn = seg->flags & TCP_SYN;
	struct slice left = syn ? slice_make(NULL, 0) : seg->payload;
	uint8_t last = seg->flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH |
	    TCP_ACK);
	uint32_t seq = seg->seq;

	if (seg->payload.len < seg->payload_len || syn)
		last &= (uint8_t)~TCP_FIN;
	set_time(seg->origin.ts_ns);
	nids.current = a;
	nids.answer = TCP_NIDS_GOES_ON;
	do {
		struct slice now = slice_head(left, PACKET_PAYLOAD);

		left = slice_from(left, now.len);
		call_libnids(make_packet(seg, seq, left.len > 0 ?
		    seg->flags & TCP_ACK : last, now));
		seq += (uint32_t)now.len;
	} while (left.len > 0 && nids.answer == TCP_NIDS_GOES_ON &&
	    !nids.broken);
	nids.current = NULL;
	return nids.answer;
}

/* --- the library -------------------------------------------------------- */

static bool load(void)
{
	const struct library_function functions[] = {
		{ "nids_params", &nids.params },
		{ "nids_warnings", &nids.warnings },
		{ "nids_init", &nids.init },
		{ "nids_exit", &nids.exit },
		{ "nids_register_tcp", &nids.register_tcp },
		{ "nids_unregister_tcp", &nids.unregister_tcp },
		{ "nids_register_chksum_ctl", &nids.register_chksum_ctl },
		{ "nids_pcap_handler", &nids.handler },
		{ "nids_find_tcp_stream", &nids.find },
		{ "nids_free_tcp_stream", &nids.free_stream },
		{ "pcap_open_dead", &nids.open_dead }, /* it depends on it */
		{ "pcap_close", &nids.close }
	};

	return library_load(NIDS_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0]));
}

/* It takes a function as a pointer to void, which ISO C does not know. */
static void *callback(void)
{
	void (*function)(struct tcp_stream *t, void **param) = on_stream;
	void *p;

	memcpy(&p, &function, sizeof(p));
	return p;
}

/* Called with nids.held taken.  libnids has to be told all that it would do
 * beside: filters, port scans, threads, timeouts by its own clock. */
static bool begin_libnids(void)
{
	struct nids_prm *p = nids.params;

	nids.pcap = nids.open_dead(DLT_RAW, UINT16_MAX);
	if (!nids.pcap)
		return false;
	p->pcap_desc = nids.pcap;
	p->device = p->filename = p->pcap_filter = NULL;
	p->n_tcp_streams = STREAMS;
	p->n_hosts = 1; /* of fragments */
	p->scan_num_hosts = 0;
	p->syslog = on_warning;
	p->no_mem = on_no_memory;
	p->multiproc = p->tcp_workarounds = p->one_loop_less = 0;
	p->tcp_flow_timeout = 0;
	if (setjmp(nids.no_memory) != 0) {
		nids.broken = true;
		return false;
	}
	if (!nids.init())
		return false;
	nids.register_chksum_ctl(&no_checksums, 1);
	nids.register_tcp(callback());
	return true;
}

enum sw_status tcp_nids_take(void)
{
	bool none = false, loaded;

	if (!atomic_compare_exchange_strong(&nids.held, &none, true))
		return SW_EUSAGE;
	loaded = load();
	if (loaded && begin_libnids())
		return SW_OK;
	if (nids.pcap)
		nids.close(nids.pcap);
	nids.pcap = NULL;
	atomic_store(&nids.held, nids.broken);
	return loaded ? SW_ENOMEM : SW_EUSAGE;
}

void tcp_nids_give_back(void)
{
	if (!nids.broken) {
		nids.unregister_tcp(callback());
		nids.exit();
	}
	nids.close(nids.pcap);
	nids.pcap = NULL;
	atomic_store(&nids.held, nids.broken);
}

bool tcp_nids_is_broken(void)
{
	return nids.broken;
}

const char *tcp_nids_lacks(void)
{
	bool none = false, loaded;

	if (!atomic_compare_exchange_strong(&nids.held, &none, true))
		return "libnids serves one reader at a time";
	loaded = load();
	atomic_store(&nids.held, false);
	return loaded ? NULL : NIDS_LIBRARY " cannot be loaded";
}

#endif
