#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# users.sh - the users of mx.example.org, and alice's password for SASL
for u in bob carol dave; do
	id $u >/dev/null 2>&1 || useradd -M -s /usr/sbin/nologin $u
	mkdir -p /home/$u
	chown $u /home/$u
done
command -v saslpasswd2 >/dev/null || exit 0
echo "correct.horse-7" | saslpasswd2 -p -c -u example.org alice
echo "correct.horse-7" | saslpasswd2 -p -c -u mx.example.org alice
