/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.h - the tables behind sw_*_name(), for who writes many names
 *
 * A name fills its member with NUL, so that all of it can be copied at once,
 * whatever its length.
 */
#ifndef TRANSCRIPT_NAMES_H
#define TRANSCRIPT_NAMES_H

#include <smtpwire/transcript.h>

struct name {
	char text[31];
	uint8_t len; /* 0: the value has none */
};

extern const struct name names_source_kinds[SW_SOURCE_KIND_COUNT];
extern const struct name names_units[SW_UNIT_COUNT];
extern const struct name names_recorders[SW_RECORDER_COUNT];
extern const struct name names_protocols[SW_PROTOCOL_COUNT];
extern const struct name names_roles[SW_ROLE_COUNT];
extern const struct name names_endings[SW_ENDING_COUNT];
extern const struct name names_records[SW_RECORDS_COUNT];
extern const struct name names_flags[SW_FLAG_COUNT];
extern const struct name names_event_kinds[SW_EVENT_KIND_COUNT];
extern const struct name names_close_hows[SW_CLOSE_HOW_COUNT];
extern const struct name names_recipient_statuses[SW_RCPT_STATUS_COUNT];
extern const struct name names_methods[SW_METHOD_COUNT];
extern const struct name names_outcomes[SW_OUTCOME_COUNT];
extern const struct name names_severities[SW_SEVERITY_COUNT];
extern const struct name names_notes[SW_NOTE_CODE_COUNT];
extern const struct name names_date_kinds[SW_DATE_COUNT];

#endif
