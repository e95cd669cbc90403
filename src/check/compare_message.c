/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare_message.c - the messages of two records of one session */
#include "check/compare.h"

#include <stdlib.h>

/* Recipients that are compared one by one; beyond it only their number. */
#define RECIPIENTS_MAX 4096

static struct about about_message(const struct sw_message *l,
    const struct sw_message *r, enum sw_finding_kind kind,
    enum sw_side side)
{
	struct about a = { .kind = kind, .side = side };

	a.message = l ? l->n : r->n;
	return a;
}

/* --- content -------------------------------------------------------------- */

/* Is its content known to be whole?  A log does not say that octets are
 * missing, a capture that does not know their number does. */
static bool is_whole(const struct sw_session *s, const struct sw_message *m)
{
	return m->size != SW_UNKNOWN && (m->missing == 0 ||
	    (m->missing == SW_UNKNOWN && s->source.kind == SW_SOURCE_LOG));
}

/* Did anybody say that the content was complete? */
static bool is_ended(const struct sw_message *m)
{
	return m->outcome != SW_OUTCOME_ABORTED &&
	    m->outcome != SW_OUTCOME_UNKNOWN;
}

static struct sw_bytes number(struct judge *j, int64_t v)
{
	struct sw_bytes text;
	struct buffer b;

	buffer_init(&b, 64);
	buffer_append_i64(&b, v);
	buffer_append_str(&b, " octets");
	text = arena_copy(j->arena, buffer_slice(&b));
	buffer_fini(&b);
	if (!text.data)
		j->memory = true;
	return text;
}

/* Content with other ends of lines than CR LF: logs that tell it line by line
 * do not say how each ended, or break off at the first. */
static bool has_bare_ends(const struct sw_session *s, uint32_t message)
{
	const uint32_t bare = SW_BIT(SW_FLAG_BARE_LF) |
	    SW_BIT(SW_FLAG_BARE_CR) | SW_BIT(SW_FLAG_NUL);
	size_t i;

	for (i = 0; i < s->event_count; i++) {
		const struct sw_event *e = &s->events[i];

		if (e->kind == SW_EVENT_DATA && e->u.data.message ==
		    message && e->flags & bare)
			return true;
	}
	return false;
}

/* Is the content of either told in lines that cannot tell their ends? */
static bool is_inexact(const struct judge *j, const struct sw_message *l,
    const struct sw_message *r)
{
	const struct sw_session *x = j->s[SW_LEFT], *y = j->s[SW_RIGHT];
	bool x_lines = x->source.kind == SW_SOURCE_LOG &&
	    compare_records(x, SW_RECORDS_BODY);
	bool y_lines = y->source.kind == SW_SOURCE_LOG &&
	    compare_records(y, SW_RECORDS_BODY);

	/* How a log's own lines end says nothing. */
	return (x_lines && !y_lines && has_bare_ends(y, r->n)) ||
	    (y_lines && !x_lines && has_bare_ends(x, l->n));
}

/* A capture lacks an unknown number of octets of it. */
static bool is_snapped(const struct judge *j, const struct sw_message *l,
    const struct sw_message *r)
{
	return (l->size != SW_UNKNOWN && l->missing == SW_UNKNOWN &&
	    j->s[SW_LEFT]->source.kind == SW_SOURCE_WIRE) ||
	    (r->size != SW_UNKNOWN && r->missing == SW_UNKNOWN &&
	    j->s[SW_RIGHT]->source.kind == SW_SOURCE_WIRE);
}

static void compare_content(struct judge *j, const struct sw_message *l,
    const struct sw_message *r)
{
	struct about a;

	if (l->missing > 0 || r->missing > 0 || is_snapped(j, l, r)) {
		j->undecided |= SW_BIT(SW_UNDECIDED_CONTENT);
		return;
	}
	if (is_inexact(j, l, r) || !is_ended(l) || !is_ended(r))
		return;
	if (is_whole(j->s[SW_LEFT], l) && is_whole(j->s[SW_RIGHT], r) &&
	    l->size != r->size) {
		a = about_message(l, r, SW_FOUND_MESSAGE_SIZE_CHANGED,
		    SW_NO_SIDE);
		a.left_text = number(j, l->size);
		a.right_text = number(j, r->size);
		check_find(j, &a, "The message has another size on either "
		    "side: it was altered between the two points (a filter "
		    "that adds or removes something), or it was cut.");
	} else if (l->sha256.known && r->sha256.known &&
	    memcmp(l->sha256.octets, r->sha256.octets,
	    sizeof(l->sha256.octets)) != 0) {
		a = about_message(l, r, SW_FOUND_MESSAGE_CONTENT_CHANGED,
		    SW_NO_SIDE);
		check_find(j, &a, "The message has as many octets on both "
		    "sides, but not the same: it was altered between the two "
		    "points.  Write both with read --eml and compare them.");
	}
}

static void compare_header(struct judge *j, const struct sw_message *l,
    const struct sw_message *r, const char *name, struct sw_bytes x,
    struct sw_bytes y)
{
	struct about a;

	if (!x.data || !y.data ||
	    slice_eq(compare_slice(x), compare_slice(y)))
		return;
	a = about_message(l, r, SW_FOUND_HEADER_CHANGED, SW_NO_SIDE);
	a.left_text = x;
	a.right_text = y;
	check_find(j, &a, "%s differs between the two points: the header was "
	    "rewritten on the way.", name);
}

/* --- recipients ----------------------------------------------------------- */

static int compare_paths(const void *a, const void *b)
{
	const struct sw_bytes *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len, i;

	for (i = 0; i < n; i++) {
		uint8_t c = ascii_lower(x->data[i]);
		uint8_t d = ascii_lower(y->data[i]);

		if (c != d)
			return c < d ? -1 : 1;
	}
	return x->len < y->len ? -1 : x->len > y->len;
}

/* Paths in order; NULL: too many, or no memory. */
static struct sw_bytes *sorted(struct judge *j, const struct sw_message *m)
{
	struct sw_bytes *list;
	size_t i;

	if (m->recipient_count > RECIPIENTS_MAX)
		return NULL;
	list = arena_calloc(j->arena, m->recipient_count + 1,
	    sizeof(*list));
	for (i = 0; list && i < m->recipient_count; i++)
		list[i] = m->recipients[i].to;
	if (list && m->recipient_count > 1)
		qsort(list, m->recipient_count, sizeof(*list),
		    compare_paths);
	return list;
}

static void missing_recipient(struct judge *j, const struct sw_message *l,
    const struct sw_message *r, enum sw_side side, struct sw_bytes path)
{
	struct about a = about_message(l, r, SW_FOUND_RECIPIENT_MISSING,
	    side);

	a.recipient = path;
	check_find(j, &a, "This recipient is named on one side only: it was "
	    "dropped or added between the two points, or one record is "
	    "not complete.");
}

static bool paths_known(const struct sw_message *m)
{
	size_t i;

	for (i = 0; i < m->recipient_count; i++)
		if (!m->recipients[i].to.data)
			return false;
	return true;
}

static bool tells_commands(const struct sw_session *s)
{
	return compare_records(s, SW_RECORDS_COMMAND) &&
	    s->omitted.events == 0;
}

static void compare_recipients(struct judge *j, const struct sw_message *l,
    const struct sw_message *r)
{
	struct sw_bytes *x, *y;
	size_t i = 0, k = 0;

	if (!paths_known(l) || !paths_known(r) ||
	    !compare_records(j->s[0], SW_RECORDS_ARGUMENT) ||
	    !compare_records(j->s[1], SW_RECORDS_ARGUMENT))
		return;
	/* Where both tell the commands, these tell it. */
	if (tells_commands(j->s[SW_LEFT]) && tells_commands(j->s[SW_RIGHT]))
		return;
	x = sorted(j, l);
	y = sorted(j, r);
	if (!x || !y)
		return;
	while (i < l->recipient_count || k < r->recipient_count) {
		int order = i == l->recipient_count ? 1 :
		    k == r->recipient_count ? -1 : compare_paths(&x[i],
		    &y[k]);

		if (order < 0)
			missing_recipient(j, l, r, SW_RIGHT, x[i]);
		else if (order > 0)
			missing_recipient(j, l, r, SW_LEFT, y[k]);
		i += order <= 0;
		k += order >= 0;
	}
}

/* --- all of it ------------------------------------------------------------ */

static bool same_id(const struct sw_message *a, const struct sw_message *b)
{
	return a->message_id.data && b->message_id.data &&
	    slice_eq(compare_slice(a->message_id),
	    compare_slice(b->message_id));
}

static bool other_id(const struct sw_message *a, const struct sw_message *b)
{
	return a->message_id.data && b->message_id.data && !same_id(a, b);
}

/* The server names no two messages alike. */
static bool same_queue_id(const struct sw_message *a,
    const struct sw_message *b)
{
	return a->queue_id.data && b->queue_id.data &&
	    slice_eq(compare_slice(a->queue_id), compare_slice(b->queue_id));
}

/* Each side's capture may lack the message of the other's. */
static void explain_gaps(struct judge *j, const struct sw_message *l,
    const struct sw_message *r)
{
	struct about a = about_message(l, r, SW_FOUND_CAPTURE_GAP,
	    SW_NO_SIDE);

	a.left_text = l->message_id;
	a.right_text = r->message_id;
	j->undecided |= SW_BIT(SW_UNDECIDED_GAP);
	check_find(j, &a, "The Message-ID differs, and the captures of both "
	    "sides lack octets of the session: these may be two messages, "
	    "each of which the other capture lacks.");
}

static void compare_both(struct judge *j, const struct sw_message *a,
    const struct sw_message *b)
{
	if (j->gaps[SW_LEFT] && j->gaps[SW_RIGHT] && other_id(a, b) &&
	    !same_queue_id(a, b)) {
		explain_gaps(j, a, b);
		return;
	}
	compare_content(j, a, b);
	compare_recipients(j, a, b);
	compare_header(j, a, b, "The Message-ID", a->message_id,
	    b->message_id);
	compare_header(j, a, b, "The subject", a->subject, b->subject);
}

/* Those whose contents stand side by side.  What is missing whole is told by
 * its commands. */
static void compare_by_rows(struct judge *j)
{
	const struct sw_message *last = NULL;
	size_t i;

	for (i = 0; i < j->row_count; i++) {
		const struct sw_message *a = align_message(j->s[SW_LEFT],
		    compare_event(j, SW_LEFT, i));
		const struct sw_message *b = align_message(j->s[SW_RIGHT],
		    compare_event(j, SW_RIGHT, i));

		/* Chunks have an event each. */
		if (a && b && a != last)
			compare_both(j, a, b);
		last = a ? a : last;
	}
}

static int compare_ids(const void *a, const void *b)
{
	const struct sw_bytes *x = a, *y = b;
	int order;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	order = memcmp(x->data, y->data, x->len);
	return order < 0 ? -1 : order > 0;
}

/* Message-IDs in order, *n_r of them; NULL: no memory. */
static struct sw_bytes *sorted_ids(struct judge *j,
    const struct sw_session *s, size_t *n_r)
{
	struct sw_bytes *list = arena_calloc(j->arena, s->message_count + 1,
	    sizeof(*list));
	size_t n = 0, i;

	for (i = 0; list && i < s->message_count; i++)
		if (s->messages[i].message_id.data)
			list[n++] = s->messages[i].message_id;
	if (!list)
		j->memory = true;
	else if (n > 1)
		qsort(list, n, sizeof(*list), compare_ids);
	*n_r = n;
	return list;
}

/* As many on both sides, but a message of the one is that of another number
 * on the other: each lacks one. */
static bool are_shifted(struct judge *j)
{
	const struct sw_session *l = j->s[SW_LEFT], *r = j->s[SW_RIGHT];
	struct sw_bytes *ids = NULL;
	size_t i, n = 0;

	for (i = 0; i < l->message_count; i++) {
		if (!other_id(&l->messages[i], &r->messages[i]))
			continue;
		if (!ids)
			ids = sorted_ids(j, r, &n);
		if (!ids)
			return false;
		if (bsearch(&l->messages[i].message_id, ids, n, sizeof(*ids),
		    compare_ids))
			return true;
	}
	return false;
}

void compare_messages(struct judge *j)
{
	const struct sw_session *l = j->s[SW_LEFT], *r = j->s[SW_RIGHT];
	size_t i;

	if (l->message_count != r->message_count || are_shifted(j)) {
		compare_by_rows(j);
		return;
	}
	for (i = 0; i < l->message_count; i++)
		compare_both(j, &l->messages[i], &r->messages[i]);
}
