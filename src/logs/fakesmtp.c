/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakesmtp.c - the window log of FakeSMTP, a server for tests
 *
 *   10:23:45 AM - Client: EHLO client.example.org
 *   10:23:45 AM - Server: 250-mx.example.com
 *   250 OK
 *
 * Roles, not directions.  A reply's further lines stand bare; some answers
 * of the server to AUTH are missing.  The greeting is not logged.
 */
#include "logs/families.h"
#include "logs/trace.h"

static const struct trace_mark marks[] = {
	{ "- Server: ", TRACE_SERVER, 0, true },
	{ "- Client: ", TRACE_CLIENT, 0, true },
};

#define RECORDS (SW_BIT(SW_RECORDS_COMMAND) | SW_BIT(SW_RECORDS_ARGUMENT) | \
	SW_BIT(SW_RECORDS_REPLY_CODE) | SW_BIT(SW_RECORDS_REPLY_TEXT) | \
	SW_BIT(SW_RECORDS_REPLY_LINES) | \
	SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES))

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_SERVER,
	.records = RECORDS,
	.stamps = true,
	.bare_more = true,
};

static bool probe(struct slice head)
{
	return trace_probe(&format, head);
}

const struct log_format log_fakesmtp = {
	.name = "fakesmtp",
	.title = "FakeSMTP, what its window shows",
	.times = "local times of day, 1 s",
	.records = RECORDS | SW_BIT(SW_RECORDS_TIMES),
	.table = &format,
	.state_size = sizeof(struct trace),
	.probe = probe,
	.open = trace_open,
	.line = trace_line,
	.gone = trace_gone,
	.end = trace_end,
	.close = trace_close,
};
