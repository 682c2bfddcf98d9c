/* Redis by hiredis: it connects and takes answers apart. Bytes are sent and received here, so that there is one time-out for an
 * exchange, however slowly its bytes drip, a cap on what an answer may hold, and no SIGPIPE. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memmem, strerrordesc_np */
#endif
#include <config.h>

#include "cache/redis.h"

#include "base/error.h"

void ti_redis_command(ti_buffer *to, size_t words)
{
    (void)ti_buffer_printf(to, "*%zu\r\n", words);
}

void ti_redis_word(ti_buffer *to, ti_slice word)
{
    (void)ti_buffer_printf(to, "$%zu\r\n", word.size);
    (void)ti_buffer_slice(to, word);
    (void)ti_buffer_text(to, "\r\n");
}

#ifdef TI_WITH_HIREDIS

#include <errno.h>
#pragma GCC diagnostic push /* its headers are not as strict as this library */
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <hiredis.h>
#pragma GCC diagnostic pop
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/clock.h"

#define PIECE (64 * 1024)
#define KEPT_MAX (256 * 1024)           /* bytes of a buffer that is kept for the next answer */
#define GREETING_BYTES_MAX (256 * 1024) /* of INFO; Redis 7 sends 1 KB */
#define COMMANDS_MAX 8192               /* of the greeting: a password of a kilobyte fits */

struct ti_redis_link {
    redisContext *context;
    redisReplyObjectFunctions functions, theirs;
    redisReply *answers[TI_REDIS_ANSWERS_MAX];
    size_t answer_count;
    int timeout;
    bool greeted; /* the handshake is over */
    char run[TI_REDIS_RUN_MAX];
    char piece[PIECE];
};

/* --- Answers ------------------------------------------------------------------------------------------------------------------- */

static const redisReply *reply_of(const ti_redis_answer *answer)
{
    return (const redisReply *)answer;
}

ti_redis_kind ti_redis_kind_of(const ti_redis_answer *answer)
{
    switch (reply_of(answer)->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return TI_REDIS_TEXT;
    case REDIS_REPLY_INTEGER:
        return TI_REDIS_NUMBER;
    case REDIS_REPLY_ARRAY:
        return TI_REDIS_LIST;
    case REDIS_REPLY_ERROR:
        return TI_REDIS_ERROR;
    default:
        return TI_REDIS_NIL;
    }
}

ti_slice ti_redis_text(const ti_redis_answer *answer)
{
    const redisReply *reply = reply_of(answer);
    bool text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ||
                reply->type == REDIS_REPLY_ERROR;

    return text ? (ti_slice){reply->str, reply->len} : (ti_slice){"", 0};
}

const ti_redis_answer *ti_redis_element(const ti_redis_answer *answer, size_t index)
{
    const redisReply *reply = reply_of(answer);

    return reply->type == REDIS_REPLY_ARRAY && index < reply->elements ? (const ti_redis_answer *)reply->element[index]
                                                                       : NULL;
}

static bool starts(ti_slice text, const char *with)
{
    size_t size = strlen(with);

    return text.size >= size && memcmp(text.data, with, size) == 0;
}

ticker_status ti_redis_refused(const ti_redis_answer *answer, ticker_error *error)
{
    static const char *const later[] = {"LOADING", "BUSY",    "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN",
                                        "OOM",     "MISCONF", "READONLY", "NOREPLICAS",  "ERR max number of clients"};
    ti_slice text = ti_redis_text(answer);
    int size = (int)(text.size < 120 ? text.size : 120);
    ticker_status status = TICKER_FATAL;

    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        if (starts(text, later[i]))
            status = TICKER_RETRY;
    (void)ti_fail(error, status, status == TICKER_RETRY ? TICKER_ERROR_SERVICE : TICKER_ERROR_USAGE,
                  "Redis refused: %.*s", size, text.data);
    if (starts(text, "WRONGPASS") || starts(text, "NOAUTH") || starts(text, "ERR invalid password"))
        ti_error_hint(error, "see to user and password in REDIS_URL");
    else if (starts(text, "NOPERM"))
        ti_error_hint(error, "the user in REDIS_URL needs INFO, MGET, GET, SET and DEL on keys ticker:*");
    else if (starts(text, "ERR DB index") || starts(text, "ERR invalid DB"))
        ti_error_hint(error, "see to the database's number in REDIS_URL");
    else if (starts(text, "OOM"))
        ti_error_hint(error, "give Redis more memory, or the policy allkeys-lru");
    return status;
}

/* --- Bytes --------------------------------------------------------------------------------------------------------------------- */

static int64_t now(void)
{
    return ti_clock_system.monotonic(ti_clock_system.self);
}

static bool lost(int code)
{
    return code == ECONNRESET || code == EPIPE || code == ENOTCONN || code == ECONNABORTED;
}

static bool fail_bytes(int code, bool *gone, ticker_error *error)
{
    *gone = lost(code);
    if (code == EAGAIN || code == EWOULDBLOCK)
        (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "Redis did not answer in time");
    else
        (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the connection to Redis broke: %s",
                      code == 0 ? "it was closed" : strerrordesc_np(code));
    return false;
}

/* Each send() waits no longer than the time-out, by the socket's own. */
static bool send_all(ti_redis_link *link, const ti_buffer *commands, int64_t until, bool *gone, ticker_error *error)
{
    size_t sent = 0;

    while (sent < commands->size) {
        ssize_t more = send(link->context->fd, commands->data + sent, commands->size - sent, MSG_NOSIGNAL);

        if (more < 0 && errno == EINTR && now() < until)
            continue;
        if (more < 0)
            return fail_bytes(errno, gone, error);
        sent += (size_t)more;
        if (sent < commands->size && now() >= until)
            return fail_bytes(EAGAIN, gone, error);
    }
    return true;
}

static bool fail_protocol(ticker_error *error, const char *what)
{
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "Redis' answer %s", what);
    ti_error_hint(error, "see whether it is Redis that listens there");
    return false;
}

/* Reads until the next answer is whole. */
static bool take_answer(ti_redis_link *link, size_t *left, int64_t until, void **answer, bool *gone,
                        ticker_error *error)
{
    for (;;) {
        ssize_t got;

        if (redisReaderGetReply(link->context->reader, answer) != REDIS_OK)
            return fail_protocol(error, "cannot be read");
        if (*answer != NULL)
            return true;
        got = recv(link->context->fd, link->piece, PIECE, 0);
        if (got < 0 && errno == EINTR && now() < until)
            continue;
        if (got == 0) {
            (void)fail_bytes(0, gone, error);
            *gone = true;
            return false;
        }
        if (got < 0)
            return fail_bytes(errno, gone, error);
        if ((size_t)got > *left)
            return fail_protocol(error, "is too long");
        *left -= (size_t)got;
        if (redisReaderFeed(link->context->reader, link->piece, (size_t)got) != REDIS_OK)
            return fail_protocol(error, "cannot be read");
        if (now() >= until) {
            /* It may be whole just now. */
            if (redisReaderGetReply(link->context->reader, answer) == REDIS_OK && *answer != NULL)
                return true;
            return fail_bytes(EAGAIN, gone, error);
        }
    }
}

void ti_redis_forget(ti_redis_link *link)
{
    while (link->answer_count > 0)
        freeReplyObject(link->answers[--link->answer_count]);
}

bool ti_redis_exchange(ti_redis_link *link, const ti_buffer *commands, size_t count, size_t max,
                       const ti_redis_answer **answers, bool *gone, ticker_error *error)
{
    int64_t until = now() + link->timeout;
    const redisReader *reader = link->context->reader;

    *gone = false;
    ti_redis_forget(link);
    if (ti_buffer_failed(commands)) {
        (void)ti_fail_memory(error);
        return false;
    }
    if (!send_all(link, commands, until, gone, error))
        return false;
    while (link->answer_count < count) {
        void *answer = NULL;

        if (!take_answer(link, &max, until, &answer, gone, error))
            return false;
        *gone = false;
        answers[link->answer_count] = answer;
        link->answers[link->answer_count++] = answer;
    }
    /* What was not asked for would be taken for the answer to the next question. */
    if (reader->pos != reader->len)
        return fail_protocol(error, "goes on behind its end");
    return true;
}

/* --- Connecting ---------------------------------------------------------------------------------------------------------------- */

/* Lists are made before their elements are there: a number alone must not take memory. */
static void *make_list(const redisReadTask *task, int elements)
{
    ti_redis_link *link = task->privdata;

    return elements <= 2 * TI_REDIS_ANSWERS_MAX ? link->theirs.createArray(task, elements) : NULL;
}

static struct timeval time_of(int milliseconds)
{
    return (struct timeval){milliseconds / 1000, (milliseconds % 1000) * 1000};
}

static ticker_status open_socket(ti_redis_link *link, const ti_redis_address *address, ticker_error *error)
{
    struct timeval connect_time = time_of(address->connect_timeout), time = time_of(address->timeout);
    redisContext *context = address->port != 0 ? redisConnectWithTimeout(address->host, address->port, connect_time)
                                               : redisConnectUnixWithTimeout(address->host, connect_time);
    ticker_status status;
    char port[8] = "";

    link->context = context;
    if (context == NULL || context->err == REDIS_ERR_OOM)
        return ti_fail_memory(error);
    if (context->err == 0 && setsockopt(context->fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) == 0 &&
        setsockopt(context->fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) == 0) {
        if (address->port != 0)
            (void)redisEnableKeepAlive(context);
        return TICKER_OK;
    }
    if (address->port != 0)
        (void)snprintf(port, sizeof(port), ":%d", address->port);
    status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "cannot connect to Redis at %s%s: %s", address->host,
                     port, context->err != 0 ? context->errstr : strerrordesc_np(errno));
    ti_error_hint(error, "see whether Redis runs there; requests are answered without it meanwhile");
    return status;
}

/* "run_id:0123…" in what INFO says. */
static ticker_status take_run(ti_redis_link *link, const ti_redis_answer *answer, ticker_error *error)
{
    static const char name[] = "run_id:";
    ti_slice info = ti_redis_text(answer);
    const char *at = info.size > 0 ? memmem(info.data, info.size, name, sizeof(name) - 1) : NULL;
    size_t digits = 0, left;

    if (at == NULL) {
        (void)fail_protocol(error, "does not say which run of the server it is");
        return TICKER_RETRY;
    }
    at += sizeof(name) - 1;
    left = info.size - (size_t)(at - info.data);
    while (digits < left && digits < sizeof(link->run) - 1 && strchr("0123456789abcdef", at[digits]) != NULL &&
           at[digits] != '\0') {
        link->run[digits] = at[digits];
        digits++;
    }
    link->run[digits] = '\0';
    if (digits == sizeof(link->run) - 1)
        return TICKER_OK;
    (void)fail_protocol(error, "has a run_id that is too short");
    return TICKER_RETRY;
}

static size_t write_greeting(ti_buffer *commands, const ti_redis_address *address)
{
    size_t count = 1;

    if (address->password[0] != '\0') {
        ti_redis_command(commands, address->user[0] != '\0' ? 3 : 2);
        ti_redis_word(commands, ti_slice_of("AUTH"));
        if (address->user[0] != '\0')
            ti_redis_word(commands, ti_slice_of(address->user));
        ti_redis_word(commands, ti_slice_of(address->password));
        count++;
    }
    if (address->database != 0) {
        char number[16];

        (void)snprintf(number, sizeof(number), "%d", address->database);
        ti_redis_command(commands, 2);
        ti_redis_word(commands, ti_slice_of("SELECT"));
        ti_redis_word(commands, ti_slice_of(number));
        count++;
    }
    ti_redis_command(commands, 2);
    ti_redis_word(commands, ti_slice_of("INFO"));
    ti_redis_word(commands, ti_slice_of("server"));
    return count;
}

static ticker_status greet(ti_redis_link *link, const ti_redis_address *address, ticker_error *error)
{
    const ti_redis_answer *answers[3];
    ticker_status status = TICKER_OK;
    ti_buffer commands;
    size_t count;
    bool gone;

    ti_buffer_init(&commands, COMMANDS_MAX);
    commands.secret = true;
    count = write_greeting(&commands, address);
    if (!ti_redis_exchange(link, &commands, count, GREETING_BYTES_MAX, answers, &gone, error))
        status = TICKER_RETRY;
    for (size_t i = 0; status == TICKER_OK && i < count; i++)
        if (ti_redis_kind_of(answers[i]) == TI_REDIS_ERROR)
            status = ti_redis_refused(answers[i], error);
    if (status == TICKER_OK)
        status = take_run(link, answers[count - 1], error);
    ti_buffer_free(&commands);
    return status;
}

ticker_status ti_redis_connect(const ti_redis_address *address, ti_redis_link **opened, ticker_error *error)
{
    ti_redis_link *link = calloc(1, sizeof(*link));
    ticker_status status;

    if (link == NULL)
        return ti_fail_memory(error);
    link->timeout = address->timeout;
    status = open_socket(link, address, error);
    if (status == TICKER_OK) {
        link->theirs = *link->context->reader->fn;
        link->functions = link->theirs;
        link->functions.createArray = make_list;
        link->context->reader->fn = &link->functions;
        link->context->reader->privdata = link;
        link->context->reader->maxbuf = KEPT_MAX;
        status = greet(link, address, error);
    }
    if (status != TICKER_OK) {
        ti_redis_close(link);
        return status;
    }
    *opened = link;
    return TICKER_OK;
}

void ti_redis_close(ti_redis_link *link)
{
    if (link == NULL)
        return;
    ti_redis_forget(link);
    if (link->context != NULL)
        redisFree(link->context);
    free(link);
}

const char *ti_redis_run(const ti_redis_link *link)
{
    return link->run;
}

#endif
