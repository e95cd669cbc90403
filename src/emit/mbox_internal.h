/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mbox_internal.h - what the files of mbox.c share */
#ifndef EMIT_MBOX_INTERNAL_H
#define EMIT_MBOX_INTERNAL_H

#include <pthread.h>

#include "emit/mbox.h"
#include "emit/pile.h"

/* Octets that are gathered before they are written. */
enum { OUT_SIZE = 65536 };

struct mbox_lane;

/* A message whose content was begun. */
struct mail {
	struct mbox_lane *lane;
	struct mail *next, *previous; /* of the lane; next: of the bucket */
	void *below;         /* the next operations' handle */
	uint64_t session;    /* when it waits */
	uint32_t n;
	struct emit_piled octets;
	bool lacking;        /* it has a gap */
};

struct mbox_lane {
	struct emit_mbox *owner;
	const struct body_ops *next;
	struct body_ops ops;
	struct mail *mails;  /* not settled */
	struct mail none;    /* stands for one that there is no memory for */
};

struct emit_mbox {
	char *path;
	int fd;
	bool growing;
	bool direct;         /* a device or a pipe */
	bool any;            /* something was written */
	char *target, *part; /* names of a file that is not complete; heap */
	uint8_t *out;        /* OUT_SIZE, of the message being written */
	size_t out_len;
	int out_error;

	struct emit_pile pile;
	pthread_mutex_t lock;   /* of what follows */
	struct mail **waiting;  /* buckets, as many as mails or more */
	size_t bucket_count, waiting_count;
	uint64_t secret;        /* who sends mail must not choose the bucket */

	struct mbox_lane lanes[EMIT_EML_LANES];
};

/* --- mbox_file.c --------------------------------------------------------- */

/* Open what e->path is, or what becomes it; 0 or an errno value. */
int emit_mbox_open(struct emit_mbox *e);
/* SW_ENOMEM or SW_EWRITE with its sentence, by an errno value. */
enum sw_status emit_mbox_cannot_write(const struct emit_mbox *e, int error,
    struct sw_err *err);

/* --- mbox_message.c ------------------------------------------------------ */

/* Write one message behind what the mailbox holds, whole, or not at all where
 * that can be had; 0 or an errno value. */
int emit_mbox_write(struct emit_mbox *e, const struct mail *m,
    const struct sw_session *s, const struct sw_message *message);

#endif
