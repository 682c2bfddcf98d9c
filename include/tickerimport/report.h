/* What was found in one input and what was done with it. Borrowed: see who hands it out. */
#ifndef TICKERIMPORT_REPORT_H
#define TICKERIMPORT_REPORT_H

#include <tickerimport/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_report ticker_report;

typedef enum ticker_report_key {
    /* text */
    TICKER_REPORT_FILE = 1,   /* the name the source was given */
    TICKER_REPORT_MEMBER,     /* the archive member's name; "" when the file is not an archive */
    TICKER_REPORT_FORMAT,     /* "cotahist", "trades", "neg", "consolidated", "bvbg086"; "" when not recognised */
    TICKER_REPORT_SHA256,     /* of the file's bytes as stored (the archive's, when it is one), 64 hex digits */
    TICKER_REPORT_STATUS,     /* "imported", "duplicate", "failed", "checked" */
    TICKER_REPORT_ERROR,      /* why it failed, one line; "" otherwise */
    TICKER_REPORT_FIRST_DATE, /* earliest and latest trading day, ISO; "" when there is no record */
    TICKER_REPORT_LAST_DATE,
    TICKER_REPORT_TURNOVER, /* exact sum, a decimal with at least two digits after the point */
    /* integers */
    TICKER_REPORT_BYTES = 32,   /* of the file as stored */
    TICKER_REPORT_MEMBER_BYTES, /* of the decompressed member */
    TICKER_REPORT_LINES,
    TICKER_REPORT_RECORDS,      /* data records that could be read (no header, no trailer) */
    TICKER_REPORT_REJECTED,     /* data records that could not */
    TICKER_REPORT_IMPORTED,     /* rows stored */
    TICKER_REPORT_TICKERS,      /* different tickers */
    TICKER_REPORT_TRADES,       /* sum of the trade counts; for trades files the rows that are not cancellations */
    TICKER_REPORT_VOLUME,       /* sum of units; for trades files over the rows that are not cancellations */
    TICKER_REPORT_DECLARED,     /* what the trailer says; TICKER_NULL when there is none */
    TICKER_REPORT_COMPLETE,     /* 1 when header, trailer and counts agree; 0 when an import refuses it without force */
    TICKER_REPORT_IMPORT_ID,    /* the ledger row; TICKER_NULL when nothing was stored */
    TICKER_REPORT_MICROSECONDS, /* wall time spent */
    TICKER_REPORT_REPAIRED,     /* records kept after reading an unreadable PRAZOT as blank */
    /* Where that time went, in microseconds too; 0 for what was not done. What is missing went to the ledger and to waiting between. */
    TICKER_REPORT_READING,    /* waiting for the source, decompressing and hashing it */
    TICKER_REPORT_PARSING,    /* making rows of its bytes, and their totals */
    TICKER_REPORT_LOADING,    /* handing rows to the database, and waiting for imports of the same days */
    TICKER_REPORT_SETTLING,   /* keys, replacing rows that were there, the quotes that trades make */
    TICKER_REPORT_COMMITTING, /* ledger, instruments and the commit; of few rows the writing itself */
    TICKER_REPORT_TELLING,    /* telling the cache */
    /* Quotes that gave way to better ones of the same ticker and day (see ticker-database(5)). */
    TICKER_REPORT_SUPERSEDED, /* quotes of this file, or made from its trades, that were not taken */
    TICKER_REPORT_REPLACED    /* quotes of other imports whose place those of this one took */
} ticker_report_key;

/* The text of a text key, the number of an integer key. NULL / TICKER_NULL for a key of the other kind or an unknown one.
 * The text lives as long as the report. */
TICKER_API const char *ticker_report_text(const ticker_report *report, ticker_report_key key);
TICKER_API int64_t ticker_report_integer(const ticker_report *report, ticker_report_key key);

/* The first TICKER_PROBLEMS_MAX problems: rejected rows, and notices that did not cost a row (line 0 when they concern the whole
 * file). `line`, `column` are 1-based and may be NULL. The reason is one line of UTF-8: what it
 * quotes of the file and is not, shows as U+FFFD. NULL when `index` is outside. */
TICKER_API size_t ticker_report_problem_count(const ticker_report *report);
TICKER_API const char *ticker_report_problem(const ticker_report *report, size_t index, uint64_t *line,
                                             uint64_t *column);

/* Records by market code, in the order of the codes. The code, or NULL when `index` is outside. */
TICKER_API size_t ticker_report_market_count(const ticker_report *report);
TICKER_API const char *ticker_report_market(const ticker_report *report, size_t index, int64_t *records);

#ifdef __cplusplus
}
#endif
#endif
