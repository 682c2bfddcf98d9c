#include "aws/answer.h"

#include <stdio.h>

#include "aws/json.h"
#include "aws/xml.h"
#include "base/error.h"

#define BODY_MAX ((size_t)64 * 1024) /* of an error; longer ones are not looked into */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- Codes ---------------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *code;
    ti_aws_reason reason;
} codes[] = {
    {"Throttling", TI_REASON_THROTTLED},
    {"ThrottlingException", TI_REASON_THROTTLED},
    {"ThrottledException", TI_REASON_THROTTLED},
    {"RequestThrottled", TI_REASON_THROTTLED},
    {"RequestThrottledException", TI_REASON_THROTTLED},
    {"TooManyRequestsException", TI_REASON_THROTTLED},
    {"ProvisionedThroughputExceededException", TI_REASON_THROTTLED},
    {"SlowDown", TI_REASON_THROTTLED},
    {"BandwidthLimitExceeded", TI_REASON_THROTTLED},
    {"RequestLimitExceeded", TI_REASON_THROTTLED},
    {"LimitExceededException", TI_REASON_THROTTLED},
    {"PriorRequestNotComplete", TI_REASON_THROTTLED},
    {"TransactionInProgressException", TI_REASON_THROTTLED},
    {"EC2ThrottledException", TI_REASON_THROTTLED},
    {"KmsThrottled", TI_REASON_THROTTLED},
    {"KMSThrottling", TI_REASON_THROTTLED},
    {"KMSThrottlingException", TI_REASON_THROTTLED},

    {"RequestTimeout", TI_REASON_TRANSIENT},
    {"RequestTimeoutException", TI_REASON_TRANSIENT},
    {"InternalError", TI_REASON_TRANSIENT},
    {"InternalFailure", TI_REASON_TRANSIENT},
    {"InternalServerError", TI_REASON_TRANSIENT},
    {"ServiceUnavailable", TI_REASON_TRANSIENT},
    {"ServiceUnavailableException", TI_REASON_TRANSIENT},
    {"IDPCommunicationError", TI_REASON_TRANSIENT},

    {"OverLimit", TI_REASON_LATER}, /* SQS: 120,000 messages are in flight */
    {"OperationAborted", TI_REASON_LATER},
    {"ConditionalRequestConflict", TI_REASON_LATER},
    {"TemporaryRedirect", TI_REASON_LATER},
    {"QueueDeletedRecently", TI_REASON_LATER},
    {"PurgeQueueInProgress", TI_REASON_LATER},

    {"RequestTimeTooSkewed", TI_REASON_CLOCK},
    {"RequestExpired", TI_REASON_CLOCK},
    {"RequestInTheFuture", TI_REASON_CLOCK},

    {"SignatureDoesNotMatch", TI_REASON_SIGNATURE},
    {"InvalidSignatureException", TI_REASON_SIGNATURE},
    {"InvalidSignature", TI_REASON_SIGNATURE},
    {"AuthFailure", TI_REASON_SIGNATURE},
    {"IncompleteSignature", TI_REASON_SIGNATURE},
    {"IncompleteSignatureException", TI_REASON_SIGNATURE},

    {"InvalidAccessKeyId", TI_REASON_UNKNOWN_KEY},
    {"InvalidClientTokenId", TI_REASON_UNKNOWN_KEY},
    {"UnrecognizedClientException", TI_REASON_UNKNOWN_KEY},
    {"MissingAuthenticationToken", TI_REASON_UNKNOWN_KEY},
    {"MissingAuthenticationTokenException", TI_REASON_UNKNOWN_KEY},
    {"NotSignedUp", TI_REASON_UNKNOWN_KEY},
    {"OptInRequired", TI_REASON_UNKNOWN_KEY},

    {"ExpiredToken", TI_REASON_EXPIRED_KEY},
    {"ExpiredTokenException", TI_REASON_EXPIRED_KEY},
    {"TokenRefreshRequired", TI_REASON_EXPIRED_KEY},
    {"InvalidToken", TI_REASON_EXPIRED_KEY},

    {"AccessDenied", TI_REASON_DENIED},
    {"AccessDeniedException", TI_REASON_DENIED},
    {"AllAccessDisabled", TI_REASON_DENIED},
    {"AccountProblem", TI_REASON_DENIED},
    {"AuthorizationError", TI_REASON_DENIED},
    {"AuthorizationErrorException", TI_REASON_DENIED},
    {"Forbidden", TI_REASON_DENIED},
    {"UnauthorizedAccess", TI_REASON_DENIED},

    {"PermanentRedirect", TI_REASON_REGION},
    {"AuthorizationHeaderMalformed", TI_REASON_REGION},
    {"IllegalLocationConstraintException", TI_REASON_REGION},
    {"InvalidLocationConstraint", TI_REASON_REGION},

    {"InvalidObjectState", TI_REASON_OTHER}, /* 403, but of an object in an archive */

    {"NoSuchBucket", TI_REASON_NO_BUCKET},
    {"InvalidBucketName", TI_REASON_NO_BUCKET},
    {"QueueDoesNotExist", TI_REASON_NO_QUEUE},
    {"InvalidAddress", TI_REASON_NO_QUEUE},
    {"NotFound", TI_REASON_NO_TOPIC},

    {"NotImplemented", TI_REASON_NOT_OFFERED},
    {"MethodNotAllowed", TI_REASON_NOT_OFFERED},
    {"InvalidAction", TI_REASON_NOT_OFFERED},
    {"UnknownOperationException", TI_REASON_NOT_OFFERED},
    {"UnknownOperation", TI_REASON_NOT_OFFERED},
};

/* SQS has two names for some errors, the one of the Query protocol and the one of JSON, and SNS an ending here and there. */
static const struct {
    const char *other, *code;
} aliases[] = {{"NonExistentQueue", "QueueDoesNotExist"},
               {"QueueAlreadyExists", "QueueNameExists"},
               {"NotFoundException", "NotFound"},
               {"AuthorizationErrorException", "AuthorizationError"}};

static void keep_text(char *to, size_t size, ti_slice text)
{
    (void)snprintf(to, size, "%.*s", text.size < size ? (int)text.size : (int)size, text.data);
}

/* "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender", "Code:http://…" */
static void keep_code(ti_aws_answer *answer, ti_slice text)
{
    static const char prefix[] = "AWS.SimpleQueueService.";
    const char *hash = text.size > 0 ? memchr(text.data, '#', text.size) : NULL;
    size_t end = 0;

    if (answer->code[0] != '\0' || text.size == 0)
        return;
    if (hash != NULL)
        text = (ti_slice){hash + 1, text.size - (size_t)(hash + 1 - text.data)};
    if (text.size > strlen(prefix) && memcmp(text.data, prefix, strlen(prefix)) == 0)
        text = (ti_slice){text.data + strlen(prefix), text.size - strlen(prefix)};
    while (end < text.size && text.data[end] != ';' && text.data[end] != ':')
        end++;
    keep_text(answer->code, sizeof(answer->code), (ti_slice){text.data, end});
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (strcmp(answer->code, aliases[i].other) == 0)
            keep_text(answer->code, sizeof(answer->code), ti_slice_of(aliases[i].code));
}

/* The first line: some messages go on with the canonical request, which holds the session token. */
static void keep_message(ti_aws_answer *answer, ti_slice text)
{
    const char *end = text.size > 0 ? memchr(text.data, '\n', text.size) : NULL;

    if (end != NULL)
        text.size = (size_t)(end - text.data);
    while (text.size > 0 && (text.data[text.size - 1] == '.' || text.data[text.size - 1] == ' '))
        text.size--;
    if (answer->message[0] == '\0')
        keep_text(answer->message, sizeof(answer->message), text);
}

static void keep_region(ti_aws_answer *answer, ti_slice text)
{
    if (answer->region[0] == '\0' && ti_aws_region_valid(text))
        keep_text(answer->region, sizeof(answer->region), text);
}

static void keep_id(ti_aws_answer *answer, ti_slice text)
{
    if (answer->id[0] == '\0' && text.size < sizeof(answer->id))
        keep_text(answer->id, sizeof(answer->id), text);
}

/* --- Bodies --------------------------------------------------------------------------------------------------------------------- */

static ticker_status take_element(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    ti_aws_answer *answer = payload;
    const char *name = strrchr(path, '/');
    size_t parent = name != NULL ? (size_t)(name - path) : 0;

    (void)error;
    if (name == NULL)
        return TICKER_OK;
    name++;
    if (strcmp(name, "RequestId") == 0)
        keep_id(answer, text);
    if (parent < 5 || memcmp(path + parent - 5, "Error", 5) != 0 || (parent > 5 && path[parent - 6] != '/'))
        return TICKER_OK;
    if (strcmp(name, "Code") == 0)
        keep_code(answer, text);
    else if (strcmp(name, "Message") == 0)
        keep_message(answer, text);
    else if (strcmp(name, "Region") == 0)
        keep_region(answer, text);
    return TICKER_OK;
}

static void read_json(ti_aws_answer *answer, ti_slice body)
{
    static const char *const names[] = {"__type", "code", "Code"}, *const messages[] = {"message", "Message"};
    ti_json *json = NULL;
    ti_json_value *root;

    if (ti_json_read(body, &json, NULL) != TICKER_OK)
        return;
    root = ti_json_root(json);
    for (size_t i = 0; i < COUNT(names); i++)
        keep_code(answer, ti_json_text(ti_json_member(root, names[i])));
    for (size_t i = 0; i < COUNT(messages); i++)
        keep_message(answer, ti_json_text(ti_json_member(root, messages[i])));
    ti_json_free(json);
}

static ti_slice without_blanks(const ti_buffer *body)
{
    ti_slice text = {body->size > 0 ? body->data : "", body->size};

    while (text.size > 0 && strchr(" \t\r\n", *text.data) != NULL && *text.data != '\0') {
        text.data++;
        text.size--;
    }
    return text;
}

static bool begins(ti_slice text, const char *lower_case)
{
    size_t size = strlen(lower_case);

    if (text.size < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] - 'A' + 'a' : text.data[i]) != lower_case[i])
            return false;
    return true;
}

bool ti_aws_answer_is_page(const ti_http_response *response)
{
    ti_slice body = without_blanks(&response->body);

    return begins(ti_http_response_header(response, "Content-Type"), "text/html") || begins(body, "<!doctype html") ||
           begins(body, "<html");
}

bool ti_aws_answer_is_error(const ti_http_response *response)
{
    ti_slice body = without_blanks(&response->body);
    ti_buffer code;
    bool error;

    if (body.size == 0 || body.size > BODY_MAX || *body.data != '<')
        return false;
    ti_buffer_init(&code, TI_XML_TEXT_MAX);
    error = ti_xml_find(body, "Error/Code", &code, NULL) == TICKER_OK;
    ti_buffer_free(&code);
    return error;
}

bool ti_aws_measure_skew(const ti_http_response *response, int64_t *skew)
{
    if (response->date == 0)
        return false;
    /* The date has no fractions of its second. */
    *skew = response->date + 500 - (response->started + (response->answered - response->started) / 2);
    return true;
}

static ti_aws_reason reason_of_status(const ti_aws_request *request, const ti_aws_answer *answer)
{
    bool s3 = request->service == TI_AWS_S3;

    switch (answer->status) {
    case 429:
        return TI_REASON_THROTTLED;
    case 408: /* also of a proxy, which names no code */
    case 500:
    case 502:
    case 503:
    case 504:
        return TI_REASON_TRANSIENT;
    case 401:
    case 403:
        return TI_REASON_DENIED;
    case 404:
        if (answer->code[0] != '\0')
            return TI_REASON_OTHER;
        return !s3 ? TI_REASON_NO_SERVICE : request->path.size == 0 ? TI_REASON_NO_BUCKET : TI_REASON_OTHER;
    case 405:
    case 501:
        return TI_REASON_NOT_OFFERED;
    default:
        if (answer->status >= 300 && answer->status < 400)
            return s3 ? TI_REASON_REGION : TI_REASON_NO_SERVICE;
        return TI_REASON_OTHER;
    }
}

static ti_aws_reason find_reason(const ti_aws_request *request, const ti_aws_answer *answer)
{
    for (size_t i = 0; i < COUNT(codes); i++)
        if (strcmp(answer->code, codes[i].code) == 0) {
            if (codes[i].reason == TI_REASON_NO_TOPIC && request->service != TI_AWS_SNS)
                break;
            /* "Credential should be scoped to a valid region" */
            if (codes[i].reason == TI_REASON_SIGNATURE && strstr(answer->message, "scoped to") != NULL)
                return TI_REASON_REGION;
            return codes[i].reason;
        }
    return reason_of_status(request, answer);
}

void ti_aws_answer_read(const ti_aws_request *request, const ti_http_response *response, ti_aws_answer *answer)
{
    ti_slice body = without_blanks(&response->body);
    bool web_page = ti_aws_answer_is_page(response);

    *answer = (ti_aws_answer){.status = response->status};
    answer->has_skew = ti_aws_measure_skew(response, &answer->skew);
    keep_region(answer, ti_http_response_header(response, "x-amz-bucket-region"));
    keep_id(answer, ti_http_response_header(response, "x-amz-request-id"));
    keep_id(answer, ti_http_response_header(response, "x-amzn-requestid"));
    if (body.size > 0 && body.size <= BODY_MAX && !web_page) {
        if (*body.data == '<')
            (void)ti_xml_read(body, take_element, answer, NULL);
        else
            read_json(answer, body);
    }
    keep_code(answer, ti_http_response_header(response, "x-amzn-errortype"));
    keep_code(answer, ti_http_response_header(response, "x-amzn-query-error"));
    answer->reason = find_reason(request, answer);
    /* A proxy before the service tells of its trouble with a page too. */
    if (web_page && answer->reason != TI_REASON_TRANSIENT && answer->reason != TI_REASON_THROTTLED)
        answer->reason = TI_REASON_NO_SERVICE;
}
