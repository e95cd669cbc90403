/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcap_open.c - the file header of pcap, and which variant it is
 *
 * Byte order and resolution by the magic; A1B2CD34 (patched libpcap 0.4) has
 * 24 octets of record header, SuSE 6.3's 28; under the ordinary magic Red Hat
 * 6.1 wrote 24 and Nokia 20.  The first records tell which it is.  Until
 * version 2.3 both lengths stood the other way round.
 */
#include "capture/pcap_internal.h"

#define MAGIC_US UINT32_C(0xa1b2c3d4)
#define MAGIC_NS UINT32_C(0xa1b23c4d)
#define MAGIC_MODIFIED UINT32_C(0xa1b2cd34)

#define FILE_HEADER 24u
#define RECORD_HEADER_NOKIA 20u
#define RECORD_HEADER_MODIFIED 24u
#define RECORD_HEADER_SUSE 28u

/* The upper bits of the link type tell of a frame check sequence. */
#define LINK_TYPE_MASK UINT32_C(0x03ffffff)

static bool is_magic(uint32_t magic)
{
	return magic == MAGIC_US || magic == MAGIC_NS ||
	    magic == MAGIC_MODIFIED;
}

enum capture_probe capture_pcap_probe(struct slice head)
{
	struct cursor c = cursor_make(head), d = c;
	uint32_t le = cursor_le32(&c), be = cursor_be32(&d);
	bool big = is_magic(be);

	if (c.bad || (!is_magic(le) && !big))
		return CAPTURE_NOT_MINE;
	if (head.len > 4 && head.len < FILE_HEADER)
		return CAPTURE_BROKEN;
	if (head.len >= FILE_HEADER && cursor_x16(&c, big) < 2)
		return CAPTURE_BROKEN; /* before libpcap 0.4 */
	return CAPTURE_MINE;
}

/* Other lengths of the record header that go with a magic. */
static const uint32_t *other_headers(bool modified)
{
	static const uint32_t ordinary[] = { RECORD_HEADER_MODIFIED,
		RECORD_HEADER_NOKIA, 0 };
	static const uint32_t patched[] = { RECORD_HEADER_SUSE,
		RECORD_HEADER, 0 };

	return modified ? patched : ordinary;
}

/*
 * Do the first records have the header that the magic says?  A pipe is not
 * waited for: what it has brought decides, or the magic.
 */
static enum sw_status guess_header(struct pcap *p, bool modified,
    struct sw_err *err)
{
	const uint32_t *other = other_headers(modified);
	enum sw_status status;
	enum chain chain;

	if (source_is_stream(p->in.source) && source_would_block(p->in.source,
	    CHAIN_LEN * (size_t)RECORD_HEADER_SUSE))
		return SW_OK;
	status = capture_pcap_follow(p, p->header_len, NULL, &chain, err);
	for (; status == SW_OK && chain == CHAIN_BROKEN && *other; other++) {
		status = capture_pcap_follow(p, *other, NULL, &chain, err);
		if (status == SW_OK && chain == CHAIN_GOOD)
			p->header_len = *other;
	}
	return status;
}

static void parse_header(struct pcap *p, struct slice head, bool *modified_r)
{
	struct cursor c = cursor_make(head), d = c;
	uint32_t magic = cursor_le32(&c), snaplen;
	uint16_t major, minor;

	p->big = !is_magic(magic);
	if (p->big)
		magic = cursor_be32(&d);
	p->ns = magic == MAGIC_NS;
	*modified_r = magic == MAGIC_MODIFIED;
	p->header_len = *modified_r ? RECORD_HEADER_MODIFIED : RECORD_HEADER;
	major = cursor_x16(&c, p->big);
	minor = cursor_x16(&c, p->big);
	cursor_skip(&c, 8); /* zone and accuracy: never used */
	snaplen = cursor_x32(&c, p->big);
	p->usual = snaplen > 0 && snaplen < CAPTURE_FRAME_USUAL ? snaplen :
	    CAPTURE_FRAME_USUAL;
	p->link_type = cursor_x32(&c, p->big) & LINK_TYPE_MASK;
	/* libpcap's savefile.c; 543.0 is DG/UX. */
	if ((major == 2 && minor < 3) || major == 543)
		p->lengths = LENGTHS_SWAPPED;
	else if (major == 2 && minor == 3)
		p->lengths = LENGTHS_UNSURE;
	/* AIX writes interface types: 6 is Ethernet (RFC 1573). */
	if (major == 2 && minor == 2 && p->link_type == 6)
		p->link_type = 1;
}

enum sw_status capture_pcap_begin(void *state, struct sw_err *err)
{
	struct pcap *p = state;
	struct slice head;
	bool modified;
	enum sw_status status = source_peek(p->in.source, FILE_HEADER, &head,
	    err);

	if (status != SW_OK)
		return status;
	parse_header(p, head, &modified);
	status = source_skip(p->in.source, FILE_HEADER, err);
	return status == SW_OK ? guess_header(p, modified, err) : status;
}
