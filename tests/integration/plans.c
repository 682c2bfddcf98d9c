/* Shows how a database runs the queries of the library: the store's own query() is put behind one that asks EXPLAIN first, so what is
 * looked at is the very SQL with its parameters.
 *
 * plans URL TICKER DATE DAY    asks every kind of question; prints the plan of each that reads one of the big tables from end to end
 *                              or finds nothing, and ends with 1 when there is one. DATE has trades and quotes; DAY is another. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <tickerimport.h>

#include "base/buffer.h"
#include "store/store.h"

#define PLAN_MAX ((size_t)1 << 20)

static const ti_store_ops *real;
static ti_buffer plan; /* of the question that is being asked */

static ticker_status explain(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                             ticker_error *error)
{
    bool postgres = strcmp(real->name, "postgresql") == 0;
    ti_cell cells[8];
    ti_cursor *cursor = NULL;
    ti_buffer text;
    ticker_status status;

    ti_buffer_init(&text, PLAN_MAX);
    (void)ti_buffer_text(&text, postgres ? "EXPLAIN " : "EXPLAIN QUERY PLAN ");
    (void)ti_buffer_text(&text, sql);
    if (ti_buffer_string(&text) == NULL)
        return TICKER_FATAL;
    (void)ti_buffer_printf(&plan, "  %s\n", sql);
    status = real->query(store, text.data, parameters, count, &cursor, error);
    while (status == TICKER_OK && (status = cursor->ops->next(cursor, cells, error)) == TICKER_OK) {
        const ti_cell *line = &cells[postgres ? 0 : 3];

        (void)ti_buffer_text(&plan, "    ");
        (void)ti_buffer_slice(&plan, line->kind == TI_CELL_TEXT ? line->text : (ti_slice){"", 0});
        (void)ti_buffer_byte(&plan, '\n');
    }
    if (cursor != NULL)
        cursor->ops->close(cursor);
    ti_buffer_free(&text);
    return status == TICKER_DONE ? TICKER_OK : status;
}

static ticker_status watched_query(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                                   ti_cursor **cursor, ticker_error *error)
{
    ticker_status status = explain(store, sql, parameters, count, error);

    return status == TICKER_OK ? real->query(store, sql, parameters, count, cursor, error) : status;
}

/* Whether a line says that a table of quotes or trades is read as a whole. */
static bool reads_all(const char *text)
{
    static const char *const signs[] = {
        "Seq Scan on quotes",  "Seq Scan on trades", /* PostgreSQL, partitions included */
        "    SCAN r\n",        "    SCAN r USING",   /* SQLite: the views call these tables r */
        "    SCAN quote_rows", "    SCAN trade_rows",
    };

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (strstr(text, signs[i]) != NULL)
            return true;
    return false;
}

static int drop(const void *data, size_t size, void *payload)
{
    (void)data;
    (void)size;
    (void)payload;
    return 0;
}

static void fail(const char *question, const ticker_error *error)
{
    (void)fprintf(stderr, "%s: %s\n", question, ticker_error_message(error));
    exit(2);
}

/* `question` is "kind name=value …" with {t}, {d} and {e} for the ticker and the days. */
static ticker_query *read_question(const char *question, char *const *values, ticker_error *error)
{
    char text[1024];
    size_t used = 0;
    ticker_query *query;

    for (const char *at = question; *at != '\0' && used + 200 < sizeof(text); at++) {
        if (at[0] == '{') {
            used += (size_t)snprintf(text + used, 200, "%s", values[at[1] == 't' ? 0 : at[1] == 'd' ? 1 : 2]);
            at += 2;
        } else {
            text[used++] = (char)(*at == ' ' ? '\0' : *at);
        }
    }
    text[used] = '\0';
    query = ticker_query_new(text);
    for (size_t at = strlen(text) + 1; query != NULL && at < used; at += strlen(text + at) + 1) {
        char *equals = strchr(text + at, '=');

        *equals = '\0';
        if (ticker_query_set(query, text + at, equals + 1, error) != TICKER_OK)
            fail(question, error);
        *equals = '=';
    }
    return query;
}

/* Asks, and when the answer was cut asks for the next page too. Returns the rows. */
static uint64_t ask(ticker_query *query, ticker_store *store, const char *question, ticker_error *error)
{
    uint64_t rows = 0, further = 0;
    int more = 0;

    ti_buffer_clear(&plan);
    if (ticker_query_run(query, store, "csv", drop, NULL, &rows, &more, error) != TICKER_OK)
        fail(question, error);
    if (more && (ticker_query_set(query, "cursor", ticker_query_cursor(query), error) != TICKER_OK ||
                 ticker_query_run(query, store, "csv", drop, NULL, &further, NULL, error) != TICKER_OK))
        fail(question, error);
    return rows + further;
}

/* That what is looked for is seen where it is. */
static bool sees_scans(ticker_store *store, ticker_error *error)
{
    bool postgres = strcmp(real->name, "postgresql") == 0;

    ti_buffer_clear(&plan);
    if (explain(store, postgres ? "SELECT SUM(volume) FROM quotes" : "SELECT SUM(volume) FROM quote_rows AS r", NULL, 0,
                error) != TICKER_OK)
        fail("a scan", error);
    return ti_buffer_string(&plan) != NULL && reads_all(plan.data);
}

static const char *const questions[] = {
    "quotes ticker={t}",
    "quotes ticker={t} order=desc",
    "quotes ticker={t} limit=20",
    "quotes ticker={t} limit=20 order=desc",
    "quotes ticker={t} from={d} limit=20",
    "quotes ticker={t} to={d} order=desc limit=20",
    "quotes ticker={t} date={d}",
    "quotes ticker={t} market=010 from={e} to={d} limit=5",
    "quotes ticker={t},VALE3,ITUB4 limit=20",
    "quotes ticker={t},VALE3,ITUB4 from={e} order=desc",
    "quotes date={d}",
    "quotes date={d} limit=50",
    "quotes date={d} limit=50 order=desc market=010",
    "quotes limit=50",
    "quotes limit=50 order=desc",
    "quotes limit=3000",
    "quotes market=070 limit=50",
    "quotes from={d} limit=50",
    "quotes from={d} to={d}",
    "quotes ticker={t} interval=1d",
    "quotes ticker={t} interval=1w",
    "quotes ticker={t} interval=1mo limit=3",
    "quotes ticker={t} interval=1w limit=3 order=desc",
    "quotes ticker={t},VALE3 interval=1mo limit=3",
    "quotes date={d} interval=1d",
    "quotes interval=1d limit=50",
    "quotes interval=1w limit=50 from={d}",
    "quotes interval=1w limit=50 order=desc",
    "trades ticker={t} date={d}",
    "trades ticker={t} date={d} limit=50",
    "trades ticker={t} date={d} limit=50 order=desc",
    "trades ticker={t} date={d} from=11:00 to=12:00",
    "trades ticker={t} date={d} interval=1m",
    "trades ticker={t} date={d} interval=1m limit=50 order=desc",
    "trades ticker={t} date={d} interval=1h from=11:00",
    "summary ticker={t}",
    "summary ticker={t} from={d}",
    "tickers",
    "tickers q=pet limit=5",
    "tickers pattern=PET* market=010",
    "tickers ticker={t}",
    "imports",
    "imports limit=1",
    "imports status=imported limit=1",
    "imports id=1",
};

int main(int argc, char **argv)
{
    ticker_options *options = ticker_options_new();
    ticker_error *error = ticker_error_new();
    ticker_store *store = NULL;
    bool show = getenv("PLANS_SHOW") != NULL;
    ti_store_ops watched;
    int bad = 0;

    if (argc != 5 || options == NULL || error == NULL)
        return 2;
    if (ticker_options_set(options, "database-url", argv[1], error) != TICKER_OK ||
        ticker_store_open(options, &store, error) != TICKER_OK)
        fail(argv[1], error);
    ti_buffer_init(&plan, PLAN_MAX);
    real = store->ops;
    watched = *real;
    watched.query = watched_query;
    store->ops = &watched;
    if (!sees_scans(store, error)) {
        printf("a plan that reads all is not known any more:\n%s", plan.data);
        bad++;
    }
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        ticker_query *query = read_question(questions[i], &argv[2], error);
        uint64_t rows = ask(query, store, questions[i], error);
        const char *text = ti_buffer_string(&plan);
        bool wrong = rows == 0 || text == NULL || reads_all(text);

        if (wrong || show)
            printf("%s%s: %" PRIu64 " rows\n%s\n", wrong ? "WRONG " : "", questions[i], rows, text != NULL ? text : "");
        bad += wrong;
        ticker_query_free(query);
    }
    printf("%zu questions, %d bad plans\n", sizeof(questions) / sizeof(questions[0]), bad);
    store->ops = real;
    ti_buffer_free(&plan);
    ticker_store_free(store);
    ticker_options_free(options);
    ticker_error_free(error);
    return bad > 0;
}
