/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.h - captures to sessions: capture -> net -> tcp -> smtp
 */
#ifndef PIPELINE_WIRE_H
#define PIPELINE_WIRE_H

#include "base/account.h"
#include "base/limits.h"
#include "base/source.h"
#include "capture/capture.h"
#include "pipeline/kept.h"
#include "transcript/session.h"

struct wire;

/* Which sessions are told; NULL: all.  Called in any thread. */
struct session_gate {
	bool (*keep)(void *ctx, const struct sw_session *s);
	void *ctx;
	bool by_time; /* it asks for times: none passes that has no date */
};

struct wire_options {
	const uint16_t *ports; /* server ports; borrowed */
	size_t port_count;
	bool any_port;
	const char *bpf;       /* NULL: none */
	bool ignore_vlan, strict_vlan, verify_checksums;
	bool attempts;         /* tell unanswered attempts as sessions */
	bool nids;             /* put together by libnids, in one thread */
	uint64_t memory;       /* octets for open connections; 0:
	                          LIMIT_MEMORY */
	uint64_t secret;       /* keys hash tables; never seen in output */
	unsigned threads;      /* that may work at once; 0 and 1: the
	                          caller's alone */
	struct keeper *keeper; /* of the frames of all connections that are of
	                          interest; borrowed, NULL: none */
	struct kept *kept;     /* of those of the sessions that are told, and
	                          no others; borrowed, NULL: of all */
	struct session_gate gate;
	struct session_options session; /* body_ops: see below */
	/* Operations on bodies of each shard, NULL: none.  Those of one shard
	 * are called by one thread at a time. */
	const struct body_ops *body_ops[SHARD_COUNT];
};

/* A session whose end is certain. */
struct wire_finished {
	const struct sw_session *session; /* the wire's, valid until the next
	                                     wire_step */
	uint64_t certain; /* frame at which its end became certain */
	uint64_t first;   /* its first frame; orders equals */
};

/* account is borrowed. */
enum sw_status wire_new(const struct wire_options *options,
    struct account *account, struct wire **w_r, struct sw_err *err)
    SW_MUST_USE;
void wire_free(struct wire **w);

/*
 * Add a capture.  s is taken over (freed with the wire); its first frame is
 * read to find its place in time.  reopen: it can be opened again (it is then
 * closed in between).  tz_offset_s: if tz_known, the zone of its times if they
 * are local, seconds east of UTC.  SW_EFORMAT: no capture; SW_EREAD.
 */
enum sw_status wire_add(struct wire *w, struct source **s, bool reopen,
    bool tz_known, int32_t tz_offset_s,
    struct sw_err *err) SW_MUST_USE;

/* Add an interface (see capture/live.h), the only input of a wire of one
 * thread, which takes it over. */
enum sw_status wire_add_live(struct wire *w, struct capture **c,
    const char *name) SW_MUST_USE;
/* The account so far, with that of what is open, into *sum; nothing may run in
 * another thread. */
void wire_account(const struct wire *w, struct account *sum);

/*
 * Read on until sessions are finished or the input would have to be waited
 * for: 1 go on, 0 the end of all captures, < 0 enum sw_status (SW_EREAD and
 * SW_EFORMAT concern one capture; the next call goes on with the others).
 * All sessions were taken and are gone after it.
 */
int wire_step(struct wire *w, struct sw_err *err) SW_MUST_USE;
/*
 * The next session that the gate lets pass, finished and settled, in order:
 * 1; 0: none now; < 0: its messages could not be written.
 */
int wire_take(struct wire *w, struct wire_finished *f_r, struct sw_err *err)
    SW_MUST_USE;
/* For progress: octets read of the captures, and of how many. */
void wire_progress(const struct wire *w, uint64_t *done_r,
    uint64_t *total_r);

#endif
