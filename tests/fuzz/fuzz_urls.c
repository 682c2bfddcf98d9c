/* URLs of databases and storages, and the names of uploads. The first byte says which: 'p' what stands before and behind the password
 * of a PostgreSQL URL, a line each; 'd' a database URL; 's' the place of a storage in S3; 'k' the name of an upload. No message holds a
 * password, a storage that is taken says of itself what it was given, and a key never leads out of its folder. Nothing is connected to or
 * made: what would do so is wrapped (see tests/Makefile.inc). */
#include <config.h>

#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include <tickerimport.h>

#include "base/utf8.h"
#include "storage/storage.h"

#ifdef TI_WITH_POSTGRESQL
#include <libpq-fe.h>
#endif
#ifdef TI_WITH_SQLITE
#include <sqlite3.h>
#endif

#define TEXT_MAX 4000
#define PASSWORD "S3cr3tPw"

/* --- What would touch the world ------------------------------------------------------------------------------------------------- */

int __wrap_mkdir(const char *path, unsigned mode);

int __wrap_mkdir(const char *path, unsigned mode)
{
    CHECK(path[0] != '\0');
    (void)mode;
    errno = EEXIST;
    return -1;
}

#ifdef TI_WITH_SQLITE
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs);

int __wrap_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs)
{
    CHECK(path[0] != '\0' && (flags & SQLITE_OPEN_URI) == 0);
    (void)vfs;
    *db = NULL;
    return SQLITE_CANTOPEN;
}
#endif

#ifdef TI_WITH_POSTGRESQL
PGconn *__real_PQconnectStartParams(const char *const *names, const char *const *values, int expand);
PGconn *__wrap_PQconnectStartParams(const char *const *names, const char *const *values, int expand);

/* The URL is read by libpq itself; the address it is sent to is one where nobody listens. */
PGconn *__wrap_PQconnectStartParams(const char *const *names, const char *const *values, int expand)
{
    const char *own_names[16], *own_values[16];
    size_t count = 0;

    for (; names[count] != NULL && count < 12; count++) {
        own_names[count] = names[count];
        own_values[count] = values[count];
    }
    own_names[count] = "hostaddr";
    own_values[count++] = "no address";
    own_names[count] = own_values[count] = NULL;
    return __real_PQconnectStartParams(own_names, own_values, expand);
}
#endif

/* --- Databases ------------------------------------------------------------------------------------------------------------------ */

static void check_message(const ticker_error *error)
{
    const char *message = ticker_error_message(error);

    CHECK(message[0] != '\0' && strchr(message, '\n') == NULL);
    for (ti_slice left = ti_slice_of(message); left.size > 0;) {
        size_t length = ti_utf8_length(left);

        CHECK(length > 0);
        left = (ti_slice){left.data + length, left.size - length};
    }
}

static void open_database(const char *url, bool secret)
{
    ticker_options *options = ticker_options_new();
    ticker_error *error = ticker_error_new();
    ticker_store *store = NULL;
    char text[4096];

    CHECK(options != NULL && error != NULL);
    CHECK(ticker_options_set(options, "database-url", url, NULL) == TICKER_OK);
    if (url[0] != '\0') { /* the default is in a folder of the user's */
        CHECK(ticker_store_open(options, &store, error) < TICKER_OK && store == NULL);
        check_message(error);
        (void)ticker_error_format(error, text, sizeof(text));
        CHECK(!secret || strstr(text, PASSWORD) == NULL);
    }
    ticker_error_free(error);
    ticker_options_free(options);
}

/* What somebody who has a password writes: a user before it and an @ behind it, whatever else is wrong. */
static void open_with_password(char *text)
{
    char url[2 * TEXT_MAX + 64], *rest = strchr(text, '\n');

    if (rest == NULL)
        return;
    *rest++ = '\0';
    if (strpbrk(text, "/?@#:[") != NULL || strchr(rest, '@') == NULL || strstr(text, "S3c") || strstr(rest, "S3c"))
        return;
    (void)snprintf(url, sizeof(url), "postgres://%s:" PASSWORD "%s", text, rest);
    open_database(url, true);
}

/* --- Storages ------------------------------------------------------------------------------------------------------------------- */

static void open_storage(const char *place)
{
    static char client[16]; /* never looked into: opening asks for nothing */
    ticker_options *options = ticker_options_new();
    ticker_error *error = ticker_error_new();
    ticker_storage *storage = NULL, *again = NULL;
    char url[TEXT_MAX + 64];

    CHECK(options != NULL && error != NULL);
    (void)snprintf(url, sizeof(url), "s3://%s", place);
    CHECK(ticker_options_set(options, "storage-url", url, NULL) == TICKER_OK);
    if (ticker_storage_open(options, (ticker_aws *)(void *)client, &storage, error) == TICKER_OK) {
        const char *said = ticker_storage_url(storage);

        CHECK(strncmp(said, url, strlen(said)) == 0 && strspn(url + strlen(said), "/") == strlen(url + strlen(said)));
        CHECK(ticker_options_set(options, "storage-url", said, NULL) == TICKER_OK);
        CHECK(ticker_storage_open(options, (ticker_aws *)(void *)client, &again, error) == TICKER_OK);
        CHECK(strcmp(ticker_storage_url(again), said) == 0);
    } else {
        CHECK(storage == NULL && ticker_error_get_kind(error) == TICKER_ERROR_USAGE);
        check_message(error);
    }
    ticker_storage_free(again);
    ticker_storage_free(storage);
    ticker_error_free(error);
    ticker_options_free(options);
}

static void clean_name(const char *name)
{
    char clean[TICKER_STORED_NAME_MAX + 1], again[TICKER_STORED_NAME_MAX + 1];

    ti_clean_name(name, clean);
    CHECK(clean[0] != '\0' && clean[0] != '.' && strpbrk(clean, "/\\\n\r\t") == NULL);
    CHECK(ti_key_stays(clean, true));
    for (ti_slice left = ti_slice_of(clean); left.size > 0;) {
        size_t length = ti_utf8_length(left);

        CHECK(length > 0);
        left = (ti_slice){left.data + length, left.size - length};
    }
    ti_clean_name(clean, again);
    CHECK(strcmp(clean, again) == 0);
    if (ti_key_stays(name, true)) /* it says nothing of ways up, nor from the root */
        CHECK(name[0] != '/' && strstr(name, "//") == NULL && strstr(name, "..") != name &&
              strstr(name, "/..") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < 1 || size > TEXT_MAX)
        return 0;
    text = text_behind_first(data, size);
    if (data[0] == 'p')
        open_with_password(text);
    else if (data[0] == 'd')
        open_database(text, false);
    else if (data[0] == 's')
        open_storage(text);
    else
        clean_name(text);
    free(text);
    return 0;
}
