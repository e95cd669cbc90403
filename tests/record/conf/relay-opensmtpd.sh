#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# relay-opensmtpd.sh - an OpenSMTPD on client.example.net that sends to the
# other
set -e
cat >/etc/smtpd.conf <<'END'
listen on lo
action out relay host smtp://192.0.2.25 helo client.example.net
match from local for any action out
END
smtpd -d -v -T mta </dev/null >>/var/log/smtpd.log 2>&1 &
sleep 1.5
pgrep -x smtpd >/dev/null
