# SPDX-License-Identifier: GPL-2.0-or-later
# postfix.sh - Postfix, smtpd -v

server_scenes() {
	server_log=/var/log/mail.log
	root_make postfix $postfix_packages
	root_make client $client_packages
	hosts_start postfix client
	on_mx sh /srv/record/conf/postfix.sh || die "postfix did not start"
	server_version="Postfix $(package_version postfix)"
	# The first session is another: verbose daemons say much as they start.
	on_client swaks --quit-after HELO --server 192.0.2.25 --silent 3
	scenes_run "$1" plain clients pipelining content verbs aborts bdat \
		auth auth_refused starttls smtps submission utf8 large \
		refusals limits timeout postscreen xclient attempts \
		bare cooked snapped lossy
}

scene_auth() {
	scene postfix-auth "swaks curl msmtp smtplib" \
		"AUTH PLAIN, LOGIN, CRAM-MD5, DIGEST-MD5, NTLM, SCRAM-SHA-1, SCRAM-SHA-256 (Cyrus SASL)," \
		"with and without initial response, one refused"
	clients_auth 192.0.2.25 PLAIN LOGIN CRAM-MD5 DIGEST-MD5 NTLM
	curl_auth 192.0.2.25 DIGEST-MD5 NTLM
	msmtp_auth 192.0.2.25 plain scram-sha-1 scram-sha-256
	scene_end
}

scene_submission() {
	scene postfix-submission "curl swaks" \
		"port 587: MAIL refused before STARTTLS (530), relaying refused before AUTH, STARTTLS and AUTH"
	client swaks --server 192.0.2.25:587 --helo client.example.net \
		--from $alice --to $bob
	client swaks --server 192.0.2.25:587 --helo client.example.net \
		--from $alice --to $bob --tls
	message submission | client_keys curl -sS -v -k --ssl-reqd \
		--url "smtp://mx.example.org:587/client.example.net" \
		--mail-from "$alice" --mail-rcpt "$bob" --upload-file - \
		--user "alice:$secret"
	scene_end
}

scene_large() {
	scene postfix-large talk.py "a body of 200 kB over IPv6"
	say_large 2001:db8::25 200000
	scene_end
}

scene_postscreen() {
	scene postfix-postscreen talk.py \
		"postscreen: a greeting of two lines, the second after 2 s; one that talks before it; pipelining" \
		"before it was offered; bare LF; QUIT pipelined"
	talk 192.0.2.27 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 4
		C: QUIT
		S: 221
	END
	# Now known, if postscreen has kept it.
	talk 192.0.2.27 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: QUIT
		S: 221
	END
	talk -s 192.0.2.13 192.0.2.27 25 <<-'END'
		C: EHLO early.example.net
		# 220- and at once 250-: the greeting never ends.
		S: 220
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 5
		C: QUIT
		S: 221
	END
	talk -s 192.0.2.14 192.0.2.27 25 <<-'END'
		S: 220
		C+ EHLO client.example.net
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C: QUIT
		eof
	END
	talk -s 192.0.2.15 192.0.2.27 25 <<-'END'
		S: 220
		R: EHLO client.example.net\n
		S:
		C: QUIT
		eof
	END
	scene_end
}

scene_xclient() {
	scene postfix-xclient talk.py \
		"XCLIENT (a new greeting follows) and XFORWARD, before MAIL and inside a mail, refused where they" \
		"may not be used"
	talk 192.0.2.28 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: XCLIENT NAME=spike.example.com PORT=4321 LOGIN=alice
		S: 220
		C: EHLO spike.example.com
		S: 250
		C: XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::99 HELO=six.example.com PROTO=ESMTP
		S: 220
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: XCLIENT NAME=late.example.com
		S: 5
		C: QUIT
		S: 221
	END
	talk 192.0.2.28 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: XFORWARD NAME=spike.example.com ADDR=192.0.2.99 PROTO=ESMTP
		S: 250
		C+ XFORWARD HELO=spike.example.com SOURCE=REMOTE IDENT=4F1C
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C: DATA
		S: 250
		S: 250
		S: 250
		S: 354
		R: Subject: forwarded\r\n\r\nThrough a filter.\r\n.\r\n
		S: 250
		C: XFORWARD NONSENSE=1
		S: 5
		C: QUIT
		S: 221
	END
	talk 192.0.2.25 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: XCLIENT ADDR=192.0.2.99
		S: 5
		C: XFORWARD NAME=spike.example.com
		S: 5
		C: QUIT
		S: 221
	END
	scene_end
}

scene_attempts() {
	dump_filter="tcp or icmp or icmp6"
	scene postfix-attempts "curl talk.py" \
		"connections refused over IPv4 and IPv6 (no server on port 587 there), one that is never answered," \
		"then one that is"
	message refused | client curl -sS -v --connect-timeout 2 \
		--url "smtp://192.0.2.28:587" --mail-from $alice \
		--mail-rcpt $bob --upload-file -
	message refused | client curl -sS -v --connect-timeout 2 \
		--url "smtp://[2001:db8::25]:587" --mail-from $alice \
		--mail-rcpt $bob --upload-file -
	on_mx ip route add blackhole 192.0.2.15/32
	message unanswered | client curl -sS -v --connect-timeout 4 \
		--interface 192.0.2.15 --url "smtp://192.0.2.25" \
		--mail-from $alice --mail-rcpt $bob --upload-file -
	on_mx ip route del blackhole 192.0.2.15/32
	message answered | client curl -sS -v --connect-timeout 2 \
		--interface 192.0.2.15 --url "smtp://192.0.2.25" \
		--mail-from $alice --mail-rcpt $bob --upload-file -
	scene_end
}

# The same little traffic, recorded in other ways.
scene_cooked() {
	dump_device=any dump_options="-y LINUX_SLL2"
	scene postfix-cooked swaks \
		"Linux cooked capture version 2 of all interfaces, IPv4 and IPv6 and the loopback"
	client swaks --server 2001:db8::25 --from $alice --to $bob \
		--helo client.example.net
	on_mx swaks --server 192.0.2.25 --from $alice --to $bob \
		--helo localhost >/dev/null 2>&1
	client swaks --server 192.0.2.25 --from $alice --to $bob \
		--helo client.example.net
	scene_end
}

scene_snapped() {
	dump_options="-s 200"
	scene postfix-snapped "swaks talk.py" \
		"every frame cut after 200 octets"
	client swaks --server 192.0.2.25 --from $alice --to $bob,carol@example.org \
		--helo client.example.net --pipeline
	say_large 192.0.2.25 5000
	scene_end
}

scene_lossy() {
	wire_worsen 1
	dump_options=--time-stamp-precision=nano
	scene postfix-lossy "talk.py smtplib" \
		"a bad wire: real retransmissions, duplicates, segments out of order, selective acknowledgements;" \
		"a body of 100 kB; times in nanoseconds"
	say_large 192.0.2.25 100000
	client python3 /srv/record/clients/smtplib_client.py plain 2001:db8::25
	scene_end
	wire_mend
}
