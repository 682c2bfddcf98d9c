/* PROMETHEUS_URL: where the listener is. */
#ifndef WORKER_URL_H
#define WORKER_URL_H

#include <stdbool.h>

#include "sockets.h"

#define WORKER_PATH_MAX 256 /* bytes of the path, NUL included */
#define WORKER_PORT_DEFAULT "9464"

typedef struct worker_url {
    char address[SOCKETS_TEXT_MAX]; /* "127.0.0.1:9464", as sockets_listen() takes it; "": there is to be no listener */
    char path[WORKER_PATH_MAX];     /* of the metrics, "/metrics" */
} worker_url;

/* "http://HOST[:PORT][/PATH]", or "none:" or "" for none. False: something else. */
bool worker_url_read(const char *text, worker_url *url);

#endif
