/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * curl_trace.c - what curl --trace and --trace-ascii write of a connection
 * to a mail server
 *
 *   == Info: Connected to mx.example.com (192.0.2.25) port 25 (#0)
 *   <= Recv header, 26 bytes (0x1a)
 *   0000: 220 mx.example.com ESMTP
 *   => Send data, 39 bytes (0x27)
 *   0000: Subject: x
 *   000c:
 *   000e: longer lines are broken at 64 octets
 *
 * Theory of operation.  A head tells how many octets a block has, and the
 * lines below it which: with --trace sixteen a line in hex and again as text,
 * with --trace-ascii as text alone, where a line ends at CR LF, which the next
 * line's offset counts but which is not shown, or after 64 octets.  A block
 * is put together and told when the next one begins.  --trace-time puts the
 * time of day in front of each head.
 *
 * Content comes with dots doubled and without the last one; where it does not
 * end in CR LF curl has added that.  Of --trace it is told octet for octet;
 * --trace-ascii shows a dot for each octet that cannot be printed, so of it
 * the size alone is told, and not even that if a line begins with two of
 * them: the first may be one that was doubled.  The last dot and QUIT are not
 * shown.
 */
#include "logs/curl.h"
#include "logs/families.h"
#include "logs/text.h"
#include "logs/trace.h"

#define HEX_OCTETS 16
/* "32 35 30 " and so on, blanks where the block has ended */
#define HEX_COLUMNS (3u * HEX_OCTETS)

enum block { BLOCK_NONE, BLOCK_SENT, BLOCK_RECEIVED, BLOCK_CONTENT };

struct curl_trace {
	struct trace trace;
	enum block block;
	uint64_t size;         /* as its head tells */
	bool hex;              /* its lines are */
	bool broken;           /* ... and do not fit its offsets */
	int64_t time;          /* of its head */
	int digits;
	struct log_line first; /* its first line; text is gone */
	struct buffer octets;
	/* the content so far */
	bool content;
	bool exact;            /* told octet for octet */
	bool line_begins;      /* behind CR LF */
	bool cr;               /* behind CR */
	bool doubtful;         /* ... or not all of it is certain */
	int64_t content_size;
	bool ended;            /* with CR LF */
};

static struct curl_trace *state_of(struct trace *t)
{
	return (struct curl_trace *)(void *)t;
}

/* --- content ------------------------------------------------------------ */

/* One octet, without the dot that was put in front of a line. */
static bool take_content_octet(struct curl_trace *c, uint8_t octet,
    uint8_t next)
{
	bool first = c->line_begins;

	c->line_begins = c->cr && octet == '\n';
	c->cr = octet == '\r';
	if (!first || octet != '.')
		return true;
	c->doubtful |= !c->exact && next == '.';
	return !c->exact && next != '.';
}

static void take_content(struct curl_trace *c)
{
	struct log_session *s = c->trace.current;
	struct slice all = buffer_slice(&c->octets);
	struct log_said said = log_said(&c->first, c->time, all);
	size_t i, from = 0;

	if (!s || !log_content_due(s) || all.len == 0)
		return;
	if (!c->content) {
		c->content = c->line_begins = true;
		c->exact = c->hex;
		c->cr = c->doubtful = c->ended = false;
		c->content_size = 0;
	}
	for (i = 0; i < all.len; i++) {
		bool kept = take_content_octet(c, all.p[i],
		    i + 1 < all.len ? all.p[i + 1] : 0);

		c->content_size += kept;
		if (kept)
			continue;
		if (c->exact)
			log_content_octets(s, &said, slice_from(slice_head(all,
			    i), from));
		from = i + 1;
	}
	if (c->exact)
		log_content_octets(s, &said, slice_from(all, from));
	if (c->exact && c->broken)
		log_content_lost(s, &said);
	c->doubtful |= c->broken;
	c->ended = c->line_begins;
}

/* The server has answered it. */
static void end_content(struct curl_trace *c)
{
	struct log_session *s = c->trace.current;
	struct log_said said = log_said(&c->first, c->time,
	    slice_make(NULL, 0));

	if (!c->content)
		return;
	c->content = false;
	if (!s || !log_content_due(s))
		return;
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_BODY_SIZE);
	if (!c->exact) {
		log_content_passed(s, &said, c->doubtful ? SW_UNKNOWN :
		    c->content_size + (c->ended ? 0 : 2),
		    SW_UNKNOWN);
		return;
	}
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_BODY);
	if (!c->ended && !c->doubtful)
		log_content_octets(s, &said, slice_str("\r\n"));
	log_content_end(s, &said, SW_UNKNOWN);
}

/* --- blocks ------------------------------------------------------------- */

/* Each line of the dialogue that the block holds. */
static void say_lines(struct curl_trace *c, bool server)
{
	struct slice rest = buffer_slice(&c->octets);

	if (server)
		end_content(c);
	/* not all octets that its head tells */
	c->first.truncated |= c->broken;
	while (rest.len > 0) {
		struct slice text = log_take_until(&rest, '\n');

		if (text.len > 0 && text.p[text.len - 1] == '\r')
			text.len--;
		trace_say(&c->trace, &c->first, server, text, 0);
	}
}

static void end_block(struct curl_trace *c)
{
	struct trace *t = &c->trace;
	enum block block = c->block;
	int64_t time = t->time;
	int digits = t->digits;

	c->block = BLOCK_NONE;
	/* What the last line ended with is not shown. */
	if (!c->hex && c->octets.len + 2 == c->size)
		buffer_append_str(&c->octets, "\r\n");
	c->broken |= c->octets.len != c->size;
	t->time = c->time;
	t->digits = c->digits;
	if (block == BLOCK_CONTENT)
		take_content(c);
	else if (block != BLOCK_NONE && c->octets.len > 0)
		say_lines(c, block == BLOCK_RECEIVED);
	t->time = time;
	t->digits = digits;
}

/* ", 26 bytes (0x1a)" */
static bool take_size(struct slice s, uint64_t *size_r)
{
	struct slice digits;

	if (!log_take_text(&s, ", "))
		return false;
	digits = log_take_until(&s, ' ');
	return slice_to_u64(digits, size_r) && log_starts(s, "bytes");
}

static bool begin_block(struct curl_trace *c, struct slice text)
{
	static const struct {
		const char *words;
		enum block block;
	} heads[] = {
		{ "=> Send header", BLOCK_SENT },
		{ "<= Recv header", BLOCK_RECEIVED },
		{ "=> Send data", BLOCK_CONTENT },
		{ "=> Send SSL data", BLOCK_NONE },
		{ "<= Recv SSL data", BLOCK_NONE },
		{ "<= Recv data", BLOCK_NONE },
	};
	uint64_t size;
	size_t i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (!log_starts(text, heads[i].words) ||
		    !take_size(slice_from(text, strlen(heads[i].words)),
		    &size))
			continue;
		end_block(c);
		c->block = heads[i].block;
		c->size = size;
		buffer_clear(&c->octets);
		c->hex = c->broken = false;
		c->first.number = 0;
		c->time = c->trace.time;
		c->digits = c->trace.digits;
		return true;
	}
	return false;
}

/* --- lines of a block --------------------------------------------------- */

static int hex_digit(uint8_t c)
{
	c = ascii_lower(c);
	return ascii_is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : -1;
}

static bool take_offset(struct slice *rest, uint64_t *off_r)
{
	struct slice s = *rest;
	uint64_t off = 0;
	size_t n;

	for (n = 0; n < s.len && n < 15 && hex_digit(s.p[n]) >= 0; n++)
		off = off * 16 + (uint64_t)hex_digit(s.p[n]);
	if (n < 4 || n == s.len || s.p[n] != ':')
		return false;
	s = slice_from(s, n + 1);
	(void)log_take_octet(&s, ' ');
	*rest = s;
	*off_r = off;
	return true;
}

/* "32 32 30 20 6d 78 ... 220 mx": how many octets; 0: it is not in hex. */
static size_t parse_hex(struct slice s, uint8_t octets[HEX_OCTETS])
{
	size_t n, i;

	if (s.len <= HEX_COLUMNS)
		return 0;
	for (n = 0; n < HEX_OCTETS; n++) {
		const uint8_t *p = s.p + 3 * n;
		int high = hex_digit(p[0]), low = hex_digit(p[1]);

		if (high < 0 || low < 0 || p[2] != ' ')
			break;
		octets[n] = (uint8_t)(high * 16 + low);
	}
	if (s.len != HEX_COLUMNS + n)
		return 0;
	for (i = 0; i < n; i++) {
		uint8_t c = octets[i], shown = s.p[HEX_COLUMNS + i];

		if (shown != (c >= 0x20 && c < 0x7f ? c : '.'))
			return 0;
	}
	return n;
}

static void add_octets(struct curl_trace *c, uint64_t off, struct slice text)
{
	uint8_t octets[HEX_OCTETS];
	size_t n = parse_hex(text, octets);

	if (c->octets.len == 0)
		c->hex = n > 0;
	if (!c->hex && off == c->octets.len + 2)
		buffer_append_str(&c->octets, "\r\n");
	c->broken |= off != c->octets.len || (c->hex && n == 0);
	if (c->hex)
		buffer_append(&c->octets, octets, n);
	else
		buffer_append_slice(&c->octets, text);
}

static bool take_dump(struct curl_trace *c, const struct log_line *line)
{
	struct slice text = line->text;
	uint64_t off;

	if (!take_offset(&text, &off))
		return false;
	if (c->block == BLOCK_NONE)
		return true;
	if (c->first.number == 0) {
		c->first = *line;
		c->first.text = slice_make(NULL, 0);
	}
	add_octets(c, off, text);
	return true;
}

/* --- the family --------------------------------------------------------- */

static const struct trace_mark marks[] = {
	{ "== Info: ", TRACE_REMARK, 0, false },
	{ "", TRACE_REMARK, 0, false },
};

static bool remark(struct trace *t, const struct log_line *line,
    const struct trace_mark *mark, struct slice text)
{
	struct curl_trace *c = state_of(t);
	bool known = text.len == 0;

	if (mark->prefix[0]) {
		end_block(c);
		curl_take_remark(t, line, text);
		known = true;
	} else if (!known) {
		known = begin_block(c, text) || take_dump(c, line);
	}
	if (c->octets.failed)
		t->status = SW_ENOMEM;
	return known;
}

#define RECORDS (TRACE_RECORDS | SW_BIT(SW_RECORDS_BODY) | \
	SW_BIT(SW_RECORDS_BODY_SIZE) | SW_BIT(SW_RECORDS_TIMES))

static const struct trace_format format = {
	.marks = marks,
	.mark_count = sizeof(marks) / sizeof(marks[0]),
	.recorder = SW_RECORDER_CLIENT,
	.records = TRACE_RECORDS,
	.stamps = true,
	.remark = remark,
};

static void skip_stamp(struct slice *line)
{
	struct slice s = *line;
	int64_t ns;

	if (log_take_time(&s, &ns, NULL) && log_take_octet(&s, ' '))
		*line = s;
}

/* The octets behind an offset as text, the most that a line holds. */
static struct slice shown_text(struct slice line)
{
	uint8_t octets[HEX_OCTETS];
	uint64_t off;

	if (!take_offset(&line, &off) || off != 0)
		return slice_make(NULL, 0);
	return parse_hex(line, octets) > 0 ? slice_from(line, HEX_COLUMNS) :
	    line;
}

/* A verb that was sent and a reply that was received. */
static bool probe(struct slice head)
{
	bool sent = false, received = false, said = false, replied = false;

	while (head.len > 0) {
		struct slice line = log_head_line(&head), text;
		size_t len;

		text = shown_text(line);
		if (sent && session_verb_is_known(session_verb(text, &len)))
			said = true;
		if (received && log_parse_reply_line(slice_head(text,
		    4)).code >= 200)
			replied = true;
		skip_stamp(&line);
		sent = log_starts(line, "=> Send header, ");
		received = log_starts(line, "<= Recv header, ");
	}
	return said && replied;
}

static enum sw_status open_log(void *state)
{
	struct curl_trace *c = state;

	buffer_init(&c->octets, LIMIT_LOG_REPLY);
	return trace_open(state);
}

static enum sw_status end_log(void *state)
{
	struct curl_trace *c = state;

	end_block(c);
	return trace_end(state);
}

static void close_log(void *state)
{
	struct curl_trace *c = state;

	buffer_fini(&c->octets);
	trace_close(state);
}

const struct log_format log_curl_trace = {
	.name = "curl-trace",
	.title = "curl --trace and --trace-ascii",
	.times = "none, or local times of day, 1 us",
	.records = RECORDS,
	.table = &format,
	.state_size = sizeof(struct curl_trace),
	.probe = probe,
	.open = open_log,
	.line = trace_line,
	.gone = trace_gone,
	.end = end_log,
	.close = close_log,
};
