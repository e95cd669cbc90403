/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quote.c - what the account tells of lines: quoted without secrets */
#include "logs/sessions.h"
#include "transcript/auth.h"

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
	if (b->failed)
		account->list_more[list]++;
	else
		account_note(account, list, buffer_slice(b), 1);
	buffer_fini(b);
}

/* Letters as base64 has them, and hardly a word or a number?  cut: it may
 * have no end. */
static bool may_be_base64(struct slice word, bool cut)
{
	size_t i, lower = 0, other = 0, hex = 0;

	if (word.len < 8 || (!cut && word.len % 4 != 0) ||
	    !auth_is_base64(word))
		return false;
	for (i = 0; i < word.len; i++) {
		bool small = word.p[i] >= 'a' && word.p[i] <= 'z';

		lower += small;
		other += !small && i > 0;
		hex += ascii_is_digit(word.p[i]) ||
		    ((word.p[i] | 0x20) >= 'a' && (word.p[i] | 0x20) <= 'f');
	}
	return (lower > 0 && other > 0 && hex < word.len) ||
	    word.p[word.len - 1] == '=';
}

static bool is_between_words(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '|' || c == '<' ||
	    c == '>' || c == ',' || c == ':' || c == '\\';
}

void log_quote(struct buffer *b, struct slice text)
{
	while (text.len > 0) {
		struct slice word;
		size_t n = 0;

		while (n < text.len && !is_between_words(text.p[n]))
			n++;
		word = slice_head(text, n);
		if (may_be_base64(word, n == text.len))
			buffer_append_str(b, "***");
		else
			buffer_append_slice(b, word);
		text = slice_from(text, n);
		if (text.len > 0) {
			buffer_append_slice(b, slice_head(text, 1));
			text = slice_from(text, 1);
		}
	}
}

static void quote_line(struct account *account, const char *file_name,
    const struct log_line *line)
{
	struct buffer b;
	size_t auth;

	if (account->list_len[ACCOUNT_LIST_LINES] >= LIMIT_ACCOUNT_LIST) {
		account->list_more[ACCOUNT_LIST_LINES]++;
		return;
	}
	begin_entry(&b, file_name, line);
	/* What AUTH bears is secret, in a line of any shape. */
	auth = slice_find_nocase(line->text, slice_str("AUTH"));
	if (auth < line->text.len && auth + 4 <= QUOTE_MAX) {
		buffer_append_slice(&b, slice_head(line->text, auth + 4));
		buffer_append_str(&b, " ***");
	} else {
		log_quote(&b, slice_head(line->text, QUOTE_MAX));
		if (line->text.len > QUOTE_MAX)
			buffer_append_str(&b, "...");
	}
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
