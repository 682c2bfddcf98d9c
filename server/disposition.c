/* Names in the headers of a form. Browsers and programs disagree on how a name is quoted, so this takes them all: \" and \\ are escapes
 * and any other backslash is itself (C:\new\file), %22 is a quotation mark (as browsers write it), and what is no UTF-8 is Latin-1. */
#include "disposition.h"

#include <string.h>
#include <strings.h>

#include "text.h"

#define RAW_MAX 4096  /* bytes of one value that are looked at */
#define ENDING_MAX 16 /* bytes of ".csv.gz" and the like that a name keeps when it is cut */

typedef struct text {
    const char *data;
    size_t size;
} text;

typedef struct parameter {
    text name, value; /* the value without its quotes, escapes still in it */
    bool quoted;
} parameter;

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static void skip(text *rest, size_t size)
{
    rest->data += size;
    rest->size -= size;
}

static void skip_blanks(text *rest)
{
    while (rest->size > 0 && is_blank(rest->data[0]))
        skip(rest, 1);
}

/* Takes what stands before one of `ends`, or before the end. */
static text take_until(text *rest, const char *ends)
{
    text taken = {rest->data, 0};

    while (taken.size < rest->size && (rest->data[taken.size] == '\0' || strchr(ends, rest->data[taken.size]) == NULL))
        taken.size++;
    skip(rest, taken.size);
    return taken;
}

static bool is_escape(const char *at, size_t size)
{
    return size >= 2 && at[0] == '\\' && (at[1] == '"' || at[1] == '\\');
}

/* A quoted value whose first quotation mark is taken. */
static bool take_quoted(text *rest, text *value)
{
    size_t at = 0;

    while (at < rest->size && rest->data[at] != '"')
        at += is_escape(rest->data + at, rest->size - at) ? 2 : 1;
    if (at >= rest->size)
        return false;
    *value = (text){rest->data, at};
    skip(rest, at + 1);
    return true;
}

/* The next of "; name=value". 1: here it is; 0: there is none; -1: this is none. */
static int next_parameter(text *rest, parameter *found)
{
    do {
        skip_blanks(rest);
        if (rest->size == 0)
            return 0;
        if (rest->data[0] != ';')
            return -1;
        skip(rest, 1);
        skip_blanks(rest);
    } while (rest->size == 0 || rest->data[0] == ';');
    found->name = take_until(rest, "=; \t\"");
    skip_blanks(rest);
    if (found->name.size == 0 || rest->size == 0 || rest->data[0] != '=')
        return -1;
    skip(rest, 1);
    skip_blanks(rest);
    found->quoted = rest->size > 0 && rest->data[0] == '"';
    if (!found->quoted) {
        found->value = take_until(rest, "; \t\"");
        return found->value.size > 0 ? 1 : -1;
    }
    skip(rest, 1);
    return take_quoted(rest, &found->value) ? 1 : -1;
}

static bool is_named(const parameter *it, const char *name)
{
    return it->name.size == strlen(name) && strncasecmp(it->name.data, name, it->name.size) == 0;
}

/* The value without its escapes; its length, cut at RAW_MAX. */
static size_t unquote(const parameter *it, char to[RAW_MAX])
{
    size_t used = 0;

    for (size_t i = 0; i < it->value.size && used < RAW_MAX; i++) {
        if (it->quoted && is_escape(it->value.data + i, it->value.size - i))
            i++;
        to[used++] = it->value.data[i];
    }
    return used;
}

/* --- Names of files ------------------------------------------------------------------------------------------------------------ */

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* Undoes %XX where it stands; with `only` not 0 just that byte. */
static size_t unpercent(char *data, size_t size, int only)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        int high = i + 2 < size && data[i] == '%' ? hex_digit(data[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(data[i + 2]) : -1;
        int byte = low >= 0 ? high * 16 + low : -1;

        if (byte >= 0 && (only == 0 || byte == only)) {
            data[used++] = (char)byte;
            i += 2;
        } else {
            data[used++] = data[i];
        }
    }
    return used;
}

/* NULs are no text, but do not end it. */
static bool is_utf8(const char *data, size_t size)
{
    char character[5];
    size_t length;

    for (size_t at = 0; at < size; at += length) {
        length = 1;
        if (data[at] == '\0')
            continue;
        memset(character, 0, sizeof(character));
        memcpy(character, data + at, size - at < 4 ? size - at : 4);
        length = front_utf8_length(character);
        if (length == 0)
            return false;
    }
    return true;
}

/* The next character: its bytes in UTF-8 at `to`, their number; what it took of the text in *length. */
static size_t character_of(const char *at, bool utf8, char to[4], size_t *length)
{
    unsigned char first = (unsigned char)at[0];
    char copy[5] = {0};

    *length = 1;
    if (first < 0x80) {
        to[0] = first < 0x20 || first == 0x7f ? '_' : at[0];
        return 1;
    }
    if (!utf8) {
        to[0] = (char)(0xc0 | first >> 6);
        to[1] = (char)(0x80 | (first & 0x3f));
    } else {
        *length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        memcpy(to, at, *length);
        memcpy(copy, at, *length);
    }
    if ((unsigned char)to[0] == 0xc2 && (unsigned char)to[1] < 0xa0) { /* U+0080 to U+009F */
        to[0] = '_';
        return 1;
    }
    return utf8 ? *length : 2;
}

/* Copies whole characters; the bytes used, without the NUL. */
static size_t copy_clean(text from, bool utf8, char *to, size_t capacity)
{
    size_t used = 0, length, size;
    char character[4];

    for (; from.size > 0; skip(&from, length)) {
        size = character_of(from.data, utf8, character, &length);
        if (used + size >= capacity)
            break;
        memcpy(to + used, character, size);
        used += size;
    }
    to[used] = '\0';
    return used;
}

/* A short ending, to be kept: ".zip"; "" none. */
static text ending_of(text name)
{
    for (size_t i = 1; i <= ENDING_MAX && i < name.size; i++)
        if (name.data[name.size - i] == '.')
            return (text){name.data + name.size - i, i};
    return (text){"", 0};
}

void clean_file_name(const char *raw, size_t size, char clean[FILE_NAME_MAX])
{
    bool utf8 = is_utf8(raw, size);
    text name = {raw, size}, ending;
    char tail[2 * ENDING_MAX + 1] = "";
    size_t used;

    for (size_t i = 0; i < size; i++)
        if (raw[i] == '/' || raw[i] == '\\')
            name = (text){raw + i + 1, size - i - 1};
    used = copy_clean(name, utf8, clean, FILE_NAME_MAX);
    if (used + 4 >= FILE_NAME_MAX) { /* perhaps cut: so that it keeps its ending */
        ending = ending_of(name);
        used = copy_clean(ending, utf8, tail, sizeof(tail));
        if (ending.size > 0) {
            name.size -= ending.size;
            (void)copy_clean(name, utf8, clean, FILE_NAME_MAX - used);
            memcpy(clean + strlen(clean), tail, used + 1);
        }
    }
    if (strspn(clean, ". ") == strlen(clean))
        clean[0] = '\0';
}

/* The value of filename*: charset'language'text with %XX. */
static bool take_extended(const parameter *it, char file[FILE_NAME_MAX])
{
    const char *first = memchr(it->value.data, '\'', it->value.size), *second;
    char raw[RAW_MAX], clean[FILE_NAME_MAX];
    size_t before, rest;

    if (first == NULL)
        return false;
    before = (size_t)(first - it->value.data);
    second = memchr(first + 1, '\'', it->value.size - before - 1);
    if (second == NULL || !((before == 5 && strncasecmp(it->value.data, "utf-8", 5) == 0) ||
                            (before == 10 && strncasecmp(it->value.data, "iso-8859-1", 10) == 0)))
        return false;
    rest = it->value.size - (size_t)(second + 1 - it->value.data);
    if (rest > RAW_MAX)
        return false;
    memcpy(raw, second + 1, rest);
    clean_file_name(raw, unpercent(raw, rest, 0), clean);
    if (clean[0] == '\0')
        return false;
    memcpy(file, clean, sizeof(clean));
    return true;
}

/* --- Headers ------------------------------------------------------------------------------------------------------------------- */

/* Takes what stands before the parameters. */
static text take_value(text *rest)
{
    text value;

    skip_blanks(rest);
    value = take_until(rest, ";");
    while (value.size > 0 && is_blank(value.data[value.size - 1]))
        value.size--;
    return value;
}

bool header_is(const char *header, size_t size, const char *value)
{
    text rest = {header, size}, found = take_value(&rest);

    return found.size == strlen(value) && strncasecmp(found.data, value, found.size) == 0;
}

int header_parameter(const char *header, size_t size, const char *name, char *value, size_t capacity)
{
    text rest = {header, size};
    char raw[RAW_MAX];
    parameter it;
    size_t used;

    (void)take_value(&rest);
    while (next_parameter(&rest, &it) == 1) {
        if (!is_named(&it, name))
            continue;
        used = unquote(&it, raw);
        if (memchr(raw, '\0', used) != NULL || capacity == 0)
            return -1;
        memcpy(value, raw, used < capacity ? used : capacity - 1);
        value[used < capacity ? used : capacity - 1] = '\0';
        return (int)used;
    }
    return -1;
}

static void take_name(const parameter *it, char name[FIELD_NAME_MAX])
{
    char raw[RAW_MAX];
    size_t size = unpercent(raw, unquote(it, raw), '"');

    if (size >= FIELD_NAME_MAX)
        size = FIELD_NAME_MAX - 1;
    memcpy(name, raw, size);
    name[size] = '\0';
}

static void take_file(const parameter *it, char file[FILE_NAME_MAX])
{
    char raw[RAW_MAX];

    clean_file_name(raw, unpercent(raw, unquote(it, raw), '"'), file);
}

bool disposition_parse(const char *value, size_t size, disposition *found)
{
    bool named = false, extended = false;
    text rest = {value, size}, kind;
    parameter it;
    int next;

    memset(found, 0, sizeof(*found));
    kind = take_value(&rest);
    if (!header_is(kind.data, kind.size, "form-data"))
        return false;
    while ((next = next_parameter(&rest, &it)) == 1) {
        if (is_named(&it, "name") && !named) {
            take_name(&it, found->name);
            named = true;
        } else if (is_named(&it, "filename*") && !extended) {
            extended = take_extended(&it, found->file);
            found->has_file |= extended;
        } else if (is_named(&it, "filename") && !found->has_file) {
            take_file(&it, found->file);
            found->has_file = true;
        }
    }
    return next == 0 && named;
}
