/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_odbc.c - a table of a database, by a driver that does what a script says
 *
 * Input: the words of a connection up to the end of a line; then numbers of one
 * octet: which driver it is, how names are quoted, which call fails (of those
 * that can), bits (enum how); then the tables there are (their number; of each
 * schema and name), the columns (their number; their names), and rows up to the
 * end.  A text is its length, or above LONGEST an enum text, and its octets.
 *
 * Each row that was fetched is a line of the log, and what is told is harmless.
 * No question has a name in it that is not quoted as the driver quotes, and
 * none does more than ask.  The password is never told.  What fails is told
 * once, and all that was made is given back.
 */
#define _GNU_SOURCE /* memfd_create, strcasestr */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef SW_ODBC

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}

#else

#include <smtpwire/smtpwire.h>

#include "api/reader.h"
#include "fuzz/false_driver.h"

/* As the driver is told it, which quotes it when it fails. */
#define PASSWORD ";PWD=" SECRET

struct run {
	char name[600];
	struct sw_reader *reader;
	uint64_t harmless; /* octets told */
};

static void check_error(const struct sw_err *err)
{
	require(err->status == SW_EREAD || err->status == SW_EFORMAT);
	require(strncmp(err->text, "odbc:", 5) == 0);
	require(!strcasestr(err->text, SECRET));
}

static void tell_sessions(struct run *r)
{
	const struct sw_print_options o = { .form = SW_FORM_JSONL };
	const struct sw_session *s;
	struct sw_printer *p;
	bool failed = false;
	struct sw_err err;
	int got, error;

	require(sw_printer_new(&o, take_harmless, &r->harmless, &p) == SW_OK);
	while ((got = sw_reader_next(r->reader, &s, &err)) != 0) {
		if (got > 0) {
			require(sw_printer_session(p, s, &error) == SW_OK);
			continue;
		}
		check_error(&err);
		require(!failed);
		failed = true;
	}
	/* Else it was not opened. */
	require(failed || !driver.failed);
	driver.refused = failed && !driver.failed;
	sw_printer_free(&p);
}

static void check_account(struct run *r)
{
	const struct sw_account *a = sw_reader_account(r->reader);
	require(sw_account_write(a, true, take_harmless, &r->harmless) ==
	    SW_OK);
	require(a->a.counters[ACCOUNT_LINES] == driver.rows +
	    !driver.refused);
	while (sw_reader_warning(r->reader))
		;
}

static void run(struct run *r)
{
	const char *name = r->name;
	struct sw_options o;
	struct sw_err err;

	sw_options_init(&o);
	require(sw_reader_open(&o, &name, 1, &r->reader, &err) == SW_OK);
	tell_sessions(r);
	check_account(r);
	sw_reader_free(&r->reader);
}

/* The password stands in front of the other words, or behind them. */
static void make_name(struct run *r, const uint8_t *p, size_t len, bool behind)
{
	int most = (int)(len < 400 ? len : 400);

	if (behind)
		snprintf(r->name, sizeof(r->name), "odbc:%.*s" PASSWORD, most,
		    (const char *)p);
	else
		snprintf(r->name, sizeof(r->name), "odbc:x=y" PASSWORD
		    ";%.*s", most, (const char *)p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *lf = size > 0 ? memchr(data, '\n', size) : NULL;
	struct run r = { .name = "" };
	size_t len;

	if (!lf)
		return 0;
	len = (size_t)(lf - data);
	driver_init(slice_make(lf + 1, size - len - 1));
	make_name(&r, data, len, driver.how & PASSWORD_BEHIND);
	/* Who tells it as something else must not wonder. */
	if (slice_find_nocase(slice_make(data, len), slice_str(SECRET)) == len)
		run(&r);
	driver_fini();
	return 0;
}

#endif
