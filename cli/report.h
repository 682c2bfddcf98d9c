/* What import and inspect say about a file: JSON objects, and words about its problems. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli.h"
#include "inputs.h"

/* One line of JSON on standard output. `report` NULL: the file failed before there was anything to report; `error` says
 * why. */
void cli_report_import_json(cli_context *cli, const cli_input *input, const ticker_report *report,
                            const ticker_error *error);
void cli_report_inspect_json(cli_context *cli, const cli_input *input, const ticker_report *report,
                             const ticker_error *error);

/* Says why a member was refused: "FILE (MEMBER):line:column: message; hint". */
void cli_report_failure(cli_context *cli, const ticker_report *report);

/* "FILE" or "FILE (MEMBER)", safe for a terminal. */
void cli_report_name(const ticker_report *report, char *text, size_t size);
/* "2021-06-25", "2021-06-25 to 2021-06-28", "" */
void cli_report_days(const ticker_report *report, char *text, size_t size);
/* Says how many quotes gave way to better ones, when some did. */
void cli_report_superseded(cli_context *cli, const ticker_report *report);
/* Warns of rejected rows and of what else is odd: how many and the first few; all that are known when verbose. */
void cli_report_problems(cli_context *cli, const ticker_report *report);

#endif
