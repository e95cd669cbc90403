/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.c - the report of a check, written */
#include "api/reader.h"
#include "base/error.h"
#include "emit/page.h"
#include "emit/report.h"

struct writing {
	struct sw_check *check;
	const struct sw_report_options *options;
	sw_write_fn write;
	void *ctx;
	struct buffer buffer;
	struct report_options emit;
	int *errno_r;
};

/* What the buffer holds; ok: it is whole. */
static enum sw_status flush(struct writing *w, bool ok, struct sw_err *err)
{
	if (!ok)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	*w->errno_r = w->write(w->ctx, w->buffer.p, w->buffer.len);
	buffer_clear(&w->buffer);
	return *w->errno_r == 0 ? SW_OK : SW_EWRITE;
}

static bool put_pair(struct writing *w, const struct sw_pair *p, bool first)
{
	if (w->options->json)
		return report_json_pair(&w->buffer, p, first);
	if (p->verdict == SW_AGREES && p->finding_count == 0)
		return true;
	w->emit.number++;
	return report_text_pair(&w->buffer, p, &w->emit);
}

static enum sw_status write_pairs(struct writing *w, struct sw_err *err)
{
	enum sw_status status = SW_OK;
	bool first = true;
	struct sw_pair p;
	int got;

	while (status == SW_OK &&
	    (got = sw_check_next(w->check, &p, err)) != 0) {
		if (got < 0)
			return (enum sw_status)got;
		status = flush(w, put_pair(w, &p, first), err);
		first = false;
	}
	return status;
}

static enum sw_status write_only(struct writing *w, enum sw_side side,
    struct sw_err *err)
{
	const struct sw_report *r = sw_check_report(w->check);
	enum sw_status status = SW_OK;
	const struct sw_session *s;
	size_t i;

	for (i = 0; i < r->only_count[side] && status == SW_OK; i++) {
		status = sw_check_only(w->check, side, i, &s, err);
		if (status == SW_OK)
			status = flush(w, report_text_only(&w->buffer, s, side,
			    r->only[side][i].reason, &w->emit), err);
	}
	return status;
}

/* --- HTML ----------------------------------------------------------------- */

static enum sw_status page_pairs(struct page *page, struct sw_check *c,
    struct sw_err *err)
{
	enum sw_status status = SW_OK;
	struct sw_pair p;
	int got;

	while (status == SW_OK && (got = sw_check_next(c, &p, err)) != 0) {
		if (got < 0)
			return (enum sw_status)got;
		if (!p.left || !p.right)
			return base_error_set(err, SW_EUSAGE,
			    "a page wants whole pairs");
		status = page_pair(page, &p, err);
	}
	return status;
}

static enum sw_status page_onlys(struct page *page, struct sw_check *c,
    enum sw_side side, struct sw_err *err)
{
	const struct sw_report *r = sw_check_report(c);
	enum sw_status status = SW_OK;
	const struct sw_session *s;
	size_t i;

	for (i = 0; i < r->only_count[side] && status == SW_OK; i++) {
		status = sw_check_only(c, side, i, &s, err);
		if (status == SW_OK)
			status = page_only(page, s, side,
			    r->only[side][i].reason, err);
	}
	return status;
}

static enum sw_status end_page(struct page *page, struct writing *w,
    struct sw_err *err)
{
	const struct sw_account *accounts[2] = {
		sw_check_account(w->check, SW_LEFT),
		sw_check_account(w->check, SW_RIGHT) };

	if (!about_check(&w->buffer, sw_check_report(w->check), accounts))
		return base_error_set(err, SW_ENOMEM, "out of memory");
	return page_finish(page, buffer_slice(&w->buffer), w->write, w->ctx,
	    w->errno_r, err);
}

static enum sw_status write_page(struct writing *w, struct sw_err *err)
{
	struct emit_options o = { .no_times = w->options->no_times };
	struct page *page;
	enum sw_status status = page_new(w->options->tmpdir, &o, &page, err);

	if (status == SW_OK)
		status = page_pairs(page, w->check, err);
	if (status == SW_OK)
		status = page_onlys(page, w->check, SW_LEFT, err);
	if (status == SW_OK)
		status = page_onlys(page, w->check, SW_RIGHT, err);
	if (status == SW_OK)
		status = end_page(page, w, err);
	page_free(&page);
	return status;
}

/* --- text and JSON -------------------------------------------------------- */

static enum sw_status write_told(struct writing *w, struct sw_err *err)
{
	const struct sw_report *r = sw_check_report(w->check);
	bool json = w->options->json;
	enum sw_status status;

	status = flush(w, json ? report_json_begin(&w->buffer, r) :
	    report_text_summary(&w->buffer, r, &w->emit), err);
	if (status == SW_OK)
		status = write_pairs(w, err);
	if (status == SW_OK && json)
		status = flush(w, report_json_end(&w->buffer, r), err);
	if (status == SW_OK && !json)
		status = write_only(w, SW_LEFT, err);
	if (status == SW_OK && !json)
		status = write_only(w, SW_RIGHT, err);
	return status;
}

enum sw_status sw_report_write(struct sw_check *c,
    const struct sw_report_options *o, sw_write_fn write, void *ctx,
    int *errno_r, struct sw_err *err)
{
	struct writing w = { .check = c, .options = o, .write = write,
		.ctx = ctx, .errno_r = errno_r };
	enum sw_status status;

	*errno_r = 0;
	w.emit.color = o->color;
	w.emit.no_times = o->no_times;
	w.emit.context = o->context;
	buffer_init(&w.buffer, SIZE_MAX / 2);
	status = o->html ? write_page(&w, err) : write_told(&w, err);
	buffer_fini(&w.buffer);
	return status;
}
