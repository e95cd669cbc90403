/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quote.c - what the account tells of lines: quoted without secrets */
#include "logs/sessions.h"

/* Octets quoted of a line in the account, and of a file's name. */
#define QUOTE_MAX 200
#define NAME_MAX_QUOTED 4096

/* "file, line 7" and what is appended to it goes to a list. */
static void begin_entry(struct buffer *b, const char *file_name,
    const struct log_line *line)
{
	buffer_init(b, NAME_MAX_QUOTED + QUOTE_MAX + 64);
	buffer_append_slice(b, slice_head(slice_str(file_name),
	    NAME_MAX_QUOTED));
	buffer_append_str(b, ", line ");
	buffer_append_u64(b, line->number - line->base);
	buffer_append_str(b, ": ");
}

static void end_entry(struct buffer *b, struct account *account,
    enum account_list list)
{
	account_note_buffer(account, list, b);
	buffer_fini(b);
}

static void quote_line(struct account *account, const char *file_name,
    const struct log_line *line)
{
	struct buffer b;

	if (account->list_len[ACCOUNT_LIST_LINES] >= LIMIT_ACCOUNT_LIST) {
		account->list_more[ACCOUNT_LIST_LINES]++;
		return;
	}
	begin_entry(&b, file_name, line);
	secrets_quote_line(&b, slice_head(line->text, QUOTE_MAX));
	if (line->text.len > QUOTE_MAX)
		buffer_append_str(&b, "...");
	end_entry(&b, account, ACCOUNT_LIST_LINES);
}

void log_not_understood(struct log_sessions *t, const struct log_line *line)
{
	struct buffer b;

	account_add(t->account, ACCOUNT_LINES_NOT_UNDERSTOOD, 1);
	quote_line(t->account, t->file_name, line);
	if (!line->unterminated)
		return;
	/* A last line without its end was not written to its end. */
	begin_entry(&b, t->file_name, line);
	buffer_append_str(&b, "the log is cut in this line");
	end_entry(&b, t->account, ACCOUNT_LIST_WARNINGS);
}

void log_left_out(struct log_sessions *t, uint64_t lines)
{
	struct buffer b;

	if (lines == 0)
		return;
	buffer_init(&b, NAME_MAX_QUOTED + QUOTE_MAX);
	buffer_append_slice(&b, slice_head(slice_str(t->file_name),
	    NAME_MAX_QUOTED));
	buffer_append_str(&b, ": ");
	buffer_append_u64(&b, lines);
	buffer_append_str(&b, " lines of NNTP, POP3 or IMAP4 are not SMTP and "
	    "were left out");
	end_entry(&b, t->account, ACCOUNT_LIST_WARNINGS);
}

void log_order_contradicted(struct log_sessions *t)
{
	struct buffer b;

	buffer_init(&b, NAME_MAX_QUOTED + QUOTE_MAX);
	buffer_append_slice(&b, slice_head(slice_str(t->file_name),
	    NAME_MAX_QUOTED));
	buffer_append_str(&b, ": there are dates that cannot be of the order "
	    "given (--date-order), they were read in the one they can be");
	end_entry(&b, t->account, ACCOUNT_LIST_WARNINGS);
}
