/* Answers questions about tickers, read from standard input, one a line, from a cache or the database.
 *
 *   cc -o 08_cached_query 08_cached_query.c $(pkg-config --cflags --libs tickerimport)
 *   printf 'PETR4\nPETR4\n' | DATABASE_URL=sqlite:quotes.db REDIS_URL=redis://127.0.0.1:6379/0 ./08_cached_query
 *
 * Each answer is a line: the ticker, where the answer came from, the number of rows, its tag, its size. With an
 * argument it also prints the last close. Shows: answers, the counts of the cache, what to do now and then, and a
 * computation of the program's own in the same cache. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport.h>

static int complain(const ticker_error *error)
{
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    (void)ticker_error_format(error, line, sizeof line);
    fprintf(stderr, "08_cached_query: %s\n", line);
    return 1;
}

/* An option from the environment, when it is set there. */
static ticker_status take_variable(ticker_options *options, const char *name, const char *variable, ticker_error *error)
{
    const char *value = getenv(variable);

    return value != NULL ? ticker_options_set(options, name, value, error) : TICKER_OK;
}

/* --- The library's own answers -------------------------------------------------------------------------------- */

static ticker_status answer_one(ticker_answers *answers, const char *ticker, ticker_error *error)
{
    ticker_cache *cache = ticker_answers_cache(answers);
    uint64_t hits = ticker_cache_count(cache, TICKER_CACHE_HIT);
    ticker_query *query = ticker_query_new("quotes");
    ticker_answer *answer = NULL;
    ticker_status status = ticker_query_set(query, "ticker", ticker, error);

    if (status == TICKER_OK)
        status = ticker_answers_run(answers, query, "json", NULL, &answer, error);
    if (status == TICKER_OK && !ticker_answer_found(answer))
        printf("%s unknown\n", ticker);
    else if (status == TICKER_OK)
        printf("%s %s %" PRIu64 " rows, tag %s, %zu bytes\n", ticker,
               ticker_cache_count(cache, TICKER_CACHE_HIT) > hits ? "cache" : "database", ticker_answer_rows(answer),
               ticker_answer_etag(answer), ticker_answer_size(answer));
    ticker_answer_free(answer);
    ticker_query_free(query);
    return status;
}

/* --- A computation of this program's own ---------------------------------------------------------------------- */

typedef struct lookup {
    ticker_answers *answers;
    const char *ticker;
} lookup;

static int keep_text(const void *data, size_t size, void *payload)
{
    char **text = payload;
    size_t used = *text != NULL ? strlen(*text) : 0;
    char *longer = realloc(*text, used + size + 1);

    if (longer == NULL)
        return 1;
    memcpy(longer + used, data, size);
    longer[used + size] = '\0';
    *text = longer;
    return 0;
}

/* Reads the database; called only when the cache has nothing that is still right. */
static ticker_status last_quote(void *payload, ticker_cache_result *result, ticker_error *error)
{
    const lookup *self = payload;
    ticker_query *query = ticker_query_new("quotes");
    ticker_store *store = NULL;
    char *text = NULL;
    ticker_status status = ticker_query_set(query, "ticker", self->ticker, error);

    if (status == TICKER_OK)
        status = ticker_query_set(query, "order", "desc", error);
    if (status == TICKER_OK)
        status = ticker_query_set(query, "limit", "1", error);
    if (status == TICKER_OK)
        status = ticker_pool_take(ticker_answers_pool(self->answers), 1000, &store, error);
    if (status == TICKER_OK)
        status = ticker_query_run(query, store, "ndjson", keep_text, &text, NULL, NULL, error);
    ticker_pool_give(ticker_answers_pool(self->answers), store);
    ticker_query_free(query);
    if (status == TICKER_OK) {
        /* The answer of this program: what stands behind "close":, or nothing. */
        const char *close = text != NULL ? strstr(text, "\"close\":") : NULL;
        char *mine = calloc(1, 32);

        if (mine != NULL && close != NULL)
            (void)snprintf(mine, 32, "%.*s", (int)strcspn(close + 8, ",}"), close + 8);
        ticker_cache_result_give(result, mine, mine != NULL ? strlen(mine) : 1, 0);
    }
    free(text);
    return status;
}

static ticker_status print_close(ticker_answers *answers, const char *ticker, ticker_error *error)
{
    lookup mine = {answers, ticker};
    char key[128];
    ticker_cache_entry *entry = NULL;
    ticker_status status;

    /* The tag is what imports bump. Keys of several programs at one Redis begin with a word of their own. */
    (void)snprintf(key, sizeof key, "08_cached_query close %s", ticker);
    status = ticker_cache_fetch(ticker_answers_cache(answers), key, &ticker, 1, last_quote, &mine, &entry, error);
    if (status == TICKER_OK)
        printf("%s close %.*s\n", ticker, (int)ticker_cache_entry_size(entry),
               (const char *)ticker_cache_entry_data(entry));
    ticker_cache_entry_free(entry);
    return status;
}

int main(int argc, char **argv)
{
    ticker_error *error = ticker_error_new();
    ticker_options *options = ticker_options_new();
    ticker_answers *answers = NULL;
    char ticker[64];
    int result = 0;

    (void)argv;
    if (take_variable(options, "database-url", "DATABASE_URL", error) != TICKER_OK ||
        take_variable(options, "redis-url", "REDIS_URL", error) != TICKER_OK ||
        ticker_answers_open(options, &answers, error) != TICKER_OK)
        result = complain(error);
    while (result == 0 && fgets(ticker, sizeof ticker, stdin) != NULL) {
        ticker[strcspn(ticker, "\n")] = '\0';
        ticker_error_clear(error);
        /* A server has a thread that does this all the time. */
        if (ticker_answers_tend(answers, error) != TICKER_OK)
            fprintf(stderr, "08_cached_query: %s\n", ticker_error_message(error));
        ticker_error_clear(error);
        if (answer_one(answers, ticker, error) != TICKER_OK)
            result = complain(error);
        else if (argc > 1 && print_close(answers, ticker, error) != TICKER_OK)
            result = complain(error);
        (void)fflush(stdout);
    }
    ticker_answers_free(answers);
    ticker_options_free(options);
    ticker_error_free(error);
    return result;
}
