/* Listings: pages, encoded keys, and servers that would keep one busy for ever. */
#include "support.h"

#include <stdio.h>
#include <tickerimport/s3.h>

#include "aws/s3_page.h"
#include "fake_http.h"

static fake_http *fake;
static ticker_aws *aws;
static ticker_error error;
static ti_buffer seen;

static void set_up(void)
{
    fake = fake_http_new();
    aws = fake_http_client(fake, NULL);
    ti_error_init(&error);
    bytes_init(&seen);
}

static void tear_down(void)
{
    ticker_aws_free(aws);
    fake_http_free(fake);
    ti_buffer_free(&seen);
}

static ticker_status note(void *payload, const ticker_s3_object *object, ticker_error *failed)
{
    const char *stop_at = payload;

    add(&seen, "%s|%lld|%s|%lld\n", ticker_s3_object_key(object), (long long)ticker_s3_object_bytes(object),
        ticker_s3_object_etag(object), (long long)ticker_s3_object_modified(object));
    if (stop_at != NULL && strcmp(ticker_s3_object_key(object), stop_at) == 0)
        return ticker_error_set(failed, TICKER_WARN, TICKER_ERROR_INPUT, "enough");
    return TICKER_OK;
}

static ticker_status list(const char *prefix, int64_t max, const char *stop_at)
{
    ti_buffer_clear(&seen);
    ti_error_init(&error);
    return ticker_s3_list(aws, "bucket", prefix, max, note, (void *)(uintptr_t)stop_at, &error);
}

static void check_seen(const char *expected)
{
    const char *text = ti_buffer_string(&seen);

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
}

#define CONTENT(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size></Contents>"
#define LIST(inside) "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3/\">" inside "</ListBucketResult>"
#define MORE(token) "<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"

START_TEST(pages)
{
    set_up();
    fake_http_answer(
        fake, 200, NULL,
        LIST("<Name>bucket</Name><Prefix>in/</Prefix><KeyCount>2</KeyCount>" MORE(
            "a+/=&amp;b") "<Contents><Key>in/1</Key><LastModified>2026-11-26T12:00:00.500Z</LastModified>"
                          "<ETag>&quot;0123&quot;</ETag><Size>17</Size><StorageClass>STANDARD"
                          "</StorageClass><Owner><ID>x</ID><Size>99</Size></Owner></Contents>" CONTENT("in/2", "0")));
    fake_http_answer(fake, 200, NULL, LIST("<IsTruncated>false</IsTruncated>" CONTENT("in/3", "9223372036854775806")));
    ck_assert_int_eq(list("in/", 0, NULL), TICKER_OK);
    check_seen("in/1|17|0123|1795694400500\nin/2|0||0\nin/3|9223372036854775806||0\n");
    ck_assert_uint_eq(fake_http_count(fake), 2);
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 0), "list-type=2"));
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 0), "prefix=in%2F"));
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 0), "encoding-type=url"));
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 0), "max-keys=1000"));
    ck_assert_ptr_null(strstr(fake_http_url(fake, 0), "continuation-token"));
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 1), "continuation-token=a%2B%2F%3D%26b"));
    tear_down();
}
END_TEST

/* Whether keys are encoded is said before them, behind them, or not at all. */
START_TEST(encoded_keys)
{
    static const char encoding[] = "<EncodingType>url</EncodingType>";
    char text[1024];

    for (int where = 0; where < 3; where++) {
        set_up();
        (void)snprintf(text, sizeof(text), LIST("%s" CONTENT("a+b%%2B%%25%%C3%%A9%%0A/c", "1") "%s"),
                       where == 0 ? encoding : "", where == 1 ? encoding : "");
        fake_http_answer(fake, 200, NULL, text);
        ck_assert_int_eq(list("", 0, NULL), TICKER_OK);
        check_seen(where < 2 ? "a b+%\xc3\xa9\n/c|1||0\n" : "a+b%2B%25%C3%A9%0A/c|1||0\n");
        ck_assert_ptr_null(strstr(fake_http_url(fake, 0), "prefix"));
        tear_down();
    }
}
END_TEST

START_TEST(no_more_than_wanted)
{
    set_up();
    fake_http_answer(fake, 200, NULL, LIST(MORE("t") CONTENT("1", "1") CONTENT("2", "2")));
    fake_http_answer(fake, 200, NULL, LIST(MORE("u") CONTENT("3", "3") CONTENT("4", "4")));
    ck_assert_int_eq(list("", 3, NULL), TICKER_OK);
    check_seen("1|1||0\n2|2||0\n3|3||0\n");
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 0), "max-keys=3"));
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 1), "max-keys=1"));
    fake_http_answer(fake, 200, NULL, LIST(MORE("t") CONTENT("1", "1") CONTENT("2", "2")));
    ck_assert_int_eq(list("", 2, NULL), TICKER_OK);
    ck_assert_uint_eq(fake_http_count(fake), 3);
    tear_down();
}
END_TEST

START_TEST(ended_by_the_visitor)
{
    set_up();
    fake_http_answer(fake, 200, NULL, LIST(MORE("t") CONTENT("1", "1") CONTENT("2", "2") CONTENT("3", "3")));
    ck_assert_int_eq(list("", 0, "2"), TICKER_WARN);
    ck_assert_str_eq(error.message, "enough");
    check_seen("1|1||0\n2|2||0\n");
    tear_down();
}
END_TEST

/* No listing, one that never ends, or entries that cannot be. */
START_TEST(nonsense)
{
    static const char *const first[] = {
        "",
        "hello",
        "<ListBucketResult><Contents>",
        "<Other/>",
        "<html><body>sign in</body></html>",
        LIST("<IsTruncated>true</IsTruncated>"),
        LIST("<IsTruncated>true</IsTruncated><NextContinuationToken/>"),
        LIST("<Contents><Size>1</Size></Contents>"),
        LIST(CONTENT("a", "-1")),
        LIST(CONTENT("a", "x")),
        LIST(CONTENT("a", "99999999999999999999")),
        LIST("<EncodingType>url</EncodingType>" CONTENT("a%00b", "1")),
    };

    for (size_t i = 0; i < COUNT(first); i++) {
        set_up();
        fake_http_answer(fake, 200, NULL, first[i]);
        ck_assert_msg(list("", 0, NULL) == TICKER_FAILED, "answer %zu", i);
        ck_assert_int_eq(error.kind, TICKER_ERROR_INPUT);
        ck_assert_uint_eq(seen.size, 0);
        tear_down();
    }
    set_up();
    fake_http_answer(fake, 200, NULL, LIST(MORE("t") CONTENT("1", "1")));
    fake_http_answer(fake, 200, NULL, LIST(MORE("t") CONTENT("1", "1")));
    ck_assert_int_eq(list("", 0, NULL), TICKER_FAILED);
    ck_assert_str_eq(error.file, "s3://bucket/");
    tear_down();
}
END_TEST

START_TEST(too_many_and_too_long)
{
    ti_buffer text;

    set_up();
    bytes_init(&text);
    add(&text, "<ListBucketResult>");
    for (int i = 0; i < TICKER_S3_PAGE_MAX + 1; i++)
        add(&text, CONTENT("%d", "1"), i);
    add(&text, "</ListBucketResult>");
    fake_http_answer_bytes(fake, 200, NULL, text.data, text.size);
    ck_assert_int_eq(list("", 0, NULL), TICKER_FAILED);
    ti_buffer_clear(&text);
    add(&text, "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>");
    add_repeated(&text, 'k', TICKER_KEY_MAX);
    add(&text, "</Key></Contents></ListBucketResult>");
    fake_http_answer_bytes(fake, 200, NULL, text.data, text.size);
    ck_assert_int_eq(list("", 0, NULL), TICKER_FAILED);
    ck_assert_uint_eq(seen.size, 0);
    ti_buffer_free(&text);
    tear_down();
}
END_TEST

START_TEST(wrong_arguments)
{
    set_up();
    ck_assert_int_eq(ticker_s3_list(aws, "bucket", NULL, 0, note, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_list(aws, "bucket", "", 0, NULL, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_list(aws, "", "", 0, note, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_list(aws, "bucket", "\xc3", 0, note, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_abort_uploads(aws, "bucket", "", -1, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_s3_abort_uploads(aws, "bucket", NULL, 0, NULL, NULL), TICKER_FATAL);
    ck_assert_uint_eq(fake_http_count(fake), 0);
    tear_down();
}
END_TEST

/* --- Uploads -------------------------------------------------------------------------------------------------------------------- */

#define UPLOADS(inside) "<ListMultipartUploadsResult>" inside "</ListMultipartUploadsResult>"
#define UPLOAD(key, id, begun)                                                                                         \
    "<Upload><Key>" key "</Key><UploadId>" id "</UploadId><Initiated>" begun "</Initiated></Upload>"

START_TEST(old_uploads)
{
    int64_t count = -1;

    set_up();
    fake_http_answer_for(fake, "GET", 200, NULL,
                         UPLOADS("<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
                                 "<NextKeyMarker>in/a+b</NextKeyMarker><NextUploadIdMarker>i+1</NextUploadIdMarker>" //
                                 UPLOAD("in/a+b", "i+1", "2026-11-26T10:00:00.000Z")                                 //
                                 UPLOAD("in/a+b", "i2", "2026-11-26T11:59:00.000Z")                                  //
                                 UPLOAD("in/c", "i3", "never")));
    fake_http_answer_for(fake, "GET", 200, NULL,
                         UPLOADS("<IsTruncated>false</IsTruncated>" UPLOAD("in/d", "i4", "2026-11-26T10:59:59Z")));
    fake_http_answer_for(fake, "DELETE", 204, NULL, NULL);
    fake_http_answer_for(fake, "DELETE", 404, NULL, "<Error><Code>NoSuchUpload</Code></Error>");
    ck_assert_int_eq(ticker_s3_abort_uploads(aws, "bucket", "in/", 3600, &count, &error), TICKER_OK);
    ck_assert_int_eq(count, 2);
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 0), "uploads="));
    ck_assert_str_eq(fake_http_method(fake, 1), "DELETE");
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 1), "/in/a%20b?uploadId=i%2B1"));
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 2), "key-marker=in%2Fa%20b"));
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 2), "upload-id-marker=i%2B1"));
    ck_assert_ptr_nonnull(strstr(fake_http_url(fake, 3), "/in/d?uploadId=i4"));
    tear_down();
}
END_TEST

START_TEST(all_uploads)
{
    int64_t count = -1;

    set_up();
    fake_http_answer_for(fake, "GET", 200, NULL,
                         UPLOADS(UPLOAD("a", "1", "2026-11-26T12:00:00.900Z") UPLOAD("b", "2", "never")));
    fake_http_answer_for(fake, "DELETE", 204, NULL, NULL);
    fake_http_answer_for(fake, "DELETE", 204, NULL, NULL);
    ck_assert_int_eq(ticker_s3_abort_uploads(aws, "bucket", "", 0, &count, &error), TICKER_OK);
    ck_assert_int_eq(count, 2);
    fake_http_answer_for(fake, "GET", 200, NULL, UPLOADS(UPLOAD("a", "1", "2026-11-26T12:00:00.900Z")));
    fake_http_answer_for(fake, "DELETE", 403, NULL, "<Error><Code>AccessDenied</Code></Error>");
    ck_assert_int_eq(ticker_s3_abort_uploads(aws, "bucket", "", 0, &count, &error), TICKER_FATAL);
    ck_assert_int_eq(count, 0);
    ck_assert_str_eq(error.aws_code, "AccessDenied");
    tear_down();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {pages,      encoded_keys,          no_more_than_wanted, ended_by_the_visitor,
                                  nonsense,   too_many_and_too_long, wrong_arguments,     old_uploads,
                                  all_uploads};

    return run_tests("s3_list", tests, COUNT(tests));
}
