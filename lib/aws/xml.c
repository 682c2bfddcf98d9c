#include <config.h>

#include "aws/xml.h"

#include <stdlib.h>

#include "aws/secret.h"
#include "base/error.h"
#include "base/utf8.h"

#ifdef TI_WITH_XML
#include <libxml/parser.h>
#include <libxml/xmlreader.h>
#include <limits.h>
#include <pthread.h>
#endif

bool ti_buffer_xml(ti_buffer *buffer, ti_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte == '&')
            (void)ti_buffer_text(buffer, "&amp;");
        else if (byte == '<')
            (void)ti_buffer_text(buffer, "&lt;");
        else if (byte == '>')
            (void)ti_buffer_text(buffer, "&gt;");
        else if (byte == '"')
            (void)ti_buffer_text(buffer, "&quot;");
        else if (byte == '\r') /* a reader would make a newline of it */
            (void)ti_buffer_text(buffer, "&#13;");
        else if (byte >= 0x20 || byte == '\t' || byte == '\n')
            (void)ti_buffer_byte(buffer, (char)byte);
    }
    return !ti_buffer_failed(buffer);
}

typedef struct finder {
    const char *path;
    ti_buffer *text;
    bool found;
} finder;

static ticker_status find(void *payload, const char *path, ti_slice text, ticker_error *error)
{
    finder *self = payload;

    if (strcmp(path, self->path) != 0)
        return TICKER_OK;
    self->found = true;
    return ti_buffer_slice(self->text, text) ? TICKER_DONE : ti_fail_memory(error);
}

ticker_status ti_xml_find(ti_slice document, const char *path, ti_buffer *text, ticker_error *error)
{
    finder self = {path, text, false};
    ticker_status status = ti_xml_read(document, find, &self, error);

    if (status == TICKER_DONE && self.found)
        return TICKER_OK;
    return status == TICKER_OK ? TICKER_DONE : status;
}

#ifdef TI_WITH_XML

typedef struct level {
    ti_buffer text;
    size_t path; /* length of the path above this element */
    bool holds_elements;
} level;

typedef struct walk {
    level levels[TI_XML_DEPTH_MAX];
    size_t depth;
    char path[TI_XML_PATH_MAX];
    size_t path_size;
    int line; /* of the first complaint, 0: none */
    char complaint[128];
    ti_xml_visit visit;
    void *payload;
} walk;

/* Without a handler of its own libxml2 prints what it finds wrong. */
#if LIBXML_VERSION >= 21200
static void keep_complaint(void *payload, const xmlError *found)
#else
static void keep_complaint(void *payload, xmlErrorPtr found)
#endif
{
    walk *self = payload;

    if (self->complaint[0] != '\0' || found == NULL || found->message == NULL || found->level < XML_ERR_ERROR)
        return;
    self->line = found->line;
    for (size_t i = 0; found->message[i] != '\0' && found->message[i] != '\n' && i + 1 < sizeof(self->complaint); i++)
        self->complaint[i] = found->message[i];
}

static ticker_status fail_document(const walk *self, ticker_error *error)
{
    if (self->complaint[0] == '\0')
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "this is no XML");
    (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "this is no XML (line %d: %s)", self->line,
                  self->complaint);
    return TICKER_FAILED;
}

static ticker_status enter(walk *self, const char *name, ticker_error *error)
{
    level *now;
    size_t size = strlen(name);

    if (self->depth == TI_XML_DEPTH_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the XML is nested more than %d deep",
                       TI_XML_DEPTH_MAX);
    if (size + 2 > sizeof(self->path) - self->path_size)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the names of the XML are too long");
    if (self->depth > 0)
        self->levels[self->depth - 1].holds_elements = true;
    now = &self->levels[self->depth++];
    now->path = self->path_size;
    now->holds_elements = false;
    ti_buffer_clear(&now->text);
    if (self->path_size > 0)
        self->path[self->path_size++] = '/';
    memcpy(self->path + self->path_size, name, size + 1);
    self->path_size += size;
    return TICKER_OK;
}

static ticker_status leave(walk *self, ticker_error *error)
{
    level *now = &self->levels[self->depth - 1];
    ti_slice text = {"", 0};
    ticker_status status;

    if (!now->holds_elements && now->text.size > 0)
        text = (ti_slice){now->text.data, now->text.size};
    status = self->visit(self->payload, self->path, text, error);
    self->path_size = now->path;
    self->path[self->path_size] = '\0';
    self->depth--;
    return status;
}

static ticker_status add_text(walk *self, const char *text, ticker_error *error)
{
    level *now;
    size_t size;

    if (self->depth == 0 || text == NULL)
        return TICKER_OK;
    now = &self->levels[self->depth - 1];
    size = strlen(text);
    if (size > TI_XML_TEXT_MAX - now->text.size)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "an element of the XML is longer than %d bytes",
                       TI_XML_TEXT_MAX);
    return ti_buffer_append(&now->text, text, size) ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status take_node(walk *self, xmlTextReaderPtr reader, ticker_error *error)
{
    ticker_status status;

    switch (xmlTextReaderNodeType(reader)) {
    case XML_READER_TYPE_ELEMENT:
        status = enter(self, (const char *)xmlTextReaderConstLocalName(reader), error);
        if (status == TICKER_OK && xmlTextReaderIsEmptyElement(reader) == 1)
            status = leave(self, error);
        return status;
    case XML_READER_TYPE_END_ELEMENT:
        return leave(self, error);
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_WHITESPACE:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        return add_text(self, (const char *)xmlTextReaderConstValue(reader), error);
    case XML_READER_TYPE_DOCUMENT_TYPE:
    case XML_READER_TYPE_ENTITY_REFERENCE:
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the XML defines or uses entities of its own");
    default: /* comments, processing instructions, the declaration */
        return TICKER_OK;
    }
}

static ticker_status walk_through(walk *self, xmlTextReaderPtr reader, ticker_error *error)
{
    ticker_status status;
    int more;

    while ((more = xmlTextReaderRead(reader)) == 1) {
        status = take_node(self, reader, error);
        if (status != TICKER_OK)
            return status;
    }
    return more == 0 && self->complaint[0] == '\0' ? TICKER_OK : fail_document(self, error);
}

static void start_parser(void)
{
    xmlInitParser();
}

/* libxml2 sets up tables at its first use, and not every version minds several threads then. */
static void start_parser_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, start_parser);
}

/* No answer of AWS has a document type. It is looked for beforehand, because libxml2 reads one, and works on what it
 * defines, before it tells of it. */
static bool has_document_type(ti_slice document)
{
    static const char words[2][10] = {"<!DOCTYPE", "<!ENTITY"};
    const char *at = document.data, *end = at + document.size;

    while ((at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        for (size_t i = 0; i < 2; i++)
            if ((size_t)(end - at) >= strlen(words[i]) && memcmp(at, words[i], strlen(words[i])) == 0)
                return true;
        at++;
    }
    return false;
}

static bool is_text(ti_slice document)
{
    while (document.size > 0) {
        size_t size = *document.data != '\0' ? ti_utf8_length(document) : 0;

        if (size == 0)
            return false;
        document = (ti_slice){document.data + size, document.size - size};
    }
    return true;
}

static ticker_status check_document(ti_slice document, ticker_error *error)
{
    if (document.size == 0 || document.size > TI_XML_BYTES_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the XML is empty or longer than %d bytes",
                       TI_XML_BYTES_MAX);
    if (has_document_type(document))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the XML has a document type, which no answer has");
    if (!is_text(document))
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_INPUT, "the XML is not UTF-8");
    return TICKER_OK;
}

ticker_status ti_xml_read(ti_slice document, ti_xml_visit visit, void *payload, ticker_error *error)
{
    xmlTextReaderPtr reader = NULL;
    walk *self = NULL;
    ticker_status status;

    status = check_document(document, error);
    if (status != TICKER_OK)
        return status;
    start_parser_once();
    self = calloc(1, sizeof(*self));
    if (self == NULL)
        return ti_fail_memory(error);
    self->visit = visit;
    self->payload = payload;
    for (size_t i = 0; i < TI_XML_DEPTH_MAX; i++)
        ti_buffer_init(&self->levels[i].text, TI_XML_TEXT_MAX);
    /* A document cannot choose an encoding in which "<!DOCTYPE" is other bytes. */
    reader = xmlReaderForMemory(document.data, (int)document.size, NULL, "UTF-8",
                                XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    if (reader == NULL) {
        status = ti_fail_memory(error);
        goto out;
    }
    xmlTextReaderSetStructuredErrorHandler(reader, keep_complaint, self);
    status = walk_through(self, reader, error);
out:
    xmlFreeTextReader(reader);
    for (size_t i = 0; i < TI_XML_DEPTH_MAX; i++)
        ti_secret_wipe(&self->levels[i].text); /* STS answers with keys */
    free(self);
    return status;
}

#else

ticker_status ti_xml_read(ti_slice document, ti_xml_visit visit, void *payload, ticker_error *error)
{
    (void)document;
    (void)visit;
    (void)payload;
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_UNSUPPORTED, "this build cannot read XML (it has no libxml2)");
}

#endif
