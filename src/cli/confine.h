/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine.h - a process that can do no more than its work
 *
 * What is parsed was sent by strangers.  Before the first octet of it is
 * looked at the process gives up what it does not need.  All of it is done as
 * far as the kernel has it; what is missing is no error.
 */
#ifndef CLI_CONFINE_H
#define CLI_CONFINE_H

#include "cli/cli.h"

/* The files that may still be opened. */
struct confinement {
	int rules; /* a descriptor, -1: the kernel has no Landlock */
	uint64_t rights; /* that it knows */
	bool writes; /* files will be opened to be written */
	bool reads;  /* ... or to be read, or libraries loaded */
};

/* Begin with what the libraries need, which are loaded when they are called
 * for. */
void confine_init(struct confinement *c);
/* Libraries may be loaded, though no file is read. */
void confine_add_libraries(struct confinement *c);
/* Will nothing be opened, and can the kernel forbid that alone?  Then all that
 * is needed must be loaded by now. */
bool confine_is_closed(const struct confinement *c);
/* This file may be read, or what is in this folder. */
void confine_add_input(struct confinement *c, const char *path);
/* In this folder files may be made, read, written, renamed, removed; it is
 * made if it is missing.  Nothing for NULL. */
void confine_add_folder(struct confinement *c, const char *path);
/* The same for the folder in which this file stands or will; nothing for
 * NULL and "-". */
void confine_add_output(struct confinement *c, const char *path);
/* A file that may be renamed, and others take its name: all that stand beside
 * it may be read. */
void confine_add_growing(struct confinement *c, const char *path);
/* From now on nothing else can be opened, no program started, no socket made,
 * no process traced.  Threads that there are already stay as they are. */
void confine_enter(struct confinement *c);

/* The same for what a command reads and writes: inputs, -o, --eml, --mbox,
 * --account, TMPDIR.  Not where a database is among the inputs. */
void confine_files(const struct cli_args *a, const char *const *names,
    size_t count);

#endif
