/* Options by name. ONE table in the library says which exist; flags, configuration file, environment, --help and the
 * manual are all made from it. */
#ifndef TICKERIMPORT_OPTIONS_H
#define TICKERIMPORT_OPTIONS_H

#include <tickerimport/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_options ticker_options;

/* A set with every option at its default; NULL when memory is short. ticker_options_free() accepts NULL.
 * One thread may change a set at a time; any number may read one that nobody changes. */
TICKER_API ticker_options *ticker_options_new(void);
TICKER_API void ticker_options_free(ticker_options *options);
/* Another set with the same values; NULL is copied as a set of defaults. NULL when memory is short. */
TICKER_API ticker_options *ticker_options_copy(const ticker_options *options);

/* Sets an option by its name ("on-error"). The value is checked against the option's type and range, and copied.
 * TICKER_FATAL with TICKER_ERROR_USAGE: no such option (the hint names the nearest one), or a value it cannot have;
 * with TICKER_ERROR_MEMORY: out of memory. On failure the old value stays. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_options_set(ticker_options *options, const char *name,
                                                              const char *value, ticker_error *error);
/* The value as text, the default when never set, NULL for an unknown name. Lives until the option is set again. */
TICKER_API const char *ticker_options_get(const ticker_options *options, const char *name);

/* Walking the table: index 0 … ticker_option_count()-1. NULL (or 0) for an index outside it. Any thread. */
TICKER_API size_t ticker_option_count(void);
TICKER_API const char *ticker_option_name(size_t index);        /* "database-url" */
TICKER_API const char *ticker_option_environment(size_t index); /* "DATABASE_URL", or NULL */
TICKER_API const char *ticker_option_default(size_t index);     /* "" when there is none */
TICKER_API const char *ticker_option_argument(size_t index);    /* "URL", "skip|reject", NULL for a yes/no switch */
TICKER_API const char *ticker_option_help(size_t index);        /* one line */

#ifdef __cplusplus
}
#endif
#endif
