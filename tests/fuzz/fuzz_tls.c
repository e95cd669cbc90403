/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_tls.c - the TLS observer on any octets
 *
 * Input: chunks of a header octet (top bit: the server's; then a length of
 * 0 to 126 octets, 127: all the rest) and the octets.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "smtp/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_make(slice_make(data, size));
	struct tls_observer o;
	struct tls_facts f;

	tls_observer_init(&o);
	while (cursor_left(&c) > 0) {
		uint8_t head = cursor_u8(&c);
		enum sw_role by = head & 0x80 ? SW_SERVER : SW_CLIENT;
		size_t len = head & 0x7f;
		struct slice octets;

		if (len == 127 || len > cursor_left(&c))
			len = cursor_left(&c);
		octets = cursor_take(&c, len);
		if (head == 0xff && len == 0)
			tls_observer_gap(&o, by);
		tls_looks_like_client_hello(octets);
		tls_observer_feed(&o, by, octets);
	}
	f = tls_observer_facts(&o);
	if (f.octets.client + f.octets.server > (int64_t)size ||
	    f.subject.len > LIMIT_TLS_NAME || f.sni.len > LIMIT_TLS_NAME)
		abort();
	tls_observer_fini(&o);
	return 0;
}
