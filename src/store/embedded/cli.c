#include "store/embedded/embedded.h"

#include "base/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE_MAX_BYTES (UINT64_C(1) << 40)
#define COUNT_MAX 3600

static const char DETAILS[] =
    "Runs ClickHouse's engine in this process behind ClickHouse's HTTP interface. Anyone on this\n"
    "machine may read (user default); writing needs user " SJ_EMBEDDED_WRITER " and the token in\n"
    "DIR/" SJ_EMBEDDED_TOKEN_FILE ". shijim store retry sends dead letters again (see its --help).";

static const char EXAMPLE[] =
    "shijim store --data ./store --port 8123\n"
    "  curl 'http://127.0.0.1:8123/?query=SHOW+TABLES'\n"
    "  curl -u " SJ_EMBEDDED_WRITER ":$(cat store/" SJ_EMBEDDED_TOKEN_FILE ") "
    "http://127.0.0.1:8123/ -d 'INSERT INTO t VALUES (1)'";

/* The password stays in this program's memory only: what /proc shows of the environment is
 * overwritten. */
static void take_password(char *copy, size_t copy_size, struct sj_embedded_options *options)
{
    char *value = getenv(SJ_EMBEDDED_PASSWORD_ENV);
    if (!value || value[0] == '\0')
        return;
    snprintf(copy, copy_size, "%s", value);
    explicit_bzero(value, strlen(value));
    unsetenv(SJ_EMBEDDED_PASSWORD_ENV);
    options->password = copy;
}

/* A size that was given must be of use. */
static bool check_size(const struct sj_cli *cli, const char *name, uint64_t given, uint64_t *target)
{
    if (given == UINT64_MAX) /* not given */
        return true;
    if (given == 0 || given > SIZE_MAX_BYTES) {
        sj_cli_fail(cli, 0, "--%s must be more than 0 and at most 1T", name);
        return false;
    }
    *target = given;
    return true;
}

/* Fills the options. Returns what sj_cli_parse returns. */
static sj_rc parse(int argc, char **argv, struct sj_embedded_options *options)
{
    uint32_t port = options->port, readers = 0, reader_time_s = 0, connections = 0;
    uint64_t memory = UINT64_MAX, reader_memory = UINT64_MAX;
    bool sandbox = true;
    /* clang-format off */
    const struct sj_cli_option table[] = {
        {"data", "DIR", "where the data are kept; made if it is not there", SJ_CLI_TEXT, &options->data_dir, 0, 0, 0},
        {"listen", "ADDRESS", "127.0.0.1; any other than this machine's needs a password", SJ_CLI_TEXT, &options->listen, 0, 0, 0},
        {"port", "N", "8123; 0 takes a free one and prints it", SJ_CLI_U32, &port, 0, UINT16_MAX, 0},
        {"port-file", "FILE", "writes the port there", SJ_CLI_TEXT, &options->port_file, 0, 0, 0},
        {"database", "NAME", SJ_EMBEDDED_DATABASE, SJ_CLI_TEXT, &options->database, 0, 0, 0},
        {"password-file", "FILE", "the reader's password, mode 0600 (or " SJ_EMBEDDED_PASSWORD_ENV ")", SJ_CLI_TEXT, &options->password_file, 0, 0, 0},
        {"library", "FILE", "libchdb.so (or SHIJIM_CHDB_LIB; ./dev deps installs it)", SJ_CLI_TEXT, &options->library, 0, 0, 0},
        {"memory", "SIZE", "of the engine, all in all: 2G", SJ_CLI_SIZE, &memory, 0, 0, 0},
        {"reader-memory", "SIZE", "of one reader's statement: 128M", SJ_CLI_SIZE, &reader_memory, 0, 0, 0},
        {"readers", "N", "statements of readers at a time: 8", SJ_CLI_U32, &readers, 1, COUNT_MAX, 0},
        {"reader-time", "S", "seconds that one may take: 60", SJ_CLI_U32, &reader_time_s, 1, COUNT_MAX, 0},
        {"connections", "N", "64", SJ_CLI_U32, &connections, 1, COUNT_MAX, 0},
        {"sandbox", NULL, "confine the process's file access; --no-sandbox does not", SJ_CLI_FLAG, &sandbox, 0, 0, 0},
    };
    /* clang-format on */
    struct sj_cli cli = {.command = "store",
                         .arguments = "",
                         .summary = "Serves an embedded ClickHouse.",
                         .details = DETAILS,
                         .example = EXAMPLE,
                         .options = table,
                         .option_count = sizeof table / sizeof *table};
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return rc;
    options->port = (uint16_t)port;
    options->reader_max = readers;
    options->reader_time_max_s = reader_time_s;
    options->connection_max = connections;
    options->without_sandbox = !sandbox;
    if (!check_size(&cli, "memory", memory, &options->memory_max_bytes) ||
        !check_size(&cli, "reader-memory", reader_memory, &options->reader_memory_max_bytes))
        return -SJ_E_RANGE;
    if (options->data_dir)
        return 1;
    sj_cli_fail(&cli, 0, "name the data's directory: --data DIR");
    return -SJ_E_MALFORMED;
}

int sj_store_embedded_cli(int argc, char **argv)
{
    struct sj_embedded_options options = {.port = SJ_EMBEDDED_PORT};
    sj_rc rc = parse(argc, argv, &options);
    if (rc != 1)
        return sj_cli_exit(rc);
    char password[512];
    take_password(password, sizeof(password), &options);
    int code = sj_store_embedded_main(&options);
    explicit_bzero(password, sizeof(password));
    return code;
}
