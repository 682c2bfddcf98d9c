/* The parts of a multipart/form-data body (RFC 7578, RFC 2046), as they come: memory does not grow with the body.
 *
 *   while (multipart_next(form, error) == TICKER_OK)
 *       if (strcmp(multipart_disposition(form)->name, "file") == 0)
 *           while (multipart_read(form, buffer, sizeof buffer, &got, error) == TICKER_OK) …
 *
 * A body that ends without its closing boundary is TICKER_FAILED, wherever it ends: what came of it is not to be kept. */
#ifndef SERVER_MULTIPART_H
#define SERVER_MULTIPART_H

#include <tickerimport.h>

#include "disposition.h"

#define MULTIPART_BOUNDARY_MAX 70              /* bytes (RFC 2046) */
#define MULTIPART_PADDING_MAX 64               /* blanks behind a boundary; a line with more is data */
#define MULTIPART_HEADER_BYTES_MAX (16 * 1024) /* of one part */
#define MULTIPART_HEADERS_MAX 32               /* of one part */
#define MULTIPART_PARTS_MAX 100                /* of one form */
#define MULTIPART_AROUND_BYTES_MAX (64 * 1024) /* before the first boundary, and behind the last */
#define MULTIPART_TYPE_MAX 128                 /* bytes of a part's Content-Type, NUL included */

typedef struct multipart multipart;

/* Where the body comes from: as exchange_ops.read. */
typedef ticker_status (*multipart_source)(void *from, void *buffer, size_t capacity, size_t *got, ticker_error *error);

/* The boundary in a request's Content-Type. 1: here it is; 0: this is not multipart/form-data; -1: it is, but names no
 * boundary that could be one. */
int multipart_boundary(const char *content_type, char boundary[MULTIPART_BOUNDARY_MAX + 1]);

/* NULL: no memory. */
multipart *multipart_new(const char *boundary, multipart_source read, void *from);
void multipart_free(multipart *form); /* accepts NULL */

/* Skips what is left of the part and moves to the next one. TICKER_OK; TICKER_DONE: there was no other, and the body has
 * been read to its end; TICKER_FAILED with INPUT: this is no form, or it ends too early; with LIMIT: one of the caps
 * above; else what the source said. A form that failed fails again. */
ticker_status multipart_next(multipart *form, ticker_error *error);
/* The next bytes of the part. TICKER_OK with *got > 0; TICKER_DONE: its end, and the boundary behind it was seen; else
 * as above. */
ticker_status multipart_read(multipart *form, void *buffer, size_t capacity, size_t *got, ticker_error *error);

/* Of the part; until the next. */
const disposition *multipart_disposition(const multipart *form);
const char *multipart_type(const multipart *form); /* its Content-Type; "" when it says none */

#endif
