/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * members.c - the members of an archive (zip, tar, 7z) as sources
 *
 * Theory of operation.  libarchive reads the archive once, from its start to
 * its end; each file in it is written to one unlinked file, of which a source
 * then has a part.  So members can be read in any order and more than once,
 * as files can, with one descriptor for all of them.
 *
 * A tar is read as it comes, a pipe's too.  The table of a zip lies at its
 * end, but every member has a header of its own: of a pipe, and when the end
 * is lost, these are used.  A 7z cannot be read without its end: a pipe is
 * spooled.
 *
 * What little octets unpack to is limited (LIMIT_UNPACKED), and so is the
 * number of members.  Names open nothing: they only say where something came
 * from.
 */
#define _GNU_SOURCE /* newlocale */

#include "base/members.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/library.h"
#include "base/limits.h"

#define CHUNK 65536
#define ARCHIVE_LIBRARY "libarchive.so.13"
/* Calls that libarchive may ask for again in a row. */
#define RETRIES 16

/* Functions of libarchive, named as there without archive_. */
struct functions {
	__typeof__(archive_read_new) *read_new;
	__typeof__(archive_read_set_read_callback) *read_set_read_callback;
	__typeof__(archive_read_set_seek_callback) *read_set_seek_callback;
	__typeof__(archive_read_set_callback_data) *read_set_callback_data;
	__typeof__(archive_read_open1) *read_open1;
	__typeof__(archive_read_next_header) *read_next_header;
	__typeof__(archive_read_data_block) *read_data_block;
	__typeof__(archive_read_free) *read_free;
	__typeof__(archive_error_string) *error_string;
	__typeof__(archive_set_error) *set_error;
	__typeof__(archive_entry_pathname) *entry_pathname;
	__typeof__(archive_entry_filetype) *entry_filetype;
	__typeof__(archive_entry_hardlink) *entry_hardlink;
	__typeof__(archive_entry_mtime) *entry_mtime;
	__typeof__(archive_entry_is_data_encrypted) *entry_is_data_encrypted;
};

struct members {
	struct functions lib;
	struct archive *archive;
	locale_t utf8; /* of names; 0: the caller's serves */
	struct source *source;
	const char *kind;
	bool random;    /* the source is read by source_read_at */
	uint64_t pos;   /* then: of the next octet */
	size_t given;   /* else: octets given out, to be consumed */
	uint64_t fed;   /* octets given to libarchive */
	bool source_failed; /* err is the source's */
	bool end;
	bool damaged;   /* err is to be told */
	struct sw_err err;

	struct source_store *store;
	uint64_t start; /* of the last member in the store */
	uint64_t unpacked;
	uint64_t count;
	struct buffer name;
};

/* --- what it is ----------------------------------------------------------- */

/* A number of tar: octal digits, blanks before and behind. */
static bool get_octal(struct slice field, uint32_t *value_r)
{
	size_t i = 0, digits = 0;

	*value_r = 0;
	while (i < field.len && field.p[i] == ' ')
		i++;
	for (; i < field.len && field.p[i] >= '0' && field.p[i] <= '7'; i++) {
		*value_r = *value_r * 8 + field.p[i] - '0';
		digits++;
	}
	return digits > 0 && (i == field.len || field.p[i] == ' ' ||
	    field.p[i] == '\0');
}

#define TAR_HEADER 512
#define TAR_NAME 100
#define TAR_SUM 148

/* The header's sum is that of its octets, its own taken as blanks (POSIX
 * pax, "ustar Interchange Format"); some have summed signed octets. */
static bool is_tar(struct slice head)
{
	struct slice field = slice_head(slice_from(head, TAR_SUM), 8);
	uint32_t sum, is = 0, is_signed = 0;

	if (head.len < TAR_HEADER || head.p[0] == '\0' ||
	    !get_octal(field, &sum))
		return false;
	for (size_t i = 0; i < TAR_HEADER; i++) {
		bool own = i >= TAR_SUM && i < TAR_SUM + 8;
		uint8_t octet = own ? ' ' : head.p[i];

		is += octet;
		is_signed += octet - (octet > 127 ? 256u : 0u);
	}
	return sum == is || sum == is_signed;
}

/* Could this be the start of a tar's header?  A name, padded with zeros to
 * its field's end: no line of a log. */
static bool may_be_tar(struct slice head)
{
	struct slice name = slice_head(head, TAR_NAME);
	size_t i = 0;

	while (i < name.len && name.p[i] != '\0')
		i++;
	if (i == 0 || (i == name.len && head.len <= TAR_NAME))
		return false;
	while (i < name.len && name.p[i] == '\0')
		i++;
	return i == name.len;
}

/* May these octets be a part of a name that a tar begins with, of which the
 * end is still to come?  A line of a log ends sooner or at a line feed. */
static bool is_part_of_name(struct slice head)
{
	return head.len > 0 && head.len <= TAR_NAME &&
	    !memchr(head.p, '\0', head.len) &&
	    !memchr(head.p, '\n', head.len);
}

static const char *find_kind(struct slice head)
{
	static const struct {
		struct slice magic;
		const char *kind;
	} magics[] = {
		{ { (const uint8_t *)"PK\3\4", 4 }, "zip" },
		{ { (const uint8_t *)"PK\5\6", 4 }, "zip" }, /* empty */
		{ { (const uint8_t *)"PK\7\10", 4 }, "zip" }, /* split */
		{ { (const uint8_t *)"PK00", 4 }, "zip" },
		{ { (const uint8_t *)"7z\xbc\xaf", 4 }, "7z" },
	};

	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (slice_eq(slice_head(head, 4), magics[i].magic))
			return magics[i].kind;
	return is_tar(head) ? "tar" : NULL;
}

enum sw_status members_probe(struct source *s, const char **kind_r,
    struct sw_err *err)
{
	struct slice head;
	enum sw_status status = source_peek(s, 4, &head, err);
	size_t before = 0;

	*kind_r = NULL;
	/* A pipe may hand out a few octets first. */
	while (status == SW_OK && head.len > before && is_part_of_name(head)) {
		before = head.len;
		status = source_peek(s, before + 1, &head, err);
	}
	if (status == SW_OK && head.len < TAR_HEADER && may_be_tar(head))
		status = source_peek(s, TAR_HEADER, &head, err);
	if (status == SW_OK)
		*kind_r = find_kind(head);
	return status;
}

/* --- what libarchive calls ------------------------------------------------ */

static la_ssize_t fail(struct members *m, struct archive *a)
{
	m->source_failed = true;
	m->lib.set_error(a, EIO, "read error");
	return -1;
}

static la_ssize_t feed(struct archive *a, void *ctx, const void **buf_r)
{
	struct members *m = ctx;
	struct slice octets;
	enum sw_status status;

	if (m->random) {
		status = source_read_at(m->source, m->pos, CHUNK, &octets,
		    &m->err);
		m->pos += octets.len;
	} else {
		status = source_skip(m->source, m->given, &m->err);
		m->given = 0;
		if (status == SW_OK)
			status = source_peek(m->source, 1, &octets, &m->err);
	}
	if (status != SW_OK)
		return fail(m, a);
	if (!m->random)
		m->given = octets.len;
	m->fed += octets.len;
	*buf_r = octets.p;
	return (la_ssize_t)octets.len;
}

static la_int64_t seek(struct archive *a, void *ctx, la_int64_t offset,
    int whence)
{
	struct members *m = ctx;
	uint64_t size = source_random_size(m->source);
	uint64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->pos :
	    size;

	(void)a;
	if (offset < 0 && (uint64_t)-(offset + 1) >= from)
		return ARCHIVE_FATAL;
	from += (uint64_t)offset;
	m->pos = from < size ? from : size;
	return (la_int64_t)m->pos;
}

/* --- opening -------------------------------------------------------------- */

static bool load(struct functions *f)
{
	const struct library_function functions[] = {
		{ "archive_read_new", &f->read_new },
		{ "archive_read_set_read_callback",
		  &f->read_set_read_callback },
		{ "archive_read_set_seek_callback",
		  &f->read_set_seek_callback },
		{ "archive_read_set_callback_data",
		  &f->read_set_callback_data },
		{ "archive_read_open1", &f->read_open1 },
		{ "archive_read_next_header", &f->read_next_header },
		{ "archive_read_data_block", &f->read_data_block },
		{ "archive_read_free", &f->read_free },
		{ "archive_error_string", &f->error_string },
		{ "archive_set_error", &f->set_error },
		{ "archive_entry_pathname", &f->entry_pathname },
		{ "archive_entry_filetype", &f->entry_filetype },
		{ "archive_entry_hardlink", &f->entry_hardlink },
		{ "archive_entry_mtime", &f->entry_mtime },
		{ "archive_entry_is_data_encrypted",
		  &f->entry_is_data_encrypted }
	};

	return library_load(ARCHIVE_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0]));
}

static bool enable(struct archive *a, const char *kind)
{
	static const char *const names[][2] = {
		{ "zip", "archive_read_support_format_zip" },
		{ "tar", "archive_read_support_format_tar" },
		{ "7z", "archive_read_support_format_7zip" },
	};
	__typeof__(archive_read_support_format_zip) *format;
	struct library_function function = { NULL, &format };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], kind) == 0)
			function.name = names[i][1];
	return function.name && library_load(ARCHIVE_LIBRARY, &function, 1) &&
	    format(a) >= ARCHIVE_WARN;
}

/* A zip's table is used where that costs nothing. */
static enum sw_status choose_access(struct members *m, struct sw_err *err)
{
	bool file = !source_is_stream(m->source) &&
	    !source_compression(m->source);
	enum sw_status status = SW_OK;

	if (strcmp(m->kind, "7z") == 0 ||
	    (strcmp(m->kind, "zip") == 0 && file)) {
		status = source_make_random(m->source, err);
		m->random = status == SW_OK;
	}
	/* A disk that is full concerns this input alone. */
	return status == SW_EWRITE ?
	    base_error_set(err, SW_EREAD, "%s",
		err ? err->text : "no room") : status;
}

static enum sw_status begin(struct members *m, const char *tmpdir,
    struct sw_err *err)
{
	const char *name = source_name(m->source);
	enum sw_status status = choose_access(m, err);

	if (status == SW_OK)
		status = source_store_new(tmpdir, &m->store, err);
	if (status != SW_OK)
		return status;
	if (!load(&m->lib))
		return base_error_set(err, SW_EFORMAT, "%s: a %s archive, and "
		    "%s cannot be loaded", name, m->kind, ARCHIVE_LIBRARY);
	m->archive = m->lib.read_new();
	if (!m->archive)
		return base_error_set(err, SW_ENOMEM, "no memory");
	if (!enable(m->archive, m->kind))
		return base_error_set(err, SW_EFORMAT, "%s: a %s archive, "
		    "which this libarchive does not read", name, m->kind);
	m->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (m->lib.read_set_read_callback(m->archive, feed) != ARCHIVE_OK ||
	    (m->random && m->lib.read_set_seek_callback(m->archive, seek) !=
	    ARCHIVE_OK) ||
	    m->lib.read_set_callback_data(m->archive, m) != ARCHIVE_OK)
		return base_error_set(err, SW_ENOMEM, "no memory");
	return SW_OK;
}

enum sw_status members_new(struct source *s, const char *kind,
    const char *tmpdir, struct members **m_r, struct sw_err *err)
{
	struct members *m = calloc(1, sizeof(*m));
	enum sw_status status;

	*m_r = m;
	if (!m)
		return base_error_set(err, SW_ENOMEM, "no memory");
	buffer_init(&m->name, SIZE_MAX);
	m->source = s;
	m->kind = kind;
	status = begin(m, tmpdir, err);
	if (status == SW_OK &&
	    m->lib.read_open1(m->archive) != ARCHIVE_OK) {
		const char *text = m->lib.error_string(m->archive);

		status = m->source_failed ? SW_EREAD :
		    base_error_set(err, SW_EREAD, "%s: damaged %s archive: "
		    "%s", source_name(s), kind, text ? text : "no reason");
		if (m->source_failed && err)
			*err = m->err;
	}
	if (status != SW_OK)
		members_free(m_r);
	return status;
}

void members_free(struct members **mp)
{
	struct members *m = *mp;

	if (!m)
		return;
	*mp = NULL;
	if (m->archive)
		m->lib.read_free(m->archive);
	if (m->utf8)
		freelocale(m->utf8);
	source_store_release(&m->store);
	buffer_fini(&m->name);
	free(m);
}

/* --- members -------------------------------------------------------------- */

/* What libarchive says is wrong, kept to be told once. */
static void keep_damage(struct members *m, const char *name)
{
	const char *text = m->lib.error_string(m->archive);

	m->damaged = true;
	if (!m->source_failed)
		base_error_set(&m->err, SW_EREAD, "%.300s: damaged %s "
		    "archive: %.150s", name, m->kind, text ? text :
		    "no reason given");
	m->source_failed = false;
}

static enum sw_status set_name(struct members *m,
    struct archive_entry *entry)
{
	const char *path = m->lib.entry_pathname(entry);
	char number[32];

	buffer_clear(&m->name);
	if (!path) {
		snprintf(number, sizeof(number), "(member %llu)",
		    (unsigned long long)m->count);
		path = number;
	}
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	return buffer_append(&m->name, source_name(m->source),
	    strlen(source_name(m->source))) &&
	    buffer_append_char(&m->name, '/') &&
	    buffer_append(&m->name, path, strlen(path)) &&
	    buffer_append_char(&m->name, '\0') ? SW_OK : SW_ENOMEM;
}

/* More than so few octets should hold? */
static bool is_bomb(const struct members *m)
{
	uint64_t size, read = m->fed;

	if (!m->random)
		read = source_position(m->source, &size);
	return m->unpacked > LIMIT_UNPACKED &&
	    (m->unpacked - LIMIT_UNPACKED) / LIMIT_UNPACKED_RATIO > read;
}

static void stop(struct members *m, const char *name, const char *why)
{
	m->end = m->damaged = true;
	base_error_set(&m->err, SW_EREAD, "%.300s: %s", name, why);
}

/* false: it is left, which is to be told. */
static bool store(struct members *m, const char *name, struct slice octets)
{
	m->unpacked += octets.len;
	if (is_bomb(m))
		stop(m, name, "unpacks to far more than it should, left");
	else if (!source_store_append(m->store, octets))
		stop(m, name, "no room for a temporary copy");
	else
		return true;
	return false;
}

/* A hole of a sparse file, up to where its next octets lie. */
static bool store_hole(struct members *m, const char *name, uint64_t off)
{
	static const uint8_t zeros[4096];
	uint64_t here;

	while ((here = source_store_size(m->store) - m->start) < off) {
		size_t len = off - here < sizeof(zeros) ?
		    (size_t)(off - here) : sizeof(zeros);

		if (!store(m, name, slice_make(zeros, len)))
			return false;
	}
	return true;
}

/* Its octets into the store, as far as they can be had; false: it is left. */
static bool unpack(struct members *m, const char *name)
{
	for (;;) {
		const void *p = NULL;
		size_t len = 0;
		la_int64_t off = 0;
		int r = m->lib.read_data_block(m->archive, &p, &len, &off);

		if (r == ARCHIVE_EOF)
			return true;
		if (r != ARCHIVE_OK)
			keep_damage(m, name);
		m->end = r == ARCHIVE_FATAL;
		/* A wrong check sum is a warning, beside the octets. */
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return true;
		if (!store_hole(m, name, off > 0 ? (uint64_t)off : 0) ||
		    !store(m, name, slice_make(p, len)))
			return false;
	}
}

/* What cannot be read; NULL: it is a file. */
static const char *find_reason(struct members *m,
    struct archive_entry *entry)
{
	if (m->lib.entry_filetype(entry) != AE_IFREG &&
	    m->lib.entry_filetype(entry) != 0)
		return "no file";
	if (m->lib.entry_hardlink(entry))
		return "a link";
	if (m->lib.entry_is_data_encrypted(entry))
		return "encrypted";
	return NULL;
}

/* 1: a member; 0: none that is told, or it was left. */
static int take(struct members *m, struct archive_entry *entry,
    struct member *member_r, struct sw_err *err)
{
	const char *name;
	uint64_t size;

	if (m->lib.entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (++m->count > LIMIT_MEMBERS) {
		stop(m, source_name(m->source),
		    "an archive of too many members, the others are left");
		return 0;
	}
	if (set_name(m, entry) != SW_OK)
		return base_error_set(err, SW_ENOMEM, "no memory");
	member_r->name = name = (const char *)m->name.p;
	member_r->why = find_reason(m, entry);
	member_r->source = NULL;
	m->start = source_store_size(m->store);
	if (member_r->why)
		return 1;
	if (!unpack(m, name)) {
		members_drop(m);
		return 0;
	}
	size = source_store_size(m->store) - m->start;
	if (size == 0 && m->damaged)
		return 0; /* the error names it */
	return source_open_stored(m->store, m->start, size,
	    (int64_t)m->lib.entry_mtime(entry), name, &member_r->source,
	    err) == SW_OK ? 1 : SW_ENOMEM;
}

static int next_header(struct members *m, struct archive_entry **entry_r)
{
	int r = ARCHIVE_RETRY;

	for (int i = 0; i < RETRIES && r == ARCHIVE_RETRY; i++)
		r = m->lib.read_next_header(m->archive, entry_r);
	return r;
}

int members_next(struct members *m, struct member *member_r,
    struct sw_err *err)
{
	/* libarchive knows no other way to be told of UTF-8. */
	locale_t before = m->utf8 ? uselocale(m->utf8) : (locale_t)0;
	int got = 0;

	while (got == 0 && !m->damaged && !m->end) {
		struct archive_entry *entry;
		int r = next_header(m, &entry);

		m->end = r != ARCHIVE_OK && r != ARCHIVE_WARN;
		if (!m->end)
			got = take(m, entry, member_r, err);
		else if (r != ARCHIVE_EOF)
			keep_damage(m, source_name(m->source));
	}
	if (m->utf8)
		uselocale(before);
	if (got != 0 || !m->damaged)
		return got;
	m->damaged = false;
	if (err)
		*err = m->err;
	return SW_EREAD;
}

void members_drop(struct members *m)
{
	source_store_cut(m->store, m->start);
}
