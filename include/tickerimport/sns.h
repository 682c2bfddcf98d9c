/* SNS: topics and their subscribers. Any thread; several calls at once on one client. Texts through char ** are the
 * caller's: ticker_free().
 *
 * Statuses of all calls: TICKER_OK; TICKER_RETRY with TICKER_ERROR_SERVICE (service down, throttled, an answer that cannot
 * be understood: after all attempts) or TICKER_ERROR_CANCELLED; TICKER_FAILED with TICKER_ERROR_INPUT or
 * TICKER_ERROR_LIMIT (SNS does not take this message or value); TICKER_FATAL with TICKER_ERROR_USAGE (keys, rights, region,
 * no such topic, no ARN, a wrong argument), TICKER_ERROR_UNSUPPORTED or TICKER_ERROR_MEMORY. The error has the HTTP status
 * and AWS's code. Without an endpoint in the options a topic is asked in the region that its ARN names. */
#ifndef TICKERIMPORT_SNS_H
#define TICKERIMPORT_SNS_H

#include <tickerimport/aws.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a topic, or finds it: its ARN. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_create_topic(ticker_aws *aws, const char *name, char **arn,
                                                                   ticker_error *error);
/* With its subscriptions. TICKER_OK also when there was none. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_delete_topic(ticker_aws *aws, const char *arn,
                                                                   ticker_error *error);
/* Calls `visit` for each topic's ARN, page by page; anything but TICKER_OK ends the listing and is returned. ARN and error
 * are lent for the call. TICKER_FAILED with TICKER_ERROR_LIMIT: no end after TICKER_SNS_PAGES_MAX answers. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_topics(ticker_aws *aws,
                                                             ticker_status (*visit)(void *payload, const char *arn,
                                                                                    ticker_error *error),
                                                             void *payload, ticker_error *error);
/* One attribute of a topic ("Policy" …). TICKER_DONE: it is not set, or empty. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_topic_attribute(ticker_aws *aws, const char *arn,
                                                                      const char *name, char **value,
                                                                      ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_set_topic_attribute(ticker_aws *aws, const char *arn,
                                                                          const char *name, const char *value,
                                                                          ticker_error *error);
/* Subscribes ("sqs" and a queue's ARN), or finds the subscription: its ARN, or another text of the server's while somebody
 * still has to confirm it. `raw`: deliver messages without SNS's envelope; a subscription that is there already is changed
 * when it does it the other way. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_subscribe(ticker_aws *aws, const char *topic,
                                                                const char *protocol, const char *endpoint, int raw,
                                                                char **arn, ticker_error *error);
/* TICKER_OK also when there was none. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_unsubscribe(ticker_aws *aws, const char *arn,
                                                                  ticker_error *error);
/* Calls `visit` with subscription ARN, protocol and endpoint of each subscriber of the topic ("" for what is not said), as
 * ticker_sns_topics() does. */
TICKER_API TICKER_MUST_CHECK ticker_status
ticker_sns_subscriptions(ticker_aws *aws, const char *topic,
                         ticker_status (*visit)(void *payload, const char *arn, const char *protocol,
                                                const char *endpoint, ticker_error *error),
                         void *payload, ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_set_subscription_attribute(ticker_aws *aws, const char *arn,
                                                                                 const char *name, const char *value,
                                                                                 ticker_error *error);
/* `message` is UTF-8, 1 to TICKER_SNS_MESSAGE_MAX bytes; `subject` (may be NULL) ASCII on one line, 1 to
 * TICKER_SNS_SUBJECT_MAX bytes; *id (may be NULL) is the message's. It may be published twice: when an answer is lost the
 * call is repeated. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_publish(ticker_aws *aws, const char *topic, const char *subject,
                                                              const char *message, char **id, ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
