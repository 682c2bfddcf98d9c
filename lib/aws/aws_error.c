#include "aws/aws_error.h"

#include <stdio.h>

#include "base/error.h"

#define MINUTE 60000
#define PLACE_MAX 192
#define REASON_MAX 300
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *words_of(const ti_aws_answer *answer)
{
    switch (answer->reason) {
    case TI_REASON_CLOCK:
        return "the clocks of this machine and of the server differ too much";
    case TI_REASON_SIGNATURE:
        return "the signature is not the one that the server computes";
    case TI_REASON_NO_SERVICE:
        return "what answers there is no AWS service";
    case TI_REASON_NO_BUCKET:
        return "there is no such bucket";
    case TI_REASON_REGION:
        return "the request was signed for another region";
    case TI_REASON_DENIED:
        return "access denied";
    case TI_REASON_THROTTLED:
        return "the service asks to slow down";
    case TI_REASON_TRANSIENT:
        return "the service has trouble";
    case TI_REASON_NOT_OFFERED:
        return "the server does not offer this";
    default:
        break;
    }
    switch (answer->status) {
    case 404:
        return "not found";
    case 412:
        return "a condition of the request does not hold";
    case 416:
        return "the range is outside the object";
    default:
        return "the server refused the request";
    }
}

static bool holds(const char *text, const char *secret, size_t size)
{
    char begin[17];

    if (secret == NULL || strlen(secret) < size)
        return false;
    (void)snprintf(begin, sizeof(begin), "%.*s", (int)size, secret);
    return strstr(text, begin) != NULL;
}

static bool holds_secret(const char *text, const ti_credentials *credentials)
{
    return credentials != NULL &&
           (holds(text, credentials->secret_key, 8) || holds(text, credentials->session_token, 16));
}

/* A message is quoted unless it repeats what was secret in the request. */
static bool quotable(const ti_aws_answer *answer, const ti_credentials *credentials)
{
    static const char *const words[] = {"Signature=", "signature=", "Canonical", "AWS4-HMAC-SHA256", "oken:"};

    if (answer->message[0] == '\0' || answer->reason == TI_REASON_SIGNATURE || answer->reason == TI_REASON_NO_SERVICE)
        return false;
    for (size_t i = 0; i < COUNT(words); i++)
        if (strstr(answer->message, words[i]) != NULL)
            return false;
    return !holds_secret(answer->message, credentials);
}

static void put_reason(const ti_aws_story *story, const ti_aws_answer *answer, char *text, size_t size)
{
    int length = snprintf(text, size, "%s (%s%sHTTP %d",
                          quotable(answer, story->credentials) ? answer->message : words_of(answer), answer->code,
                          answer->code[0] != '\0' ? ", " : "", answer->status);

    if (length > 0 && (size_t)length < size && answer->id[0] != '\0')
        length += snprintf(text + length, size - (size_t)length, ", request %s", answer->id);
    if (length > 0 && (size_t)length < size && story->attempts > 1)
        length += snprintf(text + length, size - (size_t)length, ", %u attempts", story->attempts);
    if (length > 0 && (size_t)length < size)
        (void)snprintf(text + length, size - (size_t)length, ")");
}

/* "https://host/path", also of one that is long. */
static void put_place(const ti_aws_story *story, char place[PLACE_MAX])
{
    (void)snprintf(place, PLACE_MAX, "%s://%s%s", story->where->endpoint.tls ? "https" : "http",
                   story->where->host.data, story->where->path.data);
}

/* The right that an operation wants, where it is not called like the operation. */
static const char *right_of(const ti_aws_request *request)
{
    static const char *const rights[][2] = {{"HeadObject", "GetObject"},
                                            {"ListObjectsV2", "ListBucket"},
                                            {"ListObjects", "ListBucket"},
                                            {"HeadBucket", "ListBucket"},
                                            {"ListBuckets", "ListAllMyBuckets"},
                                            {"CreateMultipartUpload", "PutObject"},
                                            {"UploadPart", "PutObject"},
                                            {"CompleteMultipartUpload", "PutObject"},
                                            {"CopyObject", "PutObject"},
                                            {"ListParts", "ListMultipartUploadParts"},
                                            {"ListMultipartUploads", "ListBucketMultipartUploads"},
                                            {"DeleteObjects", "DeleteObject"},
                                            {"PutBucketNotificationConfiguration", "PutBucketNotification"},
                                            {"GetBucketNotificationConfiguration", "GetBucketNotification"},
                                            {"SendMessageBatch", "SendMessage"},
                                            {"DeleteMessageBatch", "DeleteMessage"},
                                            {"ChangeMessageVisibilityBatch", "ChangeMessageVisibility"},
                                            {"PublishBatch", "Publish"}};

    for (size_t i = 0; i < COUNT(rights); i++)
        if (strcmp(request->operation, rights[i][0]) == 0)
            return rights[i][1];
    return request->operation;
}

static const char *partition_of(const char *region)
{
    if (strncmp(region, "cn-", 3) == 0)
        return "aws-cn";
    return strncmp(region, "us-gov-", 7) == 0 ? "aws-us-gov" : "aws";
}

static void hint_rights(const ti_aws_story *story, ticker_error *error)
{
    const ti_aws_request *request = story->request;
    const char *service = ti_aws_service_name(request->service), *right = right_of(request);
    const char *key = story->credentials != NULL ? story->credentials->access_key : "";
    /* Who may not list a bucket is not told either which objects are not in it. */
    bool missing = strcmp(right, "GetObject") == 0;

    if (request->bucket.size == 0)
        ti_error_hint(error,
                      "allow %s:%s to the owner of the access key %s (IAM policy), also in the resource's own "
                      "policy if it has one",
                      service, right, key);
    else
        ti_error_hint(error,
                      "allow %s:%s on arn:%s:s3:::%.*s%s to the owner of the access key %s (IAM or bucket policy)%s",
                      service, right, partition_of(story->where->region), (int)request->bucket.size,
                      request->bucket.data, request->path.size > 0 ? "/*" : "", key,
                      missing ? "; without s3:ListBucket an object that is missing is answered so, too" : "");
}

static void hint_clock(const ti_aws_answer *answer, ticker_error *error)
{
    int64_t minutes = ((answer->skew < 0 ? -answer->skew : answer->skew) + MINUTE / 2) / MINUTE;

    if (!answer->has_skew || minutes == 0)
        ti_error_hint(error, "compare this machine's clock with the right time");
    else
        ti_error_hint(error, "this machine's clock is %lld minutes %s the server's: set it, best by NTP",
                      (long long)minutes, answer->skew > 0 ? "behind" : "ahead of");
}

static void hint_keys(const ti_aws_story *story, const ti_aws_answer *answer, ticker_error *error)
{
    const char *key = story->credentials != NULL ? story->credentials->access_key : "";
    const char *source = story->credentials != NULL && story->credentials->source != NULL ? story->credentials->source
                                                                                          : "somewhere";

    if (answer->reason == TI_REASON_SIGNATURE)
        ti_error_hint(error, "the secret key is not that of the access key %s (both from: %s)", key, source);
    else if (answer->reason == TI_REASON_EXPIRED_KEY)
        ti_error_hint(error, "the session token of the access key %s (from: %s) is no longer valid: get new keys", key,
                      source);
    else
        ti_error_hint(error, "the access key %s (from: %s) is not known there%s", key, source,
                      story->own_endpoint ? "; is the endpoint the one that the keys are for?" : "");
}

static void hint_region(const ti_aws_story *story, const ti_aws_answer *answer, ticker_error *error)
{
    if (answer->region[0] != '\0' && strcmp(answer->region, story->where->region) != 0)
        ti_error_hint(error, "set the region to %s (AWS_REGION), %s is not the right one", answer->region,
                      story->where->region);
    else if (strcmp(answer->code, "AuthorizationHeaderMalformed") != 0) /* which has other reasons too */
        ti_error_hint(error, "set AWS_REGION to the region of the %s; it was %s",
                      story->request->bucket.size > 0 ? "bucket" : "endpoint", story->where->region);
}

static void add_hint(const ti_aws_story *story, const ti_aws_answer *answer, ticker_error *error)
{
    const char *region = story->where->region;

    switch (answer->reason) {
    case TI_REASON_CLOCK:
        hint_clock(answer, error);
        return;
    case TI_REASON_SIGNATURE:
    case TI_REASON_UNKNOWN_KEY:
    case TI_REASON_EXPIRED_KEY:
        hint_keys(story, answer, error);
        return;
    case TI_REASON_DENIED:
        hint_rights(story, error);
        return;
    case TI_REASON_REGION:
        hint_region(story, answer, error);
        return;
    case TI_REASON_NO_BUCKET:
        ti_error_hint(error, "check the bucket's name and the account, or make the bucket first");
        return;
    case TI_REASON_NO_QUEUE:
    case TI_REASON_NO_TOPIC:
        ti_error_hint(error, "check the name, the account and the region (%s), or make it first", region);
        return;
    case TI_REASON_NO_SERVICE:
        ti_error_hint(error, story->own_endpoint
                                 ? "check the endpoint that is set (AWS_ENDPOINT_URL), or a proxy on the way"
                                 : "check the region, or a proxy on the way");
        return;
    case TI_REASON_NOT_OFFERED:
        if (story->own_endpoint)
            ti_error_hint(error, "the server behind the endpoint may be too old, or for another service");
        return;
    case TI_REASON_THROTTLED:
        ti_error_hint(error, "send fewer requests at once, or set AWS_RETRY_MODE to adaptive");
        return;
    default:
        return;
    }
}

static void find_rung(const ti_aws_answer *answer, ticker_status *status, ticker_error_kind *kind)
{
    switch (answer->reason) {
    case TI_REASON_THROTTLED:
    case TI_REASON_TRANSIENT:
    case TI_REASON_LATER:
        *status = TICKER_RETRY;
        *kind = TICKER_ERROR_SERVICE;
        return;
    case TI_REASON_OTHER:
        *status = answer->status >= 500 ? TICKER_RETRY : TICKER_FAILED;
        *kind = answer->status >= 500 ? TICKER_ERROR_SERVICE : TICKER_ERROR_INPUT;
        return;
    case TI_REASON_NOT_OFFERED:
        *status = TICKER_FATAL;
        *kind = TICKER_ERROR_UNSUPPORTED;
        return;
    default:
        *status = TICKER_FATAL;
        *kind = TICKER_ERROR_USAGE;
        return;
    }
}

ticker_status ti_aws_fail_answer(const ti_aws_story *story, const ti_aws_answer *answer, ticker_error *error)
{
    char reason[REASON_MAX], place[PLACE_MAX];
    ti_aws_answer shown = *answer;
    ticker_error_kind kind;
    ticker_status status;

    if (holds_secret(answer->code, story->credentials))
        shown.code[0] = '\0';
    if (holds_secret(answer->id, story->credentials))
        shown.id[0] = '\0';
    find_rung(answer, &status, &kind);
    put_reason(story, &shown, reason, sizeof(reason));
    put_place(story, place);
    (void)ti_fail(error, status, kind, "%s failed: %s at %s", story->request->operation, reason, place);
    ti_error_http(error, answer->status, shown.code);
    add_hint(story, answer, error);
    return status;
}

ticker_status ti_aws_fail_transport(const ti_aws_story *story, const ticker_error *failure, ticker_error *error)
{
    const char *operation = story->request->operation;

    if (failure->kind == TICKER_ERROR_CANCELLED)
        return ti_fail(error, failure->status, TICKER_ERROR_CANCELLED, "%s was cancelled", operation);
    if (failure->kind != TICKER_ERROR_SERVICE && failure->kind != TICKER_ERROR_USAGE) {
        ti_error_copy(error, failure);
        return failure->status;
    }
    if (story->attempts > 1)
        (void)ti_fail(error, failure->status, failure->kind, "%s failed: %s (%u attempts)", operation, failure->message,
                      story->attempts);
    else
        (void)ti_fail(error, failure->status, failure->kind, "%s failed: %s", operation, failure->message);
    if (failure->hint[0] != '\0')
        ti_error_hint(error, "%s", failure->hint);
    else if (failure->status == TICKER_RETRY && story->own_endpoint)
        ti_error_hint(error, "is the endpoint that is set the right one, and does its server run?");
    return failure->status;
}
