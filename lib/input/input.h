/* A source with everything that is wrapped around its data taken off: one data member after the other, whatever archives they stand in. */
#ifndef TI_INPUT_INPUT_H
#define TI_INPUT_INPUT_H

#include "base/hash.h"
#include "input/source.h"
#include "input/stream.h"

typedef struct ti_input_limits {
    uint64_t bytes; /* decompressed, of the whole input */
    uint64_t ratio; /* decompressed bytes a stored one, looked at past TI_RATIO_FROM */
    unsigned nesting;
} ti_input_limits;

#define TI_RATIO_FROM (16 * 1024 * 1024)

typedef struct ti_input ti_input;

/* Takes the source over, also when it fails (NULL: no memory). */
ti_input *ti_input_new(ticker_source *source, const ti_input_limits *limits);
void ti_input_free(ti_input *input);

/* Before the first member: from byte `from` on, members of archives are decompressed in a thread of their own, if one is to be had. All
 * else is as without, also who reads the source. */
void ti_input_read_ahead(ti_input *input, uint64_t from);

/* The next data member: TICKER_OK, TICKER_DONE, or a failure after which nothing more can be read. */
ticker_status ti_input_next(ti_input *input, ticker_error *error);
/* After a member was read to its end: whether what stands behind it (the next member, the end of the archive) is as it should be. Only then
 * is the member known to be whole; an archive may be cut off exactly behind it. */
ticker_status ti_input_look_behind(ti_input *input, ticker_error *error);
/* Bytes of the member; a ti_fill. */
ticker_status ti_input_read(void *input, void *buffer, size_t capacity, size_t *got, ticker_error *error);
/* The member's path within the archives, "" when the source is no archive. */
const char *ti_input_member(const ti_input *input);
const char *ti_input_name(const ti_input *input);

/* See ti_raw_*. */
ticker_status ti_input_keep_hash(ti_input *input, ticker_error *error);
ticker_status ti_input_sha256(ti_input *input, char text[TI_SHA256_TEXT_MAX], ticker_error *error);
bool ti_input_can_hash_first(const ti_input *input);
bool ti_input_can_hash_now(const ti_input *input);
ticker_status ti_input_check_unchanged(const ti_input *input, ticker_error *error);
uint64_t ti_input_position(const ti_input *input);
int64_t ti_input_size(const ti_input *input);

#endif
