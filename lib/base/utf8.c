#include "base/utf8.h"

#include <string.h>

size_t ti_utf8_length(ti_slice text)
{
    const unsigned char *at = (const unsigned char *)text.data;
    unsigned char lead = text.size > 0 ? at[0] : 0xff;
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xc2 && lead < 0xe0 ? 2
                    : (lead & 0xf0) == 0xe0       ? 3
                    : lead >= 0xf0 && lead < 0xf5 ? 4
                                                  : 0;

    if (length > text.size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] >= 0xa0) || (lead == 0xf0 && at[1] < 0x90) ||
        (lead == 0xf4 && at[1] >= 0x90))
        return 0;
    return length;
}

size_t ti_utf8_copy(char *to, size_t size, ti_slice text)
{
    size_t used = 0;

    while (text.size > 0) {
        size_t length = text.data[0] != '\0' ? ti_utf8_length(text) : 0;
        ti_slice character = {text.data, length};

        if (length == 0)
            character = ti_slice_of(TI_UTF8_REPLACEMENT);
        if (used + character.size >= size)
            break;
        memcpy(to + used, character.data, character.size);
        used += character.size;
        length += length == 0;
        text = (ti_slice){text.data + length, text.size - length};
    }
    to[used] = '\0';
    return used;
}
