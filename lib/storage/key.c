/* Keys: "<16 hex digits>/<name>". The digits keep equal names apart; the name is for people. */
#include <string.h>

#include "base/random.h"
#include "base/utf8.h"
#include "storage/storage.h"

#define NAMELESS "upload"
#define ENDING_MAX 16 /* bytes of ".csv.gz" and the like that a name keeps when it is cut */

/* Characters that nobody sees, or that turn the reading direction of what stands behind them. */
static bool is_invisible(const unsigned char *at, size_t length)
{
    if (length == 1)
        return at[0] < ' ' || at[0] == 0x7f;
    if (length == 2)
        return at[0] == 0xc2 && at[1] < 0xa0; /* U+0080 to U+009F */
    if (length == 3 && at[0] == 0xe2 && at[1] == 0x80)
        return (at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xa8 && at[2] <= 0xae); /* U+200B … F, U+2028 … E */
    return length == 3 && at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9; /* U+2066 … 9 */
}

/* What of the character that `text` begins with goes into a name. */
static ti_slice clean_character(ti_slice text, size_t *length)
{
    *length = ti_utf8_length(text);
    if (*length == 0) {
        *length = 1;
        return ti_slice_of("_");
    }
    if (text.data[0] == '/' || text.data[0] == '\\' || is_invisible((const unsigned char *)text.data, *length))
        return ti_slice_of("_");
    return (ti_slice){text.data, *length};
}

/* Copies as many whole characters as fit into `size` bytes with a NUL. */
static size_t clean_text(char *to, size_t size, ti_slice text)
{
    size_t used = 0, length;

    for (; text.size > 0; text = (ti_slice){text.data + length, text.size - length}) {
        ti_slice character = clean_character(text, &length);

        if (used + character.size >= size)
            break;
        memcpy(to + used, character.data, character.size);
        used += character.size;
    }
    to[used] = '\0';
    return used;
}

void ti_clean_name(const char *name, char clean[TICKER_STORED_NAME_MAX + 1])
{
    ti_slice text = ti_slice_of(name != NULL && name[0] != '\0' ? name : NAMELESS);
    char ending[ENDING_MAX + 1] = "";
    const char *dot = strrchr(text.data, '.');
    size_t rest = dot != NULL ? strlen(dot) : 0;

    if (text.size > TICKER_STORED_NAME_MAX && rest > 0 && rest <= ENDING_MAX)
        (void)clean_text(ending, sizeof(ending), (ti_slice){dot, rest});
    (void)clean_text(clean, TICKER_STORED_NAME_MAX + 1 - strlen(ending), text);
    memcpy(clean + strlen(clean), ending, strlen(ending) + 1);
    for (char *at = clean; *at == '.'; at++) /* hidden, or a way up */
        *at = '_';
}

bool ti_new_key(const char *name, char key[TI_NEW_KEY_MAX])
{
    if (!ti_random_hex(TI_KEY_RANDOM_BYTES, key))
        return false;
    key[2 * TI_KEY_RANDOM_BYTES] = '/';
    ti_clean_name(name, key + 2 * TI_KEY_RANDOM_BYTES + 1);
    return true;
}

bool ti_key_stays(const char *key, bool strict)
{
    size_t size = key != NULL ? strnlen(key, TICKER_KEY_MAX) : 0;

    if (size == 0 || size >= TICKER_KEY_MAX)
        return false;
    for (const char *part = key; part != NULL;) {
        const char *slash = strchr(part, '/');
        ti_slice here = {part, slash != NULL ? (size_t)(slash - part) : strlen(part)};

        if (ti_slice_is(here, ".") || ti_slice_is(here, ".."))
            return false;
        if (strict && (here.size == 0 || here.data[0] == '.'))
            return false;
        part = slash != NULL ? slash + 1 : NULL;
    }
    return true;
}
