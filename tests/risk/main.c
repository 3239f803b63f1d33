#include "groups.h"

int main(void)
{
    return risk_checks() + risk_save() + risk_model();
}
