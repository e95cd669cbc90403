/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decompress_internal.h - what decompress.c and decompress_stream.c share;
 * nobody else in src/ includes it
 */
#ifndef BASE_DECOMPRESS_INTERNAL_H
#define BASE_DECOMPRESS_INTERNAL_H

#include "base/decompress.h"

#define DECOMPRESS_INPUT 65536

/* Compressed octets, as they are read. */
struct decompress_input {
	const char *name; /* of the compression, static */
	const char *file; /* the source's */
	decompress_read_fn read;
	void *ctx;
	struct slice rest; /* of those read last */
	struct sw_err err; /* of reading */
	bool failed, ended;
	uint8_t octets[DECOMPRESS_INPUT];
};

/* Read on if nothing is left of what was read last; false: the end, behind
 * which nothing is read, or an error that is kept. */
bool decompress_has_input(struct decompress_input *in);
/* SW_EREAD, with the error of reading if there was one, else that the data is
 * damaged, and why; NULL: it is cut. */
enum sw_status decompress_tell(const struct decompress_input *in,
    const char *why, struct sw_err *err);
/* SW_EREAD: there is something behind the end. */
enum sw_status decompress_tell_behind(const struct decompress_input *in,
    struct sw_err *err);

/* --- decompress_stream.c -------------------------------------------------- */

/* gzip, xz, zstd or bzip2: whatever can be decoded is handed out. */
struct stream;

/* Can the compression of that name be read as a stream? */
bool decompress_stream_knows(const char *name);
/* *s_r is freed by its caller, also if this fails: SW_EFORMAT, SW_ENOMEM. */
enum sw_status decompress_stream_new(struct decompress_input *in,
    struct stream **s_r, struct sw_err *err) SW_MUST_USE;
/* As decompress_read(). */
enum sw_status decompress_stream_read(struct stream *s, uint8_t *buf,
    size_t len, size_t *got_r, struct sw_err *err) SW_MUST_USE;
void decompress_stream_free(struct stream **s);

#endif
