/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shard.c - what an engine delivers becomes the sessions of its shard */
#include "pipeline/shard.h"

#include <stdlib.h>

#include "pipeline/address.h"
#include "pipeline/connection.h"
#include "smtp/dialogue.h"

/* Octets that a session of a few mails does not take. */
enum { LARGE = 32768 };
/* ... and that a shard's only session may take. */
enum { LONE = 131072 };

/* A connection that is a session. */
struct live {
	/* What each delivery needs. */
	struct session_builder *builder;
	struct dialogue *dialogue;
	size_t held; /* octets, as counted in the shard's */
	size_t large_held; /* ... in its large_held; 0: it is none of these */
	bool answer_lost; /* as struct dialogue_start has it */

	bool listed; /* one of its ports is a server port */
	struct tcp_flow *flow;
	struct live *next, **link; /* of the shard's list; what points here */
	struct link large; /* the shard's, if it is */
	uint32_t anomalies[TCP_DIRECTIONS];
};

static struct live *live_of_large(struct link *l)
{
	return (struct live *)(void *)((uint8_t *)l -
	    offsetof(struct live, large));
}

/* By the ports: direction of the server's octets; -1: they do not tell. */
static int server_dir(const struct shard *s,
    const struct tcp_flow_info *info)
{
	bool a = port_set_has(s->ports, info->host[0].port);
	bool b = port_set_has(s->ports, info->host[1].port);

	return a == b ? -1 : a ? 0 : 1;
}

/* Few are, and one that is goes behind the others. */
static __attribute__((noinline)) void count_large(struct shard *s,
    struct live *l, size_t held)
{
	if (l->large_held > 0)
		link_remove(&l->large);
	else
		link_init(&l->large);
	s->large_held -= l->large_held;
	l->large_held = held >= s->large_from ? held : 0;
	s->large_held += l->large_held;
	if (l->large_held > 0)
		link_append(&s->large, &l->large);
}

/* Count what the session holds now. */
static void count_held(struct shard *s, struct live *l)
{
	size_t held = sizeof(*l) + session_memory(l->builder) +
	    dialogue_memory(l->dialogue);

	s->held = s->held - l->held + held;
	l->held = held;
	if (held >= s->large_from || l->large_held > 0)
		count_large(s, l, held);
}

static void live_free(struct shard *s, struct live **lp)
{
	struct live *l = *lp;

	if (!l)
		return;
	*lp = NULL;
	if (l->link) {
		*l->link = l->next;
		if (l->next)
			l->next->link = l->link;
	}
	s->held -= l->held;
	if (l->large_held > 0)
		count_large(s, l, 0);
	dialogue_free(&l->dialogue);
	session_builder_free(&l->builder);
	if (s->spares.live_count >= SESSION_SPARES_MAX) {
		free(l);
		return;
	}
	l->next = s->spares.live;
	s->spares.live = l;
	s->spares.live_count++;
}

/* Cleared; NULL: no memory. */
static struct live *live_new(struct shard *s)
{
	struct live *l = s->spares.live;

	if (!l)
		return calloc(1, sizeof(*l));
	s->spares.live = l->next;
	s->spares.live_count--;
	memset(l, 0, sizeof(*l));
	return l;
}

static struct event_span span_of(struct origin o)
{
	struct event_span span = { o.at, o.at, o.ts_ns, o.ts_ns };

	return span;
}

static void *on_open(void *ctx, struct tcp_flow *flow)
{
	struct shard *s = ctx;
	const struct tcp_flow_info *info = tcp_flow_info_get(flow);
	struct session_options options = s->options->session;
	struct dialogue_start start;
	struct live *l = live_new(s);

	start.opener_known = info->opener_known;
	start.answer_lost = info->opener_known && !info->syn_seen[1];
	start.server_dir = server_dir(s, info);
	start.spares = &s->spares.dialogues;
	options.octets = s->session_octets;
	options.account = &s->account;
	options.body_ops = s->body_ops;
	options.spares = &s->spares.sessions;
	if (!l || session_builder_new(&options, &l->builder) != SW_OK ||
	    dialogue_new(l->builder, &start, &l->dialogue) != SW_OK) {
		live_free(s, &l);
		s->memory = true;
		return NULL;
	}
	l->next = s->open;
	l->link = &s->open;
	if (l->next)
		l->next->link = &l->next;
	s->open = l;
	l->flow = flow;
	l->answer_lost = start.answer_lost;
	l->listed = port_set_has(s->ports, info->host[0].port) ||
	    port_set_has(s->ports, info->host[1].port);
	if (options.event)
		connection_begin(s, l->builder, flow,
		    dialogue_client_dir(l->dialogue));
	if (info->opener_known)
		session_connect(l->builder, SW_CLIENT, span_of(info->first));
	count_held(s, l);
	return l;
}

static void on_octets(void *ctx, void *user, const struct delivery *o)
{
	struct live *l = user;

	if (l->answer_lost && tcp_flow_info_get(l->flow)->syn_seen[1]) {
		l->answer_lost = false;
		dialogue_answer_found(l->dialogue);
	}
	if (dialogue_feed(l->dialogue, o))
		count_held(ctx, l);
}

static void on_gap(void *ctx, void *user, int dir, uint64_t offset,
    uint64_t len, struct origin origin)
{
	struct live *l = user;

	(void)offset; /* the delivery behind it bears its own */
	dialogue_gap(l->dialogue, dir, len, origin);
	count_held(ctx, l);
}

static const struct {
	enum sw_note_code note;
	const char *text;
} anomaly_notes[] = {
	[ANOMALY_SNAPPED] = { SW_NOTE_SNAPPED,
		"Frames were cut by the snap length of the capture." },
	[ANOMALY_BAD_CHECKSUM] = { SW_NOTE_BAD_CHECKSUM,
		"A segment with a wrong checksum was left out." },
	[ANOMALY_FRAGMENT_OVERLAP] = { SW_NOTE_OVERLAP_DIFFERS,
		"IP fragments overlap." },
	[ANOMALY_OVERLAP_DIFFERS] = { SW_NOTE_OVERLAP_DIFFERS,
		"Octets were sent again with other content; the first copy "
		"is told." },
	[ANOMALY_FRAMES_DROPPED] = { SW_NOTE_FRAMES_DROPPED,
		"The capture says that frames were dropped." },
	[ANOMALY_VLAN_ASYMMETRIC] = { SW_NOTE_VLAN_ASYMMETRIC,
		"The two directions bear different tags of VLAN or tunnel." },
	[ANOMALY_LIMIT] = { SW_NOTE_LIMIT,
		"A limit on memory left octets of this connection out." },
	[ANOMALY_PORTS_REUSED] = { SW_NOTE_PORTS_REUSED,
		"The same ports began another connection." },
	[ANOMALY_NO_START] = { SW_NOTE_NO_START,
		"The record does not hold the connection's start." },
	[ANOMALY_DIRECTION_MISSING] = { SW_NOTE_DIRECTION_MISSING,
		"One direction is missing from the record." },
	[ANOMALY_TRUNCATED_INPUT] = { SW_NOTE_TRUNCATED_INPUT,
		"The capture ends in the middle of a frame." },
};
_Static_assert(sizeof(anomaly_notes) / sizeof(anomaly_notes[0]) ==
    ANOMALY_COUNT, "a note for each anomaly");

static void on_anomaly(void *ctx, void *user, int dir, enum anomaly code,
    struct origin origin)
{
	struct live *l = user;

	(void)ctx;
	/* The dialogue tells of missing starts and directions itself. */
	if (code == ANOMALY_NO_START || code == ANOMALY_DIRECTION_MISSING ||
	    ((l->anomalies[0] | l->anomalies[1]) & ANOMALY_BIT(code)))
		return;
	l->anomalies[dir & 1] |= ANOMALY_BIT(code);
	session_note(l->builder, anomaly_notes[code].note, 0, origin.at,
	    origin.at, "%s", anomaly_notes[code].text);
}

void shard_note_all(struct shard *s, enum anomaly code, struct origin at)
{
	struct live *l;

	for (l = s->open; l; l = l->next)
		on_anomaly(s, l, 0, code, at);
}

static void on_close(void *ctx, void *user, int dir, bool rst,
    struct origin origin)
{
	struct live *l = user;

	(void)ctx;
	dialogue_close(l->dialogue, dir, rst, origin);
}

static enum sw_ending ending_of(enum tcp_end why)
{
	switch (why) {
	case TCP_END_IDLE:
		return SW_ENDING_IDLE;
	case TCP_END_REUSED:
		return SW_ENDING_REUSED;
	case TCP_END_LIMIT:
		return SW_ENDING_LIMIT;
	case TCP_END_CLOSED:
	case TCP_END_INPUT:
		break;
	}
	return SW_ENDING_INPUT_ENDED;
}

static void finish_dialogue(struct live *l, const struct tcp_facts *facts,
    enum tcp_end why)
{
	const struct tcp_flow_info *info = tcp_flow_info_get(l->flow);
	struct dialogue_end end = { 0 };
	int d;

	end.origin = facts->last;
	end.input_ended = why != TCP_END_CLOSED;
	end.ending = ending_of(why);
	for (d = 0; d < TCP_DIRECTIONS; d++) {
		end.seen[d] = info->seen[d];
		end.acked_known[d] = facts->side[d].acked_known &&
		    info->seen[1 - d];
		end.acked[d] = facts->side[d].acked;
	}
	dialogue_finish(l->dialogue, &end);
}

static void count_session(struct shard *s, enum dialogue_kind kind,
    const struct sw_session *session)
{
	account_add(&s->account, ACCOUNT_SESSIONS, 1);
	if (kind == DIALOGUE_NOT_SMTP)
		account_add(&s->account, ACCOUNT_SESSIONS_NOT_SMTP, 1);
	if (session->encryption && !session->encryption->decrypted)
		account_add(&s->account, ACCOUNT_SESSIONS_TLS, 1);
}

static void on_end(void *ctx, void *user, struct tcp_flow *flow,
    enum tcp_end why, struct origin origin)
{
	struct shard *s = ctx;
	struct live *l = user;
	enum dialogue_kind kind;
	struct tcp_facts facts;

	if (!l)
		return;
	tcp_flow_facts_get(flow, &facts);
	finish_dialogue(l, &facts, why);
	kind = dialogue_kind(l->dialogue);
	if (!l->listed && (kind == DIALOGUE_NOT_SMTP ||
	    kind == DIALOGUE_EMPTY || kind == DIALOGUE_TLS)) {
		/* found on a port of no interest, and no SMTP */
		account_add(&s->account, ACCOUNT_FRAMES_OTHER_PORT,
		    facts.frames);
		live_free(s, &l);
		return;
	}
	connection_tell(s, l->builder, flow, &facts,
	    dialogue_client_dir(l->dialogue));
	session_finish(l->builder);
	count_session(s, kind, session_get(l->builder));
	if (session_failed(l->builder))
		s->memory = true;
	else if (shard_finish(s, l->builder, flow, origin.at))
		l->builder = NULL;
	live_free(s, &l);
}

static void tell_attempt(struct shard *s, struct tcp_flow *flow,
    bool refused, struct origin origin)
{
	const struct tcp_flow_info *info = tcp_flow_info_get(flow);
	struct session_options options = s->options->session;
	struct session_builder *b = NULL;
	struct tcp_facts facts;

	tcp_flow_facts_get(flow, &facts);
	options.account = &s->account;
	options.body_ops = s->body_ops;
	options.spares = &s->spares.sessions;
	if (session_builder_new(&options, &b) != SW_OK) {
		s->memory = true;
		return;
	}
	session_connect(b, SW_CLIENT, span_of(info->first));
	if (refused)
		session_close(b, SW_SERVER, SW_CLOSE_RST,
		    span_of(facts.last));
	session_get(b)->ending = refused ? SW_ENDING_REFUSED :
	    SW_ENDING_NO_ANSWER;
	connection_tell(s, b, flow, &facts, 0);
	session_finish(b);
	if (session_failed(b) ||
	    !shard_finish(s, b, flow, origin.at)) {
		s->memory = true;
		session_builder_free(&b);
	}
}

static void on_attempt(void *ctx, struct tcp_flow *flow, bool refused,
    struct origin origin)
{
	struct shard *s = ctx;
	const struct tcp_flow_info *info = tcp_flow_info_get(flow);
	char text[80];

	if (!port_set_has(s->ports, info->host[1].port))
		return; /* of no interest */
	pipeline_address_port(&info->host[1], text, sizeof(text));
	account_add(&s->account, refused ? ACCOUNT_ATTEMPTS_REFUSED :
	    ACCOUNT_ATTEMPTS_NO_ANSWER, 1);
	account_note(&s->account, refused ? ACCOUNT_LIST_REFUSED :
	    ACCOUNT_LIST_NO_ANSWER, slice_str(text), 1);
	if (s->options->attempts)
		tell_attempt(s, flow, refused, origin);
}

static void on_fetch(const void *user, unsigned step)
{
	const struct live *l = user;

	if (step == 0) { /* it may lie in two lines */
		__builtin_prefetch(l, 1);
		__builtin_prefetch((const uint8_t *)(l + 1) - 1, 1);
		return;
	}
	dialogue_fetch(l->dialogue, step - 1);
	session_fetch(l->builder, step - 1);
}

uint32_t shard_hash(const struct shard *s, const struct segment *seg)
{
	return s->tcp == &tcp_native_ops ?
	    tcp_native_ops.hash(s->engine, seg) : 0;
}

void shard_fetch(const struct shard *s, const struct segment *seg,
    uint32_t hash, unsigned step)
{
	if (s->tcp == &tcp_native_ops)
		tcp_native_ops.fetch(s->engine, seg, hash, step);
}

const struct tcp_sink_ops shard_sink_ops = {
	.open = on_open,
	.octets = on_octets,
	.gap = on_gap,
	.anomaly = on_anomaly,
	.close = on_close,
	.end = on_end,
	.attempt = on_attempt,
	.fetch = on_fetch,
};

/* What a session may take by what is told of it: little less than large ones
 * may hold, since what is in flight comes on top, and a block of texts. */
static size_t session_octets(uint64_t share)
{
	const uint64_t beside = 131072;
	uint64_t most = share + share / 16 * 9;
	uint64_t least = share + share / 8 > LONE / 4 * 3 ?
	    share + share / 8 : LONE / 4 * 3;

	return most > least + beside ? most - beside : least;
}

enum sw_status shard_init(struct shard *s, unsigned number,
    const struct wire_options *o, const struct port_set *ports,
    const struct traffic *t)
{
	struct tcp_options options = { 0 };
	uint64_t memory = o->memory ? o->memory : LIMIT_MEMORY;

	memset(s, 0, sizeof(*s));
	s->options = o;
	s->body_ops = o->body_ops[number];
	s->ports = ports;
	s->traffic = t;
	s->tcp = o->nids && number == 0 ? &tcp_nids_ops : &tcp_native_ops;
	memory = o->nids ? memory : memory / SHARD_COUNT;
	s->share = memory / 2;
	s->session_octets = session_octets(s->share);
	s->spares.sessions.most = s->share / 16;
	s->large_from = s->share / 16 > LARGE ? s->share / 16 : LARGE;
	link_init(&s->large);
	account_init(&s->account);
	options.strict_vlan = o->strict_vlan;
	/* 0: default */
	options.memory = memory > 8 ? memory / 16 * 3 : 1;
	options.flows = memory / 16 * 3 / LIMIT_FLOW_OCTETS + 1;
	options.secret = o->secret;
	return s->tcp->open(&s->engine, &shard_sink_ops, s,
	    &s->account, &options);
}

/* A session ends for the limit.  If large ones hold more than half of the
 * share it is one of these: the others are not to suffer for them. */
static bool evict(struct shard *s, struct origin now)
{
	struct tcp_flow *flow = NULL;

	if (s->large_held > s->share / 2)
		flow = live_of_large(s->large.next)->flow;
	return s->tcp->evict(s->engine, flow, now);
}

/* What the engine does not take of its own serves sessions, too: no more than
 * 11/16 of all, since the allocator adds most to these; 13/16 where large ones,
 * to which it adds little, take half of all. */
static uint64_t most_held(const struct shard *s)
{
	uint64_t large = s->large_held < s->share ? s->large_held : s->share;
	uint64_t most = s->share + s->share / 8 * 3 + large / 4;
	uint64_t taken = s->tcp->memory(s->engine);

	return taken < most - s->share ? most - taken : s->share;
}

/* The only one, which is not to end for what any session may have in flight,
 * however little memory there is. */
static bool is_lone(const struct shard *s)
{
	return s->open && !s->open->next && s->held <= LONE;
}

static void keep_share(struct shard *s, struct origin now)
{
	while (s->held > s->share && s->held > most_held(s) &&
	    !is_lone(s) && evict(s, now))
		;
}

/* What few segments need behind the engine. */
static __attribute__((noinline)) enum sw_status feed_rest(struct shard *s,
    struct segment *seg, enum sw_status status)
{
	if (s->held > s->share)
		keep_share(s, seg->origin);
	free(seg->owned);
	seg->owned = NULL;
	return status;
}

enum sw_status shard_feed(struct shard *s, struct segment *seg)
{
	/* The usual one by its name, so that its code can stand here. */
	enum sw_status status = s->tcp == &tcp_native_ops ?
	    tcp_native_ops.feed(s->engine, seg) :
	    s->tcp->feed(s->engine, seg);

	if (s->held > s->share || seg->owned)
		return feed_rest(s, seg, status);
	return status;
}

enum sw_status shard_tick(struct shard *s, struct origin at)
{
	enum sw_status status = s->tcp->tick(s->engine, at);

	keep_share(s, at);
	return status;
}

void shard_fini(struct shard *s)
{
	if (s->engine) {
		struct origin none = { 0, SW_NO_TIME, 0 };

		/* What is still open is ended, so that it is freed: what it
		 * lacks is not what the record lacks. */
		s->ending = true;
		if (s->tcp->finish(s->engine, none) != SW_OK)
			s->memory = true;
		s->tcp->close(&s->engine);
	}
	shard_finished_fini(s);
	while (s->spares.live) {
		struct live *l = s->spares.live;

		s->spares.live = l->next;
		free(l);
	}
	session_spares_fini(&s->spares.sessions);
	dialogue_spares_fini(&s->spares.dialogues);
	pipeline_ids_fini(&s->ids);
	account_fini(&s->account);
}
