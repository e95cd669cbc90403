/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs.c - which verb a line begins with, and BDAT's argument */
#include "transcript/verbs.h"

enum { VERB_SIZE = 16, VERB_LEAST = 4 };

/* Filled up with NUL, so that all of it can be compared at once. */
static const char verb_names[][VERB_SIZE] = {
	[VERB_NONE] = "",
	[VERB_UNKNOWN] = "",
	[VERB_HELO] = "HELO",
	[VERB_EHLO] = "EHLO",
	[VERB_LHLO] = "LHLO",
	[VERB_MAIL] = "MAIL",
	[VERB_RCPT] = "RCPT",
	[VERB_DATA] = "DATA",
	[VERB_BDAT] = "BDAT",
	[VERB_RSET] = "RSET",
	[VERB_VRFY] = "VRFY",
	[VERB_EXPN] = "EXPN",
	[VERB_HELP] = "HELP",
	[VERB_NOOP] = "NOOP",
	[VERB_QUIT] = "QUIT",
	[VERB_AUTH] = "AUTH",
	[VERB_STARTTLS] = "STARTTLS",
	[VERB_XANONYMOUSTLS] = "X-ANONYMOUSTLS",
	[VERB_ETRN] = "ETRN",
	[VERB_TURN] = "TURN",
	[VERB_ATRN] = "ATRN",
	[VERB_SEND] = "SEND",
	[VERB_SOML] = "SOML",
	[VERB_SAML] = "SAML",
	[VERB_XCLIENT] = "XCLIENT",
	[VERB_XFORWARD] = "XFORWARD",
	[VERB_XEXCH50] = "XEXCH50",
	[VERB_XEXPS] = "X-EXPS",
	[VERB_XLINK2STATE] = "X-LINK2STATE",
	[VERB_BURL] = "BURL",
};
_Static_assert(sizeof(verb_names) / sizeof(verb_names[0]) == VERB_COUNT,
    "a name for each verb");

static bool is_verb_octet(uint8_t c)
{
	return ascii_is_alnum(c) || c == '-';
}

static bool ends_verb(struct slice line, size_t n)
{
	return n == line.len || line.p[n] == ' ' || line.p[n] == '\t' ||
	    line.p[n] == ':';
}

/* Without the bit of the case; only letters become capitals by that. */
#define FOUR(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | \
	(uint32_t)(c) << 8 | (uint32_t)(d))

/* The verbs of four letters; VERB_UNKNOWN: none of them. */
static enum verb verb_of_four(const uint8_t *p)
{
	switch (FOUR(p[0], p[1], p[2], p[3]) & FOUR(0xdf, 0xdf, 0xdf, 0xdf)) {
	case FOUR('H', 'E', 'L', 'O'):
		return VERB_HELO;
	case FOUR('E', 'H', 'L', 'O'):
		return VERB_EHLO;
	case FOUR('L', 'H', 'L', 'O'):
		return VERB_LHLO;
	case FOUR('M', 'A', 'I', 'L'):
		return VERB_MAIL;
	case FOUR('R', 'C', 'P', 'T'):
		return VERB_RCPT;
	case FOUR('D', 'A', 'T', 'A'):
		return VERB_DATA;
	case FOUR('B', 'D', 'A', 'T'):
		return VERB_BDAT;
	case FOUR('R', 'S', 'E', 'T'):
		return VERB_RSET;
	case FOUR('N', 'O', 'O', 'P'):
		return VERB_NOOP;
	case FOUR('Q', 'U', 'I', 'T'):
		return VERB_QUIT;
	case FOUR('A', 'U', 'T', 'H'):
		return VERB_AUTH;
	case FOUR('V', 'R', 'F', 'Y'):
		return VERB_VRFY;
	case FOUR('E', 'X', 'P', 'N'):
		return VERB_EXPN;
	case FOUR('H', 'E', 'L', 'P'):
		return VERB_HELP;
	case FOUR('E', 'T', 'R', 'N'):
		return VERB_ETRN;
	case FOUR('T', 'U', 'R', 'N'):
		return VERB_TURN;
	case FOUR('A', 'T', 'R', 'N'):
		return VERB_ATRN;
	case FOUR('S', 'E', 'N', 'D'):
		return VERB_SEND;
	case FOUR('S', 'O', 'M', 'L'):
		return VERB_SOML;
	case FOUR('S', 'A', 'M', 'L'):
		return VERB_SAML;
	case FOUR('B', 'U', 'R', 'L'):
		return VERB_BURL;
	default:
		return VERB_UNKNOWN;
	}
}

static enum verb other_verb(struct slice line, size_t *len_r)
{
	size_t n = 0, v;
	uint8_t upper[VERB_SIZE] = { 0 };

	while (n < line.len && is_verb_octet(line.p[n]))
		n++;
	if (n == 0 || !ends_verb(line, n)) {
		*len_r = 0;
		return VERB_NONE;
	}
	*len_r = n;
	/* Those of four letters were looked for; of three is a reply's. */
	if (n <= VERB_LEAST || n >= sizeof(upper))
		return VERB_UNKNOWN;
	for (v = 0; v < n; v++)
		upper[v] = ascii_upper(line.p[v]);
	for (v = VERB_UNKNOWN + 1; v < VERB_COUNT; v++)
		if (memcmp(verb_names[v], upper, VERB_SIZE) == 0)
			return (enum verb)v;
	return VERB_UNKNOWN;
}

enum verb session_verb(struct slice line, size_t *len_r)
{
	enum verb verb;

	if (line.len >= 4 && ends_verb(line, 4)) {
		verb = verb_of_four(line.p);
		if (verb != VERB_UNKNOWN) {
			*len_r = 4;
			return verb;
		}
	}
	return other_verb(line, len_r);
}

bool session_bdat_parse(struct slice argument, uint64_t *size_r,
    bool *last_r)
{
	struct slice rest = slice_trim(argument);
	size_t n = 0;

	*last_r = false;
	while (n < rest.len && rest.p[n] != ' ' && rest.p[n] != '\t')
		n++;
	if (!slice_to_u64(slice_head(rest, n), size_r) ||
	    *size_r > INT64_MAX)
		return false;
	rest = slice_trim(slice_from(rest, n));
	*last_r = slice_eq_nocase(rest, slice_str("LAST"));
	return *last_r || rest.len == 0;
}

struct sw_bytes session_verb_name(enum verb verb, size_t len)
{
	struct sw_bytes name = { (const uint8_t *)verb_names[verb], len };

	return name;
}

bool session_is_verb_name(struct slice s, enum verb verb)
{
	const char *name = verb_names[verb];

	return verb > VERB_UNKNOWN && s.len >= VERB_LEAST &&
	    s.len < VERB_SIZE && name[s.len - 1] && !name[s.len] &&
	    slice_has_prefix_nocase(s, slice_make(name, s.len));
}
