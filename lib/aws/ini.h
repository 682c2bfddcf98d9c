/* Reader of ~/.aws/config and ~/.aws/credentials. Sections hold settings, an empty setting may hold indented settings of
 * its own. Source: "Using shared config and credentials files" (AWS SDKs and Tools Reference Guide). */
#ifndef TI_AWS_INI_H
#define TI_AWS_INI_H

#include <stdbool.h>
#include <stddef.h>

#include <tickerimport/error.h>

#include "base/slice.h"

/* The two files write the names of profiles differently: "[profile work]" and "[work]". */
typedef enum ti_ini_kind { TI_INI_CONFIG, TI_INI_CREDENTIALS } ti_ini_kind;
typedef enum ti_ini_type { TI_INI_PROFILE, TI_INI_SERVICES, TI_INI_OTHER } ti_ini_type;

/* A file that was read. It holds secrets; nothing changes it. */
typedef struct ti_ini ti_ini;

/* `name` is the file's, for messages. TICKER_FATAL with USAGE: a line is wrong; with LIMIT: a cap is passed. The error
 * has file and line, and nothing of what the line says. */
ticker_status ti_ini_read(ti_ini_kind kind, ti_slice text, const char *name, ti_ini **ini, ticker_error *error);
/* The same from a file. TICKER_DONE: there is none, *ini is NULL. TICKER_FATAL also with IO. */
ticker_status ti_ini_open(ti_ini_kind kind, const char *path, ti_ini **ini, ticker_error *error);
/* Wipes it; accepts NULL. */
void ti_ini_free(ti_ini *ini);

/* All of these accept NULL for a file that is not there. */
bool ti_ini_has(const ti_ini *ini, ti_ini_type type, const char *name);
/* The value, blanks around it gone; "" for an empty one; NULL: not there. Keys are in lower case; "s3.endpoint_url" is
 * the setting endpoint_url indented under "s3 =". `line` (may be NULL) gets its line. Lives as long as the file. */
const char *ti_ini_value(const ti_ini *ini, ti_ini_type type, const char *name, const char *key, unsigned *line);
/* The names of the profiles in the order of the file; NULL behind the last one. */
const char *ti_ini_profile(const ti_ini *ini, size_t index);

#endif
