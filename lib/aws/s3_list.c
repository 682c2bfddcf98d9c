#include "aws/s3_page.h"
#include "base/error.h"

typedef struct listener {
    ticker_status (*visit)(void *payload, const ticker_s3_object *object, ticker_error *error);
    void *payload;
} listener;

static ticker_status visit_object(void *payload, const ti_s3_entry *entry, int64_t now, ticker_error *error)
{
    const listener *list = payload;
    ti_slice etag = ti_s3_unquoted(ti_slice_of(entry->etag));
    ticker_s3_object *object = ti_s3_object_new(ti_slice_of(entry->key), entry->bytes, etag, (ti_slice){"", 0},
                                                entry->time);
    ticker_status status;

    (void)now;
    if (object == NULL)
        return ti_fail_memory(error);
    status = list->visit(list->payload, object, error);
    ticker_s3_object_free(object);
    return status;
}

ticker_status ticker_s3_list(ticker_aws *aws, const char *bucket, const char *prefix, int64_t max,
                             ticker_status (*visit)(void *payload, const ticker_s3_object *object, ticker_error *error),
                             void *payload, ticker_error *error)
{
    ticker_status status = ti_s3_check_bucket(aws, bucket, error);
    listener list = {visit, payload};
    ti_s3_walk walk = {.listing = TI_S3_LIST_OBJECTS, .max = max, .visit = visit_object, .payload = &list};

    if (status == TICKER_OK)
        status = ti_s3_check_prefix(prefix, error);
    if (status == TICKER_OK && visit == NULL)
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "a function for what is found is needed");
    if (status != TICKER_OK)
        return status;
    walk.bucket = bucket;
    walk.prefix = prefix;
    return ti_s3_walk_pages(aws, &walk, error);
}
