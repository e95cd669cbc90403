/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * receive_log.h - what the server of gen.c's sessions logged, in the form of
 * Exchange's Receive connectors
 *
 * Theory of operation.  Each burst of a session is told as the server saw
 * it: a row for each command, and one for each reply, whose lines are joined
 * by blanks.  Of content there is nothing but the verdict.  The server's
 * clock may be wrong.
 */
#ifndef RECEIVE_LOG_H
#define RECEIVE_LOG_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Where a session's rows belong. */
struct receive_session {
	unsigned number, sequence;
	bool six;
	uint8_t client[16], server[16]; /* 4 octets of them without six */
	uint16_t port;
};

struct receive_log {
	FILE *file;       /* NULL: none is wanted */
	int64_t ahead_ns; /* of the server's clock */
};

static inline void receive_begin(struct receive_log *l)
{
	fputs("#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.0\r\n"
	    "#Log-type: SMTP Receive Protocol Log\r\n"
	    "#Date: 2024-03-01T12:00:00.000Z\r\n#Fields: date-time,"
	    "connector-id,session-id,sequence-number,local-endpoint,"
	    "remote-endpoint,event,data,context\r\n", l->file);
}

static inline void receive_endpoint(FILE *file, bool six, const uint8_t *ip,
    unsigned port)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(six ? AF_INET6 : AF_INET, ip, text, sizeof(text));
	fprintf(file, six ? ",[%s]:%u" : ",%s:%u", text, port);
}

/* One row; what is said holds no quotes. */
static inline void receive_row(struct receive_log *l,
    struct receive_session *s, uint64_t time_ns, char event,
    const char *said, size_t len, const char *context)
{
	uint64_t ns = time_ns + (uint64_t)l->ahead_ns;
	time_t seconds = (time_t)(ns / 1000000000);
	bool quoted = memchr(said, ',', len) != NULL;
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(l->file, "%s.%03uZ,MX1\\Default Frontend MX1,08DAEC62%08X,%u",
	    text, (unsigned)(ns / 1000000 % 1000), s->number, s->sequence++);
	receive_endpoint(l->file, s->six, s->server, 25);
	receive_endpoint(l->file, s->six, s->client, s->port);
	fprintf(l->file, quoted ? ",%c,\"%.*s\",%s\r\n" : ",%c,%.*s,%s\r\n",
	    event, (int)len, said, context);
}

/* All lines of a burst of the server. */
static inline void receive_replies(struct receive_log *l,
    struct receive_session *s, uint64_t time_ns, const char *p, size_t len)
{
	const char *end = p + len, *line;
	char text[1024];
	size_t n = 0;

	for (; p < end; p = line) {
		bool last = end - p < 4 || p[3] != '-';
		size_t from = n > 0 ? 4 : 0, line_len;

		line = memchr(p, '\n', (size_t)(end - p));
		line = line ? line + 1 : end;
		line_len = (size_t)(line - p) - 2;
		/* "250  mx.example.org PIPELINING" */
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
		    n > 0 ? " " : "", (int)(line_len - from), p + from);
		if (!last && from == 0)
			memmove(text + 5, text + 4, n++ - 3);
		if (!last && from == 0)
			memcpy(text + 3, "  ", 2);
		if (!last)
			continue;
		receive_row(l, s, time_ns, '>', text, n, "");
		n = 0;
	}
}

/* The first lines of a burst of the client, which are commands. */
static inline void receive_commands(struct receive_log *l,
    struct receive_session *s, uint64_t time_ns, const char *p, size_t len)
{
	const char *end = p + len, *line;

	for (; p < end; p = line) {
		line = memchr(p, '\n', (size_t)(end - p));
		line = line ? line + 1 : end;
		receive_row(l, s, time_ns, '<', p, (size_t)(line - p) - 2,
		    "");
	}
}

#endif
