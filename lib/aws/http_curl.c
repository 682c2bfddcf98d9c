/* HTTP by libcurl. */
#include <config.h>

#include "aws/http.h"

#include "base/error.h"

#ifdef TI_WITH_CURL

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define IDLE_MAX 64 /* handles with their connections that wait for the next request */
#define BUFFER_SIZE (128L * 1024)
#define POLL 100 /* milliseconds in which the wish to stop is heard */
#define ASK 100  /* milliseconds between two questions whether the caller wants to stop */
#define EXPECT_TIMEOUT 1000L
#define IDLE_TIME 45L /* seconds; AWS closes connections that were idle for a minute or less */
#define KEEP_ALIVE_IDLE 30L
#define KEEP_ALIVE_INTERVAL 15L
#define PLACE_MAX 192

/* A transfer and its connections. One thread at a time; those that wait are in a pool, so that any thread finds a
 * connection that is open already. */
typedef struct handle {
    CURL *easy;
    CURLM *multi; /* curl_easy_perform() looks up once a second only */
} handle;

typedef struct pool {
    pthread_mutex_t lock;
    handle idle[IDLE_MAX]; /* the one used last at the end: its connections are the most likely to be open still */
    size_t count;
    bool (*interrupted)(void *payload);
    void *payload;
} pool;

typedef struct transfer {
    const ti_http_request *request;
    ti_http_response *response;
    ticker_error *error;
    ticker_status failed; /* of the body, the sink or a cap; TICKER_OK: none of them */
    bool in_body;
    int64_t sent;                /* bytes of the body handed to curl */
    int64_t begun, moved, asked; /* monotonic: start, last progress, last question whether to stop */
    curl_off_t seen_up, seen_down;
    char reason[CURL_ERROR_SIZE];
} transfer;

/* --- Handles -------------------------------------------------------------------------------------------------------------------- */

static void start_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* when it fails, curl_easy_init() tries again and fails too */
}

/* Not every version of libcurl may be started by two threads at once. It is never ended: others may use it too. */
static void start_curl_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, start_curl);
}

static void drop_handle(handle *mine)
{
    curl_easy_cleanup(mine->easy);
    (void)curl_multi_cleanup(mine->multi);
}

static ticker_status take_handle(pool *from, handle *mine, ticker_error *error)
{
    *mine = (handle){0};
    (void)pthread_mutex_lock(&from->lock);
    if (from->count > 0)
        *mine = from->idle[--from->count];
    (void)pthread_mutex_unlock(&from->lock);
    if (mine->easy != NULL)
        return TICKER_OK;
    mine->easy = curl_easy_init();
    mine->multi = curl_multi_init();
    if (mine->easy != NULL && mine->multi != NULL)
        return TICKER_OK;
    drop_handle(mine);
    return ti_fail_memory(error);
}

static void give_handle(pool *to, handle *mine)
{
    curl_easy_reset(mine->easy); /* connections stay */
    (void)pthread_mutex_lock(&to->lock);
    if (to->count < IDLE_MAX) {
        to->idle[to->count++] = *mine;
        *mine = (handle){0};
    }
    (void)pthread_mutex_unlock(&to->lock);
    drop_handle(mine);
}

/* --- What curl calls ------------------------------------------------------------------------------------------------------------ */

static void note_progress(transfer *mine)
{
    mine->moved = ti_clock_system.monotonic(ti_clock_system.self);
}

static size_t take_header(char *data, size_t one, size_t size, void *payload)
{
    transfer *mine = payload;
    ti_http_response *response = mine->response;

    (void)one;
    /* A trailer comes behind the body and is no new head, whatever it looks like. */
    if (mine->in_body && size >= 5 && memcmp(data, "HTTP/", 5) == 0)
        return size;
    if (!ti_http_response_line(response, (ti_slice){data, size})) {
        mine->failed = ti_fail(mine->error, TICKER_FAILED, TICKER_ERROR_LIMIT,
                               "an answer has more than %d headers or %d bytes of them", TI_HTTP_HEADERS_MAX,
                               TI_HTTP_HEADER_BYTES_MAX);
        return 0;
    }
    if (response->status >= 200 && response->answered == 0 && (data[0] == '\r' || data[0] == '\n'))
        response->answered = ti_clock_system.now(ti_clock_system.self);
    note_progress(mine);
    return size;
}

static size_t take_body(char *data, size_t one, size_t size, void *payload)
{
    transfer *mine = payload;
    ti_http_response *response = mine->response;
    const ti_http_sink *sink = &mine->request->sink;

    (void)one;
    mine->in_body = true;
    if (sink->write != NULL && response->status >= 200 && response->status < 300)
        mine->failed = sink->write(sink->self, data, size, mine->error);
    else if (size > mine->request->max_body - response->body.size)
        mine->failed = ti_fail(mine->error, TICKER_FAILED, TICKER_ERROR_LIMIT, "an answer is longer than %zu bytes",
                               mine->request->max_body);
    else if (!ti_buffer_append(&response->body, data, size))
        mine->failed = ti_fail_memory(mine->error);
    response->received += (int64_t)size;
    note_progress(mine);
    return mine->failed == TICKER_OK ? size : 0;
}

static size_t give_body(char *to, size_t one, size_t size, void *payload)
{
    transfer *mine = payload;
    const ti_http_body *body = &mine->request->body;
    ticker_status status = TICKER_OK;
    size_t got = one * size;

    if (body->size >= 0 && (int64_t)got > body->size - mine->sent)
        got = (size_t)(body->size - mine->sent);
    if (got == 0)
        return 0;
    if (body->read == NULL) {
        memcpy(to, (const char *)body->data + mine->sent, got);
    } else {
        size_t room = got;

        got = 0;
        status = body->read(body->self, to, room, &got, mine->error);
        if (status == TICKER_DONE && body->size < 0)
            return 0;
        if (status == TICKER_DONE || (status == TICKER_OK && (got == 0 || got > room)))
            status = ti_fail(mine->error, TICKER_FATAL, TICKER_ERROR_INTERNAL,
                             "the body of a request ended after %lld bytes, not after %lld", (long long)mine->sent,
                             (long long)body->size);
    }
    if (status != TICKER_OK) {
        mine->failed = status;
        return CURL_READFUNC_ABORT;
    }
    mine->sent += (int64_t)got;
    note_progress(mine);
    return got;
}

/* Curl wants to begin again: a connection that it had kept was dead. */
static int rewind_body(void *payload, curl_off_t offset, int origin)
{
    transfer *mine = payload;
    const ti_http_body *body = &mine->request->body;

    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    if (body->read != NULL && (body->rewind == NULL || !body->rewind(body->self)))
        return CURL_SEEKFUNC_FAIL;
    mine->sent = 0;
    return CURL_SEEKFUNC_OK;
}

/* --- Setting up ----------------------------------------------------------------------------------------------------------------- */

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

static bool add_header(struct curl_slist **list, const ti_http_header *header)
{
    ti_buffer line;
    bool done;

    ti_buffer_init(&line, TI_HTTP_HEADER_BYTES_MAX);
    done = ti_buffer_reserve(&line, header->name.size + header->value.size + 3) != NULL; /* it never moves */
    (void)ti_buffer_slice(&line, header->name);
    (void)ti_buffer_text(&line, header->value.size > 0 ? ": " : ";"); /* how curl wants empty ones written */
    (void)ti_buffer_slice(&line, header->value);
    done = done && ti_buffer_string(&line) != NULL && add_line(list, line.data);
    if (line.data != NULL)
        explicit_bzero(line.data, line.capacity);
    ti_buffer_free(&line);
    return done;
}

static bool make_headers(const ti_http_request *request, struct curl_slist **list)
{
    bool done = true;

    for (size_t i = 0; done && i < request->header_count; i++)
        done = add_header(list, &request->headers[i]);
    /* Curl would add these. */
    done = done && add_line(list, "Accept:");
    return done && add_line(list, request->expect_continue ? "Expect: 100-continue" : "Expect:");
}

/* Keys and signatures are in them. */
static void wipe_headers(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at != NULL; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(list);
}

#define SET(option, value) (done = done && curl_easy_setopt(easy, CURLOPT_##option, value) == CURLE_OK)

static bool set_connection(CURL *easy, const ti_http_request *request)
{
    bool done = true;

    SET(URL, request->url);
    SET(PATH_AS_IS, 1L); /* "a/../b" is a key, and it is signed */
    SET(DISALLOW_USERNAME_IN_URL, 1L);
    SET(PROTOCOLS_STR, "http,https");
    SET(REDIR_PROTOCOLS_STR, "https");
    SET(FOLLOWLOCATION, 0L); /* nobody else decides who gets a signed request */
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(NOSIGNAL, 1L);
    SET(SSL_VERIFYPEER, 1L);
    SET(SSL_VERIFYHOST, 2L);
    SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (request->ca_bundle != NULL) {
        SET(CAINFO, request->ca_bundle);
        SET(CAPATH, NULL); /* these instead of the system's */
    }
    if (request->no_proxy)
        SET(NOPROXY, "*");
    SET(SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CONNECTTIMEOUT_MS, (long)request->connect_timeout);
    SET(TCP_KEEPALIVE, 1L);
    SET(TCP_KEEPIDLE, KEEP_ALIVE_IDLE);
    SET(TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL);
    SET(MAXAGE_CONN, IDLE_TIME);
    SET(FRESH_CONNECT, request->once ? 1L : 0L);
    SET(BUFFERSIZE, BUFFER_SIZE);
    SET(UPLOAD_BUFFERSIZE, BUFFER_SIZE);
    return done;
}

static bool set_method(CURL *easy, const ti_http_request *request)
{
    const ti_http_body *body = &request->body;
    bool sends = body->read != NULL || body->size > 0, done = true;

    if (strcmp(request->method, "HEAD") == 0)
        SET(NOBODY, 1L);
    else if (sends || strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0)
        SET(UPLOAD, 1L); /* with "Content-Length: 0" when there is nothing to send */
    if (sends || body->size == 0)
        SET(INFILESIZE_LARGE, (curl_off_t)body->size);
    if (strcmp(request->method, "HEAD") != 0)
        SET(CUSTOMREQUEST, request->method);
    SET(EXPECT_100_TIMEOUT_MS, EXPECT_TIMEOUT);
    return done;
}

static bool set_callbacks(CURL *easy, transfer *mine)
{
    bool done = true;

    SET(ERRORBUFFER, mine->reason);
    SET(HEADERFUNCTION, take_header);
    SET(HEADERDATA, mine);
    SET(WRITEFUNCTION, take_body);
    SET(WRITEDATA, mine);
    SET(READFUNCTION, give_body);
    SET(READDATA, mine);
    SET(SEEKFUNCTION, rewind_body);
    SET(SEEKDATA, mine);
    return done;
}

static bool set_up(CURL *easy, transfer *mine, struct curl_slist **headers)
{
    bool done = make_headers(mine->request, headers);

    SET(HTTPHEADER, *headers);
    return done && set_connection(easy, mine->request) && set_method(easy, mine->request) && set_callbacks(easy, mine);
}

/* --- What went wrong ------------------------------------------------------------------------------------------------------------ */

static ticker_status fail_at(transfer *mine, ticker_status status, ticker_error_kind kind, const char *what,
                             const char *hint)
{
    char place[PLACE_MAX];
    const char *reason = mine->reason;

    ti_http_place(mine->request->url, place, sizeof(place));
    (void)ti_fail(mine->error, status, kind, "%s %s%s%s%s", what, place, reason[0] != '\0' ? " (" : "", reason,
                  reason[0] != '\0' ? ")" : "");
    if (hint[0] != '\0')
        ti_error_hint(mine->error, "%s", hint);
    return status;
}

static const struct {
    CURLcode code;
    ticker_status status;
    ticker_error_kind kind;
    const char *what, *hint;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, TICKER_RETRY, TICKER_ERROR_SERVICE, "there is no address for the host of",
     "check the name in the endpoint or the region, and the network (DNS)"},
    {CURLE_COULDNT_RESOLVE_PROXY, TICKER_RETRY, TICKER_ERROR_SERVICE, "there is no address for the proxy to",
     "check https_proxy and http_proxy in the environment"},
    {CURLE_COULDNT_CONNECT, TICKER_RETRY, TICKER_ERROR_SERVICE, "cannot connect to",
     "does the server run, is the port the right one, and does a firewall let it through?"},
    {CURLE_PROXY, TICKER_RETRY, TICKER_ERROR_SERVICE, "the proxy refused to connect to",
     "check https_proxy and http_proxy in the environment, or name the host in no_proxy"},
    {CURLE_SSL_CONNECT_ERROR, TICKER_RETRY, TICKER_ERROR_SERVICE, "no TLS connection to",
     "does the server speak TLS at this port, or is the endpoint one with http:// ?"},
    {CURLE_PEER_FAILED_VERIFICATION, TICKER_FATAL, TICKER_ERROR_USAGE, "the certificate is not trusted of",
     "name the certificates to trust with AWS_CA_BUNDLE, or put right the host's name or the clock"},
    {CURLE_SSL_CACERT_BADFILE, TICKER_FATAL, TICKER_ERROR_USAGE, "cannot read the certificates to trust for",
     "check the file that AWS_CA_BUNDLE names"},
    {CURLE_SSL_CERTPROBLEM, TICKER_FATAL, TICKER_ERROR_USAGE, "a certificate is wrong for", ""},
    {CURLE_SSL_CIPHER, TICKER_FATAL, TICKER_ERROR_USAGE, "no cipher in common with", ""},
    {CURLE_SSL_ISSUER_ERROR, TICKER_FATAL, TICKER_ERROR_USAGE, "the certificate's issuer is wrong of", ""},
    {CURLE_UNSUPPORTED_PROTOCOL, TICKER_FATAL, TICKER_ERROR_USAGE, "no HTTP is spoken by", "check the endpoint"},
    {CURLE_LOGIN_DENIED, TICKER_FATAL, TICKER_ERROR_USAGE, "a user is named in the URL of", "check the endpoint"},
    {CURLE_URL_MALFORMAT, TICKER_FATAL, TICKER_ERROR_USAGE, "this is no URL:", "check the endpoint"},
    {CURLE_PARTIAL_FILE, TICKER_RETRY, TICKER_ERROR_SERVICE, "the answer broke off of", ""},
    {CURLE_GOT_NOTHING, TICKER_RETRY, TICKER_ERROR_SERVICE, "the connection was closed without an answer of", ""},
};

static ticker_status fail_code(transfer *mine, CURLcode code)
{
    if (code == CURLE_OUT_OF_MEMORY)
        return ti_fail_memory(mine->error);
    if (mine->reason[0] == '\0')
        (void)snprintf(mine->reason, sizeof(mine->reason), "%s", curl_easy_strerror(code));
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        if (failures[i].code == code)
            return fail_at(mine, failures[i].status, failures[i].kind, failures[i].what, failures[i].hint);
    return fail_at(mine, TICKER_RETRY, TICKER_ERROR_SERVICE, "the connection broke to", "");
}

static ticker_status fail_time(transfer *mine, const char *what, int64_t milliseconds)
{
    (void)snprintf(mine->reason, sizeof(mine->reason), "%s %lld.%lld s", what, (long long)(milliseconds / 1000),
                   (long long)(milliseconds % 1000 / 100));
    mine->response->timed_out = true;
    return fail_at(mine, TICKER_RETRY, TICKER_ERROR_SERVICE, "time-out of", "");
}

/* --- Running -------------------------------------------------------------------------------------------------------------------- */

static bool wants_to_stop(const pool *of, transfer *mine, int64_t now)
{
    if (mine->request->stop != NULL && atomic_load(mine->request->stop))
        return true;
    if (mine->request->cleanup || of->interrupted == NULL || now - mine->asked < ASK)
        return false;
    mine->asked = now;
    return of->interrupted(of->payload);
}

/* Bytes move in the socket too, not only in the calls above. */
static void look_at_progress(CURL *easy, transfer *mine, int64_t now)
{
    curl_off_t up = 0, down = 0;

    (void)curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
    (void)curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    if (up != mine->seen_up || down != mine->seen_down)
        mine->moved = now;
    mine->seen_up = up;
    mine->seen_down = down;
}

/* TICKER_OK: go on. */
static ticker_status look_around(const pool *of, CURL *easy, transfer *mine)
{
    const ti_http_request *request = mine->request;
    int64_t now = ti_clock_system.monotonic(ti_clock_system.self);

    if (wants_to_stop(of, mine, now))
        return ti_fail(mine->error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "the request was cancelled");
    look_at_progress(easy, mine, now);
    if (request->total_timeout > 0 && now - mine->begun >= request->total_timeout)
        return fail_time(mine, "not done within", request->total_timeout);
    if (now - mine->moved >= request->timeout)
        return fail_time(mine, "nothing came for", request->timeout);
    return TICKER_OK;
}

/* How long to wait for the socket at most: no longer than until a time-out is due. */
static int poll_time(const transfer *mine)
{
    const ti_http_request *request = mine->request;
    int64_t now = ti_clock_system.monotonic(ti_clock_system.self), wait = POLL, left;

    left = request->timeout - (now - mine->moved);
    wait = left < wait ? left : wait;
    left = request->total_timeout > 0 ? request->total_timeout - (now - mine->begun) : wait;
    wait = left < wait ? left : wait;
    return wait > 0 ? (int)wait : 0;
}

/* *code is what came of the transfer when TICKER_OK is returned. */
static ticker_status drive(const pool *of, const handle *mine, transfer *what, CURLcode *code)
{
    int running = 1, left;
    CURLMcode result = CURLM_OK;
    ticker_status status;

    for (;;) {
        result = curl_multi_perform(mine->multi, &running);
        if (result != CURLM_OK || running == 0)
            break;
        status = look_around(of, mine->easy, what);
        if (status == TICKER_OK)
            result = curl_multi_poll(mine->multi, NULL, 0, poll_time(what), NULL);
        if (status != TICKER_OK)
            return status;
        if (result != CURLM_OK)
            break;
    }
    *code = result == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_RECV_ERROR;
    for (CURLMsg *message; result == CURLM_OK && (message = curl_multi_info_read(mine->multi, &left)) != NULL;)
        if (message->msg == CURLMSG_DONE)
            *code = message->data.result;
    return TICKER_OK;
}

static ticker_status run(const pool *of, const handle *mine, transfer *what)
{
    CURLcode code = CURLE_OK;
    ticker_status status;
    long request_size = 0;

    if (curl_multi_add_handle(mine->multi, mine->easy) != CURLM_OK)
        return ti_fail_memory(what->error);
    status = drive(of, mine, what, &code);
    (void)curl_easy_getinfo(mine->easy, CURLINFO_REQUEST_SIZE, &request_size);
    what->response->unsent = request_size == 0 && what->seen_up == 0 && what->response->status == 0;
    /* A name that is still being looked up is not waited for. */
    (void)curl_easy_setopt(mine->easy, CURLOPT_QUICK_EXIT, 1L);
    (void)curl_multi_remove_handle(mine->multi, mine->easy);
    if (status != TICKER_OK)
        return status;
    if (what->failed != TICKER_OK)
        return what->failed;
    /* A server may refuse a request while its body is still on the way, and close: what it said counts. */
    if (code == CURLE_SEND_ERROR && what->response->answered != 0 && what->response->status >= 400)
        code = CURLE_OK;
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail_time(what, "no connection within", what->request->connect_timeout);
    if (code != CURLE_OK)
        return fail_code(what, code);
    if (what->response->answered == 0) /* its head has no end */
        return fail_code(what, CURLE_GOT_NOTHING);
    return TICKER_OK;
}

static ticker_status perform(void *self, const ti_http_request *request, ti_http_response *response,
                             ticker_error *error)
{
    transfer what = {.request = request, .response = response, .error = error};
    struct curl_slist *headers = NULL;
    ticker_status status;
    handle mine;

    ti_http_response_clear(response);
    status = take_handle(self, &mine, error);
    if (status != TICKER_OK)
        return status;
    response->started = ti_clock_system.now(ti_clock_system.self);
    what.begun = what.moved = ti_clock_system.monotonic(ti_clock_system.self);
    status = set_up(mine.easy, &what, &headers) ? run(self, &mine, &what) : ti_fail_memory(error);
    /* After a failure there is no connection to keep, and some leave a handle in a state that a reset does not end. */
    if (status == TICKER_OK)
        give_handle(self, &mine);
    else
        drop_handle(&mine);
    wipe_headers(headers);
    return status;
}

static void close_pool(void *self)
{
    pool *mine = self;

    for (size_t i = 0; i < mine->count; i++)
        drop_handle(&mine->idle[i]);
    (void)pthread_mutex_destroy(&mine->lock);
    free(mine);
}

ticker_status ti_http_curl(bool (*interrupted)(void *payload), void *payload, ti_http *http, ticker_error *error)
{
    pool *mine = calloc(1, sizeof(*mine));

    *http = (ti_http){0};
    if (mine == NULL || pthread_mutex_init(&mine->lock, NULL) != 0) {
        free(mine);
        return ti_fail_memory(error);
    }
    start_curl_once();
    mine->interrupted = interrupted;
    mine->payload = payload;
    *http = (ti_http){perform, close_pool, mine};
    return TICKER_OK;
}

#else

ticker_status ti_http_curl(bool (*interrupted)(void *payload), void *payload, ti_http *http, ticker_error *error)
{
    (void)interrupted;
    (void)payload;
    *http = (ti_http){0};
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "this build has no AWS client (it has no libcurl)");
}

#endif
