/* Small made-up files: quotes with a row that cannot be read, trades with a cancellation, and corrections of both. */
#ifndef TESTS_TORTURE_FIXTURES_H
#define TESTS_TORTURE_FIXTURES_H

#include "base/buffer.h"

/* `version` 2 corrects version 1. */
void make_quotes(ti_buffer *to, int version);
void make_trades(ti_buffer *to, int version);

#endif
