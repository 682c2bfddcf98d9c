#include "metrics_text.h"

#include <stdlib.h>
#include <string.h>

#define METRICS_BYTES_MAX ((size_t)16 * 1024 * 1024)

typedef struct text {
    char *data;
    size_t size, capacity;
} text;

static int append(const void *data, size_t size, void *payload)
{
    text *to = payload;

    if (size > METRICS_BYTES_MAX - to->size)
        return 1;
    if (to->size + size > to->capacity) {
        size_t capacity = (to->size + size) * 2;
        char *larger = realloc(to->data, capacity);

        if (larger == NULL)
            return 1;
        to->data = larger;
        to->capacity = capacity;
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return 0;
}

char *front_metrics_text(ticker_metrics *metrics, size_t *size)
{
    text all = {NULL, 0, 0};

    if (ticker_metrics_write(metrics, append, &all, NULL) != TICKER_OK) {
        free(all.data);
        return NULL;
    }
    *size = all.size;
    return all.data;
}
