/* SPDX-License-Identifier: GPL-2.0-or-later */
/* about.c - what inputs held: JSON for an HTML page's program, and a warning */
#include "api/reader.h"
#include "base/escape.h"
#include "emit/report.h"

static void put(struct buffer *b, const char *text)
{
	(void)buffer_append_str(b, text);
}

static void put_string(struct buffer *b, const char *text)
{
	(void)escape_json(b, slice_str(text));
}

static void put_strings(struct buffer *b, const char *const *strings,
    size_t count)
{
	size_t i;

	put(b, "[");
	for (i = 0; i < count; i++) {
		put(b, i > 0 ? "," : "");
		put_string(b, strings[i]);
	}
	put(b, "]");
}

static void begin(struct buffer *b, const char *mode)
{
	put(b, "{\"mode\":");
	put_string(b, mode);
	put(b, ",\"version\":");
	put_string(b, sw_version());
	put(b, ",");
}

static void put_warnings(struct buffer *b, const struct account *a,
    bool *first)
{
	const struct account_entry *e;

	for (e = a->lists[ACCOUNT_LIST_WARNINGS]; e; e = e->next) {
		put(b, *first ? "" : ",");
		*first = false;
		(void)escape_json(b, slice_make(e->text, e->len));
	}
}

/* Warnings and accounts of all sides. */
static void put_accounts(struct buffer *b, const struct sw_account *const *a,
    size_t count)
{
	bool first = true;
	size_t i;

	put(b, ",\"warnings\":[");
	for (i = 0; i < count; i++)
		if (a[i])
			put_warnings(b, &a[i]->a, &first);
	put(b, "],\"accounts\":[");
	for (i = 0; i < count; i++) {
		put(b, i > 0 ? "," : "");
		if (a[i])
			account_about(b, &a[i]->a);
		else
			put(b, "[]");
	}
	put(b, "]");
}

bool about_reading(struct buffer *b, const char *const *names, size_t count,
    const struct sw_account *account, uint64_t sessions, uint64_t failed)
{
	int i;

	begin(b, "read");
	put(b, "\"files\":");
	put_strings(b, names, count);
	put(b, ",\"sessions\":");
	(void)buffer_append_u64(b, sessions);
	put(b, ",\"failed\":");
	(void)buffer_append_u64(b, failed);
	put(b, ",\"kinds\":[");
	for (i = 0; i < SW_NOTE_CODE_COUNT; i++) {
		put(b, i > 0 ? "," : "");
		put_string(b, sw_note_name((enum sw_note_code)i));
	}
	put(b, "]");
	put_accounts(b, &account, 1);
	put(b, "}");
	return !b->failed && !b->full;
}

bool about_check(struct buffer *b, const struct sw_report *r,
    const struct sw_account *const accounts[2])
{
	int i;

	begin(b, "check");
	(void)!report_json_about(b, r);
	put(b, ",");
	(void)!report_json_summary(b, r);
	put(b, ",\"unexplained\":");
	(void)buffer_append_u64(b, r->unexplained);
	put(b, ",\"kinds\":[");
	for (i = 0; i < SW_FOUND_COUNT; i++) {
		put(b, i > 0 ? "," : "");
		put_string(b, sw_finding_name((enum sw_finding_kind)i));
	}
	put(b, "]");
	put_accounts(b, accounts, 2);
	put(b, "}");
	return !b->failed && !b->full;
}

void about_empty(struct buffer *b, enum sw_side side,
    const char *const *names, size_t count)
{
	size_t i;

	put(b, "the ");
	put(b, sw_side_name(side));
	put(b, " side holds no SMTP session: ");
	for (i = 0; i < count && i < 3; i++) {
		put(b, i > 0 ? ", " : "");
		buffer_append_slice(b, slice_head(slice_str(names[i]), 4096));
	}
	if (count > i) {
		put(b, " and ");
		buffer_append_u64(b, count - i);
		put(b, " more");
	}
}
