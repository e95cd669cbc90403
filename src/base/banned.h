/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * banned.h - functions that are not used here
 *
 * The lint script (tests/lint/style.py) reads the names from here and finds
 * them in the sources; a file that includes this last has the compiler find
 * them, too.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H
#if defined(__GNUC__)
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison strtok_r atoi atol strtol strtoul strtoll strtoull
#pragma GCC poison localtime gmtime ctime asctime mktemp alloca
#endif
#endif
