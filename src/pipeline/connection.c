/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connection.c - what is told of a connection beside its dialogue */
/* SHA1_Init and its like are to be there without a warning. */
#define OPENSSL_API_COMPAT 0x10100000L

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "pipeline/connection.h"

#include "pipeline/address.h"
#include "pipeline/remarks.h"

/*
 * FNV-1a, 64 bits: fixed, so that ids are the same in every run.  An octet
 * that is zero does no more than multiply by the prime, so that many of them
 * are one multiplication.
 */
#define FNV_PRIME UINT64_C(0x100000001b3)
#define FNV_PRIME_2 (FNV_PRIME * FNV_PRIME)
#define FNV_PRIME_4 (FNV_PRIME_2 * FNV_PRIME_2)
#define FNV_PRIME_12 (FNV_PRIME_4 * FNV_PRIME_4 * FNV_PRIME_4)

static uint64_t hash_octets(uint64_t h, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return h;
}

static uint64_t hash_ip(uint64_t h, const struct endpoint *e)
{
	if (e->family == 4) /* twelve zeros behind it */
		return hash_octets(h, e->ip, 4) * FNV_PRIME_12;
	return hash_octets(h, e->ip, 16);
}

/* Of 16 and of 32 bits, both as four octets. */
static uint64_t hash_u16(uint64_t h, uint16_t v)
{
	h = (h * FNV_PRIME_2 ^ v >> 8) * FNV_PRIME;
	return (h ^ (v & 0xff)) * FNV_PRIME;
}

static uint64_t hash_u32(uint64_t h, uint32_t v)
{
	uint8_t o[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
		(uint8_t)(v >> 8), (uint8_t)v };

	return v == 0 ? h * FNV_PRIME_4 : hash_octets(h, o, sizeof(o));
}

static int compare(const struct endpoint *a, const struct endpoint *b)
{
	int c = memcmp(a->ip, b->ip, sizeof(a->ip));

	return c ? c : (int)a->port - (int)b->port;
}

/* The host whose address and port are the lower ones. */
static int lower_host(const struct tcp_flow_info *info)
{
	return compare(&info->host[0], &info->host[1]) <= 0 ? 0 : 1;
}

/* From both endpoints, VLAN and tunnel, and each side's first sequence
 * number; the same whoever is called first. */
static uint64_t make_id(const struct tcp_flow_info *info, int first)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	int i;

	for (i = 0; i < 2; i++) {
		int d = i ? 1 - first : first;

		h = hash_ip(h, &info->host[d]);
		h = hash_u16(h, info->host[d].port);
		h = hash_u32(h, info->seen[d] ? info->first_seq[d] : 0);
	}
	h = hash_u32(h, info->vlan_tag);
	h = hash_u32(h, info->tunnel_tag);
	/* FNV's high bits are weak on short input: mix once more. */
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	return h;
}

static void tell_endpoint(struct session_builder *b, struct sw_endpoint *to,
    const struct endpoint *e)
{
	uint8_t text[ADDRESS_TEXT];

	to->ip = session_text(b, pipeline_address(e, text));
	to->port = e->port;
}

static void put_be32(uint8_t *w, uint32_t v)
{
	w[0] = (uint8_t)(v >> 24);
	w[1] = (uint8_t)(v >> 16);
	w[2] = (uint8_t)(v >> 8);
	w[3] = (uint8_t)v;
}

/* Of less octets than a block has, behind which there are zeros.  EVP looks
 * for an engine at each use, which takes ten times as long as the digest of so
 * few octets: this is the digest itself (FIPS 180-4, 5.1.1 and 6.1). */
static bool digest_sha1(uint8_t block[SHA_CBLOCK], size_t len,
    uint8_t digest[SHA_DIGEST_LENGTH])
{
	SHA_CTX sha;

	block[len] = 0x80;
	put_be32(block + SHA_CBLOCK - 4, (uint32_t)len * 8);
	if (SHA1_Init(&sha) != 1)
		return false;
	SHA1_Transform(&sha, block);
	put_be32(digest, sha.h0);
	put_be32(digest + 4, sha.h1);
	put_be32(digest + 8, sha.h2);
	put_be32(digest + 12, sha.h3);
	put_be32(digest + 16, sha.h4);
	return true;
}

/* Community ID v1: "1:" base64(SHA-1(seed, addresses and ports in order,
 * protocol, padding)). */
static void tell_community_id(struct session_builder *b,
    struct sw_session *s, const struct tcp_flow_info *info, int first)
{
	const struct endpoint *a = &info->host[first];
	const struct endpoint *z = &info->host[1 - first];
	size_t n = a->family == 4 ? 4 : 16, len = 0;
	uint8_t in[SHA_CBLOCK] = { 0 }, digest[SHA_DIGEST_LENGTH];
	uint8_t text[2 + 32];

	len = 2; /* seed 0 */
	memcpy(in + len, a->ip, n);
	len += n;
	memcpy(in + len, z->ip, n);
	len += n;
	in[len++] = 6; /* TCP */
	in[len++] = 0;
	in[len++] = (uint8_t)(a->port >> 8);
	in[len++] = (uint8_t)a->port;
	in[len++] = (uint8_t)(z->port >> 8);
	in[len++] = (uint8_t)z->port;
	if (!digest_sha1(in, len, digest))
		return;
	text[0] = '1';
	text[1] = ':';
	EVP_EncodeBlock(text + 2, digest, SHA_DIGEST_LENGTH);
	s->community_id = session_text(b, slice_make(text, 2 + 28));
}

static void tell_side(struct sw_tcp_side *to, const struct tcp_facts *f,
    int dir)
{
	to->octets = (int64_t)f->side[dir].octets;
	to->retransmitted = (int64_t)f->side[dir].retransmitted;
	to->unacked = f->side[dir].acked_known &&
	    f->side[dir].highest > f->side[dir].acked ?
	    (int64_t)(f->side[dir].highest - f->side[dir].acked) : 0;
	to->mss = f->side[dir].mss;
	to->zero_window_ns = f->side[dir].zero_window_ns;
}

static void tell_tcp(struct session_builder *b, struct sw_session *s,
    const struct tcp_facts *f, int client_dir)
{
	struct sw_tcp *tcp = arena_calloc(session_arena(b), 1, sizeof(*tcp));

	if (!tcp) {
		session_fail(b);
		return;
	}
	tcp->frames = f->frames;
	tcp->syn_rtt_ns = f->syn_rtt_ns;
	tell_side(&tcp->client, f, client_dir);
	tell_side(&tcp->server, f, 1 - client_dir);
	s->tcp = tcp;
}

static bool ends_before(const struct traffic_part *p, uint64_t first)
{
	return p->base + p->count < first;
}

/* The first part that does not end before the frame: there may be thousands,
 * and as many sessions. */
static size_t first_part(const struct traffic *t, uint64_t first)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ends_before(&t->parts[middle], first))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The files that the session's frames lie in. */
static void tell_source(const struct shard *sh, struct session_builder *b,
    struct sw_session *s, uint64_t first, uint64_t last)
{
	const struct traffic *t = sh->traffic;
	struct sw_part *parts;
	size_t count = t->count, from = first_part(t, first), i, n = 0;

	for (i = from; i < count && t->parts[i].base < last; i++)
		n++;
	parts = arena_calloc(session_arena(b), n ? n : 1, sizeof(*parts));
	if (!parts) {
		session_fail(b);
		return;
	}
	s->source.kind = SW_SOURCE_WIRE;
	s->source.unit = SW_UNIT_FRAME;
	s->source.first = first;
	s->source.last = last;
	s->source.parts = parts;
	for (i = from; i < from + n; i++) {
		const struct traffic_part *p = &t->parts[i];
		struct sw_part *to = &parts[s->source.part_count];

		to->name = session_text(b, slice_str(p->name));
		to->format = session_text(b, slice_str(p->format));
		to->base = p->base;
		to->first = (first > p->base ? first : p->base + 1) - p->base;
		to->last = (last < p->base + p->count ? last :
		    p->base + p->count) - p->base;
		s->source.part_count++;
	}
	if (s->source.part_count > 0) {
		s->source.name = parts[0].name;
		s->source.format = parts[0].format;
	}
}

static void tell_clock(const struct shard *sh, struct sw_session *s,
    const struct tcp_flow_info *info)
{
	uint32_t part = info->first.part;

	if (part < sh->traffic->count)
		s->clock = sh->traffic->parts[part].clock;
	s->clock.resolution_ns = info->resolution_ns;
	s->clock.date = SW_DATE_GIVEN;
	if (info->first.ts_ns == SW_NO_TIME) {
		s->clock.zone = SW_ZONE_NONE;
		s->clock.date = SW_DATE_NONE;
		s->clock.resolution_ns = 0;
	}
}

void connection_begin(const struct shard *sh, struct session_builder *b,
    const struct tcp_flow *flow, int client_dir)
{
	const struct tcp_flow_info *info = tcp_flow_info_get(flow);
	struct sw_session *s = session_get(b);

	s->recorder = SW_RECORDER_WIRE;
	s->records = SW_RECORDS_ALL;
	s->start = info->first.ts_ns;
	tell_clock(sh, s, info);
	tell_endpoint(b, &s->client, &info->host[client_dir]);
	tell_endpoint(b, &s->server, &info->host[1 - client_dir]);
}

void connection_tell(struct shard *sh, struct session_builder *b,
    struct tcp_flow *flow, const struct tcp_facts *facts, int client_dir)
{
	const struct tcp_flow_info *info = tcp_flow_info_get(flow);
	struct sw_session *s = session_get(b);
	int first = lower_host(info);

	if (pipeline_ids_give(&sh->ids, make_id(info, first), &s->id) != SW_OK)
		sh->memory = true;
	connection_begin(sh, b, flow, client_dir);
	s->end = facts->last.ts_ns;
	tell_source(sh, b, s, info->first.at, facts->last.at);
	tell_community_id(b, s, info, first);
	tell_tcp(b, s, facts, client_dir);
	remarks_tell(sh->traffic->remarks, &info->host[0], &info->host[1],
	    info->first.at, facts->last.at, b);
}
