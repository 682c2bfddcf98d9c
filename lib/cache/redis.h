/* Redis: where it is, and one connection to it. Only redis.c knows hiredis. */
#ifndef TI_CACHE_REDIS_H
#define TI_CACHE_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport/error.h>

#include "base/buffer.h"
#include "base/slice.h"

#define TI_REDIS_NAME_MAX 256      /* bytes of a host, user or path, NUL included */
#define TI_REDIS_PASSWORD_MAX 1024 /* NUL included */
#define TI_REDIS_RUN_MAX 17        /* digits of a run's number that are kept, NUL included */
#define TI_REDIS_ANSWERS_MAX 128   /* to what is sent in one go */

typedef struct ti_redis_address {
    char host[TI_REDIS_NAME_MAX]; /* or the path of a socket, with port 0 */
    int port;
    int database;
    char user[TI_REDIS_NAME_MAX];
    char password[TI_REDIS_PASSWORD_MAX]; /* "": none */
    int connect_timeout, timeout;         /* milliseconds */
} ti_redis_address;

/* "redis://…" or "unix:…". No message holds any of it. */
ticker_status ti_redis_url_parse(const char *url, ti_redis_address *address, ticker_error *error);

/* --- Commands, as the protocol writes them ------------------------------------------------------------------------------------- */

/* "*N" of the next command, then its N words. */
void ti_redis_command(ti_buffer *to, size_t words);
void ti_redis_word(ti_buffer *to, ti_slice word);

/* --- A connection -------------------------------------------------------------------------------------------------------------- */

typedef enum ti_redis_kind {
    TI_REDIS_NIL = 0,
    TI_REDIS_TEXT, /* also what a command says of itself ("OK") */
    TI_REDIS_NUMBER,
    TI_REDIS_LIST,
    TI_REDIS_ERROR
} ti_redis_kind;

typedef struct ti_redis_answer ti_redis_answer; /* hiredis' own */

ti_redis_kind ti_redis_kind_of(const ti_redis_answer *answer);
/* Of a text or error; else empty. */
ti_slice ti_redis_text(const ti_redis_answer *answer);
/* Of a list. NULL: it has no such element. */
const ti_redis_answer *ti_redis_element(const ti_redis_answer *answer, size_t index);

typedef struct ti_redis_link ti_redis_link;

/* Connects, says password and database, and asks which run of the server this is. TICKER_RETRY with TICKER_ERROR_SERVICE: no answer in
 * time, or one that says "later"; TICKER_FATAL with TICKER_ERROR_USAGE: refused. */
ticker_status ti_redis_connect(const ti_redis_address *address, ti_redis_link **link, ticker_error *error);
void ti_redis_close(ti_redis_link *link);
/* Digits that no other run of a server has: after a restart or a failover they are others. */
const char *ti_redis_run(const ti_redis_link *link);

/* Sends `commands` and takes `count` answers, which are good until the next exchange and may have `max` bytes together. False: the link is
 * of no use any more; `*gone` is whether the server had closed it, as it does with idle ones. */
bool ti_redis_exchange(ti_redis_link *link, const ti_buffer *commands, size_t count, size_t max,
                       const ti_redis_answer **answers, bool *gone, ticker_error *error);
/* Frees the answers. */
void ti_redis_forget(ti_redis_link *link);
/* What an error answer means for who asked. */
ticker_status ti_redis_refused(const ti_redis_answer *answer, ticker_error *error);

#endif
