#include "store/embedded/embedded.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: shijim store --data DIR [options]\n"
    "\n"
    "Runs ClickHouse's engine in this process behind ClickHouse's HTTP interface. Anyone on this\n"
    "machine may read (user default); writing needs user " SJ_EMBEDDED_WRITER " and the token in\n"
    "DIR/" SJ_EMBEDDED_TOKEN_FILE ".\n"
    "\n"
    "  --data DIR            where the data are kept; made if it is not there\n"
    "  --listen ADDRESS      127.0.0.1; any other than this machine's needs a password\n"
    "  --port N              8123; 0 takes a free one and prints it\n"
    "  --port-file FILE      writes the port there\n"
    "  --database NAME       " SJ_EMBEDDED_DATABASE "\n"
    "  --password-file FILE  the reader's password, mode 0600 (or " SJ_EMBEDDED_PASSWORD_ENV ")\n"
    "  --library FILE        libchdb.so (or SHIJIM_CHDB_LIB; ./dev deps installs it)\n"
    "  --memory SIZE         of the engine, all in all: 2G\n"
    "  --reader-memory SIZE  of one reader's statement: 128M\n"
    "  --readers N           statements of readers at a time: 8\n"
    "  --reader-time S       seconds that one may take: 60\n"
    "  --connections N       64\n"
    "  --no-sandbox          do not confine the process's file access\n"
    "\n"
    "example: shijim store --data ./store --port 8123\n"
    "         curl 'http://127.0.0.1:8123/?query=SHOW+TABLES'\n"
    "         curl -u " SJ_EMBEDDED_WRITER ":$(cat store/" SJ_EMBEDDED_TOKEN_FILE ") "
    "http://127.0.0.1:8123/ -d 'INSERT INTO t VALUES (1)'\n";

enum option_id {
    OPTION_DATA = 256,
    OPTION_LISTEN,
    OPTION_PORT,
    OPTION_PORT_FILE,
    OPTION_DATABASE,
    OPTION_PASSWORD_FILE,
    OPTION_LIBRARY,
    OPTION_MEMORY,
    OPTION_READER_MEMORY,
    OPTION_READERS,
    OPTION_READER_TIME,
    OPTION_CONNECTIONS,
    OPTION_NO_SANDBOX,
    OPTION_HELP,
};

static const struct option long_options[] = {
    {"data", required_argument, NULL, OPTION_DATA},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"port", required_argument, NULL, OPTION_PORT},
    {"port-file", required_argument, NULL, OPTION_PORT_FILE},
    {"database", required_argument, NULL, OPTION_DATABASE},
    {"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},
    {"library", required_argument, NULL, OPTION_LIBRARY},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"reader-memory", required_argument, NULL, OPTION_READER_MEMORY},
    {"readers", required_argument, NULL, OPTION_READERS},
    {"reader-time", required_argument, NULL, OPTION_READER_TIME},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static bool parse_number(const char *name, const char *text, uint64_t max, uint64_t *ret)
{
    char *end = NULL;
    uint64_t value = strtoull(text, &end, 10);
    uint64_t unit = 1;
    switch (toupper((unsigned char)*end)) {
    case 'K':
        unit = UINT64_C(1) << 10;
        break;
    case 'M':
        unit = UINT64_C(1) << 20;
        break;
    case 'G':
        unit = UINT64_C(1) << 30;
        break;
    default:
        break;
    }
    bool is_number =
        isdigit((unsigned char)*text) && end[unit > 1 ? 1 : 0] == '\0' && value <= max / unit;
    if (!is_number) {
        fprintf(stderr, "shijim store: --%s %s: give a number up to %llu\n", name, text,
                (unsigned long long)max);
        return false;
    }
    *ret = value * unit;
    return true;
}

static bool take_number(int id, const char *name, struct sj_embedded_options *options)
{
    uint64_t number = 0;
    bool is_size = id == OPTION_MEMORY || id == OPTION_READER_MEMORY;
    uint64_t max = is_size ? UINT64_C(1) << 40 : id == OPTION_PORT ? UINT16_MAX : 3600;
    if (!parse_number(name, optarg, max, &number))
        return false;
    if (number == 0 && id != OPTION_PORT) {
        fprintf(stderr, "shijim store: --%s must be more than 0\n", name);
        return false;
    }
    switch (id) {
    case OPTION_PORT:
        options->port = (uint16_t)number;
        break;
    case OPTION_MEMORY:
        options->memory_max_bytes = number;
        break;
    case OPTION_READER_MEMORY:
        options->reader_memory_max_bytes = number;
        break;
    case OPTION_READERS:
        options->reader_max = (unsigned)number;
        break;
    case OPTION_READER_TIME:
        options->reader_time_max_s = (unsigned)number;
        break;
    default:
        options->connection_max = (unsigned)number;
        break;
    }
    return true;
}

/* Returns -1 to go on, else the exit code. */
static int take_option(int id, int index, struct sj_embedded_options *options)
{
    switch (id) {
    case OPTION_DATA:
        options->data_dir = optarg;
        return -1;
    case OPTION_LISTEN:
        options->listen = optarg;
        return -1;
    case OPTION_PORT_FILE:
        options->port_file = optarg;
        return -1;
    case OPTION_DATABASE:
        options->database = optarg;
        return -1;
    case OPTION_PASSWORD_FILE:
        options->password_file = optarg;
        return -1;
    case OPTION_LIBRARY:
        options->library = optarg;
        return -1;
    case OPTION_NO_SANDBOX:
        options->without_sandbox = true;
        return -1;
    case OPTION_HELP:
        fputs(help, stdout);
        return EXIT_SUCCESS;
    default:
        return take_number(id, long_options[index].name, options) ? -1 : 2;
    }
}

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

int sj_store_embedded_cli(int argc, char **argv)
{
    struct sj_embedded_options options = {.port = SJ_EMBEDDED_PORT};
    int index = 0;
    optind = 1;
    opterr = 0; /* a mistake is one line, ours */
    for (;;) {
        int id = getopt_long(argc, argv, ":", long_options, &index);
        if (id == -1)
            break;
        if (id == '?' || id == ':') {
            fprintf(stderr, "shijim store: %s %s; see shijim store --help\n",
                    id == '?' ? "unknown option" : "no value for", argv[optind - 1]);
            return 2;
        }
        int code = take_option(id, index, &options);
        if (code >= 0)
            return code;
    }
    if (optind < argc || !options.data_dir) {
        fprintf(stderr,
                optind < argc ? "shijim store: '%s' is not an option: see --help\n"
                              : "shijim store: name the data's directory: --data DIR\n",
                optind < argc ? argv[optind] : "");
        return 2;
    }
    char password[512];
    take_password(password, sizeof(password), &options);
    int code = sj_store_embedded_main(&options);
    explicit_bzero(password, sizeof(password));
    return code;
}
