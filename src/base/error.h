/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error.h - filling a struct sw_err */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <smtpwire/error.h>

/*
 * Fill err (may be NULL) with status and a sentence made as printf makes it,
 * cut at the size of err->text, control characters replaced by '?'.
 * Returns status.
 */
enum sw_status base_error_set(struct sw_err *err, enum sw_status status,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, with the offset or line that it concerns. */
enum sw_status base_error_at(struct sw_err *err, enum sw_status status,
    uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#ifdef __clang_analyzer__
/* What clang's analyzer cannot see from here: they return status. */
static inline enum sw_status base_error_seen(enum sw_status status,
    enum sw_status same)
{
	(void)same;
	return status;
}
#define base_error_set(err, status, ...) \
	base_error_seen(status, base_error_set(err, status, __VA_ARGS__))
#define base_error_at(err, status, ...) \
	base_error_seen(status, base_error_at(err, status, __VA_ARGS__))
#endif

#endif
