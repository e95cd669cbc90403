/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_log.c - any family of logs from any octets
 *
 * First octet: the size of the pieces in which the log is fed; then the name
 * of the family up to the first LF (another name: the family is that of the
 * probe, or none); then the log.  What comes of it must not depend on the
 * pieces.
 */
#include "../unit/log_dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct log_format *named(struct slice name)
{
	size_t i;

	for (i = 0; log_formats[i]; i++)
		if (slice_eq(slice_str(log_formats[i]->name), name))
			return log_formats[i];
	return NULL;
}

/* The first that takes it; all are asked. */
static const struct log_format *probed(struct slice text)
{
	const struct log_format *found = NULL;
	struct slice head;
	struct buffer b;
	size_t i;

	buffer_init(&b, 2 * LIMIT_LOG_PROBE);
	if (log_lines_head(slice_head(text, LIMIT_LOG_PROBE), &b, &head))
		for (i = 0; log_formats[i]; i++)
			if (log_formats[i]->probe(head) && !found)
				found = log_formats[i];
	buffer_fini(&b);
	return found;
}

static void check(const struct log_format *f, struct slice text,
    size_t piece)
{
	struct buffer whole, pieces;

	buffer_init(&whole, 64 << 20);
	buffer_init(&pieces, 64 << 20);
	if (dump_log(f, "s20040229-00.log", text, text.len + 1, &whole) !=
	    SW_OK || dump_log(f, "s20040229-00.log", text, piece, &pieces) !=
	    SW_OK)
		abort();
	if (!slice_eq(buffer_slice(&whole), buffer_slice(&pieces)))
		abort();
	buffer_fini(&whole);
	buffer_fini(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct log_format *f, *g;
	const uint8_t *lf;
	struct slice text;

	if (size < 1)
		return 0;
	text = slice_make(data + 1, size - 1);
	lf = text.len ? memchr(text.p, '\n', text.len) : NULL;
	f = named(slice_head(text, lf ? (size_t)(lf - text.p) : text.len));
	if (f)
		text = slice_from(text, strlen(f->name) + 1);
	g = probed(text);
	if (!f)
		f = g;
	if (f)
		check(f, text, data[0] % 64u + 1u);
	return 0;
}
