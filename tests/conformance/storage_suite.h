/* What every storage must do, whichever it is. A backend's main program hands over its storage and runs this. */
#ifndef TI_TESTS_STORAGE_SUITE_H
#define TI_TESTS_STORAGE_SUITE_H

#include "base/error.h"
#include "storage/storage.h"
#include "unit/checked.h"

typedef struct storage_backend {
    const char *name; /* what ticker_storage_backend() says */
    /* Before each test, in its process: makes an empty storage. After each test: removes it. */
    void (*set_up)(void);
    void (*tear_down)(void);
    /* Opens it, as often as wanted. The test fails when that fails. */
    ticker_storage *(*open)(void);
    /* How many whole objects there are, asked in another way than through the storage. */
    size_t (*count)(void);
    const char *bucket; /* as events name it */
    const char *prefix; /* of the object keys in events, "" or with a '/' at its end */
    size_t large;       /* bytes of the largest upload of the suite */
} storage_backend;

/* The suite; `backend` must live as long as it runs. */
Suite *storage_suite(const storage_backend *backend);

void storage_suite_ok(ticker_status status, const ticker_error *error, const char *what);
/* Stores these bytes; the test fails when that fails. */
ticker_stored *storage_suite_put(ticker_storage *storage, const char *name, const void *data, size_t size);

#endif
