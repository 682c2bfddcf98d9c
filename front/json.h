/* JSON objects of one line, for scripts. Keys stay in the order in which they are put; numbers are exact. */
#ifndef FRONT_JSON_H
#define FRONT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tickerimport/report.h>

#define FRONT_JSON_MAX (4 * 1024 * 1024)
#define FRONT_JSON_DEPTH_MAX 16

typedef struct front_json front_json;

/* NULL when memory is short; every function accepts that, and front_json_line() then returns NULL. */
front_json *front_json_object(void);
void front_json_free(front_json *json);

/* Invalid UTF-8 becomes U+FFFD, as JSON has no other text. */
void front_json_text(front_json *json, const char *key, const char *value);
/* As above, with null for NULL and "". */
void front_json_text_or_null(front_json *json, const char *key, const char *value);
void front_json_integer(front_json *json, const char *key, int64_t value);
/* null for TICKER_NULL. */
void front_json_integer_or_null(front_json *json, const char *key, int64_t value);
void front_json_boolean(front_json *json, const char *key, bool value);
void front_json_null(front_json *json, const char *key);
/* Microseconds as seconds with six decimals. */
void front_json_seconds(front_json *json, const char *key, int64_t microseconds);

/* "stages": what each stage of an import took, in seconds. */
void front_json_stages(front_json *json, const ticker_report *report);

/* An object or a list of objects within; `inner` belongs to the outer one afterwards. */
void front_json_put(front_json *json, const char *key, front_json *inner);
/* The members of `from` as members of `json` too. */
void front_json_append_members(front_json *json, const front_json *from);
front_json *front_json_list(void);
void front_json_append(front_json *list, front_json *object);

/* Reads an object that somebody else wrote: at most FRONT_JSON_MAX bytes of UTF-8, nested up to FRONT_JSON_DEPTH_MAX
 * deep, nothing behind it. NULL: it is none, or memory is short. */
front_json *front_json_read(const char *text, size_t size);
/* A member of an object that was read. NULL and false: there is none, or it is of another kind. A text that holds a NUL
 * ends there. Texts live as long as the object. */
const char *front_json_get_text(const front_json *json, const char *key);
bool front_json_get_integer(const front_json *json, const char *key, int64_t *value);

/* The whole object as one line without its newline; lives as long as the object. NULL when memory was short at any
 * point. */
const char *front_json_line(front_json *json);

#endif
