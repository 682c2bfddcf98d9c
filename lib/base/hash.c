#include "base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct ti_sha256 {
    EVP_MD_CTX *context;
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
    return EVP_DigestUpdate(hash->context, data, size) == 1;
}

bool ti_sha256_finish(ti_sha256 *hash, char text[TI_SHA256_TEXT_MAX])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;

    text[0] = '\0';
    if (EVP_DigestFinal_ex(hash->context, digest, &size) != 1 || size != 32)
        return false;
    for (unsigned int i = 0; i < size; i++) {
        text[2 * i] = hex[digest[i] >> 4];
        text[2 * i + 1] = hex[digest[i] & 15];
    }
    text[64] = '\0';
    return true;
}
