/* The version compiled against and the one that runs. */
#ifndef TICKERIMPORT_VERSION_H
#define TICKERIMPORT_VERSION_H

#include <tickerimport/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TICKER_VERSION "0.1.0"
#define TICKER_VERSION_NUMBER 0x000100 /* major << 16 | minor << 8 | patch */

/* "0.1.0" and its number, of the library that is running. Any thread. */
TICKER_API const char *ticker_version(void);
TICKER_API int ticker_version_number(void);

/* 1 when this build has a backend: "sqlite", "postgresql", "aws", "redis"; 0 otherwise. The functions exist in every build. */
TICKER_API int ticker_has(const char *feature);

#ifdef __cplusplus
}
#endif
#endif
