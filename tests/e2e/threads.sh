#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# threads.sh - any number of threads tells the same, octet for octet
. tests/lib.sh

: "${CC:=cc}"
numbers="2 3 8"

# tell N OPTION...: transcripts, account and what was said go to $TMP/told-N
tell()
{
	n=$1
	shift
	"$SMTPWIRE" read --threads "$n" -f jsonl --account "$TMP/account" \
		"$@" >"$TMP/out" 2>"$TMP/err"
	echo "status $?" >>"$TMP/err"
	cat "$TMP/out" "$TMP/account" "$TMP/err" >"$TMP/told-$n"
}

# same NAME OPTION...
same()
{
	name=$1
	shift
	tell 1 "$@"
	for n in $numbers; do
		tell "$n" "$@"
		if cmp -s "$TMP/told-1" "$TMP/told-$n"; then
			ok "$name-$n"
		else
			fail "$name-$n" "$(diff "$TMP/told-1" \
				"$TMP/told-$n" | head -n 2 | cut -c 1-200)"
		fi
	done
}

same pcaps --any-port --attempts pcaps/*.pcap*
same pcaps-memory --memory 64K --any-port pcaps/*.pcap*
same pcaps-filter --failed --host 127.0.0.1 pcaps/*.pcap*
same pcaps-bpf --filter 'port 25' pcaps/*.pcap*
same pcaps-log --sort start pcaps/*.pcap tests/data/iis-w3c/relay.log
same absent pcaps/postfix-plain.pcap "$TMP/absent" README.md
numbers=3
for f in pcaps/*.pcap; do
	same "pcap-${f##*/}" "$f"
done
numbers="2 3 8"

"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$TMP/gen" tests/bench/gen.c || exit 1
"$TMP/gen" --size 6 --sessions 300 --concurrency 100 --seed 1 --loss 0.01 \
	--reorder 0.02 --dup 0.02 --ipv6 0.3 --bdat 0.3 -o "$TMP/bad.pcap"
"$TMP/gen" --size 3 --sessions 100 --concurrency 40 --seed 2 \
	--format pcapng -o "$TMP/good.pcapng"
same generated "$TMP/bad.pcap"
same generated-both "$TMP/bad.pcap" "$TMP/good.pcapng" "$TMP/bad.pcap"
same generated-no-hash --no-hash "$TMP/good.pcapng"
# So many that one thread looks ahead (src/pipeline/ahead.h).
"$TMP/gen" --size 24 --sessions 8000 --concurrency 8000 --seed 3 --loss 0.03 \
	--reorder 0.02 --dup 0.02 --pace 5000 -o "$TMP/many.pcap"
numbers=2
same many --no-hash "$TMP/many.pcap"
same many-memory --no-hash --memory 60M "$TMP/many.pcap"
numbers="2 3 8"
# Sessions are given up where the input says, not where threads are.
for memory in 64K 1M 4M; do
	same "memory-$memory" --memory "$memory" "$TMP/bad.pcap"
done

gzip -c "$TMP/bad.pcap" >"$TMP/bad.pcap.gz"
same gzip "$TMP/bad.pcap.gz"
# What breaks off, or is damaged in the middle, between others.
head -c 4000000 "$TMP/bad.pcap.gz" >"$TMP/cut.pcap.gz"
head -c 3210987 "$TMP/bad.pcap" >"$TMP/cut.pcap"
{
	head -c 2000000 "$TMP/bad.pcap"
	head -c 5000 "$TMP/gen"
	tail -c +2005001 "$TMP/bad.pcap"
} >"$TMP/hole.pcap"
same broken pcaps/postfix-plain.pcap "$TMP/cut.pcap.gz" "$TMP/cut.pcap" \
	"$TMP/hole.pcap" "$TMP/good.pcapng"

# A log and a capture of one traffic, which loses a frame now and then: both
# sides are read, and the pairs compared, by several threads.
"$TMP/gen" --size 4 --sessions 2000 --seed 3 --loss 0.002 -o "$TMP/many.pcap" \
	--log "$TMP/many.log" --ahead 3600.5
for n in 1 2 8; do
	"$SMTPWIRE" check -q --threads "$n" -f json "$TMP/many.log" \
		"$TMP/many.pcap" >"$TMP/check-$n"
done
is threads-check-2 same "$(cmp -s "$TMP/check-1" "$TMP/check-2" && echo same)"
is threads-check-8 same "$(cmp -s "$TMP/check-1" "$TMP/check-8" && echo same)"
has threads-check-pairs '"summary":{"pairs":2000,' "$TMP/check-1"
has threads-check-clock '"offset":3600.5' "$TMP/check-1"

# Standard input, as a file and as a pipe.
for n in 1 2 3 8; do
	"$SMTPWIRE" read --threads "$n" -q -f jsonl --normal - \
		<"$TMP/bad.pcap" >"$TMP/pipe-$n"
	# shellcheck disable=SC2002 # a pipe, and no file
	cat "$TMP/bad.pcap" | "$SMTPWIRE" read --threads "$n" -q -f jsonl \
		--normal - >"$TMP/piped-$n"
done
for n in $numbers; do
	is "stdin-$n" yes "$(cmp -s "$TMP/pipe-1" "$TMP/pipe-$n" && echo yes)"
	is "pipe-$n" yes "$(cmp -s "$TMP/pipe-1" "$TMP/piped-$n" && echo yes)"
done

# Messages: the same files, with the same octets.
for n in 1 2 8; do
	"$SMTPWIRE" read --threads "$n" -q --eml "$TMP/eml-$n" \
		"$TMP/bad.pcap" "$TMP/good.pcapng" >"$TMP/out" ||
		fail "eml-status-$n" "$?"
done
is eml-there yes "$([ "$(find "$TMP/eml-1" -name '*.eml' | wc -l)" -gt 300 ] &&
	echo yes)"
is eml-gaps yes "$(find "$TMP/eml-1" -name '*.gaps.json' | grep -q . &&
	echo yes)"
for n in 2 8; do
	is "eml-$n" '' "$(diff -rq "$TMP/eml-1" "$TMP/eml-$n")"
done
"$SMTPWIRE" read --threads 3 -q -f jsonl --failed \
	--eml "$TMP/eml-failed" "$TMP/good.pcapng" >"$TMP/out"
is eml-filtered "$(grep -o '"file":"' "$TMP/out" | wc -l)" \
	"$(find "$TMP/eml-failed" -type f | wc -l)"

# A reader that goes away, and a folder that cannot be written.
is closed-pipe 0 "$(
	{ "$SMTPWIRE" read --threads 3 -f jsonl "$TMP/bad.pcap" 2>&1 >&3
	echo $? >"$TMP/status"; } 3>&1 | head -c 1 >"$TMP/out"
	cat "$TMP/status")"
(
	# 64 blocks of 512 octets: messages in the middle are larger
	ulimit -f 64
	exec "$SMTPWIRE" read --threads 3 -q --eml "$TMP/limited" \
		"$TMP/good.pcapng"
) >"$TMP/out" 2>"$TMP/err"
is limit 4 $?
is limit-told 1 "$(grep -c 'cannot write' "$TMP/err")"
is limit-no-parts '' "$(find "$TMP/limited" -name '*.part')"

for n in 0 -1 1025 x 2x ''; do
	exits "number-$n" 2 "$SMTPWIRE" read --threads "$n" "$capture"
done
