/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * input.h - files of any kind to sessions
 *
 * Captures and logs are told apart by content.  All captures are one wire;
 * its sessions come first, then those of the logs, file by file.
 */
#ifndef PIPELINE_INPUT_H
#define PIPELINE_INPUT_H

#include "pipeline/wire.h"

struct inputs;

/* account is borrowed, tmpdir outlives the inputs. */
enum sw_status inputs_new(const struct wire_options *options,
    const char *tmpdir, struct account *account, struct inputs **in_r,
    struct sw_err *err) SW_MUST_USE;
void inputs_free(struct inputs **in);

/* How an input is read that does not tell it itself. */
struct input_how {
	const char *format;  /* of logs, by name; NULL: by content */
	bool tz_known;
	int32_t tz_offset_s; /* zone of local times, seconds east of UTC */
	unsigned date_order; /* of logs: enum log_date_order */
};

/* Open a file and find out what it is.  only: it is the only one.
 * SW_EREAD, SW_EFORMAT: this one cannot be read; of an archive members may
 * have been added all the same.  SW_EUSAGE: how is wrong. */
enum sw_status inputs_add(struct inputs *in, const char *name,
    const struct input_how *how, bool only, struct sw_err *err) SW_MUST_USE;
/* How many there are, each member of an archive one. */
size_t inputs_count(const struct inputs *in);

/* As wire_add_live. */
enum sw_status inputs_add_live(struct inputs *in, struct capture **c,
    const char *name) SW_MUST_USE;
/* As wire_account. */
void inputs_account(const struct inputs *in, struct account *sum);

/* 1: a session that the gate lets pass, settled, valid until the next call;
 * 0: the end; < 0: enum sw_status, as wire_step and wire_take. */
int inputs_next(struct inputs *in, const struct sw_session **s_r,
    struct sw_err *err) SW_MUST_USE;
/* As wire_progress. */
void inputs_progress(const struct inputs *in, uint64_t *done_r,
    uint64_t *total_r);
/* What is added from now on ends as source_open_until says. */
void inputs_stop_by(struct inputs *in, int fd);
/* Called now and then while nothing is finished. */
void inputs_on_step(struct inputs *in, void (*step)(void *ctx), void *ctx);

#endif
