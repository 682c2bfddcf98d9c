/* Inside view of answers: how they stand in the cache, and what they are computed with. */
#ifndef TI_QUERY_ANSWERS_H
#define TI_QUERY_ANSWERS_H

#include <pthread.h>

#include <tickerimport/answers.h>

#include "base/clock.h"
#include "query/query.h"

#define TI_ANSWER_TAG_MAX 33 /* digits of a tag, NUL included */

struct ticker_answers {
    ticker_cache *cache;
    ticker_pool *pool;
    ticker_options *options;
    const ti_clock *clock;
    ticker_series *duration[TI_QUERY_KINDS];
    /* Of ticker_answers_tend() alone. */
    ticker_store *watch; /* NULL: to be opened */
    int64_t healed;      /* when that was tried last; 0: never */
};

struct ticker_answer {
    ticker_cache_entry *entry; /* NULL: it was streamed */
    const char *data;
    size_t size;
    uint64_t rows;
    bool more, found;
    char etag[TI_ANSWER_TAG_MAX];
    const char *next; /* in the entry, or `cursor` */
    char cursor[TICKER_QUERY_CURSOR_MAX];
};

/* What is known of an answer besides its bytes. */
typedef struct ti_answer_facts {
    uint64_t rows;
    bool more, found;
    const char *next; /* NULL: none */
} ti_answer_facts;

/* Appends the facts to the bytes, which are all there is in `bytes`, with the tag made of both (answer.c). */
bool ti_answer_seal(ti_buffer *bytes, const char *format, const ti_answer_facts *facts);
/* Takes the entry over. NULL: it is damaged, or no memory. */
ticker_answer *ti_answer_open(ticker_cache_entry *entry);

#endif
