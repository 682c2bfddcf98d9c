/* Files that are compiled in: the page for people and the description of the API. */
#ifndef SERVER_ASSETS_H
#define SERVER_ASSETS_H

#include <stddef.h>

typedef struct server_asset {
    const char *name; /* "openapi.yaml" */
    const char *type; /* "application/yaml" */
    const void *data;
    size_t size;
} server_asset;

/* Ends with a row without name. */
extern const server_asset server_assets[];

#endif
