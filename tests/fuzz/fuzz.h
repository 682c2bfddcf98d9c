/* A fuzz target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput() and a folder corpus/NAME of inputs. It ends the
 * program (CHECK) when something is not as it must be, whatever the bytes are.
 *
 * In "make check" replay.c calls it with the corpus; scripts/fuzz builds it with libFuzzer, which looks for inputs of
 * its own. */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns 0. Nothing may be left behind from call to call. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* All bytes but the first, which says what to do with them, as a text with an end, to be freed. */
static inline char *text_behind_first(const uint8_t *data, size_t size)
{
    char *text = malloc(size);

    CHECK(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    return text;
}

#endif
