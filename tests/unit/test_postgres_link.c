/* The connection to PostgreSQL, with a server that is none: it says what a test wants to be said, and hangs up when it is to. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/store.h"
#include "support.h"

#define FILES_MAX 256 /* descriptors that are looked at */
#define MESSAGE_MAX 4096
#define CONNECTIONS_MAX 4

/* What becomes of a connection. */
typedef enum fate {
    HANGS_UP, /* once the session is set up */
    TOO_OLD,
    REFUSES, /* every statement */
    GOOD,
} fate;

typedef struct server {
    int listener;
    uint16_t port;
    fate fate[CONNECTIONS_MAX];      /* of the first, the second … */
    const char *severity, *sqlstate; /* of what it refuses with; NULL: ERROR, 57014 */
    const char *parameter, *value;   /* that it says of itself; NULL: none */
    atomic_uint connections;
    pthread_t thread;
} server;

static bool read_all(int file, unsigned char *to, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t count = read(file, to + got, size - got);

        if (count <= 0)
            return false;
        got += (size_t)count;
    }
    return true;
}

/* A message behind its type; its first byte, or 0 when there is none. */
static bool read_message(int file, unsigned char message[MESSAGE_MAX])
{
    unsigned char head[4];
    size_t size;

    if (!read_all(file, head, sizeof(head)))
        return false;
    size = (size_t)head[2] << 8 | head[3];
    return head[0] == 0 && head[1] == 0 && size >= 4 && size - 4 <= MESSAGE_MAX && read_all(file, message, size - 4);
}

static void say(int file, char type, const char *text, size_t size)
{
    unsigned char head[5] = {(unsigned char)type, 0, 0, (unsigned char)((size + 4) >> 8), (unsigned char)(size + 4)};

    (void)!write(file, head, sizeof(head));
    (void)!write(file, text, size);
}

#define SAY(file, type, text) say(file, type, text, sizeof(text) - 1)

/* Texts behind one another, each with its end. */
static void put(char *to, size_t *size, const char *text)
{
    memcpy(to + *size, text, strlen(text) + 1);
    *size += strlen(text) + 1;
}

static void refuse(const server *self, int file)
{
    const char *severity = self->severity != NULL ? self->severity : "ERROR";
    char text[200] = "S";
    size_t size = 1;

    put(text, &size, severity);
    text[size++] = 'V';
    put(text, &size, severity);
    text[size++] = 'C';
    put(text, &size, self->sqlstate != NULL ? self->sqlstate : "57014");
    put(text, &size, "Mthe reason");
    say(file, 'E', text, size + 1);
}

static void introduce(const server *self, int file, fate what)
{
    char text[200] = "";
    size_t size = 0;

    SAY(file, 'R', "\0\0\0\0");
    if (what == TOO_OLD)
        SAY(file, 'S', "server_version\00014.5\0");
    else
        SAY(file, 'S', "server_version\00015.1\0");
    if (self->parameter != NULL) {
        put(text, &size, self->parameter);
        put(text, &size, self->value);
        say(file, 'S', text, size);
    }
    SAY(file, 'Z', "I");
}

static void serve(const server *self, int file, fate what)
{
    unsigned char message[MESSAGE_MAX], type;

    if (!read_message(file, message))
        return;
    introduce(self, file, what);
    while (read_all(file, &type, 1) && read_message(file, message) && type != 'X') {
        if (what == REFUSES)
            refuse(self, file);
        else
            SAY(file, 'C', "SET\0");
        SAY(file, 'Z', "I");
        if (what == HANGS_UP)
            return;
    }
}

static void *run_server(void *payload)
{
    server *self = payload;
    int file;

    while ((file = accept(self->listener, NULL, NULL)) >= 0) {
        unsigned number = atomic_fetch_add(&self->connections, 1);

        serve(self, file, number < CONNECTIONS_MAX ? self->fate[number] : GOOD);
        (void)close(file);
    }
    return NULL;
}

static void start(server *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    atomic_init(&self->connections, 0);
    self->listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(self->listener, 0);
    ck_assert_int_eq(bind(self->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(self->listener, CONNECTIONS_MAX), 0);
    ck_assert_int_eq(getsockname(self->listener, (struct sockaddr *)&address, &size), 0);
    self->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&self->thread, NULL, run_server, self), 0);
}

static void stop(server *self)
{
    (void)shutdown(self->listener, SHUT_RDWR);
    ck_assert_int_eq(pthread_join(self->thread, NULL), 0);
    ck_assert_int_eq(close(self->listener), 0);
}

static ticker_status open_at(const server *self, const char *more, ticker_store **store, ticker_error *error)
{
    ticker_options *options = ticker_options_new();
    ticker_status status;
    char url[200];

    ti_error_init(error);
    *store = NULL;
    (void)snprintf(url, sizeof(url), "postgres://u@127.0.0.1:%u/d?sslmode=disable&gssencmode=disable%s",
                   (unsigned)self->port, more);
    ck_assert_int_eq(ticker_options_set(options, "database-url", url, NULL), TICKER_OK);
    status = ticker_store_open(options, store, error);
    ticker_options_free(options);
    return status;
}

static ticker_store *connect_to(const server *self, const char *more)
{
    ticker_store *store;
    ticker_error error;

    ck_assert_msg(open_at(self, more, &store, &error) == TICKER_OK, "%s", error.message);
    return store;
}

/* A statement outside of any import: what it ends with. */
static ticker_status try(ticker_store *store, ticker_error *error)
{
    int64_t number;

    ti_error_init(error);
    return store->ops->epoch(store, &number, error);
}

/* What is found wrong with a new connection is found again, and the connection is not used. */
START_TEST(a_session_that_cannot_be_set_up)
{
    server other = {.fate = {HANGS_UP, TOO_OLD, TOO_OLD, REFUSES}};
    ticker_store *store;
    ticker_error error;

    start(&other);
    store = connect_to(&other, "");
    ck_assert_int_eq(try(store, &error), TICKER_RETRY);
    ck_assert_int_eq(error.kind, TICKER_ERROR_SERVICE);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(try(store, &error), TICKER_FATAL);
        ck_assert_int_eq(error.kind, TICKER_ERROR_UNSUPPORTED);
        ck_assert(!store->ops->usable(store));
    }
    ck_assert_int_eq(try(store, &error), TICKER_RETRY);
    ck_assert_str_eq(error.sqlstate, "57014");
    ck_assert(!store->ops->usable(store));
    store->ops->rollback(store); /* there is nothing to do it on */
    ck_assert_int_eq(try(store, &error), TICKER_OK);
    ck_assert(store->ops->usable(store));
    ck_assert_uint_eq(atomic_load(&other.connections), 5);
    ticker_store_free(store);
    stop(&other);
}
END_TEST

/* The descriptor of this process that leads to the server. */
static int find_socket(uint16_t port)
{
    for (int file = 3; file < FILES_MAX; file++) {
        struct sockaddr_in peer = {0};
        socklen_t size = sizeof(peer);

        if (getpeername(file, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port)
            return file;
    }
    ck_abort_msg("there is no connection");
    return -1;
}

static int option_of(int file, int option)
{
    int value = -1;
    socklen_t size = sizeof(value);

    ck_assert_int_eq(getsockopt(file, IPPROTO_TCP, option, &value, &size), 0);
    return value;
}

/* Seconds and milliseconds; the URL knows better. */
START_TEST(a_machine_that_is_gone_is_noticed)
{
    server other = {.fate = {GOOD, GOOD}};
    ticker_store *store;

    start(&other);
    store = connect_to(&other, "");
    ck_assert_int_eq(option_of(find_socket(other.port), TCP_KEEPIDLE), 30);
    ck_assert_int_eq(option_of(find_socket(other.port), TCP_USER_TIMEOUT), 60000);
    ticker_store_free(store);
    store = connect_to(&other, "&keepalives_idle=7&tcp_user_timeout=1234");
    ck_assert_int_eq(option_of(find_socket(other.port), TCP_KEEPIDLE), 7);
    ck_assert_int_eq(option_of(find_socket(other.port), TCP_USER_TIMEOUT), 1234);
    ticker_store_free(store);
    stop(&other);
}
END_TEST

/* Whether the input, the set-up, or only the moment is to blame for what a server says. */
START_TEST(what_a_refusal_means)
{
    static const struct {
        const char *severity, *sqlstate, *parameter, *value;
        ticker_status status;
        ticker_error_kind kind;
        const char *hint;
    } cases[] = {
        {"ERROR", "22P02", NULL, NULL, TICKER_FAILED, TICKER_ERROR_DATABASE, ""},
        {"FATAL", "22P02", NULL, NULL, TICKER_RETRY, TICKER_ERROR_SERVICE, ""},
        {"PANIC", "XX001", NULL, NULL, TICKER_FATAL, TICKER_ERROR_DATABASE, "backup"},
        {"FATAL", "25P03", NULL, NULL, TICKER_RETRY, TICKER_ERROR_SERVICE, ""},
        {"FATAL", "57P05", NULL, NULL, TICKER_RETRY, TICKER_ERROR_SERVICE, ""},
        {"FATAL", "57P01", NULL, NULL, TICKER_RETRY, TICKER_ERROR_SERVICE, ""},
        {"ERROR", "53100", NULL, NULL, TICKER_RETRY, TICKER_ERROR_DATABASE, "full"},
        {"ERROR", "55P03", NULL, NULL, TICKER_RETRY, TICKER_ERROR_DATABASE, "lock"},
        {"ERROR", "XX000", NULL, NULL, TICKER_RETRY, TICKER_ERROR_DATABASE, "log"},
        {"ERROR", "42P07", NULL, NULL, TICKER_RETRY, TICKER_ERROR_DATABASE, "again"},
        {"ERROR", "42P05", NULL, NULL, TICKER_RETRY, TICKER_ERROR_DATABASE, ""},
        {"ERROR", "42883", NULL, NULL, TICKER_FATAL, TICKER_ERROR_DATABASE, "migrate"},
        {"ERROR", "42501", NULL, NULL, TICKER_FATAL, TICKER_ERROR_DATABASE, "CREATE"},
        {"ERROR", "25006", "default_transaction_read_only", "on", TICKER_FATAL, TICKER_ERROR_DATABASE, "is on"},
        {"ERROR", "25006", "in_hot_standby", "off", TICKER_FATAL, TICKER_ERROR_DATABASE, "is on"},
        {"ERROR", "25006", "in_hot_standby", "on", TICKER_RETRY, TICKER_ERROR_SERVICE, "standby"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        server other = {.fate = {REFUSES},
                        .severity = cases[i].severity,
                        .sqlstate = cases[i].sqlstate,
                        .parameter = cases[i].parameter,
                        .value = cases[i].value};
        ticker_store *store;
        ticker_error error;

        start(&other);
        ck_assert_int_eq(open_at(&other, "", &store, &error), cases[i].status);
        ck_assert_int_eq(error.kind, cases[i].kind);
        ck_assert_str_eq(error.sqlstate, cases[i].sqlstate);
        ck_assert_ptr_nonnull(strstr(error.message, "the reason"));
        ck_assert_ptr_nonnull(strstr(error.hint, cases[i].hint));
        ck_assert_int_eq(cases[i].hint[0] == '\0', error.hint[0] == '\0');
        stop(&other);
    }
}
END_TEST

START_TEST(an_encoding_that_does_not_hold_all_names)
{
    static const char *const encodings[] = {"LATIN1", "SQL_ASCII", "UTF8"};

    for (size_t i = 0; i < COUNT(encodings); i++) {
        server other = {.fate = {GOOD}, .parameter = "server_encoding", .value = encodings[i]};
        bool good = strcmp(encodings[i], "UTF8") == 0;
        ticker_store *store;
        ticker_error error;

        start(&other);
        ck_assert_int_eq(open_at(&other, "", &store, &error), good ? TICKER_OK : TICKER_FATAL);
        if (!good) {
            ck_assert_int_eq(error.kind, TICKER_ERROR_USAGE);
            ck_assert_ptr_nonnull(strstr(error.message, encodings[i]));
            ck_assert_ptr_nonnull(strstr(error.hint, "createdb"));
        }
        ticker_store_free(store);
        stop(&other);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_a_refusal_means,
        an_encoding_that_does_not_hold_all_names,
        a_session_that_cannot_be_set_up,
        a_machine_that_is_gone_is_noticed,
    };

    return run_tests("postgres link", tests, COUNT(tests));
}
