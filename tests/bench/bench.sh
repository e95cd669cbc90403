#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bench.sh - speed beside other programs, in one run
#
#	bench.sh [SMTPWIRE [FOLDER]]
#
# Makes a capture of 600 MB, logs of 500 MB, and a log and a capture of one
# traffic of 100 000 sessions in FOLDER (they stay there for the next run) and
# measures what bench.py, logs.py, page.py, check.py, scale.py and live.py say.
# BENCH_MB, BENCH_SESSIONS, BENCH_LOG_MB, BENCH_PAGE, BENCH_CHECK_SESSIONS and
# BENCH_SCALE_GB (1; `make bench-scale` goes to 53.7) change their size.
: "${CC:=cc}"
: "${BENCH_MB:=620}"
: "${BENCH_SESSIONS:=20000}"
cd "$(dirname "$0")/../.." || exit 2
program=${1:-${SMTPWIRE:-${O:-build/release}/smtpwire}}
folder=${2:-${BUILD:-build}/bench}

if ! command -v python3 >/dev/null; then
	echo "skip bench: no python3"
	exit 0
fi
mkdir -p "$folder" || exit 2
"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$folder/gen" tests/bench/gen.c ||
	exit 2
capture=$folder/$BENCH_MB-$BENCH_SESSIONS.pcap
if [ ! -s "$capture" ]; then
	"$folder/gen" --size "$BENCH_MB" --sessions "$BENCH_SESSIONS" \
		-o "$capture.part" && mv "$capture.part" "$capture" || exit 2
fi
"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$folder/gen_logs" \
	tests/bench/gen_logs.c || exit 2
status=0
python3 tests/bench/bench.py "$program" "$capture" "$folder" || status=$?
python3 tests/bench/logs.py "$program" "$folder/gen_logs" "$folder" ||
	status=$?
python3 tests/bench/page.py "$program" "$folder" || status=$?
python3 tests/bench/check.py "$program" "$folder/gen" "$folder" || status=$?
BENCH_SCALE_GB=${BENCH_SCALE_GB:-1} python3 tests/bench/scale.py "$program" \
	"$folder/gen" "$folder" || status=$?
if [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null; then
	"$CC" -O2 -std=c11 -D_DEFAULT_SOURCE -o "$folder/send" \
		tests/bench/send.c || exit 2
	unshare -n python3 tests/bench/live.py "$program" "$folder/send" \
		"$capture" "$folder" || status=$?
else
	echo "skip live: making network namespaces takes root"
fi
exit $status
