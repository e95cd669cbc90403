#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# live_unit.sh - `live` under what the systemd unit allows, by live_unit.py
. tests/lib.sh

case ${O:?} in
*release) ;;
*)
	skip live-unit "sanitizers take calls that the unit does not allow"
	exit 0
	;;
esac
if [ "$(id -u)" != 0 ] || ! unshare -n true 2>"$TMP/err"; then
	skip live-unit "making network namespaces takes root"
	exit 0
fi
for p in systemd-analyze setpriv ip python3 "${CC:=cc}"; do
	if ! command -v "$p" >"$TMP/out"; then
		skip live-unit "$p is not installed"
		exit 0
	fi
done
export CC
exec unshare -n python3 tests/e2e/live_unit.py
