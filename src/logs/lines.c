/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines.c - octets of a log as lines
 *
 * Theory of operation.  A mark of byte order (UTF-8, UTF-16) at the start is
 * dropped and decides the encoding.  Octets are searched for LF by memchr;
 * a line that lies whole in what was fed is handed out in place, else it is
 * gathered in a buffer of LIMIT_LINE octets.  UTF-16 is turned into UTF-8
 * unit by unit in that buffer; what is no UTF-16 becomes U+FFFD.  Linear,
 * and the same however the input is cut.
 */
#include "logs/lines.h"

#include "base/cursor.h"
#include "base/escape.h"

/* One more than a line may have, for a CR before the LF. */
#define PART_MAX (LIMIT_LINE + 1)

void log_lines_init(struct log_lines *l)
{
	memset(l, 0, sizeof(*l));
	buffer_init(&l->part, PART_MAX);
}

void log_lines_fini(struct log_lines *l)
{
	buffer_fini(&l->part);
}

void log_lines_feed(struct log_lines *l, struct slice octets)
{
	l->input = octets;
}

static bool is_utf16(const struct log_lines *l)
{
	return l->encoding == LOG_ENCODING_UTF16LE ||
	    l->encoding == LOG_ENCODING_UTF16BE;
}

/* Add to the line that is being gathered, as far as it may grow. */
static void gather(struct log_lines *l, struct slice s)
{
	size_t room = l->part.max - l->part.len;

	l->any = true;
	if (s.len > room) {
		l->overflow = true;
		s.len = room;
	}
	buffer_append_slice(&l->part, s);
}

/* Written to where it is read: a copy of what was just written in smaller
 * pieces would wait for them. */
static inline void finish_line(struct log_lines *l, struct slice s,
    bool overflow, bool unterminated, struct log_line *line_r)
{
	line_r->crlf = false;
	if (!overflow && s.len > 0 && s.p[s.len - 1] == '\r') {
		line_r->crlf = !unterminated;
		s.len--;
	}
	line_r->truncated = overflow || s.len > LIMIT_LINE;
	line_r->unterminated = unterminated;
	s.len = s.len > LIMIT_LINE ? LIMIT_LINE : s.len;
	while (s.len > 0 && s.p[0] == 0)
		s = slice_from(s, 1);
	line_r->text.p = s.p;
	line_r->text.len = s.len;
	line_r->number = ++l->number;
	line_r->base = l->base;
}

/* The gathered line is complete. */
static void finish_part(struct log_lines *l, bool unterminated,
    struct log_line *line_r)
{
	bool overflow = l->overflow;

	l->taken = true;
	l->overflow = false;
	l->any = false;
	finish_line(l, buffer_slice(&l->part), overflow, unterminated,
	    line_r);
}

/* --- marks of byte order ------------------------------------------------ */

static const struct {
	uint8_t octets[3], len;
	enum log_encoding encoding;
} marks[] = {
	{ { 0xef, 0xbb, 0xbf }, 3, LOG_ENCODING_OCTETS },
	{ { 0xff, 0xfe }, 2, LOG_ENCODING_UTF16LE },
	{ { 0xfe, 0xff }, 2, LOG_ENCODING_UTF16BE },
};

/* Do the octets held begin a mark?  *encoding_r: that of a whole one. */
static bool begins_mark(const struct log_lines *l,
    enum log_encoding *encoding_r)
{
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (l->held_len > marks[i].len ||
		    memcmp(l->held, marks[i].octets, l->held_len) != 0)
			continue;
		if (l->held_len == marks[i].len)
			*encoding_r = marks[i].encoding;
		return true;
	}
	return false;
}

/* What is held is no mark but text; no octet of a mark is an LF. */
static void give_up_mark(struct log_lines *l)
{
	l->encoding = LOG_ENCODING_OCTETS;
	if (l->held_len > 0)
		gather(l, slice_make(l->held, l->held_len));
	l->held_len = 0;
}

static void find_mark(struct log_lines *l)
{
	while (l->encoding == LOG_ENCODING_UNKNOWN && l->input.len > 0) {
		l->held[l->held_len++] = l->input.p[0];
		if (!begins_mark(l, &l->encoding)) {
			l->held_len--;
			give_up_mark(l);
			return;
		}
		l->input = slice_from(l->input, 1);
	}
	if (l->encoding != LOG_ENCODING_UNKNOWN)
		l->held_len = 0;
}

/* --- one encoding each -------------------------------------------------- */

/* The next line, whole in what was fed, as nearly all are. */
static inline bool next_whole(struct log_lines *l, struct log_line *line_r)
{
	struct slice s = l->input;
	const uint8_t *lf = s.len ? memchr(s.p, '\n', s.len) : NULL;

	if (!lf)
		return false;
	l->input.p = lf + 1;
	s.len = (size_t)(lf - s.p);
	l->input.len -= s.len + 1;
	finish_line(l, s, s.len > PART_MAX, false, line_r);
	return true;
}

static bool next_octets(struct log_lines *l, struct log_line *line_r)
{
	struct slice s = l->input;
	const uint8_t *lf;

	if (!l->any && next_whole(l, line_r))
		return true;
	lf = s.len ? memchr(s.p, '\n', s.len) : NULL;
	if (!lf) {
		if (s.len > 0)
			gather(l, s);
		l->input.len = 0;
		return false;
	}
	l->input = slice_from(s, (size_t)(lf - s.p) + 1);
	gather(l, slice_head(s, (size_t)(lf - s.p)));
	finish_part(l, false, line_r);
	return true;
}

/* One code unit; true at the end of a line. */
static bool take_unit(struct log_lines *l, uint16_t unit)
{
	uint8_t u[6];
	size_t n = escape_utf16_put(u, &l->high, unit);

	gather(l, slice_make(u, n - (unit == '\n')));
	return unit == '\n';
}

static bool next_utf16(struct log_lines *l, struct log_line *line_r)
{
	while (l->input.len > 0) {
		struct cursor unit = cursor_make(slice_make(l->held, 2));

		l->held[l->held_len++] = l->input.p[0];
		l->input = slice_from(l->input, 1);
		if (l->held_len < 2)
			continue;
		l->held_len = 0;
		if (take_unit(l, cursor_x16(&unit,
		    l->encoding == LOG_ENCODING_UTF16BE))) {
			finish_part(l, false, line_r);
			return true;
		}
	}
	return false;
}

/* --- the interface ------------------------------------------------------ */

static void drop_taken(struct log_lines *l)
{
	if (l->taken)
		buffer_clear(&l->part);
	l->taken = false;
}

/* As log_lines_next, of any encoding and wherever the octets are cut.  Not
 * inlined: what it puts on the stack would be paid for by each line. */
static __attribute__((noinline)) int next_line(struct log_lines *l,
    struct log_line *line_r)
{
	bool found = false;

	drop_taken(l);
	if (l->encoding == LOG_ENCODING_UNKNOWN)
		find_mark(l);
	if (l->encoding == LOG_ENCODING_OCTETS)
		found = next_octets(l, line_r);
	else if (is_utf16(l))
		found = next_utf16(l, line_r);
	if (l->part.failed)
		return SW_ENOMEM;
	return found;
}

int log_lines_next(struct log_lines *l, struct log_line *line_r)
{
	if (l->encoding == LOG_ENCODING_OCTETS && !l->any && !l->taken &&
	    next_whole(l, line_r))
		return 1;
	return next_line(l, line_r);
}

int log_lines_end(struct log_lines *l, struct log_line *line_r)
{
	uint8_t half[4];

	drop_taken(l);
	if (l->encoding == LOG_ENCODING_UNKNOWN)
		give_up_mark(l);
	if (is_utf16(l) && (l->high || l->held_len > 0)) /* half a character */
		gather(l, slice_make(half, escape_utf8_put(half, 0xfffd)));
	l->high = 0;
	l->held_len = 0;
	if (l->part.failed)
		return SW_ENOMEM;
	if (!l->any)
		return 0;
	finish_part(l, true, line_r);
	return 1;
}

void log_lines_next_file(struct log_lines *l)
{
	uint64_t number = l->number;
	struct buffer part = l->part;

	buffer_clear(&part);
	memset(l, 0, sizeof(*l));
	l->part = part;
	l->number = l->base = number;
}

bool log_lines_head(struct slice octets, struct buffer *out,
    struct slice *head_r)
{
	struct log_lines l;
	struct log_line line;
	int n;

	log_lines_init(&l);
	log_lines_feed(&l, octets);
	find_mark(&l);
	*head_r = l.input;
	if (!is_utf16(&l)) {
		if (l.encoding == LOG_ENCODING_UNKNOWN || l.any)
			*head_r = octets;
		log_lines_fini(&l);
		return true;
	}
	while ((n = log_lines_next(&l, &line)) > 0 ||
	    (n == 0 && (n = log_lines_end(&l, &line)) > 0)) {
		buffer_append_slice(out, line.text);
		buffer_append_char(out, '\n');
	}
	log_lines_fini(&l);
	*head_r = buffer_slice(out);
	return n == 0 && !out->failed;
}
