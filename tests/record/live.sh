#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# live.sh - watch 2000 sessions between real clients and a real Postfix
#
# Run by tests/e2e/live_postfix.sh, with SMTPWIRE (the command) and TMP.  The
# hosts are those of record.sh; SCRATCH, if set, keeps their root, KEEP names an
# archive for all that was written, SESSIONS is another number of sessions.

set -u
export LC_ALL=C.UTF-8 TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "$0")" && pwd)
: "${SMTPWIRE:?}" "${TMP:?}"
scratch=${SCRATCH:-}

die() { echo "not ok live-postfix: $*"; exit 1; }
say() { :; }

# shellcheck source=tests/record/lib/hosts.sh
. "$here/lib/hosts.sh"

finish() {
	hosts_stop
	[ -n "${SCRATCH-}" ] || rm -rf "$scratch"
}

# An overlay may not stand upon another: not in the folder for tests.
[ -n "$scratch" ] || scratch=$(mktemp -d /var/tmp/live.XXXXXX)
mkdir -p "$scratch/roots"
trap finish EXIT
trap 'exit 1' INT TERM

# shellcheck disable=SC2086 # lists of words
root_make postfix $postfix_packages $client_packages tcpdump
hosts_start postfix postfix
on_mx sh /srv/record/conf/live.sh >"$TMP/conf.log" 2>&1 ||
	die "Postfix: $(tail -n 1 "$TMP/conf.log")"
on_mx sh -c 'cat >/srv/smtpwire && chmod 755 /srv/smtpwire' <"$SMTPWIRE"
on_mx python3 /srv/record/clients/beside.py start || exit 1
on_client python3 /srv/record/clients/load.py "${SESSIONS:-2000}"
on_mx python3 /srv/record/clients/beside.py finish "${SESSIONS:-2000}"
[ -z "${KEEP-}" ] || on_mx tar -C /srv -c out /var/log/mail.log >"$KEEP" 2>/dev/null
