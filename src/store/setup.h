/*
 * setup.h: the first words with a server: what it is, what it takes, which settings it knows, and
 * the tables and columns that are missing. A sequence of requests that never blocks.
 *
 * Threads  [owner of the client].
 */
#ifndef SJ_STORE_SETUP_H
#define SJ_STORE_SETUP_H

#include "store/client.h"
#include "store/settings.h"

/* What the server can do. */
struct sj_store_abilities {
    char version[32];
    uint32_t version_number; /* 18016, 26007 */
    bool has_codecs;         /* and LowCardinality */
    bool has_gcd;
    bool has_part_codecs; /* says so by the macro `shijim_part_codecs` */
    bool has_tokens;      /* insert_deduplication_token holds for plain tables */
    bool has_lz4_blocks;  /* decompress=1 */
    bool has_lz4_frame;   /* Content-Encoding: lz4 */
    bool has_gzip;
};

enum sj_store_setup_state {
    SJ_STORE_SETUP_IDLE,
    SJ_STORE_SETUP_BUSY,
    SJ_STORE_SETUP_DONE,
    SJ_STORE_SETUP_FAILED
};

struct sj_store_setup {
    const struct sj_store_config *config;
    struct sj_store_client *client;
    const char *database;
    bool wants_tables;
    enum sj_store_setup_state state;
    struct sj_store_abilities abilities;
    char settings[SJ_STORE_SETTINGS_MAX]; /* for inserts: asked for, and known there */
    struct sj_store_answer answer;        /* of the step that failed */
    uint32_t plain_tables;   /* bit i: table i is of another system, and without rests */
    uint32_t unequal_tables; /* bit i: it has types of its own */

    uint32_t step;
    struct sj_store_packer *packer;
    struct sj_store_bytes body;
    struct sj_store_bytes found; /* the tables and columns that are there */
    struct sj_store_request request;
    char sql[SJ_STORE_DDL_MAX];
};

SJ_MUST_USE sj_rc sj_store_setup_init(struct sj_store_setup *setup,
                                      const struct sj_store_config *config,
                                      struct sj_store_client *client, bool wants_tables);

/* Begins anew; goes on by itself as the client is polled, until state is DONE or FAILED. */
void sj_store_setup_start(struct sj_store_setup *setup);

/* Starts, and polls until it ended. -SJ_E_REFUSED, -SJ_E_CLOSED, -SJ_E_TIMEOUT. */
SJ_MUST_USE sj_rc sj_store_setup_run(struct sj_store_setup *setup);

/* Bit i: rows of table i travel with rests, as text (batch.h). */
uint32_t sj_store_setup_packed_tables(const struct sj_store_setup *setup);
uint32_t sj_store_setup_text_tables(const struct sj_store_setup *setup);

void sj_store_setup_done(struct sj_store_setup *setup);

/* Makes a client for a configuration. The URL's database and user win over the keys'. */
SJ_MUST_USE sj_rc sj_store_connect(const struct sj_store_config *config,
                                   struct sj_store_client **ret_client);

#endif
