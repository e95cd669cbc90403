/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_kept.c - what is kept of an input in files: mails, a mailbox, frames
 *
 * Input: an octet of options, then a file of any kind.  Bit 0 of the options:
 * any port; 1: sorted; 2: two threads; 3: attempts too; 4: VLANs are strict;
 * 5: checksums are verified; 6: only what failed; 7: all of it is kept at
 * once, else the mails alone.
 *
 * Whatever comes: each message that names a file has one of that name in the
 * folder, with its octets and their digest, and nothing else is there; the
 * mailbox holds the whole ones in the order of their sessions and gives their
 * octets back; the frames are a capture that is read as the same sessions, if
 * it has them all.
 */
#define _GNU_SOURCE /* memfd_create */

#include <dirent.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#include <smtpwire/smtpwire.h>

#include "api/reader.h"
#include "capture/capture.h"
#include "fuzz/memory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct octets {
	uint8_t *p;
	size_t len, capacity;
};

struct place {
	char dir[80], mails[96], mailbox[96], frames[96];
};

struct seen {
	struct octets sessions; /* as JSON Lines */
	struct octets mailbox;  /* what must be in it, dates apart */
	size_t files;           /* that must be in the folder */
	uint64_t frames;        /* that were read */
	bool timeless;          /* some have no time, which they get */
};

static void add(struct octets *o, const void *p, size_t len)
{
	if (o->len + len > o->capacity) {
		o->capacity = 2 * (o->len + len);
		o->p = realloc(o->p, o->capacity);
		require(o->p != NULL);
	}
	if (len > 0)
		memcpy(o->p + o->len, p, len);
	o->len += len;
}

static int keep(void *ctx, const void *octets, size_t len)
{
	add(ctx, octets, len);
	return 0;
}

static struct octets read_file(const char *name)
{
	struct octets o = {NULL, 0, 0};
	uint8_t some[4096];
	FILE *f = fopen(name, "rb");
	size_t n;

	require(f != NULL);
	while ((n = fread(some, 1, sizeof(some), f)) > 0)
		add(&o, some, n);
	require(!ferror(f));
	fclose(f);
	return o;
}

/* --- mails ---------------------------------------------------------------- */

/* mboxrd: a '>' more before ^>*From_; ">From " stands for the first line too,
 * whose sender and date are left out. */
static void add_to_mailbox(struct octets *box, const struct octets *mail)
{
	size_t at = 0;

	add(box, "From \n", 6);
	while (at < mail->len) {
		const uint8_t *p = mail->p + at;
		size_t left = mail->len - at, quotes = 0;
		const uint8_t *lf = memchr(p, '\n', left);
		size_t len = lf ? (size_t)(lf - p) + 1 : left;

		while (quotes < len && p[quotes] == '>')
			quotes++;
		if (len - quotes >= 5 && memcmp(p + quotes, "From ", 5) == 0)
			add(box, ">", 1);
		add(box, p, len);
		at += len;
	}
	if (mail->len > 0 && mail->p[mail->len - 1] != '\n')
		add(box, "\n", 1);
	add(box, "\n", 1);
}

/* Names are made of the session's and the message's number. */
static bool is_whole(const struct sw_session *s, const struct sw_message *m,
    const char *name, const struct place *at)
{
	char expected[200];

	snprintf(expected, sizeof(expected), "%s/%016llx-%lu.eml", at->mails,
	    (unsigned long long)s->id, (unsigned long)m->n);
	if (strcmp(name, expected) == 0)
		return true;
	snprintf(expected, sizeof(expected), "%s/%016llx-%lu.incomplete.eml",
	    at->mails, (unsigned long long)s->id, (unsigned long)m->n);
	require(strcmp(name, expected) == 0);
	return false;
}

static void check_mail(struct seen *seen, const struct sw_session *s,
    const struct sw_message *m, const struct place *at)
{
	char name[200];
	unsigned char digest[32];
	struct octets mail;
	struct stat st;
	bool whole;

	if (!m->file.data)
		return;
	require(m->file.len < sizeof(name));
	memcpy(name, m->file.data, m->file.len);
	name[m->file.len] = '\0';
	whole = is_whole(s, m, name, at);
	seen->files += whole ? 1 : 2;
	require(lstat(name, &st) == 0 && S_ISREG(st.st_mode));
	require((st.st_mode & 0777) == 0600);
	mail = read_file(name);
	require((int64_t)mail.len == m->size);
	require(EVP_Digest(mail.p ? mail.p : digest, mail.len, digest, NULL,
		    EVP_sha256(), NULL) == 1);
	require(!m->sha256.known ||
	    memcmp(digest, m->sha256.octets, sizeof(digest)) == 0);
	require(whole ? m->missing == 0 : m->missing != 0 || !m->sha256.known);
	if (whole)
		add_to_mailbox(&seen->mailbox, &mail);
	free(mail.p);
}

static void check_folder(const struct place *at, size_t files)
{
	DIR *d = opendir(at->mails);
	const struct dirent *e;
	char name[400];

	require(d != NULL || files == 0);
	while (d && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		require(files-- > 0);
		snprintf(name, sizeof(name), "%s/%s", at->mails, e->d_name);
		require(unlink(name) == 0);
	}
	require(files == 0);
	if (d)
		closedir(d);
	require(!d || rmdir(at->mails) == 0);
}

/* The same but for senders and dates, which are text without a line's end. */
static void check_mailbox(const struct place *at, const struct octets *box)
{
	struct octets is;
	size_t i, k = 0;

	if (access(at->mailbox, F_OK) != 0) {
		require(box->len == 0);
		return;
	}
	is = read_file(at->mailbox);
	for (i = 0; i < is.len; i++) {
		bool is_first = (i == 0 || is.p[i - 1] == '\n') &&
		    is.len - i > 5 && memcmp(is.p + i, "From ", 5) == 0;

		require(k < box->len && is.p[i] == box->p[k]);
		k++;
		if (!is_first)
			continue;
		require(box->len - k > 5);
		k += 4;
		for (i += 5; i < is.len && is.p[i] != '\n'; i++)
			require(is.p[i] >= 0x20 && is.p[i] < 0x7f);
		i--;
	}
	require(k == box->len);
	free(is.p);
	require(unlink(at->mailbox) == 0);
}

/* --- sessions ------------------------------------------------------------ */

static void set_options(struct sw_options *o, uint8_t how,
    const struct place *at)
{
	sw_options_init(o);
	o->any_port = how & 1;
	o->sort_start = how & 2;
	o->threads = how & 4 ? 2 : 1;
	o->attempts = how & 8;
	o->strict_vlan = how & 16;
	o->verify_checksums = how & 32;
	o->filter.failed = how & 64;
	o->tmpdir = at->dir;
}

/* What is said of a file, not of frames: of a capture that ends within one
 * another one is made, where it was cut by the snap length.  Frames are kept
 * without what a capture says about them. */
static bool is_of_file(const struct sw_note *n)
{
	return n->code == SW_NOTE_TRUNCATED_INPUT ||
	    n->code == SW_NOTE_SNAPPED || n->code == SW_NOTE_COMMENT ||
	    n->code == SW_NOTE_PROCESS || n->code == SW_NOTE_FRAMES_DROPPED;
}

/* Without the names of files. */
static void tell(struct sw_printer *p, const struct sw_session *s)
{
	struct sw_message *messages =
	    calloc(s->message_count + 1, sizeof(*messages));
	struct sw_note *notes = calloc(s->note_count + 1, sizeof(*notes));
	const struct sw_bytes none = {NULL, 0};
	struct sw_session copy = *s;
	int error;

	require(messages != NULL && notes != NULL);
	for (size_t i = 0; i < s->message_count; i++) {
		messages[i] = s->messages[i];
		messages[i].file = none;
	}
	copy.note_count = 0;
	for (size_t i = 0; i < s->note_count; i++)
		if (!is_of_file(&s->notes[i]))
			notes[copy.note_count++] = s->notes[i];
	copy.messages = messages;
	copy.notes = notes;
	require(sw_printer_session(p, &copy, &error) == SW_OK);
	free(messages);
	free(notes);
}

static void read_sessions(const char *name, const struct sw_options *o,
    const struct place *at, struct seen *seen)
{
	struct sw_print_options form = {.form = SW_FORM_JSONL, .normal = true};
	const struct sw_session *s;
	struct sw_printer *p;
	struct sw_reader *r;
	struct sw_err err;
	int got, error;

	require(sw_reader_open(o, &name, 1, &r, &err) == SW_OK);
	require(sw_printer_new(&form, keep, &seen->sessions, &p) == SW_OK);
	while ((got = sw_reader_next(r, &s, &err)) != 0) {
		require(got != SW_EWRITE && got != SW_ENOMEM);
		if (got < 0)
			continue;
		for (size_t i = 0; i < s->message_count; i++)
			check_mail(seen, s, &s->messages[i], at);
		for (size_t i = 0; i < s->event_count; i++)
			if (s->events[i].time == SW_NO_TIME)
				seen->timeless = true;
		tell(p, s);
	}
	require(sw_printer_finish(p, sw_reader_account(r), &error) == SW_OK);
	seen->frames = sw_reader_account(r)->a.counters[ACCOUNT_FRAMES];
	while (sw_reader_warning(r))
		;
	sw_printer_free(&p);
	sw_reader_free(&r);
}

/* Where frames were left out, time may have gone by in them, and the next of a
 * connection's have ended it: then others are told, or otherwise. */
static void check_frames(const struct place *at, const struct sw_options *o,
    const struct seen *seen)
{
	struct seen again = {{NULL, 0, 0}, {NULL, 0, 0}, 0, 0, false};
	const struct octets *a = &seen->sessions, *b = &again.sessions;
	struct sw_options same = *o;

	same.eml_dir = same.mbox = same.frames = NULL;
	if (access(at->frames, F_OK) != 0) {
		require(a->len == 0);
		return;
	}
	read_sessions(at->frames, &same, at, &again);
	require(again.frames <= seen->frames);
	if (again.frames == seen->frames &&
	    (a->len != b->len ||
		(a->len > 0 && memcmp(a->p, b->p, a->len) != 0))) {
		fprintf(stderr, "first %.*s\nagain %.*s\n", (int)a->len,
		    (const char *)a->p, (int)b->len, (const char *)b->p);
		require(false);
	}
	free(again.sessions.p);
	require(unlink(at->frames) == 0);
}

/* Not compressed, and in no archive. */
static bool is_capture(struct slice octets)
{
	struct account account;
	struct source *s = NULL;
	struct capture *c = NULL;
	bool is;

	account_init(&account);
	is = source_open_memory(octets, "input", &s, NULL) == SW_OK &&
	    capture_open(s, &account, &c, NULL) == SW_OK;
	capture_free(&c);
	source_free(&s);
	account_fini(&account);
	return is;
}

static void place_init(struct place *at)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(at->dir, sizeof(at->dir), "%s/fuzz-kept-XXXXXX",
	    tmp && strlen(tmp) < 50 ? tmp : "/tmp");
	require(mkdtemp(at->dir) != NULL);
	snprintf(at->mails, sizeof(at->mails), "%s/mails", at->dir);
	snprintf(at->mailbox, sizeof(at->mailbox), "%s/mailbox", at->dir);
	snprintf(at->frames, sizeof(at->frames), "%s/frames", at->dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = {{NULL, 0, 0}, {NULL, 0, 0}, 0, 0, false};
	struct memory_file file;
	struct sw_options o;
	struct place at;

	if (size < 1)
		return 0;
	place_init(&at);
	memory_file_init(&file, data + 1, size - 1);
	set_options(&o, data[0], &at);
	o.eml_dir = at.mails;
	o.mbox = data[0] & 128 ? at.mailbox : NULL;
	o.frames = data[0] & 128 ? at.frames : NULL;
	read_sessions(file.name, &o, &at, &seen);
	check_folder(&at, seen.files);
	if (o.mbox) {
		check_mailbox(&at, &seen.mailbox);
		if (seen.frames > 0 && !seen.timeless &&
		    is_capture(slice_make(data + 1, size - 1)))
			check_frames(&at, &o, &seen);
		else if (access(at.frames, F_OK) == 0)
			require(unlink(at.frames) == 0);
	}
	memory_file_fini(&file);
	require(rmdir(at.dir) == 0);
	free(seen.sessions.p);
	free(seen.mailbox.p);
	return 0;
}
