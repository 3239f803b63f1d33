#include "groups.h"

int main(void)
{
    return sj_test_format() + sj_test_account() + sj_test_recorder() + sj_test_switch() +
           sj_test_saved() + sj_test_trader() + sj_test_names() + sj_test_view() +
           sj_test_user_ring();
}
