/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcapng_internal.h - what the files of pcapng.c share */
#ifndef CAPTURE_PCAPNG_INTERNAL_H
#define CAPTURE_PCAPNG_INTERNAL_H

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

/* Type and length, and the length again. */
#define BLOCK_HEAD 8u
#define BLOCK_MIN 12u
/* A block longer than this is not looked into but skipped. */
#define BLOCK_MAX (LIMIT_FRAME + 65536u)

struct pcapng_interface {
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
	struct pcapng_interface *interfaces; /* of the section */
	size_t count, capacity;
	struct slice comment; /* of the last packet, in its block */
	uint64_t number;
	int64_t finest_ns; /* resolution */
};

struct pcapng_block {
	uint32_t type;
	uint64_t len;     /* octets to consume */
	struct slice body;
	bool cut;         /* the file ends within it */
};

enum pcapng_look {
	LOOK_END,
	LOOK_BLOCK,
	LOOK_LONG,   /* too long to be looked at */
	LOOK_DAMAGE  /* where the next block begins is not known */
};

/* --- pcapng_block.c ------------------------------------------------------ */

static inline bool pcapng_is_packet(uint32_t type)
{
	return type == BLOCK_PACKET || type == BLOCK_PACKET_SIMPLE ||
	    type == BLOCK_PACKET_OLD;
}
/* The byte order by a section header's magic; false: neither. */
bool pcapng_get_order(struct slice octets, bool *big_r);
/* Type and length at the start of octets (BLOCK_MIN of them); false: they
 * cannot be those of a block. */
bool pcapng_get_head(const struct pcapng *p, struct slice octets,
    uint32_t *type_r, uint32_t *len_r, bool *big_r);
/* Is the length told again in the 4 octets at `at`? */
bool pcapng_has_trailer(struct slice octets, size_t at, uint32_t len,
    bool big);
/* The next block; nothing is consumed. */
enum sw_status pcapng_look(struct pcapng *p, struct pcapng_block *b,
    enum pcapng_look *look_r, struct sw_err *err) SW_MUST_USE;
/* Consume up to the next block that makes sense, and tell it. */
enum sw_status pcapng_skip_damage(struct pcapng *p, struct sw_err *err)
    SW_MUST_USE;

/* --- pcapng_time.c ------------------------------------------------------- */

/* The interface's unit of time, by the octet of if_tsresol. */
void pcapng_set_unit(struct pcapng_interface *i, uint8_t tsresol);
/* Units since 1970 as ns; SW_NO_TIME: out of range. */
int64_t pcapng_to_ns(const struct pcapng_interface *i, uint64_t units);

#endif
