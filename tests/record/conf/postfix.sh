#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# postfix.sh - set up and start Postfix on mx.example.org; runs in its root
#
# One Postfix, several personalities by address: 192.0.2.25 as most are,
# .26 refuses at every step, .27 has postscreen before it, .28 is short of
# time and trusts its clients with XCLIENT and XFORWARD.
set -e
c=/etc/postfix
sh /srv/record/conf/tls.sh
cat >$c/main.cf <<'END'
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
smtpd_banner = $myhostname ESMTP $mail_name
biff = no
alias_maps = hash:/etc/aliases
local_recipient_maps = $alias_maps
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated,
	reject_unauth_destination
smtp_dns_support_level = disabled
smtp_host_lookup = native
notify_classes =
fast_flush_domains = example.org
smtpd_sasl_auth_enable = yes
broken_sasl_auth_clients = yes
smtpd_sasl_local_domain = example.org
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/ssl/mx.crt
smtpd_tls_key_file = /etc/ssl/mx.key
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtpd_peername_lookup = yes
# Faster than the default second; the delay is still there.
smtpd_error_sleep_time = 0
strict_rfc821_envelopes = no
# Lists of clients, senders and recipients for 192.0.2.26.
connect_access = inline:{ { 192.0.2.13 = 554 5.7.1 Not you }
	{ 192.0.2.14 = 450 4.7.1 Try again later }
	{ 192.0.2.15 = 421 4.7.0 Go away } }
helo_access = inline:{ { tempfail.example.net = 450 4.7.1 Who are you }
	{ reject.example.net = 550 5.7.1 I know who you are } }
sender_access = inline:{ { tempfail@example.net = 451 4.7.1 Later }
	{ reject@example.net = 550 5.7.1 Not from you }
	{ disconnect@example.net = 521 5.7.1 Enough } }
recipient_access = inline:{ { tempfail@example.org = 450 4.2.1 Later }
	{ full@example.org = 452 4.2.2 Mailbox full }
	{ reject@example.org = 550 5.1.1 No such user }
	{ defer@example.org = 421 4.3.2 Closing } }
data_access = inline:{ { data4@example.net = 451 4.7.1 No data now }
	{ data5@example.net = 554 5.7.1 No data } }
end_access = inline:{ { end4@example.net = 451 4.7.1 Greylisted }
	{ end5@example.net = 550 5.7.1 Spam } }
etrn_access = inline:{ { tempfail.example.org = 450 4.7.1 No ETRN now }
	{ example.org = OK } }
END
cat >/etc/aliases <<'END'
postmaster: bob
bob: /dev/null
carol: /dev/null
dave: /dev/null
staff: bob, carol
END
newaliases
mkdir -p $c/sasl
cat >$c/sasl/smtpd.conf <<'END'
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256
END
sh /srv/record/conf/users.sh
chown postfix /etc/sasldb2
# Every smtpd verbose, nothing chrooted (its root has no files of its own).
postconf -M | awk '$2 != "inet" { $5 = "n"; print }' >$c/master.new
cat >>$c/master.new <<'END'
192.0.2.25:25 inet n - n - - smtpd -v
[2001:db8::25]:25 inet n - n - - smtpd -v
465 inet n - n - - smtpd -v -o smtpd_tls_wrappermode=yes
192.0.2.25:587 inet n - n - - smtpd -v
	-o smtpd_tls_security_level=encrypt
	-o { smtpd_relay_restrictions = permit_sasl_authenticated, reject }
192.0.2.26:25 inet n - n - - smtpd -v -o smtpd_delay_reject=no
	-o smtpd_helo_required=yes
	-o { smtpd_client_restrictions = check_client_access $connect_access }
	-o { smtpd_helo_restrictions = check_helo_access $helo_access }
	-o { smtpd_sender_restrictions = check_sender_access $sender_access }
	-o { smtpd_recipient_restrictions = check_recipient_access $recipient_access, reject_unauth_destination }
	-o { smtpd_data_restrictions = check_sender_access $data_access }
	-o { smtpd_end_of_data_restrictions = check_sender_access $end_access }
	-o { smtpd_etrn_restrictions = check_etrn_access $etrn_access }
	-o message_size_limit=20000
	-o smtpd_recipient_limit=5
	-o cleanup_service_name=cleanup2
	-o smtpd_hard_error_limit=8
	-o smtpd_soft_error_limit=4
	-o smtpd_discard_ehlo_keywords=auth,starttls,chunking
cleanup2 unix n - n - 0 cleanup -o hopcount_limit=20
	-o { header_checks = regexp:{ {/^Subject: .*spam/ REJECT 5.7.1 No spam} {/^Subject: .*later/ DEFER_IF_PERMIT x} } }
192.0.2.27:25 inet n - n - 1 postscreen -v
	-o postscreen_greet_wait=2s
	-o postscreen_greet_action=enforce
	-o { postscreen_greet_banner = Welcome, please wait to be seated }
	-o postscreen_pipelining_enable=yes -o postscreen_pipelining_action=enforce
	-o postscreen_non_smtp_command_enable=yes
	-o postscreen_bare_newline_enable=yes -o postscreen_bare_newline_action=enforce
	-o postscreen_cache_map=
smtpd pass - - n - - smtpd -v
192.0.2.28:25 inet n - n - - smtpd -v -o smtpd_timeout=3s
	-o { smtpd_authorized_xclient_hosts = 192.0.2.10 }
	-o { smtpd_authorized_xforward_hosts = 192.0.2.10 }
	-o smtpd_client_connection_count_limit=2
	-o { smtpd_client_event_limit_exceptions = 127.0.0.1 }
END
cp $c/master.new $c/master.cf
rm $c/master.new
postfix start
