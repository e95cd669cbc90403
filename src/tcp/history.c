/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * history.c - the octets last handed up, to tell a differing copy
 *
 * Octets that were handed up from the segment are gone; but a second copy
 * with other octets is what an attacker sends, and it follows soon.  So an
 * engine remembers what it handed up last, over all its flows, in one ring
 * of fixed size: segments of up to HISTORY_WHOLE octets wholly (commands
 * and replies), of longer ones the head.  That costs some ns a segment and
 * no memory in a flow.  What is older than the ring or behind the head is
 * not compared.
 *
 * A record: its octets' offset, the previous record of the same direction,
 * the length, the octets; padded to 8.  A side names its newest record by
 * its place in all that was ever written, 0: none.
 */
#include <stdlib.h>

#include "tcp/native.h"

enum { HISTORY_WHOLE = 256, HISTORY_HEAD = 64 };

struct record { /* it stands at a multiple of 8 */
	uint64_t off;
	uint64_t before; /* as side.history */
	uint64_t len;
};

bool tcp_history_init(struct history *h)
{
	h->ring = malloc(HISTORY_SIZE);
	h->end = HISTORY_SIZE; /* so that no record is at place 0 */
	return h->ring;
}

void tcp_history_fini(struct history *h)
{
	free(h->ring);
	h->ring = NULL;
}

void tcp_history_add(struct history *h, struct side *s, uint64_t off,
    struct slice octets)
{
	size_t len = octets.len > HISTORY_WHOLE ? HISTORY_HEAD : octets.len;
	size_t size = (sizeof(struct record) + len + 7) & ~(size_t)7;
	uint64_t end = h->end;
	uint8_t *ring = h->ring;
	struct record *r;

	if (end % HISTORY_SIZE + size > HISTORY_SIZE) /* never across it */
		end += HISTORY_SIZE - end % HISTORY_SIZE;
	r = (struct record *)(void *)(ring + end % HISTORY_SIZE);
	r->off = off;
	r->before = s->history;
	r->len = len;
	s->history = end;
	end += size;
	h->end = end;
	/* Until the next record many frames go by, of other engines, and the
	 * ring leaves the cache: what is written then is asked for now. */
	__builtin_prefetch(ring + end % HISTORY_SIZE, 1);
	__builtin_prefetch(ring + (end + TCP_CACHE_LINE) % HISTORY_SIZE, 1);
	if (len == HISTORY_HEAD) /* most often: few instructions */
		memcpy(r + 1, octets.p, HISTORY_HEAD);
	else
		memcpy(r + 1, octets.p, len);
}

/* Is there a record at place that was not overwritten? */
static bool get(const struct history *h, uint64_t place, struct record *r)
{
	if (place == 0 || h->end - place > HISTORY_SIZE)
		return false;
	memcpy(r, h->ring + place % HISTORY_SIZE, sizeof *r);
	return true;
}

bool tcp_history_differs(const struct history *h, const struct side *s,
    uint64_t off, struct slice octets)
{
	uint64_t end = off + octets.len;
	uint64_t place = s->history;
	struct record r;

	while (get(h, place, &r)) {
		const uint8_t *p = h->ring + place % HISTORY_SIZE + sizeof r;
		uint64_t from = r.off > off ? r.off : off;
		uint64_t to = r.off + r.len < end ? r.off + r.len : end;

		if (from < to && memcmp(octets.p + (from - off),
		    p + (from - r.off), (size_t)(to - from)) != 0)
			return true;
		if (r.off <= off) /* records are in order of offset */
			break;
		place = r.before;
	}
	return false;
}
