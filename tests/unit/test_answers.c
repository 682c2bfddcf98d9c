/* Answers, on SQLite: held and streamed, from the cache and not, imports of this and of another process, failures. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif
#include "support.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cache/cache.h"
#include "query/answers.h"
#include "store/store.h"

static char folder[64], url[128];
static ticker_answers *answers;
static ticker_error error;

/* --- Helpers -------------------------------------------------------------------------------------------------------------------- */

static ticker_answers *open_answers(const char *cache)
{
    ticker_options *options = ticker_options_new();
    ticker_answers *opened = NULL;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_options_set(options, "database-url", url, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_options_set(options, "redis-url", cache, NULL), TICKER_OK);
    ck_assert_msg(ticker_answers_open(options, &opened, &error) == TICKER_OK, "%s", error.message);
    ticker_options_free(options);
    return opened;
}

/* The days first … last of two tickers, one row each; closes begin with `close`. */
static void import(ticker_cache *cache, const char *ticker, int first, int last, int close)
{
    ticker_store *store = NULL;
    ticker_import_events events = {.size = sizeof(events), .cache = cache};
    ticker_source *source;
    ti_buffer file;
    pieces bytes = {0};

    bytes_init(&file);
    add_header(&file, "\r\n");
    for (int day = first; day <= last; day++) {
        char record[RECORD], text[32];

        make_record(record);
        set_field(record, "CODNEG", ticker);
        (void)snprintf(text, sizeof(text), "%04d%02d%02d", 2000 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        set_field(record, "DATA", text);
        (void)snprintf(text, sizeof(text), "%d", close + day);
        set_field(record, "PREULT", text);
        add_record(&file, record, "\r\n");
    }
    add_trailer(&file, (uint64_t)(last - first) + 3, "\r\n");
    bytes = (pieces){.data = file.data, .size = file.size};
    source = pieces_source(&bytes);
    {
        ticker_options *options = ticker_options_new();

        ck_assert_int_eq(ticker_options_set(options, "database-url", url, NULL), TICKER_OK);
        ti_error_init(&error);
        ck_assert_msg(ticker_store_open(options, &store, &error) == TICKER_OK, "%s", error.message);
        ck_assert_msg(ticker_import_source(store, source, options, &events, &error) == TICKER_OK, "%s", error.message);
        ticker_options_free(options);
    }
    ticker_store_free(store);
    ti_buffer_free(&file);
}

static void set_up(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/ticker-answers-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(url, sizeof(url), "sqlite:%s/ticker.db", folder);
    import(NULL, "PETR4", 0, 9, 1000);
    import(NULL, "VALE3", 0, 9, 2000);
    answers = open_answers("memory:");
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status, (void)flag, (void)place;
    return remove(path);
}

static void tear_down(void)
{
    ticker_answers_free(answers);
    ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* "kind name=value name=value" */
static ticker_query *question(const char *text)
{
    char copy[2 * TICKER_QUERY_CURSOR_MAX];
    ticker_query *query;
    char *at = copy;

    (void)snprintf(copy, sizeof(copy), "%s", text);
    query = ticker_query_new(strsep(&at, " "));
    ck_assert_ptr_nonnull(query);
    while (at != NULL) {
        char *value = strsep(&at, " "), *name = strsep(&value, "=");

        ti_error_init(&error);
        ck_assert_msg(ticker_query_set(query, name, value, &error) == TICKER_OK, "%s", error.message);
    }
    return query;
}

static ticker_answer *run(ticker_answers *of, const char *text, const char *format)
{
    ticker_query *query = question(text);
    ticker_answer *answer = NULL;

    ti_error_init(&error);
    ck_assert_msg(ticker_answers_run(of, query, format, NULL, &answer, &error) == TICKER_OK, "%s", error.message);
    ck_assert_ptr_nonnull(answer);
    ticker_query_free(query);
    return answer;
}

static ticker_answer *look(const char *text, const char *format)
{
    ticker_query *query = question(text);
    ticker_answer *answer = NULL;
    ticker_status status = ticker_answers_look(answers, query, format, &answer);

    ck_assert_int_eq(status, answer != NULL ? TICKER_OK : TICKER_DONE);
    ticker_query_free(query);
    return answer;
}

static bool at_hand(const char *text)
{
    ticker_answer *answer = look(text, "json");

    ticker_answer_free(answer);
    return answer != NULL;
}

static int collect(const void *data, size_t size, void *payload)
{
    add_bytes(payload, data, size);
    return 0;
}

/* What a query says without all this. */
static void ask_store(const char *text, const char *format, ti_buffer *bytes)
{
    ticker_options *options = ticker_options_new();
    ticker_query *query = question(text);
    ticker_store *store = NULL;

    bytes_init(bytes);
    ck_assert_int_eq(ticker_options_set(options, "database-url", url, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_store_open(options, &store, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_query_run(query, store, format, collect, bytes, NULL, NULL, NULL), TICKER_OK);
    ticker_query_free(query);
    ticker_store_free(store);
    ticker_options_free(options);
}

static void same(const ticker_answer *answer, const ti_buffer *bytes)
{
    ck_assert_uint_eq(ticker_answer_size(answer), bytes->size);
    ck_assert_int_eq(memcmp(ticker_answer_data(answer), bytes->data, bytes->size), 0);
}

static void drop(ticker_answer *answer)
{
    ticker_answer_free(answer);
}

static void none_taken(ticker_answers *of)
{
    size_t taken;

    ticker_pool_counts(ticker_answers_pool(of), NULL, &taken);
    ck_assert_uint_eq(taken, 0);
}

static uint64_t counted(ticker_cache_event event)
{
    return ticker_cache_count(ticker_answers_cache(answers), event);
}

/* --- Held ----------------------------------------------------------------------------------------------------------------------- */

START_TEST(held)
{
    static const char *const questions[] = {"quotes ticker=PETR4", "quotes ticker=PETR4,VALE3 limit=7 order=desc",
                                            "summary ticker=VALE3", "tickers", "quotes date=2000-01-03"};
    static const char *const formats[] = {"json", "ndjson", "csv", "table"};

    for (size_t i = 0; i < COUNT(questions); i++) {
        for (size_t j = 0; j < COUNT(formats); j++) {
            ticker_answer *first, *again;
            ti_buffer bytes;

            ck_assert_ptr_null(look(questions[i], formats[j]));
            first = run(answers, questions[i], formats[j]);
            ask_store(questions[i], formats[j], &bytes);
            same(first, &bytes);
            again = look(questions[i], formats[j]);
            ck_assert_ptr_nonnull(again);
            same(again, &bytes);
            ck_assert_ptr_eq(ticker_answer_data(first), ticker_answer_data(again));
            ck_assert_uint_eq(strlen(ticker_answer_etag(first)), 32);
            ck_assert_str_eq(ticker_answer_etag(first), ticker_answer_etag(again));
            ck_assert_uint_gt(ticker_answer_rows(again), 0);
            ck_assert_int_eq(ticker_answer_found(again), 1);
            drop(first);
            drop(again);
            ti_buffer_free(&bytes);
        }
    }
    ck_assert_uint_eq(counted(TICKER_CACHE_MISS), COUNT(questions) * COUNT(formats));
    ck_assert_uint_eq(counted(TICKER_CACHE_HIT), COUNT(questions) * COUNT(formats));
    none_taken(answers);
}
END_TEST

START_TEST(pages)
{
    char next[TICKER_QUERY_CURSOR_MAX + 64];
    ticker_answer *answer = run(answers, "quotes ticker=PETR4 limit=6", "json"), *again;

    ck_assert_int_eq(ticker_answer_more(answer), 1);
    ck_assert_uint_eq(ticker_answer_rows(answer), 6);
    ck_assert_ptr_nonnull(ticker_answer_next(answer));
    again = look("quotes ticker=PETR4 limit=6", "json");
    ck_assert_ptr_nonnull(again);
    ck_assert_str_eq(ticker_answer_next(again), ticker_answer_next(answer));
    ck_assert_int_eq(ticker_answer_more(again), 1);
    (void)snprintf(next, sizeof(next), "quotes ticker=PETR4 limit=6 cursor=%s", ticker_answer_next(answer));
    drop(answer);
    drop(again);
    answer = run(answers, next, "json");
    ck_assert_uint_eq(ticker_answer_rows(answer), 4);
    ck_assert_int_eq(ticker_answer_more(answer), 0);
    ck_assert_ptr_null(ticker_answer_next(answer));
    drop(answer);
}
END_TEST

/* Unknown ones are cached too, and become known by an import. */
START_TEST(unknown_tickers)
{
    static const struct {
        const char *question;
        int found;
    } cases[] = {{"quotes ticker=NONE3", 0},
                 {"quotes ticker=NONE3,NONE4", 0},
                 {"quotes ticker=NONE3,PETR4 from=2090-01-01", 1},
                 {"quotes ticker=PETR4 from=2090-01-01", 1},
                 {"quotes from=2090-01-01", 1},
                 {"summary ticker=NONE3", 0},
                 {"summary ticker=PETR4 from=2090-01-01", 1},
                 {"trades ticker=NONE3 date=2024-01-02", 0},
                 {"trades ticker=PETR4 date=2024-01-02", 1},
                 {"tickers q=NONE", 1}};
    ticker_answer *answer;

    for (size_t i = 0; i < COUNT(cases); i++) {
        answer = run(answers, cases[i].question, "json");
        ck_assert_msg(ticker_answer_found(answer) == cases[i].found, "%s", cases[i].question);
        ck_assert_uint_eq(ticker_answer_rows(answer), 0);
        drop(answer);
        answer = look(cases[i].question, "json");
        ck_assert_ptr_nonnull(answer);
        ck_assert_int_eq(ticker_answer_found(answer), cases[i].found);
        drop(answer);
    }
    import(ticker_answers_cache(answers), "NONE3", 20, 21, 1);
    answer = run(answers, "quotes ticker=NONE3", "json");
    ck_assert_int_eq(ticker_answer_found(answer), 1);
    ck_assert_uint_eq(ticker_answer_rows(answer), 2);
    drop(answer);
}
END_TEST

/* The ledger changes without any import. */
START_TEST(imports_are_not_cached)
{
    ticker_answer *answer = run(answers, "imports", "json");

    ck_assert_uint_eq(ticker_answer_rows(answer), 2);
    ck_assert_ptr_null(look("imports", "json"));
    drop(answer);
    answer = run(answers, "imports id=1", "json");
    ck_assert_int_eq(ticker_answer_found(answer), 1);
    drop(answer);
    answer = run(answers, "imports id=99", "json");
    ck_assert_int_eq(ticker_answer_found(answer), 0);
    drop(answer);
}
END_TEST

/* Processes agree about the tags of what they hold; other bytes, formats and pages have others. */
START_TEST(tags)
{
    ticker_answers *other = open_answers("none:");
    ticker_answer *mine = run(answers, "quotes ticker=PETR4", "json"),
                  *theirs = run(other, "quotes ticker=PETR4", "json");
    ticker_answer *empty = run(other, "quotes ticker=NONE3", "ndjson"),
                  *page = run(other, "quotes ticker=PETR4 limit=10", "json");

    ck_assert_str_eq(ticker_answer_etag(mine), ticker_answer_etag(theirs));
    ck_assert_str_ne(ticker_answer_etag(mine), ticker_answer_etag(empty));
    ck_assert_uint_eq(ticker_answer_size(empty), 0);
    ck_assert_str_eq(ticker_answer_etag(mine), ticker_answer_etag(page)); /* the same bytes, and no other page */
    drop(page);
    page = run(other, "quotes ticker=PETR4", "csv");
    ck_assert_str_ne(ticker_answer_etag(mine), ticker_answer_etag(page));
    drop(mine);
    drop(theirs);
    drop(empty);
    drop(page);
    ticker_answers_free(other);
}
END_TEST

/* --- Imports --------------------------------------------------------------------------------------------------------------------- */

START_TEST(an_import_of_this_process)
{
    ticker_answer *answer;

    drop(run(answers, "quotes ticker=PETR4", "json"));
    drop(run(answers, "quotes ticker=VALE3", "json"));
    drop(run(answers, "tickers", "json"));
    import(ticker_answers_cache(answers), "PETR4", 30, 34, 1);
    ck_assert(!at_hand("quotes ticker=PETR4"));
    ck_assert(at_hand("quotes ticker=VALE3"));
    ck_assert(!at_hand("tickers"));
    answer = run(answers, "quotes ticker=PETR4", "json");
    ck_assert_uint_eq(ticker_answer_rows(answer), 15);
    drop(answer);
    ck_assert_uint_eq(counted(TICKER_CACHE_BUMP), 1);
}
END_TEST

START_TEST(an_import_of_another_process)
{
    ticker_answer *answer;

    ck_assert_int_eq(ticker_answers_tend(answers, &error), TICKER_OK);
    drop(run(answers, "quotes ticker=PETR4", "json"));
    ck_assert_int_eq(ticker_answers_tend(answers, &error), TICKER_OK);
    ck_assert(at_hand("quotes ticker=PETR4"));
    import(NULL, "PETR4", 30, 34, 1);
    ck_assert_int_eq(ticker_answers_tend(answers, &error), TICKER_OK);
    ck_assert(!at_hand("quotes ticker=PETR4"));
    answer = run(answers, "quotes ticker=PETR4", "json");
    ck_assert_uint_eq(ticker_answer_rows(answer), 15);
    drop(answer);
    ck_assert(at_hand("quotes ticker=PETR4"));
}
END_TEST

static ticker_status counts_from_anew(ticker_store *store, int64_t *number, ticker_error *why)
{
    (void)store;
    (void)why;
    *number = 1; /* as PostgreSQL's does on each new connection */
    return TICKER_OK;
}

static ticker_status breaks(ticker_store *store, int64_t age, int64_t *ids, size_t max, size_t *count,
                            ticker_error *why)
{
    (void)store;
    (void)age;
    (void)ids;
    (void)max;
    *count = 0;
    return ti_fail(why, TICKER_RETRY, TICKER_ERROR_SERVICE, "the connection broke");
}

static bool is_broken(ticker_store *store)
{
    (void)store;
    return false;
}

/* It breaks after the number was read: the number of the next connection says nothing about this one's. */
START_TEST(a_connection_that_breaks_while_healing)
{
    ti_store_ops broken;

    ck_assert_int_eq(ticker_answers_tend(answers, &error), TICKER_OK);
    broken = *answers->watch->ops;
    broken.epoch = counts_from_anew;
    answers->watch->ops = &broken;
    ck_assert_int_eq(ticker_answers_tend(answers, &error), TICKER_OK);
    drop(run(answers, "quotes ticker=PETR4", "json"));
    ck_assert(at_hand("quotes ticker=PETR4"));
    broken.pending_bumps = breaks;
    broken.usable = is_broken;
    answers->healed = 0;
    ck_assert_int_eq(ticker_answers_tend(answers, &error), TICKER_RETRY);
    ck_assert_ptr_null(answers->watch);
    ck_assert(!at_hand("quotes ticker=PETR4"));
    import(NULL, "PETR4", 30, 34, 1);
    ck_assert_int_eq(ticker_answers_tend(answers, &error), TICKER_OK);
    ck_assert(!at_hand("quotes ticker=PETR4"));
    drop(run(answers, "quotes ticker=PETR4", "json"));
    ck_assert(at_hand("quotes ticker=PETR4"));
}
END_TEST

/* --- Streamed -------------------------------------------------------------------------------------------------------------------- */

typedef struct taken {
    ti_buffer bytes;
    char etag[64];
    unsigned known, begun, writes;
    bool refuse_known, refuse_begin;
    unsigned fail_write; /* the number of the one that fails */
} taken;

static int known(const ticker_answer *head, void *payload)
{
    taken *self = payload;

    self->known++;
    (void)snprintf(self->etag, sizeof(self->etag), "%s", ticker_answer_etag(head));
    return self->refuse_known;
}

static int begin(const ticker_answer *head, void *payload)
{
    taken *self = payload;

    self->begun++;
    ck_assert_str_eq(ticker_answer_etag(head), self->etag);
    ck_assert_ptr_null(ticker_answer_data(head));
    return self->refuse_begin;
}

static int take(const void *data, size_t size, void *payload)
{
    taken *self = payload;

    add_bytes(&self->bytes, data, size);
    return ++self->writes == self->fail_write;
}

static ticker_status stream(taken *self, const char *text, const char *format, ticker_answer **answer)
{
    const ticker_answer_sink sink = {
        .size = sizeof(sink), .known = known, .begin = begin, .write = take, .payload = self};
    ticker_query *query = question(text);
    ticker_status status;

    bytes_init(&self->bytes);
    ti_error_init(&error);
    status = ticker_answers_run(answers, query, format, &sink, answer, &error);
    ticker_query_free(query);
    none_taken(answers);
    return status;
}

START_TEST(streamed)
{
    taken got = {.known = 0};
    ticker_answer *answer = NULL;
    char etag[64];
    ti_buffer bytes;

    import(NULL, "LONG3", 0, 5999, 1);
    ask_store("quotes", "json", &bytes);
    ck_assert_uint_gt(bytes.size, TICKER_CACHE_ENTRY_MAX);
    ck_assert_int_eq(stream(&got, "quotes", "json", &answer), TICKER_DONE);
    ck_assert_uint_eq(got.begun, 1);
    ck_assert_uint_eq(got.known, 1);
    ck_assert_uint_eq(got.bytes.size, bytes.size);
    ck_assert_int_eq(memcmp(got.bytes.data, bytes.data, bytes.size), 0);
    ck_assert_uint_eq(ticker_answer_rows(answer), 6020);
    ck_assert_uint_eq(strlen(ticker_answer_etag(answer)), 32);
    ck_assert_ptr_null(ticker_answer_data(answer));
    ck_assert_ptr_null(look("quotes", "json"));
    memcpy(etag, got.etag, sizeof(etag));
    drop(answer);
    ti_buffer_free(&got.bytes);
    /* Who has it needs no query. */
    got.refuse_known = true;
    ck_assert_int_eq(stream(&got, "quotes", "json", &answer), TICKER_DONE);
    ck_assert_ptr_null(answer);
    ck_assert_str_eq(got.etag, etag);
    ck_assert_uint_eq(got.begun, 1);
    ti_buffer_free(&got.bytes);
    got.refuse_known = false;
    got.refuse_begin = true;
    ck_assert_int_eq(stream(&got, "quotes", "json", &answer), TICKER_DONE);
    ck_assert_ptr_null(answer);
    ck_assert_uint_eq(got.bytes.size, 0);
    ti_buffer_free(&got.bytes);
    import(ticker_answers_cache(answers), "PETR4", 30, 34, 1);
    got.refuse_begin = false;
    ck_assert_int_eq(stream(&got, "quotes", "json", &answer), TICKER_DONE);
    ck_assert_str_ne(got.etag, etag);
    drop(answer);
    ti_buffer_free(&got.bytes);
    /* With a ticker it is held, up to a larger size, though not cached. */
    answer = run(answers, "quotes ticker=LONG3", "json");
    ck_assert_uint_eq(ticker_answer_rows(answer), 6000);
    ck_assert_ptr_null(look("quotes ticker=LONG3", "json"));
    drop(answer);
    ti_buffer_free(&bytes);
}
END_TEST

START_TEST(streams_that_end)
{
    taken got = {.fail_write = 2};
    ticker_query *query = question("quotes");
    ticker_answer *answer = NULL;

    import(NULL, "LONG3", 0, 5999, 1);
    ck_assert_int_eq(stream(&got, "quotes", "json", &answer), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_CANCELLED);
    ck_assert_ptr_null(answer);
    ck_assert_uint_eq(got.writes, 2);
    ti_buffer_free(&got.bytes);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_answers_run(answers, query, "json", NULL, &answer, &error), TICKER_FAILED);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_LIMIT);
    ck_assert_ptr_null(answer);
    none_taken(answers);
    ticker_query_free(query);
}
END_TEST

/* --- What goes wrong ------------------------------------------------------------------------------------------------------------- */

START_TEST(wrong_questions)
{
    ticker_query *incomplete = ticker_query_new("trades"), *good = question("tickers");
    ticker_answer *answer = NULL;

    ck_assert_int_eq(ticker_answers_run(answers, incomplete, "json", NULL, &answer, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_answers_run(answers, NULL, "json", NULL, &answer, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_answers_run(answers, good, "xml", NULL, &answer, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_answers_run(answers, good, NULL, NULL, &answer, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_answers_run(answers, good, "json", NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_answers_look(answers, good, "xml", &answer), TICKER_DONE);
    ck_assert_int_eq(ticker_answers_look(answers, NULL, "json", &answer), TICKER_DONE);
    ck_assert_int_eq(ticker_answers_open(NULL, NULL, NULL), TICKER_FATAL);
    ticker_answer_free(NULL);
    ticker_answers_free(NULL);
    ticker_query_free(incomplete);
    ticker_query_free(good);
}
END_TEST

START_TEST(no_database)
{
    ticker_query *query = question("tickers");
    ticker_answer *answer = NULL;
    ticker_answers *other;

    memcpy(url, "sqlite:/proc/nowhere/ticker.db", 31);
    other = open_answers("memory:");
    ck_assert_int_lt(ticker_answers_run(other, query, "json", NULL, &answer, NULL), TICKER_OK);
    ck_assert_ptr_null(answer);
    ti_error_init(&error);
    ck_assert_int_lt(ticker_answers_tend(other, &error), TICKER_OK);
    ck_assert_str_ne(ticker_error_message(&error), "");
    ticker_query_free(query);
    ticker_answers_free(other);
}
END_TEST

/* Somebody else's bytes under the key: as if there were none. */
START_TEST(a_damaged_entry)
{
    static const size_t sizes[] = {0, 1, 63, 64, 200};
    ticker_query *query = question("tickers");
    ticker_cache *cache = ticker_answers_cache(answers);
    ticker_answer *answer = run(answers, "tickers", "json");
    char key[1024], junk[200];

    (void)snprintf(key, sizeof(key), "%s json %s", TICKER_VERSION, ticker_query_key(query));
    memset(junk, 'x', sizeof(junk));
    for (size_t i = 0; i < COUNT(sizes); i++) {
        ticker_cache_ticket *ticket = NULL;
        ticker_answer *again;

        ck_assert_int_eq(ticker_cache_look(cache, key, NULL, 0, NULL, &ticket, NULL), TICKER_DONE);
        ck_assert_int_eq(ticker_cache_store(cache, ticket, junk, sizes[i], 0, NULL), TICKER_OK);
        ticker_cache_ticket_free(ticket);
        ck_assert_ptr_null(look("tickers", "json"));
        again = run(answers, "tickers", "json");
        ck_assert_str_eq(ticker_answer_etag(again), ticker_answer_etag(answer));
        drop(again);
    }
    drop(answer);
    ticker_query_free(query);
}
END_TEST

static void *ask(void *payload)
{
    ticker_answer *answer = NULL;
    ticker_query *query = ticker_query_new("quotes");
    bool good = ticker_query_set(query, "ticker", "PETR4", NULL) == TICKER_OK &&
                ticker_answers_run(answers, query, "json", NULL, &answer, NULL) == TICKER_OK &&
                ticker_answer_rows(answer) == 10;

    drop(answer);
    ticker_query_free(query);
    return good ? NULL : payload;
}

START_TEST(many_at_once)
{
    ticker_metrics *metrics = ticker_metrics_new();
    static const char *const miss[] = {"miss"}, *const shared[] = {"shared"}, *const hit[] = {"hit"},
                             *const quotes[] = {"quotes"};
    pthread_t threads[100];

    ticker_answers_measure(answers, metrics);
    for (size_t i = 0; i < COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask, folder), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failed;

        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_eq(ticker_series_value(ticker_metrics_series(metrics, TICKER_METRIC_DB_QUERY_DURATION, quotes, 1)),
                     1);
    ck_assert_int_eq(ticker_series_value(ticker_metrics_series(metrics, TICKER_METRIC_CACHE_REQUESTS, miss, 1)), 1);
    ck_assert_int_eq(ticker_series_value(ticker_metrics_series(metrics, TICKER_METRIC_CACHE_REQUESTS, shared, 1)) +
                         ticker_series_value(ticker_metrics_series(metrics, TICKER_METRIC_CACHE_REQUESTS, hit, 1)),
                     99);
    ck_assert_int_gt(ticker_series_value(ticker_metrics_series(metrics, TICKER_METRIC_CACHE_BYTES, NULL, 0)), 1000);
    ck_assert_int_eq(ticker_series_value(ticker_metrics_series(metrics, TICKER_METRIC_CACHE_UP, NULL, 0)), 1);
    ticker_answers_free(answers);
    answers = NULL;
    ticker_metrics_free(metrics);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {held,
                                  pages,
                                  unknown_tickers,
                                  imports_are_not_cached,
                                  tags,
                                  an_import_of_this_process,
                                  an_import_of_another_process,
                                  a_connection_that_breaks_while_healing,
                                  streamed,
                                  streams_that_end,
                                  wrong_questions,
                                  no_database,
                                  a_damaged_entry,
                                  many_at_once};
    Suite *suite = suite_create("answers");
    TCase *group = tcase_create("answers");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_set_timeout(group, 60);
    for (size_t i = 0; i < COUNT(tests); i++)
        tcase_add_test(group, tests[i]);
    suite_add_tcase(suite, group);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
