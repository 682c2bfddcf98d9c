/* When keys are asked for again, and what serves meanwhile: renewal, failures, refused keys, threads, keys of an instance
 * that end. */
#include "credentials_run.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

static const char *document(const credentials_run *run, const char *key, int64_t minutes)
{
    static char texts[2][512];
    static unsigned next;
    char *text = texts[next++ % COUNT(texts)];

    (void)snprintf(text, sizeof(texts[0]),
                   "{\"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"HIDDEN%s\", \"Token\": \"HIDDENTOKEN%s\", "
                   "\"Expiration\": \"%s\"}",
                   key, key, key, run_time(run, minutes));
    return text;
}

static void begin_container(credentials_run *run)
{
    run_begin(run);
    run_set(run, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x");
}

static void answer(credentials_run *run, const char *key, int64_t minutes)
{
    fake_http_answer(run->fake, 200, NULL, document(run, key, minutes));
}

static void break_thrice(credentials_run *run)
{
    for (int i = 0; i < 3; i++)
        fake_http_break(run->fake);
}

static void check_count(const credentials_run *run, size_t count)
{
    ck_assert_uint_eq(fake_http_count(run->fake), count);
}

START_TEST(keys_are_kept_until_five_minutes_before_their_end)
{
    credentials_run run;

    begin_container(&run);
    answer(&run, "ONE", 60);
    run_check(&run, "ONE", "container");
    fake_http_advance(run.fake, MINUTES(55) - 1);
    run_check(&run, "ONE", "container");
    check_count(&run, 1);
    fake_http_advance(run.fake, 1);
    answer(&run, "TWO", 60);
    run_check(&run, "TWO", "container");
    run_check(&run, "TWO", "container");
    check_count(&run, 2);
    run_end(&run);
}
END_TEST

/* Keys that live shorter than the five minutes are not asked for at every look. */
START_TEST(short_lived_keys)
{
    credentials_run run;

    begin_container(&run);
    answer(&run, "ONE", 4);
    run_check(&run, "ONE", "container");
    run_check(&run, "ONE", "container");
    fake_http_advance(run.fake, MINUTES(2) - 1);
    run_check(&run, "ONE", "container");
    check_count(&run, 1);
    fake_http_advance(run.fake, 1);
    answer(&run, "TWO", 4);
    run_check(&run, "TWO", "container");
    run_end(&run);
}
END_TEST

START_TEST(old_keys_serve_while_the_provider_is_down)
{
    credentials_run run;

    begin_container(&run);
    answer(&run, "ONE", 60);
    run_check(&run, "ONE", "container");
    fake_http_advance(run.fake, MINUTES(56));
    break_thrice(&run);
    run_check(&run, "ONE", "container");
    check_count(&run, 4);
    run_check(&run, "ONE", "container"); /* not asked again at once */
    fake_http_advance(run.fake, 9999);
    run_check(&run, "ONE", "container");
    check_count(&run, 4);
    fake_http_advance(run.fake, 1);
    break_thrice(&run);
    run_check(&run, "ONE", "container");
    check_count(&run, 7);
    fake_http_advance(run.fake, MINUTES(4));
    break_thrice(&run);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "the made-up connection broke"); /* now they have ended */
    check_count(&run, 10);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "the made-up connection broke"); /* remembered */
    check_count(&run, 10);
    fake_http_advance(run.fake, 10000);
    answer(&run, "TWO", 60);
    run_check(&run, "TWO", "container");
    run_end(&run);
}
END_TEST

START_TEST(a_first_failure_is_remembered_for_a_while)
{
    credentials_run run;

    begin_container(&run);
    break_thrice(&run);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "container credentials");
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "container credentials");
    check_count(&run, 3);
    fake_http_advance(run.fake, 10000);
    answer(&run, "ONE", 60);
    run_check(&run, "ONE", "container");
    run_end(&run);
}
END_TEST

START_TEST(keys_without_end_stay)
{
    credentials_run run;

    run_begin(&run);
    run_set(&run, "AWS_ACCESS_KEY_ID=ONE");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
    run_check(&run, "ONE", "environment");
    run_set(&run, "AWS_ACCESS_KEY_ID=TWO");
    fake_http_advance(run.fake, MINUTES(1000000));
    run_check(&run, "ONE", "environment");
    ti_credentials_expire(run.chain, "OTHER"); /* somebody else's */
    run_check(&run, "ONE", "environment");
    ti_credentials_expire(run.chain, "ONE");
    run_check(&run, "TWO", "environment");
    run_end(&run);
}
END_TEST

START_TEST(refused_keys_are_asked_for_anew)
{
    credentials_run run;

    begin_container(&run);
    answer(&run, "ONE", 60);
    run_check(&run, "ONE", "container");
    ti_credentials_expire(run.chain, "ONE");
    answer(&run, "ONE", 60);
    fake_http_advance(run.fake, 10000);
    run_check(&run, "ONE", "container");
    check_count(&run, 2);
    /* The provider gave the same: it is not asked again at every refusal. */
    ti_credentials_expire(run.chain, "ONE");
    run_check(&run, "ONE", "container");
    fake_http_advance(run.fake, 9999);
    run_check(&run, "ONE", "container");
    check_count(&run, 2);
    fake_http_advance(run.fake, 1);
    answer(&run, "TWO", 60);
    run_check(&run, "TWO", "container");
    check_count(&run, 3);
    fake_http_advance(run.fake, MINUTES(1));
    run_check(&run, "TWO", "container"); /* nobody has refused these */
    check_count(&run, 3);
    /* Refused and no new ones: not served, for the server would refuse again. */
    fake_http_advance(run.fake, 10000);
    ti_credentials_expire(run.chain, "TWO");
    break_thrice(&run);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "container credentials");
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "container credentials");
    check_count(&run, 6);
    fake_http_advance(run.fake, 10000);
    answer(&run, "THREE", 60);
    run_check(&run, "THREE", "container");
    run_end(&run);
}
END_TEST

START_TEST(the_provider_that_had_keys_is_asked_again)
{
    credentials_run run;

    begin_container(&run);
    answer(&run, "ONE", 60);
    run_check(&run, "ONE", "container");
    /* What comes up meanwhile in another place is not looked at … */
    run_set(&run, "AWS_ACCESS_KEY_ID=ENV");
    run_set(&run, "AWS_SECRET_ACCESS_KEY=HIDDEN");
    fake_http_advance(run.fake, MINUTES(58));
    answer(&run, "TWO", 60);
    run_check(&run, "TWO", "container");
    /* … until the first has none any more. */
    run_unset(&run, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    fake_http_advance(run.fake, MINUTES(58));
    run_check(&run, "ENV", "environment");
    run_end(&run);
}
END_TEST

START_TEST(keys_that_have_ended_are_none)
{
    credentials_run run;

    begin_container(&run);
    answer(&run, "ONE", -1);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "ended at 2026-11-26T11:59:00");
    ck_assert_ptr_nonnull(strstr(run.error.hint, "clock"));
    run_end(&run);
}
END_TEST

/* --- Instances ------------------------------------------------------------------------------------------------------------------ */

static void begin_instance(credentials_run *run)
{
    run_begin(run);
    run_unset(run, "AWS_EC2_METADATA_DISABLED");
    fake_http_answer(run->fake, 200, NULL, "HIDDENIMDS");
}

static void answer_instance(credentials_run *run, const char *key, int64_t minutes)
{
    fake_http_answer(run->fake, 200, NULL, "role");
    answer(run, key, minutes);
}

START_TEST(an_instance_gives_keys_that_have_ended)
{
    credentials_run run;

    begin_instance(&run);
    answer_instance(&run, "ONE", -30);
    run_check(&run, "ONE", "instance");
    ck_assert_int_eq(run.got.expires, run.clock.now(run.fake) + MINUTES(15));
    fake_http_advance(run.fake, MINUTES(10) - 1);
    run_check(&run, "ONE", "instance");
    check_count(&run, 3);
    fake_http_advance(run.fake, 1);
    answer_instance(&run, "ONE", -40);
    run_check(&run, "ONE", "instance");
    fake_http_advance(run.fake, MINUTES(10));
    answer_instance(&run, "TWO", 60);
    run_check(&run, "TWO", "instance");
    ck_assert_int_eq(run.got.expires, run.clock.now(run.fake) + MINUTES(60));
    run_end(&run);
}
END_TEST

START_TEST(the_metadata_service_is_down)
{
    credentials_run run;
    int64_t served = 0;

    begin_instance(&run);
    answer_instance(&run, "ONE", 60);
    run_check(&run, "ONE", "instance");
    for (int i = 0; i < 1000; i++)
        fake_http_break(run.fake);
    fake_http_advance(run.fake, MINUTES(60));
    /* Served on after their end, asked for again and again, but not for ever. */
    for (run_get(&run, TICKER_OK); served < 20 * 60; served += 10) {
        fake_http_advance(run.fake, MINUTES(10));
        ti_credentials_wipe(&run.got);
        if (ti_credentials_get(run.chain, &run.got, &run.error) != TICKER_OK)
            break;
        ck_assert_str_eq(run.got.access_key, "ONE");
        ti_error_init(&run.error);
    }
    ck_assert_int_ge(served, 12 * 60 - 20);
    ck_assert_int_le(served, 12 * 60 + 20);
    ck_assert_int_eq(run.error.status, TICKER_RETRY); /* there was a service: it may be back */
    ck_assert_int_eq(run.error.kind, TICKER_ERROR_SERVICE);
    run_end(&run);
}
END_TEST

/* They end a moment after the service failed: no gap. */
START_TEST(the_metadata_service_fails_just_before_the_end)
{
    credentials_run run;

    begin_instance(&run);
    answer_instance(&run, "ONE", 60);
    run_check(&run, "ONE", "instance");
    fake_http_advance(run.fake, MINUTES(60) - 2000);
    break_thrice(&run);
    run_check(&run, "ONE", "instance");
    fake_http_advance(run.fake, 5000);
    run_check(&run, "ONE", "instance");
    check_count(&run, 6);
    fake_http_advance(run.fake, 10000);
    answer_instance(&run, "TWO", 60);
    run_check(&run, "TWO", "instance");
    run_end(&run);
}
END_TEST

START_TEST(keys_of_an_instance_too_old)
{
    credentials_run run;

    begin_instance(&run);
    answer_instance(&run, "ONE", -12 * 60);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "(instance) ended at 2026-11-26T00:00:00");
    run_end(&run);
}
END_TEST

/* A server that refuses them knows better. */
START_TEST(refused_keys_of_an_instance_are_not_extended)
{
    credentials_run run;

    begin_instance(&run);
    answer_instance(&run, "ONE", 60);
    run_check(&run, "ONE", "instance");
    fake_http_advance(run.fake, MINUTES(61));
    ti_credentials_expire(run.chain, "ONE");
    break_thrice(&run);
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_SERVICE, "instance metadata");
    run_end(&run);
}
END_TEST

/* --- Threads -------------------------------------------------------------------------------------------------------------------- */

#define THREADS 8

/* HTTP that takes a while, as the real one does. */
typedef struct slow {
    ti_http http; /* the fake's */
    int milliseconds;
    pthread_mutex_t mutex;
    unsigned at_once, most;
} slow;

static ticker_status slow_perform(void *self, const ti_http_request *request, ti_http_response *response,
                                  ticker_error *error)
{
    slow *mine = self;
    ticker_status status;

    (void)pthread_mutex_lock(&mine->mutex);
    mine->at_once++;
    mine->most = mine->at_once > mine->most ? mine->at_once : mine->most;
    (void)pthread_mutex_unlock(&mine->mutex);
    ti_clock_system.sleep(NULL, mine->milliseconds);
    status = mine->http.perform(mine->http.self, request, response, error);
    (void)pthread_mutex_lock(&mine->mutex);
    mine->at_once--;
    (void)pthread_mutex_unlock(&mine->mutex);
    return status;
}

typedef struct worker {
    ti_credentials_chain *chain;
    pthread_barrier_t *start;
    ticker_status status;
    ti_credentials got;
    ticker_error error;
} worker;

static void *work(void *self)
{
    worker *mine = self;

    ti_error_init(&mine->error);
    (void)pthread_barrier_wait(mine->start);
    mine->status = ti_credentials_get(mine->chain, &mine->got, &mine->error);
    return NULL;
}

/* Eight threads look at once. */
static void run_threads(credentials_run *run, worker workers[THREADS])
{
    pthread_t threads[THREADS];
    pthread_barrier_t start;

    if (run->chain == NULL)
        run->chain = ti_credentials_chain_new(&run->setup);
    ck_assert_ptr_nonnull(run->chain);
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (worker){.chain = run->chain, .start = &start};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(pthread_barrier_destroy(&start), 0);
}

static void begin_slow(credentials_run *run, slow *http)
{
    begin_container(run);
    *http = (slow){.http = run->http, .milliseconds = 150};
    ck_assert_int_eq(pthread_mutex_init(&http->mutex, NULL), 0);
    run->http = (ti_http){slow_perform, run->http.close, http};
}

START_TEST(one_thread_asks_for_all)
{
    credentials_run run;
    worker workers[THREADS];
    slow http;

    begin_slow(&run, &http);
    answer(&run, "ONE", 60);
    run_threads(&run, workers);
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(workers[i].status, TICKER_OK);
        ck_assert_str_eq(workers[i].got.access_key, "ONE");
        ck_assert_str_eq(workers[i].got.session_token, "HIDDENTOKENONE");
        ti_credentials_wipe(&workers[i].got);
    }
    check_count(&run, 1);
    /* Near their end: one asks, and nobody waits for it. */
    fake_http_advance(run.fake, MINUTES(56));
    answer(&run, "TWO", 60);
    run_threads(&run, workers);
    check_count(&run, 2);
    for (size_t i = 0, old = 0; i < THREADS; i++) {
        ck_assert_int_eq(workers[i].status, TICKER_OK);
        old += strcmp(workers[i].got.access_key, "ONE") == 0;
        ck_assert_uint_le(i + 1 - old, 1);
        ti_credentials_wipe(&workers[i].got);
    }
    ck_assert_uint_eq(http.most, 1);
    run_end(&run);
}
END_TEST

START_TEST(one_thread_fails_for_all)
{
    credentials_run run;
    worker workers[THREADS];
    slow http;

    begin_slow(&run, &http);
    fake_http_answer(run.fake, 403, NULL, NULL);
    run_threads(&run, workers);
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(workers[i].status, TICKER_FATAL);
        ck_assert_int_eq(workers[i].error.http_status, 403);
        ck_assert_ptr_null(workers[i].got.session_token);
    }
    check_count(&run, 1);
    run_end(&run);
}
END_TEST

static bool stopped(void *payload)
{
    return *(const volatile bool *)payload;
}

/* Who waits for another's answer may stop; and that one stopped is no failure of the provider. */
START_TEST(the_caller_may_stop)
{
    credentials_run run;
    worker workers[THREADS];
    slow http;
    bool stop = true;

    begin_slow(&run, &http);
    run.setup.interrupted = stopped;
    run.setup.interrupted_payload = &stop;
    fake_http_break(run.fake);
    run_threads(&run, workers);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(workers[i].status, TICKER_RETRY);
    check_count(&run, 1); /* no second attempt */
    stop = false;
    fake_http_advance(run.fake, 10000);
    answer(&run, "ONE", 60);
    run_check(&run, "ONE", "container");
    run_end(&run);
}
END_TEST

static ticker_status cancel(void *self, const ti_http_request *request, ti_http_response *response, ticker_error *error)
{
    ++*(unsigned *)self;
    (void)request;
    (void)response;
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "cancelled");
}

/* What is said of one call's end is not remembered for the next. */
START_TEST(a_cancelled_request_is_not_remembered)
{
    credentials_run run;
    unsigned asked = 0;
    ti_http fake;

    begin_container(&run);
    fake = run.http;
    run.http = (ti_http){cancel, fake.close, &asked};
    run_refused(&run, TICKER_RETRY, TICKER_ERROR_CANCELLED, "cancelled");
    ck_assert_uint_eq(asked, 1);
    run.http = fake;
    answer(&run, "ONE", 60);
    run_check(&run, "ONE", "container");
    run_end(&run);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {keys_are_kept_until_five_minutes_before_their_end,
                                  short_lived_keys,
                                  old_keys_serve_while_the_provider_is_down,
                                  a_first_failure_is_remembered_for_a_while,
                                  keys_without_end_stay,
                                  refused_keys_are_asked_for_anew,
                                  the_provider_that_had_keys_is_asked_again,
                                  keys_that_have_ended_are_none,
                                  an_instance_gives_keys_that_have_ended,
                                  the_metadata_service_is_down,
                                  the_metadata_service_fails_just_before_the_end,
                                  keys_of_an_instance_too_old,
                                  refused_keys_of_an_instance_are_not_extended,
                                  one_thread_asks_for_all,
                                  one_thread_fails_for_all,
                                  the_caller_may_stop,
                                  a_cancelled_request_is_not_remembered};

    return run_tests("aws_credentials_cache", tests, COUNT(tests));
}
