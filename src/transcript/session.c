/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.c - building a session: its events, notes, auth and names */
#include "transcript/observe.h"
#include "transcript/session_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "transcript/auth.h"

enum { VERB_SIZE = 16, VERB_LEAST = 4 };

/* Filled up with NUL, so that all of it can be compared at once. */
static const char verb_names[][VERB_SIZE] = {
	[VERB_NONE] = "",
	[VERB_UNKNOWN] = "",
	[VERB_HELO] = "HELO",
	[VERB_EHLO] = "EHLO",
	[VERB_LHLO] = "LHLO",
	[VERB_MAIL] = "MAIL",
	[VERB_RCPT] = "RCPT",
	[VERB_DATA] = "DATA",
	[VERB_BDAT] = "BDAT",
	[VERB_RSET] = "RSET",
	[VERB_VRFY] = "VRFY",
	[VERB_EXPN] = "EXPN",
	[VERB_HELP] = "HELP",
	[VERB_NOOP] = "NOOP",
	[VERB_QUIT] = "QUIT",
	[VERB_AUTH] = "AUTH",
	[VERB_STARTTLS] = "STARTTLS",
	[VERB_XANONYMOUSTLS] = "X-ANONYMOUSTLS",
	[VERB_ETRN] = "ETRN",
	[VERB_TURN] = "TURN",
	[VERB_ATRN] = "ATRN",
	[VERB_SEND] = "SEND",
	[VERB_SOML] = "SOML",
	[VERB_SAML] = "SAML",
	[VERB_XCLIENT] = "XCLIENT",
	[VERB_XFORWARD] = "XFORWARD",
	[VERB_XEXCH50] = "XEXCH50",
	[VERB_XEXPS] = "X-EXPS",
	[VERB_XLINK2STATE] = "X-LINK2STATE",
	[VERB_BURL] = "BURL",
};
_Static_assert(sizeof(verb_names) / sizeof(verb_names[0]) == VERB_COUNT,
    "a name for each verb");

/* What a note of each code weighs. */
static const uint8_t severities[SW_NOTE_CODE_COUNT] = {
	[SW_NOTE_OVERLAP_DIFFERS] = SW_PROBLEM,
	[SW_NOTE_BAD_CHECKSUM] = SW_WARNING,
	[SW_NOTE_SNAPPED] = SW_WARNING,
	[SW_NOTE_GAP] = SW_WARNING,
	[SW_NOTE_DIRECTION_MISSING] = SW_WARNING,
	[SW_NOTE_NO_START] = SW_INFO,
	[SW_NOTE_PORTS_REUSED] = SW_INFO,
	[SW_NOTE_FRAMES_DROPPED] = SW_WARNING,
	[SW_NOTE_LIMIT] = SW_WARNING,
	[SW_NOTE_NOT_SMTP] = SW_INFO,
	[SW_NOTE_VLAN_ASYMMETRIC] = SW_INFO,
	[SW_NOTE_TLS_NOT_FOLLOWED] = SW_WARNING,
	[SW_NOTE_COMMANDS_AFTER_STARTTLS] = SW_PROBLEM,
	[SW_NOTE_REPLY_CODES_DIFFER] = SW_WARNING,
	[SW_NOTE_REPLY_UNTERMINATED] = SW_WARNING,
	[SW_NOTE_REPLY_UNPROMPTED] = SW_WARNING,
	[SW_NOTE_EARLY_TALKER] = SW_WARNING,
	[SW_NOTE_BARE_LF_END] = SW_WARNING,
	[SW_NOTE_SMUGGLING] = SW_PROBLEM,
	[SW_NOTE_GREETING_MASKED] = SW_PROBLEM,
	[SW_NOTE_VERB_MASKED] = SW_PROBLEM,
	[SW_NOTE_STARTTLS_STRIPPED] = SW_PROBLEM,
	[SW_NOTE_EXTENSION_REMOVED] = SW_PROBLEM,
	[SW_NOTE_TIMEOUT_CLIENT] = SW_PROBLEM,
	[SW_NOTE_TIMEOUT_SERVER] = SW_PROBLEM,
	[SW_NOTE_MTU_BLACK_HOLE] = SW_PROBLEM,
	[SW_NOTE_REPLY_NEVER_ARRIVED] = SW_PROBLEM,
	[SW_NOTE_AMBIGUOUS_INTERLEAVING] = SW_WARNING,
	[SW_NOTE_SYNTHETIC_QUIT] = SW_INFO,
	[SW_NOTE_DATE_ASSUMED] = SW_INFO,
	[SW_NOTE_LINE_NOT_UNDERSTOOD] = SW_INFO,
	[SW_NOTE_TRUNCATED_INPUT] = SW_WARNING,
};

static bool is_verb_octet(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-';
}

static bool ends_verb(struct slice line, size_t n)
{
	return n == line.len || line.p[n] == ' ' || line.p[n] == '\t' ||
	    line.p[n] == ':';
}

/* Without the bit of the case; only letters become capitals by that. */
#define FOUR(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | \
	(uint32_t)(c) << 8 | (uint32_t)(d))

/* The usual verbs, which have four letters; VERB_UNKNOWN: another one. */
static enum verb verb_of_four(const uint8_t *p)
{
	switch (FOUR(p[0], p[1], p[2], p[3]) & FOUR(0xdf, 0xdf, 0xdf, 0xdf)) {
	case FOUR('H', 'E', 'L', 'O'):
		return VERB_HELO;
	case FOUR('E', 'H', 'L', 'O'):
		return VERB_EHLO;
	case FOUR('L', 'H', 'L', 'O'):
		return VERB_LHLO;
	case FOUR('M', 'A', 'I', 'L'):
		return VERB_MAIL;
	case FOUR('R', 'C', 'P', 'T'):
		return VERB_RCPT;
	case FOUR('D', 'A', 'T', 'A'):
		return VERB_DATA;
	case FOUR('B', 'D', 'A', 'T'):
		return VERB_BDAT;
	case FOUR('R', 'S', 'E', 'T'):
		return VERB_RSET;
	case FOUR('N', 'O', 'O', 'P'):
		return VERB_NOOP;
	case FOUR('Q', 'U', 'I', 'T'):
		return VERB_QUIT;
	case FOUR('A', 'U', 'T', 'H'):
		return VERB_AUTH;
	default:
		return VERB_UNKNOWN;
	}
}

static enum verb other_verb(struct slice line, size_t *len_r)
{
	size_t n = 0, v;
	uint8_t upper[VERB_SIZE] = { 0 };

	while (n < line.len && is_verb_octet(line.p[n]))
		n++;
	if (n == 0 || !ends_verb(line, n)) {
		*len_r = 0;
		return VERB_NONE;
	}
	*len_r = n;
	if (n < VERB_LEAST || n >= sizeof(upper)) /* that of a reply, say */
		return VERB_UNKNOWN;
	for (v = 0; v < n; v++)
		upper[v] = ascii_upper(line.p[v]);
	for (v = VERB_UNKNOWN + 1; v < VERB_COUNT; v++)
		if (memcmp(verb_names[v], upper, VERB_SIZE) == 0)
			return (enum verb)v;
	return VERB_UNKNOWN;
}

enum verb session_verb(struct slice line, size_t *len_r)
{
	enum verb verb;

	if (line.len >= 4 && ends_verb(line, 4)) {
		verb = verb_of_four(line.p);
		if (verb != VERB_UNKNOWN) {
			*len_r = 4;
			return verb;
		}
	}
	return other_verb(line, len_r);
}

bool session_bdat_parse(struct slice argument, uint64_t *size_r,
    bool *last_r)
{
	struct slice rest = slice_trim(argument);
	size_t n = 0;

	*last_r = false;
	while (n < rest.len && rest.p[n] != ' ' && rest.p[n] != '\t')
		n++;
	if (!slice_to_u64(slice_head(rest, n), size_r) ||
	    *size_r > INT64_MAX)
		return false;
	rest = slice_trim(slice_from(rest, n));
	*last_r = slice_eq_nocase(rest, slice_str("LAST"));
	return *last_r || rest.len == 0;
}

/* --- the builder --------------------------------------------------------- */

/* What a spare builder may keep, in items of each list and in octets; one of
 * a larger session is freed. */
enum { SPARE_ITEMS = 64, SPARE_OCTETS = 32768, SPARES_MAX = 4 };

static bool may_be_spare(const struct session_builder *b)
{
	return b->options.spares && b->options.spares->count < SPARES_MAX &&
	    b->arena.total <= SPARE_OCTETS &&
	    b->content.header_capacity <= SPARE_OCTETS &&
	    b->content.gap_capacity <= SPARE_ITEMS &&
	    b->event_capacity <= SPARE_ITEMS &&
	    b->note_capacity <= SPARE_ITEMS &&
	    b->auth_capacity <= SPARE_ITEMS &&
	    b->message_capacity <= SPARE_ITEMS &&
	    b->transaction_capacity <= SPARE_ITEMS &&
	    b->gap_capacity <= SPARE_ITEMS &&
	    b->pending_capacity <= SPARE_ITEMS &&
	    b->tentative_capacity <= SPARE_ITEMS;
}

/* As new, but for the memory that it has. */
static void reset(struct session_builder *b)
{
	const size_t from = offsetof(struct session_builder, event_count);
	const size_t to = offsetof(struct session_builder, content);

	arena_reset(&b->arena);
	memset((uint8_t *)b + from, 0, to - from);
	message_reset(&b->content);
}

static void free_memory(struct session_builder *b)
{
	message_fini(&b->content);
	free(b->pending);
	free(b->events);
	free(b->notes);
	free(b->auth);
	free(b->messages);
	free(b->transactions);
	free(b->gaps);
	free(b->tentative);
	arena_fini(&b->arena);
	free(b);
}

static struct session_builder *take_spare(struct session_spares *spares)
{
	struct session_builder *b;

	if (!spares || !spares->list) {
		b = calloc(1, sizeof(*b));
		if (b)
			arena_init(&b->arena);
		return b;
	}
	b = spares->list;
	spares->list = b->next_spare;
	spares->count--;
	return b;
}

static void free_or_spare(struct session_builder *b)
{
	struct session_spares *spares = b->options.spares;

	if (!may_be_spare(b)) {
		free_memory(b);
		return;
	}
	reset(b);
	b->next_spare = spares->list;
	spares->list = b;
	spares->count++;
}

void session_spares_fini(struct session_spares *s)
{
	while (s->list) {
		struct session_builder *b = s->list;

		s->list = b->next_spare;
		free_memory(b);
	}
	s->count = 0;
}

enum sw_status session_builder_new(const struct session_options *options,
    struct session_builder **b_r)
{
	struct session_builder *b = take_spare(options->spares);

	*b_r = b;
	if (!b)
		return SW_ENOMEM;
	b->options = *options;
	b->next_n = 1;
	b->s.start = b->s.end = SW_NO_TIME;
	b->s.client.port = b->s.server.port = SW_UNKNOWN;
	b->s.ending = SW_ENDING_INPUT_ENDED;
	return SW_OK;
}

void session_builder_free(struct session_builder **bp)
{
	struct session_builder *b = *bp;
	size_t i;

	if (!b)
		return;
	*bp = NULL;
	if (!b->finished)
		session_finish(b);
	if (session_settle(b, false, NULL) != SW_OK)
		b->failed = true; /* nothing of it is kept anyway */
	for (i = 0; i < b->pending_count; i++)
		free(b->pending[(b->pending_first + i) &
		    (b->pending_capacity - 1)].heap);
	transaction_free(b);
	free_or_spare(b);
}

struct sw_session *session_get(struct session_builder *b)
{
	return &b->s;
}

size_t session_memory(const struct session_builder *b)
{
	return sizeof(*b) + b->arena.total + b->held + b->pending_octets +
	    b->recipient_octets;
}

struct arena *session_arena(struct session_builder *b)
{
	return &b->arena;
}

struct sw_bytes session_text(struct session_builder *b, struct slice s)
{
	struct sw_bytes none = { NULL, 0 }, copy;

	if (!s.p)
		return none;
	copy = arena_copy(&b->arena, s);
	if (!copy.data)
		b->failed = true;
	return copy;
}

bool session_shows_secrets(const struct session_builder *b)
{
	return b->options.show_secrets;
}

bool session_failed(const struct session_builder *b)
{
	return b->failed;
}

void session_fail(struct session_builder *b)
{
	b->failed = true;
}

/* --- events -------------------------------------------------------------- */

static void omit_event(struct session_builder *b)
{
	b->s.omitted.events++;
	if (b->options.account)
		account_add(b->options.account, ACCOUNT_LIMIT_EVENTS, 1);
}

struct sw_event *session_new_event(struct session_builder *b,
    enum sw_event_kind kind, enum sw_role by, const struct event_span *span,
    uint32_t flags, uint32_t *n_r)
{
	static const struct sw_reply no_reply;
	static const struct sw_command no_command;
	void *events = b->events;
	struct sw_event *e;

	*n_r = 0;
	if (b->failed)
		return NULL;
	if (b->event_count >= LIMIT_EVENTS ||
	    b->arena.total > LIMIT_SESSION_TEXT) {
		*n_r = b->next_n++;
		omit_event(b);
		return NULL;
	}
	if (!session_grow(b, &events, b->event_count, &b->event_capacity,
	    sizeof(*b->events)))
		return NULL;
	b->events = events;
	e = &b->events[b->event_count++];
	b->s.events = events;
	b->s.event_count = b->event_count;
	/* As little is cleared as the kind needs. */
	if (kind == SW_EVENT_REPLY)
		e->u.reply = no_reply;
	else if (kind == SW_EVENT_COMMAND)
		e->u.command = no_command;
	else
		memset(&e->u, 0, sizeof(e->u));
	/* Many sessions are open at a time: until the next event of this
	 * one its memory has left the cache.  It is fetched while others
	 * are at work (here, since gcc drops a function that does no more
	 * than that). */
	if (b->event_count < b->event_capacity) {
		__builtin_prefetch(&e[1].time, 1);
		__builtin_prefetch(&e[1].u.reply.line_count, 1);
	}
	*n_r = e->n = b->next_n++;
	e->kind = kind;
	e->by = by;
	e->flags = flags;
	e->time = span->time;
	e->end = span->end;
	e->at_first = span->at_first;
	e->at_last = span->at_last;
	return e;
}

void session_event_done(struct session_builder *b, const struct sw_event *e)
{
	if (!e)
		return;
	if (b->arena.end - b->arena.p > 128) { /* of the next event */
		__builtin_prefetch(b->arena.p + 64, 1);
		__builtin_prefetch(b->arena.p + 128, 1);
	}
	if (b->options.event)
		b->options.event(b->options.event_ctx, &b->s, e);
}

/* Events are in the order of n; with limits reached the tail is missing. */
struct sw_event *session_event(struct session_builder *b, uint32_t n)
{
	if (n == 0 || n > b->event_count || b->events[n - 1].n != n)
		return NULL;
	return &b->events[n - 1];
}

uint32_t session_connect(struct session_builder *b, enum sw_role by,
    struct event_span span)
{
	uint32_t n;

	session_event_done(b, session_new_event(b, SW_EVENT_CONNECT, by, &span,
	    0, &n));
	return n;
}

uint32_t session_close(struct session_builder *b, enum sw_role by,
    enum sw_close_how how, struct event_span span)
{
	uint32_t n;
	struct sw_event *e = session_new_event(b, SW_EVENT_CLOSE, by, &span, 0,
	    &n);

	b->closed = true;
	if (e)
		e->u.close.how = how;
	session_event_done(b, e);
	return n;
}

uint32_t session_gap(struct session_builder *b, enum sw_role by,
    int64_t size, struct event_span span)
{
	uint32_t n;
	struct sw_event *e = session_new_event(b, SW_EVENT_GAP, by, &span, 0,
	    &n);

	if (e)
		e->u.gap.size = size;
	session_event_done(b, e);
	return n;
}

uint32_t session_tls(struct session_builder *b, const struct sw_tls *tls,
    struct event_span span)
{
	uint32_t n;
	struct sw_event *e = session_new_event(b, SW_EVENT_TLS, SW_NOBODY,
	    &span, 0, &n);

	if (e)
		e->u.tls = *tls;
	transaction_vanish(b);
	session_event_done(b, e);
	return n;
}

const struct sw_tls_turn *session_tls_turns(struct session_builder *b,
    const struct sw_tls_turn *turns, size_t count)
{
	struct sw_tls_turn *kept;

	if (count == 0)
		return NULL;
	kept = arena_calloc(&b->arena, count, sizeof(*kept));
	if (kept)
		memcpy(kept, turns, count * sizeof(*kept));
	else
		b->failed = true;
	return kept;
}

uint32_t session_note_event(struct session_builder *b, enum sw_role by,
    struct slice text, struct event_span span)
{
	uint32_t n;
	struct sw_event *e = session_new_event(b, SW_EVENT_NOTE, by, &span, 0,
	    &n);

	if (e)
		e->u.note.text = session_text(b, text);
	session_event_done(b, e);
	return n;
}

/* --- commands ------------------------------------------------------------ */

static struct sw_bytes upper(struct session_builder *b, struct slice s)
{
	struct sw_bytes out = session_text(b, s);
	uint8_t *p = (uint8_t *)(uintptr_t)out.data;
	size_t i;

	for (i = 0; p && i < out.len; i++)
		p[i] = ascii_upper(p[i]);
	return out;
}

/* What follows the verb, without leading blanks. */
static struct slice argument_of(struct slice line, size_t verb_len)
{
	struct slice a = slice_from(line, verb_len);

	while (a.len > 0 && (a.p[0] == ' ' || a.p[0] == '\t')) {
		a.p++;
		a.len--;
	}
	return a;
}

/* An AUTH command keeps its mechanism, every other secret nothing. */
static void mask_command(struct session_builder *b, struct sw_event *e,
    enum verb verb, struct slice argument)
{
	struct sw_command *c = &e->u.command;
	struct buffer text;
	size_t n = 0;

	e->flags |= SW_BIT(SW_FLAG_MASKED);
	c->octets = SW_UNKNOWN;
	if (verb != VERB_AUTH && verb != VERB_XEXPS) {
		c->verb.data = c->argument.data = NULL;
		c->verb.len = c->argument.len = 0;
		c->line = session_text(b, slice_str("***"));
		return;
	}
	while (n < argument.len && argument.p[n] != ' ' &&
	    argument.p[n] != '\t')
		n++;
	buffer_init(&text, LIMIT_LINE + 64);
	buffer_append(&text, c->verb.data, c->verb.len);
	if (auth_is_mechanism(slice_head(argument, n))) {
		buffer_append_char(&text, ' ');
		buffer_append_slice(&text, slice_head(argument, n));
	}
	buffer_append_str(&text, " ***");
	if (text.failed)
		b->failed = true;
	c->line = session_text(b, buffer_slice(&text));
	c->argument = c->line;
	if (c->argument.data && c->line.len > c->verb.len) {
		c->argument.data += c->verb.len + 1;
		c->argument.len -= c->verb.len + 1;
	}
	buffer_fini(&text);
}

static struct pending *oldest_pending(struct session_builder *b)
{
	return &b->pending[b->pending_first];
}

static bool double_pending(struct session_builder *b)
{
	size_t i, old = b->pending_capacity, wanted = old ? old * 2 : 8;
	struct pending *p = base_realloc_array(b->pending, wanted,
	    sizeof(*p));

	if (!p) {
		b->failed = true;
		return false;
	}
	/* Unroll the ring: what wrapped goes behind the old end. */
	for (i = 0; i < b->pending_first; i++)
		p[old + i] = p[i];
	b->pending = p;
	b->pending_capacity = wanted;
	b->held += (wanted - old) * sizeof(*p);
	return true;
}

static struct pending *push_pending(struct session_builder *b)
{
	if (b->pending_count == b->pending_capacity && !double_pending(b))
		return NULL;
	return &b->pending[(b->pending_first + b->pending_count++) &
	    (b->pending_capacity - 1)];
}

/* The argument that a command event kept serves; else there is a copy. */
static void keep_argument(struct session_builder *b, struct pending *p,
    struct slice argument, const struct sw_event *kept)
{
	if (kept && kept->u.command.argument.data &&
	    !(kept->flags & SW_BIT(SW_FLAG_MASKED))) {
		p->argument = kept->u.command.argument;
		return;
	}
	if (!argument.p || argument.len == 0)
		return;
	p->heap = malloc(argument.len);
	if (!p->heap) {
		b->failed = true;
		return;
	}
	b->pending_octets += argument.len;
	memcpy(p->heap, argument.p, argument.len);
	p->argument.data = p->heap;
	p->argument.len = argument.len;
}

/* Remember what the answer will need. */
static void await_answer(struct session_builder *b, uint32_t n,
    enum verb verb, struct slice argument, bool turned,
    const struct sw_event *kept)
{
	struct pending *p = push_pending(b);

	if (!p)
		return;
	p->n = n;
	p->verb = verb;
	p->argument.data = NULL;
	p->argument.len = 0;
	p->heap = NULL;
	p->turned = turned;
	keep_argument(b, p, argument, kept);
}

/* HELO, EHLO and LHLO name the client: the last accepted, else the last. */
static void name_client(struct session_builder *b, struct slice argument)
{
	b->s.client.name = session_text(b, slice_trim(argument));
}

/* The name of a verb that is known needs no copy. */
static struct sw_bytes name_of(enum verb verb, size_t len)
{
	struct sw_bytes name = { (const uint8_t *)verb_names[verb], len };

	return name;
}

static bool is_name_of(struct slice s, enum verb verb)
{
	const char *name = verb_names[verb];

	return verb > VERB_UNKNOWN && s.len >= VERB_LEAST &&
	    s.len < VERB_SIZE && name[s.len - 1] && !name[s.len] &&
	    slice_has_prefix_nocase(s, slice_make(name, s.len));
}

/* One copy of the line serves its argument as well. */
static void tell_line(struct session_builder *b, struct sw_command *out,
    struct slice line, enum verb verb, size_t verb_len)
{
	struct slice argument;

	out->line = session_text(b, line);
	if (!out->line.data)
		return;
	if (verb > VERB_UNKNOWN)
		out->verb = name_of(verb, verb_len);
	else if (verb_len > 0)
		out->verb = upper(b, slice_head(line, verb_len));
	if (verb == VERB_NONE)
		return;
	argument = argument_of(slice_make(out->line.data, out->line.len),
	    verb_len);
	out->argument.data = argument.p;
	out->argument.len = argument.len;
}

/* A log that has no lines. */
static void tell_parts(struct session_builder *b, struct sw_command *out,
    const struct command_in *c, enum verb verb)
{
	if (is_name_of(c->verb, verb))
		out->verb = name_of(verb, c->verb.len);
	else if (c->verb.p && c->verb.len > 0)
		out->verb = upper(b, c->verb);
	if (verb != VERB_NONE && c->argument_known)
		out->argument = session_text(b, c->argument.p ? c->argument :
		    slice_make("", 0));
}

uint32_t session_command(struct session_builder *b,
    const struct command_in *c)
{
	size_t len = c->verb_known ? c->verb_len : 0;
	enum verb verb = c->line.p && !c->verb_known ?
	    session_verb(c->line, &len) : c->known;
	struct slice argument = c->line.p ? argument_of(c->line, len) :
	    c->argument;
	/* After TURN the client is another host: `client` keeps its own. */
	bool turned = c->flags & SW_BIT(SW_FLAG_TURNED);
	struct sw_event *e;
	uint32_t n;

	e = session_new_event(b, SW_EVENT_COMMAND, c->by, &c->span, c->flags,
	    &n);
	if (n == 0)
		return 0;
	if (e) {
		struct sw_command *out = &e->u.command;

		out->octets = c->octets;
		if (c->line.p)
			tell_line(b, out, c->line, verb, len);
		else
			tell_parts(b, out, c, verb);
		if (c->masked && !b->options.show_secrets)
			mask_command(b, e, verb, argument);
	}
	await_answer(b, n, c->masked && verb != VERB_AUTH &&
	    verb != VERB_XEXPS ? VERB_NONE : verb, argument, turned, e);
	if (verb == VERB_QUIT)
		b->quit_sent = true;
	if (!b->helo_accepted && !turned && argument.p && argument.len > 0 &&
	    (verb == VERB_HELO || verb == VERB_EHLO || verb == VERB_LHLO))
		name_client(b, argument);
	session_event_done(b, e);
	return n;
}

static void pop_pending(struct session_builder *b, struct pending *p_r)
{
	*p_r = *oldest_pending(b);
	b->pending_first = (b->pending_first + 1) &
	    (b->pending_capacity - 1);
	b->pending_count--;
	if (p_r->heap)
		b->pending_octets -= p_r->argument.len;
}

void session_answer_early(struct session_builder *b, uint32_t before)
{
	while (b->pending_count > 0 && oldest_pending(b)->n < before) {
		struct pending p;

		pop_pending(b, &p);
		transaction_answer(b, &p, SW_UNKNOWN, NULL, 0);
		transaction_remember(b, &p);
		free(p.heap);
	}
}

void session_answer(struct session_builder *b, uint32_t command,
    int32_t code, const struct slice *lines, size_t line_count)
{
	if (b->tentative_count > 0 &&
	    transaction_late_answer(b, command, code, lines, line_count))
		return;
	while (b->pending_count > 0) {
		struct pending p;
		bool mine;

		if (oldest_pending(b)->n > command)
			return;
		pop_pending(b, &p);
		mine = p.n == command;
		if (mine && code >= 200 && code < 300 && (p.verb == VERB_HELO ||
		    p.verb == VERB_EHLO || p.verb == VERB_LHLO)) {
			b->helo_accepted = true;
			if (p.argument.len > 0 && !p.turned)
				name_client(b, slice_make(p.argument.data,
				    p.argument.len));
		}
		if (mine && p.verb == VERB_QUIT && code != SW_UNKNOWN)
			b->quit_answered = true;
		transaction_answer(b, &p, mine ? code : SW_UNKNOWN, lines,
		    mine ? line_count : 0);
		free(p.heap);
		if (mine)
			return;
	}
}

/* --- replies ------------------------------------------------------------- */

/* RFC 3463 2: class "." subject "." detail, then a blank or the end. */
static struct slice enhanced_code(struct slice text, int32_t code)
{
	struct slice none = { NULL, 0 };
	size_t i = 1, part, digits;

	if (text.len < 5 || code < 200 || (text.p[0] != '2' &&
	    text.p[0] != '4' && text.p[0] != '5') ||
	    text.p[0] - '0' != code / 100)
		return none;
	for (part = 0; part < 2; part++) {
		if (i >= text.len || text.p[i++] != '.')
			return none;
		for (digits = 0; i < text.len && digits < 3 &&
		    ascii_is_digit(text.p[i]); digits++)
			i++;
		if (digits == 0)
			return none;
	}
	if (i < text.len && text.p[i] != ' ' && text.p[i] != '\t')
		return none;
	return slice_head(text, i);
}

static bool is_label_octet(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_' || c == '.' ||
	    c >= 0x80;
}

/* Words that greetings begin with and that are no host names. */
static bool is_common_word(struct slice w)
{
	static const char *const words[] = { "ESMTP", "SMTP", "LMTP",
		"WELCOME", "READY", "SERVICE", "HELLO", "OK", "HI" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_eq_nocase(w, slice_str(words[i])))
			return true;
	return false;
}

/* The first word of a greeting if it is a host name or an address literal
 * (RFC 5321 4.2: Greeting). */
static struct slice greeting_name(struct slice text, int32_t code)
{
	struct slice none = { NULL, 0 }, w;
	size_t n = 0, i;

	while (n < text.len && text.p[n] != ' ' && text.p[n] != '\t')
		n++;
	w = slice_head(text, n);
	if (n == 0 || is_common_word(w) ||
	    enhanced_code(text, code).len == n)
		return none;
	if (w.p[0] == '[' && w.p[n - 1] == ']')
		return w;
	if (!ascii_is_alnum(w.p[0]) && w.p[0] < 0x80)
		return none;
	for (i = 0; i < n; i++)
		if (!is_label_octet(w.p[i]))
			return none;
	return w;
}

static void greet(struct session_builder *b, const struct reply_in *r)
{
	struct slice name;

	if (b->greeted || r->to != 0 || r->line_count == 0 ||
	    (r->flags & SW_BIT(SW_FLAG_TURNED)) ||
	    (r->code != 220 && r->code != 554))
		return;
	b->greeted = true;
	name = greeting_name(r->lines[0], r->code);
	if (name.p)
		b->s.server.name = session_text(b, name);
}

/* 334 texts are secret but for LOGIN's two prompts. */
static bool is_login_prompt(struct slice text)
{
	static const char *const prompts[] = { "VXNlcm5hbWU6",
		"UGFzc3dvcmQ6", "VXNlciBOYW1lAA==", "UGFzc3dvcmQA",
		"dXNlcm5hbWU6", "cGFzc3dvcmQ6" };
	size_t i;

	for (i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++)
		if (slice_eq(text, slice_str(prompts[i])))
			return true;
	return text.len == 0;
}

/* The text that is told for a line of a challenge. */
static struct slice shown_line(struct sw_event *e, struct slice line)
{
	if (is_login_prompt(line))
		return line;
	e->flags |= SW_BIT(SW_FLAG_MASKED);
	e->u.reply.octets = SW_UNKNOWN;
	return slice_str("***");
}

/* One piece of memory for the lines and their texts. */
static void tell_lines(struct session_builder *b, struct sw_event *e,
    const struct reply_in *r)
{
	bool secret = r->is_challenge && !b->options.show_secrets;
	size_t count = r->line_count, len = 0, i;
	struct sw_bytes *lines;
	uint8_t *text;

	if (count > LIMIT_REPLY_LINES)
		count = LIMIT_REPLY_LINES;
	for (i = 0; i < count; i++)
		len += secret ? shown_line(e, r->lines[i]).len :
		    r->lines[i].len;
	lines = arena_alloc(&b->arena, count * sizeof(*lines) + len);
	if (!lines) {
		b->failed = true;
		return;
	}
	text = (uint8_t *)(lines + count);
	for (i = 0; i < count; i++) {
		struct slice line = secret ? shown_line(e, r->lines[i]) :
		    r->lines[i];

		if (line.len > 0)
			memcpy(text, line.p, line.len);
		lines[i].data = text;
		lines[i].len = line.len;
		text += line.len;
	}
	e->u.reply.lines = lines;
	e->u.reply.line_count = count;
}

/* Its text is the head of the first line's. */
static void tell_enhanced(struct sw_reply *r)
{
	struct slice code;

	if (r->line_count == 0)
		return;
	code = enhanced_code(slice_make(r->lines[0].data, r->lines[0].len),
	    r->code);
	r->enhanced.data = code.p;
	r->enhanced.len = code.len;
}

uint32_t session_reply(struct session_builder *b, const struct reply_in *r)
{
	struct sw_event *e;
	uint32_t n;

	e = session_new_event(b, SW_EVENT_REPLY, r->by, &r->span, r->flags,
	    &n);
	if (n == 0)
		return 0;
	greet(b, r);
	if (e) {
		e->u.reply.code = r->code;
		e->u.reply.to = r->to;
		e->u.reply.octets = r->octets;
		tell_lines(b, e, r);
		tell_enhanced(&e->u.reply);
	}
	session_event_done(b, e);
	return n;
}

/* --- notes, auth, encryption --------------------------------------------- */

void session_note(struct session_builder *b, enum sw_note_code code,
    uint32_t event, uint64_t at_first, uint64_t at_last,
    const char *format, ...)
{
	void *notes = b->notes;
	struct sw_note *note;
	char text[512];
	va_list ap;

	if (b->failed)
		return;
	if (b->s.note_count >= LIMIT_NOTES) {
		b->s.omitted.notes++;
		return;
	}
	if (!session_grow(b, &notes, b->s.note_count, &b->note_capacity,
	    sizeof(*b->notes)))
		return;
	b->notes = notes;
	b->s.notes = notes;
	va_start(ap, format);
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	note = &b->notes[b->s.note_count++];
	note->code = code;
	note->severity = (enum sw_severity)severities[code];
	note->event = event;
	note->at_first = at_first;
	note->at_last = at_last;
	note->text = session_text(b, slice_str(text));
}

void session_auth(struct session_builder *b, uint32_t command,
    struct slice mechanism)
{
	void *auth = b->auth;
	struct sw_auth *a;

	b->auth_told = false;
	if (b->failed || b->s.auth_count >= LIMIT_AUTH)
		return;
	if (!session_grow(b, &auth, b->s.auth_count, &b->auth_capacity,
	    sizeof(*b->auth)))
		return;
	b->auth = auth;
	b->s.auth = auth;
	a = &b->auth[b->s.auth_count++];
	memset(a, 0, sizeof(*a));
	b->auth_told = true;
	a->event = command;
	a->code = SW_UNKNOWN;
	if (auth_is_mechanism(mechanism))
		a->mechanism = upper(b, mechanism);
}

void session_auth_user(struct session_builder *b, struct slice user)
{
	if (b->auth_told)
		b->auth[b->s.auth_count - 1].user = session_text(b, user);
}

void session_auth_code(struct session_builder *b, int32_t code)
{
	if (b->auth_told)
		b->auth[b->s.auth_count - 1].code = code;
}

struct sw_encryption *session_encryption(struct session_builder *b)
{
	b->s.encryption = &b->encryption;
	return &b->encryption;
}

void session_replies_unseen(struct session_builder *b)
{
	b->replies_unseen = true;
}

/* --- the end ------------------------------------------------------------- */

bool session_has_quit(const struct session_builder *b, bool server_closed)
{
	return b->quit_answered || (b->quit_sent && server_closed);
}

static void drop_pending(struct session_builder *b)
{
	while (b->pending_count > 0) {
		struct pending p;

		pop_pending(b, &p);
		free(p.heap);
	}
	b->tentative_count = 0;
}

void session_forget(struct session_builder *b)
{
	if (b->in_data)
		session_data_end(b, false, true, SW_UNKNOWN, 0,
		    (struct event_span){ 0, 0, SW_NO_TIME, SW_NO_TIME });
	session_content_finish(b, false);
	if (session_settle(b, false, NULL) != SW_OK)
		b->failed = true;
	transaction_free(b);
	drop_pending(b);
	b->event_count = b->s.event_count = 0;
	b->s.message_count = b->s.auth_count = 0;
	b->auth_told = false;
	b->s.note_count = 0;
	b->s.encryption = NULL;
	memset(&b->s.omitted, 0, sizeof(b->s.omitted));
	b->next_n = 1;
	b->current = 0;
	b->greeted = b->quit_sent = b->quit_answered = false;
	b->s.client.name.data = b->s.server.name.data = NULL;
	b->s.client.name.len = b->s.server.name.len = 0;
}

/* As much as most sessions have. */
enum { FETCHED = 4096 };

static inline __attribute__((always_inline)) void fetch(const void *p,
    size_t len)
{
	size_t i;

	if (len > FETCHED)
		len = FETCHED;
	for (i = 0; i < len; i += 64)
		__builtin_prefetch((const uint8_t *)p + i);
}

const struct sw_session *session_finish(struct session_builder *b)
{
	if (b->finished)
		return &b->s;
	/* Soon all of the session will be told; most of it has left the
	 * cache while others were at work. */
	fetch(b->messages, b->s.message_count * sizeof(*b->messages));
	fetch(b->transactions,
	    b->s.message_count * sizeof(*b->transactions));
	fetch(b->arena.blocks, (size_t)(b->arena.p -
	    (const uint8_t *)b->arena.blocks));
	fetch(b->events, b->event_count * sizeof(*b->events));
	if (b->in_data)
		session_data_end(b, false, true, SW_UNKNOWN, 0,
		    (struct event_span){ 0, 0, SW_NO_TIME, SW_NO_TIME });
	while (b->pending_count > 0)
		session_answer(b, oldest_pending(b)->n, SW_UNKNOWN, NULL, 0);
	transaction_finish(b);
	observe_session(b);
	b->finished = true;
	return &b->s;
}

void session_adopt(struct session_builder *b)
{
	b->adopted = b->finished = true;
}

enum sw_status session_settle(struct session_builder *b, bool keep,
    struct sw_err *err)
{
	const struct body_ops *ops = b->options.body_ops;
	enum sw_status status = SW_OK;
	size_t i;

	for (i = 0; i < b->s.message_count && !b->adopted; i++) {
		struct transaction *t = &b->transactions[i];
		enum sw_status one;

		if (!t->body)
			continue;
		one = ops->settle(ops->ctx, t->body, &b->s, &b->messages[i],
		    keep && status == SW_OK, &b->arena, err);
		t->body = NULL;
		if (status == SW_OK)
			status = one;
	}
	return status;
}
