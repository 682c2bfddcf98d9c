/* The chunk oracle: every format, in every archive, gives the same batches and reports whatever sizes its bytes come in, and the same
 * failure in the same place when it is damaged. A new format is a line in the first table. */
#include <config.h>

#include <stdlib.h>

#include "format/sax.h"
#include "support.h"

#define PIECE_MAX 300

typedef struct fixture {
    const char *name;
    void (*make)(ti_buffer *to, size_t rows, const char *end);
    size_t rows;
    const char *end;
} fixture;

static const fixture fixtures[] = {
    {"cotahist", make_cotahist, 30, "\r\n"},
    {"cotahist, LF", make_cotahist, 30, "\n"},
    {"trades", make_trades, 60, "\n"},
    {"trades, CRLF", make_trades, 60, "\r\n"},
    {"consolidated", make_consolidated, 40, "\n"},
    {"neg", make_neg, 30, "\r\n"},
#ifdef TI_WITH_XML
    {"bvbg086", make_prices, 12, "\n"},
    {"bvbg086, CRLF", make_prices, 9, "\r\n"},
#endif
};

/* --- Layers --------------------------------------------------------------------------------------------------------------------- */

static void plain(ti_buffer *to, const ti_buffer *from)
{
    add_bytes(to, from->data, from->size);
}

static void gzip(ti_buffer *to, const ti_buffer *from)
{
    make_gzip(to, from->data, from->size);
}

static void zip(ti_buffer *to, const ti_buffer *from)
{
    make_zip(to, &(zip_member){.name = "member", .data = from->data, .size = from->size}, 1);
}

/* As a writer into a pipe makes it, and another member behind it. */
static void zip_of_two(ti_buffer *to, const ti_buffer *from)
{
    const zip_member members[] = {
        {.name = "a/b", .data = from->data, .size = from->size, .descriptor = true},
        {.name = "stored", .data = from->data, .size = from->size, .stored = true},
    };

    make_zip(to, members, COUNT(members));
}

static void zip_of_gzip(ti_buffer *to, const ti_buffer *from)
{
    ti_buffer packed;

    bytes_init(&packed);
    gzip(&packed, from);
    zip(to, &packed);
    ti_buffer_free(&packed);
}

static void zip_of_zip(ti_buffer *to, const ti_buffer *from)
{
    ti_buffer packed;

    bytes_init(&packed);
    zip_of_two(&packed, from);
    zip(to, &packed);
    ti_buffer_free(&packed);
}

typedef struct layer {
    const char *name;
    void (*pack)(ti_buffer *to, const ti_buffer *from);
    size_t step; /* between the sizes that are tried */
} layer;

static const layer layers[] = {
    {"plain", plain, 1},
    {"gzip", gzip, 3},
    {"zip", zip, 7},
    {"zip of two", zip_of_two, 11},
    {"gzip in zip", zip_of_gzip, 11},
    {"zip in zip", zip_of_zip, 11},
};

/* --- The oracle ----------------------------------------------------------------------------------------------------------------- */

/* With `exact` a failure must be the same, too. Where an archive is damaged, how much of what stands before the damage is looked at
 * first is left to the sizes. */
static void compare(const outcome *whole, pieces *from, const ticker_options *options, bool exact, const char *what)
{
    outcome result;

    read_source(&result, pieces_source(from), options);
    ck_assert_msg(result.status == whole->status, "%s, pieces of %zu: %s, not %s", what, from->piece,
                  ticker_status_name(result.status), ticker_status_name(whole->status));
    ck_assert_uint_eq(from->closes, 1);
    if (whole->status == TICKER_OK) {
        ck_assert_msg(strcmp(result.digest, whole->digest) == 0, "%s: pieces of %zu give other rows", what,
                      from->piece);
        ck_assert_uint_eq(result.members, whole->members);
    } else if (exact) {
        ck_assert_msg(strcmp(result.error.message, whole->error.message) == 0, "%s, pieces of %zu: \"%s\", not \"%s\"",
                      what, from->piece, result.error.message, whole->error.message);
        ck_assert_uint_eq(result.error.line, whole->error.line);
        ck_assert_uint_eq(result.error.column, whole->error.column);
        ck_assert_int_eq(result.error.offset, whole->error.offset);
    }
}

static void in_all_pieces(const ti_buffer *bytes, const ticker_options *options, bool exact, size_t step,
                          const char *what)
{
    outcome whole;

    read_bytes(&whole, bytes->data, bytes->size, options);
    for (size_t piece = 1; piece <= PIECE_MAX; piece += step) {
        pieces from = {.data = bytes->data, .size = bytes->size, .piece = piece};

        compare(&whole, &from, options, exact, what);
    }
    for (uint64_t seed = 1; seed <= 3; seed++) {
        pieces from = {.data = bytes->data, .size = bytes->size, .seed = seed};

        compare(&whole, &from, options, exact, what);
    }
}

START_TEST(whole_files)
{
    for (size_t i = 0; i < COUNT(fixtures); i++) {
        outcome first = {0};

        for (size_t k = 0; k < COUNT(layers); k++) {
            ti_buffer file, packed;
            outcome whole;

            bytes_init(&file);
            bytes_init(&packed);
            fixtures[i].make(&file, fixtures[i].rows, fixtures[i].end);
            layers[k].pack(&packed, &file);
            read_bytes(&whole, packed.data, packed.size, NULL);
            ck_assert_msg(whole.status == TICKER_OK, "%s, %s: %s", fixtures[i].name, layers[k].name,
                          whole.error.message);
            if (k == 0)
                first = whole;
            ck_assert_uint_eq(whole.rows, first.rows * whole.members);
            in_all_pieces(&packed, NULL, true, layers[k].step * many_or_few(1, 9), layers[k].name);
            ti_buffer_free(&file);
            ti_buffer_free(&packed);
        }
    }
}
END_TEST

/* Bytes changed, some left out, the end missing. */
static void damage(ti_buffer *file, uint64_t *seed)
{
    for (uint64_t i = 1 + next_random(seed) % 4; i > 0; i--)
        file->data[next_random(seed) % file->size] = (char)next_random(seed);
    if (next_random(seed) % 3 == 0)
        file->size -= next_random(seed) % file->size / 2;
}

START_TEST(damaged_files)
{
    ticker_options *options[] = {NULL, make_options("force=yes", NULL), make_options("on-error=reject", NULL)};
    uint64_t seed = 7;

    for (size_t i = 0; i < COUNT(fixtures) * COUNT(layers) * many_or_few(4, 1); i++) {
        const fixture *of = &fixtures[i % COUNT(fixtures)];
        const layer *in = &layers[i / COUNT(fixtures) % COUNT(layers)];
        ti_buffer file, packed;

        bytes_init(&file);
        bytes_init(&packed);
        of->make(&file, of->rows, of->end);
        if (i % 2 == 0)
            damage(&file, &seed); /* what is packed is whole */
        in->pack(&packed, &file);
        if (i % 2 == 1)
            damage(&packed, &seed);
        in_all_pieces(&packed, options[i % 3], i % 2 == 0 || in->pack == plain, 41, of->name);
        ti_buffer_free(&file);
        ti_buffer_free(&packed);
    }
    ticker_options_free(options[1]);
    ticker_options_free(options[2]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {whole_files, damaged_files};

    ti_sax_prepare(); /* links the XML reader in */
    return run_tests("chunks", tests, COUNT(tests));
}
