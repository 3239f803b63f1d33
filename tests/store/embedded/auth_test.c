#include "store/embedded/auth.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"
#include "support/test.h"

static enum sj_emb_identity check(const struct sj_emb_auth *auth, const char *user,
                                  const char *password)
{
    return sj_emb_auth_check(auth, sj_emb_text_of(user), sj_emb_text_of(password));
}

static void auth_without_a_password_lets_readers_in_and_nobody_write(void **state)
{
    (void)state;
    struct sj_emb_auth auth = {.writer_token = "token"};
    assert_int_equal(check(&auth, "", ""), SJ_EMB_READER);
    assert_int_equal(check(&auth, "default", ""), SJ_EMB_READER);
    assert_int_equal(check(&auth, "default", "x"), SJ_EMB_NOBODY);
    assert_int_equal(check(&auth, "shijim", "token"), SJ_EMB_WRITER);
    assert_int_equal(check(&auth, "shijim", "toke"), SJ_EMB_NOBODY);
    assert_int_equal(check(&auth, "shijim", "tokens"), SJ_EMB_NOBODY);
    assert_int_equal(check(&auth, "shijim", ""), SJ_EMB_NOBODY);
    assert_int_equal(check(&auth, "root", ""), SJ_EMB_NOBODY);
}

static void auth_with_a_password_asks_every_reader(void **state)
{
    (void)state;
    struct sj_emb_auth auth = {.writer_token = "token", .reader_password = "pw"};
    assert_int_equal(check(&auth, "", ""), SJ_EMB_NOBODY);
    assert_int_equal(check(&auth, "", "pw"), SJ_EMB_READER);
    assert_int_equal(check(&auth, "default", "pw"), SJ_EMB_READER);
    assert_int_equal(check(&auth, "default", "token"), SJ_EMB_NOBODY);
}

static void auth_token_is_made_once_and_for_its_owner(void **state)
{
    (void)state;
    char dir[] = "/tmp/shijim_auth_XXXXXX";
    char path[64];
    char first[SJ_EMB_SECRET_SIZE_MAX + 1];
    char second[SJ_EMB_SECRET_SIZE_MAX + 1];
    char error[200];
    struct stat status;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/token", dir);
    assert_int_equal(sj_emb_token_open(path, first, sizeof(first), error, sizeof(error)), 0);
    assert_int_equal(sj_emb_token_open(path, second, sizeof(second), error, sizeof(error)), 0);
    assert_string_equal(first, second);
    assert_int_equal(strlen(first), 64);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    chmod(path, 0640);
    assert_int_equal(sj_emb_token_open(path, second, sizeof(second), error, sizeof(error)),
                     -EACCES);
    assert_non_null(strstr(error, "chmod 600"));
    unlink(path);
    rmdir(dir);
}

int auth_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_without_a_password_lets_readers_in_and_nobody_write),
        cmocka_unit_test(auth_with_a_password_asks_every_reader),
        cmocka_unit_test(auth_token_is_made_once_and_for_its_owner),
    };
    return cmocka_run_group_tests_name("store_embedded_auth", tests, NULL, NULL);
}
