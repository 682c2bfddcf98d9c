/* Imports files into an SQLite database and asks it for a ticker.
 *
 *   cc -o 02_import_sqlite 02_import_sqlite.c $(pkg-config --cflags --libs tickerimport)
 *   ./02_import_sqlite quotes.db PETR4 COTAHIST_A2023.ZIP 08-11-2024_NEGOCIOSAVISTA.zip
 *
 * Shows: options by name, a store, an import with its report, and a query that writes CSV. Run it twice: the second time every
 * file is a duplicate, and nothing changes. */
#include <inttypes.h>
#include <stdio.h>

#include <tickerimport.h>

static int complain(const ticker_error *error)
{
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    (void)ticker_error_format(error, line, sizeof line);
    fprintf(stderr, "02_import_sqlite: %s\n", line);
    return 1;
}

/* Called for each member of the file when its fate is known. */
static void on_report(const ticker_report *report, void *payload)
{
    (void)payload;
    printf("%s: %s, %" PRId64 " records, %" PRId64 " rejected, %s to %s\n",
           ticker_report_text(report, TICKER_REPORT_FILE), ticker_report_text(report, TICKER_REPORT_STATUS),
           ticker_report_integer(report, TICKER_REPORT_RECORDS), ticker_report_integer(report, TICKER_REPORT_REJECTED),
           ticker_report_text(report, TICKER_REPORT_FIRST_DATE), ticker_report_text(report, TICKER_REPORT_LAST_DATE));
    for (size_t i = 0; i < ticker_report_problem_count(report); i++) {
        uint64_t line, column;
        const char *reason = ticker_report_problem(report, i, &line, &column);

        printf("  line %" PRIu64 ", column %" PRIu64 ": %s\n", line, column, reason);
    }
}

static ticker_status import_file(ticker_store *store, const ticker_options *options, const char *path,
                                 ticker_error *error)
{
    const ticker_import_events events = {.size = sizeof events, .report = on_report};
    ticker_source *source = NULL;
    ticker_status status = ticker_source_open_file(path, &source, error);

    /* The source belongs to the import, whatever becomes of it. */
    return status == TICKER_OK ? ticker_import_source(store, source, options, &events, error) : status;
}

static int write_out(const void *data, size_t size, void *payload)
{
    return fwrite(data, 1, size, payload) == size ? 0 : 1;
}

static ticker_status print_quotes(ticker_store *store, const char *ticker, ticker_error *error)
{
    ticker_query *query = ticker_query_new("quotes");
    uint64_t rows = 0;
    int more = 0;
    ticker_status status;

    if (query == NULL)
        return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
    status = ticker_query_set(query, "ticker", ticker, error);
    if (status == TICKER_OK)
        status = ticker_query_set(query, "limit", "5", error);
    if (status == TICKER_OK)
        status = ticker_query_run(query, store, "csv", write_out, stdout, &rows, &more, error);
    if (status == TICKER_OK)
        printf("%" PRIu64 " rows%s\n", rows, more ? ", and there are more" : "");
    ticker_query_free(query);
    return status;
}

int main(int argc, char **argv)
{
    ticker_error *error = ticker_error_new();
    ticker_options *options = ticker_options_new();
    ticker_store *store = NULL;
    char url[TICKER_OPTION_VALUE_MAX];
    int result = 0;

    if (argc < 4 || error == NULL || options == NULL) {
        fprintf(stderr, "usage: 02_import_sqlite DATABASE TICKER FILE...\n");
        result = 2;
        goto out;
    }
    (void)snprintf(url, sizeof url, "sqlite:%s", argv[1]);
    if (ticker_options_set(options, "database-url", url, error) != TICKER_OK ||
        ticker_store_open(options, &store, error) != TICKER_OK) {
        result = complain(error);
        goto out;
    }
    for (int i = 3; i < argc; i++) {
        ticker_status status = import_file(store, options, argv[i], error);

        /* TICKER_WARN: it is in, without the rows that could not be read. */
        if (status != TICKER_OK && status != TICKER_WARN)
            result = complain(error);
        ticker_error_clear(error); /* or the next failure would not be seen */
    }
    if (result == 0 && print_quotes(store, argv[2], error) != TICKER_OK)
        result = complain(error);
out:
    ticker_store_free(store);
    ticker_options_free(options);
    ticker_error_free(error);
    return result;
}
