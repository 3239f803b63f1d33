/*
 * taifex_file.h: a file of TAIFEX's, unpacked: zip, gzip, zstd or plain.
 *
 * Errors   -SJ_E_MALFORMED: a zip with more than one file in it. -SJ_E_LIMIT: larger than
 *          SJ_TAIFEX_SIZE_MAX. -SJ_E_CORRUPT: an archive that holds nothing that can be read.
 * Threads  [any]. Memory: the file and what is packed in it.
 */
#ifndef SJ_CONVERT_TAIFEX_FILE_H
#define SJ_CONVERT_TAIFEX_FILE_H

#include "base/rc.h"

#include <stddef.h>

#define SJ_TAIFEX_SIZE_MAX (1ULL << 31)

struct sj_taifex_file {
    char *text; /* owned */
    size_t size;
    bool cut;           /* the archive ends early or is damaged behind this */
    uint8_t digest[16]; /* XXH3-128 of the file as it lies on the disk */
};

SJ_MUST_USE sj_rc sj_taifex_file_read(const char *path, struct sj_taifex_file *ret_file);
void sj_taifex_file_done(struct sj_taifex_file *file);

#endif
