/* Imports what was uploaded, in a thread of the server: for a system that is the server alone, with the queue in the
 * database. Where a worker runs, or the queue is SQS, there is none of these. */
#ifndef SERVER_IMPORTER_H
#define SERVER_IMPORTER_H

#include <stdbool.h>

#include <tickerimport.h>

#include "console.h"

typedef struct importer importer;

/* All of it lives longer than the importer. */
typedef struct importer_setup {
    const ticker_options *options;
    ticker_metrics *metrics;
    ticker_cache *cache; /* learns of what was imported; may be NULL */
    front_console *console;
} importer_setup;

/* Whether the options want one: "importer" is yes and the queue is the database's. */
bool importer_wanted(const ticker_options *options);
/* NULL after saying that there is no thread. What it needs it opens itself, again and again until that works. */
importer *importer_start(const importer_setup *setup);
/* Ends what it is at (an import is rolled back, its message given back at once), waits for it, and frees it. Accepts
 * NULL. */
void importer_stop(importer *self);

#endif
