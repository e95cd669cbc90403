/* SPDX-License-Identifier: GPL-2.0-or-later */
/* families.h - the families of logs that logs.c registers */
#ifndef LOGS_FAMILIES_H
#define LOGS_FAMILIES_H

#include "logs/logs.h"

extern const struct log_format log_apple_mail; /* apple_mail.c */
extern const struct log_format log_fakesmtp; /* fakesmtp.c */
extern const struct log_format log_fetchmail; /* fetchmail.c */
extern const struct log_format log_javamail; /* javamail.c */
extern const struct log_format log_mailkit; /* mailkit.c */
extern const struct log_format log_net_smtp; /* net_smtp.c */
extern const struct log_format log_roundcube; /* roundcube.c */
extern const struct log_format log_communigate; /* communigate.c */
extern const struct log_format log_curl;    /* curl.c */
extern const struct log_format log_curl_trace; /* curl_trace.c */
extern const struct log_format log_domino; /* domino.c */
extern const struct log_format log_exchange_ims; /* exchange_ims.c */
extern const struct log_format log_exim; /* exim.c */
extern const struct log_format log_haraka; /* haraka.c */
extern const struct log_format log_hmailserver; /* hmailserver.c */
extern const struct log_format log_icewarp; /* icewarp.c */
extern const struct log_format log_exchange_connector;
extern const struct log_format log_iis_native;
extern const struct log_format log_iis_ncsa;
extern const struct log_format log_iis_odbc;
extern const struct log_format log_iis_w3c; /* iis_w3c.c */
extern const struct log_format log_mailenable; /* mailenable.c */
extern const struct log_format log_mdaemon; /* mdaemon.c */
extern const struct log_format log_netmon_text; /* netmon_text.c */
extern const struct log_format log_opensmtpd; /* opensmtpd.c */
extern const struct log_format log_sendmail_syslog; /* sendmail_syslog.c */
extern const struct log_format log_sendmail_verbose; /* sendmail_verbose.c */
extern const struct log_format log_smartermail; /* smartermail.c */
extern const struct log_format log_msmtp;   /* msmtp.c */
extern const struct log_format log_outlook_express; /* outlook_express.c */
extern const struct log_format log_postfix; /* postfix.c */
extern const struct log_format log_postfix_notice; /* postfix_notice.c */
extern const struct log_format log_sendmail; /* sendmail.c */
extern const struct log_format log_smtplib; /* smtplib.c */
extern const struct log_format log_swaks;   /* swaks.c */

#endif
