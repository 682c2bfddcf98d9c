/* The query string and the path of a request, undone. All of it is somebody else's text. */
#include <string.h>

#include "server.h"
#include "text.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* UTF-8 without control characters, those of two bytes (U+0080 to U+009F) counted in. */
static bool clean(const char *text)
{
    while (*text != '\0') {
        size_t length = front_utf8_length(text);

        if (length == 0 || (length == 1 && ((unsigned char)*text < 0x20 || *text == 0x7f)) ||
            (length == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0))
            return false;
        text += length;
    }
    return true;
}

bool decode_text(char *text, bool form)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '%') {
            int high = hex_digit(from[1]), low = high >= 0 ? hex_digit(from[2]) : -1;

            if (low < 0 || (high == 0 && low == 0))
                return false;
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = form && *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
    return clean(text);
}

static bool add_parameter(exchange *x, request *r, char *pair)
{
    char *value = strchr(pair, '=');

    if (value != NULL)
        *value++ = '\0';
    if (!decode_text(pair, true) || (value != NULL && !decode_text(value, true))) {
        problem_answer(x, 400, "the query string is not percent-encoded UTF-8 without control characters");
        return false;
    }
    if (request_value(r, pair) != NULL) {
        problem_printf(x, 400, "the parameter \"%.64s\" is there more than once; a list has commas between its parts",
                       pair);
        return false;
    }
    if (r->parameter_count == SERVER_PARAMETERS_MAX) {
        problem_printf(x, 400, "the query string has more than %d parameters", SERVER_PARAMETERS_MAX);
        return false;
    }
    r->parameters[r->parameter_count].name = pair;
    r->parameters[r->parameter_count].value = value != NULL ? value : "";
    r->parameter_count++;
    return true;
}

bool decode_query(exchange *x, request *r)
{
    char *text, *next;

    if (x->query[0] == '\0')
        return true;
    text = exchange_copy(x, x->query, strlen(x->query));
    if (text == NULL) {
        problem_answer(x, 500, NULL);
        return false;
    }
    for (; text != NULL; text = next) {
        next = strchr(text, '&');
        if (next != NULL)
            *next++ = '\0';
        if (*text != '\0' && !add_parameter(x, r, text))
            return false;
    }
    return true;
}

const char *request_value(const request *r, const char *name)
{
    for (size_t i = 0; i < r->parameter_count; i++)
        if (strcmp(r->parameters[i].name, name) == 0)
            return r->parameters[i].value;
    return NULL;
}

static bool unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

char *encode_text(exchange *x, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = exchange_memory(x, strlen(text) * 3 + 1), *to = encoded;

    if (encoded == NULL)
        return NULL;
    for (; *text != '\0'; text++) {
        if (unreserved(*text)) {
            *to++ = *text;
        } else {
            *to++ = '%';
            *to++ = digits[(unsigned char)*text >> 4];
            *to++ = digits[(unsigned char)*text & 15];
        }
    }
    *to = '\0';
    return encoded;
}
