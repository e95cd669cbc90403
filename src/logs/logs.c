/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logs.c - the families of logs, and reading one of them from a source */
#include "logs/logs.h"

#include <stdlib.h>

#include "base/error.h"
#include "logs/families.h"
#include "logs/sessions.h"
#include "logs/strangers.h"

/* Told apart by content, in this order: the first that fits. */
const struct log_format *const log_formats[] = {
	&log_exchange_connector,
	&log_iis_w3c,
	&log_iis_native,
	&log_iis_ncsa,
	&log_iis_odbc,
	&log_postfix,
	&log_postfix_notice,
	&log_sendmail,
	&log_opensmtpd,
	&log_exim,
	&log_sendmail_verbose,
	&log_sendmail_syslog,
	&log_swaks,
	&log_smtplib,
	&log_msmtp,
	&log_curl,
	&log_curl_trace,
	&log_icewarp,
	&log_exchange_ims,
	&log_hmailserver,
	&log_haraka,
	&log_mdaemon,
	&log_mailenable,
	&log_outlook_express,
	&log_smartermail,
	&log_communigate,
	&log_domino,
	&log_netmon_text,
	&log_fetchmail,
	&log_net_smtp,
	&log_mailkit,
	&log_fakesmtp,
	&log_roundcube,
	&log_apple_mail,
	&log_javamail,
	NULL,
};

struct log_reader {
	struct source *source;
	struct log_options options;
	struct account *account;
	struct log_sink counting; /* given to the family */
	struct log_sink sink;     /* the caller's */
	struct log_lines lines;
	struct log_sessions *state; /* of the family */
	size_t peeked;   /* octets fed to lines and not yet consumed */
	uint64_t handed; /* sessions that went to the sink */
	bool input_over, done;
};

const struct log_format *log_format_by_name(const char *name)
{
	size_t i;

	for (i = 0; log_formats[i]; i++)
		if (strcmp(log_formats[i]->name, name) == 0)
			return log_formats[i];
	return NULL;
}

/* *stranger_r, *silent_r: what it is if it is none of these. */
static enum sw_status probe_head(struct slice octets,
    const struct log_format **f_r, const char **stranger_r,
    const char **silent_r)
{
	struct slice head;
	struct buffer b;
	size_t i;

	/* UTF-16 grows by half at most. */
	buffer_init(&b, 2 * octets.len);
	if (!log_lines_head(octets, &b, &head)) {
		buffer_fini(&b);
		return SW_ENOMEM;
	}
	*stranger_r = log_stranger_find(head);
	for (i = 0; log_formats[i] && !*f_r && !*stranger_r; i++)
		if (log_formats[i]->probe(head))
			*f_r = log_formats[i];
	*silent_r = *f_r || *stranger_r ? NULL : log_silent_find(head);
	buffer_fini(&b);
	return SW_OK;
}

enum sw_status log_probe(struct source *s, const struct log_format **f_r,
    struct sw_err *err)
{
	/* What is there first: a growing log shows no 64 KiB for hours. */
	static const struct {
		size_t want, limit;
	} looks[] = {
		{ 1, LIMIT_LOG_PROBE },
		{ LIMIT_LOG_PROBE, LIMIT_LOG_PROBE },
		{ LIMIT_LOG_PROBE_FAR, LIMIT_LOG_PROBE_FAR },
	};
	const char *stranger = NULL, *silent = NULL;
	struct slice octets = { NULL, 0 };
	enum sw_status status = SW_OK;
	size_t i, seen = 0;

	*f_r = NULL;
	for (i = 0; i < 3 && !*f_r && status == SW_OK; i++) {
		status = source_peek(s, looks[i].want, &octets, err);
		octets = slice_head(octets, looks[i].limit);
		if (status == SW_OK && octets.len > seen)
			status = probe_head(octets, f_r, &stranger, &silent);
		seen = octets.len;
		if (status == SW_OK && stranger)
			return base_error_set(err, SW_EFORMAT, "%s: %s, not "
			    "SMTP", source_name(s), stranger);
		if (status == SW_ENOMEM)
			base_error_set(err, status, "%s: out of memory",
			    source_name(s));
	}
	if (status == SW_OK && !*f_r && silent)
		return base_error_set(err, SW_EFORMAT, "%s: %s",
		    source_name(s), silent);
	return status;
}

static enum sw_status count_session(void *ctx, struct session_builder *b)
{
	struct log_reader *l = ctx;

	l->handed++;
	return l->sink.session(l->sink.ctx, b);
}

static struct log_reader *new_reader(struct source *s,
    const struct log_options *options, struct account *account,
    const struct log_sink *sink)
{
	struct log_reader *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->source = s;
	l->options = *options;
	if (!l->options.session.account)
		l->options.session.account = account;
	if (source_modified(s) != 0)
		l->options.modified_s = source_modified(s);
	l->account = account;
	l->sink = *sink;
	l->counting.ctx = l;
	l->counting.session = count_session;
	log_lines_init(&l->lines);
	return l;
}

enum sw_status log_open(struct source *s, const struct log_format *format,
    const struct log_options *options, struct account *account,
    const struct log_sink *sink, struct log_reader **l_r,
    struct sw_err *err)
{
	enum sw_status status = SW_OK;
	struct log_reader *l;

	*l_r = NULL;
	if (!format)
		status = log_probe(s, &format, err);
	if (status != SW_OK)
		return status;
	if (!format)
		return base_error_set(err, SW_EFORMAT,
		    "%s: of no known log format", source_name(s));
	l = new_reader(s, options, account, sink);
	if (!l)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	status = log_state_new(format, &l->options, source_name(s), account,
	    &l->counting, &l->state);
	if (status != SW_OK) {
		log_free(&l);
		return base_error_set(err, status, "out of memory");
	}
	*l_r = l;
	return SW_OK;
}

static enum sw_status take_line(struct log_reader *l,
    const struct log_line *line)
{
	enum sw_status status;

	account_add(l->account, ACCOUNT_LINES, 1);
	if (line->truncated)
		account_add(l->account, ACCOUNT_LIMIT_LINE, 1);
	status = l->state->format->line(l->state, line);
	return status == SW_OK ? log_sessions_line_done(l->state) : status;
}

/* More octets for the lines; none: the input is over. */
static enum sw_status feed(struct log_reader *l, struct sw_err *err)
{
	enum sw_status status;
	struct slice octets = { NULL, 0 };

	status = source_skip(l->source, l->peeked, err);
	l->peeked = 0;
	if (status == SW_OK)
		status = source_peek(l->source, 1, &octets, err);
	if (status != SW_OK) {
		l->input_over = true; /* what was read is told */
		return status;
	}
	l->input_over = octets.len == 0;
	l->peeked = octets.len;
	log_lines_feed(&l->lines, octets);
	return SW_OK;
}

/* The source is over; sessions may go on in the next. */
static enum sw_status finish(struct log_reader *l)
{
	struct log_line line;
	int n = log_lines_end(&l->lines, &line);

	l->done = true;
	if (n < 0)
		return SW_ENOMEM;
	return n > 0 ? take_line(l, &line) : SW_OK;
}

static int fail(struct log_reader *l, enum sw_status status,
    struct sw_err *err)
{
	if (status == SW_ENOMEM)
		base_error_set(err, status, "%s: out of memory",
		    source_name(l->source));
	return status;
}

int log_step(struct log_reader *l, struct sw_err *err)
{
	uint64_t handed = l->handed;
	enum sw_status status = SW_OK;

	while (!l->done && l->handed == handed && status == SW_OK) {
		struct log_line line;
		int n = log_lines_next(&l->lines, &line);

		if (n < 0)
			status = SW_ENOMEM;
		else if (n > 0)
			status = take_line(l, &line);
		else if (l->input_over)
			status = finish(l);
		else
			status = feed(l, err);
	}
	if (status != SW_OK)
		return fail(l, status, err);
	return !l->done;
}

bool log_goes_on(const struct log_reader *l,
    const struct log_format *format)
{
	return l->state->format == format && format->goes_on;
}

enum sw_status log_continue(struct log_reader *l, struct source *s)
{
	l->source = s;
	l->peeked = 0;
	l->input_over = l->done = false;
	log_lines_next_file(&l->lines);
	return log_state_next_file(l->state, source_name(s), l->lines.base);
}

enum sw_status log_end(struct log_reader *l)
{
	return log_state_end(l->state);
}

enum sw_status log_feed(struct log_reader *l, struct slice octets,
    int64_t now_ns, int64_t modified_s)
{
	enum sw_status status = SW_OK;
	struct log_line line;
	int n = 0;

	l->options.modified_s = modified_s;
	l->state->now_ns = now_ns;
	log_lines_feed(&l->lines, octets);
	while (status == SW_OK && (n = log_lines_next(&l->lines, &line)) > 0)
		status = take_line(l, &line);
	return n < 0 ? SW_ENOMEM : status;
}

enum sw_status log_feed_end(struct log_reader *l)
{
	return finish(l);
}

uint64_t log_line_count(const struct log_reader *l)
{
	return l->lines.number;
}

enum sw_status log_end_silent(struct log_reader *l, int64_t over_ns,
    int64_t open_ns)
{
	return log_sessions_end_silent(l->state, over_ns, open_ns);
}

void log_free(struct log_reader **lp)
{
	struct log_reader *l = *lp;

	if (!l)
		return;
	*lp = NULL;
	log_state_free(&l->state);
	log_lines_fini(&l->lines);
	free(l);
}
