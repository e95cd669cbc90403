/* SPDX-License-Identifier: GPL-2.0-or-later */
/* account.c - what was not analysed, and why */
#include "base/account.h"

#include <stdlib.h>

static const char *const counter_names[] = {
	[ACCOUNT_FRAMES] = "frames",
	[ACCOUNT_FRAMES_FILTERED] = "frames_filtered",
	[ACCOUNT_FRAMES_BAD_RECORD] = "records_damaged",
	[ACCOUNT_FRAMES_LINK_TYPE] = "frames_link_type_unknown",
	[ACCOUNT_FRAMES_NOT_IP] = "frames_not_ip",
	[ACCOUNT_FRAMES_MALFORMED] = "frames_malformed",
	[ACCOUNT_FRAMES_NOT_TCP] = "frames_not_tcp",
	[ACCOUNT_FRAMES_OTHER_PORT] = "frames_other_port",
	[ACCOUNT_FRAMES_SNAPPED] = "frames_snapped",
	[ACCOUNT_FRAMES_SNAPPED_HEADER] = "frames_snapped_in_header",
	[ACCOUNT_FRAMES_BAD_CHECKSUM] = "frames_bad_checksum",
	[ACCOUNT_FRAMES_DROPPED] = "frames_dropped",
	[ACCOUNT_FRAMES_DUPLICATE] = "frames_duplicate",
	[ACCOUNT_FRAGMENTS] = "fragments",
	[ACCOUNT_FRAGMENTS_INCOMPLETE] = "datagrams_incomplete",
	[ACCOUNT_FRAGMENTS_OVERLAP] = "fragments_overlapping",
	[ACCOUNT_FRAGMENTS_LIMIT] = "datagrams_limit",
	[ACCOUNT_TCP_SEGMENTS] = "segments",
	[ACCOUNT_TCP_OCTETS] = "octets_delivered",
	[ACCOUNT_TCP_RETRANSMITTED] = "octets_retransmitted",
	[ACCOUNT_TCP_MISSING] = "octets_missing",
	[ACCOUNT_TCP_GAPS] = "gaps",
	[ACCOUNT_TCP_OUT_OF_WINDOW] = "segments_out_of_window",
	[ACCOUNT_TCP_LIMIT_FLOWS] = "connections_limit",
	[ACCOUNT_TCP_LIMIT_OCTETS] = "connections_memory_limit",
	[ACCOUNT_NIDS_IPV6] = "nids_segments_ipv6",
	[ACCOUNT_NIDS_NO_SYN] = "nids_connections_no_syn",
	[ACCOUNT_NIDS_HANDSHAKE] = "nids_connections_handshake",
	[ACCOUNT_NIDS_TAGS] = "nids_connections_tags",
	[ACCOUNT_NIDS_REUSED] = "nids_syns_ignored",
	[ACCOUNT_NIDS_BEHIND_GAP] = "nids_octets_behind_gaps",
	[ACCOUNT_NIDS_TOO_LONG] = "nids_connections_too_long",
	[ACCOUNT_NIDS_WARNINGS] = "nids_warnings",
	[ACCOUNT_ATTEMPTS_NO_ANSWER] = "attempts_no_answer",
	[ACCOUNT_ATTEMPTS_REFUSED] = "attempts_refused",
	[ACCOUNT_SESSIONS] = "sessions",
	[ACCOUNT_SESSIONS_NOT_SMTP] = "sessions_not_smtp",
	[ACCOUNT_SESSIONS_TLS] = "sessions_tls",
	[ACCOUNT_SESSIONS_FILTERED] = "sessions_filtered",
	[ACCOUNT_MESSAGES] = "messages",
	[ACCOUNT_MESSAGES_INCOMPLETE] = "messages_incomplete",
	[ACCOUNT_LINES] = "lines",
	[ACCOUNT_LINES_NOT_UNDERSTOOD] = "lines_not_understood",
	[ACCOUNT_LIMIT_EVENTS] = "limit_events",
	[ACCOUNT_LIMIT_RECIPIENTS] = "limit_recipients",
	[ACCOUNT_LIMIT_LINE] = "limit_lines_cut",
	[ACCOUNT_LIMIT_OTHER] = "limit_other",
};
_Static_assert(sizeof(counter_names) / sizeof(counter_names[0]) ==
    ACCOUNT_COUNTER_COUNT, "a name for each counter");

static const char *const list_names[] = {
	[ACCOUNT_LIST_LINK_TYPES] = "link_types",
	[ACCOUNT_LIST_NO_ANSWER] = "no_answer",
	[ACCOUNT_LIST_REFUSED] = "refused",
	[ACCOUNT_LIST_NIDS] = "nids_said",
	[ACCOUNT_LIST_LINES] = "not_understood",
	[ACCOUNT_LIST_WARNINGS] = "warnings",
};
_Static_assert(sizeof(list_names) / sizeof(list_names[0]) ==
    ACCOUNT_LIST_COUNT, "a name for each list");

void account_init(struct account *a)
{
	memset(a, 0, sizeof(*a));
}

void account_fini(struct account *a)
{
	size_t i;

	for (i = 0; i < ACCOUNT_LIST_COUNT; i++) {
		struct account_entry *e = a->lists[i], *next;

		for (; e; e = next) {
			next = e->next;
			free(e);
		}
	}
	account_init(a);
}

void account_note(struct account *a, enum account_list list,
    struct slice text, uint64_t n)
{
	struct account_entry **link = &a->lists[list];
	struct account_entry *e;

	for (; *link; link = &(*link)->next)
		if ((*link)->len == text.len &&
		    memcmp((*link)->text, text.p, text.len) == 0) {
			(*link)->count += n;
			return;
		}
	if (a->list_len[list] >= LIMIT_ACCOUNT_LIST ||
	    text.len > SIZE_MAX - sizeof(*e) ||
	    !(e = malloc(sizeof(*e) + text.len))) {
		a->list_more[list] += n;
		return;
	}
	e->next = NULL;
	e->count = n;
	e->len = text.len;
	memcpy(e->text, text.p, text.len);
	*link = e;
	a->list_len[list]++;
}

void account_note_buffer(struct account *a, enum account_list list,
    const struct buffer *b)
{
	if (b->failed)
		a->list_more[list]++;
	else
		account_note(a, list, buffer_slice(b), 1);
}

void account_merge(struct account *a, const struct account *from)
{
	const struct account_entry *e;
	size_t i;

	for (i = 0; i < ACCOUNT_COUNTER_COUNT; i++)
		a->counters[i] += from->counters[i];
	for (i = 0; i < ACCOUNT_LIST_COUNT; i++) {
		for (e = from->lists[i]; e; e = e->next)
			account_note(a, (enum account_list)i,
			    slice_make(e->text, e->len), e->count);
		a->list_more[i] += from->list_more[i];
	}
}

const char *account_counter_name(enum account_counter c)
{
	return c < ACCOUNT_COUNTER_COUNT ? counter_names[c] : NULL;
}

const char *account_list_name(enum account_list l)
{
	return l < ACCOUNT_LIST_COUNT ? list_names[l] : NULL;
}
