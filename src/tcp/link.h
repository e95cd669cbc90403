/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link.h - lists whose links stand in what they hold */
#ifndef TCP_LINK_H
#define TCP_LINK_H

#include <stdbool.h>

struct link {
	struct link *prev, *next;
};

static inline void link_init(struct link *l)
{
	l->prev = l->next = l;
}

static inline bool link_is_alone(const struct link *l)
{
	return l->next == l;
}

static inline void link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

/* Move or add l to the end of list. */
static inline void link_append(struct link *list, struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->prev = list->prev;
	l->next = list;
	list->prev->next = l;
	list->prev = l;
}

/* To the end of its list, if it is not there already. */
static inline void link_renew(struct link *list, struct link *l)
{
	if (l->next != list)
		link_append(list, l);
}

#endif
