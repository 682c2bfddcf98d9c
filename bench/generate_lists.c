/* Lists of a day: NEG_, its trades as they came in the 2010s, and the consolidated file, all instruments with their prices. */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS 24u /* series of a company */
#define NEG_CELL 50u

/* The ticker of instrument `number`: the companies' papers first, then their options. Returns its end. */
static char *put_ticker(char *to, const struct gen_company *companies, uint64_t number)
{
    const struct gen_company *company = &companies[number % GEN_COMPANIES];
    uint64_t series = number / GEN_COMPANIES;

    to = gen_put_text(to, company->root);
    if (series == 0)
        return gen_put_text(to, company->suffix);
    *to++ = (char)('A' + (series - 1) % OPTIONS);
    return gen_put_number(to, 10 + (series - 1) / OPTIONS);
}

/* --- NEG_ ---------------------------------------------------------------------------------------------------------------------- */

static void put_neg_end(struct gen_output *output, const struct gen_request *request, const char *type)
{
    char *start = gen_output_room(output), *at = gen_put_text(gen_put_text(start, type), " NEG                 ");

    gen_put_iso(at, request->day);
    at[10] = ' ';
    gen_put_iso(at + 11, request->day);
    at[21] = ' ';
    gen_put_digits(at + 22, request->records + 2, 9);
    gen_output_take(output, (size_t)(gen_put_eol(at + 31, request->lf) - start));
}

/* Date, sequence and secondary number of an order, and whether it was the aggressor. */
static char *put_order(char *to, const struct gen_request *request, uint64_t number, bool aggressor)
{
    gen_put_iso(to, request->day);
    to[10] = ';';
    gen_put_digits(to + 11, 90786000000u + number, 15);
    to[26] = ';';
    gen_put_digits(to + 27, 14000000u + number, 15);
    return gen_put_text(to + 42, aggressor ? ";1;" : ";2;");
}

static char *put_neg_time(char *to, uint64_t row, uint64_t rows)
{
    uint64_t time = 36000000u + row * 25000000u / (rows + 1); /* 10:00 to 16:56 */

    gen_put_digits(to, time / 3600000u, 2);
    to[2] = ':';
    gen_put_digits(to + 3, time / 60000u % 60, 2);
    to[5] = ':';
    gen_put_digits(to + 6, time / 1000u % 60, 2);
    to[8] = '.';
    gen_put_digits(to + 9, time % 1000u, 3);
    return to + 12;
}

static void put_neg_row(struct gen_output *output, const struct gen_request *request, struct gen_counts *counts,
                        const struct gen_company *companies, struct gen_random *random, uint64_t row)
{
    uint64_t instrument = GEN_COMPANIES + gen_below(random, GEN_COMPANIES * OPTIONS);
    bool dirty = gen_chance(random, request->dirty), cancelled = gen_chance(random, request->cancel);
    char *start = gen_output_room(output), *at = start + 11, *cell = at;

    gen_put_iso(start, request->day);
    start[10] = ';';
    at = put_ticker(at, companies, instrument);
    while (at < cell + NEG_CELL)
        *at++ = ' ';
    *at = ';';
    gen_put_digits(at + 1, 10 * (row + 1), 10);
    memcpy(at + 11, "; ", 2);
    gen_put_digits(at + 13, gen_below(random, 40), 12);
    at[25] = '.';
    gen_put_digits(at + 26, 10000u * (1 + gen_below(random, 99)), 6);
    at[32] = ';';
    gen_put_digits(at + 33, 100u * (1 + gen_below(random, 200)), 18);
    at[51] = ';';
    at = put_neg_time(at + 52, row, request->records);
    at = gen_put_text(at, cancelled ? ";2;" : ";1;");
    at = put_order(at, request, row * 2, row % 2 == 0);
    at = put_order(at, request, row * 2 + 1, row % 2 == 1);
    *at++ = gen_below(random, 50) == 0 ? '1' : '0';
    *at++ = ';';
    gen_put_digits(at, 3 + gen_below(random, 200), 8);
    at[8] = ';';
    gen_put_digits(at + 9, 3 + gen_below(random, 200), 8);
    if (dirty)
        start[80] = 'x'; /* in the price */
    counts->dirty += dirty;
    counts->cancelled += cancelled && !dirty;
    gen_output_take(output, (size_t)(gen_put_eol(at + 17, request->lf) - start));
}

bool gen_neg(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts)
{
    struct gen_random random = {request->seed};
    struct gen_company *companies = calloc(GEN_COMPANIES, sizeof *companies);

    if (companies == NULL)
        return false;
    gen_companies(companies);
    put_neg_end(output, request, "RH");
    for (uint64_t row = 0; row < request->records && output->failure == 0; row++)
        put_neg_row(output, request, counts, companies, &random, row);
    put_neg_end(output, request, "RT");
    free(companies);
    return true;
}

/* --- Consolidated -------------------------------------------------------------------------------------------------------------- */

/* "12,3": decimal comma, no zeros at the end. */
static char *put_decimal(char *to, uint64_t hundredths)
{
    to = gen_put_number(to, hundredths / 100);
    if (hundredths % 100 == 0)
        return to;
    *to++ = ',';
    *to++ = (char)('0' + hundredths / 10 % 10);
    if (hundredths % 10 != 0)
        *to++ = (char)('0' + hundredths % 10);
    return to;
}

static char *put_cell(char *to, uint64_t hundredths)
{
    to = put_decimal(to, hundredths);
    *to++ = ';';
    return to;
}

static char *put_traded(char *to, struct gen_random *random, uint64_t cents)
{
    uint64_t spread = 1 + gen_below(random, 1 + (uint32_t)(cents / 20)), trades = 1 + gen_below(random, 20000);
    uint64_t units = trades * (1 + gen_below(random, 500));

    to = put_cell(to, cents);
    to = put_cell(to, cents + spread);
    to = put_cell(to, cents + spread / 2);
    to = put_cell(to, cents + gen_below(random, (uint32_t)spread + 1));
    if (gen_below(random, 2) == 0)
        *to++ = '-';
    to = gen_put_text(put_decimal(to, gen_below(random, 900)), ";;;;");
    to = put_cell(to, trades * 100);
    to = put_cell(to, units * 100);
    return put_decimal(to, units * (cents + spread / 2));
}

static void put_consolidated_row(struct gen_output *output, const struct gen_request *request,
                                 struct gen_counts *counts, const struct gen_company *companies,
                                 struct gen_random *random, uint64_t row)
{
    const struct gen_company *company = &companies[row % GEN_COMPANIES];
    uint64_t series = row / GEN_COMPANIES;
    bool option = series > 0, dirty = gen_chance(random, request->dirty);
    char *start = gen_output_room(output), *at = start + 10;

    gen_put_iso(start, dirty ? 0 : request->day);
    if (dirty)
        memcpy(start, "1970-13", 7);
    counts->dirty += dirty;
    *at++ = ';';
    at = gen_put_text(put_ticker(at, companies, row), ";BR");
    at = gen_put_text(gen_put_text(at, company->root), option ? "OPTION" : "ACNOR");
    *at++ = (char)('0' + row % 10);
    at = gen_put_text(at, !option ? ";CASH;" : (series - 1) % OPTIONS < OPTIONS / 2 ? ";EQUITY CALL;" : ";EQUITY PUT;");
    if (option && gen_below(random, 20) != 0)
        at = gen_put_text(put_cell(gen_put_text(at, ";;;;;;;"), 1 + gen_below(random, 20000)), ";;");
    else
        at = put_traded(at, random, option ? 1 + gen_below(random, 500) : company->cents);
    gen_output_take(output, (size_t)(gen_put_eol(at, request->lf) - start));
}

static void put_line(struct gen_output *output, const struct gen_request *request, const char *text)
{
    char *start = gen_output_room(output);

    gen_output_take(output, (size_t)(gen_put_eol(gen_put_text(start, text), request->lf) - start));
}

bool gen_consolidated(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts)
{
    struct gen_random random = {request->seed};
    struct gen_company *companies = calloc(GEN_COMPANIES, sizeof *companies);

    if (companies == NULL)
        return false;
    gen_companies(companies);
    put_line(output, request, "Status do Arquivo: Final");
    put_line(output, request,
             "RptDt;TckrSymb;ISIN;SgmtNm;MinPric;MaxPric;TradAvrgPric;LastPric;OscnPctg;AdjstdQt;AdjstdQtTax;RefPric;"
             "TradQty;FinInstrmQty;NtlFinVol");
    for (uint64_t row = 0; row < request->records && output->failure == 0; row++)
        put_consolidated_row(output, request, counts, companies, &random, row);
    free(companies);
    return true;
}
