/* Blobs: what was saved comes back, and what was not saved by us is refused or harmless. */
#include <math.h>

#include "base/crc32c.h"
#include "indicator_suites.h"
#include "subjects.h"
#include "support/test.h"

#define HEAD_SIZE 24
#define CRC_AT 16

static _Alignas(64) char state_bytes[SUBJECT_STATE_MAX];
static char blob[SUBJECT_STATE_MAX + HEAD_SIZE];

/* A subject after some thousand rows, saved. Returns the blob's size. */
static size_t saved(const struct subject *subject, uint32_t variant, uint64_t *seed)
{
    int64_t walk[SUBJECT_INPUTS_MAX] = {0};
    memset(state_bytes, 0, sizeof state_bytes);
    subject->init(state_bytes, variant);
    for (int row = 0; row < 600; row++) {
        union cell in[SUBJECT_INPUTS_MAX];
        double out[SUBJECT_OUTPUTS_MAX];
        for (uint32_t c = 0; c < subject->input_count; c++)
            in[c] = subject_cell(subject->input[c], seed, &walk[c]);
        subject->update(state_bytes, in, out);
    }
    sj_rc size = sj_indicator_save(subject->kind, state_bytes, blob, sizeof blob);
    assert_int_equal(size, sj_indicator_blob_size(subject->kind));
    return (size_t)size;
}

static void a_flipped_bit_anywhere_is_noticed(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    for (uint32_t i = 0; i < subject_count; i++) {
        if (subjects[i].kind == 0)
            continue;
        size_t size = saved(&subjects[i], i, &seed);
        for (size_t bit = 0; bit < size * 8; bit += bit < HEAD_SIZE * 8 ? 1 : 13) {
            if (bit >= (CRC_AT + 4) * 8 && bit < HEAD_SIZE * 8)
                continue; /* reserved */
            blob[bit / 8] ^= (char)(1 << bit % 8);
            static char before[SUBJECT_STATE_MAX];
            memset(before, 0x3c, sizeof before);
            sj_rc rc = sj_indicator_restore(subjects[i].kind, blob, size, before);
            assert_true(rc < 0);
            assert_true(before[0] == 0x3c && before[100] == 0x3c);
            blob[bit / 8] ^= (char)(1 << bit % 8);
        }
        assert_int_equal(sj_indicator_restore(subjects[i].kind, blob, size, state_bytes), 0);
    }
}

static void a_blob_is_refused_by_what_is_wrong_with_it(void **state)
{
    (void)state;
    struct sj_ofi ofi;
    struct sj_tfi tfi;
    char bytes[1024];
    sj_ofi_init(&ofi);
    size_t size = sj_indicator_blob_size(SJ_INDICATOR_OFI);
    assert_int_equal(sj_indicator_save(SJ_INDICATOR_OFI, &ofi, bytes, size - 1), -SJ_E_LIMIT);
    assert_int_equal(sj_indicator_save(SJ_INDICATOR_OFI, &ofi, bytes, size), size);
    assert_int_equal(sj_indicator_save((enum sj_indicator_kind)99, &ofi, bytes, size),
                     -SJ_E_UNKNOWN);
    assert_int_equal(sj_indicator_restore(SJ_INDICATOR_OFI, bytes, size - 1, &ofi),
                     -SJ_E_MALFORMED);
    assert_int_equal(sj_indicator_restore(SJ_INDICATOR_OFI, bytes, 3, &ofi), -SJ_E_MALFORMED);
    assert_int_equal(sj_indicator_restore(SJ_INDICATOR_TFI, bytes, size, &tfi), -SJ_E_MALFORMED);
    bytes[8] = 2;
    assert_int_equal(sj_indicator_restore(SJ_INDICATOR_OFI, bytes, size, &ofi), -SJ_E_LAYOUT);
    bytes[8] = 1;
    bytes[40] ^= 1;
    assert_int_equal(sj_indicator_restore(SJ_INDICATOR_OFI, bytes, size, &ofi), -SJ_E_CORRUPT);
    assert_int_equal(sj_indicator_blob_size((enum sj_indicator_kind)0), 0);
    assert_int_equal(sj_indicator_state_size((enum sj_indicator_kind) - 1), 0);
}

static void sign(size_t size)
{
    uint32_t crc = sj_crc32c(0, blob, CRC_AT);
    crc = sj_crc32c(crc, blob + HEAD_SIZE, size - HEAD_SIZE);
    memcpy(blob + CRC_AT, &crc, sizeof crc);
}

/* A liar who knows the checksum: whatever is accepted can be used, and tells no infinity. */
static void use(const struct subject *subject, uint64_t *seed)
{
    int64_t walk[SUBJECT_INPUTS_MAX] = {0};
    for (int row = 0; row < 40; row++) {
        union cell in[SUBJECT_INPUTS_MAX];
        double out[SUBJECT_OUTPUTS_MAX];
        for (uint32_t c = 0; c < subject->input_count; c++)
            in[c] = subject_cell(subject->input[c], seed, &walk[c]);
        subject->update(state_bytes, in, out);
        for (uint32_t c = 0; c < subject->output_count; c++)
            if (isinf(out[c]))
                fail_msg("%s: infinite after a forged blob", subject->name);
    }
    assert_true(sj_indicator_save(subject->kind, state_bytes, blob, sizeof blob) > 0);
}

static void a_forged_state_is_refused_or_harmless(void **state)
{
    (void)state;
    static const uint64_t lies[] = {UINT64_MAX,
                                    0,
                                    UINT64_C(1) << 63,
                                    UINT64_C(0x7ff0000000000000) /* infinity */,
                                    UINT64_C(0x7fefffffffffffff) /* the largest number */,
                                    UINT64_C(0x0000010000000100),
                                    UINT64_C(0xc33c6bf526340000) /* -8e15 */};
    uint64_t seed = sj_test_seed();
    unsigned accepted = 0, refused = 0;
    for (uint32_t i = 0; i < subject_count; i++) {
        if (subjects[i].kind == 0)
            continue;
        size_t state_size = sj_indicator_state_size(subjects[i].kind);
        for (size_t at = 0; at + 4 <= state_size; at += at < 256 ? 4 : 8 * (1 + at % 5))
            for (size_t lie = 0; lie < sizeof lies / sizeof *lies; lie++) {
                size_t size = saved(&subjects[i], (uint32_t)at, &seed);
                size_t width = at % 8 == 0 && at + 8 <= state_size ? 8 : 4;
                memcpy(blob + HEAD_SIZE + at, &lies[lie], width);
                sign(size);
                sj_rc rc = sj_indicator_restore(subjects[i].kind, blob, size, state_bytes);
                assert_true(rc == 0 || rc == -SJ_E_RANGE);
                refused += rc < 0;
                accepted += rc == 0;
                if (rc == 0)
                    use(&subjects[i], &seed);
            }
    }
    assert_true(refused > 1000 && accepted > 100);
}

static void the_fused_set_goes_on_as_if_nothing_had_happened(void **state)
{
    (void)state;
    struct sj_signals_params params;
    struct sj_signals one, other;
    sj_signals_params_default(&params);
    assert_int_equal(sj_signals_init(&one, &params), 0);
    assert_true(sj_indicator_state_size(SJ_INDICATOR_SIGNALS) <= SUBJECT_STATE_MAX);
    uint64_t seed = sj_test_seed();
    other = one;
    for (int i = 0; i < 2000; i++) {
        struct sj_trade trade = {.exch_ns = i * INT64_C(1000000),
                                 .price_e6 = 100000000,
                                 .volume = (uint32_t)(sj_test_random(&seed) % 40),
                                 .tick_type = (uint8_t)(sj_test_random(&seed) % 3)};
        struct sj_book book = {.exch_ns = i * INT64_C(1000000)};
        for (int l = 0; l < SJ_LEVELS; l++) {
            book.bid_price_e6[l] = (int64_t)(sj_test_random(&seed) % 100) * 1000000;
            book.bid_volume[l] = (uint32_t)(sj_test_random(&seed) % 100);
            book.ask_price_e6[l] = 100000000;
            book.ask_volume[l] = 7;
        }
        sj_signals_trade(&one, &trade);
        sj_signals_book(&one, &book);
        sj_signals_trade(&other, &trade);
        sj_signals_book(&other, &book);
        if (i % 100 != 50)
            continue;
        sj_rc size = sj_indicator_save(SJ_INDICATOR_SIGNALS, &other, blob, sizeof blob);
        assert_true(size > 0);
        memset(&other, 0, sizeof other);
        assert_int_equal(sj_indicator_restore(SJ_INDICATOR_SIGNALS, blob, (size_t)size, &other), 0);
    }
    assert_memory_equal(&one, &other, sizeof one);
    assert_true(one.values.vpin > 0);
}

int state_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_anywhere_is_noticed),
        cmocka_unit_test(a_blob_is_refused_by_what_is_wrong_with_it),
        cmocka_unit_test(a_forged_state_is_refused_or_harmless),
        cmocka_unit_test(the_fused_set_goes_on_as_if_nothing_had_happened),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
