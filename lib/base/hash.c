#include "base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"

#define BLOCK 64 /* what SHA-256 works on at a time */

/* libcrypto looks an algorithm up by name whenever a context gets a new one, which costs more than hashing a short text.
 * A context that is begun again with what it has (NULL) or copied from another does not. */
struct ti_sha256 {
    EVP_MD_CTX *context;
    bool begun; /* false: it could not be begun again, and libcrypto would crash if it were used */
};

ti_sha256 *ti_sha256_new(void)
{
    ti_sha256 *hash = malloc(sizeof(*hash));

    if (hash == NULL)
        return NULL;
    hash->context = EVP_MD_CTX_new();
    if (hash->context == NULL || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1) {
        ti_sha256_free(hash);
        return NULL;
    }
    hash->begun = true;
    return hash;
}

void ti_sha256_free(ti_sha256 *hash)
{
    if (hash == NULL)
        return;
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

bool ti_sha256_update(ti_sha256 *hash, const void *data, size_t size)
{
    return hash->begun && EVP_DigestUpdate(hash->context, data, size) == 1;
}

static bool finish(EVP_MD_CTX *context, unsigned char digest[TI_SHA256_BYTES])
{
    unsigned int size = 0;

    return EVP_DigestFinal_ex(context, digest, &size) == 1 && size == TI_SHA256_BYTES;
}

bool ti_sha256_finish(ti_sha256 *hash, char text[TI_SHA256_TEXT_MAX])
{
    unsigned char digest[TI_SHA256_BYTES];

    text[0] = '\0';
    if (!hash->begun || !finish(hash->context, digest))
        return false;
    ti_hex(digest, sizeof(digest), text);
    return true;
}

bool ti_sha256_digest(ti_sha256 *hash, unsigned char digest[TI_SHA256_BYTES])
{
    hash->begun = hash->begun && finish(hash->context, digest) && EVP_DigestInit_ex(hash->context, NULL, NULL) == 1;
    return hash->begun;
}

bool ti_sha256_of(const void *data, size_t size, unsigned char digest[TI_SHA256_BYTES])
{
    unsigned int length = 0;

    return EVP_Digest(data, size, digest, &length, EVP_sha256(), NULL) == 1 && length == TI_SHA256_BYTES;
}

bool ti_md5_of(const void *data, size_t size, unsigned char digest[TI_MD5_BYTES])
{
    unsigned int length = 0;

    return EVP_Digest(data, size, digest, &length, EVP_md5(), NULL) == 1 && length == TI_MD5_BYTES;
}

/* RFC 2104: H(outer key, H(inner key, message)). `inner` and `outer` have taken their key and are only copied from. */
struct ti_hmac {
    EVP_MD_CTX *inner, *outer, *work;
};

static bool keyed(EVP_MD_CTX **context, const unsigned char key[BLOCK], unsigned char pad)
{
    unsigned char block[BLOCK];
    bool done;

    for (size_t i = 0; i < BLOCK; i++)
        block[i] = key[i] ^ pad;
    *context = EVP_MD_CTX_new();
    done = *context != NULL && EVP_DigestInit_ex(*context, EVP_sha256(), NULL) == 1 &&
           EVP_DigestUpdate(*context, block, BLOCK) == 1;
    explicit_bzero(block, sizeof(block));
    return done;
}

ti_hmac *ti_hmac_new(const void *key, size_t size)
{
    ti_hmac *hmac = calloc(1, sizeof(*hmac));
    unsigned char block[BLOCK] = {0};
    bool done;

    if (hmac == NULL)
        return NULL;
    if (size > 0 && size <= BLOCK)
        memcpy(block, key, size);
    done = (size <= BLOCK || ti_sha256_of(key, size, block)) && keyed(&hmac->inner, block, 0x36) &&
           keyed(&hmac->outer, block, 0x5c);
    explicit_bzero(block, sizeof(block));
    hmac->work = EVP_MD_CTX_new();
    if (!done || hmac->work == NULL) {
        ti_hmac_free(hmac);
        return NULL;
    }
    return hmac;
}

/* libcrypto wipes a context's state when it frees it. */
void ti_hmac_free(ti_hmac *hmac)
{
    if (hmac == NULL)
        return;
    EVP_MD_CTX_free(hmac->inner);
    EVP_MD_CTX_free(hmac->outer);
    EVP_MD_CTX_free(hmac->work);
    free(hmac);
}

bool ti_hmac_of(ti_hmac *hmac, const void *data, size_t size, unsigned char digest[TI_SHA256_BYTES])
{
    return EVP_MD_CTX_copy_ex(hmac->work, hmac->inner) == 1 && EVP_DigestUpdate(hmac->work, data, size) == 1 &&
           finish(hmac->work, digest) && EVP_MD_CTX_copy_ex(hmac->work, hmac->outer) == 1 &&
           EVP_DigestUpdate(hmac->work, digest, TI_SHA256_BYTES) == 1 && finish(hmac->work, digest);
}

bool ti_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                    unsigned char digest[TI_SHA256_BYTES])
{
    ti_hmac *hmac = ti_hmac_new(key, key_size);
    bool done = hmac != NULL && ti_hmac_of(hmac, data, size, digest);

    ti_hmac_free(hmac);
    return done;
}
