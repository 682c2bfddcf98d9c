/* The cache suite on the cache in memory. */
#include "cache_suite.h"

static const cache_backend backend = {.name = "memory", .url = "memory:"};

int main(void)
{
    return cache_suite_run(cache_suite(&backend));
}
