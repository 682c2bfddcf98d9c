/* The queue suite on SQS, and what only SQS has: URLs, ARNs, redrive policies. The environment says where SQS is
 * (tests/conformance/aws.sh); each test has queues of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tickerimport/sqs.h>

#include "queue_suite.h"

#define SKIPPED 77 /* as automake understands it */

static char name[64], dead[72];
static ticker_aws *aws;
static char *url, *dead_url;
static ticker_error error;

static void set_up(void)
{
    static unsigned number;
    char policy[512], *arn = NULL;
    const ticker_attribute attributes[] = {{"RedrivePolicy", policy}, {NULL, NULL}};

    ti_error_init(&error);
    (void)snprintf(name, sizeof(name), "ticker-queue-%ld-%u", (long)getpid(), number++);
    (void)snprintf(dead, sizeof(dead), "%s-dead", name);
    queue_suite_ok(ticker_aws_new(NULL, NULL, &aws, &error), &error, "client");
    queue_suite_ok(ticker_sqs_create_queue(aws, dead, NULL, &dead_url, &error), &error, "create");
    queue_suite_ok(ticker_sqs_attribute(aws, dead_url, "QueueArn", &arn, &error), &error, "QueueArn");
    (void)snprintf(policy, sizeof(policy), "{\"deadLetterTargetArn\":\"%s\",\"maxReceiveCount\":\"%d\"}", arn,
                   QUEUE_ATTEMPTS);
    queue_suite_ok(ticker_sqs_create_queue(aws, name, attributes, &url, &error), &error, "create");
    ticker_free(arn);
}

static void tear_down(void)
{
    ti_error_init(&error);
    queue_suite_ok(ticker_sqs_delete_queue(aws, url, &error), &error, "delete");
    queue_suite_ok(ticker_sqs_delete_queue(aws, dead_url, &error), &error, "delete");
    ticker_free(url);
    ticker_free(dead_url);
    ticker_aws_free(aws);
}

static ticker_status try_open(const char *where, ticker_aws *client, ticker_queue **queue)
{
    ticker_options *options = ticker_options_new();
    ticker_status status;

    ti_error_init(&error);
    ck_assert_ptr_nonnull(options);
    queue_suite_ok(ticker_options_set(options, "queue-url", where, &error), &error, "queue-url");
    status = ticker_queue_open(options, client, NULL, queue, &error);
    ticker_options_free(options);
    return status;
}

static ticker_queue *open_queue(void)
{
    ticker_queue *queue = NULL;
    char where[128];

    (void)snprintf(where, sizeof(where), "sqs:%s", name);
    queue_suite_ok(try_open(where, NULL, &queue), &error, "open");
    return queue;
}

static void close_queue(ticker_queue *queue)
{
    ticker_queue_free(queue);
}

static const queue_backend backend = {.name = "sqs",
                                      .set_up = set_up,
                                      .tear_down = tear_down,
                                      .open = open_queue,
                                      .close = close_queue,
                                      .exact = false,
                                      .many = 200};

/* A queue by its URL and by its ARN is the same one; the caller's client goes on. */
START_TEST(by_url_and_by_arn)
{
    ticker_queue *queue = NULL;
    ticker_message *message;
    char *arn = NULL;

    queue_suite_ok(ticker_sqs_attribute(aws, url, "QueueArn", &arn, &error), &error, "QueueArn");
    queue_suite_ok(try_open(url, aws, &queue), &error, "open by URL");
    ck_assert_str_eq(ticker_queue_backend(queue), "sqs");
    queue_suite_send(queue, "one");
    ticker_queue_free(queue);
    queue_suite_ok(try_open(arn, aws, &queue), &error, "open by ARN");
    message = queue_suite_take(queue, 30);
    ck_assert_str_eq(ticker_message_body(message, NULL), "one");
    queue_suite_ok(ticker_queue_done(queue, message, &error), &error, "done");
    ticker_message_free(message);
    ticker_queue_free(queue);
    ticker_free(arn);
}
END_TEST

START_TEST(no_such_queue)
{
    static const char *const wrong[] = {"sqs:no-such-queue", "arn:aws:sqs:us-east-1:000000000000:no-such-queue",
                                        "http://127.0.0.1:1/000000000000/no-such-queue"};
    static const char *const malformed[] = {"arn:aws:sns:us-east-1:000000000000:topic", "arn:aws:sqs:us-east-1:x",
                                            "arn:aws:sqs:us-east-1:000000000000:a/b", "sqs:"};
    ticker_queue *queue = NULL;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_int_eq(try_open(wrong[i], aws, &queue), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
        ck_assert_str_eq(ticker_error_aws_code(&error), "QueueDoesNotExist");
    }
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        ck_assert_int_eq(try_open(malformed[i], aws, &queue), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
    }
    ck_assert_ptr_null(queue);
    ti_error_init(&error);
}
END_TEST

static ticker_status never(void *payload, const char *id, const char *body, const char *reason, int64_t attempts,
                           int64_t sent, ticker_error *of)
{
    (void)payload;
    (void)id;
    (void)body;
    (void)reason;
    (void)attempts;
    (void)sent;
    (void)of;
    ck_abort_msg("a dead letter of a queue that has none");
    return TICKER_OK;
}

/* The queue for dead letters is itself one without such. */
START_TEST(without_a_redrive_policy)
{
    ticker_queue *queue = NULL;
    ticker_message *message;
    int64_t waiting = -2, working = -2, buried = -2;

    queue_suite_ok(try_open(dead_url, aws, &queue), &error, "open");
    queue_suite_send(queue, "x");
    message = queue_suite_take(queue, 30);
    ck_assert_int_eq(ticker_queue_dead_letter(queue, message, "no", &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_UNSUPPORTED);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_queue_dead(queue, 10, never, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_UNSUPPORTED);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_queue_retry_dead(queue, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_queue_drop_dead(queue, NULL, NULL, NULL), TICKER_FATAL);
    queue_suite_ok(ticker_queue_counts(queue, &waiting, &working, &buried, &error), &error, "counts");
    ck_assert_int_eq(buried, -1);
    ck_assert_int_ge(waiting, 0);
    queue_suite_ok(ticker_queue_done(queue, message, &error), &error, "done");
    ticker_message_free(message);
    ticker_queue_free(queue);
}
END_TEST

/* Who lost a message cannot bury it. */
START_TEST(too_late_to_bury)
{
    ticker_queue *queue = open_queue();
    ticker_message *message;
    int64_t buried = -2;

    queue_suite_send(queue, "x");
    message = queue_suite_take(queue, 30);
    queue_suite_ok(ticker_queue_done(queue, message, &error), &error, "done");
    ck_assert_int_ne(ticker_queue_dead_letter(queue, message, "no", &error), TICKER_OK);
    ti_error_init(&error);
    queue_suite_ok(ticker_queue_counts(queue, NULL, NULL, &buried, &error), &error, "counts");
    ck_assert_int_eq(buried, 0);
    ticker_message_free(message);
    ticker_queue_free(queue);
}
END_TEST

int main(void)
{
    const char *server = getenv("AWS_ENDPOINT_URL"), *ci = getenv("CI");
    TCase *tests = tcase_create("sqs alone");
    Suite *suite = queue_suite(&backend);
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, by_url_and_by_arn);
    tcase_add_test(tests, no_such_queue);
    tcase_add_test(tests, without_a_redrive_policy);
    tcase_add_test(tests, too_late_to_bury);
    if (server == NULL || server[0] == '\0') {
        (void)fprintf(stderr, "AWS_ENDPOINT_URL is not set: the queue in SQS is not tested\n");
        srunner_free(runner);
        return ci != NULL && strcmp(ci, "true") == 0 ? EXIT_FAILURE : SKIPPED;
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
