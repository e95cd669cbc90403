/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auth.c - who logs in: user and password out of an AUTH exchange */
#include "transcript/auth_internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/cursor.h"
#include "base/escape.h"

struct mechanism {
	const char *name; /* or its beginning */
	bool prefix;
	bool (*user)(struct slice decoded, unsigned step,
	    struct buffer *out);
	/* The password, or what stands for it; empty: none that can be
	 * read. */
	struct slice (*secret)(struct slice decoded, unsigned step);
};

bool auth_is_base64(struct slice line)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if (!ascii_is_alnum(line.p[i]) && line.p[i] != '+' &&
		    line.p[i] != '/' && line.p[i] != '=')
			return false;
	return line.len > 0;
}

/* The piece of s from off up to the octet stop (or the end). */
static struct slice until(struct slice s, size_t off, uint8_t stop)
{
	struct slice rest = slice_from(s, off);
	const uint8_t *end = rest.len ? memchr(rest.p, stop, rest.len) : NULL;

	return end ? slice_head(rest, (size_t)(end - rest.p)) : rest;
}

/* Take the piece in front of the octet stop, and that; false: it is not
 * there. */
static bool take_until(struct slice *rest, uint8_t stop, struct slice *piece_r)
{
	*piece_r = until(*rest, 0, stop);
	if (piece_r->len == rest->len)
		return false;
	*rest = slice_from(*rest, piece_r->len + 1);
	return true;
}

/* What separates in one mechanism is in no name of another. */
static bool is_name(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return s.len > 0;
}

static bool append_name(struct buffer *out, struct slice name)
{
	return is_name(name) && buffer_append_slice(out, name);
}

/* RFC 4616 2: [authzid] NUL authcid NUL passwd */
static bool plain_user(struct slice d, unsigned step, struct buffer *out)
{
	struct slice authzid, authcid;

	(void)step;
	return take_until(&d, '\0', &authzid) &&
	    take_until(&d, '\0', &authcid) && d.len > 0 &&
	    until(d, 0, '\0').len == d.len && append_name(out, authcid);
}

/* Behind authzid NUL authcid NUL; of what has fewer, all. */
static struct slice plain_secret(struct slice d, unsigned step)
{
	struct slice id = until(d, 0, '\0');

	(void)step;
	if (id.len == d.len)
		return d;
	d = slice_from(d, id.len + 1);
	id = until(d, 0, '\0');
	return id.len == d.len ? d : slice_from(d, id.len + 1);
}

/* The one line of LOGIN or EXTERNAL that names the user. */
static bool named_user(struct slice d, unsigned step, struct buffer *out)
{
	return step == 0 && append_name(out, d);
}

static struct slice named_secret(struct slice d, unsigned step)
{
	if (step == 0)
		return is_name(d) ? slice_head(d, 0) : plain_secret(d, step);
	return d;
}

/* "user SP hex": the digest has no blank. */
static size_t cram_digest(struct slice d)
{
	size_t n = d.len;

	while (n > 0 && d.p[n - 1] != ' ')
		n--;
	return n;
}

static bool is_hex(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.p[i]) &&
		    (ascii_lower(s.p[i]) < 'a' || ascii_lower(s.p[i]) > 'f'))
			return false;
	return s.len > 0;
}

/* Octets of hexadecimal MD5, of RFC 2195 and RFC 2831. */
enum { MD5_HEX = 32 };

/* Those of other functions are longer. */
static bool is_cram_digest(struct slice s)
{
	return s.len >= MD5_HEX && s.len % 2 == 0 && is_hex(s);
}

static bool cram_user(struct slice d, unsigned step, struct buffer *out)
{
	size_t n = cram_digest(d);
	struct slice user = slice_head(d, n > 0 ? n - 1 : 0);

	(void)step;
	return is_cram_digest(slice_from(d, n)) &&
	    !is_cram_digest(slice_from(user, cram_digest(user))) &&
	    append_name(out, user);
}

static struct slice cram_secret(struct slice d, unsigned step)
{
	(void)step;
	d = slice_trim(d);
	return slice_from(d, cram_digest(d));
}

/* What stands behind a key, up to the octet stop; empty: no such key. */
static struct slice behind_key(struct slice d, const char *key, uint8_t stop)
{
	size_t at = slice_find_nocase(d, slice_str(key));

	return at == d.len ? slice_make(NULL, 0) :
	    until(d, at + strlen(key), stop);
}

static struct slice scram_secret(struct slice d, unsigned step)
{
	(void)step;
	return behind_key(d, ",p=", ',');
}

static struct slice digest_secret(struct slice d, unsigned step)
{
	(void)step;
	return behind_key(d, "response=", ',');
}

static struct slice bearer_secret(struct slice d, unsigned step)
{
	(void)step;
	return behind_key(d, "auth=Bearer ", '\1');
}

static struct slice no_secret(struct slice d, unsigned step)
{
	(void)step;
	return slice_head(d, 0);
}

/* RFC 5802 7: saslname has =2C for a comma and =3D for "=". */
static bool append_saslname(struct buffer *out, struct slice name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		struct slice here = slice_from(name, i);
		char c = (char)name.p[i];

		if (c == '=') {
			if (slice_has_prefix_nocase(here, slice_str("=2C")))
				c = ',';
			else if (!slice_has_prefix_nocase(here,
			    slice_str("=3D")))
				return false;
			i += 2;
		}
		buffer_append_char(out, c);
	}
	return is_name(name);
}

/* Take gs2-header: ( "n" / "y" / "p=" cb-name ) "," [ "a=" authzid ] "," */
static bool take_gs2_header(struct slice *rest, struct slice *authzid_r)
{
	struct slice flag;

	if (!take_until(rest, ',', &flag) ||
	    !take_until(rest, ',', authzid_r))
		return false;
	if (!slice_eq_nocase(flag, slice_str("n")) &&
	    !slice_eq_nocase(flag, slice_str("y")) &&
	    !slice_has_prefix_nocase(flag, slice_str("p=")))
		return false;
	if (authzid_r->len == 0)
		return true;
	if (!slice_has_prefix_nocase(*authzid_r, slice_str("a=")))
		return false;
	*authzid_r = slice_from(*authzid_r, 2);
	return authzid_r->len > 0;
}

/* client-first-message: gs2-header "n=" saslname ",r=" nonce ... */
static bool scram_user(struct slice d, unsigned step, struct buffer *out)
{
	struct slice authzid, name;

	return step == 0 && take_gs2_header(&d, &authzid) &&
	    take_until(&d, ',', &name) &&
	    slice_has_prefix_nocase(name, slice_str("n=")) && d.len > 2 &&
	    slice_has_prefix_nocase(d, slice_str("r=")) &&
	    append_saslname(out, slice_from(name, 2));
}

/* What a quoted string holds, its escapes still in it; false: it has no
 * end. */
static bool take_quoted(struct slice *rest, struct slice *value_r)
{
	size_t n = 1;

	while (n < rest->len && rest->p[n] != '"')
		n += rest->p[n] == '\\' ? 2 : 1;
	if (n >= rest->len)
		return false;
	*value_r = slice_make(rest->p + 1, n - 1);
	*rest = slice_from(*rest, n + 1);
	return true;
}

static bool take_token(struct slice *rest, struct slice *value_r)
{
	size_t n = 0;

	while (n < rest->len && !memchr(", \t\r\n", rest->p[n], 5))
		n++;
	*value_r = slice_head(*rest, n);
	*rest = slice_from(*rest, n);
	return is_name(*value_r) && !memchr(value_r->p, '"', n);
}

static void skip_blanks(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len && memchr(" \t\r\n", rest->p[n], 4))
		n++;
	*rest = slice_from(*rest, n);
}

/* RFC 2831 2.1.2, what is looked for of it. */
struct digest {
	struct slice user;
	unsigned users, responses;
};

/* Take one name=value and the comma behind it. */
static bool take_directive(struct slice *rest, struct digest *g)
{
	struct slice name, value;
	bool quoted;

	if (!take_until(rest, '=', &name) || rest->len == 0)
		return false;
	quoted = rest->p[0] == '"';
	if (quoted ? !take_quoted(rest, &value) : !take_token(rest, &value))
		return false;
	if (slice_eq_nocase(name, slice_str("username"))) {
		g->user = value;
		g->users += quoted ? 1 : 2;
	}
	if (slice_eq_nocase(name, slice_str("response")))
		g->responses += value.len == MD5_HEX && is_hex(value) ? 1 : 2;
	skip_blanks(rest);
	if (rest->len > 0 && rest->p[0] != ',')
		return false;
	*rest = slice_from(*rest, 1);
	skip_blanks(rest);
	return true;
}

static bool digest_user(struct slice d, unsigned step, struct buffer *out)
{
	struct digest g = { .users = 0 };
	size_t i;

	(void)step;
	while (d.len > 0)
		if (!take_directive(&d, &g))
			return false;
	if (g.users != 1 || g.responses != 1 || !is_name(g.user))
		return false;
	for (i = 0; i < g.user.len; i++) {
		if (g.user.p[i] == '\\')
			i++;
		buffer_append_char(out, (char)g.user.p[i]);
	}
	return true;
}

/* "user=" name 0x01 "auth=Bearer " token 0x01 0x01 */
static bool xoauth2_user(struct slice d, unsigned step, struct buffer *out)
{
	static const char key[] = "user=", bearer[] = "auth=Bearer ";
	struct slice user, auth;

	(void)step;
	return take_until(&d, '\1', &user) && take_until(&d, '\1', &auth) &&
	    slice_eq(d, slice_str("\1")) &&
	    slice_has_prefix_nocase(user, slice_str(key)) &&
	    slice_has_prefix_nocase(auth, slice_str(bearer)) &&
	    is_name(slice_from(auth, strlen(bearer))) &&
	    append_name(out, slice_from(user, strlen(key)));
}

/* RFC 7628 3.1: gs2-header 0x01 *( key "=" value 0x01 ) 0x01 */
static bool oauthbearer_user(struct slice d, unsigned step,
    struct buffer *out)
{
	struct slice authzid, pair;
	bool auth = false, pairs;

	(void)step;
	if (!take_gs2_header(&d, &authzid) || !take_until(&d, '\1', &pair) ||
	    pair.len > 0)
		return false;
	while ((pairs = take_until(&d, '\1', &pair)) && pair.len > 0)
		auth = auth || slice_has_prefix_nocase(pair,
		    slice_str("auth="));
	return auth && pairs && d.len == 0 && append_saslname(out, authzid);
}

/* A UTF-16LE or OEM string of an NTLM message, as UTF-8. */
static void append_ntlm(struct buffer *out, struct slice s, bool unicode)
{
	struct cursor c = cursor_make(slice_head(s, s.len & ~(size_t)1));
	uint16_t high = 0;
	uint8_t u[6];

	if (!unicode) {
		buffer_append_slice(out, s);
		return;
	}
	while (cursor_left(&c) > 0)
		buffer_append(out, u, escape_utf16_put(u, &high,
		    cursor_le16(&c)));
}

/* A payload field: length, maximum, offset ([MS-NLMP] 2.2.1.3). */
static struct slice ntlm_field(struct slice d, size_t at)
{
	struct cursor c = cursor_make(slice_from(d, at));
	size_t len = cursor_le16(&c), off;

	cursor_skip(&c, 2);
	off = cursor_le32(&c);
	if (c.bad || off > d.len || len > d.len - off)
		return slice_make(NULL, 0);
	return slice_make(d.p + off, len);
}

/* AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3: domain at 28, user at 36, flags
 * at 60. */
static bool ntlm_user(struct slice d, unsigned step, struct buffer *out)
{
	struct cursor c = cursor_make(slice_from(d, 8));
	struct slice domain = ntlm_field(d, 28), user = ntlm_field(d, 36);
	bool unicode;

	(void)step;
	if (d.len < 64 || memcmp(d.p, "NTLMSSP", 8) != 0 ||
	    cursor_le32(&c) != 3 || user.len == 0)
		return false;
	c = cursor_make(slice_from(d, 60));
	unicode = cursor_le32(&c) & 1;
	if (domain.len > 0) {
		append_ntlm(out, domain, unicode);
		buffer_append_char(out, '\\');
	}
	append_ntlm(out, user, unicode);
	return true;
}

static const struct mechanism mechanisms[] = {
	{ "PLAIN", false, plain_user, plain_secret },
	{ "LOGIN", false, named_user, named_secret },
	{ "CRAM-", true, cram_user, cram_secret },
	{ "SCRAM-", true, scram_user, scram_secret },
	{ "DIGEST-MD5", false, digest_user, digest_secret },
	{ "XOAUTH2", false, xoauth2_user, bearer_secret },
	{ "OAUTHBEARER", false, oauthbearer_user, bearer_secret },
	{ "EXTERNAL", false, named_user, named_secret },
	{ "NTLM", false, ntlm_user, no_secret },
	{ "GSS-SPNEGO", false, ntlm_user, no_secret },
};

static bool is_mechanism(const struct mechanism *m, struct slice name)
{
	return m->prefix ?
	    slice_has_prefix_nocase(name, slice_str(m->name)) :
	    slice_eq_nocase(name, slice_str(m->name));
}

static const struct mechanism *find_mechanism(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (is_mechanism(&mechanisms[i], name))
			return &mechanisms[i];
	return NULL;
}

/* RFC 4422 3.1: sasl-mech; there are others than those above. */
enum { MECHANISM_MAX = 20 };

bool auth_is_mechanism(struct slice word)
{
	bool upper = false, lower = false;
	size_t i;

	if (find_mechanism(word))
		return true;
	for (i = 0; i < word.len; i++) {
		uint8_t c = word.p[i];

		if (!ascii_is_alnum(c) && c != '-' && c != '_')
			return false;
		upper = upper || (c >= 'A' && c <= 'Z');
		lower = lower || (c >= 'a' && c <= 'z');
	}
	/* mixed ones are base64 */
	return word.len > 0 && word.len <= MECHANISM_MAX && !(upper && lower);
}

static struct slice take_word(struct slice *rest)
{
	struct slice word;
	size_t n = 0;

	while (n < rest->len && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	word = slice_head(*rest, n);
	*rest = slice_trim(slice_from(*rest, n));
	return word;
}

bool auth_in_line(struct slice line)
{
	struct slice rest = slice_trim(line), verb = take_word(&rest);

	if (slice_has_prefix_nocase(verb, slice_str("AUTH")))
		return true;
	return find_mechanism(take_word(&rest)) && rest.len > 0;
}

/* Decode into out (AUTH_DECODED_MAX octets); false: not base64. */
static bool decode(struct slice answer, uint8_t *out, size_t *len_r)
{
	size_t padding = 0;
	int n;

	if (answer.len == 0 || answer.len > AUTH_ANSWER_MAX ||
	    answer.len % 4 != 0 || !auth_is_base64(answer))
		return false;
	while (padding < 2 && answer.p[answer.len - 1 - padding] == '=')
		padding++;
	n = EVP_DecodeBlock(out, answer.p, (int)answer.len);
	if (n < 0 || (size_t)n < padding)
		return false;
	*len_r = (size_t)n - padding;
	return true;
}

bool auth_user(struct slice mechanism, unsigned step, struct slice answer,
    struct buffer *out)
{
	const struct mechanism *m = find_mechanism(mechanism);
	uint8_t decoded[AUTH_DECODED_MAX];
	bool found;
	size_t len;

	if (!m || !decode(slice_trim(answer), decoded, &len))
		return false;
	found = m->user(slice_make(decoded, len), step, out);
	OPENSSL_cleanse(decoded, len);
	return found && out->len > 0;
}

/* LENIENT: servers decode what lacks its padding. */
static struct slice pad(struct slice answer, uint8_t room[AUTH_ANSWER_MAX + 4])
{
	size_t len = answer.len;

	if (len % 4 == 0 || len > AUTH_ANSWER_MAX)
		return answer;
	memcpy(room, answer.p, len);
	if (len % 4 == 1)
		len--; /* no octet ends there */
	for (; len % 4 != 0; len++)
		room[len] = '=';
	return slice_make(room, len);
}

bool auth_decode(struct slice answer, uint8_t *out, size_t *len_r)
{
	uint8_t padded[AUTH_ANSWER_MAX + 4];

	return decode(pad(answer, padded), out, len_r);
}

size_t auth_secret(struct slice mechanism, unsigned step,
    struct slice answer, uint8_t *octets, size_t most)
{
	const struct mechanism *m = find_mechanism(mechanism);
	uint8_t padded[AUTH_ANSWER_MAX + 4], decoded[AUTH_DECODED_MAX];
	struct slice secret;
	size_t len;

	if (!decode(pad(slice_trim(answer), padded), decoded, &len))
		return 0;
	secret = slice_make(decoded, len);
	if (m)
		secret = m->secret(secret, step);
	secret = slice_head(secret, most);
	if (secret.len > 0)
		memcpy(octets, secret.p, secret.len);
	OPENSSL_cleanse(decoded, len);
	return secret.len;
}
