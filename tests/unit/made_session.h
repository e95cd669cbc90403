/* SPDX-License-Identifier: GPL-2.0-or-later */
/* made_session.h - a session that a test builds call by call */
#ifndef UNIT_MADE_SESSION_H
#define UNIT_MADE_SESSION_H

#include "base/account.h"
#include "transcript/session.h"

/* For what lies in no frame. */
static const struct event_span nowhere = { 1, 1, 0, 0 };

struct made {
	struct session_builder *b;
	struct account account;
};

static inline void make(struct made *m)
{
	struct session_options options = { .account = &m->account,
		.hash = true };

	account_init(&m->account);
	assert_int_equal(session_builder_new(&options, &m->b), SW_OK);
}

static inline void drop(struct made *m)
{
	struct sw_err err;

	assert_false(session_failed(m->b));
	assert_int_equal(session_settle(m->b, false, &err), SW_OK);
	session_builder_free(&m->b);
	account_fini(&m->account);
}

#endif
