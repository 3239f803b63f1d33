/*
 * export.h: SJ_API marks what libshijim.so lets other programs call; all else stays hidden.
 */
#ifndef SHIJIM_EXPORT_H
#define SHIJIM_EXPORT_H

#define SJ_API __attribute__((visibility("default")))

#endif
