/* Writing behind: a thread writes one block while the caller fills the next, so that receiving and hashing go on beside the disk. */
#ifndef TI_STORAGE_BEHIND_H
#define TI_STORAGE_BEHIND_H

#include <stdbool.h>
#include <stddef.h>

#define TI_BEHIND_BLOCK_BYTES ((size_t)512 * 1024)

typedef struct ti_behind ti_behind;

/* Writes to `file` from its position on; NULL: no memory or no thread. */
ti_behind *ti_behind_new(int file);
/* Stops where it is; accepts NULL. */
void ti_behind_free(ti_behind *behind);
/* Where the next TI_BEHIND_BLOCK_BYTES go; waits for a block to be free. NULL: writing failed, errno says why. */
char *ti_behind_block(ti_behind *behind);
/* The block that was handed out holds `size` bytes, to be written. */
void ti_behind_put(ti_behind *behind, size_t size);
/* Waits until all is written. False: writing failed, errno says why. */
bool ti_behind_wait(ti_behind *behind);

#endif
