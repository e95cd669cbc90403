/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notes.c - the notes of a session, and what each kind weighs */
#include "transcript/session_internal.h"

#include <stdarg.h>
#include <stdio.h>

/* Kept even of a session that has no room for more. */
enum { FEW_NOTES = LIMIT_OR_SMALL(50, 5) };

/* What a note of each code weighs. */
static const uint8_t severities[SW_NOTE_CODE_COUNT] = {
	[SW_NOTE_OVERLAP_DIFFERS] = SW_PROBLEM,
	[SW_NOTE_BAD_CHECKSUM] = SW_WARNING,
	[SW_NOTE_SNAPPED] = SW_WARNING,
	[SW_NOTE_GAP] = SW_WARNING,
	[SW_NOTE_DIRECTION_MISSING] = SW_WARNING,
	[SW_NOTE_NO_START] = SW_INFO,
	[SW_NOTE_PORTS_REUSED] = SW_INFO,
	[SW_NOTE_FRAMES_DROPPED] = SW_WARNING,
	[SW_NOTE_LIMIT] = SW_WARNING,
	[SW_NOTE_NOT_SMTP] = SW_INFO,
	[SW_NOTE_VLAN_ASYMMETRIC] = SW_INFO,
	[SW_NOTE_TLS_NOT_FOLLOWED] = SW_WARNING,
	[SW_NOTE_COMMANDS_AFTER_STARTTLS] = SW_PROBLEM,
	[SW_NOTE_REPLY_CODES_DIFFER] = SW_WARNING,
	[SW_NOTE_REPLY_UNTERMINATED] = SW_WARNING,
	[SW_NOTE_REPLY_UNPROMPTED] = SW_WARNING,
	[SW_NOTE_EARLY_TALKER] = SW_WARNING,
	[SW_NOTE_BARE_LF_END] = SW_WARNING,
	[SW_NOTE_SMUGGLING] = SW_PROBLEM,
	[SW_NOTE_GREETING_MASKED] = SW_PROBLEM,
	[SW_NOTE_VERB_MASKED] = SW_PROBLEM,
	[SW_NOTE_STARTTLS_STRIPPED] = SW_PROBLEM,
	[SW_NOTE_EXTENSION_REMOVED] = SW_PROBLEM,
	[SW_NOTE_TIMEOUT_CLIENT] = SW_PROBLEM,
	[SW_NOTE_TIMEOUT_SERVER] = SW_PROBLEM,
	[SW_NOTE_MTU_BLACK_HOLE] = SW_PROBLEM,
	[SW_NOTE_REPLY_NEVER_ARRIVED] = SW_PROBLEM,
	[SW_NOTE_AMBIGUOUS_INTERLEAVING] = SW_WARNING,
	[SW_NOTE_SYNTHETIC_QUIT] = SW_INFO,
	[SW_NOTE_DATE_ASSUMED] = SW_INFO,
	[SW_NOTE_LINE_NOT_UNDERSTOOD] = SW_INFO,
	[SW_NOTE_TRUNCATED_INPUT] = SW_WARNING,
	[SW_NOTE_COMMENT] = SW_INFO,
	[SW_NOTE_PROCESS] = SW_INFO,
};

void session_note(struct session_builder *b, enum sw_note_code code,
    uint32_t event, uint64_t at_first, uint64_t at_last,
    const char *format, ...)
{
	void *notes = b->notes;
	struct sw_note *note;
	char text[512];
	va_list ap;

	if (b->failed)
		return;
	if (b->s.note_count >= LIMIT_NOTES ||
	    (b->s.note_count >= FEW_NOTES && session_is_full(b))) {
		b->s.omitted.notes++;
		return;
	}
	if (!session_grow(b, &notes, b->s.note_count, &b->note_capacity,
	    sizeof(*b->notes)))
		return;
	b->notes = notes;
	b->s.notes = notes;
	va_start(ap, format);
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	note = &b->notes[b->s.note_count++];
	note->code = code;
	note->severity = (enum sw_severity)severities[code];
	note->event = event;
	note->at_first = at_first;
	note->at_last = at_last;
	note->text = session_text(b, slice_str(text));
}

void session_note_cut(struct session_builder *b, uint32_t event,
    uint64_t at_first, uint64_t at_last, uint64_t octets)
{
	session_note(b, SW_NOTE_LIMIT, event, at_first, at_last,
	    "A line of %llu octets was cut to %d.",
	    (unsigned long long)octets, LIMIT_LINE);
	if (b->options.account)
		account_add(b->options.account, ACCOUNT_LIMIT_LINE, 1);
}
