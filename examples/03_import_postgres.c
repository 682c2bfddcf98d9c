/* Imports a file into PostgreSQL, and tries again when the status says that this makes sense.
 *
 *   cc -o 03_import_postgres 03_import_postgres.c $(pkg-config --cflags --libs tickerimport)
 *   DATABASE_URL=postgres://user@localhost/quotes ./03_import_postgres COTAHIST_A2023.ZIP
 *   ./03_import_postgres COTAHIST_A2023.ZIP postgres://user@localhost/quotes
 *
 * Shows: the status ladder at work (what to repeat, what to give up), the schema made beforehand, and the ledger as JSON.
 * Nothing is half done at any point: what failed with TICKER_RETRY left no row behind. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tickerimport.h>

#define ATTEMPTS 4

static void complain(const ticker_error *error)
{
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    (void)ticker_error_format(error, line, sizeof line);
    fprintf(stderr, "03_import_postgres: %s%s%s\n", line, ticker_error_sqlstate(error)[0] != '\0' ? " SQLSTATE " : "",
            ticker_error_sqlstate(error));
}

/* Brings the tables to what this library needs. An import does it by itself; a service may prefer to do it when it starts. */
static ticker_status prepare(ticker_store *store, ticker_error *error)
{
    int found = 0, wanted = 0;
    ticker_status status = ticker_store_version(store, &found, &wanted, error);

    if (status == TICKER_OK)
        printf("%s, schema version %d of %d\n", ticker_store_backend(store), found, wanted);
    if (status == TICKER_OK && found < wanted)
        status = ticker_store_migrate(store, error);
    return status;
}

/* A source is used up by the attempt that reads it, so each attempt opens its own; a store connects anew by itself. */
static ticker_status import_once(const ticker_options *options, const char *path, ticker_store **store,
                                 ticker_error *error)
{
    ticker_source *source = NULL;
    ticker_status status = TICKER_OK;

    if (*store == NULL) {
        status = ticker_store_open(options, store, error);
        if (status == TICKER_OK)
            status = prepare(*store, error);
    }
    if (status == TICKER_OK)
        status = ticker_source_open_file(path, &source, error);
    return status == TICKER_OK ? ticker_import_source(*store, source, options, NULL, error) : status;
}

static int write_out(const void *data, size_t size, void *payload)
{
    return fwrite(data, 1, size, payload) == size ? 0 : 1;
}

static ticker_status print_ledger(ticker_store *store, ticker_error *error)
{
    ticker_query *query = ticker_query_new("imports");
    ticker_status status;

    if (query == NULL)
        return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
    status = ticker_query_set(query, "limit", "1", error);
    if (status == TICKER_OK)
        status = ticker_query_run(query, store, "ndjson", write_out, stdout, NULL, NULL, error);
    ticker_query_free(query);
    return status;
}

int main(int argc, char **argv)
{
    const char *url = argc > 2 ? argv[2] : getenv("DATABASE_URL");
    ticker_error *error = ticker_error_new();
    ticker_options *options = ticker_options_new();
    ticker_store *store = NULL;
    ticker_status status = TICKER_FATAL;

    if (argc < 2 || url == NULL || error == NULL || options == NULL) {
        fprintf(stderr, "usage: 03_import_postgres FILE [URL]   (or the URL in DATABASE_URL)\n");
        goto out;
    }
    if (!ticker_has("postgresql")) {
        fprintf(stderr, "03_import_postgres: libtickerimport %s was built without PostgreSQL\n", ticker_version());
        goto out;
    }
    status = ticker_options_set(options, "database-url", url, error);
    for (unsigned attempt = 1; status == TICKER_OK && attempt <= ATTEMPTS; attempt++) {
        ticker_error_clear(error);
        status = import_once(options, argv[1], &store, error);
        printf("attempt %u: %s\n", attempt, ticker_status_name(status));
        if (status != TICKER_RETRY || attempt == ATTEMPTS)
            break;
        complain(error);
        (void)sleep(attempt);
        status = TICKER_OK;
    }
    if (status == TICKER_OK || status == TICKER_WARN)
        status = print_ledger(store, error);
    if (status != TICKER_OK)
        complain(error);
out:
    ticker_store_free(store);
    ticker_options_free(options);
    ticker_error_free(error);
    return status == TICKER_OK ? 0 : 1;
}
