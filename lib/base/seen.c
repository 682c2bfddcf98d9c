/* A Bloom filter in blocks of one cache line: a number sets four bits of one of them. */
#include "base/seen.h"

#include <stdlib.h>

#define WORDS 8 /* of a block: 64 bytes */
#define BLOCKS (TI_SEEN_BYTES / (WORDS * sizeof(uint64_t)))
#define BITS 4

struct ti_seen {
    uint64_t (*blocks)[WORDS];
    void *memory;
};

_Static_assert((BLOCKS & (BLOCKS - 1)) == 0, "a mask chooses the block");

ti_seen *ti_seen_new(void)
{
    ti_seen *seen = calloc(1, sizeof(*seen));

    if (seen == NULL)
        return NULL;
    seen->memory = calloc(BLOCKS + 1, sizeof(*seen->blocks)); /* one more, so that they can begin with a cache line */
    if (seen->memory == NULL) {
        free(seen);
        return NULL;
    }
    seen->blocks = (uint64_t(*)[WORDS])(((uintptr_t)seen->memory + sizeof(*seen->blocks) - 1) &
                                        ~(uintptr_t)(sizeof(*seen->blocks) - 1));
    return seen;
}

void ti_seen_free(ti_seen *seen)
{
    if (seen == NULL)
        return;
    free(seen->memory);
    free(seen);
}

/* The low bits choose the block, the high ones, nine for each, the bits in it. */
static uint64_t *block_of(const ti_seen *seen, uint64_t hash)
{
    return seen->blocks[hash & (BLOCKS - 1)];
}

void ti_seen_expect(const ti_seen *seen, uint64_t hash)
{
    __builtin_prefetch(block_of(seen, hash), 1);
}

bool ti_seen_add(ti_seen *seen, uint64_t hash)
{
    uint64_t *block = block_of(seen, hash);
    bool before = true;

    for (unsigned i = 0; i < BITS; i++) {
        unsigned at = (unsigned)(hash >> (64 - 9 * (i + 1))) & 511;
        uint64_t bit = UINT64_C(1) << (at & 63);

        before &= (block[at >> 6] & bit) != 0;
        block[at >> 6] |= bit;
    }
    return before;
}
