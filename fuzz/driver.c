/*
 * driver.c: runs a fuzz target over given files, and folders of files, once each: what libFuzzer
 * does with seeds, for builds without it. A crash of the target is the failure.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_SIZE_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned run_count;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_SIZE_MAX);
    if (!file || !data) {
        fprintf(stderr, "fuzz: reading %s: %s\n", path, strerror(errno));
        exit(1);
    }
    size_t size = fread(data, 1, INPUT_SIZE_MAX, file);
    fclose(file);
    /* An exact-size copy, so that address sanitizer sees a read past the end. */
    uint8_t *input = malloc(size ? size : 1);
    if (!input)
        exit(1);
    memcpy(input, data, size);
    free(data);
    LLVMFuzzerTestOneInput(input, size);
    free(input);
    run_count++;
}

static void run_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        fprintf(stderr, "fuzz: reading %s: %s\n", path, strerror(errno));
        exit(1);
    }
    if (!S_ISDIR(st.st_mode)) {
        run_file(path);
        return;
    }
    DIR *folder = opendir(path);
    if (!folder)
        exit(1);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char child[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        run_file(child);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    fprintf(stderr, "fuzz: %u inputs\n", run_count);
    return run_count ? 0 : 1;
}
