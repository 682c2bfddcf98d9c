/* Whether a failed attempt is made again, and after how long. After "Retry behavior" (AWS SDKs and Tools Reference Guide). */
#ifndef TI_AWS_RETRY_H
#define TI_AWS_RETRY_H

#include "aws/http.h"
#include "aws/limiter.h"
#include "aws/settings.h"

#define TI_RETRY_TOKENS 500 /* of a client; while a service is down, all its calls together repeat no more than that */
#define TI_RETRY_WAIT_MAX 20000

/* Shared by all calls of a client. Not locked: the caller sees to that. */
typedef struct ti_retry {
    ti_retry_mode mode;
    int tokens;
    ti_limiter limiter;
} ti_retry;

typedef enum ti_failure {
    TI_FAILURE_NONE = 0,
    TI_FAILURE_TRANSIENT, /* service down, connection broken */
    TI_FAILURE_TIMEOUT,
    TI_FAILURE_THROTTLED
} ti_failure;

void ti_retry_init(ti_retry *retry, ti_retry_mode mode, int64_t now);
/* Takes the tokens of one more attempt; false: there are not enough. *taken says how many, for ti_retry_success(). */
bool ti_retry_take(ti_retry *retry, ti_failure failure, int *taken);
/* A call ended well; `taken` with its last repetition, 0: it had none. */
void ti_retry_success(ti_retry *retry, int taken);

/* Milliseconds before attempt `attempt` + 1: anything up to 100 ms, doubled with each attempt, and no less than the server
 * asks for (Retry-After, x-amz-retry-after); 20 s at most. */
int64_t ti_retry_wait(unsigned attempt, uint64_t random, const ti_http_response *response, int64_t now);

#endif
