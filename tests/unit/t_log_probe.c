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

#define DATA "tests/data"

/* The beginning of a file as the families see it. */
static struct slice read_head(const char *path, struct buffer *b)
{
	static uint8_t octets[LIMIT_LOG_PROBE];
	FILE *f = fopen(path, "rb");
	struct slice head;
	size_t n;

	if (!f)
		fail_msg("%s cannot be opened", path);
	n = fread(octets, 1, sizeof(octets), f);
	fclose(f);
	buffer_init(b, 2 * LIMIT_LOG_PROBE);
	assert_true(log_lines_head(slice_make(octets, n), b, &head));
	return head;
}

/* How many families take it; in particular the one of this name. */
static size_t ask(const char *path, const char *name, bool *own_r)
{
	struct buffer b;
	struct slice head = read_head(path, &b);
	size_t i, found = 0;

	*own_r = false;
	for (i = 0; log_formats[i]; i++)
		if (log_formats[i]->probe(head)) {
			found++;
			*own_r |= strcmp(log_formats[i]->name, name) == 0;
		}
	buffer_fini(&b);
	return found;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
