/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iis_find.h - which session a row of the SMTP service of IIS belongs to
 */
#ifndef LOGS_IIS_FIND_H
#define LOGS_IIS_FIND_H

#include "logs/iis_rows.h"

static inline struct iis_session *iis_extra(struct log_session *s)
{
	return (struct iis_session *)(void *)s->extra;
}

static inline bool iis_has(const struct iis_row *row, enum iis_column c)
{
	return row->columns & SW_BIT(c);
}

static inline bool iis_is_code(int32_t status)
{
	return status >= 200 && status <= 599;
}

static inline bool iis_is_positive(int32_t code)
{
	return code >= 200 && code < 300;
}

static inline bool iis_is_hello(enum verb verb)
{
	return verb == VERB_HELO || verb == VERB_EHLO || verb == VERB_LHLO;
}

/* Is the row outbound, and a reply that this server got? */
bool iis_is_outbound(const struct iis_row *row);
bool iis_is_response(const struct iis_row *row);
/* When the connection was opened: outbound rows count from there, inbound
 * QUIT rows hold the session's length.  SW_NO_TIME: the row does not tell. */
int64_t iis_opened(const struct iis_row *row, bool outbound);
/* Does the first row of an inbound session show that others came before? */
bool iis_lacks_start(const struct iis_row *row);
/* An empty value is one that was not told. */
static inline struct slice iis_nonempty(struct slice s)
{
	return s.len > 0 ? s : slice_make(NULL, 0);
}

/* Of the sessions with a row's key. */
struct iis_choice {
	struct log_session *best, *equal; /* equal: as good as the best */
	int weight;                       /* of the best */
};

/* The session that a row may go on with, in c_r->best.  Keys are addresses of
 * the other host, of inbound and outbound sessions alike. */
enum sw_status iis_find(struct iis_rows *r, const struct iis_row *row,
    bool outbound, struct iis_choice *c_r) SW_MUST_USE;
/* The row belongs to the session that was chosen, or begins one. */
struct log_session *iis_go_on(struct iis_rows *r, const struct iis_choice *c,
    const struct iis_row *row);
enum sw_status iis_begin(struct iis_rows *r, const struct iis_row *row,
    bool outbound, struct log_session **s_r) SW_MUST_USE;
/*
 * The session of a row with a command.  A HELO that fits nowhere is that of
 * a new connection; another row that fits nowhere lacks one before it in the
 * log.  *new_r: it begins with this row.
 */
enum sw_status iis_session_of(struct iis_rows *r, const struct iis_row *row,
    bool outbound, struct log_session **s_r, bool *new_r) SW_MUST_USE;

#endif
