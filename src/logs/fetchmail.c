/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fetchmail.c - what fetchmail -v -v prints of the mail that it hands on
 *
 *   fetchmail: SMTP< 220 mx.example.com ESMTP
 *   fetchmail: SMTP> EHLO client.example.org
 *   fetchmail: SMTP>. (EOM)
 *
 * fetchmail is the client.  Lines of POP3 and IMAP, from where the mail
 * comes, stand between and are left out.  Of the content only its end is
 * told.
 */
#include "logs/families.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "fetchmail: SMTP< ", TRACE_SERVER, 0, true },
	{ "fetchmail: SMTP>. (EOM)", TRACE_KNOWN, 0, false },
	{ "fetchmail: SMTP> ", TRACE_CLIENT, 0, true },
	{ "fetchmail: LMTP< ", TRACE_SERVER, 0, true },
	{ "fetchmail: LMTP> ", TRACE_CLIENT, 0, true },
	{ "SMTP< ", TRACE_SERVER, 0, true },
	{ "SMTP> ", TRACE_CLIENT, 0, true },
	{ "fetchmail: ", TRACE_KNOWN, 0, true },
	{ "#", TRACE_KNOWN, 0, false }, /* how far the content is */
	{ "*", TRACE_KNOWN, 0, false },
};

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS,
};

static bool probe(struct slice head)
{
	return trace_probe(&format, head);
}

const struct log_format log_fetchmail = {
	.name = "fetchmail",
	.title = "fetchmail -v -v",
	.records = TRACE_RECORDS,
	.table = &format,
	.state_size = sizeof(struct trace),
	.probe = probe,
	.open = trace_open,
	.line = trace_line,
	.gone = trace_gone,
	.end = trace_end,
	.close = trace_close,
};
