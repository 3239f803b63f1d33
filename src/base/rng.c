#include "base/rng.h"

#include <math.h>
#include <sys/random.h>

#include "base/clock.h"

void sj_rng_init(struct sj_rng *rng, uint64_t seed)
{
    /* splitmix64, as the authors of xoshiro advise: never leaves the state all zero. */
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        rng->state[i] = z ^ (z >> 31);
    }
}

uint64_t sj_rng_fresh_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = (uint64_t)sj_clock_utc_ns() ^ (uint64_t)sj_clock_mono_ns() << 20;
    return seed;
}

double sj_rng_normal(struct sj_rng *rng)
{
    /* Box-Muller; 1 - x keeps the logarithm's argument above 0. */
    double radius = sqrt(-2.0 * log(1.0 - sj_rng_real(rng)));
    return radius * cos(2.0 * M_PI * sj_rng_real(rng));
}

double sj_rng_exponential(struct sj_rng *rng, double mean)
{
    return -mean * log(1.0 - sj_rng_real(rng));
}
