/* SPDX-License-Identifier: GPL-2.0-or-later */
/* postfix_rows.c - what stands in the lines of Postfix's syslog */
#include "logs/postfix_rows.h"

#include "logs/text.h"
#include "logs/when.h"

enum postfix_process postfix_program(struct slice tag)
{
	static const struct {
		const char *name;
		enum postfix_process program;
	} programs[] = {
		{ "smtpd", POSTFIX_SMTPD },
		{ "smtp", POSTFIX_CLIENT },
		{ "lmtp", POSTFIX_CLIENT },
		{ "postscreen", POSTFIX_POSTSCREEN },
	};
	size_t n = tag.len, i;
	struct slice name;

	while (n > 0 && tag.p[n - 1] != '/')
		n--;
	if (n == 0)
		return POSTFIX_NONE;
	name = slice_from(tag, n);
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (slice_eq(name, slice_str(programs[i].name)))
			return programs[i].program;
	return POSTFIX_NONE;
}

bool postfix_take_peer(struct slice *rest, struct postfix_peer *p_r)
{
	const uint8_t *open = memchr(rest->p, '[', rest->len), *close;
	struct slice r;
	int port;

	if (!open || memchr(rest->p, ' ', (size_t)(open - rest->p)))
		return false;
	r = slice_from(*rest, (size_t)(open - rest->p) + 1);
	close = memchr(r.p, ']', r.len);
	if (!close)
		return false;
	p_r->ip = slice_head(r, (size_t)(close - r.p));
	p_r->port = SW_UNKNOWN;
	r = slice_from(r, p_r->ip.len + 1);
	if (r.len > 1 && r.p[0] == ':' && ascii_is_digit(r.p[1])) {
		log_take_octet(&r, ':');
		log_take_number(&r, 1, 5, &port);
		p_r->port = port;
	}
	p_r->text = slice_head(*rest, rest->len - r.len);
	*rest = r;
	return true;
}

bool postfix_parse_talk(struct slice message, struct postfix_talk *t_r)
{
	struct slice r = message;

	if (r.len < 2 || (r.p[0] != '<' && r.p[0] != '>') || r.p[1] != ' ')
		return false;
	t_r->sent = r.p[0] == '>';
	r = slice_from(r, 2);
	if (!postfix_take_peer(&r, &t_r->peer) || !log_take_octet(&r, ':'))
		return false;
	log_take_octet(&r, ' ');
	t_r->text = r;
	return true;
}

/* Where text begins in s; s.len: nowhere. */
static size_t find(struct slice s, const char *text)
{
	return slice_find_nocase(s, slice_str(text));
}

bool postfix_parse_tls(struct slice message, struct postfix_peer *peer_r,
    struct slice *version_r, struct slice *cipher_r)
{
	static const char mark[] = " TLS connection established ";
	size_t at = find(message, mark);
	struct slice r = slice_from(message, at + strlen(mark));

	if (at == message.len ||
	    (!log_take_text(&r, "from ") && !log_take_text(&r, "to ")) ||
	    !postfix_take_peer(&r, peer_r) || !log_take_text(&r, ": "))
		return false;
	*version_r = log_take_word(&r);
	if (!log_take_text(&r, "with cipher "))
		return false;
	*cipher_r = log_take_word(&r);
	return true;
}

/* "4C4DB46: " or "NOQUEUE: " in front. */
static struct slice behind_queue_id(struct slice message)
{
	size_t n = 0;

	while (n < message.len && ascii_is_alnum(message.p[n]))
		n++;
	return n >= 5 && n + 1 < message.len && message.p[n] == ':' &&
	    message.p[n + 1] == ' ' ? slice_from(message, n + 2) :
	    slice_make(NULL, 0);
}

bool postfix_relay(struct slice message, struct postfix_peer *peer_r)
{
	struct slice of = behind_queue_id(message), r;
	size_t at;

	if (!log_starts(of, "to=<"))
		return false;
	at = find(of, ", relay=");
	r = slice_from(of, at + strlen(", relay="));
	return at < of.len && postfix_take_peer(&r, peer_r);
}

bool postfix_gave_up(struct slice message, enum sw_role *by_r)
{
	if (find(message, "(lost connection with ") < message.len)
		*by_r = SW_SERVER;
	else if (find(message, "(conversation with ") < message.len)
		*by_r = SW_CLIENT;
	else
		return false;
	return true;
}

struct slice postfix_without_quote(struct slice message)
{
	static const char *const quoting[] = { "improper command pipelining ",
		"warning: non-SMTP command ", "COMMAND ", "NON-SMTP COMMAND ",
		"BARE NEWLINE ", "PREGREET " };
	size_t i, n;

	for (i = 0; i < sizeof(quoting) / sizeof(quoting[0]); i++)
		if (log_starts(message, quoting[i]))
			break;
	if (i == sizeof(quoting) / sizeof(quoting[0]))
		return message;
	for (n = 0; n < message.len && message.p[n] != ']'; n++)
		continue;
	return slice_head(message, n + 1);
}

bool postfix_is_smtpd_note(struct slice message)
{
	static const char *const starts_with[] = { "lost connection after ",
		"timeout after ", "too many errors after ",
		"improper command pipelining after ", "SSL_accept error ",
		"warning: ", "error: ", "fatal: ", "panic: ",
		"unknown client: ", "discarding EHLO keywords: " };
	static const char *const of_message[] = { "client=", "reject: ",
		"reject_warning: ", "hold: ", "discard: ", "redirect: ",
		"filter: ", "milter-", "lost connection " };
	struct slice of = behind_queue_id(message);
	size_t i;

	for (i = 0; i < sizeof(starts_with) / sizeof(starts_with[0]); i++)
		if (log_starts(message, starts_with[i]))
			return true;
	for (i = 0; i < sizeof(of_message) / sizeof(of_message[0]); i++)
		if (log_starts(of, of_message[i]))
			return true;
	return false;
}

bool postfix_find_peer(struct slice message, struct postfix_peer *peer_r)
{
	size_t i;

	for (i = 0; i < message.len; i++) {
		struct slice r = slice_from(message, i);

		if (r.p[0] == '[' && postfix_take_peer(&r, peer_r) &&
		    peer_r->port != SW_UNKNOWN)
			return true;
	}
	return false;
}

bool postfix_is_postscreen_note(struct slice message)
{
	static const char *const starts_with[] = { "NOQUEUE: ", "PREGREET ",
		"HANGUP ", "DNSBL ", "PASS NEW ", "PASS OLD ", "COMMAND ",
		"NON-SMTP COMMAND ", "BARE NEWLINE ", "BLACKLISTED ",
		"WHITELISTED ", "DENYLISTED ", "ALLOWLISTED ",
		"WHITELIST VETO ", "ALLOWLIST VETO ", "warning: " };
	size_t i;

	for (i = 0; i < sizeof(starts_with) / sizeof(starts_with[0]); i++)
		if (log_starts(message, starts_with[i]))
			return true;
	return false;
}
