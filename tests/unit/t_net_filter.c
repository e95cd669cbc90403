/* SPDX-License-Identifier: GPL-2.0-or-later */
/* t_net_filter.c - BPF expressions on every link type */
#include "net_frames.h"

struct filter_run {
	struct net_filter *filter;
	struct account account;
};

static void open_filter(struct filter_run *r, const char *expression)
{
	struct sw_err err;

	account_init(&r->account);
	assert_int_equal(net_filter_new(expression, &r->filter, &err), SW_OK);
	assert_non_null(r->filter);
}

static void close_filter(struct filter_run *r)
{
	net_filter_free(&r->filter);
	assert_null(r->filter);
	net_filter_free(&r->filter);
	account_fini(&r->account);
}

static bool match(struct filter_run *r, uint32_t link_type,
    const struct build *b)
{
	struct frame frame = { .number = 1, .link_type = link_type,
	    .wire_len = (uint32_t)build_len(b) };
	size_t n = build_len(b);
	uint8_t *block = malloc(n);
	bool is;

	memcpy(block, b->space + b->at, n);
	frame.octets = slice_make(block, n);
	is = net_filter_match(r->filter, &frame, &r->account);
	free(block);
	return is;
}

static void test_syntax(void **state)
{
	static const char *const bad[] = { "tcp port", "foo bar", "(tcp",
	    "port 99999", "tcp[0" };
	struct net_filter *f;
	struct sw_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(net_filter_new(bad[i], &f, &err),
		    SW_EUSAGE);
		assert_null(f);
		assert_int_equal(err.status, SW_EUSAGE);
		assert_non_null(strstr(err.text, bad[i]));
	}
	assert_int_equal(net_filter_new(bad[0], &f, NULL), SW_EUSAGE);
}

/* Port 25 over IPv4 and IPv6, in all link types that libpcap knows. */
static void test_link_types(void **state)
{
	static const struct {
		uint32_t link_type;
		const char *head4, *head6;
		size_t len;
	} types[] = {
		{ 0, "\x02\0\0\0", "\x1e\0\0\0", 4 },
		{ 0, "\0\0\0\x02", "\0\0\0\x18", 4 },
		{ 108, "\0\0\0\x02", "\0\0\0\x1c", 4 },
		{ 12, "", "", 0 },
		{ 14, "", "", 0 },
		{ 101, "", "", 0 },
		{ 9, "\xff\x03\0\x21", "\xff\x03\0\x57", 4 },
		{ 50, "\xff\x03\0\x21", "\xff\x03\0\x57", 4 },
		{ 204, "\0\xff\x03\0\x21", "\0\xff\x03\0\x57", 5 },
		{ 104, "\x0f\0\x08\0", "\x0f\0\x86\xdd", 4 },
		{ 1, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0",
		    "\2\0\0\0\0\1\2\0\0\0\0\2\x86\xdd", 14 },
		{ 113, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0",
		    "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x86\xdd", 16 },
		{ 276, "\x08\0\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0",
		    "\x86\xdd\0\0\0\0\0\2\0\1\0\6\2\0\0\0\0\1\0\0", 20 },
	};
	static struct build b;
	struct filter_run yes, no, six;

	(void)state;
	open_filter(&yes, "tcp dst port 25");
	open_filter(&no, "udp or port 26");
	open_filter(&six, "ip6 host 2001:db8::2");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		build_init(&b);
		add_segment4(&b);
		add_octets(&b, types[i].head4, types[i].len);
		print_message("link type %u\n", types[i].link_type);
		assert_true(match(&yes, types[i].link_type, &b));
		assert_false(match(&no, types[i].link_type, &b));
		assert_false(match(&six, types[i].link_type, &b));
		build_init(&b);
		add_segment6(&b);
		add_octets(&b, types[i].head6, types[i].len);
		assert_true(match(&yes, types[i].link_type, &b));
		assert_false(match(&no, types[i].link_type, &b));
		assert_true(match(&six, types[i].link_type, &b));
	}
	assert_int_equal(yes.account.list_len[ACCOUNT_LIST_WARNINGS], 0);
	close_filter(&yes);
	close_filter(&no);
	close_filter(&six);
}

/* The length is the wire's, not what was captured. */
static void test_length(void **state)
{
	static struct build b;
	struct filter_run r;
	struct frame frame = { .number = 1, .link_type = 101 };

	(void)state;
	build_init(&b);
	add_segment4(&b);
	frame.octets = slice_make(b.space + b.at, build_len(&b));
	open_filter(&r, "greater 100");
	frame.wire_len = 99;
	assert_false(net_filter_match(r.filter, &frame, &r.account));
	frame.wire_len = 100;
	assert_true(net_filter_match(r.filter, &frame, &r.account));
	close_filter(&r);
}

/* An expression that makes sense for Ethernet only: told once. */
static void test_not_compiled(void **state)
{
	static struct build b;
	struct filter_run r;

	(void)state;
	build_init(&b);
	add_segment4(&b);
	open_filter(&r, "ether host 02:00:00:00:00:01");
	for (int i = 0; i < 3; i++) {
		assert_false(match(&r, 101, &b));
		assert_false(match(&r, 70000, &b));
	}
	assert_int_equal(r.account.list_len[ACCOUNT_LIST_WARNINGS], 2);
	assert_int_equal(r.account.lists[ACCOUNT_LIST_WARNINGS]->count, 1);
	add_ethernet(&b, 0x0800);
	assert_true(match(&r, 1, &b));
	close_filter(&r);
}

/* Frames shorter than the filter reads, and none at all. */
static void test_short(void **state)
{
	static struct build b;
	struct filter_run r;

	(void)state;
	open_filter(&r, "tcp port 25");
	for (uint32_t type = 0; type < 300; type++) {
		build_init(&b);
		assert_false(match(&r, type, &b));
		build_add(&b, 3);
		assert_false(match(&r, type, &b));
	}
	/* More link types than are kept. */
	assert_true(r.account.list_len[ACCOUNT_LIST_WARNINGS] > 1);
	close_filter(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_link_types),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_not_compiled),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
