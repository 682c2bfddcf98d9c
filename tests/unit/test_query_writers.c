/* JSON, NDJSON, CSV and tables: the same digits from either database. */
#include "query_fake.h"

/* The same two quotes as PostgreSQL delivers them. */
static const ti_cell postgres_quotes[] = {
    STR("PETR4"),
    STR("2016-01-04"),
    STR("010"),
    STR("02"),
    STR("PETROBRAS"),
    STR("PN"),
    NIL,
    STR("R$"),
    STR("6.87"),
    STR("7"),
    STR("6.8"),
    STR("6.912345"),
    STR("6.870000"),
    STR("6.86"),
    NIL,
    STR("35480"),
    STR("60127200"),
    STR("411234567"),
    STR("0"),
    NIL,
    NIL,
    NIL,
    NIL,
    STR("1"),
    STR("BRPETRACNPR6"),
    STR("148"),
    STR("cotahist"),
    STR("IBOVG139"),
    STR("2016-01-05"),
    NIL,
    STR("74"),
    STR("IBOVE"),
    NIL,
    STR("0"),
    NIL,
    STR("-0.035"),
    STR("0.010000"),
    NIL,
    NIL,
    STR("1234567.890123"),
    NIL,
    NIL,
    STR("1"),
    STR("2"),
    STR("9999999999999999.991234"),
    STR("0"),
    STR("139000"),
    STR("139000.000000"),
    STR("6"),
    STR("2024-10-04"),
    STR("1000"),
    NIL,
    STR("000"),
    STR("trades"),
};

static const char quotes_ndjson[] =
    "{\"ticker\":\"PETR4\",\"date\":\"2016-01-04\",\"market\":\"010\",\"bdi\":\"02\",\"name\":\"PETROBRAS\","
    "\"specification\":\"PN\",\"term_days\":null,\"currency\":\"R$\",\"open\":6.87,\"high\":7.00,\"low\":6.80,"
    "\"average\":6.912345,\"close\":6.87,\"bid\":6.86,\"ask\":null,\"trades\":35480,\"volume\":60127200,"
    "\"turnover\":411234567.00,\"strike\":null,\"strike_points\":null,\"correction\":null,\"expiry\":null,"
    "\"factor\":1,\"isin\":\"BRPETRACNPR6\",\"distribution\":\"148\",\"source\":\"cotahist\"" QUOTE_REST_JSON "}\n"
    "{\"ticker\":\"IBOVG139\",\"date\":\"2016-01-05\",\"market\":null,\"bdi\":\"74\",\"name\":\"IBOVE\","
    "\"specification\":null,\"term_days\":0,\"currency\":null,\"open\":-0.035,\"high\":0.01,\"low\":null,"
    "\"average\":null,\"close\":1234567.890123,\"bid\":null,\"ask\":null,\"trades\":1,\"volume\":2,"
    "\"turnover\":9999999999999999.991234,\"strike\":139000.00,\"strike_points\":139000.000000,\"correction\":6,"
    "\"expiry\":\"2024-10-04\",\"factor\":1000,\"isin\":null,\"distribution\":\"000\",\"source\":"
    "\"trades\"" QUOTE_REST_JSON "}\n";

static const char quotes_csv[] =
    "ticker,date,market,bdi,name,specification,term_days,currency,open,high,low,average,close,bid,ask,trades,volume,"
    "turnover,strike,strike_points,correction,expiry,factor,isin,distribution,source" QUOTE_REST_NAMES "\n"
    "PETR4,2016-01-04,010,02,PETROBRAS,PN,,R$,6.87,7.00,6.80,6.912345,6.87,6.86,,35480,60127200,411234567.00,,,,,1,"
    "BRPETRACNPR6,148,cotahist" QUOTE_REST_CSV "\n"
    "IBOVG139,2016-01-05,,74,IBOVE,,0,,-0.035,0.01,,,1234567.890123,,,1,2,9999999999999999.991234,139000.00,"
    "139000.000000,6,2024-10-04,1000,,000,trades" QUOTE_REST_CSV "\n";

START_TEST(quotes_are_the_same_from_both_databases)
{
    fake sqlite = FAKE_SOME(sqlite_quotes, QUOTE_GIVEN, QUOTE_CELLS),
         postgres = FAKE_SOME(postgres_quotes, QUOTE_GIVEN, QUOTE_CELLS);
    ticker_query *query = ASK("quotes");

    expect(query, &sqlite, "ndjson", quotes_ndjson, 2, 0);
    expect(query, &postgres, "ndjson", quotes_ndjson, 2, 0);
    expect(query, &sqlite, "csv", quotes_csv, 2, 0);
    expect(query, &postgres, "csv", quotes_csv, 2, 0);
    ticker_query_free(query);
}
END_TEST

/* Text of either database, trades with a negative price and without participants. */
static const ti_cell trades[] = {
    STR("DIIF27J27"),
    INT(20207),
    INT(36000123),
    INT(-35000),
    INT(100),
    INT(10),
    INT(0),
    STR("1"),
    INT(127),
    NIL,
    INT(20208),
    NIL,
    STR("DIIF27J27"),
    STR("2025-04-29"),
    STR("23:59:59.1"),
    STR("5.97"),
    STR("100"),
    STR("20"),
    STR("2"),
    STR("6"),
    NIL,
    STR("3"),
    STR("2025-04-29"),
    STR("1"),
    STR("DIIF27J27"),
    STR("2025-04-29"),
    STR("00:00:00"),
    STR("4399.000000"),
    STR("1"),
    STR("30"),
    STR("0"),
    INT(1),
    NIL,
    NIL,
    STR("2025-04-29"),
    STR(""),
};

START_TEST(trades_in_three_formats)
{
    fake store = FAKE_SOME(trades, TRADE_GIVEN, TRADE_CELLS);
    ticker_query *query = ASK("trades", "ticker=DIIF27J27", "date=2025-04-29");

    expect(query, &store, "json",
           "[\n{\"ticker\":\"DIIF27J27\",\"date\":\"2025-04-29\",\"time\":\"10:00:00.123\",\"price\":-0.035,"
           "\"volume\":100,\"trade_id\":\"10\",\"action\":0,\"session\":\"1\",\"buyer\":127,\"seller\":null,"
           "\"reference_date\":\"2025-04-30\",\"channel\":null" TRADE_REST_JSON "},\n"
           "{\"ticker\":\"DIIF27J27\",\"date\":\"2025-04-29\",\"time\":\"23:59:59.100\",\"price\":5.970,"
           "\"volume\":100,\"trade_id\":\"20\",\"action\":2,\"session\":\"6\",\"buyer\":null,\"seller\":3,"
           "\"reference_date\":\"2025-04-29\",\"channel\":\"1\"" TRADE_REST_JSON "},\n"
           "{\"ticker\":\"DIIF27J27\",\"date\":\"2025-04-29\",\"time\":\"00:00:00.000\",\"price\":4399.000,"
           "\"volume\":1,\"trade_id\":\"30\",\"action\":0,\"session\":\"1\",\"buyer\":null,\"seller\":null,"
           "\"reference_date\":\"2025-04-29\",\"channel\":\"\"" TRADE_REST_JSON "}\n]\n",
           3, 0);
    ck_assert_str_eq(store.sql, "SELECT ticker, trade_date, trade_time, price, volume, trade_id, action, session, "
                                "buyer, seller, reference_date, channel" TRADE_REST_SQL
                                " FROM {trades} AS t WHERE ticker = $1 AND "
                                "trade_date = $2 ORDER BY trade_time, trade_id, action, session, reference_date");
    ck_assert_str_eq(store.asked, "text:DIIF27J27 date:20207 ");
    expect(query, &store, "csv",
           "ticker,date,time,price,volume,trade_id,action,session,buyer,seller,reference_date,channel" TRADE_REST_NAMES
           "\n"
           "DIIF27J27,2025-04-29,10:00:00.123,-0.035,100,10,0,1,127,,2025-04-30," TRADE_REST_CSV "\n"
           "DIIF27J27,2025-04-29,23:59:59.100,5.970,100,20,2,6,,3,2025-04-29,1" TRADE_REST_CSV "\n"
           "DIIF27J27,2025-04-29,00:00:00.000,4399.000,1,30,0,1,,,2025-04-29," TRADE_REST_CSV "\n",
           3, 0);
    expect(query, &store, "table",
           "ticker     date        time             price  volume  trade_id  action  session  buyer  seller  "
           "reference_date\n"
           "DIIF27J27  2025-04-29  10:00:00.123    -0.035     100        10       0  1          127          "
           "2025-04-30\n"
           "DIIF27J27  2025-04-29  23:59:59.100     5.970     100        20       2  6                    3  "
           "2025-04-29\n"
           "DIIF27J27  2025-04-29  00:00:00.000  4399.000       1        30       0  1                       "
           "2025-04-29\n"
           "(3 rows)\n",
           3, 0);
    ticker_query_free(query);
}
END_TEST

START_TEST(nothing_found)
{
    fake none = {.store = {.ops = &fake_ops}, .columns = QUOTE_CELLS},
         imports = {.store = {.ops = &fake_ops}, .columns = 36};
    fake history = {.store = {.ops = &fake_ops}, .columns = 5}, names = {.store = {.ops = &fake_ops}, .columns = 7};
    ticker_query *quotes = ASK("quotes", "ticker=NADA3"), *id = ASK("imports", "id=9");
    ticker_query *summary = ASK("summary", "ticker=NADA3"), *tickers = ASK("tickers");

    expect(quotes, &none, "json", "[]\n", 0, 0);
    expect(quotes, &none, "ndjson", "", 0, 0);
    expect(id, &imports, "json", "null\n", 0, 0);
    expect(id, &imports, "table", "(0 rows)\n", 0, 0);
    expect(summary, &history, "json", "null\n", 0, 0);
    expect(summary, &history, "ndjson", "", 0, 0);
    expect(tickers, &names, "csv", "ticker,name,specification,market,isin,first_date,last_date\n", 0, 0);
    expect(tickers, &names, "table", "ticker  name  specification  market  isin  first_date  last_date\n(0 rows)\n", 0,
           0);
    ticker_query_free(quotes);
    ticker_query_free(id);
    ticker_query_free(summary);
    ticker_query_free(tickers);
}
END_TEST

static const ti_cell import_row[] = {
    INT(3),
    STR("COTAHIST_A2023.ZIP"),
    STR("a,\"b\".txt"),
    STR("cotahist"),
    STR("ab12"),
    INT(4096),
    STR("failed"),
    INT(9),
    INT(0),
    STR("1"),
    INT(2),
    INT(16804),
    NIL,
    INT(5),
    INT(6),
    STR("123456789012345678901.5"),
    NIL,
    INT(1),
    STR("line 3:\n\"x\" \x1b[31m \\ \xff"),
    STR("[{\"line\":3,\"reason\":\"a, [\\\"b\\\"] }\"},\n{\"line\":4}]"),
    INT(1234500),
    INT(1790157600123),
    INT(1790157601000),
    STR("s3://bucket/a b"),
    NIL,
    INT(2),
    INT(3),
    INT(1024),
    INT(4096),
    INT(12),
    STR("0062E9"),
    STR("v.1"),
    STR("2021-04-23T19:51:00.000"),
    INT(7),
    STR("[{\"import_id\":4,\"rows\":7,\"replaced\":true}]"),
    STR("[]"),
};

START_TEST(an_import_by_its_id)
{
    fake store = FAKE(import_row, 36);
    ticker_query *query = ASK("imports", "id=3");

    expect(query, &store, "json",
           "{\"id\":3,\"file\":\"COTAHIST_A2023.ZIP\",\"member\":\"a,\\\"b\\\".txt\",\"format\":\"cotahist\","
           "\"sha256\":\"ab12\",\"bytes\":4096,\"status\":\"failed\",\"records\":9,\"imported\":0,\"rejected\":1,"
           "\"repaired\":2,\"first_date\":\"2016-01-04\",\"last_date\":null,\"trades\":5,\"volume\":6,"
           "\"turnover\":123456789012345678901.50,\"declared\":null,\"forced\":true,"
           "\"error\":\"line 3:\\u000a\\\"x\\\" \\u001b[31m \\\\ \xef\xbf\xbd\","
           "\"problems\":[{\"line\":3,\"reason\":\"a, [\\\"b\\\"] }\"}, {\"line\":4}],\"seconds\":1.2345,"
           "\"created_at\":\"2026-09-23T10:00:00.123Z\",\"updated_at\":\"2026-09-23T10:00:01.000Z\","
           "\"location\":\"s3://bucket/a b\",\"content_type\":null,\"duplicate_of\":2,\"attempts\":3,"
           "\"progress_bytes\":1024,\"total_bytes\":4096,\"progress_records\":12,\"sequencer\":\"0062E9\","
           "\"object_version\":\"v.1\",\"snapshot\":\"2021-04-23T19:51:00.000\",\"superseded\":7,"
           "\"superseded_by\":[{\"import_id\":4,\"rows\":7,\"replaced\":true}],\"supersedes\":[]}\n",
           1, 0);
    ck_assert_ptr_nonnull(strstr(store.sql, " FROM {imports} AS i WHERE id = $1 ORDER BY id DESC"));
    ck_assert_str_eq(store.asked, "integer:3 ");
    expect(query, &store, "csv",
           "id,file,member,format,sha256,bytes,status,records,imported,rejected,repaired,first_date,last_date,trades,"
           "volume,turnover,declared,forced,error,problems,seconds,created_at,updated_at,"
           "location,content_type,duplicate_of,attempts,progress_bytes,total_bytes,progress_records,sequencer,"
           "object_version,snapshot,superseded,superseded_by,supersedes\n"
           "3,COTAHIST_A2023.ZIP,\"a,\"\"b\"\".txt\",cotahist,ab12,4096,failed,9,0,1,2,2016-01-04,,5,6,"
           "123456789012345678901.50,,true,\"line 3:\n\"\"x\"\" \x1b[31m \\ \xff\","
           "\"[{\"\"line\"\":3,\"\"reason\"\":\"\"a, [\\\"\"b\\\"\"] }\"\"},\n{\"\"line\"\":4}]\",1.2345,"
           "2026-09-23T10:00:00.123Z,2026-09-23T10:00:01.000Z,s3://bucket/a b,,2,3,1024,4096,12,0062E9,"
           "v.1,2021-04-23T19:51:00.000,7,\"[{\"\"import_id\"\":4,\"\"rows\"\":7,\"\"replaced\"\":true}]\",[]\n",
           1, 0);
    ticker_query_free(query);
}
END_TEST

static void shows_location(const char *how, const ti_cell *stored, const char *shown)
{
    ti_cell cells[36] = {INT(3)};
    fake store = FAKE(cells, 36);
    ticker_query *query = ASK("imports", "id=3", how);
    output out = {0};

    cells[23] = *stored;
    ck_assert_int_eq(ticker_query_run(query, &store.store, "json", take, &out, NULL, NULL, NULL), TICKER_OK);
    ck_assert_msg(strstr(out.data, shown) != NULL, "%s is not in %s", shown, out.data);
    free(out.data);
    ticker_query_free(query);
}

/* Of files in a folder the key alone, when that is what is asked for. */
START_TEST(where_a_file_is_stored)
{
    static const struct {
        ti_cell stored;
        const char *url, *key;
    } places[] = {
        {STR("file:///srv/up/0123456789abcdef/a%20b.zip"), "\"file:///srv/up/0123456789abcdef/a%20b.zip\"",
         "\"0123456789abcdef/a%20b.zip\""},
        {STR("file:///01/x"), "\"file:///01/x\"", "\"01/x\""},
        {STR("file:///x"), "\"file:///x\"", "\"/x\""},
        {STR("file://x"), "\"file://x\"", "\"x\""},
        {STR("file://"), "\"file://\"", "\"\""},
        {STR("s3://bucket/prefix/01/x"), "\"s3://bucket/prefix/01/x\"", "\"s3://bucket/prefix/01/x\""},
        {STR(""), "\"\"", "\"\""},
        {NIL, "null", "null"},
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char shown[100];

        (void)snprintf(shown, sizeof(shown), "\"location\":%s,", places[i].url);
        shows_location("location=url", &places[i].stored, shown);
        (void)snprintf(shown, sizeof(shown), "\"location\":%s,", places[i].key);
        shows_location("location=key", &places[i].stored, shown);
    }
}
END_TEST

START_TEST(an_import_for_people)
{
    fake store = FAKE(import_row, 36);
    ticker_query *one = ASK("imports", "id=3"), *all = ASK("imports");

    expect(one, &store, "table",
           "id                3\nfile              COTAHIST_A2023.ZIP\nmember            a,\"b\".txt\nformat           "
           " cotahist\n"
           "sha256            ab12\nbytes             4096\nstatus            failed\nrecords           9\nimported    "
           "      0\n"
           "rejected          1\nrepaired          2\nfirst_date        2016-01-04\nlast_date\ntrades            "
           "5\nvolume            6\n"
           "turnover          123456789012345678901.50\ndeclared\nforced            true\n"
           "error             line 3:?\"x\" ?[31m \\ \xff\n"
           "problems          {\"line\":3,\"reason\":\"a, [\\\"b\\\"] }\"}\n                   {\"line\":4}\n"
           "seconds           1.2345\ncreated_at        2026-09-23T10:00:00.123Z\nupdated_at        "
           "2026-09-23T10:00:01.000Z\n"
           "location          s3://bucket/a b\ncontent_type\nduplicate_of      2\nattempts          3\nprogress_bytes  "
           "  1024\ntotal_bytes       4096\n"
           "progress_records  12\nsequencer         0062E9\nobject_version    v.1\n"
           "snapshot          2021-04-23T19:51:00.000\nsuperseded        7\n"
           "superseded_by     {\"import_id\":4,\"rows\":7,\"replaced\":true}\nsupersedes\n",
           1, 0);
    expect(all, &store, "table",
           "id  file                format    status  records  imported  rejected  first_date  last_date  created_at\n"
           " 3  COTAHIST_A2023.ZIP  cotahist  failed        9         0         1  2016-01-04             "
           "2026-09-23T10:00:00.123Z\n(1 row)\n",
           1, 0);
    ticker_query_free(one);
    ticker_query_free(all);
}
END_TEST

/* A store may hold what somebody wrote by hand: it stays valid JSON. */
START_TEST(odd_cells_become_text)
{
    static const ti_cell odd[] = {
        STR("A\tB"), STR("infinity"), STR("25:00"), STR("NaN"), STR("1e5"),    STR("x\"y"),
        STR("-"),    INT(-6),         STR("1."),    STR("01"),  INT(99999999), NIL,
    };
    fake store = FAKE_SOME(odd, TRADE_GIVEN, TRADE_CELLS);
    ticker_query *query = ASK("trades", "ticker=A", "date=2025-04-29");

    expect(query, &store, "ndjson",
           "{\"ticker\":\"A\\u0009B\",\"date\":\"infinity\",\"time\":\"25:00\",\"price\":\"NaN\",\"volume\":\"1e5\","
           "\"trade_id\":\"x\\\"y\",\"action\":\"-\",\"session\":\"-6\",\"buyer\":\"1.\",\"seller\":\"01\","
           "\"reference_date\":\"99999999\",\"channel\":null" TRADE_REST_JSON "}\n",
           1, 0);
    ticker_query_free(query);
}
END_TEST

START_TEST(numbers_at_their_ends)
{
    static const ti_cell ends[] = {
        STR("A"), INT(2932896), INT(86399999), INT(INT64_MAX), INT(INT64_MAX), INT(-INT64_MAX),
        INT(0),   STR("1"),     INT(0),        INT(-1),        INT(-719162),   STR("1"),
    };
    fake store = FAKE_SOME(ends, TRADE_GIVEN, TRADE_CELLS);
    ticker_query *query = ASK("trades", "ticker=A", "date=2025-04-29");

    expect(query, &store, "csv",
           "ticker,date,time,price,volume,trade_id,action,session,buyer,seller,reference_date,channel" TRADE_REST_NAMES
           "\n"
           "A,9999-12-31,23:59:59.999,9223372036854.775807,9223372036854775807,-9223372036854775807,0,1,0,-1,"
           "0001-01-01,1" TRADE_REST_CSV "\n",
           1, 0);
    ticker_query_free(query);
}
END_TEST

/* What either database calls the same moment; and what is no moment, which stays text. */
START_TEST(moments)
{
    static const struct {
        ti_cell cell;
        const char *text;
    } cases[] = {
        {INT(1790157600123), "2026-09-23T10:00:00.123Z"},
        {INT(-1), "1969-12-31T23:59:59.999Z"},
        {INT(INT64_MAX), "9223372036854775807"},
        {STR("2026-09-23 10:00:00.123456+00"), "2026-09-23T10:00:00.123Z"},
        {STR("2026-09-23 10:00:00+00"), "2026-09-23T10:00:00.000Z"},
        {STR("2026-09-23T10:00:00.5Z"), "2026-09-23T10:00:00.500Z"},
        {STR("2026-09-23 10:00:00.1-03"), "2026-09-23T10:00:00.100-03:00"},
        {STR("2026-09-23 10:00:00.1+05:30"), "2026-09-23T10:00:00.100+05:30"},
        {STR("2026-09-23 10:00:00+x"), "2026-09-23 10:00:00+x"},
        {STR("2026-09-23"), "2026-09-23"},
        {STR("infinity"), "infinity"},
        {STR(""), ""},
    };
    ticker_query *query = ASK("imports");

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ti_cell row[36] = {[21] = cases[i].cell};
        fake store = FAKE(row, 36);
        output out = {0};
        char end[400];

        ck_assert_int_eq(ticker_query_run(query, &store.store, "ndjson", take, &out, NULL, NULL, NULL), TICKER_OK);
        (void)snprintf(
            end, sizeof(end),
            "\"created_at\":\"%s\",\"updated_at\":null,\"location\":null,\"content_type\":null,\"duplicate_"
            "of\":null,\"attempts\":null,\"progress_bytes\":null,\"total_bytes\":null,\"progress_records\":null,"
            "\"sequencer\":null,\"object_version\":null,\"snapshot\":null,\"superseded\":null,\"superseded_by\":null,"
            "\"supersedes\":null}\n",
            cases[i].text);
        ck_assert_str_eq(out.data + out.size - strlen(end), end);
        free(out.data);
    }
    ticker_query_free(query);
}
END_TEST

START_TEST(answers_stream)
{
    static const char *const formats[] = {"json", "ndjson", "csv", "table"};

    for (size_t i = 0; i < 4; i++) {
        fake store = {.store = {.ops = &fake_ops},
                      .cells = sqlite_quotes,
                      .columns = QUOTE_CELLS,
                      .given = QUOTE_GIVEN,
                      .count = 50000,
                      .repeat = true};
        ticker_query *query = ASK("quotes");
        output out = {.discard = true};
        uint64_t rows = 0;

        ck_assert_int_eq(ticker_query_run(query, &store.store, formats[i], take, &out, &rows, NULL, NULL), TICKER_OK);
        ck_assert_uint_eq(rows, 50000);
        ck_assert_uint_gt(out.total, (size_t)5 << 20);
        ck_assert_uint_lt(out.largest, (size_t)256 << 10);
        ck_assert_int_lt(out.writes, 1000);
        ticker_query_free(query);
    }
}
END_TEST

START_TEST(a_table_of_many_rows)
{
    static const char longest[] =
        "A name that is a good deal longer than any column will ever be made, so that it pushes "
        "what stands to its right";
    static const ti_cell wide[] = {
        STR("\xc3\x81GUAS3"),
        {.kind = TI_CELL_TEXT, .text = {longest, sizeof(longest) - 1}},
        STR("ON"),
        STR("010"),
        NIL,
        INT(0),
        INT(0),
        STR("PETR4"),
        STR("PETROBRAS\xc2\x9b"
            "2J"),
        NIL,
        STR("010"),
        NIL,
        INT(0),
        INT(0),
    };
    fake store = FAKE(wide, 7);
    ticker_query *query = ASK("tickers", "limit=1"), *both = ASK("tickers");
    output out = {0};
    char expected[1024];

    (void)snprintf(expected, sizeof(expected),
                   "ticker  %-100s  specification  market  isin  first_date  last_date\n"
                   "\xc3\x81GUAS3  %s  ON             010           1970-01-01  1970-01-01\n(1 row, there are more)\n",
                   "name", longest);
    expect(query, &store, "table", expected, 1, 1);
    ck_assert_int_eq(ticker_query_run(both, &store.store, "table", take, &out, NULL, NULL, NULL), TICKER_OK);
    ck_assert_ptr_nonnull(strstr(out.data, "\nPETR4   PETROBRAS?2J    "));
    free(out.data);
    ticker_query_free(query);
    ticker_query_free(both);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        quotes_are_the_same_from_both_databases,
        trades_in_three_formats,
        nothing_found,
        an_import_by_its_id,
        where_a_file_is_stored,
        an_import_for_people,
        odd_cells_become_text,
        numbers_at_their_ends,
        moments,
        answers_stream,
        a_table_of_many_rows,
    };

    return run_tests("query writers", tests, sizeof(tests) / sizeof(tests[0]));
}
