/* Signed chunks: a body that is sent before all of it is known, each piece with a signature of its own. */
#include <stdio.h>
#include <string.h>

#include "aws/sigv4_parts.h"
#include "base/encode.h"
#include "base/error.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGNATURE_WORD ";chunk-signature="
#define STRING_MAX 512 /* of a chunk's string to sign, which has a fixed form */

ticker_status ti_sigv4_chunks_begin(ti_sigv4_chunks *chunks, const ti_sigv4_scope *scope, ti_sigv4_key *key,
                                    const char *seed, ticker_error *error)
{
    ticker_status status = ti_sigv4_key_check(key, scope, error);

    if (status == TICKER_OK && strlen(seed) != TI_SHA256_TEXT_MAX - 1)
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "signed chunks begin with the request's signature");
    if (status == TICKER_OK)
        status = ti_sigv4_scope_text(scope, chunks->scope, error);
    if (status != TICKER_OK)
        return status;
    chunks->key = key;
    ti_time_basic(scope->time, chunks->time);
    memcpy(chunks->previous, seed, TI_SHA256_TEXT_MAX);
    return TICKER_OK;
}

/* Signs `kind` and the hash of `data`; the signature is what the next one hangs on. */
static ticker_status sign_piece(ti_sigv4_chunks *chunks, const char *kind, const char *before_hash, const void *data,
                                size_t size, ticker_error *error)
{
    unsigned char hash[TI_SHA256_BYTES];
    char hex[TI_SHA256_TEXT_MAX], text[STRING_MAX];
    int length;

    if (!ti_sha256_update(chunks->key->hash, data, size) || !ti_sha256_digest(chunks->key->hash, hash))
        return ti_sigv4_no_hash(error);
    ti_hex(hash, sizeof(hash), hex);
    length = snprintf(text, sizeof(text), TI_SIGV4_ALGORITHM "-%s\n%s\n%s\n%s\n%s%s", kind, chunks->time, chunks->scope,
                      chunks->previous, before_hash, hex);
    if (length < 0 || (size_t)length >= sizeof(text))
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_INTERNAL, "a chunk's string to sign is too long");
    return ti_sigv4_signature(chunks->key, (ti_slice){text, (size_t)length}, chunks->previous, error);
}

ticker_status ti_sigv4_chunk(ti_sigv4_chunks *chunks, const void *data, size_t size, ti_buffer *head,
                             ticker_error *error)
{
    ticker_status status = sign_piece(chunks, "PAYLOAD", EMPTY_HASH "\n", data, size, error);

    if (status != TICKER_OK)
        return status;
    return ti_buffer_printf(head, "%zx" SIGNATURE_WORD "%s\r\n", size, chunks->previous) ? TICKER_OK
                                                                                         : ti_fail_memory(error);
}

ticker_status ti_sigv4_trailer(ti_sigv4_chunks *chunks, ti_slice name, ti_slice value, ti_buffer *trailer,
                               ticker_error *error)
{
    size_t start = trailer->size;
    ticker_status status;

    (void)ti_buffer_slice(trailer, name);
    (void)ti_buffer_byte(trailer, ':');
    (void)ti_buffer_slice(trailer, value);
    if (!ti_buffer_byte(trailer, '\n'))
        return ti_fail_memory(error);
    status = sign_piece(chunks, "TRAILER", "", trailer->data + start, trailer->size - start, error);
    if (status != TICKER_OK)
        return status;
    trailer->size--; /* signed with "\n", sent with "\r\n" */
    (void)ti_buffer_text(trailer, "\r\nx-amz-trailer-signature:");
    (void)ti_buffer_text(trailer, chunks->previous);
    return ti_buffer_text(trailer, "\r\n\r\n") ? TICKER_OK : ti_fail_memory(error);
}

static int64_t one_chunk(int64_t size)
{
    int64_t digits = 1;

    for (int64_t left = size; left >= 16; left /= 16)
        digits++;
    return digits + (int64_t)strlen(SIGNATURE_WORD) + TI_SHA256_TEXT_MAX - 1 + 2 + size + 2;
}

int64_t ti_sigv4_chunked_size(int64_t size, int64_t chunk)
{
    int64_t rest = size % chunk;

    return size / chunk * one_chunk(chunk) + (rest > 0 ? one_chunk(rest) : 0) + one_chunk(0);
}
