/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * account.h - what was not analysed, and why
 *
 * One counter for each cause, and a few keyed lists (link types, ports,
 * attempts by server endpoint, warnings).  Every room adds to the account
 * that it was given; accounts of shards are added up at the end.
 */
#ifndef BASE_ACCOUNT_H
#define BASE_ACCOUNT_H

#include "base/buffer.h"
#include "base/slice.h"

enum account_counter {
	ACCOUNT_FRAMES,             /* frames read */
	ACCOUNT_FRAMES_FILTERED,    /* left out by --filter */
	ACCOUNT_FRAMES_BAD_RECORD,  /* records skipped as damaged */
	ACCOUNT_FRAMES_LINK_TYPE,   /* of an unknown link type */
	ACCOUNT_FRAMES_NOT_IP,
	ACCOUNT_FRAMES_MALFORMED,   /* headers that contradict themselves */
	ACCOUNT_FRAMES_NOT_TCP,
	ACCOUNT_FRAMES_OTHER_PORT,
	ACCOUNT_FRAMES_SNAPPED,     /* cut by the snap length */
	ACCOUNT_FRAMES_SNAPPED_HEADER, /* so far that no TCP header is left */
	ACCOUNT_FRAMES_BAD_CHECKSUM,/* left out by --verify-checksums */
	ACCOUNT_FRAMES_DROPPED,     /* lost by the capturing side, as it says */
	ACCOUNT_FRAMES_DUPLICATE,   /* the same frame twice */
	ACCOUNT_FRAGMENTS,
	ACCOUNT_FRAGMENTS_INCOMPLETE, /* datagrams never completed */
	ACCOUNT_FRAGMENTS_OVERLAP,
	ACCOUNT_FRAGMENTS_LIMIT,
	ACCOUNT_TCP_SEGMENTS,
	ACCOUNT_TCP_OCTETS,         /* delivered, both directions */
	ACCOUNT_TCP_RETRANSMITTED,  /* octets */
	ACCOUNT_TCP_MISSING,        /* octets lost in gaps */
	ACCOUNT_TCP_GAPS,
	ACCOUNT_TCP_OUT_OF_WINDOW,  /* segments ignored */
	ACCOUNT_TCP_LIMIT_FLOWS,    /* flows given up for the flow limit */
	ACCOUNT_TCP_LIMIT_OCTETS,   /* flows released for the memory limit */
	ACCOUNT_NIDS_IPV6,          /* segments; this and what follows: what
	                               libnids does not do */
	ACCOUNT_NIDS_NO_SYN,        /* connections */
	ACCOUNT_NIDS_HANDSHAKE,     /* connections that it did not accept */
	ACCOUNT_NIDS_TAGS,          /* connections, equal in another VLAN */
	ACCOUNT_NIDS_REUSED,        /* SYNs with the ports of an open one */
	ACCOUNT_NIDS_BEHIND_GAP,    /* octets captured but not delivered */
	ACCOUNT_NIDS_TOO_LONG,      /* connections beyond 2 GiB */
	ACCOUNT_NIDS_WARNINGS,      /* its own */
	ACCOUNT_ATTEMPTS_NO_ANSWER, /* connections never answered */
	ACCOUNT_ATTEMPTS_REFUSED,
	ACCOUNT_SESSIONS,
	ACCOUNT_SESSIONS_NOT_SMTP,
	ACCOUNT_SESSIONS_TLS,       /* that turned opaque */
	ACCOUNT_SESSIONS_FILTERED,  /* not selected */
	ACCOUNT_MESSAGES,
	ACCOUNT_MESSAGES_INCOMPLETE,/* with a gap */
	ACCOUNT_LINES,              /* of logs */
	ACCOUNT_LINES_NOT_UNDERSTOOD,
	ACCOUNT_LIMIT_EVENTS,       /* left out by limits */
	ACCOUNT_LIMIT_RECIPIENTS,
	ACCOUNT_LIMIT_LINE,         /* lines cut */
	ACCOUNT_LIMIT_OTHER,
	ACCOUNT_COUNTER_COUNT
};

/* Keyed lists: how often each text was met. */
enum account_list {
	ACCOUNT_LIST_LINK_TYPES, /* unknown link types, by name or number */
	ACCOUNT_LIST_NO_ANSWER,  /* server endpoints of unanswered attempts */
	ACCOUNT_LIST_REFUSED,
	ACCOUNT_LIST_NIDS,       /* warnings of libnids */
	ACCOUNT_LIST_LINES,      /* the first lines not understood, quoted */
	ACCOUNT_LIST_WARNINGS,   /* damaged input: file, offset, what */
	ACCOUNT_LIST_COUNT
};

struct account_entry {
	struct account_entry *next;
	uint64_t count;
	size_t len;
	uint8_t text[];
};

struct account {
	uint64_t counters[ACCOUNT_COUNTER_COUNT];
	struct account_entry *lists[ACCOUNT_LIST_COUNT]; /* in order met */
	size_t list_len[ACCOUNT_LIST_COUNT];
	uint64_t list_more[ACCOUNT_LIST_COUNT]; /* beyond LIMIT_ACCOUNT_LIST */
};

/* Entries kept in one list; what is beyond is counted in list_more. */
#define LIMIT_ACCOUNT_LIST 64

void account_init(struct account *a);
void account_fini(struct account *a);
static inline void account_add(struct account *a, enum account_counter c,
    uint64_t n)
{
	a->counters[c] += n;
}
/* Count text in a list; memory failing counts in list_more. */
void account_note(struct account *a, enum account_list list,
    struct slice text, uint64_t n);
/* The same once for what a buffer holds, also one that failed. */
void account_note_buffer(struct account *a, enum account_list list,
    const struct buffer *b);
/* Add all of from to a. */
void account_merge(struct account *a, const struct account *from);
/* Name of a counter or a list in the JSON account; static string. */
const char *account_counter_name(enum account_counter c);
const char *account_list_name(enum account_list l);

#endif
