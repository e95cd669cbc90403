/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmon_frame.c - a frame as it lies in a Network Monitor file */
#include "capture/netmon_internal.h"

/* A frame read in sequence without random access is peeked this far. */
#define PEEK_MAX (4u << 20)

enum sw_status netmon_get(struct netmon *n, uint64_t off, size_t len,
    struct slice *octets_r, struct sw_err *err)
{
	struct source *s = n->in.source;
	uint64_t here = source_offset(s);
	enum sw_status status;

	if (n->random)
		return source_read_at(s, off, len, octets_r, err);
	*octets_r = slice_make(NULL, 0);
	if (off < here || off - here > PEEK_MAX)
		return SW_OK;
	status = source_peek(s, (size_t)(off - here) + len, octets_r, err);
	*octets_r = slice_head(slice_from(*octets_r, (size_t)(off - here)),
	    len);
	return status;
}

static int64_t scale(uint64_t v, int64_t unit_ns)
{
	int64_t signed_v = (int64_t)v;

	if (signed_v > INT64_MAX / unit_ns || signed_v < -INT64_MAX / unit_ns)
		return SW_NO_TIME;
	return signed_v * unit_ns;
}

static void parse_frame_header(const struct netmon *n, struct slice octets,
    struct netmon_raw *raw)
{
	struct cursor c = cursor_make(octets);

	if (n->version == 10) {
		raw->offset_ns = scale(cursor_le32(&c), 1000000);
		raw->wire = cursor_le16(&c);
		raw->stored = cursor_le16(&c);
	} else {
		raw->offset_ns = scale(cursor_le64(&c), 1000);
		raw->wire = cursor_le32(&c);
		raw->stored = cursor_le32(&c);
	}
}

static void parse_trailer(const struct netmon *n, struct slice octets,
    struct netmon_raw *raw)
{
	struct cursor c = cursor_make(octets);

	raw->media = n->mac_type;
	raw->filetime = 0;
	raw->process = NETMON_NO_PROCESS;
	if (n->version >= 21)
		/* Wrong in the file header from then on; 1 is Ethernet. */
		raw->media = octets.len >= 2 ? cursor_le16(&c) : 1;
	if (octets.len >= 6)
		raw->process = cursor_le32(&c);
	if (octets.len >= 14)
		raw->filetime = cursor_le64(&c);
}

enum sw_status netmon_read_frame(struct netmon *n, uint64_t off, uint64_t end,
    struct netmon_raw *raw, const char **why_r, struct sw_err *err)
{
	struct slice octets;
	uint64_t room = end > off ? end - off : 0;
	size_t want;
	enum sw_status status = netmon_get(n, off, n->header_len, &octets, err);

	*why_r = NULL;
	raw->off = off;
	raw->cut = false;
	if (status != SW_OK)
		return status;
	if (octets.len < n->header_len || room < n->header_len) {
		*why_r = "a frame beyond the end";
		return SW_OK;
	}
	parse_frame_header(n, octets, raw);
	if (raw->stored > LIMIT_FRAME) {
		*why_r = "a frame of an impossible length";
		return SW_OK;
	}
	room -= n->header_len;
	raw->trailer_len = n->trailer_len;
	if (room < raw->stored)
		raw->trailer_len = 0;
	else if (room - raw->stored < raw->trailer_len)
		/* Some writers left it out, or part of it. */
		raw->trailer_len = room - raw->stored >= 6 ? 6 :
		    room - raw->stored >= 2 ? 2 : 0;
	want = (size_t)n->header_len + raw->stored + raw->trailer_len;
	status = netmon_get(n, off, want, &octets, err);
	if (status != SW_OK)
		return status;
	octets = slice_from(octets, n->header_len);
	raw->octets = slice_head(octets, raw->stored);
	raw->cut = raw->octets.len < raw->stored;
	parse_trailer(n, slice_from(octets, raw->stored), raw);
	if (octets.len < raw->stored + (size_t)raw->trailer_len)
		raw->trailer_len = (uint32_t)(octets.len -
		    raw->octets.len);
	if (raw->cut && n->version >= 21)
		raw->media = n->last_media;
	return SW_OK;
}
