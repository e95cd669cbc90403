/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * escape.c - tries what a confined process may not, for LD_PRELOAD
 *
 * At the first write that does not go to standard error, which is what was
 * read, and tells the errors there, in this order: /etc/passwd read, a file
 * made in /etc, sockets of IP and of this host, tracing, another program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t write(int fd, const void *p, size_t n);

static bool tried;

/* 0 or errno. */
static int failed(int got)
{
	int error = got < 0 ? errno : 0;

	if (got > 2)
		close(got);
	return error;
}

static void try_all(void)
{
	char *argv[] = { NULL };
	char text[128];
	int n = snprintf(text, sizeof(text), "escape: %d %d %d %d %d %d\n",
	    failed(open("/etc/passwd", O_RDONLY)),
	    failed(open("/etc/smtpwire-escape", O_WRONLY | O_CREAT, 0600)),
	    failed(socket(AF_INET, SOCK_STREAM, 0)),
	    failed(socket(AF_UNIX, SOCK_STREAM, 0)),
	    failed((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL)),
	    failed(execve("/bin/true", argv, argv)));

	if (syscall(SYS_write, 2, text, (size_t)n) != n)
		_exit(99);
}

ssize_t write(int fd, const void *p, size_t n)
{
	int saved = errno;

	if (fd != 2 && !tried) {
		tried = true;
		try_all();
	}
	errno = saved;
	return syscall(SYS_write, fd, p, n);
}
