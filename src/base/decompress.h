/* SPDX-License-Identifier: GPL-2.0-or-later */
/* decompress.h - compressed octets to octets (for source.c alone) */
#ifndef BASE_DECOMPRESS_H
#define BASE_DECOMPRESS_H

#include "base/error.h"
#include "base/slice.h"

struct decompress;

/* Octets needed to recognize any compression. */
#define DECOMPRESS_HEAD 10

/* "gzip", "xz", "zstd", "bzip2", "lz4" by the first octets; NULL: none.
 * Static string. */
const char *decompress_probe(struct slice head);

/*
 * Read compressed octets into buf: SW_OK, *got_r 0 at the end; SW_EREAD with
 * err filled.
 */
typedef enum sw_status (*decompress_read_fn)(void *ctx, uint8_t *buf,
    size_t len, size_t *got_r, struct sw_err *err);

/* name: what decompress_probe returned.  Nothing is read yet. */
enum sw_status decompress_new(const char *name, const char *file,
    decompress_read_fn read, void *ctx, struct decompress **d_r,
    struct sw_err *err) SW_MUST_USE;
/* Decompressed octets, at least one unless at the end (*got_r 0). */
enum sw_status decompress_read(struct decompress *d, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err) SW_MUST_USE;
void decompress_free(struct decompress **d);

#endif
