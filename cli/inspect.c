/* ticker-cli inspect: what a file holds, without storing it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "inputs.h"
#include "interrupt.h"
#include "progress.h"
#include "remote.h"
#include "report.h"
#include "text.h"

typedef struct inspection {
    cli_context *cli;
    front_progress *progress;
    ticker_error *error;
    const cli_input *input;
    bool json;
    size_t reports;
} inspection;

static int on_progress(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    inspection *self = payload;

    (void)bytes;
    front_progress_update(self->progress, 0, position, records);
    return front_interrupted() ? 1 : 0;
}

static void line(inspection *self, const char *label, const char *value)
{
    char text[2 * TICKER_NAME_MAX + 64];

    (void)snprintf(text, sizeof text, "  %-12s %s", label, value);
    (void)front_output_line(&self->cli->output, text);
}

static void count_line(inspection *self, const char *label, int64_t value)
{
    char text[FRONT_NUMBER_MAX];

    if (value != TICKER_NULL)
        line(self, label, front_text_count(value, text));
}

static void show_markets(inspection *self, const ticker_report *report)
{
    char text[1000], count[FRONT_NUMBER_MAX];
    size_t used = 0;

    for (size_t i = 0; i < ticker_report_market_count(report); i++) {
        int64_t records = 0;
        const char *code = ticker_report_market(report, i, &records);

        if (code == NULL || used + strlen(code) + FRONT_NUMBER_MAX >= sizeof text)
            break;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s: %s", i > 0 ? "  " : "", code,
                                 front_text_count(records, count));
    }
    if (used > 0)
        line(self, "markets", text);
}

static void show(inspection *self, const ticker_report *report)
{
    const char *format = ticker_report_text(report, TICKER_REPORT_FORMAT);
    const char *failure = ticker_report_text(report, TICKER_REPORT_ERROR);
    bool complete = ticker_report_integer(report, TICKER_REPORT_COMPLETE) == 1;
    char text[2 * TICKER_NAME_MAX + 4];

    cli_report_name(report, text, sizeof text);
    (void)front_output_line(&self->cli->output, text);
    line(self, "format", format[0] != '\0' ? format : "not recognised");
    line(self, "sha256", ticker_report_text(report, TICKER_REPORT_SHA256));
    count_line(self, "bytes", ticker_report_integer(report, TICKER_REPORT_BYTES));
    if (format[0] != '\0') {
        count_line(self, "records", ticker_report_integer(report, TICKER_REPORT_RECORDS));
        count_line(self, "rejected", ticker_report_integer(report, TICKER_REPORT_REJECTED));
        count_line(self, "declared", ticker_report_integer(report, TICKER_REPORT_DECLARED));
        cli_report_days(report, text, sizeof text);
        line(self, "days", text);
        count_line(self, "tickers", ticker_report_integer(report, TICKER_REPORT_TICKERS));
        show_markets(self, report);
        count_line(self, "trades", ticker_report_integer(report, TICKER_REPORT_TRADES));
        count_line(self, "volume", ticker_report_integer(report, TICKER_REPORT_VOLUME));
        line(self, "turnover", ticker_report_text(report, TICKER_REPORT_TURNOVER));
    }
    line(self, "complete", complete && failure[0] == '\0' ? "yes" : "no: an import would refuse it");
}

static void on_report(const ticker_report *report, void *payload)
{
    inspection *self = payload;
    bool failed = strcmp(ticker_report_text(report, TICKER_REPORT_STATUS), "failed") == 0;

    self->reports++;
    if (self->json)
        cli_report_inspect_json(self->cli, self->input, report, NULL);
    else
        show(self, report);
    if (failed)
        cli_report_failure(self->cli, report);
    else
        cli_report_problems(self->cli, report);
}

static front_exit inspect_one(inspection *self)
{
    ticker_import_events events = {
        .size = sizeof events, .progress = on_progress, .report = on_report, .payload = self};
    ticker_source *source = NULL;
    ticker_status status;

    ticker_error_clear(self->error);
    self->reports = 0;
    status = cli_input_open(self->cli, self->input, &source, self->error);
    if (status == TICKER_OK)
        status = ticker_inspect_source(source, self->cli->options, &events, self->error);
    if (status == TICKER_OK || status == TICKER_WARN)
        return FRONT_OK;
    if (front_interrupted() && status == TICKER_RETRY)
        return FRONT_INTERRUPTED;
    /* Members that were refused have been told of. */
    if (self->reports == 0 || status != TICKER_FAILED) {
        front_report(&self->cli->console, self->error, self->input->path);
        if (self->json)
            cli_report_inspect_json(self->cli, self->input, NULL, self->error);
    }
    return front_exit_of(self->error);
}

static front_exit inspect_all(inspection *self, const cli_inputs *inputs)
{
    front_exit result = FRONT_OK;

    for (size_t i = 0; i < inputs->count && result != FRONT_INTERRUPTED; i++) {
        if (front_interrupted())
            return FRONT_INTERRUPTED;
        self->input = &inputs->list[i];
        front_progress_begin(self->progress, 0, self->input->path);
        result = front_exit_worse(result, inspect_one(self));
        front_progress_end(self->progress, 0, self->input->bytes);
    }
    return result;
}

static front_exit run(cli_context *cli)
{
    inspection self = {.cli = cli, .json = front_args_given(&cli->args, "json")};
    cli_inputs inputs;
    front_exit result = cli_inputs_collect(cli, &inputs);

    self.error = ticker_error_new();
    if (self.error == NULL) {
        front_error(&cli->console, "out of memory");
        result = FRONT_FAILED;
    } else if (result != FRONT_USAGE && inputs.count > 0) {
        self.progress = front_progress_new(&cli->console, front_progress_word(front_args_value(&cli->args, "progress")),
                                           1, inputs.count, inputs.bytes);
        result = front_exit_worse(result, inspect_all(&self, &inputs));
        front_progress_free(self.progress);
    }
    ticker_error_free(self.error);
    cli_inputs_free(&inputs);
    return result;
}

static const char *const options[] = {
    "format",      "on-error",      "force",        "max-input-bytes",      "max-expansion-ratio",
    "max-nesting", CLI_AWS_OPTIONS, CLI_S3_OPTIONS, "s3-response-checksum", NULL};

static const front_flag flags[] = {
    {"json", 0, false, NULL, "print one JSON object a file, one a line, for scripts"},
    {"progress", 0, false, "auto|always|never", "the progress line on standard error; auto: only on a terminal"},
};

const cli_command cli_command_inspect = {
    .name = "inspect",
    .arguments = "FILE|DIR|s3://BUCKET/KEY|- ...",
    .complete = "FILE",
    .summary = "read and check files, store nothing",
    .text = "Shows what a file is and what it holds, with exact totals, and whether an import\n"
            "would take it. Ends with 1 when an import would refuse a file: it is not one of\n"
            "B3's, it is cut off, or its trailer disagrees with its records.\n",
    .examples = "  " CLI_PROGRAM " inspect COTAHIST_D25062021.ZIP\n"
                "  " CLI_PROGRAM " inspect --json *.zip | jq '{file, records, turnover}'\n",
    .options = options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .min = 1,
    .max = CLI_ANY,
    .run = run,
};
