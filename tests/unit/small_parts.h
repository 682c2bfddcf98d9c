/* Parts of 1 MiB where S3's smallest are 5 MiB: as much is to be seen of them, and Valgrind sees it in a fifth of the time. Part of the one
 * program that includes it, which is linked with --wrap (see tests/Makefile.inc), so that the library asks here for its options. Parts of
 * their true size go to what stands in for S3 in tests/integration/s3.sh. */
#ifndef TESTS_SMALL_PARTS_H
#define TESTS_SMALL_PARTS_H

#include "base/options.h"
#include "s3_server.h"

#define PART S3_PART

int64_t __real_ti_option_number(const ticker_options *options, ti_option option);
int64_t __wrap_ti_option_number(const ticker_options *options, ti_option option);

int64_t __wrap_ti_option_number(const ticker_options *options, ti_option option)
{
    return option == TI_OPTION_S3_PART_SIZE ? PART : __real_ti_option_number(options, option);
}

#endif
