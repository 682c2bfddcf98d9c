/* What a client is set to: from the options, else the environment, else the profile, else the default. */
#ifndef TI_AWS_SETTINGS_H
#define TI_AWS_SETTINGS_H

#include <tickerimport/limits.h>

#include "aws/client.h"
#include "aws/endpoint.h"

#define TI_REGION_MAX 64 /* bytes, NUL included: one label of a host name */

typedef enum ti_retry_mode { TI_RETRY_STANDARD = 0, TI_RETRY_ADAPTIVE, TI_RETRY_LEGACY } ti_retry_mode;
typedef enum ti_addressing { TI_ADDRESSING_AUTO = 0, TI_ADDRESSING_PATH, TI_ADDRESSING_VIRTUAL } ti_addressing;

typedef struct ti_aws_settings {
    char region[TI_REGION_MAX];
    ti_endpoint endpoints[TI_AWS_SERVICES]; /* of the user's own */
    ti_addressing addressing;
    ti_retry_mode mode;
    unsigned max_attempts;
    char *ca_bundle; /* NULL: the system's */
} ti_aws_settings;

/* TICKER_FATAL with USAGE: a setting is wrong, the message says where it stands. To be freed in any case. */
ticker_status ti_aws_settings_read(const ti_credentials_setup *from, ti_aws_settings *settings, ticker_error *error);
void ti_aws_settings_free(ti_aws_settings *settings);

/* Letters, digits and '-': a region becomes part of a host name, and a server may name one. */
bool ti_aws_region_valid(ti_slice region);
/* "s3", "sns" … */
const char *ti_aws_service_name(ti_aws_service service);

#endif
