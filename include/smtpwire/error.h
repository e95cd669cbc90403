/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error.h - what can go wrong with a call
 *
 * Malformed input is not an error: it is told as notes of a session and in
 * the account.  Errors are an input that cannot be read at all, no memory,
 * an output that cannot be written, and wrong use.
 */
#ifndef SMTPWIRE_ERROR_H
#define SMTPWIRE_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sw_status {
	SW_OK = 0,
	SW_ENOMEM = -1,  /* memory ran out */
	SW_EREAD = -2,   /* an input cannot be opened or read */
	SW_EFORMAT = -3, /* of no known format */
	SW_EWRITE = -4,  /* an output cannot be written */
	SW_EUSAGE = -5   /* an option or argument is wrong */
};

/* What went wrong, for people.  Given by the caller, may be NULL. */
struct sw_err {
	enum sw_status status;
	uint64_t offset; /* octet or line of the input, 0: none */
	char text[400];  /* one sentence, names the file; NUL-terminated */
};

#if defined(__GNUC__)
#define SW_MUST_USE __attribute__((warn_unused_result))
#else
#define SW_MUST_USE
#endif

#ifdef __cplusplus
}
#endif
#endif
