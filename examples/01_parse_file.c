/* Reads a file of quotes and prints those of one ticker: no database, no floating point.
 *
 *   cc -o 01_parse_file 01_parse_file.c $(pkg-config --cflags --libs tickerimport)
 *   ./01_parse_file COTAHIST_D08112024.ZIP PETR4
 *
 * Shows: a file as a source, the reader's two loops (members of an archive, batches of a member), columns, exact numbers as
 * text, and what to do when a call fails. A plain file is one member, so the same loops read everything. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tickerimport.h>

#define TEXT_MAX 64 /* any number or date of a column, with room to spare */

static void print_row(const ticker_batch *batch, size_t row)
{
    static const unsigned columns[] = {TICKER_QUOTE_DATE,  TICKER_QUOTE_OPEN,   TICKER_QUOTE_HIGH,    TICKER_QUOTE_LOW,
                                       TICKER_QUOTE_CLOSE, TICKER_QUOTE_VOLUME, TICKER_QUOTE_TURNOVER};
    size_t size;
    const char *market = ticker_batch_text(batch, TICKER_QUOTE_MARKET, row, &size);

    printf("line %" PRIu64 ": market %.*s", ticker_batch_line(batch, row), (int)size, market);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const int64_t *values = ticker_batch_i64(batch, columns[i]);
        char text[TEXT_MAX];

        (void)ticker_column_format(TICKER_QUOTES, columns[i], values[row], text, sizeof text);
        printf(" %s %s", ticker_column_json_name(TICKER_QUOTES, columns[i]), text);
    }
    printf("\n");
}

static uint64_t print_ticker(const ticker_batch *batch, const char *ticker)
{
    size_t rows = ticker_batch_rows(batch), wanted = strlen(ticker);
    uint64_t found = 0;

    if (ticker_batch_table(batch) != TICKER_QUOTES)
        return 0; /* a file of trades */
    for (size_t row = 0; row < rows; row++) {
        size_t size;
        const char *text = ticker_batch_text(batch, TICKER_QUOTE_TICKER, row, &size);

        if (size == wanted && memcmp(text, ticker, size) == 0) {
            print_row(batch, row);
            found++;
        }
    }
    return found;
}

static void print_member(const ticker_report *report, uint64_t position)
{
    printf("%s: %" PRId64 " records, %" PRId64 " rejected, %" PRIu64 " bytes read\n",
           ticker_report_text(report, TICKER_REPORT_FORMAT), ticker_report_integer(report, TICKER_REPORT_RECORDS),
           ticker_report_integer(report, TICKER_REPORT_REJECTED), position);
}

/* TICKER_DONE when every member was read to its end. */
static ticker_status read_all(ticker_reader *reader, const char *ticker, uint64_t *found, ticker_error *error)
{
    const ticker_batch *batch;
    ticker_status status;

    while ((status = ticker_reader_next_member(reader, error)) == TICKER_OK) {
        while ((status = ticker_reader_next_batch(reader, &batch, error)) == TICKER_OK)
            *found += print_ticker(batch, ticker);
        if (status != TICKER_DONE)
            return status; /* what was delivered of this member is not to be trusted */
        print_member(ticker_reader_report(reader), ticker_reader_position(reader));
    }
    return status;
}

int main(int argc, char **argv)
{
    ticker_error *error = ticker_error_new();
    ticker_source *source = NULL;
    ticker_reader *reader = NULL;
    ticker_status status = TICKER_FATAL;
    uint64_t found = 0;
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    if (argc != 3) {
        fprintf(stderr, "usage: 01_parse_file FILE TICKER\n");
        ticker_error_free(error);
        return 2;
    }
    status = ticker_source_open_file(argv[1], &source, error);
    if (status == TICKER_OK) {
        reader = ticker_reader_new(source, NULL); /* the source is the reader's from here on */
        status = reader != NULL ? read_all(reader, argv[2], &found, error)
                                : ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
    }
    if (status == TICKER_DONE) {
        printf("%" PRIu64 " quotes of %s\n", found, argv[2]);
    } else {
        (void)ticker_error_format(error, line, sizeof line);
        fprintf(stderr, "01_parse_file: %s\n", line);
    }
    ticker_reader_free(reader);
    ticker_error_free(error);
    return status == TICKER_DONE ? 0 : 1;
}
