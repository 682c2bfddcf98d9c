#include <config.h>

#include <string.h>

#include <tickerimport/version.h>

const char *ticker_version(void)
{
    return TICKER_VERSION;
}

int ticker_version_number(void)
{
    return TICKER_VERSION_NUMBER;
}

int ticker_has(const char *feature)
{
    static const char *const features[] = {
#ifdef TI_WITH_SQLITE
        "sqlite",
#endif
#ifdef TI_WITH_POSTGRESQL
        "postgresql",
#endif
#if defined(TI_WITH_CURL) && defined(TI_WITH_XML)
        "aws",
#endif
#ifdef TI_WITH_HIREDIS
        "redis",
#endif
        NULL
    };

    for (size_t i = 0; feature != NULL && features[i] != NULL; i++)
        if (strcmp(features[i], feature) == 0)
            return 1;
    return 0;
}
