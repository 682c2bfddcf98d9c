/* Reading an input to its end through the public interface, for the targets that hand files to the library: what came of it as one number,
 * and what must hold whatever the bytes are. A target of another format is a file that calls fuzz_format(). */
#ifndef TEST_FUZZ_READING_H
#define TEST_FUZZ_READING_H

#include <stddef.h>
#include <stdint.h>

#include <tickerimport.h>

#include "fuzz.h"

/* How a source gives its bytes: all that is asked for (0), so many a read (1 … 255), or 256 + a seed: random numbers of them. */
typedef unsigned reading_piece;

typedef struct reading {
    ticker_status status; /* the first failure, or TICKER_OK */
    ticker_error *error;
    size_t members, rows, rejected; /* `rejected` and `repaired`: of all members */
    size_t repaired;
    uint64_t digest; /* of every batch and report of the members that ended well */
} reading;

/* Reads all members, and looks at what comes. `options` may be NULL. To be ended by reading_end(). */
void reading_begin(reading *result, const void *data, size_t size, reading_piece piece, const ticker_options *options);
void reading_end(reading *result);
/* The same rows in the same batches, the same reports, the same failure in the same place. */
void reading_same(const reading *a, const reading *b);

/* "name", "value" …, ended by NULL; to be freed. */
ticker_options *reading_options(const char *first, ...) __attribute__((sentinel));

/* A whole target for one format. The input is two bytes and the file: '0' + 1 (force) + 2 (on-error=reject) + 4 (the format is named
 * instead of recognised), and how its bytes come (a reading_piece; 0: at random). The file is read at once, in pieces, and with the
 * other options; what one of them says must fit the others. */
int fuzz_format(const char *format, const uint8_t *data, size_t size);

#endif
