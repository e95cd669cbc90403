/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * body_scan.c - content looked at, 64 octets at a time
 *
 * Theory of operation.  All octets are looked at once; where all LF are
 * behind CR and no dot is behind LF nothing else is to be found but where the
 * last line begins, elsewhere bit masks give each line's end and the next dot
 * at the start of a line.  The widest registers that the host has are used.
 */
#include "smtp/body_scan.h"

#include <smtpwire/transcript.h>

#include "smtp/body_blocks.h"

/* --- line by line --------------------------------------------------------- */

/* Line ends while a scan goes on.  Offsets are modulo 2^64: the line may have
 * begun before the slice. */
struct ends {
	uint64_t behind_cr; /* 1: the octet before is CR */
	uint64_t at_start;  /* 1: at the start of a line */
	uint64_t lf;      /* of the last block that has one: its mask */
	uint64_t lf_at;   /* and its offset */
	uint64_t crlf, bare_lf, bare_cr; /* there are, if not 0 */
	bool overlong;
};

static inline struct ends ends_begin(const struct body *b)
{
	struct ends e = {
		.behind_cr = b->prev == '\r',
		.at_start = b->at_start || b->prev == '\n',
		/* as if a block that ends in LF lay before the line */
		.lf = UINT64_C(1) << (BLOCK - 1),
		.lf_at = 0 - b->since_lf - BLOCK
	};

	return e;
}

/* Offset behind the last LF. */
static inline uint64_t ends_line(const struct ends *e)
{
	return e->lf_at + BLOCK - (uint64_t)__builtin_clzll(e->lf);
}

/* Line ends of the n octets at offset i, of which m are the masks. */
static inline void ends_note(struct ends *e, const struct masks *m,
    uint64_t i, size_t n)
{
	uint64_t all = ~UINT64_C(0) >> (BLOCK - n);
	uint64_t behind_cr = (m->cr << 1 | e->behind_cr) & all;

	/* two LF in one block are no long line */
	if (i - e->lf_at > BODY_LINE_MAX - BLOCK && m->lf != 0 &&
	    i + (uint64_t)__builtin_ctzll(m->lf) + 1 - ends_line(e) >
	    BODY_LINE_MAX)
		e->overlong = true;
	e->crlf |= m->lf & behind_cr;
	e->bare_lf |= m->lf & ~behind_cr;
	e->bare_cr |= behind_cr & ~m->lf;
	e->lf_at = m->lf ? i : e->lf_at;
	e->lf = m->lf ? m->lf : e->lf;
	e->behind_cr = m->cr >> (n - 1) & 1;
	e->at_start = m->lf >> (n - 1) & 1;
}

static inline void ends_tell(const struct ends *e, struct slice text,
    struct body *b)
{
	if (e->bare_lf)
		b->flags |= SW_BIT(SW_FLAG_BARE_LF);
	if (e->bare_cr)
		b->flags |= SW_BIT(SW_FLAG_BARE_CR);
	if (e->overlong)
		b->flags |= SW_BIT(SW_FLAG_OVERLONG);
	b->had_crlf |= e->crlf != 0;
	b->since_lf = text.len - ends_line(e);
	if (text.len == 0)
		return;
	b->prev2 = text.len > 1 ? text.p[text.len - 2] : b->prev;
	b->prev = text.p[text.len - 1];
	b->at_start = false;
}

/* What is told of octets wherever they stand. */
enum { STRANGE = SW_BIT(SW_FLAG_8BIT) | SW_BIT(SW_FLAG_NUL) };

static inline uint32_t flags_of(bool high, bool nul)
{
	return (high ? SW_BIT(SW_FLAG_8BIT) : 0) |
	    (nul ? SW_BIT(SW_FLAG_NUL) : 0);
}

/*
 * What all look functions do: each line end of the text up to the next dot at
 * the start of a line, or of all if it is counted; they return its length.
 * Whole blocks first, then the last one or that of the dot.
 */
#define DOTS_AT_START() (m.dot & (m.lf << 1 | e.at_start) & dots)

#define LOOK(host) \
	const uint64_t dots = b->counted ? 0 : ~UINT64_C(0); \
	struct ends e = ends_begin(b); \
	struct seen_##host seen = nothing_##host(); \
	struct block_##host block; \
	struct masks m; \
	size_t i, n; \
	for (i = 0; s.len - i >= BLOCK; i += BLOCK) { \
		block = load_##host(s.p + i); \
		m = masks_##host(&block); \
		if (DOTS_AT_START()) \
			break; \
		see_##host(&seen, &block); \
		ends_note(&e, &m, i, BLOCK); \
	} \
	n = s.len - i < BLOCK ? s.len - i : BLOCK; \
	if (n > 0) { \
		block = part_##host(s, i, n); \
		m = masks_##host(&block); \
		if (DOTS_AT_START()) { \
			n = (size_t)__builtin_ctzll(DOTS_AT_START()); \
			if (n > 0) { \
				block = part_##host(s, i, n); \
				m = masks_##host(&block); \
			} \
		} \
	} \
	if (n > 0) { \
		see_##host(&seen, &block); \
		ends_note(&e, &m, i, n); \
	} \
	b->flags |= flags_of(has_high_##host(&seen), has_nul_##host(&seen)); \
	ends_tell(&e, slice_head(s, i + n), b); \
	return i + n

/* --- octets that are usual ------------------------------------------------ */

/*
 * How many octets are looked at next, whole runs, of what is left from *at to
 * end: not beyond a line as long as may be, that begins at line.  The last run
 * may begin before *at, if only behind the first octet; 0: there is none.
 */
static inline size_t runs_len(size_t *at, size_t end, uint64_t line)
{
	size_t left = end - *at, room, n;

	if (*at - line >= BODY_LINE_MAX)
		return 0;
	room = BODY_LINE_MAX - (size_t)(*at - line);
	if (left > room)
		return room / RUN * RUN;
	n = (left + RUN - 1) / RUN * RUN;
	if (n >= end)
		return left / RUN * RUN;
	*at = end - n;
	return n;
}

/* Is the first of two octets or more no bare LF nor behind a bare CR, no dot at
 * the start of a line, no LF in front of one, and the line not too long? */
static inline bool begins_usual(const struct body *b, struct slice s)
{
	uint8_t c = s.p[0];

	if ((b->prev == '\r') != (c == '\n') ||
	    b->since_lf >= BODY_LINE_MAX)
		return false;
	if (c == '\n')
		return s.p[1] != '.' || b->counted;
	return c != '.' || b->counted || !(b->at_start || b->prev == '\n');
}

/* Neither NUL nor, unless high, above 127? */
static inline bool is_plain(uint8_t c, bool high)
{
	return c > 0 && (high || c < 0x80);
}

/* Where the last line of a run begins is all that has to be known of it. */
static inline void run_tell(struct body *b, struct slice run, uint64_t line)
{
	b->had_crlf |= line + b->since_lf != 0;
	b->since_lf = run.len - line;
	b->prev2 = run.p[run.len - 2];
	b->prev = run.p[run.len - 1];
	b->at_start = false;
}

/*
 * What all run functions do: they return how many octets from the first on are
 * usual, 0 if there are few.  The first and the last octet of all, which may
 * have none beside them, are looked at here.
 */
#define USUAL(host) \
	const char dot = b->counted ? '\n' : '.'; \
	const bool high = b->flags & SW_BIT(SW_FLAG_8BIT); \
	const size_t end = s.len - 1; \
	size_t at = 1, from, back, n, got; \
	uint64_t line, lf; \
	bool plain; \
	if (s.len < RUN + 2 || !begins_usual(b, s)) \
		return 0; \
	line = s.p[0] == '\n' ? 1 : 0 - b->since_lf; \
	plain = is_plain(s.p[0], high); \
	do { \
		from = at; \
		n = runs_len(&from, end, line); \
		got = high ? \
		    usual_##host(s.p + from, n, dot, true, &plain) : \
		    usual_##host(s.p + from, n, dot, false, &plain); \
		if (from + got <= at) \
			break; \
		for (back = from + got; back > at;) { \
			back -= BLOCK; \
			lf = lf_##host(s.p + back); \
			if (lf == 0) \
				continue; \
			line = back + BLOCK - (size_t)__builtin_clzll(lf); \
			break; \
		} \
		at = from + got; \
	} while (got == n && at < end); \
	if (at == 1) \
		return 0; \
	if (at == end && (s.p[end] == '\n') == (s.p[end - 1] == '\r') && \
	    s.len - line <= BODY_LINE_MAX) { \
		at = s.len; \
		line = s.p[end] == '\n' ? at : line; \
		plain = plain && is_plain(s.p[end], high); \
	} \
	if (!plain && (b->flags & STRANGE) != STRANGE) { \
		struct seen_##host seen = nothing_##host(); \
		struct block_##host block; \
		for (back = 0; back < at; back += BLOCK) { \
			block = load_##host(s.p + (at - back > BLOCK ? \
			    back : at - BLOCK)); \
			see_##host(&seen, &block); \
		} \
		b->flags |= flags_of(has_high_##host(&seen), \
		    has_nul_##host(&seen)); \
	} \
	run_tell(b, slice_head(s, at), line); \
	return at

/* --- scanning ------------------------------------------------------------- */

/* So much is looked at for each line end where something is unusual. */
enum { LOOK_MOST = 8 * BLOCK };

#define SCAN(host) \
	struct slice rest = s; \
	size_t n; \
	do { \
		rest = slice_from(rest, run_##host(b, rest)); \
		if (rest.len == 0) \
			break; \
		n = look_##host(b, slice_head(rest, LOOK_MOST)); \
		rest = slice_from(rest, n); \
	} while (n == LOOK_MOST); \
	return s.len - rest.len

#if defined(__x86_64__)
FOR_AVX512 size_t look_avx512(struct body *b, struct slice s)
{
	LOOK(avx512);
}

FOR_AVX512 size_t run_avx512(struct body *b, struct slice s)
{
	USUAL(avx512);
}

FOR_AVX512 size_t scan_avx512(struct body *b, struct slice s)
{
	SCAN(avx512);
}

FOR_AVX2 size_t look_avx2(struct body *b, struct slice s)
{
	LOOK(avx2);
}

FOR_AVX2 size_t run_avx2(struct body *b, struct slice s)
{
	USUAL(avx2);
}

FOR_AVX2 size_t scan_avx2(struct body *b, struct slice s)
{
	SCAN(avx2);
}

static size_t look_sse2(struct body *b, struct slice s)
{
	LOOK(sse2);
}

static size_t run_sse2(struct body *b, struct slice s)
{
	USUAL(sse2);
}

static size_t scan_sse2(struct body *b, struct slice s)
{
	SCAN(sse2);
}
#else
static size_t look_plain(struct body *b, struct slice s)
{
	LOOK(plain);
}

static size_t run_plain(struct body *b, struct slice s)
{
	USUAL(plain);
}

static size_t scan_plain(struct body *b, struct slice s)
{
	SCAN(plain);
}
#endif

size_t body_scan(struct body *b, struct slice s)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
		return scan_avx512(b, s);
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	    __builtin_cpu_supports("bmi2"))
		return scan_avx2(b, s);
	return scan_sse2(b, s);
#else
	return scan_plain(b, s);
#endif
}
