/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_log_probe.c - every log under tests/data is that of the family whose
 * folder it lies in, and of no other; captures and texts are of none */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <strings.h>

#include "logs/lines.h"
#include "logs/logs.h"
#include "logs/probe.h"

#define DATA "tests/data"

/* The beginning of a file as the families see it. */
static struct slice read_head(const char *path, struct buffer *b)
{
	static uint8_t octets[LIMIT_LOG_PROBE_FAR];
	FILE *f = fopen(path, "rb");
	struct slice head;
	size_t n;

	if (!f)
		fail_msg("%s cannot be opened", path);
	n = fread(octets, 1, sizeof(octets), f);
	fclose(f);
	buffer_init(b, 2 * sizeof(octets));
	assert_true(log_lines_head(slice_make(octets, n), b, &head));
	return head;
}

/* How many families take a head; in particular the one of this name. */
static size_t ask_head(struct slice head, const char *name, bool *own_r)
{
	size_t i, found = 0;

	*own_r = false;
	for (i = 0; log_formats[i]; i++)
		if (log_formats[i]->probe(head)) {
			found++;
			*own_r |= strcmp(log_formats[i]->name, name) == 0;
		}
	return found;
}

static size_t ask(const char *path, const char *name, bool *own_r)
{
	struct buffer b;
	size_t found = ask_head(read_head(path, &b), name, own_r);

	buffer_fini(&b);
	return found;
}

static void append_others(struct buffer *b, size_t lines)
{
	while (lines-- > 0)
		buffer_append_str(b, "backup of the volume went well, its end "
		    "was seen\n");
}

/* The same with lines of another program in front of it, if it has enough
 * lines of its own. */
static bool is_found_behind(const char *path, const char *name)
{
	struct buffer b, all;
	struct slice head = read_head(path, &b), rest = head;
	size_t lines;
	bool own;

	for (lines = 0; rest.len > 0; lines++)
		log_head_line(&rest);
	buffer_init(&all, 2 * LIMIT_LOG_PROBE_FAR);
	append_others(&all, 250);
	buffer_append_slice(&all, head);
	if (lines >= LOG_TAIL_ROWS)
		lines = ask_head(buffer_slice(&all), name, &own);
	else
		lines = own = true;
	buffer_fini(&b);
	buffer_fini(&all);
	return lines == 1 && own;
}

static size_t check_folder(const char *family)
{
	char folder[300];
	struct dirent *e;
	size_t files = 0;
	DIR *d;

	snprintf(folder, sizeof(folder), DATA "/%s", family);
	d = opendir(folder);
	assert_non_null(d);
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);
		char path[600];
		size_t found;
		bool own;

		if (len < 4 || strcasecmp(e->d_name + len - 4, ".log") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		found = ask(path, family, &own);
		if (found != 1 || !own)
			fail_msg("%s: %zu families, its own %s", path, found,
			    own ? "among them" : "not");
		if (!is_found_behind(path, family))
			fail_msg("%s is not found behind other lines", path);
		files++;
	}
	closedir(d);
	return files;
}

static void test_data(void **state)
{
	struct dirent *e;
	size_t files = 0;
	DIR *d = opendir(DATA);

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d)))
		if (log_format_by_name(e->d_name))
			files += check_folder(e->d_name);
	closedir(d);
	assert_true(files >= 10);
}

static void test_others(void **state)
{
	static const char *const paths[] = { "README.md", "Makefile",
		"pcaps/README.md", "pcaps/exim-plain.pcap",
		"pcaps/exim-plain.mail.log", "src/logs/logs.c" };
	size_t i;
	bool own;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (ask(paths[i], "", &own) != 0)
			fail_msg("%s is taken for a log", paths[i]);
}

/* How log_probe takes so many lines of others and text behind them. */
static enum sw_status probe_behind(size_t others, const char *text,
    const struct log_format **f_r, struct sw_err *err)
{
	struct buffer all;
	struct source *s;
	enum sw_status status;

	buffer_init(&all, 1 << 20);
	append_others(&all, others);
	buffer_append_str(&all, text);
	assert_false(all.failed);
	assert_int_equal(source_open_memory(buffer_slice(&all), "x", &s,
	    NULL), SW_OK);
	status = log_probe(s, f_r, err);
	source_free(&s);
	buffer_fini(&all);
	return status;
}

#define ROW "12:00:00 [1] RSP: 250 ok\n"
#define POP "5/13/00 2:36:27 PM : <<< USER alice\n" \
	"5/13/00 2:36:28 PM : >>> +OK\n"

/* What stands behind the first 64 KiB is looked for; some rows at the end of
 * a text are no log yet; strangers are known behind others too. */
static void test_far(void **state)
{
	const struct log_format *f;
	struct sw_err err;

	(void)state;
	assert_int_equal(probe_behind(3000, ROW ROW ROW ROW ROW ROW ROW ROW,
	    &f, &err), SW_OK);
	assert_non_null(f);
	assert_string_equal(f->name, "smartermail");
	assert_int_equal(probe_behind(3000, ROW ROW ROW ROW ROW ROW ROW, &f,
	    &err), SW_OK);
	assert_null(f);
	assert_int_equal(probe_behind(3000, ROW ROW ROW ROW ROW ROW ROW ROW
	    "a\nb\nc\nd\ne\nf\ng\nh\ni\n", &f, &err), SW_OK);
	assert_null(f);
	assert_int_equal(probe_behind(3000, POP, &f, &err), SW_EFORMAT);
	assert_non_null(strstr(err.text, "POP3"));
	assert_int_equal(probe_behind(300, "10/1/2006, 1:02:03\n", &f, &err),
	    SW_OK);
	assert_null(f);
	assert_int_equal(probe_behind(1, "The error Log started at noon\n",
	    &f, &err), SW_OK);
	assert_null(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
