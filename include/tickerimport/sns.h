/* SNS: topics and their subscribers. Any thread; several calls at once on one client. Statuses as in s3.h. Texts
 * through char ** are the caller's: ticker_free(). */
#ifndef TICKERIMPORT_SNS_H
#define TICKERIMPORT_SNS_H

#include <tickerimport/aws.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a topic, or finds it: its ARN. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_create_topic(ticker_aws *aws, const char *name, char **arn,
                                                                   ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_delete_topic(ticker_aws *aws, const char *arn,
                                                                   ticker_error *error);
/* Calls `visit` for each topic's ARN, page by page; anything but TICKER_OK ends the listing and is returned. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_topics(ticker_aws *aws,
                                                             ticker_status (*visit)(void *payload, const char *arn,
                                                                                    ticker_error *error),
                                                             void *payload, ticker_error *error);
/* One attribute of a topic ("Policy" …). TICKER_DONE: not set. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_topic_attribute(ticker_aws *aws, const char *arn,
                                                                      const char *name, char **value,
                                                                      ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_set_topic_attribute(ticker_aws *aws, const char *arn,
                                                                          const char *name, const char *value,
                                                                          ticker_error *error);
/* Subscribes ("sqs" and a queue's ARN), or finds the subscription: its ARN. `raw`: deliver the event without SNS's
 * envelope. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_subscribe(ticker_aws *aws, const char *topic,
                                                                const char *protocol, const char *endpoint, int raw,
                                                                char **arn, ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_unsubscribe(ticker_aws *aws, const char *arn,
                                                                  ticker_error *error);
/* Calls `visit` with subscription ARN, protocol and endpoint of each subscriber of the topic. */
TICKER_API TICKER_MUST_CHECK ticker_status
ticker_sns_subscriptions(ticker_aws *aws, const char *topic,
                         ticker_status (*visit)(void *payload, const char *arn, const char *protocol,
                                                const char *endpoint, ticker_error *error),
                         void *payload, ticker_error *error);
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_set_subscription_attribute(ticker_aws *aws, const char *arn,
                                                                                 const char *name, const char *value,
                                                                                 ticker_error *error);
/* `subject` may be NULL; *id (may be NULL) is the message's. */
TICKER_API TICKER_MUST_CHECK ticker_status ticker_sns_publish(ticker_aws *aws, const char *topic, const char *subject,
                                                              const char *message, char **id, ticker_error *error);

#ifdef __cplusplus
}
#endif
#endif
