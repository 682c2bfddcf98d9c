/* Files of trades (NEGOCIOSAVISTA): a header that names the columns, rows. The input is as fuzz_format() says. */
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_format("trades", data, size);
}
