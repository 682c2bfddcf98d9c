/* All that the server answers. Where two patterns fit a path, the first in this order is taken: literal ones come first. */
#include "server.h"

const server_route *const server_tables[] = {routes_upload, routes_data,    routes_health,
                                             routes_assets, routes_metrics, NULL};
