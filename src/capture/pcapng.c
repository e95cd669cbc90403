/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng.c - the capture format of Wireshark (draft-ietf-opsawg-pcapng)
 *
 * Theory of operation.  A file is a row of blocks: type, length, body,
 * length again.  A section header block says the byte order and begins the
 * interfaces' numbering anew; each interface has its link type, snap length
 * and unit of time.  Packets come in enhanced, simple and obsolete packet
 * blocks; everything else is skipped by its length.
 *
 * Damage: a block whose body makes no sense is skipped by its length.  When
 * the length itself makes no sense (the two differ and no block follows), the
 * next block is searched: a known type with two equal lengths, which is as
 * good as certain.  A last block that the file's end cuts is handed out as
 * far as it goes.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "capture/format.h"

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET_OLD = 2,
	BLOCK_PACKET_SIMPLE = 3,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECRETS = 10,
	BLOCK_CUSTOM = 0x00000bad,
	BLOCK_CUSTOM_NO_COPY = 0x40000bad,
	BLOCK_SECTION = 0x0a0d0d0a
};

enum option {
	OPTION_END = 0,
	OPTION_EPB_DROPS = 4,
	OPTION_ISB_IFDROP = 5,
	OPTION_ISB_OSDROP = 7,
	OPTION_IF_TSRESOL = 9,
	OPTION_IF_TSOFFSET = 14
};

#define BYTE_ORDER_MAGIC UINT32_C(0x1a2b3c4d)
/* Type and length, and the length again. */
#define BLOCK_HEAD 8u
#define BLOCK_MIN 12u
/* A block longer than this is not looked into but skipped. */
#define BLOCK_MAX (LIMIT_FRAME + 65536u)
/* A pipe does not tell whether it has as many octets as a long block: longer
 * than this is damage. */
#define BLOCK_BELIEVED (256u << 20)
/* No longer one is believed when blocks are searched. */
#define SEARCH_MAX (1u << 20)

struct interface {
	bool valid;
	bool binary;      /* the unit of time is a power of 2 */
	uint8_t exponent; /* units in a second: 10 or 2 to it */
	uint32_t link_type;
	uint32_t snaplen; /* 0: none */
	uint64_t mul, div; /* units to ns, with a power of 10 */
	int64_t offset_ns; /* SW_NO_TIME: out of range */
	int64_t resolution_ns;
	uint64_t dropped, os_dropped; /* counted so far */
};

struct pcapng {
	struct capture_input in;
	bool big;         /* byte order of the section */
	bool readable;    /* its version is known */
	bool dropped;     /* to be hung on the next frame */
	struct interface *interfaces; /* of the section */
	size_t count, capacity;
	uint64_t number;
	int64_t finest_ns; /* resolution */
};

struct block {
	uint32_t type;
	uint64_t len;     /* octets to consume */
	struct slice body;
	bool cut;         /* the file ends within it */
};

/* --- time ---------------------------------------------------------------- */

static uint64_t power_of_10(unsigned n)
{
	uint64_t v = 1;

	for (; n > 0 && n < 20; n--)
		v *= 10;
	return v;
}

static void set_unit(struct interface *i, uint8_t tsresol)
{
	i->binary = tsresol & 0x80;
	i->exponent = tsresol & 0x7f;
	i->mul = i->div = 1;
	if (i->binary) {
		i->resolution_ns = i->exponent < 30 ?
		    NS_PER_S >> i->exponent : 1;
	} else if (i->exponent <= 9) {
		i->mul = power_of_10(9 - i->exponent);
		i->resolution_ns = (int64_t)i->mul;
	} else {
		/* Below 10^-28 nothing of 64 bits is left. */
		i->div = i->exponent <= 28 ? power_of_10(i->exponent - 9u) :
		    UINT64_MAX;
		i->resolution_ns = 1;
	}
}

/* Units of 2^-n seconds. */
static int64_t binary_to_ns(uint64_t units, unsigned n)
{
	uint64_t s = n < 64 ? units >> n : 0;
	uint64_t fraction; /* in units of 2^-64 s */
	uint64_t high, low;

	if (s > INT64_MAX / NS_PER_S - 1)
		return SW_NO_TIME;
	if (n == 0)
		fraction = 0;
	else if (n <= 64)
		fraction = units << (64 - n);
	else
		fraction = units >> (n - 64);
	high = (fraction >> 32) * (uint64_t)NS_PER_S;
	low = (fraction & UINT32_MAX) * (uint64_t)NS_PER_S >> 32;
	return (int64_t)(s * (uint64_t)NS_PER_S + ((high + low) >> 32));
}

static int64_t to_ns(const struct interface *i, uint64_t units)
{
	int64_t ns;

	if (i->binary)
		ns = binary_to_ns(units, i->exponent);
	else if (i->div > 1)
		ns = (int64_t)(units / i->div); /* at most 2^64 / 10 */
	else if (units <= (uint64_t)INT64_MAX / i->mul)
		ns = (int64_t)(units * i->mul);
	else if (0 - units <= (uint64_t)INT64_MAX / i->mul)
		/* Written by who takes it as signed: before 1970. */
		ns = -(int64_t)((0 - units) * i->mul);
	else
		return SW_NO_TIME;
	return i->offset_ns == 0 ? ns : clock_add(ns, i->offset_ns);
}

/* --- blocks -------------------------------------------------------------- */

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

static bool is_packet(uint32_t type)
{
	return type == BLOCK_PACKET || type == BLOCK_PACKET_SIMPLE ||
	    type == BLOCK_PACKET_OLD;
}

static bool is_known(uint32_t type)
{
	return type - 1 < BLOCK_SECRETS || type == BLOCK_SECTION ||
	    type == BLOCK_CUSTOM || type == BLOCK_CUSTOM_NO_COPY;
}

/* The byte order by a section header's magic; false: neither. */
static bool get_order(struct slice octets, bool *big_r)
{
	struct cursor c = cursor_make(slice_from(octets, BLOCK_HEAD));
	struct cursor d = c;

	*big_r = cursor_be32(&c) == BYTE_ORDER_MAGIC;
	return *big_r || cursor_le32(&d) == BYTE_ORDER_MAGIC;
}

/* Type and length at the start of octets (BLOCK_MIN of them); false: they
 * cannot be those of a block. */
static bool get_head(const struct pcapng *p, struct slice octets,
    uint32_t *type_r, uint32_t *len_r, bool *big_r)
{
	struct cursor c = cursor_make(octets);

	*big_r = p->big;
	*type_r = cursor_x32(&c, p->big);
	if (*type_r == BLOCK_SECTION && !get_order(octets, big_r))
		return false;
	*len_r = cursor_x32(&c, *big_r);
	return !c.bad && *len_r >= BLOCK_MIN;
}

static bool has_trailer(struct slice octets, size_t at, uint32_t len,
    bool big)
{
	struct cursor c = cursor_make(slice_from(octets, at));

	return cursor_x32(&c, big) == len && !c.bad;
}

/* Does a block begin here that is whole and has two equal lengths?  More
 * octets are needed to say so if *want_r is more than there are. */
static bool is_block(const struct pcapng *p, struct slice octets,
    size_t *want_r)
{
	uint32_t type, len;
	bool big;

	*want_r = 0;
	if (!get_head(p, octets, &type, &len, &big) || !is_known(type) ||
	    len % 4 != 0 || len > SEARCH_MAX)
		return false;
	*want_r = len;
	return len <= octets.len && has_trailer(octets, len - 4, len, big);
}

/* Is there a block within the last octets of the file, behind the first? */
static bool has_blocks(const struct pcapng *p, struct slice octets)
{
	size_t i, want;

	for (i = 1; i < octets.len; i++)
		if (is_block(p, slice_from(octets, i), &want))
			return true;
	return false;
}

/* Consume up to the next block; *found_r false: there is none. */
static enum sw_status search(struct pcapng *p, bool *found_r,
    struct sw_err *err)
{
	struct source *s = p->in.source;
	enum sw_status status = source_skip(s, 1, err);

	*found_r = false;
	while (status == SW_OK && !*found_r) {
		struct slice octets;
		size_t i = 0, want = 0;

		status = source_peek(s, BLOCK_MIN, &octets, err);
		if (status != SW_OK)
			break;
		if (octets.len < BLOCK_MIN)
			return source_skip(s, octets.len, err);
		for (; octets.len - i >= BLOCK_MIN && want == 0; i++)
			*found_r = is_block(p, slice_from(octets, i), &want);
		if (want > 0) /* it broke the loop, one too far */
			i--;
		status = source_skip(s, i, err);
		if (status != SW_OK || want == 0 || *found_r)
			continue;
		status = source_peek(s, want, &octets, err);
		if (status != SW_OK)
			break;
		*found_r = is_block(p, octets, &want);
		if (!*found_r)
			status = source_skip(s, 1, err);
	}
	return status;
}

static enum sw_status skip_damage(struct pcapng *p, struct sw_err *err)
{
	uint64_t start = source_offset(p->in.source);
	bool found;
	enum sw_status status = search(p, &found, err);
	uint64_t skipped = source_offset(p->in.source) - start;

	capture_warn_record(&p->in, start, found ?
	    "damaged block, %llu octets skipped" :
	    "damaged block, nothing readable in the %llu octets",
	    (unsigned long long)skipped);
	return status;
}

enum look {
	LOOK_END,
	LOOK_BLOCK,
	LOOK_LONG,   /* too long to be looked at */
	LOOK_DAMAGE  /* where the next block begins is not known */
};

/* A block that reaches beyond the end of the file. */
static enum look look_cut(struct pcapng *p, struct slice octets, bool big,
    struct block *b)
{
	bool section_big = p->big;
	enum look result = LOOK_BLOCK;

	p->big = big;
	if (has_blocks(p, octets))
		result = LOOK_DAMAGE;
	p->big = section_big;
	b->cut = true;
	b->len = octets.len;
	b->body = slice_from(octets, BLOCK_HEAD);
	return result;
}

/* The two lengths differ.  Padding that was not counted is made up for; a
 * wrong second length does no harm if another block (or the end) follows. */
static bool mend(struct pcapng *p, struct slice octets, uint32_t len,
    bool big, struct block *b)
{
	size_t padded = ((size_t)len + 3) / 4 * 4, want;
	struct slice behind = slice_from(octets, len);
	uint32_t type, next_len;

	if (padded != len && has_trailer(octets, padded - 4, len, big)) {
		b->len = padded;
		return true;
	}
	if (len % 4 != 0 || !is_known(b->type))
		return false;
	if (behind.len > 0 && !is_block(p, behind, &want) &&
	    !(get_head(p, behind, &type, &next_len, &big) &&
	    is_known(type) && next_len % 4 == 0 && next_len <= BLOCK_MAX))
		return false;
	capture_warn(&p->in, source_offset(p->in.source),
	    "the two lengths of a block differ");
	return true;
}

static bool is_beyond(const struct source *s, uint64_t len)
{
	uint64_t size = source_size(s);

	return size > 0 && len > size - source_offset(s);
}

/* The next block; nothing is consumed. */
static enum sw_status look(struct pcapng *p, struct block *b,
    enum look *look_r, struct sw_err *err)
{
	struct source *s = p->in.source;
	struct slice octets;
	uint32_t len;
	bool big, sane;
	enum sw_status status = source_peek(s, BLOCK_MIN, &octets, err);

	b->cut = false;
	*look_r = LOOK_END;
	if (status != SW_OK || octets.len == 0)
		return status;
	b->type = 0;
	if (octets.len < BLOCK_MIN) {
		*look_r = look_cut(p, octets, p->big, b);
		return SW_OK;
	}
	sane = get_head(p, octets, &b->type, &len, &big);
	b->len = len;
	*look_r = LOOK_DAMAGE;
	if (!sane || (len > BLOCK_MAX && is_packet(b->type)))
		return SW_OK;
	if (len > BLOCK_MAX) {
		if (len % 4 == 0 && len <= BLOCK_BELIEVED &&
		    !is_beyond(s, len))
			*look_r = LOOK_LONG;
		return SW_OK;
	}
	status = source_peek(s, len, &octets, err);
	if (status != SW_OK)
		return status;
	if (octets.len < len) {
		*look_r = look_cut(p, octets, big, b);
		return SW_OK;
	}
	if (!has_trailer(octets, len - 4, len, big)) {
		/* With padding and the head of the block behind. */
		status = source_peek(s, len + BLOCK_MIN + 3, &octets, err);
		if (status != SW_OK || !mend(p, octets, len, big, b))
			return status;
	}
	b->body = slice_from(slice_head(octets, len - 4), BLOCK_HEAD);
	*look_r = LOOK_BLOCK;
	return SW_OK;
}

/* --- what blocks tell ---------------------------------------------------- */

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
    struct interface *i)
{
	struct cursor value;
	unsigned code;

	while (next_option(p, c, &code, &value)) {
		if (code == OPTION_IF_TSRESOL && cursor_left(&value) >= 1) {
			set_unit(i, cursor_u8(&value));
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
	struct interface *i;
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
	set_unit(i, 6);
	read_interface_options(p, &c, i);
	if (p->finest_ns == 0 || i->resolution_ns < p->finest_ns)
		p->finest_ns = i->resolution_ns;
	if (!i->valid)
		capture_warn_record(&p->in, source_offset(p->in.source),
		    "damaged interface block");
	return SW_OK;
}

static const struct interface *get_interface(const struct pcapng *p,
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
	struct interface *i;
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
static void count_drops(struct pcapng *p, struct interface *i, uint64_t n)
{
	if (n == 0 || n > UINT64_MAX - i->dropped)
		return;
	i->dropped += n;
	p->dropped = true;
	account_add(p->in.account, ACCOUNT_FRAMES_DROPPED, n);
}

static void read_packet_options(struct pcapng *p, struct cursor *c,
    struct interface *i)
{
	struct cursor value;
	unsigned code;

	while (next_option(p, c, &code, &value))
		if (code == OPTION_EPB_DROPS && cursor_left(&value) >= 8)
			count_drops(p, i, cursor_x64(&value, p->big));
}

/* --- packets ------------------------------------------------------------- */

/* What the three kinds of packet block have in common. */
struct packet {
	uint32_t interface_number;
	const struct interface *interface; /* NULL: not described */
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
	const struct interface *i = get_interface(p, 0);

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
    const struct block *b, struct cursor *c, struct packet *packet)
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

static const char *read_packet(struct pcapng *p, const struct block *b,
    struct frame *f)
{
	struct cursor c;
	struct packet packet;
	const char *why = get_any_packet(p, b, &c, &packet);
	struct interface *i;

	if (why)
		return why;
	i = &p->interfaces[packet.interface_number];
	f->interface = packet.interface_number;
	f->octets = cursor_take(&c, packet.len);
	f->wire_len = packet.wire_len;
	f->link_type = i->link_type;
	f->resolution_ns = i->resolution_ns;
	f->ts_ns = packet.has_time ? to_ns(i, packet.units) : SW_NO_TIME;
	if (b->type == BLOCK_PACKET && cursor_left(&c) >= 8) {
		cursor_skip(&c, (4 - packet.len % 4) % 4);
		read_packet_options(p, &c, i);
	}
	if (packet.drops > 0 && packet.drops < UINT16_MAX)
		count_drops(p, i, packet.drops);
	return NULL;
}

/* 1: a frame; 0: none, nothing is consumed in any case. */
static int take_packet(struct pcapng *p, const struct block *b,
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
static int take_block(struct pcapng *p, const struct block *b,
    struct frame *f, struct sw_err *err)
{
	if (is_packet(b->type) && p->readable)
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

static enum sw_status skip_block(struct pcapng *p, const struct block *b,
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
		struct block b;
		enum look what;
		enum sw_status status;
		int result = look(p, &b, &what, err);

		if (result != SW_OK || what == LOOK_END)
			return result;
		if (what == LOOK_DAMAGE) {
			result = skip_damage(p, err);
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
	struct block b = { 0 };
	uint32_t len;
	bool big;

	if (source_would_block(p->in.source, BLOCK_MIN) || !p->readable ||
	    source_peek(p->in.source, BLOCK_MIN, &octets, NULL) != SW_OK ||
	    !get_head(p, octets, &b.type, &len, &big) || !is_packet(b.type) ||
	    len > octets.len || len > BLOCK_MAX ||
	    !has_trailer(octets, len - 4, len, big))
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
	if (head.len < 24 || !get_order(head, &big))
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
		struct block b;
		enum look what;
		int result;

		if (p->count > 0 && source_would_block(p->in.source,
		    BLOCK_MIN))
			return SW_OK;
		result = look(p, &b, &what, err);
		if (result != SW_OK || what != LOOK_BLOCK || b.cut ||
		    is_packet(b.type) ||
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
	p->readable = get_order(head, &p->big);
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
	.close = close
};
