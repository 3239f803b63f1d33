/*
 * convert_report.h: what a conversion says when it is done: a line or JSON on stdout, and on stderr
 * what a user must not overlook.
 *
 * Threads  main thread only.
 */
#ifndef SJ_APP_CONVERT_REPORT_H
#define SJ_APP_CONVERT_REPORT_H

#include "convert/convert.h"

void sj_convert_print_text(const struct sj_convert_options *options,
                           const struct sj_convert_report *report);
void sj_convert_print_json(const struct sj_convert_options *options,
                           const struct sj_convert_report *report);
void sj_convert_say_findings(const struct sj_convert_report *report);

#endif
