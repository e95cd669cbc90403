/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine.c - a process that can do no more than its work
 *
 * Theory of operation.  Landlock (landlock(7)) lets only those files be opened
 * that were named before; descriptors that are open are not touched.  A filter
 * of system calls (seccomp(2)) refuses with EPERM what the work never takes:
 * programs, sockets, other processes, and parts of the kernel in which faults
 * are found every year.  It names what is refused, not what is allowed: which
 * calls the C library makes changes from release to release.
 *
 * Both are asked of the kernel directly.  Landlock has no library, and the
 * filter is one comparison a call.
 *
 * A build with SW_UNCONFINED leaves this out: sanitizers trace their own
 * process, and coverage is written beside the objects.
 */
#define _GNU_SOURCE /* O_PATH, syscall */

#include "cli/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SW_UNCONFINED
enum { CONFINES = 0 };
#else
enum { CONFINES = 1 };
#endif

/* --- files ---------------------------------------------------------------- */

/* The kernel's numbers, as older headers lack some (linux/landlock.h). */
enum {
	CREATE_RULESET = 444,
	ADD_RULE = 445,
	RESTRICT_SELF = 446,
	RULE_PATH_BENEATH = 1,
	ASK_VERSION = 1
};

#define RIGHT(n) (UINT64_C(1) << (n))
#define WRITE_FILE RIGHT(1)
#define READ_FILE RIGHT(2)
#define READ_DIR RIGHT(3)
#define REMOVE_FILE RIGHT(5)
#define MAKE_REG RIGHT(8)
#define TRUNCATE RIGHT(14) /* since version 3 */

#define INPUT_RIGHTS (READ_FILE | READ_DIR)
#define OUTPUT_RIGHTS (INPUT_RIGHTS | WRITE_FILE | REMOVE_FILE | MAKE_REG | \
	TRUNCATE)
/* What makes sense for a file that is no folder. */
#define FILE_RIGHTS (READ_FILE | WRITE_FILE | TRUNCATE)

struct ruleset {
	uint64_t fs;
	uint64_t net;    /* since version 4 */
	uint64_t scoped; /* since version 6 */
};

struct path_rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed)); /* as the kernel has it */

/* Rights about files that each version knows. */
static uint64_t rights_of(long version)
{
	unsigned count = version >= 5 ? 16 : version >= 3 ? 15 :
	    version == 2 ? 14 : 13;

	return RIGHT(count) - 1;
}

static int make_rules(uint64_t *rights_r)
{
	struct ruleset r = { 0 };
	long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);

	if (version < 1)
		return -1;
	*rights_r = r.fs = rights_of(version);
	if (version >= 4)
		r.net = 3; /* bind and connect */
	if (version >= 6)
		r.scoped = 3; /* abstract sockets, signals */
	return (int)syscall(CREATE_RULESET, &r, version >= 6 ? 24 :
	    version >= 4 ? 16 : 8, 0);
}

/* A path that is not there, or is no file but a pipe, needs no rule. */
static void add_rule(struct confinement *c, const char *path,
    uint64_t rights)
{
	struct path_rule rule = { rights & c->rights, -1 };
	struct stat st;

	if (c->rules < 0)
		return;
	rule.fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.fd < 0)
		return;
	if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.rights &= FILE_RIGHTS;
	(void)syscall(ADD_RULE, c->rules, RULE_PATH_BENEATH, &rule, 0);
	close(rule.fd);
}

/* Folders between colons. */
static void add_folders(struct confinement *c, const char *list)
{
	char *copy = list != NULL ? strdup(list) : NULL;

	for (char *p = copy, *end; p != NULL; p = end) {
		end = strchr(p, ':');
		if (end != NULL)
			*end++ = '\0';
		if (*p != '\0')
			add_rule(c, p, INPUT_RIGHTS);
	}
	free(copy);
}

void confine_init(struct confinement *c)
{
	/* Shared objects, converters of character sets, what OpenSSL reads
	 * when it is first called. */
	static const char *const paths[] = {"/usr", "/lib", "/lib32",
		"/lib64", "/opt", "/gnu", "/nix", "/etc/ld.so.cache",
		"/etc/ssl", "/etc/pki/tls", "/dev/null", "/dev/urandom"};

	c->rights = 0;
	c->writes = c->reads = false;
	c->rules = -1;
	if (CONFINES)
		c->rules = make_rules(&c->rights);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		add_rule(c, paths[i], INPUT_RIGHTS);
	add_folders(c, getenv("LD_LIBRARY_PATH"));
}

void confine_add_libraries(struct confinement *c)
{
	c->reads = true;
}

bool confine_is_closed(const struct confinement *c)
{
	return CONFINES && c->rules < 0 && !c->reads && !c->writes;
}

void confine_add_input(struct confinement *c, const char *path)
{
	c->reads = true;
	add_rule(c, path, INPUT_RIGHTS);
}

void confine_add_folder(struct confinement *c, const char *path)
{
	if (path == NULL)
		return;
	c->writes = true;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return; /* it is told when it is needed */
	add_rule(c, path, OUTPUT_RIGHTS);
}

/* The folder in which path stands. */
static void add_folder_of(struct confinement *c, const char *path,
    uint64_t rights)
{
	char *copy = strdup(path), *slash;

	if (copy == NULL)
		return;
	slash = strrchr(copy, '/');
	if (slash != NULL)
		slash[slash == copy] = '\0';
	add_rule(c, slash != NULL ? copy : ".", rights);
	free(copy);
}

void confine_add_output(struct confinement *c, const char *path)
{
	char *real;

	if (path == NULL || strcmp(path, "-") == 0)
		return;
	c->writes = true;
	/* What a link points to is replaced where it stands. */
	real = realpath(path, NULL);
	if (real == NULL)
		real = strdup(path);
	if (real == NULL)
		return;
	if (strncmp(real, "/dev/", 5) == 0)
		add_rule(c, real, OUTPUT_RIGHTS);
	else
		add_folder_of(c, real, OUTPUT_RIGHTS);
	free(real);
}

void confine_add_growing(struct confinement *c, const char *path)
{
	char *real = realpath(path, NULL);

	c->reads = true;
	add_folder_of(c, path, INPUT_RIGHTS);
	if (real != NULL)
		add_folder_of(c, real, INPUT_RIGHTS);
	free(real);
}

/* --- system calls --------------------------------------------------------- */

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#endif

#ifdef ARCH
/* Numbers that this header lacks are the same everywhere since 5.1. */
static const unsigned refused[] = {
	SYS_execve, SYS_execveat,
	SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen,
	SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
	SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
	SYS_init_module, SYS_finit_module, SYS_delete_module,
	SYS_kexec_load, SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare,
	SYS_setns, SYS_open_by_handle_at,
	425, 426, 427, /* io_uring, which calls past this filter */
	428, 429, 430, 431, 432, 433, 442, /* the new ways to mount */
	438, /* pidfd_getfd */
};
/* Where the kernel has no Landlock, and nothing is to be written but to what
 * is open. */
static const unsigned writing[] = {
	SYS_renameat2, SYS_unlinkat, SYS_mkdirat, SYS_mknodat, SYS_linkat,
	SYS_symlinkat, SYS_truncate, SYS_ftruncate, SYS_fchmodat,
	SYS_fchownat,
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_creat
	SYS_creat, SYS_rename, SYS_unlink, SYS_rmdir, SYS_mkdir, SYS_mknod,
	SYS_link, SYS_symlink, SYS_chmod, SYS_chown, SYS_lchown,
#endif
	437, /* openat2, whose flags cannot be seen */
	452, /* fchmodat2 */
};
/* The same where nothing is to be read either, nor a library loaded. */
static const unsigned reading[] = {
#ifdef SYS_open
	SYS_open,
#endif
	SYS_openat,
};
enum {
	REFUSED = sizeof(refused) / sizeof(refused[0]),
	WRITING = sizeof(writing) / sizeof(writing[0]),
	READING = sizeof(reading) / sizeof(reading[0]),
	CODE_MAX = REFUSED + WRITING + READING + 16,
	WRITE_FLAGS = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC
};
_Static_assert(CODE_MAX < 255, "a jump is at most that far");
/* Stands for the way to what refuses. */
#define DENY 255

static struct sock_filter statement(unsigned code, unsigned k)
{
	struct sock_filter f = {(unsigned short)code, 0, 0, k};

	return f;
}

static struct sock_filter jump(unsigned code, unsigned k, size_t yes,
    size_t no)
{
	struct sock_filter f = {(unsigned short)(BPF_JMP | BPF_K | code),
		(unsigned char)yes, (unsigned char)no, k};

	return f;
}

static size_t refuse(struct sock_filter *code, size_t n,
    const unsigned *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		code[n++] = jump(BPF_JEQ, calls[i], DENY, 0);
	return n;
}

/* A call that opens, whose argument of that number holds the flags. */
static size_t refuse_to_write(struct sock_filter *code, size_t n,
    unsigned call, size_t argument)
{
	size_t low = offsetof(struct seccomp_data, args) + 8 * argument;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	low += 4;
#endif
	code[n++] = jump(BPF_JEQ, call, 0, 3);
	code[n++] = statement(BPF_LD | BPF_W | BPF_ABS, (unsigned)low);
	code[n++] = jump(BPF_JSET, WRITE_FLAGS, DENY, 0);
	code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return n;
}

/* Calls of another architecture would be other calls: they are refused. */
static void filter_calls(bool may_write, bool may_read)
{
	struct sock_filter code[CODE_MAX];
	struct sock_fprog program = {0, code};
	size_t n = 0;

	code[n++] = statement(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, arch));
	code[n++] = jump(BPF_JEQ, ARCH, 0, DENY);
	code[n++] = statement(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	/* x32 has numbers of its own on x86-64. */
	code[n++] = jump(BPF_JGE, 0x40000000, DENY, 0);
	n = refuse(code, n, refused, REFUSED);
	if (!may_write) {
		n = refuse(code, n, writing, WRITING);
		if (!may_read)
			n = refuse(code, n, reading, READING);
#ifdef SYS_open
		n = refuse_to_write(code, n, SYS_open, 1);
#endif
		n = refuse_to_write(code, n, SYS_openat, 2);
	}
	code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < n; i++) {
		if (code[i].jt == DENY)
			code[i].jt = (unsigned char)(n - i - 1);
		if (code[i].jf == DENY)
			code[i].jf = (unsigned char)(n - i - 1);
	}
	code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = (unsigned short)n;
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static void filter_calls(bool may_write, bool may_read)
{
	(void)may_write;
	(void)may_read;
}
#endif

void confine_enter(struct confinement *c)
{
	bool can = CONFINES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;

	if (can && c->rules >= 0)
		(void)syscall(RESTRICT_SELF, c->rules, 0);
	if (can)
		filter_calls(c->writes || c->rules >= 0, !confine_is_closed(c));
	if (c->rules >= 0)
		close(c->rules);
	c->rules = -1;
}

/* --- commands ------------------------------------------------------------- */

static bool is_database(const char *name)
{
	return strncmp(name, "odbc:", 5) == 0;
}

void confine_files(const struct cli_args *a, const char *const *names,
    size_t count)
{
	const char *tmpdir = a->lib.tmpdir;
	struct confinement c;

	for (size_t i = 0; i < count; i++)
		if (is_database(names[i]))
			return; /* its driver does what it wants */
	confine_init(&c);
	for (size_t i = 0; i < count; i++)
		confine_add_input(&c, names[i]);
	confine_add_output(&c, a->output);
	confine_add_output(&c, a->account);
	confine_add_output(&c, a->lib.frames);
	confine_add_output(&c, a->lib.mbox);
	confine_add_folder(&c, a->lib.eml_dir);
	add_rule(&c, tmpdir != NULL ? tmpdir : "/tmp", OUTPUT_RIGHTS);
	c.writes = true;
	confine_enter(&c);
}
