/* curl against a server on a real socket: whole answers, broken ones, caps, uploads. */
#include "http_try.h"
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define BIG (8 << 20)

static bool asks(const http_exchange *exchange, const char *path)
{
    const char *blank = strchr(exchange->head, ' ');

    return blank != NULL && strncmp(blank + 1, path, strlen(path)) == 0 && blank[1 + strlen(path)] == ' ';
}

/* --- Whole answers -------------------------------------------------------------------------------------------------------------- */

static void say_hello(void *payload, http_exchange *exchange)
{
    (void)payload;
    if (asks(exchange, "/chunks"))
        (void)exchange_say(exchange,
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
                           "X-Trailer: late\r\n\r\n");
    else if (asks(exchange, "/moved"))
        (void)exchange_answer(exchange, 307, "Location: http://127.0.0.1:1/\r\n", "elsewhere");
    else if (asks(exchange, "/nothing"))
        (void)exchange_say(exchange, "HTTP/1.1 204 No Content\r\nETag: \"e\"\r\n\r\n");
    else if (strncmp(exchange->head, "HEAD", 4) == 0)
        (void)exchange_say(exchange, "HTTP/1.1 404 No\r\nContent-Length: 100\r\n\r\n");
    else
        (void)exchange_answer(exchange, 200, "Date: Thu, 26 Nov 2026 12:00:00 GMT\r\nX-A: b\r\n", "hello");
}

START_TEST(an_answer_comes_whole)
{
    http_server *server = http_server_start(say_hello, NULL);
    ti_http http = open_curl(NULL, NULL);
    int64_t before = ti_clock_system.now(NULL);
    attempt mine;

    make_attempt(&mine, "GET", http_server_url(server, "/"));
    check_attempt(&http, &mine, 200, "hello");
    ck_assert_int_eq(mine.response.received, 5);
    ck_assert(ti_slice_is(ti_http_response_header(&mine.response, "x-a"), "b"));
    ck_assert_int_eq(mine.response.date, INT64_C(1795694400000));
    ck_assert_int_ge(mine.response.started, before);
    ck_assert_int_ge(mine.response.answered, mine.response.started);
    ck_assert_int_le(mine.response.answered, ti_clock_system.now(NULL));
    ck_assert(!mine.response.timed_out && !mine.response.unsent);
    mine.request.url = http_server_url(server, "/chunks");
    check_attempt(&http, &mine, 200, "abcde");
    ck_assert(ti_slice_is(ti_http_response_header(&mine.response, "X-Trailer"), "late"));
    mine.request.url = http_server_url(server, "/nothing");
    check_attempt(&http, &mine, 204, "");
    mine.request.method = "HEAD";
    mine.request.url = http_server_url(server, "/missing");
    check_attempt(&http, &mine, 404, "");
    ck_assert(ti_slice_is(ti_http_response_header(&mine.response, "Content-Length"), "100"));
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

START_TEST(a_redirect_is_not_followed)
{
    http_server *server = http_server_start(say_hello, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    make_attempt(&mine, "GET", http_server_url(server, "/moved"));
    check_attempt(&http, &mine, 307, "elsewhere");
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

START_TEST(a_sink_gets_successes_only)
{
    http_server *server = http_server_start(say_hello, NULL);
    ti_http http = open_curl(NULL, NULL);
    kept_body kept = {0};
    attempt mine;

    make_attempt(&mine, "GET", http_server_url(server, "/chunks"));
    mine.request.sink = sink_of(&kept);
    check_attempt(&http, &mine, 200, "");
    ck_assert_int_eq(kept.size, 5);
    ck_assert_uint_eq(kept.sum, checksum_of(0, "abcde", 5));
    mine.request.url = http_server_url(server, "/moved");
    check_attempt(&http, &mine, 307, "elsewhere");
    ck_assert_int_eq(kept.size, 5);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

static void *ask_once(void *payload)
{
    attempt mine;

    make_attempt(&mine, "GET", ((attempt *)payload)->request.url);
    check_attempt(((attempt *)payload)->request.sink.self, &mine, 200, "hello");
    drop_attempt(&mine);
    return NULL;
}

START_TEST(connections_are_kept_for_all_threads)
{
    http_server *server = http_server_start(say_hello, NULL);
    ti_http http = open_curl(NULL, NULL);
    pthread_t threads[8];
    attempt mine;

    make_attempt(&mine, "GET", http_server_url(server, "/"));
    for (int i = 0; i < 3; i++)
        check_attempt(&http, &mine, 200, "hello");
    mine.request.sink.self = &http; /* only to hand it over */
    ck_assert_int_eq(pthread_create(&threads[0], NULL, ask_once, &mine), 0);
    ck_assert_int_eq(pthread_join(threads[0], NULL), 0);
    ck_assert_uint_eq(http_server_connections(server), 1);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < COUNT(threads); i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_once, &mine), 0);
        for (size_t i = 0; i < COUNT(threads); i++)
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    }
    ck_assert_uint_le(http_server_connections(server), COUNT(threads));
    ck_assert_uint_eq(http_server_requests(server), 4 + 5 * COUNT(threads));
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

START_TEST(what_must_not_go_twice_gets_a_new_connection)
{
    http_server *server = http_server_start(say_hello, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    make_attempt(&mine, "GET", http_server_url(server, "/"));
    check_attempt(&http, &mine, 200, "hello");
    mine.request.once = true;
    check_attempt(&http, &mine, 200, "hello");
    ck_assert_uint_eq(http_server_connections(server), 2);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

/* --- What is sent --------------------------------------------------------------------------------------------------------------- */

static void echo_head(void *payload, http_exchange *exchange)
{
    (void)payload;
    (void)exchange_body(exchange, NULL);
    (void)exchange_answer(exchange, 200, "", exchange->head);
}

START_TEST(a_request_goes_out_as_it_was_given)
{
    http_server *server = http_server_start(echo_head, NULL);
    ti_http http = open_curl(NULL, NULL);
    char expected[512];
    attempt mine;

    make_attempt(&mine, "PUT", http_server_url(server, "/a/../b//c%2F%41?x=&y=%20"));
    mine.headers[0] = (ti_http_header){ti_slice_of("Host"), ti_slice_of("other:81")};
    mine.headers[1] = (ti_http_header){ti_slice_of("X-Empty"), ti_slice_of("")};
    mine.headers[2] = (ti_http_header){ti_slice_of("X-Full"), ti_slice_of("a  b")};
    mine.request.headers = mine.headers;
    mine.request.header_count = 3;
    check_attempt(&http, &mine, 200,
                  "PUT /a/../b//c%2F%41?x=&y=%20 HTTP/1.1\r\nHost: other:81\r\nX-Empty:\r\nX-Full: a  b\r\n"
                  "Content-Length: 0\r\n\r\n");
    mine.request.body = (ti_http_body){.data = "12345", .size = 5};
    mine.request.method = "POST";
    mine.request.header_count = 0;
    mine.request.url = http_server_url(server, "/");
    check_attempt(&http, &mine, 200, NULL);
    ck_assert_int_gt(snprintf(expected, sizeof(expected),
                              "POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 5\r\n\r\n",
                              http_server_port(server)),
                     0);
    ck_assert_str_eq(ti_buffer_string(&mine.response.body), expected);
    mine.request.body = (ti_http_body){0};
    mine.request.method = "DELETE";
    check_attempt(&http, &mine, 200, NULL);
    ck_assert_ptr_nonnull(strstr(ti_buffer_string(&mine.response.body), "DELETE / HTTP/1.1\r\n"));
    ck_assert_ptr_null(strstr(mine.response.body.data, "Content-Length"));
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

static void echo_body(void *payload, http_exchange *exchange)
{
    char text[64];
    unsigned sum;
    long size;

    (void)payload;
    if (exchange_header(exchange, "Expect") != NULL)
        (void)exchange_say(exchange, "HTTP/1.1 100 Continue\r\n\r\n");
    size = exchange_body(exchange, &sum);
    ck_assert_int_gt(snprintf(text, sizeof(text), "%ld %u", size, sum), 0);
    (void)exchange_answer(exchange, 200, "", text);
}

START_TEST(big_bodies_are_streamed)
{
    http_server *server = http_server_start(echo_body, NULL);
    ti_http http = open_curl(NULL, NULL);
    char expected[64];
    attempt mine;

    make_attempt(&mine, "PUT", http_server_url(server, "/"));
    for (int kind = 0; kind < 3; kind++) {
        made_body made = {.size = BIG + 1};

        mine.request.body = body_of(&made, kind != 1);
        mine.request.expect_continue = kind == 2;
        check_attempt(&http, &mine, 200, NULL);
        ck_assert_int_eq(made.at, BIG + 1);
        ck_assert_int_gt(snprintf(expected, sizeof(expected), "%d %u", BIG + 1, made.sum), 0);
        ck_assert_str_eq(ti_buffer_string(&mine.response.body), expected);
        ck_assert_uint_eq(made.rewinds, 0);
    }
    ck_assert_uint_eq(http_server_connections(server), 1);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

static void refuse_head(void *payload, http_exchange *exchange)
{
    (void)payload;
    (void)exchange_answer(exchange, 403, "Connection: close\r\n", "no");
    (void)exchange_body(exchange, NULL); /* closed at once, the answer might be lost with the connection */
    exchange->close = true;
}

START_TEST(a_refusal_saves_the_body)
{
    http_server *server = http_server_start(refuse_head, NULL);
    ti_http http = open_curl(NULL, NULL);
    made_body made = {.size = BIG};
    attempt mine;

    make_attempt(&mine, "PUT", http_server_url(server, "/"));
    mine.request.body = body_of(&made, true);
    mine.request.expect_continue = true;
    check_attempt(&http, &mine, 403, "no");
    ck_assert_uint_eq(made.reads, 0);
    mine.request.expect_continue = false;
    check_attempt(&http, &mine, 403, NULL);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

START_TEST(a_failing_body_or_sink_says_why)
{
    http_server *server = http_server_start(echo_body, NULL);
    ti_http http = open_curl(NULL, NULL);
    made_body made = {.size = BIG, .fail_at = 100000};
    kept_body kept = {.fail_at = 3};
    attempt mine;

    make_attempt(&mine, "PUT", http_server_url(server, "/"));
    mine.request.body = body_of(&made, true);
    check_failure(&http, &mine, TICKER_FAILED, TICKER_ERROR_IO);
    ck_assert_str_eq(mine.error.message, "the body is gone");
    made = (made_body){.size = 1000, .end_at = 500};
    made.size = 500;
    mine.request.body = body_of(&made, true);
    mine.request.body.size = 1000;
    check_failure(&http, &mine, TICKER_FATAL, TICKER_ERROR_INTERNAL);
    mine.request.body = (ti_http_body){0};
    mine.request.sink = sink_of(&kept);
    check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_IO);
    ck_assert_str_eq(mine.error.message, "the sink is full");
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

/* --- Broken answers ------------------------------------------------------------------------------------------------------------- */

static void break_off(void *payload, http_exchange *exchange)
{
    (void)payload;
    exchange->close = true;
    if (asks(exchange, "/half"))
        (void)exchange_say(exchange, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
    else if (asks(exchange, "/chunks"))
        (void)exchange_say(exchange, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\n");
    else if (asks(exchange, "/chunk"))
        (void)exchange_say(exchange, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf ");
    else if (asks(exchange, "/head"))
        (void)exchange_say(exchange, "HTTP/1.1 200 OK\r\nContent-Le");
    else if (asks(exchange, "/noise"))
        (void)exchange_say(exchange, "E: no such command\n");
    else if (asks(exchange, "/early"))
        (void)exchange_say(exchange, "HTTP/1.1 100 Continue\r\n\r\n");
}

START_TEST(half_an_answer_is_none)
{
    static const char *const paths[] = {"/half", "/chunks", "/chunk", "/head", "/", "/early"};
    http_server *server = http_server_start(break_off, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    for (size_t i = 0; i < COUNT(paths); i++) {
        kept_body kept = {0};

        make_attempt(&mine, "GET", http_server_url(server, paths[i]));
        mine.request.sink = sink_of(&kept);
        check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
        ck_assert(!mine.response.unsent && !mine.response.timed_out);
        ck_assert_ptr_nonnull(strstr(mine.error.message, http_server_url(server, paths[i])));
        ck_assert_int_eq(kept.size, i < 3 ? 5 : 0);
        drop_attempt(&mine);
    }
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

START_TEST(what_is_not_http_is_said_so)
{
    http_server *server = http_server_start(break_off, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    make_attempt(&mine, "GET", http_server_url(server, "/noise"));
    check_failure(&http, &mine, TICKER_FATAL, TICKER_ERROR_USAGE);
    drop_attempt(&mine);
    make_attempt(&mine, "GET", "ftp://127.0.0.1/");
    check_failure(&http, &mine, TICKER_FATAL, TICKER_ERROR_USAGE);
    drop_attempt(&mine);
    make_attempt(&mine, "GET", "http://user:password@127.0.0.1:1/?secret");
    check_failure(&http, &mine, TICKER_FATAL, TICKER_ERROR_USAGE);
    ck_assert_ptr_null(strstr(mine.error.message, "password"));
    ck_assert_ptr_null(strstr(mine.error.message, "secret"));
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

START_TEST(nobody_there)
{
    http_server *server = http_server_start(break_off, NULL);
    ti_http http = open_curl(NULL, NULL);
    char url[256];
    attempt mine;

    ck_assert_int_gt(snprintf(url, sizeof(url), "%s?X-Amz-Signature=secret", http_server_url(server, "/")), 0);
    http_server_stop(server);
    make_attempt(&mine, "GET", url);
    check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert(mine.response.unsent && !mine.response.timed_out);
    ck_assert_ptr_nonnull(strstr(mine.error.message, "cannot connect to http://127.0.0.1:"));
    ck_assert_ptr_null(strstr(mine.error.message, "secret"));
    ck_assert_str_ne(mine.error.hint, "");
    drop_attempt(&mine);
    /* A label of a name has at most 63 bytes: no server needs to be asked. */
    make_attempt(&mine, "GET", "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid/");
    check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert(mine.response.unsent);
    ck_assert_ptr_nonnull(strstr(mine.error.message, "there is no address"));
    drop_attempt(&mine);
    close_curl(&http);
}
END_TEST

static void close_after(void *payload, http_exchange *exchange)
{
    (void)payload;
    (void)exchange_body(exchange, NULL);
    (void)exchange_answer(exchange, 200, "", "hello"); /* says nothing of closing */
    exchange->close = true;
}

START_TEST(a_kept_connection_may_be_dead)
{
    http_server *server = http_server_start(close_after, NULL);
    ti_http http = open_curl(NULL, NULL);
    unsigned broken = 0;
    attempt mine;

    make_attempt(&mine, "PUT", http_server_url(server, "/"));
    mine.request.body = (ti_http_body){.data = "12345", .size = 5};
    /* One that dies just while it is written to breaks the attempt, which the engine repeats; a busy machine shows that. */
    for (unsigned done = 0; done < 10;) {
        ticker_status result = try_attempt(&http, &mine);

        if (result == TICKER_OK) {
            ck_assert_int_eq(mine.response.status, 200);
            done++;
            continue;
        }
        ck_assert_msg(result == TICKER_RETRY && mine.error.kind == TICKER_ERROR_SERVICE, "%s", mine.error.message);
        ck_assert_uint_lt(broken, 3);
        broken++;
    }
    ck_assert_uint_ge(http_server_requests(server), 10);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

static void close_early(void *payload, http_exchange *exchange)
{
    (void)payload;
    exchange->close = true;
}

START_TEST(a_broken_upload_is_no_signal)
{
    http_server *server = http_server_start(close_early, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    for (int i = 0; i < 5; i++) {
        made_body made = {.size = BIG};

        make_attempt(&mine, "PUT", http_server_url(server, "/"));
        mine.request.body = body_of(&made, true);
        check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
        ck_assert(!mine.response.unsent && !mine.response.timed_out);
        drop_attempt(&mine);
    }
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

/* --- Caps ----------------------------------------------------------------------------------------------------------------------- */

static void say_much(void *payload, http_exchange *exchange)
{
    bool many = asks(exchange, "/many");

    (void)payload;
    exchange->close = true;
    if (asks(exchange, "/body")) {
        (void)exchange_answer(exchange, 200, "", "0123456789");
        return;
    }
    (void)exchange_say(exchange, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < (many ? TI_HTTP_HEADERS_MAX + 1 : 65); i++)
        if (!exchange_say(exchange, "X-%d: %0*d\r\n", i, many ? 1 : 1024, 0))
            return;
    (void)exchange_say(exchange, "Content-Length: 0\r\n\r\n");
}

START_TEST(answers_have_caps)
{
    http_server *server = http_server_start(say_much, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    make_attempt(&mine, "GET", http_server_url(server, "/many"));
    check_failure(&http, &mine, TICKER_FAILED, TICKER_ERROR_LIMIT);
    mine.request.url = http_server_url(server, "/long");
    check_failure(&http, &mine, TICKER_FAILED, TICKER_ERROR_LIMIT);
    mine.request.url = http_server_url(server, "/body");
    mine.request.max_body = 10;
    check_attempt(&http, &mine, 200, NULL);
    ck_assert_uint_eq(mine.response.body.size, 10);
    mine.request.max_body = 9;
    check_failure(&http, &mine, TICKER_FAILED, TICKER_ERROR_LIMIT);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

/* --- Proxies -------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_proxy_of_the_environment_is_used)
{
    http_server *server = http_server_start(echo_head, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    ck_assert_int_eq(setenv("http_proxy", http_server_url(server, ""), 1), 0);
    make_attempt(&mine, "GET", "http://example.invalid/x");
    check_attempt(&http, &mine, 200, NULL);
    ck_assert_ptr_nonnull(strstr(ti_buffer_string(&mine.response.body), "GET http://example.invalid/x HTTP/1.1\r\n"));
    mine.request.url = http_server_url(server, "/direct");
    mine.request.no_proxy = true;
    check_attempt(&http, &mine, 200, NULL);
    ck_assert_ptr_nonnull(strstr(ti_buffer_string(&mine.response.body), "GET /direct HTTP/1.1\r\n"));
    ck_assert_int_eq(unsetenv("http_proxy"), 0);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {an_answer_comes_whole,
                                  a_redirect_is_not_followed,
                                  a_sink_gets_successes_only,
                                  connections_are_kept_for_all_threads,
                                  what_must_not_go_twice_gets_a_new_connection,
                                  a_request_goes_out_as_it_was_given,
                                  big_bodies_are_streamed,
                                  a_refusal_saves_the_body,
                                  a_failing_body_or_sink_says_why,
                                  half_an_answer_is_none,
                                  what_is_not_http_is_said_so,
                                  nobody_there,
                                  a_kept_connection_may_be_dead,
                                  a_broken_upload_is_no_signal,
                                  answers_have_caps,
                                  a_proxy_of_the_environment_is_used};

    return run_tests("http_curl", tests, COUNT(tests));
}
