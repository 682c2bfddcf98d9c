/* The connection to Redis against a server that says what it should not: cut, endless, slow, foreign answers. And Redis' URLs. */
#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "cache/redis.h"
#include "support.h"

/* --- URLs ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(urls)
{
    static const struct {
        const char *url, *host, *user, *password;
        int port, database;
    } good[] = {
        {"redis://localhost", "localhost", "", "", 6379, 0},
        {"redis://localhost/", "localhost", "", "", 6379, 0},
        {"redis://127.0.0.1:7000/15", "127.0.0.1", "", "", 7000, 15},
        {"redis://:pass@cache.example.org:1/2", "cache.example.org", "", "pass", 1, 2},
        {"redis://me:pass:word@h", "h", "me", "pass:word", 6379, 0},
        {"redis://m%40e:p%2F%25%40s/s@[fe80::1]:7000/1", "fe80::1", "m@e", "p/%@s/s", 7000, 1},
        {"redis://[::1]", "::1", "", "", 6379, 0},
        {"unix:/run/redis/redis.sock", "/run/redis/redis.sock", "", "", 0, 0},
        {"unix:/a%20b?db=3", "/a b", "", "", 0, 3},
        {"unix://:pass@/run/redis.sock?db=1", "/run/redis.sock", "", "pass", 0, 1},
        {"unix:///run/redis.sock", "/run/redis.sock", "", "", 0, 0},
    };

    for (size_t i = 0; i < COUNT(good); i++) {
        ti_redis_address address;

        ck_assert_msg(ti_redis_url_parse(good[i].url, &address, NULL) == TICKER_OK, "%s", good[i].url);
        ck_assert_str_eq(address.host, good[i].host);
        ck_assert_str_eq(address.user, good[i].user);
        ck_assert_str_eq(address.password, good[i].password);
        ck_assert_int_eq(address.port, good[i].port);
        ck_assert_int_eq(address.database, good[i].database);
    }
}
END_TEST

START_TEST(long_urls)
{
    char url[8192];
    ti_redis_address address;

    for (size_t size = 0; size < 3000; size += 1 + size / 10) {
        memset(url, 0, sizeof(url));
        (void)snprintf(url, sizeof(url), "redis://:%*d@h", (int)size + 1, 1);
        for (char *at = url; *at != '\0'; at++)
            *at = *at == ' ' ? 'x' : *at;
        ck_assert_int_eq(ti_redis_url_parse(url, &address, NULL),
                         size + 1 < TI_REDIS_PASSWORD_MAX ? TICKER_OK : TICKER_FATAL);
        (void)snprintf(url, sizeof(url), "redis://%*d", (int)size + 1, 1);
        for (char *at = url; *at != '\0'; at++)
            *at = *at == ' ' ? 'x' : *at;
        ck_assert_int_eq(ti_redis_url_parse(url, &address, NULL),
                         size + 1 < TI_REDIS_NAME_MAX ? TICKER_OK : TICKER_FATAL);
    }
    ck_assert_int_eq(ti_redis_url_parse("http://h", &address, NULL), TICKER_FATAL);
}
END_TEST

#ifdef TI_WITH_HIREDIS

/* --- A server that answers what a test says ------------------------------------------------------------------------------------ */

#define GREETING "$56\r\n# Server\r\nrun_id:0123456789abcdef0123456789abcdef\r\nx:1\r\n\r\n"

typedef struct fake {
    pthread_t thread;
    int listener;
    ti_redis_address address;
    const char *greeting; /* sent when the first bytes came */
    const char *answer;   /* sent when more came */
    size_t repeat;        /* … so often */
    int drip;             /* milliseconds between its bytes */
    bool hang_up;         /* behind the answer */
    int timeout;          /* milliseconds; 0: plenty */
} fake;

static bool send_text(int to, const char *text, int drip)
{
    size_t size = strlen(text), piece = drip > 0 ? 1 : size;

    for (size_t at = 0; at < size; at += piece) {
        struct timespec rest = {0, drip * 1000000L};

        if (send(to, text + at, piece, MSG_NOSIGNAL) < 0)
            return false;
        if (drip > 0)
            (void)nanosleep(&rest, NULL);
    }
    return true;
}

static void *serve(void *payload)
{
    fake *mine = payload;
    char bytes[4096];
    int client = accept(mine->listener, NULL, NULL);
    bool on = client >= 0 && recv(client, bytes, sizeof(bytes), 0) > 0 && send_text(client, mine->greeting, 0);

    if (on && recv(client, bytes, sizeof(bytes), 0) > 0)
        for (size_t i = 0; on && i < mine->repeat; i++)
            on = send_text(client, mine->answer, mine->drip);
    if (on && !mine->hang_up)
        while (recv(client, bytes, sizeof(bytes), 0) > 0)
            ;
    if (client >= 0)
        (void)close(client);
    return NULL;
}

static void start(fake *mine)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(place);

    mine->listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(mine->listener, (struct sockaddr *)&place, size), 0);
    ck_assert_int_eq(listen(mine->listener, 4), 0);
    ck_assert_int_eq(getsockname(mine->listener, (struct sockaddr *)&place, &size), 0);
    mine->address = (ti_redis_address){.host = "127.0.0.1",
                                       .port = ntohs(place.sin_port),
                                       .timeout = mine->timeout > 0 ? mine->timeout : 3000,
                                       .connect_timeout = 3000};
    ck_assert_int_eq(pthread_create(&mine->thread, NULL, serve, mine), 0);
}

static void stop(fake *mine, ti_redis_link *link)
{
    ti_redis_close(link);
    (void)shutdown(mine->listener, SHUT_RDWR);
    ck_assert_int_eq(pthread_join(mine->thread, NULL), 0);
    (void)close(mine->listener);
}

/* Connects, and asks once with room for `max` bytes. The answer, or NULL. */
static const ti_redis_answer *ask(fake *mine, ti_redis_link **link, size_t max, bool *gone, ticker_error *error)
{
    const ti_redis_answer *answer = NULL;
    ti_buffer commands;
    bool good;

    ti_error_init(error);
    start(mine);
    ck_assert_int_eq(ti_redis_connect(&mine->address, link, error), TICKER_OK);
    ck_assert_str_eq(ti_redis_run(*link), "0123456789abcdef");
    ti_buffer_init(&commands, 1000);
    ti_redis_command(&commands, 1);
    ti_redis_word(&commands, ti_slice_of("PING"));
    ck_assert_str_eq(ti_buffer_string(&commands), "*1\r\n$4\r\nPING\r\n");
    good = ti_redis_exchange(*link, &commands, 1, max, &answer, gone, error);
    ti_buffer_free(&commands);
    return good ? answer : NULL;
}

START_TEST(answers)
{
    static const struct {
        const char *answer;
        ti_redis_kind kind;
        const char *text;
    } good[] = {{"+OK\r\n", TI_REDIS_TEXT, "OK"},
                {"$3\r\na\nb\r\n", TI_REDIS_TEXT, "a\nb"},
                {"$-1\r\n", TI_REDIS_NIL, ""},
                {":7\r\n", TI_REDIS_NUMBER, ""},
                {"*0\r\n", TI_REDIS_LIST, ""},
                {"-ERR no\r\n", TI_REDIS_ERROR, "ERR no"},
                {"*2\r\n$1\r\na\r\n$-1\r\n", TI_REDIS_LIST, ""}};

    for (size_t i = 0; i < COUNT(good); i++) {
        for (int drip = 0; drip < 2; drip++) {
            fake server = {.greeting = GREETING, .answer = good[i].answer, .repeat = 1, .drip = drip};
            ti_redis_link *link = NULL;
            ticker_error error;
            bool gone;
            const ti_redis_answer *answer = ask(&server, &link, 100, &gone, &error);

            ck_assert_msg(answer != NULL, "%s", ticker_error_message(&error));
            ck_assert_int_eq(ti_redis_kind_of(answer), good[i].kind);
            ck_assert(ti_slice_is(ti_redis_text(answer), good[i].text));
            ck_assert_ptr_null(ti_redis_element(answer, 2));
            if (i == COUNT(good) - 1)
                ck_assert(ti_slice_is(ti_redis_text(ti_redis_element(answer, 0)), "a"));
            stop(&server, link);
        }
    }
}
END_TEST

START_TEST(answers_that_are_none)
{
    static const struct {
        const char *answer, *says;
        size_t repeat;
        int drip;
        bool hang_up, gone;
    } wrong[] = {{"HTTP/1.1 400 Bad Request\r\n\r\n", "cannot be read", 1, 0, false, false},
                 {"$5\r\nabc", "in time", 1, 0, false, false},
                 {"$5\r\nabc", "closed", 1, 0, true, true},
                 {"", "in time", 1, 0, false, false},
                 {"", "closed", 1, 0, true, true},
                 {"$1000\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "in time", 1, 50, false, false},
                 {"$1000000\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "too long", 1000, 0, false, false},
                 {"*2147483647\r\n", "cannot be read", 1, 0, false, false},
                 {"*1000000\r\n", "cannot be read", 1, 0, false, false},
                 {"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "cannot be read", 1, 0, false, false},
                 {"$-7\r\n", "", 1, 0, false, false},
                 {"$99999999999999999999\r\n", "", 1, 0, false, false},
                 {"+OK\r\n+OK\r\n", "behind its end", 1, 0, false, false},
                 {"+OK\r\n$", "behind its end", 1, 0, false, false}};

    for (size_t i = 0; i < COUNT(wrong); i++) {
        fake server = {.greeting = GREETING,
                       .answer = wrong[i].answer,
                       .repeat = wrong[i].repeat,
                       .drip = wrong[i].drip,
                       .timeout = strcmp(wrong[i].says, "in time") == 0 ? 150 : 0,
                       .hang_up = wrong[i].hang_up};
        ti_redis_link *link = NULL;
        ticker_error error;
        bool gone;
        int64_t begun = ti_clock_system.monotonic(ti_clock_system.self);

        ck_assert_msg(ask(&server, &link, 5000, &gone, &error) == NULL, "%s", wrong[i].answer);
        ck_assert_int_lt(ti_clock_system.monotonic(ti_clock_system.self) - begun, 1500);
        ck_assert_msg(strstr(ticker_error_message(&error), wrong[i].says) != NULL, "%s: %s", wrong[i].answer,
                      ticker_error_message(&error));
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
        ck_assert_int_eq(gone, wrong[i].gone);
        stop(&server, link);
    }
}
END_TEST

START_TEST(greetings_that_are_none)
{
    static const struct {
        const char *greeting, *says;
        ticker_status status;
    } wrong[] = {{"HTTP/1.1 400 Bad Request\r\n\r\n", "cannot be read", TICKER_RETRY},
                 {"$8\r\n# Server\r\n", "which run", TICKER_RETRY},
                 {"$-1\r\n", "which run", TICKER_RETRY},
                 {"$7\r\nrun_id:\r\n", "run_id", TICKER_RETRY},
                 {"$12\r\nrun_id:12345\r\n", "run_id", TICKER_RETRY},
                 {"$31\r\nrun_id:GGGGGGGGGGGGGGGGGGGGGGGG\r\n", "run_id", TICKER_RETRY},
                 {"-NOPERM this user has no permissions\r\n", "NOPERM", TICKER_FATAL},
                 {"-NOAUTH Authentication required.\r\n", "NOAUTH", TICKER_FATAL},
                 {"-ERR max number of clients reached\r\n", "max number", TICKER_RETRY},
                 {"-LOADING Redis is loading\r\n", "LOADING", TICKER_RETRY}};

    for (size_t i = 0; i < COUNT(wrong); i++) {
        fake server = {.greeting = wrong[i].greeting, .answer = ""};
        ti_redis_link *link = NULL;
        ticker_error error;

        ti_error_init(&error);
        start(&server);
        ck_assert_int_eq(ti_redis_connect(&server.address, &link, &error), wrong[i].status);
        ck_assert_ptr_null(link);
        ck_assert_msg(strstr(ticker_error_message(&error), wrong[i].says) != NULL, "%s", ticker_error_message(&error));
        stop(&server, NULL);
    }
}
END_TEST

START_TEST(nobody_there)
{
    fake server = {.greeting = GREETING, .answer = ""};
    ti_redis_address address;
    ti_redis_link *link = NULL;
    ticker_error error;

    start(&server);
    address = server.address;
    stop(&server, NULL); /* its port is free now */
    memcpy(address.password, "s3cret", 7);
    ti_error_init(&error);
    ck_assert_int_eq(ti_redis_connect(&address, &link, &error), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
    ck_assert_ptr_nonnull(strstr(ticker_error_message(&error), "127.0.0.1:"));
    ck_assert_ptr_null(strstr(ticker_error_message(&error), "s3cret"));
    address.port = 0;
    memcpy(address.host, "/nowhere/socket", 16);
    ti_error_init(&error);
    ck_assert_int_eq(ti_redis_connect(&address, &link, &error), TICKER_RETRY);
    ck_assert_ptr_nonnull(strstr(ticker_error_message(&error), "/nowhere/socket"));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {urls,        long_urls, answers, answers_that_are_none, greetings_that_are_none,
                                  nobody_there};

    return run_tests("redis", tests, COUNT(tests));
}

#else

int main(void)
{
    const TTest *const tests[] = {urls, long_urls};

    return run_tests("redis", tests, COUNT(tests));
}

#endif
