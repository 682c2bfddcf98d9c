/* Files of COTAHIST: header, records of 245 bytes, trailer. The input is as fuzz_format() says. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_format("cotahist", data, size);
}
