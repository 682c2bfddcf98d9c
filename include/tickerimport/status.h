/* What a call says and what the caller should do next. */
#ifndef TICKERIMPORT_STATUS_H
#define TICKERIMPORT_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TICKER_API __attribute__((visibility("default")))
#define TICKER_MUST_CHECK __attribute__((warn_unused_result))
#else
#define TICKER_API
#define TICKER_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A ladder: the lower the number, the less sense it makes to go on.
 * A caller that does not know a value rounds it down to the next one it knows. */
typedef enum ticker_status {
    TICKER_OK = 0,       /* done as asked */
    TICKER_DONE = 1,     /* nothing more to deliver: end of input, end of rows */
    TICKER_RETRY = -10,  /* nothing was changed; the same call may succeed later (service down, lock, cancelled) */
    TICKER_WARN = -20,   /* done, but some rows were rejected: look at the report */
    TICKER_FAILED = -25, /* this input will never work as it is */
    TICKER_FATAL = -30   /* configuration or programming error: no input will work */
} ticker_status;

/* The constant's name ("TICKER_RETRY"), or "unknown". Never NULL. Any thread. */
TICKER_API const char *ticker_status_name(ticker_status status);

#ifdef __cplusplus
}
#endif
#endif
