/* What the parts of ticker-generate share: the request, random numbers, days, digits and the output. */
#ifndef BENCH_GENERATE_H
#define BENCH_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEN_LINE_MAX 512u       /* room one line may take, line end included */
#define GEN_BILLION 1000000000u /* shares (--dirty, --cancel) are kept as parts in a billion */
#define GEN_SYMBOL_MAX 16u

struct gen_request {
    const char *kind;
    const char *path; /* NULL or "-": standard output */
    uint64_t records;
    uint64_t seed;
    uint32_t dirty;
    uint32_t cancel;
    uint32_t time; /* seconds since midnight */
    int year;
    int32_t day; /* days since 1970-01-01 */
    bool has_day;
    bool lf;
    bool channel;
};

/* How much was written, for --stats. */
struct gen_counts {
    uint64_t dirty;
    uint64_t cancelled;
    uint64_t relisted;
};

struct gen_random {
    uint64_t state;
};

static inline uint64_t gen_next(struct gen_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number from 0 to limit - 1 (limit below 2^32), without a division. */
static inline uint32_t gen_below(struct gen_random *random, uint32_t limit)
{
    return (uint32_t)(((gen_next(random) >> 32) * limit) >> 32);
}

/* True for `share` parts in a billion. */
static inline bool gen_chance(struct gen_random *random, uint32_t share)
{
    return share != 0 && gen_below(random, GEN_BILLION) < share;
}

/* The output: one large buffer before write(). The first failure is kept and ends all further writing. */
struct gen_output {
    const char *name;
    char *buffer;
    size_t used;
    uint64_t bytes;
    int descriptor;
    int failure; /* errno */
};

bool gen_output_open(struct gen_output *output, const char *path);
/* Room for one line of up to GEN_LINE_MAX bytes. */
char *gen_output_room(struct gen_output *output);
void gen_output_take(struct gen_output *output, size_t size);
/* Flushes and closes; false when anything was not written. */
bool gen_output_close(struct gen_output *output);

struct gen_date {
    int year;
    unsigned month;
    unsigned day;
};

int32_t gen_days(int year, unsigned month, unsigned day);
struct gen_date gen_civil(int32_t days);
/* Monday to Friday and no national holiday with a fixed date. */
bool gen_is_session(int32_t days);
/* "20241108" and "2024-11-08"; neither ends with NUL. */
void gen_put_compact(char *to, int32_t days);
void gen_put_iso(char *to, int32_t days);
/* Exactly `width` digits, leading zeros kept. */
void gen_put_digits(char *to, uint64_t value, unsigned width);
/* As many digits as needed; returns the end. */
char *gen_put_number(char *to, uint64_t value);
char *gen_put_text(char *to, const char *text);
/* Ends a line and returns its end. */
char *gen_put_eol(char *to, bool lf);

/* The companies everybody knows come first; the others have invented four-letter roots. */
struct gen_company {
    char root[5];
    char suffix[3];
    char name[13];
    char specification[11];
    uint32_t cents; /* starting price */
};

#define GEN_COMPANIES 420u
#define GEN_KNOWN 40u

/* Fills the table; the same in every run, whatever the seed, so that two files of a size hold the same keys. */
void gen_companies(struct gen_company companies[GEN_COMPANIES]);

/* Each writes the whole file. False when memory is short (the output keeps its own failures). */
bool gen_cotahist(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts);
bool gen_trades(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts);
bool gen_neg(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts);
bool gen_consolidated(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts);
bool gen_prices(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts);

#endif
