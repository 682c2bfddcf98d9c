/* An upload in parts: begin, one part, complete. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3_upload.h"
#include "aws/xml.h"
#include "base/encode.h"
#include "base/error.h"

#define ID_MAX 2048
#define BEGIN_TRIES 4
#define BEGIN_PAUSE 250 /* milliseconds before it is tried again, doubled each time */
#define COMPLETE_TRIES 4
#define COMPLETE_WAIT (INT64_C(10) * 60 * 1000) /* the server may copy all parts before it answers */
#define COMPLETE_PAUSE 500                      /* milliseconds before it is asked again, doubled each time */
#define COMPLETE_BYTES_MAX (4 * 1024 * 1024)

/* --- Begin ---------------------------------------------------------------------------------------------------------------------- */

/* The text of an element of an answer, malloc'd. TICKER_DONE: there is none, or an empty one. */
static ticker_status element(ti_slice answer, const char *path, size_t max, char **text, ticker_error *error)
{
    ticker_status status;
    ti_buffer buffer;

    ti_buffer_init(&buffer, max + 1);
    status = ti_xml_find(answer, path, &buffer, error);
    if (status == TICKER_OK && buffer.size == 0)
        status = TICKER_DONE;
    if (status == TICKER_OK) {
        *text = ti_slice_copy((ti_slice){buffer.data, buffer.size});
        if (*text == NULL)
            status = ti_fail_memory(error);
    }
    ti_buffer_free(&buffer);
    return status;
}

static ticker_status read_id(ti_s3_upload *upload, const ti_s3_call *call, ticker_error *error)
{
    ticker_status status = element(ti_s3_call_answer(call), "InitiateMultipartUploadResult/UploadId", ID_MAX,
                                   &upload->id, error);

    if (status == TICKER_DONE)
        status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT,
                         "CreateMultipartUpload: the server gave no upload id");
    if (status != TICKER_OK)
        return status;
    upload->pieces = calloc(TICKER_S3_PARTS_MAX, sizeof(*upload->pieces)); /* touched only as far as there are parts */
    return upload->pieces != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* Whether the server may have begun an upload although the call failed. To look for one that cannot be there could only
 * find somebody else's. */
static bool may_have_begun(const ti_s3_call *call, ticker_status status, const ticker_error *failed)
{
    bool refused = call->response.status >= 400 && call->response.status < 500;

    return status != TICKER_OK && call->response.attempts > 0 && !call->response.unsent && !refused &&
           strcmp(failed->aws_code, "SlowDown") != 0;
}

/* Never repeated blindly: each time the server does it there is another upload. */
static ticker_status ask_to_begin(ti_s3_upload *upload, bool *lost, ticker_error *error)
{
    ticker_status status;
    ti_s3_call call;

    ti_s3_call_begin(&call, "CreateMultipartUpload", "POST", upload->bucket, upload->key);
    ti_s3_call_query(&call, "uploads", "");
    ti_s3_call_header(&call, "Content-Type", upload->content_type);
    if (upload->algorithm != TI_S3_NO_CHECKSUM)
        ti_s3_call_header(&call, "x-amz-checksum-algorithm", ti_s3_algorithm_name(upload->algorithm));
    call.request.once = true;
    status = ti_s3_call_perform(upload->aws, &call, error);
    *lost = may_have_begun(&call, status, error);
    if (status == TICKER_OK) {
        status = read_id(upload, &call, error);
        *lost = status != TICKER_OK;
    }
    ti_s3_call_end(&call);
    return status;
}

ticker_status ti_s3_begin_parts(ti_s3_upload *upload, ticker_error *error)
{
    const ti_clock *clock = ti_aws_clock(upload->aws);
    int64_t began = clock->monotonic(clock->self), pause = BEGIN_PAUSE;
    const ti_aws_request waiting = {0};
    ticker_error failed;
    bool lost;

    for (int tried = 1;; tried++) {
        ticker_status status;

        ti_error_init(&failed);
        status = ask_to_begin(upload, &lost, &failed);
        if (status == TICKER_OK)
            return TICKER_OK;
        if (lost && ti_s3_abort_lost(upload->aws, upload->bucket, upload->key, clock->monotonic(clock->self) - began,
                                     NULL) != TICKER_OK)
            ti_s3_hint_left(&failed, NULL);
        if (status != TICKER_RETRY || failed.kind == TICKER_ERROR_CANCELLED || tried == BEGIN_TRIES ||
            !ti_s3_pause(upload->aws, &waiting, pause)) {
            ti_error_copy(error, &failed);
            return status;
        }
        pause *= 2;
    }
}

/* --- One part ------------------------------------------------------------------------------------------------------------------- */

/* Somebody else, or a rule of the bucket, ended the upload: from the beginning it may work. */
static ticker_status upload_gone(ticker_error *error, const ticker_error *failed)
{
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the upload was aborted on the server's side");
    ti_error_hint(error, "upload it again; does a rule of the bucket abort uploads early?");
    ti_error_http(error, failed->http_status, failed->aws_code);
    return TICKER_RETRY;
}

ticker_status ti_s3_send_part(void *self, ti_part *part, ticker_error *error)
{
    ti_s3_upload *upload = self;
    ti_s3_piece *piece = &upload->pieces[part->index];
    ticker_status status;
    ticker_error failed;
    ti_s3_range range;
    ti_s3_call call;
    ti_s3_seal seal;
    ti_slice etag;
    char number[16];

    ti_error_init(&failed);
    (void)snprintf(number, sizeof(number), "%lld", (long long)part->index + 1);
    ti_s3_call_begin(&call, "UploadPart", "PUT", upload->bucket, upload->key);
    ti_s3_call_query(&call, "partNumber", number);
    ti_s3_call_query(&call, "uploadId", upload->id);
    call.request.stop = ti_parts_stop(upload->parts);
    if (upload->descriptor >= 0)
        status = ti_s3_seal_range(upload, &call, &range, part, &seal, &failed);
    else
        status = ti_s3_seal_memory(upload, &call, part, &seal, &failed);
    if (status == TICKER_OK)
        status = ti_s3_call_perform(upload->aws, &call, &failed);
    if (status == TICKER_OK) {
        etag = ti_http_response_header(&call.response, "ETag");
        if (etag.size == 0 || etag.size >= sizeof(piece->etag))
            status = ti_fail(&failed, TICKER_FAILED, TICKER_ERROR_INPUT, "UploadPart: the server gave no ETag");
        else
            (void)snprintf(piece->etag, sizeof(piece->etag), "%.*s", (int)etag.size, etag.data);
        memcpy(piece->checksum, seal.checksum, sizeof(piece->checksum));
    }
    ti_s3_call_end(&call);
    if (status != TICKER_OK && strcmp(failed.aws_code, "NoSuchUpload") == 0)
        return upload_gone(error, &failed);
    ti_error_copy(error, &failed);
    return status;
}

/* --- Complete ------------------------------------------------------------------------------------------------------------------- */

static bool write_parts(const ti_s3_upload *upload, ti_buffer *xml)
{
    const char *element = ti_s3_algorithm_element(upload->algorithm);

    (void)ti_buffer_text(xml, "<CompleteMultipartUpload xmlns=\"" TI_S3_XML_NAMESPACE "\">");
    for (int64_t i = 0; i < upload->count; i++) {
        const ti_s3_piece *piece = &upload->pieces[i];

        (void)ti_buffer_printf(xml, "<Part><PartNumber>%lld</PartNumber><ETag>", (long long)i + 1);
        (void)ti_buffer_xml(xml, ti_slice_of(piece->etag));
        (void)ti_buffer_text(xml, "</ETag>");
        if (upload->algorithm != TI_S3_NO_CHECKSUM)
            (void)ti_buffer_printf(xml, "<%s>%s</%s>", element, piece->checksum, element);
        (void)ti_buffer_text(xml, "</Part>");
    }
    return ti_buffer_text(xml, "</CompleteMultipartUpload>");
}

/* The ETag that an object of these parts has: the MD5 of their MD5s, and how many. False: theirs are no MD5s. */
static bool expected_etag(const ti_s3_upload *upload, char text[TI_S3_ETAG_MAX])
{
    unsigned char digest[TI_MD5_BYTES];
    char hex[2 * TI_MD5_BYTES + 1];
    ti_buffer all;
    bool known = true;

    ti_buffer_init(&all, (size_t)TICKER_S3_PARTS_MAX * TI_MD5_BYTES);
    for (int64_t i = 0; i < upload->count && known; i++)
        known = ti_unhex(ti_s3_unquoted(ti_slice_of(upload->pieces[i].etag)), digest, sizeof(digest)) &&
                ti_buffer_append(&all, digest, sizeof(digest));
    known = known && ti_md5_of(all.data, all.size, digest);
    ti_buffer_free(&all);
    if (!known)
        return false;
    ti_hex(digest, sizeof(digest), hex);
    (void)snprintf(text, TI_S3_ETAG_MAX, "%s-%lld", hex, (long long)upload->count);
    return true;
}

/* The answer was lost: is the object there, and of these parts? */
static bool is_stored(ti_s3_upload *upload)
{
    char expected[TI_S3_ETAG_MAX];
    ticker_s3_object *object = NULL;
    bool stored = false;

    if (!expected_etag(upload, expected) ||
        ticker_s3_head(upload->aws, upload->bucket, upload->key, NULL, &object, NULL) != TICKER_OK)
        return false;
    stored = object->bytes == upload->bytes && strcmp(object->etag, expected) == 0;
    if (stored) {
        upload->etag = strdup(expected);
        upload->version = strdup(object->version);
        stored = upload->etag != NULL && upload->version != NULL;
    }
    ticker_s3_object_free(object);
    return stored;
}

/* The status line goes out before the work is done, so 200 may come with nothing behind it. */
static ticker_status read_answer(ti_s3_upload *upload, ticker_error *error)
{
    ti_slice answer = ti_s3_call_answer(&upload->answer);
    ticker_status status = element(answer, "CompleteMultipartUploadResult/ETag", TI_S3_ETAG_MAX, &upload->etag, NULL);

    return status == TICKER_OK ? TICKER_OK
                               : ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE,
                                         "CompleteMultipartUpload: the server did not say that the object is stored");
}

static ticker_status ask_to_complete(ti_s3_upload *upload, const ti_buffer *xml, ticker_error *error)
{
    ti_s3_call *call = &upload->answer;
    ticker_status status;

    ti_s3_call_end(call);
    ti_s3_call_begin(call, "CompleteMultipartUpload", "POST", upload->bucket, upload->key);
    ti_s3_call_query(call, "uploadId", upload->id);
    ti_s3_call_header(call, "Content-Type", "application/xml");
    ti_s3_call_body(call, xml->data, xml->size);
    call->request.wait = COMPLETE_WAIT;
    call->request.error_in_body = true;
    status = ti_s3_call_perform(upload->aws, call, error);
    return status == TICKER_OK ? read_answer(upload, error) : status;
}

ticker_status ti_s3_complete(ti_s3_upload *upload, ticker_error *error)
{
    int64_t pause = COMPLETE_PAUSE;
    ticker_status status;
    ticker_error failed;
    ti_buffer xml;

    ti_buffer_init(&xml, COMPLETE_BYTES_MAX);
    if (!write_parts(upload, &xml)) {
        ti_buffer_free(&xml);
        return ti_fail_memory(error);
    }
    for (int tried = 1;; tried++) {
        ti_error_init(&failed);
        status = ask_to_complete(upload, &xml, &failed);
        if (status == TICKER_OK || failed.kind == TICKER_ERROR_CANCELLED)
            break;
        if ((status == TICKER_RETRY || strcmp(failed.aws_code, "NoSuchUpload") == 0) && is_stored(upload)) {
            status = TICKER_OK;
            break;
        }
        if (status != TICKER_RETRY || tried == COMPLETE_TRIES)
            break;
        if (!ti_s3_pause(upload->aws, &upload->answer.request, pause))
            break;
        pause *= 2;
    }
    ti_buffer_free(&xml);
    if (status == TICKER_OK)
        return TICKER_OK;
    if (strcmp(failed.aws_code, "NoSuchUpload") == 0)
        return upload_gone(error, &failed);
    ti_error_copy(error, &failed);
    return status;
}
