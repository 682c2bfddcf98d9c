/* Days, digits, the buffered output and the companies of ticker-generate. */
#include "generate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_SIZE (1u << 20)

bool gen_output_open(struct gen_output *output, const char *path)
{
    bool standard = path == NULL || strcmp(path, "-") == 0;

    *output = (struct gen_output){.name = standard ? "standard output" : path, .descriptor = STDOUT_FILENO};
    output->buffer = malloc(OUTPUT_SIZE);
    if (output->buffer == NULL) {
        output->failure = ENOMEM;
        return false;
    }
    if (!standard) {
        output->descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (output->descriptor < 0) {
            output->failure = errno;
            free(output->buffer);
            output->buffer = NULL;
            return false;
        }
    }
    return true;
}

static void flush(struct gen_output *output)
{
    size_t done = 0;

    while (done < output->used && output->failure == 0) {
        ssize_t written = write(output->descriptor, output->buffer + done, output->used - done);

        if (written >= 0)
            done += (size_t)written;
        else if (errno != EINTR)
            output->failure = errno;
    }
    output->bytes += done;
    output->used = 0;
}

char *gen_output_room(struct gen_output *output)
{
    if (output->used > OUTPUT_SIZE - GEN_LINE_MAX)
        flush(output);
    return output->buffer + output->used;
}

void gen_output_take(struct gen_output *output, size_t size)
{
    output->used += size;
}

bool gen_output_close(struct gen_output *output)
{
    flush(output);
    free(output->buffer);
    output->buffer = NULL;
    /* close() tells of a full disk or a lost network folder that write() did not see. */
    if (close(output->descriptor) != 0 && output->failure == 0)
        output->failure = errno;
    return output->failure == 0;
}

/* Days since 1970-01-01 of a Gregorian day, and back (H. Hinnant's arithmetic over 400-year eras; years from 1 on). */
int32_t gen_days(int year, unsigned month, unsigned day)
{
    int shifted = month <= 2 ? year - 1 : year;
    int era = shifted / 400;
    int of_era = shifted - era * 400;
    int of_year = (int)((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1);

    return (int32_t)(era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468);
}

struct gen_date gen_civil(int32_t days)
{
    int32_t shifted = days + 719468;
    int32_t era = shifted / 146097;
    int32_t of_era = shifted - era * 146097;
    int32_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = (unsigned)(of_era - (365 * years + years / 4 - years / 100));
    unsigned month = (5 * of_year + 2) / 153;
    struct gen_date date = {.year = (int)(years + era * 400), .day = of_year - (153 * month + 2) / 5 + 1};

    date.month = month < 10 ? month + 3 : month - 9;
    date.year += date.month <= 2 ? 1 : 0;
    return date;
}

bool gen_is_session(int32_t days)
{
    static const unsigned holidays[] = {101, 421, 501, 907, 1012, 1102, 1115, 1225};
    struct gen_date date = gen_civil(days);
    int weekday = (int)((days + 3) % 7); /* 1970-01-01 was a Thursday; 0 is Monday */

    if (weekday >= 5)
        return false;
    for (size_t i = 0; i < sizeof holidays / sizeof holidays[0]; i++) {
        if (holidays[i] == date.month * 100 + date.day)
            return false;
    }
    return true;
}

void gen_put_digits(char *to, uint64_t value, unsigned width)
{
    for (unsigned i = width; i > 0; i--) {
        to[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

void gen_put_compact(char *to, int32_t days)
{
    struct gen_date date = gen_civil(days);

    gen_put_digits(to, (uint64_t)date.year * 10000 + date.month * 100 + date.day, 8);
}

void gen_put_iso(char *to, int32_t days)
{
    struct gen_date date = gen_civil(days);

    gen_put_digits(to, (uint64_t)date.year, 4);
    to[4] = '-';
    gen_put_digits(to + 5, date.month, 2);
    to[7] = '-';
    gen_put_digits(to + 8, date.day, 2);
}

char *gen_put_number(char *to, uint64_t value)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

char *gen_put_text(char *to, const char *text)
{
    size_t size = strlen(text);

    memcpy(to, text, size);
    return to + size;
}

char *gen_put_eol(char *to, bool lf)
{
    if (!lf)
        *to++ = '\r';
    *to++ = '\n';
    return to;
}

static const struct gen_company known[GEN_KNOWN] = {
    {"PETR", "4", "PETROBRAS", "PN      N2", 3645},    {"VALE", "3", "VALE", "ON      NM", 6132},
    {"ITUB", "4", "ITAUUNIBANCO", "PN      N1", 3510}, {"BBDC", "4", "BRADESCO", "PN      N1", 1398},
    {"BBAS", "3", "BRASIL", "ON      NM", 2612},       {"ABEV", "3", "AMBEV S/A", "ON", 1277},
    {"B3SA", "3", "B3", "ON      NM", 1043},           {"MGLU", "3", "MAGAZ LUIZA", "ON      NM", 912},
    {"WEGE", "3", "WEG", "ON      NM", 5427},          {"CMIG", "4", "CEMIG", "PN      N1", 1129},
    {"CSNA", "3", "SID NACIONAL", "ON", 1201},         {"GGBR", "4", "GERDAU", "PN      N1", 1874},
    {"USIM", "5", "USIMINAS", "PNA     N1", 622},      {"ELET", "3", "ELETROBRAS", "ON      N1", 3788},
    {"CPLE", "6", "COPEL", "PNB     N2", 965},         {"SUZB", "3", "SUZANO S.A.", "ON      NM", 6011},
    {"RENT", "3", "LOCALIZA", "ON      NM", 4205},     {"LREN", "3", "LOJAS RENNER", "ON      NM", 1533},
    {"JBSS", "3", "JBS", "ON      NM", 3602},          {"PRIO", "3", "PETRORIO", "ON      NM", 4066},
    {"RAIL", "3", "RUMO S.A.", "ON      NM", 1988},    {"EQTL", "3", "EQUATORIAL", "ON      NM", 3120},
    {"SBSP", "3", "SABESP", "ON      NM", 9260},       {"HAPV", "3", "HAPVIDA", "ON      NM", 318},
    {"RDOR", "3", "REDE D OR", "ON      NM", 2920},    {"VIVT", "3", "TELEF BRASIL", "ON", 5275},
    {"TIMS", "3", "TIM", "ON      NM", 1655},          {"KLBN", "11", "KLABIN S/A", "UNT     N2", 2144},
    {"BRFS", "3", "BRF SA", "ON      NM", 2601},       {"EMBR", "3", "EMBRAER", "ON      NM", 5333},
    {"GOAU", "4", "GERDAU MET", "PN      N1", 1036},   {"BRAP", "4", "BRADESPAR", "PN      N1", 1866},
    {"CYRE", "3", "CYRELA REALT", "ON      NM", 2051}, {"TOTS", "3", "TOTVS", "ON      NM", 2940},
    {"FLRY", "3", "FLEURY", "ON      NM", 1477},       {"MRVE", "3", "MRV", "ON      NM", 703},
    {"COGN", "3", "COGNA ON", "ON      NM", 141},      {"UGPA", "3", "ULTRAPAR", "ON      NM", 2138},
    {"TAEE", "11", "TAESA", "UNT     N2", 3434},       {"BOVA", "11", "ISHARES BOVA", "CI", 12510},
};

static bool is_taken(const struct gen_company *companies, size_t count, const char *root)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(companies[i].root, root, 4) == 0)
            return true;
    }
    return false;
}

void gen_companies(struct gen_company companies[GEN_COMPANIES])
{
    static const char specifications[5][2][11] = {
        {"3", "ON      NM"}, {"4", "PN      N1"}, {"11", "UNT     N2"}, {"3", "ON"}, {"4", "PN"}};
    struct gen_random random = {.state = 420};

    memcpy(companies, known, sizeof known);
    for (size_t i = GEN_KNOWN; i < GEN_COMPANIES; i++) {
        struct gen_company *company = &companies[i];
        uint32_t choice = gen_below(&random, 5);

        memset(company, 0, sizeof *company);
        do {
            for (size_t k = 0; k < 4; k++)
                company->root[k] = (char)('A' + gen_below(&random, 26));
        } while (is_taken(companies, i, company->root));
        memcpy(company->suffix, specifications[choice][0], sizeof company->suffix);
        memcpy(company->specification, specifications[choice][1], sizeof company->specification);
        memcpy(company->name, company->root, 4);
        /* Real files hold a byte above 0x7f now and then: 0xc9 is an E with an acute accent in latin-1. */
        memcpy(company->name + 4, i % 64 == 40 ? " CIM\xc9RIO" : " S.A.", i % 64 == 40 ? 8 : 5);
        /* Most prices are small: the product of two even spreads leans to the left. */
        company->cents = 50 + gen_below(&random, 120) * gen_below(&random, 120);
    }
}
