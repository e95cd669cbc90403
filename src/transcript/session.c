/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.c - the builder of a session: its memory, names, auth and end */
#include "transcript/observe.h"
#include "transcript/session_internal.h"

#include <stdlib.h>

#include "transcript/auth.h"

/* --- the builder --------------------------------------------------------- */

/* What a spare builder may keep, in items of each list and in octets; one of
 * a larger session is freed. */
enum { SPARE_ITEMS = 64, SPARE_OCTETS = 32768 };

bool session_is_small(const struct session_builder *b)
{
	return b->arena.total <= SPARE_OCTETS &&
	    b->event_capacity <= SPARE_ITEMS &&
	    b->message_capacity <= SPARE_ITEMS &&
	    b->pending_capacity <= SPARE_ITEMS;
}

/* Octets that it has after reset(). */
static size_t kept_octets(const struct session_builder *b)
{
	return sizeof(*b) + arena_kept(&b->arena) +
	    b->event_room * sizeof(*b->events) +
	    b->pending_room * sizeof(*b->pending) +
	    b->message_room * sizeof(*b->messages) +
	    b->transaction_room * sizeof(*b->transactions);
}

/* What few sessions have is not kept. */
static void free_rare(struct session_builder *b)
{
	message_empty(&b->content);
	if (b->early)
		message_fini(&b->early->content);
	free(b->early);
	free(b->notes);
	free(b->auth);
	free(b->gaps);
	free(b->tentative);
	b->early = NULL;
	b->notes = NULL;
	b->auth = NULL;
	b->gaps = NULL;
	b->tentative = NULL;
	b->note_capacity = b->auth_capacity = b->gap_capacity = 0;
	b->tentative_capacity = 0;
}

/* As new, but for the memory that it has. */
static void reset(struct session_builder *b)
{
	const size_t from = offsetof(struct session_builder, event_count);
	const size_t to = offsetof(struct session_builder, content);

	arena_reset(&b->arena);
	memset((uint8_t *)b + from, 0, to - from);
	free_rare(b);
	b->event_capacity = b->pending_capacity = b->message_capacity = 0;
	b->held = b->content_held = 0;
}

static void free_memory(struct session_builder *b)
{
	free_rare(b);
	message_fini(&b->content);
	free(b->pending);
	free(b->events);
	free(b->messages);
	free(b->transactions);
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
	b->lent = kept_octets(b);
	return b;
}

static void give_back(struct session_builder *b)
{
	if (b->options.spares)
		b->options.spares->octets -= b->lent;
	b->lent = 0;
}

static void free_or_spare(struct session_builder *b)
{
	struct session_spares *spares = b->options.spares;
	size_t octets;

	give_back(b);
	if (!spares || spares->count >= SESSION_SPARES_MAX ||
	    !session_is_small(b)) {
		free_memory(b);
		return;
	}
	reset(b);
	octets = kept_octets(b);
	if (spares->octets + octets > spares->most) {
		free_memory(b);
		return;
	}
	b->next_spare = spares->list;
	spares->list = b;
	spares->count++;
	spares->octets += octets;
}

void session_spares_fini(struct session_spares *s)
{
	while (s->list) {
		struct session_builder *b = s->list;

		s->list = b->next_spare;
		free_memory(b);
	}
	s->count = s->octets = 0;
}

enum sw_status session_builder_new(const struct session_options *options,
    struct session_builder **b_r)
{
	struct session_builder *b = take_spare(options->spares);

	*b_r = b;
	if (!b)
		return SW_ENOMEM;
	b->options = *options;
	if (b->options.octets == 0 ||
	    b->options.octets > LIMIT_SESSION_OCTETS)
		b->options.octets = LIMIT_SESSION_OCTETS;
	b->next_n = 1;
	b->event_most = LIMIT_EVENTS;
	b->s.start = b->s.end = SW_NO_TIME;
	b->s.client.port = b->s.server.port = SW_UNKNOWN;
	b->s.ending = SW_ENDING_INPUT_ENDED;
	return SW_OK;
}

void session_builder_free(struct session_builder **bp)
{
	struct session_builder *b = *bp;

	if (!b)
		return;
	*bp = NULL;
	if (!b->finished)
		session_finish(b);
	if (session_settle(b, false, NULL) != SW_OK)
		b->failed = true; /* nothing of it is kept anyway */
	session_drop_pending(b);
	transaction_free(b);
	free_or_spare(b);
}

void session_builder_part(struct session_builder *b)
{
	give_back(b);
	b->options.spares = NULL;
}

struct sw_session *session_get(struct session_builder *b)
{
	if (!b->adopted) {
		b->s.events = b->events;
		b->s.event_count = b->event_count;
	}
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

struct sw_bytes session_upper(struct session_builder *b, struct slice s)
{
	struct sw_bytes out = session_text(b, s);
	uint8_t *p = (uint8_t *)(uintptr_t)out.data;
	size_t i;

	for (i = 0; p && i < out.len; i++)
		p[i] = ascii_upper(p[i]);
	return out;
}

/* --- auth, encryption ---------------------------------------------------- */

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
		a->mechanism = session_upper(b, mechanism);
}

void session_auth_user(struct session_builder *b, struct slice user)
{
	if (b->auth_told && session_has_room(b, user.len))
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

void session_forget(struct session_builder *b)
{
	if (b->in_data)
		session_data_end(b, false, true, SW_UNKNOWN, 0,
		    (struct event_span){ 0, 0, SW_NO_TIME, SW_NO_TIME });
	session_content_finish(b, false);
	if (session_settle(b, false, NULL) != SW_OK)
		b->failed = true;
	transaction_free(b);
	session_drop_pending(b);
	b->event_count = 0;
	b->event_most = LIMIT_EVENTS;
	b->s.message_count = b->s.auth_count = 0;
	b->auth_told = b->messages_left_out = b->left_out = false;
	b->s.note_count = 0;
	b->s.encryption = NULL;
	memset(&b->s.omitted, 0, sizeof(b->s.omitted));
	b->next_n = 1;
	b->current = b->shared_octets = 0;
	b->mail_n = b->gap_n = 0;
	b->greeted = b->quit_sent = b->quit_answered = false;
	b->s.client.name.data = b->s.server.name.data = NULL;
	b->s.client.name.len = b->s.server.name.len = 0;
}

/* As much as most sessions have, and as most events have of text. */
enum { FETCHED = 4096, FETCHED_TEXT = 128 };

static inline __attribute__((always_inline)) void fetch(const void *p,
    size_t len)
{
	size_t i;

	if (len > FETCHED)
		len = FETCHED;
	for (i = 0; i + 192 < len; i += 256) { /* four lines at a time */
		__builtin_prefetch((const uint8_t *)p + i);
		__builtin_prefetch((const uint8_t *)p + i + 64);
		__builtin_prefetch((const uint8_t *)p + i + 128);
		__builtin_prefetch((const uint8_t *)p + i + 192);
	}
	for (; i < len; i += 64)
		__builtin_prefetch((const uint8_t *)p + i);
}

void session_fetch(const struct session_builder *b, unsigned step)
{
	const size_t content = offsetof(struct session_builder, content_owner);

	if (step == 0) {
		fetch(b, offsetof(struct session_builder, s));
		fetch((const uint8_t *)b + content, sizeof(*b) - content);
		return;
	}
	if (b->event_count < b->event_capacity)
		fetch(b->events + b->event_count, sizeof(*b->events));
	if (b->arena.end - b->arena.p >= FETCHED_TEXT)
		fetch(b->arena.p, FETCHED_TEXT);
}

const struct sw_session *session_finish(struct session_builder *b)
{
	if (b->finished)
		return &b->s;
	/* Soon all of the session will be told; most of it has left the
	 * cache while others were at work (200 sessions at a time take 2 %
	 * more without this). */
	fetch(b->messages, b->s.message_count * sizeof(*b->messages));
	fetch(b->transactions,
	    b->s.message_count * sizeof(*b->transactions));
	fetch(b->arena.blocks, (size_t)(b->arena.p -
	    (const uint8_t *)b->arena.blocks));
	fetch(b->events, b->event_count * sizeof(*b->events));
	if (b->in_data)
		session_data_end(b, false, true, SW_UNKNOWN, 0,
		    (struct event_span){ 0, 0, SW_NO_TIME, SW_NO_TIME });
	session_answer_rest(b);
	transaction_finish(b);
	observe_session(b);
	b->finished = true;
	return session_get(b);
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
		one = ops->settle(ops->ctx, t->body, session_get(b),
		    &b->messages[i],
		    keep && status == SW_OK, &b->arena, err);
		t->body = NULL;
		if (status == SW_OK)
			status = one;
	}
	return status;
}
