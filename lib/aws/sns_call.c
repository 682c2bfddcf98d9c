/* One call of SNS: a form there, XML back. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tickerimport/limits.h>

#include "aws/client.h"
#include "aws/form.h"
#include "aws/sns.h"
#include "aws/xml.h"
#include "base/error.h"

#define VERSION "2010-03-31"
#define REQUEST_MAX (4 * TICKER_SNS_MESSAGE_MAX)
#define PATH_MAX_BYTES TI_XML_PATH_MAX
ti_slice ti_sns_region(const char *arn)
{
    for (unsigned colons = 0; arn != NULL && *arn != '\0'; arn++)
        if (*arn == ':' && ++colons == 3)
            return (ti_slice){arn + 1, strcspn(arn + 1, ":")};
    return (ti_slice){"", 0};
}

/* --- The call --------------------------------------------------------------------------------------------------- */

static ticker_status strange(const char *action, const char *what, ticker_error *error)
{
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the answer to %s %s", action, what);
    ti_error_hint(error, "is this SNS? look at the endpoint");
    return TICKER_RETRY;
}

/* "NotFound", or "NotFoundException" as newer protocols call it. */
static bool not_found(const ticker_error *error)
{
    return strncmp(error->aws_code, "NotFound", strlen("NotFound")) == 0;
}

static ticker_status call(ticker_aws *aws, const char *action, const char *arn, ti_slice form,
                          ti_http_response *response, ticker_error *error)
{
    ti_slice region = ti_sns_region(arn);
    char region_text[64] = "";
    const ti_http_header header = {ti_slice_of("content-type"), ti_slice_of(TI_FORM_TYPE)};
    ti_aws_request request = {.service = TI_AWS_SNS,
                              .operation = action,
                              .method = "POST",
                              .headers = &header,
                              .header_count = 1,
                              .body = {.data = form.data, .size = (int64_t)form.size}};

    /* A topic answers in its own region only; an endpoint of the user's own is one whatever the region. */
    if (region.size > 0 && region.size < sizeof(region_text) && !ti_aws_has_endpoint(aws, TI_AWS_SNS)) {
        memcpy(region_text, region.data, region.size);
        request.region = region_text;
    }
    return ti_aws_perform(aws, &request, response, error);
}

static bool write_form(ti_buffer *form, const char *action, const ti_sns_pair *pairs)
{
    ti_buffer_clear(form);
    (void)ti_form_begin(form, action, VERSION);
    for (; pairs->name != NULL; pairs++)
        (void)ti_form_add(form, pairs->name, ti_slice_of(pairs->value));
    return !ti_buffer_failed(form);
}

/* Calls, and has the answer read by `read`. */
static ticker_status call_and_read(ticker_aws *aws, const char *action, const char *arn, const ti_sns_pair *pairs,
                                   ticker_status (*read)(void *self, ti_slice body, ticker_error *error), void *self,
                                   ticker_error *error)
{
    ti_http_response response;
    ti_buffer form;
    ticker_status status;

    ti_http_response_init(&response);
    ti_buffer_init(&form, REQUEST_MAX);
    if (!write_form(&form, action, pairs))
        status = ti_buffer_fail(&form, TICKER_FATAL, "the request of SNS", error);
    else
        status = call(aws, action, arn, (ti_slice){form.data, form.size}, &response, error);
    if (status == TICKER_OK && read != NULL)
        status = read(self, (ti_slice){response.body.data, response.body.size}, error);
    ti_buffer_free(&form);
    ti_http_response_free(&response);
    return status;
}

/* What the reader of XML says of an answer that is none. */
static ticker_status unreadable(const char *action, const ticker_error *why, ticker_error *error)
{
    char what[TICKER_ERROR_MESSAGE_MAX];

    if (why->status != TICKER_FAILED) {
        ti_error_copy(error, why);
        return why->status;
    }
    (void)snprintf(what, sizeof(what), "cannot be read: %s", why->message);
    return strange(action, what, error);
}

/* --- One text --------------------------------------------------------------------------------------------------- */

typedef struct one_text {
    const char *action, *wanted;
    char **text;
} one_text;

static ticker_status read_text(void *self, ti_slice body, ticker_error *error)
{
    const one_text *want = self;
    char path[PATH_MAX_BYTES];
    ti_buffer text;
    ticker_error own;
    ticker_status status;

    (void)snprintf(path, sizeof(path), "%sResponse/%sResult/%s", want->action, want->action, want->wanted);
    ti_buffer_init(&text, TI_XML_TEXT_MAX + 1);
    ti_error_init(&own);
    status = ti_xml_find(body, path, &text, &own);
    if (status == TICKER_DONE || (status == TICKER_OK && text.size == 0)) {
        (void)snprintf(path, sizeof(path), "holds no %s", want->wanted);
        status = strange(want->action, path, error);
    } else if (status != TICKER_OK) {
        status = unreadable(want->action, &own, error);
    } else if (ti_buffer_string(&text) == NULL) {
        status = ti_fail_memory(error);
    } else {
        *want->text = text.data;
        return TICKER_OK;
    }
    ti_buffer_free(&text);
    return status;
}

ticker_status ti_sns_text(ticker_aws *aws, const char *action, const char *arn, const ti_sns_pair *pairs,
                          const char *wanted, char **text, ticker_error *error)
{
    one_text want = {action, wanted, text};

    return call_and_read(aws, action, arn, pairs, wanted != NULL ? read_text : NULL, &want, error);
}

ticker_status ti_sns_remove(ticker_aws *aws, const char *action, const char *arn, const ti_sns_pair *pairs,
                            ticker_error *error)
{
    ticker_error own;
    ticker_status status;

    ti_error_init(&own);
    status = call_and_read(aws, action, arn, pairs, NULL, NULL, &own);
    if (status != TICKER_OK && not_found(&own))
        return TICKER_OK;
    if (status != TICKER_OK)
        ti_error_copy(error, &own);
    return status;
}

/* --- Reading lists ---------------------------------------------------------------------------------------------- */

/* Texts that stand side by side and are told of when their parent ends. */
typedef struct entry_reader {
    const char *action;
    const char *list; /* "Attributes/entry", "Topics/member" */
    const char *members[TI_SNS_MEMBERS];
    ti_buffer texts[TI_SNS_MEMBERS];
    ti_buffer token; /* of the next page */
    ticker_status (*end)(void *self, const char *const *texts, ticker_error *error);
    void *self;
    ticker_status ended; /* what `end` said when it did not say TICKER_OK */
} entry_reader;

static ticker_status keep(ti_buffer *buffer, ti_slice text, ticker_error *error)
{
    ti_buffer_clear(buffer);
    return ti_buffer_slice(buffer, text) ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status end_entry(entry_reader *reader, ticker_error *error)
{
    const char *texts[TI_SNS_MEMBERS];

    for (size_t i = 0; i < TI_SNS_MEMBERS; i++) {
        texts[i] = ti_buffer_string(&reader->texts[i]);
        if (texts[i] == NULL)
            return ti_fail_memory(error);
    }
    reader->ended = reader->end(reader->self, texts, error);
    for (size_t i = 0; i < TI_SNS_MEMBERS; i++)
        ti_buffer_clear(&reader->texts[i]);
    return reader->ended;
}

static ticker_status take_element(void *self, const char *path, ti_slice text, ticker_error *error)
{
    entry_reader *reader = self;
    const char *rest = strchr(path, '/');
    size_t list = strlen(reader->list);

    rest = rest != NULL ? strchr(rest + 1, '/') : NULL; /* behind "…Response/…Result" */
    if (rest == NULL)
        return TICKER_OK;
    rest++;
    if (strcmp(rest, "NextToken") == 0)
        return keep(&reader->token, text, error);
    if (strncmp(rest, reader->list, list) != 0)
        return TICKER_OK;
    if (rest[list] == '\0')
        return end_entry(reader, error);
    for (size_t i = 0; rest[list] == '/' && i < TI_SNS_MEMBERS; i++)
        if (reader->members[i] != NULL && strcmp(rest + list + 1, reader->members[i]) == 0)
            return keep(&reader->texts[i], text, error);
    return TICKER_OK;
}

static void reader_init(entry_reader *reader)
{
    for (size_t i = 0; i < TI_SNS_MEMBERS; i++)
        ti_buffer_init(&reader->texts[i], TI_XML_TEXT_MAX + 1);
    ti_buffer_init(&reader->token, TI_XML_TEXT_MAX + 1);
}

static void reader_free(entry_reader *reader)
{
    for (size_t i = 0; i < TI_SNS_MEMBERS; i++)
        ti_buffer_free(&reader->texts[i]);
    ti_buffer_free(&reader->token);
}

static ticker_status read_entries(void *self, ti_slice body, ticker_error *error)
{
    entry_reader *reader = self;
    ticker_error own;
    ticker_status status;

    ti_error_init(&own);
    status = ti_xml_read(body, take_element, reader, &own);
    if (status == TICKER_OK)
        return status;
    if (reader->ended == TICKER_OK)
        return unreadable(reader->action, &own, error);
    ti_error_copy(error, &own);
    return reader->ended;
}

/* --- Attributes ------------------------------------------------------------------------------------------------- */

typedef struct one_attribute {
    const char *name;
    char *value;
} one_attribute;

static ticker_status take_attribute(void *self, const char *const *texts, ticker_error *error)
{
    one_attribute *want = self;

    if (want->value != NULL || strcmp(texts[0], want->name) != 0)
        return TICKER_OK;
    want->value = strdup(texts[1]);
    return want->value != NULL ? TICKER_OK : ti_fail_memory(error);
}

ticker_status ti_sns_attribute(ticker_aws *aws, const char *action, const char *arn, const ti_sns_pair *pairs,
                               const char *name, char **value, ticker_error *error)
{
    one_attribute want = {.name = name};
    entry_reader reader = {.action = action,
                           .list = "Attributes/entry",
                           .members = {"key", "value", NULL},
                           .end = take_attribute,
                           .self = &want};
    ticker_status status;

    reader_init(&reader);
    status = call_and_read(aws, action, arn, pairs, read_entries, &reader, error);
    reader_free(&reader);
    if (status == TICKER_OK && (want.value == NULL || want.value[0] == '\0'))
        status = TICKER_DONE;
    if (status == TICKER_OK)
        *value = want.value;
    else
        free(want.value);
    return status;
}

/* --- Listings --------------------------------------------------------------------------------------------------- */

/* *token is the page's that is asked for, then the next one's (empty: there is none). */
static ticker_status list_page(ticker_aws *aws, const char *arn, entry_reader *reader, ti_buffer *token,
                               ticker_error *error)
{
    const char *from = ti_buffer_string(token);
    const char *next = token->size > 0 ? "NextToken" : NULL; /* empty it is not taken everywhere */
    const ti_sns_pair pairs[] = {
        {arn != NULL ? "TopicArn" : next, arn != NULL ? arn : from}, {arn != NULL ? next : NULL, from}, {NULL, NULL}};
    ticker_status status;
    bool same;

    if (from == NULL)
        return ti_fail_memory(error);
    ti_buffer_clear(&reader->token);
    status = call_and_read(aws, reader->action, arn, pairs, read_entries, reader, error);
    if (status != TICKER_OK)
        return status;
    same = ti_slice_equal((ti_slice){token->data, token->size}, (ti_slice){reader->token.data, reader->token.size});
    if (same && token->size > 0)
        return strange(reader->action, "leads back to the same page", error);
    return keep(token, (ti_slice){reader->token.data, reader->token.size}, error);
}

ticker_status ti_sns_list(ticker_aws *aws, const char *action, const char *arn,
                          const char *const members[TI_SNS_MEMBERS],
                          ticker_status (*visit)(void *self, const char *const *texts, ticker_error *error), void *self,
                          ticker_error *error)
{
    entry_reader reader = {.action = action,
                           .list = arn != NULL ? "Subscriptions/member" : "Topics/member",
                           .members = {members[0], members[1], members[2]},
                           .end = visit,
                           .self = self};
    ti_buffer token;
    ticker_status status;
    unsigned pages = 0;

    reader_init(&reader);
    ti_buffer_init(&token, TI_XML_TEXT_MAX + 1);
    do
        status = list_page(aws, arn, &reader, &token, error);
    while (status == TICKER_OK && token.size > 0 && ++pages < TICKER_SNS_PAGES_MAX);
    if (status == TICKER_OK && token.size > 0)
        status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "%s did not end after %d pages", action,
                         TICKER_SNS_PAGES_MAX);
    reader_free(&reader);
    ti_buffer_free(&token);
    return status;
}
