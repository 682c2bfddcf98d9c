/* Inside view of the consumer: which threads there are, what they share, and who may touch what.
 *
 * The caller of ticker_consumer_run() is the receiver; importers take what it received; the keeper tells the queue what became of it, and
 * keeps it hidden meanwhile. Messages stand in a fixed list of jobs. A job belongs to nobody while it is free or waiting (the lock), to
 * its importer while it runs, to the keeper when it has ended; its message is freed by the keeper only, which may therefore extend it
 * at any time. */
#ifndef TI_PIPELINE_CONSUMER_H
#define TI_PIPELINE_CONSUMER_H

#include <pthread.h>
#include <stdatomic.h>

#include <tickerimport/consumer.h>
#include <tickerimport/event.h>

#include "base/error.h"
#include "store/store.h"

#define TI_IMPORTERS_MAX 64
#define TI_ENDED_MAX 40 /* jobs that may wait to be settled while all importers work */
#define TI_JOBS_MAX (TI_IMPORTERS_MAX + TI_ENDED_MAX)
#define TI_NEVER INT64_MAX

/* --- What the options make: opened anew by a reload, kept by whoever still works with it. */

typedef struct ti_gear {
    ticker_consumer *consumer;
    unsigned users; /* under the consumer's lock */
    ticker_options *options;
    ticker_aws *aws;         /* NULL: nothing of it is in AWS */
    pthread_mutex_t opening; /* of the storage */
    ticker_storage *storage; /* NULL: not opened yet */
    unsigned limit;          /* of files at once */
    bool serial;             /* SQLite: while an import writes nobody else does */
    bool database_queue;
    bool once, drop_missing, bury_missing;
    int visibility, wait;      /* seconds */
    int64_t timeout;           /* milliseconds; 0: none */
    atomic_llong max_attempts; /* 0: any number; the receiver asks the queue */
} ti_gear;

/* --- Messages. */

typedef enum ti_job_state { TI_JOB_FREE = 0, TI_JOB_WAITING, TI_JOB_RUNNING, TI_JOB_ENDED } ti_job_state;

typedef struct ti_job {
    ti_job_state state;
    ticker_message *message; /* NULL: none tells of it (->left) */
    int64_t left;            /* an upload that was left behind; 0: none */
    char *location;          /* of that */
    bool hopeless;           /* it was begun so often that something of it ends whoever does */
    ti_gear *gear;           /* whose queue it came from; a user of it. NULL: without a message */
    int64_t received;        /* monotonic milliseconds, as all times here */
    int64_t extend;          /* when it is to be extended next (the keeper's) */
    int visibility;          /* seconds */
    bool extends;
    /* The verdict. */
    ticker_consumed what;
    int delay;            /* seconds until it is seen again, when it is given back */
    unsigned refused;     /* records that never will work */
    bool recorded;        /* the ledger says why: of each of them */
    ticker_error why;     /* empty: nothing failed */
    int64_t ended, again; /* since when it is to be settled, and when that is tried next */
    unsigned tries;
} ti_job;

/* Which records of a message with several were done before it was given back: they need not be read again to find that out. */
#define TI_REMEMBERED 64
#define TI_REMEMBERED_ID 128

typedef struct ti_remembered {
    char id[TI_REMEMBERED_ID]; /* "": free */
    unsigned char done[(TICKER_EVENT_RECORDS_MAX + 7) / 8];
} ti_remembered;

/* --- Threads. */

typedef struct ti_importer {
    ticker_consumer *consumer;
    pthread_t thread;
    bool started;
    /* The thread's own. */
    ti_gear *gear;
    ticker_store *store;
    ti_job *job;
    ticker_error error;
    bool timed_out;
    /* Seen by others. */
    atomic_llong beat;  /* when it last showed life; TI_NEVER: it rests */
    atomic_llong begun; /* the file that runs; 0: none */
    atomic_llong row, bytes;
    atomic_ullong position, records;
    /* Under the lock. */
    char name[TICKER_NAME_MAX];
    const ti_gear *shown; /* in whose database ->row is; NULL: no file is read */
} ti_importer;

typedef struct ti_services {
    ti_gear *gear;
    ticker_store *store;
    ticker_queue *queue;
} ti_services;

enum { TI_TROUBLE_RECEIVER = 1, TI_TROUBLE_IMPORTERS = 2, TI_TROUBLE_KEEPER = 4 };

struct ticker_consumer {
    ticker_cache *cache;
    ticker_metrics *metrics;
    ticker_consumer_events events;

    pthread_mutex_t lock, telling; /* telling: an event's function runs. Never asked for under ->lock. */
    pthread_cond_t to_importers, to_holders, to_receiver, to_keeper; /* holders: importers that wait for a service */
    pthread_t receiver, keeper;
    ti_importer importers[TI_IMPORTERS_MAX];
    unsigned threads; /* importers */
    atomic_llong receiver_beat, keeper_beat;
    atomic_llong keeper_until; /* when the keeper leaves the ledger alone, for messages are to be held; TI_NEVER: not */

    atomic_bool stopping;
    atomic_llong deadline; /* when what runs is rolled back; TI_NEVER: not */

    /* Under the lock. */
    ti_gear *gear;
    ti_job jobs[TI_JOBS_MAX];
    ti_remembered remembered[TI_REMEMBERED];
    unsigned remember_next;
    bool run_before, running, looked, importers_ended;
    unsigned trouble, holding; /* who has it, and how many importers wait for it to end */
    bool trouble_told;
    int64_t trouble_said;
    bool some_not_done;
    ticker_status result; /* of a run that ended by itself */
    ticker_error failure;
};

/* --- consumer_gear.c */

int64_t ti_consumer_now(void); /* monotonic milliseconds */
/* first, 2 * first, 4 * first … last */
int64_t ti_doubled(int64_t first, int64_t last, int64_t times);
ticker_status ti_gear_new(ticker_consumer *consumer, const ticker_options *options, ti_gear **gear,
                          ticker_error *error);
/* The consumer's own now; it stays until ti_gear_leave(), which accepts NULL. Both take the lock. */
ti_gear *ti_gear_enter(ticker_consumer *consumer);
void ti_gear_leave(ti_gear *gear);
ticker_status ti_gear_storage(ti_gear *gear, ticker_storage **storage, ticker_error *error);
/* Whether a failure is no fault of what was asked for: a service is away, keys are missing. The same will work when that is over. */
bool ti_gear_is_away(const ti_gear *gear, const ticker_error *error);
/* … and, of those, keys and rights: they are waited for longer. */
bool ti_gear_wants_keys(const ti_gear *gear, const ticker_error *error);
/* Whether both mean the same queue, so that what came by the one may be settled by the other. */
bool ti_gear_same_queue(const ti_gear *one, const ti_gear *other);
/* For a thread that talks to the queue: opens what is not open with the options of now; but when those mean another queue than `wanted`
 * (unless NULL), with that. `ledger`: the store is wanted too; otherwise it is opened only when the queue is in it. */
ticker_status ti_services_open(ticker_consumer *consumer, ti_services *services, ti_gear *wanted, bool ledger,
                               bool (*interrupted)(void *payload), ticker_error *error);
void ti_services_close(ti_services *services);
/* The store only, unless the queue is in it. */
void ti_services_close_ledger(ti_services *services);

/* --- consumer_state.c: what all threads do under the lock, and what the caller hears. */

void ti_consumer_wake(ticker_consumer *consumer); /* under the lock: everybody */
bool ti_consumer_stopping(const ticker_consumer *consumer);
/* Whether what runs is to be rolled back, and whether even settling is to be given up. */
bool ti_consumer_late(const ticker_consumer *consumer);
bool ti_consumer_too_late(const ticker_consumer *consumer);
/* Under the lock: waits on `wake` until then at the longest. */
void ti_consumer_wait(ticker_consumer *consumer, pthread_cond_t *wake, int64_t until);
void ti_trouble_begin(ticker_consumer *consumer, unsigned who, const ticker_error *why, int64_t pause);
void ti_trouble_end(ticker_consumer *consumer, unsigned who);
/* Ends the run with a failure. */
void ti_consumer_fail(ticker_consumer *consumer, const ticker_error *why);
void ti_tell_file(ticker_consumer *consumer, const ticker_report *report);
void ti_tell_message(ticker_consumer *consumer, const ti_job *job);
void ti_tell_left(ticker_consumer *consumer, int64_t id);
void ti_count_received(ticker_consumer *consumer, const ticker_message *message);
void ti_count_in_flight(ticker_consumer *consumer, int64_t change);

/* --- consumer_gauges.c: what is looked up for those who watch, and what stands still between two events. */

/* Series at 0 from the start, so that the first event is seen as a rise. */
void ti_gauges_begin(const ticker_consumer *consumer);
void ti_gauges_importing(const ticker_consumer *consumer, int64_t change); /* files */
/* A file was imported. Takes the lock. */
void ti_gauges_imported(ticker_consumer *consumer, const char *format, const char *last_date);
/* Whether the queue may be looked at now. Under the lock. */
bool ti_gauges_wanted(const ticker_consumer *consumer);
/* The keeper's: asks the queue how much it holds, through connections of its own, which a stop interrupts. Returns when to look again. */
int64_t ti_gauges_look(ticker_consumer *consumer);

/* --- The threads. */

void ti_receiver_run(ticker_consumer *consumer);
void *ti_importer_run(void *importer);
void *ti_keeper_run(void *consumer);
/* For how many seconds a message may be hidden from now on (milliseconds): 0: no longer at all. */
int ti_keeper_extension(int64_t received, int64_t now, int visibility);
/* Called by the AWS client in whatever thread makes a request. */
int ti_consumer_interrupted(void *consumer);
bool ti_importer_must_end(ti_importer *importer);
/* consumer_records.c: works on ->job and writes its verdict. */
void ti_importer_work(ti_importer *importer);
void ti_importer_close(ti_importer *importer);
/* With other options the database may be another one. */
void ti_importer_renew(ti_importer *importer);

#endif
