/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * send.c - the frames of a capture to an interface, as fast as it takes them
 *
 *	send INTERFACE FILE
 *
 * FILE is a pcap of Ethernet in this host's byte order.  Prints the frames
 * that were sent and the seconds that it took.
 */
#define _GNU_SOURCE /* sendmmsg */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, FILE_HEAD = 24, FRAME_HEAD = 16 };

static int open_socket(const char *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	to.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || to.sll_ifindex == 0 ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return -1;
	return fd;
}

/* All of them; what the interface has no room for is tried again. */
static int send_all(int fd, struct mmsghdr *m, unsigned count)
{
	while (count > 0) {
		int n = sendmmsg(fd, m, count, 0);

		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			return -1;
		if (n > 0) {
			m += n;
			count -= (unsigned)n;
		}
	}
	return 0;
}

/* The number of frames sent, -1. */
static long send_file(int fd, uint8_t *p, const uint8_t *end)
{
	struct mmsghdr m[BATCH];
	struct iovec v[BATCH];
	unsigned n = 0;
	long sent = 0;

	memset(m, 0, sizeof(m));
	for (p += FILE_HEAD; end - p > FRAME_HEAD; sent++) {
		uint32_t len;

		memcpy(&len, p + 8, sizeof(len));
		if (len > (size_t)(end - p) - FRAME_HEAD)
			break;
		v[n].iov_base = p + FRAME_HEAD;
		v[n].iov_len = len;
		m[n].msg_hdr.msg_iov = &v[n];
		m[n].msg_hdr.msg_iovlen = 1;
		p += FRAME_HEAD + len;
		if (++n < BATCH)
			continue;
		if (send_all(fd, m, n) != 0)
			return -1;
		n = 0;
	}
	return send_all(fd, m, n) == 0 ? sent : -1;
}

int main(int argc, char **argv)
{
	struct timespec a, b;
	struct stat st;
	uint8_t *octets;
	long sent;
	int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;
	int out = argc == 3 ? open_socket(argv[1]) : -1;

	if (fd < 0 || out < 0 || fstat(fd, &st) != 0 ||
	    st.st_size < FILE_HEAD) {
		perror("send");
		return 1;
	}
	octets = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (octets == MAP_FAILED) {
		perror("send");
		return 1;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	sent = send_file(out, octets, octets + st.st_size);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	if (sent < 0) {
		perror("send");
		return 1;
	}
	printf("%ld %.3f\n", sent, (double)(b.tv_sec - a.tv_sec) +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e9);
	return 0;
}
