/* Heads of answers, line by line, and the place of a URL. */
#include "support.h"

#include "aws/http.h"

static void give(ti_http_response *response, const char *line)
{
    ck_assert(ti_http_response_line(response, ti_slice_of(line)));
}

static void check_header(const ti_http_response *response, const char *name, const char *expected)
{
    ti_slice value = ti_http_response_header(response, name);

    ck_assert_ptr_nonnull(value.data);
    ck_assert_msg(ti_slice_is(value, expected), "%s: \"%.*s\"", name, (int)value.size, value.data);
}

START_TEST(headers_are_kept_and_found)
{
    ti_http_response response;

    ti_http_response_init(&response);
    check_header(&response, "ETag", "");
    give(&response, "HTTP/1.1 206 Partial Content\r\n");
    give(&response, "ETag: \"abc\"\r\n");
    give(&response, "x-amz-request-id:no blank\n");
    give(&response, "Content-Length: \t 12 \t\r\n");
    give(&response, "Empty:\r\n");
    give(&response, "etag: second");
    give(&response, "\r\n");
    ck_assert_int_eq(response.status, 206);
    ck_assert_uint_eq(response.header_count, 5);
    check_header(&response, "etag", "\"abc\"");
    check_header(&response, "ETAG", "\"abc\"");
    check_header(&response, "X-Amz-Request-Id", "no blank");
    check_header(&response, "content-length", "12");
    check_header(&response, "empty", "");
    check_header(&response, "content", "");
    check_header(&response, "content-length:", "");
    check_header(&response, "", "");
    ti_http_response_clear(&response);
    check_header(&response, "etag", "");
    ck_assert_int_eq(response.status, 0);
    ti_http_response_free(&response);
}
END_TEST

START_TEST(what_is_no_header_is_skipped)
{
    static const char *const lines[] = {"",      "\r\n", "no colon",         ": no name", " folded: line",
                                        "\t: x", "a",    "a: b\nInjected: c"};
    static const char nul[] = "a: b\0c";
    ti_http_response response;

    ti_http_response_init(&response);
    for (size_t i = 0; i < COUNT(lines); i++)
        give(&response, lines[i]);
    ck_assert(ti_http_response_line(&response, (ti_slice){nul, sizeof(nul) - 1}));
    ck_assert(ti_http_response_line(&response, (ti_slice){NULL, 0}));
    ck_assert_uint_eq(response.header_count, 0);
    ck_assert_uint_eq(response.headers.size, 0);
    ti_http_response_free(&response);
}
END_TEST

START_TEST(a_later_head_replaces_the_first)
{
    ti_http_response response;

    ti_http_response_init(&response);
    give(&response, "HTTP/1.1 100 Continue");
    give(&response, "X-First: 1");
    give(&response, "Date: Thu, 26 Nov 2026 12:00:00 GMT");
    ck_assert_int_ne(response.date, 0);
    give(&response, "");
    give(&response, "HTTP/1.1 200 OK");
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_eq(response.date, 0);
    check_header(&response, "X-First", "");
    ti_http_response_free(&response);
}
END_TEST

START_TEST(status_lines)
{
    static const struct {
        const char *line;
        int status;
    } cases[] = {{"HTTP/1.1 200 OK", 200}, {"HTTP/1.0 404", 404},  {"HTTP/2 503 \r\n", 503}, {"HTTP/1.1", 0},
                 {"HTTP/1.1 20", 0},       {"HTTP/1.1 2x0 OK", 0}, {"HTTP/1.1  200", 0},     {"HTTP/", 0}};
    ti_http_response response;

    ti_http_response_init(&response);
    for (size_t i = 0; i < COUNT(cases); i++) {
        give(&response, cases[i].line);
        ck_assert_msg(response.status == cases[i].status, "%s: %d", cases[i].line, response.status);
    }
    ti_http_response_free(&response);
}
END_TEST

START_TEST(a_date_counts_unless_a_cache_kept_it)
{
    static const char date[] = "Date: Thu, 26 Nov 2026 12:00:00 GMT";
    ti_http_response response;

    ti_http_response_init(&response);
    give(&response, "HTTP/1.1 200 OK");
    give(&response, date);
    ck_assert_int_eq(response.date, INT64_C(1795694400000));
    give(&response, "Age: 7");
    ck_assert_int_eq(response.date, 0);
    give(&response, "HTTP/1.1 200 OK");
    give(&response, "age: 7");
    give(&response, date);
    ck_assert_int_eq(response.date, 0);
    give(&response, "HTTP/1.1 200 OK");
    give(&response, "Date: yesterday");
    ck_assert_int_eq(response.date, 0);
    ti_http_response_free(&response);
}
END_TEST

START_TEST(heads_have_caps)
{
    ti_http_response response;
    ti_buffer line;

    ti_http_response_init(&response);
    for (int i = 0; i < TI_HTTP_HEADERS_MAX; i++)
        give(&response, "a: b");
    ck_assert(!ti_http_response_line(&response, ti_slice_of("a: b")));
    ti_http_response_clear(&response);
    bytes_init(&line);
    add(&line, "a: ");
    add_repeated(&line, 'x', TI_HTTP_HEADER_BYTES_MAX - 4);
    ck_assert(ti_http_response_line(&response, (ti_slice){line.data, line.size}));
    ck_assert(!ti_http_response_line(&response, ti_slice_of("a: b")));
    ti_http_response_clear(&response);
    add(&line, "x");
    ck_assert(!ti_http_response_line(&response, (ti_slice){line.data, line.size}));
    ti_buffer_free(&line);
    ti_http_response_free(&response);
}
END_TEST

START_TEST(a_place_shows_no_secret)
{
    static const struct {
        const char *url, *place;
    } cases[] = {{"https://h/p?X-Amz-Signature=s", "https://h/p"},
                 {"https://h?X-Amz-Signature=s", "https://h"},
                 {"https://h/p#s", "https://h/p"},
                 {"http://user:password@h:81/a@b/c?q=://s", "http://h:81/a@b/c"},
                 {"http://a@b@h/", "http://h/"},
                 {"https://h/a//b", "https://h/a//b"},
                 {"h/p?u=http://x:s@y", "h/p"},
                 {"/p?u=http://x:s@y", "/p"},
                 {"?s", ""},
                 {"", ""}};
    char place[64];

    for (size_t i = 0; i < COUNT(cases); i++) {
        ti_http_place(cases[i].url, place, sizeof(place));
        ck_assert_str_eq(place, cases[i].place);
    }
    ti_http_place("https://host/path", place, 10);
    ck_assert_str_eq(place, "https://h");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {headers_are_kept_and_found,
                                  what_is_no_header_is_skipped,
                                  a_later_head_replaces_the_first,
                                  status_lines,
                                  a_date_counts_unless_a_cache_kept_it,
                                  heads_have_caps,
                                  a_place_shows_no_secret};

    return run_tests("aws_http", tests, COUNT(tests));
}
