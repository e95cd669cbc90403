/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * side.c - one side of a check: its sessions in a file, a digest of each in
 * memory
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/scratch.h"
#include "check/check.h"
#include "transcript/store.h"

/* So many sessions can be numbered in matching. */
#define SESSIONS_MAX (UINT32_MAX / 2)

/* A file of the side. */
struct part {
	uint64_t name;  /* hash */
	int64_t start;  /* of its earliest session */
	bool is_log;
};

struct side {
	struct scratch *file;
	struct part *parts;
	size_t part_count, part_capacity;
	uint32_t *slots; /* parts by name, see part_slot() */
	size_t slot_count; /* a power of 2 */
	struct digest *digests;
	size_t count, capacity;
	struct buffer buffer;
	bool kinds[SW_SOURCE_KIND_COUNT];
};

/* --- tokens --------------------------------------------------------------- */

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* FNV-1a of the octets, letters lowered, and of their number. */
static uint64_t hash_octets(uint64_t h, struct sw_bytes s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		h = (h ^ ascii_lower(s.data[i])) * UINT64_C(0x100000001b3);
	h = (h ^ s.len) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t hash_number(uint64_t h, uint64_t v)
{
	return (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t finish(uint64_t h, enum token_kind kind)
{
	h = hash_number(h, (uint64_t)kind + 1);
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	return ((h ^ h >> 33) & ~UINT64_C(15)) | kind;
}

bool check_add_token(struct digest *d, uint64_t token)
{
	size_t at = d->token_count;

	if (at == DIGEST_TOKENS)
		return false;
	for (; at > 0 && token_rank(d->tokens[at - 1]) < token_rank(token);
	    at--)
		d->tokens[at] = d->tokens[at - 1];
	d->tokens[at] = token;
	d->token_count++;
	d->kinds |= (uint16_t)(1u << token_kind(token));
	return true;
}

/* What there is no room for is left out. */
static void add_token(struct digest *d, enum token_kind kind, uint64_t hash)
{
	(void)check_add_token(d, finish(hash, kind));
}

static void add_text(struct digest *d, enum token_kind kind,
    struct sw_bytes s)
{
	if (s.data && s.len > 0)
		add_token(d, kind, hash_octets(HASH_START, s));
}

static void add_endpoints(struct digest *d, const struct sw_session *s)
{
	uint64_t client;

	add_text(d, TOKEN_SERVER, s->server.ip);
	if (!s->client.ip.data)
		return;
	add_text(d, TOKEN_ADDRESS, s->client.ip);
	if (s->client.port == SW_UNKNOWN)
		return;
	client = hash_number(hash_octets(HASH_START, s->client.ip),
	    (uint64_t)s->client.port);
	add_token(d, TOKEN_CLIENT, client);
	if (s->server.ip.data && s->server.port != SW_UNKNOWN)
		add_token(d, TOKEN_ENDPOINTS, hash_number(hash_octets(client,
		    s->server.ip), (uint64_t)s->server.port));
}

/* The paths alone: parameters are not in every log. */
static void add_envelope(struct digest *d, const struct sw_message *m)
{
	uint64_t h;
	size_t i;

	if (!m->from.data)
		return;
	h = hash_octets(HASH_START, m->from);
	for (i = 0; i < m->recipient_count; i++)
		h = hash_octets(h, m->recipients[i].to);
	add_token(d, TOKEN_ENVELOPE, h);
}

static void add_messages(struct digest *d, const struct sw_session *s)
{
	size_t i;

	for (i = 0; i < s->message_count && d->token_count < DIGEST_TOKENS;
	    i++) {
		add_text(d, TOKEN_MESSAGE_ID, s->messages[i].message_id);
		add_text(d, TOKEN_QUEUE_ID, s->messages[i].queue_id);
		add_envelope(d, &s->messages[i]);
	}
}

/* The text of the greeting, which often holds the time.  Not if it was cut,
 * or crossed out by a middlebox. */
static void add_greeting(struct digest *d, const struct sw_session *s)
{
	const uint32_t partial = SW_BIT(SW_FLAG_TRUNCATED) |
	    SW_BIT(SW_FLAG_CODE_ONLY) | SW_BIT(SW_FLAG_JOINED);
	size_t i;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind != SW_EVENT_REPLY)
			continue;
		if (e->u.reply.to == 0 && e->u.reply.code == 220 &&
		    !(e->flags & partial) && e->u.reply.line_count > 0 &&
		    !memchr(e->u.reply.lines[0].data, '*',
		    e->u.reply.lines[0].len))
			add_text(d, TOKEN_GREETING, e->u.reply.lines[0]);
		return;
	}
}

/* The address literal (RFC 5321, 4.1.3) in a line, as in "mx.example.org Hello
 * [192.0.2.1], pleased to meet you"; empty: none. */
static struct sw_bytes literal(struct sw_bytes line)
{
	const uint8_t *open = line.len ? memchr(line.data, '[', line.len) :
	    NULL;
	struct sw_bytes s = { NULL, 0 };
	size_t i, n = open ? line.len - (size_t)(open - line.data) - 1 : 0;

	for (i = 0; i < n; i++) {
		uint8_t c = open[i + 1];

		if (c == ']')
			break;
		if (!ascii_is_alnum(c) && c != '.' && c != ':')
			return s;
	}
	if (i == n || i == 0)
		return s;
	s.data = open + 1;
	s.len = i;
	return s;
}

/* Who the server says that it talks to: of sessions alike, in records without
 * addresses, that may be all that tells them apart. */
static void add_seen_as(struct digest *d, const struct sw_session *s)
{
	size_t i;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind != SW_EVENT_REPLY || e->u.reply.to == 0)
			continue;
		if (e->u.reply.code == 250 && e->u.reply.line_count > 0)
			add_text(d, TOKEN_SEEN_AS, literal(
			    e->u.reply.lines[0]));
		return;
	}
}

/* Where what is in clear ends: behind a STARTTLS that was accepted. */
static size_t clear_end(const struct sw_session *s)
{
	uint32_t starttls = 0;
	size_t i;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind == SW_EVENT_TLS)
			return i;
		if (e->kind == SW_EVENT_COMMAND &&
		    slice_eq_nocase(slice_make(e->u.command.verb.data,
		    e->u.command.verb.len), slice_str("STARTTLS")))
			starttls = e->n;
		if (e->kind == SW_EVENT_REPLY && starttls &&
		    e->u.reply.to == starttls && e->u.reply.code == 220)
			return i + 1;
	}
	return i;
}

/* The verb; of AUTH the mechanism too. */
static uint64_t hash_command(uint64_t h, const struct sw_command *c)
{
	size_t n = 0;

	h = hash_octets(h, c->verb);
	if (!slice_eq_nocase(slice_make(c->verb.data, c->verb.len),
	    slice_str("AUTH")))
		return h;
	while (n < c->argument.len && c->argument.data[n] != ' ')
		n++;
	return hash_octets(h, (struct sw_bytes){ c->argument.data, n });
}

/* The newest command that a server surely read: one that was answered, but not
 * by hanging up. */
static uint32_t last_read(const struct sw_session *s)
{
	uint32_t last = 0;
	size_t i;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind == SW_EVENT_REPLY && e->u.reply.code != 421 &&
		    e->u.reply.to > last)
			last = e->u.reply.to;
	}
	return last;
}

/* Verbs and codes in the order of the commands; challenges are left out of
 * many logs, as is what was said when nobody listened any more. */
static void add_shape(struct digest *d, const struct sw_session *s)
{
	size_t end = clear_end(s), i;
	uint32_t last = last_read(s);
	uint64_t h = HASH_START;
	bool any = false;

	for (i = 0; i < end; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind != SW_EVENT_COMMAND || e->n > last ||
		    !e->u.command.verb.data)
			continue;
		h = hash_command(h, &e->u.command);
		any = true;
	}
	/* Codes apart from the verbs: pipelining changes their order. */
	for (i = 0; i < end; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind == SW_EVENT_REPLY && e->u.reply.to != 0 &&
		    e->u.reply.code != 421 && e->u.reply.code != 221 &&
		    (e->u.reply.code < 300 || e->u.reply.code > 399))
			h = hash_number(h, (uint64_t)e->u.reply.code + 1);
	}
	if (any)
		add_token(d, TOKEN_SHAPE, h);
}

static bool is_silent(const struct sw_session *s)
{
	size_t i;

	for (i = 0; i < s->event_count; i++)
		if (s->events[i].kind == SW_EVENT_REPLY ||
		    s->events[i].kind == SW_EVENT_TLS ||
		    s->events[i].kind == SW_EVENT_GAP)
			return false;
	for (i = 0; i < s->note_count; i++)
		if (s->notes[i].code == SW_NOTE_DIRECTION_MISSING)
			return false;
	return true;
}

static bool says_nothing(const struct sw_session *s)
{
	size_t i;

	for (i = 0; i < s->event_count; i++)
		if (s->events[i].kind != SW_EVENT_CONNECT &&
		    s->events[i].kind != SW_EVENT_CLOSE)
			return false;
	return true;
}

void check_digest(const struct sw_session *s, struct digest *d_r)
{
	memset(d_r, 0, sizeof(*d_r));
	d_r->id = s->id;
	d_r->start = s->start;
	d_r->end = s->end;
	d_r->resolution_ns = s->clock.zone == SW_ZONE_NONE ? 0 :
	    s->clock.resolution_ns;
	d_r->dated = s->clock.date != SW_DATE_NONE;
	d_r->attempts = says_nothing(s);
	add_endpoints(d_r, s);
	d_r->silent = is_silent(s);
	d_r->mute = !(s->records & (SW_BIT(SW_RECORDS_COMMAND) |
	    SW_BIT(SW_RECORDS_REPLY_CODE)));
	d_r->server_log = s->source.kind == SW_SOURCE_LOG &&
	    s->recorder == SW_RECORDER_SERVER;
	d_r->server_v6 = s->server.ip.data && memchr(s->server.ip.data, ':',
	    s->server.ip.len);
	d_r->opaque = s->encryption && !s->encryption->decrypted;
	add_text(d_r, TOKEN_HELO, s->client.name);
	add_greeting(d_r, s);
	add_seen_as(d_r, s);
	if (!d_r->attempts)
		add_shape(d_r, s);
	add_messages(d_r, s);
}

/* --- the side ------------------------------------------------------------- */

enum sw_status side_new(const char *tmpdir, struct side **s_r,
    struct sw_err *err)
{
	struct side *s = calloc(1, sizeof(*s));
	enum sw_status status;

	*s_r = NULL;
	if (!s)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	buffer_init(&s->buffer, SIZE_MAX / 2);
	status = scratch_new(tmpdir, &s->file, err);
	if (status != SW_OK)
		side_free(&s);
	*s_r = s;
	return status;
}

/* Where the file of that name is, or would be, among the slots: 1 + its index,
 * 0 for none. */
static uint32_t *part_slot(const struct side *s, uint64_t name)
{
	size_t mask = s->slot_count - 1;
	/* Keyed by where the side lies, which whoever chose the names cannot
	 * know. */
	size_t at = (size_t)hash_mix(name ^ (uintptr_t)s,
	    UINT64_C(0x9e3779b97f4a7c15)) & mask;

	while (s->slots[at] != 0 && s->parts[s->slots[at] - 1].name != name)
		at = (at + 1) & mask;
	return &s->slots[at];
}

/* Room for one more: slots are at most half full. */
static bool grow_slots(struct side *s)
{
	size_t count = s->slot_count ? s->slot_count * 2 : 16, i;
	uint32_t *slots;

	if (s->slots && s->part_count * 2 < s->slot_count)
		return true;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return false;
	free(s->slots);
	s->slots = slots;
	s->slot_count = count;
	for (i = 0; i < s->part_count; i++)
		*part_slot(s, s->parts[i].name) = (uint32_t)i + 1;
	return true;
}

static bool add_part(struct side *s, uint64_t name,
    const struct sw_session *session)
{
	void *parts = s->parts;

	if (!grow_slots(s) || !base_grow(&parts, s->part_count,
	    &s->part_capacity, sizeof(*s->parts)))
		return false;
	s->parts = parts;
	s->parts[s->part_count++] = (struct part){ .name = name,
		.start = session->start,
		.is_log = session->source.kind == SW_SOURCE_LOG };
	*part_slot(s, name) = (uint32_t)s->part_count;
	return true;
}

/* The file that a session is from; false: no memory. */
static bool find_part(struct side *s, const struct sw_session *session,
    uint32_t *file_r)
{
	uint64_t name = hash_octets(HASH_START, session->source.name);
	uint32_t at = s->slots ? *part_slot(s, name) : 0;

	if (at == 0) {
		if (!add_part(s, name, session))
			return false;
		at = (uint32_t)s->part_count;
	}
	if (session->start < s->parts[at - 1].start)
		s->parts[at - 1].start = session->start;
	*file_r = at - 1;
	return true;
}

enum sw_status side_add(struct side *s, const struct sw_session *session,
    struct sw_err *err)
{
	void *digests = s->digests;
	struct digest *d;
	enum sw_status status;
	uint32_t file = 0;

	buffer_clear(&s->buffer);
	if (s->count >= SESSIONS_MAX || !find_part(s, session, &file) ||
	    !base_grow(&digests, s->count,
	    &s->capacity, sizeof(*d)))
		return base_error_set(err, SW_ENOMEM, "out of memory");
	s->digests = digests;
	if (!store_write(&s->buffer, session) ||
	    s->buffer.len > UINT32_MAX)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	d = &s->digests[s->count];
	check_digest(session, d);
	d->file = file;
	d->first = session->source.first;
	d->length = (uint32_t)s->buffer.len;
	status = scratch_append(s->file, buffer_slice(&s->buffer),
	    &d->offset, err);
	if (status != SW_OK)
		return status;
	s->kinds[session->source.kind] = true;
	s->count++;
	return SW_OK;
}

/* What digests are sorted by. */
struct rank {
	int64_t time;
	uint64_t first;
	uint32_t file, index;
};

static int compare_ranks(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct rank *rank_digests(const struct side *s)
{
	struct rank *ranks = calloc(s->count + 1, sizeof(*ranks));
	size_t i;

	for (i = 0; ranks && i < s->count; i++) {
		const struct digest *d = &s->digests[i];
		const struct part *p = &s->parts[d->file];

		ranks[i].time = p->is_log ? p->start : d->start;
		ranks[i].file = d->file;
		ranks[i].first = d->first;
		ranks[i].index = (uint32_t)i;
	}
	if (ranks && s->count > 1)
		qsort(ranks, s->count, sizeof(*ranks), compare_ranks);
	return ranks;
}

/* Each digest to its place, cycle by cycle: there is no second copy. */
static void put_in_order(struct digest *d, struct rank *ranks, size_t count)
{
	size_t i, at;

	for (i = 0; i < count; i++) {
		struct digest first = d[i];

		for (at = i; ranks[at].index != i; ) {
			uint32_t from = ranks[at].index;

			d[at] = d[from];
			ranks[at].index = (uint32_t)at;
			at = from;
		}
		d[at] = first;
		ranks[at].index = (uint32_t)at;
	}
}

/* Lines of a log are in order whatever was done to its clock. */
enum sw_status side_sort(struct side *s, struct sw_err *err)
{
	struct rank *ranks = rank_digests(s);
	struct digest *fitting;

	if (!ranks)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	put_in_order(s->digests, ranks, s->count);
	free(ranks);
	/* No more are added. */
	fitting = s->count ? realloc(s->digests, s->count *
	    sizeof(*fitting)) : NULL;
	if (fitting) {
		s->digests = fitting;
		s->capacity = s->count;
	}
	return scratch_finish(s->file, err);
}

const struct digest *side_digests(const struct side *s, size_t *count_r)
{
	*count_r = s->count;
	return s->digests;
}

const char *side_kind(const struct side *s)
{
	if (s->kinds[SW_SOURCE_WIRE] && s->kinds[SW_SOURCE_LOG])
		return "mixed";
	return s->kinds[SW_SOURCE_LOG] ? "log" : "wire";
}

enum sw_status side_session(const struct side *s, const struct digest *d,
    struct arena *arena, struct buffer *buffer, struct sw_session *session_r,
    struct sw_err *err)
{
	enum sw_status status = scratch_read(s->file, d->offset, d->length,
	    buffer, err);

	arena_reset(arena);
	if (status == SW_OK)
		status = store_borrow(buffer_slice(buffer), arena, session_r,
		    err);
	return status;
}

void side_free(struct side **sp)
{
	struct side *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	scratch_free(&s->file);
	free(s->digests);
	free(s->parts);
	free(s->slots);
	buffer_fini(&s->buffer);
	free(s);
}
