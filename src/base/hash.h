/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hash.h - mixing words for hash tables
 *
 * One multiplication of 64 by 64 bits, its halves folded (as wyhash and its
 * kin do).  Keyed by a random secret in b it is good enough that nobody who
 * does not know the secret can choose collisions; without one it only
 * spreads.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
	__extension__ typedef unsigned __int128 uint128;
	uint128 product = (uint128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t al = (uint32_t)a, ah = a >> 32;
	uint64_t bl = (uint32_t)b, bh = b >> 32;
	uint64_t low = al * bl, high = ah * bh;
	uint64_t m1 = ah * bl + (low >> 32);
	uint64_t m2 = al * bh + (uint32_t)m1;

	low = m2 << 32 | (uint32_t)low;
	high += (m1 >> 32) + (m2 >> 32);
	return low ^ high;
#endif
}

#endif
