#include "store/store.h"

#define TEXT(member, fallback, text) SJ_CONFIG_TEXT(struct sj_store_config, member, fallback, text)
#define INT(member, low, high, fallback, text)                                                     \
    SJ_CONFIG_INT(struct sj_store_config, member, low, high, fallback, text)
#define BOOL(member, fallback, text) SJ_CONFIG_BOOL(struct sj_store_config, member, fallback, text)
#define CHOICE(member, list, fallback, text)                                                       \
    SJ_CONFIG_CHOICE(struct sj_store_config, member, list, fallback, text)

const struct sj_config_key sj_store_config_keys[] = {
    TEXT(url, "http://127.0.0.1:8123",
         "ClickHouse's HTTP interface, or a DSN: http(s)://[user:password@]host[:port][/database]"),
    TEXT(database, "shijim", "where the tables are; one in the URL wins"),
    TEXT(user, "", "empty: the server's default user"),
    SJ_CONFIG_SECRET(struct sj_store_config, password, "of that user"),
    TEXT(ca_file, "", "certificates to trust with https; empty: the system's"),
    CHOICE(format, "native|json", "native", "how rows travel: Native blocks or JSONEachRow"),
    CHOICE(compression, "auto|lz4|gzip|none", "auto",
           "auto: LZ4 for native and gzip for json, as far as the server takes it"),
    INT(batch_rows, 1, 500000, "50000", "rows of a table that end a batch"),
    INT(batch_bytes, 65536, 1073741824, "64Mi", "bytes of events that end a batch"),
    INT(linger_ms, 1, 60000, "500", "how long the first row of a batch waits for more"),
    INT(connections, 1, 8, "2", "inserts under way at the same time"),
    INT(connect_timeout_ms, 10, 60000, "2000", "to reach the server"),
    INT(request_timeout_ms, 100, 600000, "30000", "for a whole insert or question"),
    INT(retry_min_ms, 1, 60000, "100", "bound of the first wait before a retry (full jitter)"),
    INT(retry_max_ms, 1, 600000, "10000", "bound that the waits double up to"),
    INT(queue_timeout_ms, 1, 600000, "1000",
        "a wait this long at a full queue is counted and told"),
    BOOL(create_tables, "true", "create database and tables where they are missing"),
    BOOL(async_insert, "false", "let the server gather inserts (where it can)"),
    BOOL(wait_for_async_insert, "true",
         "with async_insert: an answer means stored; false gives up effectively-once"),
    INT(async_insert_max_data_size, 0, 1073741824, "0", "with async_insert; 0: the server's own"),
    INT(async_insert_busy_timeout_ms, 0, 60000, "0", "with async_insert; 0: the server's own"),
    SJ_CONFIG_LIST(struct sj_store_config, settings, "",
                   "further settings name=value sent with inserts to servers that know them"),
    TEXT(dead_letter_dir, "", "for rows no server takes; empty: dead/ in the journal's directory"),
};
const uint32_t sj_store_config_key_count =
    sizeof(sj_store_config_keys) / sizeof(sj_store_config_keys[0]);

struct sj_config_section sj_store_config_section(struct sj_store_config *config)
{
    return (struct sj_config_section){
        .name = "store",
        .text = "where events end up: ClickHouse, embedded or anywhere",
        .keys = sj_store_config_keys,
        .key_count = sj_store_config_key_count,
        .values = config,
    };
}
