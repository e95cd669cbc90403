# SPDX-License-Identifier: GPL-2.0-or-later
# sendmail.sh - sendmail, -X and its syslog at LogLevel 20

server_scenes() {
	server_log=/var/log/traffic.log
	mail_log=/var/log/mail.log
	root_make sendmail $sendmail_packages
	root_make client $client_packages
	hosts_start sendmail client
	on_mx sh /srv/record/conf/sendmail.sh || die "sendmail did not start"
	server_version="sendmail $(package_version sendmail-bin)"
	scenes_run "$1" plain clients pipelining content bare verbs aborts \
		auth auth_refused starttls smtps utf8 refusals limits timeout
}

scene_auth() {
	scene sendmail-auth "swaks curl msmtp smtplib" \
		"AUTH PLAIN, LOGIN, CRAM-MD5, DIGEST-MD5, SCRAM (Cyrus SASL)," \
		"with and without initial response, one refused"
	clients_auth 192.0.2.25 PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM
	curl_auth 192.0.2.25 DIGEST-MD5
	msmtp_auth 192.0.2.25 scram-sha-1 scram-sha-256
	scene_end
}
