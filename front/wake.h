/* What a thread sleeps on that somebody may wake. */
#ifndef FRONT_WAKE_H
#define FRONT_WAKE_H

#include <pthread.h>
#include <stdbool.h>

/* A lock, and a condition whose waits are timed by CLOCK_MONOTONIC, which nobody sets back. False: neither was made. */
bool front_wake_init(pthread_mutex_t *lock, pthread_cond_t *wake);
void front_wake_end(pthread_mutex_t *lock, pthread_cond_t *wake);

#endif
