/* What the made-up S3 server keeps, and what it answers. */
#include "s3_keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "aws/xml.h"
#include "base/checksum.h"
#include "base/encode.h"
#include "base/number.h"

#define PATH "/bucket"

/* --- What is kept --------------------------------------------------------------------------------------------------------------- */

void s3_keeper_drop(s3_stored *object)
{
    free(object->key);
    free(object->headers);
    free(object->data);
    *object = (s3_stored){0};
}

void s3_keeper_keep(s3_stored *object, const char *key, const void *data, size_t size, const char *etag)
{
    unsigned char digest[TI_MD5_BYTES];

    s3_keeper_drop(object);
    object->key = strdup(key);
    object->data = malloc(size + 1);
    ck_assert(object->key != NULL && object->data != NULL);
    if (size > 0)
        memcpy(object->data, data, size);
    object->size = size;
    ck_assert(ti_md5_of(object->data, size, digest));
    ti_hex(digest, sizeof(digest), object->etag);
    if (etag != NULL)
        (void)snprintf(object->etag, sizeof(object->etag), "%s", etag);
}

s3_stored *s3_keeper_find(s3_server *server, const char *key)
{
    for (size_t i = 0; i < OBJECTS_MAX; i++)
        if (server->objects[i].key != NULL && strcmp(server->objects[i].key, key) == 0)
            return &server->objects[i];
    return NULL;
}

s3_stored *s3_keeper_make(s3_server *server, const char *key)
{
    s3_stored *object = s3_keeper_find(server, key);

    for (size_t i = 0; i < OBJECTS_MAX && object == NULL; i++)
        if (server->objects[i].key == NULL)
            object = &server->objects[i];
    ck_assert_ptr_nonnull(object);
    return object;
}

static s3_kept_upload *find_upload(s3_server *server, const char *id)
{
    for (size_t i = 0; i < UPLOADS_MAX; i++)
        if (server->uploads[i].key != NULL && strcmp(server->uploads[i].id, id) == 0)
            return &server->uploads[i];
    return NULL;
}

s3_kept_upload *s3_keeper_begin(s3_server *server, const char *key, int64_t age)
{
    ti_clock clock = fake_http_clock(server->fake);

    for (size_t i = 0; i < UPLOADS_MAX; i++) {
        s3_kept_upload *mine = &server->uploads[i];

        if (mine->key != NULL)
            continue;
        (void)snprintf(mine->id, sizeof(mine->id), "up/load+%u", ++server->ids);
        mine->key = strdup(key);
        mine->begun = clock.now(clock.self) - age;
        return mine;
    }
    ck_abort_msg("too many uploads");
    return NULL;
}

void s3_keeper_end(s3_kept_upload *mine)
{
    free(mine->key);
    for (size_t i = 0; i < PARTS_MAX; i++)
        s3_keeper_drop(&mine->parts[i]);
    *mine = (s3_kept_upload){0};
}

/* --- Requests ------------------------------------------------------------------------------------------------------------------- */

ti_slice s3_keeper_header(const s3_asked *asked, const char *name)
{
    for (size_t i = 0; i < asked->request->header_count; i++) {
        ti_slice given = asked->request->headers[i].name;

        if (given.size == strlen(name) && strncasecmp(given.data, name, given.size) == 0)
            return asked->request->headers[i].value;
    }
    return (ti_slice){"", 0};
}

static int64_t number_of(ti_slice text)
{
    int64_t number;

    ck_assert(ti_parse_integer(text, false, &number));
    return number;
}

static void decode(char *to, size_t size, const char *from, size_t length)
{
    ti_buffer plain;

    bytes_init(&plain);
    ck_assert(ti_buffer_unpercent(&plain, (ti_slice){from, length}, false));
    ck_assert_uint_lt(plain.size, size);
    if (plain.size > 0)
        memcpy(to, plain.data, plain.size);
    to[plain.size] = '\0';
    ti_buffer_free(&plain);
}

/* A parameter of the query, decoded; NULL: not there. Good for the next call only. */
static const char *parameter(const s3_asked *asked, const char *name)
{
    static _Thread_local char value[4096];
    const char *at = asked->query;
    size_t size = strlen(name);

    while (*at != '\0') {
        size_t length = strcspn(at, "&");

        if (length >= size && strncmp(at, name, size) == 0 && (length == size || at[size] == '=')) {
            decode(value, sizeof(value), at + size + (length > size), length - size - (length > size));
            return value;
        }
        at += length + (at[length] == '&');
    }
    return NULL;
}

void s3_keeper_take_apart(s3_asked *asked, const ti_http_request *request)
{
    const char *path = strstr(request->url, "://");
    size_t size;

    *asked = (s3_asked){.request = request};
    path = strchr(path + 3, '/');
    ck_assert_ptr_nonnull(path);
    size = strcspn(path, "?");
    ck_assert_msg(strncmp(path, PATH, strlen(PATH)) == 0, "another bucket: %s", path);
    if (size > strlen(PATH))
        decode(asked->key, sizeof(asked->key), path + strlen(PATH) + 1, size - strlen(PATH) - 1);
    (void)snprintf(asked->query, sizeof(asked->query), "%s", path[size] == '?' ? path + size + 1 : "");
    (void)snprintf(asked->line, sizeof(asked->line), "%s %s %.*s", request->method, path,
                   (int)s3_keeper_header(asked, "Range").size, s3_keeper_header(asked, "Range").data);
    asked->body = request->body.data;
    asked->size = (size_t)request->body.size;
}

/* What a server that checks everything checks: the payload's hash and its checksum. */
static void check_body(const s3_asked *asked)
{
    ti_slice hash = s3_keeper_header(asked, "x-amz-content-sha256"),
             crc = s3_keeper_header(asked, "x-amz-checksum-crc32c");
    unsigned char digest[TI_SHA256_BYTES], bytes[4];
    char text[TI_SHA256_TEXT_MAX];
    ti_buffer plain;

    if (!ti_slice_is(hash, "UNSIGNED-PAYLOAD")) {
        ck_assert(ti_sha256_of(asked->body, asked->size, digest));
        ti_hex(digest, sizeof(digest), text);
        ck_assert(ti_slice_is(hash, text));
    }
    if (crc.size > 0) {
        uint32_t sum = ti_crc32c(0, asked->body, asked->size);

        bytes_init(&plain);
        ck_assert(ti_buffer_unbase64(&plain, crc));
        for (int i = 0; i < 4; i++)
            bytes[i] = (unsigned char)(sum >> (24 - 8 * i));
        ck_assert_uint_eq(plain.size, 4);
        ck_assert_int_eq(memcmp(plain.data, bytes, 4), 0);
        ti_buffer_free(&plain);
    }
}

/* --- Answers -------------------------------------------------------------------------------------------------------------------- */

void s3_keeper_refuse(s3_answer *answer, int status, const char *code)
{
    answer->status = status;
    add(&answer->body, "<Error><Code>%s</Code><Message>made up</Message></Error>", code);
}

static void add_head(s3_answer *answer, const s3_stored *object)
{
    size_t at = strlen(answer->headers);

    (void)snprintf(answer->headers + at, sizeof(answer->headers) - at,
                   "ETag: \"%s\"\nLast-Modified: Thu, 26 Nov 2026 11:00:00 GMT\n%s", object->etag,
                   object->headers != NULL ? object->headers : "");
}

static bool refused(s3_server *server, const s3_asked *asked, const s3_stored *object, s3_answer *answer)
{
    ti_slice match = s3_keeper_header(asked, "If-Match");
    char etag[80];

    (void)snprintf(etag, sizeof(etag), "\"%s\"", object->etag);
    if (match.size == 0 || server->no_preconditions || ti_slice_is(match, etag))
        return false;
    s3_keeper_refuse(answer, 412, "PreconditionFailed");
    return true;
}

static void get_object(s3_server *server, const s3_asked *asked, s3_answer *answer)
{
    const s3_stored *object = s3_keeper_find(server, asked->key);
    ti_slice range = s3_keeper_header(asked, "Range");
    int64_t from = 0, to = 0;
    const char *dash;

    if (object == NULL) {
        s3_keeper_refuse(answer, 404, "NoSuchKey");
        return;
    }
    if (refused(server, asked, object, answer))
        return;
    answer->status = 200;
    if (range.size > 0 && !server->no_ranges && strcmp(asked->request->method, "HEAD") != 0) {
        dash = memchr(range.data, '-', range.size);
        ck_assert(dash != NULL && strncmp(range.data, "bytes=", 6) == 0);
        from = number_of((ti_slice){range.data + 6, (size_t)(dash - range.data) - 6});
        to = number_of((ti_slice){dash + 1, range.size - (size_t)(dash + 1 - range.data)});
        ck_assert_int_le(from, to);
        if (from >= (int64_t)object->size) {
            s3_keeper_refuse(answer, 416, "InvalidRange");
            return;
        }
        to = to < (int64_t)object->size - 1 ? to : (int64_t)object->size - 1;
        answer->status = 206;
        (void)snprintf(answer->headers, sizeof(answer->headers), "Content-Range: bytes %lld-%lld/%zu\n",
                       (long long)from, (long long)to, object->size);
    } else {
        (void)snprintf(answer->headers, sizeof(answer->headers), "Content-Length: %zu\n", object->size);
        to = (int64_t)object->size - 1;
    }
    add_head(answer, object);
    if (object->size > 0)
        add_bytes(&answer->body, object->data + from, (size_t)(to - from + 1));
}

static void put_part(s3_server *server, const s3_asked *asked, s3_answer *answer)
{
    s3_kept_upload *mine = find_upload(server, parameter(asked, "uploadId"));
    int64_t number = number_of(ti_slice_of(parameter(asked, "partNumber")));

    if (mine == NULL) {
        s3_keeper_refuse(answer, 404, "NoSuchUpload");
        return;
    }
    ck_assert(number >= 1 && number <= PARTS_MAX);
    ck_assert_str_eq(mine->key, asked->key);
    s3_keeper_keep(&mine->parts[number - 1], asked->key, asked->body, asked->size, NULL);
    answer->status = 200;
    (void)snprintf(answer->headers, sizeof(answer->headers), "ETag: \"%s\"\n", mine->parts[number - 1].etag);
}

/* Reads the document and puts the parts together as it says. */
typedef struct s3_completion {
    s3_kept_upload *upload;
    int64_t number;
    char etag[80];
    ti_buffer whole, digests;
    int64_t parts;
    bool short_part;
} s3_completion;

static ticker_status on_part(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    s3_completion *mine = payload;
    unsigned char digest[TI_MD5_BYTES];
    char etag[80];
    const s3_stored *part;

    (void)error;
    if (strcmp(path, "CompleteMultipartUpload/Part/PartNumber") == 0) {
        mine->number = number_of(text);
    } else if (strcmp(path, "CompleteMultipartUpload/Part/ETag") == 0) {
        (void)snprintf(mine->etag, sizeof(mine->etag), "%.*s", (int)text.size, text.data);
    } else if (strcmp(path, "CompleteMultipartUpload/Part") == 0) {
        ck_assert_int_eq(mine->number, ++mine->parts);
        part = &mine->upload->parts[mine->number - 1];
        ck_assert_ptr_nonnull(part->data);
        (void)snprintf(etag, sizeof(etag), "\"%s\"", part->etag);
        ck_assert_str_eq(mine->etag, etag);
        ck_assert(!mine->short_part); /* only the last one may be */
        mine->short_part = part->size < S3_PART;
        add_bytes(&mine->whole, part->data, part->size);
        ck_assert(ti_unhex(ti_slice_of(part->etag), digest, sizeof(digest)));
        add_bytes(&mine->digests, digest, sizeof(digest));
    }
    return TICKER_OK;
}

static void complete(s3_server *server, const s3_asked *asked, s3_answer *answer)
{
    s3_completion mine = {.upload = find_upload(server, parameter(asked, "uploadId"))};
    unsigned char digest[TI_MD5_BYTES];
    char etag[64];

    if (mine.upload == NULL) {
        s3_keeper_refuse(answer, 404, "NoSuchUpload");
        return;
    }
    bytes_init(&mine.whole);
    bytes_init(&mine.digests);
    ck_assert_int_eq(ti_xml_read((ti_slice){asked->body, asked->size}, on_part, &mine, NULL), TICKER_OK);
    ck_assert_int_gt(mine.parts, 0);
    ck_assert(ti_md5_of(mine.digests.data, mine.digests.size, digest));
    ti_hex(digest, sizeof(digest), etag);
    (void)snprintf(etag + 32, sizeof(etag) - 32, "-%lld", (long long)mine.parts);
    s3_keeper_keep(s3_keeper_make(server, asked->key), asked->key, mine.whole.data, mine.whole.size, etag);
    s3_keeper_end(mine.upload);
    ti_buffer_free(&mine.whole);
    ti_buffer_free(&mine.digests);
    answer->status = 200;
    add(&answer->body, " \n<CompleteMultipartUploadResult><ETag>&quot;%s&quot;</ETag></CompleteMultipartUploadResult>",
        etag);
}

static void list_uploads(s3_server *server, const s3_asked *asked, s3_answer *answer)
{
    const char *prefix = parameter(asked, "prefix");
    char text[TI_TIME_EXTENDED_MAX];

    answer->status = 200;
    add(&answer->body, "<ListMultipartUploadsResult><EncodingType>url</EncodingType>");
    for (size_t i = 0; i < UPLOADS_MAX; i++) {
        const s3_kept_upload *mine = &server->uploads[i];
        ti_buffer key;

        if (mine->key == NULL || (prefix != NULL && strncmp(mine->key, prefix, strlen(prefix)) != 0))
            continue;
        bytes_init(&key);
        ck_assert(ti_buffer_percent(&key, ti_slice_of(mine->key), true));
        ti_time_extended(mine->begun, text);
        add(&answer->body, "<Upload><Key>%.*s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>",
            (int)key.size, key.data, mine->id, text);
        ti_buffer_free(&key);
    }
    add(&answer->body, "<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>");
}

static void post(s3_server *server, const s3_asked *asked, s3_answer *answer)
{
    if (parameter(asked, "uploadId") != NULL) {
        complete(server, asked, answer);
        return;
    }
    ck_assert_ptr_nonnull(parameter(asked, "uploads"));
    answer->status = 200;
    add(&answer->body, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>",
        s3_keeper_begin(server, asked->key, 0)->id);
}

static void put(s3_server *server, const s3_asked *asked, s3_answer *answer)
{
    check_body(asked);
    if (parameter(asked, "uploadId") != NULL) {
        put_part(server, asked, answer);
        return;
    }
    s3_keeper_keep(s3_keeper_make(server, asked->key), asked->key, asked->body, asked->size, NULL);
    answer->status = 200;
    add_head(answer, s3_keeper_find(server, asked->key));
}

static void remove_it(s3_server *server, const s3_asked *asked, s3_answer *answer)
{
    const char *id = parameter(asked, "uploadId");
    s3_kept_upload *mine = id != NULL ? find_upload(server, id) : NULL;
    s3_stored *object = s3_keeper_find(server, asked->key);

    answer->status = 204;
    if (id != NULL && mine == NULL)
        s3_keeper_refuse(answer, 404, "NoSuchUpload");
    else if (id != NULL)
        s3_keeper_end(mine);
    else if (object != NULL)
        s3_keeper_drop(object);
}

void s3_keeper_serve(s3_server *server, const s3_asked *asked, s3_answer *answer)
{
    const char *method = asked->request->method;

    if (strcmp(method, "PUT") == 0)
        put(server, asked, answer);
    else if (strcmp(method, "POST") == 0)
        post(server, asked, answer);
    else if (strcmp(method, "DELETE") == 0)
        remove_it(server, asked, answer);
    else if (parameter(asked, "uploads") != NULL)
        list_uploads(server, asked, answer);
    else
        get_object(server, asked, answer);
}
