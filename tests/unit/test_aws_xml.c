/* XML of hostile servers: paths and texts, no entities of a document's own, caps, and nothing printed. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws/xml.h"

static ticker_status note(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    (void)error;
    add(payload, "%s=%.*s|", path, (int)text.size, text.data);
    return TICKER_OK;
}

/* Every element with its text, "a/b=text|a=|". */
static void check_walk(const char *document, const char *expected)
{
    ti_buffer seen;
    ticker_error error;

    bytes_init(&seen);
    ti_error_init(&error);
    ck_assert_msg(ti_xml_read(ti_slice_of(document), note, &seen, &error) == TICKER_OK, "%s: %s", document,
                  error.message);
    ck_assert_str_eq(ti_buffer_string(&seen), expected);
    ti_buffer_free(&seen);
}

static void refuse_bytes(const void *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    ti_buffer seen;
    ticker_error error;

    ck_assert_ptr_nonnull(copy);
    if (size > 0)
        memcpy(copy, data, size);
    bytes_init(&seen);
    ti_error_init(&error);
    ck_assert_msg(ti_xml_read((ti_slice){copy, size}, note, &seen, &error) == TICKER_FAILED, "read: %.*s", (int)size,
                  copy);
    ck_assert_int_eq(error.kind, TICKER_ERROR_INPUT);
    ti_buffer_free(&seen);
    free(copy);
}

static void refuse(const char *document)
{
    refuse_bytes(document, strlen(document));
}

START_TEST(elements_come_at_their_ends)
{
    check_walk("<a/>", "a=|");
    check_walk("<a> b </a>", "a= b |");
    check_walk("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<L xmlns=\"urn:x\"><C><K>1</K></C>\n<C><K/></C></L>",
               "L/C/K=1|L/C=|L/C/K=|L/C=|L=|");
    check_walk("<s:a xmlns:s=\"urn:s\"><s:b s:x=\"1\">t</s:b></s:a>", "a/b=t|a=|");
    check_walk("<a>x<b/>y</a>", "a/b=|a=|");
    check_walk("<a>x<!-- c --><![CDATA[<&>]]><?p i?>y</a>", "a=x<&>y|");
    check_walk("<a>&lt;&amp;&gt;&quot;&apos;&#65;&#xe9;</a>", "a=<&>\"'A\xc3\xa9|");
    check_walk("\xef\xbb\xbf<a>\xc3\xa9</a>", "a=\xc3\xa9|");
    check_walk("<a>\n<b> </b>\n</a>\n", "a/b= |a=|");
}
END_TEST

START_TEST(what_is_no_xml_is_refused)
{
    static const char *const documents[] = {"",
                                            " ",
                                            "x",
                                            "<",
                                            "<a",
                                            "<a>",
                                            "<a></b>",
                                            "<a><b></a></b>",
                                            "<a/><b/>",
                                            "<a/>x",
                                            "x<a/>",
                                            "<a b=1/>",
                                            "<a b=\"1\" b=\"2\"/>",
                                            "<a>&</a>",
                                            "<a>&nbsp;</a>",
                                            "<a>&#0;</a>",
                                            "<a>&#x110000;</a>",
                                            "<a>\x01</a>",
                                            "<a>\x80</a>",
                                            "<a>\xc0\xaf</a>",
                                            "<a:b/>",
                                            "<a>]]></a>",
                                            "<a><![CDATA[x</a>",
                                            "<!-- a --><!-- b -->",
                                            "<a><?xml version=\"1.0\"?></a>",
                                            "{\"a\":1}",
                                            "<html><body>502<br></body></html>"};

    for (size_t i = 0; i < COUNT(documents); i++)
        refuse(documents[i]);
    refuse_bytes("<a/>\0", 5);
    refuse_bytes("<a>\0</a>", 8);
    refuse_bytes("\xff\xfe<\0a\0/\0>\0", 10);
}
END_TEST

START_TEST(no_document_type_and_no_entities)
{
    refuse("<!DOCTYPE a><a/>");
    refuse("<!DOCTYPE html><html/>");
    refuse("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>");
    refuse("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>");
    refuse("<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a/>");
    refuse("<a>&e;</a>");
    refuse("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">"
           "<!ENTITY c \"&b;&b;&b;&b;\">]><a x=\"&c;\">&c;</a>");
}
END_TEST

START_TEST(an_encoding_cannot_hide_anything)
{
    /* The document says UTF-7, in which "+ADw-!" would begin something else. */
    static const char seven[] = "<?xml version=\"1.0\" encoding=\"UTF-7\"?><!-- +ADw-!DOCTYPE a+AD4- --><a/>";
    static const char wide[] = "\xff\xfe<\0!\0D\0O\0C\0T\0Y\0P\0E\0 \0a\0>\0<\0a\0/\0>\0";

    check_walk(seven, "a=|");
    check_walk("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xc3\xa9</a>", "a=\xc3\xa9|");
    refuse_bytes(wide, sizeof(wide) - 1);
}
END_TEST

START_TEST(every_cut_of_a_document_is_refused)
{
    static const char document[] = "<?xml version=\"1.0\"?><a x='1'><!--c--><b>&amp;<![CDATA[d]]></b></a>";

    for (size_t size = 0; size < sizeof(document) - 1; size++)
        refuse_bytes(document, size);
    check_walk(document, "a/b=&d|a=|");
}
END_TEST

START_TEST(caps_hold)
{
    ti_buffer document, seen;

    bytes_init(&seen);
    for (unsigned depth = TI_XML_DEPTH_MAX; depth <= TI_XML_DEPTH_MAX + 1; depth++) {
        bytes_init(&document);
        for (unsigned i = 0; i < depth; i++)
            add(&document, "<a>");
        for (unsigned i = 0; i < depth; i++)
            add(&document, "</a>");
        if (depth > TI_XML_DEPTH_MAX)
            refuse_bytes(document.data, document.size);
        else
            ck_assert_int_eq(ti_xml_read((ti_slice){document.data, document.size}, note, &seen, NULL), TICKER_OK);
        ti_buffer_free(&document);
    }
    bytes_init(&document);
    add(&document, "<a>");
    add_repeated(&document, 'x', TI_XML_TEXT_MAX + 1);
    add(&document, "</a>");
    refuse_bytes(document.data, document.size);
    ti_buffer_clear(&document);
    add(&document, "<");
    add_repeated(&document, 'n', TI_XML_PATH_MAX);
    add(&document, "/>");
    refuse_bytes(document.data, document.size);
    ti_buffer_free(&document);
    ti_buffer_free(&seen);
}
END_TEST

START_TEST(long_texts_come_whole)
{
    ti_buffer document, text;

    bytes_init(&document);
    bytes_init(&text);
    add(&document, "<a>");
    add_repeated(&document, 'x', TI_XML_TEXT_MAX - 1);
    add(&document, "&gt;</a>");
    ck_assert_int_eq(ti_xml_find((ti_slice){document.data, document.size}, "a", &text, NULL), TICKER_OK);
    ck_assert_uint_eq(text.size, TI_XML_TEXT_MAX);
    ck_assert_int_eq(text.data[TI_XML_TEXT_MAX - 1], '>');
    ti_buffer_free(&document);
    ti_buffer_free(&text);
}
END_TEST

static ticker_status stop(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    (void)text;
    if (strcmp(path, "a/c") != 0)
        return TICKER_OK;
    ++*(int *)payload;
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "enough");
}

START_TEST(a_visitor_ends_the_reading)
{
    ticker_error error;
    int calls = 0;

    ti_error_init(&error);
    ck_assert_int_eq(ti_xml_read(ti_slice_of("<a><b/><c/><c/>"), stop, &calls, &error), TICKER_RETRY);
    ck_assert_str_eq(error.message, "enough");
    ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(the_first_of_a_path_is_found)
{
    static const char document[] = "<E><Code>A</Code><In><Code>B</Code></In><Code>C</Code></E>";
    ti_buffer text;

    bytes_init(&text);
    ck_assert_int_eq(ti_xml_find(ti_slice_of(document), "E/Code", &text, NULL), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&text), "A");
    ti_buffer_clear(&text);
    ck_assert_int_eq(ti_xml_find(ti_slice_of(document), "E/In/Code", &text, NULL), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&text), "B");
    ti_buffer_clear(&text);
    ck_assert_int_eq(ti_xml_find(ti_slice_of(document), "Code", &text, NULL), TICKER_DONE);
    ck_assert_int_eq(ti_xml_find(ti_slice_of("<E>"), "E/Code", &text, NULL), TICKER_FAILED);
    ck_assert_uint_eq(text.size, 0);
    ti_buffer_free(&text);
}
END_TEST

START_TEST(nothing_is_printed)
{
    char *path = make_file("", 0);
    FILE *caught = fopen(path, "w+");
    int before = dup(STDERR_FILENO);

    ck_assert_ptr_nonnull(caught);
    ck_assert_int_ge(before, 0);
    ck_assert_int_ge(dup2(fileno(caught), STDERR_FILENO), 0);
    refuse("<a b=1/>");
    refuse("<a:b/>");
    refuse("<a xmlns:x='relative'><b></a>");
    refuse("<?xml version=\"1.0\" encoding=\"NONE-SUCH\"?><a>");
    refuse_bytes("\xff\xfe<\0a\0", 6);
    refuse("<?xml version=\"1.0\" encoding=\"UTF-7\"?><a>+\x01</a>");
    ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
    ck_assert_int_eq(fseek(caught, 0, SEEK_END), 0);
    ck_assert_int_eq(ftell(caught), 0);
    ck_assert_int_eq(fclose(caught), 0);
    ck_assert_int_eq(close(before), 0);
    drop_file(path);
}
END_TEST

START_TEST(what_is_written_can_be_read)
{
    static const char odd[] = "a<b>&\"'\r\n\t\x01\x1f\xc3\xa9";
    ti_buffer document, text;

    bytes_init(&document);
    bytes_init(&text);
    add(&document, "<a>");
    ck_assert(ti_buffer_xml(&document, ti_slice_of(odd)));
    add(&document, "</a>");
    ck_assert_int_eq(ti_xml_find((ti_slice){document.data, document.size}, "a", &text, NULL), TICKER_OK);
    ck_assert_str_eq(ti_buffer_string(&text), "a<b>&\"'\r\n\t\xc3\xa9");
    ti_buffer_free(&document);
    ti_buffer_init(&document, 5);
    ck_assert(!ti_buffer_xml(&document, ti_slice_of("&&")));
    ti_buffer_free(&document);
    ti_buffer_free(&text);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {elements_come_at_their_ends,
                                  what_is_no_xml_is_refused,
                                  no_document_type_and_no_entities,
                                  an_encoding_cannot_hide_anything,
                                  every_cut_of_a_document_is_refused,
                                  caps_hold,
                                  long_texts_come_whole,
                                  a_visitor_ends_the_reading,
                                  the_first_of_a_path_is_found,
                                  nothing_is_printed,
                                  what_is_written_can_be_read};

    return run_tests("aws_xml", tests, COUNT(tests));
}
