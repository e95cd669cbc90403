/* SPDX-License-Identifier: GPL-2.0-or-later */
/* printer.c - sessions to an output of the caller's */
#include <stdlib.h>

#include "api/reader.h"
#include "emit/page.h"

/* Octets kept for the next session; a larger buffer is given back. */
enum { KEEP = 1 << 20 };

struct sw_printer {
	struct sw_print_options options;
	sw_write_fn write;
	void *ctx;
	struct buffer buffer;
	uint64_t number, failed; /* sessions told; of a page: that failed */
	struct page *page;       /* made when it is needed */
	struct sw_err err;       /* of the page's temporary file */
	struct emit_memo memo;
};

static struct emit_options emit_options(struct sw_printer *p)
{
	const struct sw_print_options *o = &p->options;
	struct emit_options e = { o->normal, o->no_times, o->color,
		o->explain, &p->memo };

	return e;
}

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

static enum sw_status need_page(struct sw_printer *p)
{
	struct emit_options o = emit_options(p);

	return p->page ? SW_OK : page_new(p->options.tmpdir, &o, &p->page,
	    &p->err);
}

static enum sw_status add_to_page(struct sw_printer *p,
    const struct sw_session *s)
{
	bool failed = filter_has_failed(s);
	enum sw_status status = need_page(p);

	p->number++;
	p->failed += failed;
	return status == SW_OK ? page_session(p->page, s, failed, &p->err) :
	    status;
}

/* Write what was put into the buffer, if it was. */
static enum sw_status hand_on(struct sw_printer *p, bool put, int *errno_r)
{
	int error;

	*errno_r = 0;
	if (!put)
		return SW_ENOMEM;
	error = p->write(p->ctx, p->buffer.p, p->buffer.len);
	if (p->buffer.capacity > KEEP)
		buffer_fini(&p->buffer);
	*errno_r = error;
	return error ? SW_EWRITE : SW_OK;
}

enum sw_status sw_printer_session(struct sw_printer *p,
    const struct sw_session *s, int *errno_r)
{
	struct emit_options o = emit_options(p);

	*errno_r = 0;
	if (p->options.form == SW_FORM_HTML)
		return add_to_page(p, s);
	buffer_clear(&p->buffer);
	p->number++;
	return hand_on(p, p->options.form == SW_FORM_JSONL ?
	    emit_jsonl(&p->buffer, s, &o) :
	    emit_text(&p->buffer, s, p->number, &o), errno_r);
}

enum sw_status sw_printer_event(struct sw_printer *p,
    const struct sw_session *s, const struct sw_event *e, int *errno_r)
{
	struct emit_options o = emit_options(p);
	bool first = s->number > p->number;

	if (first)
		p->number = s->number;
	buffer_clear(&p->buffer);
	return hand_on(p, p->options.form == SW_FORM_JSONL ?
	    emit_jsonl_event(&p->buffer, s, e, &o) :
	    emit_text_event(&p->buffer, s, e, first, &o), errno_r);
}

enum sw_status sw_printer_end(struct sw_printer *p,
    const struct sw_session *s, int *errno_r)
{
	struct emit_options o = emit_options(p);

	buffer_clear(&p->buffer);
	return hand_on(p, p->options.form == SW_FORM_JSONL ?
	    emit_jsonl_end(&p->buffer, s, &o) :
	    emit_text_end(&p->buffer, s, &o), errno_r);
}

enum sw_status sw_printer_finish(struct sw_printer *p,
    const struct sw_account *account, int *errno_r)
{
	enum sw_status status;

	*errno_r = 0;
	if (p->options.form != SW_FORM_HTML)
		return SW_OK;
	status = need_page(p);
	if (status != SW_OK)
		return status;
	buffer_clear(&p->buffer);
	if (!about_reading(&p->buffer, p->options.names,
	    p->options.name_count, account, p->number, p->failed))
		return SW_ENOMEM;
	return page_finish(p->page, buffer_slice(&p->buffer), p->write,
	    p->ctx, errno_r, &p->err);
}

const struct sw_err *sw_printer_error(const struct sw_printer *p)
{
	return &p->err;
}

void sw_printer_free(struct sw_printer **pp)
{
	if (!*pp)
		return;
	page_free(&(*pp)->page);
	buffer_fini(&(*pp)->buffer);
	free(*pp);
	*pp = NULL;
}
