/* SPDX-License-Identifier: GPL-2.0-or-later */
/* values.h - arguments of options as values */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "cli/cli.h"

/* All return false when text is not such a value. */

/*
 * "2004-02-20", "2004-02-20 11:10[:03[.5]]" with T or a blank between,
 * followed by nothing, "Z" or "+02:00"; or seconds since 1970.
 */
bool cli_value_time(const char *text, struct cli_time *t_r);
/* "UTC", "Z", "+02:00", "-0330": seconds east of UTC. */
bool cli_value_zone(const char *text, int32_t *offset_s_r);
/* "4096", "64K", "512M", "2G". */
bool cli_value_size(const char *text, uint64_t *octets_r);
/* A number from 0 to max. */
bool cli_value_number(const char *text, unsigned max, unsigned *n_r);
/* A number from 1 to max. */
bool cli_value_count(const char *text, unsigned max, unsigned *n_r);
/* "90", "90s", "5m", "1h", "1d": seconds, from 1. */
bool cli_value_duration(const char *text, uint32_t *seconds_r);
/* "25,465,2000-2010": a list on the heap, each port once, in order. */
bool cli_value_ports(const char *text, uint16_t **ports_r, size_t *count_r);

#endif
