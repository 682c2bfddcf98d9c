/* Check, with less to do for what holds: it notes each assertion in a file, to know where a test was when it died, and reads all of that
 * afterwards. Where many thousands hold, this took most of the time under Valgrind and AddressSanitizer. Here each place is noted once by
 * each thread, which tells of a test that died the last place that it came to for the first time. */
#ifndef TESTS_CHECKED_H
#define TESTS_CHECKED_H

#include <check.h>
#include <stdbool.h>

#define _mark_point(file, line)                                                                                        \
    __extension__({                                                                                                    \
        static _Thread_local bool noted_;                                                                              \
        if (!noted_) {                                                                                                 \
            noted_ = true;                                                                                             \
            _mark_point(file, line);                                                                                   \
        }                                                                                                              \
    })

#endif
