#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# browser.sh - a browser, and what drives it, for tests of the page
#
#   tests/browser.sh FOLDER
#
# Installs playwright-core from npm into FOLDER if it is not there.  Prints the
# browser's path and the folder of node_modules, a line each; or why there are
# none, with status 1.
set -u
# The newest that runs on the Node.js of Debian 12, 18.
version=1.61.1
folder=${1:?}

missing()
{
	echo "$*"
	exit 1
}

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser ||
	command -v google-chrome)}
[ -n "$chromium" ] || missing 'no chromium'
command -v node >/dev/null || missing 'no node'
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
	missing 'node is older than 18'
place=$folder/playwright-core-$version
if [ ! -e "$place/node_modules/playwright-core/package.json" ]; then
	command -v npm >/dev/null || missing 'no npm'
	mkdir -p "$folder" || exit 1
	part=$(mktemp -d "$folder/part-XXXXXX") || exit 1
	# Its own browsers are not wanted: no scripts.  Without a home folder
	# that can be written to npm may try for ever to make one.
	if ! timeout 300 npm install --prefix "$part" --cache "$part/cache" \
		--no-save --ignore-scripts --no-audit --no-fund \
		--fetch-retries 1 --fetch-timeout 60000 \
		"playwright-core@$version" >"$part/log" 2>&1; then
		rm -rf "$part"
		missing "playwright-core $version cannot be had from npm"
	fi
	rm -rf "$part/cache"
	# Another may have been quicker.
	mv -T "$part" "$place" 2>/dev/null || rm -rf "$part"
fi
echo "$chromium"
echo "$place"
