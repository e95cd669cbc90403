/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netmon.c - the capture formats of Microsoft Network Monitor, 1.x and 2.x
 *
 * Theory of operation.  The header tells the start (local time, no zone) and
 * a table of offsets, which usually lies behind the frames; a frame is a
 * header (8 octets in 1.x, 16 in 2.x), its octets, and from 2.1 on a trailer
 * with its media type, from 2.3 on with its time in UTC.  Frames are taken in
 * the table's order and numbered by it, from 1, as Network Monitor does.
 *
 * The table is not believed: each entry is checked against the file, and the
 * sum of what is read is limited, since entries may repeat.  When the table
 * is lost (a capture that was never closed, a download that broke off) or
 * names nothing readable, the frames are read one behind the other; when only
 * its end is lost, those behind the last one named are.
 *
 * A pipe is spooled for the table's sake; where that is not possible its
 * frames are read in sequence too.
 *
 * Side tables (comments, processes) are not read.  Frames that are no packets
 * (events, network information) are counted and skipped.
 */
#include "capture/format.h"

#define HEADER_MIN 32u  /* what cannot be done without */
#define HEADER_SIDE 64u /* with the pointer to the extended information */
/* Where the first frame may begin. */
#define FIRST_LONG 128u
#define FIRST_SHORT 72u
#define ENTRY_LEN 4u
#define TABLE_CHUNK 1024u
/* Frames looked at to choose where a sequence begins. */
#define TRY_FRAMES 64u
/* A frame read in sequence without random access is peeked this far. */
#define PEEK_MAX (4u << 20)

#define FILETIME_1970 UINT64_C(116444736000000000)
#define FILETIME_1990 UINT64_C(122755392000000000)
#define FILETIME_2100 UINT64_C(157469184000000000)

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

enum walk { WALK_TABLE, WALK_SEQUENCE, WALK_END };

struct netmon {
	struct capture_input in;
	bool random;          /* source_read_at may be used */
	unsigned version;     /* 10, 20, 21, 22, 23 */
	uint32_t header_len, trailer_len; /* of a frame */
	uint16_t mac_type;
	int64_t start_ns;     /* UTC if utc, else local */
	bool has_date;        /* the start is a real date */
	bool utc;
	uint64_t size;        /* of the file; UINT64_MAX: not known */

	enum walk walk;
	uint64_t table_off, count; /* entries */
	bool table_cut;
	bool ascending;       /* the entries so far */
	uint64_t index;       /* entries done */
	uint64_t number;
	uint64_t good;        /* frames read */
	uint64_t bad;         /* entries before the first good one */
	uint64_t last_end;    /* of the last good frame */
	uint64_t spent;       /* octets of all frames read */
	uint64_t pos, limit;  /* of a sequence */
	uint16_t last_media;
	uint64_t chunk_first;
	size_t chunk_count;
	uint32_t chunk[TABLE_CHUNK];
};

/* A frame as it lies in the file. */
struct raw {
	uint64_t off;
	int64_t offset_ns;  /* from the start */
	uint32_t stored, wire;
	uint32_t trailer_len; /* octets of it that are there */
	uint16_t media;
	uint64_t filetime;  /* 0: none */
	bool cut;           /* by the end of the file */
	struct slice octets;
};

/* --- reading ------------------------------------------------------------- */

/* Up to len octets at off, fewer where the file ends; valid until the next
 * call. */
static enum sw_status get(struct netmon *n, uint64_t off, size_t len,
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

static bool is_sane_time(uint64_t filetime)
{
	return filetime >= FILETIME_1990 && filetime < FILETIME_2100;
}

static int64_t from_filetime(uint64_t filetime)
{
	return (int64_t)(filetime - FILETIME_1970) * 100;
}

static int64_t scale(uint64_t v, int64_t unit_ns)
{
	int64_t signed_v = (int64_t)v;

	if (signed_v > INT64_MAX / unit_ns || signed_v < -INT64_MAX / unit_ns)
		return SW_NO_TIME;
	return signed_v * unit_ns;
}

static void parse_frame_header(const struct netmon *n, struct slice octets,
    struct raw *raw)
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
    struct raw *raw)
{
	struct cursor c = cursor_make(octets);

	raw->media = n->mac_type;
	raw->filetime = 0;
	if (n->version >= 21)
		/* Wrong in the file header from then on. */
		raw->media = octets.len >= 2 ? cursor_le16(&c) : LINK_ETHERNET;
	if (octets.len >= 14) {
		cursor_skip(&c, 4);
		raw->filetime = cursor_le64(&c);
	}
}

/*
 * The frame at off, of which no octet lies at or behind end.  *why_r: what is
 * wrong with it, or NULL.
 */
static enum sw_status read_frame(struct netmon *n, uint64_t off, uint64_t end,
    struct raw *raw, const char **why_r, struct sw_err *err)
{
	struct slice octets;
	uint64_t room = end > off ? end - off : 0;
	size_t want;
	enum sw_status status = get(n, off, n->header_len, &octets, err);

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
	status = get(n, off, want, &octets, err);
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

/* --- media types --------------------------------------------------------- */

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
	{ 0xe083, 0, MEDIA_UNKNOWN, "WFP capture v4" },
	{ 0xe084, 0, MEDIA_UNKNOWN, "WFP capture v6" },
	{ 0xe085, 0, MEDIA_UNKNOWN, "WFP capture2 v4" },
	{ 0xe086, 0, MEDIA_UNKNOWN, "WFP capture2 v6" },
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

static bool is_known_media(uint16_t type)
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

/* Link type and octets of a frame; false: it is none for us, counted. */
static bool set_link(struct netmon *n, const struct raw *raw,
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

/* --- frames -------------------------------------------------------------- */

static void set_time(const struct netmon *n, const struct raw *raw,
    struct frame *f)
{
	f->resolution_ns = n->version == 10 ? 1000000 : 1000;
	f->ts_ns = clock_add(n->start_ns, raw->offset_ns);
	if (n->utc && is_sane_time(raw->filetime)) {
		f->ts_ns = from_filetime(raw->filetime);
		f->resolution_ns = 100;
	}
}

/* 1: a frame; 0: counted as something else. */
static int make_frame(struct netmon *n, const struct raw *raw,
    struct frame *f)
{
	n->good++;
	n->last_media = raw->media;
	n->last_end = raw->off + n->header_len + raw->octets.len +
	    raw->trailer_len;
	f->number = n->number;
	f->wire_len = raw->wire > raw->stored ? raw->wire : raw->stored;
	f->interface = 0;
	f->anomalies = 0;
	f->octets = raw->octets;
	if (raw->octets.len == 0) {
		count_other(n, MEDIA_NO_PACKET, "empty frame", 0);
		return 0;
	}
	if (!set_link(n, raw, f))
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

/* An entry of the table; false: the table ends before it. */
static enum sw_status get_entry(struct netmon *n, uint64_t index,
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

		status = get(n, n->table_off + index * ENTRY_LEN,
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

/* Where the octets of the entry's frame end at the latest: at the next one,
 * or at the table, or at the end of the file. */
static enum sw_status get_end(struct netmon *n, uint32_t off, uint64_t *end_r,
    struct sw_err *err)
{
	uint32_t next = 0;
	bool found = false;
	enum sw_status status = SW_OK;

	*end_r = n->size;
	if (n->table_off > off)
		*end_r = n->table_off;
	if (n->index + 1 < n->count)
		status = get_entry(n, n->index + 1, &next, &found, err);
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

static enum sw_status choose_start(struct netmon *n, struct sw_err *err);

/* The table is done, or what is left of it. */
static enum sw_status leave_table(struct netmon *n, struct sw_err *err)
{
	n->walk = WALK_END;
	if (n->good == 0 && n->count > 0) {
		capture_warn_record(&n->in, n->table_off,
		    "a frame table that names no frame: read in sequence,");
		n->number = 0;
		return choose_start(n, err);
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

static bool is_credible(const struct netmon *n, const struct raw *raw);

/* 1: a frame; 0: go on. */
static int next_in_table(struct netmon *n, struct frame *f,
    struct sw_err *err)
{
	struct raw raw;
	uint32_t off = 0;
	uint64_t end = 0;
	const char *why = NULL;
	bool found = false;
	enum sw_status status = SW_OK;

	if (n->index < n->count)
		status = get_entry(n, n->index, &off, &found, err);
	if (status != SW_OK)
		return status;
	if (!found)
		return leave_table(n, err);
	status = get_end(n, off, &end, err);
	if (status != SW_OK)
		return status;
	n->number = ++n->index;
	if (off < HEADER_MIN)
		why = "an entry of the frame table that is no offset";
	else
		status = read_frame(n, off, end, &raw, &why, err);
	/* The next one begins within this: then the table's order says
	 * nothing about where it ends. */
	if (status == SW_OK && !why && raw.cut && end < n->size)
		status = read_frame(n, off, n->size, &raw, &why, err);
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
	n->ascending = n->ascending && off >= n->last_end;
	n->spent += n->header_len + (uint64_t)raw.stored;
	if (n->spent > 4 * n->size) {
		capture_warn_record(&n->in, n->table_off, "a frame table "
		    "that names the same octets again and again, left");
		n->walk = WALK_END;
		return 0;
	}
	return make_frame(n, &raw, f);
}

/* --- in sequence --------------------------------------------------------- */

/* Is this surely a frame, with nothing but itself to tell? */
static bool is_credible(const struct netmon *n, const struct raw *raw)
{
	if (raw->stored == 0 || raw->stored > CAPTURE_FRAME_USUAL ||
	    raw->stored > raw->wire || raw->wire > LIMIT_FRAME)
		return false;
	return raw->cut || (raw->trailer_len == n->trailer_len &&
	    (n->version < 21 || is_known_media(raw->media)));
}

/* How many frames follow each other from pos? */
static enum sw_status try_sequence(struct netmon *n, uint64_t pos,
    uint64_t limit, unsigned *count_r, struct sw_err *err)
{
	for (*count_r = 0; *count_r < TRY_FRAMES; ++*count_r) {
		struct raw raw;
		const char *why;
		enum sw_status status = read_frame(n, pos, limit, &raw, &why,
		    err);

		if (status != SW_OK)
			return status;
		if (why || !is_credible(n, &raw))
			break;
		pos += n->header_len + raw.octets.len + raw.trailer_len;
	}
	return SW_OK;
}

static enum sw_status choose_start(struct netmon *n, struct sw_err *err)
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
	if (count_long > 0 || count_short > 0)
		begin_sequence(n, count_long >= count_short ? FIRST_LONG :
		    FIRST_SHORT, limit);
	return SW_OK;
}

/* 1: a frame; 0: go on. */
static int next_in_sequence(struct netmon *n, struct frame *f,
    struct sw_err *err)
{
	struct source *s = n->in.source;
	struct raw raw;
	const char *why;
	struct slice rest;
	enum sw_status status = SW_OK;

	if (!n->random && n->pos > source_offset(s))
		status = source_skip(s, n->pos - source_offset(s), err);
	if (status == SW_OK)
		status = read_frame(n, n->pos, n->limit, &raw, &why, err);
	if (status != SW_OK)
		return status;
	if (!why && is_credible(n, &raw)) {
		n->number++;
		n->pos += n->header_len + raw.octets.len + raw.trailer_len;
		return make_frame(n, &raw, f);
	}
	n->walk = WALK_END;
	status = get(n, n->pos, 1, &rest, err);
	if (status == SW_OK && rest.len > 0 && n->pos < n->limit)
		capture_warn_record(&n->in, n->pos,
		    "no frame can be read any more");
	return status;
}

static int next(void *state, struct frame *f, struct sw_err *err)
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

/* The table, or frames that are skipped, may move the window. */
static bool would_block(const void *state)
{
	(void)state;
	return true;
}

/* --- opening ------------------------------------------------------------- */

static enum capture_probe probe(struct slice head)
{
	if (!slice_eq(slice_head(head, 4), slice_str("RTSS")) &&
	    !slice_eq(slice_head(head, 4), slice_str("GMBU")))
		return CAPTURE_NOT_MINE;
	if (head.len == 4)
		return CAPTURE_MINE; /* so far */
	if (head.len < 24 || (head.p[5] != 1 && head.p[5] != 2))
		return CAPTURE_BROKEN;
	return CAPTURE_MINE;
}

/* The start of the capture, a SYSTEMTIME. */
static void parse_start(struct netmon *n, struct cursor *c)
{
	struct civil t = { 0 };
	unsigned ms;

	t.year = cursor_le16(c);
	t.month = cursor_le16(c);
	cursor_skip(c, 2); /* day of the week */
	t.day = cursor_le16(c);
	t.hour = cursor_le16(c);
	t.minute = cursor_le16(c);
	t.second = cursor_le16(c);
	ms = cursor_le16(c);
	t.ns = ms < 1000 ? (int32_t)ms * 1000000 : 0;
	n->has_date = clock_civil_is_valid(&t);
	if (!n->has_date) {
		t.year = 1970;
		t.month = t.day = 1;
		if (!clock_civil_is_valid(&t))
			t.hour = t.minute = t.second = t.ns = 0;
		capture_warn(&n->in, 8,
		    "the start of the capture is no date; its times are "
		    "relative,");
	}
	n->start_ns = clock_make(clock_from_civil(&t), t.ns);
}

static void parse_header(struct netmon *n, struct slice head,
    uint64_t *table_len_r, uint64_t *side_off_r)
{
	static const uint8_t trailers[] = { 0, 2, 6, 15 };
	struct cursor c = cursor_make(head);
	unsigned major, minor;

	cursor_skip(&c, 4);
	minor = cursor_u8(&c);
	major = cursor_u8(&c);
	if (minor > 3)
		minor = 3;
	n->version = major == 1 ? 10 : 20 + minor;
	n->header_len = major == 1 ? 8 : 16;
	n->trailer_len = major == 1 ? 0 : trailers[minor];
	n->last_media = n->mac_type = cursor_le16(&c);
	if (n->version >= 21)
		n->last_media = 1;
	parse_start(n, &c);
	n->table_off = cursor_le32(&c);
	*table_len_r = cursor_le32(&c);
	cursor_skip(&c, 24);
	*side_off_r = cursor_le32(&c); /* 0 in a header too short */
}

/* Version 2.3 has the start in UTC in its extended information. */
static enum sw_status read_start_utc(struct netmon *n, uint64_t off,
    struct sw_err *err)
{
	struct slice octets;
	struct cursor c;
	uint64_t filetime;
	uint16_t version;
	enum sw_status status;

	if (n->version < 23 || !n->random || off < HEADER_MIN)
		return SW_OK;
	status = get(n, off, 10, &octets, err);
	if (status != SW_OK)
		return status;
	c = cursor_make(octets);
	version = cursor_le16(&c);
	filetime = cursor_le64(&c);
	if (version == 1 && !c.bad && is_sane_time(filetime)) {
		n->start_ns = from_filetime(filetime);
		n->utc = n->has_date = true;
	}
	return SW_OK;
}

/* Without that, the first frame tells the start in UTC. */
static enum sw_status learn_start_utc(struct netmon *n, struct sw_err *err)
{
	struct raw raw;
	const char *why = NULL;
	uint64_t end = n->limit, off = n->pos;
	uint32_t entry = 0;
	bool found = false;
	enum sw_status status = SW_OK;

	if (n->version < 23 || n->utc || n->walk == WALK_END)
		return SW_OK;
	if (n->walk == WALK_TABLE) {
		status = get_entry(n, 0, &entry, &found, err);
		if (status != SW_OK || !found || entry < HEADER_MIN)
			return status;
		off = entry;
		status = get_end(n, entry, &end, err);
	}
	if (status == SW_OK)
		status = read_frame(n, off, end, &raw, &why, err);
	if (status == SW_OK && !why && is_sane_time(raw.filetime) &&
	    raw.offset_ns != SW_NO_TIME) {
		n->start_ns = from_filetime(raw.filetime) - raw.offset_ns;
		n->utc = n->has_date = true;
	}
	return status;
}

/* What the header says of the table, against the file. */
static void check_table(struct netmon *n, uint64_t len)
{
	uint64_t room = n->table_off <= n->size ? n->size - n->table_off : 0;

	if (len % ENTRY_LEN != 0)
		capture_warn(&n->in, 28, "the length of the frame table is "
		    "no multiple of 4");
	n->count = len / ENTRY_LEN;
	if (n->table_off >= HEADER_MIN && n->count <= room / ENTRY_LEN)
		return;
	if (n->count > 0)
		capture_warn(&n->in, n->table_off, n->table_off < HEADER_MIN
		    || room == 0 ? "the frame table is missing" :
		    "the frame table is cut");
	n->count = n->table_off < HEADER_MIN ? 0 : room / ENTRY_LEN;
	n->table_cut = true;
}

static enum sw_status begin(void *state, struct sw_err *err)
{
	struct netmon *n = state;
	struct source *s = n->in.source;
	struct slice head;
	struct sw_err why;
	uint64_t table_len, side_off;
	enum sw_status status = source_peek(s, HEADER_SIDE, &head, err);

	if (status != SW_OK)
		return status;
	if (head.len < HEADER_MIN)
		return base_error_at(err, SW_EFORMAT, head.len,
		    "%s: a netmon file cut in its header, after %zu octets",
		    source_name(s), head.len);
	parse_header(n, slice_head(head, HEADER_SIDE), &table_len,
	    &side_off);
	status = source_make_random(s, &why);
	n->random = status == SW_OK;
	n->size = n->random ? source_random_size(s) : UINT64_MAX;
	if (status == SW_EWRITE) {
		capture_warn(&n->in, 0, "%s; frames are read in sequence",
		    why.text);
	} else if (status != SW_OK) {
		if (err)
			*err = why;
		return status;
	}
	if (n->random)
		check_table(n, table_len);
	n->walk = n->count > 0 ? WALK_TABLE : WALK_END;
	n->ascending = true;
	status = read_start_utc(n, side_off, err);
	if (status == SW_OK && n->count == 0)
		status = choose_start(n, err);
	if (status == SW_OK)
		status = learn_start_utc(n, err);
	return status;
}

static const char *describe(const void *state, struct sw_clock *clock_r)
{
	const struct netmon *n = state;

	clock_r->zone = n->utc ? SW_ZONE_UTC : SW_ZONE_LOCAL;
	clock_r->offset_s = 0;
	clock_r->resolution_ns = n->version == 10 ? 1000000 :
	    n->utc ? 100 : 1000;
	clock_r->date = n->has_date ? SW_DATE_GIVEN : SW_DATE_NONE;
	return n->version == 10 ? "netmon1" : "netmon2";
}

const struct capture_format capture_netmon = {
	.name = "netmon",
	.state_len = sizeof(struct netmon),
	.probe = probe,
	.begin = begin,
	.next = next,
	.would_block = would_block,
	.describe = describe
};
