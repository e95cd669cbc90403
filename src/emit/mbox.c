/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mbox.c - messages to one file, in the order of their sessions
 *
 * Theory of operation.  Bodies come in slices of many messages at once, in
 * several threads, and sessions are told in an order of their own.  Bodies
 * are piled up.  What is to be kept waits under its session's id until that is
 * told, and is then written behind what the mailbox holds.
 *
 * The form is mboxrd (RFC 4155 tells of the family): a line "From SENDER
 * DATE", the content, an empty line.  Lines of content that match ^>*From_
 * get a '>' in front, so that taking one away gives the content again.  The
 * line ends of the content are not touched; what does not end with LF gets
 * one, since the next "From " begins a line.
 *
 * A mailbox of files appears under its name when it is complete; one that
 * grows is appended to, a message at a time, and what could not be written
 * whole is cut off again.  Devices and pipes are written as they are.
 */
#include "emit/mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/secret.h"
#include "emit/pile.h"

enum {
	BUCKETS_FIRST = 1024, /* a power of two */
	OUT_SIZE = 65536,
	SENDER_MAX = 900 /* octets in the "From " line */
};

struct mbox_lane;

struct mail {
	struct mbox_lane *lane;
	struct mail *next, *previous; /* of the lane; next: of the bucket */
	void *below;         /* the next operations' handle */
	uint64_t session;    /* when it waits */
	uint32_t n;
	struct emit_piled octets;
	bool lacking;        /* it has a gap */
};

struct mbox_lane {
	struct emit_mbox *owner;
	const struct body_ops *next;
	struct body_ops ops;
	struct mail *mails;  /* not settled */
	struct mail none;    /* stands for one that there is no memory for */
};

struct emit_mbox {
	char *path;
	int fd;
	bool growing;
	bool direct;         /* a device or a pipe */
	bool any;            /* something was written */
	char *target, *part; /* names of a file that is not complete; heap */
	uint8_t *out;        /* OUT_SIZE, of the message being written */
	size_t out_len;
	int out_error;

	struct emit_pile pile;
	pthread_mutex_t lock;   /* of what follows */
	struct mail **waiting;  /* buckets, as many as mails or more */
	size_t bucket_count, waiting_count;
	uint64_t secret;        /* who sends mail must not choose the bucket */

	struct mbox_lane lanes[EMIT_EML_LANES];
};

/* --- the operations ------------------------------------------------------- */

static void *on_open(void *ctx, uint32_t n)
{
	struct mbox_lane *l = ctx;
	struct mail *m = calloc(1, sizeof(*m));

	if (!m)
		return &l->none;
	m->lane = l;
	m->octets.pile = &l->owner->pile;
	m->n = n;
	if (l->next)
		m->below = l->next->open(l->next->ctx, n);
	m->next = l->mails;
	if (m->next)
		m->next->previous = m;
	l->mails = m;
	return m;
}

static void on_octets(void *ctx, void *body, struct slice octets)
{
	const struct mbox_lane *l = ctx;
	struct mail *m = body;

	emit_piled_add(&m->octets, octets);
	if (m->below)
		l->next->octets(l->next->ctx, m->below, octets);
}

static void on_gap(void *ctx, void *body, uint64_t offset, int64_t len)
{
	const struct mbox_lane *l = ctx;
	struct mail *m = body;

	m->lacking = true;
	if (m->below)
		l->next->gap(l->next->ctx, m->below, offset, len);
}

static void on_close(void *ctx, void *body)
{
	const struct mbox_lane *l = ctx;
	const struct mail *m = body;

	if (m->below)
		l->next->close(l->next->ctx, m->below);
}

static void free_mail(struct mail *m)
{
	emit_piled_fini(&m->octets);
	free(m);
}

static void unlink_mail(struct mail *m)
{
	if (m->previous)
		m->previous->next = m->next;
	else
		m->lane->mails = m->next;
	if (m->next)
		m->next->previous = m->previous;
	m->previous = m->next = NULL;
}

static struct mail **bucket_of(const struct emit_mbox *e, uint64_t session,
    uint32_t n)
{
	uint64_t h = hash_mix(session ^ e->secret,
	    (n ^ UINT64_C(0x9e3779b97f4a7c15)) + (e->secret << 1));

	return &e->waiting[h & (e->bucket_count - 1)];
}

/* Twice as many buckets; without memory for them it takes longer. */
static void widen(struct emit_mbox *e)
{
	struct mail **old = e->waiting;
	size_t i, old_count = e->bucket_count;
	struct mail **buckets = calloc(2 * old_count, sizeof(*buckets));

	if (!buckets)
		return;
	e->waiting = buckets;
	e->bucket_count = 2 * old_count;
	for (i = 0; i < old_count; i++) {
		while (old[i]) {
			struct mail *m = old[i];
			struct mail **bucket = bucket_of(e, m->session, m->n);

			old[i] = m->next;
			m->next = *bucket;
			*bucket = m;
		}
	}
	free(old);
}

/* Until its session is told. */
static void let_wait(struct emit_mbox *e, struct mail *m, uint64_t session)
{
	struct mail **bucket;

	m->session = session;
	(void)pthread_mutex_lock(&e->lock);
	if (e->waiting_count >= e->bucket_count)
		widen(e);
	bucket = bucket_of(e, session, m->n);
	m->next = *bucket;
	*bucket = m;
	e->waiting_count++;
	(void)pthread_mutex_unlock(&e->lock);
}

static enum sw_status cannot_write(const struct emit_mbox *e, int error,
    struct sw_err *err)
{
	char why[128];

	if (strerror_r(error, why, sizeof(why)) != 0)
		(void)snprintf(why, sizeof(why), "error %d", error);
	return base_error_set(err, error == ENOMEM ? SW_ENOMEM : SW_EWRITE,
	    "%s: cannot write: %s", e->path, why);
}

static enum sw_status on_settle(void *ctx, void *body,
    const struct sw_session *s, struct sw_message *message, bool keep,
    struct arena *arena, struct sw_err *err)
{
	struct mbox_lane *l = ctx;
	struct mail *m = body;
	enum sw_status status = SW_OK;

	if (m->below)
		status = l->next->settle(l->next->ctx, m->below, s, message,
		    keep, arena, err);
	if (keep && status == SW_OK && m->octets.error != 0)
		status = cannot_write(l->owner, m->octets.error, err);
	if (m == &l->none)
		return status;
	unlink_mail(m);
	if (keep && status == SW_OK) {
		m->lacking = m->lacking || message->missing != 0;
		let_wait(l->owner, m, s->id);
	} else {
		free_mail(m);
	}
	return status;
}

/* --- one message ---------------------------------------------------------- */

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

/* Whole, or not at all where that can be had. */
static int write_mail(struct emit_mbox *e, const struct mail *m,
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

/* --- sessions ------------------------------------------------------------- */

/* The one of that session and number, taken out; NULL: there is none. */
static struct mail *take_waiting(struct emit_mbox *e, uint64_t session,
    uint32_t n)
{
	struct mail **link, *m;

	(void)pthread_mutex_lock(&e->lock);
	for (link = bucket_of(e, session, n); (m = *link) != NULL;
	    link = &m->next)
		if (m->session == session && m->n == n)
			break;
	if (m) {
		*link = m->next;
		e->waiting_count--;
	}
	(void)pthread_mutex_unlock(&e->lock);
	return m;
}

enum sw_status emit_mbox_session(struct emit_mbox *e,
    const struct sw_session *s, unsigned *incomplete_r, struct sw_err *err)
{
	int error = 0;
	size_t i;

	*incomplete_r = 0;
	for (i = 0; i < s->message_count && error == 0; i++) {
		struct mail *m = take_waiting(e, s->id, s->messages[i].n);

		if (!m)
			continue;
		if (m->lacking)
			++*incomplete_r;
		else
			error = write_mail(e, m, s, &s->messages[i]);
		free_mail(m);
	}
	return error == 0 ? SW_OK : cannot_write(e, error, err);
}

/* --- the mailbox ---------------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* /dev/stdout may be a file that others write too, at their own place. */
static int open_direct(struct emit_mbox *e, const struct stat *st)
{
	struct stat out;

	e->direct = true;
	if (fstat(STDOUT_FILENO, &out) == 0 && is_same(st, &out))
		e->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		e->fd = open(e->path, O_WRONLY | O_CLOEXEC);
	return e->fd < 0 ? errno : 0;
}

/* What a run before left without an end gets one. */
static int end_last(int fd, off_t size)
{
	char last[2] = { 0, 0 };
	size_t lack;

	if (size == 0)
		return 0;
	if (pread(fd, last, 2, size > 1 ? size - 2 : 0) < 1)
		return errno;
	lack = last[size > 1] != '\n' ? 2 : size > 1 && last[0] != '\n';
	return emit_pile_write(fd, (const uint8_t *)"\n\n", lack, -1);
}

static int open_growing(const char *path, int *fd_r)
{
	struct stat st;
	int error;

	*fd_r = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (*fd_r < 0)
		return errno;
	error = fstat(*fd_r, &st) != 0 ? errno : end_last(*fd_r, st.st_size);
	if (error == 0)
		return 0;
	(void)close(*fd_r);
	*fd_r = -1;
	return error;
}

static int open_mailbox(struct emit_mbox *e)
{
	struct stat st, out;
	bool there = stat(e->path, &st) == 0;

	if (!there && errno != ENOENT)
		return errno;
	if (!there && lstat(e->path, &st) == 0)
		return ENOENT; /* a link to what is not there stays */
	if (there && (!S_ISREG(st.st_mode) ||
	    (fstat(STDOUT_FILENO, &out) == 0 && is_same(&st, &out))))
		return S_ISDIR(st.st_mode) ? EISDIR : open_direct(e, &st);
	if (e->growing)
		return open_growing(e->path, &e->fd);
	/* A symbolic link stays, what it points to is replaced. */
	e->target = there ? realpath(e->path, NULL) : strdup(e->path);
	if (!e->target)
		return there ? errno : ENOMEM;
	if (there && access(e->target, W_OK) != 0)
		return errno;
	return emit_pile_create(e->target, &e->part, &e->fd);
}

/* Bodies lie in the mailbox's folder, if it has one of its own. */
static int init_pile(struct emit_mbox *e, const char *tmpdir)
{
	char base[4096];
	int len = e->direct ? snprintf(base, sizeof(base), "%s/smtpwire",
	    tmpdir ? tmpdir : "/tmp") :
	    snprintf(base, sizeof(base), "%s", e->path);

	if (len >= (int)sizeof(base))
		return ENAMETOOLONG;
	return emit_pile_init(&e->pile, base) ? 0 : ENOMEM;
}

static void init_lane(struct mbox_lane *l, struct emit_mbox *e,
    const struct body_ops *next)
{
	l->owner = e;
	l->next = next;
	l->none.lane = l;
	l->none.octets.error = ENOMEM;
	l->ops.ctx = l;
	l->ops.open = on_open;
	l->ops.octets = on_octets;
	l->ops.gap = on_gap;
	l->ops.close = on_close;
	l->ops.settle = on_settle;
}

enum sw_status emit_mbox_new(const char *path, bool growing,
    const char *tmpdir, struct emit_eml *eml, struct emit_mbox **e_r,
    struct sw_err *err)
{
	struct emit_mbox *e = calloc(1, sizeof(*e));
	enum sw_status status;
	unsigned i;
	int error;

	*e_r = NULL;
	if (!e || pthread_mutex_init(&e->lock, NULL) != 0) {
		free(e);
		return base_error_set(err, SW_ENOMEM, "out of memory");
	}
	e->fd = -1;
	e->growing = growing;
	e->path = strdup(path);
	e->out = malloc(OUT_SIZE);
	e->waiting = calloc(BUCKETS_FIRST, sizeof(struct mail *));
	e->bucket_count = e->waiting ? BUCKETS_FIRST : 0;
	e->secret = base_secret();
	for (i = 0; i < EMIT_EML_LANES; i++)
		init_lane(&e->lanes[i], e, eml ? emit_eml_ops(eml, i) : NULL);
	error = e->path && e->out && e->waiting ? open_mailbox(e) : ENOMEM;
	if (error == 0)
		error = init_pile(e, tmpdir);
	if (error == 0) {
		*e_r = e;
		return SW_OK;
	}
	status = e->path ? cannot_write(e, error, err) :
	    base_error_set(err, SW_ENOMEM, "out of memory");
	emit_mbox_free(&e);
	return status;
}

const struct body_ops *emit_mbox_ops(struct emit_mbox *e, unsigned lane)
{
	return &e->lanes[lane % EMIT_EML_LANES].ops;
}

enum sw_status emit_mbox_reopen(struct emit_mbox *e, struct sw_err *err)
{
	int fd, error;

	if (!e->growing || e->direct)
		return SW_OK;
	error = open_growing(e->path, &fd);
	if (error != 0)
		return cannot_write(e, error, err);
	(void)close(e->fd);
	e->fd = fd;
	return SW_OK;
}

static int name_target(struct emit_mbox *e)
{
	/* A disk that is full or a quota may be told only now. */
	if (fsync(e->fd) != 0 && errno != EINVAL)
		return errno;
	if (rename(e->part, e->target) != 0)
		return errno;
	free(e->part);
	e->part = NULL;
	return 0;
}

enum sw_status emit_mbox_finish(struct emit_mbox *e, bool even_empty,
    struct sw_err *err)
{
	int error = 0;

	if (e->fd < 0)
		return SW_OK;
	if (e->part && (e->any || even_empty))
		error = name_target(e);
	if (close(e->fd) != 0 && errno != EINTR && error == 0)
		error = errno;
	e->fd = -1;
	return error == 0 ? SW_OK : cannot_write(e, error, err);
}

static void free_waiting(struct mail **bucket)
{
	while (*bucket) {
		struct mail *m = *bucket;

		*bucket = m->next;
		free_mail(m);
	}
}

void emit_mbox_free(struct emit_mbox **e_r)
{
	struct emit_mbox *e = *e_r;
	size_t i;

	if (!e)
		return;
	*e_r = NULL;
	for (i = 0; i < e->bucket_count; i++)
		free_waiting(&e->waiting[i]);
	free(e->waiting);
	for (i = 0; i < EMIT_EML_LANES; i++)
		free_waiting(&e->lanes[i].mails);
	if (e->fd >= 0)
		(void)close(e->fd);
	emit_pile_fini(&e->pile);
	if (e->part)
		(void)unlink(e->part);
	(void)pthread_mutex_destroy(&e->lock);
	free(e->part);
	free(e->target);
	free(e->out);
	free(e->path);
	free(e);
}
