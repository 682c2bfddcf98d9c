/* Listings that come in pages: of objects, and of uploads that were begun. */
#ifndef TI_AWS_S3_PAGE_H
#define TI_AWS_S3_PAGE_H

#include "aws/s3.h"

/* Decoded texts; NULL: the page does not say. */
typedef struct ti_s3_entry {
    char *key, *etag, *id; /* id: of an upload */
    int64_t bytes, time;   /* 0: unknown; time: last modified, begun */
} ti_s3_entry;

typedef struct ti_s3_page {
    ti_s3_entry *entries;
    size_t count, capacity;
    bool truncated, encoded, ended; /* ended: the root element is whole */
    char *next, *next_id;           /* where the next page begins */
    const char *root;
} ti_s3_page;

typedef enum ti_s3_listing { TI_S3_LIST_OBJECTS, TI_S3_LIST_UPLOADS } ti_s3_listing;

/* Reads one page into an empty one. TICKER_FAILED with INPUT: it is no such listing, or what it says cannot be. To be
 * ended with ti_s3_page_free() also then. */
ticker_status ti_s3_page_read(ti_s3_page *page, ti_s3_listing listing, ti_slice document, ticker_error *error);
void ti_s3_page_free(ti_s3_page *page);

/* Calls `visit` for each entry, page by page; anything but TICKER_OK ends it. `max` 0: all. `now`: the server's time.
 * `cleanup`: as in ti_aws_request. */
typedef ticker_status (*ti_s3_visit)(void *payload, const ti_s3_entry *entry, int64_t now, ticker_error *error);
typedef struct ti_s3_walk {
    ti_s3_listing listing;
    const char *bucket, *prefix;
    int64_t max;
    bool cleanup;
    ti_s3_visit visit;
    void *payload;
} ti_s3_walk;
ticker_status ti_s3_walk_pages(ticker_aws *aws, const ti_s3_walk *walk, ticker_error *error);

#endif
