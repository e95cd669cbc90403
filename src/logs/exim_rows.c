/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exim_rows.c - what stands in the lines that Exim prints */
#include "logs/exim_rows.h"

#include "logs/text.h"
#include "logs/when.h"

enum exim_mark exim_take_mark(struct slice *text, bool *client_r)
{
	struct slice r = *text;

	*client_r = log_starts(r, "  ");
	if (*client_r)
		r = slice_from(r, 2);
	if (!log_starts(r, "SMTP") && !log_starts(r, "LMTP"))
		return EXIM_NO_MARK;
	r = slice_from(r, 4);
	if (log_starts(r, "(close)>>") ||
	    log_starts(r, ">>(close on process exit)"))
		return EXIM_CLOSED_BY_US;
	if (log_starts(r, "(closed)<<") || log_starts(r, "(close)<<"))
		return EXIM_CLOSED_BY_THEM;
	if (r.len < 2 || (r.len > 2 && r.p[2] != ' '))
		return EXIM_NO_MARK;
	*text = slice_from(r, 3);
	if (log_starts(r, "<<"))
		return *client_r ? EXIM_CLIENT_RECEIVED : EXIM_SERVER_RECEIVED;
	if (log_starts(r, ">>") || log_starts(r, *client_r ? "|>" : ">|") ||
	    (*client_r && log_starts(r, "+>")))
		return *client_r ? EXIM_CLIENT_SENT : EXIM_SERVER_SENT;
	return EXIM_NO_MARK;
}

bool exim_take_address(struct slice *rest, struct exim_address *a_r)
{
	struct slice r = *rest;
	const uint8_t *close;
	int port;

	if (!log_take_octet(&r, '['))
		return false;
	close = memchr(r.p, ']', r.len);
	if (!close)
		return false;
	a_r->ip = slice_head(r, (size_t)(close - r.p));
	a_r->port = SW_UNKNOWN;
	r = slice_from(r, a_r->ip.len + 1);
	if (r.len > 1 && r.p[0] == ':' && ascii_is_digit(r.p[1])) {
		log_take_octet(&r, ':');
		log_take_number(&r, 1, 5, &port);
		a_r->port = port;
	}
	a_r->text = slice_head(*rest, rest->len - r.len);
	*rest = r;
	return true;
}

bool exim_find_address(struct slice text, const char *behind,
    struct exim_address *a_r)
{
	size_t at = slice_find_nocase(text, slice_str(behind));
	struct slice r = slice_from(text, at + strlen(behind));

	return at < text.len && exim_take_address(&r, a_r);
}

/* Not one that quotes what the client sent: that is told, and may be
 * secret. */
bool exim_is_note(struct slice text)
{
	static const char *const quoting[] = { "SMTP syntax error",
		"SMTP protocol", "SMTP call from", "no MAIL in" };
	size_t i;

	for (i = 0; i < sizeof(quoting) / sizeof(quoting[0]); i++)
		if (slice_find_nocase(text, slice_str(quoting[i])) < text.len)
			return false;
	return slice_find_nocase(text, slice_str("reject")) < text.len ||
	    slice_find_nocase(text, slice_str("failed")) < text.len ||
	    slice_find_nocase(text, slice_str(" lost")) < text.len ||
	    slice_find_nocase(text, slice_str("timeout")) < text.len ||
	    slice_find_nocase(text, slice_str("dropped")) < text.len ||
	    log_starts(text, "unexpected disconnection");
}
