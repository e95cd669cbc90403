/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reader.h - what the files of the API share */
#ifndef API_READER_H
#define API_READER_H

#include <smtpwire/report.h>

#include "base/account.h"
#include "base/buffer.h"
#include "capture/live.h"
#include "transcript/message.h"

/* An interface that is open: what is captured, and the functions that its user
 * gave. */
struct live *api_live_get(struct sw_live *live);
/* The same, with sw_live's own memory freed. */
struct live *api_live_take(struct sw_live **live, struct live_ops *ops_r);

struct sw_account {
	struct account a;
};

/* A copy of the caller's options, strings included. */
struct options_copy {
	struct sw_options o;
	uint16_t *ports;
	char *strings[16];
	size_t string_count;
};
enum sw_status options_copy(struct options_copy *c,
    const struct sw_options *o) SW_MUST_USE;
void options_copy_fini(struct options_copy *c);

/* Does the session pass? */
bool filter_passes(const struct sw_filter *f, const struct sw_session *s);

/* May it depend on when a session was? */
bool filter_asks_time(const struct sw_filter *f);

/* Might any not? */
bool filter_selects(const struct sw_filter *f);

/* Did something fail in it, as --failed asks? */
bool filter_has_failed(const struct sw_session *s);

/* The account as a JSON object; logs, if not NULL, as its last field. */
void account_json(struct buffer *b, const struct account *a,
    const struct account *logs);
/* The account as a JSON array of what an HTML page lists: a number, what it
 * is of, its name, and the texts behind it. */
void account_about(struct buffer *b, const struct account *a);
/* What an HTML page is about, one JSON object.  false: out of memory. */
bool about_reading(struct buffer *b, const char *const *names, size_t count,
    const struct sw_account *account, uint64_t sessions, uint64_t failed);
bool about_check(struct buffer *b, const struct sw_report *r,
    const struct sw_account *const accounts[2]);
/* That a side of a check, of these inputs, holds no session. */
void about_empty(struct buffer *b, enum sw_side side,
    const char *const *names, size_t count);

/* Body operations that pass content on to the observer and to another set
 * (NULL: none). */
struct tee;
enum sw_status tee_new(const struct sw_observer *observer,
    const struct body_ops *next, struct tee **t_r) SW_MUST_USE;
const struct body_ops *tee_ops(const struct tee *t);
void tee_free(struct tee **t);

/* Sessions put aside and told again in order of their start. */
struct spill;
enum sw_status spill_new(const char *tmpdir, struct spill **s_r,
    struct sw_err *err) SW_MUST_USE;
enum sw_status spill_add(struct spill *s, const struct sw_session *session,
    struct sw_err *err) SW_MUST_USE;
/* No more is added: put them in order. */
enum sw_status spill_sort(struct spill *s, struct sw_err *err) SW_MUST_USE;
/* 1: the next session, valid until the next call; 0: the end; < 0. */
int spill_next(struct spill *s, const struct sw_session **session_r,
    struct sw_err *err) SW_MUST_USE;
void spill_free(struct spill **s);

#endif
