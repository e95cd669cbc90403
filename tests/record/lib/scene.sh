# SPDX-License-Identifier: GPL-2.0-or-later
# scene.sh - one scene: capture, server's log, clients' transcripts
#
# A server file sets:
#   server_log         path, below the server's root, of the log to be cut
#   mail_log           the same of its ordinary log, when that is another
#   client_server_log  the same on the client's host when a server plays the
#                      client
# dump_options, dump_device and dump_filter tell tcpdump what to record; they
# hold for one scene.  client_dump: record on the client's host, too, as
# NAME.client.pcap.

dump_options=''
dump_device=eth0
dump_filter=tcp
client_dump=''
server_log='' mail_log='' client_server_log=''

# scene NAME CLIENTS SHOWS...: begin to record.  CLIENTS and SHOWS go into the
# table of pcaps/README.md.
scene() {
	scene_name=$1
	printf '%s\t%s\t%s\n' "$server_version" "$2" "${*:3}" \
		>"$scratch/out/$1.about"
	say "scene $1"
	rm -f "$scratch/out/$1".*log
	: >"$scratch/out/$1.client.log"
	settle
	server_mark=$(log_size "$mx_pid" "$mx_root" "$server_log")
	[ -z "$mail_log" ] ||
		mail_mark=$(log_size "$mx_pid" "$mx_root" "$mail_log")
	client_mark=0
	[ -z "$client_server_log" ] || client_mark=$(log_size "$client_pid" \
		"$client_root" "$client_server_log")
	dump "$mx_pid" "$1"
	tcpdump_pid=$!
	dump_wait "$1" $tcpdump_pid
	[ -z "$client_dump" ] || {
		dump "$client_pid" "$1.client"
		client_tcpdump_pid=$!
		dump_wait "$1.client" $client_tcpdump_pid
	}
	# The packet socket is open before the line is printed.
	sleep 0.2
}

# dump PID NAME: record what a host sees, in the background.
dump() {
	nsenter -t "$1" --net tcpdump -i "$dump_device" -s 262144 -U \
		--immediate-mode -B 16384 -Z root $dump_options \
		-w "$scratch/out/$2.pcap" "$dump_filter" \
		2>"$scratch/$2.tcpdump.log" &
}

# dump_wait NAME PID: until it does.
dump_wait() {
	until grep -q 'listening on' "$scratch/$1.tcpdump.log"; do
		kill -0 "$2" 2>/dev/null || die "tcpdump: $(cat \
			"$scratch/$1.tcpdump.log")"
		sleep 0.1
	done
}

# scene_end: stop recording, keep what the server logged meanwhile.
scene_end() {
	settle
	kill -INT $tcpdump_pid
	wait $tcpdump_pid 2>/dev/null
	tcpdump_pid=''
	[ -z "$client_dump" ] || {
		kill -INT $client_tcpdump_pid
		wait $client_tcpdump_pid 2>/dev/null
		client_tcpdump_pid=''
	}
	on_mx tail -c "+$((server_mark + 1))" "$server_log" \
		>"$scratch/out/$scene_name.server.log"
	[ -z "$mail_log" ] ||
		on_mx tail -c "+$((mail_mark + 1))" "$mail_log" \
			>"$scratch/out/$scene_name.mail.log"
	[ -z "$client_server_log" ] ||
		on_client tail -c "+$((client_mark + 1))" "$client_server_log" \
			>>"$scratch/out/$scene_name.client.log"
	rm -f "$scratch/out/$scene_name.keylog"
	if on_client test -s /srv/record/keys; then
		on_client cat /srv/record/keys \
			>"$scratch/out/$scene_name.keylog"
		on_client rm /srv/record/keys
	fi
	[ -s "$scratch/out/$scene_name.client.log" ] ||
		rm -f "$scratch/out/$scene_name.client.log"
	dump_options='' dump_device=eth0 dump_filter=tcp client_dump=''
}

log_size() { in_host "$1" "$2" stat -c %s "$3" 2>/dev/null || echo 0; }

# settle: until the server has logged nothing more for a second.
settle() {
	local old=-1 new n=0
	while [ $n -lt 30 ]; do
		new=$(log_size "$mx_pid" "$mx_root" "$server_log")
		[ -z "$client_server_log" ] || new=$new/$(log_size \
			"$client_pid" "$client_root" "$client_server_log")
		[ "$new" = "$old" ] && break
		old=$new
		n=$((n + 1))
		sleep 0.8
	done
}

# scenes_run WANTED SCENE...: the one that is wanted, or all.
scenes_run() {
	local wanted=$1 name
	shift
	for name; do
		[ -z "$wanted" ] || [ "$wanted" = "$name" ] || continue
		scene_$name
	done
}

# client COMMAND...: run on the client's host; what it prints is kept, under
# the command line that made it.
client() {
	{
		printf '$'
		printf ' %q' "$@"
		printf '\n'
		on_client "$@" 2>&1
		printf '[exit %d]\n' $?
	} >>"$scratch/out/$scene_name.client.log"
}

# client_keys COMMAND...: the same; the TLS secrets are kept as well.
client_keys() {
	client env SSLKEYLOGFILE=/srv/record/keys "$@"
}

# talk [OPTION...] HOST PORT: clients/talk.py with a dialogue on standard input.
talk() {
	client python3 /srv/record/clients/talk.py "$@"
}
