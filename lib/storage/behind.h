/* Writing behind: while the caller fills a block, one thread writes those before it and another hashes them, so that receiving, hashing
 * and the disk go on beside each other. */
#ifndef TI_STORAGE_BEHIND_H
#define TI_STORAGE_BEHIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"

#define TI_BEHIND_BLOCK_BYTES ((size_t)512 * 1024)

typedef struct ti_behind ti_behind;

/* Writes to `file` from its position on and adds to `hash`, which are not to be used otherwise until all is waited for or freed. NULL: no
 * memory or no thread. */
ti_behind *ti_behind_new(int file, ti_sha256 *hash);
/* Stops where it is; accepts NULL. */
void ti_behind_free(ti_behind *behind);
/* Where the next TI_BEHIND_BLOCK_BYTES go; waits for a block to be free. NULL: that failed; errno says why writing did, and 0 that hashing
 * did. */
char *ti_behind_block(ti_behind *behind);
/* The block that was handed out holds `size` bytes, to be written and hashed. */
void ti_behind_put(ti_behind *behind, size_t size);
/* Waits until all is written and hashed. False: that failed, errno as above. */
bool ti_behind_wait(ti_behind *behind);

#endif
