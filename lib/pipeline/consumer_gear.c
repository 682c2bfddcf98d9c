/* What the options make of a consumer: limits, the AWS client, storage, queue and database; and telling a service that is away from a
 * message that is bad. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/options.h"
#include "pipeline/consumer.h"

#define HTTP_UNAUTHORIZED 401
#define HTTP_FORBIDDEN 403
#define HTTP_BAD_GATEWAY 502
#define HTTP_GATEWAY_TIMEOUT 504

int64_t ti_consumer_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t ti_doubled(int64_t first, int64_t last, int64_t times)
{
    int64_t value = first << (times < 0 ? 0 : times < 16 ? times : 16);

    return value < last ? value : last;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* --- Making and leaving --------------------------------------------------------------------------------------------------------- */

static void free_gear(ti_gear *gear)
{
    ticker_storage_free(gear->storage);
    ticker_aws_free(gear->aws);
    ticker_options_free(gear->options);
    (void)pthread_mutex_destroy(&gear->opening);
    free(gear);
}

static void read_options(ti_gear *gear)
{
    const ticker_options *options = gear->options;
    const char *database = ti_option_text(options, TI_OPTION_DATABASE_URL);
    const char *missing = ti_option_text(options, TI_OPTION_MISSING_OBJECT);

    gear->serial = !begins(database, "postgres");
    gear->database_queue = strcmp(ti_option_text(options, TI_OPTION_QUEUE_URL), "database:") == 0;
    gear->limit = gear->serial ? 1 : (unsigned)ti_option_number(options, TI_OPTION_CONCURRENCY);
    gear->visibility = (int)ti_option_number(options, TI_OPTION_VISIBILITY);
    gear->timeout = ti_option_number(options, TI_OPTION_IMPORT_TIMEOUT);
    gear->timeout = gear->timeout < TI_NEVER / 2000 ? gear->timeout * 1000 : 0;
    atomic_init(&gear->max_attempts, 0);
    gear->drop_missing = strcmp(missing, "drop") == 0;
    gear->bury_missing = strcmp(missing, "dead") == 0;
    gear->once = ti_option_flag(options, TI_OPTION_ONCE);
    gear->wait = (int)ti_option_number(options, TI_OPTION_RECEIVE_WAIT);
    if (gear->once && gear->wait > 1) /* nobody waits for what is yet to come */
        gear->wait = 1;
}

static bool is_sqs(const char *queue)
{
    static const char *const kinds[] = {"sqs:", "arn:", "https://", "http://"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (begins(queue, kinds[i]))
            return true;
    return false;
}

/* A queue of no known kind needs none either: it is refused as such, also by a build without AWS. */
static ticker_status open_aws(ti_gear *gear, ticker_error *error)
{
    const ticker_aws_events events = {
        .size = sizeof(events), .payload = gear->consumer, .interrupted = ti_consumer_interrupted};
    ticker_status status;

    if (!is_sqs(ti_option_text(gear->options, TI_OPTION_QUEUE_URL)) &&
        !begins(ti_option_text(gear->options, TI_OPTION_STORAGE_URL), "s3:") &&
        ti_option_text(gear->options, TI_OPTION_ALLOWED_BUCKETS)[0] == '\0')
        return TICKER_OK;
    status = ticker_aws_new(gear->options, &events, &gear->aws, error);
    ticker_aws_measure(gear->aws, gear->consumer->metrics);
    return status;
}

/* What no service is needed to find out: URLs of no known kind. */
static ticker_status check_urls(ti_gear *gear, ticker_error *error)
{
    const char *storage = ti_option_text(gear->options, TI_OPTION_STORAGE_URL);
    const char *name = ti_option_text(gear->options, TI_OPTION_QUEUE_URL);
    ticker_queue *queue = NULL;
    ticker_storage *opened;
    ticker_status status;

    /* A folder is made when it is opened, and may be away now. */
    if (storage[0] != '\0' && !begins(storage, "file://")) {
        status = ti_gear_storage(gear, &opened, error);
        if (status != TICKER_OK)
            return status;
    }
    if (gear->database_queue || is_sqs(name))
        return TICKER_OK;
    status = ticker_queue_open(gear->options, gear->aws, NULL, &queue, error); /* it says what is wrong */
    ticker_queue_free(queue);
    return status;
}

ticker_status ti_gear_new(ticker_consumer *consumer, const ticker_options *options, ti_gear **gear, ticker_error *error)
{
    ti_gear *made = calloc(1, sizeof(*made));
    ticker_status status;

    if (made == NULL)
        return ti_fail_memory(error);
    made->consumer = consumer;
    made->users = 1;
    made->options = ticker_options_copy(options);
    if (made->options == NULL || pthread_mutex_init(&made->opening, NULL) != 0) {
        ticker_options_free(made->options);
        free(made);
        return ti_fail_memory(error);
    }
    read_options(made);
    status = open_aws(made, error);
    if (status == TICKER_OK)
        status = check_urls(made, error);
    if (status != TICKER_OK) {
        free_gear(made);
        return status;
    }
    *gear = made;
    return TICKER_OK;
}

ti_gear *ti_gear_enter(ticker_consumer *consumer)
{
    ti_gear *gear;

    (void)pthread_mutex_lock(&consumer->lock);
    gear = consumer->gear;
    gear->users++;
    (void)pthread_mutex_unlock(&consumer->lock);
    return gear;
}

void ti_gear_leave(ti_gear *gear)
{
    bool last;

    if (gear == NULL)
        return;
    (void)pthread_mutex_lock(&gear->consumer->lock);
    last = --gear->users == 0;
    (void)pthread_mutex_unlock(&gear->consumer->lock);
    if (last)
        free_gear(gear);
}

ticker_status ti_gear_storage(ti_gear *gear, ticker_storage **storage, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    (void)pthread_mutex_lock(&gear->opening);
    if (gear->storage == NULL)
        status = ticker_storage_open(gear->options, gear->aws, &gear->storage, error);
    *storage = gear->storage;
    (void)pthread_mutex_unlock(&gear->opening);
    return status;
}

/* --- Failures ------------------------------------------------------------------------------------------------------------------- */

bool ti_gear_wants_keys(const ti_gear *gear, const ticker_error *error)
{
    static const char *const codes[] = {
        "Expired",     "InvalidAccessKey", "InvalidClientToken",   "SignatureDoesNotMatch", "UnrecognizedClient",
        "AuthFailure", "InvalidToken",     "MissingAuthentication"};

    if (error->status != TICKER_FATAL || error->kind != TICKER_ERROR_USAGE)
        return false;
    if (error->http_status == HTTP_UNAUTHORIZED || strncmp(error->sqlstate, "28", 2) == 0)
        return true;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strstr(error->aws_code, codes[i]) != NULL)
            return true;
    return error->http_status == 0 && error->sqlstate[0] == '\0' && gear->aws != NULL &&
           ticker_aws_keys(gear->aws, NULL, NULL, NULL) != TICKER_OK;
}

bool ti_gear_is_away(const ti_gear *gear, const ticker_error *error)
{
    if (error->kind == TICKER_ERROR_CANCELLED)
        return false;
    /* Who has no right to one object may have it to others; the rest of what is fatal concerns them all. */
    if (error->status == TICKER_FATAL)
        return error->http_status != HTTP_FORBIDDEN || ti_gear_wants_keys(gear, error);
    if (error->status != TICKER_RETRY ||
        (error->kind != TICKER_ERROR_SERVICE && error->kind != TICKER_ERROR_IO && error->kind != TICKER_ERROR_DATABASE))
        return false;
    return error->http_status == 0 ||
           (error->http_status >= HTTP_BAD_GATEWAY && error->http_status <= HTTP_GATEWAY_TIMEOUT);
}

/* --- Services of a thread ------------------------------------------------------------------------------------------------------- */

void ti_services_close(ti_services *services)
{
    ticker_queue_free(services->queue);
    ticker_store_free(services->store);
    ti_gear_leave(services->gear);
    *services = (ti_services){.gear = NULL};
}

void ti_services_close_ledger(ti_services *services)
{
    if (services->gear != NULL && services->gear->database_queue)
        return;
    ticker_store_free(services->store);
    services->store = NULL;
}

static ticker_status open_store(ticker_consumer *consumer, ti_services *services, bool (*interrupted)(void *payload),
                                ticker_error *error)
{
    ticker_status status = ticker_store_open(services->gear->options, &services->store, error);

    if (status != TICKER_OK)
        return status;
    services->store->interrupted = interrupted;
    services->store->interrupted_payload = consumer;
    return ticker_store_migrate(services->store, error);
}

static ticker_status open_queue(ticker_consumer *consumer, ti_services *services, ticker_error *error)
{
    ticker_status status = ticker_queue_open(services->gear->options, services->gear->aws, services->store,
                                             &services->queue, error);

    if (status == TICKER_OK)
        ticker_queue_watch(services->queue, ti_consumer_interrupted, consumer);
    return status;
}

bool ti_gear_same_queue(const ti_gear *one, const ti_gear *other)
{
    static const ti_option in_aws[] = {TI_OPTION_AWS_REGION, TI_OPTION_AWS_ENDPOINT_URL,
                                       TI_OPTION_AWS_ENDPOINT_URL_SQS};
    static const ti_option in_database[] = {TI_OPTION_DATABASE_URL};
    const ti_option *parts = one->database_queue ? in_database : in_aws;
    size_t count = one->database_queue ? 1 : sizeof(in_aws) / sizeof(in_aws[0]);
    bool same = one == other || strcmp(ti_option_text(one->options, TI_OPTION_QUEUE_URL),
                                       ti_option_text(other->options, TI_OPTION_QUEUE_URL)) == 0;

    for (size_t i = 0; same && i < count; i++)
        same = strcmp(ti_option_text(one->options, parts[i]), ti_option_text(other->options, parts[i])) == 0;
    return same;
}

/* The one of now, or the one that is wanted when that has another queue. To be left. */
static ti_gear *choose_gear(ticker_consumer *consumer, ti_gear *wanted)
{
    ti_gear *gear;

    (void)pthread_mutex_lock(&consumer->lock);
    gear = wanted == NULL || ti_gear_same_queue(wanted, consumer->gear) ? consumer->gear : wanted;
    gear->users++;
    (void)pthread_mutex_unlock(&consumer->lock);
    return gear;
}

ticker_status ti_services_open(ticker_consumer *consumer, ti_services *services, ti_gear *wanted, bool ledger,
                               bool (*interrupted)(void *payload), ticker_error *error)
{
    ti_gear *gear = choose_gear(consumer, wanted);
    ticker_status status = TICKER_OK;

    if (services->gear == gear) {
        ti_gear_leave(gear);
    } else {
        ti_services_close(services);
        services->gear = gear;
    }
    if (services->store == NULL && (ledger || gear->database_queue)) {
        status = open_store(consumer, services, interrupted, error);
        if (status != TICKER_OK) {
            ticker_store_free(services->store);
            services->store = NULL;
        }
    }
    if (status == TICKER_OK && services->queue == NULL)
        status = open_queue(consumer, services, error);
    return status; /* also when it fails the gear stays: it tells what failed */
}
