/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crew.h - threads that share out numbered tasks
 *
 * One thread owns a crew and alone calls these functions.
 */
#ifndef PIPELINE_CREW_H
#define PIPELINE_CREW_H

#include <smtpwire/error.h>

struct crew;

/*
 * threads: workers beside the owner.  Fewer are made if the system gives no
 * more, none at worst: the owner then does all itself.  run is called in any
 * of the threads, once for each task.
 */
enum sw_status crew_new(unsigned threads, void (*run)(void *ctx,
    unsigned task), void *ctx, struct crew **c_r) SW_MUST_USE;
/* What was started is done first. */
void crew_free(struct crew **c);
/* Tasks 0 to count - 1 may be run from now on, in any order.  Everything
 * started before must have been joined. */
void crew_start(struct crew *c, unsigned count);
/* Help, until all is done.  What tasks did is seen by the caller. */
void crew_join(struct crew *c);

#endif
