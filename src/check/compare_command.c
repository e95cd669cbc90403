/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compare_command.c - two records of one command */
#include "check/compare.h"

#include "transcript/observe.h"

struct sw_bytes compare_command_text(struct judge *j,
    const struct sw_command *c)
{
	struct sw_bytes text;
	struct buffer b;

	if (c->line.data)
		return c->line;
	buffer_init(&b, 4096);
	buffer_append_slice(&b, slice_head(compare_slice(c->verb), 1000));
	if (c->argument.len > 0) {
		buffer_append_str(&b, " ");
		buffer_append_slice(&b, slice_head(compare_slice(
		    c->argument), 2000));
	}
	text = arena_copy(j->arena, buffer_slice(&b));
	if (!text.data || b.failed)
		j->memory = true;
	buffer_fini(&b);
	return text;
}

static bool same_verbs(struct sw_bytes x, struct sw_bytes y)
{
	return slice_eq_nocase(compare_slice(x), compare_slice(y));
}

bool compare_same_commands(const struct judge *j, const struct sw_event *l,
    const struct sw_event *r)
{
	return l && r && l->kind == SW_EVENT_COMMAND &&
	    r->kind == SW_EVENT_COMMAND && l->u.command.verb.data &&
	    same_verbs(l->u.command.verb, r->u.command.verb) &&
	    compare_texts(j, l->u.command.argument, r->u.command.argument, 0);
}

/* The row near this one that holds the same two commands, but crosswise;
 * row_count: there is none. */
static size_t crosswise(const struct judge *j, size_t row)
{
	const struct sw_event *l = compare_event(j, SW_LEFT, row);
	const struct sw_event *r = compare_event(j, SW_RIGHT, row);
	size_t i = row > ROWS_BACK ? row - ROWS_BACK : 0;

	for (; i < j->row_count && i < row + ROWS_BACK; i++)
		if (i != row && compare_same_commands(j,
		    compare_event(j, SW_LEFT, i), r) &&
		    compare_same_commands(j, l,
		    compare_event(j, SW_RIGHT, i)))
			return i;
	return j->row_count;
}

/* Two commands that changed places are told once. */
static bool is_exchanged(struct judge *j, size_t row, struct about *a)
{
	size_t i = crosswise(j, row);

	if (i == j->row_count)
		return false;
	j->rows[row].found = true;
	if (i < row)
		return true;
	a->kind = SW_FOUND_ORDER_CHANGED;
	check_find(j, a, "Both sides have these commands, but in another "
	    "order: one record tells them out of order, or something between "
	    "the two points holds commands back.");
	return true;
}

bool compare_answers_exchanged(const struct judge *j, size_t row)
{
	const struct sw_event *l = compare_event(j, SW_LEFT, row);
	const struct sw_event *r = compare_event(j, SW_RIGHT, row);
	size_t i = row, looked = 0;

	for (; i > 0 && looked < ROWS_BACK; i--, looked++) {
		const struct sw_event *x = compare_event(j, SW_LEFT, i - 1);
		const struct sw_event *y = compare_event(j, SW_RIGHT, i - 1);

		if (x && y && x->n == l->u.reply.to && y->n == r->u.reply.to)
			return x->kind == SW_EVENT_COMMAND &&
			    !compare_same_commands(j, x, y) &&
			    crosswise(j, i - 1) < j->row_count;
	}
	return false;
}

static void change_command(struct judge *j, size_t row,
    const struct sw_event *l, const struct sw_event *r)
{
	bool left = observe_is_crossed(l->u.command.verb);
	bool right = observe_is_crossed(r->u.command.verb);
	struct about a = { .kind = SW_FOUND_COMMAND_CHANGED,
		.side = SW_NO_SIDE, .left = l, .right = r, .row = row + 1 };

	a.left_text = compare_command_text(j, &l->u.command);
	a.right_text = compare_command_text(j, &r->u.command);
	if (is_exchanged(j, row, &a))
		return;
	if (left != right) {
		a.kind = SW_FOUND_VERB_MASKED;
		a.side = left ? SW_LEFT : SW_RIGHT;
		check_find(j, &a, "A verb is crossed out with X on one side: "
		    "a firewall that inspects SMTP (Cisco PIX or ASA "
		    "\"fixup\", \"inspect esmtp\") does not let the client "
		    "use this extension.  Switch that inspection off.");
		return;
	}
	check_find(j, &a, "The command is not the same on both sides: it was "
	    "rewritten between the two points, or one record is wrong.");
}

void compare_commands(struct judge *j, size_t row)
{
	const struct sw_event *l = compare_event(j, SW_LEFT, row);
	const struct sw_event *r = compare_event(j, SW_RIGHT, row);
	const struct sw_command *x = &l->u.command, *y = &r->u.command;
	uint32_t flags = l->flags | r->flags;

	if (!same_verbs(x->verb, y->verb) && align_is_cut_verb(l, r))
		return;
	if (flags & SW_BIT(SW_FLAG_MASKED)) {
		if (x->verb.data && y->verb.data &&
		    !same_verbs(x->verb, y->verb))
			change_command(j, row, l, r);
		return; /* secrets are not compared */
	}
	if (!same_verbs(x->verb, y->verb)) {
		change_command(j, row, l, r);
		return;
	}
	if (x->verb.data && (!x->argument.data || !y->argument.data ||
	    !compare_records(j->s[0], SW_RECORDS_ARGUMENT) ||
	    !compare_records(j->s[1], SW_RECORDS_ARGUMENT)))
		return;
	if (x->verb.data ? !compare_texts(j, x->argument, y->argument,
	    flags) : !compare_texts(j, x->line, y->line, flags))
		change_command(j, row, l, r);
}
