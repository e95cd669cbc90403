/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netmon_walk.c - the frames of a Network Monitor file, in order
 *
 * By the table as long as it makes sense, then one behind the other.  A table
 * of which hardly one of the first entries names a frame is not begun with: a
 * few of its offsets may well meet octets that look like one.
 */
#include "capture/netmon_internal.h"

/* Frames looked at to choose where a sequence begins. */
#define TRY_FRAMES 64u

/* --- frames -------------------------------------------------------------- */

static void set_time(const struct netmon *n, const struct netmon_raw *raw,
    struct frame *f)
{
	f->resolution_ns = n->version == 10 ? 1000000 : 1000;
	f->ts_ns = clock_add(n->start_ns, raw->offset_ns);
	if (n->utc && netmon_is_sane_time(raw->filetime)) {
		f->ts_ns = netmon_from_filetime(raw->filetime);
		f->resolution_ns = 100;
	}
}

/* 1: a frame; 0: counted as something else. */
static int make_frame(struct netmon *n, const struct netmon_raw *raw,
    struct frame *f)
{
	n->good++;
	n->last_media = raw->media;
	n->last_off = raw->off;
	n->last_process = raw->process;
	n->last_end = raw->off + n->header_len + raw->octets.len +
	    raw->trailer_len;
	f->number = n->number;
	f->wire_len = raw->wire > raw->stored ? raw->wire : raw->stored;
	f->interface = 0;
	f->anomalies = 0;
	f->octets = raw->octets;
	if (raw->octets.len == 0) {
		capture_count_other(&n->in, ACCOUNT_FRAMES_NOT_IP,
		    "Network Monitor: empty frame");
		return 0;
	}
	if (!netmon_set_link(n, raw, f))
		return 0;
	set_time(n, raw, f);
	if (raw->cut) {
		f->anomalies |= ANOMALY_BIT(ANOMALY_TRUNCATED_INPUT);
		capture_warn(&n->in, raw->off,
		    "the file ends within a frame");
	}
	capture_finish_frame(f);
	return 1;
}

/* --- in the table's order ------------------------------------------------ */

enum sw_status netmon_get_entry(struct netmon *n, uint64_t index,
    uint32_t *off_r, bool *found_r, struct sw_err *err)
{
	struct slice octets;
	struct cursor c;
	enum sw_status status;
	size_t i;

	if (index < n->chunk_first ||
	    index - n->chunk_first >= n->chunk_count) {
		uint64_t left = n->count - index;
		size_t want = left < TABLE_CHUNK ? (size_t)left : TABLE_CHUNK;

		status = netmon_get(n, n->table_off + index * ENTRY_LEN,
		    want * ENTRY_LEN, &octets, err);
		if (status != SW_OK)
			return status;
		c = cursor_make(octets);
		n->chunk_first = index;
		n->chunk_count = octets.len / ENTRY_LEN;
		for (i = 0; i < n->chunk_count; i++)
			n->chunk[i] = cursor_le32(&c);
	}
	*found_r = index - n->chunk_first < n->chunk_count;
	if (*found_r)
		*off_r = n->chunk[index - n->chunk_first];
	return SW_OK;
}

enum sw_status netmon_get_end(struct netmon *n, uint32_t off, uint64_t *end_r,
    struct sw_err *err)
{
	uint32_t next = 0;
	bool found = false;
	enum sw_status status = SW_OK;

	*end_r = n->size;
	if (n->table_off > off)
		*end_r = n->table_off;
	if (n->index + 1 < n->count)
		status = netmon_get_entry(n, n->index + 1, &next, &found, err);
	if (found && next > off && next < *end_r)
		*end_r = next;
	return status;
}

static void begin_sequence(struct netmon *n, uint64_t pos, uint64_t limit)
{
	n->walk = WALK_SEQUENCE;
	n->pos = pos;
	n->limit = limit;
}

/* The table is done, or what is left of it. */
static enum sw_status leave_table(struct netmon *n, struct sw_err *err)
{
	n->walk = WALK_END;
	if (n->good == 0 && n->count > 0) {
		capture_warn_record(&n->in, n->table_off,
		    "a frame table that names no frame: read in sequence,");
		n->number = 0;
		return netmon_choose_start(n, err);
	}
	if (n->table_cut && n->ascending && n->last_end < n->table_off)
		begin_sequence(n, n->last_end, n->table_off);
	return SW_OK;
}

/* Entries that name no frame are told one by one, but not all of a table
 * that may be overwritten as a whole. */
static void warn_entry(struct netmon *n, uint64_t off, const char *why)
{
	if (n->good > 0)
		capture_warn_record(&n->in, off, "frame %llu: %s",
		    (unsigned long long)n->number, why);
	else
		n->bad++;
}

static void warn_first_entries(struct netmon *n)
{
	if (n->good > 0 || n->bad == 0)
		return;
	capture_warn_record(&n->in, n->table_off,
	    "%llu entries at the start of the frame table name no frame,",
	    (unsigned long long)n->bad);
	account_add(n->in.account, ACCOUNT_FRAMES_BAD_RECORD, n->bad - 1);
}

/* Two entries that name the same octets: the table rules, but it is told; if
 * they do not stand side by side, once, when the frames so far and this one
 * (len) take more than lies beside the header and the table. */
static void warn_overlap(struct netmon *n, uint32_t off, uint64_t len)
{
	uint64_t taken = n->spent + FIRST_SHORT + n->count * ENTRY_LEN;

	if (n->good > 0 && off >= n->last_off && off < n->last_end)
		capture_warn(&n->in, off, "frame %llu: lies in the one "
		    "before it", (unsigned long long)n->number);
	else if (taken <= n->size && taken + len > n->size)
		capture_warn(&n->in, off, "frame %llu: the frame table names "
		    "more octets than there are, some of them twice,",
		    (unsigned long long)n->number);
}

static bool is_credible(const struct netmon *n, const struct netmon_raw *raw);

/* 1: a frame; 0: go on. */
static int next_in_table(struct netmon *n, struct frame *f,
    struct sw_err *err)
{
	struct netmon_raw raw;
	uint32_t off = 0;
	uint64_t end = 0, len;
	const char *why = NULL;
	bool found = false;
	enum sw_status status = SW_OK;

	if (n->index < n->count)
		status = netmon_get_entry(n, n->index, &off, &found, err);
	if (status != SW_OK)
		return status;
	if (!found)
		return leave_table(n, err);
	status = netmon_get_end(n, off, &end, err);
	if (status != SW_OK)
		return status;
	n->number = ++n->index;
	if (off < HEADER_MIN)
		why = "an entry of the frame table that is no offset";
	else
		status = netmon_read_frame(n, off, end, &raw, &why, err);
	/* The next one begins within this: then the table's order says
	 * nothing about where it ends. */
	if (status == SW_OK && !why && raw.cut && end < n->size)
		status = netmon_read_frame(n, off, n->size, &raw, &why, err);
	if (status != SW_OK)
		return status;
	if (n->table_cut && (why || !is_credible(n, &raw))) {
		/* Its length is not to be believed: what follows may be
		 * something else. */
		n->number--;
		return leave_table(n, err);
	}
	if (why) {
		warn_entry(n, off, why);
		return 0;
	}
	warn_first_entries(n);
	len = n->header_len + raw.octets.len + raw.trailer_len;
	warn_overlap(n, off, len);
	n->ascending = n->ascending && off >= n->last_end;
	n->spent += len;
	if (n->spent > 4 * n->size) {
		capture_warn_record(&n->in, n->table_off, "a frame table "
		    "that names the same octets again and again, left");
		n->walk = WALK_END;
		return 0;
	}
	return make_frame(n, &raw, f);
}

/* --- in sequence --------------------------------------------------------- */

/* Can these be the lengths of a frame? */
static bool has_lengths(const struct netmon_raw *raw)
{
	return raw->stored > 0 && raw->stored <= CAPTURE_FRAME_USUAL &&
	    raw->stored <= raw->wire && raw->wire <= LIMIT_FRAME;
}

/* Is this surely a frame, with nothing but itself to tell? */
static bool is_credible(const struct netmon *n, const struct netmon_raw *raw)
{
	if (!has_lengths(raw))
		return false;
	return raw->cut || (raw->trailer_len == n->trailer_len &&
	    (n->version < 21 || netmon_is_known_media(raw->media)));
}

/* How many frames follow each other from pos? */
static enum sw_status try_sequence(struct netmon *n, uint64_t pos,
    uint64_t limit, unsigned *count_r, struct sw_err *err)
{
	for (*count_r = 0; *count_r < TRY_FRAMES; ++*count_r) {
		struct netmon_raw raw;
		const char *why;
		enum sw_status status = netmon_read_frame(n, pos, limit, &raw,
		    &why, err);

		if (status != SW_OK)
			return status;
		if (why || !is_credible(n, &raw))
			break;
		pos += n->header_len + raw.octets.len + raw.trailer_len;
	}
	return SW_OK;
}

/* As netmon_choose_start(); *count_r: frames that follow each other there, of
 * those looked at. */
static enum sw_status choose_start(struct netmon *n, unsigned *count_r,
    struct sw_err *err)
{
	bool table_known = n->table_off > FIRST_SHORT &&
	    n->table_off <= n->size;
	uint64_t limit = table_known ? n->table_off : n->size;
	unsigned count_long, count_short;
	enum sw_status status = try_sequence(n, FIRST_LONG, limit,
	    &count_long, err);

	if (status == SW_OK)
		status = try_sequence(n, FIRST_SHORT, limit, &count_short,
		    err);
	if (status != SW_OK)
		return status;
	n->walk = WALK_END;
	n->last_end = n->pos = limit;
	*count_r = count_long >= count_short ? count_long : count_short;
	if (*count_r > 0)
		begin_sequence(n, count_long >= count_short ? FIRST_LONG :
		    FIRST_SHORT, limit);
	return SW_OK;
}

enum sw_status netmon_choose_start(struct netmon *n, struct sw_err *err)
{
	unsigned count;

	return choose_start(n, &count, err);
}

/* How many of the table's first entries name what may well be a frame? */
static enum sw_status try_table(struct netmon *n, unsigned entries,
    unsigned *count_r, struct sw_err *err)
{
	*count_r = 0;
	for (unsigned i = 0; i < entries; i++) {
		struct netmon_raw raw;
		const char *why;
		uint32_t off = 0;
		uint64_t end;
		bool found;
		enum sw_status status = netmon_get_entry(n, i, &off, &found,
		    err);

		if (status == SW_OK && found && off >= HEADER_MIN) {
			n->index = i;
			status = netmon_get_end(n, off, &end, err);
			n->index = 0;
			if (status == SW_OK)
				status = netmon_read_frame(n, off, end, &raw,
				    &why, err);
			if (status == SW_OK && !why && has_lengths(&raw))
				++*count_r;
		}
		if (status != SW_OK)
			return status;
	}
	return SW_OK;
}

enum sw_status netmon_judge_table(struct netmon *n, struct sw_err *err)
{
	unsigned entries = n->count < TRY_FRAMES ? (unsigned)n->count :
	    TRY_FRAMES;
	unsigned named, in_row;
	enum sw_status status;

	if (n->table_cut) /* left at the first entry that is in doubt */
		return SW_OK;
	status = try_table(n, entries, &named, err);
	if (status != SW_OK || named >= (entries + 1) / 2)
		return status;
	status = choose_start(n, &in_row, err);
	if (status == SW_OK && in_row > named)
		capture_warn_record(&n->in, n->table_off, "a frame table "
		    "that names %s frame: read in sequence,", named > 0 ?
		    "hardly a" : "no");
	else
		n->walk = WALK_TABLE;
	return status;
}

/* 1: a frame; 0: go on. */
static int next_in_sequence(struct netmon *n, struct frame *f,
    struct sw_err *err)
{
	struct source *s = n->in.source;
	struct netmon_raw raw;
	const char *why;
	struct slice rest;
	enum sw_status status = SW_OK;

	if (!n->random && n->pos > source_offset(s))
		status = source_skip(s, n->pos - source_offset(s), err);
	if (status == SW_OK)
		status = netmon_read_frame(n, n->pos, n->limit, &raw, &why,
		    err);
	if (status != SW_OK)
		return status;
	if (!why && is_credible(n, &raw)) {
		n->number++;
		n->pos += n->header_len + raw.octets.len + raw.trailer_len;
		return make_frame(n, &raw, f);
	}
	n->walk = WALK_END;
	status = netmon_get(n, n->pos, 1, &rest, err);
	if (status == SW_OK && rest.len > 0 && n->pos < n->limit)
		capture_warn_record(&n->in, n->pos,
		    "no frame can be read any more");
	return status;
}

int netmon_next(void *state, struct frame *f, struct sw_err *err)
{
	struct netmon *n = state;
	struct slice rest;
	int result = 0;

	while (result == 0 && n->walk != WALK_END)
		result = n->walk == WALK_TABLE ? next_in_table(n, f, err) :
		    next_in_sequence(n, f, err);
	if (result < 0)
		n->walk = WALK_END;
	if (result != 0 || !n->random || source_offset(n->in.source) > 0)
		return result;
	/* An error that ended the spooling is told now. */
	result = source_peek(n->in.source, 1, &rest, err);
	return result;
}
