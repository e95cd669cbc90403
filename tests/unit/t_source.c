/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_source.c - files, pipes, memory and compressed input read alike */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/decompress.h"
#include "base/limits.h"
#include "base/source.h"

#define LEN ((3u << 20) + 12345) /* many blocks */

/* The same in every run, and no two places alike. */
static uint8_t octet_at(uint64_t off)
{
	return (uint8_t)((off * 2654435761u) >> 13 ^ off);
}

static uint8_t *make_octets(size_t len)
{
	uint8_t *p = malloc(len ? len : 1);
	size_t i;

	assert_non_null(p);
	for (i = 0; i < len; i++)
		p[i] = octet_at(i);
	return p;
}

static void check_octets(struct slice s, uint64_t off)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] != octet_at(off + i))
			fail_msg("octet %zu is wrong",
			    (size_t)off + i);
}

/* --- inputs -------------------------------------------------------------- */

struct input {
	struct source *source;
	struct slice octets;
	pthread_t writer;
	bool has_writer;
	int fd, write_fd;
	char path[32];
};

static void write_file(struct input *in, struct slice octets)
{
	memcpy(in->path, "/tmp/smtpwire-test-XXXXXX", 26);
	in->fd = mkstemp(in->path);
	assert_true(in->fd >= 0);
	assert_int_equal(write(in->fd, octets.p, octets.len), octets.len);
	close(in->fd);
	in->fd = -1;
}

static void open_file(struct input *in, struct slice octets,
    const char *tmpdir)
{
	memset(in, 0, sizeof(*in));
	write_file(in, octets);
	in->write_fd = -1;
	assert_int_equal(source_open(in->path, tmpdir, &in->source, NULL),
	    SW_OK);
	unlink(in->path);
}

static void *write_octets(void *arg)
{
	struct input *in = arg;
	size_t done = 0, n = 1;

	/* Pieces of all sizes. */
	while (done < in->octets.len) {
		ssize_t w;

		n = n * 3 % 70001 + 1;
		if (n > in->octets.len - done)
			n = in->octets.len - done;
		w = write(in->write_fd, in->octets.p + done, n);
		if (w <= 0)
			break;
		done += (size_t)w;
	}
	close(in->write_fd);
	return NULL;
}

static void open_pipe(struct input *in, struct slice octets,
    const char *tmpdir)
{
	int fds[2];

	memset(in, 0, sizeof(*in));
	assert_int_equal(pipe(fds), 0);
	in->octets = octets;
	in->fd = fds[0];
	in->write_fd = fds[1];
	assert_int_equal(pthread_create(&in->writer, NULL, write_octets, in),
	    0);
	in->has_writer = true;
	snprintf(in->path, sizeof(in->path), "/dev/fd/%d", in->fd);
	assert_int_equal(source_open(in->path, tmpdir, &in->source, NULL),
	    SW_OK);
}

static void close_input(struct input *in)
{
	source_free(&in->source);
	assert_null(in->source);
	if (in->fd >= 0)
		close(in->fd);
	if (in->has_writer)
		pthread_join(in->writer, NULL);
}

/* --- in sequence --------------------------------------------------------- */

/* All of it, in requests of many sizes, some for more than a block. */
static void read_all(struct source *s, uint64_t len)
{
	static const size_t wants[] = { 1, 16, 1514, 70000, 3, 262160, 54,
		2000000, 4096, 17 };
	uint64_t off = 0;
	size_t k = 0;

	for (;;) {
		size_t want = wants[k++ % 10], skip;
		struct slice o;

		assert_int_equal(source_offset(s), off);
		assert_int_equal(source_peek(s, want, &o, NULL), SW_OK);
		if (o.len < want)
			assert_int_equal(off + o.len, len);
		if (o.len == 0)
			break;
		check_octets(slice_head(o, want), off);
		skip = k % 3 == 0 ? want / 2 + 1 : want;
		if (skip > o.len)
			skip = o.len;
		assert_int_equal(source_skip(s, skip, NULL), SW_OK);
		off += skip;
	}
	assert_int_equal(off, len);
}

static void test_sequence(void **state)
{
	static const size_t lens[] = { 0, 1, 9, 4096, SOURCE_BLOCK,
		SOURCE_BLOCK + 1, LEN };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		uint8_t *p = make_octets(lens[i]);
		struct slice octets = slice_make(p, lens[i]);
		struct input in;
		struct source *s;
		uint64_t size;

		assert_int_equal(source_open_memory(octets, "m", &s, NULL),
		    SW_OK);
		read_all(s, lens[i]);
		assert_string_equal(source_name(s), "m");
		assert_null(source_block_hold(s));
		source_free(&s);
		open_file(&in, octets, NULL);
		assert_int_equal(source_size(in.source), lens[i]);
		assert_false(source_is_stream(in.source));
		read_all(in.source, lens[i]);
		assert_int_equal(source_position(in.source, &size), lens[i]);
		assert_int_equal(size, lens[i]);
		close_input(&in);
		open_pipe(&in, octets, NULL);
		assert_int_equal(source_size(in.source), 0);
		assert_true(source_is_stream(in.source));
		assert_null(source_compression(in.source));
		read_all(in.source, lens[i]);
		close_input(&in);
		free(p);
	}
}

static void test_skip(void **state)
{
	uint8_t *p = make_octets(LEN);
	int kind;

	(void)state;
	for (kind = 0; kind < 3; kind++) {
		struct input in = { .fd = -1 };
		struct slice octets = slice_make(p, LEN), o;
		struct source *s;

		if (kind == 0)
			assert_int_equal(source_open_memory(octets, "m",
			    &in.source, NULL), SW_OK);
		else if (kind == 1)
			open_file(&in, octets, NULL);
		else
			open_pipe(&in, octets, NULL);
		s = in.source;
		assert_int_equal(source_peek(s, 100, &o, NULL), SW_OK);
		assert_int_equal(source_skip(s, 50, NULL), SW_OK);
		assert_int_equal(source_skip(s, 2500000, NULL), SW_OK);
		assert_int_equal(source_offset(s), 2500050);
		assert_int_equal(source_peek(s, 100, &o, NULL), SW_OK);
		assert_true(o.len >= 100);
		check_octets(o, 2500050);
		/* Beyond the end is the end. */
		assert_int_equal(source_skip(s, UINT64_MAX / 2, NULL),
		    SW_OK);
		assert_int_equal(source_offset(s), LEN);
		assert_int_equal(source_peek(s, 1, &o, NULL), SW_OK);
		assert_int_equal(o.len, 0);
		close_input(&in);
	}
	free(p);
}

/* A pipe gives what it has; nobody waits for more than was asked for. */
static void test_no_wait(void **state)
{
	struct source *s;
	struct slice o;
	char path[32];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(write(fds[1], "x\n", 2), 2);
	assert_int_equal(source_open(path, NULL, &s, NULL), SW_OK);
	assert_int_equal(source_peek(s, 1, &o, NULL), SW_OK);
	assert_int_equal(source_peek(s, 2, &o, NULL), SW_OK);
	assert_int_equal(o.len, 2);
	assert_false(source_would_block(s, 2));
	assert_true(source_would_block(s, 3));
	assert_int_equal(write(fds[1], "yz", 2), 2);
	assert_int_equal(source_peek(s, 4, &o, NULL), SW_OK);
	assert_true(slice_eq(o, slice_str("x\nyz")));
	close(fds[1]);
	assert_int_equal(source_peek(s, 5, &o, NULL), SW_OK);
	assert_int_equal(o.len, 4);
	source_free(&s);
	close(fds[0]);
}

/* Held blocks outlive the reading, and the source. */
static void test_hold(void **state)
{
	uint8_t *p = make_octets(LEN);
	struct source_block *held[64];
	struct slice octets[64];
	uint64_t offs[64];
	struct input in;
	size_t i, n = 0;

	(void)state;
	open_file(&in, slice_make(p, LEN), NULL);
	for (n = 0; n < 64; n++) {
		struct slice o;

		assert_int_equal(source_peek(in.source, 50000, &o, NULL),
		    SW_OK);
		if (o.len < 50000)
			break;
		octets[n] = slice_head(o, 50000);
		offs[n] = source_offset(in.source);
		held[n] = source_block_hold(in.source);
		assert_non_null(held[n]);
		assert_int_equal(source_skip(in.source, 50000, NULL), SW_OK);
		/* Most are given back early, by turns. */
		if (n % 4 != 0)
			source_block_release(&held[n]);
	}
	close_input(&in);
	for (i = 0; i < n; i++) {
		if (held[i])
			check_octets(octets[i], offs[i]);
		source_block_release(&held[i]);
		source_block_release(&held[i]);
	}
	free(p);
}

/* --- errors -------------------------------------------------------------- */

static void test_cannot_open(void **state)
{
	struct sw_err err;
	struct source *s;

	(void)state;
	assert_int_equal(source_open("tests", NULL, &s, &err), SW_EREAD);
	assert_null(s);
	assert_string_equal(err.text, "tests: is a directory");
	assert_int_equal(source_open("tests/no-such-file", NULL, &s, &err),
	    SW_EREAD);
	assert_string_equal(err.text, "tests/no-such-file: cannot be opened:"
	    " No such file or directory");
	assert_int_equal(source_open("tests/no-such-file", NULL, &s, NULL),
	    SW_EREAD);
}

/*
 * A read error in the middle: the memory of this process as a file, whose
 * second page is missing.  What lies before it is handed out first.
 */
static void test_read_error(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int saved = dup(STDIN_FILENO), fd = open("/proc/self/mem", O_RDONLY);
	struct source *s;
	struct sw_err err;
	struct slice o;
	size_t i;

	(void)state;
	assert_true(p != MAP_FAILED);
	if (fd < 0 || lseek(fd, (off_t)(uintptr_t)p, SEEK_SET) < 0)
		skip();
	assert_int_equal(munmap(p + page, page), 0);
	for (i = 0; i < page; i++)
		p[i] = octet_at(i);
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(source_open("-", NULL, &s, NULL), SW_OK);
	assert_int_equal(source_peek(s, page + 1, &o, &err), SW_OK);
	assert_int_equal(o.len, page);
	check_octets(o, 0);
	assert_int_equal(source_skip(s, page + 100, &err), SW_OK);
	assert_int_equal(source_offset(s), page);
	/* Once. */
	assert_int_equal(source_peek(s, 1, &o, &err), SW_EREAD);
	assert_int_equal(err.offset, page);
	assert_memory_equal(err.text, "-: cannot be read at offset ", 28);
	assert_int_equal(source_peek(s, 1, &o, &err), SW_OK);
	assert_int_equal(o.len, 0);
	source_free(&s);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fd);
	munmap(p, page);
}

/* A file that becomes shorter while it is read just ends. */
static void test_shrinks(void **state)
{
	uint8_t *p = make_octets(LEN);
	struct input in;
	struct slice o;

	(void)state;
	memset(&in, 0, sizeof(in));
	write_file(&in, slice_make(p, LEN));
	assert_int_equal(source_open(in.path, NULL, &in.source, NULL), SW_OK);
	assert_int_equal(source_peek(in.source, 1, &o, NULL), SW_OK);
	assert_int_equal(truncate(in.path, SOURCE_BLOCK + 10), 0);
	assert_int_equal(source_skip(in.source, 2 * SOURCE_BLOCK, NULL),
	    SW_OK);
	assert_int_equal(source_offset(in.source), SOURCE_BLOCK + 10);
	assert_int_equal(source_make_random(in.source, NULL), SW_EUSAGE);
	unlink(in.path);
	close_input(&in);
	free(p);
}

/* --- at random ----------------------------------------------------------- */

static void read_random(struct source *s, uint64_t len)
{
	static const uint64_t offs[] = { 0, 100, LEN - 10, 1 << 20,
		(1 << 20) - 50, 3, 2000000, 2000100, 70000 };
	struct slice o;
	uint64_t off;
	size_t i;

	assert_int_equal(source_random_size(s), len);
	for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		assert_int_equal(source_read_at(s, offs[i], 5000, &o, NULL),
		    SW_OK);
		assert_int_equal(o.len, len - offs[i] < 5000 ? len - offs[i] :
		    5000);
		check_octets(o, offs[i]);
	}
	for (off = 0; off < len; off += 1531) {
		assert_int_equal(source_read_at(s, off, 1600, &o, NULL),
		    SW_OK);
		check_octets(o, off);
	}
	assert_int_equal(source_read_at(s, 5, 2 * SOURCE_BLOCK, &o, NULL),
	    SW_OK);
	assert_int_equal(o.len, 2 * SOURCE_BLOCK);
	check_octets(o, 5);
	assert_int_equal(source_read_at(s, len, 1, &o, NULL), SW_OK);
	assert_int_equal(o.len, 0);
	assert_int_equal(source_read_at(s, UINT64_MAX, 1, &o, NULL), SW_OK);
	assert_int_equal(o.len, 0);
}

static void test_random(void **state)
{
	uint8_t *p = make_octets(LEN);
	struct slice octets = slice_make(p, LEN), o;
	struct source_block *b;
	struct source *s;
	struct input in;

	(void)state;
	assert_int_equal(source_open_memory(octets, "m", &s, NULL), SW_OK);
	assert_int_equal(source_make_random(s, NULL), SW_OK);
	read_random(s, LEN);
	source_free(&s);
	open_file(&in, octets, NULL);
	assert_int_equal(source_make_random(in.source, NULL), SW_OK);
	read_random(in.source, LEN);
	close_input(&in);
	open_pipe(&in, octets, NULL);
	assert_int_equal(source_peek(in.source, 64, &o, NULL), SW_OK);
	assert_int_equal(source_make_random(in.source, NULL), SW_OK);
	read_random(in.source, LEN);
	assert_int_equal(source_read_at(in.source, 7, 100, &o, NULL), SW_OK);
	b = source_block_hold(in.source);
	close_input(&in);
	check_octets(o, 7);
	source_block_release(&b);
	free(p);
}

/* Where no copy can be made, the pipe is read in sequence as if nothing had
 * been tried. */
static void test_no_spool(void **state)
{
	uint8_t *p = make_octets(LEN);
	struct rlimit limit, small;
	struct input in;
	struct slice o;
	struct sw_err err;
	size_t most[] = { 0, 1, 5000, SOURCE_BLOCK + 4097 }, i;

	(void)state;
	open_pipe(&in, slice_make(p, LEN), "/no/such/folder");
	assert_int_equal(source_peek(in.source, 64, &o, NULL), SW_OK);
	assert_int_equal(source_make_random(in.source, &err), SW_EWRITE);
	read_all(in.source, LEN);
	close_input(&in);
	/* A disk that fills up: files may not grow beyond a limit. */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	for (i = 0; i < 4; i++) {
		open_pipe(&in, slice_make(p, LEN), NULL);
		assert_int_equal(source_peek(in.source, 64, &o, NULL),
		    SW_OK);
		small = limit;
		small.rlim_cur = most[i];
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		assert_int_equal(source_make_random(in.source, &err),
		    SW_EWRITE);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		read_all(in.source, LEN);
		close_input(&in);
	}
	free(p);
}

/* --- compressed ---------------------------------------------------------- */

static struct slice compress_gzip(struct slice octets)
{
	size_t room = compressBound(octets.len) + 100;
	uint8_t *out = malloc(room);
	z_stream z = { 0 };

	assert_non_null(out);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)octets.p;
	z.avail_in = (unsigned)octets.len;
	z.next_out = out;
	z.avail_out = (unsigned)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return slice_make(out, room - z.avail_out);
}

/* NULL: this libarchive cannot. */
static struct slice compress_archive(struct slice octets,
    int (*filter)(struct archive *))
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t room = octets.len * 2 + 100000, used = 0;
	uint8_t *out = malloc(room);

	assert_non_null(out);
	if (filter(a) != ARCHIVE_OK) {
		free(out);
		out = NULL;
	} else {
		assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
		archive_write_set_bytes_in_last_block(a, 1);
		assert_int_equal(archive_write_open_memory(a, out, room,
		    &used), ARCHIVE_OK);
		archive_entry_set_filetype(entry, AE_IFREG);
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, octets.p, octets.len),
		    octets.len);
		assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	}
	archive_entry_free(entry);
	archive_write_free(a);
	return slice_make(out, used);
}

static void check_compressed(struct slice packed, const char *name,
    size_t len)
{
	struct input in;
	uint64_t size;

	open_file(&in, packed, NULL);
	assert_string_equal(source_compression(in.source), name);
	assert_int_equal(source_size(in.source), 0);
	read_all(in.source, len);
	assert_int_equal(source_position(in.source, &size), packed.len);
	assert_int_equal(size, packed.len);
	close_input(&in);
	open_pipe(&in, packed, NULL);
	read_all(in.source, len);
	close_input(&in);
	if (len == LEN) {
		open_file(&in, packed, NULL);
		assert_int_equal(source_make_random(in.source, NULL), SW_OK);
		read_random(in.source, len);
		close_input(&in);
	}
}

static void test_compressed(void **state)
{
	static const struct {
		const char *name;
		int (*filter)(struct archive *);
	} methods[] = {
		{ "gzip", NULL },
		{ "xz", archive_write_add_filter_xz },
		{ "zstd", archive_write_add_filter_zstd },
		{ "bzip2", archive_write_add_filter_bzip2 },
		{ "lz4", archive_write_add_filter_lz4 },
	};
	static const size_t lens[] = { 0, 1, 1000, 700000, LEN };
	size_t i, k;

	(void)state;
	for (i = 0; i < 5; i++)
		/* libarchive's writer crashes with nothing to write. */
		for (k = methods[i].filter ? 1 : 0; k < 5; k++) {
			uint8_t *p = make_octets(lens[k]);
			struct slice octets = slice_make(p, lens[k]), packed;

			/* The others take long to pack much. */
			if (lens[k] == LEN && methods[i].filter) {
				free(p);
				break;
			}
			packed = methods[i].filter ?
			    compress_archive(octets, methods[i].filter) :
			    compress_gzip(octets);

			if (packed.p)
				check_compressed(packed, methods[i].name,
				    lens[k]);
			free((void *)(uintptr_t)packed.p);
			free(p);
		}
}

/* Those that are read as far as they go, however little that is. */
static const struct {
	const char *name;
	int (*filter)(struct archive *); /* NULL: zlib */
} streams[] = {
	{ "gzip", NULL },
	{ "xz", archive_write_add_filter_xz },
	{ "zstd", archive_write_add_filter_zstd },
	{ "bzip2", archive_write_add_filter_bzip2 },
};
enum { STREAMS = 4 };

static struct slice compress_stream(size_t i, struct slice octets)
{
	return streams[i].filter ?
	    compress_archive(octets, streams[i].filter) :
	    compress_gzip(octets);
}

/* At most `most` octets are handed out, then the error, once; how many. */
static size_t read_damaged(struct slice packed, size_t most, const char *error)
{
	struct input in;
	struct sw_err err;
	struct slice o;
	size_t len;

	open_file(&in, packed, NULL);
	assert_int_equal(source_peek(in.source, 1, &o, &err), SW_OK);
	assert_int_equal(source_peek(in.source, most + 1, &o, &err), SW_OK);
	check_octets(o, 0);
	len = o.len;
	assert_true(len <= most);
	assert_int_equal(source_skip(in.source, o.len, NULL), SW_OK);
	assert_int_equal(source_peek(in.source, 1, &o, &err), SW_EREAD);
	assert_non_null(strstr(err.text, error));
	assert_int_equal(source_peek(in.source, 1, &o, &err), SW_OK);
	assert_int_equal(o.len, 0);
	close_input(&in);
	return len;
}

/* What a cut file holds is handed out; of gzip and xz each octet. */
static void test_cut(void **state)
{
	uint8_t *p = make_octets(5000);
	size_t i, cut, len, least;
	char error[100];

	(void)state;
	for (i = 0; i < 2; i++) {
		struct slice packed = compress_stream(i,
		    slice_make(p, 5000));

		(void)snprintf(error, sizeof(error), ": damaged %s data: it "
		    "is cut", streams[i].name);
		least = 5000;
		for (cut = packed.len - 1; cut > packed.len / 10; cut -= 7) {
			len = read_damaged(slice_head(packed, cut), 5000,
			    error);
			assert_true(cut < packed.len - 1 || len == 5000);
			assert_true(len + 200 > cut * 9 / 10 &&
			    len <= least);
			least = len;
		}
		assert_true(least < 1000);
		free((void *)(uintptr_t)packed.p);
	}
	free(p);
}

/* Of zstd all blocks that are whole (RFC 8878 3.1.1.2), of 128 KiB here. */
static void test_zstd_cut(void **state)
{
	enum { BLOCK = 1 << 17, ALL = 5 * BLOCK + 1000 };
	uint8_t *p = make_octets(ALL);
	struct slice packed = compress_archive(slice_make(p, ALL),
	    archive_write_add_filter_zstd);
	size_t cut;

	(void)state;
	for (cut = packed.len - 1; cut > 2 * BLOCK; cut -= BLOCK / 2)
		assert_true(read_damaged(slice_head(packed, cut), ALL,
		    ": damaged zstd data: it is cut") + BLOCK > cut);
	assert_int_equal(read_damaged(slice_head(packed, packed.len - 1), ALL,
	    ": damaged zstd data: it is cut"), 5 * BLOCK);
	free((void *)(uintptr_t)packed.p);
	free(p);
}

/* Of bzip2 as well; where nothing but its last octets are missing, all. */
static void test_bzip2_cut(void **state)
{
	uint8_t *p = make_octets(5000);
	struct slice packed = compress_archive(slice_make(p, 5000),
	    archive_write_add_filter_bzip2);

	(void)state;
	assert_int_equal(read_damaged(slice_head(packed, packed.len - 1),
	    5000, ": damaged bzip2 data: it is cut"), 5000);
	free((void *)(uintptr_t)packed.p);
	free(p);
}

/* A frame of zstd with a window of 2 MiB, and blocks that are octets as they
 * are, 1000 each (RFC 8878 3.1.1); its end is yet to come. */
static struct buffer raw_zstd(const uint8_t *p, size_t len)
{
	struct buffer b;
	size_t i;

	buffer_init(&b, SIZE_MAX / 2);
	buffer_append(&b, "\x28\xb5\x2f\xfd\0\x58", 6);
	for (i = 0; i < len; i += 1000) {
		buffer_append(&b, "\x40\x1f\0", 3);
		assert_true(buffer_append(&b, p + i, 1000));
	}
	return b;
}

/* Nor does a block that cannot be take with it those before. */
static void test_zstd_damaged(void **state)
{
	uint8_t *p = make_octets(3000);
	struct buffer b = raw_zstd(p, 3000);

	(void)state;
	/* the header of a block of the reserved kind */
	assert_true(buffer_append(&b, "\x06\0\0", 3));
	assert_int_equal(read_damaged(buffer_slice(&b), 3000,
	    ": damaged zstd data: "), 3000);
	buffer_fini(&b);
	free(p);
}

/* Several members are one; padding behind each is ignored. */
static void test_members(void **state)
{
	enum { PADDING = 512 };
	uint8_t *p = make_octets(3000);
	struct slice a, b;
	struct input in;
	size_t i;

	(void)state;
	for (i = 0; i < STREAMS; i++) {
		uint8_t *all;

		a = compress_stream(i, slice_make(p, 1000));
		b = compress_stream(i, slice_make(p + 1000, 2000));
		all = calloc(1, a.len + b.len + 2 * PADDING);
		assert_non_null(all);
		memcpy(all, a.p, a.len);
		memcpy(all + a.len + PADDING, b.p, b.len);
		open_file(&in, slice_make(all, a.len + b.len + 2 * PADDING),
		    NULL);
		read_all(in.source, 3000);
		close_input(&in);
		free(all);
		free((void *)(uintptr_t)a.p);
		free((void *)(uintptr_t)b.p);
	}
	free(p);
}

/* zstd's frames that are to be skipped, as pzstd writes them (RFC 8878
 * 3.1.2). */
static void test_zstd_skipped(void **state)
{
	static const char first[] = "\x50\x2a\x4d\x18\x04\0\0\0\1\2\0\0";
	static const char skipped[] = "\x5a\x2a\x4d\x18\x04\0\0\0abcd";
	uint8_t *p = make_octets(3000);
	struct slice a = compress_stream(2, slice_make(p, 1000));
	struct slice b = compress_stream(2, slice_make(p + 1000, 2000));
	struct buffer all;
	struct input in;

	(void)state;
	buffer_init(&all, SIZE_MAX / 2);
	buffer_append(&all, first, sizeof(first) - 1);
	buffer_append_slice(&all, a);
	buffer_append(&all, skipped, sizeof(skipped) - 1);
	assert_true(buffer_append_slice(&all, b));
	open_file(&in, buffer_slice(&all), NULL);
	read_all(in.source, 3000);
	close_input(&in);
	buffer_fini(&all);
	free((void *)(uintptr_t)a.p);
	free((void *)(uintptr_t)b.p);
	free(p);
}

/* What an xz file asks for and is not given: octet `at` of its first block's
 * header is another (the .xz File Format 3.1), with the check that fits. */
static void check_xz_header(size_t at, uint8_t value, const char *error)
{
	enum { BLOCK_AT = 12 }; /* behind the stream's header */
	uint8_t *p = make_octets(100);
	struct slice packed = compress_archive(slice_make(p, 100),
	    archive_write_add_filter_xz);
	uint8_t *header = (uint8_t *)(uintptr_t)packed.p + BLOCK_AT;
	size_t len = (header[0] + 1u) * 4, i;
	uint32_t check;
	struct input in;
	struct sw_err err;
	struct slice o;

	header[at] = value;
	check = (uint32_t)crc32(0, header, (unsigned)len - 4);
	for (i = 0; i < 4; i++)
		header[len - 4 + i] = (uint8_t)(check >> 8 * i);
	open_file(&in, packed, NULL);
	assert_int_equal(source_peek(in.source, 1, &o, &err), SW_EREAD);
	assert_non_null(strstr(err.text, error));
	close_input(&in);
	free(header - BLOCK_AT);
	free(p);
}

static void test_xz_refused(void **state)
{
	(void)state;
	check_xz_header(4, 40, ": damaged xz data: it asks for more than 1 GiB "
	    "of memory"); /* a dictionary of 4 GiB */
	check_xz_header(2, 0x22, ": damaged xz data: its options are unknown");
}

/* All that can be decoded comes before more is read, which may mean to wait:
 * the data's end is yet to come. */
struct slow {
	struct slice rest;
	bool asked; /* for more than there is */
};

static enum sw_status read_slow(void *ctx, uint8_t *buf, size_t len,
    size_t *got_r, struct sw_err *err)
{
	struct slow *s = ctx;

	(void)err;
	s->asked = s->rest.len == 0;
	*got_r = len < s->rest.len ? len : s->rest.len;
	memcpy(buf, s->rest.p, *got_r);
	s->rest = slice_from(s->rest, *got_r);
	return SW_OK;
}

static void check_no_wait(const char *name, struct slice packed, size_t len,
    size_t room)
{
	struct slow slow = { packed, false };
	uint8_t *buf = malloc(room);
	struct decompress *d;
	size_t got, all = 0;

	assert_non_null(buf);
	assert_int_equal(decompress_new(name, "slow", read_slow, &slow, &d,
	    NULL), SW_OK);
	for (; all < len; all += got) {
		assert_int_equal(decompress_read(d, buf, room, &got, NULL),
		    SW_OK);
		assert_false(slow.asked);
		check_octets(slice_make(buf, got), all);
	}
	decompress_free(&d);
	free(buf);
}

static void test_no_wait_compressed(void **state)
{
	enum { ALL = 200000 };
	static const size_t rooms[] = { 1, 999, SOURCE_BLOCK };
	/* checks, an index, the mark of the end */
	static const size_t ends[STREAMS] = { 8, 12, 0, 10 };
	uint8_t *p = make_octets(ALL);
	size_t i, k;

	(void)state;
	for (i = 0; i < STREAMS; i++) {
		struct buffer raw = raw_zstd(p, ALL);
		struct slice packed = compress_stream(i, slice_make(p, ALL));

		for (k = 0; k < 3; k++)
			check_no_wait(streams[i].name, ends[i] > 0 ?
			    slice_head(packed, packed.len - ends[i]) :
			    buffer_slice(&raw), ALL, rooms[k]);
		buffer_fini(&raw);
		free((void *)(uintptr_t)packed.p);
	}
	free(p);
}

/* A file of these octets, and len others, is read; then behind is met. */
static void check_behind(struct slice packed, size_t len, struct slice behind,
    bool told)
{
	struct buffer all;
	struct input in;
	struct sw_err err;
	struct slice o;

	buffer_init(&all, SIZE_MAX / 2);
	buffer_append_slice(&all, packed);
	assert_true(buffer_append_slice(&all, behind));
	open_file(&in, buffer_slice(&all), NULL);
	assert_int_equal(source_peek(in.source, len + 1, &o, &err), SW_OK);
	assert_int_equal(o.len, len);
	check_octets(o, 0);
	assert_int_equal(source_skip(in.source, len, NULL), SW_OK);
	if (told) {
		assert_int_equal(source_peek(in.source, 1, &o, &err),
		    SW_EREAD);
		assert_non_null(strstr(err.text, ": what stands behind the "
		    "end of the "));
	}
	assert_int_equal(source_peek(in.source, 1, &o, &err), SW_OK);
	assert_int_equal(o.len, 0);
	close_input(&in);
	buffer_fini(&all);
}

/* What is no further member is told, unless it is zeros. */
static void test_behind_compressed(void **state)
{
	static int (*const filters[])(struct archive *) = { NULL,
		archive_write_add_filter_xz, archive_write_add_filter_zstd,
		archive_write_add_filter_bzip2, archive_write_add_filter_lz4 };
	static const size_t lens[] = { 1, 512, 100000 };
	uint8_t *octets = make_octets(5000), *behind = malloc(100000);
	size_t i, k;

	(void)state;
	assert_non_null(behind);
	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct slice whole = slice_make(octets, 5000);
		struct slice packed = filters[i] ?
		    compress_archive(whole, filters[i]) :
		    compress_gzip(whole);

		for (k = 0; packed.p && k < 3; k++) {
			memset(behind, 'x', lens[k]);
			check_behind(packed, 5000, slice_make(behind,
			    lens[k]), true);
			memset(behind, 0, lens[k]);
			check_behind(packed, 5000, slice_make(behind,
			    lens[k]), false);
			behind[lens[k] - 1] = 1;
			check_behind(packed, 5000, slice_make(behind,
			    lens[k]), true);
		}
		free((void *)(uintptr_t)packed.p);
	}
	free(behind);
	free(octets);
}

/* libarchive takes a member without octets for the end. */
static void test_lz4_empty_member(void **state)
{
	static const char empty[] = "\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0"
	    "\x05\x5d\xcc\x02";
	uint8_t *octets = make_octets(3000);
	struct slice a = compress_archive(slice_make(octets, 1000),
	    archive_write_add_filter_lz4);
	struct slice b = compress_archive(slice_make(octets + 1000, 2000),
	    archive_write_add_filter_lz4);
	struct buffer behind;

	(void)state;
	buffer_init(&behind, SIZE_MAX / 2);
	buffer_append(&behind, empty, sizeof(empty) - 1);
	assert_true(buffer_append_slice(&behind, b));
	check_behind(a, 1000, buffer_slice(&behind), true);
	buffer_fini(&behind);
	free((void *)(uintptr_t)a.p);
	free((void *)(uintptr_t)b.p);
	free(octets);
}

static void test_damaged_compressed(void **state)
{
	/* As it begins, and nothing that could follow. */
	static const struct {
		const char *octets;
		size_t len;
	} cases[] = {
		{ "\x1f\x8b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12 },
		{ "\xfd" "7zXZ\0\xff\xff\xff\xff\xff\xff", 12 },
		{ "\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff", 11 },
		{ "BZh91AY&SY\xff\xff\xff\xff\xff", 15 },
		{ "\x04\x22\x4d\x18\x64\x40\xa7\xff\xff\xff\xff\xff", 12 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct input in;
		struct sw_err err;
		struct slice o;

		open_file(&in, slice_make(cases[i].octets, cases[i].len),
		    NULL);
		assert_non_null(source_compression(in.source));
		assert_int_equal(source_peek(in.source, 1, &o, &err),
		    SW_EREAD);
		assert_int_equal(source_peek(in.source, 1, &o, &err), SW_OK);
		assert_int_equal(o.len, 0);
		close_input(&in);
	}
}

/* A line of a log that begins like compressed data is none. */
static void test_not_compressed(void **state)
{
	static const char *const texts[] = { "BZh9 is a host\n", "BZ", "(x",
		"\x1f\x8b", "B" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct input in;
		struct slice o;

		open_file(&in, slice_str(texts[i]), NULL);
		assert_null(source_compression(in.source));
		assert_int_equal(source_peek(in.source, 100, &o, NULL),
		    SW_OK);
		assert_true(slice_eq(o, slice_str(texts[i])));
		close_input(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_no_wait),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_cannot_open),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_shrinks),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_no_spool),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_zstd_cut),
		cmocka_unit_test(test_bzip2_cut),
		cmocka_unit_test(test_zstd_damaged),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_zstd_skipped),
		cmocka_unit_test(test_xz_refused),
		cmocka_unit_test(test_no_wait_compressed),
		cmocka_unit_test(test_behind_compressed),
		cmocka_unit_test(test_lz4_empty_member),
		cmocka_unit_test(test_damaged_compressed),
		cmocka_unit_test(test_not_compressed),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
