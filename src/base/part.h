/* SPDX-License-Identifier: GPL-2.0-or-later */
/* part.h - a file that is not complete, beside its final name */
#ifndef BASE_PART_H
#define BASE_PART_H

/* A new file PATH.PID-N.part, 0600, for reading and writing; its name is on
 * the heap.  0 or an errno value. */
int part_create(const char *path, char **name_r, int *fd_r);

#endif
