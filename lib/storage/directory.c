/* A storage in a directory: "file:///directory".
 *
 *   .incoming/<key's first part>/<name>   an upload that is not whole yet
 *   <key's first part>/<name>             one that is
 *
 * The folder of an upload is moved as a whole, so that nobody ever sees it half. Every path is walked part by part from the storage's own
 * folder on, and no link is followed: a key cannot leave the storage, whatever stands in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/encode.h"
#include "base/error.h"
#include "input/source.h"
#include "storage/behind.h"
#include "storage/storage.h"

#define BUCKET "file"
#define INCOMING ".incoming"
#define URL_BYTES_MAX 16384
#define LEFTOVER_SECONDS (24 * 60 * 60)
#define LEFTOVERS_MAX 10000 /* entries looked at each time a storage is opened */
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

typedef struct directory {
    ticker_storage base;
    char *path;
} directory;

static directory *directory_of(ticker_storage *storage)
{
    return (directory *)storage;
}

/* --- Failures ------------------------------------------------------------------------------------------------------------------ */

/* What the system refused (errno), and what can be done about it. */
static ticker_status fail_system(const directory *in, const char *what, ticker_error *error)
{
    int code = errno;
    ticker_error_kind kind = code == ENOENT || code == ENOTDIR ? TICKER_ERROR_SERVICE : TICKER_ERROR_IO;
    ticker_status status = ti_fail(error, TICKER_RETRY, kind, "%s: %s", what, strerror(code));

    ti_error_file(error, in->base.url);
    if (code == ENOSPC || code == EDQUOT)
        ti_error_hint(error, "the disk is full: make room, or delete uploads that were imported");
    else if (code == EACCES || code == EPERM || code == EROFS)
        ti_error_hint(error, "check that this user may read and write there");
    else if (code == ENOENT || code == ENOTDIR)
        ti_error_hint(error, "check that the folder is still there: is its disk mounted?");
    else if (code == EMFILE || code == ENFILE)
        ti_error_hint(error, "too many files are open: raise the limit (ulimit -n)");
    return status;
}

static ticker_status fail_missing(const directory *in, const char *key, const char *why, ticker_error *error)
{
    bool first = error != NULL && error->status == TICKER_OK;
    ticker_status status = ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the storage has no file \"%s\"%s", key,
                                   why);

    ti_error_file(error, in->base.url);
    if (first)
        error->http_status = 404;
    return status;
}

/* --- Walking ------------------------------------------------------------------------------------------------------------------- */

static int open_root(const directory *in)
{
    return open(in->path, FOLDER_FLAGS);
}

/* Closes what was only looked at or read; errno stays. */
static void close_quietly(int descriptor)
{
    int code = errno;

    if (descriptor >= 0)
        (void)close(descriptor);
    errno = code;
}

/* The folder that a key's last part stands in, and that part. -1: there is none; errno says why. */
static int open_parent(int root, const char *key, const char **last)
{
    int folder = openat(root, ".", FOLDER_FLAGS);

    for (const char *slash; folder >= 0 && (slash = strchr(key, '/')) != NULL; key = slash + 1) {
        char part[NAME_MAX + 1];
        size_t size = (size_t)(slash - key);
        int below = -1;

        if (size <= NAME_MAX) {
            memcpy(part, key, size);
            part[size] = '\0';
            below = openat(folder, part, FOLDER_FLAGS | O_NOFOLLOW);
        } else {
            errno = ENAMETOOLONG;
        }
        close_quietly(folder);
        folder = below;
    }
    *last = key;
    return folder;
}

/* Whether errno says that there is no such file of ours: none, or a link or something else on the way. */
static bool is_missing(void)
{
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG || errno == ENXIO;
}

/* Some file systems cannot sync a folder, and need not. */
static int sync_folder(int folder)
{
    int result = fsync(folder);

    return result != 0 && (errno == EINVAL || errno == ENOTSUP) ? 0 : result;
}

/* --- Storing ------------------------------------------------------------------------------------------------------------------- */

/* An upload under way: descriptors, -1 when not open. */
typedef struct landing {
    const directory *in;
    char folder[2 * TI_KEY_RANDOM_BYTES + 1]; /* the key's first part */
    const char *name;                         /* its second part */
    int root, incoming, here, file;
    bool moved;
} landing;

static ticker_status open_landing(landing *at, ticker_error *error)
{
    at->root = open_root(at->in);
    if (at->root < 0)
        return fail_system(at->in, "the storage's folder cannot be opened", error);
    if (mkdirat(at->root, INCOMING, 0777) == 0 || errno == EEXIST)
        at->incoming = openat(at->root, INCOMING, FOLDER_FLAGS | O_NOFOLLOW);
    if (at->incoming >= 0 && mkdirat(at->incoming, at->folder, 0777) == 0)
        at->here = openat(at->incoming, at->folder, FOLDER_FLAGS | O_NOFOLLOW);
    if (at->here >= 0)
        at->file = openat(at->here, at->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return at->file >= 0 ? TICKER_OK : fail_system(at->in, "the upload's file cannot be made", error);
}

/* Whole blocks, in whatever pieces the bytes come. TICKER_DONE: *got is 0. */
static ticker_status fill_block(ti_upload *upload, char *block, size_t *got, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    size_t piece;

    for (*got = 0; *got < TI_BEHIND_BLOCK_BYTES && status == TICKER_OK; *got += piece) {
        piece = 0;
        status = ti_upload_read(upload, block + *got, TI_BEHIND_BLOCK_BYTES - *got, &piece, error);
    }
    return status == TICKER_DONE && *got > 0 ? TICKER_OK : status;
}

static ticker_status fail_write(const landing *at, ticker_error *error)
{
    if (errno == 0)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "libcrypto refused to hash");
    return fail_system(at->in, "the upload cannot be written", error);
}

static ticker_status write_all(const landing *at, ti_upload *upload, ticker_error *error)
{
    ti_behind *behind = ti_behind_new(at->file, upload->hash);
    ticker_status status = TICKER_OK;
    size_t got = 0;

    if (behind == NULL)
        return ti_fail_memory(error);
    while (status == TICKER_OK) {
        char *block = ti_behind_block(behind);

        status = block != NULL ? fill_block(upload, block, &got, error) : fail_write(at, error);
        if (status == TICKER_OK) {
            ti_behind_put(behind, got);
            status = ti_upload_progress(upload, upload->bytes, error);
        }
    }
    if (status == TICKER_DONE && !ti_behind_wait(behind))
        status = fail_write(at, error);
    ti_behind_free(behind);
    return status == TICKER_DONE ? TICKER_OK : status;
}

/* To the disk first, then into its place, then that too to the disk. */
static ticker_status settle(landing *at, ticker_error *error)
{
    int file = at->file;

    if (fsync(file) != 0)
        return fail_system(at->in, "the upload cannot be written to the disk", error);
    at->file = -1;
    if (close(file) != 0)
        return fail_system(at->in, "the upload cannot be written to the disk", error);
    if (sync_folder(at->here) != 0)
        return fail_system(at->in, "the upload cannot be written to the disk", error);
    if (renameat(at->incoming, at->folder, at->root, at->folder) != 0)
        return fail_system(at->in, "the upload cannot be moved into its place", error);
    at->moved = true;
    if (sync_folder(at->root) != 0)
        return fail_system(at->in, "the storage's folder cannot be written to the disk", error);
    return TICKER_OK;
}

static void end_landing(const landing *at, bool keep)
{
    if (!keep && at->here >= 0)
        (void)unlinkat(at->here, at->name, 0); /* what cannot be removed now is, as a leftover, later */
    if (!keep && at->incoming >= 0)
        (void)unlinkat(at->moved ? at->root : at->incoming, at->folder, AT_REMOVEDIR);
    close_quietly(at->file);
    close_quietly(at->here);
    close_quietly(at->incoming);
    close_quietly(at->root);
}

/* The URL of a key; the caller frees the buffer. NULL: too long, or no memory. */
static const char *write_url(const directory *in, const char *key, ti_buffer *url)
{
    ti_buffer_init(url, URL_BYTES_MAX);
    (void)ti_buffer_printf(url, "%s/", in->base.url);
    (void)ti_buffer_percent(url, ti_slice_of(key), true);
    return ti_buffer_string(url);
}

static ticker_stored *describe(const directory *in, const char *key)
{
    ti_buffer url;
    const char *text = write_url(in, key, &url);
    ticker_stored *stored = text != NULL ? ti_stored_new(key, text, "", "") : NULL;

    ti_buffer_free(&url);
    return stored;
}

static ticker_status put(ticker_storage *storage, const char *key, ti_upload *upload, ticker_stored **stored,
                         ticker_error *error)
{
    landing at = {.in = directory_of(storage), .root = -1, .incoming = -1, .here = -1, .file = -1};
    ticker_stored *made = describe(at.in, key);
    ticker_status status;

    if (made == NULL)
        return ti_fail_memory(error);
    memcpy(at.folder, key, sizeof(at.folder) - 1);
    at.name = key + sizeof(at.folder);
    status = open_landing(&at, error);
    if (status == TICKER_OK)
        status = write_all(&at, upload, error);
    if (status == TICKER_OK)
        status = settle(&at, error);
    end_landing(&at, status == TICKER_OK);
    if (status == TICKER_OK)
        *stored = made;
    else
        ticker_stored_free(made);
    return status;
}

/* --- Reading and deleting ------------------------------------------------------------------------------------------------------ */

/* Never waits: a pipe that somebody put there is refused, not opened. */
static ticker_status open_file(const directory *in, const char *key, int *file, ticker_error *error)
{
    const char *last = key;
    struct stat about;
    int root = open_root(in), folder;

    if (root < 0)
        return fail_system(in, "the storage's folder cannot be opened", error);
    folder = open_parent(root, key, &last);
    *file = folder >= 0 ? openat(folder, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    close_quietly(folder);
    close_quietly(root);
    if (*file < 0 && is_missing())
        return fail_missing(in, key, errno == ELOOP ? " (a link is not followed)" : "", error);
    if (*file < 0)
        return fail_system(in, "a file of the storage cannot be opened", error);
    if (fstat(*file, &about) == 0 && S_ISREG(about.st_mode))
        return TICKER_OK;
    close_quietly(*file);
    return fail_missing(in, key, " (what stands there is no regular file)", error);
}

static ticker_status get(ticker_storage *storage, const char *key, const char *version, ticker_source **source,
                         ticker_error *error)
{
    const directory *in = directory_of(storage);
    ticker_status status;
    const char *text;
    ti_buffer url;
    int file = -1;

    if (version[0] != '\0')
        return fail_missing(in, key, " of a version: a directory keeps no versions", error);
    status = open_file(in, key, &file, error);
    if (status != TICKER_OK)
        return status;
    text = write_url(in, key, &url);
    status = text != NULL ? ti_source_own(file, text, source, error) : ti_fail_memory(error);
    ti_buffer_free(&url);
    if (status != TICKER_OK)
        close_quietly(file);
    return status;
}

/* The folder that an upload had for itself goes with it. */
static void remove_folder(int root, const char *key)
{
    char path[TICKER_KEY_MAX];
    const char *last = NULL;
    char *slash;
    int above;

    (void)snprintf(path, sizeof(path), "%s", key);
    slash = strrchr(path, '/');
    if (slash == NULL)
        return;
    *slash = '\0';
    above = open_parent(root, path, &last);
    if (above >= 0)
        (void)unlinkat(above, last, AT_REMOVEDIR); /* unless something else stands in it */
    close_quietly(above);
}

static ticker_status delete_file(ticker_storage *storage, const char *key, ticker_error *error)
{
    const directory *in = directory_of(storage);
    const char *last = key;
    int root = open_root(in), folder, result = -1;
    ticker_status status = TICKER_OK;

    if (root < 0)
        return fail_system(in, "the storage's folder cannot be opened", error);
    folder = open_parent(root, key, &last);
    if (folder >= 0)
        result = unlinkat(folder, last, 0);
    if (result == 0)
        remove_folder(root, key);
    else if (errno == EISDIR)
        status = fail_missing(in, key, " (what stands there is a folder)", error);
    else if (!is_missing())
        status = fail_system(in, "a file of the storage cannot be deleted", error);
    close_quietly(folder);
    close_quietly(root);
    return status;
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------- */

static bool is_old(const struct stat *about, time_t now)
{
    return about->st_mtime < now - LEFTOVER_SECONDS;
}

/* Calls `visit` for what stands in a folder; takes the descriptor over. */
static void each_entry(int folder, bool (*visit)(int folder, const char *name, time_t now), bool *all)
{
    DIR *entries = folder >= 0 ? fdopendir(folder) : NULL;
    time_t now = time(NULL);

    *all = entries != NULL;
    if (entries == NULL) {
        close_quietly(folder);
        return;
    }
    for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
        const struct dirent *entry = readdir(entries);

        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            *all = visit(dirfd(entries), entry->d_name, now) && *all;
    }
    (void)closedir(entries);
}

/* A file of an upload that nobody has written to for a day. */
static bool remove_file(int folder, const char *name, time_t now)
{
    struct stat about;

    return fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && is_old(&about, now) &&
           unlinkat(folder, name, 0) == 0;
}

/* The folder of an upload that was given up; when it has a file that is still written to, it stays. */
static bool remove_leftover(int incoming, const char *name, time_t now)
{
    struct stat about;
    bool all = false;

    if (fstatat(incoming, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !is_old(&about, now))
        return false;
    if (!S_ISDIR(about.st_mode))
        return unlinkat(incoming, name, 0) == 0;
    each_entry(openat(incoming, name, FOLDER_FLAGS | O_NOFOLLOW), remove_file, &all);
    return all && unlinkat(incoming, name, AT_REMOVEDIR) == 0;
}

/* One that is made goes to the disk in the folder it stands in, or what is stored in it would go with it. */
static bool make_folder(const char *path)
{
    int made, above, synced = 0;

    if (mkdir(path, 0777) != 0)
        return errno == EEXIST || errno == EISDIR || errno == EROFS;
    made = open(path, FOLDER_FLAGS);
    above = made >= 0 ? openat(made, "..", FOLDER_FLAGS) : -1; /* it may be one that cannot be read */
    if (above >= 0)
        synced = sync_folder(above);
    close_quietly(above);
    close_quietly(made);
    return synced == 0;
}

/* Makes the folder and those above it; those that are there stay as they are. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = make_folder(path);
        *slash = '/';
        if (!made)
            return false;
    }
    return make_folder(path);
}

/* A folder that is there but may not be read, or is none, shows here and not with the first upload. */
static ticker_status prepare(const directory *in, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    int root = -1;
    bool all;

    if (make_folders(in->path))
        root = open_root(in);
    if (root < 0) {
        status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the folder of the storage cannot be used: %s",
                         strerror(errno));
        ti_error_file(error, in->base.url);
        ti_error_hint(error, "name a folder that this user may write to in STORAGE_URL");
        return status;
    }
    each_entry(openat(root, INCOMING, FOLDER_FLAGS | O_NOFOLLOW), remove_leftover, &all);
    close_quietly(root);
    return status;
}

static void close_directory(ticker_storage *storage)
{
    directory *in = directory_of(storage);

    ti_storage_end(storage);
    free(in->path);
    free(in);
}

static const char *within(const ticker_storage *storage, const char *bucket, const char *object_key)
{
    (void)storage;
    return strcmp(bucket, BUCKET) == 0 ? object_key : NULL;
}

static const ti_storage_ops ops = {
    .name = BUCKET,
    .strict = true,
    .close = close_directory,
    .put = put,
    .get = get,
    .remove = delete_file,
    .within = within,
};

static char *url_of(const char *path)
{
    ti_buffer url;

    ti_buffer_init(&url, URL_BYTES_MAX);
    (void)ti_buffer_text(&url, "file://");
    (void)ti_buffer_percent(&url, ti_slice_of(path), true);
    if (ti_buffer_string(&url) == NULL) {
        ti_buffer_free(&url);
        return NULL;
    }
    return url.data; /* the buffer's memory goes to the caller */
}

ticker_status ti_directory_open(const char *path, ticker_storage **storage, ticker_error *error)
{
    directory *made = calloc(1, sizeof(*made));
    size_t size = strlen(path);
    ticker_status status;

    if (made == NULL)
        return ti_fail_memory(error);
    while (size > 1 && path[size - 1] == '/')
        size--;
    made->base.ops = &ops;
    made->path = strndup(path, size);
    made->base.url = made->path != NULL ? url_of(size > 1 ? made->path : "") : NULL;
    status = made->base.url != NULL ? prepare(made, error) : ti_fail_memory(error);
    if (status != TICKER_OK) {
        close_directory(&made->base);
        return status;
    }
    *storage = &made->base;
    return TICKER_OK;
}
