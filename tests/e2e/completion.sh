#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# completion.sh - each shell offers what the command takes
. tests/lib.sh

commands="read live check formats explain"
for s in bash zsh fish; do
	exits "$s-made" 0 sh src/cli/completion.sh $s "$SMTPWIRE"
	cp "$TMP/out" "$TMP/smtpwire.$s"
done
exits other-shell 2 sh src/cli/completion.sh csh "$SMTPWIRE"

# Long options of a command as its help has them, one a line.
options()
{
	"$SMTPWIRE" "$1" --help |
		sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p'
}

# Each script: say what is completed behind these words, the last unfinished.
cat >"$TMP/ask.bash" <<'END'
. "$1/smtpwire.bash"
compopt() { :; }
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_smtpwire
printf '%s\n' "${COMPREPLY[@]}"
END
# What it hands to the functions of zsh.
cat >"$TMP/ask.zsh" <<'END'
fpath=($1 $fpath)
_arguments() { print -l -- "$@" }
_describe() { print -l -- ${(P)2} }
shift
words=("$@")
CURRENT=$#
autoload -Uz _smtpwire
_smtpwire
END
cp "$TMP/smtpwire.zsh" "$TMP/_smtpwire"
cat >"$TMP/ask.fish" <<'END'
source $argv[1]/smtpwire.fish
complete -C (string join -- ' ' $argv[2..-1])
END

ask() # ask SHELL WORDS...
{
	shell=$1
	shift
	case $shell in
	bash) bash --norc "$TMP/ask.bash" "$TMP" "$@" ;;
	zsh) zsh -f "$TMP/ask.zsh" "$TMP" "$@" ;;
	fish) HOME=$TMP fish --no-config "$TMP/ask.fish" "$TMP" "$@" ;;
	esac >"$TMP/told" 2>&1
}

# offers SHELL NAME WORD...: are they all among what was told?
offers()
{
	name=$1-$2
	shift 2
	for w in "$@"; do
		grep -q -e "\(^\|[^a-z-]\)$w\([^a-z-]\|\$\)" "$TMP/told" || {
			fail "$name" "$w is not offered"
			return
		}
	done
	ok "$name"
}

for s in bash zsh fish; do
	command -v $s >/dev/null || {
		skip $s "$s is not installed"
		continue
	}
	ask $s smtpwire ''
	# shellcheck disable=SC2086 # words
	offers $s commands $commands
	for c in $commands; do
		long=$(options "$c")
		ask $s smtpwire "$c" --
		# shellcheck disable=SC2086 # words
		offers $s "$c" $long
	done
	ask $s smtpwire explain --
	lacks $s-not-of-others '--ports' "$TMP/told"
	[ $s = zsh ] && continue
	ask $s smtpwire check -f ''
	offers $s values text json html
	ask $s smtpwire read --format post
	offers $s formats postfix postfix-notice
	: >"$TMP/a file.pcap"
	: >"$TMP/fife"
	word='a f'
	[ $s = fish ] && word='a\ f'
	(cd "$TMP" && ask $s smtpwire read --account "$word")
	has $s-files 'a.* file\.pcap' "$TMP/told"
done
# shellcheck disable=SC2046 # words
if command -v zsh >/dev/null; then
	ask zsh smtpwire check --
	has zsh-values 'FORM:(text json html)' "$TMP/told"
	has zsh-short '^(-o --output)-o' "$TMP/told"
fi
