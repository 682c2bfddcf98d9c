/* The SQLite backend: opening, closing, and its table of operations. */
#include <config.h>

#include <stdlib.h>

#include "base/error.h"
#include "store/sqlite.h"

#ifdef TI_WITH_SQLITE

/* An instrument's days always cover those of its rows: the views rely on it. Names follow the newest import. */
#define NEWER "CASE WHEN excluded.last_date >= coalesce(last_date, excluded.last_date) THEN coalesce(excluded."

/* The moment, as the ledger writes it. */
#define NOW "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

static const char *const texts[TI_SQ_TEXTS] = {
    [TI_SQ_FIND_INSTRUMENT] = "SELECT id FROM instruments WHERE ticker = ?1",
    [TI_SQ_ADD_INSTRUMENT] = "INSERT INTO instruments (ticker) VALUES (?1)",
    [TI_SQ_SPAN_INSTRUMENT] = "UPDATE instruments SET first_date = min(coalesce(first_date, ?2), ?2),"
                              " last_date = max(coalesce(last_date, ?3), ?3) WHERE id = ?1"
                              " AND (first_date IS NULL OR first_date > ?2 OR last_date < ?3)",
    [TI_SQ_NAME_INSTRUMENT] =
        "INSERT INTO instruments (ticker, market, name, specification, isin, first_date, last_date)"
        " VALUES (?1, nullif(?2, ''), nullif(?3, ''), nullif(?4, ''), nullif(?5, ''), ?6, ?7) ON CONFLICT (ticker) DO "
        "UPDATE SET"
        " market = " NEWER "market, market) ELSE coalesce(market, excluded.market) END,"
        " name = " NEWER "name, name) ELSE coalesce(name, excluded.name) END,"
        " specification = " NEWER
        "specification, specification) ELSE coalesce(specification, excluded.specification) END,"
        " isin = " NEWER "isin, isin) ELSE coalesce(isin, excluded.isin) END,"
        " first_date = min(coalesce(first_date, excluded.first_date), coalesce(excluded.first_date, first_date)),"
        " last_date = max(coalesce(last_date, excluded.last_date), coalesce(excluded.last_date, last_date))",
    [TI_SQ_ADD_DAY] = "INSERT INTO days (day, iso, sources) VALUES (?1, date(?1 * 86400, 'unixepoch'), ?2)"
                      " ON CONFLICT (day) DO UPDATE SET sources = sources | ?2 WHERE sources & ?2 <> ?2",
    [TI_SQ_DAY_SOURCES] = "SELECT sources FROM days WHERE day = ?1",
    [TI_SQ_STANDING] = "SELECT q.source, q.import_id, count(*), i.snapshot FROM quote_rows AS q"
                       " LEFT JOIN import_rows AS i ON i.id = q.import_id"
                       " WHERE q.instrument_id = ?1 AND q.trade_date = ?2 GROUP BY q.import_id, q.source"
                       " ORDER BY q.import_id",
    [TI_SQ_DROP_STANDING] = "DELETE FROM quote_rows WHERE instrument_id = ?1 AND trade_date = ?2 AND import_id = ?3",
    [TI_SQ_DROP_OWN] = "DELETE FROM quote_rows WHERE instrument_id = ?1 AND trade_date = ?2 AND source = ?3",
    [TI_SQ_ADD_SUPERSESSION] = "INSERT INTO supersessions (import_id, by_import_id, rows, replaced)"
                               " VALUES (?1, ?2, ?3, ?4)",
    [TI_SQ_COUNT_SUPERSEDED] = "UPDATE import_rows SET superseded = superseded + ?2 WHERE id = ?1",
    [TI_SQ_HAS_TRADES] = "SELECT 1 FROM trade_rows WHERE trade_date = ?1 LIMIT 1",
    [TI_SQ_SCAN_TRADES] = "SELECT reference_date, session, trade_id, action, trade_time, price, volume FROM trade_rows "
                          "WHERE trade_date = ?2"
                          " AND instrument_id = (SELECT id FROM instruments WHERE ticker = ?1) AND trade_id BETWEEN ?3 "
                          "AND ?4 ORDER BY trade_id",
    [TI_SQ_FIND_IMPORT] = "SELECT id FROM import_rows WHERE sha256 = ?1 AND member = ?2 AND status = 'imported'",
    [TI_SQ_FIND_SIZE] = "SELECT id FROM import_rows WHERE bytes = ?1 AND status = 'imported' LIMIT 1",
    [TI_SQ_REPEAT_IMPORT] = "UPDATE import_rows SET status = 'duplicate', duplicate_of = ?3, updated_at = " NOW
                            " WHERE sha256 = ?1 AND member = ?2 AND status = 'imported'",
    [TI_SQ_ADD_IMPORT] =
        "INSERT INTO import_rows (id, file, member, format, sha256, bytes, status, records, imported, "
        "rejected, repaired, first_date,"
        " last_date, trades, volume, turnover, declared, forced, error, problems, microseconds, "
        "location, content_type, duplicate_of, sequencer, object_version, snapshot, attempts, created_at, "
        "updated_at) SELECT ?1, ?2, ?3, ?4,"
        " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, "
        "nullif(?22, ''), nullif(?23, ''), ?24, nullif(?25, ''), nullif(?26, ''), nullif(?28, ''), ?7 <> 'queued', " NOW
        ", " NOW " WHERE NOT ?27 OR NOT EXISTS (SELECT 1 FROM import_rows WHERE location = ?22 AND"
        " (?7 = 'running' OR status IN ('queued', 'running')) AND (?25 = '' OR coalesce(sequencer, ?25) = ?25))",
    [TI_SQ_ADOPT_IMPORT] =
        "UPDATE import_rows SET file = ?2, member = ?3, format = coalesce(nullif(?4, ''), format),"
        " sha256 = coalesce(nullif(?5, ''), sha256), bytes = CASE ?5 WHEN '' THEN bytes ELSE ?6 END,"
        " status = ?7, records = ?8,"
        " imported = ?9, rejected = ?10, repaired = ?11, first_date = ?12, last_date = ?13, trades = ?14, volume = ?15,"
        " turnover = ?16, declared = ?17, forced = ?18, error = ?19, problems = ?20, microseconds = ?21,"
        " location = coalesce(nullif(?22, ''), location), content_type = coalesce(nullif(?23, ''), content_type),"
        " duplicate_of = ?24, sequencer = coalesce(nullif(?25, ''), sequencer),"
        " object_version = coalesce(nullif(?26, ''), object_version), snapshot = nullif(?28, ''), progress_bytes = "
        "NULL, total_bytes = NULL,"
        " progress_records = NULL, updated_at = " NOW " WHERE id = ?1 AND status IN " TI_LEDGER_OPEN,
    [TI_SQ_MARK_IMPORT] = "UPDATE import_rows SET status = ?2, error = ?3,"
                          " sequencer = coalesce(nullif(?4, ''), sequencer),"
                          " object_version = coalesce(nullif(?5, ''), object_version),"
                          " attempts = attempts + (?2 = 'running'), progress_bytes = NULL, total_bytes = NULL,"
                          " progress_records = NULL, updated_at = " NOW " WHERE id = ?1 AND status IN " TI_LEDGER_OPEN,
    [TI_SQ_NOTE_PROGRESS] = "UPDATE import_rows SET progress_bytes = ?2, total_bytes = ?3, progress_records = ?4,"
                            " updated_at = " NOW " WHERE id = ?1 AND status = 'running'",
    [TI_SQ_VERSIONS] = "SELECT id, sequencer FROM import_rows WHERE location = ?1 AND sequencer IS NOT NULL"
                       " AND status IN ('imported', 'duplicate')",
    [TI_SQ_NEXT_EPOCH] = "UPDATE epochs SET value = value + 1",
    [TI_SQ_ADD_BUMP] = "INSERT OR IGNORE INTO cache_bumps (import_id, created_at) VALUES (?1, ?2)",
    [TI_SQ_PENDING_BUMPS] =
        "SELECT import_id FROM cache_bumps WHERE created_at <= ?1 ORDER BY created_at, import_id LIMIT ?2",
    [TI_SQ_DROP_BUMP] = "DELETE FROM cache_bumps WHERE import_id = ?1",
    [TI_SQ_DATA_VERSION] = "PRAGMA data_version",
    [TI_SQ_EPOCH] = "SELECT value FROM epochs",
    [TI_SQ_QUEUE_SEND] = "INSERT INTO queue_messages (body, sent_at, visible_at) VALUES (?1, ?2, ?3)",
    [TI_SQ_QUEUE_ANY] = "SELECT EXISTS (SELECT 1 FROM queue_messages WHERE visible_at <= ?1)",
    [TI_SQ_QUEUE_BURY_SPENT] = "INSERT INTO queue_dead (id, body, reason, attempts, sent_at, died_at)"
                               " SELECT id, body, 'received ' || attempts || ' times without success', attempts, "
                               "sent_at, ?1 FROM queue_messages WHERE visible_at <= ?1 AND attempts >= ?2",
    [TI_SQ_QUEUE_DROP_SPENT] = "DELETE FROM queue_messages WHERE visible_at <= ?1 AND attempts >= ?2",
    [TI_SQ_QUEUE_FIND] = "SELECT id, attempts + 1, sent_at, body, '' FROM queue_messages WHERE visible_at <= ?1"
                         " ORDER BY visible_at, id LIMIT ?2",
    [TI_SQ_QUEUE_TAKE] =
        "UPDATE queue_messages SET attempts = attempts + 1, visible_at = ?2, receipt = ?3 WHERE id = ?1",
    [TI_SQ_QUEUE_HIDE] = "UPDATE queue_messages SET visible_at = ?3 WHERE id = ?1 AND receipt = ?2",
    [TI_SQ_QUEUE_GIVE_BACK] =
        "UPDATE queue_messages SET visible_at = ?3, receipt = NULL WHERE id = ?1 AND receipt = ?2",
    [TI_SQ_QUEUE_BURY] = "INSERT INTO queue_dead (id, body, reason, attempts, sent_at, died_at)"
                         " SELECT id, body, ?3, attempts, sent_at, ?4 FROM queue_messages"
                         " WHERE id = ?1 AND receipt = ?2",
    [TI_SQ_QUEUE_DONE] = "DELETE FROM queue_messages WHERE id = ?1 AND receipt = ?2",
    [TI_SQ_QUEUE_COUNTS] = "SELECT count(*) FILTER (WHERE NOT held), count(*) FILTER (WHERE held),"
                           " (SELECT count(*) FROM queue_dead)"
                           " FROM (SELECT receipt IS NOT NULL AND visible_at > ?1 AS held FROM queue_messages)",
    [TI_SQ_QUEUE_DEAD] =
        "SELECT id, attempts, sent_at, body, reason FROM queue_dead WHERE id > ?1 ORDER BY id LIMIT ?2",
    [TI_SQ_QUEUE_REVIVE] = "INSERT INTO queue_messages (id, body, sent_at, visible_at)"
                           " SELECT id, body, sent_at, ?2 FROM queue_dead WHERE id = ?1 OR ?1 IS NULL",
    [TI_SQ_QUEUE_DROP] = "DELETE FROM queue_dead WHERE id = ?1 OR ?1 IS NULL",
};

ticker_status ti_sq_use(ti_sqlite *sqlite, ti_sq_text text, ti_sq_statement **statement, ticker_error *error)
{
    *statement = sqlite->statement[text];
    if (*statement == NULL) {
        ticker_status status = ti_sq_prepare(sqlite->link, texts[text], &sqlite->statement[text], error);
        *statement = sqlite->statement[text];
        return status;
    }
    ti_sq_reset(*statement);
    return TICKER_OK;
}

static void close_store(ticker_store *store)
{
    ti_sqlite *sqlite = ti_sq_store(store);

    ti_sq_rollback(store);
    for (size_t i = 0; i < TI_SQ_TEXTS; i++)
        ti_sq_finalize(sqlite->statement[i]);
    ti_sq_close(sqlite->link);
    free(sqlite);
}

static void share(ticker_store *store)
{
    ti_sq_expect_small_writes(ti_sq_store(store));
}

static bool is_usable(ticker_store *store)
{
    return !ti_sq_store(store)->importing && !ti_sq_in_transaction(ti_sq_store(store)->link);
}

static const ti_store_ops sqlite_ops = {
    .size = sizeof(ti_store_ops),
    .name = "sqlite",
    .close = close_store,
    .version = ti_sq_version,
    .migrate = ti_sq_migrate,
    .find_import = ti_sq_find_import,
    .begin = ti_sq_begin,
    .put = ti_sq_put,
    .settle = ti_sq_settle,
    .day_is_new = ti_sq_day_is_new,
    .scan_trades = ti_sq_scan_trades,
    .put_day_quotes = ti_sq_put_day_quotes,
    .commit = ti_sq_commit,
    .rollback = ti_sq_rollback,
    .record = ti_sq_record,
    .mark = ti_sq_mark,
    .progress = ti_sq_progress,
    .versions = ti_sq_versions,
    .pending_bumps = ti_sq_pending_bumps,
    .confirm_bumps = ti_sq_confirm_bumps,
    .epoch = ti_sq_epoch,
    .share = share,
    .usable = is_usable,
    .query = ti_sq_query,
    .queue = &ti_sq_queue,
};

ticker_status ti_sqlite_open(const char *path, ticker_store **store, ticker_error *error)
{
    ti_sqlite *sqlite = calloc(1, sizeof(*sqlite));
    ticker_status status;

    if (sqlite == NULL)
        return ti_fail_memory(error);
    sqlite->base.ops = &sqlite_ops;
    sqlite->epoch = sqlite->epoch_version = TICKER_NULL;
    status = ti_sq_open(path, &sqlite->link, error);
    if (status != TICKER_OK) {
        free(sqlite);
        return status;
    }
    ti_sq_watch(sqlite->link, &sqlite->base);
    *store = &sqlite->base;
    return TICKER_OK;
}

#else

ticker_status ti_sqlite_open(const char *path, ticker_store **store, ticker_error *error)
{
    (void)path;
    (void)store;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "this build of the library has no SQLite");
}

#endif
