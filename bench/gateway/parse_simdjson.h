/*
 * parse_simdjson.h: the same fields found in the same bytes by simdjson's on-demand parser.
 */
#ifndef SJ_BENCH_GATEWAY_PARSE_SIMDJSON_H
#define SJ_BENCH_GATEWAY_PARSE_SIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Finds the fields of a payload in the order they usually come in (`in_order`) or by walking over
 * whatever comes: strings as views, numbers as int64, flags as bool. Returns a sum over what was
 * found, so that nothing is left away; 0 on an error. 64 bytes behind are readable. */
uint64_t simdjson_find(int kind, int in_order, const char *json, size_t size);

#ifdef __cplusplus
}
#endif

#endif
