/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sessions.c - the open sessions of one log: keys, order, limits, ends */
#include "logs/sessions.h"

#include <stdlib.h>

#include "logs/dialogue_queue.h"
#include "logs/session_keys.h"
#include "logs/session_source.h"
#include "logs/talk.h"
#include "logs/text.h"

/* "[address]:port" */
#define ENDPOINT_MAX 4096

/* --- lists -------------------------------------------------------------- */

/* Octets of memory beside the builder's. */
static size_t memory_beside(const struct log_sessions *t,
    const struct log_session *s)
{
	return sizeof(*s) + t->format->session_size + s->key->name.len +
	    s->outstanding_capacity * sizeof(*s->outstanding) +
	    log_talk_memory(s) + secrets_memory(s->secrets);
}

/* What the newest one holds now. */
static inline void count_newest(struct log_sessions *t)
{
	struct log_session *s = t->newest;
	size_t held;

	if (s->resized) {
		s->beside = memory_beside(t, s);
		s->resized = false;
	}
	held = session_memory(s->b) + s->beside;
	t->held = t->held - s->held + held;
	s->held = held;
	t->newest_grows = false;
}

/* One line may be about several. */
static void link_newest(struct log_sessions *t, struct log_session *s)
{
	if (t->newest && t->newest_grows)
		count_newest(t);
	t->newest_grows = true;
	s->newer = NULL;
	s->older = t->newest;
	if (t->newest)
		t->newest->newer = s;
	else
		t->oldest = s;
	t->newest = s;
}

static void unlink_newest(struct log_sessions *t, struct log_session *s)
{
	const struct log_session *last = t->newest;

	if (s->older)
		s->older->newer = s->newer;
	else
		t->oldest = s->newer;
	if (s->newer)
		s->newer->older = s->older;
	else
		t->newest = s->older;
	t->newest_grows = t->newest_grows && t->newest == last;
}

static void link_begun(struct log_sessions *t, struct log_session *s)
{
	s->after = NULL;
	s->before = t->last_begun;
	if (t->last_begun)
		t->last_begun->after = s;
	else
		t->first_begun = s;
	t->last_begun = s;
}

static void unlink_begun(struct log_sessions *t, struct log_session *s)
{
	if (s->before)
		s->before->after = s->after;
	else
		t->first_begun = s->after;
	if (s->after)
		s->after->before = s->before;
	else
		t->last_begun = s->before;
}

static void unlink_waiting(struct log_sessions *t, struct log_session *s)
{
	if (!s->waits)
		return;
	if (s->waits_prev)
		s->waits_prev->waits_next = s->waits_next;
	else
		t->first_waiting = s->waits_next;
	if (s->waits_next)
		s->waits_next->waits_prev = s->waits_prev;
	else
		t->last_waiting = s->waits_prev;
	s->waits = false;
	t->waiting--;
}

static void link_waiting(struct log_sessions *t, struct log_session *s)
{
	s->waits_next = NULL;
	s->waits_prev = t->last_waiting;
	if (t->last_waiting)
		t->last_waiting->waits_next = s;
	else
		t->first_waiting = s;
	t->last_waiting = s;
	s->waits = true;
	t->waiting++;
}

static void link_key(struct log_key *k, struct log_session *s)
{
	s->key = k;
	s->same_next = NULL;
	s->same_prev = k->last;
	if (k->last)
		k->last->same_next = s;
	else
		k->first = s;
	k->last = s;
	k->count++;
}

static void unlink_key(struct log_session *s)
{
	struct log_key *k = s->key;

	if (s->same_prev)
		s->same_prev->same_next = s->same_next;
	else
		k->first = s->same_next;
	if (s->same_next)
		s->same_next->same_prev = s->same_prev;
	else
		k->last = s->same_prev;
	k->count--;
}

/* Out of all lists; what the session holds is the caller's to free. */
static void detach(struct log_sessions *t, struct log_session *s)
{
	if (t->format->gone)
		t->format->gone(t, s);
	unlink_newest(t, s);
	unlink_begun(t, s);
	unlink_waiting(t, s);
	unlink_key(s);
	log_keys_drop(t, s->key);
	t->count--;
	t->held -= s->held;
}

static void free_memory(struct log_session *s)
{
	log_talk_free(s);
	free(s->outstanding);
	free(s);
}

/* Some that are over are kept with their memory, which the next ones use. */
static void free_session(struct log_sessions *t, struct log_session *s)
{
	session_builder_free(&s->b);
	secrets_free(&s->secrets);
	if (t->spare_count < LOG_SPARE_SESSIONS) {
		log_talk_spare(s);
		s->same_next = t->spares;
		t->spares = s;
		t->spare_count++;
		return;
	}
	free_memory(s);
}

static struct log_session *take_spare(struct log_sessions *t)
{
	struct log_session *s = t->spares;
	struct log_outstanding *outstanding = s->outstanding;
	struct log_reply_parts *reply = s->spare_reply;
	size_t capacity = s->outstanding_capacity;

	t->spares = s->same_next;
	t->spare_count--;
	memset(s, 0, sizeof(*s) + t->format->session_size);
	s->outstanding = outstanding;
	s->outstanding_capacity = capacity;
	s->spare_reply = reply;
	return s;
}

static void free_spares(struct log_sessions *t)
{
	while (t->spares) {
		struct log_session *s = t->spares;

		t->spares = s->same_next;
		free_memory(s);
	}
	t->spare_count = 0;
}

/* --- the table ---------------------------------------------------------- */

enum sw_status log_state_new(const struct log_format *format,
    const struct log_options *options, const char *file_name,
    struct account *account, const struct log_sink *sink,
    struct log_sessions **t_r)
{
	struct log_sessions *t = calloc(1, format->state_size);
	enum sw_status status = SW_OK;

	*t_r = NULL;
	if (!t)
		return SW_ENOMEM;
	t->options = options;
	t->account = account;
	t->sink = sink;
	t->format = format;
	t->hash = log_hash(LOG_HASH_START, slice_str(format->name));
	t->file_name = file_name;
	t->unit = SW_UNIT_LINE;
	t->newest_time = SW_NO_TIME;
	if (format->open)
		status = format->open(t);
	if (status != SW_OK) {
		log_state_free(&t);
		return status;
	}
	if (format->file)
		format->file(t);
	*t_r = t;
	return SW_OK;
}

void log_state_free(struct log_sessions **tp)
{
	struct log_sessions *t = *tp;

	if (!t)
		return;
	*tp = NULL;
	while (t->first_begun)
		log_sessions_drop(t, t->first_begun);
	free_spares(t);
	log_keys_fini(t);
	while (t->file_count > 0)
		free((void *)(uintptr_t)t->files[--t->file_count].name);
	free(t->files);
	if (t->format->close)
		t->format->close(t);
	free(t);
}

enum sw_status log_state_next_file(struct log_sessions *t,
    const char *file_name, uint64_t base)
{
	enum sw_status status = SW_OK;

	if (t->format->file_end)
		status = t->format->file_end(t);
	if (status == SW_OK && t->file_count == 0)
		status = log_source_add_file(t, t->file_name, 0);
	if (status == SW_OK)
		status = log_source_add_file(t, file_name, base);
	t->file_name = file_name;
	t->file_begun = true;
	if (t->format->file)
		t->format->file(t);
	return status;
}

enum sw_status log_state_end(struct log_sessions *t)
{
	enum sw_status status = SW_OK;

	if (t->format->file_end)
		status = t->format->file_end(t);
	if (status == SW_OK && t->format->end)
		status = t->format->end(t);
	return status == SW_OK ? log_sessions_end_all(t) : status;
}

struct log_session *log_sessions_find(const struct log_sessions *t,
    struct slice key)
{
	const struct log_key *k = log_keys_find(t, key);

	return k ? k->first : NULL;
}

/* Is there no room for one more session, or for one more of this key?  The
 * one that gives way; NULL: there is room. */
static struct log_session *find_surplus(const struct log_sessions *t,
    const struct log_key *k)
{
	if (k && k->count >= LIMIT_LOG_KEY_SESSIONS)
		return k->first;
	return t->count >= LIMIT_LOG_SESSIONS ? t->oldest : NULL;
}

static enum sw_status make_room(struct log_sessions *t,
    struct log_session *s)
{
	session_note(s->b, SW_NOTE_LIMIT, 0, s->first, s->last,
	    "too many sessions are open at once, or they take too much "
	    "memory: this one is told as far as it came");
	account_add(t->account, ACCOUNT_LIMIT_OTHER, 1);
	return log_sessions_end(t, s, SW_ENDING_LIMIT);
}

static struct log_session *new_session(struct log_sessions *t)
{
	struct log_session *s = t->spares ? take_spare(t) :
	    calloc(1, sizeof(*s) + t->format->session_size);

	if (s && session_builder_new(&t->options->session, &s->b) != SW_OK) {
		free_memory(s);
		return NULL;
	}
	return s;
}

enum sw_status log_sessions_begin(struct log_sessions *t, struct slice key,
    const struct log_line *line, int64_t time, struct log_session **s_r)
{
	struct log_key *k = log_keys_find(t, key);
	struct log_session *s = find_surplus(t, k);
	enum sw_status status = SW_OK;

	*s_r = NULL;
	if (s) {
		status = make_room(t, s);
		k = log_keys_find(t, key); /* it may be gone with it */
	}
	if (status != SW_OK)
		return status;
	s = new_session(t);
	if (!s)
		return SW_ENOMEM;
	if (!k && !(k = log_keys_make(t, key))) {
		free_session(t, s);
		return SW_ENOMEM;
	}
	s->first = s->last = line->number;
	s->start_time = s->last_time = time;
	s->heard_ns = t->now_ns;
	s->content.size = SW_UNKNOWN;
	s->last_code = SW_UNKNOWN;
	s->resized = true;
	log_source_begin(t, s, line);
	link_key(k, s);
	link_newest(t, s);
	link_begun(t, s);
	t->count++;
	*s_r = s;
	return SW_OK;
}

void log_sessions_touch(struct log_sessions *t, struct log_session *s,
    uint64_t number, int64_t time)
{
	if (t->file_count > 1 && number > t->files[t->file_count - 1].base &&
	    s->last <= t->files[t->file_count - 1].base)
		log_source_turn(s, number);
	s->last = number;
	s->heard_ns = t->now_ns;
	if (time != SW_NO_TIME)
		s->last_time = time;
	if (s->start_time == SW_NO_TIME)
		s->start_time = time;
	t->newest_grows = t->newest_grows || t->newest == s;
	if (t->newest == s)
		return;
	unlink_newest(t, s);
	link_newest(t, s);
}

void log_sessions_drop(struct log_sessions *t, struct log_session *s)
{
	detach(t, s);
	free_session(t, s);
}

/* Source and times as the session has come to be. */
static void describe_end(const struct log_sessions *t, struct log_session *s,
    enum sw_ending ending)
{
	struct sw_session *out = session_get(s->b);

	out->source.first = s->first;
	out->source.last = s->last;
	out->start = s->start_time;
	out->end = s->last_time;
	out->ending = ending;
	log_source_end(t, s);
}

/* "192.0.2.25:25", brackets around an IPv6 address. */
static void append_endpoint(struct buffer *b, const struct sw_endpoint *e)
{
	bool brackets = e->ip.len > 0 && memchr(e->ip.data, ':', e->ip.len);

	if (brackets)
		buffer_append_char(b, '[');
	buffer_append(b, e->ip.data ? e->ip.data : (const uint8_t *)"?",
	    e->ip.data ? e->ip.len : 1);
	if (brackets)
		buffer_append_char(b, ']');
	if (e->port != SW_UNKNOWN) {
		buffer_append_char(b, ':');
		buffer_append_i64(b, e->port);
	}
}

enum sw_status log_sessions_attempt(struct log_sessions *t,
    struct log_session *s, const struct log_line *line, int64_t time,
    bool refused)
{
	struct event_span first = { s->first, s->first, s->start_time,
		s->start_time };
	struct buffer b;

	buffer_init(&b, ENDPOINT_MAX);
	append_endpoint(&b, &session_get(s->b)->server);
	account_add(t->account, refused ? ACCOUNT_ATTEMPTS_REFUSED :
	    ACCOUNT_ATTEMPTS_NO_ANSWER, 1);
	account_note_buffer(t->account, refused ? ACCOUNT_LIST_REFUSED :
	    ACCOUNT_LIST_NO_ANSWER, &b);
	buffer_fini(&b);
	if (!t->options->attempts) {
		log_sessions_drop(t, s);
		return SW_OK;
	}
	session_forget(s->b);
	session_connect(s->b, SW_CLIENT, first);
	if (refused)
		session_close(s->b, SW_SERVER, SW_CLOSE_RST,
		    log_span(line, time));
	return log_sessions_end(t, s, refused ? SW_ENDING_REFUSED :
	    SW_ENDING_NO_ANSWER);
}

enum sw_status log_sessions_end(struct log_sessions *t,
    struct log_session *s, enum sw_ending ending)
{
	struct session_builder *b = s->b;

	log_talk_flush(s);
	detach(t, s);
	describe_end(t, s, ending);
	if (session_failed(b) || !session_get(b)->source.parts) {
		free_session(t, s);
		return SW_ENOMEM;
	}
	s->b = NULL;
	free_session(t, s);
	return t->sink->session(t->sink->ctx, b);
}

/* One that was not closed by a line: QUIT may have been answered. */
static enum sw_status end_unclosed(struct log_sessions *t,
    struct log_session *s, enum sw_ending ending)
{
	return log_sessions_end(t, s, log_session_over(s) ? SW_ENDING_QUIT :
	    ending);
}

enum sw_status log_sessions_end_before(struct log_sessions *t,
    struct log_session *s)
{
	return end_unclosed(t, s, SW_ENDING_INPUT_ENDED);
}

enum sw_status log_sessions_linger(struct log_sessions *t,
    struct log_session *s)
{
	if (!log_session_over(s)) {
		unlink_waiting(t, s);
		return SW_OK;
	}
	if (!s->waits)
		link_waiting(t, s);
	if (t->waiting <= LIMIT_LOG_LINGER)
		return SW_OK;
	return log_sessions_end(t, t->first_waiting, SW_ENDING_QUIT);
}

/* How far the first lines of a file may lie before the last ones of the file
 * in front of it. */
#define FILE_SLACK (5 * 60 * INT64_C(1000000000))

enum sw_status log_sessions_expire_some(struct log_sessions *t, int64_t now)
{
	enum sw_status status = SW_OK;

	if (t->file_begun && t->newest_time != SW_NO_TIME &&
	    now < t->newest_time - FILE_SLACK) {
		t->newest_time = now;
		status = log_sessions_end_all(t);
	}
	t->file_begun = false;
	if (now > t->newest_time)
		t->newest_time = now;
	while (t->oldest && status == SW_OK &&
	    t->oldest->last_time != SW_NO_TIME &&
	    now - LIMIT_LOG_IDLE_NS > t->oldest->last_time)
		status = end_unclosed(t, t->oldest, SW_ENDING_IDLE);
	return status;
}

enum sw_status log_sessions_keep_limit(struct log_sessions *t)
{
	enum sw_status status = SW_OK;

	count_newest(t);
	while (t->held > LIMIT_LOG_OCTETS && t->count > 1 && status == SW_OK)
		status = make_room(t, t->oldest);
	return status;
}

enum sw_status log_sessions_end_silent(struct log_sessions *t,
    int64_t over_ns, int64_t open_ns)
{
	struct log_session *s = t->oldest, *newer;
	enum sw_status status = SW_OK;

	for (; s && status == SW_OK && s->heard_ns <= over_ns; s = newer) {
		newer = s->newer;
		if (s->heard_ns <= open_ns || log_session_over(s))
			status = end_unclosed(t, s, SW_ENDING_IDLE);
	}
	return status;
}

enum sw_status log_sessions_end_all(struct log_sessions *t)
{
	enum sw_status status = SW_OK;

	while (t->first_begun && status == SW_OK)
		status = log_sessions_end_before(t, t->first_begun);
	return status;
}
