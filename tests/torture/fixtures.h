/* Small made-up files: quotes with a row that cannot be read, trades with a cancellation, and corrections of both. */
#ifndef TESTS_TORTURE_FIXTURES_H
#define TESTS_TORTURE_FIXTURES_H

#include "base/buffer.h"

/* `version` 2 corrects version 1; in version 3 each row comes twice. */
void make_quotes(ti_buffer *to, int version);
/* Quotes of lesser rank, of the same days and others: consolidated, and a price report, of which version 2 is the later one. */
void make_consolidated(ti_buffer *to);
void make_report(ti_buffer *to, int version);
/* Of version 3 there are so many that they do not fit into the least memory that they are sorted in. */
void make_trades(ti_buffer *to, int version);

#endif
