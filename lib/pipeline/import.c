#include <tickerimport/import.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/options.h"
#include "format/sax.h"
#include "pipeline/bump.h"
#include "pipeline/day_quotes.h"
#include "pipeline/import.h"
#include "pipeline/import_run.h"
#include "pipeline/overlap.h"
#include "pipeline/reader.h"
#include "store/store.h"

/* Adds the time since then to a stage of the member. */
static void spent(ti_import_run *import, ti_stage stage, int64_t since)
{
    ti_reader_report(import->reader)->stages[stage] += ti_clock_microseconds() - since;
}

static void note(ti_import_run *import, ticker_status status)
{
    if (status < import->worst)
        import->worst = status;
}

static void set_status(ticker_report *report, const char *status)
{
    memcpy(report->status, status, strlen(status) + 1);
}

static void send_report(ti_import_run *import)
{
    ticker_report *report = ti_reader_report(import->reader);

    report->microseconds = ti_clock_microseconds() - import->started;
    ti_report_finish(report);
    if (import->events.report != NULL)
        import->events.report(report, import->events.payload);
}

/* Tells the caller how far it is, also while the database works; true when the caller wants to stop. */
static bool ask_caller(void *payload)
{
    ti_import_run *import = payload;
    const ticker_report *report = ticker_reader_report(import->reader);

    if (!import->cancelled && import->events.progress != NULL)
        import->cancelled = import->events.progress(
                                ticker_reader_position(import->reader), ti_reader_size(import->reader),
                                (uint64_t)(report->records + report->rejected), import->events.payload) != 0;
    return import->cancelled;
}

static ticker_status fail_cancelled(ti_import_run *import, ticker_error *error)
{
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "cancelled");
    ti_error_file(error, ticker_reader_report(import->reader)->file);
    return TICKER_RETRY;
}

static ticker_status report_progress(ti_import_run *import, ticker_error *error)
{
    return ask_caller(import) ? fail_cancelled(import, error) : TICKER_OK;
}

/* The same bytes are in, or a newer version of the object is: the row `id` says more of it. */
static ticker_status duplicate(ti_import_run *import, int64_t id, ticker_error *error)
{
    ticker_report *report = ti_reader_report(import->reader);
    int64_t own = import->upload != NULL ? import->upload->id : 0;
    ticker_status status = TICKER_OK;

    if (import->newer == 0)
        status = ti_run_recall(import, id, error);
    else
        (void)snprintf(report->error, sizeof(report->error), "a newer version of this object was imported");

    /* When two have the same upload, the second finds the row that it should take over. */
    if (status == TICKER_OK && own != 0 && own != id)
        status = ti_run_record(import, "duplicate", id, &own, error);
    if (status != TICKER_OK)
        return status;
    ti_run_end_row(import);
    set_status(report, "duplicate");
    report->complete = import->newer == 0;
    report->import_id = id;
    report->imported = 0;
    send_report(import);
    return TICKER_OK;
}

/* A regular file is hashed before it is read: bytes that are there already need not be loaded to find that out. */
static ticker_status known_before(ti_import_run *import, int64_t *id, ticker_error *error)
{
    ticker_report *report = ti_reader_report(import->reader);
    ticker_status status;

    if (!ti_reader_can_hash_first(import->reader))
        return TICKER_DONE;
    status = ti_reader_hash(import->reader, error);
    if (status != TICKER_OK)
        return status;
    if (import->store == NULL || import->again)
        return TICKER_DONE;
    return import->store->ops->find_import(import->store, report->bytes, report->sha256, report->member, id, error);
}

/* To the second thread, which owns the batch from then on. */
static ticker_status hand_over(ti_import_run *import, ti_overlap *overlap, ticker_error *error)
{
    ticker_batch *given = ti_reader_batch(import->reader), *empty = NULL;
    ticker_status status = ti_overlap_put(overlap, given, ti_reader_report(import->reader), &empty, error);

    return status == TICKER_OK ? ti_reader_give_batch(import->reader, empty, error) : status;
}

/* Moves rows from the reader into the store (when there is one) and the day's quotes. *ended: the reader has no more. A file of one batch
 * needs no second thread. */
static ticker_status move_rows(ti_import_run *import, ti_day_quotes *days, bool *ended, ticker_error *error)
{
    ticker_report *report = ti_reader_report(import->reader);
    ti_overlap *overlap = NULL;
    const ticker_batch *batch;
    bool first = true;
    ticker_status status;

    for (;;) {
        status = ticker_reader_next_batch(import->reader, &batch, error);
        *ended = status == TICKER_DONE;
        if (status != TICKER_OK)
            break;
        if (!first && overlap == NULL && import->store != NULL && import->overlapped)
            overlap = ti_overlap_begin(import->store, days, ask_caller, import);
        first = false;
        status = overlap != NULL ? hand_over(import, overlap, error)
                                 : ti_put_batch(import->store, days, batch, report->snapshot,
                                                &report->stages[TI_STAGE_LOADING], error);
        if (status == TICKER_OK)
            status = report_progress(import, error);
        if (status != TICKER_OK)
            break;
    }
    if (*ended)
        status = TICKER_OK;
    if (overlap != NULL)
        status = ti_overlap_end(overlap, status, report, error);
    *ended = *ended && status == TICKER_OK;
    return status;
}

/* All of a member. TICKER_DONE: somebody else has put the same bytes in. */
static ticker_status transfer(ti_import_run *import, ti_day_quotes *days, ticker_error *error)
{
    bool ended = false;
    ticker_status status = move_rows(import, days, &ended, error);

    if (!ended)
        return status;
    status = ti_reader_check_unchanged(import->reader, error);
    if (status == TICKER_OK)
        status = ti_reader_hash(import->reader, error);
    return status == TICKER_OK ? report_progress(import, error) : status;
}

typedef struct instruments {
    const ti_tally *tally;
    uint32_t next;
} instruments;

static bool next_instrument(void *payload, ti_instrument *instrument)
{
    instruments *list = payload;
    const ti_tally_ticker *known;

    if (list->next >= ti_tally_count(list->tally))
        return false;
    known = ti_tally_ticker_of(list->tally, list->next);
    *instrument = (ti_instrument){.ticker = ti_tally_name(list->tally, list->next),
                                  .market = {known->market, known->market_size},
                                  .name = {known->name, known->name_size},
                                  .specification = {known->specification, known->specification_size},
                                  .isin = {known->isin, known->isin_size},
                                  .first_date = known->first_date,
                                  .last_date = known->last_date};
    list->next++;
    return true;
}

static ticker_status commit(ti_import_run *import, int64_t *id, ticker_error *error)
{
    instruments list = {ti_reader_tally(import->reader), 0};
    int64_t since = ti_clock_microseconds();
    ti_buffer problems;
    ti_ledger_row row;
    ticker_status status;

    ti_buffer_init(&problems, TICKER_PROBLEMS_JSON_MAX);
    status = ti_run_ledger_row(import, "imported", &problems, &row, error);
    if (status == TICKER_OK)
        status = import->store->ops->commit(import->store, &row, next_instrument, &list, id, error);
    ti_buffer_free(&problems);
    spent(import, TI_STAGE_COMMITTING, since);
    return status;
}

/* Keys, and the quotes that trades make. */
static ticker_status settle(ti_import_run *import, ti_day_quotes *days, ticker_error *error)
{
    int64_t since = ti_clock_microseconds();
    ticker_status status = import->store->ops->settle(import->store, error);

    if (status == TICKER_OK && ti_reader_table(import->reader) == TICKER_TRADES)
        status = ti_day_quotes_store(days, import->store, error);
    spent(import, TI_STAGE_SETTLING, since);
    return status;
}

/* Everything of one member behind begin. TICKER_DONE: somebody else has imported the same bytes meanwhile. *open: whether the
 * transaction still waits for its end; a commit that saw the others' import has rolled back by itself, and *id is their ledger row. */
static ticker_status fill(ti_import_run *import, int64_t *id, bool *open, ticker_error *error)
{
    ti_day_quotes *days = ti_day_quotes_new();
    ticker_status status;

    if (days == NULL)
        return ti_fail_memory(error);
    status = transfer(import, days, error);
    if (status == TICKER_OK)
        status = settle(import, days, error);
    if (status == TICKER_OK) {
        status = commit(import, id, error);
        *open = status < TICKER_OK;
    }
    ti_day_quotes_free(days);
    return status;
}

/* The ledger row of those who imported the same bytes while this import waited: TICKER_DONE and *id. */
static ticker_status find_rival(ti_import_run *import, int64_t *id, ticker_error *error)
{
    const ticker_report *report = ti_reader_report(import->reader);
    ticker_status status = import->store->ops->find_import(import->store, report->bytes, report->sha256, report->member,
                                                           id, error);

    if (status == TICKER_DONE) /* cannot be: it was seen a moment ago, and nothing deletes ledger rows */
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_DATABASE, "the import of the same bytes is gone");
    return status == TICKER_OK ? TICKER_DONE : status;
}

/* TICKER_OK: imported as *id. TICKER_DONE: somebody else was first, as *id. */
static ticker_status load(ti_import_run *import, int64_t *id, ticker_error *error)
{
    ticker_store *store = import->store;
    ticker_report *report = ti_reader_report(import->reader);
    int64_t since = ti_clock_microseconds();
    bool open = true;
    ticker_status status;

    store->interrupted = ask_caller;
    store->interrupted_payload = import;
    store->sha256 = ti_reader_can_hash_first(import->reader) && !import->again ? report->sha256 : NULL;
    store->again = import->again;
    store->member = report->member;
    store->adopt = import->upload != NULL ? import->upload->id : 0;
    store->connections = import->connections;
    store->folder = import->folder;
    status = store->ops->begin(store, id, error);
    if (status == TICKER_OK)
        status = ti_run_look_for_newer(import, error);
    spent(import, TI_STAGE_LOADING, since);
    if (status == TICKER_OK)
        status = fill(import, id, &open, error);
    store->sha256 = store->member = store->folder = NULL;
    store->snapshot = 0;
    store->again = false;
    store->adopt = 0;
    store->interrupted = NULL; /* what follows must not fail any more */
    if (open)
        store->ops->rollback(store);
    if (open && status == TICKER_DONE && import->newer != 0) {
        *id = import->newer;
        return TICKER_DONE;
    }
    return open && status == TICKER_DONE ? find_rival(import, id, error) : status;
}

/* What an import would do with a file that was read to its end whatever was wrong with it. */
static ticker_status judge(ti_import_run *import, ticker_error *error)
{
    ticker_report *report = ti_reader_report(import->reader);
    bool refused = !import->forced && report->refusal[0] != '\0', rejected = import->reject && report->rejected > 0;

    set_status(report, "checked");
    if (refused || rejected) {
        set_status(report, "failed");
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "%s",
                      refused ? report->refusal : "some rows cannot be read and on-error is reject");
        ti_error_file(error, report->file);
        if (refused) {
            ti_error_hint(error, "%s", TI_REFUSAL_HINT);
            ti_error_place(error, report->refusal_line, 0, -1);
        }
        (void)ticker_error_format(error, report->error, sizeof(report->error));
    }
    note(import, refused || rejected ? TICKER_FAILED : report->rejected > 0 ? TICKER_WARN : TICKER_OK);
    send_report(import);
    return TICKER_OK;
}

static void tell_cache(ti_import_run *import, int64_t id)
{
    int64_t since = ti_clock_microseconds();

    ti_bump_import(import->events.cache, import->store, ti_reader_tally(import->reader), id);
    spent(import, TI_STAGE_TELLING, since);
}

static ticker_status import_member(ti_import_run *import, ticker_error *error)
{
    ticker_report *report = ti_reader_report(import->reader);
    int64_t id = TICKER_NULL;
    ticker_status status = known_before(import, &id, error);

    import->newer = 0;
    if (status == TICKER_OK)
        return duplicate(import, id, error);
    if (status != TICKER_DONE)
        return status;
    status = import->store != NULL ? load(import, &id, error) : transfer(import, NULL, error);
    if (status == TICKER_DONE)
        return duplicate(import, id, error);
    if (status != TICKER_OK)
        return status;
    if (import->inspect)
        return judge(import, error);
    if (import->store != NULL && import->events.cache != NULL)
        tell_cache(import, id);
    ti_run_end_row(import);
    set_status(report, import->store != NULL ? "imported" : "checked");
    report->imported = import->store != NULL ? report->records : 0;
    report->superseded = import->store != NULL ? import->store->superseded : 0;
    report->replaced = import->store != NULL ? import->store->replaced : 0;
    report->import_id = id;
    note(import, report->rejected > 0 ? TICKER_WARN : TICKER_OK);
    send_report(import);
    return TICKER_OK;
}

/* An upload is called what its client called it: where it is stored stands in the ledger's column for that. */
static void describe(ti_import_run *import, const ticker_error *why)
{
    ticker_report *report = ti_reader_report(import->reader);
    ticker_error named = *why;

    if (import->upload != NULL && import->upload->file != NULL)
        ti_error_rename(&named, import->upload->file);
    (void)ticker_error_format(&named, report->error, sizeof(report->error));
}

/* A member that will never work: it is in the ledger with its reasons, and the next one is tried. When the ledger cannot be written,
 * that takes the place of `why`. */
static ticker_status refuse_member(ti_import_run *import, ticker_error *why)
{
    ticker_report *report = ti_reader_report(import->reader);
    ticker_error later;
    ticker_status status = TICKER_OK;

    ti_error_init(&later);
    describe(import, why);
    report->complete = false;
    report->imported = 0;
    set_status(report, "failed");
    note(import, TICKER_FAILED);
    /* A pipe is not read to its end (it may have none) to name what was refused, and a source that fails now leaves the hash empty: what
     * matters was said before. */
    if (ti_reader_can_hash_now(import->reader))
        (void)ti_reader_hash(import->reader, &later);
    ticker_error_clear(&later);
    if (import->store != NULL)
        status = ti_run_record(import, "failed", 0, &report->import_id, &later);
    if (status == TICKER_OK)
        send_report(import);
    else
        *why = later;
    return status;
}

static ticker_status import_members(ti_import_run *import, ticker_error *error)
{
    ticker_error why;
    ticker_status status;

    for (;;) {
        import->started = ti_clock_microseconds();
        ti_error_init(&why);
        status = ticker_reader_next_member(import->reader, &why);
        if (status == TICKER_DONE && import->members > 0)
            return TICKER_OK;
        import->members++;
        if (status == TICKER_DONE)
            status = ti_fail(&why, TICKER_FAILED, TICKER_ERROR_INPUT, "the archive holds no data file");
        else if (status == TICKER_OK)
            status = import_member(import, &why);
        if (status < TICKER_OK && import->cancelled) { /* whatever the interrupted call made of it */
            ticker_error_clear(&why);
            status = fail_cancelled(import, &why);
        }
        ti_error_file(&why, ti_reader_report(import->reader)->file);
        if (status == TICKER_FAILED)
            status = refuse_member(import, &why);
        if (status != TICKER_OK) /* what ends the call comes before what was refused on the way */
            ticker_error_clear(error);
        ti_error_copy(error, &why);
        if (status != TICKER_OK)
            return status;
    }
}

ticker_status ti_prepare_store(ticker_store *store, ticker_error *error)
{
    int found, wanted;
    ticker_status status;

    if (store->current && store->ops->usable(store))
        return TICKER_OK;
    status = ticker_store_version(store, &found, &wanted, error);
    return status == TICKER_OK && found != wanted ? ticker_store_migrate(store, error) : status;
}

/* Takes the row of the upload over; the caller is asked meanwhile whether to go on. */
static ticker_status adopt(ti_import_run *import, ticker_error *error)
{
    ticker_store *store = import->store;
    ticker_error why;
    ticker_status status;

    ti_error_init(&why);
    store->interrupted = ask_caller;
    store->interrupted_payload = import;
    status = ti_adopt(store, import->upload, ticker_reader_report(import->reader)->file, &why);
    store->interrupted = NULL;
    if (status < TICKER_OK && import->cancelled)
        return fail_cancelled(import, error);
    if (status == TICKER_OK && import->upload->id != 0 && import->events.begun != NULL)
        import->events.begun(import->upload->id, import->events.payload);
    ti_error_copy(error, &why);
    return status;
}

/* Longer than any server writes them they say nothing. */
static const char *within(const char *text, size_t max)
{
    return text != NULL && strnlen(text, max) < max ? text : NULL;
}

/* What the event said of the version, as long as its import is at work. */
static void tell_version(ti_import_run *import, bool at_work)
{
    if (import->store == NULL || import->upload == NULL)
        return;
    import->store->sequencer = at_work ? import->events.sequencer : NULL;
    import->store->object_version = at_work ? import->events.object_version : NULL;
}

static ticker_status run(ti_import_run *import, ticker_source *source, const ticker_options *options,
                         const ticker_import_events *events, ticker_error *error)
{
    ticker_status status;

    if (events != NULL)
        memcpy(&import->events, events, events->size < sizeof(import->events) ? events->size : sizeof(import->events));
    import->events.sequencer = within(import->events.sequencer, TICKER_SEQUENCER_MAX);
    import->events.object_version = within(import->events.object_version, TICKER_OBJECT_VERSION_MAX);
    ti_sax_prepare(); /* an import takes every format */
    import->reader = ticker_reader_new(source, options);
    if (import->reader == NULL)
        return ti_fail_memory(error);
    ticker_reader_keep_totals(import->reader, 1);
    ti_reader_read_ahead(import->reader);
    status = ti_reader_keep_hash(import->reader, error);
    if (status == TICKER_OK && import->store != NULL)
        status = ti_prepare_store(import->store, error);
    tell_version(import, true);
    if (status == TICKER_OK && import->store != NULL && import->upload != NULL)
        status = adopt(import, error);
    if (status == TICKER_OK)
        status = import_members(import, error);
    tell_version(import, false);
    ticker_reader_free(import->reader);
    return status == TICKER_OK ? import->worst : status;
}

ticker_status ti_import(ticker_store *store, ticker_source *source, const ticker_options *options,
                        const ticker_import_events *events, ti_adoption *row, ticker_error *error)
{
    bool dry = ti_option_flag(options, TI_OPTION_DRY_RUN);
    ti_import_run import = {.store = dry ? NULL : store,
                            .upload = dry ? NULL : row,
                            .connections = (unsigned)ti_option_number(options, TI_OPTION_IMPORT_CONNECTIONS),
                            .folder = ti_option_text(options, TI_OPTION_TEMPORARY_FOLDER),
                            .overlapped = ti_option_number(options, TI_OPTION_IMPORT_THREADS) != 1,
                            .forced = ti_option_flag(options, TI_OPTION_FORCE),
                            .again = ti_option_flag(options, TI_OPTION_AGAIN)};

    if (source == NULL || (store == NULL && !dry)) {
        ticker_source_free(source);
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "an import needs a source, and a store unless dry-run is set");
    }
    return run(&import, source, options, events, error);
}

ticker_status ticker_import_source(ticker_store *store, ticker_source *source, const ticker_options *options,
                                   const ticker_import_events *events, ticker_error *error)
{
    return ti_import(store, source, options, events, NULL, error);
}

ticker_status ticker_inspect_source(ticker_source *source, const ticker_options *options,
                                    const ticker_import_events *events, ticker_error *error)
{
    ti_import_run import = {.inspect = true};
    ticker_options *lenient;
    ticker_status status;

    if (source == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "an inspection needs a source");
    lenient = ticker_options_copy(options);
    if (lenient == NULL) {
        ticker_source_free(source);
        return ti_fail_memory(error);
    }
    import.forced = ti_option_flag(options, TI_OPTION_FORCE);
    import.reject = strcmp(ti_option_text(options, TI_OPTION_ON_ERROR), "reject") == 0;
    status = ticker_options_set(lenient, "force", "yes", error);
    if (status == TICKER_OK)
        status = ticker_options_set(lenient, "on-error", "skip", error);
    if (status == TICKER_OK)
        status = run(&import, source, lenient, events, error);
    else
        ticker_source_free(source);
    ticker_options_free(lenient);
    return status;
}
