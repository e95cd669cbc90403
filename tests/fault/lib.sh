# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# lib.sh - what scripts about reads and writes that fail share
#
# Sourced behind tests/lib.sh.

preload=${O:?}/tests/fault/preload.so
if [ ! -e "$preload" ]; then
	skip faults "$preload is not built"
	exit 0
fi
# gcc's sanitizer wants to be the first library; here it need not be.
export ASAN_OPTIONS="verify_asan_link_order=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"

# faulty FAULT COMMAND...
faulty()
{
	fault=$1
	shift
	LD_PRELOAD=$preload FAULT=$fault FAULT_COUNT=$TMP/count "$@"
}
