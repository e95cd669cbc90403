/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tls_handshake.c - what the handshake messages of TLS show in clear
 *
 * Messages and records cut each other anywhere: their octets are joined and
 * read message by message until nothing more can be learnt:
 *
 *   client  ClientHello (RFC 8446 4.1.2): the server name
 *   server  ServerHello (4.1.3): version and cipher suite; then, before
 *           TLS 1.3, Certificate (RFC 5246 7.4.2): subject and issuer of
 *           the first certificate, as soon as it is whole
 *
 * Then the joined octets are freed.
 */
#include "smtp/tls_internal.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "base/cursor.h"

enum {
	HANDSHAKE_HELLO_REQUEST = 0,
	HANDSHAKE_SERVER_HELLO = 2,
	HANDSHAKE_SESSION_TICKET = 4,
	HANDSHAKE_CERTIFICATE = 11,
	HANDSHAKE_CERTIFICATE_STATUS = 22
};

enum { EXTENSION_SERVER_NAME = 0, EXTENSION_SUPPORTED_VERSIONS = 43 };

void tls_handshake_end(struct tls_side *s)
{
	s->done = true;
	buffer_fini(&s->handshake);
}

/* --- hello messages ----------------------------------------------------- */

static struct slice take_vector8(struct cursor *c)
{
	return cursor_take(c, cursor_u8(c));
}

static struct slice take_vector16(struct cursor *c)
{
	return cursor_take(c, cursor_be16(c));
}

/* RFC 6066 3: a list of names, of which host_name (0) is the only type. */
static void read_server_name(struct tls_observer *o, struct slice extension)
{
	struct cursor c = cursor_make(extension);
	struct slice name;
	uint8_t type;

	cursor_skip(&c, 2);
	type = cursor_u8(&c);
	name = take_vector16(&c);
	if (!c.bad && type == 0 && o->sni.len == 0)
		buffer_append_slice(&o->sni, name);
}

static void read_client_hello(struct tls_observer *o, struct slice body)
{
	struct cursor c = cursor_make(body), e;

	cursor_skip(&c, 2 + 32); /* version, random */
	take_vector8(&c);        /* session id */
	take_vector16(&c);       /* cipher suites */
	take_vector8(&c);        /* compression methods */
	cursor_be16(&c);         /* the hello may be cut: not believed */
	e = c;
	while (cursor_left(&e) > 0) {
		uint16_t type = cursor_be16(&e);
		struct slice extension = take_vector16(&e);

		if (type == EXTENSION_SERVER_NAME && !e.bad)
			read_server_name(o, extension);
	}
}

/* RFC 8446 4.2.1; drafts of TLS 1.3 were numbered 0x7f00 and up. */
static uint16_t read_selected_version(struct cursor *c, uint16_t version)
{
	while (cursor_left(c) > 0) {
		uint16_t type = cursor_be16(c);
		struct cursor e = cursor_make(take_vector16(c));
		uint16_t selected = cursor_be16(&e);

		if (type == EXTENSION_SUPPORTED_VERSIONS && !e.bad)
			version = selected >> 8 == 0x7f ? VERSION_TLS13 :
			    selected;
	}
	return version;
}

static void read_server_hello(struct tls_observer *o, struct slice body)
{
	struct cursor c = cursor_make(body);
	uint16_t version = cursor_be16(&c), cipher;

	cursor_skip(&c, 32); /* random */
	take_vector8(&c);    /* session id */
	cipher = cursor_be16(&c);
	o->turns_lost |= cursor_u8(&c) != 0; /* compression method */
	if (c.bad)
		return;
	o->hello_seen = true;
	o->cipher = cipher;
	cursor_be16(&c); /* RFC 5246 7.4.1.3: extensions may be absent */
	o->version = read_selected_version(&c, version);
	snprintf(o->cipher_text, sizeof(o->cipher_text), "0x%04X", cipher);
	snprintf(o->version_text, sizeof(o->version_text), "0x%04X",
	    o->version);
}

/* --- certificate -------------------------------------------------------- */

/*
 * The next DER element: *tag_r, its content in the result and all of it in
 * *whole_r.  Lengths of up to four octets, as below 2^32 must be.
 */
static struct slice take_der(struct cursor *c, uint8_t *tag_r,
    struct slice *whole_r)
{
	const uint8_t *start = c->p;
	struct slice content;
	size_t len, n;

	*tag_r = cursor_u8(c);
	len = cursor_u8(c);
	if (len >= 0x80) {
		n = len & 0x7f;
		if (n == 0 || n > 4)
			c->bad = true;
		for (len = 0; n > 0 && !c->bad; n--)
			len = len << 8 | cursor_u8(c);
	}
	content = cursor_take(c, c->bad ? 0 : len);
	*whole_r = slice_make(start, c->bad ? 0 : (size_t)(c->p - start));
	return content;
}

/* At most LIMIT_TLS_NAME octets, not cut inside a character. */
static void keep_name(struct buffer *b, const char *text, size_t len)
{
	if (len > LIMIT_TLS_NAME) {
		len = LIMIT_TLS_NAME;
		while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
			len--;
	}
	buffer_append(b, text, len);
}

/* A Name as text of RFC 2253, but UTF-8 left readable. */
static void name_text(struct buffer *b, struct slice der)
{
	const unsigned char *p = der.p;
	X509_NAME *name = NULL;
	BIO *bio = NULL;
	char *text = NULL;
	long len;

	if (der.len > LIMIT_TLS_HANDSHAKE)
		return;
	ERR_set_mark();
	name = d2i_X509_NAME(NULL, &p, (long)der.len);
	if (name)
		bio = BIO_new(BIO_s_mem());
	if (bio && X509_NAME_print_ex(bio, name, 0,
	    XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		if (len > 0 && text)
			keep_name(b, text, (size_t)len);
	}
	BIO_free(bio);
	X509_NAME_free(name);
	ERR_pop_to_mark();
}

/*
 * RFC 5280 4.1: Certificate ::= SEQUENCE { tbsCertificate SEQUENCE {
 * [0] version OPTIONAL, serialNumber, signature, issuer, validity,
 * subject, ... } ... }.  Walked here, since d2i_X509 would also decode the
 * key, which costs more than all the rest and is of no interest.
 */
static void read_certificate(struct tls_observer *o, struct slice der)
{
	struct cursor c = cursor_make(der);
	struct slice whole, issuer, subject;
	uint8_t tag;

	c = cursor_make(take_der(&c, &tag, &whole));
	c = cursor_make(take_der(&c, &tag, &whole));
	take_der(&c, &tag, &whole);
	if (tag == 0xa0)
		take_der(&c, &tag, &whole); /* serialNumber */
	take_der(&c, &tag, &whole);         /* signature */
	take_der(&c, &tag, &issuer);
	take_der(&c, &tag, &whole);         /* validity */
	take_der(&c, &tag, &subject);
	if (c.bad)
		return;
	name_text(&o->issuer, issuer);
	name_text(&o->subject, subject);
}

/* body: what is there of a Certificate message.  Is its first certificate
 * whole (and read), or will it never be? */
static bool take_certificate(struct tls_observer *o, struct slice body)
{
	struct cursor c = cursor_make(body);
	struct slice der;
	size_t len;

	cursor_skip(&c, 3); /* length of the list */
	len = (size_t)cursor_u8(&c) << 16;
	len |= cursor_be16(&c);
	der = cursor_take(&c, len);
	if (c.bad)
		return false;
	read_certificate(o, der);
	return true;
}

/* --- messages ----------------------------------------------------------- */

/* One message, or the beginning of one of which no more will be kept. */
static void read_server_message(struct tls_observer *o, uint8_t type,
    struct slice body)
{
	struct tls_side *s = &o->side[SW_SERVER];

	switch (type) {
	case HANDSHAKE_SERVER_HELLO:
		read_server_hello(o, body);
		if (!o->hello_seen || o->version >= VERSION_TLS13)
			tls_handshake_end(s);
		break;
	case HANDSHAKE_CERTIFICATE:
		take_certificate(o, body);
		tls_handshake_end(s);
		break;
	case HANDSHAKE_HELLO_REQUEST:
	case HANDSHAKE_SESSION_TICKET:
	case HANDSHAKE_CERTIFICATE_STATUS:
		break;
	default: /* the certificate would have stood before all others */
		tls_handshake_end(s);
	}
}

static void read_message(struct tls_observer *o, enum sw_role by,
    uint8_t type, struct slice body)
{
	if (by == SW_SERVER) {
		read_server_message(o, type, body);
		return;
	}
	if (type == HANDSHAKE_CLIENT_HELLO)
		read_client_hello(o, body);
	tls_handshake_end(&o->side[SW_CLIENT]);
}

/* Read the messages that are whole. */
static void read_messages(struct tls_observer *o, enum sw_role by)
{
	struct tls_side *s = &o->side[by];

	while (!s->done) {
		struct slice rest = slice_from(buffer_slice(&s->handshake),
		    s->parsed);
		struct cursor c = cursor_make(rest);
		uint8_t type = cursor_u8(&c);
		size_t len = (size_t)cursor_u8(&c) << 16;
		struct slice body;

		len |= cursor_be16(&c);
		if (c.bad)
			return;
		body = slice_head(cursor_rest(&c), len);
		if (body.len < len && s->handshake.len < s->handshake.max) {
			/* A chain is long; its first certificate is enough. */
			if (by == SW_SERVER && type == HANDSHAKE_CERTIFICATE &&
			    take_certificate(o, body))
				tls_handshake_end(s);
			return;
		}
		s->parsed += 4 + body.len;
		read_message(o, by, type, body);
	}
}

void tls_handshake_take(struct tls_observer *o, enum sw_role by,
    struct slice octets)
{
	struct tls_side *s = &o->side[by];
	size_t room = s->handshake.max - s->handshake.len;

	if (!buffer_append_slice(&s->handshake, slice_head(octets, room))) {
		o->memory = true; /* facts stay unknown */
		tls_handshake_end(s);
		return;
	}
	read_messages(o, by);
	if (!s->done && s->handshake.len == s->handshake.max)
		tls_handshake_end(s);
}
