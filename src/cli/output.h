/* SPDX-License-Identifier: GPL-2.0-or-later */
/* output.h - a buffered output that is complete or not there */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/cli.h"

#define OUTPUT_BUFFER 65536

/*
 * A regular file is written without its name and gets it at the end, so
 * that no half-written file is ever found under it.  Standard output,
 * devices and pipes are written as they are.
 */
struct output {
	const char *name; /* for messages; borrowed */
	int fd;
	bool is_terminal;
	bool growing;  /* its name is appended to, and may be opened again */
	char *target;  /* final name, NULL: written directly; heap */
	char *part;    /* name of the unfinished file, NULL: it has none */
	uint8_t *buffer;
	size_t len;
	int error; /* errno of the first write that failed, 0: none */
};

/* Open name, NULL or "-": standard output.  Returns 0 or an errno value. */
int output_open(struct output *o, const char *name) SW_MUST_USE;
/* Colours are wanted: a terminal that knows them, and no NO_COLOR. */
bool output_wants_colour(const struct output *o);
/* The same, but what is written is appended at once to the file of that
 * name. */
int output_open_growing(struct output *o, const char *name) SW_MUST_USE;
/* Of such a one: write what is buffered and open its name again, since
 * somebody has moved the file away.  An errno value: the old one stays. */
int output_reopen(struct output *o) SW_MUST_USE;
/* Could a file be made there: in the folder name itself, which is made if it
 * is missing, else in that of the file name?  0 (also for NULL), or an errno
 * value. */
int output_try(const char *name, bool is_folder) SW_MUST_USE;
/* A sw_write_fn; ctx is the struct output. */
int output_write(void *ctx, const void *octets, size_t len);
/* Hand on what is buffered: 0 or an errno value. */
int output_flush(struct output *o);
/* All is written: put the file under its name.  0 or an errno value. */
int output_finish(struct output *o);
/* Free all; what was not finished vanishes. */
void output_fini(struct output *o);

#endif
