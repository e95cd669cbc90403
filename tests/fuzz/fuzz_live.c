/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_live.c - an interface, by a libpcap that does what a script says
 *
 * Input: five octets of options, then the script (enum op in false_ring.h).
 * Options: bits of what is read (enum how); bits of how it is captured (enum
 * way); the link type; what goes wrong at first (enum fault); and after how
 * many frames it ends, if that is so.
 *
 * What is opened ends as it should, and gives all back.  Each frame that was
 * handed up before the end is told, each drop counted, an interface that is
 * gone told once, behind which all ends.  What is told is harmless.  The same
 * frames in a file give the same sessions, if nothing was lost and no time went
 * by but that of the frames.
 */
#define _GNU_SOURCE /* memfd_create */

#include <smtpwire/smtpwire.h>

#include "api/reader.h"
#include "fuzz/false_pcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum how { ANY_PORT = 1, ATTEMPTS = 2, IGNORE_VLAN = 4, STRICT_VLAN = 8,
	CHECKSUMS = 16, SECRETS = 32, EVENTS = 64, FILTER = 128 };
enum way { MICROSECONDS = 1, COUNTED = 2, GONE_AT_END = 4, LARGE_BUFFER = 8,
	NO_NAME = 16, SORTED = 32 };

enum { OPTIONS = 5 };

struct run {
	uint8_t how, way;
	struct sw_options options;
	struct sw_reader *reader;
	struct sw_printer *normal, *text;
	struct told told;    /* as JSON Lines in normal form, in which times are
				left out: */
	uint64_t times;      /* of all events, added up */
	uint64_t harmless;   /* octets told otherwise */
	uint64_t kernel, interface; /* dropped, as was told */
	bool stopped;
	int64_t stop_ns;     /* the host's time then */
};

/* --- what is called back -------------------------------------------------- */

static void on_event(void *ctx, const struct sw_session *s,
    const struct sw_event *e)
{
	struct run *r = ctx;
	int error;

	require(sw_printer_event(r->text, s, e, &error) == SW_OK);
}

static void on_dropped(void *ctx, uint64_t kernel, uint64_t interface)
{
	struct run *r = ctx;

	require(kernel + interface > 0);
	r->kernel += kernel;
	r->interface += interface;
}

static void write_account(struct run *r)
{
	const struct sw_account *a = sw_reader_account(r->reader);

	require(sw_account_write(a, true, take_harmless, &r->harmless) ==
	    SW_OK);
	require(sw_account_write(a, false, take_harmless, &r->harmless) ==
	    SW_OK);
}

static void on_wake(void *ctx)
{
	struct run *r = ctx;

	switch (world.wake % 4) {
	case 0:
		sw_reader_stop(r->reader);
		if (!r->stopped)
			r->stop_ns = world.clock_ns;
		r->stopped = true;
		break;
	case 1:
		sw_reader_rotate(r->reader);
		break;
	case 2:
		write_account(r);
		break;
	default: /* as if by chance */
		break;
	}
}

/* --- a run ---------------------------------------------------------------- */

static void set_options(struct run *r)
{
	struct sw_options *o = &r->options;

	sw_options_init(o);
	o->any_port = r->how & ANY_PORT;
	o->attempts = r->how & ATTEMPTS;
	o->ignore_vlan = r->how & IGNORE_VLAN;
	o->strict_vlan = r->how & STRICT_VLAN;
	o->verify_checksums = r->how & CHECKSUMS;
	o->show_secrets = r->how & SECRETS;
}

static enum sw_status expected(const struct run *r)
{
	if (r->way & NO_NAME)
		return SW_EUSAGE;
	if (world.fault == FAULT_NO_LIBRARY || world.fault == FAULT_CREATE)
		return SW_EREAD;
	if (r->way & LARGE_BUFFER)
		return SW_EUSAGE;
	if (world.fault < FAULT_NO_LIBRARY)
		return SW_OK;
	return world.fault == FAULT_NO_FILTER ? SW_EUSAGE : SW_EREAD;
}

static enum sw_status open_live(struct run *r, const struct sw_options *o,
    struct sw_live **live)
{
	struct sw_live_options l;
	enum sw_status status;
	struct sw_err err = { 0 };
	bool denied;

	sw_live_options_init(&l);
	l.interface = r->way & NO_NAME ? "" : "eth0";
	l.buffer = r->way & LARGE_BUFFER ? UINT64_MAX : 0;
	l.count = world.count;
	l.ctx = r;
	l.wake_fd = FALSE_WAKE_FD;
	l.wake = on_wake;
	l.dropped = on_dropped;
	status = sw_live_open(o, &l, live, &denied, &err);
	require(status == expected(r));
	require((status == SW_OK) == (*live != NULL));
	require(status == SW_OK || err.text[0]);
	require(denied == (status == SW_EREAD &&
	    (world.fault == FAULT_DENIED ||
	    world.fault == FAULT_PROMISCUOUS)));
	return status;
}

static bool open_reader(struct run *r)
{
	struct sw_options o = r->options;
	struct sw_live *live = NULL;
	struct sw_err err;
	enum sw_status status;

	o.bpf = r->how & FILTER ? "host 192.0.2.1" : NULL;
	o.sort_start = r->way & SORTED;
	if (r->how & EVENTS) {
		o.observer.ctx = r;
		o.observer.event = on_event;
	}
	if (open_live(r, &o, &live) != SW_OK)
		return false;
	status = sw_reader_open_live(&o, &live, &r->reader, &err);
	require(!live);
	require(status == (o.sort_start ? SW_EUSAGE : SW_OK));
	return status == SW_OK;
}

static void tell_normal(struct run *r, const struct sw_session *s)
{
	int error;

	require(sw_printer_session(r->normal, s, &error) == SW_OK);
	for (size_t i = 0; i < s->event_count; i++)
		r->times += (uint64_t)s->events[i].time;
}

static void tell(struct run *r, const struct sw_session *s)
{
	int error;

	tell_normal(r, s);
	if (r->how & EVENTS)
		require(sw_printer_end(r->text, s, &error) == SW_OK);
	else
		require(sw_printer_session(r->text, s, &error) == SW_OK);
}

static void read_all(struct run *r)
{
	const struct sw_session *s;
	bool was_told = false;
	struct sw_err err;
	int got;

	while ((got = sw_reader_next(r->reader, &s, &err)) != 0) {
		require((got > 0) == (s != NULL));
		if (got > 0) {
			tell(r, s);
			continue;
		}
		require(got == SW_EREAD && world.failed && !was_told);
		require(strncmp(err.text, "eth0: ", 6) == 0 && err.text[6]);
		was_told = true;
	}
	require(was_told == world.failed);
	require(sw_reader_next(r->reader, &s, &err) == 0);
	while (sw_reader_warning(r->reader))
		;
	write_account(r);
}

/* A block whose first frame came behind the stop is left out. */
static void check_counts(struct run *r)
{
	const struct account *a = &sw_reader_account(r->reader)->a;
	uint64_t frames = a->counters[ACCOUNT_FRAMES];

	require(frames == world.frames || (r->stopped &&
	    frames == world.frames_before && world.first_ns > r->stop_ns));
	if (frames != world.frames)
		world.file.len = world.file_before;
	require(a->counters[ACCOUNT_FRAMES_DROPPED] ==
	    r->kernel + r->interface);
	require(world.any_counters || r->kernel <= world.counters.ps_drop);
	if (r->kernel + r->interface > 0)
		world.tame = false;
}

static void run(struct run *r)
{
	struct sw_print_options o = { .form = SW_FORM_JSONL, .normal = true };

	require(sw_printer_new(&o, keep_harmless, &r->told, &r->normal) ==
	    SW_OK);
	o.form = r->how & SECRETS ? SW_FORM_JSONL : SW_FORM_TEXT;
	o.normal = false;
	require(sw_printer_new(&o, take_harmless, &r->harmless, &r->text) ==
	    SW_OK);
	if (open_reader(r)) {
		read_all(r);
		check_counts(r);
	} else {
		world.tame = false;
	}
	sw_reader_free(&r->reader);
	sw_printer_free(&r->normal);
	sw_printer_free(&r->text);
}

/* --- the same as a file --------------------------------------------------- */

static void put_header(void)
{
	false_put32(world.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);
	false_put32(4 << 16 | 2); /* version, little endian */
	false_put32(0);
	false_put32(0);
	false_put32(FALSE_SNAPLEN);
	false_put32(0); /* the link type, see set_link_type */
}

static void set_link_type(void)
{
	uint32_t type = world.dlt == DLT_RAW ? 101 : (uint32_t)world.dlt;

	memcpy(world.file.p + 20, &type, sizeof(type));
}

struct line {
	const uint8_t *p;
	size_t len;
};

static int compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int by = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);

	return by ? by : (x->len > y->len) - (x->len < y->len);
}

/* In an order of their own: a tick at another frame ends them in another. */
static struct line *sort_lines(const struct told *t, size_t *count_r)
{
	const uint8_t *p = t->p, *end = p ? p + t->len : p, *lf;
	struct line *lines = calloc(t->len + 1, sizeof(*lines));
	size_t count = 0;

	require(lines);
	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		require(lf);
		lines[count].p = p;
		lines[count++].len = (size_t)(lf - p);
	}
	if (count > 1)
		qsort(lines, count, sizeof(*lines), compare_lines);
	*count_r = count;
	return lines;
}

static void require_same(const struct told *live, const struct told *file)
{
	size_t a_count, b_count;
	struct line *a = sort_lines(live, &a_count);
	struct line *b = sort_lines(file, &b_count);
	bool same = a_count == b_count;

	for (size_t i = 0; i < a_count && same; i++)
		same = compare_lines(&a[i], &b[i]) == 0;
	if (!same)
		fprintf(stderr, "live %.*s\nfile %.*s\n", (int)live->len,
		    (const char *)live->p, (int)file->len,
		    (const char *)file->p);
	require(same);
	free(a);
	free(b);
}

static void compare(const struct run *live)
{
	struct run r = { .how = live->how & (uint8_t)~EVENTS,
		.options = live->options };
	struct sw_print_options o = { .form = SW_FORM_JSONL, .normal = true };
	const struct sw_session *s;
	struct memory_file file;
	const char *name = file.name;
	struct sw_err err;
	int got;

	memory_file_init(&file, world.file.p, world.file.len);
	require(sw_printer_new(&o, keep_harmless, &r.told, &r.normal) ==
	    SW_OK);
	require(sw_reader_open(&r.options, &name, 1, &r.reader, &err) ==
	    SW_OK);
	while ((got = sw_reader_next(r.reader, &s, &err)) > 0)
		tell_normal(&r, s);
	require(got == 0 && r.times == live->times);
	require_same(&live->told, &r.told);
	sw_reader_free(&r.reader);
	sw_printer_free(&r.normal);
	memory_file_fini(&file);
	free(r.told.p);
}

/* --- the input ------------------------------------------------------------ */

static void read_options(struct run *r, struct cursor *c)
{
	/* The first are those that Linux has; any number may be asked for. */
	static const int types[] = { DLT_EN10MB, DLT_LINUX_SLL, DLT_RAW,
		DLT_LINUX_SLL2, DLT_IEEE802_11_RADIO, DLT_PPI, DLT_IPNET,
		DLT_FDDI, DLT_NULL, DLT_IPV4, DLT_IPV6, -1 };
	const uint8_t count = sizeof(types) / sizeof(types[0]);
	uint8_t type, n;

	r->how = cursor_u8(c);
	r->way = cursor_u8(c);
	type = cursor_u8(c);
	world.dlt = type < count ? types[type] : type;
	n = cursor_u8(c);
	world.fault = n < FAULT_COUNT ? (enum fault)n : FAULT_NONE;
	n = cursor_u8(c);
	world.count = r->way & COUNTED ? (uint64_t)n + 1 : 0;
	world.nanoseconds = !(r->way & MICROSECONDS);
	world.gone_at_end = r->way & GONE_AT_END;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = { 0 };

	if (size < OPTIONS)
		return 0;
	memset(&world, 0, sizeof(world));
	world.script = cursor_make(slice_make(data, size));
	world.clock_ns = 1700000000 * FALSE_SECOND;
	world.tame = true;
	read_options(&r, &world.script);
	set_options(&r);
	put_header();
	run(&r);
	require(world.open == 0 && world.programs == 0);
	set_link_type();
	if (world.tame && world.dlt >= 0)
		compare(&r);
	free(r.told.p);
	free(world.file.p);
	return 0;
}
