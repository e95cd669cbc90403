/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * talk_script.h - sessions for the tests of the check, from a few lines
 *
 *	* connect			S 220 mx.example.org ESMTP
 *	C MAIL FROM:<a@example.net>	S 250-one|two
 *	D 276				content of so many octets
 *	G c 14, G s			lost octets of a side
 *	T				TLS
 *	* client, * server, * reset	who closed
 *
 * Names of flags stand at the end in braces: {unacked,truncated}.  A reply
 * answers the oldest command without one; behind D the content.  "C ***" is a
 * line of AUTH, "S 250" a reply without text, "s 250 text" one that answers
 * nothing, "A 250 text" one to the newest command.  No line may be longer than
 * TALK_LINE.
 */
#ifndef UNIT_TALK_SCRIPT_H
#define UNIT_TALK_SCRIPT_H

#include <stdlib.h>
#include <string.h>

#include <smtpwire/transcript.h>

#include "base/slice.h"

#define TALK_EVENTS 80
#define TALK_LINES 8
#define TALK_LINE 200
#define TALK_MESSAGES 4
#define TALK_RECIPIENTS 8

struct talk {
	struct sw_session s;
	struct sw_event events[TALK_EVENTS];
	struct sw_bytes lines[TALK_EVENTS][TALK_LINES];
	char texts[TALK_EVENTS][TALK_LINE];
	struct sw_message messages[TALK_MESSAGES];
	struct sw_recipient recipients[TALK_MESSAGES][TALK_RECIPIENTS];
	struct sw_note notes[4];
	struct sw_encryption encryption;
	uint32_t answered, data; /* n */
};

static struct sw_bytes talk_bytes(const char *p, size_t len)
{
	struct sw_bytes b = { (const uint8_t *)p, len };

	return b;
}

static struct sw_bytes talk_text(const char *text)
{
	return talk_bytes(text, strlen(text));
}

static bool talk_verb_is(const struct sw_event *e, const char *verb)
{
	return e->kind == SW_EVENT_COMMAND && e->u.command.verb.data &&
	    e->u.command.verb.len == strlen(verb) &&
	    memcmp(e->u.command.verb.data, verb, strlen(verb)) == 0;
}

/* Flags at the end of a line, which is cut there. */
static uint32_t talk_flags(char *text)
{
	char *brace = strstr(text, " {");
	uint32_t flags = 0;
	unsigned i;

	if (!brace)
		return 0;
	for (i = 0; i < SW_FLAG_COUNT; i++)
		if (strstr(brace, sw_flag_name((enum sw_flag)i)))
			flags |= SW_BIT(i);
	*brace = '\0';
	return flags;
}

static void talk_command(struct talk *t, struct sw_event *e, char *text)
{
	size_t n = strcspn(text, " ");

	e->kind = SW_EVENT_COMMAND;
	e->u.command.line = talk_text(text);
	e->u.command.octets = (int64_t)strlen(text) + 2;
	if (strncmp(text, "***", 3) == 0) {
		e->flags |= SW_BIT(SW_FLAG_MASKED);
		return;
	}
	e->u.command.verb = talk_bytes(text, n);
	e->u.command.argument = talk_text(text + n + (text[n] == ' '));
	if (talk_verb_is(e, "MAIL")) {
		struct sw_message *m = &t->messages[t->s.message_count];

		m->n = (uint32_t)++t->s.message_count;
		m->from = talk_bytes(text + 11, strcspn(text + 11, ">"));
		m->recipients = t->recipients[m->n - 1];
		m->size = m->missing = SW_UNKNOWN;
		m->code = SW_UNKNOWN;
		m->outcome = SW_OUTCOME_UNKNOWN;
	} else if (talk_verb_is(e, "RCPT") && t->s.message_count > 0) {
		struct sw_message *m = &t->messages[t->s.message_count - 1];

		t->recipients[m->n - 1][m->recipient_count++].to =
		    talk_bytes(text + 9, strcspn(text + 9, ">"));
	}
}

static uint32_t talk_next_command(const struct talk *t)
{
	size_t i;

	for (i = t->answered; i < t->s.event_count; i++)
		if (t->events[i].kind == SW_EVENT_COMMAND)
			return t->events[i].n;
	return 0;
}

/* n, 0: there was none */
static uint32_t talk_newest_command(const struct talk *t)
{
	size_t i = t->s.event_count;

	while (i > 0 && t->events[i - 1].kind != SW_EVENT_COMMAND)
		i--;
	return i > 0 ? t->events[i - 1].n : 0;
}

static void talk_reply(struct talk *t, struct sw_event *e, char *text,
    bool answers)
{
	struct sw_bytes *lines = t->lines[t->s.event_count];
	char *at = text + 4;

	e->kind = SW_EVENT_REPLY;
	e->by = SW_SERVER;
	e->u.reply.code = (int32_t)strtol(text, NULL, 10);
	e->u.reply.lines = lines;
	e->u.reply.octets = (int64_t)strlen(text) + 2;
	while (strlen(text) > 4) {
		size_t n = strcspn(at, "|");

		lines[e->u.reply.line_count++] = talk_bytes(at, n);
		at += n + 1;
		if (at[-1] == '\0')
			break;
	}
	if (!answers)
		return;
	if (t->data) {
		struct sw_message *m = &t->messages[t->s.message_count - 1];

		e->u.reply.to = t->data;
		t->data = 0;
		m->code = e->u.reply.code;
		m->outcome = m->code / 100 == 2 ? SW_OUTCOME_ACCEPTED :
		    SW_OUTCOME_REJECTED;
		return;
	}
	e->u.reply.to = talk_next_command(t);
	if (e->u.reply.to)
		t->answered = e->u.reply.to;
}

static void talk_data(struct talk *t, struct sw_event *e, const char *text)
{
	struct sw_message *m;

	if (t->s.message_count == 0) {
		m = &t->messages[t->s.message_count++];
		m->n = 1;
		m->code = SW_UNKNOWN;
	}
	m = &t->messages[t->s.message_count - 1];
	t->answered = talk_newest_command(t);
	e->kind = SW_EVENT_DATA;
	e->u.data.of = t->answered;
	e->u.data.message = m->n;
	e->u.data.size = m->size = strtol(text, NULL, 10);
	m->missing = 0;
	t->data = e->n;
}

static void talk_other(struct talk *t, struct sw_event *e, const char *text)
{
	e->kind = SW_EVENT_CLOSE;
	if (strcmp(text, "connect") == 0) {
		e->kind = SW_EVENT_CONNECT;
	} else if (strcmp(text, "server") == 0) {
		e->by = SW_SERVER;
		t->s.ending = SW_ENDING_SERVER_CLOSE;
	} else {
		t->s.ending = strcmp(text, "reset") == 0 ?
		    SW_ENDING_CLIENT_RESET : SW_ENDING_CLIENT_CLOSE;
	}
}

static void talk_event(struct talk *t, char kind, char *text)
{
	struct sw_event *e = &t->events[t->s.event_count];

	e->n = (uint32_t)t->s.event_count + 1;
	e->time = e->end = SW_NO_TIME;
	e->at_first = e->at_last = e->n;
	e->flags = talk_flags(text);
	switch (kind) {
	case 'A':
		t->answered = talk_newest_command(t) - 1;
		talk_reply(t, e, text, true);
		break;
	case 'C':
		talk_command(t, e, text);
		break;
	case 'S':
	case 's':
		talk_reply(t, e, text, kind == 'S');
		break;
	case 'D':
		talk_data(t, e, text);
		break;
	case 'G':
		e->kind = SW_EVENT_GAP;
		e->by = *text == 's' ? SW_SERVER : SW_CLIENT;
		e->u.gap.size = SW_UNKNOWN;
		break;
	case 'T':
		e->kind = SW_EVENT_TLS;
		e->by = SW_NOBODY;
		t->encryption.starttls = true;
		t->s.encryption = &t->encryption;
		break;
	default:
		talk_other(t, e, text);
	}
	t->s.event_count++;
}

/* Read a script; a log's session if recorder is not the wire. */
static void talk_read(struct talk *t, enum sw_recorder recorder,
    const char *script)
{
	memset(t, 0, sizeof(*t));
	t->s.recorder = recorder;
	t->s.source.kind = recorder == SW_RECORDER_WIRE ? SW_SOURCE_WIRE :
	    SW_SOURCE_LOG;
	t->s.source.format = talk_text(recorder == SW_RECORDER_WIRE ?
	    "pcap" : "postfix");
	t->s.clock.date = SW_DATE_GIVEN;
	t->s.clock.resolution_ns = 1000;
	t->s.client.port = t->s.server.port = SW_UNKNOWN;
	t->s.records = SW_RECORDS_ALL;
	t->s.ending = SW_ENDING_INPUT_ENDED;
	while (*script && t->s.event_count < TALK_EVENTS) {
		char *text = t->texts[t->s.event_count];
		size_t len = strcspn(script, "\n");

		if (len > 2 && len - 2 < TALK_LINE)
			memcpy(text, script + 2, len - 2);
		talk_event(t, *script, text);
		script += len + (script[len] == '\n');
	}
	t->s.events = t->events;
	t->s.messages = t->messages;
	t->s.notes = t->notes;
}

#endif
