#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# investigation.sh - a Postfix for pcaps/investigation/: `mx` receives, and
# takes its time over what alice sends; `client` sends.  Runs in their roots.
#
# Debugging is what an administrator can switch on for one peer alone.
set -e
cat >/etc/postfix/main.cf <<'END1'
compatibility_level = 3.6
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
maillog_file = /var/log/mail.log
biff = no
alias_maps = hash:/etc/aliases
smtp_dns_support_level = disabled
smtp_host_lookup = native
notify_classes =
END1
case $1 in
mx)
	cat >>/etc/postfix/main.cf <<-'END1'
	myhostname = mx.example.org
	mydestination = mx.example.org, example.org, localhost
	inet_protocols = ipv4
	local_recipient_maps = $alias_maps
	debug_peer_list = 192.0.2.10
	debug_peer_level = 1
	# A scanner of contents; shorter than in life.
	smtpd_end_of_data_restrictions = check_sender_access inline:{ { alice@example.net = sleep 8 } }
	smtpd_timeout = 20s
	END1
	printf '%s: /dev/null\n' bob carol dave >/etc/aliases
	echo 'postmaster: bob' >>/etc/aliases
	;;
client)
	cat >>/etc/postfix/main.cf <<-'END1'
	myhostname = client.example.net
	mydestination = client.example.net, example.net
	inet_interfaces = loopback-only
	inet_protocols = ipv4
	smtp_bind_address = 192.0.2.10
	relayhost = [mx.example.org]
	debug_peer_list = mx.example.org
	debug_peer_level = 1
	smtp_tls_security_level = none
	smtp_connection_cache_on_demand = no
	# Shorter than in life: 600 s, 300 s, 300 s.
	smtp_data_done_timeout = 12s
	minimal_backoff_time = 10s
	maximal_backoff_time = 10s
	queue_run_delay = 5s
	END1
	printf '%s: /dev/null\n' alice carol dave >/etc/aliases
	echo 'postmaster: alice' >>/etc/aliases
	;;
esac
newaliases
postconf -M | awk '{ $5 = "n" } "'"$1"'" == "client" && $1 == "smtp" &&
	$2 == "inet" { next } { print }' >/etc/postfix/master.new
cat /etc/postfix/master.new >/etc/postfix/master.cf
postfix start
