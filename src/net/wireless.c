/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wireless.c - 802.11 as it is on the air, with and without radiotap
 *
 * Theory of operation.  Only data frames hold IP, in LLC and SNAP behind a
 * header of 24 to 36 octets.  What is encrypted cannot be read; but drivers
 * and Network Monitor hand over frames that they have decrypted and leave
 * the bit set, so the octets decide.  Fragments of 802.11 are not joined.
 *
 * An A-MSDU holds several frames, of which a capture's frame can give one:
 * the first is read, and that there were more is told.
 */
#include "net/net.h"

#include "net/walk.h"

/* Count a frame that cannot be read with the cause. */
static enum net_result drop_because(struct walk *w, const char *why)
{
	account_note(w->net->account, ACCOUNT_LIST_LINK_TYPES,
	    slice_str(why), 1);
	return net_drop(w, ACCOUNT_FRAMES_LINK_TYPE);
}

/* Is there SNAP in the clear? */
static bool is_snap(struct slice octets)
{
	return octets.len >= 3 && octets.p[0] == 0xaa &&
	    octets.p[1] == 0xaa && octets.p[2] == 0x03;
}

/* IEEE 802.11 9.3.2.2: each has addresses, length, the frame, and padding. */
static enum net_result decode_aggregate(struct walk *w, struct packet *p)
{
	enum { HEADER = 14, LLC_SNAP = 8 };
	struct cursor c = cursor_make(slice_from(p->octets, 12));
	uint16_t len = cursor_be16(&c);

	if (c.bad || !packet_skip(p, HEADER))
		return net_drop_short(w, p);
	/* What a check sequence and padding have no room for. */
	if (p->wire_len >= (size_t)len + HEADER + LLC_SNAP)
		account_note(w->net->account, ACCOUNT_LIST_WARNINGS,
		    slice_str("802.11: aggregates (A-MSDU), of which only "
		    "the first frame was read"), 1);
	if (len < p->wire_len)
		packet_end(p, len);
	return net_link_llc(w, p);
}

static enum net_result decode_body(struct walk *w, struct packet *p,
    bool is_protected, bool is_aggregate)
{
	struct slice llc = p->octets;

	if (is_protected && is_aggregate)
		llc = slice_from(llc, 14);
	if (is_protected && llc.len < 3)
		return net_drop_short(w, p);
	if (is_protected && !is_snap(llc))
		return drop_because(w, "802.11: encrypted");
	return is_aggregate ? decode_aggregate(w, p) : net_link_llc(w, p);
}

/*
 * IEEE 802.11 9.2.4: control, duration, three addresses, sequence; a fourth
 * address between two access points; QoS; HT control.  is_padded: the
 * header's length is made a multiple of 4 by padding.
 */
static enum net_result decode_frame(struct walk *w, struct packet *p,
    bool is_padded)
{
	enum { VERSION_TYPE = 0x000f, DATA = 0x0008, NO_DATA = 0x0040,
	    QOS = 0x0080, RELAYED = 0x0300, MORE_FRAGMENTS = 0x0400,
	    PROTECTED = 0x4000, HT_CONTROL = 0x8000, FRAGMENT = 0x000f,
	    AGGREGATE = 0x0080 };
	struct cursor c = cursor_make(p->octets);
	uint16_t control = cursor_le16(&c), sequence, qos = 0;
	size_t len;

	if (!c.bad && ((control & VERSION_TYPE) != DATA ||
	    (control & NO_DATA) != 0))
		return net_drop(w, ACCOUNT_FRAMES_NOT_IP);
	cursor_skip(&c, 20);
	sequence = cursor_le16(&c);
	if ((control & RELAYED) == RELAYED)
		cursor_skip(&c, 6);
	if ((control & QOS) != 0) {
		qos = cursor_le16(&c);
		cursor_skip(&c, (control & HT_CONTROL) != 0 ? 4 : 0);
	}
	if (c.bad)
		return net_drop_short(w, p);
	len = (size_t)(c.p - p->octets.p);
	if (!packet_skip(p, is_padded ? (len + 3) & ~(size_t)3 : len))
		return net_drop_short(w, p);
	if ((control & MORE_FRAGMENTS) != 0 || (sequence & FRAGMENT) != 0)
		return drop_because(w, "802.11: fragments");
	return decode_body(w, p, (control & PROTECTED) != 0,
	    (qos & AGGREGATE) != 0);
}

enum net_result net_link_80211(struct walk *w, struct packet *p)
{
	return decode_frame(w, p, false);
}

/*
 * The flags of radiotap, 0 without: the first word of what is present is
 * followed by others as long as their highest bit says so, then by a time
 * stamp (8 octets, aligned) and the flags, if they are announced.
 */
static uint8_t radiotap_flags(struct slice header)
{
	enum { TIME = 1, FLAGS = 2 };
	struct cursor c = cursor_make(slice_from(header, 4));
	uint32_t present = cursor_le32(&c), more = present;
	size_t off;

	while (!c.bad && more >> 31 != 0)
		more = cursor_le32(&c);
	off = (size_t)(c.p - header.p);
	if ((present & TIME) != 0)
		cursor_skip(&c, (8 - off % 8) % 8 + 8);
	return (present & FLAGS) != 0 ? cursor_u8(&c) : 0;
}

/* https://www.radiotap.org: version 0, padding, length, present. */
enum net_result net_link_radiotap(struct walk *w, struct packet *p)
{
	enum { DATA_PADDED = 0x20, BAD_CHECK_SEQUENCE = 0x40 };
	struct cursor c = cursor_make(p->octets);
	uint8_t version = cursor_u8(&c), flags;
	uint16_t len;

	cursor_skip(&c, 1);
	len = cursor_le16(&c);
	if (c.bad)
		return net_drop_short(w, p);
	if (version != 0 || len < 8)
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	if (len > p->octets.len)
		return net_drop_short(w, p);
	flags = radiotap_flags(slice_head(p->octets, len));
	packet_skip(p, len);
	/* Garbled on the air; the sender sends it again. */
	if ((flags & BAD_CHECK_SEQUENCE) != 0)
		return net_drop(w, ACCOUNT_FRAMES_MALFORMED);
	return decode_frame(w, p, (flags & DATA_PADDED) != 0);
}
