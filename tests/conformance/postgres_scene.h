/* A schema of its own for each test, in the database that TICKER_TEST_POSTGRES names; what tests on PostgreSQL begin with. */
#ifndef TI_TESTS_POSTGRES_SCENE_H
#define TI_TESTS_POSTGRES_SCENE_H

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_suite.h"

#define SKIPPED 77 /* as automake understands it */
#define TEST_SECONDS 60

static char schema[64], url[4096];

/* Runs statements as another session, in the test's schema; the first cell of the answer, or "". */
static const char *outside(const char *sql)
{
    static char answer[1024];
    PGconn *conn = PQconnectdb(url[0] != '\0' ? url : getenv("TICKER_TEST_POSTGRES"));
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);

    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(conn));
    (void)snprintf(answer, sizeof(answer), "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(conn);
    return answer;
}

static const char *set_up(void)
{
    const char *server = getenv("TICKER_TEST_POSTGRES");
    char sql[128];

    url[0] = '\0';
    (void)snprintf(schema, sizeof(schema), "ticker_test_%ld", (long)getpid());
    (void)snprintf(sql, sizeof(sql), "CREATE SCHEMA %s", schema);
    (void)outside(sql);
    (void)snprintf(url, sizeof(url), "%s%soptions=-csearch_path%%3D%s%%20-cclient_min_messages%%3Dwarning", server,
                   strchr(server, '?') != NULL ? "&" : "?", schema);
    return url;
}

static void tear_down(void)
{
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    (void)outside(sql);
}

static void own_set_up(void)
{
    (void)set_up();
}

/* The cases of a program that has no others; what main() is to return. */
static inline int run_alone(const char *name, TCase *cases)
{
    Suite *suite = suite_create(name);
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, own_set_up, tear_down);
    tcase_set_timeout(cases, TEST_SECONDS);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline ticker_batch *quotes_of(const char *const *dates, size_t count)
{
    ticker_batch *batch = ti_batch_new(TICKER_QUOTES, (uint32_t)count, 256);

    ck_assert_ptr_nonnull(batch);
    for (size_t i = 0; i < count; i++)
        (void)store_suite_quote(batch, "PETR4", dates[i], "010");
    return batch;
}

static ti_ledger_row ledger_row(const char *status)
{
    return (ti_ledger_row){.file = "file",
                           .member = "",
                           .format = "test",
                           .sha256 = "b",
                           .status = status,
                           .error = "",
                           .problems = "[]",
                           .turnover = "0",
                           .first_date = TICKER_NULL,
                           .last_date = TICKER_NULL};
}

#endif
