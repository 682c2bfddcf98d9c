/* Questions: through the cache, else from the database, held or streamed. */
#include "query/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <tickerimport/version.h>

#include "cache/cache.h"
#include "query/query.h"

#define WAIT 2000                                 /* milliseconds for a store of the pool */
#define TAIL_ROOM (TICKER_QUERY_CURSOR_MAX + 128) /* behind the bytes, in the same buffer */

/* --- Questions ------------------------------------------------------------------------------------------------------------------ */

static bool is_format(const char *format)
{
    static const char *const formats[] = {"json", "ndjson", "csv", "table"};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(format, formats[i]) == 0)
            return true;
    return false;
}

/* The ledger changes without imports: uploads are announced and begin. */
static bool is_cached(const ticker_query *query)
{
    return query->kind != TI_QUERY_IMPORTS;
}

/* The key under which an answer is cached; "" when it cannot be. A version may write the same answer otherwise. */
static void make_key(ticker_query *query, const char *format, char key[TICKER_CACHE_KEY_MAX + 1])
{
    const char *asked = is_cached(query) ? ticker_query_key(query) : NULL;
    int size = asked == NULL ? -1 : snprintf(key, TICKER_CACHE_KEY_MAX + 1, "%s %s %s", TICKER_VERSION, format, asked);

    if (size < 0 || size > TICKER_CACHE_KEY_MAX)
        key[0] = '\0';
}

static size_t list_tags(const ticker_query *query, const char *tags[TICKER_CACHE_TAGS_MAX])
{
    size_t count = 0;

    while (count < TICKER_CACHE_TAGS_MAX && (tags[count] = ticker_query_tickers(query, count)) != NULL)
        count++;
    return count;
}

ticker_status ticker_answers_look(ticker_answers *answers, ticker_query *query, const char *format,
                                  ticker_answer **answer)
{
    const char *tags[TICKER_CACHE_TAGS_MAX];
    char key[TICKER_CACHE_KEY_MAX + 1];
    ticker_cache_entry *entry;

    *answer = NULL;
    if (query == NULL || format == NULL || !ticker_cache_is_local(answers->cache) || !is_format(format))
        return TICKER_DONE;
    make_key(query, format, key);
    entry = key[0] != '\0' ? ti_cache_peek(answers->cache, key, tags, list_tags(query, tags)) : NULL;
    if (entry != NULL)
        *answer = ti_answer_open(entry);
    return *answer != NULL ? TICKER_OK : TICKER_DONE;
}

/* --- Computing ------------------------------------------------------------------------------------------------------------------ */

/* A call of ticker_answers_run(). */
typedef struct answering {
    ticker_answers *answers;
    ticker_query *query;
    const char *format;
    ticker_answer_sink sink;
    ticker_cache_result *result; /* NULL: not for the cache */
    ti_buffer bytes;
    size_t max; /* bytes that are held */
    ti_answer_facts facts;
    bool streamed, unwanted, too_long;
    ticker_answer head; /* of what is streamed */
} answering;

/* Neither says how much will come. */
static bool is_open_ended(const ticker_query *query)
{
    return !ti_query_has(query, TI_ASK_LIMIT) && query->tickers == 0 && query->kind != TI_QUERY_SUMMARY &&
           !ti_query_has(query, TI_ASK_ID);
}

/* What was held so far goes out, and from then on everything at once. 0: go on. */
static int start_stream(answering *mine)
{
    if (mine->sink.begin == NULL) {
        mine->too_long = true;
        return 1;
    }
    mine->streamed = true;
    if (mine->result != NULL)
        ticker_cache_result_leave(mine->result);
    if (mine->sink.begin(&mine->head, mine->sink.payload) != 0) {
        mine->unwanted = true;
        return 1;
    }
    if (mine->bytes.size > 0 && mine->sink.write(mine->bytes.data, mine->bytes.size, mine->sink.payload) != 0)
        return 1;
    ti_buffer_free(&mine->bytes);
    return 0;
}

static int take_bytes(const void *data, size_t size, void *payload)
{
    answering *mine = payload;

    if (!mine->streamed) {
        if (mine->bytes.size + size <= mine->max)
            return !ti_buffer_append(&mine->bytes, data, size);
        if (start_stream(mine) != 0)
            return 1;
    }
    return mine->sink.write(data, size, mine->sink.payload);
}

static int discard(const void *data, size_t size, void *payload)
{
    (void)data;
    (void)size;
    (void)payload;
    return 0;
}

static bool list_tickers(const ticker_query *query, ti_buffer *names)
{
    const char *name;

    for (size_t i = 0; (name = ticker_query_tickers(query, i)) != NULL; i++) {
        (void)ti_buffer_text(names, i > 0 ? "," : "");
        (void)ti_buffer_text(names, name);
    }
    return ti_buffer_string(names) != NULL;
}

/* Whether one of the tickers exists at all. */
static ticker_status find_tickers(answering *mine, ticker_store *store, ticker_error *error)
{
    ticker_query *known = ticker_query_new("tickers");
    ti_buffer names;
    ticker_status status;
    uint64_t rows = 0;

    ti_buffer_init(&names, TICKER_QUERY_TICKERS_MAX * (TICKER_TICKER_MAX + 1) + 1);
    if (known == NULL || !list_tickers(mine->query, &names))
        status = ti_fail_memory(error);
    else
        status = ticker_query_set(known, "ticker", names.data, error);
    if (status == TICKER_OK)
        status = ticker_query_set(known, "limit", "1", error);
    if (status == TICKER_OK)
        status = ticker_query_run(known, store, "ndjson", discard, NULL, &rows, NULL, error);
    mine->facts.found = rows > 0;
    ti_buffer_free(&names);
    ticker_query_free(known);
    return status;
}

/* Without rows: was it asked for by a name that does not exist? */
static ticker_status find_out(answering *mine, ticker_store *store, ticker_error *error)
{
    mine->facts.found = true;
    if (mine->facts.rows > 0)
        return TICKER_OK;
    if (mine->query->kind == TI_QUERY_IMPORTS)
        mine->facts.found = !ti_query_has(mine->query, TI_ASK_ID);
    else if (mine->query->tickers > 0)
        return find_tickers(mine, store, error);
    return TICKER_OK;
}

static int64_t microseconds_now(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What take_bytes() stopped for is no failure of the query. */
static ticker_status judge(answering *mine, ticker_status status, ticker_error *error)
{
    if (mine->unwanted || mine->too_long || ti_buffer_failed(&mine->bytes)) {
        ticker_error_clear(error);
        if (mine->unwanted)
            return TICKER_DONE;
        if (!mine->too_long)
            return ti_fail_memory(error);
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the answer is longer than %zu bytes", mine->max);
        ti_error_hint(error, "set a limit, or take it in pieces");
        return TICKER_FAILED;
    }
    return status;
}

static ticker_status ask_store(answering *mine, ticker_store *store, ticker_error *error)
{
    int64_t begun = microseconds_now();
    int more = 0;
    ticker_error why;
    ticker_status status;

    ti_error_init(&why);
    status = ticker_query_run(mine->query, store, mine->format, take_bytes, mine, &mine->facts.rows, &more, &why);
    ticker_series_observe(mine->answers->duration[mine->query->kind], microseconds_now() - begun);
    status = judge(mine, status, &why);
    if (status == TICKER_OK) {
        mine->facts.more = more != 0;
        mine->facts.next = ticker_query_cursor(mine->query);
        status = find_out(mine, store, &why);
    }
    if (status < TICKER_OK)
        ti_error_copy(error, &why);
    return status;
}

/* The tag of what is streamed: of the question and the epochs of its data, before these are read. */
static void tag_stream(answering *mine)
{
    if (mine->result != NULL)
        ticker_cache_result_mark(mine->result, mine->head.etag);
    mine->head.found = true;
}

/* Asks the database. TICKER_OK: ->bytes holds all, sealed. TICKER_DONE: it was streamed, or is not wanted. */
static ticker_status ask(answering *mine, ticker_error *error)
{
    ticker_store *store = NULL;
    ticker_status status;

    tag_stream(mine);
    if (mine->head.etag[0] != '\0' && mine->sink.known != NULL &&
        mine->sink.known(&mine->head, mine->sink.payload) != 0) {
        mine->unwanted = true;
        return TICKER_DONE;
    }
    status = ticker_pool_take(mine->answers->pool, WAIT, &store, error);
    if (status != TICKER_OK)
        return status;
    status = ask_store(mine, store, error);
    ticker_pool_give(mine->answers->pool, store);
    if (status == TICKER_OK && mine->streamed)
        return TICKER_DONE;
    if (status == TICKER_OK && !ti_answer_seal(&mine->bytes, mine->format, &mine->facts))
        return ti_fail_memory(error);
    return status;
}

/* The bytes as they go into the cache: no larger than they are. */
static void *take_memory(ti_buffer *bytes, size_t *size)
{
    char *fitting = realloc(bytes->data, bytes->size);
    void *data = fitting != NULL ? fitting : bytes->data;

    *size = bytes->size;
    *bytes = (ti_buffer){.max = bytes->max};
    return data;
}

static ticker_status compute(void *payload, ticker_cache_result *result, ticker_error *error)
{
    answering *mine = payload;
    ticker_status status;
    size_t size;
    void *data;

    mine->result = result;
    status = ask(mine, error);
    mine->result = NULL;
    if (status != TICKER_OK) {
        if (mine->unwanted || mine->too_long) /* says nothing about the others */
            ticker_cache_result_leave(result);
        return status;
    }
    data = take_memory(&mine->bytes, &size);
    ticker_cache_result_give(result, data, size, 0);
    return TICKER_OK;
}

/* --- Running -------------------------------------------------------------------------------------------------------------------- */

static ticker_status run_uncached(answering *mine, ticker_cache_entry **entry, ticker_error *error)
{
    ticker_status status = ask(mine, error);
    size_t size;
    void *data;

    if (status != TICKER_OK)
        return status;
    data = take_memory(&mine->bytes, &size);
    *entry = ti_entry_new(data, size);
    return *entry != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* What is said of an answer that went to the sink. */
static ticker_status tell_of_stream(const answering *mine, ticker_answer **answer, ticker_error *error)
{
    const char *next = mine->facts.next;

    if (mine->unwanted)
        return TICKER_DONE;
    *answer = calloc(1, sizeof(**answer));
    if (*answer == NULL)
        return ti_fail_memory(error);
    **answer = mine->head;
    (*answer)->rows = mine->facts.rows;
    (*answer)->more = mine->facts.more;
    (*answer)->found = mine->facts.found;
    if (next != NULL && snprintf((*answer)->cursor, sizeof((*answer)->cursor), "%s", next) > 0)
        (*answer)->next = (*answer)->cursor;
    return TICKER_DONE;
}

static ticker_status run(answering *mine, ticker_answer **answer, ticker_error *error)
{
    const char *tags[TICKER_CACHE_TAGS_MAX];
    char key[TICKER_CACHE_KEY_MAX + 1];
    ticker_cache_entry *entry = NULL;
    ticker_status status;

    make_key(mine->query, mine->format, key);
    if (key[0] != '\0')
        status = ticker_cache_fetch(mine->answers->cache, key, tags, list_tags(mine->query, tags), compute, mine,
                                    &entry, error);
    else
        status = run_uncached(mine, &entry, error);
    if (status == TICKER_DONE)
        return tell_of_stream(mine, answer, error);
    if (status != TICKER_OK)
        return status;
    *answer = ti_answer_open(entry);
    if (*answer != NULL)
        return TICKER_OK;
    /* Damaged in the cache: as if there were none. */
    entry = NULL;
    status = run_uncached(mine, &entry, error);
    if (status == TICKER_DONE)
        return tell_of_stream(mine, answer, error);
    if (status == TICKER_OK)
        *answer = ti_answer_open(entry);
    return status == TICKER_OK && *answer == NULL ? ti_fail_memory(error) : status;
}

ticker_status ticker_answers_run(ticker_answers *answers, ticker_query *query, const char *format,
                                 const ticker_answer_sink *sink, ticker_answer **answer, ticker_error *error)
{
    answering mine = {.answers = answers, .query = query, .format = format};
    ticker_status status;

    if (answer == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an answer needs a place to go");
    *answer = NULL;
    if (answers == NULL || query == NULL || format == NULL || !is_format(format))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "an answer needs a question, and a format: json, ndjson, csv or table");
    status = ticker_query_check(query, error);
    if (status != TICKER_OK)
        return status;
    if (sink != NULL)
        memcpy(&mine.sink, sink, sink->size < sizeof(mine.sink) ? sink->size : sizeof(mine.sink));
    mine.max = is_open_ended(query) ? TICKER_CACHE_ENTRY_MAX : TICKER_ANSWER_MAX;
    ti_buffer_init(&mine.bytes, mine.max + TAIL_ROOM);
    status = run(&mine, answer, error);
    ti_buffer_free(&mine.bytes);
    return status;
}
