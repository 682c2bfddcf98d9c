/* The file in the body of a request, as a source for the storage: the field "file" of a form, or the body itself. What is
 * wrong with the request is found here: of what kind the file is shows in its first block, before any of it is kept. */
#ifndef SERVER_UPLOAD_BODY_H
#define SERVER_UPLOAD_BODY_H

#include "multipart.h"
#include "server.h"

#define UPLOAD_HEAD_BYTES ((size_t)64 * 1024)
#define UPLOAD_DETAIL_MAX 512
#define UPLOAD_FIELD "file"

typedef struct upload_body {
    exchange *x;
    const ticker_options *options;
    int64_t max;   /* bytes of the file */
    int64_t taken; /* that came so far */
    multipart *form;
    unsigned char *head; /* the first block, read ahead */
    size_t head_size, head_at;
    bool ended;

    char name[FILE_NAME_MAX];
    char type[MULTIPART_TYPE_MAX]; /* what the client calls it; "" nothing */
    const char *format; /* as ticker_format_guess() calls it; "" it is packed, and what is in it is not known yet */

    /* What is wrong with the request: an HTTP status (0: nothing) and words for the client. */
    int status;
    char detail[UPLOAD_DETAIL_MAX];
} upload_body;

/* Reads as far as the file's first block. False: body->status says what is wrong. upload_body_close() in any case. */
bool upload_body_open(upload_body *body, server *s, exchange *x, const request *r);
/* The file from its first byte on. It ends when the whole request was well; else it fails, and body->status says why. It
 * ends before the body. NULL: no memory. */
ticker_source *upload_body_source(upload_body *body);
void upload_body_close(upload_body *body);

#endif
