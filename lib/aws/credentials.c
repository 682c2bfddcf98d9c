/* The chain: which provider is asked, when it is asked again, and what serves while it cannot answer. */
#include "aws/credentials.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/credentials_provider.h"
#include "aws/secret.h"
#include "base/error.h"

#define MINUTE INT64_C(60000)
#define EARLY (5 * MINUTE)      /* so long before their end keys are renewed */
#define AGAIN INT64_C(10000)    /* a provider that failed, or whose keys were refused, is not asked again before */
#define EXTENSION (15 * MINUTE) /* keys of an instance serve on so long when there are no newer ones … */
#define EXTENSIONS_MAX (720 * MINUTE) /* … but no longer than this in all */
#define SLICE 100                     /* milliseconds between two looks at the caller's wish to stop */

static const ti_credentials_provider *const providers[] = {
    &ti_provider_options,         &ti_provider_environment, &ti_provider_named_profile, &ti_provider_web_identity,
    &ti_provider_default_profile, &ti_provider_container,   &ti_provider_instance};

struct ti_credentials_chain {
    ti_credentials_setup setup;
    pthread_mutex_t mutex; /* over all that follows but `lookup`, which belongs to the thread that is asking */
    pthread_cond_t answered;
    bool asking;
    ti_lookup lookup;
    const ti_credentials_provider *provider; /* the one that had keys */
    ti_credentials current;                  /* source NULL: none */
    int64_t ends;                            /* when they really end; `current.expires` may be extended */
    int64_t renew;                           /* when to ask for new ones; 0: never */
    bool refused;                            /* the server does not take them */
    bool asked, failed;                      /* whether the provider was asked, and the last answer was a failure … */
    int64_t asked_at;                        /* … by the monotonic clock */
    ticker_error failure;
};

ti_credentials_chain *ti_credentials_chain_new(const ti_credentials_setup *setup)
{
    ti_credentials_chain *chain = calloc(1, sizeof(*chain));
    pthread_condattr_t attributes;
    bool done = false;

    if (chain == NULL)
        return NULL;
    chain->setup = *setup;
    chain->lookup.setup = &chain->setup;
    if (pthread_condattr_init(&attributes) == 0) {
        done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
               pthread_cond_init(&chain->answered, &attributes) == 0;
        (void)pthread_condattr_destroy(&attributes);
    }
    if (done && pthread_mutex_init(&chain->mutex, NULL) == 0)
        return chain;
    if (done)
        (void)pthread_cond_destroy(&chain->answered);
    free(chain);
    return NULL;
}

void ti_credentials_chain_free(ti_credentials_chain *chain)
{
    if (chain == NULL)
        return;
    ti_credentials_wipe(&chain->current);
    ti_secret_wipe(&chain->lookup.imds_token);
    (void)pthread_cond_destroy(&chain->answered);
    (void)pthread_mutex_destroy(&chain->mutex);
    free(chain);
}

static int64_t now(const ti_credentials_chain *chain)
{
    return chain->setup.clock->now(chain->setup.clock->self);
}

static int64_t monotonic(const ti_credentials_chain *chain)
{
    return chain->setup.clock->monotonic(chain->setup.clock->self);
}

/* --- Asking (without the mutex) --- */

static ticker_status found_nothing(const ti_lookup *lookup, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "no AWS credentials: %s", lookup->looked);
    ti_error_hint(error, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role; "
                         "see ticker-aws(5)");
    return TICKER_FATAL;
}

/* The provider that had keys before is asked first; only when it has none any more the others are. */
static ticker_status search(ti_credentials_chain *chain, ti_credentials *found, ticker_error *error)
{
    ti_lookup *lookup = &chain->lookup;
    ticker_status status = chain->provider != NULL ? chain->provider->fetch(lookup, found, error) : TICKER_DONE;

    if (status != TICKER_DONE)
        return status;
    chain->provider = NULL;
    lookup->looked_size = 0;
    lookup->looked[0] = '\0';
    for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
        status = providers[i]->fetch(lookup, found, error);
        if (status == TICKER_OK)
            chain->provider = providers[i];
        if (status != TICKER_DONE)
            return status;
    }
    return found_nothing(lookup, error);
}

/* --- Keeping (with the mutex) --- */

static bool alive(const ti_credentials *credentials, int64_t time)
{
    return credentials->source != NULL && (credentials->expires == 0 || time < credentials->expires);
}

/* Keys that live shorter than five minutes are renewed half-way. */
static int64_t renewal(int64_t expires, int64_t time)
{
    if (expires == 0)
        return 0;
    return expires - time > 2 * EARLY ? expires - EARLY : time + (expires - time) / 2;
}

/* Where the metadata service gives keys that have ended, or none, AWS takes the last ones for a while longer (it calls that
 * static stability). False: these are no such keys, or it has been long enough. */
static bool extend(ti_credentials *credentials, int64_t ends, int64_t time)
{
    if (credentials->source == NULL || strcmp(credentials->source, "instance") != 0 || time < ends ||
        time - ends >= EXTENSIONS_MAX)
        return false;
    credentials->expires = time + EXTENSION;
    return true;
}

static ticker_status too_old(const ti_credentials *credentials, ticker_error *error)
{
    char time[TI_TIME_EXTENDED_MAX] = "?";

    ti_time_extended(credentials->expires, time);
    (void)ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "the AWS credentials (%s) ended at %s already",
                  credentials->source, time);
    ti_error_hint(error, "look at this machine's clock, and at what renews them");
    return TICKER_RETRY;
}

/* Takes new keys over; what has ended already is none, unless it may be extended. */
static ticker_status keep(ti_credentials_chain *chain, ti_credentials *found, ticker_error *error)
{
    int64_t time = now(chain), ends = found->expires;

    if (!alive(found, time) && !extend(found, ends, time))
        return too_old(found, error);
    ti_credentials_wipe(&chain->current);
    ti_credentials_move(&chain->current, found);
    chain->ends = ends;
    chain->renew = renewal(chain->current.expires, time);
    chain->refused = false;
    return TICKER_OK;
}

static void note_failure(ti_credentials_chain *chain, ticker_status status, const ticker_error *why)
{
    int64_t time = now(chain);

    /* That the caller stopped, or that memory was short, says nothing about the provider. */
    if (why->kind == TICKER_ERROR_CANCELLED || why->kind == TICKER_ERROR_MEMORY)
        return;
    chain->failed = true;
    chain->failure = *why;
    chain->failure.status = status;
    if (!chain->refused && extend(&chain->current, chain->ends, time))
        chain->renew = renewal(chain->current.expires, time);
}

/* Lets the mutex go while it asks. */
static ticker_status ask(ti_credentials_chain *chain, ticker_error *error)
{
    ti_credentials found = {0};
    ticker_error why;
    ticker_status status;

    ti_error_init(&why);
    chain->asking = true;
    (void)pthread_mutex_unlock(&chain->mutex);
    status = search(chain, &found, &why);
    (void)pthread_mutex_lock(&chain->mutex);
    chain->asking = false;
    chain->asked = true;
    chain->asked_at = monotonic(chain);
    chain->failed = false;
    if (status == TICKER_OK)
        status = keep(chain, &found, &why);
    if (status != TICKER_OK)
        note_failure(chain, status, &why);
    ti_credentials_wipe(&found);
    (void)pthread_cond_broadcast(&chain->answered);
    ti_error_copy(error, &why);
    return status;
}

/* --- Serving (with the mutex) --- */

/* Whether the keys may be handed out. */
static bool good(const ti_credentials_chain *chain, int64_t time)
{
    return alive(&chain->current, time) && !chain->refused;
}

static bool due(const ti_credentials_chain *chain, int64_t time)
{
    return !good(chain, time) || (chain->renew != 0 && time >= chain->renew);
}

/* The provider was asked a moment ago: what it said then holds. */
static bool too_soon(const ti_credentials_chain *chain)
{
    return chain->asked && (chain->failed || chain->refused) && monotonic(chain) - chain->asked_at < AGAIN;
}

/* Whether the keys are alive, or can be made to last: they may have ended since the provider failed. */
static bool lasts(ti_credentials_chain *chain, int64_t time)
{
    return alive(&chain->current, time) || extend(&chain->current, chain->ends, time);
}

static ticker_status copy(const ti_credentials_chain *chain, ti_credentials *to, ticker_error *error)
{
    char *token = strdup(chain->current.session_token);

    if (token == NULL)
        return ti_fail_memory(error);
    *to = chain->current;
    to->session_token = token;
    return TICKER_OK;
}

/* Until the thread that asks has its answer. */
static ticker_status wait_for_answer(ti_credentials_chain *chain, ticker_error *error)
{
    struct timespec until;

    if (ti_lookup_interrupted(&chain->lookup))
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "cancelled while waiting for AWS credentials");
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += SLICE * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&chain->answered, &chain->mutex, &until);
    return TICKER_OK;
}

static ticker_status serve(ti_credentials_chain *chain, ti_credentials *credentials, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    ticker_error why;

    while (status == TICKER_OK) {
        int64_t time = now(chain);

        if (!due(chain, time))
            return copy(chain, credentials, error);
        if (too_soon(chain)) {
            /* Refused keys are handed out again when the provider gave the same ones: the server may be wrong. */
            if (chain->failed && (chain->refused || !lasts(chain, time))) {
                ti_error_copy(error, &chain->failure);
                return chain->failure.status;
            }
            if (alive(&chain->current, time))
                return copy(chain, credentials, error);
        }
        if (chain->asking) {
            if (good(chain, time))
                return copy(chain, credentials, error);
            status = wait_for_answer(chain, error);
            continue;
        }
        ti_error_init(&why);
        status = ask(chain, &why);
        if (status != TICKER_OK && good(chain, now(chain)))
            return copy(chain, credentials, error);
        ti_error_copy(error, &why);
    }
    return status;
}

ticker_status ti_credentials_get(ti_credentials_chain *chain, ti_credentials *credentials, ticker_error *error)
{
    ticker_status status;

    memset(credentials, 0, sizeof(*credentials));
    (void)pthread_mutex_lock(&chain->mutex);
    status = serve(chain, credentials, error);
    (void)pthread_mutex_unlock(&chain->mutex);
    return status;
}

void ti_credentials_expire(ti_credentials_chain *chain, const char *access_key)
{
    (void)pthread_mutex_lock(&chain->mutex);
    if (chain->current.source != NULL && strcmp(chain->current.access_key, access_key) == 0)
        chain->refused = true;
    (void)pthread_mutex_unlock(&chain->mutex);
}
