/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c - BPF filters and names of link types, by libpcap
 *
 * Theory of operation.  An expression means other code for each link type,
 * so it is compiled anew for each that is met, and the programs are kept in
 * the order met, the last used first tried.  Link types are the values in
 * files, libpcap compiles for its own (DLT); they are the same but for the
 * rows of `types`.
 *
 * libpcap is loaded when it is needed, as it brings a dozen other libraries.
 */
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "base/arena.h"
#include "base/library.h"
#include "net/walk.h"

/* As tcpdump's default. */
enum { FILTER_SNAPLEN = 262144 };
/* Link types of one run; a capture that has more is no honest one.  What is
 * beyond matches nothing, and is told once. */
enum { FILTER_PROGRAMS_MAX = 64 };

#define PCAP_LIBRARY "libpcap.so.0.8"

/* Functions of libpcap, named as there. */
struct functions {
	__typeof__(pcap_open_dead) *pcap_open_dead;
	__typeof__(pcap_close) *pcap_close;
	__typeof__(pcap_compile) *pcap_compile;
	__typeof__(pcap_freecode) *pcap_freecode;
	__typeof__(pcap_geterr) *pcap_geterr;
	__typeof__(bpf_filter) *bpf_filter;
};

struct program {
	uint32_t link_type;
	bool usable;     /* code was compiled */
	size_t skip;     /* octets in front of what it is applied to */
	struct bpf_program code;
};

struct net_filter {
	struct functions lib;
	char *expression;
	struct program *programs;
	size_t count, capacity;
	size_t last; /* index of the one used last */
	bool told_limit;
	bool failed; /* no memory for the last program that was wanted */
};

/*
 * LINKTYPE to DLT where they differ (libpcap's pcap-common.c), here on
 * Linux.  BSD loopback is taken as raw IP behind its 4 octets: libpcap would
 * expect the byte order and the AF_INET6 of this host.
 */
static const struct {
	uint32_t link_type;
	int dlt;
	size_t skip;
} types[] = {
	{ 0, DLT_RAW, 4 },
	{ 108, DLT_RAW, 4 },
	{ 7, DLT_ARCNET, 0 },
	{ 14, DLT_RAW, 0 },
	{ 100, DLT_ATM_RFC1483, 0 },
	{ 101, DLT_RAW, 0 },
	{ 102, DLT_SLIP_BSDOS, 0 },
	{ 103, DLT_PPP_BSDOS, 0 },
	{ 106, DLT_ATM_CLIP, 0 },
	{ 204, DLT_PPP, 1 },
};

static int find_dlt(uint32_t link_type, size_t *skip_r)
{
	*skip_r = 0;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].link_type == link_type) {
			*skip_r = types[i].skip;
			return types[i].dlt;
		}
	return link_type <= 0xffff ? (int)link_type : -1;
}

const char *net_filter_link_name(uint32_t link_type)
{
	size_t skip;
	int dlt = find_dlt(link_type, &skip);
	__typeof__(pcap_datalink_val_to_name) *name_of;
	const struct library_function function = {
		"pcap_datalink_val_to_name", &name_of
	};

	return dlt < 0 || !library_load(PCAP_LIBRARY, &function, 1) ? NULL :
	    name_of(dlt);
}

static bool load(struct functions *f)
{
	const struct library_function functions[] = {
		{ "pcap_open_dead", &f->pcap_open_dead },
		{ "pcap_close", &f->pcap_close },
		{ "pcap_compile", &f->pcap_compile },
		{ "pcap_freecode", &f->pcap_freecode },
		{ "pcap_geterr", &f->pcap_geterr },
		{ "bpf_filter", &f->bpf_filter }
	};

	return library_load(PCAP_LIBRARY, functions,
	    sizeof(functions) / sizeof(functions[0]));
}

/* SW_EUSAGE with libpcap's words when it does not compile. */
static enum sw_status compile(const struct functions *lib,
    const char *expression, int dlt, struct bpf_program *code_r,
    struct sw_err *err)
{
	pcap_t *dead = lib->pcap_open_dead(dlt, FILTER_SNAPLEN);
	enum sw_status status = SW_OK;

	if (!dead)
		return base_error_set(err, SW_ENOMEM, "out of memory");
	if (lib->pcap_compile(dead, code_r, expression, 1,
	    PCAP_NETMASK_UNKNOWN) != 0)
		status = base_error_set(err, SW_EUSAGE, "filter \"%s\": %s",
		    expression, lib->pcap_geterr(dead));
	lib->pcap_close(dead);
	return status;
}

/* An expression may make sense for some link types only; Ethernet and raw
 * IP stand for all. */
static enum sw_status check_syntax(const struct functions *lib,
    const char *expression, struct sw_err *err)
{
	struct bpf_program code;
	enum sw_status status = compile(lib, expression, DLT_EN10MB, &code,
	    err);

	if (status == SW_EUSAGE &&
	    compile(lib, expression, DLT_RAW, &code, NULL) == SW_OK)
		status = SW_OK;
	if (status == SW_OK)
		lib->pcap_freecode(&code);
	return status;
}

enum sw_status net_filter_new(const char *expression,
    struct net_filter **f_r, struct sw_err *err)
{
	size_t size = strlen(expression) + 1;
	struct net_filter *f;
	struct functions lib;
	enum sw_status status;

	*f_r = NULL;
	if (!load(&lib))
		return base_error_set(err, SW_EUSAGE, "filter \"%s\": %s "
		    "cannot be loaded", expression, PCAP_LIBRARY);
	status = check_syntax(&lib, expression, err);
	if (status != SW_OK)
		return status;
	f = calloc(1, sizeof(*f));
	if (f)
		f->expression = malloc(size);
	if (!f || !f->expression) {
		net_filter_free(&f);
		return base_error_set(err, SW_ENOMEM, "out of memory");
	}
	memcpy(f->expression, expression, size);
	f->lib = lib;
	*f_r = f;
	return SW_OK;
}

static void tell(struct account *account, const char *text)
{
	account_note(account, ACCOUNT_LIST_WARNINGS, slice_str(text), 1);
}

static void compile_program(struct net_filter *f, struct program *p,
    struct account *account)
{
	int dlt = find_dlt(p->link_type, &p->skip);
	struct sw_err err;
	char name[16], text[600];

	if (dlt >= 0 && compile(&f->lib, f->expression, dlt, &p->code,
	    &err) == SW_OK) {
		p->usable = true;
		return;
	}
	snprintf(text, sizeof(text), "link type %s: %s",
	    net_link_type_name(p->link_type, name, sizeof(name)),
	    dlt >= 0 ? err.text : "no filter can be made for it");
	tell(account, text);
}

/* NULL: too many, or no memory (failed). */
static const struct program *add_program(struct net_filter *f,
    uint32_t link_type, struct account *account)
{
	void *programs = f->programs;
	struct program *p;

	if (f->count == FILTER_PROGRAMS_MAX) {
		if (!f->told_limit)
			tell(account, "filter: too many link types");
		f->told_limit = true;
		return NULL;
	}
	f->failed = !base_grow(&programs, f->count, &f->capacity,
	    sizeof(*f->programs));
	if (f->failed)
		return NULL;
	f->programs = programs;
	f->last = f->count++;
	p = &f->programs[f->last];
	memset(p, 0, sizeof(*p));
	p->link_type = link_type;
	compile_program(f, p, account);
	return p;
}

static const struct program *find_program(struct net_filter *f,
    uint32_t link_type, struct account *account)
{
	if (f->count > 0 && f->programs[f->last].link_type == link_type)
		return &f->programs[f->last];
	for (size_t i = 0; i < f->count; i++)
		if (f->programs[i].link_type == link_type) {
			f->last = i;
			return &f->programs[i];
		}
	return add_program(f, link_type, account);
}

bool net_filter_match(struct net_filter *f, const struct frame *frame,
    struct account *account)
{
	const struct program *p = find_program(f, frame->link_type, account);
	struct slice octets;

	if (!p || !p->usable || p->skip > frame->octets.len)
		return false;
	octets = slice_from(frame->octets, p->skip);
	return f->lib.bpf_filter(p->code.bf_insns, octets.p, frame->wire_len,
	    (u_int)octets.len) != 0;
}

bool net_filter_failed(const struct net_filter *f)
{
	return f->failed;
}

void net_filter_free(struct net_filter **f)
{
	if (!*f)
		return;
	for (size_t i = 0; i < (*f)->count; i++)
		if ((*f)->programs[i].usable)
			(*f)->lib.pcap_freecode(&(*f)->programs[i].code);
	free((*f)->programs);
	free((*f)->expression);
	free(*f);
	*f = NULL;
}
