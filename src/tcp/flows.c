/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows.c - the table of flows and the lists by age
 *
 * Chained buckets, never more entries than buckets, keyed by a hash
 * with the engine's secret: an attacker who chooses addresses and ports
 * cannot fill one bucket.  What the table answers never depends on the
 * order within a bucket but among equal keys, where it is the order of
 * insertion, so the output does not depend on the secret.
 *
 * A second index holds the flows seen from one side only, without regard to
 * their VLAN tag, so that a mirror image under another tag is found.
 */
#include <stdlib.h>

#include "tcp/native.h"

enum { TABLE_MIN = 64, SPARE_MAX = 256 };

static inline uint64_t word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

static inline bool endpoint_equal(const struct endpoint *a,
    const struct endpoint *b)
{
	return a->port == b->port && a->family == b->family &&
	    word(a->ip) == word(b->ip) && word(a->ip + 8) == word(b->ip + 8);
}

static uint32_t hash(const struct flows *t, const struct endpoint *a,
    const struct endpoint *b, uint32_t vlan_tag, uint32_t tunnel_tag)
{
	uint64_t h = tcp_hash_endpoints(t->key, a, b);

	h ^= (uint64_t)tunnel_tag << 32 | vlan_tag;
	return (uint32_t)hash_mix(h ^ t->key[0], t->key[1]);
}

static uint32_t hash_lonely(const struct flows *t, const struct flow *f)
{
	const struct tcp_flow_info *info = &f->common.info;

	return hash(t, &info->host[0], &info->host[1], 0, info->tunnel_tag);
}

bool tcp_flows_init(struct flows *t, const struct tcp_options *options)
{
	memset(t, 0, sizeof *t);
	t->key[0] = options->secret;
	t->key[1] = hash_mix(options->secret ^ UINT64_C(0x736f6d6570736575),
	    UINT64_C(0x9e3779b97f4a7c15)) | 1;
	t->strict_vlan = options->strict_vlan;
	t->mask = TABLE_MIN - 1;
	link_init(&t->live);
	link_init(&t->sessions);
	link_init(&t->closed);
	t->table = calloc(TABLE_MIN, sizeof *t->table);
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
	free(t->table);
	free(t->lonely);
	t->table = NULL;
	t->lonely = NULL;
}

int tcp_flows_dir(const struct flow *f, const struct endpoint *src,
    const struct endpoint *dst)
{
	const struct tcp_flow_info *info = &f->common.info;

	if (endpoint_equal(&info->host[0], src) &&
	    endpoint_equal(&info->host[1], dst))
		return 0;
	if (endpoint_equal(&info->host[1], src) &&
	    endpoint_equal(&info->host[0], dst))
		return 1;
	return -1;
}

struct flow *tcp_flows_find(const struct flows *t, const struct endpoint *src,
    const struct endpoint *dst, uint32_t vlan_tag, uint32_t tunnel_tag,
    int *dir_r)
{
	uint32_t h = hash(t, src, dst, vlan_tag, tunnel_tag);

	for (struct entry *e = t->table[h & t->mask]; e; e = e->next) {
		if (e->hash != h || e->vlan_tag != vlan_tag ||
		    e->flow->common.info.tunnel_tag != tunnel_tag)
			continue;
		*dir_r = tcp_flows_dir(e->flow, src, dst);
		if (*dir_r >= 0)
			return e->flow;
	}
	return NULL;
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
		f = t->lonely[hash(t, &seg->src, &seg->dst, 0,
		    seg->tunnel_tag) & t->mask];
	while (f && (f->common.info.tunnel_tag != seg->tunnel_tag ||
	    tcp_flows_dir(f, &seg->src, &seg->dst) < 0))
		f = f->lonely_next;
	return f;
}

/* --- places in the table ------------------------------------------------ */

static void link_lonely(struct flows *t, struct flow *f)
{
	struct flow **bucket = &t->lonely[hash_lonely(t, f) & t->mask];

	f->lonely_next = *bucket;
	f->lonely_link = bucket;
	if (*bucket)
		(*bucket)->lonely_link = &f->lonely_next;
	*bucket = f;
}

static void rehash_entries(struct flows *t, struct entry **table, size_t mask)
{
	for (size_t i = 0; i <= t->mask; i++) {
		struct entry *e = t->table[i], *next;

		for (; e; e = next) {
			next = e->next;
			e->next = table[e->hash & mask];
			table[e->hash & mask] = e;
		}
	}
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
	size_t buckets = (t->mask + 1) * 2;
	struct entry **table = calloc(buckets, sizeof *table);
	struct flow **lonely = calloc(buckets, sizeof *lonely);
	struct flow **old = t->lonely;
	size_t old_buckets = t->mask + 1;

	if (!table || !lonely) {
		free(table);
		free(lonely);
		return false;
	}
	rehash_entries(t, table, buckets - 1);
	free(t->table);
	t->table = table;
	t->lonely = lonely;
	t->mask = buckets - 1;
	rehash_lonely(t, old, old_buckets);
	free(old);
	return true;
}

static bool add_entry(struct flows *t, struct entry *e, struct flow *f,
    uint32_t vlan_tag)
{
	const struct tcp_flow_info *info = &f->common.info;

	if (t->entries > t->mask && !grow(t))
		return false;
	e->flow = f;
	e->vlan_tag = vlan_tag;
	e->hash = hash(t, &info->host[0], &info->host[1], vlan_tag,
	    info->tunnel_tag);
	e->next = t->table[e->hash & t->mask];
	t->table[e->hash & t->mask] = e;
	t->entries++;
	return true;
}

static void remove_entry(struct flows *t, struct entry *e)
{
	struct entry **p = &t->table[e->hash & t->mask];

	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
	t->entries--;
}

bool tcp_flows_alias(struct flows *t, struct flow *f, uint32_t vlan_tag)
{
	struct entry *e = malloc(sizeof *e);

	if (!e)
		return false;
	if (!add_entry(t, e, f, vlan_tag)) {
		free(e);
		return false;
	}
	f->alias = e;
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

struct flow *tcp_flows_new(struct flows *t, const struct endpoint *host0,
    const struct endpoint *host1, uint32_t vlan_tag, uint32_t tunnel_tag)
{
	struct flow *f = t->spare;
	struct tcp_flow_info *info;

	if (f) {
		t->spare = f->rival;
		t->spare_count--;
	} else {
		f = malloc(sizeof *f);
		if (!f)
			return NULL;
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
	t->count++;
	return f;
}

bool tcp_flows_add(struct flows *t, struct flow *f, bool one_sided)
{
	if (!add_entry(t, &f->entry, f, f->common.info.vlan_tag))
		return false;
	if (one_sided && !t->strict_vlan) {
		link_lonely(t, f);
		f->state |= FLOW_LONELY;
	}
	return true;
}

void tcp_flows_remove(struct flows *t, struct flow *f)
{
	remove_entry(t, &f->entry);
	if (f->alias) {
		remove_entry(t, f->alias);
		free(f->alias);
		f->alias = NULL;
	}
	tcp_flows_paired(t, f);
}

void tcp_flows_free(struct flows *t, struct flow *f)
{
	link_remove(&f->age);
	link_remove(&f->session);
	if (f->state & FLOW_CLOSED)
		t->closed_count--;
	t->count--;
	if (t->spare_count >= SPARE_MAX) {
		free(f);
		return;
	}
	f->rival = t->spare;
	t->spare = f;
	t->spare_count++;
}
