#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# odbc.sh - the table of an IIS log, in SQLite and in PostgreSQL
#
# Both are private: the drivers are named in a file of their own, PostgreSQL
# is a server of its own that listens on a socket in a folder of its own.
. tests/lib.sh

log=tests/data/iis-native/in090423.log
export ODBCSYSINI="$TMP" ODBCINI="$TMP/odbc.ini"

status=0
"$SMTPWIRE" read odbc:DSN=none >"$TMP/out" 2>"$TMP/err" </dev/null || status=$?
if grep -q 'built without unixODBC' "$TMP/err"; then
	is odbc-absent 3 "$status"
	skip odbc 'built without unixODBC'
	exit 0
fi

driver()
{
	for f in /usr/lib/*/odbc/"$1" /usr/lib64/"$1" /usr/lib/odbc/"$1"; do
		[ -e "$f" ] && echo "$f" && return
	done
}

sqlite=$(driver libsqlite3odbc.so)
postgres=$(driver psqlodbcw.so)
: >"$TMP/odbc.ini"
cat >"$TMP/odbcinst.ini" <<END
[PrivateSQLite]
Driver=$sqlite
[PrivatePostgreSQL]
Driver=$postgres
END

exits odbc-no-dsn 3 "$SMTPWIRE" read 'odbc:DSN=none;UID=joe;PWD=sEcret7'
has odbc-no-dsn-told '^smtpwire: odbc:DSN=none;TABLE=InternetLog: ' "$TMP/err"
is odbc-no-secret 0 "$(cat "$TMP/out" "$TMP/err" | grep -c -i -e secret7 -e joe)"

# The rows of the log as a table: statements for both databases.
python3 - "$log" >"$TMP/rows.sql" <<'END'
import sys
print('CREATE TABLE InternetLog (id integer, parameters text, '
    'ClientHost varchar(255), username varchar(255), LogTime timestamp, '
    'service varchar(255), machine varchar(255), serverip varchar(50), '
    'processingtime int, bytesrecvd int, bytessent int, '
    'servicestatus int, win32status int, operation varchar(255), '
    'target varchar(255));')
for n, line in enumerate(open(sys.argv[1], encoding='latin-1')):
	p = line.rstrip('\r\n').split(', ', 14)
	month, day, year = p[2].split('/')
	time = '%s-%02d-%02d %08s' % (year, int(month), int(day), p[3])
	time = time.replace('  ', ' 0')
	values = [p[14][:-1], p[0], p[1], time, p[4], p[5], p[6]] + p[7:12] + \
	    p[12:14]
	print('INSERT INTO InternetLog VALUES (%d, %s);' % (n, ', '.join(
	    "'%s'" % v.replace("'", "''") for v in values)))
END
"$SMTPWIRE" read -q --no-times "$log" >"$TMP/expected"

# same NAME CONNECTION: the table tells what the log tells
same()
{
	exits "$1" 0 "$SMTPWIRE" read -q --no-times "$2"
	if cmp -s "$TMP/out" "$TMP/expected"; then
		ok "$1-same"
	else
		fail "$1-same" "$(diff "$TMP/expected" "$TMP/out" | head -n 2)"
	fi
	"$SMTPWIRE" read -q -f jsonl "$2" >"$TMP/out" 2>"$TMP/err"
	has "$1-unit" '"unit":"row"' "$TMP/out"
	is "$1-no-secret" 0 "$(cat "$TMP/out" "$TMP/err" | grep -c sEcret7)"
}

# refusals NAME CONNECTION
refusals()
{
	exits "$1-no-table" 3 "$SMTPWIRE" read "$2;TABLE=nothing"
	has "$1-no-table-told" 'the table cannot be read' "$TMP/err"
	exits "$1-injection" 3 "$SMTPWIRE" read \
		"$2;TABLE={InternetLog\"; DROP TABLE InternetLog; --}"
	exits "$1-injection-2" 3 "$SMTPWIRE" read \
		"$2;TABLE={InternetLog WHERE 1=1}"
	exits "$1-other-table" 3 "$SMTPWIRE" read "$2;TABLE=other"
	has "$1-other-table-told" 'not the columns' "$TMP/err"
	exits "$1-still-there" 0 "$SMTPWIRE" read -q "$2"
}

if [ -z "$sqlite" ]; then
	skip odbc-sqlite 'no driver (libsqliteodbc)'
else
	python3 - "$TMP/rows.sql" "$TMP/log.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[2])
db.executescript(open(sys.argv[1], encoding='utf-8').read() +
    'CREATE TABLE other (a int);')
db.commit()
END
	conn="odbc:DRIVER=PrivateSQLite;Database=$TMP/log.db"
	same odbc-sqlite "$conn;PWD=sEcret7"
	refusals odbc-sqlite "$conn"
	sum=$(cksum <"$TMP/log.db")
	"$SMTPWIRE" read -q "$conn;TABLE=internetlog" >/dev/null
	is odbc-sqlite-untouched "$sum" "$(cksum <"$TMP/log.db")"
fi

bin=
for f in /usr/lib/postgresql/*/bin; do
	[ -x "$f/initdb" ] && bin=$f
done
if [ -z "$postgres" ]; then
	skip odbc-postgresql 'no driver (odbc-postgresql)'
	exit 0
elif [ -z "$bin" ]; then
	skip odbc-postgresql 'no server (postgresql)'
	exit 0
fi

# A server does not run as root.
db=$(mktemp -d)
as=
if [ "$(id -u)" = 0 ]; then
	as='runuser -u nobody --'
	chown nobody "$db"
fi
echo sEcret7 >"$db/pw"
chmod 644 "$db/pw"
# shellcheck disable=SC2086 # as is several words or none
{
	(
		cd "$db" && $as "$bin/initdb" -D "$db/data" -U joe -A scram-sha-256 \
			--pwfile="$db/pw" -E UTF8 --no-locale --no-sync &&
			$as "$bin/pg_ctl" -D "$db/data" -w -t 60 -l "$db/log" -o \
				"-c listen_addresses='' -c fsync=off -k $db" start
	) >"$TMP/pg" 2>&1
	started=$?
	trap '$as "$bin/pg_ctl" -D "$db/data" -m immediate stop >/dev/null 2>&1
		rm -rf "$db"' EXIT
}
if [ $started != 0 ]; then
	skip odbc-postgresql "the server does not start: $(tail -n 1 "$TMP/pg")"
	exit 0
fi
(cat "$TMP/rows.sql" && echo 'CREATE TABLE other (a int);') |
	PGPASSWORD=sEcret7 "$bin/psql" -q -h "$db" -U joe -d postgres \
		>"$TMP/pg" 2>&1
conn="odbc:DRIVER=PrivatePostgreSQL;SERVER=$db;DATABASE=postgres;UID=joe"
same odbc-postgresql "$conn;PWD=sEcret7"
refusals odbc-postgresql "$conn;PWD=sEcret7"
exits odbc-postgresql-schema 0 "$SMTPWIRE" read -q \
	"$conn;PWD=sEcret7;TABLE=public.internetlog"
exits odbc-postgresql-password 3 "$SMTPWIRE" read "$conn;PWD=wrong99"
is odbc-postgresql-hidden 0 "$(grep -c wrong99 "$TMP/err")"
