/* Members that a thread of their own decompresses: the same bytes, reports and failures as without, in whatever pieces the source gives its
 * own; the source is read by the caller's thread alone; and the thread ends whenever it is to. */
#include <config.h>

#include <pthread.h>
#include <unistd.h>

#include "import_run.h"
#include "walk.h"

#define BIG ((size_t)1200 * 1024) /* decompressed: more than is ever read ahead */

/* --- Bytes ---------------------------------------------------------------------------------------------------------------------- */

/* Something that shrinks to a third or so. */
static void add_big(ti_buffer *to, size_t size)
{
    static char text[40000]; /* longer than what deflate remembers */
    uint64_t seed = 7;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + next_random(&seed) % 7);
    while (to->size < size)
        add_bytes(to, text, sizeof(text));
}

/* A zip of a small member, a big one, a gzip of a big one, a zip of two big ones, and a small one. */
static ti_buffer nested(void)
{
    ti_buffer big, gzip, inner, zip;

    bytes_init(&big);
    bytes_init(&gzip);
    bytes_init(&inner);
    bytes_init(&zip);
    add_big(&big, BIG);
    make_gzip(&gzip, big.data, BIG);
    make_zip(
        &inner,
        (zip_member[]){{.name = "a", .data = big.data, .size = BIG}, {.name = "b", .data = big.data, .size = BIG / 2}},
        2);
    make_zip(&zip,
             (zip_member[]){ONE("first"),
                            {.name = "big", .data = big.data, .size = BIG, .descriptor = true},
                            {.name = "gz", .data = gzip.data, .size = gzip.size, .stored = true},
                            {.name = "zip", .data = inner.data, .size = inner.size},
                            {.name = "last", .data = "last", .size = 4}},
             5);
    ti_buffer_free(&big);
    ti_buffer_free(&gzip);
    ti_buffer_free(&inner);
    return zip;
}

/* A source that only the thread that made it may read. */
typedef struct own_source {
    pieces from;
    pthread_t owner;
} own_source;

static ticker_status own_read(void *payload, void *buffer, size_t capacity, size_t *got, ticker_error *why)
{
    own_source *self = payload;

    ck_assert(pthread_equal(self->owner, pthread_self()) != 0);
    return pieces_read(&self->from, buffer, capacity, got, why);
}

static ticker_source *open_own(own_source *self)
{
    static const ticker_source_ops ops = {.size = sizeof(ops), .read = own_read};
    ticker_source *source;

    self->owner = pthread_self();
    self->from.at = 0;
    source = ticker_source_new(&ops, self, "own", -1);
    ck_assert_ptr_nonnull(source);
    return source;
}

static ticker_source *open_path(const char *path)
{
    ticker_source *source = NULL;

    ck_assert_int_eq(ticker_source_open_file(path, &source, NULL), TICKER_OK);
    return source;
}

typedef struct seen {
    ticker_status status;
    ticker_error error;
    uint64_t bytes;
    size_t members;
    char digest[TI_SHA256_TEXT_MAX];
} seen;

/* All members; `ahead`: in a thread. `leave`: each is left after so many reads (0: never). */
static void look(seen *all, ticker_source *source, const ti_input_limits *limits, bool ahead, unsigned leave)
{
    static unsigned char block[100000];
    ti_input *input = ti_input_new(source, limits);
    ti_sha256 *hash = ti_sha256_new();

    memset(all, 0, sizeof(*all));
    ti_error_init(&all->error);
    ck_assert_ptr_nonnull(input);
    if (ahead)
        ti_input_read_ahead(input, 0);
    while ((all->status = ti_input_next(input, &all->error)) == TICKER_OK) {
        unsigned reads = 0;
        size_t got = 0;

        all->members++;
        ck_assert(ti_sha256_update(hash, ti_input_member(input), strlen(ti_input_member(input)) + 1));
        while ((leave == 0 || reads++ < leave) &&
               (all->status = ti_input_read(input, block, sizeof(block), &got, &all->error)) == TICKER_OK) {
            all->bytes += got;
            if (leave == 0)
                ck_assert(ti_sha256_update(hash, block, got));
        }
        if (all->status < TICKER_OK)
            break;
    }
    ck_assert(ti_sha256_finish(hash, all->digest));
    ti_sha256_free(hash);
    ti_input_free(input);
}

static void are_same(const seen *one, const seen *other)
{
    ck_assert_int_eq(one->status, other->status);
    ck_assert_int_eq(one->error.kind, other->error.kind);
    ck_assert_str_eq(one->error.message, other->error.message);
    ck_assert_str_eq(one->error.hint, other->error.hint);
    ck_assert_uint_eq(one->members, other->members);
}

START_TEST(the_same_bytes)
{
    static const size_t sizes[] = {0, 777, 50000};
    ti_buffer zip = nested();
    char *path = make_file(zip.data, zip.size);
    seen without, with;

    look(&without, open_path(path), &usual, false, 0);
    ck_assert_int_eq(without.status, TICKER_DONE);
    ck_assert_uint_eq(without.members, 6);
    ck_assert_uint_eq(without.bytes, 5 + 3 * BIG + BIG / 2 + 4);
    look(&with, open_path(path), &usual, true, 0);
    are_same(&with, &without);
    ck_assert_str_eq(with.digest, without.digest);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        own_source own = {.from = {.data = zip.data, .size = zip.size, .piece = sizes[i]}};

        look(&with, open_own(&own), &usual, true, 0);
        are_same(&with, &without);
        ck_assert_str_eq(with.digest, without.digest);
    }
    drop_file(path);
    ti_buffer_free(&zip);
}
END_TEST

/* Of a file also the bytes before a damage are the same. */
START_TEST(the_same_failures)
{
    ti_buffer zip = nested();
    seen without, with;

    for (size_t i = 1; i < many_or_few(8, 3); i++) {
        size_t size = zip.size * i / many_or_few(8, 3);
        char *path = make_file(zip.data, size);
        own_source own = {.from = {.data = zip.data, .size = size, .piece = 30000}};
        own_source failing = {.from = {.data = zip.data, .size = zip.size, .fail_at = size, .fail_with = TICKER_RETRY}};

        look(&without, open_path(path), &usual, false, 0);
        look(&with, open_path(path), &usual, true, 0);
        ck_assert_int_eq(without.status, TICKER_FAILED);
        are_same(&with, &without);
        ck_assert_uint_eq(with.bytes, without.bytes);
        ck_assert_str_eq(with.digest, without.digest);
        look(&with, open_own(&own), &usual, true, 0);
        are_same(&with, &without);
        look(&without, open_own(&failing), &usual, false, 0);
        look(&with, open_own(&failing), &usual, true, 0);
        ck_assert_int_eq(without.status, TICKER_RETRY);
        are_same(&with, &without);
        drop_file(path);
    }
    ti_buffer_free(&zip);
}
END_TEST

START_TEST(a_bad_sum_and_a_bomb)
{
    static const ti_input_limits little = {BIG, 200, 3}, steep = {UINT64_C(1) << 40, 2, 3};
    ti_buffer big, zip, bomb;
    seen without, with;

    bytes_init(&big);
    bytes_init(&zip);
    bytes_init(&bomb);
    add_big(&big, BIG + 1);
    make_zip(&zip, &(zip_member){.name = "x", .data = big.data, .size = BIG + 1, .bad_crc = true}, 1);
    for (size_t i = 0; i < 2; i++) {
        const ti_input_limits *limits = i == 0 ? &usual : &little;

        look(&without, ticker_source_open_memory(zip.data, zip.size, "x"), limits, false, 0);
        look(&with, ticker_source_open_memory(zip.data, zip.size, "x"), limits, true, 0);
        ck_assert_int_eq(with.status, TICKER_FAILED);
        are_same(&with, &without);
    }
    ti_buffer_clear(&big);
    add_repeated(&big, '0', 20 * BIG);
    make_gzip(&bomb, big.data, big.size);
    look(&with, ticker_source_open_memory(bomb.data, bomb.size, "x"), &steep, true, 0);
    ck_assert_int_eq(with.status, TICKER_FAILED);
    ck_assert_int_eq(with.error.kind, TICKER_ERROR_LIMIT);
    ti_buffer_free(&big);
    ti_buffer_free(&zip);
    ti_buffer_free(&bomb);
}
END_TEST

/* Members are left wherever their reader has enough, and the next ones are what they are. */
START_TEST(members_that_are_left)
{
    ti_buffer zip = nested();
    char *path = make_file(zip.data, zip.size);
    seen without, with;

    for (unsigned leave = 1; leave < 20; leave += 6) {
        own_source own = {.from = {.data = zip.data, .size = zip.size, .piece = 20000}};

        look(&without, open_path(path), &usual, false, leave);
        look(&with, open_path(path), &usual, true, leave);
        are_same(&with, &without);
        ck_assert_str_eq(with.digest, without.digest);
        look(&with, open_own(&own), &usual, true, leave);
        are_same(&with, &without);
        ck_assert_str_eq(with.digest, without.digest);
    }
    drop_file(path);
    ti_buffer_free(&zip);
}
END_TEST

/* Behind the beginning of an archive a pipe says nothing and does not end. What came is read, and then all is closed. */
START_TEST(a_pipe_that_says_nothing)
{
    ti_buffer big, gzip;
    unsigned char block[4096];

    bytes_init(&big);
    bytes_init(&gzip);
    add_big(&big, BIG);
    make_gzip(&gzip, big.data, big.size);
    for (unsigned reads = 0; reads < 12; reads += 3) {
        ticker_source *source = NULL;
        ti_input *input;
        size_t got;
        int ends[2];

        ck_assert_int_eq(pipe(ends), 0);
        ck_assert_int_eq(write(ends[1], gzip.data, 40000), 40000);
        ck_assert_int_eq(ticker_source_open_descriptor(ends[0], "pipe", &source, NULL), TICKER_OK);
        input = ti_input_new(source, &usual);
        ck_assert_ptr_nonnull(input);
        ti_input_read_ahead(input, 0);
        ck_assert_int_eq(ti_input_next(input, NULL), TICKER_OK);
        for (unsigned i = 0; i < reads; i++) {
            ck_assert_int_eq(ti_input_read(input, block, sizeof(block), &got, NULL), TICKER_OK);
            ck_assert_uint_gt(got, 0);
        }
        ti_input_free(input);
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    ti_buffer_free(&big);
    ti_buffer_free(&gzip);
}
END_TEST

/* --- Imports -------------------------------------------------------------------------------------------------------------------- */

static const char *const threads[] = {"import-threads=1", "import-threads=2", "import-threads=3", "import-threads=0"};

/* What an import of the file comes to with every number of threads. */
static void every_number(const ti_buffer *bytes, bool stored, bool good)
{
    char *path = make_file(bytes->data, bytes->size);
    heard first;
    ticker_error why;
    ticker_status before = TICKER_OK;

    memset(&first, 0, sizeof(first));
    ti_error_init(&why);
    for (size_t i = 0; i < COUNT(threads); i++) {
        ticker_options *options = make_options(threads[i], stored ? "dry-run=no" : "dry-run=yes", NULL);
        ticker_status status;

        begin();
        status = ticker_import_source(&fake.store, open_path(path), options, &hear, &error);
        ck_assert_msg((status >= TICKER_WARN) == good, "%s", error.message);
        ck_assert(i == 0 || status == before);
        before = status;
        if (i == 0) {
            first = events;
            why = error;
        }
        ck_assert_uint_eq(events.count, first.count);
        for (unsigned j = 0; j < first.count; j++)
            ck_assert_str_eq(events.reports[j], first.reports[j]);
        memset(events.last.stages, 0, sizeof(events.last.stages));
        memset(first.last.stages, 0, sizeof(first.last.stages));
        events.last.microseconds = first.last.microseconds = 0;
        ck_assert_int_eq(events.last.records, first.last.records);
        ck_assert_int_eq(events.last.bytes, first.last.bytes);
        ck_assert_int_eq(events.last.member_bytes, first.last.member_bytes);
        ck_assert_int_eq(events.last.volume, first.last.volume);
        ck_assert_str_eq(events.last.turnover_text, first.last.turnover_text);
        ck_assert_str_eq(events.last.sha256, first.last.sha256);
        ck_assert_str_eq(error.message, why.message);
        ck_assert_str_eq(error.hint, why.hint);
        ck_assert_str_eq(error.file, why.file);
        ck_assert_uint_eq(error.line, why.line);
        ck_assert_int_eq(error.offset, why.offset);
        ticker_options_free(options);
        fake_store_free(&fake);
    }
    drop_file(path);
}

/* Zipped: `cut` bytes short, `bad`: with a wrong sum. */
static ti_buffer zipped(void (*make)(ti_buffer *to, size_t rows, const char *end), size_t rows, size_t cut, bool bad)
{
    ti_buffer file, zip;

    bytes_init(&file);
    bytes_init(&zip);
    make(&file, rows, "\n");
    ck_assert_uint_gt(file.size, 600000); /* there is a thread */
    make_zip(&zip, &(zip_member){.name = "data", .data = file.data, .size = file.size, .bad_crc = bad}, 1);
    zip.size -= cut;
    ti_buffer_free(&file);
    return zip;
}

START_TEST(every_format)
{
    static const struct {
        void (*make)(ti_buffer *to, size_t rows, const char *end);
        size_t rows;
    } formats[] = {
        {make_cotahist, 3500}, {make_trades, 12000}, {make_neg, 4000}, {make_consolidated, 9000},
#ifdef TI_WITH_XML
        {make_prices, 2000},
#endif
    };

    for (size_t i = 0; i < many_or_few(COUNT(formats), 1); i++) {
        ti_buffer good = zipped(formats[i].make, formats[i].rows, 0, false);
        ti_buffer bad = zipped(formats[i].make, formats[i].rows, 0, true);
        ti_buffer cut = zipped(formats[i].make, formats[i].rows, good.size / 3, false);

        every_number(&good, false, true);
        every_number(&bad, false, false);
        every_number(&cut, false, false);
        ti_buffer_free(&good);
        ti_buffer_free(&bad);
        ti_buffer_free(&cut);
    }
}
END_TEST

START_TEST(into_a_store)
{
    ti_buffer good = zipped(make_cotahist, 6000, 0, false), cut = zipped(make_cotahist, 6000, 20000, false);

    every_number(&good, true, true);
    every_number(&cut, true, false);
    ti_buffer_free(&good);
    ti_buffer_free(&cut);
}
END_TEST

/* The caller says that it is enough, or the store fails, while the thread has more. */
START_TEST(stopped_in_the_middle)
{
    ti_buffer zip = zipped(make_cotahist, 9000, 0, false);

    for (unsigned at = 1; at < 5; at++) {
        begin();
        events.cancel_at = at;
        ck_assert_int_eq(import_bytes(&zip, "import-threads=3"), TICKER_RETRY);
        ck_assert_int_eq(error.kind, TICKER_ERROR_CANCELLED);
        fake_store_free(&fake);
        begin();
        fake.fail_at = "put";
        fake.fail_with = TICKER_RETRY;
        fake.fail_after = at - 1;
        ck_assert_int_eq(import_bytes(&zip, "import-threads=3"), TICKER_RETRY);
        fake_store_free(&fake);
    }
    ti_buffer_free(&zip);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_same_bytes,        the_same_failures,        a_bad_sum_and_a_bomb,
                                  members_that_are_left, a_pipe_that_says_nothing, every_format,
                                  into_a_store,          stopped_in_the_middle};

    return run_tests("ahead", tests, COUNT(tests));
}
