#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# afl.sh - AFL++ on the whole command: any file through `smtpwire read`
#
#   tests/fuzz/afl.sh BUILD/afl SECONDS
#
# The command was built with afl-clang-fast and sanitizers.  Seeds are the
# kept corpus, the small logs and captures of the tests.  What was found by an
# earlier run is gone on with.  A crash or a hang ends it with status 1 and
# lies in BUILD/afl/found/default.
set -eu

build=$1
seconds=$2
seeds=$build/seeds
found=$build/found
rm -rf "$seeds"
mkdir -p "$seeds" "$found"

small()
{
	[ "$(wc -c <"$1")" -le 6000 ]
}

for f in tests/fuzz/corpus/capture/* tests/fuzz/corpus/store/*.json; do
	cp "$f" "$seeds/$(basename "$f")"
done
# An octet of options for the fuzzer stands in front of these.
for f in tests/fuzz/corpus/wire/* tests/fuzz/corpus/input/*; do
	tail -c +2 "$f" >"$seeds/$(basename "$f")"
done
for f in tests/data/*/*.log pcaps/*.pcap; do
	! small "$f" || cp "$f" "$seeds/$(basename "$f")"
done

set -- -x tests/fuzz/smtp.dict -x tests/fuzz/log.dict
# Nothing of the machine has to be set up for it.
export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
	AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_AUTORESUME=1 AFL_FORKSRV_INIT_TMOUT=30000
afl-fuzz -i "$seeds" -o "$found" -V "$seconds" -t 5000+ -m none "$@" -- \
	"$build/smtpwire" read -q --threads 1 -f jsonl @@ >"$build/log" 2>&1 ||
	{ tail -n 20 "$build/log"; exit 1; }
grep -E '^(run_time|execs_done|corpus_count|bitmap_cvg|saved_(crashes|hangs))' \
	"$found/default/fuzzer_stats"
for f in "$found"/default/crashes/id* "$found"/default/hangs/id*; do
	[ ! -e "$f" ] || { echo "$f"; status=1; }
done
exit "${status:-0}"
