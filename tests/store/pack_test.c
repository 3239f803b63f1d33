#include "store/pack.h"

#include "store/cityhash.h"
#include "suites.h"
#include "support/test.h"

#include <libdeflate.h>
#include <lz4.h>
#include <lz4frame.h>

/* The values are those of PyPI's clickhouse-cityhash 1.0.2. */
static void pack_checksum_is_cityhash_1_0_2(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint64_t low;
        uint64_t high;
    } known[] = {{3, 0x35ea23f0248de5a3, 0xbd01349bf8d17b38},
                 {9, 0x9ed250ac70ca0390, 0xa73eac5e3a68a659},
                 {16, 0xa080a19e515664d2, 0xab230625b26fb61d},
                 {20, 0xe64033e3cfcd02a3, 0xf21bf11339a76a36},
                 {33, 0xf5438afd02dd291c, 0x21ca35361f2cb9da},
                 {100, 0xd9632a055979b67a, 0x5bd17dc366eea6e9},
                 {143, 0x52b1d7cabaffa2b, 0xce3f475f7b6c76b7},
                 {144, 0x15c0fe45b85cb416, 0x7ceaf3c65dadd43b},
                 {145, 0xf832d574d3925ea8, 0x813b8340bcc72326},
                 {272, 0xa44d8556ef2c1d64, 0x34bf3561ddada40e},
                 {1024, 0x9ee637872fa573e7, 0x60572d1c3d09f825}};
    uint8_t data[1024];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 37 + 11);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct sj_store_hash128 hash = sj_store_cityhash128(data, known[i].size);
        assert_int_equal(hash.low, known[i].low);
        assert_int_equal(hash.high, known[i].high);
    }
}

/* Undoes ClickHouse's frames. Returns the size. */
static size_t unpack_blocks(const uint8_t *data, size_t size, uint8_t *out, size_t room)
{
    size_t used = 0;
    while (size > 0) {
        uint32_t packed;
        uint32_t plain;
        uint64_t low;
        uint64_t high;
        assert_true(size > 25);
        memcpy(&low, data, 8);
        memcpy(&high, data + 8, 8);
        memcpy(&packed, data + 17, 4);
        memcpy(&plain, data + 21, 4);
        assert_int_equal(data[16], 0x82);
        assert_true(16 + packed <= size);
        struct sj_store_hash128 hash = sj_store_cityhash128(data + 16, packed);
        assert_int_equal(hash.low, low);
        assert_int_equal(hash.high, high);
        int got = LZ4_decompress_safe((const char *)data + 25, (char *)out + used, (int)packed - 9,
                                      (int)(room - used));
        assert_int_equal(got, plain);
        used += plain;
        data += 16 + packed;
        size -= 16 + packed;
    }
    return used;
}

static size_t unpack_frame(const struct sj_store_bytes *packed, uint8_t *out, size_t room)
{
    LZ4F_dctx *context;
    size_t used = 0;
    size_t taken = 0;
    assert_false(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
    while (taken < packed->size) {
        size_t from = packed->size - taken;
        size_t to = room - used;
        assert_false(LZ4F_isError(
            LZ4F_decompress(context, out + used, &to, packed->data + taken, &from, NULL)));
        taken += from;
        used += to;
    }
    LZ4F_freeDecompressionContext(context);
    return used;
}

static size_t unpack(enum sj_store_packing packing, const struct sj_store_bytes *packed,
                     uint8_t *out, size_t room)
{
    size_t size = 0;
    if (packing == SJ_STORE_PACK_LZ4_BLOCKS)
        return unpack_blocks(packed->data, packed->size, out, room);
    if (packing == SJ_STORE_PACK_GZIP) {
        struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
        assert_int_equal(
            libdeflate_gzip_decompress(d, packed->data, packed->size, out, room, &size),
            LIBDEFLATE_SUCCESS);
        libdeflate_free_decompressor(d);
        return size;
    }
    if (packing == SJ_STORE_PACK_LZ4_FRAME)
        return unpack_frame(packed, out, room);
    memcpy(out, packed->data, packed->size);
    return packed->size;
}

static void pack_comes_back_whole_in_every_packing(void **state)
{
    (void)state;
    uint64_t random = sj_test_seed();
    static const size_t sizes[] = {1, 7, 100, 4096, 262143, 262144, 262145, 1500000};
    uint8_t *data = malloc(2000000);
    uint8_t *back = malloc(2000000);
    struct sj_store_packer *packer;
    assert_int_equal(sj_store_packer_create(&packer), 0);
    struct sj_store_bytes out = {0};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t b = 0; b < sizes[i]; b++)
            data[b] = (uint8_t)(b % 64 < 40 ? b / 8 : sj_test_random(&random));
        for (uint32_t packing = 0; packing < SJ_STORE_PACK_COUNT; packing++) {
            out.size = 0;
            assert_int_equal(sj_store_pack(packer, packing, data, sizes[i], &out), 0);
            assert_int_equal(unpack(packing, &out, back, 2000000), sizes[i]);
            assert_memory_equal(back, data, sizes[i]);
        }
    }
    sj_store_packer_close(packer);
    sj_store_bytes_done(&out);
    free(data);
    free(back);
}

int pack_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pack_checksum_is_cityhash_1_0_2),
        cmocka_unit_test(pack_comes_back_whole_in_every_packing),
    };
    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
