#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tls.sh - a key and a self-signed certificate for mx.example.org
[ -f /etc/ssl/mx.pem ] && exit
# RSA: OpenSMTPD 6.8 cannot sign with an elliptic curve under OpenSSL 3.
openssl req -x509 -newkey rsa:2048 -nodes \
	-keyout /etc/ssl/mx.key -out /etc/ssl/mx.crt -days 3650 \
	-subj "/O=Example Mail/CN=mx.example.org" \
	-addext "subjectAltName=DNS:mx.example.org" 2>/dev/null
cat /etc/ssl/mx.key /etc/ssl/mx.crt >/etc/ssl/mx.pem
chmod 644 /etc/ssl/mx.key /etc/ssl/mx.crt /etc/ssl/mx.pem
