/* Sorts records by a key of a few numbers within a fixed amount of memory: full memory is sorted by radix and written out as a run, the
 * runs are merged while they are read back. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* O_TMPFILE */
#endif
#include <config.h>

#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define ENTRY_SHARE 3 /* a third of the memory for keys and order, the rest for data */
#define RUNS_MAX 512  /* merged at once; each needs room for a record to be read */
#define WRITE_SIZE (256 * 1024)
#define KEY_BYTES 8
#define HEAD_MAX (TI_SPOOL_WORDS * KEY_BYTES + sizeof(uint32_t))
#define RUN_BUFFER_MIN (HEAD_MAX + TI_SPOOL_RECORD_MAX)
#define MEMORY_MIN (4 * RUN_BUFFER_MIN)

typedef struct entry {
    uint64_t key[TI_SPOOL_WORDS];
    uint32_t offset, size;
} entry;

/* A sorted stretch of the file, and the part of it that is in memory. */
typedef struct run {
    uint64_t at, end; /* not read yet */
    char *buffer;
    size_t position, filled;
    ti_spool_record head;
} run;

struct ti_spool {
    char *memory;
    size_t memory_size;
    char *data;
    size_t data_size, data_capacity;
    entry *entries;
    uint32_t *order, *other; /* numbers of entries */
    uint32_t count, capacity, next;
    unsigned words;
    char *folder;
    int file; /* -1: none */
    uint64_t file_size;
    run *runs;
    unsigned run_count, run_max;
    unsigned *heap; /* numbers of runs, the one with the smallest head first */
    unsigned heap_count;
    bool advance; /* the first run's head was delivered */
};

/* Memory is one block: entries, the two orders, data. While merging all of it is buffers of the runs. */
static void carve(ti_spool *spool)
{
    size_t each = sizeof(entry) + 2 * sizeof(uint32_t);
    uint32_t capacity = (uint32_t)(spool->memory_size / ENTRY_SHARE / each);

    spool->capacity = capacity;
    spool->entries = (entry *)(void *)spool->memory;
    spool->order = (uint32_t *)(void *)(spool->memory + capacity * sizeof(entry));
    spool->other = spool->order + capacity;
    spool->data = (char *)(spool->other + capacity);
    spool->data_capacity = spool->memory_size - capacity * each - TI_SPOOL_SLACK;
    spool->data_size = 0;
    spool->count = 0;
}

ti_spool *ti_spool_new(size_t memory, unsigned words, const char *folder)
{
    ti_spool *spool = calloc(1, sizeof(*spool));

    if (spool == NULL)
        return NULL;
    spool->file = -1;
    spool->words = words < TI_SPOOL_WORDS ? words : TI_SPOOL_WORDS;
    spool->memory_size = memory > MEMORY_MIN ? memory : MEMORY_MIN;
    spool->run_max = (unsigned)(spool->memory_size / RUN_BUFFER_MIN < RUNS_MAX ? spool->memory_size / RUN_BUFFER_MIN
                                                                               : RUNS_MAX);
    spool->memory = malloc(spool->memory_size + TI_SPOOL_SLACK);
    spool->folder = strdup(folder);
    spool->runs = calloc(spool->run_max, sizeof(*spool->runs));
    spool->heap = calloc(spool->run_max, sizeof(*spool->heap));
    if (spool->memory == NULL || spool->folder == NULL || spool->runs == NULL || spool->heap == NULL) {
        ti_spool_free(spool);
        return NULL;
    }
    carve(spool);
    return spool;
}

void ti_spool_free(ti_spool *spool)
{
    if (spool == NULL)
        return;
    if (spool->file >= 0)
        (void)close(spool->file);
    free(spool->memory);
    free(spool->folder);
    free(spool->runs);
    free(spool->heap);
    free(spool);
}

/* --- The file ------------------------------------------------------------------------------------------------------------------ */

static ticker_status fail_file(const ti_spool *spool, const char *what, ticker_error *error)
{
    int why = errno;
    ticker_status status = ti_fail(error, TICKER_RETRY, TICKER_ERROR_IO, "a temporary file in %s cannot be %s: %s",
                                   spool->folder, what, strerror(why));

    if (why == ENOSPC || why == EDQUOT)
        ti_error_hint(error, "make room there: a load needs about as much as its rows take for sorting them");
    return status;
}

/* A file without a name: it is gone with the process, however that ends. */
static int open_nameless(const char *folder)
{
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    size_t size = strlen(folder) + sizeof("/.ticker-XXXXXX");
    char *path;

    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return file;
    path = malloc(size);
    if (path == NULL)
        return -1;
    (void)stpcpy(stpcpy(path, folder), "/.ticker-XXXXXX");
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        (void)unlink(path);
    free(path);
    return file;
}

static ticker_status open_file(ti_spool *spool, ticker_error *error)
{
    spool->file = open_nameless(spool->folder);
    spool->file_size = 0;
    return spool->file >= 0 ? TICKER_OK : fail_file(spool, "created", error);
}

bool ti_spool_has_room(ti_spool *spool)
{
    if (spool->file < 0)
        spool->file = open_nameless(spool->folder);
    return spool->file >= 0;
}

static ticker_status write_all(ti_spool *spool, int file, const char *data, size_t size, ticker_error *error)
{
    while (size > 0) {
        ssize_t done = write(file, data, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail_file(spool, "written", error);
        data += done;
        size -= (size_t)done;
    }
    return TICKER_OK;
}

/* Collects records before they are written. */
typedef struct writer {
    ti_spool *spool;
    int file;
    char *buffer;
    size_t filled;
    uint64_t written;
} writer;

static ticker_status writer_flush(writer *out, ticker_error *error)
{
    ticker_status status = write_all(out->spool, out->file, out->buffer, out->filled, error);

    out->written += out->filled;
    out->filled = 0;
    return status;
}

static ticker_status writer_put(writer *out, const uint64_t *key, const char *data, uint32_t size, ticker_error *error)
{
    size_t words = out->spool->words * (size_t)KEY_BYTES;
    char *at;

    if (out->filled + words + sizeof(size) + size > WRITE_SIZE) {
        ticker_status status = writer_flush(out, error);
        if (status != TICKER_OK)
            return status;
    }
    at = out->buffer + out->filled;
    memcpy(at, key, words);
    memcpy(at + words, &size, sizeof(size));
    memcpy(at + words + sizeof(size), data, size);
    out->filled += words + sizeof(size) + size;
    return TICKER_OK;
}

/* --- Sorting what is in memory ------------------------------------------------------------------------------------------------- */

/* One pass of a radix sort by one byte of the keys; false when all keys agree in it. */
static bool sort_by_byte(ti_spool *spool, unsigned word, unsigned shift)
{
    uint32_t start[256] = {0}, total = 0;

    for (uint32_t i = 0; i < spool->count; i++)
        start[spool->entries[i].key[word] >> shift & 0xff]++;
    if (start[spool->entries[0].key[word] >> shift & 0xff] == spool->count)
        return false;
    for (unsigned i = 0; i < 256; i++) {
        uint32_t size = start[i];
        start[i] = total;
        total += size;
    }
    for (uint32_t i = 0; i < spool->count; i++) {
        uint32_t number = spool->order[i];
        spool->other[start[spool->entries[number].key[word] >> shift & 0xff]++] = number;
    }
    return true;
}

/* The bits in which the keys differ: only bytes that have some need a pass. */
static void differing_bits(const ti_spool *spool, uint64_t *bits)
{
    memset(bits, 0, TI_SPOOL_WORDS * sizeof(*bits));
    for (uint32_t i = 1; i < spool->count; i++)
        for (unsigned word = 0; word < spool->words; word++)
            bits[word] |= spool->entries[i].key[word] ^ spool->entries[0].key[word];
}

static void sort_memory(ti_spool *spool)
{
    uint64_t bits[TI_SPOOL_WORDS];

    for (uint32_t i = 0; i < spool->count; i++)
        spool->order[i] = i;
    differing_bits(spool, bits);
    for (unsigned word = spool->words; word-- > 0;) {
        for (unsigned shift = 0; shift < 64; shift += 8) {
            if ((bits[word] >> shift & 0xff) != 0 && sort_by_byte(spool, word, shift)) {
                uint32_t *sorted = spool->other;
                spool->other = spool->order;
                spool->order = sorted;
            }
        }
    }
}

/* --- Reading runs -------------------------------------------------------------------------------------------------------------- */

static ticker_status run_fill(ti_spool *spool, run *from, size_t room, ticker_error *error)
{
    size_t kept = from->filled - from->position;

    memmove(from->buffer, from->buffer + from->position, kept);
    from->position = 0;
    from->filled = kept;
    while (from->filled < room && from->at < from->end) {
        size_t want = room - from->filled;
        ssize_t got;

        if (want > from->end - from->at)
            want = (size_t)(from->end - from->at);
        got = pread(spool->file, from->buffer + from->filled, want, (off_t)from->at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO;
        if (got <= 0)
            return fail_file(spool, "read", error);
        from->filled += (size_t)got;
        from->at += (uint64_t)got;
    }
    return TICKER_OK;
}

/* The next record of a run becomes its head; TICKER_DONE at its end. */
static ticker_status run_next(ti_spool *spool, run *from, ticker_error *error)
{
    size_t words = spool->words * (size_t)KEY_BYTES, room = spool->memory_size / spool->run_count;
    uint32_t size;

    if (from->filled - from->position < HEAD_MAX + TI_SPOOL_RECORD_MAX && from->at < from->end) {
        ticker_status status = run_fill(spool, from, room, error);
        if (status != TICKER_OK)
            return status;
    }
    if (from->filled == from->position)
        return TICKER_DONE;
    memcpy(from->head.key, from->buffer + from->position, words); /* words that do not count stay 0 */
    memcpy(&size, from->buffer + from->position + words, sizeof(size));
    from->head.data = from->buffer + from->position + words + sizeof(size);
    from->head.size = size;
    from->position += words + sizeof(size) + size;
    return TICKER_OK;
}

/* Runs stand in the order in which they were written: of equal keys the earlier one comes first. */
static bool comes_before(const ti_spool *spool, unsigned a, unsigned b)
{
    const uint64_t *left = spool->runs[a].head.key, *right = spool->runs[b].head.key;

    for (unsigned word = 0; word < spool->words; word++)
        if (left[word] != right[word])
            return left[word] < right[word];
    return a < b;
}

static void heap_sink(ti_spool *spool, unsigned at)
{
    unsigned *heap = spool->heap, moved = heap[at];

    for (;;) {
        unsigned child = 2 * at + 1;

        if (child >= spool->heap_count)
            break;
        if (child + 1 < spool->heap_count && comes_before(spool, heap[child + 1], heap[child]))
            child++;
        if (!comes_before(spool, heap[child], moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static ticker_status merge_begin(ti_spool *spool, ticker_error *error)
{
    size_t room = spool->memory_size / spool->run_count;

    spool->heap_count = 0;
    for (unsigned i = 0; i < spool->run_count; i++) {
        run *from = &spool->runs[i];
        ticker_status status;

        from->buffer = spool->memory + room * i;
        from->position = from->filled = 0;
        status = run_next(spool, from, error);
        if (status < TICKER_OK)
            return status;
        if (status == TICKER_OK)
            spool->heap[spool->heap_count++] = i;
    }
    for (unsigned i = spool->heap_count / 2; i-- > 0;)
        heap_sink(spool, i);
    spool->advance = false;
    return TICKER_OK;
}

static ticker_status merge_next(ti_spool *spool, ti_spool_record *record, ticker_error *error)
{
    if (spool->advance && spool->heap_count > 0) {
        ticker_status status = run_next(spool, &spool->runs[spool->heap[0]], error);
        if (status < TICKER_OK)
            return status;
        if (status == TICKER_DONE)
            spool->heap[0] = spool->heap[--spool->heap_count];
        if (spool->heap_count > 0)
            heap_sink(spool, 0);
    }
    if (spool->heap_count == 0)
        return TICKER_DONE;
    *record = spool->runs[spool->heap[0]].head;
    spool->advance = true;
    return TICKER_OK;
}

/* --- Writing runs -------------------------------------------------------------------------------------------------------------- */

/* All runs become one, in a file of its own: so any number of records can be merged with the same memory. */
static ticker_status collapse(ti_spool *spool, ticker_error *error)
{
    writer out = {.spool = spool, .file = open_nameless(spool->folder), .buffer = malloc(WRITE_SIZE)};
    ti_spool_record record;
    ticker_status status = out.file < 0 ? fail_file(spool, "created", error) : TICKER_OK;

    if (status == TICKER_OK && out.buffer == NULL)
        status = ti_fail_memory(error);
    if (status == TICKER_OK)
        status = merge_begin(spool, error);
    while (status == TICKER_OK) {
        status = merge_next(spool, &record, error);
        if (status == TICKER_OK)
            status = writer_put(&out, record.key, record.data, (uint32_t)record.size, error);
    }
    if (status == TICKER_DONE)
        status = writer_flush(&out, error);
    free(out.buffer);
    if (status != TICKER_OK) {
        if (out.file >= 0)
            (void)close(out.file);
        return status;
    }
    (void)close(spool->file);
    spool->file = out.file;
    spool->file_size = out.written;
    spool->runs[0] = (run){.end = out.written};
    spool->run_count = 1;
    return TICKER_OK;
}

static ticker_status write_entries(writer *out, ticker_error *error)
{
    const ti_spool *spool = out->spool;

    for (uint32_t i = 0; i < spool->count; i++) {
        const entry *from = &spool->entries[spool->order[i]];
        ticker_status status = writer_put(out, from->key, spool->data + from->offset, from->size, error);
        if (status != TICKER_OK)
            return status;
    }
    return writer_flush(out, error);
}

/* What is in memory goes to the file as one sorted run. */
static ticker_status spill(ti_spool *spool, ticker_error *error)
{
    writer out = {.spool = spool, .buffer = malloc(WRITE_SIZE)};
    ticker_status status = out.buffer != NULL ? TICKER_OK : ti_fail_memory(error);

    if (status == TICKER_OK && spool->file < 0)
        status = open_file(spool, error);
    if (status == TICKER_OK) {
        out.file = spool->file;
        sort_memory(spool);
        status = write_entries(&out, error);
    }
    free(out.buffer);
    if (status != TICKER_OK)
        return status;
    spool->runs[spool->run_count++] = (run){.at = spool->file_size, .end = spool->file_size + out.written};
    spool->file_size += out.written;
    if (spool->run_count == spool->run_max)
        status = collapse(spool, error);
    carve(spool);
    return status;
}

/* --- What the others call ------------------------------------------------------------------------------------------------------ */

ticker_status ti_spool_reserve(ti_spool *spool, char **at, ticker_error *error)
{
    if (spool->count == spool->capacity || spool->data_capacity - spool->data_size < TI_SPOOL_RECORD_MAX) {
        ticker_status status = spill(spool, error);
        if (status != TICKER_OK)
            return status;
    }
    *at = spool->data + spool->data_size;
    return TICKER_OK;
}

void ti_spool_add(ti_spool *spool, const uint64_t *key, size_t size)
{
    entry *to = &spool->entries[spool->count++];

    memcpy(to->key, key, sizeof(to->key));
    to->offset = (uint32_t)spool->data_size;
    to->size = (uint32_t)size;
    spool->data_size += size;
}

ticker_status ti_spool_sort(ti_spool *spool, ticker_error *error)
{
    ticker_status status;

    spool->next = 0;
    if (spool->run_count == 0) {
        if (spool->count > 0)
            sort_memory(spool);
        return TICKER_OK;
    }
    status = spill(spool, error);
    return status == TICKER_OK ? merge_begin(spool, error) : status;
}

ticker_status ti_spool_next(ti_spool *spool, ti_spool_record *record, ticker_error *error)
{
    const entry *from;

    if (spool->run_count > 0)
        return merge_next(spool, record, error);
    if (spool->next == spool->count)
        return TICKER_DONE;
    from = &spool->entries[spool->order[spool->next++]];
    memcpy(record->key, from->key, sizeof(record->key));
    record->data = spool->data + from->offset;
    record->size = from->size;
    return TICKER_OK;
}
