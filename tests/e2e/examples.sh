#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# examples.sh - what README and manual show is what happens
exec python3 tests/e2e/examples.py
