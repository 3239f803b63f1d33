#include "market.h"
#include "store/dead_letter.h"
#include "store/ledger.h"
#include "suites.h"
#include "support/test.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static struct market market;
static struct sj_store_symbols symbols;

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int begin(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/store_ledger.XXXXXX");
    market_init(&market, sj_test_seed(), 5, 100, 1000, 1774400000000000000);
    if (mkdtemp(dir) == NULL || sj_store_symbols_init(&symbols, 16) < 0)
        return -1;
    for (uint32_t id = 1; id <= 5; id++) {
        struct sj_instrument definition;
        market_definition(&market, id, &definition);
        if (sj_store_symbols_put(&symbols, &definition) < 0)
            return -1;
    }
    return 0;
}

static int finish(void **state)
{
    (void)state;
    sj_store_symbols_done(&symbols);
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Loads with no symbols known; returns what loading said. */
static sj_rc load(struct sj_store_ledger *ledger)
{
    struct sj_store_symbols fresh;
    assert_int_equal(sj_store_symbols_init(&fresh, 16), 0);
    sj_rc rc = sj_store_ledger_load(ledger, dir, "test", &fresh);
    if (rc == 0 && ledger->position > 0)
        assert_int_equal(fresh.known_count, symbols.known_count);
    sj_store_symbols_done(&fresh);
    return rc;
}

static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 0x40, file);
    assert_int_equal(fclose(file), 0);
}

/* Two rounds cut at 1000 and 2000, the first one acknowledged. */
static void live(struct sj_store_ledger *ledger)
{
    assert_true(load(ledger) >= 0);
    ledger->cuts[0] = 1000;
    ledger->cuts[1] = 2000;
    ledger->cut_count = 2;
    assert_int_equal(sj_store_ledger_save_cuts(ledger), 0);
    struct sj_store_accounts accounts = {.position = 1000, .stream_count = 1, .dead_count = 2};
    accounts.streams[0] = (struct sj_store_stream){.src = 1,
                                                   .first_seq = 1,
                                                   .last_seq = 10,
                                                   .read_count = 10,
                                                   .acked_count = 8,
                                                   .dead_count = 2};
    assert_int_equal(sj_store_ledger_advance(ledger, &accounts, 10, &symbols), 0);
}

static void ledger_gives_the_next_life_its_cuts_and_accounts(void **state)
{
    (void)state;
    static struct sj_store_ledger ledger, next;
    live(&ledger);
    assert_int_equal(load(&next), 0);
    assert_int_equal(next.position, 1000);
    assert_int_equal(next.event_count, 10);
    assert_int_equal(next.cut_count, 1);
    assert_int_equal(next.cuts[0], 2000);
    assert_false(next.were_accounts_lost);
    assert_int_equal(next.accounts.streams[0].acked_count, 8);
    assert_int_equal(next.accounts.dead_count, 2);
}

static void ledger_keeps_the_accounts_of_the_cursor_when_the_next_ones_are_already_written(
    void **state)
{
    (void)state;
    static struct sj_store_ledger ledger, next;

    live(&ledger);
    /* The crash comes after the accounts' file and before the cursor: put the old cursor back. */
    struct sj_journal_cursor old;
    assert_int_equal(sj_journal_cursor_load(dir, "test", &old), 0);
    struct sj_store_accounts later = ledger.accounts;
    later.position = 2000;
    later.streams[0].acked_count = 99;
    assert_int_equal(sj_store_ledger_advance(&ledger, &later, 20, &symbols), 0);
    assert_int_equal(sj_journal_cursor_save(dir, "test", &old), 0);
    assert_int_equal(load(&next), 0);
    assert_int_equal(next.position, 1000);
    assert_false(next.were_accounts_lost);
    assert_int_equal(next.accounts.streams[0].acked_count, 8);
}

static void ledger_tells_damaged_accounts_and_definitions(void **state)
{
    (void)state;
    static struct sj_store_ledger ledger, next;
    char path[128];
    live(&ledger);
    snprintf(path, sizeof(path), "%s/store/test.streams", dir);
    flip(path, 200);
    assert_int_equal(load(&next), 0);
    assert_true(next.were_accounts_lost);
    assert_int_equal(next.position, 1000);
    assert_int_equal(next.accounts.stream_count, 0);
    snprintf(path, sizeof(path), "%s/store/test.instruments", dir);
    flip(path, 100);
    assert_int_equal(load(&next), 1); /* to be read from the journal */
}

/* --- dead letters --- */

struct found {
    uint32_t count;
    char path[SJ_STORE_PATH_MAX];
};

static sj_rc note(const char *path, void *context)
{
    struct found *found = context;
    found->count++;
    snprintf(found->path, sizeof(found->path), "%s", path);
    return 0;
}

static void dead_letter_reads_back_and_every_damage_is_told(void **state)
{
    (void)state;
    static struct sj_trade trades[3];
    static const uint32_t srcs[3] = {4, 4, 5};
    struct found found = {0};
    struct sj_store_dead dead;
    struct stat stat_before;
    for (uint32_t i = 0; i < 3; i++)
        market_trade(&market, &trades[i]);
    const struct sj_store_rows rows = {
        sj_store_table_of(SJ_EVENT_TRADE), (const uint8_t *)trades, srcs, NULL, 3, false};
    /* Written twice, as after a crash: still one file. */
    assert_int_equal(sj_store_dead_write(dir, &rows, &symbols, "no such value", 53, 400), 0);
    assert_int_equal(sj_store_dead_write(dir, &rows, &symbols, "no such value", 53, 400), 0);
    assert_int_equal(sj_store_dead_each(dir, note, &found), 0);
    assert_int_equal(found.count, 1);
    assert_int_equal(sj_store_dead_read(found.path, &dead), 0);
    assert_int_equal(dead.head.row_count, 3);
    assert_int_equal(dead.head.code, 53);
    assert_string_equal(dead.head.reason, "no such value");
    assert_memory_equal(dead.frames.data, trades, sizeof(trades));
    assert_memory_equal(dead.srcs, srcs, sizeof(srcs));
    sj_store_dead_done(&dead);

    assert_int_equal(stat(found.path, &stat_before), 0);
    for (long at = 0; at < stat_before.st_size; at++) {
        flip(found.path, at);
        assert_int_equal(sj_store_dead_read(found.path, &dead), -SJ_E_CORRUPT);
        flip(found.path, at);
    }
    assert_int_equal(sj_store_dead_read(found.path, &dead), 0);
    sj_store_dead_done(&dead);
    assert_int_equal(truncate(found.path, stat_before.st_size - 1), 0);
    assert_int_equal(sj_store_dead_read(found.path, &dead), -SJ_E_CORRUPT);
    assert_int_equal(truncate(found.path, 10), 0);
    assert_int_equal(sj_store_dead_read(found.path, &dead), -SJ_E_CORRUPT);
}

int ledger_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ledger_gives_the_next_life_its_cuts_and_accounts, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(
            ledger_keeps_the_accounts_of_the_cursor_when_the_next_ones_are_already_written, begin,
            finish),
        cmocka_unit_test_setup_teardown(ledger_tells_damaged_accounts_and_definitions, begin,
                                        finish),
        cmocka_unit_test_setup_teardown(dead_letter_reads_back_and_every_damage_is_told, begin,
                                        finish),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
