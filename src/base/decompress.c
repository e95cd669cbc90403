/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decompress.c - compressed octets to octets, by libarchive and zlib
 *
 * libarchive's raw format is a file without an archive around it.  Only the
 * filter that the first octets ask for is enabled, and none that would run a
 * program.
 *
 * It is loaded when a file needs it, as it brings a dozen other libraries.
 *
 * libarchive's filters fill 64 KiB before they hand out anything, and drop
 * what they have when the input then turns out to be cut: of a small file
 * nothing would be left.  gzip is what captures are mostly compressed with
 * and what is found cut; it goes to zlib, which gives all there is.
 *
 * What stands behind the end of the data is an error, unless it is zeros, with
 * which tapes and tools fill up: it may be a damaged member, and libarchive
 * takes an empty one of lz4 for the end.
 */
#include "base/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/library.h"

#define INPUT_LEN 65536
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
	struct archive *archive; /* NULL with zlib */
	struct functions lib;    /* set if archive is */
	z_stream z;
	bool z_ready;
	bool member; /* zlib is within a member of the file */
	bool end;    /* of the input, or of what can be read of it */
	bool open;
	uint64_t fed;    /* octets of input that libarchive was given ... */
	size_t fed_last; /* ... the last ones of which lie in input */
	const char *name; /* static */
	const char *file; /* the source's */
	decompress_read_fn read;
	void *ctx;
	struct slice rest; /* of the block that libarchive gave last */
	struct sw_err err; /* of reading */
	bool failed;
	uint8_t input[INPUT_LEN];
};

static const struct method {
	const char *name;
	struct slice magic;
	const char *enable; /* a function of libarchive; NULL: zlib */
} methods[] = {
	{ "gzip", { (const uint8_t *)"\x1f\x8b\x08", 3 }, NULL },
	{ "xz", { (const uint8_t *)"\xfd" "7zXZ\0", 6 },
	  "archive_read_support_filter_xz" },
	{ "zstd", { (const uint8_t *)"\x28\xb5\x2f\xfd", 4 },
	  "archive_read_support_filter_zstd" },
	{ "bzip2", { (const uint8_t *)"BZh", 3 },
	  "archive_read_support_filter_bzip2" },
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

static la_ssize_t feed(struct archive *a, void *ctx, const void **buf_r)
{
	struct decompress *d = ctx;
	size_t got = 0;

	*buf_r = d->input;
	if (d->read(d->ctx, d->input, sizeof(d->input), &got, &d->err) !=
	    SW_OK) {
		d->failed = true;
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

enum sw_status decompress_new(const char *name, const char *file,
    decompress_read_fn read, void *ctx, struct decompress **d_r,
    struct sw_err *err)
{
	struct decompress *d = calloc(1, sizeof(*d));

	*d_r = d;
	if (!d)
		return base_error_set(err, SW_ENOMEM, "no memory");
	d->name = name;
	d->file = file;
	d->read = read;
	d->ctx = ctx;
	if (strcmp(name, "gzip") == 0) {
		/* 16: with gzip's header and check. */
		d->z_ready = inflateInit2(&d->z, 15 + 16) == Z_OK;
		d->member = true;
		if (!d->z_ready)
			decompress_free(d_r);
		return *d_r ? SW_OK :
		    base_error_set(err, SW_ENOMEM, "no memory");
	}
	if (!load(&d->lib)) {
		decompress_free(d_r);
		return base_error_set(err, SW_EFORMAT, "%s: compressed with "
		    "%s, and %s cannot be loaded", file, name,
		    ARCHIVE_LIBRARY);
	}
	d->archive = new_archive(&d->lib);
	if (!d->archive) {
		decompress_free(d_r);
		return base_error_set(err, SW_ENOMEM, "no memory");
	}
	if (!enable(d->archive, name)) {
		decompress_free(d_r);
		return base_error_set(err, SW_EFORMAT, "%s: compressed with "
		    "%s, which this libarchive does not read", file, name);
	}
	return SW_OK;
}

static enum sw_status tell(struct decompress *d, struct sw_err *err)
{
	const char *text = d->lib.error_string(d->archive);

	if (d->failed) {
		if (err)
			*err = d->err;
		return SW_EREAD;
	}
	return base_error_set(err, SW_EREAD, "%s: damaged %s data: %s",
	    d->file, d->name, text ? text : "no reason given");
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

/* Have octets of input; false: the end, or an error that is kept. */
static bool has_input(struct decompress *d)
{
	size_t got = 0;

	if (d->z.avail_in > 0)
		return true;
	if (d->read(d->ctx, d->input, sizeof(d->input), &got, &d->err) !=
	    SW_OK)
		d->failed = true;
	d->z.next_in = d->input;
	d->z.avail_in = (unsigned)got;
	return got > 0;
}

static bool is_zeros(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static enum sw_status tell_behind(struct decompress *d, struct sw_err *err)
{
	return base_error_set(err, SW_EREAD, "%s: what stands behind the end "
	    "of the %s data is not read", d->file, d->name);
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
	d->z.next_in = d->input + d->fed_last - left;
	d->z.avail_in = (unsigned)left;
	while (has_input(d)) {
		if (!is_zeros(d->z.next_in, d->z.avail_in))
			return tell_behind(d, err);
		d->z.avail_in = 0;
	}
	return d->failed ? tell(d, err) : SW_OK;
}

/* What went wrong, once; then it is the end. */
static enum sw_status tell_gzip(struct decompress *d, struct sw_err *err)
{
	d->end = true;
	if (d->failed) {
		if (err)
			*err = d->err;
		return SW_EREAD;
	}
	return base_error_set(err, SW_EREAD, "%s: damaged gzip data: %s",
	    d->file, d->z.msg ? d->z.msg : "it is cut");
}

static enum sw_status read_gzip(struct decompress *d, uint8_t *buf,
    size_t len, size_t *got_r, struct sw_err *err)
{
	d->z.next_out = buf;
	d->z.avail_out = len < UINT32_MAX ? (unsigned)len : UINT32_MAX;
	len = d->z.avail_out;
	while (d->z.avail_out == len && !d->end) {
		int r;

		if (!has_input(d)) {
			if (d->member || d->failed)
				return tell_gzip(d, err);
			d->end = true;
			break;
		}
		if (!d->member && d->z.next_in[0] == 0) {
			d->z.next_in++;
			d->z.avail_in--;
			continue;
		}
		if (!d->member) { /* another one? */
			d->member = d->z.next_in[0] == 0x1f &&
			    inflateReset(&d->z) == Z_OK;
			d->end = !d->member;
			if (d->end)
				return tell_behind(d, err);
			continue;
		}
		r = inflate(&d->z, Z_NO_FLUSH);
		d->member = r != Z_STREAM_END;
		if (r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR)
			continue;
		*got_r = len - d->z.avail_out;
		if (*got_r == 0)
			return tell_gzip(d, err);
		/* zlib says so again when it is called again. */
		return SW_OK;
	}
	*got_r = len - d->z.avail_out;
	return SW_OK;
}

enum sw_status decompress_read(struct decompress *d, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	*got_r = 0;
	if (!d->archive)
		return read_gzip(d, buf, len, got_r, err);
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

void decompress_free(struct decompress **d)
{
	if (!*d)
		return;
	if ((*d)->archive)
		(*d)->lib.read_free((*d)->archive);
	if ((*d)->z_ready)
		inflateEnd(&(*d)->z);
	free(*d);
	*d = NULL;
}
