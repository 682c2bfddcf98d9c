/* Reports and the tally behind them: exact sums, capped lists, texts. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "model/tally.h"

static ticker_report *new_report(void)
{
    ticker_report *report = malloc(sizeof(*report));

    ck_assert_ptr_nonnull(report);
    ti_report_reset(report, "file.zip", "member.txt");
    return report;
}

static void quote_row(ticker_batch *batch, const char *ticker, const char *market, int64_t date, int64_t trades,
                      int64_t volume, int64_t turnover)
{
    uint32_t row = batch->rows++;

    for (unsigned i = 0; i < TICKER_QUOTE_COLUMNS; i++) {
        if (batch->i64[i] != NULL)
            batch->i64[i][row] = TICKER_NULL;
        else
            ck_assert(ti_batch_set_text(batch, i, row, ti_slice_of(i == TICKER_QUOTE_NAME ? "NAME" : "")));
    }
    ck_assert(ti_batch_set_text(batch, TICKER_QUOTE_TICKER, row, ti_slice_of(ticker)));
    ck_assert(ti_batch_set_text(batch, TICKER_QUOTE_MARKET, row, ti_slice_of(market)));
    batch->i64[TICKER_QUOTE_DATE][row] = date;
    batch->i64[TICKER_QUOTE_TRADES][row] = trades;
    batch->i64[TICKER_QUOTE_VOLUME][row] = volume;
    batch->i64[TICKER_QUOTE_TURNOVER][row] = turnover;
}

static void trade_row(ticker_batch *batch, const char *ticker, int64_t date, int64_t action, int64_t price,
                      int64_t volume)
{
    uint32_t row = batch->rows++;

    for (unsigned i = 0; i < TICKER_TRADE_COLUMNS; i++) {
        if (batch->i64[i] != NULL)
            batch->i64[i][row] = TICKER_NULL;
        else
            ck_assert(ti_batch_set_text(batch, i, row, ti_slice_of("")));
    }
    ck_assert(ti_batch_set_text(batch, TICKER_TRADE_TICKER, row, ti_slice_of(ticker)));
    batch->i64[TICKER_TRADE_DATE][row] = date;
    batch->i64[TICKER_TRADE_ACTION][row] = action;
    batch->i64[TICKER_TRADE_PRICE][row] = price;
    batch->i64[TICKER_TRADE_VOLUME][row] = volume;
}

START_TEST(an_empty_report)
{
    ticker_report *report = new_report();

    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_FILE), "file.zip");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_MEMBER), "member.txt");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_FORMAT), "");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_SHA256), "");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_STATUS), "");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_ERROR), "");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_FIRST_DATE), "");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_LAST_DATE), "");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_TURNOVER), "0.00");
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_RECORDS), 0);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_DECLARED), TICKER_NULL);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_IMPORT_ID), TICKER_NULL);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_COMPLETE), 0);
    ck_assert_ptr_null(ticker_report_text(report, TICKER_REPORT_RECORDS));
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_FILE), TICKER_NULL);
    ck_assert_ptr_null(ticker_report_text(report, (ticker_report_key)99));
    ck_assert_int_eq(ticker_report_integer(report, (ticker_report_key)99), TICKER_NULL);
    ck_assert_uint_eq(ticker_report_problem_count(report), 0);
    ck_assert_ptr_null(ticker_report_problem(report, 0, NULL, NULL));
    ck_assert_uint_eq(ticker_report_market_count(report), 0);
    ck_assert_ptr_null(ticker_report_market(report, 0, NULL));
    free(report);
}
END_TEST

/* Bytes that are not UTF-8 are replaced, and no character is cut through where the room ends. */
START_TEST(problems_are_utf8)
{
    char text[2 * TI_REASON_MAX];

    for (unsigned start = 0; start < 3; start++) {
        ticker_report *report = new_report();
        const char *reason;

        memset(text, 'a', sizeof(text));
        for (size_t i = start; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3);
        text[sizeof(text) - 1] = '\0';
        ti_report_add_problem(report, 1, 1, "%s", text);
        reason = ticker_report_problem(report, 0, NULL, NULL);
        ck_assert_uint_eq(strlen(reason), start + (TI_REASON_MAX - 1 - start) / 3 * 3);
        ck_assert(strncmp(reason, text, strlen(reason)) == 0);
        ti_report_add_problem(report, 1, 1, "\"%s\" \xc3\xa9", "S\xc3O");
        ck_assert_str_eq(ticker_report_problem(report, 1, NULL, NULL), "\"S\xef\xbf\xbdO\" \xc3\xa9");
        free(report);
    }
}
END_TEST

START_TEST(problems_are_capped_and_clean)
{
    ticker_report *report = new_report();
    char text[2 * TI_REASON_MAX];
    uint64_t line = 0, column = 0;
    ti_buffer json;

    ti_report_add_problem(report, 3, 4, "a \"%s\"", "b\nc\x7f");
    ck_assert_str_eq(ticker_report_problem(report, 0, &line, &column), "a \"b?c?\"");
    ck_assert_uint_eq(line, 3);
    ck_assert_uint_eq(column, 4);
    ck_assert_ptr_nonnull(ticker_report_problem(report, 0, NULL, NULL));
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_REJECTED), 0);
    bytes_init(&json);
    ck_assert(ti_report_problems_json(report, &json));
    ck_assert_str_eq(ti_buffer_string(&json), "[{\"line\":3,\"column\":4,\"reason\":\"a \\\"b?c?\\\"\"}]");
    ti_buffer_clear(&json);
    memset(text, '\xc9', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (uint64_t i = 0; i < 2 * TICKER_PROBLEMS_MAX; i++)
        ti_report_reject(report, i, 1, text);
    ck_assert_uint_eq(ticker_report_problem_count(report), TICKER_PROBLEMS_MAX);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_REJECTED), 2 * TICKER_PROBLEMS_MAX);
    ck_assert_ptr_null(ticker_report_problem(report, TICKER_PROBLEMS_MAX, NULL, NULL));
    ck_assert_uint_eq(strlen(ticker_report_problem(report, TICKER_PROBLEMS_MAX - 1, NULL, NULL)), TI_REASON_MAX - 1);
    ck_assert(is_utf8(ticker_report_problem(report, 1, NULL, NULL)));
    ti_buffer_free(&json);
    /* The worst there is goes into the ledger. */
    ti_buffer_init(&json, TICKER_PROBLEMS_JSON_MAX);
    for (size_t i = 0; i < TICKER_PROBLEMS_MAX; i++) {
        memset(report->problems[i].reason, '\x01', TI_REASON_MAX - 1);
        report->problems[i].line = report->problems[i].column = UINT64_MAX;
    }
    ck_assert(ti_report_problems_json(report, &json));
    ti_buffer_free(&json);
    free(report);
}
END_TEST

START_TEST(quotes_are_summed_up)
{
    ticker_report *report = new_report();
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, 10, 100);
    ti_tally *tally = ti_tally_new();
    int64_t records = 0;

    ck_assert_ptr_nonnull(batch);
    ck_assert_ptr_nonnull(tally);
    quote_row(batch, "A", "070", 16805, 99999, 999999999999999999, 999999999999999999);
    quote_row(batch, "B", "010", 16804, 1, 1, 1);
    quote_row(batch, "A", "010", 16806, TICKER_NULL, TICKER_NULL, 5);
    quote_row(batch, "A", "", 16800, 0, 0, 0);
    ck_assert_int_eq(ti_tally_add(tally, batch, report, NULL), TICKER_OK);
    ti_report_add_batch(report, batch);
    ti_report_finish(report);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_RECORDS), 4);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_TRADES), 100000);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_VOLUME), 1000000000000000000);
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_TURNOVER), "10000000000000000.05");
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_TICKERS), 2);
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_FIRST_DATE), "2015-12-31");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_LAST_DATE), "2016-01-06");
    ck_assert_uint_eq(ticker_report_market_count(report), 2);
    ck_assert_str_eq(ticker_report_market(report, 0, &records), "010");
    ck_assert_int_eq(records, 2);
    ck_assert_str_eq(ticker_report_market(report, 1, &records), "070");
    ck_assert_int_eq(records, 1);
    ck_assert_ptr_nonnull(ticker_report_market(report, 0, NULL));
    ck_assert_ptr_null(ticker_report_market(report, 2, NULL));
    /* What is known of a ticker is what its latest day says. */
    ck_assert_uint_eq(ti_tally_count(tally), 2);
    ck_assert(ti_slice_is(ti_tally_name(tally, 0), "A"));
    ck_assert_int_eq(ti_tally_ticker_of(tally, 0)->first_date, 16800);
    ck_assert_int_eq(ti_tally_ticker_of(tally, 0)->last_date, 16806);
    ck_assert_mem_eq(ti_tally_ticker_of(tally, 0)->market, "010", 3);
    ck_assert_uint_eq(ti_tally_ticker_of(tally, 0)->name_size, 4);
    ti_tally_clear(tally);
    ck_assert_uint_eq(ti_tally_count(tally), 0);
    ti_tally_free(tally);
    ti_tally_free(NULL);
    ti_batch_free(batch);
    free(report);
}
END_TEST

START_TEST(trades_are_summed_up_without_cancellations)
{
    ticker_report *report = new_report();
    ticker_batch *batch = ti_batch_new(TICKER_TRADES, 10, 100);
    ti_tally *tally = ti_tally_new();

    ck_assert_ptr_nonnull(batch);
    ck_assert_ptr_nonnull(tally);
    trade_row(batch, "A", 20000, 0, 5970000, 118);
    trade_row(batch, "A", 19999, 2, 5970000, 118);
    trade_row(batch, "B", 20001, 0, -35000, 1);
    trade_row(batch, "B", 20001, 7, 1, 1);
    ck_assert_int_eq(ti_tally_add(tally, batch, report, NULL), TICKER_OK);
    ti_report_add_batch(report, batch);
    ti_report_finish(report);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_RECORDS), 4);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_TRADES), 3);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_VOLUME), 120);
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_TURNOVER), "704.425001");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_FIRST_DATE), "2024-10-03");
    ck_assert_uint_eq(ticker_report_market_count(report), 0);
    ck_assert_int_eq(ti_tally_ticker_of(tally, 0)->first_date, 19999);
    ck_assert_uint_eq(ti_tally_ticker_of(tally, 1)->name_size, 0);
    ti_tally_free(tally);
    ti_batch_free(batch);
    free(report);
}
END_TEST

START_TEST(sums_that_do_not_fit_are_said)
{
    ticker_report *report = new_report();
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, 10, 100);
    ti_tally *tally = ti_tally_new();
    ticker_error error;

    ck_assert_ptr_nonnull(batch);
    ck_assert_ptr_nonnull(tally);
    ti_error_init(&error);
    for (int i = 0; i < 10; i++)
        quote_row(batch, "A", "010", 16804, 1, 999999999999999999, 999999999999999999);
    ck_assert_int_eq(ti_tally_add(tally, batch, report, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_LIMIT);
    ti_tally_free(tally);
    ti_batch_free(batch);
    free(report);
}
END_TEST

START_TEST(many_tickers)
{
    ticker_report *report = new_report();
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, 1000, 100);
    ti_tally *tally = ti_tally_new();

    ck_assert_ptr_nonnull(batch);
    ck_assert_ptr_nonnull(tally);
    for (int i = 0; i < 20000; i++) {
        char ticker[32];

        (void)snprintf(ticker, sizeof(ticker), "T%d", i);
        quote_row(batch, ticker, "010", 10000 + i, i, i, i);
        if (batch->rows == batch->capacity) {
            ck_assert_int_eq(ti_tally_add(tally, batch, report, NULL), TICKER_OK);
            ti_batch_clear(batch);
        }
    }
    ck_assert_uint_eq(ti_tally_count(tally), 20000);
    for (uint32_t i = 0; i < 20000; i++)
        ck_assert_int_eq(ti_tally_ticker_of(tally, i)->first_date, 10000 + (int)i);
    ti_tally_free(tally);
    ti_batch_free(batch);
    free(report);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_empty_report,
        problems_are_utf8,
        problems_are_capped_and_clean,
        quotes_are_summed_up,
        trades_are_summed_up_without_cancellations,
        many_tickers,
        sums_that_do_not_fit_are_said,
    };

    return run_tests("report", tests, COUNT(tests));
}
