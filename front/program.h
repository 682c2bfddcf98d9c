/* What a program without commands (ticker-server, ticker-worker) says about itself. Its name is the console's. */
#ifndef FRONT_PROGRAM_H
#define FRONT_PROGRAM_H

#include <stdbool.h>

#include "args.h"
#include "output.h"

/* `about` goes on after the program's name, in one sentence; `notes` stand behind the flags. */
void front_program_help(front_output *output, const front_args *args, const char *about, const char *notes);
void front_program_version(front_output *output);
/* A script that completes the flags in "bash", "zsh" or "fish". False: there is none for such a shell. */
bool front_program_completion(front_output *output, const front_args *args, const char *shell);

#endif
