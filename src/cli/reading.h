/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reading.h - what `read` and `live` do with the sessions that come */
#ifndef CLI_READING_H
#define CLI_READING_H

#include "cli/cli.h"
#include "cli/heap.h"
#include "cli/output.h"
#include "cli/terminal.h"

/* One run. */
struct reading {
	struct cli_args args;
	struct output out;
	struct progress progress;
	struct heap heap;
	struct sw_reader *reader;
	struct sw_printer *printer;
	struct sw_watch *watch; /* sessions go there; NULL: they are told */
	bool prompt; /* sessions are written as they end, not in blocks */
	int status;  /* enum cli_exit */
	bool broken; /* an event could not be written */
	bool quiet_end; /* nobody reads the output any more */
};

/* The run ends with this status, unless something worse happens. */
void reading_fail(struct reading *r, int status);
/* Tell what went wrong, and fail. */
void reading_error(struct reading *r, const struct sw_err *err);
/* An output failed with an errno value. */
void reading_output_error(struct reading *r, const char *name, int error);
/* As sw_observer.event; ctx is the reading. */
void reading_event(void *ctx, const struct sw_session *s,
    const struct sw_event *e);
/* What the reader is to call, and with which context: step always, progress if
 * it is shown. */
void reading_observe(struct reading *r);
/* Tell the sessions of the reader, to its end. */
void reading_sessions(struct reading *r);
/* What -o named gets its name, unless the run broke or nothing at all could
 * be read. */
void reading_finish(struct reading *r);
/* Tell the account so far on standard error, and that of the logs. */
void reading_tell_account(struct reading *r);
/* The same at the end, and to the file that it is to go to. */
void reading_account(struct reading *r);

#endif
