/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_write.c - the page put together
 *
 * page.html bears marks, <!--NAME-->, where something of ours goes.  Octets
 * of strangers stand in it as base64 only.  A browser that keeps to the
 * page's policy runs the one program and the one style whose digests stand in
 * it, and fetches nothing.
 */
#include "emit/page.h"

#include <openssl/evp.h>

#include "base/error.h"
#include "base/escape.h"
#include "emit/page_parts.h"
#include "emit/page_text.h"

struct writing {
	struct page *page;
	struct slice about;
	sw_write_fn write;
	void *ctx;
	int *errno_r;
	struct sw_err *err;
	struct buffer out, part;
	uint64_t octets;      /* written or sure to be */
	uint32_t embedded[2]; /* chunks of each kind that fit */
	uint64_t left_out[2]; /* transcripts of each kind */
};

static const struct slice style = { page_text_css, sizeof(page_text_css) };
static const struct slice program = { page_text_js, sizeof(page_text_js) };
static const struct slice skeleton = { page_text_html,
	sizeof(page_text_html) };

static void put(struct buffer *b, const char *text)
{
	(void)buffer_append_str(b, text);
}

static enum sw_status flush(struct writing *w)
{
	if (w->out.failed)
		return base_error_set(w->err, SW_ENOMEM, "out of memory");
	*w->errno_r = w->write(w->ctx, w->out.p, w->out.len);
	buffer_clear(&w->out);
	return *w->errno_r == 0 ? SW_OK : SW_EWRITE;
}

/* --- the policy ----------------------------------------------------------- */

static bool put_digest(struct buffer *b, struct slice text)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(text.p, text.len, digest, &len, EVP_sha256(), NULL) !=
	    1)
		return false;
	put(b, " 'sha256-");
	(void)escape_base64(b, slice_make(digest, len));
	put(b, "'");
	return true;
}

static enum sw_status put_policy(struct writing *w)
{
	struct buffer *b = &w->out;
	bool ok;

	put(b, "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; base-uri 'none'; form-action 'none'; "
	    "script-src");
	ok = put_digest(b, program);
	put(b, "; style-src");
	ok = put_digest(b, style) && ok;
	put(b, "\">");
	return ok ? flush(w) : base_error_set(w->err, SW_ENOMEM,
	    "out of memory");
}

static enum sw_status put_style(struct writing *w)
{
	put(&w->out, "<style>");
	(void)buffer_append_slice(&w->out, style);
	put(&w->out, "</style>");
	return flush(w);
}

static enum sw_status put_program(struct writing *w)
{
	put(&w->out, "<script>");
	(void)buffer_append_slice(&w->out, program);
	put(&w->out, "</script>");
	return flush(w);
}

/* --- parts ---------------------------------------------------------------- */

/* A deflated part; the program finds it by kind and number. */
static void put_block(struct writing *w, const char *name, uint32_t number,
    struct slice packed)
{
	put(&w->out, "<script type=\"text/plain\" id=\"");
	put(&w->out, name);
	(void)buffer_append_u64(&w->out, number);
	put(&w->out, "\">");
	(void)escape_base64(&w->out, packed);
	put(&w->out, "</script>\n");
}

static enum sw_status put_part(struct writing *w, const struct part *part,
    const char *name, uint32_t number)
{
	enum sw_status status = scratch_read(w->page->scratch, part->offset,
	    part->len, &w->part, w->err);

	if (status != SW_OK)
		return status;
	put_block(w, name, number, buffer_slice(&w->part));
	return flush(w);
}

/* Chunks of a kind as long as the page stays below their room. */
static void choose(struct writing *w, enum part_kind kind)
{
	const struct page *p = w->page;
	bool fits = true;
	size_t i;

	w->left_out[kind] = p->chunks[kind].left_out;
	for (i = 0; i < p->part_count; i++) {
		const struct part *part = &p->parts[i];
		uint64_t octets = page_part_octets(part->len);

		if (part->kind != kind)
			continue;
		fits = fits && w->octets + octets <= p->room[kind];
		if (fits) {
			w->octets += octets;
			w->embedded[kind]++;
		} else {
			w->left_out[kind] += part->entries;
		}
	}
}

static enum sw_status put_parts(struct writing *w, enum part_kind kind,
    const char *name, uint32_t count)
{
	const struct page *p = w->page;
	enum sw_status status = SW_OK;
	uint32_t number = 0;
	size_t i;

	for (i = 0; i < p->part_count && number < count; i++) {
		if (p->parts[i].kind != kind)
			continue;
		status = put_part(w, &p->parts[i], name, number++);
		if (status != SW_OK)
			break;
	}
	return status;
}

static enum sw_status put_chunks(struct writing *w)
{
	enum sw_status status = put_parts(w, PART_FIRST, "first-",
	    w->embedded[PART_FIRST]);

	if (status == SW_OK)
		status = put_parts(w, PART_USUAL, "usual-",
		    w->embedded[PART_USUAL]);
	return status;
}

/* --- what it is about ----------------------------------------------------- */

static void put_member(struct buffer *b, const char *name, uint64_t v)
{
	put(b, ",\"");
	put(b, name);
	put(b, "\":");
	(void)buffer_append_u64(b, v);
}

static enum sw_status put_about(struct writing *w)
{
	struct buffer *b = &w->page->entry;
	enum sw_status status;
	uint32_t blocks = 0;
	size_t i;

	for (i = 0; i < w->page->part_count; i++)
		blocks += w->page->parts[i].kind == PART_ROWS;
	buffer_fini(b);
	buffer_init(b, SIZE_MAX / 2);
	put(b, "{\"page\":1");
	put_member(b, "blocks", blocks);
	put_member(b, "rowsTold", w->page->rows_told);
	put_member(b, "rowsLeftOut", w->page->rows_left_out);
	put_member(b, "firstChunks", w->embedded[PART_FIRST]);
	put_member(b, "firstLeftOut", w->left_out[PART_FIRST]);
	put_member(b, "usualChunks", w->embedded[PART_USUAL]);
	put_member(b, "usualLeftOut", w->left_out[PART_USUAL]);
	put(b, ",\"about\":");
	(void)buffer_append_slice(b, w->about);
	put(b, "}");
	if (b->failed)
		return base_error_set(w->err, SW_ENOMEM, "out of memory");
	status = page_deflate(buffer_slice(b), &w->part, w->err);
	if (status == SW_OK) {
		put_block(w, "about-", 0, buffer_slice(&w->part));
		status = flush(w);
	}
	return status;
}

static enum sw_status put_rows(struct writing *w)
{
	enum sw_status status = put_about(w);

	return status == SW_OK ? put_parts(w, PART_ROWS, "rows-",
	    UINT32_MAX) : status;
}

/* --- all of it ------------------------------------------------------------ */

static const struct {
	const char *name;
	enum sw_status (*put)(struct writing *w);
} marks[] = {
	{ "<!--policy-->", put_policy },
	{ "<!--style-->", put_style },
	{ "<!--rows-->", put_rows },
	{ "<!--program-->", put_program },
	{ "<!--chunks-->", put_chunks },
};
enum { MARKS = sizeof(marks) / sizeof(marks[0]) };

/* The page's own text up to the mark; what is behind it. */
static struct slice put_up_to(struct writing *w, struct slice rest,
    const char *mark)
{
	size_t at = slice_find_nocase(rest, slice_str(mark));

	(void)buffer_append_slice(&w->out, slice_head(rest, at));
	return slice_from(rest, at + strlen(mark));
}

static enum sw_status put_all(struct writing *w)
{
	struct slice rest = skeleton;
	enum sw_status status = SW_OK;
	size_t i;

	for (i = 0; i < MARKS && status == SW_OK; i++) {
		rest = put_up_to(w, rest, marks[i].name);
		status = marks[i].put(w);
	}
	if (status != SW_OK)
		return status;
	(void)buffer_append_slice(&w->out, rest);
	return flush(w);
}

enum sw_status page_finish(struct page *p, struct slice about,
    sw_write_fn write, void *ctx, int *errno_r, struct sw_err *err)
{
	struct writing w = { .page = p, .about = about, .write = write,
		.ctx = ctx, .errno_r = errno_r, .err = err };
	enum sw_status status = page_put_aside(p, err);

	*errno_r = 0;
	if (status == SW_OK)
		status = scratch_finish(p->scratch, err);
	if (status != SW_OK)
		return status;
	buffer_init(&w.out, SIZE_MAX / 2);
	buffer_init(&w.part, SIZE_MAX / 2);
	w.octets = skeleton.len + style.len + program.len + about.len * 2 +
	    4096 + p->rows_octets;
	choose(&w, PART_FIRST);
	choose(&w, PART_USUAL);
	status = put_all(&w);
	buffer_fini(&w.out);
	buffer_fini(&w.part);
	return status;
}
