/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exchange_ims.c - SMTP protocol logs of the Internet Mail Connector and
 * Service of Exchange 4.0, 5.0 and 5.5
 *
 * Theory of operation.  An entry begins with date, time and a colon, in the
 * short forms of the server's locale; what follows without them belongs to
 * it still.  "<<<" was received by this host, ">>>" sent by it, whichever
 * role it had.  At the highest level "<<< IO: |" tells the octets as they
 * were read, in front of the line that was parsed out of them.
 *
 *   5/13/00 2:36:27 PM : A connection was accepted from SERVER1.
 *   5/13/00 2:36:27 PM : <<< IO: |EHLO  client.example.org
 *   5/13/00 2:36:27 PM : <<< EHLO client.example.org
 *   5/13/00 2:36:27 PM : >>> 250-mx.example.com Hello [192.0.2.10]
 *   250 AUTH=LOGIN
 *
 *   5/13/00 2:36:30 PM : A connection to 192.0.2.25 was established.
 *
 * Entries name no session.  There are two pools, connections made to this
 * host and by it: a received reply is one of the second, a received command
 * one of the first.  Within a pool the grammar of SMTP decides: a command
 * suits a session that awaits one and has come so far, a reply one whose
 * newest command awaits it, best the one whose address it repeats.  Where
 * two suit alike both bear the note ambiguous-interleaving.
 *
 * An IO line is evidence, never a second command: its octets are held until
 * the parsed line comes, which then tells them.  One that no parsed line
 * follows is a command all the same (inferred).  Between a 354 and the
 * verdict IO lines, or plain received ones, are the message.  Whether an
 * entry holds the line end of what it tells is seen from the entries before:
 * those that do are followed by an empty line.
 *
 * The order of day and month is worked out of the dates; the first
 * LIMIT_LOG_PROBE octets of lines are held back as long as they leave it
 * open, then an order is assumed and noted.
 *
 * NNTP, POP3 and IMAP4 logs of the same server have this form too: their
 * lines are counted and left out.
 *
 * Not handled: designators of half days other than AM and PM; content that
 * was cut (Exchange 4.0 cuts entries at 1024 octets: flag truncated).
 */
#include "logs/families.h"
#include "logs/held.h"
#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

/* Whose connections: made to this host, or by it. */
enum pool { POOL_IN, POOL_OUT, POOL_COUNT };

/* What lines without a date would go on with. */
enum entry {
	ENTRY_NONE,
	ENTRY_COMMAND,
	ENTRY_REPLY,
	ENTRY_IO,
	ENTRY_CONTENT,
	ENTRY_OTHER
};

/* Octets of an entry of Exchange 4.0 (Q159290). */
#define CUT_AT 1024
/* A session silent for so long yields to any other (RFC 5321 4.5.3.2: a
 * server waits five minutes, ten after the dot). */
#define STALE_NS (600 * NS_PER_S)
/* Open sessions of which most are lost connections. */
#define CROWD 32
/* Lines and octets of IO that wait for their parsed lines. */
#define IO_LINES 32
#define IO_OCTETS 16384

/* What is kept of each session. */
struct extra {
	enum pool pool;
	bool greeted;       /* a reply was told */
	bool content_by_io; /* its content is that of IO lines */
	uint8_t name_len, address_len;
	uint8_t name[64];     /* as the connection's line tells it */
	uint8_t address[120]; /* of the newest MAIL or RCPT */
};

/* One line of IO octets that no parsed line was found for yet. */
struct io_line {
	uint64_t number;
	int64_t time;
	size_t from, len; /* in io_text */
};

struct ims {
	struct log_sessions sessions;

	/* dates */
	struct log_date_votes votes;
	struct log_numeric_date newest_date;
	enum log_date_order order;  /* in force; AUTO: whatever fits */
	bool assumed;               /* ... and was not worked out */
	bool holding, replaying;
	struct log_held held;

	/* the newest prefix: most lines bear the one of the line before */
	uint8_t prefix[48];
	size_t prefix_len;
	int64_t time;
	int64_t expired;            /* time at which sessions were ended */

	/* the entry that may go on */
	enum entry entry;
	struct log_session *speaker; /* with COMMAND, REPLY and CONTENT */
	bool more;         /* its reply has more lines */
	bool blank;        /* its newest line was empty */
	bool by_io;        /* with CONTENT */
	bool io_keeps_end; /* IO entries hold their line end */
	bool keeps_end;    /* ... and so do the others */

	struct io_line io[IO_LINES];
	size_t io_count;
	struct buffer io_text;
	bool io_undecided; /* the newest IO entry is content or a command */

	/* The pools, for most lines change nothing about them. */
	struct log_session *pool[POOL_COUNT];
	bool pool_known[POOL_COUNT];

	struct buffer part;    /* a line of content that may go on */
	bool part_open;
	struct buffer last_io; /* newest line of content told by IO */

	bool other;            /* a connection that is not SMTP was told */
	uint64_t other_lines;
};

static struct extra *extra_of(struct log_session *s)
{
	return (struct extra *)(void *)s->extra;
}

static inline bool is_waiting(const struct log_session *s)
{
	return s->outstanding_count > 0 || s->content.of != 0;
}

static struct slice key_of(enum pool p)
{
	return p == POOL_IN ? slice_make("in", 2) : slice_make("out", 3);
}

static struct log_session *pool_of(struct ims *m, enum pool p)
{
	if (!m->pool_known[p]) {
		m->pool[p] = log_sessions_find(&m->sessions, key_of(p));
		m->pool_known[p] = true;
	}
	return m->pool[p];
}

/* Sessions came or went. */
static void forget_pools(struct ims *m)
{
	m->pool_known[POOL_IN] = m->pool_known[POOL_OUT] = false;
}

static enum sw_status expire(struct ims *m)
{
	size_t before = m->sessions.count;
	struct log_session *s, *next;
	enum sw_status status = log_sessions_expire(&m->sessions, m->time);

	/* A dialogue that stops for so long is over; content may be silent
	 * longer, for its lines are not always told, if there is room. */
	for (s = m->sessions.oldest; s && status == SW_OK &&
	    m->time != m->expired && s->last_time != SW_NO_TIME &&
	    m->time - s->last_time > LIMIT_IDLE_NS; s = next) {
		next = s->newer;
		if (!log_content_due(s) || m->sessions.count > CROWD)
			status = log_sessions_end(&m->sessions, s,
			    SW_ENDING_IDLE);
	}
	m->expired = m->time;
	if (m->sessions.count != before)
		forget_pools(m);
	return status;
}

/* --- prefixes ----------------------------------------------------------- */

/* "14.36.27", as some locales write it. */
static bool take_dotted_time(struct slice *rest, int64_t *ns_r)
{
	struct slice s = *rest;
	int hour, minute, second;

	if (!log_take_number(&s, 1, 2, &hour) || !log_take_octet(&s, '.') ||
	    !log_take_number(&s, 2, 2, &minute) ||
	    !log_take_octet(&s, '.') ||
	    !log_take_number(&s, 2, 2, &second) || hour > 23 ||
	    minute > 59 || second > 60)
		return false;
	*ns_r = ((hour * INT64_C(60) + minute) * 60 + second) * NS_PER_S;
	*rest = s;
	return true;
}

/* "5/13/00 2:36:27 PM : ", dropped from *rest. */
static bool parse_prefix(struct slice *rest, struct log_numeric_date *d_r,
    int64_t *ns_r)
{
	struct slice s = *rest;

	if (s.len == 0 || !ascii_is_digit(s.p[0]) ||
	    !log_take_numeric_date(&s, d_r) || !log_take_blanks(&s))
		return false;
	if (!log_take_time(&s, ns_r, NULL) && !take_dotted_time(&s, ns_r))
		return false;
	log_take_blanks(&s);
	if (!log_take_octet(&s, ':'))
		return false;
	if (s.len > 0 && !log_take_octet(&s, ' '))
		return false;
	*rest = s;
	return true;
}

static bool same_date(const struct log_numeric_date *a,
    const struct log_numeric_date *b)
{
	return a->n[0] == b->n[0] && a->n[1] == b->n[1] && a->n[2] == b->n[2];
}

/* One vote for each new date, as long as nothing is certain. */
static void vote(struct ims *m, const struct log_numeric_date *d)
{
	enum log_date_order elected;

	if (m->replaying || m->sessions.options->date_order != LOG_DATE_AUTO ||
	    (m->order != LOG_DATE_AUTO && !m->assumed) ||
	    (m->votes.count > 0 && same_date(d, &m->newest_date)))
		return;
	m->newest_date = *d;
	log_date_vote(&m->votes, d);
	elected = log_date_elected(&m->votes);
	if (elected == LOG_DATE_AUTO)
		return;
	m->order = elected;
	m->assumed = false;
	m->prefix_len = 0;
}

static int64_t time_of(const struct ims *m, const struct log_numeric_date *d,
    int64_t ns)
{
	struct civil day;

	if (!log_order_date(d, m->order, &day) &&
	    !log_order_date(d, LOG_DATE_AUTO, &day))
		return SW_NO_TIME;
	return log_local_time(m->sessions.options,
	    clock_add(log_make_time(&day, 0), ns));
}

static void remember_prefix(struct ims *m, struct slice line, size_t len)
{
	m->prefix_len = len <= sizeof(m->prefix) ? len : 0;
	memcpy(m->prefix, line.p, m->prefix_len);
}

/* The prefix in front of *rest, which is dropped; its time in m->time. */
static bool take_prefix(struct ims *m, struct slice *rest)
{
	struct slice line = *rest;
	struct log_numeric_date d;
	int64_t ns, time;

	if (m->prefix_len > 0 && line.len >= m->prefix_len &&
	    memcmp(line.p, m->prefix, m->prefix_len) == 0) {
		*rest = slice_from(line, m->prefix_len);
		return true;
	}
	if (!parse_prefix(rest, &d, &ns))
		return false;
	vote(m, &d);
	time = time_of(m, &d, ns);
	if (time == SW_NO_TIME) {
		*rest = line;
		return false;
	}
	m->time = time;
	remember_prefix(m, line, line.len - rest->len);
	return true;
}

/* What the colon of a prefix is followed by. */
static bool begins_entry(struct slice text)
{
	return slice_has_prefix_nocase(text, slice_str("<<<")) ||
	    slice_has_prefix_nocase(text, slice_str(">>>")) ||
	    slice_has_prefix_nocase(text, slice_str("A connection ")) ||
	    slice_has_prefix_nocase(text, slice_str("Connection to ["));
}

/* Where in text, which ends in the colon of a prefix, does that begin? */
static size_t prefix_start(struct slice text, size_t colon)
{
	size_t at = colon > sizeof(((struct ims *)0)->prefix) ?
	    colon - sizeof(((struct ims *)0)->prefix) : 0;

	for (; at < colon; at++) {
		struct slice rest = slice_from(text, at);
		struct log_numeric_date d;
		int64_t ns;

		if ((at > 0 && ascii_is_digit(text.p[at - 1])) ||
		    !ascii_is_digit(text.p[at]))
			continue;
		if (parse_prefix(&rest, &d, &ns) &&
		    text.len - rest.len == colon + 2)
			return at;
	}
	return text.len;
}

/* An entry that was not ended (Q159290) has the next one in its line:
 * where, text.len: nowhere. */
static size_t find_next_entry(struct slice text)
{
	size_t off = 1;

	while (off < text.len) {
		const uint8_t *colon = memchr(text.p + off, ':',
		    text.len - off);
		size_t start;

		if (!colon)
			break;
		off = (size_t)(colon - text.p) + 1;
		if (colon[-1] != ' ' || off >= text.len ||
		    colon[1] != ' ' ||
		    !begins_entry(slice_from(text, off + 1)))
			continue;
		start = prefix_start(text, off - 1);
		if (start < text.len)
			return start;
	}
	return text.len;
}

/* --- sessions ----------------------------------------------------------- */

#define RECORDS_ALWAYS (SW_BIT(SW_RECORDS_COMMAND) | \
	SW_BIT(SW_RECORDS_ARGUMENT) | SW_BIT(SW_RECORDS_REPLY_CODE) | \
	SW_BIT(SW_RECORDS_REPLY_TEXT) | SW_BIT(SW_RECORDS_REPLY_LINES) | \
	SW_BIT(SW_RECORDS_INTERMEDIATE_REPLIES) | SW_BIT(SW_RECORDS_TIMES))

static const char *order_name(enum log_date_order order)
{
	switch (order) {
	case LOG_DATE_MDY:
		return "month, day, year";
	case LOG_DATE_DMY:
		return "day, month, year";
	case LOG_DATE_YMD:
		return "year, month, day";
	case LOG_DATE_AUTO:
	case LOG_DATE_ORDER_COUNT:
		break;
	}
	return "unknown";
}

static enum sw_status begin_session(struct ims *m, enum pool pool,
    const struct log_line *line, struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&m->sessions,
	    key_of(pool), line, m->time, s_r);
	struct sw_session *out;

	forget_pools(m);
	if (status != SW_OK)
		return status;
	extra_of(*s_r)->pool = pool;
	log_session_recorder(*s_r, pool == POOL_IN ? SW_RECORDER_SERVER :
	    SW_RECORDER_CLIENT);
	out = session_get((*s_r)->b);
	out->records = RECORDS_ALWAYS;
	if (pool == POOL_OUT)
		out->records |= SW_BIT(SW_RECORDS_GREETING);
	out->clock = log_local_clock(m->sessions.options, NS_PER_S, m->assumed ?
	    SW_DATE_ASSUMED : SW_DATE_GIVEN);
	if (m->assumed)
		session_note((*s_r)->b, SW_NOTE_DATE_ASSUMED, 0,
		    line->number, line->number, "The dates of this log do "
		    "not tell day and month apart: %s is assumed "
		    "(--date-order decides it).", order_name(m->order));
	return SW_OK;
}

/* ... whose first lines are not in this log. */
static enum sw_status begin_midway(struct ims *m, enum pool pool,
    const struct log_line *line, struct log_session **s_r)
{
	enum sw_status status = begin_session(m, pool, line, s_r);

	if (status == SW_OK)
		log_session_no_start(*s_r, line);
	return status;
}

/* "[192.0.2.10]." without what is around the name. */
static struct slice bare_name(struct slice s)
{
	s = slice_trim(s);
	while (s.len > 0 && s.p[s.len - 1] == '.')
		s.len--;
	if (s.len >= 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		s = slice_make(s.p + 1, s.len - 2);
	return s;
}

static enum sw_status open_in(struct ims *m, const struct log_line *line,
    struct slice text, struct slice name)
{
	struct log_session *s;
	enum sw_status status = begin_session(m, POOL_IN, line, &s);
	struct extra *x;

	if (status != SW_OK)
		return status;
	log_session_connect(s, line, m->time, SW_CLIENT);
	if (log_is_ipv4(name)) {
		session_get(s->b)->client.ip = session_text(s->b, name);
		session_get(s->b)->records |=
		    SW_BIT(SW_RECORDS_CLIENT_ADDRESS);
		return SW_OK;
	}
	/* A name that this host found: the transcript's is that of HELO. */
	log_say_note(s, line, m->time, text);
	x = extra_of(s);
	x->name_len = (uint8_t)(name.len < sizeof(x->name) ? name.len : 0);
	if (x->name_len > 0)
		memcpy(x->name, name.p, x->name_len);
	return SW_OK;
}

static enum sw_status open_out(struct ims *m, const struct log_line *line,
    struct slice text, struct slice name)
{
	struct log_session *s;
	enum sw_status status = begin_session(m, POOL_OUT, line, &s);

	if (status != SW_OK)
		return status;
	log_session_connect(s, line, m->time, SW_CLIENT);
	if (log_is_ipv4(name)) {
		session_get(s->b)->server.ip = session_text(s->b, name);
		session_get(s->b)->records |=
		    SW_BIT(SW_RECORDS_SERVER_ADDRESS);
	} else {
		log_say_note(s, line, m->time, text);
	}
	return SW_OK;
}

static bool is_stale(const struct ims *m, const struct log_session *s)
{
	return m->time != SW_NO_TIME && s->last_time != SW_NO_TIME &&
	    m->time - s->last_time > STALE_NS;
}

/* --- whose line is it --------------------------------------------------- */

/* What is to be told apart. */
struct spoken {
	struct slice text;
	enum verb verb;     /* of a command */
	size_t verb_len;
	struct log_reply_line reply;
	/* What its words tell, for choose(). */
	bool mail, rcpt, hello;
	struct slice address;
};

static struct slice address_in(struct slice text)
{
	const uint8_t *from = text.len ? memchr(text.p, '<', text.len) : NULL;
	const uint8_t *to;
	size_t off;

	if (!from)
		return slice_make(text.p, 0);
	off = (size_t)(from - text.p) + 1;
	text = slice_from(text, off);
	to = text.len ? memchr(text.p, '>', text.len) : NULL;
	return slice_head(text, to ? (size_t)(to - text.p) : 0);
}

static void keep_address(struct log_session *s, struct slice text)
{
	struct extra *x = extra_of(s);
	struct slice a = address_in(text);

	x->address_len = (uint8_t)(a.len <= sizeof(x->address) ? a.len : 0);
	if (x->address_len > 0)
		memcpy(x->address, a.p, x->address_len);
}

static bool is_auth_line(struct slice s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '+' &&
		    s.p[i] != '/' && s.p[i] != '=' && s.p[i] != '*')
			return false;
	return true;
}

static bool is_hello(enum verb verb)
{
	return verb == VERB_HELO || verb == VERB_EHLO;
}

/* How well does this command suit the session?  0: not at all. */
static int score_command(struct log_session *s, const struct spoken *k)
{
	struct extra *x = extra_of(s);
	int fit;

	if (log_content_due(s) && (s->content.open || x->content_by_io ||
	    k->verb == VERB_NONE || k->verb == VERB_UNKNOWN))
		return 0;
	/* What is no command is the AUTH line that is due; a command is more
	 * probably another session's. */
	if (s->auth_line_next)
		return k->verb != VERB_NONE && k->verb != VERB_UNKNOWN ? 1 :
		    is_auth_line(k->text) ? 12 : 6;
	fit = log_session_fit(s, k->verb, SW_UNKNOWN);
	if (fit == 0)
		return 0;
	if (is_waiting(s))
		return 1;
	if (is_hello(k->verb) && x->name_len > 0 && s->seen == 0 &&
	    slice_eq_nocase(slice_make(x->name, x->name_len),
	    slice_trim(slice_from(k->text, k->verb_len))))
		fit += 4;
	/* A client waits for the greeting. */
	if (x->pool == POOL_OUT && s->start_seen && !x->greeted)
		return 1;
	return 1 + fit;
}

static bool contains(struct slice text, const char *words)
{
	return slice_find_nocase(text, slice_str(words)) < text.len;
}

static void read_words(struct spoken *k)
{
	k->mail = contains(k->text, "mail from") || contains(k->text, "sender");
	k->rcpt = contains(k->text, "recipient");
	k->hello = contains(k->text, "hello");
	k->address = address_in(k->reply.text);
}

/* A reply to MAIL or RCPT: whose address does it repeat? */
static int score_echo(const struct extra *x, const struct spoken *k,
    enum verb verb)
{
	if (x->address_len > 0 && k->address.len > 0)
		return slice_eq_nocase(k->address, slice_make(x->address,
		    x->address_len)) ? 8 : 1;
	if ((verb == VERB_MAIL && k->rcpt && !k->mail) ||
	    (verb == VERB_RCPT && k->mail && !k->rcpt))
		return 1;
	return k->mail || k->rcpt ? 5 : 3;
}

static int score_verdict(const struct log_session *s, const struct spoken *k)
{
	int32_t code = k->reply.code;

	if (code < 400 && (code != 250 || k->reply.more || k->mail ||
	    k->rcpt))
		return 0;
	if (s->content.open)
		return 1;
	return s->content.data ? 6 : 3;
}

/* Is this a code that only one verb is answered with?  *verb_r. */
static bool code_tells_verb(int32_t code, enum verb *verb_r)
{
	*verb_r = code == 354 ? VERB_DATA : code == 221 ? VERB_QUIT :
	    code == 334 || code == 235 || code == 535 ? VERB_AUTH :
	    VERB_NONE;
	return *verb_r != VERB_NONE;
}

/* How well does this reply suit the session?  0: not at all. */
static int score_reply(struct log_session *s, const struct spoken *k)
{
	struct extra *x = extra_of(s);
	enum verb verb, of;
	int32_t code = k->reply.code;

	if (!is_waiting(s)) {
		if (s->seen == 0 && !x->greeted)
			return code == 220 || code == 554 || code == 421 ?
			    6 : 0;
		return code == 421;
	}
	verb = s->auth_open ? VERB_AUTH : s->last_verb;
	if (s->content.of && log_session_outstanding(s) == 1)
		return score_verdict(s, k);
	if (code_tells_verb(code, &of))
		return of == verb ? 8 : 0;
	switch (verb) {
	case VERB_MAIL:
	case VERB_RCPT:
		return score_echo(x, k, verb);
	case VERB_HELO:
	case VERB_EHLO:
		return k->reply.more || k->hello ? 6 : 3;
	case VERB_DATA:
	case VERB_QUIT:
	case VERB_AUTH:
		return code >= 400 ? 3 : 0;
	default:
		return k->reply.more ? 2 : 3;
	}
}

typedef int (*score_fn)(struct log_session *s, const struct spoken *k);

/*
 * Of equals the one that has waited longest, for clients take turns.  Where
 * sessions gather most are those of connections lost without a word: then
 * the one that spoke last, so that the others come to be idle.
 */
static bool is_likelier(const struct ims *m, const struct log_session *a,
    const struct log_session *b)
{
	return m->sessions.count > CROWD ? a->last > b->last :
	    a->last < b->last;
}

/* Sessions that suit alike and are remembered as such. */
#define EQUALS_MAX 64

/*
 * The session of a pool that suits best, NULL: none does.  Those that suit
 * as well bear a note, and so does it.
 */
static struct log_session *choose(const struct ims *m,
    struct log_session *pool, const struct spoken *k, score_fn score,
    const struct log_line *line, bool stale)
{
	struct log_session *s, *best = NULL, *equals[EQUALS_MAX];
	size_t count = 0, i;
	int best_score = 1;

	for (s = pool; s; s = s->same_next) {
		int n = score(s, k);

		if (n < best_score || (!stale && is_stale(m, s)))
			continue;
		if (n > best_score)
			count = 0;
		if (count == 0 || is_likelier(m, s, best))
			best = s;
		if (count < EQUALS_MAX)
			equals[count++] = s;
		best_score = n;
	}
	for (i = 0; count > 1 && i < count; i++)
		log_session_ambiguous(equals[i], line);
	if (best && count > 1)
		log_session_ambiguous(best, line);
	return best;
}

/* Nothing suits: the session that spoke last, if it can speak at all. */
static struct log_session *newest_of(const struct ims *m,
    struct log_session *pool)
{
	struct log_session *s, *best = NULL;

	for (s = pool; s; s = s->same_next)
		if (!is_stale(m, s) && !log_content_due(s) &&
		    s->phase != LOG_PHASE_QUIT &&
		    (!best || s->last > best->last))
			best = s;
	return best;
}

static struct log_session *choose_any(const struct ims *m,
    struct log_session *pool, const struct spoken *k, score_fn score,
    const struct log_line *line)
{
	struct log_session *s = choose(m, pool, k, score, line, false);

	return s ? s : choose(m, pool, k, score, line, true);
}

/* The session of a command; a new one where no other can be. */
static enum sw_status session_of_command(struct ims *m, enum pool p,
    const struct spoken *k, const struct log_line *line,
    struct log_session **s_r)
{
	struct log_session *pool = pool_of(m, p);

	*s_r = choose_any(m, pool, k, score_command, line);
	if (!*s_r && !is_hello(k->verb))
		*s_r = newest_of(m, pool);
	return *s_r ? SW_OK : begin_midway(m, p, line, s_r);
}

static enum sw_status session_of_reply(struct ims *m, enum pool p,
    const struct spoken *k, const struct log_line *line,
    struct log_session **s_r)
{
	struct log_session *pool = pool_of(m, p);
	struct spoken read = *k;

	if (pool && !pool->same_next && !is_stale(m, pool)) {
		*s_r = pool;
	} else {
		read_words(&read);
		*s_r = choose_any(m, pool, &read, score_reply, line);
	}
	if (!*s_r)
		*s_r = newest_of(m, pool);
	return *s_r ? SW_OK : begin_midway(m, p, line, s_r);
}

static bool awaits_reply(const struct ims *m, struct log_session *pool)
{
	struct log_session *s;

	for (s = pool; s; s = s->same_next)
		if (!is_stale(m, s) && (is_waiting(s) ||
		    (s->start_seen && !extra_of(s)->greeted)))
			return true;
	return false;
}

/* The session whose content is due: the one that told some last. */
static struct log_session *content_of(struct ims *m)
{
	struct log_session *s, *best = NULL;

	for (s = pool_of(m, POOL_IN); s; s = s->same_next)
		if (log_content_due(s) && (!best ||
		    (s->content.open && !best->content.open) ||
		    (s->content.open == best->content.open &&
		    s->last > best->last)))
			best = s;
	return best;
}

static void mark_ambiguous_content(struct ims *m,
    const struct log_line *line)
{
	struct log_session *s;
	size_t n = 0;

	for (s = pool_of(m, POOL_IN); s; s = s->same_next)
		n += log_content_due(s) && !is_stale(m, s);
	if (n < 2)
		return;
	for (s = pool_of(m, POOL_IN); s; s = s->same_next)
		if (log_content_due(s) && !is_stale(m, s))
			log_session_ambiguous(s, line);
}

/* Could a session that is not in the midst of content have sent this? */
static bool other_could_speak(struct ims *m, const struct spoken *k)
{
	struct log_session *s;

	if (k->verb == VERB_NONE || k->verb == VERB_UNKNOWN)
		return false;
	for (s = pool_of(m, POOL_IN); s; s = s->same_next)
		if (!is_stale(m, s) && score_command(s, k) > 1)
			return true;
	return false;
}

/* --- IO lines ----------------------------------------------------------- */

static void drop_io(struct ims *m, size_t from, size_t count)
{
	memmove(m->io + from, m->io + from + count,
	    (m->io_count - from - count) * sizeof(m->io[0]));
	m->io_count -= count;
	if (m->io_count == 0)
		buffer_clear(&m->io_text);
}

static void push_io(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct io_line *l;

	/* What waits too long is evidence of nothing. */
	if (m->io_count == IO_LINES || m->io_text.len + text.len > IO_OCTETS)
		drop_io(m, 0, m->io_count);
	l = &m->io[m->io_count];
	l->number = line->number;
	l->time = m->time;
	l->from = m->io_text.len;
	l->len = text.len;
	if (buffer_append_slice(&m->io_text, text))
		m->io_count++;
}

static struct slice io_text(const struct ims *m, const struct io_line *l)
{
	return slice_head(slice_from(buffer_slice(&m->io_text), l->from),
	    l->len);
}

/* Drop what is in front of both, blanks ignored; false: they differ. */
static bool match_blankless(struct slice *raw, struct slice *parsed)
{
	for (;;) {
		log_take_blanks(raw);
		log_take_blanks(parsed);
		if (raw->len == 0 || parsed->len == 0)
			return true;
		if (ascii_lower(raw->p[0]) != ascii_lower(parsed->p[0]))
			return false;
		*raw = slice_from(*raw, 1);
		*parsed = slice_from(*parsed, 1);
	}
}

/* How many IO lines from i on hold the parsed line?  0: they do not. */
static size_t match_from(const struct ims *m, size_t i, struct slice parsed)
{
	size_t n;

	for (n = 0; i + n < m->io_count; n++) {
		struct slice raw = io_text(m, &m->io[i + n]);

		if (!match_blankless(&raw, &parsed) || raw.len > 0)
			return 0;
		if (parsed.len == 0)
			return n + 1;
	}
	return 0;
}

/* The IO lines of a parsed line: how many, and the first. */
static size_t find_io(const struct ims *m, struct slice parsed,
    size_t *first_r)
{
	size_t i, n;

	for (i = 0; i < m->io_count; i++) {
		n = match_from(m, i, parsed);
		if (n > 0) {
			*first_r = i;
			return n;
		}
	}
	return 0;
}

/* --- speaking ----------------------------------------------------------- */

/* At the limit, or by the end of the log. */
static bool is_cut(const struct log_line *line, struct slice text)
{
	return line->unterminated || text.len == CUT_AT ||
	    line->text.len == CUT_AT;
}

/* The event begins with its IO line. */
static void begin_earlier(struct log_session *s, uint32_t n,
    const struct io_line *io)
{
	struct sw_event *e = n ? session_event(s->b, n) : NULL;

	if (s->first > io->number)
		s->first = io->number;
	if (s->start_time > io->time)
		s->start_time = io->time;
	if (!e || io->number > e->at_first)
		return;
	e->at_first = io->number;
	e->time = io->time;
}

/* One side speaks; its IO line, if there is one, tells the octets. */
static uint32_t say(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text, bool client)
{
	struct log_said said = log_said(line, m->time, text);
	size_t first = 0, count = m->io_count ? find_io(m, text, &first) : 0;
	struct io_line io = { 0 };
	uint32_t n;

	if (is_cut(line, text))
		said.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	if (count > 0)
		io = m->io[first];
	if (count == 1) {
		said.text = io_text(m, &m->io[first]);
		said.octets = (int64_t)said.text.len + 2;
	}
	n = client ? log_say_client(s, &said) : log_say_server(s, &said);
	if (count > 0) {
		begin_earlier(s, n, &io);
		drop_io(m, first, count);
	}
	return n;
}

static struct spoken spoken(struct slice text)
{
	struct spoken k = { .text = text };

	k.verb = session_verb(text, &k.verb_len);
	k.reply = log_parse_reply_line(text);
	return k;
}

static enum sw_status say_command(struct ims *m, enum pool p,
    const struct spoken *k, const struct log_line *line)
{
	struct log_session *s;
	enum sw_status status = session_of_command(m, p, k, line, &s);

	if (status != SW_OK)
		return status;
	log_sessions_touch(&m->sessions, s, line->number, m->time);
	say(m, s, line, k->text, true);
	if (k->verb == VERB_MAIL || k->verb == VERB_RCPT)
		keep_address(s, k->text);
	else
		extra_of(s)->address_len = 0;
	extra_of(s)->content_by_io = false;
	m->entry = ENTRY_COMMAND;
	m->speaker = s;
	return SW_OK;
}

static void flush_part(struct ims *m, struct log_session *s,
    const struct log_line *line);

/* One line of a reply; the session may be over with it. */
static enum sw_status say_reply_line(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text)
{
	struct log_reply_line l = log_parse_reply_line(text);

	log_sessions_touch(&m->sessions, s, line->number, m->time);
	say(m, s, line, text, false);
	if (l.code == 220 && !extra_of(s)->greeted && s->seen == 0)
		session_get(s->b)->records |= SW_BIT(SW_RECORDS_GREETING);
	extra_of(s)->greeted = true;
	m->entry = ENTRY_REPLY;
	m->speaker = s;
	m->more = l.more || (l.code == SW_UNKNOWN && m->more);
	if (!log_session_over(s))
		return SW_OK;
	m->entry = ENTRY_NONE;
	forget_pools(m);
	return log_sessions_end(&m->sessions, s, SW_ENDING_QUIT);
}

static enum sw_status tell_inferred(struct ims *m, size_t count);

static enum sw_status say_reply(struct ims *m, enum pool p,
    const struct spoken *k, const struct log_line *line)
{
	struct log_session *s;
	enum sw_status status = SW_OK;

	/* It answers a command that only an IO line tells. */
	if (p == POOL_IN && m->io_count > 0 && !awaits_reply(m,
	    pool_of(m, POOL_IN)))
		status = tell_inferred(m, 1);
	if (status == SW_OK)
		status = session_of_reply(m, p, k, line, &s);
	if (status != SW_OK)
		return status;
	if (log_content_due(s))
		flush_part(m, s, line);
	m->more = false;
	return say_reply_line(m, s, line, k->text);
}

/* A verb that is known, or the line that AUTH awaits; not half of a reply,
 * nor what else stands behind an IO line. */
static bool could_be_command(struct ims *m, const struct spoken *k)
{
	struct log_session *s;

	if (k->verb != VERB_NONE && k->verb != VERB_UNKNOWN)
		return true;
	for (s = pool_of(m, POOL_IN); s; s = s->same_next)
		if (s->auth_line_next && is_auth_line(k->text))
			return true;
	return false;
}

/* The first IO lines had no parsed line behind them. */
static enum sw_status tell_inferred(struct ims *m, size_t count)
{
	enum sw_status status = SW_OK;
	int64_t now = m->time;

	while (count-- > 0 && m->io_count > 0 && status == SW_OK) {
		struct io_line io = m->io[0];
		struct spoken k = spoken(io_text(m, &io));
		struct log_line line = { .text = k.text,
			.number = io.number, .base = m->sessions.file_count ?
			m->sessions.files[m->sessions.file_count - 1].base :
			0 };
		struct log_said said = log_said(&line, io.time, k.text);
		struct log_session *s;

		if (!could_be_command(m, &k)) {
			account_add(m->sessions.account,
			    ACCOUNT_LINES_NOT_UNDERSTOOD, 1);
			drop_io(m, 0, 1);
			continue;
		}
		m->time = io.time;
		status = session_of_command(m, POOL_IN, &k, &line, &s);
		if (status != SW_OK)
			break;
		said.octets = (int64_t)k.text.len + 2;
		said.flags = SW_BIT(SW_FLAG_INFERRED);
		if (s->last < io.number)
			log_sessions_touch(&m->sessions, s, io.number,
			    io.time);
		log_say_client(s, &said);
		drop_io(m, 0, 1);
	}
	m->time = now;
	return status;
}

/* --- content ------------------------------------------------------------ */

static void tell_content(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text)
{
	struct log_said said = log_said(line, m->time, text);

	if (s->content.no_message)
		return; /* XEXCH50: its octets are no lines */
	if (is_cut(line, text))
		said.flags |= SW_BIT(SW_FLAG_TRUNCATED);
	session_get(s->b)->records |= SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE);
	log_content_line(s, &said, true, true);
}

static void flush_part(struct ims *m, struct log_session *s,
    const struct log_line *line)
{
	if (m->part_open && m->part.len > 0 && log_content_due(s))
		tell_content(m, s, line, buffer_slice(&m->part));
	m->part_open = false;
	buffer_clear(&m->part);
}

/*
 * A line of an entry that tells content.  Where entries hold their line ends
 * the last line of each may go on in the next: it is told when its end is
 * seen.
 */
static void take_content(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text, bool first)
{
	bool keeps = m->by_io ? m->io_keeps_end : m->keeps_end;

	m->entry = ENTRY_CONTENT;
	m->speaker = s;
	log_sessions_touch(&m->sessions, s, line->number, m->time);
	if (!keeps) {
		tell_content(m, s, line, text);
		return;
	}
	if (!first && m->part_open) {
		tell_content(m, s, line, buffer_slice(&m->part));
		buffer_clear(&m->part);
	}
	m->part_open = true;
	if (!buffer_append_slice(&m->part, text)) { /* no line is so long */
		flush_part(m, s, line);
		tell_content(m, s, line, text);
	}
}

static void content_by_io(struct ims *m, struct log_session *s,
    const struct log_line *line, struct slice text, bool first)
{
	if (first)
		mark_ambiguous_content(m, line);
	extra_of(s)->content_by_io = true;
	m->by_io = true;
	buffer_clear(&m->last_io);
	buffer_append_slice(&m->last_io, text);
	take_content(m, s, line, text, first);
}

/* The newest IO entry was not that of a command: it is content. */
static void settle_io(struct ims *m)
{
	struct log_session *s = content_of(m);
	int64_t now = m->time;
	size_t i;

	m->io_undecided = false;
	for (i = 0; s && i < m->io_count && log_content_due(s); i++) {
		struct slice text = io_text(m, &m->io[i]);
		struct log_line line = { .text = text,
			.number = m->io[i].number };

		m->time = m->io[i].time;
		content_by_io(m, s, &line, text, i == 0);
	}
	m->time = now;
	drop_io(m, 0, i);
}

static void take_io(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct log_session *s = content_of(m);
	struct spoken k;

	if (!s) {
		push_io(m, line, text);
		m->entry = ENTRY_IO;
		return;
	}
	k = spoken(text);
	if (other_could_speak(m, &k)) {
		push_io(m, line, text);
		m->entry = ENTRY_IO;
		m->io_undecided = true;
		return;
	}
	content_by_io(m, s, line, text, true);
}

/* More of an IO entry that tells content: behind the dot it is a command. */
static void more_content(struct ims *m, const struct log_line *line,
    struct slice text)
{
	bool due = log_content_due(m->speaker);

	if (due && m->by_io)
		content_by_io(m, m->speaker, line, text, false);
	else if (due)
		take_content(m, m->speaker, line, text, false);
	else if (m->by_io && text.len > 0)
		push_io(m, line, text);
}

/* A received line, parsed, while content is due: true if it is part of it
 * or tells it a second time. */
static bool take_bare_content(struct ims *m, struct log_session *s,
    const struct spoken *k, const struct log_line *line)
{
	bool verb = k->verb != VERB_NONE && k->verb != VERB_UNKNOWN;

	if (slice_eq(buffer_slice(&m->last_io), k->text) &&
	    extra_of(s)->content_by_io)
		return true;
	if (other_could_speak(m, k))
		return false;
	/* A lower level tells neither content nor dot, and the verdict is
	 * missing. */
	if (score_command(s, k) > 0)
		return false;
	if (extra_of(s)->content_by_io)
		return !verb;
	m->by_io = false;
	mark_ambiguous_content(m, line);
	take_content(m, s, line, k->text, true);
	return true;
}

/* The dot of content whose end was told already. */
static bool is_dot_again(struct ims *m, struct slice text)
{
	struct log_session *s;

	if (text.len != 1 || text.p[0] != '.')
		return false;
	for (s = pool_of(m, POOL_IN); s; s = s->same_next)
		if (s->content.of && s->content.data)
			return true;
	return false;
}

/* --- entries ------------------------------------------------------------ */

/* Verbs of NNTP (RFC 977, RFC 2980) that SMTP does not have. */
static bool is_news(struct slice text)
{
	static const char *const verbs[] = { "ARTICLE", "AUTHINFO", "BODY",
		"CHECK", "GROUP", "HEAD", "IHAVE", "LIST", "MODE",
		"NEWGROUPS", "NEWNEWS", "POST", "STAT", "TAKETHIS", "XHDR",
		"XOVER" };
	struct slice word = log_take_word(&text);
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (slice_eq_nocase(word, slice_str(verbs[i])))
			return true;
	return false;
}

/* A reply of POP3 or IMAP4, whose logs have this form too. */
static bool is_mailbox_reply(struct slice text)
{
	static const char *const words[] = { "+OK", "-ERR", "* OK", "* BYE",
		"* BAD", "* NO", "* PREAUTH" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_has_prefix_nocase(text, slice_str(words[i])))
			return true;
	return false;
}

/* Sessions that have said nothing of SMTP so far were of that protocol. */
static void drop_mailbox(struct ims *m)
{
	static const uint32_t smtp = SW_BIT(VERB_HELO) | SW_BIT(VERB_EHLO) |
	    SW_BIT(VERB_MAIL) | SW_BIT(VERB_RCPT);
	struct log_session *s, *next;

	for (s = pool_of(m, POOL_IN); s; s = next) {
		next = s->same_next;
		if ((s->seen & smtp) || s->last_code != SW_UNKNOWN)
			continue;
		m->other_lines += session_get(s->b)->event_count;
		log_sessions_drop(&m->sessions, s);
	}
	drop_io(m, 0, m->io_count);
	forget_pools(m);
	m->other = true;
	m->other_lines++;
	m->entry = ENTRY_OTHER;
}

static bool none_open(struct ims *m)
{
	return !pool_of(m, POOL_IN) && !pool_of(m, POOL_OUT);
}

static enum sw_status take_received(struct ims *m,
    const struct log_line *line, struct slice text)
{
	struct spoken k = spoken(text);
	struct log_session *content = content_of(m);
	struct log_session *out = pool_of(m, POOL_OUT);
	bool reply = k.reply.code != SW_UNKNOWN;

	if (reply && (!content || awaits_reply(m, out)))
		return say_reply(m, POOL_OUT, &k, line);
	if (content && take_bare_content(m, content, &k, line))
		return SW_OK;
	if (is_dot_again(m, text))
		return SW_OK;
	if (reply)
		return say_reply(m, POOL_OUT, &k, line);
	if (k.verb == VERB_NONE && !pool_of(m, POOL_IN) &&
	    awaits_reply(m, out))
		return say_reply(m, POOL_OUT, &k, line);
	return say_command(m, POOL_IN, &k, line);
}

static enum sw_status take_sent(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct spoken k = spoken(text);
	bool reply = k.reply.code != SW_UNKNOWN;

	if (!reply && is_mailbox_reply(text)) {
		drop_mailbox(m);
		return SW_OK;
	}
	/* A reply without a code. */
	if (!reply && !pool_of(m, POOL_OUT) && k.verb == VERB_NONE &&
	    awaits_reply(m, pool_of(m, POOL_IN)))
		reply = true;
	return reply ? say_reply(m, POOL_IN, &k, line) :
	    say_command(m, POOL_OUT, &k, line);
}

/* "<<< MAIL From:<a@example.org>" */
static enum sw_status take_arrow(struct ims *m, const struct log_line *line,
    struct slice text)
{
	bool sent = text.p[0] == '>';

	text = slice_from(text, 3);
	log_take_octet(&text, ' ');
	if (!sent && log_take_text(&text, "IO:")) {
		log_take_blanks(&text);
		log_take_octet(&text, '|');
		take_io(m, line, text);
		return SW_OK;
	}
	if (m->other && (none_open(m) || is_news(text))) {
		m->entry = ENTRY_OTHER;
		m->other_lines++;
		return SW_OK;
	}
	return sent ? take_sent(m, line, text) :
	    take_received(m, line, text);
}

/* "451 ... Message subject: ....  Rescheduling delivery for later." */
static void take_deferral(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct log_session *s, *best = NULL;

	for (s = pool_of(m, POOL_OUT); s; s = s->same_next)
		if (!best || s->last > best->last)
			best = s;
	if (!best)
		return; /* that session is over */
	log_sessions_touch(&m->sessions, best, line->number, m->time);
	log_say_note(best, line, m->time, text);
}

/* Neither arrow: connections, deliveries. */
static enum sw_status take_event(struct ims *m, const struct log_line *line,
    struct slice text)
{
	struct slice rest = text;
	size_t n;

	if (log_take_text(&rest, "A connection was accepted from "))
		return open_in(m, line, text, bare_name(rest));
	if (log_take_text(&rest, "A connection to ")) {
		n = slice_find_nocase(rest, slice_str(" was established"));
		return open_out(m, line, text, bare_name(slice_head(rest,
		    n)));
	}
	if (log_take_text(&rest, "Connection to [") &&
	    contains(rest, "] established")) {
		m->other = true;
		m->other_lines++;
		m->entry = ENTRY_OTHER;
		return SW_OK;
	}
	if (contains(text, "Message subject:") ||
	    contains(text, "Rescheduling delivery"))
		take_deferral(m, line, text);
	else
		log_not_understood(&m->sessions, line);
	return SW_OK;
}

/* Another entry begins: what the one before was like. */
static void end_entry(struct ims *m)
{
	if (m->entry == ENTRY_IO)
		m->io_keeps_end = m->blank;
	else if (m->entry == ENTRY_COMMAND || m->entry == ENTRY_REPLY)
		m->keeps_end = m->blank;
	m->entry = ENTRY_NONE;
	m->blank = false;
}

static bool is_arrow(struct slice text)
{
	return text.len >= 3 && (text.p[0] == '<' || text.p[0] == '>') &&
	    text.p[1] == text.p[0] && text.p[2] == text.p[0];
}

/* Is this the parsed line of the IO entry that could be content? */
static bool settles(const struct ims *m, struct slice text)
{
	size_t first;

	text = slice_from(text, 3);
	log_take_octet(&text, ' ');
	return find_io(m, text, &first) > 0;
}

static enum sw_status take_entry(struct ims *m, const struct log_line *line,
    struct slice text)
{
	end_entry(m);
	if (m->io_undecided) {
		if (is_arrow(text) && text.p[0] == '<' && settles(m, text))
			m->io_undecided = false;
		else
			settle_io(m);
		m->entry = ENTRY_NONE;
	}
	return is_arrow(text) ? take_arrow(m, line, text) :
	    take_event(m, line, text);
}

/* The entries of a line: more than one where line ends were lost. */
static enum sw_status take_entries(struct ims *m, const struct log_line *line,
    struct slice text)
{
	for (;;) {
		bool content = is_arrow(text) && text.p[0] == '<' &&
		    content_of(m);
		size_t next = content ? text.len : find_next_entry(text);
		struct slice piece = slice_head(text, next);
		enum sw_status status = expire(m);

		if (next < text.len && piece.len > 0 &&
		    piece.p[piece.len - 1] == ' ')
			piece.len--;
		if (status == SW_OK)
			status = take_entry(m, line, piece);
		if (status != SW_OK || next == text.len)
			return status;
		text = slice_from(text, next);
		if (!take_prefix(m, &text))
			return SW_OK;
	}
}

/* A line without date and time. */
static enum sw_status take_rest(struct ims *m, const struct log_line *line)
{
	struct slice text = line->text;
	struct spoken k;

	m->blank = text.len == 0;
	switch (m->entry) {
	case ENTRY_CONTENT:
		more_content(m, line, text);
		return SW_OK;
	case ENTRY_IO:
		if (text.len > 0)
			push_io(m, line, text);
		return SW_OK;
	case ENTRY_OTHER:
		m->other_lines++;
		return SW_OK;
	case ENTRY_REPLY:
		if (text.len > 0 && (m->more ||
		    log_parse_reply_line(text).code != SW_UNKNOWN))
			return say_reply_line(m, m->speaker, line, text);
		break;
	case ENTRY_COMMAND:
		k = spoken(text);
		if (k.verb == VERB_NONE || k.verb == VERB_UNKNOWN)
			break;
		log_sessions_touch(&m->sessions, m->speaker, line->number,
		    m->time);
		say(m, m->speaker, line, text, true);
		if (k.verb == VERB_MAIL || k.verb == VERB_RCPT)
			keep_address(m->speaker, text);
		return SW_OK;
	case ENTRY_NONE:
		break;
	}
	if (text.len > 0)
		log_not_understood(&m->sessions, line);
	return SW_OK;
}

static enum sw_status read_line(struct ims *m, const struct log_line *line)
{
	struct slice text = line->text;
	size_t next;

	if (take_prefix(m, &text))
		return take_entries(m, line, text);
	/* What was broken in copying may hold whole entries behind. */
	next = m->entry == ENTRY_CONTENT ? text.len : find_next_entry(text);
	if (next == text.len)
		return take_rest(m, line);
	log_not_understood(&m->sessions, line);
	text = slice_from(text, next);
	return take_prefix(m, &text) ? take_entries(m, line, text) : SW_OK;
}

/* --- lines held until the order of dates is known ----------------------- */

/* What the separators and zeros of a date speak for, where nothing else
 * does: only the United States write 5/6/00. */
static enum log_date_order likely_order(struct slice text)
{
	bool padded = text.len > 2 && text.p[0] == '0';
	size_t i;

	for (i = 0; i < text.len && i < 3; i++)
		if (text.p[i] == '.' || text.p[i] == '-')
			return LOG_DATE_DMY;
	return padded ? LOG_DATE_DMY : LOG_DATE_MDY;
}

static enum sw_status release(struct ims *m)
{
	enum sw_status status = SW_OK;
	size_t i;

	if (!m->holding)
		return SW_OK;
	m->holding = false;
	m->replaying = true; /* they have voted */
	for (i = 0; i < m->held.count && status == SW_OK; i++) {
		struct log_line line = log_held_at(&m->held, i);

		if (m->order == LOG_DATE_AUTO && line.text.len > 0 &&
		    ascii_is_digit(line.text.p[0])) {
			m->order = likely_order(line.text);
			m->assumed = true;
		}
		status = read_line(m, &line);
	}
	m->replaying = false;
	log_held_fini(&m->held);
	return status;
}

static enum sw_status hold(struct ims *m, const struct log_line *line)
{
	struct slice text = line->text;
	struct log_numeric_date d;
	int64_t ns;
	enum sw_status status = log_held_add(&m->held, line);

	if (status != SW_OK)
		return status;
	if (parse_prefix(&text, &d, &ns))
		vote(m, &d);
	if (m->order != LOG_DATE_AUTO || log_held_is_full(&m->held))
		return release(m);
	return SW_OK;
}

/* --- the family --------------------------------------------------------- */

/* Lines at a file's start among which one of this form must be. */
#define PROBE_LINES 64

static bool probe(struct slice head)
{
	size_t lines = 0;

	while (head.len > 0 && lines++ < PROBE_LINES) {
		struct slice line = log_head_line(&head);
		struct log_numeric_date d;
		int64_t ns;

		if (parse_prefix(&line, &d, &ns) && begins_entry(line))
			return true;
	}
	return false;
}

static void close_log(void *state)
{
	struct ims *m = state;

	log_held_fini(&m->held);
	buffer_fini(&m->io_text);
	buffer_fini(&m->part);
	buffer_fini(&m->last_io);
}

static enum sw_status open_log(void *state)
{
	struct ims *m = state;

	m->time = m->expired = SW_NO_TIME;
	m->order = m->sessions.options->date_order;
	m->holding = m->order == LOG_DATE_AUTO;
	log_held_init(&m->held);
	buffer_init(&m->io_text, IO_OCTETS + LIMIT_LINE);
	buffer_init(&m->part, LIMIT_LINE);
	buffer_init(&m->last_io, LIMIT_LINE);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct ims *m = state;
	enum sw_status status;

	status = m->holding ? hold(m, line) : read_line(m, line);
	if (m->io_text.failed || m->part.failed || m->last_io.failed)
		return SW_ENOMEM;
	return status;
}

/* What was still to be decided at the end of a file. */
static enum sw_status end_file(void *state)
{
	struct ims *m = state;
	enum sw_status status = release(m);

	end_entry(m);
	if (m->io_undecided)
		settle_io(m);
	m->entry = ENTRY_NONE;
	if (status == SW_OK)
		status = tell_inferred(m, m->io_count);
	forget_pools(m);
	log_left_out(&m->sessions, m->other_lines);
	m->other_lines = 0;
	return status;
}

const struct log_format log_exchange_ims = {
	.name = "exchange-ims",
	.title = "Exchange 4.0 to 5.5, Internet Mail Connector or Service",
	.times = "local, 1 s",
	.records = RECORDS_ALWAYS | SW_BIT(SW_RECORDS_CLIENT_ADDRESS) |
	    SW_BIT(SW_RECORDS_SERVER_ADDRESS) |
	    SW_BIT(SW_RECORDS_GREETING) | SW_BIT(SW_RECORDS_BODY) |
	    SW_BIT(SW_RECORDS_BODY_SIZE),
	.state_size = sizeof(struct ims),
	.session_size = sizeof(struct extra),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.file_end = end_file,
	.close = close_log,
};
