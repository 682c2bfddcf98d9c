/* ticker-worker: settings in, signals heard; the work is done by the library's consumer. */
#include <locale.h>
#include <string.h>

#include "args.h"
#include "help.h"
#include "output.h"
#include "program.h"
#include "settings.h"
#include "signals.h"
#include "work.h"

static ticker_options *read_options(const front_args *args, front_console *console)
{
    ticker_options *options = ticker_options_new();

    if (options == NULL)
        front_error(console, "out of memory");
    else if (front_settings_load(options, args, console))
        return options;
    ticker_options_free(options);
    return NULL;
}

static void set_log(front_console *console, const ticker_options *options)
{
    const char *format = ticker_options_get(options, "log-format");

    console->json = format != NULL &&
                    (strcmp(format, "json") == 0 || (strcmp(format, "auto") == 0 && !console->terminal));
}

static front_exit run_worker(const front_args *args, front_console *console)
{
    ticker_options *options;
    bool verbose = console->verbose;
    front_exit result;
    int signals;

    /* What is wrong with the settings is told to people; all that comes later is the log, in its format. */
    console->verbose = false;
    options = read_options(args, console);
    if (options == NULL)
        return FRONT_USAGE;
    console->verbose = verbose;
    set_log(console, options);
    signals = worker_signals_open();
    if (signals >= 0) {
        result = work(options, args, read_options, signals, console);
    } else {
        front_error(console, "signals cannot be heard");
        result = FRONT_FAILED;
    }
    ticker_options_free(options);
    return result;
}

static front_exit run(front_args *args, front_output *output, front_console *console, int argc, char **argv)
{
    worker_flags(args);
    if (front_args_parse(args, argc, argv, 1, false, "try '" WORKER_PROGRAM " --help'", console) < 0)
        return FRONT_USAGE;
    console->quiet = front_args_given(args, "quiet");
    console->verbose = front_args_given(args, "verbose") && !console->quiet;
    if (front_args_given(args, "no-color"))
        console->color = false;
    if (front_args_given(args, "help")) {
        worker_help(output, args);
        return FRONT_OK;
    }
    if (front_args_given(args, "version")) {
        front_program_version(output);
        return FRONT_OK;
    }
    if (front_args_given(args, "completion"))
        return front_program_completion(output, args, front_args_value(args, "completion")) ? FRONT_OK : FRONT_USAGE;
    if (args->positional_count > 0) {
        front_error(console, "unknown argument \"%s\"; try '" WORKER_PROGRAM " --help'", args->positional[0]);
        return FRONT_USAGE;
    }
    return run_worker(args, console);
}

int main(int argc, char **argv)
{
    static front_console console;
    static front_output output;
    static front_args args;
    front_exit result;

    (void)setlocale(LC_CTYPE, "");
    front_console_init(&console, WORKER_PROGRAM);
    front_output_init(&output, &console);
    front_args_init(&args);
    result = run(&args, &output, &console, argc, argv);
    result = front_exit_worse(result, front_output_end(&output));
    front_args_free(&args);
    front_console_free(&console);
    return (int)result;
}
