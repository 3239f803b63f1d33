/*
 * cityhash.h: CityHash128 of version 1.0.2, the checksum of ClickHouse's compressed frames.
 * Later versions of CityHash give other values. [any thread]
 */
#ifndef SJ_STORE_CITYHASH_H
#define SJ_STORE_CITYHASH_H

#include <stddef.h>
#include <stdint.h>

struct sj_store_hash128 {
    uint64_t low;
    uint64_t high;
};

struct sj_store_hash128 sj_store_cityhash128(const void *data, size_t size);

#endif
