/* Inside of SNS: one call in the Query protocol, and the shapes that its answers have. */
#ifndef TI_AWS_SNS_H
#define TI_AWS_SNS_H

#include <tickerimport/sns.h>

#include "base/slice.h"

/* A parameter of a call; a list of them ends with a NULL name. */
typedef struct ti_sns_pair {
    const char *name, *value;
} ti_sns_pair;

/* The region in an ARN; empty when it is none. */
ti_slice ti_sns_region(const char *arn);

/* In all of these `arn` is the topic or subscription whose region is asked (NULL: the client's).
 *
 * A call whose answer is one text, "Publish…/Publish…/MessageId", for the caller to free; `wanted` NULL: none. */
ticker_status ti_sns_text(ticker_aws *aws, const char *action, const char *arn, const ti_sns_pair *pairs,
                          const char *wanted, char **text, ticker_error *error);
/* A call that takes something away: TICKER_OK also when there was none. */
ticker_status ti_sns_remove(ticker_aws *aws, const char *action, const char *arn, const ti_sns_pair *pairs,
                            ticker_error *error);
/* A call that tells all attributes: the one of this name. TICKER_DONE: not set, or empty. */
ticker_status ti_sns_attribute(ticker_aws *aws, const char *action, const char *arn, const ti_sns_pair *pairs,
                               const char *name, char **value, ticker_error *error);

#define TI_SNS_MEMBERS 3

/* A listing, page by page (of the topic `arn`, or of all). `members` are the elements of a list's entry; `visit` gets
 * their texts, and ends the listing with anything but TICKER_OK, which is returned. */
ticker_status ti_sns_list(ticker_aws *aws, const char *action, const char *arn,
                          const char *const members[TI_SNS_MEMBERS],
                          ticker_status (*visit)(void *self, const char *const *texts, ticker_error *error), void *self,
                          ticker_error *error);

#endif
