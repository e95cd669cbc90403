/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input_internal.h - what input.c and input_archive.c share */
#ifndef PIPELINE_INPUT_INTERNAL_H
#define PIPELINE_INPUT_INTERNAL_H

#include "logs/logs.h"
#include "pipeline/input.h"

/* What an input is: a capture, a log, or else transcripts. */
struct input_kind {
	bool capture;
	const struct log_format *log;
};

/* SW_EFORMAT: it is none of these; SW_EREAD.  Nothing is consumed. */
enum sw_status input_find_kind(struct source *s, const struct input_how *how,
    struct input_kind *kind_r, struct sw_err *err) SW_MUST_USE;
/* Take it over (also when this fails, perhaps).  only: it is the only one. */
enum sw_status input_add_kind(struct inputs *in, struct source **s,
    const struct input_kind *kind, const struct input_how *how, bool only,
    struct sw_err *err) SW_MUST_USE;

/* Add the members of the archive s, which is borrowed; as inputs_add.
 * kind: as members_probe says.  account: of the inputs. */
enum sw_status input_add_archive(struct inputs *in, struct source *s,
    const char *kind, const struct input_how *how, const char *tmpdir,
    struct account *account, struct sw_err *err) SW_MUST_USE;

#endif
