/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls.h - what can be seen of a TLS connection from outside
 *
 * Octets of both directions go in from the first one that may be TLS; out
 * come whether they are TLS at all, what the handshake shows in clear, and
 * how many octets went each way.  Nothing is decrypted.
 */
#ifndef SMTP_TLS_H
#define SMTP_TLS_H

#include <smtpwire/transcript.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/origin.h"

/* What the octets of one side are, as far as they were fed. */
enum tls_verdict {
	TLS_UNDECIDED, /* none yet, or fewer than decide it (at most 5) */
	TLS_YES,
	TLS_NOT_TLS,
	TLS_VERDICT_COUNT
};

/* Of one side; private. */
struct tls_side {
	enum tls_verdict verdict;
	uint64_t octets;         /* fed, lost ones not counted */
	struct buffer handshake; /* clear handshake messages, joined */
	size_t parsed;           /* octets of it that were understood */
	uint8_t head[6];         /* of the record, while it is gathered */
	uint8_t head_len;
	uint8_t type;            /* of the record whose octets come */
	uint32_t left;           /* octets of it that are still to come */
	bool done;               /* nothing more to learn from this side */
	bool lost;               /* its records can be followed no more */
};

struct tls_observer {
	struct tls_side side[2]; /* SW_CLIENT, SW_SERVER */
	bool hello_seen;         /* ServerHello: version and cipher known */
	uint16_t version;        /* 0x0303, ... */
	uint16_t cipher;
	char cipher_text[8];     /* "0xC0FF", for one without a name */
	char version_text[8];    /* "0x0305", likewise */
	struct buffer sni, subject, issuer; /* empty: not seen */
	struct origin origin;    /* of the octets that come */
	struct sw_tls_turn *turns;
	size_t turn_count, turn_capacity;
	bool turns_lost;         /* they are not all there */
	bool memory;             /* ran out: facts are missing */
};

/* Memory of the caller; nothing is allocated before octets come. */
void tls_observer_init(struct tls_observer *o);
void tls_observer_fini(struct tls_observer *o);
/* Did memory run out?  Then facts are missing. */
bool tls_observer_failed(const struct tls_observer *o);
/* Octets of memory that it has allocated. */
size_t tls_observer_memory(const struct tls_observer *o);

/*
 * The next octets of one side, cut anywhere.  Returns what that side is:
 * decided by its first 6 octets at the latest and never changed after.
 * Octets are counted whatever they are.  The caller keeps the first octets
 * of a side until they are decided if it wants to read them otherwise.
 */
enum tls_verdict tls_observer_feed(struct tls_observer *o, enum sw_role by,
    struct slice octets);

/* Where the octets that are fed next come from. */
void tls_observer_origin(struct tls_observer *o, struct origin origin);

/* Octets of one side are lost: its records can be followed no more, the
 * octets behind are counted only, unless they are its first: then they may
 * begin a record.  Decides nothing. */
void tls_observer_gap(struct tls_observer *o, enum sw_role by);

/* What one side was found to be. */
enum tls_verdict tls_observer_verdict(const struct tls_observer *o,
    enum sw_role by);

/*
 * What is known so far; all slices are valid until the next call that is
 * not const.  p NULL: not known.
 *   version  negotiated: "TLSv1.3" "TLSv1.2" "TLSv1.1" "TLSv1" "SSLv3"
 *            (OpenSSL's names, which server logs bear), "SSLv2", or
 *            "0x0305"
 *   cipher   IANA's name, or "0xC0FF"
 *   sni      of the ClientHello
 *   subject, issuer  of the server's first certificate (TLS 1.2 and before),
 *            RFC 2253, UTF-8; at most LIMIT_TLS_NAME octets
 *   turns    who sent application data, when and how much; at most
 *            LIMIT_TLS_TURNS, else, as behind a gap, not known
 */
struct tls_facts {
	struct slice version, cipher, sni, subject, issuer;
	struct sw_octets octets;
	const struct sw_tls_turn *turns;
	size_t turn_count;
	bool turns_known;
};
struct tls_facts tls_observer_facts(const struct tls_observer *o);

/* Octets kept of a subject or an issuer. */
#define LIMIT_TLS_NAME 4096

/* Do these octets, at least 6, begin with a TLS ClientHello (also in the
 * record form of SSLv2, RFC 5246 E.2)? */
bool tls_looks_like_client_hello(struct slice octets);

/* Do these octets, at least one, begin with a TLS record that is not empty?
 * -1: too few (at most 4) to tell, 0: no, 1: yes. */
int tls_begins_record(struct slice octets);

/* IANA's name of a cipher suite, static; NULL: not in the table. */
const char *tls_cipher_name(uint16_t suite);

#endif
