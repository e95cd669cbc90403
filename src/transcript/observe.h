/* SPDX-License-Identifier: GPL-2.0-or-later */
/* observe.h - what one record of a session shows by itself */
#ifndef TRANSCRIPT_OBSERVE_H
#define TRANSCRIPT_OBSERVE_H

#include "transcript/session.h"

/* Add notes to a session that is about to be finished: what middleboxes,
 * timeouts and lost replies left behind in it. */
void observe_session(struct session_builder *b);

/* A text made unreadable with asterisks, as Cisco's fixup makes greetings. */
bool observe_is_starred(struct sw_bytes text);
/* A verb crossed out: at least four X and nothing else. */
bool observe_is_crossed(struct sw_bytes verb);

#endif
