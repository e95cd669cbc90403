/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ims_sessions.c - whose line it is in a log of the Internet Mail Service */
#include "logs/ims.h"

/* A session silent for so long yields to any other (RFC 5321 4.5.3.2: a
 * server waits five minutes, ten after the dot). */
#define STALE_NS (600 * NS_PER_S)
/* Open sessions of which most are lost connections. */
#define CROWD 32

static struct slice key_of(enum ims_pool p)
{
	return p == IMS_POOL_IN ? slice_make("in", 2) : slice_make("out", 3);
}

struct log_session *ims_find_pool(struct ims *m, enum ims_pool p)
{
	m->pool[p] = log_sessions_find(&m->sessions, key_of(p));
	m->pool_known[p] = true;
	return m->pool[p];
}

void ims_forget_pools(struct ims *m)
{
	m->pool_known[IMS_POOL_IN] = m->pool_known[IMS_POOL_OUT] = false;
}

enum sw_status ims_expire(struct ims *m)
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
		ims_forget_pools(m);
	return status;
}

/* --- connections -------------------------------------------------------- */

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

static enum sw_status begin_session(struct ims *m, enum ims_pool pool,
    const struct log_line *line, struct log_session **s_r)
{
	enum sw_status status = log_sessions_begin(&m->sessions,
	    key_of(pool), line, m->time, s_r);
	struct sw_session *out;

	ims_forget_pools(m);
	if (status != SW_OK)
		return status;
	ims_extra_of(*s_r)->pool = pool;
	log_session_recorder(*s_r, pool == IMS_POOL_IN ? SW_RECORDER_SERVER :
	    SW_RECORDER_CLIENT);
	out = session_get((*s_r)->b);
	out->records = IMS_RECORDS;
	if (pool == IMS_POOL_OUT)
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
static enum sw_status begin_midway(struct ims *m, enum ims_pool pool,
    const struct log_line *line, struct log_session **s_r)
{
	enum sw_status status = begin_session(m, pool, line, s_r);

	if (status == SW_OK)
		log_session_no_start(*s_r, line);
	return status;
}

enum sw_status ims_open_in(struct ims *m, const struct log_line *line,
    struct slice text, struct slice name)
{
	struct log_session *s;
	enum sw_status status = begin_session(m, IMS_POOL_IN, line, &s);
	struct ims_extra *x;

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
	x = ims_extra_of(s);
	x->name_len = (uint8_t)(name.len < sizeof(x->name) ? name.len : 0);
	if (x->name_len > 0)
		memcpy(x->name, name.p, x->name_len);
	return SW_OK;
}

enum sw_status ims_open_out(struct ims *m, const struct log_line *line,
    struct slice text, struct slice name)
{
	struct log_session *s;
	enum sw_status status = begin_session(m, IMS_POOL_OUT, line, &s);

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

/* --- how well a session suits ------------------------------------------- */

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

void ims_keep_address(struct log_session *s, struct slice text)
{
	struct ims_extra *x = ims_extra_of(s);
	struct slice a = address_in(text);

	x->address_len = (uint8_t)(a.len <= sizeof(x->address) ? a.len : 0);
	if (x->address_len > 0)
		memcpy(x->address, a.p, x->address_len);
}

bool ims_is_auth_line(struct slice s)
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

int ims_score_command(struct log_session *s, const struct ims_spoken *k)
{
	struct ims_extra *x = ims_extra_of(s);
	int fit;

	if (log_content_due(s) && (s->content.open || x->content_by_io ||
	    !session_verb_is_known(k->verb)))
		return 0;
	/* What is no command is the AUTH line that is due; a command is more
	 * probably another session's. */
	if (s->auth_line_next)
		return session_verb_is_known(k->verb) ? 1 :
		    ims_is_auth_line(k->text) ? 12 : 6;
	fit = log_session_fit(s, k->verb, SW_UNKNOWN);
	if (fit == 0)
		return 0;
	if (ims_is_waiting(s))
		return 1;
	if (is_hello(k->verb) && x->name_len > 0 && s->seen == 0 &&
	    slice_eq_nocase(slice_make(x->name, x->name_len),
	    slice_trim(slice_from(k->text, k->verb_len))))
		fit += 4;
	/* A client waits for the greeting. */
	if (x->pool == IMS_POOL_OUT && s->start_seen && !x->greeted)
		return 1;
	return 1 + fit;
}

static void read_words(struct ims_spoken *k)
{
	k->mail = log_contains(k->text, "mail from") ||
	    log_contains(k->text, "sender");
	k->rcpt = log_contains(k->text, "recipient");
	k->hello = log_contains(k->text, "hello");
	k->address = address_in(k->reply.text);
}

/* A reply to MAIL or RCPT: whose address does it repeat? */
static int score_echo(const struct ims_extra *x, const struct ims_spoken *k,
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

static int score_verdict(const struct log_session *s,
    const struct ims_spoken *k)
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
static int score_reply(struct log_session *s, const struct ims_spoken *k)
{
	struct ims_extra *x = ims_extra_of(s);
	enum verb verb, of;
	int32_t code = k->reply.code;

	if (!ims_is_waiting(s)) {
		if (s->seen == 0 && !x->greeted)
			return log_is_greeting(code) ? 6 : 0;
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

typedef int (*score_fn)(struct log_session *s, const struct ims_spoken *k);

/* --- which one suits best ----------------------------------------------- */

/*
 * Of equals one that awaits the reply to a command, which comes at once, and
 * not the verdict on a message, which takes the time of its transfer; then the
 * one that has waited longest, for clients take turns.  Where sessions gather
 * most are those of connections lost without a word: then the one that spoke
 * last, so that the others come to be idle.
 */
static bool is_likelier(const struct ims *m, const struct log_session *a,
    const struct log_session *b)
{
	bool a_sends = log_content_due(a), b_sends = log_content_due(b);

	if (a_sends != b_sends)
		return b_sends;
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
    struct log_session *pool, const struct ims_spoken *k, score_fn score,
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
    struct log_session *pool, const struct ims_spoken *k, score_fn score,
    const struct log_line *line)
{
	struct log_session *s = choose(m, pool, k, score, line, false);

	return s ? s : choose(m, pool, k, score, line, true);
}

enum sw_status ims_session_of_command(struct ims *m, enum ims_pool p,
    const struct ims_spoken *k, const struct log_line *line,
    struct log_session **s_r)
{
	struct log_session *pool = ims_pool_of(m, p);

	*s_r = choose_any(m, pool, k, ims_score_command, line);
	if (!*s_r && !is_hello(k->verb))
		*s_r = newest_of(m, pool);
	return *s_r ? SW_OK : begin_midway(m, p, line, s_r);
}

enum sw_status ims_session_of_reply(struct ims *m, enum ims_pool p,
    const struct ims_spoken *k, const struct log_line *line,
    struct log_session **s_r)
{
	struct log_session *pool = ims_pool_of(m, p);

	if (pool && !pool->same_next && !is_stale(m, pool)) {
		*s_r = pool;
	} else {
		struct ims_spoken read = *k;

		read_words(&read);
		*s_r = choose_any(m, pool, &read, score_reply, line);
	}
	if (!*s_r)
		*s_r = newest_of(m, pool);
	return *s_r ? SW_OK : begin_midway(m, p, line, s_r);
}

bool ims_awaits_reply(const struct ims *m, struct log_session *pool)
{
	struct log_session *s;

	for (s = pool; s; s = s->same_next)
		if (!is_stale(m, s) && (ims_is_waiting(s) ||
		    (s->start_seen && !ims_extra_of(s)->greeted)))
			return true;
	return false;
}

/* --- content ------------------------------------------------------------ */

struct log_session *ims_content_of(struct ims *m)
{
	struct log_session *s, *best = NULL;

	for (s = ims_pool_of(m, IMS_POOL_IN); s; s = s->same_next)
		if (log_content_due(s) && (!best ||
		    (s->content.open && !best->content.open) ||
		    (s->content.open == best->content.open &&
		    s->last > best->last)))
			best = s;
	return best;
}

void ims_mark_ambiguous_content(struct ims *m,
    const struct log_line *line)
{
	struct log_session *s;
	size_t n = 0;

	for (s = ims_pool_of(m, IMS_POOL_IN); s; s = s->same_next)
		n += log_content_due(s) && !is_stale(m, s);
	if (n < 2)
		return;
	for (s = ims_pool_of(m, IMS_POOL_IN); s; s = s->same_next)
		if (log_content_due(s) && !is_stale(m, s))
			log_session_ambiguous(s, line);
}

bool ims_other_could_speak(struct ims *m, const struct ims_spoken *k)
{
	struct log_session *s;
	bool verb = session_verb_is_known(k->verb);

	if (!verb && !ims_is_auth_line(k->text))
		return false; /* as most lines of content */
	for (s = ims_pool_of(m, IMS_POOL_IN); s; s = s->same_next) {
		if (is_stale(m, s) || log_content_due(s))
			continue;
		if (verb ? ims_score_command(s, k) > 1 : s->auth_line_next)
			return true;
	}
	return false;
}
