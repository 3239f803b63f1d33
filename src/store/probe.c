#include "store/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One question whose answer is a line of text. */
static sj_rc ask(struct sj_store_client *client, struct sj_store_request *request)
{
    sj_rc rc = sj_store_client_run(client, request);
    if (rc < 0)
        return rc;
    while (request->reply.size > 0 && request->reply.data[request->reply.size - 1] == '\n')
        request->reply.size--;
    return 0;
}

/* Whether a body in this packing is understood: SQL travels packed and must come back answered. */
static bool takes_packing(struct sj_store_client *client, struct sj_store_packer *packer,
                          enum sj_store_packing packing, struct sj_store_request *request)
{
    static const char sql[] = " 1 + 1";
    struct sj_store_bytes body = {0};
    bool is_understood = false;
    if (sj_store_pack(packer, packing, sql, sizeof(sql) - 1, &body) == 0) {
        /* The URL's statement and the body are one text to the server. */
        request->sql = "SELECT";
        request->body = body.data;
        request->body_size = body.size;
        request->packing = packing;
        request->settings = packing == SJ_STORE_PACK_GZIP ? "enable_http_compression=1" : NULL;
        is_understood =
            ask(client, request) == 0 && request->reply.size == 1 && request->reply.data[0] == '2';
        request->body = NULL;
        request->settings = NULL;
        request->packing = SJ_STORE_PACK_NONE;
    }
    sj_store_bytes_done(&body);
    return is_understood;
}

static sj_rc probe_version(struct sj_store_client *client, struct sj_store_request *request,
                           struct sj_store_abilities *abilities)
{
    request->sql = "SELECT version()";
    sj_rc rc = ask(client, request);
    if (rc < 0)
        return rc;
    size_t size = request->reply.size;
    abilities->version_number = sj_store_version_parse((const char *)request->reply.data, size);
    if (abilities->version_number == 0) {
        snprintf(request->answer.text, sizeof(request->answer.text),
                 "what answers is no ClickHouse server: it does not tell its version");
        return -SJ_E_REFUSED;
    }
    if (size >= sizeof(abilities->version))
        size = sizeof(abilities->version) - 1;
    memcpy(abilities->version, request->reply.data, size);
    abilities->has_codecs = abilities->version_number >= 20003;
    abilities->has_gcd = abilities->version_number >= 23012;
    return 0;
}

/* The count a question answers with; 0 where it cannot be had. */
static uint64_t ask_count(struct sj_store_client *client, struct sj_store_request *request,
                          const char *sql)
{
    request->sql = sql;
    if (ask(client, request) < 0 || request->reply.size == 0 || request->reply.size > 18)
        return 0;
    char text[20] = {0};
    memcpy(text, request->reply.data, request->reply.size);
    return strtoull(text, NULL, 10);
}

sj_rc sj_store_client_probe(struct sj_store_client *client,
                            struct sj_store_abilities *ret_abilities,
                            struct sj_store_answer *ret_answer)
{
    struct sj_store_abilities abilities = {0};
    struct sj_store_request request = {.timeout_ms = 5000};
    struct sj_store_packer *packer = NULL;
    sj_rc rc = probe_version(client, &request, &abilities);
    *ret_answer = request.answer;
    if (rc == 0)
        rc = sj_store_packer_create(&packer);
    if (rc == 0) {
        abilities.has_tokens =
            ask_count(client, &request,
                      "SELECT count() FROM system.settings WHERE name ="
                      " 'insert_deduplication_token'") == 1 &&
            ask_count(client, &request,
                      "SELECT count() FROM system.merge_tree_settings WHERE name ="
                      " 'non_replicated_deduplication_window'") == 1;
        abilities.has_lz4_blocks =
            takes_packing(client, packer, SJ_STORE_PACK_LZ4_BLOCKS, &request);
        abilities.has_lz4_frame = takes_packing(client, packer, SJ_STORE_PACK_LZ4_FRAME, &request);
        abilities.has_gzip = takes_packing(client, packer, SJ_STORE_PACK_GZIP, &request);
        *ret_abilities = abilities;
    }
    sj_store_packer_close(packer);
    sj_store_bytes_done(&request.reply);
    return rc;
}

sj_rc sj_store_settings_add(char *settings, size_t size, const char *name, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
    size_t used = strlen(settings);
    size_t room = size - used;
    int length = snprintf(settings + used, room, "%s%s=", used > 0 ? "&" : "", name);
    if (length < 0 || (size_t)length >= room)
        goto too_long;
    size_t at = used + (size_t)length;
    for (; *value != '\0'; value++) {
        if (at + 4 > size)
            goto too_long;
        if (strchr(plain, *value) != NULL)
            settings[at++] = *value;
        else
            at += (size_t)snprintf(settings + at, size - at, "%%%02X", (unsigned char)*value);
    }
    settings[at] = '\0';
    return 0;
too_long:
    settings[used] = '\0';
    return -SJ_E_RANGE;
}
