/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rights.h - what this process may do */
#ifndef CLI_RIGHTS_H
#define CLI_RIGHTS_H

/* Capturing was denied: say which capability is missing, and how it is
 * granted. */
void rights_explain(void);

#endif
