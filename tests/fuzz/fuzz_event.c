/* Messages of a queue. Whatever the bytes are: an event whose records are whole, or a reason why not. */
#include "fuzz.h"

#include <string.h>
#include <tickerimport/event.h>
#include <tickerimport/limits.h>

#include "base/error.h"
#include "base/utf8.h"

static void check_text(const char *text, size_t max)
{
    ti_slice rest = ti_slice_of(text);

    CHECK(rest.size <= max);
    while (rest.size > 0) {
        size_t length = ti_utf8_length(rest);

        CHECK(length > 0);
        rest = (ti_slice){rest.data + length, rest.size - length};
    }
}

static void check_record(const ticker_event *event, size_t index)
{
    ticker_event_action action = ticker_event_get_action(event, index);
    const char *key = ticker_event_key(event, index);

    CHECK(action <= TICKER_EVENT_OTHER);
    CHECK(action == TICKER_EVENT_OTHER || (key[0] != '\0' && ticker_event_bucket(event, index)[0] != '\0'));
    CHECK(action != TICKER_EVENT_EMPTY || ticker_event_bytes(event, index) == 0);
    CHECK(action != TICKER_EVENT_IMPORT || ticker_event_bytes(event, index) != 0);
    CHECK((action != TICKER_EVENT_FOLDER) || key[strlen(key) - 1] == '/');
    CHECK(ticker_event_bytes(event, index) >= -1 && ticker_event_time(event, index) >= 0);
    check_text(key, TICKER_KEY_MAX - 1);
    check_text(ticker_event_raw_key(event, index), TICKER_KEY_MAX - 1);
    check_text(ticker_event_bucket(event, index), TICKER_BUCKET_MAX - 1);
    check_text(ticker_event_name(event, index), TICKER_NAME_MAX);
    check_text(ticker_event_etag(event, index), TICKER_NAME_MAX);
    check_text(ticker_event_version(event, index), TICKER_KEY_MAX);
    check_text(ticker_event_sequencer(event, index), TICKER_NAME_MAX);
    check_text(ticker_event_region(event, index), TICKER_NAME_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ticker_event *event = NULL;
    ticker_error error;
    ticker_status status;
    size_t count;

    ti_error_init(&error);
    status = ticker_event_parse((const char *)data, size, &event, &error);
    if (status != TICKER_OK) {
        CHECK(status == TICKER_FAILED && event == NULL);
        CHECK(error.kind == TICKER_ERROR_INPUT || error.kind == TICKER_ERROR_LIMIT);
        CHECK(error.message[0] != '\0');
        check_text(error.message, sizeof(error.message) - 1);
        return 0;
    }
    count = ticker_event_count(event);
    CHECK(count <= TICKER_EVENT_RECORDS_MAX);
    CHECK(count == 0 || ticker_event_get_kind(event) == TICKER_EVENT_OBJECTS);
    for (size_t i = 0; i < count; i++) {
        check_record(event, i);
        if (i > 0) {
            const char *a = ticker_event_sequencer(event, i - 1), *b = ticker_event_sequencer(event, i);

            CHECK(ticker_event_compare_sequencers(a, b) == -ticker_event_compare_sequencers(b, a));
        }
    }
    ticker_event_free(event);
    return 0;
}
