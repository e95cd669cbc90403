#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# opensmtpd.sh - set up and start OpenSMTPD on mx.example.org; runs in its root
#
# 192.0.2.25 is as most are, 192.0.2.26 refuses at every step.
set -e
sh /srv/record/conf/tls.sh
sh /srv/record/conf/users.sh
chmod 600 /etc/ssl/mx.key
printf 'alice\t%s\n' "$(openssl passwd -6 -salt invented correct.horse-7)" \
	>/etc/smtpd.users
chmod 640 /etc/smtpd.users
chgrp opensmtpd /etc/smtpd.users 2>/dev/null || true
cat >/etc/aliases <<'END'
postmaster: bob
abuse: bob
staff: bob, carol
END
cat >/etc/smtpd.conf <<'END'
table aliases file:/etc/aliases
table users file:/etc/smtpd.users
pki mx.example.org cert "/etc/ssl/mx.crt"
pki mx.example.org key "/etc/ssl/mx.key"
smtp max-message-size "20000"
smtp limit max-rcpt 6
filter c4 phase connect match src { 192.0.2.14 } reject "450 4.7.1 Try again later"
filter c5 phase connect match src { 192.0.2.13 } reject "554 5.7.1 Not you"
filter cd phase connect match src { 192.0.2.15 } disconnect "421 4.7.0 Go away"
filter h4 phase helo match helo { "tempfail.example.net" } reject "450 4.7.1 Who are you"
filter e4 phase ehlo match helo { "tempfail.example.net" } reject "450 4.7.1 Who are you"
filter h5 phase helo match helo { "reject.example.net" } reject "550 5.7.1 I know who you are"
filter m4 phase mail-from match mail-from { "tempfail@example.net" } reject "451 4.7.1 Later"
filter m5 phase mail-from match mail-from { "reject@example.net" } reject "550 5.7.1 Not from you"
filter md phase mail-from match mail-from { "disconnect@example.net" } disconnect "521 5.7.1 Enough"
filter r4 phase rcpt-to match rcpt-to { "tempfail@example.org" } reject "450 4.2.1 Later"
filter rf phase rcpt-to match rcpt-to { "full@example.org" } reject "452 4.2.2 Mailbox full"
filter r5 phase rcpt-to match rcpt-to { "reject@example.org" } reject "550 5.1.1 No such user"
filter rd phase rcpt-to match rcpt-to { "defer@example.org" } disconnect "421 4.3.2 Closing"
filter d4 phase data match mail-from { "data4@example.net" } reject "451 4.7.1 No data now"
filter d5 phase data match mail-from { "data5@example.net" } reject "554 5.7.1 No data"
filter o4 phase commit match mail-from { "end4@example.net" } reject "451 4.7.1 Greylisted"
filter o5 phase commit match mail-from { "end5@example.net" } reject "550 5.7.1 Spam"
filter no chain { c4, c5, cd, h4, e4, h5, m4, m5, md, r4, rf, r5, rd, d4, d5, o4, o5 }
listen on 192.0.2.25 port 25 tls pki mx.example.org auth-optional <users> hostname mx.example.org
listen on 2001:db8::25 port 25 tls pki mx.example.org auth-optional <users> hostname mx.example.org
listen on 192.0.2.25 port 465 smtps pki mx.example.org auth <users> hostname mx.example.org
listen on 2001:db8::25 port 465 smtps pki mx.example.org auth <users> hostname mx.example.org
listen on 192.0.2.26 port 25 filter no hostname mx.example.org
action null mda "cat >/dev/null" alias <aliases>
match from any for domain "example.org" action null
match from auth for any action null
END
exec smtpd -d -v -T smtp </dev/null >>/var/log/smtpd.log 2>&1 &
sleep 1.5
pgrep -x smtpd >/dev/null
