/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emit.h - transcripts to outputs
 *
 * Emitters read the model and nothing else.
 */
#ifndef EMIT_EMIT_H
#define EMIT_EMIT_H

#include <smtpwire/error.h>
#include <smtpwire/transcript.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "transcript/message.h"

/* What is kept from one session to the next: most of a log's are of the same
 * minute.  All zero at first; of one thread. */
struct emit_memo {
	struct sw_clock clock; /* of the text */
	struct clock_memo time;
};

struct emit_options {
	bool normal;   /* the normal form: JSON without source, clock, start,
	                  tcp, and at every depth at, time, end */
	bool no_times; /* text without times, frames and durations; JSON:
	                  `time`, `end`, `start` are null */
	bool color;    /* text: ANSI colours */
	bool explain;  /* text: what each reply means in a line below it,
	                  marked '='; JSON: `explanation` at a reply's end */
	struct emit_memo *memo; /* JSON: borrowed; NULL: nothing is kept */
};

/* Append one session as one line of JSON, LF included.  Fields, names and
 * order: smtpwire-transcript(5).  line_base64 and lines_base64 stand behind
 * `line` and `lines` that are no UTF-8; in other fields such octets become
 * U+FFFD and are lost.  false: memory or the buffer's maximum (1 KiB before
 * it, since there is always room ahead), and the buffer is as it was. */
bool emit_jsonl(struct buffer *out, const struct sw_session *s,
    const struct emit_options *options);

/* Append one session as text; number counts sessions of the run from 1.
 * A blank line follows every session.  false: as above. */
bool emit_text(struct buffer *out, const struct sw_session *s,
    uint64_t number, const struct emit_options *options);

/*
 * One event of a session that is still open, and a session that is over whose
 * events were told, each line with the session's number; first: no event of it
 * was told before.  As JSON {"session":N,"event":{}} and
 * {"session":N,"ended":{}}, with the objects of emit_jsonl.  false: as above.
 */
bool emit_text_event(struct buffer *out, const struct sw_session *s,
    const struct sw_event *e, bool first, const struct emit_options *options);
bool emit_text_end(struct buffer *out, const struct sw_session *s,
    const struct emit_options *options);
bool emit_jsonl_event(struct buffer *out, const struct sw_session *s,
    const struct sw_event *e, const struct emit_options *options);
bool emit_jsonl_end(struct buffer *out, const struct sw_session *s,
    const struct emit_options *options);

/* The .eml writer: body operations that write each message to a file of its
 * own below dir (made if missing, mode 0700; files 0600). */
struct emit_eml;
/* What belongs to one lane is of one thread at a time. */
enum { EMIT_EML_LANES = 64 };
enum sw_status emit_eml_new(const char *dir, struct emit_eml **e_r,
    struct sw_err *err) SW_MUST_USE;
/* Of a lane; valid as long as the emit_eml. */
const struct body_ops *emit_eml_ops(struct emit_eml *e, unsigned lane);
/* Removes what was left unfinished. */
void emit_eml_free(struct emit_eml **e);

#endif
