/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.c - an interface as a capture that goes on, by libpcap
 *
 * Theory of operation.  The kernel writes frames into a ring that libpcap maps.
 * live waits until there are any (or something else happened), copies as many
 * as fit into a block of its own, so that the ring is free again, and hands
 * them out one by one.  Frames of one block are one batch of the pipeline.
 *
 * The ring is one whose blocks hold as many frames as fit (TPACKET_V3) and
 * come when they are full or BLOCK_MS old, not libpcap's immediate mode: there
 * every frame takes a slot as long as the longest, and 32 MiB are 128 frames.
 *
 * Drops are asked of the kernel once a second, and whenever the block was
 * filled to its end, since then there was more than we could take.
 *
 * Who stops it wants all frames from before.  Those of a block that is not yet
 * handed up are waited for, as long as the kernel has counted more than came.
 *
 * When the link goes down libpcap waits for it to come up again; an interface
 * that is gone is an error.
 */
#include "capture/live.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include <pcap/pcap.h>

#include "base/error.h"
#include "base/library.h"
#include "capture/format.h"

#define PCAP_LIBRARY "libpcap.so.0.8"

enum {
	SNAPLEN = 262144, /* as tcpdump's; larger than any frame */
	BLOCK_MS = 20,    /* after which a part of a block is handed up */
	PAUSE_MS = 250,   /* as often what waits is seen to */
	COPY_OCTETS = 2 << 20
};
/* Frames may still be on their way that were stamped so long ago. */
#define LATE_NS (NS_PER_S / 2)
#define BUFFER_DEFAULT (UINT64_C(32) << 20)
#define BUFFER_MAX (UINT64_C(1) << 30)

/* Functions of libpcap, named as there. */
struct functions {
	__typeof__(pcap_create) *pcap_create;
	__typeof__(pcap_set_snaplen) *pcap_set_snaplen;
	__typeof__(pcap_set_promisc) *pcap_set_promisc;
	__typeof__(pcap_set_timeout) *pcap_set_timeout;
	__typeof__(pcap_set_buffer_size) *pcap_set_buffer_size;
	__typeof__(pcap_set_tstamp_precision) *pcap_set_tstamp_precision;
	__typeof__(pcap_get_tstamp_precision) *pcap_get_tstamp_precision;
	__typeof__(pcap_activate) *pcap_activate;
	__typeof__(pcap_close) *pcap_close;
	__typeof__(pcap_geterr) *pcap_geterr;
	__typeof__(pcap_statustostr) *pcap_statustostr;
	__typeof__(pcap_datalink) *pcap_datalink;
	__typeof__(pcap_set_datalink) *pcap_set_datalink;
	__typeof__(pcap_compile) *pcap_compile;
	__typeof__(pcap_setfilter) *pcap_setfilter;
	__typeof__(pcap_freecode) *pcap_freecode;
	__typeof__(pcap_setnonblock) *pcap_setnonblock;
	__typeof__(pcap_get_selectable_fd) *pcap_get_selectable_fd;
	__typeof__(pcap_dispatch) *pcap_dispatch;
	__typeof__(pcap_breakloop) *pcap_breakloop;
	__typeof__(pcap_stats) *pcap_stats;
};

/* In the block, in front of the octets of each frame. */
struct record {
	int64_t ts_ns;
	uint32_t wire_len, len;
};

struct live {
	struct functions lib;
	pcap_t *pcap;
	char *name;
	uint32_t link_type;
	int fd;
	bool nanoseconds;
	uint64_t count; /* frames after which it ends, 0: none */
	struct live_ops ops;
	struct account *account;

	uint8_t *block;   /* COPY_OCTETS, of records */
	size_t len, next; /* filled; handed out */
	bool full;        /* there was more */
	uint64_t frames;  /* handed out so far */
	uint64_t copied;

	struct live_counters counters;
	int64_t asked_ns; /* when drops were asked for; monotonic */
	uint64_t received;   /* as told by the kernel, with those dropped */
	uint64_t dropped;
	uint64_t if_dropped; /* the interface's counters, since it is up */
	unsigned lost;    /* pauses that are to say so, see next */
	bool paused;      /* nothing was there: all before now is out */
	bool stopped;
	bool over;        /* all from before that was handed out */
	int64_t until_ns; /* when it was stopped */
};

/* --- opening -------------------------------------------------------------- */

#define FUNCTION(x) { #x, &f->x }

static bool load(struct functions *f)
{
	const struct library_function functions[] = {
		FUNCTION(pcap_create), FUNCTION(pcap_set_snaplen),
		FUNCTION(pcap_set_promisc), FUNCTION(pcap_set_timeout),
		FUNCTION(pcap_set_buffer_size),
		FUNCTION(pcap_set_tstamp_precision),
		FUNCTION(pcap_get_tstamp_precision),
		FUNCTION(pcap_activate), FUNCTION(pcap_close),
		FUNCTION(pcap_geterr), FUNCTION(pcap_statustostr),
		FUNCTION(pcap_datalink), FUNCTION(pcap_set_datalink),
		FUNCTION(pcap_compile), FUNCTION(pcap_setfilter),
		FUNCTION(pcap_freecode), FUNCTION(pcap_setnonblock),
		FUNCTION(pcap_get_selectable_fd), FUNCTION(pcap_dispatch),
		FUNCTION(pcap_breakloop), FUNCTION(pcap_stats)
	};

	return library_load(PCAP_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0]));
}

static enum sw_status no_library(struct sw_err *err)
{
	return base_error_set(err, SW_EREAD,
	    "capturing needs libpcap: %s cannot be loaded", PCAP_LIBRARY);
}

static enum sw_status no_memory(struct sw_err *err)
{
	return base_error_set(err, SW_ENOMEM, "out of memory");
}

/* What libpcap says of an error. */
static const char *words_of(const struct live *l, int code)
{
	const char *words = l->lib.pcap_geterr(l->pcap);

	return code != PCAP_ERROR && !*words ?
	    l->lib.pcap_statustostr(code) : words;
}

/* What pcap_activate says in words. */
static enum sw_status refuse(const struct live *l, int code, bool *denied_r,
    struct sw_err *err)
{
	*denied_r = code == PCAP_ERROR_PERM_DENIED ||
	    code == PCAP_ERROR_PROMISC_PERM_DENIED;
	if (*denied_r)
		return base_error_set(err, SW_EREAD,
		    "%s: no permission to capture", l->name);
	if (code == PCAP_ERROR_NO_SUCH_DEVICE)
		return base_error_set(err, SW_EREAD,
		    "%s: there is no such interface", l->name);
	return base_error_set(err, SW_EREAD, "%s: cannot capture: %s",
	    l->name, words_of(l, code));
}

static enum sw_status activate(struct live *l, uint64_t buffer,
    bool *denied_r, struct sw_err *err)
{
	const struct functions *f = &l->lib;
	int code;

	if (buffer > BUFFER_MAX)
		return base_error_set(err, SW_EUSAGE,
		    "a buffer of more than 1 GiB");
	(void)f->pcap_set_snaplen(l->pcap, SNAPLEN);
	(void)f->pcap_set_promisc(l->pcap, 1);
	(void)f->pcap_set_timeout(l->pcap, BLOCK_MS);
	(void)f->pcap_set_buffer_size(l->pcap, (int)(buffer ? buffer :
	    BUFFER_DEFAULT));
	(void)f->pcap_set_tstamp_precision(l->pcap,
	    PCAP_TSTAMP_PRECISION_NANO);
	code = f->pcap_activate(l->pcap);
	if (code < 0)
		return refuse(l, code, denied_r, err);
	l->nanoseconds = f->pcap_get_tstamp_precision(l->pcap) ==
	    PCAP_TSTAMP_PRECISION_NANO;
	return SW_OK;
}

/* Of several interfaces at once the newer form tells which. */
static void choose_link_type(struct live *l)
{
	int dlt = l->lib.pcap_datalink(l->pcap);

	if (dlt == DLT_LINUX_SLL && l->lib.pcap_set_datalink(l->pcap,
	    DLT_LINUX_SLL2) == 0)
		dlt = DLT_LINUX_SLL2;
	/* The others that Linux has are the same in files. */
	l->link_type = dlt == DLT_RAW ? 101 : (uint32_t)dlt;
}

/* SW_EFORMAT: libpcap does not understand it. */
static enum sw_status set_filter(struct live *l, const char *expression,
    struct sw_err *err)
{
	struct bpf_program code;
	enum sw_status status = SW_OK;

	if (l->lib.pcap_compile(l->pcap, &code, expression, 1,
	    PCAP_NETMASK_UNKNOWN) != 0)
		return base_error_set(err, SW_EFORMAT, "%s",
		    l->lib.pcap_geterr(l->pcap));
	if (l->lib.pcap_setfilter(l->pcap, &code) != 0)
		status = base_error_set(err, SW_EREAD,
		    "%s: cannot set the filter: %s", l->name,
		    l->lib.pcap_geterr(l->pcap));
	l->lib.pcap_freecode(&code);
	return status;
}

/* Link types without tags know no `vlan`. */
static enum sw_status filter(struct live *l, const struct live_options *o,
    struct sw_err *err)
{
	enum sw_status status = SW_EFORMAT;
	struct sw_err why = { 0 };

	for (int tagged = 1; tagged >= 0 && status == SW_EFORMAT; tagged--) {
		char *expression = live_expression(o, tagged);

		if (!expression)
			return no_memory(err);
		status = set_filter(l, expression, &why);
		free(expression);
	}
	if (status == SW_EFORMAT)
		return base_error_set(err, SW_EUSAGE, "filter \"%s\": %s",
		    o->bpf ? o->bpf : "", why.text);
	if (status != SW_OK && err)
		*err = why;
	return status;
}

static enum sw_status open_pcap(struct live *l, const struct live_options *o,
    bool *denied_r, struct sw_err *err)
{
	char text[PCAP_ERRBUF_SIZE];
	enum sw_status status;

	l->pcap = l->lib.pcap_create(o->interface, text);
	if (!l->pcap)
		return base_error_set(err, SW_EREAD, "%s: %s", o->interface,
		    text);
	status = activate(l, o->buffer, denied_r, err);
	if (status != SW_OK)
		return status;
	choose_link_type(l);
	status = filter(l, o, err);
	if (status != SW_OK)
		return status;
	l->fd = l->lib.pcap_get_selectable_fd(l->pcap);
	if (l->fd < 0 || l->lib.pcap_setnonblock(l->pcap, 1, text) != 0)
		return base_error_set(err, SW_EREAD,
		    "%s: frames cannot be waited for", l->name);
	return SW_OK;
}

enum sw_status live_open(const struct live_options *options,
    struct live **l_r, bool *denied_r, struct sw_err *err)
{
	struct live *l = calloc(1, sizeof(*l));
	enum sw_status status;

	*l_r = NULL;
	*denied_r = false;
	if (!l)
		return no_memory(err);
	l->name = strdup(options->interface);
	l->block = malloc(COPY_OCTETS);
	l->count = options->count;
	l->ops.wake_fd = -1;
	live_counters_open(&l->counters, options->interface);
	(void)live_counters_read(&l->counters, &l->if_dropped);
	status = !l->name || !l->block ? no_memory(err) :
	    !load(&l->lib) ? no_library(err) :
	    open_pcap(l, options, denied_r, err);
	if (status != SW_OK) {
		live_free(&l);
		return status;
	}
	*l_r = l;
	return SW_OK;
}

void live_free(struct live **lp)
{
	struct live *l = *lp;

	if (!l)
		return;
	*lp = NULL;
	if (l->pcap)
		l->lib.pcap_close(l->pcap);
	live_counters_close(&l->counters);
	free(l->block);
	free(l->name);
	free(l);
}

const char *live_name(const struct live *l)
{
	return l->name;
}

/* --- clocks --------------------------------------------------------------- */

static int64_t now_of(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void live_stop(struct live *l)
{
	if (l->stopped)
		return;
	l->stopped = true;
	l->until_ns = now_of(CLOCK_REALTIME);
}

/* --- drops ---------------------------------------------------------------- */

static uint64_t rise(uint64_t *counted, uint32_t now)
{
	/* libpcap counts in 32 bits, and so do interfaces: what is told is
	 * the difference. */
	uint32_t more = now - (uint32_t)*counted;

	if (more > UINT32_MAX / 2)
		return 0; /* counted back */
	*counted += more;
	return more;
}

static void ask_drops(struct live *l)
{
	struct pcap_stat stat;
	uint64_t kernel, counted, interface = 0;

	l->asked_ns = now_of(CLOCK_MONOTONIC);
	if (l->lib.pcap_stats(l->pcap, &stat) != 0)
		return;
	(void)rise(&l->received, stat.ps_recv);
	kernel = rise(&l->dropped, stat.ps_drop);
	if (live_counters_read(&l->counters, &counted))
		interface = rise(&l->if_dropped, (uint32_t)counted);
	if (kernel + interface == 0)
		return;
	l->lost = 2;
	account_add(l->account, ACCOUNT_FRAMES_DROPPED, kernel + interface);
	if (l->ops.dropped)
		l->ops.dropped(l->ops.ctx, kernel, interface);
}

static void ask_drops_now_and_then(struct live *l)
{
	if (l->full || now_of(CLOCK_MONOTONIC) - l->asked_ns >= NS_PER_S)
		ask_drops(l);
}

/* --- frames --------------------------------------------------------------- */

static bool is_counted_out(const struct live *l)
{
	return l->count > 0 && l->copied >= l->count;
}

/* The place behind a record, on the alignment of the next. */
static size_t room_of(size_t len)
{
	size_t a = _Alignof(struct record);

	return (sizeof(struct record) + len + a - 1) / a * a;
}

static void on_frame(u_char *user, const struct pcap_pkthdr *h,
    const u_char *octets)
{
	struct live *l = (struct live *)(void *)user;
	struct record r;

	if (is_counted_out(l) || h->caplen > SNAPLEN)
		return;
	r.ts_ns = clock_add(clock_make(h->ts.tv_sec, 0),
	    (int64_t)h->ts.tv_usec * (l->nanoseconds ? 1 : 1000));
	r.wire_len = h->len;
	r.len = h->caplen;
	memcpy(l->block + l->len, &r, sizeof(r));
	memcpy(l->block + l->len + sizeof(r), octets, r.len);
	l->len += room_of(r.len);
	l->copied++;
	if (COPY_OCTETS - l->len < room_of(SNAPLEN)) {
		l->full = true;
		l->lib.pcap_breakloop(l->pcap);
	}
}

static void take_frame(struct live *l, struct frame *f)
{
	struct record r;

	memcpy(&r, l->block + l->next, sizeof(r));
	f->number = ++l->frames;
	f->ts_ns = r.ts_ns;
	f->resolution_ns = l->nanoseconds ? 1 : 1000;
	f->link_type = l->link_type;
	f->wire_len = r.wire_len;
	f->octets = slice_make(l->block + l->next + sizeof(r), r.len);
	l->next += room_of(r.len);
	capture_finish_frame(f);
}

static void take_pause(struct live *l, struct frame *f)
{
	f->ts_ns = l->paused ? clock_add(now_of(CLOCK_REALTIME), -LATE_NS) :
	    SW_NO_TIME;
	if (l->lost > 0) {
		f->anomalies = ANOMALY_BIT(ANOMALY_FRAMES_DROPPED);
		l->lost--;
	}
}

/* Has the kernel handed up all that it counted?  It never has where libpcap
 * leaves some out, as on lo, where each frame is there twice. */
static bool is_drained(struct live *l)
{
	ask_drops(l);
	return l->received == l->dropped + l->copied;
}

/* Wait for frames, or for what wakes. */
static void wait_for_frames(struct live *l)
{
	struct pollfd fds[2] = {
		{ .fd = l->fd, .events = POLLIN },
		{ .fd = l->ops.wake_fd, .events = POLLIN }
	};

	/* What was stopped waits for a block that is not yet handed up. */
	if (l->stopped) {
		(void)poll(fds, 1, is_drained(l) ? 0 : PAUSE_MS);
		return;
	}
	if (poll(fds, 2, PAUSE_MS) <= 0)
		return;
	if ((fds[1].revents & POLLIN) && l->ops.wake)
		l->ops.wake(l->ops.ctx);
}

static enum sw_status read_ring(struct live *l, struct sw_err *err)
{
	int got;

	l->len = l->next = 0;
	l->full = false;
	got = l->lib.pcap_dispatch(l->pcap, -1, on_frame,
	    (u_char *)(void *)l);
	/* Any other error would be met again and again, without a word. */
	if (got < 0 && got != PCAP_ERROR_BREAK)
		return base_error_set(err, SW_EREAD, "%s: %s", l->name,
		    words_of(l, got));
	return SW_OK;
}

/* A record lies in the block: the time of the last one that was read says
 * whether all before the stop is out. */
static bool is_beyond_stop(const struct live *l)
{
	struct record r;

	if (l->len == 0)
		return true;
	memcpy(&r, l->block, sizeof(r));
	return r.ts_ns > l->until_ns;
}

/* As next, with an empty block. */
static int refill(struct live *l, struct sw_err *err)
{
	bool stopped = l->stopped; /* before this wait */
	enum sw_status status;

	if (l->over || is_counted_out(l))
		return 0;
	wait_for_frames(l);
	status = read_ring(l, err);
	if (status != SW_OK)
		return (int)status;
	ask_drops_now_and_then(l);
	if (stopped && is_beyond_stop(l)) {
		ask_drops(l);
		l->len = 0;
		l->over = true; /* though frames go on being lost */
		return l->lost > 0;
	}
	l->paused = l->len == 0;
	return 1;
}

/* Frames were lost about the time of a block: whose session is open in front
 * of it, or behind it, may lack them.  So there is a pause on both sides. */
static int next(void *state, struct frame *f, struct sw_err *err)
{
	struct live *l = state;

	memset(f, 0, sizeof(*f));
	if (l->next == l->len && l->lost == 0) {
		int got = refill(l, err);

		if (got <= 0)
			return got;
	}
	if (l->next == l->len || (l->next == 0 && l->lost == 2))
		take_pause(l, f);
	else
		take_frame(l, f);
	return 1;
}

static bool would_block(const void *state)
{
	const struct live *l = state;

	return l->next == l->len;
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	const struct live *l = state;

	capture_clock_utc(clock_r, l->nanoseconds ? 1 : 1000);
	return "live";
}

static void close_live(void **state)
{
	struct live *l = *state;

	*state = NULL;
	live_free(&l);
}

static const struct capture_format format = {
	.name = "live",
	.next = next,
	.would_block = would_block,
	.describe = describe,
	.close = close_live,
};

enum sw_status live_capture(struct live **lp, const struct live_ops *ops,
    struct account *account, struct capture **c_r, struct sw_err *err)
{
	void *state = *lp;

	(*lp)->ops = *ops;
	(*lp)->account = account;
	*lp = NULL;
	return capture_of(&format, &state, c_r, err);
}
