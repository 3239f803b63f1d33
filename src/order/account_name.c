#include "order/account_name.h"

#include <ctype.h>
#include <string.h>

/* Letters and digits up to `end`; how many. */
static size_t copy_part(char *to, const char *from, char end)
{
    size_t size = 0;
    while (from[size] != end && isalnum((unsigned char)from[size]) &&
           size < SJ_ACCOUNT_TEXT_MAX - 1) {
        to[size] = from[size];
        size++;
    }
    to[size] = '\0';
    return from[size] == end ? size : 0;
}

sj_rc sj_account_name_parse(const char *text, struct sj_account_name *ret_name)
{
    struct sj_account_name name = {{0}, {0}};
    if (*text) {
        size_t broker = copy_part(name.broker_id, text, '-');
        size_t account = broker ? copy_part(name.account_id, text + broker + 1, '\0') : 0;
        if (account == 0 || strlen(text) > SJ_ACCOUNT_TEXT_MAX)
            return -SJ_E_MALFORMED;
    }
    *ret_name = name;
    return 0;
}

uint32_t sj_account_of(enum sj_security security)
{
    return security == SJ_SECURITY_FUT || security == SJ_SECURITY_OPT ? SJ_ACCOUNT_FUTURES
                                                                      : SJ_ACCOUNT_STOCK;
}
