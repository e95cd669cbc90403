/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - what `check` found, as output
 *
 * Each call appends to out; false: memory, and what out holds is not to be
 * used.
 */
#ifndef EMIT_REPORT_H
#define EMIT_REPORT_H

#include <smtpwire/report.h>

#include "base/buffer.h"

struct report_options {
	bool color;      /* text: ANSI colours */
	bool no_times;
	size_t context;  /* text: rows told around one that differs */
	uint64_t number; /* text: of the difference, from 1 */
	unsigned grace_s; /* text: for how long the other side's was waited
	                     for; 0: both sides were whole */
};

/* One JSON object: begin, each pair, end. */
bool report_json_begin(struct buffer *out, const struct sw_report *r);
/* first: no pair was told before. */
bool report_json_pair(struct buffer *out, const struct sw_pair *p,
    bool first);
bool report_json_end(struct buffer *out, const struct sw_report *r);
/* Pieces of it, for who makes another object: the members from left to notes;
 * one pair; the member summary. */
bool report_json_about(struct buffer *out, const struct sw_report *r);
bool report_json_pair_object(struct buffer *out, const struct sw_pair *p);
bool report_json_summary(struct buffer *out, const struct sw_report *r);

/* The summary; then each pair that does not agree; then the sessions that
 * one side alone has. */
bool report_text_summary(struct buffer *out, const struct sw_report *r,
    const struct report_options *o);
bool report_text_pair(struct buffer *out, const struct sw_pair *p,
    const struct report_options *o);
bool report_text_only(struct buffer *out, const struct sw_session *s,
    enum sw_side side, enum sw_only_reason reason,
    const struct report_options *o);

#endif
