/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_log_iis.c - W3C logs of IIS from any octets
 *
 * First octet: the size of the pieces in which the rest is fed.  What comes
 * of it must not depend on that.
 */
#include "../unit/log_dump.h"

#include "logs/families.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text, head;
	struct buffer whole, pieces, b;

	if (size < 1)
		return 0;
	text = slice_make(data + 1, size - 1);
	buffer_init(&b, 2 * LIMIT_LOG_PROBE);
	if (log_lines_head(slice_head(text, LIMIT_LOG_PROBE), &b, &head))
		log_iis_w3c.probe(head);
	buffer_fini(&b);
	buffer_init(&whole, 64 << 20);
	buffer_init(&pieces, 64 << 20);
	if (dump_log(&log_iis_w3c, "ex040229.log", text, size, &whole) !=
	    SW_OK || dump_log(&log_iis_w3c, "ex040229.log", text,
	    data[0] % 64u + 1u, &pieces) != SW_OK)
		abort();
	if (!slice_eq(buffer_slice(&whole), buffer_slice(&pieces)))
		abort();
	buffer_fini(&whole);
	buffer_fini(&pieces);
	return 0;
}
