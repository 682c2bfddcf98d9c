/* curl and time: silence, drops, servers that want no body yet, and wishes to stop. */
#include "http_try.h"
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static int64_t now(void)
{
    return ti_clock_system.monotonic(ti_clock_system.self);
}

static bool asks(const http_exchange *exchange, const char *path)
{
    const char *blank = strchr(exchange->head, ' ');

    return blank != NULL && strncmp(blank + 1, path, strlen(path)) == 0 && blank[1 + strlen(path)] == ' ';
}

/* A port that answers no more: its queue of connections that nobody accepts is full. */
START_TEST(a_connection_takes_its_time)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int server = socket(AF_INET, SOCK_STREAM, 0), waiting[4];
    ti_http http = open_curl(NULL, NULL);
    char url[64];
    int64_t begin;
    attempt mine;

    ck_assert_int_ge(server, 0);
    ck_assert_int_eq(bind(server, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(server, 0), 0);
    ck_assert_int_eq(getsockname(server, (struct sockaddr *)&address, &size), 0);
    for (size_t i = 0; i < COUNT(waiting); i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        ck_assert_int_ge(waiting[i], 0);
        (void)connect(waiting[i], (struct sockaddr *)&address, size);
    }
    ck_assert_int_gt(snprintf(url, sizeof(url), "http://127.0.0.1:%u/", ntohs(address.sin_port)), 0);
    begin = now();
    make_attempt(&mine, "GET", url);
    mine.request.connect_timeout = 150;
    check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert(mine.response.timed_out && mine.response.unsent);
    ck_assert_int_ge(now() - begin, 140);
    ck_assert_int_lt(now() - begin, 10000);
    ck_assert_ptr_nonnull(strstr(mine.error.message, "no connection within 0.1 s"));
    drop_attempt(&mine);
    close_curl(&http);
    for (size_t i = 0; i < COUNT(waiting); i++)
        ck_assert_int_eq(close(waiting[i]), 0);
    ck_assert_int_eq(close(server), 0);
}
END_TEST

static void be_slow(void *payload, http_exchange *exchange)
{
    (void)payload;
    exchange->close = true;
    if (asks(exchange, "/drops")) {
        (void)exchange_say(exchange, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while (exchange_sleep(exchange, 20) && exchange_say(exchange, "."))
            continue;
    } else if (asks(exchange, "/stuck")) {
        (void)exchange_say(exchange, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegin");
    }
    (void)exchange_sleep(exchange, 20000);
}

START_TEST(silence_is_a_time_out)
{
    static const char *const paths[] = {"/", "/stuck"};
    http_server *server = http_server_start(be_slow, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    for (size_t i = 0; i < COUNT(paths); i++) {
        int64_t begin = now();

        make_attempt(&mine, "GET", http_server_url(server, paths[i]));
        mine.request.timeout = 100;
        check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
        ck_assert(mine.response.timed_out && !mine.response.unsent);
        ck_assert_ptr_nonnull(strstr(mine.error.message, "0.1 s"));
        ck_assert_int_ge(now() - begin, 95);
        ck_assert_int_lt(now() - begin, 10000);
        drop_attempt(&mine);
    }
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

START_TEST(drops_go_on_until_the_total_time)
{
    http_server *server = http_server_start(be_slow, NULL);
    ti_http http = open_curl(NULL, NULL);
    attempt mine;

    make_attempt(&mine, "GET", http_server_url(server, "/drops"));
    /* Longer than a busy machine keeps the server from running. */
    mine.request.timeout = 1000;
    mine.request.total_timeout = 1500;
    check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert(mine.response.timed_out);
    ck_assert_ptr_nonnull(strstr(mine.error.message, "1.5 s"));
    ck_assert_int_gt(mine.response.received, 1);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

static bool after_some_time(void *payload)
{
    return now() >= *(int64_t *)payload;
}

static void *stop_soon(void *payload)
{
    ti_clock_system.sleep(NULL, 50);
    atomic_store((atomic_bool *)payload, true);
    return NULL;
}

START_TEST(a_wish_to_stop_is_heard)
{
    static const char *const paths[] = {"/", "/drops"};
    http_server *server = http_server_start(be_slow, NULL);
    int64_t deadline = INT64_MAX, begin;
    ti_http http = open_curl(after_some_time, &deadline);
    atomic_bool stop;
    pthread_t thread;
    attempt mine;

    for (size_t i = 0; i < COUNT(paths); i++) {
        begin = now();
        deadline = begin + 50;
        make_attempt(&mine, "GET", http_server_url(server, paths[i]));
        check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_CANCELLED);
        ck_assert_int_ge(now() - begin, 50);
        ck_assert_int_lt(now() - begin, 10000);
        atomic_init(&stop, false);
        mine.request.cleanup = true; /* the caller is not asked any more, but another thread may end it */
        mine.request.stop = &stop;
        begin = now();
        ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon, &stop), 0);
        check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_CANCELLED);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_int_ge(now() - begin, 50);
        ck_assert_int_lt(now() - begin, 10000);
        drop_attempt(&mine);
    }
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

static void never_continue(void *payload, http_exchange *exchange)
{
    (void)payload;
    ck_assert_ptr_nonnull(exchange_header(exchange, "Expect"));
    ck_assert_int_eq(exchange_body(exchange, NULL), 1000);
    (void)exchange_answer(exchange, 200, "", "got it");
}

START_TEST(a_silent_server_gets_the_body_after_a_second)
{
    http_server *server = http_server_start(never_continue, NULL);
    ti_http http = open_curl(NULL, NULL);
    made_body made = {.size = 1000};
    int64_t begin = now();
    attempt mine;

    make_attempt(&mine, "PUT", http_server_url(server, "/"));
    mine.request.body = body_of(&made, true);
    mine.request.expect_continue = true;
    check_attempt(&http, &mine, 200, "got it");
    ck_assert_int_ge(now() - begin, 900);
    ck_assert_int_lt(now() - begin, 3000);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_connection_takes_its_time, silence_is_a_time_out, drops_go_on_until_the_total_time,
                                  a_wish_to_stop_is_heard, a_silent_server_gets_the_body_after_a_second};

    return run_tests("http_time", tests, COUNT(tests));
}
