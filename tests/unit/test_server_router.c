/* What every request to the server goes through before a handler sees it. */
#include "server_scene.h"

#include <stdio.h>

#define DETAIL(text) ck_assert_msg(strstr(s.body, text) != NULL, "%s", s.body)

START_TEST(paths)
{
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live", NULL), 200);
    ck_assert_str_eq(s.body, "{\"status\":\"ok\"}");
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "application/json");
    ck_assert_int_eq(scene_ask(&s, "GET", "/he%61lth/%6Cive", NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live/", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "//health/live", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health%2Flive", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/../health/live", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o", NULL), 404);
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "application/problem+json");
    ck_assert_str_eq(scene_header(&s, "Cache-Control"), "no-store");
    DETAIL("\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":");
    DETAIL("\"request_id\":\"");
    scene_close(&s);
}
END_TEST

/* Bytes that mean something else to the next program that looks at them. */
START_TEST(hostile_paths)
{
    static const char *const bad[] = {
        "/health/live%00", "/health/%",      "/health/%4", "/health/%zz",    "/%c0%af", "/%ed%a0%80",  "/x%0d%0aSet: y",
        "/\x80",           "/%7f",           "/%c2%85",    "/%f4%90%80%80",  "*",       "health/live", "",
        "/%1b[2J",         "/health/li\nve", "/%e2%82",    "/%E2%82%AC%zz1", "/%%31"};
    scene s;

    scene_open(&s, NULL);
    for (size_t i = 0; i < SCENE_COUNT(bad); i++)
        ck_assert_msg(scene_ask(&s, "GET", bad[i], NULL) == 400, "%s: %d", bad[i], s.status);
    scene_close(&s);
}
END_TEST

START_TEST(query_strings)
{
    char many[2000] = "/health/live?";
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live?", NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live?&&", NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live?a=1", NULL), 400);
    DETAIL("there is no parameter \\\"a\\\" here; there are none");
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live?a=1&a=2", NULL), 400);
    DETAIL("more than once");
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live?a=%00", NULL), 400);
    DETAIL("percent-encoded");
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live?%ff=1", NULL), 400);
    DETAIL("percent-encoded");
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live?a=%c3%28", NULL), 400);
    DETAIL("percent-encoded");
    for (int i = 0; i < 40; i++) {
        char pair[16];

        (void)snprintf(pair, sizeof pair, "p%d=1&", i);
        memcpy(many + strlen(many), pair, strlen(pair) + 1);
    }
    ck_assert_int_eq(scene_ask(&s, "GET", many, NULL), 400);
    DETAIL("more than 32");
    scene_close(&s);
}
END_TEST

/* Each limit itself is let through, one byte more is not. */
START_TEST(limits)
{
    char target[8000];
    exchange x;
    exchange_header headers[EXCHANGE_HEADERS_MAX + 1];
    char large[EXCHANGE_HEADER_BYTES_MAX + 1];
    scene s;

    scene_open(&s, NULL);
    memset(target, 'a', sizeof target);
    target[0] = '/';
    target[EXCHANGE_PATH_MAX] = '\0';
    ck_assert_int_eq(scene_ask(&s, "GET", target, NULL), 404);
    target[EXCHANGE_PATH_MAX] = 'a';
    target[EXCHANGE_PATH_MAX + 1] = '\0';
    ck_assert_int_eq(scene_ask(&s, "GET", target, NULL), 414);
    memset(target, '&', sizeof target);
    memcpy(target, "/health/live?", 13);
    target[13 + EXCHANGE_QUERY_MAX] = '\0';
    ck_assert_int_eq(scene_ask(&s, "GET", target, NULL), 200);
    target[13 + EXCHANGE_QUERY_MAX] = '&';
    target[14 + EXCHANGE_QUERY_MAX] = '\0';
    ck_assert_int_eq(scene_ask(&s, "GET", target, NULL), 414);

    memset(&x, 0, sizeof x);
    memset(large, 'x', sizeof large);
    large[EXCHANGE_HEADER_BYTES_MAX] = '\0';
    x.method = "GET";
    x.path = "/health/live";
    x.query = x.remote = x.scheme = "";
    x.headers = headers;
    for (size_t i = 0; i <= EXCHANGE_HEADERS_MAX; i++)
        headers[i] = (exchange_header){"a", "b"};
    x.header_count = EXCHANGE_HEADERS_MAX;
    ck_assert_int_eq(server_begin(s.server, &x), SERVER_ANSWERED);
    ck_assert_int_eq(x.status, 200);
    server_end(s.server, &x);
    x.header_count = EXCHANGE_HEADERS_MAX + 1;
    ck_assert_int_eq(server_begin(s.server, &x), SERVER_ANSWERED);
    ck_assert_int_eq(x.status, 431);
    server_end(s.server, &x);
    headers[0].value = large + 1; /* with its name the limit */
    x.header_count = 1;
    ck_assert_int_eq(server_begin(s.server, &x), SERVER_ANSWERED);
    ck_assert_int_eq(x.status, 200);
    server_end(s.server, &x);
    headers[0].value = large;
    ck_assert_int_eq(server_begin(s.server, &x), SERVER_ANSWERED);
    ck_assert_int_eq(x.status, 431);
    server_end(s.server, &x);
    scene_close(&s);
}
END_TEST

START_TEST(methods)
{
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(scene_ask(&s, "HEAD", "/health/live", NULL), 200);
    ck_assert_str_eq(s.body, "");
    ck_assert_int_eq(scene_ask(&s, "POST", "/health/live", NULL), 405);
    ck_assert_str_eq(scene_header(&s, "Allow"), "GET, HEAD, OPTIONS");
    ck_assert_int_eq(scene_ask(&s, "get", "/health/live", NULL), 405);
    ck_assert_int_eq(scene_ask(&s, "TRACE", "/health/live", NULL), 405);
    ck_assert_int_eq(scene_ask(&s, "OPTIONS", "/health/live", NULL), 204);
    ck_assert_str_eq(scene_header(&s, "Allow"), "GET, HEAD, OPTIONS");
    ck_assert_ptr_null(scene_header(&s, "Access-Control-Allow-Methods"));
    ck_assert_int_eq(scene_ask(&s, "OPTIONS", "/nothing", NULL), 404);
    scene_close(&s);
}
END_TEST

START_TEST(common_headers)
{
    scene s;

    scene_open(&s, NULL);
    for (int i = 0; i < 2; i++) {
        (void)scene_ask(&s, "GET", i == 0 ? "/health/live" : "/nothing", "origin: https://example.com", NULL);
        ck_assert_str_eq(scene_header(&s, "X-Content-Type-Options"), "nosniff");
        ck_assert_str_eq(scene_header(&s, "Referrer-Policy"), "no-referrer");
        ck_assert_ptr_nonnull(strstr(scene_header(&s, "Content-Security-Policy"), "default-src 'none'"));
        ck_assert_ptr_null(scene_header(&s, "Access-Control-Allow-Origin"));
        ck_assert_uint_eq(strlen(scene_header(&s, "X-Request-Id")), 24);
    }
    scene_close(&s);
}
END_TEST

START_TEST(request_ids)
{
    static const char *const bad[] = {"x-request-id: a b", "x-request-id: ", "x-request-id: a\"b", "x-request-id: é",
                                      "x-request-id: 1234567890123456789012345678901234567890"};
    char first[64];
    scene s;

    scene_open(&s, NULL);
    (void)scene_ask(&s, "GET", "/nothing", "x-request-id: 0b7e4f3a-2f6b-4a51-9d0e-3a1f5c6d7e8f", NULL);
    ck_assert_str_eq(scene_header(&s, "X-Request-Id"), "0b7e4f3a-2f6b-4a51-9d0e-3a1f5c6d7e8f");
    DETAIL("\"request_id\":\"0b7e4f3a-2f6b-4a51-9d0e-3a1f5c6d7e8f\"");
    for (size_t i = 0; i < SCENE_COUNT(bad); i++) {
        (void)scene_ask(&s, "GET", "/health/live", bad[i], NULL);
        ck_assert_uint_eq(strlen(scene_header(&s, "X-Request-Id")), 24);
    }
    (void)snprintf(first, sizeof first, "%s", scene_header(&s, "X-Request-Id"));
    (void)scene_ask(&s, "GET", "/health/live", NULL);
    ck_assert_str_ne(first, scene_header(&s, "X-Request-Id"));
    scene_close(&s);
}
END_TEST

START_TEST(cors)
{
    scene s;

    scene_open(&s, "cors-origin", "https://a.example, https://b.example:8443", NULL);
    (void)scene_ask(&s, "GET", "/health/live", "origin: https://b.example:8443", NULL);
    ck_assert_str_eq(scene_header(&s, "Access-Control-Allow-Origin"), "https://b.example:8443");
    ck_assert_str_eq(scene_header(&s, "Vary"), "Origin");
    ck_assert_ptr_nonnull(strstr(scene_header(&s, "Access-Control-Expose-Headers"), "Link"));
    (void)scene_ask(&s, "GET", "/health/live", "origin: https://evil.example", NULL);
    ck_assert_ptr_null(scene_header(&s, "Access-Control-Allow-Origin"));
    ck_assert_str_eq(scene_header(&s, "Vary"), "Origin");
    (void)scene_ask(&s, "GET", "/health/live", "origin: https://b.example", NULL);
    ck_assert_ptr_null(scene_header(&s, "Access-Control-Allow-Origin"));
    (void)scene_ask(&s, "GET", "/nothing", "origin: https://a.example", NULL);
    ck_assert_str_eq(scene_header(&s, "Access-Control-Allow-Origin"), "https://a.example");
    ck_assert_int_eq(scene_ask(&s, "OPTIONS", "/health/live", "origin: https://a.example",
                               "access-control-request-method: GET", NULL),
                     204);
    ck_assert_str_eq(scene_header(&s, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
    scene_close(&s);
    scene_open(&s, "cors-origin", "*", NULL);
    (void)scene_ask(&s, "GET", "/health/live", "origin: https://any.example", NULL);
    ck_assert_str_eq(scene_header(&s, "Access-Control-Allow-Origin"), "*");
    scene_close(&s);
}
END_TEST

/* What a transport could not read is answered and logged like everything else. */
START_TEST(refused)
{
    exchange x;
    scene s;

    scene_open(&s, NULL);
    memset(&x, 0, sizeof x);
    x.method = x.path = x.query = x.remote = x.scheme = "";
    server_refuse(s.server, &x, 408);
    ck_assert_int_eq(x.status, 408);
    ck_assert_ptr_nonnull(strstr(x.body, "\"title\":\"Request Timeout\""));
    server_end(s.server, &x);
    memset(&x, 0, sizeof x);
    x.method = x.path = x.query = x.remote = x.scheme = "";
    server_refuse(s.server, &x, 503);
    s.status = 0;
    for (size_t i = 0; i < x.answer_count; i++)
        s.status += strcmp(x.answer[i].name, "Retry-After") == 0;
    ck_assert_int_eq(s.status, 1);
    server_end(s.server, &x);
    scene_close(&s);
}
END_TEST

/* A header that would begin another one is not sent, and neither is the answer that it belonged to. */
START_TEST(header_injection)
{
    exchange x;
    scene s;

    scene_open(&s, NULL);
    memset(&x, 0, sizeof x);
    x.method = "GET";
    x.path = "/health/live";
    x.query = x.remote = x.scheme = "";
    (void)server_begin(s.server, &x);
    ck_assert(exchange_set(&x, "X-Good", "a\tb"));
    ck_assert(!exchange_set(&x, "X-Bad", "a\r\nSet-Cookie: b"));
    ck_assert_int_eq(x.status, 500);
    for (size_t i = 0; i < x.answer_count; i++)
        ck_assert_str_ne(x.answer[i].name, "X-Bad");
    server_end(s.server, &x);
    scene_close(&s);
}
END_TEST

START_TEST(access_log)
{
    char *log;
    scene s;

    scene_open(&s, NULL);
    (void)scene_ask(&s, "GET", "/health/live", "user-agent: a\"b\\\x01", "authorization: Bearer ticker_secret", NULL);
    (void)scene_ask(&s, "GET", "/health/live?X-Amz-Signature=abcdef", NULL);
    log = scene_log(&s);
    ck_assert_msg(strncmp(log, "{\"time\":\"20", 11) == 0, "%s", log);
    ck_assert_ptr_nonnull(strstr(log, "Z\",\"id\":\""));
    ck_assert_ptr_nonnull(strstr(log, "\"remote\":\"127.0.0.1\",\"method\":\"GET\",\"path\":\"/health/live\","
                                      "\"route\":\"/health/live\",\"agent\":\"a\\u0022b\\u005c\\u0001\",\"status\":200,"
                                      "\"bytes\":15,\"seconds\":0.0"));
    ck_assert_ptr_nonnull(strstr(log, "\"status\":400,"));
    ck_assert_ptr_null(strstr(log, "secret"));
    ck_assert_ptr_null(strstr(log, "abcdef"));
    free(log);
    scene_close(&s);
}
END_TEST

/* The longest line there can be is still whole. */
START_TEST(log_line_is_whole)
{
    static char path[EXCHANGE_PATH_MAX * 4], query[EXCHANGE_QUERY_MAX * 4], line[LOG_LINE_MAX];
    exchange_header agent = {"user-agent", path};
    request r;
    server_route route;
    exchange x;
    size_t size;

    memset(path, '\x01', sizeof path - 1);
    memset(query, '"', sizeof query - 1);
    memset(&x, 0, sizeof x);
    memset(&r, 0, sizeof r);
    memset(&route, 0, sizeof route);
    memset(r.token, 'x', sizeof r.token - 1);
    memset(x.id, 'x', sizeof x.id - 1);
    r.known_query = true;
    r.route = &route;
    route.pattern = path;
    x.route = &r;
    x.method = x.path = x.remote = path;
    x.query = query;
    x.headers = &agent;
    x.header_count = 1;
    x.sent = UINT64_MAX;
    x.failed = true;
    size = log_describe(&x, INT64_C(4102444799999999), INT64_MAX, line, sizeof line);
    ck_assert_uint_le(size, sizeof line);
    ck_assert_mem_eq(line + size - 13, ",\"cut\":true}\n", 13);
    ck_assert_uint_le(size, 6500);
}
END_TEST

START_TEST(ready)
{
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/ready", NULL), 200);
    ck_assert(s.worked);
    ck_assert_ptr_nonnull(strstr(s.body, "{\"status\":\"ready\",\"parts\":{"));
    atomic_store(&s.server->stopping, true);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/ready", NULL), 503);
    ck_assert_str_eq(s.body, "{\"status\":\"stopping\"}");
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live", NULL), 200);
    scene_close(&s);
}
END_TEST

static ticker_status missing(void *payload, ticker_error *error)
{
    (*(int *)payload)++;
    return ticker_error_set(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "secret-host:5432 refused");
}

START_TEST(part_is_missing)
{
    int asked = 0;
    scene s;

    scene_open(&s, NULL);
    server_add_part(s.server, "extra", false, missing, &asked);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/ready", NULL), 200);
    ck_assert_ptr_nonnull(strstr(s.body, "\"extra\":\"unreachable\""));
    ck_assert_ptr_null(strstr(s.body, "secret-host"));
    (void)scene_ask(&s, "GET", "/health/ready", NULL);
    ck_assert_int_eq(asked, 1); /* one check does for a moment */
    scene_close(&s);
    scene_open(&s, NULL);
    server_add_part(s.server, "queue", true, missing, &asked);
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/ready", NULL), 503);
    ck_assert_ptr_nonnull(strstr(s.body, "{\"status\":\"unavailable\",\"parts\":{"));
    ck_assert_ptr_nonnull(strstr(s.body, "\"queue\":\"unreachable\""));
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    scene_close(&s);
}
END_TEST

START_TEST(metrics)
{
    scene s;

    scene_open(&s, NULL);
    (void)scene_ask(&s, "GET", "/health/live", NULL);
    (void)scene_ask(&s, "GET", "/health/live", NULL);
    (void)scene_ask(&s, "BREW", "/some/path", NULL);
    (void)scene_ask(&s, "DELETE", "/health/live", NULL);
    ck_assert_int_eq(scene_ask(&s, "GET", "/metrics", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    DETAIL("\nticker_http_requests_total{method=\"GET\",route=\"/health/live\",status=\"200\"} 2\n");
    DETAIL("\nticker_http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 1\n");
    DETAIL("\nticker_http_requests_total{method=\"DELETE\",route=\"/health/live\",status=\"405\"} 1\n");
    DETAIL("\nticker_http_request_duration_seconds_count{method=\"GET\",route=\"/health/live\"} 2\n");
    DETAIL("\nticker_http_requests_in_flight 1\n"); /* this one */
    DETAIL("\nticker_http_response_bytes_total ");
    ck_assert_ptr_null(strstr(s.body, "/some/path"));
    scene_close(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {paths,          hostile_paths,     query_strings, limits,          methods,
                                  common_headers, request_ids,       cors,          refused,         header_injection,
                                  access_log,     log_line_is_whole, ready,         part_is_missing, metrics};

    return scene_run("server_router", tests, SCENE_COUNT(tests));
}
