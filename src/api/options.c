/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.c - the defaults, and a copy of the caller's options */
#include <stdlib.h>

#include "api/reader.h"
#include "base/arena.h"
#include "tcp/engine.h"

static const uint16_t default_ports[] = { 25, 465, 587, 2525 };

const char *sw_version(void)
{
	return SW_VERSION;
}

const char *sw_engine_name(enum sw_engine e)
{
	return e == SW_ENGINE_NIDS ? tcp_nids_ops.name : tcp_native_ops.name;
}

const char *sw_engine_lacks(enum sw_engine e)
{
	return e == SW_ENGINE_NIDS ? tcp_nids_lacks() : NULL;
}

void sw_options_init(struct sw_options *o)
{
	memset(o, 0, sizeof(*o));
	o->filter.since = o->filter.until = SW_NO_TIME;
}

/* Replace the string by a copy of ours. */
static bool own(struct options_copy *c, const char **s)
{
	char *copy;

	if (!*s)
		return true;
	copy = strdup(*s);
	if (!copy)
		return false;
	c->strings[c->string_count++] = copy;
	*s = copy;
	return true;
}

enum sw_status options_copy(struct options_copy *c,
    const struct sw_options *o)
{
	const uint16_t *ports = o->ports ? o->ports : default_ports;
	size_t count = o->ports ? o->port_count :
	    sizeof(default_ports) / sizeof(default_ports[0]);
	struct sw_filter *f = &c->o.filter;

	memset(c, 0, sizeof(*c));
	c->o = *o;
	c->ports = base_realloc_array(NULL, count ? count : 1,
	    sizeof(*c->ports));
	if (!c->ports)
		return SW_ENOMEM;
	memcpy(c->ports, ports, count * sizeof(*ports));
	c->o.ports = c->ports;
	c->o.port_count = count;
	c->o.inputs = NULL; /* looked at before the caller's are gone */
	return own(c, &c->o.bpf) && own(c, &c->o.format) &&
	    own(c, &c->o.eml_dir) && own(c, &c->o.tmpdir) &&
	    own(c, &c->o.frames) && own(c, &c->o.mbox) &&
	    own(c, &f->from) && own(c, &f->rcpt) && own(c, &f->host) &&
	    own(c, &f->subject) && own(c, &f->message_id) &&
	    own(c, &f->queue_id) && own(c, &f->id) ? SW_OK : SW_ENOMEM;
}

void options_copy_fini(struct options_copy *c)
{
	size_t i;

	for (i = 0; i < c->string_count; i++)
		free(c->strings[i]);
	free(c->ports);
	memset(c, 0, sizeof(*c));
}
