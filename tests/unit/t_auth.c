/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_auth.c - who logs in, mechanism by mechanism */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "transcript/auth.h"

struct auth_case {
	const char *mechanism;
	unsigned step;
	const char *answer; /* before base64; raw: as it is */
	size_t len;
	const char *user;   /* NULL: none */
	bool raw;
};

#define LEN(s) (s), sizeof(s) - 1
#define DIGEST "response=d388dad90d4bbd760a152321f2143af7"

/* [MS-NLMP] 2.2.1.3: signature, type, LM, NT, domain, user, host, key,
 * flags, payload. */
#define NTLM(type, flags, user_len, user_off) "NTLMSSP\0" type "\0\0\0" \
	"\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0" \
	"\6\0\6\0\x40\0\0\0" user_len user_off "\0\0\0\0\0\0\0\0" \
	"\0\0\0\0\0\0\0\0" flags "\0\0\0" "D\0O\0M\0" "j\0\xf6\0\xac\x20"

static const struct auth_case cases[] = {
	{ "PLAIN", 0, LEN("\0alice\0secret"), "alice", false },
	{ "plain", 0, LEN("admin\0alice\0secret"), "alice", false },
	{ "PLAIN", 1, LEN("\0alice\0secret"), "alice", false },
	{ "PLAIN", 0, LEN("\0j\xc3\xb6 doe@example.net\0secret"),
	    "j\xc3\xb6 doe@example.net", false },
	/* not three fields: what stands second may be the password */
	{ "PLAIN", 0, LEN("\0alice"), NULL, false },
	{ "PLAIN", 0, LEN("alice\0secret"), NULL, false },
	{ "PLAIN", 0, LEN("alice\0secret\0"), NULL, false },
	{ "PLAIN", 0, LEN("\0alice:secret"), NULL, false },
	{ "PLAIN", 0, LEN("\0alice\0sec\0ret"), NULL, false },
	{ "PLAIN", 0, LEN("\0alice\1secret\0x"), NULL, false },
	{ "PLAIN", 0, LEN("\0\0secret"), NULL, false },
	{ "PLAIN", 0, LEN("alice"), NULL, false },
	{ "PLAIN", 0, LEN(""), NULL, false },
	{ "LOGIN", 0, LEN("alice@example.net"), "alice@example.net", false },
	{ "LOGIN", 0, LEN("al ice"), "al ice", false },
	{ "LOGIN", 1, LEN("secret"), NULL, false },
	{ "LOGIN", 0, LEN("\0alice\0secret"), NULL, false },
	{ "LOGIN", 0, LEN("user=alice\1auth=Bearer x\1\1"), NULL, false },
	{ "CRAM-MD5", 0, LEN("alice b913a602c7eda7a495b4e6e7334d3890"),
	    "alice", false },
	{ "CRAM-MD5", 0, LEN("a b b913a602c7eda7a495b4e6e7334d3890"), "a b",
	    false },
	{ "CRAM-MD5", 0, LEN("b913a602c7eda7a495b4e6e7334d3890"), NULL,
	    false },
	{ "CRAM-MD5", 0, LEN("alice b913a602c7eda7a495b4e6e7334d3890 "),
	    NULL, false },
	{ "CRAM-MD5", 0, LEN("alice b913a602c7eda7a495b4e6e7334d3890 "
	    "b913a602c7eda7a495b4e6e7334d3890"), NULL, false },
	{ "CRAM-MD5", 0, LEN("alice secret x"), NULL, false },
	{ "CRAM-SHA1", 0, LEN("alice b913a602c7eda7a495b4e6e7334d3890"
	    "0123abcd"), "alice", false },
	{ "SCRAM-SHA-256", 0, LEN("n,,n=al=2Ci=3Dce,r=abc"), "al,i=ce",
	    false },
	{ "SCRAM-SHA-1", 1, LEN("c=biws,r=abc,p=xyz"), NULL, false },
	{ "SCRAM-SHA-1", 0, LEN("p=tls-unique,a=x,n=alice,r=abc,x=y"),
	    "alice", false },
	{ "SCRAM-SHA-1", 0, LEN("n,,xn=alice"), NULL, false },
	{ "SCRAM-SHA-1", 0, LEN("n,,n=alice;r=abc"), NULL, false },
	{ "SCRAM-SHA-1", 0, LEN("n,,n=alice r=abc,x"), NULL, false },
	{ "SCRAM-SHA-1", 0, LEN("n,,n=alice=secret,r=abc"), NULL, false },
	{ "SCRAM-SHA-1", 0, LEN("n=alice,r=abc"), NULL, false },
	{ "SCRAM-SHA-1", 0, LEN("n,x,n=alice,r=abc"), NULL, false },
	{ "DIGEST-MD5", 0, LEN("charset=utf-8,username=\"alice\","
	    DIGEST), "alice", false },
	{ "DIGEST-MD5", 1, LEN("username=\"a\\\\b, \\\"c\\\"\" ,\r\n "
	    "realm=\"x,y\"," DIGEST), "a\\b, \"c\"", false },
	{ "DIGEST-MD5", 0, LEN("username=\"alice," DIGEST), NULL, false },
	{ "DIGEST-MD5", 0, LEN("username=\"alice," DIGEST "\""), NULL,
	    false },
	{ "DIGEST-MD5", 0, LEN("username=\"alice," DIGEST ",realm=\"x\""),
	    NULL, false },
	{ "DIGEST-MD5", 0, LEN("username=\"alice\\\"," DIGEST), NULL,
	    false },
	{ "DIGEST-MD5", 0, LEN("username=alice," DIGEST), NULL, false },
	{ "DIGEST-MD5", 0, LEN("username=\"a\",username=\"b\"," DIGEST),
	    NULL, false },
	{ "DIGEST-MD5", 0, LEN("username=\"alice\"," DIGEST "e"), NULL,
	    false },
	{ "DIGEST-MD5", 0, LEN("username=\"alice\"x," DIGEST), NULL,
	    false },
	{ "XOAUTH2", 0, LEN("user=alice\1auth=Bearer x\1\1"), "alice",
	    false },
	{ "XOAUTH2", 0, LEN("user=alice auth=Bearer x\1\1"), NULL, false },
	{ "XOAUTH2", 0, LEN("user=alice^Aauth=Bearer x^A^A"), NULL, false },
	{ "XOAUTH2", 0, LEN("user=alice\1auth=Bearer x\1"), NULL, false },
	{ "XOAUTH2", 0, LEN("user=alice\1auth=Bearer x\1\1x"), NULL,
	    false },
	{ "XOAUTH2", 0, LEN("user=alice\1x\1\1"), NULL, false },
	{ "OAUTHBEARER", 0, LEN("n,a=alice,\1host=x\1auth=Bearer y\1\1"),
	    "alice", false },
	{ "OAUTHBEARER", 0, LEN("n,a=al=2Cice,\1auth=Bearer y\1\1"),
	    "al,ice", false },
	{ "OAUTHBEARER", 0, LEN("n,,\1auth=Bearer y\1\1"), NULL, false },
	{ "OAUTHBEARER", 0, LEN("n,a=alice\1auth=Bearer y\1\1"), NULL,
	    false },
	{ "OAUTHBEARER", 0, LEN("n,a=alice auth=Bearer y,\1auth=x\1\1"),
	    NULL, false },
	{ "OAUTHBEARER", 0, LEN("n,a=alice,x\1auth=Bearer y\1\1"), NULL,
	    false },
	{ "OAUTHBEARER", 0, LEN("n,a=alice,\1host=x\1\1"), NULL, false },
	{ "OAUTHBEARER", 0, LEN("n,a=alice,\1auth=Bearer y\1"), NULL,
	    false },
	{ "EXTERNAL", 0, LEN("alice"), "alice", false },
	{ "EXTERNAL", 0, LEN("\0alice\0secret"), NULL, false },
	{ "NTLM", 1, LEN(NTLM("\3", "\1", "\6\0\6\0", "\x46\0\0\0")),
	    "DOM\\j\xc3\xb6\xe2\x82\xac", false },
	/* without the flag: an OEM character set, told as it is */
	{ "NTLM", 1, LEN("NTLMSSP\0\3\0\0\0" "\0\0\0\0\0\0\0\0"
	    "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0"
	    "\3\0\3\0\x40\0\0\0" "\0\0\0\0\0\0\0\0"
	    "\0\0\0\0\0\0\0\0" "\2\0\0\0" "bob"), "bob", false },
	{ "NTLM", 0, LEN(NTLM("\1", "\1", "\6\0\6\0", "\x46\0\0\0")), NULL,
	    false },
	{ "NTLM", 1, LEN(NTLM("\3", "\1", "\7\0\7\0", "\x46\0\0\0")), NULL,
	    false },
	{ "NTLM", 1, LEN(NTLM("\3", "\1", "\6\0\6\0", "\xff\xff\xff\xff")),
	    NULL, false },
	{ "NTLM", 1, LEN("NTLMSSP\0\3\0\0\0"), NULL, false },
	{ "GSSAPI", 0, LEN("whatever"), NULL, false },
	{ "PLAIN", 0, LEN("*"), NULL, true },
	{ "PLAIN", 0, LEN("="), NULL, true },
	{ "PLAIN", 0, LEN("===="), NULL, true },
	{ "LOGIN", 0, LEN("YWxpY2U"), NULL, true },
	{ "LOGIN", 0, LEN(" YWxpY2U= "), "alice", true },
	{ "LOGIN", 0, LEN("YWxp Y2U="), NULL, true },
};

static struct slice encode(const struct auth_case *c, uint8_t *room)
{
	int n;

	if (c->raw)
		return slice_make(c->answer, c->len);
	n = EVP_EncodeBlock(room, (const uint8_t *)c->answer, (int)c->len);
	return slice_make(room, (size_t)n);
}

static void check(const struct auth_case *c)
{
	uint8_t room[512];
	struct slice text = encode(c, room);
	uint8_t *copy = malloc(text.len ? text.len : 1);
	struct buffer user;
	bool found;

	assert_non_null(copy);
	memcpy(copy, text.p, text.len);
	buffer_init(&user, 1024);
	found = auth_user(slice_str(c->mechanism), c->step,
	    slice_make(copy, text.len), &user);
	if (found != (c->user != NULL) || (found &&
	    !slice_eq(buffer_slice(&user), slice_str(c->user))))
		fail_msg("%s step %u: %.*s", c->mechanism, c->step,
		    (int)user.len, user.p ? (const char *)user.p : "");
	buffer_fini(&user);
	free(copy);
}

static void test_users(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i]);
}

/* An answer cut anywhere names the same user, or none, or a part of it. */
static void test_cut(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (len = 0; len < cases[i].len; len++) {
			uint8_t room[512];
			struct auth_case c = cases[i];
			struct buffer user;

			c.len = len;
			buffer_init(&user, 1024);
			if (!auth_user(slice_str(c.mechanism), c.step,
			    encode(&c, room), &user))
				assert_true(user.len == 0 || !c.raw);
			buffer_fini(&user);
		}
}

static void test_too_long(void **state)
{
	static uint8_t octets[12289];
	struct buffer user;

	(void)state;
	memset(octets, 'a', sizeof(octets));
	buffer_init(&user, 65536);
	assert_true(auth_user(slice_str("LOGIN"), 0,
	    slice_make(octets, 12288), &user));
	assert_int_equal(user.len, 9216);
	buffer_clear(&user);
	assert_false(auth_user(slice_str("LOGIN"), 0,
	    slice_make(octets, 12289), &user));
	assert_int_equal(user.len, 0);
	buffer_fini(&user);
}

static void test_secrets(void **state)
{
	static const struct auth_case rows[] = { /* user: the secret */
		{ "PLAIN", 0, LEN("\0alice\0secret"), "secret", false },
		{ "PLAIN", 0, LEN("x\0alice\0s\0t"), "s", false },
		{ "PLAIN", 0, LEN("alice"), "alice", false },
		{ "PLAIN", 0, LEN("\0secret"), "secret", false },
		{ "PLAIN", 0, LEN("AGEAc2VjcmV0MTI"), "secret12", true },
		{ "PLAIN", 0, LEN("AGEAc2VjcmV0A"), "secret", true },
		{ "PLAIN", 0, LEN("s e c"), "", true },
		{ "LOGIN", 0, LEN("alice"), "", false },
		{ "LOGIN", 1, LEN("secret"), "secret", false },
		{ "LOGIN", 0, LEN("\0alice\0secret"), "secret", false },
		{ "CRAM-MD5", 0, LEN("alice b913a602c7 "), "b913a602",
		    false },
		{ "CRAM-MD5", 0, LEN("al ice b913a602c7"), "b913a602",
		    false },
		{ "SCRAM-SHA-1", 0, LEN("n,,n=alice,r=abc"), "", false },
		{ "SCRAM-SHA-1", 1, LEN("c=biws,r=a,p=xyz="), "xyz=",
		    false },
		{ "DIGEST-MD5", 0, LEN("username=\"a\",response=d387,"
		    "x=y"), "d387", false },
		{ "XOAUTH2", 0, LEN("user=alice\1auth=Bearer ya29\1\1"),
		    "ya29", false },
		{ "EXTERNAL", 0, LEN("alice"), "", false },
		{ "EXTERNAL", 0, LEN("\0alice\0secret"), "secret", false },
		{ "", 0, LEN("whatever"), "whatever", false },
	};
	uint8_t room[512], octets[8];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct auth_case *c = &rows[i];
		size_t n = auth_secret(slice_str(c->mechanism), c->step,
		    encode(c, room), octets, sizeof(octets));
		struct slice wanted = slice_str(c->user);

		if (strcmp(c->user, "s") == 0)
			wanted = slice_make("s\0t", 3);
		if (!slice_eq(slice_make(octets, n), wanted))
			fail_msg("row %zu: %zu octets", i, n);
	}
}

static void test_prompts(void **state)
{
	static const struct {
		const char *text;
		bool user;
	} rows[] = {
		{ "", true },
		{ "VXNlcm5hbWU6", true },
		{ "VXNlciBOYW1lAA==", true },   /* User Name, NUL */
		{ "dXNlcm5hbWU6", true },
		{ "VXNlcm5hbWU", true },        /* without padding */
		{ "TG9naW46", true },           /* Login: */
		{ "RS1tYWlsIGFkZHJlc3M6", true }, /* E-mail address: */
		{ "Username:", true },
		{ "Username", true },
		{ "UGFzc3dvcmQ6", false },
		{ "cGFzc3dvcmQ6", false },
		{ "UGFzc3dvcmQA", false },
		{ "VXNlciBwYXNzd29yZDo=", false }, /* User password: */
		{ "Password:", false },
		{ "R28gb24=", false },          /* Go on */
		{ "go on", false },
		{ "***", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (auth_asks_user(slice_str(rows[i].text)) != rows[i].user)
			fail_msg("\"%s\"", rows[i].text);
	assert_true(auth_is_login(slice_str("Login")));
	assert_false(auth_is_login(slice_str("PLAIN")));
}

static void test_mechanisms(void **state)
{
	(void)state;
	assert_true(auth_is_mechanism(slice_str("Plain")));
	assert_true(auth_is_mechanism(slice_str("login")));
	assert_true(auth_is_mechanism(slice_str("KERBEROS_V4")));
	assert_true(auth_is_mechanism(slice_str("SCRAM-SHA-256-PLUS")));
	assert_false(auth_is_mechanism(slice_str("AGFsaWNl")));
	assert_false(auth_is_mechanism(slice_str("YQ==")));
	assert_false(auth_is_mechanism(slice_str("A23456789012345678901")));
	assert_false(auth_is_mechanism(slice_make("", 0)));
	assert_true(auth_in_line(slice_str(" AUTH PLAIN AGEAYg==")));
	assert_true(auth_in_line(slice_str("AUTH=PLAIN AGEAYg==")));
	assert_true(auth_in_line(slice_str("XXXX login YQ==")));
	assert_false(auth_in_line(slice_str("XXXX login")));
	assert_false(auth_in_line(slice_str("HELP me please")));
}

static void test_base64(void **state)
{
	(void)state;
	assert_true(auth_is_base64(slice_str("abcXYZ019+/==")));
	assert_true(auth_is_base64(slice_str("x")));
	assert_false(auth_is_base64(slice_make("", 0)));
	assert_false(auth_is_base64(slice_str("a b")));
	assert_false(auth_is_base64(slice_str("a-b")));
	assert_false(auth_is_base64(slice_str("*")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_mechanisms),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
