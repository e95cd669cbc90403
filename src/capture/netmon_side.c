/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netmon_side.c - comments and processes of a Network Monitor file
 *
 * From 2.2 on a table of comments, each with the offset of its frame, a title
 * and a description, and a table of processes, which frames name by their
 * index.  They are read when the file is opened; damage ends a table, what
 * stands before it is kept, and frames are not concerned.
 */
#include "capture/netmon_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"

/* Octets kept of one text: a note has no room for more. */
#define TEXT_MAX 400u
/* The end of a process's record: its number, ports, addresses. */
#define PROCESS_END 48u
/* No path and no title is longer. */
#define LENGTH_MAX 65536u

struct text {
	uint8_t octets[TEXT_MAX];
	size_t len;
};

/* --- texts ---------------------------------------------------------------- */

static void put_octets(struct text *t, const uint8_t *p, size_t len)
{
	if (len > sizeof(t->octets) - t->len)
		return;
	memcpy(t->octets + t->len, p, len);
	t->len += len;
}

/* Up to its NUL. */
static void put_utf16(struct text *t, struct slice s)
{
	struct cursor c = cursor_make(s);
	uint16_t high = 0, unit;
	uint8_t u[6];

	while (cursor_left(&c) >= 2 && (unit = cursor_le16(&c)) != 0)
		put_octets(t, u, escape_utf16_put(u, &high, unit));
}

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* What a control word of RTF does to the text: it is a blank, or nothing, or
 * its group is no text. */
static bool is_group_of_others(struct slice word)
{
	static const char *const words[] = { "fonttbl", "colortbl",
		"stylesheet", "info", "pict", "generator" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_eq(word, slice_str(words[i])))
			return true;
	return false;
}

struct rtf {
	struct text *t;
	unsigned depth, skip; /* groups; the one that is left out, or 0 */
	bool blank;           /* one is due before the next octet */
};

static void put_rtf_octet(struct rtf *r, uint32_t c)
{
	uint8_t u[4];

	if (r->skip)
		return;
	if (c == ' ' || c == '\t') {
		r->blank = true;
		return;
	}
	if (r->blank && r->t->len > 0)
		put_octets(r->t, (const uint8_t *)" ", 1);
	r->blank = false;
	put_octets(r->t, u, escape_utf8_put(u, c));
}

static uint32_t get_hex(struct cursor *c)
{
	uint32_t value = 0;

	for (int i = 0; i < 2; i++) {
		uint8_t digit = cursor_u8(c);

		if (digit >= '0' && digit <= '9')
			digit = (uint8_t)(digit - '0');
		else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
			digit = (uint8_t)((digit | 0x20) - 'a' + 10);
		else
			return '?';
		value = value * 16 + digit;
	}
	return value;
}

/* Behind a backslash. */
static void take_control(struct rtf *r, struct cursor *c)
{
	const uint8_t *start = c->p;
	struct slice word;

	if (!is_letter(*c->p)) {
		uint8_t symbol = cursor_u8(c);

		if (symbol == '*' && !r->skip)
			r->skip = r->depth;
		else if (symbol == '\'')
			put_rtf_octet(r, get_hex(c)); /* Latin 1, mostly */
		else if (symbol == '\\' || symbol == '{' || symbol == '}')
			put_rtf_octet(r, symbol);
		return;
	}
	while (cursor_left(c) > 0 && is_letter(*c->p))
		cursor_skip(c, 1);
	word = slice_make(start, (size_t)(c->p - start));
	while (cursor_left(c) > 0 && (*c->p == '-' ||
	    (*c->p >= '0' && *c->p <= '9')))
		cursor_skip(c, 1);
	if (cursor_left(c) > 0 && *c->p == ' ')
		cursor_skip(c, 1);
	if (!r->skip && is_group_of_others(word))
		r->skip = r->depth;
	else if (slice_eq(word, slice_str("par")) ||
	    slice_eq(word, slice_str("line")) ||
	    slice_eq(word, slice_str("tab")))
		r->blank = true;
}

/* The words of a description, which Network Monitor writes as RTF. */
static void put_rtf(struct text *t, struct slice s)
{
	struct rtf r = { t, 0, 0, false };
	struct cursor c = cursor_make(s);

	while (cursor_left(&c) > 0) {
		uint8_t octet = cursor_u8(&c);

		if (octet == '{') {
			r.depth++;
		} else if (octet == '}') {
			if (r.skip == r.depth)
				r.skip = 0;
			r.depth -= r.depth > 0;
		} else if (octet == '\\' && cursor_left(&c) > 0) {
			take_control(&r, &c);
		} else if (octet >= ' ') {
			put_rtf_octet(&r, octet);
		}
	}
}

/* In the memory of the side tables; empty also when there is none left. */
static struct slice keep(struct netmon_side *s, const struct text *t)
{
	uint8_t *p = t->len > 0 ? arena_alloc(&s->arena, t->len) : NULL;

	if (!p)
		return slice_make(NULL, 0);
	memcpy(p, t->octets, t->len);
	return slice_make(p, t->len);
}

/* --- tables --------------------------------------------------------------- */

/* A length and so many octets at *pos, which is moved behind them; *good_r
 * false: they go beyond end, or are too many.  octets_r NULL: not read. */
static enum sw_status get_counted(struct netmon *n, uint64_t *pos,
    uint64_t end, uint32_t most, struct slice *octets_r, bool *good_r,
    struct sw_err *err)
{
	struct slice head;
	struct cursor c;
	uint32_t len;
	enum sw_status status = netmon_get(n, *pos, 4, &head, err);

	*good_r = false;
	if (status != SW_OK || head.len < 4 || end - *pos < 4)
		return status;
	c = cursor_make(head);
	len = cursor_le32(&c);
	if (len > end - *pos - 4)
		return SW_OK;
	*good_r = len <= most;
	if (*good_r && octets_r)
		status = netmon_get(n, *pos + 4, len, octets_r, err);
	*pos += 4 + (uint64_t)len;
	return status;
}

static enum sw_status add_comment(struct netmon_side *s, uint32_t off,
    const struct text *t, struct sw_err *err)
{
	void *comments = s->comments;

	if (s->comment_count >= LIMIT_SIDE_ENTRIES)
		return SW_OK;
	if (!base_grow(&comments, s->comment_count, &s->comment_capacity,
	    sizeof(*s->comments)))
		return base_error_set(err, SW_ENOMEM, "no memory");
	s->comments = comments;
	s->comments[s->comment_count].off = off;
	s->comments[s->comment_count++].text = keep(s, t);
	return SW_OK;
}

/* One comment at *pos: how many frames it is of (1), the offset of the frame,
 * title in UTF-16, description in RTF. */
static enum sw_status read_comment(struct netmon *n, uint64_t *pos,
    uint64_t end, bool *good_r, struct sw_err *err)
{
	struct text t = { .len = 0 }, words = { .len = 0 };
	struct slice octets;
	struct cursor c;
	uint32_t frames, off;
	enum sw_status status = netmon_get(n, *pos, 8, &octets, err);

	*good_r = false;
	if (status != SW_OK || octets.len < 8 || end - *pos < 8)
		return status;
	c = cursor_make(octets);
	frames = cursor_le32(&c);
	off = cursor_le32(&c);
	if (frames != 1)
		return SW_OK;
	*pos += 8;
	status = get_counted(n, pos, end, LENGTH_MAX, &octets, good_r, err);
	if (status != SW_OK || !*good_r)
		return status;
	put_utf16(&t, octets);
	status = get_counted(n, pos, end, LIMIT_FRAME, &octets, good_r, err);
	if (status != SW_OK || !*good_r)
		return status;
	put_rtf(&words, octets);
	if (t.len > 0 && words.len > 0)
		put_octets(&t, (const uint8_t *)": ", 2);
	put_octets(&t, words.octets, words.len);
	return add_comment(&n->side, off, &t, err);
}

static int compare(const void *a, const void *b)
{
	const struct netmon_comment *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

static enum sw_status read_comments(struct netmon *n, uint64_t off,
    uint64_t len, struct sw_err *err)
{
	uint64_t end = off + len, pos = off;
	bool good = end <= n->size && off >= HEADER_MIN;
	enum sw_status status = SW_OK;

	if (len == 0)
		return SW_OK;
	while (status == SW_OK && good && pos < end)
		status = read_comment(n, &pos, end, &good, err);
	if (status == SW_OK && !good)
		capture_warn(&n->in, pos, "damaged comments, left");
	if (n->side.comment_count > 1)
		qsort(n->side.comments, n->side.comment_count,
		    sizeof(*n->side.comments), compare);
	return status;
}

static enum sw_status add_process(struct netmon_side *s, struct text *t,
    uint32_t pid, struct sw_err *err)
{
	void *processes = s->processes;
	char number[24];
	int len = snprintf(number, sizeof(number), " (process %lu)",
	    (unsigned long)pid);

	if (!base_grow(&processes, s->process_count, &s->process_capacity,
	    sizeof(*s->processes)))
		return base_error_set(err, SW_ENOMEM, "no memory");
	s->processes = processes;
	put_octets(t, (const uint8_t *)number, (size_t)len);
	s->processes[s->process_count++] = keep(s, t);
	return SW_OK;
}

/* Path in UTF-16, icon, number, ports and addresses, which frames have. */
static enum sw_status read_process(struct netmon *n, uint64_t *pos,
    bool *good_r, struct sw_err *err)
{
	struct slice path, octets;
	struct text t = { .len = 0 };
	struct cursor c;
	enum sw_status status = get_counted(n, pos, n->size, LENGTH_MAX,
	    &path, good_r, err);

	if (status == SW_OK && *good_r) {
		put_utf16(&t, path);
		status = get_counted(n, pos, n->size, UINT32_MAX, NULL,
		    good_r, err);
	}
	if (status != SW_OK || !*good_r)
		return status;
	status = netmon_get(n, *pos, PROCESS_END, &octets, err);
	*good_r = octets.len == PROCESS_END;
	if (status != SW_OK || !*good_r)
		return status;
	c = cursor_make(octets);
	*pos += PROCESS_END;
	return add_process(&n->side, &t, cursor_le32(&c), err);
}

static enum sw_status read_processes(struct netmon *n, uint64_t off,
    uint32_t count, struct sw_err *err)
{
	uint64_t pos = off + 2; /* behind a version */
	bool good = off >= HEADER_MIN && pos <= n->size;
	enum sw_status status = SW_OK;

	for (uint32_t i = 0; status == SW_OK && good && i < count &&
	    i < LIMIT_SIDE_ENTRIES; i++)
		status = read_process(n, &pos, &good, err);
	if (status == SW_OK && !good && count > 0)
		capture_warn(&n->in, pos, "damaged table of processes, left");
	return status;
}

enum sw_status netmon_side_read(struct netmon *n,
    const struct netmon_pointers *p, struct sw_err *err)
{
	enum sw_status status = SW_OK;

	/* Before 2.2 something else stood there, or nothing sane. */
	if (n->version < 22 || !n->random)
		return SW_OK;
	status = read_comments(n, p->comments_off, p->comments_len, err);
	if (status == SW_OK && p->process_count > 0)
		status = read_processes(n, p->processes_off,
		    p->process_count, err);
	return status;
}

void netmon_side_fini(struct netmon_side *s)
{
	arena_fini(&s->arena);
	free(s->comments);
	free(s->processes);
}

bool netmon_remarks(const void *state, struct frame_remarks *r_r)
{
	const struct netmon *n = state;
	const struct netmon_side *s = &n->side;
	struct netmon_comment key = { .off = (uint32_t)n->last_off };
	const struct netmon_comment *comment = s->comment_count > 0 &&
	    n->last_off <= UINT32_MAX ? bsearch(&key, s->comments,
	    s->comment_count, sizeof(*s->comments), compare) : NULL;

	r_r->comment = comment ? comment->text : slice_make(NULL, 0);
	r_r->process = n->last_process < s->process_count ?
	    s->processes[n->last_process] : slice_make(NULL, 0);
	return r_r->comment.len > 0 || r_r->process.len > 0;
}
