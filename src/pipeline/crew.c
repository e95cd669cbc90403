/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crew.c - threads that share out numbered tasks
 *
 * Theory of operation.  Tasks are large (a shard's share of a megabyte), so
 * that one lock about everything costs nothing to speak of.
 */
#include "pipeline/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct crew {
	void (*run)(void *ctx, unsigned task);
	void *ctx;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work, done;
	unsigned count, next, finished;
	bool over;
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
	}
}

static void *work(void *arg)
{
	struct crew *c = arg;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		run_tasks(c);
		if (c->finished == c->count)
			pthread_cond_signal(&c->done);
		if (c->over)
			break;
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

enum sw_status crew_new(unsigned threads, void (*run)(void *ctx,
    unsigned task), void *ctx, struct crew **c_r)
{
	struct crew *c = calloc(1, sizeof(*c) +
	    threads * sizeof(c->threads[0]));

	*c_r = c;
	if (!c)
		return SW_ENOMEM;
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
	if (count > 0)
		pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
}

void crew_join(struct crew *c)
{
	pthread_mutex_lock(&c->lock);
	run_tasks(c);
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
	pthread_cond_broadcast(&c->work);
	pthread_mutex_unlock(&c->lock);
	for (i = 0; i < c->thread_count; i++)
		pthread_join(c->threads[i], NULL);
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->done);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
