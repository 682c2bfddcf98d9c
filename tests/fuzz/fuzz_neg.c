/* NEG_ files: a header and a trailer that count, rows of 18 cells. The input is as fuzz_format() says. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_format("neg", data, size);
}
