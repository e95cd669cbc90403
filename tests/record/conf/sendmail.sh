#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# sendmail.sh - set up and start sendmail on mx.example.org; runs in its root
#
# 192.0.2.25 is as most are, 192.0.2.26 refuses at every step and is short of
# time.
set -e
d=/srv/mail
mkdir -p $d
sh /srv/record/conf/tls.sh
sh /srv/record/conf/users.sh
chmod 600 /etc/ssl/mx.key
mkdir -p /etc/mail/sasl
cat >/etc/mail/sasl/Sendmail.conf.2 <<'END'
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256
END
cp /etc/mail/sasl/Sendmail.conf.2 /usr/lib/sasl2/Sendmail.conf
chmod 600 /etc/sasldb2
cat >/etc/aliases <<'END'
postmaster: bob
abuse: bob
staff: bob, carol
END
mkdir -p /etc/mail
echo example.org >/etc/mail/local-host-names
: >/etc/mail/trusted-users
cat >/etc/mail/service.switch <<'END'
hosts	files
aliases	files
END
cat >/etc/mail/access.src <<'END'
Connect:192.0.2.13	ERROR:5.7.1:554 Not you
Connect:192.0.2.14	ERROR:4.7.1:450 Try again later
Connect:192.0.2.15	DISCARD
From:tempfail@example.net	ERROR:4.7.1:451 Later
From:reject@example.net	ERROR:5.7.1:550 Not from you
From:disconnect@example.net	ERROR:5.7.1:521 Enough
To:tempfail@example.org	ERROR:4.2.1:450 Later
To:full@example.org	ERROR:4.2.2:452 Mailbox full
To:reject@example.org	ERROR:5.1.1:550 No such user
To:defer@example.org	ERROR:4.3.2:421 Closing
END
cat >$d/mx.mc <<'END'
divert(0)dnl
VERSIONID(`mx.example.org')
OSTYPE(`debian')dnl
DOMAIN(`debian-mta')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
define(`confDOMAIN_NAME', `mx.example.org')dnl
define(`confSMTP_LOGIN_MSG', `mx.example.org Sendmail $v/$Z; $b')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')dnl
define(`confPRIVACY_FLAGS', `')dnl
define(`confLOG_LEVEL', `20')dnl
define(`confMAX_MESSAGE_SIZE', `20000')dnl
define(`confMAX_HOP', `20')dnl
define(`confMAX_RCPTS_PER_MESSAGE', `6')dnl
define(`confBAD_RCPT_THROTTLE', `0')dnl
define(`confTO_COMMAND', `3s')dnl
define(`confTO_DATABLOCK', `3s')dnl
define(`confTO_IDENT', `0')dnl
define(`confDELIVERY_MODE', `queueonly')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
define(`confCACERT', `/etc/ssl/mx.crt')dnl
define(`confSERVER_CERT', `/etc/ssl/mx.crt')dnl
define(`confSERVER_KEY', `/etc/ssl/mx.key')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM SCRAM-SHA-1 SCRAM-SHA-256')dnl
define(`confAUTH_OPTIONS', `A')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`nouucp', `reject')dnl
FEATURE(`access_db', `hash -T<TMPF> /etc/mail/access')dnl
FEATURE(`blocklist_recipients')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nocanonify')dnl
FEATURE(`use_cw_file')dnl
DAEMON_OPTIONS(`Name=MTA4, Family=inet, Addr=0.0.0.0, Port=25')dnl
DAEMON_OPTIONS(`Name=MTA6, Family=inet6, Addr=2001:db8::25, Port=25')dnl
DAEMON_OPTIONS(`Name=SMTPS, Family=inet, Addr=192.0.2.25, Port=465, Modify=s')dnl
DAEMON_OPTIONS(`Name=SMTPS6, Family=inet6, Addr=2001:db8::25, Port=465, Modify=s')dnl
MAILER(`local')dnl
MAILER(`smtp')dnl
LOCAL_RULESETS
Scheck_data
R$*			$: $&f
R$* data4@example.net $*	$#error $@ 4.7.1 $: "451 No data now"
R$* data5@example.net $*	$#error $@ 5.7.1 $: "554 No data"
Scheck_eom
R$*			$: $&f
R$* end4@example.net $*	$#error $@ 4.7.1 $: "451 Greylisted"
R$* end5@example.net $*	$#error $@ 5.7.1 $: "550 Spam"
END
m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 \
	$d/mx.mc >/etc/mail/mx.cf
makemap hash /etc/mail/access </etc/mail/access.src
mkdir -p /var/spool/mqueue /run/sendmail /var/log
chmod 700 /var/spool/mqueue
: >/etc/mail/statistics
mkdir -p /var/lib/sendmail
: >/var/lib/sendmail/sendmail.st
newaliases -C /etc/mail/mx.cf >/dev/null 2>&1 || true
: >>/var/log/mail.log
python3 /srv/record/clients/syslogd.py /var/log/mail.log \
	</dev/null >/dev/null 2>&1 &
sleep 0.5
sendmail -C /etc/mail/mx.cf -X /var/log/traffic.log -bd -OPidFile=/run/mx.pid
sleep 1
