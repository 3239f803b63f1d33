#include "store/embedded/codec.h"

#include "store/embedded/blocks.h"

#include "suites.h"
#include "support/test.h"

#define TEXT_SIZE 700000

static const enum sj_emb_encoding encodings[] = {SJ_EMB_ENCODING_NONE,    SJ_EMB_ENCODING_GZIP,
                                                 SJ_EMB_ENCODING_DEFLATE, SJ_EMB_ENCODING_ZSTD,
                                                 SJ_EMB_ENCODING_LZ4,     SJ_EMB_ENCODING_BLOCKS};

/* Half of it compresses, half does not. */
static char *make_text(uint64_t *seed)
{
    char *text = malloc(TEXT_SIZE);
    assert_non_null(text);
    for (size_t i = 0; i < TEXT_SIZE; i++)
        text[i] = (i / 1000) % 2 ? 'a' : (char)sj_test_random(seed);
    return text;
}

static void encode(enum sj_emb_encoding encoding, const char *text, size_t size, uint64_t *seed,
                   struct sj_emb_buffer *out)
{
    struct sj_emb_encoder *encoder = NULL;
    assert_int_equal(sj_emb_encoder_create(encoding, &encoder), 0);
    size_t done = 0;
    while (done < size) {
        size_t piece = 1 + sj_test_random(seed) % (size - done);
        assert_int_equal(sj_emb_encoder_run(encoder, text + done, piece, false, out), 0);
        done += piece;
    }
    assert_int_equal(sj_emb_encoder_run(encoder, "", 0, true, out), 0);
    sj_emb_encoder_close(encoder);
}

/* Feeds pieces of any size. Returns what the decoder says of the end. */
static bool decode(enum sj_emb_encoding encoding, const char *coded, size_t coded_size,
                   uint64_t *seed, struct sj_emb_buffer *out)
{
    struct sj_emb_decoder *decoder = NULL;
    char piece[5000];
    assert_int_equal(sj_emb_decoder_create(encoding, &decoder), 0);
    for (size_t done = 0; done < coded_size;) {
        size_t size = 1 + sj_test_random(seed) % (coded_size - done);
        size_t used = 0;
        sj_rc got = 1;
        while (got > 0) {
            got = sj_emb_decoder_run(decoder, coded + done, size, &used, piece, sizeof(piece));
            assert_true(got >= 0);
            assert_int_equal(sj_emb_buffer_append(out, piece, (size_t)got), 0);
        }
        assert_int_equal(used, size);
        done += size;
    }
    bool is_complete = sj_emb_decoder_is_complete(decoder);
    sj_emb_decoder_close(decoder);
    return is_complete;
}

static void codec_gives_back_what_it_was_given(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    char *text = make_text(&seed);
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        struct sj_emb_buffer coded = {0};
        struct sj_emb_buffer plain = {0};
        encode(encodings[i], text, TEXT_SIZE, &seed, &coded);
        size_t first = coded.size;
        encode(encodings[i], text, 10, &seed, &coded);
        if (encodings[i] == SJ_EMB_ENCODING_DEFLATE)
            coded.size = first; /* one stream only */
        assert_true(decode(encodings[i], coded.data, coded.size, &seed, &plain));
        assert_int_equal(plain.size, coded.size == first ? TEXT_SIZE : TEXT_SIZE + 10);
        assert_memory_equal(plain.data, text, TEXT_SIZE);
        sj_emb_buffer_done(&coded);
        sj_emb_buffer_done(&plain);
    }
    free(text);
}

static void codec_knows_a_stream_that_was_cut(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    /* Blocks end where a frame ends: HTTP's own framing tells whether one is missing. */
    for (size_t i = 1; encodings[i] != SJ_EMB_ENCODING_BLOCKS; i++) {
        struct sj_emb_buffer coded = {0};
        struct sj_emb_buffer plain = {0};
        encode(encodings[i], "hello hello hello", 17, &seed, &coded);
        for (size_t size = 1; size < coded.size; size++) {
            plain.size = 0;
            assert_false(decode(encodings[i], coded.data, size, &seed, &plain));
        }
        sj_emb_buffer_done(&coded);
        sj_emb_buffer_done(&plain);
    }
}

static void codec_refuses_garbage(void **state)
{
    (void)state;
    static const char garbage[] = "this is not a compressed stream at all";
    char out[100];
    for (size_t i = 1; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        struct sj_emb_decoder *decoder = NULL;
        size_t used = 0;
        assert_int_equal(sj_emb_decoder_create(encodings[i], &decoder), 0);
        assert_int_equal(
            sj_emb_decoder_run(decoder, garbage, sizeof(garbage), &used, out, sizeof(out)),
            -SJ_E_MALFORMED);
        sj_emb_decoder_close(decoder);
    }
    sj_emb_decoder_close(NULL);
    sj_emb_encoder_close(NULL);
}

static void codec_finds_a_flipped_bit_anywhere_in_a_block(void **state)
{
    (void)state;
    struct sj_emb_buffer block = {0};
    char out[100];
    assert_int_equal(sj_emb_blocks_put("hello hello hello hello", 23, &block), 0);
    for (size_t i = 0; i < block.size * 8; i++) {
        struct sj_emb_blocks blocks = {0};
        size_t used = 0;
        block.data[i / 8] ^= (char)(1 << i % 8);
        sj_rc rc = sj_emb_blocks_run(&blocks, block.data, block.size, &used, out, sizeof(out));
        assert_true(rc == -SJ_E_MALFORMED || (rc == 0 && !sj_emb_blocks_is_complete(&blocks)));
        block.data[i / 8] ^= (char)(1 << i % 8);
        sj_emb_blocks_done(&blocks);
    }
    sj_emb_buffer_done(&block);
}

int codec_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codec_gives_back_what_it_was_given),
        cmocka_unit_test(codec_knows_a_stream_that_was_cut),
        cmocka_unit_test(codec_refuses_garbage),
        cmocka_unit_test(codec_finds_a_flipped_bit_anywhere_in_a_block),
    };
    return cmocka_run_group_tests_name("store_embedded_codec", tests, NULL, NULL);
}
