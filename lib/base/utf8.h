/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef TI_BASE_UTF8_H
#define TI_BASE_UTF8_H

#include "base/slice.h"

#define TI_UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, for a byte that is not UTF-8 */

/* The bytes of the character that `text` begins with; 0 when it begins with none. */
size_t ti_utf8_length(ti_slice text);
/* Copies `text` with U+FFFD in the place of every byte that is not UTF-8, and of NUL, as far as whole characters fit into `size` bytes
 * with a NUL behind them. Returns the bytes without the NUL. */
size_t ti_utf8_copy(char *to, size_t size, ti_slice text);

/* Room for a text of which ti_utf8_copy() is to fill `size` bytes: a character that is cut at its end does not fit any more, and so is
 * not taken for broken. */
#define TI_UTF8_ROOM(size) ((size) + 4)

#endif
