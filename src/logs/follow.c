/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * follow.c - a log that grows
 *
 * Theory of operation.  The file is kept open and read from where it was read
 * to.  Another one under the name (by device and inode) takes its place once
 * the old one is at its end in two calls in a row, since who writes may not
 * have opened the new one yet.  A file that became shorter, or whose first
 * octets changed, was cut and begun anew: lines that were cut off unread are
 * lost, as to any reader.  Where a format goes on over files its open sessions
 * go on; else they end.
 *
 * Until the content says which format it is, it is gathered up to
 * LIMIT_LOG_PROBE_FAR octets.
 */
#include "logs/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"

enum {
	CHUNK = 1 << 16,
	STEP_MAX = 4 << 20, /* octets read in one call */
	MARK = 256          /* first octets that tell a file from another */
};

struct log_follow {
	char *name;
	const struct log_format *format; /* NULL: not known yet */
	struct log_options options;
	struct account *account;
	struct log_sink sink;

	int fd;              /* -1: there is none */
	struct stat stat;    /* of it */
	uint64_t offset;     /* read so far */
	uint8_t mark[MARK];
	size_t mark_len;
	bool replaced;       /* another file had its name in the last call */
	uint64_t old_size;   /* of the first file, when this began */
	uint64_t old_lines;  /* of it; UINT64_MAX while they are read */
	bool up;

	struct buffer head;  /* until the format is known */
	size_t head_old;     /* octets of it that stood there at first */
	struct source *named; /* of no octets: a name for the reader */
	struct log_reader *reader;
	enum sw_status told; /* the error that was told last */
};

struct log_follow *log_follow_new(const char *name,
    const struct log_format *format, const struct log_options *options,
    struct account *account, const struct log_sink *sink)
{
	struct log_follow *f = calloc(1, sizeof(*f));
	struct stat st;

	if (!f)
		return NULL;
	f->fd = -1;
	f->format = format;
	f->options = *options;
	f->account = account;
	f->sink = *sink;
	f->old_lines = UINT64_MAX;
	if (stat(name, &st) == 0 && S_ISREG(st.st_mode))
		f->old_size = (uint64_t)st.st_size;
	buffer_init(&f->head, LIMIT_LOG_PROBE_FAR + CHUNK);
	f->name = strdup(name);
	if (!f->name || source_open_memory(slice_make(NULL, 0), f->name,
	    &f->named, NULL) != SW_OK)
		log_follow_free(&f);
	return f;
}

void log_follow_free(struct log_follow **fp)
{
	struct log_follow *f = *fp;

	if (!f)
		return;
	*fp = NULL;
	if (f->fd >= 0)
		(void)close(f->fd);
	log_free(&f->reader);
	source_free(&f->named);
	buffer_fini(&f->head);
	free(f->name);
	free(f);
}

/* --- the file ------------------------------------------------------------- */

/* Each kind of error is told once, until reading succeeds again. */
static int tell(struct log_follow *f, enum sw_status status,
    struct sw_err *err, const char *text)
{
	f->up = true;
	if (f->told == status)
		return 0;
	f->told = status;
	return (int)base_error_set(err, status, "%s: %s", f->name, text);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The file that has the name, from its start. */
static int open_file(struct log_follow *f, struct sw_err *err)
{
	f->fd = open(f->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 && errno == ENOENT)
		f->old_size = 0; /* all of it will be new */
	if (f->fd < 0)
		return tell(f, SW_EREAD, err, strerror(errno));
	if (fstat(f->fd, &f->stat) == 0 && S_ISREG(f->stat.st_mode)) {
		f->offset = f->mark_len = 0;
		f->replaced = false;
		f->told = SW_OK;
		return 1;
	}
	(void)close(f->fd);
	f->fd = -1;
	return tell(f, SW_EREAD, err, "is no file that can be followed");
}

/* Further files are new from their start. */
static void end_old(struct log_follow *f)
{
	if (f->old_lines != UINT64_MAX)
		return;
	f->old_lines = f->reader ? log_line_count(f->reader) : 0;
	f->head_old = f->head.len;
}

static void drop_head(struct log_follow *f)
{
	buffer_clear(&f->head);
	f->head_old = 0;
}

/* What comes is another file of the log. */
static enum sw_status turn_page(struct log_follow *f)
{
	enum sw_status status = SW_OK;

	end_old(f);
	drop_head(f);
	f->offset = f->mark_len = 0;
	if (!f->reader)
		return SW_OK;
	status = log_feed_end(f->reader);
	if (status == SW_OK && log_goes_on(f->reader, f->format))
		return log_continue(f->reader, f->named);
	if (status == SW_OK)
		status = log_end(f->reader);
	log_free(&f->reader);
	f->old_lines = 0;
	return status;
}

/* Was it cut, and begun anew? */
static bool is_cut(struct log_follow *f, const struct stat *now)
{
	uint8_t mark[MARK];
	ssize_t n;

	if ((uint64_t)now->st_size < f->offset)
		return true;
	if ((uint64_t)now->st_size == f->offset || f->mark_len == 0)
		return false;
	n = pread(f->fd, mark, f->mark_len, 0);
	return n == (ssize_t)f->mark_len &&
	    memcmp(mark, f->mark, f->mark_len) != 0;
}

static void keep_mark(struct log_follow *f, const uint8_t *p, size_t len)
{
	if (f->offset >= MARK)
		return;
	if (len > MARK - (size_t)f->offset)
		len = MARK - (size_t)f->offset;
	memcpy(f->mark + f->offset, p, len);
	f->mark_len = (size_t)f->offset + len;
}

/* --- its lines ------------------------------------------------------------ */

static int tell_unknown(struct log_follow *f, struct sw_err *err)
{
	return tell(f, SW_EFORMAT, err, "no log of a known format so far "
	    "(see smtpwire formats)");
}

/* Find out what it is; 1: it is known. */
static int probe(struct log_follow *f, struct sw_err *err)
{
	const struct log_format *found = NULL;
	enum sw_status status;
	struct source *s;

	status = source_open_memory(buffer_slice(&f->head), f->name, &s, err);
	if (status != SW_OK)
		return (int)status;
	status = log_probe(s, &found, err);
	source_free(&s);
	f->format = found;
	if (status == SW_EFORMAT) /* one that is known not to be of SMTP */
		return tell(f, SW_EFORMAT, err, "no log of SMTP");
	if (status != SW_OK || found)
		return status == SW_OK ? 1 : (int)status;
	if (f->head.len < LIMIT_LOG_PROBE_FAR)
		return 0;
	drop_head(f); /* what comes may be known */
	return tell_unknown(f, err);
}

static enum sw_status open_reader(struct log_follow *f, struct sw_err *err)
{
	f->options.modified_s = (int64_t)f->stat.st_mtime;
	return log_open(f->named, f->format, &f->options, f->account,
	    &f->sink, &f->reader, err);
}

/* What stood there at first, before it showed the format. */
static enum sw_status feed_old(struct log_follow *f, struct slice *octets,
    int64_t now_ns, int64_t modified)
{
	struct slice old = slice_head(*octets, f->head_old);
	enum sw_status status;

	if (old.len == 0)
		return SW_OK;
	*octets = slice_from(*octets, old.len);
	f->old_lines = UINT64_MAX;
	status = log_feed(f->reader, old, now_ns, modified);
	f->old_lines = log_line_count(f->reader);
	return status;
}

/* 1: read; 0: it waits until the format is known. */
static int feed(struct log_follow *f, struct slice octets, int64_t now_ns,
    struct sw_err *err)
{
	int64_t modified = (int64_t)f->stat.st_mtime;
	enum sw_status status = SW_OK;
	int known = 1;

	if (!f->format) {
		(void)buffer_append_slice(&f->head, octets);
		if (f->head.failed)
			return (int)base_error_set(err, SW_ENOMEM,
			    "out of memory");
		octets = buffer_slice(&f->head);
		known = probe(f, err);
	}
	if (known <= 0)
		return known;
	if (!f->reader)
		status = open_reader(f, err);
	if (status == SW_OK)
		status = feed_old(f, &octets, now_ns, modified);
	if (status == SW_OK)
		status = log_feed(f->reader, octets, now_ns, modified);
	drop_head(f);
	if (status == SW_ENOMEM)
		base_error_set(err, status, "%s: out of memory", f->name);
	return status == SW_OK ? 1 : (int)status;
}

/* How many octets may be read at once: lines that were there at first are told
 * from others. */
static size_t chunk_of(const struct log_follow *f)
{
	uint64_t rest = f->old_lines == UINT64_MAX ? f->old_size - f->offset :
	    CHUNK;

	return rest < CHUNK ? (size_t)rest : CHUNK;
}

/* 1: there was something; 0: the file's end. */
static int read_on(struct log_follow *f, int64_t now_ns, struct sw_err *err)
{
	uint8_t octets[CHUNK];
	ssize_t n;
	int got;

	if (f->old_lines == UINT64_MAX && f->offset >= f->old_size)
		end_old(f);
	n = pread(f->fd, octets, chunk_of(f), (off_t)f->offset);
	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0)
		return tell(f, SW_EREAD, err, strerror(errno));
	if (n == 0)
		return 0;
	keep_mark(f, octets, (size_t)n);
	f->offset += (uint64_t)n;
	got = feed(f, slice_make(octets, (size_t)n), now_ns, err);
	return got < 0 ? got : 1;
}

/* At the end of what is open: has something else its name?  1: that is read
 * now. */
static int look(struct log_follow *f, struct sw_err *err)
{
	enum sw_status status;
	struct stat st;
	int got;

	if (stat(f->name, &st) != 0 || is_same_file(&st, &f->stat)) {
		f->replaced = false;
		return 0; /* renamed: it may still grow */
	}
	if (!f->replaced) {
		f->replaced = true;
		return 0;
	}
	f->replaced = false;
	(void)close(f->fd);
	got = open_file(f, err);
	status = turn_page(f);
	if (status != SW_OK)
		return (int)base_error_set(err, status, "out of memory");
	return got;
}

static int step_file(struct log_follow *f, int64_t now_ns,
    struct sw_err *err)
{
	enum sw_status status = SW_OK;
	struct stat st;
	int got, any = 0;
	size_t done;

	if (f->fd < 0 && (got = open_file(f, err)) <= 0)
		return got;
	if (fstat(f->fd, &st) != 0)
		return tell(f, SW_EREAD, err, strerror(errno));
	if (is_cut(f, &st))
		status = turn_page(f);
	if (status != SW_OK)
		return (int)base_error_set(err, status, "out of memory");
	f->stat.st_mtime = st.st_mtime;
	for (done = 0; done < STEP_MAX; done += CHUNK) {
		got = read_on(f, now_ns, err);
		if (got <= 0)
			break;
		any = 1;
	}
	if (done >= STEP_MAX || got < 0)
		return got;
	got = look(f, err);
	if (got == 0)
		f->up = !f->replaced; /* else the other is to be read */
	/* What stood there at first was to show what it is. */
	if (got == 0 && f->up && f->head_old > 0 &&
	    f->head_old == f->head.len)
		got = tell_unknown(f, err);
	return got != 0 ? got : any;
}

int log_follow_step(struct log_follow *f, int64_t now_ns,
    struct sw_err *err)
{
	f->up = false;
	return step_file(f, now_ns, err);
}

bool log_follow_is_old(const struct log_follow *f, uint64_t line)
{
	return line <= f->old_lines;
}

bool log_follow_is_up(const struct log_follow *f)
{
	return f->up;
}

enum sw_status log_follow_end_silent(struct log_follow *f, int64_t over_ns,
    int64_t open_ns)
{
	return f->reader ? log_end_silent(f->reader, over_ns, open_ns) :
	    SW_OK;
}

int log_follow_unknown(struct log_follow *f, struct sw_err *err)
{
	return f->head.len > 0 ? tell_unknown(f, err) : 0;
}

enum sw_status log_follow_end(struct log_follow *f)
{
	enum sw_status status;

	if (!f->reader)
		return SW_OK;
	status = log_feed_end(f->reader);
	if (status == SW_OK)
		status = log_end(f->reader);
	log_free(&f->reader);
	return status;
}
