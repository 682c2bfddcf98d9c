/* COTAHIST: a year (or one day) of quotes of a made-up market with the mix of a real day of 2024. */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_SIZE 245u
#define FIXED_INSTRUMENTS 8u     /* PETR4, VALE3 … : in every day, however small the file is */
#define USUAL_INSTRUMENTS 11800u /* of a day; 2024-11-08 had 5158 puts, 4902 calls and about 1700 others */
#define DAY_RECORDS_MIN 60u      /* a small file has fewer days rather than nearly empty ones */
#define SESSIONS_MAX 262u
#define CENTS_MAX 99999999u
#define NO_EXPIRY 12u

/* Everything of an instrument that does not change from day to day, and its price. */
struct instrument {
    char ticker[12];
    char name[12];
    char specification[10];
    char isin[12];
    char bdi[2];
    char market[3];
    char term[3];
    char distribution[3];
    uint8_t expiry; /* month 0 to 11, or NO_EXPIRY */
    uint8_t liquidity;
    uint16_t factor;
    uint32_t strike;
    uint32_t cents;
};

struct market {
    struct gen_company companies[GEN_COMPANIES];
    struct instrument *instruments;
    size_t count;
    size_t capacity;
    char expiries[NO_EXPIRY + 1][8]; /* by month, as of the day being written */
    struct gen_random random;
};

static void put_padded(char *to, size_t width, const char *text)
{
    size_t size = strlen(text);

    memset(to, ' ', width);
    memcpy(to, text, size < width ? size : width);
}

/* The last digit of an ISIN: Luhn over the digits, letters counting as 10 to 35. */
static char isin_check_digit(const char isin[11])
{
    unsigned digits[22];
    unsigned count = 0;
    unsigned sum = 0;

    for (size_t i = 0; i < 11; i++) {
        unsigned value = isin[i] <= '9' ? (unsigned)(isin[i] - '0') : (unsigned)(isin[i] - 'A') + 10;

        if (value >= 10)
            digits[count++] = value / 10;
        digits[count++] = value % 10;
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned digit = digits[count - 1 - i] * (i % 2 == 0 ? 2 : 1);

        sum += digit / 10 + digit % 10;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static void put_isin(struct instrument *instrument, const char *root, const char *kind)
{
    memcpy(instrument->isin, "BR", 2);
    memcpy(instrument->isin + 2, root, 4);
    memcpy(instrument->isin + 6, kind, 5);
    instrument->isin[11] = isin_check_digit(instrument->isin);
}

/* A new instrument of a company, or NULL when the table is full. */
static struct instrument *add(struct market *market, size_t company, const char *codes, const char *suffix)
{
    const struct gen_company *from = &market->companies[company];
    struct instrument *instrument;
    char ticker[GEN_SYMBOL_MAX];
    char *end;

    if (market->count == market->capacity)
        return NULL;
    instrument = &market->instruments[market->count++];
    memset(instrument, 0, sizeof *instrument);
    end = gen_put_text(gen_put_text(ticker, from->root), suffix);
    *end = '\0';
    put_padded(instrument->ticker, sizeof instrument->ticker, ticker);
    put_padded(instrument->name, sizeof instrument->name, from->name);
    put_padded(instrument->specification, sizeof instrument->specification, from->specification);
    memcpy(instrument->bdi, codes, 2);
    memcpy(instrument->market, codes + 3, 3);
    memset(instrument->term, ' ', 3);
    gen_put_digits(instrument->distribution, 100 + company % 200, 3);
    put_isin(instrument, from->root, from->suffix[0] == '3' ? "ACNOR" : from->suffix[0] == '1' ? "CDAM1" : "ACNPR");
    instrument->expiry = NO_EXPIRY;
    instrument->liquidity = company < GEN_KNOWN ? 3 : company < 150 ? 2 : 1;
    instrument->factor = 1;
    instrument->cents = from->cents;
    return instrument;
}

static void suffixed(char to[GEN_SYMBOL_MAX], const char *suffix, char letter)
{
    char *end = gen_put_text(to, suffix);

    *end++ = letter;
    *end = '\0';
}

static void add_cash(struct market *market)
{
    static const char *const terms[4] = {"030", "060", "090", "120"};

    for (size_t i = 0; i < GEN_COMPANIES; i++)
        (void)add(market, i, "02 010", market->companies[i].suffix);
    for (size_t i = 0; i < GEN_COMPANIES; i++) {
        char odd[GEN_SYMBOL_MAX];

        suffixed(odd, market->companies[i].suffix, 'F');
        (void)add(market, i, "96 020", odd);
    }
    /* Forwards: one ticker has a row for each of its terms. */
    for (size_t i = 0; i < 120; i++) {
        for (size_t k = 0; k <= i % 4; k++) {
            char forward[GEN_SYMBOL_MAX];
            struct instrument *instrument;

            suffixed(forward, market->companies[i].suffix, 'T');
            instrument = add(market, i, "62 030", forward);
            if (instrument != NULL)
                memcpy(instrument->term, terms[k], 3);
        }
    }
}

static void add_funds(struct market *market)
{
    for (size_t i = GEN_KNOWN; i < GEN_COMPANIES; i++) {
        bool fund = i % 2 == 0;
        struct instrument *instrument = add(market, i, fund ? "12 010" : "34 010", fund ? "13" : "34");

        if (instrument == NULL)
            return;
        put_padded(instrument->specification, sizeof instrument->specification, fund ? "CI" : "DRN");
        put_isin(instrument, market->companies[i].root, fund ? "CTF00" : "BDR00");
        instrument->liquidity = 0;
    }
    /* The old investment funds still quote a thousand units. */
    for (size_t i = 60; i < 64; i++) {
        struct instrument *instrument = add(market, i, "14 010", "15");

        if (instrument == NULL)
            return;
        put_padded(instrument->specification, sizeof instrument->specification, "CI");
        put_isin(instrument, market->companies[i].root, "CTF01");
        instrument->factor = 1000;
        instrument->liquidity = 0;
    }
}

/* Calls A to L, puts M to X; the number makes the ticker unique, and company and number give the strike. */
static void add_options(struct market *market)
{
    for (uint64_t i = 0; market->count < market->capacity; i++) {
        size_t company = (size_t)(i % GEN_KNOWN);
        uint64_t slot = i / GEN_KNOWN;
        unsigned letter = (unsigned)(slot % 24);
        uint64_t number = slot / 24;
        uint64_t step = 1 + market->companies[company].cents / 10;
        uint64_t strike;
        char suffix[GEN_SYMBOL_MAX];
        char *end;
        struct instrument *instrument;

        /* Past 10,000 series of a letter the weekly ones begin: W1 … W5. */
        if (number >= 50000)
            company += GEN_KNOWN * (size_t)(number / 50000);
        strike = (market->companies[company].cents / 2 + 1 + number % 10000 * step) % CENTS_MAX + 1;
        suffix[0] = (char)('A' + letter);
        end = gen_put_number(suffix + 1, 1 + number % 10000);
        if (number % 50000 >= 10000) {
            *end++ = 'W';
            *end++ = (char)('0' + number % 50000 / 10000);
        }
        *end = '\0';
        instrument = add(market, company, letter < 12 ? "78 070" : "82 080", suffix);
        put_padded(instrument->name + 4, sizeof instrument->name - 4, letter < 12 ? "E" : "E    /ED");
        memcpy(instrument->name, market->companies[company].root, 4);
        memcpy(instrument->term, "000", 3);
        instrument->expiry = (uint8_t)(letter % 12);
        instrument->strike = (uint32_t)strike;
        instrument->cents = 1 + market->companies[company].cents / (10 + (uint32_t)(number % 40));
        instrument->liquidity = number < 4 ? 2 : 0;
    }
}

/* The third Friday of a month, as options expired there for most of the years. */
static int32_t third_friday(int year, unsigned month)
{
    int32_t first = gen_days(year, month, 1);
    int32_t to_friday = (4 - (first + 3) % 7 + 7) % 7;

    return first + to_friday + 14;
}

/* Series come back every year: one that has expired by `day` is the next year's. */
static void set_expiries(struct market *market, int32_t day)
{
    int year = gen_civil(day).year;

    for (unsigned month = 1; month <= 12; month++) {
        int32_t expiry = third_friday(year, month);

        gen_put_compact(market->expiries[month - 1], expiry < day ? third_friday(year + 1, month) : expiry);
    }
    memcpy(market->expiries[NO_EXPIRY], "99991231", 8);
}

/* Numbers up to 99,999,999 in a field of 13 digits: most of the file. */
static char *put_price(char *to, uint32_t value)
{
    memcpy(to, "00000", 5);
    for (int i = 12; i > 4; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + 13;
}

static uint32_t moved(uint32_t cents, uint32_t up_to, uint64_t bits)
{
    int64_t tenths = (int64_t)(bits % (2 * up_to + 1)) - up_to;
    /* Rounded by chance, so that small prices move too and do not only fall. */
    int64_t next = (int64_t)cents + ((int64_t)cents * tenths + (int64_t)(bits >> 40) % 1000 + 1000000000) / 1000 -
                   1000000;

    return next < 1 ? 1 : next > CENTS_MAX / 2 ? CENTS_MAX / 2 : (uint32_t)next;
}

static char *put_prices(char *to, struct instrument *instrument, struct gen_random *random, uint32_t *average)
{
    uint64_t bits = gen_next(random);
    uint32_t open = moved(instrument->cents, 10, bits);
    uint32_t close = moved(instrument->cents, 15, bits >> 8);
    uint32_t top = open > close ? open : close;
    uint32_t bottom = open > close ? close : open;
    uint32_t high = top + (uint32_t)((uint64_t)top * (bits >> 56) / 25600);
    uint32_t low = bottom - (uint32_t)((uint64_t)bottom * ((bits >> 48) & 255) / 25600);
    bool quiet = (bits & 7) < 3; /* more than a third of real rows have no offer on one side */

    *average = low + (high - low) / 2;
    instrument->cents = close;
    to = put_price(to, open);
    to = put_price(to, high);
    to = put_price(to, low);
    to = put_price(to, *average);
    to = put_price(to, close);
    to = put_price(to, quiet && (bits & 8) != 0 ? 0 : close > 1 ? close - 1 : 1);
    return put_price(to, quiet && (bits & 8) == 0 ? 0 : close + 1);
}

/* One record of 245 bytes. */
static void put_record(char *line, struct market *market, struct instrument *instrument, const char day[8])
{
    static const uint32_t most_trades[4] = {40, 600, 9000, 98000};
    struct gen_random *random = &market->random;
    uint32_t average;
    uint32_t trades;
    uint64_t volume;
    char *to;

    memcpy(line, "01", 2);
    memcpy(line + 2, day, 8);
    memcpy(line + 10, instrument->bdi, 2);
    memcpy(line + 12, instrument->ticker, 12);
    memcpy(line + 24, instrument->market, 3);
    memcpy(line + 27, instrument->name, 12);
    memcpy(line + 39, instrument->specification, 10);
    memcpy(line + 49, instrument->term, 3);
    memcpy(line + 52, "R$  ", 4);
    to = put_prices(line + 56, instrument, random, &average);
    trades = 1 + gen_below(random, 1 + gen_below(random, most_trades[instrument->liquidity]));
    volume = (uint64_t)trades * (1 + gen_below(random, instrument->market[1] == '2' ? 60 : 9));
    if (instrument->market[1] != '2') /* only the odd-lot market trades less than a hundred */
        volume *= (uint64_t)100 * instrument->factor;
    gen_put_digits(to, trades, 5);
    gen_put_digits(to + 5, volume, 18);
    gen_put_digits(to + 23, volume * average / instrument->factor, 18);
    to = put_price(to + 41, instrument->strike);
    *to++ = '0';
    memcpy(to, market->expiries[instrument->expiry], 8);
    gen_put_digits(to + 8, instrument->factor, 7);
    memcpy(to + 15, "0000000000000", 13);
    memcpy(to + 28, instrument->isin, 12);
    memcpy(to + 40, instrument->distribution, 3);
}

/* Makes a record one that no reader may take; returns its new length. */
static size_t spoil(char *line, struct gen_random *random)
{
    switch (gen_below(random, 4)) {
    case 0: /* a short line */
        return 5 + gen_below(random, RECORD_SIZE - 10);
    case 1: /* a letter in a price */
        line[56 + gen_below(random, 91)] = 'X';
        return RECORD_SIZE;
    case 2: /* a day that does not exist */
        memcpy(line + 6, "1399", 4);
        return RECORD_SIZE;
    default: /* the last columns are missing */
        return 188;
    }
}

static void put_day(struct market *market, const struct gen_request *request, struct gen_output *output,
                    struct gen_counts *counts, int32_t day, size_t records)
{
    size_t fixed = records < FIXED_INSTRUMENTS ? records : FIXED_INSTRUMENTS;
    size_t others = market->count - fixed;
    size_t wanted = records - fixed;
    /* Every k-th of the others, from a start that depends on the day alone: same size, same keys, whatever the seed. */
    size_t start = wanted == 0 ? 0 : ((size_t)day * 7919) % others;
    char date[8];

    gen_put_compact(date, day);
    set_expiries(market, day);
    for (size_t i = 0; i < records; i++) {
        size_t index = i < fixed ? i : fixed + (start + (size_t)((uint64_t)(i - fixed) * others / wanted)) % others;
        char *line = gen_output_room(output);
        size_t size = RECORD_SIZE;

        put_record(line, market, &market->instruments[index], date);
        if (gen_chance(&market->random, request->dirty)) {
            size = spoil(line, &market->random);
            counts->dirty++;
        }
        gen_output_take(output, (size_t)(gen_put_eol(line + size, request->lf) - line));
    }
}

static void put_frame(struct gen_output *output, const struct gen_request *request, const char *type, int32_t last,
                      uint64_t lines)
{
    char *line = gen_output_room(output);

    memset(line, ' ', RECORD_SIZE);
    memcpy(line, type, 2);
    memcpy(line + 2, "COTAHIST.", 9);
    gen_put_digits(line + 11, (uint64_t)gen_civil(last).year, 4);
    memcpy(line + 15, "BOVESPA ", 8);
    gen_put_compact(line + 23, last);
    if (lines != 0)
        gen_put_digits(line + 31, lines, 11);
    gen_output_take(output, (size_t)(gen_put_eol(line + RECORD_SIZE, request->lf) - line));
}

/* The days of the file: the one asked for, or as many of the year's first sessions as its size deserves. */
static size_t choose_days(const struct gen_request *request, int32_t days[SESSIONS_MAX])
{
    uint64_t wanted = request->records / DAY_RECORDS_MIN;
    size_t count = 0;

    if (request->has_day) {
        days[0] = request->day;
        return 1;
    }
    for (int32_t day = gen_days(request->year, 1, 1); gen_civil(day).year == request->year; day++) {
        if (count < SESSIONS_MAX && (count == 0 || count < wanted) && gen_is_session(day))
            days[count++] = day;
    }
    return count;
}

bool gen_cotahist(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts)
{
    struct market *market = calloc(1, sizeof *market);
    int32_t days[SESSIONS_MAX];
    size_t count = choose_days(request, days);
    uint64_t largest = request->records / count + 1;
    bool done = false;

    if (market == NULL)
        return false;
    market->random.state = request->seed;
    market->capacity = largest < USUAL_INSTRUMENTS ? USUAL_INSTRUMENTS : (size_t)largest;
    market->instruments = calloc(market->capacity, sizeof market->instruments[0]);
    if (market->instruments == NULL)
        goto out;
    gen_companies(market->companies);
    add_cash(market);
    add_funds(market);
    add_options(market);
    put_frame(output, request, "00", days[count - 1], 0);
    for (size_t i = 0; i < count && output->failure == 0; i++) {
        uint64_t before = request->records * i / count;

        put_day(market, request, output, counts, days[i], (size_t)(request->records * (i + 1) / count - before));
    }
    put_frame(output, request, "99", days[count - 1], request->records + 2);
    done = true;
out:
    free(market->instruments);
    free(market);
    return done;
}
