# SPDX-License-Identifier: GPL-2.0-or-later
# opensmtpd.sh - OpenSMTPD, smtpd -d -v -T smtp

server_scenes() {
	server_log=/var/log/smtpd.log
	root_make opensmtpd $opensmtpd_packages
	root_make client $client_packages
	hosts_start opensmtpd client
	on_mx sh /srv/record/conf/opensmtpd.sh || die "OpenSMTPD did not start"
	server_version="OpenSMTPD $(package_version opensmtpd)"
	scenes_run "$1" plain clients pipelining content bare verbs aborts \
		auth starttls utf8 refusals limits
}

# OpenSMTPD offers AUTH within TLS only, and its TLS fails: Debian's 6.8 asks
# OpenSSL 3 for a signature with a key that it keeps in another process.
scene_auth() {
	scene opensmtpd-auth "swaks smtplib" \
		"AUTH refused outside TLS by a server that offers none"
	clients_auth 192.0.2.25 PLAIN
	scene_end
}

scene_starttls() {
	scene opensmtpd-starttls "curl swaks msmtp smtplib talk.py" \
		"STARTTLS whose handshake the server breaks off with an alert," \
		"TLS 1.3 and 1.2; 220 but no TLS, commands in STARTTLS's segment"
	clients_starttls 192.0.2.25
	say_starttls 192.0.2.25
	scene_end
}

scene_pipelining() {
	scene opensmtpd-pipelining talk.py \
		"a server that refuses pipelining; commands split at any octet"
	say_pipelined 192.0.2.25
	say_refused_data 192.0.2.25
	say_split 192.0.2.25
	scene_end
}
