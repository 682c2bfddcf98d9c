#include "exit.h"

front_exit front_exit_of(const ticker_error *error)
{
    ticker_status status = ticker_error_status(error);
    ticker_error_kind kind = ticker_error_get_kind(error);

    if (status == TICKER_OK || status == TICKER_DONE || status == TICKER_WARN)
        return FRONT_OK;
    if (kind == TICKER_ERROR_CANCELLED)
        return FRONT_INTERRUPTED;
    if (kind == TICKER_ERROR_SERVICE)
        return FRONT_UNREACHABLE;
    if (kind == TICKER_ERROR_USAGE || kind == TICKER_ERROR_UNSUPPORTED)
        return FRONT_USAGE;
    /* A database that is newer than the library, say: no input would work. */
    if (status == TICKER_FATAL && kind == TICKER_ERROR_DATABASE)
        return FRONT_USAGE;
    return FRONT_FAILED;
}

front_exit front_exit_worse(front_exit a, front_exit b)
{
    /* The codes are ordered: an interruption hides everything, a dead service hides wrong files. */
    return a > b ? a : b;
}
