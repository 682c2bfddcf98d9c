/* XML that is broken, or made to do harm: it is refused where it is wrong, nothing else is opened, and memory stays small. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "price_file.h"

/* --- Broken -------------------------------------------------------------------------------------------------------------------- */

/* A report is followed by this on the next line, and that is where it is said to be wrong. */
static void broken(const char *rest, const char *why)
{
    const outcome *result;
    const char *at;
    size_t before;

    begin("2");
    add(&file, REPORT(OF_TICKER("A")) "%s", rest);
    at = strstr(ti_buffer_string(&file), OF_TICKER("A"));
    before = (size_t)(at - file.data);
    add(&file, REPORT(OF_TICKER("B")));
    result = done("force=yes"); /* that does not help: what follows cannot be read */
    is_failed(result, TICKER_ERROR_INPUT, why);
    ck_assert_msg(result->error.line == FIRST_LINE + 1, "%s: line %llu", rest, (unsigned long long)result->error.line);
    ck_assert_msg(result->error.offset > (int64_t)before && result->error.offset < (int64_t)(before + 1000), "%s: %lld",
                  rest, (long long)result->error.offset);
}

START_TEST(broken_anywhere)
{
    broken("<a></b>", "the XML cannot be read: Opening and ending tag mismatch");
    broken("</BizFileHdr>", "the XML cannot be read");
    broken("<a b=1/>", "the XML cannot be read");
    broken("<a b='1' b='2'/>", "the XML cannot be read");
    broken("<a b='<'/>", "the XML cannot be read");
    broken("<1/>", "the XML cannot be read");
    broken("&nbsp;", "the XML cannot be read");
    broken("&#0;", "the XML cannot be read");
    broken("&#xD800;", "the XML cannot be read");
    broken("<x:a/>", "the XML cannot be read"); /* a prefix that nothing stands behind */
    broken("]]>", "the XML cannot be read");
    broken("<!-- -- -->", "the XML cannot be read");
    broken("\x01", "the XML cannot be read");
    broken("\xff", "the XML cannot be read");
    broken("\xc3<", "the XML cannot be read");
    broken("\xed\xa0\x80", "the XML cannot be read");
    broken("<a \xe9='1'/>", "the XML cannot be read");
    broken("<?xml version='1.0'?>", "the XML cannot be read");
    broken("<!DOCTYPE a>", "the XML cannot be read");
}
END_TEST

START_TEST(a_nul_byte)
{
    begin("1");
    add(&file, REPORT(OF_TICKER("A")));
    add_bytes(&file, "<a>\0</a>", 8);
    is_failed(done("force=no"), TICKER_ERROR_INPUT, "the XML cannot be read");
    begin("1");
    add_bytes(&file, "<Pric\0Rpt/>", 11);
    is_failed(done("force=no"), TICKER_ERROR_INPUT, "the XML cannot be read");
}
END_TEST

START_TEST(behind_the_document)
{
    const outcome *result;

    bytes_init(&file);
    add(&file, ENVELOPE("1") REPORT(OF_TICKER("A")) END "\n<!-- well -->\n<?and so?>");
    result = read_with(&file, "force=no");
    takes(result, 1, 0);
    add(&file, "<Document/>");
    is_failed(read_with(&file, "force=yes"), TICKER_ERROR_INPUT, "Extra content at the end of the document");
    ti_buffer_free(&file);
}
END_TEST

/* --- Encodings ----------------------------------------------------------------------------------------------------------------- */

/* The bytes are UTF-8, whatever is said of them. */
START_TEST(encodings_that_are_only_said)
{
    static const char *const names[] = {"UTF-16", "ISO-8859-1", "UTF-7", "EBCDIC-CP-BE", "no-such-thing"};

    for (size_t i = 0; i < COUNT(names); i++) {
        const outcome *result;

        bytes_init(&file);
        add(&file,
            "<?xml version=\"1.0\" encoding=\"%s\"?>" ROOT PARTICULARS("1", "BVBG.086.01", "2021-04-23T19:51:04"),
            names[i]);
        add(&file, REPORT(OF_TICKER("\xc3\x89")));
        result = done("force=no");
        takes(result, 1, 0);
    }
}
END_TEST

START_TEST(other_encodings)
{
    static const unsigned char starts[][8] = {"\xff\xfe<\0?\0x",      "\xfe\xff\0<\0?\0", "<\0?\0x\0m",
                                              "\0<\0?\0x\0",          "\0\0\0<\0\0\0",    "L\xa7\x94\x93\xa5",
                                              "\xef\xbb\xbf\xff\xfe<"};

    for (size_t i = 0; i < COUNT(starts); i++) {
        bytes_init(&file);
        add_bytes(&file, starts[i], sizeof(starts[i]));
        add(&file, "urn:bvmf.052.01.xsd");
        is_failed(read_with(&file, "format=bvbg086"), TICKER_ERROR_INPUT, "the XML cannot be read");
        ti_buffer_free(&file);
    }
}
END_TEST

/* --- Made to do harm ----------------------------------------------------------------------------------------------------------- */

static int64_t peak_kilobytes(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* Sanitizers and Valgrind take memory of their own, and keep what is freed. */
static void took_less_than(int64_t kilobytes, int64_t before)
{
    if (many_or_few(1, 0) == 1)
        ck_assert_int_lt(peak_kilobytes() - before, kilobytes);
}

static void has_type(const char *type, const char *use)
{
    bytes_init(&file);
    add(&file, "<?xml version=\"1.0\"?>\n%s\n" ROOT PARTICULARS("1", "BVBG.086.01", "2021-04-23T19:51:04"), type);
    add(&file, REPORT(OF_TICKER("%s")), use);
    is_failed(done("format=bvbg086"), TICKER_ERROR_INPUT, "it has a document type (DOCTYPE)");
}

START_TEST(document_types)
{
    has_type("<!DOCTYPE Document>", "A");
    has_type("<!DOCTYPE Document [<!ENTITY a \"x\">]>", "&a;");
    has_type("<!DOCTYPE Document [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
             "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">"
             "<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\"><!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">"
             "<!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\"><!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\">]>",
             "&h;");
    has_type("<!DOCTYPE Document [<!ENTITY % p \"<!ENTITY a 'x'>\">%p;]>", "&a;");
    has_type("<!DOCTYPE Document [<!ATTLIST PricRpt a CDATA \"x\">]>", "A");
}
END_TEST

/* A server that nobody asks, and a file that nobody opens. */
START_TEST(nothing_else_is_opened)
{
    static const char *const types[] = {
        "<!DOCTYPE Document SYSTEM \"%s\">", "<!DOCTYPE Document PUBLIC \"-//x//y\" \"%s\">",
        "<!DOCTYPE Document [<!ENTITY a SYSTEM \"%s\">]>", "<!DOCTYPE Document [<!ENTITY %% p SYSTEM \"%s\">%%p;]>"};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    char *path = make_file("secret", 6), url[64], type[512];

    ck_assert_int_eq(bind(server, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(server, 8), 0);
    ck_assert_int_eq(getsockname(server, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/a.dtd", ntohs(address.sin_port));
    for (size_t i = 0; i < COUNT(types); i++) {
        const char *const targets[] = {url, path, "file:///etc/passwd", "ftp://127.0.0.1/a"};

        for (size_t k = 0; k < COUNT(targets); k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(type, sizeof(type), types[i], targets[k]);
#pragma GCC diagnostic pop
            has_type(type, "&a;");
        }
    }
    ck_assert_int_eq(accept(server, NULL, NULL), -1);
    ck_assert_int_eq(errno, EAGAIN);
    begin("1"); /* these only name things */
    add(&file, "<?xml-stylesheet href=\"%s\"?>", url);
    add(&file, "<a xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:x %s\"/>", url);
    add(&file, "<b xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"%s\"/></b>", url);
    add(&file, REPORT(OF_TICKER("A")));
    takes(done("force=no"), 1, 0);
    ck_assert_int_eq(accept(server, NULL, NULL), -1);
    ck_assert_int_eq(errno, EAGAIN);
    (void)close(server);
    drop_file(path);
}
END_TEST

START_TEST(deep)
{
    bytes_init(&file);
    add(&file, ROOT "<BizFileHdr>");
    for (size_t i = 0; i < 100000; i++)
        add_bytes(&file, "<a>", 3);
    is_failed(done("force=yes"), TICKER_ERROR_LIMIT, "nested too deep");
    begin("1"); /* as deep as may be */
    for (size_t i = 3; i < TICKER_XML_DEPTH_MAX; i++)
        add_bytes(&file, "<a>", 3);
    for (size_t i = 3; i < TICKER_XML_DEPTH_MAX; i++)
        add_bytes(&file, "</a>", 4);
    add(&file, REPORT(OF_TICKER("A")));
    takes(done("force=no"), 1, 0);
}
END_TEST

START_TEST(wide)
{
    int64_t before = peak_kilobytes();

    begin("1");
    add(&file, "<a b=\"");
    add_repeated(&file, 'x', 4 * 1024 * 1024);
    add(&file, "\"/>");
    is_failed(done("force=yes"), TICKER_ERROR_LIMIT, "a tag or comment is too long");
    begin("1");
    add(&file, "<!--");
    add_repeated(&file, 'x', 2 * TICKER_XML_MARKUP_MAX);
    add(&file, "-->");
    is_failed(done("force=yes"), TICKER_ERROR_LIMIT, "a tag or comment is too long");
    begin("1");
    add(&file, "<");
    add_repeated(&file, 'x', 2 * TICKER_XML_MARKUP_MAX);
    add(&file, "/>");
    is_failed(done("force=yes"), TICKER_ERROR_LIMIT, "a tag or comment is too long");
    begin("1");
    add(&file, "<a");
    for (unsigned i = 0; i <= TICKER_XML_ATTRIBUTES_MAX; i++)
        add(&file, " a%u=''", i);
    add(&file, "/>");
    is_failed(done("force=yes"), TICKER_ERROR_LIMIT, "too many attributes");
    begin("1");
    add(&file, "<a");
    for (unsigned i = 0; i <= TICKER_XML_ATTRIBUTES_MAX; i++)
        add(&file, " xmlns:a%u='urn:%u'", i, i);
    add(&file, "/>");
    is_failed(done("force=yes"), TICKER_ERROR_LIMIT, "too many attributes");
    took_less_than(24 * 1024, before); /* the file alone is four megabytes, in a buffer that doubles */
}
END_TEST

/* Texts are read and forgotten. */
START_TEST(long_texts)
{
    static const char *const names[] = {"", "LastPric", "MaxTradLmt"};
    const outcome *result;

    begin("2");
    for (size_t i = 0; i < COUNT(names); i++) {
        if (i > 0)
            add(&file, BEFORE_REPORT "<PricRpt>" OF_TICKER("A") "<FinInstrmAttrbts><%s>", names[i]);
        add_repeated(&file, '7', 1024 * 1024);
        if (i > 0)
            add(&file, "</%s></FinInstrmAttrbts></PricRpt>" BEHIND_REPORT, names[i]);
    }
    result = done("force=no");
    takes(result, 1, 1);
    problem_is(result, 0, FIRST_LINE, 0, "LastPric \"7777777777777777777777777777777777777777\" is too long");
}
END_TEST

/* libxml2 remembers names: a document that makes up new ones all the time is not one that memory is short for. */
START_TEST(many_names)
{
    int64_t before;

    begin("1");
    for (size_t i = 0; i < 2 * TICKER_XML_NAMES_MAX / 128; i++)
        add(&file, "<n%zu%0128d/>", i, 0);
    before = peak_kilobytes();
    is_failed(done("force=yes"), TICKER_ERROR_LIMIT, "too many different names");
    took_less_than(16 * 1024, before);
}
END_TEST

/* Bytes changed at random give rows or errors, nothing else. */
START_TEST(changed_at_random)
{
    uint64_t seed = 20210423;
    size_t rounds = many_or_few(3000, 300);
    ti_buffer copy;

    begin("2");
    add(&file,
        WITH("<NtlFinVol Ccy=\"BRL\">1.5</NtlFinVol><LastPric Ccy=\"BRL\">1</LastPric>") REPORT(OF_TICKER("X")) END);
    for (size_t i = 0; i < rounds; i++) {
        outcome result;

        bytes_init(&copy);
        add_bytes(&copy, file.data, file.size);
        for (unsigned k = 0; k <= i % 4; k++)
            copy.data[next_random(&seed) % copy.size] = (char)next_random(&seed);
        read_bytes(&result, copy.data, copy.size, NULL);
        ck_assert_msg(result.status == TICKER_OK || (result.status == TICKER_FAILED && result.error.message[0] != '\0'),
                      "round %zu: %d %s", i, (int)result.status, result.error.message);
        ti_buffer_free(&copy);
    }
    ti_buffer_free(&file);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {broken_anywhere,
                                  a_nul_byte,
                                  behind_the_document,
                                  encodings_that_are_only_said,
                                  other_encodings,
                                  document_types,
                                  nothing_else_is_opened,
                                  deep,
                                  wide,
                                  long_texts,
                                  many_names,
                                  changed_at_random};

    ti_sax_prepare(); /* links the XML reader in */
    return run_tests("bvbg086_hostile", tests, COUNT(tests));
}
