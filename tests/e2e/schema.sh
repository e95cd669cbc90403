#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# schema.sh - JSON that is written fits the schemas that go with the manual
exec python3 tests/e2e/schema.py
