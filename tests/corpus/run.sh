#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh - captures that others made; DIR names their folder
cd "$(dirname "$0")/../.." || exit 2
: "${SMTPWIRE:=${O:-${BUILD:-build}/release}/smtpwire}"
exec python3 tests/corpus/corpus.py "$SMTPWIRE" "${DIR:-../shared/captures}"
