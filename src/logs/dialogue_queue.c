/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dialogue_queue.c - the commands of a log's session that await a reply */
#include "logs/dialogue_queue.h"

#include "base/arena.h"
#include "base/limits.h"

/* Of the one that i others are in front of; the capacity is a power of 2. */
static size_t place_of(const struct log_session *s, size_t i)
{
	return (s->outstanding_first + i) & (s->outstanding_capacity - 1);
}

struct log_outstanding log_queue_pop(struct log_session *s)
{
	struct log_outstanding o = s->outstanding[s->outstanding_first];

	s->outstanding_first = place_of(s, 1);
	s->outstanding_count--;
	return o;
}

static bool grow(struct log_session *s)
{
	size_t old = s->outstanding_capacity, i;
	size_t wanted = old ? old * 2 : 8;
	struct log_outstanding *p = base_realloc_array(s->outstanding,
	    wanted, sizeof(*p));

	if (!p) {
		session_fail(s->b);
		return false;
	}
	/* Unroll the ring: what wrapped goes behind the old end. */
	for (i = 0; i < s->outstanding_first; i++)
		p[old + i] = p[i];
	s->outstanding = p;
	s->outstanding_capacity = wanted;
	s->resized = true;
	return true;
}

/* How many octets follow it. */
static void count_octets(struct log_outstanding *o, struct slice argument)
{
	if (o->verb == VERB_BDAT)
		o->counted = session_bdat_parse(argument, &o->size, &o->last);
	else if (o->verb == VERB_XEXCH50)
		o->counted = slice_to_u64(log_first_word(argument), &o->size) &&
		    o->size <= INT64_MAX;
}

bool log_queue_push(struct log_session *s, uint32_t n, enum verb verb,
    struct slice argument)
{
	struct log_outstanding *o;

	if (s->outstanding_count >= LIMIT_LOG_OUTSTANDING)
		log_queue_pop(s); /* never answered, as it seems */
	if (s->outstanding_count == s->outstanding_capacity && !grow(s))
		return false;
	o = &s->outstanding[place_of(s, s->outstanding_count)];
	memset(o, 0, sizeof(*o));
	o->n = n;
	o->verb = verb;
	count_octets(o, argument);
	s->outstanding_count++;
	return true;
}

const struct log_outstanding *log_queue_at(const struct log_session *s,
    size_t i)
{
	return &s->outstanding[place_of(s, i)];
}

/* Can this code answer this verb and few others? */
static bool is_of_kind(int32_t code, enum verb verb)
{
	switch (code) {
	case 354:
		return verb == VERB_DATA || verb == VERB_XEXCH50;
	case 334:
	case 235:
		return log_is_auth(verb) || verb == VERB_NONE;
	case 221:
		return verb == VERB_QUIT;
	case 220:
		return verb == VERB_STARTTLS || verb == VERB_XANONYMOUSTLS ||
		    verb == VERB_XCLIENT;
	default:
		return false;
	}
}

size_t log_queue_find(const struct log_session *s, int32_t code)
{
	size_t i;

	for (i = 0; i < s->outstanding_count; i++)
		if (is_of_kind(code, log_queue_at(s, i)->verb))
			break;
	return i;
}

void log_queue_step(struct log_session *s, int32_t code)
{
	size_t i = log_queue_find(s, code);

	if (i == s->outstanding_count)
		return;
	for (; i > 0; i--)
		log_queue_pop(s);
}
