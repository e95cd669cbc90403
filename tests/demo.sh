#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh - read a capture, write its messages, say what was done
#
#   tests/demo.sh SMTPWIRE FOLDER
set -eu
smtpwire=$1
folder=$2

capture=pcaps/relay-postfix-exim.pcap
if [ ! -f "$capture" ]; then
	echo "demo: $capture is missing" >&2
	exit 1
fi

rm -rf "$folder"
mkdir -p "$folder"
echo "\$ smtpwire read --eml $folder $capture"
echo
"$smtpwire" read --eml "$folder" "$capture"

echo
echo "What happened: the capture $capture"
echo "($(wc -c <"$capture") octets, recorded from a real server) was read, and"
echo "each SMTP session in it was told above, line by line. The messages that"
echo "it carries were written, octet for octet, to:"
for f in "$folder"/*; do
	[ -f "$f" ] && echo "  $f  ($(wc -c <"$f") octets)"
done
echo
echo "Next: $smtpwire read --help"
