#include "base/crc32c.h"

#include "suites.h"
#include "support/test.h"

static void crc32c_knows_the_vectors_of_rfc_3720(void **state)
{
    (void)state;
    uint8_t data[32];
    memset(data, 0, sizeof data);
    assert_int_equal(sj_crc32c(0, data, sizeof data), 0x8A9136AA);
    memset(data, 0xff, sizeof data);
    assert_int_equal(sj_crc32c(0, data, sizeof data), 0x62A8AB43);
    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    assert_int_equal(sj_crc32c(0, data, sizeof data), 0x46DD794E);
    assert_int_equal(sj_crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(sj_crc32c_portable(0, "123456789", 9), 0xE3069283);
    assert_int_equal(sj_crc32c(0, "", 0), 0);
}

static void crc32c_agrees_with_the_table_at_every_length(void **state)
{
    (void)state;
    static uint8_t data[40000];
    uint64_t seed = sj_test_seed();
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)sj_test_random(&seed);
    for (size_t size = 0; size < 3000; size++)
        assert_int_equal(sj_crc32c(1, data + size % 9, size),
                         sj_crc32c_portable(1, data + size % 9, size));
    for (size_t size = 3000; size < sizeof data - 9; size += 1 + sj_test_random(&seed) % 97)
        assert_int_equal(sj_crc32c(~0u, data + size % 9, size),
                         sj_crc32c_portable(~0u, data + size % 9, size));
}

static void crc32c_of_parts_is_that_of_the_whole(void **state)
{
    (void)state;
    static uint8_t data[20000];
    uint64_t seed = sj_test_seed();
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)sj_test_random(&seed);
    uint32_t whole = sj_crc32c(0, data, sizeof data);
    for (size_t cut = 0; cut < sizeof data; cut += 501)
        assert_int_equal(sj_crc32c(sj_crc32c(0, data, cut), data + cut, sizeof data - cut), whole);
}

int crc32c_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_knows_the_vectors_of_rfc_3720),
        cmocka_unit_test(crc32c_agrees_with_the_table_at_every_length),
        cmocka_unit_test(crc32c_of_parts_is_that_of_the_whole),
    };
    return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
