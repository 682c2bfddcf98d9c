#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* dladdr() */
#endif
#include <config.h>

#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* gcc has macros for the sanitizers, whose allocators cannot be replaced, clang has features. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED 0
#endif

#if defined(__GLIBC__) && !SANITIZED
#define OWN_ALLOCATOR 1
#else
#define OWN_ALLOCATOR 0
#endif

const char *const fault_names[FAULT_COUNT] = {[FAULT_NONE] = "nothing",
                                              [FAULT_MEMORY] = "memory",
                                              [FAULT_OTHERS] = "memory of others",
                                              [FAULT_READ] = "reads",
                                              [FAULT_WRITE] = "writes",
                                              [FAULT_SQL] = "SQL",
                                              [FAULT_DISK] = "disk",
                                              [FAULT_SERVER] = "server",
                                              [FAULT_REFUSAL] = "refusals",
                                              [FAULT_NETWORK] = "network",
                                              [FAULT_ARCHIVE] = "memory of libarchive"};

static _Atomic fault armed;
static _Atomic unsigned long calls, fail_at;
static _Atomic bool last;
static _Atomic long live;
static _Thread_local bool inside; /* an allocation of the library goes on to that of libc: it counts once */

void faults_begin(fault kind, unsigned long at, bool lasting)
{
    calls = 0;
    fail_at = at;
    last = lasting;
    armed = kind;
}

unsigned long faults_end(void)
{
    armed = FAULT_NONE;
    return calls;
}

bool fault_possible(fault kind)
{
    return (kind != FAULT_OTHERS && kind != FAULT_ARCHIVE) || OWN_ALLOCATOR;
}

/* For a breakpoint. */
static void __attribute__((noinline)) strike(void)
{
    __asm__ volatile("" ::: "memory");
}

static bool due(fault kind)
{
    unsigned long call, at;

    if (armed != kind)
        return false;
    call = ++calls;
    at = fail_at;
    if (at == 0 || (call != at && !(last && call > at)))
        return false;
    strike();
    return true;
}

long live_allocations(void)
{
    return live;
}

/* --- Memory --------------------------------------------------------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

#define ALLOCATE(type, call)                                                                                           \
    do {                                                                                                               \
        type made_;                                                                                                    \
        if (due(FAULT_MEMORY)) {                                                                                       \
            errno = ENOMEM;                                                                                            \
            return NULL;                                                                                               \
        }                                                                                                              \
        inside = true;                                                                                                 \
        made_ = call;                                                                                                  \
        inside = false;                                                                                                \
        return made_;                                                                                                  \
    } while (0)

void *__wrap_malloc(size_t size)
{
    ALLOCATE(void *, __real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    ALLOCATE(void *, __real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    ALLOCATE(void *, __real_realloc(memory, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    ALLOCATE(void *, __real_aligned_alloc(alignment, size));
}

char *__wrap_strdup(const char *text)
{
    ALLOCATE(char *, __real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t size)
{
    ALLOCATE(char *, __real_strndup(text, size));
}

#if OWN_ALLOCATOR
#define SEEN __attribute__((visibility("default"))) /* by the libraries */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);
void *memalign(size_t alignment, size_t size);

static bool is_archive(const void *caller)
{
    Dl_info where;

    return dladdr(caller, &where) != 0 && where.dli_fname != NULL && strstr(where.dli_fname, "libarchive") != NULL;
}

/* libarchive ends the program when there is no memory for a text, which is all that it makes larger. */
static bool refused(const void *caller, bool larger)
{
    fault kind = armed;
    bool archive;

    if (inside || (kind != FAULT_OTHERS && kind != FAULT_ARCHIVE))
        return false;
    archive = (larger || kind == FAULT_ARCHIVE) && is_archive(caller);
    if ((kind == FAULT_ARCHIVE ? larger || !archive : archive) || !due(kind))
        return false;
    errno = ENOMEM;
    return true;
}

#define CALLER __builtin_return_address(0)

SEEN void *malloc(size_t size)
{
    void *made = refused(CALLER, false) ? NULL : __libc_malloc(size);

    live += made != NULL;
    return made;
}

SEEN void *calloc(size_t count, size_t size)
{
    void *made = refused(CALLER, false) ? NULL : __libc_calloc(count, size);

    live += made != NULL;
    return made;
}

SEEN void *realloc(void *memory, size_t size)
{
    void *made = refused(CALLER, true) ? NULL : __libc_realloc(memory, size);

    live += memory == NULL && made != NULL;
    live -= memory != NULL && made == NULL && size == 0;
    return made;
}

SEEN void *memalign(size_t alignment, size_t size)
{
    void *made = refused(CALLER, false) ? NULL : __libc_memalign(alignment, size);

    live += made != NULL;
    return made;
}

SEEN void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

SEEN int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *made = memalign(alignment, size);

    if (made == NULL)
        return ENOMEM;
    *memory = made;
    return 0;
}

SEEN void free(void *memory)
{
    live -= memory != NULL;
    __libc_free(memory);
}
#endif

/* --- Files ---------------------------------------------------------------------------------------------------------------------- */

#define FAIL(kind, code, result)                                                                                       \
    do {                                                                                                               \
        if (due(kind)) {                                                                                               \
            errno = (code);                                                                                            \
            return result;                                                                                             \
        }                                                                                                              \
    } while (0)

/* With large files libc's names end in 64; the types are the same where it is run. */
#define WRAP(kind, code, type, failed, name, parameters, arguments)                                                    \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        FAIL(kind, code, failed);                                                                                      \
        return __real_##name arguments;                                                                                \
    }

WRAP(FAULT_READ, EIO, ssize_t, -1, read, (int file, void *buffer, size_t size), (file, buffer, size))
WRAP(FAULT_READ, EIO, ssize_t, -1, pread, (int file, void *buffer, size_t size, off_t at), (file, buffer, size, at))
WRAP(FAULT_READ, EIO, ssize_t, -1, pread64, (int file, void *buffer, size_t size, off_t at), (file, buffer, size, at))
WRAP(FAULT_READ, EIO, int, -1, fstat, (int file, struct stat *status), (file, status))
WRAP(FAULT_READ, EIO, int, -1, fstat64, (int file, struct stat *status), (file, status))
WRAP(FAULT_WRITE, ENOSPC, ssize_t, -1, write, (int file, const void *buffer, size_t size), (file, buffer, size))
WRAP(FAULT_WRITE, EIO, int, -1, fsync, (int file), (file))
WRAP(FAULT_WRITE, ENOSPC, int, -1, renameat, (int from, const char *a, int to, const char *b), (from, a, to, b))
WRAP(FAULT_WRITE, ENOSPC, FILE *, NULL, tmpfile, (void), ())
WRAP(FAULT_WRITE, ENOSPC, FILE *, NULL, tmpfile64, (void), ())
WRAP(FAULT_WRITE, ENOSPC, size_t, 0, fwrite, (const void *from, size_t size, size_t count, FILE *to),
     (from, size, count, to))
WRAP(FAULT_WRITE, ENOSPC, int, EOF, fflush, (FILE * file), (file))

/* --- SQLite --------------------------------------------------------------------------------------------------------------------- */

#ifdef TI_WITH_SQLITE
#include <sqlite3.h>

/* Another one each time, so that each call meets several of them where all are tried. */
static int sql_code(void)
{
    static const int codes[] = {SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_NOMEM, SQLITE_BUSY};

    return codes[fail_at % (sizeof(codes) / sizeof(codes[0]))];
}

#define WRAP_SQL(name, parameters, arguments)                                                                          \
    int __real_##name parameters;                                                                                      \
    int __wrap_##name parameters;                                                                                      \
    int __wrap_##name parameters                                                                                       \
    {                                                                                                                  \
        return due(FAULT_SQL) ? sql_code() : __real_##name arguments;                                                  \
    }

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

/* A ROLLBACK that is prepared does not fail. */
int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    const char *sql = sqlite3_sql(statement);

    if (sql != NULL && strcmp(sql, "ROLLBACK") == 0)
        return __real_sqlite3_step(statement);
    return due(FAULT_SQL) ? sql_code() : __real_sqlite3_step(statement);
}

WRAP_SQL(sqlite3_exec, (sqlite3 * db, const char *sql, sqlite3_callback callback, void *payload, char **message),
         (db, sql, callback, payload, message))
WRAP_SQL(sqlite3_bind_int64, (sqlite3_stmt * statement, int at, sqlite3_int64 value), (statement, at, value))
WRAP_SQL(sqlite3_bind_null, (sqlite3_stmt * statement, int at), (statement, at))
WRAP_SQL(sqlite3_bind_text64,
         (sqlite3_stmt * statement, int at, const char *text, sqlite3_uint64 size, void (*end)(void *),
          unsigned char encoding),
         (statement, at, text, size, end, encoding))

int __real_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags, sqlite3_stmt **made,
                              const char **rest);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags, sqlite3_stmt **made,
                              const char **rest);

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags, sqlite3_stmt **made,
                              const char **rest)
{
    *made = NULL;
    return due(FAULT_SQL) ? sql_code() : __real_sqlite3_prepare_v3(db, sql, size, flags, made, rest);
}

/* A file system that stands before the real one. Files are the real one's with its methods behind ours. */
typedef struct watched_file {
    sqlite3_file base;
    sqlite3_file *real;
} watched_file;

static sqlite3_vfs *below;

#define REAL(file) (((watched_file *)(file))->real)
#define WATCH(name, parameters, code, arguments)                                                                       \
    static int watched_##name parameters                                                                               \
    {                                                                                                                  \
        return due(FAULT_DISK) ? (code) : REAL(file)->pMethods->name arguments;                                        \
    }
#define PASS(name, parameters, arguments)                                                                              \
    static int watched_##name parameters                                                                               \
    {                                                                                                                  \
        return REAL(file)->pMethods->name arguments;                                                                   \
    }

static int watched_xClose(sqlite3_file *file)
{
    return REAL(file)->pMethods != NULL ? REAL(file)->pMethods->xClose(REAL(file)) : SQLITE_OK;
}

WATCH(xRead, (sqlite3_file * file, void *buffer, int size, sqlite3_int64 at), SQLITE_IOERR_READ,
      (REAL(file), buffer, size, at))
WATCH(xWrite, (sqlite3_file * file, const void *buffer, int size, sqlite3_int64 at),
      fail_at % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE, (REAL(file), buffer, size, at))
WATCH(xTruncate, (sqlite3_file * file, sqlite3_int64 size), SQLITE_IOERR_TRUNCATE, (REAL(file), size))
WATCH(xSync, (sqlite3_file * file, int flags), SQLITE_IOERR_FSYNC, (REAL(file), flags))
WATCH(xFileSize, (sqlite3_file * file, sqlite3_int64 *size), SQLITE_IOERR_FSTAT, (REAL(file), size))
WATCH(xLock, (sqlite3_file * file, int lock), SQLITE_IOERR_LOCK, (REAL(file), lock))
PASS(xUnlock, (sqlite3_file * file, int lock), (REAL(file), lock))
PASS(xCheckReservedLock, (sqlite3_file * file, int *taken), (REAL(file), taken))
PASS(xFileControl, (sqlite3_file * file, int what, void *with), (REAL(file), what, with))
PASS(xSectorSize, (sqlite3_file * file), (REAL(file)))
PASS(xDeviceCharacteristics, (sqlite3_file * file), (REAL(file)))
WATCH(xShmMap, (sqlite3_file * file, int page, int size, int extend, void volatile **at), SQLITE_IOERR_SHMMAP,
      (REAL(file), page, size, extend, at))
PASS(xShmUnmap, (sqlite3_file * file, int remove), (REAL(file), remove))

/* To give a lock back does not fail; where it did, nobody could get it again. */
static int watched_xShmLock(sqlite3_file *file, int offset, int count, int flags)
{
    if ((flags & SQLITE_SHM_UNLOCK) == 0 && due(FAULT_DISK))
        return SQLITE_IOERR_SHMLOCK;
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}

static void watched_xShmBarrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static const sqlite3_io_methods watched_methods = {
    .iVersion = 2,
    .xClose = watched_xClose,
    .xRead = watched_xRead,
    .xWrite = watched_xWrite,
    .xTruncate = watched_xTruncate,
    .xSync = watched_xSync,
    .xFileSize = watched_xFileSize,
    .xLock = watched_xLock,
    .xUnlock = watched_xUnlock,
    .xCheckReservedLock = watched_xCheckReservedLock,
    .xFileControl = watched_xFileControl,
    .xSectorSize = watched_xSectorSize,
    .xDeviceCharacteristics = watched_xDeviceCharacteristics,
    .xShmMap = watched_xShmMap,
    .xShmLock = watched_xShmLock,
    .xShmBarrier = watched_xShmBarrier,
    .xShmUnmap = watched_xShmUnmap,
};

static int watched_xOpen(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *found)
{
    watched_file *made = (watched_file *)file;
    int code;

    (void)vfs;
    made->base.pMethods = NULL;
    made->real = (sqlite3_file *)(made + 1);
    if (due(FAULT_DISK))
        return SQLITE_CANTOPEN;
    code = below->xOpen(below, path, made->real, flags, found);
    if (made->real->pMethods != NULL)
        made->base.pMethods = &watched_methods;
    return code;
}

static int watched_xDelete(sqlite3_vfs *vfs, const char *path, int sync)
{
    (void)vfs;
    return due(FAULT_DISK) ? SQLITE_IOERR_DELETE : below->xDelete(below, path, sync);
}

static int watched_xAccess(sqlite3_vfs *vfs, const char *path, int flags, int *answer)
{
    (void)vfs;
    return due(FAULT_DISK) ? SQLITE_IOERR_ACCESS : below->xAccess(below, path, flags, answer);
}

void faults_watch_disk(void)
{
    static sqlite3_vfs watched;

    below = sqlite3_vfs_find(NULL);
    watched = *below;
    watched.zName = "watched";
    watched.szOsFile = (int)sizeof(watched_file) + below->szOsFile;
    watched.xOpen = watched_xOpen;
    watched.xDelete = watched_xDelete;
    watched.xAccess = watched_xAccess;
    (void)sqlite3_vfs_register(&watched, 1);
}
#else
void faults_watch_disk(void)
{
}
#endif

/* --- PostgreSQL ----------------------------------------------------------------------------------------------------------------- */

#ifdef TI_WITH_POSTGRESQL
#include <libpq-fe.h>

static void cut(const PGconn *conn)
{
    if (due(FAULT_SERVER) && PQsocket(conn) >= 0)
        (void)shutdown(PQsocket(conn), SHUT_RDWR);
}

/* What libpq sends and receives comes through here, instead of libc's functions. Nothing else that is tortured has sockets. */
#define INSTEAD_OF(name) __asm__(name) __attribute__((visibility("default")))

ssize_t lossy_send(int socket, const void *bytes, size_t size, int flags) INSTEAD_OF("send");
ssize_t lossy_receive(int socket, void *bytes, size_t size, int flags) INSTEAD_OF("recv");

ssize_t lossy_send(int socket, const void *bytes, size_t size, int flags)
{
    if (due(FAULT_NETWORK)) {
        (void)shutdown(socket, SHUT_RDWR);
        errno = ECONNRESET;
        return -1;
    }
    return sendto(socket, bytes, size, flags, NULL, 0);
}

ssize_t lossy_receive(int socket, void *bytes, size_t size, int flags)
{
    if (due(FAULT_NETWORK)) {
        (void)shutdown(socket, SHUT_RDWR);
        errno = ECONNRESET;
        return -1;
    }
    return recvfrom(socket, bytes, size, flags, NULL, NULL);
}

/* A statement that the server refuses, for another reason each time, instead of `sql`; NULL: it is the turn of `sql`. */
static const char *refusal(const char *sql)
{
    static const char *const refused[] = {
        "DO $$BEGIN RAISE 'torture' USING ERRCODE = '53100'; END$$",
        "DO $$BEGIN RAISE 'torture' USING ERRCODE = '40P01'; END$$",
        "DO $$BEGIN RAISE 'torture' USING ERRCODE = '57014'; END$$",
        "DO $$BEGIN RAISE 'torture' USING ERRCODE = '55P03'; END$$",
    };

    if (strcmp(sql, "ROLLBACK") == 0 || !due(FAULT_REFUSAL)) /* to roll back does not fail */
        return NULL;
    return refused[fail_at % (sizeof(refused) / sizeof(refused[0]))];
}

#define DECLARE_PQ(type, name, parameters)                                                                             \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;
#define WRAP_PQ(type, name, parameters, arguments)                                                                     \
    DECLARE_PQ(type, name, parameters)                                                                                 \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        cut(conn);                                                                                                     \
        return __real_##name arguments;                                                                                \
    }
#define WRAP_STATEMENT(type, name, sql, refuse, parameters, arguments)                                                 \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        const char *no = refusal(sql);                                                                                 \
                                                                                                                       \
        cut(conn);                                                                                                     \
        return no != NULL ? (refuse) : __real_##name arguments;                                                        \
    }

#define TYPED (PGconn * conn, const char *name, const char *sql, int count, const Oid *types)
#define WITH_VALUES                                                                                                    \
    (PGconn * conn, const char *sql, int count, const Oid *types, const char *const *values, const int *sizes,         \
     const int *formats, int format)
#define PREPARED                                                                                                       \
    (PGconn * conn, const char *name, int count, const char *const *values, const int *sizes, const int *formats,      \
     int format)
#define REFUSED_NOW __real_PQexec(conn, no)
#define REFUSED_LATER __real_PQsendQueryParams(conn, no, 0, NULL, NULL, NULL, NULL, 0)

DECLARE_PQ(PGresult *, PQexec, (PGconn * conn, const char *sql))
DECLARE_PQ(PGresult *, PQprepare, TYPED)
DECLARE_PQ(PGresult *, PQexecParams, WITH_VALUES)
DECLARE_PQ(int, PQsendQuery, (PGconn * conn, const char *sql))
DECLARE_PQ(int, PQsendQueryParams, WITH_VALUES)
DECLARE_PQ(int, PQsendQueryPrepared, PREPARED)
DECLARE_PQ(int, PQsendPrepare, TYPED)
DECLARE_PQ(int, PQputCopyData, (PGconn * conn, const char *data, int size))
DECLARE_PQ(int, PQputCopyEnd, (PGconn * conn, const char *why))

WRAP_STATEMENT(PGresult *, PQexec, sql, REFUSED_NOW, (PGconn * conn, const char *sql), (conn, sql))
WRAP_STATEMENT(PGresult *, PQprepare, sql, REFUSED_NOW, TYPED, (conn, name, sql, count, types))
WRAP_STATEMENT(PGresult *, PQexecParams, sql, REFUSED_NOW, WITH_VALUES,
               (conn, sql, count, types, values, sizes, formats, format))
WRAP_STATEMENT(int, PQsendQuery, sql, REFUSED_LATER, (PGconn * conn, const char *sql), (conn, sql))
WRAP_STATEMENT(int, PQsendQueryParams, sql, REFUSED_LATER, WITH_VALUES,
               (conn, sql, count, types, values, sizes, formats, format))
WRAP_STATEMENT(int, PQsendQueryPrepared, name, REFUSED_LATER, PREPARED,
               (conn, name, count, values, sizes, formats, format))
WRAP_STATEMENT(int, PQsendPrepare, sql, REFUSED_LATER, TYPED, (conn, name, sql, count, types))
WRAP_STATEMENT(int, PQputCopyData, "", __real_PQputCopyEnd(conn, "torture"),
               (PGconn * conn, const char *data, int size), (conn, data, size))
WRAP_STATEMENT(int, PQputCopyEnd, "", __real_PQputCopyEnd(conn, "torture"), (PGconn * conn, const char *why),
               (conn, why))
WRAP_PQ(PGresult *, PQgetResult, (PGconn * conn), (conn))
WRAP_PQ(int, PQconsumeInput, (PGconn * conn), (conn))
WRAP_PQ(int, PQflush, (PGconn * conn), (conn))
WRAP_PQ(int, PQpipelineSync, (PGconn * conn), (conn))
WRAP_PQ(PostgresPollingStatusType, PQconnectPoll, (PGconn * conn), (conn))
#endif
