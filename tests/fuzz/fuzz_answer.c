/* A whole answer, head and body, and what a user is told of it. The input is the answer as it comes over the wire, behind a
 * letter for the service (3: S3, n: SNS, q: SQS, t: STS) and a line end. */
#include "fuzz.h"

#include <string.h>

#include "aws/aws_error.h"
#include "aws/retry.h"
#include "base/error.h"
#include "base/utf8.h"

#define SECRET "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
#define TOKEN "IQoJb3JpZ2luX2VjThisIsTheTokenAndItIsLong"

static ti_slice take_line(ti_slice *rest)
{
    const char *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    size_t taken = end != NULL ? (size_t)(end + 1 - rest->data) : rest->size;
    ti_slice line = {rest->data, taken};

    *rest = (ti_slice){rest->data + taken, rest->size - taken};
    return line;
}

/* Every header that was kept is found by its name, and none can hide another. */
static void check_headers(const ti_http_response *response)
{
    ti_slice rest = {response->headers.data, response->headers.size};
    char name[256];

    CHECK(response->header_count <= TI_HTTP_HEADERS_MAX && response->headers.size <= TI_HTTP_HEADER_BYTES_MAX);
    for (size_t i = 0; i < response->header_count; i++) {
        ti_slice line = take_line(&rest), value;
        const char *colon = memchr(line.data, ':', line.size);
        size_t size = colon != NULL ? (size_t)(colon - line.data) : 0;

        CHECK(colon != NULL && size > 0 && line.data[line.size - 1] == '\n');
        if (size >= sizeof(name))
            continue;
        memcpy(name, line.data, size);
        name[size] = '\0';
        value = ti_http_response_header(response, name);
        CHECK(value.data >= response->headers.data && value.data <= response->headers.data + response->headers.size);
        CHECK(value.size == 0 || memchr(value.data, '\n', value.size) == NULL);
    }
    CHECK(rest.size == 0);
}

static void check_place(const ti_http_response *response)
{
    ti_slice location = ti_http_response_header(response, "Location");
    char url[512], place[64];
    const char *host;

    if (location.size >= sizeof(url))
        return;
    memcpy(url, location.data, location.size);
    url[location.size] = '\0';
    ti_http_place(url, place, sizeof(place));
    CHECK(strlen(place) < sizeof(place) && strlen(place) <= location.size && strpbrk(place, "?#") == NULL);
    host = place + (strncmp(place, "https://", 8) == 0 ? 8 : strncmp(place, "http://", 7) == 0 ? 7 : 0);
    CHECK(host == place || memchr(host, '@', strcspn(host, "/")) == NULL);
}

static void check_one_line(const char *text, size_t max)
{
    ti_slice rest = ti_slice_of(text);

    CHECK(rest.size < max);
    while (rest.size > 0) {
        size_t size = ti_utf8_length(rest);

        CHECK(size > 0 && (unsigned char)*rest.data >= 0x20);
        rest = (ti_slice){rest.data + size, rest.size - size};
    }
    CHECK(strstr(text, "wJalrXUt") == NULL && strstr(text, "IQoJb3JpZ2luX2Vj") == NULL);
}

static void check_sentence(const ti_aws_request *request, const ti_http_response *response)
{
    char token[] = TOKEN, host[] = "localhost:4566", path[] = "/files/k";
    ti_credentials credentials = {
        .access_key = "AKIDEXAMPLE", .secret_key = SECRET, .session_token = token, .source = "options"};
    ti_aws_where where = {.region = "us-east-1",
                          .host = {.data = host, .size = sizeof(host) - 1},
                          .path = {.data = path, .size = sizeof(path) - 1}};
    ti_aws_story story = {request, &where, &credentials, true, 3};
    ti_aws_answer answer;
    ticker_error error;
    ticker_status status;

    ti_aws_answer_read(request, response, &answer);
    CHECK(strlen(answer.code) < sizeof(answer.code) && strlen(answer.message) < sizeof(answer.message));
    CHECK(answer.region[0] == '\0' || ti_aws_region_valid(ti_slice_of(answer.region)));
    ti_error_init(&error);
    status = ti_aws_fail_answer(&story, &answer, &error);
    CHECK(status == TICKER_RETRY || status == TICKER_FAILED || status == TICKER_FATAL);
    CHECK(error.status == status && error.kind != TICKER_ERROR_NONE);
    check_one_line(error.message, sizeof(error.message));
    check_one_line(error.hint, sizeof(error.hint));
    check_one_line(error.aws_code, sizeof(error.aws_code));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ti_slice rest = {(const char *)data, size}, line = take_line(&rest);
    char letter = line.size > 0 ? *line.data : '3';
    ti_aws_request request = {.operation = "GetObject", .method = "GET"};
    ti_http_response response;
    int64_t wait;

    request.service = letter == 'n' ? TI_AWS_SNS : letter == 'q' ? TI_AWS_SQS : letter == 't' ? TI_AWS_STS : TI_AWS_S3;
    if (request.service == TI_AWS_S3)
        request.bucket = request.path = ti_slice_of("files");
    ti_http_response_init(&response);
    while (rest.size > 0) {
        line = take_line(&rest);
        if (!ti_http_response_line(&response, line))
            break;
        if (line.size <= 2 && line.data[line.size - 1] == '\n' && (line.size == 1 || line.data[0] == '\r'))
            break;
    }
    if (!ti_buffer_failed(&response.headers)) {
        CHECK(ti_buffer_slice(&response.body, rest));
        check_headers(&response);
        check_place(&response);
        check_sentence(&request, &response);
        (void)ti_aws_answer_is_error(&response);
        wait = ti_retry_wait(1 + (unsigned)size % 20, size * 2654435761u, &response, INT64_C(1795694400000));
        CHECK(wait >= 0 && wait <= TI_RETRY_WAIT_MAX);
    }
    ti_http_response_free(&response);
    return 0;
}
