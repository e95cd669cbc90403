/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capture.c - capture files of any format as frames: the registry */
#include "capture/capture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/format.h"

/* The first octets that a probe sees at least, if the file has them: no file
 * with a frame is shorter, and a pipe must not be waited for longer. */
#define PROBE_MAGIC 4
#define PROBE_HEADER 24
#define PROBE_MAX 4096

struct capture {
	const struct capture_format *format;
	void *state;
	struct source *source; /* NULL: an interface */
};

const struct capture_format *const capture_formats[] = {
	&capture_pcap,
	&capture_pcapng,
	&capture_netmon,
	&capture_snoop,
	&capture_netxray,
	&capture_sniffer,
	&capture_erf, /* last: it has no magic */
	NULL
};

static void warn(struct capture_input *in, uint64_t offset,
    const char *format, va_list ap) __attribute__((format(printf, 3, 0)));

static void warn(struct capture_input *in, uint64_t offset,
    const char *format, va_list ap)
{
	char words[200], text[400];

	if (in->warnings >= CAPTURE_WARNINGS) {
		in->account->list_more[ACCOUNT_LIST_WARNINGS]++;
		return;
	}
	in->warnings++;
	if (vsnprintf(words, sizeof(words), format, ap) < 0 ||
	    snprintf(text, sizeof(text), "%.160s: %s at offset %llu",
	    source_name(in->source), words, (unsigned long long)offset) < 0)
		return;
	account_note(in->account, ACCOUNT_LIST_WARNINGS, slice_str(text), 1);
}

void capture_warn(struct capture_input *in, uint64_t offset,
    const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	warn(in, offset, format, ap);
	va_end(ap);
}

void capture_warn_record(struct capture_input *in, uint64_t offset,
    const char *format, ...)
{
	va_list ap;

	account_add(in->account, ACCOUNT_FRAMES_BAD_RECORD, 1);
	va_start(ap, format);
	warn(in, offset, format, ap);
	va_end(ap);
}

int capture_end(struct capture_input *in, struct slice octets,
    struct sw_err *err)
{
	enum sw_status status;

	if (octets.len == 0)
		return 0;
	capture_warn_record(in, source_offset(in->source),
	    "the file ends within a record's header");
	status = source_skip(in->source, octets.len, err);
	/* An error that ended the file is told now. */
	if (status == SW_OK)
		status = source_peek(in->source, 1, &octets, err);
	return status;
}

void capture_count_other(struct capture_input *in,
    enum account_counter counter, const char *format, ...)
{
	char text[80];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	account_add(in->account, ACCOUNT_FRAMES, 1);
	account_add(in->account, counter, 1);
	if (len > 0)
		account_note(in->account, ACCOUNT_LIST_LINK_TYPES,
		    slice_str(text), 1);
}

/* The format and what it says of the first octets. */
static enum capture_probe ask(struct slice head,
    const struct capture_format **format_r)
{
	const struct capture_format *const *f;

	for (f = capture_formats; *f; f++) {
		enum capture_probe answer =
		    (*f)->probe(slice_head(head, PROBE_MAX));

		*format_r = *f;
		if (answer != CAPTURE_NOT_MINE)
			return answer;
	}
	*format_r = NULL;
	return CAPTURE_NOT_MINE;
}

static size_t header_len(const struct capture_format *format)
{
	return format->header_len ? format->header_len : PROBE_HEADER;
}

static enum sw_status probe(struct source *s,
    const struct capture_format **format_r, enum capture_probe *answer_r,
    size_t *len_r, struct sw_err *err)
{
	struct slice head;
	enum sw_status status = source_peek(s, PROBE_MAGIC, &head, err);

	*format_r = NULL;
	*answer_r = CAPTURE_NOT_MINE;
	*len_r = 0;
	if (status != SW_OK)
		return status;
	*answer_r = ask(head, format_r);
	if (*answer_r != CAPTURE_NOT_MINE) {
		status = source_peek(s, PROBE_HEADER, &head, err);
		if (status != SW_OK)
			return status;
		*answer_r = ask(head, format_r);
		if (*format_r && head.len < header_len(*format_r)) {
			*answer_r = (*format_r)->no_magic ?
			    CAPTURE_NOT_MINE : CAPTURE_BROKEN;
			if ((*format_r)->no_magic)
				*format_r = NULL;
		}
	}
	*len_r = head.len;
	return SW_OK;
}

enum sw_status capture_probe(struct source *s,
    const struct capture_format **format_r, struct sw_err *err)
{
	enum capture_probe answer;
	size_t len;

	return probe(s, format_r, &answer, &len, err);
}

static enum sw_status refuse(const struct source *s,
    const struct capture_format *format, size_t len, struct sw_err *err)
{
	const char *name = source_name(s);

	if (len == 0)
		return base_error_set(err, SW_EFORMAT, "%s: is empty", name);
	if (!format)
		return base_error_set(err, SW_EFORMAT,
		    "%s: not a capture of a known format", name);
	if (len < header_len(format))
		return base_error_at(err, SW_EFORMAT, len,
		    "%s: a %s file cut in its header, after %zu octets", name,
		    format->name, len);
	return base_error_set(err, SW_EFORMAT,
	    "%s: a %s file with a damaged header or of an unknown version",
	    name, format->name);
}

static void close_state(const struct capture_format *format, void **state)
{
	if (format->close)
		format->close(state);
	else
		free(*state);
	*state = NULL;
}

/* The state of a file's format, its header read. */
static enum sw_status begin(const struct capture_format *format,
    struct source *s, struct account *account, void **state_r,
    struct sw_err *err)
{
	struct capture_input *in = calloc(1, format->state_len);
	enum sw_status status;

	*state_r = in;
	if (!in)
		return base_error_set(err, SW_ENOMEM, "no memory");
	in->source = s;
	in->account = account;
	status = format->begin(in, err);
	if (status != SW_OK)
		close_state(format, state_r);
	return status;
}

enum sw_status capture_open(struct source *s, struct account *account,
    struct capture **c_r, struct sw_err *err)
{
	const struct capture_format *format;
	enum capture_probe answer;
	struct capture *c;
	enum sw_status status;
	size_t len;

	*c_r = NULL;
	status = probe(s, &format, &answer, &len, err);
	if (status != SW_OK)
		return status;
	if (answer != CAPTURE_MINE)
		return refuse(s, format, len, err);
	c = calloc(1, sizeof(*c));
	if (!c)
		return base_error_set(err, SW_ENOMEM, "no memory");
	c->format = format;
	c->source = s;
	status = begin(format, s, account, &c->state, err);
	if (status != SW_OK)
		free(c);
	else
		*c_r = c;
	return status;
}

enum sw_status capture_of(const struct capture_format *format, void **state,
    struct capture **c_r, struct sw_err *err)
{
	struct capture *c = calloc(1, sizeof(*c));

	*c_r = c;
	if (!c) {
		close_state(format, state);
		return base_error_set(err, SW_ENOMEM, "no memory");
	}
	c->format = format;
	c->state = *state;
	*state = NULL;
	return SW_OK;
}

bool capture_is_stream(const struct capture *c)
{
	return !c->source || source_is_stream(c->source);
}

int capture_next(struct capture *c, struct frame *frame_r,
    struct sw_err *err)
{
	return c->format->next(c->state, frame_r, err);
}

int capture_take(struct capture *c, struct frame *frames_r, int max,
    struct sw_err *err)
{
	int got;

	if (!c->format->more)
		return capture_next(c, frames_r, err);
	got = (int)c->format->more(c->state, frames_r, (size_t)max);
	return got > 0 ? got : capture_next(c, frames_r, err);
}

struct source_block *capture_hold(struct capture *c)
{
	return c->source ? source_block_hold(c->source) : NULL;
}

bool capture_would_block(struct capture *c)
{
	return c->format->would_block(c->state);
}

const char *capture_describe(const struct capture *c,
    struct sw_clock *clock_r)
{
	return c->format->describe(c->state, clock_r);
}

bool capture_has_remarks(const struct capture *c)
{
	return c->format->remarks != NULL;
}

bool capture_remarks(const struct capture *c, struct frame_remarks *r_r)
{
	r_r->comment = r_r->process = slice_make(NULL, 0);
	return c->format->remarks && c->format->remarks(c->state, r_r);
}

void capture_free(struct capture **c)
{
	if (!*c)
		return;
	close_state((*c)->format, &(*c)->state);
	free(*c);
	*c = NULL;
}
