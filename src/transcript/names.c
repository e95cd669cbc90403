/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - the name of each value as the JSON form tells it */
#include "transcript/names.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
/* A name for every value: a value without one would end the table early or
 * leave a hole, which the unit test finds. */
#define COMPLETE(table, count) \
	_Static_assert(LENGTH(table) == (count), #table " misses a value")
#define NAME(text) { text, sizeof(text) - 1 }

/* Values come from callers: look at the range, not at the type. */
static const char *look_up(const struct name *names, size_t count, size_t v)
{
	return v < count && names[v].len > 0 ? names[v].text : NULL;
}

#define LOOK_UP(table, v) look_up((table), LENGTH(table), (size_t)(v))

const struct name names_source_kinds[] = {
	[SW_SOURCE_WIRE] = NAME("wire"),
	[SW_SOURCE_LOG] = NAME("log"),
};
COMPLETE(names_source_kinds, SW_SOURCE_KIND_COUNT);

const struct name names_units[] = {
	[SW_UNIT_FRAME] = NAME("frame"),
	[SW_UNIT_LINE] = NAME("line"),
	[SW_UNIT_ROW] = NAME("row"),
};
COMPLETE(names_units, SW_UNIT_COUNT);

const struct name names_recorders[] = {
	[SW_RECORDER_WIRE] = NAME("wire"),
	[SW_RECORDER_SERVER] = NAME("server"),
	[SW_RECORDER_CLIENT] = NAME("client"),
};
COMPLETE(names_recorders, SW_RECORDER_COUNT);

const struct name names_protocols[] = {
	[SW_PROTOCOL_SMTP] = NAME("smtp"),
	[SW_PROTOCOL_LMTP] = NAME("lmtp"),
};
COMPLETE(names_protocols, SW_PROTOCOL_COUNT);

const struct name names_roles[] = {
	[SW_CLIENT] = NAME("client"),
	[SW_SERVER] = NAME("server"),
	[SW_NOBODY] = NAME(""),
};
COMPLETE(names_roles, SW_ROLE_COUNT);

const struct name names_endings[] = {
	[SW_ENDING_QUIT] = NAME("quit"),
	[SW_ENDING_CLIENT_CLOSE] = NAME("client-close"),
	[SW_ENDING_SERVER_CLOSE] = NAME("server-close"),
	[SW_ENDING_CLIENT_RESET] = NAME("client-reset"),
	[SW_ENDING_SERVER_RESET] = NAME("server-reset"),
	[SW_ENDING_IDLE] = NAME("idle"),
	[SW_ENDING_REUSED] = NAME("reused"),
	[SW_ENDING_LIMIT] = NAME("limit"),
	[SW_ENDING_NO_ANSWER] = NAME("no-answer"),
	[SW_ENDING_REFUSED] = NAME("refused"),
	[SW_ENDING_INPUT_ENDED] = NAME("input-ended"),
};
COMPLETE(names_endings, SW_ENDING_COUNT);

const struct name names_records[] = {
	[SW_RECORDS_CLIENT_ADDRESS] = NAME("client-address"),
	[SW_RECORDS_CLIENT_PORT] = NAME("client-port"),
	[SW_RECORDS_SERVER_ADDRESS] = NAME("server-address"),
	[SW_RECORDS_SERVER_PORT] = NAME("server-port"),
	[SW_RECORDS_GREETING] = NAME("greeting"),
	[SW_RECORDS_COMMAND] = NAME("command"),
	[SW_RECORDS_ARGUMENT] = NAME("argument"),
	[SW_RECORDS_REPLY_CODE] = NAME("reply-code"),
	[SW_RECORDS_REPLY_TEXT] = NAME("reply-text"),
	[SW_RECORDS_REPLY_LINES] = NAME("reply-lines"),
	[SW_RECORDS_INTERMEDIATE_REPLIES] = NAME("intermediate-replies"),
	[SW_RECORDS_BODY] = NAME("body"),
	[SW_RECORDS_BODY_SIZE] = NAME("body-size"),
	[SW_RECORDS_CLOSE] = NAME("close"),
	[SW_RECORDS_TIMES] = NAME("times"),
};
COMPLETE(names_records, SW_RECORDS_COUNT);

const struct name names_flags[] = {
	[SW_FLAG_PIPELINED] = NAME("pipelined"),
	[SW_FLAG_MASKED] = NAME("masked"),
	[SW_FLAG_TRUNCATED] = NAME("truncated"),
	[SW_FLAG_OVERLONG] = NAME("overlong"),
	[SW_FLAG_CODE_ONLY] = NAME("code-only"),
	[SW_FLAG_FIRST_LINE_ONLY] = NAME("first-line-only"),
	[SW_FLAG_JOINED] = NAME("joined"),
	[SW_FLAG_INFERRED] = NAME("inferred"),
	[SW_FLAG_AFTER_GAP] = NAME("after-gap"),
	[SW_FLAG_UNACKED] = NAME("unacked"),
	[SW_FLAG_REFUSED] = NAME("refused"),
	[SW_FLAG_TURNED] = NAME("turned"),
	[SW_FLAG_BARE_LF] = NAME("bare-lf"),
	[SW_FLAG_BARE_CR] = NAME("bare-cr"),
	[SW_FLAG_NUL] = NAME("nul"),
	[SW_FLAG_8BIT] = NAME("8bit"),
};
COMPLETE(names_flags, SW_FLAG_COUNT);

const struct name names_event_kinds[] = {
	[SW_EVENT_CONNECT] = NAME("connect"),
	[SW_EVENT_COMMAND] = NAME("command"),
	[SW_EVENT_REPLY] = NAME("reply"),
	[SW_EVENT_DATA] = NAME("data"),
	[SW_EVENT_TLS] = NAME("tls"),
	[SW_EVENT_GAP] = NAME("gap"),
	[SW_EVENT_CLOSE] = NAME("close"),
	[SW_EVENT_NOTE] = NAME("note"),
};
COMPLETE(names_event_kinds, SW_EVENT_KIND_COUNT);

const struct name names_close_hows[] = {
	[SW_CLOSE_FIN] = NAME("fin"),
	[SW_CLOSE_RST] = NAME("rst"),
	[SW_CLOSE_LOGGED] = NAME("logged"),
};
COMPLETE(names_close_hows, SW_CLOSE_HOW_COUNT);

const struct name names_recipient_statuses[] = {
	[SW_RCPT_ACCEPTED] = NAME("accepted"),
	[SW_RCPT_DEFERRED] = NAME("deferred"),
	[SW_RCPT_REJECTED] = NAME("rejected"),
	[SW_RCPT_UNKNOWN] = NAME("unknown"),
};
COMPLETE(names_recipient_statuses, SW_RCPT_STATUS_COUNT);

const struct name names_methods[] = {
	[SW_METHOD_NONE] = NAME(""),
	[SW_METHOD_DATA] = NAME("DATA"),
	[SW_METHOD_BDAT] = NAME("BDAT"),
};
COMPLETE(names_methods, SW_METHOD_COUNT);

const struct name names_outcomes[] = {
	[SW_OUTCOME_ACCEPTED] = NAME("accepted"),
	[SW_OUTCOME_DEFERRED] = NAME("deferred"),
	[SW_OUTCOME_REJECTED] = NAME("rejected"),
	[SW_OUTCOME_PARTIAL] = NAME("partial"),
	[SW_OUTCOME_ABORTED] = NAME("aborted"),
	[SW_OUTCOME_UNKNOWN] = NAME("unknown"),
};
COMPLETE(names_outcomes, SW_OUTCOME_COUNT);

const struct name names_severities[] = {
	[SW_INFO] = NAME("info"),
	[SW_WARNING] = NAME("warning"),
	[SW_PROBLEM] = NAME("problem"),
};
COMPLETE(names_severities, SW_SEVERITY_COUNT);

const struct name names_notes[] = {
	[SW_NOTE_OVERLAP_DIFFERS] = NAME("overlap-differs"),
	[SW_NOTE_BAD_CHECKSUM] = NAME("bad-checksum"),
	[SW_NOTE_SNAPPED] = NAME("snapped"),
	[SW_NOTE_GAP] = NAME("gap"),
	[SW_NOTE_DIRECTION_MISSING] = NAME("direction-missing"),
	[SW_NOTE_NO_START] = NAME("no-start"),
	[SW_NOTE_PORTS_REUSED] = NAME("ports-reused"),
	[SW_NOTE_FRAMES_DROPPED] = NAME("frames-dropped"),
	[SW_NOTE_LIMIT] = NAME("limit"),
	[SW_NOTE_NOT_SMTP] = NAME("not-smtp"),
	[SW_NOTE_VLAN_ASYMMETRIC] = NAME("vlan-asymmetric"),
	[SW_NOTE_TLS_NOT_FOLLOWED] = NAME("tls-not-followed"),
	[SW_NOTE_COMMANDS_AFTER_STARTTLS] = NAME("commands-after-starttls"),
	[SW_NOTE_REPLY_CODES_DIFFER] = NAME("reply-codes-differ"),
	[SW_NOTE_REPLY_UNTERMINATED] = NAME("reply-unterminated"),
	[SW_NOTE_REPLY_UNPROMPTED] = NAME("reply-unprompted"),
	[SW_NOTE_EARLY_TALKER] = NAME("early-talker"),
	[SW_NOTE_BARE_LF_END] = NAME("bare-lf-end"),
	[SW_NOTE_SMUGGLING] = NAME("smuggling"),
	[SW_NOTE_GREETING_MASKED] = NAME("greeting-masked"),
	[SW_NOTE_VERB_MASKED] = NAME("verb-masked"),
	[SW_NOTE_STARTTLS_STRIPPED] = NAME("starttls-stripped"),
	[SW_NOTE_EXTENSION_REMOVED] = NAME("extension-removed"),
	[SW_NOTE_TIMEOUT_CLIENT] = NAME("timeout-client"),
	[SW_NOTE_TIMEOUT_SERVER] = NAME("timeout-server"),
	[SW_NOTE_MTU_BLACK_HOLE] = NAME("mtu-black-hole"),
	[SW_NOTE_REPLY_NEVER_ARRIVED] = NAME("reply-never-arrived"),
	[SW_NOTE_AMBIGUOUS_INTERLEAVING] = NAME("ambiguous-interleaving"),
	[SW_NOTE_SYNTHETIC_QUIT] = NAME("synthetic-quit"),
	[SW_NOTE_DATE_ASSUMED] = NAME("date-assumed"),
	[SW_NOTE_LINE_NOT_UNDERSTOOD] = NAME("line-not-understood"),
	[SW_NOTE_TRUNCATED_INPUT] = NAME("truncated-input"),
	[SW_NOTE_ADDRESSES_TRANSLATED] = NAME("addresses-translated"),
	[SW_NOTE_COMMENT] = NAME("comment"),
	[SW_NOTE_PROCESS] = NAME("process"),
	[SW_NOTE_NO_DIALOGUE] = NAME("no-dialogue"),
};
COMPLETE(names_notes, SW_NOTE_CODE_COUNT);

const struct name names_date_kinds[] = {
	[SW_DATE_GIVEN] = NAME("given"),
	[SW_DATE_ASSUMED] = NAME("assumed"),
	[SW_DATE_NONE] = NAME("none"),
};
COMPLETE(names_date_kinds, SW_DATE_COUNT);

const char *sw_source_kind_name(enum sw_source_kind v)
{
	return LOOK_UP(names_source_kinds, v);
}

const char *sw_unit_name(enum sw_unit v)
{
	return LOOK_UP(names_units, v);
}

const char *sw_recorder_name(enum sw_recorder v)
{
	return LOOK_UP(names_recorders, v);
}

const char *sw_protocol_name(enum sw_protocol v)
{
	return LOOK_UP(names_protocols, v);
}

const char *sw_role_name(enum sw_role v)
{
	return LOOK_UP(names_roles, v);
}

const char *sw_ending_name(enum sw_ending v)
{
	return LOOK_UP(names_endings, v);
}

const char *sw_record_name(enum sw_record v)
{
	return LOOK_UP(names_records, v);
}

const char *sw_flag_name(enum sw_flag v)
{
	return LOOK_UP(names_flags, v);
}

const char *sw_event_kind_name(enum sw_event_kind v)
{
	return LOOK_UP(names_event_kinds, v);
}

const char *sw_close_how_name(enum sw_close_how v)
{
	return LOOK_UP(names_close_hows, v);
}

const char *sw_recipient_status_name(enum sw_status_of_recipient v)
{
	return LOOK_UP(names_recipient_statuses, v);
}

const char *sw_method_name(enum sw_method v)
{
	return LOOK_UP(names_methods, v);
}

const char *sw_outcome_name(enum sw_outcome v)
{
	return LOOK_UP(names_outcomes, v);
}

const char *sw_severity_name(enum sw_severity v)
{
	return LOOK_UP(names_severities, v);
}

const char *sw_note_name(enum sw_note_code v)
{
	return LOOK_UP(names_notes, v);
}

const char *sw_date_kind_name(enum sw_date_kind v)
{
	return LOOK_UP(names_date_kinds, v);
}
