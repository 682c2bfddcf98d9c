/* Where a program's options come from: flags before the environment before the configuration file before the defaults.
 */
#ifndef FRONT_SETTINGS_H
#define FRONT_SETTINGS_H

#include <tickerimport.h>

#include "args.h"
#include "console.h"

/* Fills `options`. The configuration file is the flag --config, else the first that exists of
 * $XDG_CONFIG_HOME/ticker/config (or
 * ~/.config/ticker/config) and /etc/ticker/ticker.conf. False after saying what is wrong: the program ends with
 * FRONT_USAGE. */
bool front_settings_load(ticker_options *options, const front_args *args, front_console *console);

/* The environment's names that the programs share; ends with NULL. Those the running library has no option for are
 * accepted in the file, which serves all programs, and left to the program they are for. */
extern const char *const front_settings_shared[];

#endif
