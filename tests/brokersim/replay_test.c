/* A journal goes out as the broker's messages it came in with. */
#include "support/test.h"

