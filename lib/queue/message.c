/* Messages: their texts, kept together until they are freed. */
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"

static char *copy(ti_slice text)
{
    char *made = malloc(text.size + 1);

    if (made == NULL)
        return NULL;
    if (text.size > 0)
        memcpy(made, text.data, text.size);
    made[text.size] = '\0';
    return made;
}

ticker_message *ti_message_new(const char *id, const char *receipt, ti_slice body, const char *reason)
{
    ticker_message *message = calloc(1, sizeof(*message));

    if (message == NULL)
        return NULL;
    message->id = strdup(id);
    message->receipt = strdup(receipt);
    message->body = copy(body);
    message->size = body.size;
    if (reason != NULL)
        message->reason = strdup(reason);
    if (message->id == NULL || message->receipt == NULL || message->body == NULL ||
        (reason != NULL && message->reason == NULL)) {
        ticker_message_free(message);
        return NULL;
    }
    return message;
}

void ticker_message_free(ticker_message *message)
{
    if (message == NULL)
        return;
    free(message->id);
    free(message->receipt);
    free(message->body);
    free(message->reason);
    free(message);
}

const char *ticker_message_id(const ticker_message *message)
{
    return message->id;
}

const char *ticker_message_body(const ticker_message *message, size_t *size)
{
    if (size != NULL)
        *size = message->size;
    return message->body;
}

int64_t ticker_message_attempts(const ticker_message *message)
{
    return message->attempts;
}

int64_t ticker_message_sent(const ticker_message *message)
{
    return message->sent;
}
