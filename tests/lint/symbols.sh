#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# symbols.sh - what the objects show to each other and to the world
#
#   tests/lint/symbols.sh LIBRARY.so LIBRARY.a OBJECTS-FOLDER
#
# Both libraries show only sw_*; names that cross files begin with their
# folder or file; the library keeps nothing in variables.
set -u
so=$1
archive=$2
objects=$3
bad=0

complain()
{
	echo "$*"
	bad=1
}

for s in $(nm -D --defined-only "$so" | awk '$2 != "A" { print $3 }'); do
	case $s in
	sw_*) ;;
	*) complain "$so shows $s" ;;
	esac
done

for s in $(nm -g --defined-only "$archive" | awk 'NF == 3 { print $3 }'); do
	case $s in
	sw_*) ;;
	*) complain "$archive shows $s" ;;
	esac
done

# Does name $1 begin with the folder $2 or with a file of it?  "logs" is log_,
# "iis_rows.c" iis_.
belongs()
{
	case $1 in
	sw_* | "$2"_* | "${2%s}"_*) return 0 ;;
	esac
	for f in "src/$2"/*.[ch]; do
		stem=$(basename "$f")
		case $1 in
		"${stem%%[._]*}" | "${stem%%[._]*}"_* | "${stem%%[._]*}s" | \
			"${stem%%[._]*}s_"*)
			return 0
			;;
		esac
	done
	return 1
}

for o in "$objects"/src/*/*.o; do
	folder=$(basename "$(dirname "$o")")
	[ -e "src/$folder/$(basename "$o" .o).c" ] || continue # of old
	[ "$folder" != cli ] || continue
	for s in $(nm -g --defined-only "$o" | awk '{ print $3 }'); do
		belongs "$s" "$folder" || complain "$o: $s lacks its folder"
	done
	for s in $(nm -f sysv "$o" | awk -F '|' '
	    { gsub(/ /, "") }
	    $7 ~ /^(\.data|\.bss|\*COM\*|\.tdata|\.tbss)$/ { print $1 }'); do
		grep -q "^$folder $s " tests/lint/symbols.txt ||
			complain "$o: $s is a variable that is not const"
	done
done
exit $bad
