/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decompress.c - compressed octets to octets
 *
 * Most are read by libraries of their own (decompress_stream.c), lz4 and its
 * legacy format by libarchive.  Its raw format is a file without an archive
 * around it.
 * Only the filter that the first octets ask for is enabled, and none that
 * would run a program.  It is loaded when a file needs it, as it brings a
 * dozen other libraries.
 *
 * What stands behind the end of the data is an error, unless it is zeros, with
 * which tapes and tools fill up: it may be a damaged member, and libarchive
 * takes an empty one of lz4 for the end.
 */
#include "base/decompress_internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#include "base/library.h"

#define ARCHIVE_LIBRARY "libarchive.so.13"

/* Functions of libarchive, named as there without archive_. */
struct functions {
	__typeof__(archive_read_new) *read_new;
	__typeof__(archive_read_support_format_raw) *read_support_format_raw;
	__typeof__(archive_read_support_format_empty)
	    *read_support_format_empty;
	__typeof__(archive_read_open2) *read_open2;
	__typeof__(archive_read_next_header) *read_next_header;
	__typeof__(archive_read_data_block) *read_data_block;
	__typeof__(archive_read_free) *read_free;
	__typeof__(archive_filter_bytes) *filter_bytes;
	__typeof__(archive_error_string) *error_string;
	__typeof__(archive_set_error) *set_error;
};

struct decompress {
	struct stream *stream;   /* or: */
	struct archive *archive;
	struct functions lib;    /* set if archive is */
	bool end;
	bool open;
	uint64_t fed;    /* octets of input that libarchive was given ... */
	size_t fed_last; /* ... the last ones of which lie in input */
	struct slice rest; /* of the block that libarchive gave last */
	struct decompress_input input;
};

static const struct method {
	const char *name;
	struct slice magic;
	const char *enable; /* a function of libarchive; NULL: a stream */
} methods[] = {
	{ "gzip", { (const uint8_t *)"\x1f\x8b\x08", 3 }, NULL },
	{ "xz", { (const uint8_t *)"\xfd" "7zXZ\0", 6 }, NULL },
	{ "zstd", { (const uint8_t *)"\x28\xb5\x2f\xfd", 4 }, NULL },
	/* pzstd's first frame, to be skipped: the length of the next. */
	{ "zstd", { (const uint8_t *)"\x50\x2a\x4d\x18\4\0\0\0", 8 },
	  NULL },
	{ "bzip2", { (const uint8_t *)"BZh", 3 }, NULL },
	{ "lz4", { (const uint8_t *)"\x04\x22\x4d\x18", 4 },
	  "archive_read_support_filter_lz4" },
	{ "lz4", { (const uint8_t *)"\x02\x21\x4c\x18", 4 },
	  "archive_read_support_filter_lz4" },
};

/* "BZh" could begin a line of a log: the level and the first block's (or
 * the end's) magic must follow. */
static bool is_bzip2(struct slice head)
{
	struct slice magic = slice_head(slice_from(head, 4), 6);

	return head.len >= 10 && head.p[3] >= '1' && head.p[3] <= '9' &&
	    (slice_eq(magic, slice_make("\x31\x41\x59\x26\x53\x59", 6)) ||
	    slice_eq(magic, slice_make("\x17\x72\x45\x38\x50\x90", 6)));
}

const char *decompress_probe(struct slice head)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const struct method *m = &methods[i];

		if (!slice_eq(slice_head(head, m->magic.len), m->magic))
			continue;
		if (m->name[0] == 'b' && !is_bzip2(head))
			continue;
		return m->name;
	}
	return NULL;
}

/* --- input ---------------------------------------------------------------- */

static size_t read_input(struct decompress_input *in)
{
	size_t got = 0;

	if (in->read(in->ctx, in->octets, sizeof(in->octets), &got,
	    &in->err) != SW_OK)
		in->failed = true;
	in->ended = got == 0;
	in->rest = slice_make(in->octets, got);
	return got;
}

bool decompress_has_input(struct decompress_input *in)
{
	return in->rest.len > 0 ||
	    (!in->failed && !in->ended && read_input(in) > 0);
}

enum sw_status decompress_tell(const struct decompress_input *in,
    const char *why, struct sw_err *err)
{
	if (in->failed) {
		if (err)
			*err = in->err;
		return SW_EREAD;
	}
	return base_error_set(err, SW_EREAD, "%s: damaged %s data: %s",
	    in->file, in->name, why ? why : "it is cut");
}

enum sw_status decompress_tell_behind(const struct decompress_input *in,
    struct sw_err *err)
{
	return base_error_set(err, SW_EREAD, "%s: what stands behind the end "
	    "of the %s data is not read", in->file, in->name);
}

/* --- libarchive ----------------------------------------------------------- */

static la_ssize_t feed(struct archive *a, void *ctx, const void **buf_r)
{
	struct decompress *d = ctx;
	size_t got = read_input(&d->input);

	*buf_r = d->input.octets;
	if (d->input.failed) {
		d->lib.set_error(a, EIO, "read error");
		return -1;
	}
	d->fed += got;
	if (got > 0)
		d->fed_last = got;
	return (la_ssize_t)got;
}

static bool load(struct functions *f)
{
	const struct library_function functions[] = {
		{ "archive_read_new", &f->read_new },
		{ "archive_read_support_format_raw",
		  &f->read_support_format_raw },
		{ "archive_read_support_format_empty",
		  &f->read_support_format_empty },
		{ "archive_read_open2", &f->read_open2 },
		{ "archive_read_next_header", &f->read_next_header },
		{ "archive_read_data_block", &f->read_data_block },
		{ "archive_read_free", &f->read_free },
		{ "archive_filter_bytes", &f->filter_bytes },
		{ "archive_error_string", &f->error_string },
		{ "archive_set_error", &f->set_error }
	};

	return library_load(ARCHIVE_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0]));
}

static bool enable(struct archive *a, const char *name)
{
	__typeof__(archive_read_support_filter_xz) *filter;
	struct library_function function = { NULL, &filter };
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			function.name = methods[i].enable;
	/* ARCHIVE_WARN: it would run a program. */
	return function.name && library_load(ARCHIVE_LIBRARY, &function, 1) &&
	    filter(a) == ARCHIVE_OK;
}

/* An archive without filters; NULL: no memory. */
static struct archive *new_archive(const struct functions *f)
{
	struct archive *a = f->read_new();

	if (a && (f->read_support_format_raw(a) != ARCHIVE_OK ||
	    f->read_support_format_empty(a) != ARCHIVE_OK)) {
		f->read_free(a);
		a = NULL;
	}
	return a;
}

static enum sw_status open_archive(struct decompress *d, struct sw_err *err)
{
	const char *file = d->input.file, *name = d->input.name;

	if (!load(&d->lib))
		return base_error_set(err, SW_EFORMAT, "%s: compressed with "
		    "%s, and %s cannot be loaded", file, name,
		    ARCHIVE_LIBRARY);
	d->archive = new_archive(&d->lib);
	if (!d->archive)
		return base_error_set(err, SW_ENOMEM, "no memory");
	if (!enable(d->archive, name))
		return base_error_set(err, SW_EFORMAT, "%s: compressed with "
		    "%s, which this libarchive does not read", file, name);
	return SW_OK;
}

static enum sw_status tell(struct decompress *d, struct sw_err *err)
{
	const char *text = d->lib.error_string(d->archive);

	return decompress_tell(&d->input, text ? text : "no reason given",
	    err);
}

/* 1: the data begins; 0: there is none. */
static int begin(struct decompress *d)
{
	struct archive_entry *entry;
	int r = d->lib.read_open2(d->archive, d, NULL, feed, NULL, NULL);

	if (r == ARCHIVE_OK)
		r = d->lib.read_next_header(d->archive, &entry);
	if (r == ARCHIVE_EOF)
		return 0;
	return r == ARCHIVE_OK || r == ARCHIVE_WARN ? 1 : -1;
}

static bool is_zeros(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* libarchive says that this is the end: is it that of the input? */
static enum sw_status end_archive(struct decompress *d, struct sw_err *err)
{
	la_int64_t used = d->lib.filter_bytes(d->archive, -1);
	size_t left = (uint64_t)used < d->fed ?
	    (size_t)(d->fed - (uint64_t)used) : 0;

	d->end = true;
	if (left > d->fed_last) /* the first few lie in a buffer of its own */
		left = d->fed_last;
	d->input.rest = slice_make(d->input.octets + d->fed_last - left, left);
	while (decompress_has_input(&d->input)) {
		if (!is_zeros(d->input.rest.p, d->input.rest.len))
			return decompress_tell_behind(&d->input, err);
		d->input.rest.len = 0;
	}
	return d->input.failed ? tell(d, err) : SW_OK;
}

static enum sw_status read_archive(struct decompress *d, uint8_t *buf,
    size_t len, size_t *got_r, struct sw_err *err)
{
	*got_r = 0;
	if (!d->open) {
		int r = begin(d);

		if (r < 0)
			return tell(d, err);
		if (r == 0)
			return SW_OK;
		d->open = true;
	}
	while (d->rest.len == 0 && !d->end) {
		const void *p;
		size_t n;
		la_int64_t off;
		int r = d->lib.read_data_block(d->archive, &p, &n, &off);

		if (r == ARCHIVE_EOF)
			return end_archive(d, err);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return tell(d, err);
		d->rest = slice_make(p, n);
	}
	if (len > d->rest.len)
		len = d->rest.len;
	memcpy(buf, d->rest.p, len);
	d->rest = slice_from(d->rest, len);
	*got_r = len;
	return SW_OK;
}

/* --- either --------------------------------------------------------------- */

enum sw_status decompress_new(const char *name, const char *file,
    decompress_read_fn read, void *ctx, struct decompress **d_r,
    struct sw_err *err)
{
	struct decompress *d = calloc(1, sizeof(*d));
	enum sw_status status;

	*d_r = d;
	if (!d)
		return base_error_set(err, SW_ENOMEM, "no memory");
	d->input.name = name;
	d->input.file = file;
	d->input.read = read;
	d->input.ctx = ctx;
	status = decompress_stream_knows(name) ?
	    decompress_stream_new(&d->input, &d->stream, err) :
	    open_archive(d, err);
	if (status != SW_OK)
		decompress_free(d_r);
	return status;
}

enum sw_status decompress_read(struct decompress *d, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	return d->stream ?
	    decompress_stream_read(d->stream, buf, len, got_r, err) :
	    read_archive(d, buf, len, got_r, err);
}

void decompress_free(struct decompress **d)
{
	if (!*d)
		return;
	decompress_stream_free(&(*d)->stream);
	if ((*d)->archive)
		(*d)->lib.read_free((*d)->archive);
	free(*d);
	*d = NULL;
}
