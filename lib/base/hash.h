/* SHA-256 of a stream, HMAC-SHA256, MD5. The only part that knows libcrypto. */
#ifndef TI_BASE_HASH_H
#define TI_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

#define TI_SHA256_BYTES 32
#define TI_MD5_BYTES 16
#define TI_SHA256_TEXT_MAX 65 /* 64 hex digits and NUL */

typedef struct ti_sha256 ti_sha256;

ti_sha256 *ti_sha256_new(void); /* NULL: no memory, or libcrypto refused */
void ti_sha256_free(ti_sha256 *hash);
bool ti_sha256_update(ti_sha256 *hash, const void *data, size_t size);
/* Ends it; lower-case hex. Nothing more may be added. */
bool ti_sha256_finish(ti_sha256 *hash, char text[TI_SHA256_TEXT_MAX]);
/* The same as 32 bytes, and ready for another stream. */
bool ti_sha256_digest(ti_sha256 *hash, unsigned char digest[TI_SHA256_BYTES]);

/* In one call; false only when libcrypto refused. */
bool ti_sha256_of(const void *data, size_t size, unsigned char digest[TI_SHA256_BYTES]);
bool ti_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                    unsigned char digest[TI_SHA256_BYTES]);
bool ti_md5_of(const void *data, size_t size, unsigned char digest[TI_MD5_BYTES]);

/* HMAC-SHA256 with one key for many messages: the key's share of the work is done once. One thread at a time. */
typedef struct ti_hmac ti_hmac;
ti_hmac *ti_hmac_new(const void *key, size_t size); /* NULL: no memory, or libcrypto refused */
void ti_hmac_free(ti_hmac *hmac);                   /* wipes the key */
bool ti_hmac_of(ti_hmac *hmac, const void *data, size_t size, unsigned char digest[TI_SHA256_BYTES]);

#endif
