# SPDX-License-Identifier: GPL-2.0-or-later
# dialogues.sh - what more than one server is told
#
# Each takes the address of the server.  A reply is named where every server
# gives the same, else "S:" takes any.

alice=alice@example.net
bob=bob@example.org
secret='correct.horse-7'	# alice's password, invented

# message NAME: a short message on standard output, LF line ends.
message() {
	cat <<-END
		Date: Sat, 21 Nov 2026 12:00:00 +0000
		From: Alice <$alice>
		To: Bob <$bob>
		Message-ID: <$1@client.example.net>
		Subject: $1

		This is the message called $1.
	END
}

# Everything that may go into one segment goes into one.
say_pipelined() {
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C+ RCPT TO:<carol@example.org>
		C: DATA
		S: 250
		S: 250
		S: 250
		S: 354
		R+ Subject: one\r\nMessage-ID: <one@client.example.net>\r\n\r\n
		C+ The second mail begins in the segment that ends this one.
		C+ .
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C: DATA
		S: 250
		S: 250
		S: 250
		S: 354
		R+ Subject: two\r\nMessage-ID: <two@client.example.net>\r\n\r\n
		C+ The third is dropped by RSET, the fourth has no recipient.
		C+ .
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C+ RSET
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<nobody@elsewhere.example.com>
		# NOOP may only end a group (RFC 2920 3.1).
		C: NOOP
		S: 250
		S: 250
		S: 250
		S: 250
		S: 250
		S: 5
		S: 250
		C+ RSET
		C+ MAIL FROM:<>
		C+ RCPT TO:<bob@example.org>
		C+ RCPT TO:<nobody@elsewhere.example.com>
		C+ RCPT TO:<carol@example.org>
		C: DATA
		S: 250
		S: 250
		S: 250
		S: 5
		S: 250
		S: 354
		R+ Subject: four\r\nMessage-ID: <four@client.example.net>\r\n\r\n
		C+ From the null sender; QUIT is in this segment.
		C+ .
		C: QUIT
		S: 250
		S: 221
		eof
	END
}

# DATA in the segment of a RCPT that is refused: the server decides.
say_refused_data() {
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<nobody@elsewhere.example.com>
		C: DATA
		S: 250
		S: 5
		S:
		C: QUIT
		S:
		eof
	END
}

# Commands cut at odd places, several in no order of segments.
say_split() {
	talk "$1" 25 <<-'END'
		S: 220
		R: EH
		wait 0.05
		R: LO client.example.net\r
		wait 0.05
		R: \n
		S: 250
		R: MAIL FROM:<alice@exa
		wait 0.05
		R: mple.net>\r\nRCPT TO:<bob@
		wait 0.05
		R: example.org>\r\nDA
		wait 0.05
		R: TA\r\n
		S: 250
		S: 250
		S: 354
		R: Subject: split\r\n\r\nThe end comes octet by octet.\r
		wait 0.05
		R: \n
		wait 0.05
		R: .
		wait 0.05
		R: \r
		wait 0.05
		R: \nQU
		S: 250
		R: IT\r\n
		S: 221
		eof
	END
}

# Bodies that are hard to tell: dots, long lines, 8 bits.
say_content() {
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		# Dots: one, two, three; a dot before text; a dot at a line's end.
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ Subject: dots\r\nMessage-ID: <dots@client.example.net>\r\n\r\n
		R+ ..\r\n...\r\n....\r\n..leading\r\ntrailing.\r\n
		R+ middle . dot\r\n.. \r\nQUIT\r\n.\r\n
		R: 
		S: 250
		# An empty message: nothing but the end.
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		C: .
		S:
		# Lines of 998, 1000, 2000 and 9000 octets.
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ Subject: long lines\r\n\r\n
		body+ 1000 1000
		body+ 1002 1002
		body+ 2002 2002
		body 9002 9002
		C: .
		S:
		C: QUIT
		S: 221
		eof
	END
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		# 8-bit text, declared and not.
		C: MAIL FROM:<alice@example.net> BODY=8BITMIME
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n
		R+ Content-Type: text/plain; charset=utf-8\r\n
		R+ Content-Transfer-Encoding: 8bit\r\n\r\n
		C+ Grüße aus Köln, Привет, 你好
		C: .
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ Subject: latin-1 \xe4\xf6\xfc, undeclared\r\n\r\n
		C+ \x80\x81\xfe\xff
		C: .
		S:
		C: QUIT
		S: 221
		eof
	END
}

# Line ends that are none, and NUL.
say_bare() {
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		# Bare LF and bare CR inside, LF.LF and LF.CRLF that end nothing
		# or something: whatever follows is QUIT in either case.
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R: Subject: bare\r\n\r\nbare\nLF\rCR\0NUL\r\n.\r\n
		S:
		C: QUIT
		S:
		eof
	END
	# All lines end in LF alone.
	talk "$1" 25 <<-'END'
		S: 220
		R: EHLO client.example.net\n
		S:
		R: MAIL FROM:<alice@example.net>\n
		S:
		R: RCPT TO:<bob@example.org>\n
		S:
		R: DATA\n
		S:
		R: Subject: all LF\n\nNo CR in this session.\n.\n
		wait 0.3
		R: QUIT\n
		wait 0.3
		R: \r\n.\r\nQUIT\r\n
		eof
	END
	# <LF>.<CR><LF> with a command behind it: smuggling where it ends.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ Subject: smuggling\r\n\r\nFirst.\n.\r\n
		R+ MAIL FROM:<mallory@example.net>\r\nRCPT TO:<bob@example.org>\r\n
		R: DATA\r\nSubject: smuggled\r\n\r\nSecond.\r\n.\r\n
		wait 0.5
		C: QUIT
		eof
	END
}

# Everything beside mail.
say_verbs() {
	talk "$1" 25 <<-'END'
		S: 220
		C: HELP
		S:
		C: helo client.example.net
		S: 250
		C: VRFY bob
		S:
		C: VRFY <bob@example.org>
		S:
		C: VRFY nobody
		S:
		C: EXPN staff
		S:
		C: HELP MAIL
		S:
		C: NOOP
		S: 250
		C: NOOP with an argument
		S:
		C: RSET
		S: 250
		C: ETRN example.org
		S:
		C: TURN
		S:
		C: XYZZY plugh
		S:
		C: RCPT TO:<bob@example.org>
		S: 5
		C: DATA
		S: 5
		C: mail from: alice@example.net
		S:
		C: RSET
		S: 250
		C: Mail From:<alice@example.net> SIZE=1000 BODY=7BIT RET=HDRS
		S:
		C: QUIT
		S: 221
		eof
	END
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO [192.0.2.10]
		S: 250
		C: MAIL FROM:<alice@example.net> NONSENSE=1
		S:
		C: MAIL FROM:<alice@example.net> RET=HDRS ENVID=abc+2B123
		S:
		C: MAIL FROM:<alice@example.net>
		S:
		C: RCPT TO:<bob@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@example.org
		S:
		C: EHLO client.example.net
		S:
		C: 
		S:
		C: STARTTLS now
		S:
		C: AUTH
		S:
		C: BDAT
		S:
		C: EHLO
		S:
		C: QUIT now
		S:
		C: QUIT
		S:
		eof
	END
	# No SMTP at all.
	talk "$1" 25 <<-'END'
		S: 220
		R: GET / HTTP/1.1\r\nHost: mx.example.org\r\nAccept: */*\r\n\r\n
		wait 0.5
		fin
		eof
	END
	talk "$1" 25 <<-'END'
		S: 220
		R: \x16\x03\x01\x00\x05\xff\xfe\0\x01\x02 \x80 binary\r\n
		S:
		R: EHLO \0 nul\r\n
		S:
		fin
		eof
	END
}

# Sessions that end in their midst.
say_aborts() {
	# FIN inside the content.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R: Subject: never ends\r\n\r\nThe client goes away in this li
		wait 0.2
	END
	# RST inside the content.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		body 4000
		wait 0.2
		rst
	END
	# No QUIT.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
	END
	# Not even the greeting is waited for; a half-closed connection.
	talk "$1" 25 <<-'END'
	END
	talk "$1" 25 <<-'END'
		S: 220
		C: NOOP
		S: 250
		C+ NOOP
		C: QUIT
		fin
		S:
		S:
		eof
	END
	# QUIT, and gone before its reply.
	talk "$1" 25 <<-'END'
		S: 220
		C: QUIT
		rst
	END
}

say_bdat() {
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		# Three chunks, the last empty.
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		B: Subject: chunks\r\nMessage-ID: <chunks@client.example.net>\r\n\r\n
		S: 250
		B: .\r\nA lone dot ends nothing in a chunk.\r\n
		S: 250
		C: BDAT 0 LAST
		S: 250
		# All in one segment, chunks that end within a line.
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		B+ Subject: pipelined c
		B+ hunks\r\n\r\nBDAT
		BL+  7 LAST\r\nis text here\r\n
		C: NOOP
		S: 250
		S: 250
		S: 250
		S: 250
		S: 250
		S: 250
		# One chunk of more than a segment.
		C: MAIL FROM:<alice@example.net> SIZE=5022
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		R+ BDAT 5022 LAST\r\nSubject: one chunk\r\n\r\n
		body 5000
		S: 250
		# A chunk without a recipient: refused, but it was sent.
		C: MAIL FROM:<alice@example.net>
		S: 250
		C+ RCPT TO:<nobody@elsewhere.example.com>
		BL: Subject: nobody\r\n\r\nQUIT\r\n\r\n
		S: 5
		S:
		C: RSET
		S:
		C: QUIT
		S:
		eof
	END
	# RSET between chunks.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		B: Subject: x
		S: 250
		C: RSET
		S:
		C: QUIT
		S:
		eof
	END
	# The connection ends inside a chunk; and a size that is none.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: BDAT x LAST
		S: 5
		C: RSET
		S:
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		R: BDAT 1000 LAST\r\nSubject: cut\r\n\r\nOnly a part
		wait 0.2
	END
}

# The clients that people use, curl with bare LF in the message, several messages in a session.
clients_plain() {
	local url="$1"
	case $1 in *:*) url="[$1]" ;; esac
	message curl | client curl -sS -v --url "smtp://$url/client.example.net" \
		--mail-from "$alice" --mail-rcpt "$bob" \
		--mail-rcpt carol@example.org --upload-file -
	message msmtp | client msmtp -d --host="$1" --from="$alice" \
		--domain=client.example.net "$bob"
	client python3 /srv/record/clients/smtplib_client.py plain "$1"
	client swaks --server "$1" --helo client.example.net --from "$alice" \
		--to "$bob,carol@example.org" --pipeline --header 'Subject: swaks'
}

# STARTTLS by each client and by both versions of TLS.
clients_starttls() {
	message curl-tls13 | client_keys curl -sS -v --crlf -k --ssl-reqd --tlsv1.3 \
		--url "smtp://mx.example.org/client.example.net" \
		--mail-from "$alice" --mail-rcpt "$bob" --upload-file -
	message curl-tls12 | client_keys curl -sS -v --crlf -k --ssl-reqd \
		--tls-max 1.2 \
		--url "smtp://mx.example.org/client.example.net" \
		--mail-from "$alice" --mail-rcpt "$bob" --upload-file -
	client swaks --server "$1" --helo client.example.net --from "$alice" \
		--to "$bob" --tls --tls-protocol tlsv1_2
	message msmtp-tls | client msmtp -d --host="$1" --from="$alice" \
		--domain=client.example.net --tls=on --tls-certcheck=off "$bob"
	client_keys python3 /srv/record/clients/smtplib_client.py \
		starttls "$1"
	# A client that trusts nobody.
	message msmtp-distrusts | client msmtp -d --host=mx.example.org \
		--from="$alice" --domain=client.example.net --tls=on "$bob"
}

# What goes wrong around STARTTLS.
say_starttls() {
	# 220, but no TLS follows.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: STARTTLS
		S: 220
		C: NOOP
		wait 0.5
		C: QUIT
		eof
	END
	# Commands in the segment of STARTTLS.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ STARTTLS
		C: NOOP
		S:
		wait 0.3
		fin
		eof
	END
	# TLS, then more SMTP, STARTTLS within it.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: STARTTLS
		S: 220
		tls
		C: EHLO client.example.net
		S: 250
		C: STARTTLS
		S: 5
		C: QUIT
		S: 221
		eof
	END
}

# TLS from the first octet.
clients_smtps() {
	message curl-smtps13 | client_keys curl -sS -v --crlf -k --tlsv1.3 \
		--url "smtps://mx.example.org/client.example.net" \
		--mail-from "$alice" --mail-rcpt "$bob" --upload-file - \
		--user "alice:$secret"
	message curl-smtps12 | client_keys curl -sS -v --crlf -k --tls-max 1.2 \
		--url "smtps://mx.example.org/client.example.net" \
		--mail-from "$alice" --mail-rcpt "$bob" --upload-file - \
		--user "alice:$secret"
	client swaks --server "$1" --helo client.example.net --from "$alice" \
		--to "$bob" --tlsc --auth-user alice --auth-password "$secret"
	client_keys python3 /srv/record/clients/smtplib_client.py smtps "$1"
	# Plain text where TLS is expected.
	talk "$1" 465 <<-'END'
		C: EHLO client.example.net
		wait 0.3
		fin
		eof
	END
}

# AUTH by the clients, as far as server and client know the mechanism.
clients_auth() {
	local host=$1 m
	shift
	for m; do
		client swaks --server "$host" --helo client.example.net \
			--from "$alice" --to "$bob" --auth "$m" \
			--auth-user alice --auth-password "$secret" \
			--quit-after AUTH
	done
	client swaks --server "$host" --helo client.example.net --from "$alice" \
		--to "$bob" --auth PLAIN --auth-user alice \
		--auth-password wrong --quit-after AUTH
	client python3 /srv/record/clients/smtplib_client.py auth "$host"
}
curl_auth() {
	local host=$1 m
	shift
	for m; do
		message "curl-$m" | client curl -sS -v --crlf \
			--url "smtp://$host/client.example.net" \
			--mail-from "$alice" --mail-rcpt "$bob" \
			--upload-file - --user "alice:$secret" \
			--login-options "AUTH=$m"
	done
}
msmtp_auth() {
	local host=$1 m secret=${secret_now:-$secret}
	shift
	for m; do
		message "msmtp-$m" | client msmtp -d --host="$host" \
			--from="$alice" --domain=client.example.net \
			--auth="$m" --user=alice \
			--passwordeval="echo $secret" "$bob"
	done
}

# AUTH as it goes wrong: cancelled, refused, malformed, twice.
say_auth() {
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: AUTH LOGIN
		S: 334
		C: *
		S: 5
		C: AUTH LOGIN
		S: 334
		C: YWxpY2U=
		S: 334
		C: *
		S: 5
		C: AUTH PLAIN
		S: 334
		C: *
		S: 5
		C: AUTH CRAM-MD5
		S:
		C: *
		S: 5
		C: AUTH KERBEROS_V9
		S: 5
		C: AUTH PLAIN not*base64
		S: 5
		C: QUIT
		S:
		eof
	END
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: AUTH LOGIN YWxpY2U=
		S: 334
		C: d3Jvbmc=
		S: 5
		C: AUTH PLAIN AGFsaWNlAHdyb25n
		S: 5
		C: AUTH PLAIN
		S: 334
		C: AGFsaWNlAGNvcnJlY3QuaG9yc2UtNw==
		S: 235
		C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QuaG9yc2UtNw==
		S: 503
		C: MAIL FROM:<alice@example.net> AUTH=alice@example.net
		S: 250
		C: RCPT TO:<nobody@elsewhere.example.com>
		S:
		C: QUIT
		S: 221
		eof
	END
	# AUTH and its response in one segment, then no more.
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ AUTH PLAIN
		C: AGFsaWNlAGNvcnJlY3QuaG9yc2UtNw==
		S:
		S:
		C: QUIT
		eof
	END
}

say_utf8() {
	case $server in
	postfix | exim) utf8_mail "$1" ;;
	esac
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<jörg@exämple.net> SMTPUTF8
		S:
		C: RSET
		S: 250
		C: MAIL FROM:<jörg@exämple.net>
		S:
		C: RSET
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bób@example.org>
		S:
		C: QUIT
		S:
		eof
	END
	client python3 /srv/record/clients/smtplib_client.py utf8 "$1"
}
utf8_mail() {
	talk "$1" 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<jörg@exämple.net> SMTPUTF8
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ Subject: Grüße von Jörg\r\nFrom: Jörg <jörg@exämple.net>\r\n
		R+ To: bob@example.org\r\n\r\n
		C+ Добрый день.
		C: .
		S: 250
		C: QUIT
		S: 221
		eof
	END
}

# say_large HOST SIZE
say_large() {
	talk "$1" 25 <<-END
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net> SIZE=$(($2 + 30))
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ Subject: large\r\n\r\n
		body $2
		C: .
		S: 250
		C: QUIT
		S: 221
		eof
	END
}

# Refused by 192.0.2.26, before there is a mail.
refusals_connect() {
	local a
	for a in 13 14 15; do
		talk -s 192.0.2.$a 192.0.2.26 25 <<-'END'
			S:
			C: EHLO client.example.net
			S:
			C: MAIL FROM:<alice@example.net>
			S:
			C: QUIT
			S:
		END
	done
	talk 192.0.2.26 25 <<-'END'
		S: 220
		C: MAIL FROM:<alice@example.net>
		S:
		C: RSET
		S:
		C: EHLO tempfail.example.net
		S:
		C: HELO reject.example.net
		S:
		C: HELO client.example.net
		S: 250
		C: QUIT
		S: 221
	END
	talk 192.0.2.26 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<tempfail@example.net>
		S: 4
		C: MAIL FROM:<reject@example.net>
		S: 5
		C: ETRN tempfail.example.org
		S:
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<defer@example.org>
		S: 4
		wait 0.2
		fin
		eof
	END
	talk 192.0.2.26 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<disconnect@example.net>
		S: 5
		wait 0.2
		fin
		eof
	END
}

# DATA or the content refused for the sender NAME@example.net; whatever the
# reply to DATA is, the content is sent.
refused_pipelined() {
	talk 192.0.2.26 25 <<-END
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ MAIL FROM:<$1@example.net>
		C+ RCPT TO:<bob@example.org>
		C: DATA
		S: 250
		S: 250
		S:
		R: Subject: from $1\r\n\r\nRefused somewhere.\r\n.\r\n
		S:
		C: QUIT
		wait 0.2
	END
}
refused_by_step() {
	talk 192.0.2.26 25 <<-END
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<$1@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S:
		R: Subject: from $1\r\n\r\nRefused somewhere.\r\n.\r\n
		S:
		C: QUIT
		wait 0.2
	END
}

# Refused by 192.0.2.26, at each step of a mail.
refusals_each() {
	talk 192.0.2.26 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<tempfail@example.org>
		S: 4
		C: RCPT TO:<full@example.org>
		S: 4
		C: RCPT TO:<reject@example.org>
		S: 5
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R: Subject: one of four\r\n\r\nBob alone gets this.\r\n.\r\n
		S: 250
		C: QUIT
		S: 221
	END
	local who
	for who in data4 data5 end4 end5; do
		if [ $server = opensmtpd ]; then
			refused_by_step $who
		else
			refused_pipelined $who
		fi
	done
	talk 192.0.2.26 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R: Subject: buy spam\r\n\r\nRefused for its subject.\r\n.\r\n
		S:
		C: QUIT
		S: 221
	END
}

# Too much for 192.0.2.26.
refusals_limits() {
	local hops
	hops=$(for n in $(seq 25); do
		printf 'Received: by host%d.example.net; ' $n
		printf 'Sat, 21 Nov 2026 12:00:%02d +0000\\r\\n' $n
	done)
	talk 192.0.2.26 25 <<-END
		S: 220
		C: EHLO client.example.net
		S: 250
		C: MAIL FROM:<alice@example.net> SIZE=30000
		S:
		C: RSET
		S: 250
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ Subject: too big\r\n\r\n
		body 30000
		C: .
		S: 5
		C: MAIL FROM:<alice@example.net>
		S: 250
		C: RCPT TO:<bob@example.org>
		S: 250
		C: DATA
		S: 354
		R+ $hops
		R: Subject: loop\r\n\r\nRound and round.\r\n.\r\n
		S:
		C: QUIT
		S: 221
	END
	talk 192.0.2.26 25 <<-END
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C+ RCPT TO:<carol@example.org>
		C+ RCPT TO:<dave@example.org>
		C+ RCPT TO:<staff@example.org>
		C+ RCPT TO:<postmaster@example.org>
		C+ RCPT TO:<abuse@example.org>
		C: RCPT TO:<bob+1@example.org>
		S:
		S: 250
		S: 250
		S: 250
		S: 250
		S: 250
		S:
		S:
		C: QUIT
		S: 221
	END
	talk 192.0.2.26 25 <<-'END'
		S: 220
		C: FOO 1
		S: 5
		C: FOO 2
		S: 5
		C+ FOO 3
		C+ FOO 4
		C+ FOO 5
		C+ FOO 6
		C+ FOO 7
		C+ FOO 8
		C: FOO 9
		eof
	END
}

# 192.0.2.28 waits for three seconds.
say_timeouts() {
	local one two
	talk 192.0.2.28 25 <<-'END'
		S: 220
		eof
	END
	talk 192.0.2.28 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ MAIL FROM:<alice@example.net>
		C: RCPT TO:<bob@example.org>
		S: 250
		S: 250
		eof
	END
	talk 192.0.2.28 25 <<-'END'
		S: 220
		C: EHLO client.example.net
		S: 250
		C+ MAIL FROM:<alice@example.net>
		C+ RCPT TO:<bob@example.org>
		C: DATA
		S: 250
		S: 250
		S: 354
		R: Subject: slow\r\n\r\nNothing more comes
		eof
	END
	# Three at once, two are allowed.
	on_client python3 /srv/record/clients/talk.py -s 192.0.2.13 \
		192.0.2.28 25 <<-'END' >/dev/null &
		S: 220
		wait 1.5
		C: QUIT
		S: 221
	END
	one=$!
	on_client python3 /srv/record/clients/talk.py -s 192.0.2.13 \
		192.0.2.28 25 <<-'END' >/dev/null &
		S: 220
		wait 1.5
		C: QUIT
		S: 221
	END
	two=$!
	sleep 0.5
	talk -s 192.0.2.13 192.0.2.28 25 <<-'END'
		S: 421
		eof
	END
	wait $one $two
}
