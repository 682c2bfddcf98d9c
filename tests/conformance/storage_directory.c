/* The storage suite on a directory. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "storage_suite.h"

static char folder[64], url[128];
static size_t files;

static void set_up(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/ticker-storage-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(url, sizeof(url), "file://%s/up/loads", folder);
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    return remove(path);
}

static void tear_down(void)
{
    ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static int count_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)place;
    files += flag == FTW_F && strstr(path, "/.incoming/") == NULL;
    return 0;
}

static size_t count(void)
{
    files = 0;
    ck_assert_int_eq(nftw(folder, count_one, 16, FTW_PHYS), 0);
    return files;
}

static ticker_storage *open_storage(void)
{
    ticker_options *options = ticker_options_new();
    ticker_storage *storage = NULL;
    ticker_error error;

    ti_error_init(&error);
    ck_assert_ptr_nonnull(options);
    storage_suite_ok(ticker_options_set(options, "storage-url", url, &error), &error, "storage-url");
    storage_suite_ok(ticker_options_set(options, "allowed-buckets", "allowed-bucket, other.allowed", &error), &error,
                     "allowed-buckets");
    storage_suite_ok(ticker_storage_open(options, NULL, &storage, &error), &error, "open");
    ck_assert_str_eq(ticker_storage_url(storage), url);
    ticker_options_free(options);
    return storage;
}

int main(void)
{
    static const storage_backend backend = {.name = "file",
                                            .set_up = set_up,
                                            .tear_down = tear_down,
                                            .open = open_storage,
                                            .count = count,
                                            .bucket = "file",
                                            .prefix = "",
                                            .large = (size_t)5 * 1024 * 1024 + 17};
    SRunner *runner = srunner_create(storage_suite(&backend));
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
