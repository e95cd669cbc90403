#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# setup.sh - install what is missing to build smtpwire, or to test it
#
#   tests/setup.sh build|check|ci
#
# Says nothing and does nothing when all is there.  On Debian and its
# relatives it installs packages with apt-get, through sudo when not root; on
# other systems it names what is missing and stops.  It never installs a mail
# server, nor anything whose installation would remove a package.
#
# What cannot be had is asked for again, SETUP_PAUSE seconds later (5), then
# three and nine times as long: a server may fail for a moment, and another
# apt-get may be at work.
set -eu

what=${1:-build}
: "${SETUP_PAUSE:=5}"
case $what in
build | check | ci) ;;
*)
	echo "usage: tests/setup.sh build|check|ci" >&2
	exit 2
	;;
esac

packages=
words=

# need PACKAGE "for people" TEST...: add PACKAGE unless TEST succeeds
need()
{
	package=$1
	word=$2
	shift 2
	if ! "$@" >/dev/null 2>&1; then
		packages="$packages $package"
		words="$words
  $package  ($word)"
	fi
}

has()
{
	command -v "$1"
}

library()
{
	need "$1" "$2" "${PKG_CONFIG:-pkg-config}" --exists "$3"
}

compiler()
{
	has "${CC:-cc}" && printf '#include <stdlib.h>\n' |
		"${CC:-cc}" -x c -fsyntax-only -
}

sanitizers()
{
	printf 'int main(void) { return 0; }\n' |
		clang -fsanitize=address,undefined -x c - -o /dev/null
}

browser()
{
	has chromium || has chromium-browser || has google-chrome
}

header()
{
	printf '#include <%s>\n' "$1" | "${CC:-cc}" -x c -fsyntax-only -
}

sqlite_driver()
{
	ls /usr/lib/*/odbc/libsqlite3odbc.so
}

postgresql_driver()
{
	ls /usr/lib/*/odbc/psqlodbcw.so
}

postgresql_server()
{
	ls /usr/lib/postgresql/*/bin/initdb
}

need gcc "C compiler" compiler
need libc6-dev "headers of the C library" compiler
need pkg-config "finds the libraries" has "${PKG_CONFIG:-pkg-config}"
library libpcap-dev "filters and link types" libpcap
library libssl-dev "SHA-256, certificates" libcrypto
library libgmime-3.0-dev "header fields" gmime-3.0
library libarchive-dev "compressed input" libarchive
library zlib1g-dev "compressed input" zlib
library liblzma-dev "compressed input" liblzma
library libzstd-dev "compressed input" libzstd
need libbz2-dev "compressed input" header bzlib.h
library libjansson-dev "reads transcripts back" jansson
library unixodbc-dev "logs in databases" odbc
need libnids-dev "the second TCP engine" header nids.h
if [ "$what" != build ]; then
	library libcmocka-dev "unit tests" cmocka
	need python3 "runs the tests" has python3
	need tshark "second opinion on captures" has tshark
	need tcpdump "feeds the tests of pipes" has tcpdump
	need jq "the manual's examples" has jq
	need python3-jsonschema "checks what is written" \
		python3 -c 'import jsonschema'
	need openssl "second opinion on digests" has openssl
	need zsh "tries its completion" has zsh
	need fish "tries its completion" has fish
	need iproute2 "hosts of namespaces" has ip
	need xz-utils "compresses test input" has xz
	need zstd "compresses test input" has zstd
	need lz4 "compresses test input" has lz4
	need bzip2 "compresses test input" has bzip2
	need libsqliteodbc "tests of databases" sqlite_driver
	need chromium "looks at pages" browser
	need nodejs "drives the browser" has node
	need npm "brings what drives the browser" has npm
fi
if [ "$what" = ci ]; then
	need make "calls all others" has make
	need git "sources of the distribution" has git
	need clang "second compiler, fuzzers" has clang
	need libclang-rt-14-dev "sanitizers of clang" sanitizers
	need clang-tidy "lint" has clang-tidy
	need clang-format "lint" has clang-format
	need cppcheck "lint" has cppcheck
	need shellcheck "lint" has shellcheck
	need mandoc "lint of the manual" has mandoc
	need valgrind "memory checks" has valgrind
	need tcpflow "compared in speed" has tcpflow
	need gnuplot-nox "draws what is measured" has gnuplot
	need odbc-postgresql "tests of databases" postgresql_driver
	need postgresql-15 "tests of databases" postgresql_server
fi

[ -n "$packages" ] || exit 0

echo "Missing:$words"
if ! command -v apt-get >/dev/null 2>&1; then
	echo "This is not a system with apt-get. Please install what the names" \
		"above stand for, then try again." >&2
	exit 1
fi

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "Please run as root:" \
			"apt-get install --no-install-recommends$packages" >&2
		exit 1
	fi
	as_root=sudo
fi

apt()
{
	# shellcheck disable=SC2086 # as_root is one word or none
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
		-o Dpkg::Use-Pty=0 -o Acquire::Retries=3 \
		-o DPkg::Lock::Timeout=300 --no-install-recommends "$@"
}

# again COMMAND...: until it succeeds, four times at most
again()
{
	for pause in 1 3 9; do
		if "$@"; then
			return 0
		fi
		sleep $((pause * SETUP_PAUSE))
	done
	"$@"
}

update()
{
	apt -o APT::Update::Error-Mode=any update >/dev/null
}

# The plan, with the package lists brought up to date if they are old.
# shellcheck disable=SC2086 # packages is a list of words
if ! plan=$(apt -s install $packages 2>/dev/null); then
	echo "Bringing the package lists up to date (apt-get update)."
	# Without a list that cannot be had all may be there nevertheless.
	again update || echo "Some lists could not be brought up to date."
	plan=$(apt -s install $packages)
fi

if printf '%s\n' "$plan" | grep -q '^Remv '; then
	echo "Installing these would remove other packages; not done:" >&2
	printf '%s\n' "$plan" | grep '^Remv ' >&2
	exit 1
fi
for p in $(printf '%s\n' "$plan" | sed -n 's/^Inst \([^ ]*\).*/\1/p'); do
	if apt-cache show "$p" 2>/dev/null |
		grep -q '^Provides:.*mail-transport-agent'; then
		echo "Installing these would bring the mail server $p;" \
			"not done." >&2
		exit 1
	fi
done

install()
{
	# shellcheck disable=SC2086 # packages is a list of words
	if out=$(apt install $packages 2>&1); then
		return 0
	fi
	# A mirror may have moved on since the lists were fetched.
	update || :
	return 1
}

echo "Installing with apt-get:$packages"
if ! again install; then
	printf '%s\n' "$out" >&2
	echo "apt-get could not install them." >&2
	exit 1
fi
echo "Installed."
