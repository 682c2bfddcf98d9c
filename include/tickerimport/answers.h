/* Questions and their answers as bytes: from the cache, else from the database. All that a server does but HTTP.
 *
 * It keeps a pool of stores and a cache, computes an answer once for all who ask at the same time, streams what is too large to be held,
 * and has the cache learn of imports, also of those that crashed before they could tell it. Any number of threads. */
#ifndef TICKERIMPORT_ANSWERS_H
#define TICKERIMPORT_ANSWERS_H

#include <tickerimport/cache.h>
#include <tickerimport/pool.h>
#include <tickerimport/query.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ticker_answers ticker_answers;
/* One answer. It is one owner's, who frees it; the bytes may be shared behind the scenes. */
typedef struct ticker_answer ticker_answer;

/* Opens the cache of redis-url and a pool of as many stores of database-url as the option threads says. Connects nothing yet.
 * TICKER_FATAL as ticker_cache_open() and ticker_pool_open() say. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_answers_open(const ticker_options *options, ticker_answers **answers,
                                                               ticker_error *error);
/* Accepts NULL. No thread may use it any more; answers stay good. */
TICKER_API void ticker_answers_free(ticker_answers *answers);
/* Its parts, which live as long. */
TICKER_API ticker_pool *ticker_answers_pool(ticker_answers *answers);
TICKER_API ticker_cache *ticker_answers_cache(ticker_answers *answers);
/* Has cache, pool and queries counted in `metrics`, which must outlive it. To be called before it is used. */
TICKER_API void ticker_answers_measure(ticker_answers *answers, ticker_metrics *metrics);

/* What is at hand in this process, without waiting for anything: TICKER_OK and `*answer`; else TICKER_DONE and NULL: ask with
 * ticker_answers_run(). So it is always TICKER_DONE with Redis, and for questions about imports, which are not cached. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_answers_look(ticker_answers *answers, ticker_query *query,
                                                               const char *format, ticker_answer **answer);

/* Where an answer goes that is too large to be held; any member may be NULL, but not write when begin is not. Called by the thread that
 * called ticker_answers_run(). `size` is sizeof(ticker_answer_sink). */
typedef struct ticker_answer_sink {
    size_t size;
    /* Before the database is asked, when the answer has a tag already under which it would be streamed. Anything but 0: it is not wanted
     * (the client has it). */
    int (*known)(const ticker_answer *head, void *payload);
    /* Before the first bytes; the head has a tag or "" and neither bytes nor rows. Anything but 0: the bytes are not wanted. */
    int (*begin)(const ticker_answer *head, void *payload);
    /* Some bytes. Anything but 0 ends it with TICKER_RETRY and TICKER_ERROR_CANCELLED. */
    ticker_write write;
    void *payload;
} ticker_answer_sink;

/* Answers `query` in `format` ("json", "ndjson", "csv", "table"), from the cache or the database.
 *
 * TICKER_OK: `*answer` has all of it, and nothing was said to the sink but perhaps known(). TICKER_DONE: it went to the sink, and
 * `*answer` has rows, more and next without bytes; or known() or begin() did not want it, and `*answer` is NULL. An answer goes to the
 * sink when it is longer than TICKER_ANSWER_MAX or, when neither tickers nor a limit were set, than TICKER_CACHE_ENTRY_MAX; with `sink`
 * NULL that is TICKER_FAILED with TICKER_ERROR_LIMIT. TICKER_RETRY: the database cannot be reached, no store was free in time
 * (TICKER_ERROR_LIMIT), or the sink ended it. Else as ticker_query_run(). When it fails after begin(), the bytes that went out are no whole
 * answer. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_answers_run(ticker_answers *answers, ticker_query *query,
                                                              const char *format, const ticker_answer_sink *sink,
                                                              ticker_answer **answer, ticker_error *error);

/* To be called about twenty times a second by one thread: has a cache in memory follow what other processes import (they are noticed at
 * the next call), and once a second the Redis cache learn of imports that could not tell it. Waits for a database that does not answer.
 * TICKER_RETRY: the database or Redis cannot be reached; call again. Else as ticker_store_open() and ticker_cache_bump_all(). */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_answers_tend(ticker_answers *answers, ticker_error *error);

/* NULL bytes and 0 when it was streamed. */
TICKER_API const void *ticker_answer_data(const ticker_answer *answer);
TICKER_API size_t ticker_answer_size(const ticker_answer *answer);
/* Hexadecimal digits (for an HTTP ETag: put quotes around them). Of an answer that is held they depend on nothing but its format, bytes
 * and next page, so they are the same in all processes; of one that is streamed, on the question and the state of its data. "": not
 * known. */
TICKER_API const char *ticker_answer_etag(const ticker_answer *answer);
TICKER_API uint64_t ticker_answer_rows(const ticker_answer *answer);
/* Whether the limit cut it. */
TICKER_API int ticker_answer_more(const ticker_answer *answer);
/* The cursor of the next page, or NULL. */
TICKER_API const char *ticker_answer_next(const ticker_answer *answer);
/* 0: it has no rows because what was asked for by name (a ticker, the id of an import) does not exist. */
TICKER_API int ticker_answer_found(const ticker_answer *answer);
TICKER_API void ticker_answer_free(ticker_answer *answer);

#ifdef __cplusplus
}
#endif
#endif
