#include "servers.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_NS (30 * SJ_NS_PER_S)

static const char config_xml[] =
    "<?xml version=\"1.0\"?><yandex><logger><level>none</level></logger>"
    "<listen_host>127.0.0.1</listen_host><http_port>%u</http_port><tcp_port>%u</tcp_port>"
    "<path>%s/data/</path><tmp_path>%s/tmp/</tmp_path>"
    "<format_schema_path>%s/schemas/</format_schema_path><users_config>users.xml</users_config>"
    "<mark_cache_size>67108864</mark_cache_size><default_profile>default</default_profile>"
    "<default_database>default</default_database><timezone>UTC</timezone></yandex>";
static const char users_xml[] =
    "<?xml version=\"1.0\"?><yandex><profiles><default/></profiles><quotas><default/></quotas>"
    "<users><default><password></password><networks><ip>127.0.0.1</ip></networks>"
    "<profile>default</profile><quota>default</quota></default></users></yandex>";

static uint32_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                    getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (fd >= 0)
        close(fd);
    return is_bound ? ntohs(address.sin_port) : 0;
}

static bool make_dir(struct bench_server *server, const char *directory, const char *name)
{
    memset(server, 0, sizeof(*server));
    const char *base = directory != NULL ? directory : ".";
    char *whole = realpath(base, NULL);
    snprintf(server->dir, sizeof(server->dir), "%.200s/%s.XXXXXX", whole != NULL ? whole : base,
             name);
    free(whole);
    return mkdtemp(server->dir) != NULL;
}

static bool write_file(const char *dir, const char *name, const char *text)
{
    char path[320];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    fputs(text, file);
    return fclose(file) == 0;
}

static pid_t run(char *const *argv)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execv(argv[0], argv);
    _exit(127);
}

static void set_defaults(struct sj_store_config *config)
{
    struct sj_config_section section = sj_store_config_section(config);
    const struct sj_config_section *sections[] = {&section};
    struct sj_config values;
    if (sj_config_init(&values, sections, 1) == 0)
        sj_config_done(&values);
}

static bool wait_answer(struct bench_server *server, const char *name)
{
    int64_t end_ns = sj_clock_mono_ns() + START_NS;
    while (sj_clock_mono_ns() < end_ns && waitpid(server->pid, NULL, WNOHANG) == 0) {
        if (bench_server_number(server, "SELECT 1") > 0)
            return true;
        usleep(50000);
    }
    fprintf(stderr, "shijim bench: %s did not start\n", name);
    bench_server_stop(server);
    return false;
}

bool bench_server_start_old(struct bench_server *server, const char *directory)
{
    char program[] = "/usr/sbin/clickhouse-server";
    char argument[320];
    char xml[2048];
    uint32_t port = free_port();
    if (access(program, X_OK) != 0 || !make_dir(server, directory, "clickhouse")) {
        fprintf(stderr, "shijim bench: no %s: run ./dev deps\n", program);
        return false;
    }
    snprintf(xml, sizeof(xml), config_xml, port, free_port(), server->dir, server->dir,
             server->dir);
    snprintf(argument, sizeof(argument), "--config-file=%s/config.xml", server->dir);
    char *argv[] = {program, argument, NULL};
    if (!write_file(server->dir, "config.xml", xml) ||
        !write_file(server->dir, "users.xml", users_xml))
        return false;
    set_defaults(&server->config);
    snprintf(server->config.url, sizeof(server->config.url), "http://127.0.0.1:%u", port);
    server->pid = run(argv);
    return server->pid > 0 && wait_answer(server, program);
}

/* The program that serves the embedded store: ourselves where we are `shijim`, else the one the
 * build made beside the bench. */
static bool find_program(char *ret_path, size_t size, bool *ret_is_shijim)
{
    char self[200];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length <= 0)
        return false;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    *ret_is_shijim = strcmp(slash + 1, "shijim") == 0;
    *slash = '\0';
    snprintf(ret_path, size,
             *ret_is_shijim ? "%s/shijim" : "%s/../tests/store/embedded/store_server", self);
    return access(ret_path, X_OK) == 0;
}

static void read_token(struct bench_server *server)
{
    char path[320];
    snprintf(path, sizeof(path), "%s/writer.token", server->dir);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return;
    if (fgets(server->config.password, sizeof(server->config.password), file) != NULL)
        server->config.password[strcspn(server->config.password, "\r\n")] = '\0';
    snprintf(server->config.user, sizeof(server->config.user), "shijim");
    fclose(file);
}

bool bench_server_start_embedded(struct bench_server *server, const char *directory)
{
    char program[320];
    char port_text[16];
    bool is_shijim;
    uint32_t port = free_port();
    if (!find_program(program, sizeof(program), &is_shijim) ||
        !make_dir(server, directory, "embedded")) {
        fprintf(stderr, "shijim bench: the embedded store's program is not beside this one\n");
        return false;
    }
    snprintf(port_text, sizeof(port_text), "%u", port);
    char command[] = "store";
    char data[] = "--data";
    char port_name[] = "--port";
    char *argv[] = {program, data, server->dir, port_name, port_text, NULL, NULL};
    char *argv_shijim[] = {program, command, data, server->dir, port_name, port_text, NULL};
    set_defaults(&server->config);
    snprintf(server->config.url, sizeof(server->config.url), "http://127.0.0.1:%u", port);
    server->pid = run(is_shijim ? argv_shijim : argv);
    if (server->pid <= 0 || !wait_answer(server, "the embedded store"))
        return false;
    read_token(server);
    return true;
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void bench_server_stop(struct bench_server *server)
{
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    if (server->dir[0] != '\0')
        nftw(server->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    memset(server, 0, sizeof(*server));
}

double bench_server_number(const struct bench_server *server, const char *sql)
{
    struct sj_store_error error;
    char *text = NULL;
    size_t size = 0;
    struct sj_store_config config = server->config;
    snprintf(config.database, sizeof(config.database), "system");
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return -1;
    sj_rc rc = sj_store_query(&config, sql, "TabSeparated", out, &error);
    fclose(out);
    char *end = text;
    double value = rc == 0 && text != NULL ? strtod(text, &end) : -1;
    value = end == text ? -1 : value;
    free(text);
    return value;
}
