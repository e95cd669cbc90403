#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# containers.sh - one traffic in every container gives the same transcripts
#
# Made here by tests/cases/build.py (formats, link types, tags, tunnels), by
# editcap (its own writers), by gzip and others, and through a pipe.
cd "$(dirname "$0")/../.." || exit 2
: "${SMTPWIRE:=${O:-${BUILD:-build}/release}/smtpwire}"
TZ=UTC
LC_ALL=C
export TZ LC_ALL
t=$(mktemp -d) || exit 2
trap 'rm -rf "$t"' EXIT
status=0

say() { # say WORD NAME [WHY]
	echo "$1 diff/containers/$2${3:+: $3}"
	[ "$1" = "not ok" ] && status=1
	return 0
}

transcript() { # transcript OUT ARGUMENTS...: in normal form
	out=$1
	shift
	"$SMTPWIRE" read -q --normal -f jsonl "$@" >"$out" 2>"$t/err"
}

same() { # same NAME FILE: like $t/want?
	if ! transcript "$t/got" "$2"; then
		say "not ok" "$1" "$(tail -n 1 "$t/err" | tr ':' ' ')"
	elif ! cmp -s "$t/want" "$t/got"; then
		cmp "$t/want" "$t/got"
		say "not ok" "$1" "other transcripts"
	else
		say ok "$1"
	fi
}

build() { # build OPTIONS...: prints the file's name
	python3 tests/cases/build.py "$case" -o "$t/made" "$@" | head -n 1
}

built() { # the formats, links and tunnels of our builder
	for f in pcap-ns pcap-be pcapng pcapng-ns pcapng-be netmon1 \
	    netmon2.0 netmon2.1 netmon2.2 netmon2.3 netmon2.3-128 \
	    snoop erf; do
		same "$name/$f" "$(build --format "$f")"
	done
	same "$name/erf-raw" "$(build --format erf --link raw)"
	for l in sll sll2 null loop raw ppp wifi radiotap amsdu nflog pktap \
	    mpls pseudowire; do
		same "$name/$l" "$(build --link "$l")"
	done
	for f in netmon2.1 netmon2.3; do
		same "$name/$f-raw" "$(build --format "$f" --link raw)"
	done
	# The id of a session holds its VLAN and tunnel; nothing else differs.
	sed 's/"id":"[0-9a-f]*"/"id":""/' "$t/want" >"$t/plain"
	for a in "--vlan 10" "--vlan 10/20" "--tunnel gre" "--tunnel ipip" \
	    "--tunnel vxlan" "--tunnel geneve" "--link pppoe"; do
		# shellcheck disable=SC2086 # two words
		transcript "$t/got" "$(build $a)"
		[ -s "$t/got" ] || echo none >"$t/got"
		sed 's/"id":"[0-9a-f]*"/"id":""/' "$t/got" >"$t/got.plain"
		if cmp "$t/plain" "$t/got.plain"; then
			say ok "$name/${a#--}"
		else
			say "not ok" "$name/${a#--}" "other transcripts"
		fi
	done
}

edited() { # edited FILE FORMATS...: editcap's writers
	file=$1
	shift
	if ! command -v editcap >/dev/null; then
		say skip "$name/editcap" "no editcap"
		return
	fi
	for f in "$@"; do
		if editcap -F "$f" "$file" "$t/edited" 2>"$t/err"; then
			same "$name/editcap-$f" "$t/edited"
		else
			say skip "$name/editcap-$f" "editcap cannot write it"
		fi
	done
}

packed() { # compressed, and through pipes
	for c in gzip xz zstd bzip2 lz4; do
		if command -v "$c" >/dev/null; then
			"$c" -c <"$1" >"$t/packed"
			same "$name/$c" "$t/packed"
		else
			say skip "$name/$c" "no $c"
		fi
	done
	for f in "$@"; do
		# shellcheck disable=SC2002 # a pipe is what is tested
		cat "$f" | transcript "$t/got" -
		if [ -s "$t/got" ] && cmp "$t/want" "$t/got"; then
			say ok "$name/pipe-${f##*/}"
		else
			say "not ok" "$name/pipe-${f##*/}" "other transcripts"
		fi
	done
}

command -v python3 >/dev/null || {
	say skip all "no python3"
	exit 0
}
[ -x "$SMTPWIRE" ] || {
	say "not ok" program "$SMTPWIRE is not built"
	exit 1
}
for name in c01-pipelined c02-bdat d-second-mail r-reorder; do
	case=tests/cases/$name.case
	plain=$t/$name.pcap
	cp "$(build)" "$plain"
	transcript "$t/want" "$plain" || say "not ok" "$name" "not read"
	if [ ! -s "$t/want" ]; then
		say "not ok" "$name" "no transcript"
		continue
	fi
	built
	edited "$plain" pcap nsecpcap modpcap pcapng netmon1 netmon2 \
	    snoop ngsniffer ngwsniffer_1_1 ngwsniffer_2_0
done
for f in "$(build --format netmon2.3)" "$(build --format pcapng)" \
    "$(build --format snoop)"; do
	cp "$f" "$t/"
done
packed "$plain" "$t/$name.pcapng" "$t/$name.netmon2.3" "$t/$name.snoop"
for plain in pcaps/*.pcap; do
	[ -f "$plain" ] || continue
	name=$(basename "$plain" .pcap)
	# Some hold no session at all (attempts that were refused).
	transcript "$t/want" "$plain" || say "not ok" "$name" "not read"
	edited "$plain" pcapng netmon1 netmon2
	case $name in
	relay-*) # enough: editcap takes its time
		edited "$plain" ngsniffer ngwsniffer_1_1 ngwsniffer_2_0
		;;
	esac
done
exit $status
