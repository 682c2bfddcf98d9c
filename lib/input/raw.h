/* The lowest layer: the source's own bytes, counted and hashed. */
#ifndef TI_INPUT_RAW_H
#define TI_INPUT_RAW_H

#include "base/hash.h"
#include "input/layer.h"
#include "input/source.h"

/* Takes the source over; it may give at most `max` bytes. NULL: no memory; the source is freed then too. */
ti_layer *ti_raw_new(ticker_source *source, uint64_t max);

/* From here on (before the first read) the bytes are hashed as they pass. TICKER_FATAL: libcrypto refused. */
ticker_status ti_raw_keep_hash(ti_layer *layer, ticker_error *error);
/* The hash of all bytes of the source, also when they have not been read yet: a regular file is hashed from its start, whatever else
 * (a pipe, a download) is read to its end into a temporary file that later reads are served from; it needs ti_raw_keep_hash(). */
ticker_status ti_raw_sha256(ti_layer *layer, char text[TI_SHA256_TEXT_MAX], ticker_error *error);
/* Whether the hash can be had before anything is read, and whether it can be had now, without storing the source. */
bool ti_raw_can_hash_first(const ti_layer *layer);
bool ti_raw_can_hash_now(const ti_layer *layer);
/* TICKER_RETRY when a regular file was changed since it was hashed. */
ticker_status ti_raw_check_unchanged(const ti_layer *layer, ticker_error *error);

/* Bytes taken from the source so far; those it has (-1: unknown until read to the end). */
uint64_t ti_raw_position(const ti_layer *layer);
int64_t ti_raw_size(const ti_layer *layer);

#endif
