/* The reader: the same rows whatever sizes the bytes come in, members one after the other, totals, and calls in the wrong order. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

/* --- The same input in pieces of any size --------------------------------------------------------------------------------------- */

static void same_in_pieces(const ti_buffer *file, const ticker_options *options, bool every_size)
{
    size_t each = many_or_few(1, 13);
    outcome whole, result;

    read_bytes(&whole, file->data, file->size, options);
    for (size_t piece = 1; piece <= 300; piece += every_size ? each : piece < 3 ? 1 : 41) {
        pieces from = {.data = file->data, .size = file->size, .piece = piece};

        read_source(&result, pieces_source(&from), options);
        ck_assert_int_eq(result.status, whole.status);
        ck_assert_str_eq(result.error.message, whole.error.message);
        ck_assert_uint_eq(result.error.line, whole.error.line);
        ck_assert_uint_eq(from.closes, 1);
        if (whole.status == TICKER_OK)
            ck_assert_msg(strcmp(result.digest, whole.digest) == 0, "pieces of %zu bytes give something else", piece);
    }
    for (uint64_t seed = 1; seed <= (every_size ? many_or_few(20, 4) : 4); seed++) {
        pieces from = {.data = file->data, .size = file->size, .seed = seed};

        read_source(&result, pieces_source(&from), options);
        ck_assert_int_eq(result.status, whole.status);
        if (whole.status == TICKER_OK)
            ck_assert_msg(strcmp(result.digest, whole.digest) == 0, "seed %llu gives something else",
                          (unsigned long long)seed);
    }
}

START_TEST(cotahist_in_pieces)
{
    ti_buffer file;

    bytes_init(&file);
    make_cotahist(&file, 60, "\r\n");
    same_in_pieces(&file, NULL, true);
    ti_buffer_clear(&file);
    make_cotahist(&file, many_or_few(3000, 400), "\n");
    same_in_pieces(&file, NULL, false);
    ti_buffer_free(&file);
}
END_TEST

START_TEST(trades_in_pieces)
{
    ti_buffer file;

    bytes_init(&file);
    make_trades(&file, 200, "\n");
    same_in_pieces(&file, NULL, true);
    ti_buffer_clear(&file);
    make_trades(&file, many_or_few(10000, 1000), "\r\n");
    file.size -= 2;
    same_in_pieces(&file, NULL, false);
    ti_buffer_free(&file);
}
END_TEST

START_TEST(neg_in_pieces)
{
    ti_buffer file;

    bytes_init(&file);
    make_neg(&file, 60, "\n");
    same_in_pieces(&file, NULL, true);
    ti_buffer_clear(&file);
    make_neg(&file, many_or_few(3000, 400), "\r\n");
    same_in_pieces(&file, NULL, false);
    ti_buffer_free(&file);
}
END_TEST

START_TEST(consolidated_in_pieces)
{
    ti_buffer file;

    bytes_init(&file);
    make_consolidated(&file, 100, "\r\n");
    same_in_pieces(&file, NULL, true);
    ti_buffer_clear(&file);
    make_consolidated(&file, many_or_few(5000, 600), "\n");
    file.size -= 1;
    same_in_pieces(&file, NULL, false);
    ti_buffer_free(&file);
}
END_TEST

/* Random damage: bytes changed, left out, doubled. */
static void damage(ti_buffer *file, uint64_t *seed)
{
    for (uint64_t i = 1 + next_random(seed) % 20; i > 0 && file->size > 100; i--) {
        size_t at = next_random(seed) % file->size, span = 1 + next_random(seed) % 60;

        if (span > file->size - at)
            span = file->size - at;
        switch (next_random(seed) % 4) {
        case 0:
            file->data[at] = (char)next_random(seed);
            break;
        case 1:
            file->data[at] = "\n\r;,- \x1a\0"[next_random(seed) % 8];
            break;
        case 2:
            memmove(file->data + at, file->data + at + span, file->size - at - span);
            file->size -= span;
            break;
        default:
            ck_assert_ptr_nonnull(ti_buffer_reserve(file, span));
            memmove(file->data + at + span, file->data + at, file->size - at);
            file->size += span;
        }
    }
}

START_TEST(damaged_files_in_pieces)
{
    ticker_options *options[] = {make_options("force=yes", NULL), make_options("on-error=reject", NULL)};
    uint64_t seed = 2024;

    for (size_t i = 0; i < many_or_few(80, 16); i++) {
        ti_buffer file;

        bytes_init(&file);
        if (i % 4 == 0)
            make_cotahist(&file, 50, i % 8 == 0 ? "\n" : "\r\n");
        else if (i % 4 == 1)
            make_trades(&file, 150, i % 8 == 1 ? "\n" : "\r\n");
        else if (i % 4 == 2)
            make_neg(&file, 50, i % 8 == 2 ? "\n" : "\r\n");
        else
            make_consolidated(&file, 150, i % 8 == 3 ? "\n" : "\r\n");
        damage(&file, &seed);
        same_in_pieces(&file, options[i % 3 == 0], false);
        ti_buffer_free(&file);
    }
    ticker_options_free(options[0]);
    ticker_options_free(options[1]);
}
END_TEST

START_TEST(archives_in_pieces)
{
    ti_buffer quotes, trades, zip, gzip;
    zip_member members[2];
    outcome plain, packed;

    bytes_init(&quotes);
    bytes_init(&trades);
    bytes_init(&zip);
    bytes_init(&gzip);
    make_cotahist(&quotes, 500, "\r\n");
    make_trades(&trades, 500, "\n");
    members[0] = (zip_member){.name = "COTAHIST_A2016", .data = quotes.data, .size = quotes.size};
    members[1] = (zip_member){.name = "trades", .data = trades.data, .size = trades.size, .descriptor = true};
    make_zip(&zip, members, 2);
    same_in_pieces(&zip, NULL, false);
    make_gzip(&gzip, quotes.data, quotes.size);
    same_in_pieces(&gzip, NULL, false);
    read_bytes(&plain, quotes.data, quotes.size, NULL);
    read_bytes(&packed, gzip.data, gzip.size, NULL);
    ck_assert_str_eq(plain.digest, packed.digest);
    ti_buffer_free(&quotes);
    ti_buffer_free(&trades);
    ti_buffer_free(&zip);
    ti_buffer_free(&gzip);
}
END_TEST

/* The digest is worth something: one digit more or less shows. */
START_TEST(the_digest_sees_a_difference)
{
    ti_buffer file;
    outcome a, b;

    bytes_init(&file);
    make_cotahist(&file, 50, "\n");
    read_bytes(&a, file.data, file.size, NULL);
    file.data[246 * 30 + 120] ^= 1;
    read_bytes(&b, file.data, file.size, NULL);
    ck_assert_int_eq(b.status, TICKER_OK);
    ck_assert_str_ne(a.digest, b.digest);
    ti_buffer_free(&file);
}
END_TEST

/* --- Members -------------------------------------------------------------------------------------------------------------------- */

static ti_buffer archive_of(const zip_member *members, size_t count)
{
    ti_buffer zip;

    bytes_init(&zip);
    make_zip(&zip, members, count);
    return zip;
}

START_TEST(members_one_after_the_other)
{
    ti_buffer quotes, trades, zip;
    const ticker_batch *batch;
    const ticker_report *report;
    ticker_reader *reader;
    size_t rows = 0;

    bytes_init(&quotes);
    bytes_init(&trades);
    make_cotahist(&quotes, 1500, "\r\n");
    make_trades(&trades, 1500, "\n");
    zip = archive_of((zip_member[]){{.name = "q", .data = quotes.data, .size = quotes.size},
                                    {.name = "t", .data = trades.data, .size = trades.size},
                                    {.name = "q2", .data = quotes.data, .size = quotes.size}},
                     3);
    reader = ticker_reader_new(ticker_source_open_memory(zip.data, zip.size, "all.zip"), NULL);
    ck_assert_ptr_nonnull(reader);
    report = ticker_reader_report(reader);
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_FILE), "all.zip");
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_OK);
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_MEMBER), "q");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_FORMAT), "cotahist");
    /* One batch only: the rest of a member may be left. */
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_OK);
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_MEMBER), "t");
    ck_assert_str_eq(ticker_report_text(report, TICKER_REPORT_FORMAT), "trades");
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_RECORDS), 0);
    while (ticker_reader_next_batch(reader, &batch, NULL) == TICKER_OK) {
        ck_assert_int_eq(ticker_batch_table(batch), TICKER_TRADES);
        rows += ticker_batch_rows(batch);
    }
    ck_assert_uint_eq(rows, 1500);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_RECORDS), 1500);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_TICKERS), 0); /* nobody asked */
    ticker_reader_keep_totals(reader, 1);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_OK);
    for (rows = 0; ticker_reader_next_batch(reader, &batch, NULL) == TICKER_OK;)
        rows += ticker_batch_rows(batch);
    ck_assert_uint_eq(rows, 1500);
    ck_assert_int_eq(ticker_report_integer(report, TICKER_REPORT_TICKERS), 500);
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL), TICKER_DONE);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_DONE);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_DONE);
    ck_assert_uint_eq(ticker_reader_position(reader), zip.size);
    ticker_reader_free(reader);
    ti_buffer_free(&quotes);
    ti_buffer_free(&trades);
    ti_buffer_free(&zip);
}
END_TEST

START_TEST(a_bad_member_does_not_end_it)
{
    ti_buffer quotes, zip;
    const ticker_batch *batch;
    ticker_reader *reader;
    ticker_error error;

    bytes_init(&quotes);
    make_cotahist(&quotes, 3, "\r\n");
    zip = archive_of((zip_member[]){{.name = "readme", .data = "hello", .size = 5},
                                    {.name = "empty"},
                                    {.name = "cut", .data = quotes.data, .size = 500},
                                    {.name = "good", .data = quotes.data, .size = quotes.size}},
                     4);
    ti_error_init(&error);
    reader = ticker_reader_new(ticker_source_open_memory(zip.data, zip.size, "all.zip"), NULL);
    ck_assert_int_eq(ticker_reader_next_member(reader, &error), TICKER_FAILED);
    ck_assert_int_eq(error.kind, TICKER_ERROR_INPUT);
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL),
                     TICKER_FATAL); /* nothing to read, and not ended well */
    ticker_error_clear(&error);
    ck_assert_int_eq(ticker_reader_next_member(reader, &error), TICKER_FAILED);
    ck_assert_str_eq(error.message, "the file is empty");
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL), TICKER_FAILED);
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL), TICKER_OK);
    ck_assert_uint_eq(ticker_batch_rows(batch), 3);
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL), TICKER_DONE);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_DONE);
    ticker_reader_free(reader);
    ti_buffer_free(&quotes);
    ti_buffer_free(&zip);
}
END_TEST

START_TEST(a_damaged_archive_ends_it)
{
    ti_buffer quotes, zip;
    const ticker_batch *batch;
    ticker_reader *reader;
    ticker_error error;

    bytes_init(&quotes);
    make_cotahist(&quotes, 3, "\r\n");
    zip = archive_of((zip_member[]){{.name = "bad", .data = quotes.data, .size = quotes.size, .bad_crc = true},
                                    {.name = "good", .data = quotes.data, .size = quotes.size}},
                     2);
    ti_error_init(&error);
    reader = ticker_reader_new(ticker_source_open_memory(zip.data, zip.size, "all.zip"), NULL);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL),
                     TICKER_FAILED); /* it is short enough to be read at once */
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_DONE);
    ticker_reader_free(reader);
    ti_buffer_free(&quotes);
    ti_buffer_free(&zip);
}
END_TEST

/* A wrong checksum is found at the member's end, when all its rows were delivered: it must not be taken for well ended. */
START_TEST(a_wrong_checksum_at_the_end)
{
    ti_buffer quotes, packed;
    outcome result;

    bytes_init(&quotes);
    make_cotahist(&quotes, 5000, "\r\n");
    for (int way = 0; way < 3; way++) {
        if (way == 0) {
            bytes_init(&packed);
            make_gzip(&packed, quotes.data, quotes.size);
            packed.data[packed.size - 8] ^= 1;
        } else {
            packed = archive_of(
                &(zip_member){
                    .name = "q", .data = quotes.data, .size = quotes.size, .bad_crc = true, .descriptor = way == 2},
                1);
        }
        read_bytes(&result, packed.data, packed.size, NULL);
        ck_assert_int_eq(result.status, TICKER_FAILED);
        ck_assert_int_eq(result.error.kind, TICKER_ERROR_INPUT);
        ck_assert_uint_gt(result.rows, 0);
        ti_buffer_free(&packed);
    }
    ti_buffer_free(&quotes);
}
END_TEST

/* --- Limits, failures, usage ---------------------------------------------------------------------------------------------------- */

START_TEST(limits_come_from_the_options)
{
    ticker_options *small = make_options("max-input-bytes=1KiB", NULL), *flat = make_options("max-nesting=0", NULL);
    ti_buffer quotes, zip;
    outcome result;

    bytes_init(&quotes);
    make_cotahist(&quotes, 10, "\r\n");
    zip = archive_of(&(zip_member){.name = "q", .data = quotes.data, .size = quotes.size}, 1);
    read_bytes(&result, quotes.data, quotes.size, small);
    ck_assert_int_eq(result.status, TICKER_FAILED);
    ck_assert_int_eq(result.error.kind, TICKER_ERROR_LIMIT);
    read_bytes(&result, zip.data, zip.size, small);
    ck_assert_int_eq(result.status, TICKER_FAILED);
    ck_assert_int_eq(result.error.kind, TICKER_ERROR_LIMIT);
    read_bytes(&result, zip.data, zip.size, flat);
    ck_assert_int_eq(result.error.kind, TICKER_ERROR_LIMIT);
    read_bytes(&result, quotes.data, quotes.size, flat);
    ck_assert_int_eq(result.status, TICKER_OK);
    ticker_options_free(small);
    ticker_options_free(flat);
    ti_buffer_free(&quotes);
    ti_buffer_free(&zip);
}
END_TEST

START_TEST(a_source_that_fails)
{
    ti_buffer quotes;

    bytes_init(&quotes);
    make_cotahist(&quotes, 10, "\r\n");
    for (size_t at = 0; at < quotes.size; at += 97) {
        pieces from = {.data = quotes.data, .size = quotes.size, .fail_at = at, .fail_with = TICKER_RETRY};
        outcome result;

        read_source(&result, pieces_source(&from), NULL);
        ck_assert_int_eq(result.status, TICKER_RETRY);
        ck_assert_str_eq(result.error.message, "the line is dead");
        ck_assert_uint_eq(from.closes, 1);
    }
    ti_buffer_free(&quotes);
}
END_TEST

START_TEST(usage)
{
    pieces from = {.data = "x", .size = 1};
    const ticker_batch *batch = NULL;
    ticker_reader *reader;

    ck_assert_ptr_null(ticker_reader_new(NULL, NULL));
    ticker_reader_free(NULL);
    ck_assert_int_eq(ticker_reader_next_member(NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_reader_next_batch(NULL, &batch, NULL), TICKER_FATAL);
    reader = ticker_reader_new(pieces_source(&from), NULL);
    ck_assert_ptr_nonnull(reader);
    ck_assert_int_eq(ticker_reader_next_batch(reader, NULL, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_reader_next_batch(reader, &batch, NULL), TICKER_FATAL); /* no member yet */
    ck_assert_ptr_null(batch);
    ck_assert_uint_eq(ticker_reader_position(reader), 0);
    ticker_reader_free(reader);
    ck_assert_uint_eq(from.closes, 1);
}
END_TEST

START_TEST(progress)
{
    ti_buffer quotes;
    const ticker_batch *batch;
    ticker_reader *reader;
    uint64_t last = 0;

    bytes_init(&quotes);
    make_cotahist(&quotes, 20000, "\r\n");
    reader = ticker_reader_new(ticker_source_open_memory(quotes.data, quotes.size, "q"), NULL);
    ck_assert_int_eq(ticker_reader_next_member(reader, NULL), TICKER_OK);
    while (ticker_reader_next_batch(reader, &batch, NULL) == TICKER_OK) {
        uint64_t now = ticker_reader_position(reader);
        uint64_t line = ticker_batch_line(batch, ticker_batch_rows(batch) - 1);

        ck_assert_uint_ge(now, last);
        ck_assert_uint_ge(now, line * 247);              /* what was delivered was read */
        ck_assert_uint_le(now, line * 247 + 600 * 1024); /* and not much more */
        last = now;
    }
    ck_assert_uint_eq(last, quotes.size);
    ticker_reader_free(reader);
    ti_buffer_free(&quotes);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        cotahist_in_pieces,
        trades_in_pieces,
        neg_in_pieces,
        consolidated_in_pieces,
        damaged_files_in_pieces,
        archives_in_pieces,
        the_digest_sees_a_difference,
        members_one_after_the_other,
        a_bad_member_does_not_end_it,
        a_damaged_archive_ends_it,
        a_wrong_checksum_at_the_end,
        limits_come_from_the_options,
        a_source_that_fails,
        usage,
        progress,
    };

    return run_tests("reader", tests, COUNT(tests));
}
