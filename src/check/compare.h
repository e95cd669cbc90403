/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare.h - what the parts of verdict.c share */
#ifndef CHECK_COMPARE_H
#define CHECK_COMPARE_H

#include "check/check.h"

/* Two sessions that are compared. */
struct judge {
	const struct sw_session *s[2]; /* enum sw_side */
	const struct verdict_options *options;
	struct arena *arena;
	struct sw_aligned *rows;
	size_t row_count;
	size_t hidden_from;     /* row from which TLS hides one side */
	enum sw_side hidden;    /* ... which; SW_NO_SIDE */
	uint32_t last_answered[2]; /* n of the newest event that a reply
	                              answers */
	size_t content_row;     /* the first row with content */
	size_t first_row[2], last_row[2]; /* of each side's dialogue; it has
	                           none: row_count, 0 */
	size_t first_said[2][2]; /* ... the first row of what each role said
	                            in it: side, role */
	size_t last_line[2];    /* the last row with a command or a reply of
	                           each side */
	bool closed[2];         /* the connection ended before its peer could
	                           read anything more */
	bool gaps[2];           /* octets are missing from the record */
	uint32_t gap_event[2];  /* n of the first gap; 0: none */
	bool no_start[2];       /* the record begins behind the connection's
	                           start */
	uint32_t in_step[2];    /* n of the first reply behind which none is to
	                           what was sent before; UINT32_MAX: none */
	size_t told_until[2];   /* rows before it that a side lacks are told
	                           as a message that is missing */
	uint32_t undecided;     /* SW_BIT(enum sw_undecided): what could not be
	                           compared, and why */
	bool differs;
	struct sw_finding *findings;
	size_t count, capacity;
	bool memory;
};

/* How far in front of a reply its command is looked for: mostly it stands
 * right there. */
#define ROWS_BACK 64

/* What a finding is about; fields that stay 0 are not known. */
struct about {
	enum sw_finding_kind kind;
	enum sw_side side;
	const struct sw_event *left, *right;
	uint32_t message;
	struct sw_bytes recipient, left_text, right_text;
	size_t row; /* number + 1, 0: none */
};
/* Add a finding; what it means as printf makes it. */
void check_find(struct judge *j, const struct about *a, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

static inline enum sw_side compare_other(enum sw_side side)
{
	return side == SW_LEFT ? SW_RIGHT : SW_LEFT;
}
/* The event of a side in a row; NULL: it has none. */
static inline const struct sw_event *compare_event(const struct judge *j,
    enum sw_side side, size_t row)
{
	uint32_t i = side == SW_LEFT ? j->rows[row].left :
	    j->rows[row].right;

	return i ? &j->s[side]->events[i - 1] : NULL;
}
static inline struct slice compare_slice(struct sw_bytes b)
{
	return slice_make(b.data, b.len);
}
/* Can this side record it? */
static inline bool compare_records(const struct sw_session *s,
    enum sw_record what)
{
	return s->records >> what & 1;
}
static inline bool compare_flag(const struct sw_event *e, enum sw_flag flag)
{
	return e->flags >> flag & 1;
}
/* Is the session read from rows of IIS, where a blank is a plus? */
bool compare_is_iis(const struct sw_session *s);
/* "client" or "server" log, or the wire: what to call a side. */
const char *compare_name(const struct judge *j, enum sw_side side);
/* Equal but for runs of blanks and what stands behind a colon; of two of
 * which one was cut, as far as it goes. */
bool compare_texts(const struct judge *j, struct sw_bytes left,
    struct sw_bytes right, uint32_t flags);
bool compare_has_note(const struct sw_session *s, enum sw_note_code code);
/* Would it matter to anybody that `side` did not get this reply of `has`? */
bool compare_is_wanted_reply(const struct judge *j, enum sw_side has,
    const struct sw_event *e, enum sw_side side);
/* Do the replies of a row answer commands that changed places? */
bool compare_answers_exchanged(const struct judge *j, size_t row);
/* A reply as one text, in arena. */
struct sw_bytes compare_reply_text(struct judge *j,
    const struct sw_reply *r);

/* compare_command.c: a command as one text, which may lie in arena. */
struct sw_bytes compare_command_text(struct judge *j,
    const struct sw_command *c);
/* Are both commands, and the same? */
bool compare_same_commands(const struct judge *j, const struct sw_event *l,
    const struct sw_event *r);
/* Two commands that stand side by side. */
void compare_commands(struct judge *j, size_t row);
/* compare_hidden.c: what TLS does not hide of what it hides. */
void compare_hidden(struct judge *j);
/* compare_turns.c: ... by who sent records, when and how much. */
void compare_turns(struct judge *j);
/* Behind a gap of its record content may be taken for commands, and a reply
 * for that to another command. */
bool compare_is_behind_gap(const struct judge *j, enum sw_side has,
    const struct sw_event *e);
/* Tell that the gap may explain what differs in a row. */
void compare_explain_gap(struct judge *j, size_t row, enum sw_side has);
/* compare_lacking.c: only the other side has this row. */
void compare_lacking(struct judge *j, size_t row, enum sw_side side);
/* compare_reply.c: two replies that stand side by side. */
void compare_replies(struct judge *j, size_t row);
/* compare_extensions.c: what only one of two replies to EHLO offers; true:
 * anything, which is told. */
bool compare_extensions(struct judge *j, size_t row, const struct sw_event *l,
    const struct sw_event *r);
/* compare_message.c: the messages of both. */
void compare_messages(struct judge *j);

#endif
