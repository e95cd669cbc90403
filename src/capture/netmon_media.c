/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmon_media.c - the media types of Network Monitor as link types */
#include "capture/netmon_internal.h"

/* LINKTYPE_ values of frames that are handed out. */
enum {
	LINK_ETHERNET = 1,
	LINK_TOKEN_RING = 6,
	LINK_PPP = 9,
	LINK_FDDI = 10,
	LINK_ATM_RFC1483 = 100,
	LINK_RAW = 101,
	LINK_80211 = 105
};

enum media_kind { MEDIA_PACKET, MEDIA_NO_PACKET, MEDIA_UNKNOWN };

static const struct media {
	uint16_t type;
	uint16_t link;
	enum media_kind kind;
	const char *name;
} media_types[] = {
	{ 0, LINK_ETHERNET, MEDIA_PACKET, "unknown, taken as Ethernet" },
	{ 1, LINK_ETHERNET, MEDIA_PACKET, "Ethernet" },
	{ 2, LINK_TOKEN_RING, MEDIA_PACKET, "Token Ring" },
	{ 3, LINK_FDDI, MEDIA_PACKET, "FDDI" },
	{ 4, LINK_ATM_RFC1483, MEDIA_PACKET, "ATM" },
	{ 5, 0, MEDIA_UNKNOWN, "LocalTalk or IEEE 1394" },
	{ 6, LINK_80211, MEDIA_PACKET, "802.11" },
	{ 7, LINK_RAW, MEDIA_PACKET, "tunnel" },
	{ 8, LINK_RAW, MEDIA_PACKET, "wireless WAN" },
	{ 9, LINK_RAW, MEDIA_PACKET, "raw IP" },
	{ 10, 0, MEDIA_UNKNOWN, "wireless WAN" },
	{ 11, 0, MEDIA_UNKNOWN, "IrDA" },
	{ 0xe080, LINK_80211, MEDIA_PACKET, "802.11" },
	{ 0xe081, 0, MEDIA_NO_PACKET, "NDIS Wi-Fi channel" },
	{ 0xe082, 0, MEDIA_NO_PACKET, "Fiddler" },
	/* src/net knows these by the same number. */
	{ 0xe083, 0xe083, MEDIA_PACKET, "WFP capture v4" },
	{ 0xe084, 0xe084, MEDIA_PACKET, "WFP capture v6" },
	{ 0xe085, 0xe085, MEDIA_PACKET, "WFP capture2 v4" },
	{ 0xe086, 0xe086, MEDIA_PACKET, "WFP capture2 v6" },
	{ 0xe087, 0, MEDIA_NO_PACKET, "WFP authorization v4" },
	{ 0xe088, 0, MEDIA_NO_PACKET, "WFP authorization v6" },
	{ 0xe089, 0, MEDIA_NO_PACKET, "PEF NDIS" },
	{ 0xe08a, 0, MEDIA_NO_PACKET, "PEF NDIS Wi-Fi" },
	{ 0xffe0, 0, MEDIA_NO_PACKET, "event" },
	{ 0xfffb, 0, MEDIA_NO_PACKET, "network information" },
	{ 0xfffc, 0, MEDIA_NO_PACKET, "reassembled payload" },
	{ 0xfffd, 0, MEDIA_NO_PACKET, "network information" },
	{ 0xfffe, 0, MEDIA_NO_PACKET, "DNS cache" },
	{ 0xffff, 0, MEDIA_NO_PACKET, "filter" },
};

/* Imported from a pcap file: the type is 0xE000 + LINKTYPE. */
static bool is_imported(uint16_t type)
{
	return type >= 0xe000 && type <= 0xefff &&
	    !(type >= 0xe080 && type <= 0xe08a);
}

static const struct media *find_media(uint16_t type)
{
	size_t i;

	for (i = 0; i < sizeof(media_types) / sizeof(media_types[0]); i++)
		if (media_types[i].type == type)
			return &media_types[i];
	return NULL;
}

bool netmon_is_known_media(uint16_t type)
{
	return is_imported(type) || find_media(type);
}

static void strip(struct frame *f, size_t len)
{
	if (len > f->octets.len)
		len = f->octets.len;
	f->octets = slice_from(f->octets, len);
	f->wire_len -= f->wire_len > len ? (uint32_t)len : f->wire_len;
}

/*
 * NDIS WAN puts PPP into made-up Ethernet: both addresses are " SEND" or
 * " RECV" and an octet, the type is PPP's protocol number.
 */
static bool is_ppp(struct slice o)
{
	struct slice source = slice_head(slice_from(o, 6), 6);

	return o.len >= 14 && o.p[0] == ' ' && o.p[12] == 0 &&
	    (o.p[13] == 0x21 || o.p[13] == 0x57) &&
	    slice_eq(slice_head(o, 6), source) &&
	    (slice_eq(slice_head(o, 5), slice_str(" SEND")) ||
	    slice_eq(slice_head(o, 5), slice_str(" RECV")));
}

/* The length of Network Monitor's own header before an 802.11 frame. */
static size_t wifi_header(struct slice octets)
{
	struct cursor c = cursor_make(octets);
	uint8_t version = cursor_u8(&c);
	uint16_t len = cursor_le16(&c);

	return version == 2 && len >= 32 ? len : 0;
}

static void count_other(struct netmon *n, enum media_kind kind,
    const char *name, uint16_t type)
{
	enum account_counter counter = kind == MEDIA_NO_PACKET ?
	    ACCOUNT_FRAMES_NOT_IP : ACCOUNT_FRAMES_LINK_TYPE;

	if (name)
		capture_count_other(&n->in, counter, "Network Monitor: %s",
		    name);
	else
		capture_count_other(&n->in, counter,
		    "Network Monitor: media type 0x%04x", type);
}

bool netmon_set_link(struct netmon *n, const struct netmon_raw *raw,
    struct frame *f)
{
	const struct media *m = find_media(raw->media);

	if (is_imported(raw->media)) {
		f->link_type = raw->media - 0xe000u;
		return true;
	}
	if (!m || m->kind != MEDIA_PACKET) {
		count_other(n, m ? m->kind : MEDIA_UNKNOWN,
		    m ? m->name : NULL, raw->media);
		return false;
	}
	f->link_type = m->link;
	if (m->link == LINK_RAW && (f->octets.p[0] >> 4 != 4 &&
	    f->octets.p[0] >> 4 != 6)) {
		count_other(n, MEDIA_UNKNOWN, m->name, raw->media);
		return false;
	}
	if (raw->media == 4 && n->version < 21)
		strip(f, 16); /* addresses, VPI, VCI */
	else if (raw->media == 6 && n->version == 10)
		f->link_type = LINK_ETHERNET; /* "DIX" */
	else if (raw->media == 6)
		strip(f, wifi_header(f->octets));
	else if (m->link == LINK_ETHERNET && is_ppp(f->octets)) {
		f->link_type = LINK_PPP;
		strip(f, 12);
	}
	return true;
}
