/* Daily quotes made from trades: which trades count, what their prices and totals are, over one file and over many. */
#include "day_trades.h"

/* --- One file ------------------------------------------------------------------------------------------------------------------- */

START_TEST(prices_are_ordered_by_time_and_number)
{
    begin();
    IMPORT(TRADE(.id = 30, .time = 12 * HOUR, .price = 3000000), TRADE(.id = 20, .time = 11 * HOUR, .price = 5000000),
           TRADE(.id = 10, .time = 11 * HOUR, .price = 4000000), /* the same millisecond as the one before */
           TRADE(.id = 50, .time = 13 * HOUR, .price = 2000000), TRADE(.id = 40, .time = 13 * HOUR, .price = 6000000));
    quote_is("PETR4", DAY, "400 600 200 200, 5 trades, 500 units, 200000.0000");
    IMPORT(TRADE(.ticker = "ONE", .price = -35000, .volume = 1));
    quote_is("ONE", DAY, "-3 -3 -3 -3, 1 trades, 1 units, -3.-5000");
    done();
}
END_TEST

START_TEST(prices_come_from_session_one_only)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 5000000),
           TRADE(.id = 10, .session = "6", .price = 9000000, .time = 18 * HOUR, .volume = 7),
           TRADE(.id = 20, .session = "16", .price = 1000000, .time = 1, .volume = 1),
           TRADE(.ticker = "LATE", .session = "6", .volume = 3));
    quote_is("PETR4", DAY, "500 500 500 500, 3 trades, 108 units, 56400.0000");
    quote_is("LATE", DAY, "no prices, 1 trades, 3 units, 300.0000");
    done();
}
END_TEST

START_TEST(tickers_and_days_stand_apart)
{
    begin();
    IMPORT(TRADE(.ticker = "A", .price = 1000000), TRADE(.ticker = "AB", .price = 2000000),
           TRADE(.ticker = "B", .price = 3000000),
           TRADE(.ticker = "A", .date = DAY + 1, .reference_date = DAY + 1, .price = 4000000));
    quote_is("A", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    quote_is("AB", DAY, "200 200 200 200, 1 trades, 100 units, 20000.0000");
    quote_is("B", DAY, "300 300 300 300, 1 trades, 100 units, 30000.0000");
    quote_is("A", DAY + 1, "400 400 400 400, 1 trades, 100 units, 40000.0000");
    quote_is("B", DAY + 1, "none");
    done();
}
END_TEST

START_TEST(money_below_the_cent)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1, .volume = 1), TRADE(.id = 20, .price = 9999, .volume = 1),
           TRADE(.id = 30, .price = 123456, .volume = 1));
    quote_is("PETR4", DAY, "0 12 0 12, 3 trades, 3 units, 13.3456");
    done();
}
END_TEST

START_TEST(a_cancellation_in_the_same_file)
{
    begin(); /* after its trade, before it, and of the trade that made open, high and close */
    IMPORT(TRADE(.id = 10, .price = 9000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR),
           TRADE(.id = 10, .action = 2, .price = 9000000, .time = 15 * HOUR));
    quote_is("PETR4", DAY, "200 200 200 200, 1 trades, 100 units, 20000.0000");
    IMPORT(TRADE(.ticker = "B", .id = 10, .action = 2, .time = 15 * HOUR), TRADE(.ticker = "B", .id = 10),
           TRADE(.ticker = "B", .id = 20, .volume = 1));
    quote_is("B", DAY, "100 100 100 100, 1 trades, 1 units, 100.0000");
    /* One in the middle, which leaves the prices as they are. */
    IMPORT(TRADE(.ticker = "C", .id = 10, .price = 1000000),
           TRADE(.ticker = "C", .id = 20, .price = 2000000, .time = 11 * HOUR),
           TRADE(.ticker = "C", .id = 30, .price = 3000000, .time = 12 * HOUR),
           TRADE(.ticker = "C", .id = 20, .action = 2, .price = 2000000, .time = 12 * HOUR));
    quote_is("C", DAY, "100 300 100 300, 2 trades, 200 units, 40000.0000");
    done();
}
END_TEST

START_TEST(a_day_that_is_cancelled_whole)
{
    begin();
    IMPORT(TRADE(.id = 10), TRADE(.id = 20), TRADE(.id = 10, .action = 2), TRADE(.id = 20, .action = 2),
           TRADE(.ticker = "B"));
    quote_is("PETR4", DAY, "none");
    quote_is("B", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.ticker = "C", .id = 10, .action = 2)); /* a cancellation of nothing */
    quote_is("C", DAY, "none");
    done();
}
END_TEST

START_TEST(a_number_in_two_sessions)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 10, .session = "6", .price = 1000000, .volume = 5),
           TRADE(.id = 10, .session = "6", .action = 2, .volume = 5));
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.ticker = "B", .id = 10), TRADE(.ticker = "B", .id = 10, .session = "6", .volume = 5),
           TRADE(.ticker = "B", .id = 10, .action = 2));
    quote_is("B", DAY, "no prices, 1 trades, 5 units, 500.0000");
    done();
}
END_TEST

START_TEST(a_key_that_comes_twice_in_a_file)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR),
           TRADE(.id = 10, .price = 3000000));
    quote_is("PETR4", DAY, "300 300 200 200, 2 trades, 200 units, 50000.0000");
    done();
}
END_TEST

START_TEST(other_actions_are_no_trades)
{
    begin();
    IMPORT(TRADE(.id = 10), TRADE(.id = 20, .action = 1), TRADE(.id = 10, .action = 7));
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    done();
}
END_TEST

/* --- Several files -------------------------------------------------------------------------------------------------------------- */

START_TEST(a_cancellation_in_another_file)
{
    begin(); /* a later one */
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR));
    IMPORT(TRADE(.id = 20, .action = 2, .price = 2000000, .reference_date = DAY + 1));
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.id = 10, .action = 2)); /* and the last trade of the day */
    quote_is("PETR4", DAY, "none");
    /* an earlier one */
    IMPORT(TRADE(.ticker = "B", .id = 20, .action = 2));
    IMPORT(TRADE(.ticker = "B", .id = 10), TRADE(.ticker = "B", .id = 20, .price = 7000000));
    quote_is("B", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    done();
}
END_TEST

START_TEST(more_trades_of_a_day)
{
    begin();
    IMPORT(TRADE(.id = 20, .time = 11 * HOUR, .price = 2000000));
    IMPORT(TRADE(.id = 10, .time = 10 * HOUR, .price = 1000000), TRADE(.ticker = "B"));
    quote_is("PETR4", DAY, "100 200 100 200, 2 trades, 200 units, 30000.0000");
    quote_is("B", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    done();
}
END_TEST

START_TEST(a_correction)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR));
    IMPORT(TRADE(.id = 20, .price = 5000000, .time = 11 * HOUR));
    quote_is("PETR4", DAY, "100 500 100 500, 2 trades, 200 units, 60000.0000");
    done();
}
END_TEST

/* FORMATS.md, section 6: a row of an earlier day counts only when nobody listed the trade before. */
START_TEST(listed_again_the_day_after)
{
    begin();
    IMPORT(TRADE(.id = 10, .price = 1000000), TRADE(.id = 20, .price = 2000000, .time = 11 * HOUR));
    IMPORT(TRADE(.id = 20, .price = 2000000, .time = 2 * HOUR,
                 .reference_date = DAY + 1), /* the same trade, with a wrong time */
           TRADE(.id = 20, .price = 8000000, .date = DAY + 1, .reference_date = DAY + 1));
    quote_is("PETR4", DAY, "100 200 100 200, 2 trades, 200 units, 30000.0000");
    quote_is("PETR4", DAY + 1, "800 800 800 800, 1 trades, 100 units, 80000.0000");
    /* Another price or quantity: another trade. */
    IMPORT(TRADE(.id = 20, .price = 3000000, .time = 12 * HOUR, .reference_date = DAY + 2));
    quote_is("PETR4", DAY, "100 300 100 300, 3 trades, 300 units, 60000.0000");
    IMPORT(TRADE(.id = 20, .volume = 1, .price = 2000000, .time = 12 * HOUR, .reference_date = DAY + 3));
    quote_is("PETR4", DAY, "100 300 100 200, 4 trades, 301 units, 60200.0000");
    done();
}
END_TEST

START_TEST(listed_late_only)
{
    begin();
    IMPORT(TRADE(.id = 20, .reference_date = DAY + 1)); /* the day itself never came */
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.id = 20, .reference_date = DAY + 2)); /* and once more: still one trade */
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.id = 20)); /* now the day itself comes: it is that trade */
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    IMPORT(TRADE(.id = 20, .action = 2, .reference_date = DAY + 1));
    quote_is("PETR4", DAY, "none");
    done();
}
END_TEST

START_TEST(a_file_of_two_days)
{
    begin();
    IMPORT(TRADE(.id = 10), TRADE(.id = 10, .reference_date = DAY + 1),
           TRADE(.id = 10, .date = DAY + 1, .reference_date = DAY + 1, .price = 2000000));
    quote_is("PETR4", DAY, "100 100 100 100, 1 trades, 100 units, 10000.0000");
    quote_is("PETR4", DAY + 1, "200 200 200 200, 1 trades, 100 units, 20000.0000");
    done();
}
END_TEST

START_TEST(a_quote_from_a_file_stays)
{
    begin();
    fake.now.quotes = calloc(1, sizeof(fake_quote));
    ck_assert_ptr_nonnull(fake.now.quotes);
    fake.now.quote_count = 1;
    fake.now.quotes[0] = (fake_quote){.ticker = "PETR4", .date = DAY, .from_file = true, .trades = 99};
    IMPORT(TRADE(.id = 10));
    ck_assert_int_eq(fake_find_quote(&fake, "PETR4", DAY)->trades, 99);
    done();
}
END_TEST

/* A new day without cancellations is never read back: that is what makes the first import of a day fast. */
START_TEST(a_new_day_is_not_read_again)
{
    begin();
    IMPORT(TRADE(.id = 10), TRADE(.id = 20), TRADE(.ticker = "B"));
    ck_assert_str_eq(fake_calls(&fake), "begin put(1) put(2) settle put_day_quotes(2)");
    IMPORT(TRADE(.id = 30));
    ck_assert_str_eq(fake_calls(&fake), "begin put(0) put(1) settle scan put_day_quotes(1)");
    done();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {prices_are_ordered_by_time_and_number,
                                  prices_come_from_session_one_only,
                                  tickers_and_days_stand_apart,
                                  money_below_the_cent,
                                  a_cancellation_in_the_same_file,
                                  a_day_that_is_cancelled_whole,
                                  a_number_in_two_sessions,
                                  a_key_that_comes_twice_in_a_file,
                                  other_actions_are_no_trades,
                                  a_cancellation_in_another_file,
                                  more_trades_of_a_day,
                                  a_correction,
                                  listed_again_the_day_after,
                                  listed_late_only,
                                  a_file_of_two_days,
                                  a_quote_from_a_file_stays,
                                  a_new_day_is_not_read_again};

    return run_tests("day_quotes", tests, COUNT(tests));
}
