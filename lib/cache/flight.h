/* One computation for all who want the same at the same time. */
#ifndef TI_CACHE_FLIGHT_H
#define TI_CACHE_FLIGHT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <tickerimport/cache.h>

#define TI_FLIGHT_SHARDS 16

typedef struct ti_flight ti_flight;

typedef struct ti_flight_shard {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    ti_flight *first;
    atomic_uint_fast64_t landed; /* computations that ended */
} ti_flight_shard;

typedef struct ti_flights {
    ti_flight_shard shard[TI_FLIGHT_SHARDS];
    unsigned made;
} ti_flights;

bool ti_flights_init(ti_flights *flights);
void ti_flights_end(ti_flights *flights);

#endif
