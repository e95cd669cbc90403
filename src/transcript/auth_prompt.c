/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auth_prompt.c - what the 334 of AUTH LOGIN asks for */
#include "transcript/auth_internal.h"

static bool has_any(struct slice text, const char *const *words)
{
	for (; *words; words++)
		if (slice_find_nocase(text, slice_str(*words)) < text.len)
			return true;
	return false;
}

static bool is_ascii_text(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] >= 0x7f)
			return false;
	return s.len > 0;
}

bool auth_asks_user(struct slice prompt)
{
	static const char *const names[] = { "user", "name", "login",
		"account", "mail", "uid", "ident", NULL };
	static const char *const others[] = { "pass", "pwd", "secret",
		"token", "code", NULL };
	uint8_t decoded[AUTH_DECODED_MAX];
	struct slice text;
	size_t len;

	prompt = slice_trim(prompt);
	if (prompt.len == 0)
		return true;
	if (auth_decode(prompt, decoded, &len)) {
		while (len > 0 && decoded[len - 1] < ' ')
			len--;
		text = slice_make(decoded, len);
		if (is_ascii_text(text))
			prompt = text;
	}
	return has_any(prompt, names) && !has_any(prompt, others);
}

bool auth_is_prompt(struct slice text)
{
	static const char *const prompts[] = { "VXNlcm5hbWU6",
		"UGFzc3dvcmQ6", "VXNlciBOYW1lAA==", "UGFzc3dvcmQA",
		"dXNlcm5hbWU6", "cGFzc3dvcmQ6" };
	size_t i;

	for (i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++)
		if (slice_eq(text, slice_str(prompts[i])))
			return true;
	return text.len == 0;
}

bool auth_is_login(struct slice mechanism)
{
	return slice_eq_nocase(mechanism, slice_str("LOGIN"));
}
