#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# exim.sh - set up and start Exim on mx.example.org; runs in its root
#
# usage: exim.sh [DEBUG-SELECTORS]
#
# One Exim, several personalities by address: 192.0.2.25 as most are, .26
# refuses at every step, .27 greets late and in several lines, .28 is short
# of time.
set -e
sh /srv/record/conf/tls.sh
chown Debian-exim /etc/ssl/mx.key
cat >/etc/exim4/mx.conf <<'END'
primary_hostname = mx.example.org
domainlist local_domains = example.org : mx.example.org
daemon_smtp_ports = 25 : 465 : 587
tls_on_connect_ports = 465
tls_advertise_hosts = *
tls_certificate = /etc/ssl/mx.crt
tls_privatekey = /etc/ssl/mx.key
log_file_path = /var/log/exim4/%slog
log_selector = +all -pid
host_lookup =
rfc1413_query_timeout = 0s
smtp_banner = ${if eq{$received_ip_address}{192.0.2.27}{mx.example.org ESMTP Exim\nsecond line of the greeting\n\nNo UBE}{mx.example.org ESMTP Exim $version_number $tod_full}}
queue_only = true
chunking_advertise_hosts = *
pipelining_connect_advertise_hosts = ${if eq{$received_ip_address}{192.0.2.27}{:}{*}}
prdr_enable = true
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
accept_8bitmime = true
smtp_etrn_command = /bin/true
smtp_receive_timeout = ${if eq{$received_ip_address}{192.0.2.28}{3s}{5m}}
smtp_accept_max_per_host = ${if eq{$sender_host_address}{192.0.2.13}{2}{20}}
message_size_limit = ${if eq{$received_ip_address}{192.0.2.26}{20000}{10M}}
received_headers_max = 20
recipients_max = 6
recipients_max_reject = false
smtp_max_synprot_errors = 5
smtp_max_unknown_commands = 5
acl_smtp_connect = connect
acl_smtp_helo = helo
acl_smtp_starttls = starttls
acl_smtp_auth = auth
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_predata = predata
acl_smtp_data_prdr = prdr
acl_smtp_data = data
acl_smtp_vrfy = accept
acl_smtp_expn = ${if eq{$received_ip_address}{192.0.2.26}{deny}{accept}}
acl_smtp_etrn = accept

begin acl
accept:
	accept
deny:
	deny
connect:
	accept	!condition = ${if match{$received_ip_address}{\N^192\.0\.2\.2[67]$\N}}
	accept	condition = ${if eq{$received_ip_address}{192.0.2.27}}
		delay = 2s
	deny	hosts = 192.0.2.13
		message = Not you
	defer	hosts = 192.0.2.14
		message = Try again later
	drop	hosts = 192.0.2.15
		message = Go away
	accept
helo:
	defer	condition = ${if eq{$sender_helo_name}{tempfail.example.net}}
		message = Who are you
	deny	condition = ${if eq{$sender_helo_name}{reject.example.net}}
		message = I know who you are
	accept
starttls:
	deny	condition = ${if eq{$received_ip_address}{192.0.2.26}}
		message = No TLS here
	accept
auth:
	deny	condition = ${if eq{$received_ip_address}{192.0.2.26}}
		message = No authentication here
	accept
mail:
	defer	senders = tempfail@example.net
		message = Later
	deny	senders = reject@example.net
		message = Not from you
	drop	senders = disconnect@example.net
		message = Enough
	accept
rcpt:
	defer	local_parts = tempfail
		message = Later
	defer	local_parts = full
		message = 452 4.2.2 Mailbox full
	deny	local_parts = reject
		message = 550 5.1.1 No such user,\nand there never was\none
	defer	local_parts = defer
		message = 421 4.3.2 Closing
	accept	domains = +local_domains
	accept	authenticated = *
	deny	message = relay not permitted
predata:
	defer	senders = data4@example.net
		message = No data now
	deny	senders = data5@example.net
		message = No data
	accept
prdr:
	deny	local_parts = prdr5
		message = This recipient wants no such mail
	defer	local_parts = prdr4
		message = This recipient is greylisting
	accept
data:
	defer	senders = end4@example.net
		message = Greylisted
	deny	senders = end5@example.net
		message = Spam
	deny	condition = ${if match{$h_subject:}{spam}}
		message = No spam
	accept

begin routers
all:
	driver = accept
	transport = null

begin transports
null:
	driver = appendfile
	file = /dev/null
	user = nobody

begin retry
* * F,2h,15m

begin authenticators
plain:
	driver = plaintext
	public_name = PLAIN
	server_prompts = :
	server_condition = ${if and{{eq{$auth2}{alice}}{eq{$auth3}{correct.horse-7}}}}
	server_set_id = $auth2
login:
	driver = plaintext
	public_name = LOGIN
	server_prompts = Username:: : Password::
	server_condition = ${if and{{eq{$auth1}{alice}}{eq{$auth2}{correct.horse-7}}}}
	server_set_id = $auth1
cram:
	driver = cram_md5
	public_name = CRAM-MD5
	server_secret = ${if eq{$auth1}{alice}{correct.horse-7}fail}
	server_set_id = $auth1
ntlm:
	driver = spa
	public_name = NTLM
	server_password = ${if eq{$auth1}{alice}{correct.horse-7}fail}
	server_set_id = $auth1
xoauth2:
	driver = plaintext
	public_name = XOAUTH2
	server_prompts = :
	server_condition = ${if match{$auth1}{\N^user=alice\x01auth=Bearer invented-token-1\x01\N}}
	server_set_id = alice
oauthbearer:
	driver = plaintext
	public_name = OAUTHBEARER
	server_prompts = :
	server_condition = ${if match{$auth1}{Bearer invented-token-1}}
	server_set_id = alice
END
mkdir -p /var/spool/exim4 /var/log/exim4 /run/exim4
chown -R Debian-exim:Debian-exim /var/spool/exim4 /var/log/exim4 /run/exim4
: >>/var/log/exim4/mainlog
chown Debian-exim /var/log/exim4/mainlog
exim4 -C /etc/exim4/mx.conf -bV >/dev/null 2>&1
exim4 -C /etc/exim4/mx.conf -bdf "-d-all${1:-+receive+auth+acl+tls}" \
	</dev/null >>/var/log/exim4/debug.log 2>&1 &
echo $! >/run/exim4/daemon
sleep 1
kill -0 "$(cat /run/exim4/daemon)"
