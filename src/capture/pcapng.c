/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng.c - the capture format of Wireshark (draft-ietf-opsawg-pcapng)
 *
 * Theory of operation.  A file is a row of blocks: type, length, body,
 * length again.  A section header block says the byte order and begins the
 * interfaces' numbering anew; each interface has its link type, snap length
 * and unit of time.  Packets come in enhanced, simple and obsolete packet
 * blocks; everything else is skipped by its length (pcapng_block.c).
 */
#include <stdlib.h>

#include "base/arena.h"
#include "capture/pcapng_internal.h"

enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_EPB_DROPS = 4,
	OPTION_ISB_IFDROP = 5,
	OPTION_ISB_OSDROP = 7,
	OPTION_IF_TSRESOL = 9,
	OPTION_IF_TSOFFSET = 14
};

/* --- what blocks tell ---------------------------------------------------- */

/* The next option; false: there is none. */
static bool next_option(const struct pcapng *p, struct cursor *c,
    unsigned *code_r, struct cursor *value_r)
{
	uint16_t len;

	if (cursor_left(c) < 4)
		return false;
	*code_r = cursor_x16(c, p->big);
	len = cursor_x16(c, p->big);
	*value_r = cursor_make(cursor_take(c, len));
	if (c->bad || *code_r == OPTION_END)
		return false;
	if (len % 4 != 0)
		cursor_skip(c, 4u - len % 4);
	return true;
}

static void begin_section(struct pcapng *p, struct slice body)
{
	struct cursor c;
	uint16_t major, minor;

	p->big = body.p[0] == 0x1a;
	c = cursor_make(slice_from(body, 4));
	major = cursor_x16(&c, p->big);
	minor = cursor_x16(&c, p->big);
	p->readable = major == 1 && !c.bad;
	p->count = 0;
	if (!p->readable)
		capture_warn_record(&p->in, source_offset(p->in.source),
		    "a section of the unknown version %u.%u, skipped,",
		    major, minor);
}

static void read_interface_options(const struct pcapng *p, struct cursor *c,
    struct pcapng_interface *i)
{
	struct cursor value;
	unsigned code;

	while (next_option(p, c, &code, &value)) {
		if (code == OPTION_IF_TSRESOL && cursor_left(&value) >= 1) {
			pcapng_set_unit(i, cursor_u8(&value));
		} else if (code == OPTION_IF_TSOFFSET &&
		    cursor_left(&value) >= 8) {
			uint64_t s = cursor_x64(&value, p->big);

			i->offset_ns = clock_make((int64_t)s, 0);
		}
	}
}

static enum sw_status add_interface(struct pcapng *p, struct slice body,
    struct sw_err *err)
{
	struct cursor c = cursor_make(body);
	struct pcapng_interface *i;
	void *items = p->interfaces;

	if (p->count >= LIMIT_INTERFACES) {
		account_add(p->in.account, ACCOUNT_LIMIT_OTHER, 1);
		return SW_OK;
	}
	if (!base_grow(&items, p->count, &p->capacity,
	    sizeof(*p->interfaces)))
		return base_error_set(err, SW_ENOMEM, "no memory");
	p->interfaces = items;
	i = &p->interfaces[p->count++];
	memset(i, 0, sizeof(*i));
	i->link_type = cursor_x16(&c, p->big);
	cursor_skip(&c, 2);
	i->snaplen = cursor_x32(&c, p->big);
	i->valid = !c.bad;
	pcapng_set_unit(i, 6);
	read_interface_options(p, &c, i);
	if (p->finest_ns == 0 || i->resolution_ns < p->finest_ns)
		p->finest_ns = i->resolution_ns;
	if (!i->valid)
		capture_warn_record(&p->in, source_offset(p->in.source),
		    "damaged interface block");
	return SW_OK;
}

static const struct pcapng_interface *get_interface(const struct pcapng *p,
    uint32_t n)
{
	return n < p->count && p->interfaces[n].valid ? &p->interfaces[n] :
	    NULL;
}

/* A total of lost frames: count what was not counted yet. */
static void count_total(struct pcapng *p, uint64_t total, uint64_t *counted)
{
	if (total == UINT64_MAX || total <= *counted)
		return;
	account_add(p->in.account, ACCOUNT_FRAMES_DROPPED, total - *counted);
	*counted = total;
	p->dropped = true;
}

static void read_statistics(struct pcapng *p, struct slice body)
{
	struct cursor c = cursor_make(body), value;
	uint32_t n = cursor_x32(&c, p->big);
	struct pcapng_interface *i;
	unsigned code;

	if (!get_interface(p, n))
		return;
	i = &p->interfaces[n];
	cursor_skip(&c, 8);
	while (next_option(p, &c, &code, &value)) {
		if (cursor_left(&value) < 8)
			continue;
		if (code == OPTION_ISB_IFDROP)
			count_total(p, cursor_x64(&value, p->big),
			    &i->dropped);
		else if (code == OPTION_ISB_OSDROP)
			count_total(p, cursor_x64(&value, p->big),
			    &i->os_dropped);
	}
}

/* Frames lost before this one. */
static void count_drops(struct pcapng *p, struct pcapng_interface *i,
    uint64_t n)
{
	if (n == 0 || n > UINT64_MAX - i->dropped)
		return;
	i->dropped += n;
	p->dropped = true;
	account_add(p->in.account, ACCOUNT_FRAMES_DROPPED, n);
}

static void read_packet_options(struct pcapng *p, struct cursor *c,
    struct pcapng_interface *i)
{
	struct cursor value;
	unsigned code;

	while (next_option(p, c, &code, &value)) {
		if (code == OPTION_EPB_DROPS && cursor_left(&value) >= 8)
			count_drops(p, i, cursor_x64(&value, p->big));
		else if (code == OPTION_COMMENT && p->comment.len == 0)
			p->comment = cursor_take(&value, cursor_left(&value));
	}
}

/* --- packets ------------------------------------------------------------- */

/* What the three kinds of packet block have in common. */
struct packet {
	uint32_t interface_number;
	const struct pcapng_interface *interface; /* NULL: not described */
	uint64_t units; /* of time */
	bool has_time;
	uint32_t len;   /* captured */
	uint32_t wire_len;
	uint16_t drops; /* of the obsolete block */
};

static void get_packet(const struct pcapng *p, struct cursor *c,
    struct packet *packet)
{
	uint64_t high;

	packet->interface = get_interface(p, packet->interface_number);
	high = cursor_x32(c, p->big);
	packet->units = high << 32 | cursor_x32(c, p->big);
	packet->has_time = true;
	packet->len = cursor_x32(c, p->big);
	packet->wire_len = cursor_x32(c, p->big);
}

static void get_simple(const struct pcapng *p, struct cursor *c,
    struct packet *packet)
{
	const struct pcapng_interface *i = get_interface(p, 0);

	packet->interface = i;
	packet->wire_len = packet->len = cursor_x32(c, p->big);
	if (i && i->snaplen > 0 && packet->len > i->snaplen)
		packet->len = i->snaplen;
	/* Who wrote it may not have told the snap length. */
	if (packet->len > cursor_left(c))
		packet->len = (uint32_t)cursor_left(c);
}

/* The head of a packet block; c is left at its octets.  Why it is no frame;
 * NULL: it is one. */
static const char *get_any_packet(const struct pcapng *p,
    const struct pcapng_block *b, struct cursor *c, struct packet *packet)
{
	*c = cursor_make(b->body);
	memset(packet, 0, sizeof(*packet));
	if (b->type == BLOCK_PACKET_SIMPLE) {
		get_simple(p, c, packet);
	} else if (b->type == BLOCK_PACKET_OLD) {
		packet->interface_number = cursor_x16(c, p->big);
		packet->drops = cursor_x16(c, p->big);
		get_packet(p, c, packet);
	} else {
		packet->interface_number = cursor_x32(c, p->big);
		get_packet(p, c, packet);
	}
	if (c->bad)
		return "a packet block without its header";
	if (!packet->interface)
		return "a packet of an interface that is not described";
	if (packet->len > cursor_left(c)) {
		if (!b->cut)
			return "a packet longer than its block";
		packet->len = (uint32_t)cursor_left(c);
	}
	return NULL;
}

static const char *read_packet(struct pcapng *p, const struct pcapng_block *b,
    struct frame *f)
{
	struct cursor c;
	struct packet packet;
	const char *why = get_any_packet(p, b, &c, &packet);
	struct pcapng_interface *i;

	if (why)
		return why;
	p->comment = slice_make(NULL, 0);
	i = &p->interfaces[packet.interface_number];
	f->interface = packet.interface_number;
	f->octets = cursor_take(&c, packet.len);
	f->wire_len = packet.wire_len;
	f->link_type = i->link_type;
	f->resolution_ns = i->resolution_ns;
	f->ts_ns = packet.has_time ? pcapng_to_ns(i, packet.units) : SW_NO_TIME;
	if (b->type == BLOCK_PACKET && cursor_left(&c) >= 8) {
		cursor_skip(&c, (4 - packet.len % 4) % 4);
		read_packet_options(p, &c, i);
	}
	if (packet.drops > 0 && packet.drops < UINT16_MAX)
		count_drops(p, i, packet.drops);
	return NULL;
}

/* 1: a frame; 0: none, nothing is consumed in any case. */
static int take_packet(struct pcapng *p, const struct pcapng_block *b,
    struct frame *f)
{
	const char *why = read_packet(p, b, f);
	uint64_t start = source_offset(p->in.source);

	p->number++;
	if (why) {
		capture_warn_record(&p->in, start, b->cut ?
		    "the file ends within a block: %s" : "%s", why);
		return 0;
	}
	f->number = p->number;
	f->anomalies = 0;
	if (p->dropped)
		f->anomalies |= ANOMALY_BIT(ANOMALY_FRAMES_DROPPED);
	p->dropped = false;
	if (b->cut) {
		f->anomalies |= ANOMALY_BIT(ANOMALY_TRUNCATED_INPUT);
		capture_warn(&p->in, start,
		    "the file ends within a packet block");
	}
	capture_finish_frame(f);
	return 1;
}

/* 1: a frame; 0: something else. */
static int take_block(struct pcapng *p, const struct pcapng_block *b,
    struct frame *f, struct sw_err *err)
{
	if (pcapng_is_packet(b->type) && p->readable)
		return take_packet(p, b, f);
	if (b->cut) {
		capture_warn_record(&p->in, source_offset(p->in.source),
		    "the file ends within a block");
		return 0;
	}
	if (b->type == BLOCK_SECTION)
		begin_section(p, b->body);
	else if (b->type == BLOCK_INTERFACE && p->readable)
		return add_interface(p, b->body, err);
	else if (b->type == BLOCK_STATISTICS && p->readable)
		read_statistics(p, b->body);
	return 0;
}

static enum sw_status skip_block(struct pcapng *p, const struct pcapng_block *b,
    struct sw_err *err)
{
	uint64_t start = source_offset(p->in.source);
	enum sw_status status = source_skip(p->in.source, b->len, err);

	if (source_offset(p->in.source) - start < b->len)
		capture_warn_record(&p->in, start,
		    "the file ends within a block");
	return status;
}

static int next(void *state, struct frame *f, struct sw_err *err)
{
	struct pcapng *p = state;

	for (;;) {
		struct pcapng_block b;
		enum pcapng_look what;
		enum sw_status status;
		int result = pcapng_look(p, &b, &what, err);

		if (result != SW_OK || what == LOOK_END)
			return result;
		if (what == LOOK_DAMAGE) {
			result = pcapng_skip_damage(p, err);
			if (result != SW_OK)
				return result;
			continue;
		}
		if (what == LOOK_BLOCK)
			result = take_block(p, &b, f, err);
		if (result < 0)
			return result;
		status = skip_block(p, &b, err);
		if (status != SW_OK)
			return status;
		if (result == 1)
			return 1;
	}
}

/* Only a packet block that is whole and in order is surely the next frame. */
static bool would_block(const void *state)
{
	const struct pcapng *p = state;
	struct slice octets;
	struct cursor c;
	struct packet packet;
	struct pcapng_block b = { 0 };
	uint32_t len;
	bool big;

	if (source_would_block(p->in.source, BLOCK_MIN) || !p->readable ||
	    source_peek(p->in.source, BLOCK_MIN, &octets, NULL) != SW_OK ||
	    !pcapng_get_head(p, octets, &b.type, &len, &big) ||
	    !pcapng_is_packet(b.type) || len > octets.len || len > BLOCK_MAX ||
	    !pcapng_has_trailer(octets, len - 4, len, big))
		return true;
	b.body = slice_from(slice_head(octets, len - 4), BLOCK_HEAD);
	return get_any_packet(p, &b, &c, &packet) != NULL;
}

/* --- opening ------------------------------------------------------------- */

static enum capture_probe probe(struct slice head)
{
	struct cursor c = cursor_make(head);
	bool big;

	if (cursor_be32(&c) != BLOCK_SECTION || c.bad)
		return CAPTURE_NOT_MINE;
	if (head.len == 4)
		return CAPTURE_MINE; /* so far */
	if (head.len < 24 || !pcapng_get_order(head, &big))
		return CAPTURE_BROKEN;
	cursor_skip(&c, 8);
	return cursor_x16(&c, big) == 1 ? CAPTURE_MINE : CAPTURE_BROKEN;
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	const struct pcapng *p = state;

	capture_clock_utc(clock_r, p->finest_ns > 0 ? p->finest_ns : 1000);
	return "pcapng";
}

static bool remarks(const void *state, struct frame_remarks *r_r)
{
	const struct pcapng *p = state;

	r_r->comment = p->comment;
	return p->comment.len > 0;
}

static void close(void **state)
{
	struct pcapng *p = *state;

	free(p->interfaces);
	free(p);
	*state = NULL;
}

/*
 * Read up to the first interface, and those behind it that are there already:
 * describe tells their resolution.
 */
static enum sw_status read_first(struct pcapng *p, struct sw_err *err)
{
	for (;;) {
		struct pcapng_block b;
		enum pcapng_look what;
		int result;

		if (p->count > 0 && source_would_block(p->in.source,
		    BLOCK_MIN))
			return SW_OK;
		result = pcapng_look(p, &b, &what, err);
		if (result != SW_OK || what != LOOK_BLOCK || b.cut ||
		    pcapng_is_packet(b.type) ||
		    (p->count > 0 && b.type != BLOCK_INTERFACE))
			return result;
		result = take_block(p, &b, NULL, err);
		if (result == SW_OK)
			result = source_skip(p->in.source, b.len, err);
		if (result != SW_OK)
			return result;
	}
}

static enum sw_status begin(void *state, struct sw_err *err)
{
	struct pcapng *p = state;
	struct slice head;
	enum sw_status status = source_peek(p->in.source, BLOCK_MIN, &head,
	    err);

	if (status != SW_OK)
		return status;
	/* Should the first block be damaged, its order still holds. */
	p->readable = pcapng_get_order(head, &p->big);
	return read_first(p, err);
}

const struct capture_format capture_pcapng = {
	.name = "pcapng",
	.state_len = sizeof(struct pcapng),
	.probe = probe,
	.begin = begin,
	.next = next,
	.would_block = would_block,
	.describe = describe,
	.remarks = remarks,
	.close = close
};
