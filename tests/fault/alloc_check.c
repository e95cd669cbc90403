/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alloc_check.c - memory that runs out while two records are compared
 */
#include <smtpwire/report.h>

#include "fault/failing.h"

#define LEFT "pcaps/investigation/client.pcap"
#define RIGHT "pcaps/investigation/mx.pcap"
#define PLAIN "pcaps/postfix-plain.pcap"
#define PLAIN_LOG "pcaps/postfix-plain.client.log"

struct run {
	const char *name;
	const char *left, *right;
	bool json, html;
	unsigned threads;
	uint32_t ignore;
	int64_t max_offset_ns;
	bool changed; /* left has another reply */
};

static const struct run checks[] = {
	{ "check", LEFT, RIGHT, .threads = 1 },
	{ "check, json", LEFT, RIGHT, .json = true },
	{ "check, page", LEFT, RIGHT, .html = true },
	{ "check, threads", LEFT, RIGHT, .threads = 2 },
	{ "check, ignoring", LEFT, RIGHT, .max_offset_ns = 1000000000,
	    .ignore = SW_BIT(SW_FOUND_REPLY_NEVER_ARRIVED) },
	{ "check, a log", PLAIN_LOG, PLAIN, .json = true },
	{ "check, others", "pcaps/exim-plain.pcap", PLAIN, .threads = 1 },
	{ "check, others, json", "tests/data/iis-w3c/relay.log",
	    "tests/data/haraka/json.log", .json = true },
};

/* left grows, right is what an interface told. */
static const struct run watches[] = {
	{ "watch", PLAIN_LOG, PLAIN, .threads = 1 },
	{ "watch, json", PLAIN_LOG, PLAIN, .json = true },
	{ "watch, changed", PLAIN_LOG, PLAIN, .changed = true },
	{ "watch, changed, json", PLAIN_LOG, PLAIN, .json = true,
	    .changed = true },
	{ "watch, others", "tests/data/iis-w3c/relay.log", RIGHT,
	    .threads = 1 },
	{ "watch, others, json", "tests/data/iis-w3c/relay.log", RIGHT,
	    .json = true },
};

static int check_once(const void *of, struct output *out)
{
	const struct run *run = of;
	struct sw_report_options form = { .json = run->json,
		.html = run->html, .tmpdir = temporary };
	struct sw_check_options o;
	struct sw_check *c = NULL;
	struct sw_err err;
	enum sw_status status;
	int number;

	sw_check_options_init(&o);
	o.reader.tmpdir = temporary;
	o.reader.threads = run->threads;
	o.ignore = run->ignore;
	o.max_offset_ns = run->max_offset_ns;
	o.whole = run->html;
	status = sw_check_open(&o, &run->left, 1, &run->right, 1, &c, &err);
	if (status == SW_OK && sw_check_failed(c) > 0)
		status = SW_EREAD;
	while (status == SW_OK && sw_check_warning(c))
		;
	if (status == SW_OK)
		status = sw_report_write(c, &form, keep, out, &number, &err);
	sw_check_free(&c);
	return status;
}

/* --- logs that grow ------------------------------------------------------- */

static struct output log_text;

/* The wire's sessions, whose memory never runs out here. */
static enum sw_status tell_wire(struct sw_watch *w, const char *name)
{
	struct sw_reader *r = NULL;
	const struct sw_session *s;
	enum sw_status status;
	struct sw_options o;
	struct sw_err err;
	int got;

	sw_options_init(&o);
	spared = true;
	status = sw_reader_open(&o, &name, 1, &r, &err);
	while (status == SW_OK &&
	    (got = sw_reader_next(r, &s, &err)) != 0) {
		spared = false;
		status = got < 0 ? (enum sw_status)got :
		    sw_watch_session(w, s, &err);
		spared = true;
	}
	sw_reader_free(&r);
	spared = false;
	return status;
}

static enum sw_status step(struct sw_watch *w, int seconds)
{
	struct sw_err err;

	clock_s += seconds;
	return sw_watch_step(w, &err);
}

static enum sw_status watch(struct sw_watch *w, const struct run *run)
{
	enum sw_status status = step(w, 10);
	struct sw_err err;

	make_file("growing", log_text.p, log_text.len);
	if (status == SW_OK)
		status = step(w, 10);
	if (status == SW_OK)
		status = tell_wire(w, run->right);
	if (status == SW_OK)
		status = step(w, 1);
	if (status == SW_OK)
		status = step(w, 300);
	return status == SW_OK ? sw_watch_finish(w, &err) : status;
}

static int watch_once(const void *of, struct output *out)
{
	const struct run *run = of;
	const char *name = made_name("growing");
	struct sw_watch_options o;
	struct sw_watch *w = NULL;
	struct sw_err err;
	enum sw_status status;

	clock_s = 1000;
	make_file("growing", "", 0);
	sw_watch_options_init(&o);
	o.logs = &name;
	o.log_count = 1;
	o.wire = "wire";
	o.report.json = run->json;
	o.write = keep;
	o.ctx = out;
	status = sw_watch_open(&o, &w, &err);
	if (status == SW_OK)
		status = watch(w, run);
	while (w && sw_watch_warning(w))
		;
	sw_watch_free(&w);
	clock_s = 0;
	return status;
}

/* The log, with another reply if that is wanted. */
static struct output log_of(const struct run *run)
{
	struct output o = content(run->left);
	char *reply;

	keep(&o, "", 1);
	o.len--;
	reply = run->changed ? strstr(o.p, "250 2.1.5") : NULL;
	if (reply)
		*reply = '5';
	return o;
}

int main(void)
{
	int number = 0, failed = 0;
	size_t i;

	if (!make_folders())
		return 1;
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct failing f = { checks[i].name, check_once, &checks[i],
			checks[i].threads > 1, 0 };

		failed += !fail_each(&f, ++number);
	}
	for (i = 0; i < sizeof(watches) / sizeof(watches[0]); i++) {
		struct failing f = { watches[i].name, watch_once, &watches[i],
			false, 0 };

		log_text = log_of(&watches[i]);
		failed += !fail_each(&f, ++number);
		free(log_text.p);
	}
	remove_folders();
	return failed ? 1 : 0;
}
