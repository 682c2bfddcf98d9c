/* Listening sockets, by name or inherited. */
#ifndef FRONT_SOCKETS_H
#define FRONT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "console.h"

#define SOCKETS_MAX 16 /* that systemd may hand over */
#define SOCKETS_BACKLOG 1024
#define SOCKETS_TEXT_MAX 300    /* bytes of a name, NUL included */
#define SOCKETS_UNIX_MODE 0660u /* when the name says none: owner and group */

/* "unix:PATH", "unix:PATH?mode=0666", "HOST:PORT", "[::1]:PORT", ":PORT" (all addresses), "PORT" alone is not taken. A
 * socket file that nobody listens at any more is replaced. `setting` names in messages what another address can be given with; NULL:
 * nothing. After saying why: -1, or SOCKETS_NO_NAME for anything else. */
#define SOCKETS_NO_NAME (-2)
int sockets_listen(const char *name, const char *setting, front_console *console);
/* Removes the file of a "unix:" name whose descriptor is closed, unless somebody else listens there by now; others are left alone. */
void sockets_forget(const char *name);
/* For messages and logs, "127.0.0.1:4000" or "unix:/run/x": what the descriptor is bound to. */
const char *sockets_name(int descriptor, char text[SOCKETS_TEXT_MAX]);

typedef enum sockets_protocol { SOCKETS_HTTP, SOCKETS_FASTCGI } sockets_protocol;

typedef struct sockets_inherited {
    int descriptor;
    sockets_protocol protocol;
} sockets_inherited;

/* The listening sockets that the parent left: systemd's (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES: a name with "fastcgi" or "http" in it
 * says which; others: FastCGI for a file, HTTP for a port), and descriptor 0 when it is a listening socket (FastCGI, as spawn-fcgi
 * and web servers do it). Fills `found` and returns how many. Takes the variables out of the environment, so that no child
 * takes them for its own. Call it before front_console_init() and before threads are made. */
size_t sockets_inherit(sockets_inherited found[SOCKETS_MAX]);

#endif
