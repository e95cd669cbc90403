/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_confine.c - what a confined process can still do */
#define _GNU_SOURCE /* sendmmsg */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/confine.h"

/* A folder with an input, an output folder, and something else. */
struct places {
	char root[64], input[96], out[96], other[96];
};

static void write_file(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fputs("text\n", f) >= 0, 1);
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
	struct places *p = calloc(1, sizeof(*p));

	snprintf(p->root, sizeof(p->root), "/tmp/t_confine.XXXXXX");
	if (mkdtemp(p->root) == NULL)
		return -1;
	snprintf(p->input, sizeof(p->input), "%s/input", p->root);
	snprintf(p->out, sizeof(p->out), "%s/out", p->root);
	snprintf(p->other, sizeof(p->other), "%s/other", p->root);
	write_file(p->input);
	write_file(p->other);
	*state = p;
	return mkdir(p->out, 0700);
}

static int tear_down(void **state)
{
	struct places *p = *state;
	char path[128];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%d", p->out, i);
		(void)unlink(path);
	}
	(void)rmdir(p->out);
	(void)unlink(p->input);
	(void)unlink(p->other);
	(void)rmdir(p->root);
	free(p);
	return 0;
}

/* 0 or errno. */
static int try_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_in_folder(const char *folder)
{
	char one[128], two[128];
	int error;

	snprintf(one, sizeof(one), "%s/0", folder);
	snprintf(two, sizeof(two), "%s/1", folder);
	error = try_open(one, O_WRONLY | O_CREAT | O_TRUNC);
	if (error == 0 && rename(one, two) != 0)
		error = errno;
	if (error == 0)
		error = try_open(two, O_RDWR);
	if (error == 0 && unlink(two) != 0)
		error = errno;
	return error;
}

static void *nothing(void *arg)
{
	return arg;
}

static int try_thread(void)
{
	pthread_t t;
	int error = pthread_create(&t, NULL, nothing, NULL);

	return error != 0 ? error : pthread_join(t, NULL);
}

static int try_exec(void)
{
	char *const argv[] = {(char[]){"true"}, NULL};
	char *const none[] = {NULL};

	execve("/bin/true", argv, none);
	return errno;
}

static int try_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Through a descriptor that is no socket: ENOTSOCK where it is not refused. */
static int try_send(int way)
{
	struct mmsghdr m;
	long sent = -1;

	memset(&m, 0, sizeof(m));
	if (way == 0)
		sent = sendto(2, "", 0, 0, NULL, 0);
	else if (way == 1)
		sent = sendmsg(2, &m.msg_hdr, 0);
	else
		sent = sendmmsg(2, &m, 1, 0);
	return sent < 0 ? errno : 0;
}

static int try_trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

/* In a process of its own: the number of the first expectation that fails,
 * from 1; 0: all hold. */
#define EXPECT(condition) do { \
	n++; \
	if (!(condition)) \
		_exit(n); \
} while (0)

static void check_files(const struct places *p, int landlock)
{
	int refused = landlock ? EACCES : 0;
	int n = 0;

	EXPECT(try_open(p->input, O_RDONLY) == 0);
	EXPECT(try_open(p->input, O_WRONLY) == refused);
	EXPECT(try_in_folder(p->out) == 0);
	EXPECT(try_in_folder(p->root) == refused);
	EXPECT(try_open(p->other, O_RDONLY) == refused);
	EXPECT(try_open("/etc/passwd", O_RDONLY) == refused);
	EXPECT(try_open("/", O_RDONLY | O_DIRECTORY) == refused);
	EXPECT(try_open("/dev/null", O_RDONLY) == 0);
	_exit(0);
}

static void check_calls(void)
{
	int n = 0;

	EXPECT(try_thread() == 0);
	EXPECT(try_socket(AF_INET) == EPERM);
	EXPECT(try_socket(AF_UNIX) == EPERM);
	for (int way = 0; way < 3; way++)
		EXPECT(try_send(way) == EPERM);
	EXPECT(try_trace() == EPERM);
	EXPECT(try_exec() == EPERM);
	_exit(0);
}

static int status_of(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_files(void **state)
{
	const struct places *p = *state;
	struct confinement c;
	char account[160];
	pid_t pid = fork();

	if (pid == 0) {
		int landlock;

		snprintf(account, sizeof(account), "%s/2", p->out);
		confine_init(&c);
		landlock = c.rules >= 0;
		confine_add_input(&c, p->input);
		confine_add_input(&c, "/no/such/file");
		confine_add_output(&c, account);
		confine_add_output(&c, NULL);
		confine_add_output(&c, "-");
		confine_add_folder(&c, NULL);
		confine_enter(&c);
		check_files(p, landlock);
	}
	assert_int_equal(status_of(pid), 0);
}

static void test_calls(void **state)
{
	struct confinement c;
	pid_t pid;

	(void)state;
#ifdef SW_UNCONFINED
	skip();
#endif
	pid = fork();
	if (pid == 0) {
		confine_init(&c);
		confine_enter(&c);
		check_calls();
	}
	assert_int_equal(status_of(pid), 0);
}

/* As where the kernel has no Landlock; an output is named or not, and an
 * input. */
static int run_without(const struct places *p, const char *output,
    bool reads)
{
	struct confinement c;
	int n = 0, refused = output == NULL ? EPERM : 0;
	int closed = output == NULL && !reads ? EPERM : 0;
	pid_t pid = fork();

	if (pid != 0)
		return status_of(pid);
	confine_init(&c);
	confine_add_output(&c, output);
	if (reads)
		confine_add_input(&c, p->input);
	if (c.rules >= 0)
		close(c.rules);
	c.rules = -1;
	EXPECT(confine_is_closed(&c) == (closed != 0));
	confine_enter(&c);
	EXPECT(try_open(p->input, O_RDONLY) == closed);
	EXPECT(try_open("/etc/passwd", O_RDONLY) == closed);
	EXPECT(try_open("/", O_RDONLY | O_DIRECTORY) == closed);
	EXPECT(try_open(p->input, O_WRONLY) == refused);
	EXPECT(try_open(p->input, O_RDWR) == refused);
	EXPECT(try_open(p->other, O_RDONLY | O_TRUNC) == refused);
	EXPECT(try_in_folder(p->out) == refused);
	EXPECT((rename(p->input, p->other) == 0 ? 0 : errno) == refused);
	EXPECT((unlink(p->other) == 0 ? 0 : errno) == refused);
	EXPECT(try_socket(AF_INET) == EPERM);
	EXPECT(try_thread() == 0);
	_exit(0);
}

static void test_without(void **state)
{
	const struct places *p = *state;
	char account[160];

#ifdef SW_UNCONFINED
	skip();
#endif
	snprintf(account, sizeof(account), "%s/2", p->out);
	assert_int_equal(run_without(p, NULL, false), 0);
	assert_int_equal(run_without(p, NULL, true), 0);
	assert_int_equal(run_without(p, account, false), 0);
}

/* A folder that is missing is made. */
static void test_folder(void **state)
{
	const struct places *p = *state;
	struct confinement c;
	char folder[128];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s/new", p->root);
	confine_init(&c);
	confine_add_folder(&c, folder);
	confine_add_folder(&c, folder);
	if (c.rules >= 0)
		close(c.rules);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, set_up,
		    tear_down),
		cmocka_unit_test(test_calls),
		cmocka_unit_test_setup_teardown(test_without, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_folder, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
