/* What the library answers to a question, as bytes. Handlers and transports know nothing of databases and caches. */
#ifndef SERVER_ASK_H
#define SERVER_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport.h>

#define ASK_ANSWER_MAX ((size_t)8 * 1024 * 1024) /* bytes of an answer that is kept whole; larger ones are streamed */
#define ASK_ETAG_MAX 80

typedef struct ask ask;

typedef struct ask_answer {
    const void *data; /* NULL: it was streamed */
    size_t size;
    void (*release)(void *owner);
    void *owner;
    char etag[ASK_ETAG_MAX]; /* with its quotes; "" none */
    uint64_t rows;
    bool more;          /* the limit cut it; */
    const char *cursor; /* where the next page begins, or NULL. Of the query: lives as long as that is left alone */
    bool found;         /* false: there is no such ticker, or no such import */
} ask_answer;

/* Where an answer goes that is too large to be kept. */
typedef struct ask_sink {
    bool (*begin)(void *payload);
    bool (*write)(void *payload, const void *data, size_t size);
    void *payload;
} ask_sink;

/* Connects nothing yet. `threads` may ask at once. NULL: error says why. */
ask *ask_open(const ticker_options *options, size_t threads, ticker_metrics *metrics, ticker_error *error);
void ask_free(ask *ask);
/* Where its stores come from, for others who need one. */
ticker_pool *ask_pool(ask *ask);

/* Whether the answer can be had without waiting; then it is filled in. */
bool ask_look(ask *ask, ticker_query *query, const char *kind, const char *format, ask_answer *answer);
/* May wait. TICKER_OK with the answer whole or streamed; TICKER_RETRY with TICKER_ERROR_CANCELLED when the sink did not
 * want more, or the database cannot be reached; after sink->begin() a failure leaves the answer cut off. */
ticker_status ask_run(ask *ask, ticker_query *query, const char *kind, const char *format, const ask_sink *sink,
                      ask_answer *answer, ticker_error *error);

/* For /health/ready; `payload` is the ask. */
ticker_status ask_check_database(void *payload, ticker_error *error);

/* About once a second, by one thread. */
void ask_tend(ask *ask);

#endif
