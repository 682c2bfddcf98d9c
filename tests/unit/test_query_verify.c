/* Verifications: what COTAHIST and trades say of a day, and what differs. tests/integration/verify.sh compares with a model. */
#include "query_fake.h"

/* A store with an answer for each of the two questions: FROM {quotes}, then FROM {trades}. */
typedef struct two {
    fake quotes, trades;
} two;

static two both;

static ticker_status ask_two(ticker_store *store, const char *sql, const ti_parameter *parameters, size_t count,
                             ti_cursor **cursor, ticker_error *error)
{
    fake *of = strstr(sql, "{quotes}") != NULL ? &both.quotes : &both.trades;

    (void)store;
    ck_assert_int_eq(both.quotes.cursors + both.trades.cursors, 0); /* a store has one at a time */
    return fake_query(&of->store, sql, parameters, count, cursor, error);
}

static const ti_store_ops two_ops = {.size = sizeof(ti_store_ops), .name = "two", .query = ask_two};
static fake store = {.store = {.ops = &two_ops}};

#define QUOTE_WIDTH 10
#define TRADE_WIDTH 8
#define PRICE(cents) INT((cents)*INT64_C(10000))
/* open … close in cents; turnover in cents, and millionths below them */
#define QUOTE(ticker, open, high, low, close, trades, volume, factor, turnover, rest)                                  \
    STR(ticker), PRICE(open), PRICE(high), PRICE(low), PRICE(close), INT(trades), INT(volume), INT(factor),            \
        INT(turnover), INT(rest)
#define TRADE(ticker, id, day, session, action, time, price, volume)                                                   \
    STR(ticker), INT(id), INT(day), STR(session), INT(action), INT(time), INT(price), INT(volume)
#define DAY 20035 /* 2024-11-08 */

#define SET(side, rows, width)                                                                                         \
    both.side = (fake)                                                                                                 \
    {                                                                                                                  \
        .store = {.ops = &fake_ops}, .cells = (rows), .columns = (width),                                              \
        .count = sizeof(rows) / sizeof((rows)[0]) / (width)                                                            \
    }

static void finds(const char *const *parameters, const char *text, uint64_t rows, uint64_t compared)
{
    ticker_query *query = ask("verify", parameters);

    expect(query, &store, "csv", text, rows, 0);
    ck_assert_uint_eq(ticker_query_compared(query), compared);
    ticker_query_free(query);
}

#define FINDS(text, rows, compared, ...)                                                                               \
    finds((const char *const[]){"date=2024-11-08" __VA_OPT__(, ) __VA_ARGS__, NULL},                                   \
          "ticker,field,trades,cotahist\n" text, rows, compared)

static const ti_cell day_of_a[] = {
    /* Out of the order of time; one after hours, one cancelled, one listed again by the next day's file, and one only there. */
    TRADE("A3", 10, DAY, "1", 0, 36000000, 10000000, 100), TRADE("A3", 10, DAY + 1, "1", 0, 9000000, 10000000, 100),
    TRADE("A3", 20, DAY, "1", 0, 35000000, 11000000, 100), TRADE("A3", 30, DAY, "1", 0, 37000000, 99000000, 100),
    TRADE("A3", 30, DAY, "1", 2, 50000000, 99000000, 100), TRADE("A3", 40, DAY, "1", 0, 38000000, 9000000, 50),
    TRADE("A3", 50, DAY, "6", 0, 65000000, 50000000, 10),  TRADE("A3", 60, DAY + 1, "6", 0, 9000000, 7000000, 1),
};

START_TEST(all_agrees)
{
    /* 10 * 100 + 11 * 100 + 9 * 50 + 50 * 10 + 7 */
    static const ti_cell quotes[] = {QUOTE("A3", 1100, 1100, 900, 900, 5, 261, 1, 305700, 0)};

    SET(quotes, quotes, QUOTE_WIDTH);
    SET(trades, day_of_a, TRADE_WIDTH);
    FINDS("", 0, 1);
    ck_assert_str_eq(both.quotes.sql,
                     "SELECT ticker, open, high, low, close, trades, volume, factor, turnover, turnover_rest"
                     " FROM {quotes} AS q WHERE trade_date = $1 AND source = 'cotahist'"
                     " ORDER BY ticker, market NULLS FIRST, term_days NULLS FIRST, occurrence");
    ck_assert_str_eq(both.trades.sql,
                     "SELECT ticker, trade_id, reference_date, session, action, trade_time, price, volume"
                     " FROM {trades} AS t WHERE trade_date = $1"
                     " ORDER BY ticker, trade_id, reference_date, session, action");
    FINDS("", 0, 1, "ticker=A3,B3", "market=010");
    ck_assert_ptr_nonnull(strstr(both.quotes.sql, "WHERE ticker IN ($1, $2) AND trade_date = $3 AND source = 'cotahist'"
                                                  " AND market = $4 ORDER BY"));
    ck_assert_str_eq(both.trades.asked, "text:A3 text:B3 date:20035 ");
}
END_TEST

START_TEST(all_differs)
{
    static const ti_cell quotes[] = {QUOTE("A3", 1101, 1102, 899, 901, 6, 262, 1, 305800, 0)};

    SET(quotes, quotes, QUOTE_WIDTH);
    SET(trades, day_of_a, TRADE_WIDTH);
    FINDS("A3,open,11,11.01\nA3,high,11,11.02\nA3,low,9,8.99\nA3,close,9,9.01\nA3,trades,5,6\n"
          "A3,volume,261,262\nA3,turnover,3057,3058\n",
          7, 1);
}
END_TEST

START_TEST(one_side_only)
{
    static const ti_cell quotes[] = {QUOTE("A", 1, 1, 1, 1, 3, 3, 1, 3, 0), QUOTE("B", 1, 1, 1, 1, 1, 1, 1, 1, 0),
                                     QUOTE("C", 1, 1, 1, 1, 0, 0, 1, 0, 0), /* not traded, says COTAHIST */
                                     QUOTE("E", 1, 1, 1, 1, 5, 5, 1, 5, 0)};
    static const ti_cell trades[] = {TRADE("AA", 1, DAY, "1", 0, 0, 1, 1),
                                     TRADE("AA", 2, DAY, "1", 0, 0, 1, 1),
                                     TRADE("B", 1, DAY, "1", 0, 0, 10000, 1),
                                     TRADE("D", 1, DAY, "1", 0, 0, 1, 1), /* cancelled: as if it were not there */
                                     TRADE("D", 1, DAY, "1", 2, 0, 1, 1),
                                     TRADE("F", 9, DAY, "1", 0, 0, 1, 1)};

    SET(quotes, quotes, QUOTE_WIDTH);
    SET(trades, trades, TRADE_WIDTH);
    FINDS("A,trades,,3\nAA,trades,2,\nE,trades,,5\nF,trades,1,\n", 4, 1);
    FINDS("", 0, 1, "both=yes");
    FINDS("A,trades,,3\nE,trades,,5\n", 2, 1, "market=010");
    SET(trades, trades, TRADE_WIDTH);
    both.trades.count = 0;
    FINDS("A,trades,,3\nB,trades,,1\nE,trades,,5\n", 3, 0);
    both.quotes.count = 0;
    FINDS("", 0, 0);
}
END_TEST

/* What COTAHIST cannot say is no difference: five digits of trades, two decimals, and which of several rows came first. */
START_TEST(what_cotahist_cannot_say)
{
    static const ti_cell quotes[] = {QUOTE("A", 1, 1, 1, 1, 3, 100003, 1, 100003, 0), /* the trades of the test below */
                                     QUOTE("B", 123, 123, 123, 123, 1, 7, 1, 864, 0),
                                     QUOTE("C", 124, 124, 124, 124, 1, 7, 1, 865, 0),
                                     QUOTE("D", 200, 300, 200, 300, 1, 100, 1, 30000, 0),
                                     QUOTE("D", 100, 100, 100, 100, 2, 100, 1, 10000, 0),
                                     QUOTE("E", 50000, 50000, 50000, 50000, 1, 3000, 1000, 150000, 0)};
    static const ti_cell rest[] = {
        TRADE("B", 1, DAY, "1", 0, 0, 1235000, 7),   TRADE("C", 1, DAY, "1", 0, 0, 1235000, 7),
        TRADE("D", 1, DAY, "1", 0, 1, 1000000, 100), TRADE("D", 2, DAY, "1", 0, 2, 1500000, 50),
        TRADE("D", 3, DAY, "1", 0, 3, 3000000, 50),  TRADE("E", 1, DAY, "1", 0, 0, 500000000, 3000)};
    enum { MANY = 100003 };
    ti_cell *trades = malloc(MANY * TRADE_WIDTH * sizeof(*trades) + sizeof(rest));

    ck_assert_ptr_nonnull(trades);
    for (int i = 0; i < MANY; i++) {
        const ti_cell one[] = {TRADE("A", i, DAY, "1", 0, 0, 10000, 1)};

        memcpy(trades + (size_t)i * TRADE_WIDTH, one, sizeof(one));
    }
    memcpy(trades + (size_t)MANY * TRADE_WIDTH, rest, sizeof(rest));
    SET(quotes, quotes, QUOTE_WIDTH);
    SET(trades, rest, TRADE_WIDTH);
    both.trades.cells = trades;
    both.trades.count += MANY;
    FINDS("D,turnover,325,400\n", 1, 5);
    free(trades);
}
END_TEST

START_TEST(sums_beyond_64_bits)
{
    static const ti_cell quotes[] = {QUOTE("A", 100, 100, 100, 100, 2, INT64_MAX, 1, 999999999999999999, 0),
                                     QUOTE("A", 100, 100, 100, 100, 2, INT64_MAX, 1, 999999999999999999, 0)};
    static const ti_cell trades[] = {TRADE("A", 1, DAY, "1", 0, 0, INT64_MAX, 4000000000000000000),
                                     TRADE("A", 2, DAY, "1", 0, 0, INT64_MAX, 4000000000000000000)};

    SET(quotes, quotes, QUOTE_WIDTH);
    SET(trades, trades, TRADE_WIDTH);
    FINDS("A,high,9223372036854.775807,1\nA,low,9223372036854.775807,1\nA,trades,2,4\n"
          "A,volume,8000000000000000000,18446744073709551614\n"
          "A,turnover,73786976294838206456000000000000,19999999999999999.98\n",
          5, 1);
}
END_TEST

START_TEST(what_cannot_be)
{
    static const ti_cell good[] = {QUOTE("A3", 1, 1, 1, 1, 5, 261, 1, 305700, 0)};
    static const ti_cell bad_quotes[] = {STR("A3"), STR("x"), INT(1), INT(1), INT(1),
                                         INT(1),    INT(1),   INT(1), INT(1), INT(1)};
    static const ti_cell bad_trades[] = {STR("A3"), INT(1), NIL, NIL, INT(0), INT(0), INT(1), INT(1)};
    static const ti_cell many[] = {TRADE("A3", 1, DAY, "1", 0, 0, 1, INT64_MAX),
                                   TRADE("A3", 2, DAY, "1", 0, 0, 1, INT64_MAX)};
    static const struct {
        const ti_cell *quotes, *trades;
        size_t rows;
        ticker_status next;
        ticker_error_kind kind;
    } cases[] = {
        {bad_quotes, day_of_a, 8, TICKER_OK, TICKER_ERROR_DATABASE},
        {good, bad_trades, 1, TICKER_OK, TICKER_ERROR_DATABASE},
        {good, many, 2, TICKER_OK, TICKER_ERROR_LIMIT},
        {good, day_of_a, 3, TICKER_RETRY, TICKER_ERROR_SERVICE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ticker_query *query = ASK("verify", "date=2024-11-08");
        output out = {.discard = true};
        ticker_error error;

        ti_error_init(&error);
        both.quotes = (fake){.store = {.ops = &fake_ops}, .cells = cases[i].quotes, .columns = QUOTE_WIDTH, .count = 1};
        both.trades = (fake){.store = {.ops = &fake_ops},
                             .cells = cases[i].trades,
                             .columns = TRADE_WIDTH,
                             .count = cases[i].rows,
                             .fail_next = cases[i].next};
        ck_assert_int_eq(ticker_query_run(query, &store.store, "json", take, &out, NULL, NULL, &error),
                         cases[i].next != TICKER_OK ? TICKER_RETRY : TICKER_FAILED);
        ck_assert_int_eq(error.kind, cases[i].kind);
        ck_assert_int_eq(both.quotes.cursors + both.trades.cursors, 0);
        ticker_query_free(query);
    }
}
END_TEST

START_TEST(what_can_be_asked)
{
    ticker_query *query = ticker_query_new("verify");
    ticker_error error;

    ck_assert_ptr_nonnull(query);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_query_check(query, &error), TICKER_FATAL);
    ck_assert_str_eq(error.message, "a query for verify needs the parameter \"date\"");
    ck_assert_int_eq(ticker_query_set(query, "limit", "3", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_query_set(query, "both", "maybe", NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_query_set(query, "date", "2024-11-08", NULL), TICKER_OK);
    ck_assert_int_eq(ticker_query_set(query, "both", "no", NULL), TICKER_OK);
    ck_assert_str_eq(ticker_query_key(query), "verify?date=2024-11-08");
    ck_assert_int_eq(ticker_query_set(query, "both", "yes", NULL), TICKER_OK);
    ck_assert_str_eq(ticker_query_key(query), "verify?date=2024-11-08&both=yes");
    ck_assert_uint_eq(ticker_query_compared(query), 0);
    ck_assert_uint_eq(ticker_query_compared(NULL), 0);
    ticker_query_free(query);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {all_agrees,          all_differs,    one_side_only,    what_cotahist_cannot_say,
                                  sums_beyond_64_bits, what_cannot_be, what_can_be_asked};

    return run_tests("query verify", tests, sizeof(tests) / sizeof(tests[0]));
}
