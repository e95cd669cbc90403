/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terminal.h - what goes to standard error: messages, progress */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "cli/cli.h"

/* One line on standard error, as printf; control characters and octets that
 * are not UTF-8 are shown escaped, so that no input reaches the terminal. */
void terminal_say(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* Tell an error of the library; the exit status that it makes. */
int terminal_tell(const struct sw_err *err);
/* A sw_write_fn to standard error, escaped in the same way but for LF. */
int terminal_write(void *ctx, const void *octets, size_t len);

/* A bar on standard error while work is long. */
struct progress {
	bool on;
	bool shown;        /* the bar stands on the terminal */
	int64_t begun_ns;  /* monotonic */
	int64_t drawn_ns;  /* 0: never */
};

void progress_init(struct progress *p, enum cli_progress how, bool quiet);
/* For sw_observer.progress; ctx is the struct progress. */
void progress_update(void *ctx, uint64_t done, uint64_t total);
/* Take the bar away before something else is written. */
void progress_clear(struct progress *p);

#endif
