#include "base/assert.h"
#include "store/embedded/codec.h"

/* The first byte chooses the coding, the rest is a body. It ends, within bounds, whatever it is. */

#define OUT_MAX (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char out[64 << 10];
    if (size == 0)
        return 0;
    enum sj_emb_encoding encoding = (enum sj_emb_encoding)(data[0] % SJ_EMB_ENCODING_UNKNOWN);
    struct sj_emb_decoder *decoder = NULL;
    if (sj_emb_decoder_create(encoding, &decoder) < 0)
        return 0;
    size_t used = 1;
    size_t total = 0;
    sj_rc got = 1;
    while (got > 0 && total < OUT_MAX) {
        got = sj_emb_decoder_run(decoder, data, size, &used, out, sizeof(out));
        SJ_ASSERT(used <= size && got <= (sj_rc)sizeof(out));
        total += got > 0 ? (size_t)got : 0;
    }
    SJ_ASSERT(got != 0 || used == size);
    if (encoding == SJ_EMB_ENCODING_NONE)
        SJ_ASSERT(sj_emb_decoder_is_complete(decoder));
    sj_emb_decoder_close(decoder);
    return 0;
}
