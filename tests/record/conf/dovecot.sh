#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# dovecot.sh - Dovecot's LMTP server on mx.example.org, port 24
set -e
mkdir -p /srv/mail /run/dovecot
useradd -r -m -d /srv/mail/box vmail 2>/dev/null || true
mkdir -p /srv/mail/box
chown vmail /srv/mail/box
cat >/srv/mail/users <<END
bob@example.org:{PLAIN}x:$(id -u vmail):$(id -g vmail)::/srv/mail/box/bob::
carol@example.org:{PLAIN}x:$(id -u vmail):$(id -g vmail)::/srv/mail/box/carol::
dave@example.org:{PLAIN}x:$(id -u vmail):$(id -g vmail)::/srv/mail/box/dave::userdb_quota_rule=*:storage=1
END
chmod 644 /srv/mail/users
cat >/srv/mail/dovecot.conf <<'END'
protocols = lmtp
listen = 192.0.2.25, 2001:db8::25
log_path = /var/log/dovecot.log
mail_debug = yes
auth_debug = yes
ssl = no
hostname = mx.example.org
postmaster_address = postmaster@example.org
mail_location = maildir:~/Maildir
first_valid_uid = 1
lmtp_rcpt_check_quota = no
quota_full_tempfail = yes
lmtp_rawlog_dir = /srv/mail/raw
mail_plugins = quota
plugin {
  quota = maildir:User quota
}
passdb {
  driver = passwd-file
  args = /srv/mail/users
}
userdb {
  driver = passwd-file
  args = /srv/mail/users
}
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
END
mkdir -p /srv/mail/raw
chmod 777 /srv/mail/raw
: >/var/log/dovecot.log
chmod 666 /var/log/dovecot.log
dovecot -c /srv/mail/dovecot.conf
sleep 1
