#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# postfix.sh - set up and start Postfix on mx.example.org; runs in its root
set -e
useradd -m bob 2>/dev/null || true
cat >/etc/postfix/main.cf <<END
compatibility_level = 3.6
myhostname = mx.example.org
mydomain = example.org
mydestination = mx.example.org, example.org, localhost
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = all
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
maillog_file = /var/log/mail.log
smtpd_banner = \$myhostname ESMTP \$mail_name
biff = no
alias_maps = hash:/etc/aliases
local_recipient_maps = \$alias_maps unix:passwd.byname
smtp_dns_support_level = disabled
smtp_host_lookup = native
notify_classes =
END
cat >/etc/aliases <<END
postmaster: bob
bob: /dev/null
carol: /dev/null
dave: /dev/null
END
newaliases
# Every smtpd verbose, nothing chrooted (its root has no files of its own).
postconf -M | awk '{ $5 = "n"; print }' >/etc/postfix/master.new
awk '$1 == "smtp" && $2 == "inet" { $8 = "smtpd -v" } { print }' \
	/etc/postfix/master.new >/etc/postfix/master.cf
rm /etc/postfix/master.new
postfix start
