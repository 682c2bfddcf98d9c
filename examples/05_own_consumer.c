/* Rows for a purpose of the program's own: the day of the highest turnover of each ticker, in exact whole cents.
 *
 *   cc -o 05_own_consumer 05_own_consumer.c $(pkg-config --cflags --libs tickerimport)
 *   ./05_own_consumer COTAHIST_A2023.ZIP COTAHIST_A2024.ZIP
 *
 * Shows: columns as plain arrays that a loop runs over, integers instead of floating point (the turnovers of a year add up to more
 * than a double can count), and nothing believed of a file before its last batch has come. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport.h>

#define SHOWN 10
#define SLOTS_MAX ((size_t)1 << 24)

typedef struct best {
    char ticker[TICKER_TICKER_MAX + 1]; /* "": a free slot */
    int64_t turnover;                   /* cents */
    int64_t date;
} best;

/* A hash table with open addressing; the number of slots is a power of two, and never more than half of them are taken. */
typedef struct table {
    best *slots;
    size_t size, used;
} table;

static size_t hash_of(const char *text, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return (size_t)(hash ^ hash >> 32);
}

static best *find(const table *all, const char *ticker, size_t size)
{
    for (size_t at = hash_of(ticker, size);; at++) {
        best *slot = &all->slots[at & (all->size - 1)];

        if (slot->ticker[0] == '\0' || (strlen(slot->ticker) == size && memcmp(slot->ticker, ticker, size) == 0))
            return slot;
    }
}

static bool grow(table *all)
{
    table larger = {.size = all->size > 0 ? all->size * 2 : 1024, .used = all->used};

    larger.slots = larger.size <= SLOTS_MAX ? calloc(larger.size, sizeof *larger.slots) : NULL;
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < all->size; i++)
        if (all->slots[i].ticker[0] != '\0')
            *find(&larger, all->slots[i].ticker, strlen(all->slots[i].ticker)) = all->slots[i];
    free(all->slots);
    *all = larger;
    return true;
}

static bool take_row(table *all, const char *ticker, size_t size, int64_t turnover, int64_t date)
{
    best *slot;

    if (size == 0 || size > TICKER_TICKER_MAX)
        return true;
    if (2 * (all->used + 1) > all->size && !grow(all))
        return false;
    slot = find(all, ticker, size);
    if (slot->ticker[0] == '\0') {
        memcpy(slot->ticker, ticker, size);
        slot->turnover = INT64_MIN;
        all->used++;
    }
    /* Of equal turnovers the earlier day counts, so that the order of the rows does not matter. */
    if (turnover > slot->turnover || (turnover == slot->turnover && date < slot->date)) {
        slot->turnover = turnover;
        slot->date = date;
    }
    return true;
}

static bool take_batch(table *all, const ticker_batch *batch)
{
    const int64_t *turnover = ticker_batch_i64(batch, TICKER_QUOTE_TURNOVER);
    const int64_t *date = ticker_batch_i64(batch, TICKER_QUOTE_DATE);
    size_t rows = ticker_batch_rows(batch);

    for (size_t row = 0; row < rows; row++) {
        size_t size;
        const char *ticker = ticker_batch_text(batch, TICKER_QUOTE_TICKER, row, &size);

        if (!take_row(all, ticker, size, turnover[row], date[row]))
            return false;
    }
    return true;
}

static ticker_status read_file(table *all, const char *path, ticker_error *error)
{
    ticker_source *source = NULL;
    const ticker_batch *batch = NULL;
    ticker_status status = ticker_source_open_file(path, &source, error);
    ticker_reader *reader;

    if (status != TICKER_OK)
        return status;
    reader = ticker_reader_new(source, NULL);
    if (reader == NULL)
        return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
    while ((status = ticker_reader_next_member(reader, error)) == TICKER_OK) {
        while ((status = ticker_reader_next_batch(reader, &batch, error)) == TICKER_OK) {
            if (ticker_batch_table(batch) != TICKER_QUOTES)
                status = ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_USAGE, "this is no file of quotes");
            else if (!take_batch(all, batch))
                status = ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "too many tickers");
            if (status != TICKER_OK)
                break;
        }
        if (status != TICKER_DONE)
            break;
    }
    ticker_reader_free(reader);
    return status;
}

static int by_turnover(const void *a, const void *b)
{
    const best *left = a, *right = b;

    if (left->turnover != right->turnover)
        return left->turnover < right->turnover ? 1 : -1;
    return strcmp(left->ticker, right->ticker);
}

static void print(table *all)
{
    size_t count = 0;

    for (size_t i = 0; i < all->size; i++)
        if (all->slots[i].ticker[0] != '\0')
            all->slots[count++] = all->slots[i];
    if (count > 0)
        qsort(all->slots, count, sizeof *all->slots, by_turnover);
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        char date[32], turnover[64];

        (void)ticker_column_format(TICKER_QUOTES, TICKER_QUOTE_DATE, all->slots[i].date, date, sizeof date);
        (void)ticker_column_format(TICKER_QUOTES, TICKER_QUOTE_TURNOVER, all->slots[i].turnover, turnover,
                                   sizeof turnover);
        printf("%s %s %s\n", all->slots[i].ticker, date, turnover);
    }
    printf("%zu tickers\n", count);
}

int main(int argc, char **argv)
{
    ticker_error *error = ticker_error_new();
    table all = {0};
    ticker_status status = TICKER_DONE;
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    if (argc < 2) {
        fprintf(stderr, "usage: 05_own_consumer FILE...\n");
        ticker_error_free(error);
        return 2;
    }
    for (int i = 1; i < argc && status == TICKER_DONE; i++)
        status = read_file(&all, argv[i], error);
    if (status == TICKER_DONE) {
        print(&all);
    } else {
        (void)ticker_error_format(error, line, sizeof line);
        fprintf(stderr, "05_own_consumer: %s\n", line);
    }
    free(all.slots);
    ticker_error_free(error);
    return status == TICKER_DONE ? 0 : 1;
}
