# SPDX-License-Identifier: GPL-2.0-or-later
# relay.sh - the servers as each other's clients
#
# What the sending server logs is the client's transcript.

server_scenes() {
	root_make postfix $postfix_packages
	root_make exim $exim_packages
	root_make opensmtpd $opensmtpd_packages
	root_make sendmail $sendmail_packages
	scenes_run "$1" postfix_exim exim_postfix exim_exim \
		sendmail_opensmtpd opensmtpd_sendmail postfix_postfix
}

# receiver SERVER: start it on mx.example.org.
receiver() {
	on_mx sh "/srv/record/conf/$1.sh" || die "$1 did not start"
	mail_log=
	case $1 in
	postfix)
		server_log=/var/log/mail.log
		server_version="Postfix $(package_version postfix)" ;;
	exim)
		server_log=/var/log/exim4/debug.log
		mail_log=/var/log/exim4/mainlog
		server_version="Exim $(package_version exim4-daemon-heavy)" ;;
	opensmtpd)
		server_log=/var/log/smtpd.log
		server_version="OpenSMTPD $(package_version opensmtpd)" ;;
	sendmail)
		server_log=/var/log/traffic.log
		mail_log=/var/log/mail.log
		server_version="sendmail $(package_version sendmail-bin)" ;;
	esac
}

# inject FROM TO...: the message on standard input into the client's queue.
inject() {
	local from=$1
	shift
	on_client sendmail -f "$from" "$@"
}

scene_postfix_exim() {
	hosts_start exim postfix
	receiver exim
	on_client sh /srv/record/conf/relay-postfix.sh || die "no Postfix"
	client_server_log=/var/log/mail.log
	scene relay-postfix-exim "Postfix's smtp -v" \
		"Postfix sends to Exim over IPv6: PIPELINING, several recipients," \
		"mixed results, several mails in a session, a null sender, 8BITMIME"
	message first | inject $alice $bob carol@example.org
	sleep 1
	message second | inject $alice $bob reject@example.org \
		tempfail@example.org
	message bounce | inject '<>' $bob
	{ message umlauts; echo 'Grüße aus Köln'; } | inject $alice $bob
	sleep 4
	scene_end
}

scene_postfix_postfix() {
	hosts_start postfix postfix
	receiver postfix
	on_client sh /srv/record/conf/relay-postfix.sh || die "no Postfix"
	on_client postconf smtp_tls_security_level=may smtp_tls_loglevel=1 \
		smtp_send_xforward_command=yes 'relayhost=[192.0.2.28]'
	on_client postfix reload 2>/dev/null
	client_server_log=/var/log/mail.log
	scene relay-postfix-postfix "Postfix's smtp -v" \
		"Postfix sends to Postfix: opportunistic STARTTLS, then XFORWARD" \
		"and pipelining within TLS; then without TLS, XFORWARD in clear"
	message inside-tls | inject $alice $bob
	sleep 2
	on_client postconf smtp_tls_security_level=none
	on_client postfix reload 2>/dev/null
	sleep 1
	message in-clear | inject $alice $bob
	sleep 2
	scene_end
}

# exim_send FROM TO...: one message, delivered at once by one process.
exim_send() {
	local from=$1
	shift
	client exim4 -C /etc/exim4/relay.conf -odi \
		-d-all+transport+tls+acl+timestamp -f "$from" "$@"
}

scene_exim_postfix() {
	hosts_start postfix exim
	receiver postfix
	on_client sh /srv/record/conf/relay-exim.sh || die "no Exim"
	client_server_log=
	scene relay-exim-postfix "Exim -d" \
		"Exim sends to Postfix: CHUNKING, mixed results, a null sender," \
		"8-bit, a mail of 40 kB"
	message first | exim_send $alice $bob carol@example.org
	message second | exim_send $alice $bob nobody@example.org
	{ message umlauts; echo 'Grüße aus Köln'; } | exim_send '<>' $bob
	{ message large; seq 7000; } | exim_send $alice $bob
	scene_end
}

scene_exim_exim() {
	hosts_start exim exim
	receiver exim
	on_client sh /srv/record/conf/relay-exim.sh || die "no Exim"
	client_server_log=
	scene relay-exim-exim "Exim -d" \
		"Exim sends to Exim: CHUNKING with PRDR, all accepted, mixed, none;" \
		"PIPECONNECT, by which all is sent before the greeting"
	message first | exim_send $alice $bob carol@example.org
	message second | exim_send $alice $bob prdr5@example.org \
		prdr4@example.org
	message third | exim_send $alice prdr5@example.org prdr4@example.org
	message fourth | exim_send $alice $bob
	scene_end
}

scene_sendmail_opensmtpd() {
	hosts_start opensmtpd sendmail
	receiver opensmtpd
	on_client sh /srv/record/conf/relay-sendmail.sh || die "no sendmail"
	client_server_log=
	scene relay-sendmail-opensmtpd "sendmail -v" \
		"sendmail sends to OpenSMTPD: a STARTTLS that fails, then without," \
		"several recipients, mixed results"
	message first | sendmail_send relay $alice $bob carol@example.org
	message second | sendmail_send clear $alice $bob carol@example.org
	message third | sendmail_send clear $alice $bob nobody@example.org \
		reject@example.org
	scene_end
}

# sendmail_send CF FROM TO...
sendmail_send() {
	local cf=$1 from=$2
	shift 2
	client sendmail -C "/etc/mail/$cf.cf" -v -odi -f "$from" "$@"
}

scene_opensmtpd_sendmail() {
	hosts_start sendmail opensmtpd
	receiver sendmail
	on_client sh /srv/record/conf/relay-opensmtpd.sh || die "no OpenSMTPD"
	client_server_log=/var/log/smtpd.log
	scene relay-opensmtpd-sendmail "OpenSMTPD -T mta" \
		"OpenSMTPD sends to sendmail: opportunistic STARTTLS, several" \
		"recipients, mixed results"
	message first | inject $alice $bob carol@example.org
	message second | inject $alice $bob reject@example.org
	sleep 4
	scene_end
}
