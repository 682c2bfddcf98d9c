/* How providers ask: a few attempts, answers that hold keys wiped. */
#include <string.h>

#include "aws/credentials_provider.h"
#include "aws/secret.h"
#include "base/error.h"

#define PAUSE 200 /* milliseconds before the second attempt, doubled for each further one */

void ti_response_wipe(ti_http_response *response)
{
    ti_secret_wipe(&response->body);
    ti_secret_wipe(&response->headers);
    ti_http_response_free(response);
}

bool ti_response_passing(const ti_http_response *response)
{
    return response->status >= 500 || response->status == 429;
}

static ticker_status one_attempt(ti_lookup *lookup, const ti_http_request *request, ti_http_response *response,
                                 ticker_error *error)
{
    ticker_status status;

    ti_http_response_init(response);
    /* All the room at once: growing would leave copies of keys behind. */
    if (ti_buffer_reserve(&response->body, request->max_body + 1) == NULL)
        return ti_fail_memory(error);
    status = lookup->setup->http->perform(lookup->setup->http->self, request, response, error);
    return status;
}

/* Says who could not be reached; the reason is HTTP's. */
static ticker_status unreachable(const char *who, ticker_status status, const ticker_error *why, ticker_error *error)
{
    if (why->kind == TICKER_ERROR_CANCELLED || why->kind == TICKER_ERROR_MEMORY) {
        ti_error_copy(error, why);
        return status;
    }
    (void)ti_fail(error, status, why->kind != TICKER_ERROR_NONE ? why->kind : TICKER_ERROR_SERVICE, "%s: %s", who,
                  why->message);
    if (why->hint[0] != '\0')
        ti_error_hint(error, "%s", why->hint);
    return status;
}

ticker_status ti_lookup_exchange(ti_lookup *lookup, const char *who, const ti_http_request *request, unsigned attempts,
                                 bool (*again)(const ti_http_response *response), ti_http_response *response,
                                 ticker_error *error)
{
    const ti_clock *clock = lookup->setup->clock;
    ticker_status status;
    ticker_error why;

    for (unsigned attempt = 1;; attempt++) {
        ti_error_init(&why);
        status = one_attempt(lookup, request, response, &why);
        if (status == TICKER_OK && !ti_response_passing(response) && (again == NULL || !again(response)))
            return status;
        if (attempt >= attempts || status < TICKER_RETRY || why.kind == TICKER_ERROR_CANCELLED)
            break;
        if (ti_lookup_interrupted(lookup))
            break;
        ti_response_wipe(response);
        clock->sleep(clock->self, PAUSE << (attempt - 1));
    }
    return status == TICKER_OK ? status : unreachable(who, status, &why, error);
}
