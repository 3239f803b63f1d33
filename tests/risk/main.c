#include "groups.h"

int main(void)
{
    return risk_checks();
}
