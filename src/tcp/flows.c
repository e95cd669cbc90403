/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows.c - the table of flows and the lists by age
 *
 * Open addressing with linear probing, half full at most, keyed by a hash
 * with the engine's secret: an attacker who chooses addresses and ports
 * cannot make one long row.  A slot bears the hash, so that only the flow
 * that is sought is touched.  No two entries have equal keys, so that the
 * output does not depend on the secret.
 *
 * A second index holds the flows seen from one side only, without regard to
 * their tags, so that a mirror image under another tag is found.  Its
 * buckets are chains, and flows of equal keys stand in the order of their
 * insertion.
 */
#include <stdlib.h>

#include "tcp/native.h"

enum { TABLE_MIN = 16, SPARE_MAX = 256 };

static uint32_t hash_lonely(const struct flows *t, const struct flow *f)
{
	const struct tcp_flow_info *info = &f->common.info;

	return tcp_flows_hash(t, &info->host[0], &info->host[1], 0);
}

bool tcp_flows_init(struct flows *t, const struct tcp_options *options)
{
	memset(t, 0, sizeof *t);
	t->key[0] = options->secret;
	t->key[1] = hash_mix(options->secret ^ UINT64_C(0x736f6d6570736575),
	    UINT64_C(0x9e3779b97f4a7c15)) | 1;
	t->strict_vlan = options->strict_vlan;
	t->mask = TABLE_MIN * 2 - 1;
	t->lonely_mask = TABLE_MIN - 1;
	link_init(&t->live);
	link_init(&t->sessions.first);
	link_init(&t->attempts.first);
	link_init(&t->silent.first);
	t->most = options->flows && options->flows < LIMIT_SHARD_FLOWS ?
	    options->flows : LIMIT_SHARD_FLOWS;
	tcp_closed_init(&t->closed);
	t->table = calloc(TABLE_MIN * 2, sizeof *t->table);
	t->lonely = calloc(TABLE_MIN, sizeof *t->lonely);
	return t->table && t->lonely;
}

void tcp_flows_fini(struct flows *t)
{
	while (t->spare) {
		struct flow *f = t->spare;

		t->spare = f->rival;
		free(f);
	}
	tcp_closed_fini(&t->closed);
	free(t->table);
	free(t->lonely);
	t->table = NULL;
	t->lonely = NULL;
}

struct flow *tcp_flows_lonely(const struct flows *t, const struct flow *after,
    const struct segment *seg)
{
	struct flow *f;

	if (t->strict_vlan)
		return NULL;
	if (after)
		f = after->lonely_next;
	else
		f = t->lonely[tcp_flows_hash(t, &seg->src, &seg->dst, 0) &
		    t->lonely_mask];
	while (f && tcp_flows_dir(f, &seg->src, &seg->dst) < 0)
		f = f->lonely_next;
	return f;
}

/* --- places in the table ------------------------------------------------ */

static void link_lonely(struct flows *t, struct flow *f)
{
	struct flow **bucket = &t->lonely[hash_lonely(t, f) & t->lonely_mask];

	f->lonely_next = *bucket;
	f->lonely_link = bucket;
	if (*bucket)
		(*bucket)->lonely_link = &f->lonely_next;
	*bucket = f;
}

static void put_entry(struct entry *table, size_t mask,
    const struct entry *e)
{
	size_t i = e->hash & mask;

	while (table[i].flow)
		i = (i + 1) & mask;
	table[i] = *e;
}

static void rehash_entries(const struct flows *t, struct entry *table,
    size_t mask)
{
	for (size_t i = 0; i <= t->mask; i++)
		if (t->table[i].flow)
			put_entry(table, mask, &t->table[i]);
}

/* Takes the flows of each bucket from its end, so that flows of equal keys
 * stay in their order. */
static void rehash_lonely(struct flows *t, struct flow **old, size_t buckets)
{
	for (size_t i = 0; i < buckets; i++) {
		struct flow *f = old[i], *reversed = NULL, *next;

		for (; f; f = next) {
			next = f->lonely_next;
			f->lonely_next = reversed;
			reversed = f;
		}
		for (f = reversed; f; f = next) {
			next = f->lonely_next;
			link_lonely(t, f);
		}
	}
}

static bool grow(struct flows *t)
{
	size_t old_buckets = t->lonely_mask + 1;
	size_t buckets = old_buckets * 2;
	struct entry *table = calloc(buckets * 2, sizeof *table);
	struct flow **lonely = calloc(buckets, sizeof *lonely);
	struct flow **old = t->lonely;

	if (!table || !lonely) {
		free(table);
		free(lonely);
		return false;
	}
	rehash_entries(t, table, buckets * 2 - 1);
	free(t->table);
	t->table = table;
	t->mask = buckets * 2 - 1;
	t->lonely = lonely;
	t->lonely_mask = buckets - 1;
	rehash_lonely(t, old, old_buckets);
	free(old);
	return true;
}

static uint32_t hash_of_flow(const struct flows *t, const struct flow *f,
    uint32_t tag)
{
	const struct tcp_flow_info *info = &f->common.info;

	return tcp_flows_hash(t, &info->host[0], &info->host[1], tag);
}

static bool add_entry(struct flows *t, struct flow *f, uint32_t tag)
{
	struct entry e = { f, hash_of_flow(t, f, tag), tag };

	if (t->entries > t->lonely_mask && !grow(t))
		return false;
	put_entry(t->table, t->mask, &e);
	t->entries++;
	return true;
}

/* What stands behind the place that becomes free and could stand there is
 * moved up, so that no row has a hole. */
static void remove_entry(struct flows *t, const struct flow *f,
    uint32_t tag)
{
	size_t hole = hash_of_flow(t, f, tag) & t->mask, i;

	while (t->table[hole].flow != f || t->table[hole].tag != tag)
		hole = (hole + 1) & t->mask;
	for (i = (hole + 1) & t->mask; t->table[i].flow;
	    i = (i + 1) & t->mask) {
		size_t home = t->table[i].hash & t->mask;

		if (((i - home) & t->mask) < ((i - hole) & t->mask))
			continue;
		t->table[hole] = t->table[i];
		hole = i;
	}
	t->table[hole].flow = NULL;
	t->entries--;
}

bool tcp_flows_alias(struct flows *t, struct flow *f, uint32_t tag)
{
	if (!add_entry(t, f, tag))
		return false;
	f->state |= FLOW_ALIAS;
	f->alias_tag = tag;
	return true;
}

void tcp_flows_paired(struct flows *t, struct flow *f)
{
	(void)t;
	if (!(f->state & FLOW_LONELY))
		return;
	*f->lonely_link = f->lonely_next;
	if (f->lonely_next)
		f->lonely_next->lonely_link = f->lonely_link;
	f->state &= ~(uint32_t)FLOW_LONELY;
}

/* --- flows -------------------------------------------------------------- */

struct flow *tcp_flows_idlest(const struct flows *t)
{
	const struct flow_list *list = t->silent.count * 8 >
	    t->sessions.count ? &t->silent : &t->sessions;

	if (link_is_alone(&list->first))
		return NULL;
	return flow_of_session(list->first.next);
}

struct flow *tcp_flows_new(struct flows *t, const struct endpoint *host0,
    const struct endpoint *host1, uint32_t vlan_tag, uint32_t tunnel_tag)
{
	struct flow *f = t->spare;
	struct tcp_flow_info *info;

	if (f) {
		t->spare = f->rival;
		t->spare_count--;
	} else {
		void *memory;

		if (posix_memalign(&memory, TCP_CACHE_LINE, sizeof *f) != 0)
			return NULL;
		f = memory;
	}
	memset(f, 0, sizeof *f);
	info = &f->common.info;
	info->host[0] = *host0;
	info->host[1] = *host1;
	info->vlan_tag = vlan_tag;
	info->tunnel_tag = tunnel_tag;
	link_init(&f->age);
	link_init(&f->session);
	link_append(&t->live, &f->age);
	flow_join(t, f);
	t->count++;
	return f;
}

void tcp_flows_spoke(struct flows *t, struct flow *f, int dir)
{
	uint32_t bit = (uint32_t)FLOW_SPOKE << dir;
	bool listed;

	if (f->state & bit)
		return;
	listed = flow_leave(t, f);
	f->state |= bit;
	if (listed)
		flow_join(t, f);
}

bool tcp_flows_add(struct flows *t, struct flow *f, bool one_sided)
{
	if (!add_entry(t, f, tcp_flow_tag(f)))
		return false;
	if (one_sided && !t->strict_vlan) {
		link_lonely(t, f);
		f->state |= FLOW_LONELY;
	}
	return true;
}

void tcp_flows_remove(struct flows *t, struct flow *f)
{
	remove_entry(t, f, tcp_flow_tag(f));
	if (f->state & FLOW_ALIAS)
		remove_entry(t, f, f->alias_tag);
	f->state &= ~(uint32_t)FLOW_ALIAS;
	tcp_flows_paired(t, f);
}

void tcp_flows_free(struct flows *t, struct flow *f)
{
	link_remove(&f->age);
	(void)flow_leave(t, f);
	t->count--;
	if (t->spare_count >= SPARE_MAX) {
		free(f);
		return;
	}
	f->rival = t->spare;
	t->spare = f;
	t->spare_count++;
}
