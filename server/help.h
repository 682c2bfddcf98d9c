/* What ticker-server says about itself. */
#ifndef SERVER_HELP_H
#define SERVER_HELP_H

#include "args.h"
#include "output.h"

void server_flags(front_args *args);
void server_help(front_output *output, const front_args *args);

#endif
