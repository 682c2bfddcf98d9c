/* Event notifications as an attacker might write them, or a broken line leave them: refused as a whole, with a reason. */
#include "event_texts.h"

START_TEST(no_events)
{
    refused("", "empty");
    refused(" \r\n\t ", "empty");
    refused("hello", "JSON");
    refused("{\"Records\":[", "JSON");
    refused(EVENT(PLAIN) "x", "JSON");
    refused_bytes(EVENT(PLAIN) "\0", sizeof(EVENT(PLAIN)), TICKER_ERROR_INPUT, "JSON");
    refused("{\"Type\":\"Notification\",\"Message\":\"hello\"}", "JSON");
    refused("{\"Type\":\"Notification\",\"Message\":\"\"}", "empty");
    refused("{\"Records\":5}", "no list");
    refused("{\"Records\":{\"a\":1}}", "no list");
    refused("{\"Records\":[5]}", "record 1 of the event is no object");
    refused("{\"Records\":[{}]}", "record 1 of the event has no bucket and no key");
    refused(EVENT(PLAIN ",{\"eventSource\":\"aws:s3\"}"), "record 2 of the event has no bucket and no key");
    refused(EVENT("{\"eventSource\":\"aws:s3\",\"s3\":\"x\"}"), "no bucket and no key");
    refused(EVENT(CREATED("\"size\":5")), "record 1 of the event has no key");
    refused(EVENT(CREATED("\"key\":\"\"")), "has no key");
    refused(EVENT(CREATED("\"key\":5")), "has no key");
    refused(EVENT(RECORD_OF("2.1", "aws:s3", "ObjectCreated:Put", "", OBJECT)), "has no bucket");
    refused(EVENT(RECORD_OF("2.1", "aws:s3", "ObjectRemoved:Delete", "", OBJECT)), "has no bucket");
    refused(EVENT(RECORD_OF("3.0", "aws:s3", "ObjectCreated:Put", "b", OBJECT)), "another version than 2.x");
    refused(EVENT(RECORD_OF("1.0", "aws:s3", "ObjectCreated:Put", "b", OBJECT)), "another version than 2.x");
    refused(EVENT(RECORD_OF("20.1", "aws:s3", "ObjectCreated:Put", "b", OBJECT)), "another version than 2.x");
    refused("{\"detail-type\":\"Object Created\",\"source\":\"aws.s3\",\"detail\":{\"bucket\":{\"name\":\"b\"}}}",
            "has no key");
    refused("{\"detail-type\":\"Object Created\",\"source\":\"aws.s3\"}", "has no bucket");
}
END_TEST

static void key_refused(const char *key, const char *message)
{
    ti_buffer body;

    bytes_init(&body);
    add(&body,
        "{\"Records\":[{\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":"
        "{\"key\":\"%s\"}}}]}",
        key);
    refused_bytes(body.data, body.size, TICKER_ERROR_INPUT, message);
    ti_buffer_free(&body);
}

START_TEST(bad_keys)
{
    key_refused("a%00b", "key that is no UTF-8 text");
    key_refused("a\\u0000b", "key that is no UTF-8 text");
    key_refused("%FF", "key that is no UTF-8 text");
    key_refused("%C3", "key that is no UTF-8 text");
    key_refused("%C0%AF", "key that is no UTF-8 text");
    key_refused("%ED%A0%80", "key that is no UTF-8 text");
    key_refused("\xff", "JSON");
}
END_TEST

/* The longest key, plain and with each byte encoded; one byte more. */
START_TEST(long_texts)
{
    char key[TICKER_KEY_MAX + 1], raw[3 * TICKER_KEY_MAX + 1], what[2 * TICKER_KEY_MAX];
    size_t longest = TICKER_KEY_MAX - 1;
    ti_buffer body;
    ticker_event *event;

    memset(key, 'k', sizeof(key));
    key[longest] = '\0';
    key_is(key, key);
    for (size_t i = 0; i < TICKER_KEY_MAX; i++)
        memcpy(raw + 3 * i, "%6b", 3);
    raw[3 * longest] = '\0';
    bytes_init(&body);
    add(&body,
        EVENT("{\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":"
              "\"%s\"}}}"),
        raw);
    event = parse(ti_buffer_string(&body));
    ck_assert_str_eq(ticker_event_key(event, 0), key);
    ck_assert_str_eq(ticker_event_raw_key(event, 0), key); /* as it came it could not be one */
    ticker_event_free(event);
    ti_buffer_free(&body);
    raw[3 * longest] = '%';
    raw[3 * TICKER_KEY_MAX] = '\0';
    key_refused(raw, "longer key");
    key[longest] = 'k';
    key[TICKER_KEY_MAX] = '\0';
    key_refused(key, "longer key");
    memset(what, 'b', sizeof(what));
    what[TICKER_BUCKET_MAX] = '\0';
    add(&body,
        EVENT("{\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"%s\"},\"object\":{\"key\":"
              "\"k\"}}}"),
        what);
    refused_bytes(body.data, body.size, TICKER_ERROR_INPUT, "longer bucket");
    ti_buffer_free(&body);
    refused(EVENT(CREATED("\"key\":\"k\",\"versionId\":\"a\\u0000b\"")), "version that is no UTF-8");
    refused(EVENT(CREATED("\"key\":\"k\",\"eTag\":\"\\u0000\"")), "ETag that is no UTF-8");
}
END_TEST

static void many_records(ti_buffer *body, size_t count)
{
    bytes_init(body);
    add(body, "{\"Records\":[");
    for (size_t i = 0; i < count; i++)
        add(body,
            "%s{\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b%zu\"},\"object\":{\"key\":\"k+%"
            "zu\","
            "\"size\":%zu}}}",
            i > 0 ? "," : "", i, i, i + 1);
    add(body, "]}");
}

START_TEST(several_records)
{
    ti_buffer body;
    ticker_event *event;
    char text[32];

    many_records(&body, TICKER_EVENT_RECORDS_MAX);
    event = parse(ti_buffer_string(&body));
    ck_assert_uint_eq(ticker_event_count(event), TICKER_EVENT_RECORDS_MAX);
    for (size_t i = 0; i < TICKER_EVENT_RECORDS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "k %zu", i);
        ck_assert_str_eq(ticker_event_key(event, i), text);
        ck_assert_int_eq(ticker_event_bytes(event, i), (int64_t)i + 1);
    }
    ticker_event_free(event);
    ti_buffer_free(&body);
    many_records(&body, TICKER_EVENT_RECORDS_MAX + 1);
    refused_bytes(body.data, body.size, TICKER_ERROR_LIMIT, "1001 records, more than 1000");
    ti_buffer_free(&body);
    event = parse("{\"Records\":[]}");
    ck_assert_int_eq(ticker_event_get_kind(event), TICKER_EVENT_OBJECTS);
    ck_assert_uint_eq(ticker_event_count(event), 0);
    ticker_event_free(event);
}
END_TEST

/* The largest message, most of it blanks, and one byte more; nesting without end. */
START_TEST(caps)
{
    ti_buffer body;

    bytes_init(&body);
    add(&body, "%s", EVENT(PLAIN));
    add_repeated(&body, ' ', TICKER_EVENT_BYTES_MAX - body.size);
    ticker_event_free(parse(ti_buffer_string(&body)));
    add(&body, " ");
    refused_bytes(body.data, body.size, TICKER_ERROR_LIMIT, "1048577 bytes, more than 1048576");
    ti_buffer_clear(&body);
    add(&body, "{\"Records\":");
    add_repeated(&body, '[', 100000);
    refused_bytes(body.data, body.size, TICKER_ERROR_INPUT, "");
    ti_buffer_free(&body);
}
END_TEST

/* Every cut and many changed bytes: refused or read, never a crash; what is read is whole. */
START_TEST(torture)
{
    static const char good[] = EVENT(CREATED(OBJECT) "," PLAIN);
    char *wrapped = enveloped(good), *copy;
    uint64_t state = 20261122;
    size_t size = strlen(wrapped), taken = 0;

    copy = malloc(size);
    ck_assert_ptr_nonnull(copy);
    for (size_t cut = 0; cut < size; cut++) {
        memcpy(copy, wrapped, cut);
        refused_bytes(copy, cut, TICKER_ERROR_INPUT, "");
    }
    for (unsigned round = 0; round < 5000; round++) {
        ticker_event *event = NULL;

        memcpy(copy, wrapped, size);
        for (uint64_t changes = 1 + next_random(&state) % 4; changes > 0; changes--)
            copy[next_random(&state) % size] = (char)next_random(&state);
        if (ticker_event_parse(copy, size, &event, NULL) != TICKER_OK)
            continue;
        taken++;
        for (size_t i = 0; i < ticker_event_count(event); i++)
            if (ticker_event_get_action(event, i) == TICKER_EVENT_IMPORT) {
                ck_assert_str_ne(ticker_event_bucket(event, i), "");
                ck_assert_str_ne(ticker_event_key(event, i), "");
            }
        ticker_event_free(event);
    }
    ck_assert_uint_gt(taken, 100);
    ck_assert_uint_lt(taken, 4900);
    free(copy);
    free(wrapped);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {no_events, bad_keys, long_texts, several_records, caps, torture};

    return run_tests("event_hostile", tests, COUNT(tests));
}
