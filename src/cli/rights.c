/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rights.c - what this process may do */
#define _GNU_SOURCE /* syscall */

#include "cli/rights.h"

#include <limits.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
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
