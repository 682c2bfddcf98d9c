/* One record of COTAHIST: 245 bytes into a row. The layout is cotahist.def. */
#ifndef TI_FORMAT_COTAHIST_RECORD_H
#define TI_FORMAT_COTAHIST_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "model/batch.h"

#define TI_COTAHIST_RECORD 245
#define TI_COTAHIST_TEXT_BYTES (2 * (2 + 12 + 3 + 12 + 10 + 4 + 12 + 3) + 8) /* the most a row's texts take in UTF-8 */

/* DATA of the record before: most records repeat it. Zero to begin with. */
typedef struct ti_cotahist_day {
    uint64_t word; /* its bytes */
    int64_t days;
} ti_cotahist_day;

/* Takes a record that is as the layout says, in printable ASCII, as row batch->rows (which it does not count up). False: look at it with
 * ti_cotahist_decode_odd(); the batch is then as before. Reads up to TI_STREAM_MARGIN bytes around the record. */
typedef bool (*ti_cotahist_decode)(ti_cotahist_day *day, const unsigned char *record, ticker_batch *batch);

/* With whole machine words: everywhere. */
bool ti_cotahist_decode_words(ti_cotahist_day *day, const unsigned char *record, ticker_batch *batch);
/* The fastest one for the processor that runs. */
ti_cotahist_decode ti_cotahist_choose_decoder(void);

/* What is wrong with a record: which field, where in it (0-based), and why. */
typedef struct ti_cotahist_fault {
    const char *field; /* B3's name */
    unsigned offset, length, at;
    const char *why;
} ti_cotahist_fault;

/* Takes any record of 245 bytes field by field, latin-1 to UTF-8. *repaired: PRAZOT was unreadable and taken for blank. False: *fault
 * says why not; the batch is then as before. */
bool ti_cotahist_decode_odd(const unsigned char *record, ticker_batch *batch, bool *repaired, ti_cotahist_fault *fault);

/* Whether all fields that must be digits are. */
bool ti_cotahist_is_record(const unsigned char *data, size_t size);

#endif
