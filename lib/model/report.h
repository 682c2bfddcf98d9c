/* Inside view of a report: what a parser counts, what a tally sums up, what an import adds. */
#ifndef TI_MODEL_REPORT_H
#define TI_MODEL_REPORT_H

#include <stdbool.h>

#include <tickerimport/limits.h>
#include <tickerimport/report.h>

#include "base/buffer.h"
#include "base/date.h"
#include "base/hash.h"
#include "base/number.h"
#include "model/batch.h"

#define TI_REASON_MAX 160
#define TI_REFUSAL_HINT "fetch the file again, or import what there is with 'ticker-cli import --force'"

typedef struct ti_problem {
    uint64_t line, column;
    char reason[TI_REASON_MAX];
} ti_problem;

/* Where an import's time goes, in the order of TICKER_REPORT_READING and on. */
typedef enum ti_stage {
    TI_STAGE_READING = 0,
    TI_STAGE_PARSING,
    TI_STAGE_LOADING,
    TI_STAGE_SETTLING,
    TI_STAGE_COMMITTING,
    TI_STAGE_TELLING,
    TI_STAGES
} ti_stage;

struct ticker_report {
    char file[TICKER_NAME_MAX], member[TICKER_NAME_MAX];
    char format[16], sha256[TI_SHA256_TEXT_MAX], status[16];
    char error[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];
    char first_text[TI_DATE_TEXT_MAX], last_text[TI_DATE_TEXT_MAX], turnover_text[TI_NUMBER_TEXT_MAX];
    int64_t first_date, last_date; /* TICKER_NULL: no record */
    int64_t bytes, member_bytes, lines, records, rejected, repaired, imported, tickers, trades, volume;
    int64_t declared, import_id, microseconds; /* TICKER_NULL: unknown */
    /* When the exchange took the picture of the day that the file is, in milliseconds since 1970 by its own clock; 0: the file does not
     * say. Set by a parser before its first batch. Of several pictures the latest one stands for each ticker and day. */
    int64_t snapshot;
    int64_t superseded, replaced; /* quotes that gave way: of this file to better ones, and of others to this file's */
    int64_t stages[TI_STAGES];    /* microseconds */
    char refusal[TI_REASON_MAX];  /* why an import without force refuses the file; "" when it does not */
    uint64_t refusal_line;
    bool complete, totals_overflow;
    ti_int128 turnover; /* millionths */
    struct {
        int64_t records;
        char code[4];
    } markets[TICKER_MARKETS_MAX]; /* by the code's number */
    ti_problem problems[TICKER_PROBLEMS_MAX];
    size_t problem_count;
};

/* Makes it empty for another member of `file`. */
void ti_report_reset(ticker_report *report, const char *file, const char *member);
/* Keeps a problem while there is room; the caller counts. `line` 0: the whole file. */
void ti_report_add_problem(ticker_report *report, uint64_t line, uint64_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Counts a record that could not be read and keeps why. */
void ti_report_reject(ticker_report *report, uint64_t line, uint64_t column, const char *reason);
/* Counts the rows of a batch and their dates. */
void ti_report_add_batch(ticker_report *report, const ticker_batch *batch);
/* Writes the texts that the numbers stand behind (dates, turnover). */
void ti_report_finish(ticker_report *report);
/* The problems as a JSON array of {"line","column","reason"}. */
bool ti_report_problems_json(const ticker_report *report, ti_buffer *json);

#endif
