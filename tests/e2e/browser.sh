#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# browser.sh - the page of -f html in a browser: looked at, clicked, typed at
. tests/lib.sh

build=${O:-build/release}
build=${build%/*}
if ! found=$(sh tests/browser.sh "$build/npm"); then
	skip page-in-a-browser "$found"
	exit 0
fi
mkdir -p "$build/screenshots"
exec node tests/e2e/page.mjs "$(echo "$found" | tail -n 1)" \
	"$(echo "$found" | head -n 1)" "$build/screenshots"
