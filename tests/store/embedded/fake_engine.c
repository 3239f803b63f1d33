#include "fake_engine.h"

#include <pthread.h>
#include <stdlib.h>

#define KEPT_MAX 256
#define KEPT_SIZE 200

atomic_int fake_open_count;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char kept[KEPT_MAX][KEPT_SIZE];
static size_t kept_count;

static sj_chdb_connection *fake_connect(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    atomic_fetch_add(&fake_open_count, 1);
    return calloc(1, sizeof(sj_chdb_connection));
}

static void fake_close(sj_chdb_connection *connection)
{
    atomic_fetch_sub(&fake_open_count, 1);
    free(connection);
}

static struct chdb_result_ *fake_query(sj_chdb_connection connection, const char *sql, size_t size,
                                       const char *format, size_t format_size)
{
    (void)connection;
    (void)format;
    (void)format_size;
    pthread_mutex_lock(&lock);
    if (kept_count < KEPT_MAX && size < KEPT_SIZE)
        memcpy(kept[kept_count++], sql, size);
    pthread_mutex_unlock(&lock);
    return malloc(1);
}

static const char *fake_error(struct chdb_result_ *result)
{
    (void)result;
    return NULL;
}

static void fake_destroy(struct chdb_result_ *result)
{
    free(result);
}

void fake_engine_init(struct sj_emb_engine *engine)
{
    *engine = (struct sj_emb_engine){.lock_fd = -1};
    engine->chdb.connect = fake_connect;
    engine->chdb.close_conn = fake_close;
    engine->chdb.query_n = fake_query;
    engine->chdb.result_error = fake_error;
    engine->chdb.destroy_query_result = fake_destroy;
    pthread_mutex_lock(&lock);
    kept_count = 0;
    memset(kept, 0, sizeof(kept));
    pthread_mutex_unlock(&lock);
}

int fake_engine_ran(const char *text)
{
    int count = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < kept_count; i++)
        count += strstr(kept[i], text) != NULL;
    pthread_mutex_unlock(&lock);
    return count;
}
