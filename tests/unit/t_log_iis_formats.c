/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_log_iis_formats.c - the native and the NCSA format of IIS and dumps of
 * its table: files, orders of dates, zones, what is no row
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cases.h"
#include "logs/families.h"
#include "logs/iis_rows.h"

#define NATIVE "tests/data/iis-native/"
#define NCSA "tests/data/iis-ncsa/"
#define ODBC "tests/data/iis-odbc/"

static void test_cut(void **state)
{
	(void)state;
	check_cut(&log_iis_native, NATIVE "in090423.log");
	check_cut(&log_iis_native, NATIVE "inetsv1.log");
	check_cut(&log_iis_ncsa, NCSA "nc061011.log");
	check_cut_as(&log_iis_odbc, ODBC "insert.log", false);
	check_cut(&log_iis_odbc, ODBC "plain.log");
}

#define ODBC_HEAD "ClientHost,username,LogTime,service,machine,serverip," \
	"processingtime,bytesrecvd,bytessent,servicestatus,win32status," \
	"operation,target,parameters\n"

/* The column in which the log ends may lack its end. */
static void test_cut_columns(void **state)
{
	static const struct {
		const struct log_format *format;
		const char *text, *told;
		size_t count;
	} cases[] = {
		{ &log_iis_native, "192.0.2.1, a, 4/23/2009, 9:47:02, "
		    "SMTPSVC1, MX1, 192.0.2.25, 0, 6, 38, 250, 0, HELO, -, a,",
		    "argument=a octets=8 truncated", 1 },
		{ &log_iis_ncsa, "192.0.2.10 - a [11/Oct/2006:13:16:43 -0600] "
		    "\"HELO -?+a SMTP\" 250 3", "octets=", 0 },
		{ &log_iis_odbc, ODBC_HEAD "192.0.2.1,-,2006-10-09 05:00:15,"
		    "SMTPSVC1,N,192.0.2.25,0,6,38,250,0,HELO,-,a",
		    "argument=a octets=8 truncated", 1 },
		{ &log_iis_odbc, "INSERT INTO inetlog VALUES ('192.0.2.1', "
		    "'-', '2006-10-09 05:00:15', 'SMTPSVC1', 'N', "
		    "'192.0.2.25', 0, 6, 38, 250, 0, 'HELO', '-', 'a')",
		    "truncated", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out;

		run_log(cases[i].format, "x.log", cases[i].text, &out);
		assert_has(&out, "verb=HELO", 1);
		assert_has(&out, cases[i].told, cases[i].count);
		buffer_fini(&out);
	}
}

/* The start of the first session of text under these options. */
static void start_of(const struct log_format *f, const char *name,
    const char *text, const struct log_options *options, struct buffer *out)
{
	struct log_sink sink = { out, dump_session };
	struct account account;
	struct log_reader *l = NULL;
	struct source *s = NULL;
	int n;

	buffer_init(out, 1 << 16);
	account_init(&account);
	assert_int_equal(source_open_memory(slice_str(text), name, &s, NULL),
	    SW_OK);
	assert_int_equal(log_open(s, f, options, &account, &sink, &l, NULL),
	    SW_OK);
	while ((n = log_step(l, NULL)) > 0)
		;
	assert_int_equal(n, 0);
	assert_int_equal(log_end(l), SW_OK);
	log_free(&l);
	source_free(&s);
	account_fini(&account);
}

#define ROW(date) "192.0.2.1, a, " date ", 9:47:02, SMTPSVC1, MX1, " \
	"192.0.2.25, 0, 6, 38, 250, 0, HELO, -, a,\r\n"

static void test_orders(void **state)
{
	static const struct {
		const char *name, *text;
		enum log_date_order order;
		const char *start; /* with what is known of it */
	} cases[] = {
		{ "x.log", ROW("4/5/2009"), LOG_DATE_AUTO,
		    " 2009-04-05T09:47:02 2009-04-05T09:47:02 assumed" },
		{ "x.log", ROW("4/5/2009"), LOG_DATE_DMY,
		    " 2009-05-04T09:47:02 2009-05-04T09:47:02 given" },
		{ "x.log", ROW("4/5/2009"), LOG_DATE_MDY,
		    " 2009-04-05T09:47:02 2009-04-05T09:47:02 given" },
		{ "/logs/in090504.log", ROW("4/5/2009"), LOG_DATE_AUTO,
		    " 2009-05-04T09:47:02 2009-05-04T09:47:02 given" },
		{ "in09050412.log", ROW("4/5/2009"), LOG_DATE_AUTO,
		    " 2009-05-04T09:47:02 2009-05-04T09:47:02 given" },
		{ "in090505.log", ROW("4/5/2009"), LOG_DATE_AUTO,
		    " 2009-04-05T09:47:02 2009-04-05T09:47:02 assumed" },
		{ "x.log", ROW("23.04.2009"), LOG_DATE_AUTO,
		    " 2009-04-23T09:47:02 2009-04-23T09:47:02 given" },
		{ "x.log", ROW("2009-04-23"), LOG_DATE_AUTO,
		    " 2009-04-23T09:47:02 2009-04-23T09:47:02 given" },
		{ "x.log", ROW("8/18/97"), LOG_DATE_AUTO,
		    " 1997-08-18T09:47:02 1997-08-18T09:47:02 given" },
		/* days run on, months would run back */
		{ "x.log", ROW("30/4/2009") ROW("1/5/2009"), LOG_DATE_AUTO,
		    " 2009-04-30T09:47:02 2009-04-30T09:47:02 given" },
		{ "x.log", ROW("11/1/2009") ROW("12/1/2009") ROW("1/2/2009"),
		    LOG_DATE_AUTO,
		    " 2009-01-11T09:47:02 2009-01-11T09:47:02 given" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_options options;
		struct buffer out;

		memset(&options, 0, sizeof(options));
		options.date_order = cases[i].order;
		start_of(&log_iis_native, cases[i].name, cases[i].text,
		    &options, &out);
		assert_has(&out, cases[i].start, 1);
		buffer_fini(&out);
	}
}

static void test_zone(void **state)
{
	struct log_options options;
	struct buffer out;

	(void)state;
	memset(&options, 0, sizeof(options));
	options.tz_known = true;
	options.tz_offset_s = -7200;
	start_of(&log_iis_native, "x.log", ROW("4/23/2009"), &options, &out);
	assert_has(&out, " 2009-04-23T09:47:02-02:00 ", 3);
	buffer_fini(&out);
}

/* Rows are held no longer than a probe sees, and all are told. */
static void test_held(void **state)
{
	struct buffer text, out;
	size_t i;

	(void)state;
	buffer_init(&text, 1 << 20);
	for (i = 0; i < 3000; i++)
		buffer_append_str(&text, ROW("4/5/2009"));
	buffer_append_str(&text, ROW("23/5/2009"));
	buffer_append_char(&text, '\0');
	run_log(&log_iis_native, "x.log", (char *)text.p, &out);
	assert_has(&out, "session ", 3001);
	assert_has(&out, "2009-04-05T09:47:02 2009-04-05T09:47:02 assumed",
	    3000);
	assert_has(&out, "2009-05-23T09:47:02 2009-05-23T09:47:02 assumed",
	    1);
	assert_has(&out, "not understood=0", 1);
	buffer_fini(&text);
	buffer_fini(&out);
}

static void test_probes(void **state)
{
	static const struct {
		const char *text;
		bool native, ncsa;
	} cases[] = {
		{ "", false, false },
		{ ROW("4/5/2009"), true, false },
		{ ROW("4/5"), false, false },
		{ "192.0.2.1, a, 4/5/2009, 9:47:02, W3SVC1, WWW, 192.0.2.25, "
		    "0, 6, 38, 200, 0, GET, /, -,\r\n", false, false },
		{ "192.0.2.1, a, 4/5/2009, 9:47:02, NNTPSVC1, N, 192.0.2.25, "
		    "0, 6, 38, 200, 0, group, -, -,\r\n", false, false },
		{ "192.0.2.1 - a [11/Oct/2006:13:16:43 -0600] \"HELO -?+a "
		    "SMTP\" 250 42\n", false, true },
		{ "192.0.2.1 - a [11/Oct/2006:13:16:43] \"HELO -?+a SMTP\" "
		    "250 42\n", false, false },
		{ "192.0.2.1 - a [11/Oct/2006:13:16:43 -0600] \"GET / "
		    "HTTP/1.0\" 250 42\n", false, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice text = slice_str(cases[i].text);

		if (log_iis_native.probe(text) != cases[i].native ||
		    log_iis_ncsa.probe(text) != cases[i].ncsa)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_columns),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
