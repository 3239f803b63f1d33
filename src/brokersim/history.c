#include "brokersim/history.h"

sj_rc history_create(struct sj_brokersim *sim)
{
    (void)sim;
    return 0;
}

void history_close(struct sj_brokersim *sim)
{
    (void)sim;
}
