#include "aws/retry.h"

#include "base/clock.h"
#include "base/number.h"

#define COST 5
#define TIMEOUT_COST 10
#define BASE 100

void ti_retry_init(ti_retry *retry, ti_retry_mode mode, int64_t now)
{
    retry->mode = mode;
    retry->tokens = TI_RETRY_TOKENS;
    ti_limiter_init(&retry->limiter, now);
}

bool ti_retry_take(ti_retry *retry, ti_failure failure, int *taken)
{
    int cost = failure == TI_FAILURE_TIMEOUT ? TIMEOUT_COST : COST;

    if (retry->mode == TI_RETRY_LEGACY)
        cost = 0;
    if (retry->tokens < cost)
        return false;
    retry->tokens -= cost;
    *taken = cost;
    return true;
}

void ti_retry_success(ti_retry *retry, int taken)
{
    retry->tokens += taken > 0 ? taken : 1;
    if (retry->tokens > TI_RETRY_TOKENS)
        retry->tokens = TI_RETRY_TOKENS;
}

/* What the server asks for: seconds or a date, or AWS's own header in milliseconds. */
static int64_t asked_wait(const ti_http_response *response, int64_t now)
{
    ti_slice text = ti_http_response_header(response, "x-amz-retry-after");
    int64_t wait;

    if (ti_parse_integer(text, false, &wait))
        return wait;
    text = ti_http_response_header(response, "Retry-After");
    if (ti_parse_integer(text, false, &wait))
        return wait < TI_RETRY_WAIT_MAX ? wait * 1000 : TI_RETRY_WAIT_MAX;
    if (ti_time_parse_http(text, &wait))
        return wait - (response->date != 0 ? response->date : now);
    return 0;
}

int64_t ti_retry_wait(unsigned attempt, uint64_t random, const ti_http_response *response, int64_t now)
{
    int64_t most = attempt < 9 ? (int64_t)BASE << (attempt - 1) : TI_RETRY_WAIT_MAX, wait, asked;

    most = most < TI_RETRY_WAIT_MAX ? most : TI_RETRY_WAIT_MAX;
    wait = (int64_t)(random % (uint64_t)(most + 1));
    asked = asked_wait(response, now);
    wait = asked > wait ? asked : wait;
    return wait < TI_RETRY_WAIT_MAX ? wait : TI_RETRY_WAIT_MAX;
}
