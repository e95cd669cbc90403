/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain.c - what a reply means */

#include <smtpwire/smtpwire.h>

#include "transcript/replies.h"

static struct slice optional(const char *s)
{
	return s ? slice_str(s) : slice_make(NULL, 0);
}

void sw_explain(int32_t code, const char *enhanced, const char *at,
    struct sw_explanation *e_r)
{
	replies_explain(code, optional(enhanced), optional(at), e_r);
}
