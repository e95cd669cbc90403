/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * false_pcap.h - for the fuzzer of interfaces: a libpcap that does what a
 * script says, in place of the one that is loaded, with counters of the
 * interface and a descriptor of its own
 *
 * It holds who calls it against the contract of libpcap: what is called in
 * which state, and that all is given back.
 */
#ifndef FALSE_PCAP_H
#define FALSE_PCAP_H

#include <errno.h>
#include <poll.h>

#include "base/library.h"
#include "fuzz/false_ring.h"

/* Of no open file. */
enum { FALSE_FD = 1 << 20, FALSE_WAKE_FD };

struct pcap {
	bool active, filtered, nonblocking, broken;
	char error[PCAP_ERRBUF_SIZE];
};

/* --- opening -------------------------------------------------------------- */

static pcap_t *false_create(const char *name, char *error)
{
	pcap_t *p;

	require(*name);
	snprintf(error, PCAP_ERRBUF_SIZE, "no interface \x1b[31m");
	if (world.fault == FAULT_CREATE)
		return NULL;
	p = calloc(1, sizeof(*p));
	require(p);
	world.open++;
	return p;
}

static void false_close(pcap_t *p)
{
	world.open--;
	free(p);
}

static int false_set(pcap_t *p, int value)
{
	require(!p->active && value > 0);
	return 0;
}

static int false_set_precision(pcap_t *p, int precision)
{
	require(!p->active && precision == PCAP_TSTAMP_PRECISION_NANO);
	return world.nanoseconds ? 0 : PCAP_ERROR_TSTAMP_PRECISION_NOTSUP;
}

static int false_precision(pcap_t *p)
{
	(void)p;
	return world.nanoseconds ? PCAP_TSTAMP_PRECISION_NANO :
	    PCAP_TSTAMP_PRECISION_MICRO;
}

static int false_activate(pcap_t *p)
{
	static const int codes[FAULT_COUNT] = {
		[FAULT_WARNING] = PCAP_WARNING_PROMISC_NOTSUP,
		[FAULT_DENIED] = PCAP_ERROR_PERM_DENIED,
		[FAULT_PROMISCUOUS] = PCAP_ERROR_PROMISC_PERM_DENIED,
		[FAULT_NO_DEVICE] = PCAP_ERROR_NO_SUCH_DEVICE,
		[FAULT_ACTIVATE] = PCAP_ERROR,
		[FAULT_NOT_UP] = PCAP_ERROR_IFACE_NOT_UP,
	};
	int code = codes[world.fault];

	require(!p->active);
	if (code == PCAP_ERROR)
		snprintf(p->error, sizeof(p->error), "no ring \x9b\n");
	p->active = code >= 0;
	return code;
}

static char *false_geterr(pcap_t *p)
{
	return p->error;
}

static const char *false_statustostr(int code)
{
	require(code < 0 && code != PCAP_ERROR);
	return "not up";
}

static int false_datalink(pcap_t *p)
{
	require(p->active);
	return world.dlt;
}

static int false_set_datalink(pcap_t *p, int dlt)
{
	require(p->active && dlt == DLT_LINUX_SLL2);
	if (world.fault == FAULT_NO_SLL2)
		return PCAP_ERROR;
	world.dlt = dlt;
	return 0;
}

static int false_compile(pcap_t *p, struct bpf_program *code,
    const char *expression, int optimize, bpf_u_int32 mask)
{
	(void)optimize;
	require(p->active && *expression && mask == PCAP_NETMASK_UNKNOWN);
	if (world.fault == FAULT_NO_FILTER ||
	    (world.fault == FAULT_NO_TAGS && strstr(expression, "vlan"))) {
		snprintf(p->error, sizeof(p->error), "no \x1b" "filter");
		return PCAP_ERROR;
	}
	code->bf_len = 1;
	code->bf_insns = calloc(1, sizeof(*code->bf_insns));
	require(code->bf_insns);
	world.programs++;
	return 0;
}

static int false_setfilter(pcap_t *p, struct bpf_program *code)
{
	require(p->active && code->bf_len == 1 && code->bf_insns);
	p->filtered = world.fault != FAULT_SET_FILTER;
	return p->filtered ? 0 : PCAP_ERROR;
}

static void false_freecode(struct bpf_program *code)
{
	world.programs--;
	free(code->bf_insns);
	code->bf_insns = NULL;
}

static int false_setnonblock(pcap_t *p, int nonblock, char *error)
{
	require(p->active && nonblock);
	if (world.fault == FAULT_NONBLOCK) {
		snprintf(error, PCAP_ERRBUF_SIZE, "it blocks");
		return PCAP_ERROR;
	}
	p->nonblocking = true;
	return 0;
}

static int false_selectable_fd(pcap_t *p)
{
	require(p->active && p->filtered);
	return world.fault == FAULT_NO_FD ? PCAP_ERROR : FALSE_FD;
}

/* --- capturing ------------------------------------------------------------ */

static int false_stats(pcap_t *p, struct pcap_stat *r)
{
	require(p->active);
	if (world.no_counters)
		return PCAP_ERROR;
	*r = world.counters;
	return 0;
}

static int false_fail(pcap_t *p, uint8_t how)
{
	static const int codes[] = { PCAP_ERROR, PCAP_ERROR_NOT_ACTIVATED,
		PCAP_ERROR_NO_SUCH_DEVICE, PCAP_ERROR_IFACE_NOT_UP };

	if (how % 4 == 0)
		snprintf(p->error, sizeof(p->error), "it disappeared");
	world.failed = true;
	return codes[how % 4];
}

/* As libpcap, which tells of an error before any frame. */
static int false_dispatch(pcap_t *p, int count, pcap_handler handler,
    u_char *user)
{
	int done = 0;
	enum op op;

	require(p->nonblocking && count == -1 && !world.failed);
	world.frames_before = world.frames;
	world.file_before = world.file.len;
	while (!p->broken && false_is_of_ring(op = false_peek())) {
		if (op == OP_ERROR && done > 0)
			break;
		cursor_skip(&world.script, 1);
		if (op == OP_ERROR)
			return false_fail(p, cursor_u8(&world.script));
		if (op == OP_BREAK)
			return PCAP_ERROR_BREAK;
		if (op == OP_BLOCK)
			break;
		if (op == OP_OVERSIZED)
			false_oversized(handler, user);
		else if (op < OP_OVERSIZED)
			false_frame_of(op, handler, user);
		else
			false_run(op);
		done += op <= OP_OVERSIZED;
	}
	if (p->broken)
		done = PCAP_ERROR_BREAK;
	p->broken = false;
	if (done == 0 && false_peek() == OP_COUNT && world.gone_at_end)
		return false_fail(p, 0);
	return done;
}

static void false_breakloop(pcap_t *p)
{
	p->broken = true;
}

/* --- waiting -------------------------------------------------------------- */

static int false_wake(struct pollfd *fds, nfds_t n, uint8_t what)
{
	if (n < 2 || fds[1].fd != FALSE_WAKE_FD)
		return 0;
	world.wake = what;
	fds[1].revents = POLLIN;
	return 1;
}

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct cursor *c = &world.script;
	enum op op = false_peek();

	if (fds[0].fd != FALSE_FD)
		return __real_poll(fds, n, timeout);
	require(timeout >= 0 && (fds[0].events & POLLIN));
	if (op == OP_COUNT)
		return world.gone_at_end ? 0 : false_wake(fds, n, 0);
	if (false_is_of_ring(op)) {
		fds[0].revents = POLLIN;
		return 1;
	}
	cursor_skip(c, 1);
	if (op == OP_PAUSE)
		false_pass(cursor_u8(c) * FALSE_SECOND);
	else if (op == OP_WAKE)
		return false_wake(fds, n, cursor_u8(c));
	else if (op == OP_DOWN)
		fds[0].revents = POLLERR;
	errno = EINTR;
	return op == OP_INTERRUPTED ? -1 : op == OP_DOWN;
}

/* --- in its place --------------------------------------------------------- */

#define FALSE_FUNCTION(name, f) { "pcap_" name, (void (*)(void))(f) }

static const struct {
	const char *name;
	void (*pointer)(void);
} false_functions[] = {
	FALSE_FUNCTION("create", false_create),
	FALSE_FUNCTION("set_snaplen", false_set),
	FALSE_FUNCTION("set_promisc", false_set),
	FALSE_FUNCTION("set_timeout", false_set),
	FALSE_FUNCTION("set_buffer_size", false_set),
	FALSE_FUNCTION("set_tstamp_precision", false_set_precision),
	FALSE_FUNCTION("get_tstamp_precision", false_precision),
	FALSE_FUNCTION("activate", false_activate),
	FALSE_FUNCTION("close", false_close),
	FALSE_FUNCTION("geterr", false_geterr),
	FALSE_FUNCTION("statustostr", false_statustostr),
	FALSE_FUNCTION("datalink", false_datalink),
	FALSE_FUNCTION("set_datalink", false_set_datalink),
	FALSE_FUNCTION("compile", false_compile),
	FALSE_FUNCTION("setfilter", false_setfilter),
	FALSE_FUNCTION("freecode", false_freecode),
	FALSE_FUNCTION("setnonblock", false_setnonblock),
	FALSE_FUNCTION("get_selectable_fd", false_selectable_fd),
	FALSE_FUNCTION("dispatch", false_dispatch),
	FALSE_FUNCTION("breakloop", false_breakloop),
	FALSE_FUNCTION("stats", false_stats)
};

static bool false_find(const struct library_function *f)
{
	size_t n = sizeof(false_functions) / sizeof(false_functions[0]);

	for (size_t i = 0; i < n; i++)
		if (strcmp(false_functions[i].name, f->name) == 0) {
			memcpy(f->pointer, &false_functions[i].pointer,
			    sizeof(false_functions[i].pointer));
			return true;
		}
	return false;
}

bool __real_library_load(const char *file,
    const struct library_function *functions, size_t count);
bool __wrap_library_load(const char *file,
    const struct library_function *functions, size_t count);
bool __wrap_library_load(const char *file,
    const struct library_function *functions, size_t count)
{
	if (strncmp(file, "libpcap.", 8) != 0 ||
	    strcmp(functions[0].name, "pcap_create") != 0)
		return __real_library_load(file, functions, count);
	for (size_t i = 0; i < count; i++)
		require(false_find(&functions[i]));
	return world.fault != FAULT_NO_LIBRARY;
}

/* The fuzzer's own files, which are closed like those of /sys. */
void __wrap_live_counters_open(struct live_counters *c,
    const char *interface);
void __wrap_live_counters_open(struct live_counters *c,
    const char *interface)
{
	require(*interface);
	for (int i = 0; i < LIVE_COUNTERS; i++) {
		c->fds[i] = memfd_create("counter", MFD_CLOEXEC);
		require(c->fds[i] >= 0);
		require(pwrite(c->fds[i], "0\n", 2, 0) == 2);
		world.interface[i] = c->fds[i];
	}
}

#endif
