/* SHA-256 of a stream. The only part that knows libcrypto. */
#ifndef TI_BASE_HASH_H
#define TI_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

#define TI_SHA256_TEXT_MAX 65 /* 64 hex digits and NUL */

typedef struct ti_sha256 ti_sha256;

ti_sha256 *ti_sha256_new(void); /* NULL: no memory, or libcrypto refused */
void ti_sha256_free(ti_sha256 *hash);
bool ti_sha256_update(ti_sha256 *hash, const void *data, size_t size);
/* Ends it; lower-case hex. Nothing more may be added. */
bool ti_sha256_finish(ti_sha256 *hash, char text[TI_SHA256_TEXT_MAX]);

#endif
