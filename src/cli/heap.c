/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heap.c - how malloc takes memory from the kernel
 *
 * What is freed at the end of a session is wanted by the next: to give it to
 * the kernel and take it back costs more than all of malloc.  check does
 * without: it holds digests of all sessions, and its memory is counted closely.
 *
 * Of hundreds of sessions that take turns each has its memory in other pages,
 * more of them than the processor knows the places of.  So the heap lies in
 * large pages; none is there before it is touched.  It grows by much at a
 * time, of which little is touched before heap_step() comes.  That is what
 * glibc does with glibc.malloc.hugetlb=1, which only the environment can set.
 */
#define _GNU_SOURCE /* sbrk */

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "cli/heap.h"

#if defined(__GLIBC__) && defined(MADV_HUGEPAGE)

/* By how much the heap grows at a time, touched or not, and at which size of
 * what is free at its end it shrinks. */
enum { TOP_PAD_OCTETS = 24 << 20, KEPT_OCTETS = TOP_PAD_OCTETS + (16 << 20) };

/* Where the heap ends, or the page in which it does begins. */
static uintptr_t end_of_heap(void)
{
	enum { PAGE = 4096 };

	return (uintptr_t)sbrk(0) / PAGE * PAGE;
}

void heap_step(struct heap *h)
{
	uintptr_t end = end_of_heap();

	if (end > h->advised)
		(void)madvise((void *)h->advised, end - h->advised,
		    MADV_HUGEPAGE);
	h->advised = end;
}

void heap_init(struct heap *h)
{
	enum { SOME = 100 << 10 };
	/* It grows for them; volatile, or the compiler leaves them out. */
	void *volatile a, *volatile b;

	(void)mallopt(M_TRIM_THRESHOLD, KEPT_OCTETS);
	(void)mallopt(M_TOP_PAD, TOP_PAD_OCTETS);
	h->advised = end_of_heap();
	a = malloc(SOME);
	b = malloc(SOME);
	heap_step(h);
	free(a);
	free(b);
}

#else

void heap_init(struct heap *h)
{
	h->advised = 0;
}

void heap_step(struct heap *h)
{
	(void)h;
}

#endif
