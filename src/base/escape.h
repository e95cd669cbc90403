/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * escape.h - octets of strangers made harmless for one kind of output
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buffer.h"

/* Length (1 to 4) of the well-formed UTF-8 sequence at the start of s
 * (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF); 0 if it is
 * none or s is empty. */
size_t escape_utf8_len(struct slice s);
/* How many octets at the start of s are printable ASCII. */
size_t escape_plain_len(struct slice s);
/* Is all of s well-formed UTF-8? */
bool escape_is_utf8(struct slice s);

/*
 * Append a JSON string with its quotes (RFC 8259).  Octets that are no UTF-8
 * become U+FFFD, one for each maximal ill-formed subsequence (as Unicode
 * recommends and Python does).  Control characters, '"' and '\' are escaped,
 * and U+007F, U+0080 to U+009F, U+2028, U+2029 and the bidirectional
 * controls as \uXXXX, so that a line of JSON is harmless on a terminal.
 * Returns true if something was replaced (base64 is then wanted).
 */
bool escape_json(struct buffer *b, struct slice s);

/* Append base64 (RFC 4648, padded) without quotes. */
bool escape_base64(struct buffer *b, struct slice s);

/*
 * Append text for a terminal or a text file: printable UTF-8 as it is;
 * control characters (C0, DEL, C1), octets that are no UTF-8, and
 * bidirectional and other invisible format controls as \xNN or \u{NNNN};
 * a backslash as \\ only when it could be mistaken for such an escape
 * (before x, u{ or an escape, and the others of its run with it).  Tab
 * becomes \x09.
 */
bool escape_text(struct buffer *b, struct slice s);

#endif
