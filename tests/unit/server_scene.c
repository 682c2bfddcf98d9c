#define _GNU_SOURCE 1 /* nftw */
#include "server_scene.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "life.h"

#define RECORD 246 /* with its line end */

static void set(scene *s, const char *name, const char *value)
{
    ticker_error *error = ticker_error_new();

    ck_assert_msg(ticker_options_set(s->options, name, value, error) == TICKER_OK, "%s: %s", name,
                  ticker_error_message(error));
    ticker_error_free(error);
}

void scene_open(scene *s, ...)
{
    front_exit result;
    char url[128];
    const char *name;
    va_list list;

    memset(s, 0, sizeof *s);
    front_console_init(&s->console, "test");
    s->console.quiet = true;
    s->options = ticker_options_new();
    ck_assert_ptr_nonnull(s->options);
    (void)snprintf(s->folder, sizeof s->folder, "%s", "/tmp/ticker-server-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(s->folder));
    (void)snprintf(s->log, sizeof s->log, "%s/access.log", s->folder);
    (void)snprintf(url, sizeof url, "sqlite:%s/t.db", s->folder);
    set(s, "database-url", url);
    (void)snprintf(url, sizeof url, "file://%s/uploads", s->folder);
    set(s, "storage-url", url);
    set(s, "access-log", s->log);
    va_start(list, s);
    while ((name = va_arg(list, const char *)) != NULL)
        set(s, name, va_arg(list, const char *));
    va_end(list);
    s->server = server_new(s->options, &s->console, &result);
    ck_assert_msg(s->server != NULL, "the server ends with %d", (int)result);
    s->life = life_begin_once(s->server, &result);
    ck_assert_ptr_nonnull(s->life);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void scene_close(scene *s)
{
    life_end(s->life);
    server_free(s->server);
    ticker_options_free(s->options);
    front_console_free(&s->console);
    free(s->body);
    ck_assert_int_eq(nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int scene_run(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tests_of = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tests_of);
    tcase_set_timeout(tests_of, 300);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tests_of, tests[i]);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static size_t add_quote(char *to, unsigned ticker, unsigned day)
{
    char date[16], code[16];
    int size;

    (void)snprintf(date, sizeof date, "%04u%02u%02u", 2016 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
    (void)snprintf(code, sizeof code, "T%u", ticker);
    size = snprintf(to, RECORD + 1,
                    "01%s02%-12s010%-12s%-10s   R$  %013u%013u%013u%013u%013u%013u%013u%05u%018u%018u%013u0%s%07u%013u"
                    "%-12s%03u\n",
                    date, code, "SAMPLE", "ON", 1000 + day, 2000 + day, 900 + day, 1100 + day, 1200 + day, 0U, 0U, 10U,
                    100 + day, 10000 + day, 0U, "99991231", 1U, 0U, "BRSAMPACNOR1", 101U);
    ck_assert_int_eq(size, RECORD);
    return RECORD;
}

void scene_import(scene *s, unsigned tickers, unsigned days)
{
    size_t count = (size_t)tickers * days, size = 0;
    char *file = malloc((count + 3) * RECORD);
    ticker_error *error = ticker_error_new();
    ticker_store *store = NULL;

    ck_assert(file != NULL && error != NULL);
    size += (size_t)snprintf(file + size, RECORD + 1, "%-245s\n", "00COTAHIST.2016BOVESPA 20161231");
    for (unsigned day = 0; day < days; day++)
        for (unsigned ticker = 0; ticker < tickers; ticker++)
            size += add_quote(file + size, ticker, day);
    size += (size_t)snprintf(file + size, RECORD + 1, "99COTAHIST.2016BOVESPA 20161231%011zu%203s\n", count + 2, "");
    ck_assert_msg(ticker_store_open(s->options, &store, error) == TICKER_OK, "%s", ticker_error_message(error));
    ck_assert_msg(ticker_import_source(store, ticker_source_open_memory(file, size, "sample.txt"), s->options, NULL,
                                       error) == TICKER_OK,
                  "%s", ticker_error_message(error));
    /* The cache notices what others import when it is tended. */
    ck_assert_msg(ticker_answers_tend(s->server->answers, error) == TICKER_OK, "%s", ticker_error_message(error));
    ticker_store_free(store);
    ticker_error_free(error);
    free(file);
}

static void keep(scene *s, const void *data, size_t size)
{
    if (s->body_size + size + 1 > s->body_capacity) {
        s->body_capacity = (s->body_size + size + 1) * 2;
        s->body = realloc(s->body, s->body_capacity);
        ck_assert_ptr_nonnull(s->body);
    }
    if (size > 0)
        memcpy(s->body + s->body_size, data, size);
    s->body_size += size;
    s->body[s->body_size] = '\0';
}

static void keep_head(scene *s, const exchange *x)
{
    s->status = x->status;
    s->header_count = x->answer_count;
    ck_assert_uint_le(x->answer_count, EXCHANGE_ANSWER_HEADERS_MAX);
    for (size_t i = 0; i < x->answer_count; i++) {
        (void)snprintf(s->names[i], sizeof s->names[i], "%s", x->answer[i].name);
        (void)snprintf(s->values[i], sizeof s->values[i], "%s", x->answer[i].value);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(strcasecmp(s->names[i], s->names[j]) != 0, "%s is there twice", s->names[i]);
    }
}

static ticker_status read_body(exchange *x, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    scene *s = x->transport;
    size_t left = s->send_size - s->send_at;

    ck_assert(s->worked);
    *got = s->send_piece > 0 && s->send_piece < left ? s->send_piece : left;
    *got = *got < capacity ? *got : capacity;
    if (*got == 0 && s->send_fault != TICKER_ERROR_NONE)
        return ticker_error_set(error, TICKER_RETRY, s->send_fault, "the body broke off");
    if (*got == 0)
        return TICKER_DONE;
    if (s->send_at + *got > (size_t)x->body_max)
        return ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the body is too long");
    memcpy(buffer, (const char *)s->send + s->send_at, *got);
    s->send_at += *got;
    return TICKER_OK;
}

static bool start(exchange *x, int64_t length)
{
    scene *s = x->transport;

    (void)length;
    ck_assert(!x->streamed);
    ck_assert(s->worked);
    x->streamed = true;
    keep_head(s, x);
    return true;
}

static bool write_body(exchange *x, const void *data, size_t size)
{
    scene *s = x->transport;

    ck_assert(x->streamed);
    ck_assert(!x->head);
    s->writes++;
    if (s->fail_after != 0 && s->writes > s->fail_after)
        return false;
    keep(s, data, size);
    x->sent += size;
    return true;
}

static const exchange_ops ops = {read_body, start, write_body};

static void run(scene *s, exchange *x)
{
    s->body_size = s->writes = 0;
    s->streamed = s->failed = s->worked = false;
    keep(s, "", 0);
    if (server_begin(s->server, x) == SERVER_WORK) {
        s->worked = true;
        server_work(s->server, x);
    }
    if (!x->streamed) {
        keep_head(s, x);
        if (!x->head && x->body_size > 0)
            keep(s, x->body, x->body_size);
        x->sent = s->body_size;
    }
    s->streamed = x->streamed;
    s->failed = x->failed;
    s->body_max = x->body_max;
    ck_assert_int_ge(x->status, 200);
    server_end(s->server, x);
}

int scene_ask(scene *s, const char *method, const char *target, ...)
{
    exchange_header headers[EXCHANGE_HEADERS_MAX + 2];
    char texts[16][2048], path[8192];
    const char *query = strchr(target, '?'), *text;
    size_t kept = 0;
    va_list list;
    exchange x;

    memset(&x, 0, sizeof x);
    (void)snprintf(path, sizeof path, "%.*s", (int)(query != NULL ? query - target : (int)strlen(target)), target);
    va_start(list, target);
    while ((text = va_arg(list, const char *)) != NULL) {
        char *colon;

        ck_assert_uint_lt(kept, 16);
        (void)snprintf(texts[kept], sizeof texts[kept], "%s", text);
        colon = strstr(texts[kept], ": ");
        ck_assert_ptr_nonnull(colon);
        *colon = '\0';
        headers[kept].name = texts[kept];
        headers[kept].value = colon + 2;
        kept++;
    }
    va_end(list);
    x.ops = &ops;
    x.method = method;
    x.path = path;
    x.query = query != NULL ? query + 1 : "";
    x.remote = "127.0.0.1";
    x.scheme = "http";
    x.headers = headers;
    x.header_count = kept;
    x.transport = s;
    text = exchange_header_of(&x, "content-length");
    if (text == NULL && s->send_size > 0)
        x.content_length = -1;
    for (; text != NULL && *text != '\0'; text++)
        x.content_length = x.content_length * 10 + (*text - '0');
    run(s, &x);
    s->send = NULL;
    s->send_size = s->send_at = s->send_piece = 0;
    s->send_fault = TICKER_ERROR_NONE;
    return s->status;
}

const char *scene_header(const scene *s, const char *name)
{
    for (size_t i = 0; i < s->header_count; i++)
        if (strcasecmp(s->names[i], name) == 0)
            return s->values[i];
    return NULL;
}

char *scene_log(scene *s)
{
    char *text = calloc(1, 1 << 20);
    FILE *file;
    size_t size;

    ck_assert_ptr_nonnull(text);
    log_close(s->server->log);
    s->server->log = log_open(s->log, &s->console);
    ck_assert_ptr_nonnull(s->server->log);
    file = fopen(s->log, "re");
    ck_assert_ptr_nonnull(file);
    size = fread(text, 1, (1 << 20) - 1, file);
    text[size] = '\0';
    (void)fclose(file);
    return text;
}
