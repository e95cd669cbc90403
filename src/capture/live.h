/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.h - an interface as a capture that goes on
 *
 * The frames come out of capture_next() like those of a file.  Between them,
 * when nothing was to be had for a while or frames were lost, it returns a
 * pause: a frame of number 0 without octets.  Its time is the one up to which
 * all frames were handed out (SW_NO_TIME: not known), and its anomaly
 * FRAMES_DROPPED says that frames were lost up to here.
 */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

#include "capture/capture.h"

/* What is to be captured; strings and ports are borrowed during the call. */
struct live_options {
	const char *interface;
	const uint16_t *ports; /* of servers; in order */
	size_t port_count;
	bool any_port;         /* all TCP; ports is not heeded */
	const char *bpf;       /* only frames that it lets pass; NULL: all */
	uint64_t buffer;       /* octets of the kernel's buffer, 0: default */
	uint64_t count;        /* frames after which it ends, 0: none */
};

struct live;

/* Called by the thread that calls capture_next, from within it; any member
 * may be NULL. */
struct live_ops {
	void *ctx;
	int wake_fd; /* -1: none */
	/* wake_fd can be read. */
	void (*wake)(void *ctx);
	/* This many frames more were lost by the kernel, for want of buffer,
	 * and by the interface. */
	void (*dropped)(void *ctx, uint64_t kernel, uint64_t interface);
};

/*
 * Begin to capture: frames wait in the kernel's buffer from now on.
 * SW_EREAD: there is no such interface, or it cannot be opened; SW_EUSAGE: a
 * filter that does not compile, or a buffer that is too large.  *denied_r: for
 * want of rights.
 */
enum sw_status live_open(const struct live_options *options,
    struct live **l_r, bool *denied_r, struct sw_err *err) SW_MUST_USE;
void live_free(struct live **l);
/* Valid as long as it. */
const char *live_name(const struct live *l);
/* As a capture, which frees l with itself; also when this fails.  account
 * (borrowed) counts what was lost. */
enum sw_status live_capture(struct live **l, const struct live_ops *ops,
    struct account *account, struct capture **c_r, struct sw_err *err)
    SW_MUST_USE;
/* What has been captured until now is still handed out, then it ends.  May be
 * called from the operations. */
void live_stop(struct live *l);

/* Counters of frames that an interface has dropped. */
enum { LIVE_COUNTERS = 2 };
struct live_counters {
	int fds[LIVE_COUNTERS]; /* -1: none, as of `any` */
};
void live_counters_open(struct live_counters *c, const char *interface);
void live_counters_close(struct live_counters *c);
/* Their sum; false: they cannot be read (any more). */
bool live_counters_read(const struct live_counters *c, uint64_t *dropped_r);

/* An interface that can be captured on; strings are valid during the call. */
struct live_interface {
	const char *name;
	const char *description; /* NULL: none */
	const char *const *addresses;
	size_t address_count;
	bool up, running, loopback;
};
/* Tell each, in libpcap's order. */
enum sw_status live_list(void (*tell)(void *ctx,
    const struct live_interface *i), void *ctx, struct sw_err *err)
    SW_MUST_USE;

/*
 * The expression that lets pass what can belong to sessions of these ports, on
 * the heap; NULL: no memory.  What a filter cannot look into (fragments,
 * tunnels, what is no IP) passes as a whole.  tagged: it looks behind a VLAN
 * tag, which libpcap cannot for every link type.
 */
char *live_expression(const struct live_options *options, bool tagged);

#endif
