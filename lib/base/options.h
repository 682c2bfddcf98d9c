/* Typed reading of options whose text was checked when it was set. */
#ifndef TI_BASE_OPTIONS_H
#define TI_BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <tickerimport/options.h>

/* Each option of options.def has an identifier TI_OPTION_<ID>. */
typedef enum ti_option {
#define OPTION(id, name, environment, type, fallback, argument, help) TI_OPTION_##id,
#include "base/options.def"
#undef OPTION
    TI_OPTION_COUNT
} ti_option;

/* `options` may be NULL: every option at its default. Never NULL. */
const char *ti_option_text(const ticker_options *options, ti_option option);
/* Whether a value was set, be it the default's. */
bool ti_option_is_set(const ticker_options *options, ti_option option);
bool ti_option_flag(const ticker_options *options, ti_option option);
/* Numbers and sizes ("64MiB" is 67108864). */
int64_t ti_option_number(const ticker_options *options, ti_option option);

#endif
