#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "text.h"

#define REASONS_SHOWN 3

static int64_t number(const ticker_report *report, ticker_report_key key)
{
    return report != NULL ? ticker_report_integer(report, key) : TICKER_NULL;
}

static const char *text(const ticker_report *report, ticker_report_key key)
{
    const char *value = report != NULL ? ticker_report_text(report, key) : NULL;

    return value != NULL ? value : "";
}

/* Why it failed, "" when it did not. */
static const char *why(const ticker_report *report, const ticker_error *error, char *line, size_t size)
{
    if (report != NULL)
        return text(report, TICKER_REPORT_ERROR);
    if (ticker_error_hint(error)[0] != '\0')
        (void)snprintf(line, size, "%s; %s", ticker_error_message(error), ticker_error_hint(error));
    else
        (void)snprintf(line, size, "%s", ticker_error_message(error));
    return line;
}

/* What cannot be known before there is a report: all but the file's size. */
static int64_t file_bytes(const cli_input *input, const ticker_report *report)
{
    int64_t bytes = number(report, TICKER_REPORT_BYTES);

    return bytes == TICKER_NULL && input->bytes >= 0 ? input->bytes : bytes;
}

static void print(cli_context *cli, front_json *json)
{
    const char *line = front_json_line(json);

    if (line == NULL)
        front_error(&cli->console, "out of memory");
    else
        (void)front_output_line(&cli->output, line);
    front_json_free(json);
}

void cli_report_import_json(cli_context *cli, const cli_input *input, const ticker_report *report,
                            const ticker_error *error)
{
    int64_t records = number(report, TICKER_REPORT_RECORDS), rejected = number(report, TICKER_REPORT_REJECTED);
    int64_t imported = number(report, TICKER_REPORT_IMPORTED);
    front_json *json = front_json_object();
    char line[FRONT_MESSAGE_MAX];

    front_json_text(json, "file", input->path);
    front_json_text_or_null(json, "format", text(report, TICKER_REPORT_FORMAT));
    front_json_text_or_null(json, "sha256", text(report, TICKER_REPORT_SHA256));
    front_json_integer_or_null(json, "bytes", file_bytes(input, report));
    front_json_integer_or_null(json, "records",
                               records != TICKER_NULL && rejected != TICKER_NULL ? records + rejected : TICKER_NULL);
    front_json_integer(json, "imported", imported != TICKER_NULL ? imported : 0);
    front_json_integer_or_null(json, "rejected", rejected);
    front_json_text_or_null(json, "first_date", text(report, TICKER_REPORT_FIRST_DATE));
    front_json_text_or_null(json, "last_date", text(report, TICKER_REPORT_LAST_DATE));
    front_json_text(json, "status", report != NULL ? text(report, TICKER_REPORT_STATUS) : "failed");
    front_json_integer_or_null(json, "import_id", number(report, TICKER_REPORT_IMPORT_ID));
    if (number(report, TICKER_REPORT_MICROSECONDS) != TICKER_NULL)
        front_json_seconds(json, "seconds", number(report, TICKER_REPORT_MICROSECONDS));
    else
        front_json_null(json, "seconds");
    front_json_text_or_null(json, "error", why(report, error, line, sizeof line));
    front_json_text_or_null(json, "member", text(report, TICKER_REPORT_MEMBER));
    front_json_integer_or_null(json, "repaired", number(report, TICKER_REPORT_REPAIRED));
    front_json_integer_or_null(json, "superseded", number(report, TICKER_REPORT_SUPERSEDED));
    front_json_integer_or_null(json, "replaced", number(report, TICKER_REPORT_REPLACED));
    if (report != NULL)
        front_json_stages(json, report);
    else
        front_json_null(json, "stages");
    print(cli, json);
}

/* A report's error begins with the file's name. Returns what stands after that; the whole text when it does not. */
static const char *after_name(const ticker_report *report)
{
    const char *error = text(report, TICKER_REPORT_ERROR), *file = text(report, TICKER_REPORT_FILE);
    size_t size = strlen(file);

    return size > 0 && strncmp(error, file, size) == 0 && error[size] == ':' ? error + size : error;
}

/* ":30" to 30 */
static const char *read_place(const char *at, uint64_t *number)
{
    const char *start = at;

    *number = 0;
    if (*at != ':')
        return start;
    for (at++; *at >= '0' && *at <= '9' && *number < UINT64_MAX / 100; at++)
        *number = *number * 10 + (uint64_t)(*at - '0');
    return at > start + 1 && *at == ':' ? at : start;
}

/* Takes "FILE:30:2: why" apart, as a problem of its own. */
static const char *split_error(const ticker_report *report, uint64_t *line, uint64_t *column)
{
    const char *at = after_name(report);

    if (*at != ':')
        return at;
    at = read_place(at, line);
    at = read_place(at, column);
    at++;
    return *at == ' ' ? at + 1 : at;
}

static front_json *one_problem(uint64_t line, uint64_t column, const char *reason)
{
    front_json *json = front_json_object();

    front_json_integer_or_null(json, "line", line > 0 ? (int64_t)line : TICKER_NULL);
    front_json_integer_or_null(json, "column", column > 0 ? (int64_t)column : TICKER_NULL);
    front_json_text(json, "reason", reason);
    return json;
}

/* The problems of the file, and why it is refused unless that is one of them. */
static front_json *problems(const ticker_report *report, const ticker_error *error, const char *refusal)
{
    size_t count = report != NULL ? ticker_report_problem_count(report) : 0;
    front_json *list = front_json_list();
    uint64_t line = ticker_error_line(error), column = ticker_error_column(error);
    bool told = refusal[0] == '\0';

    for (size_t i = 0; i < count; i++) {
        uint64_t problem_line = 0, problem_column = 0;
        const char *reason = ticker_report_problem(report, i, &problem_line, &problem_column);

        if (reason == NULL)
            break;
        front_json_append(list, one_problem(problem_line, problem_column, reason));
        told = told || strstr(refusal, reason) != NULL;
    }
    if (report != NULL)
        refusal = split_error(report, &line, &column);
    if (!told)
        front_json_append(list, one_problem(line, column, refusal));
    return list;
}

static front_json *markets(const ticker_report *report)
{
    size_t count = report != NULL ? ticker_report_market_count(report) : 0;
    front_json *json = front_json_object();

    for (size_t i = 0; i < count; i++) {
        int64_t records = 0;
        const char *code = ticker_report_market(report, i, &records);

        if (code != NULL)
            front_json_integer(json, code, records);
    }
    return json;
}

void cli_report_inspect_json(cli_context *cli, const cli_input *input, const ticker_report *report,
                             const ticker_error *error)
{
    const char *turnover = text(report, TICKER_REPORT_TURNOVER), *refusal;
    front_json *json = front_json_object();
    char line[FRONT_MESSAGE_MAX];

    refusal = why(report, error, line, sizeof line);
    front_json_text(json, "file", input->path);
    front_json_text_or_null(json, "format", text(report, TICKER_REPORT_FORMAT));
    front_json_text_or_null(json, "member", text(report, TICKER_REPORT_MEMBER));
    front_json_integer_or_null(json, "bytes", file_bytes(input, report));
    front_json_integer(json, "records", report != NULL ? number(report, TICKER_REPORT_RECORDS) : 0);
    front_json_integer(json, "rejected", report != NULL ? number(report, TICKER_REPORT_REJECTED) : 0);
    front_json_text_or_null(json, "first_date", text(report, TICKER_REPORT_FIRST_DATE));
    front_json_text_or_null(json, "last_date", text(report, TICKER_REPORT_LAST_DATE));
    front_json_integer(json, "tickers", report != NULL ? number(report, TICKER_REPORT_TICKERS) : 0);
    front_json_put(json, "markets", markets(report));
    front_json_integer(json, "trades", report != NULL ? number(report, TICKER_REPORT_TRADES) : 0);
    front_json_integer(json, "volume", report != NULL ? number(report, TICKER_REPORT_VOLUME) : 0);
    front_json_text(json, "turnover", turnover[0] != '\0' ? turnover : "0.00");
    front_json_integer_or_null(json, "declared_records", number(report, TICKER_REPORT_DECLARED));
    front_json_boolean(json, "complete", number(report, TICKER_REPORT_COMPLETE) == 1);
    front_json_put(json, "errors", problems(report, error, refusal));
    front_json_text_or_null(json, "sha256", text(report, TICKER_REPORT_SHA256));
    front_json_integer_or_null(json, "member_bytes", number(report, TICKER_REPORT_MEMBER_BYTES));
    front_json_integer(json, "repaired", report != NULL ? number(report, TICKER_REPORT_REPAIRED) : 0);
    front_json_text(json, "status", report != NULL ? text(report, TICKER_REPORT_STATUS) : "failed");
    front_json_text_or_null(json, "error", refusal);
    print(cli, json);
}

void cli_report_name(const ticker_report *report, char *name, size_t size)
{
    char file[TICKER_NAME_MAX], member[TICKER_NAME_MAX];

    (void)front_text_clean(text(report, TICKER_REPORT_FILE), file, sizeof file);
    (void)front_text_clean(text(report, TICKER_REPORT_MEMBER), member, sizeof member);
    if (member[0] != '\0')
        (void)snprintf(name, size, "%s (%s)", file, member);
    else
        (void)snprintf(name, size, "%s", file);
}

void cli_report_failure(cli_context *cli, const ticker_report *report)
{
    const char *error = text(report, TICKER_REPORT_ERROR), *rest = after_name(report);
    char name[2 * TICKER_NAME_MAX + 4];

    if (rest == error) {
        front_error(&cli->console, "%s", error);
        return;
    }
    cli_report_name(report, name, sizeof(name));
    front_error(&cli->console, "%s%s", name, rest);
}

void cli_report_days(const ticker_report *report, char *days, size_t size)
{
    const char *first = text(report, TICKER_REPORT_FIRST_DATE), *last = text(report, TICKER_REPORT_LAST_DATE);

    if (strcmp(first, last) == 0)
        (void)snprintf(days, size, "%s", first);
    else
        (void)snprintf(days, size, "%s to %s", first, last);
}

static void one_line(const ticker_report *report, size_t index, char *line, size_t size)
{
    uint64_t row = 0, column = 0;
    const char *reason = ticker_report_problem(report, index, &row, &column);

    if (row == 0)
        (void)snprintf(line, size, "%s", reason != NULL ? reason : "");
    else if (column == 0)
        (void)snprintf(line, size, "line %" PRIu64 ": %s", row, reason != NULL ? reason : "");
    else
        (void)snprintf(line, size, "line %" PRIu64 ", column %" PRIu64 ": %s", row, column,
                       reason != NULL ? reason : "");
}

void cli_report_superseded(cli_context *cli, const ticker_report *report)
{
    int64_t superseded = number(report, TICKER_REPORT_SUPERSEDED), replaced = number(report, TICKER_REPORT_REPLACED);
    char name[2 * TICKER_NAME_MAX + 4], few[FRONT_NUMBER_MAX], many[FRONT_NUMBER_MAX];

    if (superseded <= 0 && replaced <= 0)
        return;
    cli_report_name(report, name, sizeof name);
    (void)front_text_count(superseded, few);
    (void)front_text_count(replaced, many);
    front_note(&cli->console,
               "%s: %s of its quotes gave way to better ones, and %s of other imports to its own: see '" CLI_PROGRAM
               " imports %" PRId64 "'",
               name, few, many, number(report, TICKER_REPORT_IMPORT_ID));
}

void cli_report_problems(cli_context *cli, const ticker_report *report)
{
    size_t count = ticker_report_problem_count(report), used = 0;
    int64_t rejected = number(report, TICKER_REPORT_REJECTED), import_id = number(report, TICKER_REPORT_IMPORT_ID);
    char rest[FRONT_NUMBER_MAX + 40] = "";
    char name[2 * TICKER_NAME_MAX + 4], reasons[2048] = "", line[512], many[FRONT_NUMBER_MAX + 32] = "";

    cli_report_name(report, name, sizeof name);
    if (count == 0 && rejected <= 0)
        return;
    if (rejected > 0)
        (void)snprintf(many, sizeof many, "%" PRId64 " %s rejected: ", rejected, rejected == 1 ? "row" : "rows");
    if (cli->console.verbose) {
        for (size_t i = 0; i < count; i++) {
            one_line(report, i, line, sizeof line);
            front_warning(&cli->console, "%s: %s", name, line);
        }
        count = 0;
    }
    for (size_t i = 0; i < count && i < REASONS_SHOWN; i++) {
        one_line(report, i, line, sizeof line);
        used += (size_t)snprintf(reasons + used, sizeof reasons - used, "%s%s", i > 0 ? "; " : "", line);
    }
    if (count > REASONS_SHOWN && import_id != TICKER_NULL)
        (void)snprintf(rest, sizeof(rest), "; and more, see '" CLI_PROGRAM " imports %" PRId64 "'", import_id);
    else if (count > REASONS_SHOWN)
        (void)snprintf(rest, sizeof(rest), "; and more, see --verbose");
    if (!cli->console.verbose)
        front_warning(&cli->console, "%s: %s%s%s", name, many, reasons, rest);
}
