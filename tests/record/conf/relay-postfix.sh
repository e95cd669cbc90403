#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# relay-postfix.sh - a Postfix on client.example.net that sends to the other
set -e
cat >/etc/postfix/main.cf <<'END'
compatibility_level = 3.6
myhostname = client.example.net
mydestination = client.example.net
inet_interfaces = loopback-only
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
maillog_file = /var/log/mail.log
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_bind_address = 192.0.2.10
smtp_bind_address6 = 2001:db8::10
relayhost = [mx.example.org]
smtp_tls_security_level = none
smtp_address_preference = ipv6
lmtp_host_lookup = native
smtp_connection_cache_destinations = mx.example.org
smtp_destination_concurrency_limit = 1
default_destination_recipient_limit = 10
END
postconf -M | awk '{ $5 = "n" } $1 == "smtp" && $2 == "inet" { next }
	$8 == "smtp" || $8 == "lmtp" { $8 = $8 " -v" } { print }' \
	>/etc/postfix/master.new
cat /etc/postfix/master.new >/etc/postfix/master.cf
: >/etc/aliases
newaliases
postfix start
