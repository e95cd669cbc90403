#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# relay-exim.sh - an Exim on client.example.net that sends to the other
set -e
cat >/etc/exim4/relay.conf <<'END'
primary_hostname = client.example.net
log_file_path = /var/log/exim4/%slog
keep_environment =
trusted_users = root
never_users =
disable_ipv6 = false
begin routers
all:
	driver = manualroute
	route_list = * mx.example.org byname
	self = send
	transport = smtp
begin transports
smtp:
	driver = smtp
	hosts_try_chunking = *
	hosts_try_prdr = *
	hosts_pipe_connect = *
	hosts_avoid_tls = *
	interface = <; 192.0.2.10 ; 2001:db8::10
begin retry
* * F,2h,15m
END
mkdir -p /var/spool/exim4 /var/log/exim4
chown -R Debian-exim:Debian-exim /var/spool/exim4 /var/log/exim4
