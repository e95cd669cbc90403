# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# lib.sh - what test scripts share
#
# A script begins with `. tests/lib.sh`.  It is run from the project's root
# with SMTPWIRE (the command), O (the build) and TMP (a folder of its own).

: "${SMTPWIRE:?}" "${TMP:?}"
# shellcheck disable=SC2034 # for the scripts that source this
capture=pcaps/postfix-plain.pcap

ok()
{
	echo "ok $1"
}

fail()
{
	echo "not ok $1: $2"
}

skip()
{
	echo "skip $1: $2"
}

# is NAME EXPECTED ACTUAL
is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1" "expected '$2', not '$(echo "$3" | head -n 1)'"
	fi
}

# exits NAME STATUS COMMAND...: output goes to $TMP/out and $TMP/err
exits()
{
	name=$1
	expected=$2
	shift 2
	status=0
	"$@" >"$TMP/out" 2>"$TMP/err" </dev/null || status=$?
	if [ "$status" = "$expected" ]; then
		ok "$name"
	else
		fail "$name" "status $status, not $expected; $(
			tail -n 1 "$TMP/err")"
	fi
}

# has NAME PATTERN FILE: a line of the file fits the basic expression
has()
{
	if grep -q -e "$2" "$3"; then
		ok "$1"
	else
		fail "$1" "no line fits '$2' in $(basename "$3"): $(
			head -n 1 "$3")"
	fi
}

# lacks NAME PATTERN FILE
lacks()
{
	if grep -q -e "$2" "$3"; then
		fail "$1" "$(grep -e "$2" "$3" | head -n 1)"
	else
		ok "$1"
	fi
}
