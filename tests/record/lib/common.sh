# SPDX-License-Identifier: GPL-2.0-or-later
# common.sh - scenes that more than one server plays; $server names it

scene_plain() {
	scene $server-plain swaks \
		"one message each over IPv4 and IPv6, nothing special"
	client swaks --server 192.0.2.25 --from $alice --to $bob \
		--helo client.example.net
	client swaks --server 2001:db8::25 --from $alice --to $bob \
		--helo client.example.net
	scene_end
}

scene_clients() {
	scene $server-clients "curl msmtp smtplib swaks" \
		"messages by four clients, several in a session, several recipients with mixed results," \
		"swaks with PIPELINING; IPv6"
	clients_plain 2001:db8::25
	scene_end
}

scene_pipelining() {
	scene $server-pipelining talk.py \
		"all that may be in one segment is: MAIL RCPT RCPT DATA, the next mail in the segment that ends" \
		"one, RSET, null sender, mixed recipients, QUIT with the dot;" \
		"DATA after a refused RCPT; commands split at any octet"
	say_pipelined 192.0.2.25
	say_refused_data 192.0.2.25
	say_split 192.0.2.25
	scene_end
}

scene_content() {
	scene $server-content talk.py \
		"dot-stuffing, an empty message, lines of 1000 to 9000 octets, 8-bit declared and undeclared"
	say_content 192.0.2.25
	scene_end
}

scene_bare() {
	scene $server-bare talk.py \
		"bare LF, bare CR and NUL in content, a session of LF alone, LF dot CRLF with a mail behind it"
	say_bare 192.0.2.25
	scene_end
}

scene_verbs() {
	scene $server-verbs talk.py \
		"HELO, HELP, VRFY, EXPN, NOOP, RSET, ETRN, TURN, unknown verbs, bad sequences and parameters," \
		"EHLO twice, HTTP and binary rubbish"
	say_verbs 192.0.2.25
	scene_end
}

scene_aborts() {
	scene $server-aborts talk.py \
		"FIN and RST inside DATA, no QUIT, no greeting awaited, half-closed, RST after QUIT"
	say_aborts 192.0.2.25
	scene_end
}

scene_bdat() {
	scene $server-bdat talk.py \
		"BDAT in three chunks with 0 LAST, pipelined chunks, RSET between chunks, a refused chunk that" \
		"was sent, a connection that ends inside a chunk"
	say_bdat 192.0.2.25
	scene_end
}

scene_auth_refused() {
	scene $server-auth-refused talk.py \
		"AUTH cancelled by * at each step, 535, not base64, unknown mechanism, AUTH twice, AUTH= with" \
		"MAIL, response pipelined"
	say_auth 192.0.2.25
	scene_end
}

scene_starttls() {
	scene $server-starttls "curl swaks msmtp smtplib talk.py" \
		"STARTTLS with TLS 1.3 and 1.2, with and without SNI, a client that rejects the certificate," \
		"220 but no TLS, commands in STARTTLS's segment"
	clients_starttls 192.0.2.25
	say_starttls 192.0.2.25
	scene_end
}

scene_smtps() {
	scene $server-smtps "curl swaks smtplib talk.py" \
		"port 465: TLS 1.3 and 1.2 at once, AUTH within, plain text where TLS is expected"
	clients_smtps 192.0.2.25
	scene_end
}

scene_utf8() {
	scene $server-utf8 "talk.py smtplib" \
		"SMTPUTF8 addresses and headers, or their refusal; UTF-8" \
		"addresses without it"
	say_utf8 192.0.2.25
	scene_end
}

scene_refusals() {
	scene $server-refusals talk.py \
		"4xx and 5xx at the greeting, EHLO, MAIL, RCPT, DATA, after the dot, ETRN; 421 that closes"
	refusals_connect
	refusals_each
	scene_end
}

scene_limits() {
	scene $server-limits talk.py \
		"a message too big by SIZE= and by its octets (552, 554)," \
		"one with 25 Received fields, too many recipients, unknown" \
		"verbs until the server has enough"
	refusals_limits
	scene_end
}

scene_timeout() {
	scene $server-timeout talk.py \
		"3 s of silence after the greeting, after RCPT, inside" \
		"DATA: 421 unasked, or closed without a word; too many" \
		"connections, where there is a limit"
	say_timeouts
	scene_end
}
