/* Daily quotes made from trades, any files in any order, against the rules said as slowly as can be. */
#include "day_trades.h"

static bool counts(const fake_trade *trade)
{
    if (trade->action != 0)
        return false;
    for (size_t i = 0; i < fake.now.trade_count; i++) {
        const fake_trade *other = &fake.now.trades[i];

        if (strcmp(other->ticker, trade->ticker) != 0 || other->date != trade->date || other->id != trade->id)
            continue;
        if (other->action == 2 && strcmp(other->session, trade->session) == 0)
            return false;
        if (trade->reference_date > trade->date && other->reference_date < trade->reference_date &&
            other->price == trade->price && other->volume == trade->volume)
            return false;
    }
    return true;
}

static void add_to_quote(fake_quote *quote, const fake_trade *trade, int64_t times[2])
{
    quote->trades++;
    quote->volume += trade->volume;
    quote->turnover += trade->price * trade->volume; /* millionths, until the end */
    if (strcmp(trade->session, "1") != 0)
        return;
    if (quote->open == TICKER_NULL)
        quote->open = quote->high = quote->low = quote->close = trade->price;
    if (trade->price > quote->high)
        quote->high = trade->price;
    if (trade->price < quote->low)
        quote->low = trade->price;
    if (trade->time < times[0]) {
        times[0] = trade->time;
        quote->open = trade->price;
    }
    if (trade->time > times[1]) {
        times[1] = trade->time;
        quote->close = trade->price;
    }
}

static void check_day(const char *ticker, int64_t date, int round)
{
    fake_quote expected = {
        .date = date, .open = TICKER_NULL, .high = TICKER_NULL, .low = TICKER_NULL, .close = TICKER_NULL};
    const fake_quote *quote = fake_find_quote(&fake, ticker, date);
    int64_t times[2] = {INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < fake.now.trade_count; i++) {
        const fake_trade *trade = &fake.now.trades[i];

        if (trade->date == date && strcmp(trade->ticker, ticker) == 0 && counts(trade))
            add_to_quote(&expected, trade, times);
    }
    expected.rest = expected.turnover % 10000;
    expected.turnover /= 10000;
    ck_assert_msg((quote != NULL) == (expected.trades > 0), "round %d: %s on %lld", round, ticker, (long long)date);
    if (quote == NULL)
        return;
    ck_assert_msg(quote->trades == expected.trades && quote->volume == expected.volume &&
                      quote->turnover == expected.turnover && quote->rest == expected.rest,
                  "round %d: %s on %lld has %lld trades and %lld units, not %lld and %lld", round, ticker,
                  (long long)date, (long long)quote->trades, (long long)quote->volume, (long long)expected.trades,
                  (long long)expected.volume);
    ck_assert_msg(quote->open == expected.open && quote->high == expected.high && quote->low == expected.low &&
                      quote->close == expected.close,
                  "round %d: %s on %lld has other prices", round, ticker, (long long)date);
}

/* A row whose time is its own, so that the order of a day's trades is never in doubt. */
static row random_row(uint64_t *seed, int64_t file_date)
{
    static const char *const tickers[] = {"A", "B", "C"};
    static int64_t clock;
    row made = TRADE(.ticker = tickers[next_random(seed) % 3], .id = 10 * (int64_t)(1 + next_random(seed) % 6));

    made.date = made.reference_date = file_date;
    if (next_random(seed) % 4 == 0) { /* a trade of a day before, listed again or late */
        made.date -= (int64_t)(next_random(seed) % 3);
        if (next_random(seed) % 8 == 0)
            made.reference_date = made.date - 1; /* nonsense, but it can be written */
    }
    made.action = next_random(seed) % 5 == 0 ? 2 : 0;
    made.session = next_random(seed) % 6 == 0 ? "6" : "1";
    made.price = 1000000 + 1000000 * (int64_t)(next_random(seed) % 3);
    made.volume = 100 * (int64_t)(1 + next_random(seed) % 2);
    made.time = (clock = (clock * 7919 + 12345) % 86399981);
    return made;
}

START_TEST(any_files_in_any_order)
{
    for (uint64_t seed = 1; seed <= 400; seed++) {
        uint64_t random = seed * 0x9e3779b97f4a7c15u | 1;

        begin();
        for (int file = 0; file < 6; file++) {
            row rows[30];
            size_t count = 1 + next_random(&random) % COUNT(rows);
            int64_t date = DAY + (int64_t)(next_random(&random) % 3);
            ticker_error error;

            for (size_t i = 0; i < count; i++)
                rows[i] = random_row(&random,
                                     next_random(&random) % 12 == 0 ? DAY + (int64_t)(next_random(&random) % 3) : date);
            ti_error_init(&error);
            ck_assert_msg(import_rows(rows, count, &error) == TICKER_OK, "%s", error.message);
            for (int64_t day = DAY - 4; day <= DAY + 3; day++) {
                check_day("A", day, (int)seed * 10 + file);
                check_day("B", day, (int)seed * 10 + file);
                check_day("C", day, (int)seed * 10 + file);
            }
        }
        done();
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {any_files_in_any_order};

    return run_tests("day_quotes_rules", tests, COUNT(tests));
}
