/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interfaces.c - the interfaces that can be captured on, by libpcap */
#include "capture/live.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/library.h"

#define PCAP_LIBRARY "libpcap.so.0.8"

/* The addresses of one interface as text. */
struct texts {
	char (*texts)[INET6_ADDRSTRLEN];
	const char **list;
	size_t count, capacity, list_capacity;
};

static bool add_address(struct texts *t, const struct sockaddr *a)
{
	const void *octets = NULL;
	void *texts = t->texts, *list = t->list;

	if (a && a->sa_family == AF_INET)
		octets = &((const struct sockaddr_in *)(const void *)a)
		    ->sin_addr;
	else if (a && a->sa_family == AF_INET6)
		octets = &((const struct sockaddr_in6 *)(const void *)a)
		    ->sin6_addr;
	if (!octets)
		return true;
	if (!base_grow(&texts, t->count, &t->capacity, sizeof(*t->texts)))
		return false;
	t->texts = texts;
	if (!base_grow(&list, t->count, &t->list_capacity,
	    sizeof(*t->list)))
		return false;
	t->list = list;
	if (inet_ntop(a->sa_family, octets, t->texts[t->count],
	    INET6_ADDRSTRLEN))
		t->count++;
	return true;
}

static bool tell_one(const pcap_if_t *d, struct texts *t,
    void (*tell)(void *ctx, const struct live_interface *i), void *ctx)
{
	struct live_interface i = { 0 };

	t->count = 0;
	for (const pcap_addr_t *a = d->addresses; a; a = a->next)
		if (!add_address(t, a->addr))
			return false;
	BASE_KNOWN(t->list || t->count == 0);
	for (size_t k = 0; k < t->count; k++)
		t->list[k] = t->texts[k];
	i.name = d->name;
	i.description = d->description;
	i.addresses = t->list;
	i.address_count = t->count;
	i.up = (d->flags & PCAP_IF_UP) != 0;
	i.running = (d->flags & PCAP_IF_RUNNING) != 0;
	i.loopback = (d->flags & PCAP_IF_LOOPBACK) != 0;
	tell(ctx, &i);
	return true;
}

enum sw_status live_list(void (*tell)(void *ctx,
    const struct live_interface *i), void *ctx, struct sw_err *err)
{
	__typeof__(pcap_findalldevs) *find;
	__typeof__(pcap_freealldevs) *release;
	const struct library_function functions[] = {
		{ "pcap_findalldevs", &find },
		{ "pcap_freealldevs", &release }
	};
	char text[PCAP_ERRBUF_SIZE];
	struct texts texts = { 0 };
	bool memory = true;
	pcap_if_t *all;

	if (!library_load(PCAP_LIBRARY, functions, 2))
		return base_error_set(err, SW_EREAD,
		    "capturing needs libpcap: %s cannot be loaded",
		    PCAP_LIBRARY);
	if (find(&all, text) != 0)
		return base_error_set(err, SW_EREAD, "interfaces: %s", text);
	for (const pcap_if_t *d = all; d && memory; d = d->next)
		memory = tell_one(d, &texts, tell, ctx);
	release(all);
	free(texts.texts);
	free(texts.list);
	return memory ? SW_OK : base_error_set(err, SW_ENOMEM,
	    "out of memory");
}
