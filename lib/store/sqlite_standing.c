/* Which quotes stand when several files tell of the same ticker and day: each row is asked for before it goes in, on days of which there
 * are quotes that matter. Nobody else writes meanwhile. */
#include <config.h>

#ifdef TI_WITH_SQLITE

#include <string.h>

#include "base/error.h"
#include "store/sqlite.h"

/* What the column `days.sources` keeps: a bit for each origin that quotes of the day ever had. */
static int64_t bit_of(ti_origin origin)
{
    return (int64_t)1 << origin;
}

int ti_sq_source_number(ti_origin origin)
{
    /* As databases have it since version 1; the others came later. */
    static const int numbers[TI_ORIGINS] = {
        [TI_ORIGIN_COTAHIST] = 1, [TI_ORIGIN_TRADES] = 2, [TI_ORIGIN_BVBG086] = 4, [TI_ORIGIN_CONSOLIDATED] = 3};

    return numbers[origin];
}

static ti_origin origin_of(const ti_cell *cell)
{
    if (cell->kind == TI_CELL_TEXT)
        return ti_origin_of(cell->text);
    for (int i = 0; i < TI_ORIGIN_OTHER && cell->kind == TI_CELL_INTEGER; i++)
        if (cell->number == ti_sq_source_number((ti_origin)i))
            return (ti_origin)i;
    return TI_ORIGIN_OTHER;
}

void ti_sq_learn_origin(ti_sqlite *sqlite, const ticker_batch *quotes)
{
    if (quotes->rows == 0)
        return;
    sqlite->origin = ti_origin_of(ti_batch_text(quotes, TICKER_QUOTE_SOURCE, 0));
    if (sqlite->origin == TI_ORIGIN_TRADES || ti_snapshot_text(sqlite->base.snapshot, sqlite->snapshot) == NULL)
        sqlite->snapshot[0] = '\0';
}

/* Whether a day has quotes that matter, asked once: a day with those of the same origin only is as good as one without any. */
static ticker_status is_contested(ti_sqlite *sqlite, int64_t date, bool anew, bool *contested, ticker_error *error)
{
    int64_t sources = 0;
    ti_sq_statement *statement;
    ticker_status status;

    *contested = ti_sq_calendar_has(&sqlite->contested, date);
    if (ti_sq_calendar_has(&sqlite->looked, date))
        return TICKER_OK;
    status = ti_sq_use(sqlite, TI_SQ_DAY_SOURCES, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, date);
    status = ti_sq_step(sqlite->link, statement, error);
    if (status == TICKER_OK) {
        sources = ti_sq_integer(statement, 0);
        ti_sq_reset(statement);
    }
    if (!anew && sqlite->snapshot[0] == '\0')
        sources &= ~bit_of(sqlite->origin);
    *contested = sources != 0;
    (void)ti_sq_calendar_add(&sqlite->looked, date);
    if (*contested)
        (void)ti_sq_calendar_add(&sqlite->contested, date);
    return status < TICKER_OK ? status : TICKER_OK;
}

/* Rows of one import that stand for the ticker and the day. */
typedef struct standing {
    int64_t import_id, rows;
    int order; /* against the rows to come: below 0 they are better, above 0 worse, 0 as good */
    bool same; /* they are of the same origin */
} standing;

static standing read_standing(const ti_sqlite *sqlite, ti_sq_statement *statement)
{
    ti_cell source = ti_sq_cell(statement, 0), snapshot = ti_sq_cell(statement, 3);
    ti_origin origin = origin_of(&source);
    standing found = {.import_id = ti_sq_integer(statement, 1), .rows = ti_sq_integer(statement, 2)};

    found.same = origin == sqlite->origin;
    found.order = (int)origin - (int)sqlite->origin;
    if (found.same && snapshot.kind == TI_CELL_TEXT && snapshot.text.size == strlen(sqlite->snapshot))
        found.order = memcmp(sqlite->snapshot, snapshot.text.data, snapshot.text.size); /* a later one is better */
    return found;
}

/* TI_SQ_DROP_STANDING or TI_SQ_DROP_OWN. */
static ticker_status drop(ti_sqlite *sqlite, ti_sq_text text, int64_t instrument, int64_t date, int64_t which,
                          ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, text, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, instrument);
    ti_sq_bind(sqlite->link, statement, 2, date);
    ti_sq_bind(sqlite->link, statement, 3, which);
    return ti_sq_finish(sqlite->link, statement, error);
}

ticker_status ti_sq_drop_own(ti_sqlite *sqlite, int64_t instrument, int64_t date, ticker_error *error)
{
    return drop(sqlite, TI_SQ_DROP_OWN, instrument, date, ti_sq_source_number(sqlite->origin), error);
}

#define STANDING_MAX 32 /* imports that are looked at together */

/* What stands: up to STANDING_MAX imports, those with rows that may have to give way at last. */
static ticker_status look(ti_sqlite *sqlite, int64_t instrument, int64_t date, standing *list, size_t *count,
                          ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_STANDING, &statement, error);

    *count = 0;
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, instrument);
    ti_sq_bind(sqlite->link, statement, 2, date);
    while (*count < STANDING_MAX && (status = ti_sq_step(sqlite->link, statement, error)) == TICKER_OK)
        list[(*count)++] = read_standing(sqlite, statement);
    if (status == TICKER_OK)
        ti_sq_reset(statement);
    return status < TICKER_OK ? status : TICKER_OK;
}

/* *dropped: some rows went away. */
static ticker_status settle_with(ti_sqlite *sqlite, const standing *found, int64_t instrument, int64_t date, bool anew,
                                 bool *taken, bool *dropped, ticker_error *error)
{
    bool replaced = found->order > 0;

    if (found->order < 0) {
        bool first = *taken; /* the one with the smallest number is named */

        *taken = false;
        return !first || ti_supersessions_add(&sqlite->superseded, found->import_id, false, 1) ? TICKER_OK
                                                                                               : ti_fail_memory(error);
    }
    if (!replaced && !(found->same && anew))
        return TICKER_OK;
    *dropped = true;
    if (replaced && !ti_supersessions_add(&sqlite->superseded, found->import_id, true, found->rows))
        return ti_fail_memory(error);
    return drop(sqlite, TI_SQ_DROP_STANDING, instrument, date, found->import_id, error);
}

ticker_status ti_sq_make_room(ti_sqlite *sqlite, int64_t instrument, int64_t date, bool anew, bool *taken,
                              ticker_error *error)
{
    standing list[STANDING_MAX];
    bool contested = false, dropped;
    size_t count = 0;
    ticker_status status = is_contested(sqlite, date, anew, &contested, error);

    *taken = true;
    if (status != TICKER_OK || !contested)
        return status;
    do {
        dropped = false;
        status = look(sqlite, instrument, date, list, &count, error);
        for (size_t i = 0; i < count && status == TICKER_OK; i++)
            status = settle_with(sqlite, &list[i], instrument, date, anew, taken, &dropped, error);
    } while (status == TICKER_OK && dropped && count == STANDING_MAX);
    return status;
}

ticker_status ti_sq_note_day(ti_sqlite *sqlite, int64_t date, bool quotes, ticker_error *error)
{
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_ADD_DAY, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, date);
    ti_sq_bind(sqlite->link, statement, 2, quotes ? bit_of(sqlite->origin) : 0);
    return ti_sq_finish(sqlite->link, statement, error);
}

static ticker_status note(ti_sqlite *sqlite, const ti_supersession *item, ticker_error *error)
{
    int64_t loser = item->replaced ? item->id : sqlite->import_id;
    ti_sq_statement *statement;
    ticker_status status = ti_sq_use(sqlite, TI_SQ_ADD_SUPERSESSION, &statement, error);

    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, loser);
    ti_sq_bind(sqlite->link, statement, 2, item->replaced ? sqlite->import_id : item->id);
    ti_sq_bind(sqlite->link, statement, 3, item->rows);
    ti_sq_bind(sqlite->link, statement, 4, item->replaced ? 1 : 0);
    status = ti_sq_finish(sqlite->link, statement, error);
    if (status == TICKER_OK)
        status = ti_sq_use(sqlite, TI_SQ_COUNT_SUPERSEDED, &statement, error);
    if (status != TICKER_OK)
        return status;
    ti_sq_bind(sqlite->link, statement, 1, loser);
    ti_sq_bind(sqlite->link, statement, 2, item->rows);
    return ti_sq_finish(sqlite->link, statement, error);
}

ticker_status ti_sq_note_supersessions(ti_sqlite *sqlite, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    for (size_t i = 0; i < sqlite->superseded.count && status == TICKER_OK; i++)
        status = note(sqlite, &sqlite->superseded.item[i], error);
    sqlite->base.superseded = ti_supersessions_rows(&sqlite->superseded, false);
    sqlite->base.replaced = ti_supersessions_rows(&sqlite->superseded, true);
    return status;
}

#endif
