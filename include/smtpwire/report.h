/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - what `check` found: two records of the same mail traffic held
 * against each other
 *
 * The left side is usually the log, the right side the wire, but each may be
 * any record.  The JSON form is described in smtpwire-transcript(5).
 *
 * Ownership: what a call returns belongs to the check and is valid until the
 * next call of sw_check_next() or sw_check_free(), if nothing else is said.
 */
#ifndef SMTPWIRE_REPORT_H
#define SMTPWIRE_REPORT_H

#include <smtpwire/smtpwire.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* The version of the report that this library tells. */
#define SW_REPORT_VERSION 1

enum sw_side { SW_LEFT, SW_RIGHT, SW_NO_SIDE, SW_SIDE_COUNT };

/* What a pair was paired by; a set of 1u << value. */
enum sw_paired_by {
	SW_BY_ENDPOINTS,
	SW_BY_TIME,
	SW_BY_HELO,
	SW_BY_ENVELOPE,
	SW_BY_MESSAGE_ID,
	SW_BY_QUEUE_ID,
	SW_BY_ORDER,
	SW_BY_COUNT
};

enum sw_verdict {
	SW_AGREES,
	SW_DIFFERS,
	SW_UNDECIDABLE,
	SW_VERDICT_COUNT
};

/* Kinds of findings; a note of the same name says the same of one side. */
enum sw_finding_kind {
	SW_FOUND_COMMAND_MISSING,
	SW_FOUND_COMMAND_CHANGED,
	SW_FOUND_RECIPIENT_MISSING,
	SW_FOUND_REPLY_MISSING,
	SW_FOUND_REPLY_CODE_CHANGED,
	SW_FOUND_REPLY_TEXT_CHANGED,
	SW_FOUND_ORDER_CHANGED,
	SW_FOUND_MESSAGE_MISSING,
	SW_FOUND_MESSAGE_SIZE_CHANGED,
	SW_FOUND_MESSAGE_CONTENT_CHANGED,
	SW_FOUND_HEADER_CHANGED,
	SW_FOUND_ADDRESS_CHANGED,
	SW_FOUND_CAPTURE_GAP,
	SW_FOUND_REPLY_NEVER_ARRIVED,
	SW_FOUND_GREETING_MASKED,
	SW_FOUND_VERB_MASKED,
	SW_FOUND_STARTTLS_STRIPPED,
	SW_FOUND_EXTENSION_REMOVED,
	SW_FOUND_TIMEOUT_CLIENT,
	SW_FOUND_TIMEOUT_SERVER,
	SW_FOUND_MTU_BLACK_HOLE,
	SW_FOUND_SMUGGLING,
	SW_FOUND_COMMANDS_AFTER_STARTTLS,
	SW_FOUND_EARLY_TALKER,
	SW_FOUND_COUNT
};

/* Where two records disagree. */
struct sw_finding {
	enum sw_finding_kind kind;
	enum sw_side side; /* which side lacks it or is judged wrong */
	uint32_t left_event, right_event; /* n, 0: none */
	uint64_t left_at[2], right_at[2]; /* first and last; 0, 0: none */
	uint32_t message;                 /* its number, 0: none */
	struct sw_bytes recipient;        /* null: none */
	struct sw_bytes left_text, right_text; /* as recorded; null: none */
	struct sw_bytes explanation;      /* for people, UTF-8 */
};

/* One row of two sessions side by side: indices of their events + 1; 0: only
 * the other side has it. */
struct sw_aligned {
	uint32_t left, right;
	bool found; /* a finding is about it */
};

/* Why two sessions, or parts of them, cannot be held against each other. */
enum sw_undecided {
	SW_UNDECIDED_TLS,     /* encryption hides one side's dialogue */
	SW_UNDECIDED_GAP,     /* a capture lacks octets where they differ */
	SW_UNDECIDED_OUTSIDE, /* a capture has a part of the session only */
	SW_UNDECIDED_CONTENT, /* a capture lacks octets of a message */
	SW_UNDECIDED_ENDED,   /* a capture ends before an acknowledgment could
	                         come */
	SW_UNDECIDED_COUNT
};

struct sw_pair {
	uint64_t left_id, right_id;
	/* The sessions; NULL for a pair that agrees and of which there is
	 * nothing to tell, unless the option whole was set. */
	const struct sw_session *left, *right;
	uint32_t paired_by;
	double confidence; /* 0 to 1 */
	enum sw_verdict verdict;
	uint32_t undecided_by; /* SW_BIT(enum sw_undecided) */
	const struct sw_finding *findings;
	size_t finding_count;
	const struct sw_aligned *rows; /* all events of both, in order; as
	                                  left and right */
	size_t row_count;
};

enum sw_only_reason {
	SW_OUTSIDE_OTHER_TIME,
	SW_OTHER_CANNOT_RECORD,
	SW_UNEXPLAINED,
	SW_ONLY_REASON_COUNT
};

/* A session that only one side has. */
struct sw_only {
	uint64_t id;
	enum sw_only_reason reason;
};

/* Seconds to add to the right side's times to meet the left's, for the right
 * side's times from `from` to `to`. */
struct sw_clock_piece {
	int64_t from, to;  /* ns since 1970 by the right side's clock */
	int64_t offset_ns; /* at `from` */
	double drift;      /* seconds a second */
	uint64_t pairs;    /* that tell it */
	int64_t spread_ns; /* median distance of those from it */
};

struct sw_side_summary {
	const char *const *files;
	size_t file_count;
	const char *kind; /* "wire", "log", "mixed" */
	uint64_t sessions;
	size_t failed; /* files that could not be read; of all of them nothing
	                  can be said of what the side lacks */
};

/* Totals; complete once the check is open. */
struct sw_report {
	struct sw_side_summary side[2]; /* enum sw_side */
	const struct sw_clock_piece *clock;
	size_t clock_count;
	const struct sw_note *notes; /* of both sides as a whole: NAT */
	size_t note_count;
	uint64_t pairs, verdicts[SW_VERDICT_COUNT];
	uint64_t findings[SW_FOUND_COUNT];
	const struct sw_only *only[2];
	size_t only_count[2];
	uint64_t unexplained; /* of both sides */
};

struct sw_check;

struct sw_check_options {
	struct sw_options reader; /* how both sides are read; its filter
	                             applies to neither.  Its threads share
	                             out the sides and the pairs as well */
	uint32_t ignore; /* findings that do not count: 1u << kind */
	uint32_t only;   /* nothing but these; 0: all */
	int64_t max_offset_ns; /* of the clocks; 0: any */
	bool whole; /* sessions of agreeing pairs are wanted too */
};

/* The defaults. */
void sw_check_options_init(struct sw_check_options *o);

/*
 * Read both sides, estimate their clocks, pair their sessions.  An input is a
 * capture, a log, or transcripts as JSON Lines.  *c_r is set also when some
 * inputs cannot be read: sw_check_failed() counts them, sw_check_error()
 * says why.  Errors as sw_reader_open and sw_reader_next.
 */
enum sw_status sw_check_open(const struct sw_check_options *o,
    const char *const *left, size_t left_count, const char *const *right,
    size_t right_count, struct sw_check **c_r, struct sw_err *err)
    SW_MUST_USE;
size_t sw_check_failed(const struct sw_check *c);
/* Why the next input that could not be read was not, or NULL. */
const char *sw_check_error(struct sw_check *c);
/* The next warning not yet fetched, or NULL. */
const char *sw_check_warning(struct sw_check *c);

/* The next pair, in order of the left side: 1; 0: no more; < 0: an enum
 * sw_status. */
int sw_check_next(struct sw_check *c, struct sw_pair *p_r,
    struct sw_err *err) SW_MUST_USE;
/* A session that one side alone has, by its place in report->only; valid until
 * the next call for that side or of sw_check_next(), and the end of the pair
 * that came last. */
enum sw_status sw_check_only(struct sw_check *c, enum sw_side side,
    size_t i, const struct sw_session **s_r, struct sw_err *err)
    SW_MUST_USE;
/* Valid as long as the check. */
const struct sw_report *sw_check_report(const struct sw_check *c);
/* What was not analysed of that side's inputs; valid as long as the check.
 * NULL for SW_NO_SIDE. */
const struct sw_account *sw_check_account(const struct sw_check *c,
    enum sw_side side);
void sw_check_free(struct sw_check **c);

struct sw_report_options {
	bool json;      /* else text for people */
	bool color;     /* text: ANSI colours */
	bool no_times;
	size_t context; /* text: rows around one that differs */
	bool html;      /* one HTML page; the check was opened with `whole` */
	const char *tmpdir; /* html: for a temporary file; NULL: /tmp */
};
/*
 * Write all of the report: the pairs from the next one on, which is used up
 * by it.  SW_EWRITE: *errno_r is what write returned, or 0 and err tells of
 * the temporary file.
 */
enum sw_status sw_report_write(struct sw_check *c,
    const struct sw_report_options *o, sw_write_fn write, void *ctx,
    int *errno_r, struct sw_err *err) SW_MUST_USE;

/* --- logs that grow beside an interface ----------------------------------- */

struct sw_watch;

struct sw_watch_options {
	struct sw_options reader; /* how logs are read: format, zone, order
	                             of dates (or inputs, one for each log),
	                             secrets */
	const char *const *logs; /* files that grow; they need not be there */
	size_t log_count;
	const char *wire;   /* what the other side is called */
	unsigned grace_s;   /* a session that one side alone has for so long
	                       is told */
	uint32_t ignore, only; /* as of sw_check_options */
	int64_t max_offset_ns;
	struct sw_report_options report; /* html and tmpdir are not heeded */
	sw_write_fn write;  /* where it is told */
	void *ctx;
};
/* The defaults: a grace of 60 s. */
void sw_watch_options_init(struct sw_watch_options *o);

/*
 * Hold sessions of the wire (right) and of logs (left) against each other as
 * they come.  A difference is told as soon as both sides have the session, as
 * text, or as JSON Lines: {"pair":{},"left":{},"right":{}},
 * {"only":{},"session":{}}, at the end {"left":{}, ... "summary":{}, ...
 * "account":{}}; see smtpwire-transcript(5).  Strings of o are the caller's as
 * long as the watch.  What stands in the logs now is not compared.  Errors:
 * SW_EUSAGE (the format), SW_ENOMEM.
 */
enum sw_status sw_watch_open(const struct sw_watch_options *o,
    struct sw_watch **w_r, struct sw_err *err) SW_MUST_USE;
/* A session of the wire, as sw_reader_next tells it. */
enum sw_status sw_watch_session(struct sw_watch *w,
    const struct sw_session *s, struct sw_err *err) SW_MUST_USE;
/* Read on, compare and tell: to be called once a second or more often, as from
 * sw_observer.step.  SW_EWRITE: see sw_watch_errno. */
enum sw_status sw_watch_step(struct sw_watch *w, struct sw_err *err)
    SW_MUST_USE;
/* No more comes: tell the rest and the summary. */
enum sw_status sw_watch_finish(struct sw_watch *w, struct sw_err *err)
    SW_MUST_USE;
/* What write returned last. */
int sw_watch_errno(const struct sw_watch *w);
/* The next warning about a log that was not yet fetched, or NULL; valid until
 * a call returns NULL, at most as long as the watch. */
const char *sw_watch_warning(struct sw_watch *w);
/* Totals so far: pairs, verdicts, findings, unexplained. */
const struct sw_report *sw_watch_report(const struct sw_watch *w);
/* What was not understood of the logs. */
const struct sw_account *sw_watch_account(const struct sw_watch *w);
/* The wire's account (sw_reader_account) as JSON, in which that of the logs is
 * the last field, "logs"; write and errors as of sw_account_write. */
enum sw_status sw_watch_account_write(const struct sw_watch *w,
    const struct sw_account *wire, sw_write_fn write, void *ctx)
    SW_MUST_USE;
void sw_watch_free(struct sw_watch **w);

/* Names as the JSON form tells them; static, NULL out of range and for
 * SW_NO_SIDE. */
const char *sw_side_name(enum sw_side v);
const char *sw_paired_by_name(enum sw_paired_by v);
const char *sw_undecided_name(enum sw_undecided v);
const char *sw_verdict_name(enum sw_verdict v);
const char *sw_finding_name(enum sw_finding_kind v);
const char *sw_only_reason_name(enum sw_only_reason v);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
