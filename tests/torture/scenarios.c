#include <config.h>

#include "scenarios.h"

#include "fixtures.h"
#include "unit/archives.h"

/* --- Inputs --------------------------------------------------------------------------------------------------------------------- */

static void quotes(ti_buffer *bytes)
{
    make_quotes(bytes, 1);
}

static void quotes_again(ti_buffer *bytes)
{
    make_quotes(bytes, 2);
}

/* With rows whose key comes again. */
static void quotes_twice(ti_buffer *bytes)
{
    make_quotes(bytes, 3);
}

static void many_trades(ti_buffer *bytes)
{
    make_trades(bytes, 3);
}

static void trades(ti_buffer *bytes)
{
    make_trades(bytes, 1);
}

static void pack(ti_buffer *bytes, ti_buffer *inner, const char *name)
{
    make_zip(bytes, &(zip_member){.name = name, .data = inner->data, .size = inner->size}, 1);
    ti_buffer_free(inner);
}

static void quotes_in_zips(ti_buffer *bytes)
{
    ti_buffer plain, zip;

    ti_buffer_init(&plain, TEXT_MAX);
    ti_buffer_init(&zip, TEXT_MAX);
    make_quotes(&plain, 1);
    pack(&zip, &plain, "COTAHIST_A2016.TXT");
    pack(bytes, &zip, "inner.zip");
}

static void trades_gz(ti_buffer *bytes)
{
    ti_buffer plain;

    ti_buffer_init(&plain, TEXT_MAX);
    make_trades(&plain, 1);
    make_gzip(bytes, plain.data, plain.size);
    ti_buffer_free(&plain);
}

static void trades_again(ti_buffer *bytes)
{
    ti_buffer plain;

    ti_buffer_init(&plain, TEXT_MAX);
    make_trades(&plain, 2);
    pack(bytes, &plain, "trades");
}

static void both(ti_buffer *bytes)
{
    ti_buffer plain, gzip;
    zip_member members[2];

    ti_buffer_init(&plain, TEXT_MAX);
    ti_buffer_init(&gzip, TEXT_MAX);
    make_quotes(&plain, 1);
    trades_gz(&gzip);
    members[0] = (zip_member){.name = "quotes", .data = plain.data, .size = plain.size, .descriptor = true};
    members[1] = (zip_member){.name = "trades.gz", .data = gzip.data, .size = gzip.size, .stored = true};
    make_zip(bytes, members, 2);
    ti_buffer_free(&plain);
    ti_buffer_free(&gzip);
}

static void cut_off(ti_buffer *bytes)
{
    make_quotes(bytes, 1);
    bytes->size -= 300;
}

#ifdef TI_WITH_XML
/* Two pictures of a day, the later one first, as the exchange packs them. */
static void reports(ti_buffer *bytes)
{
    ti_buffer late, early, zip;
    zip_member members[2];

    ti_buffer_init(&late, TEXT_MAX);
    ti_buffer_init(&early, TEXT_MAX);
    ti_buffer_init(&zip, TEXT_MAX);
    make_report(&late, 2);
    make_report(&early, 1);
    members[0] = (zip_member){.name = "late.xml", .data = late.data, .size = late.size};
    members[1] = (zip_member){.name = "early.xml", .data = early.data, .size = early.size};
    make_zip(&zip, members, 2);
    pack(bytes, &zip, "PR160104.zip");
    ti_buffer_free(&late);
    ti_buffer_free(&early);
}
#endif

const scenario scenarios[] = {
    {.name = "quotes", .make = quotes, .status = TICKER_WARN},
    {.name = "quotes in zip in zip", .make = quotes_in_zips, .rare = true, .status = TICKER_WARN},
    {.name = "trades in gzip from a pipe", .make = trades_gz, .pipe = true, .rare = true, .status = TICKER_WARN},
    {.name = "both in a zip from a pipe", .make = both, .pipe = true, .rare = true, .status = TICKER_WARN},
    {.name = "a correction of quotes", .make = quotes_again, .before = quotes, .rare = true, .status = TICKER_WARN},
    {.name = "a correction of trades", .make = trades_again, .before = trades, .status = TICKER_WARN},
    {.name = "a file that is cut off", .make = cut_off, .before = quotes_again, .rare = true, .status = TICKER_FAILED},
    {.name = "a consolidated file", .make = make_consolidated, .before = quotes, .status = TICKER_WARN},
#ifdef TI_WITH_XML
    {.name = "price reports in zip in zip", .make = reports, .rare = true, .status = TICKER_WARN},
    {.name = "price reports under better quotes",
     .make = reports,
     .before = quotes,
     .rare = true,
     .status = TICKER_WARN},
#endif
    {.name = "much: quotes", .make = quotes, .rare = true, .way = WAY_MUCH, .status = TICKER_WARN},
    {.name = "much: a correction of quotes",
     .make = quotes_again,
     .before = quotes,
     .way = WAY_MUCH,
     .status = TICKER_WARN},
    {.name = "much: quotes over several connections", .make = quotes_twice, .way = WAY_SHARED, .status = TICKER_WARN},
    {.name = "much: trades", .make = trades, .way = WAY_MUCH, .rare = true, .status = TICKER_WARN},
    {.name = "much: trades that are sorted in a file", .make = many_trades, .way = WAY_SORTED, .status = TICKER_WARN},
    {.name = "much: a correction of trades",
     .make = trades_again,
     .before = trades,
     .rare = true,
     .way = WAY_MUCH,
     .status = TICKER_WARN},
    {.name = "much: a consolidated file",
     .make = make_consolidated,
     .before = quotes,
     .rare = true,
     .way = WAY_MUCH,
     .status = TICKER_WARN},
};
const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
