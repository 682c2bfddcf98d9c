/* Waiting for the server, and telling it to stop: libpq's calls that do not block, around poll(). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* pthread_timedjoin_np() */
#endif
#include <config.h>

#ifdef TI_WITH_POSTGRESQL

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/number.h"
#include "store/postgres.h"

#define CONNECT_SECONDS 10 /* unless the URL has a connect_timeout */
#define CONNECT_SECONDS_MAX 100000
#define HOSTS_MAX 16
#define WATCH_MILLISECONDS 200    /* between two questions whether to stop */
#define CANCEL_SECONDS 3          /* for a server to take the request to stop */
#define GIVE_UP_MILLISECONDS 5000 /* of silence after it was asked to stop */
#define REST_MILLISECONDS 3       /* to wait for the next row of an answer that is not wanted any more */
#define REST_ROWS 10000           /* to take of it */

static int64_t now_milliseconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t ti_pg_deadline(int64_t milliseconds)
{
    return now_milliseconds() + milliseconds;
}

/* How long to wait for the socket before the next look at what ends the waiting. */
static int watch_for(const ti_pg_patience *patience)
{
    int64_t left = patience->deadline != 0 ? patience->deadline - now_milliseconds() : WATCH_MILLISECONDS;

    return left < 0 ? 0 : left < WATCH_MILLISECONDS ? (int)left : WATCH_MILLISECONDS;
}

static bool is_over(const ti_pg_patience *patience)
{
    return patience->deadline != 0 && now_milliseconds() >= patience->deadline;
}

/* When to give up connecting; -1: never. */
static int64_t connect_deadline(PGconn *conn)
{
    PQconninfoOption *options = PQconninfo(conn);
    int64_t seconds = CONNECT_SECONDS, hosts = 1;

    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++) {
        if (option->val == NULL)
            continue;
        if (strcmp(option->keyword, "connect_timeout") == 0)
            (void)ti_parse_integer(ti_slice_of(option->val), true, &seconds);
        if (strcmp(option->keyword, "host") == 0) {
            for (const char *at = option->val; *at != '\0' && hosts < HOSTS_MAX; at++)
                hosts += *at == ',';
        }
    }
    PQconninfoFree(options);
    if (seconds > CONNECT_SECONDS_MAX)
        seconds = CONNECT_SECONDS_MAX;
    return seconds <= 0 ? -1 : now_milliseconds() + hosts * 1000 * seconds;
}

/* Waits until the socket is ready for what libpq wants next. False when the time is over. */
static bool wait_socket(PGconn *conn, PostgresPollingStatusType wanted, int64_t deadline)
{
    for (;;) {
        struct pollfd poll_for = {.fd = PQsocket(conn), .events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int64_t left = deadline < 0 ? -1 : deadline - now_milliseconds();
        if (deadline >= 0 && left <= 0)
            return false;
        int ready = poll(&poll_for, 1, (int)left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

bool ti_pg_wait_connected(PGconn *conn, bool *late)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    int64_t deadline = connect_deadline(conn);

    *late = false;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        if (!wait_socket(conn, state, deadline)) {
            *late = true;
            return false;
        }
        state = PQconnectPoll(conn);
    }
    return state == PGRES_POLLING_OK;
}

static void *cancel(void *payload)
{
    char why[256];

    (void)PQcancel(payload, why, sizeof(why));
    PQfreeCancel(payload);
    return NULL;
}

/* libpq hears of an end of the connection, whether the server is still there or not. */
void ti_pg_hang_up(PGconn *conn)
{
    if (PQsocket(conn) >= 0)
        (void)shutdown(PQsocket(conn), SHUT_RDWR);
}

/* PQcancel() waits until the server has read the request, however long: so it gets a thread, which is left behind if need be. */
void ti_pg_cancel(PGconn *conn)
{
    PGcancel *request = PQgetCancel(conn);
    struct timespec until;
    pthread_t thread;

    if (request == NULL)
        return;
    if (clock_gettime(CLOCK_REALTIME, &until) != 0 || pthread_create(&thread, NULL, cancel, request) != 0) {
        PQfreeCancel(request);
        ti_pg_hang_up(conn);
        return;
    }
    until.tv_sec += CANCEL_SECONDS;
    if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
        (void)pthread_detach(thread);
        ti_pg_hang_up(conn);
    }
}

bool ti_pg_wait_writable(PGconn *const *conns, size_t count, size_t from, size_t *which)
{
    struct pollfd output[TI_PG_LOADERS_MAX];

    for (size_t i = 0; i < count; i++)
        output[i] = (struct pollfd){.fd = PQsocket(conns[i]), .events = POLLOUT};
    if (poll(output, (nfds_t)count, WATCH_MILLISECONDS) <= 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        *which = (from + i) % count;
        if (output[*which].revents != 0) /* also when it is gone: who writes then learns why */
            return true;
    }
    return false;
}

/* A request to stop takes a connection of its own, which costs the server a process: most answers are over before. */
bool ti_pg_take_rest(PGconn *conn)
{
    for (size_t rows = 0; rows < REST_ROWS; rows++) {
        struct pollfd input = {.fd = PQsocket(conn), .events = POLLIN};
        PGresult *result;

        while (PQisBusy(conn) != 0)
            if (poll(&input, 1, REST_MILLISECONDS) <= 0 || PQconsumeInput(conn) == 0)
                return false;
        result = PQgetResult(conn);
        if (result == NULL)
            return true;
        PQclear(result);
    }
    return false;
}

/* A request to stop that reaches the server before the statement does is lost: so it is asked again after each silence. */
void ti_pg_await(PGconn *conn, const ti_pg_patience *patience)
{
    int64_t asked = 0;
    bool silent = true;

    while (PQisBusy(conn) != 0) {
        struct pollfd input = {.fd = PQsocket(conn), .events = POLLIN};

        if (silent && is_over(patience)) {
            ti_pg_cancel(conn); /* what the server is at may hold locks */
            ti_pg_hang_up(conn);
        } else if (silent && ti_store_interrupted(patience->store)) {
            ti_pg_cancel(conn);
            asked = asked == 0 ? now_milliseconds() : asked;
            if (now_milliseconds() - asked > GIVE_UP_MILLISECONDS)
                ti_pg_hang_up(conn);
        }
        silent = poll(&input, 1, watch_for(patience)) <= 0;
        if (!silent && PQconsumeInput(conn) == 0)
            return;
    }
}

bool ti_pg_flush(PGconn *conn, const ti_pg_patience *patience)
{
    int64_t since = 0;
    int left;

    while ((left = PQflush(conn)) == 1) {
        struct pollfd ready = {.fd = PQsocket(conn), .events = POLLIN | POLLOUT};
        int count = poll(&ready, 1, watch_for(patience));

        if (count > 0 && (ready.revents & ~POLLOUT) != 0 && PQconsumeInput(conn) == 0)
            return false;
        if (count <= 0 && is_over(patience))
            ti_pg_hang_up(conn);
        if (count > 0 || !ti_store_interrupted(patience->store)) {
            since = 0;
            continue;
        }
        since = since == 0 ? now_milliseconds() : since;
        if (now_milliseconds() - since > GIVE_UP_MILLISECONDS)
            ti_pg_hang_up(conn);
    }
    return left == 0;
}

ti_pg_result *ti_pg_wait_result(PGconn *conn, const ti_pg_patience *patience)
{
    PGresult *last = NULL;

    for (;;) {
        PGresult *next;

        ti_pg_await(conn, patience);
        next = PQgetResult(conn);
        if (next == NULL)
            return last;
        if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
            PQclear(next);
            continue;
        }
        PQclear(last);
        last = next;
        if (PQresultStatus(last) == PGRES_COPY_IN || PQstatus(conn) == CONNECTION_BAD)
            return last;
    }
}

#endif
