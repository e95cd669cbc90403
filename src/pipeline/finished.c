/* SPDX-License-Identifier: GPL-2.0-or-later */
/* finished.c - the sessions of a shard that are over, until they are told */
#include "pipeline/shard.h"

#include <stdlib.h>

/* What failed in settling, to be told when it is the session's turn. */
static void keep_error(struct finished *f, enum sw_status status,
    const struct sw_err *err)
{
	f->status = status;
	if (status == SW_OK)
		return;
	f->error = malloc(sizeof(*f->error));
	if (f->error)
		*f->error = *err;
	else
		f->status = SW_ENOMEM;
}

/* Those that may become spares stay until all of the list is freed, so that
 * which do does not depend on when they are told. */
static void add_to_list(const struct shard *s, struct finished_list *list,
    struct finished *f)
{
	size_t octets = session_memory(f->builder);

	list->count++;
	f->stays = list->staying < SESSION_SPARES_MAX &&
	    session_is_small(f->builder) &&
	    list->staying_octets + octets <= s->spares.sessions.most;
	if (f->stays) {
		list->staying++;
		list->staying_octets += octets;
	} else {
		session_builder_part(f->builder);
		list->octets += octets;
	}
}

/* Its list has room; bodies are kept or removed. */
static void settle(struct shard *s, struct session_builder *b,
    struct finished *f)
{
	const struct session_gate *gate = &s->options->gate;
	bool keep = !s->ending &&
	    (!gate->keep || gate->keep(gate->ctx, session_get(b)));
	struct sw_err err;
	enum sw_status status = session_settle(b, keep, &err);

	if (status == SW_OK && !keep) {
		account_add(&s->account, ACCOUNT_SESSIONS_FILTERED, 1);
		session_builder_free(&b);
		return;
	}
	f->builder = b;
	add_to_list(s, &s->finished[s->stretch & 1], f);
	keep_error(f, status, &err);
}

/* What finds its frames again. */
static void tell_frames(const struct shard *s, struct tcp_flow *flow,
    struct finished *f)
{
	const struct tcp_flow_info *info = tcp_flow_info_get(flow);
	struct tcp_facts facts;

	if (!s->options->kept)
		return;
	tcp_flow_facts_get(flow, &facts);
	f->last = facts.last.at + s->traffic->order;
	f->key = kept_key(s->options->kept, &info->host[0], &info->host[1]);
}

bool shard_finish(struct shard *s, struct session_builder *b,
    struct tcp_flow *flow, uint64_t certain)
{
	struct finished_list *list = &s->finished[s->stretch & 1];
	void *items = list->items;
	struct finished *f;

	if (!base_grow(&items, list->count, &list->capacity, sizeof(*f))) {
		s->memory = true;
		return false;
	}
	list->items = items;
	f = &list->items[list->count];
	memset(f, 0, sizeof(*f));
	f->first = tcp_flow_info_get(flow)->first.at + s->traffic->order;
	f->certain = certain + s->traffic->order + s->traffic->ended;
	tell_frames(s, flow, f);
	settle(s, b, f);
	return true;
}

static void empty(struct finished_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		session_builder_free(&list->items[i].builder);
		free(list->items[i].error);
	}
	list->count = list->taken = list->staying = 0;
	list->octets = list->staying_octets = 0;
}

void shard_told(struct finished *f)
{
	if (!f->stays)
		session_builder_free(&f->builder);
}

void shard_begin_stretch(struct shard *s, uint64_t stretch)
{
	s->stretch = stretch;
	empty(&s->finished[stretch & 1]);
}

void shard_finished_fini(struct shard *s)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		empty(&s->finished[i]);
		free(s->finished[i].items);
	}
}
