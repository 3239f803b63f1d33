#include "order/tag.h"

#include <string.h>

void sj_order_tag(uint64_t intent_id, char ret_tag[8])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    memset(ret_tag, 0, 8);
    for (int i = SJ_ORDER_TAG_SIZE - 1; i >= 0; i--) {
        ret_tag[i] = digits[intent_id % 62];
        intent_id /= 62;
    }
}

bool sj_order_tag_valid(const char tag[8])
{
    for (int i = 0; i < SJ_ORDER_TAG_SIZE; i++) {
        char c = tag[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return false;
    }
    return tag[6] == '\0';
}
