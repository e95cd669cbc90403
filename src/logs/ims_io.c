/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ims_io.c - octets that the Internet Mail Service told as it read them */
#include "logs/ims.h"

void ims_drop_io(struct ims *m, size_t from, size_t count)
{
	memmove(m->io + from, m->io + from + count,
	    (m->io_count - from - count) * sizeof(m->io[0]));
	m->io_count -= count;
	if (m->io_count == 0)
		buffer_clear(&m->io_text);
}

void ims_push_io(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct ims_io *l;

	/* What waits too long is evidence of nothing. */
	if (m->io_count == IMS_IO_LINES ||
	    m->io_text.len + text.len > IMS_IO_OCTETS)
		ims_drop_io(m, 0, m->io_count);
	l = &m->io[m->io_count];
	l->number = line->number;
	l->time = m->time;
	l->from = m->io_text.len;
	l->len = text.len;
	l->unterminated = line->unterminated;
	if (buffer_append_slice(&m->io_text, text))
		m->io_count++;
}

struct slice ims_io_text(const struct ims *m, const struct ims_io *l)
{
	return slice_head(slice_from(buffer_slice(&m->io_text), l->from),
	    l->len);
}

/* Drop what is in front of both octet for octet, eight at a time. */
static inline void skip_equal(struct slice *a, struct slice *b)
{
	while (a->len >= 8 && b->len >= 8 && memcmp(a->p, b->p, 8) == 0) {
		*a = slice_from(*a, 8);
		*b = slice_from(*b, 8);
	}
}

/* Drop what is in front of both, blanks ignored; false: they differ. */
static bool match_blankless(struct slice *raw, struct slice *parsed)
{
	for (;;) {
		skip_equal(raw, parsed);
		log_take_blanks(raw);
		log_take_blanks(parsed);
		if (raw->len == 0 || parsed->len == 0)
			return true;
		if (ascii_lower(raw->p[0]) != ascii_lower(parsed->p[0]))
			return false;
		*raw = slice_from(*raw, 1);
		*parsed = slice_from(*parsed, 1);
	}
}

/* How many IO lines from i on hold the parsed line?  0: they do not. */
static size_t match_from(const struct ims *m, size_t i, struct slice parsed)
{
	size_t n;

	for (n = 0; i + n < m->io_count; n++) {
		struct slice raw = ims_io_text(m, &m->io[i + n]);

		if (!match_blankless(&raw, &parsed) || raw.len > 0)
			return 0;
		if (parsed.len == 0)
			return n + 1;
	}
	return 0;
}

size_t ims_find_io(const struct ims *m, struct slice parsed,
    size_t *first_r)
{
	size_t i, n;

	for (i = 0; i < m->io_count; i++) {
		n = match_from(m, i, parsed);
		if (n > 0) {
			*first_r = i;
			return n;
		}
	}
	return 0;
}
