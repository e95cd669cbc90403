/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timer.c - when an acknowledged hole has waited long enough
 *
 * For a direction in which something is missing the last second of
 * acknowledgments is kept, one sample for each eighth of it, so that "what
 * was acknowledged a second ago" is known: octets below it that are still
 * missing are a gap.  A sample bears the time of its last acknowledgment,
 * so a gap is never declared early and at most 134 ms late.
 *
 * Flows that wait stand in a wheel; a slot is looked at when it has passed
 * wholly.  What was due earlier than the truth is armed again.
 */
#include "tcp/native.h"

enum { SAMPLE_SHIFT = 27 }; /* 134 ms */

/* Times as unsigned numbers in the same order. */
static uint64_t biased(int64_t ns)
{
	return (uint64_t)ns + (UINT64_C(1) << 63);
}

void tcp_timer_init(struct wheel *w)
{
	for (int i = 0; i < WHEEL_SLOTS; i++)
		link_init(&w->slots[i]);
	w->at = 0;
}

uint64_t tcp_timer_aged(struct ack_ages *a, int64_t now)
{
	size_t n = 0;

	while (n < a->count &&
	    ns_between(a->samples[n].ns, now) >= LIMIT_GAP_NS) {
		a->aged = a->samples[n].acked;
		n++;
	}
	if (n > 0) {
		a->count -= n;
		memmove(a->samples, a->samples + n,
		    a->count * sizeof a->samples[0]);
	}
	return a->aged;
}

void tcp_timer_acked(struct ack_ages *a, uint64_t acked, int64_t now)
{
	size_t last;

	tcp_timer_aged(a, now);
	last = a->count - 1;
	if (a->count == 0 || (a->count < ACK_SAMPLES &&
	    biased(a->samples[last].ns) >> SAMPLE_SHIFT !=
	    biased(now) >> SAMPLE_SHIFT))
		last = a->count++;
	a->samples[last].acked = acked;
	a->samples[last].ns = now;
}

int64_t tcp_timer_due(const struct ack_ages *a, uint64_t position)
{
	if (a->aged > position)
		return INT64_MIN;
	for (size_t i = 0; i < a->count; i++) {
		int64_t ns = a->samples[i].ns;

		if (a->samples[i].acked <= position)
			continue;
		return ns > INT64_MAX - LIMIT_GAP_NS ? INT64_MAX :
		    ns + LIMIT_GAP_NS;
	}
	return INT64_MAX;
}

void tcp_timer_move(struct ack_ages *a, uint32_t by)
{
	if (a->aged > 0)
		a->aged += by;
	for (size_t i = 0; i < a->count; i++)
		a->samples[i].acked += by;
}

void tcp_timer_arm(struct wheel *w, struct hold *h, int64_t due)
{
	uint64_t slot = (biased(due) >> WHEEL_SHIFT) + 1;

	if (slot <= w->at)
		slot = w->at + 1;
	if (slot - w->at >= WHEEL_SLOTS)
		slot = w->at + WHEEL_SLOTS - 1;
	link_append(&w->slots[slot % WHEEL_SLOTS], &h->timer);
}

void tcp_timer_take(struct wheel *w, int64_t now, struct link *list)
{
	uint64_t to = biased(now) >> WHEEL_SHIFT;

	link_init(list);
	if (to <= w->at)
		return;
	if (to - w->at > WHEEL_SLOTS)
		w->at = to - WHEEL_SLOTS;
	while (w->at < to) {
		struct link *slot = &w->slots[++w->at % WHEEL_SLOTS];

		while (!link_is_alone(slot))
			link_append(list, slot->next);
	}
}
