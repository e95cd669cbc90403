/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gen.c - writes a capture of many SMTP sessions at once, quickly
 *
 *	gen [--size MB] [--sessions N] [--concurrency N] [--seed N]
 *	    [--loss R] [--reorder R] [--dup R] [--ipv6 R] [--bdat R]
 *	    [--format pcap|pcapng] [--pace US] [-o FILE]
 *	    [--log FILE [--ahead SECONDS]] [--octets FILE]
 *
 * Rates R lie between 0 and 1.  Equal arguments give equal octets; loss,
 * reorder and dup decide what is captured, never what the hosts say.  A frame
 * comes --pace microseconds (20) after the one before.  --log writes beside
 * the capture what the server logged (receive_log.h), whose clock may be
 * ahead of that of the one who captured.  --octets writes how many octets the
 * capture has, which are those of --size by chance and on average.
 *
 * Theory of operation.  A session is a script: each step of it is a burst
 * of octets of one side (a reply, a group of commands, a message), which is
 * cut into segments of 1460 octets; the other side acknowledges every second
 * one.  `concurrency` sessions are open at a time; each turn one of them, in
 * an order that the seed decides, sends a few frames.  Bodies are stretches
 * of one pool of lines of 76 columns, so that making a capture costs little
 * more than copying and the checksums.  Lost frames were lost by the one who
 * captured: the hosts acknowledge and go on.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "receive_log.h"

enum {
	MSS = 1460,
	LINE = 78, /* 76 columns and CRLF */
	POOL_LINES = 16384,
	POOL = LINE * POOL_LINES,
	TEXT = 1024, /* octets of a burst that are not of the pool */
	OUT = 1 << 20,
	FRAME_MAX = 2048,
	FIN = 1,
	SYN = 2,
	PSH = 8,
	ACK = 16,
	CLIENT = 0,
	SERVER = 1
};

struct options {
	double size_mb, loss, reorder, dup, ipv6, bdat, pace_us, ahead_s;
	unsigned sessions, concurrency;
	uint64_t seed;
	bool pcapng;
	const char *output, *log, *octets;
};

/* Steps of a session, in order. */
enum step {
	STEP_SYN,
	STEP_SYNACK,
	STEP_ACK,
	STEP_GREETING,
	STEP_EHLO,
	STEP_CAPS,
	STEP_MAIL,
	STEP_MAIL_REPLY,
	STEP_RCPT,
	STEP_RCPT_REPLY,
	STEP_DATA,
	STEP_DATA_REPLY,
	STEP_BODY,
	STEP_VERDICT,
	STEP_QUIT,
	STEP_BYE,
	STEP_FIN,
	STEP_FIN_REPLY,
	STEP_LAST_ACK,
	STEP_DONE
};

struct session {
	enum step step;
	unsigned number, messages, recipients;
	bool six, bdat, pipelined, refused;
	uint32_t seq[2];
	uint16_t port;
	/* the burst that is on its way */
	char head[TEXT], tail[8];
	size_t head_len, body_len, tail_len, body_at, sent;
	unsigned unacked; /* segments */
	struct receive_session logged;
	/* a frame that is captured after the next one (reorder) */
	uint8_t held[FRAME_MAX];
	size_t held_len;
};

struct out {
	int fd;
	uint8_t *octets;
	size_t len;
	uint64_t total;
};

struct gen {
	struct options o;
	struct out out;
	struct receive_log log;
	uint64_t random, fate, clock_ns; /* fate: of frames */
	char *pool;
	size_t mean_body;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* xorshift64*: quick, and the same everywhere. */
static uint64_t draw_from(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717) >> 16;
}

static uint64_t draw(struct gen *g)
{
	return draw_from(&g->random);
}

static unsigned below(struct gen *g, unsigned n)
{
	return (unsigned)(draw(g) % n);
}

static bool happens(uint64_t *state, double rate)
{
	return rate > 0 &&
	    (double)(draw_from(state) & 0xffffff) < rate * 0x1000000;
}

static void flush(struct out *o)
{
	size_t done = 0;

	while (done < o->len) {
		ssize_t n = write(o->fd, o->octets + done, o->len - done);

		if (n < 0)
			die("write");
		done += (size_t)n;
	}
	o->total += o->len;
	o->len = 0;
}

static void put(struct out *o, const void *octets, size_t len)
{
	if (OUT - o->len < len)
		flush(o);
	memcpy(o->octets + o->len, octets, len);
	o->len += len;
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4); /* files are written in the host's order */
}

static void net16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void net32(uint8_t *p, uint32_t v)
{
	net16(p, v >> 16);
	net16(p + 2, v);
}

/* --- files --------------------------------------------------------------- */

static void begin_file(struct gen *g)
{
	static const uint32_t pcap[] = {0xa1b2c3d4, 0x00040002, 0, 0, 262144,
	    1};
	static const uint32_t section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1,
	    0xffffffff, 0xffffffff, 28};
	/* one Ethernet interface, time in nanoseconds */
	static const uint32_t interface[] = {1, 32, 1, 262144, 0x00010009, 9, 0,
	    32};

	if (!g->o.pcapng) {
		put(&g->out, pcap, sizeof(pcap));
		return;
	}
	put(&g->out, section, sizeof(section));
	put(&g->out, interface, sizeof(interface));
}

static void put_pcap(struct gen *g, const uint8_t *frame, size_t len)
{
	uint8_t h[16];

	put32(h, (uint32_t)(g->clock_ns / 1000000000));
	put32(h + 4, (uint32_t)(g->clock_ns % 1000000000 / 1000));
	put32(h + 8, (uint32_t)len);
	put32(h + 12, (uint32_t)len);
	put(&g->out, h, sizeof(h));
	put(&g->out, frame, len);
}

static void put_pcapng(struct gen *g, const uint8_t *frame, size_t len)
{
	static const uint8_t pad[4];
	uint32_t size = (uint32_t)(32 + (len + 3) / 4 * 4);
	uint8_t h[28];

	put32(h, 6);
	put32(h + 4, size);
	put32(h + 8, 0);
	put32(h + 12, (uint32_t)(g->clock_ns >> 32));
	put32(h + 16, (uint32_t)g->clock_ns);
	put32(h + 20, (uint32_t)len);
	put32(h + 24, (uint32_t)len);
	put(&g->out, h, sizeof(h));
	put(&g->out, frame, len);
	put(&g->out, pad, (0 - len) & 3);
	put32(h, size);
	put(&g->out, h, 4);
}

static void record(struct gen *g, const uint8_t *frame, size_t len)
{
	g->clock_ns += (uint64_t)(g->o.pace_us * 1000);
	if (g->o.pcapng)
		put_pcapng(g, frame, len);
	else
		put_pcap(g, frame, len);
}

/* What the one who captures makes of a frame. */
static void capture(struct gen *g, struct session *s, const uint8_t *frame,
    size_t len)
{
	bool hold;

	if (happens(&g->fate, g->o.loss))
		return;
	hold = !s->held_len && happens(&g->fate, g->o.reorder);
	if (hold) {
		memcpy(s->held, frame, len);
		s->held_len = len;
		return;
	}
	record(g, frame, len);
	if (happens(&g->fate, g->o.dup))
		record(g, frame, len);
	if (s->held_len) {
		record(g, s->held, s->held_len);
		s->held_len = 0;
	}
}

/* --- packets ------------------------------------------------------------- */

/* The ones' complement sum of len octets (even offsets), as in RFC 1071; in
 * the host's order, which the caller's bytes undo. */
static uint64_t sum(const uint8_t *p, size_t len)
{
	uint64_t total = 0;
	uint32_t word;

	for (; len >= 4; p += 4, len -= 4) {
		memcpy(&word, p, 4);
		total += word;
	}
	word = 0;
	if (len) {
		memcpy(&word, p, len);
		total += word;
	}
	return total;
}

static void store_checksum(uint8_t *p, uint64_t total)
{
	uint16_t folded;

	total = (total & 0xffffffff) + (total >> 32);
	total = (total & 0xffffffff) + (total >> 32);
	total = (total & 0xffff) + (total >> 16);
	total = (total & 0xffff) + (total >> 16);
	folded = (uint16_t)~total;
	memcpy(p, &folded, 2);
}

static void set_addresses(struct session *s)
{
	uint8_t *client = s->logged.client, *server = s->logged.server;

	if (!s->six) {
		net32(client, 0xc6120000 | (s->number & 0xffff));
		net32(server, 0xc0000219);
		return;
	}
	net32(client, 0x20010db8);
	memcpy(server, client, 16);
	client[14] = (uint8_t)(s->number >> 8);
	client[15] = (uint8_t)s->number;
	server[15] = 25;
	server[13] = 1;
}

static size_t ip_header(uint8_t *p, const struct session *s, int from,
    size_t tcp_len)
{
	const uint8_t *client = s->logged.client, *server = s->logged.server;

	if (s->six) {
		net32(p, 0x60000000);
		net16(p + 4, (uint32_t)tcp_len);
		p[6] = 6;
		p[7] = 64;
		memcpy(p + 8, from == CLIENT ? client : server, 16);
		memcpy(p + 24, from == CLIENT ? server : client, 16);
		return 40;
	}
	memset(p, 0, 20);
	p[0] = 0x45;
	net16(p + 2, (uint32_t)(20 + tcp_len));
	net16(p + 6, 0x4000);
	p[8] = 64;
	p[9] = 6;
	memcpy(p + (from == CLIENT ? 12 : 16), client, 4);
	memcpy(p + (from == CLIENT ? 16 : 12), server, 4);
	store_checksum(p + 10, sum(p, 20));
	return 20;
}

/* Copy n octets at `at` of the burst. */
static void copy_burst(const struct gen *g, const struct session *s, size_t at,
    uint8_t *to, size_t n)
{
	size_t part;

	for (; n; n -= part, to += part, at += part) {
		if (at < s->head_len) {
			part = s->head_len - at < n ? s->head_len - at : n;
			memcpy(to, s->head + at, part);
		} else if (at < s->head_len + s->body_len) {
			size_t off = at - s->head_len;
			size_t in_pool = (s->body_at + off) % POOL;

			part = s->body_len - off < n ? s->body_len - off : n;
			if (POOL - in_pool < part)
				part = POOL - in_pool;
			memcpy(to, g->pool + in_pool, part);
		} else {
			part = n;
			memcpy(to, s->tail + (at - s->head_len - s->body_len),
			    part);
		}
	}
}

/* Send one segment with len octets of the burst. */
static void send_segment(struct gen *g, struct session *s, int from, int flags,
    size_t len)
{
	static const uint8_t mac[2][6] = {{2, 0, 0x5e, 0, 0, 7},
	    {2, 0, 0x5e, 0, 0, 25}};
	uint8_t frame[FRAME_MAX];
	size_t ip_len, options = flags & SYN ? 4 : 0, tcp_len = 20 + options;
	uint8_t *ip = frame + 14, *tcp;
	uint64_t total;

	memcpy(frame, mac[!from], 6);
	memcpy(frame + 6, mac[from], 6);
	net16(frame + 12, s->six ? 0x86dd : 0x800);
	ip_len = ip_header(ip, s, from, tcp_len + len);
	tcp = ip + ip_len;
	net16(tcp, from == CLIENT ? s->port : 25);
	net16(tcp + 2, from == CLIENT ? 25 : s->port);
	net32(tcp + 4, s->seq[from]);
	net32(tcp + 8, flags & ACK ? s->seq[!from] : 0);
	tcp[12] = (uint8_t)(tcp_len / 4 << 4);
	tcp[13] = (uint8_t)flags;
	net16(tcp + 14, 64240);
	net32(tcp + 16, 0);
	if (options)
		net32(tcp + 20, 0x02040000 | MSS);
	copy_burst(g, s, s->sent, tcp + tcp_len, len);
	total = s->six ? sum(ip + 8, 32) : sum(ip + 12, 8);
	total +=
	    (uint64_t)(((tcp_len + len) & 0xff) << 8 | (tcp_len + len) >> 8) +
	    (6 << 8);
	store_checksum(tcp + 16, total + sum(tcp, tcp_len + len));
	s->sent += len;
	s->seq[from] += (uint32_t)len + (flags & (SYN | FIN) ? 1 : 0);
	capture(g, s, frame, 14 + ip_len + tcp_len + len);
}

/* --- the dialogue -------------------------------------------------------- */

static void say(struct session *s, const char *text)
{
	size_t n = strlen(text);

	if (n > TEXT - s->head_len)
		n = TEXT - s->head_len;
	memcpy(s->head + s->head_len, text, n);
	s->head_len += n;
}

#define SAY(s, ...)                                                \
	do {                                                       \
		char say_text[512];                                \
		snprintf(say_text, sizeof(say_text), __VA_ARGS__); \
		say((s), say_text);                                \
	} while (0)

/* Sizes of bodies: many small ones, few large ones; 1 on average. */
static size_t body_size(struct gen *g)
{
	static const double share[] = {.05, .08, .1, .15, .2, .3, .4, .5, .6,
	    .7, .8, .9, 1, 1.2, 1.4, 1.6, 1.8, 2.1, 2.6, 3.51};
	size_t lines;
	double scale = share[below(g, 20)] * (0.5 + below(g, 1001) / 1000.0);
	/* too few to make an average */
	if (g->o.sessions < 20)
		scale = 1;
	lines = (size_t)((double)g->mean_body * scale) / LINE + 1;

	return lines * LINE;
}

static void say_rcpt(struct session *s)
{
	for (unsigned i = 0; i < s->recipients; i++)
		SAY(s, "RCPT TO:<user%u.%u@example.org>\r\n", s->number, i);
}

static void say_rcpt_reply(struct session *s)
{
	for (unsigned i = 0; i < s->recipients; i++)
		say(s,
		    s->refused && i
			? "550 5.1.1 User unknown in local recipient table\r\n"
			: "250 2.1.5 Ok\r\n");
}

static void say_mail(struct session *s)
{
	SAY(s, "MAIL FROM:<sender%u@example.net> SIZE=%zu\r\n", s->number,
	    s->body_len + 300);
}

static void say_body(struct gen *g, struct session *s)
{
	char header[512];
	size_t len = body_size(g), header_len;

	snprintf(header, sizeof(header),
	    "Received: from client%u.example.net by mx.example.org\r\n"
	    "From: Sender %u <sender%u@example.net>\r\n"
	    "To: User <user%u.0@example.org>\r\n"
	    "Subject: message %u of session %u\r\n"
	    "Message-ID: <%u.%u@example.net>\r\n"
	    "Date: Fri, 01 Mar 2024 12:00:00 +0000\r\n\r\n",
	    s->number, s->number, s->number, s->number, s->messages, s->number,
	    s->number, s->messages);
	header_len = strlen(header);
	s->body_at = (size_t)below(g, POOL_LINES) * LINE;
	if (s->bdat)
		SAY(s, "BDAT %zu LAST\r\n", header_len + len);
	say(s, header);
	s->body_len = len;
	s->tail_len = s->bdat ? 0 : 3;
	memcpy(s->tail, ".\r\n", 3);
}

/* Fill in the burst of the session's step; returns who sends it. */
static int compose(struct gen *g, struct session *s)
{
	s->head_len = s->body_len = s->tail_len = s->sent = 0;
	switch (s->step) {
	case STEP_GREETING:
		say(s, "220 mx.example.org ESMTP ready\r\n");
		return SERVER;
	case STEP_EHLO:
		SAY(s, "EHLO client%u.example.net\r\n", s->number);
		return CLIENT;
	case STEP_CAPS:
		say(s,
		    "250-mx.example.org\r\n250-PIPELINING\r\n"
		    "250-SIZE 52428800\r\n250-ENHANCEDSTATUSCODES\r\n"
		    "250-8BITMIME\r\n250-DSN\r\n250 CHUNKING\r\n");
		return SERVER;
	case STEP_MAIL:
		say_mail(s);
		if (s->pipelined) {
			say_rcpt(s);
			if (!s->bdat)
				say(s, "DATA\r\n");
		}
		return CLIENT;
	case STEP_MAIL_REPLY:
		say(s, "250 2.1.0 Ok\r\n");
		if (s->pipelined) {
			say_rcpt_reply(s);
			if (!s->bdat)
				say(s,
				    "354 End data with <CR><LF>.<CR><LF>"
				    "\r\n");
		}
		return SERVER;
	case STEP_RCPT:
		say_rcpt(s);
		return CLIENT;
	case STEP_RCPT_REPLY:
		say_rcpt_reply(s);
		return SERVER;
	case STEP_DATA:
		say(s, "DATA\r\n");
		return CLIENT;
	case STEP_DATA_REPLY:
		say(s, "354 End data with <CR><LF>.<CR><LF>\r\n");
		return SERVER;
	case STEP_BODY:
		say_body(g, s);
		return CLIENT;
	case STEP_VERDICT:
		SAY(s, "250 2.0.0 Ok: queued as %08X%02X\r\n",
		    s->number * 2654435761u, s->messages);
		return SERVER;
	case STEP_QUIT:
		say(s, "QUIT\r\n");
		return CLIENT;
	case STEP_BYE:
		say(s, "221 2.0.0 Bye\r\n");
		return SERVER;
	case STEP_SYNACK:
	case STEP_FIN_REPLY:
		return SERVER;
	case STEP_SYN:
	case STEP_ACK:
	case STEP_FIN:
	case STEP_LAST_ACK:
	case STEP_DONE:
		return CLIENT;
	}
	return CLIENT;
}

static enum step next_step(struct session *s)
{
	switch (s->step) {
	case STEP_MAIL_REPLY:
		if (!s->pipelined)
			return STEP_RCPT;
		return STEP_BODY;
	case STEP_RCPT_REPLY:
		return s->bdat ? STEP_BODY : STEP_DATA;
	case STEP_VERDICT:
		return --s->messages ? STEP_MAIL : STEP_QUIT;
	default:
		return s->step + 1;
	}
}

static int step_flags(enum step step)
{
	if (step == STEP_SYN)
		return SYN;
	if (step == STEP_SYNACK)
		return SYN | ACK;
	if (step == STEP_FIN || step == STEP_FIN_REPLY)
		return FIN | ACK;
	return ACK;
}

/* What the server logs of the burst that begins. */
static void log_burst(struct gen *g, struct session *s, int from)
{
	struct receive_session *to = &s->logged;
	const char *end;

	if (s->step == STEP_ACK)
		receive_row(&g->log, to, g->clock_ns, '+', "", 0, "");
	else if (s->step == STEP_FIN)
		receive_row(&g->log, to, g->clock_ns, '-', "", 0, "Remote");
	else if (from == SERVER)
		receive_replies(&g->log, to, g->clock_ns, s->head,
		    s->head_len);
	else if (s->step != STEP_BODY)
		receive_commands(&g->log, to, g->clock_ns, s->head,
		    s->head_len);
	else if (s->bdat && (end = memchr(s->head, '\n', s->head_len)))
		receive_commands(&g->log, to, g->clock_ns, s->head,
		    (size_t)(end - s->head) + 1);
}

/* Up to a few frames of one session. */
static void turn(struct gen *g, struct session *s)
{
	unsigned frames = 2 + below(g, 6);
	size_t total;
	int from;

	from = CLIENT; /* only bodies last longer than a turn */
	if (s->sent == 0)
		from = compose(g, s);
	if (s->sent == 0 && g->log.file)
		log_burst(g, s, from);
	total = s->head_len + s->body_len + s->tail_len;
	if (total == 0)
		send_segment(g, s, from, step_flags(s->step), 0);
	while (s->sent < total && frames--) {
		size_t left = total - s->sent;

		send_segment(g, s, from, ACK | (left <= MSS ? PSH : 0),
		    left < MSS ? left : MSS);
		if (++s->unacked >= 2) {
			/* A pure ACK of the other side sends nothing. */
			size_t sent = s->sent;

			send_segment(g, s, !from, ACK, 0);
			s->sent = sent;
			s->unacked = 0;
		}
	}
	if (s->sent < total)
		return;
	s->sent = 0;
	s->unacked = 0;
	s->step = next_step(s);
}

static void begin_session(struct gen *g, struct session *s, unsigned number)
{
	memset(s, 0, offsetof(struct session, held));
	s->number = number;
	s->port = (uint16_t)(1024 + number % 64000);
	s->six = happens(&g->random, g->o.ipv6);
	s->bdat = happens(&g->random, g->o.bdat);
	s->pipelined = below(g, 2);
	s->messages = below(g, 10) ? 1 : 2;
	s->recipients = 1 + (below(g, 4) ? 0 : below(g, 3));
	s->refused = !below(g, 20);
	s->seq[CLIENT] = (uint32_t)draw(g);
	s->seq[SERVER] = (uint32_t)draw(g);
	s->held_len = 0;
	s->logged.number = number;
	s->logged.six = s->six;
	s->logged.port = s->port;
	set_addresses(s);
}

static void run(struct gen *g)
{
	struct session *s;
	unsigned open, begun = 0;

	if (g->o.concurrency > g->o.sessions)
		g->o.concurrency = g->o.sessions;
	s = calloc(g->o.concurrency, sizeof(*s));
	if (!s)
		die("calloc");
	for (open = 0; open < g->o.concurrency; open++)
		begin_session(g, &s[open], begun++);
	while (open > 0) {
		unsigned i = below(g, open);

		turn(g, &s[i]);
		if (s[i].step != STEP_DONE)
			continue;
		if (s[i].held_len)
			record(g, s[i].held, s[i].held_len);
		if (begun < g->o.sessions)
			begin_session(g, &s[i], begun++);
		else
			s[i] = s[--open];
	}
	free(s);
}

/* --- options ------------------------------------------------------------- */

static void make_pool(struct gen *g)
{
	static const char letters[] =
	    "etaoinshrdlu etaoinshrdlu cmfwypvbgk ETAOIN 0123456789.,;-jxqz ";

	g->pool = malloc(POOL);
	if (!g->pool)
		die("malloc");
	for (size_t i = 0; i < POOL; i++)
		g->pool[i] = letters[below(g, sizeof(letters) - 1)];
	for (size_t i = 0; i < POOL; i += LINE) {
		memcpy(g->pool + i + LINE - 2, "\r\n", 2);
		if (g->pool[i] == '.') /* stuffed, as a client does */
			g->pool[i + 1] = '.';
	}
}

static int set_option(struct options *o, const char *name, const char *value)
{
	struct {
		const char *name;
		double *to;
	} rates[] = {{"--size", &o->size_mb}, {"--loss", &o->loss},
	    {"--reorder", &o->reorder}, {"--dup", &o->dup},
	    {"--ipv6", &o->ipv6}, {"--bdat", &o->bdat},
	    {"--pace", &o->pace_us}, {"--ahead", &o->ahead_s}};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		if (strcmp(name, rates[i].name) == 0) {
			*rates[i].to = strtod(value, NULL);
			return 0;
		}
	}
	if (strcmp(name, "--sessions") == 0)
		o->sessions = (unsigned)strtod(value, NULL);
	else if (strcmp(name, "--concurrency") == 0)
		o->concurrency = (unsigned)strtod(value, NULL);
	else if (strcmp(name, "--seed") == 0)
		o->seed = (uint64_t)strtod(value, NULL);
	else if (strcmp(name, "--format") == 0)
		o->pcapng = strcmp(value, "pcapng") == 0;
	else if (strcmp(name, "--log") == 0)
		o->log = value;
	else if (strcmp(name, "--octets") == 0)
		o->octets = value;
	else if (strcmp(name, "-o") == 0)
		o->output = value;
	else
		return -1;
	return 0;
}

/* What bodies must be on average for the file to have its size: a session
 * has about 2700 octets beside its bodies, and 1.1 messages; segments and
 * acknowledgments add 7.5 %. */
static size_t mean_body(const struct options *o)
{
	double each = o->size_mb * 1e6 * 1.01 / o->sessions - 2700;

	return each < 1000 ? 100 : (size_t)(each / 1.1 / 1.075);
}

static void tell_octets(const struct gen *g)
{
	FILE *f = fopen(g->o.octets, "w");

	if (!f || fprintf(f, "%llu\n", (unsigned long long)g->out.total) < 0 ||
	    fclose(f) != 0)
		die(g->o.octets);
}

int main(int argc, char **argv)
{
	struct gen g = {.o = {.size_mb = 620,
			    .sessions = 20000,
			    .concurrency = 200,
			    .seed = 1,
			    .ipv6 = 0.2,
			    .bdat = 0.2,
			    .pace_us = 20}};

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc || set_option(&g.o, argv[i], argv[i + 1])) {
			fprintf(stderr, "gen: %s: see gen.c\n", argv[i]);
			return 2;
		}
	}
	if (!g.o.sessions || !g.o.concurrency)
		return 2;
	g.random = g.o.seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	g.fate = g.random ^ UINT64_C(0x5851f42d4c957f2d);
	g.clock_ns = UINT64_C(1709294400) * 1000000000;
	g.mean_body = mean_body(&g.o);
	g.out.fd = g.o.output
	    ? open(g.o.output, O_WRONLY | O_CREAT | O_TRUNC, 0666)
	    : 1;
	g.out.octets = malloc(OUT);
	if (g.out.fd < 0 || !g.out.octets)
		die(g.o.output ? g.o.output : "gen");
	if (g.o.log && !(g.log.file = fopen(g.o.log, "w")))
		die(g.o.log);
	g.log.ahead_ns = (int64_t)(g.o.ahead_s * 1e9);
	make_pool(&g);
	begin_file(&g);
	if (g.log.file)
		receive_begin(&g.log);
	run(&g);
	flush(&g.out);
	if (g.o.octets)
		tell_octets(&g);
	if (g.log.file && fclose(g.log.file) != 0)
		die(g.o.log);
	free(g.pool);
	free(g.out.octets);
	return 0;
}
