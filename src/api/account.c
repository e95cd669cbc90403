/* SPDX-License-Identifier: GPL-2.0-or-later */
/* account.c - the account for people, and as JSON */
#include "api/reader.h"
#include "base/buffer.h"
#include "base/escape.h"

/* A sentence for each cause; %s is replaced by the number. */
static const char *const sentences[] = {
	[ACCOUNT_FRAMES] = "frames read",
	[ACCOUNT_FRAMES_FILTERED] = "frames left out by --filter",
	[ACCOUNT_FRAMES_BAD_RECORD] = "damaged records skipped",
	[ACCOUNT_FRAMES_LINK_TYPE] = "frames of an unknown link type",
	[ACCOUNT_FRAMES_NOT_IP] = "frames that are not IP",
	[ACCOUNT_FRAMES_MALFORMED] = "frames with malformed headers",
	[ACCOUNT_FRAMES_NOT_TCP] = "frames that are not TCP",
	[ACCOUNT_FRAMES_OTHER_PORT] = "frames of other ports",
	[ACCOUNT_FRAMES_SNAPPED] = "frames cut by the snap length",
	[ACCOUNT_FRAMES_SNAPPED_HEADER] =
	    "frames cut so short that no TCP header is left",
	[ACCOUNT_FRAMES_BAD_CHECKSUM] = "frames with wrong checksums left out",
	[ACCOUNT_FRAMES_DROPPED] =
	    "frames dropped by the capturing side, as it says",
	[ACCOUNT_FRAMES_DUPLICATE] = "frames seen twice",
	[ACCOUNT_FRAGMENTS] = "IP fragments",
	[ACCOUNT_FRAGMENTS_INCOMPLETE] =
	    "fragmented datagrams never completed",
	[ACCOUNT_FRAGMENTS_OVERLAP] = "overlapping fragments",
	[ACCOUNT_FRAGMENTS_LIMIT] =
	    "fragmented datagrams given up for a limit",
	[ACCOUNT_TCP_SEGMENTS] = "TCP segments",
	[ACCOUNT_TCP_OCTETS] = "octets of streams told",
	[ACCOUNT_TCP_RETRANSMITTED] = "octets sent again",
	[ACCOUNT_TCP_MISSING] = "octets missing from streams",
	[ACCOUNT_TCP_GAPS] = "gaps in streams",
	[ACCOUNT_TCP_OUT_OF_WINDOW] = "segments out of window ignored",
	[ACCOUNT_TCP_LIMIT_FLOWS] =
	    "connections given up for the limit on their number",
	[ACCOUNT_TCP_LIMIT_OCTETS] =
	    "connections released for the limit on memory",
	[ACCOUNT_NIDS_IPV6] = "segments over IPv6, which libnids cannot read",
	[ACCOUNT_NIDS_NO_SYN] =
	    "connections without a SYN, which libnids does not follow",
	[ACCOUNT_NIDS_HANDSHAKE] =
	    "connections whose handshake libnids did not take",
	[ACCOUNT_NIDS_TAGS] =
	    "connections that are one of another VLAN or tunnel to libnids",
	[ACCOUNT_NIDS_REUSED] =
	    "SYNs on ports of an open connection, which libnids ignored",
	[ACCOUNT_NIDS_BEHIND_GAP] =
	    "octets captured behind gaps, where libnids stops",
	[ACCOUNT_NIDS_TOO_LONG] =
	    "connections ended at the 2 GiB that libnids can count",
	[ACCOUNT_NIDS_WARNINGS] = "warnings of libnids",
	[ACCOUNT_ATTEMPTS_NO_ANSWER] =
	    "connection attempts without an answer",
	[ACCOUNT_ATTEMPTS_REFUSED] = "connection attempts refused",
	[ACCOUNT_SESSIONS] = "sessions",
	[ACCOUNT_SESSIONS_NOT_SMTP] = "sessions that are not SMTP",
	[ACCOUNT_SESSIONS_TLS] = "sessions that turned to TLS",
	[ACCOUNT_SESSIONS_FILTERED] = "sessions not selected",
	[ACCOUNT_MESSAGES] = "messages",
	[ACCOUNT_MESSAGES_INCOMPLETE] = "messages with gaps",
	[ACCOUNT_LINES] = "log lines",
	[ACCOUNT_LINES_NOT_UNDERSTOOD] = "log lines that no rule understood",
	[ACCOUNT_LIMIT_EVENTS] = "events beyond the limit of a session",
	[ACCOUNT_LIMIT_RECIPIENTS] =
	    "recipients beyond the limit of a message",
	[ACCOUNT_LIMIT_LINE] = "lines cut to the limit",
	[ACCOUNT_LIMIT_OTHER] = "things left out by other limits",
};
_Static_assert(sizeof(sentences) / sizeof(sentences[0]) ==
    ACCOUNT_COUNTER_COUNT, "a sentence for each counter");

static struct slice text_of(const struct account_entry *e)
{
	return slice_make(e->text, e->len);
}

/* "  no_answer: 192.0.2.1:25 (3), ..." */
static void list_for_people(struct buffer *b, const struct account *a,
    enum account_list list)
{
	const struct account_entry *e;

	for (e = a->lists[list]; e; e = e->next) {
		buffer_append_str(b, "             ");
		escape_text(b, text_of(e));
		if (e->count > 1) {
			buffer_append_str(b, " (");
			buffer_append_u64(b, e->count);
			buffer_append_str(b, ")");
		}
		buffer_append_str(b, "\n");
	}
	if (a->list_more[list] == 0)
		return;
	buffer_append_str(b, "             and ");
	buffer_append_u64(b, a->list_more[list]);
	buffer_append_str(b, " more\n");
}

/* The list that tells more of a counter; ACCOUNT_LIST_COUNT: none. */
static enum account_list list_of(enum account_counter c)
{
	if (c == ACCOUNT_FRAMES_LINK_TYPE)
		return ACCOUNT_LIST_LINK_TYPES;
	if (c == ACCOUNT_ATTEMPTS_NO_ANSWER)
		return ACCOUNT_LIST_NO_ANSWER;
	if (c == ACCOUNT_ATTEMPTS_REFUSED)
		return ACCOUNT_LIST_REFUSED;
	if (c == ACCOUNT_NIDS_WARNINGS)
		return ACCOUNT_LIST_NIDS;
	if (c == ACCOUNT_LINES_NOT_UNDERSTOOD)
		return ACCOUNT_LIST_LINES;
	return ACCOUNT_LIST_COUNT;
}

static void list_below(struct buffer *b, const struct account *a,
    enum account_counter c)
{
	enum account_list list = list_of(c);

	if (list != ACCOUNT_LIST_COUNT)
		list_for_people(b, a, list);
}

static void for_people(struct buffer *b, const struct account *a)
{
	size_t c, empty;

	buffer_append_str(b, "account:\n");
	empty = b->len;
	for (c = 0; c < ACCOUNT_COUNTER_COUNT; c++) {
		struct buffer n;

		if (a->counters[c] == 0)
			continue;
		buffer_init(&n, 32);
		buffer_append_u64(&n, a->counters[c]);
		buffer_append(b, "            ", n.len < 11 ? 11 - n.len : 0);
		buffer_append_slice(b, buffer_slice(&n));
		buffer_append_str(b, "  ");
		buffer_append_str(b, sentences[c]);
		buffer_append_str(b, "\n");
		buffer_fini(&n);
		list_below(b, a, (enum account_counter)c);
	}
	if (b->len == empty)
		buffer_append_str(b, "             nothing was read\n");
	if (a->counters[ACCOUNT_SESSIONS] == 0 &&
	    a->counters[ACCOUNT_FRAMES_OTHER_PORT] > 0)
		buffer_append_str(b, "             no session: --any-port "
		    "finds those of other ports, too\n");
}

/* "entries":[...],"more":N */
static void members_of_list(struct buffer *b, const struct account *a,
    enum account_list list)
{
	const struct account_entry *e;

	buffer_append_str(b, "\"entries\":[");
	for (e = a->lists[list]; e; e = e->next) {
		buffer_append_str(b, e == a->lists[list] ? "{\"text\":" :
		    ",{\"text\":");
		escape_json(b, text_of(e));
		buffer_append_str(b, ",\"count\":");
		buffer_append_u64(b, e->count);
		buffer_append_str(b, "}");
	}
	buffer_append_str(b, "],\"more\":");
	buffer_append_u64(b, a->list_more[list]);
}

static void list_as_json(struct buffer *b, const struct account *a,
    enum account_list list)
{
	buffer_append_str(b, ",\"");
	buffer_append_str(b, account_list_name(list));
	buffer_append_str(b, "\":{");
	members_of_list(b, a, list);
	buffer_append_str(b, "}");
}

/* All but the brace behind it. */
static void as_json(struct buffer *b, const struct account *a)
{
	size_t i;

	buffer_append_str(b, "{\"account\":1");
	for (i = 0; i < ACCOUNT_COUNTER_COUNT; i++) {
		buffer_append_str(b, ",\"");
		buffer_append_str(b,
		    account_counter_name((enum account_counter)i));
		buffer_append_str(b, "\":");
		buffer_append_u64(b, a->counters[i]);
	}
	for (i = 0; i < ACCOUNT_LIST_COUNT; i++)
		list_as_json(b, a, (enum account_list)i);
}

void account_json(struct buffer *b, const struct account *a,
    const struct account *logs)
{
	as_json(b, a);
	if (logs) {
		buffer_append_str(b, ",\"logs\":");
		as_json(b, logs);
		buffer_append_str(b, "}");
	}
	buffer_append_str(b, "}");
}

void account_about(struct buffer *b, const struct account *a)
{
	const char *before = "[";
	size_t c;

	for (c = 0; c < ACCOUNT_COUNTER_COUNT; c++) {
		enum account_list list = list_of((enum account_counter)c);

		if (a->counters[c] == 0)
			continue;
		buffer_append_str(b, before);
		before = ",";
		buffer_append_str(b, "{\"name\":\"");
		buffer_append_str(b,
		    account_counter_name((enum account_counter)c));
		buffer_append_str(b, "\",\"count\":");
		buffer_append_u64(b, a->counters[c]);
		buffer_append_str(b, ",\"what\":\"");
		buffer_append_str(b, sentences[c]);
		buffer_append_str(b, "\"");
		if (list != ACCOUNT_LIST_COUNT) {
			buffer_append_str(b, ",");
			members_of_list(b, a, list);
		}
		buffer_append_str(b, "}");
	}
	buffer_append_str(b, before[0] == '[' ? "[]" : "]");
}

/* logs: as of account_json; for people NULL. */
static enum sw_status write_account(const struct sw_account *a,
    const struct sw_account *logs, bool json, sw_write_fn write, void *ctx)
{
	enum sw_status status = SW_OK;
	struct buffer b;

	buffer_init(&b, SIZE_MAX / 2);
	if (json) {
		account_json(&b, &a->a, logs ? &logs->a : NULL);
		buffer_append_str(&b, "\n");
	} else {
		for_people(&b, &a->a);
	}
	if (b.failed)
		status = SW_ENOMEM;
	else if (write(ctx, b.p, b.len) != 0)
		status = SW_EWRITE;
	buffer_fini(&b);
	return status;
}

enum sw_status sw_account_write(const struct sw_account *a, bool json,
    sw_write_fn write, void *ctx)
{
	return write_account(a, NULL, json, write, ctx);
}

enum sw_status sw_watch_account_write(const struct sw_watch *w,
    const struct sw_account *wire, sw_write_fn write, void *ctx)
{
	return write_account(wire, sw_watch_account(w), true, write, ctx);
}
