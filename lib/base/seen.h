/* Which numbers may have come before: never wrong when it says that one has not, seldom wrong when it says that one may have. */
#ifndef TI_BASE_SEEN_H
#define TI_BASE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#define TI_SEEN_BYTES                                                                                                  \
    ((size_t)16 * 1024 * 1024) /* of a few million numbers less than one in a thousand is taken for another */

typedef struct ti_seen ti_seen;

ti_seen *ti_seen_new(void); /* NULL: no memory. What is not used of it takes none. */
void ti_seen_free(ti_seen *seen);
/* Says that the number will soon be asked for. */
void ti_seen_expect(const ti_seen *seen, uint64_t hash);
/* Whether the number may have been added before; now it has. All bits of it must be evenly spread. */
bool ti_seen_add(ti_seen *seen, uint64_t hash);

#endif
