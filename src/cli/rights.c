/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rights.c - what this process may do */
#define _GNU_SOURCE /* syscall */

#include "cli/rights.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/terminal.h"

/* What capturing takes: the socket, and the interface in promiscuous mode. */
static const struct {
	unsigned number;
	const char *name;
} wanted[] = {
	{CAP_NET_RAW, "CAP_NET_RAW"},
	{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
};

static bool has(unsigned capability)
{
	struct __user_cap_header_struct head = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	memset(sets, 0, sizeof(sets));
	return syscall(SYS_capget, &head, sets) == 0 &&
	    (sets[CAP_TO_INDEX(capability)].effective &
		CAP_TO_MASK(capability));
}

void rights_explain(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!has(wanted[i].number))
			terminal_say("smtpwire: the capability %s is missing",
			    wanted[i].name);
	terminal_say("Run it as root, or grant what it needs:");
	terminal_say("  sudo setcap cap_net_raw,cap_net_admin=ep %.*s",
	    len > 0 ? (int)len : 8, len > 0 ? path : "smtpwire");
}

static const char *name_of(const char *user)
{
	return user != NULL ? user : "nobody";
}

void rights_explain_folder(const char *user)
{
	terminal_say("It is written as the user \"%s\": give the folder to "
	    "that user", name_of(user));
	terminal_say("with chown %s FOLDER, or name another with --user.",
	    name_of(user));
}

void rights_explain_log(const char *user)
{
	terminal_say("It is read as the user \"%s\": let that user read it "
	    "and its folder,", name_of(user));
	terminal_say("or name another with --user.");
}

/* No program that this one could start gets any back. */
static void drop_bounding_set(void)
{
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0;
	    c++)
		(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	return syscall(SYS_capset, &head, none) == 0;
}

/* What root was before must not come back. */
static bool become(const struct passwd *p)
{
	if (p->pw_uid == 0)
		return true;
	return initgroups(p->pw_name, p->pw_gid) == 0 &&
	    setresgid(p->pw_gid, p->pw_gid, p->pw_gid) == 0 &&
	    setresuid(p->pw_uid, p->pw_uid, p->pw_uid) == 0 &&
	    setresuid(0, 0, 0) != 0;
}

/* Root of a container may lack what going on as another user takes. */
static bool explain_user(const char *name, char *why, size_t size)
{
	bool gid = has(CAP_SETGID), uid = has(CAP_SETUID);

	if (gid && uid)
		return false;
	snprintf(why, size, "cannot go on as the user \"%.64s\": %s; "
	    "--user root keeps the user", name,
	    gid ? "CAP_SETUID is missing" : uid ? "CAP_SETGID is missing" :
	    "CAP_SETGID and CAP_SETUID are missing");
	return true;
}

bool rights_give_up(const char *user, char *why, size_t size)
{
	const struct passwd *p = NULL;
	int error;

	if (geteuid() == 0) {
		p = getpwnam(name_of(user));
		if (p == NULL) {
			snprintf(why, size, "%s: no such user (see --user)",
			    name_of(user));
			return false;
		}
	} else if (user != NULL) {
		snprintf(why, size, "only root can go on as another user "
		    "(--user)");
		return false;
	}
	drop_bounding_set();
	if ((p == NULL || become(p)) && drop_capabilities())
		return true;
	error = errno;
	if (p != NULL && p->pw_uid != 0 && explain_user(p->pw_name, why, size))
		return false;
	snprintf(why, size, "rights cannot be given up: %s",
	    strerror(error));
	return false;
}
