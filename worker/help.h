/* What ticker-worker says about itself. */
#ifndef WORKER_HELP_H
#define WORKER_HELP_H

#include "args.h"
#include "output.h"

#define WORKER_PROGRAM "ticker-worker"

void worker_flags(front_args *args);
void worker_help(front_output *output, const front_args *args);

#endif
