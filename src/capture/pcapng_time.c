/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcapng_time.c - the units of time of interfaces in pcapng */
#include "capture/pcapng_internal.h"

static uint64_t power_of_10(unsigned n)
{
	uint64_t v = 1;

	for (; n > 0 && n < 20; n--)
		v *= 10;
	return v;
}

void pcapng_set_unit(struct pcapng_interface *i, uint8_t tsresol)
{
	i->binary = tsresol & 0x80;
	i->exponent = tsresol & 0x7f;
	i->mul = i->div = 1;
	if (i->binary) {
		i->resolution_ns = i->exponent < 30 ?
		    NS_PER_S >> i->exponent : 1;
	} else if (i->exponent <= 9) {
		i->mul = power_of_10(9 - i->exponent);
		i->resolution_ns = (int64_t)i->mul;
	} else {
		/* Below 10^-28 nothing of 64 bits is left. */
		i->div = i->exponent <= 28 ? power_of_10(i->exponent - 9u) :
		    UINT64_MAX;
		i->resolution_ns = 1;
	}
}

/* Units of 2^-n seconds. */
static int64_t binary_to_ns(uint64_t units, unsigned n)
{
	uint64_t s = n < 64 ? units >> n : 0;
	uint64_t fraction; /* in units of 2^-64 s */
	uint64_t high, low;

	if (s > INT64_MAX / NS_PER_S - 1)
		return SW_NO_TIME;
	if (n == 0)
		fraction = 0;
	else if (n <= 64)
		fraction = units << (64 - n);
	else
		fraction = units >> (n - 64);
	high = (fraction >> 32) * (uint64_t)NS_PER_S;
	low = (fraction & UINT32_MAX) * (uint64_t)NS_PER_S >> 32;
	return (int64_t)(s * (uint64_t)NS_PER_S + ((high + low) >> 32));
}

int64_t pcapng_to_ns(const struct pcapng_interface *i, uint64_t units)
{
	int64_t ns;

	if (i->binary)
		ns = binary_to_ns(units, i->exponent);
	else if (i->div > 1)
		ns = (int64_t)(units / i->div); /* at most 2^64 / 10 */
	else if (units <= (uint64_t)INT64_MAX / i->mul)
		ns = (int64_t)(units * i->mul);
	else if (0 - units <= (uint64_t)INT64_MAX / i->mul)
		/* Written by who takes it as signed: before 1970. */
		ns = -(int64_t)((0 - units) * i->mul);
	else
		return SW_NO_TIME;
	return i->offset_ns == 0 ? ns : clock_add(ns, i->offset_ns);
}
