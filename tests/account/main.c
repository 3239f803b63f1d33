#include "groups.h"

int main(void)
{
    return account_book() + account_portfolio() + account_reconcile();
}
