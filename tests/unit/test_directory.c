/* The storage in a directory: what stands in it, links and pipes that somebody put there, a disk that is full, leftovers, URLs. What every
 * storage does is in tests/conformance/storage_suite.c. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* nftw */
#endif
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "input/source.h"
#include "storage/storage.h"

static char folder[64];
static ticker_error error;
static ticker_storage *storage;

/* --- A disk that fails --------------------------------------------------------------------------------------------------------- */

static const char *fails_at; /* the call of the library that fails from now on, once `fails_after` of them went well */
static int fails_with, fails_after;

ssize_t __real_write(int descriptor, const void *data, size_t size);
int __real_fsync(int descriptor);
int __real_renameat(int from, const char *old, int to, const char *new);
ssize_t __wrap_write(int descriptor, const void *data, size_t size);
int __wrap_fsync(int descriptor);
int __wrap_renameat(int from, const char *old, int to, const char *new);

static bool refused(const char *call)
{
    if (fails_at == NULL || strcmp(fails_at, call) != 0 || fails_after-- > 0)
        return false;
    errno = fails_with;
    return true;
}

ssize_t __wrap_write(int descriptor, const void *data, size_t size)
{
    if (refused("write"))
        return -1;
    return __real_write(descriptor, data, fails_at != NULL && size > 1000 ? 1000 : size); /* in pieces */
}

int __wrap_fsync(int descriptor)
{
    return refused("fsync") ? -1 : __real_fsync(descriptor);
}

int __wrap_renameat(int from, const char *old, int to, const char *new)
{
    return refused("renameat") ? -1 : __real_renameat(from, old, to, new);
}

/* --- Tools --------------------------------------------------------------------------------------------------------------------- */

static ticker_status try_open(const char *url)
{
    ticker_options *options = make_options("allowed-buckets=b", NULL);
    ticker_status status;

    ti_error_init(&error);
    if (url != NULL)
        ck_assert_int_eq(ticker_options_set(options, "storage-url", url, &error), TICKER_OK);
    storage = NULL;
    status = ticker_storage_open(options, NULL, &storage, &error);
    ticker_options_free(options);
    return status;
}

static void open_here(void)
{
    char url[128];

    (void)snprintf(folder, sizeof(folder), "/tmp/ticker-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(url, sizeof(url), "file://%s/s", folder);
    ck_assert_int_eq(try_open(url), TICKER_OK);
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    return remove(path);
}

static void remove_here(void)
{
    ticker_storage_free(storage);
    ck_assert_int_eq(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static size_t entries;

static int count_one(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)path;
    (void)status;
    (void)flag;
    (void)place;
    entries++;
    return 0;
}

/* Files and folders below the storage, itself and .incoming counted. */
static size_t count_entries(void)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/s", folder);
    entries = 0;
    ck_assert_int_eq(nftw(path, count_one, 16, FTW_PHYS), 0);
    return entries;
}

static ticker_status put(const char *name, const char *text, ticker_stored **stored)
{
    ti_error_init(&error);
    return ticker_storage_put(storage, name, ticker_source_open_memory(text, strlen(text), name), NULL, NULL, stored,
                              &error);
}

/* A path below the storage. */
static const char *at(const char *path)
{
    static char whole[512];

    (void)snprintf(whole, sizeof(whole), "%s/s/%s", folder, path);
    return whole;
}

static void write_file(const char *path)
{
    FILE *file = fopen(at(path), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fputs("text", file) >= 0, 1);
    ck_assert_int_eq(fclose(file), 0);
}

static void is_missing(const char *key, const char *why)
{
    ticker_source *source = NULL;

    ti_error_init(&error);
    ck_assert_int_eq(ticker_storage_get(storage, key, NULL, &source, &error), TICKER_FAILED);
    ck_assert_int_eq(ticker_error_http_status(&error), 404);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_INPUT);
    ck_assert_msg(strstr(ticker_error_message(&error), why) != NULL, "%s", ticker_error_message(&error));
    ck_assert_ptr_null(source);
}

/* --- Storing ------------------------------------------------------------------------------------------------------------------- */

START_TEST(what_stands_in_it)
{
    ticker_stored *stored = NULL;
    ticker_source *source = NULL;
    struct stat about;
    char url[512];

    open_here();
    ck_assert_int_eq(put("a b.csv", "hello", &stored), TICKER_OK);
    ck_assert_int_eq(stat(at(ticker_stored_key(stored)), &about), 0);
    ck_assert_int_eq(about.st_size, 5);
    ck_assert(S_ISREG(about.st_mode));
    ck_assert_uint_eq(count_entries(), 4); /* the storage, .incoming, the key's folder, the file */
    (void)snprintf(url, sizeof(url), "file://%s/s/%.17sa%%20b.csv", folder, ticker_stored_key(stored));
    ck_assert_str_eq(ticker_stored_url(stored), url);
    ck_assert_int_eq(ticker_storage_get(storage, ticker_stored_key(stored), "", &source, &error), TICKER_OK);
    ck_assert_str_eq(source->name, url);
    ck_assert_int_eq(source->bytes, 5);
    ck_assert_int_ge(source->descriptor, 0); /* can be hashed before it is read */
    ticker_source_free(source);
    ck_assert_int_eq(ticker_storage_delete(storage, ticker_stored_key(stored), &error), TICKER_OK);
    ck_assert_uint_eq(count_entries(), 2);
    ticker_stored_free(stored);
    remove_here();
}
END_TEST

START_TEST(misuse)
{
    ticker_stored *stored = NULL;
    ticker_source *source = NULL;
    char *request = NULL;

    open_here();
    ck_assert_int_eq(ticker_storage_put(storage, "x", NULL, NULL, NULL, &stored, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_storage_put(storage, "x", ticker_source_open_memory("x", 1, "x"), NULL, NULL, NULL, &error),
                     TICKER_FATAL);
    ti_error_init(&error);
    ck_assert_int_eq(ticker_storage_presign(storage, "x", 1, 60, &request, &error), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_UNSUPPORTED);
    ck_assert_int_eq(put("x", "hello", &stored), TICKER_OK);
    ck_assert_int_eq(ticker_storage_get(storage, ticker_stored_key(stored), "v1", &source, &error), TICKER_FAILED);
    ck_assert_int_eq(ticker_error_http_status(&error), 404);
    ck_assert_int_eq(ticker_storage_open(NULL, NULL, NULL, NULL), TICKER_FATAL);
    ticker_stored_free(stored);
    remove_here();
}
END_TEST

START_TEST(a_disk_that_fails)
{
    static const struct {
        const char *at;
        int after, with;
        const char *hint;
    } ways[] = {{"write", 0, ENOSPC, "make room"},
                {"write", 2, ENOSPC, "make room"},
                {"write", 1, EDQUOT, "make room"},
                {"write", 0, EIO, ""},
                {"fsync", 0, EIO, ""},
                {"fsync", 0, ENOSPC, "make room"},
                {"fsync", 1, EIO, ""},
                {"fsync", 2, EIO, ""},
                {"renameat", 0, EACCES, "this user"},
                {"renameat", 0, EROFS, "this user"}};
    ticker_stored *stored = NULL;
    char text[5000];

    open_here();
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t i = 0; i < COUNT(ways); i++) {
        fails_at = ways[i].at;
        fails_after = ways[i].after;
        fails_with = ways[i].with;
        ck_assert_int_eq(put("x.zip", text, &stored), TICKER_RETRY);
        fails_at = NULL;
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_IO);
        ck_assert_ptr_nonnull(strstr(ticker_error_message(&error), strerror(ways[i].with)));
        ck_assert_ptr_nonnull(strstr(ticker_error_hint(&error), ways[i].hint));
        ck_assert_ptr_nonnull(strstr(ticker_error_file(&error), "file:///tmp/"));
        ck_assert_ptr_null(stored);
        ck_assert_uint_eq(count_entries(), 2); /* nothing is left */
    }
    fails_at = "fsync"; /* a file system that cannot sync folders */
    fails_after = 1;
    fails_with = EINVAL;
    ck_assert_int_eq(put("x.zip", text, &stored), TICKER_OK);
    fails_at = NULL;
    ticker_stored_free(stored);
    remove_here();
}
END_TEST

START_TEST(a_folder_that_is_gone)
{
    ticker_stored *stored = NULL;
    ticker_source *source = NULL;
    char moved[128];

    open_here();
    (void)snprintf(moved, sizeof(moved), "%s/moved", folder);
    ck_assert_int_eq(rename(at(""), moved), 0);
    ck_assert_int_eq(put("x", "hello", &stored), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
    ck_assert_ptr_nonnull(strstr(ticker_error_hint(&error), "mounted"));
    ck_assert_int_eq(ticker_storage_get(storage, "a/b", NULL, &source, NULL), TICKER_RETRY);
    ck_assert_int_eq(ticker_storage_delete(storage, "a/b", NULL), TICKER_RETRY);
    remove_here();
}
END_TEST

/* --- What somebody put there --------------------------------------------------------------------------------------------------- */

START_TEST(links_are_not_followed)
{
    struct stat about;

    open_here();
    ck_assert_int_eq(mkdir(at("d"), 0700), 0);
    write_file("d/file");
    write_file("plain");
    ck_assert_int_eq(symlink("/etc/passwd", at("outside")), 0);
    ck_assert_int_eq(symlink("plain", at("inside")), 0);
    ck_assert_int_eq(symlink("/etc", at("etc")), 0);
    ck_assert_int_eq(symlink("d", at("e")), 0);
    is_missing("outside", "link");
    is_missing("inside", "link");
    is_missing("etc/passwd", "");
    is_missing("e/file", "");
    is_missing("plain/file", "");
    is_missing("d/none", "");
    ck_assert_int_eq(ticker_storage_delete(storage, "e/file", &error), TICKER_OK);
    ck_assert_int_eq(ticker_storage_delete(storage, "etc/hostname", &error), TICKER_OK);
    ck_assert_int_eq(stat(at("d/file"), &about), 0);
    remove_here();
}
END_TEST

START_TEST(only_files_are_read)
{
    ticker_source *source = NULL;
    static const char *const hidden[] = {".incoming/x", ".hidden", "a/.b", "/etc/passwd", "a//b", "a/"};

    open_here();
    ck_assert_int_eq(mkfifo(at("pipe"), 0600), 0);
    ck_assert_int_eq(mkdir(at("folder"), 0700), 0);
    is_missing("pipe", "no regular file"); /* at once */
    is_missing("folder", "no regular file");
    ck_assert_int_eq(ticker_storage_delete(storage, "folder", &error), TICKER_FAILED);
    for (size_t i = 0; i < COUNT(hidden); i++) {
        ti_error_init(&error);
        ck_assert_int_eq(ticker_storage_get(storage, hidden[i], NULL, &source, &error), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
    }
    remove_here();
}
END_TEST

/* Files that were not uploaded but copied there may have any key. */
START_TEST(deeper_keys)
{
    ticker_source *source = NULL;
    struct stat about;

    open_here();
    ck_assert_int_eq(mkdir(at("2024"), 0700), 0);
    ck_assert_int_eq(mkdir(at("2024/01"), 0700), 0);
    write_file("2024/01/a");
    write_file("2024/01/b");
    ck_assert_int_eq(ticker_storage_get(storage, "2024/01/a", NULL, &source, &error), TICKER_OK);
    ticker_source_free(source);
    ck_assert_int_eq(ticker_storage_delete(storage, "2024/01/a", &error), TICKER_OK);
    ck_assert_int_eq(stat(at("2024/01/b"), &about), 0);
    ck_assert_int_eq(ticker_storage_delete(storage, "2024/01/b", &error), TICKER_OK);
    ck_assert_int_ne(stat(at("2024/01"), &about), 0);
    ck_assert_int_eq(stat(at("2024"), &about), 0);
    write_file("top");
    ck_assert_int_eq(ticker_storage_delete(storage, "top", &error), TICKER_OK);
    ck_assert_int_eq(stat(at(""), &about), 0);
    remove_here();
}
END_TEST

/* --- Leftovers ----------------------------------------------------------------------------------------------------------------- */

static void make_older(const char *path, int hours)
{
    const struct timespec times[2] = {{time(NULL) - hours * 3600, 0}, {time(NULL) - hours * 3600, 0}};

    ck_assert_int_eq(utimensat(AT_FDCWD, at(path), times, AT_SYMLINK_NOFOLLOW), 0);
}

static void make_leftover(const char *name, int folder_hours, int file_hours)
{
    char path[256];

    (void)snprintf(path, sizeof(path), ".incoming/%s", name);
    ck_assert_int_eq(mkdir(at(path), 0700), 0);
    (void)snprintf(path, sizeof(path), ".incoming/%s/x.zip", name);
    write_file(path);
    make_older(path, file_hours);
    (void)snprintf(path, sizeof(path), ".incoming/%s", name);
    make_older(path, folder_hours);
}

START_TEST(leftovers)
{
    struct stat about;
    char url[128];

    open_here();
    ck_assert_int_eq(mkdir(at(".incoming"), 0700), 0);
    make_leftover("old", 30, 30);
    make_leftover("new", 1, 1);
    make_leftover("slow", 30, 1); /* still written to */
    ck_assert_int_eq(mkdir(at(".incoming/empty"), 0700), 0);
    make_older(".incoming/empty", 30);
    ck_assert_int_eq(symlink("/tmp", at(".incoming/link")), 0);
    make_older(".incoming/link", 30);
    ck_assert_int_eq(mkdir(at("whole"), 0700), 0);
    write_file("whole/x");
    make_older("whole/x", 300);
    make_older("whole", 300);
    ticker_storage_free(storage);
    (void)snprintf(url, sizeof(url), "file://%s/s", folder);
    ck_assert_int_eq(try_open(url), TICKER_OK);
    ck_assert_int_ne(lstat(at(".incoming/old"), &about), 0);
    ck_assert_int_ne(lstat(at(".incoming/empty"), &about), 0);
    ck_assert_int_ne(lstat(at(".incoming/link"), &about), 0);
    ck_assert_int_eq(lstat(at(".incoming/new/x.zip"), &about), 0);
    ck_assert_int_eq(lstat(at(".incoming/slow/x.zip"), &about), 0);
    ck_assert_int_eq(lstat(at("whole/x"), &about), 0);
    ck_assert_int_eq(stat("/tmp", &about), 0);
    remove_here();
}
END_TEST

/* --- URLs ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(urls)
{
    static const char *const wrong[] = {
        "ftp://user:secret@host/x", "/tmp/secret", "file:/tmp", "file://host/secret", "file://",
        "file:///a%00secret",       "secret"};
    char url[256], text[1024];

    open_here();
    ticker_storage_free(storage);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(try_open(wrong[i]), TICKER_FATAL);
        ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
        (void)ticker_error_format(&error, text, sizeof(text));
        ck_assert_ptr_null(strstr(text, "secret"));
        ck_assert_ptr_null(storage);
    }
    (void)snprintf(url, sizeof(url), "file://localhost%s/with%%20blank//", folder);
    ck_assert_int_eq(try_open(url), TICKER_OK);
    (void)snprintf(url, sizeof(url), "file://%s/with%%20blank", folder);
    ck_assert_str_eq(ticker_storage_url(storage), url);
    ck_assert_str_eq(ticker_storage_backend(storage), "file");
    ticker_storage_free(storage);
    (void)snprintf(text, sizeof(text), "%s/with blank", folder);
    ck_assert_int_eq(rmdir(text), 0);
    (void)snprintf(url, sizeof(url), "file:///dev/null/x");
    ck_assert_int_eq(try_open(url), TICKER_RETRY);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_SERVICE);
    ck_assert_str_ne(ticker_error_hint(&error), "");
    remove_here();
}
END_TEST

START_TEST(the_default)
{
    char url[256], data[128];

    open_here();
    ticker_storage_free(storage);
    ck_assert_int_eq(setenv("HOME", folder, 1), 0);
    ck_assert_int_eq(setenv("XDG_DATA_HOME", "relative/is/ignored", 1), 0);
    ck_assert_int_eq(try_open(NULL), TICKER_OK);
    (void)snprintf(url, sizeof(url), "file://%s/.local/share/ticker/uploads", folder);
    ck_assert_str_eq(ticker_storage_url(storage), url);
    ticker_storage_free(storage);
    (void)snprintf(data, sizeof(data), "%s/data", folder);
    ck_assert_int_eq(setenv("XDG_DATA_HOME", data, 1), 0);
    ck_assert_int_eq(try_open(NULL), TICKER_OK);
    (void)snprintf(url, sizeof(url), "file://%s/data/ticker/uploads", folder);
    ck_assert_str_eq(ticker_storage_url(storage), url);
    ticker_storage_free(storage);
    ck_assert_int_eq(unsetenv("XDG_DATA_HOME"), 0);
    ck_assert_int_eq(unsetenv("HOME"), 0);
    ck_assert_int_eq(try_open(NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_error_get_kind(&error), TICKER_ERROR_USAGE);
    remove_here();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_stands_in_it,
                                  misuse,
                                  a_disk_that_fails,
                                  a_folder_that_is_gone,
                                  links_are_not_followed,
                                  only_files_are_read,
                                  deeper_keys,
                                  leftovers,
                                  urls,
                                  the_default};

    return run_tests("directory", tests, COUNT(tests));
}
