/* Opening and closing; and what is done now and then so that the cache hears of all imports. */
#include <stdlib.h>

#include "base/options.h"
#include "cache/cache.h"
#include "query/answers.h"

#define HEAL_EVERY 1000 /* milliseconds */
#define HEAL_AGE 1000   /* … that an import has to tell the cache itself */
#define HEAL_BATCH 256
/* When nobody here has a shared cache, what others left for one is of no use once no entry can be older. */
#define FORGET_EVERY INT64_C(3600000)
#define FORGET_AGE INT64_C(691200000)

static const char *const kind_names[TI_QUERY_KINDS] = {
    [TI_QUERY_QUOTES] = "quotes",   [TI_QUERY_TRADES] = "trades",   [TI_QUERY_SUMMARY] = "summary",
    [TI_QUERY_TICKERS] = "tickers", [TI_QUERY_IMPORTS] = "imports", [TI_QUERY_VERIFY] = "verify"};

ticker_status ticker_answers_open(const ticker_options *options, ticker_answers **answers, ticker_error *error)
{
    int64_t threads = ti_option_number(options, TI_OPTION_THREADS);
    ticker_answers *opened;
    ticker_status status;

    if (answers == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "answers need a place to go");
    *answers = NULL;
    opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return ti_fail_memory(error);
    opened->clock = &ti_clock_system;
    opened->options = ticker_options_copy(options);
    status = opened->options != NULL ? ticker_cache_open(options, &opened->cache, error) : ti_fail_memory(error);
    if (status == TICKER_OK)
        status = ticker_pool_open(options, threads < TICKER_POOL_MAX ? (size_t)threads : TICKER_POOL_MAX, &opened->pool,
                                  error);
    if (status == TICKER_OK)
        *answers = opened;
    else
        ticker_answers_free(opened);
    return status;
}

void ticker_answers_free(ticker_answers *answers)
{
    if (answers == NULL)
        return;
    ticker_store_free(answers->watch);
    ticker_pool_free(answers->pool);
    ticker_cache_free(answers->cache);
    ticker_options_free(answers->options);
    free(answers);
}

ticker_pool *ticker_answers_pool(ticker_answers *answers)
{
    return answers->pool;
}

ticker_cache *ticker_answers_cache(ticker_answers *answers)
{
    return answers->cache;
}

void ticker_answers_measure(ticker_answers *answers, ticker_metrics *metrics)
{
    ticker_pool_measure(answers->pool, metrics);
    ticker_cache_measure(answers->cache, metrics);
    for (size_t i = 0; i < TI_QUERY_KINDS; i++)
        answers->duration[i] = ticker_metrics_series(metrics, TICKER_METRIC_DB_QUERY_DURATION, &kind_names[i], 1);
}

/* --- Tending -------------------------------------------------------------------------------------------------------------------- */

/* Its own store: a number that the database says can be compared with others of the same store only. */
static ticker_status open_watch(ticker_answers *answers, ticker_error *error)
{
    int found = 0, wanted = 0;
    ticker_status status;

    if (answers->watch != NULL)
        return TICKER_OK;
    status = ticker_store_open(answers->options, &answers->watch, error);
    if (status == TICKER_OK)
        status = ticker_store_version(answers->watch, &found, &wanted, error);
    return status == TICKER_OK && found != wanted ? ticker_store_migrate(answers->watch, error) : status;
}

static ticker_status follow(ticker_answers *answers, ticker_error *error)
{
    int64_t number = 0;
    ticker_status status;

    if (!ticker_cache_is_local(answers->cache))
        return TICKER_OK;
    status = answers->watch->ops->epoch(answers->watch, &number, error);
    if (status == TICKER_OK)
        ticker_cache_follow(answers->cache, 1, (uint64_t)number);
    return status;
}

/* Imports whose tickers nobody has bumped: what was touched is not known any more, so everything is. */
static ticker_status heal(ticker_answers *answers, ticker_error *error)
{
    bool local = ticker_cache_is_local(answers->cache);
    int64_t now = answers->clock->monotonic(answers->clock->self), ids[HEAL_BATCH];
    const ti_store_ops *ops = answers->watch->ops;
    ticker_status status = TICKER_OK;
    size_t count = HEAL_BATCH;

    if (answers->healed != 0 && now < answers->healed + (local ? FORGET_EVERY : HEAL_EVERY))
        return TICKER_OK;
    while (status == TICKER_OK && count == HEAL_BATCH) {
        status = ops->pending_bumps(answers->watch, local ? FORGET_AGE : HEAL_AGE, ids, HEAL_BATCH, &count, error);
        if (status != TICKER_OK || count == 0)
            break;
        if (!local)
            status = ticker_cache_bump_all(answers->cache, error);
        if (status == TICKER_OK)
            status = ops->confirm_bumps(answers->watch, ids, count, error);
    }
    answers->healed = now;
    return status;
}

ticker_status ticker_answers_tend(ticker_answers *answers, ticker_error *error)
{
    ticker_error why;
    ticker_status status;

    ti_error_init(&why);
    status = open_watch(answers, &why);
    if (status == TICKER_OK)
        status = follow(answers, &why);
    if (status != TICKER_OK)
        ticker_cache_follow(answers->cache, 0, 0);
    else
        status = heal(answers, &why);
    if (status != TICKER_OK && (answers->watch == NULL || !answers->watch->ops->usable(answers->watch))) {
        ticker_store_free(answers->watch);
        answers->watch = NULL;
        /* The next store counts from anew, and what is told meanwhile is told to nobody. */
        ticker_cache_follow(answers->cache, 0, 0);
    }
    if (status != TICKER_OK)
        ti_error_copy(error, &why);
    return status;
}
