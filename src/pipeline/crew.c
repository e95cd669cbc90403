/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crew.c - threads that share out numbered tasks
 *
 * Theory of operation.  Tasks are large (a shard's share of half a megabyte),
 * so that one lock about everything costs nothing to speak of.  But waking a
 * thread costs as much as some of them: so whoever waits looks for what it
 * waits for some time before it sleeps.  That is seldom in vain, where each
 * thread has a processor of its own; a crew with more threads than processors
 * does not.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "pipeline/crew.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Looks, some 10 ns each. */
enum { LOOKS = 4000 };

struct crew {
	void (*run)(void *ctx, unsigned task);
	void *ctx;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work, done;
	unsigned count, next, finished;
	bool over;
	atomic_uint started; /* changes when there is something to do */
	atomic_uint busy;    /* 1: not all of that is finished */
	unsigned looks;      /* before a thread sleeps */
	unsigned thread_count; /* the owner's from here on */
	pthread_t threads[];
};

/* Run tasks while there are any; the lock is held at start and end. */
static void run_tasks(struct crew *c)
{
	while (c->next < c->count) {
		unsigned task = c->next++;

		pthread_mutex_unlock(&c->lock);
		c->run(c->ctx, task);
		pthread_mutex_lock(&c->lock);
		c->finished++;
		atomic_store(&c->busy, c->finished < c->count);
	}
}

static inline void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Wait while *what is value, but not long; without the lock, which is held at
 * start and end. */
static void wait_awake(struct crew *c, atomic_uint *what, unsigned value)
{
	unsigned i;

	pthread_mutex_unlock(&c->lock);
	for (i = 0; i < c->looks && atomic_load(what) == value; i++)
		pause_a_little();
	pthread_mutex_lock(&c->lock);
}

static void *work(void *arg)
{
	struct crew *c = arg;
	unsigned started;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		run_tasks(c);
		if (c->finished == c->count)
			pthread_cond_signal(&c->done);
		started = atomic_load(&c->started);
		if (!c->over)
			wait_awake(c, &c->started, started);
		if (c->over)
			break;
		if (atomic_load(&c->started) == started)
			pthread_cond_wait(&c->work, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Signals of the program are for its own threads. */
static void start_threads(struct crew *c, unsigned threads)
{
	sigset_t all, before;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return;
	while (c->thread_count < threads && pthread_create(
	    &c->threads[c->thread_count], NULL, work, c) == 0)
		c->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Processors that the caller may use, which are not all that there are; asked
 * of the kernel, as the sandbox has no /sys for sysconf(3). */
static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ?
	    (unsigned)CPU_COUNT(&set) : 1;
}

enum sw_status crew_new(unsigned threads, void (*run)(void *ctx,
    unsigned task), void *ctx, struct crew **c_r)
{
	struct crew *c = calloc(1, sizeof(*c) +
	    threads * sizeof(c->threads[0]));

	*c_r = c;
	if (!c)
		return SW_ENOMEM;
	c->looks = processors() > threads ? LOOKS : 0;
	c->run = run;
	c->ctx = ctx;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->done, NULL);
	start_threads(c, threads);
	return SW_OK;
}

void crew_start(struct crew *c, unsigned count)
{
	pthread_mutex_lock(&c->lock);
	c->next = c->finished = 0;
	c->count = count;
	atomic_store(&c->busy, count > 0);
	atomic_fetch_add(&c->started, 1);
	if (count > 0)
		pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
}

void crew_join(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	run_tasks(c);
	wait_awake(c, &c->busy, 1);
	while (c->finished < c->count)
		pthread_cond_wait(&c->done, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

void crew_free(struct crew **cp)
{
	struct crew *c = *cp;
	unsigned i;

	if (!c)
		return;
	*cp = NULL;
	crew_join(c);
	pthread_mutex_lock(&c->lock);
	c->over = true;
	atomic_fetch_add(&c->started, 1);
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	for (i = 0; i < c->thread_count; i++)
		pthread_join(c->threads[i], NULL);
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->done);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
