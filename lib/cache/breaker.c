#include "cache/breaker.h"

bool ti_breaker_init(ti_breaker *breaker)
{
    breaker->trying = false;
    breaker->until = breaker->pause = 0;
    atomic_init(&breaker->open, false);
    ti_error_init(&breaker->why);
    return pthread_mutex_init(&breaker->lock, NULL) == 0;
}

void ti_breaker_end(ti_breaker *breaker)
{
    (void)pthread_mutex_destroy(&breaker->lock);
}

bool ti_breaker_pass(ti_breaker *breaker, int64_t now, bool *trial, ticker_error *error)
{
    bool pass = true;

    *trial = false;
    if (!atomic_load_explicit(&breaker->open, memory_order_relaxed))
        return true;
    (void)pthread_mutex_lock(&breaker->lock);
    if (atomic_load(&breaker->open)) {
        pass = *trial = !breaker->trying && now >= breaker->until;
        if (pass)
            breaker->trying = true;
        else
            ti_error_copy(error, &breaker->why);
    }
    (void)pthread_mutex_unlock(&breaker->lock);
    return pass;
}

void ti_breaker_went_well(ti_breaker *breaker)
{
    if (!atomic_load_explicit(&breaker->open, memory_order_relaxed))
        return;
    (void)pthread_mutex_lock(&breaker->lock);
    atomic_store(&breaker->open, false);
    breaker->trying = false;
    breaker->pause = 0;
    (void)pthread_mutex_unlock(&breaker->lock);
}

static int64_t next_pause(int64_t pause)
{
    if (pause == 0)
        return TI_BREAKER_PAUSE_FIRST;
    return pause * 2 < TI_BREAKER_PAUSE_MAX ? pause * 2 : TI_BREAKER_PAUSE_MAX;
}

/* Those that were under way when it opened do not make the pause longer. */
void ti_breaker_went_wrong(ti_breaker *breaker, int64_t now, const ticker_error *why)
{
    (void)pthread_mutex_lock(&breaker->lock);
    if (!atomic_load(&breaker->open) || breaker->trying) {
        breaker->pause = next_pause(breaker->pause);
        breaker->until = now + breaker->pause;
        breaker->trying = false;
        breaker->why = *why;
        atomic_store(&breaker->open, true);
    }
    (void)pthread_mutex_unlock(&breaker->lock);
}

void ti_breaker_not_tried(ti_breaker *breaker)
{
    (void)pthread_mutex_lock(&breaker->lock);
    breaker->trying = false;
    (void)pthread_mutex_unlock(&breaker->lock);
}
