/* Questions to the server and what it answers, from SQLite. */
#define _GNU_SOURCE 1 /* memmem */
#include "server_scene.h"

#include <stdio.h>

#define DETAIL(text) ck_assert_msg(strstr(s.body, text) != NULL, "%s", s.body)

/* By memmem(): the sanitizers measure the whole text at each call of strstr(). */
static size_t occurrences(const char *text, const char *of)
{
    const char *end = text + strlen(text);
    size_t count = 0;

    for (const char *at = text; (at = memmem(at, (size_t)(end - at), of, strlen(of))) != NULL; at += strlen(of))
        count++;
    return count;
}

START_TEST(quotes)
{
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 3, 40);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T1", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "application/json");
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "40");
    ck_assert_str_eq(scene_header(&s, "Cache-Control"), "no-cache");
    ck_assert_str_eq(scene_header(&s, "Vary"), "Accept");
    ck_assert_ptr_null(scene_header(&s, "Link"));
    ck_assert_ptr_nonnull(scene_header(&s, "ETag"));
    ck_assert_uint_eq(occurrences(s.body, "\"ticker\":\"T1\""), 40);
    ck_assert_uint_eq(occurrences(s.body, "\"ticker\":"), 40);
    DETAIL("\"date\":\"2016-01-01\"");
    DETAIL("\"close\":12.00,");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?ticker=T0,T2&from=2016-01-02&to=2016-01-03", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "4");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?ticker=T0%2CT2&from=2016-01-02&to=2016-01-02&order=desc", NULL),
                     200);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "2");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T%31?from=&to=&market=&limit=&cursor=&order=", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "40");
    scene_close(&s);
}
END_TEST

START_TEST(formats)
{
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 1, 3);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", "accept: text/csv", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "text/csv; charset=utf-8; header=present");
    ck_assert_uint_eq(occurrences(s.body, "\n"), 4);
    ck_assert_ptr_eq(strstr(s.body, "ticker,date,"), s.body);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0?format=ndjson", "accept: text/csv", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "application/x-ndjson");
    ck_assert_uint_eq(occurrences(s.body, "\n"), 3);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0?format=table", NULL), 400);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", "accept: image/png", NULL), 406);
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "application/problem+json");
    scene_close(&s);
}
END_TEST

/* Walks all pages by their links and returns how many rows there were. */
static size_t walk(scene *s, const char *target, size_t *pages)
{
    char next[8192];
    size_t rows = 0;

    (void)snprintf(next, sizeof next, "%s", target);
    for (*pages = 0; next[0] != '\0'; ++*pages) {
        const char *link;

        ck_assert_uint_lt(*pages, 100);
        ck_assert_msg(scene_ask(s, "GET", next, NULL) == 200, "%s: %s", next, s->body);
        rows += occurrences(s->body, "\"ticker\":");
        link = scene_header(s, "Link");
        next[0] = '\0';
        if (link != NULL) {
            size_t size = strcspn(link + 1, ">");

            ck_assert_str_eq(link + 1 + size, ">; rel=\"next\"");
            (void)snprintf(next, sizeof next, "%.*s", (int)size, link + 1);
        }
    }
    return rows;
}

START_TEST(pages)
{
    size_t count;
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 30, 40);
    ck_assert_uint_eq(walk(&s, "/api/quotes?limit=100&from=2016-01-01&ticker=T1,T2,T3", &count), 120);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(walk(&s, "/api/quotes", &count), 1200); /* 1000 a page when nothing is said */
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(walk(&s, "/api/quotes/T1?limit=7&order=desc", &count), 40);
    ck_assert_uint_eq(count, 6);
    ck_assert_uint_eq(walk(&s, "/api/quotes?limit=all", &count), 1200);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(walk(&s, "/api/tickers?q=t1&limit=4", &count), 11);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=0", NULL), 400);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=10001", NULL), 400);
    DETAIL("from 1 to 10000");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=10000", NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=1e3", NULL), 400);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?cursor=abc", NULL), 400);
    ck_assert(!s.worked); /* no database was asked for that */
    scene_close(&s);
}
END_TEST

static const char *many_tickers(char target[EXCHANGE_QUERY_MAX], unsigned count, const char *code)
{
    (void)snprintf(target, EXCHANGE_QUERY_MAX, "/api/quotes?limit=1&ticker=T0");
    for (unsigned i = 1; i < count; i++)
        (void)snprintf(target + strlen(target), EXCHANGE_QUERY_MAX - strlen(target), ",%s%02u", code, i);
    return target;
}

/* What is asked for comes back in the link, in up to three times as many bytes. */
START_TEST(long_links)
{
    char target[EXCHANGE_QUERY_MAX];
    size_t count;
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 1, 2);
    ck_assert_uint_eq(walk(&s, many_tickers(target, 40, "!!!!!!!!!!!!!!!!!!!!!!!!"), &count), 2);
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(walk(&s, many_tickers(target, TICKER_QUERY_TICKERS_MAX, "ABCDEFGHIJKLMNOPQRSTUVW"), &count), 2);
    /* So long that it could not be followed. */
    ck_assert_int_eq(scene_ask(&s, "GET", many_tickers(target, TICKER_QUERY_TICKERS_MAX, "!!!!!!!!!!!!!!!!"), NULL),
                     414);
    DETAIL("next page");
    scene_close(&s);
}
END_TEST

START_TEST(conditions)
{
    char etag[128], header[256];
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 2, 5);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 200);
    (void)snprintf(etag, sizeof etag, "%s", scene_header(&s, "ETag"));
    (void)snprintf(header, sizeof header, "if-none-match: \"other\", W/%s", etag);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", header, NULL), 304);
    ck_assert_str_eq(s.body, "");
    ck_assert_str_eq(scene_header(&s, "ETag"), etag);
    ck_assert_ptr_null(scene_header(&s, "Content-Type"));
    ck_assert_int_eq(scene_ask(&s, "HEAD", "/api/quotes/T0", header, NULL), 304);
    ck_assert_int_eq(scene_ask(&s, "HEAD", "/api/quotes/T0", NULL), 200);
    ck_assert_str_eq(s.body, "");
    ck_assert_str_eq(scene_header(&s, "ETag"), etag);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0?format=csv", header, NULL), 200);
    ck_assert_str_ne(scene_header(&s, "ETag"), etag);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T1", header, NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T9", "if-none-match: *", NULL), 404);
    scene_import(&s, 2, 6); /* a day more */
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", header, NULL), 200);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "6");
    scene_close(&s);
}
END_TEST

/* The second time it comes from memory, without a worker, until somebody imports. */
START_TEST(cached)
{
    char first[4096];
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 2, 3);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 200);
    ck_assert(s.worked);
    ck_assert_uint_lt(s.body_size, sizeof first);
    memcpy(first, s.body, s.body_size + 1);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0?order=asc", NULL), 200);
    ck_assert(!s.worked);
    ck_assert_str_eq(s.body, first);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "3");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?ticker=T0&limit=2", NULL), 200);
    ck_assert(s.worked);
    ck_assert_ptr_nonnull(scene_header(&s, "Link"));
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=2&ticker=T0", NULL), 200);
    ck_assert(!s.worked);
    ck_assert_ptr_nonnull(scene_header(&s, "Link"));
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/NONE", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/NONE", NULL), 404);
    ck_assert(!s.worked); /* what is not there is known as well */
    scene_import(&s, 1, 4);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 200);
    ck_assert(s.worked);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "4");
    scene_close(&s);
    scene_open(&s, "redis-url", "none:", NULL);
    scene_import(&s, 1, 1);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 200);
    ck_assert(s.worked);
    scene_close(&s);
}
END_TEST

START_TEST(not_there)
{
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 404); /* an empty database */
    scene_import(&s, 1, 5);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0?from=2030-01-01", NULL), 200);
    ck_assert_msg(strncmp(s.body, "[]", 2) == 0, "%s", s.body);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/NONE", NULL), 404);
    DETAIL("there is no ticker \\\"NONE\\\"");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/NONE?from=2016-01-01", "accept: text/csv", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/t0", NULL), 404);
    DETAIL("in capitals");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0%2FT1", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/NONE/summary", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/trades/NONE?date=2016-01-01", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/trades/T0?date=2016-01-01", NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?ticker=NONE", NULL), 200); /* a list is empty */
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "0");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/imports/999", NULL), 404);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/", NULL), 404);
    scene_close(&s);
}
END_TEST

START_TEST(others)
{
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 2, 30);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T1/summary?from=2016-01-02", NULL), 200);
    ck_assert_int_eq(s.body[0], '{');
    DETAIL("\"ticker\":\"T1\"");
    DETAIL("\"from\":\"2016-01-02\"");
    DETAIL("\"max_range_value\":");
    DETAIL("\"max_daily_volume\":");
    for (int again = 0; again < 2; again++) { /* from the database, and from the cache */
        ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T1/summary?from=2090-01-01", NULL), 404);
        ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T1/summary?from=2090-01-01&format=csv", NULL), 404);
    }
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/imports", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "1");
    DETAIL("\"status\":\"imported\"");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/imports/1", NULL), 200);
    ck_assert_int_eq(s.body[0], '{');
    DETAIL("\"imported\":60");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/imports?status=failed", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "0");
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/tickers", NULL), 200);
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "2");
    scene_close(&s);
}
END_TEST

static const char *const wrong[] = {
    "/api/quotes?from=2016-13-01",
    "/api/quotes?from=yesterday",
    "/api/quotes?ticker=",
    "/api/quotes?ticker=,",
    "/api/quotes?market=10",
    "/api/quotes?order=up",
    "/api/quotes?interval=2d",
    "/api/quotes?tickr=T0",
    "/api/quotes?ticker=T0&ticker=T1",
    "/api/quotes/T0?ticker=T1",
    "/api/quotes/T0/summary?limit=1",
    "/api/trades/T0",
    "/api/trades/T0?date=x",
    "/api/imports/abc",
    "/api/imports/-1",
    "/api/imports/1?limit=1",
    "/api/imports?status=lost",
    "/api/quotes/%20",
    "/api/quotes?ticker=%27%3B%20DROP%20TABLE%20quotes%3B--&from=x",
};

START_TEST(wrong_questions)
{
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 1, 1);
    for (size_t i = 0; i < SCENE_COUNT(wrong); i++) {
        ck_assert_msg(scene_ask(&s, "GET", wrong[i], NULL) == 400, "%s: %d %s", wrong[i], s.status, s.body);
        ck_assert(!s.worked);
    }
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?tickr=T0", NULL), 400);
    DETAIL("there are ticker, from, to, date, market, interval, limit, order, cursor, format");
    scene_close(&s);
}
END_TEST

/* What is too large to be kept goes out in pieces, and a client that leaves ends it. */
START_TEST(streams)
{
    const bool few = getenv("TICKER_TEST_FEW") != NULL;
    const int again = few ? 1 : 3;
    const unsigned tickers = few ? 12 : 80;
    size_t whole;
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, tickers, 336);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=all", NULL), 200);
    ck_assert(s.streamed && !s.failed);
    ck_assert_uint_eq(occurrences(s.body, "\"ticker\":"), (size_t)tickers * 336);
    ck_assert_ptr_null(scene_header(&s, "Link"));
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "application/json");
    whole = s.body_size;
    ck_assert_uint_gt(whole, few ? 1 << 20 : 8 << 20);
    ck_assert_int_eq(scene_ask(&s, "HEAD", "/api/quotes?limit=all", NULL), 200);
    ck_assert(s.streamed && !s.failed);
    s.fail_after = 2;
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=all", NULL), 200);
    ck_assert(s.streamed && s.failed);
    ck_assert_uint_lt(s.body_size, whole);
    s.fail_after = 0;
    s.server->streams_max = 0; /* as if others had them all */
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=all", NULL), 503);
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    ck_assert(!s.streamed);
    s.server->streams_max = 1;
    for (int i = 0; i < again; i++)
        ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=all", NULL), 200); /* each gives its place back */
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T1", NULL), 200);            /* the connection is whole again */
    ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "336");
    scene_close(&s);
}
END_TEST

/* Of long answers no more may wait for their clients than memory can bear. */
START_TEST(long_answers_have_a_limit)
{
    scene s;

    scene_open(&s, NULL);
    scene_import(&s, 10, 120);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=10000", NULL), 200);
    ck_assert_uint_gt(s.body_size, SERVER_LONG_ANSWER);
    ck_assert_int_eq((int64_t)s.server->held, 0);
    s.server->held = SERVER_HELD_MAX - (int64_t)s.body_size + 1; /* as if others had them */
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=10000", NULL), 503);
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    ck_assert_ptr_null(scene_header(&s, "ETag"));
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 200);
    s.server->held = 0;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes?limit=10000", NULL), 200);
    ck_assert_int_eq((int64_t)s.server->held, 0);
    scene_close(&s);
}
END_TEST

/* A database that cannot be reached is no fault of the question; nothing of where it is gets out. */
START_TEST(database_is_away)
{
    scene s;

    scene_open(&s, "database-url", "sqlite:/dev/null/secret/t.db", NULL);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 503);
    ck_assert_str_eq(scene_header(&s, "Retry-After"), "2");
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "application/problem+json");
    ck_assert_ptr_null(strstr(s.body, "secret"));
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/ready", NULL), 503);
    DETAIL("\"database\":\"unreachable\"");
    ck_assert_ptr_null(strstr(s.body, "secret"));
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live", NULL), 200);
    scene_close(&s);
}
END_TEST

/* What is wrong with the server's own settings is not the client's fault either. */
START_TEST(database_is_no_database)
{
    scene s;

    scene_open(&s, "database-url", "mysql://user:secret@db.example/x", NULL);
    ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 500);
    ck_assert_ptr_null(strstr(s.body, "example"));
    ck_assert_ptr_null(strstr(s.body, "URL"));
    scene_close(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {quotes,
                                  formats,
                                  pages,
                                  long_links,
                                  conditions,
                                  cached,
                                  not_there,
                                  others,
                                  streams,
                                  long_answers_have_a_limit,
                                  wrong_questions,
                                  database_is_away,
                                  database_is_no_database};

    return scene_run("server_data", tests, SCENE_COUNT(tests));
}
