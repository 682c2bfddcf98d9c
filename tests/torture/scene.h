/* The database that imports are tortured on: how it is put back, and what is in it. It is looked at past the library. */
#ifndef TESTS_TORTURE_SCENE_H
#define TESTS_TORTURE_SCENE_H

#include <stdbool.h>

#include <tickerimport.h>

#include "base/buffer.h"

/* How the rows of a small file go. */
typedef enum way {
    WAY_USUAL,
    WAY_MUCH,   /* as of a file that is not small: by COPY, into a temporary table where the period is there */
    WAY_SHARED, /* over several connections */
    WAY_SORTED, /* trades through a file, for want of memory */
} way;

typedef struct scene {
    const char *name;
    unsigned faults; /* bits of 1 << fault: what can go wrong with it */
    bool (*begin)(void);
    void (*end)(void);
    const char *(*url)(void);
    /* An empty database without tables, and back to what keep() kept. */
    void (*clear)(void);
    void (*keep)(void);
    void (*reset)(void);
    /* Appends all rows, the ledger, and the names of the tables and files that are there, but for what is another in each run. */
    void (*describe)(ti_buffer *text);
    /* Tables that a lost connection may leave and the next import drops; describe() does not tell of them. NULL: there are none. */
    bool (*leftovers)(void);
    void (*tune)(ticker_store *store, way how); /* NULL: there is one way only */
} scene;

extern const scene scene_sqlite, scene_postgres;

/* Ends the program: the test itself cannot go on. */
void broken(const char *what, const char *why) __attribute__((noreturn));

#endif
