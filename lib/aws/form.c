#include "aws/form.h"

#include "base/encode.h"

bool ti_form_begin(ti_buffer *form, const char *action, const char *version)
{
    return ti_buffer_printf(form, "Action=%s&Version=%s", action, version);
}

bool ti_form_add(ti_buffer *form, const char *name, ti_slice value)
{
    return ti_buffer_printf(form, "&%s=", name) && ti_buffer_percent(form, value, false);
}

bool ti_form_add_indexed(ti_buffer *form, const char *prefix, size_t number, const char *member, ti_slice value)
{
    return ti_buffer_printf(form, "&%s.%zu%s%s=", prefix, number, member != NULL ? "." : "",
                            member != NULL ? member : "") &&
           ti_buffer_percent(form, value, false);
}
