/* SPDX-License-Identifier: GPL-2.0-or-later */
/* talk.c - the lines of both sides of a log as commands, replies, content */
#include "logs/talk.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/error.h"
#include "logs/text.h"

/* The lines so far of a reply whose last one is still to come. */
struct log_reply_parts {
	struct buffer text;  /* of all lines, one behind the other */
	size_t *ends;        /* where each ends in it */
	size_t count, capacity;
	uint64_t omitted;    /* lines beyond a limit */
	int32_t code;        /* of the newest line */
	bool open;
	bool differ;         /* not all codes are equal */
	bool octets_known;
	int64_t octets;
	uint32_t flags;
	struct event_span span;
};

/* --- who speaks --------------------------------------------------------- */

void log_session_recorder(struct log_session *s, enum sw_recorder recorder)
{
	session_get(s->b)->recorder = recorder;
	s->recorder_known = true;
}

enum sw_role log_role(struct log_session *s, bool sent, struct slice text)
{
	bool reply = log_parse_reply_line(text).code != SW_UNKNOWN;

	if (!s->recorder_known)
		log_session_recorder(s, reply == sent ? SW_RECORDER_SERVER :
		    SW_RECORDER_CLIENT);
	return (session_get(s->b)->recorder == SW_RECORDER_SERVER) == sent ?
	    SW_SERVER : SW_CLIENT;
}

bool log_is_smtp(struct slice said)
{
	size_t len;
	enum verb verb = session_verb(said, &len);

	return verb == VERB_HELO || verb == VERB_EHLO || verb == VERB_LHLO ||
	    verb == VERB_MAIL || verb == VERB_RCPT ||
	    log_parse_reply_line(said).code != SW_UNKNOWN;
}

/* --- what a text holds -------------------------------------------------- */

#define EACH_OCTET UINT64_C(0x0101010101010101)

/* Not 0: one of eight octets is above 0x7f or below a blank. */
static inline uint64_t odd_among(const uint8_t octets[8])
{
	uint64_t word;

	memcpy(&word, octets, sizeof(word));
	return (word | ((word - EACH_OCTET * ' ') & ~word)) &
	    EACH_OCTET * 0x80;
}

#ifdef __SSE2__
/* Is one octet of s, which has 16 or more, such?  As signed ones all such are
 * below a blank. */
static inline bool has_odd_16(struct slice s)
{
	const __m128i blank = _mm_set1_epi8(' ');
	const uint8_t *last = s.p + s.len - 16;
	__m128i odd = _mm_cmplt_epi8(_mm_loadu_si128(
	    (const __m128i *)(const void *)last), blank);

	for (; s.p < last; s.p += 16)
		odd = _mm_or_si128(odd, _mm_cmplt_epi8(_mm_loadu_si128(
		    (const __m128i *)(const void *)s.p), blank));
	return _mm_movemask_epi8(odd) != 0;
}
#endif

/* Is one octet of s such? */
static inline bool has_odd(struct slice s)
{
	uint64_t odd = 0;
	size_t i, words = s.len / 8;

	if (words == 0)
		return s.len > 0; /* too few to be worth it */
#ifdef __SSE2__
	if (words > 1)
		return has_odd_16(s);
#endif
	for (i = 0; i < words; i++)
		odd |= odd_among(s.p + 8 * i);
	return (odd | odd_among(s.p + s.len - 8)) != 0;
}

static uint32_t flags_of_octets(struct slice s)
{
	uint32_t flags = 0;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] >= 0x80)
			flags |= SW_BIT(SW_FLAG_8BIT);
		else if (s.p[i] == '\r')
			flags |= SW_BIT(SW_FLAG_BARE_CR);
		else if (s.p[i] == 0)
			flags |= SW_BIT(SW_FLAG_NUL);
	}
	return flags;
}

/* The flags that the octets themselves show; few have any. */
static uint32_t flags_of(const struct log_said *said)
{
	uint32_t flags = said->flags;

	if (has_odd(said->text))
		flags |= flags_of_octets(said->text);
	if (log_line_is_cut(said->line))
		flags |= SW_BIT(SW_FLAG_TRUNCATED);
	return flags;
}

static struct event_span span_of(const struct log_said *said)
{
	return log_span(said->line, said->time);
}

/* --- the client --------------------------------------------------------- */

uint32_t log_say_client(struct log_session *s, const struct log_said *said)
{
	struct command_in c;

	log_talk_flush(s);
	log_command_begin(&c, span_of(said));
	c.line = said->text;
	c.known = session_verb(c.line, &c.verb_len);
	c.verb_known = true;
	c.argument_known = true;
	c.octets = said->octets;
	c.flags = flags_of(said);
	return log_session_command(s, &c);
}

/* --- the server --------------------------------------------------------- */

static struct log_reply_parts *parts_of(struct log_session *s)
{
	if (s->reply)
		return s->reply;
	s->reply = s->spare_reply;
	s->spare_reply = NULL;
	if (s->reply)
		return s->reply;
	s->resized = true;
	s->reply = calloc(1, sizeof(*s->reply));
	if (s->reply)
		buffer_init(&s->reply->text, LIMIT_LOG_REPLY);
	else
		session_fail(s->b);
	return s->reply;
}

static void free_parts(struct log_reply_parts **p)
{
	if (!*p)
		return;
	buffer_fini(&(*p)->text);
	free((*p)->ends);
	free(*p);
	*p = NULL;
}

void log_talk_free(struct log_session *s)
{
	free_parts(&s->reply);
	free_parts(&s->spare_reply);
}

static size_t memory_of(const struct log_reply_parts *p)
{
	return p ? sizeof(*p) + p->text.capacity +
	    p->capacity * sizeof(*p->ends) : 0;
}

size_t log_talk_memory(const struct log_session *s)
{
	return memory_of(s->reply) + memory_of(s->spare_reply);
}

/* What another session can use is kept, unless it is large. */
enum { KEPT_OCTETS = 4096, KEPT_LINES = 256 };

void log_talk_spare(struct log_session *s)
{
	struct log_reply_parts *p = s->reply;

	if (!p)
		return;
	if (p->text.capacity > KEPT_OCTETS || p->text.failed ||
	    p->capacity > KEPT_LINES)
		free_parts(&s->reply);
	s->spare_reply = s->reply;
	s->reply = NULL;
}

static void begin_parts(struct log_reply_parts *p)
{
	buffer_clear(&p->text);
	p->count = 0;
	p->omitted = 0;
	p->differ = false;
	p->octets = 0;
	p->octets_known = true;
	p->flags = 0;
	p->open = true;
}

static void add_part(struct log_session *s, struct log_reply_parts *p,
    struct slice text)
{
	void *ends = p->ends;

	s->resized = true;
	if (p->count >= LIMIT_REPLY_LINES ||
	    !buffer_append_slice(&p->text, text)) {
		p->omitted++;
		if (p->text.failed)
			session_fail(s->b);
		return;
	}
	if (!base_grow(&ends, p->count, &p->capacity, sizeof(*p->ends))) {
		session_fail(s->b);
		return;
	}
	p->ends = ends;
	p->ends[p->count++] = p->text.len;
}

/* Lines of a reply for which no memory is asked. */
enum { FEW_LINES = 32 };

static uint32_t finish_parts(struct log_session *s,
    struct log_reply_parts *p)
{
	struct slice few[FEW_LINES], *lines = p->count <= FEW_LINES ? few :
	    base_realloc_array(NULL, p->count, sizeof(*lines));
	struct reply_in r = { .by = SW_SERVER, .code = p->code };
	size_t i, from = 0;
	uint32_t n;

	p->open = false;
	if (!lines) {
		session_fail(s->b);
		return 0;
	}
	for (i = 0; i < p->count; i++) {
		lines[i] = slice_from(slice_head(buffer_slice(&p->text),
		    p->ends[i]), from);
		from = p->ends[i];
	}
	r.lines = lines;
	r.line_count = p->count;
	r.octets = p->octets_known ? p->octets : SW_UNKNOWN;
	r.flags = p->flags;
	r.span = p->span;
	if (p->differ)
		session_note(s->b, SW_NOTE_REPLY_CODES_DIFFER, 0,
		    r.span.at_first, r.span.at_last, "The lines of one reply "
		    "bear different codes; the last one is %d.", (int)r.code);
	if (p->omitted)
		session_note(s->b, SW_NOTE_LIMIT, 0, r.span.at_first,
		    r.span.at_last, "A reply of %llu lines was cut to %zu.",
		    (unsigned long long)(p->count + p->omitted), p->count);
	n = log_session_reply(s, &r);
	if (lines != few)
		free(lines);
	return n;
}

void log_talk_flush(struct log_session *s)
{
	struct log_reply_parts *p = s->reply;

	if (!p || !p->open)
		return;
	session_note(s->b, SW_NOTE_REPLY_UNTERMINATED, 0, p->span.at_first,
	    p->span.at_last, "A multi-line reply was never finished: its last "
	    "line is \"%d-\".", (int)p->code);
	finish_parts(s, p);
}

/* The usual reply: one line; no copy. */
static uint32_t single_line(struct log_session *s,
    const struct log_said *said, const struct log_reply_line *l)
{
	struct reply_in r = { .by = SW_SERVER, .code = l->code,
		.lines = &l->text, .line_count = 1,
		.octets = said->octets };

	r.flags = flags_of(said);
	r.span = span_of(said);
	return log_session_reply(s, &r);
}

/* A line that the log has cut in its code has no text. */
static bool is_cut_code(const struct log_said *said)
{
	size_t n = 0;

	while (n < said->text.len && ascii_is_digit(said->text.p[n]))
		n++;
	return n == said->text.len && n < 3 && log_line_is_cut(said->line);
}

uint32_t log_say_server(struct log_session *s, const struct log_said *said)
{
	struct log_reply_line l = log_parse_reply_line(said->text);
	struct log_reply_parts *p = s->reply;

	if (!p || !p->open) {
		if (!l.more)
			return single_line(s, said, &l);
		p = parts_of(s);
		if (!p)
			return 0;
		begin_parts(p);
		p->span = span_of(said);
	} else if (l.code != SW_UNKNOWN && l.code != p->code) {
		p->differ = true;
	}
	if (l.code != SW_UNKNOWN)
		p->code = l.code;
	p->flags |= flags_of(said);
	p->span.at_last = said->line->number;
	p->span.end = said->time;
	if (said->octets == SW_UNKNOWN)
		p->octets_known = false;
	else
		p->octets += said->octets;
	if (!is_cut_code(said))
		add_part(s, p, l.text);
	/* A line without a code is in the midst of it. */
	return l.more || l.code == SW_UNKNOWN ? 0 : finish_parts(s, p);
}

void log_say_reply(struct log_session *s, const struct log_said *said,
    const struct slice *lines, size_t count)
{
	struct log_said one = *said;
	size_t i;

	if (count > 1)
		one.flags |= SW_BIT(SW_FLAG_JOINED);
	for (i = 0; i < count; i++) {
		one.text = lines[i];
		one.octets = count > 1 ? SW_UNKNOWN : said->octets;
		log_say_server(s, &one);
	}
}

bool log_reply_open(const struct log_session *s)
{
	return s->reply && s->reply->open;
}

void log_say_note(struct log_session *s, const struct log_line *line,
    int64_t time, struct slice text)
{
	struct buffer b;

	/* It may be a line of AUTH whose mark is damaged. */
	if ((!s->auth_seen && !s->ambiguous &&
	    slice_find_nocase(text, slice_str("AUTH")) == text.len) ||
	    session_shows_secrets(s->b)) {
		session_note_event(s->b, SW_NOBODY, text,
		    log_span(line, time));
		return;
	}
	buffer_init(&b, 4 * LIMIT_LINE);
	secrets_quote(&b, text);
	if (b.failed)
		session_fail(s->b);
	session_note_event(s->b, SW_NOBODY, buffer_slice(&b),
	    log_span(line, time));
	buffer_fini(&b);
}

/* --- content ------------------------------------------------------------ */

static void open_content(struct log_session *s, const struct log_said *said)
{
	struct data_in d = { .of = s->content.of };

	if (s->content.open)
		return;
	d.method = s->content.no_message ? SW_METHOD_NONE : SW_METHOD_DATA;
	d.start_seen = true;
	d.span = span_of(said);
	log_talk_flush(s);
	s->content.data = session_data_begin(s->b, &d);
	s->content.open = true;
	s->content.flags = 0;
}

/* Is more of it missing in the log? */
static bool is_cut(const struct log_said *said)
{
	return log_line_is_cut(said->line) ||
	    (said->flags & SW_BIT(SW_FLAG_TRUNCATED));
}

/* Content is due. */
static void tell_octets(struct log_session *s, const struct log_said *said,
    uint32_t flags, struct slice octets)
{
	open_content(s, said);
	s->content.flags |= flags;
	s->content.last = span_of(said);
	session_data_octets(s->b, octets);
	if (is_cut(said))
		session_data_gap(s->b, SW_UNKNOWN);
}

void log_content_octets(struct log_session *s, const struct log_said *said,
    struct slice octets)
{
	if (log_content_due(s))
		tell_octets(s, said, said->flags, octets);
}

void log_content_lost(struct log_session *s, const struct log_said *said)
{
	if (!log_content_due(s))
		return;
	open_content(s, said);
	s->content.last = span_of(said);
	if (s->content.lost)
		return;
	s->content.lost = true;
	session_data_gap(s->b, SW_UNKNOWN);
}

bool log_content_line(struct log_session *s, const struct log_said *said,
    bool stuffed, bool crlf)
{
	struct slice text = said->text;
	bool ended = !said->line->unterminated; /* else: who knows how */
	uint32_t flags;

	if (!log_content_due(s))
		return false;
	if (stuffed && ended && text.len == 1 && text.p[0] == '.') {
		log_content_end(s, said, SW_UNKNOWN);
		return true;
	}
	/* RFC 5321 4.5.2 */
	if (stuffed && text.len > 0 && text.p[0] == '.')
		text = slice_from(text, 1);
	flags = flags_of(said) & ~SW_BIT(SW_FLAG_TRUNCATED);
	if (!ended) {
		tell_octets(s, said, flags, text);
		return false;
	}
	if (!crlf)
		flags |= SW_BIT(SW_FLAG_BARE_LF);
	open_content(s, said);
	s->content.flags |= flags;
	s->content.last = span_of(said);
	session_data_line(s->b, text, is_cut(said), crlf);
	return false;
}

void log_content_end(struct log_session *s, const struct log_said *said,
    int64_t wire)
{
	if (!log_content_due(s))
		return;
	open_content(s, said); /* it may be empty */
	s->content.open = false;
	session_data_end(s->b, true, true, wire, s->content.flags,
	    span_of(said));
}

void log_content_passed(struct log_session *s, const struct log_said *said,
    int64_t size, int64_t wire)
{
	struct data_in d = { .of = s->content.of,
		.method = s->content.no_message ? SW_METHOD_NONE :
		    SW_METHOD_DATA,
		.start_seen = true, .span = span_of(said) };
	struct sw_event *e;

	if (!log_content_due(s) || s->content.open)
		return;
	log_talk_flush(s);
	d.span.time = SW_NO_TIME; /* when it began is told nowhere */
	s->content.data = session_data_logged(s->b, &d, size, SW_UNKNOWN);
	e = session_event(s->b, s->content.data);
	if (e)
		e->u.data.octets = wire;
}

void log_content_size(struct log_session *s, int64_t size)
{
	if (log_content_due(s) && !s->content.open)
		s->content.size = size;
}

/* --- the connection ----------------------------------------------------- */

void log_session_connect(struct log_session *s, const struct log_line *line,
    int64_t time, enum sw_role by)
{
	s->start_seen = true;
	session_connect(s->b, by, log_span(line, time));
}

bool log_session_over(const struct log_session *s)
{
	return s->phase == LOG_PHASE_QUIT && log_session_outstanding(s) == 0;
}

enum sw_status log_session_close(struct log_sessions *t,
    struct log_session *s, const struct log_line *line, int64_t time,
    enum sw_role by)
{
	enum sw_ending ending;

	log_talk_flush(s);
	session_close(s->b, by, SW_CLOSE_LOGGED, log_span(line, time));
	if (by == SW_NOBODY)
		by = s->last_code == 421 || s->last_code == 221 ? SW_SERVER :
		    SW_CLIENT;
	ending = session_has_quit(s->b, by == SW_SERVER) ? SW_ENDING_QUIT :
	    by == SW_SERVER ? SW_ENDING_SERVER_CLOSE :
	    SW_ENDING_CLIENT_CLOSE;
	return log_sessions_end(t, s, ending);
}
