# SPDX-License-Identifier: GPL-2.0-or-later
# dovecot.sh - Dovecot's LMTP server, Postfix's LMTP client and talk.py

server_scenes() {
	server_log=/var/log/dovecot.log
	root_make dovecot dovecot-core dovecot-lmtpd ethtool
	root_make postfix $postfix_packages
	hosts_start dovecot postfix
	on_mx sh /srv/record/conf/dovecot.sh || die "Dovecot did not start"
	server_version="Dovecot $(package_version dovecot-lmtpd)"
	on_client sh /srv/record/conf/relay-postfix.sh || die "no Postfix"
	scenes_run "$1" lmtp lmtp_postfix
}

scene_lmtp() {
	scene dovecot-lmtp talk.py \
		"LMTP on port 24: LHLO, a reply for each recipient after the dot and" \
		"after BDAT LAST, one of them over quota (452), pipelined, unknown user"
	talk 192.0.2.25 24 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 5
		C: LHLO client.example.net
		S: 250
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C+ RCPT TO:<dave@example.org>
		C+ RCPT TO:<nobody@example.org>
		C+ RCPT TO:<carol@example.org>
		C: DATA
		S: 250
		S: 250
		S: 250
		S: 5
		S: 250
		S: 354
		R+ Subject: to three\r\n\r\n
		body+ 3000
		C: .
		S: 250
		S:
		S: 250
		C+ MAIL FROM:<>
		C+ RCPT TO:<bob@example.org>
		C+ RCPT TO:<carol@example.org>
		BL: Subject: in a chunk\r\n\r\nOne reply for each.\r\n
		S: 250
		S: 250
		S: 250
		S: 250
		S: 250
		C: VRFY bob
		S:
		C: QUIT
		S: 221
		eof
	END
	scene_end
}

scene_lmtp_postfix() {
	on_client postconf 'default_transport=lmtp:inet:mx.example.org:24' \
		'relayhost='
	on_client postfix reload 2>/dev/null
	client_server_log=/var/log/mail.log
	scene dovecot-lmtp-postfix "Postfix's lmtp -v" \
		"LMTP: Postfix delivers to Dovecot, all accepted and mixed"
	message first | on_client sendmail -f $alice $bob carol@example.org
	{ message second; seq 700; } | on_client sendmail -f $alice $bob \
		dave@example.org nobody@example.org
	sleep 3
	scene_end
}
