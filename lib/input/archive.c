/* Zip archives through libarchive, read front to back: the same way for a file, a pipe and a download, and for a zip within a zip. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "input/layer.h"

#define BLOCK (128 * 1024)

typedef struct zip_layer {
    ti_layer layer;
    struct archive *archive;
    struct archive_entry *entry; /* ours: libarchive 3.6 does not look at whether there was memory for its own */
    unsigned char *block;
    locale_t
        names; /* a UTF-8 one: libarchive drops names that the thread's own cannot write, as "C" cannot "negócios.txt" */
    const unsigned char *data; /* of the entry, libarchive's: decompressed and not handed on yet */
    size_t data_size;
    int ahead; /* what the next block of it is: ARCHIVE_OK: there is one; at first, that nobody looked */
    unsigned members;
    bool opened;
    bool starved;             /* libarchive had no memory, whatever it says */
    ticker_error below_error; /* libarchive's callback cannot pass one on */
    ticker_status below_status;
} zip_layer;

bool ti_zip_recognise(const unsigned char *head, size_t size)
{
    return size >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
}

static la_ssize_t read_below(struct archive *archive, void *payload, const void **data)
{
    zip_layer *zip = payload;
    int before = errno; /* of what libarchive itself met */
    size_t got = 0;
    ticker_status status;

    *data = zip->block;
    status = ti_layer_read(zip->layer.below, zip->block, BLOCK, &got, &zip->below_error);
    errno = before;
    if (status < TICKER_OK) {
        zip->below_status = status;
        archive_set_error(archive, EIO, "the input failed");
        return ARCHIVE_FATAL;
    }
    return (la_ssize_t)got;
}

/* A lack of memory is none of the file's faults, but libarchive calls it "Truncated ZIP file header", among others, or nothing at all. So
 * errno, which is 0 before each call, tells. */
static bool is_good(zip_layer *zip, int result)
{
    bool good = result == ARCHIVE_OK || result == ARCHIVE_EOF;

    if (!good && errno == ENOMEM)
        zip->starved = true;
    return good || (result == ARCHIVE_WARN && !zip->starved);
}

static ticker_status failed(zip_layer *zip, ticker_error *error)
{
    const char *why = archive_error_string(zip->archive);

    if (zip->below_status < TICKER_OK) {
        ti_error_copy(error, &zip->below_error);
        return zip->below_status;
    }
    if (zip->starved)
        return ti_fail_memory(error);
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the zip archive is damaged or cut off: %s",
                  why != NULL ? why : "no reason given");
    ti_error_hint(error, "fetch the file again");
    return TICKER_FAILED;
}

static ticker_status open_archive(zip_layer *zip, ticker_error *error)
{
    int result;

    if (zip->archive == NULL)
        zip->archive = archive_read_new();
    if (zip->archive != NULL && zip->entry == NULL)
        zip->entry = archive_entry_new2(zip->archive);
    if (zip->entry == NULL)
        return ti_fail_memory(error);
    zip->opened = true;
    errno = 0;
    result = archive_read_support_format_zip_streamable(zip->archive);
    if (result == ARCHIVE_OK)
        result = archive_read_set_read_callback(zip->archive, read_below);
    if (result == ARCHIVE_OK) /* archive_read_open() would not look at whether there was memory for it */
        result = archive_read_set_callback_data(zip->archive, zip);
    if (result == ARCHIVE_OK)
        result = archive_read_open1(zip->archive);
    return is_good(zip, result) ? TICKER_OK : failed(zip, error);
}

/* Directories and what macOS adds to archives are no data. */
static bool ignored(struct archive_entry *entry, const char *name)
{
    const char *base = strrchr(name, '/');
    size_t size = strlen(name);

    base = base != NULL ? base + 1 : name;
    return archive_entry_filetype(entry) == AE_IFDIR || (size > 0 && name[size - 1] == '/') ||
           strncmp(name, "__MACOSX/", 9) == 0 || strstr(name, "/__MACOSX/") != NULL || strncmp(base, "._", 2) == 0 ||
           strcmp(base, ".DS_Store") == 0;
}

/* A member is called the same whatever the program's locale: the name is a part of what tells an import from another. */
static int next_header(zip_layer *zip, char *name, size_t size)
{
    locale_t before = zip->names != (locale_t)0 ? uselocale(zip->names) : (locale_t)0;
    int result;

    errno = 0;
    result = archive_read_next_header2(zip->archive, zip->entry);
    if (is_good(zip, result) && result != ARCHIVE_EOF) {
        const char *path = archive_entry_pathname(zip->entry);

        if (path == NULL && !is_good(zip, ARCHIVE_WARN))
            result = ARCHIVE_FATAL;
        (void)snprintf(name, size, "%s", path != NULL && path[0] != '\0' ? path : "(unnamed)");
    }
    if (before != (locale_t)0)
        (void)uselocale(before);
    return result;
}

static ticker_status next_entry(ti_layer *layer, ticker_error *error)
{
    zip_layer *zip = (zip_layer *)layer;
    ticker_status status;

    /* Whoever read all bytes of an entry need not have asked for its end, where its checksum is looked at. */
    if (zip->ahead != ARCHIVE_OK && zip->ahead != ARCHIVE_EOF)
        return failed(zip, error);
    zip->ahead = ARCHIVE_OK;
    zip->data_size = 0;
    layer->name[0] = '\0'; /* until there is an entry: a failure here is not the one before's */
    if (!zip->opened) {
        status = open_archive(zip, error);
        if (status != TICKER_OK)
            return status;
    }
    for (;;) {
        int result = next_header(zip, layer->name, sizeof(layer->name));

        if (result == ARCHIVE_EOF)
            return TICKER_DONE;
        if (zip->starved || (result != ARCHIVE_OK && result != ARCHIVE_WARN))
            return failed(zip, error);
        if (++zip->members > TICKER_MEMBERS_MAX)
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the archive has more than %d members",
                           TICKER_MEMBERS_MAX);
        if (ignored(zip->entry, layer->name))
            continue;
        if (archive_entry_is_encrypted(zip->entry))
            return ti_fail(error, TICKER_FAILED, TICKER_ERROR_UNSUPPORTED, "archive member \"%s\" is encrypted",
                           layer->name);
        return TICKER_OK;
    }
}

static void look_ahead(zip_layer *zip)
{
    const void *data = NULL;
    la_int64_t at;

    errno = 0;
    do
        zip->ahead = archive_read_data_block(zip->archive, &data, &zip->data_size, &at);
    while (zip->ahead == ARCHIVE_OK && zip->data_size == 0);
    zip->data = data;
    (void)is_good(zip, zip->ahead);
    if (zip->ahead != ARCHIVE_OK)
        zip->data_size = 0;
}

/* By libarchive's own blocks: what stands before a damage is handed on whatever sizes bytes are asked for in. */
static ticker_status read_entry(ti_layer *layer, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    zip_layer *zip = (zip_layer *)layer;

    *got = 0;
    if (zip->data_size == 0 && zip->ahead == ARCHIVE_OK)
        look_ahead(zip);
    if (zip->ahead != ARCHIVE_OK)
        return zip->ahead == ARCHIVE_EOF ? TICKER_DONE : failed(zip, error);
    *got = zip->data_size < capacity ? zip->data_size : capacity;
    memcpy(buffer, zip->data, *got);
    zip->data += *got;
    zip->data_size -= *got;
    if (zip->data_size == 0)
        look_ahead(zip);
    return TICKER_OK;
}

static void free_zip(ti_layer *layer)
{
    zip_layer *zip = (zip_layer *)layer;

    archive_entry_free(zip->entry);
    (void)archive_read_free(zip->archive); /* reading only: nothing can be lost */
    if (zip->names != (locale_t)0)
        freelocale(zip->names);
    free(zip->block);
    free(zip);
}

ti_layer *ti_zip_new(ti_layer *below)
{
    static const ti_layer_ops ops = {next_entry, read_entry, free_zip};
    zip_layer *zip = calloc(1, sizeof(*zip));

    if (zip == NULL)
        return NULL;
    zip->block = malloc(BLOCK);
    if (zip->block == NULL) {
        free(zip);
        return NULL;
    }
    zip->names = newlocale(LC_CTYPE_MASK, "C.UTF-8",
                           (locale_t)0); /* where there is none, names are what the thread's makes of them */
    zip->layer.ops = &ops;
    zip->layer.below = below;
    ti_error_init(&zip->below_error);
    return &zip->layer;
}
