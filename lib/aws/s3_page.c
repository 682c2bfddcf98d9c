#include "aws/s3_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/number.h"

#define PAGE_ENTRIES 1000 /* asked for; S3 gives no more */
#define PAGE_BYTES_MAX (16 * 1024 * 1024)
#define TEXT_MAX 4096 /* of an id or a marker */

static const struct {
    const char *operation, *root, *entry;
    const char *type, *type_value, *count, *next, *next_id; /* parameters */
} listings[] = {
    [TI_S3_LIST_OBJECTS] = {"ListObjectsV2", "ListBucketResult", "Contents", "list-type", "2", "max-keys",
                            "continuation-token", NULL},
    [TI_S3_LIST_UPLOADS] = {"ListMultipartUploads", "ListMultipartUploadsResult", "Upload", "uploads", "",
                            "max-uploads", "key-marker", "upload-id-marker"},
};

/* --- One page ------------------------------------------------------------------------------------------------------------------- */

static void free_entry(ti_s3_entry *entry)
{
    free(entry->key);
    free(entry->etag);
    free(entry->id);
}

void ti_s3_page_free(ti_s3_page *page)
{
    for (size_t i = 0; i < page->capacity; i++)
        free_entry(&page->entries[i]);
    free(page->entries);
    free(page->next);
    free(page->next_id);
    *page = (ti_s3_page){0};
}

static ticker_status nonsense(ticker_error *error, const char *why)
{
    return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the server's listing makes no sense: %s", why);
}

static ticker_status copy_text(char **to, ti_slice text, size_t max, ticker_error *error)
{
    if (text.size > max || memchr(text.data, '\0', text.size) != NULL)
        return nonsense(error, "a text is too long or holds a NUL");
    free(*to);
    *to = ti_slice_copy(text);
    return *to != NULL ? TICKER_OK : ti_fail_memory(error);
}

/* The entry that is being read: the first behind those that are whole. */
static ti_s3_entry *current(ti_s3_page *page)
{
    size_t capacity = page->capacity > 0 ? 2 * page->capacity : 128;
    ti_s3_entry *entries;

    if (page->count < page->capacity)
        return &page->entries[page->count];
    entries = realloc(page->entries, capacity * sizeof(*entries));
    if (entries == NULL)
        return NULL;
    memset(entries + page->capacity, 0, (capacity - page->capacity) * sizeof(*entries));
    page->entries = entries;
    page->capacity = capacity;
    return &page->entries[page->count];
}

static ticker_status end_entry(ti_s3_page *page, ticker_error *error)
{
    if (page->entries[page->count].key == NULL)
        return nonsense(error, "an entry without a key");
    if (++page->count > TICKER_S3_PAGE_MAX)
        return nonsense(error, "too many entries on a page");
    return TICKER_OK;
}

/* A part of an entry, or (name "") its end. */
static ticker_status entry_element(ti_s3_page *page, const char *name, ti_slice text, ticker_error *error)
{
    ti_s3_entry *entry = current(page);

    if (entry == NULL)
        return ti_fail_memory(error);
    if (*name == '\0')
        return end_entry(page, error);
    if (strcmp(name, "/Key") == 0)
        return copy_text(&entry->key, text, TEXT_MAX, error);
    if (strcmp(name, "/ETag") == 0)
        return copy_text(&entry->etag, text, TEXT_MAX, error);
    if (strcmp(name, "/UploadId") == 0)
        return copy_text(&entry->id, text, TEXT_MAX, error);
    if (strcmp(name, "/Size") == 0 && !ti_parse_integer(text, false, &entry->bytes))
        return nonsense(error, "a size that is no number");
    if ((strcmp(name, "/LastModified") == 0 || strcmp(name, "/Initiated") == 0) &&
        !ti_time_parse_extended(text, &entry->time))
        entry->time = 0;
    return TICKER_OK;
}

/* Within the root element. */
static ticker_status page_element(ti_s3_page *page, const char *name, ti_slice text, ticker_error *error)
{
    if (strcmp(name, "IsTruncated") == 0)
        page->truncated = ti_slice_is(text, "true");
    else if (strcmp(name, "EncodingType") == 0)
        page->encoded = ti_slice_is(text, "url");
    else if (strcmp(name, "NextContinuationToken") == 0 || strcmp(name, "NextKeyMarker") == 0)
        return copy_text(&page->next, text, TEXT_MAX, error);
    else if (strcmp(name, "NextUploadIdMarker") == 0)
        return copy_text(&page->next_id, text, TEXT_MAX, error);
    return TICKER_OK;
}

typedef struct page_reader {
    ti_s3_page *page;
    const char *root, *entry;
} page_reader;

/* The rest of `path` behind `head`; NULL when it begins otherwise. */
static const char *behind(const char *path, const char *head)
{
    size_t size = strlen(head);

    return strncmp(path, head, size) == 0 && (path[size] == '/' || path[size] == '\0') ? path + size : NULL;
}

static ticker_status on_element(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    page_reader *reader = payload;
    const char *name = behind(path, reader->root), *part;

    if (name == NULL)
        return TICKER_OK;
    if (*name == '\0') {
        reader->page->ended = true;
        return TICKER_OK;
    }
    part = behind(++name, reader->entry);
    return part != NULL ? entry_element(reader->page, part, text, error)
                        : page_element(reader->page, name, text, error);
}

static ticker_status decode(char **text, size_t max, ticker_error *error)
{
    ticker_status status;
    ti_buffer plain;

    ti_buffer_init(&plain, TEXT_MAX + 1);
    if (ti_buffer_unpercent(&plain, ti_slice_of(*text), true))
        status = copy_text(text, (ti_slice){plain.data != NULL ? plain.data : "", plain.size}, max, error);
    else
        status = ti_fail_memory(error);
    ti_buffer_free(&plain);
    return status;
}

/* Where keys were encoded is said anywhere on the page, so they are decoded at its end. */
static ticker_status decode_page(ti_s3_page *page, ti_s3_listing listing, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t i = 0; status == TICKER_OK && page->encoded && i < page->count; i++)
        status = decode(&page->entries[i].key, TICKER_KEY_MAX - 1, error);
    if (status == TICKER_OK && page->encoded && listing == TI_S3_LIST_UPLOADS && page->next != NULL)
        status = decode(&page->next, TEXT_MAX, error);
    return status;
}

ticker_status ti_s3_page_read(ti_s3_page *page, ti_s3_listing listing, ti_slice document, ticker_error *error)
{
    page_reader reader = {page, listings[listing].root, listings[listing].entry};
    ticker_status status;

    *page = (ti_s3_page){0};
    status = ti_xml_read(document, on_element, &reader, error);
    if (status == TICKER_OK && !page->ended)
        status = nonsense(error, "it is another document");
    if (status == TICKER_OK)
        status = decode_page(page, listing, error);
    return status;
}

/* --- All pages ------------------------------------------------------------------------------------------------------------------ */

/* Where a walk stands. */
typedef struct position {
    char *next, *next_id;
    int64_t left; /* entries that are still wanted; INT64_MAX: all */
    bool ended;
} position;

static ticker_status visit_page(const ti_s3_walk *walk, const ti_s3_page *page, int64_t now, position *at,
                                ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t i = 0; status == TICKER_OK && i < page->count && at->left > 0; i++) {
        at->left--;
        status = walk->visit(walk->payload, &page->entries[i], now, error);
    }
    return status;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* A page that leads nowhere, or to itself, would never end. */
static ticker_status step(ti_s3_page *page, position *at, ticker_error *error)
{
    at->ended = at->ended || !page->truncated || at->left == 0;
    if (at->ended)
        return TICKER_OK;
    if (page->next == NULL || *page->next == '\0' || (same(page->next, at->next) && same(page->next_id, at->next_id)))
        return nonsense(error, "there is more of it, but it does not say where");
    free(at->next);
    free(at->next_id);
    at->next = page->next;
    at->next_id = page->next_id;
    page->next = page->next_id = NULL;
    return TICKER_OK;
}

static ticker_status one_page(ticker_aws *aws, const ti_s3_walk *walk, position *at, ticker_error *error)
{
    ti_s3_page page = {0};
    ticker_status status;
    ti_s3_call call;
    char count[24];

    (void)snprintf(count, sizeof(count), "%lld", (long long)(at->left < PAGE_ENTRIES ? at->left : PAGE_ENTRIES));
    ti_s3_call_begin(&call, listings[walk->listing].operation, "GET", walk->bucket, NULL);
    ti_s3_call_query(&call, listings[walk->listing].type, listings[walk->listing].type_value);
    ti_s3_call_query(&call, "encoding-type", "url");
    ti_s3_call_query(&call, listings[walk->listing].count, count);
    if (*walk->prefix != '\0')
        ti_s3_call_query(&call, "prefix", walk->prefix);
    if (at->next != NULL)
        ti_s3_call_query(&call, listings[walk->listing].next, at->next);
    if (at->next_id != NULL && listings[walk->listing].next_id != NULL)
        ti_s3_call_query(&call, listings[walk->listing].next_id, at->next_id);
    call.request.max_body = PAGE_BYTES_MAX;
    call.request.cleanup = walk->cleanup;
    status = ti_s3_call_perform(aws, &call, error);
    if (status == TICKER_OK)
        status = ti_s3_page_read(&page, walk->listing, ti_s3_call_answer(&call), error);
    if (status == TICKER_OK)
        status = visit_page(walk, &page, call.response.date > 0 ? call.response.date : ti_aws_now(aws), at, error);
    if (status == TICKER_OK)
        status = step(&page, at, error);
    ti_s3_page_free(&page);
    ti_s3_call_end(&call);
    return status;
}

ticker_status ti_s3_walk_pages(ticker_aws *aws, const ti_s3_walk *walk, ticker_error *error)
{
    position at = {.left = walk->max > 0 ? walk->max : INT64_MAX};
    ticker_status status = TICKER_OK;
    char place[TICKER_NAME_MAX];

    for (int64_t pages = 0; status == TICKER_OK && !at.ended; pages++) {
        if (pages == TICKER_S3_PAGES_MAX)
            status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "a listing of more than %d pages",
                             TICKER_S3_PAGES_MAX);
        else
            status = one_page(aws, walk, &at, error);
    }
    if (status < TICKER_OK) {
        ti_s3_place(place, sizeof(place), walk->bucket, walk->prefix);
        ti_error_file(error, place);
    }
    free(at.next);
    free(at.next_id);
    return status;
}
