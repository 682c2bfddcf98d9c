/* Consolidated files: a status, a header that names the columns, rows whose cells may be quoted. The input is as fuzz_format() says. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_format("consolidated", data, size);
}
