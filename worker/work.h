/* The worker while it works: its consumer, its listener, its signals, and what systemd is told. */
#ifndef WORKER_WORK_H
#define WORKER_WORK_H

#include <tickerimport.h>

#include "args.h"
#include "console.h"
#include "exit.h"

/* Reads the configuration anew, as it was read at the start. NULL after saying what is wrong. */
typedef ticker_options *(*work_read)(const front_args *args, front_console *console);

/* Works until it is stopped, or with the option "once" until the queue is empty. `signals`: of worker_signals_open(). */
front_exit work(const ticker_options *options, const front_args *args, work_read read_again, int signals,
                front_console *console);

#endif
