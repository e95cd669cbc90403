/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gen_logs.c - writes the log of a busy server, quickly
 *
 *	gen_logs --format iis-w3c|exchange-connector|exchange-ims
 *	    [--size MB] [--concurrency N] [--seed N] [-o FILE]
 *
 * Equal arguments give equal octets.
 *
 * Theory of operation.  `concurrency` sessions are open at a time; each turn
 * one of them, in an order that the seed decides, writes what the format has
 * for its next command: one row, or the line of the command and those of the
 * reply.  A session that is over is begun anew with another client.  What
 * the log of the Internet Mail Service tells of interleaved sessions nobody
 * can take apart, so there one comes behind the other.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT = 1 << 20, LINE_MAX_LEN = 4096, SESSIONS_MAX = 4096 };

enum step { STEP_EHLO, STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_QUIT, STEP_DONE };

struct session {
	enum step step;
	unsigned number, client, recipients, messages, sequence;
	uint64_t begun_ms;
};

struct gen;
typedef void (*step_fn)(struct gen *, struct session *);

struct gen {
	uint64_t random, written, now_ms;
	unsigned begun;
	int fd;
	size_t len;
	char out[OUT + LINE_MAX_LEN];
};

static unsigned draw(struct gen *g, unsigned n)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return (unsigned)(g->random >> 33) % n;
}

static void flush(struct gen *g)
{
	size_t off = 0;

	while (off < g->len) {
		ssize_t n = write(g->fd, g->out + off, g->len - off);

		if (n < 0) {
			perror("gen_logs");
			exit(1);
		}
		off += (size_t)n;
	}
	g->written += g->len;
	g->len = 0;
}

/* Add a line, or some. */
__attribute__((format(printf, 2, 3)))
static void say(struct gen *g, const char *format, ...);

static void say(struct gen *g, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(g->out + g->len, LINE_MAX_LEN, format, args);
	va_end(args);
	g->len += (size_t)n;
	if (g->len >= OUT)
		flush(g);
}

/* --- what all formats tell ---------------------------------------------- */

struct when {
	unsigned year, month, day, hour, minute, second, ms;
};

/* Days of a year of 12 months of 28 days do for a log. */
static struct when now(const struct gen *g)
{
	uint64_t s = g->now_ms / 1000, days = s / 86400;
	struct when w = { (unsigned)(2006 + days / 336),
		(unsigned)(days / 28 % 12 + 1), (unsigned)(days % 28 + 1),
		(unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60),
		(unsigned)(s % 60), (unsigned)(g->now_ms % 1000) };

	return w;
}

static void ip_of(unsigned client, char text[32])
{
	snprintf(text, 32, "198.%u.%u.%u", 18 + (client >> 16 & 1),
	    client >> 8 & 255, client & 255);
}

static void begin(struct gen *g, struct session *s)
{
	s->number = g->begun++;
	s->client = draw(g, 1u << 17);
	s->step = STEP_EHLO;
	s->messages = 1 + draw(g, 8) / 7;
	s->recipients = s->sequence = 0;
	s->begun_ms = g->now_ms;
}

/* The step behind this one. */
static void advance(struct gen *g, struct session *s)
{
	switch (s->step) {
	case STEP_EHLO:
	case STEP_QUIT:
		s->step++;
		break;
	case STEP_MAIL:
		s->recipients = 1 + draw(g, 6) / 4;
		s->step = STEP_RCPT;
		break;
	case STEP_RCPT:
		if (--s->recipients == 0)
			s->step = STEP_DATA;
		break;
	case STEP_DATA:
		s->step = --s->messages ? STEP_MAIL : STEP_QUIT;
		break;
	case STEP_DONE:
		break;
	}
}

/* --- IIS, W3C extended -------------------------------------------------- */

static void w3c_head(struct gen *g)
{
	say(g, "#Software: Microsoft Internet Information Services 6.0\r\n"
	    "#Version: 1.0\r\n#Date: 2006-01-01 00:00:00\r\n"
	    "#Fields: date time c-ip cs-username s-sitename s-computername "
	    "s-ip s-port cs-method cs-uri-stem cs-uri-query sc-status "
	    "sc-win32-status sc-bytes cs-bytes time-taken cs-version cs-host "
	    "cs(User-Agent) cs(Cookie) cs(Referer) \r\n");
}

static void w3c_row(struct gen *g, const struct session *s,
    const char *verb, const char *query, const char *numbers)
{
	struct when w = now(g);
	char ip[32];

	ip_of(s->client, ip);
	say(g, "%04u-%02u-%02u %02u:%02u:%02u %s client%u.example.org "
	    "SMTPSVC1 MX1 192.0.2.25 0 %s - %s %s SMTP - - - -\r\n", w.year,
	    w.month, w.day, w.hour, w.minute, w.second, ip, s->client, verb,
	    query, numbers);
}

static void w3c_step(struct gen *g, struct session *s)
{
	char query[200], numbers[100];

	switch (s->step) {
	case STEP_EHLO:
		snprintf(query, sizeof(query), "+client%u.example.org",
		    s->client);
		w3c_row(g, s, "EHLO", query, "250 0 312 24 0");
		break;
	case STEP_MAIL:
		snprintf(query, sizeof(query), "+FROM:<user%u@example.org>+"
		    "SIZE=%u", draw(g, 10000), 1000 + draw(g, 50000));
		w3c_row(g, s, "MAIL", query, "250 0 44 40 0");
		break;
	case STEP_RCPT:
		snprintf(query, sizeof(query), "+TO:<user%u@example.net>",
		    draw(g, 10000));
		w3c_row(g, s, "RCPT", query, draw(g, 20) ?
		    "250 0 33 31 0" : "550 0 50 31 15");
		break;
	case STEP_DATA:
		snprintf(query, sizeof(query), "+<%08x.%u@client%u.example."
		    "org>", draw(g, 1u << 30), s->number, s->client);
		snprintf(numbers, sizeof(numbers), "250 0 130 %u %u",
		    1000 + draw(g, 50000), draw(g, 900));
		w3c_row(g, s, "DATA", query, numbers);
		break;
	case STEP_QUIT:
		snprintf(query, sizeof(query), "client%u.example.org",
		    s->client);
		snprintf(numbers, sizeof(numbers), "240 %u 63 4 0",
		    (unsigned)(g->now_ms - s->begun_ms));
		w3c_row(g, s, "QUIT", query, numbers);
		break;
	case STEP_DONE:
		break;
	}
}

/* --- Exchange connectors ------------------------------------------------ */

static void exchange_head(struct gen *g)
{
	say(g, "#Software: Microsoft Exchange Server\r\n"
	    "#Version: 15.0.0.0\r\n#Log-type: SMTP Receive Protocol Log\r\n"
	    "#Date: 2006-01-01T00:00:00.000Z\r\n#Fields: date-time,"
	    "connector-id,session-id,sequence-number,local-endpoint,"
	    "remote-endpoint,event,data,context\r\n");
}

static void exchange_row(struct gen *g, struct session *s,
    const char *event, const char *context)
{
	struct when w = now(g);
	char ip[32];

	ip_of(s->client, ip);
	say(g, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ,MX1\\Default Frontend "
	    "MX1,08DAEC62%08X,%u,192.0.2.25:25,%s:%u,%s,%s\r\n", w.year,
	    w.month, w.day, w.hour, w.minute, w.second, w.ms, s->number,
	    s->sequence++, ip, 1024 + s->number % 60000, event, context);
	g->now_ms += 1;
}

static void exchange_step(struct gen *g, struct session *s)
{
	char text[300];

	switch (s->step) {
	case STEP_EHLO:
		exchange_row(g, s, "+,", "");
		exchange_row(g, s, ">,\"220 mx.example.com "
		    "Microsoft ESMTP MAIL Service ready at Wed, 11 Jan 2006 "
		    "16:59:51 +0100\"", "");
		snprintf(text, sizeof(text), "<,EHLO client%u.example.org",
		    s->client);
		exchange_row(g, s, text, "");
		exchange_row(g, s, ">,250  mx.example.com Hello "
		    "[192.0.2.10] SIZE 37748736 PIPELINING DSN "
		    "ENHANCEDSTATUSCODES STARTTLS 8BITMIME BINARYMIME "
		    "CHUNKING", "");
		break;
	case STEP_MAIL:
		snprintf(text, sizeof(text), "<,MAIL FROM:<user%u@example."
		    "org> SIZE=%u", draw(g, 10000), 1000 + draw(g, 50000));
		exchange_row(g, s, text, "");
		exchange_row(g, s, "*,08DAEC62278461AA;"
		    "2006-01-11T15:59:51.433Z;1,receiving message", "");
		exchange_row(g, s, ">,250 2.1.0 Sender OK", "");
		break;
	case STEP_RCPT:
		snprintf(text, sizeof(text), "<,RCPT TO:<user%u@example.net>",
		    draw(g, 10000));
		exchange_row(g, s, text, "");
		exchange_row(g, s, draw(g, 20) ?
		    ">,250 2.1.5 Recipient OK" :
		    ">,550 5.1.1 User unknown", "");
		break;
	case STEP_DATA:
		exchange_row(g, s, "<,DATA", "");
		exchange_row(g, s, ">,354 Start mail input; end "
		    "with <CRLF>.<CRLF>", "");
		snprintf(text, sizeof(text), ">,\"250 2.6.0 <%08x.%u@client%u"
		    ".example.org> [InternalId=%u, Hostname=mx.example.com] "
		    "%u bytes in 0.102, 109.173 KB/sec Queued mail for "
		    "delivery\"", draw(g, 1u << 30), s->number, s->client,
		    draw(g, 1u << 30), 1000 + draw(g, 50000));
		exchange_row(g, s, text, "");
		break;
	case STEP_QUIT:
		exchange_row(g, s, "<,QUIT", "");
		exchange_row(g, s, ">,221 2.0.0 Service closing "
		    "transmission channel", "");
		exchange_row(g, s, "-,", ",Local");
		break;
	case STEP_DONE:
		break;
	}
}

/* --- Internet Mail Service ---------------------------------------------- */

static void ims_head(struct gen *g)
{
	(void)g;
}

static void ims_line(struct gen *g, const char *mark, const char *text)
{
	struct when w = now(g);

	say(g, "%u/%u/%02u %u:%02u:%02u %s : %s%s\r\n", w.month, w.day,
	    w.year % 100, w.hour % 12 ? w.hour % 12 : 12, w.minute, w.second,
	    w.hour < 12 ? "AM" : "PM", mark, text);
}

static void ims_command(struct gen *g, const char *command)
{
	ims_line(g, "<<< IO: |", command);
	ims_line(g, "<<< ", command);
}

/* Where IO lines are logged so is the content, in buffers. */
static void ims_content(struct gen *g, const struct session *s, unsigned user)
{
	unsigned lines = draw(g, 30), i;
	char text[300];

	snprintf(text, sizeof(text), "From: <user%u@example.org>\r\n"
	    "To: <user%u@example.net>\r\nMessage-ID: <%08x.%u@client%u."
	    "example.org>\r\nSubject: what was logged\r\n", user,
	    draw(g, 10000), draw(g, 1u << 30), s->number, s->client);
	ims_line(g, "<<< IO: |", text);
	for (i = 0; i < lines; i++)
		say(g, "The quick brown fox %u jumps over the lazy dog, and "
		    "does so in each line.\r\n", draw(g, 1000));
	say(g, ".\r\n");
}

static void ims_step(struct gen *g, struct session *s)
{
	char text[300];
	unsigned user = draw(g, 10000);

	switch (s->step) {
	case STEP_EHLO:
		snprintf(text, sizeof(text), "A connection was accepted from "
		    "client%u.example.org.", s->client);
		ims_line(g, "", text);
		snprintf(text, sizeof(text), "EHLO client%u.example.org",
		    s->client);
		ims_command(g, text);
		ims_line(g, ">>> ", "250-mx.example.com Hello [198.18.0.1]\r\n"
		    "250-XEXCH50\r\n250-HELP\r\n250-ETRN\r\n250-DSN\r\n"
		    "250-SIZE 0\r\n250 AUTH=LOGIN\r\n");
		break;
	case STEP_MAIL:
		snprintf(text, sizeof(text), "MAIL FROM:<user%u@example.org>",
		    user);
		ims_command(g, text);
		snprintf(text, sizeof(text), "250 OK - mail from <user%u@"
		    "example.org>", user);
		ims_line(g, ">>> ", text);
		break;
	case STEP_RCPT:
		snprintf(text, sizeof(text), "RCPT TO:<user%u@example.net>",
		    user);
		ims_command(g, text);
		snprintf(text, sizeof(text), "250 OK - Recipient <user%u@"
		    "example.net>", user);
		ims_line(g, ">>> ", text);
		break;
	case STEP_DATA:
		ims_command(g, "DATA");
		ims_line(g, ">>> ", "354 Send data.  End with CRLF.CRLF");
		ims_content(g, s, user);
		ims_line(g, ">>> ", "250 OK");
		break;
	case STEP_QUIT:
		ims_command(g, "QUIT");
		ims_line(g, ">>> ", "221 closing connection");
		break;
	case STEP_DONE:
		break;
	}
}

static const struct form {
	const char *name;
	void (*head)(struct gen *g);
	step_fn step;
	unsigned concurrency;
} forms[] = {
	{ "iis-w3c", w3c_head, w3c_step, 32 },
	{ "exchange-connector", exchange_head, exchange_step, 32 },
	{ "exchange-ims", ims_head, ims_step, 1 },
};

static void run(struct gen *g, const struct form *f, uint64_t size,
    unsigned concurrency)
{
	static struct session sessions[SESSIONS_MAX];
	unsigned i;

	f->head(g);
	for (i = 0; i < concurrency; i++)
		begin(g, &sessions[i]);
	while (g->written + g->len < size) {
		struct session *s = &sessions[draw(g, concurrency)];

		f->step(g, s);
		g->now_ms += draw(g, 40);
		advance(g, s);
		if (s->step == STEP_DONE)
			begin(g, s);
	}
	flush(g);
}

static int usage(void)
{
	fprintf(stderr, "usage: gen_logs --format iis-w3c|exchange-connector|"
	    "exchange-ims [--size MB] [--concurrency N] [--seed N] "
	    "[-o FILE]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct gen g = { .random = 88172645463325252u, .fd = 1 };
	const struct form *f = NULL;
	double size = 500;
	unsigned concurrency = 0, k;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--format") == 0) {
			for (k = 0; k < sizeof(forms) / sizeof(forms[0]); k++)
				if (strcmp(argv[i + 1], forms[k].name) == 0)
					f = &forms[k];
		} else if (strcmp(argv[i], "--size") == 0) {
			size = strtod(argv[i + 1], NULL);
		} else if (strcmp(argv[i], "--concurrency") == 0) {
			concurrency = (unsigned)strtod(argv[i + 1], NULL);
		} else if (strcmp(argv[i], "--seed") == 0) {
			g.random += (uint64_t)strtod(argv[i + 1], NULL);
		} else if (strcmp(argv[i], "-o") == 0) {
			g.fd = open(argv[i + 1], O_WRONLY | O_CREAT | O_TRUNC,
			    0644);
		} else {
			return usage();
		}
	}
	if (!f || i != argc || g.fd < 0)
		return usage();
	if (concurrency == 0 || concurrency > SESSIONS_MAX)
		concurrency = f->concurrency;
	run(&g, f, (uint64_t)(size * 1e6), concurrency);
	return 0;
}
