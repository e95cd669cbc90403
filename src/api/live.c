/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live.c - interfaces, and one of them opened */
#include <stdlib.h>

#include <smtpwire/smtpwire.h>

#include "api/reader.h"
#include "base/error.h"
#include "transcript/message.h"

struct sw_live {
	struct live *live;
	struct live_ops ops;
};

void sw_live_options_init(struct sw_live_options *l)
{
	memset(l, 0, sizeof(*l));
	l->wake_fd = -1;
}

static enum sw_status open_live(const struct options_copy *c,
    const struct sw_live_options *from, struct sw_live *l, bool *denied,
    struct sw_err *err)
{
	struct live_options o = { 0 };

	if (!from->interface || !*from->interface)
		return base_error_set(err, SW_EUSAGE, "no interface is named");
	o.interface = from->interface;
	o.ports = c->o.ports;
	o.port_count = c->o.port_count;
	/* Without a port there is nothing that a filter could let pass. */
	o.any_port = c->o.any_port || c->o.port_count == 0;
	o.bpf = c->o.bpf;
	o.buffer = from->buffer;
	o.count = from->count;
	l->ops.ctx = from->ctx;
	l->ops.wake_fd = from->wake_fd;
	l->ops.wake = from->wake;
	l->ops.dropped = from->dropped;
	return live_open(&o, &l->live, denied, err);
}

enum sw_status sw_live_open(const struct sw_options *o,
    const struct sw_live_options *from, struct sw_live **live, bool *denied,
    struct sw_err *err)
{
	struct sw_live *l = calloc(1, sizeof(*l));
	struct options_copy c;
	bool for_want_of_rights = false;
	enum sw_status status = options_copy(&c, o);

	*live = NULL;
	status = !l || status != SW_OK ?
	    base_error_set(err, SW_ENOMEM, "out of memory") :
	    open_live(&c, from, l, &for_want_of_rights, err);
	options_copy_fini(&c);
	if (denied)
		*denied = for_want_of_rights;
	if (status == SW_OK)
		*live = l;
	else
		free(l);
	return status;
}

void sw_live_free(struct sw_live **live)
{
	if (!*live)
		return;
	live_free(&(*live)->live);
	free(*live);
	*live = NULL;
}

struct live *api_live_get(struct sw_live *live)
{
	return live->live;
}

struct live *api_live_take(struct sw_live **live, struct live_ops *ops_r)
{
	struct live *l = (*live)->live;

	*ops_r = (*live)->ops;
	free(*live);
	*live = NULL;
	return l;
}

void sw_load_libraries(void)
{
	header_load();
}

struct teller {
	void (*tell)(void *ctx, const struct sw_interface *i);
	void *ctx;
};

static void tell_interface(void *ctx, const struct live_interface *from)
{
	const struct teller *t = ctx;
	struct sw_interface i = { from->name, from->description,
		from->addresses, from->address_count, from->up,
		from->running, from->loopback };

	t->tell(t->ctx, &i);
}

enum sw_status sw_interfaces(void (*tell)(void *ctx,
    const struct sw_interface *i), void *ctx, struct sw_err *err)
{
	struct teller t = { tell, ctx };

	return live_list(tell_interface, &t, err);
}
