/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input.c - files of any kind to sessions */
#include "pipeline/input_internal.h"

#include <stdlib.h>

#include "base/members.h"
#include "capture/capture.h"
#include "logs/odbc.h"
#include "pipeline/ids.h"
#include "pipeline/saved.h"

/* A log that is still to be read, or transcripts. */
struct log_input {
	struct source_place place;
	struct source *source; /* NULL: to be opened again */
	const struct log_format *format; /* NULL: transcripts */
	struct input_how how;
	uint64_t size;
};

/* What a log may lack that was asked for. */
enum lack { LACK_CONTENT, LACK_FRAMES, LACK_DATES, LACK_COUNT };

struct inputs {
	struct wire *wire;
	bool wire_ended;
	struct log_options log_options;
	const char *tmpdir;
	int stop_fd; /* of source_open_until */
	struct account *account;
	size_t count; /* added */

	struct log_input *logs;
	size_t log_count, log_capacity, log_next;
	struct source *log_source;
	struct log_reader *log;
	struct input_how log_how;
	struct saved *saved; /* or transcripts that are read back */
	bool keeps_frames;   /* those of captures are kept */
	char *said[LACK_COUNT]; /* of which file that was said last, or NULL */
	bool log_reading; /* log_source is not at its end */
	uint64_t logs_done;
	struct id_set ids; /* of sessions of logs */
	struct session_spares spares;

	struct session_builder **ready; /* of logs, from ready_next on */
	size_t ready_count, ready_capacity, ready_next;
	struct session_builder *told; /* the one that was told last */
	struct session_gate gate;

	void (*step)(void *ctx);
	void *step_ctx;
};

enum sw_status inputs_new(const struct wire_options *options,
    const char *tmpdir, struct account *account, struct inputs **in_r,
    struct sw_err *err)
{
	struct inputs *in = calloc(1, sizeof(*in));
	enum sw_status status;

	*in_r = NULL;
	if (!in)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	in->tmpdir = tmpdir;
	in->spares.most = SIZE_MAX; /* logs: SESSION_SPARES_MAX suffices */
	in->account = account;
	in->gate = options->gate;
	in->keeps_frames = options->keeper != NULL;
	in->log_options.session = options->session;
	in->log_options.session.account = account;
	in->log_options.session.spares = &in->spares;
	in->log_options.attempts = options->attempts;
	status = wire_new(options, account, &in->wire, err);
	if (status != SW_OK) {
		inputs_free(&in);
		return status;
	}
	*in_r = in;
	return SW_OK;
}

static void log_close(struct inputs *in)
{
	log_free(&in->log);
	source_free(&in->log_source);
	saved_free(&in->saved);
	in->log_reading = false;
}

void inputs_free(struct inputs **ip)
{
	struct inputs *in = *ip;
	size_t i;

	if (!in)
		return;
	*ip = NULL;
	log_close(in);
	for (i = 0; i < in->log_count; i++) {
		source_place_fini(&in->logs[i].place);
		source_free(&in->logs[i].source);
	}
	session_builder_free(&in->told);
	for (i = in->ready_next; i < in->ready_count; i++)
		session_builder_free(&in->ready[i]);
	for (i = 0; i < LACK_COUNT; i++)
		free(in->said[i]);
	free(in->logs);
	free(in->ready);
	pipeline_ids_fini(&in->ids);
	session_spares_fini(&in->spares);
	wire_free(&in->wire);
	free(in);
}

static enum sw_status add_log(struct inputs *in, struct source **s,
    const struct log_format *format, const struct input_how *how, bool only,
    struct sw_err *err)
{
	void *logs = in->logs;
	struct log_input *l;

	if (!base_grow(&logs, in->log_count, &in->log_capacity, sizeof(*l)))
		return base_error_set(err, SW_ENOMEM, "out of memory");
	in->logs = logs;
	l = &in->logs[in->log_count];
	if (source_place_init(&l->place, *s) != SW_OK) {
		source_place_fini(&l->place);
		return base_error_set(err, SW_ENOMEM, "out of memory");
	}
	l->format = format;
	l->how = *how;
	l->size = source_size(*s);
	l->source = *s;
	*s = NULL;
	in->log_count++;
	if (!only && source_has_place(l->source))
		source_free(&l->source);
	return SW_OK;
}

static enum sw_status check_how(const struct input_how *how,
    struct sw_err *err)
{
	if (how->date_order >= LOG_DATE_ORDER_COUNT)
		return base_error_set(err, SW_EUSAGE,
		    "%u: no such order of dates", how->date_order);
	if (how->format && !log_format_by_name(how->format))
		return base_error_set(err, SW_EUSAGE,
		    "%s: no such log format", how->format);
	return SW_OK;
}

enum sw_status input_find_kind(struct source *s, const struct input_how *how,
    struct input_kind *kind_r, struct sw_err *err)
{
	const struct capture_format *capture = NULL;
	enum sw_status status = capture_probe(s, &capture, err);
	struct slice head;
	bool saved = false;

	kind_r->capture = capture != NULL;
	kind_r->log = NULL;
	if (status == SW_OK && !capture)
		status = saved_probe(s, &saved, err);
	if (status != SW_OK || capture || saved)
		return status;
	if (how->format)
		kind_r->log = log_format_by_name(how->format);
	else
		status = log_probe(s, &kind_r->log, err);
	if (status != SW_OK || kind_r->log)
		return status;
	status = source_peek(s, 1, &head, err);
	if (status == SW_OK) /* more of it might have been known */
		status = source_failure(s, err);
	if (status != SW_OK)
		return status;
	if (head.len == 0)
		return base_error_set(err, SW_EFORMAT, "%s: is empty",
		    source_name(s));
	return base_error_set(err, SW_EFORMAT, "%s: neither a capture nor a "
	    "log of a known format (see smtpwire formats)", source_name(s));
}

enum sw_status input_add_kind(struct inputs *in, struct source **s,
    const struct input_kind *kind, const struct input_how *how, bool only,
    struct sw_err *err)
{
	enum sw_status status = kind->capture ? wire_add(in->wire, s,
	    !only && source_has_place(*s), how->tz_known, how->tz_offset_s,
	    err) : add_log(in, s, kind->log, how, only, err);

	in->count += status == SW_OK;
	return status;
}

static enum sw_status add_source(struct inputs *in, struct source **s,
    const struct input_how *how, bool only, struct sw_err *err)
{
	struct input_kind kind;
	const char *archive;
	enum sw_status status = members_probe(*s, &archive, err);

	if (status == SW_OK && archive)
		return input_add_archive(in, *s, archive, how, in->tmpdir,
		    in->account, err);
	if (status == SW_OK)
		status = input_find_kind(*s, how, &kind, err);
	return status == SW_OK ?
	    input_add_kind(in, s, &kind, how, only, err) : status;
}

enum sw_status inputs_add(struct inputs *in, const char *name,
    const struct input_how *how, bool only, struct sw_err *err)
{
	struct source *s = NULL;
	enum sw_status status = check_how(how, err);

	if (status != SW_OK)
		return status;
	if (log_odbc_is_name(name)) {
		struct input_kind kind = { false,
			log_format_by_name("iis-odbc") };

		status = log_odbc_open(name, in->tmpdir, &s, err);
		if (status == SW_OK)
			status = input_add_kind(in, &s, &kind, how, true,
			    err);
	} else {
		status = source_open_until(name, in->tmpdir, in->stop_fd, &s,
		    err);
		if (status == SW_OK)
			status = add_source(in, &s, how, only, err);
	}
	source_free(&s);
	return status;
}

size_t inputs_count(const struct inputs *in)
{
	return in->count;
}

enum sw_status inputs_add_live(struct inputs *in, struct capture **c,
    const char *name)
{
	return wire_add_live(in->wire, c, name);
}

void inputs_account(const struct inputs *in, struct account *sum)
{
	wire_account(in->wire, sum);
}

/* --- logs ----------------------------------------------------------------- */

/* A finished session, to be told. */
static enum sw_status add_ready(struct inputs *in,
    struct session_builder *b)
{
	void *ready = in->ready;

	account_add(in->account, ACCOUNT_SESSIONS, 1);
	if (in->ready_next == in->ready_count)
		in->ready_next = in->ready_count = 0;
	if (session_failed(b) || !base_grow(&ready, in->ready_count,
	    &in->ready_capacity, sizeof(*in->ready))) {
		session_builder_free(&b);
		return SW_ENOMEM;
	}
	in->ready = ready;
	in->ready[in->ready_count++] = b;
	return SW_OK;
}

static enum sw_status on_session(void *ctx, struct session_builder *b)
{
	struct inputs *in = ctx;
	struct sw_session *s = session_get(b);

	pipeline_ids_fetch(&in->ids, s->id);
	session_finish(b);
	if (pipeline_ids_give(&in->ids, s->id, &s->id) != SW_OK) {
		session_builder_free(&b);
		return SW_ENOMEM;
	}
	return add_ready(in, b);
}

static bool is_same_how(const struct input_how *a, const struct input_how *b)
{
	return a->tz_known == b->tz_known &&
	    a->tz_offset_s == b->tz_offset_s &&
	    a->date_order == b->date_order;
}

/* The log is over: what is open in it has no further file. */
static enum sw_status end_log(struct inputs *in)
{
	enum sw_status status = log_end(in->log);

	log_close(in);
	return status;
}

/* Read l as the next file of the log that is open, or as a log of its own. */
static enum sw_status open_next(struct inputs *in, struct log_input *l,
    struct source *s, struct sw_err *err)
{
	struct log_sink sink = { in, on_session };
	struct source *before = in->log_source;
	enum sw_status status;

	in->log_source = s;
	if (!l->format)
		return saved_open(s, &in->log_options.session, in->account,
		    &in->saved, err);
	if (in->log) {
		status = log_continue(in->log, s);
		source_free(&before);
		return status;
	}
	in->log_how = l->how;
	in->log_options.tz_known = l->how.tz_known;
	in->log_options.tz_offset_s = l->how.tz_offset_s;
	in->log_options.date_order = (enum log_date_order)l->how.date_order;
	return log_open(s, l->format, &in->log_options, in->account, &sink,
	    &in->log, err);
}

/* 1: a log is open; 0: none is left. */
static int next_log(struct inputs *in, struct sw_err *err)
{
	struct log_input *l = in->log_next < in->log_count ?
	    &in->logs[in->log_next] : NULL;
	enum sw_status status = SW_OK;
	struct source *s;

	if (in->saved)
		log_close(in);
	if (in->log && !(l && l->format &&
	    is_same_how(&in->log_how, &l->how) &&
	    log_goes_on(in->log, l->format))) {
		status = end_log(in);
		return status == SW_OK ? 1 : (int)status;
	}
	if (!l)
		return 0;
	in->log_next++;
	s = l->source;
	l->source = NULL;
	if (!s)
		status = source_open_place(&l->place, &s, err);
	if (status != SW_OK)
		return (int)status; /* the log goes on in the one behind */
	status = open_next(in, l, s, err);
	if (status == SW_OK)
		in->log_reading = true;
	else
		log_close(in);
	return status == SW_OK ? 1 : (int)status;
}

/* As log_step. */
static int step_saved(struct inputs *in, struct sw_err *err)
{
	struct session_builder *b;
	int got = saved_next(in->saved, &b, err);

	if (got > 0 && add_ready(in, b) != SW_OK)
		return (int)base_error_set(err, SW_ENOMEM, "out of memory");
	return got;
}

/* 1: go on; 0: the end of all logs. */
static int step_logs(struct inputs *in, struct sw_err *err)
{
	int got;

	if (!in->log_reading)
		return next_log(in, err);
	got = in->saved ? step_saved(in, err) : log_step(in->log, err);
	if (got == 0) {
		in->logs_done += in->logs[in->log_next - 1].size;
		in->log_reading = false;
	}
	return got < 0 ? got : 1;
}

/* Of a saved transcript content is never there. */
static bool lacks_content(const struct sw_session *s, bool saved)
{
	bool none = saved || (s->records & SW_BIT(SW_RECORDS_BODY)) == 0;

	for (size_t i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind == SW_EVENT_DATA && e->u.data.message != 0 &&
		    (none || e->u.data.size == SW_UNKNOWN))
			return true;
	}
	return false;
}

/* The log, or the transcripts, that s is of. */
static struct slice log_name(const struct inputs *in,
    const struct sw_session *s)
{
	return slice_head(in->saved ? slice_str(source_name(in->log_source)) :
	    slice_make(s->source.name.data, s->source.name.len), 4096);
}

/* What its log does not hold, though it was asked for: once a file. */
static void say(struct inputs *in, const struct sw_session *s,
    enum lack lack)
{
	static const char *const texts[] = {
		[LACK_CONTENT] = ": holds messages without their content, "
		    "which are not written",
		[LACK_FRAMES] = ": holds sessions without their frames, "
		    "which are not written",
		[LACK_DATES] = ": holds sessions without a date, which are "
		    "not selected by time"
	};
	struct slice name = log_name(in, s);
	char **said = &in->said[lack];
	struct buffer b;

	_Static_assert(sizeof(texts) / sizeof(texts[0]) == LACK_COUNT,
	    "each has its text");
	if (!name.p || (*said && slice_eq(slice_str(*said), name)))
		return;
	free(*said);
	*said = strndup((const char *)name.p, name.len);
	buffer_init(&b, 8192);
	buffer_append_slice(&b, name);
	buffer_append_str(&b, texts[lack]);
	account_note_buffer(in->account, ACCOUNT_LIST_WARNINGS, &b);
	buffer_fini(&b);
}

/* Of a session that is told. */
static void say_lacking(struct inputs *in, const struct sw_session *s)
{
	if (in->log_options.session.body_ops &&
	    lacks_content(s, in->saved != NULL))
		say(in, s, LACK_CONTENT);
	if (in->keeps_frames)
		say(in, s, LACK_FRAMES);
}

/* Of one that is not selected. */
static void say_undated(struct inputs *in, const struct sw_session *s)
{
	if (in->gate.by_time &&
	    (s->start == SW_NO_TIME || s->clock.date == SW_DATE_NONE))
		say(in, s, LACK_DATES);
}

/* As wire_take, of logs. */
static int take_of_log(struct inputs *in, const struct sw_session **s_r,
    struct sw_err *err)
{
	while (in->ready_next < in->ready_count) {
		const struct session_gate *gate = &in->gate;
		const struct sw_session *s;
		enum sw_status status;
		bool keep;

		session_builder_free(&in->told);
		in->told = in->ready[in->ready_next++];
		s = session_get(in->told);
		keep = !gate->keep || gate->keep(gate->ctx, s);
		status = session_settle(in->told, keep, err);
		if (status != SW_OK)
			return (int)status;
		if (keep) {
			say_lacking(in, s);
			*s_r = s;
			return 1;
		}
		say_undated(in, s);
		account_add(in->account, ACCOUNT_SESSIONS_FILTERED, 1);
	}
	return 0;
}

static int take_ready(struct inputs *in, const struct sw_session **s_r,
    struct sw_err *err)
{
	struct wire_finished f;
	int got = wire_take(in->wire, &f, err);

	if (got == 0)
		return take_of_log(in, s_r, err);
	*s_r = got > 0 ? f.session : NULL;
	return got;
}

int inputs_next(struct inputs *in, const struct sw_session **s_r,
    struct sw_err *err)
{
	for (;;) {
		int got = take_ready(in, s_r, err);

		if (got != 0)
			return got;
		if (!in->wire_ended) {
			got = wire_step(in->wire, err);
			if (got == 0)
				in->wire_ended = true;
		} else {
			got = step_logs(in, err);
			if (got == 0)
				return take_ready(in, s_r, err);
		}
		if (got < 0)
			return got;
		if (in->step)
			in->step(in->step_ctx);
	}
}

void inputs_progress(const struct inputs *in, uint64_t *done_r,
    uint64_t *total_r)
{
	uint64_t done = 0, size = 0;
	size_t i;

	wire_progress(in->wire, done_r, total_r);
	if (in->log_reading)
		done = source_position(in->log_source, &size);
	*done_r += in->logs_done + done;
	for (i = 0; i < in->log_count; i++)
		*total_r += in->logs[i].size;
}

void inputs_on_step(struct inputs *in, void (*step)(void *ctx), void *ctx)
{
	in->step = step;
	in->step_ctx = ctx;
}

void inputs_stop_by(struct inputs *in, int fd)
{
	in->stop_fd = fd;
}
