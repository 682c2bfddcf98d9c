/* The queue suite on PostgreSQL, and what only PostgreSQL has: rows that another session holds. TICKER_TEST_POSTGRES is the URL of a
 * database in which schemas may be made; each test has one of its own. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue_database.h"
#include "store_suite.h"

#define SKIPPED 77 /* as automake understands it */

static char schema[64], url[4096];

/* Another session, in the test's schema. */
static PGconn *other_session(void)
{
    PGconn *conn = PQconnectdb(url[0] != '\0' ? url : getenv("TICKER_TEST_POSTGRES"));

    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    return conn;
}

/* Runs statements there; the first cell of the answer, or "". */
static const char *run_in(PGconn *conn, const char *sql)
{
    static char answer[1024];
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);

    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(conn));
    (void)snprintf(answer, sizeof(answer), "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return answer;
}

static const char *outside(const char *sql)
{
    PGconn *conn = other_session();
    const char *answer = run_in(conn, sql);

    PQfinish(conn);
    return answer;
}

static void set_up(void)
{
    const char *server = getenv("TICKER_TEST_POSTGRES");
    char sql[128];

    url[0] = '\0';
    (void)snprintf(schema, sizeof(schema), "ticker_queue_%ld", (long)getpid());
    (void)snprintf(sql, sizeof(sql), "CREATE SCHEMA %s", schema);
    (void)outside(sql);
    /* A default that the queue must not depend on. */
    (void)snprintf(
        url, sizeof(url),
        "%s%soptions=-csearch_path%%3D%s%%20-cclient_min_messages%%3Dwarning%%20-cdefault_transaction_isolation%%3D"
        "serializable",
        server, strchr(server, '?') != NULL ? "&" : "?", schema);
}

static void tear_down(void)
{
    char sql[128];

    (void)snprintf(sql, sizeof(sql), "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    (void)outside(sql);
}

static ticker_queue *open_queue(void)
{
    return queue_database_open(url);
}

static const queue_backend backend = {.name = "database",
                                      .set_up = set_up,
                                      .tear_down = tear_down,
                                      .open = open_queue,
                                      .close = queue_database_close,
                                      .exact = true,
                                      .many = 1000};

START_TEST(from_version_1)
{
    queue_database_migrates(url);
    ck_assert_str_eq(outside("SELECT string_agg(version::text, ' ' ORDER BY version) FROM ticker_schema"), "1 2 3 4 5");
}
END_TEST

/* A row that another session is about to take is passed over, and nobody waits for it. */
START_TEST(locked_rows_are_skipped)
{
    ticker_queue *queue = open_queue();
    PGconn *conn = other_session();
    ticker_message *message;
    ticker_error error;

    ti_error_init(&error);
    queue_suite_send(queue, "held");
    queue_suite_send(queue, "free");
    (void)run_in(conn, "BEGIN");
    (void)run_in(conn, "SELECT 1 FROM queue_messages WHERE body = 'held' FOR UPDATE");
    message = queue_suite_receive(queue, 0, 30);
    ck_assert_ptr_nonnull(message);
    ck_assert_str_eq(ticker_message_body(message, NULL), "free");
    queue_suite_ok(ticker_queue_done(queue, message, &error), &error, "done");
    ticker_message_free(message);
    ck_assert_ptr_null(queue_suite_receive(queue, 0, 30));
    (void)run_in(conn, "ROLLBACK");
    message = queue_suite_take(queue, 30);
    ck_assert_str_eq(ticker_message_body(message, NULL), "held");
    ticker_message_free(message);
    PQfinish(conn);
    queue_database_close(queue);
}
END_TEST

/* The tables stay on one machine of a Citus cluster, and are plain. */
START_TEST(the_tables)
{
    ticker_queue *queue = open_queue();
    ticker_message *message;
    ticker_error error;

    ti_error_init(&error);
    queue_suite_send(queue, "one");
    message = queue_suite_take(queue, 30);
    ck_assert_str_eq(outside("SELECT concat_ws('|', body, id, attempts, length(receipt), visible_at - sent_at BETWEEN"
                             " interval '30 s' AND interval '90 s') FROM queue_messages"),
                     "one|1|1|32|t");
    queue_suite_ok(ticker_queue_dead_letter(queue, message, "why", &error), &error, "dead letter");
    ticker_message_free(message);
    ck_assert_str_eq(outside("SELECT concat_ws('|', body, reason, id, attempts, died_at >= sent_at) FROM queue_dead"),
                     "one|why|1|1|t");
    ck_assert_str_eq(outside("SELECT count(*) FROM pg_constraint WHERE contype IN ('f', 'c', 'x') AND connamespace ="
                             " current_schema()::regnamespace"),
                     "0");
    ck_assert_str_eq(
        outside("SELECT count(*) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid WHERE relnamespace ="
                " current_schema()::regnamespace"),
        "0");
    queue_database_close(queue);
}
END_TEST

/* The server ends the session: the next call connects again. */
START_TEST(a_lost_connection)
{
    ticker_queue *queue = open_queue();
    ticker_message *message;
    ticker_error error;

    ti_error_init(&error);
    queue_suite_send(queue, "one");
    (void)outside("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'libtickerimport'"
                  " AND query LIKE '%queue_messages%'");
    queue_suite_sleep(200);
    ck_assert_int_eq(ticker_queue_send(queue, "two", 0, &error), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
    message = queue_suite_take(queue, 30);
    ck_assert_str_eq(ticker_message_body(message, NULL), "one");
    ticker_message_free(message);
    queue_database_close(queue);
}
END_TEST

int main(void)
{
    const char *server = getenv("TICKER_TEST_POSTGRES"), *ci = getenv("CI");
    TCase *tests = tcase_create("postgresql alone");
    Suite *suite = queue_suite(&backend);
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests);
    if (server == NULL || server[0] == '\0') {
        (void)fprintf(stderr, "TICKER_TEST_POSTGRES is not set: the queue in PostgreSQL is not tested\n");
        srunner_free(runner);
        return ci != NULL && strcmp(ci, "true") == 0 ? EXIT_FAILURE : SKIPPED;
    }
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, from_version_1);
    tcase_add_test(tests, locked_rows_are_skipped);
    tcase_add_test(tests, the_tables);
    tcase_add_test(tests, a_lost_connection);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
