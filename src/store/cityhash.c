#include "store/cityhash.h"

#include <string.h>

/* The algorithm's constants. */
static const uint64_t k0 = 0xc3a5c85c97cb3127U;
static const uint64_t k1 = 0xb492b66fbe98f273U;
static const uint64_t k2 = 0x9ae16a3b2f90404fU;
static const uint64_t k3 = 0xc949d7c7509e6557U;

struct pair {
    uint64_t a;
    uint64_t b;
};

static inline uint64_t load_8(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint64_t load_4(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint64_t rotate(uint64_t value, uint32_t bits)
{
    return value >> bits | value << (64 - bits);
}

static inline uint64_t mix(uint64_t value)
{
    return value ^ value >> 47;
}

static inline uint64_t join(uint64_t a, uint64_t b)
{
    const uint64_t multiplier = 0x9ddfea08eb382d69U;
    uint64_t first = mix((a ^ b) * multiplier);
    return mix((b ^ first) * multiplier) * multiplier;
}

/* 32 bytes into a pair of seeds. */
static inline struct pair weak_32(const uint8_t *at, uint64_t a, uint64_t b)
{
    uint64_t w = load_8(at);
    uint64_t z = load_8(at + 24);
    a += w;
    b = rotate(b + a + z, 21);
    uint64_t c = a;
    a += load_8(at + 8) + load_8(at + 16);
    b += rotate(a, 44);
    return (struct pair){a + z, b + c};
}

static uint64_t short_hash(const uint8_t *at, size_t size)
{
    if (size > 8) {
        uint64_t last = load_8(at + size - 8);
        return join(load_8(at), rotate(last + size, (uint32_t)size)) ^ last;
    }
    if (size >= 4)
        return join(size + (load_4(at) << 3), load_4(at + size - 4));
    if (size == 0)
        return k2;
    uint32_t y = at[0] + ((uint32_t)at[size >> 1] << 8);
    uint32_t z = (uint32_t)size + ((uint32_t)at[size - 1] << 2);
    return mix(y * k2 ^ z * k3) * k2;
}

/* Below 128 bytes. */
static struct sj_store_hash128 murmur(const uint8_t *at, size_t size, uint64_t a, uint64_t b)
{
    uint64_t c;
    uint64_t d;
    if (size <= 16) {
        a = mix(a * k1) * k1;
        c = b * k1 + short_hash(at, size);
        d = mix(a + (size >= 8 ? load_8(at) : c));
    } else {
        c = join(load_8(at + size - 8) + k1, a);
        d = join(b + size, c + load_8(at + size - 16));
        a += d;
        for (size_t done = 0; done + 16 < size; done += 16, at += 16) {
            a = (a ^ mix(load_8(at) * k1) * k1) * k1;
            b ^= a;
            c = (c ^ mix(load_8(at + 8) * k1) * k1) * k1;
            d ^= c;
        }
    }
    a = join(a, c);
    b = join(d, b);
    return (struct sj_store_hash128){a ^ b, join(b, a)};
}

struct state {
    uint64_t x;
    uint64_t y;
    uint64_t z;
    struct pair v;
    struct pair w;
};

static inline void step_64(struct state *s, const uint8_t *at)
{
    s->x = rotate(s->x + s->y + s->v.a + load_8(at + 16), 37) * k1;
    s->y = rotate(s->y + s->v.b + load_8(at + 48), 42) * k1;
    s->x ^= s->w.b;
    s->y ^= s->v.a;
    s->z = rotate(s->z ^ s->w.a, 33);
    s->v = weak_32(at, s->v.b * k1, s->x + s->w.a);
    s->w = weak_32(at + 32, s->z + s->w.b, s->y);
    uint64_t swap = s->z;
    s->z = s->x;
    s->x = swap;
}

static struct sj_store_hash128 seeded(const uint8_t *at, size_t size, uint64_t x, uint64_t y)
{
    if (size < 128)
        return murmur(at, size, x, y);
    struct state s = {.x = x, .y = y, .z = size * k1};
    s.v.a = rotate(y ^ k1, 49) * k1 + load_8(at);
    s.v.b = rotate(s.v.a, 42) * k1 + load_8(at + 8);
    s.w.a = rotate(y + s.z, 35) * k1 + x;
    s.w.b = rotate(x + load_8(at + 88), 53) * k1;
    for (; size >= 128; size -= 128, at += 128) {
        step_64(&s, at);
        step_64(&s, at + 64);
    }
    s.y += rotate(s.w.a, 37) * k0 + s.z;
    s.x += rotate(s.v.a + s.z, 49) * k0;
    /* The rest in chunks of 32 from the end; the last one may reach back into what was hashed. */
    for (size_t done = 0; done < size;) {
        done += 32;
        const uint8_t *chunk = at + size - done;
        s.y = rotate(s.y - s.x, 42) * k0 + s.v.b;
        s.w.a += load_8(chunk + 16);
        s.x = rotate(s.x, 49) * k0 + s.w.a;
        s.w.a += s.v.a;
        s.v = weak_32(chunk, s.v.a, s.v.b);
    }
    s.x = join(s.x, s.v.a);
    s.y = join(s.y, s.w.a);
    return (struct sj_store_hash128){join(s.x + s.v.b, s.w.b) + s.y,
                                     join(s.x + s.w.b, s.y + s.v.b)};
}

struct sj_store_hash128 sj_store_cityhash128(const void *data, size_t size)
{
    const uint8_t *at = data;
    if (size >= 16)
        return seeded(at + 16, size - 16, load_8(at) ^ k3, load_8(at + 8));
    if (size >= 8)
        return seeded(at, 0, load_8(at) ^ (size * k0), load_8(at + size - 8) ^ k1);
    return seeded(at, size, k0, k1);
}
