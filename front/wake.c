#include "wake.h"

#include <time.h>

bool front_wake_init(pthread_mutex_t *lock, pthread_cond_t *wake)
{
    pthread_condattr_t monotonic;
    bool made;

    if (pthread_condattr_init(&monotonic) != 0)
        return false;
    made = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 && pthread_cond_init(wake, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    if (made && pthread_mutex_init(lock, NULL) == 0)
        return true;
    if (made)
        (void)pthread_cond_destroy(wake);
    return false;
}

void front_wake_end(pthread_mutex_t *lock, pthread_cond_t *wake)
{
    (void)pthread_cond_destroy(wake);
    (void)pthread_mutex_destroy(lock);
}
