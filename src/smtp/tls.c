/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls.c - what can be seen of a TLS connection from outside
 *
 * Theory of operation.  Each side is a sequence of records (RFC 8446 5.1,
 * RFC 5246 6.2): type, version, length, octets.  The first record header
 * decides whether the side is TLS; later ones that make no sense only end
 * the following of records.  The octets of handshake records are read by
 * tls_handshake.c until nothing more can be learnt; all later ones are only
 * counted.  A side ends learning also at ChangeCipherSpec or application
 * data, at a message that cannot stand there, at a gap, and at
 * LIMIT_TLS_HANDSHAKE octets, when what is there of a message is read as far
 * as it goes.
 *
 * Of records of application data the turns are kept: runs of one side until
 * the other sends some, with time and size.  With compression (RFC 3749) the
 * sizes would tell nothing, so none is kept.
 *
 * A ClientHello in the form of SSLv2 (RFC 5246 E.2) is known for TLS but has
 * no extensions.  Not handled: certificates are not verified, a second
 * ClientHello after HelloRetryRequest and renegotiations are not read.
 */
#include "smtp/tls_internal.h"

#include <stdlib.h>

#include "base/arena.h"

enum {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_APPLICATION_DATA = 23,
	RECORD_HEARTBEAT = 24,
	RECORD_SSLV2 = 0 /* the rest of a hello in the form of SSLv2 */
};

/* 2^14 octets and what encryption may add (RFC 5246 6.2.3). */
#define RECORD_MAX (16384 + 2048)

void tls_observer_init(struct tls_observer *o)
{
	size_t i;

	memset(o, 0, sizeof(*o));
	for (i = 0; i < 2; i++)
		buffer_init(&o->side[i].handshake, LIMIT_TLS_HANDSHAKE);
	buffer_init(&o->sni, LIMIT_TLS_NAME);
	buffer_init(&o->subject, LIMIT_TLS_NAME);
	buffer_init(&o->issuer, LIMIT_TLS_NAME);
}

void tls_observer_fini(struct tls_observer *o)
{
	buffer_fini(&o->side[SW_CLIENT].handshake);
	buffer_fini(&o->side[SW_SERVER].handshake);
	buffer_fini(&o->sni);
	buffer_fini(&o->subject);
	buffer_fini(&o->issuer);
	free(o->turns);
	o->turns = NULL;
}

bool tls_observer_failed(const struct tls_observer *o)
{
	return o->memory || o->sni.failed || o->subject.failed ||
	    o->issuer.failed;
}

size_t tls_observer_memory(const struct tls_observer *o)
{
	return o->side[SW_CLIENT].handshake.capacity +
	    o->side[SW_SERVER].handshake.capacity + o->sni.capacity +
	    o->subject.capacity + o->issuer.capacity +
	    o->turn_capacity * sizeof(*o->turns);
}

void tls_observer_origin(struct tls_observer *o, struct origin origin)
{
	o->origin = origin;
}

/* What comes cannot be split into records. */
static void lose_step(struct tls_side *s)
{
	s->lost = true;
	tls_handshake_end(s);
}

/* --- turns -------------------------------------------------------------- */

static void lose_turns(struct tls_observer *o)
{
	free(o->turns);
	o->turns = NULL;
	o->turn_count = o->turn_capacity = 0;
	o->turns_lost = true;
}

/* NULL: there is no room. */
static struct sw_tls_turn *new_turn(struct tls_observer *o, enum sw_role by)
{
	void *turns = o->turns;
	struct sw_tls_turn *t;

	if (o->turn_count == LIMIT_TLS_TURNS) {
		lose_turns(o);
		return NULL;
	}
	if (!base_grow(&turns, o->turn_count, &o->turn_capacity,
	    sizeof(*o->turns))) {
		o->memory = true;
		lose_turns(o);
		return NULL;
	}
	o->turns = turns;
	t = &o->turns[o->turn_count++];
	memset(t, 0, sizeof(*t));
	t->by = by;
	t->time = o->origin.ts_ns;
	t->at_first = o->origin.at;
	return t;
}

/* Octets of application data; begins: the first of their record. */
static void take_data(struct tls_observer *o, enum sw_role by, size_t len,
    bool begins)
{
	struct sw_tls_turn *t = o->turn_count > 0 ?
	    &o->turns[o->turn_count - 1] : NULL;

	if (o->turns_lost)
		return;
	if ((!t || t->by != by) && !(t = new_turn(o, by)))
		return;
	t->end = o->origin.ts_ns;
	t->at_last = o->origin.at;
	t->octets += len;
	t->records += begins;
}

/* --- records ------------------------------------------------------------ */

/* Is this a record's header (5 octets)? */
static bool is_record(const uint8_t *h)
{
	return h[0] >= RECORD_CHANGE_CIPHER_SPEC && h[0] <= RECORD_HEARTBEAT &&
	    h[1] == 3 && h[2] <= 4 && ((size_t)h[3] << 8 | h[4]) <= RECORD_MAX;
}

/* Could these octets (1 to 6) begin the first record? */
static bool fits_record(const uint8_t *h, size_t n)
{
	if (h[0] < RECORD_CHANGE_CIPHER_SPEC || h[0] > RECORD_HEARTBEAT)
		return false;
	if ((n > 1 && h[1] != 3) || (n > 2 && h[2] > 4))
		return false;
	return n < 5 || (is_record(h) && (h[3] | h[4]) != 0);
}

/* ... a hello in the form of SSLv2: length with the top bit set, type, and
 * the client's version; or the server's two octets before its version. */
static bool fits_sslv2(const uint8_t *h, size_t n, enum sw_role by)
{
	if (h[0] < 0x80 || (n > 1 && h[0] == 0x80 && h[1] < 11))
		return false;
	if (by == SW_SERVER)
		return (n < 3 || h[2] == 4) && (n < 4 || h[3] <= 1) &&
		    (n < 5 || h[4] <= 1) && (n < 6 || h[5] == 0);
	if (n > 2 && h[2] != HANDSHAKE_CLIENT_HELLO)
		return false;
	if (n > 4 && h[3] == 0)
		return h[4] == 2;
	return (n < 4 || h[3] == 3 || h[3] == 0) && (n < 5 || h[4] <= 4);
}

/* Octets of the record's header that must be gathered. */
static size_t head_size(const struct tls_side *s)
{
	return s->verdict != TLS_YES && s->head[0] >= 0x80 ? 6 : 5;
}

/* The header of a record is whole. */
static void begin_record(struct tls_observer *o, enum sw_role by)
{
	struct tls_side *s = &o->side[by];
	bool first = s->verdict != TLS_YES;

	s->head_len = 0;
	s->verdict = TLS_YES;
	s->type = s->head[0];
	s->left = (uint32_t)s->head[3] << 8 | s->head[4];
	if (first && s->head[0] >= 0x80) {
		s->type = RECORD_SSLV2;
		s->left = ((uint32_t)(s->head[0] & 0x7f) << 8 | s->head[1]) -
		    4;
		if (by == SW_SERVER) {
			o->hello_seen = true;
			o->version = VERSION_SSLV2;
			lose_step(s);
		}
		return;
	}
	if (!is_record(s->head))
		lose_step(s);
	else if (s->type == RECORD_CHANGE_CIPHER_SPEC ||
	    s->type == RECORD_APPLICATION_DATA)
		tls_handshake_end(s); /* no longer in clear */
	if (!s->lost && s->type == RECORD_APPLICATION_DATA)
		take_data(o, by, 0, true);
}

/* One octet of a record's header. */
static void take_head(struct tls_observer *o, enum sw_role by, uint8_t octet)
{
	struct tls_side *s = &o->side[by];

	s->head[s->head_len++] = octet;
	if (s->verdict == TLS_UNDECIDED &&
	    !fits_record(s->head, s->head_len) &&
	    !fits_sslv2(s->head, s->head_len, by)) {
		s->verdict = TLS_NOT_TLS;
		lose_step(s);
	} else if (s->head_len == head_size(s)) {
		begin_record(o, by);
	}
}

enum tls_verdict tls_observer_feed(struct tls_observer *o, enum sw_role by,
    struct slice octets)
{
	struct tls_side *s;

	if (by != SW_CLIENT && by != SW_SERVER)
		return TLS_UNDECIDED;
	s = &o->side[by];
	s->octets += octets.len;
	while (octets.len > 0 && !s->lost) {
		struct slice part = slice_head(octets, s->left);

		if (s->left == 0) {
			take_head(o, by, octets.p[0]);
			octets = slice_from(octets, 1);
			continue;
		}
		s->left -= (uint32_t)part.len;
		octets = slice_from(octets, part.len);
		if (s->type == RECORD_HANDSHAKE && !s->done)
			tls_handshake_take(o, by, part);
		else if (s->type == RECORD_APPLICATION_DATA)
			take_data(o, by, part.len, false);
	}
	return s->verdict;
}

void tls_observer_gap(struct tls_observer *o, enum sw_role by)
{
	if (by != SW_CLIENT && by != SW_SERVER)
		return;
	if (o->side[by].octets > 0)
		lose_step(&o->side[by]);
	else
		lose_turns(o);
}

/* --- what was learnt ---------------------------------------------------- */

enum tls_verdict tls_observer_verdict(const struct tls_observer *o,
    enum sw_role by)
{
	if (by != SW_CLIENT && by != SW_SERVER)
		return TLS_UNDECIDED;
	return o->side[by].verdict;
}

static struct slice version_text(uint16_t version, const char *unknown)
{
	switch (version) {
	case VERSION_SSLV2:
		return slice_str("SSLv2");
	case 0x0300:
		return slice_str("SSLv3");
	case 0x0301:
		return slice_str("TLSv1");
	case 0x0302:
		return slice_str("TLSv1.1");
	case 0x0303:
		return slice_str("TLSv1.2");
	case VERSION_TLS13:
		return slice_str("TLSv1.3");
	default:
		return slice_str(unknown);
	}
}

/* Not known rather than empty. */
static struct slice known(const struct buffer *b)
{
	return b->len > 0 ? buffer_slice(b) : slice_make(NULL, 0);
}

struct tls_facts tls_observer_facts(const struct tls_observer *o)
{
	struct tls_facts f = { .sni = known(&o->sni),
		.subject = known(&o->subject), .issuer = known(&o->issuer) };
	const char *name = tls_cipher_name(o->cipher);

	if (o->hello_seen)
		f.version = version_text(o->version, o->version_text);
	if (o->hello_seen && o->version != VERSION_SSLV2)
		f.cipher = slice_str(name ? name : o->cipher_text);
	f.turns_known = !o->turns_lost && o->hello_seen &&
	    !o->side[SW_CLIENT].lost && !o->side[SW_SERVER].lost;
	f.turns = f.turns_known ? o->turns : NULL;
	f.turn_count = f.turns_known ? o->turn_count : 0;
	f.octets.client = (int64_t)o->side[SW_CLIENT].octets;
	f.octets.server = (int64_t)o->side[SW_SERVER].octets;
	return f;
}

bool tls_looks_like_client_hello(struct slice octets)
{
	if (octets.len < 6)
		return false;
	if (octets.p[0] == RECORD_HANDSHAKE)
		return fits_record(octets.p, 6) &&
		    octets.p[5] == HANDSHAKE_CLIENT_HELLO;
	return fits_sslv2(octets.p, 6, SW_CLIENT);
}

int tls_begins_record(struct slice octets)
{
	size_t n = octets.len < 5 ? octets.len : 5;

	if (!fits_record(octets.p, n))
		return 0;
	return n < 5 ? -1 : 1;
}
