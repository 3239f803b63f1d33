/*
 * response.c: any bytes as an HTTP response: whole and cut into pieces (the first byte seeds the
 * cuts) they give the same body, state and error, and never more body than bytes.
 */
#include "gateway/response.h"

#include <stdlib.h>
#include <string.h>

struct outcome {
    sj_rc rc;
    size_t used;
    size_t body_size;
    struct sj_response response;
    uint8_t *body;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Decodes in place, as the stream does, in pieces of 1 .. piece_max bytes; 0: in one. */
static void decode(const uint8_t *data, size_t size, uint32_t piece_max, struct outcome *ret)
{
    uint32_t random = piece_max * 2654435761u + 1;
    memset(ret, 0, sizeof(*ret));
    ret->body = malloc(size + 1);
    require(ret->body != NULL);
    sj_response_init(&ret->response);
    while (ret->used < size && ret->rc >= 0 && ret->response.state != SJ_RESPONSE_DONE) {
        random = random * 1664525u + 1013904223u;
        size_t piece = piece_max ? 1 + (random >> 16) % piece_max : size;
        if (piece > size - ret->used)
            piece = size - ret->used;
        uint8_t *raw = ret->body + ret->body_size;
        size_t used = 0;
        memcpy(raw, data + ret->used, piece);
        ret->rc = sj_response_decode(&ret->response, raw, piece, raw, &used);
        require(used <= piece && ret->rc <= (sj_rc)used);
        ret->used += used;
        ret->body_size += ret->rc > 0 ? (size_t)ret->rc : 0;
        if (ret->response.state == SJ_RESPONSE_FAILED)
            ret->rc = ret->response.error;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole;
    struct outcome cut;
    if (size < 2)
        return 0;
    decode(data + 1, size - 1, 0, &whole);
    decode(data + 1, size - 1, 1 + data[0], &cut);
    require(whole.response.state == cut.response.state);
    require(whole.response.status == cut.response.status);
    require(whole.body_size == cut.body_size);
    require(memcmp(whole.body, cut.body, whole.body_size) == 0);
    require((whole.rc < 0) == (cut.rc < 0) && (whole.rc >= 0 || whole.rc == cut.rc));
    require(sj_response_end(&whole.response) == sj_response_end(&cut.response));
    free(whole.body);
    free(cut.body);
    return 0;
}
