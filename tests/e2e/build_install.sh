#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build_install.sh - what is installed can be used, and goes away again
. tests/lib.sh

root=$TMP/root
build=$(dirname "$O")
mode=$(basename "$O")
: "${CC:=cc}" "${MAKE:=make}"

install()
{
	"$MAKE" -s --no-print-directory BUILD="$build" MODE="$mode" \
		CC="$CC" PREFIX=/usr LIBDIR=/usr/lib/here DESTDIR="$root" "$@"
}

exits install 0 install install
for f in bin/smtpwire lib/here/libsmtpwire.a lib/here/libsmtpwire.so \
	lib/here/libsmtpwire.so.0 lib/here/pkgconfig/smtpwire.pc \
	include/smtpwire/smtpwire.h share/man/man1/smtpwire.1 \
	share/man/man5/smtpwire-transcript.5 \
	lib/systemd/system/smtpwire@.service \
	share/bash-completion/completions/smtpwire \
	share/zsh/site-functions/_smtpwire \
	share/fish/vendor_completions.d/smtpwire.fish; do
	is "installs-$(basename $f)" yes "$([ -e "$root/usr/$f" ] && echo yes)"
done
unit=$root/usr/lib/systemd/system/smtpwire@.service
has unit-program '^ExecStart=/usr/bin/smtpwire live -i %I ' "$unit"
# By name: not every systemd has them in @system-service.
has unit-landlock '^SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self$' "$unit"
# What the unit passes is taken.
# shellcheck disable=SC2046 # several words
exits unit-options 2 "$root/usr/bin/smtpwire" $(sed -n 's/%I/lo/g
	s/^ExecStart=[^ ]* \(.*\) \$.*/\1/p' "$unit") no-file
has unit-options-taken 'reads no files' "$TMP/err"
if command -v systemd-analyze >"$TMP/out"; then
	sed "s|=/usr/bin/smtpwire|=$root/usr/bin/smtpwire|" "$unit" \
		>"$TMP/smtpwire@lo.service"
	systemd-analyze verify --man=no "$TMP/smtpwire@lo.service" >"$TMP/out" 2>&1
	lacks unit-verified 'smtpwire@' "$TMP/out"
else
	skip unit-verified "systemd-analyze is not installed"
fi
is no-build-path '' "$(grep -rlF "$build" "$root/usr/lib/here/pkgconfig")"
has soname 'SONAME.*libsmtpwire\.so\.0' - <<END
$(objdump -p "$root/usr/lib/here/libsmtpwire.so")
END

# The example of the public header, as it stands there.
sed -n '/Example, complete/,/^ \* The library/p' \
	include/smtpwire/smtpwire.h | sed -n 's/^ \*	//p' >"$TMP/example.c"
has example main "$TMP/example.c"

pc()
{
	PKG_CONFIG_PATH="$root/usr/lib/here/pkgconfig" \
		PKG_CONFIG_SYSROOT_DIR="" pkg-config "$@" smtpwire |
		sed "s|/usr/lib/here|$root&|g; s|-I/usr/include|-I$root&|g"
}

# pkg-config leaves out folders that the compiler knows: name it.
flags="-I$root/usr/include"
# shellcheck disable=SC2046 # several words
exits example-shared 0 "$CC" -std=c11 -Wall -Wextra -Werror "$flags" \
	"$TMP/example.c" -o "$TMP/shared" $(pc --cflags --libs)
exits example-shared-runs 0 env LD_LIBRARY_PATH="$root/usr/lib/here" \
	"$TMP/shared" "$capture"
has example-shared-output '^[0-9]* messages' "$TMP/out"
# The library static, what it stands on shared: systems lack static copies.
# shellcheck disable=SC2046 # several words
exits example-static 0 "$CC" -std=c11 "$flags" "$TMP/example.c" \
	-o "$TMP/static" "$root/usr/lib/here/libsmtpwire.a" \
	$(pkg-config --libs $(pc --print-requires-private))
exits example-static-runs 0 "$TMP/static" "$capture"
exits example-cxx-header 0 sh -c "
	command -v c++ >/dev/null || exit 0
	echo '#include <smtpwire/smtpwire.h>' |
	c++ -x c++ -fsyntax-only -Wall -Werror $flags -"

exits installed-runs 0 "$root/usr/bin/smtpwire" read "$capture"
exits uninstall 0 install uninstall
is nothing-left '' "$(find "$root" ! -type d)"
