/* A trades file in the making, and what reading it must give. */
#ifndef TEST_TRADES_FILE_H
#define TEST_TRADES_FILE_H

#include "verdict.h"

#define ROW "2025-04-29;DDIN25;0;5,970;118;024810098;10;1;2025-04-28;127;3"

static ti_buffer file;

static inline void begin(const char *header, const char *end)
{
    bytes_init(&file);
    add(&file, "%s%s", header, end);
}

static inline outcome *done(const char *option)
{
    outcome *result = read_with(&file, option);

    ti_buffer_free(&file);
    return result;
}

static inline void takes(const outcome *result, size_t rows, int64_t rejected)
{
    is_taken(result, "trades", rows, rejected);
}

/* The cells of ROW in the order of ticker_trade_column. */
static const char *const row_texts[TICKER_TRADE_COLUMNS] = {
    [TICKER_TRADE_TICKER] = "DDIN25",
    [TICKER_TRADE_DATE] = "2025-04-28",
    [TICKER_TRADE_REFERENCE_DATE] = "2025-04-29",
    [TICKER_TRADE_SESSION] = "1",
    [TICKER_TRADE_ID] = "10",
    [TICKER_TRADE_ACTION] = "0",
    [TICKER_TRADE_TIME] = "02:48:10.098",
    [TICKER_TRADE_PRICE] = "5.970",
    [TICKER_TRADE_VOLUME] = "118",
    [TICKER_TRADE_BUYER] = "127",
    [TICKER_TRADE_SELLER] = "3",
    [TICKER_TRADE_CHANNEL] = "",
};

/* The first row of the file is ROW, with this channel. */
static inline void first_is_row(const char *channel)
{
    const ticker_batch *batch;
    ticker_reader *reader = first_batch(file.data, file.size, &batch);

    ck_assert_int_eq(ticker_batch_table(batch), TICKER_TRADES);
    ck_assert_uint_eq(ticker_batch_line(batch, 0), 2);
    for (unsigned i = 0; i < TICKER_TRADE_CHANNEL; i++)
        ck_assert_str_eq(cell_text(batch, i, 0), row_texts[i]);
    ck_assert_str_eq(cell_text(batch, TICKER_TRADE_CHANNEL, 0), channel);
    ticker_reader_free(reader);
}

#endif
