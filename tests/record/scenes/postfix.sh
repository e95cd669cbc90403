# SPDX-License-Identifier: GPL-2.0-or-later
# postfix.sh - Postfix 3.7, smtpd -v

client_packages="swaks libnet-ssleay-perl libio-socket-ssl-perl
	libauthen-sasl-perl libdigest-hmac-perl curl msmtp python3 ethtool"

server_scenes() {
	server_log=/var/log/mail.log
	root_make postfix postfix sasl2-bin libsasl2-modules ethtool
	root_make client $client_packages
	hosts_start postfix client
	postfix_up
	scene_plain
}

postfix_up() {
	on_mx sh /srv/record/conf/postfix.sh || die "postfix did not start"
	server_version="Postfix $(package_version postfix)"
	# The first session is another: verbose daemons say much as they start.
	on_client swaks --quit-after HELO --server 192.0.2.25 --silent 3
}

scene_plain() {
	scene postfix-plain swaks \
		"one message each over IPv4 and IPv6, nothing special"
	client swaks --server 192.0.2.25 --from alice@example.net \
		--to bob@example.org --helo client.example.net
	client swaks --server 2001:db8::25 --from alice@example.net \
		--to bob@example.org --helo client.example.net
	scene_end
}
