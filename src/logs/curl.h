/* SPDX-License-Identifier: GPL-2.0-or-later */
/* curl.h - what curl remarks, in each form of its output */
#ifndef LOGS_CURL_H
#define LOGS_CURL_H

#include "logs/trace.h"

/* "Connected to mx.example.com (192.0.2.25) port 25 (#0)", "SSL connection
 * using ...", "Closing connection": what stands behind "* " or "== Info: ". */
void curl_take_remark(struct trace *t, const struct log_line *line,
    struct slice text);

#endif
