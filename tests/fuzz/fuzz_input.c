/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_input.c - a file of any kind through the public interface
 *
 * Input: an octet of options, then the file: a capture, a log, transcripts,
 * any of them compressed or in an archive, or nothing that is known.  Bits 0
 * and 1 of the options: the form in which it is told; 2: sorted; 3: two
 * threads; 4: any port; 5: only what failed; 6: attempts too; 7: an observer.
 *
 * What is known must be told to its end, the failures of one input be told
 * once, and what is told must be harmless.  Transcripts that were saved must be
 * told as they were when they are read back.
 */
#define _GNU_SOURCE /* memfd_create */

#include <string.h>

#include <smtpwire/smtpwire.h>

#include "fuzz/memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t events, octets;
};

static void on_event(void *ctx, const struct sw_session *s,
    const struct sw_event *e)
{
	struct seen *seen = ctx;

	require(e->n > 0 && e->n <= s->event_count);
	seen->events++;
}

static void *on_body(void *ctx, uint32_t message)
{
	require(message > 0);
	return ctx;
}

static void on_octets(void *ctx, void *body, const void *octets, size_t len)
{
	struct seen *seen = ctx;
	volatile uint8_t sum = 0;

	require(body == ctx);
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)octets)[i]);
	seen->octets += len;
}

static void set_options(struct sw_options *o, uint8_t how,
    struct seen *seen)
{
	sw_options_init(o);
	o->sort_start = how & 4;
	o->threads = how & 8 ? 2 : 1;
	o->any_port = how & 16;
	o->filter.failed = how & 32;
	o->attempts = how & 64;
	if (how & 128) {
		o->observer.ctx = seen;
		o->observer.event = on_event;
		o->observer.body_open = on_body;
		o->observer.body_octets = on_octets;
	}
}

/* Each failure concerns an input or a member of it; they are finite. */
static void tell_sessions(struct sw_reader *r, struct sw_printer *p,
    size_t size)
{
	const struct sw_session *s;
	size_t failures = 0;
	struct sw_err err;
	int got, error;

	while ((got = sw_reader_next(r, &s, &err)) != 0) {
		if (got < 0) {
			require(got == SW_EREAD || got == SW_EFORMAT);
			require(err.text[0] != '\0');
			require(failures++ <= size);
			continue;
		}
		require(sw_printer_session(p, s, &error) == SW_OK);
	}
	require(sw_reader_next(r, &s, &err) == 0);
	require(sw_printer_finish(p, sw_reader_account(r), &error) == SW_OK);
}

/* told: where JSON Lines go. */
static void tell(struct sw_reader *r, uint8_t how, size_t size,
    struct told *told)
{
	static const enum sw_form forms[] = { SW_FORM_TEXT, SW_FORM_JSONL,
		SW_FORM_HTML, SW_FORM_JSONL };
	struct sw_print_options o = { .form = forms[how & 3],
		.normal = (how & 3) == 3, .explain = how & 4 };
	struct sw_printer *p;
	uint64_t count = 0;

	require((o.form == SW_FORM_JSONL ?
	    sw_printer_new(&o, keep_harmless, told, &p) :
	    sw_printer_new(&o, o.form == SW_FORM_HTML ? take_page :
	    take_harmless, &count, &p)) == SW_OK);
	tell_sessions(r, p, size);
	sw_printer_free(&p);
	require(sw_account_write(sw_reader_account(r), how & 1,
	    take_harmless, &count) == SW_OK);
	while (sw_reader_warning(r))
		;
}

static void read_file(const uint8_t *octets, size_t len,
    const struct sw_options *o, uint8_t how, struct told *told)
{
	struct memory_file file;
	const char *name = file.name;
	struct sw_reader *r;
	struct sw_err err;

	memory_file_init(&file, octets, len);
	require(sw_reader_open(o, &name, 1, &r, &err) == SW_OK);
	tell(r, how, len + 1, told);
	sw_reader_free(&r);
	memory_file_fini(&file);
}

static void read_again(const struct told *told, uint8_t how)
{
	struct told again = { NULL, 0, 0 };
	struct sw_options o;

	sw_options_init(&o);
	read_file(told->p, told->len, &o, how, &again);
	require(again.len == told->len);
	require(memcmp(again.p, told->p, told->len) == 0);
	free(again.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told told = { NULL, 0, 0 };
	struct seen seen = { 0, 0 };
	struct sw_options o;

	if (size < 1)
		return 0;
	set_options(&o, data[0], &seen);
	read_file(data + 1, size - 1, &o, data[0], &told);
	if (told.len > 0)
		read_again(&told, data[0]);
	free(told.p);
	return 0;
}
