/* What is imported while calls fail: a file, what is in the database before, and the way its rows take. */
#ifndef TESTS_TORTURE_SCENARIOS_H
#define TESTS_TORTURE_SCENARIOS_H

#include <stdbool.h>
#include <stddef.h>

#include <tickerimport.h>

#include "base/buffer.h"
#include "scene.h"

#define TEXT_MAX (4u << 20) /* of a file, and of what a database has */

typedef struct scenario {
    const char *name;
    void (*make)(ti_buffer *bytes);   /* the input */
    void (*before)(ti_buffer *bytes); /* a file that is in already; NULL: none */
    bool pipe;                        /* it comes through a source of the caller's own */
    bool rare;                        /* PostgreSQL gets it only where every call fails */
    way way;                          /* others than the usual one are those of PostgreSQL */
    ticker_status status;             /* what an import says when nothing fails */
} scenario;

extern const scenario scenarios[];
extern const size_t scenario_count;

#endif
