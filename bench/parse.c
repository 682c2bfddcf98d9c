/* ticker-bench-parse: how fast the public reader turns a file into columns, with no database behind it. */
#include <tickerimport.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined __x86_64__
#include <immintrin.h>
#endif

#define EXIT_USAGE 2
#define REPEATS_MAX 1000u

struct pass {
    uint64_t bytes; /* decompressed */
    uint64_t records;
    uint64_t rejected;
    uint64_t volume; /* summed, so that a column of every batch is really read */
    uint64_t
        cycles; /* of the processor's time stamp counter, which runs at one rate whatever the core does; 0: it has none */
    double seconds;
};

static const char help[] = "usage: ticker-bench-parse FILE [--repeats N] [--json] [--memory]\n"
                           "\n"
                           "Reads a B3 file (plain, gzip or zip) from beginning to end N times (default 1) and prints\n"
                           "bytes, records, seconds, GB/s (10^9 decompressed bytes), ns and cycles of the time stamp\n"
                           "counter a record of every pass.\n"
                           "--memory only adds up the words of the file in memory: what reading it costs at least.\n"
                           "--json prints one object a pass. Exit status: 0 done, 1 not readable, 2 wrong usage.\n";

static void add_batch(struct pass *pass, const ticker_batch *batch)
{
    bool quotes = ticker_batch_table(batch) == TICKER_QUOTES;
    const int64_t *volume = ticker_batch_i64(batch, quotes ? TICKER_QUOTE_VOLUME : TICKER_TRADE_VOLUME);
    size_t rows = ticker_batch_rows(batch);

    pass->records += rows;
    for (size_t i = 0; volume != NULL && i < rows; i++)
        pass->volume += (uint64_t)volume[i];
}

static ticker_status read_members(ticker_reader *reader, struct pass *pass, ticker_error *error)
{
    ticker_status status;

    while ((status = ticker_reader_next_member(reader, error)) == TICKER_OK) {
        const ticker_batch *batch = NULL;
        const ticker_report *report;

        while ((status = ticker_reader_next_batch(reader, &batch, error)) == TICKER_OK)
            add_batch(pass, batch);
        if (status != TICKER_DONE)
            break;
        report = ticker_reader_report(reader);
        pass->bytes += (uint64_t)ticker_report_integer(report, TICKER_REPORT_MEMBER_BYTES);
        pass->rejected += (uint64_t)ticker_report_integer(report, TICKER_REPORT_REJECTED);
    }
    return status;
}

static double now(void)
{
    struct timespec time = {0};

    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0)
        return 0;
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t count_cycles(void)
{
#if defined __x86_64__
    return __rdtsc();
#else
    return 0;
#endif
}

/* The whole file in memory, then each word of it once. */
static ticker_status read_memory(const char *path, struct pass *pass, ticker_error *error)
{
    FILE *file = fopen(path, "rb");
    long size = file != NULL && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    unsigned char *bytes = size > 0 ? malloc((size_t)size) : NULL;
    bool good = bytes != NULL && fseek(file, 0, SEEK_SET) == 0 && fread(bytes, 1, (size_t)size, file) == (size_t)size;
    double begin = now();
    uint64_t cycles = count_cycles();

    *pass = (struct pass){.bytes = good ? (uint64_t)size : 0};
    for (uint64_t at = 0; at + 8 <= pass->bytes; at += 8) {
        uint64_t word;

        memcpy(&word, bytes + at, sizeof word);
        pass->volume += word;
    }
    pass->seconds = now() - begin;
    pass->cycles = count_cycles() - cycles;
    free(bytes);
    if (file != NULL)
        (void)fclose(file);
    return good ? TICKER_DONE : ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the file cannot be read");
}

/* TICKER_DONE when the whole file was read. */
static ticker_status read_file(const char *path, struct pass *pass, ticker_error *error)
{
    double begin = now();
    uint64_t cycles = count_cycles();
    ticker_source *source = NULL;
    ticker_reader *reader;
    ticker_status status = ticker_source_open_file(path, &source, error);

    *pass = (struct pass){0};
    if (status != TICKER_OK)
        return status;
    reader = ticker_reader_new(source, NULL);
    if (reader == NULL)
        return ticker_error_set(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "out of memory");
    status = read_members(reader, pass, error);
    ticker_reader_free(reader);
    pass->seconds = now() - begin;
    pass->cycles = count_cycles() - cycles;
    return status;
}

static bool show(const char *path, const struct pass *pass, bool json)
{
    double speed = pass->seconds > 0 ? (double)pass->bytes / pass->seconds / 1e9 : 0;
    double each = pass->records > 0 ? pass->seconds * 1e9 / (double)pass->records : 0;
    double cycles = pass->records > 0 ? (double)pass->cycles / (double)pass->records : 0;

    if (json)
        return printf("{\"bytes\":%" PRIu64 ",\"records\":%" PRIu64 ",\"rejected\":%" PRIu64 ",\"volume\":%" PRIu64
                      ",\"seconds\":%.6f,\"gb_per_second\":%.3f,\"ns_per_record\":%.1f,\"cycles_per_record\":%.1f}\n",
                      pass->bytes, pass->records, pass->rejected, pass->volume, pass->seconds, speed, each, cycles) > 0;
    return printf("%s: %" PRIu64 " bytes, %" PRIu64 " records, %" PRIu64
                  " rejected, %.4f s, %.3f GB/s, %.1f ns and %.1f cycles a record\n",
                  path, pass->bytes, pass->records, pass->rejected, pass->seconds, speed, each, cycles) > 0;
}

static int measure(const char *path, unsigned repeats, bool json, bool memory)
{
    ticker_error *error = ticker_error_new();
    ticker_status status = TICKER_DONE;
    bool written = true;

    if (error == NULL) {
        (void)fprintf(stderr, "ticker-bench-parse: out of memory\n");
        return EXIT_FAILURE;
    }
    for (unsigned i = 0; i < repeats && status == TICKER_DONE && written; i++) {
        struct pass pass;

        status = memory ? read_memory(path, &pass, error) : read_file(path, &pass, error);
        if (status == TICKER_DONE)
            written = show(path, &pass, json);
    }
    if (status != TICKER_DONE) {
        char line[TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

        (void)ticker_error_format(error, line, sizeof line);
        (void)fprintf(stderr, "ticker-bench-parse: %s\n", line);
    }
    ticker_error_free(error);
    written = fflush(stdout) == 0 && written;
    return status == TICKER_DONE && written ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Digits only, 1 to REPEATS_MAX; 0 for anything else. */
static unsigned read_repeats(const char *text)
{
    unsigned number = 0;

    for (; *text >= '0' && *text <= '9' && number <= REPEATS_MAX; text++)
        number = number * 10 + (unsigned)(*text - '0');
    return *text == '\0' && number <= REPEATS_MAX ? number : 0;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    unsigned repeats = 1;
    bool json = false, memory = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return fputs(help, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--memory") == 0)
            memory = true;
        else if (strcmp(argv[i], "--repeats") == 0 && i + 1 < argc)
            repeats = read_repeats(argv[++i]);
        else if (path == NULL && argv[i][0] != '-')
            path = argv[i];
        else
            repeats = 0;
    }
    if (path == NULL || repeats == 0) {
        (void)fputs(help, stderr);
        return EXIT_USAGE;
    }
    return measure(path, repeats, json, memory);
}
