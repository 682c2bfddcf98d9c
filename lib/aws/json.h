/* Answers in JSON. json-c stands behind it. A value is borrowed from its document. */
#ifndef TI_AWS_JSON_H
#define TI_AWS_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <tickerimport/error.h>

#include "base/slice.h"

#define TI_JSON_DEPTH_MAX 24
#define TI_JSON_MEMBERS_MAX 1000             /* of one object */
#define TI_JSON_BYTES_MAX (64 * 1024 * 1024) /* of a text */

typedef struct ti_json ti_json;                   /* a document */
typedef const struct ti_json_value ti_json_value; /* a part of it; NULL stands for "not there" everywhere below */

/* TICKER_FAILED with INPUT: no JSON (RFC 8259, UTF-8), something behind it, or nested too deeply; with LIMIT: too long, or
 * an object with too many members. An empty text is an empty object (some servers answer so). */
ticker_status ti_json_read(ti_slice text, ti_json **json, ticker_error *error);
void ti_json_free(ti_json *json);
/* The same for a document with keys in it: when it goes, nothing of its strings stays in memory. */
ticker_status ti_json_read_secret(ti_slice text, ti_json **json, ticker_error *error);
void ti_json_wipe(ti_json *json);
/* NULL when the whole text is "null". */
ti_json_value *ti_json_root(const ti_json *json);

bool ti_json_is_object(ti_json_value *value);
bool ti_json_is_array(ti_json_value *value);
/* A member of an object; elements of an array. */
ti_json_value *ti_json_member(ti_json_value *value, const char *name);
size_t ti_json_count(ti_json_value *value);
ti_json_value *ti_json_at(ti_json_value *value, size_t index);
/* Members of an object in order: false behind the last one. */
bool ti_json_member_at(ti_json_value *value, size_t index, ti_slice *name, ti_json_value **member);
/* A string; empty when it is none. Never NULL data. May hold NUL. */
ti_slice ti_json_text(ti_json_value *value);
bool ti_json_is_text(ti_json_value *value);
/* A whole number, or a string that holds one. */
bool ti_json_integer(ti_json_value *value, int64_t *number);
bool ti_json_true(ti_json_value *value);

#endif
