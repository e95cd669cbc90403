#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# allocations.sh - memory that runs out at every allocation of the command,
# those of other libraries included
#
# Exempt are runs that reach GMime (encoded words in a header), whose GLib
# aborts; libnids; libcrypto (digests of messages and of a page), which uses
# what it could not set up; unixODBC, which does the same; and libarchive, in
# whose loading the dynamic linker ends the process.  What the command
# itself allocates there is failed by alloc.c and odbc.c.
#
# STEP=1 (make check-fault STEP=1): every allocation; else every few.
. tests/lib.sh

preload=${O:?}/tests/fault/preload_alloc.so
case $O in
*/asan | */tsan)
	skip allocations "the sanitizer has malloc to itself"
	exit 0 ;;
esac
if [ ! -e "$preload" ] || ! grep -q -a __libc_memalign "$preload"; then
	skip allocations "no C library whose malloc can be replaced"
	exit 0
fi
mkdir "$TMP/new" || exit 1
new=$TMP/new

# each NAME STEP ARGUMENT...
each()
{
	name=$1
	step=${STEP:-$2}
	shift 2
	LD_PRELOAD=$preload FAULT_NAME=$name FAULT_FOLDER=$TMP \
		FAULT_STEP=$step TMPDIR=$new "$SMTPWIRE" "$@" </dev/null \
		>"$TMP/result" || head -n 5 "$TMP/err"
	cat "$TMP/result"
}

set -- --threads 1 -q
each read 7 read "$@" --no-hash -f jsonl "$capture"
for pack in gzip xz zstd bzip2; do
	"$pack" -c "$capture" >"$TMP/packed" || exit 1
	each "$pack" 37 read "$@" --no-hash -f jsonl "$TMP/packed"
done
each options 7 read "$@" --no-hash --ports 25,587 --sort start \
	-o "$new/o" --account /dev/null "$capture"
each mails 7 read "$@" --no-hash --eml "$new" --mbox "$new/mbox" \
	-o /dev/null "$capture"
each log 7 read "$@" --no-hash -o "$new/o" tests/data/iis-w3c/relay.log
each threads 17 read --threads 2 -q --no-hash "$capture"
each check 17 check "$@" -o "$new/o" tests/data/iis-w3c/relay.log \
	tests/data/iis-w3c/refused.log
each formats 1 formats
each explain 1 explain 550 5.1.1 RCPT
