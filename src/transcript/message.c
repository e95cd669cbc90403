/* SPDX-License-Identifier: GPL-2.0-or-later */
/* message.c - the octets of a message: counted, hashed, passed on */
/* SHA256_Init and its like are to be there without a warning. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "transcript/message.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/limits.h"

/* Logs tell content line by line, and a call of the digest for each would
 * take longer than its blocks do: so many octets are gathered.  Pieces that
 * are as long are not. */
enum { HASH_HELD = 512 };

/* EVP takes as long for the beginning and the end of a digest as the digest of
 * a small message does: this is the digest itself. */
struct message_hash {
	SHA256_CTX sha;
	size_t held; /* octets that are still to be given to it */
	uint8_t few[HASH_HELD];
};

/* Where the search for the empty line behind the header stands. */
enum { TAIL_LINE_START, TAIL_LINE_START_CR, TAIL_IN_LINE };

static bool hash_begin(struct message *m)
{
	if (!m->hash)
		m->hash = malloc(sizeof(*m->hash));
	if (!m->hash)
		return false;
	m->hash->held = 0;
	return SHA256_Init(&m->hash->sha) == 1;
}

static void hash_held(struct message_hash *h)
{
	if (h->held > 0)
		(void)SHA256_Update(&h->sha, h->few, h->held);
	h->held = 0;
}

static void hash_octets(struct message_hash *h, struct slice s)
{
	if (s.len >= HASH_HELD) {
		hash_held(h);
		(void)SHA256_Update(&h->sha, s.p, s.len);
		return;
	}
	while (s.len > 0) {
		struct slice some = slice_head(s, HASH_HELD - h->held);

		memcpy(h->few + h->held, some.p, some.len);
		h->held += some.len;
		s = slice_from(s, some.len);
		if (h->held == HASH_HELD)
			hash_held(h);
	}
}

/* As new, but for the memory that it has. */
void message_reset(struct message *m)
{
	struct message old = *m;

	memset(m, 0, sizeof(*m));
	m->hash = old.hash;
	m->header = old.header;
	m->header_capacity = old.header_capacity;
	m->gaps = old.gaps;
	m->gap_capacity = old.gap_capacity;
}

enum sw_status message_init(struct message *m, const struct body_ops *ops,
    uint32_t n, bool hash)
{
	message_reset(m);
	m->ops = ops;
	m->open = true;
	m->started = true;
	m->tail = TAIL_LINE_START;
	m->hashed = hash && hash_begin(m);
	if (hash && !m->hashed)
		return SW_ENOMEM;
	if (ops)
		m->body = ops->open(ops->ctx, n);
	m->body_opened = m->body != NULL;
	return SW_OK;
}

/* Keep what belongs to the header, up to LIMIT_HEADER. */
static enum sw_status keep_header(struct message *m, struct slice s)
{
	size_t want = s.len, capacity;
	uint8_t *p;

	if (want > LIMIT_HEADER - m->header_len)
		want = LIMIT_HEADER - m->header_len;
	if (want == 0)
		return SW_OK;
	if (want > m->header_capacity - m->header_len) {
		capacity = m->header_capacity ? m->header_capacity * 2 : 2048;
		if (capacity < m->header_len + want)
			capacity = m->header_len + want;
		p = realloc(m->header, capacity);
		if (!p)
			return SW_ENOMEM;
		m->header = p;
		m->header_capacity = capacity;
	}
	memcpy(m->header + m->header_len, s.p, want);
	m->header_len += want;
	return SW_OK;
}

/* How many octets of s belong to the header; sets header_done at its end. */
static size_t header_extent(struct message *m, struct slice s)
{
	size_t i = 0;

	while (i < s.len) {
		uint8_t c = s.p[i];
		const uint8_t *lf;

		if (m->tail != TAIL_IN_LINE && c == '\n') {
			m->header_done = true;
			return i + 1;
		}
		if (m->tail == TAIL_LINE_START && c == '\r') {
			m->tail = TAIL_LINE_START_CR;
			i++;
			continue;
		}
		m->tail = TAIL_IN_LINE;
		lf = memchr(s.p + i, '\n', s.len - i);
		if (!lf)
			return s.len;
		i = (size_t)(lf - s.p) + 1;
		m->tail = TAIL_LINE_START;
	}
	return i;
}

/* Its fields are told as soon as it is whole: while the body comes, which
 * takes most of the time, no octets of it are held. */
static enum sw_status take_header(struct message *m, struct slice octets,
    struct sw_message *out, struct arena *arena)
{
	struct slice s = slice_head(octets, header_extent(m, octets));
	enum sw_status status;

	m->header_size += s.len;
	if (out && m->header_done && m->header_len == 0)
		return header_fields(slice_head(s, LIMIT_HEADER), out, arena);
	status = keep_header(m, s);
	if (!out || status != SW_OK)
		return status;
	return message_tell_header(m, out, arena);
}

enum sw_status message_tell_header(struct message *m, struct sw_message *out,
    struct arena *arena)
{
	enum sw_status status;

	if (!m->header_done || m->header_len == 0)
		return SW_OK;
	status = header_fields(slice_make(m->header, m->header_len), out,
	    arena);
	free(m->header);
	m->header = NULL;
	m->header_len = m->header_capacity = 0;
	return status;
}

enum sw_status message_octets(struct message *m, struct slice octets,
    struct sw_message *out, struct arena *arena)
{
	enum sw_status status = SW_OK;

	if (octets.len == 0)
		return SW_OK;
	if (!m->header_done && m->started && m->gap_count == 0)
		status = take_header(m, octets, out, arena);
	m->size += octets.len;
	if (m->hashed)
		hash_octets(m->hash, octets);
	if (m->body)
		m->ops->octets(m->ops->ctx, m->body, octets);
	return status;
}

bool message_line(struct message *m, struct slice line, bool crlf)
{
	size_t len = line.len + (crlf ? 2 : 1);
	uint8_t *w;

	if (!m->header_done || m->body || !m->hashed ||
	    len >= HASH_HELD - m->hash->held)
		return false;
	w = m->hash->few + m->hash->held;
	if (line.len > 0)
		memcpy(w, line.p, line.len);
	w[line.len] = '\r'; /* or written over */
	w[len - 1] = '\n';
	m->hash->held += len;
	m->size += len;
	return true;
}

enum sw_status message_gap(struct message *m, int64_t len)
{
	uint64_t offset = m->size + m->lost;

	m->hashed = false;
	if (m->gap_count < LIMIT_GAPS) {
		void *p = m->gaps;

		if (!base_grow(&p, m->gap_count, &m->gap_capacity,
		    sizeof(*m->gaps)))
			return SW_ENOMEM;
		m->gaps = p;
		m->gaps[m->gap_count].offset = offset;
		m->gaps[m->gap_count].length = len;
		m->gap_count++;
	}
	if (len >= 0)
		m->lost += (uint64_t)len;
	else
		m->lost_unknown = true;
	if (m->body)
		m->ops->gap(m->ops->ctx, m->body, offset, len);
	return SW_OK;
}

enum sw_status message_lose_start(struct message *m)
{
	m->started = m->header_done = false;
	m->header_len = 0;
	m->header_size = 0;
	return message_gap(m, SW_UNKNOWN);
}

void message_end(struct message *m, bool complete)
{
	if (!m->open)
		return;
	m->open = false;
	m->ended = complete;
	if (m->body)
		m->ops->close(m->ops->ctx, m->body);
}

/* The header was cut: its last field may be, so it is not told. */
static void drop_last_field(struct message *m)
{
	size_t n = m->header_len;

	while (n > 0) {
		n--; /* to the start of the line that ends at n */
		while (n > 0 && m->header[n - 1] != '\n')
			n--;
		if (m->header[n] != ' ' && m->header[n] != '\t')
			break;
	}
	m->header_len = n;
}

enum sw_status message_tell(struct message *m, struct sw_message *out,
    struct arena *arena)
{
	enum sw_status status = SW_OK;
	bool whole = m->started && m->ended && m->gap_count == 0;

	out->size = (int64_t)m->size;
	out->missing = m->lost_unknown ? SW_UNKNOWN : (int64_t)m->lost;
	out->header_size = m->header_done || whole ?
	    (int64_t)m->header_size : SW_UNKNOWN;
	if (!whole)
		drop_last_field(m);
	if (m->started && m->header_len > 0) /* it has no end */
		status = header_fields(slice_make(m->header, m->header_len),
		    out, arena);
	if (m->hashed && whole) {
		hash_held(m->hash);
		out->sha256.known = SHA256_Final(out->sha256.octets,
		    &m->hash->sha) == 1;
	}
	return status;
}

void message_empty(struct message *m)
{
	free(m->header);
	free(m->gaps);
	m->header = NULL;
	m->gaps = NULL;
	m->header_capacity = m->gap_capacity = 0;
	message_reset(m);
}

void message_fini(struct message *m)
{
	message_empty(m);
	free(m->hash);
	m->hash = NULL;
}
