/* Texts made for an answer: taken from blocks that go when the exchange ends. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

#define BLOCK 4064 /* with its head a page: most requests need one */
#define REQUEST_MEMORY_MAX ((size_t)256 * 1024)

typedef struct block {
    struct block *next;
    size_t size, used, total;
    max_align_t data[];
} block;

static size_t rounded(size_t size)
{
    return (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
}

void *exchange_memory(exchange *x, size_t size)
{
    block *first = x->memory;
    size_t total = first != NULL ? first->total : 0, room;
    void *memory;

    if (size > REQUEST_MEMORY_MAX)
        return NULL;
    size = rounded(size);
    if (first == NULL || size > first->size - first->used) {
        room = size > BLOCK ? size : BLOCK;
        if (room > REQUEST_MEMORY_MAX - total)
            return NULL;
        first = malloc(sizeof *first + room);
        if (first == NULL)
            return NULL;
        first->next = x->memory;
        first->size = room;
        first->used = 0;
        first->total = total + room;
        x->memory = first;
    }
    memory = (char *)first->data + first->used;
    first->used += size;
    return memory;
}

char *exchange_copy(exchange *x, const char *text, size_t size)
{
    char *copy = size < REQUEST_MEMORY_MAX ? exchange_memory(x, size + 1) : NULL;

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static char *format_text(exchange *x, const char *format, va_list list)
{
    va_list again;
    char *text = NULL;
    int size;

    va_copy(again, list);
    size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size >= 0)
        text = exchange_memory(x, (size_t)size + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)size + 1, format, list);
    return text;
}

char *exchange_printf(exchange *x, const char *format, ...)
{
    va_list list;
    char *text;

    va_start(list, format);
    text = format_text(x, format, list);
    va_end(list);
    return text;
}

void exchange_memory_free(exchange *x)
{
    block *first = x->memory;

    while (first != NULL) {
        block *next = first->next;

        free(first);
        first = next;
    }
    x->memory = NULL;
}
