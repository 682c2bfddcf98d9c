/* What a bucket tells whom: its notification configuration is one document, so it is read, changed and written whole. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/s3.h"
#include "aws/xml.h"
#include "base/error.h"

#define ROOT "NotificationConfiguration"
#define EVENT "s3:ObjectCreated:*"
#define TEXT_MAX 2048
#define LIST_MAX 100 /* events of one configuration, rules of its filter */
#define DOCUMENT_MAX (4 * 1024 * 1024)

/* Kinds of targets: the element of a configuration and the one of its ARN. */
static const struct {
    const char *service, *element, *arn;
} kinds[] = {{"sns", "TopicConfiguration", "Topic"},
             {"sqs", "QueueConfiguration", "Queue"},
             {"lambda", "CloudFunctionConfiguration", "CloudFunction"}};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

typedef struct filter_rule {
    char *group, *name, *value; /* "S3Key", "prefix", "in/" */
} filter_rule;

typedef struct configuration {
    size_t kind;
    char *id, *arn;
    char *events[LIST_MAX];
    filter_rule rules[LIST_MAX];
    size_t event_count, rule_count;
} configuration;

typedef struct configurations {
    configuration **all;
    size_t count;
    bool event_bridge, ended;
    char *unknown; /* the path of something that is not known here */
} configurations;

/* --- Reading -------------------------------------------------------------------------------------------------------------------- */

static void free_configuration(configuration *one)
{
    if (one == NULL)
        return;
    for (size_t i = 0; i < LIST_MAX; i++) {
        free(one->events[i]);
        free(one->rules[i].group);
        free(one->rules[i].name);
        free(one->rules[i].value);
    }
    free(one->id);
    free(one->arn);
    free(one);
}

static void free_document(configurations *document)
{
    for (size_t i = 0; document->all != NULL && i <= document->count; i++)
        free_configuration(document->all[i]);
    free(document->all);
    free(document->unknown);
}

static ticker_status too_much(ticker_error *error)
{
    return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the bucket's notification configuration is too large");
}

static ticker_status set_text(char **to, ti_slice text, ticker_error *error)
{
    if (text.size > TEXT_MAX || memchr(text.data, '\0', text.size) != NULL)
        return too_much(error);
    free(*to);
    *to = ti_slice_copy(text);
    return *to != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* The one that is being read: behind those that are whole. */
static configuration *current(configurations *document)
{
    if (document->all == NULL)
        document->all = calloc(TICKER_S3_NOTIFICATIONS_MAX + 1, sizeof(*document->all));
    if (document->all != NULL && document->all[document->count] == NULL)
        document->all[document->count] = calloc(1, sizeof(configuration));
    return document->all != NULL ? document->all[document->count] : NULL;
}

/* "S3Key/FilterRule/Name" and "…/Value"; "S3Key/FilterRule" is the end of a rule. */
static ticker_status read_filter(configuration *one, const char *path, ti_slice text, bool *known, ticker_error *error)
{
    size_t size = strcspn(path, "/");
    const char *rest = path + size;
    filter_rule *rule;

    if (*rest == '\0') /* the end of a group */
        return TICKER_OK;
    if (one->rule_count == LIST_MAX)
        return too_much(error);
    rule = &one->rules[one->rule_count];
    if (strcmp(rest, "/FilterRule/Name") == 0)
        return set_text(&rule->name, text, error);
    if (strcmp(rest, "/FilterRule/Value") == 0)
        return set_text(&rule->value, text, error);
    *known = strcmp(rest, "/FilterRule") == 0;
    if (!*known)
        return TICKER_OK;
    if (rule->name == NULL || rule->value == NULL)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "a notification has a rule without a name or a value");
    one->rule_count++;
    return set_text(&rule->group, (ti_slice){path, size}, error);
}

/* Within one configuration; "" is its end. */
static ticker_status read_configuration(configurations *document, size_t kind, const char *path, ti_slice text,
                                        bool *known, ticker_error *error)
{
    configuration *one = current(document);

    if (one == NULL)
        return ti_fail_memory(error);
    one->kind = kind;
    if (*path == '\0') {
        if (one->arn == NULL)
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "a notification has no target");
        if (document->count == TICKER_S3_NOTIFICATIONS_MAX)
            return too_much(error);
        document->count++;
        return TICKER_OK;
    }
    path++;
    if (strcmp(path, "Id") == 0)
        return set_text(&one->id, text, error);
    if (strcmp(path, kinds[kind].arn) == 0)
        return set_text(&one->arn, text, error);
    if (strcmp(path, "Event") == 0) {
        if (one->event_count == LIST_MAX)
            return too_much(error);
        return set_text(&one->events[one->event_count++], text, error);
    }
    if (strcmp(path, "Filter") == 0)
        return TICKER_OK;
    if (strncmp(path, "Filter/", 7) == 0)
        return read_filter(one, path + 7, text, known, error);
    *known = false;
    return TICKER_OK;
}

static ticker_status on_element(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    configurations *document = payload;
    size_t root = strlen(ROOT), size;
    ticker_status status = TICKER_OK;
    bool known = false;

    if (strncmp(path, ROOT, root) != 0 || (path[root] != '/' && path[root] != '\0'))
        return TICKER_OK;
    if (path[root] == '\0') {
        document->ended = true;
        return TICKER_OK;
    }
    for (size_t kind = 0; kind < KINDS && !known; kind++) {
        size = strlen(kinds[kind].element);
        if (strncmp(path + root + 1, kinds[kind].element, size) != 0)
            continue;
        known = true;
        status = read_configuration(document, kind, path + root + 1 + size, text, &known, error);
        break;
    }
    if (strcmp(path + root + 1, "EventBridgeConfiguration") == 0)
        known = document->event_bridge = true;
    if (status == TICKER_OK && !known && document->unknown == NULL)
        status = set_text(&document->unknown, ti_slice_of(path), error);
    return status;
}

static ticker_status read_document(ticker_aws *aws, const char *bucket, configurations *document, ticker_error *error)
{
    ticker_status status;
    ti_s3_call call;

    ti_s3_call_begin(&call, "GetBucketNotificationConfiguration", "GET", bucket, NULL);
    ti_s3_call_query(&call, "notification", "");
    status = ti_s3_call_perform(aws, &call, error);
    if (status == TICKER_OK)
        status = ti_xml_read(ti_s3_call_answer(&call), on_element, document, error);
    if (status == TICKER_OK && !document->ended)
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "this server has no bucket notifications");
    ti_s3_call_end(&call);
    return status;
}

/* --- Writing -------------------------------------------------------------------------------------------------------------------- */

static void add_element(ti_buffer *xml, const char *name, const char *text)
{
    (void)ti_buffer_printf(xml, "<%s>", name);
    (void)ti_buffer_xml(xml, ti_slice_of(text != NULL ? text : ""));
    (void)ti_buffer_printf(xml, "</%s>", name);
}

static void write_filter(const configuration *one, ti_buffer *xml)
{
    (void)ti_buffer_text(xml, "<Filter>");
    for (size_t i = 0; i < one->rule_count; i++) {
        const filter_rule *rule = &one->rules[i];

        if (i == 0 || strcmp(rule->group, one->rules[i - 1].group) != 0)
            (void)ti_buffer_printf(xml, "<%s>", rule->group);
        (void)ti_buffer_text(xml, "<FilterRule>");
        add_element(xml, "Name", rule->name);
        add_element(xml, "Value", rule->value);
        (void)ti_buffer_text(xml, "</FilterRule>");
        if (i + 1 == one->rule_count || strcmp(rule->group, one->rules[i + 1].group) != 0)
            (void)ti_buffer_printf(xml, "</%s>", rule->group);
    }
    (void)ti_buffer_text(xml, "</Filter>");
}

static void write_configuration(const configuration *one, ti_buffer *xml)
{
    (void)ti_buffer_printf(xml, "<%s>", kinds[one->kind].element);
    if (one->id != NULL)
        add_element(xml, "Id", one->id);
    add_element(xml, kinds[one->kind].arn, one->arn);
    for (size_t i = 0; i < one->event_count; i++)
        add_element(xml, "Event", one->events[i]);
    if (one->rule_count > 0)
        write_filter(one, xml);
    (void)ti_buffer_printf(xml, "</%s>", kinds[one->kind].element);
}

static ticker_status write_document(ticker_aws *aws, const char *bucket, const configurations *document,
                                    ticker_error *error)
{
    ticker_status status;
    ti_s3_call call;
    ti_buffer xml;

    ti_buffer_init(&xml, DOCUMENT_MAX);
    (void)ti_buffer_text(&xml, "<" ROOT " xmlns=\"" TI_S3_XML_NAMESPACE "\">");
    for (size_t i = 0; i < document->count; i++)
        write_configuration(document->all[i], &xml);
    if (document->event_bridge)
        (void)ti_buffer_text(&xml, "<EventBridgeConfiguration></EventBridgeConfiguration>");
    (void)ti_buffer_text(&xml, "</" ROOT ">");
    ti_s3_call_begin(&call, "PutBucketNotificationConfiguration", "PUT", bucket, NULL);
    ti_s3_call_query(&call, "notification", "");
    ti_s3_call_header(&call, "Content-Type", "application/xml");
    ti_s3_call_body(&call, xml.data, xml.size);
    status = ti_buffer_failed(&xml) ? ti_fail_memory(error) : ti_s3_call_perform(aws, &call, error);
    if (status != TICKER_OK)
        ti_error_hint(error, "may the bucket send there? the target's policy has to allow s3.amazonaws.com to publish");
    ti_s3_call_end(&call);
    ti_buffer_free(&xml);
    return status;
}

/* --- One configuration ---------------------------------------------------------------------------------------------------------- */

/* "arn:aws:sns:us-east-1:123456789012:name" */
static bool kind_of_arn(const char *arn, size_t *kind)
{
    const char *service = strncmp(arn, "arn:", 4) == 0 ? strchr(arn + 4, ':') : NULL;

    for (size_t i = 0; service != NULL && i < KINDS; i++) {
        size_t size = strlen(kinds[i].service);

        if (strncmp(service + 1, kinds[i].service, size) == 0 && service[1 + size] == ':') {
            *kind = i;
            return true;
        }
    }
    return false;
}

static const char *prefix_of(const configuration *one)
{
    for (size_t i = 0; i < one->rule_count; i++)
        if (strcmp(one->rules[i].group, "S3Key") == 0 && strcasecmp(one->rules[i].name, "prefix") == 0)
            return one->rules[i].value;
    return "";
}

static bool is_same(const configuration *one, size_t kind, const char *arn, const char *prefix)
{
    return one->kind == kind && strcmp(one->arn, arn) == 0 && one->event_count == 1 &&
           strcmp(one->events[0], EVENT) == 0 && strcmp(prefix_of(one), prefix) == 0 &&
           one->rule_count == (*prefix != '\0' ? 1 : 0);
}

static configuration *new_configuration(size_t kind, const char *id, const char *arn, const char *prefix)
{
    configuration *one = calloc(1, sizeof(*one));

    if (one == NULL)
        return NULL;
    one->kind = kind;
    one->id = strdup(id);
    one->arn = strdup(arn);
    one->events[one->event_count++] = strdup(EVENT);
    if (*prefix != '\0')
        one->rules[one->rule_count++] = (filter_rule){strdup("S3Key"), strdup("prefix"), strdup(prefix)};
    if (one->id == NULL || one->arn == NULL || one->events[0] == NULL ||
        (*prefix != '\0' &&
         (one->rules[0].group == NULL || one->rules[0].name == NULL || one->rules[0].value == NULL))) {
        free_configuration(one);
        return NULL;
    }
    return one;
}

/* Puts ours in the place of the one with its id, or behind the others. TICKER_DONE: it is so already. */
static ticker_status put_in(configurations *document, size_t kind, const char *id, const char *arn, const char *prefix,
                            ticker_error *error)
{
    configuration *ours;
    size_t at = 0;

    while (at < document->count && (document->all[at]->id == NULL || strcmp(document->all[at]->id, id) != 0))
        at++;
    if (at < document->count && is_same(document->all[at], kind, arn, prefix))
        return TICKER_DONE;
    if (document->unknown != NULL) {
        (void)ti_fail(
            error, TICKER_FAILED, TICKER_ERROR_UNSUPPORTED,
            "the bucket's notification configuration has a part that is not known here and would get lost: %s",
            document->unknown);
        ti_error_hint(error, "add the notification by hand");
        return TICKER_FAILED;
    }
    if (at == TICKER_S3_NOTIFICATIONS_MAX)
        return too_much(error);
    ours = current(document) != NULL ? new_configuration(kind, id, arn, prefix) : NULL;
    if (ours == NULL)
        return ti_fail_memory(error);
    free_configuration(document->all[at]);
    document->all[at] = ours;
    document->count += at == document->count;
    return TICKER_OK;
}

ticker_status ticker_s3_notify(ticker_aws *aws, const char *bucket, const char *id, const char *arn, const char *prefix,
                               int *changed, ticker_error *error)
{
    ticker_status status = ti_s3_check_bucket(aws, bucket, error);
    configurations document = {0};
    size_t kind = 0;

    if (status == TICKER_OK)
        status = ti_s3_check_prefix(prefix, error);
    if (status != TICKER_OK)
        return status;
    if (id == NULL || *id == '\0' || strlen(id) > 255 || arn == NULL || strlen(arn) > TEXT_MAX)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "a notification needs an id of 1 to 255 bytes and a target");
    if (!kind_of_arn(arn, &kind))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "\"%s\" is not the ARN of a topic, queue or function",
                       arn);
    status = read_document(aws, bucket, &document, error);
    if (status == TICKER_OK)
        status = put_in(&document, kind, id, arn, prefix, error);
    if (changed != NULL && status >= TICKER_OK)
        *changed = status == TICKER_OK;
    if (status == TICKER_OK)
        status = write_document(aws, bucket, &document, error);
    free_document(&document);
    return status == TICKER_DONE ? TICKER_OK : status;
}

ticker_status ticker_s3_notifications(ticker_aws *aws, const char *bucket,
                                      ticker_status (*visit)(void *payload, const char *id, const char *arn,
                                                             const char *event, const char *prefix,
                                                             ticker_error *error),
                                      void *payload, ticker_error *error)
{
    ticker_status status = ti_s3_check_bucket(aws, bucket, error);
    configurations document = {0};

    if (status == TICKER_OK && visit == NULL)
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a function for what is found is needed");
    if (status == TICKER_OK)
        status = read_document(aws, bucket, &document, error);
    for (size_t i = 0; status == TICKER_OK && i < document.count; i++) {
        const configuration *one = document.all[i];

        for (size_t event = 0; status == TICKER_OK && event < one->event_count; event++)
            status = visit(payload, one->id != NULL ? one->id : "", one->arn, one->events[event], prefix_of(one),
                           error);
    }
    free_document(&document);
    return status;
}
