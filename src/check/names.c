/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - the names of the report's values, as its JSON form tells them */
#include <smtpwire/report.h>

#define NAME(table, v) \
	((size_t)(v) < sizeof(table) / sizeof((table)[0]) ? (table)[v] : NULL)

static const char *const sides[] = { "left", "right" };

static const char *const paired_bys[SW_BY_COUNT] = {
	[SW_BY_ENDPOINTS] = "endpoints",
	[SW_BY_TIME] = "time",
	[SW_BY_HELO] = "helo",
	[SW_BY_ENVELOPE] = "envelope",
	[SW_BY_MESSAGE_ID] = "message-id",
	[SW_BY_QUEUE_ID] = "queue-id",
	[SW_BY_ORDER] = "order",
};

static const char *const undecideds[SW_UNDECIDED_COUNT] = {
	[SW_UNDECIDED_TLS] = "tls",
	[SW_UNDECIDED_GAP] = "gap",
	[SW_UNDECIDED_OUTSIDE] = "outside-capture",
	[SW_UNDECIDED_CONTENT] = "content-missing",
	[SW_UNDECIDED_ENDED] = "capture-ended",
};

static const char *const verdicts[SW_VERDICT_COUNT] = {
	[SW_AGREES] = "agrees",
	[SW_DIFFERS] = "differs",
	[SW_UNDECIDABLE] = "undecidable",
};

static const char *const findings[SW_FOUND_COUNT] = {
	[SW_FOUND_COMMAND_MISSING] = "command-missing",
	[SW_FOUND_COMMAND_CHANGED] = "command-changed",
	[SW_FOUND_RECIPIENT_MISSING] = "recipient-missing",
	[SW_FOUND_REPLY_MISSING] = "reply-missing",
	[SW_FOUND_REPLY_CODE_CHANGED] = "reply-code-changed",
	[SW_FOUND_REPLY_TEXT_CHANGED] = "reply-text-changed",
	[SW_FOUND_ORDER_CHANGED] = "order-changed",
	[SW_FOUND_MESSAGE_MISSING] = "message-missing",
	[SW_FOUND_MESSAGE_SIZE_CHANGED] = "message-size-changed",
	[SW_FOUND_MESSAGE_CONTENT_CHANGED] = "message-content-changed",
	[SW_FOUND_HEADER_CHANGED] = "header-changed",
	[SW_FOUND_ADDRESS_CHANGED] = "address-changed",
	[SW_FOUND_CAPTURE_GAP] = "capture-gap",
	[SW_FOUND_REPLY_NEVER_ARRIVED] = "reply-never-arrived",
	[SW_FOUND_GREETING_MASKED] = "greeting-masked",
	[SW_FOUND_VERB_MASKED] = "verb-masked",
	[SW_FOUND_STARTTLS_STRIPPED] = "starttls-stripped",
	[SW_FOUND_EXTENSION_REMOVED] = "extension-removed",
	[SW_FOUND_TIMEOUT_CLIENT] = "timeout-client",
	[SW_FOUND_TIMEOUT_SERVER] = "timeout-server",
	[SW_FOUND_MTU_BLACK_HOLE] = "mtu-black-hole",
	[SW_FOUND_SMUGGLING] = "smuggling",
	[SW_FOUND_COMMANDS_AFTER_STARTTLS] = "commands-after-starttls",
	[SW_FOUND_EARLY_TALKER] = "early-talker",
};

static const char *const reasons[SW_ONLY_REASON_COUNT] = {
	[SW_OUTSIDE_OTHER_TIME] = "outside-other-time",
	[SW_OTHER_CANNOT_RECORD] = "other-cannot-record",
	[SW_UNEXPLAINED] = "unexplained",
};

const char *sw_side_name(enum sw_side v)
{
	return NAME(sides, v);
}

const char *sw_undecided_name(enum sw_undecided v)
{
	return NAME(undecideds, v);
}

const char *sw_paired_by_name(enum sw_paired_by v)
{
	return NAME(paired_bys, v);
}

const char *sw_verdict_name(enum sw_verdict v)
{
	return NAME(verdicts, v);
}

const char *sw_finding_name(enum sw_finding_kind v)
{
	return NAME(findings, v);
}

const char *sw_only_reason_name(enum sw_only_reason v)
{
	return NAME(reasons, v);
}
