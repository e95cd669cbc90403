/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample.h - sessions that hold something of everything
 *
 * For the tests of what writes sessions and reads them back: every kind of
 * event, octets that are no UTF-8, nulls beside empty values, two parts.
 */
#ifndef UNIT_SAMPLE_H
#define UNIT_SAMPLE_H

#include <smtpwire/transcript.h>

#define B(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define NONE { NULL, 0 }
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
/* Friday 2004-02-20, 11:10:03 UTC */
#define AT(us) (INT64_C(1077275403000000000) + (us) * INT64_C(1000))

static const struct sw_part sample_parts[] = {
	{ B("dump.pcap1"), B("pcap"), 8801, 9000, 0 },
	{ B("dump.pcap2"), B("pcap"), 1, 14, 9000 },
};

static const struct sw_encryption sample_encryption = {
	true, B("TLSv1.3"), B("TLS_AES_256_GCM_SHA384"), B("mx.example.org"),
	NONE, NONE, { 2211, 5120 }, false,
};

static const struct sw_auth sample_auth[] = {
	{ 4, B("PLAIN"), B("alice"), 235 },
	{ 0, B("NTLM"), NONE, SW_UNKNOWN },
};

static const struct sw_tcp sample_tcp = {
	76, 12034000, { 4211, 1460, 0, 1460, 0 },
	{ 812, 0, 3, SW_UNKNOWN, INT64_C(1500000000) },
};

static const struct sw_param sample_params[] = {
	{ B("SIZE"), B("1234") },
	{ B("SMTPUTF8"), NONE },
	{ B("ENVID"), B("") },
};

static const struct sw_recipient sample_recipients[] = {
	{ B("b@example.org"), sample_params + 1, 1, 250, B("2.1.5 Ok"),
	  SW_RCPT_ACCEPTED, true, 452, B("4.2.2 over quota\nlater"),
	  SW_RCPT_DEFERRED },
	{ B("c@example.org"), NULL, 0, SW_UNKNOWN, NONE, SW_RCPT_UNKNOWN,
	  false, 0, NONE, SW_RCPT_ACCEPTED },
};

static const struct sw_message sample_messages[] = {
	{ 1, B("a@example.net"), sample_params, 3, sample_recipients, 2,
	  SW_METHOD_DATA, 41000, { false, { 0 } }, 1460, 212,
	  B("<m1@example.net>"), B("gr\xc3\xbc\xc3\x9f"),
	  B("A <a@example.net>"), NONE, B("Fri, 20 Feb 2004 11:10:03 +0000"),
	  250, B("2.0.0 Ok: queued as 4F1C"), SW_OUTCOME_PARTIAL, B("4F1C"),
	  B("out/00c0ffee00000001-1.incomplete.eml") },
	{ 2, NONE, NULL, 0, NULL, 0, SW_METHOD_BDAT, 86,
	  { true, { 0x9f, 0x86, 0xd0, 0x81, 0x88, 0x4c, 0x7d, 0x65, 0x9a,
	    0x2f, 0xea, 0xa0, 0xc5, 0x5a, 0xd0, 0x15, 0xa3, 0xbf, 0x4f,
	    0x1b, 0x2b, 0x0b, 0x82, 0x2c, 0xd1, 0x5d, 0x6c, 0x15, 0xb0,
	    0xf0, 0x0a, 0x08 } }, 0, SW_UNKNOWN, NONE, NONE, NONE, NONE,
	  NONE, SW_UNKNOWN, NONE, SW_OUTCOME_UNKNOWN, NONE, NONE },
	{ 3, B(""), NULL, 0, NULL, 0, SW_METHOD_NONE, SW_UNKNOWN,
	  { false, { 0 } }, SW_UNKNOWN, SW_UNKNOWN, NONE, NONE, NONE, NONE,
	  NONE, 550, B(""), SW_OUTCOME_REJECTED, NONE, NONE },
};

static const struct sw_bytes sample_greeting[] = {
	B("mx.example.org ESMTP"),
};
static const struct sw_bytes sample_ehlo[] = {
	B("mx.example.org"), B("PIPELINING"), B(""), B("SIZE 52428800"),
};
static const struct sw_bytes sample_latin1[] = {
	B("5.1.1 \x1b[31munbekannter Empf\xe4nger"), B("5.1.1 no such user"),
};
static const struct sw_gap sample_gaps[] = {
	{ 20480, 1460 }, { 40000, SW_UNKNOWN },
};

static const struct sw_tls_turn sample_turns[] = {
	{ SW_CLIENT, AT(270400), AT(270500), 2, 111, 9005, 9006 },
	{ SW_SERVER, AT(271000), AT(272000), 1, 31, 9007, 9010 },
};

static const struct sw_event sample_events[] = {
	{ 1, SW_EVENT_CONNECT, SW_CLIENT, 0, AT(120000), SW_NO_TIME, 8801,
	  8803, { .gap = { 0 } } },
	{ 2, SW_EVENT_REPLY, SW_SERVER, 0, AT(151204), SW_NO_TIME, 8804, 8804,
	  { .reply = { 220, NONE, sample_greeting, 1, 0, 26 } } },
	{ 3, SW_EVENT_COMMAND, SW_CLIENT, 0, AT(162110), SW_NO_TIME, 8805,
	  8805, { .command = { B("EHLO"), B("client.example.net"),
	  B("EHLO client.example.net"), 25 } } },
	{ 4, SW_EVENT_REPLY, SW_SERVER, 0, AT(163001), SW_NO_TIME, 8806, 8807,
	  { .reply = { 250, NONE, sample_ehlo, 4, 3, 62 } } },
	{ 5, SW_EVENT_COMMAND, SW_CLIENT, SW_BIT(SW_FLAG_MASKED), AT(163500),
	  SW_NO_TIME, 8808, 8808, { .command = { B("AUTH"), B("PLAIN ***"),
	  B("AUTH PLAIN ***"), SW_UNKNOWN } } },
	{ 6, SW_EVENT_COMMAND, SW_CLIENT,
	  SW_BIT(SW_FLAG_PIPELINED) | SW_BIT(SW_FLAG_8BIT), AT(171300),
	  SW_NO_TIME, 8809, 8809, { .command = { B("RCPT"),
	  B("TO:<empf\xe4nger@example.org>"),
	  B("RCPT TO:<empf\xe4nger@example.org>"), 34 } } },
	{ 7, SW_EVENT_REPLY, SW_SERVER, SW_BIT(SW_FLAG_8BIT), AT(172000),
	  SW_NO_TIME, 8810, 8810,
	  { .reply = { 550, B("5.1.1"), sample_latin1, 2, 6, 70 } } },
	{ 8, SW_EVENT_COMMAND, SW_CLIENT, 0, AT(172100), SW_NO_TIME, 8811,
	  8811, { .command = { NONE, NONE, B("\x01\x02?"), 5 } } },
	{ 9, SW_EVENT_COMMAND, SW_CLIENT, 0, SW_NO_TIME, SW_NO_TIME, 0, 0,
	  { .command = { B("DATA"), NONE, NONE, SW_UNKNOWN } } },
	{ 10, SW_EVENT_REPLY, SW_SERVER,
	  SW_BIT(SW_FLAG_CODE_ONLY) | SW_BIT(SW_FLAG_JOINED), AT(222000),
	  SW_NO_TIME, 8812, 8812, { .reply = { 354, NONE, NULL, 0, 9, 100 } } },
	{ 11, SW_EVENT_DATA, SW_CLIENT, 0, AT(230000), AT(260000), 8813, 8999,
	  { .data = { 9, 1, 41000, { false, { 0 } }, 1460, sample_gaps, 1,
	  true, 41005 } } },
	{ 12, SW_EVENT_GAP, SW_SERVER, 0, AT(260001), SW_NO_TIME, 9000, 9000,
	  { .gap = { 120 } } },
	{ 13, SW_EVENT_DATA, SW_CLIENT, SW_BIT(SW_FLAG_INFERRED), SW_NO_TIME,
	  AT(270000), 9001, 9001, { .data = { 0, 2, 86, { true, { 0x9f, 0x86,
	  0xd0, 0x81, 0x88, 0x4c, 0x7d, 0x65 } }, 0, NULL, 0, true, 86 } } },
	{ 14, SW_EVENT_DATA, SW_CLIENT, SW_BIT(SW_FLAG_REFUSED), AT(270100),
	  SW_NO_TIME, 9002, 9002, { .data = { 13, 0, SW_UNKNOWN,
	  { false, { 0 } }, SW_UNKNOWN, NULL, 0, false, SW_UNKNOWN } } },
	{ 15, SW_EVENT_NOTE, SW_SERVER, 0, AT(270200), SW_NO_TIME, 9003, 9003,
	  { .note = { B("disk almost full") } } },
	{ 16, SW_EVENT_TLS, SW_NOBODY, 0, AT(270300), AT(272000), 9004, 9010,
	  { .tls = { B("TLSv1.3"), B("TLS_AES_256_GCM_SHA384"),
	  B("mx.example.org"), { 2211, 5120 },
	  sample_turns, 2, true } } },
	{ 17, SW_EVENT_CLOSE, SW_CLIENT, 0, AT(273000), SW_NO_TIME, 9011, 9014,
	  { .close = { SW_CLOSE_FIN } } },
};

static const struct sw_note sample_notes[] = {
	{ SW_NOTE_REPLY_UNPROMPTED, SW_WARNING, B("no command stands before"),
	  7, 8810, 8810 },
	{ SW_NOTE_GAP, SW_PROBLEM, B("1580 octets are missing"), 0, 0, 0 },
};

/* Something of everything. */
static const struct sw_session sample_wire = {
	.id = UINT64_C(0x00c0ffee00000001),
	.source = { SW_SOURCE_WIRE, B("dump.pcap1"), B("pcap"), 8801, 9014,
	    SW_UNIT_FRAME, sample_parts, 2 },
	.recorder = SW_RECORDER_WIRE,
	.protocol = SW_PROTOCOL_SMTP,
	.clock = { SW_ZONE_UTC, 0, 1000, SW_DATE_GIVEN },
	.start = AT(120000),
	.end = AT(273000),
	.client = { B("203.0.113.7"), 49152, B("client.example.net") },
	.server = { B("192.0.2.25"), 25, B("mx.example.org") },
	.community_id = B("1:wCb3OG7yAFWelaUydu0D+125CLM="),
	.encryption = &sample_encryption,
	.auth = sample_auth,
	.auth_count = LENGTH(sample_auth),
	.ending = SW_ENDING_CLIENT_CLOSE,
	.tcp = &sample_tcp,
	.records = SW_RECORDS_ALL,
	.omitted = { 3, 0, 1, 2 },
	.messages = sample_messages,
	.message_count = LENGTH(sample_messages),
	.events = sample_events,
	.event_count = LENGTH(sample_events),
	.notes = sample_notes,
	.note_count = LENGTH(sample_notes),
};

static const struct sw_event sample_log_events[] = {
	{ 1, SW_EVENT_COMMAND, SW_CLIENT, 0, SW_NO_TIME, SW_NO_TIME, 7, 7,
	  { .command = { B("DATA"), NONE, NONE, SW_UNKNOWN } } },
	{ 2, SW_EVENT_DATA, SW_CLIENT, SW_BIT(SW_FLAG_INFERRED), SW_NO_TIME,
	  AT(1000000), 7, 7, { .data = { 1, 1, 1399, { false, { 0 } },
	  SW_UNKNOWN, NULL, 0, false, SW_UNKNOWN } } },
	{ 3, SW_EVENT_REPLY, SW_SERVER,
	  SW_BIT(SW_FLAG_CODE_ONLY) | SW_BIT(SW_FLAG_JOINED), AT(1000000),
	  SW_NO_TIME, 7, 7, { .reply = { 250, NONE, NULL, 0, 2, 100 } } },
};

static const struct sw_message sample_log_messages[] = {
	{ 1, B("a@example.org"), NULL, 0, NULL, 0, SW_METHOD_DATA, 1399,
	  { false, { 0 } }, SW_UNKNOWN, SW_UNKNOWN, NONE, NONE, NONE, NONE,
	  NONE, 250, NONE, SW_OUTCOME_ACCEPTED, NONE, NONE },
};

/* A row of a log, local times of a known zone, no packets. */
static const struct sw_session sample_log = {
	.id = UINT64_C(0xfedcba9876543210),
	.source = { SW_SOURCE_LOG, B("ex061009.log"), B("iis-w3c"), 7, 7,
	    SW_UNIT_ROW, NULL, 0 },
	.recorder = SW_RECORDER_SERVER,
	.protocol = SW_PROTOCOL_LMTP,
	.clock = { SW_ZONE_OFFSET, -12600, 1000000000, SW_DATE_GIVEN },
	.start = AT(0),
	.end = AT(1000000),
	.client = { B("2001:db8::7"), SW_UNKNOWN, NONE },
	.server = { NONE, SW_UNKNOWN, NONE },
	.ending = SW_ENDING_INPUT_ENDED,
	.records = SW_BIT(SW_RECORDS_COMMAND) | SW_BIT(SW_RECORDS_TIMES),
	.messages = sample_log_messages,
	.message_count = LENGTH(sample_log_messages),
	.events = sample_log_events,
	.event_count = LENGTH(sample_log_events),
};

/* Nothing known at all. */
static const struct sw_session sample_bare = {
	.recorder = SW_RECORDER_CLIENT,
	.source = { .kind = SW_SOURCE_LOG, .unit = SW_UNIT_LINE },
	.clock = { SW_ZONE_NONE, 0, 0, SW_DATE_NONE },
	.start = SW_NO_TIME,
	.end = SW_NO_TIME,
	.client = { .port = SW_UNKNOWN },
	.server = { .port = SW_UNKNOWN },
	.ending = SW_ENDING_QUIT,
};

/* Times of day only; the end is after midnight. */
static const struct sw_session sample_times_of_day = {
	.recorder = SW_RECORDER_CLIENT,
	.source = { .kind = SW_SOURCE_LOG, .unit = SW_UNIT_LINE },
	.clock = { SW_ZONE_LOCAL, 0, 1000000, SW_DATE_NONE },
	.start = INT64_C(86399500) * 1000000,
	.end = INT64_C(86400250) * 1000000,
	.client = { B("2001:db8::7"), 1025, NONE },
	.server = { B("2001:db8::25"), 25, NONE },
	.ending = SW_ENDING_IDLE,
};

static const struct sw_session *const samples[] = {
	&sample_wire, &sample_log, &sample_bare, &sample_times_of_day,
};

#endif
