/* What caches follow: the number that each commit of an import changes, and the commits that no cache has been told of yet. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include "base/clock.h"
#include "base/error.h"
#include "store/sqlite.h"

static int64_t now(void)
{
    return ti_clock_system.now(ti_clock_system.self);
}

ticker_status ti_sq_announce(ti_sqlite *sqlite, int64_t import_id, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_ADD_BUMP, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, import_id);
    ti_sq_bind(sqlite->link, statement, 2, now());
    status = ti_sq_finish(sqlite->link, statement, error);
    if (status == TICKER_OK)
        status = ti_sq_use(sqlite, TI_SQ_NEXT_EPOCH, &statement, error);
    if (status == TICKER_OK)
        status = ti_sq_finish(sqlite->link, statement, error);
    sqlite->epoch_version = TICKER_NULL; /* SQLite counts the commits of others only */
    return status;
}

ticker_status ti_sq_pending_bumps(ticker_store *store, int64_t age, int64_t *ids, size_t max, size_t *count,
                                  ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_PENDING_BUMPS, &statement, error);

    *count = 0;
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, now() - age);
    ti_sq_bind(sqlite->link, statement, 2, (int64_t)max);
    while ((status = ti_sq_step(sqlite->link, statement, error)) == TICKER_OK && *count < max)
        ids[(*count)++] = ti_sq_integer(statement, 0);
    ti_sq_reset(statement);
    return status == TICKER_DONE ? TICKER_OK : status;
}

static ticker_status drop_bump(ti_sqlite *sqlite, int64_t id, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_DROP_BUMP, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, id);
    return ti_sq_finish(sqlite->link, statement, error);
}

ticker_status ti_sq_confirm_bumps(ticker_store *store, const int64_t *ids, size_t count, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_status status;

    if (sqlite->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "commits were confirmed within an import");
    if (count == 0)
        return TICKER_OK;
    status = ti_sq_run(sqlite->link, "BEGIN IMMEDIATE", error);
    for (size_t i = 0; i < count && status == TICKER_OK; i++)
        status = drop_bump(sqlite, ids[i], error);
    if (status == TICKER_OK)
        status = ti_sq_run(sqlite->link, "COMMIT", error);
    if (status != TICKER_OK)
        ti_sq_undo(sqlite->link);
    return status;
}

static ticker_status ask(ti_sqlite *sqlite, ti_sq_text text, int64_t *number, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, text, &statement, error);

    if (status != TICKER_OK)
        return status;
    status = ti_sq_step(sqlite->link, statement, error);
    if (status == TICKER_DONE)
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_DATABASE, "the database has no epoch");
    if (status == TICKER_OK) {
        *number = ti_sq_integer(statement, 0);
        ti_sq_reset(statement);
    }
    return status;
}

/* The version first: a commit between the two shows in the next call at the latest. */
static ticker_status read_epoch(ti_sqlite *sqlite, ticker_error *error)
{
    int64_t version = 0;
    ticker_status status = ask(sqlite, TI_SQ_DATA_VERSION, &version, error);

    if (status != TICKER_OK || version == sqlite->epoch_version)
        return status;
    status = ask(sqlite, TI_SQ_EPOCH, &sqlite->epoch, error);
    sqlite->epoch_version = status == TICKER_OK ? version : TICKER_NULL;
    return status;
}

/* Who writes into an empty database may keep others out until the commit: what was known stays true that long, and nobody waits. */
ticker_status ti_sq_epoch(ticker_store *store, int64_t *number, ticker_error *error)
{
    ti_sqlite *sqlite = ti_sq_store(store);
    ticker_error refused;
    ticker_status status;

    ti_error_init(&refused);
    if (sqlite->importing)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "the epoch was asked for within an import");
    ti_sq_patience(sqlite->link, 0);
    status = read_epoch(sqlite, &refused);
    ti_sq_patience(sqlite->link, -1);
    if (status != TICKER_OK && sqlite->epoch != TICKER_NULL && ti_sq_locked(sqlite->link))
        status = TICKER_OK;
    if (status == TICKER_OK)
        *number = sqlite->epoch;
    else if (error != NULL)
        ti_error_copy(error, &refused);
    return status;
}

#endif
