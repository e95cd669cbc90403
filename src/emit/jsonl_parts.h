/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jsonl_parts.h - what the files of JSON Lines share
 *
 * As in pen.h each function takes the pointer and returns the new one.
 */
#ifndef EMIT_JSONL_PARTS_H
#define EMIT_JSONL_PARTS_H

#include "base/clock.h"
#include "emit/pen.h"

/* What a session is told with. */
struct teller {
	struct pen pen;
	const struct sw_clock *clock;
	bool normal;   /* without at, time, end */
	bool no_times; /* times are null */
	bool explain;  /* replies bear what they mean */
	const struct sw_session *s;
	struct clock_memo *memo; /* of times: the caller's or own_memo */
	struct clock_memo own_memo;
	/* The newest place as it was told: many events are of the same line
	 * or frame as the one before. */
	uint64_t first, last;
	size_t at_len; /* 0: none was told yet */
	uint8_t at_text[64];
};

/* Another place than the newest. */
uint8_t *jsonl_other_at(struct teller *t, uint8_t *w, uint64_t first,
    uint64_t last);

static inline uint8_t *put_time(struct teller *t, uint8_t *w, int64_t ts_ns)
{
	if (t->no_times || ts_ns == SW_NO_TIME)
		return pen_null(w);
	*w++ = '"';
	w = clock_put(w, t->memo, t->clock, ts_ns, 'T');
	*w++ = '"';
	return w;
}

static inline uint8_t *put_at(struct teller *t, uint8_t *w, uint64_t first,
    uint64_t last)
{
	if (t->normal)
		return w;
	if (first == 0 && last == 0) {
		PEN(w, ",\"at\":null");
		return w;
	}
	if (first == t->first && last == t->last && t->at_len > 0) {
		memcpy(w, t->at_text, sizeof(t->at_text));
		return w + t->at_len;
	}
	return jsonl_other_at(t, w, first, last);
}

/* The names of the bits that are set, in the order of their values. */
static inline uint8_t *put_set(uint8_t *w, uint32_t set,
    const struct name *names, size_t count)
{
	set &= (uint32_t)((UINT64_C(1) << count) - 1);
	*w++ = '[';
	for (; set; set &= set - 1) {
		w = pen_name(w, names, count, (size_t)__builtin_ctz(set));
		*w++ = ',';
	}
	w -= w[-1] == ',';
	*w++ = ']';
	return w;
}

static inline uint8_t *put_octets(uint8_t *w, const struct sw_octets *o)
{
	PEN(w, "{\"client\":");
	w = pen_known(w, o->client);
	PEN(w, ",\"server\":");
	w = pen_known(w, o->server);
	*w++ = '}';
	return w;
}

static inline uint8_t *put_sha256(uint8_t *w, const struct sw_digest *d)
{
	return d->known ? pen_hex(w, d->octets, sizeof(d->octets)) :
	    pen_null(w);
}

/* One event, one note as an object; behind them there is room. */
uint8_t *jsonl_event(struct teller *t, uint8_t *w, const struct sw_event *e);
uint8_t *jsonl_note(struct teller *t, uint8_t *w, const struct sw_note *n);

#endif
