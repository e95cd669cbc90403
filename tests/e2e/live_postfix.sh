#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# live_postfix.sh - `live` beside a real Postfix: 2000 sessions of real clients
#
# Postfix is installed in a root of its own, which takes a package source, so
# that this runs only when it is asked for: make check-postfix, .ci/run.
. tests/lib.sh

if [ -z "${POSTFIX-}" ]; then
	skip live-postfix "see make check-postfix, which fetches Postfix"
	exit 0
fi
if [ "$(id -u)" != 0 ] || ! unshare --mount --net --pid --uts --ipc --fork \
	true 2>"$TMP/err"; then
	skip live-postfix "making hosts of namespaces takes root"
	exit 0
fi
# Who enters a host comes to the root of its namespace.
if ! nsenter -t $$ --mount test -e "$PWD/tests/lib.sh"; then
	skip live-postfix "hosts of namespaces cannot be entered from a chroot"
	exit 0
fi
exec bash tests/record/live.sh
