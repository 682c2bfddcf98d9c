#include "base/encode.h"

#include <stdint.h>

static const char lower_hex[] = "0123456789abcdef";
static const char upper_hex[] = "0123456789ABCDEF";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void ti_hex(const void *data, size_t size, char *text)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        text[2 * i] = lower_hex[bytes[i] >> 4];
        text[2 * i + 1] = lower_hex[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

/* 16 and more: no digit. */
static unsigned hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (unsigned)(digit - 'a') + 10;
    if (digit >= 'A' && digit <= 'F')
        return (unsigned)(digit - 'A') + 10;
    return 16;
}

/* Two digits; 256 and more: not both are digits. */
static unsigned hex_byte(const char *text)
{
    unsigned high = hex_digit(text[0]), low = hex_digit(text[1]);

    return (high | low) < 16 ? high * 16 + low : 256;
}

bool ti_unhex(ti_slice text, void *data, size_t size)
{
    unsigned char *bytes = data;

    if (text.size % 2 != 0 || text.size / 2 != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        unsigned byte = hex_byte(text.data + 2 * i);

        if (byte > 255)
            return false;
        bytes[i] = (unsigned char)byte;
    }
    return true;
}

bool ti_buffer_base64(ti_buffer *buffer, const void *data, size_t size)
{
    const unsigned char *from = data;
    char *to = ti_buffer_reserve(buffer, size / 3 > SIZE_MAX / 4 - 1 ? SIZE_MAX : (size / 3 + (size % 3 != 0)) * 4);
    size_t left = size;

    if (to == NULL)
        return false;
    for (; left > 0; from += 3, left -= 3, to += 4, buffer->size += 4) {
        uint32_t bits = (uint32_t)from[0] << 16 | (left > 1 ? (uint32_t)from[1] << 8 : 0) | (left > 2 ? from[2] : 0);

        to[0] = base64[bits >> 18];
        to[1] = base64[bits >> 12 & 63];
        to[2] = '=';
        to[3] = '=';
        if (left > 1)
            to[2] = base64[bits >> 6 & 63];
        if (left > 2)
            to[3] = base64[bits & 63];
        if (left < 3)
            left = 3;
    }
    return true;
}

/* 64 and more: not of the alphabet. */
static uint32_t base64_value(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return (uint32_t)(letter - 'A');
    if (letter >= 'a' && letter <= 'z')
        return (uint32_t)(letter - 'a') + 26;
    if (letter >= '0' && letter <= '9')
        return (uint32_t)(letter - '0') + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : 64;
}

bool ti_buffer_unbase64(ti_buffer *buffer, ti_slice text)
{
    size_t padding = 0, size = text.size / 4 * 3;
    unsigned char *to;

    if (text.size % 4 != 0)
        return false;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;
    to = (unsigned char *)ti_buffer_reserve(buffer, size);
    if (to == NULL)
        return false;
    for (size_t at = 0; at < text.size; at += 4, to += 3) {
        size_t letters = at + 4 == text.size ? 4 - padding : 4;
        uint32_t bits = 0;

        for (size_t i = 0; i < 4; i++) {
            uint32_t value = i < letters ? base64_value(text.data[at + i]) : 0;

            if (value > 63)
                return false;
            bits = bits << 6 | value;
        }
        /* The bits that padding cuts off are 0, or two texts would stand for the same bytes. */
        if ((bits & ((UINT32_C(1) << 8 * (4 - letters)) - 1)) != 0)
            return false;
        to[0] = (unsigned char)(bits >> 16);
        to[1] = (unsigned char)(bits >> 8);
        to[2] = (unsigned char)bits;
    }
    buffer->size += size - padding;
    return true;
}

static bool unreserved(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

bool ti_buffer_percent(ti_buffer *buffer, ti_slice text, bool keep_slash)
{
    char *start = ti_buffer_reserve(buffer, text.size > SIZE_MAX / 3 ? SIZE_MAX : text.size * 3), *to = start;

    if (start == NULL)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (unreserved(byte) || (keep_slash && byte == '/')) {
            *to++ = (char)byte;
            continue;
        }
        *to++ = '%';
        *to++ = upper_hex[byte >> 4];
        *to++ = upper_hex[byte & 15];
    }
    buffer->size += (size_t)(to - start);
    return true;
}

bool ti_buffer_unpercent(ti_buffer *buffer, ti_slice text, bool plus)
{
    char *start = ti_buffer_reserve(buffer, text.size), *to = start;

    if (start == NULL)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned byte = text.data[i] == '%' && text.size - i > 2 ? hex_byte(text.data + i + 1) : 256;

        if (byte < 256) {
            *to++ = (char)(unsigned char)byte;
            i += 2;
        } else {
            *to++ = plus && text.data[i] == '+' ? ' ' : text.data[i];
        }
    }
    buffer->size += (size_t)(to - start);
    return true;
}
