/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mbox_message.c - one message in the form of a mailbox
 *
 * The form is mboxrd (RFC 4155 tells of the family): a line "From SENDER
 * DATE", the content, an empty line.  Lines of content that match ^>*From_
 * get a '>' in front, so that taking one away gives the content again.  The
 * line ends of the content are not touched; what does not end with LF gets
 * one, since the next "From " begins a line.
 */
#include "emit/mbox_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* Octets in the "From " line. */
enum { SENDER_MAX = 900 };

static void flush_out(struct emit_mbox *e)
{
	if (e->out_error == 0)
		e->out_error = emit_pile_write(e->fd, e->out, e->out_len, -1);
	e->out_len = 0;
}

static void put(struct emit_mbox *e, const void *octets, size_t len)
{
	const uint8_t *p = octets;

	while (len > 0) {
		size_t n = OUT_SIZE - e->out_len;

		n = n < len ? n : len;
		memcpy(e->out + e->out_len, p, n);
		e->out_len += n;
		p += n;
		len -= n;
		if (e->out_len == OUT_SIZE)
			flush_out(e);
	}
}

/* Readers of mailboxes take the first word for the sender, and some nothing
 * but ASCII. */
static void put_sender(struct emit_mbox *e, struct sw_bytes from)
{
	size_t i, len = from.len < SENDER_MAX ? from.len : SENDER_MAX;

	if (len == 0)
		put(e, "MAILER-DAEMON", 13);
	for (i = 0; i < len; i++) {
		uint8_t c = from.data[i];
		char text = c <= ' ' || c == 0x7f ? '_' : c > 0x7f ? '?' :
		    (char)c;

		put(e, &text, 1);
	}
}

/* When the last octet of its content came. */
static int64_t time_of(const struct sw_session *s, uint32_t n)
{
	size_t i;

	for (i = s->event_count; i > 0; i--) {
		const struct sw_event *v = &s->events[i - 1];

		if (v->kind == SW_EVENT_DATA && v->u.data.message == n &&
		    v->end != SW_NO_TIME)
			return v->end;
	}
	return s->end != SW_NO_TIME ? s->end : 0;
}

/* As asctime() does, "Sun Sep 16 01:03:52 1973". */
static void put_date(struct emit_mbox *e, int64_t ts_ns)
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t day = ts_ns / (86400 * NS_PER_S);
	struct civil c;
	char text[80];
	int len;

	day = ((day - (ts_ns % (86400 * NS_PER_S) < 0)) % 7 + 7) % 7;
	clock_to_civil(ts_ns, &c);
	len = snprintf(text, sizeof(text), " %.3s %.3s %2d %02d:%02d:%02d %d\n",
	    days + 3 * day, months + 3 * ((c.month - 1) % 12), c.day, c.hour,
	    c.minute, c.second, (int)c.year);
	put(e, text, (size_t)len);
}

/* Content as it comes, in pieces.  ^>*From_ is found over their borders: the
 * beginning of a line is held back as long as it may become one. */
struct quoting {
	bool in_line;     /* what it is is known */
	uint64_t quotes;  /* '>' held back */
	size_t matched;   /* octets of "From " held back */
	uint8_t last;
};

static const char from_word[] = "From ";

static void release(struct emit_mbox *e, struct quoting *q, bool quote)
{
	if (quote)
		put(e, ">", 1);
	for (; q->quotes > 0; q->quotes--)
		put(e, ">", 1);
	put(e, from_word, q->matched);
	q->matched = 0;
	q->in_line = true;
}

/* p is at the start of a line, or in what was held back of it; returns what
 * is left. */
static struct slice match_start(struct emit_mbox *e, struct quoting *q,
    struct slice s)
{
	while (s.len > 0 && !q->in_line) {
		if (q->matched == 0 && s.p[0] == '>') {
			q->quotes++;
		} else if (s.p[0] == (uint8_t)from_word[q->matched]) {
			if (++q->matched == sizeof(from_word) - 1)
				release(e, q, true);
		} else {
			release(e, q, false);
			return s;
		}
		s = slice_from(s, 1);
	}
	return s;
}

static void put_content(struct emit_mbox *e, struct quoting *q,
    struct slice s)
{
	if (s.len > 0)
		q->last = s.p[s.len - 1];
	while (s.len > 0) {
		const uint8_t *lf;
		size_t n;

		s = match_start(e, q, s);
		if (s.len == 0)
			break;
		lf = memchr(s.p, '\n', s.len);
		n = lf ? (size_t)(lf - s.p) + 1 : s.len;
		put(e, s.p, n);
		q->in_line = !lf;
		s = slice_from(s, n);
	}
}

/* A message that is being written. */
struct writing {
	struct emit_mbox *mbox;
	struct quoting quoting;
};

static void on_content(void *ctx, struct slice octets)
{
	struct writing *w = ctx;

	put_content(w->mbox, &w->quoting, octets);
}

static void put_mail(struct emit_mbox *e, const struct mail *m,
    const struct sw_session *s, const struct sw_message *message)
{
	struct writing w = { e, { .last = '\n' } };
	int error;

	put(e, from_word, 5);
	put_sender(e, message->from);
	put_date(e, time_of(s, m->n));
	error = emit_piled_tell(&m->octets, on_content, &w);
	if (e->out_error == 0)
		e->out_error = error;
	if (!w.quoting.in_line)
		release(e, &w.quoting, false);
	put(e, "\n\n", w.quoting.last == '\n' ? 1 : 2);
	flush_out(e);
}

int emit_mbox_write(struct emit_mbox *e, const struct mail *m,
    const struct sw_session *s, const struct sw_message *message)
{
	struct stat st = { 0 };
	int error;

	if (!e->direct && fstat(e->fd, &st) != 0)
		return errno;
	e->out_error = 0;
	put_mail(e, m, s, message);
	error = e->out_error;
	e->out_error = 0;
	e->any = true;
	if (error != 0 && !e->direct)
		(void)!ftruncate(e->fd, st.st_size);
	return error;
}
