# SPDX-License-Identifier: GPL-2.0-or-later
# investigation.sh - what README.md investigates: mail that comes again and
# again, because a firewall forgets the connection while mx scans a message
#
# The times are a fiftieth of what they are in life: mx scans for 8 s, the
# firewall forgets after 4 s, the client waits 12 s and tries again after 10.

server_scenes() {
	root_make postfix $postfix_packages
	server_log=/var/log/mail.log
	client_server_log=/var/log/mail.log
	hosts_start postfix postfix
	wire_put firewall.py 4
	on_mx sh /srv/record/conf/investigation.sh mx || die "no Postfix"
	on_client sh /srv/record/conf/investigation.sh client ||
		die "no Postfix"
	server_version="Postfix $(package_version postfix)"
	# The first session is another: daemons say much as they start.
	message start | inject carol@example.net dave@example.org
	sleep 3
	scene_repeated
}

# inject FROM TO...: the message on standard input into the client's queue.
inject() {
	local from=$1
	shift
	on_client sendmail -f "$from" "$@"
}

# A message with an attachment, so to speak.
report() {
	message report
	seq -f 'Line %04g of the report of this week.' 60
}

scene_repeated() {
	client_dump=yes
	scene investigation "Postfix" "mail that comes again and again"
	message monday | inject carol@example.net $bob
	sleep 2
	report | inject $alice $bob
	sleep 5
	message tuesday | inject carol@example.net $bob dave@example.org
	sleep 25
	message wednesday | inject dave@example.net nobody@example.org $bob
	sleep 25
	on_client postsuper -d ALL 2>/dev/null
	sleep 15
	scene_end
	wire_mend
}
