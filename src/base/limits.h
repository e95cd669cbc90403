/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limits.h - how much of anything is kept
 *
 * Each limit says why it is what it is and what happens when it is
 * reached.  Nothing is cut silently: a note on the session, or a flag on
 * the event, and a count in the account.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* The fuzzers are built with limits of a dialogue that small inputs reach, as
 * nobody else is (MODE=fuzz, tests/fuzz/README.md). */
#ifdef SW_SMALL_LIMITS
#define LIMIT_OR_SMALL(usual, small) (small)
#else
#define LIMIT_OR_SMALL(usual, small) (usual)
#endif

/* --- transcript (TRANSCRIPT: "omitted") --------------------------------- */

/* Events kept in a session; later ones are counted in omitted.events, their
 * effect on messages and verdicts still counts. */
#define LIMIT_EVENTS LIMIT_OR_SMALL(10000, 150)
/* Recipients kept in a message; later ones are counted. */
#define LIMIT_RECIPIENTS LIMIT_OR_SMALL(1000, 20)
/* Lines kept of one reply; the others are counted in a limit note. */
#define LIMIT_REPLY_LINES LIMIT_OR_SMALL(1000, 12)
/* Octets kept of one line of the dialogue; the rest is counted in `octets`,
 * flags overlong and a limit note. */
#define LIMIT_LINE LIMIT_OR_SMALL(65536, 1200)
/* Notes kept in a session; later ones are counted in omitted.notes. */
#define LIMIT_NOTES LIMIT_OR_SMALL(1000, 20)
/* Octets of memory that one session takes over all, or 25/32 of what its
 * shard has but for 128 KiB if that is less (LIMIT_MEMORY: 6.1 MiB, as much
 * as 10 000 events and 2000 mails take).  LIMIT_EVENTS of LIMIT_LINE would be
 * 640 MiB, and LIMIT_MESSAGES with LIMIT_RECIPIENTS each gigabytes.  When
 * texts take half of it, or a longer list of events would exceed it, further
 * events are counted as omitted. Beyond it recipients and messages are
 * counted, notes but for a few as well; texts of replies, names, and
 * arguments of commands that wait are not kept. */
#define LIMIT_SESSION_OCTETS LIMIT_OR_SMALL(32u << 20, 128u << 10)
/* Octets of a message's header that are kept for its fields; header_size
 * is still counted to its end. */
#define LIMIT_HEADER LIMIT_OR_SMALL(65536, 1000)
/* Messages kept in a session; later MAIL commands are events only, a note says
 * so, and the account counts them. */
#define LIMIT_MESSAGES LIMIT_OR_SMALL(10000, 12)
/* Gaps listed in one data event or message; missing still counts all. */
#define LIMIT_GAPS LIMIT_OR_SMALL(1000, 5)
/* ESMTP parameters kept of one MAIL or RCPT. */
#define LIMIT_PARAMS LIMIT_OR_SMALL(64, 8)
/* AUTH exchanges listed in a session. */
#define LIMIT_AUTH LIMIT_OR_SMALL(100, 4)

/* Octets that all connections take, unless the caller says otherwise; each of
 * the SHARD_COUNT shards has its share.  Half of it is for open sessions: a
 * dialogue takes some 7 KiB until it ends, beside what waits for a reply, so
 * that this suffices for 25 000 at once on a machine that does other work
 * too. 3/16 each are for octets out of order and for connections as such,
 * LIMIT_FLOW_OCTETS each; what these do not take sessions may, up to 11/16 of
 * all, or 13/16 if large ones take half of it; the rest is what the
 * allocator, tables and buffers take beside.  Beyond it the session of the
 * shard that was idle longest ends with `limit`, a note of that name and a
 * count in the account; what comes of it later is a session without a start.
 * If large ones (of a 32nd of what the shard has, and 32 KiB at least) take
 * most of it, one of these ends; of connections those that never were
 * sessions go first.  Sessions that are over are not counted: they are told
 * when the block is done, with several threads the stretch, and freed before
 * more is fed if they take much (wire.c). */
#define LIMIT_MEMORY (512u << 20)
/* A connection, its places in the tables and what the allocator adds. */
#define LIMIT_FLOW_OCTETS 640

/* --- smtp --------------------------------------------------------------- */

/* Commands that await their reply; a client far ahead of its server.
 * Beyond it the oldest is taken as unanswered. */
#define LIMIT_OUTSTANDING LIMIT_OR_SMALL(20000, 40)
/* Octets of content in flight behind DATA or BDAT that are held until the
 * reply decides (RULES: provisional content). */
#define LIMIT_PROVISIONAL LIMIT_OR_SMALL(65536, 600)
/* Replies, and octets of their lines, that wait until what is held before them
 * is decided.  Beyond it that is taken as content. */
#define LIMIT_LATE LIMIT_OR_SMALL(10000, 20)
#define LIMIT_LATE_OCTETS LIMIT_OR_SMALL(1 << 20, 1000)
/* Lines and octets after which a stream that is neither SMTP nor TLS is
 * called not-smtp. */
#define LIMIT_NOT_SMTP_LINES 4
#define LIMIT_NOT_SMTP_OCTETS 2048
/* Octets of a TLS handshake that are kept to find version, cipher, SNI and
 * certificate. */
#define LIMIT_TLS_HANDSHAKE 32768
/* Turns of application data that are kept of a TLS connection: some thirty
 * mails.  Beyond it none is told. */
#define LIMIT_TLS_TURNS LIMIT_OR_SMALL(256, 12)

/* --- tcp ---------------------------------------------------------------- */

/* Virtual shards: each has its own tables and its share of every limit, so
 * that results do not depend on the number of threads. */
#define SHARD_COUNT 64
/* Out-of-order octets that one direction holds beyond a hole; beyond it the
 * hole is a gap (RULES). */
#define LIMIT_FLOW_OUT_OF_ORDER (1u << 20)
/* Octets held in one shard over all flows (64 shards: 256 MiB): the flow
 * that was idle longest is released with its holes as gaps. */
#define LIMIT_SHARD_OUT_OF_ORDER (4u << 20)
/* Flows at once in one shard (64 shards: 1 048 576), however much memory may
 * be taken; the one that was idle longest ends with `limit`. */
#define LIMIT_SHARD_FLOWS 16384
/* Stretches out of order in one direction: every segment may be one. */
#define LIMIT_FLOW_STRETCHES 4096
/* Capture time without a frame after which a flow ends as idle. */
#define LIMIT_IDLE_NS (INT64_C(900) * 1000000000)
/* Capture time after which an acknowledged hole is a gap (RULES). */
#define LIMIT_GAP_NS (INT64_C(1) * 1000000000)

/* --- net ---------------------------------------------------------------- */

/* Nested headers (VLAN tags, tunnels, extension headers) of one frame. */
#define LIMIT_NESTING 16
/* Octets and datagrams of fragments held at once, over all. */
#define LIMIT_FRAGMENT_OCTETS (8u << 20)
#define LIMIT_FRAGMENT_DATAGRAMS 4096
/* Fragments of one datagram: 65535 octets in pieces of 8. */
#define LIMIT_FRAGMENT_PIECES 8192
/* Capture time after which an unfinished datagram is given up (RFC 791
 * suggests 15 s, RFC 8200 says 60 s). */
#define LIMIT_FRAGMENT_NS (INT64_C(60) * 1000000000)

/* --- capture ------------------------------------------------------------ */

/* Octets of one frame.  262144 is libpcap's; what is longer is believed only
 * up to this. */
#define LIMIT_FRAME (16u << 20)
/* A block of input. */
#define SOURCE_BLOCK (128u << 10)
/* Interfaces of one pcapng section. */
#define LIMIT_INTERFACES 65536

/* Comments and processes read of one Network Monitor file. */
#define LIMIT_SIDE_ENTRIES 65536u

/* --- archives ----------------------------------------------------------- */

/* Octets that the members of an archive unpack to before they are held
 * against the archive's own, and how many for each of these: deflate makes at
 * most 1032, logs and captures seldom 100.  Beyond it the archive is left. */
#define LIMIT_UNPACKED (64u << 20)
#define LIMIT_UNPACKED_RATIO 250u
/* Members of one archive; each takes memory until it is read. */
#define LIMIT_MEMBERS 65536u

/* --- pipeline ----------------------------------------------------------- */

/* Ids of sessions remembered in one shard to tell equal ones apart. */
#define LIMIT_SHARD_IDS 16384

/* Sessions of one side, and octets of both, that `live --check` keeps until the
 * other side tells them too.  Beyond it the oldest of the side is given up: it
 * is counted, and not told as one that the other side lacks. */
#define LIMIT_WINDOW_SESSIONS 16384
#define LIMIT_WINDOW_OCTETS (64u << 20)

/* Octets of one transcript that is read back; longer ones are left out. */
#define LIMIT_SAVED_LINE (256u << 20)
/* Octets of memory that the parsed values of one may take, by an estimate that
 * is not below: `{},` takes 80 times its length. */
#define LIMIT_SAVED_VALUES (UINT64_C(512) << 20)

/* Octets of what captures say beside frames (comments, processes) that are
 * held of one traffic; what is beyond is counted. */
#define LIMIT_REMARKS (16u << 20)

/* --- logs --------------------------------------------------------------- */

/* Octets of a log's beginning that a probe looks at, and those if nothing is
 * known by them: lines of others may stand in front of its own. */
#define LIMIT_LOG_PROBE 65536
#define LIMIT_LOG_PROBE_FAR 262144
/* Sessions of one log that are open at once; beyond it the one that was idle
 * longest ends with `limit`. */
#define LIMIT_LOG_SESSIONS 16384
/* Octets that the open sessions of one log take; each may take
 * LIMIT_SESSION_OCTETS.  Beyond it as above. */
#define LIMIT_LOG_OCTETS (256u << 20)
/* Open sessions that bear one key (all that a log tells of a connection);
 * each row looks at all of them.  Beyond it as above. */
#define LIMIT_LOG_KEY_SESSIONS 256
/* Time without a line after which a session of a log ends as idle.  Longer
 * than LIMIT_IDLE_NS: a log that has one line for a whole DATA is silent as
 * long as that lasts. */
#define LIMIT_LOG_IDLE_NS (INT64_C(3600) * 1000000000)
/* Sessions of one log whose QUIT was answered and that wait for lines which
 * tell of their close. */
#define LIMIT_LOG_LINGER 64
/* Commands of one session that await their reply. */
#define LIMIT_LOG_OUTSTANDING 4096
/* Octets of the lines of one reply that a log tells line by line. */
#define LIMIT_LOG_REPLY (1u << 20)
/* Columns of a row. */
#define LIMIT_LOG_COLUMNS 64

#endif
