/* Inside view of ticker_error: fixed size, no allocation, the first failure wins. */
#ifndef TI_BASE_ERROR_H
#define TI_BASE_ERROR_H

#include <tickerimport/error.h>
#include <tickerimport/limits.h>

struct ticker_error {
    ticker_status status;
    ticker_error_kind kind;
    int http_status;
    uint64_t line, column;
    int64_t offset; /* -1: unknown */
    char message[TICKER_ERROR_MESSAGE_MAX];
    char hint[TICKER_ERROR_MESSAGE_MAX];
    char file[TICKER_NAME_MAX];
    char sqlstate[6];
    char aws_code[64];
};

void ti_error_init(ticker_error *error);

/* Fills an empty error (NULL is allowed) and returns `status`, so that a function can end with it. */
ticker_status ti_fail(ticker_error *error, ticker_status status, ticker_error_kind kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* TICKER_FATAL / TICKER_ERROR_MEMORY. */
ticker_status ti_fail_memory(ticker_error *error);

/* These add to an error that has been filled; what is there already stays. */
void ti_error_hint(ticker_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ti_error_file(ticker_error *error, const char *file);
/* Another name takes the place of what the file was called. */
void ti_error_rename(ticker_error *error, const char *file);
void ti_error_place(ticker_error *error, uint64_t line, uint64_t column, int64_t offset);
void ti_error_sqlstate(ticker_error *error, const char *sqlstate);
/* Status of the answer (0: none) and the AWS code in it ("" or NULL: none). */
void ti_error_http(ticker_error *error, int status, const char *aws_code);

/* Copies a filled error into an empty one. */
void ti_error_copy(ticker_error *to, const ticker_error *from);

#endif
