/* What bytes are, told by the first of them: for whoever has to decide before the rest is there. */
#include <tickerimport/reader.h>

#include "format/format.h"
#include "input/layer.h"

_Static_assert(TICKER_FORMAT_GUESS_MAX == TI_BID_BYTES, "a guess looks at what a bid looks at");

const char *ticker_format_guess(const void *data, size_t size)
{
    const ti_format *format;

    if (data == NULL || size == 0)
        return NULL;
    if (size > TI_BID_BYTES)
        size = TI_BID_BYTES;
    if (ti_zip_recognise(data, size))
        return "zip";
    if (ti_gzip_recognise(data, size))
        return "gzip";
    format = ti_format_recognise(data, size);
    return format != NULL ? format->name : NULL;
}
