/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iis_ncsa.c - logs of the SMTP service of IIS in the NCSA common format
 *
 * Theory of operation.  The format of web servers, filled with mail:
 *
 *   192.0.2.10 - client.example.org [11/Oct/2006:13:16:43 -0600]
 *	"MAIL -?+FROM:<alice@example.org> SMTP" 250 42
 *
 * (folded here): client, a dash, user, local time with its offset, verb,
 * target and behind a question mark the parameters, status, octets sent.  A
 * blank in them is a plus.  Quotation marks are not escaped, so a row is
 * read from its end.  What rows mean: iis_rows.h.
 */
#include "logs/families.h"
#include "logs/iis_rows.h"
#include "logs/text.h"
#include "logs/when.h"

struct values {
	struct slice client, user, when, method, query, status, sent;
	struct slice protocol;
};

struct ncsa {
	struct iis_rows rows;
	struct sw_clock clock;  /* of the row before */
	struct iis_when newest;
};

/* --- values ------------------------------------------------------------- */

static struct slice take_last_word(struct slice *rest)
{
	size_t n = rest->len;
	struct slice word;

	while (n > 0 && rest->p[n - 1] != ' ')
		n--;
	word = slice_from(*rest, n);
	rest->len = n > 0 ? n - 1 : 0;
	return word;
}

/* Up to and without c, which is dropped with it; false: it is not there. */
static bool take_until(struct slice *rest, uint8_t c, struct slice *part_r)
{
	const uint8_t *end = rest->len ? memchr(rest->p, c, rest->len) : NULL;

	if (!end)
		return false;
	*part_r = slice_head(*rest, (size_t)(end - rest->p));
	*rest = slice_from(*rest, part_r->len + 1);
	return true;
}

/* "MAIL -?+FROM:<a@example.org>"; a question mark may also be in it. */
static void split_request(struct slice request, struct values *v)
{
	struct slice target;

	v->query = slice_head(request, 0);
	v->method = log_take_word(&request);
	if (take_until(&request, '?', &target))
		v->query = request;
}

static bool split(struct slice line, struct values *v)
{
	struct slice dash;

	line = slice_trim(line);
	v->sent = take_last_word(&line);
	v->status = take_last_word(&line);
	v->protocol = take_last_word(&line);
	v->client = log_take_word(&line);
	dash = log_take_word(&line);
	if (dash.len == 0 || !take_until(&line, '[', &v->user) ||
	    !take_until(&line, ']', &v->when) || !log_take_text(&line, " \""))
		return false;
	v->user = slice_trim(v->user);
	split_request(line, v);
	return v->protocol.len > 1 &&
	    v->protocol.p[v->protocol.len - 1] == '"';
}

static bool is_protocol(const struct values *v, const char *name)
{
	return slice_eq_nocase(slice_head(v->protocol, v->protocol.len - 1),
	    slice_str(name));
}

/* "11/Oct/2006:13:16:43 -0600" */
static bool work_out_time(struct slice s, struct sw_clock *clock_r,
    int64_t *time_r)
{
	struct civil day = { 0 };
	struct sw_clock c = { .zone = SW_ZONE_UTC, .resolution_ns = NS_PER_S,
		.date = SW_DATE_GIVEN };
	int64_t ns;
	int year;

	if (!log_take_number(&s, 1, 2, &day.day) ||
	    !log_take_octet(&s, '/') || !log_take_month(&s, &day.month) ||
	    !log_take_octet(&s, '/') || !log_take_number(&s, 4, 4, &year) ||
	    !log_take_octet(&s, ':') || !log_take_time(&s, &ns, NULL) ||
	    !log_take_blanks(&s) || !log_take_zone(&s, &c.offset_s) ||
	    s.len > 0)
		return false;
	day.year = year;
	if (!clock_civil_is_valid(&day))
		return false;
	if (c.offset_s != 0)
		c.zone = SW_ZONE_OFFSET;
	*clock_r = c;
	*time_r = clock_add(log_make_time(&day, 0),
	    ns - c.offset_s * NS_PER_S);
	return true;
}

/* Many rows have the time of the row before. */
static bool parse_time(struct ncsa *x, struct slice when, int64_t *time_r)
{
	if (iis_when_is(&x->newest, when)) {
		*time_r = x->newest.time;
		return true;
	}
	if (!work_out_time(when, &x->clock, time_r))
		return false;
	iis_when_keep(&x->newest, when, *time_r);
	return true;
}

/* --- rows --------------------------------------------------------------- */

#define COLUMNS (SW_BIT(IIS_TIME) | SW_BIT(IIS_CLIENT) | SW_BIT(IIS_USER) | \
	SW_BIT(IIS_METHOD) | SW_BIT(IIS_QUERY) | SW_BIT(IIS_STATUS) | \
	SW_BIT(IIS_SENT))

static bool parse_numbers(const struct values *v, struct iis_row *row)
{
	int64_t status;

	if (!iis_parse_number(v->status, &status) ||
	    !iis_parse_number(v->sent, &row->sent) || status > 999)
		return false;
	row->status = (int32_t)status;
	row->port = SW_UNKNOWN;
	row->win32 = row->received = row->taken_ms = SW_UNKNOWN;
	return true;
}

static bool parse_row(struct ncsa *x, const struct log_line *line,
    struct iis_row *row)
{
	struct values v;

	memset(row, 0, sizeof(*row));
	row->line = line;
	if (!split(line->text, &v) || !is_protocol(&v, "SMTP") ||
	    !parse_numbers(&v, row) || !parse_time(x, v.when, &row->time))
		return false;
	row->columns = COLUMNS;
	row->cut = line->unterminated ? SW_BIT(IIS_SENT) : 0;
	row->clock = x->clock;
	row->client = iis_parse_text(v.client);
	iis_decode_row(&x->rows, line->text, v.user, v.method, v.query, row);
	return true;
}

/* --- the family --------------------------------------------------------- */

static bool is_row(struct slice line, const char *protocol)
{
	struct values v;
	struct iis_row row;
	struct sw_clock clock;
	int64_t time;

	return split(line, &v) && is_protocol(&v, protocol) &&
	    parse_numbers(&v, &row) && work_out_time(v.when, &clock, &time);
}

bool iis_ncsa_has_rows(struct slice head, const char *protocol)
{
	return iis_has_rows(head, is_row, protocol);
}

static bool probe(struct slice head)
{
	return iis_ncsa_has_rows(head, "SMTP");
}

static void close_log(void *state)
{
	struct ncsa *x = state;

	iis_rows_fini(&x->rows);
}

static enum sw_status open_log(void *state)
{
	struct ncsa *x = state;

	iis_rows_init(&x->rows);
	return SW_OK;
}

static enum sw_status take_line(void *state, const struct log_line *line)
{
	struct ncsa *x = state;
	struct iis_row row;

	if (line->text.len == 0)
		return SW_OK;
	if (line->truncated || !parse_row(x, line, &row)) {
		log_not_understood(&x->rows.sessions, line);
		return SW_OK;
	}
	return iis_rows_take(&x->rows, &row);
}

const struct log_format log_iis_ncsa = {
	.name = "iis-ncsa",
	.title = "IIS SMTP service, NCSA common log file format",
	.times = "local with its offset, 1 s",
	.records = IIS_RECORDS,
	.state_size = sizeof(struct ncsa),
	.session_size = sizeof(struct iis_session),
	.goes_on = true,
	.probe = probe,
	.open = open_log,
	.line = take_line,
	.close = close_log,
};
