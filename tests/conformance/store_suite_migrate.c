/* Migrations while others use the database: several processes bring the schema up to date at once, one of them is killed on the way,
 * some begin an import, and some read all the time. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pipeline/import.h"
#include "store_suite_parts.h"

#define ROUNDS 4 /* for each of the older versions */
#define READS_MIN 5
#define CHILDREN 5

enum { VICTIM, MIGRATES, IMPORTS, IMPORTS_TOO, READS };

static void pause_for(long milliseconds)
{
    const struct timespec moment = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};

    (void)nanosleep(&moment, NULL);
}

/* What every version has, read as it may be. */
static void read_once(ticker_store *store)
{
    char *answer = store_suite_ask(store, "tt", "SELECT file, status FROM {imports} AS i WHERE id = 1", NULL);

    ck_assert_str_eq(answer, "file|imported;");
    free(answer);
    answer = store_suite_ask(store, "p", "SELECT close FROM {quotes} AS q WHERE ticker = 'OLD3'", NULL);
    ck_assert_str_eq(answer, "1000000;");
    free(answer);
}

static void read_until_it_is_new(ticker_store *store, ticker_error *error)
{
    int found = 0;

    for (int reads = 0; reads < READS_MIN || found != TI_SCHEMA_VERSION; reads++) {
        store_suite_ok(ticker_store_version(store, &found, NULL, error), error, "version");
        read_once(store);
    }
}

static void be_child(int number, const char *sha256)
{
    ticker_store *store = store_suite_open(suite.url);
    ticker_error error;
    int64_t id;

    ti_error_init(&error);
    if (number == VICTIM || number == MIGRATES) {
        store_suite_ok(ticker_store_migrate(store, &error), &error, "migrate");
    } else if (number == READS) {
        read_until_it_is_new(store, &error);
    } else {
        store_suite_ok(ti_prepare_store(store, &error), &error, "prepare");
        ck_assert_int_eq(store_suite_import(store, &suite.quotes, 1, sha256, &id),
                         TICKER_OK); /* each has a hash of its own */
    }
    ticker_store_free(store);
    _exit(0);
}

static void run_children(const char *sha256, const char *sha256_too, long moment)
{
    pid_t child[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        child[i] = fork();
        ck_assert_int_ge(child[i], 0);
        if (child[i] == 0)
            be_child(i, i == IMPORTS ? sha256 : sha256_too);
    }
    pause_for(moment);
    (void)kill(child[VICTIM], SIGKILL);
    for (int i = 0; i < CHILDREN; i++) {
        int result = -1;

        ck_assert_int_eq(waitpid(child[i], &result, 0), child[i]);
        ck_assert_msg(i == VICTIM || (WIFEXITED(result) && WEXITSTATUS(result) == 0), "process %d ended with %d", i,
                      result);
    }
}

/* A hash of which there is one for each number. */
static void make_hash(char sha256[65], int number)
{
    memset(sha256, '0', 64);
    sha256[64] = '\0';
    sha256[0] = (char)('a' + number / 16);
    sha256[1] = "0123456789abcdef"[number % 16];
}

START_TEST(test_migrates_among_others)
{
    char first[65], second[65], expected[16];
    ticker_error *error = &suite.error;
    int64_t id;

    suite_put_quote("OLD3", "2016-01-04", "010", 1);
    ck_assert_int_eq(suite_import(suite.quotes, SHA_A, &id), TICKER_OK);
    suite_put_quote("NEW3", "2016-01-04", "010", 2);
    suite_put_quote("NEW3", "2017-01-04", "010", 2);
    for (int round = 0; round < ROUNDS; round++) {
        store_suite_go_back(suite.store, _i);
        ticker_store_free(suite.store);
        suite.store = NULL; /* nobody has it open while others begin */
        make_hash(first, 2 * round + 1);
        make_hash(second, 2 * round + 2);
        run_children(first, second, 3 * round);
        suite.store = store_suite_open(suite.url);
        read_until_it_is_new(suite.store, error);
        (void)snprintf(expected, sizeof(expected), "%d;", 2 * round + 3);
        store_suite_expect(suite.store, "i", "SELECT count(*) FROM {imports} AS i WHERE status = 'imported'", expected);
        store_suite_expect(suite.store, "i", COUNT_QUOTES, "3;");
    }
}
END_TEST

void suite_add_migrate(Suite *to)
{
    TCase *tests = suite_group(to, "migrations");

    tcase_add_loop_test(tests, test_migrates_among_others, 1, TI_SCHEMA_VERSION);
}
