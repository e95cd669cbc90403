/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_write.c - the model to octets */
#include "transcript/store_internal.h"
#include "transcript/store.h"

/* Octets of the largest number. */
#define NUMBER_MAX 10

static uint8_t *write_u(uint8_t *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

/* Not inlined, so that the usual call stays short. */
static __attribute__((noinline)) void put_u_more(struct buffer *b, uint64_t v)
{
	uint8_t octets[NUMBER_MAX];

	(void)buffer_append(b, octets, (size_t)(write_u(octets, v) - octets));
}

/* Most numbers are small, and there is room for any: what is written behind
 * one that failed is taken back with it (store_write). */
static inline void put_u(struct buffer *b, uint64_t v)
{
	if (b->capacity - b->len < NUMBER_MAX)
		put_u_more(b, v);
	else if (v < 0x80)
		b->p[b->len++] = (uint8_t)v;
	else
		b->len = (size_t)(write_u(b->p + b->len, v) - b->p);
}

static void put_i(struct buffer *b, int64_t v)
{
	uint64_t u = (uint64_t)v << 1;

	put_u(b, v < 0 ? ~u : u);
}

/* By what it is more than `from`, which is less to write; it wraps. */
static void put_after(struct buffer *b, uint64_t v, uint64_t from)
{
	put_i(b, (int64_t)(v - from));
}

static void put_bytes(struct buffer *b, struct sw_bytes v)
{
	if (!v.data) {
		put_u(b, 0);
		return;
	}
	put_u(b, (uint64_t)v.len + 1);
	(void)buffer_append(b, v.data, v.len);
}

static void put_digest(struct buffer *b, const struct sw_digest *d)
{
	put_u(b, d->known);
	if (d->known)
		(void)buffer_append(b, d->octets, sizeof(d->octets));
}

static void put_source(struct buffer *b, const struct sw_source *s)
{
	size_t i;

	put_u(b, (uint64_t)s->kind);
	put_bytes(b, s->name);
	put_bytes(b, s->format);
	put_u(b, s->first);
	put_u(b, s->last);
	put_u(b, (uint64_t)s->unit);
	put_u(b, s->part_count);
	for (i = 0; i < s->part_count; i++) {
		put_bytes(b, s->parts[i].name);
		put_bytes(b, s->parts[i].format);
		put_u(b, s->parts[i].first);
		put_u(b, s->parts[i].last);
		put_u(b, s->parts[i].base);
	}
}

static void put_clock(struct buffer *b, const struct sw_clock *c)
{
	put_u(b, (uint64_t)c->zone);
	put_i(b, c->offset_s);
	put_i(b, c->resolution_ns);
	put_u(b, (uint64_t)c->date);
}

static void put_endpoint(struct buffer *b, const struct sw_endpoint *e)
{
	put_bytes(b, e->ip);
	put_i(b, e->port);
	put_bytes(b, e->name);
}

static void put_octets(struct buffer *b, const struct sw_octets *o)
{
	put_i(b, o->client);
	put_i(b, o->server);
}

static void put_encryption(struct buffer *b, const struct sw_encryption *e)
{
	put_u(b, e != NULL);
	if (!e)
		return;
	put_u(b, e->starttls);
	put_bytes(b, e->version);
	put_bytes(b, e->cipher);
	put_bytes(b, e->sni);
	put_bytes(b, e->subject);
	put_bytes(b, e->issuer);
	put_octets(b, &e->octets);
	put_u(b, e->decrypted);
}

static void put_auth(struct buffer *b, const struct sw_session *s)
{
	size_t i;

	put_u(b, s->auth_count);
	for (i = 0; i < s->auth_count; i++) {
		put_u(b, s->auth[i].event);
		put_bytes(b, s->auth[i].mechanism);
		put_bytes(b, s->auth[i].user);
		put_i(b, s->auth[i].code);
	}
}

static void put_tcp_side(struct buffer *b, const struct sw_tcp_side *t)
{
	put_i(b, t->octets);
	put_i(b, t->retransmitted);
	put_i(b, t->unacked);
	put_i(b, t->mss);
	put_i(b, t->zero_window_ns);
}

static void put_tcp(struct buffer *b, const struct sw_tcp *t)
{
	put_u(b, t != NULL);
	if (!t)
		return;
	put_u(b, t->frames);
	put_i(b, t->syn_rtt_ns);
	put_tcp_side(b, &t->client);
	put_tcp_side(b, &t->server);
}

static void put_params(struct buffer *b, const struct sw_param *p,
    size_t count)
{
	size_t i;

	put_u(b, count);
	for (i = 0; i < count; i++) {
		put_bytes(b, p[i].key);
		put_bytes(b, p[i].value);
	}
}

static void put_recipient(struct buffer *b, const struct sw_recipient *r)
{
	put_bytes(b, r->to);
	put_params(b, r->params, r->param_count);
	put_i(b, r->code);
	put_bytes(b, r->text);
	put_u(b, (uint64_t)r->status);
	put_u(b, r->has_final);
	put_i(b, r->final_code);
	put_bytes(b, r->final_text);
	put_u(b, (uint64_t)r->final_status);
}

static void put_message(struct buffer *b, const struct sw_message *m)
{
	size_t i;

	put_u(b, m->n);
	put_bytes(b, m->from);
	put_params(b, m->from_params, m->from_param_count);
	put_u(b, m->recipient_count);
	for (i = 0; i < m->recipient_count; i++)
		put_recipient(b, &m->recipients[i]);
	put_u(b, (uint64_t)m->method);
	put_i(b, m->size);
	put_digest(b, &m->sha256);
	put_i(b, m->missing);
	put_i(b, m->header_size);
	put_bytes(b, m->message_id);
	put_bytes(b, m->subject);
	put_bytes(b, m->header_from);
	put_bytes(b, m->header_to);
	put_bytes(b, m->date);
	put_i(b, m->code);
	put_bytes(b, m->text);
	put_u(b, (uint64_t)m->outcome);
	put_bytes(b, m->queue_id);
	put_bytes(b, m->file);
}

static void put_command(struct buffer *b, const struct sw_command *c)
{
	put_bytes(b, c->verb);
	put_bytes(b, c->argument);
	put_bytes(b, c->line);
	put_i(b, c->octets);
}

static void put_reply(struct buffer *b, const struct sw_reply *r)
{
	size_t i;

	put_i(b, r->code);
	put_bytes(b, r->enhanced);
	put_u(b, r->line_count);
	for (i = 0; i < r->line_count; i++)
		put_bytes(b, r->lines[i]);
	put_u(b, r->to);
	put_i(b, r->octets);
}

static void put_data(struct buffer *b, const struct sw_data *d)
{
	size_t i;

	put_u(b, d->of);
	put_u(b, d->message);
	put_i(b, d->size);
	put_digest(b, &d->sha256);
	put_i(b, d->missing);
	put_u(b, d->gaps_known);
	put_u(b, d->gap_count);
	for (i = 0; i < d->gap_count; i++) {
		put_u(b, d->gaps[i].offset);
		put_i(b, d->gaps[i].length);
	}
	put_i(b, d->octets);
}

static void put_turn(struct buffer *b, const struct sw_tls_turn *t)
{
	put_u(b, (uint64_t)t->by);
	put_i(b, t->time);
	put_i(b, t->end);
	put_u(b, t->records);
	put_u(b, t->octets);
	put_u(b, t->at_first);
	put_u(b, t->at_last);
}

static void put_tls(struct buffer *b, const struct sw_tls *t)
{
	size_t i;

	put_bytes(b, t->version);
	put_bytes(b, t->cipher);
	put_bytes(b, t->sni);
	put_octets(b, &t->octets);
	put_u(b, t->turns_known);
	put_u(b, t->turn_count);
	for (i = 0; i < t->turn_count; i++)
		put_turn(b, &t->turns[i]);
}

static void put_event(struct buffer *b, const struct sw_session *s,
    const struct sw_event *e)
{
	put_u(b, e->n);
	put_u(b, (uint64_t)e->kind);
	put_u(b, (uint64_t)e->by);
	put_u(b, e->flags);
	put_after(b, (uint64_t)e->time, (uint64_t)s->start);
	put_after(b, (uint64_t)e->end, (uint64_t)e->time);
	put_after(b, e->at_first, s->source.first);
	put_after(b, e->at_last, e->at_first);
	switch (e->kind) {
	case SW_EVENT_COMMAND:
		put_command(b, &e->u.command);
		return;
	case SW_EVENT_REPLY:
		put_reply(b, &e->u.reply);
		return;
	case SW_EVENT_DATA:
		put_data(b, &e->u.data);
		return;
	case SW_EVENT_TLS:
		put_tls(b, &e->u.tls);
		return;
	case SW_EVENT_GAP:
		put_i(b, e->u.gap.size);
		return;
	case SW_EVENT_CLOSE:
		put_u(b, (uint64_t)e->u.close.how);
		return;
	case SW_EVENT_NOTE:
		put_bytes(b, e->u.note.text);
		return;
	case SW_EVENT_CONNECT:
	case SW_EVENT_KIND_COUNT:
		return;
	}
}

static void put_note(struct buffer *b, const struct sw_note *n)
{
	put_u(b, (uint64_t)n->code);
	put_u(b, (uint64_t)n->severity);
	put_bytes(b, n->text);
	put_u(b, n->event);
	put_u(b, n->at_first);
	put_u(b, n->at_last);
}

static void put_lists(struct buffer *b, const struct sw_session *s)
{
	size_t i;

	put_u(b, s->message_count);
	for (i = 0; i < s->message_count; i++)
		put_message(b, &s->messages[i]);
	put_u(b, s->event_count);
	for (i = 0; i < s->event_count; i++)
		put_event(b, s, &s->events[i]);
	put_u(b, s->note_count);
	for (i = 0; i < s->note_count; i++)
		put_note(b, &s->notes[i]);
}

static void put_session(struct buffer *b, const struct sw_session *s)
{
	put_u(b, s->id);
	put_source(b, &s->source);
	put_u(b, (uint64_t)s->recorder);
	put_u(b, (uint64_t)s->protocol);
	put_clock(b, &s->clock);
	put_i(b, s->start);
	put_i(b, s->end);
	put_endpoint(b, &s->client);
	put_endpoint(b, &s->server);
	put_bytes(b, s->community_id);
	put_encryption(b, s->encryption);
	put_auth(b, s);
	put_u(b, (uint64_t)s->ending);
	put_tcp(b, s->tcp);
	put_u(b, s->records);
	put_u(b, s->omitted.events);
	put_u(b, s->omitted.recipients);
	put_u(b, s->omitted.notes);
	put_u(b, s->omitted.messages);
	put_lists(b, s);
}

bool store_write(struct buffer *out, const struct sw_session *s)
{
	size_t start = out->len;
	uint8_t head[STORE_HEAD] = { 0 };
	uint64_t len;
	int i;

	if (out->failed || out->full)
		return false;
	memcpy(head, STORE_MAGIC, sizeof(STORE_MAGIC));
	(void)buffer_append(out, head, sizeof(head));
	put_session(out, s);
	if (out->failed || out->full) {
		out->len = start;
		return false;
	}
	len = out->len - start;
	for (i = 0; i < 8; i++)
		out->p[start + 4 + (size_t)i] = (uint8_t)(len >> (8 * i));
	return true;
}
