/* Quotes that gave way to better ones, as an import finds them out: a line of the table `supersessions` for each other import. */
#ifndef TI_STORE_SUPERSESSIONS_H
#define TI_STORE_SUPERSESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ti_supersession {
    int64_t id; /* of the other import */
    bool
        replaced; /* its rows gave way to those of this import; false: this import's gave way to them, and were not taken */
    int64_t rows;
} ti_supersession;

typedef struct ti_supersessions {
    ti_supersession *item; /* in the order of their ids */
    size_t count, capacity;
} ti_supersessions;

/* False: no memory. */
bool ti_supersessions_add(ti_supersessions *list, int64_t id, bool replaced, int64_t rows);
/* All rows of one kind. */
int64_t ti_supersessions_rows(const ti_supersessions *list, bool replaced);
void ti_supersessions_free(ti_supersessions *list);

#define TI_SNAPSHOT_TEXT_MAX 24 /* "2021-04-23T19:51:00.000" and NUL: texts compare as the moments do */

/* How the ledger keeps a snapshot; NULL when it is 0. */
const char *ti_snapshot_text(int64_t snapshot, char text[TI_SNAPSHOT_TEXT_MAX]);

#endif
