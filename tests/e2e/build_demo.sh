#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build_demo.sh - `make demo`, and that set-up is done once and kept in bounds
. tests/lib.sh

build=$(dirname "$O")
mode=$(basename "$O")
: "${CC:=cc}" "${MAKE:=make}"

# Whoever calls one of these during a second run does set-up work.
mkdir "$TMP/bin"
for p in apt-get apt-cache sudo dpkg; do
	# shellcheck disable=SC2016 # for the script that is written
	printf '#!/bin/sh\necho "$0 $*" >>%s/called\nexit 1\n' "$TMP" \
		>"$TMP/bin/$p"
	chmod +x "$TMP/bin/$p"
done

exits demo 0 env PATH="$TMP/bin:$PATH" "$MAKE" --no-print-directory demo \
	BUILD="$build" MODE="$mode" CC="$CC"
has demo-transcript '^session 1 ' "$TMP/out"
has demo-says 'What happened' "$TMP/out"
is demo-messages yes "$(ls "$build"/demo/*.eml >/dev/null && echo yes)"
is demo-no-setup '' "$(cat "$TMP/called" 2>/dev/null)"
lacks demo-no-build '^  CC ' "$TMP/out"
exits check-no-setup 0 env PATH="$TMP/bin:$PATH" sh tests/setup.sh check
is check-no-setup-silent '' "$(cat "$TMP/out" "$TMP/called" 2>/dev/null)"

# Libraries missing on a system without apt-get: named, and stopped.
mkdir "$TMP/bare"
for p in sh cat sed grep id cc gcc env python3 tr; do
	ln -s "$(command -v $p)" "$TMP/bare/$p" 2>/dev/null
done
exits no-apt 1 env PATH="$TMP/bare" PKG_CONFIG=no-such sh \
	tests/setup.sh build
has no-apt-named 'libpcap-dev' "$TMP/out"

# A plan that would bring a mail server, or remove a package, is refused.
plan()
{
	cat >"$TMP/bin/apt-get" <<END
#!/bin/sh
case "\$*" in
*" -s "*) echo "$1" ;;
*) echo "\$*" >>$TMP/installed ;;
esac
END
	cat >"$TMP/bin/apt-cache" <<END
#!/bin/sh
echo "Package: \$2"
[ "\$2" != exim4 ] || echo "Provides: mail-transport-agent"
END
	# shellcheck disable=SC2016 # for the script that is written
	printf '#!/bin/sh\nexec "$@"\n' >"$TMP/bin/sudo"
	rm -f "$TMP/installed"
}
plan 'Inst exim4 (4.96 Debian)'
exits mail-server 1 env PATH="$TMP/bin:$PATH" PKG_CONFIG=false sh \
	tests/setup.sh build
has mail-server-told 'mail server exim4' "$TMP/err"
is mail-server-not-installed '' "$(cat "$TMP/installed" 2>/dev/null)"
plan 'Remv postfix [3.7]'
exits removal 1 env PATH="$TMP/bin:$PATH" PKG_CONFIG=false sh \
	tests/setup.sh build
is removal-not-installed '' "$(cat "$TMP/installed" 2>/dev/null)"
plan 'Inst libpcap-dev (1.10 Debian)'
exits installs 0 env PATH="$TMP/bin:$PATH" PKG_CONFIG=false sh \
	tests/setup.sh build
has installs-without-recommends 'no-install-recommends.*libpcap-dev' \
	"$TMP/installed"

# Lists and packages that cannot be had at once are asked for again.
cat >"$TMP/bin/apt-get" <<END
#!/bin/sh
case "\$*" in
*" -s "*) step=plan often=2 ;;
*update*) step=lists often=3 ;;
*) step=packages often=3 ;;
esac
echo "\$step" >>$TMP/steps
[ "\$(grep -c "\$step" $TMP/steps)" -ge \$often ] || exit 100
END
exits again 0 env PATH="$TMP/bin:$PATH" PKG_CONFIG=false SETUP_PAUSE=0 \
	sh tests/setup.sh build
is again-steps "1 plan 3 lists 1 plan 1 packages 1 lists 1 packages \
1 lists 1 packages" "$(uniq -c "$TMP/steps" | tr -s ' \n' ' ' |
	sed 's/^ //;s/ $//')"
