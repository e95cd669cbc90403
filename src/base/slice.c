/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slice.c - comparing and cutting borrowed octets */
#include "base/slice.h"

bool slice_eq_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && slice_has_prefix_nocase(a, b);
}

bool slice_has_prefix_nocase(struct slice s, struct slice prefix)
{
	size_t i;

	if (prefix.len > s.len)
		return false;
	for (i = 0; i < prefix.len; i++) {
		uint8_t a = s.p[i], b = prefix.p[i];

		if (a != b && ascii_lower(a) != ascii_lower(b))
			return false;
	}
	return true;
}

size_t slice_find_nocase(struct slice s, struct slice needle)
{
	uint8_t first, bit;
	size_t i, starts;

	if (needle.len == 0)
		return 0;
	if (needle.len > s.len)
		return s.len;
	starts = s.len - needle.len + 1;
	first = ascii_lower(needle.p[0]);
	bit = first >= 'a' && first <= 'z' ? 0x20 : 0;
	for (i = 0; i < starts; i++) {
		if (!bit) { /* it has no case */
			const uint8_t *at = memchr(s.p + i, first,
			    starts - i);

			if (!at)
				break;
			i = (size_t)(at - s.p);
		} else if ((s.p[i] | bit) != first) {
			continue;
		}
		if (slice_has_prefix_nocase(slice_from(s, i), needle))
			return i;
	}
	return s.len;
}

bool slice_to_u64(struct slice s, uint64_t *value_r)
{
	uint64_t v = 0;
	size_t i;

	if (s.len == 0)
		return false;
	for (i = 0; i < s.len; i++) {
		uint64_t digit;

		if (!ascii_is_digit(s.p[i]))
			return false;
		digit = (uint64_t)(s.p[i] - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*value_r = v;
	return true;
}
