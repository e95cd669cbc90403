/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper.h - frames to pcapng files
 *
 * A file that is large or old enough is renamed to NAME.YYYYMMDDTHHMMSSZ after
 * its first frame (a number behind it if there is one already), and the next
 * begins.
 *
 * One that grows is written under its own name.  If somebody else renamed or
 * removed it, the next begins as well.  Another is NAME.PID-N.part until it is
 * complete, and then replaces what is there.
 */
#ifndef CAPTURE_KEEPER_H
#define CAPTURE_KEEPER_H

#include "capture/capture.h"

struct keeper;

struct keeper_options {
	const char *path;     /* copied */
	uint64_t rotate_size; /* octets, 0: never */
	int64_t rotate_ns;    /* between first and last frame, 0: never */
	unsigned keep; /* files that were renamed; older ones are removed; 0:
	                  all */
	bool growing;  /* what is there at first, or what others put there
	                  later, and is more than a file of a run without
	                  frames, is renamed so after the time of its last
	                  change, and stays */
};

/* Begins the first file.  SW_EWRITE, SW_ENOMEM. */
enum sw_status keeper_new(const struct keeper_options *options,
    struct keeper **k_r, struct sw_err *err) SW_MUST_USE;
/* A frame at this time (UTC, or SW_NO_TIME), with its comment, of which 65 535
 * octets are kept; empty: none.  SW_EWRITE, SW_ENOMEM. */
enum sw_status keeper_add(struct keeper *k, const struct frame *frame,
    struct slice comment, int64_t ts_ns, struct sw_err *err) SW_MUST_USE;
/* Write what is buffered. */
enum sw_status keeper_flush(struct keeper *k, struct sw_err *err)
    SW_MUST_USE;
/* Begin the next file with the next frame. */
void keeper_rotate(struct keeper *k);
/* All frames were added: what does not grow gets its name, without frames only
 * if even_empty.  SW_EWRITE, SW_ENOMEM. */
enum sw_status keeper_finish(struct keeper *k, bool even_empty,
    struct sw_err *err) SW_MUST_USE;
/* What was not flushed is lost; what does not grow and was not finished
 * vanishes. */
void keeper_free(struct keeper **k);

#endif
