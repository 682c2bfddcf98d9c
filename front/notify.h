/* What systemd is told (sd_notify): a datagram to the socket of NOTIFY_SOCKET. */
#ifndef FRONT_NOTIFY_H
#define FRONT_NOTIFY_H

#include <stdbool.h>

/* "READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=…". Does nothing without NOTIFY_SOCKET. False: it could not be sent. */
bool front_notify(const char *state);

#endif
