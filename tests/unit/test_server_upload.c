/* Uploads without a transport, into SQLite and a folder: what is taken, what is refused and why, and that nothing is left of what was not
 * answered with 201. */
#include "upload_scene.h"

#include <inttypes.h>
#include <stdio.h>

static const char trades[] = TRADES TRADE("10") TRADE("20");

/* --- Taken. */

static void check_created(const scene *s, const char *name)
{
    front_json *json = answer(s);
    char text[64];
    int64_t id = 0;

    ck_assert(front_json_get_integer(json, "id", &id));
    (void)snprintf(text, sizeof text, "/api/imports/%" PRId64, id);
    ck_assert_str_eq(scene_header(s, "Location"), text);
    ck_assert_str_eq(scene_header(s, "Content-Type"), "application/json");
    ck_assert_str_eq(front_json_get_text(json, "status"), "queued");
    ck_assert_ptr_nonnull(front_json_get_text(json, "created_at"));
    /* The key of the folder's file, and not where the folder is. */
    ck_assert_uint_eq(strspn(front_json_get_text(json, "location"), "0123456789abcdef"), 16);
    ck_assert_int_eq(front_json_get_text(json, "location")[16], '/');
    (void)snprintf(text, sizeof text, "\"name\":\"%s\"", name);
    says(s, text);
    says(s, "\"bytes\":335");
    says(s, "\"sha256\":\"");
    says(s, "\"format\":\"trades\"");
    front_json_free(json);
}

START_TEST(a_form)
{
    scene s;

    scene_open(&s, NULL);
    ck_assert_uint_eq(sizeof trades - 1, 335);
    ck_assert_int_eq(post(&s, OPEN("a b.txt") TRADES TRADE("10") TRADE("20") CLOSE, 7), 201);
    check_created(&s, "a b.txt");
    holds(&s, 1);
    scene_close(&s);
}
END_TEST

START_TEST(other_fields_and_types)
{
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(post(&s,
                          "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n"
                          "--b\r\nContent-Disposition: form-data; name=file; filename=\"../../etc/passwd\"\r\n"
                          "Content-Type: text/csv; charset=latin1\r\n\r\n" TRADES TRADE("10")
                              TRADE("20") "\r\n"
                                          "--b\r\nContent-Disposition: form-data; name=\"more\"\r\n\r\ny" CLOSE,
                          0),
                     201);
    check_created(&s, "passwd");
    says(&s, "\"content_type\":\"text/csv\"");
    holds(&s, 1);
    scene_close(&s);
}
END_TEST

START_TEST(a_body)
{
    scene s;

    scene_open(&s, NULL);
    give(&s, trades, sizeof trades - 1, 100);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/neg%C3%B3cios%2F..%2Fx.txt", NULL), 201);
    check_created(&s, "x.txt");
    says(&s, "\"content_type\":null");
    give(&s, TRADES TRADE("1"), strlen(TRADES TRADE("1")), 0);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", NULL), 201);
    says(&s, "\"name\":\"upload\"");
    give(&s, TRADES TRADE("2"), strlen(TRADES TRADE("2")), 0);
    ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload?name=a%5Cb.txt", "content-type: text/plain", NULL), 201);
    says(&s, "\"name\":\"b.txt\"");
    give(&s, TRADES TRADE("3"), strlen(TRADES TRADE("3")), 0);
    ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload", "content-type: application/octet-stream",
                               "content-disposition: attachment; filename=\"c.txt\"", NULL),
                     201);
    says(&s, "\"name\":\"c.txt\"");
    holds(&s, 4);
    scene_close(&s);
}
END_TEST

/* A thread is left for those who ask for little. */
START_TEST(too_many_at_once)
{
    scene s;

    scene_open(&s, NULL);
    s.server->receiving = s.server->long_max; /* as if others had all they may have */
    give(&s, trades, sizeof trades - 1, 100);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/x.txt", NULL), 503);
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    holds(&s, 0);
    s.server->receiving = 0;
    for (int i = 0; i < 20; i++) { /* each gives its place back */
        give(&s, trades, sizeof trades - 1, 100);
        ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/x.txt", NULL), i == 0 ? 201 : 200);
    }
    holds(&s, 1);
    scene_close(&s);
}
END_TEST

/* The same bytes again: the answer is the import that is there, and the copy goes. */
START_TEST(the_same_again)
{
    int64_t first = 0, second = -1;
    front_json *json;
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(post(&s, OPEN("a.txt") TRADES TRADE("10") CLOSE, 0), 201);
    json = answer(&s);
    ck_assert(front_json_get_integer(json, "id", &first));
    front_json_free(json);
    ck_assert_int_eq(post(&s, OPEN("b.txt") TRADES TRADE("10") CLOSE, 0), 200);
    json = answer(&s);
    ck_assert(front_json_get_integer(json, "id", &second));
    ck_assert_str_eq(front_json_get_text(json, "status"), "queued");
    says(&s, "\"name\":\"a.txt\"");
    front_json_free(json);
    ck_assert_int_eq(first, second);
    holds(&s, 1);
    scene_close(&s);
}
END_TEST

static uint32_t crc_of(const unsigned char *data, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

/* A gzip that does not compress. The caller frees it. */
static unsigned char *gzip_of(const void *data, size_t size, size_t *packed)
{
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1};
    uint32_t crc = crc_of(data, size);
    unsigned char *to = malloc(sizeof head + 4 + size + 8);

    ck_assert_ptr_nonnull(to);
    ck_assert_uint_le(size, 65535);
    memcpy(to, head, sizeof head);
    to[11] = (unsigned char)size;
    to[12] = (unsigned char)(size >> 8);
    to[13] = (unsigned char)~to[11];
    to[14] = (unsigned char)~to[12];
    memcpy(to + 15, data, size);
    for (int i = 0; i < 4; i++) {
        to[15 + size + (size_t)i] = (unsigned char)(crc >> 8 * i);
        to[19 + size + (size_t)i] = (unsigned char)(size >> 8 * i);
    }
    *packed = size + 23;
    return to;
}

START_TEST(packed_files)
{
    unsigned char *gzip;
    size_t size;
    scene s;

    scene_open(&s, NULL);
    gzip = gzip_of(trades, sizeof trades - 1, &size);
    give(&s, gzip, size, 50);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/x.gz", NULL), 201);
    says(&s, "\"format\":\"trades\"");
    free(gzip);
    holds(&s, 1);
    gzip = gzip_of("something else altogether", 25, &size);
    give(&s, gzip, size, 0);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/x.gz", NULL), 422);
    says(&s, "there is no file of B3 in it");
    give(&s, gzip, size - 3, 0);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/x.gz", NULL), 422);
    free(gzip);
    give(&s, "PK\3\4", 4, 0);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/x.zip", NULL), 422);
    holds(&s, 1);
    scene_close(&s);
}
END_TEST

/* A large one of which the first block does not tell all: that is found when it is imported. */
START_TEST(large_packed_files)
{
    size_t size = 60000, packed;
    char *noise = malloc(size), *large;
    unsigned char *gzip;
    scene s;

    scene_open(&s, NULL);
    ck_assert_ptr_nonnull(noise);
    memset(noise, 'x', size);
    gzip = gzip_of(noise, size, &packed);
    large = malloc(packed + 100000);
    ck_assert_ptr_nonnull(large);
    memcpy(large, gzip, packed);
    memset(large + packed, 'y', 100000);
    give(&s, large, packed + 100000, 1000);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/x.gz", NULL), 201);
    says(&s, "\"format\":null");
    says(&s, "\"bytes\":160023");
    memcpy(noise, trades, sizeof trades - 1);
    free(gzip);
    gzip = gzip_of(noise, size, &packed);
    memcpy(large, gzip, packed);
    give(&s, large, packed + 100000, 1000);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload/x.gz", NULL), 201);
    says(&s, "\"format\":\"trades\"");
    holds(&s, 2);
    free(gzip);
    free(noise);
    free(large);
    scene_close(&s);
}
END_TEST

/* --- Refused. */

START_TEST(not_of_b3)
{
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(post(&s, OPEN("x.txt") "PETR4;10\r\n" CLOSE, 0), 422);
    says(&s, "no file of B3");
    ck_assert_str_eq(scene_header(&s, "Content-Type"), "application/problem+json");
    ck_assert_int_eq(post(&s, OPEN("x.txt") CLOSE, 0), 422);
    says(&s, "the file is empty");
    ck_assert_int_eq(post(&s, OPEN("") CLOSE, 0), 400);
    says(&s, "no file was chosen");
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", "content-length: 0", NULL), 422);
    says(&s, "the file is empty");
    holds(&s, 0);
    scene_close(&s);
}
END_TEST

/* It is decided within the first block: the rest is not asked for. */
START_TEST(decided_early)
{
    char *large = malloc(1 << 20);
    scene s;

    scene_open(&s, NULL);
    ck_assert_ptr_nonnull(large);
    memset(large, 'x', 1 << 20);
    give(&s, large, 1 << 20, 0);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", NULL), 422);
    holds(&s, 0);
    free(large);
    scene_close(&s);
}
END_TEST

START_TEST(wrong_types)
{
    static const char *const types[] = {
        "application/json", "image/png", "application/x-www-form-urlencoded", "multipart/mixed; boundary=b",
        "text/html",        "x"};
    scene s;

    scene_open(&s, NULL);
    for (size_t i = 0; i < SCENE_COUNT(types); i++) {
        char header[100];

        (void)snprintf(header, sizeof header, "content-type: %s", types[i]);
        give(&s, trades, sizeof trades - 1, 0);
        ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload", header, NULL), 415);
        says(&s, "multipart/form-data");
    }
    ck_assert_int_eq(post(&s,
                          "--b\r\nContent-Disposition: form-data; name=file; filename=x\r\nContent-Type: image/png\r\n"
                          "\r\n" TRADES CLOSE,
                          0),
                     415);
    says(&s, "image/png");
    holds(&s, 0);
    scene_close(&s);
}
END_TEST

START_TEST(broken_forms)
{
    scene s;

    scene_open(&s, NULL);
    give(&s, trades, sizeof trades - 1, 0);
    ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload", "content-type: multipart/form-data", NULL), 400);
    says(&s, "boundary");
    ck_assert_int_eq(post(&s, "--b--\r\n", 0), 400);
    says(&s, "no field \\\"file\\\"");
    ck_assert_int_eq(post(&s, "--b\r\nContent-Disposition: form-data; name=\"files\"\r\n\r\n" TRADES CLOSE, 0), 400);
    says(&s, "no field \\\"file\\\"");
    ck_assert_int_eq(post(&s, "--b\r\nnonsense\r\n\r\n" CLOSE, 0), 400);
    says(&s, "no header");
    ck_assert_int_eq(post(&s, OPEN("a") TRADES TRADE("1") "\r\n" OPEN("c") TRADES TRADE("2") CLOSE, 0), 400);
    says(&s, "more than one field");
    holds(&s, 0);
    scene_close(&s);
}
END_TEST

/* A form that ends, or a client that goes, at every byte. */
START_TEST(broken_off)
{
    static const char form[] = OPEN("x.txt") TRADES TRADE("10") CLOSE;
    scene s;

    scene_open(&s, NULL);
    for (size_t size = 1; size < sizeof form - 4; size += size < 90 || size > sizeof form - 12 ? 1 : 40) {
        give(&s, form, size, 0);
        ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload", FORM, NULL), 400);
        give(&s, form, size, 30);
        s.send_fault = TICKER_ERROR_IO;
        ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload", FORM, NULL), 400);
        says(&s, "broke off");
        ck_assert_int_eq(stored(&s), 0);
    }
    give(&s, form, sizeof form - 1, 30);
    s.send_fault = TICKER_ERROR_IO; /* behind the form, but before the end of the body */
    ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload", FORM, NULL), 400);
    give(&s, trades, sizeof trades - 1, 30);
    s.send_fault = TICKER_ERROR_IO;
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", NULL), 400);
    give(&s, trades, sizeof trades - 1, 30);
    s.send_fault = TICKER_ERROR_CANCELLED;
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", NULL), 503);
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    holds(&s, 0);
    scene_close(&s);
}
END_TEST

START_TEST(too_large)
{
    size_t size = 200000;
    char *large = malloc(size);
    scene s;

    scene_open(&s, "max-upload", "335", NULL);
    ck_assert_ptr_nonnull(large);
    give(&s, trades, sizeof trades - 1, 0);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", "content-length: 336", NULL), 413);
    says(&s, "at most 335 bytes");
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", "content-length: 99999999999", NULL), 413);
    ck_assert(!s.worked);
    memset(large, 'x', size);
    memcpy(large, trades, sizeof trades - 1);
    give(&s, large, sizeof trades, 1);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", NULL), 413);
    give(&s, large, size, 10000);
    ck_assert_int_eq(scene_ask(&s, "PUT", "/api/quotes/upload", NULL), 413);
    ck_assert_int_eq(post(&s, OPEN("a") TRADES TRADE("10") TRADE("20") "x" CLOSE, 0), 413);
    holds(&s, 0);
    ck_assert_int_eq(post(&s, OPEN("a") TRADES TRADE("10") TRADE("20") CLOSE, 0), 201);
    holds(&s, 1);
    free(large);
    scene_close(&s);
}
END_TEST

/* --- Services that are away. */

START_TEST(no_storage)
{
    char path[160];
    FILE *file;
    scene s;

    scene_open(&s, NULL);
    (void)snprintf(path, sizeof path, "%s/uploads", s.folder);
    file = fopen(path, "we"); /* where the folder should be */
    ck_assert_ptr_nonnull(file);
    (void)fclose(file);
    ck_assert_int_eq(post(&s, OPEN("a") TRADES TRADE("10") CLOSE, 0), 503);
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    ck_assert_ptr_null(strstr(s.body, s.folder));
    ck_assert_int_eq(rows_of(&s, "imports", NULL, NULL), 0);
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(post(&s, OPEN("a") TRADES TRADE("10") CLOSE, 0), 201);
    holds(&s, 1);
    scene_close(&s);
}
END_TEST

START_TEST(no_database)
{
    scene s;

    if (!ticker_has("postgresql"))
        return;
    scene_open(&s, "database-url", "postgres://nobody@127.0.0.1:1/none?connect_timeout=2", NULL);
    ck_assert_int_eq(post(&s, OPEN("a") TRADES TRADE("10") CLOSE, 0), 503);
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    ck_assert_int_eq(stored(&s), 0);
    scene_close(&s);
}
END_TEST

/* The queue refuses when the ledger has the row already: that goes too. */
START_TEST(no_queue)
{
    scene s;

    if (!ticker_has("aws"))
        return;
    scene_open(&s, "queue-url", "sqs:nowhere", "aws-endpoint-url", "http://127.0.0.1:1", "aws-access-key-id", "a",
               "aws-secret-access-key", "b", "aws-max-attempts", "1", NULL);
    ck_assert_int_eq(post(&s, OPEN("a") TRADES TRADE("10") CLOSE, 0), 503);
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    ck_assert_int_eq(stored(&s), 0);
    ck_assert_int_eq(rows_of(&s, "imports", NULL, NULL), 0);
    scene_close(&s);
}
END_TEST

/* --- Uploads past the server. */

static int ask_url(scene *s, const char *body)
{
    give(s, body, strlen(body), 5);
    return scene_ask(s, "POST", "/api/quotes/upload-url", "content-type: application/json", NULL);
}

/* Their bodies are small, but may come as slowly as large ones. */
START_TEST(direct_uploads_keep_threads_too)
{
    scene s;

    scene_open(&s, NULL);
    s.server->receiving = s.server->long_max;
    ck_assert_int_eq(ask_url(&s, "{\"name\":\"a.zip\",\"bytes\":5}"), 503);
    ck_assert_ptr_nonnull(scene_header(&s, "Retry-After"));
    ck_assert_uint_eq(s.server->receiving, s.server->long_max);
    s.server->receiving = 0;
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask_url(&s, i % 2 == 0 ? "{" : "{\"name\":\"a.zip\",\"bytes\":5}"), i % 2 == 0 ? 400 : 501);
    ck_assert_uint_eq(s.server->receiving, 0);
    scene_close(&s);
}
END_TEST

START_TEST(direct_uploads)
{
    scene s;

    scene_open(&s, "max-upload", "1GiB", NULL);
    ck_assert_int_eq(ask_url(&s, "{\"name\":\"x.zip\",\"bytes\":100}\n"), 501);
    says(&s, "STORAGE_URL");
    ck_assert_int_eq(ask_url(&s, "{\"name\":\"x.zip\"}"), 400);
    ck_assert_int_eq(ask_url(&s, "{\"name\":\"x.zip\",\"bytes\":-1}"), 400);
    ck_assert_int_eq(ask_url(&s, "{\"name\":1,\"bytes\":1}"), 400);
    ck_assert_int_eq(ask_url(&s, "{\"name\":\"x\",\"bytes\":1} x"), 400);
    ck_assert_int_eq(ask_url(&s, "[]"), 400);
    ck_assert_int_eq(ask_url(&s, " "), 400);
    ck_assert_int_eq(ask_url(&s, "{\"name\":\"x.zip\",\"bytes\":1073741825}"), 413);
    give(&s, "{}", 2, 0);
    s.send_fault = TICKER_ERROR_IO;
    ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload-url", NULL), 400);
    ck_assert_int_eq(scene_ask(&s, "POST", "/api/quotes/upload-url", "content-type: text/plain", NULL), 415);
    scene_close(&s);
}
END_TEST

START_TEST(direct_uploads_to_s3)
{
    front_json *json;
    scene s;

    if (!ticker_has("aws"))
        return;
    scene_open(&s, "storage-url", "s3://bucket/b3", "aws-endpoint-url", "http://127.0.0.1:1", "aws-access-key-id",
               "AKIDEXAMPLE", "aws-secret-access-key", "very-secret", NULL);
    ck_assert_int_eq(ask_url(&s, "{\"name\":\"../a b.zip\",\"bytes\":100}"), 201);
    json = answer(&s);
    ck_assert_str_eq(front_json_get_text(json, "method"), "PUT");
    ck_assert_ptr_nonnull(strstr(front_json_get_text(json, "url"), "X-Amz-Signature="));
    ck_assert_ptr_nonnull(strstr(front_json_get_text(json, "key"), "/a b.zip"));
    ck_assert_ptr_null(strstr(s.body, "very-secret"));
    ck_assert_str_eq(scene_header(&s, "Cache-Control"), "no-store");
    front_json_free(json);
    scene_close(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_form,
        other_fields_and_types,
        a_body,
        too_many_at_once,
        the_same_again,
        packed_files,
        large_packed_files,
        not_of_b3,
        decided_early,
        wrong_types,
        broken_forms,
        broken_off,
        too_large,
        no_storage,
        no_database,
        no_queue,
        direct_uploads,
        direct_uploads_keep_threads_too,
        direct_uploads_to_s3,
    };

    return scene_run("server_upload", tests, SCENE_COUNT(tests));
}
