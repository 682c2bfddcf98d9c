/* What of each request goes into the metrics. Labels come from tables, never from the request itself: nobody can make series. */
#include <string.h>

#include "server.h"

static const char *method_label(const char *method)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "PATCH"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], method) == 0)
            return known[i];
    return "other";
}

void count_begin(server *s)
{
    ticker_series_add(s->in_flight, 1);
}

void count_end(server *s, const exchange *x, int64_t duration)
{
    const request *r = x->route;
    unsigned status = x->status >= 100 && x->status <= 999 ? (unsigned)x->status : 0;
    char digits[4] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10), (char)('0' + status % 10), '\0'};
    const char *labels[] = {method_label(x->method), r != NULL && r->route != NULL ? r->route->pattern : "none",
                            digits};

    ticker_series_add(s->in_flight, -1);
    ticker_series_add(s->answer_bytes, x->sent <= INT64_MAX ? (int64_t)x->sent : INT64_MAX);
    ticker_series_add(ticker_metrics_series(s->metrics, TICKER_METRIC_HTTP_REQUESTS, labels, 3), 1);
    ticker_series_observe(ticker_metrics_series(s->metrics, TICKER_METRIC_HTTP_REQUEST_DURATION, labels, 2), duration);
}
