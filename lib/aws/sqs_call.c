/* One call of SQS: the protocol that was chosen, the client, and failures that say the same in both protocols. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "aws/client.h"
#include "aws/sqs.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/options.h"
#include "base/utf8.h"

#define REQUEST_MAX (6 * TICKER_EVENT_BYTES_MAX + 256 * 1024) /* a batch at its largest, every byte of it escaped */
#define QUERY_PREFIX "AWS.SimpleQueueService."

/* --- Codes ------------------------------------------------------------------------------------------------------ */

/* What Query calls by another name than JSON, apart from the prefix. */
static const struct {
    const char *query, *json;
} aliases[] = {
    {"InvalidParameterValueException", "InvalidParameterValue"},
    {"MissingParameter", "MissingRequiredParameterException"},
    {"NonExistentQueue", "QueueDoesNotExist"},
    {"QueueAlreadyExists", "QueueNameExists"},
};

const char *ti_sqs_code(const char *code)
{
    if (strncmp(code, QUERY_PREFIX, strlen(QUERY_PREFIX)) == 0)
        code += strlen(QUERY_PREFIX);
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (strcmp(code, aliases[i].query) == 0)
            return aliases[i].json;
    return code;
}

/* Failures of SQS that the client does not know, or about which more can be said. */
typedef struct meaning {
    const char *code;
    ticker_status status;
    ticker_error_kind kind;
    const char *hint; /* NULL: the protocol may be the wrong one */
} meaning;

static const meaning meanings[] = {
    {"InvalidAction", TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, NULL},
    {"InvalidMessageContents", TICKER_FAILED, TICKER_ERROR_INPUT, "SQS takes the characters of XML 1.0 only"},
    {"MessageNotInflight", TICKER_FAILED, TICKER_ERROR_INPUT, "its time ran out: others may have it by now"},
    {"MissingAction", TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, NULL},
    {"OverLimit", TICKER_RETRY, TICKER_ERROR_SERVICE, "too many messages are being worked on; delete what is done"},
    {"QueueDeletedRecently", TICKER_RETRY, TICKER_ERROR_SERVICE, "a deleted queue can be made again after a minute"},
    {"QueueNameExists", TICKER_FATAL, TICKER_ERROR_USAGE,
     "it is there with other attributes: change those, or take another name"},
    {"ReceiptHandleIsInvalid", TICKER_FAILED, TICKER_ERROR_INPUT, "a receipt is good for its own queue only"},
    {"UnknownOperation", TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, NULL},
    {"UnknownOperationException", TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, NULL},
};

static const meaning *meaning_of(const char *code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (strcmp(code, meanings[i].code) == 0)
            return &meanings[i];
    return NULL;
}

ticker_status ti_sqs_entry_status(const char *code, bool sender_fault)
{
    const meaning *known = meaning_of(ti_sqs_code(code));

    if (known != NULL && known->status != TICKER_FATAL)
        return known->status;
    /* Throttling is called the sender's fault, but passes. */
    if (strstr(code, "hrottl") != NULL || strcmp(code, "TooManyRequestsException") == 0)
        return TICKER_RETRY;
    return sender_fault ? TICKER_FAILED : TICKER_RETRY;
}

/* A server that does not know how it is spoken to. */
static void hint_at_protocol(const ti_sqs_protocol *protocol, ticker_error *error)
{
    if (protocol == &ti_sqs_json)
        ti_error_hint(error, "is this SQS? an old server may want the option sqs-protocol=query");
    else
        ti_error_hint(error, "is this SQS? a server may want the option sqs-protocol=json");
}

static ticker_status translate(const ti_sqs_protocol *protocol, ticker_status status, ticker_error *error)
{
    char code[sizeof(error->aws_code)];
    const meaning *known;

    (void)ti_utf8_copy(code, sizeof(code), ti_slice_of(ti_sqs_code(error->aws_code)));
    memcpy(error->aws_code, code, sizeof(code));
    known = meaning_of(code);
    if (known == NULL)
        return status;
    error->status = known->status;
    error->kind = known->kind;
    error->hint[0] = '\0';
    if (known->hint != NULL)
        ti_error_hint(error, "%s", known->hint);
    else
        hint_at_protocol(protocol, error);
    return known->status;
}

/* --- The call --------------------------------------------------------------------------------------------------- */

ticker_status ti_sqs_strange(const char *operation, const char *what, ticker_error *error)
{
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the answer to %s %s", operation, what);
    ti_error_hint(error, "is this SQS? look at the endpoint");
    return TICKER_RETRY;
}

static ticker_status read_answer(const ti_sqs_protocol *protocol, const ti_sqs_request *request, ti_slice body,
                                 ti_sqs_take take, void *self, ticker_error *error)
{
    char what[TICKER_ERROR_MESSAGE_MAX];
    ticker_error own;
    ticker_status status;

    ti_error_init(&own);
    status = protocol->read(body, take, self, &own);
    if (status == TICKER_FAILED) {
        (void)snprintf(what, sizeof(what), "cannot be read: %s", own.message);
        return ti_sqs_strange(request->operation, what, error);
    }
    if (status != TICKER_OK)
        ti_error_copy(error, &own);
    return status;
}

static ticker_status perform(ticker_aws *aws, const ti_sqs_protocol *protocol, const ti_sqs_request *request,
                             ti_slice body, ti_http_response *response, ticker_error *error)
{
    char target[2 * TI_SQS_CODE_MAX] = "";
    ti_http_header headers[] = {{ti_slice_of("content-type"), ti_slice_of(protocol->content_type)},
                                {ti_slice_of("x-amz-target"), {target, 0}}};
    ti_aws_request call = {.service = TI_AWS_SQS,
                           .operation = request->operation,
                           .method = "POST",
                           .headers = headers,
                           .header_count = 1,
                           .body = {.data = body.data, .size = (int64_t)body.size},
                           .wait = request->wait,
                           .max_body = request->max_body,
                           .queue_url = request->queue_url};
    ticker_error own;
    ticker_status status;

    if (protocol->target != NULL) {
        (void)snprintf(target, sizeof(target), "%s%s", protocol->target, request->operation);
        headers[1].value = ti_slice_of(target);
        call.header_count = 2;
    }
    ti_error_init(&own);
    status = ti_aws_perform(aws, &call, response, &own);
    if (status == TICKER_OK)
        return status;
    status = translate(protocol, status, &own);
    /* An attempt whose answer was lost may have done it. */
    if (response->attempts > 1 && request->done_code != NULL && strcmp(own.aws_code, request->done_code) == 0)
        return TICKER_OK;
    ti_error_copy(error, &own);
    return status;
}

ticker_status ti_sqs_call(ticker_aws *aws, const ti_sqs_request *request, ti_sqs_take take, void *self,
                          ticker_error *error)
{
    bool query = strcmp(ti_option_text(ti_aws_options(aws), TI_OPTION_SQS_PROTOCOL), "query") == 0;
    const ti_sqs_protocol *protocol = query ? &ti_sqs_query : &ti_sqs_json;
    ti_http_response response;
    ti_buffer body;
    ticker_status status;

    ti_http_response_init(&response);
    ti_buffer_init(&body, REQUEST_MAX);
    if (!protocol->write(request, &body)) {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_MEMORY, "there is no memory for a request of SQS");
        goto out;
    }
    status = perform(aws, protocol, request, (ti_slice){body.data, body.size}, &response, error);
    if (status == TICKER_OK && take != NULL)
        status = read_answer(protocol, request, (ti_slice){response.body.data, response.body.size}, take, self, error);
out:
    ti_buffer_free(&body);
    ti_http_response_free(&response);
    return status;
}

/* --- What is checked before ------------------------------------------------------------------------------------- */

static bool is_url(const char *url)
{
    size_t size = strnlen(url, TICKER_URL_MAX);

    if (size == TICKER_URL_MAX ||
        (strncmp(url, "https://", strlen("https://")) != 0 && strncmp(url, "http://", strlen("http://")) != 0))
        return false;
    for (size_t i = 0; i < size; i++)
        if (url[i] <= ' ' || url[i] > '~')
            return false;
    return true;
}

ticker_status ti_sqs_check(const ticker_aws *aws, const char *url, ticker_error *error)
{
    if (aws == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "SQS needs a client");
    if (url != NULL && is_url(url))
        return TICKER_OK;
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "this is no queue URL: \"%.100s\"", url != NULL ? url : "");
    ti_error_hint(error, "it looks like https://sqs.REGION.amazonaws.com/ACCOUNT/NAME; ask for it by the queue's name");
    return TICKER_FATAL;
}

ticker_status ti_sqs_check_number(const char *what, int number, int least, int most, ticker_error *error)
{
    if (number >= least && number <= most)
        return TICKER_OK;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s must be from %d to %d, not %d", what, least, most,
                   number);
}

/* The characters of XML 1.0: SQS takes no others, in JSON neither. */
static bool is_sqs_text(ti_slice text)
{
    for (size_t at = 0, length; at < text.size; at += length) {
        const unsigned char *byte = (const unsigned char *)text.data + at;

        length = ti_utf8_length((ti_slice){text.data + at, text.size - at});
        if (length == 0 || (*byte < ' ' && *byte != '\t' && *byte != '\n' && *byte != '\r'))
            return false;
        if (length == 3 && byte[0] == 0xef && byte[1] == 0xbf && byte[2] >= 0xbe) /* U+FFFE, U+FFFF */
            return false;
    }
    return true;
}

ticker_status ti_sqs_check_body(const char *body, ticker_error *error)
{
    size_t size = body != NULL ? strlen(body) : 0;

    if (size == 0)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "a message of SQS must have a body");
    if (size > TICKER_EVENT_BYTES_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the message has %zu bytes, more than %d", size,
                       TICKER_EVENT_BYTES_MAX);
    if (is_sqs_text((ti_slice){body, size}))
        return TICKER_OK;
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the message holds bytes that SQS does not take");
    ti_error_hint(error, "it must be UTF-8 without control characters; encode other bytes, as base64 for example");
    return TICKER_FAILED;
}

/* --- Small things ----------------------------------------------------------------------------------------------- */

bool ti_sqs_md5_fits(ti_slice text, ti_slice md5)
{
    unsigned char digest[TI_MD5_BYTES], said[TI_MD5_BYTES];

    if (md5.size == 0)
        return true;
    return md5.size == 2 * sizeof(said) && ti_unhex(md5, said, sizeof(said)) &&
           ti_md5_of(text.data, text.size, digest) && memcmp(digest, said, sizeof(said)) == 0;
}

char *ti_sqs_copy(ti_slice text)
{
    char *copy = malloc(text.size + 1);

    if (copy == NULL)
        return NULL;
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}
