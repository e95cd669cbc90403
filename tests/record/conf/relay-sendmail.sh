#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# relay-sendmail.sh - a sendmail on client.example.net that sends to the other
set -e
mkdir -p /srv/mail /etc/mail /var/spool/mqueue /var/lib/sendmail
cat >/etc/mail/service.switch <<'END'
hosts	files
aliases	files
END
cat >/srv/mail/relay.mc <<'END'
divert(0)dnl
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confDOMAIN_NAME', `client.example.net')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')dnl
define(`SMART_HOST', `[mx.example.org]')dnl
define(`confLOG_LEVEL', `20')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`no_default_msa')dnl
MAILER(`smtp')dnl
END
m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 \
	/srv/mail/relay.mc >/etc/mail/relay.cf
chmod 700 /var/spool/mqueue
: >/var/lib/sendmail/sendmail.st
# The same by way of an address where no TLS is offered.
sed 's/\[mx\.example\.org\]/[192.0.2.26]/' /etc/mail/relay.cf >/etc/mail/clear.cf
: >/etc/aliases
newaliases -C /etc/mail/relay.cf >/dev/null 2>&1 || true
