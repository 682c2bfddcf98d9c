/* ticker-bench-sigv4: how many requests to S3 one core signs in a second, through the public interface. */
#include <tickerimport.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXIT_USAGE 2
#define COUNT_MAX 100000000u

static const char help[] =
    "usage: ticker-bench-sigv4 COUNT\n"
    "\n"
    "Signs COUNT different GETs of a range of an object, each with four headers, with the key of one\n"
    "day, and prints: ticker-signing, COUNT, seconds, and the last Authorization, with tabs.\n"
    "bench/peers/sigv4_peers.py signs the same requests.\n";

/* What stays the same from request to request. The keys are those of AWS's documentation. */
static const char *const fixed[][2] = {
    {"access-key", "AKIAIOSFODNN7EXAMPLE"},
    {"secret-key", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
    {"region", "us-east-1"},
    {"service", "s3"},
    {"time", "20130524T000000Z"},
    {"payload-hash", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
};

/* host, range, and the two that are added: x-amz-content-sha256 and x-amz-date. */
static ticker_status prepare(ticker_signing *signing, ticker_error *error)
{
    ticker_status status = ticker_signing_header(signing, "Host", "examplebucket.s3.amazonaws.com", error);

    if (status == TICKER_OK)
        status = ticker_signing_header(signing, "Range", "bytes=8388608-16777215", error);
    for (size_t i = 0; status == TICKER_OK && i < sizeof(fixed) / sizeof(fixed[0]); i++)
        status = ticker_signing_set(signing, fixed[i][0], fixed[i][1], error);
    return status;
}

static ticker_status sign(ticker_signing *signing, unsigned count, const char **text, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    char path[64];

    for (unsigned i = 1; status == TICKER_OK && i <= count; i++) {
        (void)snprintf(path, sizeof(path), "/quotes/2026/COTAHIST_A%08u.ZIP", i);
        status = ticker_signing_set(signing, "path", path, error);
        if (status == TICKER_OK)
            status = ticker_signing_authorization(signing, text, error);
    }
    return status;
}

static double now(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static unsigned number(const char *text)
{
    unsigned value = 0;

    for (; *text >= '0' && *text <= '9' && value <= COUNT_MAX; text++)
        value = value * 10 + (unsigned)(*text - '0');
    return *text == '\0' && value <= COUNT_MAX ? value : 0;
}

int main(int argc, char **argv)
{
    unsigned count = argc == 2 ? number(argv[1]) : 0;
    ticker_signing *signing = ticker_signing_new();
    ticker_error *error = ticker_error_new();
    const char *text = "";
    ticker_status status;
    double started;

    if (count == 0) {
        fputs(help, stderr);
        status = TICKER_FATAL;
    } else {
        status = signing != NULL ? prepare(signing, error) : TICKER_FATAL;
        started = now();
        if (status == TICKER_OK)
            status = sign(signing, count, &text, error);
        if (status == TICKER_OK)
            printf("ticker-signing\t%u\t%.6f\t%s\n", count, now() - started, text);
        else
            fprintf(stderr, "ticker-bench-sigv4: %s\n", ticker_error_message(error));
    }
    ticker_signing_free(signing);
    ticker_error_free(error);
    return status == TICKER_OK ? 0 : count == 0 ? EXIT_USAGE : 1;
}
