/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preload.c - system calls that fail, for LD_PRELOAD
 *
 * FAULT is CALL:K:WHAT[:PATH].  CALL: read (and pread), write (and pwrite),
 * fsync, rename (and its kin).  From the Kth such call on, on a file whose
 * path ends in PATH if that is given, WHAT happens: an error (EIO, ENOSPC,
 * EPIPE), EINTR at every other call, `short`: one octet at a time, `cut`: the
 * file ends there; `once-` before it: only at the Kth.
 * FAULT_COUNT names a file to which the number of such calls is written at
 * the end.  What stdio writes does not come here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t read(int fd, void *p, size_t n);
ssize_t pread(int fd, void *p, size_t n, off_t off);
ssize_t pread64(int fd, void *p, size_t n, off_t off);
ssize_t write(int fd, const void *p, size_t n);

static struct {
	bool parsed, once;
	char call[16];
	long from;
	const char *what, *path;
} fault;
static long calls;
static int count_fd = -1;

static void parse(void)
{
	const char *s = getenv("FAULT");
	size_t n;
	char *end;

	fault.parsed = true;
	if (!s || (n = strcspn(s, ":")) >= sizeof(fault.call) || s[n] != ':')
		return;
	memcpy(fault.call, s, n);
	fault.from = strtol(s + n + 1, &end, 10);
	fault.what = *end == ':' ? end + 1 : "";
	fault.once = strncmp(fault.what, "once-", 5) == 0;
	fault.what += fault.once ? 5 : 0;
	fault.path = strchr(fault.what, ':');
}

static bool is_path(int fd)
{
	char link[64], path[4096];
	size_t want;
	ssize_t n;

	if (!fault.path)
		return true;
	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	want = strlen(fault.path + 1);
	return n >= (ssize_t)want &&
	    memcmp(path + n - want, fault.path + 1, want) == 0;
}

/* Of what happens, what is no errno. */
enum { ONE_OCTET = -1, AT_END = -2 };

/* 0: go on; an errno; or one of these. */
static int happens(const char *call, int fd)
{
	int saved = errno, got = 0;

	if (!fault.parsed)
		parse();
	if (fault.from > 0 && strcmp(call, fault.call) == 0 && is_path(fd)) {
		calls++;
		if (calls == fault.from ||
		    (calls > fault.from && !fault.once))
			got = strncmp(fault.what, "EIO", 3) == 0 ? EIO :
			    strncmp(fault.what, "ENOSPC", 6) == 0 ? ENOSPC :
			    strncmp(fault.what, "EPIPE", 5) == 0 ? EPIPE :
			    strncmp(fault.what, "cut", 3) == 0 ? AT_END :
			    strncmp(fault.what, "EINTR", 5) == 0 ?
			    (calls - fault.from) % 2 ? 0 : EINTR :
			    strncmp(fault.what, "short", 5) == 0 ?
			    ONE_OCTET : 0;
	}
	errno = got > 0 ? got : saved;
	return got;
}

ssize_t read(int fd, void *p, size_t n)
{
	int what = happens("read", fd);

	if (what > 0 || what == AT_END)
		return what > 0 ? -1 : 0;
	return syscall(SYS_read, fd, p, what < 0 && n > 1 ? 1 : n);
}

ssize_t pread(int fd, void *p, size_t n, off_t off)
{
	int what = happens("read", fd);

	if (what > 0 || what == AT_END)
		return what > 0 ? -1 : 0;
	return syscall(SYS_pread64, fd, p, what < 0 && n > 1 ? 1 : n, off);
}

ssize_t pread64(int fd, void *p, size_t n, off_t off)
{
	return pread(fd, p, n, off);
}

ssize_t write(int fd, const void *p, size_t n)
{
	int what = happens("write", fd);

	if (what > 0)
		return -1;
	return syscall(SYS_write, fd, p, what < 0 && n > 1 ? 1 : n);
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
	int what = happens("write", fd);
	struct iovec one;

	if (what > 0)
		return -1;
	if (what == 0 || count == 0)
		return syscall(SYS_writev, fd, v, count);
	one = v[0];
	one.iov_len = one.iov_len > 1 ? 1 : one.iov_len;
	return syscall(SYS_writev, fd, &one, 1);
}

int fsync(int fd)
{
	return happens("fsync", fd) > 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
	return happens("rename", -1) > 0 ? -1 :
	    (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return happens("rename", -1) > 0 ? -1 :
	    (int)syscall(SYS_renameat, from_fd, from, to_fd, to);
}

/* While files may still be opened. */
__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("FAULT_COUNT");
	int fd = name ? open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

	if (fd < 0)
		return;
	count_fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	close(fd);
}

__attribute__((destructor)) static void tell(void)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", calls);

	if (count_fd >= 0 &&
	    syscall(SYS_write, count_fd, text, (size_t)n) != n)
		_exit(99);
}
