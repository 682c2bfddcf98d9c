/* The page at / and /openapi.yaml, from memory. */
#include <inttypes.h>
#include <string.h>

#include "assets.h"
#include "server.h"

#define PAGE_POLICY                                                                                                    \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "              \
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

static const server_asset *find(const char *name)
{
    for (const server_asset *asset = server_assets; asset->name != NULL; asset++)
        if (strcmp(asset->name, name) == 0)
            return asset;
    return NULL;
}

/* FNV-1a; changes when the program is built with another file, and guards nothing. */
static uint64_t mark_of(const server_asset *asset)
{
    const unsigned char *data = asset->data;
    uint64_t mark = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < asset->size; i++)
        mark = (mark ^ data[i]) * UINT64_C(0x100000001b3);
    return mark;
}

static server_step answer(server *s, exchange *x, request *r)
{
    const server_asset *asset = find(r->route->kind);
    char *etag;

    (void)s;
    if (asset == NULL) {
        problem_answer(x, 404, "this server was built without it");
        return SERVER_ANSWERED;
    }
    etag = exchange_printf(x, "\"%016" PRIx64 "\"", mark_of(asset));
    if (etag == NULL || !exchange_put(x, "ETag", etag)) {
        problem_answer(x, 500, NULL);
        return SERVER_ANSWERED;
    }
    (void)exchange_put(x, "Cache-Control", "no-cache");
    (void)exchange_put(x, "Content-Security-Policy", PAGE_POLICY);
    if (etag_matches(x, etag))
        exchange_empty(x, 304);
    else
        exchange_answer(x, 200, asset->type, asset->data, asset->size, NULL, NULL);
    return SERVER_ANSWERED;
}

const server_route routes_assets[] = {
    {.method = "GET", .pattern = "/", .kind = "index.html", .begin = answer},
    {.method = "GET", .pattern = "/app.js", .kind = "app.js", .begin = answer},
    {.method = "GET", .pattern = "/style.css", .kind = "style.css", .begin = answer},
    {.method = "GET", .pattern = "/openapi.yaml", .kind = "openapi.yaml", .begin = answer},
    {.method = NULL},
};
