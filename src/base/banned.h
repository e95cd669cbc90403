/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * banned.h - functions that are not used here
 *
 * Included by the compiler's -include for every file of src/, after the
 * system's headers have been read by the files that need them; the lint
 * script checks the sources for the same names.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H
#if defined(__GNUC__)
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison strtok_r atoi atol strtol strtoul strtoll strtoull
#pragma GCC poison localtime gmtime ctime asctime mktemp alloca
#endif
#endif
