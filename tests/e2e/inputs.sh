#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# inputs.sh - --format, --tz and --date-order concern the files that follow
. tests/lib.sh

# A log of local times; 11/6 is in June or in November.
row()
{
	printf '192.0.2.%s, client.example.org, %s, 10:00:00, SMTPSVC1, MX1, ' \
		"$1" "$2"
	printf '192.0.2.25, 0, 23, 39, 250, 0, %s, -, client.example.org,\n' \
		HELO
}
log=$TMP/one.log
row 1 11/6/2009 >"$log"
row 2 11/6/2009 >"$TMP/two.log"

# starts ARGUMENT...: when the sessions of these start
starts()
{
	"$SMTPWIRE" read -q -f jsonl "$@" | jq -r .start | paste -sd' ' -
}

is zones '2009-11-06T10:00:00+02:00 2009-11-06T10:00:00-05:00' \
	"$(starts --tz +02:00 "$log" --tz -05:00 "$TMP/two.log")"
is zone-of-rest '2009-11-06T10:00:00 2009-11-06T10:00:00Z' \
	"$(starts "$log" --tz UTC "$TMP/two.log")"
is zone-stays '2009-11-06T10:00:00+02:00 2009-11-06T10:00:00+02:00' \
	"$(starts --tz +02:00 "$log" "$TMP/two.log")"
is behind-dashes '2009-11-06T10:00:00+02:00' \
	"$(starts --tz +02:00 -- "$log")"
is orders '2009-06-11T10:00:00 2009-11-06T10:00:00' \
	"$(starts --date-order dmy "$log" --date-order mdy "$TMP/two.log")"

# Numbers in the names of the files of a directory, or of an archive, are
# compared as such.
mkdir "$TMP/dir"
for n in 10 2 02 1; do
	row 1 11/6/2009 >"$TMP/dir/R-$n.log"
done
tar -cf "$TMP/dir.tar" -C "$TMP/dir" .
for d in dir dir.tar; do
	is "names of $d" 'R-1.log R-02.log R-2.log R-10.log' \
		"$("$SMTPWIRE" read -q -f jsonl "$TMP/$d" |
		jq -r .source.name | sed 's|.*/||' |
		paste -sd' ' -)"
done

# An order that the dates contradict is not ignored without a word.
ims()
{
	printf '%s 2:36:27 PM : A connection was accepted from a.\n' "$1"
	printf '%s 2:36:28 PM : <<< HELO a.example.org\n' "$1"
}
row 3 6/13/2009 >"$TMP/native.log"
ims 5/13/00 >"$TMP/ims.log"
for f in native ims; do
	"$SMTPWIRE" read --date-order dmy "$TMP/$f.log" >"$TMP/out" 2>&1
	has "contradicted $f" "$f.log: there are dates that cannot be of" \
		"$TMP/out"
	"$SMTPWIRE" read --date-order mdy "$TMP/$f.log" >"$TMP/out" 2>&1
	lacks "agreed $f" 'cannot be of' "$TMP/out"
done

# What is read as another format has no lines that are understood.
is formats '1 iis-native' "$("$SMTPWIRE" read -q -f jsonl --format iis-w3c \
	"$log" --format iis-native "$TMP/two.log" | jq -r .source.format |
	uniq -c | sed 's/^ *//')"

# Captures of local times: by them the second is the first of the traffic.
python3 tests/cases/build.py --format netmon1 tests/cases/c01-pipelined.case \
	-o "$TMP/captures"
set -- "$TMP"/captures/*
cp "$1" "$TMP/other.cap"
is captures "$(starts --tz +05:00 "$1") $(starts --tz +02:00 "$1")" \
	"$(starts --tz +02:00 "$1" --tz +05:00 "$TMP/other.cap")"
is capture-zones '+05:00 +02:00' "$(starts --tz +02:00 "$1" --tz +05:00 \
	"$TMP/other.cap" | sed 's/[^ ]*\([+-]..:..\)/\1/g')"

# Sides of a comparison: five hours apart, or the same moment.
clocks()
{
	"$SMTPWIRE" check -q -f json "$@" | jq -c '[.clock[].offset]'
}
is check-sides '[25200]' "$(clocks --tz -05:00 "$log" --tz +02:00 "$log")"
is check-vs '[25200]' \
	"$(clocks --tz -05:00 "$log" --vs --tz +02:00 "$log")"
is check-left-only '[25200]' \
	"$(clocks --tz -05:00 "$log" --tz +02:00 --vs "$log")"

# A time that is asked for is one of the first file's zone.
is since '2009-11-06T10:00:00+02:00' "$(starts --since '2009-11-06 10:00' \
	--until '2009-11-06 10:00' --tz +02:00 "$log" --tz -05:00 \
	"$TMP/two.log")"

# Without dates nothing can be selected by time: that is told, once a log.
undated='holds sessions without a date, which are not selected by time'
"$SMTPWIRE" read -q -f jsonl --no-times -o "$TMP/undated.jsonl" "$capture"
for input in pcaps/exim-stamped.server.log pcaps/sendmail-plain.server.log \
	"$TMP/undated.jsonl"; do
	for o in --since=1970-01-01 --until=2100-01-01; do
		name=undated-${input##*/}$o
		exits "$name" 0 "$SMTPWIRE" read "$o" "$input"
		is "$name-none" '' "$(cat "$TMP/out")"
		is "$name-told" 1 "$(grep -c "warning: $input: $undated" \
			"$TMP/err")"
	done
	"$SMTPWIRE" read --rcpt no-one@ "$input" 2>"$TMP/err" >"$TMP/out"
	lacks "undated-${input##*/}-unasked" "$undated" "$TMP/err"
done
exits dated 0 "$SMTPWIRE" read --since 2100-01-01 \
	pcaps/postfix-plain.server.log "$capture"
lacks dated-none "$undated" "$TMP/err"

for o in '--tz UTC' '--format iis-native' '--date-order mdy'; do
	# shellcheck disable=SC2086 # two words
	exits "last ${o%% *}" 2 "$SMTPWIRE" read "$log" $o
	has "last-told ${o%% *}" "${o%% *}: it concerns the files that follow" \
		"$TMP/err"
	# shellcheck disable=SC2086 # two words
	exits "last-check ${o%% *}" 2 "$SMTPWIRE" check "$log" "$log" $o
done
