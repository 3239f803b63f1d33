/* event.h: the messages are public (include/shijim/event.h); rooms include them by this name. */
#ifndef SJ_EVENT_EVENT_H
#define SJ_EVENT_EVENT_H

#include "shijim/event.h"

#endif
