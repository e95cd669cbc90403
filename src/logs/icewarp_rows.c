/* SPDX-License-Identifier: GPL-2.0-or-later */
/* icewarp_rows.c - what stands in the lines of IceWarp's logs */
#include "logs/icewarp_rows.h"

#include "logs/talk.h"
#include "logs/text.h"
#include "logs/when.h"

/* "[15C0]" */
static bool take_id(struct slice *rest, uint32_t *id_r)
{
	struct slice s = *rest;
	uint32_t id = 0;
	size_t n = 0;

	if (!log_take_octet(&s, '['))
		return false;
	for (; n < 8 && s.len > 0; n++) {
		uint8_t c = ascii_upper(s.p[0]);

		if (ascii_is_digit(c))
			id = id << 4 | (uint32_t)(c - '0');
		else if (c >= 'A' && c <= 'F')
			id = id << 4 | (uint32_t)(c - 'A' + 10);
		else
			break;
		s = slice_from(s, 1);
	}
	if (n == 0 || !log_take_octet(&s, ']'))
		return false;
	*id_r = id;
	*rest = s;
	return true;
}

/* "Thu, 22 Apr 2004 22:01:42 +0200" */
static bool take_dated(struct slice *rest, struct icewarp_row *row)
{
	struct slice s = *rest;
	struct civil day = { 0 };
	int year;
	int64_t ns;

	if (!log_take_weekday(&s) || !log_take_text(&s, ", ") ||
	    !log_take_number(&s, 1, 2, &day.day) ||
	    !log_take_octet(&s, ' ') || !log_take_month(&s, &day.month) ||
	    !log_take_octet(&s, ' ') || !log_take_number(&s, 4, 4, &year) ||
	    !log_take_octet(&s, ' ') || !log_take_time(&s, &ns, NULL) ||
	    !log_take_octet(&s, ' ') || !log_take_zone(&s, &row->offset_s))
		return false;
	day.year = year;
	if (!clock_civil_is_valid(&day))
		return false;
	row->dated = true;
	row->time = clock_add(log_make_time(&day, 0),
	    ns - row->offset_s * NS_PER_S);
	*rest = s;
	return true;
}

bool icewarp_parse_row(struct slice line, struct icewarp_row *row)
{
	struct slice s = line;

	memset(row, 0, sizeof(*row));
	row->who = log_take_word(&s);
	if (row->who.len == 0 || row->who.len > ICEWARP_ADDRESS_MAX)
		return false;
	log_take_blanks(&s);
	if (!take_id(&s, &row->id) || !log_take_octet(&s, ' '))
		return false;
	if (!take_dated(&s, row) && !log_take_time(&s, &row->time, NULL))
		return false;
	if (s.len > 0 && !log_take_octet(&s, ' '))
		return false;
	row->is_address = log_is_address(row->who);
	row->text = s;
	return true;
}

bool icewarp_take_arrow(struct slice *text, bool *sent_r)
{
	bool sent = log_take_text(text, ">>>");

	if (!sent && !log_take_text(text, "<<<"))
		return false;
	log_take_octet(text, ' ');
	*sent_r = sent;
	return true;
}

bool icewarp_take_client(struct slice *text)
{
	if (!log_take_text(text, "Client session"))
		return false;
	log_take_octet(text, ':');
	log_take_blanks(text);
	return true;
}

bool icewarp_parse_bytes(struct slice said, int64_t *wire_r)
{
	struct slice s = said;
	struct slice number = log_take_word(&s);
	uint64_t value;

	if (!slice_to_u64(number, &value) || value > INT64_MAX ||
	    !log_take_text(&s, "bytes (overall"))
		return false;
	*wire_r = (int64_t)value;
	return true;
}

bool icewarp_parse_summary(struct slice text, struct icewarp_summary *m_r)
{
	struct slice s = text;
	size_t n = s.len;
	uint64_t count, size;
	int64_t ns;

	while (n > 1 && !(s.p[n - 2] == '>' && s.p[n - 1] == ' '))
		n--;
	s = slice_from(s, n);
	if (n <= 1 || !slice_to_u64(log_take_word(&s), &count) ||
	    !slice_to_u64(log_take_word(&s), &size) || size > INT32_MAX ||
	    !log_take_time(&s, &ns, NULL) || !log_take_octet(&s, ' '))
		return false;
	m_r->size = (int64_t)size;
	m_r->ok = slice_eq(log_take_word(&s), slice_str("OK"));
	m_r->id = slice_trim(s);
	return true;
}

bool icewarp_name_day(const char *file_name, struct civil *day_r)
{
	struct slice s = log_base_name(file_name), date;
	size_t n = 0;

	while (n < s.len && s.p[n] != '-' && s.p[n] != '.')
		n++;
	if (n < 9 || !ascii_is_alpha(s.p[0]))
		return false;
	date = slice_from(slice_head(s, n), n - 8);
	return log_take_iso_date(&date, day_r) && date.len == 0;
}

enum icewarp_evidence icewarp_evidence_of(struct slice text)
{
	static const char *const other[] = { "+OK", "-ERR", "* ", "USER ",
		"PASS " };
	size_t i, len;
	bool sent;

	icewarp_take_client(&text);
	if (!icewarp_take_arrow(&text, &sent))
		return EVIDENCE_NONE;
	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (slice_has_prefix_nocase(text, slice_str(other[i])))
			return EVIDENCE_OTHER;
	switch ((int)session_verb(text, &len)) {
	case VERB_HELO:
	case VERB_EHLO:
	case VERB_LHLO:
	case VERB_MAIL:
	case VERB_RCPT:
		return EVIDENCE_SMTP;
	}
	return log_parse_reply_line(text).code == SW_UNKNOWN ?
	    EVIDENCE_NONE : EVIDENCE_CODE;
}
