/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alloc.c - memory that runs out, at every allocation of a run
 *
 * Linked with --wrap, so that the library's own calls of malloc and its kin
 * come here and those of other libraries do not.  Each run is done once to
 * count its allocations and to have its output, then once for each of them:
 * only that one fails, and then all from it on.  It must end with SW_ENOMEM or
 * tell the same as ever; LeakSanitizer, where it is built in, sees the rest.
 */
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <smtpwire/smtpwire.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
int __real_posix_memalign(void **p, size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
int __wrap_posix_memalign(void **p, size_t align, size_t size);

static atomic_long allocations;
static long fail_from, fail_to; /* changed while one thread is all */

static bool fails(void)
{
	long n = atomic_fetch_add(&allocations, 1) + 1;

	return n >= fail_from && n <= fail_to;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

int __wrap_posix_memalign(void **p, size_t align, size_t size)
{
	return fails() ? 12 : __real_posix_memalign(p, align, size);
}

/* --- runs ----------------------------------------------------------------- */

struct output {
	char *p;
	size_t len, capacity;
};

struct run {
	const char *name;
	const char *files[2];
	bool sort, eml, observe, attempts;
	unsigned char form; /* 1: text, 2: a page, else JSON Lines */
	bool lists; /* the account quotes lines: memory only costs quotes */
	unsigned threads;
};

/* Captures kept for fuzz_wire: an octet, then the capture. */
#define WIRE "tests/fuzz/corpus/wire/"

static const struct run runs[] = {
	{ "pcap", { "pcaps/postfix-plain.pcap" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "text", { "pcaps/postfix-plain.pcap" }, 0, 0, 0, 0, 1, 0, 0 },
	{ "page", { "pcaps/postfix-plain.pcap" }, 0, 0, 0, 0, 2, 0, 0 },
	{ "sort", { "pcaps/postfix-plain.pcap" }, 1, 0, 0, 0, 0, 0, 0 },
	{ "eml", { "pcaps/postfix-plain.pcap" }, 0, 1, 1, 0, 0, 0, 0 },
	{ "threads", { "pcaps/postfix-plain.pcap" }, 0, 1, 0, 0, 0, 0, 3 },
	{ "threads, sort", { WIRE "n-fragments.pcapng" }, 1, 0, 0, 1, 0, 0,
	    2 },
	{ "observer", { "pcaps/postfix-plain.pcap" }, 0, 0, 1, 1, 0, 0, 0 },
	{ "log", { "tests/data/iis-w3c/relay.log" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "both", { "pcaps/postfix-plain.pcap",
	    "tests/data/iis-w3c/ex030131.log" }, 1, 0, 0, 1, 0, 1, 0 },
	{ "netmon", { "tests/fuzz/corpus/capture/netmon23" }, 0, 0, 0, 1, 0,
	    0, 0 },
	{ "TLS", { WIRE "c04-starttls.pcap" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "AUTH", { WIRE "c03-auth-login.pcap" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "BDAT", { WIRE "c02-bdat.pcap" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "pipelining", { WIRE "c01-pipelined.pcap" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "gap", { WIRE "c07-gap.pcap" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "fragments", { WIRE "n-fragments.pcapng" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "no start", { WIRE "r-no-syn-dialogue.netmon1" },
	    0, 0, 0, 0, 0, 0, 0 },
	{ "overlaps", { WIRE "r-overlap-differs.pcap" }, 0, 0, 0, 0, 0, 0, 0 },
	{ "pcapng", { "tests/fuzz/corpus/capture/pcapng" },
	    0, 0, 0, 1, 0, 0, 0 },
};

static char eml_dir[] = "/tmp/smtpwire-fault-XXXXXX";
static uint64_t observed;

static int keep(void *ctx, const void *octets, size_t len)
{
	struct output *o = ctx;

	if (o->len + len > o->capacity) {
		o->capacity = 2 * (o->len + len);
		o->p = __real_realloc(o->p, o->capacity);
		if (!o->p)
			abort();
	}
	memcpy(o->p + o->len, octets, len);
	o->len += len;
	return 0;
}

static void on_event(void *ctx, const struct sw_session *s,
    const struct sw_event *e)
{
	(void)ctx;
	observed += s->event_count + e->n;
}

static void *on_open(void *ctx, uint32_t message)
{
	(void)message;
	return ctx;
}

static void on_octets(void *ctx, void *body, const void *octets, size_t len)
{
	(void)ctx;
	(void)body;
	(void)octets;
	observed += len;
}

static void on_end(void *ctx, void *body, const struct sw_session *s,
    const struct sw_message *m, bool kept)
{
	(void)ctx;
	(void)body;
	observed += s->message_count + m->n + kept;
}

static int tell(struct sw_reader *r, struct sw_printer *p)
{
	const struct sw_session *s;
	struct sw_err err;
	int got, number;

	while ((got = sw_reader_next(r, &s, &err)) > 0) {
		got = sw_printer_session(p, s, &number);
		if (got != SW_OK)
			return got;
	}
	return got;
}

static int run_once(const struct run *run, struct output *out)
{
	struct sw_print_options print = { 0 };
	struct sw_reader *r = NULL;
	struct sw_printer *p = NULL;
	struct sw_options o;
	struct sw_err err;
	char mbox[64];
	int got, number;

	sw_options_init(&o);
	o.sort_start = run->sort;
	o.attempts = run->attempts;
	o.threads = run->threads;
	snprintf(mbox, sizeof(mbox), "%s/mbox", eml_dir);
	o.eml_dir = run->eml ? eml_dir : NULL;
	o.mbox = run->eml ? mbox : NULL;
	if (run->observe) {
		o.observer.ctx = &observed;
		o.observer.event = on_event;
		o.observer.body_open = on_open;
		o.observer.body_octets = on_octets;
		o.observer.body_end = on_end;
	}
	print.form = run->form == 2 ? SW_FORM_HTML : run->form == 1 ?
	    SW_FORM_TEXT : SW_FORM_JSONL;
	observed = 0;
	out->len = 0;
	got = sw_printer_new(&print, keep, out, &p);
	if (got == SW_OK)
		got = sw_reader_open(&o, run->files, run->files[1] ? 2 : 1,
		    &r, &err);
	if (got == SW_OK)
		got = tell(r, p);
	if (got == SW_OK)
		got = sw_printer_finish(p, NULL, &number);
	if (got == SW_OK && !run->lists)
		got = sw_account_write(sw_reader_account(r), true, keep, out);
	sw_reader_free(&r);
	sw_printer_free(&p);
	return got;
}

static bool same(const struct output *a, const struct output *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* A file without its first octet, in the folder. */
static const char *without_first(const char *name, char *copy, size_t size)
{
	FILE *in = fopen(name, "rb"), *out;
	int c;

	snprintf(copy, size, "%s.d/capture", eml_dir);
	out = fopen(copy, "wb");
	if (!in || !out || getc(in) == EOF)
		abort();
	while ((c = getc(in)) != EOF)
		putc(c, out);
	fclose(in);
	fclose(out);
	return copy;
}

/* Empty the folder; the number of files with a final name. */
static size_t clean(void)
{
	DIR *d = opendir(eml_dir);
	struct dirent *e;
	size_t count = 0;
	char name[600];

	while (d && (e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name);

		if (e->d_name[0] == '.' && len <= 2)
			continue;
		count += len > 4 && strcmp(e->d_name + len - 4, ".eml") == 0;
		snprintf(name, sizeof(name), "%s/%s", eml_dir, e->d_name);
		unlink(name);
	}
	if (d)
		closedir(d);
	return count;
}

static bool check(const struct run *run, long from, long to,
    const struct output *want, uint64_t want_observed)
{
	struct output got = { 0 };
	int status;
	bool good;

	allocations = 0;
	fail_from = from;
	fail_to = to;
	status = run_once(run, &got);
	fail_from = 0;
	fail_to = -1;
	good = status == SW_ENOMEM || (status == SW_OK && same(want, &got) &&
	    observed == want_observed);
	if (!good)
		printf("# %s: allocations %ld to %ld fail: status %d\n",
		    run->name, from, to, status);
	free(got.p);
	clean();
	return good;
}

static bool check_all(const struct run *run, long *count_r)
{
	struct output want = { 0 };
	uint64_t want_observed;
	bool good = true;
	long count, k;
	int status;

	fail_from = 0;
	fail_to = -1;
	run_once(run, &want); /* what is done but once */
	allocations = 0;
	status = run_once(run, &want);
	if (status != SW_OK)
		printf("# %s: status %d\n", run->name, status);
	good = status == SW_OK;
	count = allocations;
	want_observed = observed;
	clean();
	for (k = 1; k <= count && good; k++)
		good = check(run, k, k, &want, want_observed) &&
		    check(run, k, count + 1000, &want, want_observed);
	free(want.p);
	*count_r = count;
	return good;
}

int main(void)
{
	char folder[100];
	size_t i;
	int failed = 0;

	if (!mkdtemp(eml_dir))
		return 1;
	snprintf(folder, sizeof(folder), "%s.d", eml_dir);
	if (mkdir(folder, 0700) != 0)
		return 1;
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct run run = runs[i];
		char copy[100];
		long count;
		bool good;

		if (strncmp(run.files[0], WIRE, strlen(WIRE)) == 0)
			run.files[0] = without_first(run.files[0], copy,
			    sizeof(copy));
		good = check_all(&run, &count);
		printf("%sok %zu - %s: %ld allocations\n", good ? "" : "not ",
		    i + 1, run.name, count);
		fflush(stdout);
		failed += !good;
	}
	rmdir(eml_dir);
	snprintf(folder, sizeof(folder), "%s.d/capture", eml_dir);
	unlink(folder);
	snprintf(folder, sizeof(folder), "%s.d", eml_dir);
	rmdir(folder);
	return failed ? 1 : 0;
}
