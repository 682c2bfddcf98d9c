/* curl and TLS: only a certificate that is trusted and has the host's name is good enough. openssl(1) is the server. */
#include "http_try.h"
#include "support.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct tls_server {
    char folder[64], certificate[96], key[96];
    pid_t process;
    unsigned port;
} tls_server;

static pid_t run(const char *const *words, int output)
{
    posix_spawn_file_actions_t actions;
    pid_t process;

    ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
    ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0), 0);
    if (output >= 0)
        ck_assert_int_eq(posix_spawn_file_actions_adddup2(&actions, output, 1), 0);
    ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0), 0);
    ck_assert_int_eq(posix_spawnp(&process, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ), 0);
    ck_assert_int_eq(posix_spawn_file_actions_destroy(&actions), 0);
    return process;
}

/* The certificate is for 127.0.0.1, not for localhost. */
static void make_certificate(tls_server *server)
{
    const char *const words[] = {"openssl",
                                 "req",
                                 "-x509",
                                 "-newkey",
                                 "ec",
                                 "-pkeyopt",
                                 "ec_paramgen_curve:prime256v1",
                                 "-nodes",
                                 "-subj",
                                 "/CN=made-up",
                                 "-addext",
                                 "subjectAltName=IP:127.0.0.1",
                                 "-days",
                                 "2",
                                 "-keyout",
                                 server->key,
                                 "-out",
                                 server->certificate,
                                 NULL};
    int status = -1;

    ck_assert_int_gt(snprintf(server->folder, sizeof(server->folder), "/tmp/ticker-tls-XXXXXX"), 0);
    ck_assert_ptr_nonnull(mkdtemp(server->folder));
    ck_assert_int_gt(snprintf(server->certificate, sizeof(server->certificate), "%s/cert.pem", server->folder), 0);
    ck_assert_int_gt(snprintf(server->key, sizeof(server->key), "%s/key.pem", server->folder), 0);
    ck_assert_int_ge(waitpid(run(words, -1), &status, 0), 0);
    ck_assert_msg(status == 0, "openssl(1) made no certificate");
}

static void start(tls_server *server, const char *mode)
{
    const char *const words[] = {"openssl", "s_server",  "-accept", "127.0.0.1:0", "-cert", server->certificate,
                                 "-key",    server->key, mode,      "-naccept",    "16",    NULL};
    char line[256] = "";
    size_t size = 0;
    int ends[2];
    const char *port;

    make_certificate(server);
    ck_assert_int_eq(pipe(ends), 0);
    server->process = run(words, ends[1]);
    ck_assert_int_eq(close(ends[1]), 0);
    while (size + 1 < sizeof(line) && strstr(line, "ACCEPT ") == NULL) {
        ck_assert_int_eq(read(ends[0], line + size, 1), 1);
        line[++size] = '\0';
    }
    while (size + 1 < sizeof(line) && line[size - 1] != '\n') {
        ck_assert_int_eq(read(ends[0], line + size, 1), 1);
        line[++size] = '\0';
    }
    port = strrchr(line, ':');
    ck_assert_ptr_nonnull(port);
    for (port++; *port >= '0' && *port <= '9'; port++)
        server->port = server->port * 10 + (unsigned)(*port - '0');
    ck_assert_uint_gt(server->port, 0);
    ck_assert_int_eq(close(ends[0]), 0);
}

static void clean(const tls_server *server)
{
    ck_assert_int_eq(unlink(server->certificate), 0);
    ck_assert_int_eq(unlink(server->key), 0);
    ck_assert_int_eq(rmdir(server->folder), 0);
}

static void stop(tls_server *server)
{
    ck_assert_int_eq(kill(server->process, SIGTERM), 0);
    ck_assert_int_eq(waitpid(server->process, NULL, 0), server->process);
    clean(server);
}

static const char *url_of(const tls_server *server, const char *scheme, const char *host)
{
    static char url[128];

    ck_assert_int_gt(snprintf(url, sizeof(url), "%s://%s:%u/", scheme, host, server->port), 0);
    return url;
}

START_TEST(a_trusted_certificate_is_taken)
{
    ti_http http = open_curl(NULL, NULL);
    tls_server server = {0};
    attempt mine;

    start(&server, "-www");
    make_attempt(&mine, "GET", url_of(&server, "https", "127.0.0.1"));
    mine.request.ca_bundle = server.certificate;
    check_attempt(&http, &mine, 200, NULL);
    drop_attempt(&mine);
    close_curl(&http);
    stop(&server);
}
END_TEST

START_TEST(an_unknown_certificate_is_refused)
{
    ti_http http = open_curl(NULL, NULL);
    tls_server server = {0};
    attempt mine;

    start(&server, "-www");
    make_attempt(&mine, "GET", url_of(&server, "https", "127.0.0.1"));
    check_failure(&http, &mine, TICKER_FATAL, TICKER_ERROR_USAGE);
    ck_assert(mine.response.unsent);
    ck_assert_ptr_nonnull(strstr(mine.error.hint, "AWS_CA_BUNDLE"));
    drop_attempt(&mine);
    close_curl(&http);
    stop(&server);
}
END_TEST

START_TEST(a_certificate_for_another_name_is_refused)
{
    ti_http http = open_curl(NULL, NULL);
    tls_server server = {0};
    attempt mine;

    start(&server, "-www");
    make_attempt(&mine, "GET", url_of(&server, "https", "localhost"));
    mine.request.ca_bundle = server.certificate;
    check_failure(&http, &mine, TICKER_FATAL, TICKER_ERROR_USAGE);
    ck_assert(mine.response.unsent);
    drop_attempt(&mine);
    close_curl(&http);
    stop(&server);
}
END_TEST

START_TEST(a_missing_bundle_is_said_so)
{
    ti_http http = open_curl(NULL, NULL);
    tls_server server = {0};
    attempt mine;

    start(&server, "-www");
    make_attempt(&mine, "GET", url_of(&server, "https", "127.0.0.1"));
    mine.request.ca_bundle = "/nonexistent.pem";
    check_failure(&http, &mine, TICKER_FATAL, TICKER_ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(mine.error.hint, "AWS_CA_BUNDLE"));
    drop_attempt(&mine);
    close_curl(&http);
    stop(&server);
}
END_TEST

static void answer_plainly(void *payload, http_exchange *exchange)
{
    (void)payload;
    (void)exchange_answer(exchange, 200, "", "plain");
}

START_TEST(no_tls_at_that_port)
{
    http_server *server = http_server_start(answer_plainly, NULL);
    ti_http http = open_curl(NULL, NULL);
    char url[64];
    attempt mine;

    ck_assert_int_gt(snprintf(url, sizeof(url), "https://127.0.0.1:%u/", http_server_port(server)), 0);
    make_attempt(&mine, "GET", url);
    mine.request.timeout = 500; /* the server waits for the end of a request that never comes */
    check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert(mine.response.unsent);
    drop_attempt(&mine);
    close_curl(&http);
    http_server_stop(server);
}
END_TEST

typedef struct fatal_body {
    made_body made;
    ti_http_body plain;
    pid_t process;
} fatal_body;

/* The server dies while the body is on its way to it. */
static ticker_status kill_server(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    fatal_body *mine = self;

    if (mine->process > 0 && mine->made.at > 1 << 20) {
        ck_assert_int_eq(kill(mine->process, SIGKILL), 0);
        ck_assert_int_eq(waitpid(mine->process, NULL, 0), mine->process);
        mine->process = 0;
    }
    return mine->plain.read(&mine->made, buffer, capacity, got, error);
}

START_TEST(a_broken_upload_over_tls_is_no_signal)
{
    ti_http http = open_curl(NULL, NULL);
    fatal_body body = {.made = {.size = INT64_C(1) << 30}};
    tls_server server = {0};
    attempt mine;

    start(&server, "-WWW"); /* knows no PUT: reads what comes and says nothing */
    body.process = server.process;
    body.plain = body_of(&body.made, true);
    make_attempt(&mine, "PUT", url_of(&server, "https", "127.0.0.1"));
    mine.request.ca_bundle = server.certificate;
    mine.request.body = body.plain;
    mine.request.body.read = kill_server;
    mine.request.body.self = &body;
    check_failure(&http, &mine, TICKER_RETRY, TICKER_ERROR_SERVICE);
    ck_assert(!mine.response.unsent && !mine.response.timed_out);
    ck_assert_int_eq(body.process, 0);
    drop_attempt(&mine);
    close_curl(&http);
    clean(&server);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_trusted_certificate_is_taken,
                                  an_unknown_certificate_is_refused,
                                  a_certificate_for_another_name_is_refused,
                                  a_missing_bundle_is_said_so,
                                  no_tls_at_that_port,
                                  a_broken_upload_over_tls_is_no_signal};

    return run_tests("http_tls", tests, COUNT(tests));
}
