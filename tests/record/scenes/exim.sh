# SPDX-License-Identifier: GPL-2.0-or-later
# exim.sh - Exim, -d with the selectors that show the dialogue

server_scenes() {
	server_log=/var/log/exim4/debug.log
	mail_log=/var/log/exim4/mainlog
	root_make exim $exim_packages
	root_make client $client_packages
	hosts_start exim client
	on_mx sh /srv/record/conf/exim.sh || die "Exim did not start"
	server_version="Exim $(package_version exim4-daemon-heavy)"
	scenes_run "$1" plain clients pipelining content bare verbs aborts \
		bdat prdr auth auth_refused starttls smtps utf8 large \
		refusals limits timeout greeting stamped
}

scene_pipelining() {
	scene exim-pipelining talk.py \
		"as postfix-pipelining; and a client that pipelines before the greeting (PIPECONNECT)"
	say_pipelined 192.0.2.25
	say_refused_data 192.0.2.25
	say_split 192.0.2.25
	# What Exim's own client does to a server that it knows.
	talk 192.0.2.25 25 <<-'END'
		C+ EHLO client.example.net
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C: DATA
		S: 220
		S: 250
		S: 250
		S: 250
		S: 354
		R: Subject: all at once\r\n\r\nOne round trip saved.\r\n.\r\nQUIT\r\n
		S: 250
		S: 221
		eof
	END
	scene_end
}

scene_prdr() {
	local to
	scene exim-prdr talk.py \
		"PRDR: 353 and a reply for each recipient after the dot and after BDAT LAST: all accepted, mixed," \
		"none; one recipient only; PRDR not asked for"
	for to in "bob carol" "bob prdr5 prdr4" "prdr5 prdr4" "bob"; do
		{
			printf 'S: 220\nC: EHLO client.example.net\nS: 250\n'
			printf 'C+ MAIL FROM:<alice@example.net> PRDR\n'
			printf 'C+ RCPT TO:<%s@example.org>\n' $to
			printf 'C: DATA\nS: 250\n'
			printf 'S: 250 %.0s\n' $to | sed 's/ $//'
			printf 'S: 354\nR+ Subject: to %s\\r\\n\\r\\n\n' "$to"
			printf 'R: What does each of you say?\\r\\n.\\r\\n\n'
			# One more reply than can be known: wait for them all.
			printf 'S:\nwait 0.3\nC: NOOP\nwait 0.3\nC: QUIT\neof\n'
		} | talk 192.0.2.25 25
	done
	talk 192.0.2.25 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ MAIL FROM:<alice@example.net> PRDR
		C+ RCPT TO:<bob@example.org>
		C+ RCPT TO:<prdr4@example.org>
		BL: Subject: in a chunk\r\n\r\nWhat does each of you say?\r\n
		S: 250
		S: 250
		S: 250
		S: 353
		S: 250
		S: 4
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: RCPT TO:<prdr5@example.org>
		S: 250
		C: DATA
		S: 354
		R: Subject: no PRDR\r\n\r\nOne verdict for all.\r\n.\r\n
		S: 250
		C: QUIT
		S: 221
		eof
	END
	scene_end
}

scene_auth() {
	scene exim-auth "swaks curl msmtp smtplib" \
		"AUTH PLAIN, LOGIN, CRAM-MD5, NTLM, XOAUTH2, OAUTHBEARER (Exim's own authenticators), with and" \
		"without initial response, some refused"
	clients_auth 192.0.2.25 PLAIN LOGIN CRAM-MD5 NTLM
	curl_auth 192.0.2.25 CRAM-MD5 NTLM
	msmtp_auth 192.0.2.25 plain ntlm
	local secret_now
	for secret_now in invented-token-1 expired-token-2; do
		msmtp_auth 192.0.2.25 xoauth2 oauthbearer
		message "curl-oauthbearer" | client curl -sS -v \
			--url "smtp://192.0.2.25/client.example.net" \
			--mail-from "$alice" --mail-rcpt "$bob" \
			--upload-file - --user alice: \
			--oauth2-bearer $secret_now
	done
	scene_end
}

scene_auth_refused() {
	scene exim-auth-refused talk.py \
		"AUTH cancelled by * at each step, 535, not base64, unknown mechanism, AUTH twice, AUTH= with" \
		"MAIL, response pipelined, AUTH where it is refused"
	say_auth 192.0.2.25
	talk 192.0.2.26 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QuaG9yc2UtNw==
		S: 5
		C: STARTTLS
		S: 5
		C: QUIT
		S: 221
		eof
	END
	scene_end
}

scene_large() {
	scene exim-large talk.py \
		"a body of 150 kB in three BDAT chunks"
	talk 192.0.2.25 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		R+ BDAT 50018\r\nSubject: large\r\n\r\n
		body 50000
		S: 250
		R+ BDAT 50000\r\n
		body 50000 998
		S: 250
		R+ BDAT 50000 LAST\r\n
		body 50000 80
		S: 250
		C: QUIT
		S: 221
		eof
	END
	scene_end
}

scene_greeting() {
	scene exim-greeting talk.py \
		"a greeting of four lines after 2 s; one that talks before it (554, synchronization error)"
	talk 192.0.2.27 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: QUIT
		S: 221
		eof
	END
	talk 192.0.2.27 25 <<-'END'
		C: HELO early.example.net
		S: 554
		eof
	END
	scene_end
}

# The other shape of the debug log: each line with its time and process.
scene_stamped() {
	on_mx sh -c 'kill $(cat /run/exim4/daemon)'
	sleep 1
	on_mx sh /srv/record/conf/exim.sh \
		+receive+auth+acl+tls+timestamp+pid || die "no Exim"
	scene exim-stamped "swaks smtplib" \
		"two sessions at a time; the server's log has time and process in each line"
	on_client python3 /srv/record/clients/smtplib_client.py plain \
		192.0.2.25 >"$scratch/other.log" 2>&1 &
	client swaks --server 2001:db8::25 --from $alice --to $bob \
		--helo client.example.net
	wait $!
	{
		echo '$ python3 smtplib_client.py plain 192.0.2.25'
		cat "$scratch/other.log"
	} >>"$scratch/out/exim-stamped.client.log"
	scene_end
}
