/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * alloc.c - memory that runs out while captures and logs are read
 *
 * Exempt: messages whose header fields go to GMime, whose memory is GLib's and
 * aborts, and --engine nids, since libnids calls a function that may not
 * return.
 */
#include <archive.h>
#include <archive_entry.h>

#include "fault/failing.h"

struct run {
	const char *name;
	const char *files[2];
	bool sort, eml, observe, attempts, frames, any_port;
	bool rotate; /* of frames */
	bool live;  /* told as it happens, as `live --follow` does */
	bool lists; /* the account quotes lines: memory only costs quotes */
	enum sw_form form;
	const char *bpf, *from;
	unsigned threads;
	uint64_t memory;
};

/* Captures kept for fuzz_wire: an octet, then the capture. */
#define WIRE "tests/fuzz/corpus/wire/"
#define KEPT "tests/fuzz/corpus/capture/"
#define PLAIN "pcaps/postfix-plain.pcap"
#define MADE "/" /* below the folder of inputs */
#define JSONL .form = SW_FORM_JSONL
#define TEXT .form = SW_FORM_TEXT

static const struct run runs[] = {
	{ "pcap", { PLAIN }, JSONL },
	{ "text", { PLAIN }, TEXT },
	{ "page", { PLAIN }, .form = SW_FORM_HTML },
	{ "sort", { PLAIN }, JSONL, .sort = true },
	{ "eml", { PLAIN }, JSONL, .eml = true, .observe = true },
	{ "frames", { PLAIN }, JSONL, .frames = true },
	{ "frames of some", { PLAIN }, JSONL, .frames = true, .from = "e" },
	{ "frames, rotated", { PLAIN }, JSONL, .frames = true,
	    .rotate = true },
	{ "threads", { PLAIN }, JSONL, .eml = true, .threads = 3 },
	{ "threads, frames", { PLAIN }, JSONL, .frames = true, .threads = 2 },
	{ "threads, sort", { WIRE "n-fragments.pcapng" }, JSONL, .sort = true,
	    .attempts = true, .threads = 2 },
	{ "observer", { PLAIN }, JSONL, .observe = true, .attempts = true },
	{ "as it happens", { PLAIN }, JSONL, .live = true },
	{ "as it happens, text", { WIRE "c07-gap.pcap" }, TEXT, .live = true },
	{ "filters", { PLAIN }, JSONL, .bpf = "tcp", .from = "e" },
	{ "any port", { WIRE "d-any-port.pcap" }, JSONL, .any_port = true },
	{ "little memory", { "pcaps/postfix-clients.pcap" }, JSONL,
	    .memory = 1 },
	{ "little memory, threads", { "pcaps/exim-aborts.pcap" }, JSONL,
	    .memory = 1, .threads = 2 },
	{ "log", { "tests/data/iis-w3c/relay.log" }, JSONL },
	{ "log, eml", { "tests/data/postfix-notice/notice.log" }, JSONL,
	    .eml = true, .lists = true },
	{ "log, page", { "tests/data/iis-w3c/relay.log" },
	    .form = SW_FORM_HTML },
	{ "both", { PLAIN, "tests/data/iis-w3c/ex030131.log" }, JSONL,
	    .sort = true, .attempts = true, .lists = true },
	{ "log, threads", { PLAIN, "tests/data/iis-w3c/relay.log" }, JSONL,
	    .threads = 2 },
	{ "transcripts", { MADE "saved.jsonl" }, JSONL },
	{ "folder", { MADE "folder" }, JSONL },
	{ "tar.gz", { MADE "a.tar.gz" }, JSONL },
	{ "zip", { MADE "a.zip" }, JSONL },
	{ "7z", { MADE "a.7z" }, JSONL, .eml = true, .lists = true },
	{ "pcap.gz", { MADE "a.gz" }, JSONL },
	{ "TLS", { WIRE "c04-starttls.pcap" }, JSONL },
	{ "AUTH", { WIRE "c03-auth-login.pcap" }, JSONL },
	{ "BDAT", { WIRE "c02-bdat.pcap" }, JSONL },
	{ "pipelining", { WIRE "c01-pipelined.pcap" }, JSONL },
	{ "gap", { WIRE "c07-gap.pcap" }, JSONL },
	{ "LMTP", { WIRE "c12-lmtp.pcap" }, JSONL },
	{ "queue ids", { WIRE "d-queue-ids.pcap" }, JSONL },
	{ "fragments", { WIRE "n-fragments.pcapng" }, JSONL },
	{ "acknowledged first", { WIRE "r-ack-first.netmon2.1" }, JSONL },
	{ "no start", { WIRE "r-no-syn-dialogue.netmon1" }, JSONL },
	{ "overlaps", { WIRE "r-overlap-differs.pcap" }, JSONL },
	{ "ports reused", { WIRE "r-ports-reused.pcap" }, JSONL },
	{ "no answer", { "pcaps/postfix-attempts.pcap" }, JSONL,
	    .attempts = true, .lists = true },
	{ "modified pcap", { KEPT "pcap-modified" }, JSONL, .attempts = true },
	{ "big-endian pcap", { KEPT "pcap-ns-big" }, JSONL, .attempts = true },
	{ "pcapng", { KEPT "pcapng" }, JSONL, .attempts = true },
	{ "big-endian pcapng", { KEPT "pcapng-big" }, JSONL,
	    .attempts = true },
	{ "netxray", { KEPT "netxray-wrapped" }, JSONL, .lists = true },
	{ "sniffer", { KEPT "sniffer" }, JSONL, .lists = true },
	{ "netmon 1", { KEPT "netmon1" }, JSONL, .attempts = true },
	{ "netmon 2.0", { KEPT "netmon20" }, JSONL, .attempts = true },
	{ "netmon 2.1", { KEPT "netmon21" }, JSONL, .attempts = true },
	{ "netmon 2.3", { KEPT "netmon23" }, JSONL, .attempts = true },
	{ "snoop", { KEPT "snoop" }, JSONL, .attempts = true },
	{ "erf", { KEPT "erf" }, JSONL, .attempts = true },
};

/* --- a run ---------------------------------------------------------------- */

struct telling {
	struct sw_printer *printer;
	uint64_t observed;
	int status; /* of what an observer printed */
};

static void on_event(void *ctx, const struct sw_session *s,
    const struct sw_event *e)
{
	struct telling *t = ctx;
	int number;

	t->observed += s->event_count + e->n;
	if (t->printer && t->status == SW_OK)
		t->status = sw_printer_event(t->printer, s, e, &number);
}

static void *on_open(void *ctx, uint32_t message)
{
	(void)message;
	return ctx;
}

static void on_octets(void *ctx, void *body, const void *octets, size_t len)
{
	struct telling *t = ctx;

	(void)body;
	(void)octets;
	t->observed += len;
}

static void on_end(void *ctx, void *body, const struct sw_session *s,
    const struct sw_message *m, bool kept)
{
	struct telling *t = ctx;

	(void)body;
	t->observed += s->message_count + m->n + kept;
}

static int tell(struct sw_reader *r, struct sw_printer *p, struct telling *t)
{
	const struct sw_session *s;
	struct sw_err err;
	int got, number;

	while ((got = sw_reader_next(r, &s, &err)) > 0) {
		got = t->printer ? sw_printer_end(p, s, &number) :
		    sw_printer_session(p, s, &number);
		if (got == SW_OK)
			got = t->status;
		if (got != SW_OK)
			return got;
		while (sw_reader_warning(r))
			;
	}
	return got;
}

static void set_options(struct sw_options *o, const struct run *run,
    struct telling *t)
{
	static char mbox[sizeof(results) + 8], frames[sizeof(results) + 8];

	snprintf(mbox, sizeof(mbox), "%s/mbox", results);
	snprintf(frames, sizeof(frames), "%s/frames", results);
	sw_options_init(o);
	o->sort_start = run->sort;
	o->attempts = run->attempts;
	o->any_port = run->any_port;
	o->threads = run->threads;
	o->memory = run->memory;
	o->bpf = run->bpf;
	o->filter.from = run->from;
	o->tmpdir = temporary;
	o->eml_dir = run->eml ? results : NULL;
	o->mbox = run->eml ? mbox : NULL;
	o->frames = run->frames ? frames : NULL;
	o->rotate_size = run->rotate ? 3000 : 0;
	o->keep = run->rotate ? 1 : 0;
	o->observer.ctx = t;
	if (run->observe || run->live)
		o->observer.event = on_event;
	if (run->observe) {
		o->observer.body_open = on_open;
		o->observer.body_octets = on_octets;
		o->observer.body_end = on_end;
	}
}

/* What -w kept can be read up to its end whatever ended the run, and is then
 * of no more interest. */
static bool settle_frames(const char *path)
{
	struct sw_reader *r = NULL;
	const struct sw_session *s;
	struct sw_options o;
	struct sw_err err;
	bool good;
	int got;

	if (access(path, F_OK) != 0)
		return true;
	fail_from = fail_to = 0;
	sw_options_init(&o);
	got = sw_reader_open(&o, &path, 1, &r, &err);
	while (got >= SW_OK && (got = sw_reader_next(r, &s, &err)) > 0)
		;
	good = got == SW_OK && !sw_reader_warning(r);
	sw_reader_free(&r);
	unlink(path);
	return good;
}

static int read_once(const void *of, struct output *out)
{
	const struct run *run = of;
	struct sw_print_options print = { .form = run->form,
		.tmpdir = temporary };
	struct telling t = { 0 };
	struct sw_reader *r = NULL;
	struct sw_printer *p = NULL;
	struct sw_options o;
	struct sw_err err;
	int got, number;

	set_options(&o, run, &t);
	got = sw_printer_new(&print, keep, out, &p);
	if (got == SW_OK)
		got = sw_reader_open(&o, run->files, run->files[1] ? 2 : 1,
		    &r, &err);
	if (got == SW_OK) {
		t.printer = run->live ? p : NULL;
		got = tell(r, p, &t);
	}
	if (got == SW_OK && sw_reader_failed(r) > 0)
		got = SW_EREAD;
	if (got == SW_OK)
		got = sw_printer_finish(p, NULL, &number);
	if (got == SW_OK && !run->lists)
		got = sw_account_write(sw_reader_account(r), true, keep, out);
	if (run->observe)
		keep(out, &t.observed, sizeof(t.observed));
	sw_reader_free(&r);
	sw_printer_free(&p);
	if (o.frames && !settle_frames(o.frames))
		return SW_EREAD;
	return got;
}

/* --- inputs that are made ------------------------------------------------- */

static void add_member(struct archive *a, const char *name)
{
	struct archive_entry *e = archive_entry_new();
	struct output o = content(name);

	archive_entry_set_pathname(e, name);
	archive_entry_set_size(e, (la_int64_t)o.len);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	if (archive_write_header(a, e) != ARCHIVE_OK ||
	    archive_write_data(a, o.p, o.len) < 0)
		abort();
	archive_entry_free(e);
	free(o.p);
}

static void make_archive(const char *name, int (*format)(struct archive *),
    bool zipped, bool log)
{
	struct archive *a = archive_write_new();

	format(a);
	if (zipped)
		archive_write_add_filter_gzip(a);
	if (archive_write_open_filename(a, made_name(name)) != ARCHIVE_OK)
		abort();
	add_member(a, PLAIN);
	if (log)
		add_member(a, "tests/data/iis-w3c/relay.log");
	archive_write_close(a);
	archive_write_free(a);
}

static void make_inputs(void)
{
	const struct run run = { "saved", { PLAIN }, JSONL, .lists = true };
	struct output o = { 0 };

	make_archive("a.tar.gz", archive_write_set_format_ustar, true, true);
	make_archive("a.zip", archive_write_set_format_zip, false, true);
	make_archive("a.7z", archive_write_set_format_7zip, false, true);
	make_archive("a.gz", archive_write_set_format_raw, true, false);
	if (read_once(&run, &o) != SW_OK)
		abort();
	make_file("saved.jsonl", o.p, o.len);
	mkdir(made_name("folder"), 0700);
	make_file("folder/saved.jsonl", o.p, o.len);
	free(o.p);
	o = content("tests/data/iis-w3c/relay.log");
	make_file("folder/relay.log", o.p, o.len);
	free(o.p);
}

static void remove_inputs(void)
{
	char folder[sizeof(inputs) + 40];

	snprintf(folder, sizeof(folder), "%s", made_name("folder"));
	empty_folder(folder, NULL);
	rmdir(folder);
}

/* The name under which it can be read. */
static const char *input_of(const char *name)
{
	struct output o;

	if (name && *name == *MADE)
		return made_name(name + 1);
	if (!name || strncmp(name, WIRE, strlen(WIRE)) != 0)
		return name;
	o = content(name);
	make_file("capture", o.p + 1, o.len - 1);
	free(o.p);
	return made_name("capture");
}

/* --- all of them ---------------------------------------------------------- */

static int number, failed;

static void do_run(const struct run *of)
{
	struct run run = *of;
	struct failing f = { run.name, read_once, &run, run.threads > 1, 0 };

	run.files[0] = input_of(run.files[0]);
	failed += !fail_each(&f, ++number);
}

/* Each log that is kept. */
static void do_logs(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[600];
	struct run run = { path, { path }, JSONL, .lists = true };
	size_t len;

	while (d && (e = readdir(d)) != NULL) {
		len = strlen(e->d_name);
		if (e->d_name[0] == '.' || (len > 7 &&
		    strcmp(e->d_name + len - 7, ".expect") == 0))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (len > 4 && strchr(e->d_name, '.'))
			do_run(&run);
		else
			do_logs(path);
	}
	if (d)
		closedir(d);
}

int main(void)
{
	size_t i;

	if (!make_folders())
		return 1;
	make_inputs();
	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		do_run(&runs[i]);
	do_logs("tests/data");
	remove_inputs();
	remove_folders();
	return failed ? 1 : 0;
}
