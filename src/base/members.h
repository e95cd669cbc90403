/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * members.h - the members of an archive (zip, tar, 7z) as sources
 *
 *   members_probe(s, &kind, err)         is s an archive?
 *   members_new(s, kind, tmpdir, &m, err)
 *   while ((got = members_next(m, &member, err)) != 0) ...
 */
#ifndef BASE_MEMBERS_H
#define BASE_MEMBERS_H

#include "base/source.h"

struct members;

/* Is it an archive, by its first octets?  Consumes nothing, and does not wait
 * for more of a pipe than an archive surely has.  *kind_r: "zip", "tar", "7z"
 * or NULL. */
enum sw_status members_probe(struct source *s, const char **kind_r,
    struct sw_err *err) SW_MUST_USE;

/* s is borrowed and must outlive the members.  They are unpacked into an
 * unlinked file in tmpdir (NULL: /tmp).  SW_EFORMAT: no library reads such;
 * SW_EREAD. */
enum sw_status members_new(struct source *s, const char *kind,
    const char *tmpdir, struct members **m_r, struct sw_err *err) SW_MUST_USE;

struct member {
	struct source *source; /* the caller's; NULL: it is not read ... */
	const char *why;       /* ... since it is this ("encrypted"), static */
	const char *name;      /* the archive's, a slash, its own, octets of
	                          strangers; valid until the next call */
};

/*
 * 1: a member that is no directory.  0: the end.  SW_EREAD: the archive is
 * damaged; the members before are good as far as they go, and the next call
 * goes on behind the damage, if that is possible.  SW_ENOMEM.
 */
int members_next(struct members *m, struct member *member_r,
    struct sw_err *err) SW_MUST_USE;
/* The last member is not wanted, its source was freed: its octets go. */
void members_drop(struct members *m);
void members_free(struct members **m);

#endif
