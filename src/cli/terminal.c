/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terminal.c - what goes to standard error: messages, progress */

#include "cli/terminal.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* --- messages ----------------------------------------------------------- */

/* Octets of the well-formed UTF-8 sequence at s, 0 if there is none or if it
 * is a C1 control character (which a terminal obeys). */
static size_t utf8_len(const unsigned char *s, size_t len)
{
	static const unsigned char lowest[] = {0, 0, 0, 0xa0, 0x90};
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 || s[0] == 0xf0) && s[1] < lowest[n])
		return 0; /* overlong */
	if (s[0] == 0xed && s[1] > 0x9f)
		return 0; /* surrogate */
	if (s[0] == 0xf4 && s[1] > 0x8f)
		return 0; /* beyond U+10FFFF */
	if (s[0] == 0xc2 && s[1] < 0xa0)
		return 0;
	return n;
}

/* The code point of a well-formed sequence of n octets, n from 2. */
static uint32_t code_point(const unsigned char *s, size_t n)
{
	uint32_t c = s[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

/* Does it turn or hide the text beside it, or cannot be seen itself?  The
 * library escapes the same in what it prints (base/escape.c). */
static bool is_hidden(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f ||
	    c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
	    (c >= 0x180b && c <= 0x180f) || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c == 0x2800 || c == 0x3164 || (c >= 0xfe00 && c <= 0xfe0f) ||
	    c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) ||
	    (c >= 0x1bca0 && c <= 0x1bca3) || c == 0x1d159 ||
	    (c >= 0x1d173 && c <= 0x1d17a) || (c >= 0xe0000 && c <= 0xe0fff);
}

static void put_sequence(const unsigned char *s, size_t n)
{
	uint32_t c = code_point(s, n);

	if (is_hidden(c))
		fprintf(stderr, "\\u{%04x}", c);
	else
		fwrite(s, 1, n, stderr);
}

static void put_escaped(const unsigned char *s, size_t len, bool keep_lf)
{
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = 1;
		if ((*s >= 0x20 && *s < 0x7f) || (keep_lf && *s == '\n'))
			putc(*s, stderr);
		else if (*s >= 0x80 && (n = utf8_len(s, len)) > 0)
			put_sequence(s, n);
		else {
			fprintf(stderr, "\\x%02x", *s);
			n = 1;
		}
	}
}

void terminal_say(const char *format, ...)
{
	char text[2048];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = (int)sizeof(text) - 1;
	put_escaped((const unsigned char *)text, (size_t)len, false);
	putc('\n', stderr);
	fflush(stderr);
}

int terminal_tell(const struct sw_err *err)
{
	terminal_say("smtpwire: %s", err->text);
	switch (err->status) {
	case SW_OK:
		break;
	case SW_EREAD:
	case SW_EFORMAT:
		return CLI_INPUT;
	case SW_EUSAGE:
		return CLI_USAGE;
	case SW_ENOMEM:
	case SW_EWRITE:
		return CLI_OUTPUT;
	}
	return CLI_OK;
}

int terminal_write(void *ctx, const void *octets, size_t len)
{
	(void)ctx;
	put_escaped(octets, len, true);
	fflush(stderr);
	return 0;
}

/* --- progress ----------------------------------------------------------- */

#define NS_PER_S INT64_C(1000000000)
/* Shorter work shows nothing. */
#define FIRST_NS NS_PER_S
#define EVERY_NS (NS_PER_S / 5)
#define BAR_WIDTH 30

static int64_t now_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void progress_init(struct progress *p, enum cli_progress how, bool quiet)
{
	p->on = how == CLI_PROGRESS_ON ||
	    (how == CLI_PROGRESS_AUTO && !quiet && isatty(STDERR_FILENO));
	p->shown = false;
	p->begun_ns = now_ns();
	p->drawn_ns = 0;
}

static void draw(uint64_t done, uint64_t total, int64_t elapsed_ns)
{
	static const char bar[] = "##############################";
	_Static_assert(sizeof(bar) == BAR_WIDTH + 1, "as wide as it is");
	double mib = (double)done / 1048576;
	double rate = mib * 1e9 / (double)elapsed_ns;

	if (total == 0) {
		fprintf(stderr, "\r%.0f MiB, %.0f MiB/s\033[K", mib, rate);
	} else {
		double part = done >= total ? 1 :
		    (double)done / (double)total;
		int full = (int)(part * BAR_WIDTH);

		fprintf(stderr,
		    "\r[%.*s%*s] %3d %%, %.0f MiB, %.0f MiB/s\033[K", full,
		    bar, BAR_WIDTH - full, "", (int)(part * 100), mib, rate);
	}
	fflush(stderr);
}

void progress_update(void *ctx, uint64_t done, uint64_t total)
{
	struct progress *p = ctx;
	int64_t now;

	if (!p->on)
		return;
	now = now_ns();
	if (now - p->begun_ns < FIRST_NS || now - p->drawn_ns < EVERY_NS)
		return;
	p->drawn_ns = now;
	p->shown = true;
	draw(done, total, now - p->begun_ns);
}

void progress_clear(struct progress *p)
{
	if (!p->shown)
		return;
	p->shown = false;
	fputs("\r\033[K", stderr);
	fflush(stderr);
}
