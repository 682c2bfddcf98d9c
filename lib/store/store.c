/* Which backend a URL means, and the public calls that any backend answers. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/options.h"
#include "store/store.h"

#define PATH_BYTES_MAX 4096
#define SQL_MAX ((size_t)256 << 10)
#define SQLITE_SCHEME "sqlite:"

/* --- Where the SQLite file is -------------------------------------------------------------------------------------------------- */

/* Makes the folders that a file is to stand in; those that are there stay as they are. */
static ticker_status make_folders(const char *path, ticker_error *error)
{
    char *copy = strdup(path);
    ticker_status status = TICKER_OK;

    if (copy == NULL)
        return ti_fail_memory(error);
    for (char *slash = strchr(copy + 1, '/'); slash != NULL && status == TICKER_OK; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST && errno != EISDIR) {
            status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the folder %s cannot be made: %s", copy,
                             strerror(errno));
            ti_error_hint(error, "name a file in a folder that this user may write to in DATABASE_URL");
        }
        *slash = '/';
    }
    free(copy);
    return status;
}

/* $XDG_DATA_HOME/ticker/ticker.db, by the rules of the XDG base directories. */
static ticker_status default_path(ti_buffer *path, ticker_error *error)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    bool written;

    if (data != NULL && data[0] == '/') {
        written = ti_buffer_printf(path, "%s/ticker/ticker.db", data);
    } else if (home != NULL && home[0] == '/') {
        written = ti_buffer_printf(path, "%s/.local/share/ticker/ticker.db", home);
    } else {
        ticker_status status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                                       "there is no home folder for the database");
        ti_error_hint(error, "set DATABASE_URL to sqlite:PATH or postgres://…");
        return status;
    }
    if (!written || ti_buffer_string(path) == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the path of the home folder is too long");
    return TICKER_OK;
}

static ticker_status open_sqlite(const char *path, ticker_store **store, ticker_error *error)
{
    ticker_status status;

    if (path[0] == '\0') {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the database URL names no file");
        ti_error_hint(error, "write sqlite:PATH");
        return status;
    }
    status = make_folders(path, error);
    return status == TICKER_OK ? ti_sqlite_open(path, store, error) : status;
}

static ticker_status open_default(ticker_store **store, ticker_error *error)
{
    ticker_status status;
    ti_buffer path;

    ti_buffer_init(&path, PATH_BYTES_MAX);
    status = default_path(&path, error);
    if (status == TICKER_OK)
        status = open_sqlite(path.data, store, error);
    ti_buffer_free(&path);
    return status;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static ticker_status open_postgres(const char *url, ticker_store **store, ticker_error *error)
{
#ifdef TI_WITH_POSTGRESQL
    return ti_postgres_open(url, store, error);
#else
    (void)url;
    (void)store;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "this build of the library has no PostgreSQL");
#endif
}

/* The URL is not repeated: it may hold a password. */
static ticker_status fail_url(ticker_error *error)
{
    ticker_status status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the database URL is of no known kind");

    ti_error_hint(error, "write sqlite:PATH or postgres://user@host/database");
    return status;
}

ticker_status ticker_store_open(const ticker_options *options, ticker_store **store, ticker_error *error)
{
    const char *url = ti_option_text(options, TI_OPTION_DATABASE_URL);

    if (url[0] == '\0')
        return open_default(store, error);
    if (begins(url, SQLITE_SCHEME))
        return open_sqlite(url + strlen(SQLITE_SCHEME), store, error);
    if (begins(url, "postgres://") || begins(url, "postgresql://"))
        return open_postgres(url, store, error);
    return fail_url(error);
}

void ticker_store_free(ticker_store *store)
{
    if (store != NULL)
        store->ops->close(store);
}

/* --- Calls that go on to the backend ------------------------------------------------------------------------------------------- */

ticker_status ticker_store_migrate(ticker_store *store, ticker_error *error)
{
    return store->ops->migrate(store, error);
}

ticker_status ticker_store_version(ticker_store *store, int *found, int *wanted, ticker_error *error)
{
    int version = 0;
    ticker_status status = store->ops->version(store, &version, error);

    if (status != TICKER_OK)
        return status;
    if (found != NULL)
        *found = version;
    if (wanted != NULL)
        *wanted = TI_SCHEMA_VERSION;
    return TICKER_OK;
}

ticker_status ticker_store_distribute(ticker_store *store, ticker_error *error)
{
    ticker_status status;

    if (store->ops->distribute == NULL) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "%s does not distribute tables",
                      strcmp(store->ops->name, "sqlite") == 0 ? "SQLite" : store->ops->name);
        ti_error_hint(error, "name a PostgreSQL server with Citus in DATABASE_URL");
        return TICKER_FATAL;
    }
    status = store->ops->migrate(store, error);
    return status == TICKER_OK ? store->ops->distribute(store, error) : status;
}

const char *ticker_store_backend(const ticker_store *store)
{
    return store->ops->name;
}

/* --- SQL ----------------------------------------------------------------------------------------------------------------------- */

char *ti_store_expand(const char *sql, const char *(*resolve)(ti_slice name))
{
    ti_buffer out;
    const char *open;

    ti_buffer_init(&out, SQL_MAX);
    while ((open = strchr(sql, '{')) != NULL) {
        const char *close = strchr(open, '}');
        const char *found = close != NULL ? resolve((ti_slice){open + 1, (size_t)(close - open - 1)}) : NULL;

        if (found == NULL) {
            ti_buffer_free(&out);
            return NULL;
        }
        (void)ti_buffer_append(&out, sql, (size_t)(open - sql));
        (void)ti_buffer_text(&out, found);
        sql = close + 1;
    }
    (void)ti_buffer_text(&out, sql);
    if (ti_buffer_string(&out) == NULL) {
        ti_buffer_free(&out);
        return NULL;
    }
    return out.data; /* the buffer's memory goes to the caller */
}
