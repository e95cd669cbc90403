/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - the name of each value as the JSON form tells it */
#include <smtpwire/transcript.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
/* A name for every value: a value without one would end the table early or
 * leave a hole, which the unit test finds. */
#define COMPLETE(table, count) \
	_Static_assert(LENGTH(table) == (count), #table " misses a value")
/* Values come from callers: look at the range, not at the type. */
#define LOOK_UP(table, v) \
	((size_t)(v) < LENGTH(table) ? (table)[(size_t)(v)] : NULL)

static const char *const source_kinds[] = {
	[SW_SOURCE_WIRE] = "wire",
	[SW_SOURCE_LOG] = "log",
};
COMPLETE(source_kinds, SW_SOURCE_KIND_COUNT);

static const char *const units[] = {
	[SW_UNIT_FRAME] = "frame",
	[SW_UNIT_LINE] = "line",
	[SW_UNIT_ROW] = "row",
};
COMPLETE(units, SW_UNIT_COUNT);

static const char *const recorders[] = {
	[SW_RECORDER_WIRE] = "wire",
	[SW_RECORDER_SERVER] = "server",
	[SW_RECORDER_CLIENT] = "client",
};
COMPLETE(recorders, SW_RECORDER_COUNT);

static const char *const protocols[] = {
	[SW_PROTOCOL_SMTP] = "smtp",
	[SW_PROTOCOL_LMTP] = "lmtp",
};
COMPLETE(protocols, SW_PROTOCOL_COUNT);

static const char *const roles[] = {
	[SW_CLIENT] = "client",
	[SW_SERVER] = "server",
	[SW_NOBODY] = NULL,
};
COMPLETE(roles, SW_ROLE_COUNT);

static const char *const endings[] = {
	[SW_ENDING_QUIT] = "quit",
	[SW_ENDING_CLIENT_CLOSE] = "client-close",
	[SW_ENDING_SERVER_CLOSE] = "server-close",
	[SW_ENDING_CLIENT_RESET] = "client-reset",
	[SW_ENDING_SERVER_RESET] = "server-reset",
	[SW_ENDING_IDLE] = "idle",
	[SW_ENDING_REUSED] = "reused",
	[SW_ENDING_LIMIT] = "limit",
	[SW_ENDING_NO_ANSWER] = "no-answer",
	[SW_ENDING_REFUSED] = "refused",
	[SW_ENDING_INPUT_ENDED] = "input-ended",
};
COMPLETE(endings, SW_ENDING_COUNT);

static const char *const records[] = {
	[SW_RECORDS_CLIENT_ADDRESS] = "client-address",
	[SW_RECORDS_CLIENT_PORT] = "client-port",
	[SW_RECORDS_SERVER_ADDRESS] = "server-address",
	[SW_RECORDS_SERVER_PORT] = "server-port",
	[SW_RECORDS_GREETING] = "greeting",
	[SW_RECORDS_COMMAND] = "command",
	[SW_RECORDS_ARGUMENT] = "argument",
	[SW_RECORDS_REPLY_CODE] = "reply-code",
	[SW_RECORDS_REPLY_TEXT] = "reply-text",
	[SW_RECORDS_REPLY_LINES] = "reply-lines",
	[SW_RECORDS_INTERMEDIATE_REPLIES] = "intermediate-replies",
	[SW_RECORDS_BODY] = "body",
	[SW_RECORDS_BODY_SIZE] = "body-size",
	[SW_RECORDS_CLOSE] = "close",
	[SW_RECORDS_TIMES] = "times",
};
COMPLETE(records, SW_RECORDS_COUNT);

static const char *const flags[] = {
	[SW_FLAG_PIPELINED] = "pipelined",
	[SW_FLAG_MASKED] = "masked",
	[SW_FLAG_TRUNCATED] = "truncated",
	[SW_FLAG_OVERLONG] = "overlong",
	[SW_FLAG_CODE_ONLY] = "code-only",
	[SW_FLAG_FIRST_LINE_ONLY] = "first-line-only",
	[SW_FLAG_JOINED] = "joined",
	[SW_FLAG_INFERRED] = "inferred",
	[SW_FLAG_AFTER_GAP] = "after-gap",
	[SW_FLAG_UNACKED] = "unacked",
	[SW_FLAG_REFUSED] = "refused",
	[SW_FLAG_TURNED] = "turned",
	[SW_FLAG_BARE_LF] = "bare-lf",
	[SW_FLAG_BARE_CR] = "bare-cr",
	[SW_FLAG_NUL] = "nul",
	[SW_FLAG_8BIT] = "8bit",
};
COMPLETE(flags, SW_FLAG_COUNT);

static const char *const event_kinds[] = {
	[SW_EVENT_CONNECT] = "connect",
	[SW_EVENT_COMMAND] = "command",
	[SW_EVENT_REPLY] = "reply",
	[SW_EVENT_DATA] = "data",
	[SW_EVENT_TLS] = "tls",
	[SW_EVENT_GAP] = "gap",
	[SW_EVENT_CLOSE] = "close",
	[SW_EVENT_NOTE] = "note",
};
COMPLETE(event_kinds, SW_EVENT_KIND_COUNT);

static const char *const close_hows[] = {
	[SW_CLOSE_FIN] = "fin",
	[SW_CLOSE_RST] = "rst",
	[SW_CLOSE_LOGGED] = "logged",
};
COMPLETE(close_hows, SW_CLOSE_HOW_COUNT);

static const char *const recipient_statuses[] = {
	[SW_RCPT_ACCEPTED] = "accepted",
	[SW_RCPT_DEFERRED] = "deferred",
	[SW_RCPT_REJECTED] = "rejected",
	[SW_RCPT_UNKNOWN] = "unknown",
};
COMPLETE(recipient_statuses, SW_RCPT_STATUS_COUNT);

static const char *const methods[] = {
	[SW_METHOD_NONE] = NULL,
	[SW_METHOD_DATA] = "DATA",
	[SW_METHOD_BDAT] = "BDAT",
};
COMPLETE(methods, SW_METHOD_COUNT);

static const char *const outcomes[] = {
	[SW_OUTCOME_ACCEPTED] = "accepted",
	[SW_OUTCOME_DEFERRED] = "deferred",
	[SW_OUTCOME_REJECTED] = "rejected",
	[SW_OUTCOME_PARTIAL] = "partial",
	[SW_OUTCOME_ABORTED] = "aborted",
	[SW_OUTCOME_UNKNOWN] = "unknown",
};
COMPLETE(outcomes, SW_OUTCOME_COUNT);

static const char *const severities[] = {
	[SW_INFO] = "info",
	[SW_WARNING] = "warning",
	[SW_PROBLEM] = "problem",
};
COMPLETE(severities, SW_SEVERITY_COUNT);

static const char *const notes[] = {
	[SW_NOTE_OVERLAP_DIFFERS] = "overlap-differs",
	[SW_NOTE_BAD_CHECKSUM] = "bad-checksum",
	[SW_NOTE_SNAPPED] = "snapped",
	[SW_NOTE_GAP] = "gap",
	[SW_NOTE_DIRECTION_MISSING] = "direction-missing",
	[SW_NOTE_NO_START] = "no-start",
	[SW_NOTE_PORTS_REUSED] = "ports-reused",
	[SW_NOTE_FRAMES_DROPPED] = "frames-dropped",
	[SW_NOTE_LIMIT] = "limit",
	[SW_NOTE_NOT_SMTP] = "not-smtp",
	[SW_NOTE_VLAN_ASYMMETRIC] = "vlan-asymmetric",
	[SW_NOTE_TLS_NOT_FOLLOWED] = "tls-not-followed",
	[SW_NOTE_COMMANDS_AFTER_STARTTLS] = "commands-after-starttls",
	[SW_NOTE_REPLY_CODES_DIFFER] = "reply-codes-differ",
	[SW_NOTE_REPLY_UNTERMINATED] = "reply-unterminated",
	[SW_NOTE_REPLY_UNPROMPTED] = "reply-unprompted",
	[SW_NOTE_EARLY_TALKER] = "early-talker",
	[SW_NOTE_BARE_LF_END] = "bare-lf-end",
	[SW_NOTE_SMUGGLING] = "smuggling",
	[SW_NOTE_GREETING_MASKED] = "greeting-masked",
	[SW_NOTE_VERB_MASKED] = "verb-masked",
	[SW_NOTE_STARTTLS_STRIPPED] = "starttls-stripped",
	[SW_NOTE_EXTENSION_REMOVED] = "extension-removed",
	[SW_NOTE_TIMEOUT_CLIENT] = "timeout-client",
	[SW_NOTE_TIMEOUT_SERVER] = "timeout-server",
	[SW_NOTE_MTU_BLACK_HOLE] = "mtu-black-hole",
	[SW_NOTE_REPLY_NEVER_ARRIVED] = "reply-never-arrived",
	[SW_NOTE_AMBIGUOUS_INTERLEAVING] = "ambiguous-interleaving",
	[SW_NOTE_SYNTHETIC_QUIT] = "synthetic-quit",
	[SW_NOTE_DATE_ASSUMED] = "date-assumed",
	[SW_NOTE_LINE_NOT_UNDERSTOOD] = "line-not-understood",
	[SW_NOTE_TRUNCATED_INPUT] = "truncated-input",
};
COMPLETE(notes, SW_NOTE_CODE_COUNT);

static const char *const date_kinds[] = {
	[SW_DATE_GIVEN] = "given",
	[SW_DATE_ASSUMED] = "assumed",
	[SW_DATE_NONE] = "none",
};
COMPLETE(date_kinds, SW_DATE_COUNT);

const char *sw_source_kind_name(enum sw_source_kind v)
{
	return LOOK_UP(source_kinds, v);
}

const char *sw_unit_name(enum sw_unit v)
{
	return LOOK_UP(units, v);
}

const char *sw_recorder_name(enum sw_recorder v)
{
	return LOOK_UP(recorders, v);
}

const char *sw_protocol_name(enum sw_protocol v)
{
	return LOOK_UP(protocols, v);
}

const char *sw_role_name(enum sw_role v)
{
	return LOOK_UP(roles, v);
}

const char *sw_ending_name(enum sw_ending v)
{
	return LOOK_UP(endings, v);
}

const char *sw_record_name(enum sw_record v)
{
	return LOOK_UP(records, v);
}

const char *sw_flag_name(enum sw_flag v)
{
	return LOOK_UP(flags, v);
}

const char *sw_event_kind_name(enum sw_event_kind v)
{
	return LOOK_UP(event_kinds, v);
}

const char *sw_close_how_name(enum sw_close_how v)
{
	return LOOK_UP(close_hows, v);
}

const char *sw_recipient_status_name(enum sw_status_of_recipient v)
{
	return LOOK_UP(recipient_statuses, v);
}

const char *sw_method_name(enum sw_method v)
{
	return LOOK_UP(methods, v);
}

const char *sw_outcome_name(enum sw_outcome v)
{
	return LOOK_UP(outcomes, v);
}

const char *sw_severity_name(enum sw_severity v)
{
	return LOOK_UP(severities, v);
}

const char *sw_note_name(enum sw_note_code v)
{
	return LOOK_UP(notes, v);
}

const char *sw_date_kind_name(enum sw_date_kind v)
{
	return LOOK_UP(date_kinds, v);
}
