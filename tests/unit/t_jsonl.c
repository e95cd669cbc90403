/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * t_jsonl.c - sessions as JSON Lines, to the octet
 *
 * With the argument --print it writes the samples instead, for the test of
 * the JSON Schema: complete, then in normal form, then without times.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "emit/emit.h"
#include "emit/pen.h"
#include "sample.h"

static const struct emit_options complete = { false, false, false, false,
	NULL };
static const struct emit_options normal = { true, false, false, false, NULL };
static const struct emit_options no_times = { false, true, false, false,
	NULL };

static void check(const struct sw_session *s,
    const struct emit_options *options, const char *const *want)
{
	struct buffer b;
	size_t at = 0;

	buffer_init(&b, 1u << 20);
	assert_true(emit_jsonl(&b, s, options));
	for (; *want; want++) {
		size_t len = strlen(*want);

		if (b.len - at < len || memcmp(b.p + at, *want, len) != 0)
			fail_msg("at %zu got <%.*s>, want <%s>", at,
			    (int)(b.len - at), (const char *)b.p + at, *want);
		at += len;
	}
	assert_int_equal(at, b.len);
	buffer_fini(&b);
}

static void wire(void **state)
{
	static const char *const want[] = {
"{\"transcript\":1,\"id\":\"00c0ffee00000001\"",
",\"source\":{\"kind\":\"wire\",\"format\":\"pcap\",\"name\":\"dump.pcap1\"",
",\"first\":8801,\"last\":9014,\"unit\":\"frame\",\"parts\":[",
"{\"name\":\"dump.pcap1\",\"format\":\"pcap\",\"first\":8801,\"last\":9000,",
"\"base\":0},",
"{\"name\":\"dump.pcap2\",\"format\":\"pcap\",\"first\":1,\"last\":14,",
"\"base\":9000}]}",
",\"recorder\":\"wire\",\"protocol\":\"smtp\"",
",\"clock\":{\"zone\":\"UTC\",\"resolution\":0.000001,\"date\":\"given\"}",
",\"start\":\"2004-02-20T11:10:03.120000Z\"",
",\"end\":\"2004-02-20T11:10:03.273000Z\"",
",\"client\":{\"ip\":\"203.0.113.7\",\"port\":49152,",
"\"name\":\"client.example.net\"}",
",\"server\":{\"ip\":\"192.0.2.25\",\"port\":25,\"name\":\"mx.example.org\"}",
",\"community_id\":\"1:wCb3OG7yAFWelaUydu0D+125CLM=\"",
",\"encryption\":{\"starttls\":true,\"version\":\"TLSv1.3\",",
"\"cipher\":\"TLS_AES_256_GCM_SHA384\",\"sni\":\"mx.example.org\",",
"\"subject\":null,\"issuer\":null,",
"\"octets\":{\"client\":2211,\"server\":5120},\"decrypted\":false}",
",\"auth\":[{\"event\":4,\"mechanism\":\"PLAIN\",\"user\":\"alice\",",
"\"code\":235},",
"{\"event\":null,\"mechanism\":\"NTLM\",\"user\":null,\"code\":null}]",
",\"ending\":\"client-close\"",
",\"tcp\":{\"frames\":76,\"syn_rtt\":0.012034,",
"\"client\":{\"octets\":4211,\"retransmitted\":1460,\"unacked\":0,",
"\"mss\":1460,\"zero_window\":0},",
"\"server\":{\"octets\":812,\"retransmitted\":0,\"unacked\":3,",
"\"mss\":null,\"zero_window\":1.5}}",
",\"records\":[\"client-address\",\"client-port\",\"server-address\",",
"\"server-port\",\"greeting\",\"command\",\"argument\",\"reply-code\",",
"\"reply-text\",\"reply-lines\",\"intermediate-replies\",\"body\",",
"\"body-size\",\"close\",\"times\"]",
",\"omitted\":{\"events\":3,\"recipients\":0,\"notes\":1,",
"\"messages\":2}",
",\"messages\":[{\"n\":1,\"from\":\"a@example.net\",",
"\"from_params\":{\"SIZE\":\"1234\",\"SMTPUTF8\":true,\"ENVID\":\"\"},",
"\"recipients\":[{\"to\":\"b@example.org\",\"params\":{\"SMTPUTF8\":true},",
"\"code\":250,\"text\":\"2.1.5 Ok\",\"status\":\"accepted\",",
"\"final\":{\"code\":452,\"text\":\"4.2.2 over quota\\nlater\",",
"\"status\":\"deferred\"}},",
"{\"to\":\"c@example.org\",\"params\":{},\"code\":null,\"text\":null,",
"\"status\":\"unknown\",\"final\":null}],",
"\"method\":\"DATA\",\"size\":41000,\"sha256\":null,\"missing\":1460,",
"\"header_size\":212,\"message_id\":\"<m1@example.net>\",",
"\"subject\":\"gr\xc3\xbc\xc3\x9f\",",
"\"header_from\":\"A <a@example.net>\",\"header_to\":null,",
"\"date\":\"Fri, 20 Feb 2004 11:10:03 +0000\",",
"\"code\":250,\"text\":\"2.0.0 Ok: queued as 4F1C\",",
"\"outcome\":\"partial\",\"queue_id\":\"4F1C\",",
"\"file\":\"out/00c0ffee00000001-1.incomplete.eml\"},",
"{\"n\":2,\"from\":null,\"from_params\":null,\"recipients\":[],",
"\"method\":\"BDAT\",\"size\":86,\"sha256\":",
"\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\",",
"\"missing\":0,\"header_size\":null,\"message_id\":null,",
"\"subject\":null,\"header_from\":null,\"header_to\":null,\"date\":null,",
"\"code\":null,\"text\":null,\"outcome\":\"unknown\",",
"\"queue_id\":null,\"file\":null},",
"{\"n\":3,\"from\":\"\",\"from_params\":{},\"recipients\":[],",
"\"method\":null,\"size\":null,\"sha256\":null,\"missing\":null,",
"\"header_size\":null,\"message_id\":null,",
"\"subject\":null,\"header_from\":null,\"header_to\":null,\"date\":null,",
"\"code\":550,\"text\":\"\",\"outcome\":\"rejected\",",
"\"queue_id\":null,\"file\":null}]",
",\"events\":[",
"{\"n\":1,\"time\":\"2004-02-20T11:10:03.120000Z\",\"by\":\"client\",",
"\"kind\":\"connect\",\"at\":[8801,8803],\"flags\":[]},",
"{\"n\":2,\"time\":\"2004-02-20T11:10:03.151204Z\",\"by\":\"server\",",
"\"kind\":\"reply\",\"code\":220,\"enhanced\":null,",
"\"lines\":[\"mx.example.org ESMTP\"],\"to\":null,\"octets\":26,",
"\"at\":[8804,8804],\"flags\":[]},",
"{\"n\":3,\"time\":\"2004-02-20T11:10:03.162110Z\",\"by\":\"client\",",
"\"kind\":\"command\",\"verb\":\"EHLO\",",
"\"argument\":\"client.example.net\",\"line\":\"EHLO client.example.net\",",
"\"octets\":25,\"at\":[8805,8805],\"flags\":[]},",
"{\"n\":4,\"time\":\"2004-02-20T11:10:03.163001Z\",\"by\":\"server\",",
"\"kind\":\"reply\",\"code\":250,\"enhanced\":null,",
"\"lines\":[\"mx.example.org\",\"PIPELINING\",\"\",\"SIZE 52428800\"],",
"\"to\":3,\"octets\":62,\"at\":[8806,8807],\"flags\":[]},",
"{\"n\":5,\"time\":\"2004-02-20T11:10:03.163500Z\",\"by\":\"client\",",
"\"kind\":\"command\",\"verb\":\"AUTH\",\"argument\":\"PLAIN ***\",",
"\"line\":\"AUTH PLAIN ***\",\"octets\":null,\"at\":[8808,8808],",
"\"flags\":[\"masked\"]},",
"{\"n\":6,\"time\":\"2004-02-20T11:10:03.171300Z\",\"by\":\"client\",",
"\"kind\":\"command\",\"verb\":\"RCPT\",",
"\"argument\":\"TO:<empf\xef\xbf\xbdnger@example.org>\",",
"\"line\":\"RCPT TO:<empf\xef\xbf\xbdnger@example.org>\",",
"\"line_base64\":\"UkNQVCBUTzo8ZW1wZuRuZ2VyQGV4YW1wbGUub3JnPg==\",",
"\"octets\":34,\"at\":[8809,8809],\"flags\":[\"pipelined\",\"8bit\"]},",
"{\"n\":7,\"time\":\"2004-02-20T11:10:03.172000Z\",\"by\":\"server\",",
"\"kind\":\"reply\",\"code\":550,\"enhanced\":\"5.1.1\",",
"\"lines\":[\"5.1.1 \\u001b[31munbekannter Empf\xef\xbf\xbdnger\",",
"\"5.1.1 no such user\"],",
"\"lines_base64\":[\"NS4xLjEgG1szMW11bmJla2FubnRlciBFbXBm5G5nZXI=\",",
"\"NS4xLjEgbm8gc3VjaCB1c2Vy\"],",
"\"to\":6,\"octets\":70,\"at\":[8810,8810],\"flags\":[\"8bit\"]},",
"{\"n\":8,\"time\":\"2004-02-20T11:10:03.172100Z\",\"by\":\"client\",",
"\"kind\":\"command\",\"verb\":null,\"argument\":null,",
"\"line\":\"\\u0001\\u0002?\",\"octets\":5,\"at\":[8811,8811],",
"\"flags\":[]},",
"{\"n\":9,\"time\":null,\"by\":\"client\",\"kind\":\"command\",",
"\"verb\":\"DATA\",\"argument\":null,\"line\":null,\"octets\":null,",
"\"at\":null,\"flags\":[]},",
"{\"n\":10,\"time\":\"2004-02-20T11:10:03.222000Z\",\"by\":\"server\",",
"\"kind\":\"reply\",\"code\":354,\"enhanced\":null,\"lines\":[],\"to\":9,",
"\"octets\":100,\"at\":[8812,8812],\"flags\":[\"code-only\",\"joined\"]},",
"{\"n\":11,\"time\":\"2004-02-20T11:10:03.230000Z\",",
"\"end\":\"2004-02-20T11:10:03.260000Z\",\"by\":\"client\",",
"\"kind\":\"data\",\"of\":9,\"message\":1,\"size\":41000,",
"\"sha256\":null,\"missing\":1460,\"gaps\":[[20480,1460]],",
"\"octets\":41005,\"at\":[8813,8999],\"flags\":[]},",
"{\"n\":12,\"time\":\"2004-02-20T11:10:03.260001Z\",\"by\":\"server\",",
"\"kind\":\"gap\",\"size\":120,\"at\":[9000,9000],\"flags\":[]},",
"{\"n\":13,\"time\":null,\"end\":\"2004-02-20T11:10:03.270000Z\",",
"\"by\":\"client\",\"kind\":\"data\",\"of\":null,\"message\":2,",
"\"size\":86,\"sha256\":\"9f86d081884c7d650000000000000000000000000000",
"00000000000000000000\",\"missing\":0,\"gaps\":[],\"octets\":86,",
"\"at\":[9001,9001],\"flags\":[\"inferred\"]},",
"{\"n\":14,\"time\":\"2004-02-20T11:10:03.270100Z\",\"end\":null,",
"\"by\":\"client\",\"kind\":\"data\",\"of\":13,\"message\":null,",
"\"size\":null,\"sha256\":null,\"missing\":null,\"gaps\":null,",
"\"octets\":null,\"at\":[9002,9002],\"flags\":[\"refused\"]},",
"{\"n\":15,\"time\":\"2004-02-20T11:10:03.270200Z\",\"by\":\"server\",",
"\"kind\":\"note\",\"text\":\"disk almost full\",\"at\":[9003,9003],",
"\"flags\":[]},",
"{\"n\":16,\"time\":\"2004-02-20T11:10:03.270300Z\",",
"\"end\":\"2004-02-20T11:10:03.272000Z\",\"by\":null,\"kind\":\"tls\",",
"\"version\":\"TLSv1.3\",\"cipher\":\"TLS_AES_256_GCM_SHA384\",",
"\"sni\":\"mx.example.org\",\"octets\":{\"client\":2211,\"server\":5120},",
"\"at\":[9004,9010],\"flags\":[],\"turns\":[{\"by\":\"client\",",
"\"time\":\"2004-02-20T11:10:03.270400Z\",",
"\"end\":\"2004-02-20T11:10:03.270500Z\",\"records\":2,\"octets\":111,",
"\"at\":[9005,9006]},{\"by\":\"server\",",
"\"time\":\"2004-02-20T11:10:03.271000Z\",",
"\"end\":\"2004-02-20T11:10:03.272000Z\",\"records\":1,\"octets\":31,",
"\"at\":[9007,9010]}]},",
"{\"n\":17,\"time\":\"2004-02-20T11:10:03.273000Z\",\"by\":\"client\",",
"\"kind\":\"close\",\"how\":\"fin\",\"at\":[9011,9014],\"flags\":[]}]",
",\"notes\":[{\"code\":\"reply-unprompted\",\"severity\":\"warning\",",
"\"text\":\"no command stands before\",\"event\":7,\"at\":[8810,8810]},",
"{\"code\":\"gap\",\"severity\":\"problem\",",
"\"text\":\"1580 octets are missing\",\"event\":null,\"at\":null}]}\n",
		NULL,
	};

	(void)state;
	check(&sample_wire, &complete, want);
}

static void log_row(void **state)
{
	static const char *const want[] = {
"{\"transcript\":1,\"id\":\"fedcba9876543210\"",
",\"source\":{\"kind\":\"log\",\"format\":\"iis-w3c\",",
"\"name\":\"ex061009.log\",\"first\":7,\"last\":7,\"unit\":\"row\",",
"\"parts\":[]}",
",\"recorder\":\"server\",\"protocol\":\"lmtp\"",
",\"clock\":{\"zone\":\"-03:30\",\"resolution\":1,\"date\":\"given\"}",
",\"start\":\"2004-02-20T07:40:03-03:30\"",
",\"end\":\"2004-02-20T07:40:04-03:30\"",
",\"client\":{\"ip\":\"2001:db8::7\",\"port\":null,\"name\":null}",
",\"server\":{\"ip\":null,\"port\":null,\"name\":null}",
",\"community_id\":null,\"encryption\":null,\"auth\":[]",
",\"ending\":\"input-ended\",\"tcp\":null",
",\"records\":[\"command\",\"times\"],\"omitted\":null",
",\"messages\":[{\"n\":1,\"from\":\"a@example.org\",\"from_params\":{},",
"\"recipients\":[],\"method\":\"DATA\",\"size\":1399,\"sha256\":null,",
"\"missing\":null,\"header_size\":null,\"message_id\":null,",
"\"subject\":null,\"header_from\":null,\"header_to\":null,\"date\":null,",
"\"code\":250,\"text\":null,\"outcome\":\"accepted\",\"queue_id\":null,",
"\"file\":null}]",
",\"events\":[",
"{\"n\":1,\"time\":null,\"by\":\"client\",\"kind\":\"command\",",
"\"verb\":\"DATA\",\"argument\":null,\"line\":null,\"octets\":null,",
"\"at\":[7,7],\"flags\":[]},",
"{\"n\":2,\"time\":null,\"end\":\"2004-02-20T07:40:04-03:30\",",
"\"by\":\"client\",\"kind\":\"data\",\"of\":1,\"message\":1,",
"\"size\":1399,\"sha256\":null,\"missing\":null,\"gaps\":null,",
"\"octets\":null,\"at\":[7,7],\"flags\":[\"inferred\"]},",
"{\"n\":3,\"time\":\"2004-02-20T07:40:04-03:30\",\"by\":\"server\",",
"\"kind\":\"reply\",\"code\":250,\"enhanced\":null,\"lines\":[],\"to\":2,",
"\"octets\":100,\"at\":[7,7],\"flags\":[\"code-only\",\"joined\"]}]",
",\"notes\":[]}\n",
		NULL,
	};

	(void)state;
	check(&sample_log, &complete, want);
}

static void nothing_known(void **state)
{
	static const char *const want[] = {
"{\"transcript\":1,\"id\":\"0000000000000000\"",
",\"source\":{\"kind\":\"log\",\"format\":null,\"name\":null,",
"\"first\":null,\"last\":null,\"unit\":\"line\",\"parts\":[]}",
",\"recorder\":\"client\",\"protocol\":\"smtp\"",
",\"clock\":{\"zone\":\"none\",\"resolution\":null,\"date\":\"none\"}",
",\"start\":null,\"end\":null",
",\"client\":{\"ip\":null,\"port\":null,\"name\":null}",
",\"server\":{\"ip\":null,\"port\":null,\"name\":null}",
",\"community_id\":null,\"encryption\":null,\"auth\":[]",
",\"ending\":\"quit\",\"tcp\":null,\"records\":[],\"omitted\":null",
",\"messages\":[],\"events\":[],\"notes\":[]}\n",
		NULL,
	};

	(void)state;
	check(&sample_bare, &complete, want);
}

static void times_of_day(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 1u << 20);
	assert_true(emit_jsonl(&b, &sample_times_of_day, &complete));
	assert_true(buffer_append_char(&b, '\0'));
	assert_non_null(strstr((const char *)b.p,
	    ",\"clock\":{\"zone\":\"local\",\"resolution\":0.001,"
	    "\"date\":\"none\"},\"start\":\"23:59:59.500\","
	    "\"end\":\"00:00:00.250\","));
	buffer_fini(&b);
}

/* What the normal form leaves out stands in no form of it, at no depth. */
static void normal_form(void **state)
{
	static const char *const absent[] = {
		"\"source\":", "\"clock\":", "\"start\":", "\"tcp\":",
		"\"at\":", "\"time\":", "\"end\":",
	};
	struct buffer b;
	size_t i;

	(void)state;
	buffer_init(&b, 1u << 20);
	assert_true(emit_jsonl(&b, &sample_wire, &normal));
	assert_true(buffer_append_char(&b, '\0'));
	for (i = 0; i < LENGTH(absent); i++)
		assert_null(strstr((const char *)b.p, absent[i]));
	assert_non_null(strstr((const char *)b.p,
	    "{\"n\":17,\"by\":\"client\",\"kind\":\"close\",\"how\":\"fin\","
	    "\"flags\":[]}"));
	assert_non_null(strstr((const char *)b.p,
	    "\"text\":\"1580 octets are missing\",\"event\":null}"));
	assert_non_null(strstr((const char *)b.p,
	    "{\"transcript\":1,\"id\":\"00c0ffee00000001\","
	    "\"recorder\":\"wire\",\"protocol\":\"smtp\",\"client\":"));
	buffer_fini(&b);
}

static void without_times(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 1u << 20);
	assert_true(emit_jsonl(&b, &sample_wire, &no_times));
	assert_true(buffer_append_char(&b, '\0'));
	assert_null(strstr((const char *)b.p, "\"2004-"));
	assert_non_null(strstr((const char *)b.p,
	    "{\"n\":11,\"time\":null,\"end\":null,\"by\":\"client\","));
	buffer_fini(&b);
}

/* A buffer that fills up says so and keeps what it held. */
static void full_buffer(void **state)
{
	struct buffer b;
	size_t max;

	(void)state;
	for (max = 4; max < 8000; max += 97) {
		buffer_init(&b, max);
		assert_true(buffer_append_str(&b, "kept"));
		if (emit_jsonl(&b, &sample_wire, &complete))
			break;
		assert_int_equal(b.len, 4);
		assert_memory_equal(b.p, "kept", 4);
		buffer_fini(&b);
	}
	assert_true(max > 4000 && max < 8000);
	buffer_fini(&b);
}

/* Many gaps, long strings and long lists: a pen never runs out of room (for
 * ASan), and nothing is lost between two strings. */
static void long_lists(void **state)
{
	enum { COUNT = 1000, TEXT = 5000 };
	static const size_t lens[] = { 222, 223, 224, 225, 1000, TEXT };
	static uint8_t text[TEXT];
	static struct sw_gap gaps[COUNT];
	static struct sw_bytes lines[COUNT];
	struct sw_event e[2] = { 0 };
	struct sw_session s = { 0 };
	struct buffer b;
	size_t i, n;

	(void)state;
	memset(text, 'x', sizeof(text));
	s.events = e;
	s.event_count = 2;
	e[0].kind = SW_EVENT_DATA;
	e[0].u.data.gaps_known = true;
	e[0].u.data.gaps = gaps;
	e[0].u.data.gap_count = COUNT;
	for (i = 0; i < COUNT; i++) {
		gaps[i].offset = UINT64_MAX;
		gaps[i].length = INT64_MAX;
	}
	e[1].kind = SW_EVENT_REPLY;
	e[1].flags = (1u << SW_FLAG_COUNT) - 1;
	e[1].u.reply.lines = lines;
	e[1].u.reply.line_count = COUNT;
	for (n = 0; n < LENGTH(lens); n++) {
		size_t octets = 0;

		for (i = 0; i < COUNT; i++) {
			lines[i].data = text;
			lines[i].len = i % 7 == 0 ? lens[n] : i % 50;
			octets += lines[i].len + 3;
		}
		buffer_init(&b, 10u << 20);
		assert_true(emit_jsonl(&b, &s, &complete));
		assert_in_range(b.len, octets + COUNT * 43,
		    octets + COUNT * 43 + 3000);
		assert_memory_equal(b.p + b.len - 3, "]}\n", 3);
		assert_true(buffer_append_char(&b, '\0'));
		assert_non_null(strstr((const char *)b.p,
		    ",\"8bit\"]}],\"notes\":[]}\n"));
		buffer_fini(&b);
	}
}

/* Every value has a name of its own, nothing beyond the last has one. */
static void names(void **state)
{
	unsigned i, j;

	(void)state;
	for (i = 0; i < SW_NOTE_CODE_COUNT; i++) {
		assert_non_null(sw_note_name((enum sw_note_code)i));
		for (j = 0; j < i; j++)
			assert_string_not_equal(
			    sw_note_name((enum sw_note_code)i),
			    sw_note_name((enum sw_note_code)j));
	}
	for (i = 0; i < SW_FLAG_COUNT; i++)
		assert_non_null(sw_flag_name((enum sw_flag)i));
	for (i = 0; i < SW_RECORDS_COUNT; i++)
		assert_non_null(sw_record_name((enum sw_record)i));
	for (i = 0; i < SW_ENDING_COUNT; i++)
		assert_non_null(sw_ending_name((enum sw_ending)i));
	for (i = 0; i < SW_EVENT_KIND_COUNT; i++)
		assert_non_null(sw_event_kind_name((enum sw_event_kind)i));
	assert_null(sw_note_name(SW_NOTE_CODE_COUNT));
	assert_null(sw_role_name(SW_NOBODY));
	assert_null(sw_role_name(SW_ROLE_COUNT));
	assert_null(sw_method_name(SW_METHOD_NONE));
	assert_string_equal(sw_note_name(SW_NOTE_TRUNCATED_INPUT),
	    "truncated-input");
	assert_string_equal(sw_flag_name(SW_FLAG_8BIT), "8bit");
}

static int print_samples(void)
{
	const struct emit_options *const all[] = {
		&complete, &normal, &no_times,
	};
	struct buffer b;
	size_t i, j;
	int rc = 0;

	buffer_init(&b, 1u << 20);
	for (j = 0; j < LENGTH(all); j++)
		for (i = 0; i < LENGTH(samples); i++)
			if (!emit_jsonl(&b, samples[i], all[j]))
				rc = 1;
	if (fwrite(b.p, 1, b.len, stdout) != b.len)
		rc = 1;
	buffer_fini(&b);
	return rc;
}

static void check_number(uint64_t v)
{
	uint8_t told[32];
	char text[32];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)v);

	assert_int_equal(pen_u64(told, v) - told, n);
	assert_memory_equal(told, text, (size_t)n);
}

/* Each takes another way by how many digits it has. */
static void numbers(void **state)
{
	uint64_t power, v;

	(void)state;
	for (v = 0; v < 30000; v++)
		check_number(v);
	for (power = 1; power <= UINT64_MAX / 10; power *= 10)
		for (v = 1; v < 10; v++) {
			check_number(v * power);
			check_number(v * power - 1);
			check_number(v * power + 1);
		}
	check_number(UINT64_MAX);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire),
		cmocka_unit_test(log_row),
		cmocka_unit_test(nothing_known),
		cmocka_unit_test(times_of_day),
		cmocka_unit_test(normal_form),
		cmocka_unit_test(without_times),
		cmocka_unit_test(full_buffer),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(names),
		cmocka_unit_test(numbers),
	};

	if (argc > 1 && strcmp(argv[1], "--print") == 0)
		return print_samples();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
