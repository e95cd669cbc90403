/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmon_text_rows.c - the lines that Network Monitor prints or copies */
#include "logs/netmon_text_rows.h"

#include "logs/text.h"
#include "logs/when.h"

/* --- phrases ------------------------------------------------------------ */

/* RFC 821 4.2.2; the longer ones first where one begins another. */
static const struct {
	const char *words;
	int32_t code;
} replies[] = {
	{ "System status", 211 },
	{ "Help message", 214 },
	{ "Service ready", 220 },
	{ "Service closing transmission channel", 221 },
	{ "Requested mail action okay", 250 },
	{ "User not local; will forward", 251 },
	{ "Start mail input", 354 },
	{ "Enter mail", 354 }, /* as one published copy has it */
	{ "Service not available", 421 },
	{ "Requested mail action not taken: mailbox unavailable", 450 },
	{ "Requested action aborted", 451 },
	{ "Requested action not taken: insufficient", 452 },
	{ "Syntax error, command", 500 },
	{ "Syntax error in parameters", 501 },
	{ "Command not implemented", 502 },
	{ "Bad sequence of commands", 503 },
	{ "Command parameter not implemented", 504 },
	{ "Requested action not taken: mailbox unavailable", 550 },
	{ "User not local; please try", 551 },
	{ "Requested mail action aborted", 552 },
	{ "Requested action not taken: mailbox name", 553 },
	{ "Transaction failed", 554 },
};

static const struct {
	const char *words, *verb;
} commands[] = {
	{ "Hello", "HELO" },
	{ "Extended hello", "EHLO" },
	{ "Mail", "MAIL" },
	{ "Recipient", "RCPT" },
	{ "Data", "DATA" },
	{ "Reset", "RSET" },
	{ "Verify", "VRFY" },
	{ "Expand", "EXPN" },
	{ "Help", "HELP" },
	{ "No operation", "NOOP" },
	{ "Quit", "QUIT" },
	{ "Turn", "TURN" },
};

int32_t netmon_text_code(struct slice phrase)
{
	size_t i;

	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		if (slice_has_prefix_nocase(phrase,
		    slice_str(replies[i].words)))
			return replies[i].code;
	return SW_UNKNOWN;
}

/* The verb that a phrase explains, or that it begins with. */
struct slice netmon_text_verb(struct slice phrase)
{
	size_t i, len;
	enum verb verb = session_verb(phrase, &len);

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (slice_has_prefix_nocase(phrase,
		    slice_str(commands[i].words)))
			return slice_str(commands[i].verb);
	return session_verb_is_known(verb) ?
	    slice_head(phrase, len) : slice_make(NULL, 0);
}

struct slice netmon_text_path(struct slice phrase)
{
	const uint8_t *open = phrase.len ? memchr(phrase.p, '<', phrase.len) :
	    NULL;

	if (!open || phrase.p[phrase.len - 1] != '>')
		return slice_make(NULL, 0);
	return slice_from(phrase, (size_t)(open - phrase.p));
}

/* --- the form of lines -------------------------------------------------- */

/* ", 28 bytes" in text: what is in front of it, and what behind it. */
static bool split_octets(struct slice text, struct slice *head_r,
    int64_t *octets_r, struct slice *tail_r)
{
	size_t off = 0;

	while (off < text.len) {
		size_t at = slice_find_nocase(slice_from(text, off),
		    slice_str(" bytes")) + off, n = at;
		uint64_t value;

		if (at >= text.len)
			return false;
		while (n > 0 && ascii_is_digit(text.p[n - 1]))
			n--;
		off = at + 6;
		if (n < 2 || text.p[n - 1] != ' ' || text.p[n - 2] != ',' ||
		    !slice_to_u64(slice_make(text.p + n, at - n), &value) ||
		    value > INT32_MAX)
			continue;
		*octets_r = (int64_t)value;
		*head_r = slice_head(text, n - 2);
		*tail_r = slice_from(text, at + 6);
		return true;
	}
	return false;
}

static bool take_kind(struct slice *rest, struct netmon_line *f)
{
	struct slice s = *rest;

	if (log_take_text(&s, "Cmd"))
		f->kind = NETMON_TEXT_COMMAND;
	else if (log_take_text(&s, "Rsp"))
		f->kind = NETMON_TEXT_REPLY;
	else if (log_take_text(&s, "Data"))
		f->kind = NETMON_TEXT_DATA;
	else
		return false;
	if (s.len > 0 && ascii_is_alnum(s.p[0]))
		return false;
	log_take_octet(&s, ':');
	log_take_blanks(&s);
	if (s.len > 0 && s.p[0] == '=')
		return false; /* a field of the tree */
	*rest = s;
	return true;
}

/* "SMTP: Cmd: ...", "SMTP:Cmd ...", "SMTP      Cmd: ...": where, and what
 * follows "Cmd". */
static bool find_frame(struct slice line, struct netmon_line *f, size_t *at_r,
    struct slice *rest_r)
{
	size_t off = 0;

	while (off < line.len) {
		size_t at = slice_find_nocase(slice_from(line, off),
		    slice_str("SMTP")) + off;
		struct slice rest = slice_from(line, at + 4);
		bool colon;

		if (at >= line.len)
			return false;
		off = at + 4;
		colon = log_take_octet(&rest, ':');
		if (log_take_blanks(&rest) == 0 && !colon)
			continue;
		if ((at > 0 && ascii_is_alnum(line.p[at - 1])) ||
		    !take_kind(&rest, f))
			continue;
		*at_r = at;
		*rest_r = rest;
		return true;
	}
	return false;
}

/* "74.962": seconds, of any number of digits. */
static bool take_seconds(struct slice *rest, int64_t *ns_r)
{
	struct slice s = *rest, word = log_take_word(&s), digits;
	int64_t ns = 0, unit = NS_PER_S;
	uint64_t seconds;
	const uint8_t *dot = word.len ? memchr(word.p, '.', word.len) : NULL;

	if (!dot)
		return false;
	digits = slice_from(word, (size_t)(dot - word.p) + 1);
	if (digits.len == 0 || !slice_to_u64(slice_head(word,
	    (size_t)(dot - word.p)), &seconds) || seconds > INT32_MAX)
		return false;
	for (; digits.len > 0; digits = slice_from(digits, 1)) {
		if (!ascii_is_digit(digits.p[0]))
			return false;
		unit /= 10;
		ns += (digits.p[0] - '0') * unit;
	}
	*ns_r = clock_make((int64_t)seconds, ns);
	*rest = s;
	return true;
}

/* "7      74.962  LOCAL ...": the columns of a summary. */
bool netmon_text_parse_summary(struct slice line, int64_t *time_r)
{
	int ignored;

	log_take_blanks(&line);
	if (!log_take_number(&line, 1, 9, &ignored) ||
	    !log_take_blanks(&line))
		return false;
	return take_seconds(&line, time_r);
}

/* The conversation of Network Monitor 3: "TCP:139". */
static struct slice find_conversation(struct slice line)
{
	size_t at = slice_find_nocase(line, slice_str("{TCP:"));
	struct slice s = slice_from(line, at + 1);
	size_t n = 0;

	if (at == line.len)
		return slice_make(NULL, 0);
	while (n < s.len && s.p[n] != ',' && s.p[n] != '}')
		n++;
	return slice_head(s, n);
}

/* The columns behind a printed description: "CLIENT1  192.0.2.25  IP". */
static void parse_addresses(struct slice tail, struct netmon_line *f)
{
	struct slice words[3];
	size_t n = 0;

	for (;;) {
		struct slice word;

		log_take_blanks(&tail);
		if (tail.len == 0)
			break;
		word = log_take_word(&tail);
		if (n < 3)
			words[n] = word;
		n++;
	}
	f->columns = n;
	f->typed = n == 3 && slice_has_prefix_nocase(words[2],
	    slice_str("IP"));
	if (n < 2)
		return;
	f->from = words[0];
	f->to = words[1];
}

/* Of the copied columns the two that are addresses are source and
 * destination; one of the shape of seconds is the time. */
static void parse_columns(struct slice line, struct netmon_line *f)
{
	while (line.len > 0) {
		struct slice cell = slice_trim(log_take_until(&line, '\t'));
		struct slice rest = cell;

		if (log_is_ipv4(cell) && !f->from.p)
			f->from = cell;
		else if (log_is_ipv4(cell) && !f->to.p)
			f->to = cell;
		else if (f->time == SW_NO_TIME &&
		    (!take_seconds(&rest, &f->time) || rest.len > 0))
			f->time = SW_NO_TIME;
	}
}

bool netmon_text_parse(struct slice line, struct netmon_line *f)
{
	struct slice rest, tail = slice_make(NULL, 0);
	size_t at;

	memset(f, 0, sizeof(*f));
	f->octets = SW_UNKNOWN;
	f->time = SW_NO_TIME;
	if (!find_frame(line, f, &at, &rest))
		return false;
	f->copied = line.p[at + 4] == ':' && line.len > at + 5 &&
	    line.p[at + 5] != ' ';
	f->key = find_conversation(line);
	f->text = rest;
	if (f->copied || f->key.p) {
		f->copied = true;
		parse_columns(line, f);
		f->text = log_take_until(&rest, '\t');
	} else {
		f->summary = netmon_text_parse_summary(slice_head(line, at),
		    &f->time);
	}
	split_octets(f->text, &f->text, &f->octets, &tail);
	if (f->summary)
		parse_addresses(tail, f);
	f->text = slice_trim(f->text);
	return true;
}

/* --- other lines -------------------------------------------------------- */

static bool is_head(struct slice line)
{
	return slice_has_prefix_nocase(slice_trim(line),
	    slice_str("Frame")) &&
	    slice_find_nocase(line, slice_str("Time")) < line.len;
}

/* "+ TCP: ...", "      SMTP: Data = ...": protocols of the tree. */
static bool is_tree(struct slice line)
{
	size_t n = 0;

	while (line.len > 0 && (line.p[0] == '+' || line.p[0] == '-' ||
	    line.p[0] == ' ' || line.p[0] == '\t'))
		line = slice_from(line, 1);
	while (n < line.len && (ascii_is_alnum(line.p[n]) ||
	    line.p[n] == '_'))
		n++;
	return n > 0 && n < line.len && line.p[n] == ':';
}

bool netmon_text_is_other(struct slice line)
{
	int64_t ignored;

	line = slice_trim(line);
	return line.len == 0 || is_head(line) ||
	    netmon_text_parse_summary(line, &ignored) || is_tree(line) ||
	    memchr(line.p, '\t', line.len);
}

/* --- folded lines ------------------------------------------------------- */

/* "IP:", "ARP_RARP:", "00010:" */
static bool has_protocol(struct slice s)
{
	size_t n = 0;

	while (n < s.len && ((s.p[n] >= 'A' && s.p[n] <= 'Z') ||
	    ascii_is_digit(s.p[n]) || s.p[n] == '_'))
		n++;
	return n > 0 && n < s.len && s.p[n] == ':';
}

bool netmon_text_begins(struct slice line)
{
	struct slice s = slice_trim(line);
	int64_t ignored;

	while (s.len > 0 && (s.p[0] == '+' || s.p[0] == '-' ||
	    s.p[0] == ' '))
		s = slice_from(s, 1);
	return s.len == 0 || is_head(line) || has_protocol(s) ||
	    netmon_text_parse_summary(line, &ignored) ||
	    memchr(s.p, '\t', s.len);
}

bool netmon_text_is_rest(struct slice line)
{
	struct netmon_line ignored;

	log_take_blanks(&line);
	return take_kind(&line, &ignored);
}

/* "9       74.970  LOCAL         00608C0A0B0C  SMTP" */
static bool ends_in_smtp(struct slice line)
{
	int64_t ignored;

	line = slice_trim(line);
	return netmon_text_parse_summary(line, &ignored) && line.len > 5 &&
	    slice_eq_nocase(slice_from(line, line.len - 5),
	    slice_str(" SMTP"));
}

enum netmon_text_lack netmon_text_lacks(struct slice line)
{
	struct netmon_line f;

	if (!netmon_text_parse(line, &f))
		return ends_in_smtp(line) ? NETMON_TEXT_FRAME :
		    NETMON_TEXT_WHOLE;
	if (f.copied)
		return NETMON_TEXT_WHOLE;
	if (f.octets == SW_UNKNOWN)
		return NETMON_TEXT_OCTETS;
	return f.summary && !f.typed ? NETMON_TEXT_COLUMNS :
	    NETMON_TEXT_WHOLE;
}
