/* libxml2's push parser. Its tree and its own reader are not used: both build nodes that nobody would look at. */
#include <config.h>

#include "format/sax.h"

#ifdef TI_WITH_XML

#include <libxml/parser.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

#define COMPLAINT_MAX 160

struct ti_sax {
    xmlParserCtxtPtr parser;
    const ti_sax_events *events;
    void *payload;
    unsigned depth;
    bool stopped;           /* by an event, or by what is wrong */
    ticker_error_kind kind; /* of what is wrong; TICKER_ERROR_NONE: nothing */
    uint64_t pushed;        /* bytes */
    uint64_t line;          /* of what is wrong */
    int64_t offset;
    char complaint[COMPLAINT_MAX];
    ti_sax_element element;
};

/* NULL while the parser is being made, which may fail and be told of. */
static const xmlParserInput *input_of(const ti_sax *sax)
{
    return sax->parser != NULL ? sax->parser->input : NULL;
}

static uint64_t line_now(const ti_sax *sax)
{
    const xmlParserInput *input = input_of(sax);

    return input != NULL && input->line > 0 ? (uint64_t)input->line : 0;
}

/* How many bytes libxml2 has made something of: what it keeps beyond is one tag, comment or the like that has no end yet. */
static uint64_t consumed(const ti_sax *sax)
{
    const xmlParserInput *input = input_of(sax);

    return input != NULL ? input->consumed + (uint64_t)(input->cur - input->base) : 0;
}

/* The first complaint is the one that counts: later ones follow from it. */
static void complain(ti_sax *sax, ticker_error_kind kind, const char *why)
{
    size_t size = strlen(why);

    sax->stopped = true;
    if (sax->kind != TICKER_ERROR_NONE)
        return;
    sax->kind = kind;
    sax->line = line_now(sax);
    sax->offset = (int64_t)consumed(sax);
    while (size > 0 && (why[size - 1] == '\n' || why[size - 1] == ' '))
        size--;
    (void)ti_utf8_copy(sax->complaint, sizeof(sax->complaint), (ti_slice){why, size});
}

/* Without a handler of its own libxml2 prints what it finds wrong. */
#if LIBXML_VERSION >= 21200
static void take_complaint(void *payload, const xmlError *found)
#else
static void take_complaint(void *payload, xmlErrorPtr found)
#endif
{
    ti_sax *sax = payload;

    if (found != NULL && found->level >= XML_ERR_ERROR)
        complain(sax, found->code == XML_ERR_NO_MEMORY ? TICKER_ERROR_MEMORY : TICKER_ERROR_INPUT,
                 found->message != NULL ? found->message : "no reason given");
}

/* What no parser can be told of, memory that is short in a helper of libxml2, it tells the thread's listener, and prints it when there is
 * none. That is us for as long as we work. */
typedef struct listener {
    xmlStructuredErrorFunc tell;
    void *payload;
} listener;

static listener listen_instead(ti_sax *sax)
{
    const listener before = {xmlStructuredError, xmlStructuredErrorContext};

    xmlSetStructuredErrorFunc(sax, take_complaint);
    return before;
}

static void listen_again(listener before)
{
    xmlSetStructuredErrorFunc(before.payload, before.tell);
}

static const char *or_empty(const xmlChar *text)
{
    return text != NULL ? (const char *)text : "";
}

static void begin_element(void *payload, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
                          int namespaces, const xmlChar **declared, int count, int defaulted,
                          const xmlChar **attributes)
{
    ti_sax *sax = payload;
    ti_sax_element *element = &sax->element;

    (void)prefix;
    (void)declared;
    (void)defaulted;
    if (sax->stopped)
        return;
    if (sax->depth == TICKER_XML_DEPTH_MAX) {
        complain(sax, TICKER_ERROR_LIMIT, "its elements are nested too deep");
        return;
    }
    if (count > TICKER_XML_ATTRIBUTES_MAX || namespaces > TICKER_XML_ATTRIBUTES_MAX) {
        complain(sax, TICKER_ERROR_LIMIT, "an element has too many attributes");
        return;
    }
    sax->depth++;
    element->name = or_empty(name);
    element->space = or_empty(space);
    element->count = (unsigned)count;
    element->line = line_now(sax);
    for (int i = 0; i < count; i++, attributes += 5)
        element->attributes[i] = (ti_sax_attribute){
            or_empty(attributes[0]), {(const char *)attributes[3], (size_t)(attributes[4] - attributes[3])}};
    sax->stopped = !sax->events->begin(sax->payload, element);
}

static void end_element(void *payload, const xmlChar *name, const xmlChar *prefix, const xmlChar *space)
{
    ti_sax *sax = payload;

    (void)name;
    (void)prefix;
    (void)space;
    if (sax->stopped)
        return;
    sax->depth--;
    sax->stopped = !sax->events->end(sax->payload, line_now(sax));
}

static void take_text(void *payload, const xmlChar *text, int size)
{
    ti_sax *sax = payload;

    if (!sax->stopped && size > 0)
        sax->stopped = !sax->events->text(sax->payload, (ti_slice){(const char *)text, (size_t)size});
}

/* Called before anything of a document type is read that could define an entity or name a file. */
static void refuse_type(void *payload, const xmlChar *name, const xmlChar *public_name, const xmlChar *system_name)
{
    (void)name;
    (void)public_name;
    (void)system_name;
    complain(payload, TICKER_ERROR_INPUT, "it has a document type (DOCTYPE)");
}

static void refuse_entity(void *payload, const xmlChar *name)
{
    (void)name;
    complain(payload, TICKER_ERROR_INPUT, "it uses an entity of its own");
}

static void start_parser(void)
{
    xmlInitParser();
}

void ti_sax_prepare(void)
{
    /* Not every version of libxml2 minds several threads at its first use. */
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, start_parser);
}

static void close_sax(ti_sax *sax)
{
    if (sax == NULL)
        return;
    if (sax->parser != NULL) {
        if (sax->parser->myDoc != NULL) /* some versions put what a document type defines there */
            xmlFreeDoc(sax->parser->myDoc);
        sax->parser->myDoc = NULL;
        xmlFreeParserCtxt(sax->parser);
    }
    free(sax);
}

static ti_sax *open_sax(const ti_sax_events *events, void *payload)
{
    ti_sax *sax = calloc(1, sizeof(*sax));
    xmlSAXHandler handler = {.internalSubset = refuse_type,
                             .reference = refuse_entity,
                             .startElementNs = begin_element,
                             .endElementNs = end_element,
                             .characters = take_text,
                             .ignorableWhitespace = take_text,
                             .cdataBlock = take_text,
                             .serror = take_complaint,
                             .initialized = XML_SAX2_MAGIC};
    listener before;

    if (sax == NULL)
        return NULL;
    ti_sax_prepare();
    sax->events = events;
    sax->payload = payload;
    before = listen_instead(sax);
    sax->parser = xmlCreatePushParserCtxt(&handler, sax, NULL, 0, NULL);
    listen_again(before);
    /* A document cannot choose an encoding: in another one "<!DOCTYPE" might be other bytes. */
    if (sax->parser == NULL ||
        xmlCtxtUseOptions(sax->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_COMPACT) != 0) {
        close_sax(sax);
        return NULL;
    }
    return sax;
}

static ticker_status judge(const ti_sax *sax, ticker_error *error)
{
    if (sax->kind == TICKER_ERROR_NONE)
        return TICKER_OK;
    if (sax->kind == TICKER_ERROR_MEMORY)
        return ti_fail_memory(error);
    (void)ti_fail(error, TICKER_FAILED, sax->kind,
                  sax->kind == TICKER_ERROR_LIMIT ? "the XML is not taken: %s" : "the XML cannot be read: %s",
                  sax->complaint);
    ti_error_hint(error, "fetch the file again");
    ti_error_place(error, sax->line, 0, sax->offset);
    return TICKER_FAILED;
}

static ticker_status push(ti_sax *sax, const unsigned char *data, size_t size, ticker_error *error)
{
    int result;

    if (sax->kind == TICKER_ERROR_NONE) {
        listener before = listen_instead(sax);

        sax->pushed += size;
        result = xmlParseChunk(sax->parser, (const char *)data, (int)size, 0);
        listen_again(before);
        if (result != XML_ERR_OK && !sax->stopped) /* every error was told of; this is for versions that forget one */
            complain(sax, result == XML_ERR_NO_MEMORY ? TICKER_ERROR_MEMORY : TICKER_ERROR_INPUT, "no reason given");
        if (!sax->stopped && sax->pushed - consumed(sax) > TICKER_XML_MARKUP_MAX)
            complain(sax, TICKER_ERROR_LIMIT, "a tag or comment is too long");
        /* libxml2 keeps every name there is, and where it has too many says that memory is short. */
        if (!sax->stopped && xmlDictGetUsage(sax->parser->dict) > TICKER_XML_NAMES_MAX)
            complain(sax, TICKER_ERROR_LIMIT, "it has too many different names");
    }
    return judge(sax, error);
}

static ticker_status end(ti_sax *sax, ticker_error *error)
{
    if (sax->kind == TICKER_ERROR_NONE) {
        listener before = listen_instead(sax);
        int result = xmlParseChunk(sax->parser, "", 0, 1);

        listen_again(before);
        if (result != XML_ERR_OK && !sax->stopped)
            complain(sax, TICKER_ERROR_INPUT, "no reason given");
    }
    return judge(sax, error);
}

const ti_sax_ops ti_sax_libxml2 = {open_sax, push, end, line_now, close_sax};

#else

#include <stddef.h>

const ti_sax_ops ti_sax_libxml2 = {NULL, NULL, NULL, NULL, NULL};

void ti_sax_prepare(void)
{
}

#endif
