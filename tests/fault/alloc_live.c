/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alloc_live.c - memory that runs out while an interface is watched
 *
 * In a network namespace of its own, which takes root, the frames of a capture
 * are sent on the loopback interface.  What is told must be what the capture
 * tells, and what is kept be whole up to where the memory ran out.
 *
 * The kernel takes its time for each ring of frames.  So the runs go side by
 * side, every few allocations fail, and those of opening only in a run that is
 * stopped at once.
 */
#define _GNU_SOURCE /* unshare */
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <linux/if_packet.h>

#include "fault/failing.h"

#define PLAIN "pcaps/postfix-plain.pcap"

struct run {
	const char *name;
	bool frames; /* are sent; else it is stopped at once */
	bool keeps;  /* frames and messages */
	long step;
};

static const struct run runs[] = {
	{ "live, opened", .keeps = true, .step = 7 },
	{ "live", .frames = true, .step = 3 },
	{ "live, files", .frames = true, .keeps = true, .step = 3 },
};

static struct output capture;
static uint64_t frame_count;
static int sender = -1;
static int wake[2];

/* --- frames --------------------------------------------------------------- */

/* Send those of the capture, which this host wrote. */
static void send_frames(void)
{
	uint32_t len;
	size_t at = 24;

	for (frame_count = 0; at < capture.len; frame_count++) {
		memcpy(&len, capture.p + at + 8, sizeof(len));
		at += 16;
		if (len > capture.len - at ||
		    send(sender, capture.p + at, len, 0) != (ssize_t)len)
			abort();
		at += len;
	}
}

/* An interface that nobody else has. */
static bool make_interface(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct sockaddr_ll lo = { .sll_family = AF_PACKET };

	if (unshare(CLONE_NEWNET) != 0)
		return false;
	sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (sender < 0 || ioctl(sender, SIOCSIFFLAGS, &r) != 0)
		return false;
	lo.sll_ifindex = (int)if_nametoindex("lo");
	return bind(sender, (struct sockaddr *)&lo, sizeof(lo)) == 0;
}

/* --- a run ---------------------------------------------------------------- */

static void on_wake(void *ctx)
{
	struct sw_reader **r = ctx;

	sw_reader_stop(*r);
}

static int tell(struct sw_reader *r, struct output *out)
{
	const struct sw_print_options print = { .normal = true,
		.no_times = true, .form = SW_FORM_JSONL };
	struct sw_printer *p = NULL;
	const struct sw_session *s;
	struct sw_err err;
	int got = sw_printer_new(&print, keep, out, &p), number;

	while (got >= 0 && (got = sw_reader_next(r, &s, &err)) > 0)
		got = sw_printer_session(p, s, &number);
	if (got == SW_OK)
		got = sw_printer_finish(p, NULL, &number);
	sw_printer_free(&p);
	return got;
}

static char frames_path[sizeof(results) + 8], mbox_path[sizeof(results) + 8];

static void set_options(const struct run *run, struct sw_options *o,
    struct sw_live_options *l, struct sw_reader **r)
{
	snprintf(frames_path, sizeof(frames_path), "%s/frames", results);
	snprintf(mbox_path, sizeof(mbox_path), "%s/mbox", results);
	sw_options_init(o);
	o->bpf = "tcp";
	o->tmpdir = temporary;
	o->attempts = true;
	o->frames = run->keeps ? frames_path : NULL;
	o->mbox = run->keeps ? mbox_path : NULL;
	sw_live_options_init(l);
	l->interface = "lo";
	l->buffer = 1 << 20;
	l->ctx = r;
	if (run->frames)
		return;
	l->wake_fd = wake[0];
	l->wake = on_wake;
}

/* What the file tells that was kept, or the capture itself. */
static int read_back(const char *path, struct output *out)
{
	struct sw_reader *r = NULL;
	struct sw_options o;
	struct sw_err err;
	int got;

	spared = true;
	sw_options_init(&o);
	o.attempts = true;
	got = sw_reader_open(&o, &path, 1, &r, &err);
	if (got == SW_OK)
		got = tell(r, out);
	if (got == SW_OK && (sw_reader_failed(r) > 0 || sw_reader_warning(r)))
		got = SW_EREAD;
	sw_reader_free(&r);
	spared = false;
	return got;
}

/* Messages, each behind a line that begins with From and tells a time, from
 * the first one on, and none in part. */
static bool are_whole_messages(const struct output *mbox,
    const struct output *want)
{
	const char *a = mbox->p, *b = want->p;

	while (*a && *b) {
		if (strncmp(a, "From ", 5) == 0 &&
		    strncmp(b, "From ", 5) == 0) {
			a = strchr(a, '\n');
			b = strchr(b, '\n');
			if (!a || !b)
				return false;
		}
		if (*a++ != *b++)
			return false;
	}
	return !*a && (!*b || strncmp(b, "From ", 5) == 0);
}

/* A file as a string. */
static struct output text_of(const char *path)
{
	struct output o = { 0 };

	if (access(path, F_OK) == 0)
		o = content(path);
	keep(&o, "", 1);
	return o;
}

static struct output messages; /* of the first run, which is whole */

/* What was kept is right, and is no more: times in it are of this run. */
static bool settle(const struct run *run, int status, const struct output *out)
{
	struct output told = { 0 }, mbox = text_of(mbox_path);
	bool good = access(frames_path, F_OK) != 0 ||
	    read_back(frames_path, &told) == SW_OK;

	if (run->frames && !messages.p) {
		messages = mbox;
		mbox = text_of(mbox_path);
	}
	if (run->frames)
		good = good && are_whole_messages(&mbox, &messages) &&
		    (status != SW_OK || (mbox.len == messages.len &&
		    same(&told, out)));
	free(mbox.p);
	free(told.p);
	unlink(frames_path);
	unlink(mbox_path);
	return good;
}

static int live_once(const void *of, struct output *out)
{
	const struct run *run = of;
	struct sw_reader *r = NULL;
	struct sw_live *live = NULL;
	struct sw_live_options l;
	struct sw_options o;
	struct sw_err err;
	int got;

	set_options(run, &o, &l, &r);
	l.count = run->frames ? frame_count : 0;
	spared = run->frames;
	got = sw_live_open(&o, &l, &live, NULL, &err);
	if (got == SW_OK && run->frames)
		send_frames();
	if (got == SW_OK)
		got = sw_reader_open_live(&o, &live, &r, &err);
	spared = false;
	if (got == SW_OK)
		got = tell(r, out);
	sw_reader_free(&r);
	sw_live_free(&live);
	return run->keeps && !settle(run, got, out) ? SW_EWRITE : got;
}

/* --- all of them ---------------------------------------------------------- */

static int told_otherwise(const void *of, struct output *out)
{
	(void)of;
	(void)out;
	return SW_EFORMAT;
}

/* Does an interface tell what the capture does? */
static bool is_told(const struct run *run)
{
	struct output live = { 0 }, file = { 0 };
	bool is = live_once(run, &live) == SW_OK &&
	    read_back(PLAIN, &file) == SW_OK &&
	    same(&live, &file) == run->frames;

	free(live.p);
	free(file.p);
	return is;
}

/* In a namespace of its own; exit status. */
static int do_run(const struct run *run, int number)
{
	struct failing f = { run->name, live_once, run, false, run->step };
	bool good;

	if (!make_folders() || pipe(wake) != 0 || write(wake[1], "", 1) != 1)
		return 1;
	if (!make_interface()) {
		printf("ok %d - %s # SKIP making network namespaces takes "
		    "root\n", number, run->name);
		remove_folders();
		return 0;
	}
	capture = content(PLAIN);
	send_frames();
	if (!is_told(run))
		f.once = told_otherwise;
	good = fail_each(&f, number);
	free(capture.p);
	free(messages.p);
	remove_folders();
	return good ? 0 : 1;
}

int main(void)
{
	enum { RUNS = sizeof(runs) / sizeof(runs[0]) };
	pid_t children[RUNS];
	int failed = 0, status;

	for (int i = 0; i < RUNS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			return do_run(&runs[i], i + 1);
	}
	for (int i = 0; i < RUNS; i++)
		if (waitpid(children[i], &status, 0) < 0 || status != 0)
			failed = 1;
	return failed;
}
