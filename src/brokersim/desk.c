#include "brokersim/desk.h"

sj_rc desk_create(struct sj_brokersim *sim)
{
    (void)sim;
    return 0;
}

void desk_close(struct sj_brokersim *sim)
{
    (void)sim;
}

uint64_t desk_work(struct sj_brokersim *sim)
{
    (void)sim;
    return 0;
}

void desk_fill(void *context, uint32_t owner, int64_t price_e6, uint32_t quantity)
{
    (void)context;
    (void)owner;
    (void)price_e6;
    (void)quantity;
}
