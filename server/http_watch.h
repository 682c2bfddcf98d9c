/* The thread beside the event loops of the HTTP listener. It accepts connections, ends those that have had their time (a client that
 * sends its head byte by byte never looks idle) and, when there is no room for others, those that are idle longest, and reads what
 * clients still send after an answer that came early, so that closing the socket does not throw that answer away. It knows no
 * libmicrohttpd. */
#ifndef SERVER_HTTP_WATCH_H
#define SERVER_HTTP_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HTTP_LINGER_MAX 64  /* sockets at once; others are closed at once */
#define HTTP_LINGER_MS 2000 /* how long each is read from */
#define HTTP_SPARE_MS 1000  /* an idle connection that is older may have to make room for another */
#define HTTP_NEVER INT64_MAX

typedef struct http_guard {
    struct http_guard *next, *previous;
    int descriptor;
    _Atomic int64_t deadline; /* monotonic ms */
    _Atomic int64_t idle;     /* since when, unless it is busy; monotonic ms */
    atomic_bool busy;         /* in a request: not closed when the server drains */
    atomic_bool receiving;    /* a body: the loop waits for more of it */
    bool linger;              /* wanted by the loop before the connection is removed */
} http_guard;

typedef struct http_watch {
    int listener, wake;
    pthread_t thread;
    bool started;
    atomic_bool draining, stopping;
    unsigned connections_max;
    /* Takes the socket over, also when it fails. Then comes http_watch_add(), and at the end http_watch_remove(). */
    bool (*accepted)(void *payload, int descriptor, const struct sockaddr *address, socklen_t size);
    void *payload;
    pthread_mutex_t lock; /* of the rest */
    http_guard *first;
    unsigned count; /* of open connections, also those that are not added yet */
    struct {
        int descriptor;
        int64_t until;
    } linger[HTTP_LINGER_MAX];
    unsigned linger_count;
} http_watch;

/* `listener`, `connections_max`, `accepted` and `payload` are set. http_watch_end() is due also when it fails. */
bool http_watch_start(http_watch *watch);
void http_watch_add(http_watch *watch, http_guard *guard);
/* Before its socket is closed. NULL: of a connection that was never added. */
void http_watch_remove(http_watch *watch, http_guard *guard);
/* Accepts no more and ends idle connections. */
void http_watch_drain(http_watch *watch);
/* Accepts no more from here on. */
void http_watch_stop(http_watch *watch);
void http_watch_end(http_watch *watch);

#endif
