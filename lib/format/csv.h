/* Finding the cells of a ';' file, many rows at once: positions of separators and line ends first, decoding after. The scan knows
 * no quotes: a line that has some is cut again by ti_csv_split_quoted(). Line ends within quotes are not supported. */
#ifndef TI_FORMAT_CSV_H
#define TI_FORMAT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport/limits.h>

#include "base/slice.h"

#define TI_CSV_BLOCK (16 * 1024) /* bytes looked at in one go */

typedef struct ti_csv_index {
    uint32_t rows;
    uint32_t row_end[TI_CSV_BLOCK + 1]; /* for each row the number of the mark that is its line end */
    /* Where the separators and line ends stand, from mark[1] on; mark[0] stands just before the data, so that every cell begins behind one
     * mark and ends at the next. */
    uint32_t mark[TI_CSV_BLOCK + 16];
} ti_csv_index;

/* Indexes the whole rows in data[0 … size), size ≤ TI_CSV_BLOCK. Bytes up to 63 behind it are loaded, not used. */
void ti_csv_scan(ti_csv_index *index, const unsigned char *data, size_t size);
/* The same, a byte at a time: what the others are tested against and what machines that are no x86-64 use. */
void ti_csv_scan_scalar(ti_csv_index *index, const unsigned char *data, size_t size);

/* The ways to do it, the fastest first. False: this processor cannot do it that way, and nothing was done. */
typedef bool (*ti_csv_scanner)(ti_csv_index *index, const unsigned char *data, size_t size);
#define TI_CSV_SCANNERS 3
extern const ti_csv_scanner ti_csv_scanners[TI_CSV_SCANNERS];

/* Cells of a line, without its line end; the number of columns, or 0 when there are more than TICKER_CSV_COLUMNS_MAX. */
unsigned ti_csv_split(ti_slice line, ti_slice cells[TICKER_CSV_COLUMNS_MAX]);
/* The same where cells may stand in quotes (RFC 4180): they may hold ';' then, and a doubled quote is one. A quote within a cell that does
 * not begin with one is an ordinary character. Cells without their quotes are in `unquoted`, which has room for line.size bytes; the others
 * in the line. 0 with *why when quotes are not used well, 0 without (NULL) when there are too many columns. */
unsigned ti_csv_split_quoted(ti_slice line, char *unquoted, ti_slice cells[TICKER_CSV_COLUMNS_MAX], const char **why);

#endif
