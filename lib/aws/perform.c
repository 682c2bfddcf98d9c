/* One call: attempts until it is done, put right once where the clock, the keys or the region were wrong. */
#include <stdlib.h>

#include "aws/aws_error.h"
#include "base/error.h"

#define SKEW_MIN INT64_C(240000) /* servers allow five minutes and more */
#define NAP 100                  /* milliseconds between two questions whether the caller wants to stop */

typedef struct call {
    ticker_aws *aws;
    const ti_aws_request *request;
    ti_aws_request sent; /* the request with body and sink watched */
    ti_http_response *response;
    ti_aws_where where;
    ti_credentials credentials;
    char payload_hash[TI_SHA256_TEXT_MAX];
    unsigned attempts;
    int taken; /* tokens of the last repetition */
    bool clock_corrected, keys_renewed, region_corrected;
    bool body_begun, body_failed, sink_begun, sink_failed;
} call;

/* --- Body and sink -------------------------------------------------------------------------------------------------------------- */

static ticker_status watch_read(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    call *mine = self;
    ticker_status status = mine->request->body.read(mine->request->body.self, buffer, capacity, got, error);

    mine->body_begun = true;
    mine->body_failed = mine->body_failed || (status != TICKER_OK && status != TICKER_DONE);
    return status;
}

static ticker_status watch_write(void *self, const void *data, size_t size, ticker_error *error)
{
    call *mine = self;
    ticker_status status;

    mine->sink_begun = true;
    status = mine->request->sink.write(mine->request->sink.self, data, size, error);
    mine->sink_failed = mine->sink_failed || status != TICKER_OK;
    return status;
}

static void watch(call *mine)
{
    mine->sent = *mine->request;
    if (mine->sent.body.read != NULL) {
        mine->sent.body.read = watch_read;
        mine->sent.body.rewind = NULL;
        mine->sent.body.self = mine;
    }
    if (mine->sent.sink.write != NULL) {
        mine->sent.sink.write = watch_write;
        mine->sent.sink.restart = NULL;
        mine->sent.sink.self = mine;
    }
}

/* Whether the same request can be made once more, and makes it ready for that. */
static bool start_again(call *mine)
{
    const ti_http_body *body = &mine->request->body;
    const ti_http_sink *sink = &mine->request->sink;

    if (mine->body_failed || mine->sink_failed)
        return false;
    if (mine->body_begun && (body->rewind == NULL || !body->rewind(body->self)))
        return false;
    if (mine->sink_begun && (sink->restart == NULL || !sink->restart(sink->self)))
        return false;
    mine->body_begun = mine->sink_begun = false;
    return true;
}

/* --- Waiting -------------------------------------------------------------------------------------------------------------------- */

static bool stopped(const call *mine)
{
    if (mine->request->stop != NULL && atomic_load(mine->request->stop))
        return true;
    return !mine->request->cleanup && ti_aws_interrupted(mine->aws);
}

/* False: the caller wants to stop. */
static bool nap(const call *mine, int64_t milliseconds)
{
    const ti_clock *clock = &mine->aws->clock;

    while (!stopped(mine)) {
        int64_t part = milliseconds < NAP ? milliseconds : NAP;

        if (part <= 0)
            return true;
        clock->sleep(clock->self, part);
        milliseconds -= part;
    }
    return false;
}

static ticker_status cancelled(const call *mine, ticker_error *error)
{
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "%s was cancelled", mine->request->operation);
}

/* In adaptive mode a request may have to wait for its turn. */
static ticker_status wait_for_turn(const call *mine, ticker_error *error)
{
    const ti_clock *clock = &mine->aws->clock;
    int64_t wait = 0;

    do {
        if (!nap(mine, wait))
            return cancelled(mine, error);
        if (mine->aws->settings.mode != TI_RETRY_ADAPTIVE || mine->request->cleanup)
            return TICKER_OK;
        ti_aws_lock(mine->aws);
        wait = ti_limiter_take(&mine->aws->retry.limiter, clock->monotonic(clock->self));
        ti_aws_unlock(mine->aws);
    } while (wait > 0);
    return TICKER_OK;
}

static void tell_limiter(const call *mine, bool throttled)
{
    const ti_clock *clock = &mine->aws->clock;

    if (mine->aws->settings.mode != TI_RETRY_ADAPTIVE)
        return;
    ti_aws_lock(mine->aws);
    ti_limiter_answer(&mine->aws->retry.limiter, throttled, clock->monotonic(clock->self));
    ti_aws_unlock(mine->aws);
}

/* --- One attempt ---------------------------------------------------------------------------------------------------------------- */

static ticker_status prepare(call *mine, ticker_error *error)
{
    ticker_status status;

    ti_aws_where_free(&mine->where);
    status = ti_aws_locate(mine->aws, mine->request, &mine->where, error);
    if (status != TICKER_OK)
        return status;
    ti_credentials_wipe(&mine->credentials);
    return ti_aws_credentials(mine->aws, &mine->credentials, error);
}

static void count(const call *mine, ticker_status status)
{
    int http = status == TICKER_OK ? mine->response->status : 0;
    const char *result = http == 0                                    ? "unanswered"
                         : (http >= 200 && http < 300) || http == 304 ? "ok"
                         : http == 429 || http == 503                 ? "throttled"
                         : http >= 500                                ? "failed"
                                                                      : "refused";
    const char *const labels[] = {ti_aws_service_name(mine->request->service), mine->request->operation, result};

    if (mine->aws->metrics != NULL)
        ticker_series_add(ticker_metrics_series(mine->aws->metrics, TICKER_METRIC_AWS_REQUESTS, labels, 3), 1);
}

static ticker_status attempt(call *mine, ticker_error *error)
{
    const ti_clock *clock = &mine->aws->clock;
    const ticker_aws_events *events = &mine->aws->events;
    int64_t begin = clock->monotonic(clock->self);
    ticker_status status;

    mine->attempts++;
    mine->response->attempts = mine->attempts;
    ti_http_response_clear(mine->response);
    status = ti_aws_send(mine->aws, &mine->sent, &mine->where, &mine->credentials, mine->payload_hash, mine->response,
                         error);
    count(mine, status);
    if (events->attempt != NULL)
        events->attempt(events->payload, ti_aws_service_name(mine->request->service), mine->request->operation,
                        status == TICKER_OK ? mine->response->status : 0, mine->attempts,
                        (clock->monotonic(clock->self) - begin) * 1000);
    return status;
}

/* --- What came of it ------------------------------------------------------------------------------------------------------------ */

static bool far(int64_t a, int64_t b)
{
    return a - b > SKEW_MIN || b - a > SKEW_MIN;
}

/* A clock that was put right stays measured: the machine's own may be set meanwhile. */
static void measure_again(const call *mine)
{
    int64_t skew, *kept = &mine->aws->skew[mine->request->service];

    if (!ti_aws_measure_skew(mine->response, &skew))
        return;
    ti_aws_lock(mine->aws);
    if (*kept != 0 && far(skew, *kept))
        *kept = far(skew, 0) ? skew : 0;
    ti_aws_unlock(mine->aws);
}

static ticker_status succeed(const call *mine)
{
    tell_limiter(mine, false);
    measure_again(mine);
    ti_aws_lock(mine->aws);
    ti_retry_success(&mine->aws->retry, mine->taken);
    ti_aws_unlock(mine->aws);
    return TICKER_OK;
}

static bool correct_clock(call *mine, const ti_aws_answer *answer)
{
    int64_t *kept = &mine->aws->skew[mine->request->service];
    bool wrong;

    if ((answer->reason != TI_REASON_CLOCK && answer->reason != TI_REASON_SIGNATURE) || !answer->has_skew ||
        mine->clock_corrected)
        return false;
    mine->clock_corrected = true;
    ti_aws_lock(mine->aws);
    wrong = far(answer->skew, *kept);
    if (wrong)
        *kept = answer->skew;
    ti_aws_unlock(mine->aws);
    return wrong;
}

/* Keys that were given for a while may have been replaced meanwhile. */
static bool renew_keys(call *mine, const ti_aws_answer *answer)
{
    ti_credentials now = {0};
    bool other;

    if ((answer->reason != TI_REASON_EXPIRED_KEY && answer->reason != TI_REASON_UNKNOWN_KEY) || mine->keys_renewed)
        return false;
    mine->keys_renewed = true;
    ti_credentials_expire(mine->aws->keys, mine->credentials.access_key);
    if (ti_aws_credentials(mine->aws, &now, NULL) != TICKER_OK) {
        ti_credentials_wipe(&now);
        return false;
    }
    other = strcmp(now.access_key, mine->credentials.access_key) != 0 ||
            strcmp(now.session_token, mine->credentials.session_token) != 0;
    ti_credentials_wipe(&now);
    return other;
}

/* The region is all that is taken from a redirect: no server says which host gets a signed request. */
static bool correct_region(call *mine, const ti_aws_answer *answer)
{
    if (mine->request->bucket.size == 0 || answer->region[0] == '\0' || mine->region_corrected ||
        strcmp(answer->region, mine->where.region) == 0)
        return false;
    if (answer->reason != TI_REASON_REGION && answer->status != 307 && answer->status != 400)
        return false;
    mine->region_corrected = true;
    ti_aws_learn_bucket(mine->aws, mine->request->bucket, ti_slice_of(answer->region));
    return true;
}

static ti_failure failure_of(const call *mine, ticker_status status, const ti_aws_answer *answer)
{
    if (status != TICKER_OK)
        return mine->response->timed_out ? TI_FAILURE_TIMEOUT : TI_FAILURE_TRANSIENT;
    switch (answer->reason) {
    case TI_REASON_THROTTLED:
        return TI_FAILURE_THROTTLED;
    case TI_REASON_TRANSIENT:
        return TI_FAILURE_TRANSIENT;
    default:
        return TI_FAILURE_NONE;
    }
}

/* Whether the call goes on after a failure that may pass, having waited. TICKER_DONE: it does not. */
static ticker_status wait_for_more(call *mine, ti_failure failure, ticker_error *error)
{
    ticker_aws *aws = mine->aws;
    bool enough;

    if (failure == TI_FAILURE_NONE || mine->attempts >= aws->settings.max_attempts)
        return TICKER_DONE;
    if (mine->request->once && failure != TI_FAILURE_THROTTLED && !mine->response->unsent)
        return TICKER_DONE;
    if (!start_again(mine))
        return TICKER_DONE;
    ti_aws_lock(aws);
    enough = ti_retry_take(&aws->retry, failure, &mine->taken);
    ti_aws_unlock(aws);
    if (!enough)
        return TICKER_DONE;
    if (!nap(mine, ti_retry_wait(mine->attempts, aws->random(aws->random_payload), mine->response,
                                 aws->clock.now(aws->clock.self))))
        return cancelled(mine, error);
    return TICKER_OK;
}

static ticker_status tell(const call *mine, ticker_status status, const ti_aws_answer *answer,
                          const ticker_error *failure, ticker_error *error)
{
    ti_aws_story story = {mine->request, &mine->where, &mine->credentials,
                          ti_aws_has_endpoint(mine->aws, mine->request->service), mine->attempts};

    if (status == TICKER_OK)
        return ti_aws_fail_answer(&story, answer, error);
    if (mine->body_failed || mine->sink_failed) {
        ti_error_copy(error, failure);
        return status;
    }
    return ti_aws_fail_transport(&story, failure, error);
}

static bool succeeded(const call *mine)
{
    int status = mine->response->status;

    if (status == 304)
        return true;
    if (status < 200 || status >= 300 || (mine->request->error_in_body && ti_aws_answer_is_error(mine->response)))
        return false;
    return mine->request->service == TI_AWS_S3 || !ti_aws_answer_is_page(mine->response); /* an object may be a page */
}

/* `status` and `failure` are what came of the attempt. *again: another one is to be made; else the call ends with the
 * status that is returned. */
static ticker_status judge(call *mine, ticker_status status, const ticker_error *failure, bool *again,
                           ticker_error *error)
{
    ti_aws_answer answer = {0};
    ti_failure kind = TI_FAILURE_NONE;
    ticker_status more;

    *again = false;
    if (status == TICKER_OK && succeeded(mine))
        return succeed(mine);
    if (status == TICKER_OK) {
        ti_aws_answer_read(mine->request, mine->response, &answer);
        tell_limiter(mine, answer.reason == TI_REASON_THROTTLED);
        if ((correct_clock(mine, &answer) || renew_keys(mine, &answer) || correct_region(mine, &answer)) &&
            start_again(mine)) {
            *again = true;
            return TICKER_OK;
        }
    }
    if (status == TICKER_OK || (status == TICKER_RETRY && failure->kind == TICKER_ERROR_SERVICE))
        kind = failure_of(mine, status, &answer);
    more = wait_for_more(mine, kind, error);
    *again = more == TICKER_OK;
    if (more == TICKER_OK)
        return TICKER_OK;
    return more == TICKER_DONE ? tell(mine, status, &answer, failure, error) : more;
}

static ticker_status run(call *mine, ticker_error *error)
{
    ticker_error failure;
    ticker_status status;
    bool again;

    do {
        status = wait_for_turn(mine, error);
        if (status == TICKER_OK)
            status = prepare(mine, error);
        if (status != TICKER_OK)
            return status;
        ti_error_init(&failure);
        status = attempt(mine, &failure);
        status = judge(mine, status, &failure, &again, error);
    } while (again);
    return status;
}

ticker_status ti_aws_perform(ticker_aws *aws, const ti_aws_request *request, ti_http_response *response,
                             ticker_error *error)
{
    call mine = {.aws = aws, .request = request, .response = response};
    ticker_status status;

    response->attempts = 0;
    watch(&mine);
    status = ti_aws_payload_hash(request, mine.payload_hash, error);
    if (status == TICKER_OK)
        status = run(&mine, error);
    ti_aws_where_free(&mine.where);
    ti_credentials_wipe(&mine.credentials);
    return status;
}
