/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.c - logs that grow, beside what comes from an interface
 *
 * Theory of operation.  Each step reads the logs as far as they have come and
 * hands their sessions to a window (window.h), where those of the wire are put
 * as they end.  What the window finds is written at once.
 *
 * A log need not tell of a session's end.  One whose QUIT was answered is over
 * when nothing came for OVER_NS; one that is merely silent only when a session
 * of the wire is about to be told as one that the log does not have.
 *
 * What stood in a log before, or began before by the times that it bears, may
 * lack on the wire.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/reader.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "check/window.h"
#include "emit/emit.h"
#include "emit/json.h"
#include "emit/report.h"
#include "logs/follow.h"
#include "pipeline/ids.h"

#define OVER_NS (2 * NS_PER_S)
/* For how long who writes a log may keep its lines. */
#define DELAY_NS (2 * NS_PER_S)
/* Of the time a step takes so many times as much is left for frames. */
#define RESTS 9
/* A longer grace is none: 68 years, of which a multiple is still a time. */
#define GRACE_MAX_S (UINT32_MAX / 2)

struct watched {
	struct sw_watch *watch;
	struct log_follow *follow;
};

struct sw_watch {
	struct sw_watch_options options;
	struct sw_account account;
	struct window *window;
	struct watched *logs;
	struct id_set ids;
	int64_t opened_ns;
	int64_t rest_ns; /* until then nothing is matched: it would take most
	                    of the time */
	struct buffer buffer;
	struct report_options emit;
	struct sw_report report;
	int error; /* of write */
	struct sw_err err; /* what a function of the window met */
	char **warnings;
	size_t warning_count, warning_capacity, warning_next;
};

static int64_t now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void sw_watch_options_init(struct sw_watch_options *o)
{
	memset(o, 0, sizeof(*o));
	sw_options_init(&o->reader);
	o->grace_s = 60;
}

/* --- what is told --------------------------------------------------------- */

static enum sw_status flush(struct sw_watch *w)
{
	bool ok = !w->buffer.failed && !w->buffer.full;

	if (!ok)
		return base_error_set(&w->err, SW_ENOMEM, "out of memory");
	if (w->buffer.len > 0)
		w->error = w->options.write(w->options.ctx, w->buffer.p,
		    w->buffer.len);
	buffer_clear(&w->buffer);
	return w->error == 0 ? SW_OK : base_error_set(&w->err, SW_EWRITE,
	    "cannot write");
}

/* One session as an object. */
static void put_session(struct sw_watch *w, const struct sw_session *s)
{
	const struct emit_options o = { .no_times = w->emit.no_times };

	if (emit_jsonl(&w->buffer, s, &o))
		w->buffer.len--; /* the line goes on */
}

static void put_pair(struct sw_watch *w, const struct sw_pair *p, bool late)
{
	struct buffer *b = &w->buffer;

	w->emit.number++;
	if (!w->options.report.json) {
		if (late)
			(void)buffer_append_str(b, "late: one side told it "
			    "after the other was waited for\n");
		(void)report_text_pair(b, p, &w->emit);
		return;
	}
	JSON_LITERAL(b, "{\"pair\":");
	(void)report_json_pair_object(b, p);
	(void)buffer_append_str(b, late ? ",\"late\":true" :
	    ",\"late\":false");
	JSON_LITERAL(b, ",\"left\":");
	put_session(w, p->left);
	JSON_LITERAL(b, ",\"right\":");
	put_session(w, p->right);
	JSON_LITERAL(b, "}\n");
}

static enum sw_status on_pair(void *ctx, const struct sw_pair *p,
    unsigned late)
{
	struct sw_watch *w = ctx;
	struct sw_report *r = &w->report;
	size_t i;

	for (i = 0; i < 2; i++) {
		r->only_count[i] -= late >> i & 1;
		r->unexplained -= late >> i & 1;
	}
	r->pairs++;
	r->verdicts[p->verdict]++;
	for (i = 0; i < p->finding_count; i++)
		r->findings[p->findings[i].kind]++;
	if (p->verdict == SW_AGREES && p->finding_count == 0 && !late)
		return SW_OK;
	put_pair(w, p, late != 0);
	return flush(w);
}

static enum sw_status on_alone(void *ctx, enum sw_side side,
    const struct sw_session *s)
{
	struct sw_watch *w = ctx;
	struct buffer *b = &w->buffer;
	char id[17];

	w->report.only_count[side]++;
	w->report.unexplained++;
	if (!w->options.report.json) {
		(void)report_text_only(b, s, side, SW_UNEXPLAINED,
		    &w->emit);
		return flush(w);
	}
	(void)snprintf(id, sizeof(id), "%016llx", (unsigned long long)s->id);
	JSON_LITERAL(b, "{\"only\":{\"side\":");
	json_name(b, sw_side_name(side));
	JSON_LITERAL(b, ",\"id\":");
	json_name(b, id);
	JSON_LITERAL(b, ",\"reason\":");
	json_name(b, sw_only_reason_name(SW_UNEXPLAINED));
	JSON_LITERAL(b, "},\"session\":");
	put_session(w, s);
	JSON_LITERAL(b, "}\n");
	return flush(w);
}

/* --- the sides ------------------------------------------------------------ */

/* ns that it took, as far as its times tell. */
static int64_t length_of(const struct sw_session *s)
{
	if (s->start == SW_NO_TIME || s->end == SW_NO_TIME ||
	    s->end < s->start)
		return 0;
	return s->end - s->start;
}

/* The same for logs: its last lines came just now. */
static bool began_before(const struct sw_watch *w, const struct sw_session *s,
    int64_t at)
{
	return clock_add(at, -length_of(s)) <
	    clock_add(w->opened_ns, DELAY_NS);
}

static enum sw_status on_log_session(void *ctx, struct session_builder *b)
{
	const struct watched *l = ctx;
	struct sw_watch *w = l->watch;
	struct sw_session *s = session_get(b);
	enum sw_status status = SW_OK;
	int64_t at = now();

	if (!log_follow_is_old(l->follow, s->source.last)) {
		session_finish(b);
		status = session_failed(b) ? SW_ENOMEM :
		    pipeline_ids_give(&w->ids, s->id, &s->id);
		if (status == SW_OK)
			status = window_add(w->window, SW_LEFT, s,
			    log_follow_is_old(l->follow, s->source.first) ||
			    began_before(w, s, at), at);
		account_add(&w->account.a, ACCOUNT_SESSIONS, 1);
	}
	session_builder_free(&b);
	return status;
}

static bool has_start(const struct sw_session *s)
{
	size_t i;

	for (i = 0; i < s->note_count; i++)
		if (s->notes[i].code == SW_NOTE_NO_START)
			return false;
	return true;
}

enum sw_status sw_watch_session(struct sw_watch *w,
    const struct sw_session *s, struct sw_err *err)
{
	if (window_add(w->window, SW_RIGHT, s, !has_start(s), now()) !=
	    SW_OK)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	return SW_OK;
}

static enum sw_status warn(struct sw_watch *w, const char *text)
{
	void *warnings = w->warnings;
	char *copy = strdup(text);

	if (!copy || !base_grow(&warnings, w->warning_count,
	    &w->warning_capacity, sizeof(*w->warnings))) {
		free(copy);
		return SW_ENOMEM;
	}
	w->warnings = warnings;
	w->warnings[w->warning_count++] = copy;
	return SW_OK;
}

/* Those that were fetched are freed together: a run of months may have
 * many. */
const char *sw_watch_warning(struct sw_watch *w)
{
	if (w->warning_next < w->warning_count)
		return w->warnings[w->warning_next++];
	while (w->warning_count > 0)
		free(w->warnings[--w->warning_count]);
	w->warning_next = 0;
	return NULL;
}

/* Read a log on; *behind_r: it has more. */
static enum sw_status read_log(struct sw_watch *w, struct watched *l,
    int64_t at, bool *behind_r)
{
	int got = log_follow_step(l->follow, at, &w->err);

	if (got == SW_EREAD || got == SW_EFORMAT)
		return warn(w, w->err.text);
	if (got < 0)
		return (enum sw_status)got;
	*behind_r = *behind_r || !log_follow_is_up(l->follow);
	return SW_OK;
}

static enum sw_status read_logs(struct sw_watch *w, int64_t at,
    bool *behind_r)
{
	bool overdue = window_has_overdue(w->window, SW_RIGHT, at);
	int64_t open_ns = overdue ? clock_add(at,
	    -(int64_t)w->options.grace_s * NS_PER_S) : INT64_MIN;
	enum sw_status status = SW_OK;
	size_t i;

	*behind_r = false;
	for (i = 0; i < w->options.log_count && status == SW_OK; i++) {
		struct watched *l = &w->logs[i];

		status = read_log(w, l, at, behind_r);
		if (status == SW_OK && !*behind_r)
			status = log_follow_end_silent(l->follow,
			    clock_add(at, -OVER_NS), open_ns);
	}
	return status;
}

/* err is told in the caller's. */
static enum sw_status tell_error(const struct sw_watch *w,
    enum sw_status status, struct sw_err *err)
{
	if (status == SW_ENOMEM)
		return base_error_set(err, status, "out of memory");
	if (status != SW_OK && err)
		*err = w->err;
	return status;
}

enum sw_status sw_watch_step(struct sw_watch *w, struct sw_err *err)
{
	int64_t at = now();
	bool behind;
	enum sw_status status = read_logs(w, at, &behind);

	if (status == SW_OK && at >= w->rest_ns) {
		status = window_step(w->window, at, false, behind);
		w->rest_ns = now() + RESTS * (now() - at);
	}
	return tell_error(w, status, err);
}

/* --- the end -------------------------------------------------------------- */

static void describe(struct sw_watch *w)
{
	struct sw_report *r = &w->report;
	const struct matching *m = window_matching(w->window);
	struct window_counts c;

	window_counts(w->window, &c);
	r->side[SW_LEFT].sessions = c.sessions[SW_LEFT];
	r->side[SW_RIGHT].sessions = c.sessions[SW_RIGHT];
	r->clock = m->clock;
	r->clock_count = m->clock_count;
}

static void put_count(struct buffer *b, const char *what,
    const uint64_t counts[2], bool json)
{
	if (!json && counts[0] + counts[1] == 0)
		return;
	(void)buffer_append_str(b, json ? ",\"" : "");
	(void)buffer_append_str(b, what);
	(void)buffer_append_str(b, json ? "\":[" : ": ");
	(void)buffer_append_u64(b, counts[0]);
	(void)buffer_append_str(b, json ? "," : " left, ");
	(void)buffer_append_u64(b, counts[1]);
	(void)buffer_append_str(b, json ? "]" : " right\n");
}

static enum sw_status put_summary(struct sw_watch *w)
{
	struct buffer *b = &w->buffer;
	bool json = w->options.report.json;
	struct window_counts c;

	window_counts(w->window, &c);
	if (json) {
		JSON_LITERAL(b, "{");
		(void)report_json_about(b, &w->report);
		JSON_LITERAL(b, ",");
		(void)report_json_summary(b, &w->report);
	} else {
		(void)report_text_summary(b, &w->report, &w->emit);
		/* its empty line stands behind what follows */
		b->len -= b->len > 0;
	}
	put_count(b, json ? "waiting" : "without the other side at the end",
	    c.waiting, json);
	put_count(b, json ? "early" : "perhaps begun before this run",
	    c.early, json);
	put_count(b, json ? "other" : "not of a kind that the other side "
	    "records", c.other, json);
	put_count(b, json ? "given_up" : "given up at a limit", c.given_up,
	    json);
	if (json) {
		JSON_LITERAL(b, ",\"account\":");
		account_json(b, &w->account.a, NULL);
		JSON_LITERAL(b, "}");
	}
	(void)buffer_append_str(b, "\n");
	return flush(w);
}

static enum sw_status end_log(struct sw_watch *w, struct log_follow *f)
{
	enum sw_status status = SW_OK;

	if (log_follow_unknown(f, &w->err) != 0)
		status = warn(w, w->err.text);
	return status == SW_OK ? log_follow_end(f) : status;
}

static enum sw_status end_logs(struct sw_watch *w)
{
	enum sw_status status = SW_OK;
	bool behind = true;
	size_t i;

	while (behind && status == SW_OK)
		status = read_logs(w, now(), &behind);
	for (i = 0; i < w->options.log_count && status == SW_OK; i++)
		status = end_log(w, w->logs[i].follow);
	return status;
}

enum sw_status sw_watch_finish(struct sw_watch *w, struct sw_err *err)
{
	enum sw_status status = end_logs(w);

	if (status == SW_OK)
		status = window_step(w->window, now(), true, false);
	describe(w);
	if (status == SW_OK)
		status = put_summary(w);
	return tell_error(w, status, err);
}

int sw_watch_errno(const struct sw_watch *w)
{
	return w->error;
}

const struct sw_report *sw_watch_report(const struct sw_watch *w)
{
	return &w->report;
}

const struct sw_account *sw_watch_account(const struct sw_watch *w)
{
	return &w->account;
}

/* --- opening -------------------------------------------------------------- */

static enum sw_status open_window(struct sw_watch *w)
{
	const struct sw_watch_options *from = &w->options;
	struct window_options o = { .settle_ns = OVER_NS,
		.grace_ns = (int64_t)(from->grace_s < GRACE_MAX_S ?
		    from->grace_s : GRACE_MAX_S) * NS_PER_S,
		.max_offset_ns = from->max_offset_ns,
		.ignore = from->ignore, .only = from->only,
		.ctx = w, .pair = on_pair, .alone = on_alone };

	w->window = window_new(&o);
	return w->window ? SW_OK : SW_ENOMEM;
}

/* How the log is read. */
static struct sw_input_options input_of(const struct sw_options *o, size_t i)
{
	if (o->inputs)
		return o->inputs[i];
	return (struct sw_input_options){ o->format, o->tz_known,
		o->tz_offset_s, o->date_order };
}

static enum sw_status open_log(struct sw_watch *w, size_t i,
    struct sw_err *err)
{
	const struct sw_options *from = &w->options.reader;
	const struct sw_input_options in = input_of(from, i);
	struct log_options o = { .tz_known = in.tz_known,
		.tz_offset_s = in.tz_offset_s,
		.date_order = (enum log_date_order)in.date_order };
	struct watched *l = &w->logs[i];
	struct log_sink sink = { l, on_log_session };
	const struct log_format *format = NULL;

	if (in.format && !(format = log_format_by_name(in.format)))
		return base_error_set(err, SW_EUSAGE, "%s: no such log "
		    "format", in.format);
	o.session.show_secrets = from->show_secrets;
	o.session.hash = !from->no_hash;
	o.session.account = &w->account.a;
	l->watch = w;
	l->follow = log_follow_new(w->options.logs[i], format, &o,
	    &w->account.a, &sink);
	return l->follow ? SW_OK : base_error_set(err, SW_ENOMEM,
	    "out of memory");
}

static enum sw_status open_logs(struct sw_watch *w, struct sw_err *err)
{
	enum sw_status status = SW_OK;
	size_t i;

	w->logs = calloc(w->options.log_count + 1, sizeof(*w->logs));
	if (!w->logs)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	for (i = 0; i < w->options.log_count && status == SW_OK; i++)
		status = open_log(w, i, err);
	return status;
}

static void init_report(struct sw_watch *w)
{
	struct sw_report *r = &w->report;

	r->side[SW_LEFT].files = w->options.logs;
	r->side[SW_LEFT].file_count = w->options.log_count;
	r->side[SW_LEFT].kind = "log";
	r->side[SW_RIGHT].files = &w->options.wire;
	r->side[SW_RIGHT].file_count = w->options.wire != NULL;
	r->side[SW_RIGHT].kind = "wire";
	w->emit.color = w->options.report.color;
	w->emit.no_times = w->options.report.no_times;
	w->emit.context = w->options.report.context;
	w->emit.grace_s = w->options.grace_s;
}

enum sw_status sw_watch_open(const struct sw_watch_options *o,
    struct sw_watch **w_r, struct sw_err *err)
{
	struct sw_watch *w = calloc(1, sizeof(*w));
	enum sw_status status;

	*w_r = NULL;
	if (!w)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	w->options = *o;
	w->opened_ns = now();
	account_init(&w->account.a);
	buffer_init(&w->buffer, SIZE_MAX / 2);
	init_report(w);
	status = open_window(w) == SW_OK ? open_logs(w, err) :
	    base_error_set(err, SW_ENOMEM, "out of memory");
	if (status != SW_OK)
		sw_watch_free(&w);
	*w_r = w;
	return status;
}

void sw_watch_free(struct sw_watch **wp)
{
	struct sw_watch *w = *wp;
	size_t i;

	if (!w)
		return;
	*wp = NULL;
	for (i = 0; w->logs && i < w->options.log_count; i++)
		log_follow_free(&w->logs[i].follow);
	free(w->logs);
	window_free(&w->window);
	pipeline_ids_fini(&w->ids);
	for (i = 0; i < w->warning_count; i++)
		free(w->warnings[i]);
	free(w->warnings);
	buffer_fini(&w->buffer);
	account_fini(&w->account.a);
	free(w);
}
