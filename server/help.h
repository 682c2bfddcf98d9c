/* What ticker-server says about itself. */
#ifndef SERVER_HELP_H
#define SERVER_HELP_H

#include <stdbool.h>

#include "args.h"
#include "output.h"

void server_flags(front_args *args);
void server_help(front_output *output, const front_args *args);
void server_version(front_output *output);
/* A script that completes the flags in "bash", "zsh" or "fish". False: there is none for such a shell. */
bool server_completion(front_output *output, const front_args *args, const char *shell);

#endif
