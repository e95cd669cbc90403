/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_odbc_name.c - names of tables in databases, and what is told of them */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "logs/odbc.h"

#ifdef SW_ODBC

#include "logs/odbc_internal.h"

static void init(struct odbc *o, size_t max)
{
	memset(o, 0, sizeof(*o));
	buffer_init(&o->words, max);
	buffer_init(&o->name, max);
	buffer_init(&o->table, max);
	buffer_init(&o->secret, max);
}

static void fini(struct odbc *o)
{
	buffer_fini(&o->words);
	buffer_fini(&o->name);
	buffer_fini(&o->table);
	buffer_fini(&o->secret);
}

static void is(const struct buffer *b, const char *text)
{
	assert_int_equal(b->len, strlen(text));
	if (b->len > 0)
		assert_memory_equal(b->p, text, b->len);
}

static const struct {
	const char *name, *words, *told, *table, *secret;
} names[] = {
	{ "odbc:DSN=logs", "DSN=logs", "odbc:DSN=logs;TABLE=InternetLog",
	    "InternetLog", "" },
	{ "odbc:DSN=logs;TABLE=mail;UID=u;PWD=p", "DSN=logs;UID=u;PWD=p",
	    "odbc:DSN=logs;TABLE=mail", "mail", "p" },
	{ "odbc:dsn=logs; pwd = x;table={a;b}", "dsn=logs; pwd = x",
	    "odbc:dsn=logs;table={a;b}", "a;b", "x" },
	{ "odbc:DSN=l;PASSWORD={a}b;c};X", "DSN=l;PASSWORD={a}b;c};X",
	    "odbc:DSN=l;TABLE=InternetLog", "InternetLog", "{a}b" },
	{ "odbc:;;TABLE={open", "", "odbc:TABLE={open", "{open", "" },
	{ "odbc:DSN=l;PWD= {s} ", "DSN=l;PWD= {s} ",
	    "odbc:DSN=l;TABLE=InternetLog", "InternetLog", "s" },
	{ "odbc:DSN={a;PWD=p", "DSN={a;PWD=p",
	    "odbc:DSN={a;TABLE=InternetLog", "InternetLog", "p" },
	{ "odbc:", "", "odbc:TABLE=InternetLog", "InternetLog", "" },
};

static void test_words(void **state)
{
	struct odbc o;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		init(&o, 1000);
		assert_true(log_odbc_is_name(names[i].name));
		assert_int_equal(odbc_name_parse(&o, names[i].name, NULL),
		    SW_OK);
		is(&o.words, names[i].words);
		is(&o.name, names[i].told);
		is(&o.table, names[i].table);
		is(&o.secret, names[i].secret);
		fini(&o);
	}
}

static void test_too_long(void **state)
{
	struct sw_err err;
	struct odbc o;

	(void)state;
	init(&o, 20);
	assert_int_equal(odbc_name_parse(&o, "odbc:DSN=logs;TABLE=mail", &err),
	    SW_EREAD);
	assert_non_null(strstr(err.text, "too long"));
	fini(&o);
}

/* Whatever a driver quotes of the connection. */
static void test_hide(void **state)
{
	static const char *const cases[][3] = {
		{ "login as u, s3cret failed; S3CRET", "s3cret",
		    "login as u, *** failed; ***" },
		{ "s3crets3cret", "s3cret", "******" },
		{ "nothing", "s3cret", "nothing" },
		{ "no secret", "", "no secret" },
		{ "", "s3cret", "" },
	};
	struct buffer b;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buffer_init(&b, 1000);
		odbc_name_hide(&b, slice_str(cases[i][0]),
		    slice_str(cases[i][1]));
		is(&b, cases[i][2]);
		buffer_fini(&b);
	}
}

/* Whichever of them the driver heeds. */
static void test_two_passwords(void **state)
{
	struct buffer b;
	struct odbc o;

	(void)state;
	init(&o, 1000);
	assert_int_equal(odbc_name_parse(&o,
	    "odbc:PWD=one;DSN=l;PASSWORD={one;two};PWD=", NULL), SW_OK);
	buffer_init(&b, 1000);
	odbc_name_hide(&b, slice_str("ONE, {one;two}, two"),
	    buffer_slice(&o.secret));
	is(&b, "***, {***}, two");
	buffer_fini(&b);
	fini(&o);
}
#else
static void test_words(void **state)
{
	(void)state;
	skip();
}
#define test_too_long test_words
#define test_hide test_words
#define test_two_passwords test_words
#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_hide),
		cmocka_unit_test(test_two_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
