/* Answers in XML, read as a stream: no DTD, no entities but the five of XML, no network, caps on depth and text.
 * libxml2 stands behind it. */
#ifndef TI_AWS_XML_H
#define TI_AWS_XML_H

#include <tickerimport/error.h>
#include <tickerimport/limits.h>

#include "base/buffer.h"
#include "base/slice.h"

#define TI_XML_DEPTH_MAX 24
#define TI_XML_TEXT_MAX TICKER_EVENT_BYTES_MAX /* of one element: the largest there is, a message of SQS */
#define TI_XML_PATH_MAX 512
#define TI_XML_BYTES_MAX (64 * 1024 * 1024) /* of a document */

/* Called at the end of every element with the names from the root on ("ListBucketResult/Contents/Key", no prefixes) and
 * its own text (blanks kept; "" for one that holds elements). Anything but TICKER_OK ends the reading and is returned.
 */
typedef ticker_status (*ti_xml_visit)(void *payload, const char *path, ti_slice text, ticker_error *error);

/* TICKER_FAILED with INPUT: no well-formed document, or a cap passed. UNSUPPORTED without libxml2. */
ticker_status ti_xml_read(ti_slice document, ti_xml_visit visit, void *payload, ticker_error *error);
/* The text of the first element with this path, into an empty buffer. TICKER_DONE: there is none. */
ticker_status ti_xml_find(ti_slice document, const char *path, ti_buffer *text, ticker_error *error);
/* Appends text with & < > " and carriage returns escaped and control characters that XML cannot hold left out. */
bool ti_buffer_xml(ti_buffer *buffer, ti_slice text);

#endif
