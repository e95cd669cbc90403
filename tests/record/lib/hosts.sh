# SPDX-License-Identifier: GPL-2.0-or-later
# hosts.sh - two hosts made of namespaces, and the roots they run in

# root_make NAME PACKAGE...: a root with these packages, made once.
root_make() {
	local name=$1 dir="$scratch/roots/$1"
	shift
	[ -e "$dir/done" ] && return
	mkdir -p "$dir/upper" "$dir/work" "$dir/root" "$dir/fresh"
	say "$name: installing $*"
	unshare --mount --uts --pid --fork bash -c '
		hostname mx.example.org
		. "$1/lib/hosts.sh"; dir=$2; shift 2
		root_mount "$dir"
		cp /etc/resolv.conf "$dir/root/etc/resolv.conf" 2>/dev/null
		printf "#!/bin/sh\nexit 101\n" >"$dir/root/usr/sbin/policy-rc.d"
		chmod +x "$dir/root/usr/sbin/policy-rc.d"
		# A server that fails for a moment is asked again.
		DEBIAN_FRONTEND=noninteractive chroot "$dir/root" sh -c "
			for pause in 5 30 0; do
				apt-get -o Acquire::Retries=3 install -qq -y \
					--no-install-recommends $* && exit 0
				sleep \$pause
				apt-get -o Acquire::Retries=3 update -qq
			done
			exit 1"
		' root_make "$here" "$dir" "$@" >"$dir/install.log" 2>&1 ||
		die "$name: cannot install $* (see $dir/install.log)"
	touch "$dir/done"
}

mx_pid='' client_pid='' wire_pid='' wire_py='' tcpdump_pid=''
client_tcpdump_pid=''

client_packages="swaks libnet-ssleay-perl libio-socket-ssl-perl
	libauthen-sasl-perl libdigest-hmac-perl libauthen-ntlm-perl curl
	msmtp python3 ethtool"
postfix_packages="postfix postfix-pcre sasl2-bin libsasl2-modules openssl ethtool"
exim_packages="exim4-daemon-heavy exim4-base exim4-config openssl ethtool"
opensmtpd_packages="opensmtpd openssl procps ethtool"
sendmail_packages="sendmail-bin sendmail-base sendmail-cf m4 sasl2-bin
	libsasl2-modules python3 openssl ethtool"

# package_version PACKAGE: of the server's host
package_version() { on_mx dpkg-query -W -f '${Version}' "$1"; }

# root_mount DIR [fresh]: the overlay and what a system needs beneath it.  Runs
# in the mount namespace of its host.  Fresh: another overlay upon it, in
# memory, so that what the host writes is forgotten.
root_mount() {
	local r="$1/root" d
	mount -t overlay overlay -o \
		"lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$r" || return 1
	if [ "${2-}" = fresh ]; then
		mount -o remount,ro "$r"
		mount -t tmpfs tmpfs "$1/fresh" || return 1
		mkdir "$1/fresh/upper" "$1/fresh/work"
		mount -t overlay overlay -o "lowerdir=$r,upperdir=$1/fresh/upper,workdir=$1/fresh/work" "$r" ||
			return 1
	fi
	# Of the machine's own folders the host sees the system's alone.
	for d in "$r"/* "$r/var/tmp"; do
		case ${d#"$r/"} in
		bin | boot | dev | etc | lib* | proc | sbin | sys | usr | var) ;;
		*) [ -d "$d" ] && [ ! -L "$d" ] &&
			mount -t tmpfs -o mode=755 tmpfs "$d" ;;
		esac
	done
	chmod 1777 "$r/tmp" "$r/var/tmp"
	mkdir -p "$r/run/lock"
	mount -t proc proc "$r/proc"
	mount -t sysfs sysfs "$r/sys" 2>/dev/null
	mount -t tmpfs -o mode=755 tmpfs "$r/dev"
	for d in null zero full random urandom tty; do
		touch "$r/dev/$d" && mount --bind "/dev/$d" "$r/dev/$d"
	done
	ln -s /proc/self/fd "$r/dev/fd"
	mkdir "$r/dev/shm" "$r/dev/pts"
}

# host_start ROOT HOSTNAME: prints the process id that holds the host.
host_start() {
	local dir="$scratch/roots/$1" fifo="$scratch/host.fifo"
	rm -f "$fifo"
	mkfifo "$fifo"
	unshare --mount --uts --ipc --net --pid --fork --kill-child bash -c '
		hostname "$3"
		. "$1/lib/hosts.sh"
		root_mount "$2" fresh || exit 1
		mkdir -p "$2/root/srv/record"
		cp -r "$1/clients" "$1/conf" "$2/root/srv/record/"
		hosts_files "$2/root" "$3"
		ip link set lo up
		echo up >"$4"
		exec sleep infinity' host "$here" "$dir" "$2" "$fifo" \
		</dev/null >"$scratch/host.log" 2>&1 &
	read -r -t 120 _ <>"$fifo" || die "host $2 did not start"
	pgrep -P $! | head -n 1
}

# hosts_files ROOT HOSTNAME: names without any resolver.
hosts_files() {
	cat >"$1/etc/hosts" <<-END
		127.0.0.1 localhost
		::1 localhost
		192.0.2.25 mx.example.org mx
		192.0.2.10 client.example.net client
		192.0.2.26 mx2.example.org
		2001:db8::25 mx.example.org mx
		2001:db8::10 client.example.net client
	END
	: >"$1/etc/resolv.conf"
	printf 'multi on\norder hosts\n' >"$1/etc/host.conf"
	printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n' \
		>"$1/etc/nsswitch.conf"
	echo "$2" >"$1/etc/hostname"
	echo "$2" >"$1/etc/mailname"
}

# in_host PID ROOT COMMAND...: run in a host, below its root.
in_host() {
	local pid=$1 root="$scratch/roots/$2/root"
	shift 2
	nsenter -t "$pid" --mount --uts --ipc --net --pid \
		chroot "$root" env -i TZ=UTC LC_ALL=C.UTF-8 HOME=/srv TERM=dumb \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin PYTHONDONTWRITEBYTECODE=1 "$@"
}
on_mx() { in_host "$mx_pid" "$mx_root" "$@"; }
on_client() { in_host "$client_pid" "$client_root" "$@"; }

# link_side PID DEVICE MAC IPV4... : name and addresses of one end.
link_side() {
	local pid=$1 dev=$2 mac=$3 a
	shift 3
	nsenter -t "$pid" --net ip link set "$dev" name eth0 address "$mac"
	for a; do
		case $a in
		*:*) nsenter -t "$pid" --net ip addr add "$a/64" dev eth0 nodad ;;
		*) nsenter -t "$pid" --net ip addr add "$a/24" dev eth0 ;;
		esac
	done
	nsenter -t "$pid" --net ip link set eth0 addrgenmode none
	nsenter -t "$pid" --net ip link set eth0 up
}

# hosts_start MXROOT CLIENTROOT: both hosts and the wire between them.
hosts_start() {
	hosts_stop
	mx_root=$1 client_root=$2
	mx_pid=$(host_start "$1" mx.example.org)
	client_pid=$(host_start "$2" client.example.net)
	[ -n "$mx_pid" ] && [ -n "$client_pid" ] || die "no hosts"
	nsenter -t "$mx_pid" --net ip link add swm type veth \
		peer name swc netns "$client_pid" || die "no veth"
	link_ends
}

# link_ends: addresses, and segments as they cross a wire: no offload, so that
# checksums are right.
link_ends() {
	link_side "$mx_pid" swm 02:00:00:00:00:25 \
		192.0.2.25 192.0.2.26 192.0.2.27 192.0.2.28 2001:db8::25
	link_side "$client_pid" swc 02:00:00:00:00:10 \
		192.0.2.10 192.0.2.13 192.0.2.14 192.0.2.15 2001:db8::10
	on_mx ethtool -K eth0 tx off rx off tso off gso off gro off >/dev/null
	on_client ethtool -K eth0 tx off rx off tso off gso off gro off \
		>/dev/null
}

# wire_worsen SEED: put lib/wire.py between the hosts.
wire_worsen() { wire_put wire.py "$1"; }

# wire_put PROGRAM ARGUMENT: put a program of lib/ between the hosts.
wire_put() {
	nsenter -t "$mx_pid" --net ip link del eth0
	unshare --net sleep infinity &
	wire_pid=$!
	sleep 0.3
	nsenter -t "$mx_pid" --net ip link add swm type veth \
		peer name wa netns "$wire_pid"
	nsenter -t "$client_pid" --net ip link add swc type veth \
		peer name wb netns "$wire_pid"
	nsenter -t "$wire_pid" --net ip link set dev wa up
	nsenter -t "$wire_pid" --net ip link set dev wb up
	link_ends
	nsenter -t "$wire_pid" --net /usr/bin/python3 "$here/lib/$1" \
		wa wb "$2" &
	wire_py=$!
	sleep 0.5
}

# wire_mend: the good wire again.
wire_mend() {
	[ -z "$wire_pid" ] && return
	kill "$wire_py" "$wire_pid" 2>/dev/null
	wait "$wire_py" "$wire_pid" 2>/dev/null
	wire_py='' wire_pid=''
}

hosts_stop() {
	[ -n "$tcpdump_pid" ] && kill "$tcpdump_pid" 2>/dev/null
	[ -n "$client_tcpdump_pid" ] && kill "$client_tcpdump_pid" 2>/dev/null
	wire_mend
	[ -n "$mx_pid" ] && kill -9 "$mx_pid" 2>/dev/null
	[ -n "$client_pid" ] && kill -9 "$client_pid" 2>/dev/null
	tcpdump_pid='' client_tcpdump_pid='' mx_pid='' client_pid=''
	return 0
}
