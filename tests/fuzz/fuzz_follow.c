/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_follow.c - a log that grows, is cut, renamed and made anew
 *
 * Input: an octet of options, the name of a family up to the first LF (another
 * name: by content), then what is done to the file: octets are appended, and
 * enum op does the rest.  Bits of the options: 0: who writes waits until all is
 * read; 1: what stands in front of the first op is there at first; 2: time
 * goes on, and who is silent is told.
 *
 * Who waits must find what the files tell when they are read whole, one behind
 * the other, and which lines stood there at first.  Who does not wait may lose
 * lines, but none comes from nowhere.
 */
#define _GNU_SOURCE /* memfd_create */

#include <sys/stat.h>

#include "../unit/log_dump.h"
#include "fuzz/memory_file.h"
#include "logs/follow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
	OP_STEP = 1, /* read on */
	OP_APPEND,   /* nothing more: what was written is seen by itself */
	OP_CUT,      /* the file has no octets any more */
	OP_ROTATE,   /* another file has the name */
	OP_REMOVE,   /* none has; who writes goes on in the old one */
	OP_FOLDER,   /* something that is no file has it */
	OP_BACK,     /* what stands in front goes to the file before */
	OP_COUNT
};

enum { WAITS = 1, AT_FIRST = 2, SILENCE = 4 };

/* The descriptor that the name stands for, higher than any that is given to
 * who opens something; and when all files were changed. */
#define NAME_FD 200
#define NAME "/proc/self/fd/200"
#define MODIFIED_S INT64_C(1704067200)
#define PAGES 40

struct page {
	uint8_t *p; /* of the input's size */
	size_t len;
};

struct script {
	unsigned how;
	struct log_follow *follow;
	const struct log_format *format; /* NULL: not known yet */
	struct log_options options;
	struct account account;
	struct buffer out;
	int fd, back;     /* where is written, and was before; -1 */
	bool is_open;     /* a file is followed */
	int64_t now_ns;
	size_t size;      /* of the input */
	struct page pages[PAGES];
	size_t page, known; /* the last; the first of the format */
	uint64_t old;     /* lines of the first that stood there at first */
};

/* --- sessions ------------------------------------------------------------- */

static enum sw_status on_session(void *ctx, struct session_builder *b)
{
	struct script *s = ctx;

	if (log_follow_is_old(s->follow, session_get(b)->source.first))
		(void)buffer_append_str(&s->out, "old ");
	return dump_session(&s->out, b);
}

struct reference {
	struct buffer out;
	uint64_t old;
};

static enum sw_status on_reference(void *ctx, struct session_builder *b)
{
	struct reference *r = ctx;

	if (session_get(b)->source.first <= r->old)
		(void)buffer_append_str(&r->out, "old ");
	return dump_session(&r->out, b);
}

static struct source *open_page(const struct page *p)
{
	struct source *s;

	require(source_open_memory(slice_make(p->p, p->len), NAME, &s,
	    NULL) == SW_OK);
	return s;
}

static void end_reader(struct log_reader **l)
{
	if (*l)
		require(log_end(*l) == SW_OK);
	log_free(l);
}

/* All pages whole, one behind the other. */
static void read_pages(const struct script *s, struct account *account,
    struct reference *r)
{
	struct source *sources[PAGES] = { NULL };
	const struct log_sink sink = { r, on_reference };
	struct log_reader *l = NULL;
	int got;

	r->old = s->known == 0 ? s->old : 0;
	for (size_t i = s->known; s->format && i <= s->page; i++) {
		if (l && !log_goes_on(l, s->format)) {
			end_reader(&l);
			r->old = 0;
		}
		if (!l && s->pages[i].len == 0) {
			r->old = 0;
			continue;
		}
		sources[i] = open_page(&s->pages[i]);
		require((l ? log_continue(l, sources[i]) :
		    log_open(sources[i], s->format, &s->options, account,
		    &sink, &l, NULL)) == SW_OK);
		while ((got = log_step(l, NULL)) > 0)
			;
		require(got == 0);
	}
	end_reader(&l);
	for (size_t i = 0; i < PAGES; i++)
		source_free(&sources[i]);
}

static void compare(struct script *s)
{
	struct reference r = { .old = 0 };
	struct account account;

	account_init(&account);
	buffer_init(&r.out, SIZE_MAX / 2);
	read_pages(s, &account, &r);
	dump_account(&r.out, &account);
	dump_account(&s->out, &s->account);
	require(slice_eq(buffer_slice(&r.out), buffer_slice(&s->out)));
	buffer_fini(&r.out);
	account_fini(&account);
}

/* --- the file ------------------------------------------------------------- */

static void step(struct script *s)
{
	struct sw_err err = { .status = SW_OK };
	int got = log_follow_step(s->follow, s->now_ns, &err);

	require(got == 0 || got == 1 || got == SW_EREAD || got == SW_EFORMAT);
	require(got >= 0 || (int)err.status == got);
	if (s->how & SILENCE) {
		s->now_ns += INT64_C(1000000000);
		require(log_follow_end_silent(s->follow, s->now_ns - 2,
		    s->now_ns - INT64_C(5000000000)) == SW_OK);
	}
}

/* Until all is read: another file is gone to in the second call. */
static void settle(struct script *s)
{
	int steps = 0;

	if (!(s->how & WAITS))
		return;
	do {
		step(s);
		require(++steps < 8);
	} while (!log_follow_is_up(s->follow));
}

static void name_file(int fd)
{
	if (fd < 0)
		(void)close(NAME_FD);
	else
		require(dup2(fd, NAME_FD) == NAME_FD);
}

static void turn_page(struct script *s)
{
	if (!s->is_open)
		return;
	s->page++;
	require(s->page < PAGES);
	s->pages[s->page].p = malloc(s->size);
	require(s->pages[s->page].p);
}

static void close_back(struct script *s)
{
	if (s->back >= 0)
		close(s->back);
	s->back = s->fd;
	s->fd = -1;
}

static void make_file(struct script *s)
{
	close_back(s);
	s->fd = memfd_create("log", MFD_CLOEXEC);
	require(s->fd >= 0);
	name_file(s->fd);
	turn_page(s);
	s->is_open = true;
}

static void make_folder(struct script *s)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	require(fd >= 0);
	close_back(s);
	name_file(fd);
	close(fd);
	turn_page(s);
	s->is_open = false;
}

static void cut(struct script *s)
{
	if (s->fd < 0)
		return;
	require(ftruncate(s->fd, 0) == 0);
	if (s->pages[s->page].len > 0)
		turn_page(s);
}

/* What the page shows by now. */
static void probe(struct script *s)
{
	struct source *source;
	enum sw_status status;

	if (s->format)
		return;
	source = open_page(&s->pages[s->page]);
	status = log_probe(source, &s->format, NULL);
	require(status == SW_OK || status == SW_EFORMAT);
	source_free(&source);
	s->known = s->page;
}

static void append(struct script *s, int fd, const uint8_t *p, size_t len)
{
	static const struct timespec times[2] = { { MODIFIED_S, 0 },
		{ MODIFIED_S, 0 } };
	struct page *page = &s->pages[s->page];
	struct stat st;

	if (len == 0)
		return;
	require(fstat(fd, &st) == 0);
	require(pwrite(fd, p, len, st.st_size) == (ssize_t)len);
	require(futimens(fd, times) == 0);
	if (fd != s->fd)
		return;
	memcpy(page->p + page->len, p, len);
	page->len += len;
	if (s->how & WAITS)
		probe(s);
}

static void put(struct script *s, const uint8_t *p, size_t len, uint8_t op)
{
	if (len > 0 && s->fd < 0) {
		make_file(s);
		settle(s);
	}
	if (op == OP_BACK && s->back >= 0 && !(s->how & WAITS))
		append(s, s->back, p, len);
	else
		append(s, s->fd, p, len);
	settle(s);
}

static void run_op(struct script *s, uint8_t op)
{
	/* What the next page would need is there. */
	if (s->page + 2 >= PAGES && op > OP_APPEND)
		op = OP_APPEND;
	if (op == OP_STEP)
		step(s);
	else if (op == OP_CUT)
		cut(s);
	else if (op == OP_ROTATE)
		make_file(s);
	else if (op == OP_REMOVE)
		name_file(-1);
	else if (op == OP_FOLDER)
		make_folder(s);
	settle(s);
}

/* --- a run ---------------------------------------------------------------- */

static void begin(struct script *s)
{
	const struct log_sink sink = { s, on_session };
	struct log_lines lines;
	struct log_line line;

	if (s->fd >= 0) {
		log_lines_init(&lines);
		log_lines_feed(&lines, slice_make(s->pages[0].p,
		    s->pages[0].len));
		while (log_lines_next(&lines, &line) > 0)
			s->old++;
		log_lines_fini(&lines);
	}
	s->follow = log_follow_new(NAME, s->format, &s->options, &s->account,
	    &sink);
	require(s->follow);
	settle(s);
}

/* What is there before it is followed. */
static void put_first(struct script *s, const uint8_t *p, size_t len)
{
	unsigned how = s->how;

	if (how & AT_FIRST) {
		make_file(s);
		append(s, s->fd, p, len);
	}
	begin(s);
	if (!(how & AT_FIRST))
		put(s, p, len, OP_APPEND);
}

static void run(struct script *s, const uint8_t *p, size_t len)
{
	size_t n = until_operation(p, len, OP_COUNT);

	put_first(s, p, n);
	while (n < len) {
		uint8_t op = p[n];

		p += n + 1;
		len -= n + 1;
		run_op(s, op);
		n = until_operation(p, len, OP_COUNT);
		put(s, p, n, n < len ? p[n] : OP_APPEND);
	}
	if (!(s->how & WAITS))
		step(s);
	require(log_follow_end(s->follow) == SW_OK);
}

static void init(struct script *s, unsigned how, size_t size)
{
	memset(s, 0, sizeof(*s));
	s->how = how;
	s->size = size;
	s->fd = s->back = -1;
	s->now_ns = INT64_C(1000000000);
	s->options.modified_s = MODIFIED_S;
	account_init(&s->account);
	s->options.session.account = &s->account;
	buffer_init(&s->out, SIZE_MAX / 2);
	s->pages[0].p = malloc(size);
	require(s->pages[0].p);
}

static void fini(struct script *s)
{
	log_follow_free(&s->follow);
	name_file(-1);
	close_back(s);
	close_back(s);
	for (size_t i = 0; i < PAGES; i++)
		free(s->pages[i].p);
	buffer_fini(&s->out);
	account_fini(&s->account);
}

/* Lines that were read are of those that were written: at most one more for
 * each file. */
static void check_lines(const struct script *s, const uint8_t *p, size_t len)
{
	uint64_t lines = PAGES;

	for (size_t i = 0; i < len; i++)
		lines += p[i] == '\n' || (p[i] > 0 && p[i] < OP_COUNT);
	require(s->account.counters[ACCOUNT_LINES] <= lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script s;
	const uint8_t *lf = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
	char name[64] = "";

	if (!lf || (size_t)(lf - data) >= sizeof(name))
		return 0;
	init(&s, data[0], size);
	memcpy(name, data + 1, (size_t)(lf - data) - 1);
	s.format = log_format_by_name(name);
	size -= (size_t)(lf - data) + 1;
	run(&s, lf + 1, size);
	if ((data[0] & WAITS) && !(data[0] & SILENCE))
		compare(&s);
	else
		check_lines(&s, lf + 1, size);
	fini(&s);
	return 0;
}
