/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef TI_BASE_UTF8_H
#define TI_BASE_UTF8_H

#include "base/slice.h"

#define TI_UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, for a byte that is not UTF-8 */

/* The bytes of the character that `text` begins with; 0 when it begins with none. */
size_t ti_utf8_length(ti_slice text);

#endif
