/* The cache suite: entries, epochs, bumps, computations. Threads are in cache_suite_threads.c. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cache_suite_parts.h"

const cache_backend *cache_backend_of_suite;
ticker_cache *cache;

/* --- Tools --------------------------------------------------------------------------------------------------------------------- */

static void ok(ticker_status status, const ticker_error *error)
{
    char text[1024];

    (void)ticker_error_format(error, text, sizeof(text));
    ck_assert_msg(status == TICKER_OK, "%s: %s", ticker_status_name(status), text);
}

ticker_cache *cache_open(const char *url, ...)
{
    ticker_options *options = ticker_options_new();
    ticker_cache *opened = NULL;
    const char *setting;
    ticker_error error;
    va_list list;

    ti_error_init(&error);
    ok(ticker_options_set(options, "redis-url", url, &error), &error);
    va_start(list, url);
    while ((setting = va_arg(list, const char *)) != NULL) {
        char name[64];
        const char *value = strchr(setting, '=') + 1;

        (void)snprintf(name, sizeof(name), "%.*s", (int)(value - setting - 1), setting);
        ok(ticker_options_set(options, name, value, &error), &error);
    }
    va_end(list);
    ok(ticker_cache_open(options, &opened, &error), &error);
    ticker_options_free(options);
    return opened;
}

static const char *string_of(ticker_cache_entry *entry)
{
    static _Thread_local char text[4096];
    size_t size = ticker_cache_entry_size(entry);

    ck_assert_uint_lt(size, sizeof(text));
    memcpy(text, ticker_cache_entry_data(entry), size);
    text[size] = '\0';
    ticker_cache_entry_free(entry);
    return text;
}

const char *cache_get(ticker_cache *from, const char *key, const char *tag)
{
    ticker_cache_entry *entry = NULL;
    ticker_error error;
    ticker_status status;

    ti_error_init(&error);
    status = ticker_cache_look(from, key, &tag, tag != NULL, &entry, NULL, &error);
    if (status == TICKER_DONE) {
        ck_assert_ptr_null(entry);
        return NULL;
    }
    ok(status, &error);
    return string_of(entry);
}

ticker_cache_ticket *cache_miss(ticker_cache *from, const char *key, const char *tag)
{
    ticker_cache_entry *entry = NULL;
    ticker_cache_ticket *ticket = NULL;

    ck_assert_int_eq(ticker_cache_look(from, key, &tag, tag != NULL, &entry, &ticket, NULL), TICKER_DONE);
    ck_assert_ptr_null(entry);
    ck_assert_ptr_nonnull(ticket);
    return ticket;
}

void cache_put(ticker_cache *to, ticker_cache_ticket *ticket, const char *text)
{
    ticker_error error;

    ti_error_init(&error);
    ok(ticker_cache_store(to, ticket, text, strlen(text), 0, &error), &error);
    ticker_cache_ticket_free(ticket);
}

void cache_fill(ticker_cache *to, const char *key, const char *tag, const char *text)
{
    const char *found;

    cache_put(to, cache_miss(to, key, tag), text);
    found = cache_get(to, key, tag);
    ck_assert_msg(found != NULL, "%s was stored and is not found", key);
    ck_assert_str_eq(found, text);
}

void cache_bump(ticker_cache *to, const char *tag)
{
    ticker_error error;

    ti_error_init(&error);
    ok(tag != NULL ? ticker_cache_bump(to, &tag, 1, &error) : ticker_cache_bump_all(to, &error), &error);
}

void cache_sleep(int milliseconds)
{
    struct timespec rest = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

int64_t cache_clock(void)
{
    return ti_clock_system.monotonic(ti_clock_system.self);
}

ticker_status cache_compute_text(void *payload, ticker_cache_result *result, ticker_error *error)
{
    char *copy = strdup(payload);

    (void)error;
    ticker_cache_result_give(result, copy, strlen(copy), 0);
    return TICKER_OK;
}

const char *cache_fetch_text(ticker_cache *from, const char *key, const char *tag, const char *text)
{
    ticker_cache_entry *entry = NULL;
    ticker_error error;
    char *copy = strdup(text);

    ti_error_init(&error);
    ok(ticker_cache_fetch(from, key, &tag, tag != NULL, cache_compute_text, copy, &entry, &error), &error);
    free(copy);
    return string_of(entry);
}

/* --- Entries ------------------------------------------------------------------------------------------------------------------- */

START_TEST(an_entry)
{
    ck_assert_str_eq(ticker_cache_backend(cache), cache_backend_of_suite->name);
    ck_assert_int_eq(ticker_cache_is_local(cache), !cache_backend_of_suite->shared);
    ck_assert_int_eq(ticker_cache_check(cache, NULL), TICKER_OK);
    ck_assert_ptr_null(cache_get(cache, "quotes PETR4", "PETR4"));
    cache_fill(cache, "quotes PETR4", "PETR4", "[1,2,3]");
    cache_fill(cache, "quotes VALE3", "VALE3", "[]");
    cache_fill(cache, "nothing", NULL, "");
    ck_assert_str_eq(cache_get(cache, "quotes PETR4", "PETR4"), "[1,2,3]");
    ck_assert_ptr_null(cache_get(cache, "quotes PETR4 ", "PETR4"));
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_STORED), 3);
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_HIT), 4);
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_MISS), 5);
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_ERROR), 0);
    ck_assert_uint_eq(ticker_cache_count(cache, (ticker_cache_event)99), 0);
}
END_TEST

START_TEST(a_key_that_was_stored_again)
{
    ticker_cache_ticket *first = cache_miss(cache, "k", "A"), *second = cache_miss(cache, "k", "A");

    cache_put(cache, first, "one");
    cache_put(cache, second, "two");
    ck_assert_str_eq(cache_get(cache, "k", "A"), "two");
}
END_TEST

/* Any bytes, up to the limit; an entry outlives what the cache does with it. */
START_TEST(large_entries)
{
    size_t sizes[] = {1, 4095, 65536, TICKER_CACHE_ENTRY_MAX};
    char *data = malloc(TICKER_CACHE_ENTRY_MAX + 1);

    for (size_t i = 0; i <= TICKER_CACHE_ENTRY_MAX; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ticker_cache_ticket *ticket = cache_miss(cache, "large", "A");
        ticker_cache_entry *entry = NULL;

        ck_assert_int_eq(ticker_cache_store(cache, ticket, data, sizes[i], 0, NULL), TICKER_OK);
        ticker_cache_ticket_free(ticket);
        ck_assert_int_eq(ticker_cache_look(cache, "large", (const char *[]){"A"}, 1, &entry, NULL, NULL), TICKER_OK);
        cache_bump(cache, "A");
        ck_assert_ptr_null(cache_get(cache, "large", "A"));
        ck_assert_uint_eq(ticker_cache_entry_size(entry), sizes[i]);
        ck_assert_int_eq(memcmp(ticker_cache_entry_data(entry), data, sizes[i]), 0);
        ck_assert_ptr_eq(ticker_cache_entry_keep(entry), entry);
        ticker_cache_entry_free(entry);
        ck_assert_int_eq(memcmp(ticker_cache_entry_data(entry), data, sizes[i]), 0);
        ticker_cache_entry_free(entry);
    }
    {
        ticker_cache_ticket *ticket = cache_miss(cache, "large", "A");

        ck_assert_int_eq(ticker_cache_store(cache, ticket, data, TICKER_CACHE_ENTRY_MAX + 1, 0, NULL), TICKER_OK);
        ticker_cache_ticket_free(ticket);
        ck_assert_ptr_null(cache_get(cache, "large", "A"));
        ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_REFUSED), 1);
    }
    free(data);
}
END_TEST

START_TEST(many_tags)
{
    static char names[TICKER_CACHE_TAGS_MAX][TICKER_CACHE_TAG_MAX + 1];
    const char *tags[TICKER_CACHE_TAGS_MAX];

    for (size_t i = 0; i < TICKER_CACHE_TAGS_MAX; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%063zu", i);
        names[i][63] = 'x';
        tags[i] = names[i];
    }
    for (size_t i = 0; i < TICKER_CACHE_TAGS_MAX; i += 33) {
        ticker_cache_ticket *ticket = NULL;
        ticker_cache_entry *entry = NULL;

        ck_assert_int_eq(ticker_cache_look(cache, "m", tags, TICKER_CACHE_TAGS_MAX, &entry, &ticket, NULL),
                         TICKER_DONE);
        cache_put(cache, ticket, "many");
        ck_assert_int_eq(ticker_cache_look(cache, "m", tags, TICKER_CACHE_TAGS_MAX, &entry, &ticket, NULL), TICKER_OK);
        ck_assert_ptr_null(ticket);
        ticker_cache_entry_free(entry);
        cache_bump(cache, tags[i]); /* any of them */
    }
    ck_assert_int_eq(ticker_cache_look(cache, "m", tags, TICKER_CACHE_TAGS_MAX, NULL, NULL, NULL), TICKER_DONE);
}
END_TEST

START_TEST(what_is_refused)
{
    char key[TICKER_CACHE_KEY_MAX + 2], tag[TICKER_CACHE_TAG_MAX + 2];
    const char *long_tag = tag, *none = NULL, *empty = "", *good[TICKER_CACHE_TAGS_MAX + 1];
    ticker_cache_entry *entry;
    ticker_cache_ticket *ticket = cache_miss(cache, "k", "A");

    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    memset(tag, 't', sizeof(tag) - 1);
    tag[sizeof(tag) - 1] = '\0';
    for (size_t i = 0; i <= TICKER_CACHE_TAGS_MAX; i++)
        good[i] = "A";
    ck_assert_int_eq(ticker_cache_look(cache, key, good, 1, &entry, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_look(cache, "", good, 1, &entry, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_look(cache, NULL, good, 1, &entry, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_look(cache, "k", &long_tag, 1, &entry, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_look(cache, "k", &empty, 1, &entry, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_look(cache, "k", &none, 1, &entry, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_look(cache, "k", NULL, 1, &entry, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_look(cache, "k", good, TICKER_CACHE_TAGS_MAX + 1, &entry, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_bump(cache, &long_tag, 1, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_bump(cache, NULL, 0, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_cache_store(cache, NULL, "x", 1, 0, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_store(cache, ticket, NULL, 1, 0, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_store(cache, ticket, "x", 1, -1, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_fetch(cache, "k", good, 1, NULL, NULL, &entry, NULL), TICKER_FATAL);
    key[TICKER_CACHE_KEY_MAX] = '\0'; /* the longest ones are good */
    tag[TICKER_CACHE_TAG_MAX] = '\0';
    cache_fill(cache, key, long_tag, "long");
    ticker_cache_ticket_free(ticket);
    ticker_cache_ticket_free(NULL);
    ticker_cache_entry_free(NULL);
    ticker_cache_free(NULL);
}
END_TEST

START_TEST(entries_end)
{
    ticker_cache_ticket *ticket = cache_miss(cache, "short", "A");

    ck_assert_int_eq(ticker_cache_store(cache, ticket, "x", 1, 1, NULL), TICKER_OK);
    ticker_cache_ticket_free(ticket);
    ck_assert_ptr_nonnull(cache_get(cache, "short", "A"));
    cache_sleep(1300);
    ck_assert_ptr_null(cache_get(cache, "short", "A"));
}
END_TEST

/* --- Epochs -------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_bump_ends_its_entries_alone)
{
    cache_fill(cache, "a", "A", "a");
    cache_fill(cache, "b", "B", "b");
    cache_fill(cache, "all", NULL, "all");
    cache_bump(cache, "A");
    ck_assert_ptr_null(cache_get(cache, "a", "A"));
    ck_assert_ptr_nonnull(cache_get(cache, "b", "B"));
    ck_assert_ptr_null(cache_get(cache, "all", NULL)); /* depends on A too */
    cache_fill(cache, "a", "A", "a2");
    cache_fill(cache, "all", NULL, "all2");
    cache_bump(cache, "a"); /* another one */
    ck_assert_str_eq(cache_get(cache, "a", "A"), "a2");
    cache_fill(cache, "all", NULL, "all3");
    cache_bump(cache, NULL);
    ck_assert_ptr_null(cache_get(cache, "a", "A"));
    ck_assert_ptr_null(cache_get(cache, "b", "B"));
    ck_assert_ptr_null(cache_get(cache, "all", NULL));
    cache_fill(cache, "a", "A", "a3");
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_BUMP), 3);
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_UNBUMPED), 0);
}
END_TEST

/* The answer was computed from what was there before the import, and is stored after it. */
START_TEST(an_import_between_look_and_store)
{
    ticker_cache_ticket *ticket = cache_miss(cache, "k", "A"), *later;
    ticker_cache_ticket *everything = cache_miss(cache, "e", NULL);

    cache_bump(cache, "A");
    cache_put(cache, ticket, "old");
    cache_put(cache, everything, "old");
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    ck_assert_ptr_null(cache_get(cache, "e", NULL));
    ticket = cache_miss(cache, "k", "A");
    later = cache_miss(cache, "k", "A");
    cache_bump(cache, NULL);
    cache_put(cache, ticket, "old");
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    cache_fill(cache, "k", "A", "new");
    cache_put(cache, later, "old"); /* even over the new one: then there is none */
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
}
END_TEST

START_TEST(a_bump_of_many)
{
    enum { MANY = TICKER_CACHE_BUMP_MAX + 1 };
    static char names[MANY][16];
    static const char *tags[MANY];

    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "TAG%zu", i);
        tags[i] = names[i];
    }
    cache_fill(cache, "first", tags[0], "x");
    cache_fill(cache, "last", tags[MANY - 2], "x");
    cache_fill(cache, "other", "OTHER", "x");
    ck_assert_int_eq(ticker_cache_bump(cache, tags, MANY - 1, NULL), TICKER_OK);
    ck_assert_ptr_null(cache_get(cache, "first", tags[0]));
    ck_assert_ptr_null(cache_get(cache, "last", tags[MANY - 2]));
    cache_fill(cache, "other2", "OTHER2", "x");
    ck_assert_int_eq(ticker_cache_bump(cache, tags, MANY, NULL), TICKER_OK); /* everything */
    ck_assert_ptr_null(cache_get(cache, "other", "OTHER"));
    ck_assert_ptr_null(cache_get(cache, "other2", "OTHER2"));
}
END_TEST

START_TEST(marks)
{
    char first[TICKER_CACHE_MARK_MAX], again[TICKER_CACHE_MARK_MAX];
    const char *tag = "A";
    ticker_cache_ticket *ticket = NULL;

    ticker_cache_ticket_mark(NULL, first);
    ck_assert_str_eq(first, "");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ticker_cache_look(cache, "k", &tag, 1, NULL, &ticket, NULL), TICKER_DONE);
        ticker_cache_ticket_mark(ticket, i == 0 ? first : again);
        ticker_cache_ticket_free(ticket);
        if (i == 1) {
            ck_assert_str_eq(first, again);
            cache_bump(cache, "A");
        }
    }
    ck_assert_uint_eq(strlen(first), TICKER_CACHE_MARK_MAX - 1);
    ck_assert_uint_eq(strlen(again), TICKER_CACHE_MARK_MAX - 1);
    ck_assert_str_ne(first, again);
    ticket = cache_miss(cache, "other", "A");
    ticker_cache_ticket_mark(ticket, first);
    ticker_cache_ticket_free(ticket);
    ck_assert_str_ne(first, again);
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_MISS), 1); /* epochs alone are no question */
}
END_TEST

static ticker_status take_mark(void *payload, ticker_cache_result *result, ticker_error *error)
{
    ticker_cache_result_mark(result, payload);
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE, "the mark was all");
}

/* A computation knows the mark that the ticket has. */
START_TEST(marks_of_computations)
{
    char mark[TICKER_CACHE_MARK_MAX], wanted[TICKER_CACHE_MARK_MAX];
    ticker_cache_entry *entry;
    ticker_cache_ticket *ticket = cache_miss(cache, "k", NULL);

    ticker_cache_ticket_mark(ticket, wanted);
    ck_assert_uint_eq(strlen(wanted), TICKER_CACHE_MARK_MAX - 1);
    ck_assert_int_eq(ticker_cache_fetch(cache, "k", NULL, 0, take_mark, mark, &entry, NULL), TICKER_RETRY);
    ck_assert_str_eq(mark, wanted);
    cache_bump(cache, "ANY");
    ck_assert_int_eq(ticker_cache_fetch(cache, "k", NULL, 0, take_mark, mark, &entry, NULL), TICKER_RETRY);
    ck_assert_str_ne(mark, wanted);
    ticker_cache_ticket_free(ticket);
}
END_TEST

static int64_t series(ticker_metrics *metrics, ticker_metric metric, const char *result)
{
    return ticker_series_value(ticker_metrics_series(metrics, metric, &result, result != NULL));
}

START_TEST(measured)
{
    ticker_metrics *metrics = ticker_metrics_new();

    ticker_cache_measure(cache, metrics);
    cache_fill(cache, "k", "A", "x");
    ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "y"), "x");
    ck_assert_str_eq(cache_fetch_text(cache, "n", "A", "y"), "y");
    cache_bump(cache, "A");
    ck_assert_int_eq(series(metrics, TICKER_METRIC_CACHE_REQUESTS, "hit"), 2);
    ck_assert_int_eq(series(metrics, TICKER_METRIC_CACHE_REQUESTS, "miss"), 2);
    ck_assert_int_eq(series(metrics, TICKER_METRIC_CACHE_REQUESTS, "error"), 0);
    ck_assert_int_eq(series(metrics, TICKER_METRIC_CACHE_BUMPS, "done"), 1);
    ck_assert_int_eq(series(metrics, TICKER_METRIC_CACHE_BUMPS, "failed"), 0);
    ck_assert_int_eq(series(metrics, TICKER_METRIC_CACHE_UP, NULL), 1);
    ck_assert_int_eq(series(metrics, TICKER_METRIC_CACHE_BYTES, NULL) > 0, !cache_backend_of_suite->shared);
    ticker_cache_free(cache);
    cache = NULL;
    ticker_metrics_free(metrics);
}
END_TEST

/* Two processes at one cache, or each with its own. */
START_TEST(two_caches)
{
    ticker_cache *other = cache_open(cache_backend_of_suite->url, NULL);

    cache_fill(cache, "k", "A", "mine");
    if (cache_backend_of_suite->shared) {
        ck_assert_str_eq(cache_get(other, "k", "A"), "mine");
        cache_bump(other, "A");
        ck_assert_ptr_null(cache_get(cache, "k", "A"));
        cache_fill(cache, "k", "A", "new");
        cache_bump(other, NULL);
        ck_assert_ptr_null(cache_get(cache, "k", "A"));
    } else {
        ck_assert_ptr_null(cache_get(other, "k", "A"));
    }
    ticker_cache_free(other);
}
END_TEST

/* --- Computing ----------------------------------------------------------------------------------------------------------------- */

START_TEST(fetching)
{
    ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "one"), "one");
    ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "two"), "one");
    cache_bump(cache, "A");
    ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "two"), "two");
    ck_assert_str_eq(cache_get(cache, "k", "A"), "two");
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_MISS), 2);
    ck_assert_uint_eq(ticker_cache_count(cache, TICKER_CACHE_HIT), 2);
}
END_TEST

/* The import commits and bumps while the answer is computed. */
static ticker_status bump_then_text(void *payload, ticker_cache_result *result, ticker_error *error)
{
    cache_bump(cache, "A");
    return cache_compute_text(payload, result, error);
}

START_TEST(an_import_while_it_is_computed)
{
    const char *tag = "A";
    ticker_cache_entry *entry = NULL;
    char old[] = "old";

    ck_assert_int_eq(ticker_cache_fetch(cache, "k", &tag, 1, bump_then_text, old, &entry, NULL), TICKER_OK);
    ticker_cache_entry_free(entry);
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "new"), "new");
}
END_TEST

static ticker_status fails(void *payload, ticker_cache_result *result, ticker_error *error)
{
    if (payload != NULL) /* and has given something all the same */
        ticker_cache_result_give(result, strdup("x"), 1, 0);
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE, "no database");
}

static ticker_status gives_nothing(void *payload, ticker_cache_result *result, ticker_error *error)
{
    (void)payload;
    (void)result;
    (void)error;
    return TICKER_OK;
}

static ticker_status not_for_the_cache(void *payload, ticker_cache_result *result, ticker_error *error)
{
    (void)payload;
    (void)error;
    ticker_cache_result_give(result, strdup("first"), 5, 0);
    ticker_cache_result_give(result, strdup("x"), 1, -1);
    return TICKER_OK;
}

static ticker_status leaves(void *payload, ticker_cache_result *result, ticker_error *error)
{
    (void)payload;
    (void)error;
    ticker_cache_result_leave(result);
    ticker_cache_result_leave(result);
    return TICKER_DONE;
}

START_TEST(computations_that_end_otherwise)
{
    const char *tag = "A";
    ticker_cache_entry *entry;
    ticker_error error;

    for (int given = 0; given < 2; given++) {
        ti_error_init(&error);
        ck_assert_int_eq(ticker_cache_fetch(cache, "k", &tag, 1, fails, given ? &given : NULL, &entry, &error),
                         TICKER_RETRY);
        ck_assert_ptr_null(entry);
        ck_assert_str_eq(ticker_error_message(&error), "no database");
    }
    ck_assert_int_eq(ticker_cache_fetch(cache, "k", &tag, 1, gives_nothing, NULL, &entry, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_cache_fetch(cache, "k", &tag, 1, leaves, NULL, &entry, NULL), TICKER_DONE);
    ck_assert_ptr_null(entry);
    ck_assert_int_eq(ticker_cache_fetch(cache, "k", &tag, 1, not_for_the_cache, NULL, &entry, NULL), TICKER_OK);
    ck_assert_uint_eq(ticker_cache_entry_size(entry), 1);
    ticker_cache_entry_free(entry);
    ck_assert_ptr_null(cache_get(cache, "k", "A"));
    ck_assert_str_eq(cache_fetch_text(cache, "k", "A", "good"), "good");
}
END_TEST

/* --- The suite ----------------------------------------------------------------------------------------------------------------- */

/* Each test has tags of a server that others may have used. */
static void set_up(void)
{
    cache = cache_open(cache_backend_of_suite->url, NULL);
    ck_assert_int_eq(ticker_cache_bump_all(cache, NULL), TICKER_OK);
    ticker_cache_free(cache);
    cache = cache_open(cache_backend_of_suite->url, NULL);
}

static void tear_down(void)
{
    ticker_cache_free(cache);
}

Suite *cache_suite(const cache_backend *backend)
{
    const TTest *const tests[] = {an_entry,
                                  a_key_that_was_stored_again,
                                  large_entries,
                                  many_tags,
                                  what_is_refused,
                                  entries_end,
                                  a_bump_ends_its_entries_alone,
                                  an_import_between_look_and_store,
                                  a_bump_of_many,
                                  marks,
                                  marks_of_computations,
                                  measured,
                                  two_caches,
                                  fetching,
                                  an_import_while_it_is_computed,
                                  computations_that_end_otherwise};
    Suite *suite = suite_create(backend->name);
    TCase *group = tcase_create("cache"), *threads = tcase_create("threads");

    cache_backend_of_suite = backend;
    tcase_add_checked_fixture(group, set_up, tear_down);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(group, tests[i]);
    suite_add_tcase(suite, group);
    tcase_add_checked_fixture(threads, set_up, tear_down);
    tcase_set_timeout(threads, 60);
    cache_suite_add_threads(threads);
    suite_add_tcase(suite, threads);
    return suite;
}

int cache_suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
