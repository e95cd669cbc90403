/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format.h - what the formats of src/capture share */
#ifndef CAPTURE_FORMAT_H
#define CAPTURE_FORMAT_H

#include "base/anomaly.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/limits.h"
#include "capture/capture.h"

/* A frame longer than this is believed only when the record behind it makes
 * sense: libpcap's limit for all link types that carry IP. */
#define CAPTURE_FRAME_USUAL 262144u

/* Warnings told of one file; more are only counted. */
#define CAPTURE_WARNINGS 16

/* What each format needs to tell of damage. */
struct capture_input {
	struct source *source;
	struct account *account;
	unsigned warnings;
};

/* Tell damage: "FILE: words at offset N". */
void capture_warn(struct capture_input *in, uint64_t offset,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same, and count a damaged record. */
void capture_warn_record(struct capture_input *in, uint64_t offset,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Fewer octets than a record's header are left: tell it, unless it is the
 * end.  As next of struct capture_format. */
int capture_end(struct capture_input *in, struct slice octets,
    struct sw_err *err) SW_MUST_USE;

/* A frame that is not handed out: count it, and name its kind. */
void capture_count_other(struct capture_input *in,
    enum account_counter counter, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A capture that is no file: of a format that is not in the registry, whose
 * probe and begin are never called.  Its would_block must be true whenever next
 * moves octets.  state is freed by it, also when this fails. */
enum sw_status capture_of(const struct capture_format *format, void **state,
    struct capture **c_r, struct sw_err *err) SW_MUST_USE;

/* What frames have in common: SNAPPED, wire_len of at least the octets. */
static inline void capture_finish_frame(struct frame *f)
{
	if (f->octets.len < f->wire_len)
		f->anomalies |= ANOMALY_BIT(ANOMALY_SNAPPED);
	else
		f->wire_len = (uint32_t)f->octets.len;
}

/* The clock of a format whose times are UTC. */
static inline void capture_clock_utc(struct sw_clock *clock_r,
    int64_t resolution_ns)
{
	clock_r->zone = SW_ZONE_UTC;
	clock_r->offset_s = 0;
	clock_r->resolution_ns = resolution_ns;
	clock_r->date = SW_DATE_GIVEN;
}

extern const struct capture_format capture_pcap;
extern const struct capture_format capture_pcapng;
extern const struct capture_format capture_netmon;
extern const struct capture_format capture_snoop;
extern const struct capture_format capture_netxray;
extern const struct capture_format capture_sniffer;
extern const struct capture_format capture_erf;

#endif
