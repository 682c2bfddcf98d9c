/* XML as a row of events, a piece at a time: names, attributes and texts as they come by, nothing kept. No document type, no entities
 * but XML's own five, no other file, no network, UTF-8 only. What one element, tag or level may take is in limits.h. */
#ifndef TI_FORMAT_SAX_H
#define TI_FORMAT_SAX_H

#include <stdbool.h>

#include <tickerimport/error.h>
#include <tickerimport/limits.h>

#include "base/slice.h"

typedef struct ti_sax_attribute {
    const char *name; /* without its prefix */
    ti_slice value;
} ti_sax_attribute;

typedef struct ti_sax_element {
    const char *name;  /* without its prefix */
    const char *space; /* the namespace it is in, "" for none */
    ti_sax_attribute attributes[TICKER_XML_ATTRIBUTES_MAX];
    unsigned count;
    uint64_t line; /* where its tag ends */
} ti_sax_element;

/* False: nothing more is wanted to hear; the reason is the listener's. Texts live for the call, and one text may come in pieces. */
typedef struct ti_sax_events {
    bool (*begin)(void *payload, const ti_sax_element *element);
    bool (*end)(void *payload, uint64_t line);
    bool (*text)(void *payload, ti_slice text);
} ti_sax_events;

typedef struct ti_sax ti_sax;

/* The reader as a table, so that a program can do without it: see bvbg086.c. */
typedef struct ti_sax_ops {
    /* NULL: no memory. `events` lives as long as the reader. */
    ti_sax *(*open)(const ti_sax_events *events, void *payload);
    /* The next bytes. TICKER_FAILED with line and offset: this is no XML, or holds what is not taken. */
    ticker_status (*push)(ti_sax *sax, const unsigned char *data, size_t size, ticker_error *error);
    /* No bytes follow: whether the document is whole. */
    ticker_status (*end)(ti_sax *sax, ticker_error *error);
    uint64_t (*line)(const ti_sax *sax);
    void (*close)(ti_sax *sax); /* accepts NULL */
} ti_sax_ops;

#define TI_SAX_PIECE (16 * 1024) /* bytes of one push at most: also how much is read in vain after an event said stop */

/* By libxml2. Missing in builds without it. */
extern const ti_sax_ops ti_sax_libxml2;
/* Sets the reader up for all threads. Who calls this has it linked in; a program that does not, and takes the static library, has not. */
void ti_sax_prepare(void);

#endif
