/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret.c - what keys hash tables */
#include "base/secret.h"

#include <string.h>

#include <sys/auxv.h>
#include <sys/random.h>

#include "base/hash.h"

/* Mixed, as the C library keys with the same octets what protects the stack. */
static uint64_t of_the_start(void)
{
	const void *given = (const void *)getauxval(AT_RANDOM);
	uint64_t words[2] = { 0, 0 };

	if (given)
		memcpy(words, given, sizeof(words));
	return hash_mix(words[0], words[1] | 1);
}

uint64_t base_secret(void)
{
	uint64_t secret;

	if (getrandom(&secret, sizeof(secret), GRND_NONBLOCK) ==
	    (ssize_t)sizeof(secret))
		return secret;
	return of_the_start();
}
