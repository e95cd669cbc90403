/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heap.h - how malloc takes memory from the kernel */
#ifndef CLI_HEAP_H
#define CLI_HEAP_H

#include <stdint.h>

/* Up to where it was made to lie in large pages. */
struct heap {
	uintptr_t advised;
};

/* Before all else of a command.  What is freed stays for others, and the heap
 * lies in large pages as far as it has grown then, where the system has such.
 */
void heap_init(struct heap *h);
/* Now and then: what it has grown by does, too. */
void heap_step(struct heap *h);

#endif
