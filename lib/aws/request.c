#include "aws/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <tickerimport/version.h>

#include "aws/secret.h"
#include "base/encode.h"
#include "base/error.h"

#define CONNECT_TIMEOUT 10000
#define TIMEOUT 60000
#define CLEANUP_TIMEOUT 10000
#define MAX_BODY ((size_t)4 << 20)
#define OWN_HEADERS 6
#define AUTHORIZATION_MAX 16384 /* the names of all signed headers are in it */

/* --- Where it goes -------------------------------------------------------------------------------------------------------------- */

static bool is_address(const char *host)
{
    return host[0] == '[' || strspn(host, "0123456789.") == strlen(host);
}

static bool goes_into_host(const ticker_aws *aws, const ti_endpoint *endpoint, ti_slice bucket)
{
    ti_addressing style = aws->settings.addressing;

    if (style == TI_ADDRESSING_PATH || bucket.size == 0 || is_address(endpoint->host))
        return false;
    if (style == TI_ADDRESSING_VIRTUAL)
        return ti_bucket_fits_host(bucket, false);
    return ti_bucket_fits_host(bucket, endpoint->tls) && (!endpoint->set || strncmp(endpoint->host, "s3.", 3) == 0);
}

static ticker_status find_endpoint(const ticker_aws *aws, const ti_aws_request *request, ti_aws_where *where,
                                   ticker_error *error)
{
    const ti_endpoint *own = &aws->settings.endpoints[request->service];
    ticker_status status;
    ti_slice region;

    if (own->set) {
        where->endpoint = *own;
        return TICKER_OK;
    }
    if (request->service != TI_AWS_SQS || request->queue_url == NULL) {
        ti_endpoint_of_aws(ti_aws_service_name(request->service), where->region, &where->endpoint);
        return TICKER_OK;
    }
    status = ti_endpoint_parse(request->queue_url, "the queue's URL", &where->endpoint, error);
    if (status != TICKER_OK)
        return status;
    where->endpoint.path[0] = '\0'; /* it is the queue's */
    where->endpoint.set = false;
    region = ti_endpoint_region(&where->endpoint);
    if (ti_aws_region_valid(region))
        (void)snprintf(where->region, sizeof(where->region), "%.*s", (int)region.size, region.data);
    return TICKER_OK;
}

static ticker_status find_region(ticker_aws *aws, const ti_aws_request *request, ti_aws_where *where,
                                 ticker_error *error)
{
    const char *region = request->region != NULL ? request->region : aws->settings.region;

    if (!ti_aws_region_valid(ti_slice_of(region)))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "\"%s\" cannot be the name of an AWS region", region);
    (void)snprintf(where->region, sizeof(where->region), "%s", region);
    if (request->bucket.size > 0)
        (void)ti_aws_bucket_region(aws, request->bucket, where->region);
    return TICKER_OK;
}

static ticker_status check_names(const ti_aws_request *request, ticker_error *error)
{
    ti_slice bucket = request->bucket;

    if (bucket.size == 0)
        return TICKER_OK;
    if (bucket.size >= TICKER_BUCKET_MAX || ti_slice_is(bucket, ".") || ti_slice_is(bucket, "..") ||
        memchr(bucket.data, '/', bucket.size) != NULL || memchr(bucket.data, '\0', bucket.size) != NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "\"%.*s\" cannot be the name of a bucket",
                       bucket.size < TICKER_BUCKET_MAX ? (int)bucket.size : TICKER_BUCKET_MAX, bucket.data);
    if (request->path.size >= TICKER_KEY_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the key of an object has at most %d bytes",
                       TICKER_KEY_MAX - 1);
    return TICKER_OK;
}

ticker_status ti_aws_locate(ticker_aws *aws, const ti_aws_request *request, ti_aws_where *where, ticker_error *error)
{
    ti_slice none = {NULL, 0};
    ticker_status status;

    *where = (ti_aws_where){0};
    ti_buffer_init(&where->host, TICKER_URL_MAX);
    ti_buffer_init(&where->path, TICKER_URL_MAX);
    status = check_names(request, error);
    if (status == TICKER_OK)
        status = find_region(aws, request, where, error);
    if (status == TICKER_OK)
        status = find_endpoint(aws, request, where, error);
    if (status != TICKER_OK)
        return status;
    where->virtual_host = goes_into_host(aws, &where->endpoint, request->bucket);
    (void)ti_endpoint_host(&where->endpoint, where->virtual_host ? request->bucket : none, &where->host);
    (void)ti_buffer_text(&where->path, where->endpoint.path);
    if (request->bucket.size > 0 && !where->virtual_host) {
        (void)ti_buffer_byte(&where->path, '/');
        (void)ti_buffer_percent(&where->path, request->bucket, false);
    }
    if (request->path.size > 0 || request->bucket.size == 0 || where->virtual_host)
        (void)ti_buffer_byte(&where->path, '/');
    (void)ti_buffer_percent(&where->path, request->path, true);
    if (ti_buffer_string(&where->host) == NULL || ti_buffer_string(&where->path) == NULL)
        return ti_fail_memory(error);
    return TICKER_OK;
}

void ti_aws_where_free(ti_aws_where *where)
{
    ti_buffer_free(&where->host);
    ti_buffer_free(&where->path);
}

static bool put_query(const ti_aws_request *request, ti_buffer *query)
{
    for (size_t i = 0; i < request->query_count; i++) {
        if (i > 0)
            (void)ti_buffer_byte(query, '&');
        (void)ti_buffer_percent(query, request->query[i].name, false);
        (void)ti_buffer_byte(query, '=');
        (void)ti_buffer_percent(query, request->query[i].value, false);
    }
    return !ti_buffer_failed(query);
}

static ticker_status put_url(const ti_aws_where *where, ti_slice query, ti_buffer *url, ticker_error *error)
{
    (void)ti_buffer_text(url, where->endpoint.tls ? "https://" : "http://");
    (void)ti_buffer_slice(url, (ti_slice){where->host.data, where->host.size});
    (void)ti_buffer_slice(url, (ti_slice){where->path.data, where->path.size});
    if (query.size > 0) {
        (void)ti_buffer_byte(url, '?');
        (void)ti_buffer_slice(url, query);
    }
    if (ti_buffer_string(url) == NULL)
        return ti_buffer_fail(url, TICKER_FATAL, "the URL of a request", error);
    return TICKER_OK;
}

ticker_status ti_aws_url(ticker_aws *aws, const ti_aws_request *request, ti_buffer *url, ticker_error *error)
{
    ti_aws_where where;
    ti_buffer query;
    ticker_status status;

    ti_buffer_init(&query, TICKER_SIGNED_BYTES_MAX);
    status = ti_aws_locate(aws, request, &where, error);
    if (status == TICKER_OK && !put_query(request, &query))
        status = ti_buffer_fail(&query, TICKER_FATAL, "the query of a request", error);
    if (status == TICKER_OK)
        status = put_url(&where, (ti_slice){query.data, query.size}, url, error);
    ti_buffer_free(&query);
    ti_aws_where_free(&where);
    return status;
}

/* --- Signing keys --------------------------------------------------------------------------------------------------------------- */

/* Deriving a key takes longer than signing with it, and a key serves one thread at a time: those that are not in use wait
 * in a pool. */
static ticker_status take_key(ticker_aws *aws, const ti_sigv4_scope *scope, ti_sigv4_key **key, ticker_error *error)
{
    *key = NULL;
    ti_aws_lock(aws);
    for (size_t i = 0; i < TI_KEY_POOL_MAX && *key == NULL; i++)
        if (aws->pool[i] != NULL && ti_sigv4_key_fits(aws->pool[i], scope)) {
            *key = aws->pool[i];
            aws->pool[i] = NULL;
        }
    ti_aws_unlock(aws);
    if (*key == NULL)
        *key = ti_sigv4_key_new(scope);
    return *key != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* In a full pool the first key goes: it is as good as any, and one of yesterday will not stay for ever. */
static void give_key(ticker_aws *aws, ti_sigv4_key *key)
{
    ti_sigv4_key *first;
    size_t free_row = 0;

    if (key == NULL)
        return;
    ti_aws_lock(aws);
    while (free_row + 1 < TI_KEY_POOL_MAX && aws->pool[free_row] != NULL)
        free_row++;
    first = aws->pool[free_row] != NULL ? aws->pool[0] : NULL;
    if (first != NULL)
        memmove(aws->pool, aws->pool + 1, (TI_KEY_POOL_MAX - 1) * sizeof(aws->pool[0]));
    aws->pool[free_row] = key;
    ti_aws_unlock(aws);
    ti_sigv4_key_free(first);
}

static ti_sigv4_scope scope_of(ticker_aws *aws, const ti_aws_request *request, const ti_aws_where *where,
                               const ti_credentials *credentials)
{
    return (ti_sigv4_scope){.access_key = ti_slice_of(credentials->access_key),
                            .secret_key = ti_slice_of(credentials->secret_key),
                            .session_token = ti_slice_of(credentials->session_token),
                            .region = ti_slice_of(where->region),
                            .service = ti_slice_of(ti_aws_service_name(request->service)),
                            .time = ti_aws_service_now(aws, request->service),
                            .s3 = request->service == TI_AWS_S3};
}

/* --- One attempt ---------------------------------------------------------------------------------------------------------------- */

typedef struct signed_request {
    ti_buffer query, url, authorization;
    ti_http_header headers[TICKER_SIGNING_HEADERS_MAX];
    size_t count;
    char date[TI_TIME_BASIC_MAX];
} signed_request;

static void add_header(signed_request *to, const char *name, ti_slice value)
{
    to->headers[to->count++] = (ti_http_header){ti_slice_of(name), value};
}

/* A line end in a header would begin another one. */
static bool clean(ti_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (((unsigned char)text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f)
            return false;
    return true;
}

static ticker_status put_headers(const ti_aws_request *request, const ti_aws_where *where, const ti_sigv4_scope *scope,
                                 const char *payload_hash, signed_request *to, ticker_error *error)
{
    if (request->header_count > TICKER_SIGNING_HEADERS_MAX - OWN_HEADERS)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "a request has more than %d headers",
                       TICKER_SIGNING_HEADERS_MAX - OWN_HEADERS);
    for (size_t i = 0; i < request->header_count; i++) {
        if (!clean(request->headers[i].name) || !clean(request->headers[i].value))
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                           "the value of the header %.*s holds a control character", (int)request->headers[i].name.size,
                           request->headers[i].name.data);
        to->headers[to->count++] = request->headers[i];
    }
    ti_time_basic(scope->time, to->date);
    add_header(to, "Host", (ti_slice){where->host.data, where->host.size});
    add_header(to, "X-Amz-Date", ti_slice_of(to->date));
    if (scope->s3)
        add_header(to, "X-Amz-Content-Sha256", ti_slice_of(payload_hash));
    if (scope->session_token.size > 0)
        add_header(to, "X-Amz-Security-Token", scope->session_token);
    add_header(to, "User-Agent", ti_slice_of("libtickerimport/" TICKER_VERSION));
    return TICKER_OK;
}

static ticker_status sign(ticker_aws *aws, const ti_aws_request *request, const ti_aws_where *where,
                          const ti_credentials *credentials, const char *payload_hash, signed_request *to,
                          ticker_error *error)
{
    ti_sigv4_scope scope = scope_of(aws, request, where, credentials);
    ti_sigv4_request plain = {.method = ti_slice_of(request->method),
                              .path = {where->path.data, where->path.size},
                              .payload_hash = ti_slice_of(payload_hash)};
    ti_sigv4_key *key = NULL;
    ticker_status status = put_headers(request, where, &scope, payload_hash, to, error);

    if (status == TICKER_OK && !put_query(request, &to->query))
        status = ti_buffer_fail(&to->query, TICKER_FATAL, "the query of a request", error);
    plain.query = (ti_slice){to->query.data, to->query.size};
    plain.headers = to->headers;
    plain.header_count = to->count;
    if (status == TICKER_OK)
        status = put_url(where, plain.query, &to->url, error);
    if (status == TICKER_OK)
        status = take_key(aws, &scope, &key, error);
    if (status == TICKER_OK)
        status = ti_sigv4_sign(&scope, key, &plain, &to->authorization, NULL, error);
    give_key(aws, key);
    if (status == TICKER_OK)
        add_header(to, "Authorization", (ti_slice){to->authorization.data, to->authorization.size});
    return status;
}

static ticker_status exchange(ticker_aws *aws, const ti_aws_request *request, const signed_request *ready,
                              ti_http_response *response, ticker_error *error)
{
    ti_http_request plain = {.method = request->method,
                             .url = ready->url.data,
                             .headers = ready->headers,
                             .header_count = ready->count,
                             .body = request->body,
                             .sink = request->sink,
                             .connect_timeout = request->cleanup ? CLEANUP_TIMEOUT / 2 : CONNECT_TIMEOUT,
                             .timeout = request->cleanup ? CLEANUP_TIMEOUT : TIMEOUT + request->wait,
                             .total_timeout = request->cleanup ? CLEANUP_TIMEOUT : 0,
                             .ca_bundle = aws->settings.ca_bundle,
                             .expect_continue = request->expect_continue,
                             .once = request->once,
                             .max_body = request->max_body != 0 ? request->max_body : MAX_BODY,
                             .stop = request->stop,
                             .cleanup = request->cleanup};

    return aws->http.perform(aws->http.self, &plain, response, error);
}

ticker_status ti_aws_send(ticker_aws *aws, const ti_aws_request *request, const ti_aws_where *where,
                          const ti_credentials *credentials, const char *payload_hash, ti_http_response *response,
                          ticker_error *error)
{
    signed_request *ready = calloc(1, sizeof(*ready));
    ticker_status status;

    if (ready == NULL)
        return ti_fail_memory(error);
    ti_buffer_init(&ready->query, TICKER_SIGNED_BYTES_MAX);
    ti_buffer_init(&ready->url, TICKER_URL_MAX);
    status = ti_secret_init(&ready->authorization, AUTHORIZATION_MAX)
                 ? sign(aws, request, where, credentials, payload_hash, ready, error)
                 : ti_fail_memory(error);
    if (status == TICKER_OK)
        status = exchange(aws, request, ready, response, error);
    ti_secret_wipe(&ready->authorization);
    ti_buffer_free(&ready->query);
    ti_buffer_free(&ready->url);
    free(ready);
    return status;
}

ticker_status ti_aws_payload_hash(const ti_aws_request *request, char hash[TI_SHA256_TEXT_MAX], ticker_error *error)
{
    unsigned char digest[TI_SHA256_BYTES];
    const char *given = request->payload_hash;

    if (given == NULL && request->body.read != NULL)
        given = TI_UNSIGNED_PAYLOAD;
    if (given != NULL) {
        if (strlen(given) >= TI_SHA256_TEXT_MAX)
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a payload hash is too long");
        (void)snprintf(hash, TI_SHA256_TEXT_MAX, "%s", given);
        return TICKER_OK;
    }
    if (!ti_sha256_of(request->body.data, request->body.size > 0 ? (size_t)request->body.size : 0, digest))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "libcrypto could not compute a SHA-256");
    ti_hex(digest, sizeof(digest), hash);
    return TICKER_OK;
}

/* --- Presigned ------------------------------------------------------------------------------------------------------------------ */

static ticker_status presign(ticker_aws *aws, const ti_aws_request *request, int64_t seconds, const ti_aws_where *where,
                             const ti_credentials *credentials, ti_buffer *url, ticker_error *error)
{
    ti_sigv4_scope scope = scope_of(aws, request, where, credentials);
    ti_http_header headers[TICKER_SIGNING_HEADERS_MAX];
    ti_sigv4_request plain = {.method = ti_slice_of(request->method),
                              .path = {where->path.data, where->path.size},
                              .headers = headers,
                              .header_count = request->header_count + 1,
                              .expires = seconds};
    ti_sigv4_key *key = NULL;
    ti_buffer query, all;
    ticker_status status;

    if (request->header_count >= TICKER_SIGNING_HEADERS_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "a request has more than %d headers",
                       TICKER_SIGNING_HEADERS_MAX - 1);
    headers[0] = (ti_http_header){ti_slice_of("Host"), {where->host.data, where->host.size}};
    if (request->header_count > 0)
        memcpy(headers + 1, request->headers, request->header_count * sizeof(headers[0]));
    if (request->payload_hash != NULL)
        plain.payload_hash = ti_slice_of(request->payload_hash);
    ti_buffer_init(&query, TICKER_SIGNED_BYTES_MAX);
    ti_buffer_init(&all, TICKER_SIGNED_BYTES_MAX);
    (void)ti_buffer_reserve(&all, TICKER_SIGNED_BYTES_MAX); /* it must not move and leave a token behind */
    status = put_query(request, &query) ? TICKER_OK
                                        : ti_buffer_fail(&query, TICKER_FATAL, "the query of a request", error);
    plain.query = (ti_slice){query.data, query.size};
    if (status == TICKER_OK)
        status = take_key(aws, &scope, &key, error);
    if (status == TICKER_OK)
        status = ti_sigv4_presign(&scope, key, &plain, &all, error);
    give_key(aws, key);
    if (status == TICKER_OK)
        status = put_url(where, (ti_slice){all.data, all.size}, url, error);
    ti_buffer_free(&query);
    ti_secret_wipe(&all);
    return status;
}

ticker_status ti_aws_presign(ticker_aws *aws, const ti_aws_request *request, int64_t seconds, ti_buffer *url,
                             ticker_error *error)
{
    ti_credentials credentials = {0};
    ti_aws_where where;
    ticker_status status;

    if (seconds < 1 || seconds > TICKER_PRESIGN_SECONDS_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a presigned URL lives from 1 to %d seconds",
                       TICKER_PRESIGN_SECONDS_MAX);
    status = ti_aws_locate(aws, request, &where, error);
    if (status == TICKER_OK)
        status = ti_aws_credentials(aws, &credentials, error);
    if (status == TICKER_OK)
        status = presign(aws, request, seconds, &where, &credentials, url, error);
    ti_credentials_wipe(&credentials);
    ti_aws_where_free(&where);
    return status;
}
