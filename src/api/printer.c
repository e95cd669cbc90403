/* SPDX-License-Identifier: GPL-2.0-or-later */
/* printer.c - sessions to an output of the caller's */
#include <stdlib.h>

#include <smtpwire/smtpwire.h>

#include "emit/emit.h"

/* Octets kept for the next session; a larger buffer is given back. */
enum { KEEP = 1 << 20 };

struct sw_printer {
	struct sw_print_options options;
	sw_write_fn write;
	void *ctx;
	struct buffer buffer;
	uint64_t number;
};

enum sw_status sw_printer_new(const struct sw_print_options *o,
    sw_write_fn write, void *ctx, struct sw_printer **p_r)
{
	struct sw_printer *p = calloc(1, sizeof(*p));

	*p_r = p;
	if (!p)
		return SW_ENOMEM;
	p->options = *o;
	p->write = write;
	p->ctx = ctx;
	buffer_init(&p->buffer, SIZE_MAX / 2);
	return SW_OK;
}

static bool fill(struct sw_printer *p, const struct sw_session *s)
{
	struct emit_options o = { p->options.normal, p->options.no_times,
		p->options.color, p->options.explain };

	buffer_clear(&p->buffer);
	p->number++;
	return p->options.form == SW_FORM_JSONL ?
	    emit_jsonl(&p->buffer, s, &o) :
	    emit_text(&p->buffer, s, p->number, &o);
}

enum sw_status sw_printer_session(struct sw_printer *p,
    const struct sw_session *s, int *errno_r)
{
	int error;

	*errno_r = 0;
	if (!fill(p, s))
		return SW_ENOMEM;
	error = p->write(p->ctx, p->buffer.p, p->buffer.len);
	if (p->buffer.capacity > KEEP)
		buffer_fini(&p->buffer);
	*errno_r = error;
	return error ? SW_EWRITE : SW_OK;
}

void sw_printer_free(struct sw_printer **pp)
{
	if (!*pp)
		return;
	buffer_fini(&(*pp)->buffer);
	free(*pp);
	*pp = NULL;
}
