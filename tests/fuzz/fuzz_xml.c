/* Any bytes as XML: paths and texts keep their caps and are UTF-8, the first of a path is found again, and every text can be
 * written and read again. */
#include "fuzz.h"

#include <string.h>

#include "aws/xml.h"
#include "base/utf8.h"

#define BUFFER_MAX ((size_t)16 << 20)

typedef struct walk {
    size_t elements;
    char path[TI_XML_PATH_MAX]; /* of the first element that ended */
    ti_buffer text;             /* its text */
} walk;

static void check_again(ti_slice text)
{
    ti_buffer written, read;
    ticker_status status;

    ti_buffer_init(&written, BUFFER_MAX);
    ti_buffer_init(&read, BUFFER_MAX);
    (void)ti_buffer_text(&written, "<a>");
    CHECK(ti_buffer_xml(&written, text));
    CHECK(ti_buffer_text(&written, "</a>"));
    status = ti_xml_find((ti_slice){written.data, written.size}, "a", &read, NULL);
    CHECK(status == TICKER_OK);
    CHECK(ti_slice_equal((ti_slice){read.data, read.size}, text));
    ti_buffer_free(&written);
    ti_buffer_free(&read);
}

static ticker_status visit(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    walk *mine = payload;
    unsigned depth = 1;

    (void)error;
    CHECK(path[0] != '\0' && strlen(path) < TI_XML_PATH_MAX);
    for (const char *at = path; *at != '\0'; at++)
        depth += *at == '/';
    CHECK(depth <= TI_XML_DEPTH_MAX && text.size <= TI_XML_TEXT_MAX);
    for (ti_slice rest = text; rest.size > 0;) {
        size_t size = ti_utf8_length(rest);

        CHECK(size > 0);
        rest = (ti_slice){rest.data + size, rest.size - size};
    }
    if (mine->elements++ == 0) {
        memcpy(mine->path, path, strlen(path) + 1);
        CHECK(ti_buffer_slice(&mine->text, text));
    }
    if (mine->elements < 64)
        check_again(text);
    return TICKER_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ti_slice document = {(const char *)data, size};
    walk mine = {0};
    ti_buffer found;
    ticker_status status;

    ti_buffer_init(&mine.text, BUFFER_MAX);
    ti_buffer_init(&found, BUFFER_MAX);
    status = ti_xml_read(document, visit, &mine, NULL);
    CHECK(status == TICKER_OK || status == TICKER_FAILED);
    CHECK(status != TICKER_OK || mine.elements > 0);
    if (mine.elements > 0) {
        CHECK(ti_xml_find(document, mine.path, &found, NULL) == TICKER_OK);
        CHECK(ti_slice_equal((ti_slice){found.data, found.size}, (ti_slice){mine.text.data, mine.text.size}));
    }
    ti_buffer_free(&mine.text);
    ti_buffer_free(&found);
    return 0;
}
