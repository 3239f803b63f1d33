/* Any bytes as a configuration file: an error of one line, or values within their ranges. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct values {
    char url[32];
    int64_t rows;
    double ratio;
    bool on;
    int32_t policy;
    char tables[32];
};

static struct values values, items[3];
static uint32_t item_count;

static const struct sj_config_key keys[] = {
    SJ_CONFIG_TEXT(struct values, url, "here", "a place"),
    SJ_CONFIG_INT(struct values, rows, 1, 1000, "10", "how many"),
    SJ_CONFIG_REAL(struct values, ratio, 0, 1, "0.5", "a share"),
    SJ_CONFIG_BOOL(struct values, on, "false", "whether"),
    SJ_CONFIG_CHOICE(struct values, policy, "gate|lossy", "gate", "which"),
    SJ_CONFIG_LIST(struct values, tables, "", "names"),
};
static const struct sj_config_section one = {
    .name = "one", .text = "", .keys = keys, .key_count = 6, .values = &values};
static const struct sj_config_section many = {.name = "many",
                                              .text = "",
                                              .keys = keys,
                                              .key_count = 6,
                                              .values = items,
                                              .max = 3,
                                              .stride = sizeof items[0],
                                              .count = &item_count};
static const struct sj_config_section *const sections[] = {&one, &many};

static void check(const struct values *at)
{
    SJ_ASSERT(memchr(at->url, 0, sizeof at->url) && memchr(at->tables, 0, sizeof at->tables));
    SJ_ASSERT(at->rows >= 1 && at->rows <= 1000 && at->ratio >= 0 && at->ratio <= 1);
    SJ_ASSERT(at->policy == 0 || at->policy == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sj_config config;
    struct sj_config_error error = {.text = ""};
    char path[64];
    int fd = memfd_create("config", MFD_CLOEXEC);
    item_count = 0;
    if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
        sj_config_init(&config, sections, 2) < 0)
        SJ_ASSERT(!"setting up");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    sj_rc rc = sj_config_load_file(&config, path, &error);
    SJ_ASSERT(rc == 0 || (error.text[0] && !strchr(error.text, '\n')));
    SJ_ASSERT(item_count <= 3);
    check(&values);
    for (uint32_t i = 0; i < 3; i++)
        check(&items[i]);
    sj_config_done(&config);
    close(fd);
    return 0;
}
