/* The canonical request by hand-written cases: paths, queries, headers, what the stages add, and what they refuse. */
#include "support.h"

#include "signing.h"

#define TOKEN "tok/+= \xc3\xa9"

/* --- The rules ------------------------------------------------------------------------------------------------------------------ */

START_TEST(paths)
{
    static const struct {
        const char *sent, *normal, *kept, *s3;
    } rows[] = {
        {"", "/", "/", "/"},
        {"/", "/", "/", "/"},
        {"//", "/", "//", "//"},
        {"/.", "/", "/.", "/."},
        {"/..", "/", "/..", "/.."},
        {"/../..", "/", "/../..", "/../.."},
        {"/../a", "/a", "/../a", "/../a"},
        {"/a", "/a", "/a", "/a"},
        {"/a/", "/a/", "/a/", "/a/"},
        {"//a//b//", "/a/b/", "//a//b//", "//a//b//"},
        {"/a/./b", "/a/b", "/a/./b", "/a/./b"},
        {"/a/.", "/a", "/a/.", "/a/."},
        {"/a/..", "/", "/a/..", "/a/.."},
        {"/a/../", "/", "/a/../", "/a/../"},
        {"/a/b/..", "/a", "/a/b/..", "/a/b/.."},
        {"/a/b/../", "/a/", "/a/b/../", "/a/b/../"},
        {"/a/b/../../c", "/c", "/a/b/../../c", "/a/b/../../c"},
        {"/...", "/...", "/...", "/..."},
        {"/.a/..b", "/.a/..b", "/.a/..b", "/.a/..b"},
        {"/a%20b", "/a%2520b", "/a%2520b", "/a%20b"},
        {"/a%2Fb", "/a%252Fb", "/a%252Fb", "/a%2Fb"},
        {"/%2E%2E/x", "/%252E%252E/x", "/%252E%252E/x", "/%2E%2E/x"},
        {"/-_.~", "/-_.~", "/-_.~", "/-_.~"},
        {"/a b", "/a%20b", "/a%20b", "/a b"},
        {"/\xe1\x88\xb4", "/%E1%88%B4", "/%E1%88%B4", "/\xe1\x88\xb4"},
        {"/a+b:c@d", "/a%2Bb%3Ac%40d", "/a%2Bb%3Ac%40d", "/a+b:c@d"},
        {"a", "/a", "/a", "/a"},
        {"a/../b", "/b", "/a/../b", "/a/../b"},
    };
    ti_sigv4_scope scope = other_service(), kept = other_service(), s3 = s3_service();

    kept.no_normalize = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ti_sigv4_request request = get(rows[i].sent, "");

        line_is(&scope, &request, 1, rows[i].normal);
        line_is(&kept, &request, 1, rows[i].kept);
        line_is(&s3, &request, 1, rows[i].s3);
    }
}
END_TEST

START_TEST(queries)
{
    static const struct {
        const char *sent, *canonical;
    } rows[] = {
        {"", ""},
        {"a", "a="},
        {"a=", "a="},
        {"=", "="},
        {"=x", "=x"},
        {"&", ""},
        {"&&a=1&&", "a=1"},
        {"b=1&a=2", "a=2&b=1"},
        {"a=2&a=1&a", "a=&a=1&a=2"},
        {"a=10&a=1&a=2", "a=1&a=10&a=2"},
        {"B=1&a=2&A=3&b=4", "A=3&B=1&a=2&b=4"},
        {"Param-3=x&Param=y", "Param=y&Param-3=x"}, /* by name: '-' stands before '=' */
        {"Param%203=x&Param=y", "Param=y&Param%203=x"},
        {"a=b=c", "a=b%3Dc"},
        {"a=%c3%a9", "a=%C3%A9"},
        {"a=\xc3\xa9", "a=%C3%A9"},
        {"%61=%41%2d%5F%7e", "a=A-_~"},
        {"a=x%2Fy", "a=x%2Fy"},
        {"a=x/y?z", "a=x%2Fy%3Fz"},
        {"a=b+c", "a=b%2Bc"},
        {"a=b%20c", "a=b%20c"},
        {"a=b c", "a=b%20c"},
        {"a=%zz&b=%", "a=%25zz&b=%25"},
        {"a=%2541", "a=%2541"},
        {"a=%00", "a=%00"},
        {"%c3%a9=1&a=2&~=3", "%C3%A9=1&a=2&~=3"},
        {"lifecycle", "lifecycle="},
        {"prefix=J&max-keys=2", "max-keys=2&prefix=J"},
    };
    ti_sigv4_scope scope = other_service();

    for (size_t i = 0; i < COUNT(rows); i++) {
        ti_sigv4_request request = get("/", rows[i].sent);

        line_is(&scope, &request, 2, rows[i].canonical);
    }
}
END_TEST

/* More parameters than the few that need no memory, in the opposite order. */
START_TEST(many_parameters)
{
    ti_sigv4_scope scope = s3_service();
    ti_buffer sent, expected;
    ti_sigv4_request request;

    bytes_init(&sent);
    bytes_init(&expected);
    for (int i = 0; i < 5000; i++) {
        add(&sent, "%sp%04d=%d", i > 0 ? "&" : "", 4999 - i, 4999 - i);
        add(&expected, "%sp%04d=%d", i > 0 ? "&" : "", i, i);
    }
    request = get("/", ti_buffer_string(&sent));
    line_is(&scope, &request, 2, ti_buffer_string(&expected));
    ti_buffer_free(&sent);
    ti_buffer_free(&expected);
}
END_TEST

START_TEST(header_values)
{
    static const struct {
        const char *sent, *line;
    } rows[] = {{"", "a:"},
                {" ", "a:"},
                {" \t \r\n ", "a:"},
                {"x", "a:x"},
                {"  x", "a:x"},
                {"x  ", "a:x"},
                {" x   y\t\tz ", "a:x y z"},
                {"\"x   y\"", "a:\"x y\""},
                {"value1\n  value2\r\n\tvalue3", "a:value1 value2 value3"},
                {"x,  y;z", "a:x, y;z"},
                {"\xc3\xa9", "a:\xc3\xa9"}};
    ti_sigv4_scope scope = other_service();

    for (size_t i = 0; i < COUNT(rows); i++) {
        ti_http_header headers[] = {HOST, {TEXT("a"), ti_slice_of(rows[i].sent)}};
        ti_sigv4_request request = get("/", "");

        request.headers = headers;
        request.header_count = 2;
        line_is(&scope, &request, 3, rows[i].line);
    }
}
END_TEST

/* Sorted whatever their case, the same names in their order, and without what is never signed. */
START_TEST(header_names)
{
    static const ti_http_header headers[] = {{TEXT("x-B"), TEXT("2")},
                                             {TEXT("Zeta"), TEXT(" last ")},
                                             {TEXT("x-a"), TEXT("1")},
                                             {TEXT("User-Agent"), TEXT("-")},
                                             {TEXT("X-b"), TEXT("0")},
                                             {TEXT("CONNECTION"), TEXT("-")},
                                             {TEXT("Expect"), TEXT("100-continue")},
                                             {TEXT("upgrade"), TEXT("-")},
                                             {TEXT("Authorization"), TEXT("-")},
                                             {TEXT("X-Amzn-Trace-Id"), TEXT("-")},
                                             {TEXT("Transfer-Encoding"), TEXT("chunked")},
                                             {TEXT("Sec-WebSocket-Key"), TEXT("-")},
                                             {TEXT("sec-websocket-protocol"), TEXT("-")},
                                             {TEXT("Host"), TEXT("h:8080")},
                                             {TEXT("x-"), TEXT("0")},
                                             {TEXT("Content-Length"), TEXT("0")},
                                             {TEXT("x-b"), TEXT(" 1  2 ")},
                                             {TEXT("Connections"), TEXT("kept")}};
    ti_sigv4_scope scope = other_service();
    ti_sigv4_request request = get("/", "");

    request.headers = headers;
    request.header_count = COUNT(headers);
    canonical_is(&scope, &request,
                 "GET\n/\n\n"
                 "connections:kept\ncontent-length:0\nhost:h:8080\nx-:0\nx-a:1\nx-amz-date:20150830T123600Z\n"
                 "x-b:2,0,1 2\nzeta:last\n\n"
                 "connections;content-length;host;x-;x-a;x-amz-date;x-b;zeta\n" EMPTY_BODY);
}
END_TEST

/* What the stages add, and that they do not add what is there. */
START_TEST(own_headers)
{
    static const ti_http_header own[] = {HOST,
                                         {TEXT("X-Amz-Date"), TEXT("20150830T123600Z")},
                                         {TEXT("X-Amz-Content-SHA256"), TEXT("hash")},
                                         {TEXT("X-Amz-Security-Token"), TEXT("other")}};
    ti_sigv4_scope scope = s3_service();
    ti_sigv4_request request = get("/", "");

    scope.session_token = TEXT("token");
    request.payload_hash = TEXT("UNSIGNED-PAYLOAD");
    canonical_is(&scope, &request,
                 "GET\n/\n\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20130524T000000Z\n"
                 "x-amz-security-token:token\n\nhost;x-amz-content-sha256;x-amz-date;x-amz-security-token\n"
                 "UNSIGNED-PAYLOAD");
    scope.omit_token = true;
    canonical_is(&scope, &request,
                 "GET\n/\n\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20130524T000000Z\n\n"
                 "host;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD");
    scope.omit_token = false;
    request.headers = own;
    request.header_count = COUNT(own);
    canonical_is(&scope, &request,
                 "GET\n/\n\nhost:h\nx-amz-content-sha256:hash\nx-amz-date:20150830T123600Z\n"
                 "x-amz-security-token:other\n\nhost;x-amz-content-sha256;x-amz-date;x-amz-security-token\n"
                 "UNSIGNED-PAYLOAD");
    scope = other_service();
    request = get("/", "");
    canonical_is(&scope, &request, "GET\n/\n\nhost:h\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" EMPTY_BODY);
}
END_TEST

/* The token is signed with the rest, or comes behind; the query that is sent is the one that is signed. */
START_TEST(presigned_tokens)
{
    static const char with[] = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                               "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request"
                               "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60"
                               "&X-Amz-Security-Token=tok%2F%2B%3D%20%C3%A9&X-Amz-SignedHeaders=host&Y=1&a=b%2Fc";
    static const char without[] = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                                  "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request"
                                  "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&Y=1&a=b%2Fc";
    ti_sigv4_scope scope = other_service();
    ti_sigv4_request request = get("/p", "a=b/c&Y=1");
    ti_sigv4_key *key = ti_sigv4_key_new(&scope);
    ti_buffer canonical, names, query, sent;

    bytes_init(&canonical);
    bytes_init(&names);
    bytes_init(&query);
    bytes_init(&sent);
    scope.session_token = TEXT(TOKEN);
    request.expires = 60;
    line_is(&scope, &request, 2, with);
    ck_assert_int_eq(ti_sigv4_canonical(&scope, &request, &canonical, &names, &query, NULL), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&query), with);
    ck_assert_str_eq(ti_buffer_string(&names), "host");
    ck_assert_int_eq(ti_sigv4_presign(&scope, key, &request, &sent, NULL), TICKER_OK);
    ck_assert_ptr_nonnull(ti_buffer_string(&sent));
    ck_assert(memcmp(sent.data, with, sizeof(with) - 1) == 0);
    ck_assert(memcmp(sent.data + sizeof(with) - 1, "&X-Amz-Signature=", 17) == 0);
    ck_assert_uint_eq(sent.size, sizeof(with) - 1 + 17 + 64);

    scope.omit_token = true;
    line_is(&scope, &request, 2, without);
    ti_buffer_clear(&sent);
    ck_assert_int_eq(ti_sigv4_presign(&scope, key, &request, &sent, NULL), TICKER_OK);
    ck_assert_ptr_nonnull(ti_buffer_string(&sent));
    ck_assert(memcmp(sent.data, without, sizeof(without) - 1) == 0);
    ck_assert_ptr_nonnull(strstr(sent.data, "&X-Amz-Security-Token=tok%2F%2B%3D%20%C3%A9&X-Amz-Signature="));
    ti_buffer_free(&canonical);
    ti_buffer_free(&names);
    ti_buffer_free(&query);
    ti_buffer_free(&sent);
    ti_sigv4_key_free(key);
}
END_TEST

START_TEST(presigned_payloads)
{
    ti_sigv4_scope scope = other_service(), s3 = s3_service();
    ti_sigv4_request request = get("/", "");

    request.expires = 1;
    line_is(&scope, &request, 6, EMPTY_BODY);
    line_is(&s3, &request, 6, "UNSIGNED-PAYLOAD");
    request.payload_hash = TEXT("0123");
    line_is(&scope, &request, 6, "0123");
    line_is(&s3, &request, 6, "0123");
}
END_TEST

/* --- Refusals ------------------------------------------------------------------------------------------------------------------- */

static void refused(const ti_sigv4_scope *scope, const ti_sigv4_request *request, ticker_error_kind kind,
                    const char *words)
{
    ticker_error error;
    ti_buffer text;

    ti_error_init(&error);
    bytes_init(&text);
    ck_assert_int_eq(ti_sigv4_canonical(scope, request, &text, NULL, NULL, &error), TICKER_FATAL);
    ck_assert_int_eq(error.kind, kind);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    ti_buffer_free(&text);
}

START_TEST(what_cannot_be_signed)
{
    ti_sigv4_scope scope = other_service(), long_name = other_service();
    static ti_http_header headers[TICKER_SIGNING_HEADERS_MAX + 1] = {HOST};
    ti_sigv4_request request = get("/", ""), presigned = get("/", "");
    char name[TI_SIGV4_NAME_MAX];
    ti_buffer big, text;

    presigned.expires = 604801;
    refused(&scope, &presigned, TICKER_ERROR_USAGE, "604800");
    presigned.expires = -1;
    refused(&scope, &presigned, TICKER_ERROR_USAGE, "604800");
    presigned.expires = 604800;
    line_is(&scope, &presigned, 0, "GET");
    request.header_count = 0;
    refused(&scope, &request, TICKER_ERROR_USAGE, "Host");

    for (size_t i = 1; i < COUNT(headers); i++)
        headers[i] = (ti_http_header){TEXT("a"), TEXT("b")};
    request.headers = headers;
    request.header_count = TICKER_SIGNING_HEADERS_MAX;
    line_is(&scope, &request, 0, "GET");
    request.header_count++;
    refused(&scope, &request, TICKER_ERROR_LIMIT, "headers");

    memset(name, 'r', sizeof(name));
    long_name.region = (ti_slice){name, sizeof(name)};
    refused(&long_name, &presigned, TICKER_ERROR_USAGE, "region");
    ck_assert_ptr_null(ti_sigv4_key_new(&long_name));
    bytes_init(&text);
    ck_assert_int_eq(ti_sigv4_string_to_sign(&long_name, TEXT("x"), &text, NULL), TICKER_FATAL);
    ti_buffer_free(&text);

    bytes_init(&big);
    add_repeated(&big, 'a', TICKER_SIGNED_BYTES_MAX);
    request = get("/", "");
    request.path = (ti_slice){big.data, big.size};
    refused(&scope, &request, TICKER_ERROR_LIMIT, "bytes");
    request = get("/", "");
    request.query = (ti_slice){big.data, SIZE_MAX};
    refused(&scope, &request, TICKER_ERROR_LIMIT, "bytes");
    scope.session_token = (ti_slice){big.data, big.size / 2};
    request = get("/", "");
    refused(&scope, &request, TICKER_ERROR_LIMIT, "bytes");
    ti_buffer_free(&big);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {paths,       queries,          many_parameters,    header_values,        header_names,
                                  own_headers, presigned_tokens, presigned_payloads, what_cannot_be_signed};

    return run_tests("sigv4 canonical", tests, COUNT(tests));
}
