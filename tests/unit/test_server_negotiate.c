/* Formats and conditions, by the rules of RFC 9110. */
#include "server_scene.h"

static exchange x;
static exchange_header header;
static request r;
static server_route route = {.method = "GET", .pattern = "/", .formats = SERVER_JSON | SERVER_CSV | SERVER_NDJSON};

static void begin(const char *name, const char *value)
{
    memset(&x, 0, sizeof x);
    memset(&r, 0, sizeof r);
    x.route = &r;
    r.route = &route;
    header = (exchange_header){name, value};
    x.headers = &header;
    x.header_count = 1;
}

static void end(void)
{
    exchange_release(&x);
    exchange_memory_free(&x);
}

START_TEST(etags)
{
    static const char *const good[] = {
        "\"a-1\"", "W/\"a-1\"",  "\"x\", \"a-1\"",   "\"x\",W/\"a-1\"",  "*",
        " * ",     "  \"a-1\" ", "\"a,b\", \"a-1\"", "\"\" , \"a-1\",x", "\"a-1\", \"broken"};
    static const char *const bad[] = {"\"a\"",    "a-1",        "\"a-1",        "",          "\"x\" \"a-1\"",
                                      "\"a-12\"", "\"x\", a-1", "*, \"a-1\"",   "w/\"a-1\"", "W/",
                                      "\"",       ",",          "\"x\",,\"a-1", "\"A-1\""};

    for (size_t i = 0; i < SCENE_COUNT(good); i++) {
        begin("if-none-match", good[i]);
        ck_assert_msg(etag_matches(&x, "\"a-1\""), "%s", good[i]);
        ck_assert_msg(etag_matches(&x, "W/\"a-1\""), "%s", good[i]);
        end();
    }
    for (size_t i = 0; i < SCENE_COUNT(bad); i++) {
        begin("if-none-match", bad[i]);
        ck_assert_msg(!etag_matches(&x, "\"a-1\""), "%s", bad[i]);
        end();
    }
    begin("if-match", "*");
    ck_assert(!etag_matches(&x, "\"a-1\""));
    end();
}
END_TEST

static const struct {
    const char *accept;
    const char *format; /* NULL: 406 */
} cases[] = {
    {"", "json"},
    {"*/*", "json"},
    {"application/json", "json"},
    {"text/csv", "csv"},
    {"TEXT/CSV", "csv"},
    {"text/csv;charset=utf-8", "csv"},
    {"text/*", "csv"},
    {"application/*", "json"},
    {"application/x-ndjson", "ndjson"},
    {"text/csv, */*", "csv"},
    {"text/csv;q=0.5, application/json", "json"},
    {"text/csv;q=0.5, application/json;q=0.4", "csv"},
    {"text/csv;q=0.500,application/json;q=0.501", "json"},
    {"text/csv ; q=1.0 , application/json;q=0.9", "csv"},
    {"application/json;q=0, */*", "csv"},
    {"*/*;q=0.1, application/x-ndjson;q=0.2", "ndjson"},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"},
    {"text/html", NULL},
    {"text/csv;q=0", NULL},
    {"*/*;q=0", NULL},
    {"application/json;q=0.0001", NULL}, /* no such quality */
    {"application/json;q=2", NULL},
    {"application/json;q=1.001", NULL},
    {"application/json;q=x", NULL},
    {"application/jso", NULL},
    {"application/jsonx", NULL},
    {"a*/*", NULL},
    {",,,;;;,", NULL},
    {"/", NULL},
    {"text/csv;level=1;q=0.3, application/json;q=0.2", "csv"},
};

START_TEST(accept)
{
    for (size_t i = 0; i < SCENE_COUNT(cases); i++) {
        bool done;

        begin("accept", cases[i].accept);
        done = negotiate_format(&x, &r);
        ck_assert_msg(done == (cases[i].format != NULL), "%s: %d", cases[i].accept, x.status);
        if (done)
            ck_assert_msg(strcmp(format_name(r.format), cases[i].format) == 0, "%s: %s", cases[i].accept,
                          format_name(r.format));
        else
            ck_assert_int_eq(x.status, 406);
        end();
    }
}
END_TEST

START_TEST(named)
{
    begin("accept", "text/html");
    r.parameters[0] = (server_parameter){"format", "csv"};
    r.parameter_count = 1;
    ck_assert(negotiate_format(&x, &r)); /* the parameter wins */
    ck_assert_int_eq(r.format, SERVER_CSV);
    r.parameters[0].value = "table";
    ck_assert(!negotiate_format(&x, &r));
    ck_assert_int_eq(x.status, 400);
    ck_assert_ptr_nonnull(strstr(x.body, "use json, csv, ndjson"));
    end();
    begin("accept", "text/csv");
    route.formats = SERVER_JSON;
    ck_assert(!negotiate_format(&x, &r));
    ck_assert_int_eq(x.status, 406);
    end();
    begin("accept", "text/csv");
    route.formats = 0; /* one answer for all */
    ck_assert(negotiate_format(&x, &r));
    end();
}
END_TEST

/* One byte of memory more than a request may have. */
START_TEST(memory)
{
    size_t total = 0;

    begin("a", "b");
    ck_assert_ptr_null(exchange_memory(&x, (size_t)256 * 1024 + 1));
    while (exchange_memory(&x, 1000) != NULL) {
        total += 1000;
        ck_assert_uint_le(total, (size_t)256 * 1024);
    }
    ck_assert_uint_gt(total, 150000);
    ck_assert_ptr_null(exchange_copy(&x, "", SIZE_MAX));
    end();
}
END_TEST

START_TEST(encoding)
{
    char text[] = "a%2Bb+c%C3%A9", plain[] = "a%2Bb+c";

    begin("a", "b");
    ck_assert(decode_text(text, true));
    ck_assert_str_eq(text, "a+b c\xc3\xa9");
    ck_assert(decode_text(plain, false));
    ck_assert_str_eq(plain, "a+b+c");
    ck_assert_str_eq(encode_text(&x, "a+b c\xc3\xa9~"), "a%2Bb%20c%C3%A9~");
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {etags, accept, named, memory, encoding};

    return scene_run("server_negotiate", tests, SCENE_COUNT(tests));
}
