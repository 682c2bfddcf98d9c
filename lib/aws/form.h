/* Bodies of the Query protocol, which are HTML forms: "Action=Publish&Version=2010-03-31&TopicArn=…". */
#ifndef TI_AWS_FORM_H
#define TI_AWS_FORM_H

#include "base/buffer.h"

#define TI_FORM_TYPE "application/x-www-form-urlencoded; charset=utf-8"

/* `buffer` is empty. */
bool ti_form_begin(ti_buffer *form, const char *action, const char *version);
/* `name` needs no encoding. */
bool ti_form_add(ti_buffer *form, const char *name, ti_slice value);
/* The name "PREFIX.NUMBER" or, with `member`, "PREFIX.NUMBER.MEMBER"; numbers begin with 1. */
bool ti_form_add_indexed(ti_buffer *form, const char *prefix, size_t number, const char *member, ti_slice value);

#endif
