/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rights.h - what this process may do */
#ifndef CLI_RIGHTS_H
#define CLI_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

/* Capturing was denied: say which capability is missing, and how it is
 * granted. */
void rights_explain(void);

/* The same for a folder that cannot be written as this user. */
void rights_explain_folder(const char *user);
/* The same for a log that cannot be read. */
void rights_explain_log(const char *user);
/*
 * Go on as user (NULL: nobody) if this process is root, and without any
 * capability in any case.  false, and why in words: there is no such user, or
 * the system refuses.
 */
bool rights_give_up(const char *user, char *why, size_t size);

#endif
