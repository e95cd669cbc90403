/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transcript.h - the normalized transcript: one SMTP session as plain data
 *
 * Every source (a packet capture, the log of a server or of a client) ends
 * in these structs, and every output reads them and nothing else.  The JSON
 * form of each struct, with names and order of its fields, is described in
 * smtpwire-transcript(5).
 *
 * Ownership: a session and all that it points to is read-only and belongs
 * to the reader that returned it; it stays valid until the next call of
 * sw_reader_next() or sw_reader_free().
 *
 * Not known: a string whose data is NULL, a number that is SW_UNKNOWN, a
 * time that is SW_NO_TIME.  What is not known is never replaced by a guess;
 * what was concluded bears SW_FLAG_INFERRED.
 */
#ifndef SMTPWIRE_TRANSCRIPT_H
#define SMTPWIRE_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* The version of the transcript that this library tells. */
#define SW_TRANSCRIPT_VERSION 1

/* A number that the source does not tell (JSON null). */
#define SW_UNKNOWN (-1)
/* A time that the source does not tell (JSON null). */
#define SW_NO_TIME INT64_MIN

/*
 * Octets with a length, not terminated; may hold any octet, NUL included.
 * data == NULL: not known (null); data != NULL and len == 0: empty.
 */
struct sw_bytes {
	const uint8_t *data;
	size_t len; /* octets */
};

enum sw_source_kind { SW_SOURCE_WIRE, SW_SOURCE_LOG, SW_SOURCE_KIND_COUNT };
/* What `at` counts: frames of a capture, lines of a log, rows of a table. */
enum sw_unit { SW_UNIT_FRAME, SW_UNIT_LINE, SW_UNIT_ROW, SW_UNIT_COUNT };
/* Who wrote this record. */
enum sw_recorder {
	SW_RECORDER_WIRE,
	SW_RECORDER_SERVER,
	SW_RECORDER_CLIENT,
	SW_RECORDER_COUNT
};
enum sw_protocol { SW_PROTOCOL_SMTP, SW_PROTOCOL_LMTP, SW_PROTOCOL_COUNT };
/* The role by the protocol; SW_NOBODY: both or neither (JSON null). */
enum sw_role { SW_CLIENT, SW_SERVER, SW_NOBODY, SW_ROLE_COUNT };

enum sw_zone_kind {
	SW_ZONE_UTC,    /* times are UTC */
	SW_ZONE_OFFSET, /* times are UTC; the source's own offset is known */
	SW_ZONE_LOCAL,  /* local times of an unknown zone */
	SW_ZONE_NONE,   /* no times at all */
	SW_ZONE_COUNT
};
enum sw_date_kind {
	SW_DATE_GIVEN,
	SW_DATE_ASSUMED,
	SW_DATE_NONE, /* times of day only: ns since midnight */
	SW_DATE_COUNT
};

/*
 * How times are to be read.  Times are nanoseconds since 1970-01-01T00:00
 * UTC; with SW_ZONE_LOCAL since 1970-01-01T00:00 local time; with
 * SW_DATE_NONE since midnight.  With SW_ZONE_OFFSET the times are UTC
 * already and offset_s is only how they are printed.
 */
struct sw_clock {
	enum sw_zone_kind zone;
	int32_t offset_s;      /* seconds east of UTC, with SW_ZONE_OFFSET */
	int64_t resolution_ns; /* of the source: 1000, 1000000000, ...; 0: no
	                          times */
	enum sw_date_kind date;
};

/* One file (or table) of a source; `at - base` is the file's own number. */
struct sw_part {
	struct sw_bytes name;
	struct sw_bytes format; /* "pcap", "pcapng", "netmon2", "iis-w3c" */
	uint64_t first, last;   /* first and last number in that file */
	uint64_t base;
};

struct sw_source {
	enum sw_source_kind kind;
	struct sw_bytes name, format; /* of the first part */
	uint64_t first, last;         /* first and last `at` of the session */
	enum sw_unit unit;
	const struct sw_part *parts;
	size_t part_count;
};

struct sw_endpoint {
	struct sw_bytes ip;   /* textual, RFC 5952 for IPv6 */
	int32_t port;         /* SW_UNKNOWN */
	struct sw_bytes name; /* client: of HELO; server: of the greeting */
};

/* Octets each way. */
struct sw_octets {
	int64_t client, server;
};

struct sw_encryption {
	bool starttls; /* false: TLS from the first octet */
	struct sw_bytes version, cipher, sni, subject, issuer;
	struct sw_octets octets; /* opaque octets each way */
	bool decrypted;          /* the record goes on in clear */
};

struct sw_auth {
	uint32_t event; /* n of the AUTH command */
	struct sw_bytes mechanism;
	struct sw_bytes user; /* decoded where that can be done */
	int32_t code;         /* of the final reply, SW_UNKNOWN */
};

enum sw_ending {
	SW_ENDING_QUIT,
	SW_ENDING_CLIENT_CLOSE,
	SW_ENDING_SERVER_CLOSE,
	SW_ENDING_CLIENT_RESET,
	SW_ENDING_SERVER_RESET,
	SW_ENDING_IDLE,
	SW_ENDING_REUSED,
	SW_ENDING_LIMIT,
	SW_ENDING_NO_ANSWER,
	SW_ENDING_REFUSED,
	SW_ENDING_INPUT_ENDED,
	SW_ENDING_COUNT
};

struct sw_tcp_side {
	int64_t octets;        /* of the stream, each once */
	int64_t retransmitted; /* octets seen again */
	int64_t unacked;       /* octets at the end that were never
	                          acknowledged */
	int32_t mss;           /* of its SYN, SW_UNKNOWN */
	int64_t zero_window_ns; /* time during which it announced window 0 */
};

struct sw_tcp {
	uint64_t frames;
	int64_t syn_rtt_ns; /* SYN to the ACK of the SYN-ACK, SW_UNKNOWN */
	struct sw_tcp_side client, server;
};

/* What a source is able to record; a set of 1u << value. */
enum sw_record {
	SW_RECORDS_CLIENT_ADDRESS,
	SW_RECORDS_CLIENT_PORT,
	SW_RECORDS_SERVER_ADDRESS,
	SW_RECORDS_SERVER_PORT,
	SW_RECORDS_GREETING,
	SW_RECORDS_COMMAND,
	SW_RECORDS_ARGUMENT,
	SW_RECORDS_REPLY_CODE,
	SW_RECORDS_REPLY_TEXT,
	SW_RECORDS_REPLY_LINES,
	SW_RECORDS_INTERMEDIATE_REPLIES,
	SW_RECORDS_BODY,
	SW_RECORDS_BODY_SIZE,
	SW_RECORDS_CLOSE,
	SW_RECORDS_TIMES,
	SW_RECORDS_COUNT
};
#define SW_RECORDS_ALL ((1u << SW_RECORDS_COUNT) - 1u)

/* What limits left out of the lists; counts and verdicts stay right. */
struct sw_omitted {
	uint64_t events, recipients, notes, messages;
};

/* Flags of events, a set of 1u << value, told in this order. */
enum sw_flag {
	SW_FLAG_PIPELINED,
	SW_FLAG_MASKED,
	SW_FLAG_TRUNCATED,
	SW_FLAG_OVERLONG,
	SW_FLAG_CODE_ONLY,
	SW_FLAG_FIRST_LINE_ONLY,
	SW_FLAG_JOINED,
	SW_FLAG_INFERRED,
	SW_FLAG_AFTER_GAP,
	SW_FLAG_UNACKED,
	SW_FLAG_REFUSED,
	SW_FLAG_TURNED,
	SW_FLAG_BARE_LF,
	SW_FLAG_BARE_CR,
	SW_FLAG_NUL,
	SW_FLAG_8BIT,
	SW_FLAG_COUNT
};
#define SW_BIT(x) (1u << (x))

enum sw_event_kind {
	SW_EVENT_CONNECT,
	SW_EVENT_COMMAND,
	SW_EVENT_REPLY,
	SW_EVENT_DATA,
	SW_EVENT_TLS,
	SW_EVENT_GAP,
	SW_EVENT_CLOSE,
	SW_EVENT_NOTE,
	SW_EVENT_KIND_COUNT
};

enum sw_close_how {
	SW_CLOSE_FIN,
	SW_CLOSE_RST,
	SW_CLOSE_LOGGED,
	SW_CLOSE_HOW_COUNT
};

/* A stretch of content that the record lacks. */
struct sw_gap {
	uint64_t offset; /* in the content, lost octets counted */
	int64_t length;  /* octets, SW_UNKNOWN */
};

struct sw_digest {
	bool known;
	uint8_t octets[32]; /* SHA-256 */
};

struct sw_command {
	struct sw_bytes verb;     /* upper case; null: no verb */
	struct sw_bytes argument; /* empty: none; null: not recorded */
	struct sw_bytes line;     /* without its end */
	int64_t octets;           /* with its end */
};

struct sw_reply {
	int32_t code; /* of the last line, SW_UNKNOWN without digits */
	struct sw_bytes enhanced;     /* "2.1.0" */
	const struct sw_bytes *lines; /* texts after code and separator */
	size_t line_count;
	uint32_t to; /* n of what it answers, 0: nothing */
	int64_t octets;
};

struct sw_data {
	uint32_t of;      /* n of the DATA, BDAT or XEXCH50, 0: not seen */
	uint32_t message; /* number of its message, 0: none */
	int64_t size;     /* octets present after un-stuffing */
	struct sw_digest sha256;
	int64_t missing; /* lost octets, SW_UNKNOWN */
	const struct sw_gap *gaps; /* NULL with gaps_known false: null */
	size_t gap_count;
	bool gaps_known;
	int64_t octets; /* as on the wire: ends, stuffing, terminator */
};

/* Records of application data of one side, until the other sent some.  In
 * TLS 1.3 parts of the handshake are among them (RFC 8446, section 5.2). */
struct sw_tls_turn {
	enum sw_role by;
	int64_t time, end;          /* of the first and of the last octet */
	uint64_t records;
	uint64_t octets;            /* in the records, as encrypted */
	uint64_t at_first, at_last;
};

struct sw_tls {
	struct sw_bytes version, cipher, sni;
	struct sw_octets octets;
	/* All of them; NULL with turns_known false: not followed to the end,
	 * too many, or compressed */
	const struct sw_tls_turn *turns;
	size_t turn_count;
	bool turns_known;
};

/* One line of the dialogue, or something that happened to the connection. */
struct sw_event {
	uint32_t n; /* from 1 */
	enum sw_event_kind kind;
	enum sw_role by;
	uint32_t flags;    /* 1u << enum sw_flag */
	int64_t time, end; /* of the first and of the last octet */
	uint64_t at_first, at_last;
	union {
		struct sw_command command;
		struct sw_reply reply;
		struct sw_data data;
		struct sw_tls tls;
		struct {
			int64_t size; /* lost octets, SW_UNKNOWN */
		} gap;
		struct {
			enum sw_close_how how;
		} close;
		struct {
			struct sw_bytes text;
		} note;
	} u;
};

/* An ESMTP parameter of MAIL or RCPT; value null: given without a value. */
struct sw_param {
	struct sw_bytes key, value; /* key in upper case */
};

enum sw_status_of_recipient {
	SW_RCPT_ACCEPTED,
	SW_RCPT_DEFERRED,
	SW_RCPT_REJECTED,
	SW_RCPT_UNKNOWN,
	SW_RCPT_STATUS_COUNT
};

struct sw_recipient {
	struct sw_bytes to;
	const struct sw_param *params;
	size_t param_count;
	int32_t code; /* of the reply to RCPT, SW_UNKNOWN */
	struct sw_bytes text;
	enum sw_status_of_recipient status;
	bool has_final; /* LMTP, PRDR: a verdict for this recipient */
	int32_t final_code;
	struct sw_bytes final_text;
	enum sw_status_of_recipient final_status;
};

enum sw_method { SW_METHOD_NONE, SW_METHOD_DATA, SW_METHOD_BDAT,
	SW_METHOD_COUNT };

enum sw_outcome {
	SW_OUTCOME_ACCEPTED,
	SW_OUTCOME_DEFERRED,
	SW_OUTCOME_REJECTED,
	SW_OUTCOME_PARTIAL,
	SW_OUTCOME_ABORTED,
	SW_OUTCOME_UNKNOWN,
	SW_OUTCOME_COUNT
};

/* One mail transaction. */
struct sw_message {
	uint32_t n;           /* from 1 */
	struct sw_bytes from; /* between the outer <>, empty for <> */
	const struct sw_param *from_params; /* null when from is null */
	size_t from_param_count;
	const struct sw_recipient *recipients;
	size_t recipient_count;
	enum sw_method method; /* what was attempted */
	int64_t size;          /* the content as the receiver stores it */
	struct sw_digest sha256;
	int64_t missing;
	int64_t header_size;
	struct sw_bytes message_id, subject, header_from, header_to, date;
	int32_t code; /* the verdict, SW_UNKNOWN */
	struct sw_bytes text;
	enum sw_outcome outcome;
	struct sw_bytes queue_id;
	struct sw_bytes file; /* where its octets were written */
};

enum sw_severity { SW_INFO, SW_WARNING, SW_PROBLEM, SW_SEVERITY_COUNT };

/* The codes of notes; their names are those of enum order, see
 * sw_note_name(). */
enum sw_note_code {
	SW_NOTE_OVERLAP_DIFFERS,
	SW_NOTE_BAD_CHECKSUM,
	SW_NOTE_SNAPPED,
	SW_NOTE_GAP,
	SW_NOTE_DIRECTION_MISSING,
	SW_NOTE_NO_START,
	SW_NOTE_PORTS_REUSED,
	SW_NOTE_FRAMES_DROPPED,
	SW_NOTE_LIMIT,
	SW_NOTE_NOT_SMTP,
	SW_NOTE_VLAN_ASYMMETRIC,
	SW_NOTE_TLS_NOT_FOLLOWED,
	SW_NOTE_COMMANDS_AFTER_STARTTLS,
	SW_NOTE_REPLY_CODES_DIFFER,
	SW_NOTE_REPLY_UNTERMINATED,
	SW_NOTE_REPLY_UNPROMPTED,
	SW_NOTE_EARLY_TALKER,
	SW_NOTE_BARE_LF_END,
	SW_NOTE_SMUGGLING,
	SW_NOTE_GREETING_MASKED,
	SW_NOTE_VERB_MASKED,
	SW_NOTE_STARTTLS_STRIPPED,
	SW_NOTE_EXTENSION_REMOVED,
	SW_NOTE_TIMEOUT_CLIENT,
	SW_NOTE_TIMEOUT_SERVER,
	SW_NOTE_MTU_BLACK_HOLE,
	SW_NOTE_REPLY_NEVER_ARRIVED,
	SW_NOTE_AMBIGUOUS_INTERLEAVING,
	SW_NOTE_SYNTHETIC_QUIT,
	SW_NOTE_DATE_ASSUMED,
	SW_NOTE_LINE_NOT_UNDERSTOOD,
	SW_NOTE_TRUNCATED_INPUT,
	SW_NOTE_ADDRESSES_TRANSLATED, /* of a report: NAT, a proxy */
	SW_NOTE_COMMENT, /* that the capture bears of a frame */
	SW_NOTE_PROCESS, /* that sent or received a frame, by the capture */
	SW_NOTE_NO_DIALOGUE, /* of a report: a log tells connections alone */
	SW_NOTE_CODE_COUNT
};

struct sw_note {
	enum sw_note_code code;
	enum sw_severity severity;
	struct sw_bytes text; /* one sentence, UTF-8 */
	uint32_t event;       /* n, 0: none */
	uint64_t at_first, at_last; /* 0, 0: none */
};

/* One SMTP session, whoever recorded it. */
struct sw_session {
	uint64_t id; /* told as 16 hex digits */
	struct sw_source source;
	enum sw_recorder recorder;
	enum sw_protocol protocol;
	struct sw_clock clock;
	int64_t start, end;
	struct sw_endpoint client, server;
	struct sw_bytes community_id; /* Community ID v1 */
	const struct sw_encryption *encryption; /* NULL: none */
	const struct sw_auth *auth;
	size_t auth_count;
	enum sw_ending ending;
	const struct sw_tcp *tcp; /* NULL: not from the wire */
	uint32_t records;         /* 1u << enum sw_record */
	struct sw_omitted omitted;
	const struct sw_message *messages;
	size_t message_count;
	const struct sw_event *events;
	size_t event_count;
	const struct sw_note *notes;
	size_t note_count;
	uint64_t number; /* counts the sessions of a run in the order in which
	                    an observer of events met them; 0: there is none */
};

/* The name of each value as the JSON form tells it; static strings.
 * NULL for a value out of range, and for SW_NOBODY and SW_METHOD_NONE. */
const char *sw_source_kind_name(enum sw_source_kind v);
const char *sw_unit_name(enum sw_unit v);
const char *sw_recorder_name(enum sw_recorder v);
const char *sw_protocol_name(enum sw_protocol v);
const char *sw_role_name(enum sw_role v);
const char *sw_ending_name(enum sw_ending v);
const char *sw_record_name(enum sw_record v);
const char *sw_flag_name(enum sw_flag v);
const char *sw_event_kind_name(enum sw_event_kind v);
const char *sw_close_how_name(enum sw_close_how v);
const char *sw_recipient_status_name(enum sw_status_of_recipient v);
const char *sw_method_name(enum sw_method v);
const char *sw_outcome_name(enum sw_outcome v);
const char *sw_severity_name(enum sw_severity v);
const char *sw_note_name(enum sw_note_code v);
const char *sw_date_kind_name(enum sw_date_kind v);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
