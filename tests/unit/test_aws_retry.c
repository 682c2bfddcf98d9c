/* When an attempt is made again: tokens, waits, and the rate of the adaptive mode. */
#include "support.h"

#include "aws/retry.h"
#include "base/clock.h"

#define NOW INT64_C(1795694400000) /* 2026-11-26T12:00:00Z */

START_TEST(tokens_run_out_and_come_back)
{
    ti_retry retry;
    int taken = 0, count = 0;

    ti_retry_init(&retry, TI_RETRY_STANDARD, 0);
    while (ti_retry_take(&retry, TI_FAILURE_TRANSIENT, &taken))
        count++;
    ck_assert_int_eq(count, 100);
    ck_assert_int_eq(taken, 5);
    ck_assert_int_eq(retry.tokens, 0);
    ti_retry_success(&retry, taken);
    ck_assert_int_eq(retry.tokens, 5);
    ck_assert(!ti_retry_take(&retry, TI_FAILURE_TIMEOUT, &taken)); /* costs ten */
    ck_assert(ti_retry_take(&retry, TI_FAILURE_THROTTLED, &taken));
    ti_retry_success(&retry, 0);
    ck_assert_int_eq(retry.tokens, 1);
    for (int i = 0; i < 1000; i++)
        ti_retry_success(&retry, 0);
    ck_assert_int_eq(retry.tokens, TI_RETRY_TOKENS);
    ck_assert(ti_retry_take(&retry, TI_FAILURE_TIMEOUT, &taken));
    ck_assert_int_eq(taken, 10);
}
END_TEST

START_TEST(legacy_counts_no_tokens)
{
    ti_retry retry;
    int taken = 0;

    ti_retry_init(&retry, TI_RETRY_LEGACY, 0);
    for (int i = 0; i < 1000; i++)
        ck_assert(ti_retry_take(&retry, TI_FAILURE_TIMEOUT, &taken));
}
END_TEST

static int64_t wait_with(unsigned attempt, uint64_t random, const char *header)
{
    ti_http_response response;
    int64_t wait;

    ti_http_response_init(&response);
    ck_assert(ti_http_response_line(&response, ti_slice_of("HTTP/1.1 503 Slow")));
    ck_assert(ti_http_response_line(&response, ti_slice_of(header)));
    wait = ti_retry_wait(attempt, random, &response, NOW);
    ti_http_response_free(&response);
    return wait;
}

START_TEST(waits_are_random_and_double)
{
    int64_t most[] = {0, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 20000, 20000};

    for (unsigned attempt = 1; attempt < COUNT(most); attempt++) {
        ck_assert_int_eq(wait_with(attempt, 0, ""), 0);
        ck_assert_int_eq(wait_with(attempt, (uint64_t)most[attempt], ""), most[attempt]);
        ck_assert_int_eq(wait_with(attempt, (uint64_t)most[attempt] + 1, ""), 0);
        ck_assert_int_le(wait_with(attempt, UINT64_MAX, ""), most[attempt]);
    }
    ck_assert_int_le(wait_with(1000, UINT64_MAX / 3, ""), TI_RETRY_WAIT_MAX);
}
END_TEST

START_TEST(the_server_may_ask_for_more)
{
    ck_assert_int_eq(wait_with(1, 7, "Retry-After: 3"), 3000);
    ck_assert_int_eq(wait_with(1, 7, "Retry-After: 0"), 7);
    ck_assert_int_eq(wait_with(1, 7, "Retry-After: 3600"), TI_RETRY_WAIT_MAX);
    ck_assert_int_eq(wait_with(1, 7, "Retry-After: 9223372036854775807"), TI_RETRY_WAIT_MAX);
    ck_assert_int_eq(wait_with(1, 7, "Retry-After: -5"), 7);
    ck_assert_int_eq(wait_with(1, 7, "Retry-After: soon"), 7);
    ck_assert_int_eq(wait_with(1, 7, "Retry-After: Thu, 26 Nov 2026 12:00:04 GMT"), 4000);
    ck_assert_int_eq(wait_with(1, 7, "Retry-After: Thu, 26 Nov 2026 11:00:00 GMT"), 7);
    ck_assert_int_eq(wait_with(1, 7, "x-amz-retry-after: 1500"), 1500);
    ck_assert_int_eq(wait_with(1, 7, "x-amz-retry-after: 150000"), TI_RETRY_WAIT_MAX);
    ck_assert_int_eq(wait_with(9, 15000, "Retry-After: 3"), 15000);
}
END_TEST

/* Sends as fast as it may for a while; how many go. `answered` false: only the permits are counted. */
static int send_for(ti_limiter *limiter, int64_t *now, int64_t milliseconds, int64_t pause)
{
    int64_t end = *now + milliseconds;
    int sent = 0;

    while (*now < end) {
        int64_t wait = ti_limiter_take(limiter, *now);

        if (wait > 0) {
            *now += wait;
            continue;
        }
        sent++;
        *now += pause;
        ti_limiter_answer(limiter, false, *now);
    }
    return sent;
}

START_TEST(nothing_is_limited_before_a_server_throttles)
{
    ti_limiter limiter;
    int64_t now = 1000;

    ti_limiter_init(&limiter, now);
    ck_assert_int_eq(send_for(&limiter, &now, 2000, 1), 2000);
    ck_assert(!limiter.enabled);
}
END_TEST

START_TEST(a_throttled_rate_is_cut_and_grows_again)
{
    ti_limiter limiter;
    int64_t now = 1000, cut;
    int sent;

    ti_limiter_init(&limiter, now);
    (void)send_for(&limiter, &now, 10000, 10); /* 100 a second */
    ck_assert_int_gt(limiter.measured, 95000);
    ck_assert_int_le(limiter.measured, 105000);
    ti_limiter_answer(&limiter, true, now);
    ck_assert(limiter.enabled);
    cut = limiter.rate;
    ck_assert_int_ge(cut, 65000);
    ck_assert_int_le(cut, 75000);
    sent = send_for(&limiter, &now, 1000, 1);
    ck_assert_int_ge(sent, 60);
    ck_assert_int_le(sent, 95);
    /* The old rate is reached again after the cube root of 0.75 * 100 seconds: 4.2. */
    (void)send_for(&limiter, &now, 3200, 1);
    ck_assert_int_ge(limiter.rate, 95000);
    ck_assert_int_le(limiter.rate, 105000);
    (void)send_for(&limiter, &now, 5000, 1);
    ck_assert_int_gt(limiter.rate, 130000);
    ti_limiter_answer(&limiter, true, now);
    ti_limiter_answer(&limiter, true, now);
    ck_assert_int_lt(limiter.rate, 130000);
}
END_TEST

START_TEST(a_rate_never_ends)
{
    ti_limiter limiter;
    int64_t now = 1000, waited = 0, wait;

    ti_limiter_init(&limiter, now);
    for (int i = 0; i < 100; i++)
        ti_limiter_answer(&limiter, true, now += 1000);
    ck_assert_int_eq(limiter.rate, 500);
    ck_assert_int_eq(ti_limiter_take(&limiter, now), 0);
    for (int i = 0; i < 3; i++) {
        while ((wait = ti_limiter_take(&limiter, now)) > 0) {
            now += wait;
            waited += wait;
        }
    }
    ck_assert_int_ge(waited, 3 * 2000 - 10); /* one in two seconds */
    ck_assert_int_le(waited, 3 * 2000 + 10);
    now += INT64_C(1000) * 86400 * 365;
    ck_assert_int_eq(ti_limiter_take(&limiter, now), 0);
    ti_limiter_answer(&limiter, false, now);
    ck_assert_int_ge(limiter.rate, 500);
    ck_assert_int_eq(ti_limiter_take(&limiter, now - 5000), (limiter.capacity - 1) / limiter.rate + 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tokens_run_out_and_come_back,
                                  legacy_counts_no_tokens,
                                  waits_are_random_and_double,
                                  the_server_may_ask_for_more,
                                  nothing_is_limited_before_a_server_throttles,
                                  a_throttled_rate_is_cut_and_grows_again,
                                  a_rate_never_ends};

    return run_tests("aws_retry", tests, COUNT(tests));
}
