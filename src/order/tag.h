/*
 * tag.h: the only mark an order carries at the broker: custom_field, at most 6 characters.
 */
#ifndef SJ_ORDER_TAG_H
#define SJ_ORDER_TAG_H

#include <stdbool.h>
#include <stdint.h>

#define SJ_ORDER_TAG_SIZE 6

/* The tag of an intent: its id modulo 62^6 (5.7e10) in base 62, always 6 characters, zero-filled.
 * Two intents of one run share a tag only 5.7e10 apart. */
void sj_order_tag(uint64_t intent_id, char ret_tag[8]);

/* Whether `tag` (8 bytes, zero-filled) could be one of ours. */
bool sj_order_tag_valid(const char tag[8]);

#endif
