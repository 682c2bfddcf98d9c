/* Sorts more records than memory holds, in a fixed amount of it. */
#ifndef TI_STORE_SPOOL_H
#define TI_STORE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport/error.h>

#define TI_SPOOL_WORDS 5         /* of a key, compared one after the other as unsigned numbers */
#define TI_SPOOL_RECORD_MAX 8192 /* bytes of a record's data */
#define TI_SPOOL_SLACK 16        /* readable bytes after a record, writable ones after a reserved one */

typedef struct ti_spool ti_spool;

typedef struct ti_spool_record {
    uint64_t key[TI_SPOOL_WORDS];
    const char *data;
    size_t size;
} ti_spool_record;

/* `memory`: bytes it may use, more goes to a nameless file in `folder`. `words` of each key count. NULL: no memory. */
ti_spool *ti_spool_new(size_t memory, unsigned words, const char *folder);
void ti_spool_free(ti_spool *spool);
/* Makes the file before it is needed. False: it cannot be made, and adding more than memory holds would fail. */
bool ti_spool_has_room(ti_spool *spool);
/* Room for TI_SPOOL_RECORD_MAX bytes at *at; ti_spool_add() then says which key they have and how many they are. */
ticker_status ti_spool_reserve(ti_spool *spool, char **at, ticker_error *error);
void ti_spool_add(ti_spool *spool, const uint64_t *key, size_t size);
/* Ends the adding. Then the records come in the order of their keys, equal ones in the order in which they were added. */
ticker_status ti_spool_sort(ti_spool *spool, ticker_error *error);
/* TICKER_DONE after the last one. A record lives until the next call. */
ticker_status ti_spool_next(ti_spool *spool, ti_spool_record *record, ticker_error *error);

#endif
