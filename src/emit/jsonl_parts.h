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

/* A value as it was told last: many events are of the same time, line or
 * frame as the one before. */
struct told {
	size_t len; /* 0: none was told yet */
	uint8_t text[64];
};

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
	int64_t time; /* the newest, and its text */
	struct told time_told;
	uint64_t first, last; /* the newest place, and its text */
	struct told at_told;
};

static inline uint8_t *put_again(uint8_t *w, const struct told *t)
{
	memcpy(w, t->text, sizeof(t->text));
	return w + t->len;
}

/* Another time, another place than the newest. */
uint8_t *jsonl_other_time(struct teller *t, uint8_t *w, int64_t ts_ns);
uint8_t *jsonl_other_at(struct teller *t, uint8_t *w, uint64_t first,
    uint64_t last);

static inline uint8_t *put_time(struct teller *t, uint8_t *w, int64_t ts_ns)
{
	if (t->no_times || ts_ns == SW_NO_TIME)
		return pen_null(w);
	if (ts_ns == t->time && t->time_told.len > 0)
		return put_again(w, &t->time_told);
	return jsonl_other_time(t, w, ts_ns);
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
	if (first == t->first && last == t->last && t->at_told.len > 0)
		return put_again(w, &t->at_told);
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
