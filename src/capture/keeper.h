/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper.h - frames to pcapng files
 *
 * The file of the given name is the one that is written.  When it is large or
 * old enough it is renamed to NAME.YYYYMMDDTHHMMSSZ after its first frame (a
 * number behind it if there is one already), and the next begins.  If somebody
 * else renamed or removed it, the next begins as well.
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
	bool spare;    /* a file that is there at first, and is more than one of
	                  a run without frames, is renamed so after the time of
	                  its last change (and stays), as is always what others
	                  put there later; false: it is replaced */
};

/* Begins the first file.  SW_EWRITE, SW_ENOMEM. */
enum sw_status keeper_new(const struct keeper_options *options,
    struct keeper **k_r, struct sw_err *err) SW_MUST_USE;
/* A frame at this time (UTC, or SW_NO_TIME).  SW_EWRITE, SW_ENOMEM. */
enum sw_status keeper_add(struct keeper *k, const struct frame *frame,
    int64_t ts_ns, struct sw_err *err) SW_MUST_USE;
/* Write what is buffered. */
enum sw_status keeper_flush(struct keeper *k, struct sw_err *err)
    SW_MUST_USE;
/* Begin the next file with the next frame. */
void keeper_rotate(struct keeper *k);
/* What is buffered and was not flushed is lost. */
void keeper_free(struct keeper **k);

#endif
