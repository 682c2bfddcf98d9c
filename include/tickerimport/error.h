/* Why a call failed: message, place, and the other side's own code.
 *
 * The caller owns the error and passes it down; a call that fails fills it once and nothing overwrites it until
 * ticker_error_clear(). Filling it allocates nothing. Every function that takes a ticker_error accepts NULL.
 * One thread at a time. Returned strings live as long as the error and change with the next failing call. */
#ifndef TICKERIMPORT_ERROR_H
#define TICKERIMPORT_ERROR_H

#include <tickerimport/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_error ticker_error;

/* What kind of thing failed. Programs map it to their exit code. */
typedef enum ticker_error_kind {
    TICKER_ERROR_NONE = 0,
    TICKER_ERROR_USAGE = 1,       /* an argument, option or configuration value is wrong */
    TICKER_ERROR_MEMORY = 2,      /* out of memory */
    TICKER_ERROR_IO = 3,          /* a local file could not be read or written */
    TICKER_ERROR_INPUT = 4,       /* the bytes are not what they should be */
    TICKER_ERROR_LIMIT = 5,       /* a documented limit was passed */
    TICKER_ERROR_SERVICE = 6,     /* a service could not be reached or is shutting down */
    TICKER_ERROR_DATABASE = 7,    /* the database refused */
    TICKER_ERROR_CANCELLED = 8,   /* the caller's callback asked to stop */
    TICKER_ERROR_UNSUPPORTED = 9, /* this build or this backend cannot do it */
    TICKER_ERROR_INTERNAL = 10    /* a defect of the library: please report it */
} ticker_error_kind;

/* A new, empty error; NULL when memory is short. Free it with ticker_error_free(), which accepts NULL. */
TICKER_API ticker_error *ticker_error_new(void);
TICKER_API void ticker_error_free(ticker_error *error);

/* Empties the error so that it can be filled again. */
TICKER_API void ticker_error_clear(ticker_error *error);

/* Fills an empty error from a callback of the caller's own (a source, a progress function). `message` is copied and cut
 * at TICKER_ERROR_MESSAGE_MAX bytes. A filled error stays as it is. Returns `status`, so that a callback can end with it. */
TICKER_API ticker_status ticker_error_set(ticker_error *error, ticker_status status, ticker_error_kind kind,
                                          const char *message);

TICKER_API ticker_status ticker_error_status(const ticker_error *error);
TICKER_API ticker_error_kind ticker_error_get_kind(const ticker_error *error);
/* What happened and why, in one English sentence without a newline; "" when empty. Message and hint are UTF-8: what they quote of the
 * input and is not, shows as U+FFFD. */
TICKER_API const char *ticker_error_message(const ticker_error *error);
/* What the user can do about it; "" when there is nothing particular to say. */
TICKER_API const char *ticker_error_hint(const ticker_error *error);
/* File name, URL or archive member the failure belongs to; "" when none. */
TICKER_API const char *ticker_error_file(const ticker_error *error);
/* 1-based line and column and 0-based byte offset of the decompressed input; 0 / 0 / -1 when unknown. */
TICKER_API uint64_t ticker_error_line(const ticker_error *error);
TICKER_API uint64_t ticker_error_column(const ticker_error *error);
TICKER_API int64_t ticker_error_offset(const ticker_error *error);
/* PostgreSQL's five-character SQLSTATE, or "" . */
TICKER_API const char *ticker_error_sqlstate(const ticker_error *error);
/* HTTP status of the answer that failed, or 0; the AWS error code of it, or "". */
TICKER_API int ticker_error_http_status(const ticker_error *error);
TICKER_API const char *ticker_error_aws_code(const ticker_error *error);

/* Writes one line for people: "file:line:column: message; hint". Always ends with NUL when `size` > 0.
 * Returns the length the whole line has, without the NUL, as snprintf does. */
TICKER_API size_t ticker_error_format(const ticker_error *error, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
