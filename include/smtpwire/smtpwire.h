/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smtpwire.h - reading captures and mail logs as SMTP transcripts
 *
 * Example, complete:
 *
 *	#include <smtpwire/smtpwire.h>
 *	#include <stdio.h>
 *
 *	int main(int argc, char **argv)
 *	{
 *		struct sw_options o;
 *		struct sw_reader *r = NULL;
 *		const struct sw_session *s;
 *		struct sw_err err;
 *		const char *const *files = (const char *const *)argv + 1;
 *
 *		sw_options_init(&o);
 *		if (sw_reader_open(&o, files, (size_t)argc - 1, &r, &err))
 *			return fprintf(stderr, "%s\n", err.text), 1;
 *		while (sw_reader_next(r, &s, &err) > 0)
 *			printf("%zu messages\n", s->message_count);
 *		sw_reader_free(&r);
 *		return 0;
 *	}
 *
 * The library never prints, exits, reads the environment, or sets locale,
 * umask or signals.  A reader belongs to one thread at a time; what it is told
 * is the same however many threads it may use.
 */
#ifndef SMTPWIRE_SMTPWIRE_H
#define SMTPWIRE_SMTPWIRE_H

#include <smtpwire/error.h>
#include <smtpwire/transcript.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* The library's version, "MAJOR.MINOR.PATCH"; static. */
const char *sw_version(void);

struct sw_reader;
struct sw_account;

/*
 * What happens while it is read, before sessions are complete.  Every
 * member may be NULL.  All that is passed is valid during the call only.
 */
struct sw_observer {
	void *ctx;
	/* An event is complete.  s: the session so far (id and lists may
	 * still grow). */
	void (*event)(void *ctx, const struct sw_session *s,
	    const struct sw_event *e);
	/* Octets of a message's content, un-stuffed, in order; body_open
	 * returns a handle that the other calls get (NULL: not wanted). */
	void *(*body_open)(void *ctx, uint32_t message);
	void (*body_octets)(void *ctx, void *body, const void *octets,
	    size_t len);
	/* len octets are lost here, SW_UNKNOWN: an unknown number. */
	void (*body_gap)(void *ctx, void *body, uint64_t offset,
	    int64_t len);
	/* The last call for this body: its session is over; kept: it passed
	 * the filters and comes out of sw_reader_next. */
	void (*body_end)(void *ctx, void *body, const struct sw_session *s,
	    const struct sw_message *m, bool kept);
	/* How far the inputs are read, now and then: octets, and of how many
	 * (0: not known). */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	/* Frames that were there are read; with an interface at least once
	 * a second. */
	void (*step)(void *ctx);
};

/*
 * Only these sessions.  Strings: substring without regard to case, "=x"
 * exactly x (case ignored); NULL: any.  All given must hold.
 */
struct sw_filter {
	bool failed;            /* see smtpwire(1) */
	const char *from, *rcpt; /* envelope */
	const char *host;       /* address or name of either host */
	const char *subject, *message_id, *queue_id;
	const char *id;         /* hex digits */
	int64_t since, until;   /* ns since 1970, SW_NO_TIME: open */
};

/* How dates of three bare numbers in logs are to be read. */
enum sw_date_order {
	SW_DATE_ORDER_AUTO, /* worked out of each log */
	SW_DATE_ORDER_MDY,
	SW_DATE_ORDER_DMY,
	SW_DATE_ORDER_YMD,
	SW_DATE_ORDER_COUNT
};

/* How an input is read that does not tell it itself. */
struct sw_input_options {
	const char *format;    /* force a log format by name, or NULL */
	bool tz_known;
	int32_t tz_offset_s;   /* zone of local times, seconds east of UTC */
	enum sw_date_order date_order;
};

/* What puts TCP streams together. */
enum sw_engine {
	SW_ENGINE_NATIVE,
	SW_ENGINE_NIDS, /* libnids: IPv4, connections that are complete; one
	                   reader at a time has it, and one thread */
	SW_ENGINE_COUNT
};
/* Its name; static. */
const char *sw_engine_name(enum sw_engine e);
/* NULL: it can be used; else why not, for people; static. */
const char *sw_engine_lacks(enum sw_engine e);

struct sw_options {
	const uint16_t *ports; /* server ports; NULL: 25, 465, 587, 2525 */
	size_t port_count;
	bool any_port;         /* find SMTP by content on every port */
	const char *bpf;       /* libpcap filter expression, or NULL */
	const char *format;    /* force a log format by name, or NULL */
	bool ignore_vlan;      /* flows are keyed without VLAN */
	bool strict_vlan;      /* never join flows of different tags
	                          or tunnels */
	enum sw_engine engine; /* sw_reader_open: SW_EUSAGE if it lacks */
	bool verify_checksums; /* leave out segments with wrong checksums */
	bool show_secrets;
	bool no_hash;          /* no SHA-256 of messages */
	bool attempts;         /* tell unanswered attempts as sessions */
	bool sort_start;       /* by first frame, through a spill file */
	bool tz_known;
	int32_t tz_offset_s;   /* zone of local times, seconds east of UTC */
	enum sw_date_order date_order;
	const char *eml_dir;   /* write each message below this folder */
	const char *mbox;      /* write each whole message to this mailbox
	                          (mboxrd), in the order of their sessions:
	                          files to one that is there when all are
	                          read, an interface appends */
	const char *frames;    /* write the frames of all connections on the
	                          ports (with any_port: of all TCP) to this
	                          pcapng file; of files, if filter selects,
	                          at the end those of the sessions told; of
	                          an interface whatever it says, and what
	                          is there is renamed first; of files it is
	                          replaced when all are read; NULL */
	uint64_t rotate_size;  /* of that file in octets, and the time between
	                          its first and last frame, at which it is
	                          renamed and begun anew; 0: never */
	uint32_t rotate_s;
	unsigned keep;         /* renamed files that stay; 0: all */
	const char *tmpdir;    /* for spill files; NULL: /tmp */
	uint64_t memory;       /* octets for open sessions; 0: 512 MiB */
	unsigned threads;      /* that may work at once, the caller's
	                          included; 0: 1.  With an observer of events
	                          or bodies there is one. */
	struct sw_filter filter;
	struct sw_observer observer;
	/* One for each name that sw_reader_open() gets (sw_check_open(): the
	 * left ones, then the right ones), instead of format, zone and order
	 * above, which are those of all; borrowed for the call.  NULL: none. */
	const struct sw_input_options *inputs;
	/* Of sw_reader_open(): once this descriptor is readable (an eventfd,
	 * say, that a signal's handler wrote to) inputs that are no regular
	 * files end: what comes within a second is read, and all is told.
	 * It stays the caller's; 0: none. */
	int stop_fd;
};

/* The defaults. */
void sw_options_init(struct sw_options *o);

/*
 * Read files ("-" is standard input, a directory the files in it, a zip, tar
 * or 7z archive those in all its directories, unpacked into tmpdir), captures
 * and logs told apart by content; several captures are one traffic.  Options,
 * filter strings and names are copied.  *r is set also when some of the inputs
 * cannot be read: sw_reader_failed() counts them and sw_reader_next() tells of
 * the others.  Errors: SW_EUSAGE (an option, a BPF expression), SW_EWRITE
 * (eml_dir, mbox, frames), SW_ENOMEM.
 */
enum sw_status sw_reader_open(const struct sw_options *o,
    const char *const *names, size_t count, struct sw_reader **r,
    struct sw_err *err) SW_MUST_USE;

/* --- an interface --------------------------------------------------------- */

struct sw_live;

struct sw_live_options {
	const char *interface; /* as the system calls it; "any": all */
	uint64_t buffer; /* octets in which the kernel keeps frames until
	                    they are read; 0: 32 MiB */
	uint64_t count;  /* frames after which the capture ends; 0: none */
	void *ctx;       /* of the functions below, which may be NULL and
	                    are called from within sw_reader_next() */
	int wake_fd;     /* a descriptor that ends waiting when it can be
	                    read, -1: none */
	void (*wake)(void *ctx); /* it can; has to read it */
	/* So many frames more were lost: by the kernel, as its buffer was
	 * full, and by the interface. */
	void (*dropped)(void *ctx, uint64_t kernel, uint64_t interface);
};
/* The defaults. */
void sw_live_options_init(struct sw_live_options *l);
/*
 * Load what is loaded else when it is first called for: the digest, GMime, and
 * converters of the usual character sets.  Behind this a reader of an
 * interface without files to write (and with the native engine) opens nothing
 * any more, so that a process may forbid itself to.  Not by two threads at
 * once.
 */
void sw_load_libraries(void);

/*
 * Begin to capture on an interface, with the ports and the filter of o; frames
 * are kept by the kernel from now on.  All that is given is copied.  *denied
 * (may be NULL): it failed for want of rights.  Errors: SW_EREAD (no such
 * interface, no rights), SW_EUSAGE (the filter, the buffer), SW_ENOMEM.
 */
enum sw_status sw_live_open(const struct sw_options *o,
    const struct sw_live_options *l, struct sw_live **live, bool *denied,
    struct sw_err *err) SW_MUST_USE;
void sw_live_free(struct sw_live **live);

/*
 * As sw_reader_open, with an interface in place of files.  *live is taken over
 * (also when this fails).  Sessions come when their end is certain;
 * sw_reader_next() waits for them.  Everything is done in the caller's thread;
 * sort_start is SW_EUSAGE.  SW_EREAD of sw_reader_next(): the interface is
 * gone; what was open is told by the calls behind it.
 */
enum sw_status sw_reader_open_live(const struct sw_options *o,
    struct sw_live **live, struct sw_reader **r, struct sw_err *err)
    SW_MUST_USE;
/* Begin the file of sw_options.frames anew with the next frame, and open the
 * name of sw_options.mbox again: somebody moved it away.  If that fails it is a
 * warning, and the old one goes on. */
void sw_reader_rotate(struct sw_reader *r);
/* End the capture: what passed until now is still told.  May be called from
 * the functions of struct sw_live_options. */
void sw_reader_stop(struct sw_reader *r);

/* An interface; what it points to is valid during the call. */
struct sw_interface {
	const char *name;
	const char *description; /* NULL: none */
	const char *const *addresses;
	size_t address_count;
	bool up, running, loopback;
};
/* Tell each interface that can be captured on.  SW_EREAD, SW_ENOMEM. */
enum sw_status sw_interfaces(void (*tell)(void *ctx,
    const struct sw_interface *i), void *ctx, struct sw_err *err)
    SW_MUST_USE;

/*
 * The next session: 1; *s is valid until the next call.  0: the end.
 * < 0: an enum sw_status; SW_EREAD and SW_EFORMAT concern one input, are
 * told once, and the next call goes on with the others; SW_ENOMEM and
 * SW_EWRITE are final.
 */
int sw_reader_next(struct sw_reader *r, const struct sw_session **s,
    struct sw_err *err) SW_MUST_USE;

/* Inputs that could not be read at all so far. */
size_t sw_reader_failed(const struct sw_reader *r);

/* The account so far, complete after the end (of an interface at any time);
 * valid until the next call of this, at most as long as the reader. */
const struct sw_account *sw_reader_account(struct sw_reader *r);

void sw_reader_free(struct sw_reader **r);

/* Where output goes: returns 0, or an errno value. */
typedef int (*sw_write_fn)(void *ctx, const void *octets, size_t len);

enum sw_form { SW_FORM_TEXT, SW_FORM_JSONL, SW_FORM_HTML, SW_FORM_COUNT };

struct sw_print_options {
	enum sw_form form;
	bool normal;   /* without what differs between records of the same */
	bool no_times;
	bool color;
	bool explain;  /* what each reply means */
	/* Of the HTML page: inputs that it names (the caller's, until
	 * sw_printer_finish), folder of a temporary file (NULL: /tmp). */
	const char *const *names;
	size_t name_count;
	const char *tmpdir;
};

struct sw_printer;
enum sw_status sw_printer_new(const struct sw_print_options *o,
    sw_write_fn write, void *ctx, struct sw_printer **p) SW_MUST_USE;
/* Write one session; SW_EWRITE with *errno_r when write failed; 0: it was the
 * temporary file of an HTML page, see sw_printer_error. */
enum sw_status sw_printer_session(struct sw_printer *p,
    const struct sw_session *s, int *errno_r) SW_MUST_USE;
/* All sessions are told: write what comes behind them, which is all of an
 * HTML page and nothing of the other forms.  account: of what was read, or
 * NULL.  SW_EWRITE as sw_printer_session. */
enum sw_status sw_printer_finish(struct sw_printer *p,
    const struct sw_account *account, int *errno_r) SW_MUST_USE;
/* What was wrong with the temporary file; valid as long as the printer. */
const struct sw_err *sw_printer_error(const struct sw_printer *p);
/*
 * Write what happens as it happens: each event that an observer is told, and
 * the end of its session when sw_reader_next() returns it, in lines that bear
 * the session's number.  Text of both is that of sw_printer_session(); JSON
 * is {"session":N,"event":{}} and {"session":N,"ended":{}}, the latter with
 * the whole session.  Errors: as there.
 */
enum sw_status sw_printer_event(struct sw_printer *p,
    const struct sw_session *s, const struct sw_event *e, int *errno_r)
    SW_MUST_USE;
enum sw_status sw_printer_end(struct sw_printer *p,
    const struct sw_session *s, int *errno_r) SW_MUST_USE;
void sw_printer_free(struct sw_printer **p);

/* The account as text for people (several lines) or as one JSON object. */
enum sw_status sw_account_write(const struct sw_account *a, bool json,
    sw_write_fn write, void *ctx) SW_MUST_USE;
/* Warnings about damaged input so far, each told once: the next one that was
 * not yet fetched, or NULL.  Valid as long as the reader. */
const char *sw_reader_warning(struct sw_reader *r);

/* What can be read. */
struct sw_format {
	const char *name;  /* as sources tell it; static */
	const char *title; /* for people; static */
	enum sw_source_kind kind;
	uint32_t records; /* what it can record at best, 1u << sw_record */
	const char *times; /* zone and resolution of its times, for people;
	                      NULL: it has none; static */
};
/* The format of number i, from 0; false: there are no more. */
bool sw_format_get(size_t i, struct sw_format *f_r);

/* --- what replies mean ---------------------------------------------------- */

/* By the first digit (RFC 5321 4.2.1). */
enum sw_reply_class {
	SW_REPLY_NORMAL,       /* 2xx */
	SW_REPLY_INTERMEDIATE, /* 3xx: the client goes on */
	SW_REPLY_TEMPORARY,    /* 4xx */
	SW_REPLY_PERMANENT,    /* 5xx */
	SW_REPLY_STRANGE,      /* anything else */
	SW_REPLY_CLASS_COUNT
};
/* Is the code to be expected at this command (RFC 5321 4.3.2)? */
enum sw_reply_fit {
	SW_FIT_UNKNOWN,    /* no command given, or an unknown one */
	SW_FIT_SUCCESS,
	SW_FIT_FAILURE,    /* one of the failures listed for it */
	SW_FIT_UNEXPECTED,
	SW_FIT_COUNT
};
/* Does it help to send the same again? */
enum sw_retry {
	SW_RETRY_NONE,      /* it is not needed */
	SW_RETRY_LATER,
	SW_RETRY_USELESS,
	SW_RETRY_OTHERWISE, /* after what the reply asks for */
	SW_RETRY_COUNT
};
/* Strings are static, for people. */
struct sw_explanation {
	enum sw_reply_class reply_class;
	const char *meaning;     /* of the code */
	const char *enhanced;    /* of the enhanced code, NULL: none */
	const char *subject;     /* what that is about, NULL */
	bool contradiction;      /* its class is not that of the code */
	enum sw_reply_fit fit;
	const char *consequence; /* of a refusal at this command, NULL */
	enum sw_retry retry;
};
/*
 * What a reply means.  enhanced: "5.1.1", or NULL (RFC 3463 and IANA's
 * registry of enhanced status codes); at: a verb in any case, "greeting", or
 * "." for the end of the content; NULL: not known.
 */
void sw_explain(int32_t code, const char *enhanced, const char *at,
    struct sw_explanation *e_r);
/* For people; static. */
const char *sw_reply_class_name(enum sw_reply_class c);
const char *sw_fit_name(enum sw_reply_fit f);
const char *sw_retry_name(enum sw_retry r);
/* Commands that sw_explain knows, from 0; NULL: there are no more. */
const char *sw_explain_place(size_t i);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
