/* The client's engine against servers that check signatures and clocks: radosgw as S3, the gateway as SQS. Run by
 * aws_client.sh, which starts them, moves their clocks and makes them fail; the first argument says which tests. */
#include "unit/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/client.h"

#define THREADS 8
#define CALLS 25

typedef struct counts {
    atomic_uint attempts, refused, failed;
} counts;

static void note_attempt(void *payload, const char *service, const char *operation, int http_status, unsigned attempt,
                         int64_t microseconds)
{
    counts *mine = payload;

    (void)service;
    (void)operation;
    (void)attempt;
    ck_assert_int_ge(microseconds, 0);
    atomic_fetch_add(&mine->attempts, 1);
    atomic_fetch_add(&mine->refused, http_status == 403);
    atomic_fetch_add(&mine->failed, http_status == 0 || http_status >= 400);
}

/* Options as "name=value", ends with NULL; the counts may be NULL. */
static ticker_aws *make(counts *events, const char *const *words)
{
    ticker_aws_events table = {sizeof(table), events, NULL, events != NULL ? note_attempt : NULL};
    ticker_options *options = ticker_options_new();
    ticker_error error;
    ticker_aws *aws = NULL;
    char name[64];

    ck_assert_ptr_nonnull(options);
    ti_error_init(&error);
    for (; words != NULL && *words != NULL; words++) {
        size_t size = strcspn(*words, "=");

        ck_assert_uint_lt(size, sizeof(name));
        memcpy(name, *words, size);
        name[size] = '\0';
        ck_assert_int_eq(ticker_options_set(options, name, *words + size + 1, NULL), TICKER_OK);
    }
    ck_assert_msg(ticker_aws_new(options, &table, &aws, &error) == TICKER_OK, "%s", error.message);
    ticker_options_free(options);
    return aws;
}

static ticker_status list_buckets(ticker_aws *aws, ticker_error *error)
{
    ti_aws_request request = {.service = TI_AWS_S3, .operation = "ListBuckets", .method = "GET"};
    ti_http_response response;
    ticker_status status;

    ti_http_response_init(&response);
    ti_error_init(error);
    status = ti_aws_perform(aws, &request, &response, error);
    ti_http_response_free(&response);
    return status;
}

static ticker_status call_sqs(ticker_aws *aws, const char *operation, const char *body, ticker_error *error)
{
    char target[64];
    ti_http_header headers[2] = {{ti_slice_of("Content-Type"), ti_slice_of("application/x-amz-json-1.0")}};
    ti_aws_request request = {.service = TI_AWS_SQS,
                              .operation = operation,
                              .method = "POST",
                              .headers = headers,
                              .header_count = 2,
                              .body = {.data = body, .size = (int64_t)strlen(body)}};
    ti_http_response response;
    ticker_status status;

    ck_assert_int_gt(snprintf(target, sizeof(target), "AmazonSQS.%s", operation), 0);
    headers[1] = (ti_http_header){ti_slice_of("X-Amz-Target"), ti_slice_of(target)};
    ti_http_response_init(&response);
    ti_error_init(error);
    status = ti_aws_perform(aws, &request, &response, error);
    ti_http_response_free(&response);
    return status;
}

static ticker_status list_queues(ticker_aws *aws, ticker_error *error)
{
    return call_sqs(aws, "ListQueues", "{}", error);
}

static ticker_status get_object(ticker_aws *aws, const char *bucket, ticker_error *error)
{
    ti_aws_request request = {.service = TI_AWS_S3,
                              .operation = "GetObject",
                              .method = "GET",
                              .bucket = ti_slice_of(bucket),
                              .path = ti_slice_of("a b/+c")};
    ti_http_response response;
    ticker_status status;

    ti_http_response_init(&response);
    ti_error_init(error);
    status = ti_aws_perform(aws, &request, &response, error);
    ti_http_response_free(&response);
    return status;
}

static void check_failed(ticker_status status, const ticker_error *error, const char *code, const char *hint)
{
    ck_assert_msg(status == TICKER_FATAL, "%d: %s", status, error->message);
    ck_assert_int_eq(error->kind, TICKER_ERROR_USAGE);
    ck_assert_msg(strcmp(error->aws_code, code) == 0, "%s", error->message);
    ck_assert_msg(strstr(error->hint, hint) != NULL, "\"%s\" says nothing of \"%s\"", error->hint, hint);
    ck_assert_ptr_null(strstr(error->message, "Signature="));
}

/* --- Mistakes ------------------------------------------------------------------------------------------------------------------- */

START_TEST(wrong_keys)
{
    static const char *const secret[] = {"aws-access-key-id=test", "aws-secret-access-key=wrong", NULL},
                             *const key[] = {"aws-access-key-id=AKIDUNKNOWN", "aws-secret-access-key=wrong", NULL},
                             *const stranger[] = {"aws-access-key-id=stranger", "aws-secret-access-key=strangersecret",
                                                  NULL};
    ticker_error error;
    ticker_aws *aws = make(NULL, secret);

    check_failed(list_buckets(aws, &error), &error, "SignatureDoesNotMatch", "the secret key is not that of");
    check_failed(list_queues(aws, &error), &error, "InvalidSignatureException", "the secret key is not that of");
    ticker_aws_free(aws);
    aws = make(NULL, key);
    check_failed(list_buckets(aws, &error), &error, "InvalidAccessKeyId", "AKIDUNKNOWN (from: options)");
    check_failed(list_queues(aws, &error), &error, "UnrecognizedClientException", "is not known there");
    ticker_aws_free(aws);
    aws = make(NULL, stranger);
    check_failed(list_queues(aws, &error), &error, "AccessDeniedException", "allow sqs:ListQueues");
    ticker_aws_free(aws);
}
END_TEST

START_TEST(missing_things)
{
    ticker_error error;
    ticker_aws *aws = make(NULL, NULL);

    check_failed(get_object(aws, "no-such-bucket-here", &error), &error, "NoSuchBucket", "make the bucket first");
    check_failed(call_sqs(aws, "GetQueueUrl", "{\"QueueName\":\"no-such-queue\"}", &error), &error, "QueueDoesNotExist",
                 "the region (us-east-1)");
    ticker_aws_free(aws);
}
END_TEST

START_TEST(nobody_there)
{
    static const char *const words[] = {"aws-endpoint-url-s3=http://127.0.0.1:1", "aws-max-attempts=2", NULL},
                             *const tls[] = {"aws-max-attempts=1", NULL};
    const char *endpoint = getenv("AWS_ENDPOINT_URL_S3");
    char secure[256];
    const char *more[] = {tls[0], secure, NULL};
    counts count = {0};
    ticker_error error;
    ticker_aws *aws = make(&count, words);

    ck_assert_int_eq(list_buckets(aws, &error), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
    ck_assert_ptr_nonnull(strstr(error.message, "cannot connect to http://127.0.0.1:1/"));
    ck_assert_uint_eq(count.attempts, 2);
    ticker_aws_free(aws);
    /* TLS to a port that speaks none. */
    ck_assert_ptr_nonnull(endpoint);
    ck_assert_int_gt(snprintf(secure, sizeof(secure), "aws-endpoint-url-s3=https%s", strstr(endpoint, "://")), 0);
    aws = make(NULL, more);
    ck_assert_int_eq(list_buckets(aws, &error), TICKER_RETRY);
    ck_assert_ptr_nonnull(strstr(error.message, "no TLS connection"));
    ck_assert_ptr_nonnull(strstr(error.hint, "http://"));
    ticker_aws_free(aws);
}
END_TEST

START_TEST(expired_token)
{
    ticker_error error;
    ticker_aws *aws = make(NULL, NULL);

    check_failed(list_queues(aws, &error), &error, "ExpiredTokenException", "no longer valid");
    ticker_aws_free(aws);
}
END_TEST

/* --- The clock ------------------------------------------------------------------------------------------------------------------ */

START_TEST(clocks_that_differ)
{
    counts count = {0};
    ticker_error error;
    ticker_aws *aws = make(&count, NULL);

    for (unsigned i = 0; i < 3; i++) {
        ck_assert_msg(list_buckets(aws, &error) == TICKER_OK, "%s", error.message);
        ck_assert_msg(list_queues(aws, &error) == TICKER_OK, "%s", error.message);
        /* Each service is asked twice the first time, and once from then on. */
        ck_assert_uint_eq(count.attempts, 4 + 2 * i);
        ck_assert_uint_eq(count.refused, 2);
    }
    ticker_aws_free(aws);
}
END_TEST

/* --- Many at once --------------------------------------------------------------------------------------------------------------- */

static void *call_often(void *payload)
{
    ticker_error error;

    for (int i = 0; i < CALLS; i++) {
        ck_assert_msg(list_queues(payload, &error) == TICKER_OK, "%s", error.message);
        if (i % 5 == 0)
            ck_assert_msg(list_buckets(payload, &error) == TICKER_OK, "%s", error.message);
    }
    return NULL;
}

static void call_from_threads(counts *count, const char *const *words)
{
    ticker_aws *aws = make(count, words);
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_often, aws), 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ticker_aws_free(aws);
}

START_TEST(threads_share_a_client)
{
    counts count = {0};

    call_from_threads(&count, NULL);
    ck_assert_uint_eq(count.attempts, THREADS * (CALLS + CALLS / 5));
    ck_assert_uint_eq(count.failed, 0);
}
END_TEST

/* The gateway fails about every fifth time. */
START_TEST(faults_are_survived)
{
    static const char *const words[] = {"aws-max-attempts=10", NULL};
    counts count = {0};

    call_from_threads(&count, words);
    ck_assert_uint_ge(count.failed, THREADS * CALLS / 20);
}
END_TEST

/* The gateway takes thirty requests a second. */
START_TEST(throttling_is_adapted_to)
{
    static const char *const words[] = {"aws-max-attempts=20", "aws-retry-mode=adaptive", NULL};
    counts count = {0};
    ticker_error error;
    ticker_aws *aws = make(&count, words);

    for (int i = 0; i < 150; i++)
        ck_assert_msg(list_queues(aws, &error) == TICKER_OK, "%s", error.message);
    ck_assert_uint_gt(count.failed, 0);
    ck_assert_msg(count.failed < 40, "%u of %u attempts were refused", count.failed, count.attempts);
    ticker_aws_free(aws);
}
END_TEST

int main(int count, char **words)
{
    const TTest *const mistakes[] = {wrong_keys, missing_things, nobody_there}, *const expired[] = {expired_token},
                       *const clock[] = {clocks_that_differ}, *const quiet[] = {threads_share_a_client},
                       *const faults[] = {faults_are_survived}, *const throttle[] = {throttling_is_adapted_to};
    const struct {
        const char *name;
        const TTest *const *tests;
        size_t count;
    } sets[] = {{"mistakes", mistakes, COUNT(mistakes)}, {"expired", expired, COUNT(expired)},
                {"clock", clock, COUNT(clock)},          {"quiet", quiet, COUNT(quiet)},
                {"faults", faults, COUNT(faults)},       {"throttle", throttle, COUNT(throttle)}};

    for (size_t i = 0; count == 2 && i < COUNT(sets); i++)
        if (strcmp(words[1], sets[i].name) == 0)
            return run_tests(sets[i].name, sets[i].tests, sets[i].count);
    fprintf(stderr, "usage: aws_client mistakes|expired|clock|quiet|faults|throttle\n");
    return EXIT_FAILURE;
}
