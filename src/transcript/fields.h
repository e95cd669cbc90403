/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fields.h - the fields of a transcript in JSON
 *
 * For store_json*.c alone.  A field is asked for by its name; one that is
 * absent or null gives what stands for "not known", one of another type is
 * refused: the first such error is kept, and what follows is of no use.
 */
#ifndef TRANSCRIPT_FIELDS_H
#define TRANSCRIPT_FIELDS_H

#include <jansson.h>

#include "transcript/store.h"

struct fields {
	struct arena *arena;   /* of all octets and lists, borrowed */
	struct sw_session *s;  /* that is filled; its clock tells times */
	uint64_t line;         /* of the file, for errors */
	struct sw_err *err;    /* may be NULL */
	enum sw_status status; /* of the first error */
	uint64_t left_out;     /* items of lists beyond their limits */
};

/* Names of values: NULL beyond the last, or for one without a name. */
typedef const char *(*name_fn)(unsigned v);

#define NAME_FN(f, type, call) \
	static const char *f(unsigned v) { return call((type)v); }

/* Says that the field is not what it must be ("a string"). */
void fields_refuse(struct fields *r, const char *field, const char *what);

/* Says that memory ran out. */
void fields_no_memory(struct fields *r);

/* The value of a field, NULL if it is absent or null. */
json_t *fields_get(const json_t *o, const char *name);

/* The octets of a string. */
struct sw_bytes fields_copy(struct fields *r, const json_t *string);

/* A string; absent: data NULL. */
struct sw_bytes fields_bytes(struct fields *r, const json_t *o,
    const char *name);

/* A whole number from 0 to max; absent when it is not known. */
int64_t fields_number(struct fields *r, const json_t *o, const char *name,
    int64_t max, int64_t absent);

/* The same, SW_UNKNOWN when it is absent. */
int64_t fields_known(struct fields *r, const json_t *o, const char *name);
int32_t fields_code(struct fields *r, const json_t *o, const char *name);

/* The same, 0 when it is absent. */
uint32_t fields_ref(struct fields *r, const json_t *o, const char *name);
uint64_t fields_count(struct fields *r, const json_t *o, const char *name);

/* False when it is absent. */
bool fields_bool(struct fields *r, const json_t *o, const char *name);

/* A number of seconds as ns; SW_UNKNOWN when it is absent. */
int64_t fields_seconds(struct fields *r, const json_t *o, const char *name);

/* Index of the name v among count; count if it is none of them. */
unsigned fields_look_up(const json_t *v, unsigned count, name_fn name);

/* The value that the field names; absent when it is absent. */
unsigned fields_name(struct fields *r, const json_t *o, const char *name,
    unsigned count, name_fn names, unsigned absent);

/* A list of names as a set of bits; other names are ignored. */
uint32_t fields_set(struct fields *r, const json_t *o, const char *name,
    unsigned count, name_fn names);

/* An object, NULL when it is absent. */
const json_t *fields_object(struct fields *r, const json_t *o,
    const char *name);

struct fields_items {
	const json_t *list; /* NULL: absent */
	void *items;        /* cleared memory for count elements */
	size_t count;       /* those that are kept */
	size_t left_out;    /* those beyond the limit */
};

/* A list, of which no more than max elements of size octets are kept. */
struct fields_items fields_list(struct fields *r, const json_t *o,
    const char *name, size_t size, size_t max);

/* The element i of a list of objects. */
const json_t *fields_item(struct fields *r, const json_t *list, size_t i,
    const char *name);

/* [first, last]; 0 and 0 when it is absent. */
void fields_at(struct fields *r, const json_t *o, uint64_t *first_r,
    uint64_t *last_r);

/* Just len octets in hex; false: v is something else. */
bool fields_hex(const json_t *v, uint8_t *octets, size_t len);

/* The object "octets". */
void fields_octets(struct fields *r, const json_t *o,
    struct sw_octets *octets);

struct sw_digest fields_sha256(struct fields *r, const json_t *o);

/* Octets of a padded base64 text (RFC 4648); data NULL: it is none. */
struct sw_bytes fields_base64(struct fields *r, const json_t *v);

/* Takes "Z", "+02:00" or nothing off the text; seconds east. */
bool fields_offset(const char **text, int32_t *offset_r);

/* A time by the session's clock; SW_NO_TIME when it is absent. */
int64_t fields_time(struct fields *r, const json_t *o, const char *name);

/* store_json_events.c: the lists of those names. */
void store_json_events(struct fields *r, const json_t *o);
void store_json_notes(struct fields *r, const json_t *o);

#endif
