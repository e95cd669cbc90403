/* SPDX-License-Identifier: GPL-2.0-or-later */
/* odbc_name.c - "odbc:" and the words of a connection string */
#include "logs/odbc.h"

#ifdef SW_ODBC

#include "logs/odbc_internal.h"

/* The brace that closes a value; s.len: none does. */
static size_t find_close(struct slice s, size_t from)
{
	while (from < s.len && s.p[from] != '}')
		from++;
	return from;
}

/* "KEY=value" or "KEY={va;lue}" up to the next semicolon.  A brace that is not
 * closed is one of the value: a password may follow. */
static bool take_word(struct slice *rest, struct slice *key_r,
    struct slice *value_r, struct slice *all_r)
{
	struct slice s = *rest;
	size_t n = 0, equals;

	if (s.len == 0)
		return false;
	while (n < s.len && s.p[n] != '=' && s.p[n] != ';')
		n++;
	equals = n;
	if (n + 1 < s.len && s.p[n] == '=' && s.p[n + 1] == '{' &&
	    find_close(s, n) < s.len)
		n = find_close(s, n);
	while (n < s.len && s.p[n] != ';')
		n++;
	*all_r = slice_head(s, n);
	*key_r = slice_trim(slice_head(s, equals));
	*value_r = slice_from(*all_r, equals + 1);
	*rest = slice_from(s, n + 1);
	return true;
}

/* Words that can be told: all others might be secret. */
static bool is_public(struct slice key)
{
	static const char *const keys[] = { "DSN", "DRIVER", "SERVER",
		"SERVERNAME", "PORT", "DATABASE", "TABLE" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (slice_eq_nocase(key, slice_str(keys[i])))
			return true;
	return false;
}

void odbc_name_append(struct buffer *b, struct slice word)
{
	if (b->len > 0 && b->p[b->len - 1] != ':')
		buffer_append_char(b, ';');
	buffer_append_slice(b, word);
}

static struct slice unbrace(struct slice s)
{
	if (s.len > 1 && s.p[0] == '{' && s.p[s.len - 1] == '}')
		return slice_make(s.p + 1, s.len - 2);
	return s;
}

/* Blanks around it are none of it, for some drivers. */
static void append_secret(struct buffer *b, struct slice value)
{
	if (b->len > 0)
		buffer_append_char(b, '\0');
	buffer_append_slice(b, slice_trim(unbrace(slice_trim(value))));
}

enum sw_status odbc_name_parse(struct odbc *o, const char *name,
    struct sw_err *err)
{
	struct slice rest = slice_from(slice_str(name),
	    sizeof(LOG_ODBC_PREFIX) - 1);
	struct slice key, value, all;

	buffer_append_str(&o->name, LOG_ODBC_PREFIX);
	while (take_word(&rest, &key, &value, &all)) {
		if (slice_eq_nocase(key, slice_str("TABLE")))
			buffer_append_slice(&o->table, unbrace(value));
		else if (all.len > 0)
			odbc_name_append(&o->words, all);
		if (slice_eq_nocase(key, slice_str("PWD")) ||
		    slice_eq_nocase(key, slice_str("PASSWORD")))
			append_secret(&o->secret, value);
		if (is_public(key))
			odbc_name_append(&o->name, all);
	}
	if (o->table.len == 0) {
		buffer_append_str(&o->table, "InternetLog");
		odbc_name_append(&o->name, slice_str("TABLE=InternetLog"));
	}
	if (o->name.failed || o->words.failed || o->table.failed ||
	    o->secret.failed)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (o->name.full || o->words.full || o->table.full || o->secret.full)
		return base_error_set(err, SW_EREAD, "odbc: the name is too "
		    "long");
	return SW_OK;
}

/* Where the first of the secrets stands, of those that begin there the
 * longest; text.len: none does. */
static size_t find_secret(struct slice text, struct slice secrets,
    size_t *len_r)
{
	size_t found = text.len;

	*len_r = 0;
	while (secrets.len > 0) {
		const uint8_t *end = memchr(secrets.p, 0, secrets.len);
		size_t n = end ? (size_t)(end - secrets.p) : secrets.len;
		size_t at = n > 0 ? slice_find_nocase(text,
		    slice_head(secrets, n)) : text.len;

		if (at < found || (at == found && n > *len_r)) {
			found = at;
			*len_r = n;
		}
		secrets = slice_from(secrets, n + 1);
	}
	return found;
}

void odbc_name_hide(struct buffer *b, struct slice text,
    struct slice secrets)
{
	while (text.len > 0) {
		size_t len, at = find_secret(text, secrets, &len);

		buffer_append_slice(b, slice_head(text, at));
		if (at == text.len)
			break;
		buffer_append_str(b, "***");
		text = slice_from(text, at + len);
	}
}

#endif
