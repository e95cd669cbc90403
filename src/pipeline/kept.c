/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept.c - the frames of those sessions that are told
 *
 * Theory of operation.  Each frame goes to an unlinked file, behind what it
 * takes to find its session: a hash of its connection's endpoints, and its
 * number.  Memory holds a few octets of each session that is told.  At the
 * end these are sorted, and the file is read once from its start: so frames
 * come in the order of the capture.
 *
 * Connections with equal endpoints at the same time (in two VLANs, say) are
 * taken for one.
 */
#include "pipeline/kept.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/scratch.h"
#include "pipeline/remarks.h"

/* Octets read back at once, if a frame is no longer. */
#define CHUNK (256u << 10)

/* In front of each frame. */
struct head {
	uint64_t key, at;
	int64_t ts_ns;
	uint32_t link_type, wire_len;
	uint64_t len;         /* of its octets */
	uint64_t comment_len; /* that of a comment, which is behind them */
};

struct told {
	uint64_t key, first, last;
};

struct kept {
	struct keeper *keeper;
	struct scratch *file;
	uint64_t secret;
	uint64_t size; /* of the file */
	struct told *told;
	size_t count, capacity;
	struct buffer buffer;
};

enum sw_status kept_new(struct keeper *keeper, uint64_t secret,
    const char *tmpdir, struct kept **k_r, struct sw_err *err)
{
	struct kept *k = calloc(1, sizeof(*k));
	enum sw_status status;

	*k_r = k;
	if (!k)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	k->keeper = keeper;
	k->secret = secret;
	buffer_init(&k->buffer, SIZE_MAX / 2);
	status = scratch_new(tmpdir, &k->file, err);
	if (status != SW_OK)
		kept_free(k_r);
	return status;
}

void kept_free(struct kept **kp)
{
	struct kept *k = *kp;

	if (!k)
		return;
	*kp = NULL;
	scratch_free(&k->file);
	buffer_fini(&k->buffer);
	free(k->told);
	free(k);
}

/* The sum is the same in both directions. */
uint64_t kept_key(const struct kept *k, const struct endpoint *a,
    const struct endpoint *b)
{
	uint64_t key = remarks_hash(k->secret, a) +
	    remarks_hash(k->secret, b);

	return key == KEPT_ANY ? 1 : key;
}

enum sw_status kept_add_frame(struct kept *k, const struct frame *frame,
    struct slice comment, uint64_t key, uint64_t at, int64_t ts_ns,
    struct sw_err *err)
{
	const struct head h = { key, at, ts_ns, frame->link_type,
		frame->wire_len, frame->octets.len, comment.len };
	uint64_t off;
	enum sw_status status = scratch_append(k->file,
	    slice_make(&h, sizeof(h)), &off, err);

	if (status == SW_OK && frame->octets.len > 0)
		status = scratch_append(k->file, frame->octets, &off, err);
	if (status == SW_OK && comment.len > 0)
		status = scratch_append(k->file, comment, &off, err);
	k->size += sizeof(h) + frame->octets.len + comment.len;
	return status;
}

enum sw_status kept_add_session(struct kept *k, uint64_t key, uint64_t first,
    uint64_t last)
{
	void *told = k->told;

	if (!base_grow(&told, k->count, &k->capacity, sizeof(*k->told)))
		return SW_ENOMEM;
	k->told = told;
	k->told[k->count++] = (struct told){ key, first, last };
	return SW_OK;
}

/* --- writing -------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct told *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* By connection and first frame, `last` never less than in the one before it
 * of the connection: the last one that begins early enough decides. */
static void sort(struct kept *k)
{
	if (k->count > 1)
		qsort(k->told, k->count, sizeof(*k->told), compare);
	for (size_t i = 1; i < k->count; i++)
		if (k->told[i].key == k->told[i - 1].key &&
		    k->told[i].last < k->told[i - 1].last)
			k->told[i].last = k->told[i - 1].last;
}

static bool is_told(const struct kept *k, const struct head *h)
{
	const struct told wanted = { h->key, h->at, 0 };
	size_t from = 0, to = k->count;

	/* The first one behind those that begin early enough. */
	while (from < to) {
		size_t i = from + (to - from) / 2;

		if (compare(&k->told[i], &wanted) <= 0)
			from = i + 1;
		else
			to = i;
	}
	return from > 0 && k->told[from - 1].key == h->key &&
	    h->at <= k->told[from - 1].last;
}

/* octets: those of the frame, and of its comment. */
static enum sw_status write_frame(struct kept *k, const struct head *h,
    struct slice octets, struct sw_err *err)
{
	const struct frame f = { .link_type = h->link_type,
		.wire_len = h->wire_len,
		.octets = slice_head(octets, (size_t)h->len) };

	if (h->key != KEPT_ANY && !is_told(k, h))
		return SW_OK;
	return keeper_add(k->keeper, &f, slice_from(octets, (size_t)h->len),
	    h->ts_ns, err);
}

/* The frames that are whole in what was read.  *used_r: their octets;
 * *want_r: those of the next one, which is not. */
static enum sw_status write_chunk(struct kept *k, size_t *used_r,
    size_t *want_r, struct sw_err *err)
{
	struct slice octets = buffer_slice(&k->buffer);
	enum sw_status status = SW_OK;
	struct head h;

	*want_r = sizeof(h);
	while (status == SW_OK && octets.len >= sizeof(h)) {
		memcpy(&h, octets.p, sizeof(h));
		*want_r = sizeof(h) + (size_t)(h.len + h.comment_len);
		if (octets.len < *want_r)
			break;
		status = write_frame(k, &h, slice_head(slice_from(octets,
		    sizeof(h)), *want_r - sizeof(h)), err);
		octets = slice_from(octets, *want_r);
	}
	*used_r = k->buffer.len - octets.len;
	return status;
}

enum sw_status kept_write(struct kept *k, struct sw_err *err)
{
	enum sw_status status = scratch_finish(k->file, err);
	uint64_t off = 0;
	size_t want = CHUNK;

	sort(k);
	while (status == SW_OK && off < k->size) {
		size_t used = 0, next = 0;

		if (want < CHUNK)
			want = CHUNK;
		if (want > k->size - off)
			want = (size_t)(k->size - off);
		status = scratch_read(k->file, off, want, &k->buffer, err);
		if (status == SW_OK)
			status = write_chunk(k, &used, &next, err);
		off += used;
		want = next;
	}
	k->size = 0;
	return status == SW_OK ? keeper_flush(k->keeper, err) : status;
}
