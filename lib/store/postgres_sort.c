/* Trades of new days are sorted by their key on this side before they are sent.
 *
 * The server builds the key of a large table in a third of the time when its rows lie in the key's order, and who reads the trades of one
 * ticker finds them beside each other instead of one on each page. Sorting costs less than that saves; it takes memory up to a limit, and
 * a file without a name for what is more. Where no file can be made the rows go as they come. */
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <endian.h>
#include <string.h>

#include "base/error.h"
#include "store/postgres.h"

#define KEY_WORDS 5
#define DATE_BIAS ((uint64_t)1 << 31)
#define TICKER_WORD 8 /* bytes of a ticker in each of its two words */

_Static_assert(KEY_WORDS <= TI_SPOOL_WORDS, "a key has room");

static uint64_t read64(const char *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return be64toh(value);
}

/* Up to eight bytes of a text, so that the numbers stand in the order of the texts. */
static uint64_t text_word(const char *text, size_t size)
{
    char bytes[TICKER_WORD] = {0};

    memcpy(bytes, text, size < sizeof(bytes) ? size : sizeof(bytes));
    return read64(bytes);
}

/* The order is that of the key but for tickers that agree in 16 bytes, or sessions in two: whatever it is, rows with equal keys have equal
 * numbers, and so stay in the order in which they came. */
static void add_field(unsigned column, const char *value, size_t size, uint64_t key[KEY_WORDS])
{
    switch (column) {
    case TICKER_TRADE_TICKER:
        key[1] = text_word(value, size);
        key[2] = size > TICKER_WORD ? text_word(value + TICKER_WORD, size - TICKER_WORD) : 0;
        break;
    case TICKER_TRADE_DATE:
        key[0] = (uint64_t)ti_copy_read32(value) ^ DATE_BIAS;
        break;
    case TICKER_TRADE_ID:
        key[3] = read64(value) ^ (uint64_t)1 << 63;
        break;
    case TICKER_TRADE_REFERENCE_DATE:
        key[4] |= ((uint64_t)ti_copy_read32(value) ^ DATE_BIAS) << 32;
        break;
    case TICKER_TRADE_SESSION:
        key[4] |= text_word(value, size) >> 48 << 16;
        break;
    case TICKER_TRADE_ACTION:
        key[4] |= (uint64_t)(((unsigned)(unsigned char)value[0] << 8 | (unsigned char)value[1]) ^ 0x8000);
        break;
    default:
        break;
    }
}

/* The key of a row in COPY's format, whose bytes are *size and whose last *nulls fields have no value. */
static void read_row(const ti_copy_layout *layout, const char *row, size_t *size, unsigned *nulls,
                     uint64_t key[KEY_WORDS])
{
    const char *at = row + 2;

    memset(key, 0, KEY_WORDS * sizeof(*key));
    *nulls = 0;
    for (unsigned i = 0; i < layout->count; i++) {
        uint32_t length = ti_copy_read32(at);

        at += sizeof(length);
        *nulls = length == UINT32_MAX ? *nulls + 1 : 0;
        if (length == UINT32_MAX)
            continue;
        add_field(layout->fields[i].column, at, length, key);
        at += length;
    }
    *size = (size_t)(at - row);
}

bool ti_pg_may_sort(ti_postgres *postgres, const ti_pg_period *period)
{
    if (postgres->table != TICKER_TRADES || !period->fresh || postgres->unsorted)
        return false;
    if (postgres->spool != NULL)
        return true;
    if (postgres->base.folder != NULL && postgres->base.folder[0] != '\0')
        postgres->spool = ti_spool_new(postgres->sort_bytes, KEY_WORDS, postgres->base.folder);
    if (postgres->spool != NULL && !ti_spool_has_room(postgres->spool)) {
        ti_spool_free(postgres->spool);
        postgres->spool = NULL;
    }
    postgres->blank_fields = postgres->spool != NULL ? postgres->trades.count : 0;
    postgres->unsorted = postgres->spool == NULL;
    return !postgres->unsorted;
}

ticker_status ti_pg_sort_rows(ti_postgres *postgres, const ti_buffer *rows, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t offset = 0; offset < rows->size && status == TICKER_OK;) {
        const char *row = rows->data + offset;
        uint64_t key[TI_SPOOL_WORDS] = {0};
        unsigned blank;
        size_t size;
        char *at;

        read_row(&postgres->trades, row, &size, &blank, key);
        if (size > TI_SPOOL_RECORD_MAX)
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a trade of %zu bytes", size);
        status = ti_spool_reserve(postgres->spool, &at, error);
        if (status != TICKER_OK)
            break;
        memcpy(at, row, size);
        ti_spool_add(postgres->spool, key, size);
        if (blank < postgres->blank_fields)
            postgres->blank_fields = blank;
        offset += size;
    }
    return status;
}

/* Without the fields at its end that no row has a value in: they need not be sent. */
static bool put_record(const ti_postgres *postgres, ti_buffer *rows, const ti_spool_record *record)
{
    size_t size = record->size - (size_t)postgres->blank_fields * sizeof(uint32_t);
    char *at = ti_buffer_reserve(rows, size);

    if (at == NULL)
        return false;
    memcpy(at, record->data, size);
    (void)ti_copy_fields(at, postgres->trades.count - postgres->blank_fields);
    rows->size += size;
    return true;
}

/* Every row's period is known: its rows were put. */
ticker_status ti_pg_sort_send(ti_postgres *postgres, ticker_error *error)
{
    ti_pg_period *period = NULL;
    ti_spool_record record;
    ticker_status status;

    if (postgres->spool == NULL)
        return TICKER_OK;
    status = ti_spool_sort(postgres->spool, error);
    while (status == TICKER_OK && (status = ti_spool_next(postgres->spool, &record, error)) == TICKER_OK) {
        int64_t date = (int64_t)(int32_t)(uint32_t)(record.key[0] ^ DATE_BIAS) + TI_COPY_DAYS_2000;
        ti_pg_period *of = ti_pg_period_at(postgres, date);

        if (period != NULL && of != period)
            status = ti_pg_send_fresh(postgres, period, error);
        period = of;
        if (status == TICKER_OK && !put_record(postgres, &period->rows, &record))
            status = ti_fail_memory(error);
        if (status == TICKER_OK && period->rows.size >= postgres->send_bytes)
            status = ti_pg_send_fresh(postgres, period, error);
    }
    if (status == TICKER_DONE)
        status = period != NULL ? ti_pg_send_fresh(postgres, period, error) : TICKER_OK;
    return status;
}

void ti_pg_sort_forget(ti_postgres *postgres)
{
    ti_spool_free(postgres->spool);
    postgres->spool = NULL;
    postgres->unsorted = false;
    postgres->blank_fields = 0;
}

#endif
