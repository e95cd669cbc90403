/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret.h - what keys hash tables, so that strangers cannot choose what
 * collides */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdint.h>

/* Another number in every process, not to be told by what it does.  Never
 * waits and never fails: before the system has gathered entropy, it is made of
 * what the kernel gave the process at its start (AT_RANDOM, getauxval(3)). */
uint64_t base_secret(void);

#endif
