/* Price reports (BVBG.086): XML in XML. The input is as fuzz_format() says. */
#include "format/sax.h"
#include "reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ti_sax_prepare(); /* links the XML reader in */
    return fuzz_format("bvbg086", data, size);
}
