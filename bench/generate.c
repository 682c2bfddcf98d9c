/* ticker-generate: made-up B3 files of any size, for tests, benchmarks and a first try.
 *
 * The same arguments give the same bytes on every machine: no clock, no floating point, its own random numbers. */
#include "generate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2
#define RECORDS_MAX UINT64_C(1000000000)
#define DAY_RECORDS_MAX UINT64_C(100000000) /* more series than this have no ticker of their own */

static const char help[] =
    "usage: ticker-generate cotahist N [FILE|-] [--year YYYY | --day YYYY-MM-DD] [option ...]\n"
    "       ticker-generate trades   N [FILE|-] [--date YYYY-MM-DD] [--cancel P] [--channel] [option ...]\n"
    "       ticker-generate neg      N [FILE|-] [--date YYYY-MM-DD] [--cancel P] [option ...]\n"
    "       ticker-generate consolidated N [FILE|-] [--date YYYY-MM-DD] [option ...]\n"
    "       ticker-generate bvbg086  N [FILE|-] [--date YYYY-MM-DD] [--time HH:MM:SS] [option ...]\n"
    "\n"
    "Writes a made-up file with N data records in the layout of B3's own, to FILE or to standard output.\n"
    "\n"
    "  cotahist    COTAHIST: 245 bytes a record, header, trailer, latin-1. Spread over the sessions of a\n"
    "              year or all on one day. No two records share date, ticker, market and term.\n"
    "  trades      NEGOCIOSAVISTA: one day. The first rows are trades of the session before, listed again;\n"
    "              the last ones are of the after-hours session.\n"
    "  neg         NEG_: one day's option trades in 237 bytes each, header, trailer. A cancelled one is one row.\n"
    "  consolidated  TradeInformationConsolidatedFile: one day, an instrument a row; of the options one in\n"
    "              twenty was traded.\n"
    "  bvbg086     BVBG.086.01, the price report (XML): one day, one report an instrument. Three in ten are of\n"
    "              something that was traded; one in 2000 is of the next session.\n"
    "\n"
    "  --year YYYY the year of the quotes (default 2024)\n"
    "  --day D     all quotes on this day instead, like 2024-11-08\n"
    "  --date D    the day of the trades, quotes or price report (default 2024-11-08)\n"
    "  --time T    when the price report was made (default 19:51:04)\n"
    "  --cancel P  cancel a share of the trades later in the day (default 0.0005)\n"
    "  --channel   write the twelfth column, TipoDoCanal\n"
    "  --seed N    other prices, volumes and trades (default 1); the keys of quotes stay\n"
    "  --lf        end lines with LF; default CRLF, as B3 does (XML: with a byte order mark too)\n"
    "  --dirty P   make a share of the rows unreadable: short line, letter in a number, impossible date,\n"
    "              missing columns\n"
    "  --stats     one JSON object on standard error when done: records, dirty, cancelled, relisted, bytes\n"
    "\n"
    "P is a share from 0 to 1, like 0.01. Exit status: 0 done, 1 could not write, 2 wrong usage.\n";

static int usage(const char *what, const char *value)
{
    const char *colon = value[0] == '\0' ? "" : ": ";

    (void)fprintf(stderr, "ticker-generate: %s%s%s; see ticker-generate --help\n", what, colon, value);
    return EXIT_USAGE;
}

/* Digits only, up to `most`. */
static bool read_number(const char *text, uint64_t most, uint64_t *value)
{
    uint64_t number = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || number > (most - (uint64_t)(*text - '0')) / 10)
            return false;
        number = number * 10 + (uint64_t)(*text - '0');
    }
    *value = number;
    return true;
}

/* A share "0", "1", "0.05", ".05", as parts in a billion; at most nine decimals. */
static bool read_share(const char *text, uint32_t *share)
{
    uint64_t whole = 0;
    uint64_t part = 0;
    uint32_t unit = GEN_BILLION;
    size_t decimals = 0;

    if (*text >= '0' && *text <= '1')
        whole = (uint64_t)(*text++ - '0');
    else if (*text != '.')
        return false;
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9' && decimals < 9; text++, decimals++) {
            unit /= 10;
            part += (uint64_t)(*text - '0') * unit;
        }
        if (decimals == 0)
            return false;
    }
    *share = (uint32_t)(whole * GEN_BILLION + part);
    return *text == '\0' && whole * GEN_BILLION + part <= GEN_BILLION;
}

static bool read_day(const char *text, int32_t *day)
{
    char plain[9] = {0};
    uint64_t number;
    struct gen_date back;

    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
        return false;
    memcpy(plain, text, 4);
    memcpy(plain + 4, text + 5, 2);
    memcpy(plain + 6, text + 8, 2);
    if (!read_number(plain, 20991231, &number) || number < 19700101)
        return false;
    *day = gen_days((int)(number / 10000), (unsigned)(number / 100 % 100), (unsigned)(number % 100));
    /* A day that does not exist comes back as another one. */
    back = gen_civil(*day);
    return (uint64_t)back.year * 10000 + back.month * 100 + back.day == number;
}

/* "19:51:04" as seconds. */
static bool read_time(const char *text, uint32_t *seconds)
{
    char plain[7] = {0};
    uint64_t number;

    if (strlen(text) != 8 || text[2] != ':' || text[5] != ':')
        return false;
    memcpy(plain, text, 2);
    memcpy(plain + 2, text + 3, 2);
    memcpy(plain + 4, text + 6, 2);
    if (!read_number(plain, 235959, &number) || number / 100 % 100 > 59 || number % 100 > 59)
        return false;
    *seconds = (uint32_t)(number / 10000 * 3600 + number / 100 % 100 * 60 + number % 100);
    return true;
}

static bool set_value(struct gen_request *request, const char *name, const char *value)
{
    bool cotahist = strcmp(request->kind, "cotahist") == 0;
    uint64_t number = 0;

    if (strcmp(name, "--seed") == 0)
        return read_number(value, UINT64_MAX, &request->seed);
    if (strcmp(name, "--dirty") == 0)
        return read_share(value, &request->dirty);
    if (strcmp(name, "--cancel") == 0)
        return read_share(value, &request->cancel);
    if (strcmp(name, "--time") == 0)
        return read_time(value, &request->time);
    if (strcmp(name, "--year") == 0) {
        if (!read_number(value, 2098, &number) || number < 1970)
            return false;
        request->year = (int)number;
        return true;
    }
    request->has_day = cotahist;
    return read_day(value, &request->day);
}

static bool takes_value(const char *kind, const char *name)
{
    bool cotahist = strcmp(kind, "cotahist") == 0;

    if (strcmp(name, "--seed") == 0 || strcmp(name, "--dirty") == 0)
        return true;
    if (cotahist)
        return strcmp(name, "--year") == 0 || strcmp(name, "--day") == 0;
    if (strcmp(kind, "bvbg086") == 0)
        return strcmp(name, "--date") == 0 || strcmp(name, "--time") == 0;
    if (strcmp(kind, "consolidated") == 0)
        return strcmp(name, "--date") == 0;
    return strcmp(name, "--date") == 0 || strcmp(name, "--cancel") == 0;
}

/* Reads what follows the kind; returns 0 or the exit status. */
static int read_arguments(int count, char **arguments, struct gen_request *request, bool *stats)
{
    bool has_records = false;

    for (int i = 0; i < count; i++) {
        const char *argument = arguments[i];

        if (strcmp(argument, "--lf") == 0) {
            request->lf = true;
        } else if (strcmp(argument, "--stats") == 0) {
            *stats = true;
        } else if (strcmp(argument, "--channel") == 0 && strcmp(request->kind, "trades") == 0) {
            request->channel = true;
        } else if (takes_value(request->kind, argument)) {
            if (i + 1 == count)
                return usage("a value is missing after", argument);
            if (!set_value(request, argument, arguments[++i]))
                return usage("not a valid value", arguments[i]);
        } else if (argument[0] == '-' && argument[1] != '\0') {
            return usage("no such option", argument);
        } else if (!has_records) {
            if (!read_number(argument, RECORDS_MAX, &request->records) || request->records == 0)
                return usage("N is a number from 1 to 1000000000, not", argument);
            has_records = true;
        } else if (request->path == NULL) {
            request->path = argument;
        } else {
            return usage("one file at a time, not also", argument);
        }
    }
    if (!has_records)
        return usage("say how many records", "");
    if (request->has_day && request->records > DAY_RECORDS_MAX)
        return usage("one day holds at most 100000000 records", "");
    return 0;
}

static int generate(const struct gen_request *request, bool stats)
{
    struct gen_output output;
    struct gen_counts counts = {0};
    bool enough;
    bool written;

    if (!gen_output_open(&output, request->path)) {
        (void)fprintf(stderr, "ticker-generate: %s: cannot be written: %s\n", output.name, strerror(output.failure));
        return EXIT_FAILURE;
    }
    if (strcmp(request->kind, "cotahist") == 0)
        enough = gen_cotahist(request, &output, &counts);
    else if (strcmp(request->kind, "bvbg086") == 0)
        enough = gen_prices(request, &output, &counts);
    else if (strcmp(request->kind, "neg") == 0)
        enough = gen_neg(request, &output, &counts);
    else if (strcmp(request->kind, "consolidated") == 0)
        enough = gen_consolidated(request, &output, &counts);
    else
        enough = gen_trades(request, &output, &counts);
    written = gen_output_close(&output);
    if (!enough || !written) {
        const char *why = written ? "out of memory" : strerror(output.failure);

        (void)fprintf(stderr, "ticker-generate: %s: %s\n", output.name, why);
        return EXIT_FAILURE;
    }
    if (stats)
        (void)fprintf(stderr, "{\"records\":%llu,\"dirty\":%llu,\"cancelled\":%llu,\"relisted\":%llu,\"bytes\":%llu}\n",
                      (unsigned long long)request->records, (unsigned long long)counts.dirty,
                      (unsigned long long)counts.cancelled, (unsigned long long)counts.relisted,
                      (unsigned long long)output.bytes);
    return EXIT_SUCCESS;
}

static bool is_kind(const char *name)
{
    static const char *const kinds[] = {"cotahist", "trades", "neg", "consolidated", "bvbg086"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(name, kinds[i]) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct gen_request request = {.seed = 1, .year = 2024, .cancel = 500000, .time = 19 * 3600 + 51 * 60 + 4};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    bool stats = false;
    int status;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return fputs(help, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (argc < 2 || !is_kind(argv[1]))
        return usage("say cotahist, trades, neg, consolidated or bvbg086", "");
    request.kind = argv[1];
    request.day = gen_days(2024, 11, 8);
    status = read_arguments(argc - 2, argv + 2, &request, &stats);
    if (status != 0)
        return status;
    /* A reader that goes away is an error to report, not a silent death. */
    if (sigaction(SIGPIPE, &ignore, NULL) != 0)
        return EXIT_FAILURE;
    return generate(&request, stats);
}
