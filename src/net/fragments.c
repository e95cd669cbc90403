/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fragments.c - IP fragments to datagrams
 *
 * Theory of operation.  A datagram keeps its octets at their place and one
 * bit for each 8 of them, which is what fragments are made of (only the last
 * may end anywhere).  So a fragment costs its own length, in whatever order
 * and however small they come, and the datagram is complete when as many
 * bits are set as the last fragment says.
 *
 * Overlaps.  A fragment that brings nothing new and nothing different is a
 * second copy and ignored.  Any other overlap is counted: the first octets
 * win in IPv4, as they do in TCP (RULES; the hosts differ here), and an IPv6
 * datagram is dropped with all that may still come of it (RFC 5722).
 *
 * A fragment cut by the snap length covers what it covered on the wire; the
 * datagram is then delivered up to the first octet that was not captured.
 *
 * Limits.  Datagrams end LIMIT_FRAGMENT_NS of capture time after their first
 * fragment (ACCOUNT_FRAGMENTS_INCOMPLETE); for the limits of octets and
 * datagrams the oldest goes (ACCOUNT_FRAGMENTS_LIMIT).  The copy of a
 * fragment that comes behind the completion of its datagram would begin a
 * second one and spoil the next that has the same id, so the last completed
 * ones are remembered for a second (ACCOUNT_FRAMES_DUPLICATE).
 */
#include "net/fragments.h"

#include <stdlib.h>

#include <smtpwire/transcript.h>

enum { BLOCK = 8, DATAGRAM_MAX = 65535 };

/* Between the copies of a frame; much less than until an id comes again. */
#define DUPLICATE_NS INT64_C(1000000000)

struct datagram {
	struct datagram *chain;         /* in its bucket */
	struct datagram *older, *newer; /* by first fragment */
	struct fragment_key key;
	uint64_t hash;
	int64_t ts_ns;      /* of the first fragment */
	uint8_t *octets;
	size_t capacity;
	size_t blocks;      /* bits set in have */
	size_t end;         /* of the datagram; 0: last not seen */
	size_t highest;     /* end of the fragments so far */
	size_t missing;     /* first octet not captured, or SIZE_MAX */
	uint32_t anomalies;
	uint8_t protocol;
	bool spoiled;       /* IPv6 overlap: octets are freed */
	uint8_t have[LIMIT_FRAGMENT_PIECES / 8];
};
_Static_assert(LIMIT_FRAGMENT_PIECES * BLOCK > DATAGRAM_MAX,
    "one bit for each block of a datagram");

void net_fragments_init(struct fragments *f, uint64_t secret,
    struct account *account)
{
	memset(f, 0, sizeof(*f));
	f->secret = secret;
	f->account = account;
}

/* --- the table ---------------------------------------------------------- */

/* The finalizer of splitmix64 over each word. */
static uint64_t hash_key(const struct fragments *f,
    const struct fragment_key *key)
{
	uint64_t words[sizeof(*key) / sizeof(uint64_t)];
	uint64_t h = f->secret;

	_Static_assert(sizeof(words) == sizeof(*key), "whole words");
	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		h = (h ^ words[i]) + UINT64_C(0x9e3779b97f4a7c15);
		h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
		h ^= h >> 31;
	}
	return h;
}

static struct datagram **bucket_of(struct fragments *f, uint64_t hash)
{
	return &f->buckets[hash % FRAGMENT_BUCKETS];
}

static void unlink_datagram(struct fragments *f, struct datagram *d)
{
	struct datagram **at = bucket_of(f, d->hash);

	while (*at != d)
		at = &(*at)->chain;
	*at = d->chain;
	if (d->older)
		d->older->newer = d->newer;
	else
		f->oldest = d->newer;
	if (d->newer)
		d->newer->older = d->older;
	else
		f->newest = d->older;
	f->count--;
	f->octets -= sizeof(*d) + d->capacity;
}

static void drop_datagram(struct fragments *f, struct datagram *d,
    enum account_counter why)
{
	account_add(f->account, why, 1);
	unlink_datagram(f, d);
	free(d->octets);
	free(d);
}

void net_fragments_finish(struct fragments *f)
{
	while (f->oldest)
		drop_datagram(f, f->oldest, ACCOUNT_FRAGMENTS_INCOMPLETE);
}

/* Make room for n octets more; never at the cost of keep. */
static void make_room(struct fragments *f, size_t n,
    const struct datagram *keep)
{
	while (f->octets + n > LIMIT_FRAGMENT_OCTETS ||
	    f->count >= LIMIT_FRAGMENT_DATAGRAMS + (keep ? 1 : 0)) {
		struct datagram *d = f->oldest;

		if (d && d == keep)
			d = d->newer;
		if (!d)
			return;
		drop_datagram(f, d, ACCOUNT_FRAGMENTS_LIMIT);
	}
}

/* More than limit between two times, in whatever order. */
static bool is_apart(int64_t a, int64_t b, int64_t limit)
{
	if (a == SW_NO_TIME || b == SW_NO_TIME)
		return false;
	return (a > b ? (uint64_t)a - (uint64_t)b :
	    (uint64_t)b - (uint64_t)a) > (uint64_t)limit;
}

static void expire(struct fragments *f, int64_t ts_ns)
{
	while (f->oldest &&
	    is_apart(f->oldest->ts_ns, ts_ns, LIMIT_FRAGMENT_NS)) {
		BASE_KNOWN(!f->oldest->older);
		drop_datagram(f, f->oldest, ACCOUNT_FRAGMENTS_INCOMPLETE);
	}
}

/* NULL: not there, or too old to go on with. */
static struct datagram *find_datagram(struct fragments *f,
    const struct fragment *fragment, uint64_t hash)
{
	struct datagram *d = *bucket_of(f, hash);

	while (d && (d->hash != hash ||
	    memcmp(&d->key, &fragment->key, sizeof(d->key)) != 0))
		d = d->chain;
	if (d && is_apart(d->ts_ns, fragment->ts_ns, LIMIT_FRAGMENT_NS)) {
		drop_datagram(f, d, ACCOUNT_FRAGMENTS_INCOMPLETE);
		return NULL;
	}
	return d;
}

static struct datagram *new_datagram(struct fragments *f,
    const struct fragment *fragment, uint64_t hash)
{
	struct datagram *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	make_room(f, sizeof(*d), NULL);
	memcpy(&d->key, &fragment->key, sizeof(d->key)); /* padding too */
	d->hash = hash;
	d->ts_ns = fragment->ts_ns;
	d->protocol = fragment->protocol;
	d->missing = SIZE_MAX;
	d->chain = *bucket_of(f, hash);
	*bucket_of(f, hash) = d;
	d->older = f->newest;
	if (f->newest)
		f->newest->newer = d;
	else
		f->oldest = d;
	f->newest = d;
	f->count++;
	f->octets += sizeof(*d);
	return d;
}

/* --- the last completed ones -------------------------------------------- */

static void remember(struct fragments *f, const struct datagram *d,
    int64_t ts_ns)
{
	f->done[f->done_next].hash = d->hash;
	f->done[f->done_next].ts_ns = ts_ns;
	f->done[f->done_next].used = true;
	f->done_next = (f->done_next + 1) % FRAGMENT_DONE;
}

static bool was_completed(const struct fragments *f, uint64_t hash,
    int64_t ts_ns)
{
	for (size_t i = 0; i < FRAGMENT_DONE; i++)
		if (f->done[i].used && f->done[i].hash == hash &&
		    !is_apart(f->done[i].ts_ns, ts_ns, DUPLICATE_NS))
			return true;
	return false;
}

/* --- one datagram ------------------------------------------------------- */

static bool ensure_capacity(struct fragments *f, struct datagram *d,
    size_t end)
{
	size_t capacity = 2 * d->capacity;
	uint8_t *octets;

	if (end <= d->capacity)
		return true;
	if (capacity > DATAGRAM_MAX)
		capacity = DATAGRAM_MAX;
	if (capacity < end)
		capacity = end;
	make_room(f, capacity - d->capacity, d);
	octets = realloc(d->octets, capacity);
	if (!octets)
		return false;
	f->octets += capacity - d->capacity;
	d->octets = octets;
	d->capacity = capacity;
	return true;
}

/* Does the fragment agree with what the others say of the length? */
static bool fits(const struct datagram *d, size_t end, bool more)
{
	if (d->end > 0 && (end > d->end || (!more && end != d->end)))
		return false;
	return more || d->highest <= end;
}

/* What came of storing a fragment. */
struct stored {
	bool old, differs, fresh; /* blocks: had before, others now; new */
};

/* One block, whose octets are those at off of the datagram. */
static void store_block(struct datagram *d, size_t off, struct slice octets,
    size_t len, struct stored *s_r)
{
	uint8_t *have = &d->have[off / BLOCK / 8];
	uint8_t bit = (uint8_t)(1u << off / BLOCK % 8);

	if ((*have & bit) != 0) {
		s_r->old = true;
		if (off + octets.len <= d->missing && octets.len > 0 &&
		    memcmp(d->octets + off, octets.p, octets.len) != 0)
			s_r->differs = true;
		return;
	}
	s_r->fresh = true;
	*have |= bit;
	d->blocks++;
	memset(d->octets + off, 0, len);
	if (octets.len > 0)
		memcpy(d->octets + off, octets.p, octets.len);
	if (octets.len < len && off + octets.len < d->missing)
		d->missing = off + octets.len;
}

static struct stored store(struct datagram *d, const struct fragment *f,
    size_t len)
{
	struct stored s = { false, false, false };
	struct slice octets = slice_head(f->octets, len);

	for (size_t at = 0; at < len; at += BLOCK) {
		size_t n = len - at < BLOCK ? len - at : BLOCK;

		store_block(d, f->off + at,
		    slice_head(slice_from(octets, at), n), n, &s);
	}
	if (f->off + len > d->highest)
		d->highest = f->off + len;
	if (!f->more)
		d->end = f->off + len;
	if (f->off == 0)
		d->protocol = f->protocol;
	d->anomalies |= f->anomalies;
	return s;
}

static void note_overlap(struct fragments *f, struct datagram *d)
{
	account_add(f->account, ACCOUNT_FRAGMENTS_OVERLAP, 1);
	d->anomalies |= ANOMALY_BIT(ANOMALY_FRAGMENT_OVERLAP);
	if (d->key.family != 6)
		return;
	d->spoiled = true;
	free(d->octets);
	d->octets = NULL;
	f->octets -= d->capacity;
	d->capacity = 0;
}

static void complete(struct fragments *f, struct datagram *d, int64_t ts_ns,
    struct reassembled *whole_r)
{
	uint8_t *exact = realloc(d->octets, d->end);

	remember(f, d, ts_ns);
	unlink_datagram(f, d);
	whole_r->octets = exact ? exact : d->octets;
	whole_r->len = d->missing < d->end ? d->missing : d->end;
	whole_r->wire_len = d->end;
	whole_r->protocol = d->protocol;
	whole_r->anomalies = d->anomalies;
	free(d);
}

static enum fragments_result add_to(struct fragments *f, struct datagram *d,
    const struct fragment *fragment, size_t len, struct reassembled *whole_r)
{
	struct stored s;

	if (d->spoiled)
		return FRAGMENTS_HELD;
	if (!fits(d, fragment->off + len, fragment->more))
		return FRAGMENTS_BAD;
	if (!ensure_capacity(f, d, fragment->off + len))
		return FRAGMENTS_NOMEM;
	s = store(d, fragment, len);
	if (s.old && (s.fresh || s.differs))
		note_overlap(f, d);
	else if (s.old)
		account_add(f->account, ACCOUNT_FRAMES_DUPLICATE, 1);
	if (d->spoiled || d->end == 0 ||
	    d->blocks < (d->end + BLOCK - 1) / BLOCK)
		return FRAGMENTS_HELD;
	complete(f, d, fragment->ts_ns, whole_r);
	return FRAGMENTS_COMPLETE;
}

/*
 * The octets of a fragment that count; 0: it is damaged.  All but the last
 * are multiples of 8: what is over is cut off in IPv4 as hosts do, and an
 * error in IPv6 (RFC 8200 4.5).
 */
static size_t usable_len(const struct fragment *fragment)
{
	size_t len = fragment->wire_len;

	if (len > DATAGRAM_MAX - (size_t)fragment->off)
		return 0;
	if (!fragment->more || len % BLOCK == 0)
		return len;
	return fragment->key.family == 6 ? 0 : len - len % BLOCK;
}

enum fragments_result net_fragments_add(struct fragments *f,
    const struct fragment *fragment, struct reassembled *whole_r)
{
	uint64_t hash = hash_key(f, &fragment->key);
	size_t len = usable_len(fragment);
	struct datagram *d;

	expire(f, fragment->ts_ns);
	if (len == 0)
		return FRAGMENTS_BAD;
	d = find_datagram(f, fragment, hash);
	if (!d && was_completed(f, hash, fragment->ts_ns)) {
		account_add(f->account, ACCOUNT_FRAMES_DUPLICATE, 1);
		return FRAGMENTS_HELD;
	}
	if (!d)
		d = new_datagram(f, fragment, hash);
	if (!d)
		return FRAGMENTS_NOMEM;
	return add_to(f, d, fragment, len, whole_r);
}
