#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# live.sh - set up and start a Postfix that keeps all mail; runs in its root
#
# All goes to one maildir, as it came: what is delivered is the content with
# some fields in front.
set -e
c=/etc/postfix
cat >$c/main.cf <<'END'
compatibility_level = 3.6
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = all
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
maillog_file = /var/log/mail.log
smtp_dns_support_level = disabled
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
virtual_mailbox_domains = example.org
virtual_mailbox_base = /srv/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
virtual_mailbox_limit = 0
END
mkdir -p /srv/mail /srv/out
chown 5000:5000 /srv/mail
chown nobody /srv/out
: >/var/log/mail.log
chmod 644 /var/log/mail.log
# Nothing chrooted (its root has no files of its own); the log tells dialogues.
postconf -M | awk '{ $5 = "n"; if ($2 == "inet") $0 = $0 " -v"; print }' \
	>$c/master.new
mv $c/master.new $c/master.cf
postfix start
