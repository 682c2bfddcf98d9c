/* Numbers that nobody can guess, from the kernel. */
#ifndef TI_BASE_RANDOM_H
#define TI_BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* False when the kernel has none (it has them but early at boot and in odd sandboxes); errno says why. */
bool ti_random(void *data, size_t size);
/* `size` random bytes as lower-case hex: 2 * size + 1 bytes at `text`; at most 64 bytes. */
bool ti_random_hex(size_t size, char *text);

#endif
