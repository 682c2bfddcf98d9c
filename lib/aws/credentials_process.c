/* A profile's credential_process: a program of the user's that writes keys. */
#include "aws/credentials_provider.h"
#include "aws/process.h"
#include "aws/secret.h"
#include "base/error.h"

static ticker_status failed(const ti_process *process, const char *where, ticker_error *error)
{
    const char *program = process->arguments[0];

    if (process->signal != 0)
        (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "%s: \"%s\" was ended by signal %d", where, program,
                      process->signal);
    else
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s: \"%s\" ended with status %d", where, program,
                      process->exit_code);
    ti_error_hint(error, process->complained
                             ? "it wrote something to its standard error, which may hold secrets and is not shown: run "
                               "the command by hand to see it"
                             : "it said nothing about it: run the command by hand");
    return process->signal != 0 ? TICKER_RETRY : TICKER_FATAL;
}

static ticker_status read_output(const ti_process *process, const ti_buffer *output, const char *where,
                                 ti_credentials *credentials, ticker_error *error)
{
    ti_document document = {
        .token = "SessionToken", .version = true, .local = true, .source = "process", .where = where};
    ticker_status status;

    if (process->signal != 0 || process->exit_code > 0)
        return failed(process, where, error);
    status = ti_credentials_json(credentials, (ti_slice){output->data, output->size}, &document, error);
    if (status != TICKER_OK && process->complained)
        ti_error_hint(error, "the program wrote something to its standard error: run it by hand to see it");
    return status;
}

ticker_status ti_process_fetch(ti_lookup *lookup, const char *command, const char *where, ti_credentials *credentials,
                               ticker_error *error)
{
    ti_arguments arguments;
    ti_buffer output;
    ti_process process = {.max = TI_CREDENTIALS_ANSWER_MAX,
                          .timeout = TI_PROCESS_MILLISECONDS,
                          .interrupted = lookup->setup->interrupted,
                          .payload = lookup->setup->interrupted_payload};
    ticker_status status = ti_arguments_split(command, &arguments, error);

    process.arguments = arguments.words;
    if (!ti_secret_init(&output, process.max) && status == TICKER_OK)
        status = ti_fail_memory(error);
    if (status == TICKER_OK)
        status = ti_process_run(&process, &output, error);
    if (status == TICKER_OK)
        status = read_output(&process, &output, where, credentials, error);
    ti_secret_wipe(&output);
    ti_arguments_wipe(&arguments);
    return status;
}
