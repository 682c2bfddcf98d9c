#include "aws/limiter.h"

#define ONE 1000       /* request a second */
#define PERMIT 1000000 /* of one request: a rate times a millisecond is whole then */
#define RATE_MIN 500
#define RATE_MAX INT64_C(100000000)
#define WINDOW 500 /* milliseconds over which the rate is measured */
#define FAR INT64_C(200000)

void ti_limiter_init(ti_limiter *limiter, int64_t now)
{
    *limiter = (ti_limiter){.window_start = now, .filled = now, .rate = RATE_MIN, .capacity = PERMIT};
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void fill(ti_limiter *limiter, int64_t now)
{
    int64_t passed = smaller(larger(now - limiter->filled, 0), FAR);

    limiter->permits = smaller(limiter->capacity, limiter->permits + passed * limiter->rate);
    limiter->filled = larger(now, limiter->filled);
}

int64_t ti_limiter_take(ti_limiter *limiter, int64_t now)
{
    if (!limiter->enabled)
        return 0;
    fill(limiter, now);
    if (limiter->permits >= PERMIT) {
        limiter->permits -= PERMIT;
        return 0;
    }
    return (PERMIT - limiter->permits - 1) / limiter->rate + 1;
}

static void measure(ti_limiter *limiter, int64_t now)
{
    int64_t passed = now - limiter->window_start;

    limiter->window_count++;
    if (passed < WINDOW)
        return;
    limiter->measured =
        (limiter->measured * 2 + smaller((int64_t)limiter->window_count * ONE * 1000 / passed, RATE_MAX) * 8) / 10;
    limiter->window_start = now;
    limiter->window_count = 0;
}

/* The largest whole number whose cube is no more than `value`. */
static int64_t cube_root(int64_t value)
{
    int64_t low = 0, high = 2000000;

    while (low < high) {
        int64_t middle = (low + high + 1) / 2;

        if (middle * middle * middle <= value)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* With t in seconds and rates in requests a second: 0.4 * (t - until_max)^3 + last_max. */
static int64_t on_the_curve(const ti_limiter *limiter, int64_t now)
{
    int64_t t = now - limiter->last_throttle - limiter->until_max;

    t = smaller(larger(t, -FAR), FAR);
    return smaller(t * t * t / 2500000 + limiter->last_max, RATE_MAX);
}

static int64_t throttled_rate(ti_limiter *limiter, int64_t now)
{
    int64_t rate = limiter->enabled ? smaller(limiter->measured, limiter->rate) : limiter->measured;

    limiter->last_max = rate;
    limiter->last_throttle = now;
    /* The cube root of 0.75 * last_max, in seconds. */
    limiter->until_max = cube_root(rate * 750000);
    return rate * 7 / 10;
}

void ti_limiter_answer(ti_limiter *limiter, bool throttled, int64_t now)
{
    int64_t rate;

    measure(limiter, now);
    if (!throttled && !limiter->enabled)
        return;
    fill(limiter, now);
    rate = throttled ? throttled_rate(limiter, now) : on_the_curve(limiter, now);
    limiter->enabled = true;
    limiter->rate = larger(smaller(rate, 2 * limiter->measured), RATE_MIN);
    limiter->capacity = larger(limiter->rate, ONE) * (PERMIT / ONE);
    limiter->permits = smaller(limiter->permits, limiter->capacity);
}
