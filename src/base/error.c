/* SPDX-License-Identifier: GPL-2.0-or-later */
/* error.c - filling a struct sw_err */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

#undef base_error_set
#undef base_error_at

static void fill(struct sw_err *err, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void fill(struct sw_err *err, const char *format, va_list ap)
{
	char *c;

	if (vsnprintf(err->text, sizeof(err->text), format, ap) < 0)
		err->text[0] = '\0';
	for (c = err->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

enum sw_status base_error_set(struct sw_err *err, enum sw_status status,
    const char *format, ...)
{
	va_list ap;

	if (!err)
		return status;
	err->status = status;
	err->offset = 0;
	va_start(ap, format);
	fill(err, format, ap);
	va_end(ap);
	return status;
}

enum sw_status base_error_at(struct sw_err *err, enum sw_status status,
    uint64_t offset, const char *format, ...)
{
	va_list ap;

	if (!err)
		return status;
	err->status = status;
	err->offset = offset;
	va_start(ap, format);
	fill(err, format, ap);
	va_end(ap);
	return status;
}
