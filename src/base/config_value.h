/*
 * config_value.h: one configuration value: text into its place and back. Private to config.
 */
#ifndef SJ_BASE_CONFIG_VALUE_H
#define SJ_BASE_CONFIG_VALUE_H

#include "base/config.h"

/* Parses `text` into the key's member of `values`, a struct of its section. On failure `why` says
 * what was wrong and what is wanted, as half a sentence. */
SJ_MUST_USE sj_rc sj_config_value_parse(const struct sj_config_key *key, void *values,
                                        const char *text, char *why, size_t why_size);

/* The value as text that parses back to it. */
void sj_config_value_format(const struct sj_config_key *key, const void *values, char *ret_text,
                            size_t size);

/* "whole number, 1 .. 1000000", for errors and the reference. */
void sj_config_value_describe(const struct sj_config_key *key, char *ret_text, size_t size);

#endif
