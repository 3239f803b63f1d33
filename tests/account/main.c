#include "groups.h"

int main(void)
{
    return account_book();
}
