/* Event notifications as AWS, Ceph, MinIO, LocalStack and SNS send them. */
#include "event_texts.h"

#define TEST_EVENT                                                                                                     \
    "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Time\":\"2026-11-22T11:58:29.699Z\","                     \
    "\"Bucket\":\"files-bucket\",\"RequestId\":\"R\",\"HostId\":\"H\"}"

static void is_kind(const char *body, ticker_event_kind kind)
{
    ticker_event *event = parse(body);

    ck_assert_msg(ticker_event_get_kind(event) == kind, "%.200s is of kind %d", body, ticker_event_get_kind(event));
    if (kind != TICKER_EVENT_OBJECTS)
        ck_assert_uint_eq(ticker_event_count(event), 0);
    ticker_event_free(event);
}

static void is_the_object(const ticker_event *event, size_t index)
{
    ck_assert_int_eq(ticker_event_get_action(event, index), TICKER_EVENT_IMPORT);
    ck_assert_str_eq(ticker_event_name(event, index), "ObjectCreated:Put");
    ck_assert_str_eq(ticker_event_bucket(event, index), "files-bucket");
    ck_assert_str_eq(ticker_event_key(event, index), "in/a b+c \xc3\xa9.csv");
    ck_assert_str_eq(ticker_event_raw_key(event, index), "in/a+b%2Bc+%C3%A9.csv");
    ck_assert_int_eq(ticker_event_bytes(event, index), 12);
    ck_assert_str_eq(ticker_event_etag(event, index), "1c6503f3a2e2b2d1a0e2b2d1a0e2b2d1");
    ck_assert_str_eq(ticker_event_version(event, index), "");
    ck_assert_str_eq(ticker_event_sequencer(event, index), "0018EA5C23A9EBF183");
    ck_assert_str_eq(ticker_event_region(event, index), "sa-east-1");
    ck_assert_int_eq(ticker_event_time(event, index), 1795348709699);
}

START_TEST(bare)
{
    ticker_event *event = parse(EVENT(CREATED(OBJECT)));

    ck_assert_int_eq(ticker_event_get_kind(event), TICKER_EVENT_OBJECTS);
    ck_assert_uint_eq(ticker_event_count(event), 1);
    is_the_object(event, 0);
    ticker_event_free(event);
}
END_TEST

START_TEST(in_an_envelope)
{
    char *once = enveloped(EVENT(CREATED(OBJECT))), *twice = enveloped(once), *thrice = enveloped(twice),
         *four = enveloped(thrice);
    const char *bodies[] = {
        once,
        twice,
        thrice,
        /* The message already taken apart by something on the way; without a type. */
        "{\"Type\":\"Notification\",\"TopicArn\":\"arn\",\"Message\":" EVENT(CREATED(OBJECT)) "}",
        "{\"TopicArn\":\"arn\",\"Message\":" EVENT(CREATED(OBJECT)) "}",
    };

    for (size_t i = 0; i < COUNT(bodies); i++) {
        ticker_event *event = parse(bodies[i]);

        ck_assert_int_eq(ticker_event_get_kind(event), TICKER_EVENT_OBJECTS);
        ck_assert_uint_eq(ticker_event_count(event), 1);
        is_the_object(event, 0);
        ticker_event_free(event);
    }
    refused(four, "wrapped more than 3 times");
    free(once);
    free(twice);
    free(thrice);
    free(four);
}
END_TEST

START_TEST(test_events)
{
    char *once = enveloped(TEST_EVENT);

    is_kind(TEST_EVENT, TICKER_EVENT_TEST);
    is_kind(once, TICKER_EVENT_TEST);
    is_kind("{\"Event\":\"s3:TestEvent\"}", TICKER_EVENT_TEST);
    free(once);
}
END_TEST

/* Well-formed, but nothing to do with S3. */
START_TEST(foreign)
{
    static const char *const bodies[] = {
        "{}",
        "[]",
        "5",
        "\"Records\"",
        "null",
        "{\"records\":[]}",
        "{\"Records\":null}",
        "{\"Type\":\"SubscriptionConfirmation\",\"Message\":\"You have chosen to subscribe\",\"Token\":\"t\"}",
        "{\"Type\":\"UnsubscribeConfirmation\",\"Message\":\"bye\",\"TopicArn\":\"arn\"}",
        "{\"Type\":\"Notification\"}",
        "{\"Type\":\"Notification\",\"Message\":null}",
        "{\"Type\":\"Notification\",\"Message\":\"5\"}",
        "{\"Type\":\"Notification\",\"Message\":[1]}",
        "{\"Message\":\"no envelope of SNS\"}",
        "{\"Event\":\"s3:SomethingElse\"}",
        "{\"Records\":[{\"eventSource\":\"aws:ses\",\"eventVersion\":\"1.0\",\"ses\":{}}]}",
        "{\"Records\":[{\"eventSource\":\"aws:sqs\",\"body\":\"x\"},{\"eventSource\":\"aws:kinesis\"}]}",
        "{\"detail-type\":\"EC2 Instance State-change Notification\",\"source\":\"aws.ec2\",\"detail\":{}}",
    };

    for (size_t i = 0; i < COUNT(bodies); i++)
        is_kind(bodies[i], TICKER_EVENT_FOREIGN);
}
END_TEST

/* Any 2.x, with fields that nobody has heard of, or without those that can be done without. */
START_TEST(versions)
{
    static const char *const bodies[] = {
        EVENT(RECORD_OF("2.0", "aws:s3", "ObjectCreated:Put", "b", "\"key\":\"k\"")),
        EVENT(RECORD_OF("2.6", "aws:s3", "ObjectCreated:Put", "b", "\"key\":\"k\",\"new\":{\"x\":[1,{\"y\":2}]}")),
        EVENT(RECORD_OF("2.99", "", "ObjectCreated:Put", "b", "\"key\":\"k\"")),
        EVENT(RECORD_OF("2", "aws:s3", "ObjectCreated:Put", "b", "\"key\":\"k\"")),
        EVENT("{\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"k\"}}}"),
        /* Another server's name, and one that says nothing; what counts is that there is "s3". */
        EVENT("{\"eventSource\":\"acme\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"b\"},"
              "\"object\":{\"key\":\"k\"}}}"),
        " \n" EVENT("{\"eventName\":\"s3:ObjectCreated:Put\",\"s3\":{\"object\":{\"key\":\"k\"},\"bucket\":"
                    "{\"name\":\"b\"}},\"glacierEventData\":{\"restoreEventData\":{}}}") "\n",
    };

    for (size_t i = 0; i < COUNT(bodies); i++) {
        ticker_event *event = parse(bodies[i]);

        ck_assert_int_eq(ticker_event_get_kind(event), TICKER_EVENT_OBJECTS);
        ck_assert_uint_eq(ticker_event_count(event), 1);
        ck_assert_int_eq(ticker_event_get_action(event, 0), TICKER_EVENT_IMPORT);
        ck_assert_str_eq(ticker_event_name(event, 0), "ObjectCreated:Put");
        ck_assert_str_eq(ticker_event_bucket(event, 0), "b");
        ck_assert_str_eq(ticker_event_key(event, 0), "k");
        ck_assert_int_eq(ticker_event_bytes(event, 0), -1);
        ticker_event_free(event);
    }
}
END_TEST

START_TEST(keys)
{
    key_is("a/b/c.zip", "a/b/c.zip");
    key_is("a+b", "a b");
    key_is("a%20b", "a b"); /* LocalStack */
    key_is("a%2Bb", "a+b");
    key_is("a%2bb", "a+b");
    key_is("a%252Bb", "a%2Bb"); /* once, not twice */
    key_is("%E5%8F%96%E5%BC%95.txt", "\xe5\x8f\x96\xe5\xbc\x95.txt");
    key_is("\xe5\x8f\x96%", "\xe5\x8f\x96%");
    key_is("100%", "100%"); /* not encoded: Ceph */
    key_is("100%.csv", "100%.csv");
    key_is("%zz", "%zz");
    key_is("%2", "%2");
    key_is("%F0%9F%93%88", "\xf0\x9f\x93\x88");
    key_is("a%0Ab", "a\nb"); /* S3 takes it */
}
END_TEST

static void action_is(const char *record, ticker_event_action action, const char *name)
{
    ti_buffer body;
    ticker_event *event;

    bytes_init(&body);
    add(&body, "{\"Records\":[%s]}", record);
    event = parse(ti_buffer_string(&body));
    ck_assert_uint_eq(ticker_event_count(event), 1);
    ck_assert_msg(ticker_event_get_action(event, 0) == action, "%s: %d", record, ticker_event_get_action(event, 0));
    ck_assert_str_eq(ticker_event_name(event, 0), name);
    ticker_event_free(event);
    ti_buffer_free(&body);
}

#define NAMED(name) RECORD_OF("2.1", "aws:s3", name, "b", "\"key\":\"k\",\"size\":1")

START_TEST(actions)
{
    action_is(NAMED("ObjectCreated:Put"), TICKER_EVENT_IMPORT, "ObjectCreated:Put");
    action_is(NAMED("ObjectCreated:Post"), TICKER_EVENT_IMPORT, "ObjectCreated:Post");
    action_is(NAMED("ObjectCreated:Copy"), TICKER_EVENT_IMPORT, "ObjectCreated:Copy");
    action_is(NAMED("ObjectCreated:CompleteMultipartUpload"), TICKER_EVENT_IMPORT,
              "ObjectCreated:CompleteMultipartUpload");
    action_is(NAMED("s3:ObjectCreated:Put"), TICKER_EVENT_IMPORT, "ObjectCreated:Put");
    action_is(NAMED("ObjectRemoved:Delete"), TICKER_EVENT_REMOVED, "ObjectRemoved:Delete");
    action_is(NAMED("s3:ObjectRemoved:DeleteMarkerCreated"), TICKER_EVENT_REMOVED, "ObjectRemoved:DeleteMarkerCreated");
    action_is(NAMED("LifecycleExpiration:Delete"), TICKER_EVENT_REMOVED, "LifecycleExpiration:Delete");
    action_is(NAMED("s3:ObjectLifecycle:Expiration:Current"), TICKER_EVENT_REMOVED,
              "ObjectLifecycle:Expiration:Current");
    action_is(NAMED("ObjectRestore:Completed"), TICKER_EVENT_OTHER, "ObjectRestore:Completed");
    action_is(NAMED("ObjectTagging:Put"), TICKER_EVENT_OTHER, "ObjectTagging:Put");
    action_is(NAMED("Replication:OperationFailedReplication"), TICKER_EVENT_OTHER,
              "Replication:OperationFailedReplication");
    action_is(NAMED("s3:ObjectCreated:PutTagging"), TICKER_EVENT_OTHER, "ObjectCreated:PutTagging");
    action_is(NAMED("s3:ObjectCreated:PutRetention"), TICKER_EVENT_OTHER, "ObjectCreated:PutRetention");
    action_is(NAMED("ObjectCreatedX:Put"), TICKER_EVENT_OTHER, "ObjectCreatedX:Put");
    action_is(NAMED(""), TICKER_EVENT_OTHER, "");
    action_is(RECORD_OF("2.0", "minio:s3", "s3:BucketCreated:*", "b", "\"key\":\"\""), TICKER_EVENT_OTHER,
              "BucketCreated:*");
}
END_TEST

START_TEST(empty_and_folders)
{
    static const struct {
        const char *object;
        ticker_event_action action;
        int64_t bytes;
    } objects[] = {
        {CREATED("\"key\":\"k\",\"size\":0"), TICKER_EVENT_EMPTY, 0},
        {CREATED("\"key\":\"k\",\"size\":\"0\""), TICKER_EVENT_EMPTY, 0},
        {CREATED("\"key\":\"k\",\"size\":\"77\""), TICKER_EVENT_IMPORT, 77},
        {CREATED("\"key\":\"k\",\"size\":5497558138880"), TICKER_EVENT_IMPORT, 5497558138880},
        {CREATED("\"key\":\"k\",\"size\":-5"), TICKER_EVENT_IMPORT, -1},
        {CREATED("\"key\":\"k\",\"size\":1.5"), TICKER_EVENT_IMPORT, -1},
        {CREATED("\"key\":\"k\",\"size\":null"), TICKER_EVENT_IMPORT, -1},
        {CREATED("\"key\":\"k\",\"size\":18446744073709551616"), TICKER_EVENT_IMPORT, -1},
        {CREATED("\"key\":\"dir/\",\"size\":0"), TICKER_EVENT_FOLDER, 0},
        {CREATED("\"key\":\"dir%2F\",\"size\":5"), TICKER_EVENT_FOLDER, 5},
        {RECORD_OF("2.1", "aws:s3", "ObjectRemoved:Delete", "b", "\"key\":\"dir/\""), TICKER_EVENT_REMOVED, -1},
        {RECORD_OF("2.1", "aws:s3", "ObjectTagging:Put", "b", "\"key\":\"dir/\",\"size\":0"), TICKER_EVENT_OTHER, 0},
    };

    for (size_t i = 0; i < COUNT(objects); i++) {
        ti_buffer body;
        ticker_event *event;

        bytes_init(&body);
        add(&body, "{\"Records\":[%s]}", objects[i].object);
        event = parse(ti_buffer_string(&body));
        ck_assert_msg(ticker_event_get_action(event, 0) == objects[i].action, "%s", objects[i].object);
        ck_assert_int_eq(ticker_event_bytes(event, 0), objects[i].bytes);
        ticker_event_free(event);
        ti_buffer_free(&body);
    }
}
END_TEST

/* What Ceph 16's gateway sends: its own source, no region, six decimals, a key that is not encoded, more members. */
START_TEST(ceph)
{
    ticker_event *event = parse(
        "{\"Records\":[{\"eventVersion\":\"2.2\",\"eventSource\":\"ceph:s3\",\"awsRegion\":\"\","
        "\"eventTime\":\"2026-11-22T13:47:35.124724Z\",\"eventName\":\"ObjectCreated:CompleteMultipartUpload\","
        "\"userIdentity\":{\"principalId\":\"test\"},\"requestParameters\":{\"sourceIPAddress\":\"\"},"
        "\"responseElements\":{\"x-amz-request-id\":\"r\",\"x-amz-id-2\":\"i\"},\"s3\":{\"s3SchemaVersion\":\"1.0\","
        "\"configurationId\":\"n1\",\"bucket\":{\"name\":\"b\",\"ownerIdentity\":{\"principalId\":\"test\"},"
        "\"arn\":\"arn:aws:s3:us-east-1::b\",\"id\":\"503a4c37\"},\"object\":{\"key\":\"a+b c.csv\",\"size\":7,"
        "\"eTag\":\"37b51d194a7513e45b56f6524f2d51f2\",\"versionId\":\"\",\"sequencer\":\"F7E6D75DC742D108\","
        "\"metadata\":[{\"key\":\"x-amz-meta-a\",\"val\":\"b\"}],\"tags\":[]}},\"eventId\":\"e\","
        "\"opaqueData\":\"me@example.com\"}]}");

    ck_assert_str_eq(ticker_event_key(event, 0), "a b c.csv");
    ck_assert_str_eq(ticker_event_raw_key(event, 0), "a+b c.csv");
    ck_assert_str_eq(ticker_event_region(event, 0), "");
    ck_assert_str_eq(ticker_event_version(event, 0), "");
    ck_assert_int_eq(ticker_event_time(event, 0), 1795355255124);
    ticker_event_free(event);
}
END_TEST

START_TEST(minio)
{
    ticker_event *event = parse(
        "{\"EventName\":\"s3:ObjectCreated:Put\",\"Key\":\"b/in/a b.csv\",\"Records\":[{\"eventVersion\":\"2.0\","
        "\"eventSource\":\"minio:s3\",\"awsRegion\":\"\",\"eventTime\":\"2026-10-22T09:27:27Z\","
        "\"eventName\":\"s3:ObjectCreated:Put\",\"s3\":{\"s3SchemaVersion\":\"1.0\",\"configurationId\":\"Config\","
        "\"bucket\":{\"name\":\"b\",\"arn\":\"arn:aws:s3:::b\"},\"object\":{\"key\":\"in%2Fa+b.csv\","
        "\"eTag\":\"\\\"5fc7298143efe1276d39a3466d4e255f-1\\\"\",\"contentType\":\"text/csv\","
        "\"userMetadata\":{\"content-type\":\"text/csv\"},\"versionId\":\"1\",\"sequencer\":\"15CFEDF8D5304D1A\"}},"
        "\"source\":{\"host\":\"172.16.118.255\",\"port\":\"\",\"userAgent\":\"x\"}}]}");

    ck_assert_int_eq(ticker_event_get_action(event, 0), TICKER_EVENT_IMPORT);
    ck_assert_str_eq(ticker_event_key(event, 0), "in/a b.csv");
    ck_assert_str_eq(ticker_event_etag(event, 0), "5fc7298143efe1276d39a3466d4e255f-1");
    ck_assert_str_eq(ticker_event_version(event, 0), "1");
    ck_assert_int_eq(ticker_event_bytes(event, 0), -1);
    ck_assert_int_eq(ticker_event_time(event, 0), 1792661247000);
    ticker_event_free(event);
}
END_TEST

#define BRIDGE(type, reason)                                                                                           \
    "{\"version\":\"0\",\"id\":\"17793124\",\"detail-type\":\"" type "\",\"source\":\"aws.s3\",\"account\":\"1\","     \
    "\"time\":\"2026-11-22T11:58:29Z\",\"region\":\"ca-central-1\",\"resources\":[\"arn:aws:s3:::b\"],\"detail\":{"    \
    "\"version\":\"0\",\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"a+b%20c\",\"size\":5,\"etag\":\"e1\","        \
    "\"version-id\":\"v1\",\"sequencer\":\"00617F08299329D189\"},\"request-id\":\"r\",\"requester\":\"1\","            \
    "\"source-ip-address\":\"1.2.3.4\",\"reason\":\"" reason "\"}}"

START_TEST(event_bridge)
{
    static const struct {
        const char *body, *name;
        ticker_event_action action;
    } events[] = {
        {BRIDGE("Object Created", "PutObject"), "ObjectCreated:Put", TICKER_EVENT_IMPORT},
        {BRIDGE("Object Created", "POST Object"), "ObjectCreated:Post", TICKER_EVENT_IMPORT},
        {BRIDGE("Object Created", "CopyObject"), "ObjectCreated:Copy", TICKER_EVENT_IMPORT},
        {BRIDGE("Object Created", "CompleteMultipartUpload"), "ObjectCreated:CompleteMultipartUpload",
         TICKER_EVENT_IMPORT},
        {BRIDGE("Object Created", "something new"), "ObjectCreated:Put", TICKER_EVENT_IMPORT},
        {BRIDGE("Object Deleted", "DeleteObject"), "ObjectRemoved:Delete", TICKER_EVENT_REMOVED},
        {BRIDGE("Object Deleted", "Lifecycle Expiration"), "LifecycleExpiration:Delete", TICKER_EVENT_REMOVED},
        {BRIDGE("Object Tags Added", ""), "Object Tags Added", TICKER_EVENT_OTHER},
    };

    for (size_t i = 0; i < COUNT(events); i++) {
        char *wrapped = enveloped(events[i].body);
        const char *bodies[] = {events[i].body, wrapped};

        for (size_t k = 0; k < COUNT(bodies); k++) {
            ticker_event *event = parse(bodies[k]);

            ck_assert_int_eq(ticker_event_get_kind(event), TICKER_EVENT_OBJECTS);
            ck_assert_uint_eq(ticker_event_count(event), 1);
            ck_assert_int_eq(ticker_event_get_action(event, 0), events[i].action);
            ck_assert_str_eq(ticker_event_name(event, 0), events[i].name);
            ck_assert_str_eq(ticker_event_bucket(event, 0), "b");
            ck_assert_str_eq(ticker_event_key(event, 0), "a+b%20c"); /* not encoded there */
            ck_assert_str_eq(ticker_event_raw_key(event, 0), "a+b%20c");
            ck_assert_str_eq(ticker_event_etag(event, 0), "e1");
            ck_assert_str_eq(ticker_event_version(event, 0), "v1");
            ck_assert_str_eq(ticker_event_region(event, 0), "ca-central-1");
            ck_assert_int_eq(ticker_event_bytes(event, 0), 5);
            ck_assert_int_eq(ticker_event_time(event, 0), 1795348709000);
            ticker_event_free(event);
        }
        free(wrapped);
    }
}
END_TEST

START_TEST(outside)
{
    ticker_event *event = parse(EVENT(CREATED(OBJECT)));
    const ticker_event *events[] = {event, NULL};

    for (size_t i = 0; i < COUNT(events); i++) {
        for (size_t index = 1; index < 3; index++) {
            ck_assert_int_eq(ticker_event_get_action(events[i], index), TICKER_EVENT_OTHER);
            ck_assert_str_eq(ticker_event_name(events[i], index), "");
            ck_assert_str_eq(ticker_event_bucket(events[i], index), "");
            ck_assert_str_eq(ticker_event_key(events[i], index), "");
            ck_assert_str_eq(ticker_event_raw_key(events[i], index), "");
            ck_assert_str_eq(ticker_event_etag(events[i], index), "");
            ck_assert_str_eq(ticker_event_version(events[i], index), "");
            ck_assert_str_eq(ticker_event_sequencer(events[i], index), "");
            ck_assert_str_eq(ticker_event_region(events[i], index), "");
            ck_assert_int_eq(ticker_event_bytes(events[i], index), 0);
            ck_assert_int_eq(ticker_event_time(events[i], index), 0);
        }
    }
    ck_assert_uint_eq(ticker_event_count(NULL), 0);
    ck_assert_int_eq(ticker_event_get_kind(NULL), TICKER_EVENT_FOREIGN);
    ticker_event_free(event);
    ticker_event_free(NULL);
    ck_assert_int_eq(ticker_event_parse(NULL, 5, &event, NULL), TICKER_FATAL);
    ck_assert_int_eq(ticker_event_parse("{}", 2, NULL, NULL), TICKER_FATAL);
}
END_TEST

START_TEST(sequencers)
{
    static const struct {
        const char *a, *b;
        int order;
    } pairs[] = {
        {"0055AED6DCD90281E5", "0055AED6DCD90281E5", 0}, /* LocalStack sends no other */
        {"0055AED6DCD90281E5", "0055AED6DCD90281E6", -1},
        {"0055AED6DCD90281EF", "0055aed6dcd90281f0", -1}, /* any case */
        {"0055AED6DCD90281E5", "0155AED6DCD90281E5", -1},
        {"9", "a", -1},
        {"0A", "00B", 0},          /* 10 < 11, but A0 > 0B */
        {"55AED6", "0055AED6", 0}, /* equal with zeros before, newer with zeros behind */
        {"1", "10", 0},            /* the other way round */
        {"10", "1F0", -1},         /* older either way */
        {"2000", "1", 1},
        {"", "1", 0},
        {"1", "", 0},
        {"0x1", "1", 0},
        {"G", "1", 0},
        {"1 ", "2", 0},
        {"-1", "2", 0},
        {"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", -1},
    };

    for (size_t i = 0; i < COUNT(pairs); i++) {
        int order = ticker_event_compare_sequencers(pairs[i].a, pairs[i].b);

        ck_assert_msg((order > 0) - (order < 0) == pairs[i].order, "%s %s: %d", pairs[i].a, pairs[i].b, order);
        order = ticker_event_compare_sequencers(pairs[i].b, pairs[i].a);
        ck_assert_msg((order > 0) - (order < 0) == -pairs[i].order, "%s %s: %d", pairs[i].b, pairs[i].a, order);
    }
    ck_assert_int_eq(ticker_event_compare_sequencers(NULL, "1"), 0);
    ck_assert_int_eq(ticker_event_compare_sequencers("1", NULL), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {bare,         in_an_envelope, test_events,       foreign, versions,
                                  keys,         actions,        empty_and_folders, ceph,    minio,
                                  event_bridge, outside,        sequencers};

    return run_tests("event", tests, COUNT(tests));
}
