/*
 * config.h: the two files that the engine reads at start.
 *
 * They hold the second wall (README.md): grants for the reader, a role for the writer, settings
 * that nobody may change and limits within which readers may.
 */
#ifndef SJ_STORE_EMBEDDED_CONFIG_H
#define SJ_STORE_EMBEDDED_CONFIG_H

#include "store/embedded/buffer.h"
#include "store/embedded/embedded.h"

#define SJ_EMB_READER_THREADS 1

/* Writes config.xml and users.xml into `config_dir`. */
SJ_MUST_USE sj_rc sj_emb_config_write(const char *config_dir, const char *engine_dir,
                                      const char *database,
                                      const struct sj_embedded_options *options, char *error,
                                      size_t error_size);

#endif
