/* All metrics as one text, for those who answer a scrape. */
#ifndef FRONT_METRICS_TEXT_H
#define FRONT_METRICS_TEXT_H

#include <stddef.h>

#include <tickerimport.h>

/* Of TICKER_METRICS_TYPE, *size bytes without a NUL, for free(). It reads /proc. NULL: there is no memory, or it is absurdly long. */
char *front_metrics_text(ticker_metrics *metrics, size_t *size);

#endif
