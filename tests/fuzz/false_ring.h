/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * false_ring.h - for the fuzzer of interfaces: frames, times and counters that
 * a script describes, and what is to come of them
 */
#ifndef FALSE_RING_H
#define FALSE_RING_H

#include <time.h>

#include <pcap/pcap.h>

#include "base/cursor.h"
#include "capture/live.h"
#include "fuzz/memory_file.h"

/* A number modulo OP_COUNT, then what it is about. */
enum op {
	/* Of the ring.  Milliseconds since the frame before (from 200 on
	 * seconds), length (2), octets. */
	OP_FRAME,
	OP_CUT,         /* ... length on the wire (4), length (2), octets */
	OP_LONG,        /* ... of 1 KiB each (1), length (2), first octets */
	OP_OVERSIZED,   /* ... more octets than were asked for (4) */
	OP_TIME,        /* of the next frame: seconds (8), fraction (4) */
	OP_DROP,        /* frames that the kernel drops (2) */
	OP_COUNTERS,    /* of libpcap: received and dropped (4 each) */
	OP_NO_COUNTERS, /* they cannot be had, or can be had again */
	OP_INTERFACE,   /* text of a counter of the interface: length (1),
			   octets */
	OP_CLOCK,       /* the host's: seconds since 1970 (8) */
	OP_BLOCK,       /* no more frames for now */
	OP_BREAK,       /* likewise, as of a loop that is broken */
	OP_ERROR,       /* how (1) */
	/* Of who waits. */
	OP_PAUSE,       /* seconds without a frame (1) */
	OP_INTERRUPTED,
	OP_DOWN,        /* the descriptor has an error */
	OP_WAKE,        /* what is to be done (1) */
	OP_COUNT
};

/* What goes wrong when it is opened. */
enum fault {
	FAULT_NONE,
	FAULT_WARNING,      /* which is none */
	FAULT_NO_SLL2,      /* nor this */
	FAULT_NO_TAGS,      /* nor this */
	FAULT_NO_LIBRARY,
	FAULT_CREATE,
	FAULT_DENIED,
	FAULT_PROMISCUOUS,
	FAULT_NO_DEVICE,
	FAULT_ACTIVATE,     /* with libpcap's words */
	FAULT_NOT_UP,       /* without */
	FAULT_NO_FILTER,
	FAULT_SET_FILTER,
	FAULT_NO_FD,
	FAULT_NONBLOCK,
	FAULT_COUNT
};

enum { FALSE_SNAPLEN = 262144 };
/* Octets of frames in one run. */
#define FALSE_OCTETS (UINT64_C(8) << 20)
#define FALSE_SECOND INT64_C(1000000000)

/* A frame that was handed up. */
struct false_frame {
	int64_t s;
	uint32_t fraction, len, caplen;
};

/* Of one run. */
static struct {
	struct cursor script;
	enum fault fault;
	int dlt;
	bool nanoseconds;
	bool gone_at_end;   /* else who waits is woken to stop it */
	uint64_t count;     /* frames after which it ends, 0: none */

	int64_t s, ns;      /* time of the last frame */
	bool timed;         /* that of the next one is set */
	int64_t clock_ns;   /* the host's */
	int64_t last_ns;    /* the latest time of a frame */
	uint64_t monotonic_ns;
	struct pcap_stat counters;
	bool no_counters;
	int interface[LIVE_COUNTERS];
	uint8_t wake;       /* what is to be done */

	uint64_t octets;    /* handed up in all */
	uint64_t frames;    /* that have to be told, if it is not stopped */
	uint64_t frames_before; /* the last call */
	int64_t first_ns;   /* time of the first of them */
	struct told file;   /* the same as a file of libpcap */
	size_t file_before; /* the last call, or up to what was told */
	bool tame;          /* ... which tells the same */
	bool any_counters;  /* they are not those of the frames */
	bool failed;        /* it is gone */
	int open, programs; /* handles and filters that are not given back */
} world;

/* --- clocks --------------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	int64_t ns = clock == CLOCK_REALTIME ? world.clock_ns :
	    (int64_t)world.monotonic_ns;

	/* A pause of that length: time goes on without frames. */
	if (clock == CLOCK_REALTIME && ns - FALSE_SECOND / 2 > world.last_ns)
		world.tame = false;
	t->tv_sec = (time_t)(ns / FALSE_SECOND);
	t->tv_nsec = (long)(ns % FALSE_SECOND);
	return 0;
}

/* Time goes by; beyond what a clock tells it stands. */
static void false_pass(int64_t ns)
{
	int64_t later;

	world.monotonic_ns += (uint64_t)ns;
	if (!__builtin_add_overflow(world.clock_ns, ns, &later))
		world.clock_ns = later;
}

/* --- the script ----------------------------------------------------------- */

/* The next operation; OP_COUNT: there is none. */
static enum op false_peek(void)
{
	if (cursor_left(&world.script) == 0 || world.octets > FALSE_OCTETS)
		return OP_COUNT;
	return (enum op)(*world.script.p % OP_COUNT);
}

static uint64_t false_u64(void)
{
	uint64_t high = cursor_be32(&world.script);

	return high << 32 | cursor_be32(&world.script);
}

static bool false_is_of_ring(enum op op)
{
	return op < OP_PAUSE;
}

/* --- frames --------------------------------------------------------------- */

static void false_put32(uint32_t v)
{
	told_add(&world.file, &v, sizeof(v));
}

/* Does a file say the same?  Frames of no length are damage there. */
static bool false_is_tame(const struct false_frame *f)
{
	uint32_t second = world.nanoseconds ? 1000000000 : 1000000;

	return f->s >= 0 && f->s <= UINT32_MAX && f->fraction < second &&
	    f->len >= f->caplen && f->len > 0 && f->len <= FALSE_SNAPLEN;
}

/* INT64_MIN: beyond what can be told. */
static int64_t false_time_of(const struct false_frame *f)
{
	int64_t ns;

	if (__builtin_mul_overflow(f->s, FALSE_SECOND, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)f->fraction *
	    (world.nanoseconds ? 1 : 1000), &ns))
		return INT64_MIN;
	return ns;
}

/* It is copied by who takes it, so that it can go to the file. */
static void false_keep(const struct false_frame *f, const uint8_t *octets)
{
	int64_t ns = false_time_of(f);

	if (!false_is_tame(f))
		world.tame = false;
	if (world.frames++ == world.frames_before)
		world.first_ns = ns;
	if (!world.tame)
		return;
	if (world.last_ns < ns)
		world.last_ns = ns;
	false_put32((uint32_t)f->s);
	false_put32(f->fraction);
	false_put32(f->caplen);
	false_put32(f->len);
	told_add(&world.file, octets, f->caplen);
}

static void false_hand_up(const struct false_frame *f, const uint8_t *octets,
    pcap_handler handler, u_char *user)
{
	struct pcap_pkthdr h = { .caplen = f->caplen, .len = f->len };

	h.ts.tv_sec = (time_t)f->s;
	h.ts.tv_usec = (suseconds_t)f->fraction;
	if (!world.any_counters)
		world.counters.ps_recv++;
	if ((world.count == 0 || world.frames < world.count) &&
	    f->caplen <= FALSE_SNAPLEN)
		false_keep(f, octets);
	handler(user, &h, octets);
	world.octets += sizeof(*f);
}

/* The host's clock is the one that stamps frames. */
static void false_stamp(struct false_frame *f)
{
	int64_t units = world.nanoseconds ? 1 : 1000;
	uint8_t by = cursor_u8(&world.script);
	int64_t ns = by < 200 ? by * (FALSE_SECOND / 1000) :
	    (by - 199) * FALSE_SECOND;

	if (!world.timed) {
		false_pass(ns);
		world.s = world.clock_ns / FALSE_SECOND;
		world.ns = world.clock_ns % FALSE_SECOND / units;
	}
	world.timed = false;
	f->s = world.s;
	f->fraction = (uint32_t)world.ns;
}

static void false_frame_of(enum op op, pcap_handler handler, u_char *user)
{
	struct cursor *c = &world.script;
	struct false_frame f = { 0 };
	uint32_t wire = 0, least = 0;
	struct slice octets;
	uint8_t *copy;

	false_stamp(&f);
	if (op == OP_CUT)
		wire = cursor_be32(c);
	else if (op == OP_LONG)
		least = ((uint32_t)cursor_u8(c) + 1) * 1024;
	octets = cursor_take(c, cursor_be16(c));
	f.caplen = octets.len < least ? least : (uint32_t)octets.len;
	f.len = op == OP_CUT ? wire : f.caplen;
	copy = calloc(1, f.caplen > 0 ? f.caplen : 1);
	require(copy);
	if (octets.len > 0)
		memcpy(copy, octets.p, octets.len);
	false_hand_up(&f, copy, handler, user);
	world.octets += f.caplen;
	free(copy);
}

/* Octets that nobody may look at. */
static void false_oversized(pcap_handler handler, u_char *user)
{
	struct false_frame f = { 0 };
	uint8_t *none = malloc(1);

	require(none);
	false_stamp(&f);
	f.caplen = cursor_be32(&world.script);
	if (f.caplen <= FALSE_SNAPLEN)
		f.caplen = FALSE_SNAPLEN + 1;
	f.len = f.caplen;
	false_hand_up(&f, none, handler, user);
	free(none);
}

/* --- what a driver tells -------------------------------------------------- */

static void false_set_interface(void)
{
	struct slice text = cursor_take(&world.script,
	    cursor_u8(&world.script));
	int fd = world.interface[text.len % LIVE_COUNTERS];

	require(ftruncate(fd, 0) == 0);
	require(pwrite(fd, text.p ? text.p : (const uint8_t *)"", text.len,
	    0) == (ssize_t)text.len);
}

static void false_set_counters(void)
{
	world.counters.ps_recv = cursor_be32(&world.script);
	world.counters.ps_drop = cursor_be32(&world.script);
	world.any_counters = true;
}

static void false_run(enum op op)
{
	struct cursor *c = &world.script;
	uint16_t dropped;

	switch (op) {
	case OP_TIME:
		world.s = (int64_t)false_u64();
		world.ns = cursor_be32(c);
		world.timed = true;
		break;
	case OP_DROP:
		dropped = cursor_be16(c);
		world.counters.ps_drop += dropped;
		world.counters.ps_recv += dropped; /* as in Linux */
		break;
	case OP_COUNTERS:
		false_set_counters();
		break;
	case OP_NO_COUNTERS:
		world.no_counters = !world.no_counters;
		break;
	case OP_INTERFACE:
		false_set_interface();
		break;
	case OP_CLOCK:
		world.clock_ns = (int64_t)(false_u64() %
		    (INT64_MAX / FALSE_SECOND)) * FALSE_SECOND;
		break;
	default:
		break;
	}
}

#endif
