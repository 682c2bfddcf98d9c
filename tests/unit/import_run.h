/* Imports into the store that writes calls down, and what their callbacks were told. */
#ifndef TEST_IMPORT_RUN_H
#define TEST_IMPORT_RUN_H

#include <stdio.h>

#include "fake_store.h"

#define REPORTS_MAX 16

/* What the callbacks were told. */
typedef struct heard {
    char reports[REPORTS_MAX][1600]; /* "status member records/rejected error" */
    ticker_report last;
    unsigned count, progress, cancel_at; /* cancel_at: the progress call that cancels; 0: none */
    uint64_t position, records;
    int64_t bytes;
} heard;

static fake_store fake;
static heard events;
static ticker_error error;

static inline int on_progress(uint64_t position, int64_t bytes, uint64_t records, void *payload)
{
    heard *self = payload;

    ck_assert_uint_ge(position, self->position);
    self->position = position;
    self->bytes = bytes;
    self->records = records;
    return ++self->progress == self->cancel_at;
}

static inline void on_report(const ticker_report *report, void *payload)
{
    heard *self = payload;

    ck_assert_uint_lt(self->count, REPORTS_MAX);
    (void)snprintf(self->reports[self->count++], sizeof(self->reports[0]), "%s %s %lld/%lld %s",
                   ticker_report_text(report, TICKER_REPORT_STATUS), ticker_report_text(report, TICKER_REPORT_MEMBER),
                   (long long)ticker_report_integer(report, TICKER_REPORT_RECORDS),
                   (long long)ticker_report_integer(report, TICKER_REPORT_REJECTED),
                   ticker_report_text(report, TICKER_REPORT_ERROR));
    self->last = *report;
}

static inline void begin(void)
{
    fake_store_init(&fake);
    memset(&events, 0, sizeof(events));
    ti_error_init(&error);
}

static const ticker_import_events hear = {
    .size = sizeof(hear), .progress = on_progress, .report = on_report, .payload = &events};

static inline ticker_status import(ticker_source *source, const char *option)
{
    ticker_options *options = make_options(option, NULL);
    unsigned cancel_at = events.cancel_at;
    ticker_status status;

    memset(&events, 0, sizeof(events));
    events.cancel_at = cancel_at;
    ticker_error_clear(&error);
    status = ticker_import_source(&fake.store, source, options, &hear, &error);
    ticker_options_free(options);
    ck_assert(!fake.open);
    ck_assert_ptr_null(fake.store.sha256);
    ck_assert_ptr_null(fake.store.interrupted);
    return status;
}

static inline ticker_status import_bytes(const ti_buffer *bytes, const char *option)
{
    return import(ticker_source_open_memory(bytes->data, bytes->size, "memory"), option);
}

static inline ticker_status import_file(const char *path)
{
    ticker_source *source = NULL;

    ck_assert_int_eq(ticker_source_open_file(path, &source, NULL), TICKER_OK);
    return import(source, "force=no");
}

static inline void reported(unsigned index, const char *text)
{
    ck_assert_uint_lt(index, events.count);
    ck_assert_msg(strncmp(events.reports[index], text, strlen(text)) == 0, "%s", events.reports[index]);
}

static inline ti_buffer quotes_file(size_t records)
{
    ti_buffer file;

    bytes_init(&file);
    make_cotahist(&file, records, "\r\n");
    return file;
}

static inline ti_buffer trades_file(size_t rows)
{
    ti_buffer file;

    bytes_init(&file);
    make_trades(&file, rows, "\n");
    return file;
}

#endif
