#include "convert_tests.h"

#include <sys/mman.h>
#include <unistd.h>

int sj_test_set_up(void **state)
{
    struct sj_test_dir *dir = calloc(1, sizeof *dir);
    snprintf(dir->path, sizeof dir->path, "/tmp/shijim-convert-XXXXXX");
    if (!mkdtemp(dir->path))
        return 1;
    *state = dir;
    return 0;
}

int sj_test_tear_down(void **state)
{
    struct sj_test_dir *dir = *state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", dir->path);
    int rc = system(command);
    free(dir);
    return rc;
}

const char *sj_test_path(const void *dir, const char *name)
{
    static char paths[64][160];
    static unsigned next;
    char *path = paths[next++ % 64];
    snprintf(path, sizeof paths[0], "%s/%s", ((const struct sj_test_dir *)dir)->path, name);
    return path;
}

size_t sj_test_read(const char *path, char **ret_bytes)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(size + 1);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    bytes[size] = 0;
    *ret_bytes = bytes;
    return size;
}

void sj_test_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void sj_test_write_text(const char *path, const char *text)
{
    sj_test_write(path, text, strlen(text));
}

uint8_t *sj_test_sparse(uint64_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

void sj_test_sparse_free(uint8_t *memory, uint64_t size)
{
    munmap(memory, size);
}
