/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decompress_stream.c - gzip, xz, zstd and bzip2 by the library of each
 *
 * libarchive's filters fill 64 KiB or more before they hand out anything, and
 * drop what they have when the input then turns out to be cut, or to have
 * something behind its end: of a small file nothing would be left.  The
 * libraries of each give all there is.
 *
 * Theory of operation.  A file is a row of members (gzip: members, xz: streams,
 * zstd: frames), each decoded by itself; zeros between and behind them are
 * padding, anything else that begins none is told.
 */
#include "base/decompress_internal.h"

#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/library.h"

#define BZIP2_LIBRARY "libbz2.so.1.0"
#define XZ_LIBRARY "liblzma.so.5"
#define ZSTD_LIBRARY "libzstd.so.1"
/* What an xz file may ask for to be decoded; `xz -9` takes 65 MiB. */
#define XZ_MEMORY (UINT64_C(1) << 30)

/* Functions of the libraries that are loaded when a file needs them. */
struct xz_functions {
	__typeof__(lzma_stream_decoder) *stream_decoder;
	__typeof__(lzma_code) *code;
	__typeof__(lzma_end) *end;
};

struct zstd_functions {
	__typeof__(ZSTD_createDStream) *create;
	__typeof__(ZSTD_freeDStream) *free;
	__typeof__(ZSTD_initDStream) *init;
	__typeof__(ZSTD_decompressStream) *decompress;
	__typeof__(ZSTD_getErrorCode) *error_code;
	__typeof__(ZSTD_getErrorName) *error_name;
};

struct bzip2_functions {
	__typeof__(BZ2_bzDecompressInit) *init;
	__typeof__(BZ2_bzDecompress) *decompress;
	__typeof__(BZ2_bzDecompressEnd) *end;
};

enum step { STEP_MORE, STEP_END, STEP_BAD, STEP_NOMEM };

struct codec;

struct stream {
	const struct codec *codec;
	struct decompress_input *in;
	bool member;     /* it is within one */
	bool end;        /* of the input, or of what can be read of it */
	bool full;       /* the decoder may have more than had room */
	bool bad;        /* to be told: */
	const char *why; /* static, or the library's */
	z_stream z;
	bool z_ready;
	lzma_stream xz;
	struct xz_functions xz_lib;
	ZSTD_DStream *zstd;
	struct zstd_functions zstd_lib;
	size_t zstd_want; /* octets of input that it asks for */
	bz_stream bz;
	bool bz_ready;
	struct bzip2_functions bzip2_lib;
};

/*
 * begin: the next member follows; SW_EFORMAT: the library is not there,
 * SW_ENOMEM.  step: decode from *in, which goes on, into buf, of which *len is
 * set to what was used; STEP_END: the member ended.
 */
struct codec {
	const char *name, *library;
	bool (*can_begin)(uint8_t first);
	enum sw_status (*begin)(struct stream *s);
	enum step (*step)(struct stream *s, struct slice *in, uint8_t *buf,
	    size_t *len);
};

/* --- gzip (RFC 1952) ------------------------------------------------------ */

static bool gzip_can_begin(uint8_t first)
{
	return first == 0x1f;
}

static enum sw_status gzip_begin(struct stream *s)
{
	if (s->z_ready)
		return inflateReset(&s->z) == Z_OK ? SW_OK : SW_ENOMEM;
	/* 16: with gzip's header and check. */
	s->z_ready = inflateInit2(&s->z, 15 + 16) == Z_OK;
	return s->z_ready ? SW_OK : SW_ENOMEM;
}

static unsigned to_unsigned(size_t n)
{
	return n < UINT32_MAX ? (unsigned)n : UINT32_MAX;
}

static enum step gzip_step(struct stream *s, struct slice *in, uint8_t *buf,
    size_t *len)
{
	unsigned given = to_unsigned(in->len), room = to_unsigned(*len);
	int r;

	s->z.next_in = in->p;
	s->z.avail_in = given;
	s->z.next_out = buf;
	s->z.avail_out = room;
	r = inflate(&s->z, Z_NO_FLUSH);
	*in = slice_from(*in, given - s->z.avail_in);
	*len = room - s->z.avail_out;
	if (r == Z_OK || r == Z_BUF_ERROR)
		return STEP_MORE;
	if (r == Z_STREAM_END)
		return STEP_END;
	s->why = s->z.msg ? s->z.msg : "it is corrupt";
	return r == Z_MEM_ERROR ? STEP_NOMEM : STEP_BAD;
}

/* --- xz ------------------------------------------------------------------- */

static bool xz_can_begin(uint8_t first)
{
	return first == 0xfd;
}

static enum sw_status xz_begin(struct stream *s)
{
	const struct library_function functions[] = {
		{ "lzma_stream_decoder", &s->xz_lib.stream_decoder },
		{ "lzma_code", &s->xz_lib.code },
		{ "lzma_end", &s->xz_lib.end }
	};

	if (!s->xz_lib.end && !library_load(XZ_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0])))
		return SW_EFORMAT;
	return s->xz_lib.stream_decoder(&s->xz, XZ_MEMORY, 0) == LZMA_OK ?
	    SW_OK : SW_ENOMEM;
}

static enum step xz_step(struct stream *s, struct slice *in, uint8_t *buf,
    size_t *len)
{
	lzma_ret r;

	s->xz.next_in = in->p;
	s->xz.avail_in = in->len;
	s->xz.next_out = buf;
	s->xz.avail_out = *len;
	r = s->xz_lib.code(&s->xz, LZMA_RUN);
	*in = slice_from(*in, in->len - s->xz.avail_in);
	*len -= s->xz.avail_out;
	switch (r) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return STEP_MORE;
	case LZMA_STREAM_END:
		return STEP_END;
	case LZMA_MEM_ERROR:
		return STEP_NOMEM;
	case LZMA_MEMLIMIT_ERROR:
		s->why = "it asks for more than 1 GiB of memory";
		return STEP_BAD;
	case LZMA_OPTIONS_ERROR:
		s->why = "its options are unknown";
		return STEP_BAD;
	default:
		s->why = "it is corrupt";
		return STEP_BAD;
	}
}

/* --- zstd (RFC 8878) ------------------------------------------------------ */

/* A frame, or one that is to be skipped: pzstd and others write such. */
static bool zstd_can_begin(uint8_t first)
{
	return first == 0x28 || (first & 0xf0) == 0x50;
}

static enum sw_status zstd_begin(struct stream *s)
{
	const struct library_function functions[] = {
		{ "ZSTD_createDStream", &s->zstd_lib.create },
		{ "ZSTD_freeDStream", &s->zstd_lib.free },
		{ "ZSTD_initDStream", &s->zstd_lib.init },
		{ "ZSTD_decompressStream", &s->zstd_lib.decompress },
		{ "ZSTD_getErrorCode", &s->zstd_lib.error_code },
		{ "ZSTD_getErrorName", &s->zstd_lib.error_name }
	};

	if (!s->zstd_lib.init && !library_load(ZSTD_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0])))
		return SW_EFORMAT;
	if (!s->zstd)
		s->zstd = s->zstd_lib.create();
	if (!s->zstd)
		return SW_ENOMEM;
	s->zstd_want = s->zstd_lib.init(s->zstd);
	return SW_OK;
}

/*
 * A call that fails does not say what it has decoded before.  So it gets one
 * block, without the header of the next for which it asks as well, and nothing
 * while it has more to hand out.
 */
static size_t zstd_most(const struct stream *s, size_t len)
{
	enum { BLOCK_HEADER = 3 };
	size_t most = s->zstd_want;

	if (s->full)
		return 0;
	if (most > BLOCK_HEADER)
		most -= BLOCK_HEADER;
	return len < most ? len : most;
}

static enum step zstd_step(struct stream *s, struct slice *in, uint8_t *buf,
    size_t *len)
{
	ZSTD_inBuffer from = { in->p, zstd_most(s, in->len), 0 };
	ZSTD_outBuffer to = { buf, *len, 0 };
	size_t r = s->zstd_lib.decompress(s->zstd, &to, &from);

	*in = slice_from(*in, from.pos);
	*len = to.pos;
	s->zstd_want = r;
	if (r == 0)
		return STEP_END;
	switch (s->zstd_lib.error_code(r)) {
	case ZSTD_error_no_error:
		return STEP_MORE;
	case ZSTD_error_memory_allocation:
		return STEP_NOMEM;
	default:
		s->why = s->zstd_lib.error_name(r);
		return STEP_BAD;
	}
}

/* --- bzip2 ---------------------------------------------------------------- */

static bool bzip2_can_begin(uint8_t first)
{
	return first == 'B';
}

static enum sw_status bzip2_begin(struct stream *s)
{
	const struct library_function functions[] = {
		{ "BZ2_bzDecompressInit", &s->bzip2_lib.init },
		{ "BZ2_bzDecompress", &s->bzip2_lib.decompress },
		{ "BZ2_bzDecompressEnd", &s->bzip2_lib.end }
	};

	if (!s->bzip2_lib.end && !library_load(BZIP2_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0])))
		return SW_EFORMAT;
	if (s->bz_ready)
		s->bzip2_lib.end(&s->bz);
	memset(&s->bz, 0, sizeof(s->bz));
	s->bz_ready = s->bzip2_lib.init(&s->bz, 0, 0) == BZ_OK;
	return s->bz_ready ? SW_OK : SW_ENOMEM;
}

static enum step bzip2_step(struct stream *s, struct slice *in, uint8_t *buf,
    size_t *len)
{
	unsigned given = to_unsigned(in->len), room = to_unsigned(*len);
	int r;

	s->bz.next_in = (char *)(uintptr_t)in->p;
	s->bz.avail_in = given;
	s->bz.next_out = (char *)buf;
	s->bz.avail_out = room;
	r = s->bzip2_lib.decompress(&s->bz);
	*in = slice_from(*in, given - s->bz.avail_in);
	*len = room - s->bz.avail_out;
	if (r == BZ_OK)
		return STEP_MORE;
	if (r == BZ_STREAM_END)
		return STEP_END;
	s->why = "it is corrupt";
	return r == BZ_MEM_ERROR ? STEP_NOMEM : STEP_BAD;
}

/* --- any ------------------------------------------------------------------ */

static const struct codec codecs[] = {
	{ "gzip", "zlib", gzip_can_begin, gzip_begin, gzip_step },
	{ "xz", XZ_LIBRARY, xz_can_begin, xz_begin, xz_step },
	{ "zstd", ZSTD_LIBRARY, zstd_can_begin, zstd_begin, zstd_step },
	{ "bzip2", BZIP2_LIBRARY, bzip2_can_begin, bzip2_begin, bzip2_step },
};

static const struct codec *find_codec(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (strcmp(codecs[i].name, name) == 0)
			return &codecs[i];
	return NULL;
}

bool decompress_stream_knows(const char *name)
{
	return find_codec(name) != NULL;
}

static enum sw_status no_memory(struct sw_err *err)
{
	return base_error_set(err, SW_ENOMEM, "out of memory");
}

enum sw_status decompress_stream_new(struct decompress_input *in,
    struct stream **s_r, struct sw_err *err)
{
	struct stream *s = calloc(1, sizeof(*s));
	enum sw_status status;

	*s_r = s;
	if (!s)
		return no_memory(err);
	s->codec = find_codec(in->name);
	s->in = in;
	status = s->codec->begin(s);
	s->member = status == SW_OK;
	if (status == SW_EFORMAT)
		return base_error_set(err, status, "%s: compressed with %s, "
		    "and %s cannot be loaded", in->file, in->name,
		    s->codec->library);
	return status == SW_OK ? SW_OK : no_memory(err);
}

/* Between members: on to the next one, or to the end. */
static enum sw_status next_member(struct stream *s, struct sw_err *err)
{
	struct decompress_input *in = s->in;
	enum sw_status status;

	while (in->rest.len > 0 && in->rest.p[0] == 0)
		in->rest = slice_from(in->rest, 1);
	if (in->rest.len == 0)
		return SW_OK;
	if (!s->codec->can_begin(in->rest.p[0])) {
		s->end = true;
		return decompress_tell_behind(in, err);
	}
	status = s->codec->begin(s);
	s->member = status == SW_OK;
	s->end = !s->member;
	return s->member ? SW_OK : no_memory(err);
}

/* What went wrong, once; then it is the end. */
static enum sw_status tell(struct stream *s, struct sw_err *err)
{
	s->end = true;
	return decompress_tell(s->in, s->why, err);
}

/* Also without input: what had no room comes before more is read, which may
 * mean to wait. */
static enum sw_status decode(struct stream *s, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	bool ended = s->in->rest.len == 0 && !s->full;
	size_t room = len;
	enum step step = s->codec->step(s, &s->in->rest, buf, &len);

	s->full = step == STEP_MORE && len == room;
	switch (step) {
	case STEP_MORE:
		*got_r = len;
		return ended && len == 0 ? tell(s, err) : SW_OK;
	case STEP_END:
		s->member = false;
		break;
	case STEP_BAD:
		s->bad = true; /* what was decoded before it comes first */
		break;
	case STEP_NOMEM:
		s->end = true;
		return no_memory(err);
	}
	*got_r = len;
	return SW_OK;
}

enum sw_status decompress_stream_read(struct stream *s, uint8_t *buf,
    size_t len, size_t *got_r, struct sw_err *err)
{
	*got_r = 0;
	while (*got_r == 0 && !s->end) {
		enum sw_status status = SW_OK;

		if (s->bad)
			return tell(s, err);
		if (!s->full && !decompress_has_input(s->in) && !s->member) {
			s->end = true;
			if (s->in->failed)
				return tell(s, err);
		} else if (s->member) {
			status = decode(s, buf, len, got_r, err);
		} else {
			status = next_member(s, err);
		}
		if (status != SW_OK)
			return status;
	}
	return SW_OK;
}

void decompress_stream_free(struct stream **stream)
{
	struct stream *s = *stream;

	if (!s)
		return;
	*stream = NULL;
	if (s->z_ready)
		inflateEnd(&s->z);
	if (s->xz_lib.end)
		s->xz_lib.end(&s->xz);
	if (s->zstd)
		s->zstd_lib.free(s->zstd);
	if (s->bz_ready)
		s->bzip2_lib.end(&s->bz);
	free(s);
}
