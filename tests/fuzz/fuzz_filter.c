/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_filter.c - BPF expressions, as --filter has them
 *
 * Input: the expression up to the first LF, link type (2 octets), a frame.
 * An expression is refused with a sentence or can be applied to every frame,
 * also of link types for which it means nothing; and live takes it as well,
 * since its own filter is put around it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "capture/live.h"
#include "net/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libpcap's parser is one of recursion and of its own: not what is tested. */
#define EXPRESSION_MAX 200

static void require(bool is)
{
	if (!is)
		abort();
}

static void apply(struct net_filter *f, struct slice rest)
{
	static const uint32_t others[] = { 0, 1, 101, 113, 276, 127, 0x10001 };
	struct cursor c = cursor_make(rest);
	struct frame frame = { .number = 1 };
	struct account account;
	bool first;

	account_init(&account);
	frame.link_type = cursor_be16(&c);
	frame.octets = cursor_take(&c, cursor_left(&c));
	frame.wire_len = (uint32_t)frame.octets.len;
	first = net_filter_match(f, &frame, &account);
	require(net_filter_match(f, &frame, &account) == first);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		frame.link_type = others[i];
		(void)net_filter_match(f, &frame, &account);
	}
	account_fini(&account);
}

/* The expression that live makes of it must compile too, unless `vlan` or
 * the like in it moves what stands behind. */
static void wrap(const char *expression)
{
	static const uint16_t ports[] = { 25, 26, 27, 587 };
	struct live_options o = { .ports = ports, .port_count = 4,
		.bpf = expression };
	struct net_filter *f;
	char *text = live_expression(&o, true);

	require(text != NULL);
	if (net_filter_new(text, &f, NULL) == SW_OK)
		net_filter_free(&f);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size), rest;
	const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
	size_t len = lf ? (size_t)(lf - data) : size;
	struct sw_err err = { 0 };
	struct net_filter *f;
	char *expression;
	enum sw_status status;

	if (len > EXPRESSION_MAX || memchr(data, '\0', len))
		return 0;
	rest = slice_from(in, len + 1);
	expression = malloc(len + 1);
	require(expression != NULL);
	memcpy(expression, data, len);
	expression[len] = '\0';
	status = net_filter_new(expression, &f, &err);
	require(status == SW_OK || (status == SW_EUSAGE && err.text[0]));
	if (status == SW_OK) {
		apply(f, rest);
		wrap(expression);
		net_filter_free(&f);
	}
	free(expression);
	return 0;
}
