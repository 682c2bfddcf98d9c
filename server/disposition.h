/* What the headers of a form's part say: the field's name and the file's, and parameters in general (RFC 2183, RFC 7578,
 * RFC 5987; and what browsers make of them). */
#ifndef SERVER_DISPOSITION_H
#define SERVER_DISPOSITION_H

#include <stdbool.h>
#include <stddef.h>

#define FIELD_NAME_MAX 128 /* bytes of a field's name, NUL included; a longer one is cut and equals none of ours */
#define FILE_NAME_MAX 256  /* bytes of a file's name, NUL included */

typedef struct disposition {
    char name[FIELD_NAME_MAX];
    char file[FILE_NAME_MAX]; /* as clean_file_name() makes it */
    bool has_file;            /* it names a file, if only "" */
} disposition;

/* Reads the value of Content-Disposition. False: it is not form-data with a name, or its quotes do not match. */
bool disposition_parse(const char *value, size_t size, disposition *found);

/* A file's name as somebody else wrote it: without its folders ('/' and '\'), in UTF-8 (what is not counts as Latin-1),
 * with '_' for characters that control; cut to fit, with its ending. "" when nothing is left: "", "/", "..". */
void clean_file_name(const char *raw, size_t size, char clean[FILE_NAME_MAX]);

/* The value of a parameter of a header such as "text/plain; charset=utf-8", the name without regard to case, quotes
 * and escapes undone. The length, as snprintf() says it; -1: there is none, or the header is malformed. */
int header_parameter(const char *header, size_t size, const char *name, char *value, size_t capacity);
/* Whether the header's value, up to its parameters, is this (without regard to case). */
bool header_is(const char *header, size_t size, const char *value);

#endif
