/* bus.h: the bus is public (include/shijim/bus.h); rooms include it by this name. */
#ifndef SJ_BUS_BUS_H
#define SJ_BUS_BUS_H

#include "shijim/bus.h"

#endif
