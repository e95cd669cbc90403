/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line.c - lines out of octets that come in pieces */
#include "smtp/line.h"

#include <smtpwire/transcript.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/limits.h"

void line_reader_init(struct line_reader *r)
{
	memset(r, 0, sizeof(*r));
	/* One octet more, so that a CR at the limit is seen as an end. */
	buffer_init(&r->held, LIMIT_LINE + 1);
}

void line_reader_fini(struct line_reader *r)
{
	buffer_fini(&r->held);
}

#if defined(__SSE2__)
/* Of 16 octets, the first in bit 0: control characters and those above 127; as
 * signed numbers all of them are below a blank. */
static inline unsigned odd_ones(__m128i octets)
{
	return (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(octets,
	    _mm_set1_epi8(' ')));
}

static inline unsigned odd_of_16(const uint8_t *p)
{
	return odd_ones(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline unsigned odd_of_8(const uint8_t *p)
{
	return odd_ones(_mm_loadl_epi64((const __m128i *)(const void *)p)) &
	    0xff;
}
#endif

/* Octets before the first control character or octet above 127. */
static inline size_t ascii_len(struct slice s)
{
	size_t i = 0;

#if defined(__SSE2__)
	unsigned odd;

	for (; s.len - i >= 16; i += 16) {
		odd = odd_of_16(s.p + i);
		if (odd != 0)
			return i + (size_t)__builtin_ctz(odd);
	}
	if (i == 0 && s.len >= 8) {
		odd = odd_of_8(s.p);
		if (odd != 0)
			return (size_t)__builtin_ctz(odd);
		i = 8;
	}
	if (i > 0) { /* the last 8 or 16, some of which were looked at */
		size_t n = i < 16 ? 8 : 16;

		odd = n == 8 ? odd_of_8(s.p + s.len - n) :
		    odd_of_16(s.p + s.len - n);
		return odd == 0 ? s.len :
		    s.len - n + (size_t)__builtin_ctz(odd);
	}
#endif
	while (i < s.len && s.p[i] >= ' ' && s.p[i] < 0x80)
		i++;
	return i;
}

static uint32_t flags_of(struct slice s)
{
	uint32_t flags = 0;
	size_t i;

	BASE_KNOWN(s.p || s.len == 0);
	for (i = ascii_len(s); i < s.len; i++) {
		if (s.p[i] >= 0x80)
			flags |= SW_BIT(SW_FLAG_8BIT);
		else if (s.p[i] == 0)
			flags |= SW_BIT(SW_FLAG_NUL);
		else if (s.p[i] == '\r')
			flags |= SW_BIT(SW_FLAG_BARE_CR);
	}
	return flags;
}

/* Tell what is known of the line: text with its CR, if it has one.  A CR where
 * the octets run out is of the end that is lost, and no octet of the line. */
static void make_line(struct line_reader *r, struct slice text, bool ended,
    struct line *out)
{
	bool cr = text.len > 0 && text.p[text.len - 1] == '\r';

	out->octets = r->octets;
	out->ended = ended;
	out->first = r->first;
	out->last = r->last;
	out->first_acked = r->first_acked;
	out->first_acked_known = r->first_acked_known;
	if (cr)
		text.len--;
	out->cut = r->octets > text.len + (ended ? 1u : 0u) + (cr ? 1u : 0u);
	if (text.len > LIMIT_LINE) {
		text.len = LIMIT_LINE;
		out->cut = true;
	}
	out->text = text.p ? text : slice_make("", 0);
	out->flags = flags_of(text);
	if (ended && !cr && !out->cut)
		out->flags |= SW_BIT(SW_FLAG_BARE_LF);
}

static void hold(struct line_reader *r, struct slice s)
{
	size_t room = r->held.max - r->held.len;

	if (!buffer_append_slice(&r->held, slice_head(s, room)))
		return; /* memory: the line is told cut */
}

/* The usual line: whole, of ASCII, CR LF behind it. */
static inline bool usual_line(struct slice octets, const struct delivery *o,
    struct line *out)
{
	size_t n = ascii_len(slice_head(octets, LIMIT_LINE));

	if (octets.len - n < 2 || octets.p[n] != '\r' ||
	    octets.p[n + 1] != '\n')
		return false;
	out->text = slice_head(octets, n);
	out->octets = n + 2;
	out->flags = 0;
	out->cut = false;
	out->ended = true;
	out->first = out->last = o->origin;
	out->first_acked = o->acked;
	out->first_acked_known = o->acked_known;
	return true;
}

/* Of a line; whether so many are there does not matter. */
enum { FEW_OCTETS = 512 };

static bool feed_any(struct line_reader *r, struct slice octets,
    const struct delivery *o, struct line *line_r, size_t *used_r,
    bool *resized_r)
{
	size_t before = r->held.capacity;
	const uint8_t *lf = octets.len ?
	    memchr(octets.p, '\n', octets.len) : NULL;
	size_t n = lf ? (size_t)(lf - octets.p) + 1 : octets.len;

	*used_r = n;
	if (n == 0)
		return false;
	if (r->octets == 0) {
		r->first = o->origin;
		r->first_acked = o->acked;
		r->first_acked_known = o->acked_known;
	}
	r->last = o->origin;
	if (lf && r->octets == 0) { /* the whole line lies in the segment */
		r->octets = n;
		make_line(r, slice_make(octets.p, n - 1), true, line_r);
		r->octets = 0;
		return true;
	}
	if (r->octets == 0)
		buffer_clear(&r->held);
	r->octets += n;
	hold(r, slice_make(octets.p, lf ? n - 1 : n));
	if (r->held.capacity != before || before > FEW_OCTETS)
		*resized_r = true;
	if (!lf)
		return false;
	make_line(r, buffer_slice(&r->held), true, line_r);
	r->octets = 0;
	return true;
}

bool line_reader_feed(struct line_reader *r, struct slice octets,
    const struct delivery *o, struct line *line_r, size_t *used_r,
    bool *resized_r)
{
	if (r->octets == 0 && usual_line(octets, o, line_r)) {
		*used_r = (size_t)line_r->octets;
		return true;
	}
	return feed_any(r, octets, o, line_r, used_r, resized_r);
}

bool line_reader_flush(struct line_reader *r, struct line *line_r)
{
	if (r->octets == 0)
		return false;
	make_line(r, buffer_slice(&r->held), false, line_r);
	r->octets = 0;
	return true;
}
