/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session_keys.c - the keys of the open sessions of one log */
#include "logs/session_keys.h"

#include <search.h>
#include <stdlib.h>

static int compare_keys(const void *a, const void *b)
{
	const struct log_key *x = a, *y = b;

	if (x->name.len != y->name.len)
		return x->name.len < y->name.len ? -1 : 1;
	return x->name.len ? memcmp(x->name.p, y->name.p, x->name.len) : 0;
}

static struct log_place *place_of(const struct log_sessions *t,
    uint64_t hash)
{
	return &t->places[hash % LOG_KEY_PLACES];
}

static void **root_of(const struct log_sessions *t, uint64_t hash)
{
	return &t->roots[(hash >> 32) % LOG_KEY_TREES];
}

struct log_key *log_keys_find(const struct log_sessions *t,
    struct slice name)
{
	uint64_t hash = log_keys_hash(name);
	struct log_key wanted = { .name = name };
	const struct log_place *place;
	void *const *found;

	if (!t->places)
		return NULL; /* there are none */
	place = place_of(t, hash);
	if (place->key && slice_eq(place->key->name, name))
		return place->key;
	if (place->others == 0)
		return NULL;
	found = tfind(&wanted, root_of(t, hash), compare_keys);
	return found ? *found : NULL;
}

static bool add_to_tree(struct log_sessions *t, struct log_place *place,
    struct log_key *k, uint64_t hash)
{
	if (!t->roots)
		t->roots = calloc(LOG_KEY_TREES, sizeof(*t->roots));
	if (!t->roots || !tsearch(k, root_of(t, hash), compare_keys))
		return false;
	place->others++;
	return true;
}

/* Most names are as short as those of spare keys. */
enum { SPARE_OCTETS = 64 };

static struct log_key *new_key(struct log_sessions *t, struct slice name)
{
	struct log_key *k = t->spare_keys;

	if (k && name.len <= SPARE_OCTETS) {
		t->spare_keys = k->next_spare;
		t->spare_key_count--;
	} else {
		k = malloc(sizeof(*k) + (name.len > SPARE_OCTETS ? name.len :
		    SPARE_OCTETS));
	}
	if (!k)
		return NULL;
	memset(k, 0, sizeof(*k));
	if (name.len > 0)
		memcpy(k->octets, name.p, name.len);
	k->name = slice_make(k->octets, name.len);
	return k;
}

static void free_key(struct log_sessions *t, struct log_key *k)
{
	if (k->name.len > SPARE_OCTETS ||
	    t->spare_key_count == LOG_SPARE_SESSIONS) {
		free(k);
		return;
	}
	k->next_spare = t->spare_keys;
	t->spare_keys = k;
	t->spare_key_count++;
}

void log_keys_fini(struct log_sessions *t)
{
	while (t->spare_keys) {
		struct log_key *k = t->spare_keys;

		t->spare_keys = k->next_spare;
		free(k);
	}
	free(t->places);
	free(t->roots);
}

struct log_key *log_keys_make(struct log_sessions *t, struct slice name)
{
	struct log_key *k = new_key(t, name);
	uint64_t hash = log_keys_hash(name);
	struct log_place *place;

	if (!t->places)
		t->places = calloc(LOG_KEY_PLACES, sizeof(*t->places));
	if (!k || !t->places) {
		free(k);
		return NULL;
	}
	place = place_of(t, hash);
	if (!place->key) {
		place->key = k;
	} else if (!add_to_tree(t, place, k, hash)) {
		free(k);
		return NULL;
	}
	return k;
}

void log_keys_drop(struct log_sessions *t, struct log_key *k)
{
	uint64_t hash = log_keys_hash(k->name);
	struct log_place *place = place_of(t, hash);

	if (k->count > 0)
		return;
	if (place->key == k) {
		place->key = NULL;
	} else {
		tdelete(k, root_of(t, hash), compare_keys);
		place->others--;
	}
	free_key(t, k);
}
