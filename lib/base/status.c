#include <tickerimport/status.h>

const char *ticker_status_name(ticker_status status)
{
    switch (status) {
    case TICKER_OK:
        return "TICKER_OK";
    case TICKER_DONE:
        return "TICKER_DONE";
    case TICKER_RETRY:
        return "TICKER_RETRY";
    case TICKER_WARN:
        return "TICKER_WARN";
    case TICKER_FAILED:
        return "TICKER_FAILED";
    case TICKER_FATAL:
        return "TICKER_FATAL";
    }
    return "unknown";
}
