#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# completion.sh - completion for a shell, out of the table of options
#
#	completion.sh bash|zsh|fish PROGRAM
#
# What PROGRAM prints for --help comes from that table (options_table.c).  Here
# it is put into rows of command, letter, name, argument, values and
# description, and those into the words of the shell.
# shellcheck disable=SC2016 # what is in single quotes is for that shell
set -eu
shell=$1
program=$2
LC_ALL=C
export LC_ALL

commands()
{
	"$program" --help | sed -n 's/^  smtpwire \([a-z]*\) .*/\1/p'
}

summaries() # COMMAND<tab>SUMMARY
{
	"$program" --help |
		sed -n 's/^  smtpwire \([a-z]*\).*  \([^ ].*\)$/\1	\2/p'
}

# What follows a description's first line is a part of it.
rows()
{
	formats=$("$program" formats |
		sed -n '/^Logs/,$s/^  \([a-z][a-z0-9-]*\)  .*/\1/p' |
		tr '\n' ' ')
	for c in $(commands); do
		"$program" "$c" --help | awk -v command="$c" \
		    -v formats="$formats" '
		function values(   n, i, w, out) {
			if (argument ~ /^[a-z]+$/)
				return argument
			if (name == "format")
				return substr(formats, 1, length(formats) - 1)
			n = split(text, w, /[^a-z]+/)
			for (i = 1; i <= n; i++)
				if ((argument == "FORM" &&
				    w[i] ~ /^(text|jsonl?|html)$/) ||
				    (argument == "ORDER" &&
				    w[i] ~ /^(mdy|dmy|ymd)$/) ||
				    (argument == "HOW" &&
				    w[i] ~ /^(ignore|strict)$/))
					out = out (out == "" ? "" : " ") w[i]
			return out
		}
		function flush() {
			if (letter != "" || name != "")
				printf "%s|%s|%s|%s|%s|%s\n", command, letter,
				    name, argument, values(), text
			letter = name = argument = text = ""
		}
		/^  (-|    --)/ {
			flush()
			n = split($0, w, " ")
			i = 1
			if (w[i] ~ /^-[A-Za-z],?$/)
				letter = substr(w[i++], 2, 1)
			if (w[i] ~ /^--/)
				name = substr(w[i++], 3)
			head = substr($0, 7)
			if (match(head, /  +/))
				text = substr(head, RSTART + RLENGTH)
			if (match($0, "(" w[i - 1] ") [^ ]"))
				argument = w[i]
			next
		}
		/^          / {
			sub(/^ +/, "")
			text = text (text == "" ? "" : " ") $0
			next
		}
		{ flush() }
		END { flush() }'
	done
}

# The rows as cases of COMMAND:PREVIOUS, and the options of each command.
bash_words()
{
	echo '# Completion of smtpwire for bash, made from its table of options'
	echo '_smtpwire()'
	echo '{'
	printf '\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n'
	printf '\tlocal prev=${COMP_WORDS[COMP_CWORD-1]} values options\n'
	printf '\tlocal command=${COMP_WORDS[1]} IFS=$'"' \\\\t\\\\n'"'\n'
	cat <<'END'
	COMPREPLY=()
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	if ((COMP_CWORD == 1)); then
END
	printf "\t\tvalues='%s--help --version'\n" "$(commands | tr '\n' ' ')"
	cat <<'END'
		COMPREPLY=($(compgen -W "$values" -- "$cur"))
		return
	fi
	case $command:$prev in
END
	rows | awk -F'|' '$4 != "" {
		p = $2 == "" ? "" : $1 ":-" $2
		p = p ($2 != "" && $3 != "" ? "|" : "")
		p = p ($3 == "" ? "" : $1 ":--" $3)
		printf "\t%s)\n", p
		if ($4 == "FILE" || $4 == "DIR")
			printf "\t\tcompopt -o filenames\n\t\tIFS=$\047\\n\047\n" \
			    "\t\tCOMPREPLY=($(compgen -%s -- \"$cur\"))\n",
			    $4 == "DIR" ? "d" : "f"
		else if ($3 == "interface")
			printf "\t\tvalues=\"any $(ls /sys/class/net " \
			    "2>/dev/null)\"\n\t\tCOMPREPLY=($(compgen -W " \
			    "\"$values\" -- \"$cur\"))\n"
		else if ($5 != "")
			printf "\t\tCOMPREPLY=($(compgen -W \"%s\" -- " \
			    "\"$cur\"))\n", $5
		printf "\t\treturn ;;\n"
	}'
	printf '\tesac\n\tcase $command in\n'
	rows | awk -F'|' '
	{
		if (!($1 in all))
			order[++n] = $1
		if ($2 != "")
			all[$1] = all[$1] " -" $2
		if ($3 != "")
			all[$1] = all[$1] " --" $3
		if ($1 == "check" && !vs++)
			all[$1] = all[$1] " --vs"
	}
	END {
		for (i = 1; i <= n; i++)
			printf "\t%s) options=\"%s\" ;;\n", order[i],
			    substr(all[order[i]], 2)
	}'
	cat <<'END'
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options" -- "$cur"))
	elif [[ $command == read || $command == check ]]; then
		compopt -o filenames
		IFS=$'\n'
		COMPREPLY=($(compgen -f -- "$cur"))
	fi
}
complete -F _smtpwire smtpwire
END
}

zsh_words()
{
	echo '#compdef smtpwire'
	echo '# Completion of smtpwire for zsh, made from its table of options'
	printf '_smtpwire()\n{\n\tlocal -a commands\n\tcommands=(\n'
	summaries | awk -F'\t' -v q="'" '{
		printf "\t\t%s%s:%s%s\n", q, $1, $2, q
	}'
	printf '\t)\n\tif ((CURRENT == 2)); then\n'
	printf '\t\t_describe command commands\n\t\treturn\n\tfi\n'
	printf '\tshift words\n\t((CURRENT--))\n\tcase $words[1] in\n'
	rows | sed 's/[]\\:[]/\\&/g' | awk -F'|' -v q="'" '
	function end() {
		if (last == "read" || last == "check")
			printf " \\\n\t\t    %s*:file:_files%s", q, q
		if (last == "check")
			printf " \\\n\t\t    %s--vs[the right side follows]%s", q, q
		if (last != "")
			printf " ;;\n"
	}
	{
		if ($1 != last) {
			end()
			printf "\t%s)\n\t\t_arguments -s -S", $1
		}
		last = $1
		gsub(q, q "\\" q q, $6)
		action = $5 != "" ? "(" $5 ")" : ""
		if ($4 == "FILE" || $4 == "DIR")
			action = $4 == "DIR" ? "_files -/" : "_files"
		else if ($3 == "interface")
			action = "_net_interfaces"
		tail = "[" $6 "]" ($4 == "" ? "" : ":" $4 ":" action) q
		if ($2 != "" && $3 != "")
			printf " \\\n\t\t    %s(-%s --%s)%s{-%s,--%s%s}%s%s", q,
			    $2, $3, q, $2, $3, $4 == "" ? "" : "=", q, tail
		else if ($2 != "")
			printf " \\\n\t\t    %s-%s%s", q, $2, tail
		else
			printf " \\\n\t\t    %s--%s%s%s", q, $3,
			    $4 == "" ? "" : "=", tail
	}
	END { end() }'
	printf '\tesac\n}\n_smtpwire "$@"\n'
}

fish_words()
{
	echo '# Completion of smtpwire for fish, made from its table of options'
	summaries | awk -F'\t' -v q="'" '{
		printf "complete -c smtpwire -f -n __fish_use_subcommand " \
		    "-a %s -d %s%s%s\n", $1, q, $2, q
	}'
	echo 'complete -c smtpwire -f -n "__fish_seen_subcommand_from live formats explain"'
	echo "complete -c smtpwire -n '__fish_seen_subcommand_from check' -l vs -d 'the right side follows'"
	rows | awk -F'|' -v q="'" '{
		gsub(/[\\\047]/, "\\\\&", $6)
		printf "complete -c smtpwire -n %s__fish_seen_subcommand_from " \
		    "%s%s", q, $1, q
		if ($2 != "")
			printf " -s %s", $2
		if ($3 != "")
			printf " -l %s", $3
		if ($4 == "FILE")
			printf " -r -F"
		else if ($4 == "DIR")
			printf " -x -a %s(__fish_complete_directories)%s", q, q
		else if ($3 == "interface")
			printf " -x -a %sany (ls /sys/class/net 2>/dev/null)%s",
			    q, q
		else if ($4 != "")
			printf " -x%s", $5 == "" ? "" : " -a " q $5 q
		printf " -d %s%s%s\n", q, $6, q
	}'
}

case $shell in
bash | zsh | fish) "${shell}_words" ;;
*)
	echo "completion.sh: $shell: not bash, zsh or fish" >&2
	exit 2
	;;
esac
