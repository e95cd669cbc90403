/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haraka_rows.h - rows of logs of Haraka; haraka.c tells the three formats
 */
#ifndef LOGS_HARAKA_ROWS_H
#define LOGS_HARAKA_ROWS_H

#include <smtpwire/transcript.h>

#include "base/buffer.h"

enum haraka_level {
	HARAKA_LEVEL_DATA,
	HARAKA_LEVEL_PROTOCOL,
	HARAKA_LEVEL_DEBUG,
	HARAKA_LEVEL_INFO,
	HARAKA_LEVEL_NOTICE,
	HARAKA_LEVEL_WARN,
	HARAKA_LEVEL_ERROR,
	HARAKA_LEVEL_CRIT,
	HARAKA_LEVEL_ALERT,
	HARAKA_LEVEL_EMERG,
	HARAKA_LEVEL_COUNT
};

enum haraka_mode { HARAKA_DEFAULT, HARAKA_LOGFMT, HARAKA_JSON };

/* What is read of a row. */
enum haraka_field {
	HARAKA_LEVEL,
	HARAKA_UUID,
	HARAKA_ORIGIN,
	HARAKA_MESSAGE,
	HARAKA_STATE,
	HARAKA_IP,
	HARAKA_PORT,
	HARAKA_LOCAL_IP,
	HARAKA_LOCAL_PORT,
	HARAKA_MID,
	HARAKA_SIZE,
	HARAKA_COUNT
};

struct haraka_row {
	enum haraka_mode mode;
	enum haraka_level level;
	int64_t time;                 /* SW_NO_TIME */
	struct slice of[HARAKA_COUNT]; /* as they stand; p NULL: not there */
	bool open;                    /* its message goes on behind it */
};

/* false: the line is none.  Its slices are those of the line. */
bool haraka_parse_row(struct slice line, struct haraka_row *row);
/* The time in front of a line, dropped from *rest; SW_NO_TIME: none. */
int64_t haraka_take_time(struct slice *rest);
/* name=value name="value" ...; false: the last value has no end. */
bool haraka_take_pairs(struct haraka_row *row, struct slice s);
/* Up to the quote that closes, of which *rest stands behind; false: there is
 * none, and all is taken. */
bool haraka_take_string(struct slice *rest, struct slice *value_r);

/* Without the escapes of logfmt and JSON, in b; valid as long as it is not
 * changed. */
struct slice haraka_decode(struct buffer *b, struct slice raw);
/* What the row's message says, without the end of its line; b: memory. */
struct slice haraka_plain(struct buffer *b, const struct haraka_row *row);
/* "C: ", "S: " in front of what was said; false: neither. */
bool haraka_take_role(struct slice *said, enum sw_role *role_r);
bool haraka_has_suffix(struct slice s, const char *suffix);

#endif
