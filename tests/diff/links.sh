#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# links.sh - does tshark read the frames that tests/cases/build.py makes?
#
# containers.sh shows that smtpwire finds the same behind every link type and
# tunnel; here tshark has to, so that a frame is not right for us alone.
cd "$(dirname "$0")/../.." || exit 2
t=$(mktemp -d) || exit 2
trap 'rm -rf "$t"' EXIT
status=0

for p in python3 tshark; do
	command -v "$p" >/dev/null || {
		echo "skip diff/links: no $p"
		exit 0
	}
done

told() { # told OPTIONS...: what tshark says of the case in such frames
	file=$(python3 tests/cases/build.py tests/cases/c01-pipelined.case \
	    -o "$t" "$@")
	tshark -n -r "$file" -Y smtp -T fields -e tcp.srcport \
	    -e smtp.command_line -e smtp.rsp.parameter 2>/dev/null
}

told >"$t/want"
[ -s "$t/want" ] || {
	echo "not ok diff/links: tshark finds no SMTP"
	exit 1
}
for a in "--link wifi" "--link radiotap" "--link amsdu" "--link nflog" \
    "--link pktap" "--link mpls" "--link pseudowire" "--tunnel geneve"; do
	# shellcheck disable=SC2086 # two words
	told $a >"$t/got"
	if cmp -s "$t/want" "$t/got"; then
		echo "ok diff/links/${a#--}"
	else
		echo "not ok diff/links/${a#--}: tshark says something else"
		status=1
	fi
done
exit $status
