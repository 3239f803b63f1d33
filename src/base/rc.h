/* rc.h: the result codes are public; rooms include them by this name. */
#ifndef SJ_BASE_RC_H
#define SJ_BASE_RC_H

#include "shijim/rc.h"

#endif
