/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * input_archive.c - captures and logs in an archive as inputs of their own
 *
 * Like the files of a directory they are taken in the order of their names,
 * since several files may be one log; and what is neither is told, and no
 * error.
 */
#include "pipeline/input_internal.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/folder.h"
#include "base/members.h"

struct found {
	struct source_place place;
	struct input_kind kind;
};

struct unpacking {
	struct inputs *in;
	const struct input_how *how;
	struct account *account;
	struct members *members;
	struct found *found;
	size_t count, capacity;
	bool failed; /* err is to be told at the end */
	struct sw_err err;
};

static void warn(struct unpacking *u, const char *text)
{
	account_note(u->account, ACCOUNT_LIST_WARNINGS, slice_str(text), 1);
}

/* The first damage is the archive's error, the others are warnings.  What is
 * no capture and no log is none. */
static enum sw_status tell(struct unpacking *u, const struct sw_err *err)
{
	if (err->status != SW_EREAD && err->status != SW_EFORMAT)
		return err->status;
	if (err->status == SW_EREAD && !u->failed) {
		u->failed = true;
		u->err = *err;
	} else {
		warn(u, err->text);
	}
	return SW_OK;
}

static enum sw_status add_found(struct unpacking *u, struct source *s,
    const struct input_kind *kind)
{
	void *found = u->found;

	if (!base_grow(&found, u->count, &u->capacity, sizeof(*u->found)))
		return SW_ENOMEM;
	u->found = found;
	u->found[u->count].kind = *kind;
	return source_place_init(&u->found[u->count++].place, s);
}

static enum sw_status look_at(struct unpacking *u, const struct member *m)
{
	const char *archive;
	struct input_kind kind;
	struct sw_err err;
	enum sw_status status;

	if (m->why) {
		base_error_set(&err, SW_EFORMAT, "%.400s: is %s, not read",
		    m->name, m->why);
		return tell(u, &err);
	}
	status = members_probe(m->source, &archive, &err);
	if (status == SW_OK && archive)
		status = base_error_set(&err, SW_EFORMAT, "%.400s: is an "
		    "archive in an archive, not read", m->name);
	if (status == SW_OK)
		status = input_find_kind(m->source, u->how, &kind, &err);
	if (status == SW_OK)
		return add_found(u, m->source, &kind);
	return tell(u, &err);
}

static enum sw_status unpack(struct unpacking *u)
{
	struct sw_err err;
	struct member m;
	enum sw_status status = SW_OK;
	int got = 1;

	while (got != 0 && status == SW_OK) {
		size_t before = u->count;

		got = members_next(u->members, &m, &err);
		if (got < 0) {
			status = tell(u, &err);
		} else if (got > 0) {
			status = look_at(u, &m);
			source_free(&m.source);
			if (u->count == before)
				members_drop(u->members);
		}
	}
	return status;
}

static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return folder_compare_names(x->place.name, y->place.name);
}

static enum sw_status add_all(struct unpacking *u)
{
	enum sw_status status = SW_OK;

	if (u->count > 1)
		qsort(u->found, u->count, sizeof(*u->found), compare);
	for (size_t i = 0; i < u->count && status == SW_OK; i++) {
		struct source *s = NULL;
		struct sw_err err = { .status = SW_ENOMEM };

		status = source_open_place(&u->found[i].place, &s, &err);
		if (status == SW_OK)
			status = input_add_kind(u->in, &s, &u->found[i].kind,
			    u->how, false, &err);
		source_free(&s);
		if (status != SW_OK)
			status = tell(u, &err);
	}
	return status;
}

enum sw_status input_add_archive(struct inputs *in, struct source *s,
    const char *kind, const struct input_how *how, const char *tmpdir,
    struct account *account, struct sw_err *err)
{
	struct unpacking u = { .in = in, .how = how, .account = account };
	size_t before = inputs_count(in);
	enum sw_status status = members_new(s, kind, tmpdir, &u.members, err);

	if (status != SW_OK)
		return status;
	status = unpack(&u);
	if (status == SW_OK)
		status = add_all(&u);
	members_free(&u.members);
	for (size_t i = 0; i < u.count; i++)
		source_place_fini(&u.found[i].place);
	free(u.found);
	if (status != SW_OK)
		return base_error_set(err, status, "out of memory");
	if (u.failed && err)
		*err = u.err;
	if (u.failed)
		return u.err.status;
	return inputs_count(in) > before ? SW_OK : base_error_set(err,
	    SW_EFORMAT, "%s: an archive without a capture or a log",
	    source_name(s));
}
