/* What the programs end with. */
#ifndef FRONT_EXIT_H
#define FRONT_EXIT_H

#include <tickerimport.h>

typedef enum front_exit {
    FRONT_OK = 0,           /* done */
    FRONT_FAILED = 1,       /* some input failed, the others were done */
    FRONT_USAGE = 2,        /* wrong usage or configuration */
    FRONT_UNREACHABLE = 3,  /* a service cannot be reached */
    FRONT_INTERRUPTED = 130 /* stopped by a signal, nothing half done */
} front_exit;

/* The exit code that a failed call asks for. */
front_exit front_exit_of(const ticker_error *error);
/* Of two codes the one that the program ends with. */
front_exit front_exit_worse(front_exit a, front_exit b);

#endif
