#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# record.sh - record the captures of pcaps/ anew, from real servers
#
# usage: record.sh [-d SCRATCH] [-k] [SERVER | SERVER/SCENE ...]
#   SERVER   postfix exim opensmtpd sendmail relay dovecot investigation;
#            default: all
#   SCENE    one capture of that server, e.g. postfix/pipelining
#   -d       scratch folder (default: a new one in /var/tmp); what was
#            recorded lies in SCRATCH/out and is copied by hand
#   -k       keep the unpacked servers, so that the next run with the same -d
#            need not install them again
#
# Theory of operation
#
# The servers come from Debian's packages, which conflict with each other and
# would replace the administrator's own mail system.  So none is installed
# here: each gets a root of its own, an overlay whose lower layer is this
# machine's file system (read only) and whose upper layer is a folder in
# SCRATCH, and apt-get runs inside it.  The machine's home and work folders
# are hidden in it, so no path of this machine can reach a log.
#
# Two hosts talk: mx.example.org (192.0.2.25, 2001:db8::25) and
# client.example.net (192.0.2.10, 2001:db8::10).  A host is one process with
# its own mount, network, process, host name and IPC namespaces, and a veth
# pair joins the two.  They reach nothing else.  When the process is killed,
# all that ran in the host ends and all its mounts and links vanish.
#
# A scene is a function of scenes/SERVER.sh: it tells the clients to run while
# tcpdump listens on the mail server's interface.  Beside NAME.pcap it leaves
# NAME.server.log, what the server logged meanwhile, and NAME.client.log, what
# the clients printed.
#
# Needs root, overlayfs and namespaces; says so and stops when they lack.

set -u
export LC_ALL=C.UTF-8 TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "$0")" && pwd)
scratch='' keep='' failed=''

die() { echo "record.sh: $*" >&2; exit 1; }
say() { echo "record.sh: $*" >&2; }

# shellcheck source=tests/record/lib/hosts.sh
. "$here/lib/hosts.sh"
# shellcheck source=tests/record/lib/scene.sh
. "$here/lib/scene.sh"
# shellcheck source=tests/record/lib/dialogues.sh
. "$here/lib/dialogues.sh"
# shellcheck source=tests/record/lib/common.sh
. "$here/lib/common.sh"

need() {
	local p
	[ "$(id -u)" = 0 ] || die "must be run as root"
	for p in unshare nsenter ip tcpdump apt-get pgrep; do
		command -v $p >/dev/null || die "$p is not installed"
	done
	unshare --mount --net --pid --uts --ipc --fork true ||
		die "this machine allows no namespaces; nothing was recorded"
}

finish() {
	hosts_stop
	[ -n "$keep" ] || rm -rf "$scratch/roots"
}

while getopts d:kh opt; do
	case $opt in
	d) scratch=$OPTARG ;;
	k) keep=yes ;;
	*) sed -n '3,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- postfix exim opensmtpd sendmail relay dovecot \
	investigation

need
[ -n "$scratch" ] || scratch=$(mktemp -d /var/tmp/record.XXXXXX)
mkdir -p "$scratch/out" "$scratch/roots"
scratch=$(cd "$scratch" && pwd)
trap finish EXIT
trap 'exit 1' INT TERM

for what; do
	server=${what%%/*}
	scene=''
	[ "$server" = "$what" ] || scene=${what#*/}
	[ -f "$here/scenes/$server.sh" ] || die "no such server: $server"
	# A subshell, so that one server's functions are not another's.
	(
		trap hosts_stop EXIT
		# shellcheck source=/dev/null
		. "$here/scenes/$server.sh"
		server_scenes "$scene"
	) || { say "$what: failed"; failed=yes; }
done
say "recorded in $scratch/out"
[ -z "$failed" ]
